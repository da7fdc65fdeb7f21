#!/bin/sh
# SPDX-License-Identifier: MIT
# hone-plugin-check catches each rule that a plugin of tests/bad breaks, by the case and the words that name it; the honest
# ones and every bundled plugin pass.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${HONE_BUILD:-$root/build}
check=$build/hone-plugin-check
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work" || exit 1
failed=0
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' log | head -n 12; failed=1; }

# caught NAME STATUS PATTERN [ONLY]: exit status and a line "failed ... PATTERN"
caught() {
    "$check" "$build/tests/bad/$1.so" --timeout 1 ${4+--only "$4"} >log 2>&1
    status=$?
    if [ $status -eq "$2" ] && grep "^failed " log | grep -qE "$3"; then ok "caught_$1${4+_$4}"; else echo "exit $status" >>log; bad "caught_$1${4+_$4}"; fi
}
caught wrong_magic       4 'module load: has the wrong magic 12345678'
caught newer_minor       4 'module load: needs plugin ABI 1\.[0-9]+, this tool offers 1\.'
caught no_entry          4 'module load: is no hone plugin: it exports no hone_module_v1'
caught other_major       4 'module load: was built for plugin ABI 2'
caught prints_on_load    4 'module load: printed on standard output: hello'
caught default_range     1 'module descriptor: search/default_range: the default is refused: rate = 1.5 is outside \[0, 1\]'
caught overlap           1 'module descriptor: .*the fields of rate and mode overlap'
caught missing_function  1 'module descriptor: .*HONE_C_STATEFUL.*the function ask is missing'
for words in 'not a reverse domain name' 'not like 1.2.3' 'no license' 'key "Rate" is not' 'unknown flags' 'steps has no doc' 'can never hold' \
             'mode is not aligned' 'choice "a" empty or twice' 'mode = z is none of' 'lies outside the config struct' 'steps is there twice'; do
    caught bad_table 1 "module descriptor: .*$words" >out
    if grep -q '^ok' out; then ok "caught_bad_table: $words"; else cat out; failed=1; fi
done
caught changes_mxcsr     1 'settings_default: create changed the floating-point state MXCSR from 1f80 to 9fc0' settings_default
caught changes_locale    1 'module symbols: calls setlocale' module
caught changes_locale    1 'space_real: tell .* changed the locale from C to C.UTF-8' space_real
caught changes_signal    1 'module symbols: calls signal' module
caught changes_signal    1 'space_real: open changed what signal 10 ' space_real
caught changes_directory 1 'settings_default: create changed the current directory to /' settings_default
caught starts_thread     1 'settings_default: create left 1 thread' settings_default
caught prints            1 'space_real: printed on standard error: asked' space_real
caught uses_rand         1 'module symbols: calls rand' module
caught shared_counter    1 'same_seed: the same seed and the same calls: answers differ' same_seed
caught shared_counter    1 'two_instances: ' two_instances
caught leaks             1 'leak: loses [0-9]+ bytes' leak
caught crash_in_create   1 'settings_default: died of signal 11 \(Segmentation fault\) in create' settings_default
caught loop_in_ask       1 'space_real: did not come back within 1 s from ask \(trial 0\)' space_real
caught exit_in_ask       1 'module symbols: calls exit' module
caught exit_in_ask       1 'space_real: the process ended with status 0 in ask \(trial 3\)' space_real
caught outside_point     1 'space_real: trial 10: x = 10\.0000.* lies outside -5 \.\. 10' space_real
caught nan_point         1 'space_real: trial 20: x is active but nan' space_real
caught inactive_point    1 'space_conditional: trial [0-9]+: .* is inactive and must be NaN' space_conditional
caught inactive_point    1 'space_relations: trial [0-9]+: a relation of the space does not hold' space_relations
caught done_early        1 'space_finite: ask answers HONE_DONE after 3 of the 15 points' space_finite
caught knows_trials      1 'given_points: tell failed: nobody asked for trial 0' given_points
caught forgets           1 'restart: saved and loaded every 1 trials, trial 1 is another point' restart
caught divides           1 'single_values: trial 0: x is active but -?nan' single_values
caught mean_of_values    1 'odd_values: trial 4: x is active but -?nan' odd_values
caught wants_order       1 'many_running: ask answers 2 after 100 outcomes that came the last first' many_running
caught writes_past       1 'space_real: ask writes past the 1 dimensions' space_real
caught silent_failure    1 'space_real: tell failed with -1 and gave no message' space_real
caught trusts_state      1 'state_hostile: died of signal' state_hostile
caught short_read        1 'state_round_trip: load refuses what save wrote \(when read 7 bytes' state_round_trip
caught refuses_all       1 'settings_default: create refuses the defaults' settings_default
caught refuses_all       1 'settings_random: all 200 settings are refused' settings_random
caught wrong_gradient    1 'penalty: what on_gradients adds is the gradient of no penalty' penalty
caught wrong_vjp         1 'hyper_penalties: strength: vjp says .*, differences' hyper_penalties
caught tail_optimizer    1 'split: the result depends on how the numbers are cut' split
caught merge_metric      1 'values: merged halves' values
caught stuck_scheduler   1 'study: next answers HONE_WAIT although nothing runs' study

