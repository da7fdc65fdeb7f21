/* SPDX-License-Identifier: MIT */
/* Tests of the helpers in hone/search.h and hone/finite.h that every search plugin stands on. */
#include "fake_host.h"
#include "harness.h"
#include "hone/finite.h"
#include "hone/history.h"
#include "hone/rng.h"

static void test_normal_quantile(void)
{
    /* Wichura 1988 (AS 241): the values its driver checks; the others by the same algorithm in CPython
     * (statistics.NormalDist) */
    static const double known[][2] = { { 0.25, -0.6744897501960817 }, { 0.001, -3.090232306167813 },
                                       { 1e-20, -9.262340089798408 }, { 0.975, 1.959963984540054 },
                                       { 0.9, 1.2815515655446004 },   { 0.5, 0 },
                                       { 1e-10, -6.361340902404056 }, { 0.9999, 3.719016485455709 },
                                       { 1e-300, -37.0470962993612 } };
    double worst = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const double got = hone_normal_quantile(known[i][0]);
        const double error = known[i][1] < 0 || known[i][1] > 0 ? fabs(got / known[i][1] - 1) : fabs(got);
        worst = error > worst ? error : worst;
    }
    CU_ASSERT(worst < 1e-14);
    CU_ASSERT(hone_normal_quantile(0) < -1e308 && hone_normal_quantile(1) > 1e308);
    CU_ASSERT(isfinite(hone_normal_quantile(5e-324)));
    for (double p = 1e-12; p < 0.5; p *= 1.7) { /* the distribution function gives p back; the tails are mirrors */
        CU_ASSERT(fabs(0.5 * erfc(-hone_normal_quantile(p) / sqrt(2)) / p - 1) < 1e-12);
        CU_ASSERT(fabs(hone_normal_quantile(1 - p) + hone_normal_quantile(1 - (1 - p))) < 1e-13);
    }
    CU_ASSERT(fabs(hone_normal_quantile(1 - 0x1p-53) - 8.209536151601387) < 1e-12);
}

static void round_trip(const hone_dim *d)
{
    double before = -HUGE_VAL;
    for (int i = 0; i <= 1000; i++) {
        const double u = i / 1000.0, v = hone_dim_from_unit(d, u), back = hone_dim_to_unit(d, v);
        CU_ASSERT(v >= d->min && v <= d->max);
        CU_ASSERT(v >= before); /* monotone */
        CU_ASSERT(back >= 0 && back <= 1);
        if (hone_dim_count(d) > 0 || d->type != HONE_DIM_REAL) {
            CU_ASSERT_DOUBLE_EQUAL(hone_dim_from_unit(d, back), v, fabs(v) * 1e-12); /* the same discrete value */
        } else {
            CU_ASSERT_DOUBLE_EQUAL(back, u, 1e-9);
        }
        before = v;
    }
}

