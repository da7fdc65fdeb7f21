/* SPDX-License-Identifier: MIT */
/* dataset/cifar - CIFAR-10 and CIFAR-100 in their binary files. Pixels are decoded once into the host's cache, so that
 * all workers map one copy. A record is one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then 3,072
 * bytes: red, green and blue planes of 32 rows each (Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html). */
#include "hone/samples.h"
#include "hone/param.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DECODING_VERSION = 1, PATH_BYTES = 4096, KEY_BYTES = 3072 };
enum { CHANNELS = 3, SIDE = 32, PIXELS = CHANNELS * SIDE * SIDE, MAX_BATCHES = 99, MAX_CLASSES = 100, NAME_BYTES = 64 };

enum { LABELS_AUTO, LABELS_FINE, LABELS_COARSE };
static const char *const label_choices[] = { "auto", "fine", "coarse", NULL };

struct settings {
    const char *directory;
    uint32_t labels;
};
static const hone_param params[] = {
    HONE_PATH(
        struct settings, directory, NULL, 0,
        "Folder with the binary files: data_batch_1.bin ... and test_batch.bin (CIFAR-10), or train.bin and test.bin "
        "(CIFAR-100)."),
    HONE_ENUM(struct settings, labels, "auto", label_choices, 0,
              "CIFAR-100: the 100 fine classes (auto) or the 20 coarse ones; CIFAR-10 knows auto only."),
};

/* What sets the two sets apart. */
struct layout {
    const char *first, *test;                         /* files */
    uint32_t label_bytes, label_at, n_classes, whole; /* whole: bytes of the original first file */
    const char *names;
};
static const struct layout layouts[] = {
    { "data_batch_1.bin", "test_batch.bin", 1, 0, 10, 30730000, "batches.meta.txt" },
    { "train.bin", "test.bin", 2, 1, 100, 153700000, "fine_label_names.txt" },
    { "train.bin", "test.bin", 2, 0, 20, 153700000, "coarse_label_names.txt" },
};
enum { CIFAR_10, CIFAR_100_FINE, CIFAR_100_COARSE };

struct file {
    char path[PATH_BYTES];
    uint64_t records;
    uint64_t size;
    int64_t mtime_ns;
};
/* One split, decoded: block is (n, 3, 32, 32) bytes, then (n) labels; 3,072 n is a multiple of 4. */
struct part {
    uint64_t n;
    const uint8_t *images;
    const int32_t *labels;
    void *owned; /* private memory where the host lends no cache */
};
struct cifar {
    const struct settings *settings;
    const hone_host *host;
    const struct layout *layout;
    uint32_t opened;
    struct part parts[2]; /* training, test */
    char text[MAX_CLASSES][NAME_BYTES];
    const char *names[MAX_CLASSES];
    uint32_t named;
};

/* ---- files ---- */
static hone_rc path_of(const struct cifar *c, const char *name, char path[PATH_BYTES], hone_error *err)
{
    if (snprintf(path, PATH_BYTES, "%s/%s", c->settings->directory, name) >= PATH_BYTES)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of %.60s is longer than %d bytes", name, PATH_BYTES);
    return HONE_OK;
}

static int is_there(const struct cifar *c, const char *name)
{
    char path[PATH_BYTES];
    struct stat info;
    return path_of(c, name, path, NULL) == HONE_OK && stat(path, &info) == 0;
}

