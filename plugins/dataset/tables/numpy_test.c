/* SPDX-License-Identifier: MIT */
/* The readers of numpy's files: every type of element, both orders, images, archives, and damaged bytes. */
#include "fixtures/tables.h"
#include "table_case.h"

static const struct recorded_file *recorded(const char *name)
{
    for (unsigned i = 0; i < N_FILES; i++)
        if (!strcmp(recorded_files[i].name, name))
            return &recorded_files[i];
    printf("#   there is no recorded file %s\n", name);
    CU_FAIL_FATAL("a recorded file is missing");
    return NULL;
}

static const char *file_of(unsigned which, const char *name)
{
    const struct recorded_file *f = recorded(name);
    return set_file(which, f->bytes, f->n);
}

static void open_npy(struct set *s, const char *inputs, const char *targets, const char *key, const char *text)
{
    SET_OPEN(s, "npy", "inputs", file_of(0, inputs), "targets", file_of(1, targets), key, text, NULL);
}

static void test_reads_floats_of_every_kind(void)
{
    static const char *const names[] = { "table_f2",     "table_f4",      "table_f8",      "table_big_f4",
                                         "table_big_f8", "table_fortran", "table_version2" };
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        struct set s;
        open_npy(&s, names[i], "labels", NULL, NULL);
        SET_OK(&s);
        CU_ASSERT(s.task.n_dims == 1 && s.task.dims[0] == 3 && s.task.dtype == HONE_F32 && s.views[0].n == 4);
        CU_ASSERT(!memcmp(s.views[0].inputs, recorded_table, sizeof recorded_table));
        set_reads_as_viewed(&s);
        component_close(&s.c);
    }
}

static void check_whole(const char *prefix, const char *const *kinds, unsigned n, const float wanted[8])
{
    for (unsigned i = 0; i < n; i++) {
        char name[32];
        struct set s;
        snprintf(name, sizeof name, "%s%s", prefix, kinds[i]);
        open_npy(&s, name, "labels", NULL, NULL);
        SET_OK(&s);
        CU_ASSERT(s.task.dims[0] == 2 && s.task.dtype == HONE_F32 &&
                  !memcmp(s.views[0].inputs, wanted, 8 * sizeof *wanted));
        component_close(&s.c);
    }
}

static void test_reads_whole_numbers_of_every_kind(void)
{
    static const char *const whole[] = { "i1", "i2", "big_i2", "i4", "i8", "big_i8" };
    static const char *const natural[] = { "u1", "u2", "big_u4", "u8" };
    static const char *const none[] = { "" };
    static const float negative[] = { -3, 2, 0, 100, 7, -128, 1, 1 }, positive[] = { 3, 2, 0, 100, 7, 255, 1, 1 };
    static const float truth[] = { 1, 0, 0, 0, 1, 1, 0, 1 };
    check_whole("whole_", whole, 6, negative);
    check_whole("natural_", natural, 4, positive);
    check_whole("truth", none, 1, truth);
}

/* (4, 2, 3, 5) bytes, whatever the order they lie in. */
static void test_reads_images(void)
{
    static const char *const names[] = { "images_first", "images_last", "images_fortran" };
    struct set s;
    for (unsigned i = 0; i < 3; i++) {
        open_npy(&s, names[i], "labels", "channels", i == 1 ? "last" : "first");
        SET_OK(&s);
        CU_ASSERT(s.task.n_dims == 3 && s.task.dims[0] == 2 && s.task.dims[1] == 3 && s.task.dims[2] == 5 &&
                  s.task.dtype == HONE_U8 && s.views[0].n == 4);
        CU_ASSERT(!memcmp(s.views[0].inputs, recorded_images, sizeof recorded_images));
        set_reads_as_viewed(&s);
        component_close(&s.c);
    }
    open_npy(&s, "images_grey", "labels", NULL, NULL); /* the first channel alone */
    SET_OK(&s);
    CU_ASSERT(s.task.n_dims == 3 && s.task.dims[0] == 1 && s.task.dims[1] == 3 && s.task.dims[2] == 5);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT(!memcmp((const uint8_t *)s.views[0].inputs + i * 15, recorded_images + i * 30, 15));
    component_close(&s.c);
    open_npy(&s, "images_float", "labels", NULL, NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.dtype == HONE_F32 && s.task.n_dims == 3);
    for (unsigned i = 0; i < 120; i++)
        CU_ASSERT(near((double)((const float *)s.views[0].inputs)[i], recorded_images[i] / 255.0, 1e-7));
    component_close(&s.c);
}

