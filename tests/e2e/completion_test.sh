#!/bin/sh
# SPDX-License-Identifier: MIT
# Completion in the shells themselves: the words that bash, zsh and fish come to.
. "$(dirname "$0")/lib.sh"
command -v bash >/dev/null || { skip completion "bash is not installed"; exit 0; }
PATH=$HONE_BUILD:$PATH
export PATH

cat >study.ini <<'INI'
[study]
trials     = 3
objectives = value min
[search]
use = random
[objective]
use  = function
name = branin
[space]
x1 = real -5 .. 10
x2 = real 0 .. 15
INI
for name in first second; do run 0 "$hone" run study.ini -q --set study.name=$name --storage two.db; done
mkdir folder
touch "with blank.ini"

run 0 "$hone" completion bash
mv out hone.bash
cat >line.bash <<'END'
# line.bash TEXT: what bash would offer at the end of the text, a line each
source ./hone.bash
COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=() rest=$1
compopt() { [ "$2" != nospace ] || nospace=1; }
while [ -n "$rest" ]; do # as the shell cuts it: at blanks, and at = and : (COMP_WORDBREAKS), which are words
    rest=${rest#"${rest%%[! ]*}"}
    if [[ $rest == [=:]* ]]; then word=${rest:0:1}; else word=${rest%%[ =:]*}; fi
    COMP_WORDS+=("$word") rest=${rest#"$word"}
done
[[ $1 != *[\ =:] ]] || COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_hone hone "${COMP_WORDS[COMP_CWORD]}" ""
printf '%s\n' "${COMPREPLY[@]}"
[ -z "$nospace" ] || echo nospace
END
# bash_says TEXT WORD...: exactly these, in any order
bash_says() {
    text=$1
    shift
    bash line.bash "$text" 2>err | sort >got
    printf '%s\n' "$@" | sort >expected
    cmp -s got expected || bad "'$text' gives '$(tr '\n' ' ' <got)' instead of '$(tr '\n' ' ' <expected)'"
}
bash_says "hone stu" studies
bash_says "hone plugin " check new
bash_says "hone help plugin n" new
bash_says "hone worker" ""
bash_says "hone completion " bash zsh fish
bash_says "hone run --wor" --workers
bash_says "hone run -w 2 --wor" ""
bash_says "hone best --format " text csv json ini
bash_says "hone trials --state=co" complete
bash_says "hone run --set opt" optimizer. nospace
bash_says "hone run --set optimizer.learn" optimizer.learning_rate= nospace
bash_says "hone run --set=search.us" search.use= nospace
bash_says "hone run --set search.use=tp" tpe
bash_says "hone run --set study.order=" asynchronous strict
bash_says "hone run --set regularizer.dropout.ra" regularizer.dropout.rate= nospace
bash_says "hone info optimizer/ada" optimizer/adadelta optimizer/adagrad optimizer/adam optimizer/adamw
bash_says "hone importance two.db --method f" fanova
bash_says "hone importance two.db --method fanova --set n_" n_trees= nospace
bash_says "hone report two.db --use cs" csv
bash_says "hone report two.db --use pro" ""
bash_says "hone report two.db --use csv --set ta" table= nospace
bash_says "hone report two.db --use csv --set table=r" reports
bash_says "hone run --set reporter.cs" ""
bash_says "hone plot hi" history
bash_says "hone plot history two.db --study f" first
bash_says "hone plugin new sea" search
bash_says "hone bench search --tria" --trials
bash_says "hone man hone.i" hone.ini
bash_says "hone run stu" study.ini
bash_says "hone run with" "with blank.ini"
bash_says "hone train study.ini --directory fo" folder
bash_says "hone run study.ini --storage=sqlite:with" "with blank.ini"
bash_says "hone run --no-such-option=" ""
done_with bash_completes
bash_says "hone best two.db --study " first second
bash_says "hone trials sqlite:two.db --study=s" second
bash_says "hone importance two.db --study first --objective " value
bash_says "hone best none.db --study " ""
done_with bash_completes_studies

# every command, every option of its help
run 0 "$hone" --help
sed -n 's/^  \([a-z]\{1,\}\( check\| new\)\{0,1\}\)  .*/\1/p' out >commands
"$hone" complete "" | sed -n '2,$s/	.*//p' | sort -u >offered
while read -r name; do
    grep -qx "${name%% *}" offered || bad "'$name' is not offered"
    # shellcheck disable=SC2086 # "plugin new" is two words
    "$hone" $name --help 2>/dev/null | sed -n 's/^  \(-.,\)\{0,1\} *\(--[a-z-]*\).*/\2/p' | sort -u >wanted
    # shellcheck disable=SC2086
    "$hone" complete $name -- 2>/dev/null | sed -n '2,$s/	.*//p' | sort -u >got
    missing=$(comm -23 wanted got)
    [ -z "$missing" ] || bad "'$name' offers no $missing"
done <commands
done_with every_option_is_offered

# at a terminal, by the TAB key
if command -v python3 >/dev/null; then
    cat >tab.py <<'END'
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="$ ")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
os.write(fd, b"source ./hone.bash\n")
os.write(fd, b"hone stud\ttwo.db --format cs\t > typed; hone run stu\t-q --set study.na\tthird --storage=three.db; echo do''ne\n")
seen, end = b"", time.time() + 50
while b"done\r\n" not in seen and time.time() < end:
    if select.select([fd], [], [], 1)[0]:
        seen += os.read(fd, 65536)
os.write(fd, b"exit\n")
sys.stdout.buffer.write(seen)
END
    run 0 python3 tab.py
    says typed "first,"
    run 0 "$hone" studies three.db --format csv
    says out "third,"
    done_with the_tab_key_in_bash
else
    skip the_tab_key_in_bash "python3 is not installed"
fi

if command -v fish >/dev/null; then
    run 0 "$hone" completion fish
    mv out hone.fish
    fish_says() {
        fish --no-config -c "source hone.fish; complete -C '$1'" 2>err | cut -f 1 | sort >got
        text=$1
        shift
        printf '%s\n' "$@" | sort >expected
        cmp -s got expected || bad "fish: '$text' gives '$(tr '\n' ' ' <got)' instead of '$(tr '\n' ' ' <expected)'"
    }
    fish_says "hone stud" studies
    fish_says "hone run --wor" --workers
    fish_says "hone run --set optimizer.learn" optimizer.learning_rate=
    fish_says "hone run --set search.use=tp" search.use=tpe
    fish_says "hone best two.db --study " first second
    fish_says "hone run stu" study.ini
    fish_says "hone train study.ini --directory fo" folder/
    fish_says "hone run study.ini --storage=sqlite:stu" --storage=sqlite:study.ini
    done_with fish_completes
else
    skip fish_completes "fish is not installed"
fi

if command -v zsh >/dev/null; then
    mkdir zfunc
    run 0 "$hone" completion zsh
    mv out zfunc/_hone
    cat >tab.zsh <<'END'
# the line after TAB, from a zsh at a terminal of its own
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; fpath=(./zfunc $fpath); autoload -Uz compinit; compinit -u -D; show() { print -r -- "<<$BUFFER>>"; BUFFER=; zle accept-line }; zle -N show; bindkey "^X" show; print rea""dy'
zpty -r z seen '*ready*'
for text in "$@"; do
    zpty -w -n z "$text"$'\t\x18'
    zpty -r z seen '*<<*>>*'
    print -r -- "$text -> ${${seen##*<<}%%>>*}."
done
zpty -d z
END
    run 0 zsh -f tab.zsh "hone stud" "hone run --wor" "hone run --set optimizer.learn" "hone run --set search.use=tp" \
        "hone best two.db --study sec" "hone run stu" "hone train study.ini --directory fo"
    says out "hone stud -> hone studies ."
    says out "hone run --wor -> hone run --workers ."
    says out "hone run --set optimizer.learn -> hone run --set optimizer.learning_rate=."
    says out "hone run --set search.use=tp -> hone run --set search.use=tpe ."
    says out "--study sec -> hone best two.db --study second ."
    says out "hone run stu -> hone run study.ini ."
    says out "--directory fo -> hone train study.ini --directory folder/."
    done_with zsh_completes
else
    skip zsh_completes "zsh is not installed"
fi

run 2 "$hone" completion tcsh
says err "none of bash, zsh, fish"
done_with another_shell
exit $failed
