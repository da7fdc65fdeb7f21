#!/bin/sh
# SPDX-License-Identifier: MIT
# Plugins that do wrong, in a real study. In a worker they cost their trial: the study goes on, and `hone trials` says who did
# what. In the coordinator they cost the run: the plugin is named, what was committed stays, and the study can go on without it.
. "$(dirname "$0")/lib.sh"
plugin objective_bad
plugin search_bad
plugin scheduler_bad
export HONE_PLUGIN_PATH="$work/plugins"

study() { # SEARCH-LINES SCHEDULER-LINES OBJECTIVE-LINES
    printf '[study]\nname = s\ntrials = 12\nworkers = 2\nobjectives = value min\nstorage = s.db\ntrial_time = 30s\ntrial_memory = 300M\n' >s.ini
    printf '[search]\n%b\n[scheduler]\n%b\n[objective]\nuse = bad\n%b\n' "$1" "$2" "$3" >>s.ini
    printf '[space]\nx = int 0 .. 40 step 2\ny = real 0 .. 1 if x = 0\n' >>s.ini
    rm -f s.db*
}

# objective MODE MESSAGE [SIGNAL]: every third trial fails with the message, the others complete
objective() {
    study 'use = random' 'use = none' "mode = $1\nevery = 3"
    run 0 "$hone" run s.ini -q
    is complete "$(count s.db complete)" 8
    is failed "$(trials s.db trial,state | grep failed | tr '\n' ' ')" "0,failed 3,failed 6,failed 9,failed "
    is component "$(trials s.db component | sort -u | tr -d '\n')" objective
    "$hone" trials s.db --format csv >rows
    is "rows with the message" "$(grep -cF -- "$2" rows)" 4
    [ -z "${3:-}" ] || is signal "$(sqlite3 s.db "select distinct signal from trials where state = 'failed'")" "$3"
    is "workers left" "$(workers_left)" ""
    done_with "objective_$1"
}
objective segfault "killed by SIGSEGV" 11
objective abort "killed by SIGABRT" 6
objective raise "killed by SIGFPE" 8
objective exit "a plugin called exit" 0
objective deep "killed by SIGSEGV" 11
objective children "killed by SIGABRT" 6
objective garbage "sent what it must not"
objective nan "value is not a number"
objective infinite "value is infinite"
objective missing "did not report value; it reported other"
objective mxcsr "changed the floating-point state (MXCSR 1f80 to 9fc0)"
objective pruned_unasked "nobody asked for it"
objective report_backwards "a report of step 1 after one of step 2"
objective allocate "trial_memory"
study 'use = random' 'use = none' 'mode = prints\nevery = 3'
run 0 "$hone" run s.ini -q
is complete "$(count s.db complete)" 12
says_not out "nobody asked for"
done_with objective_prints
# what never ends is ended; two at once keep the test short
for mode in loop stubborn; do
    study 'use = random' 'use = none' "mode = $mode\nevery = 6"
    run 0 "$hone" run s.ini -q --set study.trial_time=1
    is complete "$(count s.db complete)" 10
    "$hone" trials s.db --format csv >rows
    is "rows with the message" "$(grep -c 'took longer than trial_time = 1 s' rows)" 2
    is "workers left" "$(workers_left)" ""
    done_with "objective_$mode"
done

# retries: the second attempt of each goes well
study 'use = random' 'use = none' 'mode = segfault\nevery = 3\nonce = yes'
run 0 "$hone" run s.ini -q --set study.trial_retries=1
is complete "$(count s.db complete)" 12
is retries "$(sqlite3 s.db 'select count(*) from events where what = 4')" 4
is attempts "$(sqlite3 s.db 'select sum(attempt) from trials')" 4
done_with retries
# all fail: exit 5, and where to look
study 'use = random' 'use = none' 'mode = abort'
run 5 "$hone" run s.ini -q
says err "no trial has completed"
says err "hone trials"
done_with none_complete
# an objective that cannot even describe itself ends the run at once, before any trial
study 'use = random' 'use = none' 'mode = segfault\nin_describe = yes'
run 1 "$hone" run s.ini -q
says err SIGSEGV
says err describ
[ ! -s s.db ] || is trials "$(sqlite3 s.db 'select count(*) from trials' 2>/dev/null)" 0
done_with describe_crashes

