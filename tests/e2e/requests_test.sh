#!/bin/sh
# SPDX-License-Identifier: MIT
# hone stop, enqueue, ask, tell: of a study that runs, of one that does not, after kill -9; each is dealt with once, replayed, verified;
# what is wrong is said.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cat >s.ini <<'INI'
[study]
name = s
trials = 40
order = strict
lag = 2
workers = 2
objectives = value min
[search]
use = tpe
[objective]
use = function
name = branin
delay = 0.1
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
kind = choice a, b
depth = int 1 .. 8 if kind = a
INI
begin() { # starts the study, and waits until some trials have ended
    "$hone" run s.ini -q "$@" >run.out 2>run.err & pid=$!
    for i in $(seq 1 500); do
        "$hone" studies s.db --format csv 2>/dev/null | grep -q '^s,running' && [ "$(count s.db complete)" -ge 3 ] && return
        sleep 0.02
    done
    bad "the study does not get going"
}
requests() { sql s.db "select count(*) from requests"; }
whole='x1=1, x2=2, kind=b'

# ---- stop ----
begin
run 0 "$hone" studies s.db --format csv
says out "s,running"
run 0 "$hone" stop s.db
says out "stopped    study 's', which process $pid ran"
says out "hone resume s.db --study s"
wait $pid
is "status of the run" $? 143
run 0 "$hone" studies s.db --format csv
says out "s,stopped"
says out "stopped by hone stop"
is "nothing is left" "$(requests)" 0
before=$(count s.db complete)
run 0 "$hone" stop s.db
says err "study 's' is not being run"
is "nothing is left" "$(requests)" 0
begin
run 0 "$hone" stop s.db --no-wait --quiet
wait $pid
is "status of the run" $? 143
[ "$(count s.db complete)" -ge "$before" ] || bad "trials are lost"
# a stop that nobody heard is of the run that was killed, not of the next one
begin
kill -STOP $pid
run 0 "$hone" stop s.db --no-wait
kill -9 $pid
wait $pid 2>/dev/null
is "it waits" "$(requests)" 1
run 0 "$hone" studies s.db --format csv
says out "s,interrupted"
run 0 "$hone" run s.ini -q --set objective.delay=0.1 --trials 12
says out winner
is "nothing is left" "$(requests)" 0
run 0 "$hone" verify s.db
says out "as recorded"
is "orphans" "$(workers_left)" ""
done_with stop

# ---- enqueue ----
rm -f s.db*
begin
run 0 "$hone" enqueue s.db "$whole" "x1 = 3.25"
says out "enqueued   2 points, next to be tried by the process that runs the study"
for i in $(seq 1 200); do [ "$(requests)" = 0 ] && break; sleep 0.02; done
run 0 "$hone" stop s.db
wait $pid
is "given" "$(trials s.db source | grep -c given)" 2
trials s.db x1,x2,kind,source | grep -qx "1,2,b,given" || bad "the first point was not tried as given"
trials s.db x1,source | grep -qx "3.25,given" || bad "the second point was not tried"
# not running: they wait; killed behind the first one, each is tried once
run 0 "$hone" enqueue s.db "x1=4, x2=4, kind=b"
run 0 "$hone" enqueue s.db "x1=5, x2=5, kind=b"
says out "hone resume s.db --study s"
is "they wait" "$(requests)" 2
for i in 1 2 3; do timeout -s KILL 0.25 "$hone" resume s.db -q >/dev/null 2>&1; done
run 0 "$hone" resume s.db -q
is "once" "$(trials s.db x1,x2,source | grep -c '^\(4,4\|5,5\),given$')" 2
is "none waits" "$(requests)" 0
run 0 "$hone" verify s.db
says out "as recorded"
# a study that has had its trials says how many more
run 0 "$hone" enqueue s.db "$whole"
says out "--trials 41"
run 0 "$hone" resume s.db -q
says err "1 of the points of [study] enqueue were not tried"
run 0 "$hone" resume s.db -q --trials 41
is "the last one" "$(trials s.db x1,x2,source | tail -n 1)" "1,2,given"
done_with enqueue

