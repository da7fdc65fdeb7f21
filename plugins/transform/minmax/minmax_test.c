/* SPDX-License-Identifier: MIT */
/* transform/minmax against a naive reference, and its state. */
#include "component.h"
#include "hone/rng.h"
#include "hone/transform.h"

enum { N = 100, C = 2, H = 5, W = 7, E = C * H * W };

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

static void draw(void)
{
    hone_rng rng = hone_rng_at(4, 3);
    for (int n = 0; n < N; n++)
        for (int e = 0; e < E; e++)
            data[n][e] = (float)(hone_rng_normal(&rng) * (1 + e) + e - 30);
    for (int n = 0; n < N; n++)
        data[n][E - 1] = 17;
}

static hone_rc fit(struct component *c, hone_task task)
{
    hone_task result;
    hone_rc rc = iface_of(c)->begin(c->self, &task, &result, &c->err);
    for (int at = 0; at < N && rc == HONE_OK; at += 33)
        rc = iface_of(c)->fit(c->self, data[at], at + 33 < N ? 33 : (uint64_t)(N - at), &c->err);
    return rc == HONE_OK ? iface_of(c)->finish(c->self, &c->err) : rc;
}

static void check(const char *per, hone_task task, int run)
{
    struct component c;
    static float scale[E], shift[E];
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "minmax", 1, "per", per, "low", "-1", "high", "3", NULL), HONE_OK);
    draw();
    CU_ASSERT_EQUAL_FATAL(fit(&c, task), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->apply(c.self, data[0], out[0], N, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, scale, shift, &c.err), HONE_OK);
    for (int e = 0; e < E; e++) {
        const int first = e / run * run;
        double least = HUGE_VAL, most = -HUGE_VAL;
        for (int n = 0; n < N; n++)
            for (int k = first; k < first + run; k++) {
                least = fmin(least, (double)data[n][k]);
                most = fmax(most, (double)data[n][k]);
            }
        for (int n = 0; n < N; n++) {
            const double expected = most > least ? -1 + ((double)data[n][e] - least) * 4 / (most - least) : -1;
            CU_ASSERT(fabs((double)out[n][e] - expected) < 4e-6 + 4 * fabs(least) * 0x1p-22);
            CU_ASSERT_EQUAL(out[n][e], scale[e] * data[n][e] + shift[e]);
        }
    }
    component_close(&c);
}

static void test_maps_the_range_per_feature(void)
{
    check("auto", table(), 1);
    check("feature", images(), 1);
}

static void test_maps_the_range_per_channel_and_all(void)
{
    check("auto", images(), H * W);
    check("channel", images(), H * W);
    check("all", table(), E);
}

static void test_default_interval_is_zero_to_one(void)
{
    struct component c;
    double least = 9, most = -9;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "minmax", 1, NULL), HONE_OK);
    draw();
    CU_ASSERT_EQUAL_FATAL(fit(&c, table()), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->apply(c.self, data[0], out[0], N, &c.err), HONE_OK);
    for (int n = 0; n < N; n++) {
        least = fmin(least, (double)out[n][4]);
        most = fmax(most, (double)out[n][4]);
        CU_ASSERT_EQUAL(out[n][E - 1], 0.0f); /* constant */
    }
    CU_ASSERT(fabs(least) < 1e-6 && fabs(most - 1) < 1e-6);
    component_close(&c);
}

/* Subnormal differences: no infinite scale may come of them. */
static void test_a_vanishing_range_counts_as_none(void)
{
    struct component c;
    hone_task t = table(), result;
    const float x[2] = { 0, 1e-44f };
    float scale, shift;
    t.dims[0] = 1;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "minmax", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->begin(c.self, &t, &result, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->fit(c.self, x, 2, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->finish(c.self, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&c)->affine(c.self, &scale, &shift, &c.err), HONE_OK);
    CU_ASSERT(scale == 1.0f && shift == 0.0f);
    component_close(&c);
}

static void test_refuses_an_empty_interval_and_bad_numbers(void)
{
    static const float strange[] = { NAN, INFINITY, -INFINITY };
    struct component c;
    CU_ASSERT_EQUAL(component_open(&c, "minmax", 1, "low", "1", "high", "1", NULL), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c.err.param, "high");
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "minmax", 1, NULL), HONE_OK);
    for (int i = 0; i < 6; i++) { /* within the first vectors of a run, and in its last element */
        char name[32];
        draw();
        data[50][i < 3 ? 5 : H * W - 1] = strange[i % 3];
        snprintf(name, sizeof name, "feature %d ", i < 3 ? 5 : H * W - 1);
        CU_ASSERT_EQUAL(fit(&c, table()), HONE_ENUMERIC);
        CU_ASSERT(strstr(c.err.msg, name) != NULL);
        CU_ASSERT_EQUAL(fit(&c, images()), HONE_ENUMERIC);
        CU_ASSERT(strstr(c.err.msg, "channel 0 ") != NULL);
    }
    draw();
    CU_ASSERT_EQUAL(fit(&c, table()), HONE_OK); /* a new fit forgets the bad one */
    component_close(&c);
}

static void test_state_makes_the_round(void)
{
    struct component one, two;
    static struct state s, again;
    static float first[N][E];
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "minmax", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "minmax", 1, NULL), HONE_OK);
    draw();
    CU_ASSERT_EQUAL_FATAL(fit(&one, images()), HONE_OK);
    CU_ASSERT_EQUAL(iface_of(&one)->apply(one.self, data[0], first[0], N, &one.err), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&one, &s), HONE_OK);
    component_refuses_cut_states(&two, &s);
    CU_ASSERT_EQUAL(component_load(&two, &s), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&two, &again), HONE_OK);
    CU_ASSERT(s.n == again.n && !memcmp(s.bytes, again.bytes, s.n));
    CU_ASSERT_EQUAL(iface_of(&two)->apply(two.self, data[0], out[0], N, &two.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(out, first, sizeof out), 0);
    memset(s.bytes + s.n - 32, 0xff, 32); /* NaN */
    CU_ASSERT(component_load(&two, &s) < 0);
    memset(s.bytes + s.n - 32, 0, 32); /* scales of zero */
    CU_ASSERT(component_load(&two, &s) < 0);
    CU_ASSERT_EQUAL(component_save(&two, &s), HONE_OK); /* and the state that it had is still there */
    CU_ASSERT(s.n == again.n && !memcmp(s.bytes, again.bytes, s.n));
    component_close(&one);
    component_close(&two);
}

SUITE(TEST(test_maps_the_range_per_feature), TEST(test_maps_the_range_per_channel_and_all),
      TEST(test_default_interval_is_zero_to_one), TEST(test_a_vanishing_range_counts_as_none),
      TEST(test_refuses_an_empty_interval_and_bad_numbers), TEST(test_state_makes_the_round))
