/* SPDX-License-Identifier: MIT */
/* One search on one problem with one seed: the loop of a study without storage, workers and scheduler. */
#include "bench.h"
#include "hone/pareto.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- names ---- */
hone_rc entry_init(struct entry *entry, const char *label, const char *key, hone_error *err)
{
    char *at;
    memset(entry, 0, sizeof *entry);
    entry->label = label;
    entry->text = strdup(label);
    if (!entry->text)
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %.60s", label);
    entry->name = entry->text;
    at = strchr(entry->text, ':');
    while (at) {
        char *equal;
        *at++ = '\0';
        if (!(equal = strchr(at, '=')) || equal == at)
            return hone_fail(err, HONE_EINVAL, key, "%s = %.60s: behind ':' stands no KEY=VALUE", key, label);
        if (entry->n_settings + 1 >= MOST_SETTINGS) /* one is left for the dimensions */
            return hone_fail(err, HONE_EINVAL, key, "%s = %.60s...: too many settings", key, label);
        *equal = '\0';
        entry->settings[entry->n_settings++] = (hone_assignment){ at, equal + 1 };
        at = strchr(equal + 1, ':');
    }
    return *entry->name ? HONE_OK : hone_fail(err, HONE_EINVAL, key, "%s = %.60s names nothing", key, label);
}

void entry_release(struct entry *entry)
{
    free(entry->text);
}

/* ---- what it has reached ---- */
static int keep_values(struct score *score, const double *values)
{
    const uint32_t m = score->posed->problem.n_values;
    if (score->n == score->capacity) {
        const uint64_t capacity = score->capacity ? 2 * score->capacity : 256;
        double *more = (double *)realloc(score->values, (size_t)(capacity * m) * sizeof *more);
        if (!more)
            return 0;
        score->values = more;
        score->capacity = capacity;
    }
    memcpy(score->values + score->n++ * m, values, m * sizeof *values);
    return 1;
}

hone_rc score_evaluate(struct score *score, uint64_t seed, uint64_t number, const double *x, double *values,
                       double *constraints, hone_error *err)
{
    const struct posed *posed = score->posed;
    const hone_problem *p = &posed->problem;
    const uint64_t trial_seed = hone_rng_derive(seed, 1000 + number);
    double exact[MOST_VALUES], truly[MOST_VALUES];
    hone_rc rc = posed->iface->evaluate(posed->instance.self, x, trial_seed, 0, 0, values, constraints, err);
    if (rc < 0)
        return rc;
    memcpy(exact, values, p->n_values * sizeof *values);
    if (p->noisy && (rc = posed->iface->evaluate(posed->instance.self, x, trial_seed, 0, HONE_PROBLEM_EXACT, exact,
                                                 truly, err)) < 0)
        return rc;
    for (uint32_t i = 0; i < p->n_constraints; i++)
        if (!(constraints[i] <= 0))
            return HONE_OK;
    if (p->n_values > 1)
        return keep_values(score, exact) ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the values");
    if (values[0] < score->observed) {
        score->observed = values[0];
        score->exact = exact[0];
    }
    return HONE_OK;
}

hone_rc score_regret(const struct score *score, double *regret, hone_error *err)
{
    const hone_problem *p = &score->posed->problem;
    double volume = 0;
    hone_rc rc;
    if (p->n_values == 1) {
        *regret = score->exact - (isfinite(p->optimum) ? p->optimum : 0);
        return HONE_OK;
    }
    if ((rc = hone_hypervolume(score->values, score->n, p->n_values, p->reference, &volume, err)) < 0)
        return rc;
    *regret = (isfinite(p->hypervolume) ? p->hypervolume : 0) - volume;
    return HONE_OK;
}

void score_release(struct score *score)
{
    free(score->values);
}

/* ---- the study ---- */
static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct course {
    const hone_host *host;
    const struct posed *posed;
    hone_instance search;
    const hone_search_v1 *iface;
    uint64_t seed, trials, asked, told;
    double *x;        /* (trials, n_dims) */
    double *gradient; /* (n_dims) NULL: the problem has no derivatives */
    struct score score;
};

/* NULL, or the key of a value that a search must not propose. */
static const char *fault(const hone_space *space, const double *x)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        if ((hone_space_active(space, x, i) == 0) != (isnan(x[i]) != 0))
            return d->key;
        if (!isnan(x[i]) &&
            (x[i] < d->min || x[i] > d->max || fabs(hone_dim_snap(d, x[i]) - x[i]) > 1e-9 * fmax(1, fabs(x[i]))))
            return d->key;
    }
    return hone_space_allowed(space, x) ? NULL : "a relation";
}

static hone_rc tell_next(struct course *c, hone_error *err)
{
    const hone_problem *p = &c->posed->problem;
    double values[MOST_VALUES], constraints[MOST_VALUES];
    const double *x = c->x + c->told * p->space->n_dims;
    hone_outcome outcome = { sizeof outcome, HONE_COMPLETE,    c->told, x,    values, constraints,
                             p->n_values,    p->n_constraints, 0,       NULL, 0,      c->gradient };
    if (c->gradient && c->posed->iface->gradient(c->posed->instance.self, x, c->gradient, err) < 0)
        return HONE_EFAIL;
    hone_rc rc = score_evaluate(&c->score, c->seed, c->told, x, values, constraints, err);
    if (rc == HONE_EFAIL) {
        outcome.status = HONE_FAILED;
        outcome.gradient = NULL;
        for (uint32_t i = 0; i < MOST_VALUES; i++)
            values[i] = constraints[i] = (double)NAN;
    } else if (rc < 0) {
        return rc;
    }
    c->told++;
    return c->iface->tell(c->search.self, &outcome, err);
}

