/* SPDX-License-Identifier: MIT */
/* hone/settings.h - from text to a component's config struct, by its parameter table. Header only: the host, the
 * conformance tester and the tests of plugins all read values with these functions, so that they cannot differ.
 *
 * Numbers are decimal, whole, finite and in the C locale's notation. Integers and reals may carry a suffix that the
 * parameter's unit allows: "bytes": k, M, G (powers of 1024); "seconds": ms, s, m, h, d. Booleans: yes, no, true, false,
 * on, off, 1, 0. Lists are comma-separated; an empty text is an empty list. [any] */
#ifndef HONE_SETTINGS_H
#define HONE_SETTINGS_H
#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Owns the strings and lists that a config struct points to. Zero it, fill, release. */
typedef struct hone_settings_memory {
    void **blocks;
    size_t n, capacity;
} hone_settings_memory;

static inline void hone_settings_release(hone_settings_memory *memory)
{
    for (size_t i = 0; i < memory->n; i++)
        free(memory->blocks[i]);
    free(memory->blocks);
    memory->blocks = NULL;
    memory->n = memory->capacity = 0;
}

static inline void *hone_settings_allocate(hone_settings_memory *memory, size_t bytes)
{
    void *block;
    if (memory->n == memory->capacity) {
        const size_t capacity = memory->capacity ? memory->capacity * 2 : 8;
        void *more = realloc(memory->blocks, capacity * sizeof *memory->blocks);
        if (!more)
            return NULL;
        memory->blocks = (void **)more;
        memory->capacity = capacity;
    }
    block = calloc(1, bytes ? bytes : 1);
    if (block)
        memory->blocks[memory->n++] = block;
    return block;
}

/* 1 and *out, or 0. */
static inline int hone_parse_bool(const char *text, uint8_t *out)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };
    for (unsigned i = 0; i < 8; i++)
        if (!strcmp(text, words[i])) {
            *out = (uint8_t)(i & 1u);
            return 1;
        }
    return 0;
}

/* Factor of a suffix for a unit, 0: not allowed. "" is 1. */
static inline double hone_unit_factor(const char *unit, const char *suffix)
{
    static const struct {
        const char *unit, *suffix;
        double factor;
    } known[] = { { "bytes", "k", 1024 },    { "bytes", "M", 1048576 }, { "bytes", "G", 1073741824 },
                  { "seconds", "ms", 1e-3 }, { "seconds", "s", 1 },     { "seconds", "m", 60 },
                  { "seconds", "h", 3600 },  { "seconds", "d", 86400 } };
    if (!*suffix)
        return 1;
    for (unsigned i = 0; unit && i < sizeof known / sizeof *known; i++)
        if (!strcmp(unit, known[i].unit) && !strcmp(suffix, known[i].suffix))
            return known[i].factor;
    return 0;
}

/* A finite decimal number with a suffix of the unit (NULL: none). 1 and *out, or 0. */
static inline int hone_parse_real(const char *text, const char *unit, double *out)
{
    char *end;
    double v, factor;
    const char *digits = text + (*text == '-' || *text == '+');
    if (!((*digits >= '0' && *digits <= '9') || (*digits == '.' && digits[1] >= '0' && digits[1] <= '9')))
        return 0; /* refuses blanks, inf, nan */
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
        return 0;
    errno = 0;
    v = strtod(text, &end);
    if (errno == ERANGE && (v > 1 || v < -1))
        return 0;
    factor = hone_unit_factor(unit, end);
    if (!(factor > 0) || !isfinite(v * factor))
        return 0;
    *out = v * factor;
    return 1;
}

