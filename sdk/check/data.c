/* SPDX-License-Identifier: MIT */
/* Cases for dataset/1 and transform/1. */
#include "check.h"
#include "tasks.h"

/* ---- data sets ---- */
struct opened {
    struct instance in;
    hone_dataset_v1 dataset;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    size_t elements, sample_bytes, outputs;
};

static int verify_task(struct check *c, const hone_task *t, const uint64_t *counts)
{
    if (t->kind != HONE_TASK_CLASSIFICATION && t->kind != HONE_TASK_REGRESSION)
        return check_fail(c, "describe gives the unknown task %u", t->kind);
    if (t->n_outputs < (t->kind == HONE_TASK_CLASSIFICATION ? 2 : 1) || t->n_outputs > 10000000)
        return check_fail(c, "describe gives %lld outputs", (long long)t->n_outputs);
    if (!t->n_dims || t->n_dims > HONE_MAX_DIMS || (t->dtype != HONE_U8 && t->dtype != HONE_F32))
        return check_fail(c, "describe gives samples of %u dimensions and dtype %u (HONE_U8 or HONE_F32)", t->n_dims,
                          t->dtype);
    for (uint32_t i = 0; i < t->n_dims; i++)
        if (t->dims[i] < 1)
            return check_fail(c, "describe gives dimension %u the length %lld", i, (long long)t->dims[i]);
    for (int64_t i = 0; t->classes && t->kind == HONE_TASK_CLASSIFICATION && i < t->n_outputs; i++)
        if (!t->classes[i] || !*t->classes[i])
            return check_fail(c, "class %lld has no name", (long long)i);
    return counts[HONE_SPLIT_TRAIN] ? 0 : check_fail(c, "the training split is empty");
}

static int open_dataset(struct check *c, struct opened *o)
{
    hone_rc rc;
    memset(o, 0, sizeof *o);
    TRY(check_iface(c, &o->dataset, sizeof o->dataset));
    TRY(instance_create(c, &o->in, c->options->seed));
    o->task.size = sizeof o->task;
    CALL(c, "describe", rc = o->dataset.describe(o->in.self, &o->task, o->counts, &o->in.err));
    TRY(check_error(c, "describe", rc, &o->in.err));
    if (rc < 0)
        return c->options->n_sets ? check_fail(c, "describe failed: %s", o->in.err.msg)
                                  : check_skip(c, "wants real settings (--set key=value): %s", o->in.err.msg);
    TRY(verify_task(c, &o->task, o->counts));
    o->elements = (size_t)hone_shape_elements(o->task.dims, o->task.n_dims);
    o->sample_bytes = o->elements * hone_dtype_bytes(o->task.dtype);
    o->outputs = (size_t)o->task.n_outputs;
    return 0;
}

struct samples {
    void *inputs;
    int32_t *labels;
    float *targets;
    size_t n;
};

static int read_samples(struct opened *o, uint32_t split, const uint64_t *indices, size_t n, struct samples *s)
{
    struct check *c = o->in.c;
    const int classes = o->task.kind == HONE_TASK_CLASSIFICATION;
    hone_rc rc;
    s->n = n;
    s->inputs = guarded_floats((n * o->sample_bytes + 3) / 4);
    s->labels = classes ? (int32_t *)(void *)guarded_floats(n) : NULL;
    s->targets = classes ? NULL : guarded_floats(n * o->outputs);
    CALL(c, "read", rc = o->dataset.read(o->in.self, split, indices, n, s->inputs, s->labels, s->targets, &o->in.err));
    TRY(check_error(c, "read", rc, &o->in.err));
    if (rc < 0)
        return check_fail(c, "read of %zu samples failed: %s", n, o->in.err.msg);
    if (!guards_hold((const float *)s->inputs, (n * o->sample_bytes + 3) / 4) ||
        (classes ? !guards_hold((const float *)(const void *)s->labels, n) : !guards_hold(s->targets, n * o->outputs)))
        return check_fail(c, "read writes outside its buffers");
    for (size_t i = 0; i < n && classes; i++)
        if (s->labels[i] < 0 || s->labels[i] >= o->task.n_outputs)
            return check_fail(c, "sample %llu has the label %d of %lld classes", (unsigned long long)indices[i],
                              s->labels[i], (long long)o->task.n_outputs);
    for (size_t i = 0; i < n * o->elements && o->task.dtype == HONE_F32; i++)
        if (!isfinite(((const float *)s->inputs)[i]))
            return check_fail(c, "sample %llu holds a value that is no number",
                              (unsigned long long)indices[i / o->elements]);
    for (size_t i = 0; i < n * o->outputs && !classes; i++)
        if (!isfinite(s->targets[i]))
            return check_fail(c, "sample %llu has a target that is no number",
                              (unsigned long long)indices[i / o->outputs]);
    return 0;
}

