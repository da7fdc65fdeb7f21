/* SPDX-License-Identifier: MIT */
/* The forest against exhaustive search and plain sums; the search on spaces of every kind. */
#include "component.h"

#include "acquire.h"
#include "hone/forest_box.h"

enum { ROWS = 60, FEATURES = 3 };
static const uint32_t kinds[FEATURES] = { 0, 5, 0 };

/* Rows with a number, a category and a number, a third of the last two inactive. */
static void make_rows(uint64_t seed, double *x, double *y, uint32_t n)
{
    hone_rng rng = hone_rng_at(seed, 0);
    for (uint32_t i = 0; i < n; i++) {
        x[i * 3] = hone_rng_uniform(&rng);
        x[i * 3 + 1] = hone_rng_uniform(&rng) < 0.33 ? (double)NAN : (double)hone_rng_below(&rng, 5);
        x[i * 3 + 2] = hone_rng_uniform(&rng) < 0.33 ? (double)NAN : floor(8 * hone_rng_uniform(&rng));
        y[i] = x[i * 3] + (x[i * 3 + 1] == 2 || isnan(x[i * 3 + 1])) - (x[i * 3 + 2] > 4) + 0.3 * hone_rng_normal(&rng);
    }
}

static hone_forest_options plain(uint32_t n_trees, uint32_t depth)
{
    const hone_forest_options o = { n_trees, depth, 2, 1, 0, 0, 0, 7 };
    return o;
}

/* Sum of squared distances to the mean of the side; HUGE_VAL where a side is empty. */
static double loss_of(const double *y, const int *left, uint32_t n)
{
    double sum[2] = { 0, 0 }, count[2] = { 0, 0 }, loss = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum[left[i]] += y[i];
        count[left[i]]++;
    }
    if (!(count[0] > 0) || !(count[1] > 0))
        return HUGE_VAL;
    for (uint32_t i = 0; i < n; i++)
        loss += (y[i] - sum[left[i]] / count[left[i]]) * (y[i] - sum[left[i]] / count[left[i]]);
    return loss;
}

/* The best split of all: every threshold with the inactive ones on either side, every subset of categories. */
static double best_loss(const double *x, const double *y, uint32_t n)
{
    int left[ROWS];
    double best = HUGE_VAL;
    for (uint32_t j = 0; j < FEATURES; j++) {
        const uint32_t n_cuts = kinds[j] ? 1u << (kinds[j] + 1) : 2 * (n + 1);
        for (uint32_t cut = 0; cut < n_cuts; cut++) {
            for (uint32_t i = 0; i < n; i++) {
                const double v = x[i * 3 + j];
                if (kinds[j])
                    left[i] = (int)(cut >> (isnan(v) ? kinds[j] : (uint32_t)v) & 1);
                else
                    left[i] = isnan(v) ? (int)(cut & 1) : cut / 2 == n ? 1 : v <= x[cut / 2 * 3 + j];
            }
            best = fmin(best, loss_of(y, left, n));
        }
    }
    return best;
}

static void test_splits_are_the_best_of_all(void)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        hone_forest f;
        hone_error err = HONE_ERROR_INIT;
        const hone_forest_options options = plain(1, 1);
        double x[ROWS * 3], y[ROWS];
        int left[ROWS];
        const uint32_t n = 5 + (uint32_t)seed;
        make_rows(seed, x, y, n);
        CU_ASSERT_EQUAL_FATAL(hone_forest_init(&f, FEATURES, kinds, &options, &err), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(hone_forest_sort(&f, x, n, &err), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(hone_forest_grow(&f, 0, 0, x, y, n, &err), HONE_OK);
        for (uint32_t i = 0; i < n; i++)
            left[i] = hone_forest_leaf(&f, 0, x + i * 3) == 1;
        CU_ASSERT_DOUBLE_EQUAL(loss_of(y, left, n), best_loss(x, y, n), 1e-9);
        hone_forest_release(&f);
    }
}

