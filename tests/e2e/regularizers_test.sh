#!/bin/sh
# SPDX-License-Identifier: MIT
# Regularizers as users meet them: every one trains; the order of application is shown; what cannot go together is told before
# anything runs, with the line; what they remember survives pauses, clones and interruptions to the bit.
. "$(dirname "$0")/lib.sh"
images=/usr/share/datasets/fashion-mnist

table_ini() { # NAME: a small network on numbers made here
    numbers_csv 400
    cat <<INI
[study]
name = $1
objectives = validation.loss min
[objective]
use = train
epochs = 6
batch_size = 16
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
optimizer.learning_rate = real 1e-3 .. 1e-1 log
INI
}

# every one that is installed, with its defaults, a whole epoch
image_ini() { # MODEL
    cat <<INI
[objective]
use = train
epochs = 1
batch_size = 32
[dataset]
use = idx
directory = $images
fraction = 0.004
validation = 0.2
[model]
use = $1
[optimizer]
use = sgd
learning_rate = 0.01
INI
}
if [ -d $images ]; then
    "$hone" info regularizer >regularizers || bad "hone info regularizer fails"
    [ "$(wc -l <regularizers)" -ge 40 ] || bad "only $(wc -l <regularizers) regularizers are installed"
    for name in $(sed 's,^regularizer/\([a-z0-9_]*\) .*,\1,' regularizers); do
        case $name in
        feature_*) table_ini one >one.ini ;;
        stochastic_depth) { image_ini resnet; printf '[study]\nname = one\n'; } | sed '/^use = resnet/a blocks = 1, 1\nwidth = 4' >one.ini ;;
        *) { image_ini lenet; printf '[study]\nname = one\n'; } | sed '/^use = lenet/a filters = 4, 4\nhidden = 8' >one.ini ;;
        esac
        printf '[regularizer.%s]\n' "$name" >>one.ini
        run 0 "$hone" train one.ini -q -d one.d --set objective.epochs=1
        says out "loss"
    done
    done_with every_regularizer_trains
else
    skip every_regularizer_trains "$images is not there"
fi

# stages hold over the order of the INI, and both the resolved INI and hone info show them
{ table_ini order; printf '[regularizer.early_stopping]\n[regularizer.weight_average]\n[regularizer.gradient_noise]\n[regularizer.max_norm]\n[regularizer.gradient_clip]\n'; } >order.ini
run 0 "$hone" check order.ini --resolved
is order "$(grep '^.regularizer' out | tr -d '\n')" \
    "[regularizer.max_norm][regularizer.weight_average][regularizer.gradient_clip][regularizer.gradient_noise][regularizer.early_stopping]"
run 0 "$hone" info gradient_clip
says out "acts in on_gradients"
says out "stage 100: after those of stage 0, whatever the order of the INI"
run 0 "$hone" info sam
says out "cannot go with what provides gradient_elsewhere"
run 0 "$hone" info sam --format json
says out '"hooks": ["on_step"], "stage": 0, "provides": ["gradient_elsewhere"], "conflicts": ["gradient_elsewhere"]'
done_with order_is_shown

# mistakes, with their lines
wrong() { # TEXT-OF-SECTIONS MESSAGE
    { table_ini wrong; printf '%b' "$1"; } >wrong.ini
    run 3 "$hone" check wrong.ini
    says err "$2"
}
n=$(table_ini wrong | wc -l)
wrong '[regularizer.weight_average]\n[regularizer.swa]\nuse = weight_average\nmode = swa\n' \
    "wrong.ini:$((n + 2)):1: error: [regularizer.swa] weight_average cannot go with [regularizer.weight_average] weight_average (averaged_weights): leave one of them out"
wrong '[regularizer.sam]\n[regularizer.again]\nuse = sam\n' "wrong.ini:$((n + 2)):1: error: [regularizer.again] sam cannot go with"
wrong '[regularizer.batch_norm]\n[regularizer.layer_norm]\nsites = hidden2\n' \
    "wrong.ini:$((n + 3)):9: error: the site hidden2 is normalized already (batch_norm), by the model or another regularizer: name other sites"
