/* SPDX-License-Identifier: MIT */
/* The LIBSVM reader: sparse rows, classes and numbers, splits, and rows that are none. */
#include "fixtures/tables.h"
#include "table_case.h"

static const char *text_file(unsigned which, const char *text)
{
    return set_file(which, text, strlen(text));
}

static void test_reads_what_scikit_learn_writes(void)
{
    struct set s;
    SET_OPEN(&s, "libsvm", "file", set_file(0, file_svmlight, sizeof file_svmlight), NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_CLASSIFICATION && s.task.n_outputs == 2 && s.task.dims[0] == 3);
    CU_ASSERT_STRING_EQUAL(s.task.classes[0], "-1");
    CU_ASSERT_STRING_EQUAL(s.task.classes[1], "1");
    CU_ASSERT_EQUAL_FATAL(s.views[0].n, 4);
    CU_ASSERT(!memcmp(s.views[0].inputs, recorded_table, sizeof recorded_table));
    CU_ASSERT(s.views[0].labels[0] == 1 && s.views[0].labels[1] == 0 && s.views[0].labels[3] == 0);
    set_reads_as_viewed(&s);
    component_close(&s.c);
}

static void test_reads_numbers_comments_and_blanks(void)
{
    struct set s;
    SET_OPEN(&s, "libsvm", "file", text_file(0, "# head\r\n1.5 1:2 \t 4:-1e2 # tail\r\n\n  -3\n+0.25 2:.5"), NULL);
    SET_OK(&s);
    const float wanted[3][4] = { { 2, 0, 0, -100 }, { 0, 0, 0, 0 }, { 0, 0.5f, 0, 0 } };
    CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 1 && s.task.dims[0] == 4);
    CU_ASSERT_EQUAL_FATAL(s.views[0].n, 3);
    CU_ASSERT(!memcmp(s.views[0].inputs, wanted, sizeof wanted));
    CU_ASSERT(near((double)s.views[0].targets[0], 1.5, 0) && near((double)s.views[0].targets[1], -3, 0) &&
              near((double)s.views[0].targets[2], 0.25, 0));
    component_close(&s.c);
    SET_OPEN(&s, "libsvm", "file", text_file(0, "1 0:2\n2 1:3\n"), "zero_based", "yes", "features", "5", "task",
             "regression", NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.dims[0] == 5 && near((double)set_x(&s, 0, 0, 0), 2, 0) &&
              near((double)set_x(&s, 0, 1, 1), 3, 0));
    component_close(&s.c);
}

/* Both files share features and classes. */
static void test_reads_a_test_file(void)
{
    struct set s;
    SET_OPEN(&s, "libsvm", "file", text_file(0, "1 1:2\n2 1:3\n"), "test_file", text_file(1, "3 7:1\n"), NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.n_outputs == 3 && s.task.dims[0] == 7 && s.counts[HONE_SPLIT_TEST] == 1);
    CU_ASSERT(s.views[HONE_SPLIT_TEST].labels[0] == 2 && near((double)set_x(&s, HONE_SPLIT_TEST, 0, 6), 1, 0));
    set_reads_as_viewed(&s);
    component_close(&s.c);
}

