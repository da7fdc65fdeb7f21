/* SPDX-License-Identifier: MIT */
/* objective/function: test problems with known best values, for trying searches and schedulers without training
 * anything. */
#include "function.h"
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const hone_param params[] = {
    HONE_ENUM(struct settings, name, "branin", problem_names, 0, "The problem."),
    HONE_INT(struct settings, dimensions, "0", 0, MOST_DIMENSIONS, 0, NULL,
             "Parameters x1, x2, ...; 0: the problem's own number, or its usual one where it takes any."),
    HONE_INT(struct settings, objectives, "0", 0, MOST_VALUES, 0, NULL,
             "Values f1, f2, ... of a problem that takes any number (dtlz); 0: the problem's own number, or 3."),
    HONE_REAL(struct settings, noise, "0", 0, 1e9, 0, NULL, "Deviation of the normal noise on every value reported."),
    HONE_REAL(struct settings, failure_rate, "0", 0, 1, 0, NULL,
              "Share of the trials that fail, at a step that the trial's seed chooses."),
    HONE_INT(
        struct settings, steps, "0", 0, 1e9, 0, "steps",
        "Reports of a trial: the problem's fidelities, or else a curve that falls to the value. 0: the value alone."),
    HONE_REAL(struct settings, delay, "0", 0, 86400, 0, "seconds",
              "Sleep at every step (once, without steps): stands for work."),
    HONE_BOOL(struct settings, derivatives, "no", 0,
              "Trials report the derivatives of the value too, for searches that descend; smooth problems only."),
};

static void destroy(void *self)
{
    struct function *f = (struct function *)self;
    if (f)
        function_release(f);
    free(f);
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct function *f = (struct function *)calloc(1, sizeof *f);
    hone_rc rc;
    if (!f)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a test problem");
    f->host = host;
    f->settings = (const struct settings *)info->config;
    f->problem = problems[f->settings->name];
    if ((rc = function_init(f, err)) < 0) {
        destroy(f);
        return rc;
    }
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
    description->n_metrics = f->n_values + f->problem->n_constraints;
    description->metrics = f->metrics;
    description->n_keys = f->n;
    description->keys = f->keys;
    description->derivatives = f->derivatives;
    description->n_derivatives = f->derivatives ? f->n : 0;
    return HONE_OK;
}

/* The index of a choice by its text, as the trial's own choices may be fewer or in another order. */
static hone_rc read_choice(const hone_dim *d, const hone_setting *setting, double *x, hone_error *err)
{
    for (uint32_t i = 0; i < d->n_choices; i++)
        if (!strcmp(d->choices[i], setting->text)) {
            *x = i;
            return HONE_OK;
        }
    return hone_fail(err, HONE_EINVAL, d->key, "%s = %.60s: the problem takes the choices %s .. %s", d->key,
                     setting->text, d->choices[0], d->choices[d->n_choices - 1]);
}

/* x: (n), by name; NaN where the problem does not look */
static hone_rc read_point(const struct function *f, const hone_trial *trial, double *x, hone_error *err)
{
    uint32_t k = 0; /* settings mostly come in the order of the keys */
    for (uint32_t i = 0; i < f->n; i++) {
        const hone_dim *d = f->dims[i];
        uint32_t tried = 0;
        hone_rc rc;
        if (!hone_space_active(&f->space, x, i)) {
            x[i] = (double)NAN;
            continue;
        }
        while (tried < trial->n_settings && strcmp(trial->settings[k % trial->n_settings].key, f->keys[i])) {
            tried++;
            k++;
        }
        if (tried == trial->n_settings)
            return hone_fail(err, HONE_EINVAL, f->keys[i],
                             "%s of %u dimensions needs the parameter %s: add it to [space], active in every trial%s",
                             f->problem->name, f->n, f->keys[i], d->n_conditions ? " that uses it" : "");
        x[i] = trial->settings[k % trial->n_settings].number;
        if (d->n_choices && (rc = read_choice(d, trial->settings + k % trial->n_settings, x + i, err)) < 0)
            return rc;
        k++;
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

static hone_rc report_derivatives(const struct function *f, const hone_trial *trial, const double *x, hone_error *err)
{
    hone_derivative derivatives[MOST_DIMENSIONS];
    double gradient[MOST_DIMENSIONS];
    if (trial->size < offsetof(hone_trial, derivatives) + sizeof trial->derivatives || !trial->derivatives)
        return hone_fail(err, HONE_ENOTSUP, "derivatives", "derivatives = yes, but this host does not take any");
    problem_gradient(f->problem, x, f->n, gradient);
    for (uint32_t i = 0; i < f->n; i++) {
        derivatives[i] = f->derivatives[i];
        derivatives[i].value = gradient[i];
    }
    return trial->derivatives(trial, derivatives, f->n, err);
}

static hone_rc run(void *self, const hone_trial *trial, hone_error *err)
{
    const struct function *f = (const struct function *)self;
    const int64_t steps = f->settings->steps;
    const uint32_t n = f->n_values + f->problem->n_constraints;
    hone_value values[MOST_VALUES + MOST_CONSTRAINTS];
    double x[MOST_DIMENSIONS], y[MOST_VALUES + MOST_CONSTRAINTS];
    hone_rc rc = read_point(f, trial, x, err);
    if (rc < 0)
        return rc;
    memcpy(values, f->metrics, sizeof values);
    for (int64_t step = steps ? 1 : 0; step <= steps; step++) {
        if ((rc = work(f, err)) < 0 ||
            (rc = function_evaluate(f, x, trial->seed, step, 0, y, y + f->n_values, err)) < 0)
            return rc;
        for (uint32_t i = 0; i < n; i++)
            values[i].value = y[i];
        if (step && (rc = trial->report(trial, step, values, n, err)) != HONE_OK)
            return rc;
        if (trial->until && step >= trial->until && step < steps)
            return HONE_OK;
    }
    if (f->derivatives && (rc = report_derivatives(f, trial, x, err)) < 0)
        return rc;
    return trial->result(trial, values, n, err); /* the last report stands */
}

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_PROBLEM) ? NULL : &function_problem;
}

static const hone_objective_v1 objective = { sizeof objective, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, describe, run };
static const hone_component function = {
    sizeof function,
    HONE_C_DETERMINISTIC,
    HONE_KIND_OBJECTIVE,
    "function",
    "Test problems with known best values",
    problem_doc,
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
    get_ext,
};
HONE_MODULE("org.hone.objective.function", "0.2.0", "MIT", "the hone authors", "", &function)
