#!/bin/sh
# SPDX-License-Identifier: MIT
# Keys of [space] that no section has (x1 of a function): the winner's INI holds them as `fixed`, and `hone train` gives the
# same value with it; a fixed key is the same number in every trial, whatever the search.
hone=${HONE_BUILD:?is the build folder}/hone
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export XDG_CACHE_HOME="${XDG_CACHE_HOME:-$work/cache}"
failed=0
check() { # NAME, then a command
    name=$1
    shift
    if "$@"; then echo "ok free_keys $name"; else echo "not ok free_keys $name" && failed=1; fi
}
cat >f.ini <<END
[study]
objectives = value min
trials = 8
[objective]
use = function
name = rosenbrock
dimensions = 2
[space]
x1 = real -2 .. 2
x2 = real -2 .. 2
END
value_of() { sed -n 's/^ *value  *//p' | head -n 1; }
"$hone" run f.ini --quiet >run.out 2>&1
"$hone" best study.db --format ini >best.ini
"$hone" train best.ini >train.out 2>&1
check "winner's INI fixes them" test "$(grep -c '^x[12] = fixed ' best.ini)" = 2
check "train repeats the value" test "$(value_of <train.out)" = "$(value_of <run.out)" -a -n "$(value_of <run.out)"
for search in random grid anneal; do
    "$hone" run f.ini --quiet --storage $search.db --set 'space.x1=fixed 0.5' --set search.use=$search >/dev/null 2>&1
    "$hone" trials $search.db --format csv >$search.csv
    column=$(head -n 1 $search.csv | tr ',' '\n' | grep -n '^x1$' | cut -d: -f1)
    check "$search keeps what is fixed" test "$(tail -n +2 $search.csv | cut -d, -f"${column:-1}" | sort -u)" = 0.5
done
exit $failed
