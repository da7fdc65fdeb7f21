/* SPDX-License-Identifier: MIT */
/* The page of hone's reports: draws what the JSON in #data holds. Plain DOM; texts never become markup. */
'use strict';
(() => {
const STATES = ['waiting', 'running', 'paused', 'complete', 'pruned', 'failed'];
/* Okabe and Ito's colours, which the colour-blind tell apart; shapes differ as well */
const LIGHT = { complete: '#0072b2', pruned: '#e69f00', failed: '#d55e00', running: '#009e73', best: '#1b1f24', training: '#e69f00',
  validation: '#0072b2', other: '#cc79a7', density: '#0072b2', surface: '#0072b2', grid: '#e3e7eb', ink: '#1b1f24', soft: '#59636e', card: '#fff' };
const DARK = { complete: '#56b4e9', pruned: '#e69f00', failed: '#ff8a4c', running: '#2fd0a0', best: '#ffffff', training: '#e69f00',
  validation: '#56b4e9', other: '#e59cc4', density: '#56b4e9', surface: '#56b4e9', grid: '#2b333d', ink: '#e6eaef', soft: '#9aa5b1', card: '#1a1f26' };
const SHAPES = { complete: 'circle', pruned: 'diamond', failed: 'triangle', running: 'rect', best: 'roundRect', other: 'emptyCircle' };
const VIRIDIS = ['#440154', '#482878', '#3e4989', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];
const PALETTE = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'];
const INFO = {
  history: 'Every trial in its order, and the best so far.', intermediate: 'What trials reported step by step. Upright lines: rungs, where trials wait to be promoted.',
  parallel: 'One line a trial. Drag along an axis to select; drag again to move, click it to clear.', slice: 'The value against each parameter; colour is the number of the trial.',
  contour: 'Smoothed over pairs of the parameters that matter most; points are the best trials.', importance: 'What share of the value\u2019s variation each parameter explains, by each method.',
  rank: 'Pairs of parameters; dark points are the best ranks.', edf: 'Share of the complete trials whose value is at most x.', pareto: 'Objectives against each other; the front joins what no trial dominates.',
  timeline: 'Which trial each worker was at, and how it ended.', learning: 'The best trials on training (dashed) and validation data (solid).', confusion: 'True classes down, predicted classes across.',
  ablation: 'Each cell over its seeds; dashed: the reference. Differences are those of runs with the same seed.' };

let data, current = 0, objective = 0, drawn = [], observer, list = [], trialsGrid = null;
const hasCharts = typeof charts !== 'undefined';

/* ---- small things ---- */
const el = (tag, attributes, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value === true ? '' : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
};
const escaped = text => String(text).replace(/[&<>"]/g, c => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[c]));
const short = v => v === null || v === undefined ? '\u2013' : typeof v !== 'number' ? String(v) : Number.isInteger(v) ? String(v) :
  Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(3).replace(/\.?0+e/, 'e') : String(+v.toPrecision(5));
const count = n => n.toLocaleString('en-US');
const duration = s => s === null || s === undefined || isNaN(s) ? '\u2013' : s < 1 ? (s * 1000).toFixed(0) + ' ms' : s < 120 ? (+s.toPrecision(3)) + ' s' :
  s < 7200 ? (s / 60).toFixed(1) + ' min' : s < 172800 ? (s / 3600).toFixed(1) + ' h' : (s / 86400).toFixed(1) + ' d';
const isDark = () => document.documentElement.dataset.theme === 'dark';
const colours = () => isDark() ? DARK : LIGHT;
const study = () => data.studies[current];
/* Values that the page keeps once are numbers in what refers to them; surfaces are levels in base 64. */
const DIGITS = new Map([...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].map((c, i) => [c, i]));
const valueOf = v => typeof v === 'number' && data.shared ? data.shared[v] : v;
function expandFigure(figure) {
  for (const panel of figure.panels) {
    panel.x = valueOf(panel.x);
    panel.y = valueOf(panel.y);
    if (panel.axes) panel.axes = panel.axes.map(valueOf);
    if (panel.rungs) panel.rungs = valueOf(panel.rungs);
    for (const s of panel.series) {
      for (const key of ['x', 'y', 'x2', 'lo', 'hi', 'value', 'trial']) if (s[key] !== undefined) s[key] = valueOf(s[key]);
      if (!s.value || !s.value.levels) continue;
      const { min, max, levels } = s.value;
      s.value = Array.from({ length: levels.length / 2 }, (_, i) => { const level = 64 * DIGITS.get(levels[2 * i]) + DIGITS.get(levels[2 * i + 1]); return level === 4095 ? null : min + (max - min) * level / 4094; });
    }
  }
  return figure;
}
function expandStudy(s) {
  for (const key of ['config', 'sources', 'environment']) s[key] = s[key].map(valueOf).join('\n');
  s.figures.forEach(figures => figures.forEach(expandFigure));
  return s;
}
const named = (dim, v) => v === null || v === undefined ? null : dim.names && dim.names.length ? dim.names[v] : v;

/* Row of the best complete, feasible trial for an objective; -1: none. */
function bestRow(s, k) {
  const t = s.trials, values = t.values[k] || [], sign = s.objectives[k] && s.objectives[k].maximize ? -1 : 1;
  let best = -1;
  for (let i = 0; i < values.length; i++)
    if (t.state[i] === 3 && values[i] !== null && !(t.violation && !(t.violation[i] <= 0 && t.violation[i] !== null)) &&
        (best < 0 || sign * values[i] < sign * values[best])) best = i;
  return best;
}

/* ---- tables of any length: only the rows in sight are there ---- */
const ROW = 28;
class Grid {
  constructor(columns, n, options = {}) {
    Object.assign(this, { columns, n, options, sorted: -1, down: false, rows: null });
    this.order = Array.from({ length: n }, (_, i) => i);
    this.body = el('tbody');
    this.heads = columns.map((c, i) => el('th', { scope: 'col', class: c.number ? 'n' : null },
      el('button', { type: 'button', title: 'sort', onclick: () => this.sort(i) }, c.name)));
    const table = el('table', { 'aria-rowcount': n, 'aria-label': options.label }, el('thead', null, el('tr', null, this.heads)), this.body);
    this.node = el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': options.label || 'table' }, table);
    this.node.addEventListener('scroll', () => this.draw(), { passive: true });
    this.draw();
  }
  sort(i) {
    this.down = this.sorted === i ? !this.down : false;
    this.sorted = i;
    const get = this.columns[i].get, sign = this.down ? -1 : 1;
    const keys = this.order.map(r => { const v = get(r); return v === undefined || v === null ? null : v; });
    const at = this.order.map((_, k) => k);
    at.sort((a, b) => {
      const x = keys[a], y = keys[b];
      if (x === null || y === null) return (x === null) - (y === null);
      return sign * (typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y))) || this.order[a] - this.order[b];
    });
    this.order = at.map(k => this.order[k]);
    this.heads.forEach((h, k) => k === i ? h.setAttribute('aria-sort', this.down ? 'descending' : 'ascending') : h.removeAttribute('aria-sort'));
    this.draw();
  }
  filter(keep) {
    this.order = [];
    for (let i = 0; i < this.n; i++) if (keep(i)) this.order.push(i);
    if (this.sorted >= 0) { this.down = !this.down; this.sort(this.sorted); }
    this.node.scrollTop = 0;
    this.draw();
  }
  draw() {
    const first = Math.max(0, Math.floor(this.node.scrollTop / ROW) - 10), last = Math.min(this.order.length, first + 60);
    const rows = [];
    if (first) rows.push(el('tr', { 'aria-hidden': 'true', style: `height:${first * ROW}px` }));
    for (let k = first; k < last; k++) {
      const r = this.order[k];
      rows.push(el('tr', { class: this.options.best === r ? 'best' : null, 'aria-rowindex': k + 1 }, this.columns.map(c => {
        const v = c.get(r), text = c.show ? c.show(v) : short(v);
        return el('td', { class: c.number ? 'n' : null, title: text.length > 30 ? text : null },
          c.trial && v !== null ? el('button', { type: 'button', title: 'all about this trial', onclick: () => showTrial(v) }, text) : text);
      })));
    }
    if (last < this.order.length) rows.push(el('tr', { 'aria-hidden': 'true', style: `height:${(this.order.length - last) * ROW}px` }));
    this.body.replaceChildren(...rows);
  }
}

/* ---- notes ---- */
/* What somebody wrote about the study (trial null) or one of its trials, to be changed where that is allowed; null: there is none. */
function noteBlock(trial) {
  const kept = () => (trial === null ? study().note : study().trials.notes[trial]) || '';
  if (!data.notes) return kept() ? el('p', { class: 'note' }, kept()) : null;
  const area = el('textarea', { rows: 2, 'aria-label': trial === null ? 'note about the study' : `note about trial ${trial}`, placeholder: 'A note', oninput: () => button.disabled = area.value === kept() });
  const said = el('output', { 'aria-live': 'polite' });
  const button = el('button', { type: 'button', disabled: true, onclick: () => ask(`note?study=${current}${trial === null ? '' : `&trial=${trial}`}`, area.value).then(text => {
    if (trial === null) study().note = area.value; else study().trials.notes[trial] = area.value;
    button.disabled = true;
    said.textContent = text;
  }, problem => { said.textContent = problem.message; }) }, 'Keep the note');
  area.value = kept();
  const node = el('div', { class: 'note' }, area, el('p', { class: 'actions' }, button, said));
  node.isBeingWritten = () => area.value !== kept() || document.activeElement === area;
  return node;
}

/* ---- one trial ---- */
const plainTable = rows => el('table', { class: 'plain' }, rows.map(([k, v]) => el('tr', null, el('th', { scope: 'row' }, k), el('td', null, v))));

function trialFacts(s, i, more) {
  const t = s.trials, rows = [['state', STATES[t.state[i]]]];
  s.objectives.forEach((o, k) => rows.push([o.name, short(t.values[k][i])]));
  if (more) rows.push(...more.parameters);
  else s.dims.forEach((d, k) => t.x[k][i] !== null && rows.push([d.key, short(named(d, t.x[k][i]))]));
  rows.push(['steps', short(t.step[i])], ['seconds', duration(t.seconds[i])], ['worker', short(t.worker[i])]);
  if (more && more.attempt) rows.push(['tried again', `${more.attempt} time${more.attempt > 1 ? 's' : ''}`]);
  t.metrics.forEach(m => m.values[i] !== null && rows.push([m.name, short(m.values[i])]));
  return plainTable(rows);
}

/* Why a trial ended as it did, and what can be done. */
function explanation(s, i, more) {
  const number = s.trials.number[i], isFailed = STATES[s.trials.state[i]] === 'failed', message = more ? [more.component, more.message].filter(Boolean).join(': ') : s.trials.messages[number];
  if (!isFailed) return message && !(more && !more.message) ? el('p', { class: 'why' }, message) : null;
  const again = data.write && more && el('button', { type: 'button', onclick: () => ask(`point?study=${current}`, more.parameters.map(p => p.join('=')).join('\n')).then(text => { said.textContent = text; }, problem => { said.textContent = problem.message; }) }, 'Try its point again');
  const said = el('output', { 'aria-live': 'polite' }), wrote = more && more.attachments.some(a => a.text);
  return el('div', { class: 'why failed' }, el('p', null, el('strong', null, 'It failed'), more && more.signal ? ` (signal ${more.signal})` : '', message ? `: ${message}` : ', and said nothing.'),
    el('ul', null, (more ? more.remedies : []).map(r => el('li', null, r)), wrote ? el('li', null, 'What it wrote is below.') : null,
      el('li', null, 'See it fail alone: ', el('code', null, `hone best ${s.command} --trial ${number} --format ini > trial${number}.ini && hone train trial${number}.ini`)),
      again ? el('li', null, 'If it was not the point\u2019s fault: ', again, ' ', said) : null));
}

function written(a) {
  const left = a.left_out ? ` (the last of it: ${count(a.left_out)} bytes before are left out)` : '';
  return [el('h3', null, `${a.final ? 'final training: ' : ''}${a.name}${left}`), a.path ? el('p', { class: 'what' }, a.path) : null,
    a.text !== undefined ? el('pre', { tabindex: 0 }, a.text || '(empty)') : a.missing ? el('p', { class: 'missing' }, a.missing) : null];
}

let opened = null; /* the trial that is looked at */
function showTrial(number) {
  if (study().trials.number.indexOf(number) < 0) return;
  const why = el('div'), facts = el('div'), curves = el('div', { class: 'panels' }), rest = el('div');
  let made = [], key, timer;
  const dialog = el('dialog', { 'aria-label': `trial ${number}`, onclose: () => { clearTimeout(timer); made.forEach(c => c.dispose()); dialog.remove(); opened = null; } },
    el('div', { class: 'head' }, el('h2', null, `Trial ${number}`), el('span', { class: 'about' }, el('code', null, `hone trials ${study().command} --trial ${number}`)),
      el('button', { type: 'button', onclick: () => dialog.close() }, 'Close')), why, facts, noteBlock(number), curves, rest);
  const draw = more => {
    const s = study(), i = s.trials.number.indexOf(number);
    if (i < 0) return;
    why.replaceChildren(...[explanation(s, i, more)].filter(Boolean));
    facts.replaceChildren(trialFacts(s, i, more));
    if (!more) return;
    rest.replaceChildren(...[...more.attachments.flatMap(written), more.events.length ? el('h3', null, 'How it came along') : null,
      more.events.length ? plainTable(more.events.map(([step, what]) => [step === null ? '' : `step ${step}`, what])) : null,
      more.events_left_out ? el('p', { class: 'missing' }, `and ${count(more.events_left_out)} more`) : null].filter(Boolean));
    const drawn = JSON.stringify(more.figure.panels);
    if (drawn === key) return;
    key = drawn;
    made.forEach(c => c.dispose());
    made = [];
    curves.replaceChildren();
    more.figure.panels.forEach(panel => {
      const node = el('div', { class: 'chart', style: 'height:220px' });
      curves.append(el('div', null, el('h3', null, panel.title), node));
      if (hasCharts) made.push(drawPanel(node, null, more.figure, panel)); else node.replaceWith(figureTable(panel, panel.title).node);
    });
  };
  opened = () => {
    clearTimeout(timer);
    if (data.live) ask(`trial?study=${current}&trial=${number}`).then(more => {
      if (!dialog.open) return;
      draw(more);
      if (more.state === 'running') timer = setTimeout(opened, 2000); /* what it reports and writes changes no count of the study's */
    }).catch(failed);
  };
  document.body.append(dialog);
  dialog.showModal();
  draw(null);
  opened();
}

/* ---- figures as tables ---- */
function figureTable(panel, title) {
  if (panel.axes) {
    const values = panel.series[0].value, k = panel.axes.length, trial = panel.series[0].trial;
    return new Grid([{ name: 'trial', number: true, trial: true, get: r => trial[r] }, ...panel.axes.map((a, c) =>
      ({ name: a.label, number: !a.names, get: r => named(a, values[r * k + c]) }))], trial.length, { label: title });
  }
  if (panel.series.some(s => s.mark === 'cells' && s.role === 'surface' && panel.x.names && panel.y.names)) {
    const s = panel.series[0];
    return new Grid([{ name: panel.y.label + ' \\ ' + panel.x.label, get: r => panel.y.names[s.ny - 1 - r] }, ...panel.x.names.map((name, c) =>
      ({ name, number: true, get: r => s.value[(s.ny - 1 - r) * s.nx + c] }))], s.ny, { label: title });
  }
  const rows = [];
  const at = (axis, k, n) => axis.log ? axis.min * Math.pow(axis.max / axis.min, (k + .5) / n) : axis.min + (axis.max - axis.min) * (k + .5) / n;
  if (panel.series[0] && panel.series[0].mark === 'interval') {
    const s = panel.series[0];
    return new Grid([{ name: 'cell', get: r => panel.y.names[r] }, { name: s.name, number: true, get: r => s.x[r] }, { name: 'from', number: true, get: r => s.lo[r] }, { name: 'to', number: true, get: r => s.hi[r] }], s.x.length, { label: title });
  }
  let values = false, ends = false, trials = false;
  for (const s of panel.series) {
    if (s.mark === 'cells') {
      s.value.forEach((v, i) => { if (v !== null) rows.push([s.name, null, at(panel.x, i % s.nx, s.nx), at(panel.y, Math.floor(i / s.nx), s.ny), null, v]); });
      values = true;
      continue;
    }
    for (let i = 0; i < s.x.length; i++)
      rows.push([s.name, s.trial ? s.trial[i] : s.of ?? null, s.x[i], s.y[i], s.x2 ? s.x2[i] : null, s.value ? s.value[i] : null]);
    values ||= !!s.value;
    ends ||= !!s.x2;
    trials ||= !!s.trial || s.of !== undefined;
  }
  const columns = [{ name: 'series', get: r => rows[r][0] }];
  if (trials) columns.push({ name: 'trial', number: true, trial: true, get: r => rows[r][1] });
  columns.push({ name: panel.x.label || 'x', number: !panel.x.names, get: r => named(panel.x, panel.x.names ? Math.round(rows[r][2]) : rows[r][2]) });
  if (ends) columns.push({ name: panel.series.some(s => s.mark === 'spans') ? 'until' : 'deviation', number: true, get: r => rows[r][4] });
  columns.push({ name: panel.y.label || ' ', number: !panel.y.names, get: r => named(panel.y, panel.y.names ? Math.round(rows[r][3]) : rows[r][3]) });
  if (values) columns.push({ name: panel.colour || 'count', number: true, get: r => rows[r][5] });
  return new Grid(columns, rows.length, { label: title });
}

/* ---- figures as charts ---- */
const NAMES = 280, pen = document.createElement('canvas').getContext('2d');
/* What the names beside an upright axis need, in pixels. */
function namesWidth(axis) {
  pen.font = '12px system-ui, sans-serif';
  return Math.min(NAMES, Math.ceil(Math.max(...axis.names.map(n => pen.measureText(n).width))));
}
function axisOption(axis, c, vertical) {
  const common = { name: axis.label, nameLocation: 'middle', nameGap: vertical ? 44 : 26, nameTextStyle: { color: c.soft }, axisLabel: { color: c.soft, hideOverlap: true },
    axisLine: { onZero: false, lineStyle: { color: c.soft } }, splitLine: { lineStyle: { color: c.grid } }, nameTruncate: { maxWidth: 320 } };
  if (axis.names) return { ...common, type: 'category', data: axis.names, axisLabel: { color: c.soft, width: vertical ? NAMES : 110, overflow: 'truncate', hideOverlap: !vertical || axis.names.length > 40, interval: vertical && axis.names.length <= 40 ? 0 : undefined },
    name: axis.label, nameGap: vertical ? 8 + namesWidth(axis) : 26, splitLine: { show: false }, jitter: vertical ? 0 : 24, jitterOverlap: true };
  return { ...common, type: axis.log ? 'log' : 'value', min: axis.min, max: axis.max, scale: true, minInterval: axis.whole ? 1 : undefined,
    axisLabel: { color: c.soft, hideOverlap: true, showMinLabel: axis.log ? undefined : false, showMaxLabel: axis.log ? undefined : false, formatter: v => short(v) } };
}

function quantiles(values) {
  const known = values.filter(v => v !== null).sort((a, b) => a - b);
  const at = q => known[Math.min(known.length - 1, Math.floor(q * known.length))];
  return known.length ? [at(0), at(.02), at(.98), at(1)] : [0, 0, 1, 1];
}

const visual = (label, lo, hi, c, indices, dimension, right) => ({ type: 'continuous', min: lo, max: hi > lo ? hi : lo + 1, dimension, seriesIndex: indices, calculable: false,
  orient: 'vertical', right: right ? 4 : 0, top: 'middle', itemHeight: 150, itemWidth: 12, text: [short(hi), short(lo)], textStyle: { color: c.soft, fontSize: 11 }, inRange: { color: VIRIDIS } });

/* Corners of a cell on an axis, as coordinates of the chart. */
function cellsSeries(s, panel, c) {
  const cells = [];
  s.value.forEach((v, i) => { if (v !== null) cells.push([i % s.nx, Math.floor(i / s.nx), v]); });
  const edge = (axis, k, n) => axis.log ? axis.min * Math.pow(axis.max / axis.min, k / n) : axis.min + (axis.max - axis.min) * k / n;
  const few = panel.x.names && panel.y.names && s.nx <= 24;
  const most = Math.max(...cells.map(x => x[2]));
  return { type: 'custom', name: s.name, data: cells, encode: { x: -1, y: -1, tooltip: [2] }, clip: true, silent: false, z: 1,
    renderItem: (params, api) => {
      const i = api.value(0), j = api.value(1);
      let x0, x1, y0, y1;
      const w = api.size([1, 1]);
      if (panel.x.names) { const m = api.coord([i, panel.y.names ? 0 : panel.y.min])[0]; x0 = m - w[0] / 2; x1 = m + w[0] / 2; }
      else { x0 = api.coord([edge(panel.x, i, s.nx), panel.y.names ? 0 : panel.y.min])[0]; x1 = api.coord([edge(panel.x, i + 1, s.nx), panel.y.names ? 0 : panel.y.min])[0]; }
      if (panel.y.names) { const m = api.coord([panel.x.names ? 0 : panel.x.min, j])[1]; y0 = m + w[1] / 2; y1 = m - w[1] / 2; }
      else { y0 = api.coord([panel.x.names ? 0 : panel.x.min, edge(panel.y, j, s.ny)])[1]; y1 = api.coord([panel.x.names ? 0 : panel.x.min, edge(panel.y, j + 1, s.ny)])[1]; }
      const rect = { type: 'rect', shape: { x: x0 - .3, y: y1 - .3, width: x1 - x0 + .6, height: y0 - y1 + .6 } };
      if (s.role === 'density') { rect.style = { fill: c.density, opacity: .12 + .6 * Math.log(1 + api.value(2)) / Math.log(1 + most) }; return rect; }
      rect.style = { fill: api.visual('color') };
      if (!few) return rect;
      const v = api.value(2);
      return { type: 'group', children: [rect, { type: 'text', style: { text: short(v), x: (x0 + x1) / 2, y: (y0 + y1) / 2, align: 'center', verticalAlign: 'middle',
        fontSize: 11, fill: v > .6 * most ? '#111' : '#fff' } }] };
    } };
}

function spansSeries(s, c, colour) {
  return { type: 'custom', name: s.name, data: s.x.map((x, i) => [x, s.x2[i], s.y[i], s.trial[i]]), encode: { x: [0, 1], y: 2 }, clip: true,
    renderItem: (params, api) => {
      const a = api.coord([api.value(0), api.value(2)]), b = api.coord([api.value(1), api.value(2)]), h = api.size([0, 1])[1] * .7;
      return { type: 'rect', shape: { x: a[0], y: a[1] - h / 2, width: Math.max(b[0] - a[0], 1), height: h }, style: { fill: colour, stroke: c.card, lineWidth: b[0] - a[0] > 3 ? .6 : 0 } };
    } };
}

function parallelOption(panel, c) {
  const s = panel.series[0], k = panel.axes.length, rows = s.trial.map((_, r) => s.value.slice(r * k, r * k + k).map(v => v === null ? NaN : v)), last = s.value.filter((_, i) => i % k === k - 1);
  const q = quantiles(last);
  return { parallel: { left: 50, right: 90, top: 46, bottom: 30, parallelAxisDefault: { nameLocation: 'end', nameGap: 14, nameTextStyle: { color: c.ink, fontSize: 11 }, axisLabel: { color: c.soft },
      axisLine: { lineStyle: { color: c.soft } }, areaSelectStyle: { width: 18, color: c.complete, opacity: .3 } } },
    parallelAxis: panel.axes.map((a, i) => ({ dim: i, name: a.label.split('.').slice(-2).join('.\n'), ...(a.names ? { type: 'category', data: a.names } : { type: a.log && a.min > 0 ? 'log' : 'value', min: a.min, max: a.max,
      axisLabel: { color: c.soft, formatter: v => short(v) } }) })),
    visualMap: visual(panel.colour, q[1], q[2], c, [0], k - 1, true),
    series: [{ type: 'parallel', data: rows, lineStyle: { width: 1, opacity: rows.length > 300 ? .25 : .5 }, progressive: 0, inactiveOpacity: .02, activeOpacity: .6, emphasis: { disabled: rows.length > 2500 } }] };
}

const DASHES = ['solid', 'dashed', 'dotted'], DENSE = 400, COMPARED = 12;
function cartesianOption(figure, panel, c) {
  const series = [], legend = [], coloured = [];
  const trials = new Map();
  let visuals = null;
  const add = (option, source) => { series.push({ ...option, id: String(series.length), source }); return series.length - 1; };
  for (const s of panel.series) {
    const colour = c[s.role] || c.other;
    if (s.mark === 'cells') {
      const i = add(cellsSeries(s, panel, c), s), q = quantiles(s.value);
      if (s.role !== 'density') visuals = visual(s.name, panel.x.names && panel.y.names ? q[0] : q[1], panel.x.names && panel.y.names ? q[3] : q[2], c, [i], 2);
      else legend.push([s.name, colour, 'rect']);
    } else if (s.mark === 'points') {
      const over = panel.series.some(o => o.mark === 'cells' && o.role === 'surface'), n = s.x.length;
      const i = add({ type: 'scatter', name: s.name, data: s.x.map((x, k) => [x, s.y[k], s.value ? s.value[k] : 0, s.trial ? s.trial[k] : null]), symbol: SHAPES[s.role] || 'circle',
        symbolSize: over ? 6 : s.role === 'best' ? 10 : n > 2000 ? 4 : n > DENSE ? 5 : 7, itemStyle: { color: s.role === 'best' ? c.best : colour, opacity: n > 2000 ? .6 : .85,
          ...(over ? { color: '#fff', borderColor: '#111', borderWidth: 1, opacity: .9 } : {}) }, progressive: 0, z: s.role === 'best' ? 5 : 3 }, s);
      if (s.value) coloured.push(i);
      legend.push([s.name, s.value ? c.soft : over ? c.soft : colour, SHAPES[s.role] || 'circle']);
    } else if (s.mark === 'bars') {
      add({ type: 'bar', name: s.name, data: s.x.map((x, k) => [x, s.y[k]]), itemStyle: { color: colour }, barMaxWidth: 22 }, s);
      add({ type: 'custom', name: 'deviation', silent: true, data: s.x.map((x, k) => [x, s.y[k], s.x2[k] || 0]), encode: { x: 0, y: 1 }, renderItem: (p, api) => {
        const d = api.value(2), y = api.value(1), a = api.coord([api.value(0) - d, y]), b = api.coord([api.value(0) + d, y]);
        return d > 0 && { type: 'line', shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style: { stroke: c.ink, lineWidth: 1.5 } };
      } }, s);
    } else if (s.mark === 'spans') {
      add(spansSeries(s, c, colour), s);
      legend.push([s.name, colour, 'rect']);
    } else if (s.mark === 'interval') {
      add({ type: 'custom', name: 'interval', silent: true, data: s.x.map((_, k) => [s.lo[k], s.y[k], s.hi[k]]), encode: { x: [0, 2], y: 1 }, renderItem: (p, api) => {
        const y = api.value(1), a = api.coord([api.value(0), y]), b = api.coord([api.value(2), y]), line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke: colour, lineWidth: 2 } });
        return { type: 'group', children: [line(a[0], a[1], b[0], b[1]), line(a[0], a[1] - 5, a[0], a[1] + 5), line(b[0], b[1] - 5, b[0], b[1] + 5)] };
      } }, s);
      add({ type: 'scatter', name: s.name, symbol: 'rect', symbolSize: 11, itemStyle: { color: colour }, data: s.x.map((x, k) => [x, s.y[k], 0, null]), z: 5 }, s);
    } else { /* lines and steps */
      const learning = figure.kind === 'learning', many = panel.series.length > 30, best = s.role === 'best', training = s.role === 'training';
      let stroke = colour, dash = training ? 'dashed' : 'solid';
      if (learning || s.role === 'other') {
        const key = learning ? s.of : s.name;
        if (!trials.has(key)) trials.set(key, trials.size);
        stroke = PALETTE[trials.get(key) % PALETTE.length];
        if (isDark() && stroke === '#0072b2') stroke = '#9db7ff';
        if (!learning) dash = DASHES[Math.floor(trials.get(key) / PALETTE.length) % DASHES.length];
      }
      add({ type: 'line', name: s.name, data: s.x.map((x, k) => [x, s.y[k], 0, s.trial ? s.trial[k] : s.of ?? null]), step: s.mark === 'steps' ? 'end' : false, showSymbol: s.x.length === 1 || (figure.kind === 'pareto' && s.x.length < DENSE),
        symbol: SHAPES[s.role] || 'circle', symbolSize: figure.kind === 'pareto' ? 7 : 5, sampling: s.mark === 'steps' ? undefined : 'lttb', itemStyle: { color: stroke }, z: best ? 6 : 2, emphasis: { focus: 'none' },
        lineStyle: { color: stroke, width: best ? 2.4 : learning ? 1.8 : many ? 1 : 2, type: dash, opacity: many && !best ? .35 : 1 } }, s);
      if (learning) { if (!training) legend.push([`trial ${s.of}`, stroke, 'line']); }
      else legend.push([figure.kind === 'intermediate' ? (best ? `best, ${s.name}` : s.role === 'running' ? (study().trials.state.some(x => x < 2) ? 'not ended' : 'paused') : s.role) : s.name, stroke, dash === 'solid' ? 'line' : dash]);
    }
  }
  if (figure.kind === 'learning') legend.push(['training', c.soft, 'dashed'], ['validation', c.soft, 'line']);
  if (coloured.length) {
    const q = quantiles(coloured.flatMap(i => series[i].source.value));
    visuals = visual(panel.colour, q[0], q[3], c, coloured, 2);
  }
  if (panel.rungs && series.length) series[series.length - 1].markLine = { silent: true, symbol: 'none', label: { show: figure.kind !== 'ablation', formatter: p => `rung ${p.value}`, color: c.soft, fontSize: 10 }, lineStyle: { color: c.soft, type: figure.kind === 'ablation' ? 'dashed' : 'dotted' },
    data: panel.rungs.map(x => ({ xAxis: x })) };
  const left = panel.y.names ? 24 + namesWidth(panel.y) + (panel.y.label ? 16 : 0) : 66;
  const option = { grid: { left, right: visuals ? 66 : 24, top: 16, bottom: 46 }, xAxis: axisOption(panel.x, c, false), yAxis: axisOption(panel.y, c, true), series: series.map(({ source, ...rest }) => rest),
    visualMap: visuals || undefined, dataZoom: panel.x.names || figure.kind === 'confusion' ? [] : [{ type: 'inside', xAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'ctrl' }, ...(panel.y.names ? [] : [{ type: 'inside', yAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'ctrl', moveOnMouseMove: false }])] };
  return { option, legend, sources: series.map(s => s.source) };
}

