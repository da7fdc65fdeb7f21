/* SPDX-License-Identifier: MIT */
/* metric/mse, mae, mape, r2, explained_variance, median_absolute_error, max_error, pearson and spearman: what they are, and
 * what is common to them. */
#include "regression.h"

struct metric {
    enum number_kind kind;
    int64_t outputs;
    struct moments *moments; /* (outputs), or NULL: */
    struct numbers numbers;
};

static const struct {
    const char *name;
    uint32_t direction;
    int ordered; /* needs all numbers */
} kinds[] = {
    [NUMBER_MSE] = { "mse", HONE_MINIMIZE, 0 },
    [NUMBER_MAE] = { "mae", HONE_MINIMIZE, 0 },
    [NUMBER_MAPE] = { "mape", HONE_MINIMIZE, 0 },
    [NUMBER_R2] = { "r2", HONE_MAXIMIZE, 0 },
    [NUMBER_EXPLAINED_VARIANCE] = { "explained_variance", HONE_MAXIMIZE, 0 },
    [NUMBER_MAX_ERROR] = { "max_error", HONE_MINIMIZE, 0 },
    [NUMBER_PEARSON] = { "pearson", HONE_MAXIMIZE, 0 },
    [NUMBER_MEDIAN_ABSOLUTE_ERROR] = { "median_absolute_error", HONE_MINIMIZE, 1 },
    [NUMBER_SPEARMAN] = { "spearman", HONE_MAXIMIZE, 1 },
};

static hone_rc create(const hone_create_info *info, enum number_kind kind, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, 0, sizeof(struct metric), self, err);
    if (rc == HONE_OK)
        ((struct metric *)*self)->kind = kind;
    return rc;
}

static void release(struct metric *m)
{
    free(m->moments);
    m->moments = NULL;
    numbers_release(&m->numbers);
    m->outputs = 0;
}

static void destroy(void *self)
{
    if (self)
        release((struct metric *)self);
    free(self);
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct metric *m = (struct metric *)self;
    if (task->kind != HONE_TASK_REGRESSION || task->n_outputs < 1)
        return hone_fail(err, HONE_EINVAL, NULL, "%s is a metric for numbers", kinds[m->kind].name);
    release(m);
    if (!kinds[m->kind].ordered && !(m->moments = calloc((size_t)task->n_outputs, sizeof *m->moments)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %lld outputs", (long long)task->n_outputs);
    m->outputs = task->n_outputs;
    m->numbers.k = (uint64_t)task->n_outputs;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *b, hone_error *err)
{
    struct metric *m = (struct metric *)self;
    if (!b->targets || b->k != m->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "%s was begun for %lld outputs and got other predictions",
                         kinds[m->kind].name, (long long)m->outputs);
    const uint64_t k = (uint64_t)b->k;
    for (uint64_t i = 0; i < b->n * k; i++)
        if (isnan(b->outputs[i]))
            return hone_fail(err, HONE_ENUMERIC, NULL, "the network's predictions are not numbers (NaN)");
    if (kinds[m->kind].ordered)
        return numbers_append(&m->numbers, b->outputs, b->targets, b->n, err);
    for (uint64_t i = 0; i < b->n * k; i++)
        moments_add(&m->moments[i % k], (double)b->outputs[i], (double)b->targets[i]);
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct metric *m = (struct metric *)self;
    const struct metric *o = (const struct metric *)other;
    if (m->outputs != o->outputs)
        return hone_fail(err, HONE_EINVAL, NULL, "%s of %lld and %lld outputs cannot be merged", kinds[m->kind].name,
                         (long long)m->outputs, (long long)o->outputs);
    if (kinds[m->kind].ordered)
        return numbers_append(&m->numbers, o->numbers.x, o->numbers.t, o->numbers.n, err);
    for (int64_t i = 0; i < m->outputs; i++)
        moments_merge(&m->moments[i], &o->moments[i]);
    return HONE_OK;
}

/* The mean of the outputs, or their largest error. */
static double value_of(const struct metric *m)
{
    double sum = 0, largest = 0;
    for (int64_t i = 0; i < m->outputs; i++) {
        const double v = moments_value(&m->moments[i], m->kind);
        sum += v;
        largest = v > largest ? v : largest;
    }
    return m->kind == NUMBER_MAX_ERROR && !isnan(sum) ? largest : sum / (double)m->outputs;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct metric *m = (const struct metric *)self;
    double value;
    hone_rc rc = HONE_OK;
    if (kinds[m->kind].ordered)
        rc = numbers_value(&m->numbers, m->kind, &value, err);
    else
        value = value_of(m);
    if (rc == HONE_OK)
        sink->value(sink->ctx, kinds[m->kind].name, value, kinds[m->kind].direction);
    return rc;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    const struct metric *m = (const struct metric *)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, kinds[m->kind].name, (double)NAN, kinds[m->kind].direction);
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

static hone_rc create_mse(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_MSE, self, err);
}

static const hone_component mse = {
    .size = sizeof mse,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "mse",
    .summary = "Mean squared error",
    .doc = "With x the numbers predicted and t the true ones, n samples of K outputs:\n"
           "\n"
           "    mse = 1/(n K) * sum over i and k of (x[i][k] - t[i][k])^2\n"
           "\n"
           "Value: `mse`, to be minimized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "mean_squared_error. In the units of the targets: metric/rmse.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_mse,
    .destroy = destroy,
};

static hone_rc create_mae(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_MAE, self, err);
}

