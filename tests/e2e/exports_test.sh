#!/bin/sh
# SPDX-License-Identifier: MIT
# What other programs need of a study: csv, json, markdown, Optuna's journal and database, TensorBoard's events. Read back by readers of
# our own; and, where HONE_PEER_PYTHON names Pythons that have them ("venv/bin/python ..."), by Optuna, optuna-dashboard and TensorBoard.
. "$(dirname "$0")/lib.sh"
here=$root/tests/e2e

cat >program.sh <<'SH'
#!/bin/sh
# a score that rises by the step; rate and width matter, the optimizer a little
awk -v use="$1" -v rate="$2" -v momentum="$3" -v width="$4" 'BEGIN {
    peak = 1 - (log(rate / 0.01) / 6) ^ 2 - ((width - 256) / 800) ^ 2 + (use == "sgd" ? 0.1 * (momentum - 0.9) : -0.05)
    for (step = 1; step <= 4; step++)
        printf "hone: step=%d score=%.12g loss=%.12g\n", step, peak * (1 - 0.5 ^ step), 1 - peak
    print "hone: test.score=" peak
}'
SH
chmod +x program.sh
cat >study.ini <<'INI'
[study]
name       = exported
trials     = 40
objectives = score max
order      = strict
[search]
use = random
[scheduler]
use = median
[objective]
use     = command
run     = ./program.sh {optimizer} {rate} {momentum|0} {width}
metrics = score
steps   = 4
[space]
rate      = real 1e-4 .. 0.5 log
width     = int 32 .. 500 step 32
optimizer = choice sgd, adam
momentum  = real 0.5 .. 0.97 step 0.05 if optimizer = sgd
batch     = ordinal 32, 64, 128
INI
run 0 "$hone" run study.ini -q --storage study.db
[ "$(count study.db pruned)" -ge 5 ] || bad "only $(count study.db pruned) trials are pruned"
run 0 "$hone" trials study.db --format json
mv out trials.json
done_with a_study_to_export

mkdir out.d
for file in study.csv study.json study.md study.journal study.optuna.db study.tensorboard; do
    run 0 "$hone" report study.db -o out.d/$file
    [ -s out.d/$file ] || bad "$file was not written"
done
run 0 "$hone" report study.db --use csv --set table=reports -o out.d/reports.csv
run 0 "$hone" report study.db --use optuna_journal -o other.log
cmp -s other.log out.d/study.journal || bad "the journal differs by its name"
run 0 "$hone" report study.db --use csv
cmp -s out out.d/study.csv || bad "standard output is not the file"
says out.d/study.md "| trial | score | rate | width | optimizer | momentum | batch |"
is "rows of study.md" "$(grep -c '^| [0-9]' out.d/study.md)" 10
run 1 "$hone" report study.db -o /dev/null/study.tensorboard
says err "cannot make the folder"
run 2 "$hone" report study.db --use optuna_sqlite
done_with every_format_is_written

run 0 python3 "$here/exports_read.py" trials.json out.d
says out "all of it reads back"
done_with every_format_reads_back

# two studies in one file, of which TensorBoard takes one
run 0 "$hone" run study.ini -q --storage study.db --set study.name=second --trials 3
run 2 "$hone" report study.db -o two.tensorboard
says err "--study NAME"
for file in two.csv two.json two.optuna.db two.journal; do run 0 "$hone" report study.db -o $file; done
is "rows of two.csv" "$(grep -cE '^(exported|second),' two.csv)" 43
is "studies of two.optuna.db" "$(sql two.optuna.db 'SELECT group_concat(study_name) FROM studies')" exported,second
is "numbers of two.optuna.db" "$(sql two.optuna.db 'SELECT max(number) FROM trials GROUP BY study_id' | tr '\n' ' ')" "39 2 "
is "trials of two.journal" "$(grep -c '"op_code": 4' two.journal)" 43
done_with two_studies

if [ -n "${HONE_PEER_PYTHON:-}" ]; then
    for python in $HONE_PEER_PYTHON; do
        run 0 "$python" "$here/exports_peer.py" trials.json out.d
        [ "$got" = 0 ] || sed "s,^,#   ," err | tail -n 5
        echo "# $(cat out)"
    done
    done_with peers_read_and_go_on
else
    skip peers_read_and_go_on "HONE_PEER_PYTHON names no Python"
fi
exit $failed
