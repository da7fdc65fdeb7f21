/* SPDX-License-Identifier: MIT */
/* dataset/image_folder - pictures in one folder a class. They are decoded, scaled and cut once, into the host's cache that
 * all workers map; where that would be larger than cache_limit, read() decodes what it is asked for. */
#include "listing.h"
#include "picture.h"
#include "samples.h"

#include "hone/param.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DECODING_VERSION = 1, KEY_BYTES = 3072, PARTS = 3, REASON_BYTES = 200 };
enum { LAYOUT_AUTO, LAYOUT_SPLITS, LAYOUT_CLASSES };
static const char *const layouts[] = { "auto", "splits", "classes", NULL };
enum { COLOR_GRAY, COLOR_RGB };
static const char *const colors[] = { "gray", "rgb", NULL };
enum { BROKEN_REFUSE, BROKEN_SKIP };
static const char *const manners[] = { "refuse", "skip", NULL };
static const char *const part_names[PARTS] = { "train", "validation", "test" }; /* in the order of HONE_SPLIT_... */

struct settings {
    const char *directory;
    uint32_t layout, color, broken;
    int64_t size, test_seed, background, cache_limit;
    double test;
};
static const hone_param params[] = {
    HONE_PATH(struct settings, directory, NULL, 0,
              "Folder with train/CLASS/FILE and test/CLASS/FILE (and validation/CLASS/FILE), or with CLASS/FILE."),
    HONE_INT(struct settings, size, "0", 0, 4096, 0, "pixels",
             "Side of a sample: the shorter side of a picture is scaled to it, and the middle of the longer one taken. "
             "0: as the "
             "pictures are; all must have one size."),
    HONE_ENUM(struct settings, color, "rgb", colors, 0, "Channels of a sample: gray (1) or rgb (3)."),
    HONE_ENUM(
        struct settings, layout, "auto", layouts, 0,
        "Whether the folder holds splits or classes; auto: splits, where it has a folder train that holds folders."),
    HONE_REAL(struct settings, test, "0.2", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of every class that is the test split, drawn by test_seed, where the folder holds classes; 0: no "
              "test split."),
    HONE_INT(struct settings, test_seed, "0", 0, 1e15, HONE_P_ADVANCED, NULL,
             "Draws the test split; all trials and studies of one value are tested on the same files."),
    HONE_ENUM(struct settings, broken, "refuse", manners, 0,
              "What becomes of a picture that cannot be decoded: an error that names the file, or it is left out and "
              "logged."),
    HONE_INT(
        struct settings, cache_limit, "4294967296", 0, 1e15, 0, "bytes",
        "Decoded samples up to this size are kept in the cache; more are decoded each time they are read (0: always)."),
    HONE_INT(struct settings, background, "255", 0, 255, HONE_P_ADVANCED, NULL,
             "Brightness behind transparent pixels."),
};

/* One split. Cached, `samples` holds it; streamed, good[i] is the file of sample i, and inputs are decoded on reading. */
struct part {
    struct listing listing; /* of the split; with one folder of classes, of its share */
    hone_dataset_view samples;
    const uint64_t *good;
    uint64_t n;
};
struct folder {
    const struct settings *settings;
    const hone_host *host;
    uint32_t opened, streamed, height, width;
    uint64_t sample_bytes;
    struct part parts[PARTS];
    void *owned[PARTS];
    const char **classes;
};
/* Behind the samples of a cached split, or at the front of the list of good files of a streamed one. */
struct footer {
    uint64_t n_good, n_broken;
    char first[REASON_BYTES]; /* why the first broken one could not be read */
};

/* ---- one picture ---- */
static hone_rc decode(const struct folder *f, const struct listing *list, const struct listing_file *file, uint8_t *out,
                      hone_error *err)
{
    const struct settings *s = f->settings;
    const struct picture_options options = { s->color == COLOR_GRAY ? 1 : 3, (uint32_t)s->size,
                                             (uint32_t)s->background };
    char path[LISTING_PATH];
    struct picture p = { 0 };
    hone_rc rc = listing_path(list, file, path, err);
    if (rc == HONE_OK)
        rc = picture_read(&p, path, &options, err);
    if (rc != HONE_OK)
        return rc;
    if (s->size)
        rc = picture_fit(&p, (uint32_t)s->size, out, err);
    else if (p.width != f->width || p.height != f->height)
        rc = hone_fail(err, HONE_EINVAL, "size",
                       "%.120s has %u x %u pixels (height, width), others %u x %u: give a size to scale them to", path,
                       p.height, p.width, f->height, f->width);
    else
        picture_cut(&p, 0, 0, f->height, f->width, out);
    picture_release(&p);
    return rc;
}

