/* SPDX-License-Identifier: MIT */
/* hone/comparison.h - many comparisons at once: corrections of p-values, ranks over several data sets, how many runs a
 * comparison needs. Header only; all [any]. */
#ifndef HONE_COMPARISON_H
#define HONE_COMPARISON_H
#include "hone/statistics.h"

/* ---- corrections ---- */
/* 1 where p[a] comes before p[b] in ascending order: equal ones by index. */
static inline int hone_p_before_(const double *p, uint64_t a, uint64_t b)
{
    return p[a] < p[b] || (a < b && p[a] <= p[b]);
}

/* Adjusted p-values that keep the probability of any false rejection (Holm 1979). p, adjusted: (n), two arrays. */
static inline void hone_holm(const double *p, uint64_t n, double *adjusted)
{
    for (uint64_t i = 0; i < n; i++) {
        double before = 0;
        for (uint64_t k = 0; k < n; k++)
            before += hone_p_before_(p, k, i);
        adjusted[i] = p[i] * ((double)n - before);
        adjusted[i] = adjusted[i] < 1 ? adjusted[i] : 1;
    }
    for (uint64_t i = 0; i < n; i++) /* never below that of a smaller p; the largest of largest ones is the same */
        for (uint64_t k = 0; k < n; k++)
            if (hone_p_before_(p, k, i) && adjusted[k] > adjusted[i])
                adjusted[i] = adjusted[k];
}

/* Adjusted p-values that keep the share of false rejections (Benjamini and Hochberg 1995). p, adjusted: (n), two arrays. */
static inline void hone_benjamini_hochberg(const double *p, uint64_t n, double *adjusted)
{
    for (uint64_t i = 0; i < n; i++) {
        double before = 0;
        for (uint64_t k = 0; k < n; k++)
            before += hone_p_before_(p, k, i);
        adjusted[i] = p[i] * (double)n / (before + 1);
        adjusted[i] = adjusted[i] < 1 ? adjusted[i] : 1;
    }
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < n; k++)
            if (hone_p_before_(p, i, k) && adjusted[k] < adjusted[i])
                adjusted[i] = adjusted[k];
}

/* ---- several methods on several data sets ---- */
typedef struct hone_friedman {
    double statistic, p; /* chi-squared, corrected for ties (Friedman 1937) */
    double f, p_f;       /* Iman and Davenport's F of it (1980): less conservative */
} hone_friedman;

/* Tests whether k methods rank alike on n data sets. values: (n, k), larger is better; mean_ranks: (k), 1 is the best. n >= 2,
 * k >= 2. Where all methods are equal everywhere, statistic and F are 0 and p is 1. HONE_ENOMEM. */
static inline hone_rc hone_friedman_test(const double *values, uint64_t n, uint32_t k, double *mean_ranks,
                                         hone_friedman *out, hone_error *err)
{
    double *row = (double *)malloc(2 * (size_t)k * sizeof *row), *ranks = row + k;
    double ties = 0, spread = 0;
    const double sets = (double)n, methods = k;
    if (!row)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the ranks");
    for (uint32_t j = 0; j < k; j++)
        mean_ranks[j] = 0;
    for (uint64_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < k; j++)
            row[j] = -values[i * k + j];
        hone_ranks(row, k, ranks);
        for (uint32_t j = 0; j < k; j++) {
            double equal = 0;
            for (uint32_t l = 0; l < k; l++)
                equal += ranks[l] >= ranks[j] && ranks[l] <= ranks[j];
            ties += equal * equal - 1; /* summed over the group: t^3 - t */
            mean_ranks[j] += ranks[j] / sets;
        }
    }
    for (uint32_t j = 0; j < k; j++)
        spread += (mean_ranks[j] - (methods + 1) / 2) * (mean_ranks[j] - (methods + 1) / 2);
    const double correction = 1 - ties / (sets * methods * (methods * methods - 1));
    out->statistic = correction > 0 ? 12 * sets * spread / (methods * (methods + 1)) / correction : 0;
    out->p = hone_chi2_upper(out->statistic, methods - 1);
    const double rest = sets * (methods - 1) - out->statistic;
    out->f = rest > 1e-12 * sets ? (sets - 1) * out->statistic / rest : HUGE_VAL;
    out->p_f = isfinite(out->f) ? hone_f_upper(out->f, methods - 1, (methods - 1) * (sets - 1)) : 0;
    free(row);
    return HONE_OK;
}

