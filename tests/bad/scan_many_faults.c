/* SPDX-License-Identifier: MIT */
/* A module that breaks the contract in several places. */
#define SCAN_ID   "org.test.faults"
#define SCAN_NAME "faults"
#include "scan_component.h"

static const hone_param bad[] = {
    HONE_REAL(struct settings, rate, "2", 0, 1, 0, NULL, "Its default is outside its range."),
    { 99, 0, 0, 0, "other", "1", 0, 1, NULL, NULL, NULL, "Unknown type." },
};
static const hone_component faulty = { sizeof faulty,
                                       1u << 31,
                                       HONE_KIND_SEARCH,
                                       SCAN_NAME,
                                       "Faults",
                                       NULL,
                                       bad,
                                       HONE_COUNT(bad),
                                       sizeof(hone_param),
                                       sizeof(struct settings),
                                       0,
                                       &iface,
                                       create,
                                       NULL,
                                       NULL,
                                       NULL,
                                       NULL };
HONE_MODULE(SCAN_ID, "1.0.0", "MIT", "", "", &faulty)
