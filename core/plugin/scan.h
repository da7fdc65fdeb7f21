/* SPDX-License-Identifier: MIT */
/* Describing modules in child processes: a constructor that crashes, hangs or exits takes only its child along.
 * Private to core/plugin. */
#ifndef HONE_PLUGIN_SCAN_H
#define HONE_PLUGIN_SCAN_H
#include "base/text.h"
#include "hone/plugin.h"

#include <sys/types.h>

enum { SCAN_SECONDS = 5 };
struct scan_job {
    const char *path;
    struct text description; /* result, always whole: the module's, or "broken" with the reason */
    pid_t pid;               /* while running */
    int out;
    int timed_out;
    double deadline;
};
/* One child a file, as many at once as there are processors, SCAN_SECONDS each. program: NULL is the running one. */
hone_rc scan_files(const char *program, struct scan_job *jobs, size_t n, hone_error *err);
#endif
