// The player of a report: one transport for all sounds, switched in place; the spectrogram is its seek bar.
const place = name => document.getElementById(name), view = place('view'), canvas = place('canvas');
const zooms = document.querySelectorAll('[data-zoom]');
const FADE = 0.008, N_KEYS = 9; // seconds of crossfade; sounds that have a key
const sounds = [...document.querySelectorAll('.sound')].map(card => ({
  name: card.dataset.name, step: card.dataset.step === undefined ? null : Number(card.dataset.step),
  minus: card.dataset.minus ? JSON.parse(card.dataset.minus) : null, matched: Number(card.dataset.matched),
  address: card.querySelector('audio') ? card.querySelector('audio').src : null, picture: card.querySelector('img'),
}));
const seconds = Number(canvas.dataset.seconds), rate = Number(canvas.dataset.rate);
let current = Math.max(0, sounds.findIndex(sound => sound.name.startsWith('restored')));
let context = null, voice = null, playing = false, at = 0, selection = null, matched = false, zoom = 1, turn = 0;

// Sounds: decoded once, at their own rate, without a gesture of the user.
function decoded(sound) {
  const named = name => sounds.find(other => other.name === name);
  sound.buffer ??= sound.minus ? difference(...sound.minus.map(named)) : decode(sound);
  return sound.buffer;
}

function decode(sound) {
  const bytes = Uint8Array.from(atob(sound.address.split(',')[1]), sign => sign.charCodeAt(0));
  return new OfflineAudioContext(1, 1, Math.min(96000, Math.max(8000, rate))).decodeAudioData(bytes.buffer);
}

async function difference(one, other) {
  const [from, less] = [await decoded(one), await decoded(other)];
  const buffer = new AudioBuffer({length: from.length, numberOfChannels: from.numberOfChannels, sampleRate: from.sampleRate});
  for (let channel = 0; channel < from.numberOfChannels; channel++) {
    const taken = less.getChannelData(Math.min(channel, less.numberOfChannels - 1));
    buffer.copyToChannel(from.getChannelData(channel).map((value, index) => value - taken[index]), channel);
  }
  return buffer;
}

// Transport: a voice is what sounds; `at` is where, while nothing does.
function position() {
  if (!voice) return at;
  const linear = voice.from + Math.max(0, context.currentTime - voice.began);
  if (!selection || linear < selection[1]) return Math.min(linear, seconds);
  return selection[0] + (linear - selection[0]) % (selection[1] - selection[0]);
}

function level() { return matched ? sounds[current].matched : 1; }

function silence() {
  if (!voice) return;
  at = position();
  const now = context.currentTime, {source, gain} = voice;
  gain.gain.cancelScheduledValues(now);
  gain.gain.setValueAtTime(gain.gain.value, now);
  gain.gain.linearRampToValueAtTime(0, now + FADE);
  source.stop(now + FADE);
  voice = null;
}

function sound(buffer) {
  silence();
  if (at >= seconds - 0.001) at = 0;
  if (selection && (at < selection[0] || at >= selection[1])) at = selection[0];
  const began = context.currentTime, loop = selection !== null, [loopStart, loopEnd] = selection || [0, 0];
  const source = new AudioBufferSourceNode(context, {buffer, loop, loopStart, loopEnd});
  const gain = new GainNode(context, {gain: 0});
  gain.gain.setValueAtTime(0, began);
  gain.gain.linearRampToValueAtTime(level(), began + FADE);
  source.connect(gain).connect(context.destination);
  source.start(began, at);
  voice = {source, gain, began, from: at};
  source.onended = () => { if (voice && voice.source === source) pause(0); };
}

async function select(index) {
  current = index;
  show();
  const mine = ++turn;
  if (!playing) return;
  context ??= new AudioContext();
  context.resume().catch(() => {});
  const buffer = await decoded(sounds[index]).catch(fail);
  if (mine === turn && playing && buffer) sound(buffer);
  move();
}

function play(index = current) { playing = true; select(index); }

function pause(to) {
  silence();
  playing = false;
  if (to !== undefined) at = to;
  show();
}

function seek(to) {
  const sounding = voice;
  silence();
  at = Math.min(seconds, Math.max(0, to));
  if (selection && (at < selection[0] || at > selection[1])) selection = null;
  if (sounding) sound(sounding.source.buffer);
  show();
}

function choose(from, to) {
  const sounding = voice;
  silence();
  selection = from === null ? null : [from, to];
  if (selection) at = from;
  if (sounding) sound(sounding.source.buffer);
  show();
}

function match(on) {
  matched = on;
  if (voice) voice.gain.gain.linearRampToValueAtTime(level(), context.currentTime + FADE);
  show();
}

function fail(error) {
  pause();
  document.documentElement.classList.remove('scripted');
  place('trouble').textContent = 'This browser cannot decode the sounds (' + error.message + '): here they are one by one.';
}

// What is seen.
const clock = time => Math.floor(time / 60) + ':' + (time % 60).toFixed(2).padStart(5, '0');

