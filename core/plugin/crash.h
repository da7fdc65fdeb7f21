/* SPDX-License-Identifier: MIT */
/* Who is to blame when the process dies inside a plugin: the name of what was called is kept where a signal handler can read
 * it. For the coordinator; workers keep it in the page they share with the coordinator. */
#ifndef HONE_PLUGIN_CRASH_H
#define HONE_PLUGIN_CRASH_H
#include "plugin/catalog.h"

/* Installs handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and for exit: they write one line to standard error, naming
 * what was entered, and let the process die as it would have. */
void crash_install(void);
/* Now inside a component; NULL: out of it again. The entry must stay. */
void crash_enter(const struct catalog_component *component);
/* "search 'tpe' (/usr/lib/...so)" of what was entered, to standard error; 0 where nothing was. Async-signal-safe. */
int crash_name_entered(void);
/* 1 between crash_enter of a component and crash_enter(NULL). */
int crash_is_inside(void);
#endif
