/* SPDX-License-Identifier: MIT */
/* Steps and epochs of one training; the moments of the regularizers' hooks are those of hone/regularizer.h. A step allocates
 * nothing. */
#include "hypergradient.h"

#include <stdlib.h>
#include <string.h>

hone_rc training_prepare(struct training *t, const struct data *data, hone_error *err)
{
    const uint64_t batch = (uint64_t)t->settings->batch_size;
    t->order = malloc(t->train.n * sizeof *t->order);
    t->values = calloc(t->measures->n, sizeof *t->values);
    t->progress = calloc(t->measures->n, sizeof *t->progress);
    if (!t->order || !t->values || !t->progress)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the order of %llu samples",
                         (unsigned long long)t->train.n);
    const uint64_t full = batch < t->train.n ? batch : t->train.n;
    t->steps_per_epoch = (t->train.n + full - 1) / full;
    hone_rc rc = pipeline_create(&t->pipeline, data, &t->crew, t->trial, full, err);
    if (rc == HONE_OK)
        rc = pipeline_fit(&t->pipeline, &t->train, t->host, err);
    if (rc == HONE_OK)
        rc = hyper_create(t, err);
    if (rc == HONE_OK)
        rc = network_build(&t->network, &t->crew, t->trial, pipeline_task(&t->pipeline), t->settings, t->seed, err);
    if (rc == HONE_OK)
        rc = network_compile(&t->network, &t->crew, t->trial, batch, t->train.n, err);
    if (rc == HONE_OK)
        rc = diagnosis_create(t, data, err);
    if (rc == HONE_OK)
        rc = hyper_prepare(t, err);
    if (rc == HONE_OK)
        rc = slope_create(t, err);
    return rc;
}

void training_release(struct training *t)
{
    diagnosis_release(&t->diagnosis);
    hyper_free(t->hyper);
    network_release(&t->network);
    pipeline_release(&t->pipeline);
    crew_release(&t->crew);
    samples_release(&t->train);
    samples_release(&t->validation);
    free(t->direction);
    free(t->order);
    free(t->values);
    free(t->progress);
    memset(t, 0, sizeof *t);
}

/* ---- one step ---- */
static double schedule_factor(struct training *t)
{
    if (!t->crew.n[PART_SCHEDULE])
        return 1;
    const struct member *m = &t->crew.members[PART_SCHEDULE][0];
    const struct member *optimizer = &t->crew.members[PART_OPTIMIZER][0];
    const uint64_t epochs = (uint64_t)t->settings->epochs;
    hone_position now = { .size = sizeof now,
                          .step = t->step,
                          .total_steps = epochs * t->steps_per_epoch,
                          .steps_per_epoch = t->steps_per_epoch,
                          .epochs = epochs };
    now.learning_rate = ((const hone_optimizer_v1 *)optimizer->iface)->learning_rate(optimizer->self);
    slope_before_update(t, &now);
    entering(t->trial, m->name);
    return ((const hone_lr_schedule_v1 *)m->iface)->factor(m->self, &now);
}

/* Whether derivatives are taken of the steps. */
static int unrolls(const struct training *t)
{
    return t->hyper && (t->settings->hypergradient == HYPERGRADIENT_UNROLLED
                            ? t->hyper->n > 0
                            : t->hyper->n_tuned && t->settings->hypergradient_rate > 0);
}

static hone_rc step(struct training *t, hone_net *net, const uint64_t *ids, uint64_t epoch, double *loss,
                    hone_error *err)
{
    const struct member *m = &t->crew.members[PART_OPTIMIZER][0];
    const hone_optimizer_v1 *optimizer = m->iface;
    const struct augmentation augmentation = { epoch, t->step };
    struct stepping stepping = { t, net, epoch, (double)NAN };
    hone_rc rc = pipeline_batch(&t->pipeline, &t->train, ids, (uint64_t)hone_net_batch(net), &augmentation,
                                hone_net_input(net, t->network.x), hone_net_input(net, t->network.targets), err);
    if (rc != HONE_OK)
        return rc;
    rc = hooks_pass(&stepping, loss, err);
    stepping.loss = *loss;
    if (rc >= 0 && isfinite(*loss))
        rc = hooks_on_step(&stepping, err);
    if (rc == HONE_ENUMERIC || (rc == HONE_OK && !isfinite(*loss)))
        return hone_fail(err, HONE_ENUMERIC, "",
                         "the loss is not finite at epoch %llu, step %llu: lower optimizer.learning_rate (here %g), or "
                         "scale the inputs "
                         "with [transform.standardize]%s",
                         (unsigned long long)epoch + 1, (unsigned long long)t->step + 1,
                         optimizer->learning_rate(m->self),
                         t->pipeline.data->task.kind == HONE_TASK_REGRESSION ? " and the target in the data" : "");
    if (rc < 0)
        return rc;
    const int looked = diagnosis_before_update(t);
    if ((rc = hooks_on_gradients(t, err)) < 0)
        return rc;
    if (unrolls(t))
        unrolled_before_update(t);
    const hone_update update = { sizeof update, 0, t->step + 1, schedule_factor(t) };
    entering(t->trial, m->name);
    rc = optimizer->update(m->self, t->network.parameters, t->network.n_parameters, &update, err);
    if ((rc = member_erred(m, rc, err)) < 0)
        return rc;
    t->step++;
    const hone_decay decay = { sizeof decay, 0, optimizer->learning_rate(m->self) * update.factor, t->step };
    slope_after_update(t, decay.rate);
    rc = hooks_after_update(t, &decay, err);
    t->learning_rate = decay.rate;
    if (looked)
        diagnosis_after_update(t);
    entering(t->trial, NULL);
    if (rc >= 0 && unrolls(t))
        rc = unrolled_after_update(t, &update, &decay, net, ids, &augmentation, err);
    return rc < 0 ? rc : HONE_OK;
}

