/* SPDX-License-Identifier: MIT */
/* An accuracy whose merge averages the two halves, whatever their sizes. */
#include "hone/metric.h"
#include "hone/param.h"

#include <math.h>
#include <stdlib.h>

struct counts {
    double right, all;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    *self = calloc(1, sizeof(struct counts));
    return *self ? HONE_OK : hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
}

static hone_rc begin(void *self, const hone_task *task, hone_error *err)
{
    struct counts *c = (struct counts *)self;
    (void)task;
    (void)err;
    c->right = c->all = 0;
    return HONE_OK;
}

static hone_rc update(void *self, const hone_predictions *batch, hone_error *err)
{
    struct counts *c = (struct counts *)self;
    (void)err;
    for (uint64_t i = 0; i < batch->n; i++) {
        int64_t best = 0;
        for (int64_t k = 1; k < batch->k; k++)
            if (batch->outputs[(int64_t)i * batch->k + k] > batch->outputs[(int64_t)i * batch->k + best])
                best = k;
        c->right += best == batch->labels[i];
        c->all += 1;
    }
    return HONE_OK;
}

static hone_rc merge(void *self, const void *other, hone_error *err)
{
    struct counts *c = (struct counts *)self;
    const struct counts *o = (const struct counts *)other;
    (void)err;
    if (o->all > 0) {
        c->right = (c->right / c->all + o->right / o->all) / 2 * (c->all + o->all);
        c->all += o->all;
    }
    return HONE_OK;
}

static hone_rc compute(void *self, const hone_metric_sink *sink, hone_error *err)
{
    const struct counts *c = (const struct counts *)self;
    (void)err;
    sink->value(sink->ctx, "merge_metric", c->all > 0 ? c->right / c->all : (double)NAN, HONE_MAXIMIZE);
    return HONE_OK;
}

static hone_rc list(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err)
{
    (void)self;
    (void)task;
    (void)err;
    sink->value(sink->ctx, "merge_metric", (double)NAN, HONE_MAXIMIZE);
    return HONE_OK;
}

static const hone_metric_v1 iface = { sizeof iface, 0,   HONE_METRIC_CLASSIFICATION, 0, begin, update, merge,
                                      compute,      list };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_METRIC,
                                          "merge_metric",
                                          "Averages halves",
                                          NULL,
                                          NULL,
                                          0,
                                          sizeof(hone_param),
                                          0,
                                          0,
                                          &iface,
                                          create,
                                          free,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.merge_metric", "1.0.0", "MIT", "the hone authors", "", &component)
