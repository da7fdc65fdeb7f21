/* SPDX-License-Identifier: MIT */
/* regularizer/orthogonal: its gradient against the naive formula in double precision, and that one against differences of the
 * penalty; in every layout of a network. */
#include "weights_case.h"

static const char *const forms[] = { "frobenius", "off_diagonal", "absolute" };

/* The penalty of a plain (rows, columns) matrix, from its smaller side. */
static double penalty(const double *w, int rows, int columns, int form)
{
    const int wide = rows <= columns, n = wide ? rows : columns, m = wide ? columns : rows;
    double sum = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            double g = 0;
            for (int e = 0; e < m; e++)
                g += wide ? w[i * columns + e] * w[k * columns + e] : w[e * columns + i] * w[e * columns + k];
            const double d = form == 1 ? (i == k ? 0 : g) : g - (i == k);
            sum += form == 2 ? fabs(d) : d * d;
        }
    return sum;
}

static void check(int form, const char *name)
{
    struct weights_case w;
    struct component c;
    unsigned seen = 0;
    weights_open(&w, 13);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "orthogonal", 1, "strength", "0.3", "form", name, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++)
        memset(w.all[i]->gradient, 0, w.all[i]->length * sizeof(float));
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, w.all, w.n, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        int rows, columns;
        weights_matrix(&w, i, &rows, &columns);
        float *g = weights_plain(&w, i, w.all[i]->gradient), *values = weights_plain(&w, i, w.all[i]->value);
        double *at = (double *)calloc((size_t)(rows * columns), sizeof *at);
        for (int e = 0; e < rows * columns; e++)
            at[e] = (double)values[e];
        CU_ASSERT(weights_padding_is_zero(&w, i, w.all[i]->gradient));
        for (int e = 0; e < rows * columns; e += 1 + rows * columns / 7) { /* some of the elements */
            double slope = 0;
            if (w.all[i]->role == HONE_PARAMETER_KERNEL) {
                const double h = 1e-6;
                at[e] = (double)values[e] + h;
                slope = penalty(at, rows, columns, form);
                at[e] = (double)values[e] - h;
                slope = 0.3 * (slope - penalty(at, rows, columns, form)) / (2 * h);
                at[e] = (double)values[e];
                seen += fabs(slope) > 1e-3;
            }
            CU_ASSERT(near((double)g[e], slope, 2e-5 * (1 + fabs(slope))));
        }
        free(g);
        free(values);
        free(at);
    }
    CU_ASSERT(seen >= 8);
    component_close(&c);
    weights_close(&w);
}

static void test_gradients_of_the_three_forms(void)
{
    for (int form = 0; form < 3; form++)
        check(form, forms[form]);
}

/* More rows than columns: the columns are compared. */
static void test_a_tall_kernel(void)
{
    enum { ROWS = 9, COLUMNS = 4 };
    float value[ROWS * COLUMNS], gradient[ROWS * COLUMNS] = { 0 };
    double at[ROWS * COLUMNS];
    hone_parameter p = { .size = sizeof p,
                         .role = HONE_PARAMETER_KERNEL,
                         .name = "output.weight",
                         .value = value,
                         .gradient = gradient,
                         .length = ROWS * COLUMNS,
                         .n_dims = 2,
                         .dims = { ROWS, COLUMNS },
                         .plain = 1 };
    hone_parameter *const all[] = { &p };
    struct component c;
    hone_rng rng = hone_rng_at(4, 4);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        at[i] = (double)(value[i] = (float)hone_rng_normal(&rng));
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "orthogonal", 1, "strength", "1", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, all, 1, &c.err), HONE_OK);
    for (int e = 0; e < ROWS * COLUMNS; e++) {
        at[e] += 1e-6;
        double slope = penalty(at, ROWS, COLUMNS, 0);
        at[e] -= 2e-6;
        slope = (slope - penalty(at, ROWS, COLUMNS, 0)) / 2e-6;
        at[e] += 1e-6;
        CU_ASSERT(near((double)gradient[e], slope, 1e-4));
    }
    component_close(&c);
}

static void test_strength_zero_changes_nothing(void)
{
    static struct parameters p, before;
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "orthogonal", 1, "strength", "0", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->on_gradients(c.self, p.all, SHAPES, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

SUITE(TEST(test_gradients_of_the_three_forms), TEST(test_a_tall_kernel), TEST(test_strength_zero_changes_nothing))
