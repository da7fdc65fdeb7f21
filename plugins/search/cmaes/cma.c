/* SPDX-License-Identifier: MIT */
/* search/cmaes: the distribution of active CMA-ES (Hansen 2016, "The CMA evolution strategy: a tutorial",
 * arXiv 1604.00772; equation numbers are its), with the discrete margin of Hamano et al. 2022, the learning
 * rates of Nomura, Akimoto and Ono 2023 ("CMA-ES with learning rate adaptation", GECCO, arXiv 2304.03473) and
 * the warm start of Nomura et al. 2021. */
#include "cma.h"
#include "hone/search.h"
#include "hone/simd.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static const double SIGMA_MOST = 1e32, EIGENVALUE_LEAST = 1e-20;
/* of learning rate adaptation, as published */
static const double LRA_ALPHA = 1.4, LRA_BETA_MEAN = 0.1, LRA_BETA_COV = 0.03, LRA_GAMMA = 0.1;

/* y += f * x   x, y: (n) */
HONE_TARGET_CLONES
static void add_scaled(double *y, const double *x, double f, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] += f * x[i];
}

/* y = f * y   y: (n) */
HONE_TARGET_CLONES
static void scale(double *y, double f, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        y[i] *= f;
}

static double dot(const double *x, const double *y, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

uint32_t cma_default_lambda(uint32_t n)
{
    return 4 + (uint32_t)floor(3 * log((double)(n ? n : 1)));
}

/* Weights and learning rates, eq. 48 to 56. */
static void set_rates(struct cma *a)
{
    const double n = a->n;
    double sum = 0, squares = 0, minus = 0, minus_squares = 0, positive = 0, negative = 0, least;
    for (uint32_t i = 0; i < a->lambda; i++) {
        const double w = log((a->lambda + 1.0) / 2) - log(i + 1.0);
        a->weights[i] = w;
        if (i < a->mu) {
            sum += w;
            squares += w * w;
        } else {
            minus += w;
            minus_squares += w * w;
        }
        if (w > 0)
            positive += w;
        else
            negative -= w;
    }
    a->mu_eff = sum * sum / squares;
    a->c_1 = 2 / ((n + 1.3) * (n + 1.3) + a->mu_eff);
    a->c_mu = fmin(1 - a->c_1 - 1e-8, 2 * (a->mu_eff - 2 + 1 / a->mu_eff) / ((n + 2) * (n + 2) + a->mu_eff));
    least = fmin(1 + a->c_1 / a->c_mu, fmin(1 + 2 * (minus * minus / minus_squares) / (a->mu_eff + 2),
                                            (1 - a->c_1 - a->c_mu) / (n * a->c_mu)));
    for (uint32_t i = 0; i < a->lambda; i++)
        a->weights[i] *= a->weights[i] >= 0 ? 1 / positive : least / negative;
    a->c_sigma = (a->mu_eff + 2) / (n + a->mu_eff + 5);
    a->d_sigma = 1 + 2 * fmax(0, sqrt((a->mu_eff - 1) / (n + 1)) - 1) + a->c_sigma;
    a->c_c = (4 + a->mu_eff / n) / (n + 4 + 2 * a->mu_eff / n);
    a->chi = sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    a->term = 10 + (uint64_t)ceil(30 * n / a->lambda);
    /* decomposing each generation would cost n^3 for what changes little: B.2 of the tutorial */
    a->eigen_gap = a->adapts ? 1 : (uint64_t)fmax(1, floor(1 / (10 * n * (a->c_1 + a->c_mu))));
}

hone_rc cma_init(struct cma *a, uint32_t n, uint32_t lambda, uint32_t adapts)
{
    const uint64_t nn = (uint64_t)n * n;
    double *p;
    memset(a, 0, sizeof *a);
    a->n = n;
    a->lambda = lambda;
    a->mu = lambda / 2;
    a->adapts = adapts;
    if (!(a->weights = (double *)calloc(lambda, sizeof *a->weights)))
        return HONE_ENOMEM;
    set_rates(a);
    a->n_state = 5 * (uint64_t)n + 2 * nn + 2 * a->term + (adapts ? n + nn : 0);
    a->state = (double *)calloc((size_t)a->n_state, sizeof *a->state);
    a->bt = (double *)calloc((size_t)nn, sizeof *a->bt);
    a->old_c = (double *)calloc((size_t)(2 * nn), sizeof *a->old_c);
    a->old_mean = (double *)calloc(n, sizeof *a->old_mean);
    a->work = (double *)calloc(((size_t)lambda + 4) * n, sizeof *a->work);
    if (!a->state || !a->bt || !a->work || !a->old_mean || !a->old_c)
        return HONE_ENOMEM;
    p = a->state;
    a->mean = p;
    a->p_sigma = p += n;
    a->p_c = p += n;
    a->scale = p += n;
    a->d = p += n;
    a->c = p += n;
    a->b = p += nn;
    a->best = p += nn;
    a->worst = p += a->term;
    p += a->term;
    if (adapts) {
        a->e_mean = p;
        a->e_cov = p + n;
    }
    return HONE_OK;
}

void cma_release(struct cma *a)
{
    free(a->weights);
    free(a->state);
    free(a->bt);
    free(a->work);
    free(a->old_mean);
    free(a->old_c);
    memset(a, 0, sizeof *a);
}

void cma_loaded(struct cma *a)
{
    const uint32_t n = a->n;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++)
            a->bt[j * n + i] = a->b[i * n + j];
}

