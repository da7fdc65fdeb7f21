/* SPDX-License-Identifier: MIT */
/* regularizer/gradient_noise: its moments by step, its streams, and that it keeps to the weights in any layout. */
#include "weights_case.h"

/* What a step adds to the gradients of the case, plain and one parameter after the other. */
static uint64_t noise_of(struct component *c, struct weights_case *w, uint64_t step, uint64_t seed, double *out)
{
    const hone_pass now = { .size = sizeof now, .step = step, .steps = 1000, .seed = seed };
    uint64_t n = 0;
    for (uint32_t i = 0; i < w->n; i++)
        memset(w->all[i]->gradient, 0, w->all[i]->length * sizeof(float));
    CU_ASSERT_EQUAL(regularizer(c)->before_pass(c->self, w->all, w->n, &now, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(c)->on_gradients(c->self, w->all, w->n, &c->err), HONE_OK);
    for (uint32_t i = 0; i < w->n; i++) {
        float *plain = weights_plain(w, i, w->all[i]->gradient);
        for (int64_t e = 0; e < hone_shape_elements(w->all[i]->dims, w->all[i]->n_dims); e++)
            out[n++] = (double)plain[e];
        CU_ASSERT(weights_padding_is_zero(w, i, w->all[i]->gradient));
        free(plain);
    }
    return n;
}

enum { MOST = 65536 };
static double a[MOST], b[MOST];

static void test_moments_fall_with_the_step(void)
{
    static const uint64_t steps[] = { 0, 9, 400 };
    struct weights_case w;
    struct component c;
    weights_open(&w, 5);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_noise", 1, "eta", "0.3", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (int k = 0; k < 3; k++) {
        double mean = 0, square = 0;
        const double variance = 0.3 / pow(1 + (double)steps[k], 0.55);
        const uint64_t n = noise_of(&c, &w, steps[k], 77, a);
        CU_ASSERT_FATAL(n > 10000 && n <= MOST);
        for (uint64_t i = 0; i < n; i++) {
            mean += a[i] / (double)n;
            square += a[i] * a[i] / (double)n;
        }
        CU_ASSERT(fabs(mean) < 5 * sqrt(variance / (double)n));
        CU_ASSERT(fabs(square / variance - 1) < 5 * sqrt(2.0 / (double)n));
    }
    component_close(&c);
    weights_close(&w);
}

/* The same step's seed: the same noise; another one's: noise that has nothing to do with it. */
static void test_streams(void)
{
    struct weights_case w;
    struct component c;
    double product = 0;
    weights_open(&w, 5);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_noise", 1, "eta", "1", "gamma", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    const uint64_t n = noise_of(&c, &w, 3, 77, a);
    noise_of(&c, &w, 3, 77, b);
    CU_ASSERT_EQUAL(memcmp(a, b, n * sizeof *a), 0);
    noise_of(&c, &w, 4, 78, b);
    for (uint64_t i = 0; i < n; i++)
        product += a[i] * b[i] / (double)n;
    CU_ASSERT(fabs(product) < 5 / sqrt((double)n));
    component_close(&c);
    weights_close(&w);
}

static void test_only_what_is_named(void)
{
    static struct parameters p, before;
    struct component c;
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_noise", 1, "parameters", "hidden*", "bias", "no", NULL),
                          HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(p.gradient[1], before.gradient[1], sizeof p.gradient - sizeof p.gradient[0]), 0);
    CU_ASSERT(memcmp(p.gradient[0], before.gradient[0], sizeof p.gradient[0]) != 0);
    component_close(&c);
}

static void test_eta_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "gradient_noise", 1, "eta", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

SUITE(TEST(test_moments_fall_with_the_step), TEST(test_streams), TEST(test_only_what_is_named),
      TEST(test_eta_zero_changes_nothing))
