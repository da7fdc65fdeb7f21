/* SPDX-License-Identifier: MIT */
/* Tests of the Parzen estimator against sums written as they stand in the formulas, of its bookkeeping, and of its draws. */
#include "parzen.h"

#include "fake_host.h"
#include "harness.h"

enum { AXES = 6, MOST = 400 };

static const double weights[] = { 0.1, 0.2, 0.7 };
static const hone_dim dims[AXES] = { FAKE_REAL("a", -3, 7, 0),
                                     FAKE_REAL("rate", 1e-4, 10, HONE_DIM_LOG),
                                     FAKE_NORMAL("bias", -HUGE_VAL, HUGE_VAL, 2, 0.5, 0),
                                     FAKE_INT("n", 1, 12, 1, 0),
                                     FAKE_INT("width", 1, 40, 1, HONE_DIM_LOG),
                                     FAKE_CHOICE("form", 3, weights) };

static void axes_of(struct axis *axes, int is_dense)
{
    for (uint32_t i = 0; i < AXES; i++)
        axis_init(axes + i, dims + i, i, is_dense);
}

static double phi(double z)
{
    return 0.5 * erfc(-z * sqrt(0.5));
}

/* A kernel's density, or mass, at value v of axis i. */
static double kernel_at(const struct axis *a, double mean, double deviation, double v)
{
    const double x = a->is_log ? log(v) : v;
    const double all = phi((a->high - mean) / deviation) - phi((a->low - mean) / deviation);
    double left, right;
    if (a->kind == AXIS_REAL)
        return exp(-0.5 * (x - mean) * (x - mean) / (deviation * deviation)) /
               (deviation * 2.5066282746310005024 * all);
    left = a->is_log ? log(v - 0.5) : v - 0.5;
    right = a->is_log ? log(v + 0.5) : v + 0.5;
    return (phi((right - mean) / deviation) - phi((left - mean) / deviation)) / all;
}

struct model {
    uint64_t n;
    double x[MOST][AXES], weight[MOST]; /* x: values */
};

/* The larger gap to a neighbour, by looking at all of them. */
static double deviation_of(const struct model *m, const struct axis *a, uint32_t i, uint64_t k, double bandwidth)
{
    const double own = axis_place(a, m->x[k][i]), n = (double)m->n;
    const double tuned = 1 / ((n + 2) * (n + 2)) > bandwidth ? 1 / ((n + 2) * (n + 2)) : bandwidth;
    double least = a->unit * (bandwidth > 0 ? tuned : 1 / (n + 2 < 100 ? n + 2 : 100));
    double left = -HUGE_VAL, right = HUGE_VAL, gap;
    if (a->kind == AXIS_REAL && a->step > 0) { /* half an interval */
        const double low = m->x[k][i] - 0.5, high = m->x[k][i] + 0.5;
        least = fmax(least, (a->is_log ? log(high / low) : 1) / 2);
    }
    for (uint64_t j = 0; j < m->n; j++) { /* of equal ones, the later one stands behind */
        const double other = axis_place(a, m->x[j][i]);
        if (j != k && (other < own || (!(other > own) && j < k)) && other > left)
            left = other;
        if (j != k && (other > own || (!(other < own) && j > k)) && other < right)
            right = other;
    }
    if (m->n == 1) {
        left = a->low;
        right = a->high;
    }
    left = isfinite(left) ? own - left : 0;
    right = isfinite(right) ? right - own : 0;
    gap = left > right ? left : right;
    if (m->n == 1 && !isfinite(a->low))
        gap = a->unit;
    return gap < least ? least : gap > a->unit ? a->unit : gap;
}

static double naive_density(const struct model *m, const struct axis *axes, double prior_weight, double bandwidth,
                            const double *v)
{
    double sum = 0, total = prior_weight, product = prior_weight;
    for (uint32_t i = 0; i < AXES; i++)
        product *= axes[i].kind == AXIS_CHOICE ? weights[(int)v[i]]
                                               : kernel_at(axes + i, axes[i].mean, axes[i].deviation, v[i]);
    sum = product;
    for (uint64_t k = 0; k < m->n; k++) {
        product = m->weight[k];
        total += product;
        for (uint32_t i = 0; i < AXES; i++) {
            if (axes[i].kind == AXIS_CHOICE) {
                const double f = prior_weight / ((double)m->n + 1) * 3;
                product *= ((m->x[k][i] == v[i]) + f * weights[(int)v[i]]) / (1 + f);
            } else {
                product *= kernel_at(axes + i, axis_place(axes + i, m->x[k][i]),
                                     deviation_of(m, axes + i, i, k, bandwidth), v[i]);
            }
        }
        sum += product;
    }
    return sum / total;
}

static void random_point(hone_rng *rng, double *x)
{
    for (uint32_t i = 0; i < AXES; i++)
        x[i] = hone_dim_from_unit(dims + i, hone_rng_uniform(rng));
}