/* What was wrong with the file alone, so that it may be left out. */
static int is_broken(hone_rc rc)
{
    return rc == HONE_EIO || rc == HONE_ENOTSUP;
}

/* Decodes one picture; HONE_DONE: it is broken and may be left out. Counts it in the footer. */
static hone_rc try_decode(const struct folder *f, const struct listing *list, const struct listing_file *file,
                          uint8_t *out, struct footer *footer, hone_error *err)
{
    hone_error own = HONE_ERROR_INIT;
    hone_rc rc;
    if (f->host && f->host->cancelled && f->host->cancelled(f->host))
        return hone_fail(err, HONE_ECANCELED, "", "cancelled while decoding pictures");
    rc = decode(f, list, file, out, &own);
    if (is_broken(rc) && f->settings->broken == BROKEN_SKIP) {
        if (!footer->n_broken++)
            snprintf(footer->first, sizeof footer->first, "%.199s", own.msg);
        return HONE_DONE;
    }
    if (rc != HONE_OK)
        return hone_fail(err, rc, *own.param ? own.param : "directory", "%.250s", own.msg);
    return HONE_OK;
}

/* ---- a split, decoded or looked through once ---- */
struct filling {
    const struct folder *folder;
    const struct listing *list;
};

static hone_rc fill_samples(void *ctx, void *block, hone_error *err)
{
    const struct filling *filling = ctx;
    const struct folder *f = filling->folder;
    const struct listing *list = filling->list;
    uint8_t *inputs = block;
    int32_t *labels = (int32_t *)(void *)(inputs + samples_labels_at(list->n, f->sample_bytes));
    struct footer *footer = (struct footer *)(void *)(inputs + samples_footer_at(list->n, f->sample_bytes));
    hone_rc rc = HONE_OK;
    memset(footer, 0, sizeof *footer);
    for (uint64_t i = 0; i < list->n && rc >= 0; i++) {
        rc = try_decode(f, list, &list->files[i], inputs + footer->n_good * f->sample_bytes, footer, err);
        if (rc == HONE_OK)
            labels[footer->n_good++] = list->files[i].label;
    }
    return rc < 0 ? rc : HONE_OK;
}

/* The list of good files: n_good numbers behind a footer. */
static hone_rc fill_good(void *ctx, void *block, hone_error *err)
{
    const struct filling *filling = ctx;
    const struct folder *f = filling->folder;
    const struct listing *list = filling->list;
    struct footer *footer = block;
    uint64_t *good = (uint64_t *)(void *)(footer + 1);
    uint8_t *sample = malloc(f->sample_bytes);
    hone_rc rc = sample ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for a picture");
    memset(footer, 0, sizeof *footer);
    for (uint64_t i = 0; i < list->n && rc >= 0; i++) {
        rc = try_decode(f, list, &list->files[i], sample, footer, err);
        if (rc == HONE_OK)
            good[footer->n_good++] = i;
    }
    free(sample);
    return rc < 0 ? rc : HONE_OK;
}

static hone_rc make_key(const struct folder *f, const struct listing *list, const char *what, char key[KEY_BYTES],
                        hone_error *err)
{
    const struct settings *s = f->settings;
    uint64_t a = HASH_START, b = ~HASH_START; /* two hashes: 128 bits */
    for (uint64_t i = 0; i < list->n; i++) {
        const struct listing_file *file = &list->files[i];
        const char *name = list->text + file->name, *class_name = list->classes[file->label];
        const uint64_t numbers[3] = { file->size, (uint64_t)file->mtime_ns, (uint64_t)file->label };
        a = hash_bytes(hash_bytes(hash_bytes(a, class_name, strlen(class_name)), name, strlen(name) + 1), numbers,
                       sizeof numbers);
        b = hash_bytes(hash_bytes(hash_bytes(b, numbers, sizeof numbers), name, strlen(name)), class_name,
                       strlen(class_name) + 1);
    }
    if (snprintf(key, KEY_BYTES,
                 "dataset/image_folder %d %s %ux%u size %lld %s %s on %lld: %llu files %016llx%016llx %s",
                 DECODING_VERSION, what, f->height, f->width, (long long)s->size, colors[s->color], manners[s->broken],
                 (long long)s->background, (unsigned long long)list->n, (unsigned long long)a, (unsigned long long)b,
                 list->root) >= KEY_BYTES)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of the folder is too long");
    return HONE_OK;
}

