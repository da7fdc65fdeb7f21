/* SPDX-License-Identifier: MIT */
/* Tests of search/genetic: it finds what random search does not, in any space, with many trials at once; bad outcomes
 * stay out; the operators have their distributions. */
#include "hone/evolution.h"
#include "search_case.h"

static const search_case ordinary = { "genetic", NULL, 1, 1, 0 };

static double levy5(const double *x)
{
    const double pi = 3.14159265358979323846;
    double sum = 0, w = 1 + (x[0] - 1) / 4;
    sum = sin(pi * w) * sin(pi * w);
    for (int i = 0; i < 5; i++) {
        w = 1 + (x[i] - 1) / 4;
        sum += (w - 1) * (w - 1) *
               (i < 4 ? 1 + 10 * sin(pi * w + 1) * sin(pi * w + 1) : 1 + sin(2 * pi * w) * sin(2 * pi * w));
    }
    return sum;
}

/* Best of 1,000 trials on levy5, `lag` <= 16 at a time. */
static double best_of_levy(uint64_t seed, uint64_t lag, const char *settings)
{
    const search_case c = { "genetic", settings, 1, 0, 1000 };
    hone_dim dims[5];
    fake_space f;
    fake_plugin p;
    double x[16][5], best = HUGE_VAL;
    for (int i = 0; i < 5; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", -10, 10, 0);
    CU_ASSERT_EQUAL_FATAL(search_start(&c, &p, fake_space_init(&f, dims, 5, NULL, 0), seed), HONE_OK);
    for (uint64_t k = 0; k < 1000; k += lag) {
        for (uint64_t j = 0; j < lag; j++)
            CU_ASSERT_EQUAL(search_ask(&c, &p, k + j, x[j]), HONE_OK);
        for (uint64_t j = lag; j-- > 0;) {
            const double y = levy5(x[j]);
            best = y < best ? y : best;
            search_say(&c, &p, k + j, x[j], HONE_COMPLETE, y, 0);
        }
    }
    fake_plugin_release(&p);
    return best;
}

static void test_levy5_in_1000_trials(void)
{
    unsigned alone = 0, eight = 0, any = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) { /* random search comes to 2.7 */
        alone += best_of_levy(seed, 1, NULL) < 0.02 ? 1u : 0u;
        eight += best_of_levy(seed, 8, NULL) < 0.02 ? 1u : 0u;
        any += best_of_levy(seed, 1,
                            "tournament=1\npopulation=50\ncrossover_probability=0.5\nmutation_probability=0.3") < 1
                   ? 1u
                   : 0u;
    }
    CU_ASSERT(alone >= 18);
    CU_ASSERT(eight >= 18);
    CU_ASSERT(any >= 18);
}

static void test_mixed_spaces(void)
{
    CU_ASSERT(search_mean_of_mixed(&ordinary, 4) < 0.3);
}

/* minimize x1 + x2 where x1 * x2 >= 20, every third trial failing, every fifth pruned with a value too good */
static void test_bad_outcomes_stay_out(void)
{
    const hone_dim dims[] = { FAKE_REAL("x1", -5, 10, 0), FAKE_REAL("x2", 0, 15, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fake_plugin p;
        double x[2], best = 100;
        search_start(&ordinary, &p, space, seed);
        for (uint64_t k = 0; k < 600; k++) {
            search_ask(&ordinary, &p, k, x);
            const double y = x[0] + x[1], violation = x[0] > 0 ? 20 - x[0] * x[1] : 20 - x[0];
            const uint32_t status = k % 3 == 0 ? HONE_FAILED : k % 5 == 0 ? HONE_PRUNED : HONE_COMPLETE;
            search_say(&ordinary, &p, k, x, status, status == HONE_PRUNED ? -100 : y, violation);
            if (violation <= 0 && y < best && status == HONE_COMPLETE)
                best = y;
        }
        mean += best / 10;
        fake_plugin_release(&p);
    }
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.2);
}

/* The crossover keeps the parents' mean over its two children and lies within them with the probability of its index:
 * spread beta <= 1 has probability 1/2 far from the bounds. The mutation is symmetric in the middle, and its mean
 * square is 2 / ((eta + 2) (eta + 3)) there. */
