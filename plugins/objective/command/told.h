/* SPDX-License-Identifier: MIT */
/* objective/command: what a program is told of its trial, in arguments and in environment variables. [trial] */
#ifndef HONE_COMMAND_TOLD_H
#define HONE_COMMAND_TOLD_H
#include "template.h"

#include "hone/objective.h"

/* 1 where a placeholder's key means the trial itself: trial, attempt, seed, study_seed, directory. */
int told_is_own_key(const char *key);
/* The words of `run` with the trial's values in them; with a shell, /bin/sh -c and the line. */
hone_rc told_arguments(const struct words *templates, int shell, const hone_trial *trial, struct words *argv,
                       hone_error *err);
/* The worker's environment and HONE_... of the trial; checkpoints: a folder, or NULL. HONE_EINVAL where two keys have one name. */
hone_rc told_environment(const hone_trial *trial, const char *checkpoints, struct words *environment, hone_error *err);
#endif /* HONE_COMMAND_TOLD_H */
