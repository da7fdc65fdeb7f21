#!/bin/sh
# SPDX-License-Identifier: MIT
# A trial whose worker dies is tried again from its last checkpoint, trial_retries times, and comes to the same; after that it has
# failed, and says by what.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# dies after step 4, or the first one that it makes, with its worker, DEATHS times; by then the checkpoint of step 3 is there, as steps come in order
cat >program.sh <<'END'
step=0 sum=0
[ -z "$HONE_RESTORE" ] || . "$HONE_RESTORE"
echo "$HONE_TRIAL $step" >>began
while [ $step -lt 6 ]; do
    step=$((step + 1))
    sum=$(awk -v s="$sum" -v x="$HONE_PARAM_X" -v k=$step 'BEGIN { printf "%.12g", s + x * k }')
    echo "step=$step sum=$sum" >"$HONE_CHECKPOINTS/state$step"
    echo "hone: step=$step value=$sum checkpoint=state$step"
    [ $step -ge 4 ] && [ "$(grep -c "^$HONE_TRIAL " began)" -le "$DEATHS" ] || continue
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        ls s.d/checkpoints 2>/dev/null | grep -q "^trial$HONE_TRIAL-[345]" && break
        sleep 0.1
    done
    kill -9 $PPID
    exit 1
done
echo "hone: value=$sum"
END
cat >s.ini <<INI
[study]
name = s
trials = 3
order = strict
workers = 2
trial_retries = 1
checkpoint_interval = 0
final = no
objectives = value min
[search]
use = random
[objective]
use = command
run = sh program.sh
directory = $work
steps = 6
checkpoints = yes
[space]
x = real -1 .. 1
INI
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
study() { # DEATHS, of every trial
    rm -rf s.db* s.d began
    export DEATHS="$1"
    run "$2" "$hone" run s.ini
}
study 0 0
table s.db >whole.csv
is "how often they began" "$(sort began | tr '\n' ,)" "0 0,1 0,2 0,"

study 1 0
for trial in 0 1 2; do
    says err "trial $trial: the worker was killed by SIGKILL; tried again (1 of 1)"
    is "begun anew" "$(grep -c "^$trial 0" began)" 1
    is "begun from a checkpoint" "$(grep -c "^$trial [34]" began)" 1
done
table s.db | cmp -s - whole.csv || bad "the table differs from the one of a study whose workers live"
run 0 "$hone" verify s.db
run 0 "$hone" trials s.db --trial 1 --format csv
says out ",tried again,the worker was killed by SIGKILL"
[ ! -d s.d/checkpoints ] || bad "checkpoints are left: $(ls s.d/checkpoints)"
done_with tried_again_from_the_checkpoint

study 2 5
is "how they ended" "$(trials s.db state,message | sort -u)" "failed,the worker was killed by SIGKILL"
is "how often they began" "$(cut -d' ' -f1 began | sort | uniq -c | awk '{ print $1 }' | sort -u)" 2
[ ! -d s.d/checkpoints ] || bad "checkpoints are left: $(ls s.d/checkpoints)"
is "workers left" "$(workers_left)" ""
done_with failed_after_its_retries
exit $failed
