#!/bin/sh
# SPDX-License-Identifier: MIT
# Plugins that crash, hang, lie and leak, each in a study. An objective costs its trials and nothing else: the study goes on and says
# who did what. A search or a scheduler ends the run with its name, what was committed stays, and the same study goes on without it.
. "$(dirname "$0")/lib.sh"
plugin objective_bad
plugin search_bad
plugin scheduler_bad

cat >objective.ini <<END
[study]
name = objective
objectives = value min
trials = 8
workers = 2
[objective]
use = bad
every = 4
[space]
x = real 0 .. 1
END
# objective MODE [OPTIONS]: a study whose trials 0 and 4 do wrong
objective() {
    mode=$1
    shift
    rm -f "$mode".db*
    run 0 "$hone" run objective.ini --quiet --plugin-path plugins --storage "$mode.db" --set "objective.mode=$mode" "$@"
    says out "winner trial 1"
    is "number of trials" "$(trials "$mode.db" trial | wc -l)" 8
    is "reports of good trials" "$("$hone" trials "$mode.db" --trial 1 --format csv | grep -c '^report,')" 3
}
# blames MODE STEP MESSAGE: trials 0 and 4 failed behind that step with that message, told in the run and kept; all others are complete
blames() {
    is "failed trials" "$(trials "$1.db" trial,state,step,component | grep failed | tr '\n' ' ')" "0,failed,$2,objective 4,failed,$2,objective "
    is "complete trials" "$(count "$1.db" complete)" 6
    for trial in 0 4; do
        "$hone" trials "$1.db" --trial $trial --format csv >one.csv
        says one.csv "$3"
        grep "trial $trial" err | grep -qF -- "$3" || bad "the run does not tell of trial $trial: $3"
    done
}

crashes() { objective "$1"; blames "$1" 1 "$2"; done_with "objective_$1"; }
crashes segfault "the worker was killed by SIGSEGV"
crashes deep "the worker was killed by SIGSEGV"
crashes abort "the worker was killed by SIGABRT"
crashes raise "the worker was killed by SIGFPE"
crashes exit "the worker process ended by itself with exit status 0 (a plugin called exit)"
crashes garbage "garbage on the channel between coordinator and worker"
# the child holds the worker's end of the channel: the death must be seen all the same, and the child must go
crashes children "the worker was killed by SIGABRT"

lies() { objective "$1"; blames "$1" "$2" "$3"; done_with "objective_$1"; }
lies nan 3 "value is not a number"
lies missing 3 "the objective did not report value; it reported other"
lies mxcsr 3 "changed the floating-point state (MXCSR"
lies pruned_unasked 2 "says that it was pruned, but nobody asked for it"
lies report_backwards 2 "a report of step 1 after one of step 2"

objective infinite
is "trials with an infinite value" "$(trials infinite.db trial,state,value | grep -c 'complete,inf$')" 2
run 0 "$hone" trials infinite.db --format json
! command -v python3 >/dev/null || python3 -m json.tool <out >json.out 2>&1 || bad "not JSON: $(head -c 300 out)"
done_with objective_infinite

objective prints
says_not out "nobody asked"
says_not err "nobody asked"
is "complete trials" "$(count prints.db complete)" 8
done_with objective_prints

# limits; two at a time, as each needs its grace
objective loop --set study.trial_time=0.5 &
loop=$!
mkdir stubborn && cp -r objective.ini plugins stubborn
(cd stubborn && objective stubborn --set study.trial_time=0.5 && blames stubborn 1 "took longer than trial_time = 0.5 s and was ended" && [ $fine = 1 ]) >stubborn.out
[ $? = 0 ] || bad "stubborn: $(cat stubborn.out)"
wait $loop
blames loop 1 "took longer than trial_time = 0.5 s and was ended"
done_with objective_exceeds_trial_time

objective allocate --set study.trial_memory=200M
is "failed trials" "$(count allocate.db failed)" 2
"$hone" trials allocate.db --trial 4 --format csv >one.csv
says one.csv "trial_memory"
done_with objective_exceeds_trial_memory

# retries: an attempt more, then the trial is what it would have been; a limit is no reason to try again
objective segfault --set study.trial_retries=1 --set objective.once=yes
is "complete trials" "$(count segfault.db complete)" 8
"$hone" trials segfault.db --trial 4 --format csv >one.csv
says one.csv "state,,1,complete"
is "reports of the trial" "$(grep '^report,' one.csv | cut -d, -f2 | tr '\n' ' ')" "1 2 3 "
done_with trial_is_tried_again
objective segfault --set study.trial_retries=2
"$hone" trials segfault.db --trial 4 --format csv >one.csv
says one.csv "state,,2,failed"
is "failed trials" "$(count segfault.db failed)" 2
done_with retries_are_counted

# nothing but failures
run 5 "$hone" run objective.ini --quiet --plugin-path plugins --storage none.db --set objective.mode=segfault --set objective.every=1
says err "no trial has completed (0 pruned, 8 failed)"
is "failed trials" "$(count none.db failed)" 8
done_with no_trial_completes
run 1 "$hone" run objective.ini --quiet --plugin-path plugins --storage describe.db --set objective.mode=segfault --set objective.in_describe=yes
says err "SIGSEGV"
[ -e describe.db ] && bad "a storage for a study that could not begin"
done_with objective_crashes_before_any_trial

