/* SPDX-License-Identifier: MIT */
/* objective/function: test functions with known minima, for trying searches and schedulers without training anything.
 */
#include "hone/objective.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "functions.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_DIMENSIONS = 1000, KEY_SIZE = 12 };

struct settings {
    uint32_t name;
    int64_t dimensions, steps;
    double noise, delay;
};

static const hone_param params[] = {
    HONE_ENUM(struct settings, name, "branin", test_function_names, 0, "The function."),
    HONE_INT(struct settings, dimensions, "0", 0, MOST_DIMENSIONS, 0, NULL,
             "Parameters x1, x2, ...; 0: the function's own number, or 2 where it takes any."),
    HONE_REAL(struct settings, noise, "0", 0, 1e9, 0, NULL, "Deviation of the normal noise on every value reported."),
    HONE_INT(struct settings, steps, "0", 0, 1e9, 0, "steps",
             "Reports of a trial: a curve that falls to the value, for schedulers. 0: the value alone."),
    HONE_REAL(struct settings, delay, "0", 0, 86400, 0, "seconds",
              "Sleep at every step (once, without steps): stands for work."),
};

struct function {
    const hone_host *host;
    const struct settings *settings;
    const struct test_function *function;
    uint32_t n;        /* dimensions */
    char *names;       /* (n, KEY_SIZE): "x1", ... */
    const char **keys; /* (n) */
    hone_value metric;
};

static void destroy(void *self)
{
    struct function *f = (struct function *)self;
    if (!f)
        return;
    free(f->names);
    free(f->keys);
    free(f);
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    const struct test_function *t = test_functions + s->name;
    const uint32_t n = s->dimensions ? (uint32_t)s->dimensions : t->n_dims ? t->n_dims : 2;
    struct function *f;
    if (t->n_dims && n != t->n_dims)
        return hone_fail(err, HONE_ERANGE, "dimensions", "dimensions = %u, but %s has %u", n, t->name, t->n_dims);
    if (n < t->min_dims)
        return hone_fail(err, HONE_ERANGE, "dimensions", "dimensions = %u, but %s needs at least %u", n, t->name,
                         t->min_dims);
    f = (struct function *)calloc(1, sizeof *f);
    if (!f || !(f->names = (char *)calloc(n, KEY_SIZE)) || !(f->keys = (const char **)calloc(n, sizeof *f->keys))) {
        destroy(f);
        return hone_fail(err, HONE_ENOMEM, "dimensions", "out of memory for %u dimensions", n);
    }
    f->host = host;
    f->settings = s;
    f->function = t;
    f->n = n;
    for (uint32_t i = 0; i < n; i++) {
        snprintf(f->names + (size_t)i * KEY_SIZE, KEY_SIZE, "x%u", i + 1);
        f->keys[i] = f->names + (size_t)i * KEY_SIZE;
    }
    f->metric.name = "value";
    f->metric.direction = HONE_MINIMIZE;
    *self = f;
    return HONE_OK;
}

static hone_rc describe(void *self, hone_description *description, hone_error *err)
{
    const struct function *f = (const struct function *)self;
    (void)err;
    description->max_step = f->settings->steps;
    description->stop_key = f->settings->steps ? "steps" : NULL;
    description->any_space = 1;
    description->any_metric = 0;
    description->n_metrics = 1;
    description->metrics = &f->metric;
    description->n_keys = f->n;
    description->keys = f->keys;
    return HONE_OK;
}

/* x: (n), by name */
static hone_rc read_point(const struct function *f, const hone_trial *trial, double *x, hone_error *err)
{
    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t k = 0;
        while (k < trial->n_settings && strcmp(trial->settings[k].key, f->keys[i]))
            k++;
        if (k == trial->n_settings)
            return hone_fail(err, HONE_EINVAL, f->keys[i],
                             "%s of %u dimensions needs the parameter %s: add it to [space], active in every "
                             "trial",
                             f->function->name, f->n, f->keys[i]);
        x[i] = trial->settings[k].number;
    }
    return HONE_OK;
}

