/* SPDX-License-Identifier: MIT */
/* The same component as scan_good, from another module. */
#define SCAN_ID   "org.test.twin"
#define SCAN_NAME "good"
#include "scan_component.h"

HONE_MODULE(SCAN_ID, "1.0.0", "MIT", "", "", &component)
