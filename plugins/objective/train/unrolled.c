/* SPDX-License-Identifier: MIT */
/* Derivatives of single steps: how the validation loss after an update changes with a coefficient of that update (Luketina,
 * Berglund, Greff and Raiko 2016, "Scalable gradient-based tuning of continuous regularization hyperparameters", ICML). With
 * v = dL_val / dw at the new weights w', on a batch of validation samples, and rate the learning rate,
 *
 *     penalty c(w):            - rate * (P v)' dc / dlambda       P: the optimizer's gain, what it remembers held
 *     decay s(w):              - rate * v' ds / dlambda
 *     of the loss:             - rate * (P v)' dg / dlambda       g: the batch's gradient, by central differences
 *     of the optimizer's step:   v' dw' / dlambda
 *
 * The mean over the steps of an epoch that were looked at is what is reported: its sign and its proportions, rather than its
 * size, are those of a whole training's derivative. Coefficients that the training tunes move by Adam after each look (the
 * steps T1 and T2 in turn), those that are searched on a logarithmic scale by their logarithm; so they do where the derivatives
 * reported are implicit ones, too. */
#include "hypergradient.h"

#include <stdlib.h>
#include <string.h>

static const double BETA1 = 0.9, BETA2 = 0.999; /* Kingma and Ba 2015 */
static const double LEAST = 1e-12;              /* of what moves by its logarithm */

void unrolled_epoch_begins(struct training *t)
{
    struct hyper *h = t->hyper;
    for (uint32_t i = 0; h && i < h->n; i++)
        h->items[i].sum = 0;
    if (h)
        h->seen = 0;
}

void unrolled_epoch_ends(struct training *t)
{
    struct hyper *h = t->hyper;
    for (uint32_t i = 0; h && i < h->n && h->seen; i++)
        h->items[i].derivative = h->items[i].sum / (double)h->seen;
}

void unrolled_before_update(struct training *t)
{
    struct hyper *h = t->hyper;
    h->due = t->step % (uint64_t)t->settings->hypergradient_interval == 0;
    if (!h->due)
        return;
    hyper_get_weights(t, hyper_vector(h, VECTOR_WEIGHTS));
    hyper_get_gradients(t, hyper_vector(h, VECTOR_GRADIENT));
}

/* The next validation samples: all of them in turn, in an order of the training's seed and the pass over them. */
static const uint64_t *next_samples(struct training *t)
{
    struct hyper *h = t->hyper;
    const uint64_t batch = (uint64_t)hone_net_batch(h->validate[0]), batches = t->validation.n / batch;
    const uint64_t round = h->visits / batches;
    if (h->order_of != round + 1) {
        hone_rng rng = hone_rng_at(hone_rng_derive(t->seed, STREAM_VALIDATION), round);
        memcpy(h->order, t->validation.ids, t->validation.n * sizeof *h->order);
        hone_rng_shuffle(&rng, h->order, t->validation.n);
        h->order_of = round + 1;
    }
    return h->order + h->visits % batches * batch;
}

/* v' s(w), of all that decays: the learning rate is its factor, too. */
static hone_rc decayed(struct training *t, const float *v, double *out, hone_error *err)
{
    struct hyper *h = t->hyper;
    hone_rc rc = HONE_OK;
    *out = 0;
    for (uint32_t i = 0; i < h->n_sources && rc >= 0; i++) {
        const struct source *s = &h->sources[i];
        const float *at = v;
        if (!s->hyper.decay || s == h->optimizer) /* the optimizer's own is part of its step */
            continue;
        for (uint32_t k = 0; k < t->network.n_parameters; k++)
            memset(t->network.parameters[k]->gradient, 0, t->network.parameters[k]->length * sizeof(float));
        entering(t->trial, s->member->name);
        rc = member_failed(s->member,
                           s->hyper.decay(s->member->self, t->network.parameters, t->network.n_parameters, err), err);
        for (uint32_t k = 0; k < t->network.n_parameters; at += t->network.parameters[k++]->length)
            *out += hone_dot(t->network.parameters[k]->gradient, at, t->network.parameters[k]->length);
    }
    entering(t->trial, NULL);
    return rc < 0 ? rc : HONE_OK;
}

