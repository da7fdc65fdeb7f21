/* SPDX-License-Identifier: MIT */
/* Who is to blame when the process dies inside a plugin: the name of what was called is kept where a signal handler can read
 * it. For the coordinator; workers keep it in the page they share with the coordinator. */
#ifndef HONE_PLUGIN_CRASH_H
#define HONE_PLUGIN_CRASH_H
/* Installs handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and for exit: they write one line to standard error, naming
 * what was entered, and let the process die as it would have; an exit out of a plugin becomes one with status 1. */
void        crash_install(void);
/* Now inside `what` ("search 'tpe' of /usr/lib/...so"); NULL: out of it again. The string must stay. */
void        crash_enter(const char *what);
/* What was entered, or NULL. Async-signal-safe. */
const char *crash_entered(void);
#endif
