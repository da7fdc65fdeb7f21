/* SPDX-License-Identifier: MIT */
/* A trial with all that is known of it, as the rules of the kind diagnosis see it. */
#ifndef HONE_CLI_CASE_H
#define HONE_CLI_CASE_H
#include "cli/evaluated.h"
#include "hone/diagnosis.h"

struct case_record {
    struct stored_trial trial;
    hone_diagnosis_data data; /* points into the rest, the evaluated study and the catalog */
    hone_settings_memory memory;
    hone_curve *curves; /* (n_curves) */
    uint32_t n_curves, curves_capacity, n_steps, steps_capacity;
    int64_t *steps;
    hone_diagnosed_key *keys; /* (n_keys) */
    uint32_t n_keys, keys_capacity;
    hone_error err;
};
/* number: a trial's, or -1: the winner's; where no trial is complete, the one that failed last. 0, or the exit code. */
int case_open(struct case_record *record, struct evaluated *evaluated, int64_t number);
void case_release(struct case_record *record);
#endif
