/* SPDX-License-Identifier: MIT */
/* The version of the program; the ABI has its own, in hone/plugin.h. */
#ifndef HONE_VERSION_H
#define HONE_VERSION_H
#define HONE_VERSION "0.1.0"
#define HONE_DATE    "2026-11-30" /* of what the manual pages say */
#endif
