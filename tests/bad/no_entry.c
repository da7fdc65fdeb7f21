/* SPDX-License-Identifier: MIT */
/* Exports nothing. */
#include "bad.h"

HONE_EXPORT int hone_tests_no_entry(void);
int hone_tests_no_entry(void)
{
    return bad_create != NULL;
}