/* Axes of C. 0: it has none that are numbers. Eigenvalues that rounding made negative are lifted, in C too. */
static int decompose(struct cma *a)
{
    const uint32_t n = a->n;
    int lifted = 0;
    memcpy(a->b, a->c, (size_t)n * n * sizeof *a->b);
    if (!symmetric_eigen(a->b, a->d, a->work, n))
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        const double least = EIGENVALUE_LEAST * fmax(a->d[n - 1], DBL_MIN);
        if (a->d[i] < least) {
            a->d[i] = least;
            lifted = 1;
        }
        a->d[i] = sqrt(a->d[i]);
    }
    cma_loaded(a);
    if (lifted) {
        memset(a->c, 0, (size_t)n * n * sizeof *a->c);
        for (uint32_t k = 0; k < n; k++)
            for (uint32_t i = 0; i < n; i++)
                add_scaled(a->c + i * n, a->bt + k * n, a->d[k] * a->d[k] * a->bt[k * n + i], n);
    }
    a->s.decomposed = a->s.generation;
    return 1;
}

void cma_start(struct cma *a, const double *mean, double sigma, const double *covariance)
{
    const uint32_t n = a->n;
    memset(a->state, 0, (size_t)a->n_state * sizeof *a->state);
    memset(&a->s, 0, sizeof a->s);
    a->s.sigma = a->s.sigma_start = sigma;
    a->s.eta_mean = a->s.eta_cov = 1;
    memcpy(a->mean, mean, n * sizeof *mean);
    for (uint32_t i = 0; i < n; i++)
        a->scale[i] = a->d[i] = a->b[i * n + i] = a->c[i * n + i] = 1;
    if (covariance) {
        memcpy(a->c, covariance, (size_t)n * n * sizeof *covariance);
        if (decompose(a))
            return;
        memset(a->c, 0, (size_t)n * n * sizeof *a->c);
        memset(a->b, 0, (size_t)n * n * sizeof *a->b);
        for (uint32_t i = 0; i < n; i++)
            a->d[i] = a->b[i * n + i] = a->c[i * n + i] = 1;
    }
    cma_loaded(a);
}

