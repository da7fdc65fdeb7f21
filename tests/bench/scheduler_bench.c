/* SPDX-License-Identifier: MIT */
/* A thousand virtual workers and a hundred thousand trials: what a scheduler's decisions cost when nothing else does.
 *     make bench-scheduler */
#include "fake_host.h"
#include "virtual_study.h"

#include "hone/rng.h"

#include <stdio.h>
#include <time.h>

static double value(void *ctx, uint64_t trial, int64_t step)
{
    hone_rng rng = hone_rng_at(*(const uint64_t *)ctx, trial);
    const double level = hone_rng_uniform(&rng);
    return level + exp(-(0.05 + hone_rng_uniform(&rng)) * (double)step);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void simulate(const char *name, const char *settings, uint64_t trials, uint32_t workers, int64_t max_step)
{
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, name);
    const hone_scheduler_info info = { sizeof info, 1, max_step, trials, NULL, 1, NULL };
    fake_plugin plugin;
    uint64_t seed = 1;
    fake_plugin_init(&plugin, component, 1, settings);
    struct virtual_study study = { .iface = (const hone_scheduler_v1 *)component->iface,
                                   .self = plugin.self,
                                   .err = &plugin.err,
                                   .trials = trials,
                                   .max_step = max_step,
                                   .workers = workers,
                                   .value = value,
                                   .ctx = &seed };
    study.iface->open(plugin.self, &info, &plugin.err);
    const double began = seconds();
    virtual_study_run(&study);
    const double took = seconds() - began;
    printf("%-20s %8llu trials %5u workers %9llu reports %9llu orders  %7.2f s  %6.2f us a decision  clock %.0f\n",
           name, (unsigned long long)trials, workers, (unsigned long long)study.reports,
           (unsigned long long)study.orders, took, 1e6 * took / (double)(study.reports + study.orders), study.now);
    virtual_study_release(&study);
    fake_plugin_release(&plugin);
}

int main(void)
{
    simulate("asha", "", 100000, 1000, 81);
    simulate("asha", "mode=stop", 100000, 1000, 81);
    simulate("hyperband", "", 100000, 1000, 81);
    simulate("hyperband", "mode=asynchronous", 100000, 1000, 81);
    simulate("successive_halving", "trials=1000", 100000, 1000, 81);
    return 0;
}
