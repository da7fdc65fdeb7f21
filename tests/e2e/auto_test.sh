#!/bin/sh
# SPDX-License-Identifier: MIT
# A search that opens others: announced, kept in the study, with settings of their own, the same after a break; and where it
# stands aside.
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

cat >study.ini <<'INI'
[study]
name       = a
trials     = 30
objectives = value min
workers    = 1
order      = strict
lag        = 1
[objective]
use  = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
cp study.ini composed.ini
cat >>composed.ini <<'INI'
[search]
few_trials = 20
[search.anneal]
startup = 3
[search.gp]
enabled = no
[search.tpe]
enabled = no
[search.forest]
n_startup = 5
[search.cmaes]
enabled = no
INI

# an INI that names no search has this one
check default "$hone" run study.ini --storage one.db
if [ "$("$hone" check --resolved study.ini | grep -A1 '^\[search\]' | tail -n 1)" = 'use = auto' ]; then ok default_is_said; else bad default_is_said; fi

# what was decided is shown, and kept
check composed "$hone" run composed.ini --storage two.db
sqlite3 two.db "select text from events where text is not null" >log
if grep -q '^auto begins with forest: 2 parameters' log; then ok begins; else bad begins; fi
check sections_resolved sh -c "'$hone' check --resolved composed.ini | grep -A5 '^\[search.forest\]' | grep -q 'n_startup = 5'"

# broken off and taken up again: the same trials
"$hone" run composed.ini --storage three.db --trials 13 >/dev/null 2>&1
check resumed "$hone" run composed.ini --storage three.db --trials 30
for db in two three; do "$hone" trials $db.db --format csv | cut -d , -f 1,2,5- >$db.csv; done
check same_trials cmp two.csv three.csv
check verified "$hone" verify two.db
if [ "$(sqlite3 three.db "select count(*) from events where text like 'auto begins%'")" = 1 ]; then ok said_once; else bad said_once; fi

# sections of other searches mean something here only, and are checked
fails() { # NAME TEXT COMMAND...
    name=$1 text=$2; shift 2
    if "$@" >log 2>&1; then bad "$name"; elif grep -q "$text" log; then ok "$name"; else bad "$name"; fi
}
fails other_search 'composed.ini:.*there is one search: write \[search\] and in it use = anneal' "$hone" check composed.ini --set search.use=random
fails unknown_search "unknown search 'nosuch'" "$hone" check composed.ini --set search.nosuch.key=1
fails unknown_key "did you mean 'n_startup'" "$hone" check composed.ini --set search.forest.n_startups=1
fails bad_value 'n_trees = 0' "$hone" check composed.ini --set search.forest.n_trees=0
