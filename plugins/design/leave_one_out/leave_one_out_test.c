/* SPDX-License-Identifier: MIT */
/* All parts, without each one, none. */
#include "design_case.h"

static void test_rows(void)
{
    static struct design_rows d;
    design_ask(&d, "leave_one_out", "222", "010", NULL, NULL);
    design_is(&d, (const char *const[]){ "101", "001", "111", "100", "010", NULL });
    design_ask(&d, "leave_one_out", "2", "0", NULL, NULL);
    design_is(&d, (const char *const[]){ "1", "0", NULL });
}

SUITE(TEST(test_rows))
