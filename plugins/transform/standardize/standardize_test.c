/* SPDX-License-Identifier: MIT */
/* transform/standardize against a two-pass reference in double precision, and its state against hostile
 * bytes. */
#include "component.h"
#include "hone/rng.h"
#include "hone/transform.h"

enum { N = 200, C = 3, H = 5, W = 7, E = C * H * W };

static float data[N][E], out[N][E];

static const hone_transform_v1 *iface_of(const struct component *c)
{
    return (const hone_transform_v1 *)c->component->iface;
}

static hone_task images(void)
{
    hone_task t = { .size = sizeof t, .n_dims = 3, .dtype = HONE_U8, .dims = { C, H, W } };
    return t;
}

static hone_task table(void)
{
    hone_task t = { .size = sizeof t, .n_dims = 1, .dtype = HONE_F32, .dims = { E } };
    return t;
}

/* Features of different places and widths, the first far from zero, the last one constant. */
static void draw(void)
{
    hone_rng rng = hone_rng_at(4, 2);
    for (int n = 0; n < N; n++)
        for (int e = 0; e < E; e++)
            data[n][e] = (float)(hone_rng_normal(&rng) * (1 + e) + (e == 0 ? 1e5 : e - 30));
    for (int n = 0; n < N; n++)
        data[n][E - 1] = 0.1f;
}

/* In unequal batches. */
static hone_rc fit(struct component *c, hone_task task)
{
    hone_task result;
    hone_rc rc = iface_of(c)->begin(c->self, &task, &result, &c->err);
    CU_ASSERT_EQUAL(result.dtype, HONE_F32);
    CU_ASSERT_EQUAL(result.n_dims, task.n_dims);
    for (int at = 0; at < N && rc == HONE_OK; at += 33)
        rc = iface_of(c)->fit(c->self, data[at], at + 33 < N ? 33 : (uint64_t)(N - at), &c->err);
    return rc == HONE_OK ? iface_of(c)->finish(c->self, &c->err) : rc;
}

/* Two passes over the elements [first, first + run) of every sample. */
static void reference(int first, int run, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (int n = 0; n < N; n++)
        for (int e = first; e < first + run; e++)
            sum += (double)data[n][e];
    *mean = sum / (N * run);
    for (int n = 0; n < N; n++)
        for (int e = first; e < first + run; e++)
            squares += ((double)data[n][e] - *mean) * ((double)data[n][e] - *mean);
    *deviation = sqrt(squares / (N * run));
}

static void check(const char *per, hone_task task, int run)
{
    struct component c;
    static float scale[E], shift[E];
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, "per", per, NULL), HONE_OK);
    draw();
    CU_ASSERT_EQUAL_FATAL(fit(&c, task), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->apply(c.self, data[0], out[0], N, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, scale, shift, &c.err), HONE_OK);
    for (int e = 0; e < E; e++) {
        double mean, deviation;
        reference(e / run * run, run, &mean, &deviation);
        if (run == 1 && e == E - 1)
            deviation = 1; /* constant */
        /* float32 holds x to 2^-24 of its size, and a feature far from zero feels that */
        const double tolerance = 1e-6 + 3 * fabs(mean) / deviation * 0x1p-24;
        CU_ASSERT(near((double)scale[e], 1 / deviation, 1e-6));
        for (int n = 0; n < N; n++) {
            CU_ASSERT(near((double)out[n][e], ((double)data[n][e] - mean) / deviation, tolerance));
            CU_ASSERT_EQUAL(out[n][e], scale[e] * data[n][e] + shift[e]); /* the host's own way gives the same bits */
        }
    }
    CU_ASSERT_EQUAL(iface_of(&c)->apply(c.self, data[0], data[0], N, &c.err), HONE_OK); /* in place */
    CU_ASSERT_EQUAL(memcmp(data, out, sizeof out), 0);
    component_close(&c);
}

static void test_per_feature(void)
{
    check("auto", table(), 1);
    check("feature", table(), 1);
    check("feature", images(), 1);
    check("channel", table(), 1);
}

static void test_per_channel_and_all(void)
{
    check("auto", images(), H * W);
    check("channel", images(), H * W);
    check("all", images(), E);
    check("all", table(), E);
}

/* One-pass sums of squares lose everything here: 1e8 +- 1, in steps of 8 that float32 has there. */
static void test_moments_survive_a_large_mean(void)
{
    struct component c;
    hone_task t = table();
    float x[4] = { 1e8f, 1e8f + 8, 1e8f + 16, 1e8f + 8 }, scale, shift;
    hone_task result;
    t.dims[0] = 1;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->begin(c.self, &t, &result, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->fit(c.self, x, 4, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->finish(c.self, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, &scale, &shift, &c.err), HONE_OK);
    CU_ASSERT(near((double)scale, 1 / sqrt(32), 1e-6));
    component_close(&c);
}

static void test_constant_images_are_shifted_only(void)
{
    static const float constants[] = { 0, 0.1f, 1.1f, -3.3f, 1e6f / 3, 1e30f / 7 }; /* whose sums round */
    for (unsigned i = 0; i < sizeof constants / sizeof *constants; i++) {
        struct component c;
        float scale[E], shift[E];
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, NULL), HONE_OK);
        for (int n = 0; n < N; n++)
            for (int e = 0; e < E; e++)
                data[n][e] = constants[i];
        CU_ASSERT_EQUAL(fit(&c, images()), HONE_OK);
        CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, scale, shift, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(scale[0], 1.0f);
        CU_ASSERT_EQUAL(shift[0], -constants[i]);
        component_close(&c);
    }
}

