/* SPDX-License-Identifier: MIT */
/* dataset/npy and dataset/npz - arrays of numpy: inputs (N, features), (N, H, W) or (N, C, H, W), and targets (N) or (N, K),
 * each in a file of its own or all in one archive. */
#include "array.h"
#include "source.h"

#include <float.h>

enum { CHANNELS_FIRST, CHANNELS_LAST };
static const char *const channel_orders[] = { "first", "last", NULL };

struct settings {
    const char *file; /* npz */
    const char *inputs, *targets, *validation_inputs, *validation_targets, *test_inputs, *test_targets;
    double test;
    int64_t split_seed;
    uint32_t task, channels;
};

/* ---- inputs ---- */
/* Where the elements of a sample lie: (d[0], d[1], d[2]) of them, strides in elements; a table's row is (1, 1, features). */
struct layout {
    uint64_t d[3], stride[3], sample; /* sample: from one to the next */
    uint32_t bytes;                   /* pixels stay bytes */
};

static hone_rc layout_of(const struct array *a, uint32_t channels, struct layout *l, hone_error *err)
{
    uint64_t strides[ARRAY_MAX_DIMS], step = 1;
    if (!a->n_dims || !a->elements)
        return array_fail(a, err, "there is no sample in it");
    for (uint32_t i = 0; i < a->n_dims; i++) {
        const uint32_t d = a->fortran ? i : a->n_dims - 1 - i;
        strides[d] = step;
        step *= a->dims[d];
    }
    *l = (struct layout){
        { 1, 1, 1 }, { 0, 0, 0 }, strides[0], a->n_dims > 2 && a->element == ELEMENT_UINT && a->item_bytes == 1
    };
    const uint32_t last[3] = { 2, 0, 1 }; /* channels, rows, columns among what follows N */
    for (uint32_t i = 1; i < a->n_dims; i++) {
        const uint32_t to = 3 - a->n_dims + i;
        const uint32_t from = a->n_dims == 4 && channels == CHANNELS_LAST ? 1 + last[to] : i;
        l->d[to] = a->dims[from];
        l->stride[to] = strides[from];
    }
    return HONE_OK;
}

/* One run of elements after the other, as they are stored. */
static int is_plain(const struct array *a, const struct layout *l)
{
    const uint64_t row = l->d[2], plane = row * l->d[1];
    return !a->fortran && (l->d[2] == 1 || l->stride[2] == 1) && (l->d[1] == 1 || l->stride[1] == row) &&
           (l->d[0] == 1 || l->stride[0] == plane);
}

static hone_rc not_finite(const struct array *a, uint64_t sample, hone_error *err)
{
    return array_fail(a, err, "sample %llu holds NaN, an infinity, or a number beyond a float's range",
                      (unsigned long long)sample);
}

static hone_rc fill_inputs(const struct array *a, const struct layout *l, void *inputs, hone_error *err)
{
    const uint64_t n = a->dims[0], size = l->d[0] * l->d[1] * l->d[2];
    const int plain = is_plain(a, l) && (l->bytes || (a->element == ELEMENT_FLOAT && a->item_bytes == 4));
    uint8_t *pixels = inputs;
    float *numbers = inputs;
    if (plain && !a->big_endian) {
        memcpy(inputs, a->data, n * size * (l->bytes ? 1 : sizeof(float)));
        for (uint64_t i = 0; i < n * size && !l->bytes; i++)
            if (!isfinite(numbers[i]))
                return not_finite(a, i / size, err);
        return HONE_OK;
    }
    for (uint64_t s = 0; s < n; s++)
        for (uint64_t i = 0; i < l->d[0]; i++)
            for (uint64_t j = 0; j < l->d[1]; j++)
                for (uint64_t k = 0; k < l->d[2]; k++) {
                    const double v = array_at(a,
                                              s * l->sample + i * l->stride[0] + j * l->stride[1] + k * l->stride[2]);
                    if (!(fabs(v) <= (double)FLT_MAX))
                        return not_finite(a, s, err);
                    if (l->bytes)
                        *pixels++ = (uint8_t)v;
                    else
                        *numbers++ = (float)v;
                }
    return HONE_OK;
}

