/* SPDX-License-Identifier: MIT */
/* Metrics that compare the scores of samples with each other: metric/roc_auc and metric/average_precision. All scores are
 * kept, and sorted in the end; equal scores count as one, so that no order of the samples matters. */
#include "classification.h"

enum kind { ROC_AUC, AVERAGE_PRECISION };
enum multi_class { ONE_VS_REST, ONE_VS_ONE };
static const char *const multi_classes[] = { "ovr", "ovo", NULL };

struct settings {
    uint32_t average, multi_class;
    uint8_t per_class;
};

struct ranking {
    struct settings settings;
    enum kind kind;
    int64_t classes;
    uint64_t n, capacity;
    float *scores;   /* (capacity, classes) */
    int32_t *labels; /* (capacity) */
    struct class_names names;
};

static const char *const kinds[] = { [ROC_AUC] = "roc_auc", [AVERAGE_PRECISION] = "average_precision" };

static void release(struct ranking *r)
{
    free(r->scores);
    free(r->labels);
    class_names_release(&r->names);
    r->scores = NULL;
    r->labels = NULL;
    r->classes = 0;
    r->n = r->capacity = 0;
}

static void destroy(void *self)
{
    if (self)
        release((struct ranking *)self);
    free(self);
}

/* micro pools the classes against the rest, which ovo does not have; averages of pairs have no value per class. */
static hone_rc create(const hone_create_info *info, enum kind kind, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct ranking), self, err);
    if (rc != HONE_OK)
        return rc;
    struct ranking *r = (struct ranking *)*self;
    r->kind = kind;
    if (r->settings.multi_class != ONE_VS_ONE || (r->settings.average != MICRO && !r->settings.per_class))
        return HONE_OK;
    const int micro = r->settings.average == MICRO;
    destroy(r);
    *self = NULL;
    return hone_fail(err, HONE_EINVAL, micro ? "average" : "per_class", "%s: take multi_class = ovr for it",
                     micro ? "average = micro has no meaning for pairs of classes"
                           : "per_class = yes has no meaning for pairs of classes");
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct ranking *r = (struct ranking *)self;
    const hone_rc rc = classes_begin(kinds[r->kind], task, err);
    if (rc != HONE_OK)
        return rc;
    release(r);
    r->classes = task->n_outputs;
    return r->settings.per_class ? class_names_create(&r->names, task, err) : HONE_OK;
}

static hone_rc append(struct ranking *r, const float *scores, const int32_t *labels, uint64_t n, hone_error *err)
{
    const uint64_t k = (uint64_t)r->classes;
    if (n > r->capacity - r->n) {
        const uint64_t capacity = r->n + n > 2 * r->capacity ? r->n + n : 2 * r->capacity;
        float *more = realloc(r->scores, capacity * k * sizeof *more);
        if (more)
            r->scores = more;
        int32_t *more_labels = more ? realloc(r->labels, capacity * sizeof *more_labels) : NULL;
        if (!more_labels)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the scores of %llu samples",
                             (unsigned long long)(r->n + n));
        r->labels = more_labels;
        r->capacity = capacity;
    }
    if (n) {
        memcpy(r->scores + r->n * k, scores, n * k * sizeof *scores);
        memcpy(r->labels + r->n, labels, n * sizeof *labels);
    }
    r->n += n;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct ranking *r = (struct ranking *)self;
    const hone_rc rc = classes_check(kinds[r->kind], r->classes, b, err);
    return rc == HONE_OK ? append(r, b->outputs, b->labels, b->n, err) : rc;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct ranking *r = (struct ranking *)self;
    const struct ranking *o = (const struct ranking *)other;
    if (r->classes != o->classes)
        return hone_fail(err, HONE_EINVAL, NULL, "%s of %lld and %lld classes cannot be merged", kinds[r->kind],
                         (long long)r->classes, (long long)o->classes);
    return append(r, o->scores, o->labels, o->n, err);
}

/* ---- positives against negatives ---- */
struct item {
    float score;
    uint32_t positive;
};

static int descending(const void *a, const void *b)
{
    const float x = ((const struct item *)a)->score, y = ((const struct item *)b)->score;
    return (x < y) - (x > y);
}

/* Of a group of equal scores: its positives and negatives; *i moves past it. */
static void take_group(const struct item *items, uint64_t n, uint64_t *i, double *positives, double *negatives)
{
    const float score = items[*i].score;
    *positives = *negatives = 0;
    for (; *i < n && items[*i].score >= score; ++*i) {
        *positives += items[*i].positive;
        *negatives += !items[*i].positive;
    }
}

/* Share of the pairs of a positive and a negative in which the positive scores higher; ties count half (Mann and Whitney). */
static double roc_auc(const struct item *items, uint64_t n)
{
    double pairs = 0, above = 0, negatives = 0, positives, more;
    for (uint64_t i = 0; i < n;) {
        take_group(items, n, &i, &positives, &more);
        pairs += more * (above + 0.5 * positives);
        above += positives;
        negatives += more;
    }
    return above > 0 && negatives > 0 ? pairs / (above * negatives) : (double)NAN;
}

