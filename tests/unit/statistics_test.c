/* SPDX-License-Identifier: MIT */
/* The SDK's statistics against SciPy's values, to 1e-9; properties of what SciPy does not have; the corners: one run, equal
 * runs, infinite ones. */
#include "fixtures/statistics.h"

#include "harness.h"
#include "hone/comparison.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void near(double got, double wanted)
{
    const int same = isnan(wanted)   ? isnan(got)
                     : isinf(wanted) ? got >= wanted && got <= wanted
                                     : fabs(got - wanted) <= 1e-9 * fmax(1, fabs(wanted));
    if (!same)
        printf("#   %.17g instead of %.17g\n", got, wanted);
    CU_ASSERT(same);
}

/* Relative, for tails. */
static void close_to(double got, double wanted)
{
    const int same = fabs(got - wanted) <= 1e-9 * fabs(wanted);
    if (!same)
        printf("#   %.17g instead of %.17g\n", got, wanted);
    CU_ASSERT(same);
}

/* ---- distributions ---- */
static void test_special_functions(void)
{
    for (size_t i = 0; i < COUNT(gammas); i++)
        near(hone_log_gamma(gammas[i].x), gammas[i].log_gamma);
    for (size_t i = 0; i < COUNT(betas); i++)
        close_to(hone_beta_inc(betas[i].a, betas[i].b, betas[i].x), betas[i].value);
    for (size_t i = 0; i < COUNT(upper_gammas); i++)
        close_to(hone_gamma_upper(upper_gammas[i].a, upper_gammas[i].x), upper_gammas[i].value);
    CU_ASSERT_EQUAL(hone_beta_inc(2, 3, 0), 0);
    CU_ASSERT_EQUAL(hone_beta_inc(2, 3, 1), 1);
    CU_ASSERT_EQUAL(hone_gamma_upper(2, 0), 1);
}

static void test_distributions(void)
{
    for (size_t i = 0; i < COUNT(students); i++)
        close_to(hone_t_upper(students[i].t, students[i].freedom), students[i].upper);
    for (size_t i = 0; i < COUNT(student_quantiles); i++)
        near(hone_t_quantile(student_quantiles[i].p, student_quantiles[i].freedom), student_quantiles[i].t);
    for (size_t i = 0; i < COUNT(chi2s); i++)
        close_to(hone_chi2_upper(chi2s[i].x, chi2s[i].freedom), chi2s[i].upper);
    for (size_t i = 0; i < COUNT(fs); i++)
        close_to(hone_f_upper(fs[i].x, fs[i].freedom1, fs[i].freedom2), fs[i].upper);
    for (size_t i = 0; i < COUNT(ranges); i++)
        near(hone_range_cdf(ranges[i].q, (uint32_t)ranges[i].k), ranges[i].cdf);
    for (size_t i = 0; i < COUNT(range_quantiles); i++)
        near(hone_range_quantile(range_quantiles[i].p, (uint32_t)range_quantiles[i].k), range_quantiles[i].q);
    for (double p = 1e-300; p < 1; p = p < 1e-3 ? p * 1e20 : p + 0.0999)
        near(hone_normal_cdf(hone_normal_quantile(p)) / p, 1);
    CU_ASSERT_EQUAL(hone_t_quantile(0.5, 3), 0);
}

/* The critical values that Demsar (2006) prints. */
static void test_published_critical_values(void)
{
    static const double q[] = { 1.960, 2.344, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164 };
    for (uint32_t k = 2; k <= 10; k++)
        CU_ASSERT(fabs(hone_range_quantile(0.95, k) / sqrt(2) - q[k - 2]) < 1.1e-3);
}

