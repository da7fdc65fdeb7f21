/* SPDX-License-Identifier: MIT */
/* hone/storage.h - kind "storage/1": keeps studies, trials, reports and decisions.
 *
 * One process writes (the coordinator); any number read. Writes happen between begin and commit; a commit is atomic, and
 * survives the death of the process at any moment. Every write is repeatable: it is keyed by study, trial, attempt and step,
 * and writing the same key again replaces or changes nothing. All on [study].
 *
 * Results are HONE_EIO with a message that names the file and what to do: full, read-only, locked, corrupt, of a newer hone. */
#ifndef HONE_STORAGE_H
#define HONE_STORAGE_H
#include "hone/plugin.h"
#include "hone/task.h"

#define HONE_KIND_STORAGE "storage/1"
enum { HONE_STORAGE_READ = 0, HONE_STORAGE_WRITE = 1 /* create where missing */ };
enum {
    HONE_STATE_WAITING = 0,
    HONE_STATE_RUNNING = 1,
    HONE_STATE_PAUSED = 2,
    HONE_STATE_COMPLETE = 3,
    HONE_STATE_PRUNED = 4,
    HONE_STATE_FAILED = 5
};
enum { HONE_STUDY_RUNNING = 0, HONE_STUDY_FINISHED = 1, HONE_STUDY_STOPPED = 2 };

typedef struct hone_study_record {
    uint32_t size, state; /* HONE_STUDY_... */
    int64_t id;           /* given by the storage */
    const char *name;
    uint64_t seed;
    const char *config;      /* resolved INI text, alone enough to reproduce */
    const char *sources;     /* where each value came from: "section.key<TAB>file:line" lines */
    const char *environment; /* versions, CPU, threads: "key=value" lines */
    uint32_t n_objectives, n_constraints;
    const hone_value *objectives;                      /* names and directions; value unused */
    const char *const *constraints;                    /* as written: "model.parameters <= 500000" */
    double created, updated;                           /* seconds since the epoch, UTC */
    uint64_t n_trials, n_complete, n_pruned, n_failed; /* filled when reading */
    const char *ended; /* why it ended, in words; "": it has not. Since minor 1, NULL from older hosts */
} hone_study_record;

typedef struct hone_parameter_record {
    const char *key, *text;
    double number;
} hone_parameter_record;

typedef struct hone_trial_record {
    uint32_t size, state;
    uint64_t number, attempt;
    uint32_t n_parameters, n_values, n_constraints, n_metrics;
    const hone_parameter_record *parameters; /* active ones */
    const double *values;                    /* (n_objectives) as the user measures them, not negated; NaN: none */
    const double *constraints;               /* violations, <= 0 satisfied */
    const hone_value *metrics;               /* everything the trial ended with, by name */
    int64_t step;                            /* last reported */
    int64_t best_step;                       /* step with the best value of the first objective; 0: none */
    double started, ended;                   /* seconds since the epoch; 0: not yet */
    uint32_t worker, signal;                 /* signal: 0, or what killed the worker */
    const char *component;                   /* at fault: "regularizer.dropout", or "" */
    const char *message;                     /* why it failed or was pruned, or "" */
} hone_trial_record;

typedef struct hone_report_record {
    uint32_t size, n_values;
    uint64_t trial, attempt;
    int64_t step;
    const hone_value *values;   /* by name */
    double time;                /* seconds since the epoch */
    uint32_t verdict, reserved; /* of the scheduler: HONE_CONTINUE ... */
} hone_report_record;

