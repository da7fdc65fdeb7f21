/* SPDX-License-Identifier: MIT */
/* dataset/1 over a set that is in memory, and what readers do with rows and targets before it is there. */
#include "source.h"

#include "hone/rng.h"

const char *const source_tasks[] = { "auto", "classification", "regression", NULL };

/* Targets of whole numbers with no more different values than this are taken for classes. */
enum { MOST_NUMBERED_CLASSES = 20 };

static uint64_t sample_bytes(const hone_task *task)
{
    return (uint64_t)hone_shape_elements(task->dims, task->n_dims) * hone_dtype_bytes(task->dtype);
}

/* ---- life ---- */
static void close_all(struct source *source)
{
    for (unsigned i = 0; i < HONE_SPLITS; i++) {
        free(source->parts[i].inputs);
        free(source->parts[i].labels);
        free(source->parts[i].targets);
    }
    for (uint64_t i = 0; source->classes && i < source->n_classes; i++)
        free(source->classes[i]);
    for (uint64_t i = 0; source->features && i < source->n_features; i++)
        free(source->features[i]);
    free(source->classes);
    free(source->features);
    source->classes = source->features = NULL;
    source->n_classes = source->n_features = 0;
    memset(source->parts, 0, sizeof source->parts);
    memset(&source->task, 0, sizeof source->task);
}

hone_rc source_create(const hone_host *host, const hone_create_info *info,
                      hone_rc (*open)(struct source *, hone_error *), void **self, hone_error *err)
{
    struct source *source = calloc(1, sizeof *source);
    if (!source)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    source->host = host;
    source->settings = info->config;
    source->open = open;
    *self = source;
    return HONE_OK;
}

void source_destroy(void *self)
{
    if (self)
        close_all(self);
    free(self);
}

static hone_rc open_once(struct source *source, hone_error *err)
{
    if (source->opened)
        return HONE_OK;
    const hone_rc rc = source->open(source, err);
    if (rc != HONE_OK)
        close_all(source);
    source->opened = rc == HONE_OK;
    return rc;
}

/* ---- dataset/1 ---- */
static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct source *source = self;
    const hone_rc rc = open_once(source, err);
    if (rc != HONE_OK)
        return rc;
    *task = source->task;
    for (unsigned i = 0; i < HONE_SPLITS; i++)
        counts[i] = source->parts[i].n;
    return HONE_OK;
}

static hone_dataset_view view_of(const struct part *part)
{
    return (hone_dataset_view){ sizeof(hone_dataset_view), 0, part->n, part->inputs, part->labels, part->targets };
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct source *source = self;
    const hone_rc rc = open_once(source, err);
    if (rc != HONE_OK)
        return rc;
    if (split >= HONE_SPLITS || !source->parts[split].n)
        return hone_samples_no_split(split, err);
    *out = view_of(&source->parts[split]);
    return HONE_OK;
}

/* Samples of the view, in the order of indices. */
static hone_rc take(const struct source *source, const hone_dataset_view *from, const uint64_t *indices, uint64_t n,
                    void *inputs, int32_t *labels, float *targets, hone_error *err)
{
    return hone_samples_read(from, sample_bytes(&source->task), (uint64_t)source->task.n_outputs, indices, n, inputs,
                             labels, targets, err);
}

static hone_rc read_samples(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                            int32_t *labels, float *targets, hone_error *err)
{
    hone_dataset_view v;
    const hone_rc rc = view(self, split, &v, err);
    return rc == HONE_OK ? take(self, &v, indices, n, inputs, labels, targets, err) : rc;
}

const hone_dataset_v1 source_iface = {
    .size = sizeof source_iface,
    .flags = HONE_DATASET_LABELS_ALONE,
    .describe = describe,
    .read = read_samples,
    .view = view,
};

/* ---- for readers ---- */
void source_describe_table(struct source *source, uint32_t kind, int64_t n_outputs, uint64_t features)
{
    hone_task *task = &source->task;
    memset(task, 0, sizeof *task);
    task->size = sizeof *task;
    task->kind = kind;
    task->n_outputs = n_outputs;
    task->n_dims = 1;
    task->dims[0] = (int64_t)features;
    task->dtype = HONE_F32;
    task->classes = (const char *const *)source->classes;
    task->features = (const char *const *)source->features;
}

