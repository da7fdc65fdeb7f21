#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks model files against the reference implementation (pip install safetensors numpy). Not part of `make check`.

    check_safetensors.py read FILE         prints every tensor and the metadata as the reference reads them
    check_safetensors.py write FILE        writes a file with the reference writer, for hone to read
    check_safetensors.py refuse FILE...    exit status 0 if the reference refuses every file
"""
import sys
import numpy
from safetensors import safe_open
from safetensors.numpy import load_file, save_file


def main():
    verb, paths = sys.argv[1], sys.argv[2:]
    if verb == "read":
        with safe_open(paths[0], framework="numpy") as f:
            for key, value in sorted((f.metadata() or {}).items()):
                print("metadata", key, repr(value))
        for name, tensor in sorted(load_file(paths[0]).items()):
            print(name, tensor.dtype, tensor.shape, tensor.ravel().tolist())
    elif verb == "write":
        save_file({"w": numpy.arange(6, dtype=numpy.float32).reshape(2, 3), "u": numpy.array([7, 0, 255], dtype=numpy.uint8),
                   "d": numpy.array(0.1), "empty": numpy.zeros((0, 3), dtype=numpy.float32)}, paths[0], metadata={"format": "x", "k": "ü"})
    else:
        accepted = []
        for path in paths:
            try:
                load_file(path)
                accepted.append(path)
            except Exception as error:  # any refusal will do
                print(path, error)
        print("accepted:", accepted)
        return 1 if accepted else 0
    return 0


sys.exit(main())
