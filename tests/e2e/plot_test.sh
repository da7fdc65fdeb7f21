#!/bin/sh
# SPDX-License-Identifier: MIT
# hone plot: every plot in characters and as SVG, in the width and the characters asked for; what is refused.
. "$(dirname "$0")/lib.sh"

cat >steps.sh <<'SH'
#!/bin/sh
for step in 1 2 3; do awk -v x="$1" -v s="$step" 'BEGIN { print "hone: step=" s " validation.loss=" x / s " train.loss=" x / s / 2 " size=" 1 - x }'; done
SH
chmod +x steps.sh
cat >two.ini <<'INI'
[study]
name       = two
trials     = 30
objectives = validation.loss min, size min
order      = strict
[search]
use = random
[objective]
use     = command
run     = ./steps.sh {x}
metrics = validation.loss, train.loss, size
steps   = 3
[space]
x = real 0 .. 1
y = choice a, <b>, c
INI
run 0 "$hone" run two.ini --storage two.db -q
LC_ALL=C.UTF-8
export LC_ALL
for kind in history intermediate parallel slice contour importance rank edf pareto timeline learning; do
    run 0 "$hone" plot $kind two.db --set width=60
    [ "$(wc -l <out)" -ge 4 ] || bad "$kind has $(wc -l <out) lines"
    [ "$(tail -n +2 out | wc -L)" -le 66 ] || bad "$kind is $(tail -n +2 out | wc -L) wide"
    grep -q "$(printf '\033')" out && bad "$kind colours where there is no terminal"
    run 0 "$hone" plot $kind two.db -o "$kind.svg"
    python3 -c 'import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]); assert len(d.getElementsByTagName("path")) + len(d.getElementsByTagName("rect")) > 3' "$kind.svg" 2>err || bad "$kind.svg is no picture"
done
run 0 "$hone" plot slice two.db
says out "<b>"
done_with every_plot

run 0 env LC_ALL=C "$hone" plot history two.db
LC_ALL=C grep -q '[^ -~]' out && bad "writes more than ASCII where the locale is C"
done_with ascii

run 0 "$hone" plot history two.db --set objective=2
says out "size"
run 1 "$hone" plot history two.db --set objective=3
says err "objective = 3: the study has 2"
run 1 "$hone" plot confusion two.db
says err "no trial has left a matrix"
run 2 "$hone" plot histroy two.db
says err "did you mean 'history'"
run 2 "$hone" plot history two.db -o two.png
says err "svg (.svg)"
run 2 "$hone" plot history two.db -o two.db
run 2 "$hone" plot history
# what --help names is what there is
run 0 "$hone" plot --help
for kind in $(sed -n 's/^KIND: //p; s/^pareto, /pareto, /p' out | tr -d ',.'); do
    "$hone" plot "$kind" two.db >plot.out 2>err || grep -q "no $kind of study" err || bad "--help names $kind, which there is not"
done
done_with refuses
exit $failed
