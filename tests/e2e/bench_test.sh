#!/bin/sh
# SPDX-License-Identifier: MIT
# `hone bench`: the list, a benchmark's keys as options, rows in three formats, components by name, failures and their codes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
plugin benchmark_trial
with="--plugin-path plugins"
empty() { [ ! -s "$1" ] || bad "$1 is not empty: $(head -n 1 "$1")"; }

# shellcheck disable=SC2086
{
run 0 "$hone" bench $with
says out "Prints rows and fails as it is told to"
run 0 "$hone" bench $with --format csv
says out "trial,1.0.0,Prints rows and fails as it is told to"
run 0 "$hone" bench --no-default-path
is "list without any" "$(wc -l <out)" 1
run 0 "$hone" plugins --kind benchmark $with
says out "trial"
done_with list

run 0 "$hone" bench trial $with --help
says out "usage: hone bench trial [--KEY VALUE]... [options]"
says out "--rows N "
says out "How many rows (default 2)"
says out "What goes wrong: fine, fails, twice, narrow, mxcsr, waits (default fine)"
says_not out "Named as an option"
run 0 "$hone" info benchmark/trial $with
says out "hone bench trial [--KEY VALUE]..."
says_not out "For an INI file"
done_with help_from_the_table

run 0 "$hone" bench $with trial --rows 3 --seed 9
is "rows" "$(wc -l <out)" 4
says out 'a, "9"  7'
says out "    2"
says out "  667 "
run 0 "$hone" bench trial $with --format=csv --set rows=2 --set format=8 --set rows=1
printf 'index,text,third,empty,none\n0,"a, ""1""  8",0,,\n' | cmp -s - out || bad "csv: $(cat out)"
run 0 "$hone" bench trial $with --format json --rows 2
python3 - <<'END' || bad "json: $(cat out)"
import json
rows = json.load(open("out"))
assert len(rows) == 2 and rows[1]["third"] == 1000 / 3 and rows[0]["empty"] is None and rows[0]["none"] is None
END
run 0 "$hone" bench trial $with --file some.txt --rows 1
says out "$work/some.txt"
done_with rows_in_three_formats

run 0 "$hone" bench trial $with --make search,random,objective/1,function --rows 0
says err "made search/1 random (search.random) twice: two; first of its kind "
says err "made objective/1 function (objective.function) twice: two"
run 0 "$hone" bench trial $with --make search,anneal --assign initial_temperature,3
says err "made search/1 anneal"
run 1 "$hone" bench trial $with --make search,randm
says err "did you mean 'random'?"
is "rows before the failure" "$(wc -l <out)" 3
run 1 "$hone" bench trial $with --make scheduler,median --assign warmup,1
says err "scheduler/median: unknown key 'warmup' of median"
run 1 "$hone" bench trial $with --make nothing,median
says err "nothing"
done_with components_by_name

run 4 "$hone" bench $with trail
empty out
says err "did you mean 'trial'?"
run 4 "$hone" bench --no-default-path nn
says err "no benchmark 'nn'"
run 2 "$hone" bench trial $with --row 3 --rowz 4
says err "hone bench trial: unknown option '--rowz'; did you mean '--rows'?"
run 2 "$hone" bench trial $with --set rwos=3
says err "unknown key 'rwos' of trial; did you mean 'rows'?"
run 2 "$hone" bench trial $with --set rows
says err "--set rows is not KEY=VALUE"
run 2 "$hone" bench trial $with --rows 101
says err "rows = 101 is outside [0, 100]"
run 2 "$hone" bench trial $with --mode nothing
says err "mode = nothing is none of fine"
run 2 "$hone" bench trial $with --rows 1 --rows 2
says err "--rows is given twice"
run 2 "$hone" bench trial $with more
says err "unexpected argument 'more'"
run 2 "$hone" bench trial $with --format xml
says err "none of text, csv, json"
run 2 "$hone" bench trial $with --seed x
says err "--seed x is not a whole number"
empty out
done_with usage

run 1 "$hone" bench trial $with --mode fails
says err "hone: bench trial: the machine is on fire"
is "rows before the failure" "$(wc -l <out)" 3
run 1 "$hone" bench trial $with --mode twice
says err "the columns are given a second time"
run 1 "$hone" bench trial $with --mode narrow
says err "a row of 4 cells for 5 columns"
run 1 "$hone" bench trial $with --mode mxcsr
says err "changed the floating-point state"
timeout -s INT 2 "$hone" bench trial $with --mode waits >out 2>err
is "interrupted" $? 124
timeout 20 "$hone" bench trial $with --mode waits --set mode=waits --format csv >out 2>err &
process=$!
for _ in $(seq 100); do [ "$(wc -l <out)" -ge 3 ] && break; sleep 0.05; done # csv comes row by row
kill -TERM $process # passed on by timeout
wait $process
is "status after SIGTERM" $? 143
"$hone" bench trial $with --rows 100 --format csv >/dev/full 2>err
is "status on a full disk" $? 1
says err "standard output: No space left"
done_with failures

run 0 "$HONE_BUILD/hone-plugin-check" plugins/benchmark_trial.so
grep -q "^ok .*benchmark/trial cancelled" out || bad "not: cancelled"
run 0 "$HONE_BUILD/hone-plugin-check" plugins/benchmark_trial.so --set rows=2
grep -q "^ok .*benchmark/trial rows" out || bad "not: rows"
run 1 "$HONE_BUILD/hone-plugin-check" plugins/benchmark_trial.so --set rows=2 --set mode=narrow
says out "prints a row of 4 cells for 5 columns"
run 1 "$HONE_BUILD/hone-plugin-check" plugins/benchmark_trial.so --set mode=twice
says out "gives its columns a second time"
run 1 "$HONE_BUILD/hone-plugin-check" plugins/benchmark_trial.so --set rows=0
says out "has printed no row"
done_with conformance
}
exit $failed
