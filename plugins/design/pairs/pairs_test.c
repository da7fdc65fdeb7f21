/* SPDX-License-Identifier: MIT */
/* The baseline, each change alone, each two changes of different axes. */
#include "design_case.h"

static void test_rows(void)
{
    static struct design_rows d;
    design_ask(&d, "pairs", "232", "010", NULL, NULL);
    design_is(&d, (const char *const[]){ "010", "110", "000", "020", "011", "100", "120", "111", "001", "021", NULL });
}

SUITE(TEST(test_rows))