static int same_sample(const struct opened *o, const struct samples *a, size_t i, const struct samples *b, size_t k)
{
    return !memcmp((const char *)a->inputs + i * o->sample_bytes, (const char *)b->inputs + k * o->sample_bytes,
                   o->sample_bytes) &&
           (a->labels ? a->labels[i] == b->labels[k]
                      : !memcmp(a->targets + i * o->outputs, b->targets + k * o->outputs, o->outputs * sizeof(float)));
}

static int same_text(const char *const *a, const char *const *b, int64_t n)
{
    for (int64_t i = 0; a && b && i < n; i++)
        if (strcmp(a[i], b[i]) != 0)
            return 0;
    return !a == !b;
}

static int case_describe(struct check *c)
{
    static struct opened a, b;
    TRY(open_dataset(c, &a));
    TRY(open_dataset(c, &b));
    if (memcmp(a.counts, b.counts, sizeof a.counts) != 0 || a.task.kind != b.task.kind ||
        a.task.n_outputs != b.task.n_outputs || a.task.n_dims != b.task.n_dims ||
        memcmp(a.task.dims, b.task.dims, sizeof a.task.dims) != 0 || a.task.dtype != b.task.dtype ||
        !same_text(a.task.classes, b.task.classes, a.task.n_outputs))
        return check_fail(c, "two instances describe the set differently");
    check_note(c, "%llu training, %llu validation, %llu test samples", (unsigned long long)a.counts[0],
               (unsigned long long)a.counts[1], (unsigned long long)a.counts[2]);
    TRY(instance_destroy(&a.in));
    return instance_destroy(&b.in);
}

/* A sample is the same whenever, in whatever order and by whichever instance it is read. */
static int case_read(struct check *c)
{
    enum { N = 64 };
    static struct opened o, other;
    TRY(open_dataset(c, &o));
    TRY(open_dataset(c, &other));
    for (uint32_t split = 0; split < HONE_SPLITS; split++) {
        struct samples forward, backward, single;
        uint64_t indices[N], reversed[N];
        if (!o.counts[split])
            continue;
        for (size_t i = 0; i < N; i++)
            indices[i] = i == 0 ? 0 : i == 1 ? o.counts[split] - 1 : hone_rng_below(&c->rng, o.counts[split]);
        for (size_t i = 0; i < N; i++)
            reversed[i] = indices[N - 1 - i];
        TRY(read_samples(&o, split, indices, N, &forward));
        TRY(read_samples(&other, split, reversed, N, &backward));
        for (size_t i = 0; i < N; i++) {
            if (!same_sample(&o, &forward, i, &backward, N - 1 - i))
                return check_fail(c, "sample %llu of split %u differs when it is read in another order",
                                  (unsigned long long)indices[i], split);
            if (i % 16)
                continue;
            TRY(read_samples(&o, split, indices + i, 1, &single));
            if (!same_sample(&o, &forward, i, &single, 0))
                return check_fail(c, "sample %llu of split %u differs when it is read alone",
                                  (unsigned long long)indices[i], split);
        }
        TRY(read_samples(&o, split, indices, 0, &single));
    }
    TRY(instance_destroy(&other.in));
    return instance_destroy(&o.in);
}

