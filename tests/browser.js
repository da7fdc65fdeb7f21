// SPDX-License-Identifier: MIT
// node browser.js CHROMIUM PAGE [--dark] [--width N] [--wait EXPRESSION] [--evaluate EXPRESSION]... [--screenshot FILE]...
//
// Opens a page (a path or an address) in a headless Chromium, in a profile of its own, and does what follows in its order: waits until an
// expression is true, prints what expressions come to as JSON, a line each, takes pictures of the whole page. Exits with 1 where the page
// threw or wrote errors to its console. Speaks the DevTools protocol over a pipe, so that it needs nothing but Node.
'use strict';
const { spawn } = require('child_process'), fs = require('fs'), os = require('os'), path = require('path');
const [chromium, page, ...rest] = process.argv.slice(2);
const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'hone-browser-'));
const dark = rest.includes('--dark'), width = rest.includes('--width') ? +rest[rest.indexOf('--width') + 1] : 1280;
const browser = spawn(chromium, ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--hide-scrollbars', '--remote-debugging-pipe', `--user-data-dir=${profile}`, `--window-size=${width},900`, 'about:blank'],
{ stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
const pending = new Map(), problems = [];
let last = 0, session, received = '';

function call(method, params = {}) {
  return new Promise((resolve, reject) => {
    pending.set(++last, { resolve, reject });
    browser.stdio[3].write(JSON.stringify({ id: last, method, params, ...(session ? { sessionId: session } : {}) }) + '\0');
  });
}
browser.stdio[4].on('data', bytes => {
  received += bytes;
  for (let end; (end = received.indexOf('\0')) >= 0; received = received.slice(end + 1)) {
    const message = JSON.parse(received.slice(0, end));
    if (message.id) {
      const { resolve, reject } = pending.get(message.id);
      pending.delete(message.id);
      if (message.error) reject(new Error(message.error.message)); else resolve(message.result);
    } else if (message.method === 'Runtime.exceptionThrown') {
      problems.push(message.params.exceptionDetails.exception?.description || message.params.exceptionDetails.text);
    } else if (message.method === 'Runtime.consoleAPICalled' && ['error', 'assert', 'warning'].includes(message.params.type)) {
      problems.push(message.params.args.map(a => a.value ?? a.description).join(' '));
    } else if (message.method === 'Log.entryAdded' && message.params.entry.level === 'error') {
      problems.push(message.params.entry.text);
    }
  }
});
async function evaluate(expression) {
  const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description || exceptionDetails.text);
  return result.value;
}
async function until(expression) {
  for (const end = Date.now() + 30000; ;) {
    if (await evaluate(expression)) return;
    if (Date.now() > end) throw new Error(`never came true: ${expression}`);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
}
async function main() {
  const { targetInfos } = await call('Target.getTargets');
  session = (await call('Target.attachToTarget', { targetId: targetInfos.find(t => t.type === 'page').targetId, flatten: true })).sessionId;
  await call('Runtime.enable');
  await call('Log.enable');
  await call('Page.enable');
  await call('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] });
  await call('Page.navigate', { url: /^\w+:\/\//.test(page) ? page : 'file://' + path.resolve(page) });
  await until("document.documentElement?.dataset.ready === 'yes'");
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === '--wait') await until(rest[++i]);
    else if (rest[i] === '--evaluate') console.log(JSON.stringify(await evaluate(rest[++i])));
    else if (rest[i] === '--screenshot') {
      const { cssContentSize: size } = await call('Page.getLayoutMetrics');
      const { data } = await call('Page.captureScreenshot', { captureBeyondViewport: true, clip: { x: 0, y: 0, width: size.width, height: Math.min(size.height, 12000), scale: 1 } });
      fs.writeFileSync(rest[++i], Buffer.from(data, 'base64'));
    } else if (rest[i] === '--width') i++;
  }
}
main().catch(problem => problems.push(problem.message)).finally(() => {
  problems.forEach(problem => console.error(problem));
  browser.on('exit', () => {
    try { fs.rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }); } catch { /* its children still write there */ }
    process.exit(problems.length ? 1 : 0);
  });
  browser.kill();
});
