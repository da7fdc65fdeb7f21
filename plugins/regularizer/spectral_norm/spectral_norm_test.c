/* SPDX-License-Identifier: MIT */
/* regularizer/spectral_norm against singular values found with many iterations in double precision, in every layout. */
#include "weights_case.h"

static const hone_decay now = { sizeof now, 0, 0.1, 1 };

/* Of a plain (rows, columns) matrix. */
static double largest(const float *w, int rows, int columns)
{
    double *u = (double *)calloc((size_t)rows, sizeof *u), *v = (double *)calloc((size_t)columns, sizeof *v), value = 0;
    for (int r = 0; r < rows; r++)
        u[r] = 1 + 0.37 * (r % 5);
    for (int t = 0; t < 3000; t++) {
        double length = 0;
        memset(v, 0, (size_t)columns * sizeof *v);
        for (int r = 0; r < rows; r++)
            for (int c = 0; c < columns; c++)
                v[c] += (double)w[r * columns + c] * u[r];
        for (int r = 0; r < rows; r++) {
            u[r] = 0;
            for (int c = 0; c < columns; c++)
                u[r] += (double)w[r * columns + c] * v[c];
            length += u[r] * u[r];
        }
        length = sqrt(length);
        for (int r = 0; r < rows; r++)
            u[r] /= length;
        value = sqrt(length);
    }
    free(u);
    free(v);
    return value;
}

static void test_projects_in_the_layouts_of_a_network(void)
{
    struct weights_case w;
    struct component c;
    unsigned scaled = 0, kept = 0;
    weights_open(&w, 3);
    float **before = (float **)calloc(w.n, sizeof *before);
    for (uint32_t i = 0; i < w.n; i++)
        before[i] = weights_plain(&w, i, w.all[i]->value);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "spectral_norm", 1, "max", "2", "iterations", "100", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (int step = 0; step < 3; step++)
        CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        float *after = weights_plain(&w, i, w.all[i]->value);
        int rows, columns;
        weights_matrix(&w, i, &rows, &columns);
        const double value = w.all[i]->role == HONE_PARAMETER_KERNEL ? largest(before[i], rows, columns) : 0;
        for (int e = 0; e < rows * columns; e++)
            CU_ASSERT(near((double)after[e], (double)before[i][e] * (value > 2 ? 2 / value : 1), 2e-4));
        if (value > 2)
            CU_ASSERT(near(largest(after, rows, columns), 2, 1e-3))
        else
            CU_ASSERT_EQUAL(memcmp(after, before[i], (size_t)(rows * columns) * sizeof *after), 0)
        scaled += value > 2;
        kept += value > 0 && value <= 2;
        CU_ASSERT(weights_padding_is_zero(&w, i, w.all[i]->value));
        free(after);
        free(before[i]);
    }
    CU_ASSERT(scaled >= 1 && kept >= 1);
    free(before);
    component_close(&c);
    weights_close(&w);
}

static void test_a_large_bound_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "spectral_norm", 1, "max", "1e30", NULL), HONE_OK);
    parameters_fill(&p, 8);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

/* One iteration a step from saved vectors goes on to the bit; a kernel of zeros has no direction. */
static void test_state(void)
{
    static struct parameters p, q;
    struct component a, b;
    static struct state state;
    CU_ASSERT_EQUAL_FATAL(component_open(&a, "spectral_norm", 1, "max", "1.5", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&b, "spectral_norm", 2, "max", "1.5", NULL), HONE_OK);
    parameters_fill(&p, 8);
    CU_ASSERT_EQUAL(regularizer(&a)->after_update(a.self, p.all, SHAPES, &now, &a.err), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&a, &state), HONE_OK);
    component_refuses_cut_states(&b, &state);
    CU_ASSERT_EQUAL(component_load(&b, &state), HONE_OK);
    parameters_fill(&p, 9);
    parameters_fill(&q, 9);
    CU_ASSERT_EQUAL(regularizer(&a)->after_update(a.self, p.all, SHAPES, &now, &a.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&b)->after_update(b.self, q.all, SHAPES, &now, &b.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &q));
    memset(p.value[0], 0, sizeof p.value[0]);
    CU_ASSERT_EQUAL(regularizer(&a)->after_update(a.self, p.all, SHAPES, &now, &a.err), HONE_OK);
    CU_ASSERT(p.value[0][0] == 0.0f);
    component_close(&a);
    component_close(&b);
}

SUITE(TEST(test_projects_in_the_layouts_of_a_network), TEST(test_a_large_bound_changes_nothing), TEST(test_state))