static hone_rc ask_next(struct course *c, hone_error *err)
{
    const hone_space *space = c->posed->problem.space;
    double *x = c->x + c->asked * space->n_dims;
    const hone_rc rc = c->iface->ask(c->search.self, c->asked, x, err);
    const char *key;
    if (rc != HONE_OK)
        return rc;
    if ((key = fault(space, x)))
        return hone_fail(err, HONE_EFAIL, "search", "trial %llu is not in the space of %.60s: %.60s is at fault",
                         (unsigned long long)c->asked, c->posed->label, key);
    c->asked++;
    return HONE_OK;
}

static hone_rc loop(struct course *c, uint64_t concurrent, hone_error *err)
{
    int done = 0;
    hone_rc rc = HONE_OK;
    while (c->told < c->asked || (!done && c->asked < c->trials)) {
        if (c->host->cancelled(c->host))
            return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
        if (!done && c->asked < c->trials && c->asked - c->told < concurrent) {
            if ((rc = ask_next(c, err)) < 0)
                return rc;
            done = rc == HONE_DONE;
            if (rc == HONE_OK || rc == HONE_DONE)
                continue;
            if (c->told == c->asked)
                return hone_fail(err, HONE_EFAIL, "search", "waits for outcomes though no trial is at work");
        }
        if ((rc = tell_next(c, err)) < 0)
            return rc;
    }
    return HONE_OK;
}

/* Processor time of the evaluations alone: the same once more. */
static hone_rc evaluation_time(struct course *c, double *seconds, hone_error *err)
{
    const hone_problem *p = &c->posed->problem;
    struct score again = { c->posed, HUGE_VAL, HUGE_VAL, NULL, 0, 0 };
    double values[MOST_VALUES], constraints[MOST_VALUES];
    const double from = cpu_seconds();
    hone_rc rc = HONE_OK;
    for (uint64_t t = 0; t < c->told && rc >= 0; t++) {
        rc = score_evaluate(&again, c->seed, t, c->x + t * p->space->n_dims, values, constraints, err);
        rc = rc == HONE_EFAIL ? HONE_OK : rc;
    }
    *seconds = cpu_seconds() - from;
    score_release(&again);
    return rc;
}

/* Whether the problem knows its derivatives. */
static int is_smooth(const struct posed *posed)
{
    hone_error ignored = HONE_ERROR_INIT;
    const hone_problem_v1 *iface = posed->iface;
    return posed->problem.n_values == 1 &&
           iface->size >= offsetof(hone_problem_v1, gradient) + sizeof iface->gradient && iface->gradient &&
           iface->gradient(posed->instance.self, NULL, NULL, &ignored) == HONE_OK;
}

hone_rc course_run(const hone_host *host, const hone_instances_v1 *instances, const struct entry *search,
                   const struct posed *posed, uint64_t seed, uint64_t trials, uint64_t concurrent, double *regret,
                   double *cpu, hone_error *err)
{
    const hone_problem *p = &posed->problem;
    const uint32_t n_dims = p->space->n_dims;
    hone_search_info info = { sizeof info, p->n_values, p->n_constraints, 0, trials, p->max_step, NULL };
    uint8_t *derivatives = NULL;
    struct course c = {
        .host = host, .posed = posed, .seed = seed, .trials = trials, .score = { posed, HUGE_VAL, HUGE_VAL, NULL, 0, 0 }
    };
    double evaluating = 0, from;
    hone_rc rc;
    *cpu = 0;
    *regret = (double)NAN;
    c.search.size = sizeof c.search;
    if ((rc = instances->make(host, HONE_KIND_SEARCH, search->name, search->settings, search->n_settings, seed,
                              &c.search, err)) < 0)
        return rc;
    c.iface = (const hone_search_v1 *)c.search.component->iface;
    c.x = (double *)malloc((size_t)(trials * n_dims + 1) * sizeof *c.x);
    if (is_smooth(posed)) {
        c.gradient = (double *)malloc((n_dims + 1) * sizeof *c.gradient);
        info.derivatives = derivatives = (uint8_t *)malloc(n_dims + 1);
        if (derivatives)
            memset(derivatives, 1, n_dims);
    }
    if (!c.x || (is_smooth(posed) && (!c.gradient || !derivatives))) {
        rc = hone_fail(err, HONE_ENOMEM, "trials", "out of memory for %llu trials", (unsigned long long)trials);
        goto out;
    }
    from = cpu_seconds();
    if ((rc = c.iface->open(c.search.self, p->space, &info, err)) < 0) {
        rc = rc == HONE_EINVAL ? HONE_ENOTSUP : rc;
        goto out;
    }
    if ((rc = loop(&c, concurrent, err)) < 0)
        goto out;
    *cpu = cpu_seconds() - from;
    if ((rc = evaluation_time(&c, &evaluating, err)) < 0)
        goto out;
    *cpu = fmax(0, *cpu - evaluating) / (double)(c.told ? c.told : 1);
    rc = score_regret(&c.score, regret, err);
out:
    instances->release(host, &c.search);
    score_release(&c.score);
    free(c.x);
    free(c.gradient);
    free(derivatives);
    return rc;
}
