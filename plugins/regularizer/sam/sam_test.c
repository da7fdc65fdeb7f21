/* SPDX-License-Identifier: MIT */
/* regularizer/sam: the gradient is that of a plain pass at w + e, and w is as before. */
#include "weights_case.h"

enum { STEP = 4 };

static hone_rc again(void *ctx, hone_error *err)
{
    double loss;
    return hone_net_forward_backward(((struct weights_case *)ctx)->net, STEP, &loss, err);
}

/* w + rho g / |g| by hand, against what the hook leaves. */
static void check(const char *rho, const char *adaptive)
{
    const double r = strtod(rho, NULL);
    const int asam = !strcmp(adaptive, "yes");
    struct weights_case w;
    struct component c = { 0 };
    hone_pass now = { .size = sizeof now, .step = STEP, .steps = 10, .ctx = &w, .again = again };
    double loss, squares = 0;
    weights_open(&w, 11);
    float **values = (float **)calloc(w.n, sizeof *values), **wanted = (float **)calloc(w.n, sizeof *wanted),
          **first = (float **)calloc(w.n, sizeof *first);
    CU_ASSERT_EQUAL(hone_net_forward_backward(w.net, STEP, &loss, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        const size_t bytes = w.all[i]->length * sizeof(float);
        values[i] = (float *)malloc(bytes);
        first[i] = (float *)malloc(bytes);
        wanted[i] = (float *)malloc(bytes);
        memcpy(values[i], w.all[i]->value, bytes);
        memcpy(first[i], w.all[i]->gradient, bytes);
        for (uint64_t e = 0; e < w.all[i]->length; e++)
            squares += pow((double)first[i][e] * (asam ? (double)values[i][e] : 1), 2);
    }
    for (uint32_t i = 0; i < w.n; i++)
        for (uint64_t e = 0; e < w.all[i]->length; e++) {
            const double scale = asam ? (double)values[i][e] * (double)values[i][e] : 1;
            w.all[i]->value[e] = (float)((double)values[i][e] + r * scale * (double)first[i][e] / sqrt(squares));
        }
    CU_ASSERT_EQUAL(again(&w, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        memcpy(wanted[i], w.all[i]->gradient, w.all[i]->length * sizeof(float));
        memcpy(w.all[i]->value, values[i], w.all[i]->length * sizeof(float));
    }
    CU_ASSERT_EQUAL(again(&w, &c.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "sam", 1, "rho", rho, "adaptive", adaptive, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_step(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    double off = 0, moved = 0, size = 0;
    for (uint32_t i = 0; i < w.n; i++) {
        CU_ASSERT_EQUAL(memcmp(w.all[i]->value, values[i], w.all[i]->length * sizeof(float)), 0);
        for (uint64_t e = 0; e < w.all[i]->length; e++) {
            off += pow((double)w.all[i]->gradient[e] - (double)wanted[i][e], 2);
            moved += pow((double)w.all[i]->gradient[e] - (double)first[i][e], 2);
            size += pow((double)wanted[i][e], 2);
        }
        free(values[i]);
        free(first[i]);
        free(wanted[i]);
    }
    CU_ASSERT(sqrt(off / size) < 1e-4);
    CU_ASSERT(r > 0 ? sqrt(moved / size) > 1e-2 : moved == 0);
    free(values);
    free(first);
    free(wanted);
    component_close(&c);
    weights_close(&w);
}

static void test_the_gradient_of_the_worst_point_nearby(void)
{
    check("0.2", "no");
}

static void test_adaptive(void)
{
    check("2", "yes");
}

/* No pass is asked for, gradients stay to the bit. */
static void test_rho_zero_changes_nothing(void)
{
    check("0", "no");
}

static void test_a_gradient_of_zero_has_no_direction(void)
{
    static struct parameters p, before;
    struct component c;
    const hone_pass now = { .size = sizeof now }; /* calling again would crash */
    parameters_fill(&p, 2);
    memset(p.gradient, 0, sizeof p.gradient);
    before = p;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "sam", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, NULL, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_step(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    p.gradient[0][3] = NAN;
    CU_ASSERT_EQUAL(regularizer(&c)->on_step(c.self, p.all, SHAPES, &now, &c.err), HONE_ENUMERIC);
    component_close(&c);
}

SUITE(TEST(test_the_gradient_of_the_worst_point_nearby), TEST(test_adaptive), TEST(test_rho_zero_changes_nothing),
      TEST(test_a_gradient_of_zero_has_no_direction))
