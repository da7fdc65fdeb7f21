#!/bin/sh
# SPDX-License-Identifier: MIT
# The core knows kinds, not plugins: no bundled plugin is named in its code. (That a study runs with strangers' plugins alone
# is another test.)
HONE_BUILD=${HONE_BUILD:-$(cd "$(dirname "$0")/../../build" && pwd)}
cd "$HONE_BUILD/.." || exit 1
fine=1
count=0
for directory in plugins/*/*/; do
    directory=${directory%/}
    name=${directory##*/}
    kind=${directory#plugins/}
    kind=${kind%/*}
    count=$((count + 1))
    if grep -rnE "(^|[^a-z_])$kind[/-]$name([^a-z_]|$)|(strcmp|catalog_find|get_default) ?\([^;]*\"$name\"|use = $name" core; then
        echo "#   core names $kind/$name"
        fine=0
    fi
done
[ "$count" -gt 0 ] || { echo "#   there are no plugins to look for"; fine=0; }
if [ $fine = 1 ]; then echo "ok core_names_no_plugin"; else echo "not ok core_names_no_plugin"; fi
