/* SPDX-License-Identifier: MIT */
/* A thousand virtual workers and a hundred thousand trials, or a thousand trials that are looked at a hundred times: what a
 * scheduler's decisions cost when nothing else does, in processor time of the thread, so that other programs do not count.
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

/* For schedulers that propose the points. */
static const hone_dim parameters[] = { FAKE_REAL("x1", 0, 1, 0), FAKE_REAL("x2", 1e-4, 1, HONE_DIM_LOG),
                                       FAKE_INT("x3", 1, 64, 1, 0), FAKE_CHOICE("x4", 4, NULL) };

/* The scheduler's functions with a clock around each: what the longest call took, and all of them. */
static struct {
    const hone_scheduler_v1 *iface;
    double longest, sum;
} timed;

static void take_time(double began)
{
    const double took = seconds() - began;
    timed.sum += took;
    timed.longest = took > timed.longest ? took : timed.longest;
}

static hone_rc timed_next(void *self, hone_order *order, hone_error *err)
{
    const double began = seconds();
    const hone_rc rc = timed.iface->next(self, order, err);
    take_time(began);
    return rc;
}

static hone_rc timed_report(void *self, const hone_report *report, uint32_t *verdict, hone_error *err)
{
    const double began = seconds();
    const hone_rc rc = timed.iface->report(self, report, verdict, err);
    take_time(began);
    return rc;
}

static hone_rc timed_finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    const double began = seconds();
    const hone_rc rc = timed.iface->finish(self, trial, status, values, err);
    take_time(began);
    return rc;
}

static void simulate(const char *name, const char *settings, uint64_t trials, uint32_t workers, int64_t max_step)
{
    const hone_component *component = fake_component(HONE_KIND_SCHEDULER, name);
    if (!component)
        return; /* of another module: this file is linked with each */
    fake_space memory;
    const hone_space *space = fake_space_init(&memory, parameters, HONE_COUNT(parameters), NULL, 0);
    const hone_scheduler_info info = { sizeof info, 1, max_step, trials, space, 1, NULL };
    const hone_search_info search_info = {
        .size = sizeof search_info, .n_values = 1, .trials = trials, .max_step = max_step
    };
    fake_plugin plugin;
    uint64_t seed = 1;
    fake_plugin_init(&plugin, component, 1, settings);
    const hone_scheduler_v1 iface = { sizeof iface, 0, NULL, timed_next, timed_report, timed_finish };
    timed.iface = (const hone_scheduler_v1 *)component->iface;
    timed.longest = timed.sum = 0;
    struct virtual_study study = { .iface = &iface,
                                   .self = plugin.self,
                                   .err = &plugin.err,
                                   .trials = trials,
                                   .max_step = max_step,
                                   .workers = workers,
                                   .value = value,
                                   .ctx = &seed };
    if (component->flags & HONE_C_PROPOSES) {
        study.search = (const hone_search_v1 *)component->get_ext(HONE_KIND_SEARCH);
        study.n_dims = space->n_dims;
        study.search->open(plugin.self, space, &search_info, &plugin.err);
    }
    if (((const hone_scheduler_v1 *)component->iface)->flags & HONE_SCHEDULER_CLONES)
        study.space = space;
    timed.iface->open(plugin.self, &info, &plugin.err);
    const double began = seconds();
    virtual_study_run(&study);
    const double took = seconds() - began;
    printf("%-18s %-22s %6llu trials %4u workers %8llu reports %7llu orders  %6.2f s of processor time, %7.2f us a "
           "decision, %5.0f us at most\n",
           name, settings, (unsigned long long)trials, workers, (unsigned long long)study.reports,
           (unsigned long long)study.orders, took, 1e6 * timed.sum / (double)(study.reports + study.orders),
           1e6 * timed.longest);
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
    simulate("dehb", "populations=per_budget", 100000, 1000, 81);
    simulate("pbt", "", 1000, 1000, 100);
    simulate("pbt", "synchronous=no", 1000, 1000, 100);
    simulate("pb2", "", 100, 100, 10);
    return 0;
}
