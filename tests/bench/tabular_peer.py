#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hone beside scikit-learn's MLPClassifier on tables, tuned alike. Run: python3 tests/bench/tabular_peer.py FOLDER [NAME ...]

FOLDER holds Weka's examples, NAME.arff (Debian's package weka: /usr/share/doc/weka/examples), or tables without a header whose
last column is the class, NAME.csv. HONE_BUILD is the build folder (default: build). hone draws TRIALS points at random - one or
two hidden layers, their width, Adam's learning rate, L2 penalty - and trains EPOCHS epochs with batches of 32 on standardized
features; MLPClassifier is trained at the very same points. Either side takes its best mean accuracy over five stratified folds.
Printed: that accuracy, its deviation over the folds, the processor seconds it took. Needs scikit-learn and scipy.
"""
import csv
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from scipy.io import arff
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

BATCH, FOLDS = 32, 5
TRIALS = int(os.environ.get("TRIALS", 20))
EPOCHS = int(os.environ.get("EPOCHS", 50))
NAMES = ["iris", "diabetes", "credit-g", "segment-challenge"]
INI = """
[study]
name = table
seed = 1
trials = {trials}
workers = 1
final = no
objectives = validation.accuracy max
[search]
use = random
[objective]
use = train
epochs = {epochs}
batch_size = {batch}
[dataset]
use = {reader}
file = {file}
{keys}
folds = {folds}
[transform.standardize]
[model]
use = mlp
[optimizer]
use = adam
[regularizer.l2]
[metric.accuracy]
[space]
model.width = int 8 .. 128 log
model.depth = int 1 .. 2
optimizer.learning_rate = real 1e-3 .. 3e-2 log
regularizer.l2.strength = real 1e-6 .. 3e-2 log
"""


def read(path):
    """One-hot features, labels."""
    if path.endswith(".csv"):
        rows = np.genfromtxt(path, delimiter=",", dtype=str)
        return rows[:, :-1].astype(float), np.unique(rows[:, -1], return_inverse=True)[1]
    data, meta = arff.loadarff(path)
    columns = []
    for name in meta.names()[:-1]:
        kind, values = meta[name]
        if kind == "nominal":
            columns += [(data[name] == v.encode()).astype(float) for v in values]
        else:
            columns.append(data[name].astype(float))
    return np.column_stack(columns), np.unique(data[meta.names()[-1]], return_inverse=True)[1]


def spent():
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime + time.process_time()


def hone(path):
    """Its points, (accuracy, deviation) of the best one, seconds."""
    program = os.path.join(os.path.abspath(os.environ.get("HONE_BUILD", "build")), "hone")
    table = path.endswith(".csv")
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "table.ini"), "w") as out:
            out.write(INI.format(trials=TRIALS, epochs=EPOCHS, batch=BATCH, file=path, folds=FOLDS, reader="csv" if table else "arff",
                                 keys=f"header = no\ntarget = {len(open(path).readline().split(','))}" if table else ""))
        start = spent()
        subprocess.run([program, "run", "table.ini", "-q", "--storage", "t.db"], cwd=work, check=True, stdout=subprocess.DEVNULL)
        seconds = spent() - start

        def ask(*arguments):
            return subprocess.run([program, *arguments, "--format", "csv"], cwd=work, check=True, capture_output=True, text=True).stdout

        points = list(csv.DictReader(io.StringIO(ask("trials", "t.db"))))
        best = max(points, key=lambda p: float(p["validation.accuracy"]))
        detail = ask("trials", "t.db", "--trial", best["trial"])
    deviation = [line.split(",")[-1] for line in detail.splitlines() if "validation.accuracy.deviation" in line]
    return points, (float(best["validation.accuracy"]), float(deviation[-1])), seconds


def peer(path, points):
    x, y = read(path)
    best, start = (0.0, 0.0), spent()
    for p in points:
        network = MLPClassifier((int(p["model.width"]),) * int(p["model.depth"]), learning_rate_init=float(p["optimizer.learning_rate"]),
                                alpha=BATCH * float(p["regularizer.l2.strength"]),  # which it divides by the size of the batch
                                batch_size=BATCH, max_iter=EPOCHS, n_iter_no_change=EPOCHS, random_state=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = cross_val_score(make_pipeline(StandardScaler(), network), x, y, cv=StratifiedKFold(FOLDS, shuffle=True, random_state=1))
        best = max(best, (scores.mean(), scores.std(ddof=1)))
    return best, spent() - start


for name in sys.argv[2:] or NAMES:
    base = os.path.join(os.path.abspath(sys.argv[1]), name)
    file = base + (".arff" if os.path.exists(base + ".arff") else ".csv")
    points, ours, our_seconds = hone(file)
    theirs, their_seconds = peer(file, points)
    print(f"{name:20} hone {ours[0]:.4f} +- {ours[1]:.4f} in {our_seconds:6.1f} s    "
          f"MLPClassifier {theirs[0]:.4f} +- {theirs[1]:.4f} in {their_seconds:6.1f} s", flush=True)
