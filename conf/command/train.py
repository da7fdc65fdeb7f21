#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Softmax regression on Fisher's irises, in plain Python: a program to tune. See ../command.ini.

All that hone needs of a program: it takes its settings as arguments (or from HONE_PARAM_... in the environment), and prints
lines that begin with "hone:".
"""
import argparse
import csv
import math
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--l2", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=30)
settings = parser.parse_args()

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "..", "data", "iris.csv"), newline="") as file:
    rows = list(csv.reader(file))[1:]
species = sorted({row[-1] for row in rows})
samples = [([float(x) for x in row[:-1]], species.index(row[-1])) for row in rows]

# Every trial must see the same split: the study's seed draws it. The trial's own seed draws the order of the samples.
random.Random(os.environ.get("HONE_STUDY_SEED", "1")).shuffle(samples)
test, validation, training = samples[:30], samples[30:60], samples[60:]
final = os.environ.get("HONE_FINAL") == "1"  # the winner's last training: on all but the test split
if final:
    training, validation = training + validation, test
order = random.Random(os.environ.get("HONE_SEED", "1"))

mean = [sum(x[i] for x, _ in training) / len(training) for i in range(4)]
deviation = [math.sqrt(sum((x[i] - mean[i]) ** 2 for x, _ in training) / len(training)) for i in range(4)]


def features(x):
    return [1.0] + [(x[i] - mean[i]) / deviation[i] for i in range(4)]


def probabilities(weights, x):
    scores = [sum(w * v for w, v in zip(row, x)) for row in weights]
    exponentials = [math.exp(s - max(scores)) for s in scores]
    return [e / sum(exponentials) for e in exponentials]


def evaluate(weights, samples):
    outputs = [(probabilities(weights, features(x)), label) for x, label in samples]
    loss = -sum(math.log(max(p[label], 1e-12)) for p, label in outputs) / len(outputs)
    accuracy = sum(p.index(max(p)) == label for p, label in outputs) / len(outputs)
    return loss, accuracy


weights = [[0.0] * 5 for _ in species]
velocity = [[0.0] * 5 for _ in species]
for epoch in range(1, settings.epochs + 1):
    order.shuffle(training)
    for sample, label in training:
        x = features(sample)
        p = probabilities(weights, x)
        for k in range(len(species)):
            for i in range(5):
                gradient = (p[k] - (k == label)) * x[i] + settings.l2 * weights[k][i]
                velocity[k][i] = settings.momentum * velocity[k][i] - settings.rate * gradient
                weights[k][i] += velocity[k][i]
    if not final:
        loss, accuracy = evaluate(weights, validation)
        print(f"hone: step={epoch} loss={loss:.6f} accuracy={accuracy:.6f}", flush=True)
if final:
    loss, accuracy = evaluate(weights, test)
    print(f"hone: test.loss={loss:.6f} test.accuracy={accuracy:.6f}", flush=True)
