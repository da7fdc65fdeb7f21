/* SPDX-License-Identifier: MIT */
/* The rule of search/auto: what a study is like, and which search belongs to it at which length of its history. */
#ifndef HONE_AUTO_H
#define HONE_AUTO_H
#include "hone/history.h"

struct traits {
    uint32_t n_dims, n_choices, n_conditional, n_values; /* n_dims: those with more than one value */
};
struct limits {
    uint64_t few_trials, most_parameters, long_history;
};
enum {
    PHASE_FEW,
    PHASE_MANY_NUMBERS,
    PHASE_LONG_NUMBERS,
    PHASE_MIXED,
    PHASE_FEW_MULTI,
    PHASE_MULTI,
    PHASE_LONG_MULTI,
    N_PHASES
};

void traits_of(struct traits *traits, const hone_space *space, const hone_search_info *info);
/* Where a study with n outcomes stands. */
uint32_t rule_phase(const struct traits *traits, const struct limits *limits, uint64_t n);
/* Names of searches, best first; NULL at the end. */
const char *const *rule_order(uint32_t phase);
/* "10 numbers, few outcomes" */
void rule_describe(const struct traits *traits, uint32_t phase, char *text, size_t n);
#endif
