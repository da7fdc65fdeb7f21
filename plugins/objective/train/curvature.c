/* SPDX-License-Identifier: MIT */
/* Gradients beside the training's own: of the whole training loss, of the validation loss. They leave weights, statistics and
 * counters as they were; gradients are overwritten. */
#include "hypergradient.h"

#include "hone/simd.h"

#include <string.h>

double hyper_norm(const struct hyper *h, const float *vector)
{
    return sqrt(hone_dot(vector, vector, h->length));
}

/* y += factor x     x, y: (n) */
HONE_TARGET_CLONES
static void add_scaled(float *restrict y, const float *restrict x, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += factor * x[i];
}

/* y += x / gain     x, gain, y: (n) */
HONE_TARGET_CLONES
static void add_divided(float *restrict y, const float *restrict x, const float *restrict gain, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += x[i] / gain[i];
}

static void statistics(struct training *t, int back)
{
    float *copy = t->hyper->statistics;
    for (uint32_t i = 0; i < t->network.n_buffers; copy += t->network.buffers[i++]->length) {
        float *value = t->network.buffers[i]->value;
        memcpy(back ? value : copy, back ? copy : value, t->network.buffers[i]->length * sizeof *value);
    }
}

/* ---- training ---- */
static hone_rc pass(struct training *t, hone_net *net, const uint64_t *ids, const struct augmentation *augmentation,
                    hone_error *err)
{
    struct stepping stepping = { t, net, augmentation->epoch, (double)NAN };
    const uint64_t step = t->step;
    double loss = 0;
    hone_rc rc = pipeline_batch(&t->pipeline, &t->train, ids, (uint64_t)hone_net_batch(net), augmentation,
                                hone_net_input(net, t->network.x), hone_net_input(net, t->network.targets), err);
    if (rc != HONE_OK)
        return rc;
    t->step = augmentation->step;
    rc = hooks_pass(&stepping, &loss, err);
    t->step = step;
    entering(t->trial, NULL);
    return rc < 0 ? rc : HONE_OK;
}

hone_rc hyper_batch_gradient(struct training *t, hone_net *net, const uint64_t *ids,
                             const struct augmentation *augmentation, float *out, hone_error *err)
{
    statistics(t, 0);
    const hone_rc rc = pass(t, net, ids, augmentation, err);
    statistics(t, 1);
    if (rc == HONE_OK)
        hyper_get_gradients(t, out);
    return rc;
}

static void clear_gradients(const struct training *t)
{
    for (uint32_t i = 0; i < t->network.n_parameters; i++)
        memset(t->network.parameters[i]->gradient, 0, t->network.parameters[i]->length * sizeof(float));
}

/* What decays belongs to the gradient that a training at rest balances: s(w) / gain. */
static hone_rc add_decays(struct training *t, float *out, hone_error *err)
{
    const struct hyper *h = t->hyper;
    const float *gain = hyper_vector(h, VECTOR_GAIN);
    hone_rc rc = HONE_OK;
    int any = 0;
    clear_gradients(t);
    for (uint32_t i = 0; i < h->n_sources && rc >= 0; i++) {
        const struct source *s = &h->sources[i];
        if (!s->hyper.decay)
            continue;
        entering(t->trial, s->member->name);
        rc = member_failed(s->member,
                           s->hyper.decay(s->member->self, t->network.parameters, t->network.n_parameters, err), err);
        any = 1;
    }
    entering(t->trial, NULL);
    for (uint32_t i = 0; i < t->network.n_parameters && any; i++) {
        const hone_parameter *p = t->network.parameters[i];
        add_divided(out, p->gradient, gain, p->length);
        out += p->length;
        gain += p->length;
    }
    return rc < 0 ? rc : HONE_OK;
}

