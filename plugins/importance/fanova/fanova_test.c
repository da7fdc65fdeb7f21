/* SPDX-License-Identifier: MIT */
/* The integrals against sums over every point of a finite conditional space, known indices, and Optuna's order. */
#include "component.h"
#include "importance_fixture.h"

#include "marginal.h"

/* ---- a conditional space: who is active depends on a choice, and on a number that may be inactive itself ---- */
static const double one[] = { 1 }, two[] = { 2 };
static const hone_condition is_b = { sizeof(hone_condition), 0, HONE_EQ, 1, one };
static const hone_condition not_b = { sizeof(hone_condition), 0, HONE_NE, 1, one };
static const hone_condition deep = { sizeof(hone_condition), 1, HONE_GE, 1, two };
static const hone_condition *const if_b[] = { &is_b }, *const if_not_b[] = { &not_b }, *const if_deep[] = { &deep };
static const double weights[] = { 0.2, 0.5, 0.3 };
static const char *const names[] = { "a", "b", "c" };
static const hone_dim kind = { .size = sizeof(hone_dim),
                               .type = HONE_DIM_CHOICE,
                               .n_choices = 3,
                               .key = "kind",
                               .max = 2,
                               .choices = names,
                               .weights = weights };
static const hone_dim depth = { .size = sizeof(hone_dim),
                                .type = HONE_DIM_INT,
                                .key = "depth",
                                .min = 1,
                                .max = 4,
                                .step = 1,
                                .n_conditions = 1,
                                .conditions = if_b };
static const hone_dim width = { .size = sizeof(hone_dim),
                                .type = HONE_DIM_INT,
                                .key = "width",
                                .min = 1,
                                .max = 5,
                                .step = 1,
                                .n_conditions = 1,
                                .conditions = if_deep };
static const hone_dim letter = { .size = sizeof(hone_dim),
                                 .type = HONE_DIM_CHOICE,
                                 .n_choices = 3,
                                 .key = "letter",
                                 .max = 2,
                                 .choices = names,
                                 .n_conditions = 1,
                                 .conditions = if_not_b };
static const hone_dim always = {
    .size = sizeof(hone_dim), .type = HONE_DIM_ORDINAL, .n_choices = 3, .key = "always", .max = 2, .choices = names
};
static const hone_dim *const dims[] = { &kind, &depth, &width, &letter, &always };
static const hone_space space = { sizeof space, 5, dims, 0, 0, NULL };
enum { D = 5, POINTS = 300 };

struct point {
    double x[D], f[D], probability;
};
static struct point points[POINTS];
static uint32_t n_points;

/* Every point with its probability under the prior. */
static void list_points(void)
{
    static const uint32_t counts[D] = { 3, 4, 5, 3, 3 };
    uint32_t digits[D];
    n_points = 0;
    for (uint32_t number = 0; number < 3 * 4 * 5 * 3 * 3; number++) {
        struct point p = { .probability = 1 };
        int own = 1;
        for (uint32_t i = 0, rest = number; i < D; rest /= counts[i], i++)
            digits[i] = rest % counts[i];
        for (uint32_t i = 0; i < D; i++) {
            p.x[i] = dims[i]->type == HONE_DIM_INT ? 1 + digits[i] : digits[i];
            if (hone_space_active(&space, p.x, i)) {
                p.probability *= dims[i]->weights ? dims[i]->weights[digits[i]] : 1.0 / counts[i];
            } else {
                own &= digits[i] == 0; /* once */
                p.x[i] = (double)NAN;
            }
            p.f[i] = hone_importance_feature(&space, i, p.x[i]);
        }
        if (own && n_points < POINTS)
            points[n_points++] = p;
    }
}

static double prediction(const hone_forest *f, uint32_t tree, const struct point *p)
{
    return f->trees[tree].nodes[hone_forest_leaf(f, tree, p->f)].mean;
}

