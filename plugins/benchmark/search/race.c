/* SPDX-License-Identifier: MIT */
/* One scheduler on one problem with one seed: the loop of a study without storage and workers. */
#include "bench.h"
#include "hone/rng.h"
#include "hone/scheduler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum state { RUNNING = 1, PAUSED, OVER };
struct trial {
    enum state state;
    int64_t step, until;
    double at, value; /* at: time of its next report */
};
struct course {
    const struct race *race;
    hone_instance scheduler, search; /* search: self NULL where the scheduler proposes */
    const hone_scheduler_v1 *orders;
    const hone_search_v1 *points;
    void *points_self;
    struct trial *trials;       /* (n) */
    double *x;                  /* (n, n_dims) */
    uint64_t n, capacity, best; /* best: as race_run says; UINT64_MAX: none */
    uint64_t *running;          /* (n_running) */
    uint32_t n_running;
    int spent; /* no more points, or nothing more to do */
    double now, cpu;
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static const hone_problem *problem_of(const struct course *c)
{
    return &c->race->posed->problem;
}

static uint64_t trial_seed(const struct course *c, uint64_t trial)
{
    return hone_rng_derive(c->race->seed, 1000 + trial);
}

/* ---- opening ---- */

static hone_rc make(const struct race *r, const char *kind, const struct entry *entry, hone_instance *instance,
                    hone_error *err)
{
    instance->size = sizeof *instance;
    return r->instances->make(r->host, kind, entry->name, entry->settings, entry->n_settings, r->seed, instance, err);
}

/* A refusal is told as such, and costs one row. */
static hone_rc refusal(hone_rc rc)
{
    return rc == HONE_EINVAL || rc == HONE_ERANGE ? HONE_ENOTSUP : rc;
}

static hone_rc open_all(struct course *c, hone_error *err)
{
    const struct race *r = c->race;
    const hone_problem *p = problem_of(c);
    static const uint8_t maximize[1] = { 0 };
    const hone_search_info search_info = { sizeof search_info, 1, 0, 0, 0, p->max_step, NULL };
    const hone_scheduler_info info = { sizeof info, 1, p->max_step, 0, p->space, r->seed, maximize };
    hone_rc rc = make(r, HONE_KIND_SCHEDULER, r->scheduler, &c->scheduler, err);
    if (rc < 0)
        return rc;
    c->orders = (const hone_scheduler_v1 *)c->scheduler.component->iface;
    if (c->orders->flags & HONE_SCHEDULER_CLONES)
        return hone_fail(err, HONE_ENOTSUP, "", "it clones trials, and a function has no state that could be cloned");
    if (c->scheduler.component->flags & HONE_C_PROPOSES) {
        c->points = (const hone_search_v1 *)c->scheduler.component->get_ext(HONE_KIND_SEARCH);
        c->points_self = c->scheduler.self;
    } else {
        if ((rc = make(r, HONE_KIND_SEARCH, r->search, &c->search, err)) < 0)
            return rc;
        c->points = (const hone_search_v1 *)c->search.component->iface;
        c->points_self = c->search.self;
    }
    if ((rc = c->points->open(c->points_self, p->space, &search_info, err)) < 0)
        return refusal(rc);
    rc = c->orders->open(c->scheduler.self, &info, err);
    return rc < 0 ? refusal(rc) : HONE_OK;
}

/* ---- a course ---- */

static hone_rc grow(struct course *c, hone_error *err)
{
    const uint64_t capacity = c->capacity ? 2 * c->capacity : 256;
    const uint32_t n_dims = problem_of(c)->space->n_dims;
    struct trial *trials;
    double *x;
    if (c->n < c->capacity)
        return HONE_OK;
    if ((trials = (struct trial *)realloc(c->trials, (size_t)capacity * sizeof *trials)))
        c->trials = trials;
    if ((x = (double *)realloc(c->x, (size_t)(capacity * n_dims + 1) * sizeof *x)))
        c->x = x;
    if (!trials || !x)
        return hone_fail(err, HONE_ENOMEM, "budget", "out of memory for %llu trials", (unsigned long long)capacity);
    c->capacity = capacity;
    return HONE_OK;
}

static hone_rc wrong(const struct course *c, const char *what, hone_error *err)
{
    return hone_fail(err, HONE_EFAIL, "scheduler", "%.80s %s", c->race->scheduler->label, what);
}

/* One order for a free worker. HONE_WAIT: there is none now. */
static hone_rc take_order(struct course *c, hone_error *err)
{
    const uint32_t n_dims = problem_of(c)->space->n_dims;
    hone_order order = { sizeof order, HONE_ORDER_START, c->n, 0, 0, NULL, 1, 0 };
    hone_rc rc = grow(c, err);
    if (rc == HONE_OK && c->orders->next)
        rc = c->orders->next(c->scheduler.self, &order, err);
    if (rc == HONE_OK && order.what == HONE_ORDER_START)
        rc = c->points->ask(c->points_self, c->n, c->x + c->n * n_dims, err);
    c->spent |= rc == HONE_DONE;
    if (rc != HONE_OK)
        return rc < 0 ? rc : HONE_WAIT;
    if (order.what == HONE_ORDER_START)
        c->trials[c->n++] = (struct trial){ .value = (double)NAN };
    else if (order.what != HONE_ORDER_RESUME || order.trial >= c->n || c->trials[order.trial].state != PAUSED ||
             (order.until && order.until <= c->trials[order.trial].step))
        return wrong(c, "gives an order that cannot be carried out", err);
    struct trial *t = &c->trials[order.trial];
    t->state = RUNNING;
    t->until = order.until;
    t->at = c->now + 1;
    c->running[c->n_running++] = order.trial;
    return HONE_OK;
}

/* Whoever reports next: the earliest, and of these the first trial. */
static uint32_t first_running(const struct course *c)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < c->n_running; i++) {
        const struct trial *a = &c->trials[c->running[i]], *b = &c->trials[c->running[first]];
        if (a->at < b->at || (a->at <= b->at && c->running[i] < c->running[first]))
            first = i;
    }
    return first;
}