/* A decision, in the order in which the study took it: with these alone it can be replayed. */
enum {
    HONE_EVENT_ASK = 1,    /* a new trial; step: where it is to pause, 0: nowhere; verdict: HONE_ASKED_..., below */
    HONE_EVENT_REPORT = 2, /* step, verdict */
    HONE_EVENT_TELL = 3,   /* the trial is over */
    HONE_EVENT_RETRY = 4,  /* its worker died: it is run again */
    HONE_EVENT_NOTE = 5,   /* text */
    HONE_EVENT_PAUSE = 6,  /* the trial waits at step */
    HONE_EVENT_RESUME = 7, /* a paused trial goes on; step: where it is to pause again */
    HONE_EVENT_CLONE = 8,  /* a paused trial goes on from the checkpoint of another, with a new point; step as RESUME;
                                 text: "from=TRIAL" and "at=STEP", then "KEY=VALUE" of the new point, a line each */
    HONE_EVENT_CHECKPOINT = 9, /* step; text: "size=BYTES crc=HEX" */
    HONE_EVENT_END = 10 /* the study has come to what it was to end at: no trial is started behind this; text: the
                                  setting as "KEY=VALUE: ", then why in words */
};
enum { /* where the point of an asked trial comes from */
       HONE_ASKED_SEARCH = 0,
       HONE_ASKED_GIVEN = 1, /* the user; text: "KEY=VALUE" of the point, a line each */
       HONE_ASKED_TOLD = 2, /* the same, and it was evaluated elsewhere: no worker and no scheduler has to do with it */
       HONE_ASKED_OUTSIDE = 3 /* the search, for somebody who will evaluate it elsewhere: it is waiting until told */
};
typedef struct hone_event_record {
    uint32_t size, what;
    uint64_t sequence; /* 0, 1, 2, ... without gaps */
    uint64_t trial;
    int64_t step; /* see above */
    uint32_t verdict, reserved;
    const char *text; /* see above; or NULL */
} hone_event_record;

typedef struct hone_attachment_record {
    uint32_t size, final; /* final: of the last training of the winner */
    uint64_t trial;
    const char *name, *media_type;
    const char *text; /* the content, or NULL */
    const char *path; /* of a file, or NULL */
} hone_attachment_record;

/* What other processes ask of a study, whether it is being run or not: kept until it is dealt with. Since minor 1. */
enum {
    HONE_REQUEST_STOP = 1,  /* end in order */
    HONE_REQUEST_POINT = 2, /* try a point next; text: "KEY=VALUE", a line each */
    HONE_REQUEST_TELL =
        3,                /* a trial was evaluated elsewhere; text, lines: "trial NUMBER", or "point KEY=VALUE" for each
                               key of a new one; then "value NAME=NUMBER" for each metric, or "failed WHY" */
    HONE_REQUEST_ASK = 4, /* a point, to be evaluated elsewhere */
    HONE_REQUEST_ANSWER = 5 /* to one of those; text: "request ID", then "trial NUMBER" or "error WHY" */
};
typedef struct hone_request_record {
    uint32_t size, what;
    int64_t id; /* given by the storage, rising, never given again */
    const char *text;
} hone_request_record;

/* What people write about a study or one of its trials. Since minor 1. */
typedef struct hone_note_record {
    uint32_t size, reserved;
    int64_t trial;    /* HONE_ALL_TRIALS: about the study as a whole */
    const char *text; /* UTF-8, lines end with LF; "": there is none any more */
    double time;      /* when it was written, seconds since the epoch, UTC */
} hone_note_record;

/* A visitor gets a record that lives for the call; non-zero ends the reading and is returned. */
typedef struct hone_storage_visitor {
    void *ctx;
    hone_rc (*study)(void *ctx, const hone_study_record *study);
    hone_rc (*trial)(void *ctx, const hone_trial_record *trial);
    hone_rc (*report)(void *ctx, const hone_report_record *report);
    hone_rc (*event)(void *ctx, const hone_event_record *event);
    hone_rc (*attachment)(void *ctx, const hone_attachment_record *attachment);
} hone_storage_visitor;
enum { HONE_ALL_TRIALS = -1 };

/* flags: reads files of another program. It opens for reading only; whatever writes is HONE_ENOTSUP, lock too. open is HONE_ENOTSUP
 * where the file is not of that program: it is asked for files that are named without their storage. Since minor 1. */