function describePoint(figure, panel, source, p) {
  const v = p.data, lines = [], line = (k, x) => x !== null && x !== undefined && lines.push(`${escaped(k)} <b>${escaped(short(x))}</b>`);
  if (!source) { /* parallel */
    const s = panel.series[0];
    line('trial', s.trial[p.dataIndex]);
    panel.axes.forEach((a, i) => line(a.label, named(a, Number.isNaN(v[i]) ? null : v[i])));
  } else if (source.mark === 'cells') {
    if (panel.x.names) line(panel.x.label, panel.x.names[v[0]]);
    if (panel.y.names) line(panel.y.label, panel.y.names[v[1]]);
    line(source.name, v[2]);
  } else if (source.mark === 'spans') {
    line('trial', v[3]); line(panel.y.names[v[2]], source.name); line('seconds', v[1] - v[0]);
  } else if (source.mark === 'interval') {
    line(panel.y.names[v[1]], v[0]); line('from', source.lo[p.dataIndex]); line('to', source.hi[p.dataIndex]);
  } else if (source.mark === 'bars') {
    line(panel.y.names[v[1]], v[0]); line('deviation', source.x2[p.dataIndex]);
  } else {
    line(source.trial || source.of !== undefined ? 'trial' : 'series', v[3] ?? source.name);
    line(panel.x.label, named(panel.x, v[0])); line(panel.y.label, named(panel.y, v[1]));
    if (source.value) line(panel.colour, v[2]);
  }
  return lines.join('<br>');
}

