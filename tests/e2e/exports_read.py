# SPDX-License-Identifier: MIT
"""Reads what hone report has written, with nothing but Python's own library, and compares it with what hone trials says.

    exports_read.py TRIALS.json FOLDER      in it: study.csv reports.csv study.json study.journal study.optuna.db study.tensorboard/
"""
import csv
import glob
import json
import math
import os
import sqlite3
import struct
import sys

trials = json.load(open(sys.argv[1]))
folder = sys.argv[2]
states = {"complete": 1, "pruned": 2, "failed": 3}
keys = ("rate", "width", "optimizer", "momentum", "batch")


def number(text):
    return None if text in (None, "") else float(text)


def close(a, b):
    return a == b or abs(a - b) <= 1e-12 * abs(b)


# csv, json: every number reads back as the same double
rows = list(csv.DictReader(open(os.path.join(folder, "study.csv"), newline="")))
assert len(rows) == len(trials) > 30, len(rows)
whole = json.load(open(os.path.join(folder, "study.json")))["studies"][0]
assert len(whole["trials"]) == len(trials) and whole["objectives"] == [{"name": "score", "direction": "max"}]
for trial, row, other in zip(trials, rows, whole["trials"]):
    assert int(row["trial"]) == other["number"] == trial["trial"] and row["state"] == other["state"] == trial["state"]
    assert number(row["score"]) == other["values"][0] == float(trial["score"])
    for key in keys:
        text = "" if trial[key] is None else str(trial[key])
        assert (number(row[key]) == float(text)) if key in ("rate", "width", "momentum") and text else row[key] == text, (row, trial)
        assert str(other["parameters"].get(key, "")) == text or float(other["parameters"][key]) == float(text), (other, trial)
reports = list(csv.DictReader(open(os.path.join(folder, "reports.csv"), newline="")))
scores = {(int(r["trial"]), int(r["step"])): float(r["value"]) for r in reports if r["metric"] == "score"}
assert len(scores) == len(whole["reports"]) > len(trials)

# journal: replayed as Optuna does
replayed = []
for line in open(os.path.join(folder, "study.journal")):
    r = json.loads(line)
    if r["op_code"] == 0:
        assert r["study_name"] == "exported" and r["directions"] == [2]
    elif r["op_code"] == 4:
        replayed.append({"params": {}, "reports": {}, "state": 0})
    elif r["op_code"] == 5:
        assert replayed[r["trial_id"]]["state"] == 0
        d = json.loads(r["distribution"])
        assert d["name"] in ("FloatDistribution", "IntDistribution", "CategoricalDistribution")
        value = r["param_value_internal"]
        replayed[r["trial_id"]]["params"][r["param_name"]] = d["attributes"]["choices"][value] if "choices" in d["attributes"] else value
    elif r["op_code"] == 7:
        assert replayed[r["trial_id"]]["state"] == 0, "a report behind the end"
        replayed[r["trial_id"]]["reports"][r["step"]] = r["intermediate_value"]
    elif r["op_code"] == 6:
        replayed[r["trial_id"]].update(state=r["state"], value=r["values"][0])
assert len(replayed) == len(trials)
for trial, r in zip(trials, replayed):
    assert r["state"] == states[trial["state"]] and r["value"] == float(trial["score"])
    assert set(r["params"]) == {k for k in keys if trial[k] is not None}
    assert r["params"]["rate"] == float(trial["rate"]) and r["params"]["optimizer"] == trial["optimizer"]
    assert r["params"]["batch"] == int(trial["batch"])
    assert r["reports"] == {s: v for (t, s), v in scores.items() if t == trial["trial"]}

# SQLite: the same rows
db = sqlite3.connect("file:" + os.path.join(folder, "study.optuna.db") + "?mode=ro", uri=True)
assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",) and not db.execute("PRAGMA foreign_key_check").fetchall()
assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [("v3.2.0.a",)]
for trial, r in zip(trials, replayed):
    (trial_id, state, value), = db.execute("SELECT trial_id, state, value FROM trials JOIN trial_values USING (trial_id) WHERE number = ?", (trial["trial"],))
    assert state == {1: "COMPLETE", 2: "PRUNED", 3: "FAIL"}[r["state"]] and value == r["value"]
    assert dict(db.execute("SELECT step, intermediate_value FROM trial_intermediate_values WHERE trial_id = ?", (trial_id,))) == r["reports"]
    for key, internal, distribution in db.execute("SELECT param_name, param_value, distribution_json FROM trial_params WHERE trial_id = ?", (trial_id,)):
        choices = json.loads(distribution)["attributes"].get("choices")
        assert (choices[int(internal)] if choices else internal) == r["params"][key]
for which in ("start", "complete"):
    for (date,) in db.execute(f"SELECT datetime_{which} FROM trials"):
        assert len(date) == 26 and date[10] == " " and date[19] == ".", date

# TensorBoard: records, checksums, scalars
table = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    table.append(byte)


def masked(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def fields(data):
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        wire = key & 7
        if wire == 0:
            yield key >> 3, varint()
        elif wire == 1:
            yield key >> 3, struct.unpack_from("<d", data, at)[0]
            at += 8
        elif wire == 5:
            yield key >> 3, struct.unpack_from("<f", data, at)[0]
            at += 4
        else:
            assert wire == 2, wire
            n = varint()
            yield key >> 3, data[at:at + n]
            at += n


def events(path):
    data = open(path, "rb").read()
    at = 0
    while at < len(data):
        n, crc = struct.unpack_from("<QI", data, at)
        assert crc == masked(data[at:at + 8])
        message = data[at + 12:at + 12 + n]
        assert struct.unpack_from("<I", data, at + 12 + n)[0] == masked(message)
        at += 16 + n
        yield list(fields(message))


written = sorted(glob.glob(os.path.join(folder, "study.tensorboard", "trial-*", "*tfevents*")))
assert len(written) == len(trials), len(written)
for trial, path in zip(trials, written):
    found = {}
    for event in events(path):
        event = dict(event)
        for _, value in fields(event.get(5, b"")):
            value = dict(fields(value))
            if 2 in value:
                found[value[1].decode(), event.get(2, 0)] = value[2]
    assert len([1 for tag, _ in found if tag == "score"]) == trial["step"]
    for (t, step), value in scores.items():
        if t == trial["trial"]:
            assert math.isclose(found["score", step], value, rel_tol=1e-6), (path, step)
    assert (("test/score", trial["step"]) in found) == (trial["state"] == "complete"), found
print("all of it reads back")