/* Critical difference of mean ranks of k methods on n data sets at level alpha (0.05): methods further apart differ (Nemenyi
 * 1963; Demsar 2006, Statistical comparisons of classifiers over multiple data sets, 3.2.2). */
static inline double hone_nemenyi_difference(uint32_t k, uint64_t n, double alpha)
{
    return hone_range_quantile(1 - alpha, k) / sqrt(2) * sqrt(k * (k + 1.0) / (6 * (double)n));
}

/* The p-value of a difference of two mean ranks, corrected for all pairs. */
static inline double hone_nemenyi_p(double difference, uint32_t k, uint64_t n)
{
    return 1 - hone_range_cdf(fabs(difference) / sqrt(k * (k + 1.0) / (6 * (double)n)) * sqrt(2), k);
}

/* ---- how many runs ---- */
/* Least two-sided p that a signed-rank test of n pairs can give: 2^(1 - n). */
static inline double hone_signed_rank_least(uint64_t n)
{
    return n > 1 ? exp2(1 - (double)n) : 1;
}

/* Pairs that a signed-rank test needs so that, after Holm's correction over m comparisons, one can be below alpha at all. */
static inline uint64_t hone_signed_rank_pairs(uint64_t m, double alpha)
{
    uint64_t n = 1;
    while (n < 1100 && hone_signed_rank_least(n) * (double)m > alpha)
        n++;
    return n;
}

/* Runs of each of two independent groups, so that a difference of this probability of superiority (not 0.5) is found: one-sided
 * level alpha. Noether 1987, Sample size determination for some common nonparametric tests. */
static inline uint64_t hone_runs_needed(double superiority, double alpha, double power)
{
    const double z = hone_normal_quantile(1 - alpha) + hone_normal_quantile(power);
    return (uint64_t)ceil(z * z / (6 * (superiority - 0.5) * (superiority - 0.5)) - 1e-9);
}

/* Pairs for a two-sided paired test; effect: mean difference over the deviation of the differences. With the correction for
 * the estimated deviation (Guenther 1981). */
static inline uint64_t hone_pairs_needed(double effect, double alpha, double power)
{
    const double za = hone_normal_quantile(1 - alpha / 2), z = za + hone_normal_quantile(power);
    return (uint64_t)ceil(z * z / (effect * effect) + za * za / 2 - 1e-9);
}

/* ---- effects of a design without repeats ---- */
/* Lenth's pseudo standard error of (m) effects, and the margin beyond which one is active at level alpha (0.05): t quantile at
 * m / 3 degrees of freedom. Lenth 1989, Quick and easy analysis of unreplicated factorials. m >= 3. HONE_ENOMEM. */
static inline hone_rc hone_lenth(const double *effects, uint64_t m, double alpha, double *error, double *margin,
                                 hone_error *err)
{
    double *sizes = (double *)malloc((size_t)(m + 1) * sizeof *sizes);
    uint64_t kept = 0;
    if (!sizes)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the effects");
    for (uint64_t i = 0; i < m; i++)
        sizes[i] = fabs(effects[i]);
    hone_sort(sizes, m);
    const double first = 1.5 * hone_quantile(sizes, m, 0.5);
    while (kept < m && sizes[kept] < 2.5 * first)
        kept++;
    *error = kept ? 1.5 * hone_quantile(sizes, kept, 0.5) : first;
    *margin = *error * hone_t_quantile(1 - alpha / 2, (double)m / 3);
    free(sizes);
    return HONE_OK;
}
#endif /* HONE_COMPARISON_H */
