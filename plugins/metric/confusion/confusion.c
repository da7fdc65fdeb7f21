/* SPDX-License-Identifier: MIT */
/* metric/confusion: how often each true class was taken for each other: a table, no number. */
#include "hone/instance.h"
#include "hone/metric.h"

enum { MAX_CLASSES = 10000 }; /* 800 MB of counts */

struct confusion {
    int64_t classes;
    double *counts;      /* (classes, classes): true, predicted; whole numbers, exact up to 2^53 */
    const char **labels; /* (classes), or NULL; they point into text */
    char *text;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, sizeof(struct confusion), self, err);
}

static void release(struct confusion *c)
{
    free(c->counts);
    free(c->labels);
    free(c->text);
    *c = (struct confusion){ 0, NULL, NULL, NULL };
}

static void destroy(void *self)
{
    if (self)
        release((struct confusion *)self);
    free(self);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct confusion *c = (struct confusion *)self;
    const size_t k = (size_t)task->n_outputs;
    size_t bytes = 0;
    if (task->kind != HONE_TASK_CLASSIFICATION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "a confusion matrix is for classes");
    if (task->n_outputs > MAX_CLASSES)
        return hone_fail(err, HONE_ERANGE, NULL, "a confusion matrix of %lld classes is too large; at most %d",
                         (long long)task->n_outputs, MAX_CLASSES);
    release(c);
    for (size_t i = 0; task->classes && i < k; i++)
        bytes += strlen(task->classes[i]) + 1;
    c->counts = (double *)calloc(k * k, sizeof *c->counts);
    c->labels = (const char **)calloc(k, sizeof *c->labels);
    c->text = (char *)malloc(bytes + 1);
    if (!c->counts || !c->labels || !c->text) {
        release(c);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a confusion matrix of %zu classes", k);
    }
    c->classes = task->n_outputs;
    char *at = c->text;
    for (size_t i = 0; task->classes && i < k; i++) {
        const size_t n = strlen(task->classes[i]) + 1;
        memcpy(at, task->classes[i], n);
        c->labels[i] = at;
        at += n;
    }
    if (!task->classes) {
        free(c->labels);
        c->labels = NULL;
    }
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
    struct confusion *c = (struct confusion *)self;
    if (!b->labels || b->k != c->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "confusion was begun for %lld classes and got other predictions",
                         (long long)c->classes);
    for (uint64_t i = 0; i < b->n; i++) {
        const float *p = b->outputs + i * (uint64_t)b->k;
        const int64_t predicted = most_probable(p, b->k);
        if (isnan(p[predicted]))
            return hone_fail(err, HONE_ENUMERIC, NULL, "the network's predictions are not numbers (NaN)");
        if (b->labels[i] < 0 || b->labels[i] >= b->k)
            return hone_fail(err, HONE_ERANGE, NULL, "label %d is not one of %lld classes", b->labels[i],
                             (long long)b->k);
        c->counts[b->labels[i] * b->k + predicted]++;
    }
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct confusion *c = (struct confusion *)self;
    const struct confusion *o = (const struct confusion *)other;
    if (c->classes != o->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "confusion matrices of %lld and %lld classes cannot be merged",
                         (long long)c->classes, (long long)o->classes);
    for (int64_t i = 0; i < c->classes * c->classes; i++)
        c->counts[i] += o->counts[i];
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct confusion *c = (const struct confusion *)self;
    const hone_matrix matrix = { sizeof matrix,        0,         "confusion", (uint64_t)c->classes,
                                 (uint64_t)c->classes, c->counts, c->labels,   c->labels };
    (void)err;
    if (c->classes && sink->matrix)
        sink->matrix(sink->ctx, &matrix);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)sink;
    (void)err;
    return HONE_OK; /* no values */
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

static const hone_component confusion = {
    .size = sizeof confusion,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "confusion",
    .summary = "Confusion matrix: true classes against predicted ones",
    .doc = "A table of counts, kept with the trial: the rows are the true classes, the columns the\n"
           "predicted ones, in the order of the data set. It has no single value, so that it can be no\n"
           "objective. Of several equally probable classes the first is the prediction. Equals\n"
           "scikit-learn's confusion_matrix over all classes.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.metric.confusion", "0.1.0", "MIT", "the hone authors", "", &confusion)
