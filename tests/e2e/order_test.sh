#!/bin/sh
# SPDX-License-Identifier: MIT
# The same study with any number of workers, from scratch or resumed; what a study may change from one run to the next, and what not.
. "$(dirname "$0")/lib.sh"

cat >study.ini <<END
[study]
name = order
objectives = value min
trials = 30
workers = 2
order = strict
seed = 7
[search]
use = random
[scheduler]
use = median
[objective]
use = function
name = hartmann3
steps = 6
noise = 0.05
delay = 0.002
[space]
x1 = real 0 .. 1
x2 = real 0 .. 1
x3 = real 0 .. 1
END
table() { trials "$1" trial,state,step,value,x1,x2,x3; }

for pair in random anneal random-none anneal-none grid-none; do
    search=$pair scheduler=median
    [ "${pair%-none}" = "$pair" ] || scheduler=none
    for workers in 1 2 5; do
        run 0 "$hone" run study.ini --quiet --storage $search-$workers.db --workers $workers --set search.use=${pair%-none} --set scheduler.use=$scheduler
        table $search-$workers.db >$search-$workers.csv
        cp out $search-$workers.out
        is "trials" "$(wc -l <$search-$workers.csv)" 30
        cmp -s $search-1.csv $search-$workers.csv || bad "$workers workers: $(diff $search-1.csv $search-$workers.csv | head -n 3 | tr '\n' ' ')"
    done
    [ $scheduler = none ] || grep -q ,pruned, $search-1.csv || bad "nothing was pruned: it proves nothing of the scheduler"
    [ "$(cut -d, -f5- $search-1.csv | sort -u | wc -l)" = 30 ] || bad "points that are the same"
    done_with same_trials_with_any_number_of_workers_$search
done
cmp -s random-1.csv anneal-1.csv && bad "anneal proposes what random search does"
run 0 "$hone" run study.ini --quiet --storage seed.db --set study.seed=8
table seed.db >seed.csv
cmp -s random-1.csv seed.csv && bad "another seed, the same trials"
done_with another_seed_another_study

# in two sessions
for search in random anneal; do
    run 0 "$hone" run study.ini --quiet --storage two.$search.db --set search.use=$search --trials 11
    run 0 "$hone" resume two.$search.db --quiet --trials 30 --workers 1
    is "trials" "$(trials two.$search.db trial | wc -l)" 30
    [ $search = anneal ] && continue # strict order begins trials 12 to 14 before the end of the eleven is known
    table two.$search.db | cut -d, -f1,5- >two.csv
    cut -d, -f1,5- random-1.csv >one.csv
    cmp -s one.csv two.csv || bad "in two sessions: $(diff one.csv two.csv | head -n 3 | tr '\n' ' ')"
done
done_with more_trials_by_resume

cp random-2.db before.db
run 0 "$hone" run study.ini --quiet --storage random-2.db
says out "winner trial"
cmp -s out random-2.out || bad "a finished study tells another end: $(diff out random-2.out | head -n 3 | tr '\n' ' ')"
table random-2.db >again.csv
cmp -s again.csv random-2.csv || bad "a finished study has changed"
run 0 "$hone" run study.ini --quiet --storage random-2.db --trials 34
is "trials" "$(trials random-2.db trial | wc -l)" 34
table random-2.db | head -n 30 | cmp -s - random-2.csv || bad "the first thirty have changed"
done_with finished_study_again

# other settings are another study
refused() { # KEY ASSIGNMENT: refused, the key's line as it is there and here
    run 3 "$hone" run study.ini --quiet --storage random-5.db --set "$2"
    says err "the storage has a study 'order' with other settings"
    says err "$1"
    empty_diff=$(table random-5.db | diff - random-5.csv)
    [ -z "$empty_diff" ] || bad "it changed the study"
}
refused "seed = 7" study.seed=8
refused "use = random" search.use=grid
refused "use = median" scheduler.use=none
refused "steps = 6" objective.steps=7
refused "x2 = real 0 .. 1" "space.x2=real 0 .. 0.5"
refused "order = strict" study.order=asynchronous
refused "objectives = value min" "study.objectives=value max"
sed 's/^x3 = .*//; s/hartmann3/branin/' study.ini >fewer.ini
run 3 "$hone" run fewer.ini --quiet --storage random-5.db
says err "with other settings"
done_with other_settings_are_refused
for allowed in study.workers=1 study.time=1h study.trial_time=1m study.trial_memory=1G study.trial_retries=3; do
    run 0 "$hone" run study.ini --quiet --storage random-5.db --set $allowed
done
table random-5.db | cmp -s - random-5.csv || bad "it changed the study"
done_with these_settings_may_change

# two studies in one storage
run 0 "$hone" run study.ini --quiet --storage both.db --trials 5
run 0 "$hone" run study.ini --quiet --storage both.db --trials 6 --set study.name=second --set search.use=anneal
run 0 "$hone" studies both.db --format csv
is "studies" "$(tail -n +2 out | cut -d, -f1,3 | tr '\n' ' ')" "order,5 second,6 "
is "trials of the one" "$(trials both.db trial --study order | wc -l)" 5
is "trials of the other" "$(trials both.db trial --study second | wc -l)" 6
run 2 "$hone" trials both.db
says err "both.db holds 2 studies (order, second): say which with --study NAME"
run 1 "$hone" best both.db --study secnod
says err "no study 'secnod'; did you mean 'second'?"
run 0 "$hone" resume both.db --study second --quiet --trials 8
is "trials of the other" "$(trials both.db trial --study second | wc -l)" 8
is "trials of the one" "$(trials both.db trial --study order | wc -l)" 5
done_with two_studies_in_one_storage

# two coordinators: of one study, refused; of two studies, at once
"$hone" run study.ini --quiet --storage busy.db --set objective.delay=0.1 >first.out 2>first.err &
first=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(trials busy.db trial 2>/dev/null | wc -l)" -gt 0 ] && break
    sleep 0.1
done
run 1 "$hone" run study.ini --quiet --storage busy.db --set objective.delay=0.1
says err "$first"
says err "busy.db"
run 1 "$hone" resume busy.db --quiet
says err "$first"
run 0 "$hone" run study.ini --quiet --storage busy.db --set study.name=other --trials 10
is "trials of the other" "$(trials busy.db state --study other | wc -l)" 10
run 0 "$hone" trials busy.db --study order
kill -0 $first 2>/dev/null || bad "the first coordinator was disturbed: $(cat first.err)"
kill -INT $first
wait $first
is "exit status of the first" $? 130
sleep 0.1
is "workers left" "$(workers_left)" ""
done_with second_coordinator_is_refused
exit $failed