const glyph = (colour, shape) => {
  const NS = 'http://www.w3.org/2000/svg', svg = document.createElementNS(NS, 'svg'), make = (tag, a) => { const n = document.createElementNS(NS, tag); for (const k in a) n.setAttribute(k, a[k]); svg.append(n); };
  svg.setAttribute('width', 18); svg.setAttribute('height', 12); svg.setAttribute('aria-hidden', 'true');
  if (shape === 'line' || shape === 'dashed' || shape === 'dotted' || shape === 'roundRect') make('line', { x1: 0, y1: 6, x2: 18, y2: 6, stroke: colour, 'stroke-width': 2.4, ...(shape === 'dashed' ? { 'stroke-dasharray': '5 3' } : shape === 'dotted' ? { 'stroke-dasharray': '2 2' } : {}) });
  else if (shape === 'diamond') make('path', { d: 'M9 1 14 6 9 11 4 6Z', fill: colour });
  else if (shape === 'triangle') make('path', { d: 'M9 1 15 11 3 11Z', fill: colour });
  else if (shape === 'rect') make('rect', { x: 4, y: 1, width: 10, height: 10, fill: colour });
  else if (shape === 'emptyCircle') make('circle', { cx: 9, cy: 6, r: 4, fill: 'none', stroke: colour, 'stroke-width': 1.6 });
  else make('circle', { cx: 9, cy: 6, r: 4.5, fill: colour });
  return svg;
};

