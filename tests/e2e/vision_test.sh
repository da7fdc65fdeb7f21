#!/bin/sh
# SPDX-License-Identifier: MIT
# Vision networks and picture data through `hone train`: small real trainings, the layers of cnn, sets made here.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
conf=$root/conf

# at_least NAME LIMIT: the test's value in out
at_least() {
    awk -v name="$1" -v limit="$2" '$1 == name { found = 1; if ($2 < limit) exit 1 } END { if (!found) exit 1 }' out ||
        bad "$1 is below $2: $(grep -w "$1" out)"
}

# ---- the examples, shrunk: a share of the images, narrow networks ----
run 0 "$hone" train "$conf/lenet.ini" --set objective.epochs=2 --set dataset.fraction=0.05 --set model.width=0.25 --set objective.threads=1
at_least accuracy 0.65
cp lenet.d/model.safetensors first.safetensors 2>/dev/null
run 0 "$hone" train "$conf/lenet.ini" --set objective.epochs=2 --set dataset.fraction=0.05 --set model.width=0.25 --set objective.threads=1
cmp -s first.safetensors lenet.d/model.safetensors || bad "two trainings of one seed have other weights"
done_with lenet_trains_and_repeats_bit_for_bit

run 0 "$hone" train "$conf/resnet.ini" --set objective.epochs=3 --set dataset.fraction=0.04 --set model.width=6 --set model.blocks=1,1 \
    --set objective.threads=1 --set objective.batch_size=32 --set objective.precision=float32
at_least accuracy 0.55
grep -aq 'stage2.block1.norm1.running_var' resnet.d/model.safetensors || bad "the model file lacks running statistics"
grep -aq 'stage2.block1.shortcut.weight' resnet.d/model.safetensors || bad "the model file lacks a projection"
done_with resnet_trains_with_crops_and_smoothing

run 0 "$hone" check "$conf/vgg.ini"
run 0 "$hone" run "$conf/vgg.ini" --set study.trials=2 --set objective.epochs=2 --set dataset.fraction=0.02 --set model.layers=8,pool,16 \
    --set study.storage=sqlite:vgg.db
done_with vgg_is_tuned

# ---- a stack of layers ----
cat >cnn.ini <<'END'
[objective]
use = train
epochs = 2
[dataset]
use = idx
fraction = 0.04
[transform.standardize]
[model]
use = cnn
layers = c1, p, c2, p, f1
[layer.c1]
use = conv
filters = 8
[layer.p]
use = max_pool
[layer.c2]
use = conv
filters = 16
batch_norm = yes
[layer.f1]
use = dense
units = 32
[optimizer]
use = sgd
learning_rate = 0.05
[regularizer.dropout]
sites = f*
rate = 0.2
[metric.accuracy]
END
run 0 "$hone" train cnn.ini
at_least accuracy 0.6
run 3 "$hone" train cnn.ini --set layer.c1.kernel=4
says err "padding = same wants an odd kernel"
run 3 "$hone" train cnn.ini --set model.layers=c1,c3
says err "no (enabled) section [layer.c3]"
run 3 "$hone" train cnn.ini --set layer.c1.filter=4
says err "did you mean 'filters'"
sed '/^layers/d; s/^use = cnn/use = mlp/' cnn.ini >mlp.ini
run 3 "$hone" train mlp.ini
says err "takes no layers"
cat >space.ini <<'END'
[study]
name = layers
trials = 2
objectives = validation.accuracy max
storage = sqlite:layers.db
[search]
use = random
[space]
layer.c1.filters = int 4 .. 8
layer.c2.enabled = choice yes, no
END
sed '/^layers/d' cnn.ini >all.ini # all sections, in their order
run 0 "$hone" run all.ini space.ini
done_with cnn_is_a_stack_of_sections

# ---- sets made here ----
mkdir cifar && (
    cd cifar || exit 1
    for file in data_batch_1 data_batch_2 test_batch; do
        for i in 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9; do # class k: all bytes 20 k + 30
            printf "\\$(printf %03o "$i")"
            head -c 3072 /dev/zero | tr '\0' "\\$(printf %03o $((20 * i + 30)))"
        done >$file.bin
    done
)
cat >cifar.ini <<'END'
[objective]
use = train
epochs = 60
batch_size = 10
[dataset]
use = cifar
directory = cifar
validation = 0
[transform.standardize]
[model]
use = lenet
filters = 4
kernel = 3
pool = 4
hidden = 64
[optimizer]
use = adam
learning_rate = 0.003
[metric.accuracy]
END
run 0 "$hone" train cifar.ini
at_least accuracy 0.7
head -c 5000 cifar/test_batch.bin >short && mv short cifar/test_batch.bin
run 3 "$hone" train cifar.ini
says err "test_batch.bin has 5000 bytes: not a multiple of 3073"
done_with cifar_is_read

mkdir -p pictures/dark pictures/light
for i in 1 2 3 4 5 6 7 8; do
    echo iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mMQgQIGyhgAtEgFAbTEYqoAAAAASUVORK5CYII= | base64 -d >pictures/dark/$i.png
    echo iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mN4BgUMlDEAFsA5gWrt0dMAAAAASUVORK5CYII= | base64 -d >pictures/light/$i.png
done
cat >pictures.ini <<'END'
[objective]
use = train
epochs = 40
batch_size = 4
[dataset]
use = image_folder
directory = pictures
color = gray
size = 6
test = 0.5
validation = 0
[transform.standardize]
[model]
use = lenet
filters = 4
kernel = 3
hidden = 8
[optimizer]
use = sgd
[metric.accuracy]
END
run 0 "$hone" train pictures.ini
at_least accuracy 1
run 0 "$hone" train pictures.ini --set dataset.cache_limit=0
at_least accuracy 1
echo broken >pictures/light/3.png
run 3 "$hone" train pictures.ini
says err "pictures/light/3.png: it is neither PNG nor JPEG"
run 0 "$hone" train pictures.ini --set dataset.broken=skip
says err "1 of 8 pictures are broken"
done_with image_folder_is_read
exit $failed