static hone_rc stand(struct course *c, uint32_t slot, uint32_t status, hone_error *err)
{
    const uint64_t trial = c->running[slot];
    const struct trial *t = &c->trials[trial];
    const double value = status == HONE_FAILED ? (double)NAN : t->value;
    const uint32_t told = status == HONE_PAUSED ? HONE_PRUNED : status;
    const hone_outcome outcome = { sizeof outcome, told, trial, c->x + trial * problem_of(c)->space->n_dims,
                                   &value,         NULL, 1,     0,
                                   t->step,        NULL, 0,     NULL };
    hone_rc rc = c->points->tell(c->points_self, &outcome, err);
    if (rc >= 0 && c->orders->finish)
        rc = c->orders->finish(c->scheduler.self, trial, status, &value, err);
    c->trials[trial].state = status == HONE_PAUSED ? PAUSED : OVER;
    c->running[slot] = c->running[--c->n_running];
    return rc < 0 ? rc : HONE_OK;
}

/* One step of the trial in a slot, and what becomes of it. */
static hone_rc advance(struct course *c, uint32_t slot, hone_error *err)
{
    const hone_problem *p = problem_of(c);
    const uint64_t trial = c->running[slot];
    struct trial *t = &c->trials[trial];
    const double *x = c->x + trial * p->space->n_dims;
    uint32_t verdict = HONE_CONTINUE;
    double value;
    hone_rc rc = c->race->posed->iface->evaluate(c->race->posed->instance.self, x, trial_seed(c, trial), t->step + 1, 0,
                                                 &value, NULL, err);
    const double from = cpu_seconds();
    c->now = t->at;
    if (rc == HONE_EFAIL) {
        rc = stand(c, slot, HONE_FAILED, err);
        c->cpu += cpu_seconds() - from;
        return rc;
    }
    if (rc < 0)
        return rc;
    t->value = value;
    const hone_report report = { sizeof report, 1, trial, ++t->step, &value, x };
    t->at++;
    if (c->orders->report && (rc = c->orders->report(c->scheduler.self, &report, &verdict, err)) < 0)
        return rc;
    if (verdict > HONE_STOP)
        return wrong(c, "gives an unknown verdict", err);
    const struct trial *best = c->best == UINT64_MAX ? NULL : &c->trials[c->best];
    if (!best || t->step > best->step || (t->step == best->step && t->value < best->value))
        c->best = trial;
    if (t->step >= p->max_step)
        rc = stand(c, slot, HONE_COMPLETE, err);
    else if (verdict == HONE_STOP)
        rc = stand(c, slot, HONE_PRUNED, err);
    else if (verdict == HONE_PAUSE || (t->until && t->step >= t->until))
        rc = stand(c, slot, HONE_PAUSED, err);
    c->cpu += cpu_seconds() - from;
    return rc;
}

