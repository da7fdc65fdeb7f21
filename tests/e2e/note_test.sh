#!/bin/sh
# SPDX-License-Identifier: MIT
# hone note: about a study that runs and one that does not, about a trial; shown by hone trials, kept by exports; files from before there
# were notes; storages that keep none.
. "$(dirname "$0")/lib.sh"
trap 'kill $study 2>/dev/null; rm -rf "$work"' EXIT
study=

printf '[study]\nname = s\ntrials = 5\nobjectives = value min\n[objective]\nuse = function\n[space]\nx1 = real -5 .. 10\nx2 = real 0 .. 15\n' >s.ini
run 0 "$hone" run s.ini -q
run 0 "$hone" note s.db
is "no notes" "$(cat out)" "trial  written  note"
run 0 "$hone" note s.db "what it is for, \"and\" more"
run 0 "$hone" note s.db --trial 3 "a line
another one"
run 0 "$hone" note s.db --trial 1 "soon gone"
run 0 "$hone" note s.db --trial 1 ""
is "csv" "$("$hone" note s.db --format csv | sed 's/,20[0-9T:Z-]*,/,WHEN,/')" 'trial,written,note
,WHEN,"what it is for, ""and"" more"
3,WHEN,"a line
another one"'
run 0 "$hone" note s.db --trial 3
is "one alone" "$(tail -n +2 out | sed 's/20[0-9T:Z-]*/WHEN/')" "    3  WHEN  a line another one"
run 0 "$hone" trials s.db --trial 3 --format csv
says out 'note,,,,"a line'
run 0 "$hone" trials s.db --trial 1
says_not out note
run 0 "$hone" report s.db -o s.json
if command -v python3 >/dev/null; then
    is "json" "$(python3 -c 'import json; print([(n["trial"], n["text"]) for n in json.load(open("s.json"))["studies"][0]["notes"]])')" \
        "[(None, 'what it is for, \"and\" more'), (3, 'a line\\nanother one')]"
fi
run 0 "$hone" report s.db -o s.html
says s.html '"note":"what it is for, \u0022and\u0022 more"'
says s.html '"notes":{"3":"a line\u000aanother one"}'
done_with notes

run 1 "$hone" note s.db --trial 5 "x"
says err "the study has no trial 5"
run 1 "$hone" note nowhere.db "x"
[ -e nowhere.db ] && bad "it made a storage"
run 1 "$hone" note s.db --study other "x"
run 2 "$hone" note
run 2 "$hone" note s.db a b
run 0 "$hone" report s.db -o s.optuna.db
run 0 "$hone" note s.optuna.db
is "none" "$(wc -l <out)" 1
run 1 "$hone" note s.optuna.db "x"
says err "optuna"
is "none of that is kept" "$("$hone" note s.db --format csv | grep -c WHAT)" 0
done_with mistakes

if command -v sqlite3 >/dev/null; then # a file from before there were notes is read, and written to, by commands that need none
    sqlite3 s.db "DROP TABLE notes; PRAGMA user_version = 2"
    run 0 "$hone" note s.db
    is "none" "$(wc -l <out)" 1
    is trials "$(trials s.db state | sort | uniq -c | awk '{ print $1, $2 }')" "5 complete"
    is version "$(sql s.db 'PRAGMA user_version')" 2
    run 0 "$hone" note s.db "again"
    says_not err hone
    is notes "$("$hone" note s.db --format csv | grep -c again)" 1
    done_with older_file
else
    skip older_file "sqlite3 is not installed"
fi

# while it runs, by another process; what the study writes about its trials leaves notes alone
"$hone" run s.ini -q --storage slow.db --set study.name=slow --trials 40 --set objective.delay=0.1 --set study.workers=1 >run.out 2>&1 &
study=$!
for _ in $(seq 100); do
    [ "$(trials slow.db state | grep -c running)" = 1 ] && break
    sleep 0.05
done
at=$(trials slow.db trial,state | sed -n 's/,running//p')
[ -n "$at" ] || bad "no trial is running: $(cat run.out)"
run 0 "$hone" note slow.db --trial "${at:-0}" "seen while it ran"
run 0 "$hone" stop slow.db
wait $study
is "after it ended" "$("$hone" note slow.db --format csv | sed -n 's/^\([0-9]*\),.*,seen while it ran$/\1/p')" "$at"
run 0 "$hone" verify slow.db
done_with while_it_runs
exit $failed
