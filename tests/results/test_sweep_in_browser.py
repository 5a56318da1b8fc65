"""summary.html as a browser shows it: sorted, filtered, averaged, listened to in place, its curves on one another."""

import json

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.results.sweep import write_sweep
from tests.browser import BROWSER, browse

if BROWSER is None:
    pytest.skip("no chromium here: apt-get install chromium", allow_module_level=True)

RATE = 8000
VALUES = {("harmonic", 0): 8.0, ("harmonic", 1): 10.0, ("dilated_unet", 0): 11.0, ("dilated_unet", 1): None}  # None: it failed
SHOWN = "[...runs.tBodies[0].rows].filter(row => !row.hidden)"
LISTENER = f"""
const report = {{}}, waits = [];
const names = () => {SHOWN}.map(row => row.cells[0].textContent);
const click = node => node.click();
const head = (table, title) => [...table.tHead.rows[0].cells].find(cell => cell.textContent === title);
const type = text => {{ place('filter').value = text; place('filter').dispatchEvent(new Event('input')); }};
"""


@pytest.fixture
def sweep(tmp_path):
    for number, ((model, seed), value) in enumerate(VALUES.items()):
        folder = tmp_path / "sweep" / str(number)
        folder.mkdir(parents=True)
        told = {"status": "failed", "reason": "the loss is NaN"} if value is None else {"status": "finished"}
        facts = {**told, "overrides": [f"model={model}", f"seed={seed}"], "seconds": 1.0 + number}
        (folder / "run.json").write_text(json.dumps(facts))
        if value is not None:
            metrics = {
                "observation": {"si_sdr": 3.0},
                "restored": {"step": 7, "si_sdr": value, "log_spectral_distance": 1 / value},
            }
            (folder / "metrics.json").write_text(json.dumps(metrics))
            (folder / "curves.csv").write_text(f"step,si_sdr_reference\n0,-20\n1,{value}\n")
            write_audio(folder / "restored.wav", 0.1 * torch.ones(1, 2 * RATE), RATE)
    write_sweep(tmp_path / "sweep")
    return tmp_path / "sweep"


def seen(sweep, script: str) -> dict:
    return browse((sweep / "summary.html").read_text(), LISTENER + script, sweep)


def test_sorted_and_filtered(sweep):
    report = seen(
        sweep,
        """
click(head(runs, 'restored')); report.down = names();
click(head(runs, 'restored')); report.up = names();
type('harmonic seed=1'); report.filtered = names();
type('nan'); report.failed = names();
""",
    )
    assert report == {"down": ["2", "1", "0", "3"], "up": ["0", "1", "2", "3"], "filtered": ["1"], "failed": ["3"]}


def test_means_over_seeds_and_another_score(sweep):
    report = seen(
        sweep,
        """
click(place('grouped'));
const rows_of = () => [...means.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent));
report.means = rows_of();
place('score').value = 'log_spectral_distance';
place('score').dispatchEvent(new Event('change'));
report.other = rows_of();
report.hidden = [runs.hidden, means.hidden];
""",
    )
    assert report["means"] == [
        ["harmonic", "2", "3.00 ± 0.00", "9.00 ± 1.41", "–"],
        ["dilated_unet", "2", "3.00 (1)", "11.00 (1)", "–"],
    ]
    assert report["other"][0] == ["harmonic", "2", "–", "0.11 ± 0.02", "–"]
    assert report["hidden"] == [True, False]


def test_one_sound_at_a_time_at_the_same_position(sweep):
    report = seen(
        sweep,
        """
const plays = document.querySelectorAll('.play');
click(plays[0]);
const first = sound;
waits.push(new Promise(done => first.addEventListener('loadedmetadata', () => {
  first.currentTime = 1.25;
  click(plays[1]);
  const second = sound;
  second.addEventListener('loadedmetadata', () => {
    report.paused = first.paused;
    report.position = second.currentTime;
    report.marked = document.querySelectorAll('.play.on').length;
    report.told = place('playing').textContent;
    done();
  });
})));
""",
    )
    assert report["paused"]
    assert report["position"] == pytest.approx(1.25, abs=0.02)
    assert (report["marked"], report["told"]) == (1, "1: restored")


def test_curves_of_the_chosen_runs_lie_on_one_another(sweep):
    report = seen(
        sweep,
        """
const boxes = document.querySelectorAll('td input[type=checkbox]');
report.boxes = boxes.length;
click(boxes[0]); click(boxes[2]);
report.paths = [...document.querySelectorAll('#plot path')].map(path => path.getAttribute('d'));
report.legend = place('plot').querySelector('.legend').textContent;
click(boxes[0]); click(boxes[2]);
report.hidden = place('curves').hidden;
""",
    )
    assert report["boxes"] == 3
    assert report["paths"] == ["M0 100L100 14.285714285714286", "M0 100L100 0"]
    assert "model=harmonic seed=0" in report["legend"]
    assert report["hidden"]
