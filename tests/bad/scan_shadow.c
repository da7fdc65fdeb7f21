/* SPDX-License-Identifier: MIT */
/* The same id as scan_good, in another version. */
#define SCAN_ID   "org.test.good"
#define SCAN_NAME "good"
#include "scan_component.h"

HONE_MODULE(SCAN_ID, "1.3.0", "MIT", "", "", &component)
