/* SPDX-License-Identifier: MIT */
/* search/gp: the hyperparameters by maximum a posteriori, the priors they have, and NLopt's L-BFGS (Liu, D. C. and
 * Nocedal, J. (1989), Math. Programming 45; Luksan's code). */
#include "gp.h"

#include <nlopt.h>

/* Length scales: log-normal, its location growing with the number of dimensions (Hvarfner, C., Hellsten, E. O. and Nardi,
 * L. (2024), "Vanilla Bayesian optimization performs great in high dimensions", ICML; BoTorch's default since 0.12). */
static double length_location(uint32_t d)
{
    return 1.41421356237309504880 + 0.5 * log((double)d);
}
#define LENGTH_VARIANCE 3.0
/* Signal variance: gamma(2, 1); noise variance: gamma(1.1, 30): Optuna 5, optuna/_gp/prior.py. */
#define SIGNAL_SHAPE 2.0
#define SIGNAL_RATE  1.0
#define NOISE_SHAPE  1.1
#define NOISE_RATE   30.0
/* log a and log b of the warping: normal(0, 1/4), as in Snoek, J., Swersky, K., Zemel, R. and Adams, R. P. (2014), "Input
 * warping for Bayesian optimization of non-stationary functions", ICML, section 3.1, but narrower than their 1/2: with
 * three parameters a dimension and a hundred outcomes, wider priors let the warping fit ripples (ackley10). */
#define WARP_VARIANCE 0.0625

#define LEAST_NOISE 1e-8
#define MOST_NOISE  1.0

double prior_density(const struct model *m, const double *theta, double *gradient)
{
    const uint32_t d = m->features->n;
    const double signal = exp(theta[THETA_SIGNAL(d)]), noise = exp(theta[THETA_NOISE(d)]);
    double density = 0;
    for (uint32_t k = 0; k < d; k++) {
        const double log_length = -0.5 * theta[k], off = log_length - length_location(d);
        density += -log_length - off * off / (2 * LENGTH_VARIANCE);
        if (gradient)
            gradient[k] += 0.5 * (1 + off / LENGTH_VARIANCE);
        if (!m->is_warped || m->features->list[k].is_category)
            continue;
        for (int i = 0; i < 2; i++) {
            const uint32_t at = i ? THETA_B(d, k) : THETA_A(d, k);
            density -= theta[at] * theta[at] / (2 * WARP_VARIANCE);
            if (gradient)
                gradient[at] -= theta[at] / WARP_VARIANCE;
        }
    }
    density += (SIGNAL_SHAPE - 1) * theta[THETA_SIGNAL(d)] - SIGNAL_RATE * signal;
    density += (NOISE_SHAPE - 1) * theta[THETA_NOISE(d)] - NOISE_RATE * noise;
    if (gradient) {
        gradient[THETA_SIGNAL(d)] += SIGNAL_SHAPE - 1 - SIGNAL_RATE * signal;
        gradient[THETA_NOISE(d)] += NOISE_SHAPE - 1 - NOISE_RATE * noise;
    }
    return density;
}

void prior_start(const struct model *m, double noise, double *theta)
{
    const uint32_t d = m->features->n;
    memset(theta, 0, THETA_LENGTH(d) * sizeof *theta);
    for (uint32_t k = 0; k < d; k++)
        theta[k] = -2 * (length_location(d) - LENGTH_VARIANCE);
    theta[THETA_SIGNAL(d)] = log((SIGNAL_SHAPE - 1) / SIGNAL_RATE);
    theta[THETA_NOISE(d)] = log(noise > 0 ? noise : 1e-4);
}

struct climb {
    struct model *model;
    struct workspace *work;
    const hone_host *host;
    nlopt_opt opt;
    double best;
    double *best_theta; /* (n) */
    int cancelled;
};

static double climb_value(unsigned n, const double *theta, double *gradient, void *data)
{
    struct climb *c = (struct climb *)data;
    const double density = model_evidence(c->model, c->work, theta, gradient);
    if (density > c->best) {
        c->best = density;
        memcpy(c->best_theta, theta, n * sizeof *theta);
    }
    if (c->host && c->host->cancelled(c->host)) {
        c->cancelled = 1;
        nlopt_force_stop(c->opt);
    }
    /* a line search wants a number: worse than anything a point of full rank has */
    return isfinite(density) ? density : -1e10;
}

static void set_bounds(const struct model *m, double noise, double *low, double *high)
{
    const uint32_t d = m->features->n;
    for (uint32_t k = 0; k < d; k++) {
        const int warps = m->is_warped && !m->features->list[k].is_category;
        low[k] = log(1e-8);
        high[k] = log(1e5); /* length scales of 1/300 to 10^4 times the range */
        low[THETA_A(d, k)] = low[THETA_B(d, k)] = warps ? log(0.1) : 0;
        high[THETA_A(d, k)] = high[THETA_B(d, k)] = warps ? log(10) : 0;
    }
    low[THETA_SIGNAL(d)] = log(1e-3);
    high[THETA_SIGNAL(d)] = log(1e3);
    low[THETA_NOISE(d)] = log(noise > 0 ? noise : LEAST_NOISE);
    high[THETA_NOISE(d)] = log(noise > 0 ? noise : MOST_NOISE);
}

hone_rc model_fit(struct model *m, struct workspace *w, double noise, int fresh, const hone_host *host, hone_error *err)
{
    enum { STARTS = 2 };
    const uint32_t n = THETA_LENGTH(m->features->n);
    double *room = (double *)calloc((size_t)n * 4, sizeof *room);
    double *low = room, *high = low + n, *theta = high + n;
    nlopt_opt opt = nlopt_create(NLOPT_LD_LBFGS, n);
    struct climb climb = { m, w, host, opt, -HUGE_VAL, theta + n, 0 };
    hone_rc rc = HONE_OK;
    if (!room || !opt) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for fitting a Gaussian process");
        goto out;
    }
    set_bounds(m, noise, low, high);
    if (nlopt_set_lower_bounds(opt, low) < 0 || nlopt_set_upper_bounds(opt, high) < 0 ||
        nlopt_set_max_objective(opt, climb_value, &climb) < 0 || nlopt_set_ftol_abs(opt, 1e-2) < 0 ||
        nlopt_set_maxeval(opt, m->n <= 100 ? 40 : 30) < 0) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for fitting a Gaussian process");
        goto out;
    }
    for (int start = 0; start < STARTS && !climb.cancelled; start++) {
        double density;
        if (start == 0 && !m->fitted_n)
            continue;
        if (start == 1 && m->fitted_n && !fresh)
            continue;
        if (start == 0)
            memcpy(theta, m->theta, n * sizeof *theta);
        else
            prior_start(m, noise, theta);
        for (uint32_t i = 0; i < n; i++)
            theta[i] = theta[i] < low[i] ? low[i] : theta[i] > high[i] ? high[i] : theta[i];
        /* its verdict is not needed: the best point seen counts, however the line search ended */
        (void)nlopt_optimize(opt, theta, &density);
    }
    if (climb.cancelled) {
        rc = hone_fail(err, HONE_ECANCELED, "", "cancelled while fitting a Gaussian process");
        goto out;
    }
    if (climb.best > -HUGE_VAL)
        memcpy(m->theta, climb.best_theta, n * sizeof *m->theta);
    else
        prior_start(m, noise > 0 ? noise : 1e-2, m->theta);
    m->fitted_n = m->n;
out:
    if (opt)
        nlopt_destroy(opt);
    free(room);
    return rc;
}