/* What the best is worth at the end of a whole trial, without noise. */
static hone_rc regret_now(const struct course *c, double *regret, hone_error *err)
{
    const hone_problem *p = problem_of(c);
    double exact = HUGE_VAL;
    hone_rc rc = HONE_OK;
    if (c->best != UINT64_MAX)
        rc = c->race->posed->iface->evaluate(c->race->posed->instance.self, c->x + c->best * p->space->n_dims,
                                             trial_seed(c, c->best), 0, HONE_PROBLEM_EXACT, &exact, NULL, err);
    *regret = exact - (isfinite(p->optimum) ? p->optimum : 0);
    return rc;
}

static hone_rc loop(struct course *c, double *regret, hone_error *err)
{
    const struct race *r = c->race;
    uint64_t steps = 0;
    hone_rc rc = HONE_OK;
    for (uint64_t b = 0; b < r->n_budgets; b++) {
        const uint64_t budget = (uint64_t)(r->budgets[b] * (double)problem_of(c)->max_step + 0.5);
        while (steps < budget) {
            const double from = cpu_seconds();
            if (r->host->cancelled(r->host))
                return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
            for (rc = HONE_OK; rc == HONE_OK && !c->spent && c->n_running < r->concurrent;)
                rc = take_order(c, err);
            c->cpu += cpu_seconds() - from;
            if (rc < 0)
                return rc;
            if (!c->n_running && !c->spent)
                return wrong(c, "waits for results though no trial is at work", err);
            if (!c->n_running)
                break;
            if ((rc = advance(c, first_running(c), err)) < 0)
                return rc;
            steps++;
        }
        if ((rc = regret_now(c, regret + b, err)) < 0)
            return rc;
    }
    c->cpu /= steps ? (double)steps : 1;
    return HONE_OK;
}

hone_rc race_run(const struct race *race, double *regret, uint64_t *trials, double *cpu, hone_error *err)
{
    struct course c = { .race = race, .best = UINT64_MAX };
    hone_rc rc;
    c.running = (uint64_t *)calloc(race->concurrent + 1u, sizeof *c.running);
    rc = c.running ? open_all(&c, err) : hone_fail(err, HONE_ENOMEM, "concurrent", "out of memory for the trials");
    if (rc >= 0)
        rc = loop(&c, regret, err);
    *trials = c.n;
    *cpu = c.cpu;
    race->instances->release(race->host, &c.search);
    race->instances->release(race->host, &c.scheduler);
    free(c.trials);
    free(c.x);
    free(c.running);
    return rc;
}

hone_rc race_oracle(const struct race *race, double *regret, uint64_t *trials, hone_error *err)
{
    const hone_problem *p = &race->posed->problem;
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, p->max_step, NULL };
    const hone_search_v1 *points;
    hone_instance search;
    double *x = (double *)calloc(p->space->n_dims + 1u, sizeof *x), best = HUGE_VAL;
    uint64_t n = 0;
    hone_rc rc = x ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for a point");
    memset(&search, 0, sizeof search);
    if (rc == HONE_OK)
        rc = make(race, HONE_KIND_SEARCH, race->search, &search, err);
    if (rc == HONE_OK) {
        points = (const hone_search_v1 *)search.component->iface;
        rc = refusal(points->open(search.self, p->space, &info, err));
    }
    for (uint64_t b = 0; b < race->n_budgets && rc == HONE_OK; b++) {
        const uint64_t budget = (uint64_t)(race->budgets[b] * (double)p->max_step + 0.5);
        for (; n < budget && rc == HONE_OK; n++) {
            double value = (double)NAN;
            if (race->host->cancelled(race->host))
                rc = hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
            else if ((rc = points->ask(search.self, n, x, err)) == HONE_OK)
                rc = race->posed->iface->evaluate(race->posed->instance.self, x, race->seed, 0, HONE_PROBLEM_EXACT,
                                                  &value, NULL, err);
            if (rc != HONE_OK && rc != HONE_EFAIL)
                break;
            best = value < best ? value : best;
            const hone_outcome outcome = { .size = sizeof outcome,
                                           .status = rc == HONE_OK ? HONE_COMPLETE : HONE_FAILED,
                                           .trial = n,
                                           .x = x,
                                           .values = &value,
                                           .n_values = 1,
                                           .step = p->max_step };
            rc = points->tell(search.self, &outcome, err);
        }
        rc = rc == HONE_DONE || rc == HONE_WAIT ? HONE_OK : rc; /* no more points */
        regret[b] = best - (isfinite(p->optimum) ? p->optimum : 0);
    }
    *trials = n;
    race->instances->release(race->host, &search);
    free(x);
    return rc;
}
