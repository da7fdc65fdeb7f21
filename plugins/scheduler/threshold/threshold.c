/* SPDX-License-Identifier: MIT */
/* scheduler/threshold: stops a trial whose value leaves a range: one that has diverged, or is hopeless from the start. The
 * rule of Optuna's ThresholdPruner. */
#include "hone/param.h"
#include "hone/scheduler.h"

#include <math.h>
#include <stdlib.h>

struct settings {
    double lower, upper;
    int64_t n_warmup_steps, interval_steps, objective;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, lower, "-1e300", -1e300, 1e300, 0, NULL,
              "A trial that reports less than this is stopped; -1e300: no limit."),
    HONE_REAL(struct settings, upper, "1e300", -1e300, 1e300, 0, NULL,
              "A trial that reports more than this is stopped; 1e300: no limit."),
    HONE_INT(struct settings, n_warmup_steps, "0", 0, 1e15, 0, "steps", "Steps of every trial that are never judged."),
    HONE_INT(struct settings, interval_steps, "1", 1, 1e15, 0, "steps",
             "Steps between judgements, counted from the warm-up on."),
    HONE_INT(struct settings, objective, "1", 1, 1e6, 0, NULL,
             "Which of the study's objectives is looked at: 1 is the first."),
};

struct threshold {
    const struct settings *settings;
    double sign; /* -1: the values here are the user's, negated */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    struct threshold *t;
    (void)host;
    if (!(s->lower < s->upper))
        return hone_fail(err, HONE_ERANGE, "lower", "lower = %g is not below upper = %g: nothing would go on", s->lower,
                         s->upper);
    if (!(t = (struct threshold *)calloc(1, sizeof *t)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler threshold");
    t->settings = s;
    *self = t;
    return HONE_OK;
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct threshold *t = (struct threshold *)self;
    const int64_t objective = t->settings->objective;
    if (objective > (int64_t)info->n_values)
        return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                         (long long)objective, info->n_values, info->n_values == 1 ? "" : "s");
    t->sign = info->maximize && info->maximize[objective - 1] ? -1 : 1;
    return HONE_OK;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    const struct threshold *t = (const struct threshold *)self;
    const struct settings *s = t->settings;
    const double value = t->sign * r->values[s->objective - 1];
    (void)err;
    *verdict = HONE_CONTINUE;
    if (r->step <= s->n_warmup_steps || (r->step - s->n_warmup_steps - 1) % s->interval_steps)
        return HONE_OK;
    if (!(value >= s->lower && value <= s->upper)) /* what is no number, or infinite, is outside */
        *verdict = HONE_STOP;
    return HONE_OK;
}

static const char doc[] = "Stops a trial whose value is below `lower`, above `upper`, infinite or not a number; "
                          "without limits, only the latter. Both are in the units of the metric, "
                          "whether it is to be small or large: for an accuracy that must have passed 0.5 after three "
                          "epochs, `lower = 0.5` and "
                          "`n_warmup_steps = 3`. It compares with no other trial, so that it stops from the first one "
                          "on, and every worker count "
                          "decides alike.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, NULL, report, NULL };
static const hone_component threshold = {
    sizeof threshold,
    HONE_C_DETERMINISTIC,
    HONE_KIND_SCHEDULER,
    "threshold",
    "Stops trials whose value leaves a range",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    free,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.scheduler.threshold", "0.1.0", "MIT", "the hone authors", "", &threshold)