/* ---- a set ---- */
struct arrays {
    struct array inputs[HONE_SPLITS], targets[HONE_SPLITS];
    struct layout layouts[HONE_SPLITS];
    double *values[HONE_SPLITS];  /* (n, columns) targets */
    int32_t *labels[HONE_SPLITS]; /* (n) */
    uint64_t n[HONE_SPLITS], columns;
};

static void release(struct arrays *all)
{
    for (unsigned s = 0; s < HONE_SPLITS; s++) {
        array_close(&all->inputs[s]);
        array_close(&all->targets[s]);
        free(all->values[s]);
        free(all->labels[s]);
    }
}

/* Targets of a split as numbers: (N) or (N, K). */
static hone_rc take_targets(struct arrays *all, unsigned s, hone_error *err)
{
    const struct array *t = &all->targets[s], *x = &all->inputs[s];
    const uint64_t columns = t->n_dims == 2 ? t->dims[1] : 1;
    if (t->n_dims < 1 || t->n_dims > 2 || !columns)
        return array_fail(t, err, "targets have the shape (N) or (N, K), not %u dimensions", t->n_dims);
    if (t->dims[0] != x->dims[0])
        return array_fail(t, err, "there are %llu targets for %llu inputs", (unsigned long long)t->dims[0],
                          (unsigned long long)x->dims[0]);
    if (s != HONE_SPLIT_TRAIN && columns != all->columns)
        return array_fail(t, err, "a target has %llu numbers, in the training split it has %llu",
                          (unsigned long long)columns, (unsigned long long)all->columns);
    all->columns = columns;
    all->n[s] = t->dims[0];
    if (!(all->values[s] = malloc(t->elements * sizeof(double))))
        return hone_fail(err, HONE_ENOMEM, t->key, "out of memory for %llu targets", (unsigned long long)t->elements);
    for (uint64_t i = 0; i < t->elements; i++) {
        const uint64_t at = t->fortran ? i / columns + i % columns * t->dims[0] : i;
        all->values[s][i] = array_at(t, at);
        if (!(fabs(all->values[s][i]) <= (double)FLT_MAX))
            return not_finite(t, i / columns, err);
    }
    return HONE_OK;
}

static hone_rc take_split(struct arrays *all, unsigned s, const struct settings *settings, const struct archive *zip,
                          hone_error *err)
{
    const char *const names[HONE_SPLITS][2] = { { settings->inputs, settings->targets },
                                                { settings->validation_inputs, settings->validation_targets },
                                                { settings->test_inputs, settings->test_targets } };
    static const char *const keys[HONE_SPLITS][2] = { { "inputs", "targets" },
                                                      { "validation_inputs", "validation_targets" },
                                                      { "test_inputs", "test_targets" } };
    hone_rc rc = HONE_OK;
    if (!*names[s][0] && !*names[s][1] && s != HONE_SPLIT_TRAIN)
        return HONE_OK;
    for (unsigned i = 0; i < 2; i++)
        if (!*names[s][i])
            return hone_fail(err, HONE_EINVAL, keys[s][i], "%s is missing: %s = %.60s goes with it", keys[s][i],
                             keys[s][!i], names[s][!i]);
    for (unsigned i = 0; i < 2 && rc == HONE_OK; i++) {
        struct array *array = i ? &all->targets[s] : &all->inputs[s];
        rc = zip ? npz_array(zip, names[s][i], keys[s][i], array, err) : npy_open(array, names[s][i], keys[s][i], err);
    }
    if (rc == HONE_OK)
        rc = layout_of(&all->inputs[s], settings->channels, &all->layouts[s], err);
    const struct layout *l = &all->layouts[s], *first = &all->layouts[HONE_SPLIT_TRAIN];
    if (rc == HONE_OK && (memcmp(l->d, first->d, sizeof l->d) != 0 || l->bytes != first->bytes ||
                          all->inputs[s].n_dims != all->inputs[HONE_SPLIT_TRAIN].n_dims))
        return array_fail(&all->inputs[s], err, "its samples differ in shape or type from those of the training split");
    return rc == HONE_OK ? take_targets(all, s, err) : rc;
}