/* ---- one epoch ---- */
static hone_rc train(struct training *t, uint64_t epoch, hone_error *err)
{
    hone_net *full = t->network.nets[NET_FULL];
    const uint64_t batch = (uint64_t)hone_net_batch(full), n = t->train.n;
    hone_rng rng = hone_rng_at(hone_rng_derive(t->seed, STREAM_ORDER), epoch);
    hone_rc rc = HONE_OK;
    double sum = 0;
    unrolled_epoch_begins(t);
    memcpy(t->order, t->train.ids, n * sizeof *t->order); /* an epoch's order follows from its number alone */
    hone_rng_shuffle(&rng, t->order, n);
    for (uint64_t from = 0; from < n && rc == HONE_OK; from += batch) {
        hone_net *net = n - from < batch ? t->network.nets[NET_REST] : full;
        double loss = 0;
        if (t->host->cancelled && t->host->cancelled(t->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled at epoch %llu", (unsigned long long)epoch + 1);
        rc = step(t, net, t->order + from, epoch, &loss, err);
        sum += loss * (double)hone_net_batch(net);
    }
    t->train_loss = sum / (double)n;
    if (unrolls(t))
        unrolled_epoch_ends(t);
    return rc;
}

static hone_rc keep(void *ctx, hone_error *err)
{
    struct training *t = ctx;
    const hone_rc rc = network_keep(&t->network, err);
    if (rc == HONE_OK)
        t->kept_epoch = t->epochs_done;
    return rc;
}

static hone_rc restore(void *ctx, hone_error *err)
{
    struct training *t = ctx;
    const hone_rc rc = network_restore(&t->network, err);
    if (rc == HONE_OK)
        t->weights_epoch = t->kept_epoch;
    return rc;
}

static hone_progress progress_of(struct training *t)
{
    const uint32_t n = t->validation.n ? t->measures->n : 0;
    for (uint32_t i = 0; i < n; i++)
        t->progress[i] = (hone_value){ t->measures->items[i].validation, t->values[i], t->measures->items[i].direction,
                                       0 };
    return (hone_progress){ sizeof(hone_progress),
                            0,
                            t->epochs_done,
                            (uint64_t)t->settings->epochs,
                            t->train_loss,
                            t->progress,
                            n,
                            0,
                            t,
                            keep,
                            restore };
}

/* Regularizers that live on the validation set have nothing to do without one. */
static int wants(const struct training *t, const hone_regularizer_v1 *r)
{
    return t->validation.n || !(r->flags & HONE_REGULARIZER_VALIDATION);
}

hone_rc training_epoch(struct training *t, uint64_t epoch, hone_error *err)
{
    diagnosis_begin(t);
    hone_rc rc = train(t, epoch, err);
    diagnosis_time(t);
    t->epochs_done = t->weights_epoch = epoch + 1;
    if (rc == HONE_OK)
        rc = hooks_on_evaluation(t, 1, err);
    if (rc == HONE_OK && t->validation.n)
        rc = training_measure(t, &t->validation, t->values, NULL, err);
    if (rc == HONE_OK)
        rc = diagnosis_end(t, err);
    if (rc != HONE_OK)
        return rc;
    if (t->crew.n[PART_SCHEDULE]) {
        const struct member *m = &t->crew.members[PART_SCHEDULE][0];
        const hone_lr_schedule_v1 *schedule = m->iface;
        entering(t->trial, m->name);
        if (schedule->hear)
            schedule->hear(m->self, epoch, t->validation.n ? t->values[0] : t->train_loss);
    }
    const hone_progress now = progress_of(t);
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = &t->crew.members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        if (!r->on_epoch || !wants(t, r))
            continue;
        entering(t->trial, m->name);
        rc = r->on_epoch(m->self, &now, err);
        if (rc == HONE_DONE)
            t->ended = 1;
    }
    entering(t->trial, NULL);
    return rc < 0 ? rc : hooks_on_evaluation(t, 0, err);
}

hone_rc training_end(struct training *t, int *changed, hone_error *err)
{
    const hone_progress now = progress_of(t);
    hone_rc rc = HONE_OK;
    *changed = 0;
    for (uint32_t i = 0; i < t->crew.n[PART_REGULARIZER] && rc >= 0; i++) {
        const struct member *m = &t->crew.members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        if (!r->at_end || !wants(t, r))
            continue;
        entering(t->trial, m->name);
        rc = r->at_end(m->self, &now, err);
        *changed = 1;
    }
    entering(t->trial, NULL);
    if (rc >= 0 && *changed && t->validation.n)
        rc = training_measure(t, &t->validation, t->values, NULL, err);
    if (rc >= 0 && *changed)
        rc = diagnosis_again(t, err);
    return rc < 0 ? rc : HONE_OK;
}
