/* SPDX-License-Identifier: MIT */
/* Cases for metric/1: names as listed, parts merged as if one, order of no importance, nothing from nothing. */
#include "check.h"
#include "tasks.h"

enum { SAMPLES = 200, MAX_VALUES = 64 };
struct found {
    char names[MAX_VALUES][64];
    double values[MAX_VALUES];
    uint32_t directions[MAX_VALUES];
    uint32_t n, matrices;
    const char *wrong;
};

static void take_value(void *ctx, const char *name, double value, uint32_t direction)
{
    struct found *f = (struct found *)ctx;
    if (!name || !*name || strlen(name) >= sizeof f->names[0])
        f->wrong = "a value without a name, or with one of more than 63 bytes";
    else if (direction > HONE_MAXIMIZE)
        f->wrong = "an unknown direction";
    else if (f->n == MAX_VALUES)
        f->wrong = "more than 64 values";
    if (f->wrong)
        return;
    for (uint32_t i = 0; i < f->n; i++)
        if (!strcmp(f->names[i], name))
            f->wrong = "a name twice";
    snprintf(f->names[f->n], sizeof f->names[0], "%s", name);
    f->values[f->n] = value;
    f->directions[f->n++] = direction;
}

static void take_matrix(void *ctx, const hone_matrix *matrix)
{
    struct found *f = (struct found *)ctx;
    f->matrices++;
    if (!matrix->name || !*matrix->name || !matrix->values || !matrix->rows || !matrix->columns)
        f->wrong = "a matrix without a name or values";
}

struct data {
    float outputs[SAMPLES * 3], targets[SAMPLES * 3], losses[SAMPLES];
    int32_t labels[SAMPLES];
};

static void make_data(struct data *d, const hone_task *task, uint64_t seed)
{
    hone_rng rng = hone_rng_at(seed, 7);
    const size_t k = (size_t)task->n_outputs;
    for (size_t i = 0; i < SAMPLES; i++) {
        double sum = 0;
        d->labels[i] = (int32_t)hone_rng_below(&rng, k);
        d->losses[i] = (float)(0.1 + hone_rng_uniform(&rng));
        for (size_t j = 0; j < k; j++) {
            const double noise = hone_rng_normal(&rng);
            d->targets[i * k + j] = (float)(2 * hone_rng_normal(&rng));
            d->outputs[i * k + j] = task->kind == HONE_TASK_CLASSIFICATION
                                        ? (float)exp(noise + ((size_t)d->labels[i] == j ? 1 : 0))
                                        : d->targets[i * k + j] + (float)noise;
            sum += (double)d->outputs[i * k + j];
        }
        for (size_t j = 0; j < k && task->kind == HONE_TASK_CLASSIFICATION; j++)
            d->outputs[i * k + j] = (float)((double)d->outputs[i * k + j] / sum);
    }
}

static int begin(struct instance *in, const hone_metric_v1 *metric, const hone_task *task)
{
    struct check *c = in->c;
    hone_rc rc;
    CALL(c, "begin", rc = metric->begin(in->self, task, &in->err));
    TRY(check_error(c, "begin", rc, &in->err));
    return rc == HONE_OK ? 0 : check_fail(c, "begin failed: %s", in->err.msg);
}

static int update(struct instance *in, const hone_metric_v1 *metric, const hone_task *task, const struct data *d,
                  size_t from, size_t to)
{
    struct check *c = in->c;
    const size_t k = (size_t)task->n_outputs;
    const int classes = task->kind == HONE_TASK_CLASSIFICATION;
    const hone_predictions batch = { sizeof batch,
                                     0,
                                     to - from,
                                     task->n_outputs,
                                     d->outputs + from * k,
                                     classes ? d->labels + from : NULL,
                                     classes ? NULL : d->targets + from * k,
                                     d->losses + from };
    hone_rc rc;
    CALL(c, "update", rc = metric->update(in->self, &batch, &in->err));
    TRY(check_error(c, "update", rc, &in->err));
    return rc == HONE_OK ? 0 : check_fail(c, "update failed: %s", in->err.msg);
}

static int compute(struct instance *in, const hone_metric_v1 *metric, struct found *f)
{
    struct check *c = in->c;
    const hone_metric_sink sink = { f, take_value, take_matrix };
    hone_rc rc;
    memset(f, 0, sizeof *f);
    CALL(c, "compute", rc = metric->compute(in->self, &sink, &in->err));
    TRY(check_error(c, "compute", rc, &in->err));
    if (rc != HONE_OK)
        return check_fail(c, "compute failed: %s", in->err.msg);
    return f->wrong ? check_fail(c, "compute gives %s", f->wrong) : 0;
}

