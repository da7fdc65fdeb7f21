#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual: a page for every command, every option in it, every key of every plugin in hone.ini(5), nothing for mandoc and groff
# to complain of.
. "$(dirname "$0")/lib.sh"

run 0 "$hone" --help
sed -n 's/^  \([a-z]\{1,\}\( check\| new\)\{0,1\}\)  .*/\1/p' out >commands
run 0 "$hone" man --directory man
while read -r name; do
    page=man/hone-$(echo "$name" | tr ' ' -).1
    [ -s "$page" ] || bad "no page for '$name'"
    # shellcheck disable=SC2086 # "plugin new" is two words
    "$hone" $name --help >help 2>err
    sed -n 's/^  \(-.,\)\{0,1\} *--\([a-z-]*\).*/\2/p' help >wanted
    [ -s wanted ] || bad "no option in the help of '$name'"
    while read -r option; do
        grep -q -- "\\\\-\\\\-$(echo "$option" | sed 's/-/[\\\\]*-/g')\\\\fR" "$page" || bad "$page does not know --$option"
    done <wanted
    says man/hone.1 "hone\\-$(echo "$name" | sed 's/[ -]/\\-/g') (1)"
done <commands
[ "$(wc -l <commands)" -ge 20 ] || bad "only $(wc -l <commands) commands"
is "number of pages" "$(find man -type f | wc -l)" "$(($(wc -l <commands) + 3))"
done_with every_command_has_a_page_with_its_options

# those that have a section: search, model, ... with all their keys, and the keys of [study]
run 0 "$hone" info study --all --format json
python3 - "$hone" man/hone.ini.5 <<'END' >missing 2>&1 || bad "$(head -n 3 missing)"
import json, subprocess, sys
hone, page = sys.argv[1], open(sys.argv[2]).read()
kinds = sorted({line.split(",")[0] for line in
                subprocess.run([hone, "plugins", "--format", "csv"], capture_output=True, text=True, check=True).stdout.splitlines()[1:]})
sections = [k for k in kinds if k not in ("benchmark", "importance", "diagnosis", "storage", "design")]
assert len(sections) > 8, sections
for kind in sections:
    found = json.loads(subprocess.run([hone, "info", kind, "--all", "--format", "json"], capture_output=True, text=True, check=True).stdout)
    for c in found:
        if kind == "reporter" and "hear" not in c["hooks"]:
            assert f"{kind}.{c['name']}" not in page, "it has no section"
            continue
        heads = [h for h in (f'.SS "[{kind}] use = {c["name"]}"', f'.SS "[{kind}.{c["name"]}]"') if h in page]
        assert heads, f"{kind}/{c['name']} is missing"
        body = page.split(heads[0])[1].split("\n.SS ")[0]
        for p in c["parameters"]:
            assert f"\\fB{p['key']}\\fR" in body, f"{kind}/{c['name']} lacks {p['key']}"
study = page.split('.SH "STUDY"')[1].split("\n.SH ")[0]
for p in json.load(open("out"))["parameters"]:
    assert f"\\fB{p['key']}\\fR" in study, f"[study] lacks {p['key']}"
END
for kind in search scheduler regularizer storage importance; do
    says man/hone-plugin.7 "\\fB$kind/1\\fR"
done
# the plugins that a command runs
says man/hone-importance.1 '.SS "fanova"'
says man/hone-importance.1 '\fBn_trees\fR'
says man/hone-report.1 '.SS "csv"'
says_not man/hone-report.1 '.SS "progress"'
says man/hone-bench.1 '\fB\-\-seed\fR'
done_with every_key_of_every_plugin

if command -v mandoc >/dev/null; then
    for page in man/*; do
        mandoc -T lint -W style "$page" >lint 2>&1 || bad "mandoc: $(head -n 1 lint)"
    done
    done_with mandoc_has_nothing_to_say
else
    skip mandoc_has_nothing_to_say "mandoc is not installed"
fi
if command -v groff >/dev/null && groff -man -Tutf8 -z man/hone.1 2>/dev/null; then
    for page in man/*; do
        groff -man -Tutf8 -ww -z "$page" >lint 2>&1
        [ ! -s lint ] || bad "groff: $(head -n 1 lint)"
    done
    groff -man -Tascii -P-cbou man/hone.ini.5 >shown 2>/dev/null
    says shown "where = A < B"
    says shown "[study]"
    grep -q '^ *#' shown && bad "a heading of Markdown is shown as it is"
    done_with groff_has_nothing_to_say
else
    skip groff_has_nothing_to_say "groff is not installed"
fi

run 0 "$hone" man
says out "hone-run(1)"
says out "hone.ini(5)"
run 0 "$hone" man run
cmp -s out man/hone-run.1 || bad "'hone man run' is not hone-run.1"
run 0 "$hone" man "plugin check"
cmp -s out man/hone-plugin-check.1 || bad "'hone man \"plugin check\"' is not hone-plugin-check.1"
run 0 "$hone" man hone.ini.5
cmp -s out man/hone.ini.5 || bad "'hone man hone.ini.5' is another page"
run 2 "$hone" man rum
says err "did you mean 'run'?"
run 2 "$hone" man run --directory man
done_with a_page_by_its_name

exit $failed