/* auto: whole numbers as their type says are classes. */
static hone_rc take_classes(struct source *source, struct arrays *all, uint32_t task, int *classification,
                            hone_error *err)
{
    const struct array *t = &all->targets[HONE_SPLIT_TRAIN];
    if (task == TASK_AUTO)
        task = t->element == ELEMENT_FLOAT || all->columns > 1 ? TASK_REGRESSION : TASK_CLASSIFICATION;
    if (task == TASK_CLASSIFICATION && all->columns > 1)
        return array_fail(t, err, "classes are one number a sample, not %llu", (unsigned long long)all->columns);
    *classification = 0;
    if (task == TASK_REGRESSION)
        return HONE_OK;
    return source_classes(source, all->values, all->n, task, "targets", all->labels, classification, err);
}

static void describe(struct source *source, const struct arrays *all, int classification)
{
    const struct layout *l = &all->layouts[HONE_SPLIT_TRAIN];
    source_describe_table(source, classification ? HONE_TASK_CLASSIFICATION : HONE_TASK_REGRESSION,
                          classification ? (int64_t)source->n_classes : (int64_t)all->columns, l->d[2]);
    if (all->inputs[HONE_SPLIT_TRAIN].n_dims > 2) {
        source->task.n_dims = 3;
        for (unsigned i = 0; i < 3; i++)
            source->task.dims[i] = (int64_t)l->d[i];
        source->task.dtype = l->bytes ? HONE_U8 : HONE_F32;
    }
}

static hone_rc open_arrays(struct source *source, const struct settings *s, const struct archive *zip, hone_error *err)
{
    struct arrays all;
    int classification = 0;
    memset(&all, 0, sizeof all);
    hone_rc rc = source_check_test(s->test_inputs, "test_inputs", s->test, err);
    for (unsigned i = 0; i < HONE_SPLITS && rc == HONE_OK; i++)
        rc = take_split(&all, i, s, zip, err);
    if (rc == HONE_OK)
        rc = take_classes(source, &all, s->task, &classification, err);
    if (rc == HONE_OK)
        describe(source, &all, classification);
    for (unsigned i = 0; i < HONE_SPLITS && rc == HONE_OK; i++) {
        struct part *part = &source->parts[i];
        if (!all.n[i])
            continue;
        rc = part_allocate(source, part, all.n[i], "inputs", err);
        if (rc == HONE_OK)
            rc = fill_inputs(&all.inputs[i], &all.layouts[i], part->inputs, err);
        if (rc == HONE_OK && part->labels)
            memcpy(part->labels, all.labels[i], all.n[i] * sizeof *part->labels);
        for (uint64_t k = 0; rc == HONE_OK && part->targets && k < all.n[i] * all.columns; k++)
            part->targets[k] = (float)all.values[i][k];
    }
    release(&all);
    return rc == HONE_OK && s->test > 0 ? source_split(source, s->test, s->split_seed, err) : rc;
}

static hone_rc open_npy(struct source *source, hone_error *err)
{
    return open_arrays(source, source->settings, NULL, err);
}

static hone_rc open_npz(struct source *source, hone_error *err)
{
    const struct settings *s = source->settings;
    struct archive zip;
    hone_rc rc = npz_open(&zip, s->file, "file", err);
    if (rc == HONE_OK)
        rc = open_arrays(source, s, &zip, err);
    npz_close(&zip);
    return rc;
}

