/* SPDX-License-Identifier: MIT */
/* hone/distributions.h - the distributions that statistics of experiments need: normal, Student's t, chi-squared, F, the
 * studentized range. Header only; relative errors are below 1e-10 unless said otherwise. All [any]. */
#ifndef HONE_DISTRIBUTIONS_H
#define HONE_DISTRIBUTIONS_H
#include <math.h>
#include <stdint.h>

/* P(X <= x) of a standard normal X. */
static inline double hone_normal_cdf(double x)
{
    return 0.5 * erfc(-x * 0.70710678118654752440);
}

/* Acklam's rational approximation of the standard normal quantile with one Halley step: relative error below 1e-14 for
 * p from 1e-300; -inf and inf at 0 and 1 and beyond. */
static inline double hone_normal_quantile(double p)
{
    static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,  -2.759285104469687e+02,
                                1.383577518672690e+02,  -3.066479806614716e+01, 2.506628277459239e+00 };
    static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02,
                                6.680131188771972e+01, -1.328068155288572e+01 };
    static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00,
                                -2.549732539343734e+00, 4.374664141464968e+00,  2.938163982698783e+00 };
    static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                                3.754408661907416e+00 };
    const double sign = p > 0.5 ? -1 : 1; /* by symmetry: 1 - p is exact there, and the lower tail keeps its digits */
    double x, e, u;
    if (!(p > 0))
        return -HUGE_VAL;
    if (!(p < 1))
        return HUGE_VAL;
    if (p > 0.5)
        p = 1 - p;
    if (p < 0.02425) {
        const double q = sqrt(-2 * log(p));
        x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
            ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
    } else {
        const double r = (p - 0.5) * (p - 0.5);
        x = (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * (p - 0.5) /
            (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    if (x > -37.5) { /* below, exp(x * x / 2) would overflow; the approximation alone has 9 digits */
        e = 0.5 * erfc(-x * 0.70710678118654752440) - p;
        u = e * 2.50662827463100050242 * exp(x * x / 2);
        x -= u / (1 + x * u / 2);
    }
    return sign * x;
}

/* ln Gamma(x), x > 0: Stirling's series from 12 on, the recurrence below. (lgamma writes a global.) */
static inline double hone_log_gamma(double x)
{
    double below = 1, square;
    while (x < 12)
        below *= x++;
    square = 1 / (x * x);
    return (x - 0.5) * log(x) - x + 0.91893853320467274178 - log(below) +
           (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188)))) / x;
}

enum { HONE_FRACTION_TERMS = 100000 };

/* The regularized incomplete beta function I_x(a, b); a, b > 0, x in [0, 1]. Continued fraction by Lentz's method (Numerical
 * Recipes, 6.4). */
static inline double hone_beta_inc(double a, double b, double x)
{
    double front, c = 1, d, h;
    if (!(x > 0))
        return 0;
    if (!(x < 1))
        return 1;
    if (x > (a + 1) / (a + b + 2))
        return 1 - hone_beta_inc(b, a, 1 - x);
    front = exp(hone_log_gamma(a + b) - hone_log_gamma(a) - hone_log_gamma(b) + a * log(x) + b * log1p(-x)) / a;
    d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
    h = d;
    for (int m = 1; m < HONE_FRACTION_TERMS; m++) {
        for (int odd = 0; odd < 2; odd++) {
            const double term = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                                    : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + term * d;
            d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
            c = 1 + term / c;
            c = fabs(c) < 1e-300 ? 1e-300 : c;
            h *= d * c;
        }
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return front * h;
}

/* The upper regularized incomplete gamma function Q(a, x); a > 0, x >= 0. Series below a + 1, continued fraction above
 * (Numerical Recipes, 6.2). */
static inline double hone_gamma_upper(double a, double x)
{
    const double front = x > 0 ? exp(a * log(x) - x - hone_log_gamma(a)) : 0;
    if (!(x > 0))
        return 1;
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (int n = 1; n < HONE_FRACTION_TERMS && term > 1e-17 * sum; n++)
            sum += term *= x / (a + n);
        return 1 - front * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int n = 1; n < HONE_FRACTION_TERMS; n++) {
        const double term = -n * (n - a);
        b += 2;
        d = term * d + b;
        d = 1 / (fabs(d) < 1e-300 ? 1e-300 : d);
        c = b + term / c;
        c = fabs(c) < 1e-300 ? 1e-300 : c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16)
            break;
    }
    return front * h;
}

/* P(T > t) of Student's t with `freedom` > 0 degrees of freedom. */
static inline double hone_t_upper(double t, double freedom)
{
    const double tail = 0.5 * hone_beta_inc(freedom / 2, 0.5, freedom / (freedom + t * t));
    return t > 0 ? tail : 1 - tail;
}

/* Where an increasing function of ctx passes p, from 0 on; to the last bits of its value. */
static inline double hone_invert_(double (*f)(double x, const double *ctx), const double *ctx, double p)
{
    double low = 0, high = 1;
    while (f(high, ctx) < p && high < 1e300) {
        low = high;
        high *= 2;
    }
    for (int i = 0; i < 200 && low < high; i++) {
        const double middle = low + (high - low) / 2;
        if (!(middle > low && middle < high))
            break;
        if (f(middle, ctx) < p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

static inline double hone_t_less_(double t, const double *freedom)
{
    return -hone_t_upper(t, *freedom);
}

/* The quantile of Student's t at p in (0, 1): error below 1e-10 for tails down to 1e-12. */
static inline double hone_t_quantile(double p, double freedom)
{
    if (p < 0.5)
        return -hone_t_quantile(1 - p, freedom);
    return p > 0.5 ? hone_invert_(hone_t_less_, &freedom, p - 1) : 0;
}

/* P(X > x) of a chi-squared X with `freedom` degrees of freedom. */
static inline double hone_chi2_upper(double x, double freedom)
{
    return hone_gamma_upper(freedom / 2, x / 2);
}

/* P(X > x) of an F-distributed X. */
static inline double hone_f_upper(double x, double freedom1, double freedom2)
{
    return x > 0 ? hone_beta_inc(freedom2 / 2, freedom1 / 2, freedom2 / (freedom2 + freedom1 * x)) : 1;
}

/* P(range of k standard normals <= q): the studentized range with infinitely many degrees of freedom,
 *
 *     k * integral of phi(z) (Phi(z) - Phi(z - q))^(k - 1) dz
 *
 * by the trapezoidal rule, which converges faster than any power of the step for such integrands. k >= 2. Absolute error
 * below 1e-13. */
static inline double hone_range_cdf(double q, uint32_t k)
{
    const double step = 0.04;
    double sum = 0;
    if (!(q > 0))
        return 0;
    for (int i = 0; i <= (18 + q) / step; i++) {
        const double z = i * step - 9;
        sum += exp(-z * z / 2) * pow(hone_normal_cdf(z) - hone_normal_cdf(z - q), (double)k - 1);
    }
    sum *= k * step * 0.39894228040143267794;
    return sum < 1 ? sum : 1;
}

static inline double hone_range_cdf_(double q, const double *k)
{
    return hone_range_cdf(q, (uint32_t)*k);
}

/* Its quantile at p in (0, 1). */
static inline double hone_range_quantile(double p, uint32_t k)
{
    const double ctx = k;
    return hone_invert_(hone_range_cdf_, &ctx, p);
}
#endif /* HONE_DISTRIBUTIONS_H */
