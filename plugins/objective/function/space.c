/* SPDX-License-Identifier: MIT */
/* What an instance of objective/function knows of its problem: the space, the names of its values, the best of them. */
#include "function.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

/* Streams of a trial's seed: `noise` uses 0, 1, 2, ... by step; these lie far from them. */
enum { OWN_NOISE = 1, FAILURE = 2 };
#define STREAM_FAILURE UINT64_C(0x4641494c00000000)

void function_release(struct function *f)
{
    free(f->names);
    free(f->keys);
    free(f->own);
    free(f->dims);
    free(f->minimizer);
    free(f->derivatives);
}

static void name_values(struct function *f)
{
    const uint32_t m = f->n_values, n = m + f->problem->n_constraints;
    for (uint32_t i = 0; i < n; i++) {
        if (m == 1 && !i)
            snprintf(f->metric_names[i], sizeof f->metric_names[i], "value");
        else
            snprintf(f->metric_names[i], sizeof f->metric_names[i], "%c%u", i < m ? 'f' : 'c',
                     (i < m ? i : i - m) % 100 + 1);
        f->name_list[i] = f->metrics[i].name = f->metric_names[i];
        f->metrics[i].direction = HONE_MINIMIZE;
    }
}

static hone_rc make_space(struct function *f, hone_error *err)
{
    const struct problem *p = f->problem;
    const uint32_t n = f->n;
    if (!(f->names = (char *)calloc(n, KEY_SIZE)) || !(f->keys = (const char **)calloc(n, sizeof *f->keys)) ||
        !(f->own = (hone_dim *)calloc(n, sizeof *f->own)) || !(f->dims = (const hone_dim **)calloc(n, sizeof *f->dims)))
        return hone_fail(err, HONE_ENOMEM, "dimensions", "out of memory for %u dimensions", n);
    for (uint32_t i = 0; i < n; i++) {
        char *key = f->names + (size_t)i * KEY_SIZE;
        hone_dim *d = f->own + i;
        if (p->dims) {
            f->dims[i] = p->dims[i];
            f->keys[i] = p->dims[i]->key;
            continue;
        }
        snprintf(key, KEY_SIZE, "x%u", i + 1);
        d->size = sizeof *d;
        d->type = HONE_DIM_REAL;
        d->key = f->keys[i] = key;
        d->min = p->low;
        d->max = p->high;
        d->deviation = 1;
        if (p->shape)
            p->shape(n, i, d);
        f->dims[i] = d;
    }
    f->space.size = sizeof f->space;
    f->space.n_dims = n;
    f->space.dims = f->dims;
    return HONE_OK;
}

/* The least value is what the problem is worth at its minimizer. */
static hone_rc find_optimum(struct function *f, hone_error *err)
{
    const struct problem *p = f->problem;
    struct query q = { NULL, f->n, f->n_values, 1, 0, 0, 1 };
    double constraints[MOST_CONSTRAINTS];
    f->optimum = f->hypervolume = (double)NAN;
    if (p->front)
        f->hypervolume = p->front(f->n_values, f->reference);
    if (!p->minimizer || (p->n_minimizer > 1 && p->n_minimizer < f->n))
        return HONE_OK;
    if (!(f->minimizer = (double *)calloc(f->n, sizeof *f->minimizer)))
        return hone_fail(err, HONE_ENOMEM, "dimensions", "out of memory for %u dimensions", f->n);
    for (uint32_t i = 0; i < f->n; i++)
        f->minimizer[i] = p->minimizer[p->n_minimizer > 1 ? i : 0];
    q.x = f->minimizer;
    problem_evaluate(p, &q, &f->optimum, constraints);
    return HONE_OK;
}

static hone_rc name_derivatives(struct function *f, hone_error *err)
{
    if (!problem_gradient(f->problem, NULL, f->n, NULL))
        return hone_fail(err, HONE_EINVAL, "derivatives",
                         "derivatives = yes, but those of %s are not known: see 'hone info objective/function'",
                         f->problem->name);
    if (!(f->derivatives = (hone_derivative *)calloc(f->n, sizeof *f->derivatives)))
        return hone_fail(err, HONE_ENOMEM, "dimensions", "out of memory for %u dimensions", f->n);
    for (uint32_t i = 0; i < f->n; i++)
        f->derivatives[i] = (hone_derivative){ f->name_list[0], f->keys[i], 0 };
    return HONE_OK;
}

