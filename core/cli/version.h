/* SPDX-License-Identifier: MIT */
/* What this program is made of. */
#ifndef HONE_CLI_VERSION_H
#define HONE_CLI_VERSION_H
/* `hone --version`: hone, the plugin ABI, and oneDNN as libhone-nn says; libhone-nn is asked, never linked. The exit
 * code. */
int version_print(void);
#endif