static void test_unit_and_back(void)
{
    static const double weights[] = { 0.1, 0, 0.6, 0.3 };
    static const double infinity = HUGE_VAL;
    const hone_dim dims[] = { FAKE_REAL("a", -1, 1, 0),
                              FAKE_REAL("b", 1e-7, 1, HONE_DIM_LOG),
                              FAKE_REAL("c", 2, 2, 0),
                              FAKE_REAL("d", 3, 3, HONE_DIM_LOG),
                              FAKE_STEP("e", -10.2, 10.2, 0.1, 0),
                              FAKE_STEP("f", 0.1, 0.95, 0.25, HONE_DIM_LOG),
                              FAKE_INT("g", -10, 10, 1, 0),
                              FAKE_INT("h", 1, 100, 1, HONE_DIM_LOG),
                              FAKE_INT("i", 1, 10, 4, HONE_DIM_LOG),
                              FAKE_INT("j", 5, 5, 1, 0),
                              FAKE_CHOICE("k", 7, NULL),
                              FAKE_CHOICE("l", 4, weights),
                              FAKE_ORDINAL("m", 4, NULL),
                              FAKE_NORMAL("n", -2, 3, 0, 1, 0),
                              FAKE_NORMAL("o", 0.01, 30, 0, 1, HONE_DIM_LOG),
                              FAKE_NORMAL("p", 9, 10, 0, 1, 0),
                              FAKE_NORMAL("q", -10, -9, 0, 1, 0),
                              FAKE_NORMAL("r", 50, 51, 0, 1, 0) };
    for (size_t i = 0; i < sizeof dims / sizeof *dims; i++)
        round_trip(dims + i);
    hone_dim whole = FAKE_NORMAL("w", -infinity, infinity, 3, 4, 0);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_from_unit(&whole, 0.975), 3 + 4 * 1.959963984540054, 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_to_unit(&whole, 3), 0.5, 1e-15);
    CU_ASSERT(isfinite(hone_dim_from_unit(&whole, 0)) && isfinite(hone_dim_from_unit(&whole, 1)));
    hone_dim lognormal = FAKE_NORMAL("w", 0, infinity, 1, 2, HONE_DIM_LOG);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_from_unit(&lognormal, 0.5), exp(1), 1e-14);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_to_unit(&lognormal, exp(3)), 0.8413447460685429, 1e-14);
    hone_dim steps = FAKE_NORMAL("w", -infinity, 10, 0, 5, 0); /* steps count from 0 where min is infinite */
    steps.step = 3;
    CU_ASSERT_EQUAL(hone_dim_from_unit(&steps, 0.5), 0);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&steps, 1), 9);
    for (int i = 1; i < 100; i++)
        CU_ASSERT(fmod(hone_dim_from_unit(&steps, i / 100.0), 3) == 0);
}

/* Far above the mean the cut normal still has its shape: the median of normal(0, 1) beyond 9 is 9.0757... */
static void test_cut_normal_keeps_its_tail(void)
{
    const hone_dim high = FAKE_NORMAL("x", 9, 12, 0, 1, 0), low = FAKE_NORMAL("x", -12, -9, 0, 1, 0);
    const double p = 0.5 * erfc(9 / sqrt(2)), median = hone_dim_from_unit(&high, 0.5);
    CU_ASSERT_DOUBLE_EQUAL(0.5 * erfc(median / sqrt(2)) / p, 0.5, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_from_unit(&low, 0.5), -median, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_to_unit(&high, median), 0.5, 1e-9);
}

static void test_snaps_and_counts(void)
{
    const hone_dim tenth = FAKE_STEP("a", 0, 0.3, 0.1, 0), odd = FAKE_INT("b", 1, 10, 4, 0),
                   wide = FAKE_STEP("c", -10.2, 10.2, 0.1, 0), one = FAKE_REAL("d", 2, 2, 0),
                   line = FAKE_REAL("e", 0, 1, 0), huge = FAKE_STEP("f", 0, 1e300, 1, 0),
                   choice = FAKE_CHOICE("g", 3, NULL);
    CU_ASSERT_EQUAL(hone_dim_count(&tenth), 4);
    CU_ASSERT_EQUAL(hone_dim_count(&odd), 3);
    CU_ASSERT_EQUAL(hone_dim_count(&wide), 205);
    CU_ASSERT_EQUAL(hone_dim_count(&one), 1);
    CU_ASSERT_EQUAL(hone_dim_count(&line), 0);
    CU_ASSERT_EQUAL(hone_dim_count(&huge), 0);
    CU_ASSERT_EQUAL(hone_dim_count(&choice), 3);
    CU_ASSERT(hone_dim_snap(&tenth, 7) <= 0.3 && hone_dim_snap(&tenth, 7) > 0.2999);
    CU_ASSERT_EQUAL(hone_dim_snap(&tenth, -7), 0);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_snap(&tenth, 0.16), 0.2, 1e-15);
    CU_ASSERT_EQUAL(hone_dim_snap(&odd, 10), 9); /* 1, 5, 9 */
    CU_ASSERT_EQUAL(hone_dim_snap(&odd, 7.1), 9);
    CU_ASSERT_EQUAL(hone_dim_snap(&odd, 6.9), 5);
    CU_ASSERT_EQUAL(hone_dim_snap(&choice, 1.4), 1);
    CU_ASSERT_EQUAL(hone_dim_snap(&choice, 9), 2);
    for (int i = 0; i < 205; i++) {
        const double v = hone_dim_snap(&wide, -10.2 + 0.1 * i);
        CU_ASSERT(v >= -10.2 && v <= 10.2);
        CU_ASSERT_EQUAL(hone_dim_snap(&wide, v), v); /* once snapped, stays */
    }
}

