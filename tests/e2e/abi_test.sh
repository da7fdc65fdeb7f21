#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin built with the headers of each frozen ABI minor loads and works today; today's structs still have every field of
# the frozen ones in its place; a struct that is changed wrongly is noticed.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${HONE_BUILD:-$root/build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
failed=0
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' "$work/log" | head -n 12; failed=1; }
CC=${CC:-cc}

if $CC -std=c11 -I"$root/sdk/include" -fsyntax-only "$root/tests/abi/offsets.c" >"$work/log" 2>&1; then ok offsets_hold; else bad offsets_hold; fi
# the assertions can fail: a field in front, a field taken away
cp -r "$root/sdk/include" "$work/moved"
sed -i 's/^    uint32_t *size, flags;/    uint32_t size, flags, more, even_more;/' "$work/moved/hone/plugin.h"
if $CC -std=c11 -I"$work/moved" -fsyntax-only "$root/tests/abi/offsets.c" >"$work/log" 2>&1; then bad moved_field_noticed
elif grep -q 'hone_component.*has moved' "$work/log"; then ok moved_field_noticed; else bad moved_field_noticed; fi
cp -r "$root/sdk/include" "$work/appended"
sed -i 's/^    const void \*(\*get_ext)(const char \*id);  .*/&\n    void (*added)(void);/' "$work/appended/hone/plugin.h"
if ! cmp -s "$work/appended/hone/plugin.h" "$root/sdk/include/hone/plugin.h" &&
   $CC -std=c11 -I"$work/appended" -fsyntax-only "$root/tests/abi/offsets.c" >"$work/log" 2>&1; then ok appended_field_allowed; else bad appended_field_allowed; fi

for frozen in "$root"/tests/abi/headers/*/; do
    version=$(basename "$frozen")
    so=$work/sample-$version.so
    mkdir -p "$work/$version"
    if ! $CC -std=c11 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -I"$frozen" -shared -Wl,-z,defs -o "$so" "$root/tests/abi/sample.c" -lm >"$work/log" 2>&1; then
        bad "build_$version"; continue
    fi
    ok "build_$version"
    if "$build/hone-plugin-check" "$so" >"$work/log" 2>&1; then ok "check_$version"; else grep -vE '^(ok|skipped)' "$work/log" >"$work/log2"; mv "$work/log2" "$work/log"; bad "check_$version"; fi
    [ -x "$build/hone" ] || continue
    cp "$so" "$work/$version/sample.so"
    export HOME="$work" XDG_CACHE_HOME="$work/cache"
    if "$build/hone" plugins --plugin-path "$work/$version" >"$work/log" 2>&1 && [ "$(grep -c sample "$work/log")" -ge 2 ]; then ok "listed_$version"; else bad "listed_$version"; fi
    cat >"$work/study.ini" <<END
[study]
name = abi
seed = 1
trials = 10
workers = 1
objectives = value min
storage = sqlite:$work/$version.db

[search]
use = sample
pull = 0.5

[objective]
use = function
name = sphere
dimensions = 2

[space]
x1 = real -5 .. 5
x2 = real -5 .. 5
END
    if "$build/hone" run "$work/study.ini" --plugin-path "$work/$version" >"$work/log" 2>&1 &&
       [ "$("$build/hone" trials "$work/$version.db" --format csv 2>>"$work/log" | grep -c complete)" -eq 10 ]; then ok "study_$version"; else bad "study_$version"; fi
done
exit $failed
