/* SPDX-License-Identifier: MIT */
/* The IDX reader against files written here byte by byte, the real Fashion-MNIST, and broken files of every sort. */
#include "component.h"
#include "hone/dataset.h"
#include "hone/rng.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { N = 6, H = 3, W = 2, TEST_N = 4 };
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/hone-idx-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static const char *const names[] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                     "t10k-labels-idx1-ubyte" };

static void path_of(char *path, size_t n, const char *name, const char *ending)
{
    snprintf(path, n, "%s/%s%s", folder, name, ending);
}

static void remove_file(const char *name)
{
    char path[256];
    path_of(path, sizeof path, name, "");
    unlink(path);
    path_of(path, sizeof path, name, ".gz");
    unlink(path);
}

static void remove_folder(void)
{
    for (unsigned i = 0; i < 4; i++)
        remove_file(names[i]);
    rmdir(folder);
}

static void write_bytes(const char *name, const void *bytes, size_t n, int gz)
{
    char path[256];
    remove_file(name);
    path_of(path, sizeof path, name, gz ? ".gz" : "");
    if (gz) {
        gzFile out = gzopen(path, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT(!n || gzwrite(out, bytes, (unsigned)n) == (int)n);
        gzclose(out);
    } else {
        FILE *out = fopen(path, "wb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT(fwrite(bytes, 1, n, out) == n);
        fclose(out);
    }
}

static size_t images(uint8_t *out, uint8_t n, uint8_t start)
{
    const uint8_t header[] = { 0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, H, 0, 0, 0, W };
    memcpy(out, header, sizeof header);
    for (unsigned i = 0; i < (unsigned)n * H * W; i++)
        out[sizeof header + i] = (uint8_t)(start + i);
    return sizeof header + (size_t)n * H * W;
}

static size_t labels(uint8_t *out, uint8_t n, uint8_t classes)
{
    const uint8_t header[] = { 0, 0, 8, 1, 0, 0, 0, n };
    memcpy(out, header, sizeof header);
    for (unsigned i = 0; i < n; i++)
        out[sizeof header + i] = (uint8_t)(i % classes);
    return sizeof header + n;
}

static void write_set(int gz)
{
    uint8_t bytes[256];
    write_bytes(names[0], bytes, images(bytes, N, 0), gz);
    write_bytes(names[1], bytes, labels(bytes, N, 3), gz);
    write_bytes(names[2], bytes, images(bytes, TEST_N, 100), gz);
    write_bytes(names[3], bytes, labels(bytes, TEST_N, 2), gz);
}

static hone_rc open_set(struct component *c, hone_task *task, uint64_t counts[HONE_SPLITS])
{
    CU_ASSERT_EQUAL_FATAL(component_open(c, "idx", 1, "directory", folder, NULL), HONE_OK);
    return ((const hone_dataset_v1 *)c->component->iface)->describe(c->self, task, counts, &c->err);
}

static void check_refused(const char *message, const char *key)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    CU_ASSERT(open_set(&c, &task, counts) < 0);
    if (message && !strstr(c.err.msg, message)) {
        printf("#   wanted \"%s\", got \"%s\"\n", message, c.err.msg);
        CU_FAIL("another message");
    }
    if (key)
        CU_ASSERT_STRING_EQUAL(c.err.param, key);
    CU_ASSERT(strlen(c.err.msg) > 0);
    component_close(&c);
}

static void read_both(int gz)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    make_folder();
    write_set(gz);
    CU_ASSERT_EQUAL_FATAL(open_set(&c, &task, counts), HONE_OK);
    const hone_dataset_v1 *iface = c.component->iface;
    CU_ASSERT_EQUAL(task.kind, HONE_TASK_CLASSIFICATION);
    CU_ASSERT_EQUAL(task.n_outputs, 3);
    CU_ASSERT_EQUAL(task.n_dims, 3);
    CU_ASSERT(task.dims[0] == 1 && task.dims[1] == H && task.dims[2] == W && task.dtype == HONE_U8);
    CU_ASSERT(counts[0] == N && counts[1] == 0 && counts[2] == TEST_N);
    const uint64_t wanted[] = { 5, 0, 5 };
    uint8_t x[3 * H * W];
    int32_t y[3];
    CU_ASSERT_EQUAL(iface->read(c.self, HONE_SPLIT_TRAIN, wanted, 3, x, y, NULL, &c.err), HONE_OK);
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(y[i], (int32_t)wanted[i] % 3);
        for (unsigned j = 0; j < H * W; j++)
            CU_ASSERT_EQUAL(x[i * H * W + j], (uint8_t)(wanted[i] * H * W + j));
    }
    const uint64_t beyond = TEST_N;
    CU_ASSERT_EQUAL(iface->read(c.self, HONE_SPLIT_TEST, &beyond, 1, x, y, NULL, &c.err), HONE_ERANGE);
    CU_ASSERT_EQUAL(iface->read(c.self, HONE_SPLIT_VALIDATION, wanted, 1, x, y, NULL, &c.err), HONE_EINVAL);
    hone_dataset_view view;
    CU_ASSERT_EQUAL(iface->view(c.self, HONE_SPLIT_TEST, &view, &c.err), HONE_OK);
    CU_ASSERT(view.n == TEST_N && ((const uint8_t *)view.inputs)[0] == 100 && view.labels[3] == 1 && !view.targets);
    component_close(&c);
    remove_folder();
}

