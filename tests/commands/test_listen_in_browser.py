"""dap-listen: the page as a listener uses it, in a browser, and the way of the votes into dap-table."""

import json
from pathlib import Path
import re

import pytest
import torch

from dap.audio.sound_file import write_audio
from dap.commands.table import tabulate
from tests.browser import BROWSER, browse
from tests.commands.listened import LEVELS, page, write_sweep
from tests.processes import dap_run
from tests.runs import RATE

if BROWSER is None:
    pytest.skip("no chromium here: apt-get install chromium", allow_module_level=True)

# A listener: plays everything, reads everything, votes for the loudest; `peak` is that of a sound as a page holds it.
LISTENER = """
const report = {texts: [], early: [], rows: [], seconds: []}, waits = [];
const loaded = sound => new Promise(done => {
  sound.addEventListener('loadedmetadata', () => done(report.seconds.push(sound.duration)));
});
const bytes = sound => Uint8Array.from(atob(sound.split(',')[1]), sign => sign.charCodeAt(0));
const peak = sound => Math.max(...new Int16Array(bytes(sound).buffer, 44).map(Math.abs)) / 32767;
const press = (key, shiftKey = false) => document.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey, bubbles: true}));
function judge(vote) {
  const plays = [...document.querySelectorAll('#options [data-play]')];
  const peaks = plays.map(button => peak(sounds[button.dataset.play].src));
  document.querySelectorAll('[data-play]').forEach((button, index) => {
    if (index === plays.length) report.early.push(document.querySelectorAll('[data-choose]:disabled').length);
    button.click();
  });
  waits.push(...Object.values(sounds).map(loaded));
  report.texts.push(document.body.innerText);
  const anchors = [...document.querySelectorAll('#anchors [data-play]')].map(button => peak(sounds[button.dataset.play].src));
  report.rows.push({trial: page.trials[at].name, plays: plays.map(button => button.dataset.play), peaks, anchors});
  vote(peaks.indexOf(Math.max(...peaks)));
}
"""

JUDGE_ALL = "for (const trial of page.trials) judge(best => document.querySelectorAll('[data-choose]')[best].click());"
NAMED = """
document.getElementById('listener').value = 'Ann O.';
document.getElementById('listener').dispatchEvent(new Event('input'));
"""
SAVED = """
const link = document.getElementById('save');
report.votes = decodeURIComponent(link.href.split(',')[1]);
report.file = link.download;
report.progress = [document.getElementById('progress').value, document.getElementById('progress').max];
report.finished = !document.getElementById('finished').hidden;
"""


@pytest.fixture
def sweep(tmp_path) -> Path:
    return write_sweep(tmp_path / "sweep")


def test_a_listener_votes_and_the_table_tells(sweep, tmp_path, monkeypatch, capsys):
    assert "3 trials of 3 restorations" in page(monkeypatch, capsys, sweep, "--clips", 3)
    script = LISTENER + NAMED + JUDGE_ALL + SAVED
    report = browse((sweep / "listen.html").read_text(), script, tmp_path)

    assert report["seconds"] == [0.5] * 15, "the browser knows each sound for one"
    assert report["early"] == [3, 3, 3], "no vote before all have been heard"
    assert report["progress"] == [3, 3]
    assert report["finished"]
    assert report["file"] == "votes_Ann_O_.json"
    key = json.loads((sweep / "listen_key.json").read_text())["trials"]
    for row in report["rows"]:
        runs = [key[row["trial"]]["options"][name] for name in row["plays"]]
        levels = [LEVELS[run.rpartition("_")[0]] for run in runs]
        assert row["anchors"] == pytest.approx([0.99, 0.495], abs=1e-3), "the reference, the loudest, and the damaged"
        assert row["peaks"] == pytest.approx([0.99 * level / 0.5 for level in levels], abs=1e-3), "one gain for all"

    (sweep / "votes_ann.json").write_text(report["votes"])
    text = tabulate(sweep, "si_sdr", None, None, False)
    assert re.search(r"\| harmonic .*\| 1\.000 \(3\) \|", text)
    assert re.search(r"\| dilated_unet .*\| 0\.000 \(3\) \|", text)


