/* SPDX-License-Identifier: MIT */
/* What the parts of hone-plugin-check share. The tool knows the SDK's headers and nothing of the host.
 *
 * Each case of each component runs in a process of its own (run.c); case functions return 0 where all is well, and
 * otherwise what check_fail or check_skip returned. A case may leave early without cleaning up: its process ends. */
#ifndef HONE_CHECK_H
#define HONE_CHECK_H
#include "hone/hone.h"

#include <limits.h>
#include <signal.h>

/* ---- what was asked for ---- */
struct check_options {
    const char *file, *only;
    const char *const *sets; /* (n_sets) "key=value" or "component.key=value" */
    size_t n_sets;
    uint64_t seed;
    double timeout; /* seconds per case */
    int json, in_process;
};

/* ---- the outcome of a case, in memory that its process and the parent share ---- */
enum { CHECK_NONE = 0, CHECK_OK = 1, CHECK_FAILED = 2, CHECK_SKIPPED = 3 };
enum { CHECK_MAX_COMPONENTS = 128 };
struct check_report {
    uint32_t verdict;
    char stage[160];   /* the call into the plugin that is under way, "" between calls */
    char reason[1024]; /* why it failed or was skipped */
    char notes[1024];  /* warnings and counts, "; "-separated */
    /* written by the case "load" for the parent */
    uint64_t fingerprint; /* of the whole descriptor */
    char module[512];     /* "org.acme 1.0.0 (MIT)" */
    uint32_t n_components;
    char components[CHECK_MAX_COMPONENTS][160]; /* "search/random" */
    char kinds[CHECK_MAX_COMPONENTS][64];       /* "search/1" */
};

/* ---- state of the process that a plugin must leave alone ---- */
struct environment {
    uint32_t mxcsr; /* without the sticky exception flags */
    int rounding;
    uint64_t threads;
    char locale[256], directory[PATH_MAX];
    struct sigaction signals[NSIG];
    sigset_t blocked;
};
void environment_take(struct environment *e);
/* 0, or 1 and what changed in text. Threads that are ending get a moment. */
int environment_compare(const struct environment *before, char *text, size_t n);

/* ---- one case at work ---- */
struct check {
    const struct check_options *options;
    struct check_report *report;
    const hone_module *module;
    const hone_component *component; /* bounded copy: fields that its author did not know are zero */
    hone_component copy;
    hone_host host;
    uint32_t cancelled; /* what host.cancelled answers */
    struct environment before;
    hone_rng rng;
    char id[160]; /* "search/random" */
};

#define CHECK_PRINTF(a, b) __attribute__((format(printf, a, b)))
int check_fail(struct check *c, const char *format, ...)
    CHECK_PRINTF(2, 3); /* keeps the first reason; returns CHECK_FAILED */
int check_skip(struct check *c, const char *format, ...) CHECK_PRINTF(2, 3); /* returns CHECK_SKIPPED */
void check_note(struct check *c, const char *format, ...) CHECK_PRINTF(2, 3);

/* Around every call into the plugin: names it for crash reports and compares the environment afterwards. */
void check_enter(struct check *c, const char *format, ...) CHECK_PRINTF(2, 3);
int check_leave(struct check *c); /* 0, or CHECK_FAILED */
/* A failed call must say why in one line. `what`: the call. 0 or CHECK_FAILED. */
int check_error(struct check *c, const char *what, hone_rc rc, const hone_error *err);

/* CALL(c, "ask", rc = ...) leaves the calling function where the call changed the process. */
#define CALL(c, what, ...)          \
    do {                            \
        check_enter(c, "%s", what); \
        __VA_ARGS__;                \
        if (check_leave(c))         \
            return CHECK_FAILED;    \
    } while (0)

/* Leaves the calling function with what `test` returned, where that is not 0. */
#define TRY(test)                \
    do {                         \
        const int try_ = (test); \
        if (try_)                \
            return try_;         \
    } while (0)

/* ---- growable bytes: answers of an instance, saved states ---- */
struct bytes {
    unsigned char *data;
    size_t n, capacity, at; /* at: read position */
    size_t piece;           /* longest read answered at once; 0: any */
};
void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_release(struct bytes *b);
hone_ostream bytes_writer(struct bytes *b);
hone_istream bytes_reader(struct bytes *b);

