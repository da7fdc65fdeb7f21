/* SPDX-License-Identifier: MIT */
/* Metrics that follow from counts: of each class how often it was true, predicted, and both; and over all samples how far
 * apart the two were. Whole numbers, so that parts add up to the same bits in any order. */
#include "classification.h"

struct counts {
    uint64_t hits, predicted, actual;
};

struct tally {
    struct tally_settings settings;
    enum tally_kind kind;
    int64_t classes;
    uint64_t n;
    double distance, square; /* sums of |true - predicted| and of its square, in classes; exact up to 2^53 */
    struct counts *counts;   /* (classes) */
    struct class_names names;
};

static const struct {
    const char *name;
    uint32_t direction;
    int averaged; /* a score per class, averaged as the settings say */
} kinds[] = {
    [TALLY_PRECISION] = { "precision", HONE_MAXIMIZE, 1 },
    [TALLY_RECALL] = { "recall", HONE_MAXIMIZE, 1 },
    [TALLY_F1] = { "f1", HONE_MAXIMIZE, 1 },
    [TALLY_FBETA] = { "fbeta", HONE_MAXIMIZE, 1 },
    [TALLY_JACCARD] = { "jaccard", HONE_MAXIMIZE, 1 },
    [TALLY_BALANCED] = { "balanced_accuracy", HONE_MAXIMIZE, 0 },
    [TALLY_MATTHEWS] = { "matthews", HONE_MAXIMIZE, 0 },
    [TALLY_KAPPA] = { "cohen_kappa", HONE_MAXIMIZE, 0 },
    [TALLY_HAMMING] = { "hamming", HONE_MINIMIZE, 0 },
};

hone_rc tally_create(const hone_create_info *info, enum tally_kind kind, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct tally_settings), sizeof(struct tally), self, err);
    if (rc == HONE_OK)
        ((struct tally *)*self)->kind = kind;
    return rc;
}

static void release(struct tally *t)
{
    free(t->counts);
    class_names_release(&t->names);
    t->counts = NULL;
    t->classes = 0;
    t->n = 0;
    t->distance = t->square = 0;
}

