/* SPDX-License-Identifier: MIT */
/* What replay.c and replay_read.c share: a study as the storage has it. */
#ifndef HONE_STUDY_REPLAY_H
#define HONE_STUDY_REPLAY_H
#include "study/study.h"

struct replay {
    struct study *study;
    hone_event_record *events;
    size_t n_events, capacity;
    /* reports as read, in the order of (trial, step): values of the objectives only */
    struct report {
        uint64_t trial;
        int64_t step;
    } * reports;
    double *values; /* (n_reports, width): values, then constraints */
    size_t width;
    size_t n_reports, reports_capacity;
    uint32_t *states; /* by trial, as stored */
    size_t states_capacity;
    uint64_t asked; /* trials that were new so far */
    int warned;     /* that search or scheduler answer otherwise than they did */
    hone_error *err;
};

/* Reads all of it: trials into the study's table, the rest into the replay. Release in any case. */
hone_rc replay_read(struct replay *replay, hone_error *err);
void replay_release(struct replay *replay);
/* What a trial reported at a step: values, then constraints; NULL, and the error: it is not there. */
double *replay_find_report(struct replay *replay, uint64_t trial, int64_t step);
hone_rc replay_no_memory(hone_error *err);
#endif
