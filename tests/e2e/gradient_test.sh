#!/bin/sh
# SPDX-License-Identifier: MIT
# Derivatives on their way from the objective to the search: descended along, stored, replayed when a study goes on, turned where
# the study maximizes; refused where there are none.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ini() { # PROBLEM OBJECTIVE DERIVATIVES [STARTS]
    cat >g.ini <<END
[study]
name = g
trials = 20
order = strict
lag = 1
objectives = $2
[objective]
use = function
name = $1
dimensions = 3
derivatives = $3
[search]
use = gradient
starts = ${4:-sobol}
step = 0.1
most_step = 0.3
[space]
x1 = real -5 .. 4
x2 = real -3 .. 5
x3 = real -4 .. 5
END
}
values() { "$hone" trials g.db --format csv | python3 -c 'import csv, sys; print(" ".join(r["value"] for r in csv.DictReader(sys.stdin)))'; }

ini sphere 'value min' yes
run 0 "$hone" run g.ini --quiet
values >whole
python3 - <<'END' || bad "sphere: no descent: $(cat whole)"
v = [float(x) for x in open("whole").read().split()]
assert min(v) < 1e-2 < 1 < v[0], v
END
run 0 "$hone" trials g.db --trial 3 --format csv
says out 'd(value)/d(x2)'
rm -f g.db*
run 0 "$hone" run g.ini --trials 7 --quiet
run 0 "$hone" run g.ini --quiet
values | cmp -s - whole || bad "interrupted after seven trials: another study"
run 0 "$hone" verify g.db
says out "as recorded"
done_with descends_and_goes_on

rm -f g.db*
ini sphere 'value max' yes
run 0 "$hone" run g.ini --quiet
python3 -c "
v = [float(x) for x in '$(values)'.split()]
assert v[4] > v[0] and max(v) == 75, v" || bad "value max: no ascent: $(values)"
done_with maximizes

rm -f g.db*
ini sphere 'value min' no
run 3 "$hone" run g.ini --quiet
says err "the objective reports no derivatives of what the study asks for"
ini levy 'value min' yes
run 3 "$hone" run g.ini --quiet
says err "derivatives = yes, but those of levy are not known"
ini sphere 'value min' yes nothing
run 3 "$hone" run g.ini --quiet
says err "unknown search 'nothing'"
done_with refuses_without_derivatives

ini sphere 'value min' yes tpe
cat >>g.ini <<'END'
kind = choice a, b
END
sed -i 's/^starts.*/&\nlength = 4\nfirst = proposed/' g.ini
run 0 "$hone" run g.ini --quiet
"$hone" trials g.db --format csv | python3 -c '
import csv, sys
rows = list(csv.DictReader(sys.stdin))
for k in range(0, 20, 4):
    assert len({r["kind"] for r in rows[k:k + 4]}) == 1, k
    assert float(rows[k + 3]["value"]) < float(rows[k]["value"]), k
' || bad "kinds change within a descent, or it does not descend"
run 0 "$hone" verify g.db
says out "as recorded"
done_with mixed_with_tpe
exit $failed