/* Sleeps as long as `delay` says, in slices short enough to hear that the study ends. */
static hone_rc work(const struct function *f, hone_error *err)
{
    double left = f->settings->delay;
    while (left > 0) {
        const double slice = left < 0.02 ? left : 0.02;
        const struct timespec time = { 0, (long)(slice * 1e9) };
        if (f->host->cancelled(f->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled");
        nanosleep(&time, NULL);
        left -= slice;
    }
    return HONE_OK;
}

static hone_rc run(void *self, const hone_trial *trial, hone_error *err)
{
    const struct function *f = (const struct function *)self;
    const int64_t steps = f->settings->steps;
    hone_value value = f->metric;
    hone_rc rc = HONE_OK;
    double x[MOST_DIMENSIONS], y;
    if ((rc = read_point(f, trial, x, err)) < 0)
        return rc;
    y = f->function->value(x, f->n);
    for (int64_t step = 1; step <= steps; step++) {
        hone_rng rng = hone_rng_at(trial->seed, (uint64_t)step);
        const double share = (double)step / (double)steps; /* of the curve: (1 + |y|) (e^-5s - e^-5) above the value */
        if ((rc = work(f, err)) < 0)
            return rc;
        value.value = step < steps ? y + (1 + fabs(y)) * (exp(-5 * share) - exp(-5)) : y;
        if (f->settings->noise > 0)
            value.value += f->settings->noise * hone_rng_normal(&rng);
        rc = trial->report(trial, step, &value, 1, err);
        if (rc != HONE_OK)
            return rc;
        if (trial->until && step >= trial->until)
            return HONE_OK;
    }
    if (steps) /* the last report stands */
        return trial->result(trial, &value, 1, err);
    if ((rc = work(f, err)) < 0)
        return rc;
    value.value = y;
    if (f->settings->noise > 0) {
        hone_rng rng = hone_rng_at(trial->seed, 0);
        value.value += f->settings->noise * hone_rng_normal(&rng);
    }
    return trial->result(trial, &value, 1, err);
}

static const char doc[] =
    "Evaluates a test function at the point `x1`, `x2`, ... of the space and reports it as the metric `value`, to be "
    "minimized. "
    "For trying out searches, schedulers and storages, and for comparing them where the best value is known.\n\n"
    "| name | dimensions | usual space | minimum |\n"
    "|---|---|---|---|\n"
    "| branin | 2 | x1 -5 .. 10, x2 0 .. 15 | 0.397887 at (-pi, 12.275), (pi, 2.275), (9.42478, 2.475) |\n"
    "| hartmann3 | 3 | 0 .. 1 | -3.86278 |\n"
    "| hartmann6 | 6 | 0 .. 1 | -3.32237 |\n"
    "| ackley | any | -32.768 .. 32.768 | 0 at 0 |\n"
    "| rosenbrock | 2 or more | -5 .. 10 | 0 at (1, 1, ...) |\n"
    "| rastrigin | any | -5.12 .. 5.12 | 0 at 0 |\n"
    "| levy | any | -10 .. 10 | 0 at (1, 1, ...) |\n"
    "| styblinski_tang | any | -5 .. 5 | -39.16617 per dimension at -2.903534 |\n"
    "| sphere | any | -5.12 .. 5.12 | 0 at 0 |\n\n"
    "The space may be any; the functions are defined everywhere.\n\n"
    "With `steps`, a trial reports a curve that falls towards the value and ends on it, so that schedulers have "
    "something to stop. `noise` adds "
    "normal noise drawn from the trial's seed: the same trial has the same noise. `delay` sleeps, to stand for "
    "work.\n\n"
    "## Example\n"
    "    [objective]\n"
    "    use = function\n"
    "    name = branin\n\n"
    "    [space]\n"
    "    x1 = real -5 .. 10\n"
    "    x2 = real 0 .. 15\n\n"
    "## Sources\n"
    "Surjanovic, S. and Bingham, D., Virtual Library of Simulation Experiments (sfu.ca/~ssurjano); Dixon and Szego "
    "1978 (branin, "
    "hartmann); Ackley 1987; Styblinski and Tang 1990.\n";

static const hone_objective_v1 objective = { sizeof objective, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, describe, run };
static const hone_component function = {
    sizeof function,
    HONE_C_DETERMINISTIC,
    HONE_KIND_OBJECTIVE,
    "function",
    "Test functions with known minima",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &objective,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.objective.function", "0.1.0", "MIT", "the hone authors", "", &function)
