/* SPDX-License-Identifier: MIT */
/* objective/command: the text of `run` as words with placeholders. [any] */
#ifndef HONE_COMMAND_TEMPLATE_H
#define HONE_COMMAND_TEMPLATE_H
#include "hone/plugin.h"

struct text { /* grows; always NUL-terminated once something was added */
    char *bytes;
    size_t n, capacity;
};
void text_release(struct text *text);
hone_rc text_add(struct text *text, const char *bytes, size_t n, hone_error *err);

struct words {
    char **word; /* (n), then NULL */
    size_t n, capacity;
};
void words_release(struct words *words);
hone_rc words_add(struct words *words, const char *bytes, size_t n, hone_error *err);

/* Splits as a POSIX shell splits words: blanks separate, '...' is literal, "..." keeps blanks and knows \" and \\, a
 * backslash outside quotes takes the next byte literally. Placeholders stay as they are. */
hone_rc words_split(struct words *words, const char *text, hone_error *err);

/* The value of a placeholder's key, or NULL. fallback: the text after | or NULL. */
typedef const char *(*template_lookup)(void *ctx, const char *key, const char *fallback, hone_error *err);

/* Appends `word` with {key} and {key|fallback} replaced, {{ and }} as braces. shell: values are quoted for sh unless
 * they are plain. HONE_EINVAL where lookup says NULL (its *err stands) or the braces are wrong. */
hone_rc template_expand(struct text *out, const char *word, int shell, template_lookup lookup, void *ctx,
                        hone_error *err);
#endif /* HONE_COMMAND_TEMPLATE_H */
