/* SPDX-License-Identifier: MIT */
/* Metrics that are sums over the samples of what their probabilities say: metric/top_k, log_loss, brier and
 * calibration_error. */
#include "classification.h"

#include <float.h>

enum kind { TOP_K, LOG_LOSS, BRIER, CALIBRATION };
enum norm { L1, L2, MAX };
static const char *const norms[] = { "l1", "l2", "max", NULL };

struct settings { /* each component's table names those that it has */
    int64_t k, bins;
    uint32_t norm;
};

struct bin {                     /* of confidence */
    double n, right, confidence; /* sums */
};

struct sums {
    struct settings settings;
    enum kind kind;
    int64_t classes;
    uint64_t n;
    double sum;
    struct bin *bins; /* (settings.bins), CALIBRATION */
};

static const struct {
    const char *name;
    uint32_t direction;
} kinds[] = {
    [TOP_K] = { "top_k", HONE_MAXIMIZE },
    [LOG_LOSS] = { "log_loss", HONE_MINIMIZE },
    [BRIER] = { "brier", HONE_MINIMIZE },
    [CALIBRATION] = { "calibration_error", HONE_MINIMIZE },
};

static hone_rc create(const hone_create_info *info, enum kind kind, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct sums), self, err);
    if (rc == HONE_OK)
        ((struct sums *)*self)->kind = kind;
    return rc;
}

static void destroy(void *self)
{
    if (self)
        free(((struct sums *)self)->bins);
    free(self);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct sums *s = (struct sums *)self;
    const hone_rc rc = classes_begin(kinds[s->kind].name, task, err);
    if (rc != HONE_OK)
        return rc;
    free(s->bins);
    s->bins = NULL;
    s->classes = 0;
    s->n = 0;
    s->sum = 0;
    if (s->kind == CALIBRATION && !(s->bins = calloc((size_t)s->settings.bins, sizeof *s->bins)))
        return hone_fail(err, HONE_ENOMEM, "bins", "out of memory for %lld bins", (long long)s->settings.bins);
    s->classes = task->n_outputs;
    return HONE_OK;
}

/* ---- one sample; p: (k) ---- */
/* 1 where fewer than `most` classes come before the true one; of equals the first class comes first. */
static double among_first(const float *p, int64_t k, int64_t label, int64_t most)
{
    int64_t before = 0;
    for (int64_t c = 0; c < k; c++)
        before += p[c] > p[label] || (c < label && p[c] >= p[label]);
    return before < most;
}

/* Clipped as in scikit-learn, which knows the range of a double. */
static double log_loss(const float *p, int64_t label)
{
    const double q = (double)p[label];
    return -log(q < DBL_EPSILON ? DBL_EPSILON : q > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : q);
}

static double brier(const float *p, int64_t k, int64_t label)
{
    double sum = 0;
    if (k == 2)
        return ((double)p[1] - (double)label) * ((double)p[1] - (double)label);
    for (int64_t c = 0; c < k; c++) {
        const double error = (double)p[c] - (c == label ? 1 : 0);
        sum += error * error;
    }
    return sum;
}

static void sort_in(struct sums *s, const float *p, int64_t label)
{
    const int64_t predicted = most_probable(p, s->classes), bins = s->settings.bins;
    const double confidence = (double)p[predicted], at = ceil(confidence * (double)bins) - 1;
    struct bin *bin = &s->bins[at > 0 ? (at < (double)bins ? (int64_t)at : bins - 1) : 0];
    bin->n++;
    bin->right += predicted == label;
    bin->confidence += confidence;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct sums *s = (struct sums *)self;
    const hone_rc rc = classes_check(kinds[s->kind].name, s->classes, b, err);
    if (rc != HONE_OK)
        return rc;
    for (uint64_t i = 0; i < b->n; i++) {
        const float *p = b->outputs + i * (uint64_t)b->k;
        switch (s->kind) {
        case TOP_K: s->sum += among_first(p, b->k, b->labels[i], s->settings.k); break;
        case LOG_LOSS: s->sum += log_loss(p, b->labels[i]); break;
        case BRIER: s->sum += brier(p, b->k, b->labels[i]); break;
        case CALIBRATION:
        default: sort_in(s, p, b->labels[i]); break;
        }
    }
    s->n += b->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct sums *s = (struct sums *)self;
    const struct sums *o = (const struct sums *)other;
    if (s->classes != o->classes || s->settings.bins != o->settings.bins)
        return hone_fail(err, HONE_EINVAL, NULL, "%s of %lld and %lld classes cannot be merged", kinds[s->kind].name,
                         (long long)s->classes, (long long)o->classes);
    s->n += o->n;
    s->sum += o->sum;
    for (int64_t i = 0; s->bins && o->bins && i < s->settings.bins; i++) {
        s->bins[i].n += o->bins[i].n;
        s->bins[i].right += o->bins[i].right;
        s->bins[i].confidence += o->bins[i].confidence;
    }
    return HONE_OK;
}

