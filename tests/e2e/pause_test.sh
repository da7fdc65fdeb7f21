#!/bin/sh
# SPDX-License-Identifier: MIT
# Trials that pause at rungs and go on: the same table with any number of workers, with and without checkpoints, after kill -9
# at random moments (KILL_SEED=N repeats them) and after damage to the files; none of the files is left at the end.
. "$(dirname "$0")/lib.sh"
KILL_SEED=${KILL_SEED:-$$}
KILLS=${KILLS:-50}
echo "# KILL_SEED=$KILL_SEED"

study() { # NAME SCHEDULER: trains a small network on numbers made here
    numbers_csv 400
    cat >"$1.ini" <<INI
[study]
name = $1
trials = 20
order = strict
lag = 5
workers = 2
trial_retries = 100
final = no
objectives = validation.loss min
checkpoint_interval = 0
storage = $1.db
[search]
use = random
[scheduler]
use = $2
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
hidden = 16, 8
[optimizer]
use = adam
[regularizer.dropout]
rate = 0.2
[regularizer.early_stopping]
patience = 4
[space]
optimizer.learning_rate = real 1e-4 .. 1e-1 log
regularizer.dropout.rate = real 0 .. 0.5
INI
    # one that is the search, too, stands alone
    "$hone" check "$1.ini" >/dev/null 2>&1 || sed -i '/^\[search\]/,/^use = random/d' "$1.ini"
}
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
# every number that was ever reported, but for the one that the clock decides: a step that was repeated is there once more where
# it came out differently
reports() {
    sql "$1" "SELECT DISTINCT trial, step, name, printf('%!.17g', value) FROM reports
              WHERE name <> 'diagnosis.step_time' ORDER BY trial, step, name, value"
}
same() { # CSV REFERENCE
    cmp -s "$1" "$2" || { bad "the table differs from the uninterrupted one"; diff "$1" "$2" | head -n 4; }
}

for scheduler in asha hyperband successive_halving bohb dehb; do
    study $scheduler $scheduler
    run 0 "$hone" run $scheduler.ini -q
    table $scheduler.db >reference.csv
    reports $scheduler.db >reference.reports
    grep -q 'diagnosis.gap.loss' reference.reports || bad "no diagnosis was reported"
    [ "$(grep -c ',complete,' reference.csv)" -gt 0 ] || bad "no trial came to its end"
    [ "$(grep -c ',paused,' reference.csv)" -gt 5 ] || bad "hardly any trial waits"
    for workers in 1 5; do
        run 0 "$hone" run $scheduler.ini -q --storage w$workers.db --workers $workers
        table w$workers.db >w.csv
        same w.csv reference.csv
        reports w$workers.db >w.reports
        same w.reports reference.reports
        rm -f w$workers.db*
    done
    rm -f anew.db*
    # trials that begin anew come to the same: no room for any checkpoint
    run 0 "$hone" run $scheduler.ini -q --storage anew.db --set study.checkpoint_space=1
    table anew.db >w.csv
    same w.csv reference.csv
    reports anew.db >w.reports
    same w.reports reference.reports
    [ ! -d $scheduler.d/checkpoints ] || bad "checkpoints are left: $(ls $scheduler.d/checkpoints)"
    cp reference.csv $scheduler.csv
    cp reference.reports $scheduler.reports
    done_with pauses_repeat_$scheduler
done

# KILLS times for asha, a fifth of that for those that also propose or clone
for scheduler in pbt pb2; do
    study $scheduler $scheduler
    run 0 "$hone" run $scheduler.ini -q
    table $scheduler.db >$scheduler.csv
    reports $scheduler.db >$scheduler.reports
done
for scheduler in asha bohb dehb pbt pb2; do
    kills=0
    n=$([ $scheduler = asha ] && echo "$KILLS" || echo $((KILLS / 5)))
    rm -f $scheduler.db*
    for moment in $(awk -v seed="$KILL_SEED" -v n="$n" 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%.3f\n", 0.015 + rand() * 0.05 }'); do
        timeout -s KILL "$moment" "$hone" run $scheduler.ini -q >/dev/null 2>&1
        [ $? = 137 ] && kills=$((kills + 1))
    done
    echo "# $scheduler killed $kills times"
    [ "$kills" -ge $((n / 5)) ] || bad "only $kills kills hit a running study"
    run 0 "$hone" run $scheduler.ini -q
    table $scheduler.db >w.csv
    same w.csv $scheduler.csv
    reports $scheduler.db >w.reports
    same w.reports $scheduler.reports
    run 0 "$hone" verify $scheduler.db
    [ ! -d $scheduler.d/checkpoints ] || bad "checkpoints are left: $(ls $scheduler.d/checkpoints)"
    is "orphans" "$(workers_left)" ""
    done_with killed_while_trials_pause_$scheduler
done

# a checkpoint that is torn, and one that is gone: told by name, and the trial begins anew
rm -f asha.db*
"$hone" run asha.ini -q --set objective.batch_size=1 >/dev/null 2>&1 & coordinator=$!
found=0
for i in $(seq 1 400); do
    set -- asha.d/checkpoints/trial*-1
    [ -e "$1" ] && [ -e "$2" ] && { found=1; break; }
    sleep 0.02
done
kill -9 $coordinator
wait $coordinator 2>/dev/null
[ $found = 1 ] || bad "no checkpoint was ever there"
for file in asha.d/checkpoints/trial*; do printf 'x' | dd of="$file" bs=1 seek=100 conv=notrunc 2>/dev/null; done
run 0 "$hone" run asha.ini --set objective.batch_size=1
cat out err >both
says both "is damaged"
says both "the trial begins anew"
table asha.db >damaged.csv
run 0 "$hone" run asha.ini -q --set objective.batch_size=1 --storage whole.db
table whole.db >w.csv
same damaged.csv w.csv
done_with damaged_checkpoints

# a program with checkpoints of its own
cat >program.sh <<'END'
step=0 sum=0
[ -z "$HONE_RESTORE" ] || { . "$HONE_RESTORE"; [ $step = $HONE_RESTORE_STEP ] || exit 1; }
echo "hone: began=$step value=$sum"
while [ $step -lt 9 ]; do
    step=$((step + 1))
    sum=$(awk -v s="$sum" -v x="$HONE_PARAM_X" -v k=$step 'BEGIN { printf "%.12g", s + x * k }')
    echo "step=$step sum=$sum" >"$HONE_CHECKPOINTS/state$step"
    echo "hone: step=$step value=$sum checkpoint=state$step"
done
echo "hone: value=$sum"
END
cat >program.ini <<INI
[study]
name = program
trials = 9
order = strict
lag = 2
workers = 2
objectives = value min
[scheduler]
use = asha
[objective]
use = command
run = sh program.sh
directory = $work
steps = 9
checkpoints = yes
[space]
x = real -1 .. 1
INI
run 0 "$hone" run program.ini -q
trials program.db state,began --metrics >w.csv
grep -q '^complete,3$' w.csv || bad "the one that came through did not begin at step 3: $(cat w.csv)"
[ -z "$(find program.d -type f 2>/dev/null)" ] || bad "files are left: $(find program.d -type f)"
done_with program_with_checkpoints

exit $failed