static int case_view(struct check *c)
{
    enum { N = 64 };
    static struct opened o;
    unsigned seen = 0;
    TRY(open_dataset(c, &o));
    if (!o.dataset.view)
        return check_skip(c, "no view");
    for (uint32_t split = 0; split < HONE_SPLITS; split++) {
        hone_dataset_view view = { sizeof view, 0, 0, NULL, NULL, NULL };
        struct samples read;
        uint64_t indices[N];
        hone_rc rc;
        if (!o.counts[split])
            continue;
        CALL(c, "view", rc = o.dataset.view(o.in.self, split, &view, &o.in.err));
        if (rc == HONE_ENOTSUP)
            continue;
        TRY(check_error(c, "view", rc, &o.in.err));
        if (rc < 0)
            return check_fail(c, "view failed: %s", o.in.err.msg);
        if (view.n != o.counts[split] || !view.inputs ||
            (o.task.kind == HONE_TASK_CLASSIFICATION ? !view.labels : !view.targets))
            return check_fail(c, "view of split %u has %llu samples (%llu described), or lacks inputs or targets",
                              split, (unsigned long long)view.n, (unsigned long long)o.counts[split]);
        for (size_t i = 0; i < N; i++)
            indices[i] = i == 0 ? 0 : i == 1 ? view.n - 1 : hone_rng_below(&c->rng, view.n);
        TRY(read_samples(&o, split, indices, N, &read));
        for (size_t i = 0; i < N; i++)
            if (memcmp((const char *)view.inputs + indices[i] * o.sample_bytes,
                       (const char *)read.inputs + i * o.sample_bytes, o.sample_bytes) != 0 ||
                (read.labels
                     ? view.labels[indices[i]] != read.labels[i]
                     : memcmp(view.targets + indices[i] * o.outputs, read.targets + i * o.outputs, o.outputs * 4) != 0))
                return check_fail(c, "sample %llu of split %u differs between view and read",
                                  (unsigned long long)indices[i], split);
        seen++;
    }
    return seen ? instance_destroy(&o.in) : check_skip(c, "answers HONE_ENOTSUP");
}

/* ---- transforms ---- */
enum { ROWS = 40 };

struct fitted {
    struct instance in;
    hone_transform_v1 transform;
    hone_task out;
    size_t n_in, n_out;
};

static int begin(struct check *c, struct fitted *f, const hone_task *task, hone_rc *rc)
{
    memset(f, 0, sizeof *f);
    TRY(check_iface(c, &f->transform, sizeof f->transform));
    TRY(instance_create(c, &f->in, 1));
    f->out = *task;
    f->out.dtype = HONE_F32;
    CALL(c, "begin", *rc = f->transform.begin(f->in.self, task, &f->out, &f->in.err));
    TRY(check_error(c, "begin", *rc, &f->in.err));
    if (*rc < 0)
        return 0;
    if (f->out.dtype != HONE_F32 || !f->out.n_dims || f->out.n_dims > HONE_MAX_DIMS ||
        hone_shape_elements(f->out.dims, f->out.n_dims) < 1)
        return check_fail(c, "begin writes a shape that is none, or a dtype that is not HONE_F32");
    f->n_in = (size_t)hone_shape_elements(task->dims, task->n_dims);
    f->n_out = (size_t)hone_shape_elements(f->out.dims, f->out.n_dims);
    return 0;
}

static int fit(struct fitted *f, const float *x, const size_t *pieces)
{
    struct check *c = f->in.c;
    hone_rc rc;
    for (size_t at = 0; *pieces; at += *pieces++) {
        CALL(c, "fit", rc = f->transform.fit(f->in.self, x + at * f->n_in, *pieces, &f->in.err));
        TRY(check_error(c, "fit", rc, &f->in.err));
        if (rc < 0)
            return check_fail(c, "fit failed: %s", f->in.err.msg);
    }
    CALL(c, "finish", rc = f->transform.finish(f->in.self, &f->in.err));
    TRY(check_error(c, "finish", rc, &f->in.err));
    return rc < 0 ? check_fail(c, "finish failed: %s", f->in.err.msg) : 0;
}