/* sum over thresholds of (recall gained) * precision */
static double average_precision(const struct item *items, uint64_t n)
{
    double all = 0, above = 0, below = 0, sum = 0, positives, negatives;
    for (uint64_t i = 0; i < n; i++)
        all += items[i].positive;
    for (uint64_t i = 0; i < n;) {
        take_group(items, n, &i, &positives, &negatives);
        above += positives;
        below += negatives;
        sum += positives * above / (above + below);
    }
    return all > 0 ? sum / all : (double)NAN;
}

static double score_of(const struct ranking *r, struct item *items, uint64_t n)
{
    qsort(items, n, sizeof *items, descending);
    return r->kind == ROC_AUC ? roc_auc(items, n) : average_precision(items, n);
}

/* Class c against the rest. */
static double one_vs_rest(const struct ranking *r, int64_t c, struct item *items)
{
    const uint64_t k = (uint64_t)r->classes;
    for (uint64_t i = 0; i < r->n; i++)
        items[i] = (struct item){ r->scores[i * k + (uint64_t)c], r->labels[i] == c };
    return score_of(r, items, r->n);
}

static double pooled(const struct ranking *r, struct item *items)
{
    const uint64_t k = (uint64_t)r->classes;
    for (uint64_t i = 0; i < r->n * k; i++)
        items[i] = (struct item){ r->scores[i], (uint64_t)r->labels[i / k] == i % k };
    return score_of(r, items, r->n * k);
}

/* ---- pairs of classes ---- */
/* order: samples by class; first: (classes + 1) where each begins. The score is that of class a, positives are its samples. */
static double one_side(const struct ranking *r, const uint64_t *order, const uint64_t *first, int64_t a, int64_t b,
                       struct item *items)
{
    uint64_t n = 0;
    for (int side = 0; side < 2; side++)
        for (uint64_t i = first[side ? b : a]; i < first[(side ? b : a) + 1]; i++)
            items[n++] = (struct item){ r->scores[order[i] * (uint64_t)r->classes + (uint64_t)a], side == 0 };
    return score_of(r, items, n);
}

/* Hand and Till 2001: the mean over pairs of classes of the AUC within the pair, by the score of either. */
static double one_vs_one(const struct ranking *r, uint64_t *order, uint64_t *first, struct item *items)
{
    const int64_t k = r->classes;
    double sum = 0, weights = 0;
    for (uint64_t i = 0; i < r->n; i++)
        first[r->labels[i] + 1]++;
    for (int64_t c = 0; c < k; c++)
        first[c + 1] += first[c];
    for (uint64_t i = 0; i < r->n; i++) /* counting sort; first is moved up by a class */
        order[first[r->labels[i]]++] = i;
    memmove(first + 1, first, (size_t)k * sizeof *first);
    first[0] = 0;
    for (int64_t a = 0; a < k; a++)
        for (int64_t b = a + 1; b < k; b++) {
            const uint64_t n_a = first[a + 1] - first[a], n_b = first[b + 1] - first[b];
            if (!n_a || !n_b)
                continue;
            const double auc = 0.5 * (one_side(r, order, first, a, b, items) + one_side(r, order, first, b, a, items));
            const double weight = r->settings.average == WEIGHTED ? (double)(n_a + n_b) : 1;
            sum += weight * auc;
            weights += weight;
        }
    return weights > 0 ? sum / weights : (double)NAN;
}

/* ---- averages ---- */
static int is_binary(const struct ranking *r)
{
    return r->classes == 2;
}

/* Classes without samples do not count. values: (classes), every class against the rest. */
static double average(const struct ranking *r, const double *values)
{
    double sum = 0, weights = 0;
    for (int64_t c = 0; c < r->classes; c++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < r->n; i++)
            n += r->labels[i] == c;
        const double weight = r->settings.average == WEIGHTED ? (double)n : 1;
        if (!n)
            continue;
        sum += weight * values[c];
        weights += weight;
    }
    return weights > 0 ? sum / weights : (double)NAN;
}

static double value_of(const struct ranking *r, const double *values, struct item *items, uint64_t *order,
                       uint64_t *first)
{
    if (!r->n)
        return (double)NAN;
    if (is_binary(r)) /* class 1 is the positive one, as in scikit-learn */
        return values[1];
    if (r->settings.multi_class == ONE_VS_ONE)
        return one_vs_one(r, order, first, items);
    return r->settings.average == MICRO ? pooled(r, items) : average(r, values);
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct ranking *r = (const struct ranking *)self;
    const size_t n = (size_t)r->n, k = (size_t)r->classes;
    const int pool = r->settings.average == MICRO && !is_binary(r);
    struct item *items = calloc(n * (pool ? k : 1) + 1, sizeof *items);
    uint64_t *order = calloc(n + 1, sizeof *order), *first = calloc(k + 2, sizeof *first);
    double *values = calloc(k + 1, sizeof *values);
    hone_rc rc = HONE_OK;
    if (!items || !order || !first || !values) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory to sort the scores of %zu samples", n);
        goto out;
    }
    for (size_t c = 0; c < k && r->settings.multi_class == ONE_VS_REST && (!pool || r->names.n); c++)
        values[c] = n ? one_vs_rest(r, (int64_t)c, items) : (double)NAN;
    if (is_binary(r) && r->settings.multi_class == ONE_VS_ONE)
        values[1] = n ? one_vs_rest(r, 1, items) : (double)NAN;
    sink->value(sink->ctx, kinds[r->kind], value_of(r, values, items, order, first), HONE_MAXIMIZE);
    for (int64_t c = 0; c < r->names.n; c++)
        class_value(sink, kinds[r->kind], &r->names, c, values[c], HONE_MAXIMIZE);
