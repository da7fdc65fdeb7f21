/* SPDX-License-Identifier: MIT */
/* No part, each one alone, all. */
#include "design_case.h"

static void test_rows(void)
{
    static struct design_rows d;
    design_ask(&d, "add_one_in", "222", "010", NULL, NULL);
    design_is(&d, (const char *const[]){ "010", "110", "000", "011", "101", NULL });
    design_ask(&d, "add_one_in", "2", "0", NULL, NULL);
    design_is(&d, (const char *const[]){ "0", "1", NULL });
}

SUITE(TEST(test_rows))
