#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes table.c: primitive polynomials and initial numbers of Sobol's sequence, packed. Run: python3 table.py > table.c

They are those of Joe, S. and Kuo, F. Y. (2008), "Constructing Sobol sequences with better two-dimensional projections",
SIAM J. Sci. Comput. 30, 2635-2654, file new-joe-kuo-6.21201, as scipy ships them (scipy/stats/_sobol_direction_numbers.npz);
this script needs scipy. The first 1,111 dimensions are those whose polynomials have a degree of at most 13.

A stream of bits, the lowest of each word first. For every dimension from the second on: the degree s of its polynomial in
4 bits, the polynomial's coefficients between the first and the last in s - 1 bits, and for k = 2 .. s the number m_k, which
is odd and below 2^k, as (m_k - 1) / 2 in k - 1 bits (m_1 is 1).
"""
import os

import numpy as np
import scipy.stats

DIMENSIONS = 1111
data = np.load(os.path.join(os.path.dirname(scipy.stats.__file__), "_sobol_direction_numbers.npz"))
bits = 0
n_bits = 0


def put(value, width):
    global bits, n_bits
    assert 0 <= value < 1 << width or (width == 0 and value == 0)
    bits |= value << n_bits
    n_bits += width


for polynomial, numbers in list(zip(data["poly"], data["vinit"]))[1:DIMENSIONS]:
    polynomial, degree = int(polynomial), int(polynomial).bit_length() - 1
    put(degree, 4)
    put(polynomial >> 1 & (1 << degree - 1) - 1, degree - 1)
    assert numbers[0] == 1
    for k in range(2, degree + 1):
        assert numbers[k - 1] & 1
        put(int(numbers[k - 1]) >> 1, k - 1)
words = [bits >> 64 * i & (1 << 64) - 1 for i in range((n_bits + 63) // 64)]
print("/* SPDX-License-Identifier: MIT */")
print("/* search/sobol: the primitive polynomials and initial numbers of Joe and Kuo 2008 (new-joe-kuo-6), packed. Written by")
print(f" * table.py, which says how, from the copy in scipy {scipy.__version__}; do not edit. */")
print('#include "sobol.h"\n')
print("/* clang-format off */")
print(f"const uint64_t sobol_bits[{len(words)}] = {{")
for i in range(0, len(words), 5):
    print("    " + " ".join(f"0x{w:x}," for w in words[i:i + 5]))
print("};")