/* ---- an instance of the component with settings ---- */
struct instance {
    struct check *c;
    const hone_component *component;
    char **texts; /* (n_params) value of each key as in an INI; NULL: left zero */
    void *config; /* exactly config_size bytes, then unreadable memory is not guaranteed but sanitizers see it */
    hone_settings_memory memory;
    hone_create_info info;
    void *self;
    hone_error err;
    struct bytes answers; /* of a driver */
    void *drive;          /* of a driver: its own memory of the calls so far */
    const void *space;    /* what a search has opened */
};
enum { SETTINGS_DEFAULT, SETTINGS_MINIMUM, SETTINGS_MAXIMUM, SETTINGS_RANDOM };
/* Draws the texts of all keys; --set wins over everything. */
int settings_choose(struct check *c, struct instance *in, int how);
/* "key=value, ..." of what differs from the defaults, for messages. */
void settings_describe(const struct instance *in, char *text, size_t n);
/* Parses the texts and calls create. *rc is create's answer: >= 0, or a refusal that is well told. */
int instance_try(struct check *c, struct instance *in, uint64_t seed, hone_rc *rc);
/* Defaults (and --set), which must be accepted, or the case is skipped where only --set can help. */
int instance_create(struct check *c, struct instance *in, uint64_t seed);
int instance_destroy(struct instance *in);
/* The struct of the kind, as much of it as its author knew; the rest is zero. */
int check_iface(struct check *c, void *iface, size_t size);

/* ---- the tables ---- */
struct check_case {
    const char *name;
    const char *kind; /* "search/1"; NULL: every component; "": the module */
    const char *doc;
    int (*run)(struct check *c);
};
/* How to put an instance of a kind to work, so that the cases on seeds, interleaving and state serve all kinds. */
struct driver {
    const char *kind;
    uint32_t steps;
    size_t memory; /* of in->drive: one flat block without pointers to itself, made by start */
    int (*start)(struct instance *in);
    int (*step)(struct instance *in, uint32_t i); /* appends what it answered to in->answers */
};
const struct driver *driver_of(const char *kind);
size_t check_cases(const struct check_case **cases); /* those of one list, in order */

extern const struct check_case module_cases[], generic_cases[], state_cases[], search_cases[], search_edge_cases[],
    search_history_cases[], scheduler_cases[], network_cases[], regularizer_cases[], regularizer_network_cases[],
    optimizer_cases[], metric_cases[], data_cases[], storage_cases[], reporter_cases[], reporter_write_cases[],
    objective_cases[], benchmark_cases[], importance_cases[], diagnosis_cases[], hyper_cases[], design_cases[];
extern const struct driver search_driver, scheduler_driver, regularizer_driver, optimizer_driver, lr_schedule_driver,
    metric_driver, transform_driver;

/* ---- modules ---- */
/* Opens the file and checks magic and versions. *module stays NULL on failure. */
int module_open(struct check *c, const char *file, void **handle, const hone_module **module);
/* All that is wrong with the descriptor, one after the other, in text; returns how much. */
unsigned descriptor_verify(const hone_module *module, char *text, size_t n);
uint64_t descriptor_fingerprint(const hone_module *module);
/* "search/random" from "search/1" and "random" */
void component_id(const hone_component *component, char *id, size_t n);
const hone_component *module_component(const hone_module *module, uint32_t i, hone_component *copy);

/* Runs one case here and now; the verdict is in the report. */
void case_run(const struct check_options *options, const struct check_case *one, const char *component,
              struct check_report *report);
/* The case in a process of its own. Fills the report, also where the process died or was ended. */
void case_spawn(const struct check_options *options, const struct check_case *one, const char *component,
                struct check_report *report);

/* ---- numbers ---- */
double relative_difference(double a, double b); /* |a - b| / max(1, |a|, |b|); both NaN: 0; one: inf */
/* A float array of n elements between two guards. */
float *guarded_floats(size_t n);
int guards_hold(const float *values, size_t n);
void fill_normal(hone_rng *rng, float *values, size_t n, double deviation);
#endif
