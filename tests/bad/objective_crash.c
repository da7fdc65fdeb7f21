/* SPDX-License-Identifier: MIT */
/* objective/crash: reports a bowl step by step, and in some trials does what `mode` says, at the step `at`. */
#include "hone/instance.h"
#include "hone/objective.h"
#include "misdeeds.h"

#include <math.h>

static const char *const modes[] = { "none",  "segfault", "abort", "exit", "loop", "allocate",
                                     "raise", "mxcsr",    "print", "fail", "nan",  NULL };
struct settings {
    uint32_t mode;
    int64_t steps, at, every;
};
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "none", modes, 0,
              "What goes wrong: a signal, an exit, a loop, memory without end, SIGKILL, flush-to-zero, output, a "
              "failure, NaN."),
    HONE_INT(struct settings, steps, "5", 1, 1e6, 0, "steps", "Reports of a trial."),
    HONE_INT(struct settings, at, "2", 0, 1e6, 0, "steps", "After this report; 0: before the first."),
    HONE_INT(struct settings, every, "3", 1, 1e9, 0, NULL, "Trials whose number divides by this go wrong; 1: all."),
};

struct crash {
    struct settings settings;
    hone_value metric;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct crash), self, err);
    (void)host;
    if (rc == HONE_OK) {
        ((struct crash *)*self)->metric.name = "value";
        ((struct crash *)*self)->metric.direction = HONE_MINIMIZE;
    }
    return rc;
}

static hone_rc describe(void *self, hone_description *d, hone_error *err)
{
    struct crash *c = (struct crash *)self;
    (void)err;
    d->max_step = c->settings.steps;
    d->stop_key = "steps";
    d->any_space = 1;
    d->n_metrics = 1;
    d->metrics = &c->metric;
    return HONE_OK;
}

static hone_rc run(void *self, const hone_trial *trial, hone_error *err)
{
    const struct crash *c = (const struct crash *)self;
    const int chosen = trial->number % (uint64_t)c->settings.every == 0;
    hone_value value = c->metric;
    double f = 0;
    for (uint32_t i = 0; i < trial->n_settings; i++)
        f += trial->settings[i].number * trial->settings[i].number;
    for (int64_t step = 0; step <= c->settings.steps && (!trial->until || step <= trial->until); step++) {
        value.value = f + 1.0 / (double)(step + 1);
        if (chosen && c->settings.mode == MODE_NAN && step >= c->settings.at)
            value.value = (double)NAN;
        const hone_rc rc = step ? trial->report(trial, step, &value, 1, err) : HONE_OK;
        if (rc != HONE_OK)
            return rc;
        if (!chosen || step != c->settings.at)
            continue;
        if (c->settings.mode == MODE_FAIL)
            return hone_fail(err, HONE_EFAIL, "mode", "failed as asked after step %lld", (long long)step);
        misbehave(c->settings.mode);
    }
    return HONE_OK;
}

static const hone_objective_v1 objective = { sizeof objective, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, describe, run };
static const hone_component component = {
    sizeof component,
    HONE_C_DETERMINISTIC,
    HONE_KIND_OBJECTIVE,
    "crash",
    "Goes wrong in the way asked for",
    NULL,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &objective,
    create,
    free,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.tests.objective-crash", "1.0.0", "MIT", "the hone authors", "", &component)
