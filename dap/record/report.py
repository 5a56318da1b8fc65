"""report.html: one page with everything to listen to and look at, that loads nothing from elsewhere."""

import base64
from dataclasses import dataclass, field
import html
import json

from torch import Tensor

from dap.record.curves import Row
from dap.record.mel_pictures import ticks_khz
from dap.record.metrics import Metrics
from dap.record.report_curves import render_curves
from dap.record.report_scores import render_scores
from dap.record.report_sounds import PageSound, page_sounds
from dap.record.scale import Scale
from dap.system.files import read_beside

_ZOOMS = (1, 2, 4, 8)
_PLAYER = """<div id="player">
<div class="row"><button id="play">▶ Play</button><span id="time"></span>
<button id="clear" hidden>Clear the selection</button>
<button id="matched" title="Brings every sound to the level of the first one, without clipping">Level-matched</button></div>
<div class="row" id="mains"></div>
<div class="row" id="steps"><span class="note">The fit at step</span><span class="row" id="snapshots"></span></div>
<div id="shown"></div>
<div class="picture"><div class="levels">{levels}</div><div id="view"><div id="canvas" tabindex="0" role="slider"
aria-label="position, seconds" aria-valuemin="0" aria-valuemax="{seconds:.2f}" data-seconds="{seconds!r}" data-rate="{rate}">
<div id="selection" hidden></div><div id="cursor"></div><div class="times">{times}</div></div></div></div>
<div class="row"><span class="note">kHz, 80 dB from black to the brightest. Zoom</span>
{zooms}</div>
<p class="note">A click on the picture seeks, a drag selects what is repeated. <kbd>1</kbd> … <kbd>9</kbd> switch the sound in
place, <kbd>space</kbd> plays and pauses, <kbd>←</kbd> <kbd>→</kbd> seek, <kbd>Esc</kbd> clears the selection.</p></div>"""


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
        told: what was found, and why the fit stopped, a sentence each.
        minus: names of two of the sounds; their difference is heard too.
        rows: of curves.csv, for the curves of a fit.
        marks: steps to mark in them, by name.
        warning: what is wrong with the run, to be read first.
    """

    title: str
    facts: list[tuple[str, str]]
    metrics: Metrics
    sounds: dict[str, Tensor]
    snapshots: list[tuple[int, Tensor]]
    sample_rate: int
    pictures: dict[str, bytes]
    notes: list[str]
    told: list[str] = field(default_factory=list)
    minus: tuple[str, str] | None = None
    rows: list[Row] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)
    warning: str = ""


def render_report(report: Report) -> str:
    """The page. All sounds are played at one gain, at which none of them clips; without JavaScript by a player each.

    >>> import torch
    >>> page = render_report(Report("a < b", [], {}, {"restored": torch.zeros(1, 8)}, [], 8000, {}, []))
    >>> "a &lt; b" in page, page.count("<audio"), "http" in page
    (True, 1, False)
    """
    held = page_sounds(report.sounds, report.snapshots, report.sample_rate, report.minus)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(report.title)}</title><style>{read_beside(__file__, "report.css")}</style></head><body>
<h1>{html.escape(report.title)}</h1>{_warning(report.warning)}
{_player(held.seconds, report.sample_rate)}<p class="note" id="trouble"></p>
{_cards(held.sounds)}
{_notes(held.notes)}{_told(report.told)}{_curves(report)}{render_scores(report.metrics)}{_notes(report.notes)}
{"".join(_picture(name, png) for name, png in report.pictures.items())}
{_facts(report.facts)}
<script>{read_beside(__file__, "report.js")}</script></body></html>
"""


def _player(seconds: float, sample_rate: int) -> str:
    levels = "".join(f'<span style="bottom:{100 * place:.1f}%">{khz:g}</span>' for khz, place in ticks_khz(sample_rate))
    spans = [(100 * tick / seconds, tick) for tick in Scale(0, seconds).ticks(10) if tick < 0.95 * seconds]
    times = "".join(f'<span style="left:{left:.2f}%">{tick:g} s</span>' for left, tick in spans)
    zooms = "".join(f'<button data-zoom="{times}">{times}×</button>' for times in _ZOOMS)
    return _PLAYER.format(levels=levels, times=times, zooms=zooms, seconds=seconds, rate=sample_rate)


def _cards(sounds: list[PageSound]) -> str:
    """Those of the fit's snapshots folded away."""
    mains = "".join(_card(sound) for sound in sounds if sound.step is None)
    snapshots = "".join(_card(sound) for sound in sounds if sound.step is not None)
    folded = f'<details class="cards"><summary>The fit, snapshot by snapshot</summary>{snapshots}</details>'
    return f'<div class="cards">{mains}</div>{folded if snapshots else ""}'


def _card(sound: PageSound) -> str:
    """A sound with its picture: all there is without JavaScript, and where the player takes both from."""
    data = {"name": sound.name, "matched": f"{sound.matched:.6g}"}
    if sound.step is not None:
        data["step"] = str(sound.step)
    if sound.minus is not None:
        data["minus"] = json.dumps(sound.minus)
    attributes = "".join(f' data-{name}="{html.escape(value)}"' for name, value in data.items())
    media = "wav" if sound.content[:4] == b"RIFF" else "flac"
    player = f'<audio controls preload="none" src="data:audio/{media};base64,{_base64(sound.content)}"></audio>'
    picture = f'<img alt="spectrogram: {html.escape(sound.name)}" src="data:image/png;base64,{_base64(sound.picture)}">'
    name = html.escape(sound.name if sound.minus is None else f"{sound.name}: {' − '.join(sound.minus)}")
    return f'<div class="sound"{attributes}><p>{name}</p>{player if sound.content else ""}{picture}</div>'


def _notes(notes: list[str]) -> str:
    return "".join(f'<p class="note">{html.escape(note)}</p>' for note in notes)


def _curves(report: Report) -> str:
    curves = render_curves(report.rows, report.marks)
    hint = '<p class="note">A click on a curve plays the nearest snapshot.</p>' if report.snapshots else ""
    return f"<h2>The fit</h2>{curves}{hint}" if curves else ""


def _warning(warning: str) -> str:
    return f'<p class="warning">{html.escape(warning)}</p>' if warning else ""


def _told(told: list[str]) -> str:
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in told)
    return f"<h2>What was found</h2><ul>{lines}</ul>" if told else ""


def _picture(name: str, png: bytes) -> str:
    name = html.escape(name)
    return f'<h2>{name}</h2><img class="chart" alt="{name}" src="data:image/png;base64,{_base64(png)}">'


def _facts(facts: list[tuple[str, str]]) -> str:
    rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(value)}</td></tr>" for name, value in facts)
    return f'<details class="facts"><summary>Settings and facts of this run</summary><table>{rows}</table></details>'


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
