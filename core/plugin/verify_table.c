/* SPDX-License-Identifier: MIT */
/* Parameter tables: keys, types, ranges, defaults, choices, conditions, and where each field lies in the config
 * struct. */
#include "plugin/verify.h"

#include <string.h>

enum {
    MAX_STRUCT = 65536, /* no struct of the ABI comes near; a size above is a wild number */
    MAX_PARAMS = 4096,
    MAX_CONFIG = 1 << 24,
    MAX_KEY = 63, /* hone_error.param must hold it */
    MAX_CHOICES = 256
};
enum {
    KNOWN_FLAGS = HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN | HONE_P_HI_OPEN | HONE_P_ADVANCED | HONE_P_DEPRECATED
};

static const struct {
    const char *name;
    uint32_t size, alignment;
} types[] = {
    [HONE_T_BOOL] = { "bool", 1, 1 },  [HONE_T_INT] = { "int", 8, 8 },      [HONE_T_REAL] = { "real", 8, 8 },
    [HONE_T_ENUM] = { "enum", 4, 4 },  [HONE_T_STR] = { "string", 8, 8 },   [HONE_T_PATH] = { "path", 8, 8 },
    [HONE_T_INTS] = { "ints", 16, 8 }, [HONE_T_REALS] = { "reals", 16, 8 }, [HONE_T_STRS] = { "strings", 16, 8 },
};
_Static_assert(sizeof(void *) == 8 && sizeof(hone_ints) == 16 && sizeof(hone_reals) == 16 && sizeof(hone_strings) == 16,
               "LP64");

int verify_name(const char *name)
{
    size_t n = 0;
    if (!name || !(name[0] >= 'a' && name[0] <= 'z'))
        return 0;
    for (; name[n]; n++)
        if (n >= MAX_KEY ||
            !((name[n] >= 'a' && name[n] <= 'z') || (name[n] >= '0' && name[n] <= '9') || name[n] == '_'))
            return 0;
    return 1;
}

int verify_copy(void *to, size_t known, const void *from, size_t size, const char *where, const char *structure,
                struct problems *problems)
{
    const unsigned char *bytes = from;
    if (size < 8 || size > MAX_STRUCT) {
        problem(problems, where, "%s has size %zu, which cannot be", structure, size);
        return 1;
    }
    for (size_t i = known; i < size; i++)
        if (bytes[i]) {
            problem(problems, where, "uses fields of %s that this hone does not know (byte %zu of %zu)", structure, i,
                    size);
            return 1;
        }
    memcpy(to, from, size < known ? size : known);
    return 0;
}

static int numeric(uint32_t type)
{
    return type == HONE_T_INT || type == HONE_T_REAL || type == HONE_T_INTS || type == HONE_T_REALS;
}

static void check_choices(const hone_param *p, const char *where, struct problems *problems)
{
    if (p->type != HONE_T_ENUM) {
        if (p->choices)
            problem(problems, where, "has choices although it is no enum");
        return;
    }
    if (!p->choices || !p->choices[0]) {
        problem(problems, where, "is an enum without choices");
        return;
    }
    for (uint32_t i = 0; p->choices[i]; i++) {
        if (i == MAX_CHOICES) {
            problem(problems, where, "has more than %d choices, or no NULL behind them", MAX_CHOICES);
            return;
        }
        if (!*p->choices[i] || strpbrk(p->choices[i], " \t\r\n|,"))
            problem(problems, where, "has the choice '%s': no blanks, commas or bars, and not empty", p->choices[i]);
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(p->choices[i], p->choices[k]))
                problem(problems, where, "has the choice '%s' twice", p->choices[i]);
    }
}

static void check_place(const hone_param *p, uint32_t config_size, const char *where, struct problems *problems)
{
    const uint32_t size = types[p->type].size;
    if (p->offset > config_size || config_size - p->offset < size)
        problem(problems, where, "lies at bytes %u to %u of a config struct of %u", p->offset, p->offset + size - 1,
                config_size);
    else if (p->offset % types[p->type].alignment)
        problem(problems, where, "(%s) lies at offset %u, which is not a multiple of %u", types[p->type].name,
                p->offset, types[p->type].alignment);
}

