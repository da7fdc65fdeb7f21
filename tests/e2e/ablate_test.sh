#!/bin/sh
# SPDX-License-Identifier: MIT
# hone ablate: searches of a function and single trainings, cells and seeds added later, kill -9 and Ctrl-C in the middle, failed
# runs, formats, mistakes with their lines.
. "$(dirname "$0")/lib.sh"

cat >function.ini <<'END'
[study]
name = abl
objectives = value min
trials = 12
storage = abl.db
[objective]
use = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
[ablation]
seeds = 4
axis.search = search.use: random, tpe
END
# columns FILE NAME...: these columns of a csv
columns() {
    file=$1
    shift
    awk -F, -v wanted="$*" 'NR == 1 { n = split(wanted, w, " "); for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { for (i = 1; i <= n; i++) printf "%s%s", $at[w[i]], i < n ? "," : "\n" }' "$file"
}

run 0 "$hone" ablate function.ini --format csv
is cells "$(columns out cell n trials failed_runs | tr '\n' ' ')" "baseline,4,48,0 search=tpe,4,48,0 "
is runs "$(grep -c 'value' err)" 8
is studies "$("$hone" studies abl.db --format csv | grep -c '^abl\..*-[0-9a-f]*.s[0-9]*,finished')" 8
cp out first
# the table is of the studies in the storage: mean of the winners of the baseline
mean=$(for seed in 1 2 3 4; do "$hone" best abl.db --study "$("$hone" studies abl.db --format csv | grep -o "^abl.baseline-[0-9a-f]*.s$seed")" --format csv | awk -F, '$2 == "objective" { print $4 }'; done | awk '{ sum += $1 } END { printf "%.9f", sum / NR }')
is mean "$(columns first mean | head -n 1 | awk '{ printf "%.9f", $1 }')" "$mean"
done_with ablate_runs_every_cell_and_seed

run 0 "$hone" ablate function.ini --format csv
is "runs of the second time" "$(grep -c value err)" 0
cmp -s out first || bad "the table of the second time differs"
run 0 "$hone" ablate function.ini --seeds 5 --set "ablation.axis.search=search.use: random, tpe, sobol" -q
is studies "$("$hone" studies abl.db --format csv | grep -c '^abl\..*-[0-9a-f]*.s[0-9]*,finished')" 15
run 0 "$hone" ablate function.ini --set "ablation.axis.lag=none | study.order=strict, study.lag=2" --set ablation.design=factorial
is "only the new cells" "$(grep -c value err)" 8
says out "search=tpe, lag=order=strict+lag=2"
says out "main effects and interactions"
run 0 "$hone" ablate function.ini --set "ablation.baseline.search=tpe"
is "another baseline, no new run" "$(grep -c value err)" 0
says out "search=random"
done_with ablate_adds_cells_and_seeds

# with one worker or three, the same numbers but for the seconds
run 0 "$hone" ablate function.ini --format csv -q --storage one.db --workers 1
columns out cell mean deviation difference low >one
run 0 "$hone" ablate function.ini --format csv -q --storage three.db --workers 3
columns out cell mean deviation difference low >three
cmp -s one three || bad "workers change the result"
run 0 "$hone" ablate function.ini --format csv -q --storage strict1.db --workers 1 --set study.order=strict
columns out cell mean deviation difference low >one
run 0 "$hone" ablate function.ini --format csv -q --storage strict12.db --workers 12 --set study.order=strict
columns out cell mean deviation difference low >three
cmp -s one three || bad "workers change the result of strict studies"
done_with ablate_does_not_depend_on_workers