static void test_reads_targets(void)
{
    struct set s;
    static const char *const labels[] = { "labels", "labels_column" };
    for (unsigned i = 0; i < 2; i++) { /* 5, -1, 5, 9 */
        open_npy(&s, "table_f4", labels[i], NULL, NULL);
        SET_OK(&s);
        CU_ASSERT(s.task.kind == HONE_TASK_CLASSIFICATION && s.task.n_outputs == 3);
        CU_ASSERT_STRING_EQUAL(s.task.classes[0], "-1");
        CU_ASSERT_STRING_EQUAL(s.task.classes[2], "9");
        CU_ASSERT(s.views[0].labels[0] == 1 && s.views[0].labels[1] == 0 && s.views[0].labels[2] == 1 &&
                  s.views[0].labels[3] == 2);
        component_close(&s.c);
    }
    open_npy(&s, "one_column", "numbers", NULL, NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 1 && s.task.dims[0] == 1);
    CU_ASSERT(near((double)s.views[0].targets[3], 1000, 0) && near((double)set_x(&s, 0, 2, 0), -2, 0));
    component_close(&s.c);
    static const char *const twos[] = { "numbers_two", "numbers_two_fortran" };
    static const float wanted[] = { 0.5f, 1, 1.5f, 2, -2, 3, 1000, 4 };
    for (unsigned i = 0; i < 2; i++) {
        open_npy(&s, "table_f4", twos[i], NULL, NULL);
        SET_OK(&s);
        CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 2 &&
                  !memcmp(s.views[0].targets, wanted, sizeof wanted));
        set_reads_as_viewed(&s);
        component_close(&s.c);
    }
    open_npy(&s, "table_f4", "numbers", "task", "classification");
    SET_OK(&s);
    CU_ASSERT(s.task.n_outputs == 4 && !strcmp(s.task.classes[1], "0.5") && s.views[0].labels[0] == 1);
    component_close(&s.c);
    open_npy(&s, "table_f4", "labels", "task", "regression");
    SET_OK(&s);
    CU_ASSERT(s.task.n_outputs == 1 && near((double)s.views[0].targets[3], 9, 0));
    component_close(&s.c);
}

static void test_reads_splits(void)
{
    struct set s;
    SET_OPEN(&s, "npy", "inputs", file_of(0, "table_f4"), "targets", file_of(1, "labels"), "validation_inputs",
             file_of(2, "table_f8"), "validation_targets", file_of(3, "labels"), "test_inputs",
             file_of(4, "table_fortran"), "test_targets", file_of(5, "labels_column"), NULL);
    SET_OK(&s);
    CU_ASSERT(s.counts[0] == 4 && s.counts[1] == 4 && s.counts[2] == 4);
    for (unsigned i = 0; i < 3; i++)
        CU_ASSERT(!memcmp(s.views[i].inputs, recorded_table, sizeof recorded_table) && s.views[i].labels[3] == 2);
    set_reads_as_viewed(&s);
    component_close(&s.c);
    open_npy(&s, "images_first", "numbers", "test", "0.5");
    SET_OK(&s);
    CU_ASSERT(s.counts[0] == 2 && s.counts[2] == 2);
    for (uint32_t split = 0; split < 3; split += 2)
        for (uint64_t i = 0; i < 2; i++) {
            int found = 0;
            for (unsigned k = 0; k < 4; k++)
                found += !memcmp((const uint8_t *)s.views[split].inputs + i * 30, recorded_images + k * 30, 30);
            CU_ASSERT_EQUAL(found, 1);
        }
    component_close(&s.c);
}

static void test_reads_archives(void)
{
    struct set s;
    SET_OPEN(&s, "npz", "file", file_of(0, "zip_stored"), "test_inputs", "x_test", "test_targets", "y_test", NULL);
    SET_OK(&s);
    CU_ASSERT(s.counts[0] == 4 && s.counts[2] == 2 && s.task.n_outputs == 3);
    CU_ASSERT(!memcmp(s.views[0].inputs, recorded_table, sizeof recorded_table));
    CU_ASSERT(!memcmp(s.views[2].inputs, recorded_table, sizeof recorded_table / 2) && s.views[2].labels[1] == 2);
    set_reads_as_viewed(&s);
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", file_of(0, "zip_deflated"), "inputs", "more", "targets", "labels", NULL);
    SET_OK(&s);
    CU_ASSERT(!memcmp(s.views[0].inputs, recorded_table, sizeof recorded_table));
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", file_of(0, "zip_deflated"), "inputs", "images", "targets", "labels", NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.n_dims == 3 && s.task.dims[1] == 20 && s.task.dtype == HONE_U8);
    for (unsigned i = 0; i < 4 * 400; i++)
        CU_ASSERT(((const uint8_t *)s.views[0].inputs)[i] == 0);
    component_close(&s.c);
}

