/* SPDX-License-Identifier: MIT */
/* The ARFF reader: headers as Weka's sets have them, dense and sparse rows, missing values, splits, broken files. */
#include "table_case.h"

static const char *text_file(unsigned which, const char *text)
{
    return set_file(which, text, strlen(text));
}

/* After the style of Weka's credit-g, iris and supermarket. */
static const char mixed[] = "\xEF\xBB\xBF% A comment\r\n"
                            "@RELATION 'two words'\r\n"
                            "\r\n"
                            "@attribute 'checking status' { '<0', \"0<=X<200\", 'it\\'s none'} % comment\r\n"
                            "@ATTRIBUTE\tage\tREAL\r\n"
                            "@attribute sex{male,female}\r\n"
                            "@attribute n INTEGER   % another\r\n"
                            "@attribute note string\r\n"
                            "@attribute day date \"yyyy-MM-dd\"\r\n"
                            "@attribute class {good, bad, ugly}\r\n"
                            "@DATA\r\n"
                            "'<0',1.5,male,3,'a, b',2020-01-01,good\r\n"
                            "% in between\r\n"
                            "\"0<=X<200\", 2 , female , -4e1 , ?, '', bad\r\n"
                            "\t'it\\'s none',0,female,0,'x\\\\y',?,bad";

static void test_reads_attributes_of_all_kinds(void)
{
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, mixed), "ignore", "note, 6", NULL);
    SET_OK(&s);
    static const char *const names[] = { "checking status=<0",
                                         "checking status=0<=X<200",
                                         "checking status=it's none",
                                         "age",
                                         "sex=male",
                                         "sex=female",
                                         "n" };
    const float wanted[3][7] = { { 1, 0, 0, 1.5f, 1, 0, 3 }, { 0, 1, 0, 2, 0, 1, -40 }, { 0, 0, 1, 0, 0, 1, 0 } };
    CU_ASSERT(s.task.kind == HONE_TASK_CLASSIFICATION && s.task.n_outputs == 3 && s.task.dims[0] == 7 &&
              s.task.dtype == HONE_F32);
    for (int i = 0; i < 7; i++)
        CU_ASSERT_STRING_EQUAL(s.task.features[i], names[i]);
    CU_ASSERT_STRING_EQUAL(s.task.classes[2], "ugly"); /* though no row is */
    CU_ASSERT_EQUAL_FATAL(s.views[0].n, 3);
    CU_ASSERT(!memcmp(s.views[0].inputs, wanted, sizeof wanted));
    CU_ASSERT(s.views[0].labels[0] == 0 && s.views[0].labels[1] == 1 && s.views[0].labels[2] == 1);
    set_reads_as_viewed(&s);
    component_close(&s.c);
}

static void test_predicts_any_attribute(void)
{
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, mixed), "ignore", "note, day", "target", "age", NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.kind == HONE_TASK_REGRESSION && s.task.n_outputs == 1 && s.task.dims[0] == 9);
    CU_ASSERT(near((double)s.views[0].targets[0], 1.5, 0) && near((double)s.views[0].targets[1], 2, 0));
    component_close(&s.c);
    SET_OPEN(&s, "arff", "file", text_file(0, mixed), "ignore", "note, day", "target", "3", NULL);
    SET_OK(&s);
    CU_ASSERT_STRING_EQUAL(s.task.classes[0], "male");
    component_close(&s.c);
}

static void test_reads_sparse_rows(void)
{
    static const char text[] = "@relation r\n@attribute a numeric\n@attribute b {p,q,'r s'}\n@attribute c numeric\n"
                               "@attribute y numeric\n@data\n{0 1.5, 1 'r s', 3 7}\n{ }\n{2 -1,3 2}\n";
    const float wanted[3][5] = { { 1.5f, 0, 0, 1, 0 }, { 0, 1, 0, 0, 0 }, { 0, 1, 0, 0, -1 } };
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, text), NULL);
    SET_OK(&s);
    CU_ASSERT(s.task.dims[0] == 5 && s.views[0].n == 3 && !memcmp(s.views[0].inputs, wanted, sizeof wanted));
    CU_ASSERT(near((double)s.views[0].targets[0], 7, 0) && near((double)s.views[0].targets[1], 0, 0) &&
              near((double)s.views[0].targets[2], 2, 0));
    component_close(&s.c);
}

