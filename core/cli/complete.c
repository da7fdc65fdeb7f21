/* SPDX-License-Identifier: MIT */
/* `hone complete WORDS...`: what the last of these words of a command line (behind "hone") may become. For the scripts that `hone
 * completion` prints, which ask at every TAB: nothing is loaded but the storage whose studies are wanted.
 *
 *     words | files N | directories N      whether names of files are offered too, behind the first N bytes of the word
 *     WORD<TAB>DESCRIPTION                a line each
 */
#include "cli/complete.h"

#include <string.h>

/* ---- offers ---- */

void offer(struct completion *c, const char *candidate, const char *description)
{
    const size_t n = strlen(c->typed), sentence = description ? strcspn(description, "\n\t") : 0;
    if (strncmp(candidate, c->typed, n) != 0)
        return;
    struct text line = TEXT_INIT;
    text_addf(&line, "\n%.*s%s\t", (int)(c->typed - c->word), c->word, candidate);
    if (!line.failed && !(c->out.length && memmem(c->out.data, c->out.length, line.data, line.length))) {
        const char *end = description ? memmem(description, sentence, ". ", 2) : NULL;
        text_add(&c->out, line.data);
        text_add_bytes(&c->out, description ? description : "", end ? (size_t)(end - description) : sentence);
    }
    c->out.failed |= line.failed;
    text_release(&line);
}

void offer_words(struct completion *c, const char *words)
{
    char word[64];
    for (size_t n; *words; words += n + (words[n] == ' ')) {
        n = strcspn(words, " ");
        snprintf(word, sizeof word, "%.*s", (int)n, words);
        offer(c, word, NULL);
    }
}

static void offer_option(struct completion *c, const struct option_row *row)
{
    char word[80];
    if (!row->repeated && cli_has(&c->cli, row->name))
        return;
    snprintf(word, sizeof word, "--%s", row->name);
    offer(c, word, row->help);
}

static void offer_options(struct completion *c)
{
    for (const struct option_row *row = c->cli.command->options; row && row->name; row++)
        offer_option(c, row);
    offer(c, "--help", cli_help_row.help);
    if (c->extra)
        for (uint32_t i = 0; i < c->extra->n_params; i++) {
            char word[80];
            snprintf(word, sizeof word, "--%s", c->extra->params[i].key);
            offer(c, word, c->extra->params[i].doc);
        }
}

/* The first words of commands, then the second ones of those that have two. */
static void offer_commands(struct completion *c, const char *first)
{
    for (const struct command *const *command = cli_commands; *command; command++) {
        char word[64];
        const char *name = (*command)->name, *blank = strchr(name, ' ');
        if (!(*command)->summary)
            continue;
        if (!first) {
            snprintf(word, sizeof word, "%.*s", (int)strcspn(name, " "), name);
            offer(c, word, (*command)->summary);
        } else if (blank && !strncmp(first, name, (size_t)(blank - name)) && !first[blank - name]) {
            offer(c, blank + 1, (*command)->summary);
        }
    }
}

/* ---- the words before ---- */

static const struct option_row *find_option(const struct command *command, const char *word)
{
    const size_t n = strcspn(word, "=");
    for (const struct option_row *row = command->options; row && row->name; row++)
        if (word[1] == '-' ? strlen(row->name) == n - 2 && !memcmp(row->name, word + 2, n - 2)
                           : row->letter && row->letter == word[1])
            return row;
    return NULL;
}

static const struct command *find_command(char **words, int n, int *used)
{
    for (const struct command *const *c = cli_commands; *c; c++) {
        const char *blank = strchr((*c)->name, ' ');
        const size_t first = blank ? (size_t)(blank - (*c)->name) : strlen((*c)->name);
        if (!n || strncmp(words[0], (*c)->name, first) != 0 || words[0][first])
            continue;
        if (blank && (n < 2 || strcmp(words[1], blank + 1) != 0))
            continue;
        *used = 1 + (blank != NULL);
        return *c;
    }
    return NULL;
}

