#!/bin/sh
# SPDX-License-Identifier: MIT
# `hone check` on the INI files of tests/ini: of every bad one it says exactly what NAME.expected holds and exits with 3, of every
# good one nothing, and exits with 0. `sh bad_ini_test.sh --record` writes the .expected files anew (read the difference!).
here=$(cd "$(dirname "$0")/.." && pwd)
hone=${HONE_BUILD:?is the build folder}/hone
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cp -r "$here/ini/." "$work" && cd "$work" || exit 1
unset HONE_PLUGIN_PATH
export XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="${XDG_CACHE_HOME:-$work/cache}"
failed=0
for file in *.ini; do
    name=${file%.ini}
    case $name in good_*) want=0 ;; *) want=3 ;; esac
    "$hone" check "$file" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ "$1" = --record ] && [ $want = 3 ]; then
        cp "$work/err" "$here/ini/$name.expected"
        continue
    fi
    : >"$work/nothing"
    [ $want = 3 ] && expected=$name.expected || expected=$work/nothing
    if [ $got = $want ] && cmp -s "$expected" "$work/err"; then
        echo "ok bad_ini $name"
    else
        echo "not ok bad_ini $name"
        echo "#   exit code $got, not $want; what it says (>) and should say (<):"
        diff "$expected" "$work/err" | sed 's/^/#   /'
        failed=1
    fi
done
exit $failed
