/* SPDX-License-Identifier: MIT */
/* Feeding metrics with recorded predictions, and catching what they compute. */
#ifndef HONE_TESTS_METRIC_CASE_H
#define HONE_TESTS_METRIC_CASE_H
#include "component.h"
#include "fixtures/metrics.h"
#include "hone/metric.h"

struct caught {
    unsigned values, matrices;
    char name[32];
    double value;
    uint32_t direction;
    uint64_t rows, columns;
    double counts[400];
    char row_label[32], column_label[32]; /* the last ones */
};

static void catch_value_(void *ctx, const char *name, double value, uint32_t direction)
{
    struct caught *c = (struct caught *)ctx;
    c->values++;
    snprintf(c->name, sizeof c->name, "%s", name);
    c->value = value;
    c->direction = direction;
}

static void catch_matrix_(void *ctx, const hone_matrix *m)
{
    struct caught *c = (struct caught *)ctx;
    c->matrices++;
    snprintf(c->name, sizeof c->name, "%s", m->name);
    c->rows = m->rows;
    c->columns = m->columns;
    CU_ASSERT_FATAL(m->rows * m->columns <= 400);
    memcpy(c->counts, m->values, m->rows * m->columns * sizeof *m->values);
    snprintf(c->row_label, sizeof c->row_label, "%s", m->row_labels ? m->row_labels[m->rows - 1] : "none");
    snprintf(c->column_label, sizeof c->column_label, "%s",
             m->column_labels ? m->column_labels[m->columns - 1] : "none");
}

static const hone_metric_v1 *metric_iface(const struct component *m)
{
    return (const hone_metric_v1 *)m->component->iface;
}

static struct caught metric_compute(struct component *m)
{
    struct caught c;
    const hone_metric_sink sink = { &c, catch_value_, catch_matrix_ };
    memset(&c, 0, sizeof c);
    CU_ASSERT_EQUAL(metric_iface(m)->compute(m->self, &sink, &m->err), HONE_OK);
    return c;
}

__attribute__((unused)) static struct caught metric_list(struct component *m, const hone_task *task)
{
    struct caught c;
    const hone_metric_sink sink = { &c, catch_value_, catch_matrix_ };
    memset(&c, 0, sizeof c);
    CU_ASSERT_EQUAL(metric_iface(m)->list(m->self, task, &sink, &m->err), HONE_OK);
    return c;
}

static hone_task metric_task(uint32_t kind, int64_t n_outputs)
{
    hone_task task;
    memset(&task, 0, sizeof task);
    task.size = sizeof task;
    task.kind = kind;
    task.n_outputs = n_outputs;
    task.n_dims = 1;
    task.dims[0] = 3;
    task.dtype = HONE_F32;
    return task;
}

/* Samples [from, to) of a case, in batches of `batch`. */
__attribute__((unused)) static hone_rc metric_classify(struct component *m, const struct classification *c,
                                                       uint64_t from, uint64_t to, uint64_t batch)
{
    hone_rc rc = HONE_OK;
    for (uint64_t at = from; at < to && rc == HONE_OK; at += batch) {
        const hone_predictions p = {
            sizeof p, 0,   to - at < batch ? to - at : batch, c->k, c->outputs + at * (uint64_t)c->k, c->labels + at,
            NULL,     NULL
        };
        rc = metric_iface(m)->update(m->self, &p, &m->err);
    }
    return rc;
}

/* The whole case in one instance, and in two of unequal shares that are merged: both must compute the same.
 */
__attribute__((unused)) static struct caught metric_of_case(struct component *one, struct component *two,
                                                            const struct classification *c)
{
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, c->k);
    struct caught whole, merged;
    CU_ASSERT_EQUAL(metric_iface(one)->begin(one->self, &task, &one->err), HONE_OK);
    CU_ASSERT_EQUAL(metric_classify(one, c, 0, c->n, 7), HONE_OK);
    whole = metric_compute(one);
    CU_ASSERT_EQUAL(metric_iface(one)->begin(one->self, &task, &one->err), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(two)->begin(two->self, &task, &two->err), HONE_OK);
    CU_ASSERT_EQUAL(metric_classify(one, c, 0, c->n / 3, 5), HONE_OK);
    CU_ASSERT_EQUAL(metric_classify(two, c, c->n / 3, c->n, 64), HONE_OK);
    CU_ASSERT_EQUAL(metric_iface(one)->merge(one->self, two->self, &one->err), HONE_OK);
    merged = metric_compute(one);
    CU_ASSERT_EQUAL(whole.value, merged.value);
    CU_ASSERT_EQUAL(memcmp(whole.counts, merged.counts, sizeof whole.counts), 0);
    return whole;
}

/* What every metric for classes must refuse. */
__attribute__((unused)) static void metric_refuses_bad_classes(struct component *m)
{
    const hone_task task = metric_task(HONE_TASK_CLASSIFICATION, 2), other = metric_task(HONE_TASK_REGRESSION, 2);
    static const float good[] = { 0.5f, 0.5f }, bad[] = { NAN, NAN };
    static const int32_t labels[][1] = { { 2 }, { -1 }, { 1 } };
    hone_predictions p = { sizeof p, 0, 1, 2, good, labels[0], NULL, NULL };
    CU_ASSERT(metric_iface(m)->begin(m->self, &other, &m->err) < 0);
    CU_ASSERT_EQUAL(metric_iface(m)->begin(m->self, &task, &m->err), HONE_OK);
    CU_ASSERT(metric_iface(m)->update(m->self, &p, &m->err) < 0);
    p.labels = labels[1];
    CU_ASSERT(metric_iface(m)->update(m->self, &p, &m->err) < 0);
    p.labels = labels[2];
    CU_ASSERT_EQUAL(metric_iface(m)->update(m->self, &p, &m->err), HONE_OK);
    p.outputs = bad;
    CU_ASSERT_EQUAL(metric_iface(m)->update(m->self, &p, &m->err), HONE_ENUMERIC);
    p.outputs = good;
    p.k = 1;
    CU_ASSERT(metric_iface(m)->update(m->self, &p, &m->err) < 0);
    p.k = 2;
    p.labels = NULL;
    CU_ASSERT(metric_iface(m)->update(m->self, &p, &m->err) < 0);
}
#endif
