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

# importance: wherever Optuna's fANOVA of the exported study tells two parameters apart by more than 0.03, hone's says the same.
# Recorded by exports_importance.py with Optuna 5.0.0; where it is installed it is asked again.
study_of() { # NAME: its problem, with the space from standard input
    printf '[study]\nname = %s\ntrials = 300\nobjectives = value min\norder = strict\n[search]\nuse = random\n' "$1"
    printf '[objective]\nuse = function\nname = %s\n[space]\n' "$1"
    cat
}
study_of hartmann6 <<'INI' >hartmann6.ini
x1 = real 0 .. 1
x2 = real 0 .. 1
x3 = real 0 .. 1
x4 = real 0 .. 1
x5 = real 0 .. 1
x6 = real 0 .. 1
INI
study_of many_dists <<'INI' >many_dists.ini
a  = choice 0, 1, 2
b  = int 0 .. 9
bb = int 12 .. 24
c  = real 4 .. 7
d  = real 0.1353352832366127 .. 1 log
e  = real 0 .. 9 step 3
f  = real 2 .. 20 log step 2
g  = normal 4 7
h  = lognormal -2 2
i  = normal 0 10
j  = lognormal 0 2
k  = choice 0 weight 1, 1 weight 9
INI
cat >recorded.csv <<'CSV'
hartmann6,x5,0.1671
hartmann6,x4,0.0852
hartmann6,x1,0.0732
hartmann6,x2,0.0324
hartmann6,x6,0.0144
hartmann6,x3,0.0085
many_dists,i,0.3478
many_dists,j,0.3229
many_dists,g,0.0480
many_dists,f,0.0081
many_dists,b,0.0100
many_dists,bb,0.0059
many_dists,h,0.0020
many_dists,e,0.0057
many_dists,c,0.0047
many_dists,a,0.0048
many_dists,d,0.0051
many_dists,k,0.0001
CSV
for name in hartmann6 many_dists; do
    run 0 "$hone" run $name.ini -q --storage importance.db
    run 0 "$hone" importance importance.db --study $name --format csv
    sed "1d; s/^/$name,/" out | cut -d, -f1,2,4 >>ours.csv
done
run 0 "$hone" report importance.db -o importance.optuna.db
is "log scales that begin at 0" "$(sql importance.optuna.db "SELECT count(*) FROM trial_params WHERE distribution_json LIKE '%\"log\": true%' AND
    json_extract(distribution_json, '\$.attributes.low') <= 0")" 0
agrees() { # THEIRS: "study,parameter,importance" lines
    awk -F, 'NR == FNR { theirs[$1, $2] = $3; next } { ours[$1, $2] = $3; study[NR] = $1; name[NR] = $2; rows[++n] = NR }
        END { for (i in rows) for (k in rows) { a = rows[i]; b = rows[k]
                  if (study[a] != study[b] || theirs[study[a], name[a]] - theirs[study[b], name[b]] <= 0.03) continue
                  pairs++
                  if (ours[study[a], name[a]] <= ours[study[b], name[b]]) print study[a] ": " name[a] " is not above " name[b] }
              if (pairs < 30) print "only " pairs " pairs" }' "$1" ours.csv
}
is "pairs in another order" "$(agrees recorded.csv)" ""
done_with importance_in_optunas_order

if [ -n "${HONE_PEER_PYTHON:-}" ]; then
    for python in $HONE_PEER_PYTHON; do
        run 0 "$python" "$here/exports_peer.py" trials.json out.d
        [ "$got" = 0 ] || sed "s,^,#   ," err | tail -n 5
        echo "# $(cat out)"
        if "$python" -c 'import optuna, sklearn' 2>/dev/null; then
            timeout -s KILL 600 "$python" -W ignore "$here/exports_importance.py" importance.optuna.db 1 >out 2>err
            is "pairs that $python orders otherwise" "$(agrees out)" ""
        fi
    done
    done_with peers_read_and_go_on
else
    skip peers_read_and_go_on "HONE_PEER_PYTHON names no Python"
fi
exit $failed