static void test_reads_plain_files(void)
{
    read_both(0);
}

static void test_reads_gzip_files(void)
{
    read_both(1);
}

static void test_reads_fashion_mnist(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view view;
    uint64_t per_class[10] = { 0 }, sum = 0;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "idx", 1, NULL), HONE_OK);
    const hone_dataset_v1 *iface = c.component->iface;
    const hone_rc rc = iface->describe(c.self, &task, counts, &c.err);
    if (rc != HONE_OK)
        printf("#   %s\n", c.err.msg);
    CU_ASSERT_EQUAL_FATAL(rc, HONE_OK);
    CU_ASSERT(counts[0] == 60000 && counts[2] == 10000 && task.n_outputs == 10 && task.dims[1] == 28 &&
              task.dims[2] == 28);
    CU_ASSERT_EQUAL(iface->view(c.self, HONE_SPLIT_TRAIN, &view, &c.err), HONE_OK);
    for (uint64_t i = 0; i < view.n; i++)
        per_class[view.labels[i]]++;
    for (unsigned k = 0; k < 10; k++)
        CU_ASSERT_EQUAL(per_class[k], 6000);
    for (uint64_t i = 0; i < view.n * 784; i++)
        sum += ((const uint8_t *)view.inputs)[i];
    CU_ASSERT(near((double)sum / (60000.0 * 784 * 255), 0.2860, 1e-4)); /* the published mean of the training images */
    component_close(&c);
}

