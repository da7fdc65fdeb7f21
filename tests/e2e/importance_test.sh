#!/bin/sh
# SPDX-License-Identifier: MIT
# hone importance: every method, every format, conditional spaces, several objectives, and what it refuses.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${HONE_BUILD:-$root/build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work" || exit 1
export HOME="$work" XDG_CACHE_HOME="$work/cache"
hone=$build/hone
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' log | tail -n 15; }
check() { name=$1; shift; if "$@" >log 2>&1; then ok "$name"; else bad "$name"; fi; }
fails() { # NAME STATUS TEXT COMMAND...
    name=$1 status=$2 text=$3; shift 3
    "$@" >log 2>&1
    if [ $? = "$status" ] && grep -q "$text" log; then ok "$name"; else bad "$name"; fi
}

cat >branin.ini <<'INI'
[study]
name       = branin
trials     = 120
objectives = value min
[search]
use = random
[objective]
use  = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
check study "$hone" run branin.ini --storage branin.db -q
# Sobol indices of Branin: x2 alone explains more than x1 alone, and the pair more than either
check fanova "$hone" importance branin.db
if [ "$(awk 'NR == 2 { print $1 }' log)" = x2 ]; then ok first_is_x2; else bad first_is_x2; fi
check pairs "$hone" importance branin.db --pairs --format csv
if [ "$(sed -n 1p log)" = parameter,with,importance,deviation ]; then ok csv_titles; else bad csv_titles; fi
if awk -F , '$2 == "x2" && $3 > 0.4 && $3 < 0.7 { found = 1 } END { exit !found }' log; then ok pair_share; else bad pair_share; fi
check json sh -c "'$hone' importance branin.db --format json | python3 -c 'import json,sys; r = json.load(sys.stdin); assert [x[\"parameter\"] for x in r] == [\"x2\", \"x1\"]'"
for method in permutation ped_anova; do
    check "$method" "$hone" importance branin.db --method "$method"
    if [ "$(wc -l <log)" = 3 ]; then ok "${method}_rows"; else bad "${method}_rows"; fi
done
"$hone" importance branin.db --format csv >one.csv
"$hone" importance branin.db --format csv >two.csv
check repeats cmp one.csv two.csv

# a conditional space through a program, with a value that is to be large
cat >program.sh <<'SH'
#!/bin/sh
# kind and rate matter, idle does not
awk -v kind="$1" -v rate="$2" -v idle="$3" 'BEGIN { print "hone: score=" (kind == "b" ? 1 + rate : 0) }'
SH
chmod +x program.sh
cat >program.ini <<'INI'
[study]
name       = program
trials     = 60
objectives = score max
[search]
use = random
[objective]
use     = command
run     = ./program.sh {kind} {rate|0} {idle}
metrics = score
[space]
kind = choice a, b, c
rate = real 0 .. 1 if kind = b
idle = real 0 .. 1
INI
check conditional_study "$hone" run program.ini --storage program.db -q
check conditional "$hone" importance program.db --format csv
if [ "$(cut -d , -f 1 log | tr '\n' ' ')" = 'parameter kind rate idle ' ]; then ok conditional_order; else bad conditional_order; fi

fails unknown_method 4 "did you mean 'fanova'" "$hone" importance branin.db --method fanov
fails unknown_key 2 "no key 'trees'" "$hone" importance branin.db --set trees=3
fails bad_value 2 'n_trees' "$hone" importance branin.db --set n_trees=0
fails no_pairs 2 'single parameters only' "$hone" importance branin.db --method permutation --pairs
fails unknown_objective 2 'value' "$hone" importance branin.db --objective valu
"$hone" run branin.ini --storage small.db --trials 1 -q >/dev/null 2>&1
fails too_few 1 'needs two at least' "$hone" importance small.db