/* Every class gives its share, every row is in one part, and the seed says in which. */
static void test_sets_rows_aside_by_class(void)
{
    enum { ROWS = 300 };
    static char text[ROWS * 24];
    size_t n = 0;
    for (int i = 0; i < ROWS; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%d 1:%d\n", i % 10 == 0 ? 7 : i % 2, i + 1);
    struct set s, again, other;
    SET_OPEN(&s, "libsvm", "file", text_file(0, text), "test", "0.2", NULL);
    SET_OPEN(&again, "libsvm", "file", text_file(0, text), "test", "0.2", NULL);
    SET_OPEN(&other, "libsvm", "file", text_file(0, text), "test", "0.2", "split_seed", "2", NULL);
    SET_OK(&s);
    CU_ASSERT(s.counts[HONE_SPLIT_TRAIN] == 240 && s.counts[HONE_SPLIT_TEST] == 60);
    unsigned seen[ROWS + 1] = { 0 }, per_class[3] = { 0 };
    for (uint64_t i = 0; i < 240; i++)
        seen[(int)set_x(&s, HONE_SPLIT_TRAIN, i, 0)]++;
    for (uint64_t i = 0; i < 60; i++) {
        seen[(int)set_x(&s, HONE_SPLIT_TEST, i, 0)]++;
        per_class[s.views[HONE_SPLIT_TEST].labels[i]]++;
    }
    for (int i = 1; i <= ROWS; i++)
        CU_ASSERT_EQUAL(seen[i], 1);
    CU_ASSERT(abs((int)per_class[2] - 6) <= 1 && abs((int)per_class[1] - 30) <= 1);
    CU_ASSERT(!memcmp(s.views[2].inputs, again.views[2].inputs, 60 * sizeof(float)));
    CU_ASSERT(memcmp(s.views[2].inputs, other.views[2].inputs, 60 * sizeof(float)) != 0);
    component_close(&s.c);
    component_close(&again.c);
    component_close(&other.c);
}

static void test_says_what_is_wrong(void)
{
    static const struct {
        const char *text, *key, *value, *message;
    } bad[] = {
        { "", "zero_based", "no", "has no rows" },
        { "# nothing\n\n", "zero_based", "no", "has no rows" },
        { "1\n2\n", "zero_based", "no", "has no feature in any row" },
        { "1 1:2\nx 1:2\n", "zero_based", "no", ":2: 'x' is no target" },
        { "1 1:2\n1,2 1:2\n", "zero_based", "no", ":2: '1,2' is no target" },
        { "1 1:2\n\n1 2\n", "zero_based", "no", ":3: '2' is no index:value" },
        { "1 1:x\n", "zero_based", "no", ":1: 'x' is not a number" },
        { "1 1:1e39\n", "zero_based", "no", ":1: '1e39' is not a number" },
        { "1 1:nan\n", "zero_based", "no", ":1: 'nan' is not a number" },
        { "1 a:1\n", "zero_based", "no", ":1: 'a' is no index" },
        { "1 -1:1\n", "zero_based", "no", ":1: '-1' is no index" },
        { "1 qid:1 1:2\n", "zero_based", "no", "qid is for ranking" },
        { "1 0:1\n", "zero_based", "no", ":1: index 0: indices count from 1" },
        { "1 2:1 2:1\n", "zero_based", "no", ":1: index 2 follows 2" },
        { "1 3:1 2:1\n", "zero_based", "no", ":1: index 2 follows 3" },
        { "1 3:1\n", "features", "2", ":1: index 3 is beyond features = 2" },
        { "1 2000000:1\n", "zero_based", "no", ":1: index 2000000 makes a table of that width" },
        { "1 1:1\n1 1:2\n", "zero_based", "no", "one class only" },
        { "1 1:1\n2 1:2\n", "test", "0.1", "leaves none to test on" },
        { "1 1:1\n2 1:2\n", "test", "0.9", "leaves none to train on" },
        { "1 1:1\n\xE9 1:2\n", "zero_based", "no", ":2: byte 0xe9 is not UTF-8" },
        { "1 1:1\n", "test_file", "/nowhere/x", "cannot open /nowhere/x" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct set s;
        SET_OPEN(&s, "libsvm", "file", text_file(0, bad[i].text), bad[i].key, bad[i].value, NULL);
        CU_ASSERT(set_fails(&s, NULL, bad[i].message));
        component_close(&s.c);
    }
    struct set s;
    SET_OPEN(&s, "libsvm", "file", text_file(0, "1 1:1\n2 1:2\n"), "test_file", text_file(1, "1 1:1\n"), "test", "0.5",
             NULL);
    CU_ASSERT(set_fails(&s, "test", "exclude each other"));
    component_close(&s.c);
    SET_OPEN(&s, "libsvm", "file", "/tmp", NULL);
    CU_ASSERT(set_fails(&s, "file", "cannot read /tmp"));
    component_close(&s.c);
}

/* An error or a table, never a crash. */
static void test_survives_broken_files(void)
{
    static const char alphabet[] = "0123456789::::    \n\n.-+e#ax\t\xC3\xA4";
    char text[200];
    hone_rng rng = hone_rng_at(4, 0);
    unsigned good = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct set s;
        size_t n = 0;
        for (unsigned row = 0; row < 4; row++) /* a table */
            n += (size_t)snprintf(text + n, sizeof text - n, "%u 1:%u 3:%u\n", row % 2, row, row * row);
        for (unsigned i = 0; i < round % 4; i++) /* with mistakes */
            text[hone_rng_below(&rng, n)] = round % 7 ? alphabet[hone_rng_below(&rng, sizeof alphabet - 1)]
                                                      : (char)hone_rng_u32(&rng);
        SET_OPEN(&s, "libsvm", "file", set_file(0, text, n - (size_t)hone_rng_below(&rng, n)), "features", "1000",
                 NULL);
        CU_ASSERT(s.rc == HONE_OK || (s.rc < 0 && *s.c.err.msg));
        good += s.rc == HONE_OK;
        component_close(&s.c);
    }
    CU_ASSERT(good > 300);
}

SUITE(TEST(test_reads_what_scikit_learn_writes), TEST(test_reads_numbers_comments_and_blanks),
      TEST(test_reads_a_test_file), TEST(test_sets_rows_aside_by_class), TEST(test_says_what_is_wrong),
      TEST(test_survives_broken_files))
