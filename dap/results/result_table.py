"""A section of results as rows: the observation, each system's restoration and its oracle, a paper's figures beside them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from dap.metrics.scores import METRICS
from dap.results.averages import Paired, Spread, by_clip, paired, ranking, spread
from dap.results.published import Published
from dap.results.results import Section, System, Unit
from dap.results.votes import Share

_SPEECH = ("si_sdr", "snr", "segmental_snr", "pesq_wb", "estoi", "csig", "cbak", "covl")
_DEFAULT_SCORES = {
    "denoise": _SPEECH,
    "quantization": _SPEECH,
    "super_resolution": ("si_sdr", "snr", "log_spectral_distance"),
    "inpainting": ("snr_missing", "si_sdr"),
    "clipping": ("snr", "snr_missing", "si_sdr"),
    "separation": ("sdr", "sir", "sar", "si_sdr"),
}
_SAME_DB = 1e-3  # by which the scores of one observation may differ from machine to machine


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Args:
        kind: "observation", "restored", "oracle" (the best iterate by the reference), or "paper" (its figures alone).
        name: of the system.
        estimate: how it was chosen: "blind: discrepancy", "blind" for a method of one estimate, "oracle".
        spreads: by score; None where no clip has it.
        n_clips, n_seeds: that are finished.
        clip: of a table by clip.
        complete: whether these are all clips and seeds of the section.
        paper: a paper's figures for it.
        votes: of listeners.
        best: scores in which it is the best of those that can be compared.
    """

    kind: str
    name: str
    estimate: str = ""
    spreads: dict[str, Spread | None] = field(default_factory=dict)
    n_clips: int = 0
    n_seeds: int = 0
    clip: str = ""
    complete: bool = True
    paper: dict[str, float] = field(default_factory=dict)
    votes: Share | None = None
    best: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Comparison:
    """Two systems' names and how they differ in each score."""

    first: str
    second: str
    differences: dict[str, Paired | None]


@dataclass(frozen=True)
class ResultTable:
    """A table to be rendered; ``comparisons`` and ``notes`` stand below it, ``by_clip`` says that a row is one clip's."""

    title: str
    scores: list[str]
    rows: list[Row]
    n_clips: int
    comparisons: list[Comparison] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    by_clip: bool = False


def default_scores(section: Section, published: Published | None = None) -> list[str]:
    """What to show of a task, and whatever the paper has: those of METRICS that some run has."""
    of_paper = {score for row in published.rows for score in row.scores} if published is not None else set()
    wanted = dict.fromkeys([*_DEFAULT_SCORES.get(section.task, METRICS), *(name for name in METRICS if name in of_paper)])
    return [name for name in wanted if name in METRICS and any(system.scores(name) for system in section.systems)]


def observed(section: Section, score: str) -> dict[Unit, float]:
    """The observation's score for every unit that some system has finished."""
    scores: dict[Unit, float] = {}
    for system in section.systems:
        scores = {**system.scores(score, "observation"), **scores}
    return scores


def unlike_observations(section: Section, scores: list[str]) -> set[Unit]:
    """Units that were not damaged alike for all systems: their scores cannot be compared."""
    return {
        unit
        for score in scores
        for first in [observed(section, score)]
        for system in section.systems
        for unit, value in system.scores(score, "observation").items()
        if abs(value - first[unit]) > _SAME_DB
    }


def average_table(section: Section, scores: list[str], published: Published | None, votes: dict[str, Share]) -> ResultTable:
    """A row a system: its scores over the clips, the seeds of a clip averaged first."""
    rows = _rows(section, scores, section.units, lambda found: spread(list(by_clip(found).values())))
    rows = _with_best([_beside(row, section, published, votes) for row in rows], scores)
    if published is not None:
        shown = {row.name for system in section.systems if (row := published.row_of(system)) is not None}
        rows += [Row("paper", row.name, paper=row.scores) for row in published.rows if row.name not in shown]
    ranked = ranking(section.systems, scores[0]) if scores else []
    comparisons = [
        Comparison(first.label, second.label, {score: paired(first, second, score) for score in scores})
        for first, second in pairwise(ranked)
    ]
    return ResultTable(section.title, scores, rows, len({clip for clip, _ in section.units}), comparisons)