static void check_param(const hone_param *p, uint32_t config_size, const char *where, struct problems *problems)
{
    hone_error err = HONE_ERROR_INIT;
    hone_settings_memory none = { NULL, 0, 0 }; /* without a config struct nothing is allocated in it */
    if (!verify_name(p->key)) {
        problem(problems, where, "is no key: lower-case letters, digits and _, a letter first, at most %d", MAX_KEY);
        return;
    }
    if (!strcmp(p->key, "use") || !strcmp(p->key, "enabled"))
        problem(problems, where, "is a key that every section has already");
    if (p->type < HONE_T_BOOL || p->type > HONE_T_STRS) {
        problem(problems, where, "has the unknown type %u", p->type);
        return;
    }
    if (p->flags & ~(uint32_t)KNOWN_FLAGS)
        problem(problems, where, "has unknown flags %#x", p->flags & ~(uint32_t)KNOWN_FLAGS);
    if (p->reserved)
        problem(problems, where, "sets the reserved word");
    if (!p->doc || !*p->doc)
        problem(problems, where, "has no doc");
    check_choices(p, where, problems);
    check_place(p, config_size, where, problems);
    if (numeric(p->type)) {
        if (!(p->min <= p->max)) { /* also NaN */
            problem(problems, where, "has the range %g to %g, which is empty", p->min, p->max);
            return;
        }
    }
    if (p->def && (p->type != HONE_T_ENUM || (p->choices && p->choices[0])) &&
        hone_settings_parse(p, p->def, NULL, &none, &err) != HONE_OK)
        problem(problems, where, "has a bad default: %s", err.msg);
}

static void check_condition(const hone_param *table, uint32_t n, const hone_param *p, const char *where,
                            struct problems *problems)
{
    const char *equal = strchr(p->active_if, '=');
    const hone_param *other = NULL;
    char value[128];
    const size_t length = equal ? (size_t)(equal - p->active_if) : 0;
    for (uint32_t i = 0; equal && i < n; i++)
        if (table[i].key && strlen(table[i].key) == length && !memcmp(table[i].key, p->active_if, length))
            other = &table[i];
    if (!other || other == p) {
        problem(problems, where, "has active_if \"%s\": not KEY=VALUE|... with another key of the table", p->active_if);
        return;
    }
    for (const char *at = equal + 1;; at++) {
        hone_error err = HONE_ERROR_INIT;
        hone_settings_memory none = { NULL, 0, 0 };
        const size_t m = strcspn(at, "|");
        if (m >= sizeof value || !m) {
            problem(problems, where, "has active_if \"%s\" with an empty or too long value", p->active_if);
            return;
        }
        memcpy(value, at, m);
        value[m] = '\0';
        if (other->type >= HONE_T_BOOL && other->type <= HONE_T_STRS &&
            hone_settings_parse(other, value, NULL, &none, &err) != HONE_OK)
            problem(problems, where, "has active_if \"%s\", but %s", p->active_if, err.msg);
        at += m;
        if (!*at)
            return;
    }
}

/* Keys twice, and fields that lie on each other. */
static void check_pair(const hone_param *a, const hone_param *b, const char *where, struct problems *problems)
{
    if (!a->key || !b->key)
        return;
    if (!strcmp(a->key, b->key)) {
        problem(problems, where, "is there twice");
        return;
    }
    if (a->type < HONE_T_BOOL || a->type > HONE_T_STRS || b->type < HONE_T_BOOL || b->type > HONE_T_STRS)
        return;
    if ((uint64_t)a->offset + types[a->type].size > b->offset && (uint64_t)b->offset + types[b->type].size > a->offset)
        problem(problems, where, "lies on the same bytes as key '%.63s'", b->key);
}

hone_rc verify_table(const hone_param *params, uint32_t n, uint32_t stride, uint32_t config_size, const char *where,
                     struct record *record, const hone_param **out, struct problems *problems)
{
    *out = NULL;
    if (!n)
        return HONE_OK;
    if (!params || n > MAX_PARAMS || config_size > MAX_CONFIG) {
        problem(problems, where, "has a table of %u parameters %s (config struct: %u bytes)", n,
                params ? "" : "at NULL", config_size);
        return HONE_OK;
    }
    /* hone_param carries no size of its own: the stride is its size */
    hone_param *table = hone_settings_allocate(&record->memory, (size_t)n * sizeof *table);
    if (!table)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (verify_copy(&table[i], sizeof *table, (const char *)params + (size_t)i * stride, stride, where,
                        "hone_param", problems))
            return HONE_OK;
    for (uint32_t i = 0; i < n; i++) {
        char here[256];
        if (table[i].key)
            snprintf(here, sizeof here, "%.150s: key '%.80s'", where, table[i].key);
        else
            snprintf(here, sizeof here, "%.150s: entry %u", where, i + 1);
        check_param(&table[i], config_size, here, problems);
        if (table[i].active_if)
            check_condition(table, n, &table[i], here, problems);
        for (uint32_t k = 0; k < i; k++)
            check_pair(&table[i], &table[k], here, problems);
    }
    *out = table;
    return HONE_OK;
}