/* Two normals at a time (Box and Muller): hone_rng_normal keeps one of the pair only. */
void cma_draw(struct cma *a, hone_rng *rng, double *x)
{
    const uint32_t n = a->n;
    double *y = a->work;
    memset(y, 0, n * sizeof *y);
    for (uint32_t k = 0; k < n; k += 2) {
        const double radius = sqrt(-2 * log(1 - hone_rng_uniform(rng)));
        const double angle = 6.283185307179586476925 * hone_rng_uniform(rng);
        add_scaled(y, a->bt + (size_t)k * n, a->d[k] * radius * cos(angle), n);
        if (k + 1 < n)
            add_scaled(y, a->bt + (size_t)(k + 1) * n, a->d[k + 1] * radius * sin(angle), n);
    }
    for (uint32_t i = 0; i < n; i++)
        x[i] = a->mean[i] + a->s.sigma * y[i];
}

/* out = D^-1 B^T y: y in axes where C is the identity.   y, out: (n) */
static void whiten(const struct cma *a, const double *y, double *out)
{
    memset(out, 0, a->n * sizeof *out);
    for (uint32_t i = 0; i < a->n; i++)
        add_scaled(out, a->b + (size_t)i * a->n, y[i], a->n);
    for (uint32_t i = 0; i < a->n; i++)
        out[i] /= a->d[i];
}

/* out += f * B w   w, out: (n) */
static void turn_back(const struct cma *a, const double *w, double f, double *out)
{
    for (uint32_t k = 0; k < a->n; k++)
        add_scaled(out, a->bt + (size_t)k * a->n, f * w[k], a->n);
}

/* c = f c + sum over k of w[k] y_k y_k^T, lower triangle, then its mirror.   y: (m, n)  w: (m) */
static void rank_update(double *c, double f, const double *y, const double *w, uint32_t m, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double *row = c + (size_t)i * n;
        scale(row, f, i + 1);
        for (uint32_t k = 0; k < m; k++)
            add_scaled(row, y + (size_t)k * n, w[k] * y[(size_t)k * n + i], i + 1);
    }
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            c[(size_t)j * n + i] = c[(size_t)i * n + j];
}

/* Squared length of the moving average, its learning rate's new value; Nomura et al. 2023, algorithm 1. */
static double adapted_rate(double squares, double v, double beta, double eta)
{
    const double below = v - squares;
    double snr = below > 0 ? (squares - beta / (2 - beta) * v) / below : HUGE_VAL;
    snr = snr / LRA_ALPHA / eta - 1;
    snr = snr < -1 ? -1 : snr > 1 ? 1 : snr;
    return fmin(1, eta * exp(fmin(LRA_GAMMA * eta, beta) * snr));
}

/* Takes back part of the step that the generation made from old_mean, old_c and old sigma. b and d are those
 * of old_c. 0: the covariance lost its rank. */
