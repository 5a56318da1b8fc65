"""Tables of results as Markdown, LaTeX (booktabs) and CSV."""

from collections.abc import Sequence
import csv
from dataclasses import dataclass
import io
from typing import Any

from dap.metrics.scores import METRICS
from dap.record.csv_text import csv_text
from dap.results.averages import Paired, Spread
from dap.results.level_table import LevelRow, LevelTable
from dap.results.published import HUMAN_VOTES
from dap.results.result_table import Comparison, ResultTable, Row, decimals
from dap.system.printable import printable

_NONE = "–"
_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "†": r"$\dagger$",
    "↓": r"$\downarrow$",
    "σ": r"$\sigma$",
    "µ": r"$\mu$",
    "[": "{[}",  # after a row's end it would begin a length
    "*": "{*}",
    "×": r"$\times$",
}


@dataclass(frozen=True)
class Cell:
    """Text of one cell; a number's stands to the right."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Grid:
    """Heads and cells, the first ``n_text`` columns to the left."""

    heads: list[str]
    rows: list[list[Cell]]
    n_text: int


def render_markdown(tables: Sequence[ResultTable | LevelTable], notes: list[str]) -> str:
    """All tables, each with its title, comparisons or costs, and notes; ``notes`` are of them all."""
    parts = []
    for table in tables:
        first, *more = _grids(table)
        parts += [f"## {_markdown_text(table.title)}", _markdown_grid(first[1])]
        for title, grid in more:
            parts += [title, _markdown_grid(grid)]
        parts.append("\n".join(f"- {_markdown_text(note)}" for note in table.notes))
    return "\n\n".join([*parts, *(_markdown_text(note) for note in notes)]) + "\n"


def render_latex(tables: Sequence[ResultTable | LevelTable], notes: list[str]) -> str:
    r"""A ``table`` each, for a document that loads booktabs; notes in small print below.

    >>> latex_text("50 % of model_a")
    '50 \\% of model\\_a'
    """
    parts = ["% needs \\usepackage{booktabs}"]
    for table in tables:
        (_, first), *more = _grids(table)
        grids = [_latex_grid(first)]
        for title, grid in more:
            grids += [rf"\par\medskip {latex_text(title)}\par\smallskip", _latex_grid(grid)]
        small = [rf"\par {latex_text(note)}" for note in table.notes]
        parts += [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(table.title)}}}",
            *grids,
            r"\par\medskip\raggedright\footnotesize",
            *small,
            r"\end{table}",
        ]
    return "\n".join([*parts, *(f"% {printable(note)}" for note in notes)]) + "\n"


def render_csv(tables: list[ResultTable]) -> str:
    """Every row of every table with all digits; means, deviations and numbers of clips in columns of their own."""
    scores = list(dict.fromkeys(score for table in tables for score in table.scores))
    columns = ["section", "clip", "system", "kind", "estimate", "n_clips", "n_seeds", "complete"]
    columns += [f"{score}_{part}" for score in scores for part in ("mean", "deviation", "n", "paper")]
    columns += [HUMAN_VOTES, f"{HUMAN_VOTES}_n", f"{HUMAN_VOTES}_paper"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for table in tables:
        for row in table.rows:
            writer.writerow({name: csv_text(value) for name, value in _record(table, row).items()})
    return text.getvalue()


def latex_text(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(_LATEX.get(sign, sign) for sign in printable(text))


_COMPARISONS = "First less second, clip by clip: mean ± deviation over the clips of both (on how many the first is better)."
_COSTS = "Seconds of CPU for each second of sound."


def _grids(table: ResultTable | LevelTable) -> list[tuple[str, Grid]]:
    """The parts of a table, each with the line above it; the first has none."""
    if isinstance(table, ResultTable):
        compared = [(_COMPARISONS, _comparison_grid(table))] if table.comparisons else []
        return [("", _grid(table)), *compared]
    return [("", _level_grid(table, table.rows)), *([(_COSTS, _level_grid(table, table.costs))] if table.costs else [])]


def _level_grid(table: LevelTable, rows: list[LevelRow]) -> Grid:
    """A column a level, and their mean."""
    by_clip = any(row.clip for row in rows)
    lines = []
    for row in rows:
        texts = [_NONE if value is None else f"{value:.2f}".replace("-", "−") for value in (*row.values, row.mean)]
        names = [Cell(row.clip)] if by_clip else []
        names.append(Cell(row.name if row.complete else f"{row.name} †"))
        lines.append([*names, *(Cell(text, index in row.best) for index, text in enumerate(texts))])
    return Grid([*(["clip"] if by_clip else []), "system", *table.heads, "mean"], lines, 2 if by_clip else 1)


def _grid(table: ResultTable) -> Grid:
    """A column a score; the paper's beside those that it has, where it has any."""
    in_paper = {score for row in table.rows for score in row.paper}
    with_votes = any(row.votes for row in table.rows) or HUMAN_VOTES in in_paper
    heads = ["clip", "system", "estimate", "seeds"] if table.by_clip else ["system", "estimate", "clips", "seeds"]
    for score in table.scores:
        heads += [_head(score), *(["paper"] if score in in_paper else [])]
    if with_votes:
        heads += ["human votes", *(["paper"] if HUMAN_VOTES in in_paper else [])]
    rows = []
    for row in table.rows:
        cells = _row_head(table, row)
        for score in table.scores:
            n_expected = row.n_seeds if table.by_clip else row.n_clips
            cells.append(Cell(_spread(row.spreads.get(score), decimals(table.rows, score), n_expected), score in row.best))
            cells += [Cell(_paper(row, score, 2))] if score in in_paper else []
        if with_votes:
            cells.append(Cell(f"{row.votes.share:.3f} ({row.votes.n})" if row.votes else _NONE))
            cells += [Cell(_paper(row, HUMAN_VOTES, 3))] if HUMAN_VOTES in in_paper else []
        rows.append(cells)
    return Grid(heads, rows, 3 if table.by_clip else 2)


