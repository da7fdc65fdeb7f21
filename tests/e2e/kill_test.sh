#!/bin/sh
# SPDX-License-Identifier: MIT
# Kills coordinator and workers at random moments of one study, until it is complete: its trials and reports are those of a study
# that nobody disturbed, every committed report is still there, once, and no process or file is left. Then the signals that ask.
# HONE_TEST_SEED=N repeats the moments of an earlier run.
. "$(dirname "$0")/lib.sh"
seed=${HONE_TEST_SEED:-$(date +%s)}
echo "# seed $seed"

cat >killed.ini <<END
[study]
name = killed
objectives = value min
trials = 220
trial_retries = 1000
workers = 2
order = strict
[scheduler]
use = median
[objective]
use = function
name = branin
steps = 5
delay = 0.008
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
END

# table DATABASE: what must not depend on any kill
table() {
    trials "$1" trial,state,step,value,x1,x2
    has_sql && sql "$1" "select trial, step, name, value, verdict from reports order by trial, step, name, value"
}
committed() { has_sql && [ -e "$1" ] && sql "$1" "select trial, attempt, step, name, value, verdict from reports" 2>/dev/null | sort; }
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; } # "" is nobody

# storm NAME KILLS OPTIONS: NAME.db is a study killed so many times and then brought to its end
storm() {
    database=$1.db kills=$2
    shift 2
    awk -v seed="$seed" -v n="$kills" 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%.3f %d\n", 0.01 + 0.13 * rand(), rand() * 5 }' >moments
    coordinator= n=0
    : >ever
    while read -r moment victim; do
        if ! alive "$coordinator"; then
            [ -z "$coordinator" ] || { wait $coordinator; code=$?; [ $code = 0 ] || [ $code = 137 ] || bad "run ended with $code: $(tail -n 1 err)"; }
            "$hone" run killed.ini --quiet --storage "$database" "$@" >out 2>err &
            coordinator=$!
        fi
        sleep "$moment"
        if [ "$victim" -ge 3 ]; then # one worker
            read -r first second rest <"/proc/$coordinator/task/$coordinator/children"
            [ "$victim" = 3 ] && kill -9 $first && n=$((n + 1))
            [ "$victim" = 4 ] && kill -9 $second && n=$((n + 1))
        elif kill -9 "$coordinator" 2>/dev/null; then
            n=$((n + 1))
            wait "$coordinator"
            coordinator=
            committed "$database" >now
            comm -13 now ever >lost
            [ -s lost ] && bad "a committed report is gone: $(head -n 1 lost)"
            cp now ever
        fi
    done <moments 2>/dev/null
    [ -z "$coordinator" ] || wait "$coordinator"
    [ "$n" -ge $((kills * 4 / 5)) ] || bad "only $n of $kills kills hit anything"
    ended=$(trials "$database" state | grep -vcx running)
    [ "$ended" -lt 220 ] || echo "# the study was complete before the last of $n kills"
    run 0 "$hone" run killed.ini --quiet --storage "$database" "$@"
    says out "winner trial"
    committed "$database" >now
    comm -13 now ever >lost
    [ -s lost ] && bad "a committed report is gone at the end: $(head -n 1 lost)"
    echo "# $n kills, $(has_sql && sql "$database" 'select max(attempt) from trials') attempts at most"
}

for order in strict asynchronous; do
    # asynchronous results come in any order, which the median rule would see
    scheduler=none
    [ $order = strict ] && scheduler=median
    run 0 "$hone" run killed.ini --quiet --storage $order-calm.db --set study.order=$order --set scheduler.use=$scheduler
    table $order-calm.db >calm
    is "trials of the undisturbed study" "$(trials $order-calm.db trial | wc -l)" 220
    [ $order = strict ] && { grep -q pruned calm || bad "nothing was pruned: the study proves nothing"; }
    storm $order 30 --set study.order=$order --set scheduler.use=$scheduler
    table $order.db >stormy
    cmp -s calm stormy || bad "another table than undisturbed: $(diff calm stormy | head -n 3 | tr '\n' ' ')"
    if has_sql; then
        is "reports there twice" "$(sql $order.db 'select count(*) from (select 1 from report_steps group by trial, step having count(*) > 1)')" 0
        is "trials told twice" "$(sql $order.db "select count(*) from (select 1 from decisions where what = 'tell' group by trial having count(*) > 1)")" 0
        is "trials asked twice" "$(sql $order.db "select count(*) from (select 1 from decisions where what = 'ask' group by trial having count(*) > 1)")" 0
        is "trials told" "$(sql $order.db "select count(*) from decisions where what = 'tell'")" 220
        is "gaps between decisions" "$(sql $order.db 'select max(sequence) + 1 - count(*) from events')" 0
        is "integrity" "$(sql $order.db 'pragma integrity_check')" ok
    fi
    sleep 0.1
    is "workers left" "$(workers_left)" ""
    done_with killed_$order
done
is "files left" "$(find . -name '*.tmp*' -o -name '*-journal' | head -n 3)" ""
done_with no_half_files

# ---- signals that ask ----
# begin NAME [OPTIONS]: a study of long trials under way, its process in $coordinator
begin() {
    database=$1.db
    shift
    rm -f "$database"*
    "$hone" run killed.ini --quiet --storage "$database" --set objective.delay=0.03 --trials 24 "$@" >out 2>err &
    coordinator=$!
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
        [ "$(count "$database" complete 2>/dev/null)" -gt 0 ] && return
        sleep 0.1
    done
    bad "no trial within 3 s"
}
# ends CODE: within five seconds
ends() {
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do
        alive $coordinator || break
        sleep 0.2
    done
    alive $coordinator && { bad "does not end"; kill -9 $coordinator; }
    wait $coordinator
    is "exit status" $? "$1"
    is "workers left" "$(workers_left)" ""
}
run 0 "$hone" run killed.ini --quiet --storage calm.db --set objective.delay=0 --trials 24
trials calm.db trial,state,step,value,x1,x2 >calm
# completes NAME: run again it is the study that nobody stopped
completes() {
    run 0 "$hone" run killed.ini --quiet --storage "$1.db" --set objective.delay=0.03 --trials 24
    trials "$1.db" trial,state,step,value,x1,x2 | cmp -s - calm || bad "another table than that of the study that nobody stopped"
}
for signal in INT TERM; do
    [ $signal = INT ] && code=130 || code=143
    begin once-$signal
    kill -$signal $coordinator
    ends $code
    says err "stopped; the same command goes on from here"
    is "state" "$("$hone" studies once-$signal.db --format csv | tail -n 1 | cut -d, -f2)" stopped
    completes once-$signal
    done_with stopped_by_$signal
done

plugin objective_bad
cat >stubborn.ini <<END
[study]
name = stubborn
objectives = value min
trials = 4
workers = 2
[objective]
use = bad
mode = stubborn
[space]
x = real 0 .. 1
END
"$hone" run stubborn.ini --quiet --plugin-path plugins >out 2>err &
coordinator=$!
sleep 0.5
kill -INT $coordinator
sleep 0.2
alive $coordinator || bad "the first signal did not wait for the trials"
kill -INT $coordinator
ends 130
done_with stopped_now_by_the_second

begin hangup
kill -HUP $coordinator
sleep 0.3
alive $coordinator || bad "ended by SIGHUP"
wait $coordinator
is "exit status" $? 0
completes hangup
done_with hangup_is_ignored
exit $failed