out:
    free(items);
    free(order);
    free(first);
    free(values);
    return rc;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    const struct ranking *r = (const struct ranking *)self;
    struct class_names names = { NULL, 0 };
    hone_rc rc = HONE_OK;
    sink->value(sink->ctx, kinds[r->kind], (double)NAN, HONE_MAXIMIZE);
    if (r->settings.per_class)
        rc = class_names_create(&names, task, err);
    for (int64_t c = 0; c < names.n; c++)
        class_value(sink, kinds[r->kind], &names, c, (double)NAN, HONE_MAXIMIZE);
    class_names_release(&names);
    return rc;
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

/* ---- the components ---- */
#define AVERAGE                                                                                                      \
    HONE_ENUM(                                                                                                       \
        struct settings, average, "macro", averages, 0,                                                              \
        "How more than two classes are averaged: macro: equally; weighted: by their number of true samples; micro: " \
        "all pairs of sample and class are scored together.")
#define PER_CLASS \
    HONE_BOOL(struct settings, per_class, "no", 0, "The value of every class against the rest, too, under its name.")

static hone_rc create_roc_auc(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, ROC_AUC, self, err);
}

static const hone_param roc_auc_params[] = {
    AVERAGE,
    HONE_ENUM(struct settings, multi_class, "ovr", multi_classes, 0,
              "More than two classes are compared one against the rest (ovr), or in pairs (ovo)."),
    PER_CLASS,
};

const hone_component roc_auc_metric = {
    .size = sizeof roc_auc_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "roc_auc",
    .summary = "Area under the ROC curve: how often a positive sample scores higher than a negative one",
    .doc = "    roc_auc = (pairs in which the positive scores higher + half of those that score equal) / (pairs)\n"
           "\n"
           "over all pairs of a positive and a negative sample. With two classes the second is the\n"
           "positive one, by its probability. With more, `multi_class = ovr` takes each class that occurs\n"
           "against the rest and averages (`macro`, `weighted` by true samples, `micro` all together);\n"
           "`ovo` takes the samples of each pair of classes that occur, scored by the probability of one\n"
           "and of the other, and averages over the pairs (`weighted` by their samples).\n"
           "\n"
           "Value: `roc_auc`, to be maximized; undefined (NaN) unless two classes occur among the labels;\n"
           "with `per_class` (ovr) also `roc_auc.CLASS` of every class (its number where names are long or\n"
           "come out alike). Equals scikit-learn's roc_auc_score, which needs every class to occur.\n"
           "All scores are kept: memory for samples times classes.\n"
           "\n"
           "Source: Hanley and McNeil 1982, \"The meaning and use of the area under a receiver operating\n"
           "characteristic (ROC) curve\", Radiology 143; ovo: Hand and Till 2001, \"A simple\n"
           "generalisation of the area under the ROC curve for multiple class classification problems\",\n"
           "Machine learning 45.",
    .params = roc_auc_params,
    .n_params = HONE_COUNT(roc_auc_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_roc_auc,
    .destroy = destroy,
};

static hone_rc create_average_precision(const hone_host *host, const hone_create_info *info, void **self,
                                        hone_error *err)
{
    (void)host;
    return create(info, AVERAGE_PRECISION, self, err);
}

static const hone_param average_precision_params[] = { AVERAGE, PER_CLASS };

const hone_component average_precision_metric = {
    .size = sizeof average_precision_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "average_precision",
    .summary = "Average precision: area under the steps of the precision-recall curve",
    .doc = "    average_precision = sum over thresholds t of (recall[t] - recall[t-1]) * precision[t]\n"
           "\n"
           "over the different scores t as thresholds, from the highest down. With two classes the second\n"
           "is the positive one, by its probability. With more, each class that occurs is taken against\n"
           "the rest: `macro` is the mean, `weighted` weighs by true samples, `micro` scores all pairs of\n"
           "sample and class together.\n"
           "\n"
           "Value: `average_precision`, to be maximized; undefined (NaN) without positives; with\n"
           "`per_class` also `average_precision.CLASS` of every class (its number where names are long or\n"
           "come out alike). Equals scikit-learn's average_precision_score, which counts classes that do\n"
           "not occur as 0. All scores are kept: memory for samples times classes.",
    .params = average_precision_params,
    .n_params = HONE_COUNT(average_precision_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_average_precision,
    .destroy = destroy,
};
