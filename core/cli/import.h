/* SPDX-License-Identifier: MIT */
/* Trials of another study as trials of this one: names, values and objectives translated, and what does not fit said. For `hone
 * import`. */
#ifndef HONE_CLI_IMPORT_H
#define HONE_CLI_IMPORT_H
#include "base/text.h"
#include "cli/cli.h"
#include "hone/storage.h"
#include "study/space.h"

struct translation {
    const struct cli *cli; /* --map, --ignore */
    const struct space *space;
    const hone_study_record *from;
    const char *const *objectives; /* (from->n_objectives) of this study, by position */
    double *x;                     /* (n_dims) of the trial at hand */
};
/* The key of [space] that a parameter of the other study stands for: itself, or as --map says; NULL: --ignore. */
const char *translation_key(const struct translation *t, const char *name);
/* Holds the other study's space, as far as its configuration tells it, against this one: kinds of values that cannot go together are
 * complained of, other scales noted. How many complaints, -1: out of memory. */
int translation_check_space(const struct translation *t, struct text *notes);
/* All keys, values and metrics of a complete trial as the text of a request to tell it (HONE_REQUEST_TELL); t->x is its point. Left out:
 * HONE_ERANGE, and why. HONE_EINVAL: a name that is no key. */
hone_rc translation_trial(const struct translation *t, const hone_trial_record *record, struct text *lines,
                          hone_error *err);
#endif
