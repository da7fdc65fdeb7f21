/* SPDX-License-Identifier: MIT */
/* One trial inside a worker: what the objective sees as hone_trial, and what becomes of its answers. */
#ifndef HONE_WORKER_TRIAL_RUN_H
#define HONE_WORKER_TRIAL_RUN_H
#include "base/text.h"
#include "hone/objective.h"
#include "plugin/guard.h"
#include "study/crew.h"
#include "worker/shared_page.h"
#include "worker/wire.h"

#include <pthread.h>

/* The channel of a worker: whole frames in, whole frames out. Any thread may send (plugins log from where they like), one
 * receives. */
struct channel {
    int fd;
    uint8_t *in;
    size_t n_in, in_capacity, consumed;
    struct text out; /* the trial thread's frame at hand */
    pthread_mutex_t sending;
    const volatile uint32_t *cancel; /* of the shared page */
};
hone_rc channel_init(struct channel *channel, int fd, const volatile uint32_t *cancel, hone_error *err);
void channel_release(struct channel *channel);
/* Waits for the next frame. HONE_OK; HONE_DONE: the channel has ended; HONE_ECANCELED: interruptible, and the trial is to end. */
hone_rc channel_receive(struct channel *channel, struct wire_frame *frame, int interruptible, hone_error *err);
/* Ends the frame in `out` and sends it. [any] */
hone_rc channel_send(struct channel *channel, struct text *out, hone_error *err);

struct measured { /* a value by name, last word first */
    char *name;
    double value;
    uint32_t direction;
    int final; /* given by result, not by a report */
};
struct trial_run {
    hone_trial trial; /* first: what the objective sees */
    struct channel *channel;
    struct shared_page *page;
    struct measured *measured;
    size_t n_measured, capacity;
    struct guard guard;
    hone_error misbehaviour; /* code 0: none; floating-point state changed and the like */
    char culprit[96];
    uint32_t verdict;        /* the last: HONE_PAUSE and HONE_STOP end the trial */
    int64_t step;            /* last reported by this run of it */
    int64_t reported, level; /* as told: see crew_trial */
    uint32_t stopped;
    int inner;          /* what the objective reports is of a run that is itself a step: nobody hears it */
    int64_t inner_step; /* last reported so */
    uint64_t repeat;    /* 0, 1, ...: the run at hand */
    struct crew_checkpoint restore[2]; /* as told; what is damaged is left out */
    double checkpoint_interval, saved; /* seconds; monotonic time of the last checkpoint, or of the beginning */
    char *saving;                      /* where the checkpoint that is being written will be */
    char **paths;                      /* handed out by artifact_path */
    size_t n_paths;
    hone_error channel_error;
};
void trial_run_begin(struct trial_run *run, struct channel *channel, struct shared_page *page);
/* The objective's next run is a step of the trial; repeat: which of them. */
void trial_run_inner(struct trial_run *run, int64_t repeat);
/* ... and has ended: what it came to is reported as that step. As report of hone_trial. */
hone_rc trial_run_step(struct trial_run *run, int64_t step, hone_error *err);
/* The trial was told to stop, and died before it could say so: HONE_DONE. */
hone_rc trial_run_stopped(struct trial_run *run);
/* Looks once more for what a component has left behind, then tells the coordinator how it ended. */
hone_rc trial_run_finish(struct trial_run *run, hone_rc rc, const hone_error *why, hone_error *err);
void trial_run_release(struct trial_run *run);
#endif
