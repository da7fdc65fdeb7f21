#!/bin/sh
# SPDX-License-Identifier: MIT
# Keeps the SDK's headers as they are at the release of an ABI minor: tests/abi/headers/MAJOR.MINOR/hone. Frozen headers are
# never changed again; --again replaces those of a minor that was not released yet.
set -e
cd "$(dirname "$0")/../.."
major=$(sed -n 's/^#define HONE_ABI_MAJOR \([0-9]*\).*/\1/p' sdk/include/hone/plugin.h)
minor=$(sed -n 's/^#define HONE_ABI_MINOR \([0-9]*\).*/\1/p' sdk/include/hone/plugin.h)
into=tests/abi/headers/$major.$minor/hone
if [ -e "$into" ] && [ "$1" != --again ]; then
    echo "$into is there already: raise HONE_ABI_MINOR, or give --again where $major.$minor was never released" >&2
    exit 1
fi
rm -rf "$into"
mkdir -p "$into"
cp sdk/include/hone/*.h "$into"
python3 tests/abi/offsets.py "$major.$minor" "${CC:-cc}"
echo "froze ABI $major.$minor: $(ls "$into" | wc -l) headers"
