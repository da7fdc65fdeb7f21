/* SPDX-License-Identifier: MIT */
/* metric/f1: harmonic mean of precision and recall, averaged over the classes as scikit-learn does. */
#include "hone/instance.h"
#include "hone/metric.h"

enum average { MACRO, MICRO, WEIGHTED };
static const char *const averages[] = { "macro", "micro", "weighted", NULL };

struct settings {
    uint32_t average;
};

static const hone_param params[] = {
    HONE_ENUM(struct settings, average, "macro", averages, 0,
              "How the classes are averaged: macro: equally; weighted: by their number of true samples; "
              "micro: over all samples."),
};

/* Of one class. */
struct counts {
    uint64_t hits, predicted, actual;
};

struct f1 {
    struct settings settings;
    int64_t classes;
    struct counts *counts; /* (classes) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct f1), self, err);
}

static void destroy(void *self)
{
    struct f1 *f = (struct f1 *)self;
    if (f)
        free(f->counts);
    free(f);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct f1 *f = (struct f1 *)self;
    if (task->kind != HONE_TASK_CLASSIFICATION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "f1 is a metric for classes");
    free(f->counts);
    f->classes = 0;
    f->counts = (struct counts *)calloc((size_t)task->n_outputs, sizeof *f->counts);
    if (!f->counts)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the counts of %lld classes",
                         (long long)task->n_outputs);
    f->classes = task->n_outputs;
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
    struct f1 *f = (struct f1 *)self;
    if (!b->labels || b->k != f->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "f1 was begun for %lld classes and got other predictions",
                         (long long)f->classes);
    for (uint64_t i = 0; i < b->n; i++) {
        const float *p = b->outputs + i * (uint64_t)b->k;
        const int64_t predicted = most_probable(p, b->k);
        const int32_t actual = b->labels[i];
        if (isnan(p[predicted]))
            return hone_fail(err, HONE_ENUMERIC, NULL, "the network's predictions are not numbers (NaN)");
        if (actual < 0 || actual >= b->k)
            return hone_fail(err, HONE_ERANGE, NULL, "label %d is not one of %lld classes", actual, (long long)b->k);
        f->counts[predicted].predicted++;
        f->counts[actual].actual++;
        f->counts[actual].hits += predicted == actual;
    }
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct f1 *f = (struct f1 *)self;
    const struct f1 *o = (const struct f1 *)other;
    if (f->classes != o->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "f1 of %lld and %lld classes cannot be merged", (long long)f->classes,
                         (long long)o->classes);
    for (int64_t c = 0; c < f->classes; c++) {
        f->counts[c].hits += o->counts[c].hits;
        f->counts[c].predicted += o->counts[c].predicted;
        f->counts[c].actual += o->counts[c].actual;
    }
    return HONE_OK;
}

/* F1 of a class is 2 hits / (predicted + actual); classes that occur in neither do not count. */
static double score(const struct f1 *f)
{
    double sum = 0, weights = 0;
    for (int64_t c = 0; c < f->classes; c++) {
        const struct counts *n = &f->counts[c];
        const double both = (double)(n->predicted + n->actual), hits = 2 * (double)n->hits;
        if (!n->predicted && !n->actual)
            continue;
        if (f->settings.average == MICRO) { /* counts are pooled first */
            sum += hits;
            weights += both;
        } else {
            const double weight = f->settings.average == WEIGHTED ? (double)n->actual : 1;
            sum += weight * (hits / both);
            weights += weight;
        }
    }
    return weights > 0 ? sum / weights : (double)NAN;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    (void)err;
    sink->value(sink->ctx, "f1", score((const struct f1 *)self), HONE_MAXIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "f1", (double)NAN, HONE_MAXIMIZE);
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

static const hone_component f1 = {
    .size = sizeof f1,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "f1",
    .summary = "F1 score: harmonic mean of precision and recall, over all classes",
    .doc = "For a class c with its true positives TP, false positives FP and false negatives FN:\n"
           "\n"
           "    precision = TP / (TP + FP),    recall = TP / (TP + FN)\n"
           "    F1(c) = 2 precision recall / (precision + recall) = 2 TP / (2 TP + FP + FN)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of\n"
           "true samples; `micro` pools TP, FP and FN over the classes first, which for single labels\n"
           "equals the accuracy. A class without true positives has F1 = 0. Classes that occur neither\n"
           "among the labels nor among the predictions do not count. Of several equally probable classes\n"
           "the first is the prediction.\n"
           "\n"
           "Value: `f1`, to be maximized; undefined (NaN) without samples. Equals scikit-learn's f1_score\n"
           "with zero_division=0.\n"
           "\n"
           "Source: van Rijsbergen 1979, \"Information retrieval\", chapter 7.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.metric.f1", "0.1.0", "MIT", "the hone authors", "", &f1)
