/* SPDX-License-Identifier: MIT */
/* What is said of a study as a whole, of an ablation, of studies beside each other. */
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
