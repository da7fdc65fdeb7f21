/* SPDX-License-Identifier: MIT */
/* Model files: round trips, exact bytes, and a table of hostile files that must each be refused for the right reason. */
#include "hone/nn.h"
#include "hone/rng.h"

#include "harness.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static char folder[] = "/tmp/hone-model-XXXXXX";
static char path[128];

static void enter(void)
{
    static int made;
    if (!made++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
}

/* Thousands of files that never touch a disk. */
static int enter_memory(void)
{
    const int fd = memfd_create("model", MFD_CLOEXEC);
    CU_ASSERT_FATAL(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return fd;
}

static void leave(void)
{
    unlink(path);
}

static void remove_folder(void)
{
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* nothing was left behind */
}

static void write_bytes(const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static size_t read_bytes(unsigned char *bytes, size_t limit)
{
    FILE *f = fopen(path, "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    const size_t n = fread(bytes, 1, limit, f);
    fclose(f);
    return n;
}

static const float weights[6] = { 1.5f, -2.0f, 3.25f, 0.0f, -0.0f, 1e-40f };
static const unsigned char bytes3[3] = { 7, 0, 255 };
static const double number = 0.1;
static const int64_t dims23[2] = { 2, 3 }, dims3[1] = { 3 }, dims03[2] = { 0, 3 };

static const hone_model_tensor sample[] = {
    { "a.bytes", HONE_U8, 1, dims3, bytes3 },      { "layer.weight", HONE_F32, 2, dims23, weights },
    { "layer.bias", HONE_F32, 1, dims3, weights }, { "empty", HONE_F32, 2, dims03, NULL },
    { "scalar", HONE_F64, 0, NULL, &number },
};
static const hone_model_text words[] = { { "format", "hone/1" }, { "config", "[study]\nname = \"x\\y\"\n\tü €\x01" } };

static void test_what_is_saved_is_read(void)
{
    hone_error err = HONE_ERROR_INIT;
    hone_model_file *f = NULL;
    const hone_model_tensor *t;
    static const char *const order[] = { "scalar", "empty", "layer.bias", "layer.weight", "a.bytes" };
    enter();
    CU_ASSERT_EQUAL_FATAL(hone_model_save(path, sample, 5, words, 2, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_model_open(path, &f, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_model_tensors(f, &t), 5);
    for (int i = 0; i < 5; i++) {
        int s = 4;
        CU_ASSERT(i < 2 || strcmp(t[i].name, order[i]) == 0);
        while (s > 0 && strcmp(sample[s].name, t[i].name) != 0)
            s--;
        CU_ASSERT_STRING_EQUAL(sample[s].name, t[i].name);
        CU_ASSERT_EQUAL(t[i].dtype, sample[s].dtype);
        CU_ASSERT_EQUAL_FATAL(t[i].n_dims, sample[s].n_dims);
        for (uint32_t d = 0; d < t[i].n_dims; d++)
            CU_ASSERT_EQUAL(t[i].dims[d], sample[s].dims[d]);
        const size_t n = (size_t)hone_shape_elements(t[i].dims, t[i].n_dims) * hone_dtype_bytes(t[i].dtype);
        CU_ASSERT(n == 0 || memcmp(t[i].data, sample[s].data, n) == 0);
        CU_ASSERT_EQUAL((uintptr_t)t[i].data % hone_dtype_bytes(t[i].dtype), 0);
    }
    for (int i = 0; i < 2; i++)
        CU_ASSERT_STRING_EQUAL(hone_model_metadata(f, words[i].key), words[i].value);
    CU_ASSERT_PTR_NULL(hone_model_metadata(f, "absent"));
    hone_model_close(f);
    hone_model_close(NULL);
    leave();
}

/* The bytes on disk, spelled out: any reader's view of the format, not ours. Order of arguments does not matter. */
static void test_bytes_are_those_of_the_format(void)
{
    static const char header[] = "{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},"
                                 "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                                 "\"c\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[24,27]}}";
    const hone_model_text text[] = { { "b", "2" }, { "a", "1" } };
    const hone_model_tensor one[] = { { "c", HONE_U8, 1, dims3, bytes3 }, { "w", HONE_F32, 2, dims23, weights } };
    const hone_model_tensor two[] = { one[1], one[0] };
    unsigned char got[512], again[512];
    hone_error err = HONE_ERROR_INIT;
    const size_t padded = (8 + sizeof header - 1 + 63) / 64 * 64;
    enter();
    CU_ASSERT_EQUAL_FATAL(hone_model_save(path, one, 2, text, 2, &err), HONE_OK);
    const size_t n = read_bytes(got, sizeof got);
    CU_ASSERT_EQUAL_FATAL(n, padded + 27);
    CU_ASSERT_EQUAL((size_t)got[0] + 256u * got[1], padded - 8);
    for (int i = 2; i < 8; i++)
        CU_ASSERT_EQUAL(got[i], 0);
    CU_ASSERT_EQUAL(memcmp(got + 8, header, sizeof header - 1), 0);
    for (size_t i = 8 + sizeof header - 1; i < padded; i++)
        CU_ASSERT_EQUAL(got[i], ' ');
    CU_ASSERT_EQUAL(memcmp(got + padded, weights, 24), 0);
    CU_ASSERT_EQUAL(memcmp(got + padded + 24, bytes3, 3), 0);
    CU_ASSERT_EQUAL_FATAL(hone_model_save(path, two, 2, text, 2, &err), HONE_OK);
    CU_ASSERT_EQUAL(read_bytes(again, sizeof again), n);
    CU_ASSERT_EQUAL(memcmp(got, again, n), 0);
    leave();
}

/* Files of other writers: data at any place, unsorted entries, no padding, deep but legal spelling. */
static void test_other_writers_files_are_read(void)
{
    static const char header[] = "{ \"x\" : { \"data_offsets\":[1,9], \"dtype\":\"F32\",\"shape\":[2] }, "
                                 "\"b\":{\"shape\":[1],\"dtype\":\"U8\",\"data_offsets\":[0,1]} } ";
    unsigned char file[8 + sizeof header - 1 + 9] = { sizeof header - 1 };
    const float x[2] = { 4.5f, -1.0f };
    hone_error err = HONE_ERROR_INIT;
    hone_model_file *f = NULL;
    const hone_model_tensor *t;
    enter();
    memcpy(file + 8, header, sizeof header - 1);
    file[8 + sizeof header - 1] = 9;
    memcpy(file + 8 + sizeof header, x, 8);
    write_bytes(file, sizeof file);
    CU_ASSERT_EQUAL_FATAL(hone_model_open(path, &f, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_model_tensors(f, &t), 2);
    CU_ASSERT_STRING_EQUAL(t[1].name, "x");
    CU_ASSERT_EQUAL((uintptr_t)t[1].data % 4, 0);
    CU_ASSERT_EQUAL(((const float *)t[1].data)[0], 4.5f);
    CU_ASSERT_EQUAL(((const float *)t[1].data)[1], -1.0f);
    CU_ASSERT_PTR_NULL(hone_model_metadata(f, "format"));
    hone_model_close(f);
    leave();
}

#define U8X(name, shape, from, to) \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}"

static void test_hostile_files_are_refused(void)
{
    static const struct {
        const char *header; /* its length is put before it */
        size_t data;        /* bytes after it */
        const char *why;    /* part of the message */
    } files[] = {
        { "", 0, "does not start with '{'" },
        { " {}", 0, "does not start with '{'" },
        { "[]", 0, "does not start with '{'" },
        { "{", 0, "not valid JSON" },
        { "{}x", 0, "not valid JSON" },
        { "{\"a\":1,}", 0, "not valid JSON" },
        { "{'a':1}", 0, "not valid JSON" },
        { "{\"\xff\":{}}", 0, "not valid JSON" },
        { "{" U8X("a", "[1]", 0, 1) "," U8X("a", "[1]", 0, 1) "}", 1, "not valid JSON" },
        { "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "not valid JSON" },
        { "{\"__metadata__\":3}", 0, "__metadata__ is not an object" },
        { "{\"__metadata__\":{\"k\":3}}", 0, "metadata 'k' is not text" },
        { "{\"a\":3}", 0, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,1]}}", 1,
          "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1.0]}}", 1,
          "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1,
          "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,18446744073709551616]}}", 1, "not valid JSON" },
        { "{\"a\":{\"dtype\":7,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "needs dtype, shape and data_offsets" },
        { "{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "type 'F99'" },
        { "{" U8X("a", "[-1]", 0, 1) "}", 1, "whole numbers" },
        { "{" U8X("a", "[1.0]", 0, 1) "}", 1, "whole numbers" },
        { "{" U8X("a", "[\"1\"]", 0, 1) "}", 1, "whole numbers" },
        { "{" U8X("a", "[1,1,1,1,1,1,1]", 0, 1) "}", 1, "7 dimensions" },
        { "{" U8X("a", "[4294967296,4294967296,16]", 0, 1) "}", 1, "too large" },
        { "{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0, "too large" },
        { "{" U8X("a", "[2]", 0, 1) "}", 1, "does not match its shape" },
        { "{" U8X("a", "[1]", 0, 2) "}", 2, "does not match its shape" },
        { "{" U8X("a", "[]", 0, 0) "}", 0, "does not match its shape" },
        { "{" U8X("a", "[1]", 1, 0) "}", 1, "outside of the file" },
        { "{" U8X("a", "[2]", 0, 2) "}", 1, "outside of the file" },
        { "{" U8X("a", "[1]", 9223372036854775806, 9223372036854775807) "}", 1, "outside of the file" },
        { "{" U8X("a", "[1]", 1, 2) "}", 2, "gap" },
        { "{" U8X("a", "[1]", 0, 1) "," U8X("b", "[1]", 2, 3) "}", 3, "gap" },
        { "{" U8X("a", "[2]", 0, 2) "," U8X("b", "[2]", 1, 3) "}", 3, "overlaps" },
        { "{" U8X("a", "[2]", 0, 2) "," U8X("b", "[2]", 0, 2) "}", 2, "overlaps" },
        { "{" U8X("a", "[1]", 0, 1) "}", 2, "after the last tensor" },
        { "{}", 1, "after the last tensor" },
    };
    const int fd = enter_memory();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        unsigned char file[512] = { 0 };
        hone_error err = HONE_ERROR_INIT;
        hone_model_file *f = NULL;
        const size_t length = strlen(files[i].header);
        CU_ASSERT_FATAL(length + files[i].data + 8 <= sizeof file);
        file[0] = (unsigned char)length;
        file[1] = (unsigned char)(length >> 8);
        memcpy(file + 8, files[i].header, length);
        write_bytes(file, 8 + length + files[i].data);
        const hone_rc rc = hone_model_open(path, &f, &err);
        CU_ASSERT(rc < 0 && f == NULL);
        if (rc >= 0 || !strstr(err.msg, files[i].why))
            printf("# %s: %s\n", files[i].header, rc < 0 ? err.msg : "accepted");
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, files[i].why));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, path));
        hone_model_close(f);
    }
    close(fd);
}

static void test_lengths_that_lie_are_refused(void)
{
    static const struct {
        unsigned char bytes[16];
        size_t n;
        const char *why;
    } files[] = { { { 0 }, 0, "shorter than 8" },
                  { { 2 }, 7, "shorter than 8" },
                  { { 2 }, 8, "ends within its header" },
                  { { 3, 0, 0, 0, 0, 0, 0, 0, '{', '}' }, 10, "ends within its header" },
                  { { 0, 225, 245, 5 }, 16, "ends within its header" }, /* 100,000,000, the longest allowed */
                  { { 1, 225, 245, 5 }, 16, "too long" },               /* 100,000,001 */
                  { { 255, 255, 255, 255, 255, 255, 255, 255, '{', '}' }, 10, "too long" },
                  { { 2, 0, 0, 0, 0, 0, 0, 128, '{', '}' }, 10, "too long" } };
    enter();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        hone_error err = HONE_ERROR_INIT;
        hone_model_file *f = NULL;
        write_bytes(files[i].bytes, files[i].n);
        CU_ASSERT(hone_model_open(path, &f, &err) < 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, files[i].why));
    }
    leave();
}

/* Every prefix of a good file and ten thousand files with a few bytes changed: refused or read, never more. */
static void test_damaged_files_do_no_harm(void)
{
    unsigned char file[1024], damaged[1024];
    hone_error err = HONE_ERROR_INIT;
    hone_rng rng = hone_rng_at(1, 2);
    double sum = 0;
    enter();
    CU_ASSERT_EQUAL_FATAL(hone_model_save(path, sample, 5, words, 2, &err), HONE_OK);
    const size_t n = read_bytes(file, sizeof file);
    leave();
    const int fd = enter_memory();
    for (size_t i = 0; i < n + 10000; i++) {
        hone_model_file *f = NULL;
        const hone_model_tensor *t;
        memcpy(damaged, file, n);
        for (int k = 0; i >= n && k < 1 + (int)(i % 3); k++)
            damaged[hone_rng_below(&rng, n)] = (unsigned char)("{}[]\",:0129F\x00\xff"[hone_rng_below(&rng, 15)]);
        write_bytes(damaged, i < n ? i : n);
        const hone_rc rc = hone_model_open(path, &f, &err);
        CU_ASSERT(i >= n || rc < 0);
        if (rc == HONE_OK)
            for (uint32_t k = hone_model_tensors(f, &t); k-- > 0;)
                for (int64_t e = 0;
                     e < hone_shape_elements(t[k].dims, t[k].n_dims) * (int64_t)hone_dtype_bytes(t[k].dtype); e++)
                    sum += ((const unsigned char *)t[k].data)[e];
        hone_model_close(f);
    }
    CU_ASSERT(isfinite(sum));
    close(fd);
}

static void test_impossible_saves_are_refused(void)
{
    static const int64_t negative[] = { -1 }, huge[] = { INT64_MAX, 3 };
    static const struct {
        hone_model_tensor tensors[2];
        uint32_t n;
        const char *why;
    } cases[] = {
        { { { "", HONE_F32, 1, dims3, weights } }, 1, "cannot be named" },
        { { { NULL, HONE_F32, 1, dims3, weights } }, 1, "cannot be named" },
        { { { "__metadata__", HONE_F32, 1, dims3, weights } }, 1, "cannot be named" },
        { { { "a\xc0\x80", HONE_F32, 1, dims3, weights } }, 1, "cannot be named" },
        { { { "\xed\xa0\x80", HONE_F32, 1, dims3, weights } }, 1, "cannot be named" },
        { { { "a", 77, 1, dims3, weights } }, 1, "unknown element type" },
        { { { "a", HONE_F32, 9, dims3, weights } }, 1, "9 dimensions" },
        { { { "a", HONE_F32, 1, negative, weights } }, 1, "shape is impossible" },
        { { { "a", HONE_F32, 2, huge, weights } }, 1, "shape is impossible" },
        { { { "a", HONE_F32, 1, dims3, NULL } }, 1, "no data" },
        { { { "a", HONE_F32, 1, dims3, weights }, { "a", HONE_U8, 1, dims3, bytes3 } }, 2, "two tensors" },
    };
    static const hone_model_text twice[] = { { "k", "1" }, { "k", "2" } }, broken[] = { { "k", "\xff" } };
    hone_error err = HONE_ERROR_INIT;
    enter();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CU_ASSERT(hone_model_save(path, cases[i].tensors, cases[i].n, NULL, 0, &err) < 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].why));
    }
    CU_ASSERT(hone_model_save(path, sample, 1, twice, 2, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "given twice"));
    CU_ASSERT(hone_model_save(path, sample, 1, broken, 1, &err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "UTF-8"));
    CU_ASSERT_EQUAL(access(path, F_OK), -1);
}