static void test_says_what_is_wrong(void)
{
    uint8_t bytes[256];
    make_folder();
    check_refused("there is neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz", "train_images");
    write_set(0);
    remove_file(names[3]);
    check_refused("neither t10k-labels-idx1-ubyte", "test_labels");
    write_set(0);
    write_bytes(names[1], bytes, labels(bytes, N - 1, 3), 0);
    check_refused("6 images but train-labels-idx1-ubyte has 5 labels", "train_labels");
    write_set(0);
    size_t n = images(bytes, N, 0);
    write_bytes(names[0], bytes, n - 1, 0);
    check_refused("ends inside its data, 1 bytes early", NULL);
    bytes[n] = 7;
    write_bytes(names[0], bytes, n + 1, 0);
    check_refused("longer than its header says", NULL);
    bytes[0] = 'P';
    write_bytes(names[0], bytes, n, 0);
    check_refused("not an IDX file", "train_images");
    bytes[0] = 0;
    bytes[2] = 0x0d;
    write_bytes(names[0], bytes, n, 0);
    check_refused("IDX type 0x0d", "train_images");
    bytes[2] = 8;
    bytes[3] = 1;
    write_bytes(names[0], bytes, n, 0);
    check_refused("1 dimensions where 2 or more belong", "train_images");
    bytes[3] = 9;
    write_bytes(names[0], bytes, n, 0);
    check_refused("9 dimensions", "train_images");
    bytes[3] = 3;
    memset(bytes + 4, 0xff, 12); /* 2^96 bytes: must not overflow into something small */
    for (int gz = 0; gz < 2; gz++) {
        write_bytes(names[0], bytes, n, gz);
        check_refused("promises more data", "train_images");
    }
    images(bytes, N, 0);
    bytes[11] = 0;
    write_bytes(names[0], bytes, n, 0);
    check_refused("its dimension 2 is 0", "train_images");
    write_set(0);
    images(bytes, TEST_N, 0);
    bytes[11] = W;
    bytes[15] = H;
    write_bytes(names[2], bytes, 16 + TEST_N * H * W, 0);
    check_refused("another shape", "test_images");
    write_set(0);
    write_bytes(names[1], bytes, labels(bytes, N, 1), 0);
    write_bytes(names[3], bytes, labels(bytes, TEST_N, 1), 0);
    check_refused("one class only", "train_labels");
    remove_folder();
}

static void test_names_a_label_outside_the_classes(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    make_folder();
    write_set(0);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "idx", 1, "directory", folder, "classes", "shirt, shoe", NULL), HONE_OK);
    CU_ASSERT_EQUAL(((const hone_dataset_v1 *)c.component->iface)->describe(c.self, &task, counts, &c.err),
                    HONE_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "label 2 of sample 2"));
    component_close(&c);
    remove_folder();
}

/* Every cut of a compressed file, and thousands of damaged ones: an error or the very data, never a crash. */
static void test_survives_broken_files(void)
{
    static uint8_t whole[4096], broken[4096];
    uint8_t bytes[256];
    char path[256];
    make_folder();
    for (int gz = 0; gz < 2; gz++) {
        write_set(gz);
        write_bytes(names[0], bytes, images(bytes, N, 0), gz);
        path_of(path, sizeof path, names[0], gz ? ".gz" : "");
        FILE *in = fopen(path, "rb");
        CU_ASSERT_PTR_NOT_NULL_FATAL(in);
        const size_t n = fread(whole, 1, sizeof whole, in);
        fclose(in);
        for (size_t cut = 0; cut < n; cut++) {
            FILE *out = fopen(path, "wb");
            CU_ASSERT(fwrite(whole, 1, cut, out) == cut);
            fclose(out);
            check_refused(NULL, NULL);
        }
        hone_rng rng = hone_rng_at(7, (uint64_t)gz);
        for (unsigned round = 0; round < 500; round++) {
            struct component c;
            hone_task task;
            uint64_t counts[HONE_SPLITS];
            memcpy(broken, whole, n);
            for (unsigned k = 0; k < 1 + round % 4; k++)
                broken[hone_rng_below(&rng, round % 2 ? n : 20)] = (uint8_t)hone_rng_u32(&rng);
            FILE *out = fopen(path, "wb");
            CU_ASSERT(fwrite(broken, 1, n, out) == n);
            fclose(out);
            const hone_rc rc = open_set(&c, &task, counts);
            CU_ASSERT(rc == HONE_OK || (rc < 0 && *c.err.msg));
            component_close(&c);
        }
    }
    remove_folder();
}

SUITE(TEST(test_reads_plain_files), TEST(test_reads_gzip_files), TEST(test_reads_fashion_mnist),
      TEST(test_says_what_is_wrong), TEST(test_names_a_label_outside_the_classes), TEST(test_survives_broken_files))
