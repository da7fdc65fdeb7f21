/* SPDX-License-Identifier: MIT */
/* What `hone bench` lends a benchmark: rows on standard output, notes on standard error, components of other kinds by name. */
#ifndef HONE_CLI_BENCH_HOST_H
#define HONE_CLI_BENCH_HOST_H
#include "base/output.h"
#include "hone/benchmark.h"
#include "plugin/component.h"

struct bench_host {
    hone_host host;     /* what plugins see; impl points back here */
    hone_output output; /* the same */
    struct catalog *catalog;
    enum output_format format;
    struct output rows;
    hone_output_column *columns; /* (n_columns) types and digits; names are the rows' */
    uint32_t n_columns;
    int begun; /* columns were given */
    struct component **made;
    size_t n_made, capacity;
};
/* Pointers into the struct are handed out: it stays where it is. */
void bench_host_init(struct bench_host *bench, struct catalog *catalog, enum output_format format);
/* Prints the rows that text holds back, destroys what the benchmark forgot. 0, or -1 and errno: standard output failed. */
int bench_host_release(struct bench_host *bench);
#endif