static int adapt_rates(struct cma *a, double old_sigma)
{
    const uint32_t n = a->n;
    const size_t nn = (size_t)n * n;
    struct cma_numbers *s = &a->s;
    const double before = s->eta_mean, new_square = s->sigma * s->sigma, old_square = old_sigma * old_sigma;
    double *delta = a->old_c + nn, *local = a->work, *row = a->work + n, *white = a->work + 2 * (size_t)n;
    double squares = 0, length = 0, log_sum = 0;
    for (uint32_t i = 0; i < n; i++)
        row[i] = a->mean[i] - a->old_mean[i];
    whiten(a, row, white);
    memset(local, 0, n * sizeof *local);
    turn_back(a, white, 1 / old_sigma, local); /* Sigma^-1/2 times the step */
    for (uint32_t i = 0; i < n; i++) {
        length += local[i] * local[i];
        a->e_mean[i] = (1 - LRA_BETA_MEAN) * a->e_mean[i] + LRA_BETA_MEAN * local[i];
        squares += a->e_mean[i] * a->e_mean[i];
    }
    s->v_mean = (1 - LRA_BETA_MEAN) * s->v_mean + LRA_BETA_MEAN * length;
    s->eta_mean = adapted_rate(squares, s->v_mean, LRA_BETA_MEAN, s->eta_mean);
    /* The average of the covariance steps is kept as Sigma^-1/2 delta Sigma^-1/2 / sqrt(2): c holds new,
     * old_c old. */
    for (size_t i = 0; i < nn; i++)
        delta[i] = new_square * a->c[i] - old_square * a->old_c[i];
    for (uint32_t i = 0; i < n; i++) { /* rows: delta Sigma^-1/2 */
        memcpy(row, delta + (size_t)i * n, n * sizeof *row);
        whiten(a, row, white);
        memset(a->c + (size_t)i * n, 0, n * sizeof *a->c);
        turn_back(a, white, 1 / old_sigma, a->c + (size_t)i * n);
    }
    length = squares = 0;
    for (uint32_t j = 0; j < n; j++) { /* columns: Sigma^-1/2 of them */
        for (uint32_t i = 0; i < n; i++)
            row[i] = a->c[(size_t)i * n + j];
        whiten(a, row, white);
        memset(local, 0, n * sizeof *local);
        turn_back(a, white, 1 / (old_sigma * sqrt(2)), local);
        for (uint32_t i = 0; i < n; i++) {
            double *e = a->e_cov + (size_t)i * n + j;
            length += local[i] * local[i];
            *e = (1 - LRA_BETA_COV) * *e + LRA_BETA_COV * local[i];
            squares += *e * *e;
        }
    }
    s->v_cov = (1 - LRA_BETA_COV) * s->v_cov + LRA_BETA_COV * length;
    s->eta_cov = adapted_rate(squares, s->v_cov, LRA_BETA_COV, s->eta_cov);
    for (uint32_t i = 0; i < n; i++)
        a->mean[i] = a->old_mean[i] + s->eta_mean * (a->mean[i] - a->old_mean[i]);
    for (size_t i = 0; i < nn; i++)
        a->c[i] = old_square * a->old_c[i] + s->eta_cov * delta[i];
    memcpy(delta, a->c, nn * sizeof *delta);
    if (!symmetric_eigen(delta, white, row + 2 * (size_t)n, n))
        return 0;
    for (uint32_t i = 0; i < n; i++) {
        if (!(white[i] > 0))
            return 0;
        log_sum += log(white[i]);
    }
    s->sigma = fmin(exp(log_sum / 2 / n), SIGMA_MOST);
    for (size_t i = 0; i < nn; i++)
        a->c[i] /= s->sigma * s->sigma;
    s->sigma *= before / s->eta_mean;
    return 1;
}

/* y_k = (x_k - mean) / sigma into y, those of foreign points shortened; their squared lengths in the axes of C. */
static void steps_of(const struct cma *a, const double *const *x, const uint8_t *foreign, double *y, double *lengths,
                     double *white)
{
    const double n = a->n, longest = sqrt(n) + 2 * n / (n + 2);
    for (uint32_t k = 0; k < a->lambda; k++) {
        double *row = y + (size_t)k * a->n;
        for (uint32_t i = 0; i < a->n; i++)
            row[i] = (x[k][i] - a->mean[i]) / a->s.sigma;
        lengths[k] = 0;
        if (k < a->mu && !foreign[k])
            continue; /* nothing asks for it */
        whiten(a, row, white);
        lengths[k] = dot(white, white, a->n);
        if (foreign[k] && lengths[k] > longest * longest) {
            scale(row, longest / sqrt(lengths[k]), a->n);
            lengths[k] = longest * longest;
        }
    }
}