enum { HONE_STORAGE_READ_ONLY = 1u << 0 };

typedef struct hone_storage_v1 {
    uint32_t size, flags;
    /* location: what follows "sqlite:" in the INI, made absolute by the host. */
    hone_rc (*open)(void *self, const char *location, uint32_t mode, hone_error *err);
    hone_rc (*begin)(void *self, hone_error *err);
    hone_rc (*commit)(void *self, hone_error *err);
    void (*rollback)(void *self);
    /* Creates the study of that name or updates its state and times; *id is set. */
    hone_rc (*put_study)(void *self, const hone_study_record *study, int64_t *id, hone_error *err);
    hone_rc (*put_trial)(void *self, int64_t study, const hone_trial_record *trial,
                         hone_error *err); /* whole row, replaced */
    hone_rc (*put_report)(void *self, int64_t study, const hone_report_record *report, hone_error *err);
    hone_rc (*put_event)(void *self, int64_t study, const hone_event_record *event, hone_error *err);
    hone_rc (*put_attachment)(void *self, int64_t study, const hone_attachment_record *attachment, hone_error *err);
    /* In the order of: name; number; trial, step; sequence; trial, name. trial: a number or HONE_ALL_TRIALS. */
    hone_rc (*studies)(void *self, const hone_storage_visitor *visitor, hone_error *err);
    hone_rc (*trials)(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err);
    hone_rc (*reports)(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor, hone_error *err);
    hone_rc (*events)(void *self, int64_t study, const hone_storage_visitor *visitor, hone_error *err);
    hone_rc (*attachments)(void *self, int64_t study, int64_t trial, const hone_storage_visitor *visitor,
                           hone_error *err);
    /* Takes the study for writing: HONE_EIO with "is being run by process N" while another live process holds it. Released by
     * destroy or by the death of the process. */
    hone_rc (*lock)(void *self, int64_t study, hone_error *err);

    /* ---- since minor 1; all of them or none: then nobody can speak to a study that runs ---- */
    /* By any process, whoever has locked the study. *id is set. Between begin and commit, as every write. */
    hone_rc (*put_request)(void *self, int64_t study, const hone_request_record *request, int64_t *id, hone_error *err);
    hone_rc (*drop_request)(void *self, int64_t study, int64_t id,
                            hone_error *err); /* one that is gone is no failure */
    /* In the order of id; non-zero from visit ends the reading and is returned. Cheap where there are none. */
    hone_rc (*requests)(void *self, int64_t study, void *ctx,
                        hone_rc (*visit)(void *ctx, const hone_request_record *request), hone_error *err);
    /* HONE_OK: nobody runs the study; HONE_WAIT: a live process does, *process is its number, or 0. */
    hone_rc (*runner)(void *self, int64_t study, int64_t *process, hone_error *err);

    /* ---- since minor 1; both or none: then it keeps no notes ---- */
    /* One about a trial, one about the study: the one before is replaced, by "" taken away. By any process, whoever has locked
     * the study. Between begin and commit, as every write. A trial that is not there is HONE_EINVAL. */
    hone_rc (*put_note)(void *self, int64_t study, const hone_note_record *note, hone_error *err);
    /* trial: its note alone, or HONE_ALL_TRIALS: all of the study, its own first, then in the order of trials. Non-zero from
     * visit ends the reading and is returned. Cheap where there are none. */
    hone_rc (*notes)(void *self, int64_t study, int64_t trial, void *ctx,
                     hone_rc (*visit)(void *ctx, const hone_note_record *note), hone_error *err);

    /* ---- since minor 1; may be NULL: events reads them all ---- */
    /* As events, of those whose sequence is `from` or larger. Cheap where they are few. */
    hone_rc (*events_from)(void *self, int64_t study, uint64_t from, const hone_storage_visitor *visitor,
                           hone_error *err);
} hone_storage_v1;
#endif /* HONE_STORAGE_H */
