"""listen.html: one page that plays the trials of a listening test, takes votes, and loads nothing from elsewhere."""

import base64
from dataclasses import dataclass
import hashlib
import json

from torch import Tensor

from dap.audio.sound_file import encode_wav

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 { font-size: 1.4rem } .note { color: #666; font-size: .9rem } progress { width: 100% }
.row { display: flex; gap: .6rem; align-items: center; margin: .5rem 0 }
.play { flex: 1; text-align: left } button { font: inherit; padding: .5rem .9rem; border: 1px solid #999; border-radius: .4rem;
background: #f4f4f4; cursor: pointer } button:disabled { color: #aaa; cursor: default } .playing { background: #cfe3ff }
.chosen { background: #cdeccd } kbd { border: 1px solid #bbb; border-radius: .2rem; padding: 0 .3rem; background: #fff }
fieldset { border: 1px solid #ccc; border-radius: .4rem; margin: 1rem 0 } input { font: inherit }
"""

_SCRIPT = """
const page = JSON.parse(document.getElementById('page').textContent), place = name => document.getElementById(name);
const store = 'dap-listen ' + page.name;
let state = {listener: '', listener_id: '', saved: '', votes: {}}, at = 0, sounds = {}, playing = null, heard = new Set();
try { state = {...state, ...JSON.parse(localStorage.getItem(store) || '{}')}; } catch (error) { /* kept in the page alone */ }
if (!state.listener_id) {
  state.listener_id = [...crypto.getRandomValues(new Uint8Array(8))].map(byte => byte.toString(16).padStart(2, '0')).join('');
}

function keep() {
  try { localStorage.setItem(store, JSON.stringify(state)); } catch (error) { /* as above */ }
  const text = JSON.stringify(state, null, 1), n = Object.keys(state.votes).length;
  const name = (state.listener || state.listener_id).replace(/[^\\p{L}\\p{N}_-]+/gu, '_');
  place('save').href = 'data:application/json;charset=utf-8,' + encodeURIComponent(text);
  place('save').download = 'votes_' + name + '.json';
  place('progress').value = n;
  place('count').textContent = n + ' of ' + page.trials.length + ' judged';
  place('finished').hidden = n < page.trials.length;
}

function stop() {
  for (const sound of Object.values(sounds)) sound.pause();
  document.querySelectorAll('.playing').forEach(button => button.classList.remove('playing'));
}

function play(name) {
  const from = playing && !sounds[playing].ended ? sounds[playing].currentTime : 0;
  const again = playing === name;
  stop();
  const sound = sounds[name];
  sound.currentTime = again ? 0 : from;
  sound.play().catch(() => {});
  playing = name;
  document.querySelector('[data-play="' + name + '"]').classList.add('playing');
  heard.add(name);
  const all = page.trials[at].options.every(([option]) => heard.has(option));
  document.querySelectorAll('[data-choose]').forEach(button => { button.disabled = !all; });
}

function choose(name) {
  state.votes[page.trials[at].name] = name;
  state.saved = new Date().toISOString();
  keep();
  const open = page.trials.findIndex((trial, index) => index > at && !(trial.name in state.votes));
  show(open >= 0 ? open : Math.min(at + 1, page.trials.length - 1));
}

function row(name, title, key, sound, option) {
  sounds[name] = new Audio('data:audio/wav;base64,' + sound);
  sounds[name].addEventListener('ended', stop);
  const line = document.createElement('div'), button = document.createElement('button');
  line.className = 'row';
  button.className = 'play';
  button.dataset.play = name;
  button.textContent = '\\u25b6 ' + (option ? 'Restoration ' : '') + title;
  button.append(' ', Object.assign(document.createElement('kbd'), {textContent: key}));
  button.addEventListener('click', () => play(name));
  line.append(button);
  if (option) {
    const best = Object.assign(document.createElement('button'), {textContent: title + ' is the best', disabled: true});
    best.dataset.choose = name;
    best.classList.toggle('chosen', state.votes[page.trials[at].name] === name);
    best.addEventListener('click', () => choose(name));
    line.append(best);
  }
  return line;
}

function show(index) {
  stop();
  at = index;
  sounds = {}; playing = null; heard = new Set();
  const trial = page.trials[at];
  place('trial').textContent = 'Sound ' + (at + 1) + ' of ' + page.trials.length;
  place('anchors').replaceChildren(...trial.anchors.map(([title, sound], i) => row('anchor' + i, title, String(i + 1), sound)));
  const letter = i => String.fromCharCode(65 + i);
  place('options').replaceChildren(...trial.options.map(([name, sound], i) => row(name, letter(i), letter(i), sound, true)));
  place('back').disabled = at === 0;
  place('next').disabled = at === page.trials.length - 1;
}

document.addEventListener('keydown', event => {
  if (event.target.tagName === 'INPUT' || event.ctrlKey || event.altKey || event.metaKey) return;
  const options = page.trials[at].options, index = event.key.length === 1 ? event.key.toUpperCase().charCodeAt(0) - 65 : -1;
  if (index >= 0 && index < options.length) {
    const name = options[index][0];
    if (!event.shiftKey) play(name);
    else if (!document.querySelector('[data-choose="' + name + '"]').disabled) choose(name);
  } else if (event.key >= '1' && event.key <= String(page.trials[at].anchors.length)) play('anchor' + (event.key - 1));
  else if (event.key === 'Escape') stop();
  else if (event.key === 'ArrowLeft' && at > 0) show(at - 1);
  else if (event.key === 'ArrowRight' && at < page.trials.length - 1) show(at + 1);
});
place('back').addEventListener('click', () => show(at - 1));
place('next').addEventListener('click', () => show(at + 1));
place('listener').value = state.listener;
place('listener').addEventListener('input', event => { state.listener = event.target.value.trim(); keep(); });
place('progress').max = page.trials.length;
keep();
show(Math.max(0, page.trials.findIndex(trial => !(trial.name in state.votes))));
"""


@dataclass(frozen=True)
class Heard:
    """The sounds of a trial, each (channel, time).

    Args:
        name: of the trial, opaque.
        anchors: (what it is called on the page, sound).
        options: (opaque name, sound).
        sample_rate: Hz.
    """

    name: str
    anchors: list[tuple[str, Tensor]]
    options: list[tuple[str, Tensor]]
    sample_rate: int


def render_listen_page(trials: list[Heard]) -> str:
    """The page. It holds no name of a system or clip; the sounds of a trial are played at one gain, at which none clips.

    >>> import torch
    >>> page = render_listen_page([Heard("t", [], [("x", torch.zeros(1, 8)), ("y", torch.ones(1, 8))], 8000)])
    >>> page.count("UklGR"), "http" in page
    (2, False)
    """
    content = {"name": _name(trials), "trials": [_trial(trial) for trial in trials]}
    embedded = json.dumps(content).replace("<", "\\u003c")  # nothing in it can end the script
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Listening test</title><style>{_STYLE}</style></head><body>
<h1>Which restoration is the best?</h1>
<p>Each sound was damaged, and restored in several ways. Listen to all of them, then say which restoration is the best. The
order is random, and nothing here tells what is what. All that belongs to one sound is played at the same gain, so that a
restoration that came out louder or softer is heard so.</p>
<p class="note">Keys: <kbd>A</kbd> <kbd>B</kbd> … play, <kbd>Shift</kbd> with the letter votes once all were played,
<kbd>1</kbd> <kbd>2</kbd> play what is known, <kbd>Esc</kbd> stops, <kbd>←</kbd> <kbd>→</kbd> go back and on. Another sound
goes on where the last one was; the same one begins anew.</p>
<progress id="progress" value="0"></progress><p id="count"></p>
<h2 id="trial"></h2>
<fieldset><legend>Known</legend><div id="anchors"></div></fieldset>
<fieldset><legend>Restorations</legend><div id="options"></div></fieldset>
<p class="row"><button id="back">← Back</button><button id="next">On →</button></p>
<p id="finished" hidden><b>All judged, thank you. Please save your votes and send the file back.</b></p>
<p><label>Your name, for the file <input id="listener" autocomplete="off"></label>
<a id="save" download="votes.json" href="data:,">Save the votes</a></p>
<script type="application/json" id="page">{embedded}</script>
<script>{_SCRIPT}</script></body></html>
"""


def _trial(trial: Heard) -> dict[str, object]:
    every = [sound for _, sound in (*trial.anchors, *trial.options)]
    peak = max([1e-9, *(float(sound.abs().max()) for sound in every)])

    def encoded(sound: Tensor) -> str:
        return base64.b64encode(encode_wav(0.99 * sound / peak, trial.sample_rate)).decode()

    return {
        "name": trial.name,
        "anchors": [[title, encoded(sound)] for title, sound in trial.anchors],
        "options": [[name, encoded(sound)] for name, sound in trial.options],
    }


def _name(trials: list[Heard]) -> str:
    """Of the page, so that a browser keeps the votes of two pages apart."""
    return hashlib.sha256(" ".join(trial.name for trial in trials).encode()).hexdigest()[:12]
