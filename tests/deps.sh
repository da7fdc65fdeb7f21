#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages named, those that are missing, and says so. DEPS=no: only says what is missing.
missing=
for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$DEPS" = no ]; then
    echo "missing packages:$missing (DEPS=no: not installed)" >&2
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "missing packages:$missing; this system has no apt-get: install their equivalents, then run make with DEPS=no" >&2
    exit 1
fi
echo "installing through apt-get:$missing   (DEPS=no switches this off)"
root=
[ "$(id -u)" = 0 ] || root=sudo
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null 2>&1 && exit 0
$root apt-get update -qq && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing
