/* SPDX-License-Identifier: MIT */
/* What all of the page uses: the data, colours, numbers as texts. The files of this folder become one function (rules.mk). */
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