function drawPanel(node, legendNode, figure, panel, renderer) {
  const c = colours(), parallel = !!panel.axes;
  const made = parallel ? { option: parallelOption(panel, c), legend: [], sources: [] } : cartesianOption(figure, panel, c);
  const chart = charts.init(node, null, { renderer: renderer || 'canvas' });
  chart.setOption({ animation: false, backgroundColor: 'transparent', textStyle: { fontFamily: 'system-ui, sans-serif', color: c.ink }, aria: { enabled: true, label: { description: `${figure.title}${panel.title ? ', ' + panel.title : ''}. The button Table shows its numbers.` } },
    tooltip: { confine: true, backgroundColor: c.card, borderColor: c.grid, textStyle: { color: c.ink, fontSize: 12 }, formatter: p => describePoint(figure, panel, parallel ? null : made.sources[p.seriesIndex], p) }, ...made.option });
  chart.on('click', p => {
    const s = parallel ? panel.series[0] : made.sources[p.seriesIndex];
    const trial = !s || s.mark === 'cells' ? null : parallel || s.trial ? s.trial[p.dataIndex] : s.of;
    if (trial !== null && trial !== undefined) showTrial(trial);
  });
  if (legendNode) {
    const seen = new Set(), entries = made.legend.filter(([name, colour, shape]) => !seen.has(name + shape) && seen.add(name + shape));
    legendNode.replaceChildren(...(entries.length > 1 || figure.kind === 'pareto' ? entries.map(([name, colour, shape]) => el('span', null, glyph(colour, shape), name)) : []));
  }
  return chart;
}

