/* SPDX-License-Identifier: MIT */
/* Sums over the samples of one output. Deviations are summed up around the running mean (Welford 1962), and parts are merged
 * by Chan, Golub and LeVeque 1983, so that nothing cancels where numbers are far from zero, and a constant has no deviation. */
#include "regression.h"

#include <float.h>

void moments_add(struct moments *m, double x, double t)
{
    const double e = x - t, size = fabs(e), least = DBL_EPSILON;
    m->n++;
    m->squares += e * e;
    m->sizes += size;
    m->shares += size / (fabs(t) > least ? fabs(t) : least);
    m->largest = size > m->largest ? size : m->largest;
    const double from_x = x - m->mean_x, from_t = t - m->mean_t, from_e = e - m->mean_e;
    m->mean_x += from_x / m->n;
    m->mean_t += from_t / m->n;
    m->mean_e += from_e / m->n;
    m->m2_x += from_x * (x - m->mean_x);
    m->m2_t += from_t * (t - m->mean_t);
    m->m2_e += from_e * (e - m->mean_e);
    m->m2_xt += from_x * (t - m->mean_t);
}

void moments_merge(struct moments *m, const struct moments *other)
{
    const double n = m->n + other->n;
    if (!(other->n > 0))
        return;
    const double x = other->mean_x - m->mean_x, t = other->mean_t - m->mean_t, e = other->mean_e - m->mean_e;
    const double share = other->n / n, weight = m->n * share;
    m->squares += other->squares;
    m->sizes += other->sizes;
    m->shares += other->shares;
    m->largest = other->largest > m->largest ? other->largest : m->largest;
    m->mean_x += x * share;
    m->mean_t += t * share;
    m->mean_e += e * share;
    m->m2_x += other->m2_x + x * x * weight;
    m->m2_t += other->m2_t + t * t * weight;
    m->m2_e += other->m2_e + e * e * weight;
    m->m2_xt += other->m2_xt + x * t * weight;
    m->n = n;
}

/* 1 - left / all; of a constant, all explained or nothing, as scikit-learn's force_finite has it. */
static double explained(double left, double all)
{
    return all > 0 ? 1 - left / all : left > 0 ? 0 : 1;
}

static double correlation(const struct moments *m)
{
    const double spread = sqrt(m->m2_x) * sqrt(m->m2_t);
    return spread > 0 ? fmax(-1, fmin(1, m->m2_xt / spread)) : (double)NAN;
}

double moments_value(const struct moments *m, enum number_kind kind)
{
    if (!(m->n > 0))
        return (double)NAN;
    switch (kind) {
    case NUMBER_MSE: return m->squares / m->n;
    case NUMBER_MAE: return m->sizes / m->n;
    case NUMBER_MAPE: return m->shares / m->n;
    case NUMBER_R2: return m->n > 1 ? explained(m->squares, m->m2_t) : (double)NAN;
    case NUMBER_EXPLAINED_VARIANCE: return explained(m->m2_e, m->m2_t);
    case NUMBER_MAX_ERROR: return m->largest;
    case NUMBER_PEARSON: return correlation(m);
    case NUMBER_MEDIAN_ABSOLUTE_ERROR:
    case NUMBER_SPEARMAN:
    default: return (double)NAN; /* ordered.c's */
    }
}
