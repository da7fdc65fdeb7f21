/* SPDX-License-Identifier: MIT */
/* Shuffling a parameter of a linear function raises the squared error by twice its variance; one that does not matter raises
 * nothing; an inactive one harms only where it is active. */
#include "component.h"

#include "hone/importance.h"
#include "hone/rng.h"

enum { N = 2000 };
static const double one[] = { 1 };
static const hone_condition is_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one };
static const hone_condition *const if_b[] = { &is_b };
static const hone_dim kind = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 2, .key = "kind", .max = 1
};
static const hone_dim child = { .size = sizeof(hone_dim),
                                .type = HONE_DIM_REAL,
                                .key = "child",
                                .min = 0,
                                .max = 1,
                                .n_conditions = 1,
                                .conditions = if_b };
static const hone_dim rate = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "rate", .min = 0, .max = 1 };
static const hone_dim idle = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "idle", .min = 0, .max = 1 };
static const hone_dim *const dims[] = { &kind, &child, &rate, &idle };
static const hone_space space = { sizeof space, 4, dims, 0, 0, NULL };

static hone_rc take(void *ctx, const hone_importance *given)
{
    ((double *)ctx)[given->dim_a] = given->importance;
    return HONE_OK;
}

static void test_the_rise_is_twice_the_variance(void)
{
    static double x[N * 4], values[N];
    double importance[2][4], mean = 0, variance = 0;
    hone_rng rng = hone_rng_at(4, 4);
    for (uint32_t i = 0; i < N; i++) {
        double *p = x + i * 4;
        for (uint32_t k = 0; k < 4; k++)
            p[k] = hone_dim_from_unit(dims[k], hone_rng_uniform(&rng));
        hone_space_settle(&space, p);
        values[i] = 3 * p[2] + (isnan(p[1]) ? 0.5 : p[1]);
        mean += values[i] / N;
    }
    for (uint32_t i = 0; i < N; i++)
        variance += (values[i] - mean) * (values[i] - mean) / N;
    for (int run = 0; run < 2; run++) {
        struct component c;
        const hone_importance_data data = { sizeof data, 4, &space, N, x, values, 0, 0 };
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "permutation", 1, NULL), HONE_OK);
        const hone_importance_v1 *iface = (const hone_importance_v1 *)c.component->iface;
        CU_ASSERT_EQUAL_FATAL(iface->evaluate(c.self, &data, take, importance[run], &c.err), HONE_OK);
        component_close(&c);
    }
    CU_ASSERT(!memcmp(importance[0], importance[1], sizeof *importance)); /* of the seed alone */
    CU_ASSERT_DOUBLE_EQUAL(importance[0][2], 2 * (9.0 / 12) / variance, 0.1);
    CU_ASSERT_DOUBLE_EQUAL(importance[0][1], 2 * (1.0 / 12) / variance / 2, 0.03); /* active in half of the trials */
    CU_ASSERT(importance[0][3] < 0.01);
    CU_ASSERT(importance[0][0] < 0.02);
}

SUITE(TEST(test_the_rise_is_twice_the_variance))