static int same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* P(a and b active) * Var(E[prediction | a, b] | both active); b == a: of one. */
static double explained(const hone_forest *f, uint32_t tree, uint32_t a, uint32_t b, int by_a, int by_b)
{
    double mass = 0, mean = 0, sum = 0;
    for (uint32_t i = 0; i < n_points; i++)
        if (!isnan(points[i].x[a]) && !isnan(points[i].x[b])) {
            mass += points[i].probability;
            mean += points[i].probability * prediction(f, tree, points + i);
        }
    mean /= mass;
    for (uint32_t i = 0; i < n_points; i++) {
        double m = 0, s = 0;
        if (isnan(points[i].x[a]) || isnan(points[i].x[b]))
            continue;
        for (uint32_t k = 0; k < n_points; k++)
            if (!isnan(points[k].x[a]) && !isnan(points[k].x[b]) && (!by_a || same(points[i].x[a], points[k].x[a])) &&
                (!by_b || same(points[i].x[b], points[k].x[b]))) {
                m += points[k].probability;
                s += points[k].probability * prediction(f, tree, points + k);
            }
        sum += points[i].probability * (s / m - mean) * (s / m - mean);
    }
    return sum;
}

static void grow_on_points(hone_forest *f, hone_error *err)
{
    static const uint32_t kinds[D] = { 3, 0, 0, 3, 0 };
    const hone_forest_options options = { 4, 64, 2, 1, 0, 0, 1, 5 };
    static double x[POINTS * D], y[POINTS];
    hone_rng rng = hone_rng_at(3, 3);
    for (uint32_t i = 0; i < n_points; i++) {
        const double *p = points[i].x;
        memcpy(x + (size_t)i * D, points[i].f, sizeof points[i].f);
        y[i] = p[0] + (isnan(p[1]) ? 0 : 0.3 * p[1] * p[4]) + (isnan(p[2]) ? 0 : p[2] * p[2] / 10) +
               (isnan(p[3]) ? 0 : p[3] == 1) + 0.2 * hone_rng_normal(&rng);
    }
    CU_ASSERT_EQUAL_FATAL(hone_forest_init(f, D, kinds, &options, err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_forest_sort(f, x, n_points, err), HONE_OK);
    for (uint32_t t = 0; t < options.n_trees; t++)
        CU_ASSERT_EQUAL_FATAL(hone_forest_grow(f, t, 0, x, y, n_points, err), HONE_OK);
}

static void test_integrals_are_the_sums_over_all_points(void)
{
    hone_forest f;
    hone_error err = HONE_ERROR_INIT;
    struct integrals s;
    double v;
    list_points();
    CU_ASSERT_EQUAL(n_points,
                    3 * (2 * 3 + 1 + 3 * 5)); /* two kinds with a letter; one of depth 1, or deeper with a width */
    grow_on_points(&f, &err);
    CU_ASSERT_EQUAL_FATAL(integrals_init(&s, &space, &f, &err), HONE_OK);
    for (uint32_t t = 0; t < f.options.n_trees; t++) {
        double mean = 0, square = 0;
        CU_ASSERT_EQUAL_FATAL(integrals_of(&s, t, &err), HONE_OK);
        for (uint32_t i = 0; i < n_points; i++) {
            mean += points[i].probability * prediction(&f, t, points + i);
            square += points[i].probability * prediction(&f, t, points + i) * prediction(&f, t, points + i);
        }
        CU_ASSERT_DOUBLE_EQUAL(s.total, square - mean * mean, 1e-9);
        for (uint32_t a = 0; a < D; a++) {
            CU_ASSERT_EQUAL_FATAL(integrals_single(&s, a, &v, &err), HONE_OK);
            CU_ASSERT_DOUBLE_EQUAL(v, explained(&f, t, a, a, 1, 1), 1e-9);
            for (uint32_t b = a + 1; b < D; b++) {
                const int together = (a != 1 && a != 2) || b != 3; /* letter is never active with depth or width */
                CU_ASSERT_EQUAL_FATAL(integrals_pair(&s, a, b, &v, &err), HONE_OK);
                if (!together)
                    CU_ASSERT_DOUBLE_EQUAL(v, 0, 1e-12);
                if (together)
                    CU_ASSERT_DOUBLE_EQUAL(v,
                                           fmax(0, explained(&f, t, a, b, 1, 1) - explained(&f, t, a, b, 1, 0) -
                                                       explained(&f, t, a, b, 0, 1)),
                                           1e-9);
            }
        }
    }
    integrals_release(&s);
    hone_forest_release(&f);
}

/* ---- whole evaluations ---- */
enum { MOST = 64 };
struct taken {
    double single[MOST], pair[MOST][MOST];
    uint32_t n;
};

static hone_rc take(void *ctx, const hone_importance *given)
{
    struct taken *t = (struct taken *)ctx;
    t->n++;
    if (given->dim_b == UINT32_MAX)
        t->single[given->dim_a] = given->importance;
    else
        t->pair[given->dim_a][given->dim_b] = given->importance;
    return HONE_OK;
}

static void evaluate(const hone_space *s, uint64_t n, const double *x, const double *values, struct taken *taken)
{
    struct component c;
    const hone_importance_data data = { sizeof data, s->n_dims, s, n, x, values, 1, 0 };
    memset(taken, 0, sizeof *taken);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "fanova", 1, NULL), HONE_OK);
    const hone_importance_v1 *iface = (const hone_importance_v1 *)c.component->iface;
    CU_ASSERT_EQUAL_FATAL(iface->evaluate(c.self, &data, take, taken, &c.err), HONE_OK);
    component_close(&c);
}

