#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line as scripts lean on it: help, exit codes, did-you-mean, formats, streams.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

empty() { [ ! -s "$1" ] || bad "$1 is not empty: $(head -1 "$1")"; }
json() {
    command -v python3 >/dev/null || return 0
    python3 -m json.tool <"$1" >json.out 2>&1 || bad "not JSON: $(head -1 json.out)"
}

run 0 "$hone" --help
empty err
says out "usage: hone COMMAND"
sed -n 's/^  \([a-z]\{1,\}\( check\| new\)\{0,1\}\)  .*/\1/p' out >commands
[ "$(wc -l <commands)" -ge 10 ] || bad "only $(wc -l <commands) commands in --help"
grep -qx worker commands && bad "worker is for hone alone"
done_with help_lists_the_commands

while read -r name; do
    # shellcheck disable=SC2086 # "plugin new" is two words
    run 0 "$hone" $name --help
    empty err
    says out "usage: hone $name"
    # shellcheck disable=SC2086
    run 0 "$hone" help $name
    says out "usage: hone $name"
done <commands
done_with every_command_has_help

while read -r name; do
    [ "$name" = "plugin check" ] && continue # has a parser of its own
    # shellcheck disable=SC2086
    run 2 "$hone" $name --no-such-option
    empty out
    says err "hone $name: unknown option '--no-such-option'"
    says err "try 'hone $name --help'"
done <commands
done_with unknown_options_are_refused

run 0 "$hone" --version
says out "hone 0."
says out "plugin ABI 1."
says out "oneDNN"
run 2 "$hone" --version now
run 2 "$hone"
empty out
says err "usage: hone COMMAND"
run 2 "$hone" --verbose
says err "unknown option '--verbose' before a command"
done_with version_and_usage

run 2 "$hone" plugns
says err "unknown command 'plugns'; did you mean 'plugins'?"
run 2 "$hone" xyzzy
says err "unknown command 'xyzzy'; try 'hone --help'"
run 2 "$hone" plugin
says err "'plugin' needs a second word: 'hone plugin check', 'hone plugin new'"
run 2 "$hone" plugin chekc
says err "unknown command 'plugin chekc'; did you mean 'plugin check'?"
run 2 "$hone" plugins --formt json
says err "unknown option '--formt'; did you mean '--format'?"
run 2 "$hone" plugins --format
says err "--format needs FORMAT"
run 2 "$hone" plugins --format yaml
says err "--format yaml is none of text, csv, json"
run 2 "$hone" plugins --all=yes
says err "--all takes no value"
run 2 "$hone" plugins --format csv --format json
says err "--format is given twice"
run 2 "$hone" plugins -x
says err "unknown option '-x'"
run 2 "$hone" plugins extra
says err "unexpected argument 'extra'"
run 2 "$hone" info
says err "something is missing"
run 2 "$hone" plugins --kind serch
says err "no plugin of kind 'serch'; did you mean 'search'?"
run 2 "$hone" plugins --plugin-path nowhere
says err "--plugin-path: nowhere: No such file or directory"
done_with mistakes_are_named

run 0 "$hone" plugins
says out "random"
empty err
run 0 "$hone" plugins --kind search
grep -qv '^\(kind\|search\) ' out && bad "another kind among --kind search"
run 0 "$hone" plugins --format json --all
json out
run 0 "$hone" plugins --format csv
[ "$(head -1 out)" = kind,name,version,summary ] || bad "header: $(head -1 out)"
[ "$(grep -c '^search,random,' out)" = 1 ] || bad "search,random is not there once"
done_with plugins_are_listed

