/* SPDX-License-Identifier: MIT */
/* Every combination once, the baselines first; too many are refused. */
#include "design_case.h"

static void test_every_combination(void)
{
    static struct design_rows d;
    design_ask(&d, "factorial", "23", "01", NULL, NULL);
    design_is(&d, (const char *const[]){ "01", "00", "02", "11", "10", "12", NULL });
    design_ask(&d, "factorial", "22222222222222222", "00000000000000000", NULL, NULL);
    CU_ASSERT_EQUAL(d.rc, HONE_ERANGE);
    CU_ASSERT(strstr(d.err.msg, "17 axes") != NULL);
}

SUITE(TEST(test_every_combination))
