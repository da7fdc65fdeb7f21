#!/bin/sh
# SPDX-License-Identifier: MIT
# A study repeats: order = strict gives the same trials with any number of workers; a finished study may be run again, made
# longer, resumed without its INI; another study under its name is refused; nobody runs it twice at once.
. "$(dirname "$0")/lib.sh"

study() { # NAME SEARCH SCHEDULER
    cat >"$1.ini" <<INI
[study]
name = $1
trials = 30
order = strict
objectives = value min
storage = $1.db
[search]
use = $2
[scheduler]
use = $3
[objective]
use = function
name = hartmann3
steps = 6
delay = 0.001
noise = 0.05
[space]
x1 = real 0 .. 1
x2 = real 0 .. 1
x3 = real 0 .. 1
INI
}
table() { timeout 60 "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }

for pair in random:median anneal:median anneal:none grid:none; do
    search=${pair%:*} scheduler=${pair#*:}
    study "$search-$scheduler" "$search" "$scheduler"
    for workers in 1 2 5; do
        run 0 "$hone" run "$search-$scheduler.ini" -q --workers $workers --storage w$workers.db
        table w$workers.db >w$workers.csv
        rm -f w$workers.db*
        cmp -s w$workers.csv w1.csv || { bad "$workers workers differ from 1"; diff w$workers.csv w1.csv | head -n 4; }
    done
    is trials "$(tail -n +2 w1.csv | wc -l)" 30
    [ $scheduler = none ] || grep -q pruned w1.csv || bad "nothing was pruned: the test says nothing"
    done_with "same_trials_$pair"
done
run 0 "$hone" run random-median.ini -q --storage other.db --set study.seed=2
table other.db >other.csv
study random-median random median
run 0 "$hone" run random-median.ini -q
table random-median.db >one.csv
cmp -s other.csv one.csv && bad "another seed gives the same trials"
done_with another_seed

# run again: nothing is done twice
before=$(sqlite3 random-median.db 'select count(*) from events')
run 0 "$hone" run random-median.ini -q
says out winner
is events "$(sqlite3 random-median.db 'select count(*) from events')" "$before"
done_with finished_again

# more trials go on from there, and are those that a longer study would have had (nothing was running at its end)
run 0 "$hone" run random-median.ini -q --trials 40
table random-median.db | head -n 31 | cmp -s - one.csv || bad "the first 30 trials changed"
is trials "$(table random-median.db | tail -n +2 | wc -l)" 40
run 0 "$hone" resume random-median.db --trials 45 -q
is trials "$(table random-median.db | tail -n +2 | wc -l)" 45
done_with longer

# the same name with other settings is another study
run 3 "$hone" run random-median.ini -q --set objective.noise=0.1
says err noise
says err "choose another name or storage"
# any setting that means another study is refused by its line; those that do not are taken; neither changes what is there
events=$(sqlite3 random-median.db 'select count(*) from events')
refused() { # LINE ASSIGNMENT: the line as the storage has it
    run 3 "$hone" run random-median.ini -q --set "$2"
    says err "$1"
}
refused 'seed = 1' study.seed=8
refused 'order = strict' study.order=asynchronous
refused 'objectives = value min' 'study.objectives=value max'
refused 'use = random' search.use=grid
refused 'use = median' scheduler.use=none
refused 'steps = 6' objective.steps=7
refused 'x2 = real 0 .. 1' 'space.x2=real 0 .. 0.5'
for allowed in study.workers=1 study.time=1h study.trial_time=1m study.trial_memory=1G study.trial_retries=3; do
    run 0 "$hone" run random-median.ini -q --set $allowed
done
is events "$(sqlite3 random-median.db 'select count(*) from events')" "$events"
run 0 "$hone" run random-median.ini -q --set study.name=second --trials 3
run 0 "$hone" studies random-median.db --format csv
is studies "$(tail -n +2 out | cut -d, -f1 | sort | tr '\n' ' ')" "random-median second "
run 2 "$hone" trials random-median.db
says err "--study"
run 0 "$hone" trials random-median.db --study second --format csv
is trials "$(tail -n +2 out | wc -l)" 3
run 1 "$hone" best random-median.db --study secnd
says err "did you mean 'second'"
done_with other_settings

# one coordinator at a time
study busy random none
"$hone" run busy.ini -q --set objective.delay=0.05 >/dev/null 2>&1 &
pid=$!
sleep 0.4
run 1 "$hone" run busy.ini -q --set objective.delay=0.05
says err $pid
kill -TERM $pid
wait $pid
run 0 "$hone" run busy.ini -q --set objective.delay=0.05 --trials 4
done_with one_at_a_time
exit $failed
