#!/bin/sh
# SPDX-License-Identifier: MIT
# Checkpoints in trouble: torn, cut, gone, of another version, of another training, on a full disk: each is said by name, the trial
# begins from what is valid, nothing else is lost; how much room they take, and which are kept.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

numbers_csv 300
cat >s.ini <<'INI'
[study]
name = s
trials = 12
order = strict
lag = 3
workers = 2
trial_retries = 100
final = no
checkpoint_interval = 0
objectives = validation.loss min
[search]
use = random
[scheduler]
use = asha
[objective]
use = train
epochs = 9
batch_size = 2
[dataset]
use = csv
file = numbers.csv
target = y
validation = 0.3
[model]
use = mlp
hidden = 16, 8
[optimizer]
use = adam
[space]
optimizer.learning_rate = real 1e-4 .. 1e-1 log
INI
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
same() { table "$1" | cmp -s - "$2" || bad "the table of $1 differs from the undisturbed one"; }
run 0 "$hone" run s.ini -q --storage whole.db --set study.directory=whole.d
table whole.db >whole.csv

# interrupt FILES: a study killed with trials that wait and trials at work, and so many checkpoints
interrupt() {
    rm -rf s.db* s.d
    "$hone" run s.ini -q >/dev/null 2>&1 & pid=$!
    for i in $(seq 1 1000); do
        [ "$(ls s.d/checkpoints 2>/dev/null | grep -vc tmp)" -ge "$1" ] && break
        sleep 0.005
    done
    kill -9 $pid
    wait $pid 2>/dev/null
    [ -n "$(ls s.d/checkpoints)" ] || bad "no checkpoint was ever there"
}
goes_on() { # TEXT...: said, and the table is the one of the undisturbed study
    run 0 "$hone" run s.ini
    cat out err >both
    for text; do says both "$text"; done
    same s.db whole.csv
    [ ! -d s.d/checkpoints ] || bad "checkpoints are left: $(ls s.d/checkpoints)"
    is failed "$(count s.db failed)" 0
    run 0 "$hone" verify s.db
    says out "as recorded"
}

interrupt 4
for file in s.d/checkpoints/trial*; do printf x | dd of="$file" bs=1 seek=100 conv=notrunc 2>/dev/null; done
goes_on "is damaged" "the trial begins anew"
done_with torn

interrupt 4
for file in s.d/checkpoints/trial*; do truncate -s 60 "$file"; done
goes_on "is damaged (60 bytes of" "the trial begins anew"
done_with cut

interrupt 4
rm -r s.d/checkpoints
goes_on "cannot read the checkpoint" "No such file or directory" "the trial begins anew"
done_with gone

# whole by its sum, but of another version, or of a larger network: the objective says so
replace() { # PYTHON: changes the bytes b of every checkpoint, and what the storage says of them
    python3 - "$1" <<'END'
import glob, os, re, sqlite3, sys
def total(b):
    h = 0xcbf29ce484222325
    for i in range(0, len(b), 8):
        h = ((h ^ int.from_bytes(b[i:i + 8].ljust(8, b"\0"), "little")) * 0x100000001b3) & (1 << 64) - 1
        h ^= h >> 29
    return h
db = sqlite3.connect("s.db")
for path in glob.glob("s.d/checkpoints/trial*"):
    m = re.fullmatch(r"trial(\d+)-(\d+)", os.path.basename(path))
    if not m:
        continue
    b = bytearray(open(path, "rb").read())
    exec(sys.argv[1])
    open(path, "wb").write(b)
    db.execute("UPDATE events SET text = ? WHERE what = 9 AND trial = ? AND step = ?",
               ("size=%d crc=%016x" % (len(b), total(b)), int(m[1]), int(m[2])))
db.commit()
END
}
interrupt 4
replace 'pass' # the sum is the one of hone
goes_on
says_not both "damaged"
interrupt 4
replace 'b[7] = ord("9")'
goes_on "is of another version of hone"
done_with another_version

interrupt 4
replace 'b[8] = 3'
goes_on "is of another training: 3 trainings, not 1"
interrupt 4
replace 'del b[-40:]'
goes_on "ends too early"
done_with another_training

