"""The report stands alone, holds the sounds it shows, and lets no name break the page."""

import base64
from html.parser import HTMLParser
import io
import re

import numpy as np
import soundfile
import torch

from dap.record.report import Report, render_report


def report(**changes) -> Report:
    filled = {
        "title": "<clip> & co",
        "facts": [("seed", "0")],
        "metrics": {"observation": {"si_sdr": 2.5}, "restored": {"step": 7, "si_sdr": 8.25, "psnr": None, "snr": 4.0}},
        "sounds": {"observation": torch.linspace(-2, 2, 100).expand(2, -1), "restored": torch.zeros(2, 100)},
        "snapshots": [(0, torch.zeros(2, 100)), (25, torch.ones(2, 100))],
        "sample_rate": 8000,
        "pictures": {"Losses": b"png"},
        "notes": ["a note"],
        "told": ["white noise <at> -20 dB"],
        "minus": ("observation", "restored"),
        "rows": [{"step": float(step), "loss": 1.0 + step, "si_sdr_reference": 3.0} for step in range(26)],
        "marks": {"restored (emv)": 7},
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

    def handle_startendtag(self, tag, attrs):
        assert tag == "path"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_nothing_is_loaded_from_elsewhere():
    page = Addresses()
    page.feed(render_report(report()))
    assert page.open == []
    assert len(page.found) == 4 + 5 + 1  # sounds, of which the page makes one itself; their spectrograms; a picture
    assert all(address.startswith("data:") for address in page.found)


def test_names_are_text_not_markup():
    page = render_report(report(sounds={'"><i>': torch.zeros(1, 100)}, minus=None))
    assert "&lt;clip&gt; &amp; co" in page
    assert "noise &lt;at&gt;" in page
    assert "<clip>" not in page
    assert '"><i>' not in page.replace('"><i></i>', "")  # the legend's


def test_the_players_hold_the_sounds_at_one_gain_without_clipping():
    page = render_report(report())
    held = re.findall(r'<audio controls preload="none" src="data:audio/flac;base64,([^"]+)"', page)
    sounds = [soundfile.read(io.BytesIO(base64.b64decode(one))) for one in held]
    assert [(sound.shape, rate) for sound, rate in sounds] == [((100, 2), 8000)] * 4
    assert np.allclose(sounds[0][0][:, 0], np.linspace(-1, 1, 100), atol=1e-4)
    assert np.allclose(sounds[3][0], 0.5, atol=1e-4)
    assert re.findall(r' data-step="(\d+)"', page) == ["0", "25"]


def test_scores_their_direction_and_their_absence():
    page = render_report(report())
    assert "<td>8.25</td>" in page
    assert re.search(r'<th title="[^"]*the higher the better">SI-SDR, dB ↑</th>', page)
    assert page.index("<td>8.25</td>") < page.index("Other scores") < page.index("<td>4.00</td>")
    assert "<td>–</td>" in page
    assert "<h2>Scores</h2>" not in render_report(report(metrics={"restored": {}}))


def test_a_fit_has_curves_and_one_estimate_has_none():
    page = render_report(report())
    assert page.count("<svg") == 2
    assert "restored (emv): step 7" in page
    assert "<svg" not in render_report(report(rows=[{"step": 0.0, "loss": None}]))
    assert "<svg" not in render_report(report(rows=[]))