# ---- ask and tell ----
rm -f s.db*
begin
run 0 "$hone" ask s.db --format csv
asked=$(awk -F, 'NR == 2 { print $1 }' out)
says out "$asked,x1,"
run 0 "$hone" trials s.db --state waiting --format csv
says out "$asked,waiting"
run 0 "$hone" tell s.db value=0.25 other=7 --trial "$asked"
says out "told       trial $asked"
run 0 "$hone" tell s.db "value = 0.125" --point "$whole"
told=$(awk '{ print $3 }' out)
run 0 "$hone" ask s.db
run 0 "$hone" tell s.db --failed "no room" --trial "$(awk 'NR == 2 { print $1 }' out)"
run 0 "$hone" stop s.db
wait $pid
trials s.db trial,state,value,source | grep -qx "$asked,complete,0.25,outside" || bad "the trial asked for is not complete"
trials s.db trial,state,value,x1,x2,source | grep -qx "$told,complete,0.125,1,2,told" || bad "the trial told is not there"
trials s.db state,message,source | grep -qx "failed,no room,outside" || bad "the failure is not there"
run 0 "$hone" trials s.db --trial "$asked" --format csv
says out "metric,,,other,7"
says out "source,,,outside,"
run 0 "$hone" verify s.db
says out "as recorded"
# not running: the same, at once; the study stays as it was
state=$("$hone" studies s.db --format csv | tail -n 1 | cut -d, -f2,9)
run 0 "$hone" ask s.db --format csv
asked=$(awk -F, 'NR == 2 { print $1 }' out)
run 0 "$hone" tell s.db --trial "$asked" value=0.0625
run 0 "$hone" tell s.db --point "$whole" value=0.03125
is "state" "$("$hone" studies s.db --format csv | tail -n 1 | cut -d, -f2,9)" "$state"
run 0 "$hone" best s.db --format csv
says out "value,0.03125"
run 0 "$hone" ask s.db # is left waiting: nobody runs it
run 0 "$hone" resume s.db -q
is waiting "$(count s.db waiting)" 1
is "told wins" "$("$hone" best s.db --format csv | grep -c 'objective,value,0.03125')" 1
run 0 "$hone" verify s.db
says out "as recorded"
is "nothing is left" "$(requests)" 0
is "orphans" "$(workers_left)" ""
# killed in the middle of telling and of running: told once, or not at all
rm -f s.db*
begin
for i in 1 2 3 4 5 6; do "$hone" tell s.db --point "x1=$i, x2=1, kind=b" value=$i -q >/dev/null 2>&1 & done
sleep 0.1
kill -9 $pid
wait 2>/dev/null
run 0 "$hone" resume s.db -q
[ -z "$(trials s.db x1,x2,source | grep told | sort | uniq -d)" ] || bad "told twice: $(trials s.db x1,x2,source | grep told)"
is "all are told" "$(trials s.db source | grep -c told)" 6
run 0 "$hone" verify s.db
says out "as recorded"
is "nothing is left" "$(requests)" 0
done_with ask_and_tell

# ---- a search that waits, one that is done ----
cat >grid.ini <<'INI'
[study]
name = grid
trials = 2
objectives = value min
[search]
use = grid
[objective]
use = function
name = branin
[space]
x1 = int 0 .. 1
x2 = int 0 .. 1
INI
run 0 "$hone" run grid.ini -q
run 0 "$hone" ask grid.db
run 0 "$hone" ask grid.db
run 1 "$hone" ask grid.db
says err "search 'grid' has nothing more to propose"
done_with search_is_done

# ---- mistakes ----
before=$(trials s.db trial | wc -l)
run 1 "$hone" stop nothing.db
says err "there is no file"
[ ! -e nothing.db ] || bad "a storage was made"
run 1 "$hone" stop s.db --study t
says err "no study 't'"
run 2 "$hone" stop
run 2 "$hone" enqueue s.db
run 3 "$hone" enqueue s.db "x3=1"
says err "POINT: error: 'x3' is not in [space]; did you mean 'x1'?"
run 3 "$hone" enqueue s.db "x1=1" "x1=100"
says err "x1 = 100 is outside -5 .. 10"
run 3 "$hone" enqueue s.db "depth=3, kind=b"
says err "'depth' has no effect there"
run 2 "$hone" enqueue s.db ""
is "none is left" "$(requests)" 0
run 2 "$hone" tell s.db value=1
says err "say of which trial"
run 2 "$hone" tell s.db value=1 --trial 1 --point "$whole"
says err "say of which trial"
run 2 "$hone" tell s.db --trial 1
says err "say what it came to"
run 2 "$hone" tell s.db value=1 --trial 1 --failed "why"
says err "a trial that failed has no values"
run 2 "$hone" tell s.db value=high --point "$whole"
says err "'value=high' is not NAME=NUMBER"
run 1 "$hone" tell s.db value=1 --trial 1
says err "trial 1 does not wait for a result"
run 1 "$hone" tell s.db value=1 --trial 1000
says err "the study has no trial 1000"
run 1 "$hone" tell s.db loss=1 --point "$whole"
says err "the objective did not report value; it reported loss"
run 2 "$hone" tell s.db value=nan --point "$whole"
says err "'value=nan' is not NAME=NUMBER"
run 1 "$hone" tell s.db value=1 --point "x1=1, kind=b"
says err "the point says nothing of x2"
run 1 "$hone" tell s.db value=1 --point "x1=1, x2=1, kind=b, depth=3"
says err "depth"
run 3 "$hone" tell s.db value=1 --point "x1=1, x2=100, kind=b"
says err "x2 = 100 is outside"
is "no trial came of it" "$(trials s.db trial | wc -l)" "$before"
is "none is left" "$(requests)" 0
chmod 400 s.db
[ "$(id -u)" = 0 ] || { run 1 "$hone" tell s.db value=1 --point "$whole"; says err "allow"; }
chmod 600 s.db
for command in stop enqueue ask tell; do
    run 0 "$hone" $command --help
    says out "STUDY is a storage"
done
done_with mistakes
exit $failed
