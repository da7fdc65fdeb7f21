/* SPDX-License-Identifier: MIT */
/* The grammar of [space]: one line is one dimension, or a relation.
 *
 *     key = real LOW .. HIGH [log] [step S] [if COND [and COND ...]]
 *     key = int LOW .. HIGH [log] [step S] [if ...]
 *     key = normal MEAN DEVIATION [in LOW .. HIGH] [if ...]            real values
 *     key = lognormal MEAN DEVIATION [in LOW .. HIGH] [if ...]         MEAN and DEVIATION of log(x)
 *     key = choice A, B [weight W], C ... [if ...]                     weights: all or none given; default 1
 *     key = ordinal A, B, C ... [if ...]
 *     COND: OTHER = V [| V ...] | OTHER != V [| V ...] | OTHER < V | <= | > | >=
 *     where = a < b, c <= 10                                          (also where.NAME for more lines)
 *
 * Only the syntax and what can be known from a line alone are checked here; values that hold commas or blanks are quoted. */
#ifndef HONE_CONFIG_SPACE_LINE_H
#define HONE_CONFIG_SPACE_LINE_H
#include "base/complaints.h"
#include "hone/search.h"

struct space_condition {
    char    *key;
    uint32_t op; /* HONE_EQ ... */
    char   **values;
    size_t   n_values;
};
struct space_line {
    char        *key;
    struct place place, value_place;
    uint32_t     type, flags; /* HONE_DIM_... */
    double       min, max, step, mean, deviation;
    char       **choices; /* (n_choices) */
    double      *weights; /* (n_choices) sum 1, or NULL */
    size_t       n_choices;
    struct space_condition *conditions;
    size_t                  n_conditions;
};
struct space_relation {
    struct place place;
    char        *key_a, *key_b; /* key_b NULL: constant */
    uint32_t     op;
    double       constant;
};
struct space_lines {
    struct space_line     *lines;
    size_t                 n_lines;
    struct space_relation *relations;
    size_t                 n_relations;
};
struct config;
/* All of [space]. 0, or -1 with complaints. */
int  space_lines_parse(struct space_lines *space, const struct config *config, struct complaints *complaints);
void space_lines_release(struct space_lines *space);
#endif
