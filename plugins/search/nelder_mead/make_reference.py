#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes reference.h: the points that scipy's Nelder-Mead tries, from a given simplex in the unit cube.

    python3 -m venv v && v/bin/pip install scipy==1.17.1 && v/bin/python make_reference.py > reference.h
"""
import numpy as np
import scipy
from scipy.optimize import minimize


def f(x):
    y = [4 * v - 1.5 for v in x]
    s = (1 - y[-1]) * (1 - y[-1])
    for a, b in zip(y, y[1:]):
        s += 10 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a)
    return s


def record(name, start, adaptive, evaluations):
    points = []

    def g(x):
        points.append([float(v) for v in x])
        return f(x)

    n = len(start)
    simplex = np.array([start] + [[v + (0.2 if i == k else 0) for i, v in enumerate(start)] for k in range(n)])
    minimize(g, start, method="Nelder-Mead", options={"initial_simplex": simplex, "adaptive": adaptive, "maxfev": evaluations + 1, "xatol": 0,
                      "fatol": 0})
    print(f"static const double {name}[{evaluations}][{n}] = {{")
    for p in points[1:evaluations + 1]:
        print("    { " + ", ".join(repr(v) for v in p) + " },")
    print("};")


print("/* SPDX-License-Identifier: MIT */")
print(f"/* Made by make_reference.py with scipy {scipy.__version__}: points in the order tried, without the start. */")
print("/* clang-format off */")
record("standard2", [0.3, 0.75], False, 70)
record("adaptive3", [0.2, 0.1, 0.6], True, 90)
record("adaptive6", [0.3, 0.1, 0.6, 0.5, 0.75, 0.2], True, 120)
