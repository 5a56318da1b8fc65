"""report.html as a browser plays it: what sounds when, seen in the samples that come out of its transport."""

import pytest
import torch

from dap.record.report import Report, render_report
from tests.browser import BROWSER, browse

if BROWSER is None:
    pytest.skip("no chromium here: apt-get install chromium", allow_module_level=True)

SECONDS, RATE = 2.0, 8000
RAMP = 0.2 * torch.arange(int(SECONDS * RATE))[None] / (SECONDS * RATE)  # a sample tells its time
GAINS = {"reference": 1.0, "observation": -2.0, "restored": -0.5}  # and its sound, by sign and slope
SNAPSHOTS = {0: 0.25, 10: 0.5, 20: 0.75}

# `rendered` plays into a buffer instead of a loudspeaker, and does things at moments of its own, to the sample.
LISTENER = """
const report = {}, waits = [];
const press = key => document.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
const settled = () => new Promise(done => setTimeout(done, 5));
const pointer = (kind, x) => canvas.dispatchEvent(new PointerEvent(kind, {clientX: x, bubbles: true}));
const drag_over = (from, to) => {
  const box = canvas.getBoundingClientRect(), x = time => box.left + box.width * time / seconds;
  pointer('pointerdown', x(from)); pointer('pointermove', x(to)); pointer('pointerup', x(to));
};
const click_at = (lines, share) => {
  const box = lines.getBoundingClientRect();
  lines.dispatchEvent(new MouseEvent('click', {clientX: box.left + share * box.width, bubbles: true}));
};
async function rendered(length, moments) {
  const offline = new OfflineAudioContext(1, 48000 * length, 48000), go = offline.resume.bind(offline);
  offline.resume = async () => {}; // the page's own: here time goes on once its act is done
  window.AudioContext = function () { return offline; };
  await Promise.all(sounds.map(decoded));
  for (const [time, act] of moments) {
    if (time) offline.suspend(time).then(async () => { act(); await settled(); go(); });
    else act();
  }
  await settled();
  const samples = (await offline.startRendering()).getChannelData(0);
  return [...samples].filter((_, index) => index % 480 === 240);
}
"""


def page(**changes) -> str:
    filled = {
        "title": "clip",
        "facts": [("seed", "0")],
        "metrics": {"restored": {"si_sdr": 8.0}},
        "sounds": {name: gain * RAMP for name, gain in GAINS.items()},
        "snapshots": [(step, gain * RAMP) for step, gain in SNAPSHOTS.items()],
        "sample_rate": RATE,
        "pictures": {},
        "notes": [],
        "minus": ("observation", "restored"),
        "rows": [{"step": float(step), "loss": 1 / (1 + step), "si_sdr_reference": step / 2} for step in range(21)],
        "marks": {"restored (emv)": 15},
    }
    return render_report(Report(**{**filled, **changes}))


def heard(samples: list[float], time: float, gain: float) -> float:
    """The place that sounds at a time, in seconds, if the sound is that of this gain: a sample each 10 ms."""
    return SECONDS * samples[round(time / 0.01)] / (0.2 * gain)


def test_sounds_are_switched_in_place_one_at_a_time(tmp_path):
    script = """
    waits.push(rendered(1.2, [
      [0, () => { press('1'); press(' '); }],
      [0.3, () => press('2')],
      [0.6, () => document.querySelectorAll('#mains button')[2].click()],
      [0.9, () => click_at(document.querySelector('.lines'), 0.45)],
    ]).then(samples => { report.samples = samples; report.shown = sounds[current].name; }));
    """
    report = browse(page(), LISTENER + script, tmp_path)
    gains = [*GAINS.values(), SNAPSHOTS[10]]
    for part, gain in enumerate(gains):
        for time in (0.3 * part + 0.05, 0.3 * part + 0.15, 0.3 * part + 0.28):
            assert heard(report["samples"], time, gain) == pytest.approx(time, abs=0.02), "nothing else sounds"
    assert report["shown"] == "step 10"


def test_seeking_pausing_and_the_loop(tmp_path):
    script = """
    waits.push(rendered(1.5, [
      [0, () => { press('1'); drag_over(1.0, 1.2); press(' '); }],
      [0.5, () => press('Escape')],
      [0.8, () => press('ArrowRight')],
      [1.0, () => press(' ')],
      [1.2, () => { drag_over(0.5, 0.5); press(' '); }],
    ]).then(samples => { report.samples = samples; report.selection = selection; }));
    """
    report = browse(page(), LISTENER + script, tmp_path)
    looped = {0.1: 1.1, 0.19: 1.19, 0.3: 1.1, 0.45: 1.05}
    cleared = {0.7: 1.3}  # on from 1.1 at 0.5 s
    sought = {0.9: 1.6}  # at 0.8 s a stride, a twentieth of the sound, from 1.4 on
    paused, again = {1.15: 0.0}, {1.4: 0.7}
    places = looped | cleared | sought | paused | again
    found = {time: heard(report["samples"], time, 1.0) for time in places}
    assert found == pytest.approx(places, abs=0.02)
    assert report["selection"] is None


def test_the_difference_and_matched_levels(tmp_path):
    script = """
    waits.push(rendered(0.8, [
      [0, () => { press('4'); press(' '); }],
      [0.4, () => { document.getElementById('matched').click(); press('2'); }],
    ]).then(samples => { report.samples = samples; report.names = sounds.map(sound => sound.name); }));
    """
    report = browse(page(), LISTENER + script, tmp_path)
    assert report["names"] == [*GAINS, "taken away", "step 0", "step 10", "step 20"]
    assert heard(report["samples"], 0.3, GAINS["observation"] - GAINS["restored"]) == pytest.approx(0.3, abs=0.02)
    assert heard(report["samples"], 0.7, -1.0) == pytest.approx(0.7, abs=0.02), "the observation at the reference's level"


def test_one_estimate_has_no_course_to_show(tmp_path):
    script = """
    report.curves = document.querySelectorAll('.lines').length;
    report.sliders = document.querySelectorAll('input').length;
    report.steps = document.getElementById('steps').hidden;
    report.buttons = [...document.querySelectorAll('#mains button')].map(button => button.firstChild.textContent);
    report.players = document.querySelector('.cards').offsetHeight;
    """
    report = browse(page(snapshots=[], rows=[], marks={}), LISTENER + script, tmp_path)
    assert report == {"curves": 0, "sliders": 0, "steps": True, "buttons": [*GAINS, "taken away"], "players": 0}


def test_a_narrow_screen_is_not_scrolled_sideways(tmp_path):
    frame = """
    document.querySelectorAll('details').forEach(folded => { folded.open = true; });
    const report = {widths: []}, waits = [320, 360, 800].map(width => new Promise(done => {
      const frame = document.createElement('iframe');
      frame.style.width = width + 'px';
      frame.srcdoc = document.documentElement.outerHTML.replace(/<script>[^]*<.script>/g, '');
      frame.onload = () => done(report.widths.push(frame.contentDocument.documentElement.scrollWidth - width));
      document.body.append(frame);
    }));
    """
    report = browse(page(title="a_name_without_a_space_" * 9), frame, tmp_path)
    assert max(report["widths"]) <= 0