static const hone_component mae = {
    .size = sizeof mae,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "mae",
    .summary = "Mean absolute error",
    .doc = "With x the numbers predicted and t the true ones, n samples of K outputs:\n"
           "\n"
           "    mae = 1/(n K) * sum over i and k of |x[i][k] - t[i][k]|\n"
           "\n"
           "Value: `mae`, to be minimized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "mean_absolute_error.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_mae,
    .destroy = destroy,
};

static hone_rc create_mape(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_MAPE, self, err);
}

static const hone_component mape = {
    .size = sizeof mape,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "mape",
    .summary = "Mean absolute error relative to the true numbers",
    .doc = "With x the numbers predicted and t the true ones, n samples of K outputs:\n"
           "\n"
           "    mape = 1/(n K) * sum over i and k of |x[i][k] - t[i][k]| / max(|t[i][k]|, 2.2e-16)\n"
           "\n"
           "a share, not percent: 0.05 is an error of 5 %. True numbers of zero make it huge. Value: `mape`, to be\n"
           "minimized; undefined (NaN) without samples. Equals scikit-learn's mean_absolute_percentage_error.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_mape,
    .destroy = destroy,
};

static hone_rc create_r2(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_R2, self, err);
}

static const hone_component r2 = {
    .size = sizeof r2,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "r2",
    .summary = "Coefficient of determination: share of the variance that is explained",
    .doc = "With x the numbers predicted and t the true ones, per output:\n"
           "\n"
           "    r2 = 1 - sum (x[i] - t[i])^2 / sum (t[i] - mean t)^2\n"
           "\n"
           "1 is perfect, 0 what the mean would do, and it can be as bad as it likes below. Of targets that are\n"
           "all the same it is 1 if predicted exactly, else 0. Several outputs are averaged equally. Value: `r2`,\n"
           "to be maximized; undefined (NaN) with fewer than two samples. Equals scikit-learn's r2_score.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_r2,
    .destroy = destroy,
};

static hone_rc create_explained_variance(const hone_host *host, const hone_create_info *info, void **self,
                                         hone_error *err)
{
    (void)host;
    return create(info, NUMBER_EXPLAINED_VARIANCE, self, err);
}

static const hone_component explained_variance = {
    .size = sizeof explained_variance,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "explained_variance",
    .summary = "Share of the variance that is explained, whatever the mean error",
    .doc = "With x the numbers predicted and t the true ones, per output:\n"
           "\n"
           "    explained_variance = 1 - variance(t - x) / variance(t)\n"
           "\n"
           "which is metric/r2 for predictions that are right in the mean. Of targets that are all the same it is\n"
           "1 if the error is always the same too, else 0. Several outputs are averaged equally. Value:\n"
           "`explained_variance`, to be maximized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "explained_variance_score.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_explained_variance,
    .destroy = destroy,
};

static hone_rc create_median_absolute_error(const hone_host *host, const hone_create_info *info, void **self,
                                            hone_error *err)
{
    (void)host;
    return create(info, NUMBER_MEDIAN_ABSOLUTE_ERROR, self, err);
}

static const hone_component median_absolute_error = {
    .size = sizeof median_absolute_error,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "median_absolute_error",
    .summary = "Median absolute error",
    .doc = "With x the numbers predicted and t the true ones, per output:\n"
           "\n"
           "    median_absolute_error = median of |x[i] - t[i]|\n"
           "\n"
           "which outliers do not move. Several outputs are averaged equally. Value: `median_absolute_error`, to be\n"
           "minimized; undefined (NaN) without samples. Equals scikit-learn's median_absolute_error. All numbers\n"
           "are kept: memory for two times samples times outputs.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_median_absolute_error,
    .destroy = destroy,
};

static hone_rc create_max_error(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_MAX_ERROR, self, err);
}

static const hone_component max_error = {
    .size = sizeof max_error,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "max_error",
    .summary = "Largest absolute error",
    .doc = "    max_error = max over i and k of |x[i][k] - t[i][k]|\n"
           "\n"
           "Value: `max_error`, to be minimized; undefined (NaN) without samples. Equals scikit-learn's max_error,\n"
           "which takes one output only.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_max_error,
    .destroy = destroy,
};

static hone_rc create_pearson(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_PEARSON, self, err);
}

static const hone_component pearson = {
    .size = sizeof pearson,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "pearson",
    .summary = "Pearson's correlation of predicted and true numbers",
    .doc = "With x the numbers predicted and t the true ones, per output:\n"
           "\n"
           "    pearson = covariance(x, t) / sqrt(variance(x) variance(t))\n"
           "\n"
           "which neither the scale nor the level of the predictions changes. Several outputs are averaged\n"
           "equally. Value: `pearson`, to be maximized; undefined (NaN) where predictions or targets of an output\n"
           "are all the same. Equals scipy's pearsonr.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_pearson,
    .destroy = destroy,
};

static hone_rc create_spearman(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create(info, NUMBER_SPEARMAN, self, err);
}

static const hone_component spearman = {
    .size = sizeof spearman,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "spearman",
    .summary = "Spearman's rank correlation of predicted and true numbers",
    .doc = "Pearson's correlation of the ranks, of which equal numbers share the mean: 1 where the predictions put\n"
           "the samples in the right order. Several outputs are averaged equally. Value: `spearman`, to be\n"
           "maximized; undefined (NaN) where predictions or targets of an output are all the same. Equals scipy's\n"
           "spearmanr. All numbers are kept: memory for two times samples times outputs.\n"
           "\n"
           "Source: Spearman 1904, \"The proof and measurement of association between two things\", American journal\n"
           "of psychology 15.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create_spearman,
    .destroy = destroy,
};

HONE_MODULE("org.hone.metric.regression", "0.1.0", "MIT", "the hone authors", "", &mse, &mae, &mape, &r2,
            &explained_variance, &median_absolute_error, &max_error, &pearson, &spearman)
