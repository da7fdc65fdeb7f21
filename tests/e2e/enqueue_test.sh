#!/bin/sh
# SPDX-License-Identifier: MIT
# Points that the user gives, [study] enqueue and --enqueue: tried first and in order, filled, checked, told to the search, replayed,
# tried once.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

ini() { # ENQUEUE [TRIALS] [SEARCH]
    cat >s.ini <<END
[study]
name = s
trials = ${2:-12}
order = strict
lag = 3
objectives = value min
$([ -z "$1" ] || echo "enqueue = $1")
[search]
use = ${3:-anneal}
[objective]
use = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15 step 0.5
kind = choice a, "b c", d
depth = int 1 .. 8 if kind = a
end = int 1 .. 10
where = depth <= end
END
}
trials() { "$hone" trials "$1" --format csv | cut -d, -f"${2:-1,2,5-}"; }
column() { # DB COLUMN
    "$hone" trials "$1" --format csv | python3 -c 'import csv, sys; print(" ".join(r[sys.argv[1]] or "-" for r in csv.DictReader(sys.stdin)))' "$2"
}

ini 'x1 = 3, x2 = 2.5, kind = "b c", end = 4 | x1 = 1 | depth = 3, kind = a'
run 0 "$hone" run s.ini --workers 1 --quiet
is sources "$(column s.db source)" "given given given search search search search search search search search search"
is "first as given" "$(column s.db kind | cut -d' ' -f1-2)" "b c"
is x1 "$(column s.db x1 | cut -d' ' -f1-2)" "3 1"
is "inactive in the first" "$(column s.db depth | cut -d' ' -f1)" "-"
is "depth of the third" "$(column s.db depth | cut -d' ' -f3)" 3
run 0 "$hone" trials s.db --trial 1 --format csv
says out "source,,,given,"
run 0 "$hone" trials s.db --trial 5 --format csv
says out "source,,,search,"
done_with in_order_and_filled

cp s.db one.db
trials one.db >one
rm -rf s.db*
run 0 "$hone" run s.ini --workers 3 --quiet
trials s.db | cmp -s - one || bad "three workers give another study"
rm -rf s.db*
run 0 "$hone" run s.ini --workers 2 --trials 2 --quiet
is "both are given" "$(column s.db source)" "given given"
run 0 "$hone" run s.ini --workers 2 --quiet
cut -d, -f1-9 one >expected
trials s.db | cut -d, -f1-9 | cmp -s - expected || bad "interrupted after two trials: another study"
run 0 "$hone" verify s.db
says out "as recorded"
is "none twice" "$(column s.db source)" "given given given search search search search search search search search search"
done_with strict_and_resumed

run 0 "$hone" run s.ini --trials 13 --enqueue "x1=2.25,x2=1" --quiet
is "one more" "$(column s.db source | cut -d' ' -f12-)" "search given"
run 0 "$hone" run s.ini --trials 14 --enqueue "x1=2.25,x2=1" --quiet
is "not again" "$(column s.db source | cut -d' ' -f12-)" "search given search"
run 0 "$hone" resume s.db --trials 15 --enqueue "x1=-1" --quiet
is "resume takes it" "$(column s.db source | cut -d' ' -f13-)" "given search given"
run 0 "$hone" run s.ini --trials 15 --enqueue "x1=7" --quiet
says err "1 of the points of [study] enqueue were not tried: the study has had its trials"
run 0 "$hone" best s.db --format ini
says_not out enqueue
done_with later_ones

# what the search hears: in a finite space it goes on with the points that are left, and says when there are none
cat >finite.ini <<'END'
[study]
name = finite
trials = 50
objectives = value min
enqueue = x1 = 2, x2 = 1 | x1 = 0, x2 = 0
[search]
use = anneal
[objective]
use = function
name = branin
[space]
x1 = int 0 .. 2
x2 = int 0 .. 1
END
run 0 "$hone" run finite.ini --workers 1 --quiet
says err "has nothing more to propose after 6 trials"
is "six points, none twice" "$("$hone" trials finite.db --format csv | tail -n +2 | cut -d, -f6,7 | sort -u | wc -l)" 6
is "the given ones first" "$("$hone" trials finite.db --format csv | sed -n 2,3p | cut -d, -f6,7 | tr '\n' ' ')" "2,1 0,0 "
done_with told_to_the_search

mistake() { # MESSAGE ENQUEUE: said by run and by check, with its place
    ini "$2"
    run 3 "$hone" check s.ini
    says err "s.ini:7:"
    says err "$1"
    run 3 "$hone" run s.ini
    says err "$1"
}
rm -rf s.db*
mistake "'x3' is not in [space]; did you mean 'x1'?" "x1 = 1 | x3 = 2"
mistake "x1 = 10.5 is outside -5 .. 10" "x1 = 10.5"
mistake "x2 = 0.75 lies between two values of [space]; the nearest is 1" "x2 = 0.75"
mistake "end = 2.5 lies between two values" "end = 2.5"
mistake "x1 = high is not a number" "x1 = high"
mistake "'b d' is none of the choices of 'kind'; did you mean 'b c'?" 'kind = "b d"'
mistake "'x1' is there twice in one point" "x1 = 1, x1 = 2"
mistake "expected '=' behind 'x1', found '1'" "x1 1"
mistake "expected ',' or '|' behind a value, found 'x2'" "x1 = 1 x2 = 3"
mistake "expected a key of [space], found '|'" "x1 = 1, | x2 = 3"
mistake "point 2: 'depth' has no effect there, as its condition in [space] does not hold" "x1 = 1 | depth = 2, kind = d"
mistake "point 1: no point of [space] has these values" "depth = 8, kind = a, end = 3"
[ ! -e s.db ] || bad "a study was begun"
ini ''
run 3 "$hone" run s.ini --enqueue "x1 = 1" --enqueue "x1 = 100"
says err "--enqueue: error: x1 = 100 is outside"
ini 'x1 = 1, kind = z | x2 = 100 | x9 = 1'
run 3 "$hone" check s.ini
is "all at once" "$(grep -c "^s.ini:7:" err)" 3
done_with mistakes