/* ---- cards ---- */
function card(id, title, about, ...rest) {
  return el('section', { id, 'aria-labelledby': id + '-title' }, el('div', { class: 'head' }, el('h2', { id: id + '-title' }, title), el('span', { class: 'about' }, about)), ...rest);
}

function saveSvg(figure) {
  figure.panels.forEach((panel, i) => {
    const node = el('div', { style: 'width:900px;height:500px;position:absolute;left:-9999px' });
    document.body.append(node);
    const chart = drawPanel(node, null, figure, panel, 'svg');
    const link = el('a', { href: chart.getDataURL({ type: 'svg', backgroundColor: colours().card }), download: `${study().name}-${figure.kind}${figure.panels.length > 1 ? '-' + (i + 1) : ''}.svg`.replace(/[^\w.-]+/g, '_') });
    link.click();
    chart.dispose();
    node.remove();
  });
}

function figureCard(figure, alone) {
  const node = card(figure.kind, figure.title, INFO[figure.kind] || '');
  const head = node.querySelector('.head');
  if (figure.note) head.append(el('span', { class: 'badge' }, figure.note));
  const single = figure.panels.length === 1;
  const legend = el('div', { class: 'legend' }), panels = el('div', { class: 'panels' + (single ? ' single' : '') + (figure.kind === 'confusion' || figure.kind === 'parallel' ? ' tall' : figure.kind === 'ablation' ? ' wide' : '') });
  const slots = figure.panels.map(panel => { const chart = el('div', { class: 'chart' }); panels.append(el('div', null, panel.title ? el('h3', null, panel.title) : null, chart)); return { panel, chart }; });
  for (const { panel, chart } of slots) if (panel.series.some(s => s.mark === 'interval')) chart.style.height = Math.max(200, 70 + 26 * panel.y.names.length) + 'px';
  if (single && (figure.kind === 'importance' || figure.kind === 'timeline')) slots[0].chart.style.height = Math.max(160, 70 + 26 * (figure.panels[0].y.names || []).length) + 'px';
  const tables = el('div', { class: 'hidden' });
  let asTable = !hasCharts;
  const entry = { node: panels, done: false, charts: [], draw() {
    if (this.done || asTable || !hasCharts) return;
    this.done = true;
    this.charts = slots.map(({ panel, chart }, i) => drawPanel(chart, i === (figure.kind === 'ablation' ? slots.length - 1 : 0) ? legend : null, figure, panel));
  }, dispose() { this.charts.forEach(c => c.dispose()); this.charts = []; this.done = false; } };
  const show = () => {
    panels.classList.toggle('hidden', asTable);
    legend.classList.toggle('hidden', asTable);
    tables.classList.toggle('hidden', !asTable);
    if (asTable && !tables.childElementCount)
      figure.panels.forEach(p => { const grid = figureTable(p, `${figure.title} ${p.title}`); tables.append(p.title ? el('h3', null, p.title) : '', grid.node); });
    if (!asTable) entry.draw();
  };
  const actions = el('span', { class: 'actions' });
  const positive = ['history', 'intermediate', 'slice', 'learning', 'compare'].includes(figure.kind) && figure.panels.every(p => !p.y.names && p.series.length && p.series.every(s => s.y && s.y.every(v => v === null || v > 0)));
  if (hasCharts && positive) {
    const log = el('button', { type: 'button', 'aria-pressed': 'false', title: 'logarithmic axis of values', onclick: () => {
      const on = log.getAttribute('aria-pressed') !== 'true';
      log.setAttribute('aria-pressed', String(on));
      for (const slot of slots) {
        if (slot.panel.y.label === 'share of trials') continue;
        const y = slot.panel.y, least = Math.min(...slot.panel.series.flatMap(s => s.y.filter(v => v !== null)));
        slot.panel = { ...slot.panel, y: on ? { ...y, linear: y.min, log: 1, min: least / 1.05 } : { ...y, log: 0, min: y.linear } };
      }
      entry.dispose();
      show();
    } }, 'Log');
    actions.append(log);
  }
  if (hasCharts) {
    const button = el('button', { type: 'button', 'aria-pressed': 'false', onclick: () => { asTable = !asTable; button.setAttribute('aria-pressed', String(asTable)); show(); } }, 'Table');
    actions.append(button, el('button', { type: 'button', onclick: () => saveSvg(figure) }, 'SVG'));
    head.append(actions);
  }
  node.append(legend, panels, tables);
  if (figure.kind === 'ablation' && figure.panels.some(p => !p.y.names)) { /* it is about the curves */
    slots[slots.length - 1].chart.before(legend);
    slots[slots.length - 1].chart.parentNode.style.gridColumn = '1 / -1';
  }
  if (asTable) show();
  if (alone) return { node, entry };
  drawn.push(entry);
  observer.observe(panels);
  return node;
}

