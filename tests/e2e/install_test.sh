#!/bin/sh
# SPDX-License-Identifier: MIT
# make install DESTDIR, then the examples run from what was installed alone; make uninstall leaves no file and no folder of hone's.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
export HOME="$work" XDG_CACHE_HOME="$work/cache"
failed=0
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' "$work/log" | tail -n 15; failed=1; }

if make -C "$root" -s install DEPS=no DESTDIR="$work/dest" >"$work/log" 2>&1; then ok install; else bad install; exit 1; fi
here=$work/dest/usr/local
# the folder for which it was built does not exist here: the plugins are named
export HONE_PLUGIN_PATH="$here/lib/hone/plugins-1"
cd "$work" || exit 1
for example in function csv command; do
    if "$here/bin/hone" run "$here/share/doc/hone/examples/$example.ini" --no-default-path -n 2 -s "$example.db" >"$work/log" 2>&1 &&
       grep -q '^winner trial' "$work/log"; then ok "installed_$example"; else bad "installed_$example"; fi
done
if "$here/bin/hone" plugins --no-default-path --all --format csv >"$work/log" 2>&1 && ! grep -q broken "$work/log" && ! grep -q "$root" "$work/log"; then
    ok installed_plugins; else bad installed_plugins; fi
# the pages that the program would write now, and the scripts of three shells
"$here/bin/hone" man >"$work/log" 2>&1
sed 's/^\([^(]*\)(\(.\)).*/man\2\/\1.\2/' "$work/log" | sort >"$work/wanted"
(cd "$here/share/man" && find . -type f | sed 's/^\.\///' | sort) >"$work/pages"
if diff "$work/wanted" "$work/pages" >"$work/log" 2>&1; then ok installed_pages; else bad installed_pages; fi
if grep -q "$root" "$here"/share/man/*/*; then bad pages_without_the_build; else ok pages_without_the_build; fi
if [ -s "$here/share/bash-completion/completions/hone" ] && [ -s "$here/share/zsh/site-functions/_hone" ] &&
   [ -s "$here/share/fish/vendor_completions.d/hone.fish" ]; then ok installed_completion; else bad installed_completion; fi
# no path of the build tree where the loader would look for libraries
if command -v readelf >/dev/null && readelf -d "$here"/bin/hone "$here"/lib/hone/plugins-1/*.so | grep -E 'RPATH|RUNPATH' | grep -F "$root" >"$work/log"; then
    bad no_path_of_the_build; else ok no_path_of_the_build; fi

make -C "$root" -s uninstall DEPS=no DESTDIR="$work/dest" >"$work/log" 2>&1 || bad uninstall
find "$work/dest" ! -type d -o -path '*hone*' >"$work/log"
if [ -s "$work/log" ]; then bad uninstall_leaves_nothing; else ok uninstall_leaves_nothing; fi
exit $failed