/* Takes the words between command and cursor for options and arguments; the option that waits for its value, or NULL. */
static const struct option_row *take_words(struct completion *c, char **words, int n)
{
    const struct option_row *waits = NULL;
    for (int i = 0; i < n; i++) {
        const struct option_row *row = NULL;
        const char *equal = strchr(words[i], '=');
        if (waits) {
            c->cli.values[c->cli.n_values++] = (struct cli_value){ waits, words[i] };
            waits = NULL;
        } else if (c->ended || words[i][0] != '-' || !words[i][1]) {
            c->cli.arguments[c->cli.n_arguments++] = words[i];
        } else if (!strcmp(words[i], "--")) {
            c->ended = 1;
        } else if ((row = find_option(c->cli.command, words[i])) != NULL) {
            if (row->argument && !(words[i][1] == '-' ? equal != NULL : words[i][2]))
                waits = row;
            else
                c->cli.values[c->cli.n_values++] = (struct cli_value){ row, !row->argument       ? NULL
                                                                            : words[i][1] == '-' ? equal + 1
                                                                                                 : words[i] + 2 };
        }
    }
    return waits;
}

/* `bench NAME` takes the keys of a plugin for options. */
static const struct option_row *take_extra(struct completion *c, const char *before)
{
    static struct option_row row;
    hone_error ignored = HONE_ERROR_INIT;
    const char *kind = complete_kind(c->cli.command);
    if (!c->cli.command->raw || !kind || !c->cli.n_arguments || !complete_catalog(c))
        return NULL;
    c->extra = catalog_find(c->catalog, kind, c->cli.arguments[0], &ignored);
    for (uint32_t i = 0; c->extra && before && i < c->extra->n_params; i++)
        if (!strncmp(before, "--", 2) && !strcmp(before + 2, c->extra->params[i].key)) {
            row = (struct option_row){ c->extra->params[i].key, 0, "VALUE", c->extra->params[i].doc, 0, NULL };
            return &row;
        }
    return NULL;
}

static void complete_arguments(struct completion *c, char **words, int n, int used)
{
    const char *before = n - 1 > used ? words[n - 2] : NULL;
    const struct option_row *waits = take_words(c, words + used, n - 1 - used), *other;
    if (!waits && (other = take_extra(c, before)) != NULL) {
        complete_parameter(c, complete_param(c->extra, other->name));
        return;
    }
    const char *equal = strchr(c->word, '=');
    if (!waits && !c->ended && !strncmp(c->word, "--", 2) && equal) {
        waits = find_option(c->cli.command, c->word);
        c->typed = equal + 1;
        if (!waits)
            return;
    }
    if (waits)
        complete_value(c, waits);
    else if (*c->word == '-' && !c->ended)
        offer_options(c);
    else
        complete_argument(c);
}

static int run(const struct cli *cli)
{
    struct completion c = { .out = TEXT_INIT, .files = NULL };
    const int n = cli->n_arguments;
    int used = 0;
    if (!n)
        return cli_usage_error(cli, "something is missing: usage: hone complete WORDS...");
    c.cli.values = calloc((size_t)n + 1, sizeof *c.cli.values);
    c.cli.arguments = calloc((size_t)n + 1, sizeof *c.cli.arguments);
    c.word = c.typed = cli->arguments[n - 1];
    if (!c.cli.values || !c.cli.arguments) {
        c.out.failed = 1;
    } else if (n == 1) {
        offer_commands(&c, NULL);
        offer_words(&c, *c.word == '-' ? "--help --version" : "help");
    } else if (!strcmp(cli->arguments[0], "help")) {
        offer_commands(&c, n > 2 ? cli->arguments[1] : NULL);
    } else if ((c.cli.command = find_command(cli->arguments, n - 1, &used)) != NULL && c.cli.command->summary) {
        complete_arguments(&c, cli->arguments, n, used);
    } else if (n == 2) {
        offer_commands(&c, cli->arguments[0]);
    }
    if (!c.out.failed && !c.files)
        printf("words%s\n", text_string(&c.out));
    else if (!c.out.failed)
        printf("%s %zu%s\n", c.files, (size_t)(c.typed - c.word), text_string(&c.out));
    const int failed = c.out.failed;
    catalog_close(c.catalog);
    text_release(&c.out);
    free(c.cli.values);
    free(c.cli.arguments);
    return failed ? cli_fail(EXIT_FAILED, "out of memory") : EXIT_OK;
}

const struct command command_complete = {
    "complete", NULL, "WORDS...", "Says what the last word may become. For the scripts of 'hone completion'.\n",
    NULL,       0,    -1,         run,
    1
};
