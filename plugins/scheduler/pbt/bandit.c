/* SPDX-License-Identifier: MIT */
/* A small Gaussian process with a kernel that forgets, and its upper confidence bound. */
#include "bandit.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_OCCUPIED = 128,
    FITS = 32,       /* settings of the kernel that are compared */
    CANDIDATES = 400 /* points that are compared */
};
/* of the authors' code: beta = C1 + max(0, log(C2 * n)) */
static const double C1 = 0.2, C2 = 0.4;

struct bandit {
    const hone_space *space;
    uint32_t d;     /* numeric dimensions */
    uint32_t *dims; /* (d) */
    double *rows;   /* (MOST_OBSERVED + MOST_OCCUPIED, d + 1): time, place in the unit cube; observed, then occupied */
    double *gains;  /* (MOST_OBSERVED) */
    double *occupied; /* (MOST_OCCUPIED, d + 1) */
    double *room;     /* matrices and vectors of a proposal */
    uint32_t n, n_occupied;
    int64_t time;             /* of the occupied ones */
    uint64_t seen, fitted;    /* observations so far, and when the kernel was last chosen; 0: never */
    double l, epsilon, noise; /* of the kernel */
};
enum { MOST = MOST_OBSERVED + MOST_OCCUPIED };

struct bandit *bandit_create(const hone_space *space)
{
    struct bandit *b = (struct bandit *)calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->space = space;
    b->dims = (uint32_t *)calloc(space->n_dims + 1u, sizeof *b->dims);
    for (uint32_t i = 0; b->dims && i < space->n_dims; i++)
        if (space->dims[i]->type != HONE_DIM_CHOICE && space->dims[i]->type != HONE_DIM_ORDINAL)
            b->dims[b->d++] = i;
    b->rows = (double *)calloc((size_t)MOST * (b->d + 1), sizeof *b->rows);
    b->gains = (double *)calloc(MOST_OBSERVED, sizeof *b->gains);
    b->occupied = (double *)calloc((size_t)MOST_OCCUPIED * (b->d + 1), sizeof *b->occupied);
    b->room = (double *)calloc((size_t)MOST * MOST + 4 * MOST + 2 * (b->d + 1), sizeof *b->room);
    if (!b->dims || !b->rows || !b->gains || !b->occupied || !b->room) {
        bandit_destroy(b);
        return NULL;
    }
    return b;
}

void bandit_destroy(struct bandit *b)
{
    if (!b)
        return;
    free(b->dims);
    free(b->rows);
    free(b->gains);
    free(b->occupied);
    free(b->room);
    free(b);
}

/* row: (d + 1) of a point at a time; what is not active lies in the middle. */
static void locate(const struct bandit *b, int64_t time, const double *x, double *row)
{
    row[0] = (double)time;
    for (uint32_t k = 0; k < b->d; k++) {
        const double v = x[b->dims[k]];
        row[k + 1] = isnan(v) ? 0.5 : hone_dim_to_unit(b->space->dims[b->dims[k]], v);
    }
}

void bandit_observe(struct bandit *b, int64_t time, const double *x, double gain)
{
    if (isnan(gain) || gain == HUGE_VAL)
        return;
    if (!isfinite(gain)) { /* worse than all that was seen, by what they differ */
        double low = 0, high = 0;
        for (uint32_t i = 0; i < b->n; i++) {
            low = !i || b->gains[i] < low ? b->gains[i] : low;
            high = !i || b->gains[i] > high ? b->gains[i] : high;
        }
        gain = low - (high > low ? high - low : 1);
    }
    if (b->n == MOST_OBSERVED) { /* the oldest goes */
        memmove(b->rows, b->rows + b->d + 1, (size_t)(b->n - 1) * (b->d + 1) * sizeof *b->rows);
        memmove(b->gains, b->gains + 1, (size_t)(b->n - 1) * sizeof *b->gains);
        b->n--;
    }
    locate(b, time, x, b->rows + (size_t)b->n * (b->d + 1));
    b->gains[b->n++] = gain;
    b->seen++;
}

