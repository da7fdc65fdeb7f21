/* SPDX-License-Identifier: MIT */
/* The grammar of [space]: one line is one dimension, or a relation.
 *
 *     key = real LOW .. HIGH [log] [step S] [if COND [and COND ...]]
 *     key = int LOW .. HIGH [log] [step S] [if ...]
 *     key = normal MEAN DEVIATION [in LOW .. HIGH] [if ...]            real values
 *     key = lognormal MEAN DEVIATION [in LOW .. HIGH] [if ...]         MEAN and DEVIATION of log(x)
 *     key = choice A, B [weight W], C ... [if ...]                     weights: all or none given; default 1
 *     key = ordinal A, B, C ... [if ...]
 *     key = fixed V                                                    one value; a number where the key takes numbers,
 * else a choice of one (always under COMPOSE_TRAIN) COND: OTHER = V [| V ...] | OTHER != V [| V ...] | OTHER < V | <= |
 * > | >= where = a < b, c <= 10                                          (also where.NAME for more lines)
 *
 * Only the syntax and what can be known from a line alone are checked here. Choices that hold commas or blanks, or look
 * like a word of the grammar, are quoted with " or '. Two dots separate bounds with or without blanks around them. */
#ifndef HONE_CONFIG_SPACE_LINE_H
#define HONE_CONFIG_SPACE_LINE_H
#include "base/complaints.h"
#include "base/text.h"
#include "hone/search.h"

struct space_condition {
    char *key;
    uint32_t op; /* HONE_EQ ... */
    char **values;
    size_t n_values;
};
struct space_line {
    char *key;
    struct place place, value_place;
    uint32_t type, flags;                   /* HONE_DIM_... */
    double min, max, step, mean, deviation; /* as in hone_dim: infinite bounds, step 0 or (int) at least 1 */
    char **choices;                         /* (n_choices) */
    double *weights;                        /* (n_choices) sum 1, or NULL */
    size_t n_choices;
    int fixed;
    struct space_condition *conditions;
    size_t n_conditions;
};
struct space_relation {
    struct place place;
    char *key_a, *key_b; /* key_b NULL: constant */
    uint32_t op;
    double constant;
};
struct space_text { /* a line of [space] as it was written */
    char *key, *text;
    struct place place;
};
struct space_lines {
    struct space_line *lines; /* in an order in which conditions refer to earlier lines, once the composition is made */
    size_t n_lines;
    struct space_relation *relations;
    size_t n_relations;
    struct space_text *texts; /* all of them, in the order of the INI */
    size_t n_texts;
};
struct config;
/* All of [space]. 0, or -1 with complaints. */
int space_lines_parse(struct space_lines *space, const struct config *config, struct complaints *complaints);
/* Keeps what is fixed, drops what varies. */
void space_lines_keep_fixed(struct space_lines *space);
/* "fixed V", quoted where V needs it; 0: no quotes fit. */
int space_write_fixed(struct text *out, const char *value);
const struct space_line *space_lines_find(const struct space_lines *space, const char *key);
void space_lines_release(struct space_lines *space);
#endif
