/* SPDX-License-Identifier: MIT */
/* hone/plugin.h - plugin ABI 1: what every module, component and parameter looks like. The kinds (search, regularizer,
 * ...) have a header each; this one is the contract they share. Nothing here needs a library to link.
 *
 * Growth   Structs that may grow carry `size` = sizeof as compiled by their author. Minor versions only append fields
 *          and add ids. A reader takes missing fields as zero and refuses non-zero bytes past the end that it knows.
 * Strings  UTF-8, NUL-terminated. Owner is the side that made them; their life is stated per field.
 * Memory   Never free what the other side allocated; every create has a destroy.
 * Threads  [load]  loader thread, before any run         [study] the one study thread, serial
 *          [trial] one thread per instance, never two at once      [any] any thread, concurrently
 *          Instances of one component may run side by side: no mutable globals.
 * Numbers  Every random number comes from a seed given (hone/rng.h); no wall clock decides anything.
 * Forbidden in a plugin: exit, abort, signal handlers, setlocale, chdir, output on file descriptors 1 and 2, rand(),
 *          exceptions or longjmp across a call, floating-point state (MXCSR) changed on return. */
#ifndef HONE_PLUGIN_H
#define HONE_PLUGIN_H
#include <stddef.h>
#include <stdint.h>

#define HONE_ABI_MAJOR 1           /* in the entry symbol's name; another major is another symbol */
#define HONE_ABI_MINOR 1           /* what this header offers; a module states the least it can live with */
#define HONE_MAGIC     0x454e4f48u /* "HONE" */

