/* SPDX-License-Identifier: MIT */
/* From runs to numbers: paired differences, refused tests, failed runs, the effects of published experiments, ranks. */
#include "ablation/tables.h"
#include "harness.h"

#include <math.h>

enum { MAX_CELLS = 32, MAX_SEEDS = 10, MAX_AXES = 5 };

struct made {
    struct ablation ablation;
    struct ablation_axis axes[MAX_AXES];
    struct ablation_level levels[4];
    struct ablation_cell cells[MAX_CELLS];
    struct ablation_run runs[MAX_CELLS][MAX_SEEDS];
    uint32_t at[MAX_CELLS][MAX_AXES];
    struct catalog_component design;
};

/* An ablation of two-level axes that was run; cell i has axis k at bit k of i. */
static void make(struct made *m, size_t n_axes, size_t n_cells, size_t n_seeds, uint32_t flags)
{
    static char low[] = "low", high[] = "high", name[] = "abcde", label[] = "cell", metric[] = "value";
    static char names[MAX_AXES][2];
    memset(m, 0, sizeof *m);
    m->levels[0].label = low;
    m->levels[1].label = high;
    m->levels[2].label = m->levels[3].label = high;
    for (size_t k = 0; k < n_axes; k++) {
        names[k][0] = name[k];
        m->axes[k] = (struct ablation_axis){ .name = names[k], .levels = m->levels, .n_levels = 2 };
    }
    m->design.name = "made";
    m->ablation = (struct ablation){ .cells = m->cells,
                                     .n_cells = n_cells,
                                     .n_compared = n_cells,
                                     .n_rows = n_cells,
                                     .n_blocks = 1,
                                     .n_seeds = n_seeds,
                                     .metric = metric,
                                     .direction = HONE_MAXIMIZE,
                                     .design = &m->design,
                                     .design_flags = flags };
    m->ablation.base.study.name = "made";
    m->ablation.spec.axes = m->axes;
    m->ablation.spec.n_axes = m->ablation.spec.n_design = n_axes;
    m->ablation.spec.raw.level = 0.95;
    m->ablation.spec.vary = VARY_SEED;
    for (size_t i = 0; i < n_cells; i++) {
        for (size_t k = 0; k < n_axes; k++)
            m->at[i][k] = i >> k & 1;
        m->cells[i] = (struct ablation_cell){ .levels = m->at[i], .label = label, .runs = m->runs[i] };
        for (size_t s = 0; s < n_seeds; s++)
            m->runs[i][s] = (struct ablation_run){ .seed = (int64_t)s + 1, .state = RUN_DONE };
    }
}

static const struct effect *find(const struct comparison *c, size_t x, size_t y)
{
    for (size_t i = 0; i < c->n_effects; i++)
        if (c->effects[i].axes[0] == x &&
            (y == SIZE_MAX ? c->effects[i].n_axes == 1 : c->effects[i].n_axes == 2 && c->effects[i].axes[1] == y))
            return &c->effects[i];
    CU_FAIL_FATAL("no such effect");
    return NULL;
}

/* Filtration rate, 2^4 without repeats: effects in D. C. Montgomery, Design and Analysis of Experiments, 8th ed., table 6.12. */
static void test_filtration_rate(void)
{
    static const double rates[] = { 45, 71, 48, 65, 68, 60, 80, 65, 43, 100, 45, 104, 75, 86, 70, 96 };
    static const double main_effects[] = { 21.625, 3.125, 9.875, 14.625 };
    static struct made m;
    struct comparison c;
    hone_error err = HONE_ERROR_INIT;
    make(&m, 4, 16, 1, HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS);
    for (size_t i = 0; i < 16; i++)
        m.runs[i][0].value = rates[i];
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL(c.n_effects, 10);
    for (size_t k = 0; k < 4; k++)
        CU_ASSERT_DOUBLE_EQUAL(find(&c, k, SIZE_MAX)->value, main_effects[k], 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 1)->value, 0.125, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 2)->value, -18.125, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 3)->value, 16.625, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 1, 2)->value, 2.375, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 1, 3)->value, -0.375, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 2, 3)->value, -1.125, 1e-12);
    CU_ASSERT(c.lenth_margin > 0);
    CU_ASSERT(isnan(c.cells[1].p) && isnan(c.cells[1].interval.low)); /* one run: nothing of the kind */
    CU_ASSERT_EQUAL(c.cells[1].difference, 26);
    comparison_release(&c);
}

