#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes reference.h: paired differences and what SciPy's signed-rank test says of them. Run: python3 make_reference.py > reference.h

alternative = "greater", zero_method = "zsplit", as Optuna's WilcoxonPruner calls it. Up to 50 differences without ties and
zeros SciPy counts exactly; with them, up to 13, by all permutations of the signs. Larger ones with ties SciPy approximates:
for these the p-values are counted here, over all sums in whole numbers.
"""
from fractions import Fraction

import numpy as np
import scipy
from scipy.stats import rankdata, wilcoxon

rng = np.random.default_rng(11)


def counted(d):
    """P(W >= w) over all signs of the differences that are not zero, ranked among all."""
    doubled = (2 * rankdata(np.abs(d))).astype(int)
    ranks = [int(r) for r, x in zip(doubled, d) if x != 0]
    w = sum(int(r) for r, x in zip(doubled, d) if x > 0)
    ways = {0: 1}
    for r in ranks:
        more = dict(ways)
        for s, n in ways.items():
            more[s + r] = more.get(s + r, 0) + n
        ways = more
    return float(Fraction(sum(n for s, n in ways.items() if s >= w), 2 ** len(ranks)))


cases = []
for n in (1, 2, 3, 5, 8, 13, 20, 35, 50):  # no ties
    cases.append((rng.normal(0.3, 1, n), "scipy"))
for n in (2, 3, 4, 6, 9, 13):  # ties, then zeros too
    cases.append((rng.integers(1, 4, n) * rng.choice([-1.0, 1.0, 1.0], n), "scipy"))
    cases.append((rng.integers(-2, 4, n).astype(float), "scipy"))
cases.append((np.zeros(4), "counted"))
for n in (18, 30, 60):
    cases.append((rng.integers(-4, 7, n).astype(float), "counted"))

print("/* SPDX-License-Identifier: MIT */")
print(f"/* Made by make_reference.py with SciPy {scipy.__version__}, numpy {np.__version__}: do not edit. */")
for i, (d, how) in enumerate(cases):
    print(f"static const double differences_{i}[] = {{ {', '.join(repr(float(x)) for x in d)} }};")
print("static const struct {\n    const double *differences;\n    uint64_t n;\n    double p;\n} reference[] = {")
for i, (d, how) in enumerate(cases):
    if how == "scipy":
        p = wilcoxon(d, alternative="greater", zero_method="zsplit").pvalue if np.any(d) else 1.0
        assert abs(p - counted(d)) < 1e-12, (d, p, counted(d))
    else:
        p = counted(d)
    print(f"    {{ differences_{i}, {len(d)}, {p!r} }},".replace("np.float64(", "").replace(") }", " }"))
print("};")
