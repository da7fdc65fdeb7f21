/* SPDX-License-Identifier: MIT */
/* dataset/idx - MNIST, Fashion-MNIST, KMNIST and EMNIST in their four IDX files, plain or gzip-compressed. What was
 * decoded is kept in the host's cache, so that all workers map one copy. */
#include "hone/samples.h"
#include "hone/param.h"
#include "idx_file.h"

#include <stdlib.h>
#include <string.h>

enum { DECODING_VERSION = 1, KEY_BYTES = IDX_MAX_PATH + 128 };

struct settings {
    const char *directory;
    const char *train_images, *train_labels, *test_images, *test_labels;
    hone_strings classes;
};

static const hone_param params[] = {
    HONE_PATH(struct settings, directory, "/usr/share/datasets/fashion-mnist", 0,
              "Folder with the four files. The default is where Debian's dataset-fashion-mnist puts them."),
    HONE_STRS(
        struct settings, classes, "", 0,
        "Names of the classes, in the order of the labels. Without them the largest label tells how many there are."),
    HONE_STR(struct settings, train_images, "train-images-idx3-ubyte", HONE_P_ADVANCED,
             "File with the training images; .gz is appended where only that is there."),
    HONE_STR(struct settings, train_labels, "train-labels-idx1-ubyte", HONE_P_ADVANCED,
             "File with the training labels."),
    HONE_STR(struct settings, test_images, "t10k-images-idx3-ubyte", HONE_P_ADVANCED,
             "File with the test images; empty: the set has no test split."),
    HONE_STR(struct settings, test_labels, "t10k-labels-idx1-ubyte", HONE_P_ADVANCED, "File with the test labels."),
};

/* One split, decoded. */
struct part {
    uint64_t n;
    const uint8_t *images; /* (n, dims...) */
    const int32_t *labels; /* (n) */
    void *owned[2];        /* private memory where the host lends no cache */
};
struct idx {
    const struct settings *settings;
    const hone_host *host;
    uint32_t opened, n_dims;
    int64_t dims[HONE_MAX_DIMS];
    uint64_t sample_bytes;
    int64_t n_classes;
    struct part parts[2]; /* training, test */
};

/* ---- decoding, once for all workers ---- */
static hone_rc fill_images(void *ctx, void *block, hone_error *err)
{
    return idx_file_decode(ctx, block, err);
}

static hone_rc fill_labels(void *ctx, void *block, hone_error *err)
{
    const struct idx_file *file = ctx;
    int32_t *labels = block;
    /* bytes are read into the end of the block and widened from its start on: the write never overtakes the read */
    const uint8_t *bytes = (const uint8_t *)block + 3 * file->elements;
    const hone_rc rc = idx_file_decode(file, (uint8_t *)block + 3 * file->elements, err);
    for (uint64_t i = 0; rc == HONE_OK && i < file->elements; i++) {
        const uint8_t label = bytes[i];
        labels[i] = label;
    }
    return rc;
}

static hone_rc map_block(const hone_host *host, struct idx_file *file, const char *what, uint64_t bytes,
                         hone_rc (*fill)(void *, void *, hone_error *), const void **block, void **owned,
                         hone_error *err)
{
    char key[KEY_BYTES];
    snprintf(key, sizeof key, "dataset/idx %d %s %s %llu %lld", DECODING_VERSION, what, file->path,
             (unsigned long long)file->size, (long long)file->mtime_ns);
    return hone_samples_map(host, key, bytes, fill, file, block, owned, err);
}

static hone_rc open_part(struct idx *idx, struct part *part, const char *images_name, const char *labels_name,
                         const char *images_key, const char *labels_key, hone_error *err)
{
    struct idx_file images, labels;
    const void *block;
    hone_rc rc = idx_file_probe(&images, idx->settings->directory, images_name, 2, IDX_MAX_DIMS, images_key, err);
    if (rc == HONE_OK)
        rc = idx_file_probe(&labels, idx->settings->directory, labels_name, 1, 1, labels_key, err);
    if (rc != HONE_OK)
        return rc;
    if (images.dims[0] != labels.dims[0])
        return hone_fail(err, HONE_EIO, labels_key,
                         "%.60s has %llu images but %.60s has %llu labels: they do not belong together", images_name,
                         (unsigned long long)images.dims[0], labels_name, (unsigned long long)labels.dims[0]);
    /* (N, H, W) is one channel; (N, C, H, W) and (N, features) are as they are */
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    uint32_t n_dims = 0;
    if (images.n_dims == 3)
        dims[n_dims++] = 1;
    for (uint32_t i = 1; i < images.n_dims; i++)
        dims[n_dims++] = (int64_t)images.dims[i];
    if (part == &idx->parts[0]) {
        memcpy(idx->dims, dims, sizeof dims);
        idx->n_dims = n_dims;
        idx->sample_bytes = images.elements / images.dims[0];
    } else if (n_dims != idx->n_dims || memcmp(idx->dims, dims, sizeof dims))
        return hone_fail(err, HONE_EIO, images_key, "samples of %.80s have another shape than those of %.80s",
                         images_name, idx->settings->train_images);
    if ((rc = map_block(idx->host, &images, "images", images.elements, fill_images, &block, &part->owned[0], err)) !=
        HONE_OK)
        return rc;
    part->images = block;
    if ((rc = map_block(idx->host, &labels, "labels", labels.elements * sizeof(int32_t), fill_labels, &block,
                        &part->owned[1], err)) != HONE_OK)
        return rc;
    part->labels = block;
    const uint64_t n_named = idx->settings->classes.n;
    for (uint64_t i = 0; i < labels.elements; i++) {
        if (n_named && (uint64_t)part->labels[i] >= n_named)
            return hone_fail(err, HONE_ERANGE, "classes",
                             "label %d of sample %llu in %.80s is outside the %llu classes named", part->labels[i],
                             (unsigned long long)i, labels_name, (unsigned long long)n_named);
        if (part->labels[i] >= idx->n_classes)
            idx->n_classes = part->labels[i] + 1;
    }
    part->n = images.dims[0];
    return HONE_OK;
}

