/* SPDX-License-Identifier: MIT */
/* Running a study that has been read and composed: for `run` and `resume`. */
#ifndef HONE_CLI_RUN_H
#define HONE_CLI_RUN_H
#include "cli/session.h"
int run_session(struct session *session); /* the exit code */
#endif
