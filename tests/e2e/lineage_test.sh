#!/bin/sh
# SPDX-License-Identifier: MIT
# hone trials: rungs and promotions of asha, the lineage of pbt's clones, all about one trial.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

numbers_csv 200
cat >s.ini <<'INI'
[study]
name = s
trials = 12
order = strict
lag = 3
final = no
objectives = validation.loss min
constraints = model.parameters <= 60
[search]
use = random
[scheduler]
use = asha
[objective]
use = train
epochs = 9
batch_size = 16
[dataset]
use = csv
file = numbers.csv
target = y
validation = 0.3
[model]
use = mlp
hidden = 8
[space]
optimizer.learning_rate = real 1e-3 .. 1e-1 log
INI
run 0 "$hone" run s.ini -q
is columns "$("$hone" trials s.db --format csv | head -n 1 | tr ',' '\n' | tail -n 2 | tr '\n' ' ')" "rungs promotions "
is "who came to the top" "$(trials s.db state,rungs,promotions | grep complete | sort -u)" "complete,1 3,2"
is "who waits at the bottom" "$(trials s.db state,step,rungs,promotions | grep -c '^paused,1,1,0$')" "$(trials s.db state,step | grep -c '^paused,1$')"
top=$(trials s.db trial,state | awk -F, '$2 == "complete" { print $1; exit }')
run 0 "$hone" trials s.db --trial "$top" --format csv
says out "objective,,,validation.loss,"
says out "constraint,,,model.parameters <= 60,met"
says out "started,,,,20"
says out "decision,1,,pauses,"
says out "decision,,,goes on,until step 3"
says out "decision,,,goes on,to its end"
run 0 "$hone" trials s.db --trial "$top" --format json
python3 -c 'import json; json.load(open("out"))' || bad "no JSON"
done_with rungs

sed -e 's/^name = s/name = p/' -e 's/^use = asha/use = pbt/' -e '/^constraints/d' -e 's/^trials = 12/trials = 6/' -e 's/^epochs = 9/epochs = 12/' s.ini >p.ini
cat >>p.ini <<'INI'
[regularizer.dropout]
INI
run 0 "$hone" run p.ini -q --set scheduler.interval=2
"$hone" trials p.db --format csv >p.csv
head -n 1 p.csv | grep -q ',parent$' || bad "there is no column of parents: $(head -n 1 p.csv)"
clone=$(trials p.db trial,parent | awk -F, '$2 != "" { print $1; exit }')
[ -n "$clone" ] || bad "no trial was cloned"
run 0 "$hone" trials p.db --trial "$clone" --format csv
says out "lineage,,,,"
# the chain ends with the parent of the list, and every link is a clone that is recorded
python3 - "$clone" out p.csv <<'END' || bad "the lineage is not what the events say"
import csv, sys
rows = list(csv.DictReader(open(sys.argv[2])))
chain = [r["value"] for r in rows if r["what"] == "lineage"][0].split()
parent = {r["trial"]: r["parent"] for r in csv.DictReader(open(sys.argv[3]))}[sys.argv[1]]
assert chain[-1] == parent, (chain, parent)
steps = [int(link.split("@")[1]) for link in chain]
assert steps == sorted(steps), chain
clones = [(r["step"], r["value"]) for r in rows if r["what"] == "decision" and r["name"] == "clone"]
trial, step = parent.split("@")
assert clones[-1] == (step, "of trial " + trial), (clones, parent)
END
done_with lineage

# repeats have their deviation in the list
cat >r.ini <<'INI'
[study]
name = r
trials = 4
repeats = 3
objectives = value min
[search]
use = random
[objective]
use = function
name = branin
noise = 3
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
run 0 "$hone" run r.ini -q
is columns "$("$hone" trials r.db --format csv | head -n 1)" "trial,state,step,seconds,value,deviation,x1,x2"
is "all have one" "$(trials r.db deviation | grep -c '[0-9]')" 4
done_with deviations
exit $failed
