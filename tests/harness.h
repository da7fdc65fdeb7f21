/* SPDX-License-Identifier: MIT */
/* A suite in one file: CUnit's assertions, one line of output per test, an exit status that tells the truth.
 *
 *     static void test_reads_numbers(void) { CU_ASSERT_EQUAL(1, 1); }
 *     SUITE(TEST(test_reads_numbers))
 *
 * The runner counts the lines "ok NAME" and "not ok NAME"; a suite that dies counts as one failure. */
#ifndef HONE_TESTS_HARNESS_H
#define HONE_TESTS_HARNESS_H
#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEST(function)      \
    {                       \
#function, function \
    }
struct harness_test {
    const char *name;
    void (*run)(void);
};

static void harness_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    (void)suite;
    printf("%s %s\n", failure ? "not ok" : "ok", test->pName);
    for (CU_pFailureRecord f = failure; f; f = f->pNext)
        printf("#   %s:%u: %s\n", f->strFileName, f->uiLineNumber, f->strCondition);
    fflush(stdout);
}

static int harness_main(const struct harness_test *tests, size_t n, int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite suite = CU_add_suite("suite", NULL, NULL);
    for (size_t i = 0; i < n; i++)
        if (argc < 2 || strstr(tests[i].name, argv[1]))
            CU_add_test(suite, tests[i].name, tests[i].run);
    CU_set_test_complete_handler(harness_complete);
    CU_run_all_tests();
    const unsigned failures = CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    return failures ? 1 : 0;
}

#define SUITE(...)                                                            \
    int main(int argc, char **argv)                                           \
    {                                                                         \
        static const struct harness_test tests[] = { __VA_ARGS__ };           \
        return harness_main(tests, sizeof tests / sizeof *tests, argc, argv); \
    }
#endif
