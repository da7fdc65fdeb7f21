/* SPDX-License-Identifier: MIT */
/* Completion: what a word of a command line may become, by the tables of commands, plugins and parameters. Private to
 * core/cli. */
#ifndef HONE_CLI_COMPLETE_H
#define HONE_CLI_COMPLETE_H
#include "base/text.h"
#include "cli/cli.h"

#include <stdlib.h>

struct completion {
    struct cli cli;    /* what stands before the cursor */
    int ended;         /* 1 behind "--" */
    const char *word;  /* at the cursor */
    const char *typed; /* the part of it that is completed: behind "--set=" */
    const char *files; /* "files", "directories": these are offered too; NULL */
    struct text out;   /* lines, each behind a newline */
    struct catalog *catalog;
    const struct catalog_component *extra; /* whose keys are options, too */
};
/* Offers a candidate where it begins with what was typed, once; description: its first sentence is shown; may be NULL. */
void offer(struct completion *c, const char *candidate, const char *description);
void offer_words(struct completion *c, const char *words); /* blanks between them */

/* complete_words.c: by what a placeholder stands for */
void complete_value(struct completion *c, const struct option_row *option);
void complete_argument(struct completion *c);
void complete_parameter(struct completion *c, const hone_param *param); /* its choices */
const hone_param *complete_param(const struct catalog_component *component, const char *key);
/* The kind of plugins that a command runs ("benchmark"), or NULL. */
const char *complete_kind(const struct command *command);
int complete_catalog(struct completion *c); /* 1: c->catalog is open */
/* complete_keys.c: SECTION.KEY=VALUE */
void complete_setting(struct completion *c);
#endif