/* A save that fails leaves what was there, and no temporary file. */
static void test_a_failed_save_leaves_the_old_file(void)
{
    hone_error err = HONE_ERROR_INIT;
    unsigned char before[1024], after[1024];
    char missing[160];
    enter();
    snprintf(missing, sizeof missing, "%s/absent/model.safetensors", folder);
    CU_ASSERT_EQUAL(hone_model_save(missing, sample, 5, words, 2, &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cannot create"));
    CU_ASSERT_EQUAL(hone_model_save("/dev/full/x", sample, 5, words, 2, &err), HONE_EIO);
    CU_ASSERT_EQUAL_FATAL(hone_model_save(path, sample, 5, words, 2, &err), HONE_OK);
    const size_t n = read_bytes(before, sizeof before);
    const hone_model_tensor bad = { "a", HONE_F32, 1, dims3, NULL };
    CU_ASSERT(hone_model_save(path, &bad, 1, NULL, 0, &err) < 0);
    CU_ASSERT_EQUAL(read_bytes(after, sizeof after), n);
    CU_ASSERT_EQUAL(memcmp(before, after, n), 0);
    hone_model_file *f = NULL;
    CU_ASSERT_EQUAL(hone_model_open(folder, &f, &err), HONE_EIO);
    CU_ASSERT_EQUAL(hone_model_open(missing, &f, &err), HONE_EIO);
    CU_ASSERT_PTR_NULL(f);
    leave();
    remove_folder();
}

SUITE(TEST(test_what_is_saved_is_read), TEST(test_bytes_are_those_of_the_format),
      TEST(test_other_writers_files_are_read), TEST(test_hostile_files_are_refused),
      TEST(test_lengths_that_lie_are_refused), TEST(test_damaged_files_do_no_harm),
      TEST(test_impossible_saves_are_refused), TEST(test_a_failed_save_leaves_the_old_file))
