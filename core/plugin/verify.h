/* SPDX-License-Identifier: MIT */
/* Is a module what the SDK's headers promise? Private to core/plugin.
 *
 * Every struct that may grow is copied to today's layout: fields that its author did not know are zero; bytes past
 * the end that this hone knows must be zero. Everything is checked and every problem is told, not the first. */
#ifndef HONE_PLUGIN_VERIFY_H
#define HONE_PLUGIN_VERIFY_H
#include "base/text.h"
#include "plugin/record.h"

/* Problems found, as sentences. */
struct problems {
    struct text text; /* joined with "; " */
    size_t n;
};
#define PROBLEMS_INIT \
    {                 \
        TEXT_INIT, 0  \
    }
void problem(struct problems *problems, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills the record (zeroed) from a mapped module; strings stay the module's. Where there are problems the record has
 * offers and no components. HONE_ENOMEM, or HONE_OK with or without problems. */
hone_rc verify_module(const hone_module *module, struct record *record, struct problems *problems);
/* The same for components without a module around them. */
hone_rc verify_components(const hone_component *const *components, size_t n, struct record *record,
                          struct problems *problems);

/* ---- verify_table.c ---- */
/* Copies `size` bytes at most of a growing struct into `to` (known bytes, zeroed by the caller). 0, or 1 with a
 * problem: size is out of reason, or there is something past the known end. */
int verify_copy(void *to, size_t known, const void *from, size_t size, const char *where, const char *structure,
                struct problems *problems);
/* Copies a parameter table to today's layout and checks it; *out is NULL for an empty one. */
hone_rc verify_table(const hone_param *params, uint32_t n, uint32_t stride, uint32_t config_size, const char *where,
                     struct record *record, const hone_param **out, struct problems *problems);
/* [a-z][a-z0-9_]*, at most 63 bytes */
int verify_name(const char *name);
#endif