/* ---- dataset/1 ---- */
static void close_parts(struct idx *idx)
{
    for (unsigned p = 0; p < 2; p++)
        for (unsigned i = 0; i < 2; i++)
            free(idx->parts[p].owned[i]);
    memset(idx->parts, 0, sizeof idx->parts);
}

static hone_rc open_all(struct idx *idx, hone_error *err)
{
    const struct settings *s = idx->settings;
    if (idx->opened)
        return HONE_OK;
    idx->n_classes = (int64_t)s->classes.n;
    hone_rc rc = open_part(idx, &idx->parts[0], s->train_images, s->train_labels, "train_images", "train_labels", err);
    if (rc == HONE_OK && *s->test_images)
        rc = open_part(idx, &idx->parts[1], s->test_images, s->test_labels, "test_images", "test_labels", err);
    if (rc == HONE_OK && idx->n_classes < 2)
        rc = hone_fail(err, HONE_EIO, "train_labels", "%.120s holds one class only: there is nothing to learn",
                       s->train_labels);
    if (rc != HONE_OK)
        close_parts(idx);
    idx->opened = rc == HONE_OK;
    return rc;
}

static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct idx *idx = self;
    const hone_rc rc = open_all(idx, err);
    if (rc != HONE_OK)
        return rc;
    memset(task, 0, sizeof *task);
    task->size = sizeof *task;
    task->kind = HONE_TASK_CLASSIFICATION;
    task->n_outputs = idx->n_classes;
    task->n_dims = idx->n_dims;
    task->dtype = HONE_U8;
    memcpy(task->dims, idx->dims, sizeof task->dims);
    task->classes = idx->settings->classes.n ? idx->settings->classes.values : NULL;
    counts[HONE_SPLIT_TRAIN] = idx->parts[0].n;
    counts[HONE_SPLIT_VALIDATION] = 0;
    counts[HONE_SPLIT_TEST] = idx->parts[1].n;
    return HONE_OK;
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct idx *idx = self;
    const hone_rc rc = open_all(idx, err);
    if (rc != HONE_OK)
        return rc;
    const struct part *part = &idx->parts[split == HONE_SPLIT_TEST];
    if (split != HONE_SPLIT_TRAIN && (split != HONE_SPLIT_TEST || !part->n))
        return hone_samples_no_split(split, err);
    *out = (hone_dataset_view){ sizeof *out, 0, part->n, part->images, part->labels, NULL };
    return HONE_OK;
}

static hone_rc read_samples(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                            int32_t *labels, float *targets, hone_error *err)
{
    struct idx *idx = self;
    hone_dataset_view v;
    const hone_rc rc = view(idx, split, &v, err);
    return rc == HONE_OK ? hone_samples_read(&v, idx->sample_bytes, 1, indices, n, inputs, labels, targets, err) : rc;
}

static const hone_dataset_v1 iface = { sizeof iface, 0, describe, read_samples, view };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct idx *idx = calloc(1, sizeof *idx);
    if (!idx)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    idx->settings = info->config;
    idx->host = host;
    *self = idx;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        close_parts(self);
    free(self);
}

static const hone_component component = {
    .size = sizeof component,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "idx",
    .summary = "Images in IDX files, as MNIST and its successors come (plain or .gz)",
    .doc = "Reads the four files of MNIST, Fashion-MNIST, KMNIST and the like: images and labels, for training and for "
           "the\n"
           "test. Samples are unsigned bytes of shape (1, H, W). Decoded data are kept in the cache that all workers "
           "share.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
HONE_MODULE("org.hone.dataset.idx", "0.1.0", "MIT", "the hone authors", "", &component)