void bandit_occupy(struct bandit *b, int64_t time, const double *x)
{
    if (time != b->time)
        b->n_occupied = 0;
    b->time = time;
    if (b->n_occupied < MOST_OCCUPIED)
        locate(b, time, x, b->occupied + (size_t)b->n_occupied++ * (b->d + 1));
}

static double kernel(const double *p, const double *q, uint32_t d, double l, double epsilon)
{
    double apart = 0;
    for (uint32_t k = 1; k <= d; k++)
        apart += (p[k] - q[k]) * (p[k] - q[k]);
    return exp(-apart / (2 * l * l)) * pow(1 - epsilon, fabs(p[0] - q[0]) / 2);
}

/* Lower Cholesky factor of the kernel matrix, row by row from row `from` on. 0: not positive. */
static int decompose(const double *rows, uint32_t from, uint32_t n, uint32_t d, double l, double epsilon, double noise,
                     double *factor, uint32_t stride)
{
    for (uint32_t i = from; i < n; i++) {
        double *f = factor + (size_t)i * stride;
        for (uint32_t j = 0; j <= i; j++) {
            const double *g = factor + (size_t)j * stride;
            double s = kernel(rows + (size_t)i * (d + 1), rows + (size_t)j * (d + 1), d, l, epsilon);
            s += i == j ? noise : 0;
            for (uint32_t k = 0; k < j; k++)
                s -= f[k] * g[k];
            if (i == j && !(s > 1e-12))
                return 0;
            f[j] = i == j ? sqrt(s) : s / g[j];
        }
    }
    return 1;
}

/* y (n) := L^-1 y */
static void solve_lower(const double *factor, uint32_t stride, uint32_t n, double *y)
{
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < i; k++)
            y[i] -= factor[(size_t)i * stride + k] * y[k];
        y[i] /= factor[(size_t)i * stride + i];
    }
}

static double fit(const double *rows, const double *y, uint32_t n, uint32_t d, double l, double epsilon, double noise,
                  double *factor, uint32_t stride, double *alpha)
{
    double likelihood = -0.5 * n * log(2 * acos(-1));
    if (!decompose(rows, 0, n, d, l, epsilon, noise, factor, stride))
        return -HUGE_VAL;
    memcpy(alpha, y, n * sizeof *y);
    solve_lower(factor, stride, n, alpha);
    for (uint32_t i = 0; i < n; i++)
        likelihood -= log(factor[(size_t)i * stride + i]) + 0.5 * alpha[i] * alpha[i];
    for (uint32_t i = n; i-- > 0;) {
        for (uint32_t k = i + 1; k < n; k++)
            alpha[i] -= factor[(size_t)k * stride + i] * alpha[k];
        alpha[i] /= factor[(size_t)i * stride + i];
    }
    return likelihood;
}

double bandit_fit(const double *rows, const double *y, uint32_t n, uint32_t d, double l, double epsilon, double noise,
                  double *factor, double *alpha)
{
    return fit(rows, y, n, d, l, epsilon, noise, factor, n, alpha);
}

/* y: (n) the gains, mean 0 and deviation 1. */
static void standardize(const struct bandit *b, double *y)
{
    double mean = 0, square = 0;
    for (uint32_t i = 0; i < b->n; i++)
        mean += b->gains[i] / b->n;
    for (uint32_t i = 0; i < b->n; i++)
        square += (b->gains[i] - mean) * (b->gains[i] - mean) / b->n;
    for (uint32_t i = 0; i < b->n; i++)
        y[i] = square > 0 ? (b->gains[i] - mean) / sqrt(square) : 0;
}