# a disk that is full, here a limit on the size of files: nothing is lost but time
cat >large.ini <<'INI'
[study]
name = large
trials = 6
order = strict
lag = 2
workers = 2
final = no
checkpoint_interval = 0
objectives = validation.loss min
[search]
use = random
[scheduler]
use = asha
[objective]
use = train
epochs = 4
batch_size = 64
[dataset]
use = csv
file = numbers.csv
target = y
validation = 0.3
[model]
use = mlp
hidden = 1024, 1024
[optimizer]
use = adam
[space]
optimizer.learning_rate = real 1e-4 .. 1e-2 log
INI
run 0 "$hone" run large.ini -q --storage l1.db --set study.directory=l1.d
table l1.db >large.csv
run 0 sh -c 'ulimit -f 16000; exec "$0" run large.ini --storage l2.db --set study.directory=l2.d' "$hone"
cat out err >both
says both "cannot write the checkpoint"
says both "File too large; the trial goes on without it"
same l2.db large.csv
is failed "$(count l2.db failed)" 0
[ -z "$(find l2.d -type f 2>/dev/null)" ] || bad "parts of checkpoints are left: $(find l2.d -type f)"
if mkdir small && mount -t tmpfs -o size=20m none small 2>/dev/null; then # room for one at a time
    run 0 "$hone" run large.ini --storage l3.db --set study.directory="$work/small/l3.d"
    cat out err >both
    says both "No space left on device; the trial goes on without it"
    same l3.db large.csv
    [ -z "$(find small -type f)" ] || bad "parts of checkpoints are left: $(find small -type f)"
    umount small
fi
done_with full_disk

# room: beyond the limit, those that paused first give theirs up; the table stays
size=0
rm -rf l1.* l2.*
"$hone" run large.ini -q --storage l1.db --set study.directory=l1.d --trials 9 --set study.checkpoint_interval=1000 --set objective.epochs=9 >/dev/null 2>&1 & pid=$!
largest=0
while kill -0 $pid 2>/dev/null; do
    now=$(cat l1.d/checkpoints/* 2>/dev/null | wc -c)
    [ "$now" -gt "$largest" ] && largest=$now
    one=$(ls -l l1.d/checkpoints 2>/dev/null | awk '/-1$/ { print $5; exit }')
    size=${one:-$size}
    sleep 0.01
done
wait $pid
[ "$size" -gt 1000000 ] || bad "a checkpoint has $size bytes"
[ "$largest" -gt $((size * 5)) ] || bad "without a limit they take $largest bytes only: the test says nothing"
table l1.db >large.csv
limit=$((size * 2 + size / 2))
"$hone" run large.ini -q --storage l2.db --set study.directory=l2.d --trials 9 --set study.checkpoint_interval=1000 --set objective.epochs=9 --set study.checkpoint_space=$limit >/dev/null 2>&1 & pid=$!
largest=0
while kill -0 $pid 2>/dev/null; do
    now=$(cat l2.d/checkpoints/* 2>/dev/null | wc -c)
    [ "$now" -gt "$largest" ] && largest=$now
    sleep 0.01
done
wait $pid
# two workers may each have one more that the study has not heard of yet
[ "$largest" -le $((limit + 2 * size)) ] || bad "they took $largest bytes of $limit"
[ "$largest" -gt "$size" ] || bad "hardly any was made"
same l2.db large.csv
done_with room

# keep_checkpoints: the last one of every trial stays, also when the command is run again; else none
run 0 "$hone" run s.ini -q --storage k.db --set study.directory=k.d --set study.keep_checkpoints=yes
same k.db whole.csv
ls k.d/checkpoints >kept
is "trials with one" "$(sed 's/-.*//' kept | sort -u | wc -l)" 12
for trial in $(trials k.db trial,state,step | awk -F, '$2 == "paused" { print "trial" $1 "-" $3 }'); do
    grep -qx "$trial" kept || bad "$trial is not kept"
done
is "temporary ones" "$(grep -c tmp kept)" 0
run 0 "$hone" run s.ini -q --storage k.db --set study.directory=k.d --set study.keep_checkpoints=yes
ls k.d/checkpoints | cmp -s - kept || bad "run again: others are there"
run 0 "$hone" run s.ini -q --storage k.db --set study.directory=k.d
[ ! -d k.d/checkpoints ] || bad "not kept any more: $(ls k.d/checkpoints)"
same k.db whole.csv
done_with kept
exit $failed
