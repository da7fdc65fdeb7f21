/* SPDX-License-Identifier: MIT */
/* `hone completion SHELL`: a script for the shell. The scripts know nothing of hone: they ask `hone complete` at every TAB. */
#include "cli/cli.h"

#include <string.h>

static const char bash[] =
    "# bash completion for hone; written by `hone completion bash`\n"
    "_hone()\n"
    "{\n"
    "    local left=${COMP_LINE:0:COMP_POINT} word line kind at current i\n"
    "    local -a words=()\n"
    "    # COMP_WORDBREAKS cuts words at = and : too; put together what the line does not separate\n"
    "    for ((i = 0; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if [[ $i -eq 0 || $left == [[:blank:]]* ]]; then\n"
    "            left=${left#\"${left%%[![:blank:]]*}\"}\n"
    "            words+=(\"\")\n"
    "        fi\n"
    "        [[ $left == \"$word\"* ]] || word=$left\n"
    "        words[${#words[@]} - 1]+=$word\n"
    "        left=${left#\"$word\"}\n"
    "    done\n"
    "    current=${words[${#words[@]} - 1]}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        if [[ -z $kind ]]; then\n"
    "            kind=${line%% *} at=${line##* }\n"
    "        else\n"
    "            COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "        fi\n"
    "    done < <(\"${words[0]/#\\~\\//$HOME/}\" complete \"${words[@]:1}\" 2>/dev/null)\n"
    "    if [[ $kind == files || $kind == directories ]]; then\n"
    "        compopt -o filenames\n"
    "        while IFS= read -r line; do\n"
    "            COMPREPLY+=(\"${current:0:at}$line\")\n"
    "        done < <(compgen -${kind:0:1} -- \"${current:at}\")\n"
    "    fi\n"
    "    # the shell replaces what is behind the last of its word breaks\n"
    "    word=${current##*[=:]}\n"
    "    word=${current%\"$word\"}\n"
    "    for ((i = 0; i < ${#COMPREPLY[@]}; i++)); do\n"
    "        COMPREPLY[i]=${COMPREPLY[i]#\"$word\"}\n"
    "    done\n"
    "    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=.:] ]] || compopt -o nospace\n"
    "}\n"
    "complete -F _hone hone\n";

static const char zsh[] =
    "#compdef hone\n"
    "# zsh completion for hone; written by `hone completion zsh`\n"
    "_hone() {\n"
    "    local kind at line value current=$PREFIX\n"
    "    local -a lines spaced open\n"
    "    lines=(\"${(@f)$(\"${(Q)words[1]/#\\~\\//$HOME/}\" complete \"${(@Q)words[2,CURRENT-1]}\" \"$current\" "
    "2>/dev/null)}\")\n"
    "    kind=${lines[1]%% *} at=${lines[1]##* }\n"
    "    for line in \"${(@)lines[2,-1]}\"; do\n"
    "        value=${${line%%$'\\t'*}//:/\\\\:}\n"
    "        [[ $line != *$'\\t'?* ]] || value+=:${line#*$'\\t'}\n"
    "        if [[ ${line%%$'\\t'*} == *[=.:] ]]; then open+=(\"$value\"); else spaced+=(\"$value\"); fi\n"
    "    done\n"
    "    (( $#spaced )) && _describe -t values hone spaced\n"
    "    (( $#open )) && _describe -t values hone open -S ''\n"
    "    case $kind in\n"
    "    files) compset -p $at; _files ;;\n"
    "    directories) compset -p $at; _files -/ ;;\n"
    "    esac\n"
    "}\n"
    "if [[ $funcstack[1] == _hone ]]; then _hone \"$@\"; else compdef _hone hone; fi\n";

static const char fish[] = "# fish completion for hone; written by `hone completion fish`\n"
                           "function __hone_complete\n"
                           "    set -l words (commandline -opc)\n"
                           "    set -l current (commandline -ct)\n"
                           "    set -l lines ($words[1] complete $words[2..-1] \"$current\" 2>/dev/null)\n"
                           "    printf '%s\\n' $lines[2..-1]\n"
                           "    set -l kind (string split ' ' -- $lines[1])\n"
                           "    set -q kind[2]; or return\n"
                           "    set -l before (string sub -l $kind[2] -- \"$current\")\n"
                           "    set -l path (string sub -s (math $kind[2] + 1) -- \"$current\")\n"
                           "    if test $kind[1] = files\n"
                           "        printf '%s\\n' $before(__fish_complete_path \"$path\")\n"
                           "    else\n"
                           "        printf '%s\\n' $before(__fish_complete_directories \"$path\")\n"
                           "    end\n"
                           "end\n"
                           "complete -c hone -f -a '(__hone_complete)'\n";

static const struct {
    const char *name, *script;
} shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

static int run(const struct cli *cli)
{
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (!strcmp(cli->arguments[0], shells[i].name)) {
            fputs(shells[i].script, stdout);
            return EXIT_OK;
        }
    return cli_usage_error(cli, "'%s' is none of bash, zsh, fish", cli->arguments[0]);
}

const struct command command_completion = {
    "completion",
    "print a script that completes hone's words in a shell",
    "bash|zsh|fish [options]",
    "Completes commands, options, names of plugins, keys for --set, studies of a storage. 'make install' puts\n"
    "the scripts where the shells look for them; without it:\n\n"
    "    hone completion bash >~/.local/share/bash-completion/completions/hone\n"
    "    hone completion zsh >~/.zfunc/_hone              # a directory of $fpath\n"
    "    hone completion fish >~/.config/fish/completions/hone.fish\n",
    NULL,
    1,
    1,
    run,
    0
};