/* Chooses the kernel anew once an eighth of the observations are new. y: (n) standardized. */
static void choose_kernel(struct bandit *b, const double *y, hone_rng *rng, double *factor, double *alpha)
{
    double best = -HUGE_VAL;
    if (b->fitted && b->seen - b->fitted <= b->n / 8)
        return;
    for (int i = 0; i < FITS; i++) {
        const double l = 0.05 * pow(60, hone_rng_uniform(rng)), epsilon = 0.5 * hone_rng_uniform(rng),
                     noise = 1e-3 * pow(500, hone_rng_uniform(rng)),
                     likelihood = fit(b->rows, y, b->n, b->d, l, epsilon, noise, factor, MOST, alpha);
        if (likelihood > best || !i) {
            best = likelihood;
            b->l = l;
            b->epsilon = epsilon;
            b->noise = noise;
        }
    }
    b->fitted = b->seen;
}

struct posterior {
    double *factor, *alpha, *row; /* (MOST, MOST), (MOST), (MOST) */
    uint32_t n, n_all;            /* observed; with the occupied ones, which take away deviation only */
};

static double bound(const struct bandit *b, const struct posterior *p, const double *at, double beta)
{
    double mean = 0, variance = 1;
    for (uint32_t i = 0; i < p->n_all; i++) {
        p->row[i] = kernel(b->rows + (size_t)i * (b->d + 1), at, b->d, b->l, b->epsilon);
        mean += i < p->n ? p->row[i] * p->alpha[i] : 0;
    }
    solve_lower(p->factor, MOST, p->n_all, p->row);
    for (uint32_t i = 0; i < p->n_all; i++)
        variance -= p->row[i] * p->row[i];
    return mean + sqrt(beta * (variance > 0 ? variance : 0));
}

int bandit_propose(struct bandit *b, int64_t time, hone_rng *rng, double *x)
{
    struct posterior p = { .factor = b->room, .n = b->n, .n_all = b->n };
    double best = -HUGE_VAL, *y, *at, *best_at;
    if (b->n < FEWEST_OBSERVED || !b->d)
        return 0;
    p.alpha = b->room + (size_t)MOST * MOST;
    p.row = p.alpha + MOST;
    y = p.row + MOST;
    at = y + MOST;
    best_at = at + b->d + 1;
    standardize(b, y);
    choose_kernel(b, y, rng, p.factor, p.alpha);
    if (!(fit(b->rows, y, b->n, b->d, b->l, b->epsilon, b->noise, p.factor, MOST, p.alpha) > -HUGE_VAL))
        return 0;
    if (b->time == time) {
        memcpy(b->rows + (size_t)b->n * (b->d + 1), b->occupied,
               (size_t)b->n_occupied * (b->d + 1) * sizeof *b->occupied);
        if (decompose(b->rows, b->n, b->n + b->n_occupied, b->d, b->l, b->epsilon, b->noise, p.factor, MOST))
            p.n_all = b->n + b->n_occupied;
    }
    const double beta = C1 + fmax(0, log(C2 * b->n));
    best = -HUGE_VAL;
    for (int i = 0; i < CANDIDATES; i++) { /* half of them anywhere, half near the best so far, ever nearer */
        const int near = i >= CANDIDATES / 2;
        const double width = 0.2 * pow(0.02, 2.0 * i / CANDIDATES - 1);
        at[0] = (double)time;
        for (uint32_t k = 1; k <= b->d; k++)
            at[k] = near ? hone_unit_reflect(best_at[k] + width * hone_rng_normal(rng)) : hone_rng_uniform(rng);
        const double value = bound(b, &p, at, beta);
        if (value > best || !i) {
            best = value;
            memcpy(best_at, at, (b->d + 1) * sizeof *at);
        }
    }
    for (uint32_t k = 0; k < b->d; k++)
        if (!isnan(x[b->dims[k]]))
            x[b->dims[k]] = hone_dim_from_unit(b->space->dims[b->dims[k]], best_at[k + 1]);
    return 1;
}
