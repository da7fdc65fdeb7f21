#!/bin/sh
# SPDX-License-Identifier: MIT
# `hone bench scheduler`: rows that repeat and mean what they say, searches of schedulers, and mistakes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

bench() { run 0 "$hone" bench scheduler --seeds 4 --problem mf_hartmann3:steps=27 --budget 6,12 --format csv "$@"; }

bench --scheduler asha,hyperband:mode=asynchronous,bohb,none+sobol --concurrent 3
cp out first
python3 - <<'END' || bad "numbers: $(cat out)"
import csv
rows = list(csv.DictReader(open("out")))
names = ["asha", "hyperband:mode=asynchronous", "bohb", "none+sobol", "none+random"]
assert [r["scheduler"] for r in rows] == 2 * names and [r["budget"] for r in rows] == 5 * ["6"] + 5 * ["12"]
early, late = rows[:5], rows[5:]
for a, b in zip(early, late):
    assert 0 <= float(b["regret"]) <= float(a["regret"])  # no noise: what is best stays so
    assert float(b["quartile_1"]) <= float(b["regret"]) <= float(b["quartile_3"])
    assert a["trials"] == "" and 0 < float(b["microseconds"]) < 1e5
base = late[4]
assert base["gain"] == base["p_value"] == "" and 12 <= float(base["trials"]) <= 15  # three more are under way at the end
for r in late[:4]:
    assert abs(float(r["gain"]) - float(base["regret"]) / float(r["regret"])) < 1e-9 * float(r["gain"])
    assert 0.125 <= float(r["p_value"]) <= 1 and 0 <= int(r["wins"]) <= 4
assert all(float(r["trials"]) > 40 for r in late[:3])  # most of them see a few steps only
assert abs(sum(float(r["rank"]) for r in late) - 15) < 1e-9
END
bench --scheduler asha,hyperband:mode=asynchronous,bohb,none+sobol --concurrent 3
is "the same again" "$(cut -d, -f1-12 out)" "$(cut -d, -f1-12 first)"
bench --scheduler none,asha --baseline none+random
is "the baseline under another name" "$(cut -d, -f3 out | tr '\n' ' ')" "scheduler none asha none asha "
bench --scheduler none+sobol --baseline ''
cut -d, -f4-12 out >named
bench --scheduler none --search sobol --baseline ''
is "the usual search" "$(cut -d, -f4-12 out)" "$(cat named)"
# nothing of random points beats the oracle, on any seed
for seed in 1 2 3; do
    run 0 "$hone" bench scheduler --seeds 1 --seed $seed --problem mf_hartmann3:steps=27 --budget 2,6 --scheduler asha,hyperband --oracle yes --format csv
    awk -F, 'NR > 1 { regret[$2, $3] = $5 } $3 == "oracle" && $12 != "" { points = $12 }
        END { for (b = 2; b <= 6; b += 4) { if (!((b, "oracle") in regret)) exit 1
            split("asha hyperband none+random", names, " ")
            for (i = 1; i <= 3; i++) if (regret[b, names[i]] < regret[b, "oracle"]) exit 1 }
            exit points != 6 * 27 }' out || bad "the oracle is beaten: $(cat out)"
done
run 0 "$hone" bench scheduler --seeds 2 --budget 5 --scheduler median,pbt,patient --problem counting_ones:steps=9:failure_rate=0.3
says err "pbt cannot have counting_ones:steps=9:failure_rate=0.3: it clones trials"
done_with rows

run 1 "$hone" bench scheduler --problem branin --scheduler asha
says err "branin has no steps: write branin:steps=81"
run 1 "$hone" bench scheduler --problem binh_korn:steps=9 --scheduler asha
says err "several values or constraints"
run 1 "$hone" bench scheduler --scheduler asha,asha
says err "scheduler = asha is there twice"
run 1 "$hone" bench scheduler --scheduler ascha
says err "did you mean 'asha'?"
run 1 "$hone" bench scheduler --scheduler asha+tpee
says err "did you mean 'tpe'?"
run 2 "$hone" bench scheduler --scheduler asha --budget 20,10
says err "budget = 10 stands behind 20"
done_with mistakes
exit $failed
