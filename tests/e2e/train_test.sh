#!/bin/sh
# SPDX-License-Identifier: MIT
# Short real studies on Fashion-MNIST: from trials to the tested winner and its model file, and the same winner again by hand; stopped
# and killed in the middle; two objectives and a constraint; folds; damaged data.
. "$(dirname "$0")/lib.sh"
data=/usr/share/datasets/fashion-mnist
if [ ! -e $data/train-images-idx3-ubyte.gz ]; then
    skip train "needs the package dataset-fashion-mnist"
    exit 0
fi

cat >study.ini <<END
[study]
name = fashion
seed = 3
trials = 6
workers = 2
order = strict
objectives = validation.accuracy max
[objective]
use = train
epochs = 3
batch_size = 64
[dataset]
use = idx
directory = $data
validation = 0.2
fraction = 0.05
[transform.standardize]
[model]
use = mlp
hidden = 32
[optimizer]
use = sgd
[lr_schedule]
use = cosine
[regularizer.dropout]
[regularizer.l2]
[metric.accuracy]
[metric.f1]
[metric.recall_of_each]
use = f1
average = weighted
[metric.confusion]
[space]
optimizer.learning_rate = real 0.01 .. 0.1 log
model.width = int 16 .. 64 step 16
regularizer.dropout.enabled = choice yes, no
regularizer.dropout.rate = real 0.1 .. 0.5 if regularizer.dropout.enabled = yes
END
# tested FILE: what a run or a training says of the test
tested() { sed -n '/^test/,/^[a-su-z]/p; /^confusion/,/^[a-z]* *\//p' "$1" | grep '^ ' | sort; }
# winner_again DATABASE DIRECTORY: best --format ini is an INI that gives the very same model and test; in ./again
winner_again() {
    cp out run.out
    rm -rf again
    run 0 "$hone" best "$1" --format ini
    cp out best.ini
    run 0 "$hone" train best.ini --quiet --directory again
    tested run.out >wanted
    tested out >got
    [ -s wanted ] || bad "the run tells no test"
    cmp -s wanted got || bad "another test: $(diff wanted got | head -n 4 | tr '\n' ' ')"
    model=$2/model.safetensors
    [ -s "$model" ] || bad "no model in $2"
    tail -c "$(weights "$model")" "$model" >weights.run
    tail -c "$(weights again/model.safetensors)" again/model.safetensors >weights.again
    cmp -s weights.run weights.again || bad "other weights"
    is "size of the weights" "$(wc -c <weights.run)" "$(weights "$model")"
}
# weights FILE: bytes behind the header of a safetensors file
weights() { echo $(($(wc -c <"$1") - 8 - $(od -An -t u8 -N 8 "$1"))); }

run 0 "$hone" run study.ini --quiet
winner_again fashion.db fashion.d
for metric in loss accuracy f1; do says wanted " $metric "; done
says wanted recall_of_each
accuracy=$(awk '$1 == "accuracy" { print int($2 * 100) }' wanted)
[ "$accuracy" -ge 65 ] || bad "accuracy of $accuracy %: nothing was learnt"
done_with winner_again

if command -v python3 >/dev/null; then
    cat >read.py <<'END'