/* Subnormal differences: no infinite scale may come of them. */
static void test_a_vanishing_deviation_counts_as_none(void)
{
    struct component c;
    hone_task t = table(), result;
    const float x[2] = { 0, 1e-44f };
    float scale, shift;
    t.dims[0] = 1;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->begin(c.self, &t, &result, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->fit(c.self, x, 2, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->finish(c.self, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, &scale, &shift, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(scale, 1.0f);
    component_close(&c);
}

static void test_names_the_feature_that_is_not_finite(void)
{
    struct component c;
    static const char *const names[E] = { "age", "height" };
    hone_task t = table();
    t.features = names;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, NULL), HONE_OK);
    draw();
    data[77][1] = NAN;
    CU_ASSERT_EQUAL(fit(&c, t), HONE_ENUMERIC);
    CU_ASSERT(strstr(c.err.msg, "feature 'height'") != NULL);
    CU_ASSERT(iface_of(&c)->apply(c.self, data[0], out[0], 1, &c.err) < 0); /* not fitted */
    component_close(&c);
}

static void test_needs_samples_and_a_shape(void)
{
    struct component c;
    hone_task t = table(), result;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "standardize", 1, NULL), HONE_OK);
    CU_ASSERT(iface_of(&c)->fit(c.self, data[0], 1, &c.err) < 0);
    CU_ASSERT_EQUAL(iface_of(&c)->begin(c.self, &t, &result, &c.err), HONE_OK);
    CU_ASSERT(iface_of(&c)->finish(c.self, &c.err) < 0);
    t.dims[0] = 0;
    CU_ASSERT(iface_of(&c)->begin(c.self, &t, &result, &c.err) < 0);
    component_close(&c);
}

static void test_state_makes_the_round_and_hostile_bytes_do_not(void)
{
    struct component one, two, other;
    static struct state s, again, bad;
    static float first[N][E];
    hone_task t = images(), result;
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "standardize", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "standardize", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&other, "standardize", 1, "per", "all", NULL), HONE_OK);
    draw();
    CU_ASSERT_EQUAL(component_save(&one, &s), HONE_OK); /* nothing fitted yet: also a state */
    CU_ASSERT_EQUAL(component_load(&two, &s), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(fit(&one, t), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&one)->apply(one.self, data[0], first[0], N, &one.err), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&one, &s), HONE_OK);
    component_refuses_cut_states(&two, &s);
    CU_ASSERT(iface_of(&two)->apply(two.self, data[0], out[0], N, &two.err) < 0);
    CU_ASSERT_EQUAL(component_load(&two, &s), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&two, &again), HONE_OK);
    CU_ASSERT(s.n == again.n && !memcmp(s.bytes, again.bytes, s.n));
    CU_ASSERT_EQUAL(iface_of(&two)->begin(two.self, &t, &result, &two.err),
                    HONE_OK); /* the same shape: the state stays */
    CU_ASSERT_EQUAL(iface_of(&two)->apply(two.self, data[0], out[0], N, &two.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(out, first, sizeof out), 0);
    CU_ASSERT(component_load(&other, &s) < 0); /* made with another `per` */
    hone_rng rng = hone_rng_at(1, 1);
    for (int round = 0; round < 3000; round++) { /* whatever bytes: refused, or a state that saves; never a crash */
        memcpy(&bad, &s, sizeof bad);
        const uint64_t changes = 1 + hone_rng_below(&rng, 4);
        for (uint64_t k = 0; k < changes; k++)
            bad.bytes[hone_rng_below(&rng, bad.n)] = (unsigned char)hone_rng_u32(&rng);
        const hone_rc rc = component_load(&two, &bad);
        CU_ASSERT(rc == HONE_OK || rc == HONE_EINVAL);
        if (rc == HONE_OK)
            CU_ASSERT_EQUAL(component_save(&two, &again), HONE_OK)
    }
    component_close(&one);
    component_close(&two);
    component_close(&other);
}

SUITE(TEST(test_per_feature), TEST(test_per_channel_and_all), TEST(test_moments_survive_a_large_mean),
      TEST(test_constant_images_are_shifted_only), TEST(test_a_vanishing_deviation_counts_as_none),
      TEST(test_names_the_feature_that_is_not_finite), TEST(test_needs_samples_and_a_shape),
      TEST(test_state_makes_the_round_and_hostile_bytes_do_not))
