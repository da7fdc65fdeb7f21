#!/bin/sh
# SPDX-License-Identifier: MIT
# What ends a study: trials, time, a target, patience, a bound on the regret, the search; kept in the storage, the same with any number
# of workers and after kill -9, the same when the command is run again, and undone by another setting.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

cat >s.ini <<'INI'
[study]
name = s
trials = 150
order = strict
lag = 3
workers = 2
objectives = value min
[search]
use = random
[objective]
use = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
ended() { sql "$1" "select ended from studies"; }

# rule KEY=VALUE ENDED [OPTIONS]: ends the study so, with 1, 2 and 5 workers, killed, run again
rule() {
    setting=$1 words=$2
    shift 2
    rm -f s.db* w.db*
    run 0 "$hone" run s.ini -q --set "study.$setting" "$@"
    says out "ended  $words"
    says err "the study has ended: $words"
    case $(ended s.db) in "$words"*) ;; *) bad "the storage says: $(ended s.db)" ;; esac
    table s.db >reference.csv
    [ "$(wc -l <reference.csv)" -lt 151 ] || bad "all trials were run"
    for workers in 1 5; do
        rm -f w.db*
        run 0 "$hone" run s.ini -q --set "study.$setting" --workers $workers --storage w.db "$@"
        table w.db | cmp -s - reference.csv || bad "$workers workers: another table"
    done
    rm -f w.db*
    for moment in 0.05 0.08 0.11; do timeout -s KILL $moment "$hone" run s.ini -q --set "study.$setting" --storage w.db --set objective.delay=0.001 "$@" >/dev/null 2>&1; done
    run 0 "$hone" run s.ini -q --set "study.$setting" --storage w.db --set objective.delay=0.001 "$@"
    table w.db | cmp -s - reference.csv || bad "killed: another table"
    events=$(sql s.db "select count(*) from events")
    run 0 "$hone" run s.ini -q --set "study.$setting" "$@" # again: nothing new
    says out "ended  $words"
    is events "$(sql s.db "select count(*) from events")" "$events"
    run 0 "$hone" verify s.db
    says out "as recorded"
}

rule target=3 "target 3 reached by trial"
best=$("$hone" best s.db --format csv | awk -F, '$2 == "objective" { print $4 }')
awk -v b="$best" 'BEGIN { exit !(b <= 3) }' || bad "ended at $best"
is "only the last ones are as good" "$(awk -F, 'NR > 1 && $4 <= 3' reference.csv | wc -l)" 1
# another target is another end: the study goes on
run 0 "$hone" run s.ini -q --set study.target=1
says out "ended  target 1 reached by trial"
run 0 "$hone" run s.ini -q --trials 120
says out "ended  trials = 120"
run 0 "$hone" verify s.db
says out "as recorded"
done_with target

rule patience=25 "no improvement for 25 trials"
python3 - reference.csv <<'END' || bad "it did not end 25 trials behind the best one"
import csv, sys
values = [float(r["value"]) for r in csv.DictReader(open(sys.argv[1]))]
best = values.index(min(values))
assert 25 <= len(values) - 1 - best <= 25 + 3, (best, len(values))  # three ran when it was said
END
done_with patience

rule regret=0.05 "at most " --set search.use=gp
done_with regret

# maximizing, failed trials count for patience, several objectives
sed -e 's/value min/value max/' -e 's/name = s/name = up/' s.ini >up.ini
run 0 "$hone" run up.ini -q --set study.target=100
says out "ended  target 100 reached by trial"
best=$("$hone" best up.db --format csv | awk -F, '$2 == "objective" { print $4 }')
awk -v b="$best" 'BEGIN { exit !(b >= 100) }' || bad "ended at $best"
cat >front.ini <<'INI'
[study]
name = front
trials = 400
order = strict
patience = 10
objectives = f1 min, f2 min
[search]
use = random
[objective]
use = function
name = zdt1
dimensions = 2
[space]
x1 = real 0 .. 1
x2 = real 0 .. 1
INI
run 0 "$hone" run front.ini -q
says out "ended  no improvement for 10 trials"
run 3 "$hone" run front.ini -q --set study.name=f2 --set study.target=1
says err "a target is of one objective; the study has 2"
run 3 "$hone" run front.ini -q --set study.name=f2 --set study.regret=1 --set search.use=gp
says err "a bound on the regret is of one objective without constraints"
done_with directions_and_fronts

# the others, and what a study says of itself
run 0 "$hone" run s.ini -q --storage t.db --trials 5 --set objective.delay=0.01
is "storage" "$(ended t.db)" "trials = 5"
run 0 "$hone" run s.ini -q --storage t.db --trials 100000 --set study.time=0.3 --set objective.delay=0.01
is "storage" "$(ended t.db)" "time = 0.3 seconds"
sed -e 's/^order = strict/order = asynchronous/' -e '/^lag/d' s.ini >a.ini
run 0 "$hone" run a.ini -q --storage a.db --trials 5
says out "ended  trials = 5; order = asynchronous: another run may differ"
run 0 "$hone" studies a.db --format csv
says out ",no,trials = 5,"
run 0 "$hone" studies t.db --format csv
says out ",yes,time = 0.3 seconds,"
done_with said

mistake() { # MESSAGE OPTIONS...
    message=$1
    shift
    run 3 "$hone" run s.ini --storage wrong.db "$@"
    says err "$message"
}
mistake "target = high is not a number" --set study.target=high
mistake "patience = -1 is outside" --set study.patience=-1
mistake "search 'random' gives no bound on the regret" --set study.regret=0.1
[ ! -e wrong.db ] || bad "a study was begun"
done_with mistakes
exit $failed
