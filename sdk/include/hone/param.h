/* SPDX-License-Identifier: MIT */
/* hone/param.h - shorthand for parameter tables and module descriptors. The key is the field's name, so that the two
 * cannot drift apart, and C11 compilers check that the field has the type its entry promises.
 *
 *     struct settings { double rate; int64_t patience; };
 *     static const hone_param params[] = {
 *         HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL, "Share of units dropped."),
 *         HONE_INT(struct settings, patience, "5", 1, 1e6, 0, "epochs", "Epochs without improvement before the end."),
 *     };
 *
 *     HONE_MODULE("com.acme.hone", "1.0.0", "MIT", "Acme", "https://acme.example", &first, &second)
 */
#ifndef HONE_PARAM_H
#define HONE_PARAM_H
#include "hone/plugin.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#if !defined(__cplusplus) && defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && defined(__GNUC__)
/* 0, or a compile error that says the field's type does not match its entry */
#define HONE_FIELD_IS_(T, field, type) \
    ((uint32_t)sizeof(char[__builtin_types_compatible_p(__typeof__(((T *)0)->field), type) ? 1 : -1]) - 1u)
#else
#define HONE_FIELD_IS_(T, field, type) 0u
#endif
#define HONE_FIELD_(T, field, ctype, type, def, lo, hi, choices, flags, unit, doc)                                    \
    {                                                                                                                 \
        type, flags, (uint32_t)offsetof(T, field) + HONE_FIELD_IS_(T, field, ctype), 0, #field, def, lo, hi, choices, \
            NULL, unit, doc                                                                                           \
    }
#define HONE_REAL(T, field, def, lo, hi, flags, unit, doc) \
    HONE_FIELD_(T, field, double, HONE_T_REAL, def, lo, hi, NULL, flags, unit, doc)
#define HONE_INT(T, field, def, lo, hi, flags, unit, doc) \
    HONE_FIELD_(T, field, int64_t, HONE_T_INT, def, lo, hi, NULL, flags, unit, doc)
#define HONE_BOOL(T, field, def, flags, doc) \
    HONE_FIELD_(T, field, uint8_t, HONE_T_BOOL, def, 0, 1, NULL, flags, NULL, doc)
#define HONE_ENUM(T, field, def, choices, flags, doc) \
    HONE_FIELD_(T, field, uint32_t, HONE_T_ENUM, def, 0, 0, choices, flags, NULL, doc)
#define HONE_STR(T, field, def, flags, doc) \
    HONE_FIELD_(T, field, const char *, HONE_T_STR, def, 0, 0, NULL, flags, NULL, doc)
#define HONE_PATH(T, field, def, flags, doc) \
    HONE_FIELD_(T, field, const char *, HONE_T_PATH, def, 0, 0, NULL, flags, NULL, doc)
#define HONE_INTS(T, field, def, lo, hi, flags, unit, doc) \
    HONE_FIELD_(T, field, hone_ints, HONE_T_INTS, def, lo, hi, NULL, flags, unit, doc)
#define HONE_REALS(T, field, def, lo, hi, flags, unit, doc) \
    HONE_FIELD_(T, field, hone_reals, HONE_T_REALS, def, lo, hi, NULL, flags, unit, doc)
#define HONE_STRS(T, field, def, flags, doc) \
    HONE_FIELD_(T, field, hone_strings, HONE_T_STRS, def, 0, 0, NULL, flags, NULL, doc)
/* The same with a condition on another key: HONE_REAL_IF(struct s, momentum, "0.9", 0, 1, 0, NULL, "kind=sgd", "...") */
#define HONE_REAL_IF(T, field, def, lo, hi, flags, unit, active_if, doc)                                             \
    {                                                                                                                \
        HONE_T_REAL, flags, (uint32_t)offsetof(T, field) + HONE_FIELD_IS_(T, field, double), 0, #field, def, lo, hi, \
            NULL, active_if, unit, doc                                                                               \
    }
#define HONE_INT_IF(T, field, def, lo, hi, flags, unit, active_if, doc)                                              \
    {                                                                                                                \
        HONE_T_INT, flags, (uint32_t)offsetof(T, field) + HONE_FIELD_IS_(T, field, int64_t), 0, #field, def, lo, hi, \
            NULL, active_if, unit, doc                                                                               \
    }
#define HONE_BOOL_IF(T, field, def, flags, active_if, doc)                                                          \
    {                                                                                                               \
        HONE_T_BOOL, flags, (uint32_t)offsetof(T, field) + HONE_FIELD_IS_(T, field, uint8_t), 0, #field, def, 0, 1, \
            NULL, active_if, NULL, doc                                                                              \
    }

/* Counts an array that the compiler knows the size of. */
#define HONE_COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* Defines the entry function of a module that offers the components whose addresses follow. */
#define HONE_MODULE(id, version, license, author, url, ...)                  \
    static const hone_component *const hone_components_[] = { __VA_ARGS__ }; \
    static const hone_module hone_module_ = { HONE_MAGIC,                    \
                                              sizeof(hone_module),           \
                                              HONE_ABI_MAJOR,                \
                                              0,                             \
                                              HONE_COUNT(hone_components_),  \
                                              id,                            \
                                              version,                       \
                                              license,                       \
                                              author,                        \
                                              url,                           \
                                              hone_components_,              \
                                              NULL };                        \
    const hone_module *HONE_MODULE_SYMBOL(void)                              \
    {                                                                        \
        return &hone_module_;                                                \
    }

/* Fills *err (which may be NULL) and returns code, so that a failure is one line:
 *     return hone_fail(err, HONE_EINVAL, "rate", "rate = %g leaves no unit", rate); */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5), unused))
#endif
static hone_rc
hone_fail(hone_error *err, hone_rc code, const char *param, const char *format, ...)
{
    if (err) {
        va_list args;
        err->code = code;
        snprintf(err->param, sizeof err->param, "%s", param ? param : "");
        va_start(args, format);
        vsnprintf(err->msg, sizeof err->msg, format, args);
        va_end(args);
    }
    return code;
}
#endif /* HONE_PARAM_H */
