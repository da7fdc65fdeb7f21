/* SPDX-License-Identifier: MIT */
/* The parameter table of [study], for reading it and for `hone info study`. */
#ifndef HONE_CONFIG_STUDY_TABLE_H
#define HONE_CONFIG_STUDY_TABLE_H
#include "hone/plugin.h"

#define WORKERS_AUTO "auto" /* workers = auto: as many as there are processors */

struct study_raw { /* as written; struct study_settings is what it means */
    const char *name;
    int64_t seed, split_seed, search_seed, trials;
    double time;
    const char *target;
    int64_t patience;
    double regret;
    hone_strings objectives, constraints;
    const char *workers;
    uint32_t order;
    int64_t lag, repeats;
    const char *fidelity;
    int64_t trial_retries;
    double checkpoint_interval;
    int64_t checkpoint_space;
    uint8_t keep_checkpoints;
    double trial_time;
    int64_t trial_memory;
    const char *storage, *directory;
    uint8_t final;
    uint32_t evaluate;
    int64_t trial;
    const char *enqueue;
    hone_strings include;
};
extern const hone_param study_params[];
extern const uint32_t study_n_params;
#endif