static void say_broken(const struct folder *f, const struct footer *footer, uint64_t n)
{
    char message[320];
    if (!footer->n_broken || !f->host || !f->host->log)
        return;
    snprintf(message, sizeof message, "%llu of %llu pictures are broken and left out; the first: %.200s",
             (unsigned long long)footer->n_broken, (unsigned long long)n, footer->first);
    f->host->log(f->host, HONE_LOG_WARN, message);
}

static hone_rc open_part(struct folder *f, unsigned p, hone_error *err)
{
    struct part *part = &f->parts[p];
    const struct listing *list = &part->listing;
    struct filling filling = { f, list };
    char key[KEY_BYTES];
    const void *block = NULL;
    part->n = list->n;
    if (!list->n || (f->streamed && f->settings->broken == BROKEN_REFUSE))
        return HONE_OK;
    hone_rc rc = make_key(f, list, f->streamed ? "good" : "samples", key, err);
    if (rc != HONE_OK)
        return rc;
    const uint64_t bytes = f->streamed ? sizeof(struct footer) + list->n * sizeof(uint64_t)
                                       : samples_bytes(list->n, f->sample_bytes, sizeof(struct footer));
    rc = hone_samples_map(f->host, key, bytes, f->streamed ? fill_good : fill_samples, &filling, &block, &f->owned[p],
                          err);
    if (rc != HONE_OK)
        return rc;
    const uint8_t *at = block;
    const struct footer *footer = (const void *)(f->streamed ? at : at + samples_footer_at(list->n, f->sample_bytes));
    part->n = footer->n_good;
    if (f->streamed)
        part->good = (const uint64_t *)(const void *)(footer + 1);
    else
        part->samples = (hone_dataset_view){ sizeof part->samples,
                                             0,
                                             part->n,
                                             at,
                                             (const int32_t *)(const void *)(at + samples_labels_at(list->n,
                                                                                                    f->sample_bytes)),
                                             NULL };
    say_broken(f, footer, list->n);
    return HONE_OK;
}

