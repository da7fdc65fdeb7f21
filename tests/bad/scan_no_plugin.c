/* SPDX-License-Identifier: MIT */
/* A library, but no plugin. */
__attribute__((visibility("default"))) int scan_no_plugin(void);
int scan_no_plugin(void)
{
    return 1;
}
