/* SPDX-License-Identifier: MIT */
/* A table with every mistake that the compiler lets pass. */
#include "bad.h"

static const hone_param params[] = {
    { HONE_T_REAL, 1u << 20, 0, 0, "Rate", "0.5", 0, 1, NULL, NULL, NULL, "Upper case." },
    { HONE_T_INT, 1u << 20, 8, 0, "steps", "5", 1, 10, NULL, "mode=c", NULL, "" },
    { HONE_T_ENUM, 0, 17, 0, "mode", "z", 0, 0, (const char *const[]){ "a", "a", NULL }, NULL, NULL, "Mode." },
    { HONE_T_INT, 0, 40, 0, "steps", "5", 1, 10, NULL, NULL, NULL, "Twice, and outside." },
};
BAD_COMPONENT("bad_table", bad_create, bad_destroy, bad_open, bad_ask, bad_tell, NULL, NULL, params, 4, 32);
HONE_MODULE("bad table", "1", "", "", "", &bad_component)