void tally_destroy(void *self)
{
    if (self)
        release((struct tally *)self);
    free(self);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct tally *t = (struct tally *)self;
    hone_rc rc = classes_begin(kinds[t->kind].name, task, err);
    if (rc != HONE_OK)
        return rc;
    release(t);
    if (t->settings.per_class && (rc = class_names_create(&t->names, task, err)) != HONE_OK)
        return rc;
    if (!(t->counts = calloc((size_t)task->n_outputs, sizeof *t->counts)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the counts of %lld classes",
                         (long long)task->n_outputs);
    t->classes = task->n_outputs;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct tally *t = (struct tally *)self;
    const hone_rc rc = classes_check(kinds[t->kind].name, t->classes, b, err);
    if (rc != HONE_OK)
        return rc;
    for (uint64_t i = 0; i < b->n; i++) {
        const int64_t predicted = most_probable(b->outputs + i * (uint64_t)b->k, b->k), actual = b->labels[i];
        const double apart = (double)(predicted - actual);
        t->counts[predicted].predicted++;
        t->counts[actual].actual++;
        t->counts[actual].hits += predicted == actual;
        t->distance += fabs(apart);
        t->square += apart * apart;
    }
    t->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct tally *t = (struct tally *)self;
    const struct tally *o = (const struct tally *)other;
    if (t->classes != o->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "%s of %lld and %lld classes cannot be merged", kinds[t->kind].name,
                         (long long)t->classes, (long long)o->classes);
    for (int64_t c = 0; c < t->classes; c++) {
        t->counts[c].hits += o->counts[c].hits;
        t->counts[c].predicted += o->counts[c].predicted;
        t->counts[c].actual += o->counts[c].actual;
    }
    t->n += o->n;
    t->distance += o->distance;
    t->square += o->square;
    return HONE_OK;
}

/* ---- scores of classes ---- */
struct fraction {
    double above, below;
};

static struct fraction fraction_of(const struct tally *t, const struct counts *c)
{
    const double hits = (double)c->hits, predicted = (double)c->predicted, actual = (double)c->actual;
    const double beta = t->settings.beta;
    switch (t->kind) {
    case TALLY_PRECISION: return (struct fraction){ hits, predicted };
    case TALLY_RECALL: return (struct fraction){ hits, actual };
    case TALLY_F1: return (struct fraction){ 2 * hits, predicted + actual };
    case TALLY_FBETA: return (struct fraction){ (1 + beta * beta) * hits, predicted + beta * beta * actual };
    case TALLY_JACCARD: return (struct fraction){ hits, predicted + actual - hits };
    case TALLY_BALANCED:
    case TALLY_MATTHEWS:
    case TALLY_KAPPA:
    case TALLY_HAMMING:
    default: return (struct fraction){ 0, 0 }; /* no score of a class */
    }
}

/* 0 / 0 counts as 0, as with zero_division=0 in scikit-learn. */
static double ratio(struct fraction f)
{
    return f.below > 0 ? f.above / f.below : 0;
}

/* Classes that occur in neither do not count. */
static double averaged(const struct tally *t)
{
    struct fraction pooled = { 0, 0 };
    double sum = 0, weights = 0;
    for (int64_t c = 0; c < t->classes; c++) {
        const struct counts *n = &t->counts[c];
        const struct fraction f = fraction_of(t, n);
        const double weight = t->settings.average == WEIGHTED ? (double)n->actual : 1;
        if (!n->predicted && !n->actual)
            continue;
        pooled.above += f.above;
        pooled.below += f.below;
        sum += weight * ratio(f);
        weights += weight;
    }
    if (t->settings.average == MICRO && t->n)
        return ratio(pooled);
    return weights > 0 ? sum / weights : (double)NAN;
}

/* ---- numbers of the whole table ---- */
/* Mean recall of the classes that occur among the labels; adjusted: chance is 0, perfection stays 1. */
static double balanced_accuracy(const struct tally *t)
{
    double sum = 0, n = 0;
    for (int64_t c = 0; c < t->classes; c++)
        if (t->counts[c].actual) {
            sum += (double)t->counts[c].hits / (double)t->counts[c].actual;
            n++;
        }
    if (!(n > 0) || !t->settings.adjusted)
        return n > 0 ? sum / n : (double)NAN;
    return n > 1 ? (sum / n - 1 / n) / (1 - 1 / n) : (double)NAN;
}

/* Gorodkin 2004, equation 8, by the sums over rows and columns of the table. */
static double matthews(const struct tally *t)
{
    const double n = (double)t->n;
    double hits = 0, both = 0, predicted = 0, actual = 0;
    if (!t->n)
        return (double)NAN;
    for (int64_t c = 0; c < t->classes; c++) {
        const double p = (double)t->counts[c].predicted, a = (double)t->counts[c].actual;
        hits += (double)t->counts[c].hits;
        both += p * a;
        predicted += p * p;
        actual += a * a;
    }
    const double spread = (n * n - predicted) * (n * n - actual);
    return spread > 0 ? (hits * n - both) / sqrt(spread) : 0;
}

/* 1 - (disagreement seen) / (disagreement of two who know only the shares). The weight of taking class i for class j is 1,
 * |i - j| or (i - j)^2. */
static double cohen_kappa(const struct tally *t)
{
    const double n = (double)t->n;
    double seen = 0, expected = 0;
    if (t->settings.weights == UNWEIGHTED) {
        seen = n;
        expected = n * n;
        for (int64_t c = 0; c < t->classes; c++) {
            seen -= (double)t->counts[c].hits;
            expected -= (double)t->counts[c].predicted * (double)t->counts[c].actual;
        }
    } else {
        seen = t->settings.weights == LINEAR ? t->distance : t->square;
        for (int64_t i = 0; i < t->classes; i++)
            for (int64_t j = 0; j < t->classes && t->counts[i].actual; j++) {
                const double apart = fabs((double)(i - j));
                expected += (t->settings.weights == LINEAR ? apart : apart * apart) * (double)t->counts[i].actual *
                            (double)t->counts[j].predicted;
            }
    }
    return expected > 0 ? 1 - seen * n / expected : (double)NAN;
}

static double hamming(const struct tally *t)
{
    double wrong = (double)t->n;
    for (int64_t c = 0; c < t->classes; c++)
        wrong -= (double)t->counts[c].hits;
    return t->n ? wrong / (double)t->n : (double)NAN;
}

static double value_of(const struct tally *t)
{
    switch (t->kind) {
    case TALLY_BALANCED: return balanced_accuracy(t);
    case TALLY_MATTHEWS: return matthews(t);
    case TALLY_KAPPA: return cohen_kappa(t);
    case TALLY_HAMMING: return hamming(t);
    case TALLY_PRECISION:
    case TALLY_RECALL:
    case TALLY_F1:
    case TALLY_FBETA:
    case TALLY_JACCARD:
    default: return averaged(t);
    }
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct tally *t = (const struct tally *)self;
    const char *name = kinds[t->kind].name;
    (void)err;
    sink->value(sink->ctx, name, value_of(t), kinds[t->kind].direction);
    for (int64_t c = 0; kinds[t->kind].averaged && c < t->names.n; c++) {
        const struct counts *n = &t->counts[c];
        class_value(sink, name, &t->names, c, n->predicted || n->actual ? ratio(fraction_of(t, n)) : (double)NAN,
                    kinds[t->kind].direction);
    }
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    const struct tally *t = (const struct tally *)self;
    struct class_names names = { NULL, 0 };
    hone_rc rc = HONE_OK;
    sink->value(sink->ctx, kinds[t->kind].name, (double)NAN, kinds[t->kind].direction);
    if (t->settings.per_class)
        rc = class_names_create(&names, task, err);
    for (int64_t c = 0; c < names.n; c++)
        class_value(sink, kinds[t->kind].name, &names, c, (double)NAN, kinds[t->kind].direction);
    class_names_release(&names);
    return rc;
}

const hone_metric_v1 tally_iface = {
    .size = sizeof tally_iface,
    .tasks = HONE_METRIC_CLASSIFICATION,
    .begin = begin,
    .update = update,
    .merge = merge,
    .compute = compute,
    .list = list,
};
