/* SPDX-License-Identifier: MIT */
/* The numbers are Optuna's, on the studies recorded with it; conditions. */
#include "component.h"
#include "importance_fixture.h"

#include "hone/importance.h"
#include "hone/rng.h"

enum { MOST = 16 };

static hone_rc take(void *ctx, const hone_importance *given)
{
    ((double *)ctx)[given->dim_a] = given->importance;
    return given->dim_b == UINT32_MAX ? HONE_OK : HONE_EINVAL;
}

static void evaluate(const hone_space *s, uint64_t n, const double *x, const double *values, double *importance)
{
    struct component c;
    const hone_importance_data data = { sizeof data, s->n_dims, s, n, x, values, 0, 0 };
    for (uint32_t i = 0; i < s->n_dims; i++)
        importance[i] = (double)NAN;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "ped_anova", 1, NULL), HONE_OK);
    const hone_importance_v1 *iface = (const hone_importance_v1 *)c.component->iface;
    CU_ASSERT_EQUAL_FATAL(iface->evaluate(c.self, &data, take, importance, &c.err), HONE_OK);
    component_close(&c);
}

static void test_the_numbers_are_optunas(void)
{
    for (size_t r = 0; r < sizeof recorded_studies / sizeof *recorded_studies; r++) {
        const struct recorded *s = recorded_studies + r;
        double importance[MOST];
        hone_dim d[MOST];
        const hone_dim *list[MOST];
        memset(d, 0, sizeof d);
        for (uint32_t i = 0; i < s->n_dims; i++) {
            const struct recorded_dim *from = s->dims + i;
            d[i].size = sizeof *d;
            d[i].type = from->choices ? HONE_DIM_CHOICE : from->step > 0 ? HONE_DIM_INT : HONE_DIM_REAL;
            d[i].key = from->key;
            d[i].min = from->min;
            d[i].max = from->max;
            d[i].step = from->step;
            d[i].n_choices = from->choices;
            list[i] = d + i;
        }
        const hone_space space = { sizeof space, s->n_dims, list, 0, 0, NULL };
        evaluate(&space, s->n, s->x, s->values, importance);
        for (uint32_t i = 0; i < s->n_dims; i++)
            CU_ASSERT_DOUBLE_EQUAL(importance[i], s->dims[i].ped_anova, 1e-6);
    }
}

/* What is rarely active, and not among the best, must not come first by its few trials. */
static void test_conditions(void)
{
    enum { N = 400 };
    static const double one[] = { 1 };
    static const hone_condition is_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one };
    static const hone_condition *const if_b[] = { &is_b };
    static const double weights[] = { 0.8, 0.2 };
    static const hone_dim kind = {
        .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 2, .key = "kind", .max = 1, .weights = weights
    };
    static const hone_dim child = { .size = sizeof(hone_dim),
                                    .type = HONE_DIM_REAL,
                                    .key = "child",
                                    .min = 0,
                                    .max = 1,
                                    .n_conditions = 1,
                                    .conditions = if_b };
    static const hone_dim rate = { .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "rate", .min = 0, .max = 1 };
    static const hone_dim fixed = {
        .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "fixed", .min = 2, .max = 2
    };
    static const hone_dim *const dims[] = { &kind, &child, &rate, &fixed };
    static const hone_space space = { sizeof space, 4, dims, 0, 0, NULL };
    static double x[N * 4], values[N];
    double importance[4];
    hone_rng rng = hone_rng_at(4, 4);
    for (uint32_t i = 0; i < N; i++) {
        double *p = x + i * 4;
        for (uint32_t k = 0; k < 4; k++)
            p[k] = hone_dim_from_unit(dims[k], hone_rng_uniform(&rng));
        hone_space_settle(&space, p);
        values[i] = (p[2] - 0.2) * (p[2] - 0.2) + (isnan(p[1]) ? 0 : 0.5 * p[1]);
    }
    evaluate(&space, N, x, values, importance);
    CU_ASSERT(importance[2] > 0.5);
    CU_ASSERT(importance[1] < importance[2] / 2);
    CU_ASSERT(importance[0] >= 0 && importance[1] >= 0);
    CU_ASSERT_DOUBLE_EQUAL(importance[0] + importance[1] + importance[2], 1, 1e-12);
    CU_ASSERT(isnan(importance[3])); /* not given */
}

SUITE(TEST(test_the_numbers_are_optunas), TEST(test_conditions))
