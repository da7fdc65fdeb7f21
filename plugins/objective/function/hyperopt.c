/* SPDX-License-Identifier: MIT */
/* The test domains of hyperopt (Bergstra, Yamins and Cox 2013; hyperopt/tests/unit/test_domains.py) with their own spaces.
 * Its ninth, branin, is in box.c. What hyperopt draws from one generator per run comes from the trial's seed here. */
#include "problems.h"
#include "hone/rng.h"

#include <stddef.h>

enum { NOISE_STREAM = 1 }; /* of the seed derived for the problem's own noise */
static double noise(const struct query *q, double deviation)
{
    hone_rng rng = hone_rng_at(q->seed, NOISE_STREAM);
    return q->exact ? 0 : deviation * hone_rng_normal(&rng);
}

static double quadratic1(const double *x, uint32_t n)
{
    (void)n;
    return (x[0] - 3) * (x[0] - 3);
}

/* o_x chooses whether x_neg or x_pos is there */
static double q1_choice(const double *x, uint32_t n)
{
    const double distance = x[0] < 0.5 ? -3 - x[1] : 3 - x[2];
    (void)n;
    return distance * distance;
}

static double q1_lognormal(const double *x, uint32_t n)
{
    (void)n;
    return fmin(0.1 * (x[0] - 10) * (x[0] - 10), 10);
}

/* Two arms, normal around -1 and 0 with deviation 1. */
static void n_arms(const struct query *q, double *values, double *constraints)
{
    (void)constraints;
    values[0] = (q->x[0] < 0.5 ? -1 : 0) + noise(q, 1);
}

/* A spike at -10 and an asymptote that leads away from it. */
static double distractor(const double *x, uint32_t n)
{
    (void)n;
    return -1 / (1 + exp(-x[0])) - 2 * exp(-(x[0] + 10) * (x[0] + 10));
}

static double gauss_wave(const double *x, uint32_t n)
{
    const double t = x[1] < 0.5 ? x[0] : x[0] + 3.14159265358979323846;
    (void)n;
    return -sin(t) - 2 * exp(-(t / 5) * (t / 5));
}

/* hf chooses whether the wave of amplitude amp is there; noise of deviation 0.1 */
static void gauss_wave2(const struct query *q, double *values, double *constraints)
{
    const double t = 2 * exp(-(q->x[0] / 5) * (q->x[0] / 5)) + noise(q, 0.1);
    (void)constraints;
    values[0] = -t - (q->x[1] < 0.5 ? 0 : sin(q->x[0]) * q->x[2]);
}

static double many_dists(const double *x, uint32_t n)
{
    double z = 0;
    for (uint32_t i = 0; i < n; i++)
        z += x[i];
    return log(1e-12 + z * z);
}

/* ---- spaces ---- */
static const char *const two[] = { "0", "1" }, *const three[] = { "0", "1", "2" };
static const double index_0[] = { 0 }, index_1[] = { 1 }, tenth[] = { 0.1, 0.9 };
static const hone_condition is_0 = { sizeof(hone_condition), 0, HONE_EQ, 1, index_0 };
static const hone_condition is_1 = { sizeof(hone_condition), 0, HONE_EQ, 1, index_1 };
static const hone_condition wave_on = { sizeof(hone_condition), 1, HONE_EQ, 1, index_1 };
static const hone_condition *const if_0[] = { &is_0 }, *const if_1[] = { &is_1 }, *const if_wave[] = { &wave_on };

#define DIM(name, ...) static const hone_dim name = { .size = sizeof(hone_dim), __VA_ARGS__ }
REAL_DIM(quadratic_x, "x", -5, 5);
CHOICE_DIM(branch, "o_x", two);
DIM(x_neg, .type = HONE_DIM_REAL, .key = "x_neg", .min = -5, .max = 5, .n_conditions = 1, .conditions = if_0);
DIM(x_pos, .type = HONE_DIM_REAL, .key = "x_pos", .min = -5, .max = 5, .n_conditions = 1, .conditions = if_1);
DIM(lognormal_x, .type = HONE_DIM_REAL, .flags = HONE_DIM_NORMAL | HONE_DIM_LOG, .key = "x", .max = HUGE_VAL,
    .deviation = 2);