function show() {
  sounds.forEach((sound, index) => {
    sound.picture.hidden = index !== current;
    sound.button.setAttribute('aria-pressed', index === current);
  });
  place('play').textContent = playing ? '❚❚ Pause' : '▶ Play';
  place('shown').textContent = sounds[current].name;
  place('matched').setAttribute('aria-pressed', matched);
  place('clear').hidden = place('selection').hidden = !selection;
  if (selection) span(place('selection'), ...selection);
  const step = sounds[current].step;
  document.querySelectorAll('.now').forEach(line => {
    const {first, last} = line.parentElement.dataset;
    line.hidden = step === null;
    line.style.left = 100 * (step - first) / (last - first) + '%';
  });
  move();
}

function span(element, from, to) {
  element.style.left = 100 * from / seconds + '%';
  element.style.width = 100 * (to - from) / seconds + '%';
}

function move() {
  const share = position() / seconds;
  place('cursor').style.left = 100 * share + '%';
  place('time').textContent = clock(position()) + ' / ' + clock(seconds);
  canvas.setAttribute('aria-valuenow', position().toFixed(2));
  const x = share * canvas.clientWidth;
  if (playing && zoom > 1 && !drag && (x < view.scrollLeft || x > view.scrollLeft + view.clientWidth)) view.scrollLeft = x - 20;
  if (playing) { cancelAnimationFrame(move.frame); move.frame = requestAnimationFrame(move); }
}

function magnify(times) {
  zoom = times;
  canvas.style.width = 100 * zoom + '%';
  canvas.classList.toggle('zoomed', zoom > 1);
  zooms.forEach(button => button.setAttribute('aria-pressed', Number(button.dataset.zoom) === zoom));
  view.scrollLeft = position() / seconds * canvas.clientWidth - view.clientWidth / 2;
}

// The pointer: a click seeks, a drag selects.
let drag = null;
const moment = event => {
  const box = canvas.getBoundingClientRect();
  return seconds * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
};
canvas.addEventListener('pointerdown', event => {
  if (event.button) return;
  drag = {x: event.clientX, from: moment(event), far: false};
  if (event.isTrusted) canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener('pointermove', event => {
  if (!drag || (!drag.far && Math.abs(event.clientX - drag.x) < 5)) return;
  drag.far = true;
  place('selection').hidden = false;
  span(place('selection'), Math.min(drag.from, moment(event)), Math.max(drag.from, moment(event)));
});
canvas.addEventListener('pointerup', event => {
  if (!drag) return;
  const {from, far} = drag, to = moment(event);
  drag = null;
  if (far && Math.abs(to - from) > 0.02) choose(Math.min(from, to), Math.max(from, to));
  else seek(to);
});
canvas.addEventListener('pointercancel', () => { drag = null; show(); });

// A click on a curve plays the snapshot nearest to that step.
document.querySelectorAll('.lines').forEach(lines => {
  lines.append(Object.assign(document.createElement('div'), {className: 'now', hidden: true}));
  lines.addEventListener('click', event => {
    const box = lines.getBoundingClientRect(), first = Number(lines.dataset.first), last = Number(lines.dataset.last);
    const step = first + (last - first) * (event.clientX - box.left) / box.width;
    const found = sounds.filter(sound => sound.step !== null).sort((a, b) => Math.abs(a.step - step) - Math.abs(b.step - step));
    if (found.length) play(sounds.indexOf(found[0]));
  });
});

document.addEventListener('keydown', event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.tagName === 'SUMMARY') return;
  const stride = (event.shiftKey ? 5 : 1) * Math.min(1, seconds / 20), digit = '123456789'.indexOf(event.key);
  if (event.key === ' ' && event.target.tagName !== 'BUTTON') playing ? pause() : play();
  else if (event.key === 'ArrowLeft') seek(position() - stride);
  else if (event.key === 'ArrowRight') seek(position() + stride);
  else if (event.key === 'Escape') choose(null);
  else if (digit >= 0 && event.key && digit < sounds.length) select(digit);
  else return;
  event.preventDefault();
});

function button(sound, index) {
  const made = document.createElement('button');
  made.textContent = sound.step === null ? sound.name : sound.step;
  if (index < N_KEYS) made.title = 'key ' + (index + 1);
  const hint = Object.assign(document.createElement('kbd'), {textContent: index + 1});
  if (index < N_KEYS && sound.step === null) made.append(' ', hint);
  made.addEventListener('click', () => select(index));
  sound.button = made;
  place(sound.step === null ? 'mains' : 'snapshots').append(made);
  canvas.prepend(sound.picture);
}

if (window.AudioContext && sounds.length) {
  sounds.forEach(button);
  place('steps').hidden = !place('snapshots').children.length;
  place('play').addEventListener('click', () => playing ? pause() : play());
  place('matched').addEventListener('click', () => match(!matched));
  place('clear').addEventListener('click', () => choose(null));
  zooms.forEach(one => one.addEventListener('click', () => magnify(Number(one.dataset.zoom))));
  // After a click with the mouse the space bar is the transport's again.
  document.addEventListener('click', event => {
    if (event.detail && event.target.closest('button')) document.activeElement.blur();
  });
  document.documentElement.classList.add('scripted');
  magnify(1);
  show();
  for (const sound of sounds.filter(one => one.step === null)) decoded(sound).catch(() => {});
}