import json, struct, sys
bytes_ = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", bytes_[:8])[0]
header = json.loads(bytes_[8:8 + n])
assert n % 8 == 0, "the data are not aligned"
meta = header.pop("__metadata__")
end = 0
for name, t in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, stop = t["data_offsets"]
    size = 4
    for d in t["shape"]:
        size *= d
    assert t["dtype"] == "F32" and begin == end and stop - begin == size, name
    end = stop
    values = struct.unpack("<%df" % (size // 4), bytes_[8 + n + begin:8 + n + stop])
    assert all(v == v and abs(v) < 100 for v in values), name + " is not finite"
    assert any(values), name + " is zero"
assert end == len(bytes_) - 8 - n, "bytes behind the last tensor"
assert header["output.weight"]["shape"][0] == 10 and header["hidden1.weight"]["shape"][1] == 784
assert all(type(v) is str for v in meta.values())
classes, metrics = json.loads(meta["classes"]), json.loads(meta["metrics"])
json.loads(meta["preprocessing"])
assert len(classes) in (0, 10)
print("%.6g" % metrics["test.accuracy"])
open("model.ini", "w").write(meta["config"])
END
    run 0 python3 read.py fashion.d/model.safetensors
    is "accuracy kept with the model" "$(cat out)" "$(awk '$1 == "accuracy" { print $2 }' wanted)"
    # the resolved INI inside the model alone trains it again
    run 0 "$hone" train model.ini --quiet --directory inside
    tail -c "$(weights inside/model.safetensors)" inside/model.safetensors | cmp -s - weights.run || bad "the INI in the model gives other weights"
    done_with model_file_reads_back
fi

# stopped and killed in the middle of trainings, also in the last one: the same study in the end
"$hone" trials fashion.db --format csv | cut -d, -f1-3,5- >calm.csv
cp run.out calm.out
for moment in 0.25 0.4 0.5 0.3 0.6; do
    timeout -s KILL $moment "$hone" run study.ini --quiet --storage killed.db >/dev/null 2>&1
done
timeout -s INT 0.4 "$hone" run study.ini --quiet --storage killed.db >out 2>err
code=$?
[ $code = 124 ] || [ $code = 0 ] || bad "exit $code after SIGINT"
run 0 "$hone" run study.ini --quiet --storage killed.db
"$hone" trials killed.db --format csv | cut -d, -f1-3,5- >killed.csv
cmp -s calm.csv killed.csv || bad "another table: $(diff calm.csv killed.csv | head -n 4 | tr '\n' ' ')"
tested out >got
cmp -s wanted got || bad "another test: $(diff wanted got | head -n 4 | tr '\n' ' ')"
tail -c "$(weights fashion.d/model.safetensors)" fashion.d/model.safetensors | cmp -s - weights.run || bad "another model"
is "half files" "$(find . -name '*.tmp*' | head -n 1)" ""
is "workers left" "$(workers_left)" ""
done_with killed_while_training

# the last training is interrupted: it is done when the study is run again
run 0 "$hone" run study.ini --quiet --storage late.db --set study.final=no --set study.directory=late.d
[ -e late.d/model.safetensors ] && bad "a model although final = no"
says_not out "test"
"$hone" run study.ini --quiet --storage late.db --set study.directory=late.d --set objective.epochs=3 >out 2>err &
process=$!
sleep 0.1
kill -9 $process 2>/dev/null
wait $process
run 0 "$hone" run study.ini --quiet --storage late.db --set study.directory=late.d
tested out >got
cmp -s wanted got || bad "another test: $(diff wanted got | head -n 4 | tr '\n' ' ')"
run 0 "$hone" run study.ini --quiet --storage late.db --set study.directory=late.d
tested out >got
cmp -s wanted got || bad "a finished study tells another test"
done_with final_training_is_caught_up

# two objectives: a front, and no single winner
run 0 "$hone" run study.ini --quiet --storage two.db --set study.name=two --trials 10 --set objective.epochs=2 \
    --set "study.objectives=validation.accuracy max, model.parameters min"
says out "front"
run 0 "$hone" best two.db --format csv
grep ,objective, out | cut -d, -f1 | uniq >front
[ "$(wc -l <front)" -ge 2 ] || bad "a front of $(wc -l <front)"
"$hone" trials two.db --format csv >rows
awk -F, 'NR == FNR { front[$1] = 1; next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { a[$1] = $at["validation.accuracy"]; p[$1] = $at["model.parameters"] }
    END { for (i in a) { dominated = 0
            for (k in a) if (a[k] + 0 >= a[i] + 0 && p[k] + 0 <= p[i] + 0 && (a[k] + 0 > a[i] + 0 || p[k] + 0 < p[i] + 0)) dominated = 1
            if (dominated == (i in front)) print "trial " i " is " (dominated ? "dominated" : "not dominated") } }' front rows >wrong
[ -s wrong ] && bad "the front is wrong: $(head -n 1 wrong)"
run 2 "$hone" best two.db --format ini
says err "say which with --trial N"
run 0 "$hone" best two.db --format ini --trial "$(head -n 1 front)"
cp out best.ini
run 0 "$hone" train best.ini --quiet --directory of_front
[ -s of_front/model.safetensors ] || bad "no model of a trial of the front"
done_with two_objectives

# a constraint: the winner meets it, though others without it are better
run 0 "$hone" run study.ini --quiet --storage constraint.db --set study.name=constraint --trials 10 \
    --set "study.constraints=model.parameters <= 30000"
run 0 "$hone" best constraint.db --format csv
parameters=$(awk -F, '$2 == "metric" && $3 == "model.parameters" { print $4 }' out)
[ "${parameters:-99999}" -le 30000 ] || bad "the winner has $parameters parameters"
"$hone" trials constraint.db --format csv --metrics >rows
awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["model.parameters"] > 30000 { n++ } END { exit !n }' rows ||
    bad "no trial breaks the constraint: it proves nothing"
run 3 "$hone" run study.ini --quiet --storage no.db --set "study.constraints=model.paramters <= 30000"
says err "did you mean 'model.parameters'?"
done_with constraint

# folds, and early stopping
run 0 "$hone" run study.ini --quiet --storage folds.db --set study.name=folds --trials 2 --set dataset.folds=3 --set objective.epochs=2
winner_again folds.db folds.d
run 0 "$hone" best folds.db --format csv
says out "validation.accuracy.deviation"
done_with folds
cat study.ini - >early.ini <<END
[regularizer.early_stopping]
patience = 1
END
run 0 "$hone" run early.ini --quiet --storage early.db --set study.name=early --set objective.epochs=12 --set lr_schedule.use=constant --trials 3 \
    --set "space.optimizer.learning_rate=real 0.3 .. 0.6"
[ "$(trials early.db step | sort -n | head -n 1)" -lt 12 ] || bad "no trial stopped early: $(trials early.db step | tr '\n' ' ')"
winner_again early.db early.d
if command -v python3 >/dev/null; then
    run 0 python3 read.py early.d/model.safetensors
    grep -q '^stop_after = [1-9]' model.ini || bad "the winner ran all epochs: it proves nothing"
    run 0 "$hone" train model.ini --quiet --directory inside
    tail -c "$(weights inside/model.safetensors)" inside/model.safetensors | cmp -s - weights.run || bad "the INI in the model gives other weights"
fi
done_with early_stopping

# damaged data are told before any trial, by their file
damaged() { # NAME CODE TEXT: what ./data holds cannot be used
    rm -f "$1.db"
    run "$2" "$hone" run study.ini --quiet --storage "$1.db" --set "dataset.directory=$work/data"
    says err "$3"
    is "trials" "$([ ! -e "$1.db" ] || trials "$1.db" trial | wc -l)" "$([ ! -e "$1.db" ] || echo 0)"
    run "$2" "$hone" check study.ini --set "dataset.directory=$work/data"
    says err "$3"
    done_with "data_$1"
}
restore() { rm -rf data && mkdir data && cp $data/*.gz data/; }
restore
rm data/train-labels-idx1-ubyte.gz
damaged missing_file 3 train-labels-idx1-ubyte
restore
head -c 2000000 $data/train-images-idx3-ubyte.gz >data/train-images-idx3-ubyte.gz
damaged truncated_gz 3 train-images-idx3-ubyte.gz
restore
dd if=/dev/urandom of=data/train-images-idx3-ubyte.gz bs=1000 seek=5000 count=5 conv=notrunc 2>/dev/null
damaged corrupt_gz 3 train-images-idx3-ubyte.gz
restore
gzip -d data/t10k-labels-idx1-ubyte.gz
head -c 5000 data/t10k-labels-idx1-ubyte >cut && mv cut data/t10k-labels-idx1-ubyte
damaged truncated_plain 3 t10k-labels-idx1-ubyte
restore
cp data/t10k-labels-idx1-ubyte.gz data/train-labels-idx1-ubyte.gz
damaged too_few_labels 3 train-labels-idx1-ubyte
restore
cp data/train-images-idx3-ubyte.gz data/train-labels-idx1-ubyte.gz
damaged images_for_labels 3 train-labels-idx1-ubyte
sleep 0.1
is "workers left" "$(workers_left)" ""
done_with no_orphans
exit $failed
