/* SPDX-License-Identifier: MIT */
/* search/gp: the power transform of values, as HEBO applies it (Cowen-Rivers, A. I. et al. (2022), "HEBO: pushing the
 * limits of sample-efficient hyper-parameter optimisation", JAIR 74, section 3.2): Box-Cox for positive values, else, or
 * where that flattens them, Yeo-Johnson; its parameter by maximum likelihood. */
#include "gp.h"

enum { ROUNDS = 48 };

/* Box, G. E. P. and Cox, D. R. (1964), J. R. Statist. Soc. B 26, eq. 1; y > 0. */
static double box_cox(double y, double lambda)
{
    const double log_y = log(y);
    return fabs(lambda) < 1e-8 ? log_y : expm1(lambda * log_y) / lambda;
}

/* Yeo, I.-K. and Johnson, R. A. (2000), Biometrika 87, eq. 2.1. */
static double yeo_johnson(double y, double lambda)
{
    if (y < 0)
        return -box_cox(1 - y, 2 - lambda);
    return box_cox(1 + y, lambda);
}

static double spread_of(const double *y, uint64_t n)
{
    double mean = 0, squares = 0;
    for (uint64_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    for (uint64_t i = 0; i < n; i++)
        squares += (y[i] - mean) * (y[i] - mean) / (double)n;
    return sqrt(squares);
}

/* Profile log likelihood of lambda; out: (n). */
static double likelihood(const double *y, uint64_t n, double lambda, int positive, double *out)
{
    double jacobian = 0, spread;
    for (uint64_t i = 0; i < n; i++) {
        out[i] = positive ? box_cox(y[i], lambda) : yeo_johnson(y[i], lambda);
        jacobian += positive ? log(y[i]) : y[i] < 0 ? -log1p(-y[i]) : log1p(y[i]);
    }
    spread = spread_of(out, n);
    if (!(spread > 0) || !isfinite(spread))
        return -HUGE_VAL;
    return (lambda - 1) * jacobian - (double)n * log(spread);
}

/* Golden section over [-3, 3]; the likelihood has one maximum. out: (n) transformed by it. The parameter. */
static double transform(const double *y, uint64_t n, int positive, double *out)
{
    const double golden = 0.61803398874989484820;
    double low = -3, high = 3, a = high - golden * (high - low), b = low + golden * (high - low);
    double at_a = likelihood(y, n, a, positive, out), at_b = likelihood(y, n, b, positive, out);
    for (int i = 0; i < ROUNDS && high - low > 1e-3; i++) {
        if (at_a >= at_b) {
            high = b;
            b = a;
            at_b = at_a;
            a = high - golden * (high - low);
            at_a = likelihood(y, n, a, positive, out);
        } else {
            low = a;
            a = b;
            at_a = at_b;
            b = low + golden * (high - low);
            at_b = likelihood(y, n, b, positive, out);
        }
    }
    (void)likelihood(y, n, 0.5 * (low + high), positive, out);
    return 0.5 * (low + high);
}

static int is_usable(const double *y, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(y[i]))
            return 0;
    return spread_of(y, n) >= 0.5;
}

hone_rc power_transform(double *y, uint64_t n, struct power *power, hone_error *err)
{
    double lambda;
    *power = (struct power){ 1, 1, POWER_NONE };
    double *out = (double *)malloc((size_t)(n + 1) * sizeof *out), largest = 0, least = HUGE_VAL, spread;
    if (!out)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu values", (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++)
        largest = fabs(y[i]) > largest ? fabs(y[i]) : largest;
    power->scale = largest > 0 ? largest : 1;
    for (uint64_t i = 0; i < n; i++)
        y[i] /= power->scale; /* squares must not overflow */
    spread = spread_of(y, n);
    if (!(spread > 1e-15))
        goto out;
    power->scale *= spread;
    for (uint64_t i = 0; i < n; i++) {
        y[i] /= spread;
        least = y[i] < least ? y[i] : least;
    }
    if (least > 0) {
        lambda = transform(y, n, 1, out);
        if (is_usable(out, n)) {
            memcpy(y, out, n * sizeof *y);
            power->lambda = lambda;
            power->kind = POWER_BOX_COX;
            goto out;
        }
    }
    lambda = transform(y, n, 0, out);
    if (is_usable(out, n)) {
        memcpy(y, out, n * sizeof *y);
        power->lambda = lambda;
        power->kind = POWER_YEO_JOHNSON;
    }
out:
    free(out);
    return HONE_OK;
}

/* Of box_cox: 0 and infinity where nothing comes to t. */
static double from_box_cox(double t, double lambda)
{
    const double base = 1 + lambda * t;
    if (fabs(lambda) < 1e-8)
        return exp(t);
    if (!(base > 0))
        return lambda > 0 ? 0 : HUGE_VAL;
    return pow(base, 1 / lambda);
}

double power_inverse(const struct power *power, double t)
{
    double y = t;
    if (power->kind == POWER_BOX_COX)
        y = from_box_cox(t, power->lambda);
    else if (power->kind == POWER_YEO_JOHNSON)
        y = t < 0 ? 1 - from_box_cox(-t, 2 - power->lambda) : from_box_cox(t, power->lambda) - 1;
    return y * power->scale;
}

double power_slope(const struct power *power, double y)
{
    const double z = y / power->scale;
    double slope = 1;
    if (power->kind == POWER_BOX_COX)
        slope = pow(z, power->lambda - 1);
    else if (power->kind == POWER_YEO_JOHNSON)
        slope = z < 0 ? pow(1 - z, 1 - power->lambda) : pow(1 + z, power->lambda - 1);
    return slope / power->scale;
}