/* Finds a file and checks its size. */
static hone_rc probe(const struct cifar *c, const char *name, struct file *file, hone_error *err)
{
    const uint64_t record = c->layout->label_bytes + PIXELS;
    struct stat info;
    const hone_rc rc = path_of(c, name, file->path, err);
    if (rc != HONE_OK)
        return rc;
    if (stat(file->path, &info) != 0)
        return hone_fail(err, HONE_EIO, "directory", "cannot open %.160s: %s", file->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return hone_fail(err, HONE_EIO, "directory", "%.180s is not a regular file", file->path);
    file->size = (uint64_t)info.st_size;
    file->mtime_ns = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    file->records = file->size / record;
    if (!file->size || file->size % record)
        return hone_fail(
            err, HONE_EIO, "directory",
            "%.110s has %llu bytes: not a multiple of %llu, the bytes of an image and its label (the original has "
            "%u); fetch it again",
            file->path, (unsigned long long)file->size, (unsigned long long)record,
            c->layout == &layouts[CIFAR_10] || strcmp(name, c->layout->test) != 0 ? c->layout->whole : 30740000u);
    return HONE_OK;
}

struct source {
    const struct cifar *cifar;
    const struct file *files;
    uint32_t n_files;
    uint64_t n;
};

static hone_rc decode_file(const struct source *s, const struct file *file, uint8_t *images, int32_t *labels,
                           hone_error *err)
{
    const struct layout *layout = s->cifar->layout;
    uint8_t label[2];
    hone_rc rc = HONE_OK;
    FILE *in = fopen(file->path, "rb");
    if (!in)
        return hone_fail(err, HONE_EIO, "directory", "cannot open %.160s: %s", file->path, strerror(errno));
    for (uint64_t i = 0; i < file->records && rc == HONE_OK; i++) {
        if (fread(label, 1, layout->label_bytes, in) != layout->label_bytes ||
            fread(images + i * PIXELS, 1, PIXELS, in) != PIXELS)
            rc = hone_fail(err, HONE_EIO, "directory", "cannot read %.130s: it ends at image %llu of %llu", file->path,
                           (unsigned long long)i, (unsigned long long)file->records);
        else if (label[layout->label_at] >= layout->n_classes)
            rc = hone_fail(err, HONE_ERANGE, "directory",
                           "%.120s is corrupt: the label of image %llu is %u, there are %u classes", file->path,
                           (unsigned long long)i, label[layout->label_at], layout->n_classes);
        else
            labels[i] = label[layout->label_at];
    }
    fclose(in);
    return rc;
}

static hone_rc fill(void *ctx, void *block, hone_error *err)
{
    const struct source *s = ctx;
    uint8_t *images = block;
    int32_t *labels = (int32_t *)(void *)(images + s->n * PIXELS);
    hone_rc rc = HONE_OK;
    for (uint32_t f = 0; f < s->n_files && rc == HONE_OK; f++) {
        rc = decode_file(s, &s->files[f], images, labels, err);
        images += s->files[f].records * PIXELS;
        labels += s->files[f].records;
    }
    return rc;
}

static hone_rc open_part(struct cifar *c, struct part *part, const struct file *files, uint32_t n_files,
                         hone_error *err)
{
    struct source source = { c, files, n_files, 0 };
    uint64_t mark = 0xcbf29ce484222325u; /* FNV-1a over sizes and times: the key has room for one path only */
    const void *block;
    char key[KEY_BYTES];
    for (uint32_t f = 0; f < n_files; f++) {
        source.n += files[f].records;
        mark = (mark ^ files[f].size) * 0x100000001b3u;
        mark = (mark ^ (uint64_t)files[f].mtime_ns) * 0x100000001b3u;
    }
    if (snprintf(key, sizeof key, "dataset/cifar %d %u.%u %u files %016llx %s", DECODING_VERSION, c->layout->n_classes,
                 c->layout->label_at, n_files, (unsigned long long)mark, files[0].path) >= KEY_BYTES)
        return hone_fail(err, HONE_EINVAL, "directory", "the path of the folder is too long");
    const hone_rc rc = hone_samples_map(c->host, key, source.n * (PIXELS + sizeof(int32_t)), fill, &source, &block,
                                        &part->owned, err);
    if (rc != HONE_OK)
        return rc;
    part->images = block;
    part->labels = (const int32_t *)(const void *)(part->images + source.n * PIXELS);
    part->n = source.n;
    return HONE_OK;
}

/* data_batch_1.bin and as many as follow without a gap. */
static hone_rc open_training(struct cifar *c, hone_error *err)
{
    struct file *files = calloc(MAX_BATCHES, sizeof *files);
    char name[32];
    uint32_t n = 0;
    hone_rc rc = files ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory");
    if (rc != HONE_OK || c->layout != &layouts[CIFAR_10]) {
        if (rc == HONE_OK)
            rc = probe(c, c->layout->first, &files[n++], err);
    } else {
        uint32_t last = 0;
        for (uint32_t i = 1; i <= MAX_BATCHES; i++) {
            snprintf(name, sizeof name, "data_batch_%u.bin", i);
            last = is_there(c, name) ? i : last;
        }
        for (; n < last && rc == HONE_OK; n++) {
            snprintf(name, sizeof name, "data_batch_%u.bin", n + 1);
            rc = probe(c, name, &files[n], err);
        }
    }
    if (rc == HONE_OK)
        rc = open_part(c, &c->parts[0], files, n, err);
    free(files);
    return rc;
}

/* ---- names of the classes: one a line; without the file, or where it is not what it should be, there are none ---- */
static void read_names(struct cifar *c)
{
    char path[PATH_BYTES], line[256];
    uint32_t n = 0;
    int fits = 1;
    FILE *in = path_of(c, c->layout->names, path, NULL) == HONE_OK ? fopen(path, "r") : NULL;
    if (!in)
        return;
    while (fits && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\r\n")] = '\0';
        const size_t length = strlen(line);
        if (!length)
            continue;
        fits = n < c->layout->n_classes && length < NAME_BYTES;
        if (fits) {
            memcpy(c->text[n], line, length + 1);
            c->names[n] = c->text[n];
            n++;
        }
    }
    fclose(in);
    c->named = fits && n == c->layout->n_classes;
    if (!c->named && c->host && c->host->log) {
        char message[256];
        snprintf(message, sizeof message, "%.160s does not hold %u names, one a line: the classes stay without names",
                 path, c->layout->n_classes);
        c->host->log(c->host, HONE_LOG_WARN, message);
    }
}

/* ---- dataset/1 ---- */
static void close_parts(struct cifar *c)
{
    for (unsigned p = 0; p < 2; p++)
        free(c->parts[p].owned);
    memset(c->parts, 0, sizeof c->parts);
}

static hone_rc choose_layout(struct cifar *c, hone_error *err)
{
    const int ten = is_there(c, layouts[CIFAR_10].first), hundred = is_there(c, layouts[CIFAR_100_FINE].first);
    if (ten == hundred)
        return hone_fail(
            err, HONE_EIO, "directory",
            ten ? "%.150s holds both data_batch_1.bin and train.bin: give CIFAR-10 and CIFAR-100 a folder each"
                : "there is neither data_batch_1.bin (CIFAR-10) nor train.bin (CIFAR-100) in %.120s: it wants the "
                  "binary version, unpacked",
            c->settings->directory);
    if (ten && c->settings->labels != LABELS_AUTO)
        return hone_fail(err, HONE_EINVAL, "labels", "%.100s holds CIFAR-10, which has no %s labels: labels = auto",
                         c->settings->directory, label_choices[c->settings->labels]);
    c->layout = &layouts[ten ? CIFAR_10 : c->settings->labels == LABELS_COARSE ? CIFAR_100_COARSE : CIFAR_100_FINE];
    return HONE_OK;
}

static hone_rc open_all(struct cifar *c, hone_error *err)
{
    struct file test;
    if (c->opened)
        return HONE_OK;
    hone_rc rc = choose_layout(c, err);
    if (rc == HONE_OK)
        rc = open_training(c, err);
    if (rc == HONE_OK)
        rc = probe(c, c->layout->test, &test, err);
    if (rc == HONE_OK)
        rc = open_part(c, &c->parts[1], &test, 1, err);
    if (rc == HONE_OK)
        read_names(c);
    else
        close_parts(c);
    c->opened = rc == HONE_OK;
    return rc;
}

static hone_rc describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    struct cifar *c = self;
    const hone_rc rc = open_all(c, err);
    if (rc != HONE_OK)
        return rc;
    *task = (hone_task){ .size = sizeof *task,
                         .kind = HONE_TASK_CLASSIFICATION,
                         .n_outputs = c->layout->n_classes,
                         .n_dims = 3,
                         .dtype = HONE_U8,
                         .dims = { CHANNELS, SIDE, SIDE },
                         .classes = c->named ? c->names : NULL };
    counts[HONE_SPLIT_TRAIN] = c->parts[0].n;
    counts[HONE_SPLIT_VALIDATION] = 0;
    counts[HONE_SPLIT_TEST] = c->parts[1].n;
    return HONE_OK;
}

