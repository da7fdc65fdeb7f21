/* SPDX-License-Identifier: MIT */
/* The same page, live: its parts are asked for when they come into sight, and again when something has changed. */
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

const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const columnsOf = t => [t.number, t.state, t.step, t.started, t.seconds, t.worker, ...(t.violation ? [t.violation] : []), ...t.values, ...t.x, ...t.metrics.map(m => m.values)];
/* Takes the trials of a part, which are new or have changed, into those of the study; null: they do not fit. */
function merge(s, part) {
  const to = s.trials, from = part.trials, columns = columnsOf(to), fresh = columnsOf(from), names = t => t.metrics.map(m => m.name);
  if (s.name !== part.name || s.first !== part.first || columns.length !== fresh.length || !alike(s.dims, part.dims) || !alike(names(to), names(from))) return null;
  for (const [i, number] of from.number.entries()) {
    let low = 0, high = to.number.length;
    while (low < high) { const middle = (low + high) >> 1; if (to.number[middle] < number) low = middle + 1; else high = middle; }
    if (low < to.number.length && to.number[low] !== number) return null;
    columns.forEach((column, c) => { column[low] = fresh[c][i]; });
    delete to.messages[number];
  }
  Object.assign(to.messages, from.messages);
  to.notes = from.notes;
  part.trials = to;
  return part;
}
/* The study at hand, of which what has changed is asked for alone where the rest is here. */
async function askStudy() {
  const before = loaded === current && data.studies ? study() : null;
  if (before && before.version) {
    const part = await ask(`study?study=${current}&since=${before.version}`);
    if (!part.since) return expandStudy(part);
    if (merge(before, part)) return expandStudy(part);
  }
  return expandStudy(await ask(`study?study=${current}`));
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
      const fresh = await askStudy();
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
