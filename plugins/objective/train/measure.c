/* SPDX-License-Identifier: MIT */
/* What is measured: the loss, and the values of every metric, under names that stay apart. And how: inference over a
 * list of samples, in batches of one size, the last one filled up. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

static char *join(const char *a, const char *b, const char *c)
{
    const size_t n = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = malloc(n);
    if (text)
        snprintf(text, n, "%s%s%s", a, b, c);
    return text;
}

/* ---- names ---- */
struct listing {
    struct measures *measures;
    const struct crew *crew;
    uint32_t metric;
    hone_rc rc;
    hone_error *err;
};

/* Where a component is configured more than once, the section's suffix takes the place of its name: [metric.f1_rare]
 * use = f1 reports "f1_rare.macro", not a second "f1.macro". */
char *measure_name(const struct crew *crew, uint32_t metric, const char *own)
{
    const struct member *m = &crew->members[PART_METRIC][metric];
    const char *suffix = strchr(m->name, '.'), *name = m->component->name;
    const size_t length = strlen(name);
    unsigned twins = 0;
    for (uint32_t i = 0; i < crew->n[PART_METRIC]; i++)
        twins += crew->members[PART_METRIC][i].component == m->component;
    if (twins < 2 || !suffix)
        return strdup(own);
    if (!strncmp(own, name, length) && (!own[length] || own[length] == '.'))
        return join(suffix + 1, own + length, "");
    return join(suffix + 1, ".", own);
}

static hone_rc add(struct measures *measures, char *name, const char *own, uint32_t metric, uint32_t direction,
                   hone_error *err)
{
    struct measure *items = realloc(measures->items, (measures->n + 1) * sizeof *items);
    if (items)
        measures->items = items;
    if (!items || !name) {
        free(name);
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of the metrics");
    }
    struct measure *m = &items[measures->n++];
    memset(m, 0, sizeof *m);
    m->name = name;
    m->metric = metric;
    m->direction = direction;
    m->own = strdup(own);
    m->validation = join("validation.", name, "");
    m->deviation = join("validation.", name, ".deviation");
    return m->own && m->validation && m->deviation
               ? HONE_OK
               : hone_fail(err, HONE_ENOMEM, "", "out of memory for the names of the metrics");
}

static void on_listed(void *ctx, const char *name, double value, uint32_t direction)
{
    struct listing *l = ctx;
    char *reported;
    (void)value;
    if (l->rc != HONE_OK)
        return;
    if (!(reported = measure_name(l->crew, l->metric, name))) {
        l->rc = hone_fail(l->err, HONE_ENOMEM, "", "out of memory for the names of the metrics");
        return;
    }
    for (uint32_t i = 0; i < l->measures->n; i++) {
        const struct measure *other = &l->measures->items[i];
        if (strcmp(other->name, reported))
            continue;
        if (other->metric != UINT32_MAX) /* the loss is measured anyway: [metric.loss] says the same */
            l->rc = hone_fail(l->err, HONE_EINVAL, "", "[%s] and [%s] both report %.60s: leave one out",
                              l->crew->members[PART_METRIC][other->metric].name,
                              l->crew->members[PART_METRIC][l->metric].name, reported);
        free(reported);
        return;
    }
    l->rc = add(l->measures, reported, name, l->metric, direction, l->err);
}

static void ignore_matrix(void *ctx, const hone_matrix *matrix)
{
    (void)ctx;
    (void)matrix;
}

hone_rc measures_create(struct measures *measures, const struct crew *crew, const hone_task *task, hone_error *err)
{
    struct listing listing = { measures, crew, 0, HONE_OK, err };
    const hone_metric_sink sink = { &listing, on_listed, ignore_matrix };
    memset(measures, 0, sizeof *measures);
    hone_rc rc = add(measures, strdup("loss"), "loss", UINT32_MAX, HONE_MINIMIZE, err);
    for (uint32_t i = 0; i < crew->n[PART_METRIC] && rc == HONE_OK; i++) {
        const struct member *m = &crew->members[PART_METRIC][i];
        listing.metric = i;
        rc = ((const hone_metric_v1 *)m->iface)->list(m->self, task, &sink, err);
        if (rc == HONE_OK)
            rc = listing.rc;
    }
    return rc;
}

void measures_release(struct measures *measures)
{
    for (uint32_t i = 0; i < measures->n; i++) {
        free(measures->items[i].name);
        free(measures->items[i].own);
        free(measures->items[i].validation);
        free(measures->items[i].deviation);
    }
    free(measures->items);
    memset(measures, 0, sizeof *measures);
}

/* ---- values ---- */
struct collection {
    const struct measures *measures;
    double *values;
    uint32_t metric;
    const struct tables *tables;
};

static void on_matrix(void *ctx, const hone_matrix *matrix)
{
    const struct collection *c = ctx;
    if (c->tables)
        c->tables->add(c->tables->ctx, c->metric, matrix);
}