/* Pearson's statistic of 200,000 draws against the probabilities p: (n) */
static double chi_square(const hone_dim *d, const double *p, int n, uint64_t seed)
{
    const int draws = 200000;
    int *count = calloc((size_t)n, sizeof *count);
    double sum = 0;
    hone_rng rng = hone_rng_at(seed, 0);
    for (int i = 0; i < draws; i++) {
        const double v = hone_dim_from_unit(d, hone_rng_uniform(&rng));
        const int k = d->step > 0 ? (int)floor((v - d->min) / d->step + 0.5) : (int)v;
        count[k]++;
    }
    for (int i = 0; i < n; i++) {
        if (!(p[i] > 0)) {
            CU_ASSERT_EQUAL(count[i], 0);
            continue;
        }
        sum += (count[i] - draws * p[i]) * (count[i] - draws * p[i]) / (draws * p[i]);
    }
    free(count);
    return sum;
}

/* Limits: quantile 0.999 of chi-square, Wilson and Hilferty 1931 */
static double limit(int freedom)
{
    const double h = 2.0 / (9.0 * freedom), c = 1 - h + 3.0902 * sqrt(h);
    return freedom * c * c * c;
}

static void test_draws_follow_the_stated_probabilities(void)
{
    static const double weights[] = { 0.1, 0, 0.6, 0.3 };
    double p[100];
    const hone_dim log_int = FAKE_INT("a", 1, 100, 1, HONE_DIM_LOG),
                   log_steps = FAKE_INT("b", 16, 112, 8, HONE_DIM_LOG), even = FAKE_INT("c", -3, 9, 4, 0),
                   weighted = FAKE_CHOICE("d", 4, weights), real = FAKE_STEP("e", 0, 1, 0.125, 0);
    hone_dim bell = FAKE_NORMAL("f", 0, 6, 2, 1.5, 0);
    for (int i = 0; i < 100; i++) /* log over [min - 1/2, max + 1/2] */
        p[i] = (log(i + 1.5) - log(i + 0.5)) / (log(100.5) - log(0.5));
    CU_ASSERT(chi_square(&log_int, p, 100, 1) < limit(99));
    for (int i = 0; i < 13; i++)
        p[i] = (log(16 + 8 * i + 4) - log(16 + 8 * i - 4)) / (log(116) - log(12));
    CU_ASSERT(chi_square(&log_steps, p, 13, 2) < limit(12));
    for (int i = 0; i < 4; i++)
        p[i] = 0.25;
    CU_ASSERT(chi_square(&even, p, 4, 3) < limit(3));
    CU_ASSERT(chi_square(&weighted, weights, 4, 4) < limit(2));
    for (int i = 0; i < 9; i++)
        p[i] = 1.0 / 9;
    CU_ASSERT(chi_square(&real, p, 9, 5) < limit(8));
    bell.type = HONE_DIM_INT;
    bell.step = 1;
    for (int i = 0; i < 7; i++) {
        const double cdf[2] = { 0.5 * erfc(-(i - 0.5 - 2) / 1.5 / sqrt(2)),
                                0.5 * erfc(-(i + 0.5 - 2) / 1.5 / sqrt(2)) };
        p[i] = (cdf[1] - cdf[0]) / (0.5 * erfc(-(6.5 - 2) / 1.5 / sqrt(2)) - 0.5 * erfc(-(-0.5 - 2) / 1.5 / sqrt(2)));
    }
    CU_ASSERT(chi_square(&bell, p, 7, 6) < limit(6));
}

