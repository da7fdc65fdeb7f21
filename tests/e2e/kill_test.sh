#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 of the coordinator and of single workers, at random moments of one study: the same command completes it, every
# committed report is there once, no trial is lost or counted twice, and order = strict gives the uninterrupted table.
# The moments come from a seed that is printed: KILL_SEED=N repeats them as far as a machine repeats itself.
. "$(dirname "$0")/lib.sh"
KILL_SEED=${KILL_SEED:-$$}
KILLS=${KILLS:-50}
echo "# KILL_SEED=$KILL_SEED"

study() { # NAME ORDER TRIALS
    cat >"$1.ini" <<INI
[study]
name = $1
trials = $3
workers = 2
order = $2
trial_retries = 100
objectives = value min
storage = $1.db
[scheduler]
use = median
[objective]
use = function
name = branin
steps = 10
delay = 0.004
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
}
# without times, workers and attempts, which may differ
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }

# Random moments: milliseconds from a linear congruence, the same for the same seed.
moments() { awk -v seed="$KILL_SEED" -v n="$1" -v low="$2" -v high="$3" 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%.3f\n", (low + rand() * (high - low)) / 1000 }'; }
# Every report once, every trial once, all ended, decisions without gaps.
whole() { # DATABASE TRIALS
    is "trials" "$(sqlite3 "$1" 'select count(*) from trials')" "$2"
    is "trials numbered" "$(sqlite3 "$1" 'select max(number) + 1 from trials')" "$2"
    is "unfinished" "$(table "$1" | grep -c ',running,')" 0
    is "reports twice" "$(sqlite3 "$1" 'select count(*) from (select trial, step, name from reports group by trial, step, name having count(*) > 1)')" 0
    is "gaps" "$(sqlite3 "$1" 'select max(sequence) + 1 - count(*) from events')" 0
    is "tells" "$(sqlite3 "$1" "select count(*) from events where what = 3")" "$2"
    is "orphans" "$(workers_left)" ""
}

command -v sqlite3 >/dev/null || { echo "# skipped: needs sqlite3"; exit 0; }

study strict strict 60
run 0 "$hone" run strict.ini -q --storage reference.db
table reference.db >reference.csv
whole reference.db 60
done_with uninterrupted

# the coordinator dies; what it had committed before is there after
committed() { [ ! -e "$1" ] || sqlite3 "$1" 'select trial, attempt, step, name, value, verdict from reports' 2>/dev/null | sort; }
kills=0
: >ever
for moment in $(moments $((KILLS * 3 / 5)) 15 90); do
    timeout -s KILL "$moment" "$hone" run strict.ini -q >/dev/null 2>&1
    [ $? = 137 ] && kills=$((kills + 1))
    committed strict.db >now
    comm -13 now ever >lost
    [ ! -s lost ] || bad "$(wc -l <lost) committed reports are gone: $(head -n 1 lost)"
    cp now ever
done
echo "# killed the coordinator $kills times"
[ "$kills" -ge $((KILLS / 3)) ] || bad "only $kills kills hit a running study"
run 0 "$hone" run strict.ini -q
committed strict.db | comm -13 - ever >lost
[ ! -s lost ] || bad "committed reports are gone at the end: $(head -n 1 lost)"
[ -s ever ] || bad "nothing was committed before any kill"
table strict.db >strict.csv
cmp -s strict.csv reference.csv || { bad "the table differs from the uninterrupted one"; diff strict.csv reference.csv | head -n 6; }
whole strict.db 60
done_with coordinator_killed_strict

# workers die; the coordinator replaces them and tries their trials again
victims() { # KILLS: while the study $pid runs
    for moment in $(moments "$1" 20 60); do
        sleep "$moment"
        worker=$(pgrep -P "$pid" | shuf -n 1)
        [ -n "$worker" ] && kill -9 "$worker" 2>/dev/null && echo x >>victims
    done
}
study workers strict 60
: >victims
"$hone" run workers.ini -q >out 2>err &
pid=$!
victims $((KILLS / 5))
wait $pid || bad "exit $? after its workers were killed"
table workers.db >workers.csv
cmp -s workers.csv reference.csv || { bad "the table differs from the uninterrupted one"; diff workers.csv reference.csv | head -n 6; }
whole workers.db 60
echo "# killed $(wc -l <victims) workers"
[ "$(wc -l <victims)" -ge 3 ] || bad "no worker was hit"
[ "$(sqlite3 workers.db 'select count(*) from events where what = 4')" -ge 1 ] || bad "no retry is recorded"
done_with workers_killed_strict

# without the virtual clock: order may differ, nothing may be lost
study free asynchronous 60
for moment in $(moments $((KILLS / 5)) 15 90); do
    timeout -s KILL "$moment" "$hone" run free.ini -q >/dev/null 2>&1
done
run 0 "$hone" run free.ini -q
whole free.db 60
done_with coordinator_killed_asynchronous

# signals: the first one ends in order, the second at once; SIGHUP is nothing to a study
study polite strict 60
for signal in INT TERM; do
    rm -f polite.db*
    "$hone" run polite.ini -q >out 2>err &
    pid=$!
    sleep 0.15
    kill -$signal $pid
    wait $pid
    is "exit after SIG$signal" $? $([ $signal = INT ] && echo 130 || echo 143)
    says err "the same command goes on"
    is "orphans" "$(workers_left)" ""
    run 0 "$hone" run polite.ini -q
    table polite.db | cmp -s - reference.csv || bad "the table after SIG$signal differs"
    done_with "sig$signal"
done
rm -f polite.db*
"$hone" run polite.ini -q >out 2>err &
pid=$!
sleep 0.1
kill -HUP $pid
wait $pid
is "exit after SIGHUP" $? 0
table polite.db | cmp -s - reference.csv || bad "the table after SIGHUP differs"
done_with sighup
rm -f polite.db*
"$hone" run polite.ini -q --set objective.delay=30 >out 2>err &
pid=$!
sleep 0.15
kill -INT $pid
kill -INT $pid
for i in $(seq 30); do kill -0 $pid 2>/dev/null || break; sleep 0.1; done
kill -0 $pid 2>/dev/null && bad "still there 3 s after two signals"
wait $pid
is "exit after two SIGINT" $? 130
sleep 0.2
is "orphans" "$(workers_left)" ""
done_with sigint_twice
exit $failed
