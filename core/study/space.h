/* SPDX-License-Identifier: MIT */
/* The space of a study as searches see it, made from the checked lines of [space]; points as text and as numbers. */
#ifndef HONE_STUDY_SPACE_H
#define HONE_STUDY_SPACE_H
#include "base/text.h"
#include "config/space_line.h"
#include "hone/search.h"
#include "plugin/component.h"

struct space {
    hone_space view;             /* what plugins see; dimensions are ordered so that conditions refer to earlier ones */
    hone_settings_memory memory; /* owns everything that view points to */
};

/* lines stay with the caller and must outlive the space (keys and choices are shared). */
hone_rc space_init(struct space *space, const struct space_lines *lines, hone_error *err);
void space_release(struct space *space);

/* Checks what a search proposed: x (n_dims) inside, snapped, NaN exactly where inactive, relations kept. The message names
 * dimension and value: "optimizer.learning_rate = 2 is outside [0.001, 0.5]". */
hone_rc space_check_point(const struct space *space, const double *x, hone_error *err);

/* The value of dimension i as the INI would write it. out: at least 32 bytes; choices are returned as they are. */
const char *space_value_text(const struct space *space, uint32_t i, double v, char *out, size_t n);
/* The inverse: *v from a text that space_value_text wrote. */
hone_rc space_value_parse(const struct space *space, uint32_t i, const char *text, double *v, hone_error *err);
/* Index of a key, or UINT32_MAX. */
uint32_t space_find(const struct space *space, const char *key);
#endif