int cma_update(struct cma *a, const double *const *x, const uint8_t *foreign, double best, double worst)
{
    const uint32_t n = a->n;
    struct cma_numbers *s = &a->s;
    double *y = a->work, *y_w = y + (size_t)a->lambda * n, *white = y_w + n, *lengths = NULL;
    double norm, left, h_sigma, sum = 0, old_sigma = s->sigma;
    int ok = 0;
    if (!(lengths = (double *)malloc(((size_t)a->lambda + 1) * sizeof *lengths)))
        return 0;
    s->generation++;
    a->best[s->generation % a->term] = best;
    a->worst[s->generation % a->term] = worst;
    if (a->adapts) {
        memcpy(a->old_mean, a->mean, n * sizeof *a->mean);
        memcpy(a->old_c, a->c, (size_t)n * n * sizeof *a->c);
    }
    steps_of(a, x, foreign, y, lengths, white);
    memset(y_w, 0, n * sizeof *y_w);
    for (uint32_t k = 0; k < a->mu; k++)
        add_scaled(y_w, y + (size_t)k * n, a->weights[k], n); /* eq. 41 */
    add_scaled(a->mean, y_w, s->sigma, n);                    /* eq. 42 */
    whiten(a, y_w, white);
    scale(a->p_sigma, 1 - a->c_sigma, n);
    turn_back(a, white, sqrt(a->c_sigma * (2 - a->c_sigma) * a->mu_eff), a->p_sigma); /* eq. 43 */
    norm = sqrt(dot(a->p_sigma, a->p_sigma, n));
    s->sigma = fmin(s->sigma * exp(a->c_sigma / a->d_sigma * (norm / a->chi - 1)), SIGMA_MOST); /* eq. 44 */
    left = norm / sqrt(1 - pow(1 - a->c_sigma, 2 * ((double)s->generation + 1)));
    h_sigma = left < (1.4 + 2 / (n + 1.0)) * a->chi ? 1 : 0;
    scale(a->p_c, 1 - a->c_c, n);
    add_scaled(a->p_c, y_w, h_sigma * sqrt(a->c_c * (2 - a->c_c) * a->mu_eff), n); /* eq. 45 */
    for (uint32_t k = 0; k < a->lambda; k++) {
        sum += a->weights[k];
        lengths[k] = a->c_mu * a->weights[k] * (a->weights[k] >= 0 ? 1 : n / (lengths[k] + 1e-8)); /* eq. 46 */
    }
    memcpy(y_w, a->p_c, n * sizeof *y_w); /* the rank-one step is one more point of the sum, eq. 47 */
    lengths[a->lambda] = a->c_1;
    rank_update(a->c, 1 + a->c_1 * (1 - h_sigma) * a->c_c * (2 - a->c_c) - a->c_1 - a->c_mu * sum, y, lengths,
                a->lambda + 1, n);
    if (a->adapts && !adapt_rates(a, old_sigma))
        goto out;
    for (uint32_t i = 0; i < n; i++)
        if (!isfinite(a->mean[i]) || !isfinite(a->c[(size_t)i * n + i]) || !(a->c[(size_t)i * n + i] > 0))
            goto out;
    if (!isfinite(s->sigma) || !(s->sigma > 0))
        goto out;
    ok = s->generation - s->decomposed < a->eigen_gap || decompose(a);
out:
    free(lengths);
    return ok;
}

void cma_margin(struct cma *a, uint32_t j, double low, double high, double margin)
{
    const double deviation = a->s.sigma * sqrt(a->c[(size_t)j * a->n + j]), m = a->mean[j];
    const double width = deviation * a->scale[j];
    double p = 0.5 * erfc((m - low) / width * 0.70710678118654752440); /* below the interval */
    double q = 0.5 * erfc((high - m) / width * 0.70710678118654752440);
    const double middle = 1 - p - q;
    double least_p, least_q, rest, below, u, v;
    if (fmax(p, q) > 0.5) { /* an outermost value */
        if (fmin(p, q) < margin)
            a->mean[j] = high + (m > high ? 1 : -1) * width * -hone_normal_quantile(margin);
        return;
    }
    least_p = fmax(p, margin / 2);
    least_q = fmax(q, margin / 2);
    rest = 1 - least_p - least_q - middle;
    below = least_p + middle + least_q - 3 * margin / 2;
    p = least_p + rest * (least_p - margin / 2) / below;
    q = least_q + rest * (least_q - margin / 2) / below;
    p = p < 1e-10 ? 1e-10 : p > 0.5 - 1e-10 ? 0.5 - 1e-10 : p;
    q = q < 1e-10 ? 1e-10 : q > 0.5 - 1e-10 ? 0.5 - 1e-10 : q;
    u = -hone_normal_quantile(p);
    v = -hone_normal_quantile(q);
    a->scale[j] = (high - low) / ((u + v) * deviation);
    a->mean[j] = (low * v + high * u) / (u + v);
}

