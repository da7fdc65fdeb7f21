# SPDX-License-Identifier: MIT
"""What a study of 50,000 trials takes to be looked at, each line with the limit that was set: the listing, the report, the dashboard in a
headless Chromium, and how soon that shows a trial that is new. `make bench-page`, or: page_bench.py HONE [TRIALS]."""
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

hone, trials = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 50000
browser_js = pathlib.Path(__file__).resolve().parents[1] / "browser.js"
chromium, node = shutil.which("chromium") or shutil.which("chromium-browser"), shutil.which("node")
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
os.environ["XDG_CACHE_HOME"] = folder.name + "/cache"
INI = """[study]
name       = big
trials     = 1
objectives = value min
[search]
use = random
[objective]
use  = function
name = hartmann6
[space]
""" + "".join(f"x{i} = real 0 .. 1\n" for i in range(1, 7))
pathlib.Path("big.ini").write_text(INI, encoding="utf-8")


def line(what, value, limit):
    print(f"{what:<72} {value:>14}   {limit}", flush=True)


def processor(command):
    """Processor seconds of a command of the shell's."""
    before = os.times()
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, cwd=folder.name)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


subprocess.run([hone, "run", "big.ini", "-q", "-n", str(trials), "-s", "big.db"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(f"page: a study of {trials:,} trials, six parameters                                       measured   limit")
line("hone trials big.db | head, processor time, median of 5",
     f"{statistics.median(processor(f'{hone} trials big.db | head') for _ in range(5)):.2f} s", "0.3 s")
line("hone report, processor time, median of 3", f"{statistics.median(processor(f'{hone} report big.db -o big.html') for _ in range(3)):.2f} s", "5 s")
line("   its size", f"{os.path.getsize('big.html') / 1e6:.1f} MB", "")
if not chromium or not node:
    print("the rest needs the packages chromium and nodejs")
    sys.exit()


def look(page, *steps):
    """What the expressions among the steps come to."""
    done = subprocess.run([node, browser_js, chromium, page, *steps], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{page}: {done.stderr.decode()[-300:]}")
    return [json.loads(text) for text in done.stdout.decode().splitlines()]


PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
ROWS = "document.querySelectorAll('#trials tbody tr').length > 10"
DRAWN = "document.querySelector('#history canvas')"
NOW = "performance.now()"
# from the input to the moment at which the browser has laid out what it shows
FILTER = """new Promise(r => { const f = document.getElementById('filter'), o = document.querySelector('#trials output'), from = performance.now();
  f.value = '%s'; f.dispatchEvent(new Event('input'));
  const was = o.textContent, wait = setInterval(() => { if (o.textContent !== was) { clearInterval(wait); document.querySelector('#trials').offsetHeight; r(performance.now() - from); } }, 1); })"""
SORT = """(() => { const out = []; for (const b of document.querySelectorAll('#trials thead button')) { const from = performance.now();
  b.click(); document.querySelector('#trials').offsetHeight; out.push(performance.now() - from); } return out; })()"""
COUNT = "+document.querySelector('#trials output').textContent.split(' ')[0].replace(/,/g, '')"


class Server:
    """hone serve of a storage; its address."""

    def __init__(self, storage):
        self.process = subprocess.Popen([hone, "serve", storage, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.url = self.process.stdout.readline().split()[1]

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


runs = [look("big.html", "--wait", DRAWN, "--evaluate", NOW, "--evaluate", PAINTED) for _ in range(3)]
line("the report opens: its first paint, median of 3", f"{statistics.median(r[1] for r in runs) / 1e3:.2f} s", "3 s")
line("   its first plot is drawn", f"{statistics.median(r[0] for r in runs) / 1e3:.2f} s", "")
with Server("big.db") as url:
    runs = [look(url, "--wait", ROWS, "--evaluate", NOW, "--wait", DRAWN, "--evaluate", NOW, "--evaluate", PAINTED, "--evaluate",
                 FILTER % "value<-1 x1>0.5", "--evaluate", FILTER % "fail", "--evaluate", FILTER % "", "--evaluate", SORT) for _ in range(3)]
median = [statistics.median(r[i] for r in runs) for i in range(6)]
line("the dashboard's first paint, median of 3", f"{median[2] / 1e3:.2f} s", "2 s")
line("   its table of all trials is there", f"{median[0] / 1e3:.2f} s", "")
line("   its first plot is drawn", f"{median[1] / 1e3:.2f} s", "")
line("a filter by two columns, by a word (60 ms of it wait for the next key)", f"{median[3]:.0f}, {median[4]:.0f} ms", "")
sorts = [value for r in runs for value in r[6]]
line("a click on a title sorts, median and worst of its columns", f"{statistics.median(sorts):.0f}, {max(sorts):.0f} ms", "")


def follow(storage, changes):
    """Seconds from a trial's appearance in the storage to its appearance in the browser, of the trials that are new there meanwhile."""
    steps = ["--wait", ROWS.replace("10", "0"), "--wait", DRAWN]
    for _ in range(6):
        steps += ["--evaluate", f"void (globalThis.before = {COUNT})", "--wait", f"{COUNT} > before", "--evaluate", f"[{COUNT} - 1, Date.now() / 1000]"]
    with Server(storage) as url:
        process = subprocess.Popen([node, browser_js, chromium, url, *steps], stdout=subprocess.PIPE, text=True)
        while process.poll() is None:
            changes()
        seen = [json.loads(text) for text in process.stdout if text.startswith("[")]
    if process.returncode or len(seen) != 6:
        sys.exit(f"the browser does not show what is new in {storage}")
    when_written = "ended" if storage == "big.db" else "started"
    written = dict(sqlite3.connect(storage).execute(f"SELECT number, {when_written} FROM trials"))
    return [when - written[trial] for trial, when in seen]


study = subprocess.Popen([hone, "run", "big.ini", "-q", "-n", "1000000", "-w", "1", "-s", "small.db", "--set", "objective.delay=0.83"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
time.sleep(1)
lags = follow("small.db", lambda: time.sleep(0.1))
study.terminate()
study.wait()
line("a new trial of a small study that runs is shown, median and worst of 6", f"{statistics.median(lags):.1f}, {max(lags):.1f} s", "2 s")


def told():
    """One more trial, of the sort that was evaluated elsewhere."""
    subprocess.run([hone, "tell", "big.db", "-q", "--point", ", ".join(f"x{i}=0.5" for i in range(1, 7)), "value=-0.5"], check=True, stderr=subprocess.DEVNULL)
    time.sleep(2.3)


lags = follow("big.db", told)
line("   the same of this one", f"{statistics.median(lags):.1f}, {max(lags):.1f} s", "2 s")
