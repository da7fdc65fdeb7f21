/* SPDX-License-Identifier: MIT */
/* objective/command: the text of `run` as words with placeholders. */
#include "template.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_KEY = 256 };

void text_release(struct text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}

hone_rc text_add(struct text *text, const char *bytes, size_t n, hone_error *err)
{
    if (text->capacity - text->n < n + 1) {
        const size_t capacity = 2 * (text->capacity + n + 16);
        char *more = (char *)realloc(text->bytes, capacity);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "run", "out of memory for the command");
        text->bytes = more;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
    text->bytes[text->n] = '\0';
    return HONE_OK;
}

void words_release(struct words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->word[i]);
    free(words->word);
    memset(words, 0, sizeof *words);
}

hone_rc words_add(struct words *words, const char *bytes, size_t n, hone_error *err)
{
    char *copy = (char *)malloc(n + 1);
    if (copy && words->capacity - words->n < 2) {
        const size_t capacity = words->capacity ? words->capacity * 2 : 16;
        char **more = (char **)realloc(words->word, capacity * sizeof *more);
        if (more) {
            words->word = more;
            words->capacity = capacity;
        }
    }
    if (!copy || words->capacity - words->n < 2) {
        free(copy);
        return hone_fail(err, HONE_ENOMEM, "run", "out of memory for the command");
    }
    memcpy(copy, bytes, n);
    copy[n] = '\0';
    words->word[words->n++] = copy;
    words->word[words->n] = NULL;
    return HONE_OK;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Appends one word from *at on and moves *at behind it. */
static hone_rc split_word(struct text *word, const char **at, hone_error *err)
{
    const char *c = *at;
    char quote = '\0';
    hone_rc rc = text_add(word, "", 0, err); /* "" is a word too */
    for (; rc == HONE_OK && *c && (quote || !is_blank(*c)); c++) {
        if (quote && *c == quote)
            quote = '\0';
        else if (!quote && (*c == '\'' || *c == '"'))
            quote = *c;
        else if (*c == '\\' && c[1] && (!quote || (quote == '"' && strchr("\"\\$`", c[1]))))
            rc = text_add(word, ++c, 1, err);
        else
            rc = text_add(word, c, 1, err);
    }
    if (rc == HONE_OK && quote)
        return hone_fail(err, HONE_EINVAL, "run", "run has a %s quote that is not closed",
                         quote == '"' ? "double" : "single");
    *at = c;
    return rc;
}

hone_rc words_split(struct words *words, const char *text, hone_error *err)
{
    struct text word = { NULL, 0, 0 };
    hone_rc rc = HONE_OK;
    for (;;) {
        while (is_blank(*text))
            text++;
        if (!*text)
            break;
        word.n = 0;
        if ((rc = split_word(&word, &text, err)) < 0 || (rc = words_add(words, word.bytes, word.n, err)) < 0)
            break;
    }
    text_release(&word);
    return rc;
}

static hone_rc add_quoted(struct text *out, const char *value, hone_error *err)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+@%-";
    hone_rc rc;
    if (*value && strspn(value, plain) == strlen(value))
        return text_add(out, value, strlen(value), err);
    rc = text_add(out, "'", 1, err);
    for (; rc == HONE_OK && *value; value++)
        rc = *value == '\'' ? text_add(out, "'\\''", 4, err) : text_add(out, value, 1, err);
    return rc < 0 ? rc : text_add(out, "'", 1, err);
}

/* A placeholder: at points behind its {, end to its }. */
static hone_rc expand_one(struct text *out, const char *at, const char *end, int shell, template_lookup lookup,
                          void *ctx, hone_error *err)
{
    char key[MOST_KEY], fallback[MOST_KEY];
    const char *bar = (const char *)memchr(at, '|', (size_t)(end - at)), *value;
    const size_t n = (size_t)((bar ? bar : end) - at), rest = bar ? (size_t)(end - bar - 1) : 0;
    const size_t good = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
    if (!n || good != n || n >= sizeof key || rest >= sizeof fallback)
        return hone_fail(err, HONE_EINVAL, "run",
                         "{%.*s} in run is no placeholder: write {key} or {key|text}, and {{ }} for braces",
                         (int)(end - at < 60 ? end - at : 60), at);
    memcpy(key, at, n);
    key[n] = '\0';
    if (bar)
        memcpy(fallback, bar + 1, rest);
    fallback[rest] = '\0';
    value = lookup(ctx, key, bar ? fallback : NULL, err);
    if (!value)
        return HONE_EINVAL;
    return shell ? add_quoted(out, value, err) : text_add(out, value, strlen(value), err);
}

hone_rc template_expand(struct text *out, const char *word, int shell, template_lookup lookup, void *ctx,
                        hone_error *err)
{
    hone_rc rc = text_add(out, "", 0, err);
    while (rc == HONE_OK && *word) {
        const size_t n = strcspn(word, "{}");
        if ((rc = text_add(out, word, n, err)) < 0)
            break;
        word += n;
        if (!*word)
            break;
        if (word[1] == word[0]) {
            rc = text_add(out, word, 1, err);
            word += 2;
        } else {
            const char *end = *word == '{' ? strchr(word, '}') : NULL;
            if (!end)
                return hone_fail(err, HONE_EINVAL, "run",
                                 "run has a %c without its partner at '%.40s': write %c%c for the brace itself", *word,
                                 word, *word, *word);
            rc = expand_one(out, word + 1, end, shell, lookup, ctx, err);
            word = end + 1;
        }
    }
    return rc;
}
