#!/bin/sh
# SPDX-License-Identifier: MIT
# Trials that are measured again and again ([study] repeats, folds in turn) and at rising fidelity: what is kept, who judges it, the
# same table with any number of workers and after kill -9, and what is refused.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
column() { # DB COLUMN [OPTIONS]
    db=$1 wanted=$2
    shift 2
    "$hone" trials "$db" --format csv "$@" | python3 -c 'import csv, sys; print(" ".join(r[sys.argv[1]] or "-" for r in csv.DictReader(sys.stdin)))' "$wanted"
}

cat >noisy.ini <<'INI'
[study]
name = noisy
trials = 24
order = strict
lag = 4
workers = 2
repeats = 5
objectives = value min
[search]
use = random
[scheduler]
use = wilcoxon
[objective]
use = function
name = branin
noise = 5
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
run 0 "$hone" run noisy.ini -q
table noisy.db >reference.csv
[ "$(count noisy.db pruned)" -gt 5 ] || bad "the scheduler stopped hardly any trial"
[ "$(count noisy.db complete)" -gt 3 ] || bad "hardly any trial came to its end"
for workers in 1 5; do
    run 0 "$hone" run noisy.ini -q --storage w$workers.db --workers $workers
    table w$workers.db | cmp -s - reference.csv || bad "$workers workers give another table"
done
run 0 "$hone" verify noisy.db
says out "as recorded"
for workers in 1 4; do # a search that takes the deviations for noise
    run 0 "$hone" run noisy.ini -q --storage gp$workers.db --workers $workers --set search.use=gp
done
table gp1.db >gp.csv
table gp4.db | cmp -s - gp.csv || bad "gp: 4 workers give another table"
run 0 "$hone" verify gp1.db
says out "as recorded"
run 0 "$hone" trials noisy.db --trial 0 --format csv
python3 - out <<'END' || bad "the trial's value is not the mean of its repeats, or its deviation not theirs"
import csv, statistics, sys
rows = list(csv.DictReader(open(sys.argv[1])))
reports = [float(r["value"]) for r in rows if r["what"] == "report" and r["name"] == "value"]
metric = {r["name"]: float(r["value"]) for r in rows if r["what"] == "metric"}
assert len(set(reports)) == 5, reports
assert abs(metric["value"] - statistics.mean(reports)) < 1e-9
assert abs(metric["value.deviation"] - statistics.stdev(reports)) < 1e-9
END
done_with repeats

# median judges the mean so far; kill -9 while they run: each repeat is measured once
cat >noise.sh <<'END'
echo $HONE_TRIAL $HONE_SEED >>runs
sleep 0.02
awk -v x="$HONE_PARAM_X" -v s="$HONE_SEED" 'BEGIN { srand(s % 2147483647); print "hone: value=" x + 0.2 * rand() }'
END
cat >slow.ini <<INI
[study]
name = slow
trials = 16
order = strict
lag = 3
workers = 3
repeats = 4
objectives = value min
[search]
use = random
[scheduler]
use = median
n_startup_trials = 2
[objective]
use = command
run = sh noise.sh
directory = $work
[space]
x = real 0 .. 1
INI
run 0 "$hone" run slow.ini -q --storage whole.db
table whole.db >whole.csv
[ "$(count whole.db pruned)" -gt 1 ] || bad "median stopped nothing"
is "runs, none twice" "$(sort runs | uniq -d | wc -l)" 0
is "runs" "$(wc -l <runs)" "$(awk -F, 'NR > 1 { n += $3 } END { print n }' whole.csv)"
for more in 3 5 2 4 6; do # kill -9 after so many more runs
    wanted=$(($(wc -l <runs) + more))
    "$hone" run slow.ini -q >/dev/null 2>&1 & pid=$!
    for i in $(seq 1 1000); do [ "$(wc -l <runs)" -ge $wanted ] && break; sleep 0.01; done
    kill -9 $pid
    wait $pid 2>/dev/null
done
[ "$(count slow.db running)" -gt 0 ] || bad "the last kill hit nothing"
run 0 "$hone" run slow.ini -q
table slow.db | cmp -s - whole.csv || bad "the table differs from the uninterrupted one"
run 0 "$hone" verify slow.db
says out "as recorded"
done_with repeats_killed

# folds one after another come to what they come to side by side
numbers_csv 200
cat >folds.ini <<'INI'
[study]
name = folds
trials = 8
order = strict
lag = 2
objectives = validation.accuracy max
final = no
[search]
use = random
[scheduler]
use = none
[objective]
use = train
epochs = 5
batch_size = 16
steps = folds
[dataset]
use = csv
file = numbers.csv
target = y
folds = 6
[model]
use = mlp
hidden = 8
[regularizer.early_stopping]
patience = 2
[metric.accuracy]
[space]
optimizer.learning_rate = real 1e-3 .. 1e-1 log
INI
run 0 "$hone" run folds.ini -q --storage turn.db
run 0 "$hone" run folds.ini -q --storage side.db --set objective.steps=epochs
"$hone" trials turn.db --metrics --format csv >turn.csv
"$hone" trials side.db --metrics --format csv >side.csv
python3 - <<'END' || bad "folds in turn differ from folds side by side"
import csv, math
turn, side = (list(csv.DictReader(open(f))) for f in ("turn.csv", "side.csv"))
for a, b in zip(turn, side):
    assert a["step"] == "6"
    for name in ("validation.accuracy", "validation.loss", "validation.loss.deviation", "validation.accuracy.deviation", "train.loss", "model.epochs"):
        assert math.isclose(float(a[name]), float(b[name]), rel_tol=1e-9), (name, a[name], b[name])
