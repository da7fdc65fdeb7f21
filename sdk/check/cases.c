/* SPDX-License-Identifier: MIT */
/* All cases in the order in which they run, and the driver of each kind. A new kind adds its list and its driver here. */
#include "check.h"

static const struct check_case *const lists[] = {
    module_cases,         generic_cases,   state_cases,     search_cases,      search_edge_cases,
    search_history_cases, scheduler_cases, network_cases,   regularizer_cases, regularizer_network_cases,
    optimizer_cases,      metric_cases,    data_cases,      storage_cases,     reporter_cases,
    reporter_write_cases, objective_cases, benchmark_cases, importance_cases,  diagnosis_cases,
    hyper_cases,          design_cases,
};
static const struct driver *const drivers[] = { &search_driver,    &scheduler_driver,   &regularizer_driver,
                                                &optimizer_driver, &lr_schedule_driver, &metric_driver,
                                                &transform_driver };

const struct driver *driver_of(const char *kind)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (!strcmp(drivers[i]->kind, kind))
            return drivers[i];
    return NULL;
}

size_t check_cases(const struct check_case **cases)
{
    size_t n = 0;
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const struct check_case *one = lists[l]; one->name; one++) {
            if (cases)
                cases[n] = one;
            n++;
        }
    return n;
}
