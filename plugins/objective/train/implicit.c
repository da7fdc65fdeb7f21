/* SPDX-License-Identifier: MIT */
/* Derivatives by the implicit function theorem (Lorraine, Vicol and Duvenaud 2020, "Optimizing millions of hyperparameters by
 * implicit differentiation", AISTATS, algorithms 1 to 3). Where a training has come to rest, G(w, c) = 0, with G the gradient
 * of the loss and of all that regularizers add, and
 *
 *     dL_val / dc = - q' dG / dc,    H q = dL_val / dw,    H = dG / dw
 *     q = alpha * sum over k = 0 .. terms of (I - alpha P H)^k P dL_val / dw    (Neumann)
 *
 * P is the optimizer's gain, a number for each weight: the terms of the series are then steps as the optimizer makes them, which
 * adam's are not along the gradient, and the directions in which it moves fast are those that few terms take in. Where the series
 * is whole, P cancels. Products with H are central differences of G. */
#include "hypergradient.h"

#include "hone/simd.h"

#include <string.h>

enum { POWER_ITERATIONS = 12 };
/* A share of the greatest curvature found by so few iterations: the rest is what they may have missed. */
static const double CAUTION = 1.2;

struct solver {
    struct training *t;
    struct hyper *h;
    uint64_t step, batches, turn; /* masks and augmentation; batches of a gradient; the first of them now */
};

/* y = x + factor d     x, d, y: (n) */
HONE_TARGET_CLONES
static void combine(float *restrict y, const float *restrict x, const float *restrict d, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = x[i] + factor * d[i];
}

/* out = H p, where the weights are VECTOR_WEIGHTS; VECTOR_GRADIENT is scratch. */
static hone_rc product(struct solver *s, const float *p, float *out, hone_error *err)
{
    struct hyper *h = s->h;
    const float *w = hyper_vector(h, VECTOR_WEIGHTS);
    float *moved = hyper_vector(h, VECTOR_GRADIENT);
    const double size = hyper_norm(h, p), scale = hyper_norm(h, w);
    const double distance = s->t->settings->hypergradient_epsilon * (scale > 0 ? scale : 1) / size;
    hone_rc rc = HONE_OK;
    if (!(size > 0) || !isfinite(size))
        return hone_fail(err, HONE_ENUMERIC, "hypergradient", "a vector of derivatives is %s",
                         size > 0 ? "infinite" : "0");
    for (int side = 0; side < 2 && rc == HONE_OK; side++) {
        combine(moved, w, p, h->length, (float)(side ? -distance : distance));
        hyper_set_weights(s->t, moved);
        rc = hyper_train_gradient(s->t, s->step, s->turn, s->batches, side ? moved : out, err);
    }
    hyper_set_weights(s->t, w);
    if (rc == HONE_OK)
        for (uint64_t i = 0; i < h->length; i++)
            out[i] = (float)(((double)out[i] - (double)moved[i]) / (2 * distance));
    return rc;
}

/* P, but for weights whose gradient has always been next to 0: adam divides by it, and would say that they move without bounds. */
struct metric {
    const float *gain;
    float most; /* a multiple of the gain of the mean square gradient */
};
static const double MOST_GAIN = 100;

static struct metric metric_of(const struct hyper *h)
{
    const float *gain = hyper_vector(h, VECTOR_GAIN);
    double sum = 0;
    for (uint64_t i = 0; i < h->length; i++)
        sum += 1 / ((double)gain[i] * (double)gain[i]);
    return (struct metric){ gain, (float)(MOST_GAIN * sqrt((double)h->length / sum)) };
}

static inline float gain_at(const struct metric *m, uint64_t i)
{
    return m->gain[i] < m->most ? m->gain[i] : m->most;
}

/* y = P x     x, y: (n); in place allowed */
static void precondition(const struct metric *m, float *y, const float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = gain_at(m, i) * x[i];
}

/* 1 / the greatest curvature of P H. p, hp: scratch; p begins as the vector that the series begins with. */
static hone_rc choose_alpha(struct solver *s, const struct metric *m, float *p, float *hp, double *alpha,
                            hone_error *err)
{
    double greatest = 0;
    hone_rc rc = HONE_OK;
    for (int k = 0; k < POWER_ITERATIONS && rc == HONE_OK; k++) {
        if ((rc = product(s, p, hp, err)) != HONE_OK)
            break;
        precondition(m, hp, hp, s->h->length);
        const double size = hyper_norm(s->h, p), grown = hyper_norm(s->h, hp);
        if (!(grown > 0))
            break;
        greatest = grown / size;
        for (uint64_t i = 0; i < s->h->length; i++)
            p[i] = (float)((double)hp[i] / grown);
    }
    if (rc == HONE_OK && !(greatest > 0))
        return hone_fail(err, HONE_ENUMERIC, "hypergradient_alpha",
                         "the training loss does not curve along the derivative of the validation loss: give "
                         "hypergradient_alpha");
    *alpha = 1 / (CAUTION * greatest);
    return rc;
}

