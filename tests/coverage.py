# SPDX-License-Identifier: MIT
"""Prints line coverage by folder from gcovr's JSON summary: coverage.py FILE."""
import json
import sys

folders = {}
with open(sys.argv[1]) as file:
    for entry in json.load(file)["files"]:
        parts = entry["filename"].split("/")
        folder = "/".join(parts[:2] if parts[0] != "sdk" or parts[1] != "include" else parts[:3])
        covered, total = folders.get(folder, (0, 0))
        folders[folder] = (covered + entry["line_covered"], total + entry["line_total"])
folders["all"] = tuple(sum(counts) for counts in zip(*folders.values()))
print(f"{'folder':<24} {'lines':>7} {'covered':>8}")
for folder, (covered, total) in folders.items():
    print(f"{folder:<24} {total:>7} {100 * covered / max(total, 1):>7.1f}%")
