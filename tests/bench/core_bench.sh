#!/bin/sh
# SPDX-License-Identifier: MIT
# What the program costs around the trials: starting up, listing, and a study of trials that cost nothing. Each line says the
# figure, and what was aimed at. BENCH_TRIALS=10000
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
hone=${HONE_BUILD:-$root/build}/hone
trials=${BENCH_TRIALS:-10000}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
now() { date +%s%N; }
# median of numbers on standard input
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

"$hone" plugins >/dev/null 2>&1 # the cache of plugins
for i in 1 2 3 4 5 6 7 8 9; do
    begun=$(now); "$hone" plugins >/dev/null; echo $((($(now) - begun) / 10000))
done | median | awk '{ printf "hone plugins, cached                    %8.2f ms     (aim: under 30)\n", $1 / 100 }'

if [ -d /usr/share/datasets/fashion-mnist ]; then
    small="--trials 1 -q --set objective.epochs=1 --set dataset.fraction=0.02 --set study.final=no"
    "$hone" run "$root/conf/quickstart.ini" --storage "$work/warm.db" $small >/dev/null # the decoded data
    for i in 1 2 3 4 5 6 7 8 9; do
        begun=$(now)
        "$hone" run "$root/conf/quickstart.ini" --storage "$work/s$i.db" $small >/dev/null
        sqlite3 "$work/s$i.db" "select cast((started * 1e9 - $begun) / 1e4 as integer) from trials"
    done | median | awk '{ printf "hone run to the first trial, data cached %7.2f ms     (aim: under 100)\n", $1 / 100 }'
fi

begun=$(now)
"$hone" run "$root/conf/function.ini" --workers 2 --trials "$trials" --storage "$work/many.db" -q >/dev/null 2>&1 &
pid=$!
most=0
while kill -0 $pid 2>/dev/null; do
    peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$pid/status 2>/dev/null)
    [ -n "$peak" ] && most=$peak
    sleep 0.02
done
wait $pid
echo "$begun $(now) $trials $most" | awk '{ printf "%d trials of a function, 2 workers   %10.2f s      (aim: under 10 for 10000), %.1f MB resident (aim: under 30)\n", $3, ($2 - $1) / 1e9, $4 / 1024 }'
