# SPDX-License-Identifier: MIT
"""Speed of the program as a user meets it, each line with the limit that was set: start-up, 10,000 trials into SQLite with the
memory that takes, training end to end. `make bench-program`, or: program_bench.py HONE CONF."""
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

hone, conf = (os.path.abspath(path) for path in sys.argv[1:])
folder = tempfile.TemporaryDirectory()
os.chdir(folder.name)
os.environ["XDG_CACHE_HOME"] = folder.name + "/cache"
quickstart = os.path.join(conf, "quickstart.ini")
data = os.path.isdir("/usr/share/datasets/fashion-mnist")


def run(*arguments):
    """Wall time in seconds, and peak resident memory in MB of the largest of its processes."""
    started = time.perf_counter()
    process = subprocess.Popen([hone, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if status:
        sys.exit(f"{' '.join(arguments)}: status {status}: {said.decode()[-300:]}")
    return seconds, usage.ru_maxrss / 1024


def line(what, value, limit):
    print(f"{what:<58} {value:>16}   {limit}")


print("program: start-up, trials, training end to end                        measured   limit")
run("plugins")
line("hone plugins, cached, median of 20", f"{1e3 * statistics.median(run('plugins')[0] for _ in range(20)):.1f} ms", "30 ms")

seconds, megabytes = run("run", os.path.join(conf, "function.ini"), "-n", "10000", "-w", "2", "-s", "functions.db", "-q")
line("10,000 trials of a function, random search, 2 workers", f"{seconds:.2f} s", "10 s")
line("   peak resident memory of its largest process", f"{megabytes:.1f} MB", "30 MB")
n = sqlite3.connect("functions.db").execute("SELECT count(*) FROM trials WHERE state = 'complete'").fetchone()[0]
if n != 10000:
    sys.exit(f"only {n} trials are in the storage")

if not data:
    print("the rest needs the package dataset-fashion-mnist")
    sys.exit()


def to_first_trial(storage):
    """Seconds from the start of the process to the moment at which its first trial is in the storage as running."""
    process = subprocess.Popen([hone, "run", quickstart, "-n", "1", "-w", "1", "-s", storage, "--set", "study.final=no", "--set",
                                "objective.epochs=1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.perf_counter()
    while process.poll() is None:
        try:
            if sqlite3.connect(f"file:{storage}?mode=ro", uri=True).execute("SELECT count(*) FROM trials").fetchone()[0]:
                break
        except sqlite3.OperationalError:
            time.sleep(0.0005)
    seconds = time.perf_counter() - started
    process.wait()
    return seconds


to_first_trial("warm.db")
line("hone run to the first trial's start, cached data, median of 5", f"{1e3 * statistics.median(to_first_trial(f'first{i}.db') for i in range(5)):.0f} ms",
     "100 ms")

# training alone: the difference of a long and a short one, so that start-up and the final test cancel out
network = ["--set", "model.hidden=256, 128", "--set", "optimizer.learning_rate=0.05", "-q"]


def train(epochs):
    return min(run("train", quickstart, "--set", f"objective.epochs={epochs}", *network)[0] for _ in range(2))


rate = 60000 * 8 / (train(10) - train(2))
line("hone train, quickstart's network (hidden = 256, 128), 1 thread", f"{rate:,.0f} images/s", "120,000 (the bare step)")
print("   with dropout, L2, standardize and a train loss; `make bench-train` sets the step's primitives beside it")
