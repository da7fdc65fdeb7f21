/* SPDX-License-Identifier: MIT */
/* regularizer/max_norm against its formula. */
#include "weights_case.h"

static const hone_decay now = { sizeof now, 0, 0.1, 1 };

static double norm(const float *w, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)w[i] * (double)w[i];
    return sqrt(sum);
}

static void test_projects_each_unit_onto_the_ball(void)
{
    static struct parameters p, before;
    struct component c;
    int shrunk = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_norm", 1, "max", "6.5", NULL), HONE_OK);
    parameters_fill(&p, 8);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    for (int unit = 0; unit < OUT; unit++) {
        const float *w = p.value[0] + unit * IN, *old = before.value[0] + unit * IN;
        const double length = norm(old, IN);
        if (length <= 6.5) {
            CU_ASSERT_EQUAL(memcmp(w, old, IN * sizeof *w), 0);
            continue;
        }
        shrunk++;
        CU_ASSERT(near(norm(w, IN), 6.5, 1e-6));
        for (int i = 0; i < IN; i++)
            CU_ASSERT(near((double)w[i], (double)old[i] * 6.5 / length, 1e-6));
    }
    CU_ASSERT(shrunk > 0 && shrunk < OUT); /* both cases were seen */
    CU_ASSERT_EQUAL(memcmp(p.value[1], before.value[1], sizeof p.value - sizeof p.value[0]), 0); /* kernels only */
    CU_ASSERT_EQUAL(memcmp(p.gradient, before.gradient, sizeof p.gradient), 0);
    component_close(&c);
}

/* Long rows (more than one block of the sum) and convolution filters, of which each is a unit. */
static void test_knows_long_rows_and_filters(void)
{
    struct component c;
    enum { LONG = 9001 };
    float *w = (float *)malloc(2 * LONG * sizeof *w);
    hone_parameter p = { .size = sizeof p,
                         .role = HONE_PARAMETER_KERNEL,
                         .name = "conv1.weight",
                         .value = w,
                         .length = 2 * LONG,
                         .n_dims = 4,
                         .dims = { 2, LONG, 1, 1 },
                         .plain = 1 };
    hone_parameter *const all[] = { &p };
    hone_rng rng = hone_rng_at(9, 9);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_norm", 1, NULL), HONE_OK); /* 3 */
    for (int i = 0; i < 2 * LONG; i++)
        w[i] = (float)hone_rng_normal(&rng) * (i < LONG ? 1.0f : 0.01f);
    const double small = norm(w + LONG, LONG);
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, all, 1, &now, &c.err), HONE_OK);
    CU_ASSERT(near(norm(w, LONG), 3, 1e-6));
    CU_ASSERT_EQUAL(norm(w + LONG, LONG), small);
    free(w);
    component_close(&c);
}

static void test_a_large_ball_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_norm", 1, "max", "1e30", NULL), HONE_OK);
    parameters_fill(&p, 8);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

static void test_refuses_layouts_that_it_cannot_read(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_norm", 1, "max", "0.1", NULL), HONE_OK);
    parameters_fill(&p, 8);
    p.one[0].plain = 0;
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_ENOTSUP);
    CU_ASSERT(strstr(c.err.msg, "hidden1.weight") != NULL);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

/* Every layout that a network keeps weights in: a naive projection of the plain rows, and nothing but kernels. */
static void test_in_the_layouts_of_a_network(void)
{
    struct weights_case w;
    struct component c;
    unsigned shrunk = 0, kept = 0;
    weights_open(&w, 3);
    float **before = (float **)calloc(w.n, sizeof *before);
    for (uint32_t i = 0; i < w.n; i++)
        before[i] = weights_plain(&w, i, w.all[i]->value);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "max_norm", 1, "max", "1.4", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        float *after = weights_plain(&w, i, w.all[i]->value);
        int rows, columns;
        weights_matrix(&w, i, &rows, &columns);
        for (int r = 0; r < rows; r++) {
            const float *old = before[i] + r * columns;
            const double length = norm(old, (uint64_t)columns);
            const int acts = w.all[i]->role == HONE_PARAMETER_KERNEL && length > 1.4;
            shrunk += (unsigned)acts;
            kept += w.all[i]->role == HONE_PARAMETER_KERNEL && !acts;
            for (int k = 0; k < columns; k++)
                CU_ASSERT(near((double)after[r * columns + k], (double)old[k] * (acts ? 1.4 / length : 1), 1e-6));
        }
        CU_ASSERT(weights_padding_is_zero(&w, i, w.all[i]->value));
        free(after);
        free(before[i]);
    }
    CU_ASSERT(shrunk > 5 && kept > 5);
    free(before);
    component_close(&c);
    weights_close(&w);
}

SUITE(TEST(test_in_the_layouts_of_a_network), TEST(test_projects_each_unit_onto_the_ball),
      TEST(test_knows_long_rows_and_filters), TEST(test_a_large_ball_changes_nothing),
      TEST(test_refuses_layouts_that_it_cannot_read))
