#!/bin/sh
# SPDX-License-Identifier: MIT
# Storages that cannot be: unwritable, full, of another program, of a newer hone, damaged. Each is told in one clear message with exit
# code 1 and left as it was; what was committed before a disk ran full stays.
. "$(dirname "$0")/lib.sh"
chmod 711 "$work"
mkdir -m 777 open
mount=
trap '[ -z "$mount" ] || umount "$mount"; rm -rf "$work"' EXIT

cat >study.ini <<END
[study]
name = store
objectives = value min
trials = 6
workers = 1
[objective]
use = function
name = branin
steps = 3
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
END
chmod 644 study.ini
# file modes mean nothing to root: such tests run as nobody
user=
[ "$(id -u)" != 0 ] || user="setpriv --reuid 65534 --regid 65534 --clear-groups"
# refuses STORAGE TEXT...: run says all of that and fails; no worker, no second message
refuses() {
    storage=$1
    shift
    # shellcheck disable=SC2086
    run 1 $as "$hone" run study.ini --quiet --storage "$storage"
    for text; do says err "$text"; done
    is "number of messages" "$(grep -c '^hone: ' err)" 1
    [ -s out ] && bad "there is a result: $(head -n 1 out)"
}
# the same of the commands that only read
refuses_reading() {
    storage=$1
    shift
    for command in trials best studies; do
        run 1 "$hone" $command "$storage"
        for text; do says err "$text"; done
    done
}
unchanged() { cmp -s "$1" "$2" || bad "$1 was changed"; ls "$1-wal" "$1-journal" >/dev/null 2>&1 && bad "there is something beside $1"; }
run 0 "$hone" run study.ini --quiet --storage good.db
size_of_study=$(wc -c <good.db)

as=
# shellcheck disable=SC2086
if $user "$hone" plugins >/dev/null 2>err; then
    as=$user
    mkdir -m 555 closed
    refuses closed/new.db closed/new.db "ermission denied"
    refuses closed/below/new.db closed/below
    [ "$(ls closed)" = "" ] || bad "something was made in closed/"
    done_with unwritable_directory

    cp good.db open/read_only.db
    chmod 444 open/read_only.db
    cp good.db copy
    refuses open/read_only.db open/read_only.db
    cmp -s open/read_only.db copy || bad "it was changed"
    run 0 $user "$hone" trials open/read_only.db --format csv
    is "trials that can be read" "$(tail -n +2 out | wc -l)" 6
    cp open/read_only.db closed/read_only.db
    run 0 $user "$hone" best closed/read_only.db
    done_with read_only_file
    as=
else
    skip unwritable_directory "no other user can run $hone"
fi

refuses nowhere/new.db "nowhere'"
[ -e nowhere ] && bad "a directory was made"
refuses . "$work"
refuses_reading missing.db missing.db "there is no file"
[ -e missing.db ] && bad "reading made a storage"
done_with missing_directory_and_file

echo "This is a letter, not a database, and it is long enough to have a header of its own: a hundred bytes at least." >letter.db
cp letter.db letter
refuses letter.db letter.db "not a"
unchanged letter.db letter
refuses_reading letter.db letter.db "not a"
unchanged letter.db letter
done_with not_a_database

if has_sql; then
    change() { # DATABASE STATEMENT
        python3 -c 'import sqlite3, sys; db = sqlite3.connect(sys.argv[1]); db.execute(sys.argv[2]); db.commit()' "$@" 2>/dev/null ||
            sqlite3 "$@" >/dev/null
    }
    change other.db "CREATE TABLE recipes (cake TEXT)"
    cp other.db other
    refuses other.db other.db
    unchanged other.db other
    done_with database_of_another_program

    cp good.db newer.db
    change newer.db "PRAGMA user_version = 9999"
    cp newer.db newer
    refuses newer.db newer.db 9999 "newer"
    unchanged newer.db newer
    refuses_reading newer.db newer.db 9999 "newer"
    unchanged newer.db newer
    done_with newer_version
fi

# damage: the second half is lost; a page in the middle is overwritten
head -c $((size_of_study / 2)) good.db >torn.db
cp torn.db torn
refuses torn.db torn.db
unchanged torn.db torn
for page in 1 2 3 4 5 6; do
    cp good.db "damaged.db"
    dd if=/dev/zero of=damaged.db bs=4096 seek=$page count=1 conv=notrunc 2>/dev/null
    timeout 20 "$hone" run study.ini --quiet --trials 8 --storage damaged.db >out 2>err
    code=$?
    case $code in
    0) "$hone" trials damaged.db --format csv >rows 2>&1; is "trials in spite of page $page" "$(tail -n +2 rows | wc -l)" 8 ;; # an index, free space
    1) says err damaged.db ;;
    *) bad "exit $code for a damaged page $page: $(tail -n 1 err)" ;;
    esac
done
done_with damaged_file

# a disk that runs full in the middle: what was committed is kept, and the study goes on once there is room
full() { # DIRECTORY: of a small disk, or ulimit before
    says err "$1/full.db"
    "$hone" trials "$1/full.db" --format csv >rows 2>rows.err || bad "what was kept cannot be read: $(cat rows.err)"
    kept=$(grep -c ,complete, rows)
    [ "$kept" -gt 0 ] || bad "nothing was kept"
    grep ,complete, rows | cut -d, -f1,3,5- >kept
}
goes_on() { # DIRECTORY TRIALS
    run 0 "$hone" resume "$1/full.db" --quiet --trials $((kept + 20))
    "$hone" trials "$1/full.db" --format csv | grep ,complete, | cut -d, -f1,3,5- >rows
    head -n "$kept" rows | cmp -s - kept || bad "kept trials have changed"
    [ "$(wc -l <rows)" = $((kept + 20)) ] || bad "$(wc -l <rows) trials instead of $((kept + 20))"
}
mkdir small
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs small 2>/dev/null; then
    mount=$work/small
    run 1 "$hone" run study.ini --quiet --trials 100000 --storage small/full.db
    full small
    says err "full"
    mount -o remount,size=16m "$mount"
    goes_on small
    sleep 0.1
    umount "$mount" && mount=
    done_with full_disk
else
    skip full_disk "no small file system can be mounted here"
fi
mkdir limited
# blocks of 512 bytes; a database may grow to the limit, and so may the log beside it
(ulimit -f 1000 && timeout -s KILL 60 "$hone" run study.ini --quiet --trials 100000 --storage limited/full.db >out 2>err)
is "exit code" $? 1
full limited
goes_on limited
done_with file_size_limit

if [ -w /dev/full ]; then
    "$hone" trials good.db --format csv >/dev/full 2>err
    is "exit code" $? 1
    says err "No space left on device"
    done_with results_on_a_full_disk
fi
sleep 0.1
is "workers left" "$(workers_left)" ""
done_with no_orphans
exit $failed
