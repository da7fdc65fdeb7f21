/* SPDX-License-Identifier: MIT */
/* scheduler/patient: lets a trial that still improves go on, whatever another scheduler says of it; the rule of Optuna's
 * PatientPruner. */
#include "hone/compose.h"
#include "hone/param.h"
#include "hone/scheduler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    const char *wraps;
    int64_t patience, objective;
    double min_delta;
};

static const hone_param params[] = {
    HONE_STR(struct settings, wraps, "", 0,
             "The scheduler that judges once a trial has stopped to improve, by name; its settings are in "
             "[scheduler.NAME]. Empty: such a trial is stopped."),
    HONE_INT(struct settings, patience, "3", 0, 1e9, 0, "reports",
             "Reports without improvement, beside the one that may improve, before a trial may be stopped."),
    HONE_REAL(struct settings, min_delta, "0", 0, HUGE_VAL, 0, NULL,
              "An improvement must not fall short of the best value before by more than this."),
    HONE_INT(struct settings, objective, "1", 1, 1e6, 0, NULL,
             "Which of the study's objectives is looked at: 1 is the first."),
};

struct run { /* a trial under way */
    uint64_t trial;
    double *last; /* ring of the last patience + 1 values */
    uint64_t n;   /* reports */
    double best;  /* of those before the ring; NaN: none */
};
struct patient {
    const hone_host *host;
    const struct settings *settings;
    const hone_compose_v1 *compose;
    hone_instance wrapped; /* self NULL: none */
    struct run *runs;      /* (n_runs) */
    size_t n_runs, capacity;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct patient *p = (struct patient *)calloc(1, sizeof *p);
    hone_rc rc;
    if (!p)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler patient");
    p->host = host;
    p->settings = (const struct settings *)info->config;
    *self = p;
    if (!*p->settings->wraps)
        return HONE_OK;
    p->compose = (const hone_compose_v1 *)host->get_ext(host, HONE_EXT_COMPOSE);
    rc = p->compose ? p->compose->open(host, HONE_KIND_SCHEDULER, p->settings->wraps, &p->wrapped, err)
                    : hone_fail(err, HONE_ENOTSUP, "wraps", "this host opens no other scheduler: set wraps to nothing");
    if (rc == HONE_OK && ((const hone_scheduler_v1 *)p->wrapped.component->iface)->next)
        rc = hone_fail(err, HONE_ENOTSUP, "wraps", "scheduler '%.60s' orders trials itself, and cannot be wrapped",
                       p->settings->wraps);
    if (rc != HONE_OK) {
        if (p->wrapped.self)
            p->compose->close(host, &p->wrapped);
        free(p);
        *self = NULL;
    }
    return rc;
}

static void destroy(void *self)
{
    struct patient *p = (struct patient *)self;
    if (!p)
        return;
    if (p->wrapped.self)
        p->compose->close(p->host, &p->wrapped);
    for (size_t i = 0; i < p->n_runs; i++)
        free(p->runs[i].last);
    free(p->runs);
    free(p);
}

static const hone_scheduler_v1 *wrapped(const struct patient *p)
{
    return p->wrapped.self ? (const hone_scheduler_v1 *)p->wrapped.component->iface : NULL;
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct patient *p = (struct patient *)self;
    if (p->settings->objective > (int64_t)info->n_values)
        return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                         (long long)p->settings->objective, info->n_values, info->n_values == 1 ? "" : "s");
    return wrapped(p) ? wrapped(p)->open(p->wrapped.self, info, err) : HONE_OK;
}

/* NULL: out of memory */
static struct run *run_of(struct patient *p, uint64_t trial)
{
    for (size_t i = 0; i < p->n_runs; i++)
        if (p->runs[i].trial == trial)
            return &p->runs[i];
    if (p->n_runs == p->capacity) {
        const size_t capacity = p->capacity ? p->capacity * 2 : 8;
        struct run *more = (struct run *)realloc(p->runs, capacity * sizeof *more);
        if (!more)
            return NULL;
        p->runs = more;
        p->capacity = capacity;
    }
    struct run *run = &p->runs[p->n_runs];
    memset(run, 0, sizeof *run);
    run->trial = trial;
    run->best = (double)NAN;
    if (!(run->last = (double *)calloc((size_t)p->settings->patience + 1, sizeof *run->last)))
        return NULL;
    p->n_runs++;
    return run;
}

/* Takes the value in: 1 where the best before the last patience + 1 values is, by more than min_delta, better than the best
 * among them. */
static int stands_still(const struct settings *s, struct run *run, double value)
{
    const uint64_t window = (uint64_t)s->patience + 1;
    double *slot = &run->last[run->n % window], best = (double)NAN;
    if (run->n >= window && !(run->best <= *slot)) /* what leaves the ring counts as before it */
        run->best = isnan(*slot) ? run->best : *slot;
    *slot = value;
    if (++run->n <= window)
        return 0;
    for (uint64_t i = 0; i < window; i++)
        if (!(best <= run->last[i]))
            best = isnan(run->last[i]) ? best : run->last[i];
    return run->best + s->min_delta < best;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct patient *p = (struct patient *)self;
    struct run *run = run_of(p, r->trial);
    uint32_t said = HONE_STOP;
    hone_rc rc = HONE_OK;
    *verdict = HONE_CONTINUE;
    if (!run)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the reports of a trial");
    const int still = stands_still(p->settings, run, r->values[p->settings->objective - 1]);
    if (wrapped(p) && wrapped(p)->report) { /* it hears all, so that it knows what to compare with */
        said = HONE_CONTINUE;
        rc = wrapped(p)->report(p->wrapped.self, r, &said, err);
    } else if (wrapped(p)) {
        said = HONE_CONTINUE;
    }
    if (still)
        *verdict = said;
    return rc;
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct patient *p = (struct patient *)self;
    for (size_t i = 0; i < p->n_runs; i++)
        if (p->runs[i].trial == trial) {
            free(p->runs[i].last);
            p->runs[i] = p->runs[--p->n_runs];
            break;
        }
    return wrapped(p) && wrapped(p)->finish ? wrapped(p)->finish(p->wrapped.self, trial, status, values, err) : HONE_OK;
}

static const char doc[] = "Wraps another scheduler that stops trials, and overrules it while a trial still improves: "
                          "only a trial whose best of "
                          "the last patience + 1 reports is worse than its best before them, by more than min_delta, "
                          "is given up if the other "
                          "says so. Use it where curves cross late.\n\n"
                          "    [scheduler]\n"
                          "    use      = patient\n"
                          "    wraps    = median\n"
                          "    patience = 2\n"
                          "    [scheduler.median]\n"
                          "    n_warmup_steps = 3\n\n"
                          "The rule and the meaning of its keys are those of Optuna's PatientPruner.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, NULL, report, finish };
static const hone_component patient = {
    sizeof patient,
    HONE_C_DETERMINISTIC | HONE_C_COMPOSES,
    HONE_KIND_SCHEDULER,
    "patient",
    "Overrules another scheduler while a trial still improves",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.scheduler.patient", "0.1.0", "MIT", "the hone authors", "", &patient)