def test_keys_do_what_buttons_do(sweep, tmp_path, monkeypatch, capsys):
    page(monkeypatch, capsys, sweep)
    script = """
    press('A', true);
    report.too_early = Object.keys(state.votes).length;
    press('1'); report.anchor = playing;
    for (const key of 'abc') press(key);
    report.playing = document.querySelector('.playing').dataset.play === page.trials[0].options[2][0];
    press('Escape'); report.stopped = document.querySelectorAll('.playing').length;
    press('B', true);
    report.second = at;
    report.chosen = state.votes[page.trials[0].name] === page.trials[0].options[1][0];
    press('ArrowLeft'); report.back = at;
    report.marked = document.querySelector('.chosen').dataset.choose === page.trials[0].options[1][0];
    press('ArrowLeft'); press('ArrowRight'); press('ArrowRight'); report.on = at;
    report.kept = JSON.parse(localStorage.getItem('dap-listen ' + page.name)).votes;
    """
    report = browse((sweep / "listen.html").read_text(), LISTENER + script, tmp_path)
    assert report["too_early"] == 0
    assert report["anchor"] == "anchor0"
    assert (report["playing"], report["stopped"]) == (True, 0)
    assert (report["second"], report["chosen"]) == (1, True)
    assert (report["back"], report["marked"], report["on"]) == (0, True, 2)
    assert len(report["kept"]) == 1


def test_nothing_on_the_page_tells_a_system_or_a_clip(sweep, tmp_path, monkeypatch, capsys):
    page(monkeypatch, capsys, sweep)
    text = (sweep / "listen.html").read_text()
    bare = re.sub(r'"UklGR[^"]*"', "", text)
    assert len(bare) < len(text) / 2, "the sounds are most of the page"
    for name in [*LEVELS, "harmonic", "unet", str(sweep), "sweep"]:
        assert name not in bare
    assert not re.search(r"(src|href)=\"(?!data:)", bare), "nothing is loaded from elsewhere"
    assert "http" not in bare
    script = LISTENER + JUDGE_ALL + SAVED
    report = browse((sweep / "listen.html").read_text(), script, tmp_path)
    assert all("Restoration C" in shown and "Reference" in shown and "Damaged" in shown for shown in report["texts"])
    assert not re.search("|".join(LEVELS), report["votes"])


@pytest.mark.slow
def test_a_sweep_is_listened_to_and_tabulated(tmp_path, monkeypatch, capsys):
    """The whole way on a real sweep: fits, page, a listener in a browser, votes, table."""
    (tmp_path / "clips").mkdir()
    for index in range(2):
        tone = torch.sin(torch.arange(RATE // 2) * (0.2 + 0.1 * index))[None]
        write_audio(tmp_path / "clips" / f"{index}.wav", tone, RATE)
    small = ["size.width=2", "size.latent_channels=2", "steps=2", "threads=1", "device=cpu", "hydra.sweep.dir=sweep"]
    data = ["data=folder", "data.path=clips", "data.glob=*.wav"]
    done = dap_run("-m", "model=spectrogram_unet,dilated_unet", *small, *data, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    sweep = tmp_path / "sweep"
    assert "2 trials of 2 restorations" in page(monkeypatch, capsys, sweep)
    script = LISTENER + JUDGE_ALL + SAVED
    (sweep / "votes_ann.json").write_text(browse((sweep / "listen.html").read_text(), script, tmp_path)["votes"])
    text = tabulate(sweep, None, None, None, False)
    for model in ("spectrogram_unet", "dilated_unet"):
        assert re.search(rf"\| {model} \| blind: discrepancy \| 2 \| 1 \| .* \d\.\d+ \(2\) \|", text)
    assert "size.width=2" in text