/* ---- trials ---- */
const OPERATORS = { '=': (a, b) => a === b, '!=': (a, b) => a !== b, '<': (a, b) => a < b, '<=': (a, b) => a <= b, '>': (a, b) => a > b, '>=': (a, b) => a >= b };
/* "state=complete value<0.4 rate>=1e-3 sgd": all of them; a word alone is looked for in all texts. What cannot be understood: an error. */
function parseFilter(text, columns) {
  const tests = [];
  for (const term of text.split(/[\s,]+|\band\b/).filter(Boolean)) {
    const m = /^([^<>=!]+)(<=|>=|!=|=|<|>)(.+)$/.exec(term);
    if (!m) {
      const word = term.toLowerCase();
      tests.push(r => columns.some(c => { const v = c.get(r); return typeof v === 'string' && v.toLowerCase().includes(word); }));
      continue;
    }
    const column = columns.find(c => c.name === m[1]) || columns.find(c => c.name.endsWith('.' + m[1])) || columns.find(c => c.name.startsWith(m[1]));
    if (!column) throw new Error(`no column '${m[1]}'`);
    const operator = OPERATORS[m[2]], number = Number(m[3]);
    if (m[2] !== '=' && m[2] !== '!=' && Number.isNaN(number)) throw new Error(`'${m[3]}' is no number`);
    tests.push(r => { const v = column.get(r); return v !== null && v !== undefined && (typeof v === 'number' ? operator(v, number) : operator(String(v), m[3])); });
  }
  return r => tests.every(test => test(r));
}

function trialColumns(s) {
  const t = s.trials;
  return [{ name: 'trial', number: true, trial: true, get: r => t.number[r] }, { name: 'state', get: r => STATES[t.state[r]] },
    ...s.objectives.map((o, k) => ({ name: o.name, number: true, get: r => t.values[k][r] })), ...s.dims.map((d, k) => ({ name: d.key, number: !d.names.length, get: r => named(d, t.x[k][r]) })),
    { name: 'step', number: true, get: r => t.step[r] }, { name: 'seconds', number: true, get: r => t.seconds[r] }, { name: 'worker', number: true, get: r => t.worker[r] },
    ...(t.violation ? [{ name: 'violation', number: true, get: r => t.violation[r] }] : []), ...t.metrics.map(m => ({ name: m.name, number: true, get: r => m.values[r] })),
    ...(Object.keys(t.messages).length ? [{ name: 'message', get: r => t.messages[t.number[r]] || null }] : []), ...(Object.keys(t.notes).length ? [{ name: 'note', get: r => t.notes[t.number[r]] || null }] : [])];
}

function trialsCard(s, before) {
  const columns = trialColumns(s), n = s.trials.number.length, grid = new Grid(columns, n, { label: 'all trials', best: bestRow(s, objective) });
  const shown = el('output', { 'aria-live': 'polite' }, `${count(n)} trials`);
  let timer;
  const input = el('input', { type: 'search', id: 'filter', placeholder: 'state=complete ' + (s.objectives[0] ? s.objectives[0].name.split('.').pop() + '<0.5' : ''), 'aria-describedby': 'filter-help', oninput: () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      try { grid.filter(parseFilter(input.value, columns)); shown.textContent = `${count(grid.order.length)} of ${count(n)} trials`; } catch (problem) { shown.textContent = problem.message; }
    }, 60);
  } });
  trialsGrid = { grid, input };
  if (before) { /* it was looked at while something changed */
    input.value = before.input.value;
    if (input.value) try { grid.filter(parseFilter(input.value, columns)); shown.textContent = `${count(grid.order.length)} of ${count(n)} trials`; } catch (problem) { shown.textContent = problem.message; }
    const at = columns.findIndex(c => before.grid.sorted >= 0 && c.name === before.grid.columns[before.grid.sorted].name);
    if (at >= 0) { grid.sort(at); if (before.grid.down) grid.sort(at); }
    requestAnimationFrame(() => { grid.node.scrollTop = before.grid.node.scrollTop; grid.draw(); });
  }
  return card('trials', 'Trials', 'All of them. A click on a title sorts.', el('p', { class: 'actions' }, el('label', { for: 'filter' }, 'Filter'), input, shown,
    el('span', { class: 'about', id: 'filter-help' }, 'column=value, <, <=, >, >=, !=; several of them; a word alone is looked for in texts')), grid.node);
}

/* ---- the rest ---- */
function summary(s) {
  const t = s.trials, c = colours(), numbers = STATES.map((_, i) => t.state.reduce((n, v) => n + (v === i), 0)), best = bestRow(s, objective), o = s.objectives[objective];
  const tile = (what, big, small) => el('div', { class: 'tile' }, el('div', { class: 'what' }, what), el('div', { class: 'big' }, big), small ? el('div', { class: 'what' }, small) : null);
  const ends = t.started.map((v, i) => v === null || t.seconds[i] === null ? 0 : v + t.seconds[i]), total = ends.reduce((a, b) => Math.max(a, b), 0), work = t.seconds.reduce((a, b) => a + (b || 0), 0);
  const node = card('summary', s.name, s.ended || s.state, el('div', { class: 'tiles' },
    best >= 0 ? tile(`best ${o.name} (${o.maximize ? 'max' : 'min'})`, short(t.values[objective][best]), el('button', { type: 'button', onclick: () => showTrial(t.number[best]) }, `trial ${t.number[best]}`)) : tile('best', '\u2013', 'no trial is complete yet'),
    tile('trials', count(t.number.length), STATES.map((state, i) => [state, numbers[i]]).filter(x => x[1]).map(([state, k]) => `${count(k)} ${state}`).join(', ')),
    tile('time', duration(total), work > 0 ? `${duration(work)} of work in trials` : null), tile('seed', s.seed, s.created ? new Date(s.created * 1000).toISOString().replace('T', ' ').slice(0, 16) + ' UTC' : null)));
  if (best >= 0) node.append(el('div', { class: 'columns', style: 'margin-top:1rem' }, el('table', { class: 'plain' }, el('caption', { class: 'hidden' }, 'best trial'), s.dims.filter((d, k) => t.x[k][best] !== null).map(d => {
    const k = s.dims.indexOf(d);
    return el('tr', null, el('th', { scope: 'row' }, d.key), el('td', { class: 'n' }, short(named(d, t.x[k][best]))));
  })), el('div', null, el('p', { class: 'what' }, 'Train the best once more, with its values:'), el('pre', null, `hone best ${s.command} --format ini > best.ini\nhone train best.ini`))));
  return node;
}

function settings(s) {
  const from = new Map(s.sources.split('\n').filter(Boolean).map(line => line.split('\t'))), pre = el('pre', { tabindex: 0 });
  let section = '';
  for (const line of s.config.split('\n')) {
    const head = /^\[(.*)\]/.exec(line), item = /^([^=;]+?)\s*=/.exec(line);
    if (head) section = head[1];
    const source = item && from.get(`${section}.${item[1]}`);
    pre.append(line, source ? el('span', { class: 'from' }, `    ; ${source}`) : '', '\n');
  }
  const environment = s.environment.split('\n').filter(Boolean).map(line => { const k = line.indexOf('='); return [line.slice(0, k), line.slice(k + 1)]; });
  return [card('settings', 'Settings', 'The resolved INI alone reproduces the study; behind each value, where it came from.', pre),
    card('environment', 'Environment', '', el('table', { class: 'plain' }, environment.map(([k, v]) => el('tr', null, el('th', { scope: 'row' }, k), el('td', null, v)))))];
}

/* What hone ablate has found; null: the study is none of its. */
function ablationOf(s) {
  let a = null;
  try { a = JSON.parse(s.ablation || 'null'); } catch { /* not ours to repair */ }
  return a && Array.isArray(a.cells) ? a : null;
}

/* Best so far of each cell, beside the forest plot that the figure is. */
function withCurves(figure, a) {
  const curved = a ? a.cells.filter(c => c.best_by_trials && c.best_by_trials.at && c.best_by_trials.at.length > 1) : [];
  if (!curved.length || figure.missing) return figure;
  const values = curved.flatMap(c => c.best_by_trials.mean).filter(v => v !== null), lo = Math.min(...values), hi = Math.max(...values), air = .03 * (hi - lo || 1);
  return { ...figure, panels: [...figure.panels, { title: 'Best so far, mean over the seeds', x: { label: 'trials', min: 0, max: Math.max(...curved.flatMap(c => c.best_by_trials.at)) + 1 },
    y: { label: a.objective || a.metric, min: lo - air, max: hi + air }, series: curved.map(c => ({ name: c.cell, mark: 'steps', role: 'other', x: c.best_by_trials.at, y: c.best_by_trials.mean })) }] };
}