/* VECTOR_A becomes q; VECTOR_B, VECTOR_C are scratch. VECTOR_VALIDATION: the right-hand side. Where a training ends early the loss
 * may curve downwards along some direction, in which the series grows: with an alpha found here it is summed half the way to where
 * it has grown by 100. */
static hone_rc solve(struct solver *s, hone_error *err)
{
    struct hyper *h = s->h;
    const struct settings *settings = s->t->settings;
    const float *v = hyper_vector(h, VECTOR_VALIDATION);
    float *q = hyper_vector(h, VECTOR_A), *p = hyper_vector(h, VECTOR_B), *hp = hyper_vector(h, VECTOR_C);
    const size_t bytes = h->length * sizeof *v;
    const struct metric m = metric_of(h);
    double size = hyper_norm(h, v);
    double alpha = settings->hypergradient_alpha;
    hone_rc rc = HONE_OK;
    memset(q, 0, bytes);
    if (!(size > 0)) /* nothing to gain by moving the weights */
        return HONE_OK;
    precondition(&m, q, v, h->length);
    size = hyper_norm(h, q);
    memcpy(p, q, bytes);
    if (!(alpha > 0))
        rc = choose_alpha(s, &m, p, hp, &alpha, err);
    memcpy(p, q, bytes);
    int64_t terms = settings->hypergradient_terms;
    for (int64_t k = 0; k < terms && rc == HONE_OK; k++) {
        if ((rc = product(s, p, hp, err)) != HONE_OK)
            break;
        for (uint64_t i = 0; i < h->length; i++) {
            p[i] -= (float)alpha * gain_at(&m, i) * hp[i];
            q[i] += p[i];
        }
        const double now = hyper_norm(h, p);
        s->turn += s->batches;
        if (!(now < 100 * size) && k > 0 && !(settings->hypergradient_alpha > 0)) { /* along a curvature below 0 */
            terms = k / 2;
            k = -1;
            precondition(&m, q, v, h->length);
            memcpy(p, q, bytes);
            continue;
        }
        if (!(now < 100 * size))
            return hone_fail(err, HONE_ENUMERIC, "hypergradient_alpha",
                             "the Neumann series grows with hypergradient_alpha = %g (term %lld): give a smaller one",
                             alpha, (long long)k + 1);
        if (now < 1e-7 * size)
            break;
    }
    for (uint64_t i = 0; i < h->length; i++)
        q[i] *= (float)alpha;
    return rc;
}

/* r' P r     r: (n) */
static double squared(const struct metric *m, const float *r, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)gain_at(m, i) * (double)r[i] * (double)r[i];
    return sum;
}

/* The same by conjugate gradients (Hestenes and Stiefel 1952), preconditioned by P: fewer products where all curvatures are
 * positive; along one that is not, they end (Steihaug 1983). */
static hone_rc solve_conjugate(struct solver *s, hone_error *err)
{
    struct hyper *h = s->h;
    const uint64_t n = h->length;
    const struct metric m = metric_of(h);
    float *r = hyper_vector(h, VECTOR_VALIDATION); /* what is left of the right-hand side */
    float *q = hyper_vector(h, VECTOR_A), *p = hyper_vector(h, VECTOR_B), *hp = hyper_vector(h, VECTOR_C);
    const double first = squared(&m, r, n);
    double left = first;
    hone_rc rc = HONE_OK;
    memset(q, 0, n * sizeof *q);
    precondition(&m, p, r, n);
    for (int64_t k = 0; k < s->t->settings->hypergradient_terms && left > 1e-12 * first && rc == HONE_OK; k++) {
        if ((rc = product(s, p, hp, err)) != HONE_OK)
            break;
        const double curvature = hone_dot(p, hp, n);
        if (!(curvature > 0)) {
            if (k == 0)
                return hone_fail(err, HONE_ENUMERIC, "hypergradient_solver",
                                 "the training loss does not curve upwards along the derivative of the validation "
                                 "loss: use hypergradient_solver = neumann, or train longer");
            break;
        }
        const double step = left / curvature, before = left;
        for (uint64_t i = 0; i < n; i++) {
            q[i] += (float)(step * (double)p[i]);
            r[i] -= (float)(step * (double)hp[i]);
        }
        left = squared(&m, r, n);
        for (uint64_t i = 0; i < n; i++)
            p[i] = (float)((double)gain_at(&m, i) * (double)r[i] + left / before * (double)p[i]);
    }
    return rc;
}