static int apply(struct fitted *f, const float *x, float *y, size_t n)
{
    struct check *c = f->in.c;
    hone_rc rc;
    CALL(c, "apply", rc = f->transform.apply(f->in.self, x, y, n, &f->in.err));
    TRY(check_error(c, "apply", rc, &f->in.err));
    if (rc < 0)
        return check_fail(c, "apply failed: %s", f->in.err.msg);
    if (!guards_hold(y, n * f->n_out))
        return check_fail(c, "apply writes outside its output");
    for (size_t i = 0; i < n * f->n_out; i++)
        if (!isfinite(y[i]))
            return check_fail(c, "apply makes %g of finite samples", (double)y[i]);
    return 0;
}

static double difference(const float *a, const float *b, size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, relative_difference((double)a[i], (double)b[i]));
    return worst;
}

/* Column 0 is constant, column 1 large: what scaling stumbles on. */
static void fill_table(float *x, size_t n, size_t columns)
{
    hone_rng rng = hone_rng_at(11, columns);
    for (size_t i = 0; i < n * columns; i++)
        x[i] = i % columns == 0 ? 4.0f : (float)((i % columns == 1 ? 1000 : 1) * hone_rng_normal(&rng));
}

static int transform_on(struct check *c, const hone_task *task, unsigned *accepted)
{
    static const size_t at_once[] = { ROWS, 0 }, pieces[] = { 1, 2, 17, 20, 0 };
    static struct fitted whole, parts, loaded;
    struct bytes state = { 0 };
    hone_rc rc;
    TRY(begin(c, &whole, task, &rc));
    if (rc < 0) {
        check_note(c, "refused: %.120s", whole.in.err.msg);
        return instance_destroy(&whole.in);
    }
    float *x = guarded_floats(ROWS * whole.n_in), *y = guarded_floats(ROWS * whole.n_out),
          *z = guarded_floats(ROWS * whole.n_out);
    fill_table(x, ROWS, whole.n_in);
    TRY(fit(&whole, x, at_once));
    TRY(apply(&whole, x, y, ROWS));
    TRY(begin(c, &parts, task, &rc));
    TRY(fit(&parts, x, pieces));
    TRY(apply(&parts, x, z, ROWS));
    if (difference(y, z, ROWS * whole.n_out) > 1e-5)
        return check_fail(c, "fitted in pieces it differs from fitted at once by %g",
                          difference(y, z, ROWS * whole.n_out));
    for (size_t i = 0; i < ROWS; i++) {
        float *row = guarded_floats(whole.n_out);
        TRY(apply(&whole, x + i * whole.n_in, row, 1));
        if (difference(y + i * whole.n_out, row, whole.n_out) > 1e-6)
            return check_fail(c, "a sample alone is treated unlike the same sample in a batch");
    }
    if (whole.transform.affine && whole.n_in == whole.n_out) {
        float *scale = guarded_floats(whole.n_in), *shift = guarded_floats(whole.n_in);
        CALL(c, "affine", rc = whole.transform.affine(whole.in.self, scale, shift, &whole.in.err));
        if (rc == HONE_OK)
            for (size_t i = 0; i < ROWS * whole.n_in; i++) {
                const double v = (double)scale[i % whole.n_in] * (double)x[i] + (double)shift[i % whole.n_in];
                if (relative_difference(v, (double)y[i]) > 1e-4)
                    return check_fail(c, "affine says %g where apply says %g", v, (double)y[i]);
            }
        else if (rc != HONE_ENOTSUP)
            return check_fail(c, "affine failed: %s", whole.in.err.msg);
        if (!guards_hold(scale, whole.n_in) || !guards_hold(shift, whole.n_in))
            return check_fail(c, "affine writes outside its arrays");
    }
    if (whole.n_in == whole.n_out) { /* in place */
        memcpy(z, x, ROWS * whole.n_in * sizeof *x);
        TRY(apply(&whole, z, z, ROWS));
        if (difference(y, z, ROWS * whole.n_out) > 1e-6)
            return check_fail(c, "in place it gives something else");
    }
    if (c->component->flags & HONE_C_STATEFUL) { /* as a model file brings it back: begin, load, apply */
        const hone_ostream out = bytes_writer(&state);
        CALL(c, "save", rc = c->component->save(whole.in.self, &out, &whole.in.err));
        if (rc < 0)
            return check_fail(c, "save failed: %s", whole.in.err.msg);
        TRY(begin(c, &loaded, task, &rc));
        const hone_istream in = bytes_reader(&state);
        CALL(c, "load", rc = c->component->load(loaded.in.self, &in, &loaded.in.err));
        if (rc < 0)
            return check_fail(c, "load refuses what save wrote: %s", loaded.in.err.msg);
        TRY(apply(&loaded, x, z, ROWS));
        if (memcmp(y, z, ROWS * whole.n_out * sizeof *y) != 0)
            return check_fail(c, "after save and load it gives something else");
        TRY(instance_destroy(&loaded.in));
    } else {
        check_note(c, "warning: keeps no state, so nothing learnt can be stored with a model");
    }
    ++*accepted;
    TRY(instance_destroy(&parts.in));
    return instance_destroy(&whole.in);
}

