/* SPDX-License-Identifier: MIT */
/* regularizer/drop_connect: the masked values of a pass, the gradients turned back, and the weights at rest. */
#include "weights_case.h"

static void test_masks_and_turns_gradients_back(void)
{
    struct weights_case w;
    struct component c;
    const hone_pass now = { .size = sizeof now, .step = 3, .steps = 10, .seed = 99 };
    uint64_t dropped = 0, all = 0;
    weights_open(&w, 2);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_connect", 1, "rate", "0.25", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    float **values = (float **)calloc(w.n, sizeof *values), **masked = (float **)calloc(w.n, sizeof *masked);
    for (uint32_t i = 0; i < w.n; i++) {
        values[i] = (float *)malloc(w.all[i]->length * sizeof(float));
        masked[i] = (float *)malloc(w.all[i]->length * sizeof(float));
        memcpy(values[i], w.all[i]->value, w.all[i]->length * sizeof(float));
        for (uint64_t e = 0; e < w.all[i]->length; e++)
            w.all[i]->gradient[e] = 1 + (float)e;
    }
    CU_ASSERT_EQUAL(regularizer(&c)->before_pass(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++)
        memcpy(masked[i], w.all[i]->value, w.all[i]->length * sizeof(float));
    CU_ASSERT_EQUAL(regularizer(&c)->after_pass(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        const int kernel = w.all[i]->role == HONE_PARAMETER_KERNEL;
        CU_ASSERT_EQUAL(memcmp(w.all[i]->value, values[i], w.all[i]->length * sizeof(float)), 0);
        for (uint64_t e = 0; e < w.all[i]->length; e++) {
            const double g = (double)w.all[i]->gradient[e], v = (double)values[i][e], m = (double)masked[i][e];
            const double factor = !kernel ? 1 : g == 0 ? 0 : 1 / 0.75;
            CU_ASSERT(near(g, factor * (1 + (double)(float)e), 1e-6));
            CU_ASSERT(near(m, factor * v, 1e-6));
            dropped += kernel && g == 0;
            all += (uint64_t)kernel;
        }
        free(values[i]);
        free(masked[i]);
    }
    CU_ASSERT(fabs((double)dropped / (double)all - 0.25) < 5 * sqrt(0.25 * 0.75 / (double)all));
    free(values);
    free(masked);
    component_close(&c);
    weights_close(&w);
}

/* The loss of the masked network with parameter p at origin + h g. */
static double loss_at(struct component *c, struct weights_case *w, hone_parameter *p, const float *origin,
                      const float *g, double h)
{
    const hone_pass now = { .size = sizeof now, .step = 1, .steps = 10, .seed = 5 };
    double loss = 0;
    for (uint64_t e = 0; e < p->length; e++)
        p->value[e] = (float)((double)origin[e] + h * (double)g[e]);
    CU_ASSERT_EQUAL(regularizer(c)->before_pass(c->self, w->all, w->n, &now, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_forward_backward(w->net, 1, &loss, &c->err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(c)->after_pass(c->self, w->all, w->n, &now, &c->err), HONE_OK);
    return loss;
}

/* The gradient that is left is the derivative of the masked network's loss with respect to the weights at rest. */
static void test_gradients_against_differences(void)
{
    struct weights_case w;
    struct component c;
    weights_open(&w, 2);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_connect", 1, "rate", "0.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        hone_parameter *p = w.all[i];
        double slope = 0;
        if (strcmp(p->name, "hidden1.weight") != 0)
            continue;
        float *origin = (float *)malloc(p->length * sizeof *origin), *g = (float *)calloc(p->length, sizeof *g);
        memcpy(origin, p->value, p->length * sizeof *origin);
        loss_at(&c, &w, p, origin, g, 0);
        memcpy(g, p->gradient, p->length * sizeof *g);
        for (uint64_t e = 0; e < p->length; e++)
            slope += (double)g[e] * (double)g[e];
        const double h = 0.001 / sqrt(slope);
        const double difference = loss_at(&c, &w, p, origin, g, h) - loss_at(&c, &w, p, origin, g, -h);
        CU_ASSERT(near(difference / (2 * h) / slope, 1, 1e-2));
        free(origin);
        free(g);
    }
    component_close(&c);
    weights_close(&w);
}

static void test_rate_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    const hone_pass now = { .size = sizeof now, .seed = 5 };
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "drop_connect", 1, "rate", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, NULL, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->before_pass(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    CU_ASSERT_EQUAL(regularizer(&c)->after_pass(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

SUITE(TEST(test_masks_and_turns_gradients_back), TEST(test_gradients_against_differences),
      TEST(test_rate_zero_changes_nothing))