mkdir broken
cp "$HONE_BUILD"/tests/bad/scan_segfault.so broken/search-crash.so
cp "$HONE_BUILD"/tests/bad/scan_newer_minor.so broken/search-new.so
chmod 755 broken/*
run 0 "$hone" plugins --plugin-path broken
says err "hone: search-crash.so: killed by SIGSEGV while being scanned"
says err "hone: search-new.so: needs plugin ABI 1.77, this hone offers 1.1"
grep -q crash out && bad "a broken plugin among the usable ones"
run 0 "$hone" plugins --plugin-path broken --all
says out "broken: killed by SIGSEGV"
run 4 "$hone" info search/crash --plugin-path broken
says err "search 'crash' cannot be used: search-crash.so: killed by SIGSEGV"
run 0 "$hone" plugins --plugin-path "$HONE_BUILD/plugins" --no-default-path
says out "random"
done_with broken_plugins_are_told

run 0 "$hone" info search/random
says out "For an INI file:"
says out "use = random"
run 0 "$hone" info search
says out "search/random"
run 0 "$hone" info study
says out "trial_retries"
for what in search/random search study objective/function; do
    run 0 "$hone" info "$what" --format json
    json out
done
run 0 "$hone" info search/random
grep -qx "Finite spaces" out || bad "a heading of hone info does not stand alone"
run 2 "$hone" info search --format csv
run 4 "$hone" info search/rnadom
says err "unknown search 'rnadom'; did you mean 'random'?"
run 4 "$hone" info serch/random
says err "there is no plugin of kind 'serch'; did you mean 'search'?"
run 4 "$hone" info nonesuch
done_with info_tells

# what `hone info` offers to paste is accepted as it stands
{
    printf '[study]\nobjectives = value min\n'
    "$hone" info objective/function | sed -n '/^For an INI file/,$p' | sed 1d
    "$hone" info search/random | sed -n '/^For an INI file/,$p' | sed 1d
    printf '[space]\nx1 = real -5 .. 10\nx2 = real 0 .. 15\n'
} >pasted.ini
run 0 "$hone" check pasted.ini
says out "[objective] function"
done_with pasted_sections_are_accepted

run 0 "$hone" check pasted.ini --resolved
cp out resolved.ini
empty err
run 0 "$hone" check resolved.ini --resolved
cmp -s out resolved.ini || bad "the resolved INI does not resolve to itself"
run 3 "$hone" check pasted.ini --set objective.nmae=branin --set study.trails=3
says err "unknown key 'nmae' in [objective] (function); did you mean 'name'?"
says err "unknown key 'trails' in [study]; did you mean 'trials'?"
run 3 "$hone" check pasted.ini --set "study.objectives=vlaue min"
says err "the objective reports no 'vlaue'; did you mean 'value'?"
run 3 "$hone" check nowhere.ini
says err "nowhere.ini"
[ -e study.db ] && bad "check made a storage"
done_with check_says_all

# a plugin that is not there is not a mistake in the file: 4, unless a name is near, or something else is wrong, too
run 4 "$hone" check pasted.ini --set search.use=elsewhere
says err "--set: error: unknown search 'elsewhere'; there is"
says err "--plugin-path DIR, or HONE_PLUGIN_PATH, names a folder with more plugins"
run 4 "$hone" run pasted.ini --set scheduler.use=elsewhere
run 4 "$hone" check pasted.ini --set study.storage=elsewhere:x
run 3 "$hone" check pasted.ini --set search.use=rnadom
run 3 "$hone" check pasted.ini --set search.use=elsewhere --set study.trials=-1
done_with missing_plugins_have_a_code

# a reader that goes away is no failure; a full disk is
{ "$hone" plugins --format csv; echo $? >code; } 2>err | head -1 >/dev/null
[ "$(cat code)" = 0 ] || bad "exit $(cat code) after EPIPE"
empty err
printf '[study]\ntrials = 1500\nobjectives = value min\n[objective]\nuse = function\n[space]\nx1 = real -5 .. 10\nx2 = real 0 .. 15\n' >many.ini
run 0 "$hone" run many.ini -q --storage many.db
{ "$hone" trials many.db; echo $? >code; } 2>err | head -n 3 >few
[ "$(cat code)" = 0 ] || bad "exit $(cat code) of trials after EPIPE"
empty err
run 0 "$hone" trials many.db
[ "$(head -n 3 out)" = "$(cat few)" ] || bad "the first rows are not those of the table"
[ "$(awk '{ print $1 }' out | tail -n +2)" = "$(seq 0 1499)" ] || bad "not every trial has a row"
{ sleep 0.2; "$hone" info study; echo $? >code; } 2>err | true
[ "$(cat code)" = 0 ] || bad "exit $(cat code) after EPIPE at once"
empty err
if [ -w /dev/full ]; then
    "$hone" info study >/dev/full 2>err
    [ $? = 1 ] || bad "a full disk is not told by the exit code"
    says err "standard output: No space left on device"
    "$hone" plugins --format json >/dev/full 2>err
    [ $? = 1 ] || bad "a full disk is not told by the exit code of plugins"
fi
done_with standard_output_fails

# two at once on a cold cache, and one that cannot write it
rm -rf cache
for i in 1 2 3 4; do "$hone" plugins >out.$i 2>err.$i & done
wait
for i in 1 2 3 4; do
    cmp -s out.1 out.$i || bad "listings differ"
    empty err.$i
done
run 0 "$hone" plugins
cmp -s out out.1 || bad "the cached listing differs"
XDG_CACHE_HOME=/proc/nowhere run 0 "$hone" plugins
cmp -s out out.1 || bad "the listing without a cache differs"
done_with cache_is_shared

if [ -e "$HONE_BUILD/../sdk/template/Makefile" ] || ls "$HONE_BUILD"/../sdk/template/*.c.in >/dev/null 2>&1; then
    run 0 "$hone" plugin new search mine
    [ -s mine/mine.c ] || bad "no mine.c"
    grep -q '@NAME@\|@KIND@\|@ABI@' mine/* && bad "a mark is left"
    run 1 "$hone" plugin new search mine
    says err "mine is there already"
    run 0 "$hone" plugin new search other --directory below/here
    [ -s below/here/other.c ] || bad "no below/here/other.c"
    run 2 "$hone" plugin new serch mine2
    says err "there is no template for the kind 'serch'; did you mean 'search'?"
    [ -e mine2 ] && bad "a folder for an unknown kind"
fi
run 2 "$hone" plugin new search Mine
says err "'Mine' cannot name a plugin"
run 2 "$hone" plugin new search
done_with plugin_new
exit $failed
