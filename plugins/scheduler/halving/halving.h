/* SPDX-License-Identifier: MIT */
/* The components of this module: one for each way to lay out brackets. */
#ifndef HONE_HALVING_H
#define HONE_HALVING_H
#include "rungs.h"

#include <stdlib.h>

extern const hone_component asha_component, successive_halving_component, hyperband_component, bohb_component,
    dehb_component;

/* What all of them are asked. */
struct halving {
    struct rungs rungs;
    uint32_t objective;
};

/* The last step, which the objective says or else the INI. HONE_EINVAL: nobody does, or they differ. */
static inline hone_rc halving_max_step(const hone_scheduler_info *info, int64_t max_resource, int64_t *max_step,
                                       hone_error *err)
{
    *max_step = info->max_step ? info->max_step : max_resource;
    if (info->max_step && max_resource && max_resource != info->max_step)
        return hone_fail(err, HONE_EINVAL, "max_resource",
                         "max_resource = %lld, but a whole trial has %lld steps, as the objective says: leave it out",
                         (long long)max_resource, (long long)info->max_step);
    if (*max_step > 0)
        return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "max_resource",
                     "the objective does not say how many steps a whole trial has: set max_resource to that number");
}

#define HALVING_OBJECTIVE(T)                                                                                         \
    HONE_INT(T, objective, "1", 0, 1e6, 0, NULL,                                                                     \
             "Which of the study's objectives is compared: 1 is the first; 0: all of them, by fronts: what nothing " \
             "dominates comes first, and inside a front what is least crowded (MO-ASHA, Schmucker et al. 2021).")

/* What is known of the study. objective = 0: all of them, together where there are several. */
static inline hone_rc halving_objective(struct halving *h, const hone_scheduler_info *info, int64_t objective,
                                        hone_error *err)
{
    h->rungs.expected = info->trials;
    h->rungs.n_values = objective ? 1 : info->n_values;
    h->objective = objective ? (uint32_t)objective : 1;
    if (objective >= 0 && objective <= (int64_t)info->n_values)
        return HONE_OK;
    return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                     (long long)objective, info->n_values, info->n_values == 1 ? "" : "s");
}

/* A report's values, by one objective or all: 1 where none of them is a number. */
static inline int halving_is_nan(const struct halving *h, const hone_report *report)
{
    if (h->rungs.n_values < 2)
        return isnan(report->values[h->objective - 1]);
    for (uint32_t k = 0; k < h->rungs.n_values; k++)
        if (!isnan(report->values[k]))
            return 0;
    return 1;
}

static inline hone_rc halving_arrive(struct halving *h, const hone_report *report, uint64_t *rank, int *arrived,
                                     hone_error *err)
{
    if (h->rungs.n_values > 1)
        return rungs_report_front(&h->rungs, report->trial, report->step, report->values, rank, arrived, err);
    return rungs_report(&h->rungs, report->trial, report->step, report->values[h->objective - 1], rank, arrived, err);
}

/* What pauses and goes on; used where a rung is reached by `until`. */
static inline hone_rc halving_report(struct halving *h, const hone_report *report, uint32_t *verdict, hone_error *err)
{
    uint64_t rank;
    int arrived;
    const hone_rc rc = halving_arrive(h, report, &rank, &arrived, err);
    *verdict = HONE_CONTINUE;
    if (rc == HONE_OK && arrived && h->rungs.max_step && report->step < h->rungs.max_step)
        *verdict = halving_is_nan(h, report) ? HONE_STOP : HONE_PAUSE;
    return rc;
}

/* Promotions first; then a new trial; at the very end the best that waits, where none has come through. HONE_OK with
 * order->what = START: the caller says in which bracket. */
static inline hone_rc halving_next(struct halving *h, hone_order *order)
{
    if (!order->may_start)
        rungs_close(&h->rungs, order->trial);
    if (rungs_promote(&h->rungs, order) == HONE_OK)
        return HONE_OK;
    if (order->may_start)
        return HONE_OK;
    if (!h->rungs.running && !h->rungs.complete)
        return rungs_finish_best(&h->rungs, order);
    return HONE_WAIT;
}
#endif
