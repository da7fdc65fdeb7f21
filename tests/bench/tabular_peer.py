#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""hone beside scikit-learn's MLPClassifier on tables of Weka, tuned alike. Run: python3 tests/bench/tabular_peer.py FOLDER [NAME ...]

FOLDER holds Weka's examples (Debian's package weka: /usr/share/doc/weka/examples); HONE_BUILD is the build folder (default:
build). Both draw TRIALS points at random from one space - two hidden layers at most, width, Adam's learning rate, weight decay -
train EPOCHS epochs with batches of 32 on standardized features, and keep the point of the best mean accuracy over the same kind
of five stratified folds. Printed: that accuracy, and the seconds it took on one core. Needs scikit-learn and scipy.
"""
import os
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from scipy.io import arff
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRIALS, EPOCHS, FOLDS = 20, 50, 5
NAMES = ["iris", "diabetes", "credit-g", "glass", "ionosphere", "segment-challenge"]
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
batch_size = 32
[dataset]
use = arff
file = {file}
folds = {folds}
[transform.standardize]
[model]
use = mlp
[optimizer]
use = adamw
[metric.accuracy]
[space]
model.width = int 8 .. 128 log
model.depth = int 1 .. 2
optimizer.learning_rate = real 1e-3 .. 3e-2 log
optimizer.weight_decay = real 1e-3 .. 1 log
"""


def read(path):
    """One-hot features, labels."""
    data, meta = arff.loadarff(path)
    columns = []
    for name in meta.names()[:-1]:
        kind, values = meta[name]
        if kind == "nominal":
            columns += [(data[name] == v.encode()).astype(float) for v in values]
        else:
            columns.append(data[name].astype(float))
    return np.column_stack(columns), np.unique(data[meta.names()[-1]], return_inverse=True)[1]


def hone(path):
    with tempfile.TemporaryDirectory() as work:
        ini = os.path.join(work, "table.ini")
        with open(ini, "w") as out:
            out.write(INI.format(trials=TRIALS, epochs=EPOCHS, file=path, folds=FOLDS))
        program = os.path.join(os.path.abspath(os.environ.get("HONE_BUILD", "build")), "hone")
        start = time.perf_counter()
        subprocess.run([program, "run", ini, "-q", "--storage", os.path.join(work, "t.db")], cwd=work, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        best = subprocess.run([program, "best", os.path.join(work, "t.db"), "--format", "csv"], cwd=work, check=True,
                              capture_output=True, text=True).stdout
        value = [line.split(",") for line in best.splitlines() if ",objective," in line][0]
        return float(value[-1]), seconds


def peer(path):
    x, y = read(path)
    rng = np.random.default_rng(1)
    layers = [(int(w),) * d for w in np.geomspace(8, 128, 9) for d in (1, 2)]
    space = {
        "mlpclassifier__hidden_layer_sizes": layers,
        "mlpclassifier__learning_rate_init": list(10 ** rng.uniform(-3, np.log10(3e-2), 200)),
        "mlpclassifier__alpha": list(10 ** rng.uniform(-5, 0, 200)),
    }
    model = make_pipeline(StandardScaler(), MLPClassifier(max_iter=EPOCHS, batch_size=32, n_iter_no_change=EPOCHS, random_state=1))
    search = RandomizedSearchCV(model, space, n_iter=TRIALS, cv=StratifiedKFold(FOLDS, shuffle=True, random_state=1), random_state=1, n_jobs=1, refit=False)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        search.fit(x, y)
    return search.best_score_, time.perf_counter() - start


for name in sys.argv[2:] or NAMES:
    file = os.path.join(os.path.abspath(sys.argv[1]), name + ".arff")
    ours, theirs = hone(file), peer(file)
    print(f"{name:20} hone {ours[0]:.4f} in {ours[1]:6.1f} s    MLPClassifier {theirs[0]:.4f} in {theirs[1]:6.1f} s", flush=True)
