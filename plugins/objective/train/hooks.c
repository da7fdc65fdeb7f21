/* SPDX-License-Identifier: MIT */
/* The regularizers' hooks on parameters, each called for all of them in the crew's order, which is the host's: by stage, then
 * as in the INI. What undoes something is called the other way round. */
#include "train.h"

#include <string.h>

enum { FORTH = 1, BACK = -1 };

static const hone_regularizer_v1 *regularizer(const struct member *m)
{
    return m->iface;
}

/* The i-th regularizer in the direction. */
static const struct member *at(const struct crew *crew, uint32_t i, int direction)
{
    return &crew->members[PART_REGULARIZER][direction == FORTH ? i : crew->n[PART_REGULARIZER] - 1 - i];
}

hone_rc hooks_on_task(const struct crew *crew, const hone_task *read, const hone_task *input, const hone_trial *trial,
                      hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(crew, i, FORTH);
        if (!regularizer(m)->on_task)
            continue;
        entering(trial, m->name);
        rc = regularizer(m)->on_task(m->self, regularizer(m)->flags & HONE_REGULARIZER_RAW ? read : input, err);
        rc = member_failed(m, rc, err);
    }
    entering(trial, NULL);
    return rc < 0 ? rc : HONE_OK;
}

hone_rc hooks_on_network(struct network *network, const struct crew *crew, const hone_trial *trial, hone_error *err)
{
    uint32_t n = 0;
    hone_parameter *const *parameters = hone_nn_parameters(network->graph, &n);
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(crew, i, FORTH);
        if (!regularizer(m)->on_network)
            continue;
        entering(trial, m->name);
        rc = member_failed(m, regularizer(m)->on_network(m->self, network->graph, parameters, n, err), err);
    }
    entering(trial, NULL);
    return rc < 0 ? rc : HONE_OK;
}

/* ---- a pass ---- */
static hone_pass describe(const struct stepping *s, const struct member *m)
{
    const struct training *t = s->training;
    const uint64_t epochs = (uint64_t)t->settings->epochs;
    return (hone_pass){ .size = sizeof(hone_pass),
                        .step = t->step,
                        .steps = epochs * t->steps_per_epoch,
                        .epoch = s->epoch,
                        .epochs = epochs,
                        .seed = hone_rng_derive(m->seed, t->step),
                        .loss = s->loss };
}

hone_rc hooks_pass(struct stepping *s, double *loss, hone_error *err)
{
    struct training *t = s->training;
    const struct crew *crew = &t->crew;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(crew, i, FORTH);
        if (!regularizer(m)->before_pass)
            continue;
        const hone_pass now = describe(s, m);
        entering(t->trial, m->name);
        rc = member_erred(
            m, regularizer(m)->before_pass(m->self, t->network.parameters, t->network.n_parameters, &now, err), err);
    }
    if (rc < 0)
        return rc;
    rc = hone_net_forward_backward(s->net, t->step, loss, err);
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(crew, i, BACK);
        if (!regularizer(m)->after_pass)
            continue;
        const hone_pass now = describe(s, m);
        entering(t->trial, m->name);
        rc = member_erred(
            m, regularizer(m)->after_pass(m->self, t->network.parameters, t->network.n_parameters, &now, err), err);
    }
    return rc < 0 ? rc : HONE_OK;
}

/* Copies the running statistics of all norms aside, or back. */
static void statistics(struct network *network, int back)
{
    float *copy = network->statistics;
    for (uint32_t i = 0; i < network->n_buffers; copy += network->buffers[i++]->length) {
        float *value = network->buffers[i]->value;
        const size_t bytes = network->buffers[i]->length * sizeof *value;
        memcpy(back ? value : copy, back ? copy : value, bytes);
    }
}

static hone_rc again(void *ctx, hone_error *err)
{
    struct stepping *s = ctx;
    double loss;
    statistics(&s->training->network, 0);
    const hone_rc rc = hooks_pass(s, &loss, err);
    statistics(&s->training->network, 1);
    return rc;
}

hone_rc hooks_on_step(struct stepping *s, hone_error *err)
{
    struct training *t = s->training;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(&t->crew, i, FORTH);
        if (!regularizer(m)->on_step)
            continue;
        hone_pass now = describe(s, m);
        now.ctx = s;
        now.again = again;
        entering(t->trial, m->name);
        rc = member_erred(
            m, regularizer(m)->on_step(m->self, t->network.parameters, t->network.n_parameters, &now, err), err);
    }
    return rc < 0 ? rc : HONE_OK;
}

/* ---- between passes ---- */
hone_rc hooks_on_gradients(struct training *t, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(&t->crew, i, FORTH);
        if (!regularizer(m)->on_gradients)
            continue;
        entering(t->trial, m->name);
        rc = member_erred(m, regularizer(m)->on_gradients(m->self, t->network.parameters, t->network.n_parameters, err),
                          err);
    }
    return rc < 0 ? rc : HONE_OK;
}

hone_rc hooks_after_update(struct training *t, const hone_decay *now, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(&t->crew, i, FORTH);
        if (!regularizer(m)->after_update)
            continue;
        entering(t->trial, m->name);
        rc = member_erred(
            m, regularizer(m)->after_update(m->self, t->network.parameters, t->network.n_parameters, now, err), err);
    }
    return rc < 0 ? rc : HONE_OK;
}

hone_rc hooks_on_evaluation(struct training *t, uint32_t begins, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = at(&t->crew, i, begins ? FORTH : BACK);
        if (!regularizer(m)->on_evaluation)
            continue;
        entering(t->trial, m->name);
        rc = member_erred(
            m, regularizer(m)->on_evaluation(m->self, t->network.parameters, t->network.n_parameters, begins, err),
            err);
    }
    entering(t->trial, NULL);
    return rc < 0 ? rc : HONE_OK;
}