static int same_values(struct check *c, const struct found *a, const struct found *b, double tolerance,
                       const char *what)
{
    if (a->n != b->n)
        return check_fail(c, "%s: %u values against %u", what, a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        if (strcmp(a->names[i], b->names[i]) != 0)
            return check_fail(c, "%s: %s against %s", what, a->names[i], b->names[i]);
        if (relative_difference(a->values[i], b->values[i]) > tolerance)
            return check_fail(c, "%s: %s is %.15g against %.15g", what, a->names[i], a->values[i], b->values[i]);
    }
    return 0;
}

/* ---- values that every reader can recompute ---- */
static double naive(const char *name, const hone_task *task, const struct data *d)
{
    const size_t k = (size_t)task->n_outputs;
    double right = 0, loss = 0, squares = 0, sizes = 0;
    for (size_t i = 0; i < SAMPLES; i++) {
        size_t best = 0;
        for (size_t j = 0; j < k; j++) {
            const double error = (double)d->outputs[i * k + j] - (double)d->targets[i * k + j];
            best = d->outputs[i * k + j] > d->outputs[i * k + best] ? j : best;
            squares += error * error;
            sizes += fabs(error);
        }
        right += (size_t)d->labels[i] == best;
        loss += (double)d->losses[i];
    }
    if (task->kind == HONE_TASK_CLASSIFICATION)
        return !strcmp(name, "accuracy")     ? right / SAMPLES
               : !strcmp(name, "error_rate") ? 1 - right / SAMPLES
               : !strcmp(name, "loss")       ? loss / SAMPLES
                                             : (double)NAN;
    squares /= (double)(SAMPLES * k);
    sizes /= (double)(SAMPLES * k);
    /* of several outputs, some average the roots and some take the root of the average */
    return !strcmp(name, "rmse")   ? (k == 1 ? sqrt(squares) : (double)NAN)
           : !strcmp(name, "mse")  ? squares
           : !strcmp(name, "mae")  ? sizes
           : !strcmp(name, "loss") ? loss / SAMPLES
                                   : (double)NAN;
}

static int on_task(struct check *c, const hone_metric_v1 *metric, const hone_task *task)
{
    static struct data d;
    static struct found listed, whole, other;
    const hone_metric_sink sink = { &listed, take_value, take_matrix };
    struct instance a, b, e;
    size_t length = strlen(c->component->name);
    hone_rc rc;
    make_data(&d, task, c->options->seed);
    TRY(instance_create(c, &a, 1));
    memset(&listed, 0, sizeof listed);
    CALL(c, "list", rc = metric->list(a.self, task, &sink, &a.err));
    TRY(check_error(c, "list", rc, &a.err));
    if (rc < 0 || listed.wrong)
        return check_fail(c, "list fails: %s", rc < 0 ? a.err.msg : listed.wrong);
    if (listed.matrices)
        return check_fail(c, "list gives a matrix");
    TRY(begin(&a, metric, task));
    TRY(compute(&a, metric, &other));
    for (uint32_t i = 0; i < other.n; i++)
        if (!isnan(other.values[i]))
            return check_fail(c, "%s of no samples is %g: it must be NaN", other.names[i], other.values[i]);
    TRY(update(&a, metric, task, &d, 0, SAMPLES));
    TRY(compute(&a, metric, &whole));
    if (!whole.n && !whole.matrices)
        return check_fail(c, "computes nothing");
    for (uint32_t i = 0; i < whole.n; i++) {
        const double expected = naive(whole.names[i], task, &d);
        if (strncmp(whole.names[i], c->component->name, length) != 0 ||
            (whole.names[i][length] && whole.names[i][length] != '.'))
            return check_fail(c, "computes %s: names are the metric's own (%s) or that with a suffix (%s.x)",
                              whole.names[i], c->component->name, c->component->name);
        if (i >= listed.n || strcmp(listed.names[i], whole.names[i]) != 0 ||
            listed.directions[i] != whole.directions[i])
            return check_fail(c, "computes %s, which list does not give in that place and direction", whole.names[i]);
        if (!isnan(expected) && relative_difference(expected, whole.values[i]) > 1e-6)
            return check_fail(c, "%s is %.9g, a plain loop says %.9g", whole.names[i], whole.values[i], expected);
    }
    if (listed.n != whole.n)
        return check_fail(c, "lists %u values and computes %u", listed.n, whole.n);
    TRY(compute(&a, metric, &other));
    TRY(same_values(c, &whole, &other, 0, "a second compute"));
    TRY(begin(&a, metric, task)); /* anew, in pieces, one of them empty */
    TRY(update(&a, metric, task, &d, 0, 1));
    TRY(update(&a, metric, task, &d, 1, 1));
    TRY(update(&a, metric, task, &d, 1, 64));
    TRY(update(&a, metric, task, &d, 64, SAMPLES));
    TRY(compute(&a, metric, &other));
    TRY(same_values(c, &whole, &other, 1e-9, "after begin, in pieces, against at once"));
    TRY(begin(&a, metric, task)); /* merged, the later half first */
    TRY(update(&a, metric, task, &d, 120, SAMPLES));
    TRY(instance_create(c, &b, 2));
    TRY(begin(&b, metric, task));
    TRY(update(&b, metric, task, &d, 0, 120));
    CALL(c, "merge", rc = metric->merge(a.self, b.self, &a.err));
    if (rc < 0)
        return check_fail(c, "merge failed: %s", a.err.msg);
    TRY(instance_create(c, &e, 3));
    TRY(begin(&e, metric, task));
    CALL(c, "merge of an empty one", rc = metric->merge(a.self, e.self, &a.err));
    if (rc < 0)
        return check_fail(c, "merge with an empty one failed: %s", a.err.msg);
    TRY(compute(&a, metric, &other));
    TRY(same_values(c, &whole, &other, 1e-9, "merged halves in the other order against one pass"));
    TRY(instance_destroy(&e));
    TRY(instance_destroy(&b));
    return instance_destroy(&a);
}

