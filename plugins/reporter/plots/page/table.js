/* SPDX-License-Identifier: MIT */
/* Tables of any length: only the rows in sight are there. */
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