static void test_operators_have_their_distributions(void)
{
    enum { N = 40000 };
    hone_rng rng = hone_rng_at(9, 0);
    double mean = 0, square = 0, drift = 0;
    unsigned inside = 0;
    for (int i = 0; i < N; i++) {
        const double c = hone_crossover_sbx(0.499, 0.501, 15, &rng), m = hone_mutation_polynomial(0.5, 20, &rng) - 0.5;
        mean += (c - 0.5) / N;
        inside += c >= 0.499 && c <= 0.501;
        drift += m / N;
        square += m * m / N;
        CU_ASSERT(c >= 0 && c <= 1 && fabs(m) <= 0.5);
    }
    CU_ASSERT_DOUBLE_EQUAL(mean, 0, 5e-5);
    CU_ASSERT(inside > N / 2 - 600 && inside < N / 2 + 600); /* deviation 100 */
    CU_ASSERT_DOUBLE_EQUAL(drift, 0, 2e-3);
    CU_ASSERT_DOUBLE_EQUAL(square, 2.0 / (22 * 23), 3e-4);
    for (int i = 0; i < 2000; i++) { /* at the bounds */
        const double a = i % 2, c = hone_crossover_sbx(a, hone_rng_uniform(&rng), 2, &rng);
        const double m = hone_mutation_polynomial(a, 20, &rng);
        CU_ASSERT(c >= 0 && c <= 1 && m >= 0 && m <= 1);
    }
    CU_ASSERT_EQUAL(hone_crossover_sbx(0.25, 0.25, 15, &rng), 0.25);
}

/* A child takes every choice from a parent or mutates it, and differs from its first parent. */
static void test_children(void)
{
    static const hone_variation v = { 1, 15, 0, 20, 100 };
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    const hone_space *space = search_mixed(&f, d);
    const uint32_t n_free = hone_space_free(space);
    unsigned foreign = 0, crossed = 0;
    CU_ASSERT_EQUAL(n_free, SEARCH_CASE_DIMS - 1);
    for (uint64_t k = 0; k < 4000; k++) {
        hone_rng rng = hone_rng_at(11, k);
        double a[SEARCH_CASE_DIMS], b[SEARCH_CASE_DIMS], x[SEARCH_CASE_DIMS];
        int same = 1;
        hone_space_draw(space, &rng, a);
        hone_space_draw(space, &rng, b);
        hone_space_breed(space, &v, n_free, &rng, a, b, x);
        CU_ASSERT(hone_space_has(space, x));
        foreign += (x[0] < a[0] || x[0] > a[0]) && (x[0] < b[0] || x[0] > b[0]);
        crossed += x[0] >= b[0] && x[0] <= b[0] && (a[0] < b[0] || a[0] > b[0]);
        for (int i = 0; i < SEARCH_CASE_DIMS; i++)
            same &= x[i] == a[i] || (isnan(x[i]) && isnan(a[i]));
        CU_ASSERT(!same);
    }
    CU_ASSERT(foreign > 100 && foreign < 800);  /* a seventh mutates */
    CU_ASSERT(crossed > 900 && crossed < 1700); /* 0.62 differ, half of them cross */
}

static void test_refuses_several_objectives(void)
{
    static const search_case two = { "genetic", NULL, 2, 0, 0 };
    fake_space f;
    hone_dim d[SEARCH_CASE_DIMS];
    fake_plugin p;
    CU_ASSERT_EQUAL(search_start(&two, &p, search_mixed(&f, d), 1), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "one objective"));
    fake_plugin_release(&p);
}

static void test_a_trial_that_goes_on_stays_one_member(void)
{
    static const search_case six = { "genetic", "population=6", 1, 0, 0 };
    search_counts_a_trial_once(&six);
}

static void test_as_every_search(void)
{
    search_survives_useless_outcomes(&ordinary);
    search_spends_finite_spaces(&ordinary);
    search_goes_on_from_a_saved_state(&ordinary);
    search_survives_damaged_states(&ordinary);
}

SUITE(TEST(test_levy5_in_1000_trials), TEST(test_mixed_spaces), TEST(test_bad_outcomes_stay_out),
      TEST(test_operators_have_their_distributions), TEST(test_children), TEST(test_refuses_several_objectives),
      TEST(test_a_trial_that_goes_on_stays_one_member), TEST(test_as_every_search))