/* ---- one sample ---- */
static void test_samples(void)
{
    for (size_t s = 0; s < COUNT(samples); s++) {
        const struct sample *w = &samples[s];
        double sorted[32], left_out[32], rest[32];
        memcpy(sorted, w->x, w->n * sizeof *sorted);
        hone_sort(sorted, w->n);
        near(hone_mean(w->x, w->n), w->mean);
        near(hone_deviation(w->x, w->n), w->deviation);
        near(hone_quantile(sorted, w->n, 0.5), w->median);
        near(hone_quantile(sorted, w->n, 0.1), w->tenth);
        near(hone_interquartile_mean(sorted, w->n), w->interquartile_mean);
        const hone_interval t = hone_t_interval(w->x, w->n, 0.95);
        near(t.low, w->t_low);
        near(t.high, w->t_high);
        const hone_interval p = hone_percentile_interval(w->drawn_mean, SAMPLE_DRAWS, 0.95);
        near(p.low, w->percentile_low);
        near(p.high, w->percentile_high);
        for (int median = 0; median < 2; median++) {
            const hone_statistic f = median ? hone_statistic_median : hone_statistic_mean;
            for (unsigned i = 0; i < w->n; i++) {
                memcpy(rest, w->x, i * sizeof *rest);
                memcpy(rest + i, w->x + i + 1, (w->n - i - 1) * sizeof *rest);
                left_out[i] = f(rest, w->n - 1, NULL);
            }
            const double *drawn = median ? w->drawn_median : w->drawn_mean;
            const hone_interval bca = hone_bca_interval(median ? w->median : w->mean, drawn, SAMPLE_DRAWS, left_out,
                                                        w->n, 0.95);
            if (isnan(median ? w->median_low : w->mean_low)) { /* SciPy gives none: here it is within the draws */
                CU_ASSERT(bca.low >= drawn[0] && bca.high <= drawn[SAMPLE_DRAWS - 1] && bca.low <= bca.high);
                continue;
            }
            near(bca.low, median ? w->median_low : w->mean_low);
            near(bca.high, median ? w->median_high : w->mean_high);
        }
    }
}

static void test_corners_of_samples(void)
{
    static const double one[] = { 3 }, equal[] = { 2, 2, 2 }, wide[] = { -HUGE_VAL, 1, 2, HUGE_VAL };
    hone_interval interval = { 0, 0 };
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL(hone_deviation(one, 1), 0);
    CU_ASSERT_EQUAL(hone_quantile(one, 1, 0.7), 3);
    CU_ASSERT_EQUAL(hone_interquartile_mean(one, 1), 3);
    interval = hone_t_interval(equal, 3, 0.95);
    CU_ASSERT(interval.low >= 2 && interval.high <= 2);
    CU_ASSERT_EQUAL(hone_bootstrap_interval(equal, 3, hone_statistic_mean, NULL, 1, 100, 0.95, &interval, &err),
                    HONE_OK);
    CU_ASSERT(interval.low >= 2 && interval.high <= 2);
    CU_ASSERT_EQUAL(hone_quantile(wide, 4, 0), -HUGE_VAL);
    CU_ASSERT_EQUAL(hone_quantile(wide, 4, 0.1), -HUGE_VAL); /* between -inf and 1 */
    CU_ASSERT_EQUAL(hone_quantile(wide, 4, 0.5), 1.5);
    CU_ASSERT_EQUAL(hone_quantile(wide, 4, 0.9), HUGE_VAL);
}

/* Draws are with replacement, within their stratum, of the seed alone; the interval is that of the draws. */
static double spread(double *x, uint64_t n, void *ctx)
{
    uint64_t *bad = (uint64_t *)ctx;
    for (uint64_t i = 0; i < n; i++)
        *bad += (x[i] < 50) != (i < 5);
    return hone_mean(x, n);
}

static void test_bootstrap(void)
{
    enum { N = 12, DRAWS = 2000 };
    static const uint64_t bounds[] = { 0, 5, N };
    double x[N], a[DRAWS], b[DRAWS];
    uint64_t bad = 0;
    hone_error err = HONE_ERROR_INIT;
    hone_interval interval = { 0, 0 };
    for (int i = 0; i < N; i++)
        x[i] = i < 5 ? i : 100 + i;
    CU_ASSERT_EQUAL(hone_bootstrap(x, N, bounds, 2, spread, &bad, 7, DRAWS, a, &err), HONE_OK);
    CU_ASSERT_EQUAL(bad, 0);
    CU_ASSERT_EQUAL(hone_bootstrap(x, N, bounds, 2, spread, &bad, 7, DRAWS, b, &err), HONE_OK);
    CU_ASSERT(!memcmp(a, b, sizeof a));
    CU_ASSERT_EQUAL(hone_bootstrap(x, N, bounds, 2, spread, &bad, 8, DRAWS, b, &err), HONE_OK);
    CU_ASSERT(memcmp(a, b, sizeof a) != 0);
    /* the deviation of the mean of draws: sqrt of the sum over strata of n_s * variance_s, over N */
    double variance = 0;
    for (int s = 0; s < 2; s++) {
        const uint64_t n = bounds[s + 1] - bounds[s];
        const double d = hone_deviation(x + bounds[s], n);
        variance += d * d * (double)(n - 1) / N / N;
    }
    CU_ASSERT(fabs(hone_deviation(a, DRAWS) / sqrt(variance) - 1) < 0.1);
    CU_ASSERT_EQUAL(hone_bootstrap_interval(x, 5, hone_statistic_mean, NULL, 3, DRAWS, 0.95, &interval, &err), HONE_OK);
    CU_ASSERT(interval.low > 0 && interval.low < 1.3 && interval.high > 2.7 && interval.high < 4);
}

