#!/bin/sh
# SPDX-License-Identifier: MIT
# Studies with each of the searches for numbers: two runs are alike, an interrupted one goes on as if it had not been, `hone
# verify` agrees, workers in parallel find the minimum too, a space that is spent ends the study.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ini() { # SEARCH TRIALS
    cat >s.ini <<END
[study]
name = s
trials = $2
order = strict
lag = 3
objectives = value min
[search]
use = $1
[objective]
use = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
kind = choice a, b, c
depth = int 1 .. 8 if kind = a
end = int 1 .. 10
where = depth <= end
END
}
trials() { "$hone" trials s.db --format csv | cut -d, -f1,2,5-; }
best() { "$hone" trials s.db --format csv | python3 -c 'import csv, sys; print(min(float(r["value"]) for r in csv.DictReader(sys.stdin)))'; }

for search in cmaes differential_evolution particle_swarm nelder_mead pattern; do
    rm -rf s.db*
    ini $search 120
    run 0 "$hone" run s.ini --workers 1 --quiet
    trials >one
    [ "$(wc -l <one)" = 121 ] || bad "$(wc -l <one) lines of trials"
    value=$(best)
    python3 -c "import sys; sys.exit(not float('$value') < 1.5)" || bad "best of 120: $value"
    run 0 "$hone" verify s.db
    rm -rf s.db*
    run 0 "$hone" run s.ini --workers 3 --quiet
    trials | cut -d, -f1,3- >three
    cut -d, -f1,3- one | cmp -s - three || bad "three workers give another study"
    sed -i 's/^lag = .*/lag = 1/' s.ini # with more, the end of the first part tells outcomes that a longer run hears later
    rm -rf s.db*
    run 0 "$hone" run s.ini --workers 1 --quiet
    trials | cut -d, -f1-9 >expected
    rm -rf s.db*
    run 0 "$hone" run s.ini --workers 1 --trials 50 --quiet
    run 0 "$hone" run s.ini --workers 1 --quiet
    trials | cut -d, -f1-9 | cmp -s - expected || bad "interrupted after 50 trials: another study"
    done_with "$search"
done

for search in cmaes differential_evolution particle_swarm nelder_mead pattern; do
    rm -rf s.db*
    ini $search 100
    sed -i 's/^x1 = .*/x1 = real -5 .. 10 step 5/; s/^x2 = .*/x2 = real 0 .. 15 step 15/; /^kind/d; /^depth/d; /^end/d; /^where/d' s.ini
    run 0 "$hone" run s.ini --workers 2 --quiet
    [ "$(trials | wc -l)" = 9 ] || bad "$search: $(trials | wc -l) lines where the space has 8 points"
done
done_with spent_spaces_end_the_study
exit $failed