def clip_table(section: Section, scores: list[str]) -> ResultTable:
    """A row a clip and system: its scores over the clip's seeds."""
    rows = []
    clips = sorted({clip for clip, _ in section.units})
    for clip in clips:
        units = {unit for unit in section.units if unit[0] == clip}
        rows += _with_best(_rows(section, scores, units, lambda found: spread(list(found.values())), clip), scores)
    return ResultTable(section.title, scores, rows, len(clips), by_clip=True)


def _rows(
    section: Section, scores: list[str], units: set[Unit], average: Callable[[dict[Unit, float]], Spread | None], clip: str = ""
) -> list[Row]:
    def row(kind: str, name: str, estimate: str, found: Callable[[str], dict[Unit, float]], finished: set[Unit]) -> Row:
        of_units = {score: {unit: value for unit, value in found(score).items() if unit in units} for score in scores}
        return Row(
            kind,
            name,
            estimate,
            {score: average(values) for score, values in of_units.items()},
            n_clips=len({unit[0] for unit in finished}),
            n_seeds=len({unit[1] for unit in finished}),
            clip=clip,
            complete=finished == units,
        )

    begun = {unit for system in section.systems for unit in system.runs} & units
    rows = [row("observation", "observation", "", lambda score: observed(section, score), begun)] if begun else []
    for system in section.systems:
        finished = set(system.runs) & units
        rows.append(row("restored", system.label, _estimate(system), system.scores, finished))
        if system.blind and any(system.scores(score, "oracle") for score in scores):
            rows.append(row("oracle", system.label, "oracle", lambda score, of=system: of.scores(score, "oracle"), finished))  # type: ignore[misc]
    return rows


def _estimate(system: System) -> str:
    """How the restoration was chosen, and whether anybody without the reference could have; "" where there is none yet."""
    if not system.runs:
        return ""
    if not system.blind:
        return "oracle"
    restored = [run.metrics["restored"] for runs in system.runs.values() for run in runs]
    rules = sorted({str(entry["rule"]) for entry in restored if entry.get("rule") not in (None, "none")})
    return f"blind: {', '.join(rules)}" if rules else "blind"


def _beside(row: Row, section: Section, published: Published | None, votes: dict[str, Share]) -> Row:
    """The row with the paper's figures and the votes, which are of restorations."""
    if row.kind != "restored":
        return row
    system = next(system for system in section.systems if system.label == row.name)
    found = published.row_of(system) if published is not None else None
    return replace(row, paper=found.scores if found is not None else {}, votes=votes.get(row.name))


def _with_best(rows: list[Row], scores: list[str]) -> list[Row]:
    """Mark the one best blind restoration in each score, where there are several and all are of the same clips and seeds.

    One that is no better than the observation is not marked, nor one that another equals as far as it is shown.
    """
    rivals = [row for row in rows if row.kind == "restored" and row.estimate.startswith("blind")]
    if len(rivals) < 2 or not all(row.complete for row in rivals):
        return rows
    best: dict[int, set[str]] = {}
    for score in scores:
        found = [(spread, row) for row in rivals if (spread := row.spreads[score]) is not None]
        if len(found) == len(rivals) and len({spread.n for spread, _ in found}) == 1:
            sign = 1 if METRICS[score].higher_is_better else -1
            digits = decimals(rows, score)
            shown = sorted(((sign * round(spread.mean, digits), id(row)) for spread, row in found), reverse=True)
            damaged = [spread.mean for row in rows if row.kind == "observation" and (spread := row.spreads[score]) is not None]
            if shown[0][0] > max([shown[1][0], *(sign * round(mean, digits) for mean in damaged)]):
                best.setdefault(shown[0][1], set()).add(score)
    return [replace(row, best=frozenset(best.get(id(row), ()))) for row in rows]


def decimals(rows: list[Row], score: str) -> int:
    """Digits that a score is shown with: two; three where all lie between −1 and 1, as ESTOI."""
    means = [spread.mean for row in rows if (spread := row.spreads.get(score)) is not None]
    return 3 if not METRICS[score].unit and all(abs(mean) < 1 for mean in means) else 2
