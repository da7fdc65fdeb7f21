#!/bin/sh
# SPDX-License-Identifier: MIT
# hone diagnose: trainings that are made to fail in one way each, and what it finds; keys and places as the user wrote them; every
# format; trials by number, trials that failed, studies that train nothing; what it refuses.
. "$(dirname "$0")/lib.sh"
images=/usr/share/datasets/fashion-mnist

cat >base.ini <<INI
[study]
name = study
trials = 1
workers = 1
final = no
objectives = validation.accuracy max
[objective]
use = train
epochs = 20
batch_size = 64
[dataset]
use = idx
directory = $images
fraction = 0.03
validation = 0.4
[transform.standardize]
[model]
use = mlp
hidden = 64
[optimizer]
use = sgd
[metric.accuracy]
[space]
optimizer.momentum = real 0.89 .. 0.9
INI
diagnose() { # NAME --set ...: runs and diagnoses
    name=$1
    shift
    run 0 "$hone" run base.ini -q --storage "$name.db" "$@"
    run 0 "$hone" diagnose "$name.db"
    cp out "$name.txt"
    run 0 "$hone" diagnose "$name.db" --format csv
}
# found RULE: as a problem; not_found RULE
found() { grep -q "^0,problem,[a-z]*,$1," out || bad "$1 is not found: $(cut -d, -f2-4 out | sort -u | tr '\n' ' ')"; }
not_found() { ! grep -q "^0,problem,[a-z]*,$1," out || bad "$1 is found"; }

[ -e $images ] || skip trainings "$images is not there"
if [ -e $images ]; then
    # by heart: the training loss goes to nothing, the validation loss up
    sed 's/^optimizer.momentum.*/optimizer.beta2 = real 0.998 .. 0.999/; s/use = sgd/use = adam/' base.ini >adam.ini
    run 0 "$hone" run adam.ini -q --storage heart.db --set objective.epochs=60
    run 0 "$hone" diagnose heart.db
    says out "overfits  It "
    says out "model.hidden = 64 (adam.ini:"
    says out "[regularizer.dropout]"
    says out "on training samples"
    run 0 "$hone" diagnose heart.db --format csv
    found overfits
    not_found underfits
    done_with overfits
    diagnose narrow --set regularizer.l2.strength=0.2 --set optimizer.learning_rate=0.003 --set objective.epochs=40
    found underfits
    not_found overfits
    says narrow.txt "model.hidden = 64 (base.ini:"
    says narrow.txt "regularizer.l2.strength = 0.2 (--set)"
    done_with underfits
    diagnose short --set objective.epochs=6 --set optimizer.learning_rate=0.0005
    found stopped_early
    says short.txt "objective.epochs = 6 (--set)"
    done_with stopped_early
    diagnose slow --set optimizer.learning_rate=1e-6
    found learning_rate_low
    diagnose away --set optimizer.learning_rate=1e5 --set transform.standardize.enabled=no
    found diverges
    not_found underfits
    diagnose saturated --set model.activation=sigmoid --set model.depth=10
    found vanishing_gradients
    says saturated.txt "model.activation = sigmoid (--set)"
    diagnose dead --set optimizer.learning_rate=1 --set transform.standardize.enabled=no
    found dead_units
    done_with optimization
    diagnose sound --set dataset.fraction=0.2 --set model.hidden=16 --set optimizer.learning_rate=0.02 --set lr_schedule.use=cosine --set objective.epochs=10
    not_found overfits
    not_found underfits
    not_found diverges
    says sound.txt "fits  It neither over- nor underfits"
    done_with sound
    diagnose silent --set objective.diagnosis=no
    says silent.txt "objective.diagnosis = no (--set)"
    done_with not_recorded
    # a failed trial is diagnosed where there is no other
    run 5 "$hone" run base.ini -q --storage failed.db --set optimizer.learning_rate=1e30
    run 0 "$hone" diagnose failed.db
    says out "trial 0 of study 'study': failed"
    says out "not finite"
    done_with failed_trial
    run 0 "$hone" diagnose narrow.db --format json
    python3 - out <<'END' >err 2>&1 || bad "the JSON is not as it should be"
import json, sys
rows = json.load(open(sys.argv[1]))
row = next(r for r in rows if r["rule"] == "underfits" and r["key"] == "regularizer.l2.strength")
assert row["trial"] == 0 and row["severity"] == "problem" and row["value"] == "0.2" and row["place"] == "--set", row
assert "validation samples" in row["evidence"] and row["advice"]
END
    done_with json
    run 0 "$hone" diagnose narrow.db 0 --rules fit --set fit.level=0.99
    says_not out "underfits  It"
    run 0 "$hone" diagnose narrow.db --rules selection
    says out "nothing found"
    done_with thresholds_and_rules
fi

# a study without a network: only what its trials show
cat >sphere.ini <<'INI'
[study]
name = sphere
trials = 150
workers = 1
seed = 3
objectives = value min
[search]
use = random
[objective]
use = function
name = sphere
dimensions = 2
[space]
x1 = real 1 .. 5
x2 = real -3 .. 3
INI
run 0 "$hone" run sphere.ini -q --storage sphere.db
run 0 "$hone" diagnose sphere.db
says out "bound_reached  Good trials crowd at the lower end of x1"
says out "space.x1 = real 1 .. 5 (sphere.ini:"
says_not out "end of x2"
run 0 "$hone" diagnose sphere.db 7
says out "trial 7 of study 'sphere': complete"
done_with search_space

run 1 "$hone" diagnose sphere.db 150
says err "no trial 150"
run 2 "$hone" diagnose sphere.db seven
says err "no number of a trial"
run 2 "$hone" diagnose sphere.db -- -1
run 4 "$hone" diagnose sphere.db --rules fitt
says err "did you mean 'fit'"
run 2 "$hone" diagnose sphere.db --set fit.gab=1
says err "fit has no key 'gab'"
run 2 "$hone" diagnose sphere.db --set gap=1
says err "NAME.KEY=VALUE"
run 2 "$hone" diagnose sphere.db --set fit.gap=-1
says err "fit.gap"
run 2 "$hone" diagnose
done_with refusals

# the kind's plugins tell their rules
run 0 "$hone" info diagnosis
for rules in fit optimization selection; do says out "$rules"; done
run 0 "$hone" info diagnosis/fit
says out "overfits: "
says out "hone diagnose STUDY --rules fit"
done_with info
exit $failed