struct look { /* a step that is looked at */
    const hone_update *update;
    double rate;
    hone_net *net;
    const uint64_t *ids;
    const struct augmentation *augmentation;
};

/* Whether somebody wants the coefficient's derivative of a step: the training that tunes it, or who reports it. */
static int is_wanted(const struct training *t, const struct coefficient *c)
{
    return c->tuned || t->settings->hypergradient == HYPERGRADIENT_UNROLLED;
}

/* At the new weights: what acts on, or in, the update. */
static hone_rc of_update(struct training *t, const struct look *look, double *found, hone_error *err)
{
    struct hyper *h = t->hyper;
    float *v = hyper_vector(h, VECTOR_VALIDATION);
    double told[HYPER_MOST], taken = 0;
    hone_rc rc = decayed(t, v, &taken, err);
    hyper_set_gradients(t, hyper_vector(h, VECTOR_GRADIENT));
    for (uint32_t i = 0; i < h->n && rc == HONE_OK; i++) {
        const struct coefficient *c = &h->items[i];
        const struct source *s = &h->sources[c->source];
        if (!is_wanted(t, c) || (c->acts != HONE_HYPER_UPDATE && c->acts != HONE_HYPER_DECAY))
            continue;
        if (!s->hyper.vjp)
            return hone_fail(err, HONE_ENOTSUP, "hypergradient", "[%.60s] does not say the derivative for %.60s",
                             s->member->name, c->key);
        rc = hyper_vjp(t, s, v, look->update, told, err);
        found[i] = c->acts == HONE_HYPER_DECAY ? -look->rate * told[c->index] : told[c->index];
        if (c->acts == HONE_HYPER_UPDATE && !strcmp(c->param->key, "learning_rate"))
            found[i] -= look->update->factor * taken;
    }
    return rc;
}

/* u' (what the hooks add to a gradient): at the weights and coefficients at hand. */
static hone_rc added(struct training *t, const struct source *s, const float *u, double *out, hone_error *err)
{
    const hone_regularizer_v1 *r = s->member->iface;
    for (uint32_t k = 0; k < t->network.n_parameters; k++)
        memset(t->network.parameters[k]->gradient, 0, t->network.parameters[k]->length * sizeof(float));
    entering(t->trial, s->member->name);
    const hone_rc rc = r->on_gradients(s->member->self, t->network.parameters, t->network.n_parameters, err);
    entering(t->trial, NULL);
    *out = 0;
    for (uint32_t k = 0; k < t->network.n_parameters; u += t->network.parameters[k++]->length)
        *out += hone_dot(t->network.parameters[k]->gradient, u, t->network.parameters[k]->length);
    return member_failed(s->member, rc, err);
}

static hone_rc difference(struct training *t, const struct look *look, const struct coefficient *c, const float *u,
                          double *out, hone_error *err)
{
    struct hyper *h = t->hyper;
    const double at = *hyper_value(h, c);
    float *g = hyper_vector(h, VECTOR_B);
    double ends[2], sides[2] = { 0, 0 };
    hone_rc rc = HONE_OK;
    coefficient_ends(c, at, ends);
    for (int side = 0; side < 2 && rc >= 0; side++) {
        hyper_set(h, c, ends[side]);
        if (c->acts == HONE_HYPER_GRADIENT) {
            rc = added(t, &h->sources[c->source], u, &sides[side], err);
        } else {
            rc = hyper_batch_gradient(t, look->net, look->ids, look->augmentation, g, err);
            sides[side] = hone_dot(g, u, h->length);
        }
    }
    hyper_set(h, c, at);
    *out = (sides[1] - sides[0]) / (ends[1] - ends[0]);
    return rc < 0 ? rc : HONE_OK;
}