CHOICE_DIM(arm, "x", two);
REAL_DIM(distractor_x, "x", -15, 15);
REAL_DIM(wave_x, "x", -20, 20);
CHOICE_DIM(curve, "curve", two);
CHOICE_DIM(hf, "hf", two);
DIM(amp, .type = HONE_DIM_REAL, .key = "amp", .max = 1, .n_conditions = 1, .conditions = if_wave);
CHOICE_DIM(many_a, "a", three);
DIM(many_b, .type = HONE_DIM_INT, .key = "b", .max = 9, .step = 1);
DIM(many_bb, .type = HONE_DIM_INT, .key = "bb", .min = 12, .max = 24, .step = 1);
REAL_DIM(many_c, "c", 4, 7);
DIM(many_d, .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "d", .min = 0.1353352832366127, .max = 1); /* e^-2 */
DIM(many_e, .type = HONE_DIM_REAL, .key = "e", .max = 9, .step = 3);
DIM(many_f, .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "f", .min = 2, .max = 20, .step = 2);
DIM(many_g, .type = HONE_DIM_REAL, .flags = HONE_DIM_NORMAL, .key = "g", .min = -HUGE_VAL, .max = HUGE_VAL, .mean = 4,
    .deviation = 7);
DIM(many_h, .type = HONE_DIM_REAL, .flags = HONE_DIM_NORMAL | HONE_DIM_LOG, .key = "h", .max = HUGE_VAL, .mean = -2,
    .deviation = 2);
DIM(many_i, .type = HONE_DIM_REAL, .flags = HONE_DIM_NORMAL, .key = "i", .min = -HUGE_VAL, .max = HUGE_VAL, .step = 2,
    .deviation = 10);
DIM(many_j, .type = HONE_DIM_REAL, .flags = HONE_DIM_NORMAL | HONE_DIM_LOG, .key = "j", .max = HUGE_VAL, .step = 1,
    .deviation = 2);
DIM(many_k, .type = HONE_DIM_CHOICE, .n_choices = 2, .key = "k", .max = 1, .choices = two, .weights = tenth);

static const hone_dim *const quadratic1_dims[] = { &quadratic_x }, *const lognormal_dims[] = { &lognormal_x },
                             *const arms_dims[] = { &arm }, *const distractor_dims[] = { &distractor_x };
static const hone_dim *const choice_dims[] = { &branch, &x_neg, &x_pos };
static const hone_dim *const wave_dims[] = { &wave_x, &curve }, *const wave2_dims[] = { &wave_x, &hf, &amp };
static const hone_dim *const many_dims[] = { &many_a, &many_b, &many_bb, &many_c, &many_d, &many_e,
                                             &many_f, &many_g, &many_h,  &many_i, &many_j, &many_k };

/* ---- the table of the family ---- */
static const double three_best[] = { 3 }, choice_best[] = { 0, -3, (double)NAN }, ten_best[] = { 10 },
                    arm_best[] = { 0 }, spike_best[] = { -9.99998864531517 }, wave_best[] = { 1.3664765107631682, 0 },
                    wave2_best[] = { 1.3664765107631682, 1, 1 };
static const double many_best[] = { 0, 0, 12, 4, 1, 0, 2, -20, 1, 0, 0, 0 }; /* the sum is 0 */
#define DOMAIN(domain, space, best, ...)                                                    \
    const struct problem problem_##domain = { .name = #domain,                              \
                                              .n_dims = sizeof(space) / sizeof *(space),    \
                                              .n_values = 1,                                \
                                              .dims = space,                                \
                                              .minimizer = best,                            \
                                              .n_minimizer = sizeof(best) / sizeof *(best), \
                                              __VA_ARGS__ }
DOMAIN(quadratic1, quadratic1_dims, three_best, .value = quadratic1);
DOMAIN(q1_choice, choice_dims, choice_best, .value = q1_choice);
DOMAIN(q1_lognormal, lognormal_dims, ten_best, .value = q1_lognormal);
DOMAIN(n_arms, arms_dims, arm_best, .noisy = 1, .evaluate = n_arms);
DOMAIN(distractor, distractor_dims, spike_best, .value = distractor);
DOMAIN(gauss_wave, wave_dims, wave_best, .value = gauss_wave);
DOMAIN(gauss_wave2, wave2_dims, wave2_best, .noisy = 1, .evaluate = gauss_wave2);
DOMAIN(many_dists, many_dims, many_best, .value = many_dists);
