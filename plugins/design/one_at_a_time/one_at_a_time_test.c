/* SPDX-License-Identifier: MIT */
/* Every level beside the baseline once, alone. */
#include "design_case.h"

static void test_each_level_alone(void)
{
    static struct design_rows d;
    design_ask(&d, "one_at_a_time", "232", "010", NULL, NULL);
    design_is(&d, (const char *const[]){ "010", "110", "000", "020", "011", NULL });
    design_ask(&d, "one_at_a_time", "3", "2", NULL, NULL);
    design_is(&d, (const char *const[]){ "2", "0", "1", NULL });
}

SUITE(TEST(test_each_level_alone))
