/* SPDX-License-Identifier: MIT */
/* Checkpoint files: where they lie, that they are whole, and what the objective sees of them. A file is the objective's own
 * bytes; size and checksum travel to the storage, so that a torn file is known before anybody reads it. */
#ifndef HONE_WORKER_CHECKPOINT_H
#define HONE_WORKER_CHECKPOINT_H
#include "study/crew.h"
#include "worker/trial_run.h"

/* Reads the file: its size and checksum. HONE_EIO, naming it. */
hone_rc checkpoint_measure(const char *path, uint64_t *size, uint64_t *checksum, hone_error *err);
/* Fills in what a trial sees of checkpoints: the functions, and the file to begin from, checked. Damaged ones are told to the
 * log through `damaged` and left out. */
void checkpoints_offer(struct trial_run *run);
/* Why the trial cannot begin: it is a clone, and what it goes on from is gone. HONE_OK otherwise. */
hone_rc checkpoints_check(struct trial_run *run, void (*damaged)(void *ctx, const char *message), void *ctx,
                          hone_error *err);
#endif