/* At the old weights: what acts on the gradient of which the update was made. */
static hone_rc of_gradient(struct training *t, const struct look *look, double *found, hone_error *err)
{
    struct hyper *h = t->hyper;
    const float *v = hyper_vector(h, VECTOR_VALIDATION), *gain = hyper_vector(h, VECTOR_GAIN);
    float *u = hyper_vector(h, VECTOR_C), *now = hyper_vector(h, VECTOR_A);
    double told[HYPER_MOST];
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < h->length; i++)
        u[i] = v[i] * gain[i];
    hyper_get_weights(t, now);
    hyper_set_weights(t, hyper_vector(h, VECTOR_WEIGHTS));
    for (uint32_t i = 0; i < h->n && rc == HONE_OK; i++) {
        const struct coefficient *c = &h->items[i];
        const struct source *s = &h->sources[c->source];
        if (!is_wanted(t, c) || (c->acts != HONE_HYPER_GRADIENT && c->acts != HONE_HYPER_LOSS))
            continue;
        if (c->acts == HONE_HYPER_GRADIENT && s->hyper.vjp) {
            rc = hyper_vjp(t, s, u, look->update, told, err);
            found[i] = -look->rate * told[c->index];
        } else {
            rc = difference(t, look, c, u, &found[i], err);
            found[i] *= -look->rate;
        }
    }
    hyper_set_weights(t, now);
    return rc;
}

/* ---- tuning ---- */
static int by_logarithm(const struct coefficient *c)
{
    return c->param->flags & HONE_P_LOG || !(c->param->max - c->param->min <= 1);
}

/* One step of Adam, its length a share of the range, or of a factor e. */
static void tune(struct training *t, struct coefficient *c, double derivative)
{
    const double count = (double)t->hyper->visits, at = *hyper_value(t->hyper, c);
    const int is_log = by_logarithm(c);
    const double slope = derivative * (is_log ? at : c->param->max - c->param->min);
    double value = at;
    c->mean = BETA1 * c->mean + (1 - BETA1) * slope;
    c->square = BETA2 * c->square + (1 - BETA2) * slope * slope;
    if (!(c->square > 0))
        return;
    const double move = -t->settings->hypergradient_rate * (c->mean / (1 - pow(BETA1, count))) /
                        sqrt(c->square / (1 - pow(BETA2, count)));
    value = is_log ? fmax(at, LEAST) * exp(move) : at + move * (c->param->max - c->param->min);
    hyper_set(t->hyper, c, coefficient_clip(c->param, value));
}

hone_rc unrolled_after_update(struct training *t, const hone_update *update, const hone_decay *decay, hone_net *net,
                              const uint64_t *ids, const struct augmentation *augmentation, hone_error *err)
{
    struct hyper *h = t->hyper;
    const struct look look = { update, decay->rate, net, ids, augmentation };
    double found[HYPER_MOST], loss;
    hone_rc rc;
    if (!h->due)
        return HONE_OK;
    h->due = 0;
    hyper_set_gradients(t,
                        hyper_vector(h, VECTOR_GRADIENT)); /* as the update found them; hooks may have changed them */
    if ((rc = hyper_gain(t, update, err)) != HONE_OK ||
        (rc = hyper_validation_batch(t, h->validate[0], next_samples(t), hyper_vector(h, VECTOR_VALIDATION), &loss,
                                     err)) != HONE_OK ||
        (rc = of_update(t, &look, found, err)) != HONE_OK || (rc = of_gradient(t, &look, found, err)) != HONE_OK)
        return rc;
    h->visits++;
    h->seen++;
    for (uint32_t i = 0; i < h->n; i++) {
        struct coefficient *c = &h->items[i];
        if (!is_wanted(t, c) || !isfinite(found[i])) /* momentum 0 has no derivative */
            continue;
        c->sum += found[i];
        if (c->tuned)
            tune(t, c, found[i]);
    }
    return HONE_OK;
}
