#!/bin/sh
# SPDX-License-Identifier: MIT
# Every scheduler that is installed, with its defaults: a strict study has the same trials with 1, 2 and 5 workers, and hone
# verify finds its decisions as recorded. A new scheduler is tested without a line here; one that cannot run with its defaults
# gets its keys below.
. "$(dirname "$0")/lib.sh"

keys() { # SCHEDULER: its keys where the defaults would let this small study run to the end, or not at all
    case $1 in
    threshold) echo "upper = 2" ;;
    patient) echo "wraps = median" ;;
    pbt | pb2) echo "interval = 2" ;;
    esac
}
study() { # SCHEDULER
    cat >"$1.ini" <<INI
[study]
name = $1
trials = 24
order = strict
objectives = value min
storage = $1.db
final = no
[search]
use = random
[scheduler]
use = $1
$(keys "$1")
[objective]
use = command
run = awk -f curve.awk {x} {rate}
steps = 9
checkpoints = yes
[space]
x = real 0 .. 1
rate = real 0.01 .. 1 log
INI
}
# a curve that depends on all of its past, which it keeps in a file
cat >curve.awk <<'AWK'
BEGIN {
    state = 3; step = 0; x = ARGV[1]; rate = ARGV[2]; ARGC = 1
    if (ENVIRON["HONE_RESTORE"] != "") {
        getline state < ENVIRON["HONE_RESTORE"]
        step = ENVIRON["HONE_RESTORE_STEP"] + 0
    }
    while (++step <= 9) {
        state = state * (1 - rate / 2) + (x - 0.3) * (x - 0.3) + 0.1 * rate
        file = "state" step
        printf "%.17g\n", state > (ENVIRON["HONE_CHECKPOINTS"] "/" file)
        close(ENVIRON["HONE_CHECKPOINTS"] "/" file)
        printf "hone: step=%d value=%.9f checkpoint=%s\n", step, state, file
        fflush()
    }
}
AWK
schedulers=$("$hone" plugins --format csv | sed -n 's/^scheduler,\([a-z0-9_]*\),.*/\1/p')
[ "$(echo "$schedulers" | wc -l)" -ge 9 ] || bad "only these schedulers are installed: $schedulers"
done_with they_are_installed
for scheduler in $schedulers; do
    study "$scheduler"
    # one that is the search, too, stands alone
    "$hone" check "$scheduler.ini" >/dev/null 2>&1 || sed -i '/^\[search\]/,/^use = random/d' "$scheduler.ini"
    for workers in 1 2 5; do
        run 0 "$hone" run "$scheduler.ini" -q --workers $workers --storage $workers.db
        "$hone" trials $workers.db --format csv 2>/dev/null | cut -d, -f1-3,5- >$workers.csv
        run 0 "$hone" verify $workers.db
        rm -rf $workers.db* "$scheduler.d"
        cmp -s $workers.csv 1.csv || { bad "$workers workers differ from 1"; diff $workers.csv 1.csv | head -n 4; }
    done
    [ "$(wc -l <1.csv)" -gt 20 ] || bad "only $(wc -l <1.csv) lines of trials"
    done_with "same_trials_$scheduler"
done

# two objectives, pruned by fronts
cat >fronts.ini <<'INI'
[study]
trials = 30
order = strict
objectives = f1 min, f2 min
storage = fronts.db
[search]
use = random
[scheduler]
use = asha
objective = 0
[objective]
use = command
run = sh curve.sh {x}
steps = 9
[space]
x = real 0 .. 1
INI
cat >curve.sh <<'SH'
for step in 1 2 3 4 5 6 7 8 9; do
    echo "$1 $step" | awk '{ printf "hone: step=%d f1=%.6f f2=%.6f\n", $2, $1 + 1 / $2, (1 - $1) * (1 - $1) + ($1 > 0.5) + 1 / $2 }'
done
SH
for scheduler in asha median; do
    run 0 "$hone" run fronts.ini -q --workers 2 --set scheduler.use=$scheduler --storage $scheduler.db
    run 0 "$hone" verify $scheduler.db
    stopped=$(trials $scheduler.db state | grep -c -e paused -e pruned)
    [ "$stopped" -gt 3 ] || bad "$scheduler stopped $stopped trials by fronts"
    done_with "fronts_$scheduler"
done
exit $failed