/* A decimal integer; "1e6" and "60.0" are not. 1 and *out, or 0. */
static inline int hone_parse_int(const char *text, const char *unit, int64_t *out)
{
    char *end;
    long long v;
    double factor;
    const char *digits = text + (*text == '-' || *text == '+');
    if (!(*digits >= '0' && *digits <= '9') || (digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9'))
        return 0; /* no leading zeros: nobody agrees on what 010 is */
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno == ERANGE)
        return 0;
    factor = hone_unit_factor(unit, end);
    if (!(factor >= 1) || (double)v * factor > 9.2e18 || (double)v * factor < -9.2e18)
        return 0;
    *out = (int64_t)v * (int64_t)factor;
    return 1;
}

/* "[0, 1)", "at least 1", "greater than 0", "at most 5", "any number" */
static inline void hone_param_range(const hone_param *p, char *out, size_t n)
{
    const int low = isfinite(p->min) != 0, high = isfinite(p->max) != 0;
    if (low && high)
        snprintf(out, n, "%c%.15g, %.15g%c", p->flags & HONE_P_LO_OPEN ? '(' : '[', p->min, p->max,
                 p->flags & HONE_P_HI_OPEN ? ')' : ']');
    else if (low)
        snprintf(out, n, "%s %.15g", p->flags & HONE_P_LO_OPEN ? "greater than" : "at least", p->min);
    else if (high)
        snprintf(out, n, "%s %.15g", p->flags & HONE_P_HI_OPEN ? "less than" : "at most", p->max);
    else
        snprintf(out, n, "any number");
}

/* 1 where v may be the parameter's value. */
static inline int hone_param_allows(const hone_param *p, double v)
{
    return !(v < p->min || v > p->max || (v == p->min && p->flags & HONE_P_LO_OPEN) ||
             (v == p->max && p->flags & HONE_P_HI_OPEN));
}

static inline hone_rc hone_param_number_(const hone_param *p, const char *text, int whole, double *real,
                                         int64_t *integer, hone_error *err)
{
    char range[96];
    double v;
    if (whole ? !hone_parse_int(text, p->unit, integer) : !hone_parse_real(text, p->unit, real))
        return hone_fail(err, HONE_EINVAL, p->key, "%s = %.80s is not %s%s%s", p->key, text,
                         whole ? "a whole number" : "a number", p->unit ? " of " : "", p->unit ? p->unit : "");
    v = whole ? (double)*integer : *real;
    if (!hone_param_allows(p, v)) {
        hone_param_range(p, range, sizeof range);
        if (isfinite(p->min) && isfinite(p->max))
            return hone_fail(err, HONE_ERANGE, p->key, "%s = %.80s is outside %s", p->key, text, range);
        return hone_fail(err, HONE_ERANGE, p->key, "%s = %.80s must be %s", p->key, text, range);
    }
    return HONE_OK;
}

/* Parses text as the parameter's value into the config struct (NULL: only checks). Messages read "rate = 1.5 is outside
 * [0, 1)". Paths are stored as given: making them absolute is the host's. */
static inline hone_rc hone_settings_parse(const hone_param *p, const char *text, void *config,
                                          hone_settings_memory *memory, hone_error *err)
{
    char *field = config ? (char *)config + p->offset : NULL;
    hone_rc rc = HONE_OK;
    switch (p->type) {
    case HONE_T_BOOL: {
        uint8_t v = 0;
        if (!hone_parse_bool(text, &v))
            return hone_fail(err, HONE_EINVAL, p->key, "%s = %.80s is neither yes nor no", p->key, text);
        if (field)
            memcpy(field, &v, sizeof v);
        return HONE_OK;
    }
    case HONE_T_INT: {
        int64_t v = 0;
        if ((rc = hone_param_number_(p, text, 1, NULL, &v, err)) == HONE_OK && field)
            memcpy(field, &v, sizeof v);
        return rc;
    }
    case HONE_T_REAL: {
        double v = 0;
        if ((rc = hone_param_number_(p, text, 0, &v, NULL, err)) == HONE_OK && field)
            memcpy(field, &v, sizeof v);
        return rc;
    }
    case HONE_T_ENUM: {
        char all[160] = "";
        size_t used = 0;
        for (uint32_t i = 0; p->choices && p->choices[i]; i++) {
            if (!strcmp(text, p->choices[i])) {
                if (field)
                    memcpy(field, &i, sizeof i);
                return HONE_OK;
            }
            if (used < sizeof all)
                used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", p->choices[i]);
        }
        return hone_fail(err, HONE_EINVAL, p->key, "%s = %.60s is none of %.150s", p->key, text, all);
    }
    case HONE_T_STR:
    case HONE_T_PATH: {
        if (field) {
            const size_t n = strlen(text) + 1;
            char *copy = (char *)hone_settings_allocate(memory, n);
            if (!copy)
                return hone_fail(err, HONE_ENOMEM, p->key, "out of memory for %s", p->key);
            memcpy(copy, text, n);
            memcpy(field, &copy, sizeof copy);
        }
        return HONE_OK;
    }
    case HONE_T_INTS:
    case HONE_T_REALS:
    case HONE_T_STRS: {
        uint64_t n = 0;
        const char *at = text;
        hone_settings_memory scratch = { NULL, 0, 0 };
        hone_settings_memory *owner = field ? memory : &scratch;
        size_t commas = 1;
        char *copy;
        void *values;
        for (const char *c = text; *c; c++)
            commas += *c == ',';
        copy = (char *)hone_settings_allocate(owner, strlen(text) + 1);
        values = hone_settings_allocate(owner, commas * 8); /* int64_t, double and pointers are 8 bytes wide */
        if (!copy || !values) {
            hone_settings_release(&scratch);
            return hone_fail(err, HONE_ENOMEM, p->key, "out of memory for %s", p->key);
        }
        while (*at == ' ' || *at == '\t')
            at++;
        while (*at && rc == HONE_OK) {
            size_t length = strcspn(at, ",");
            const char *next = at[length] ? at + length + 1 : at + length;
            const int more = at[length] == ',';
            while (length && (at[length - 1] == ' ' || at[length - 1] == '\t'))
                length--;
            memcpy(copy, at, length);
            copy[length] = '\0';
            if (!length)
                rc = hone_fail(err, HONE_EINVAL, p->key, "%s = %.80s has an empty element", p->key, text);
            else if (p->type == HONE_T_INTS)
                rc = hone_param_number_(p, copy, 1, NULL, (int64_t *)values + n, err);
            else if (p->type == HONE_T_REALS)
                rc = hone_param_number_(p, copy, 0, (double *)values + n, NULL, err);
            else
                ((const char **)values)[n] = copy;
            n++;
            copy += length + 1;
            at = next;
            while (*at == ' ' || *at == '\t')
                at++;
            if (more && !*at && rc == HONE_OK)
                rc = hone_fail(err, HONE_EINVAL, p->key, "%s = %.80s ends with a comma", p->key, text);
        }
        if (rc == HONE_OK && field) {
            hone_ints list; /* the three list types have one layout */
            list.values = (const int64_t *)values;
            list.n = n;
            memcpy(field, &list, sizeof list);
        }
        hone_settings_release(&scratch);
        return rc;
    }
    default: return hone_fail(err, HONE_EINVAL, p->key, "%s has the unknown type %u", p->key, p->type);
    }
}

/* The i-th parameter of a table with a stride. */
static inline const hone_param *hone_param_at(const hone_param *params, uint32_t stride, uint32_t i)
{
    return (const hone_param *)(const void *)((const char *)params + (size_t)stride * i);
}

/* Fills a zeroed config struct with the defaults; required keys are left zero (strings and lists become empty). */
static inline hone_rc hone_settings_defaults(const hone_param *params, uint32_t n, uint32_t stride, void *config,
                                             hone_settings_memory *memory, hone_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const hone_param *p = hone_param_at(params, stride, i);
        const char *text = p->def                                                                      ? p->def
                           : p->type == HONE_T_STR || p->type == HONE_T_PATH || p->type >= HONE_T_INTS ? ""
                                                                                                       : NULL;
        const hone_rc rc = text ? hone_settings_parse(p, text, config, memory, err) : HONE_OK;
        if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

/* 1 where "key=a|b" (or NULL) holds for the text that lookup gives for the key; NULL counts as "". */
static inline int hone_active_if(const char *condition, const char *(*lookup)(void *ctx, const char *key), void *ctx)
{
    char key[64];
    const char *equal, *value, *at;
    if (!condition || !(equal = strchr(condition, '=')) || (size_t)(equal - condition) >= sizeof key)
        return 1;
    memcpy(key, condition, (size_t)(equal - condition));
    key[equal - condition] = '\0';
    value = lookup(ctx, key);
    if (!value)
        value = "";
    for (at = equal + 1;; at++) {
        const size_t length = strcspn(at, "|");
        if (strlen(value) == length && !memcmp(value, at, length))
            return 1;
        at += length;
        if (!*at)
            return 0;
    }
}
#endif /* HONE_SETTINGS_H */