# killed in the middle, and gone on with
cat >slow.ini <<'END'
[study]
name = slow
objectives = loss min
trials = 6
storage = slow.db
workers = 2
[search]
use = random
[objective]
use = command
run = sh slow.sh {x} {y}
metrics = loss
[space]
x = real 0 .. 1
y = fixed 0
[ablation]
seeds = 3
axis.y = space.y: fixed 1, fixed 2, fixed 3
END
cat >slow.sh <<'END'
[ -e fast ] || sleep 0.1
[ $2 = 3 ] && [ -e breaks ] && { echo "no such thing" >&2; exit 1; }
awk -v x=$1 -v y=$2 'BEGIN { printf "hone: loss=%.17g\n", (x - 0.3) ^ 2 * y }'
END
numbers="cell n mean deviation difference low trials failed_runs"
touch fast
run 0 "$hone" ablate slow.ini -q --format csv --storage whole.db
columns out $numbers >whole
rm fast
# cells_left: processes of runs that this test has started
cells_left() {
    for environment in /proc/[0-9]*/environ; do
        process=${environment%/environ}
        cat "$environment" 2>/dev/null | tr '\0' '\n' | grep -qx "HOME=$work" || continue
        cat "$process/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q '^hone ablate-cell' && echo "${process#/proc/}"
    done
}
for end in KILL INT; do
    rm -f slow.db* err
    "$hone" ablate slow.ini >out 2>err &
    process=$!
    for i in $(seq 100); do [ -e err ] && [ "$(grep -c loss err)" -ge 2 ] && break; sleep 0.1; done
    kill -$end $process
    wait $process 2>/dev/null
    got=$?
    [ $end = INT ] && is "exit code" $got 130
    for i in $(seq 100); do [ -z "$(cells_left)$(workers_left)" ] && break; sleep 0.1; done
    is "processes left after SIG$end" "$(cells_left)$(workers_left)" ""
    touch fast
    run 0 "$hone" ablate slow.ini --format csv
    rm fast
    columns out $numbers >again
    cmp -s whole again || bad "the table after SIG$end is another one: $(cat again)"
    [ "$(grep -c loss err)" -lt 9 ] || bad "everything ran again after SIG$end"
done
done_with ablate_goes_on_after_kill

touch fast breaks
run 0 "$hone" ablate slow.ini --format csv --storage broken.db
is "failed runs" "$(columns out failed_runs | tr '\n' ' ')" "0 0 3 "
worst=$("$hone" ablate slow.ini --no-run --storage broken.db --format json | python3 -c '
import json, sys
cells = json.load(sys.stdin)["cells"]
values = [r["value"] for c in cells for r in c["runs"] if r["state"] == "complete"]
print(cells[2]["mean"] == max(values), cells[2]["runs"][0]["state"])')
is "failed runs enter as the worst" "$worst" "True failed"
says err "failed: "
run 0 "$hone" ablate slow.ini --storage broken.db
says out "3 runs failed; they count as the worst run of all"
is "runs that failed are not run again" "$(grep -c failed err)" 0
done_with ablate_failed_runs_are_the_worst

# trainings without a space: one each, tested
cat >train.ini <<'END'
[study]
name = iris
storage = iris.db
[objective]
use = train
epochs = 4
[dataset]
use = csv
file = iris.csv
target = species
test = 0.3
[metric.accuracy]
[ablation]
metric = test.accuracy
seeds = 3
design = leave_one_out
axis.dropout = regularizer.dropout.enabled: no, yes
axis.decay = none | regularizer.weight_decay.strength=0.01
END
cp "$root/conf/data/iris.csv" .
run 0 "$hone" ablate train.ini --format json
python3 - out <<'END' || bad "the json is not as it should be"
import json, sys
a = json.load(open(sys.argv[1]))
assert a["metric"] == "test.accuracy" and a["direction"] == "max", a
assert [c["cell"] for c in a["cells"]] == ["dropout=yes, decay=strength=0.01", "decay=strength=0.01", "dropout=yes", "baseline"]
assert all(c["n"] == 3 and c["trials"] == 3 for c in a["cells"])
assert a["cells"][0]["reference"] and a["cells"][1]["pairs"] == 3 and a["cells"][1]["p"] is None
assert len(a["cells"][0]["interval"]) == 2 and a["cells"][0]["interval_method"] == "t"
END
study=$("$hone" studies iris.db --format csv | grep -o '^iris.baseline-[0-9a-f]*.s2')
run 0 "$hone" best iris.db --study "$study" --format ini
cp out best.ini
run 0 "$hone" train best.ini -q
trained=$(awk '$1 == "accuracy" { print $2 }' out)
value=$("$hone" best iris.db --study "$study" --format csv | awk -F, '$2 == "objective" { printf "%.6g", $4 }')
is "test accuracy of the same training" "$value" "$trained"
# what does not vary is the same: with vary = seed, two runs have one split
run 0 "$hone" ablate train.ini -q --set ablation.vary=seed --storage vary.db
config=$("$hone" studies vary.db --format csv | grep -o '^iris.baseline-[0-9a-f]*.s3')
run 0 "$hone" best vary.db --study "$config" --format ini
says out "split_seed = 1"
done_with ablate_trainings

run 0 "$hone" ablate train.ini -q --format markdown
says out "| baseline | 3 |"
run 0 "$hone" ablate train.ini -q --format latex
says out '\toprule'
run 0 "$hone" ablate function.ini -q --format csv --curves
says out "by,at,mean,low,high"
is "points of the curves" "$(columns out cell by | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 50 baseline,seconds; 12 baseline,trials; 50 search=tpe,seconds; 12 search=tpe,trials;"
has_sql && is "table in the storage" "$(sql abl.db "SELECT count(*) FROM attachments WHERE name = 'ablation.json' AND text LIKE '{\"ablation\": \"abl\"%'")" 1
# problems as blocks: average ranks from five on
blocks="--seeds 2 --set study.trials=3 --set ablation.blocks=problem --storage blocks.db"
run 0 "$hone" ablate function.ini -q $blocks --format json --set "ablation.axis.problem=objective.name: branin, sphere, rosenbrock, ackley, rastrigin"
python3 - out <<'END' || bad "ranks are not as they should be"
import json, sys
a = json.load(open(sys.argv[1]))
assert len(a["cells"]) == 10 and a["ranks"]["blocks"] == 5, a
wins = sum((x["mean"] < y["mean"]) + (x["mean"] == y["mean"]) / 2 for x, y in zip(a["cells"][::2], a["cells"][1::2]))
assert abs(a["ranks"]["mean_ranks"]["baseline"] - (2 - wins / 5)) < 1e-12, (wins, a["ranks"])
assert abs(a["ranks"]["critical_difference"] - 1.959964 * (2 * 3 / 30) ** 0.5) < 1e-6
assert all(c["reference"] == (c["cell"] == "baseline") for c in a["cells"]) and a["cells"][9]["block"] == "rastrigin"
END
run 0 "$hone" ablate function.ini -q $blocks --set "ablation.axis.problem=objective.name: branin, sphere"
says out "no average ranks: 2 levels of 'problem', and 5 are the least that say something"
done_with ablate_blocks

# each change lowers the loss by a number of its own: the path takes the largest first, and a race ends after three seeds
cat >path.ini <<'END'
[study]
name = path
objectives = loss min
storage = path.db
[objective]
use = command
run = sh sum.sh {a} {b} {c}
metrics = loss
[space]
a = fixed 0
b = fixed 0
c = fixed 0
[ablation]
seeds = 5
path = yes
design = leave_one_out
axis.a = space.a: fixed 0, fixed 1
axis.b = space.b: fixed 0, fixed 1
axis.c = space.c: fixed 0, fixed 1
END
echo 'echo "hone: loss=$((10 - 2 * $1 - 5 * $2 - 3 * $3))"' >sum.sh
run 0 "$hone" ablate path.ini
is "path" "$(sed -n '/^path from/,/^$/p' out | awk 'NR > 2 && NF { print $2 $3, $(NF - 2), $(NF - 1) $NF }' | tr '\n' ';')" "b=fixed1 -5.0000 50%;c=fixed1 -3.0000 30%;a=fixed1 -2.0000 20%;"
is "runs of the path alone" "$(grep -c loss err)" $((5 * 5 + 3 * 3 + 2))
cp out first
run 0 "$hone" ablate path.ini
cmp -s out first || bad "the path of the second time is another one"
is "runs of the second time" "$(grep -c loss err)" 0
done_with ablate_path

run 0 "$hone" ablate function.ini --seeds 6 --plan
says out "runs       12 = 2 cells x 6 seeds; 2 to do"
says out "trainings  24 to do"
says out "an effect of 1 deviations of the difference takes 10"
says out "can come out significant from 6 on"
says_not out "not known"
run 0 "$hone" ablate function.ini --storage none.db --plan
says out "not known: no run is there to judge by"
[ -e none.db ] && bad "--plan made a storage"
run 0 "$hone" ablate function.ini --checklist
says out "Runs: 8 of 8 (2 cells, 4 seeds); 0 failed"
says out 'x1 = real -5 .. 10'
says out "Trials in all: 96, of which 0 failed."
done_with ablate_plan_and_checklist

run 0 "$hone" run function.ini -q # a study of the same file and storage
run 0 "$hone" ablate function.ini -q
run 0 "$hone" info ablation
says out "axis.NAME = SECTION.KEY: A, B"
run 0 "$hone" info design/plackett_burman
says out "design.foldover = no"
done_with ablate_formats

sed 's/random, tpe/random, tpee/' function.ini >mistake.ini
run 3 "$hone" ablate mistake.ini
says err "mistake.ini:14: axis.search: error:"
says err "did you mean 'tpe'?"
run 3 "$hone" check mistake.ini
says err "mistake.ini:14: axis.search: error:"
run 0 "$hone" check function.ini
says out "for hone ablate: 2 cells, 4 seeds, design one_at_a_time, by value"
run 3 "$hone" ablate function.ini --set ablation.design=factorail
says err "did you mean 'factorial'?"
run 3 "$hone" ablate function.ini --set ablation.design=leave_one_out --set "ablation.axis.s=search.use: random, tpe, gp"
says err "axis 's' has 3 levels; the design leave_one_out takes axes of two levels alone"
run 3 "$hone" ablate function.ini --set "ablation.axis.again=search.use: random, tpe"
says err "have the same settings"
run 2 "$hone" ablate function.ini --format tex
done_with ablate_mistakes

# what is for hone ablate alone, with no [space] or nothing in it that varies, is checked as what it would run: cell by cell
run 0 "$hone" check train.ini
says out "iris: 1 trial, "
says out "for hone ablate: 4 cells, 3 seeds, design leave_one_out, by test.accuracy"
run 0 "$hone" check path.ini
says out "for hone ablate: 5 cells, 5 seeds, design leave_one_out, by loss"
run 0 "$hone" check train.ini --resolved
cp out cell.ini
run 0 "$hone" run cell.ini -q --storage cell.db
is "a trial of the first cell" "$(count cell.db complete)" 1
run 3 "$hone" check train.ini --set "ablation.axis.decay=none | regularizer.weight_decay.strenght=0.01"
says err "did you mean 'strength'?"
run 0 "$hone" check train.ini --tables-only --set "ablation.axis.dropout=none | off: regularizer.dropout.sites=hiden*"
run 3 "$hone" check train.ini --set "ablation.axis.dropout=none | off: regularizer.dropout.sites=hiden*" --set ablation.design=factorial
says err "sites = hiden* matches none"
says err "this is of the cell 'dropout=off' of [ablation]"
run 0 "$hone" check train.ini --train --set "ablation.axis.dropout=none | off: regularizer.dropout.sites=hiden*"
run 3 "$hone" check train.ini --set ablation.metric=validation.acuracy
says err "did you mean 'validation.accuracy'?"
sed '/^\[ablation\]/,$d' train.ini >nothing.ini
run 3 "$hone" check nothing.ini
says err "there is nothing to search"
done_with ablate_check
exit $failed
