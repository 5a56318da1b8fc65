"""The report stands alone, holds the sounds it shows, and lets no name break the page."""

import base64
from html.parser import HTMLParser
import io
import json
import re

import numpy as np
import soundfile
import torch

from dap.record.report import Report, render_report


def report(**changes) -> Report:
    filled = {
        "title": "<clip> & co",
        "facts": [("seed", "0")],
        "metrics": {"observation": {"si_sdr": 2.5}, "restored": {"step": 7, "si_sdr": 8.25, "psnr": None}},
        "sounds": {"observation": torch.linspace(-2, 2, 100).expand(2, -1), "restored": torch.zeros(2, 100)},
        "snapshots": [(0, torch.zeros(2, 100)), (25, torch.ones(2, 100))],
        "sample_rate": 8000,
        "pictures": {"Curves": b"png"},
        "notes": ["a note"],
    }
    return Report(**{**filled, **changes})


class Addresses(HTMLParser):
    """Every src and href of a page, and the tags left open."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_nothing_is_loaded_from_elsewhere():
    page = Addresses()
    page.feed(render_report(report()))
    assert page.open == []
    assert len(page.found) == 4  # two sounds, the snapshots' player, a picture
    assert all(address.startswith("data:") for address in page.found)


def test_names_are_text_not_markup():
    page = render_report(report())
    assert "&lt;clip&gt; &amp; co" in page
    assert "<clip>" not in page


def test_the_players_hold_the_sounds_at_one_gain_without_clipping():
    page = render_report(report())
    first = re.search(r'<audio controls src="data:audio/wav;base64,([^"]+)"', page)[1]
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(first)))
    assert (sound.shape, rate) == ((100, 2), 8000)
    assert np.allclose(sound[:, 0], np.linspace(-1, 1, 100), atol=1e-4)
    snapshots = json.loads(re.search(r'id="snapshots">(.*?)</script>', page, re.DOTALL)[1])
    last, _ = soundfile.read(io.BytesIO(base64.b64decode(snapshots[1][1])))
    assert snapshots[1][0] == 25
    assert np.allclose(last, 0.5, atol=1e-4)


def test_scores_and_their_absence():
    page = render_report(report())
    assert "<td>8.25</td>" in page
    assert "<td>–</td>" in page
    assert "snapshot-player" in page
    assert 'id="snapshots"' not in render_report(report(snapshots=[]))
