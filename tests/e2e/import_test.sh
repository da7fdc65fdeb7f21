#!/bin/sh
# SPDX-License-Identifier: MIT
# hone import: a study that begins with the results of another one, from Optuna's files and from hone's; what does not fit is named.
. "$(dirname "$0")/lib.sh"

cat >program.sh <<'SH'
#!/bin/sh
awk -v use="$1" -v rate="$2" -v momentum="$3" -v width="$4" 'BEGIN {
    print "hone: score=" 1 - (log(rate / 0.01) / 6) ^ 2 - ((width - 256) / 800) ^ 2 + (use == "sgd" ? 0.1 * (momentum - 0.9) : -0.05) }'
SH
chmod +x program.sh
write_ini() { # NAME SPACE: a study with this space
    printf '[study]\nname = %s\ntrials = 30\nobjectives = score max\norder = strict\n' "$1"
    printf '[search]\nuse = tpe\n[objective]\nuse = command\nrun = ./program.sh {optimizer} {rate} {momentum|0} {width}\nmetrics = score\n[space]\n'
    cat
}
write_ini source <<'INI' >source.ini
rate      = real 1e-4 .. 0.5 log
width     = int 32 .. 480 step 32
optimizer = choice sgd, adam
momentum  = real 0.5 .. 0.95 step 0.05 if optimizer = sgd
INI
run 0 "$hone" run source.ini -q --storage source.db --set search.use=random --trials 20
for file in source.optuna.db source.journal; do run 0 "$hone" report source.db -o $file; done
sed 's/name = source/name = warm/' source.ini >warm.ini
done_with a_study_to_begin_from

# the same points and values, from each of the three; told trials, which the search hears of
for file in source.optuna.db source.journal source.db; do
    rm -f warm.db*
    run 0 "$hone" import $file warm.ini --storage warm.db
    says out "imported   20 of 20 trials of study 'source' ($file) into study 'warm'"
    says out "trials     20 of 30"
    trials source.db rate,width,optimizer,momentum,score >wanted
    trials warm.db rate,width,optimizer,momentum,score >got
    cmp -s wanted got || bad "the trials of $file came over changed"
    is "sources of $file" "$(trials warm.db source | sort -u)" told
done
run 0 "$hone" import source.optuna.db warm.ini --storage warm.db
says out "imported   0 of 20 trials"
says out "left out   20 that the study has already"
run 0 "$hone" run warm.ini -q --storage warm.db
is "trials in all" "$(trials warm.db trial | wc -l)" 30
run 0 "$hone" verify warm.db
done_with trials_come_over_once

# the search begins where the other study ended: its own trials are better than those of one that knows nothing
run 0 "$hone" run warm.ini -q --storage cold.db --set study.name=cold --trials 10
mean() { trials "$1" source,score | awk -F, '$1 == "search" { sum += $2; n++ } END { print n ? sum / n : "none" }'; }
awk -v warm="$(mean warm.db)" -v cold="$(mean cold.db)" 'BEGIN { exit !(warm > cold + 0.1) }' ||
    bad "means of ten trials: $(mean warm.db) after an import, $(mean cold.db) without"
done_with the_search_hears

# what an INI may begin with
run 0 "$hone" import source.optuna.db
says out "objectives = score max"
says out "rate = real 0.0001 .. 0.5 log"
says out "width = int 32 .. 480 step 32"
says out "optimizer = choice sgd, adam"
for file in source.optuna.db source.journal; do
    run 0 "$hone" studies $file --format csv
    says out "source,stopped,20,20,0,0,score max"
    run 0 "$hone" trials $file --format csv
    mv out got
    run 0 "$hone" trials source.db --format csv
    cut -d, -f1-5,7- out >wanted # the step
    [ "$(sed 1d got | cut -d, -f1,2,5- | sort)" = "$(sed 1d out | cut -d, -f1,2,5- | sort)" ] || bad "$file has other trials"
done
run 1 "$hone" stop source.optuna.db
done_with other_commands_read_them

# other names, ranges, scales, choices
write_ini narrow <<'INI' >narrow.ini
learning_rate = real 1e-3 .. 0.5
width         = int 32 .. 480 step 64
optimizer     = choice sgd, adam, lion
INI
sed -i 's/{rate}/{learning_rate}/; s/{momentum|0}/0/' narrow.ini
run 3 "$hone" import source.optuna.db narrow.ini --storage narrow.db
says err "parameter 'rate' is no key of [space]"
says err "--map rate=KEY"
run 3 "$hone" import source.optuna.db narrow.ini --storage narrow.db --map rate=learning_rat --ignore momentum
says err "did you mean 'learning_rate'?"
run 0 "$hone" import source.optuna.db narrow.ini --storage narrow.db --map rate=learning_rate --ignore momentum
says out "note       learning_rate: drawn on a log scale there, on a linear one here"
says out "is outside [0.001, 0.5]"
says out "is between two values allowed"
is "trials named and told" "$(($(grep -c '^left out   trial' out) + $(count narrow.db complete)))" 20
[ "$(count narrow.db complete)" -ge 3 ] || bad "only $(count narrow.db complete) trials fit"
run 2 "$hone" import source.optuna.db narrow.ini --map rate
done_with other_names_and_ranges

write_ini words <<'INI' >words.ini
rate      = choice low, high
width     = int 32 .. 480
optimizer = choice sgd, lion
momentum  = real 0 .. 1 if optimizer = sgd
extra     = real 0 .. 1
INI
run 3 "$hone" import source.optuna.db words.ini --storage words.db
says err "parameter 'rate' is real in study 'source', and 'rate' is choice in [space]"
sed -i 's/choice low, high/real 1e-4 .. 1/' words.ini
run 0 "$hone" import source.optuna.db words.ini --storage words.db
says out "imported   0 of 20"
says out "optimizer = adam is none of its choices"
says out "it says nothing of extra"
sed 's/score max/score min/; s/name = words/name = least/' warm.ini >least.ini
run 3 "$hone" import source.optuna.db least.ini --storage words.db --set study.name=least
says err "'score' of study 'source' is to be maximized, 'score' here minimized"
run 1 "$hone" import none.db warm.ini
run 1 "$hone" import source.ini warm.ini
says err "not an SQLite database"
echo '{"op_code": 0, "worker_id": "x", "study_name": "s", "directions": [1]}
{"op_code": 77}' >bad.journal
run 1 "$hone" import bad.journal warm.ini
says err "line 2: there is no operation 77"
run 1 "$hone" run warm.ini --storage optuna_journal:bad.journal
says err "hone import"
done_with what_cannot_be

exit $failed
