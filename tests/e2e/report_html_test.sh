#!/bin/sh
# SPDX-License-Identifier: MIT
# The page of hone report: what is in it, that nothing in a study breaks it, its size; in a browser, where there is Chromium: every plot
# draws, nothing is complained of, the table filters.
. "$(dirname "$0")/lib.sh"

# names and values that mean something to HTML, scripts and JSON
cat >odd.sh <<'SH'
#!/bin/sh
# the value is the position of the choice; two metrics to compare, steps to look at
case "$1" in *script*) v=1 ;; *b\>*) v=2 ;; *) v=3 ;; esac
for step in 1 2 3; do echo "hone: step=$step validation.loss=$((v * 4 - step)).$2 train.loss=$((v * 3 - step)).$2"; done
SH
chmod +x odd.sh
cat >odd.ini <<'INI'
[study]
name       = odd
trials     = 40
objectives = validation.loss min
order      = strict
[search]
use = random
[scheduler]
use = asha
[objective]
use     = command
run     = ./odd.sh {kind} {digit}
metrics = validation.loss, train.loss
steps   = 3
[space]
kind  = choice </script><img/src=x/onerror=alert(1)>, &<b>, plain
digit = int 0 .. 9
rate  = real 1e-4 .. 1 log
INI
cat >front.ini <<'INI'
[study]
name       = front
trials     = 150
objectives = f1 min, f2 min
order      = strict
[search]
use = random
[objective]
use  = function
name = zdt1
dimensions = 3
[space]
x1 = real 0 .. 1
x2 = real 0 .. 1
x3 = real 0 .. 1
INI
run 0 "$hone" run odd.ini --storage odd.db -q
run 0 "$hone" run front.ini --storage odd.db -q
run 0 "$hone" report odd.db -o odd.html --set "title=</title><script>document.title='broken'</script>"
run 0 "$hone" report odd.db -o again.html --set "title=</title><script>document.title='broken'</script>"
cmp -s odd.html again.html || bad "the same study gives another page"
run 0 "$hone" report odd.db --use html --study front
cmp -s out odd.html && bad "--study is ignored"
done_with written

# what the scripts get: JSON, whole, and as the storage has it
cat >look.py <<'END'
import json, re, sys
page = open(sys.argv[1], encoding="utf-8").read()
assert page.count("<script") == page.count("</script>"), "a text of the study ends a script"
assert "onerror=alert(1)>" not in page
head = page.split('<script type="application/json" id="data">', 1)[1].split("</script>", 1)
data = json.loads(head[0])
assert [s["name"] for s in data["studies"]] == sorted(s["name"] for s in data["studies"])
def of(value):  # what the page keeps once is a number in its place
    return data["shared"][value] if isinstance(value, int) else value
for s in data["studies"]:
    for key in "config", "sources", "environment":
        s[key] = "\n".join(of(line) for line in s[key])
    for panel in (p for figures in s["figures"] for f in figures for p in f["panels"]):
        panel.update((key, of(panel[key])) for key in ("x", "y", "rungs") if key in panel)
        for series in panel["series"]:
            series.update((key, of(series[key])) for key in ("x", "y", "x2", "value", "trial") if key in series)
assert len({json.dumps(v) for v in data["shared"]}) == len(data["shared"]), "a value is there twice"
odd = next(s for s in data["studies"] if s["name"] == "odd")
front = next(s for s in data["studies"] if s["name"] == "front")
assert odd["dims"][0]["names"][0] == "</script><img/src=x/onerror=alert(1)>"
assert len(odd["trials"]["number"]) == 40 and len(front["trials"]["number"]) == 150
kinds = {f["kind"]: f for f in odd["figures"][0]}
assert kinds["pareto"]["missing"] and not kinds["learning"]["missing"] and kinds["confusion"]["missing"]
assert kinds["intermediate"]["panels"][0]["rungs"] == [1], kinds["intermediate"]["panels"][0].get("rungs")
best = [s for s in kinds["history"]["panels"][0]["series"] if s["role"] == "best"][0]["y"]
assert best == sorted(best, reverse=True) and best[-1] == min(v for v, t in zip(odd["trials"]["values"][0], odd["trials"]["state"]) if t == 3)
# the front: what no other trial dominates, by the definition
points = [(a, b) for a, b in zip(*front["trials"]["values"])]
naive = sorted(p for p in points if not any(q[0] <= p[0] and q[1] <= p[1] and q != p for q in points))
panel = next(f for f in front["figures"][0] if f["kind"] == "pareto")["panels"][0]
line = [s for s in panel["series"] if s["role"] == "best"][0]
assert sorted(zip(line["x"], line["y"])) == naive, (len(line["x"]), len(naive))
assert len(front["figures"]) == 2
edf = next(f for f in front["figures"][1] if f["kind"] == "edf")["panels"][0]["series"][0]
assert edf["x"] == sorted(edf["x"]) and edf["y"][-1] == 1 and edf["x"][0] == min(front["trials"]["values"][1])
# a surface: levels between its least and its greatest value, both of them taken, for each of its cells
surface = next(f for f in front["figures"][0] if f["kind"] == "contour")["panels"][0]["series"][0]
levels = surface["value"]["levels"]
digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
cells = [64 * digits.index(a) + digits.index(b) for a, b in zip(levels[::2], levels[1::2])]
assert len(cells) == surface["nx"] * surface["ny"] and min(cells) == 0 and max(c for c in cells if c < 4095) == 4094
values = sorted(front["trials"]["values"][0])
assert values[0] <= surface["value"]["min"] < surface["value"]["max"] <= values[-1]
assert "space" in odd["config"] and "odd.ini" in odd["sources"] and "cpu=" in odd["environment"]
END
run 0 python3 look.py odd.html
done_with contents

