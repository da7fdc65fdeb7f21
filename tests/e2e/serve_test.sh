#!/bin/sh
# SPDX-License-Identifier: MIT
# hone serve: what it answers, to whom; that a study is shown while it runs, and stopped or given points where that is allowed; in a
# browser, where there is one: a new trial appears by itself.
. "$(dirname "$0")/lib.sh"
trap 'kill $server $study 2>/dev/null; rm -rf "$work"' EXIT
browser=$(command -v chromium || command -v chromium-browser)
command -v node >/dev/null || browser=
server=
study=
storage=live.db

cat >steps.sh <<'SH'
#!/bin/sh
for step in 1 2 3; do sleep "${3:-0}"; echo "hone: step=$step loss=$1"; done
SH
chmod +x steps.sh
cat >slow.ini <<'INI'
[study]
name       = slow
trials     = 1000
objectives = loss min
workers    = 1
[search]
use = random
[objective]
use     = command
run     = ./steps.sh {x} {y} 0.1
metrics = loss
steps   = 3
[space]
x = real 0 .. 1
y = choice a, b
INI
run 0 "$hone" run slow.ini --storage live.db -q --set study.name=done --trials 5 --set objective.run="./steps.sh {x} {y}"

# start [OPTION...]: a server on a free port; its address is in url
start() {
    : >serve.out # before it is looked into: it has the address of the one before
    "$hone" serve "$storage" --port 0 "$@" >serve.out 2>serve.err &
    server=$!
    for _ in $(seq 100); do
        url=$(sed -n 's/^serving *//p' serve.out)
        [ -n "$url" ] && return
        sleep 0.1
    done
    bad "the server does not start: $(cat serve.err)"
}
# ask PATH [METHOD [BODY [HEADER]]]: the status, then the answer, into out
cat >ask.py <<'END'
import sys, urllib.request, urllib.error
url, method, body, headers = sys.argv[1], sys.argv[2], sys.argv[3], dict(h.split(": ") for h in sys.argv[4:])
request = urllib.request.Request(url, data=body.encode() if method == "POST" else None, headers=headers, method=method)
try:
    with urllib.request.urlopen(request, timeout=20) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as problem:
    print(problem.code, problem.read().decode())
