/* SPDX-License-Identifier: MIT */
/* Asking something of a study, whether a process runs it or not: for `stop`, `enqueue`, `tell` and `ask`. */
#ifndef HONE_CLI_REQUEST_H
#define HONE_CLI_REQUEST_H
#include "cli/session.h"
#include "cli/stored.h"

/* Opens the storage for writing and chooses the study. 0, or the exit code after having said why. Release in any case. */
int request_open(struct stored *stored, const struct cli *cli);
/* Leaves a request; *id is set. 0, or the exit code. */
int request_put(struct stored *stored, uint32_t what, const char *text, int64_t *id);
int request_drop(struct stored *stored, int64_t id);
/* Who runs the study: 1: a process (0: of unknown number), 0: nobody, -1 after having said what failed. */
int request_runner(const struct stored *stored, int64_t *process);
/* Leaves a request and waits until it is dealt with: by the process that runs the study, else by this one. *trial: of which the
 * answer is. 0, or the exit code after having said what the answer is. */
int request_answered(const struct cli *cli, uint32_t what, const char *text, uint64_t *trial);
/* A short sleep between two looks at a storage. */
void request_pause(void);
#endif
