/* SPDX-License-Identifier: MIT */
/* search/tpe: scales of parameters and the normal distribution on them. */
#include "axis.h"

static const double SQRT_HALF = 0.70710678118654752440;
static const double LOG_SQRT_2PI = 0.91893853320467274178;

void axis_init(struct axis *axis, const hone_dim *dim, uint32_t index, int is_dense)
{
    const int ordinal = dim->type == HONE_DIM_ORDINAL, normal = (dim->flags & HONE_DIM_NORMAL) != 0;
    double low, high;
    axis->dim = dim;
    axis->index = index;
    axis->is_log = (dim->flags & HONE_DIM_LOG) != 0;
    axis->step = ordinal || (dim->type == HONE_DIM_INT && !(dim->step > 0)) ? 1 : dim->step > 0 ? dim->step : 0;
    axis->kind = dim->type == HONE_DIM_CHOICE ? AXIS_CHOICE : axis->step > 0 ? AXIS_GRID : AXIS_REAL;
    if (dim->type == HONE_DIM_CHOICE) {
        axis->low = axis->high = axis->unit = axis->mean = axis->deviation = axis->step = 0;
        return;
    }
    if (ordinal) {
        low = -0.5;
        high = dim->n_choices - 0.5;
    } else {
        hone_dim_edges_(dim, &low, &high);
    }
    axis->low = !axis->is_log ? low : low > 0 ? log(low) : -HUGE_VAL;
    axis->high = axis->is_log ? log(high) : high;
    axis->unit = normal ? dim->deviation : axis->high - axis->low;
    axis->mean = normal ? dim->mean : 0.5 * (axis->low + axis->high);
    axis->deviation = axis->unit;
    if (normal) /* the kernel's middle must lie within the ends */
        axis->mean = axis->mean < axis->low ? axis->low : axis->mean > axis->high ? axis->high : axis->mean;
    if (axis->kind == AXIS_GRID && is_dense)
        axis->kind = AXIS_REAL;
}

double axis_place(const struct axis *axis, double value)
{
    return axis->is_log ? log(value) : value;
}

double axis_value(const struct axis *axis, double place)
{
    const double most = axis->is_log ? exp(place) : place;
    return hone_dim_snap(axis->dim, most < 1e300 ? most : 1e300); /* a lognormal without a cut */
}

void axis_interval(const struct axis *axis, double value, double *left, double *right)
{
    const double a = value - axis->step / 2, b = value + axis->step / 2;
    *left = !axis->is_log ? a : a > 0 ? log(a) : axis->low;
    *right = axis->is_log ? log(b) : b;
    if (*left < axis->low)
        *left = axis->low;
    if (*right > axis->high)
        *right = axis->high;
}

/* log Phi(x) for x <= 0. Below -20 its asymptotic series, Abramowitz and Stegun 26.2.12. */
static double log_phi(double x)
{
    double sum = 1, term = 1;
    if (x > -20)
        return log(0.5 * erfc(-x * SQRT_HALF));
    for (int i = 1; i < 40 && fabs(term) > 1e-17; i++) {
        term *= -(2 * i - 1) / (x * x);
        sum += term;
    }
    return -0.5 * x * x - log(-x) - LOG_SQRT_2PI + log(sum);
}

double log_normal_mass(double a, double b)
{
    double p, q;
    if (a > 0) { /* by symmetry: the lower tail keeps its digits */
        const double t = a;
        a = -b;
        b = -t;
    }
    if (b <= 0) {
        const double most = log_phi(b);
        return a < -1e150 ? most : most + log1p(-exp(log_phi(a) - most));
    }
    p = a > -9 ? 0.5 * erfc(-a * SQRT_HALF) : 0; /* Phi(-9) is 1e-19 */
    q = b < 9 ? 0.5 * erfc(b * SQRT_HALF) : 0;
    return p > 0 || q > 0 ? log1p(-p - q) : 0;
}

static double uniform(hone_rng *rng)
{
    return ((double)hone_rng_u32(rng) + 0.5) * (1.0 / 4294967296.0);
}

static double next_normal(struct normals *n)
{
    double a, b, square;
    if (n->has_spare) {
        n->has_spare = 0;
        return n->spare;
    }
    do {
        a = 2 * uniform(n->rng) - 1;
        b = 2 * uniform(n->rng) - 1;
        square = a * a + b * b;
    } while (square >= 1);
    square = sqrt(-2 * log(square) / square);
    n->spare = b * square;
    n->has_spare = 1;
    return a * square;
}

double axis_draw(const struct axis *axis, double mean, double deviation, struct normals *normals)
{
    double place = mean;
    for (int i = 0; i < 64; i++) { /* at least 0.34 of the mass lies within the ends: mean does, deviation <= unit */
        place = mean + deviation * next_normal(normals);
        if (place >= axis->low && place <= axis->high)
            return place;
    }
    return place < axis->low ? axis->low : axis->high; /* normal priors cut far from their mean */
}
