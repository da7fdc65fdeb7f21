#!/bin/sh
# SPDX-License-Identifier: MIT
# hone report: which reporter writes, where to, of which studies, and what is refused.
. "$(dirname "$0")/lib.sh"

cat >two.ini <<'INI'
[study]
name       = one
trials     = 8
objectives = value min
order      = strict
[search]
use = random
[objective]
use  = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
run 0 "$hone" run two.ini --storage two.db -q
run 0 "$hone" run two.ini --storage two.db --set study.name=another -q
done_with studies

run 2 "$hone" report two.db
says err "-o FILE"
run 2 "$hone" report two.db -o x.nothing
says err "no reporter is for files that end so"
run 4 "$hone" report two.db --use nothing
run 2 "$hone" report two.db --use progress
says err "it cannot"
run 1 "$hone" report nowhere.db -o x.html
done_with refuses

# a reporter that only writes has no place in a run
cat >>two.ini <<'INI'
[reporter.progress]
enabled = no
INI
run 0 "$hone" check two.ini
sed 's/reporter.progress/reporter.html/; s/enabled = no//' two.ini >writes.ini
run 3 "$hone" check writes.ini
says err "[reporter.html] has no effect: 'html' hears nothing of a run"
done_with hearing_reporter_in_a_run
exit $failed
