/* SPDX-License-Identifier: MIT */
/* The page of hone's reports: draws what the JSON in #data holds. Plain DOM; texts never become markup. */
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
