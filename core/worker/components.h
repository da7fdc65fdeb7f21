/* SPDX-License-Identifier: MIT */
/* The components of one trial, as its objective gets them ("hone.components/1"): made on first use with the trial's values,
 * kept for the next trial where the component allows it and its settings are the same. */
#ifndef HONE_WORKER_COMPONENTS_H
#define HONE_WORKER_COMPONENTS_H
#include "config/composition.h"
#include "hone/objective.h"

struct made; /* an instance and what it was made from */
struct trial_components {
    const struct composition *composition;
    const hone_host *host;
    uint64_t trial_seed, study_seed;
    const struct setting_text *point; /* (n_point) of the trial at hand */
    size_t n_point;
    uint64_t trial_number;
    int64_t until;     /* step at which it ends; 0: at its own end */
    char *stop_key;    /* of the objective's section, which says the same; NULL: none */
    struct made *made; /* of this trial, and those kept from earlier ones */
    size_t n_made, capacity;
    struct text config_text; /* made when asked for */
};
void trial_components_begin(struct trial_components *components, const struct setting_text *point, size_t n_point,
                            uint64_t trial_seed);
void trial_components_end(struct trial_components *components); /* destroys what may not be kept */
void trial_components_release(struct trial_components *components);

/* Backs the functions of hone_components_v1; kind is "model/1". */
uint32_t trial_components_count(struct trial_components *components, const char *kind);
hone_rc trial_components_get(struct trial_components *components, const char *kind, uint32_t index,
                             hone_instance *instance, hone_error *err);
hone_rc trial_components_get_default(struct trial_components *components, const char *kind, const char *name,
                                     hone_instance *instance, hone_error *err);
const char *trial_components_installed(struct trial_components *components, const char *kind, uint32_t index);
const char *trial_components_config_text(struct trial_components *components);
#endif
