/* SPDX-License-Identifier: MIT */
/* Breaks no rule: what the others are compared with. */
#include "bad.h"

BAD_SEARCH("good_search", bad_create, bad_destroy, bad_open, bad_ask, bad_tell)
