// The page of a sweep: sort, filter, average, listen in place, and curves on one another.
const data = JSON.parse(document.getElementById('data').textContent), place = name => document.getElementById(name);
const runs = place('runs'), means = place('means'), rows = [...runs.tBodies[0].rows], ENTRIES = ['observation', 'restored', 'oracle'];
const shown = value => value === undefined || value === null ? '–' : value.toFixed(2).replace('-', '−');
const chosen = new Set();
place('tools').hidden = false;

function element(name, text, parent, more = {}) {
  const made = Object.assign(document.createElement(name), {textContent: text, ...more});
  parent.append(made);
  return made;
}

// Scores: one of them is shown for every run.
for (const [name, title] of Object.entries(data.scores)) element('option', title, place('score'), {value: name});
place('score').value = 'si_sdr' in data.scores ? 'si_sdr' : place('score').value;
function showScore() {
  for (const row of rows) {
    for (const cell of row.querySelectorAll('[data-entry]')) {
      cell.textContent = shown(data.runs[row.dataset.run].scores[cell.dataset.entry][place('score').value]);
    }
  }
  if (place('grouped').checked) average();
}

// Sorting, of either table, by a click on a head; numbers as numbers, what is missing last.
function sortable(table) {
  table.tHead.addEventListener('click', event => {
    const head = event.target.closest('th');
    if (!head) return;
    const down = head.ariaSort !== 'descending', index = head.cellIndex;
    for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
    head.ariaSort = down ? 'descending' : 'ascending';
    const value = row => {
      const text = row.cells[index].textContent.replace('−', '-'), number = parseFloat(text);
      return text === '–' ? null : isNaN(number) ? text : number;
    };
    const order = (one, other) => one === other ? 0 : one === null ? 1 : other === null ? -1 : (one < other) === down ? 1 : -1;
    const body = table.tBodies[0];
    body.append(...[...body.rows].map(row => [value(row), row]).sort((a, b) => order(a[0], b[0])).map(pair => pair[1]));
  });
}

// Filtering: every word is somewhere in the row.
function filter() {
  const words = place('filter').value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of rows) {
    const run = data.runs[row.dataset.run], settings = Object.entries(run.settings).map(pair => pair.join('=')).join(' ');
    const text = (row.textContent + ' ' + settings).toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
  }
  if (place('grouped').checked) average();
}

// Means: the runs that differ by seed and clip alone are one row; those that the filter leaves.
function average() {
  const keys = data.varied.filter(key => key !== 'seed'), groups = new Map(), score = place('score').value;
  for (const row of rows.filter(row => !row.hidden)) {
    const run = data.runs[row.dataset.run], values = keys.map(key => run.settings[key] ?? '');
    const name = JSON.stringify(values);
    if (!groups.has(name)) groups.set(name, {values, runs: []});
    groups.get(name).runs.push(run);
  }
  const head = means.tHead, body = means.tBodies[0];
  head.replaceChildren();
  body.replaceChildren();
  const heads = element('tr', '', head);
  for (const title of [...keys, 'runs', ...ENTRIES]) element('th', title, heads);
  for (const {values, runs: members} of groups.values()) {
    const row = element('tr', '', body);
    for (const value of values) element('td', value, row, {className: 'text'});
    element('td', members.length, row);
    for (const entry of ENTRIES) {
      const found = members.map(run => run.scores[entry][score]).filter(value => value !== undefined);
      const mean = found.reduce((sum, value) => sum + value, 0) / found.length;
      const squares = found.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = found.length > 1 ? ' ± ' + Math.sqrt(squares / (found.length - 1)).toFixed(2) : '';
      element('td', found.length ? shown(mean) + deviation + (found.length < members.length ? ` (${found.length})` : '') : '–', row);
    }
  }
}

// Listening: one sound at a time, switched at the same position.
let sound = null, link = null;
const marks = () => { place('play').textContent = sound.paused ? 'Play' : 'Pause'; };
function play(address) {
  const from = sound && !sound.ended ? sound.currentTime : 0;
  if (link === address) { if (sound.paused) sound.play(); else sound.pause(); return; }
  if (sound) sound.pause();
  if (link) link.classList.remove('on');
  link = address;
  link.classList.add('on');
  sound = new Audio(address.href);
  sound.currentTime = from;
  for (const kind of ['play', 'pause', 'ended']) sound.addEventListener(kind, marks);
  sound.addEventListener('timeupdate', () => { place('seek').value = 1000 * sound.currentTime / (sound.duration || 1); });
  sound.play().catch(() => {});
  place('player').hidden = false;
  place('playing').textContent = data.runs[link.closest('tr').dataset.run].name + ': ' + link.textContent;
}
runs.addEventListener('click', event => {
  if (!event.target.classList.contains('play') || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  play(event.target);
});
place('play').addEventListener('click', () => play(link));
place('seek').addEventListener('input', () => { sound.currentTime = place('seek').value / 1000 * (sound.duration || 0); });

// Curves of the chosen runs.
if (data.runs.some(run => run.curve.length)) {
  runs.tHead.rows[0].insertBefore(Object.assign(document.createElement('th'), {textContent: 'curve'}), runs.tHead.rows[0].cells[1]);
  for (const row of rows) {
    const cell = row.insertCell(1), run = data.runs[row.dataset.run];
    if (!run.curve.length) continue;
    const box = element('input', '', cell, {type: 'checkbox', ariaLabel: 'curve of ' + run.name});
    box.addEventListener('change', () => { chosen[box.checked ? 'add' : 'delete'](run); draw(); });
  }
}
function draw() {
  place('curves').hidden = !chosen.size;
  place('curve-name').textContent = data.curve;
  const list = [...chosen], points = list.flatMap(run => run.curve), plot = place('plot');
  plot.replaceChildren();
  if (!list.length) return;
  const last = Math.max(...points.map(point => point[0])), top = Math.max(...points.map(point => point[1]));
  const low = Math.min(...points.map(point => point[1])), bottom = top > -10 ? Math.max(-10, low) : low, height = top - bottom || 1;
  const colour = index => `hsl(${Math.round(index * 137.5) % 360} 65% 50%)`;
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 100 100');
  svg.setAttribute('preserveAspectRatio', 'none');
  list.forEach((run, index) => {
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    const at = ([step, value]) => `${100 * step / last} ${100 * (top - Math.max(bottom, value)) / height}`;
    path.setAttribute('d', 'M' + run.curve.map(at).join('L'));
    path.setAttribute('stroke', colour(index));
    svg.append(path);
  });
  element('div', `${shown(top)} dB`, plot, {className: 'note'});
  plot.append(svg);
  const end = element('div', '', plot, {className: 'end'});
  for (const text of [`${shown(bottom)} dB, step 0`, `step ${last}`]) element('span', text, end);
  const legend = element('ul', '', plot, {className: 'legend'});
  list.forEach((run, index) => {
    const item = element('li', '', legend), told = data.varied.map(key => `${key}=${run.settings[key] ?? ''}`).join(' ');
    element('i', '', item).style.borderColor = colour(index);
    item.append(`${run.name} ${told}`);
  });
}

sortable(runs);
sortable(means);
place('filter').addEventListener('input', filter);
place('score').addEventListener('change', showScore);
place('grouped').addEventListener('change', () => {
  runs.hidden = place('grouped').checked;
  means.hidden = !runs.hidden;
  if (runs.hidden) average();
});