END
run 0 "$hone" run folds.ini -q --storage cut.db --set scheduler.use=wilcoxon --trials 20
[ "$(count cut.db pruned)" -gt 3 ] || bad "wilcoxon stopped hardly any trial"
run 0 "$hone" verify cut.db
run 0 "$hone" run folds.ini -q --storage final.db --trials 2 --set study.final=yes
says out "model  $work/folds.d/model.safetensors"
done_with folds_in_turn

# a fidelity: trials run at a level, and again at a higher one where they are promoted
cat >budget.sh <<'END'
echo $1 >>budgets
awk -v x="$HONE_PARAM_X" -v b="$HONE_PARAM_BUDGET" 'BEGIN { print "hone: value=" x * x + 1 / b }'
END
cat >budget.ini <<INI
[study]
name = budget
trials = 30
order = strict
lag = 4
workers = 2
fidelity = budget 1 .. 27
objectives = value min
[search]
use = random
[scheduler]
use = asha
[objective]
use = command
run = sh budget.sh {budget}
directory = $work
[space]
x = real -1 .. 1
INI
: >budgets
run 0 "$hone" run budget.ini -q
table budget.db >reference.csv
is "levels that were run" "$(sort -nu budgets | tr '\n' ' ')" "1 3 9 27 "
is "runs at the lowest" "$(grep -cx 1 budgets)" 30
[ "$(grep -cx 27 budgets)" -le 3 ] || bad "hardly anything was stopped below the top"
is "complete ones stand at the top" "$(awk -F, '$2 == "complete" { print $3 }' reference.csv | sort -u)" 27
for workers in 1 4; do
    run 0 "$hone" run budget.ini -q --storage b$workers.db --workers $workers
    table b$workers.db | cmp -s - reference.csv || bad "$workers workers give another table"
done
run 0 "$hone" verify budget.db
run 0 "$hone" best budget.db --format ini
says out "budget = fixed 27"
says_not out "fidelity"
cp out best.ini
run 0 "$hone" train best.ini
is "the winner's own run" "$(tail -n 1 budgets)" 27
# of a section's key: here a share of the training data
sed -e 's/^name = folds/name = share/' -e 's/^steps = folds/steps = epochs/' -e 's/^folds = 6/validation = 0.3/' -e 's/^use = none/use = asha/' \
    -e 's/^final = no/fidelity = dataset.fraction 0.12 .. 0.96/' -e 's/^trials = 8/trials = 12/' folds.ini >share.ini
run 0 "$hone" run share.ini -q
is "steps" "$(column share.db step | tr ' ' '\n' | sort -nu | tr '\n' ' ')" "1 3 8 "
run 0 "$hone" best share.db --format ini
says out "fraction = 0.96"
done_with fidelity

mistake() { # MESSAGE ASSIGNMENT
    run 3 "$hone" run budget.ini --storage wrong.db --set "$2"
    says err "$1"
}
mistake "HIGH at least twice as much" "study.fidelity=budget 1 .. 1.5"
mistake "LOW is above 0" "study.fidelity=budget 0 .. 1"
mistake "expected '..' behind the lower bound" "study.fidelity=budget 1"
mistake "expected the end of the line, found 'log'" "study.fidelity=budget 1 .. 27 log"
mistake "'x' is in [space]" "study.fidelity=x 0.1 .. 1"
mistake "'search.duplicates' belongs to the study" "study.fidelity=search.duplicates 1 .. 2"
mistake "'objective.grace' is not made to differ from trial to trial" "study.fidelity=objective.grace 1 .. 5"
mistake "either levels of a fidelity or repeats, not both" study.repeats=2
mistake "repeats = 0 is outside [1, 1000]" study.repeats=0
mistake "the objective needs 'budget' in [space]" "study.fidelity="
mistake "scheduler 'pbt' clones trials from their checkpoints" scheduler.use=pbt
run 3 "$hone" run share.ini --storage wrong.db --set "study.fidelity=dataset.fraction 0.5 .. 2"
says err "goes beyond what dataset.fraction may be"
run 3 "$hone" run share.ini --storage wrong.db --set "study.fidelity=dataset.fracture 0.5 .. 1"
says err "no key 'fracture' in [dataset]"
run 3 "$hone" run folds.ini --storage wrong.db --set study.repeats=3
says err "are 6 runs of the same point already"
run 3 "$hone" run folds.ini --storage wrong.db --set dataset.folds=0
says err "give [dataset] folds"
run 3 "$hone" run noisy.ini --set study.repeats=4
says err "other settings: there 'repeats = 5'"
[ ! -e wrong.db ] || bad "a study was begun"
done_with mistakes
exit $failed
