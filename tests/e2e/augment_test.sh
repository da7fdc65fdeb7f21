#!/bin/sh
# SPDX-License-Identifier: MIT
# Augmentations in whole studies: the same table with one worker and with three; what does not fit the data is an error of hone check
# at its line; mixtures of numbers, and noise on tables, train.
. "$(dirname "$0")/lib.sh"

cat >images.ini <<'END'
[study]
name = images
trials = 6
order = strict
lag = 3
final = no
objectives = validation.accuracy max
[search]
use = random
[objective]
use = train
epochs = 2
batch_size = 16
[dataset]
use = npz
file = images.npz
validation = 0.25
[model]
use = mlp
hidden = 16
[optimizer]
use = adam
[metric.accuracy]
[space]
optimizer.learning_rate = real 1e-3 .. 1e-2 log
END
all="crop flip translate rotate scale shear affine cutout random_erasing brightness contrast color_jitter noise trivial_augment rand_augment
    mixup cutmix"
python3 - <<'END' || { bad "no Python"; exit 1; }
# numpy's format without numpy: 80 images of 3 x 9 x 8 bytes, brighter ones of class 1
import random, struct, zipfile
random.seed(1)
def npy(kind, shape, data):
    head = repr({"descr": kind, "fortran_order": False, "shape": shape})
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data
labels = [i % 2 for i in range(80)]
pixels = bytes(random.randrange(256) * (1 + c) // 2 for c in labels for _ in range(216))
with zipfile.ZipFile("images.npz", "w") as z:
    z.writestr("x_train.npy", npy("|u1", (80, 3, 9, 8), pixels))
    z.writestr("y_train.npy", npy("<i4", (80,), struct.pack("<80i", *labels)))
END
for name in $all; do printf '[regularizer.%s]\n' "$name"; done >all.ini
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }

for workers in 1 3; do
    run 0 "$hone" run images.ini all.ini -q --storage w$workers.db --set study.workers=$workers
    table w$workers.db >w$workers.csv
done
cmp -s w1.csv w3.csv || { bad "the tables differ"; diff w1.csv w3.csv | head -n 4; }
is "trials" "$(grep -c ',complete,' w1.csv)" 6
done_with same_table_with_any_number_of_workers

run 0 "$hone" run images.ini -q --storage none.db
table none.db >none.csv
cmp -s w1.csv none.csv && bad "augmentation changes nothing"
# each at its zero: what it leaves alone is the table without it
for name in $all; do
    case $name in
        flip) zero=horizontal ;;
        *) zero=probability ;;
    esac
    printf '[regularizer.%s]\n%s = 0\n' "$name" "$zero"
done >zero.ini
run 0 "$hone" run images.ini zero.ini -q --storage zero.db
table zero.db >zero.csv
cmp -s zero.csv none.csv || { bad "zeros change something"; diff zero.csv none.csv | head -n 4; }
done_with zero_changes_nothing

printf '[regularizer.crop]\npad = 8\n' >pad.ini
run 3 "$hone" check images.ini pad.ini
says err "pad.ini:2:"
says err "pad = 8 moves an image of 9 x 8 out of sight"
printf '[regularizer.rotate]\nfill = 0.5\n' >fill.ini
run 3 "$hone" check images.ini fill.ini
says err "fill = 0.5 is not a whole number from 0 to 255"
done_with misfits_are_found_beforehand

sed -e '/^use = npz/,/^file/d' -e 's/^\[dataset\]/&\nuse = memory\nset = friedman2\nsamples = 200/' -e 's/^\[model\]/[transform.standardize]\n&/' \
    -e '/^\[metric/d' -e 's/validation.accuracy max/validation.loss min/' images.ini >numbers.ini
for name in crop cutmix; do
    printf '[regularizer.%s]\n' $name >one.ini
    run 3 "$hone" check numbers.ini one.ini
done
says err "cutmix is for classification, the data set asks for regression"
printf '[regularizer.mixup]\n[regularizer.feature_noise]\n[regularizer.feature_dropout]\n' >tables.ini
for workers in 1 2; do
    run 0 "$hone" run numbers.ini tables.ini -q --storage n$workers.db --set study.workers=$workers
    table n$workers.db >n$workers.csv
done
cmp -s n1.csv n2.csv || bad "the tables differ"
is "trials" "$(grep -c ',complete,' n1.csv)" 6
done_with tables_and_numbers
exit $failed
