#!/bin/sh
# SPDX-License-Identifier: MIT
# charts.sh INTO: bundles the chart library of the reports into the file INTO, with the versions that package-lock.json names. Without npm,
# or where it cannot fetch them, the file is empty: then everything builds all the same, and reports say that they have tables only.
# DEPS=no: only what npm has fetched before.
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$(dirname "$1")" || exit 1
into=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(dirname "$into")/npm
[ "${DEPS:-yes}" = no ] && offline=--offline || offline=--prefer-offline
without() {
    echo "reports will have tables and no charts: $1 (then: make charts)" >&2
    : >"$into"
    exit 0
}
command -v npm >/dev/null || without "npm is not installed"
mkdir -p "$work" && cp "$here/package.json" "$here/package-lock.json" "$here/charts.js" "$work/" && cd "$work" || exit 1
npm ci $offline --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 >npm.log 2>&1 ||
    without "npm could not fetch the chart library (see $work/npm.log)"
node node_modules/esbuild/bin/esbuild charts.js --bundle --minify --format=iife --global-name=charts --target=es2020 --charset=utf8 \
    --legal-comments=inline --log-level=warning --outfile="$into.new" >esbuild.log 2>&1 || without "esbuild failed (see $work/esbuild.log)"
# their licences go with every copy
{
    echo '/*!'
    for part in echarts zrender tslib; do
        echo "==== $part"
        find "node_modules/$part" -name 'NOTICE*' -o -name 'LICENSE*' -o -name 'CopyrightNotice*' | LC_ALL=C sort | while read -r text; do sed 's|\*/|* /|g; s|</|< /|g' "$text"; done
    done
    echo '*/'
    cat "$into.new"
} >"$into.all" && mv "$into.all" "$into" && rm -rf "$into.new" node_modules
