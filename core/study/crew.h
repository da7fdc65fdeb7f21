/* SPDX-License-Identifier: MIT */
/* The workers as the study sees them: it starts trials, answers reports, and hears what happens. worker/pool.c makes a crew
 * of processes; tests make one of invented results. */
#ifndef HONE_STUDY_CREW_H
#define HONE_STUDY_CREW_H
#include "hone/objective.h"
#include "hone/plugin.h"

/* A file that holds a trial's state; size 0: none. Its place follows from trial and step: checkpoint_path. */
struct crew_checkpoint {
    uint64_t trial; /* whose it is: another's where the trial is a clone that made none of its own yet */
    int64_t step;
    uint64_t size, checksum;
};

/* Malloc'ed "DIRECTORY/checkpoints/trialN-STEP"; NULL: out of memory. */
char *checkpoint_path(const char *directory, uint64_t trial, int64_t step);

struct crew_trial {
    uint64_t number, attempt;
    uint32_t flags; /* HONE_TRIAL_... */
    uint64_t seed;
    int64_t until;
    int64_t reported,
        level;        /* repeats that the study has; fidelity: the step that the run is; 0: steps are the objective's */
    uint32_t stopped; /* it was told to stop: all that is left is to say so */
    uint32_t n_settings;
    const hone_setting *settings;      /* (n_settings) */
    struct crew_checkpoint restore[2]; /* the newest; an older one, should that be damaged */
};

/* Name of the value that holds a derivative, of a metric and a key. */
#define DERIVATIVE_NAME "d(%s)/d(%s)"

enum crew_what {
    CREW_READY,      /* the worker's objective is ready: description */
    CREW_REPORT,     /* step, values; the worker waits for a verdict */
    CREW_OUTCOME,    /* the trial is over: status, values, and for failures message, component, signal */
    CREW_ATTACHMENT, /* attachment */
    CREW_CHECKPOINT, /* checkpoint */
    CREW_LOG         /* level, message */
};
struct crew_attachment {
    const char *name, *media_type, *text, *path;
};
struct crew_event {
    enum crew_what what;
    unsigned worker;
    uint64_t trial, attempt;
    int64_t step;
    const hone_value *values; /* (n_values) */
    uint32_t n_values;
    uint32_t status; /* CREW_OUTCOME: HONE_COMPLETE, HONE_PRUNED, HONE_FAILED, HONE_PAUSED, or CREW_CANCELLED */
    hone_rc rc;      /* CREW_READY: HONE_OK or why not; CREW_OUTCOME: the objective's own code */
    int died;        /* CREW_OUTCOME: the worker process ended with it (crash, limit): worth a retry */
    uint32_t signal;
    const char *message, *param, *component;
    const hone_description *description;
    struct crew_attachment attachment;
    struct crew_checkpoint checkpoint;
    uint32_t level;
};
enum { CREW_CANCELLED = 100 };

struct crew {
    unsigned n; /* workers: 0 .. n-1 */
    /* Hands a trial to an idle worker; a worker that is not there yet is made. */
    hone_rc (*start)(struct crew *crew, unsigned worker, const struct crew_trial *trial, hone_error *err);
    /* Answers the worker's report: HONE_CONTINUE, HONE_PAUSE or HONE_STOP. */
    hone_rc (*verdict)(struct crew *crew, unsigned worker, uint32_t verdict, hone_error *err);
    /* The next event; its pointers live until the next call. HONE_WAIT: none came within `seconds`. */
    hone_rc (*wait)(struct crew *crew, double seconds, struct crew_event *event, hone_error *err);
    /* Asks every busy worker to end its trial (outcomes CREW_CANCELLED follow). */
    void (*cancel)(struct crew *crew);
};
#endif
