/* SPDX-License-Identifier: MIT */
/* A module as it should be, which prints where it must not: the scanner has to cope. */
#define SCAN_ID   "org.test.good"
#define SCAN_NAME "good"
#include "scan_component.h"

__attribute__((constructor)) static void greet(void)
{
    printf("end\nbroken\thello\t1\nend\n");
    fflush(stdout);
}

HONE_MODULE(SCAN_ID, "1.2.3", "MIT", "", "", &component)
