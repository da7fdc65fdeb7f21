#!/bin/sh
# SPDX-License-Identifier: MIT
# hone serve: what it answers, to whom; that a study is shown while it runs, and stopped or given points where that is allowed; in a
# browser, where there is one: a new trial appears by itself.
. "$(dirname "$0")/lib.sh"
trap 'kill $server $study 2>/dev/null; rm -rf "$work"' EXIT
server=
study=

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
    "$hone" serve live.db --port 0 "$@" >serve.out 2>serve.err &
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
for path in "/api/study?study=1" "/api/study" "/api/study?study=-1" "/api/figure?study=0&objective=1&kind=history" "/api/figure?study=0&objective=0&kind=nothing" /nothing; do
    ask "$path"
    says out 404
done
ask / GET "" "Host: elsewhere.example"
says out "403 ask by the address"
ask "/api/stop?study=0" POST "" "X-Hone: 1"
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
says out 409
ask "/api/point?study=1" POST "x=0.125
y=b" "X-Hone: 1"
says out 200
browser=$(command -v chromium || command -v chromium-browser)
if [ -n "$browser" ] && command -v node >/dev/null; then
    run 0 node "$root/tests/browser.js" "$browser" "$url" \
        --evaluate "(() => { const s = document.querySelector('select'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); return 0; })()" \
        --wait "document.getElementById('said')?.textContent.startsWith('running') && document.querySelectorAll('#trials tbody tr').length > 0" \
        --evaluate "(() => { globalThis.before = +document.querySelector('#trials output').textContent.split(' ')[0]; return 0; })()" \
        --wait "+document.querySelector('#trials output').textContent.split(' ')[0] > before" --evaluate 'honeDrawAll()'
    [ "$(tail -n 1 out)" -ge 10 ] || bad "$(tail -n 1 out) figures"
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
