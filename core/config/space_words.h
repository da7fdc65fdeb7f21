/* SPDX-License-Identifier: MIT */
/* The words of [space]'s grammar: a cursor over one value, and what every line is made of. Private to core/config.
 *
 * Functions return 0 with the cursor behind what was read, or -1 with a complaint at the word at fault. */
#ifndef HONE_CONFIG_SPACE_WORDS_H
#define HONE_CONFIG_SPACE_WORDS_H
#include "config/config.h"

#include <stdint.h>

struct parser {
    const struct config_item *item;
    const char *text; /* the value */
    size_t at;
    struct complaints *complaints;
};

/* Complains at a byte of the value, and returns -1. */
#define FAIL(p, offset, ...)                                \
    do {                                                    \
        const struct place place_ = words_place(p, offset); \
        complain((p)->complaints, &place_, __VA_ARGS__);    \
        return -1;                                          \
    } while (0)

struct place words_place(const struct parser *p, size_t offset);
void words_skip_blanks(struct parser *p);
/* Length of the run at the cursor without blanks, commas and the bytes of `stop`. */
size_t words_run(const struct parser *p, const char *stop);
/* 1 and the cursor behind the word (the sign), where it comes next. */
int words_take(struct parser *p, const char *word);
int words_take_sign(struct parser *p, const char *sign);
/* What is at the cursor for a message: the word in quotes, at most 40 bytes, or "the end of the line". size >= 64. */
const char *words_seen(const struct parser *p, char *buffer, size_t size);
int words_number(struct parser *p, const char *what, double *out);
int words_bounds(struct parser *p, const char *key, double *low, double *high); /* LOW .. HIGH */
/* A choice: quoted, or up to a blank, comma or a byte of `stop`. Malloc'ed into *out. */
int words_value(struct parser *p, const char *stop, const char *what, char **out);
int words_key(struct parser *p, char **key);        /* malloc'ed */
int words_operator(struct parser *p, uint32_t *op); /* HONE_EQ ... */
#endif
