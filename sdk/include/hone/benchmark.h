/* SPDX-License-Identifier: MIT */
/* hone/benchmark.h - kind "benchmark/1": measures something and prints rows of it. `hone bench NAME` runs one in its own
 * process; its keys are the options of that command (`--key value`).
 *
 * It may make components of other kinds by name: host->get_ext(host, HONE_EXT_INSTANCES). */
#ifndef HONE_BENCHMARK_H
#define HONE_BENCHMARK_H
#include "hone/objective.h"
#include "hone/plugin.h"

#define HONE_KIND_BENCHMARK "benchmark/1"

/* ---- what it prints ---- */
enum { HONE_CELL_TEXT = 0, HONE_CELL_NUMBER = 1 };
typedef struct hone_cell {
    const char *text; /* HONE_CELL_TEXT: UTF-8, one line; NULL: empty */
    double number;    /* HONE_CELL_NUMBER: NaN: empty */
} hone_cell;
typedef struct hone_output_column {
    const char *name; /* [a-z][a-z0-9_]*, unique: title in text, header in csv, key in json */
    uint32_t type;    /* HONE_CELL_... */
    uint32_t digits;  /* significant digits of a number that are worth printing; 0: all */
} hone_output_column;

/* Where results go. Nothing given is kept: strings may live on the caller's stack. [trial] */
typedef struct hone_output {
    uint32_t size, reserved;
    void *impl;
    /* Once, before the first row. HONE_EINVAL: a name is missing or twice, or this is the second call. */
    hone_rc (*columns)(const struct hone_output *output, const hone_output_column *columns, uint32_t n,
                       hone_error *err);
    /* One result: (n) cells in the order of the columns. HONE_EIO: nobody can be told, end the run. */
    hone_rc (*row)(const struct hone_output *output, const hone_cell *cells, uint32_t n, hone_error *err);
    /* What a person wants to know beside the rows, one line: what is being measured, what could not be. Not among the
     * results: standard error. */
    void (*note)(const struct hone_output *output, const char *text);
} hone_output;

/* ---- what it may make ---- */
typedef struct hone_assignment {
    const char *key, *value; /* as in an INI */
} hone_assignment;

#define HONE_EXT_INSTANCES "hone.instances/1"
typedef struct hone_instances_v1 { /* [trial] */
    uint32_t size, reserved;
    /* Names of the installed components of a kind, sorted: (index) or NULL past the end. */
    const char *(*installed)(const hone_host *host, const char *kind, uint32_t index);
    /* A new instance of a component: defaults, then the assignments in order. kind: "search/1" or "search". instance->size is
     * set before; what it points to lives until release. Failures name the component and the key; instance->self is NULL then. */
    hone_rc (*make)(const hone_host *host, const char *kind, const char *name, const hone_assignment *assignments,
                    uint32_t n, uint64_t seed, hone_instance *instance, hone_error *err);
    /* Destroys what make gave; accepts one whose self is NULL. What is never released, the host does at the end. */
    void (*release)(const hone_host *host, hone_instance *instance);
} hone_instances_v1;

typedef struct hone_benchmark_v1 {
    uint32_t size, flags;
    /* Measures and prints. HONE_OK; < 0: failed, rows printed so far stand; HONE_ECANCELED where host->cancelled said so. Called
     * once per instance. [trial] */
    hone_rc (*run)(void *self, const hone_output *output, hone_error *err);
} hone_benchmark_v1;
#endif /* HONE_BENCHMARK_H */