# search MODE MESSAGE: three trials from 5 on are not in the space; they fail, the search is named
search() {
    study "use = bad\nmode = $1\nfrom = 5\nevery = 3" 'use = none' 'mode = ok'
    run 0 "$hone" run s.ini -q
    is complete "$(count s.db complete)" 9
    is component "$(trials s.db component,state | grep failed | sort -u | tr -d '\n')" "search.bad,failed"
    "$hone" trials s.db --format csv >rows
    is "rows with the message" "$(grep -cF -- "$2" rows)" 3
    done_with "search_$1"
}
search outside "is outside [0, 40]"
search nan "x is not a number"
search inactive_set "its condition does not hold"
search between_steps "between two values allowed"
study 'use = bad\nmode = outside\nfrom = 3' 'use = none' 'mode = ok'
run 3 "$hone" run s.ini -q --trials 30
says err "10 points in a row"
done_with search_nothing_but_outside

# coordinator KIND MODE CODE MESSAGE: the run ends, what was committed stays
coordinator() {
    lines="use = bad\nmode = $2\nfrom = 5"
    if [ "$1" = search ]; then study "$lines" 'use = none' 'mode = ok'; else study 'use = random' "$lines" 'mode = ok'; fi
    run "$3" "$hone" run s.ini -q
    says err "$4"
    complete=$(count s.db complete)
    [ "$complete" -ge 2 ] || bad "only $complete trials are kept"
    is "workers left" "$(sleep 0.1; workers_left)" ""
    # a version of the plugin without the fault takes the study up (the mode is put right in the storage, as the settings must be
    # the same); a search that says it is done is right
    if [ "$2" != 'done' ]; then
        sqlite3 s.db "update studies set config = replace(config, 'mode = $2', 'mode = ok')"
        run 0 "$hone" resume s.db -q
        is "complete at last" "$(count s.db complete)" 12
        is "trials twice" "$(sqlite3 s.db 'select count(*) - count(distinct trial) from events where what = 3')" 0
    fi
    done_with "$1_$2"
}
coordinator search segfault 139 "search 'bad' ($work/plugins/search_bad.so) crashed (SIGSEGV)"
coordinator search exit 1 "search 'bad' ($work/plugins/search_bad.so) called exit"
coordinator search error 1 "the oracle is silent"
coordinator search mxcsr 1 "search 'bad' changed the floating-point state"
coordinator search wait_forever 1 "search 'bad' waits for results, but no trial is at work"
coordinator search done 0 "nothing more to propose"
coordinator scheduler segfault 139 "scheduler 'bad' ($work/plugins/scheduler_bad.so) crashed (SIGSEGV)"
coordinator scheduler error 1 "the judge is silent"
coordinator scheduler unknown_verdict 3 "unknown verdict 77"
coordinator scheduler resume 3 "wants to go on with trial 0, which has not paused"
coordinator scheduler wait 1 "scheduler 'bad' waits for results"

# a search that does not return: the second Ctrl-C is obeyed, and it is named
study 'use = bad\nmode = loop\nfrom = 5' 'use = none' 'mode = ok'
"$hone" run s.ini -q >out 2>err &
pid=$!
sleep 0.4
kill -INT $pid
sleep 0.1
kill -INT $pid
wait $pid
is exit $? 130
says err "search 'bad' ($work/plugins/search_bad.so) does not return"
[ "$(count s.db complete)" -ge 2 ] || bad "nothing is kept"
done_with search_loop
exit $failed
