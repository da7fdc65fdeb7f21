/* SPDX-License-Identifier: MIT */
/* metric/rmse: root mean squared error of numbers predicted. */
#include "hone/instance.h"
#include "hone/metric.h"

struct rmse {
    int64_t  outputs;
    uint64_t n;
    double  *squares; /* (outputs): sum of squared errors */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, sizeof(struct rmse), self, err);
}

static void destroy(void *self)
{
    struct rmse *r = (struct rmse *)self;
    if (r)
        free(r->squares);
    free(r);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    if (task->kind != HONE_TASK_REGRESSION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "rmse is a metric for numbers");
    free(r->squares);
    r->n = 0;
    r->outputs = 0;
    r->squares = (double *)calloc((size_t)task->n_outputs, sizeof *r->squares);
    if (!r->squares)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the errors of %lld outputs", (long long)task->n_outputs);
    r->outputs = task->n_outputs;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    if (!b->targets || b->k != r->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "rmse was begun for %lld outputs and got other predictions", (long long)r->outputs);
    const float *x = b->outputs, *t = b->targets;
    for (uint64_t i = 0; i < b->n; i++)
        for (int64_t k = 0; k < b->k; k++) {
            const double error = (double)*x++ - (double)*t++;
            r->squares[k] += error * error;
        }
    r->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct rmse *r = (struct rmse *)self;
    const struct rmse *o = (const struct rmse *)other;
    if (r->outputs != o->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "errors of %lld and %lld outputs cannot be merged", (long long)r->outputs,
                         (long long)o->outputs);
    for (int64_t k = 0; k < r->outputs; k++)
        r->squares[k] += o->squares[k];
    r->n += o->n;
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct rmse *r = (const struct rmse *)self;
    double sum = 0;
    (void)err;
    for (int64_t k = 0; r->n && k < r->outputs; k++)
        sum += sqrt(r->squares[k] / (double)r->n);
    sink->value(sink->ctx, "rmse", r->n ? sum / (double)r->outputs : (double)NAN, HONE_MINIMIZE);
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
           "    rmse = 1/K * sum over k of sqrt(1/n * sum over i of (x[i][k] - t[i][k])^2)\n"
           "\n"
           "in the units of the targets: each output has its own root, and they are averaged. Value: `rmse`, to be minimized;\n"
           "undefined (NaN) without samples. Equals scikit-learn's root_mean_squared_error.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.metric.rmse", "0.1.0", "MIT", "the hone authors", "", &rmse)