static int case_transform(struct check *c)
{
    unsigned accepted = 0;
    for (int t = 0; t < TASKS; t++)
        TRY(transform_on(c, &check_tasks[t], &accepted));
    return accepted ? 0 : check_fail(c, "begin refuses tables and images");
}

const struct check_case data_cases[] = {
    { "describe", HONE_KIND_DATASET, "two instances describe the set alike, and sanely", case_describe },
    { "read", HONE_KIND_DATASET, "samples do not depend on the order of reading; labels and values in range",
      case_read },
    { "view", HONE_KIND_DATASET, "the view holds what read gives", case_view },
    { "transform", HONE_KIND_TRANSFORM, "in pieces, alone, in place, affine and after save and load: the same",
      case_transform },
    { NULL, NULL, NULL, NULL },
};

/* ---- driver: fitted at the start, applied a step ---- */
static int start(struct instance *in)
{
    struct check *c = in->c;
    hone_transform_v1 transform;
    hone_task out = check_tasks[TASK_TABLE];
    float *x = guarded_floats(ROWS * 12);
    hone_rc rc;
    in->drive = calloc(1, 1);
    TRY(check_iface(c, &transform, sizeof transform));
    fill_table(x, ROWS, 12);
    CALL(c, "begin", rc = transform.begin(in->self, &check_tasks[TASK_TABLE], &out, &in->err));
    if (rc < 0)
        return check_skip(c, "begin refuses a table: %s", in->err.msg);
    if (hone_shape_elements(out.dims, out.n_dims) > 4096)
        return check_skip(c, "makes many values of few");
    CALL(c, "fit", rc = transform.fit(in->self, x, ROWS, &in->err));
    if (rc >= 0)
        CALL(c, "finish", rc = transform.finish(in->self, &in->err));
    return rc < 0 ? check_fail(c, "fit or finish failed: %s", in->err.msg) : 0;
}

static int step(struct instance *in, uint32_t i)
{
    static float y[4096];
    struct check *c = in->c;
    hone_transform_v1 transform;
    float x[12];
    hone_rc rc;
    TRY(check_iface(c, &transform, sizeof transform));
    for (uint32_t k = 0; k < 12; k++)
        x[k] = (float)(k * i) - 5;
    memset(y, 0, sizeof y);
    CALL(c, "apply", rc = transform.apply(in->self, x, y, 1, &in->err));
    if (rc < 0)
        return check_fail(c, "apply failed: %s", in->err.msg);
    bytes_add(&in->answers, y, sizeof y);
    return 0;
}

const struct driver transform_driver = { HONE_KIND_TRANSFORM, 8, 1, start, step };