/* The gaps between confidence and accuracy of the bins, weighed by their samples. */
static double calibration_error(const struct sums *s)
{
    double sum = 0, largest = 0;
    for (int64_t i = 0; i < s->settings.bins; i++) {
        const struct bin *b = &s->bins[i];
        const double gap = b->n > 0 ? fabs(b->confidence - b->right) / b->n : 0, share = b->n / (double)s->n;
        sum += share * (s->settings.norm == L2 ? gap * gap : gap);
        largest = gap > largest ? gap : largest;
    }
    return s->settings.norm == MAX ? largest : s->settings.norm == L2 ? sqrt(sum) : sum;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct sums *s = (const struct sums *)self;
    (void)err;
    sink->value(sink->ctx, kinds[s->kind].name,
                !s->n                    ? (double)NAN
                : s->kind == CALIBRATION ? calibration_error(s)
                                         : s->sum / (double)s->n,
                kinds[s->kind].direction);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    const struct sums *s = (const struct sums *)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, kinds[s->kind].name, (double)NAN, kinds[s->kind].direction);
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

/* ---- the components ---- */
static hone_rc create_top_k(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, TOP_K, self, err);
}

static const hone_param top_k_params[] = {
    HONE_INT(struct settings, k, "5", 1, 1e9, 0, "classes",
             "How many of the most probable classes may be the true one."),
};

const hone_component top_k_metric = {
    .size = sizeof top_k_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "top_k",
    .summary = "Share of the samples whose true class is among the k most probable",
    .doc = "    top_k = (samples whose true class is among the k most probable) / (samples)\n"
           "\n"
           "Of several equally probable classes the first comes first, so that `k = 1` is metric/accuracy;\n"
           "scikit-learn's top_k_accuracy_score, which this equals otherwise, takes the last one first.\n"
           "With no more than k classes it is 1. Value: `top_k`, to be maximized; undefined (NaN) without\n"
           "samples.",
    .params = top_k_params,
    .n_params = HONE_COUNT(top_k_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_top_k,
    .destroy = destroy,
};

static hone_rc create_log_loss(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, LOG_LOSS, self, err);
}

const hone_component log_loss_metric = {
    .size = sizeof log_loss_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "log_loss",
    .summary = "Mean negative logarithm of the probability of the true class",
    .doc = "    log_loss = -1/n * sum over samples of ln p[true class]\n"
           "\n"
           "with probabilities clipped to [2.2e-16, 1 - 2.2e-16]. Where training minimizes cross entropy\n"
           "on hard labels it is metric/loss; it stays what it is where training minimizes something\n"
           "else. Value: `log_loss`, to be minimized; undefined (NaN) without samples. Equals\n"
           "scikit-learn's log_loss over all classes.",
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_log_loss,
    .destroy = destroy,
};

static hone_rc create_brier(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, BRIER, self, err);
}

const hone_component brier_metric = {
    .size = sizeof brier_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "brier",
    .summary = "Brier score: mean squared error of the probabilities",
    .doc = "With t one for the true class of a sample and zero for the others, n samples, K classes:\n"
           "\n"
           "    K > 2:  brier = 1/n * sum over samples and classes of (p[k] - t[k])^2      in [0, 2]\n"
           "    K = 2:  brier = 1/n * sum over samples of (p[1] - t[1])^2                  in [0, 1]\n"
           "\n"
           "as scikit-learn's brier_score_loss. Value: `brier`, to be minimized; undefined (NaN) without\n"
           "samples.\n"
           "\n"
           "Source: Brier 1950, \"Verification of forecasts expressed in terms of probability\", Monthly\n"
           "weather review 78.",
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_brier,
    .destroy = destroy,
};

static hone_rc create_calibration(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, CALIBRATION, self, err);
}

static const hone_param calibration_params[] = {
    HONE_INT(struct settings, bins, "15", 1, 1e6, 0, NULL,
             "Equal intervals of confidence that samples are sorted into."),
    HONE_ENUM(
        struct settings, norm, "l1", norms, 0,
        "How the bins' gaps are summed up: l1: mean (expected calibration error); l2: root of the mean square; max: "
        "the largest (maximum calibration error)."),
};

const hone_component calibration_error_metric = {
    .size = sizeof calibration_error_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "calibration_error",
    .summary = "Calibration error: how far confidence and accuracy are apart",
    .doc = "The confidence of a prediction is the probability of its most probable class. Samples are\n"
           "sorted into bins ((m - 1)/M, m/M] of confidence; with B[m] the n[m] samples of a bin, the gap\n"
           "of a bin is |mean confidence of B[m] - share of B[m] classified right|, and\n"
           "\n"
           "    norm = l1:   sum n[m]/n * gap[m]             the expected calibration error\n"
           "    norm = l2:   sqrt(sum n[m]/n * gap[m]^2)\n"
           "    norm = max:  max gap[m]                      the maximum calibration error\n"
           "\n"
           "Value: `calibration_error`, to be minimized; undefined (NaN) without samples.\n"
           "\n"
           "Source: Guo, Pleiss, Sun and Weinberger 2017, \"On calibration of modern neural networks\",\n"
           "ICML, equations 2, 3 and 5.",
    .params = calibration_params,
    .n_params = HONE_COUNT(calibration_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create_calibration,
    .destroy = destroy,
};