/* ---- which files ---- */
static hone_rc list_splits(struct folder *f, hone_error *err)
{
    char root[LISTING_PATH];
    int unused;
    for (unsigned p = 0; p < PARTS; p++) {
        if (snprintf(root, sizeof root, "%s/%s", f->settings->directory, part_names[p]) >= (int)sizeof root)
            return hone_fail(err, HONE_EINVAL, "directory", "the path of the folder is longer than %d bytes",
                             LISTING_PATH);
        if (p && !listing_is_folder(root, &unused))
            continue;
        const hone_rc rc = listing_read(&f->parts[p].listing, root, p ? &f->parts[0].listing : NULL, err);
        if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

/* Splits the listing of one folder of classes in two. */
static hone_rc list_classes(struct folder *f, hone_error *err)
{
    struct listing *train = &f->parts[HONE_SPLIT_TRAIN].listing, *test = &f->parts[HONE_SPLIT_TEST].listing;
    hone_rc rc = listing_read(train, f->settings->directory, NULL, err);
    if (rc == HONE_OK && f->settings->test > 0)
        rc = listing_read(test, f->settings->directory, train, err);
    if (rc != HONE_OK || !(f->settings->test > 0))
        return rc;
    int32_t *labels = malloc((train->n ? train->n : 1) * sizeof *labels);
    uint8_t *is_test = malloc(train->n ? train->n : 1);
    if (!labels || !is_test)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu files", (unsigned long long)train->n);
    else if (train->n != test->n)
        rc = hone_fail(err, HONE_EIO, "directory", "%.150s changes while it is being read", f->settings->directory);
    for (uint64_t i = 0; i < train->n && rc == HONE_OK; i++)
        labels[i] = train->files[i].label;
    if (rc == HONE_OK)
        rc = draw_test(labels, train->n, f->settings->test, (uint64_t)f->settings->test_seed, is_test, err);
    if (rc == HONE_OK) {
        const uint64_t n = train->n;
        train->n = test->n = 0;
        for (uint64_t i = 0; i < n; i++) {
            if (is_test[i])
                test->files[test->n++] = test->files[i];
            else
                train->files[train->n++] = train->files[i];
        }
    }
    free(labels);
    free(is_test);
    return rc;
}

static hone_rc list_all(struct folder *f, hone_error *err)
{
    char path[LISTING_PATH];
    int holds = 0;
    uint64_t ignored = 0;
    if (snprintf(path, sizeof path, "%s/train", f->settings->directory) >= (int)sizeof path)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of the folder is longer than %d bytes", LISTING_PATH);
    const int there = listing_is_folder(path, &holds);
    const int splits = f->settings->layout == LAYOUT_SPLITS || (f->settings->layout == LAYOUT_AUTO && there && holds);
    const hone_rc rc = splits ? list_splits(f, err) : list_classes(f, err);
    const struct listing *train = &f->parts[0].listing;
    if (rc != HONE_OK)
        return rc;
    if (train->n_classes < 2)
        return hone_fail(err, HONE_EIO, "directory",
                         "%.130s holds %u folder%s: two classes or more are needed, a folder each", train->root,
                         train->n_classes, train->n_classes == 1 ? "" : "s");
    for (uint32_t k = 0; k < train->n_classes; k++) {
        uint64_t i = 0;
        while (i < train->n && train->files[i].label != (int32_t)k)
            i++;
        if (i == train->n)
            return hone_fail(err, HONE_EIO, "directory", "%.110s/%.60s holds no PNG or JPEG file to train on",
                             train->root, train->classes[k]);
    }
    for (unsigned p = 0; p < PARTS && (splits || !p); p++)
        ignored += f->parts[p].listing.n_ignored;
    if (ignored && f->host && f->host->log) {
        char message[320];
        snprintf(message, sizeof message, "%llu files in %.180s are neither .png nor .jpg by name and are left out",
                 (unsigned long long)ignored, f->settings->directory);
        f->host->log(f->host, HONE_LOG_WARN, message);
    }
    return HONE_OK;
}

/* ---- opening ---- */
/* Shape of a sample: `size`, or what the first readable training picture has. */
static hone_rc find_shape(struct folder *f, hone_error *err)
{
    const struct listing *list = &f->parts[0].listing;
    const struct picture_options options = { 1, 0, 0 };
    hone_rc rc = HONE_OK;
    f->height = f->width = (uint32_t)f->settings->size;
    for (uint64_t i = 0; !f->settings->size && i < list->n; i++) {
        char path[LISTING_PATH];
        struct picture p = { 0 };
        rc = listing_path(list, &list->files[i], path, err);
        if (rc == HONE_OK)
            rc = picture_read(&p, path, &options, err);
        f->height = p.height;
        f->width = p.width;
        picture_release(&p);
        if (rc == HONE_OK || !is_broken(rc) || f->settings->broken == BROKEN_REFUSE)
            break;
    }
    f->sample_bytes = (uint64_t)f->height * f->width * (f->settings->color == COLOR_GRAY ? 1 : 3);
    return rc;
}

static void close_all(struct folder *f)
{
    for (unsigned p = 0; p < PARTS; p++) {
        listing_release(&f->parts[p].listing);
        free(f->owned[p]);
        f->owned[p] = NULL;
    }
    free(f->classes);
    f->classes = NULL;
    memset(f->parts, 0, sizeof f->parts);
}

static hone_rc open_all(struct folder *f, hone_error *err)
{
    uint64_t n = 0;
    if (f->opened)
        return HONE_OK;
    hone_rc rc = list_all(f, err);
    if (rc == HONE_OK)
        rc = find_shape(f, err);
    for (unsigned p = 0; p < PARTS; p++)
        n += f->parts[p].listing.n;
    f->streamed = rc == HONE_OK && n > (uint64_t)f->settings->cache_limit / (f->sample_bytes + sizeof(int32_t));
    for (unsigned p = 0; p < PARTS && rc == HONE_OK; p++)
        rc = open_part(f, p, err);
    if (rc == HONE_OK && !f->parts[0].n)
        rc = hone_fail(err, HONE_EIO, "directory", "none of the pictures in %.170s can be read",
                       f->parts[0].listing.root);
    const uint32_t n_classes = f->parts[0].listing.n_classes;
    if (rc == HONE_OK && !(f->classes = calloc(n_classes, sizeof *f->classes)))
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for %u classes", n_classes);
    for (uint32_t k = 0; k < n_classes && rc == HONE_OK; k++)
        f->classes[k] = f->parts[0].listing.classes[k];
    if (rc != HONE_OK) {
        if (err && !*err->param)
            snprintf(err->param, sizeof err->param, "directory");
        close_all(f);
    }
    f->opened = rc == HONE_OK;
    return rc;
}

/* ---- dataset/1 ---- */
static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct folder *f = self;
    const hone_rc rc = open_all(f, err);
    if (rc != HONE_OK)
        return rc;
    *task = (hone_task){ .size = sizeof *task,
                         .kind = HONE_TASK_CLASSIFICATION,
                         .n_outputs = f->parts[0].listing.n_classes,
                         .n_dims = 3,
                         .dtype = HONE_U8,
                         .dims = { f->settings->color == COLOR_GRAY ? 1 : 3, f->height, f->width },
                         .classes = f->classes };
    for (unsigned p = 0; p < PARTS; p++)
        counts[p] = f->parts[p].n;
    return HONE_OK;
}

static hone_rc part_of(struct folder *f, uint32_t split, const struct part **part, hone_error *err)
{
    const hone_rc rc = open_all(f, err);
    if (rc != HONE_OK)
        return rc;
    *part = split < PARTS && f->parts[split].n ? &f->parts[split] : NULL;
    return *part ? HONE_OK
                 : hone_fail(err, HONE_EINVAL, "", "%.150s has no %s split", f->settings->directory,
                             split < PARTS ? part_names[split] : "such");
}

static const struct listing_file *file_of(const struct part *part, uint64_t index)
{
    return &part->listing.files[part->good ? part->good[index] : index];
}

/* Has the system read the file while others are decoded. Whether it can be read is said when it is its turn. */
static void fetch(const struct part *part, uint64_t index)
{
    char path[LISTING_PATH];
    hone_error unsaid = HONE_ERROR_INIT;
    if (index >= part->n || listing_path(&part->listing, file_of(part, index), path, &unsaid) != HONE_OK)
        return;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
    close(fd);
}

static hone_rc read_pictures(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                             int32_t *labels, float *targets, hone_error *err)
{
    enum { AHEAD = 8 };
    struct folder *f = self;
    const struct part *part = NULL;
    hone_rc rc = part_of(f, split, &part, err);
    if (rc != HONE_OK)
        return rc;
    if (!f->streamed)
        return hone_samples_read(&part->samples, f->sample_bytes, 1, indices, n, inputs, labels, targets, err);
    for (uint64_t i = 0; inputs && i < n && i < AHEAD; i++)
        fetch(part, indices[i]);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        if (inputs && i + AHEAD < n)
            fetch(part, indices[i + AHEAD]);
        if (indices[i] >= part->n)
            return hone_fail(err, HONE_ERANGE, "", "sample %llu does not exist: the split has %llu",
                             (unsigned long long)indices[i], (unsigned long long)part->n);
        const struct listing_file *file = file_of(part, indices[i]);
        if (inputs)
            rc = decode(f, &part->listing, file, (uint8_t *)inputs + i * f->sample_bytes, err);
        labels[i] = file->label;
    }
    return rc;
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct folder *f = self;
    const struct part *part = NULL;
    const hone_rc rc = part_of(f, split, &part, err);
    if (rc != HONE_OK)
        return rc;
    if (f->streamed)
        return hone_fail(err, HONE_ENOTSUP, "cache_limit",
                         "the decoded pictures are larger than cache_limit: they are read one by one");
    *out = part->samples;
    return HONE_OK;
}