static void test_positions(void)
{
    static const double weights[] = { 0.1, 0, 0.6, 0.3 };
    const hone_dim plain = FAKE_CHOICE("a", 4, NULL), weighted = FAKE_CHOICE("b", 4, weights),
                   log_real = FAKE_REAL("c", 1e-4, 1, HONE_DIM_LOG), integer = FAKE_INT("d", 0, 4, 1, 0);
    CU_ASSERT_EQUAL(hone_dim_to_unit(&plain, 0), 0.125);
    CU_ASSERT_EQUAL(hone_dim_to_unit(&plain, 3), 0.875);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_to_unit(&weighted, 2), 0.4, 1e-15);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&weighted, 0.0999), 0);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&weighted, 0.1001), 2);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&weighted, 1), 3);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&plain, 1), 3);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_from_unit(&log_real, 0.5), 1e-2, 1e-16);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&log_real, 1), 1);
    CU_ASSERT_EQUAL(hone_dim_from_unit(&log_real, 0), 1e-4);
    CU_ASSERT_DOUBLE_EQUAL(hone_dim_to_unit(&integer, 0), 0.1, 1e-15);
}

static void test_conditions_chain_and_relations_read_numbers(void)
{
    static const double zero[] = { 0 }, two[] = { 2 }, both[] = { 0, 1 };
    const hone_condition a_is_0 = { sizeof a_is_0, 0, HONE_EQ, 1, zero },
                         b_over_2 = { sizeof b_over_2, 1, HONE_GT, 1, two },
                         a_not = { sizeof a_not, 0, HONE_NE, 2, both };
    const hone_condition *const first[] = { &a_is_0 }, *const second[] = { &b_over_2 }, *const third[] = { &a_not };
    static const double numbers[] = { 10, 20, 40 };
    hone_dim dims[] = { FAKE_CHOICE("a", 3, NULL), FAKE_REAL("b", 0, 5, 0), FAKE_REAL("c", 0, 1, 0),
                        FAKE_REAL("d", 0, 1, 0), FAKE_ORDINAL("e", 3, numbers) };
    const hone_relation relations[] = { { sizeof(hone_relation), HONE_LT, 1, 4, 0 },
                                        { sizeof(hone_relation), HONE_LE, 4, UINT32_MAX, 20 } };
    fake_space f;
    dims[1].n_conditions = dims[2].n_conditions = dims[3].n_conditions = 1;
    dims[1].conditions = first;
    dims[2].conditions = second;
    dims[3].conditions = third;
    const hone_space *space = fake_space_init(&f, dims, 5, relations, 2);
    double x[5] = { 0, 3, 0.5, 0.5, 1 };
    hone_space_settle(space, x);
    CU_ASSERT(x[1] == 3 && x[2] == 0.5 && isnan(x[3]));
    CU_ASSERT_TRUE(hone_space_allowed(space, x) != 0); /* 3 < 20, 20 <= 20 */
    x[4] = 2;
    CU_ASSERT_FALSE(hone_space_allowed(space, x)); /* 40 > 20 */
    double y[5] = { 1, 3, 0.5, 0.5, 0 };
    hone_space_settle(space, y);
    CU_ASSERT(isnan(y[1]) && isnan(y[2]) && isnan(y[3])); /* c hangs on b, which is inactive */
    CU_ASSERT_TRUE(hone_space_allowed(space, y) != 0);    /* b < e holds where b is inactive */
    double z[5] = { 2, 1, 0.5, 0.5, 0 };
    hone_space_settle(space, z);
    CU_ASSERT(isnan(z[1]) && isnan(z[2]) && z[3] == 0.5);
    static const uint32_t holds[6][3] = {
        { 0, 1, 0 }, { 1, 0, 1 }, { 1, 0, 0 }, { 1, 1, 0 }, { 0, 0, 1 }, { 0, 1, 1 }
    };
    for (uint32_t op = HONE_EQ; op <= HONE_GE; op++)
        for (int k = 0; k < 3; k++)
            CU_ASSERT_EQUAL(hone_compare(k, op, 1), holds[op - 1][k]);
    CU_ASSERT_EQUAL(hone_compare(1, 99, 1), 0);
}

