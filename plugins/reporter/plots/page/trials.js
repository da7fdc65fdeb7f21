/* SPDX-License-Identifier: MIT */
/* The table of the trials, to sort and filter. */
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
