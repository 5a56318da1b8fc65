"""report.html: one page with everything to listen to and look at, that loads nothing from elsewhere."""

import base64
from dataclasses import dataclass
import html
from typing import Any

from torch import Tensor

from dap.audio.sound_file import encode_wav
from dap.metrics.scores import METRICS, Metric

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse } td, th { padding: .25rem .9rem .25rem 0; text-align: right; border-bottom: 1px solid #ddd }
td:first-child, th:first-child { text-align: left } audio { width: 22rem; height: 2.2rem; vertical-align: middle }
img { max-width: 100% } input[type=range] { width: 22rem } .note { color: #666; font-size: .9rem }
"""

_SCRIPT = """
const slider = document.getElementById('snapshot'), player = document.getElementById('snapshot-player');
if (slider) {
  const sounds = JSON.parse(document.getElementById('snapshots').textContent);
  slider.addEventListener('input', () => {
    const [step, sound] = sounds[slider.value];
    const playing = !player.paused, at = player.currentTime;
    document.getElementById('snapshot-step').textContent = 'step ' + step;
    player.src = 'data:audio/wav;base64,' + sound;
    player.currentTime = at;
    if (playing) player.play();
  });
}
"""


@dataclass(frozen=True)
class Report:
    """What a report shows.

    Args:
        title: of the page.
        facts: lines of (name, value).
        metrics: as metrics.json.
        sounds: what to listen to, by name, (channel, time).
        snapshots: (step, sound), in order.
        sample_rate: Hz.
        pictures: PNG, by name.
        notes: how to read the scores.
    """

    title: str
    facts: list[tuple[str, str]]
    metrics: dict[str, dict[str, Any]]
    sounds: dict[str, Tensor]
    snapshots: list[tuple[int, Tensor]]
    sample_rate: int
    pictures: dict[str, bytes]
    notes: list[str]


def render_report(report: Report) -> str:
    """The page. All sounds are played at one gain, at which none of them clips.

    >>> import torch
    >>> page = render_report(Report("a < b", [], {}, {"restored": torch.zeros(1, 8)}, [], 8000, {}, []))
    >>> "a &lt; b" in page, page.count("<audio"), "http" in page
    (True, 1, False)
    """
    every = [*report.sounds.values(), *(sound for _, sound in report.snapshots)]
    peak = max([1.0, *(float(sound.abs().max()) for sound in every)])

    def sound_base64(sound: Tensor) -> str:
        return base64.b64encode(encode_wav(sound / peak, report.sample_rate)).decode()

    scored = [name for name in METRICS if any(name in entry for entry in report.metrics.values())]
    heads = "".join(f"<th>{html.escape(_head(METRICS[name]))}</th>" for name in scored)
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{_cell(entry.get('step'))}</td>"
        + "".join(_score(entry, name) for name in scored)
        + "</tr>"
        for name, entry in report.metrics.items()
    )
    players = "".join(
        f"<tr><td>{html.escape(name)}</td>"
        f'<td><audio controls src="data:audio/wav;base64,{sound_base64(sound)}"></audio></td></tr>'
        for name, sound in report.sounds.items()
    )
    pictures = "".join(
        f"<h2>{html.escape(name)}</h2>"
        f'<img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for name, png in report.pictures.items()
    )
    facts = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in report.facts)
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in report.notes)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(report.title)}</title><style>{_STYLE}</style></head><body>
<h1>{html.escape(report.title)}</h1>
<table><tr><th></th><th>step</th>{heads}</tr>{rows}</table>{notes}
<h2>Listen</h2><table>{players}</table>{_snapshots([(step, sound_base64(sound)) for step, sound in report.snapshots])}
{pictures}
<h2>Run</h2><table>{facts}</table>
<script>{_SCRIPT}</script></body></html>
"""


def _snapshots(sounds: list[tuple[int, str]]) -> str:
    """A player whose slider goes through the fit."""
    if not sounds:
        return ""
    listed = ",".join(f'[{step},"{sound}"]' for step, sound in sounds)
    return f"""<p>The fit, snapshot by snapshot:
<input type="range" id="snapshot" min="0" max="{len(sounds) - 1}" value="0"> <span id="snapshot-step">step {sounds[0][0]}</span>
<audio id="snapshot-player" controls src="data:audio/wav;base64,{sounds[0][1]}"></audio></p>
<script type="application/json" id="snapshots">[{listed}]</script>"""


def _head(metric: Metric) -> str:
    return metric.title + (f", {metric.unit}" if metric.unit else "")


def _score(entry: dict[str, Any], name: str) -> str:
    """A score, or a dash that says why there is none."""
    reason = entry.get("not_scored", {}).get(name, "")
    return (
        f'<td title="{html.escape(reason)}">{_cell(entry.get(name))}</td>' if reason else f"<td>{_cell(entry.get(name))}</td>"
    )


def _cell(value: float | int | str | None) -> str:
    return "–" if value is None else f"{value:.2f}" if isinstance(value, float) else html.escape(str(value))