hone_rc hyper_train_gradient(struct training *t, uint64_t step, uint64_t first, uint64_t n, float *out, hone_error *err)
{
    const uint64_t batch = (uint64_t)hone_net_batch(t->network.nets[NET_FULL]), batches = t->steps_per_epoch;
    uint64_t samples = 0;
    hone_rc rc = HONE_OK;
    memset(out, 0, t->hyper->length * sizeof *out);
    statistics(t, 0);
    for (uint64_t k = 0; k < n && rc == HONE_OK; k++) {
        const uint64_t b = (first + k) % batches, from = b * batch;
        const int rest = t->train.n - from < batch;
        const struct augmentation augmentation = { t->epochs_done, step + b };
        float *to = out;
        if (t->host->cancelled && t->host->cancelled(t->host))
            rc = hone_fail(err, HONE_ECANCELED, "", "cancelled while derivatives are computed");
        else
            rc = pass(t, t->network.nets[rest ? NET_REST : NET_FULL], t->train.ids + from, &augmentation, err);
        const uint64_t some = rest ? t->train.n - from : batch;
        for (uint32_t i = 0; i < t->network.n_parameters && rc == HONE_OK; to += t->network.parameters[i++]->length)
            add_scaled(to, t->network.parameters[i]->gradient, t->network.parameters[i]->length, (float)some);
        samples += some;
    }
    statistics(t, 1);
    for (uint64_t i = 0; i < t->hyper->length; i++)
        out[i] /= (float)samples;
    if (rc != HONE_OK)
        return rc;
    hyper_set_gradients(t, out);
    if ((rc = hooks_on_gradients(t, err)) < 0)
        return rc;
    entering(t->trial, NULL);
    hyper_get_gradients(t, out);
    return add_decays(t, out, err);
}

/* ---- validation ---- */
hone_rc hyper_validation_batch(struct training *t, hone_net *net, const uint64_t *ids, float *out, double *loss,
                               hone_error *err)
{
    hone_rc rc = pipeline_batch(&t->pipeline, &t->validation, ids, (uint64_t)hone_net_batch(net), NULL,
                                hone_net_input(net, t->network.x), hone_net_input(net, t->network.targets), err);
    if (rc == HONE_OK)
        rc = hone_net_forward_backward(net, 0, loss, err);
    if (rc == HONE_OK)
        hyper_get_gradients(t, out);
    return rc;
}

hone_rc hyper_validation_gradient(struct training *t, float *out, hone_error *err)
{
    struct hyper *h = t->hyper;
    const uint64_t batch = (uint64_t)hone_net_batch(h->validate[0]), n = t->validation.n;
    float *part = hyper_vector(h, VECTOR_C);
    hone_rc rc = HONE_OK;
    memset(out, 0, h->length * sizeof *out);
    for (uint64_t from = 0; from < n && rc == HONE_OK; from += batch) {
        hone_net *net = h->validate[n - from < batch];
        double loss;
        rc = hyper_validation_batch(t, net, t->validation.ids + from, part, &loss, err);
        if (rc == HONE_OK)
            add_scaled(out, part, h->length, (float)((double)hone_net_batch(net) / (double)n));
    }
    return rc;
}

hone_rc hyper_gain(struct training *t, const hone_update *now, hone_error *err)
{
    struct hyper *h = t->hyper;
    const struct source *s = h->optimizer;
    float *gain = hyper_vector(h, VECTOR_GAIN);
    for (uint64_t i = 0; i < h->length; i++)
        gain[i] = 1;
    if (!s || !s->hyper.gain) {
        for (uint32_t i = 0; i < h->n_sources; i++)
            if (h->sources[i].hyper.decay)
                return hone_fail(
                    err, HONE_ENOTSUP, "hypergradient",
                    "[%.60s] decays weights, and the optimizer does not say how it answers a gradient: use "
                    "sgd, adam or adamw",
                    h->sources[i].member->name);
        return HONE_OK;
    }
    entering(t->trial, s->member->name);
    const hone_rc rc = s->hyper.gain(s->member->self, t->network.parameters, t->network.n_parameters, now,
                                     hyper_pieces(t, gain), err);
    entering(t->trial, NULL);
    return member_failed(s->member, rc, err);
}