hone_rc part_allocate(const struct source *source, struct part *part, uint64_t n, const char *key, hone_error *err)
{
    const uint64_t bytes = sample_bytes(&source->task), k = (uint64_t)source->task.n_outputs, some = n ? n : 1;
    const int classes = source->task.kind == HONE_TASK_CLASSIFICATION;
    part->n = n;
    part->inputs = bytes && some <= PTRDIFF_MAX / bytes ? malloc(some * bytes) : NULL;
    part->labels = classes ? calloc(some, sizeof *part->labels) : NULL;
    part->targets = classes ? NULL : calloc(some, k * sizeof *part->targets);
    if (!part->inputs || !(part->labels || part->targets))
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %llu samples of %llu bytes", (unsigned long long)n,
                         (unsigned long long)bytes);
    return HONE_OK;
}

hone_rc source_check_test(const char *file, const char *file_key, double share, hone_error *err)
{
    if (*file && share > 0)
        return hone_fail(err, HONE_EINVAL, "test", "test = %g and %s exclude each other: give one of them", share,
                         file_key);
    return HONE_OK;
}

/* ---- setting rows aside ---- */
struct row {
    int32_t label;
    uint64_t at, row; /* place in the shuffled order, number of the row */
};

static int by_label(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->label != y->label ? (x->label > y->label) - (x->label < y->label) : (x->at > y->at) - (x->at < y->at);
}

