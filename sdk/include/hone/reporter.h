/* SPDX-License-Identifier: MIT */
/* hone/reporter.h - kind "reporter/1": hears what happens in a study and shows it, or writes what is kept of studies in some
 * format (since minor 1), or both. `hone run` lets those hear that the INI names; `hone report` lets one write. */
#ifndef HONE_REPORTER_H
#define HONE_REPORTER_H
#include "hone/importance.h"
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

/* ---- studies that a storage keeps, as a reporter sees that writes; since minor 1 ---- */
typedef struct hone_kept_study {
    uint32_t size, reserved;
    const hone_study_record *record; /* with the resolved INI, its sources, the environment; as of the view's making */
    const hone_space *space;         /* NULL: there is none, or it needs plugins that are not installed now */
    const char
        *command; /* arguments that name it to other commands, quoted for a shell: "fashion.db --study fashion" */
} hone_kept_study;

/* Read-only. A study may be running: then a later call may tell of trials and reports that an earlier one did not. All
 * functions are for [study]; `study` is an index. Visitors as those of hone_storage_v1: in the same order, of the same life,
 * and what they return other than HONE_OK ends the reading and is returned. */
typedef struct hone_view {
    uint32_t size, n_studies;
    const hone_kept_study *const *studies; /* (n_studies) by name; at least one */
    const char *storage;                   /* as the user named it: "fashion.db" */
    const char *path;                      /* absolute: where to write; NULL: standard output */
    const hone_ostream *out;               /* the file of that name, or standard output. HONE_REPORTER_PATH: NULL */
    const hone_terminal *terminal;         /* standard output: its width, whether colour is welcome */
    void *impl;
    hone_rc (*trials)(const struct hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                      hone_error *err);
    hone_rc (*reports)(const struct hone_view *view, uint32_t study, int64_t trial, const hone_storage_visitor *visitor,
                       hone_error *err);
    hone_rc (*events)(const struct hone_view *view, uint32_t study, const hone_storage_visitor *visitor,
                      hone_error *err);
    hone_rc (*attachments)(const struct hone_view *view, uint32_t study, int64_t trial,
                           const hone_storage_visitor *visitor, hone_error *err);
    /* x: (n_dims) of a trial of a study whose space is there; NaN where inactive. */
    hone_rc (*point)(const struct hone_view *view, uint32_t study, const hone_trial_record *trial, double *x,
                     hone_error *err);
    /* Names of the methods that importance() knows, sorted: (index), or NULL past the end. */
    const char *(*importance_method)(const struct hone_view *view, uint32_t index);
    /* What `hone importance` says, by one of the methods; NULL: the default one. Takes `most` trials at most, evenly out of
     * the complete ones; 0: all. HONE_ENOTSUP: too few trials, no space, no such method. */
    hone_rc (*importance)(const struct hone_view *view, uint32_t study, const char *method, uint32_t objective,
                          uint64_t most, hone_importance_sink give, void *ctx, hone_error *err);
    /* As of hone_storage_v1; a storage that keeps none has none. */
    hone_rc (*notes)(const struct hone_view *view, uint32_t study, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err);
    /* As events, of those whose sequence is `from` or larger: what came behind those that were read before. */
    hone_rc (*events_from)(const struct hone_view *view, uint32_t study, uint64_t from,
                           const hone_storage_visitor *visitor, hone_error *err);
} hone_view;

enum {                                /* flags */
       HONE_REPORTER_PATH = 1u << 0,  /* writes a folder, a database: the file at view->path is its own affair */
       HONE_REPORTER_PLOTS = 1u << 1, /* has a key `kind`, an enumeration of plots: `hone plot KIND`. write may answer
                                         HONE_ENOTSUP with the reason where there is nothing to draw yet */
       HONE_REPORTER_ONE = 1u << 2    /* of one study only */
};
/* How a reporter is to serve a view to browsers; life of the call. */
typedef struct hone_serving {
    uint32_t size, port; /* 0: any that is free */
    const char *address; /* numeric: "127.0.0.1", "::1", "0.0.0.0" */
    const char *token;   /* requests that do not name it are refused; NULL: nobody but this machine can ask */
    void *ctx;
    /* It answers from now on: to be told to the user. */
    void (*ready)(void *ctx, const char *url);
    /* Reads the studies' records and the list of them anew: view->studies, and what it points to, may be others afterwards; a
     * study keeps its index. The other functions of the view see what is stored at their call anyway. */
    hone_rc (*refresh)(void *ctx, hone_error *err);
    /* Asks something of a study, as HONE_REQUEST_STOP or HONE_REQUEST_POINT, a "KEY=VALUE" a line; what is not in order is
     * refused. NULL: nothing may be changed. */
    hone_rc (*request)(void *ctx, uint32_t study, uint32_t what, const char *text, hone_error *err);
    /* Writes a note about a trial, or, HONE_ALL_TRIALS, about the study; "": takes it away. NULL: nothing may be changed, or the
     * storage keeps no notes. */
    hone_rc (*note)(void *ctx, uint32_t study, int64_t trial, const char *text, hone_error *err);
} hone_serving;

typedef struct hone_reporter_v1 {
    uint32_t size, flags;
    hone_rc (*open)(void *self, const hone_terminal *terminal, hone_error *err);
    hone_rc (*hear)(void *self, const hone_news *news, hone_error *err); /* [study] */

    /* ---- since minor 1; a reporter has one of hear (then open too), write and serve at least ---- */
    /* Names of files that it is for end so: { "html", "tar_gz", NULL }, '_' for a dot; [a-z][a-z0-9_]*. NULL: of any. */
    const char *const *suffixes;
    /* On an instance that was not opened. Failures name what could not be written, and why. [study] */
    hone_rc (*write)(void *self, const hone_view *view, hone_error *err);
    /* Serves until the host is cancelled: HONE_ECANCELED then. Calls the view and the serving from this thread only. [study] */
    hone_rc (*serve)(void *self, const hone_view *view, const hone_serving *serving, hone_error *err);
} hone_reporter_v1;
#endif /* HONE_REPORTER_H */
