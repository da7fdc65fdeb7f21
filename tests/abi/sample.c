/* SPDX-License-Identifier: MIT */
/* What a third party built against the first headers: a search and a metric in one module. It is compiled with each set of
 * frozen headers and must load and work in every later host of the same major. Uses what ABI 1.0 had, nothing newer. */
#include "hone/metric.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "hone/search.h"

#include <stdlib.h>

/* ---- search/sample: draws of the prior ---- */
struct settings {
    double pull;
    int64_t attempts;
    uint8_t mirror;
    uint32_t start;
};
static const char *const starts[] = { "centre", "random", NULL };
static const hone_param params[] = {
    HONE_REAL(struct settings, pull, "0.25", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Pull of a draw towards the best point."),
    HONE_INT(struct settings, attempts, "1000", 1, 1e6, HONE_P_ADVANCED, NULL, "Draws until the relations hold."),
    HONE_BOOL(struct settings, mirror, "no", 0, "Draw from the other end."),
    HONE_ENUM(struct settings, start, "random", starts, 0, "The first point."),
};

enum { MAX_DIMS = 256 };
struct sample {
    struct settings settings;
    const hone_space *space;
    uint64_t seed;
    double best, where[MAX_DIMS]; /* in units; where: unset while best is infinite */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct sample *s = (struct sample *)calloc(1, sizeof *s);
    (void)host;
    if (!s)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    s->settings = *(const struct settings *)info->config;
    s->seed = info->seed;
    s->best = HUGE_VAL;
    *self = s;
    return HONE_OK;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)info;
    if (space->n_dims > MAX_DIMS)
        return hone_fail(err, HONE_EINVAL, NULL, "more than %d dimensions", MAX_DIMS);
    ((struct sample *)self)->space = space;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    const struct sample *s = (const struct sample *)self;
    hone_rng rng = hone_rng_at(s->seed, trial);
    for (int64_t i = 0; i < s->settings.attempts; i++) {
        for (uint32_t d = 0; d < s->space->n_dims; d++) {
            double u = trial || i || s->settings.start ? hone_rng_uniform(&rng) : 0.5;
            if (isfinite(s->best))
                u += s->settings.pull * (s->where[d] - u);
            x[d] = hone_dim_from_unit(s->space->dims[d], s->settings.mirror ? 1 - u : u);
        }
        hone_space_settle(s->space, x);
        if (hone_space_allowed(s->space, x))
            return HONE_OK;
    }
    return hone_fail(err, HONE_EFAIL, "attempts", "no point satisfied the relations");
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct sample *s = (struct sample *)self;
    (void)err;
    if (outcome->status != HONE_COMPLETE || !isfinite(outcome->values[0]) || !(outcome->values[0] < s->best))
        return HONE_OK;
    s->best = outcome->values[0];
    for (uint32_t d = 0; d < s->space->n_dims; d++)
        s->where[d] = isnan(outcome->x[d]) ? 0.5 : hone_dim_to_unit(s->space->dims[d], outcome->x[d]);
    return HONE_OK;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct sample *s = (const struct sample *)self;
    if (out->write(out->ctx, &s->best, sizeof s->best) < 0 || out->write(out->ctx, s->where, sizeof s->where) < 0)
        return hone_fail(err, HONE_EIO, NULL, "the state could not be written");
    return HONE_OK;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct sample *s = (struct sample *)self;
    double state[1 + MAX_DIMS];
    uint64_t got = 0;
    while (got < sizeof state) {
        const int64_t n = in->read(in->ctx, (char *)state + got, sizeof state - got);
        if (n <= 0)
            return hone_fail(err, HONE_EINVAL, NULL, "the state is cut short");
        got += (uint64_t)n;
    }
    for (int i = 1; i <= MAX_DIMS; i++)
        if (!(state[i] >= 0 && state[i] <= 1))
            return hone_fail(err, HONE_EINVAL, NULL, "the state holds a place outside the space");
    if (isnan(state[0]))
        return hone_fail(err, HONE_EINVAL, NULL, "the state holds no value");
    s->best = state[0];
    for (int i = 0; i < MAX_DIMS; i++)
        s->where[i] = state[1 + i];
    return HONE_OK;
}

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component sample_search = {
    sizeof sample_search,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "sample",
    "Draws pulled to the best",
    NULL,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    free,
    save,
    load,
    NULL,
};

/* ---- metric/sample: the mean loss ---- */
struct mean {
    double sum;
    uint64_t n;
};

static hone_rc create_mean(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    *self = calloc(1, sizeof(struct mean));
    return *self ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    const struct mean empty = { 0, 0 };
    (void)task;
    (void)err;
    *(struct mean *)self = empty;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *batch, hone_error *err)
{
    struct mean *m = (struct mean *)self;
    (void)err;
    for (uint64_t i = 0; i < batch->n; i++)
        m->sum += (double)batch->losses[i];
    m->n += batch->n;
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct mean *m = (struct mean *)self;
    (void)err;
    m->sum += ((const struct mean *)other)->sum;
    m->n += ((const struct mean *)other)->n;
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct mean *m = (const struct mean *)self;
    (void)err;
    sink->value(sink->ctx, "sample", m->n ? m->sum / (double)m->n : (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "sample", (double)NAN, HONE_MINIMIZE);
    return HONE_OK;
}

static const hone_metric_v1 metric = {
    sizeof metric, 0, HONE_METRIC_CLASSIFICATION | HONE_METRIC_REGRESSION, 0, begin, update, merge, compute, list
};
static const hone_component sample_metric = {
    sizeof sample_metric,
    HONE_C_DETERMINISTIC,
    HONE_KIND_METRIC,
    "sample",
    "Mean loss",
    NULL,
    NULL,
    0,
    sizeof(hone_param),
    0,
    0,
    &metric,
    create_mean,
    free,
    NULL,
    NULL,
    NULL,
};

HONE_MODULE("org.hone.tests.abi-sample", "1.0.0", "MIT", "the hone authors", "", &sample_search, &sample_metric)
