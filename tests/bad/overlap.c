/* SPDX-License-Identifier: MIT */
/* Two parameters share bytes of the config struct. */
#include "bad.h"

static const hone_param params[] = {
    { HONE_T_REAL, 0, 0, 0, "rate", "0.5", 0, 1, NULL, NULL, NULL, "Share." },
    { HONE_T_ENUM, 0, 4, 0, "mode", "a", 0, 0, (const char *const[]){ "a", "b", NULL }, NULL, NULL, "Mode." },
};
BAD_COMPONENT("overlap", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, params, 2, 16);
HONE_MODULE("org.hone.tests.overlap", "1.0.0", "MIT", "", "", &bad_component)
