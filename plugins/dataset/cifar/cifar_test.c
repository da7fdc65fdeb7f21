/* SPDX-License-Identifier: MIT */
/* The CIFAR reader against small sets written here in the published layout, and against broken ones. */
#include "component.h"
#include "hone/dataset.h"
#include "hone/rng.h"

#include <unistd.h>

enum { PIXELS = 3072, BATCH = 7, TEST_N = 5 };
static char folder[64];
static const char *const all_files[] = { "data_batch_1.bin", "data_batch_2.bin",       "data_batch_3.bin",
                                         "test_batch.bin",   "batches.meta.txt",       "train.bin",
                                         "test.bin",         "coarse_label_names.txt", "fine_label_names.txt" };

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/hone-cifar-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void empty_folder(void)
{
    char path[256];
    for (size_t i = 0; i < sizeof all_files / sizeof *all_files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, all_files[i]);
        unlink(path);
    }
}

static void remove_folder(void)
{
    empty_folder();
    CU_ASSERT_EQUAL(rmdir(folder), 0);
}

static void write_file(const char *name, const void *bytes, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *out = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT(fwrite(bytes, 1, n, out) == n);
    fclose(out);
}

static uint8_t pixel(unsigned start, unsigned image, unsigned k)
{
    return (uint8_t)(start + 31 * image + k * 7 + k / 1024);
}

/* n records; the labels of image i are i % 20 and i % 100, or i % 10 */
static size_t records(uint8_t *out, unsigned n, unsigned label_bytes, unsigned start)
{
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        if (label_bytes == 2)
            out[at++] = (uint8_t)((start + i) % 20);
        out[at++] = (uint8_t)((start + i) % (label_bytes == 2 ? 100 : 10));
        for (unsigned k = 0; k < PIXELS; k++)
            out[at++] = pixel(start, i, k);
    }
    return at;
}

static uint8_t bytes[(PIXELS + 2) * 32];

static void write_ten(void)
{
    write_file("data_batch_1.bin", bytes, records(bytes, BATCH, 1, 0));
    write_file("data_batch_2.bin", bytes, records(bytes, BATCH - 2, 1, 100));
    write_file("test_batch.bin", bytes, records(bytes, TEST_N, 1, 55));
}

static hone_rc open_set(struct component *c, const char *labels, hone_task *task, uint64_t counts[HONE_SPLITS])
{
    CU_ASSERT_EQUAL_FATAL(component_open(c, "cifar", 1, "directory", folder, "labels", labels, NULL), HONE_OK);
    return ((const hone_dataset_v1 *)c->component->iface)->describe(c->self, task, counts, &c->err);
}

static void refused(const char *labels, const char *message, const char *key)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    CU_ASSERT(open_set(&c, labels, &task, counts) < 0);
    if (!strstr(c.err.msg, message)) {
        printf("#   wanted \"%s\", got \"%s\"\n", message, c.err.msg);
        CU_FAIL("another message");
    }
    CU_ASSERT_STRING_EQUAL(c.err.param, key);
    component_close(&c);
}

static void test_reads_cifar_10(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    uint8_t x[3 * PIXELS];
    int32_t y[3];
    hone_dataset_view view;
    make_folder();
    write_ten();
    write_file("batches.meta.txt", "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n", 62);
    CU_ASSERT_EQUAL_FATAL(open_set(&c, "auto", &task, counts), HONE_OK);
    const hone_dataset_v1 *iface = c.component->iface;
    CU_ASSERT(task.kind == HONE_TASK_CLASSIFICATION && task.n_outputs == 10 && task.n_dims == 3 &&
              task.dtype == HONE_U8);
    CU_ASSERT(task.dims[0] == 3 && task.dims[1] == 32 && task.dims[2] == 32);
    CU_ASSERT(counts[0] == 2 * BATCH - 2 && counts[1] == 0 && counts[2] == TEST_N);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task.classes);
    CU_ASSERT_STRING_EQUAL(task.classes[0], "airplane");
    CU_ASSERT_STRING_EQUAL(task.classes[9], "truck");
    const uint64_t wanted[] = { BATCH + 1, 0, BATCH - 1 }; /* the first is image 1 of batch 2 */
    CU_ASSERT_EQUAL(iface->read(c.self, HONE_SPLIT_TRAIN, wanted, 3, x, y, NULL, &c.err), HONE_OK);
    CU_ASSERT(y[0] == 1 && y[1] == 0 && y[2] == BATCH - 1);
    for (unsigned k = 0; k < PIXELS; k++)
        CU_ASSERT(x[k] == pixel(100, 1, k) && x[PIXELS + k] == pixel(0, 0, k) &&
                  x[2 * PIXELS + k] == pixel(0, BATCH - 1, k));
    CU_ASSERT_EQUAL(iface->view(c.self, HONE_SPLIT_TEST, &view, &c.err), HONE_OK);
    CU_ASSERT(view.n == TEST_N && view.labels[4] == 9 && ((const uint8_t *)view.inputs)[PIXELS] == pixel(55, 1, 0));
    const uint64_t beyond = TEST_N;
    CU_ASSERT_EQUAL(iface->read(c.self, HONE_SPLIT_TEST, &beyond, 1, x, y, NULL, &c.err), HONE_ERANGE);
    CU_ASSERT_EQUAL(iface->view(c.self, HONE_SPLIT_VALIDATION, &view, &c.err), HONE_EINVAL);
    component_close(&c);
    remove_folder();
}

