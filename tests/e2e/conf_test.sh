#!/bin/sh
# SPDX-License-Identifier: MIT
# Every example of conf/ runs as it stands, from another folder, with a small budget, and names its winner; what it writes
# is where it was told to.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${HONE_BUILD:-$root/build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work" || exit 1
export HOME="$work" XDG_CACHE_HOME="$work/cache"
failed=0
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' "$work/log" | tail -n 15; failed=1; }
# try NAME COMMAND...: the command succeeds; its output stays in $work/log
try() {
    name=$1; shift
    if "$@" >"$work/log" 2>&1; then ok "$name"; else bad "$name"; return 1; fi
}
# says NAME TEXT: the last log has a line that matches
says() { if grep -q "$2" "$work/log"; then ok "$1"; else bad "$1"; fi; }

for ini in "$root"/conf/*.ini; do
    example=$(basename "$ini" .ini)
    set -- --trials 2 --workers 2 --storage "$work/$example.db"
    case $example in
        quickstart)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.1 ;;
        search-ablation | hypergradient | coefficients)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.02 ;;
        asha | pbt)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=3 --set dataset.fraction=0.02 ;;
        best-fashion)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.005 ;;
        augment)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.02 ;;
        ablation)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            try ablation_ablate "$build/hone" ablate "$ini" --storage "$work/cells.db" --seeds 1 --set study.trials=1 \
                --set objective.epochs=1 --set dataset.fraction=0.01 --set model.hidden=8 --set "ablation.axis.search=search.use: random, tpe"
            says ablation_table 'search=tpe, regularizer=three  *1 '
            set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.02 ;;
        diagnose)
            if [ ! -d /usr/share/datasets/fashion-mnist ]; then
                echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
            fi
            set -- "$@" --set objective.epochs=3 --set dataset.fraction=0.01 ;;
        vgg) set -- "$@" --set objective.epochs=1 --set dataset.fraction=0.01 ;;
        csv) set -- "$@" --set objective.epochs=3 ;;
    esac
    if ! grep -q '^\[space\]' "$ini"; then # for hone train
        if [ ! -d /usr/share/datasets/fashion-mnist ]; then
            echo "# skipped: $example needs the package dataset-fashion-mnist"; continue
        fi
        if grep -q '^\[ablation\]' "$ini"; then try "${example}_cells" "$build/hone" check "$ini"; fi
        try "${example}_train" "$build/hone" train "$ini" --set objective.epochs=1 --set dataset.fraction=0.01 \
            --set "study.directory=$work/$example.d"
        says "${example}_tested" accuracy
        if sed -n 2,8p "$ini" | grep -q "build/hone train conf/$example.ini"; then ok "${example}_says_how"; else bad "${example}_says_how"; fi
        continue
    fi
    try "${example}_run" "$build/hone" run "$ini" "$@" || continue
    says "${example}_winner" '^winner trial [01] of 2 '
    try "${example}_best" "$build/hone" best "$work/$example.db" --format csv
    says "${example}_best_value" '^[01],objective,'
    # the files of examples are commented for somebody: the first lines tell how to run them
    if sed -n 2,6p "$ini" | grep -q "build/hone run conf/$example.ini"; then ok "${example}_says_how"; else bad "${example}_says_how"; fi
done

if [ -e "$work/diagnose.db" ]; then
    try diagnose_diagnosed "$build/hone" diagnose "$work/diagnose.db"
    says diagnose_trial "(the winner): complete after 3 steps"
fi

# the winner of each that trains comes back as an INI that hone train runs as it is, from anywhere
for example in csv command; do
    mkdir "$work/elsewhere_$example" && cd "$work/elsewhere_$example" || exit 1
    if "$build/hone" best "$work/$example.db" --format ini >best.ini 2>"$work/log"; then ok "${example}_best_ini"; else bad "${example}_best_ini"; fi
    try "${example}_train" "$build/hone" train best.ini
    says "${example}_tested" accuracy
done

# the data are what Fisher published: 50 of each, means of petal length 1.462, 4.260, 5.552
awk -F, 'NR > 1 { n[$5]++; sum[$5] += $3 } END { for (s in n) printf "%s %d %.3f\n", s, n[s], sum[s] / n[s] }' "$root/conf/data/iris.csv" | sort >"$work/log"
if [ "$(tr '\n' ' ' <"$work/log")" = "setosa 50 1.462 versicolor 50 4.260 virginica 50 5.552 " ]; then ok iris; else bad iris; fi
exit $failed