def _row_head(table: ResultTable, row: Row) -> list[Cell]:
    if row.kind == "paper":
        return [Cell(f"{row.name} (paper alone)"), *[Cell(_NONE)] * 3]
    mark = "" if row.complete else " †"
    if table.by_clip:
        return [Cell(row.clip), Cell(row.name), Cell(row.estimate or _NONE), Cell(f"{row.n_seeds}{mark}")]
    clips = str(row.n_clips) if row.n_clips == table.n_clips else f"{row.n_clips} of {table.n_clips}"
    return [Cell(row.name), Cell(row.estimate or _NONE), Cell(f"{clips}{mark}"), Cell(str(row.n_seeds))]


def _comparison_grid(table: ResultTable) -> Grid:
    rows = []
    for pair in table.comparisons:
        differences = [Cell(_difference(table, pair, score)) for score in table.scores]
        rows.append([Cell(f"{pair.first} − {pair.second}"), *differences])
    return Grid(["first − second", *(_head(score) for score in table.scores)], rows, 1)


def _difference(table: ResultTable, comparison: Comparison, score: str) -> str:
    found: Paired | None = comparison.differences[score]
    if found is None:
        return _NONE
    text = _spread(found.difference, decimals(table.rows, score), found.difference.n, sign="+")
    return f"{text} ({found.n_better} of {found.difference.n})"


def _head(score: str) -> str:
    metric = METRICS[score]
    return metric.label + ("" if metric.higher_is_better else " ↓")


def _spread(spread: Spread | None, n_digits: int, n_expected: int, sign: str = "") -> str:
    if spread is None:
        return _NONE
    text = f"{spread.mean:{sign}.{n_digits}f}".replace("-", "−")
    if spread.deviation is not None:
        text += f" ± {spread.deviation:.{n_digits}f}"
    return text if spread.n == n_expected else f"{text} ({spread.n})"


def _paper(row: Row, score: str, n_digits: int) -> str:
    return f"{row.paper[score]:.{n_digits}f}".replace("-", "−") if score in row.paper else _NONE


def _record(table: ResultTable, row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {"section": table.title, "clip": row.clip, "system": row.name, "kind": row.kind}
    if row.kind != "paper":
        record |= {"estimate": row.estimate, "n_clips": row.n_clips, "n_seeds": row.n_seeds, "complete": row.complete}
    for score in table.scores:
        if (spread := row.spreads.get(score)) is not None:
            record |= {f"{score}_mean": spread.mean, f"{score}_deviation": spread.deviation, f"{score}_n": spread.n}
        record[f"{score}_paper"] = row.paper.get(score)
    if row.votes:
        record |= {HUMAN_VOTES: row.votes.share, f"{HUMAN_VOTES}_n": row.votes.n}
    return {**record, f"{HUMAN_VOTES}_paper": row.paper.get(HUMAN_VOTES)}


def _markdown_grid(grid: Grid) -> str:
    sides = ["---"] * grid.n_text + ["---:"] * (len(grid.heads) - grid.n_text)
    lines = [[_markdown_text(head) for head in grid.heads], sides]
    for cells in grid.rows:
        texts = [_markdown_text(cell.text) for cell in cells]
        lines.append([f"**{text}**" if cell.bold else text for text, cell in zip(texts, cells, strict=True)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _latex_grid(grid: Grid) -> str:
    sides = "l" * grid.n_text + "r" * (len(grid.heads) - grid.n_text)
    lines = []
    for cells in grid.rows:
        texts = [latex_text(cell.text) for cell in cells]
        lines.append([rf"\textbf{{{text}}}" if cell.bold else text for text, cell in zip(texts, cells, strict=True)])
    head, *body = [rf"{' & '.join(line)} \\" for line in [[latex_text(head) for head in grid.heads], *lines]]
    begin = rf"\begin{{tabular}}{{{sides}}}"
    return "\n".join([begin, r"\toprule", head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"])


def _markdown_text(text: str) -> str:
    """Signs that Markdown would take as its own; an underscore inside a word is none."""
    return "".join(f"\\{sign}" if sign in "\\|*`<[" else sign for sign in printable(text))
