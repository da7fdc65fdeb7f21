/* SPDX-License-Identifier: MIT */
/* regularizer/group_lasso against its formula, in every layout of a network. */
#include "weights_case.h"

static const hone_decay now = { sizeof now, 0, 0.5, 1 };

/* Group g's share of a plain kernel: rows, or what belongs to an index of the second dimension. */
static int of_group(const hone_parameter *p, int inputs, int64_t element)
{
    const int64_t elements = hone_shape_elements(p->dims, p->n_dims), row = elements / p->dims[0];
    return (int)(inputs ? element % row / (row / p->dims[1]) : element / row);
}

static void check_network(const char *group, const char *strength)
{
    const int inputs = !strcmp(group, "inputs");
    struct weights_case w;
    struct component c;
    unsigned zeroed = 0, kept = 0;
    weights_open(&w, 5);
    float **before = (float **)calloc(w.n, sizeof *before);
    for (uint32_t i = 0; i < w.n; i++)
        before[i] = weights_plain(&w, i, w.all[i]->value);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "group_lasso", 1, "group", group, "strength", strength, NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->on_network(c.self, w.g, w.all, w.n, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, w.all, w.n, &now, &c.err), HONE_OK);
    for (uint32_t i = 0; i < w.n; i++) {
        const hone_parameter *p = w.all[i];
        const int64_t elements = hone_shape_elements(p->dims, p->n_dims);
        float *after = weights_plain(&w, i, p->value);
        double squares[2048] = { 0 };
        if (p->role != HONE_PARAMETER_KERNEL) {
            CU_ASSERT_EQUAL(memcmp(after, before[i], (size_t)elements * sizeof *after), 0);
        } else {
            const int64_t n = inputs ? p->dims[1] : p->dims[0];
            const double threshold = 0.5 * strtod(strength, NULL) * sqrt((double)elements / (double)n);
            CU_ASSERT_FATAL(n <= 2048);
            for (int64_t e = 0; e < elements; e++)
                squares[of_group(p, inputs, e)] += (double)before[i][e] * (double)before[i][e];
            for (int64_t e = 0; e < elements; e++) {
                const double length = sqrt(squares[of_group(p, inputs, e)]);
                const double factor = length > threshold ? 1 - threshold / length : 0;
                if (factor > 0)
                    CU_ASSERT(near((double)after[e], (double)before[i][e] * factor, 1e-6))
                else
                    CU_ASSERT_EQUAL(after[e], 0.0f)
                zeroed += factor <= 0;
                kept += factor > 0;
            }
        }
        CU_ASSERT(weights_padding_is_zero(&w, i, p->value));
        free(after);
        free(before[i]);
    }
    CU_ASSERT(zeroed > 20 && kept > 20);
    free(before);
    component_close(&c);
    weights_close(&w);
}

static void test_outputs_in_the_layouts_of_a_network(void)
{
    check_network("outputs", "0.235");
}

static void test_inputs_in_the_layouts_of_a_network(void)
{
    check_network("inputs", "0.24");
}

static void test_strength_or_rate_zero_changes_nothing(void)
{
    static struct parameters p, before;
    const hone_decay still = { sizeof still, 0, 0, 1 };
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "group_lasso", 1, "strength", "0", NULL), HONE_OK);
    parameters_fill(&p, 4);
    before = p;
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &now, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "group_lasso", 1, "strength", "5", NULL), HONE_OK);
    CU_ASSERT_EQUAL(regularizer(&c)->after_update(c.self, p.all, SHAPES, &still, &c.err), HONE_OK);
    CU_ASSERT(parameters_equal(&p, &before));
    component_close(&c);
}

SUITE(TEST(test_outputs_in_the_layouts_of_a_network), TEST(test_inputs_in_the_layouts_of_a_network),
      TEST(test_strength_or_rate_zero_changes_nothing))
