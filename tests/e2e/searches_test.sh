#!/bin/sh
# SPDX-License-Identifier: MIT
# Every search that is installed, with its defaults: a strict study, killed once in the middle, has the same trials with 1, 2 and 5
# workers, and hone verify finds them as recorded. A new search is tested without a line here; one that cannot run with its defaults
# gets its keys below.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

keys() { # SEARCH: its keys where the defaults would not do
    case $1 in
    grid) echo "points = 5" ;;
    esac
}
study() { # SEARCH
    cat >"$1.ini" <<INI
[study]
name = $1
trials = 24
order = strict
objectives = value min
[search]
use = $1
$(keys "$1")
[objective]
use = function
name = sphere
derivatives = yes
delay = 0.002
[space]
x1 = real -5 .. 5
x2 = real -5 .. 4
x3 = real -4 .. 5
INI
}
searches=$("$hone" plugins --format csv | sed -n 's/^search,\([a-z0-9_]*\),.*/\1/p')
[ "$(echo "$searches" | wc -l)" -ge 15 ] || bad "only these searches are installed: $searches"
done_with they_are_installed
for search in $searches; do
    study "$search"
    for workers in 1 2 5; do
        [ $workers = 1 ] || timeout -s KILL 0.2 "$hone" run "$search.ini" -q --workers $workers --storage $workers.db >/dev/null 2>&1
        run 0 "$hone" run "$search.ini" -q --workers $workers --storage $workers.db
        "$hone" trials $workers.db --format csv 2>/dev/null | cut -d, -f1-3,5- >$workers.csv
        run 0 "$hone" verify $workers.db
        says out "as recorded"
        cmp -s $workers.csv 1.csv || { bad "$workers workers differ from 1"; diff $workers.csv 1.csv | head -n 4; }
    done
    rm -rf [125].db* "$search.d"
    [ "$(wc -l <1.csv)" -gt 20 ] || bad "only $(wc -l <1.csv) lines of trials"
    done_with "same_trials_$search"
done
exit $failed