static void places_of(const struct axis *axes, const double *x, double *places)
{
    for (uint32_t i = 0; i < AXES; i++)
        places[i] = axis_place(axes + i, x[i]);
}

/* Compares at random points. */
static double worst_error(struct parzen *p, const struct model *m, const struct axis *axes, double bandwidth,
                          hone_rng *rng)
{
    double worst = 0, x[AXES], places[AXES], found, wanted;
    parzen_prepare(p);
    for (int k = 0; k < 10; k++) {
        if (k % 2 || !m->n)
            random_point(rng, x);
        else
            memcpy(x, m->x[hone_rng_below(rng, m->n)], sizeof x);
        places_of(axes, x, places);
        parzen_log_density(p, places, 1, &found);
        wanted = log(naive_density(m, axes, p->settings.prior_weight, bandwidth, x));
        worst = fabs(found - wanted) > worst ? fabs(found - wanted) : worst;
    }
    return worst;
}

/* Observations come and go; after each change all is as if it had been learned at once. */
static void comes_and_goes(double bandwidth, int is_dense)
{
    struct axis axes[AXES];
    const struct parzen_settings settings = { bandwidth, 0.7 };
    hone_error err = HONE_ERROR_INIT;
    static struct model m;
    struct parzen p;
    hone_rng rng = hone_rng_at(5, 0);
    double worst = 0, places[AXES];
    uint64_t next = 0, ids[MOST];
    axes_of(axes, is_dense);
    m.n = 0;
    CU_ASSERT_EQUAL_FATAL(parzen_init(&p, axes, AXES, &settings, &err), HONE_OK);
    worst = worst_error(&p, &m, axes, bandwidth, &rng);
    for (int step = 0; step < 300; step++) {
        if (hone_rng_below(&rng, 5) > 0 || !m.n) {
            double *x = m.x[m.n];
            random_point(&rng, x);
            if (m.n && step % 3 == 0) /* values repeat */
                memcpy(x, m.x[hone_rng_below(&rng, m.n)], sizeof m.x[0]);
            places_of(axes, x, places);
            CU_ASSERT_EQUAL(parzen_add(&p, places, 1000 + next, next, &err), HONE_OK);
            m.weight[m.n] = 1;
            ids[m.n++] = 1000 + next++;
        } else {
            const uint64_t k = hone_rng_below(&rng, m.n);
            parzen_remove(&p, parzen_find(&p, ids[k]));
            CU_ASSERT_EQUAL(parzen_find(&p, ids[k]), UINT64_MAX);
            memmove(m.x + k, m.x + k + 1, (size_t)(m.n - k - 1) * sizeof *m.x);
            memmove(m.weight + k, m.weight + k + 1, (size_t)(m.n - k - 1) * sizeof *m.weight);
            memmove(ids + k, ids + k + 1, (size_t)(m.n - k - 1) * sizeof *ids);
            m.n--;
        }
        if (step % 7 == 0) { /* other weights */
            for (uint64_t k = 0; k < m.n; k++)
                p.weight[parzen_find(&p, ids[k])] = m.weight[k] = 0.1 + hone_rng_uniform(&rng);
        }
        if (step < 20 || step % 10 == 0) {
            const double error = worst_error(&p, &m, axes, bandwidth, &rng);
            worst = error > worst ? error : worst;
        }
    }
    CU_ASSERT_EQUAL(p.n, m.n);
    CU_ASSERT_EQUAL(p.id[parzen_oldest(&p)], ids[0]);
    CU_ASSERT(worst < 1e-9);
    parzen_release(&p);
}

static void test_density_is_the_sum_of_the_formula(void)
{
    comes_and_goes(0, 0);
    comes_and_goes(0.03, 0);
    comes_and_goes(0.03, 1);
}

static void test_density_integrates_to_one(void)
{
    struct axis axes[1];
    const struct parzen_settings settings = { 0, 1 };
    hone_error err = HONE_ERROR_INIT;
    const double seen[] = { -2.9, 1, 1, 6.5 };
    struct parzen p;
    double sum = 0;
    axis_init(axes, dims, 0, 0);
    CU_ASSERT_EQUAL_FATAL(parzen_init(&p, axes, 1, &settings, &err), HONE_OK);
    for (uint64_t k = 0; k < 4; k++)
        parzen_add(&p, seen + k, k, k, &err);
    parzen_prepare(&p);
    for (int i = 0; i < 20000; i++) { /* midpoint rule */
        const double x = -3 + 10 * (i + 0.5) / 20000;
        double log_density;
        parzen_log_density(&p, &x, 1, &log_density);
        sum += exp(log_density) * 10 / 20000;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum, 1, 1e-6);
    parzen_release(&p);
}