/* What the header says of the intervals of few runs: shares of 4,000 samples of 5 normal runs whose interval holds the mean. */
static void test_coverage_of_intervals(void)
{
    enum { N = 5, SAMPLES = 4000, DRAWS = 300 };
    static double drawn[DRAWS];
    hone_error err = HONE_ERROR_INIT;
    hone_rng rng = hone_rng_at(5, 5);
    double t = 0, percentile = 0;
    for (int s = 0; s < SAMPLES; s++) {
        double x[N];
        for (int i = 0; i < N; i++)
            x[i] = hone_rng_normal(&rng);
        hone_interval interval = hone_t_interval(x, N, 0.95);
        t += interval.low <= 0 && interval.high >= 0;
        CU_ASSERT_EQUAL(hone_bootstrap(x, N, NULL, 0, hone_statistic_mean, NULL, (uint64_t)s, DRAWS, drawn, &err),
                        HONE_OK);
        interval = hone_percentile_interval(drawn, DRAWS, 0.95);
        percentile += interval.low <= 0 && interval.high >= 0;
    }
    CU_ASSERT(fabs(t / SAMPLES - 0.95) < 0.012);
    CU_ASSERT(fabs(percentile / SAMPLES - 0.84) < 0.02);
}

/* ---- effects ---- */
static void test_effects(void)
{
    hone_error err = HONE_ERROR_INIT;
    near(hone_superiority(group_a, COUNT(group_a), group_b, COUNT(group_b)), group_superiority);
    near(hone_cliffs_delta(hone_superiority(group_b, COUNT(group_b), group_a, COUNT(group_a))),
         1 - 2 * group_superiority);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        const struct pairs *w = &pairs[i];
        double shift = 0;
        hone_interval interval = { 0, 0 };
        hone_signed_rank test;
        CU_ASSERT_EQUAL(hone_hodges_lehmann(w->differences, w->n, 0.95, &shift, &interval, &err), HONE_OK);
        near(shift, w->shift);
        near(interval.low, w->low);
        near(interval.high, w->high);
        near(hone_superiority_paired(w->differences, w->n), w->superiority);
        CU_ASSERT_EQUAL(hone_signed_rank_test(w->differences, w->n, HONE_ZEROS_DROPPED, &test, &err), HONE_OK);
        if (isnan(w->two_sided))
            continue;
        near(fmin(1, 2 * fmin(test.lower, test.upper)), w->two_sided);
        near(test.upper, w->greater);
    }
    double x[HONE_SIGNED_RANK_EXACT + 1] = { 0 }, shift;
    hone_interval interval = { 0, 0 };
    CU_ASSERT_EQUAL(hone_hodges_lehmann(x, 0, 0.95, &shift, &interval, &err), HONE_ERANGE);
    CU_ASSERT_EQUAL(hone_hodges_lehmann(x, HONE_SIGNED_RANK_EXACT, 0.95, &shift, &interval, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_hodges_lehmann(x, HONE_SIGNED_RANK_EXACT + 1, 0.95, &shift, &interval, &err), HONE_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "1 to 200 pairs, not 201"));
}

/* ---- comparisons ---- */
static void test_corrections(void)
{
    double adjusted[COUNT(p_values)];
    hone_holm(p_values, COUNT(p_values), adjusted);
    for (size_t i = 0; i < COUNT(p_values); i++)
        near(adjusted[i], p_holm[i]);
    hone_benjamini_hochberg(p_values, COUNT(p_values), adjusted);
    for (size_t i = 0; i < COUNT(p_values); i++)
        near(adjusted[i], p_benjamini_hochberg[i]);
}