/* ---- the components ---- */
#define COMMON                                                                                                         \
    HONE_REAL(struct settings, test, "0", 0, 1, HONE_P_HI_OPEN, NULL,                                                  \
              "Share of the training samples set aside for the test, evenly over the classes."),                       \
        HONE_INT(struct settings, split_seed, "1", 0, 9e15, HONE_P_ADVANCED, NULL,                                     \
                 "Which samples `test` takes. It is not the study's seed: studies with other seeds are tested on the " \
                 "same samples."),                                                                                     \
        HONE_ENUM(struct settings, task, "auto", source_tasks, 0,                                                      \
                  "What the targets are: classes or numbers. auto: integers are classes, floats are numbers."),        \
        HONE_ENUM(struct settings, channels, "first", channel_orders, 0,                                               \
                  "Order of four-dimensional inputs: first: (N, C, H, W), as in PyTorch; last: (N, H, W, C), as in "   \
                  "Keras.")

static const hone_param npy_params[] = {
    HONE_PATH(struct settings, inputs, NULL, 0, "File with the array of the training samples."),
    HONE_PATH(struct settings, targets, NULL, 0, "File with the array of their classes or numbers."),
    HONE_PATH(struct settings, validation_inputs, "", 0, "The same for the validation; empty: none."),
    HONE_PATH(struct settings, validation_targets, "", 0, "The same for the validation; empty: none."),
    HONE_PATH(struct settings, test_inputs, "", 0, "The same for the test; empty: none."),
    HONE_PATH(struct settings, test_targets, "", 0, "The same for the test; empty: none."),
    COMMON,
};

static const hone_param npz_params[] = {
    HONE_PATH(struct settings, file, NULL, 0, "The archive that numpy.savez or savez_compressed wrote."),
    HONE_STR(struct settings, inputs, "x_train", 0, "Name of the array of the training samples."),
    HONE_STR(struct settings, targets, "y_train", 0, "Name of the array of their classes or numbers."),
    HONE_STR(struct settings, validation_inputs, "", 0, "The same for the validation; empty: none."),
    HONE_STR(struct settings, validation_targets, "", 0, "The same for the validation; empty: none."),
    HONE_STR(struct settings, test_inputs, "", 0, "The same for the test; empty: none."),
    HONE_STR(struct settings, test_targets, "", 0, "The same for the test; empty: none."),
    COMMON,
};

#define MANUAL                                                                                                \
    "Inputs of the shape (N, features) or (N) are tables, (N, H, W) grey images, and (N, C, H, W), or\n"      \
    "with `channels = last` (N, H, W, C), images of C channels. Images of unsigned bytes stay bytes, for\n"   \
    "the augmentations; everything else is read as float32. Targets are (N), or (N, K) for K numbers to\n"    \
    "predict a sample; classes are named after their numbers. Elements may be bool, int, uint of 1 to 8\n"    \
    "bytes, or float of 2, 4 or 8, in either byte order, C's or Fortran's. NaN and infinities are refused.\n" \
    "Numbers are not scaled: use `[transform.standardize]`."

static hone_rc create_npy(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    return source_create(host, info, open_npy, self, err);
}

const hone_component npy_dataset = {
    .size = sizeof npy_dataset,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "npy",
    .summary = "Arrays of numpy, one in a file: inputs and targets",
    .doc = MANUAL,
    .params = npy_params,
    .n_params = HONE_COUNT(npy_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &source_iface,
    .create = create_npy,
    .destroy = source_destroy,
};

static hone_rc create_npz(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    return source_create(host, info, open_npz, self, err);
}

const hone_component npz_dataset = {
    .size = sizeof npz_dataset,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "npz",
    .summary = "Arrays of numpy in one archive: inputs and targets by name",
    .doc = MANUAL,
    .params = npz_params,
    .n_params = HONE_COUNT(npz_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &source_iface,
    .create = create_npz,
    .destroy = source_destroy,
};
