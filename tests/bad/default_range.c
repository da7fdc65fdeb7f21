/* SPDX-License-Identifier: MIT */
/* A default lies outside its own range. */
#include "bad.h"

struct settings {
    double rate;
};
static const hone_param params[] = { HONE_REAL(struct settings, rate, "1.5", 0, 1, HONE_P_TUNABLE, NULL, "Share.") };
BAD_COMPONENT("default_range", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, params, 1,
              sizeof(struct settings));
HONE_MODULE("org.hone.tests.default_range", "1.0.0", "MIT", "", "", &bad_component)
