/* SPDX-License-Identifier: MIT */
/* The parameter table of [ablation], for reading it and for `hone info ablation`. Beside it: axis.NAME, baseline.NAME and
 * design.KEY (ablation.h). */
#ifndef HONE_ABLATION_TABLE_H
#define HONE_ABLATION_TABLE_H
#include "hone/plugin.h"

struct ablation_raw { /* as written */
    int64_t seeds;
    const char *design, *metric;
    hone_strings vary;
    const char *blocks;
    uint32_t interval, correction;
    uint8_t path;
    double level, effect, power;
};
enum ablation_interval { INTERVAL_AUTO, INTERVAL_T, INTERVAL_BCA };
enum ablation_correction { CORRECT_HOLM, CORRECT_BENJAMINI_HOCHBERG };

extern const hone_param ablation_params[];
extern const uint32_t ablation_n_params;
#endif