#define HEAD "@relation r\n@attribute a numeric\n@attribute b {u,v,w}\n@attribute y {p,q}\n@data\n"
static void test_replaces_missing_values(void)
{
    static const char text[] = HEAD "1,u,p\n?,?,q\n3,v,p\n?,v,q\n";
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, text), NULL);
    CU_ASSERT(set_fails(&s, "impute", ":7: attribute 'a' is missing: give impute"));
    component_close(&s.c);
    SET_OPEN(&s, "arff", "file", text_file(0, text), "impute", "mean", NULL);
    SET_OK(&s);
    const float mean[4][4] = { { 1, 1, 0, 0 }, { 2, 0, 1, 0 }, { 3, 0, 1, 0 }, { 2, 0, 1, 0 } };
    CU_ASSERT(!memcmp(s.views[0].inputs, mean, sizeof mean));
    component_close(&s.c);
    SET_OPEN(&s, "arff", "file", text_file(0, text), "impute", "zero", NULL);
    SET_OK(&s);
    const float zero[4][4] = { { 1, 1, 0, 0 }, { 0, 0, 0, 0 }, { 3, 0, 1, 0 }, { 0, 0, 1, 0 } };
    CU_ASSERT(!memcmp(s.views[0].inputs, zero, sizeof zero));
    component_close(&s.c);
    SET_OPEN(&s, "arff", "file", text_file(0, text), "ignore", "a, b", NULL);
    CU_ASSERT(set_fails(&s, "file", "has no attribute left to learn from"));
    component_close(&s.c);
    /* a column that is missing throughout, and one that has a quoted question mark */
    SET_OPEN(&s, "arff", "file",
             text_file(0, "@relation r\n@attribute a numeric\n@attribute b {'?',v}\n@attribute y {p,q}\n@data\n"
                          "?,'?',p\n?,v,q\n?,?,q\n"),
             "impute", "mean", NULL);
    SET_OK(&s);
    const float odd[3][3] = { { 0, 1, 0 }, { 0, 0, 1 }, { 0, 1, 0 } };
    CU_ASSERT(!memcmp(s.views[0].inputs, odd, sizeof odd));
    component_close(&s.c);
}

/* The mean must not know the rows of the test, in a file of its own or set aside. */
static void test_learns_nothing_from_the_test(void)
{
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, HEAD "1,u,p\n3,u,q\n?,u,p\n"), "test_file",
             text_file(1, HEAD "1000,u,p\n?,u,q\n"), "impute", "mean", NULL);
    SET_OK(&s);
    CU_ASSERT(s.counts[HONE_SPLIT_TEST] == 2 && near((double)set_x(&s, 0, 2, 0), 2, 0) &&
              near((double)set_x(&s, HONE_SPLIT_TEST, 1, 0), 2, 0));
    component_close(&s.c);
    static const char text[] = "@attribute a numeric\n@attribute row numeric\n@attribute y {p,q}\n@data\n"
                               "1,0,p\n3,1,p\n?,2,p\n2,3,q\n4,4,q\n1000,5,q\n?,6,q\n?,7,p\n";
    static const double known[8] = { 1, 3, -1, 2, 4, 1000, -1, -1 };
    unsigned replaced = 0;
    for (int seed = 0; seed < 5; seed++) {
        char split_seed[8];
        double sum = 0, n = 0;
        snprintf(split_seed, sizeof split_seed, "%d", seed);
        SET_OPEN(&s, "arff", "file", text_file(0, text), "test", "0.5", "split_seed", split_seed, "impute", "mean",
                 NULL);
        SET_OK(&s);
        CU_ASSERT_FATAL(s.counts[HONE_SPLIT_TRAIN] == 4 && s.counts[HONE_SPLIT_TEST] == 4);
        for (uint64_t i = 0; i < 4; i++) {
            const double value = known[(int)set_x(&s, HONE_SPLIT_TRAIN, i, 1)];
            sum += value >= 0 ? value : 0;
            n += value >= 0;
        }
        for (uint32_t split = 0; split < HONE_SPLITS; split += 2)
            for (uint64_t i = 0; i < 4; i++) {
                const double value = known[(int)set_x(&s, split, i, 1)];
                CU_ASSERT(near((double)set_x(&s, split, i, 0), value < 0 ? sum / n : value, 1e-6));
                replaced += value < 0;
            }
        component_close(&s.c);
    }
    CU_ASSERT_EQUAL(replaced, 15);
}

