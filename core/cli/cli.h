/* SPDX-License-Identifier: MIT */
/* The command line: a command is a file core/cli/NAME.c that defines `const struct command command_NAME` and has its
 * line in commands.def. Its table of options drives parsing, --help, did-you-mean and the man page. */
#ifndef HONE_CLI_CLI_H
#define HONE_CLI_CLI_H
#include "base/complaints.h"
#include "base/output.h"
#include "plugin/catalog.h"

#include <stddef.h>
#include <stdio.h>

/* DESIGN.md, section 7; 128+n: ended by signal n. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,        /* something went wrong while running */
    EXIT_USAGE = 2,         /* unknown command, option, argument */
    EXIT_CONFIGURATION = 3, /* the INI files are not in order */
    EXIT_PLUGIN = 4,        /* a plugin is missing, broken or of another ABI */
    EXIT_NO_TRIAL = 5       /* the study ended without a finished trial */
};

struct option_row {
    const char *name;     /* "plugin-path" */
    char letter;          /* 'q' for -q, or 0 */
    const char *argument; /* "DIR" as --help shows it; NULL: a switch */
    const char *help;     /* one line, no full stop */
    int repeated;         /* may be given more than once, all values count; else twice is an error */
    const char *choices; /* the values that there are, blanks between them: what completion offers; NULL: by argument */
};
/* Rows shared by many commands: put them into the table. */
#define OPTION_PLUGIN_PATH                                                                             \
    {                                                                                                  \
        "plugin-path", 0, "DIR",                                                                       \
            "search for plugins here first (repeatable; then $HONE_PLUGIN_PATH, then the defaults)", 1 \
    }
#define OPTION_NO_DEFAULT_PATH                                                                          \
    {                                                                                                   \
        "no-default-path", 0, NULL, "search for plugins only in --plugin-path and $HONE_PLUGIN_PATH", 0 \
    }
#define OPTION_FORMAT                                                            \
    {                                                                            \
        "format", 0, "FORMAT", "text (default), csv or json", 0, "text csv json" \
    }
#define OPTION_SET                                                                          \
    {                                                                                       \
        "set", 0, "SECTION.KEY=VALUE", "set a key after all files are read (repeatable)", 1 \
    }
#define OPTION_STUDY                                                        \
    {                                                                       \
        "study", 0, "NAME", "the study, where the storage holds several", 0 \
    }
#define OPTION_QUIET                                                    \
    {                                                                   \
        "quiet", 'q', NULL, "print nothing but failures and results", 0 \
    }

struct cli;
struct command {
    const char *name;                  /* "plugins", "plugin check" */
    const char *summary;               /* one line for `hone --help`; NULL: not shown there */
    const char *usage;                 /* what follows the name: "FILE... [options]" */
    const char *details;               /* paragraphs for `hone NAME --help`, lines of at most 80; may be NULL */
    const struct option_row *options;  /* ends with name NULL; may be NULL. --help is added */
    int min_arguments, max_arguments;  /* of what is no option; max -1: any number */
    int (*run)(const struct cli *cli); /* the exit code */
    int raw;                           /* 1: arguments are passed on as they are, options and --help too */
};

/* A parsed command line. Strings are argv's. */
struct cli_value {
    const struct option_row *option;
    const char *value; /* NULL: a switch */
};
struct cli {
    const struct command *command;
    struct cli_value *values; /* (n_values) in the order given */
    size_t n_values;
    char **arguments; /* (n_arguments), NULL behind them */
    int n_arguments;
};

int cli_has(const struct cli *cli, const char *option);
const char *cli_value(const struct cli *cli, const char *option);                  /* the last one, or NULL */
const char *cli_next(const struct cli *cli, const char *option, size_t *position); /* start with 0; NULL: no more */
/* --format; on a bad one says so and returns EXIT_USAGE, else 0. */
int cli_format(const struct cli *cli, enum output_format *format);
/* A whole number of at least `min` in an option; *value is kept where it was not given. 0 or EXIT_USAGE. */
int cli_number(const struct cli *cli, const char *option, int64_t min, int64_t *value);

/* Parses argv (argv[0] is not looked at) by the command's table and runs it, or prints its help; the exit code. For commands
 * that make the table of a sub-command while running. */
int cli_run(const struct command *command, int argc, char **argv);
/* "hone run: message" and "try 'hone run --help'" on standard error; EXIT_USAGE. */
int cli_usage_error(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "hone: message" on standard error; returns code. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Shows what is wrong with the user's input. EXIT_CONFIGURATION; EXIT_PLUGIN where nothing is but that plugins are missing. */
int cli_complaints(struct complaints *complaints);
/* Opens the catalog as --plugin-path, --no-default-path and --rescan say. 0, or the exit code after having said why. */
int cli_catalog(const struct cli *cli, struct catalog **catalog);
/* 1 where escape sequences for colour may be written: a terminal, no NO_COLOR, TERM not dumb. */
int cli_colour(FILE *stream);
/* The end of everything printed: EXIT_OK, or EXIT_FAILED after having said that standard output could not be written.
 * A reader that has gone (EPIPE) is no failure. `code` is returned where it is not EXIT_OK. */
int cli_finish(int code);

/* The table of all commands: NULL at the end. */
extern const struct command *const cli_commands[];
/* --help, which every command has. */
extern const struct option_row cli_help_row;
/* What main does, for tests: dispatches argv. */
int cli_main(int argc, char **argv);
#endif