static void test_finite_points_have_one_number_each(void)
{
    static const double zero[] = { 0 }, weights[] = { 0.5, 0, 0.5 };
    const hone_condition a_is_0 = { sizeof a_is_0, 0, HONE_EQ, 1, zero };
    const hone_condition *const first[] = { &a_is_0 };
    hone_dim dims[] = { FAKE_CHOICE("a", 3, weights), FAKE_STEP("b", -1, 1, 0.5, 0), FAKE_REAL("c", 2, 2, 0),
                        FAKE_INT("d", 2, 8, 3, 0) };
    fake_space f;
    dims[1].n_conditions = 1;
    dims[1].conditions = first;
    const hone_space *space = fake_space_init(&f, dims, 4, NULL, 0);
    uint64_t points = 0, index = 0;
    double x[4];
    CU_ASSERT_EQUAL(hone_space_count(space), 3 * 5 * 3);
    for (uint64_t i = 0; i < 45; i++)
        if (hone_space_point(space, i, x)) {
            points++;
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
            CU_ASSERT_EQUAL(hone_space_index(space, x), i);
        }
    CU_ASSERT_EQUAL(points, 5 * 3 + 3);
    hone_point_set set;
    CU_ASSERT(hone_point_set_init(&set, space, 44) == HONE_OK);
    CU_ASSERT_EQUAL(set.n, 0);
    CU_ASSERT_EQUAL(hone_point_set_init(&set, space, 45), HONE_OK);
    CU_ASSERT_EQUAL(set.n, 45);
    uint64_t found = 0;
    while (hone_point_set_rest(&set, space, found * 31, &index, x) && found < 100) {
        CU_ASSERT_FALSE(hone_point_set_has(&set, index));
        hone_point_set_add(&set, index);
        found++;
    }
    CU_ASSERT_EQUAL(found, points);
    hone_point_set_release(&set);
}

static void test_the_rest_of_a_large_set_is_found_over_full_words(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 9999, 1, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 1, NULL, 0);
    hone_point_set set;
    uint64_t index = 0;
    double x[1];
    CU_ASSERT_EQUAL(hone_point_set_init(&set, space, 1e6), HONE_OK);
    for (uint64_t i = 0; i < 10000; i++)
        if (i != 77)
            hone_point_set_add(&set, i);
    for (uint64_t start = 0; start < 10000; start += 13) {
        CU_ASSERT(hone_point_set_rest(&set, space, start, &index, x) == 1);
        CU_ASSERT_EQUAL(index, 77);
        CU_ASSERT_EQUAL(x[0], 77);
    }
    hone_point_set_add(&set, 77);
    for (uint64_t start = 0; start < 10000; start += 13)
        CU_ASSERT_EQUAL(hone_point_set_rest(&set, space, start, &index, x), 0);
    hone_point_set_release(&set);
}

static void test_what_a_space_has(void)
{
    static const hone_dim number = FAKE_REAL("a", -1, 1, 0), choice = FAKE_CHOICE("b", 3, NULL);
    static const hone_dim *const dims[] = { &number, &choice };
    static const hone_space space = { sizeof space, 2, dims, 0, 0, NULL };
    static const double in[][2] = { { -1, 0 }, { 0.3, 2 } },
                        out[][2] = { { 1.1, 0 }, { (double)NAN, 1 }, { 0, 3 }, { 0, -1 }, { 0, 0.5 }, { 0, 5e-324 } };
    for (size_t i = 0; i < HONE_COUNT(in); i++)
        CU_ASSERT(hone_space_has(&space, in[i]));
    for (size_t i = 0; i < HONE_COUNT(out); i++)
        CU_ASSERT(!hone_space_has(&space, out[i]));
}

SUITE(TEST(test_what_a_space_has), TEST(test_normal_quantile), TEST(test_unit_and_back),
      TEST(test_cut_normal_keeps_its_tail), TEST(test_snaps_and_counts),
      TEST(test_draws_follow_the_stated_probabilities), TEST(test_positions),
      TEST(test_conditions_chain_and_relations_read_numbers), TEST(test_finite_points_have_one_number_each),
      TEST(test_the_rest_of_a_large_set_is_found_over_full_words))
