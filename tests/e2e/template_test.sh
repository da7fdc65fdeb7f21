#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs hone into a folder, makes a plugin of every kind from the installed template, builds each outside the tree with
# pkg-config alone, checks it; runs a study with them; uninstalls, and nothing is left.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${HONE_BUILD:-$root/build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
failed=0
ok() { echo "ok $1"; }
bad() { echo "not ok $1"; sed 's/^/#   /' "$work/log" | tail -n 15; failed=1; }
prefix=$work/inst

# into DESTDIR, so that hone need not be built again for another prefix
if make -C "$root" -s install DEPS=no DESTDIR="$work/dest" >"$work/log" 2>&1; then ok install; else bad install; exit 1; fi
dest=$work/dest/usr/local
( cd "$work/dest" && find . -type f -o -type l ) | sort >"$work/files"
for f in bin/hone libexec/hone/hone-plugin-check lib/libhone-nn.so.1 lib/libhone-nn.so include/hone/plugin.h lib/pkgconfig/hone-sdk.pc \
         lib/pkgconfig/hone-nn.pc share/hone/template/search.c.in share/doc/hone/LICENSE; do
    if [ -e "$dest/$f" ]; then continue; fi
    echo "$f is not installed" >"$work/log"; bad "install_$f"
done
plugins=$(find "$dest/lib/hone" -name '*.so' | wc -l)
if [ "$plugins" -ge 1 ]; then ok "install_plugins"; else echo none >"$work/log"; bad install_plugins; fi

# the same tree under the prefix that the .pc files name
mkdir -p "$prefix" && cp -a "$dest/." "$prefix/" && sed -i "s|/usr/local|$prefix|g" "$prefix"/lib/pkgconfig/*.pc
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
unset PKG_CONFIG_LIBDIR 2>/dev/null
if [ "$(pkg-config --variable=plugindir hone-sdk)" = "$prefix/lib/hone/plugins-1" ]; then ok pkg_config_plugindir; else
    pkg-config --variable=plugindir hone-sdk >"$work/log" 2>&1; bad pkg_config_plugindir; fi

if diff -r "$root/sdk/template" "$prefix/share/hone/template" >"$work/log"; then ok template_installed_as_it_is; else bad template_installed_as_it_is; fi
if "$prefix/bin/hone" --version >"$work/log" 2>&1; then ok installed_program_runs; else bad installed_program_runs; fi

check=$prefix/libexec/hone/hone-plugin-check
mkdir "$work/plugins"
for template in "$prefix"/share/hone/template/*.c.in; do
    kind=$(basename "$template" .c.in)
    name=my_$kind
    if ! "$build/hone" plugin new "$kind" "$name" --directory "$work/$name" >"$work/log" 2>&1; then bad "new_$kind"; continue; fi
    if grep -rq '@[A-Z]*@' "$work/$name"; then grep -r '@[A-Z]*@' "$work/$name" >"$work/log"; bad "placeholders_$kind"; fi
    if ! make -s -C "$work/$name" CFLAGS='-O2 -Wconversion -Wshadow -Werror' >"$work/log" 2>&1; then bad "build_$kind"; continue; fi
    if "$check" "$work/$name/$kind-$name.so" >"$work/log" 2>&1; then ok "check_$kind"; else
        grep -v '^ok\|^skipped' "$work/log" >"$work/log2"; mv "$work/log2" "$work/log"; bad "check_$kind"; fi
    cp "$work/$name/$kind-$name.so" "$work/plugins/"
done

# a study of plugins from the template alone
cat >"$work/study.ini" <<END
[study]
name = template
seed = 1
trials = 12
workers = 1
objectives = value min
storage = sqlite:$work/study.db

[search]
use = my_search

[scheduler]
use = my_scheduler

[objective]
use = my_objective

[reporter.my_reporter]
file = $work/trials.tsv

[space]
x1 = real 0 .. 1
x2 = real 0 .. 1
END
if HOME=$work XDG_CACHE_HOME=$work/cache "$build/hone" run "$work/study.ini" --plugin-path "$work/plugins" >"$work/log" 2>&1 &&
   [ "$(wc -l <"$work/trials.tsv")" -eq 12 ] && grep -q pruned "$work/trials.tsv" && grep -q complete "$work/trials.tsv"; then
    ok study_of_template_plugins
else
    cat "$work/trials.tsv" >>"$work/log" 2>&1; bad study_of_template_plugins
fi

# its reporter writes what is kept, too, chosen by the end of the file's name
if HOME=$work XDG_CACHE_HOME=$work/cache "$build/hone" report "$work/study.db" -o "$work/kept.tsv" --plugin-path "$work/plugins" >"$work/log" 2>&1 &&
   sort -n "$work/trials.tsv" >"$work/heard.tsv" && cmp "$work/heard.tsv" "$work/kept.tsv" >>"$work/log" 2>&1; then ok report_of_template_plugin; else bad report_of_template_plugin; fi

# the path to pkg-config's files as an argument, and the plugin's own test
if ( unset PKG_CONFIG_PATH; cd "$work/my_metric" && make -s clean && make -s PKG_CONFIG_PATH="$prefix/lib/pkgconfig" ) >"$work/log" 2>&1 &&
   ( cd "$work/my_metric" && HOME=$work XDG_CACHE_HOME=$work/cache HONE="$build/hone" sh test.sh ) >"$work/log" 2>&1; then
    ok plugin_test; else bad plugin_test; fi

# the plugin's own install and uninstall
if make -s -C "$work/my_search" install DESTDIR="$work/other" >"$work/log" 2>&1 && [ -e "$work/other$prefix/lib/hone/plugins-1/search-my_search.so" ] &&
   make -s -C "$work/my_search" uninstall DESTDIR="$work/other" >"$work/log" 2>&1 && [ ! -e "$work/other$prefix/lib/hone/plugins-1/search-my_search.so" ]; then
    ok plugin_install; else bad plugin_install; fi

touch "$dest/lib/hone/plugins-1/of-another.so"
if make -C "$root" -s uninstall DEPS=no DESTDIR="$work/dest" >"$work/log" 2>&1 &&
   [ "$(find "$work/dest" -type f -o -type l)" = "$dest/lib/hone/plugins-1/of-another.so" ] && [ ! -d "$dest/include/hone" ]; then
    ok uninstall_takes_exactly_that
else
    find "$work/dest" -type f -o -type l >>"$work/log"; bad uninstall_takes_exactly_that
fi
exit $failed
