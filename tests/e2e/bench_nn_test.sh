#!/bin/sh
# SPDX-License-Identifier: MIT
# `hone bench nn`: rows for every combination, parameter counts as PyTorch has them, a peer played by a script. No speed is asserted.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
empty() { [ ! -s "$1" ] || bad "$1 is not empty: $(head -n 1 "$1")"; }
# column FILE NAME: of a csv without quotes in what comes before
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR > 1 { print $at }' "$1"; }

run 0 "$hone" bench nn --batch 8 --seconds 0.01 --rounds 1 --format csv
is "nets" "$(column out net | tr '\n' ' ')" "mlp lenet vgg resnet20 "
is "parameters" "$(column out parameters | tr '\n' ' ')" "235146 1663370 288170 271994 "
for name in images_s images_cpu_s gflops step_ratio memory_mb; do
    is "positive $name" "$(column out $name | awk '$1 > 0' | wc -l)" 4
done
is "note" "$(column out note | tr -d '\n')" ""
done_with four_networks

run 0 "$hone" bench nn --net mlp --batch 4,8 --threads 1,2 --precision float32,bfloat16 --seconds 0.01 --rounds 1 --format csv
is "rows" "$(column out batch | tr '\n' ' ')" "4 4 4 4 8 8 8 8 "
is "threads" "$(column out threads | tr '\n' ' ')" "1 1 2 2 1 1 2 2 "
is "precision" "$(column out precision | sort | uniq -c | tr -s ' \n' ' ')" " 4 bfloat16 4 float32 "
# where the processor has no bfloat16 the row says so, and has no numbers
is "numbers or a reason" "$(awk -F, 'NR > 1 && ($6 > 0) == ($12 ~ /bfloat16/)' out | wc -l)" 0
done_with combinations

# a peer that trains nothing and says how fast it was
cat >peer.sh <<'END'
#!/bin/sh
[ "$1" = -c ] || exit 1
shift 2
echo "$*" >>peer.log
case "$*" in *"--mode compile"*) echo "no compiler" >&2; exit 1 ;; esac
case "$*" in *"--mode eager"*) rate=100 ;; *) rate=200 ;; esac
echo "ready ${PARAMETERS:-235146} 9.9"
while read -r seconds; do echo "ran $rate $seconds 1.0 5000000"; done
END
chmod +x peer.sh
run 0 "$hone" bench nn --net mlp --batch 8 --threads 1 --seconds 0.03 --rounds 3 --peer ./peer.sh --format csv
is "best mode" "$(column out peer_mode)" channels_last
is "its speed" "$(column out peer_images_s)" 20000
is "its memory" "$(column out peer_memory_mb)" 5
is "ratio" "$(awk -F, 'NR > 1 { print (($15 > 0) && ($16 > 0)) }' out)" 1
says err "no compiler"
says err "peer: torch 9.9, mlp, channels_last"
says peer.log "--net mlp --threads 1 --batch 8 --precision float32 --mode eager"
is "modes tried" "$(wc -l <peer.log)" 3
done_with peer

PARAMETERS=17
export PARAMETERS
run 1 "$hone" bench nn --net mlp --batch 8 --seconds 0.03 --peer ./peer.sh
says err "mlp has 235146 parameters here and 17 in the peer"
run 1 "$hone" bench nn --net mlp --batch 8 --seconds 0.03 --peer ./nobody
says err "the peer ./nobody cannot be started: No such file or directory"
run 1 "$hone" bench nn --net mlp --batch 8 --seconds 0.03 --peer true
says err "true (mode eager) ended without a word"
run 2 "$hone" bench nn --net mlp,alexnet
says err "net = alexnet is none of mlp, lenet, vgg, resnet20"
run 2 "$hone" bench nn --batch ""
says err "batch is empty: there is nothing to measure"
run 2 "$hone" bench nn --seconds 0
says err "seconds = 0"
empty out
timeout -s KILL 30 "$hone" bench nn --seconds 3600 --net mlp >out 2>err &
process=$!
for _ in $(seq 100); do [ -s err ] && break; sleep 0.05; done
sleep 0.5
kill -TERM "$(cat /proc/$process/task/$process/children)"
wait $process
is "status after SIGTERM" $? 143
done_with failures
exit $failed