static int by_row(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

hone_rc source_set_aside(uint64_t n, const int32_t *labels, double share, int64_t seed, uint64_t *rows,
                         uint64_t *n_test, hone_error *err)
{
    const uint64_t m = (uint64_t)(share * (double)n + 0.5);
    hone_rng rng = hone_rng_at((uint64_t)seed, 0);
    *n_test = m;
    for (uint64_t i = 0; i < n; i++)
        rows[i] = i;
    if (!(share > 0))
        return HONE_OK;
    if (!m || m >= n)
        return hone_fail(err, HONE_EINVAL, "test", "test = %g of %llu rows leaves none to %s", share,
                         (unsigned long long)n, m ? "train on" : "test on");
    struct row *order = malloc(n * sizeof *order);
    if (!order)
        return hone_fail(err, HONE_ENOMEM, "test", "out of memory for %llu rows", (unsigned long long)n);
    hone_rng_shuffle(&rng, rows, n);
    for (uint64_t i = 0; i < n; i++)
        order[i] = (struct row){ labels ? labels[rows[i]] : 0, i, rows[i] };
    qsort(order, n, sizeof *order, by_label);
    uint64_t carry = n / 2, trained = 0, tested = 0;
    for (uint64_t i = 0; i < n; i++) {
        carry += m;
        if (carry >= n) {
            carry -= n;
            rows[n - m + tested++] = order[i].row;
        } else {
            rows[trained++] = order[i].row;
        }
    }
    qsort(rows, n - m, sizeof *rows, by_row);
    qsort(rows + (n - m), m, sizeof *rows, by_row);
    free(order);
    return HONE_OK;
}

static hone_rc take_rows(const struct source *source, struct part *to, const struct part *from, const uint64_t *rows,
                         uint64_t n, hone_error *err)
{
    const hone_dataset_view all = view_of(from);
    const hone_rc rc = part_allocate(source, to, n, "test", err);
    return rc == HONE_OK ? take(source, &all, rows, n, to->inputs, to->labels, to->targets, err) : rc;
}

hone_rc source_split(struct source *source, double share, int64_t seed, hone_error *err)
{
    struct part all = source->parts[HONE_SPLIT_TRAIN];
    uint64_t n_test = 0, *rows = malloc((all.n ? all.n : 1) * sizeof *rows);
    if (!rows)
        return hone_fail(err, HONE_ENOMEM, "test", "out of memory for %llu rows", (unsigned long long)all.n);
    hone_rc rc = source_set_aside(all.n, all.labels, share, seed, rows, &n_test, err);
    if (rc == HONE_OK && n_test) {
        memset(&source->parts[HONE_SPLIT_TRAIN], 0, sizeof(struct part));
        rc = take_rows(source, &source->parts[HONE_SPLIT_TRAIN], &all, rows, all.n - n_test, err);
        if (rc == HONE_OK)
            rc = take_rows(source, &source->parts[HONE_SPLIT_TEST], &all, rows + (all.n - n_test), n_test, err);
        free(all.inputs);
        free(all.labels);
        free(all.targets);
    }
    free(rows);
    return rc;
}

/* ---- targets that are numbers ---- */
static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sorted: (all) values; keeps the different ones and returns how many. */
static uint64_t unique(double *sorted, uint64_t all)
{
    uint64_t kept = 0;
    qsort(sorted, all, sizeof *sorted, ascending);
    for (uint64_t i = 0; i < all; i++)
        if (!kept || sorted[i] > sorted[kept - 1])
            sorted[kept++] = sorted[i];
    return kept;
}

static hone_rc name_classes(struct source *source, const double *values, uint64_t k, const char *key, hone_error *err)
{
    source->classes = calloc(k, sizeof *source->classes);
    source->n_classes = k;
    for (uint64_t c = 0; source->classes && c < k; c++) {
        char name[32];
        snprintf(name, sizeof name, "%.16g", values[c]);
        if (!(source->classes[c] = strdup(name)))
            return hone_fail(err, HONE_ENOMEM, key, "out of memory for %llu classes", (unsigned long long)k);
    }
    return source->classes ? HONE_OK
                           : hone_fail(err, HONE_ENOMEM, key, "out of memory for %llu classes", (unsigned long long)k);
}

static hone_rc label(const double *values, uint64_t n, const double *classes, uint64_t k, const char *key,
                     int32_t **labels, hone_error *err)
{
    if (!(*labels = malloc((n ? n : 1) * sizeof **labels)))
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %llu labels", (unsigned long long)n);
    for (uint64_t i = 0; i < n; i++) {
        const double *found = bsearch(&values[i], classes, k, sizeof *classes, ascending);
        (*labels)[i] = (int32_t)(found - classes); /* all values were seen when the classes were listed */
    }
    return HONE_OK;
}

hone_rc source_classes(struct source *source, double *const values[HONE_SPLITS], const uint64_t n[HONE_SPLITS],
                       uint32_t task, const char *key, int32_t *labels[HONE_SPLITS], int *classification,
                       hone_error *err)
{
    uint64_t all = 0, k;
    int whole = 1;
    hone_rc rc = HONE_OK;
    *classification = 0;
    for (unsigned s = 0; s < HONE_SPLITS; s++)
        all += n[s];
    double *sorted = malloc((all ? all : 1) * sizeof *sorted);
    if (!sorted)
        return hone_fail(err, HONE_ENOMEM, key, "out of memory for %llu targets", (unsigned long long)all);
    all = 0;
    for (unsigned s = 0; s < HONE_SPLITS; s++)
        for (uint64_t i = 0; i < n[s]; i++) {
            sorted[all++] = values[s][i];
            whole &= values[s][i] <= floor(values[s][i]);
        }
    if (task == TASK_REGRESSION || (task == TASK_AUTO && !whole))
        goto out;
    k = unique(sorted, all);
    if (task == TASK_AUTO && k > MOST_NUMBERED_CLASSES)
        goto out;
    if (k < 2 || k > INT32_MAX) {
        rc = hone_fail(err, HONE_EINVAL, key, "the targets are one class only: there is nothing to learn");
        goto out;
    }
    rc = name_classes(source, sorted, k, key, err);
    for (unsigned s = 0; s < HONE_SPLITS && rc == HONE_OK; s++)
        if (n[s])
            rc = label(values[s], n[s], sorted, k, key, &labels[s], err);
    *classification = rc == HONE_OK;
out:
    free(sorted);
    return rc;
}