#if defined(__GNUC__)
#define HONE_EXPORT __attribute__((visibility("default")))
#else
#define HONE_EXPORT
#endif
#ifdef __cplusplus
extern "C" {
#endif

/* Results: 0 done, > 0 done with news, < 0 failed (and *err says why). */
typedef int32_t hone_rc;
enum {
    HONE_OK = 0,
    HONE_DONE = 1, /* nothing more to come: space spent, training may end */
    HONE_WAIT = 2, /* nothing yet: call again after the next outcome or report */
    HONE_EFAIL = -1,
    HONE_EINVAL = -2,
    HONE_ENOMEM = -3,
    HONE_ERANGE = -4,
    HONE_EIO = -5,
    HONE_ENOTSUP = -6,
    HONE_ENUMERIC = -7, /* NaN or infinity where a number was needed */
    HONE_ECANCELED = -8 /* the host asked to stop; not a fault */
};

/* Lives on the caller's stack: no allocation, no ownership, usable when out of memory. */
typedef struct hone_error {
    uint32_t size;
    hone_rc code;
    char param[64]; /* key at fault, or "": the host finds its file and line */
    char msg[256];  /* one line, no newline, no full stop */
} hone_error;
#define HONE_ERROR_INIT               \
    {                                 \
        sizeof(hone_error), 0, "", "" \
    }

/* ---- parameters: one table serves INI checks, `hone info`, man pages and the search space ---- */
typedef struct hone_ints {
    const int64_t *values; /* (n) */
    uint64_t n;
} hone_ints;
typedef struct hone_reals {
    const double *values; /* (n) */
    uint64_t n;
} hone_reals;
typedef struct hone_strings {
    const char *const *values; /* (n) */
    uint64_t n;
} hone_strings;

enum {
    HONE_T_BOOL = 1,  /* uint8_t: 0 or 1 */
    HONE_T_INT = 2,   /* int64_t */
    HONE_T_REAL = 3,  /* double */
    HONE_T_ENUM = 4,  /* uint32_t: index into choices */
    HONE_T_STR = 5,   /* const char *, never NULL */
    HONE_T_PATH = 6,  /* const char *, never NULL; the host makes it absolute, relative to the INI file */
    HONE_T_INTS = 7,  /* hone_ints: comma-separated; min and max hold for every element */
    HONE_T_REALS = 8, /* hone_reals */
    HONE_T_STRS = 9   /* hone_strings */
};
enum {
    HONE_P_TUNABLE = 1u << 0, /* a search may vary it */
    HONE_P_LOG = 1u << 1,     /* its natural scale is logarithmic */
    HONE_P_LO_OPEN = 1u << 2, /* min itself is not allowed */
    HONE_P_HI_OPEN = 1u << 3,
    HONE_P_ADVANCED = 1u << 4, /* shown by `hone info --all` only */
    HONE_P_DEPRECATED = 1u << 5
};

typedef struct hone_param {
    uint32_t type, flags;
    uint32_t offset;            /* of the field in the component's config struct */
    uint32_t reserved;          /* 0 */
    const char *key;            /* [a-z][a-z0-9_]*, stable for ever */
    const char *def;            /* default as the user would write it; NULL: required */
    double min, max;            /* numbers: -HUGE_VAL, HUGE_VAL: none */
    const char *const *choices; /* HONE_T_ENUM: NULL-terminated */
    const char *active_if;      /* "schedule=step|linear": another key of this table and its values; NULL: always */
    const char *unit;           /* "epochs", "bytes", or NULL */
    const char *doc;            /* required: one sentence, then any detail */
} hone_param;

/* ---- what the host lends a plugin ---- */
enum { HONE_LOG_DEBUG, HONE_LOG_INFO, HONE_LOG_WARN, HONE_LOG_ERROR };
typedef struct hone_host {
    uint32_t size;
    uint16_t abi_major, abi_minor;
    const char *version; /* of the host; life of the process */
    void *impl;          /* the host's own */
    void (*log)(const struct hone_host *host, uint32_t level, const char *message); /* [any] */
    uint32_t (*cancelled)(const struct hone_host *host);                            /* [any] poll in long loops */
    const void *(*get_ext)(const struct hone_host *host, const char *id);           /* [any] NULL: absent */
} hone_host;

typedef struct hone_create_info {
    uint32_t size, reserved;
    const void *config;   /* the component's own struct, filled in and checked; life of the instance */
    const char *instance; /* section name, for messages; life of the instance */
    uint64_t seed;        /* the only source of randomness a plugin may use */
} hone_create_info;

typedef struct hone_istream { /* short reads are normal; 0: end, < 0: error */
    void *ctx;
    int64_t (*read)(void *ctx, void *buffer, uint64_t n);
} hone_istream;
typedef struct hone_ostream {
    void *ctx;
    int64_t (*write)(void *ctx, const void *buffer, uint64_t n); /* n, or < 0 */
} hone_ostream;

/* ---- a component: one search strategy, one optimizer, ... ---- */
enum {
    HONE_C_DETERMINISTIC = 1u << 0, /* same seed, same calls: same answers */
    HONE_C_STATEFUL = 1u << 1,      /* save and load are set */
    HONE_C_DEFAULT = 1u << 2,       /* what its kind uses where the INI names nothing; one per kind */
    HONE_C_REUSABLE = 1u << 3,      /* an instance may serve later trials of the same settings (data sets) */
    HONE_C_COMPOSES = 1u << 4,      /* opens others of its kind: [KIND.NAME] are their settings, see hone/compose.h */
    HONE_C_PROPOSES = 1u << 5       /* a scheduler that is the search, too: see hone/scheduler.h */
};
typedef struct hone_component {
    uint32_t size, flags;
    const char *kind;    /* "search/1", "model/1", "com.acme.thing/2" */
    const char *name;    /* [a-z][a-z0-9_]*, unique per kind in the module */
    const char *summary; /* one line */
    const char *doc;     /* man page text (Markdown), or NULL */
    const hone_param *params;
    uint32_t n_params, param_size; /* param_size = sizeof(hone_param), the stride */
    uint32_t config_size, reserved;
    const void *iface; /* struct of the kind; it starts with its own size */
    /* config holds for the instance's life; on failure *self stays NULL */
    hone_rc (*create)(const hone_host *host, const hone_create_info *info, void **self, hone_error *err);
    void (*destroy)(void *self);                                           /* accepts NULL */
    hone_rc (*save)(void *self, const hone_ostream *out, hone_error *err); /* same state, same bytes */
    hone_rc (*load)(void *self, const hone_istream *in, hone_error *err);  /* the bytes are hostile */
    const void *(*get_ext)(const char *id);                                /* [any] may be NULL */
} hone_component;

typedef struct hone_module {
    uint32_t magic, size;
    uint16_t abi_major, abi_minor; /* the least minor this module can live with */
    uint32_t n_components;
    const char *id, *version, *license, *author, *url;       /* reverse DNS, semver, SPDX, free, free or "" */
    const hone_component *const *components;                 /* pointers: hone_component may grow */
    hone_rc (*init)(const hone_host *host, hone_error *err); /* [load] once, or NULL */
} hone_module;

/* The one exported symbol: returns constant data and does nothing else.
 * Static builds (tests, fuzzers) rename it: -DHONE_MODULE_SYMBOL=hone_module_v1_random */
typedef const hone_module *(*hone_module_fn)(void);
#ifndef HONE_MODULE_SYMBOL
#define HONE_MODULE_SYMBOL hone_module_v1
#endif
#define HONE_ENTRY "hone_module_v1"
HONE_EXPORT const hone_module *HONE_MODULE_SYMBOL(void);

#ifdef __cplusplus
}
#endif
#endif /* HONE_PLUGIN_H */