function cellsCard(a) {
  const column = (name, key) => ({ name, number: true, get: r => a.cells[r][key] }), pair = key => r => a.cells[r][key] ? `${short(a.cells[r][key][0])} .. ${short(a.cells[r][key][1])}` : null;
  const grid = new Grid([{ name: 'cell', get: r => a.cells[r].cell }, column('n', 'n'), column('mean', 'mean'), column('deviation', 'deviation'), column('median', 'median'), column('interquartile mean', 'interquartile_mean'), { name: 'interval', get: pair('interval') },
    { name: 'by', get: r => a.cells[r].interval_method }, column('difference', 'difference'), { name: 'its interval', get: pair('difference_interval') }, column('p', 'p'), column('p, corrected', 'p_adjusted'), column('P(better)', 'superiority'), column("Cliff's delta", 'cliffs_delta'),
    column('s/run', 'seconds'), column('failed runs', 'failed_runs')], a.cells.length, { label: 'cells', best: a.cells.findIndex(c => c.reference) });
  const tables = [grid.node];
  if (Array.isArray(a.effects) && a.effects.length) {
    const keys = Object.keys(a.effects[0]).filter(k => typeof a.effects[0][k] !== 'object' || Array.isArray(a.effects[0][k]) || a.effects[0][k] === null);
    tables.push(el('h3', { style: 'margin-top:1rem' }, 'Effects'), new Grid(keys.map(k => ({ name: k.replace(/_/g, ' '), number: typeof a.effects[0][k] === 'number', get: r => { const v = a.effects[r][k]; return Array.isArray(v) ? v.map(short).join(' .. ') : v; } })), a.effects.length, { label: 'effects' }).node);
  }
  if (a.notes) tables.push(el('pre', { tabindex: 0 }, a.notes));
  return card('cells', 'Cells', `${a.metric}, ${a.direction === 'max' ? 'more' : 'less'} is better; design ${a.design}, ${a.cells.length} cells, ${a.seeds} seeds, intervals at ${100 * a.level} %.`, ...tables);
}

/* Studies beside each other: best so far and distributions, a line each. items: { name, figures }; null: nothing to compare. */
function compareFigure(items) {
  const of = (kind, title, pick) => {
    const panels = items.map(x => ({ name: x.name, f: x.figures.find(f => f && f.kind === kind) })).filter(x => x.f && x.f.panels.length), key = kind === 'edf' ? 'x' : 'y';
    if (panels.length < 2 || panels.some(x => x.f.panels[0][key].label !== panels[0].f.panels[0][key].label)) return null;
    const series = panels.map(({ name, f }) => { const line = f.panels[0].series.find(pick); return line && { ...line, name, role: 'other', trial: undefined }; }).filter(Boolean);
    const range = axis => { const v = series.flatMap(x => x[axis]).filter(x => x !== null), lo = Math.min(...v), hi = Math.max(...v), air = hi > lo ? .03 * (hi - lo) : .5; return { ...panels[0].f.panels[0][axis], min: lo - air, max: hi + air }; };
    return series.length > 1 ? { title, x: range('x'), y: range('y'), series } : null;
  };
  const panels = items.length <= COMPARED ? [of('history', 'Best so far', s => s.role === 'best'), of('edf', 'Distribution of values', () => true)].filter(Boolean) : [];
  return panels.length ? { kind: 'compare', title: 'Studies', note: null, missing: null, panels } : null;
}

function comparison() {
  const figure = compareFigure(data.studies.map(s => ({ name: s.name, figures: s.figures[0] || [] })));
  const rows = data.studies.map(s => ({ s, best: s.objectives.length ? bestRow(s, 0) : -1 }));
  const grid = new Grid([{ name: 'study', get: r => rows[r].s.name }, { name: 'state', get: r => rows[r].s.state }, { name: 'trials', number: true, get: r => rows[r].s.trials.number.length },
    { name: 'complete', number: true, get: r => rows[r].s.trials.state.filter(x => x === 3).length }, { name: 'best', number: true, get: r => rows[r].best < 0 ? null : rows[r].s.trials.values[0][rows[r].best] },
    { name: 'objective', get: r => rows[r].s.objectives[0] ? rows[r].s.objectives[0].name : null }], rows.length, { label: 'studies', best: current });
  const node = figure ? figureCard(figure) : card('compare', 'Studies', '');
  node.append(grid.node);
  return node;
}

/* ---- live: the same page, its parts asked for when they come into sight, and again when something has changed ---- */
async function ask(path, body) {
  const response = await fetch(`api/${path}${data.token ? `${path.includes('?') ? '&' : '?'}token=${encodeURIComponent(data.token)}` : ''}`, body === undefined ? {} : { method: 'POST', body, headers: { 'X-Hone': '1' } });
  if (!response.ok) throw new Error(await response.text());
  return body === undefined ? response.json() : response.text();
}
function tell(text) {
  const node = document.getElementById('said');
  if (node) node.textContent = text;
}
const failed = problem => tell(problem.message);

/* A figure that is asked for when it comes into sight; stale: it is asked for again. */
function liveFigure(kind) {
  const slot = el('div', { 'data-kind': kind.kind }, card(kind.kind, kind.title, INFO[kind.kind] || '', el('div', { style: 'height:300px' })));
  const entry = { node: slot, slot, stale: true, busy: false, charts: [], async draw() {
    if (!this.stale || this.busy) return;
    this.busy = true;
    this.stale = false;
    try {
      const figure = await ask(`figure?study=${current}&objective=${objective}&kind=${kind.kind}`), key = JSON.stringify(figure);
      if (key !== this.key) {
        this.key = key;
        const inner = figure.missing ? null : figureCard(withCurves(expandFigure(figure), kind.kind === 'ablation' && ablationOf(study())), true);
        (this.inner || { dispose() {} }).dispose();
        slot.replaceChildren(figure.missing ? card(kind.kind, kind.title, '', el('p', { class: 'missing' }, figure.missing)) : inner.node);
        this.inner = inner && inner.entry;
        this.charts = this.inner ? (this.inner.draw(), this.inner.charts) : [];
      }
    } catch (problem) { failed(problem); }
    this.busy = false;
  }, dispose() { if (this.inner) this.inner.dispose(); } };
  return entry;
}

/* All studies in one chart: asked for again where they have changed. */
const compared = new Map();
function liveComparison() {
  const slot = el('div', null, card('compare', 'Studies compared', '', el('div', { style: 'height:300px' })));
  return { node: slot, slot, stale: true, busy: false, charts: [], inner: null, async draw() {
    if (!this.stale || this.busy) return;
    this.busy = true;
    this.stale = false;
    try {
      for (const [i, x] of list.entries()) {
        const key = `${x.trials} ${x.complete}`;
        if (compared.get(x.name)?.key === key) continue;
        const figures = [];
        for (const kind of ['history', 'edf']) figures.push(await ask(`figure?study=${i}&objective=0&kind=${kind}`).then(expandFigure).catch(() => null));
        compared.set(x.name, { key, name: x.name, figures });
      }
      const figure = compareFigure(list.map(x => compared.get(x.name))), inner = figure && figureCard(figure, true);
      if (this.inner) this.inner.dispose();
      slot.replaceChildren(...(inner ? [inner.node] : []));
      this.inner = inner && inner.entry;
      if (this.inner) { this.inner.draw(); this.charts = this.inner.charts; }
    } catch (problem) { failed(problem); }
    this.busy = false;
  }, dispose() { if (this.inner) this.inner.dispose(); } };
}

