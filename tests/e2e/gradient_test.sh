#!/bin/sh
# SPDX-License-Identifier: MIT
# Derivatives on their way from the objective to the search: descended along, stored, replayed when a study goes on, turned where
# the study maximizes; refused where there are none. Coefficients that a training moves itself: where the search goes on from, what
# the final training takes, and the winner's INI.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ini() { # PROBLEM OBJECTIVE DERIVATIVES [STARTS]
    cat >g.ini <<END
[study]
name = g
trials = 20
order = strict
lag = 1
objectives = $2
[objective]
use = function
name = $1
dimensions = 3
derivatives = $3
[search]
use = gradient
starts = ${4:-sobol}
step = 0.1
most_step = 0.3
[space]
x1 = real -5 .. 4
x2 = real -3 .. 5
x3 = real -4 .. 5
END
}
values() { "$hone" trials g.db --format csv | python3 -c 'import csv, sys; print(" ".join(r["value"] for r in csv.DictReader(sys.stdin)))'; }

ini sphere 'value min' yes
run 0 "$hone" run g.ini --quiet
values >whole
python3 - <<'END' || bad "sphere: no descent: $(cat whole)"
v = [float(x) for x in open("whole").read().split()]
assert min(v) < 1e-2 < 1 < v[0], v
END
run 0 "$hone" trials g.db --trial 3 --format csv
says out 'd(value)/d(x2)'
rm -f g.db*
run 0 "$hone" run g.ini --trials 7 --quiet
run 0 "$hone" run g.ini --quiet
values | cmp -s - whole || bad "interrupted after seven trials: another study"
run 0 "$hone" verify g.db
says out "as recorded"
done_with descends_and_goes_on

rm -f g.db*
ini sphere 'value max' yes
run 0 "$hone" run g.ini --quiet
python3 -c "
v = [float(x) for x in '$(values)'.split()]
assert v[4] > v[0] and max(v) == 75, v" || bad "value max: no ascent: $(values)"
done_with maximizes

rm -f g.db*
ini sphere 'value min' no
run 3 "$hone" run g.ini --quiet
says err "the objective reports no derivatives of what the study asks for"
ini levy 'value min' yes
run 3 "$hone" run g.ini --quiet
says err "derivatives = yes, but those of levy are not known"
ini sphere 'value min' yes nothing
run 3 "$hone" run g.ini --quiet
says err "unknown search 'nothing'"
done_with refuses_without_derivatives

ini sphere 'value min' yes tpe
cat >>g.ini <<'END'
kind = choice a, b
END
sed -i 's/^starts.*/&\nlength = 4\nfirst = proposed/' g.ini
run 0 "$hone" run g.ini --quiet
"$hone" trials g.db --format csv | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
for k in range(0, 20, 4):
    assert len({r["kind"] for r in rows[k:k + 4]}) == 1, k
    assert float(rows[k + 3]["value"]) < float(rows[k]["value"]), k
' || bad "kinds change within a descent, or it does not descend"
run 0 "$hone" verify g.db
says out "as recorded"
done_with mixed_with_tpe

cat >t.ini <<END
[study]
name = t
trials = 1
order = strict
lag = 1
objectives = validation.loss min
[objective]
use = train
epochs = 5
batch_size = 20
hypergradient = implicit
hypergradient_tunes = regularizer.*
[dataset]
use = csv
file = $root/conf/data/iris.csv
target = species
validation = 0.3
[model]
use = mlp
hidden = 8
[optimizer]
use = sgd
[regularizer.l2]
[regularizer.weight_decay]
strength = 0.01
[search]
use = gradient
step = 0.1
online = objective.hypergradient_rate
[space]
regularizer.l2.strength = real 1e-4 .. 1 log
objective.hypergradient_rate = real 0 .. 0.05
END
run 0 "$hone" run t.ini --quiet
grep -q "regularizer.l2.strength  *0.01, tuned to 0" out || bad "the winner's point does not say what was tuned"
grep -q "regularizer.weight_decay.strength  *tuned to 0" out || bad "nor beside the point"
run 0 "$hone" trials t.db --metrics --format json
cp out trials.json
run 0 "$hone" best t.db --format ini
python3 - <<'END' || bad "the final training does not take what the trial tuned"
import configparser, json, struct
def coefficients(text):
    ini = configparser.ConfigParser()
    ini.read_string(text)
    return [float(ini["regularizer.l2"]["strength"]), float(ini["regularizer.weight_decay"]["strength"])]
(trial,) = json.load(open("trials.json"))
tuned = [trial["tuned(regularizer.%s.strength)" % name] for name in ("l2", "weight_decay")]
assert tuned[0] != float(trial["regularizer.l2.strength"]) and tuned[1] != 0.01, trial
with open("t.d/model.safetensors", "rb") as f:
    metadata = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))["__metadata__"]
assert coefficients(metadata["config"]) == tuned, metadata
assert coefficients(open("out").read()) == tuned
END
done_with final_takes_what_a_trial_tuned

run 0 "$hone" run t.ini --quiet --trials 4 --set study.final=no
run 0 "$hone" trials t.db --metrics --format json
python3 - <<'END' <out || bad "the search does not go on from where the first trial came to"
import json, math, sys
trials = json.load(sys.stdin)
came_to = trials[0]["tuned(regularizer.l2.strength)"]
slope = trials[0]["d(validation.loss)/d(regularizer.l2.strength)"]
wanted = came_to * 10 ** (-0.4 if slope > 0 else 0.4) # a tenth of four decades
assert math.isclose(float(trials[1]["regularizer.l2.strength"]), wanted, rel_tol=1e-9), (trials[1], wanted)
assert [float(t["objective.hypergradient_rate"]) for t in trials] == [0.05, 0, 0, 0], trials
END
run 0 "$hone" verify t.db
says out "as recorded"
done_with goes_on_from_what_a_trial_tuned
exit $failed
