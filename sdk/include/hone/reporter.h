/* SPDX-License-Identifier: MIT */
/* hone/reporter.h - kind "reporter/1": hears what happens in a study and shows or writes it. */
#ifndef HONE_REPORTER_H
#define HONE_REPORTER_H
#include "hone/plugin.h"
#include "hone/storage.h"
#include "hone/task.h"

#define HONE_KIND_REPORTER "reporter/1"

/* Where a reporter writes for the user: standard error of `hone run`. Life of the reporter. */
typedef struct hone_terminal {
    uint32_t size, is_terminal; /* 0: a file or a pipe: whole lines only, no cursor movement */
    uint32_t colour, quiet;     /* 1: escape sequences for colour are welcome; 1: --quiet, only failures and the end */
    void *ctx;
    void (*write)(void *ctx, const char *text, uint64_t n);
    uint32_t (*columns)(void *ctx); /* width now; 80 where unknown */
} hone_terminal;

typedef struct hone_worker_status {
    uint32_t size, busy;
    uint64_t trial;
    int64_t step; /* last reported */
    double since; /* seconds since the trial started */
} hone_worker_status;

typedef struct hone_status {
    uint32_t size, n_objectives;
    const char *study;
    const hone_value *objectives;                       /* names, directions */
    uint64_t trials;                                    /* budget, 0: none */
    double time;                                        /* budget in seconds, 0: none */
    double elapsed;                                     /* seconds of this run */
    uint64_t running, complete, pruned, failed, before; /* before: of these, found when the study was resumed */
    int64_t max_step;                                   /* 0: unknown */
    const hone_trial_record *best;                      /* NULL: none yet; several objectives: a point of the front */
    uint32_t n_front, n_workers;                        /* size of the Pareto front */
    const hone_worker_status *workers;
    uint64_t paused; /* trials that wait to go on */
} hone_status;

enum {
    HONE_NOW_STARTED = 1, /* the study: text is the line "study 'x', 60 trials, 2 workers ..." */
    HONE_NOW_TRIAL = 2,   /* a trial started: trial */
    HONE_NOW_REPORT = 3,  /* report */
    HONE_NOW_OUTCOME = 4, /* trial, as it ended */
    HONE_NOW_TICK = 5,    /* about five times a second */
    HONE_NOW_NOTE = 6,    /* text: a warning, a message of a plugin */
    HONE_NOW_FINAL = 7,   /* the last training of the winner goes on: report */
    HONE_NOW_ENDED = 8    /* text: the end in words, several lines: winner, test metrics, model, next commands */
};
typedef struct hone_news {
    uint32_t size, what;
    const hone_status *status; /* always there */
    const hone_trial_record *trial;
    const hone_report_record *report;
    const char *text;
} hone_news;

typedef struct hone_reporter_v1 {
    uint32_t size, flags;
    hone_rc (*open)(void *self, const hone_terminal *terminal, hone_error *err);
    hone_rc (*hear)(void *self, const hone_news *news, hone_error *err); /* [study] */
} hone_reporter_v1;
#endif /* HONE_REPORTER_H */
