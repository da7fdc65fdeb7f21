/* SPDX-License-Identifier: MIT */
/* search/gp: how much a candidate is worth, as a logarithm that neither underflows nor loses its slope: Ament, S.,
 * Daulton, S., Eriksson, D., Balandat, M. and Bakshy, E. (2023), "Unexpected improvements to expected improvement for
 * Bayesian optimization", NeurIPS 36. Constraints multiply by the probability that they hold (Gardner, J. R. et al.
 * (2014), "Bayesian optimization with inequality constraints", ICML). */
#include "gp.h"

static const double HALF_LOG_2PI = 0.91893853320467274178, ROOT_HALF = 0.70710678118654752440;

/* Mills' ratio Phi(-x) / phi(x) for x >= 1, and 1 - x times it into *rest without cancellation. */
static double mills(double x, double *rest)
{
    double ratio, tail = 0;
    if (x < 5) { /* erfc keeps its relative precision; the difference loses a factor x^2 of it */
        ratio = 0.5 * erfc(x * ROOT_HALF) * exp(0.5 * x * x + HALF_LOG_2PI);
        *rest = 1 - x * ratio;
        return ratio;
    }
    for (int k = 40; k >= 2; k--) /* Laplace's continued fraction: 1 / (x + 1 / (x + 2 / (x + ...))) */
        tail = k / (x + tail);
    tail = 1 / (x + tail);
    *rest = tail / (x + tail);
    return 1 / (x + tail);
}

double log_h(double t, double *slope)
{
    if (t > -1) {
        const double below = 0.5 * erfc(-t * ROOT_HALF), h = exp(-0.5 * t * t - HALF_LOG_2PI) + t * below;
        *slope = below / h;
        return log(h);
    } else {
        double rest;
        const double ratio = mills(-t, &rest);
        *slope = ratio / rest;
        return -0.5 * t * t - HALF_LOG_2PI + log(rest);
    }
}

double log_phi(double t, double *slope)
{
    if (t > -1) {
        const double below = 0.5 * erfc(-t * ROOT_HALF);
        *slope = exp(-0.5 * t * t - HALF_LOG_2PI) / below;
        return log(below);
    } else {
        double rest;
        const double ratio = mills(-t, &rest);
        *slope = 1 / ratio;
        return -0.5 * t * t - HALF_LOG_2PI + log(ratio);
    }
}

/* Mean over the fantasies of the expected improvement on their best value. */
static double log_ei(const struct acquisition *a, const double *mean, double sd, double *by_mean, double *by_sd)
{
    double value[MOST_FANTASIES], slope[MOST_FANTASIES], t[MOST_FANTASIES], largest = -HUGE_VAL, sum = 0;
    for (uint32_t f = 0; f < a->n_fantasies; f++) {
        t[f] = (a->best[f] - mean[f]) / sd;
        value[f] = log_h(t[f], slope + f);
        largest = value[f] > largest ? value[f] : largest;
    }
    for (uint32_t f = 0; f < a->n_fantasies; f++)
        sum += exp(value[f] - largest);
    if (by_mean) {
        *by_sd = 0;
        for (uint32_t f = 0; f < a->n_fantasies; f++) {
            const double share = exp(value[f] - largest) / sum;
            by_mean[f] = -share * slope[f] / sd;
            *by_sd += share * (1 - t[f] * slope[f]) / sd;
        }
    }
    return log(sd) + largest + log(sum / a->n_fantasies);
}

double acquisition_value(const struct acquisition *a, const double *mean, const double *sd, double *by_mean,
                         double *by_sd)
{
    double value = 0;
    if (by_mean) {
        memset(by_mean, 0, (size_t)(a->n_objectives + a->n_constraints) * MOST_FANTASIES * sizeof *by_mean);
        memset(by_sd, 0, (size_t)(a->n_objectives + a->n_constraints) * sizeof *by_sd);
    }
    if (!a->is_searching && a->n_objectives == 1) {
        value = log_ei(a, mean, sd[0], by_mean, by_sd);
    } else if (!a->is_searching) {
        double first[MOST_OBJECTIVES], by_first[MOST_OBJECTIVES];
        for (uint32_t k = 0; k < a->n_objectives; k++)
            first[k] = mean[k * MOST_FANTASIES];
        value = boxes_log_ehvi(a->boxes, first, sd, by_mean ? by_first : NULL, by_sd);
        for (uint32_t k = 0; by_mean && k < a->n_objectives; k++)
            by_mean[k * MOST_FANTASIES] = by_first[k];
    }
    for (uint32_t c = 0; c < a->n_constraints; c++) {
        const uint32_t i = a->n_objectives + c;
        const double t = (a->limits[c] - mean[i * MOST_FANTASIES]) / sd[i];
        double slope;
        value += log_phi(t, &slope);
        if (by_mean) {
            by_mean[i * MOST_FANTASIES] = -slope / sd[i];
            by_sd[i] = -slope * t / sd[i];
        }
    }
    return value;
}
