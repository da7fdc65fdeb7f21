/* SPDX-License-Identifier: MIT */
/* Was built for another major version of the ABI. */
#include "bad.h"

HONE_EXPORT const void *hone_module_v2(void);
const void *hone_module_v2(void)
{
    return NULL;
}
