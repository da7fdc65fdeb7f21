/* SPDX-License-Identifier: MIT */
/* dataset/image_tiles - one picture that holds many samples side by side: a sheet of tiles of one size, whose rows (or
 * columns) belong to the classes in turn. */
#include "picture.h"
#include "samples.h"

#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DECODING_VERSION = 1, KEY_BYTES = 3072, MAX_SIDE = 4096 };
enum { CLASSES_ROWS, CLASSES_COLUMNS };
static const char *const orders[] = { "rows", "columns", NULL };
enum { COLOR_GRAY, COLOR_RGB };
static const char *const colors[] = { "gray", "rgb", NULL };

struct settings {
    const char *file;
    hone_ints tile;
    int64_t n_classes, test_seed, background;
    hone_strings classes;
    uint32_t classes_by, color;
    double test;
};
static const hone_param params[] = {
    HONE_PATH(struct settings, file, NULL, 0, "The picture, PNG or JPEG."),
    HONE_INTS(struct settings, tile, NULL, 1, MAX_SIDE, 0, "pixels",
              "Side of a tile, or its height and width: tile = 20 or tile = 24, 16."),
    HONE_INT(struct settings, n_classes, "10", 2, 1e6, 0, "classes",
             "Classes in the picture: each has as many rows (or columns) of tiles as the others, one class after the "
             "other."),
    HONE_STRS(struct settings, classes, "", 0,
              "Names of the classes, in their order in the picture; none, or n_classes of them."),
    HONE_ENUM(struct settings, classes_by, "rows", orders, 0,
              "Whether the classes lie below one another (rows) or side by side (columns)."),
    HONE_ENUM(struct settings, color, "gray", colors, 0, "Channels of a sample: gray (1) or rgb (3)."),
    HONE_REAL(struct settings, test, "0.2", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of every class that is the test split, drawn by test_seed; 0: no test split."),
    HONE_INT(struct settings, test_seed, "0", 0, 1e15, HONE_P_ADVANCED, NULL,
             "Draws the test split; all trials and studies of one value are tested on the same samples."),
    HONE_INT(struct settings, background, "255", 0, 255, HONE_P_ADVANCED, NULL,
             "Brightness behind transparent pixels."),
};

struct tiles {
    const struct settings *settings;
    const hone_host *host;
    uint32_t opened, height, width, channels;
    uint64_t sample_bytes;
    hone_dataset_view parts[2]; /* training, test: they lie in one block */
    void *owned;
};
struct footer { /* behind the labels: the training samples come first */
    uint64_t n_train;
};

/* ---- decoding ---- */
struct sheet {
    const struct tiles *tiles;
    struct picture picture;
    uint64_t rows, columns;
};

static hone_rc measure(struct sheet *s, hone_error *err)
{
    const struct settings *set = s->tiles->settings;
    const struct picture *p = &s->picture;
    const uint32_t h = s->tiles->height, w = s->tiles->width;
    const int by_rows = set->classes_by == CLASSES_ROWS;
    if (p->height % h || p->width % w)
        return hone_fail(err, HONE_EINVAL, "tile",
                         "%.110s has %u x %u pixels (height, width): tiles of %u x %u do not cover it evenly",
                         set->file, p->height, p->width, h, w);
    s->rows = p->height / h;
    s->columns = p->width / w;
    const uint64_t lines = by_rows ? s->rows : s->columns;
    if (lines % (uint64_t)set->n_classes)
        return hone_fail(err, HONE_EINVAL, "n_classes",
                         "%.110s has %llu %s of tiles, which %lld classes cannot share evenly", set->file,
                         (unsigned long long)lines, by_rows ? "rows" : "columns", (long long)set->n_classes);
    return HONE_OK;
}

static hone_rc fill(void *ctx, void *block, hone_error *err)
{
    const struct sheet *s = ctx;
    const struct tiles *t = s->tiles;
    const struct settings *set = t->settings;
    const uint64_t n = s->rows * s->columns;
    int32_t *labels = malloc(n * sizeof *labels),
            *out_labels = (int32_t *)(void *)((uint8_t *)block + samples_labels_at(n, t->sample_bytes));
    struct footer *footer = (struct footer *)(void *)((uint8_t *)block + samples_footer_at(n, t->sample_bytes));
    uint8_t *is_test = malloc(n);
    uint64_t at = 0;
    hone_rc rc = labels && is_test
                     ? HONE_OK
                     : hone_fail(err, HONE_ENOMEM, "file", "out of memory for %llu tiles", (unsigned long long)n);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        labels[i] = (int32_t)(set->classes_by == CLASSES_ROWS
                                  ? i / s->columns / (s->rows / (uint64_t)set->n_classes)
                                  : i % s->columns / (s->columns / (uint64_t)set->n_classes));
    if (rc == HONE_OK)
        rc = draw_test(labels, n, set->test, (uint64_t)set->test_seed, is_test, err);
    for (uint8_t part = 0; part < 2 && rc == HONE_OK; part++) {
        for (uint64_t i = 0; i < n; i++)
            if (is_test[i] == part) {
                picture_cut(&s->picture, (uint32_t)(i / s->columns) * t->height, (uint32_t)(i % s->columns) * t->width,
                            t->height, t->width, (uint8_t *)block + at * t->sample_bytes);
                out_labels[at++] = labels[i];
            }
        if (!part)
            footer->n_train = at;
    }
    free(labels);
    free(is_test);
    return rc;
}

static hone_rc open_all(struct tiles *t, hone_error *err)
{
    const struct settings *set = t->settings;
    const struct picture_options options = { set->color == COLOR_GRAY ? 1 : 3, 0, (uint32_t)set->background };
    struct sheet sheet = { .tiles = t };
    struct stat info;
    const void *block;
    char key[KEY_BYTES];
    if (t->opened)
        return HONE_OK;
    if (set->tile.n < 1 || set->tile.n > 2)
        return hone_fail(err, HONE_EINVAL, "tile", "tile wants one number, or a height and a width; it has %llu",
                         (unsigned long long)set->tile.n);
    if (set->classes.n && set->classes.n != (uint64_t)set->n_classes)
        return hone_fail(err, HONE_EINVAL, "classes", "classes has %llu names, but n_classes is %lld",
                         (unsigned long long)set->classes.n, (long long)set->n_classes);
    t->height = (uint32_t)set->tile.values[0];
    t->width = (uint32_t)set->tile.values[set->tile.n - 1];
    t->channels = options.channels;
    t->sample_bytes = (uint64_t)t->height * t->width * t->channels;
    if (stat(set->file, &info) != 0)
        return hone_fail(err, HONE_EIO, "file", "cannot open %.180s: %s", set->file, strerror(errno));
    hone_rc rc = picture_read(&sheet.picture, set->file, &options, err);
    if (rc != HONE_OK) {
        if (err)
            snprintf(err->param, sizeof err->param, "file");
        return rc;
    }
    if ((rc = measure(&sheet, err)) != HONE_OK)
        goto out;
    const uint64_t n = sheet.rows * sheet.columns;
    if (snprintf(key, sizeof key,
                 "dataset/image_tiles %d %ux%ux%u %s %lld of %lld, test %.17g %lld, on %lld: %llu %lld %s",
                 DECODING_VERSION, t->channels, t->height, t->width, orders[set->classes_by], (long long)n,
                 (long long)set->n_classes, set->test, (long long)set->test_seed, (long long)set->background,
                 (unsigned long long)info.st_size, (long long)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
                 set->file) >= KEY_BYTES) {
        rc = hone_fail(err, HONE_EINVAL, "file", "the path of the picture is too long");
        goto out;
    }
    rc = hone_samples_map(t->host, key, samples_bytes(n, t->sample_bytes, sizeof(struct footer)), fill, &sheet, &block,
                          &t->owned, err);
    if (rc != HONE_OK)
        goto out;
    const uint8_t *inputs = block;
    const int32_t *labels = (const int32_t *)(const void *)(inputs + samples_labels_at(n, t->sample_bytes));
    const uint64_t n_train = ((const struct footer *)(const void *)(inputs + samples_footer_at(n, t->sample_bytes)))
                                 ->n_train;
    t->parts[0] = (hone_dataset_view){ sizeof *t->parts, 0, n_train, inputs, labels, NULL };
    t->parts[1] = (hone_dataset_view){ sizeof *t->parts, 0,   n - n_train, inputs + n_train * t->sample_bytes,
                                       labels + n_train, NULL };
    t->opened = 1;
out:
    if (rc != HONE_OK) {
        free(t->owned);
        t->owned = NULL;
    }
    picture_release(&sheet.picture);
    return rc;
}

/* ---- dataset/1 ---- */
static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct tiles *t = self;
    const hone_rc rc = open_all(t, err);
    if (rc != HONE_OK)
        return rc;
    *task = (hone_task){ .size = sizeof *task,
                         .kind = HONE_TASK_CLASSIFICATION,
                         .n_outputs = t->settings->n_classes,
                         .n_dims = 3,
                         .dtype = HONE_U8,
                         .dims = { t->channels, t->height, t->width },
                         .classes = t->settings->classes.n ? t->settings->classes.values : NULL };
    counts[HONE_SPLIT_TRAIN] = t->parts[0].n;
    counts[HONE_SPLIT_VALIDATION] = 0;
    counts[HONE_SPLIT_TEST] = t->parts[1].n;
    return HONE_OK;
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct tiles *t = self;
    const hone_rc rc = open_all(t, err);
    if (rc != HONE_OK)
        return rc;
    if (split != HONE_SPLIT_TRAIN && (split != HONE_SPLIT_TEST || !t->parts[1].n))
        return hone_samples_no_split(split, err);
    *out = t->parts[split == HONE_SPLIT_TEST];
    return HONE_OK;
}

