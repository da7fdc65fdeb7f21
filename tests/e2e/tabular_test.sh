#!/bin/sh
# SPDX-License-Identifier: MIT
# Tables and toy sets through whole trainings: every optimizer and every schedule learns; every metric is reported under its name, for
# classes and for numbers; tables in three formats train alike; trials of all optimizers and schedules pause and go on to the same table.
. "$(dirname "$0")/lib.sh"

cat >moons.ini <<'END'
[study]
name = moons
directory = models
objectives = validation.loss min
[objective]
use = train
epochs = 12
batch_size = 16
[dataset]
use = memory
set = moons
samples = 400
test = 0.25
[transform.robust]
[model]
use = mlp
hidden = 16
[optimizer]
use = adamw
learning_rate = 0.02
[metric.accuracy]
[space]
model.width = int 8 .. 16
END
# test_value NAME: as `hone train` printed it
test_value() { awk -v name="$1" '/^test$/ { on = 1 } on && $1 == name { print $2; exit }' out.txt; }
train() { # FILE ARGUMENTS
    run 0 "$hone" train "$@"
    cat out err >out.txt
}
above() { awk -v v="$1" -v least="$2" 'BEGIN { exit !(v != "" && v >= least) }' || bad "$3: $1 is not at least $2"; }

# moons are learnt well above chance by whatever moves the weights
while read -r optimizer rate; do
    train moons.ini --set optimizer.use=$optimizer --set optimizer.learning_rate=$rate
    above "$(test_value accuracy)" 0.8 $optimizer
done <<'END'
adamw 0.02
amsgrad 0.02
nadam 0.02
radam 0.02
rmsprop 0.01
adagrad 0.1
adadelta 1
lamb 0.05
lion 0.005
END
done_with every_optimizer_learns

while read -r schedule key; do
    train moons.ini --set lr_schedule.use=$schedule --set lr_schedule.warmup=1 $key
    above "$(test_value accuracy)" 0.8 $schedule
done <<'END'
step --set=lr_schedule.step_size=4
multistep --set=lr_schedule.milestones=4,8
exponential
polynomial
warm_restarts --set=lr_schedule.period=4
one_cycle
plateau --set=lr_schedule.patience=1
END
done_with every_schedule_learns

metrics="precision recall f1 fbeta jaccard balanced_accuracy matthews cohen_kappa hamming top_k log_loss brier calibration_error roc_auc
    average_precision"
for metric in $metrics; do echo "[metric.$metric]"; done >classes.ini
sed -i 's/^\[metric.fbeta\]/&\nbeta = 2/; s/^\[metric.top_k\]/&\nk = 1/; s/^\[metric.recall\]/&\nper_class = yes/' classes.ini
train moons.ini classes.ini
for metric in $metrics; do [ -n "$(test_value $metric)" ] || bad "$metric is not reported"; done
is "top 1" "$(test_value top_k)" "$(test_value accuracy)"
is "mean recall" "$(test_value recall)" "$(test_value balanced_accuracy)"
[ -n "$(test_value recall.0)" ] && [ -n "$(test_value recall.1)" ] || bad "no recall of a class"
done_with every_metric_for_classes

numbers="mse rmse mae mape r2 explained_variance median_absolute_error max_error pearson spearman"
for metric in $numbers; do echo "[metric.$metric]"; done >numbers.ini
sed -e 's/set = moons/set = friedman1/; s/transform.robust/transform.pca/; /metric.accuracy/d; s/epochs = 12/epochs = 30/' moons.ini >friedman.ini
train friedman.ini numbers.ini
for metric in $numbers; do [ -n "$(test_value $metric)" ] || bad "$metric is not reported"; done
above "$(test_value r2)" 0.5 r2
above "$(test_value spearman)" 0.7 spearman
done_with every_metric_for_numbers

# one table in three formats: the same numbers, the same split, the same network
awk 'BEGIN { srand(3); for (i = 0; i < 200; i++) { a = rand(); b = rand(); printf "%.4f %.4f %d\n", a, b, (a + b > 1) } }' >table
{ echo "@relation r"; echo "@attribute a numeric"; echo "@attribute b real"; echo "@attribute y {0, 1}"; echo "@data"; tr ' ' ',' <table; } >table.arff
awk '{ print $3, "1:" $1, "2:" $2 }' table >table.svm
{ echo a,b,y; tr ' ' ',' <table; } >table.csv
for format in arff libsvm csv; do
    file=table.$format
    [ $format = libsvm ] && file=table.svm
    sed "/^set = /d; /^samples = /d; s/^use = memory/use = $format\nfile = $file/" moons.ini >$format.ini
    train $format.ini
    is "$format: accuracy" "$(test_value accuracy)" "${first:=$(test_value accuracy)}"
    is "$format: loss" "$(test_value loss)" "${loss:=$(test_value loss)}"
done
above "$first" 0.8 table
echo '0.1,0.2,2' >>table.arff
run 3 "$hone" check arff.ini
says err "table.arff:206: attribute 'y': '2' is not among its values"
done_with tables_in_three_formats

# paused, and gone on from checkpoints or begun anew: all memory of an optimizer and a schedule is in what they declare
sed -e 's/^name = .*/&\ntrials = 16\norder = strict\nlag = 4\nworkers = 2\nfinal = no\ncheckpoint_interval = 0/; s/^test = .*/validation = 0.25/' \
    -e 's/^learning_rate = .*//; s/epochs = 12/epochs = 9/; /^\[space\]/,$d' moons.ini >asha.ini
cat >>asha.ini <<'END'
[search]
use = random
[scheduler]
use = asha
[lr_schedule]
use = plateau
[space]
optimizer.use = choice adamw, amsgrad, nadam, radam, rmsprop, adagrad, adadelta, lamb, lion
optimizer.learning_rate = real 1e-3 .. 1e-1 log
lr_schedule.use = choice plateau, one_cycle, warm_restarts
lr_schedule.patience = int 0 .. 1 if lr_schedule.use = plateau
lr_schedule.period = real 1 .. 4 if lr_schedule.use = warm_restarts
END
table() { "$hone" trials "$1" --format csv | cut -d, -f1-3,5-; }
run 0 "$hone" run asha.ini -q --storage asha.db
table asha.db >asha.csv
[ "$(grep -c ',paused,' asha.csv)" -gt 3 ] || bad "hardly any trial waits"
[ "$(grep -c ',complete,' asha.csv)" -gt 0 ] || bad "no trial came to its end"
run 0 "$hone" run asha.ini -q --storage anew.db --set study.checkpoint_space=1
table anew.db >anew.csv
cmp -s asha.csv anew.csv || { bad "the tables differ"; diff asha.csv anew.csv | head -n 4; }
done_with pauses_repeat
exit $failed
