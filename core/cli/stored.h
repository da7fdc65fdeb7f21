/* SPDX-License-Identifier: MIT */
/* Studies in a storage, for the commands that read them. */
#ifndef HONE_CLI_STORED_H
#define HONE_CLI_STORED_H
#include "cli/cli.h"
#include "hone/storage.h"
#include "plugin/component.h"

struct stored {
    struct catalog *catalog;
    struct component storage;
    const hone_storage_v1 *iface;
    hone_study_record study; /* the one chosen; strings are copies */
    hone_settings_memory memory;
};
/* What plugins get that run in the process of a command that reads: a log, and no more. */
extern const hone_host stored_host;
/* Opens a storage for reading: "sqlite:fashion.db" or just a path, then the kind's default is taken. 0, or the exit code. */
int stored_open(struct stored *stored, const struct cli *cli, const char *url);
int stored_open_in(struct stored *stored, const struct cli *cli, const char *url, uint32_t mode); /* HONE_STORAGE_... */
/* Chooses the study named by --study, or the only one. 0, or the exit code after having said which there are. */
int stored_choose(struct stored *stored, const struct cli *cli);
hone_rc stored_study_copy(struct stored *stored, const hone_study_record *record); /* makes it the one chosen */
hone_rc stored_study_ended(struct stored *stored, const char *ended);              /* changes why it ended */
void stored_release(struct stored *stored);
/* The notes of the study chosen; none where the storage keeps none. */
hone_rc stored_notes(const struct stored *stored, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err);
int stored_keeps_notes(const struct stored *stored); /* 1: it can be given some */
/* Writes one, now, in a transaction of its own. */
hone_rc stored_put_note(const struct stored *stored, int64_t trial, const char *text, hone_error *err);

/* A trial that outlives the visit. */
struct stored_trial {
    hone_trial_record record;
    hone_settings_memory memory;
};
/* The best trial (several objectives: the front, smallest number first), malloc'ed; *n 0: none is complete. */
int stored_best(struct stored *stored, struct stored_trial **trials, size_t *n);
void stored_trials_release(struct stored_trial *trials, size_t n);
hone_rc stored_trial_copy(struct stored_trial *to, const hone_trial_record *from);
/* The metric that tells what the trial has moved a setting to while it ran, or NULL: it has not. */
const hone_value *stored_tuned(const hone_trial_record *trial, const char *key);
const char *state_name(uint32_t state); /* "complete" */
/* "2026-11-30T11:45:00Z", or "?". */
const char *stored_time(double seconds, char *out, size_t n);
/* A line "key=value" of a study's environment, or NULL; the value goes to out. */
const char *stored_environment(const char *environment, const char *key, char *out, size_t n);
/* "fashion.db --study fashion", quoted for a shell: what the commands that come next need. */
void stored_arguments(struct text *out, const char *storage, const char *study);
#endif
