/* SPDX-License-Identifier: MIT */
/* csv, json and markdown, to the byte where a program would stumble. That other programs read them: tests/e2e/exports_test.sh. */
#include "view_case.h"
#include "component.h"

#include <jansson.h>

static char *written(const char *name, const char *key, const char *value, uint32_t n_studies)
{
    struct component c;
    CU_ASSERT_EQUAL_FATAL(component_open(&c, name, 1, key, value, NULL), HONE_OK);
    char *text = case_written(c.component, c.self, n_studies);
    component_close(&c);
    return text;
}

static int says(const char *text, const char *line)
{
    const char *found = strstr(text, line);
    if (!found)
        printf("# missing: %s\n# in: %s\n", line, text);
    return found != NULL;
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void test_csv_trials(void)
{
    char *text = written("csv", NULL, NULL, 1);
    CU_ASSERT(says(
        text,
        "study,trial,state,validation.accuracy,optimizer.learning_rate,model.width,optimizer.use,optimizer.momentum,"
        "objective.batch_size,shift,label,n,validation.loss,seconds,step,best_step,started,ended,component,message\n"
        "first,0,complete,0.875,0.01,64,sgd,0.9,32,0.5,\"a, \"\"b\"\"\",10,nan,inf,3,2,2027-01-15T08:00:00.000Z,"
        "2027-01-15T08:00:07.500Z,,\n"
        "first,1,pruned,0.25,0.1,480,adam,,64,-1.25,n\xc3\xa4in,1,,,3,0,"));
    CU_ASSERT(says(text, "objective,\"killed by \"\"SIGSEGV\"\",\nin step 3\"\n"));
    CU_ASSERT(says(text, "first,4,waiting,,0.02,"));
    CU_ASSERT_EQUAL(lines(text), 1 + CASE_TRIALS + 1);
    free(text);
}

static void test_csv_of_two_studies(void)
{
    char *text = written("csv", NULL, NULL, 2);
    CU_ASSERT(says(text, ",validation.accuracy,loss,time,"));
    CU_ASSERT(says(text, ",label,n,x,model.parameters <= 500000,"));
    CU_ASSERT(says(text, "second,1,complete,,2,1,,,,,,,,,0.5,0.5,"));
    free(text);
}

static void test_csv_reports(void)
{
    char *text = written("csv", "table", "reports", 1);
    CU_ASSERT(says(text, "study,trial,step,metric,value,time\nfirst,0,1,train.loss,1,2027-01-15T08:00:01.000Z\n"
                         "first,0,1,validation.accuracy,0.1,2027-01-15T08:00:01.000Z\n"));
    CU_ASSERT(says(text, "first,1,3,validation.accuracy,nan,"));
    CU_ASSERT(says(text, "first,2,1,validation.accuracy,inf,"));
    CU_ASSERT(says(text, "first,0,3,train.loss,0.3333333333333333,"));
    CU_ASSERT_EQUAL(lines(text), 1 + 6 * 3 * 2);
    free(text);
}

static json_t *at(json_t *value, const char *key, size_t index)
{
    return json_array_get(json_object_get(value, key), index);
}

static double number_of(json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void test_json_is_read(void)
{
    char *text = written("json", NULL, NULL, 2);
    json_error_t error;
    /* infinities are 1e999, which this library refuses to read as a number */
    CU_ASSERT(says(text, "\"seconds\": 1e999"));
    for (char *infinite = text; (infinite = strstr(infinite, "1e999"));)
        memcpy(infinite, "1e308", 5);
    json_t *root = json_loads(text, 0, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(root);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(root, "format")), "hone/1");
    json_t *first = at(root, "studies", 0), *trial = at(first, "trials", 0);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(root, "studies")), 2);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(first, "trials")), CASE_TRIALS);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(first, "reports")), 18);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(first, "space")), CASE_DIMS);
    json_t *parameters = json_object_get(trial, "parameters");
    CU_ASSERT_EQUAL(number_of(parameters, "optimizer.learning_rate"), 0.01);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(parameters, "objective.batch_size")), "32");
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(parameters, "label")), "a, \"b\"");
    CU_ASSERT(json_is_null(json_object_get(json_object_get(trial, "metrics"), "validation.loss")));
    CU_ASSERT_PTR_NULL(json_object_get(json_object_get(at(first, "trials", 1), "parameters"), "optimizer.momentum"));
    CU_ASSERT(json_is_null(json_object_get(at(first, "trials", 4), "started")));
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(at(first, "trials", 2), "message")),
                           "killed by \"SIGSEGV\",\nin step 3");
    CU_ASSERT_EQUAL(json_number_value(at(at(at(root, "studies", 1), "trials", 1), "constraints", 0)), 0.5);
    CU_ASSERT(json_is_null(json_object_get(json_object_get(at(first, "reports", 5), "values"), "validation.accuracy")));
    json_decref(root);
    free(text);
}

static void test_markdown(void)
{
    char *text = written("markdown", NULL, NULL, 2);
    CU_ASSERT(says(text, "## first\n\n7 trials: 2 complete, 1 pruned, 1 failed; seed 7; "));
    CU_ASSERT(says(text, "\nObjectives: validation.accuracy max.\n"));
    CU_ASSERT(says(text, "| trial | validation.accuracy | optimizer.learning_rate | model.width | optimizer.use | "
                         "optimizer.momentum |"));
    CU_ASSERT(says(
        text, "\n|---|---|---|---|---|---|---|---|---|---|\n"
              "| 3 | 0.9 | 0.0001 | 96 | adam |  | 64 | 0 | n\xc3\xa4in | 2 |\n| 0 | 0.875 | 0.01 | 64 | sgd | 0.9 |"));
    /* the front: trial 1 violates its constraint, trial 2 is infinite */
    CU_ASSERT(says(text, "\nConstraints: model.parameters <= 500000.\n"));
    CU_ASSERT(says(text, "| trial | loss | time | x |\n|---|---|---|---|\n| 0 | 1 | 3 | 0.25 |\n\nMore: `hone trials "
                         "case.db --study second`\n"));
    free(text);
    text = written("markdown", "best", "1", 1);
    CU_ASSERT(says(text, "| 3 | 0.9 |"));
    CU_ASSERT_PTR_NULL(strstr(text, "| 0 | 0.875 |"));
    free(text);
}

static void test_says_that_it_cannot_write(void)
{
    static const char *const names[] = { "csv", "json", "markdown" };
    for (int i = 0; i < 3; i++) {
        struct component c;
        struct caught_bytes bytes = { NULL, 0, 10 };
        const hone_ostream out = { &bytes, catch_bytes };
        const hone_view view = case_view(2, &out, NULL);
        CU_ASSERT_EQUAL_FATAL(component_open(&c, names[i], 1, NULL), HONE_OK);
        CU_ASSERT_EQUAL(((const hone_reporter_v1 *)c.component->iface)->write(c.self, &view, &c.err), HONE_EIO);
        component_close(&c);
        free(bytes.data);
    }
}

SUITE(TEST(test_csv_trials), TEST(test_csv_of_two_studies), TEST(test_csv_reports), TEST(test_json_is_read),
      TEST(test_markdown), TEST(test_says_that_it_cannot_write))
