#!/bin/sh
# SPDX-License-Identifier: MIT
# `hone bench search`: rows that repeat and mean what they say, settings of searches and problems, and a peer, played by a module
# of the name optuna that draws at random.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

rows() { # COLUMN [FILTER]: of ./out
    python3 - "$@" <<'END'
import csv, sys
for r in csv.DictReader(open("out")):
    if len(sys.argv) < 3 or sys.argv[2] in (r["problem"] + " " + r["search"]):
        print(r[sys.argv[1]])
END
}

run 0 "$hone" bench search --seeds 4 --trials 40 --search anneal,anneal:cooling=linear --problem branin,sphere3,zdt1,jenatton --format csv
cp out first
says err "anneal cannot have zdt1: annealing minimizes one objective"
is rows "$(rows problem | sort | uniq -c | tr -s ' \n' ' ')" " 3 all 3 branin 3 jenatton 3 sphere3 3 zdt1 "
is "the baseline is added" "$(rows search branin | tr '\n' ' ')" "anneal anneal:cooling=linear random "
is "refused" "$(rows regret 'zdt1 anneal' | tr -d '\n')" ""
python3 - <<'END' || bad "numbers: $(cat out)"
import csv
rows = list(csv.DictReader(open("out")))
for r in rows:
    if r["regret"]:
        assert 0 <= float(r["quartile_1"]) <= float(r["regret"]) <= float(r["quartile_3"])
        assert 1 <= float(r["rank"]) <= 3 and 0 < float(r["microseconds"]) < 1e5
    if r["p_value"]:  # four seeds: 1/8 at the least
        assert 0.125 <= float(r["p_value"]) <= 1 and 0 <= int(r["wins"]) <= 4
        assert (int(r["wins"]) in (0, 4)) == (float(r["p_value"]) == 0.125)
branin = [float(r["rank"]) for r in rows if r["problem"] == "branin"]
assert abs(sum(branin) - 6) < 1e-9
both = [r for r in rows if r["problem"] == "all" and r["search"] == "random"]
mine = [float(r["rank"]) for r in rows if r["problem"] != "all" and r["search"] == "random"]
assert abs(float(both[0]["rank"]) - sum(mine) / 4) < 1e-9
assert both[0]["regret"] == ""
END
run 0 "$hone" bench search --seeds 4 --trials 40 --search anneal,anneal:cooling=linear --problem branin,sphere3,zdt1,jenatton --format csv
is "the same again" "$(cut -d, -f1-10 out)" "$(cut -d, -f1-10 first)"
run 0 "$hone" bench search --seeds 4 --trials 40 --seed 2 --search anneal --problem branin --format csv
[ "$(rows regret 'branin anneal')" != "$(grep '^branin,40,anneal,' first | cut -d, -f5)" ] || bad "another seed, the same regret"
done_with rows

run 0 "$hone" bench search --seeds 3 --trials 10,100 --search random --problem sphere:dimensions=2,ackley:noise=0.5:failure_rate=0.2 --format csv
is "a budget each" "$(rows trials | tr '\n' ' ')" "10 10 10 100 100 100 "
python3 - <<'END' || bad "more trials are not better: $(cat out)"
import csv
r = [float(r["regret"]) for r in csv.DictReader(open("out")) if r["problem"].startswith("sphere")]
assert r[1] < r[0]
END
run 0 "$hone" bench search --seeds 2 --trials 30 --search anneal --problem hartmann6 --concurrent 8 --baseline '' --format json
python3 -c 'import json; r = json.load(open("out")); assert len(r) == 1 and r[0]["p_value"] is None' || bad "json: $(cat out)"
done_with budgets_and_settings

