/* SPDX-License-Identifier: MIT */
/* Lacks ask, and claims a state that it cannot save. */
#include "bad.h"

static const hone_search_v1 iface = { sizeof iface, 0, bad_open, NULL, bad_tell };
static const hone_component component = { sizeof component,
                                          HONE_C_STATEFUL,
                                          HONE_KIND_SEARCH,
                                          "missing_function",
                                          "Lacks ask",
                                          NULL,
                                          NULL,
                                          0,
                                          sizeof(hone_param),
                                          0,
                                          0,
                                          &iface,
                                          bad_create,
                                          bad_destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.missing_function", "1.0.0", "MIT", "", "", &component)
