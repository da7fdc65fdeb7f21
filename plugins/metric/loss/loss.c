/* SPDX-License-Identifier: MIT */
/* metric/loss: mean of the samples' losses, as training minimizes it but without regularizers. */
#include "hone/instance.h"
#include "hone/metric.h"

struct loss {
    uint64_t n;
    double sum;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, sizeof(struct loss), self, err);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    (void)task;
    (void)err;
    *(struct loss *)self = (struct loss){ 0, 0 };
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct loss *l = (struct loss *)self;
    if (!b->losses)
        return hone_fail(err, HONE_EINVAL, NULL, "the predictions come without losses");
    for (uint64_t i = 0; i < b->n; i++)
        l->sum += (double)b->losses[i];
    l->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct loss *l = (struct loss *)self;
    const struct loss *o = (const struct loss *)other;
    (void)err;
    l->n += o->n;
    l->sum += o->sum;
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct loss *l = (const struct loss *)self;
    (void)err;
    sink->value(sink->ctx, "loss", l->n ? l->sum / (double)l->n : (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "loss", (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static const hone_metric_v1 iface = {
    .size = sizeof iface,
    .tasks = HONE_METRIC_CLASSIFICATION | HONE_METRIC_REGRESSION,
    .begin = begin,
    .update = update,
    .merge = merge,
    .compute = compute,
    .list = list,
};

static const hone_component loss = {
    .size = sizeof loss,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "loss",
    .summary = "Mean loss of the samples",
    .doc = "    loss = 1/n * sum of the samples' losses\n"
           "\n"
           "with the loss that training minimizes (cross_entropy, mse, ...), without regularizers: no\n"
           "penalties, no dropout, no smoothed labels. Value: `loss`, to be minimized; undefined (NaN)\n"
           "without samples.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.metric.loss", "0.1.0", "MIT", "the hone authors", "", &loss)