hone_rc function_init(struct function *f, hone_error *err)
{
    const struct settings *s = f->settings;
    const struct problem *p = f->problem;
    hone_rc rc;
    f->n_values = p->n_values ? p->n_values : s->objectives ? (uint32_t)s->objectives : 3;
    if (s->objectives && f->n_values != (uint32_t)s->objectives)
        return hone_fail(err, HONE_ERANGE, "objectives", "objectives = %lld, but %s has %u", (long long)s->objectives,
                         p->name, f->n_values);
    const uint32_t more = p->n_values ? 0 : f->n_values - 1; /* dimensions of the front itself */
    const uint32_t least = more ? f->n_values : p->min_dims;
    f->n = s->dimensions ? (uint32_t)s->dimensions : p->n_dims ? p->n_dims : p->usual_dims + more;
    if (p->n_dims && f->n != p->n_dims)
        return hone_fail(err, HONE_ERANGE, "dimensions", "dimensions = %u, but %s has %u", f->n, p->name, p->n_dims);
    if (f->n < least)
        return hone_fail(err, HONE_ERANGE, "dimensions", "dimensions = %u, but %s needs at least %u", f->n, p->name,
                         least);
    name_values(f);
    if ((rc = make_space(f, err)) < 0)
        return rc;
    if (s->derivatives && (rc = name_derivatives(f, err)) < 0)
        return rc;
    return find_optimum(f, err);
}

/* Whether the trial of this seed fails, and at which of its steps. */
static int fails_at(const struct function *f, uint64_t seed, int64_t step)
{
    hone_rng rng = hone_rng_at(seed, STREAM_FAILURE);
    const int64_t steps = f->settings->steps;
    if (!(hone_rng_uniform(&rng) < f->settings->failure_rate))
        return 0;
    return !steps || !step || step >= 1 + (int64_t)hone_rng_below(&rng, (uint64_t)steps);
}

hone_rc function_evaluate(const struct function *f, const double *x, uint64_t seed, int64_t step, uint32_t flags,
                          double *values, double *constraints, hone_error *err)
{
    const struct problem *p = f->problem;
    const int64_t steps = f->settings->steps, at = steps && !step ? steps : step;
    const int exact = (flags & HONE_PROBLEM_EXACT) != 0;
    const double share = steps ? (double)at / (double)steps : 1;
    const struct query q = { x, f->n, f->n_values, share, at, hone_rng_derive(seed, OWN_NOISE), (uint32_t)exact };
    hone_rng rng = hone_rng_at(seed, (uint64_t)at);
    if (!exact && f->settings->failure_rate > 0 && fails_at(f, seed, step))
        return hone_fail(err, HONE_EFAIL, "failure_rate", "this trial fails, as failure_rate = %g asks for",
                         f->settings->failure_rate);
    problem_evaluate(p, &q, values, constraints);
    for (uint32_t i = 0; i < f->n_values; i++) {
        if (at < steps && !p->fidelity) /* the curve: (1 + |y|) (e^-5s - e^-5) above the value */
            values[i] += (1 + fabs(values[i])) * (exp(-5 * share) - exp(-5));
        if (f->settings->noise > 0 && !exact)
            values[i] += f->settings->noise * hone_rng_normal(&rng);
    }
    return HONE_OK;
}

static hone_rc describe_problem(void *self, hone_problem *problem, hone_error *err)
{
    const struct function *f = (const struct function *)self;
    const struct problem *p = f->problem;
    (void)err;
    problem->name = p->name;
    problem->space = &f->space;
    problem->n_values = f->n_values;
    problem->n_constraints = p->n_constraints;
    problem->value_names = f->name_list;
    problem->constraint_names = p->n_constraints ? f->name_list + f->n_values : NULL;
    problem->optimum = f->optimum;
    problem->minimizer = f->minimizer;
    problem->reference = p->front ? f->reference : NULL;
    problem->hypervolume = f->hypervolume;
    problem->noisy = f->settings->noise > 0 || (p->noisy && (!p->fidelity || f->settings->steps));
    problem->fidelity = p->fidelity;
    problem->max_step = f->settings->steps;
    return HONE_OK;
}

static hone_rc evaluate(void *self, const double *x, uint64_t seed, int64_t step, uint32_t flags, double *values,
                        double *constraints, hone_error *err)
{
    return function_evaluate((const struct function *)self, x, seed, step, flags, values, constraints, err);
}

static hone_rc gradient(void *self, const double *x, double *g, hone_error *err)
{
    const struct function *f = (const struct function *)self;
    return problem_gradient(f->problem, x, f->n, g)
               ? HONE_OK
               : hone_fail(err, HONE_ENOTSUP, NULL, "the derivatives of %s are not known", f->problem->name);
}

const hone_problem_v1 function_problem = { sizeof function_problem, 0,        "name",  "dimensions",
                                           describe_problem,        evaluate, gradient };
