/* SPDX-License-Identifier: MIT */
/* metric/rmse: root mean squared error of numbers predicted. */
#include "hone/instance.h"
#include "hone/metric.h"

struct rmse {
    int64_t outputs;
    uint64_t n;
    double squares; /* sum of squared errors over samples and outputs */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, sizeof(struct rmse), self, err);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    if (task->kind != HONE_TASK_REGRESSION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "rmse is a metric for numbers");
    *r = (struct rmse){ task->n_outputs, 0, 0 };
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    if (!b->targets || b->k != r->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "rmse was begun for %lld outputs and got other predictions",
                         (long long)r->outputs);
    for (uint64_t i = 0; i < b->n * (uint64_t)b->k; i++) {
        const double error = (double)b->outputs[i] - (double)b->targets[i];
        r->squares += error * error;
    }
    r->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    const struct rmse *o = (const struct rmse *)other;
    if (r->outputs != o->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "errors of %lld and %lld outputs cannot be merged",
                         (long long)r->outputs, (long long)o->outputs);
    r->squares += o->squares;
    r->n += o->n;
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct rmse *r = (const struct rmse *)self;
    const double numbers = (double)r->n * (double)r->outputs;
    (void)err;
    sink->value(sink->ctx, "rmse", r->n ? sqrt(r->squares / numbers) : (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "rmse", (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static const hone_metric_v1 iface = {
    .size = sizeof iface,
    .tasks = HONE_METRIC_REGRESSION,
    .begin = begin,
    .update = update,
    .merge = merge,
    .compute = compute,
    .list = list,
};

static const hone_component rmse = {
    .size = sizeof rmse,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "rmse",
    .summary = "Root mean squared error",
    .doc = "With x the numbers predicted and t the true ones, n samples of K outputs:\n"
           "\n"
           "    rmse = sqrt(1/(n K) * sum over i and k of (x[i][k] - t[i][k])^2)\n"
           "\n"
           "in the units of the targets: the root of the mean that loss/mse minimizes. Value: `rmse`, to\n"
           "be minimized; undefined (NaN) without samples. Equals the root of scikit-learn's\n"
           "mean_squared_error, and for one output its root_mean_squared_error (which for several\n"
           "averages the roots of each).",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.metric.rmse", "0.1.0", "MIT", "the hone authors", "", &rmse)