static void on_value(void *ctx, const char *name, double value, uint32_t direction)
{
    struct collection *c = ctx;
    (void)direction;
    for (uint32_t i = 0; i < c->measures->n; i++)
        if (c->measures->items[i].metric == c->metric && !strcmp(c->measures->items[i].own, name))
            c->values[i] = value;
}

static hone_rc begin_metrics(struct training *t, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_METRIC] && rc == HONE_OK; i++) {
        const struct member *m = &t->crew.members[PART_METRIC][i];
        entering(t->trial, m->name);
        rc = ((const hone_metric_v1 *)m->iface)->begin(m->self, &t->pipeline.data->task, err);
    }
    entering(t->trial, NULL);
    return rc;
}

static hone_rc update_metrics(struct training *t, const hone_predictions *predictions, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_METRIC] && rc == HONE_OK; i++) {
        const struct member *m = &t->crew.members[PART_METRIC][i];
        entering(t->trial, m->name);
        rc = ((const hone_metric_v1 *)m->iface)->update(m->self, predictions, err);
    }
    entering(t->trial, NULL);
    return rc;
}

static hone_rc compute_metrics(struct training *t, double *values, const struct tables *tables, hone_error *err)
{
    struct collection collection = { t->measures, values, 0, tables };
    const hone_metric_sink sink = { &collection, on_value, on_matrix };
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < t->crew.n[PART_METRIC] && rc == HONE_OK; i++) {
        const struct member *m = &t->crew.members[PART_METRIC][i];
        collection.metric = i;
        entering(t->trial, m->name);
        rc = ((const hone_metric_v1 *)m->iface)->compute(m->self, &sink, err);
    }
    entering(t->trial, NULL);
    return rc;
}

/* Batches of inference are large where those of training are small, since every call costs something; for few samples that
 * would be work on nothing. */
static hone_net *net_for(const struct training *t, uint64_t n)
{
    hone_net *large = t->network.nets[NET_INFER], *small = t->network.nets[NET_FULL];
    if (!large)
        return small;
    const uint64_t of_large = (uint64_t)hone_net_batch(large), of_small = (uint64_t)hone_net_batch(small);
    return 2 * ((n + of_small - 1) / of_small) * of_small <= (n + of_large - 1) / of_large * of_large ? small : large;
}

hone_rc training_measure(struct training *t, const struct samples *samples, double *values, const struct tables *tables,
                         hone_error *err)
{
    hone_net *net = net_for(t, samples->n);
    const hone_task *task = pipeline_task(&t->pipeline);
    const int classes = task->kind == HONE_TASK_CLASSIFICATION;
    const uint64_t batch = (uint64_t)hone_net_batch(net), k = (uint64_t)task->n_outputs;
    const uint64_t elements = (uint64_t)hone_shape_elements(task->dims, task->n_dims);
    float *x = hone_net_input(net, t->network.x), *targets = hone_net_input(net, t->network.targets);
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < t->measures->n; i++)
        values[i] = (double)NAN;
    hone_nn_watch_clear(t->network.graph);
    hone_rc rc = begin_metrics(t, err);
    for (uint64_t from = 0; from < samples->n && rc == HONE_OK; from += batch) {
        const uint64_t n = samples->n - from < batch ? samples->n - from : batch;
        if (t->host->cancelled && t->host->cancelled(t->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled");
        if ((rc = pipeline_batch(&t->pipeline, samples, samples->ids + from, n, NULL, x, targets, err)) != HONE_OK)
            break;
        if (n < batch) { /* rows of a former batch would do; zeros are easier to think about */
            memset(x + n * elements, 0, (batch - n) * elements * sizeof *x);
            memset(targets + n * k, 0, (batch - n) * k * sizeof *targets);
        }
        hone_nn_watch(t->network.graph, t->diagnosis.on ? (int64_t)n : 0);
        if ((rc = hone_net_infer(net, err)) != HONE_OK)
            break;
        const hone_predictions predictions = { sizeof predictions,
                                               0,
                                               n,
                                               (int64_t)k,
                                               hone_net_output(net),
                                               classes ? t->pipeline.labels : NULL,
                                               classes ? NULL : targets,
                                               hone_net_losses(net) };
        for (uint64_t i = 0; i < n; i++) {
            sum += (double)predictions.losses[i];
            squares += (double)predictions.losses[i] * (double)predictions.losses[i];
        }
        rc = update_metrics(t, &predictions, err);
    }
    if (rc == HONE_OK)
        rc = compute_metrics(t, values, tables, err);
    const double all = (double)samples->n;
    values[0] = sum / all;
    t->loss_error = sqrt(fmax(squares / all - values[0] * values[0], 0) / (all > 1 ? all - 1 : 1));
    return rc;
}