# ---- honest ones ----
passes() {
    name=$1; shift
    if "$check" "$@" >log 2>&1; then ok "passes_$name"; else grep -vE '^(ok|skipped) ' log >log2; mv log2 log; bad "passes_$name"; fi
}
passes good_search "$build/tests/bad/good_search.so"
if "$check" "$build/tests/bad/good_search.so" --only repeats >log 2>&1 &&
    grep -q '^skipped search/good_search repeats: asks [0-9]* times for a finished point .*, and never says' log; then
    ok repeats_are_told
else
    bad repeats_are_told
fi
passes other_kind "$build/tests/bad/other_kind.so"
if grep -q '^note .*the kind "com.acme.thing/2" is not one of this SDK' log; then ok other_kind_said; else bad other_kind_said; fi
# the plugins that studies must survive are right until they are told to go wrong
passes search_badsearch "$build/tests/bad/search_badsearch.so" --only search/badsearch
"$check" "$build/tests/bad/objective_crash.so" --only trial --set mode=none >log 2>&1 && grep -q '^ok .*crash trial' log && ok passes_objective_crash || bad passes_objective_crash
for mode in segfault abort raise; do
    "$check" "$build/tests/bad/objective_crash.so" --only 'crash trial' --set mode=$mode --set every=1 >log 2>&1
    [ $? -eq 1 ] && grep -q '^failed .*trial: died of signal .* in run' log && ok "crash_$mode" || bad "crash_$mode"
done
"$check" "$build/tests/bad/objective_crash.so" --only 'crash trial' --set mode=mxcsr --set every=1 >log 2>&1
grep -q '^failed .*trial: run changed the floating-point state' log && ok crash_mxcsr || bad crash_mxcsr
"$check" "$build/tests/bad/objective_crash.so" --only 'crash trial' --set mode=print --set every=1 >log 2>&1
grep -q '^failed .*trial: printed on standard output: printed by a plugin' log && ok crash_print || bad crash_print
printf 'a,b,c,class\n' >table.csv
i=0
while [ $i -lt 60 ]; do echo "$i.5,$((i * 7 % 13)),x$((i % 3)),$((i % 2))"; i=$((i + 1)); done >>table.csv
for so in "$build"/plugins/*.so; do
    name=$(basename "$so" .so)
    case $name in
    dataset-csv) passes "$name" "$so" --set file="$work/table.csv" ;;
    objective-function) passes "$name" "$so" --set name=sphere ;;
    search-*) passes "$name" "$so" --timeout 60 && cp log "$name.log" ;; # a busy machine is no fault of theirs
    *) passes "$name" "$so" --timeout 60 ;;
    esac
done

# what a stranger's search may leave out, every bundled one does: it never waits, repeats no finished point of a finite
# space, and keeps its state where it has one; but for gradient, which refuses finite spaces and waits for its one descent
for so in "$build"/plugins/search-*.so; do
    name=$(basename "$so" .so)
    [ "$name" != search-gradient ] || continue
    cp "$name.log" log 2>/dev/null || : >log # it has failed already
    if grep -E '^ok +search/[a-z0-9_]+ repeats' log >/dev/null && grep -E '^ok +search/[a-z0-9_]+ many_running' log >/dev/null &&
        ! grep -E '^skipped search/[a-z0-9_]+ (restart|repeats|many_running):' log | grep -v 'keeps no state'; then
        ok "complete_$name"
    else
        grep -E ' (restart|repeats|many_running)' log >log2; mv log2 log; bad "complete_$name"
    fi
done

# ---- the command itself ----
"$check" >log 2>&1; [ $? -eq 2 ] && grep -q 'no file given' log && ok usage_no_file || bad usage_no_file
"$check" --seed x a.so >log 2>&1; [ $? -eq 2 ] && grep -q 'whole number' log && ok usage_seed || bad usage_seed
"$check" --nonsense >log 2>&1; [ $? -eq 2 ] && grep -q 'nonsense' log && ok usage_option || bad usage_option
"$check" --set x a.so >log 2>&1; [ $? -eq 2 ] && ok usage_set || bad usage_set
"$check" --help >log 2>&1 && grep -q 'Exit status' log && ok help || bad help
"$check" missing.so >log 2>&1; [ $? -eq 4 ] && ok missing_file || bad missing_file
echo text >text.so; "$check" text.so >log 2>&1; [ $? -eq 4 ] && grep -q 'cannot be loaded' log && ok not_a_library || bad not_a_library
"$check" "$build/tests/bad/good_search.so" "$build/tests/bad/done_early.so" --only space_finite --json >log 2>&1
if [ $? -eq 1 ] && python3 - log <<'PY' 2>>log
import json, sys
files = [json.loads(line) for line in open(sys.argv[1]) if line.startswith("{")]
assert len(files) == 2 and files[0]["failed"] == 0 and files[1]["failed"] == 1
case = [c for c in files[1]["cases"] if c["result"] == "failed"][0]
assert case["case"] == "space_finite" and "3 of the 15" in case["reason"] and case["component"] == "search/done_early"
PY
then ok json; else bad json; fi
"$check" "$build/tests/bad/shared_counter.so" --in-process --only same_seed >log 2>&1; [ $? -eq 1 ] && grep -q 'answers differ' log && ok in_process || bad in_process
exit $failed