END
ask() { path=$1 method=${2:-GET} body=${3:-}; shift; [ $# -gt 0 ] && shift; [ $# -gt 0 ] && shift; python3 ask.py "${url%/}$path" "$method" "$body" "$@" >out 2>err || bad "no answer to $path"; }

start
ask /api/studies
says out '200 [{"name":"done","state":"finished","trials":5,"complete":5'
ask "/api/study?study=0"
says out '"number":[0,1,2,3,4]'
ask "/api/figure?study=0&objective=0&kind=history"
says out '"role":"best"'
ask "/api/trial?study=0&trial=3"
says out '"x":[1,2,3]'
says out '[null,"proposed by the search"],[null,"over"]'
for path in "/api/study?study=1" "/api/study" "/api/study?study=-1" "/api/trial?study=0&trial=5" "/api/figure?study=0&objective=1&kind=history" "/api/figure?study=0&objective=0&kind=nothing" /nothing; do
    ask "$path"
    says out 404
done
ask / GET "" "Host: elsewhere.example"
says out "403 ask by the address"
ask "/api/stop?study=0" POST "" "X-Hone: 1"
says out "403 this dashboard only shows"
ask "/api/note?study=0&trial=3" POST "x" "X-Hone: 1"
says out "403 this dashboard only shows"
ask /api/studies DELETE
says out 405
kill "$server"
run 2 "$hone" serve live.db --address nowhere
run 2 "$hone" serve live.db --port 70000
run 2 "$hone" serve live.db --use html
done_with answers

start --address 0.0.0.0
case $url in *"?token="*) token=${url##*=} ;; *) bad "no token for all the world: $url" ;; esac
url=http://127.0.0.1:$(echo "$url" | sed 's/.*:\([0-9]*\).*/\1/')
ask /api/studies
says out 403
ask "/api/studies?token=${token%?}"
says out 403
ask "/api/studies?token=$token"
says out 200
kill "$server"
done_with token

# a trial that failed: why, what it wrote, and no file that is not its own
cat >fail.sh <<'SH'
#!/bin/sh
seq 1 9000
echo "the widget is stuck" >&2
exit 3
SH
chmod +x fail.sh
run 5 "$hone" run slow.ini --storage fail.db -q --set study.name=fail --trials 2 --set objective.run=./fail.sh
storage=fail.db
start
ask "/api/trial?study=0&trial=1"
says out '"state":"failed","attempt":0,"signal":0,"component":"objective","message":"the program ended with exit status 3: the widget is stuck"'
says out '\u000a9000\u000a'
says out '"text":"the widget is stuck\u000a","left_out":0'
grep -q '"path":"[^"]*/trial1-output.log","text":"[0-9]*\\u000a[^"]*","left_out":1[0-9]*' out || bad "the log is not cut at a line"
[ "$(wc -c <out)" -lt 100000 ] || bad "$(wc -c <out) bytes for one trial"
if command -v sqlite3 >/dev/null; then
    echo "secret" >secret.txt
    ln -s secret.txt trial1-link
    sqlite3 fail.db "UPDATE attachments SET path = '$work/secret.txt' WHERE trial = 1 AND path IS NOT NULL"
    ask "/api/trial?study=0&trial=1"
    says out "secret.txt"
    says_not out '"secret'
    sqlite3 fail.db "UPDATE attachments SET path = '$work/trial1-link' WHERE trial = 1 AND path IS NOT NULL"
    ask "/api/trial?study=0&trial=1"
    says_not out '"secret'
    says out '"missing":'
fi
# one that is at work: its log as it is written
printf '#!/bin/sh\necho "what it does now"\nfor i in $(seq 60); do sleep 1; echo "more $i"; done\n' >talk.sh
chmod +x talk.sh
"$hone" run slow.ini --storage fail.db -q --set study.name=talk --set objective.run=./talk.sh >run.out 2>&1 &
study=$!
for _ in $(seq 100); do
    grep -q now talk.d/trial0-output.log 2>/dev/null && break
    sleep 0.1
done
for _ in $(seq 50); do
    ask "/api/studies"
    grep -q '"name":"talk"' out && break
    sleep 0.1
done
ask "/api/trial?study=1&trial=0"
says out '"state":"running"'
says out '"name":"output.log"'
says out '"text":"what it does now\u000a'
if [ -n "$browser" ]; then # grows while it is looked at
    run 0 node "$root/tests/browser.js" "$browser" "$url" \
        --evaluate "(() => { const s = document.querySelector('select'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return 0; })()" \
        --wait "document.getElementById('said')?.textContent.startsWith('running')" --wait "document.querySelector('#trials td button')" \
        --evaluate "(() => { document.querySelector('#trials td button').click(); return 0; })()" --wait "document.querySelector('dialog pre')" \
        --evaluate "void (globalThis.before = document.querySelector('dialog pre').textContent.length)" \
        --wait "document.querySelector('dialog pre').textContent.length > before"
fi
kill "$study"
wait "$study"
kill "$server"
storage=live.db
done_with failed_trial

# while it runs; the one that runs it is not kept waiting, and hears what is asked
"$hone" run slow.ini --storage live.db -q >run.out 2>&1 &
study=$!
start --write
for _ in $(seq 100); do
    ask "/api/studies"
    grep -q '"name":"slow"' out && break
    sleep 0.1
done
says out '"name":"slow","state":"running"'
ask "/api/point?study=1" POST "x=0.125
y=b"
says out "403 the request does not come from the dashboard"
ask "/api/point?study=1" POST "x=7" "X-Hone: 1"
says out "409 x = 7 is outside 0 .. 1"
ask "/api/note?study=1&trial=0" POST "it looks <b>odd</b>"
says out "403 the request does not come from the dashboard"
ask "/api/note?study=1&trial=0" POST "it looks <b>odd</b>" "X-Hone: 1"
says out "200 the note is kept"
ask "/api/note?study=1" POST "about all of it" "X-Hone: 1"
says out "200 the note is kept"
ask "/api/note?study=1&trial=999999" POST "x" "X-Hone: 1"
says out "409 the study has no trial 999999"
ask "/api/study?study=1"
says out '"note":"about all of it"'
says out '"notes":{"0":"it looks \u003cb\u003eodd'
ask "/api/point?study=1" POST "x=0.125
y=b" "X-Hone: 1"
says out 200
# of what is known, what has changed alone
ask "/api/study?study=1"
says_not out '"since"'
version=$(sed 's/.*"version":\([0-9]*\).*/\1/' out)
for _ in $(seq 100); do
    ask "/api/study?study=1&since=$version"
    grep -q '"number":\[[0-9]' out && break
    sleep 0.1
done
says out "\"since\":$version,"
grep -q '"number":\[[1-9]' out || bad "nothing is new since $version, or the first trial is"
ask "/api/study?study=1&since=$((version + 1000000))"
says out '"number":[0,1'
if [ -n "$browser" ]; then
    run 0 node "$root/tests/browser.js" "$browser" "$url" \
        --evaluate "(() => { const s = document.querySelector('select'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return 0; })()" \
        --wait "document.getElementById('said')?.textContent.startsWith('running') && document.querySelectorAll('#trials tbody tr').length > 0" \
        --evaluate "(() => { globalThis.before = +document.querySelector('#trials output').textContent.split(' ')[0]; return 0; })()" \
        --wait "+document.querySelector('#trials output').textContent.split(' ')[0] > before" --evaluate 'honeDrawAll()' \
        --evaluate "document.querySelector('#note textarea').value" \
        --evaluate "(() => { document.querySelector('#trials td button').click(); const a = document.querySelector('dialog textarea'), was = a.value; a.value = 'not odd'; a.dispatchEvent(new Event('input')); [...document.querySelectorAll('dialog button')].find(b => b.textContent === 'Keep the note').click(); return was; })()" \
        --wait "document.querySelector('dialog output').textContent === 'the note is kept'"
    [ "$(sed -n 3p out)" -ge 10 ] || bad "$(sed -n 3p out) figures"
    is "note about the study" "$(sed -n 4p out)" '"about all of it"'
    is "note about a trial" "$(sed -n 5p out)" '"it looks <b>odd</b>"'
    is "note written there" "$("$hone" note live.db --study slow --trial 0 --format csv | sed -n 's/^0,.*,//p')" "not odd"
else
    skip browser "chromium and node are not installed"
fi
ask "/api/stop?study=1" POST "" "X-Hone: 1"
says out "200 the study ends in order"
wait "$study"
trials live.db x,y --study slow | grep -qx '0.125,b' || bad "the point was not tried"
ask "/api/stop?study=1" POST "" "X-Hone: 1"
says out "409 study 'slow' is not being run"
kill "$server"
done_with running_study
exit $failed