/* x1 + 2 x2 x3 on the unit cube: each alone explains 1/12 of 10/36, the pair (2, 3) what is left, 1/36. */
static void test_known_indices(void)
{
    enum { N = 3000 };
    static double x[N * 4], values[N];
    static struct taken t;
    hone_dim d[4];
    const hone_dim *list[4];
    hone_rng rng = hone_rng_at(1, 2);
    memset(d, 0, sizeof d);
    for (uint32_t i = 0; i < 4; i++) {
        d[i].size = sizeof d[i];
        d[i].type = HONE_DIM_REAL;
        d[i].flags = i == 0 ? HONE_DIM_LOG : 0; /* uniform on its own scale */
        d[i].key = "x";
        d[i].min = i == 0 ? 1e-4 : 0;
        d[i].max = i < 3 ? 1 : 0; /* the fourth is fixed */
        list[i] = d + i;
    }
    const hone_space cube = { sizeof cube, 4, list, 0, 0, NULL };
    for (uint32_t i = 0; i < N; i++) {
        for (uint32_t k = 0; k < 4; k++)
            x[i * 4 + k] = hone_dim_from_unit(d + k, hone_rng_uniform(&rng));
        values[i] = 1 + log10(x[i * 4]) / 4 + 2 * x[i * 4 + 1] * x[i * 4 + 2];
    }
    evaluate(&cube, N, x, values, &t);
    CU_ASSERT_EQUAL(t.n, 3 + 3);
    for (uint32_t i = 0; i < 3; i++)
        CU_ASSERT_DOUBLE_EQUAL(t.single[i], 0.3, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(t.pair[1][2], 0.1, 0.02);
    CU_ASSERT(t.pair[0][1] < 0.02 && t.pair[0][2] < 0.02);
}

static void test_the_order_is_optunas(void)
{
    for (size_t r = 0; r < sizeof recorded_studies / sizeof *recorded_studies; r++) {
        const struct recorded *s = recorded_studies + r;
        static struct taken t;
        hone_dim d[MOST];
        const hone_dim *list[MOST];
        memset(d, 0, sizeof d);
        for (uint32_t i = 0; i < s->n_dims; i++) {
            const struct recorded_dim *from = s->dims + i;
            d[i] = (hone_dim){ .size = sizeof *d,
                               .type = from->choices    ? HONE_DIM_CHOICE
                                       : from->step > 0 ? HONE_DIM_INT
                                                        : HONE_DIM_REAL,
                               .key = from->key,
                               .min = from->min,
                               .max = from->max,
                               .step = from->step,
                               .n_choices = from->choices };
            list[i] = d + i;
        }
        const hone_space recorded_space = { sizeof recorded_space, s->n_dims, list, 0, 0, NULL };
        evaluate(&recorded_space, s->n, s->x, s->values, &t);
        for (uint32_t i = 0; i < s->n_dims; i++) {
            CU_ASSERT_DOUBLE_EQUAL(t.single[i], s->dims[i].fanova, 0.05);
            for (uint32_t k = 0; k < s->n_dims; k++)
                if (s->dims[i].fanova > s->dims[k].fanova + 0.005) /* else their order is noise to Optuna, too */
                    CU_ASSERT(t.single[i] > t.single[k]);
        }
    }
}

SUITE(TEST(test_integrals_are_the_sums_over_all_points), TEST(test_known_indices), TEST(test_the_order_is_optunas))