run 1 "$hone" bench search --search annel
says err "did you mean 'anneal'?"
run 1 "$hone" bench search --problem brannin
says err "name = brannin is none of branin"
run 1 "$hone" bench search --problem branin10
says err "dimensions = 10, but branin has 2"
run 2 "$hone" bench search --peer_sampler tpee
says err "peer_sampler = tpee is none of random, tpe"
run 1 "$hone" bench search --search anneal:colling=linear
says err "unknown key 'colling'"
run 1 "$hone" bench search --search random,random
says err "search = random is there twice"
run 1 "$hone" bench search --objective command --problem branin
says err "objective"
done_with mistakes

mkdir optuna
cat >optuna/__init__.py <<'END'
import random
from . import logging, samplers, trial
__version__ = "9.9-pretended"
class Trial:
    def __init__(self, r): self.r, self.user_attrs = r, {}
    def suggest_float(self, name, low, high, step=None, log=False): return self.r.uniform(low, high)
    def suggest_int(self, name, low, high, step=1, log=False): return self.r.randrange(low, high + 1, step)
    def suggest_categorical(self, name, choices): return self.r.choice(choices)
    def set_user_attr(self, key, value): self.user_attrs[key] = value
class Study:
    def __init__(self, sampler, n): self.sampler, self.n, self.told = sampler, n, 0
    def ask(self): return Trial(self.sampler.r)
    def tell(self, t, values=None, state=None):
        assert state == 2 or (len(values) == self.n and all(v == v for v in values))
        if self.sampler.c and state is None: assert len(self.sampler.c(t)) >= 1
        print("noise on standard output", flush=True)
def create_study(sampler, directions): return Study(sampler, len(directions))
END
cat >optuna/logging.py <<'END'
ERROR = 40
def set_verbosity(level): pass
END
cat >optuna/trial.py <<'END'
class TrialState: FAIL = 2
END
cat >optuna/samplers.py <<'END'
import random
class S:
    def __init__(self, seed, deterministic_objective=True, constraints_func=None):
        self.r, self.c = random.Random(seed), constraints_func
RandomSampler = TPESampler = GPSampler = NSGAIISampler = S
class CmaEsSampler(S):
    def __init__(self, **k): raise ImportError("no module named cmaes")
END
export PYTHONPATH="$work"
run 0 "$hone" bench search --seeds 3 --trials 20 --search random --peer python3 --peer_sampler random,nsga2,cmaes \
    --problem branin,jenatton,constrained_branin,binh_korn,many_dists,counting_ones:failure_rate=0.2 --format csv
says err "peer: Optuna 9.9-pretended"
says err "optuna cmaes cannot have branin: no module named cmaes"
says err "optuna random cannot have many_dists: it has no steps on a logarithmic scale"
is "both sides" "$(rows search jenatton | tr '\n' ' ')" "random optuna random optuna nsga2 optuna cmaes "
python3 - <<'END' || bad "peer: $(cat out)"
import csv
rows = list(csv.DictReader(open("out")))
ours = {r["problem"]: r for r in rows if r["search"] == "random"}
theirs = {r["problem"]: r for r in rows if r["search"] == "optuna random"}
for p in ("branin", "jenatton", "binh_korn", "counting_ones:failure_rate=0.2"):
    ratio = float(ours[p]["regret"]) / float(theirs[p]["regret"])
    assert abs(float(ours[p]["peer_regret"]) - ratio) < 1e-9 * ratio, p
    ratio = float(ours[p]["microseconds"]) / float(theirs[p]["microseconds"])
    assert abs(float(ours[p]["peer_cost"]) - ratio) < 1e-9 * ratio, p
    assert 0 <= float(theirs[p]["regret"]) < 1e4
assert ours["many_dists"]["peer_regret"] == "" and theirs["many_dists"]["regret"] == ""
END
run 1 "$hone" bench search --peer ./no-python --search random --problem branin
says err "cannot be started"
echo 'raise RuntimeError("broken here")' >optuna/__init__.py
run 1 "$hone" bench search --peer python3 --search random --problem branin
says err "RuntimeError: broken here"
done_with peer