const inSight = node => { const r = node.getBoundingClientRect(); return r.bottom > -300 && r.top < innerHeight + 300; };
let wanted = false, updating = false, loaded = -1;
/* One update at a time; the next one not before twice what this one took, so that large studies are not asked for all the time. */
async function update() {
  wanted = true;
  if (updating) return;
  updating = true;
  while (wanted) {
    wanted = false;
    const from = performance.now();
    try {
      list = await ask('studies');
      if (current >= list.length) current = 0;
      if (!list.length) { document.getElementById('page').replaceChildren(el('main', null, el('p', null, 'There is no study yet.'))); break; }
      const fresh = expandStudy(await ask(`study?study=${current}`));
      data.studies = list.map((x, i) => i === current ? fresh : { name: x.name, state: x.state, objectives: [], trials: { number: [], state: [], values: [], notes: {} }, figures: [], dims: [] });
      if (loaded !== current || !document.getElementById(ablationOf(fresh) ? 'cells' : 'summary')) { loaded = current; renderLive(); } else refreshLive();
      tell(`${list[current].state}, ${count(list[current].trials)} trials`);
    } catch (problem) { failed(problem); }
    document.documentElement.dataset.updates = String(1 + Number(document.documentElement.dataset.updates || 0));
    await new Promise(resolve => setTimeout(resolve, Math.max(300, 2 * (performance.now() - from))));
  }
  updating = false;
}

function studiesCard() {
  const grid = new Grid([{ name: 'study', get: r => list[r].name }, { name: 'state', get: r => list[r].state }, ...['trials', 'complete', 'pruned', 'failed'].map(k => ({ name: k, number: true, get: r => list[r][k] })),
    { name: 'changed', get: r => new Date(list[r].updated * 1000).toISOString().slice(0, 16).replace('T', ' ') }], list.length, { label: 'studies', best: current });
  return card('studies', 'Studies', 'Choose one above.', grid.node);
}

function controls() {
  if (!data.write) return null;
  const said = el('output', { 'aria-live': 'polite' }), answer = promise => promise.then(text => { said.textContent = text; }, problem => { said.textContent = `refused: ${problem.message}`; });
  const point = el('input', { type: 'text', id: 'point', placeholder: study().dims.slice(0, 2).map(d => `${d.key}=…`).join(', '), size: 40 });
  return card('control', 'Control', 'This dashboard may change what runs.', el('p', { class: 'actions' },
    el('button', { type: 'button', onclick: () => confirm(`End study ${study().name} in order?`) && answer(ask(`stop?study=${current}`, '')) }, 'Stop the study'),
    el('label', { for: 'point' }, 'Try next'), point, el('button', { type: 'button', onclick: () => answer(ask(`point?study=${current}`, point.value.split(/,\s*/).join('\n'))) }, 'Enqueue'), said));
}

function noteCard() {
  const block = noteBlock(null), node = block && card('note', 'Note', data.notes ? 'About the study as a whole; those about trials are with them.' : '', block);
  return node && Object.assign(node, { isBeingWritten: block.isBeingWritten || (() => false) });
}

function refreshLive() {
  const s = study(), note = document.getElementById('note');
  if (!note || !note.isBeingWritten()) {
    const fresh = noteCard();
    if (note) note.remove();
    if (fresh) document.getElementById(ablationOf(s) ? 'cells' : 'summary').after(fresh);
  }
  if (opened) opened();
  document.getElementById('studies')?.replaceWith(studiesCard());
  const a = ablationOf(s);
  if (a) document.getElementById('cells').replaceWith(cellsCard(a));
  else {
    document.getElementById('summary').replaceWith(summary(s));
    document.getElementById('trials').replaceWith(trialsCard(s, trialsGrid));
  }
  drawn.forEach(d => { d.stale = true; if (inSight(d.node)) d.draw(); });
}

function renderLive() {
  const s = study();
  begin();
  const main = el('main', null, noCharts());
  if (list.length > 1) main.append(studiesCard());
  if (list.length > 1 && list.length <= COMPARED) {
    const entry = liveComparison();
    drawn.push(entry);
    main.append(entry.slot);
    observer.observe(entry.slot);
  }
  const a = ablationOf(s), follow = kind => {
    const entry = liveFigure(kind);
    drawn.push(entry);
    main.append(entry.slot);
    observer.observe(entry.slot);
  };
  if (a) { /* it has no trials of its own */
    data.kinds.filter(kind => kind.kind === 'ablation').forEach(follow);
    main.append(...[cellsCard(a), noteCard()].filter(Boolean));
  } else {
    main.append(...[summary(s), noteCard(), controls()].filter(Boolean));
    data.kinds.filter(kind => kind.kind !== 'ablation').forEach(follow);
    main.append(trialsCard(s));
  }
  main.append(...settings(s));
  finish(main, list.map(x => x.name), s);
}

/* ---- the page ---- */
function begin() {
  drawn.forEach(entry => entry.dispose());
  drawn = [];
  if (observer) observer.disconnect();
  observer = new IntersectionObserver(entries => entries.forEach(e => { if (e.isIntersecting) drawn.find(d => d.node === e.target)?.draw(); }), { rootMargin: '300px' });
}
const noCharts = () => hasCharts ? null : el('p', { class: 'warning', role: 'note' }, 'This hone was built without its chart library (npm was missing, or could not fetch it: make charts), so that the plots are shown as tables.');

function finish(main, names, s) {
  const choose = (label, options, value, change) => el('label', null, label, el('select', { onchange: e => { change(e.target.selectedIndex); if (data.live) { loaded = -1; update(); } else render(); } }, options.map((n, i) => el('option', { selected: i === value }, n))));
  const objectives = s.objectives.slice(0, data.live ? s.objectives.length : s.figures.length);
  const header = el('header', null, el('div', { class: 'bar' }, el('h1', null, data.title), data.live ? el('output', { id: 'said', 'aria-live': 'polite' }) : null,
    names.length > 1 ? choose('Study', names, current, i => { current = i; objective = 0; }) : null, objectives.length > 1 ? choose('Objective', objectives.map(o => o.name), objective, i => { objective = i; }) : null,
    el('button', { type: 'button', id: 'theme', onclick: () => setTheme(isDark() ? 'light' : 'dark', true) }, isDark() ? 'Light' : 'Dark')),
  el('nav', { 'aria-label': 'sections' }, [...main.querySelectorAll('section')].map(x => el('a', { href: '#' + x.id }, x.id === 'summary' ? 'Summary' : x.querySelector('h2').textContent))));
  document.getElementById('page').replaceChildren(header, main);
  document.documentElement.dataset.ready = 'yes';
}

function render() {
  begin();
  const s = study(), figures = s.figures[objective] || [], main = el('main', null, noCharts());
  const a = ablationOf(s), absent = a ? [] : figures.filter(f => f.missing), shown = figures.filter(f => !f.missing).map(f => figureCard(f.kind === 'ablation' ? withCurves(f, a) : f));
  if (a) main.append(...shown, cellsCard(a)); /* it has no trials of its own */
  if (data.studies.length > 1) main.append(comparison());
  main.append(...(a ? [noteCard()] : [summary(s), noteCard(), ...shown, trialsCard(s)]).filter(Boolean), ...settings(s));
  if (absent.length) main.append(card('absent', 'Not shown', '', el('table', { class: 'plain' }, absent.map(f => el('tr', null, el('th', { scope: 'row' }, f.title), el('td', null, f.missing))))));
  finish(main, data.studies.map(x => x.name), s);
}

function setTheme(theme, chosen) {
  document.documentElement.dataset.theme = theme;
  if (chosen) try { localStorage.setItem('hone-theme', theme); } catch { /* files have no storage */ }
  if (data && data.studies) { if (data.live) { loaded = -1; update(); } else render(); }
}

const dark = matchMedia('(prefers-color-scheme: dark)');
let kept = null;
try { kept = localStorage.getItem('hone-theme'); } catch { /* the same */ }
setTheme(kept || (dark.matches ? 'dark' : 'light'));
dark.addEventListener('change', e => setTheme(e.matches ? 'dark' : 'light'));
let resizing;
addEventListener('resize', () => { clearTimeout(resizing); resizing = setTimeout(() => drawn.forEach(d => d.charts.forEach(c => c.resize())), 100); });
/* for tests: everything at once, also what is out of sight */
globalThis.honeDrawAll = () => { return data.live ? Promise.all(drawn.map(d => d.draw())).then(() => drawn.length) : (drawn.forEach(d => d.draw()), drawn.length); };
data = JSON.parse(document.getElementById('data').textContent);
if (data.live) {
  const events = new EventSource(`api/events${data.token ? `?token=${encodeURIComponent(data.token)}` : ''}`);
  events.onmessage = update;
  events.onerror = () => tell('hone serve does not answer; trying again');
  update();
} else {
  data.studies.forEach(expandStudy);
  render();
}
})();