static void test_rankings(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_friedman test = { 0, 0, 0, 0 };
    double ranks[16];
    for (size_t i = 0; i < COUNT(rankings); i++) {
        const struct ranking *w = &rankings[i];
        CU_ASSERT_EQUAL(hone_friedman_test(w->values, w->n, w->k, ranks, &test, &err), HONE_OK);
        for (unsigned j = 0; j < w->k; j++)
            near(ranks[j], w->mean_ranks[j]);
        near(test.statistic, w->statistic);
        near(test.p, w->p);
        near(test.f, w->f);
        near(test.p_f, w->p_f);
        near(hone_nemenyi_difference(w->k, w->n, 0.05), w->difference);
        near(hone_nemenyi_p(ranks[0] - ranks[1], w->k, w->n), w->alike);
    }
    static const double equal[] = { 1, 1, 1, 2, 2, 2 }, alike[] = { 1, 2, 3, 4, 5, 6 };
    CU_ASSERT_EQUAL(hone_friedman_test(equal, 2, 3, ranks, &test, &err), HONE_OK);
    CU_ASSERT(test.statistic >= 0 && test.statistic <= 0 && test.p >= 1 && test.p_f >= 1);
    CU_ASSERT_EQUAL(hone_friedman_test(alike, 2, 3, ranks, &test, &err), HONE_OK); /* every data set says the same */
    CU_ASSERT(isinf(test.f) && test.p_f <= 0);
    CU_ASSERT_EQUAL(ranks[2], 1); /* larger is better */
}

/* Of research on reporting: the tables of Noether (1987) and of paired designs. */
static void test_runs_that_are_needed(void)
{
    CU_ASSERT_EQUAL(hone_runs_needed(0.75, 0.05, 0.8), 17);
    CU_ASSERT_EQUAL(hone_runs_needed(0.75, 0.05, 0.95), 29);
    CU_ASSERT_EQUAL(hone_runs_needed(0.65, 0.05, 0.8), 46);
    CU_ASSERT_EQUAL(hone_runs_needed(0.9, 0.05, 0.8), 7);
    CU_ASSERT_EQUAL(hone_pairs_needed(1, 0.05, 0.8), 10);
    CU_ASSERT_EQUAL(hone_pairs_needed(0.75, 0.05, 0.8), 16);
    CU_ASSERT_EQUAL(hone_pairs_needed(0.5, 0.05, 0.8), 34);
    near(hone_signed_rank_least(5), 0.0625);
    CU_ASSERT_EQUAL(hone_signed_rank_least(1), 1);
    CU_ASSERT_EQUAL(hone_signed_rank_pairs(1, 0.05), 6);
    CU_ASSERT_EQUAL(hone_signed_rank_pairs(5, 0.05), 8);
    CU_ASSERT_EQUAL(hone_signed_rank_pairs(10, 0.05), 9);
    CU_ASSERT_EQUAL(hone_signed_rank_pairs(20, 0.05), 10);
    /* that many pairs, all on one side, do reach it, and one fewer do not */
    for (uint64_t m = 1; m <= 20; m++) {
        const uint64_t n = hone_signed_rank_pairs(m, 0.05);
        double d[16];
        hone_signed_rank test;
        hone_error err = HONE_ERROR_INIT;
        for (int i = 0; i < 16; i++)
            d[i] = i + 1;
        CU_ASSERT_EQUAL(hone_signed_rank_test(d, n, HONE_ZEROS_DROPPED, &test, &err), HONE_OK);
        CU_ASSERT(2 * test.upper * (double)m <= 0.05);
        CU_ASSERT_EQUAL(hone_signed_rank_test(d, n - 1, HONE_ZEROS_DROPPED, &test, &err), HONE_OK);
        CU_ASSERT(2 * test.upper * (double)m > 0.05);
    }
}

static void test_effects_of_a_design(void)
{
    hone_error err = HONE_ERROR_INIT;
    static const double nothing[] = { 0, 0, 0, 0 };
    double error = -1, margin = -1;
    CU_ASSERT_EQUAL(hone_lenth(design_effects, COUNT(design_effects), 0.05, &error, &margin, &err), HONE_OK);
    near(error, design_error);
    near(margin, design_margin);
    unsigned active = 0;
    for (size_t i = 0; i < COUNT(design_effects); i++)
        active += fabs(design_effects[i]) > margin;
    CU_ASSERT_EQUAL(active, 2);
    CU_ASSERT_EQUAL(hone_lenth(nothing, 4, 0.05, &error, &margin, &err), HONE_OK);
    CU_ASSERT(error >= 0 && error <= 0 && margin >= 0 && margin <= 0);
}

SUITE(TEST(test_special_functions), TEST(test_distributions), TEST(test_published_critical_values), TEST(test_samples),
      TEST(test_corners_of_samples), TEST(test_bootstrap), TEST(test_coverage_of_intervals), TEST(test_effects),
      TEST(test_corrections), TEST(test_rankings), TEST(test_runs_that_are_needed), TEST(test_effects_of_a_design))