static int case_values(struct check *c)
{
    hone_metric_v1 metric;
    TRY(check_iface(c, &metric, sizeof metric));
    if (!(metric.tasks & (HONE_METRIC_CLASSIFICATION | HONE_METRIC_REGRESSION)))
        return check_fail(c, "makes sense for no task: set .tasks");
    if (metric.tasks & HONE_METRIC_CLASSIFICATION)
        TRY(on_task(c, &metric, &check_tasks[TASK_TABLE]));
    if (metric.tasks & HONE_METRIC_REGRESSION) {
        TRY(on_task(c, &metric, &check_tasks[TASK_REGRESSION]));
        TRY(on_task(c, &metric, &check_tasks[TASK_NUMBER]));
    }
    return 0;
}

/* Outputs that are no numbers, and one class only: an answer or NaN or a refusal, no harm. */
static int case_odd(struct check *c)
{
    static struct data d;
    static struct found found;
    hone_metric_v1 metric;
    struct instance in;
    TRY(check_iface(c, &metric, sizeof metric));
    const hone_task *task = &check_tasks[metric.tasks & HONE_METRIC_CLASSIFICATION ? TASK_TABLE : TASK_REGRESSION];
    const size_t k = (size_t)task->n_outputs;
    for (int what = 0; what < 3; what++) {
        hone_rc rc;
        make_data(&d, task, 5);
        for (size_t i = 0; i < SAMPLES; i++) {
            if (what == 0)
                d.labels[i] = 0;
            for (size_t j = 0; j < k && what; j++) {
                d.outputs[i * k + j] = what == 1 ? (double)NAN : 0;
                d.targets[i * k + j] = 1;
            }
        }
        const hone_predictions batch = { sizeof batch,
                                         0,
                                         SAMPLES,
                                         task->n_outputs,
                                         d.outputs,
                                         task->kind == HONE_TASK_CLASSIFICATION ? d.labels : NULL,
                                         task->kind == HONE_TASK_CLASSIFICATION ? NULL : d.targets,
                                         d.losses };
        TRY(instance_create(c, &in, 1));
        TRY(begin(&in, &metric, task));
        CALL(c, "update", rc = metric.update(in.self, &batch, &in.err));
        TRY(check_error(c, "update", rc, &in.err));
        TRY(compute(&in, &metric, &found));
        TRY(instance_destroy(&in));
    }
    return 0;
}

const struct check_case metric_cases[] = {
    { "values", HONE_KIND_METRIC, "names as listed, pieces and merge equal one pass, known names against a plain loop",
      case_values },
    { "odd", HONE_KIND_METRIC, "NaN outputs, one class only", case_odd },
    { NULL, NULL, NULL, NULL },
};

/* ---- driver: an update and a compute a step ---- */
static const hone_task *task_of(struct check *c, hone_metric_v1 *metric)
{
    check_iface(c, metric, sizeof *metric);
    return &check_tasks[metric->tasks & HONE_METRIC_CLASSIFICATION ? TASK_TABLE : TASK_REGRESSION];
}

static int start(struct instance *in)
{
    hone_metric_v1 metric;
    const hone_task *task = task_of(in->c, &metric);
    in->drive = calloc(1, 1);
    return begin(in, &metric, task);
}

static int step(struct instance *in, uint32_t i)
{
    static struct data d;
    static struct found found;
    hone_metric_v1 metric;
    const hone_task *task = task_of(in->c, &metric);
    make_data(&d, task, i);
    TRY(update(in, &metric, task, &d, 0, 20 + i));
    TRY(compute(in, &metric, &found));
    bytes_add(&in->answers, found.values, found.n * sizeof *found.values);
    return 0;
}

const struct driver metric_driver = { HONE_KIND_METRIC, 20, 1, start, step };