# what hone ablate has found
cat >ablation.ini <<'INI'
[study]
name       = swap
trials     = 5
objectives = value min
[ablation]
seeds = 3
axis.search = search.use: random, sobol
[search]
use = random
[objective]
use  = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
run 0 "$hone" ablate ablation.ini --set study.storage=swap.db
run 0 "$hone" report swap.db -o swap.html
run 0 python3 -c '
import json
data = json.loads(open("swap.html").read().split("id=\"data\">", 1)[1].split("</script>", 1)[0])
whole = [s for s in data["studies"] if "ablation" in s]
assert len(whole) == 1 and not whole[0]["trials"]["number"] and len(data["studies"]) == 7
cells = json.loads(whole[0]["ablation"])["cells"]
assert [c["cell"] for c in cells] == ["baseline", "search=sobol"]
of = lambda v: data["shared"][v] if isinstance(v, int) else v
assert [f["kind"] for f in whole[0]["figures"][0] if not f["missing"]] == ["ablation"]
assert all(f["kind"] != "ablation" for s in data["studies"] if s != whole[0] for fs in s["figures"] for f in fs)
mean, difference = next(f for f in whole[0]["figures"][0] if f["kind"] == "ablation")["panels"]
near = lambda a, b: len(a) == len(b) and all(abs(x - y) <= 1e-6 * abs(y) for x, y in zip(a, b))
assert of(mean["y"])["names"] == ["search=sobol", "baseline"]
s = mean["series"][0]
assert near(of(s["x"]), [c["mean"] for c in cells[::-1]]) and near(of(s["lo"]), [c["interval"][0] for c in cells[::-1]]) and near(of(s["hi"]), [c["interval"][1] for c in cells[::-1]])
assert near(of(mean["rungs"]), [cells[0]["mean"]]) and of(difference["rungs"]) == [0]
s = difference["series"][0]
assert near(of(s["x"]), [cells[1]["difference"]]) and of(s["y"]) == [0] and near(of(s["hi"]), [cells[1]["difference_interval"][1]])'
run 0 env LC_ALL=C "$hone" plot ablation swap.db --study swap.ablation
says out "search=sobol"
is "a row a cell, twice" "$(grep -c '[#]' out)" 3
run 0 "$hone" plot ablation swap.db --study swap.ablation -o swap.svg
is "names in the picture" "$(grep -c '>search=sobol<' swap.svg)" 1
is "intervals in the picture" "$(grep -c 'm0 -4H' swap.svg)" 3
run 1 "$hone" plot ablation odd.db --study front
says err "no ablation of study 'front'"
done_with ablation

charts=$(wc -c <"$root/build/charts/charts.js" 2>/dev/null || echo 0)
browser=$(command -v chromium || command -v chromium-browser)
if [ "$charts" -lt 1000 ]; then
    skip browser "this build has no chart library (npm was missing)"
elif [ -z "$browser" ] || ! command -v node >/dev/null; then
    skip browser "chromium and node are not installed"
else
    below=$(trials odd.db f1 --study front | awk '$1 < 0.5 { n++ } END { print n }')
    run 0 node "$root/tests/browser.js" "$browser" odd.html --dark --evaluate 'honeDrawAll()' \
        --evaluate "[...document.querySelectorAll('.chart')].filter(c => !(c.querySelector('canvas') && c.querySelector('canvas').width > 0)).length" \
        --evaluate "document.title.startsWith('</title>')" --evaluate "document.documentElement.dataset.theme" \
        --evaluate "(() => { const f = document.getElementById('filter'); f.value = 'f1<0.5 state=complete'; f.dispatchEvent(new Event('input')); return new Promise(r => setTimeout(() => r(document.querySelector('#trials output').textContent), 300)); })()" \
        --evaluate "(() => { document.getElementById('theme').click(); const s = document.querySelector('select'); s.selectedIndex = 1; s.dispatchEvent(new Event('change')); honeDrawAll(); return document.querySelectorAll('.chart').length; })()" \
        --evaluate "document.documentElement.dataset.theme" \
        --evaluate "(() => { document.querySelectorAll('section button[aria-pressed]').forEach(b => b.click()); return document.querySelectorAll('section table[aria-rowcount]').length; })()" \
        --evaluate "(() => { document.querySelector('td button').click(); return document.querySelector('dialog[open] h2').textContent; })()"
    [ "$(sed -n 1p out)" -ge 5 ] || bad "$(sed -n 1p out) figures of the first study"
    is "number of charts without a canvas" "$(sed -n 2p out)" 0
    is "title is told" "$(sed -n 3p out)" true
    is "theme" "$(sed -n 4p out)" '"dark"'
    is "filter" "$(sed -n 5p out)" "\"$below of 150 trials\""
    [ "$(sed -n 6p out)" -ge 10 ] || bad "$(sed -n 6p out) charts of the second study"
    is "theme, chosen" "$(sed -n 7p out)" '"light"'
    [ "$(sed -n 8p out)" -ge 10 ] || bad "$(sed -n 8p out) tables"
    is "trial" "$(sed -n 9p out | cut -c 1-7)" '"Trial '
    run 0 node "$root/tests/browser.js" "$browser" swap.html --evaluate 'honeDrawAll()' --evaluate "document.querySelectorAll('#ablation canvas').length"
    [ "$(sed -n 2p out)" -ge 2 ] || bad "$(sed -n 2p out) charts of the ablation"
    done_with browser
fi
exit $failed