static const hone_dataset_v1 iface = { sizeof iface, HONE_DATASET_LABELS_ALONE, describe, read_pictures, view };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct folder *f = calloc(1, sizeof *f);
    if (!f)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    f->settings = info->config;
    f->host = host;
    *self = f;
    return HONE_OK;
}

static void destroy(void *self)
{
    if (self)
        close_all(self);
    free(self);
}

const hone_component image_folder = {
    .size = sizeof image_folder,
    .flags = HONE_C_DETERMINISTIC | HONE_C_REUSABLE,
    .kind = HONE_KIND_DATASET,
    .name = "image_folder",
    .summary = "PNG and JPEG pictures in one folder a class",
    .doc =
        "Reads `directory/train/CLASS/FILE` and `directory/test/CLASS/FILE` (and `validation`, where it is there), or\n"
        "`directory/CLASS/FILE`, of which `test` is kept apart for the test. Classes are the folders in the order of "
        "their\n"
        "names' bytes, and so are the files; names that start with a dot are passed over. Files end in .png, .jpg or "
        ".jpeg,\n"
        "and are told apart by their first bytes.\n"
        "\n"
        "With `size = 64` the shorter side of every picture is scaled to 64 pixels by a triangle filter and the middle "
        "of the\n"
        "longer one is taken. Samples are bytes of shape (3, size, size), or (1, size, size) for `color = gray` (the "
        "luma of\n"
        "ITU-R BT.601). Orientation tags and colour profiles are not looked at.\n"
        "\n"
        "Pictures are decoded once, into the cache that all workers share: 12,288 bytes each for `size = 64` in "
        "colour. Sets\n"
        "larger than `cache_limit` are decoded each time they are read, while the system reads those that come next.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
