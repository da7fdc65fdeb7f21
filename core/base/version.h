/* SPDX-License-Identifier: MIT */
/* The version of the program; the ABI has its own, in hone/plugin.h. */
#ifndef HONE_VERSION_H
#define HONE_VERSION_H
#define HONE_VERSION "0.1.0"
#endif