/* Drawn values are as frequent as the density says; crossed ones as the product of the marginals says. */
static void test_draws_follow_the_density(void)
{
    enum { DRAWS = 200000 };
    const hone_dim two[] = { FAKE_INT("a", 1, 4, 1, 0), FAKE_CHOICE("b", 2, NULL) };
    struct axis axes[2];
    const struct parzen_settings settings = { 0, 0.5 };
    hone_error err = HONE_ERROR_INIT;
    struct parzen p;
    hone_rng rng = hone_rng_at(3, 0);
    const double seen[][2] = { { 1, 0 }, { 1, 0 }, { 4, 1 } };
    double expected[4][2], marginal[2][4] = { { 0 } };
    for (uint32_t i = 0; i < 2; i++)
        axis_init(axes + i, two + i, i, 0);
    CU_ASSERT_EQUAL_FATAL(parzen_init(&p, axes, 2, &settings, &err), HONE_OK);
    for (uint64_t k = 0; k < 3; k++)
        parzen_add(&p, seen[k], k, k, &err);
    p.weight[2] = 2;
    parzen_prepare(&p);
    for (int a = 0; a < 4; a++)
        for (int b = 0; b < 2; b++) {
            const double x[2] = { a + 1, b };
            parzen_log_density(&p, x, 1, &expected[a][b]);
            expected[a][b] = exp(expected[a][b]);
            marginal[0][a] += expected[a][b];
            marginal[1][b] += expected[a][b];
        }
    for (int crossed = 0; crossed < 2; crossed++) {
        double count[4][2] = { { 0 } }, values[2], places[2];
        for (int k = 0; k < DRAWS; k++) {
            parzen_draw(&p, crossed, &rng, values, places);
            count[(int)values[0] - 1][(int)values[1]] += 1.0 / DRAWS;
        }
        for (int a = 0; a < 4; a++)
            for (int b = 0; b < 2; b++) /* five deviations of the counts are 0.0056 */
                CU_ASSERT_DOUBLE_EQUAL(count[a][b], crossed ? marginal[0][a] * marginal[1][b] : expected[a][b], 0.006);
    }
    parzen_release(&p);
}

static void test_far_tails_have_their_digits(void)
{
    /* log(Phi(b) - Phi(a)), mpmath with 50 digits */
    CU_ASSERT_DOUBLE_EQUAL(log_normal_mass(-1, 2), -0.20016629432446258, 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(log_normal_mass(-40, -39), -765.08315656437755, 1e-11);
    CU_ASSERT_DOUBLE_EQUAL(log_normal_mass(39, 40), log_normal_mass(-40, -39), 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(log_normal_mass(-HUGE_VAL, HUGE_VAL), 0, 0);
    CU_ASSERT_DOUBLE_EQUAL(log_normal_mass(-HUGE_VAL, 0), -0.69314718055994531, 1e-15);
    CU_ASSERT_EQUAL(log_normal_mass(1, 1), -HUGE_VAL);
}

static void test_block_loops_match_plain_ones(void)
{
    double rows[11 * 64], x[11], base[32], e[32], w[32], sum = 0;
    hone_rng rng = hone_rng_at(9, 0);
    for (uint32_t n = 1; n <= 11; n++) {
        double worst = 0, best = -HUGE_VAL, found;
        for (uint32_t i = 0; i < n * 64; i++)
            rows[i] = hone_rng_normal(&rng);
        for (uint32_t i = 0; i < n; i++)
            x[i] = hone_rng_normal(&rng);
        for (uint32_t k = 0; k < 32; k++)
            base[k] = hone_rng_normal(&rng);
        found = parzen_exponents(e, rows, x, n, base, -HUGE_VAL);
        for (uint32_t k = 0; k < 32; k++) {
            double d = 0;
            for (uint32_t i = 0; i < n; i++)
                d += pow((x[i] - rows[i * 64 + k]) * rows[i * 64 + 32 + k], 2);
            worst = fmax(worst, fabs(e[k] - (base[k] - d / 2)) / (1 + d));
            best = fmax(best, e[k]);
        }
        CU_ASSERT(worst < 1e-15);
        CU_ASSERT_EQUAL(found, best);
        CU_ASSERT(parzen_exponents(e, rows, x, n, base, 1e3) < 1e3);
    }
    for (uint32_t k = 0; k < 32; k++) {
        e[k] = k == 7 ? -HUGE_VAL : -0.9 * k * k;
        w[k] = hone_rng_uniform(&rng);
        sum += k == 7 ? 0 : w[k] * exp(e[k] - 3);
    }
    CU_ASSERT_DOUBLE_EQUAL(parzen_sum_exp(e, w, 3) / sum, 1, 1e-14);
}

SUITE(TEST(test_density_is_the_sum_of_the_formula), TEST(test_density_integrates_to_one),
      TEST(test_draws_follow_the_density), TEST(test_far_tails_have_their_digits),
      TEST(test_block_loops_match_plain_ones))