static void test_says_what_is_wrong(void)
{
    static const struct {
        const char *text, *key, *value, *message;
    } bad[] = {
        { "", "impute", "mean", ":0: the file ends before @data" },
        { "@relation r\n@attribute a numeric\n", "impute", "mean", ":2: the file ends before @data" },
        { "@relation r\n@data\n", "impute", "mean", ":2: @data comes before any @attribute" },
        { "a,b\n1,2\n", "impute", "mean", ":1: 'a,b' is none of @relation, @attribute, @data" },
        { "@attribute a\n@data\n", "impute", "mean", ":1: '' is no type" },
        { "@attribute\n@data\n", "impute", "mean", ":1: @attribute needs a name and a type" },
        { "@attribute a float\n@data\n", "impute", "mean", ":1: 'float' is no type of an attribute" },
        { "@attribute a relational\n@data\n", "impute", "mean", ":1: 'a' is relational" },
        { "@attribute a numeric\n@attribute 'a' {p,q}\n", "impute", "mean", ":2: two attributes are called 'a'" },
        { "@attribute a {p,q\n", "impute", "mean", ":1: the brace of the values of 'a' is never closed" },
        { "@attribute a {p,,q}\n", "impute", "mean", ":1: a value of 'a' is empty" },
        { "@attribute a {}\n", "impute", "mean", ":1: a value of 'a' is empty" },
        { "@attribute a {p,q,p}\n", "impute", "mean", ":1: 'p' is listed twice among the values of 'a'" },
        { "@attribute a {'p' q}\n", "impute", "mean", ":1: 'q' in place of , or }" },
        { "@attribute a {p} q\n", "impute", "mean", ":1: 'q' follows the values of 'a'" },
        { "@attribute 'a numeric\n", "impute", "mean", ":1: the quote ' is never closed" },
        { HEAD, "impute", "mean", ":5: there is no row after @data" },
        { HEAD "1,u\n", "impute", "mean", ":6: the row has 2 values, there are 3 attributes" },
        { HEAD "1,u,p,2\n", "impute", "mean", ":6: the row has 4 values, there are 3 attributes" },
        { HEAD "1,u,p\n\n1,x,p\n", "impute", "mean", ":8: attribute 'b': 'x' is not among its values" },
        { HEAD "z,u,p\n", "impute", "mean", ":6: attribute 'a': 'z' is not a number" },
        { HEAD "1e39,u,p\n", "impute", "mean", ":6: attribute 'a': '1e39' is not a number" },
        { HEAD "1,'u' x,p\n", "impute", "mean", ":6: 'x' follows the value 'u'" },
        { HEAD "1,\"u,p\n", "impute", "mean", ":6: the quote \" is never closed" },
        { HEAD "1,u,p,{5}\n", "impute", "mean", ":6: rows with a weight" },
        { HEAD "{0 1},{5}\n", "impute", "mean", ":6: rows with a weight" },
        { HEAD "{0 1\n", "impute", "mean", ":6: the brace of the row is never closed" },
        { HEAD "{0 1} x\n", "impute", "mean", ":6: 'x' follows the brace of the row" },
        { HEAD "{0 1}}\n", "impute", "mean", ":6: '}' follows the brace of the row" },
        { HEAD "{3 1}\n", "impute", "mean", ":6: '3 1}' does not start with the number of an attribute (0 to 2)" },
        { HEAD "{u}\n", "impute", "mean", ":6: 'u}' does not start with the number" },
        { HEAD "{0 1, 0 2}\n", "impute", "mean", ":6: attribute 0 follows 0" },
        { HEAD "1,u,?\n", "impute", "mean", ":6: the target 'y' is missing" },
        { HEAD "1,u,p\n", "target", "z", "there is no attribute 'z'" },
        { HEAD "1,u,p\n", "target", "4", "there is no attribute '4'" },
        { HEAD "1,u,p\n", "ignore", "z", "there is no attribute 'z'" },
        { HEAD "1,u,p\n", "ignore", "y", "'y' is the target" },
        { HEAD "1,u,p\n1,u,q\n", "test", "0.1", "leaves none to test on" },
        { "@attribute a numeric\n@attribute s string\n@data\n1,x\n", "impute", "mean",
          "attribute 's' is a string, which is nothing to predict" },
        { "@attribute s string\n@attribute a numeric\n@data\nx,1\n", "impute", "mean",
          "attribute 's' is a string: list it in ignore" },
        { "@attribute s date\n@attribute a numeric\n@data\nx,1\n", "impute", "mean",
          "attribute 's' is a date: list it in ignore" },
        { "@attribute a numeric\n@attribute y {p}\n@data\n1,p\n", "impute", "mean", "has one class only" },
        { HEAD "1,\xE9,p\n", "impute", "mean", ":6: byte 0xe9 is not UTF-8" },
        { HEAD "1,u,p\n", "test_file", "/nowhere/x", "cannot open /nowhere/x" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct set s;
        SET_OPEN(&s, "arff", "file", text_file(0, bad[i].text), bad[i].key, bad[i].value, NULL);
        CU_ASSERT(set_fails(&s, NULL, bad[i].message));
        component_close(&s.c);
    }
    struct set s;
    SET_OPEN(&s, "arff", "file", text_file(0, HEAD "1,u,p\n"), "test_file",
             text_file(1, "@attribute a numeric\n@attribute b {u,w,v}\n@attribute y {p,q}\n@data\n1,u,p\n"), NULL);
    CU_ASSERT(set_fails(&s, "test_file", "attribute 2 of"));
    component_close(&s.c);
    SET_OPEN(&s, "arff", "file", text_file(0, HEAD "1,u,p\n"), "test_file",
             text_file(1, "@attribute a numeric\n@data\n1\n"), NULL);
    CU_ASSERT(set_fails(&s, "test_file", "has 1 attributes, the training file has 3"));
    component_close(&s.c);
}

/* Cuts and changes: an error or a table, never a crash. */
static void test_survives_broken_files(void)
{
    static const char alphabet[] = "{}{},,''\"\"\\\n\n%@? \tab01.-e\xC3\xA4";
    static const char sparse[] = HEAD "{0 1, 1 v}\n{2 q}\n1,u,p\n?,'v',q\n{}\n";
    char text[1000];
    hone_rng rng = hone_rng_at(5, 0);
    unsigned good = 0;
    for (unsigned round = 0; round < 4000; round++) {
        struct set s;
        size_t n = round % 2 ? sizeof mixed - 1 : sizeof sparse - 1;
        memcpy(text, round % 2 ? mixed : sparse, n);
        for (unsigned i = 0; i < round % 5; i++)
            text[hone_rng_below(&rng, n)] = round % 7 ? alphabet[hone_rng_below(&rng, sizeof alphabet - 1)]
                                                      : (char)hone_rng_u32(&rng);
        if (round % 3 == 0)
            n -= (size_t)hone_rng_below(&rng, n);
        SET_OPEN(&s, "arff", "file", set_file(0, text, n), "impute", "mean", round % 2 ? "ignore" : NULL, "note, day",
                 NULL);
        CU_ASSERT(s.rc == HONE_OK || (s.rc < 0 && *s.c.err.msg));
        good += s.rc == HONE_OK;
        component_close(&s.c);
    }
    CU_ASSERT(good > 300);
}

SUITE(TEST(test_reads_attributes_of_all_kinds), TEST(test_predicts_any_attribute), TEST(test_reads_sparse_rows),
      TEST(test_replaces_missing_values), TEST(test_learns_nothing_from_the_test), TEST(test_says_what_is_wrong),
      TEST(test_survives_broken_files))
