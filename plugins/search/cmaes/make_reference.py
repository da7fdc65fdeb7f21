#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes reference.h: what the package cmaes (CyberAgentAILab, MIT) makes of given generations.

    python3 -m venv v && v/bin/pip install cmaes==0.13.1 numpy && v/bin/python make_reference.py > reference.h
"""
from importlib.metadata import version

import numpy as np
from cmaes import CMA, CatCMA, CMAwM, get_warm_start_mgd


def f(x):
    return float(sum(10 ** (k / 2) * (v - 0.3) ** 2 for k, v in enumerate(x)))


def show(name, values):
    flat = [repr(float(v)) for v in np.asarray(values, dtype=float).ravel()]
    lines, line = [], "   "
    for v in flat:
        if len(line) + len(v) > 110:
            lines.append(line)
            line = "   "
        line += f" {v},"
    lines.append(line)
    print(f"static const double {name}[] = {{\n" + "\n".join(lines) + "\n};")


def state(name, o):
    show(name + "_mean", o._mean)
    show(name + "_cov", o._C)
    show(name + "_p_sigma", o._p_sigma)
    show(name + "_p_c", o._pc)
    show(name + "_sigma", [o._sigma])


def plain(name, n, generations, lr_adapt):
    o = CMA(mean=np.full(n, 0.5), sigma=0.2, seed=3, lr_adapt=lr_adapt)
    points = []
    for _ in range(generations):
        xs = [np.round(o.ask(), 4) for _ in range(o.population_size)]
        xs.sort(key=f)
        points.append(xs)
        o.tell([(x, f(x)) for x in xs])
    show(name + "_points", points)
    state(name, o)
    if lr_adapt:
        show(name + "_etas", [o._eta_mean, o._eta_Sigma])


def g(x):
    """Its best point has integers inside their ranges: 3, 1."""
    return float(sum(10 ** k * (v - w) ** 2 for k, (v, w) in enumerate(zip(x, (0.3, 3.2, 0.8, -0.4)))))


def margin(name):
    bounds = np.array([[-2.0, 2.0], [0, 6], [0, 1], [-2.0, 2.0]])
    o = CMAwM(mean=np.array([0.5, 4.2, 0.7, 0.1]), sigma=0.3, bounds=bounds, steps=np.array([0, 1, 1, 0]), seed=5)
    points = []
    for _ in range(25):
        both = []
        for _ in range(o.population_size):
            encoded, raw = o.ask()
            both.append((np.round(raw, 4), g(encoded) + 1e-6 * raw[0]))
        both.sort(key=lambda t: t[1])
        points.append([b[0] for b in both])
        o.tell(both)
    show(name + "_points", points)
    state(name, o._cma)
    show(name + "_scale", o._A)


def choices(name):
    o = CatCMA(mean=np.zeros(3), sigma=1.0, cat_num=np.array([3, 2, 4]), seed=7)
    picks = []
    for _ in range(10):
        s = []
        for _ in range(o.population_size):
            x, c = o.ask()
            k = c.argmax(axis=1)
            s.append(((x, c), f(x) + 2 * k[0] + 3 * (k[1] == 0) + abs(int(k[2]) - 2)))
        s.sort(key=lambda t: t[1])
        picks.append([t[0][1].argmax(axis=1) for t in s])
        o.tell(s)
    show(name + "_picks", picks)
    show(name + "_weights", o._weights)
    show(name + "_q", [v for i, k in enumerate(o._K) for v in o._q[i, :k]])
    show(name + "_slowness", [o._Delta])


def warm(name):
    rng = np.random.RandomState(1)
    xs = np.round(rng.uniform(0, 1, (40, 3)), 4)
    mean, sigma, cov = get_warm_start_mgd([(x, f(x)) for x in xs], gamma=0.1, alpha=0.1)
    show(name + "_points", sorted(xs, key=f)[:4])
    show(name + "_mean", mean)
    show(name + "_sigma", [sigma])
    show(name + "_cov", cov)


print("/* SPDX-License-Identifier: MIT */")
print(f"/* Made by make_reference.py from cmaes {version('cmaes')}: points of each generation, best first, and what the")
print(" * package's CMA, CMAwM, CatCMA and get_warm_start_mgd made of them. */")
print("/* clang-format off */")
plain("plain", 5, 6, False)
plain("wide", 12, 3, False)
plain("noisy", 4, 8, True)
margin("margin")
choices("choices")
warm("warm")
