/* SPDX-License-Identifier: MIT */
/* metric/accuracy: share of the samples whose most probable class is the true one. */
#include "hone/instance.h"
#include "hone/metric.h"

struct accuracy {
    int64_t classes;
    uint64_t n, right;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, sizeof(struct accuracy), self, err);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct accuracy *a = (struct accuracy *)self;
    if (task->kind != HONE_TASK_CLASSIFICATION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "accuracy is a metric for classes");
    *a = (struct accuracy){ task->n_outputs, 0, 0 };
    return HONE_OK;
}

/* p: (k). The first of equals; NaN only where p[0] is. */
static int64_t most_probable(const float *p, int64_t k)
{
    int64_t best = 0;
    for (int64_t i = 1; i < k; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct accuracy *a = (struct accuracy *)self;
    uint64_t right = 0;
    if (!b->labels || b->k != a->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "accuracy was begun for %lld classes and got other predictions",
                         (long long)a->classes);
    for (uint64_t i = 0; i < b->n; i++) {
        const float *p = b->outputs + i * (uint64_t)b->k;
        const int64_t predicted = most_probable(p, b->k);
        if (isnan(p[predicted]))
            return hone_fail(err, HONE_ENUMERIC, NULL, "the network's predictions are not numbers (NaN)");
        if (b->labels[i] < 0 || b->labels[i] >= b->k)
            return hone_fail(err, HONE_ERANGE, NULL, "label %d is not one of %lld classes", b->labels[i],
                             (long long)b->k);
        right += predicted == b->labels[i];
    }
    a->right += right;
    a->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct accuracy *a = (struct accuracy *)self;
    const struct accuracy *b = (const struct accuracy *)other;
    if (a->classes != b->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "accuracies of %lld and %lld classes cannot be merged",
                         (long long)a->classes, (long long)b->classes);
    a->n += b->n;
    a->right += b->right;
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct accuracy *a = (const struct accuracy *)self;
    (void)err;
    sink->value(sink->ctx, "accuracy", a->n ? (double)a->right / (double)a->n : (double)NAN, HONE_MAXIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "accuracy", (double)NAN, HONE_MAXIMIZE);
    return HONE_OK;
}

static const hone_metric_v1 iface = {
    .size = sizeof iface,
    .tasks = HONE_METRIC_CLASSIFICATION,
    .begin = begin,
    .update = update,
    .merge = merge,
    .compute = compute,
    .list = list,
};

static const hone_component accuracy = {
    .size = sizeof accuracy,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "accuracy",
    .summary = "Share of the samples classified right",
    .doc = "    accuracy = (samples whose most probable class is the true one) / (samples)\n"
           "\n"
           "Of several equally probable classes the first is the prediction, as with numpy's argmax.\n"
           "Value: `accuracy`, to be maximized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "accuracy_score.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.metric.accuracy", "0.1.0", "MIT", "the hone authors", "", &accuracy)
