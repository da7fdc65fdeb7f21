# SPDX-License-Identifier: MIT
# Shared by the end-to-end tests, which begin with: . "$(dirname "$0")/lib.sh"
# A test is a sequence of commands and complaints (bad, says, ...), ended by `done_with NAME`, which prints one line for all of them.
root=$(cd "$(dirname "$0")/../.." && pwd)
HONE_BUILD=${HONE_BUILD:-$root/build}
hone=$HONE_BUILD/hone
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
export HOME="$work" XDG_CACHE_HOME="${HONE_TEST_CACHE:-$work/cache}" XDG_DATA_HOME="$work/data"
unset HONE_PLUGIN_PATH
cd "$work" || exit 1

fine=1
failed=0
bad() { fine=0; echo "#   $*"; }
done_with() { # NAME: how the test went that ends here
    if [ $fine = 1 ]; then echo "ok $1"; else echo "not ok $1"; sed 's/^/#   stderr: /' err 2>/dev/null | tail -n 5; failed=1; fi
    fine=1
}
skip() { echo "# skipped $1: $2"; fine=1; }
# run CODE COMMAND...: into out and err, with the exit code expected; one minute is for ever
run() {
    want=$1
    shift
    timeout -s KILL 60 "$@" >out 2>err
    got=$?
    [ $got = "$want" ] || bad "exit $got instead of $want: $*"
}
# says FILE TEXT: a line of it contains the text
says() { grep -qF -- "$2" "$1" || bad "$1 does not say: $2"; }
says_not() { grep -qF -- "$2" "$1" && bad "$1 says: $2"; }
# is WHAT GOT WANTED
is() { [ "$2" = "$3" ] || bad "$1 is '$2' instead of '$3'"; }
# plugin NAME: a plugin made for tests, alone in ./plugins
plugin() { mkdir -p plugins && cp "$HONE_BUILD/tests/bad/$1.so" plugins/; }
# trials DATABASE COLUMNS [OPTIONS]: these columns of its trials, a line each: "trial,state,value"
trials() {
    database=$1 columns=$2
    shift 2
    timeout 60 "$hone" trials "$database" --format csv "$@" 2>trials.err | awk -F, -v wanted="$columns" '
        NR == 1 { n = split(wanted, w, ","); for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { for (i = 1; i <= n; i++) printf "%s%s", (w[i] in at ? $at[w[i]] : ""), i < n ? "," : "\n" }'
}
# count DATABASE STATE: trials in that state
count() { trials "$1" state | grep -cx "$2"; }
# the workers that descend from this test: none may be left at its end. Prints their process numbers.
workers_left() {
    for environment in /proc/[0-9]*/environ; do
        process=${environment%/environ}
        cat "$environment" 2>/dev/null | tr '\0' '\n' | grep -qx "HOME=$work" || continue
        cat "$process/cmdline" 2>/dev/null | tr '\0' ' ' | grep -q '^hone worker' && echo "${process#/proc/}"
    done
}
# sql DATABASE QUERY: rows with | between columns; has_sql: there is something to ask with
has_sql() { command -v sqlite3 >/dev/null || python3 -c 'import sqlite3' 2>/dev/null; }
sql() {
    if command -v sqlite3 >/dev/null; then
        sqlite3 -readonly -cmd '.timeout 10000' "$1" "$2"
    else
        python3 - "$1" "$2" <<'END'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1], timeout=10).execute(sys.argv[2]):
    print("|".join("" if v is None else str(v) for v in row))
END
    fi
}
# numbers_csv ROWS: numbers.csv, a table of two classes that a small network learns
numbers_csv() {
    awk -v rows="$1" 'BEGIN { srand(3); print "a,b,c,y"
        for (i = 0; i < rows; i++) { a = rand(); b = rand(); c = rand(); printf "%.4f,%.4f,%.4f,%s\n", a, b, c, (a + b * c > 0.8 ? "yes" : "no") } }' >numbers.csv
}
