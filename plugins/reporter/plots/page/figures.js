/* SPDX-License-Identifier: MIT */
/* Figures as tables and as charts, each in its card. */
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