/* q' dG / dc by central differences of G, all else held; VECTOR_GRADIENT is scratch. Of noise, the mean over its draws and their
 * mirror images: G is odd in a draw but for what the deviation does, and a pass has too few of them to tell that from chance. */
static hone_rc difference(struct solver *s, const struct coefficient *c, double *out, hone_error *err)
{
    struct hyper *h = s->h;
    const double at = *hyper_value(h, c);
    const float *q = hyper_vector(h, VECTOR_A);
    float *gradient = hyper_vector(h, VECTOR_GRADIENT);
    double ends[2], sides[2] = { 0, 0 };
    hone_rc rc = HONE_OK;
    coefficient_ends(c, at, ends);
    const int images = c->mirrors ? 2 : 1;
    for (int k = 0; k < 2 * images && rc == HONE_OK; k++) {
        hyper_set(h, c, k < 2 ? ends[k] : -ends[k - 2]);
        rc = hyper_train_gradient(s->t, s->step, 0, s->t->steps_per_epoch, gradient, err);
        sides[k % 2] += hone_dot(q, gradient, h->length) / images;
    }
    hyper_set(h, c, at);
    *out = (sides[1] - sides[0]) / (ends[1] - ends[0]);
    return rc;
}

/* Penalties that say their derivatives in one go; the others, and what acts on the loss, one by one. */
static hone_rc derivatives_of(struct solver *s, const hone_update *now, hone_error *err)
{
    struct hyper *h = s->h;
    float *q = hyper_vector(h, VECTOR_A), *divided = hyper_vector(h, VECTOR_B);
    const float *gain = hyper_vector(h, VECTOR_GAIN);
    double told[HYPER_MOST];
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < h->length; i++)
        divided[i] = q[i] / gain[i];
    for (uint32_t i = 0; i < h->n && rc == HONE_OK; i++) {
        struct coefficient *c = &h->items[i];
        const struct source *source = &h->sources[c->source];
        if (c->acts != HONE_HYPER_LOSS && source->hyper.vjp) {
            rc = hyper_vjp(s->t, source, c->acts == HONE_HYPER_DECAY ? divided : q, now, told, err);
            c->derivative = -told[c->index];
        } else {
            rc = difference(s, c, &c->derivative, err);
            c->derivative = -c->derivative;
        }
    }
    return rc;
}

/* Two gradients at one place are the same, unless some regularizer draws what it adds. */
static hone_rc check_repeats(struct solver *s, hone_error *err)
{
    float *a = hyper_vector(s->h, VECTOR_A), *b = hyper_vector(s->h, VECTOR_B);
    hone_rc rc = hyper_train_gradient(s->t, s->step, 0, 1, a, err);
    if (rc == HONE_OK)
        rc = hyper_train_gradient(s->t, s->step, 0, 1, b, err);
    if (rc != HONE_OK || !memcmp(a, b, s->h->length * sizeof *a))
        return rc;
    return hone_fail(err, HONE_ENOTSUP, "hypergradient",
                     "some regularizer adds something else to the gradient each time it is called, so "
                     "that its differences mean nothing: leave it out, or use hypergradient = unrolled");
}

hone_rc implicit_derivatives(struct training *t, hone_error *err)
{
    struct hyper *h = t->hyper;
    const uint64_t wanted = (uint64_t)t->settings->hypergradient_batches;
    struct solver s = { t, h, t->step, wanted && wanted < t->steps_per_epoch ? wanted : t->steps_per_epoch, 0 };
    const hone_update now = { sizeof now, 0, t->step ? t->step : 1, 1 };
    hone_rc rc = hyper_gain(t, &now, err);
    if (rc == HONE_OK)
        rc = check_repeats(&s, err);
    if (rc == HONE_OK)
        rc = hyper_validation_gradient(t, hyper_vector(h, VECTOR_VALIDATION), err);
    hyper_get_weights(t, hyper_vector(h, VECTOR_WEIGHTS));
    if (rc == HONE_OK)
        rc = t->settings->hypergradient_solver == SOLVER_NEUMANN ? solve(&s, err) : solve_conjugate(&s, err);
    return rc == HONE_OK ? derivatives_of(&s, &now, err) : rc;
}