static hone_rc read_tiles(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                          int32_t *labels, float *targets, hone_error *err)
{
    struct tiles *t = self;
    hone_dataset_view v;
    const hone_rc rc = view(t, split, &v, err);
    return rc == HONE_OK ? hone_samples_read(&v, t->sample_bytes, 1, indices, n, inputs, labels, targets, err) : rc;
}

static const hone_dataset_v1 iface = { sizeof iface, HONE_DATASET_LABELS_ALONE, describe, read_tiles, view };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct tiles *t = calloc(1, sizeof *t);
    if (!t)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    t->settings = info->config;
    t->host = host;
    *self = t;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        free(((struct tiles *)self)->owned);
    free(self);
}

const hone_component image_tiles = {
    .size = sizeof image_tiles,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "image_tiles",
    .summary = "Tiles of one picture: a sheet of samples, class by class",
    .doc = "Cuts one PNG or JPEG picture into tiles of one size. The classes share the rows of tiles evenly: with 50 "
           "rows and\n"
           "n_classes = 10, rows 1 to 5 are the first class. Samples are bytes of shape (1, height, width), or (3, "
           "...) for rgb.\n"
           "\n"
           "The 5,000 handwritten digits of OpenCV (Debian's package opencv-doc) are such a picture:\n"
           "\n"
           "    [dataset]\n"
           "    use  = image_tiles\n"
           "    file = /usr/share/doc/opencv-doc/examples/data/digits.png\n"
           "    tile = 20",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
