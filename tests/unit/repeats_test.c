/* SPDX-License-Identifier: MIT */
/* Means and deviations of repeated measurements against the two-pass formula. */
#include "harness.h"

#include "hone/rng.h"
#include "study/repeats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_moments(void)
{
    for (uint64_t n = 1; n < 200; n += 1 + n / 3) {
        hone_rng rng = hone_rng_at(5, n);
        struct moments m = { 0, 0, 0 };
        double v[200], mean = 0, squares = 0;
        for (uint64_t i = 0; i < n; i++) {
            v[i] = 1e6 + hone_rng_normal(&rng); /* far from zero: sums of squares would lose the digits */
            moments_add(&m, v[i]);
        }
        for (uint64_t i = 0; i < n; i++)
            mean += v[i] / (double)n;
        for (uint64_t i = 0; i < n; i++)
            squares += (v[i] - mean) * (v[i] - mean);
        CU_ASSERT_EQUAL(m.n, n);
        CU_ASSERT_DOUBLE_EQUAL(m.mean, mean, 1e-8);
        CU_ASSERT_EQUAL(isnan(moments_deviation(&m)), n < 2);
        if (n > 1)
            CU_ASSERT_DOUBLE_EQUAL(moments_deviation(&m), sqrt(squares / (double)(n - 1)), 1e-8);
    }
}

static const hone_value *named(const hone_value *values, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(values[i].name, name))
            return &values[i];
    return NULL;
}

/* By name; what is not measured every time has the mean of what there is; what is not measured at all stays as it was. */
static void test_metrics(void)
{
    const hone_value first[] = { { "a", 1, HONE_MAXIMIZE, 0 }, { "b", 5, HONE_NO_DIRECTION, 0 } };
    const hone_value second[] = { { "a", 3, HONE_MAXIMIZE, 0 }, { "c", (double)NAN, HONE_MINIMIZE, 0 } };
    const hone_value rest[] = { { "a", 100, HONE_MAXIMIZE, 0 }, { "size", 7, HONE_MINIMIZE, 0 } };
    struct repeated r = { NULL, 0, 0 };
    hone_value *values;
    uint32_t n;
    CU_ASSERT_EQUAL(repeated_add(&r, first, 2), 0);
    CU_ASSERT_EQUAL(repeated_add(&r, second, 2), 0);
    CU_ASSERT_EQUAL_FATAL(repeated_values(&r, rest, 2, &values, &n), 0);
    CU_ASSERT_EQUAL(n, 5);
    CU_ASSERT_EQUAL(named(values, n, "a")->value, 2);
    CU_ASSERT_EQUAL(named(values, n, "a")->direction, HONE_MAXIMIZE);
    CU_ASSERT_DOUBLE_EQUAL(named(values, n, "a.deviation")->value, sqrt(2), 1e-15);
    CU_ASSERT_EQUAL(named(values, n, "b")->value, 5);
    CU_ASSERT(!named(values, n, "b.deviation"));
    CU_ASSERT(isnan(named(values, n, "c")->value));
    CU_ASSERT_EQUAL(named(values, n, "size")->value, 7);
    for (uint32_t i = 0; i < n; i++)
        free((char *)(uintptr_t)values[i].name);
    free(values);
    repeated_release(&r);
}

SUITE(TEST(test_moments), TEST(test_metrics))