static void test_reads_both_labels_of_cifar_100(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view view;
    char names[1024] = "";
    make_folder();
    write_file("train.bin", bytes, records(bytes, 30, 2, 0));
    write_file("test.bin", bytes, records(bytes, TEST_N, 2, 95));
    for (unsigned i = 0; i < 20; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "coarse %u\r\n", i);
    write_file("coarse_label_names.txt", names, strlen(names));
    static const char *const labels[] = { "auto", "fine", "coarse" };
    for (unsigned i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL_FATAL(open_set(&c, labels[i], &task, counts), HONE_OK);
        CU_ASSERT_EQUAL(task.n_outputs, i == 2 ? 20 : 100);
        CU_ASSERT(counts[0] == 30 && counts[2] == TEST_N);
        CU_ASSERT_EQUAL(((const hone_dataset_v1 *)c.component->iface)->view(c.self, HONE_SPLIT_TRAIN, &view, &c.err),
                        HONE_OK);
        CU_ASSERT_EQUAL(view.labels[25], i == 2 ? 5 : 25);
        CU_ASSERT_EQUAL(((const uint8_t *)view.inputs)[25 * PIXELS + 77], pixel(0, 25, 77));
        if (i == 2) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(task.classes);
            CU_ASSERT_STRING_EQUAL(task.classes[19], "coarse 19");
        } else
            CU_ASSERT_PTR_NULL(task.classes);
        component_close(&c);
    }
    remove_folder();
}

static void test_names_that_do_not_fit_are_left_out(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    static const char *const texts[] = { "one\ntwo\n", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\n", "" };
    make_folder();
    write_ten();
    for (unsigned i = 0; i < 3; i++) {
        write_file("batches.meta.txt", texts[i], strlen(texts[i]));
        CU_ASSERT_EQUAL_FATAL(open_set(&c, "auto", &task, counts), HONE_OK);
        CU_ASSERT_PTR_NULL(task.classes);
        component_close(&c);
    }
    remove_folder();
}

static void test_says_what_is_wrong(void)
{
    char path[256];
    make_folder();
    refused("auto", "neither data_batch_1.bin (CIFAR-10) nor train.bin (CIFAR-100)", "directory");
    write_ten();
    refused("coarse", "has no coarse labels", "labels");
    write_file("train.bin", bytes, records(bytes, 1, 2, 0));
    refused("auto", "holds both", "directory");
    empty_folder();
    write_ten();
    write_file("data_batch_3.bin", bytes, records(bytes, 1, 1, 0));
    snprintf(path, sizeof path, "%s/data_batch_2.bin", folder);
    unlink(path);
    refused("auto", "data_batch_2.bin: No such file", "directory");
    write_ten();
    snprintf(path, sizeof path, "%s/test_batch.bin", folder);
    unlink(path);
    refused("auto", "test_batch.bin: No such file", "directory");
    size_t n = records(bytes, BATCH, 1, 0);
    write_ten();
    write_file("data_batch_2.bin", bytes, n - 1);
    refused("auto", "data_batch_2.bin has 21510 bytes: not a multiple of 3073", "directory");
    refused("auto", "the original has 30730000", "directory");
    write_file("data_batch_2.bin", bytes, 0);
    refused("auto", "data_batch_2.bin has 0 bytes", "directory");
    records(bytes, BATCH, 1, 0);
    bytes[3 * (PIXELS + 1)] = 10;
    write_file("data_batch_2.bin", bytes, n);
    refused("auto", "the label of image 3 is 10, there are 10 classes", "directory");
    empty_folder();
    write_file("train.bin", bytes, records(bytes, 2, 2, 0));
    write_file("test.bin", bytes, records(bytes, 2, 1, 0));
    refused("fine", "test.bin has 6146 bytes: not a multiple of 3074", "directory");
    remove_folder();
}

/* Cuts and random bytes: an error, or samples whose labels are in range; never a crash. */
static void test_survives_broken_files(void)
{
    hone_rng rng = hone_rng_at(5, 0);
    make_folder();
    for (unsigned round = 0; round < 200; round++) {
        struct component c;
        hone_task task;
        uint64_t counts[HONE_SPLITS];
        hone_dataset_view view;
        write_ten();
        size_t n = records(bytes, 3, 1, 0);
        if (round % 2)
            n = (size_t)hone_rng_below(&rng, (uint32_t)n);
        for (unsigned k = 0; k < 3; k++)
            bytes[hone_rng_below(&rng, 3) * (PIXELS + 1)] = (uint8_t)hone_rng_u32(&rng);
        write_file(round % 3 ? "data_batch_1.bin" : "test_batch.bin", bytes, n);
        const hone_rc rc = open_set(&c, "auto", &task, counts);
        CU_ASSERT(rc == HONE_OK || (rc < 0 && *c.err.msg));
        if (rc == HONE_OK &&
            ((const hone_dataset_v1 *)c.component->iface)->view(c.self, HONE_SPLIT_TRAIN, &view, &c.err) == HONE_OK)
            for (uint64_t i = 0; i < view.n; i++)
                CU_ASSERT(view.labels[i] >= 0 && view.labels[i] < 10);
        component_close(&c);
    }
    remove_folder();
}

SUITE(TEST(test_reads_cifar_10), TEST(test_reads_both_labels_of_cifar_100),
      TEST(test_names_that_do_not_fit_are_left_out), TEST(test_says_what_is_wrong), TEST(test_survives_broken_files))