static void test_says_what_is_wrong(void)
{
    static const struct {
        const char *inputs, *targets, *key, *text, *blamed, *message;
    } bad[] = {
        { "table_f4", "one_column", "task", "classification", NULL, NULL }, /* all well: the others differ from it */
        { "complex", "labels", NULL, NULL, "inputs", "elements of type '<c16' are not read" },
        { "record", "labels", NULL, NULL, "inputs", "arrays of records are not read" },
        { "five_dims", "labels", NULL, NULL, "inputs", "more than 4 dimensions" },
        { "with_nan", "labels", NULL, NULL, "inputs", "sample 1 holds NaN" },
        { "too_large", "labels", NULL, NULL, "inputs", "sample 1 holds NaN" },
        { "table_f4", "with_nan", NULL, NULL, "targets", "sample 1 holds NaN" },
        { "table_f4", "images_first", NULL, NULL, "targets", "not 4 dimensions" },
        { "svmlight", "labels", NULL, NULL, "inputs", "this is no array of numpy" },
        { "table_f4", "numbers_two", "task", "classification", "targets", "classes are one number a sample, not 2" },
        { "table_f4", "labels", "test_inputs", "/nowhere", "test_targets", "test_targets is missing" },
        { "table_f4", "labels", "validation_targets", "/nowhere", "validation_inputs", "validation_inputs is missing" },
        { "table_f4", "labels", "test", "0.05", "test", "leaves none to test on" },
    };
    struct set s;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        open_npy(&s, bad[i].inputs, bad[i].targets, bad[i].key, bad[i].text);
        CU_ASSERT(bad[i].message ? set_fails(&s, bad[i].blamed, bad[i].message) : s.rc == HONE_OK);
        component_close(&s.c);
    }
    SET_OPEN(&s, "npy", "inputs", file_of(0, "table_f4"), "targets", file_of(1, "labels"), "test_inputs",
             file_of(2, "images_grey"), "test_targets", file_of(3, "labels"), NULL);
    CU_ASSERT(set_fails(&s, "test_inputs", "differ in shape or type"));
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", file_of(0, "zip_stored"), "inputs", "z", NULL);
    CU_ASSERT(set_fails(&s, "inputs", "has no array z; it has: x_train, y_train, x_test, y_test"));
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", file_of(0, "zip_stored"), "inputs", "x_test", NULL);
    CU_ASSERT(set_fails(&s, "targets", "there are 4 targets for 2 inputs"));
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", file_of(0, "table_f4"), NULL);
    CU_ASSERT(set_fails(&s, "file", "the end of a zip archive is not there"));
    component_close(&s.c);
    SET_OPEN(&s, "npz", "file", "/nowhere/x.npz", NULL);
    CU_ASSERT(set_fails(&s, "file", "cannot open /nowhere/x.npz"));
    component_close(&s.c);
}

/* Every cut of every file is refused; changed bytes end in an error or in a set, never in a crash. */
static void test_survives_damaged_files(void)
{
    static const char *const names[] = { "table_f4", "images_fortran", "zip_stored", "zip_deflated" };
    static unsigned char bytes[8192];
    hone_rng rng = hone_rng_at(6, 0);
    for (unsigned i = 0; i < 4; i++) {
        const struct recorded_file *f = recorded(names[i]);
        const int zip = i > 1;
        unsigned good = 0;
        CU_ASSERT_FATAL(f->n <= sizeof bytes);
        for (unsigned round = 0; round < 1500; round++) {
            const int cut = round % 3 == 0;
            const size_t n = cut ? (size_t)hone_rng_below(&rng, f->n) : f->n;
            struct set s;
            memcpy(bytes, f->bytes, f->n);
            for (unsigned k = 0; !cut && k < 1 + round % 4; k++)
                bytes[hone_rng_below(&rng, round % 2 ? f->n : f->n < 100 ? f->n : 100)] = (uint8_t)hone_rng_u32(&rng);
            const char *path = set_file(0, bytes, n);
            if (zip)
                SET_OPEN(&s, "npz", "file", path, "inputs", i == 2 ? "x_train" : "images", "targets",
                         i == 2 ? "y_train" : "labels", NULL);
            else
                SET_OPEN(&s, "npy", "inputs", path, "targets", file_of(1, "labels"), NULL);
            CU_ASSERT(s.rc == HONE_OK || (s.rc < 0 && *s.c.err.msg));
            CU_ASSERT(!cut || s.rc < 0);
            good += s.rc == HONE_OK;
            component_close(&s.c);
        }
        CU_ASSERT(good > 20);
    }
}

SUITE(TEST(test_reads_floats_of_every_kind), TEST(test_reads_whole_numbers_of_every_kind), TEST(test_reads_images),
      TEST(test_reads_targets), TEST(test_reads_splits), TEST(test_reads_archives), TEST(test_says_what_is_wrong),
      TEST(test_survives_damaged_files))