static hone_rc view(void *self, uint32_t split, hone_dataset_view *out, hone_error *err)
{
    struct cifar *c = self;
    const hone_rc rc = open_all(c, err);
    if (rc != HONE_OK)
        return rc;
    if (split != HONE_SPLIT_TRAIN && split != HONE_SPLIT_TEST)
        return hone_samples_no_split(split, err);
    const struct part *part = &c->parts[split == HONE_SPLIT_TEST];
    *out = (hone_dataset_view){ sizeof *out, 0, part->n, part->images, part->labels, NULL };
    return HONE_OK;
}

static hone_rc read_samples(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs,
                            int32_t *labels, float *targets, hone_error *err)
{
    hone_dataset_view v;
    const hone_rc rc = view(self, split, &v, err);
    return rc == HONE_OK ? hone_samples_read(&v, PIXELS, 1, indices, n, inputs, labels, targets, err) : rc;
}

static const hone_dataset_v1 iface = { sizeof iface, 0, describe, read_samples, view };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct cifar *c = calloc(1, sizeof *c);
    if (!c)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    c->settings = info->config;
    c->host = host;
    *self = c;
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
    .name = "cifar",
    .summary = "CIFAR-10 and CIFAR-100, the binary version",
    .doc =
        "Reads the binary version of CIFAR-10 (data_batch_1.bin, ..., test_batch.bin) or CIFAR-100 (train.bin,\n"
        "test.bin), whichever is in the folder. Samples are bytes of shape (3, 32, 32). Classes have the names in\n"
        "batches.meta.txt, fine_label_names.txt or coarse_label_names.txt, where that file is there too. Decoded data\n"
        "are kept in the cache that all workers share.\n"
        "\n"
        "The archives are at https://www.cs.toronto.edu/~kriz/cifar.html (cifar-10-binary.tar.gz, "
        "cifar-100-binary.tar.gz).",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
HONE_MODULE("org.hone.dataset.cifar", "0.1.0", "MIT", "the hone authors", "", &component)
