/* SPDX-License-Identifier: MIT */
/* Fitting a transform to the recorded table, and the properties that every transform has. */
#ifndef HONE_TESTS_TRANSFORM_CASE_H
#define HONE_TESTS_TRANSFORM_CASE_H
#include "component.h"
#include "fixtures/transforms.h"
#include "hone/rng.h"
#include "hone/transform.h"

static const hone_transform_v1 *transform_iface(const struct component *c)
{
    return (const hone_transform_v1 *)c->component->iface;
}

static hone_task transform_table(int64_t features)
{
    hone_task t = { .size = sizeof t, .n_dims = 1, .dtype = HONE_F32, .dims = { features } };
    return t;
}

/* In unequal batches; the width of what goes out. */
static hone_rc transform_fit(struct component *c, int64_t *width)
{
    const hone_task task = transform_table(FEATURES);
    hone_task result;
    hone_rc rc = transform_iface(c)->begin(c->self, &task, &result, &c->err);
    if (rc != HONE_OK)
        return rc;
    CU_ASSERT(result.dtype == HONE_F32 && result.n_dims == 1);
    *width = result.dims[0];
    for (uint64_t at = 0; at < SAMPLES && rc == HONE_OK; at += 13)
        rc = transform_iface(c)->fit(c->self, samples[at], at + 13 < SAMPLES ? 13 : SAMPLES - at, &c->err);
    return rc == HONE_OK ? transform_iface(c)->finish(c->self, &c->err) : rc;
}

/* Opened, fitted and applied: every one of the first `columns` values of a sample is the recorded one, relative to the size
 * that its column has. */
__attribute__((unused)) static void transform_check(struct component *c, const double *expected, int64_t columns,
                                                    int64_t width, double tolerance)
{
    static float y[SAMPLES * FEATURES];
    int64_t n = 0;
    CU_ASSERT_EQUAL_FATAL(transform_fit(c, &n), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(n, width);
    CU_ASSERT_EQUAL(transform_iface(c)->apply(c->self, samples[0], y, SAMPLES, &c->err), HONE_OK);
    for (int64_t j = 0; j < columns; j++) {
        double size = 1e-3;
        for (int64_t i = 0; i < SAMPLES; i++)
            size = fmax(size, fabs(expected[i * columns + j]));
        for (int64_t i = 0; i < SAMPLES; i++)
            CU_ASSERT(fabs((double)y[i * n + j] - expected[i * columns + j]) <= tolerance * size);
    }
}

/* The state makes the round, cut and changed ones are refused or harmless. */
__attribute__((unused)) static void transform_state_round(struct component *one, struct component *two)
{
    static struct state s, again, bad;
    static float first[SAMPLES * FEATURES], second[SAMPLES * FEATURES];
    const hone_task task = transform_table(FEATURES);
    hone_task result;
    hone_rng rng = hone_rng_at(8, 1);
    int64_t width = 0;
    CU_ASSERT_EQUAL(component_save(one, &s), HONE_OK); /* nothing fitted yet: also a state */
    CU_ASSERT_EQUAL(component_load(two, &s), HONE_OK);
    CU_ASSERT(transform_iface(two)->apply(two->self, samples[0], second, 1, &two->err) < 0);
    CU_ASSERT_EQUAL_FATAL(transform_fit(one, &width), HONE_OK);
    CU_ASSERT_EQUAL(transform_iface(one)->apply(one->self, samples[0], first, SAMPLES, &one->err), HONE_OK);
    CU_ASSERT_EQUAL(component_save(one, &s), HONE_OK);
    component_refuses_cut_states(two, &s);
    CU_ASSERT(transform_iface(two)->apply(two->self, samples[0], second, 1, &two->err) < 0);
    CU_ASSERT_EQUAL(component_load(two, &s), HONE_OK);
    CU_ASSERT_EQUAL(component_save(two, &again), HONE_OK);
    CU_ASSERT(s.n == again.n && !memcmp(s.bytes, again.bytes, s.n));
    CU_ASSERT_EQUAL(transform_iface(two)->begin(two->self, &task, &result, &two->err), HONE_OK); /* keeps the state */
    CU_ASSERT_EQUAL(transform_iface(two)->apply(two->self, samples[0], second, SAMPLES, &two->err), HONE_OK);
    CU_ASSERT(!memcmp(first, second, (size_t)(SAMPLES * width) * sizeof *first));
    for (int round = 0; round < 2000; round++) {
        memcpy(&bad, &s, sizeof bad);
        for (uint64_t k = hone_rng_below(&rng, 4) + 1; k > 0; k--)
            bad.bytes[hone_rng_below(&rng, round % 2 ? bad.n : 32)] = (unsigned char)hone_rng_u32(&rng);
        const hone_rc rc = component_load(two, &bad);
        CU_ASSERT(rc == HONE_OK || rc == HONE_EINVAL);
    }
}

/* Without samples, without a shape, with a value that is no number. */
__attribute__((unused)) static void transform_refuses_odd_use(struct component *c)
{
    static const char *const names[FEATURES] = { "a", "b", "height" };
    static float bad[FEATURES];
    hone_task task = transform_table(FEATURES), result;
    const hone_transform_v1 *iface = transform_iface(c);
    CU_ASSERT(iface->fit(c->self, samples[0], 1, &c->err) < 0);
    CU_ASSERT_EQUAL(iface->begin(c->self, &task, &result, &c->err), HONE_OK);
    CU_ASSERT(iface->finish(c->self, &c->err) < 0);
    CU_ASSERT(iface->apply(c->self, samples[0], bad, 1, &c->err) < 0);
    task.dims[0] = 0;
    CU_ASSERT(iface->begin(c->self, &task, &result, &c->err) < 0);
    task = transform_table(FEATURES);
    task.features = names;
    bad[2] = NAN;
    CU_ASSERT_EQUAL(iface->begin(c->self, &task, &result, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(iface->fit(c->self, samples[0], SAMPLES, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(iface->fit(c->self, bad, 1, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(iface->finish(c->self, &c->err), HONE_ENUMERIC);
    CU_ASSERT_PTR_NOT_NULL(strstr(c->err.msg, "feature 'height'"));
}
#endif