/* What a seed does to all cells alike is in no effect and in no difference. */
static void test_pairs_of_seeds(void)
{
    static struct made m;
    struct comparison c;
    hone_error err = HONE_ERROR_INIT;
    make(&m, 2, 4, 8, HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS);
    for (size_t i = 0; i < 4; i++)
        for (size_t s = 0; s < 8; s++)
            m.runs[i][s].value = 100 * (double)(s * s) + 2 * (double)(i & 1) + 5 * (double)(i == 3);
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, SIZE_MAX)->value, 4.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 1, SIZE_MAX)->value, 2.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 1)->value, 2.5, 1e-9);
    CU_ASSERT(find(&c, 0, 1)->active);
    CU_ASSERT_DOUBLE_EQUAL(c.cells[3].difference, 7, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(c.cells[3].difference_interval.high, 7, 1e-9);
    CU_ASSERT_EQUAL(c.needed, 7); /* 2^(1 - 7) * 3 < 0.05 */
    CU_ASSERT_DOUBLE_EQUAL(c.cells[3].p, 2.0 / 256, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(c.cells[3].p_adjusted, 6.0 / 256, 1e-12);
    CU_ASSERT_EQUAL(c.cells[2].p, 1); /* no difference at all */
    CU_ASSERT_EQUAL(c.cells[3].superiority, 1);
    CU_ASSERT_EQUAL(c.cells[3].delta, 1);
    CU_ASSERT_EQUAL(c.cells[2].superiority, 0.5);
    CU_ASSERT_STRING_EQUAL(c.cells[0].method, "t");
    comparison_release(&c);
    m.ablation.direction = HONE_MINIMIZE;
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL(c.cells[3].superiority, 0);
    comparison_release(&c);
}

static void test_failed_and_missing(void)
{
    static struct made m;
    struct comparison c;
    struct tables tables;
    hone_error err = HONE_ERROR_INIT;
    static char why[] = "it ran out of memory";
    make(&m, 1, 2, 4, 0);
    for (size_t s = 0; s < 4; s++) {
        m.runs[0][s].value = 10 + (double)s;
        m.runs[1][s].value = 20;
    }
    m.runs[1][2] = (struct ablation_run){ .seed = 3, .state = RUN_FAILED, .value = (double)NAN, .why = why };
    m.runs[1][3].state = RUN_MISSING;
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL(c.cells[1].n, 3);
    CU_ASSERT_EQUAL(c.cells[1].failed, 1);
    CU_ASSERT_DOUBLE_EQUAL(c.cells[1].mean, (20.0 + 20 + 10) / 3, 1e-12); /* 10: the worst there is */
    CU_ASSERT_EQUAL(c.cells[1].pairs, 3);
    CU_ASSERT_DOUBLE_EQUAL(c.cells[1].difference, (10.0 + 9 - 2) / 3, 1e-12);
    CU_ASSERT(isnan(c.cells[1].p));
    tables_make(&tables, &c);
    CU_ASSERT(strstr(text_string(&tables.notes), "1 runs failed; they count as the worst run of all") != NULL);
    CU_ASSERT(strstr(text_string(&tables.notes), "seed 3: it ran out of memory") != NULL);
    CU_ASSERT(strstr(text_string(&tables.notes), "1 of 8 runs are missing") != NULL);
    CU_ASSERT(strstr(text_string(&tables.notes), "No p-values: with 3 pairs and 1 comparison") != NULL);
    tables_release(&tables);
    comparison_release(&c);
}

/* Interactions at the baseline: rows in which another axis is changed have no part in them. */
static void test_pairs_design(void)
{
    static struct made m;
    struct comparison c;
    hone_error err = HONE_ERROR_INIT;
    make(&m, 3, 7, 3, HONE_DESIGN_INTERACTIONS); /* all but 111 */
    for (size_t i = 0; i < 7; i++)
        for (size_t s = 0; s < 3; s++)
            m.runs[i][s].value = (double)s + (double)(i & 1) + 10 * (double)(i >> 1 & 1) + 100 * (double)(i >> 2) +
                                 4 * (double)((i & 3) == 3);
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL(c.n_effects, 3);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 1)->value, 2, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(find(&c, 0, 2)->value, 0, 1e-9);
    comparison_release(&c);
}

/* Two estimates that are one and the same are given, and counted, once. */
static void test_aliased_effects_are_one(void)
{
    static struct made m;
    struct comparison c;
    hone_error err = HONE_ERROR_INIT;
    struct ablation_alias alias = { { 0, 1 }, { 2, 3 }, 2, 2, 1 };
    make(&m, 4, 16, 1, HONE_DESIGN_BALANCED | HONE_DESIGN_INTERACTIONS);
    m.ablation.aliases = &alias;
    m.ablation.n_aliases = 1;
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL(c.n_effects, 9);
    comparison_release(&c);
}

static void test_curves(void)
{
    static struct made m;
    struct comparison c;
    struct curve curve;
    hone_error err = HONE_ERROR_INIT;
    static struct curve_point first[] = { { 1, 5, 1 }, { 2, 3, 1 }, { 3, (double)NAN, 0 }, { 4, 9, 1 } },
                              second[] = { { 2, 1, 1 }, { 3, 7, 1 } };
    make(&m, 1, 2, 2, 0);
    m.ablation.objective_direction = HONE_MAXIMIZE;
    m.cells[0].searched = 1;
    m.runs[0][0].points = first;
    m.runs[0][0].n_points = 4;
    m.runs[0][1].points = second;
    m.runs[0][1].n_points = 2;
    CU_ASSERT_EQUAL_FATAL(comparison_make(&c, &m.ablation, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(curve_by_trials(&c, 0, &curve, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(curve.n, 4);
    CU_ASSERT_EQUAL(curve.mean[0], 3);
    CU_ASSERT_EQUAL(curve.mean[1], 6); /* 5 and 7: the best so far */
    CU_ASSERT_EQUAL(curve.mean[3], 8);
    curve_release(&curve);
    CU_ASSERT_EQUAL_FATAL(curve_by_seconds(&c, 0, 4, &curve, &err), HONE_OK);
    CU_ASSERT(isnan(curve.mean[0])); /* the second run has nothing yet */
    CU_ASSERT_EQUAL(curve.mean[1], 3);
    CU_ASSERT_EQUAL(curve.mean[2], 6);
    CU_ASSERT_EQUAL(curve.mean[3], 8);
    curve_release(&curve);
    comparison_release(&c);
}

SUITE(TEST(test_filtration_rate), TEST(test_pairs_of_seeds), TEST(test_failed_and_missing), TEST(test_pairs_design),
      TEST(test_aliased_effects_are_one), TEST(test_curves))