wrong '[regularizer.weight_decay]\nparameters = hiden1*\n' \
    "wrong.ini:$((n + 2)):14: error: parameters = hiden1* takes none of the parameters that it is for; the network has hidden1.weight"
wrong '[regularizer.dropout]\nrate = 0.1\nsites = conv*\n' \
    "wrong.ini:$((n + 3)):9: error: sites = conv* matches none of the network's sites that it can act at: input1, hidden1, hidden2"
wrong '[regularizer.stochastic_depth]\n' "wrong.ini:$((n + 1)):1: error: it acts at residual branches, and the model offers no such site"
wrong '[regularizer.drop_block]\n' "wrong.ini:$((n + 1)):1: error: it acts at activations that are images, and the model offers no such site"
wrong '[regularizer.weight_average]\nmode = swa\nwarmup = no\n' "wrong.ini:$((n + 3)):1: error: 'warmup' has no effect while mode = swa"
wrong '[regularizer.crop]\n' "wrong.ini:$((n + 1)):1: error: [regularizer.crop] crop wants images"
run 3 "$hone" check wrong.ini --set dataset.target=a --set regularizer.crop.use=confidence_penalty
says err "confidence_penalty is for classification"
run 3 "$hone" check wrong.ini --set regularizer.crop.use=batch_norm --set objective.batch_size=1
says err "--set: error: hidden1.batch_norm has one value of each unit to take a mean of, in batches of 1 sample"
# what a point chooses is told by the trial
{ table_ini chosen; printf 'regularizer.swa.enabled = choice yes, no\n[regularizer.weight_average]\n[regularizer.swa]\nuse = weight_average\nmode = swa\n'; } >chosen.ini
run 0 "$hone" check chosen.ini
run 0 "$hone" run chosen.ini -q --trials 6 --workers 1 --storage chosen.db --set study.final=no --set search.use=random
[ "$(count chosen.db failed)" -ge 1 ] || bad "no trial failed for its conflict"
[ "$(count chosen.db complete)" -ge 1 ] || bad "no trial went without"
done_with mistakes_have_lines

# what is remembered: with checkpoints (pauses, clones) and without (every trial from its beginning) the same numbers, to the bit
for scheduler in asha pbt; do
    { table_ini state; cat <<INI
[search]
use = random
[scheduler]
use = $scheduler
[regularizer.weight_average]
decay = 0.9
[regularizer.spectral_norm]
max = 1.5
parameters = hidden*
[regularizer.sam]
[regularizer.batch_norm]
sites = hidden1
[regularizer.layer_norm]
sites = hidden2
[regularizer.gaussian_noise]
[regularizer.alpha_dropout]
[regularizer.drop_connect]
rate = 0.1
[regularizer.gradient_noise]
[regularizer.gradient_clip]
[regularizer.group_lasso]
[regularizer.orthogonal]
[regularizer.elastic_net]
[regularizer.activity_l2]
[regularizer.confidence_penalty]
[regularizer.early_stopping]
patience = 3
INI
    } >state.ini
    set -- --set study.order=strict --set study.lag=4 --set study.final=no --set study.checkpoint_interval=0 --trials 8
    run 0 "$hone" run state.ini -q "$@" --workers 2 --storage a.db
    run 0 "$hone" run state.ini -q "$@" --workers 1 --storage b.db
    numbers() { sql "$1" "SELECT trial, step, name, printf('%!.17g', value) FROM reports WHERE name <> 'diagnosis.step_time' ORDER BY trial, step, name"; }
    numbers a.db >a
    numbers b.db >b
    [ -s a ] || bad "$scheduler: nothing was reported"
    cmp -s a b || bad "$scheduler: one worker and two report other numbers"
    if [ $scheduler = asha ]; then
        [ "$(count a.db paused)" -ge 1 ] || bad "no trial paused"
        run 0 "$hone" run state.ini -q "$@" --workers 2 --storage c.db --set study.checkpoint_space=1
        numbers c.db | sort -u >c
        sort -u a | cmp -s - c || bad "trials that begin anew report other numbers than those that go on"
    fi
    rm -f ./*.db*
done
done_with state_is_kept
exit $failed