const char *cma_stops(struct cma *a, double tolerance_value, double tolerance_point)
{
    const uint32_t n = a->n;
    const double sigma = a->s.sigma;
    double low = HUGE_VAL, high = -HUGE_VAL;
    const double least = tolerance_point * a->s.sigma_start;
    uint32_t small = 1, idle = 1;
    const uint32_t axis = (uint32_t)(a->s.generation % n);
    for (uint64_t i = 0; i < a->term; i++) {
        low = fmin(low, a->best[i]);
        high = fmax(high, a->worst[i]);
    }
    if (a->s.generation > a->term && high - low <= tolerance_value)
        return "the values of the last generations are equal";
    for (uint32_t i = 0; i < n && small; i++)
        small = sigma * sqrt(a->c[(size_t)i * n + i]) * a->scale[i] < least && fabs(sigma * a->p_c[i]) < least;
    if (small)
        return "the steps are too small to tell points apart";
    if (sigma * a->d[n - 1] > 1e4)
        return "the steps grow without end";
    if (a->d[n - 1] > 1e7 * a->d[0])
        return "the condition number of the covariance exceeds 1e14";
    for (uint32_t i = 0; i < n; i++) {
        const double m = a->mean[i];
        if (m + 0.2 * sigma * sqrt(a->c[(size_t)i * n + i]) <= m)
            return "a coordinate's steps vanish in rounding";
        idle = idle && !(m + 0.1 * sigma * a->d[axis] * a->bt[(size_t)axis * n + i] < m) &&
               !(m + 0.1 * sigma * a->d[axis] * a->bt[(size_t)axis * n + i] > m);
    }
    return idle ? "an axis' steps vanish in rounding" : NULL;
}

int cma_promising(const double *const *x, uint64_t n_points, uint32_t n, double alpha, double *mean, double *sigma,
                  double *covariance, double *work)
{
    double log_sum = 0, *values = NULL;
    int ok = 0;
    if (!(values = (double *)malloc(3 * (size_t)n * sizeof *values)))
        return 0;
    memset(mean, 0, n * sizeof *mean);
    memset(covariance, 0, (size_t)n * n * sizeof *covariance);
    for (uint64_t k = 0; k < n_points; k++)
        add_scaled(mean, x[k], 1 / (double)n_points, n);
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t j = 0; j < n; j++) {
            for (uint64_t k = 0; k < n_points; k++)
                covariance[(size_t)i * n + j] += (x[k][i] - mean[i]) * (x[k][j] - mean[j]) / (double)n_points;
            covariance[(size_t)i * n + j] += i == j ? alpha * alpha : 0;
        }
    }
    memcpy(work, covariance, (size_t)n * n * sizeof *work);
    if (!symmetric_eigen(work, values, values + n, n))
        goto out;
    for (uint32_t i = 0; i < n; i++) {
        if (!(values[i] > 0))
            goto out;
        log_sum += log(values[i]);
    }
    *sigma = exp(log_sum / 2 / n);
    scale(covariance, 1 / (*sigma * *sigma), (uint32_t)((size_t)n * n));
    ok = 1;
out:
    free(values);
    return ok;
}

int cma_is_sound(const struct cma *a)
{
    const struct cma_numbers *s = &a->s;
    for (uint64_t i = 0; i < a->n_state; i++)
        if (!isfinite(a->state[i]) && (a->state + i < a->best || a->state + i >= a->best + 2 * a->term))
            return 0;
    for (uint32_t i = 0; i < a->n; i++)
        if (!(a->d[i] > 0) || !(a->scale[i] > 0) || !(a->c[(size_t)i * a->n + i] > 0))
            return 0;
    return s->sigma > 0 && isfinite(s->sigma) && s->sigma_start > 0 && isfinite(s->sigma_start) &&
           isfinite(s->v_mean) && isfinite(s->v_cov) && s->eta_mean > 0 && s->eta_mean <= 1 && s->eta_cov > 0 &&
           s->eta_cov <= 1 && s->decomposed <= s->generation;
}
