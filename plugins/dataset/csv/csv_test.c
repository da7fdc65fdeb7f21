/* SPDX-License-Identifier: MIT */
/* The CSV reader: quoting, kinds of columns, missing values, splits, and tables that are none. */
#include "component.h"
#include "hone/dataset.h"
#include "hone/rng.h"

#include <unistd.h>

struct open {
    struct component c;
    const hone_dataset_v1 *iface;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view train, test;
    hone_rc rc;
};
static char path[64], test_path[64];

static void write_to(char *to, size_t size, const char *bytes, size_t n)
{
    snprintf(to, size, "/tmp/hone-csv-XXXXXX");
    const int fd = mkstemp(to);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

static void open_rest(struct open *o)
{
    memset(&o->train, 0, sizeof o->train);
    memset(&o->test, 0, sizeof o->test);
    o->iface = o->c.component->iface;
    o->rc = o->iface->describe(o->c.self, &o->task, o->counts, &o->c.err);
    if (o->rc == HONE_OK) {
        CU_ASSERT_EQUAL(o->iface->view(o->c.self, HONE_SPLIT_TRAIN, &o->train, &o->c.err), HONE_OK);
        if (o->counts[HONE_SPLIT_TEST])
            CU_ASSERT_EQUAL(o->iface->view(o->c.self, HONE_SPLIT_TEST, &o->test, &o->c.err), HONE_OK);
    }
}

#define OPEN(o, text, ...)                                                                            \
    do {                                                                                              \
        write_to(path, sizeof path, text, strlen(text));                                              \
        CU_ASSERT_EQUAL_FATAL(component_open(&(o)->c, "csv", 1, "file", path, __VA_ARGS__), HONE_OK); \
        open_rest(o);                                                                                 \
        unlink(path);                                                                                 \
    } while (0)

static float x(const struct open *o, uint64_t row, int64_t column)
{
    return ((const float *)o->train.inputs)[row * (uint64_t)o->task.dims[0] + (uint64_t)column];
}

#define CHECK_OK(o)                              \
    do {                                         \
        if ((o)->rc != HONE_OK)                  \
            printf("#   %s\n", (o)->c.err.msg);  \
        CU_ASSERT_EQUAL_FATAL((o)->rc, HONE_OK); \
    } while (0)

static void test_reads_columns_of_both_kinds(void)
{
    struct open o;
    OPEN(&o,
         "\xEF\xBB\xBF"
         "age,color,size,kind\r\n1.5,red,-2e3,cat\r\n2, blue ,3,dog\r\n\r\n3,red,4,cat",
         NULL);
    CHECK_OK(&o);
    CU_ASSERT(o.task.kind == HONE_TASK_CLASSIFICATION && o.task.n_outputs == 2 && o.task.dims[0] == 4 &&
              o.task.dtype == HONE_F32);
    CU_ASSERT_STRING_EQUAL(o.task.classes[0], "cat");
    CU_ASSERT_STRING_EQUAL(o.task.features[0], "age");
    CU_ASSERT_STRING_EQUAL(o.task.features[1], "color=blue");
    CU_ASSERT_STRING_EQUAL(o.task.features[2], "color=red");
    CU_ASSERT_STRING_EQUAL(o.task.features[3], "size");
    const float wanted[3][4] = { { 1.5f, 0, 1, -2000 }, { 2, 1, 0, 3 }, { 3, 0, 1, 4 } };
    CU_ASSERT_EQUAL_FATAL(o.train.n, 3);
    CU_ASSERT(!memcmp(o.train.inputs, wanted, sizeof wanted));
    CU_ASSERT(o.train.labels[0] == 0 && o.train.labels[1] == 1 && o.train.labels[2] == 0 && !o.train.targets);
    CU_ASSERT_EQUAL(o.counts[HONE_SPLIT_TEST], 0);
    component_close(&o.c);
}

static void test_reads_quoted_fields(void)
{
    struct open o;
    OPEN(&o, "\"a, b\";\"say \"\"x\"\"\";y\n\"two\nlines; \"\"q\"\"\";\"1\";0.5\n\"p\" ;2;1.5\n", "separator", ";",
         NULL);
    CHECK_OK(&o);
    CU_ASSERT_EQUAL(o.task.kind, HONE_TASK_REGRESSION);
    CU_ASSERT_STRING_EQUAL(o.task.features[0], "a, b=p");
    CU_ASSERT_STRING_EQUAL(o.task.features[1], "a, b=two\nlines; \"q\"");
    CU_ASSERT_STRING_EQUAL(o.task.features[2], "say \"x\"");
    CU_ASSERT(x(&o, 0, 1) == 1 && x(&o, 1, 0) == 1 && x(&o, 1, 2) == 2 && o.train.targets[0] == 0.5f &&
              o.train.targets[1] == 1.5f);
    component_close(&o.c);
}

static void test_takes_columns_by_name_and_number(void)
{
    struct open o;
    OPEN(&o, "7\t1\t90210\t0.5\n8\t0\t10001\t0.25\n7\t1\t90210\t4\n", "separator", "tab", "header", "no", "target", "2",
         "ignore", "4", "nominal", "3", NULL);
    CHECK_OK(&o);
    CU_ASSERT_EQUAL(o.task.kind, HONE_TASK_CLASSIFICATION); /* two whole numbers */
    CU_ASSERT_EQUAL(o.task.dims[0], 3);
    CU_ASSERT_STRING_EQUAL(o.task.features[2], "3=90210");
    CU_ASSERT(o.train.labels[0] == 1 && o.train.labels[1] == 0 && x(&o, 1, 1) == 1 && x(&o, 2, 2) == 1);
    component_close(&o.c);
    OPEN(&o, "7,1\n8,0\n7,10\n1,9\n", "header", "no", "task", "regression", NULL);
    CHECK_OK(&o);
    CU_ASSERT(o.task.kind == HONE_TASK_REGRESSION && o.task.n_outputs == 1 && o.train.targets[2] == 10);
    component_close(&o.c);
    OPEN(&o, "7,1\n8,0\n7,10\n1,9\n", "header", "no", NULL);
    CHECK_OK(&o); /* numbered classes are sorted as numbers */
    CU_ASSERT(o.task.n_outputs == 4 && !strcmp(o.task.classes[3], "10") && o.train.labels[2] == 3 &&
              o.train.labels[3] == 2);
    component_close(&o.c);
}

static void test_replaces_missing_values(void)
{
    static const char table[] = "a,b,y\n1,u,p\n?,,q\n3,v,p\nNA,v,q\n";
    struct open o;
    OPEN(&o, table, NULL);
    CU_ASSERT_EQUAL(o.rc, HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(o.c.err.param, "impute");
    CU_ASSERT_PTR_NOT_NULL(strstr(o.c.err.msg, ":3: column 1 (a): the value is missing"));
    component_close(&o.c);
    OPEN(&o, table, "impute", "mean", NULL);
    CHECK_OK(&o);
    CU_ASSERT(x(&o, 1, 0) == 2 && x(&o, 3, 0) == 2 && x(&o, 1, 1) == 0 &&
              x(&o, 1, 2) == 1); /* (1 + 3) / 2; v is most frequent */
    component_close(&o.c);
    OPEN(&o, table, "impute", "zero", NULL);
    CHECK_OK(&o);
    CU_ASSERT(x(&o, 1, 0) == 0 && x(&o, 1, 1) == 0 && x(&o, 1, 2) == 0);
    component_close(&o.c);
    OPEN(&o, "a,y\n1,p\n2,\n", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(o.c.err.msg, ":3: column 2 (y): the target is missing"));
    component_close(&o.c);
}

/* The mean must not know the rows of the test file. */
static void test_learns_nothing_from_the_test(void)
{
    static const char table[] = "a,y\n1,p\n3,q\n,p\n", other[] = "a,y\n1000,p\n,q\n";
    struct open o;
    write_to(test_path, sizeof test_path, other, sizeof other - 1);
    OPEN(&o, table, "test_file", test_path, "impute", "mean", NULL);
    unlink(test_path);
    CHECK_OK(&o);
    CU_ASSERT_EQUAL(o.counts[HONE_SPLIT_TEST], 2);
    CU_ASSERT(x(&o, 2, 0) == 2 && ((const float *)o.test.inputs)[1] == 2 && ((const float *)o.test.inputs)[0] == 1000);
    component_close(&o.c);
}

static void test_sets_rows_aside_by_class(void)
{
    enum { ROWS = 300 };
    static char table[ROWS * 16 + 8];
    struct open o, again;
    size_t n = (size_t)snprintf(table, sizeof table, "a,y\n");
    for (unsigned i = 0; i < ROWS; i++)
        n += (size_t)snprintf(table + n, sizeof table - n, "%u,%s\n", i, i % 10 == 0 ? "rare" : i % 2 ? "odd" : "even");
    OPEN(&o, table, "test", "0.2", NULL);
    OPEN(&again, table, "test", "0.2", NULL);
    CHECK_OK(&o);
    CU_ASSERT(o.train.n == 240 && o.test.n == 60);
    unsigned per_class[3] = { 0 };
    uint8_t seen[ROWS] = { 0 };
    for (unsigned i = 0; i < 60; i++) {
        per_class[o.test.labels[i]]++;
        seen[(int)((const float *)o.test.inputs)[i]]++;
    }
    for (unsigned i = 0; i < 240; i++)
        seen[(int)x(&o, i, 0)]++;
    for (unsigned i = 0; i < ROWS; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    CU_ASSERT(abs((int)per_class[0] - 24) <= 1 && abs((int)per_class[1] - 30) <= 1 && abs((int)per_class[2] - 6) <= 1);
    CU_ASSERT(!memcmp(o.test.inputs, again.test.inputs, 60 * sizeof(float)));
    component_close(&o.c);
    component_close(&again.c);
    OPEN(&again, table, "test", "0.2", "split_seed", "2", NULL);
    CU_ASSERT(memcmp(o.counts, again.counts, sizeof o.counts) == 0 && again.rc == HONE_OK);
    component_close(&again.c);
}

struct bad {
    const char *table, *key, *value, *message;
};
static void test_says_what_is_wrong(void)
{
    static const struct bad bad[] = {
        { "", "header", "yes", "is empty" },
        { "a,b\n", "header", "yes", "has a header and no rows" },
        { "a,a\n1,2\n", "header", "yes", "two columns are called 'a'" },
        { "a,y\n1,2\n1,2,3\n", "header", "yes", ":3: the row has 3 fields, the first one has 2" },
        { "a,y\n\"1,2\n3,4\n", "header", "yes", ":2: the quote opened in field 1 is never closed" },
        { "a,y\n\"1\"x,2\n", "header", "yes", ":2: 'x' follows the closing quote of field 1" },
        { "a,y\n1,caf\xE9\n", "header", "yes", ":2: byte 0xe9 is not UTF-8" },
        { "a,y\n1,2\n", "target", "z", "there is no column 'z'" },
        { "a,y\n1,2\n", "target", "3", "there is no column '3'" },
        { "a,y\n1,2\n", "ignore", "y", "column 'y' is the target" },
        { "a,y\n1,2\n", "ignore", "a, a", "listed twice" },
        { "a,y\n1,2\n2,3\n", "ignore", "a", "no column left to learn from" },
        { "a,y\n1,2\nq,3\n", "numeric", "a", ":3: column 1 (a): 'q' is not a number" },
        { "a,y\n1,p\n2,q\n", "task", "regression", ":2: column 2 (y): 'p' is not a number" },
        { "a,y\n1,p\n2,p\n", "task", "auto", "one class only" },
        { "a,y\n1,p\n2,q\n", "test", "0.1", "leaves none to test on" },
        { "a,y\n1,p\n2,q\n", "separator", ",,", "must be one character" },
        { "a,y\nx,p\ny,q\nz,p\n", "max_categories", "2",
          ":2: column 1 (a): 'x' is not a number, and 3 different texts" },
        { "a,y\n1e39,p\n2,q\n", "numeric", "a", "'1e39' is not a number" },
        { "a,y\n1,p\n2,q\n", "test_file", "/nowhere/x.csv", "cannot open /nowhere/x.csv" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct open o;
        OPEN(&o, bad[i].table, bad[i].key, bad[i].value, NULL);
        CU_ASSERT(o.rc < 0);
        if (o.rc >= 0 || !strstr(o.c.err.msg, bad[i].message)) {
            printf("#   wanted \"%s\", got \"%s\"\n", bad[i].message, o.c.err.msg);
            CU_FAIL("another message");
        }
        component_close(&o.c);
    }
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    CU_ASSERT_EQUAL(component_open(&c, "csv", 1, "file", "/tmp", NULL), HONE_OK);
    CU_ASSERT_EQUAL(((const hone_dataset_v1 *)c.component->iface)->describe(c.self, &task, counts, &c.err), HONE_EIO);
    component_close(&c);
}

/* Cuts and random bytes: an error or a table, never a crash; under the sanitizers nothing is read out of bounds. */
static void test_survives_broken_files(void)
{
    static const char alphabet[] = ",,,\"\"\n\n\r;ab01.-e ?\t\xC3\xA4";
    static const char table[] = "a,b,\"c \"\"d\"\"\",y\r\n1,u,0.5,p\r\n?,,2,q\n3,v,\"4\",p\nNA,\"v\nw\",5e2,q\n";
    char text[400];
    hone_rng rng = hone_rng_at(3, 0);
    unsigned good = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct component c;
        hone_task task;
        uint64_t counts[HONE_SPLITS];
        size_t n = (size_t)hone_rng_below(&rng, round % 3 ? 24 : sizeof text);
        for (size_t i = 0; i < n; i++)
            text[i] = round % 7 ? alphabet[hone_rng_below(&rng, sizeof alphabet - 1)] : (char)hone_rng_u32(&rng);
        if (round % 4 == 0) { /* a table with a few characters changed, cut off somewhere */
            n = sizeof table - 1;
            memcpy(text, table, n);
            for (unsigned i = 0; i < round % 3; i++)
                text[hone_rng_below(&rng, n)] = alphabet[hone_rng_below(&rng, sizeof alphabet - 1)];
            n -= round % 5 ? 0 : (size_t)hone_rng_below(&rng, n);
        }
        write_to(path, sizeof path, text, n);
        CU_ASSERT_EQUAL_FATAL(
            component_open(&c, "csv", 1, "file", path, "header", round % 2 ? "yes" : "no", "impute", "mean", NULL),
            HONE_OK);
        const hone_rc rc = ((const hone_dataset_v1 *)c.component->iface)->describe(c.self, &task, counts, &c.err);
        CU_ASSERT(rc == HONE_OK || (rc < 0 && *c.err.msg));
        good += rc == HONE_OK;
        component_close(&c);
        unlink(path);
    }
    CU_ASSERT(good > 300); /* else the test would never get past the parser */
}

SUITE(TEST(test_reads_columns_of_both_kinds), TEST(test_reads_quoted_fields),
      TEST(test_takes_columns_by_name_and_number), TEST(test_replaces_missing_values),
      TEST(test_learns_nothing_from_the_test), TEST(test_sets_rows_aside_by_class), TEST(test_says_what_is_wrong),
      TEST(test_survives_broken_files))
