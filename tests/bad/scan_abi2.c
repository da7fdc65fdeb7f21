/* SPDX-License-Identifier: MIT */
/* Built for the ABI's next major. */
__attribute__((visibility("default"))) const void *hone_module_v2(void);
const void *hone_module_v2(void)
{
    return 0;
}
