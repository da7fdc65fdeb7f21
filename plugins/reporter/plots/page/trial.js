/* SPDX-License-Identifier: MIT */
/* One trial: its numbers, curves, texts, how it ended; notes. */
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