static void test_a_full_tree_repeats_its_rows(void)
{
    hone_forest f;
    hone_error err = HONE_ERROR_INIT;
    const hone_forest_options options = plain(1, UINT32_MAX);
    double x[ROWS * 3], y[ROWS], mean, variance;
    make_rows(5, x, y, ROWS);
    CU_ASSERT_EQUAL_FATAL(hone_forest_init(&f, FEATURES, kinds, &options, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_forest_sort(&f, x, ROWS, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_forest_grow(&f, 0, 0, x, y, ROWS, &err), HONE_OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        hone_forest_predict(&f, x + i * 3, &mean, &variance);
        CU_ASSERT_DOUBLE_EQUAL(mean, y[i], 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(variance, 0, 1e-12);
    }
    hone_forest_release(&f);
}

/* Every leaf's numbers are those of the rows (with their copies) that fall into it: grown at once or row by row. */
static void check_leaves(const hone_forest *f, const double *x, const double *y, uint32_t n)
{
    for (uint32_t t = 0; t < f->options.n_trees; t++) {
        const hone_forest_tree *tree = f->trees + t;
        for (uint32_t leaf = 0; leaf < tree->n_nodes; leaf++) {
            const hone_forest_node *node = tree->nodes + leaf;
            double w = 0, s = 0, squares = 0;
            if (node->feature != HONE_FOREST_NONE)
                continue;
            for (uint32_t i = 0; i < n; i++)
                if (hone_forest_leaf(f, t, x + i * 3) == leaf) {
                    w += tree->copies[i];
                    s += tree->copies[i] * y[i];
                    squares += tree->copies[i] * y[i] * y[i];
                }
            CU_ASSERT_EQUAL(node->size, (uint32_t)w);
            CU_ASSERT_DOUBLE_EQUAL(node->mean, s / w, 1e-9);
            CU_ASSERT_DOUBLE_EQUAL(node->variance, squares / w - s / w * s / w, 1e-9);
        }
    }
}

static void test_rows_are_added_where_they_belong(void)
{
    enum { N = 300, PLATEAU = 100 };
    static double x[N * 3], y[N];
    hone_forest f;
    hone_error err = HONE_ERROR_INIT;
    hone_forest_options options = plain(8, UINT32_MAX);
    options.copies = 1;
    options.random_thresholds = 1;
    options.min_samples_leaf = 3;
    make_rows(3, x, y, N);
    for (uint32_t i = N - PLATEAU; i < N; i++) {
        y[i] = 5; /* many equal ones, then one that is not */
        x[i * 3] = 0.5;
    }
    y[N - 1] = 9;
    CU_ASSERT_EQUAL_FATAL(hone_forest_init(&f, FEATURES, kinds, &options, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_forest_sort(&f, x, 20, &err), HONE_OK);
    for (uint32_t t = 0; t < 8; t++)
        CU_ASSERT_EQUAL_FATAL(hone_forest_grow(&f, t, 0, x, y, 20, &err), HONE_OK);
    check_leaves(&f, x, y, 20);
    for (uint32_t i = 20; i < N; i++) {
        CU_ASSERT_EQUAL_FATAL(hone_forest_sort(&f, x, i + 1, &err), HONE_OK);
        for (uint32_t t = 0; t < 8; t++)
            CU_ASSERT_EQUAL_FATAL(hone_forest_add(&f, t, x, y, i, &err), HONE_OK);
    }
    check_leaves(&f, x, y, N);
    { /* the law of total variance, by its definition */
        double mean, variance, m = 0, v = 0;
        hone_forest_predict(&f, x, &mean, &variance);
        for (uint32_t t = 0; t < 8; t++)
            m += f.trees[t].nodes[hone_forest_leaf(&f, t, x)].mean / 8;
        for (uint32_t t = 0; t < 8; t++) {
            const hone_forest_node *leaf = f.trees[t].nodes + hone_forest_leaf(&f, t, x);
            v += (leaf->variance + (leaf->mean - m) * (leaf->mean - m)) / 8;
        }
        CU_ASSERT_DOUBLE_EQUAL(mean, m, 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(variance, v, 1e-12);
    }
    hone_forest_release(&f);
}

static void test_every_point_lies_in_the_box_of_its_leaf_only(void)
{
    hone_forest f;
    hone_error err = HONE_ERROR_INIT;
    hone_forest_options options = plain(2, UINT32_MAX);
    double x[ROWS * 3], y[ROWS], low[3], high[3];
    uint8_t inactive[3];
    uint64_t sets[3];
    options.copies = 1;
    make_rows(11, x, y, ROWS);
    CU_ASSERT_EQUAL_FATAL(hone_forest_init(&f, FEATURES, kinds, &options, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_forest_sort(&f, x, ROWS, &err), HONE_OK);
    for (uint32_t t = 0; t < 2; t++)
        CU_ASSERT_EQUAL_FATAL(hone_forest_grow(&f, t, 4, x, y, ROWS, &err), HONE_OK);
    make_rows(12, x, y, ROWS);
    for (uint32_t t = 0; t < 2; t++)
        for (uint32_t i = 0; i < ROWS; i++)
            for (uint32_t leaf = 0; leaf < f.trees[t].n_nodes; leaf++) {
                int inside = 1;
                if (f.trees[t].nodes[leaf].feature != HONE_FOREST_NONE)
                    continue;
                hone_forest_box(&f, t, leaf, low, high, inactive, sets);
                for (uint32_t j = 0; j < 3; j++) {
                    const double v = x[i * 3 + j];
                    if (isnan(v))
                        inside &= inactive[j];
                    else if (kinds[j])
                        inside &= (int)(sets[j] >> (uint32_t)v & 1);
                    else
                        inside &= low[j] < v && v <= high[j];
                }
                CU_ASSERT_EQUAL(inside, hone_forest_leaf(&f, t, x + i * 3) == leaf);
            }
    hone_forest_release(&f);
}

/* ---- expected improvement against an integral (midpoints, 8 deviations) ---- */
static double integrated(double best, double mean, double deviation, int is_log)
{
    enum { STEPS = 200000 };
    double sum = 0;
    const double low = mean - 10 * deviation, high = best;
    for (int i = 0; high > low && i < STEPS; i++) {
        const double v = low + (high - low) * (i + 0.5) / STEPS, z = (v - mean) / deviation;
        sum += (is_log ? 1 - exp(v - best) : best - v) * exp(-z * z / 2);
    }
    return sum * (high - low) / STEPS / deviation * 0.39894228040143267794;
}

static void test_expected_improvement_is_the_integral(void)
{
    static const double cases[][3] = { { 0, 0, 1 },    { 0, 1, 0.5 },  { 2, 3, 0.7 },
                                       { -1, 2, 0.5 }, { 0, -2, 0.1 }, { 0, 3, 2 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int is_log = 0; is_log < 2; is_log++) {
            const double *c = cases[i], want = integrated(c[0], c[1], c[2], is_log);
            CU_ASSERT_DOUBLE_EQUAL(log_expected_improvement(c[0], c[1], c[2], is_log), log(want), 2e-4);
        }
    for (int is_log = 0; is_log < 2; is_log++) { /* far below: finite, and falling */
        double last = HUGE_VAL;
        for (double mean = 1; mean < 1e5; mean *= 1.5) {
            const double v = log_expected_improvement(0, mean, 0.1, is_log);
            CU_ASSERT(isfinite(v) && v < last);
            last = v;
        }
    }
}

/* ---- the search ---- */
static const hone_search_v1 *interface_of(const struct component *c)
{
    return (const hone_search_v1 *)c->component->iface;
}

static const double one[] = { 1 };
static const hone_condition is_one = { sizeof(hone_condition), 0, HONE_EQ, 1, one };
static const hone_condition *const if_one[] = { &is_one };
static const char *const letters[] = { "a", "b", "c", "d" };
static const hone_dim letter = {
    .size = sizeof(hone_dim), .type = HONE_DIM_CHOICE, .n_choices = 4, .key = "letter", .max = 3, .choices = letters
};
static const hone_dim shift = { .size = sizeof(hone_dim),
                                .type = HONE_DIM_REAL,
                                .key = "shift",
                                .min = -5,
                                .max = 5,
                                .n_conditions = 1,
                                .conditions = if_one };
static const hone_dim count = {
    .size = sizeof(hone_dim), .type = HONE_DIM_INT, .key = "count", .min = 1, .max = 100, .step = 1
};
static const hone_dim rate = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "rate", .min = 1e-5, .max = 1
};
static const hone_dim *const mixed_dims[] = { &letter, &shift, &count, &rate };
static const hone_space mixed = { sizeof mixed, 4, mixed_dims, 0, 0, NULL };

/* Least 0.1 at letter b, shift 2, count 30, rate 1e-3. */
static double mixed_value(const double *x)
{
    const double count_off = (x[2] - 30) / 100, rate_off = log10(x[3] / 1e-3) / 5;
    return 0.1 + (x[0] == 1 ? fabs(x[1] - 2) / 10 : 1 + x[0] / 10) + count_off * count_off + rate_off * rate_off;
}

/* The best of `n` trials; every seventh fails, half of the bad ones are pruned. */
static double best_of(const char *random, uint64_t seed, int n)
{
    struct component c;
    const hone_search_info info = { sizeof info, 1, 0, 0, (uint64_t)n, 0, NULL };
    double best = HUGE_VAL;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "forest", seed, "random", random, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(interface_of(&c)->open(c.self, &mixed, &info, &c.err), HONE_OK);
    for (int t = 0; t < n; t++) {
        double x[4] = { 0 }, value;
        CU_ASSERT_EQUAL_FATAL(interface_of(&c)->ask(c.self, (uint64_t)t, x, &c.err), HONE_OK);
        value = mixed_value(x);
        hone_outcome o = { sizeof o, HONE_COMPLETE, (uint64_t)t, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
        if (t % 7 == 3) {
            o.status = HONE_FAILED;
            value = (double)NAN;
        } else if (t % 2 && value > 0.6) { /* as a scheduler would: early, with a value that is still worse */
            o.status = HONE_PRUNED;
            value += 1;
        } else {
            best = fmin(best, value);
        }
        CU_ASSERT_EQUAL_FATAL(interface_of(&c)->tell(c.self, &o, &c.err), HONE_OK);
    }
    component_close(&c);
    return best;
}

static int compare_reals(const void *p, const void *q)
{
    const double a = *(const double *)p, b = *(const double *)q;
    return (a > b) - (a < b);
}

static void test_finds_the_minimum_of_a_conditional_space(void)
{
    double with_model[9], without[9];
    for (uint64_t seed = 0; seed < 9; seed++) {
        with_model[seed] = best_of("0.1", seed, 80);
        without[seed] = best_of("1", seed, 80);
    }
    qsort(with_model, 9, sizeof *with_model, compare_reals);
    qsort(without, 9, sizeof *without, compare_reals);
    CU_ASSERT(with_model[4] < 0.13); /* median; the minimum is 0.1 */
    CU_ASSERT(with_model[6] < without[2]);
}

/* Two objectives and a constraint, several trials at once; then the same interrupted by save and load. */
static void run_pareto(double *points, int interrupted)
{
    enum { TRIALS = 60, LAG = 3 };
    struct component c;
    const hone_search_info info = { sizeof info, 2, 1, 0, TRIALS, 0, NULL };
    double x[TRIALS][4];
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "forest", 4, NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(interface_of(&c)->open(c.self, &mixed, &info, &c.err), HONE_OK);
    for (int t = 0; t < TRIALS; t++) {
        CU_ASSERT_EQUAL_FATAL(interface_of(&c)->ask(c.self, (uint64_t)t, x[t], &c.err), HONE_OK);
        if (t >= LAG) {
            const double *p = x[t - LAG], a = log10(p[3]) + 5;
            const double values[] = { a, 5 - a + p[2] / 100 }, violation = p[2] - 50;
            const hone_outcome o = { sizeof o, HONE_COMPLETE, (uint64_t)(t - LAG), p, values, &violation, 2, 1, 0, NULL,
                                     0,        NULL };
            CU_ASSERT_EQUAL_FATAL(interface_of(&c)->tell(c.self, &o, &c.err), HONE_OK);
        }
        if (interrupted && t == 40) {
            static struct state state;
            CU_ASSERT_EQUAL_FATAL(component_save(&c, &state), HONE_OK);
            component_close(&c);
            CU_ASSERT_EQUAL_FATAL(component_open(&c, "forest", 4, NULL), HONE_OK);
            CU_ASSERT_EQUAL_FATAL(interface_of(&c)->open(c.self, &mixed, &info, &c.err), HONE_OK);
            CU_ASSERT_EQUAL_FATAL(component_load(&c, &state), HONE_OK);
        }
    }
    memcpy(points, x, sizeof x);
    component_close(&c);
}

static void test_several_objectives_and_a_constraint(void)
{
    static double straight[240], broken[240];
    int allowed = 0, low_count = 0;
    run_pareto(straight, 0);
    run_pareto(broken, 1);
    for (int i = 0; i < 240; i++)
        CU_ASSERT(straight[i] == broken[i] || (isnan(straight[i]) && isnan(broken[i])));
    for (int t = 30; t < 60; t++) {
        allowed += straight[t * 4 + 2] <= 50;
        low_count += straight[t * 4 + 2] <= 20; /* what is left of the second objective, wherever on the front */
    }
    CU_ASSERT(allowed >= 24);   /* by luck: 15 */
    CU_ASSERT(low_count >= 15); /* by luck: 6 */
}

/* Ten thousand outcomes, and one question: what it learns from stays bounded, and it still knows where the best lies. */
static void test_a_long_history(void)
{
    struct component c;
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    double x[4];
    hone_rng rng = hone_rng_at(1, 1);
    int near_best = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "forest", 4, "random", "0", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(interface_of(&c)->open(c.self, &mixed, &info, &c.err), HONE_OK);
    for (uint64_t t = 0; t < 10000; t++) {
        hone_space_draw(&mixed, &rng, x);
        const double value = mixed_value(x);
        const hone_outcome o = { sizeof o, HONE_COMPLETE, t, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
        CU_ASSERT_EQUAL_FATAL(interface_of(&c)->tell(c.self, &o, &c.err), HONE_OK);
    }
    for (uint64_t t = 10000; t < 10010; t++) {
        CU_ASSERT_EQUAL_FATAL(interface_of(&c)->ask(c.self, t, x, &c.err), HONE_OK);
        near_best += mixed_value(x) < 0.15;
    }
    CU_ASSERT(near_best >= 7);
    component_close(&c);
}

SUITE(TEST(test_splits_are_the_best_of_all), TEST(test_a_full_tree_repeats_its_rows),
      TEST(test_rows_are_added_where_they_belong), TEST(test_every_point_lies_in_the_box_of_its_leaf_only),
      TEST(test_expected_improvement_is_the_integral), TEST(test_finds_the_minimum_of_a_conditional_space),
      TEST(test_several_objectives_and_a_constraint), TEST(test_a_long_history))
