/* SPDX-License-Identifier: MIT */
/* Dispatch and options: getopt_long on what the command's table says. */
#include "cli/cli.h"

#include "base/suggest.h"
#include "cli/version.h"
#include "hone/settings.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define COMMAND(name) extern const struct command command_##name;
#include "cli/commands.def"
#undef COMMAND

const struct command *const cli_commands[] = {
#define COMMAND(name) &command_##name,
#include "cli/commands.def"
#undef COMMAND
    NULL
};

int cli_fail(int code, const char *format, ...)
{
    va_list args;
    fputs("hone: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return code;
}

int cli_complaints(struct complaints *complaints)
{
    const int missing = complaints->n > 0 && complaints->missing == complaints->n;
    complaints_print(complaints, stderr);
    return missing ? cli_fail(EXIT_PLUGIN, "--plugin-path DIR, or HONE_PLUGIN_PATH, names a folder with more plugins")
                   : EXIT_CONFIGURATION;
}

int cli_usage_error(const struct cli *cli, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "hone %s: ", cli->command->name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\ntry 'hone %s --help'\n", cli->command->name);
    return EXIT_USAGE;
}

int cli_finish(int code)
{
    const int failed = fflush(stdout) != 0 || ferror(stdout);
    if (failed && errno != EPIPE && code == EXIT_OK)
        return cli_fail(EXIT_FAILED, "standard output: %s", strerror(errno));
    return code;
}

int cli_colour(FILE *stream)
{
    const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if ((no && *no) || (terminal && !strcmp(terminal, "dumb")))
        return 0;
    return isatty(fileno(stream));
}

/* ---- what was given ---- */

int cli_has(const struct cli *cli, const char *option)
{
    for (size_t i = 0; i < cli->n_values; i++)
        if (!strcmp(cli->values[i].option->name, option))
            return 1;
    return 0;
}

const char *cli_next(const struct cli *cli, const char *option, size_t *position)
{
    for (; *position < cli->n_values; ++*position)
        if (!strcmp(cli->values[*position].option->name, option))
            return cli->values[(*position)++].value;
    return NULL;
}

const char *cli_value(const struct cli *cli, const char *option)
{
    const char *last = NULL, *next;
    for (size_t position = 0; (next = cli_next(cli, option, &position)) != NULL;)
        last = next;
    return last;
}

int cli_format(const struct cli *cli, enum output_format *format)
{
    const char *name = cli_value(cli, "format");
    *format = OUTPUT_TEXT;
    if (name && !output_format_parse(name, format))
        return cli_usage_error(cli, "--format %s is none of text, csv, json", name);
    return 0;
}

int cli_number(const struct cli *cli, const char *option, int64_t min, int64_t *value)
{
    const char *text = cli_value(cli, option);
    int64_t number;
    if (!text)
        return 0;
    if (!hone_parse_int(text, NULL, &number))
        return cli_usage_error(cli, "--%s %s is not a whole number", option, text);
    if (number < min)
        return cli_usage_error(cli, "--%s %s must be at least %lld", option, text, (long long)min);
    *value = number;
    return 0;
}

int cli_catalog(const struct cli *cli, struct catalog **catalog)
{
    hone_error err = HONE_ERROR_INIT;
    struct catalog_options options = { NULL, 0, cli_has(cli, "no-default-path"), cli_has(cli, "rescan"), NULL };
    const char **paths = calloc(cli->n_values + 1, sizeof *paths);
    const char *path;
    *catalog = NULL;
    if (!paths)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (size_t position = 0; (path = cli_next(cli, "plugin-path", &position)) != NULL;)
        paths[options.n_paths++] = path;
    options.paths = paths;
    const hone_rc rc = catalog_open(catalog, &options, &err);
    free(paths);
    if (rc == HONE_OK)
        return 0;
    return cli_fail(rc == HONE_EINVAL ? EXIT_USAGE : EXIT_FAILED, "%s", err.msg);
}

/* ---- help ---- */

static void print_option(const struct option_row *row)
{
    enum { COLUMN = 26 };
    char left[80], letter[8] = "    ";
    if (row->letter)
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    const int n = snprintf(left, sizeof left, "  %s--%s%s%s", letter, row->name, row->argument ? " " : "",
                           row->argument ? row->argument : "");
    printf("%s%s%*s%s\n", left, n >= COLUMN ? "\n" : "", n >= COLUMN ? COLUMN : COLUMN - n, "", row->help);
}

const struct option_row cli_help_row = { "help", 'h', NULL, "print this and exit", 0 };

static int print_help(const struct command *command)
{
    printf("usage: hone %s %s\n\n%s.\n", command->name, command->usage, command->summary);
    if (command->details)
        printf("\n%s", command->details);
    printf("\noptions:\n");
    for (const struct option_row *row = command->options; row && row->name; row++)
        print_option(row);
    print_option(&cli_help_row);
    return EXIT_OK;
}

static void print_commands(FILE *out)
{
    fprintf(out,
            "usage: hone COMMAND [options]\n\n"
            "Tunes and regularizes deep networks, and anything else that has parameters and a result.\n\ncommands:\n");
    for (const struct command *const *c = cli_commands; *c; c++)
        if ((*c)->summary)
            fprintf(out, "  %-14s %s\n", (*c)->name, (*c)->summary);
    fprintf(out, "\n'hone COMMAND --help' tells about a command, 'hone --version' what this is.\n");
}

/* ---- parsing ---- */

enum { HELP = 256, FIRST_ROW = 1000 };

static size_t count_rows(const struct command *command)
{
    size_t n = 0;
    while (command->options && command->options[n].name)
        n++;
    return n;
}

static int unknown_option(const struct cli *cli, const char *word)
{
    struct suggestion s;
    const char *name = word;
    while (*name == '-')
        name++;
    char bare[64];
    const size_t length = strcspn(name, "=");
    snprintf(bare, sizeof bare, "%.*s", (int)(length < 63 ? length : 63), name);
    suggestion_start(&s, bare);
    for (size_t i = 0; i < count_rows(cli->command); i++)
        suggestion_offer(&s, cli->command->options[i].name);
    suggestion_offer(&s, cli_help_row.name);
    if (s.best)
        return cli_usage_error(cli, "unknown option '--%s'; did you mean '--%s'?", bare, s.best);
    return cli_usage_error(cli, "unknown option '--%s'", bare);
}

static int bad_option(const struct cli *cli, int what, char **argv, const struct option *longs)
{
    const char *word = argv[optind - 1];
    if (what == ':') {
        if (optopt >= FIRST_ROW)
            return cli_usage_error(cli, "--%s needs %s", cli->command->options[optopt - FIRST_ROW].name,
                                   cli->command->options[optopt - FIRST_ROW].argument);
        return cli_usage_error(cli, "-%c needs a value", optopt);
    }
    if (optopt >= HELP) { /* a switch with a value */
        for (; longs->name; longs++)
            if (longs->val == optopt)
                return cli_usage_error(cli, "--%s takes no value", longs->name);
    }
    if (optopt)
        return cli_usage_error(cli, "unknown option '-%c'", optopt);
    return unknown_option(cli, word);
}

static int take_option(struct cli *cli, const struct option_row *row, const char *value)
{
    if (!row->repeated && cli_has(cli, row->name))
        return cli_usage_error(cli, "--%s is given twice", row->name);
    cli->values[cli->n_values++] = (struct cli_value){ row, row->argument ? value : NULL };
    return 0;
}

/* 0: run it; -1: help was asked for; else the exit code. argv[0] is the command's last word. */
static int parse(struct cli *cli, int argc, char **argv, struct option *longs, char *shorts)
{
    const size_t n = count_rows(cli->command);
    int what, code;
    char *at = shorts;
    *at++ = ':'; /* tell a missing value from an unknown option, and print nothing */
    *at++ = 'h';
    for (size_t i = 0; i < n; i++) {
        const struct option_row *row = &cli->command->options[i];
        longs[i] = (struct option){ row->name, row->argument ? required_argument : no_argument, NULL,
                                    FIRST_ROW + (int)i };
        if (row->letter) {
            *at++ = row->letter;
            if (row->argument)
                *at++ = ':';
        }
    }
    *at = '\0';
    longs[n] = (struct option){ cli_help_row.name, no_argument, NULL, HELP };
    longs[n + 1] = (struct option){ NULL, 0, NULL, 0 };
    opterr = 0;
    optind = 0; /* glibc: start afresh */
    while ((what = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (what == HELP || what == 'h')
            return -1;
        if (what == '?' || what == ':')
            return bad_option(cli, what, argv, longs);
        size_t row = (size_t)what - FIRST_ROW;
        if (what < FIRST_ROW)
            for (row = 0; cli->command->options[row].letter != what; row++)
                ;
        if ((code = take_option(cli, &cli->command->options[row], optarg)) != 0)
            return code;
    }
    cli->arguments = argv + optind;
    cli->n_arguments = argc - optind;
    if (cli->n_arguments < cli->command->min_arguments)
        return cli_usage_error(cli, "something is missing: usage: hone %s %s", cli->command->name, cli->command->usage);
    if (cli->command->max_arguments >= 0 && cli->n_arguments > cli->command->max_arguments)
        return cli_usage_error(cli, "unexpected argument '%s'", cli->arguments[cli->command->max_arguments]);
    return 0;
}

int cli_run(const struct command *command, int argc, char **argv)
{
    const size_t n = count_rows(command);
    struct cli cli = { command, NULL, 0, argv + 1, argc - 1 };
    struct option *longs = NULL;
    char *shorts = NULL;
    int code;
    if (command->raw)
        return command->run(&cli);
    longs = calloc(n + 2, sizeof *longs);
    shorts = calloc(2 * n + 3, 1);
    cli.values = calloc((size_t)argc + 1, sizeof *cli.values);
    if (!longs || !shorts || !cli.values)
        code = cli_fail(EXIT_FAILED, "out of memory");
    else if ((code = parse(&cli, argc, argv, longs, shorts)) == 0)
        code = command->run(&cli);
    else if (code < 0)
        code = print_help(command);
    free(cli.values);
    free(longs);
    free(shorts);
    return code;
}

static int unknown_command(const char *first, const char *second)
{
    struct suggestion s;
    const size_t n = strlen(first);
    char both[128], list[256] = "";
    size_t used = 0;
    for (const struct command *const *c = cli_commands; *c; c++) /* "plugin" alone, or with an unknown second word */
        if (!strncmp((*c)->name, first, n) && (*c)->name[n] == ' ' && used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s'hone %s'", used ? ", " : "", (*c)->name);
    if (used && !second)
        return cli_fail(EXIT_USAGE, "'%s' needs a second word: %s", first, list);
    snprintf(both, sizeof both, "%.60s%s%.60s", first, used ? " " : "", used ? second : "");
    suggestion_start(&s, both);
    for (const struct command *const *c = cli_commands; *c; c++)
        if ((*c)->summary)
            suggestion_offer(&s, (*c)->name);
    if (s.best)
        return cli_fail(EXIT_USAGE, "unknown command '%s'; did you mean '%s'?", both, s.best);
    return cli_fail(EXIT_USAGE, "unknown command '%s'; try 'hone --help'", both);
}

int cli_main(int argc, char **argv)
{
    int shift = 1, help = 0;
    if (argc < 2) {
        print_commands(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
        return argc == 2 ? version_print() : cli_fail(EXIT_USAGE, "--version takes no argument; try 'hone --help'");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (!strcmp(argv[1], "help") && argc == 2)) {
        print_commands(stdout);
        return EXIT_OK;
    }
    if (!strcmp(argv[1], "help")) {
        help = 1;
        shift = 2;
    } else if (argv[1][0] == '-') {
        return cli_fail(EXIT_USAGE, "unknown option '%s' before a command; try 'hone --help'", argv[1]);
    }
    const char *first = argv[shift], *second = shift + 1 < argc ? argv[shift + 1] : NULL;
    for (const struct command *const *c = cli_commands; *c; c++) {
        const char *name = (*c)->name, *blank = strchr(name, ' ');
        const size_t n = strlen(first);
        if (help && !(*c)->summary)
            continue;
        if (!blank ? strcmp(name, first)
                   : !second || strncmp(name, first, n) || name[n] != ' ' || strcmp(blank + 1, second))
            continue;
        const int used = shift + (blank != NULL);
        return help ? print_help(*c) : cli_run(*c, argc - used, argv + used);
    }
    return unknown_command(first, second);
}
