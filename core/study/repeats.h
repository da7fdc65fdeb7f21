/* SPDX-License-Identifier: MIT */
/* What is measured again and again: means and deviations, number by number, so that none has to be kept (Welford 1962). The same
 * numbers in the same order give the same bits, live and replayed. */
#ifndef HONE_STUDY_REPEATS_H
#define HONE_STUDY_REPEATS_H
#include "hone/task.h"

struct moments {
    uint64_t n;
    double mean, squares; /* squares: sum of squared differences from the mean */
};
void moments_add(struct moments *moments, double value);
/* Sample standard deviation (n - 1); NaN: fewer than two numbers. */
double moments_deviation(const struct moments *moments);

/* Everything that a trial measured, by name. */
struct repeated_metric {
    char *name;
    uint32_t direction;
    struct moments moments;
};
struct repeated {
    struct repeated_metric *metrics; /* (n) in the order of their first appearance */
    uint32_t n, capacity;
};
/* 0, or -1: out of memory. */
int repeated_add(struct repeated *repeated, const hone_value *values, uint32_t n);
/* Means under their names, and behind each that was measured twice "NAME.deviation"; then those of `rest` that were not measured
 * again and again. *out: malloc'ed, its names too; -1: out of memory. */
int repeated_values(const struct repeated *repeated, const hone_value *rest, uint32_t n_rest, hone_value **out,
                    uint32_t *n_out);
void repeated_release(struct repeated *repeated);
#endif