# ---- search ----
cat >search.ini <<END
[study]
name = search
objectives = value min
trials = 12
workers = 1
[search]
use = bad
[objective]
use = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
k = int 0 .. 8 step 4
c = choice a, b
y = real 0 .. 1 if c = a
END
search() { # CODE MODE [OPTIONS]
    code=$1 mode=$2
    shift 2
    rm -f "$mode".db*
    run "$code" "$hone" run search.ini --quiet --plugin-path plugins --storage "$mode.db" --set "search.mode=$mode" "$@"
}
# goes_on MODE FILE SECTION: the very same study with a plugin that has come to its senses would have other settings; so the
# mode is put right in the storage, as a new version of the plugin would be
goes_on() {
    command -v python3 >/dev/null || return 0
    heal "$1.db" "mode = $1" "mode = ok"
    run 0 "$hone" resume "$1.db" --quiet --plugin-path plugins
    says out "winner trial"
    is "complete trials at last" "$(count "$1.db" complete)" 12
}
heal() {
    python3 - "$1" "$2" "$3" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("update studies set config = replace(config, ?, ?)", sys.argv[2:4])
db.commit()
END
}

wrong_point() { # MODE MESSAGE: one point in three is wrong; it costs its trial
    search 0 "$1" --set search.every=3
    is "trials" "$(trials "$1.db" trial | wc -l)" 12
    [ "$(count "$1.db" failed)" -ge 1 ] || bad "no failed trial"
    is "accomplices" "$(trials "$1.db" state,component | grep '^failed' | sort -u)" failed,search.bad
    says err "proposed a point that is not in the space: $2"
    done_with "search_$1"
}
wrong_point outside "x1 = 11 is outside [-5, 10]"
wrong_point nan "x1 is not a number"
wrong_point inactive_set "y = 0 is set although its condition does not hold"
wrong_point between_steps "k = 2 is between two values allowed"

search 3 outside --set study.trials=100
says err "search 'bad' proposed 10 points in a row that are not in the space; the last: x1 = 11 is outside [-5, 10]"
is "complete trials" "$(count outside.db complete)" 5
is "failed trials" "$(count outside.db failed)" 10
done_with search_without_one_good_point

breaks() { # CODE MODE MESSAGE
    search "$1" "$2"
    says err "$3"
    kept=$(count "$2.db" complete)
    [ "$kept" -ge 4 ] || bad "only $kept complete trials were kept of 5"
    is "failed trials" "$(count "$2.db" failed)" 0
    goes_on "$2"
    done_with "search_$2"
}
breaks 139 segfault "search 'bad' crashed (SIGSEGV); what was committed is kept"
breaks 1 exit "search 'bad' called exit; what was committed is kept"
breaks 1 error "search 'bad' failed to propose a point: the oracle is silent"
breaks 1 mxcsr "search 'bad' changed the floating-point state (MXCSR"
breaks 1 wait_forever "search 'bad' waits for results, but no trial is at work"

search 0 'done'
says err "the search has no more points to propose after 5 trials"
is "complete trials" "$(count done.db complete)" 5
done_with search_done

# a search that never returns: the third signal ends by force
"$hone" run search.ini --quiet --plugin-path plugins --storage looping.db --set search.mode=loop >out 2>err &
process=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(count looping.db complete 2>/dev/null)" = 4 ] && break
    sleep 0.1
done
for signal in TERM INT INT; do kill -$signal $process; sleep 0.2; done
wait $process
is "exit status" $? 130
says err "search 'bad' does not return: ended by force; what was committed is kept"
[ "$(count looping.db complete)" -ge 4 ] || bad "committed trials are lost"
done_with search_loop

# ---- scheduler ----
sed -e 's/^use = bad/use = random/' -e 's/^name = search/name = scheduler/' -e 's/^name = branin/&\nsteps = 3/' search.ini >scheduler.ini
printf '[scheduler]\nuse = bad\n' >>scheduler.ini
judge() { # CODE MODE MESSAGE
    rm -f "$2".db*
    run "$1" "$hone" run scheduler.ini --quiet --plugin-path plugins --storage "$2.db" --set "scheduler.mode=$2"
    says err "$3"
    kept=$(count "$2.db" complete)
    [ "$kept" -ge 4 ] || bad "only $kept complete trials were kept of 5"
    goes_on "$2"
    done_with "scheduler_$2"
}
judge 3 unknown_verdict "scheduler 'bad' gave the unknown verdict 77"
judge 3 pause "scheduler 'bad' wants to pause trials, which this hone cannot do yet"
judge 139 segfault "scheduler 'bad' crashed (SIGSEGV); what was committed is kept"
judge 1 error "scheduler 'bad' failed to judge a report: the judge is silent"
judge 1 wait "scheduler 'bad' waits"

sleep 0.2
is "workers left" "$(workers_left)" ""
done_with no_orphans
exit $failed
