/* SPDX-License-Identifier: MIT */
/* hone/objective.h - kind "objective/1": evaluates one trial, in a worker process.
 *
 * An objective may compose components of other kinds: its slots say which kinds, how many, and which keys of its own it adds
 * to their sections. The host checks the INI against them and makes the instances of each trial, with the trial's values. */
#ifndef HONE_OBJECTIVE_H
#define HONE_OBJECTIVE_H
#include "hone/plugin.h"
#include "hone/task.h"

#include <string.h>

#define HONE_KIND_OBJECTIVE "objective/1"

/* ---- what it composes ---- */
typedef struct hone_slot {
    uint32_t size, flags;
    const char *kind;  /* "model/1" */
    uint32_t min, max; /* sections of this kind; max 1: [kind], more: [kind.NAME], UINT32_MAX: any number */
    /* Keys that the objective adds to every section of the kind ([dataset] validation = 0.1); as a component's table. */
    const hone_param *params;
    uint32_t n_params, param_size, config_size, reserved;
} hone_slot;

typedef struct hone_instance {
    uint32_t size, reserved;
    const hone_component *component;
    void *self;         /* made with the trial's settings; life of the trial at least */
    const char *name;   /* section: "regularizer.dropout" */
    const void *config; /* the component's own struct */
    const void *slot;   /* the slot's struct: the keys that the objective added; NULL without any */
} hone_instance;

/* host->get_ext(host, HONE_EXT_COMPONENTS): the trial's components, in the order of the INI. [trial] */
#define HONE_EXT_COMPONENTS "hone.components/1"
typedef struct hone_components_v1 {
    uint32_t size, reserved;
    uint32_t (*count)(const hone_host *host, const char *kind); /* enabled ones */
    /* Makes the instance on the first call. Failures name the section and the key. */
    hone_rc (*get)(const hone_host *host, const char *kind, uint32_t index, hone_instance *instance, hone_error *err);
    /* A component by name with its defaults, where the INI has none: a loss that the task implies. */
    hone_rc (*get_default)(const hone_host *host, const char *kind, const char *name, hone_instance *instance,
                           hone_error *err);
    /* Names of the installed components of a kind, sorted: (index) or NULL past the end. */
    const char *(*installed)(const hone_host *host, const char *kind, uint32_t index);
    /* The resolved INI of the trial: every key, the trial's values in place. Life of the trial. */
    const char *(*config_text)(const hone_host *host);
} hone_components_v1;

/* ---- the trial ---- */
enum {
    HONE_TRIAL_FINAL = 1u << 0, /* the last training of the winner: on all that is not test data, then tested once */
    HONE_TRIAL_CLONED = 1u << 1 /* goes on from another trial's checkpoint: without it, it has to fail */
};
typedef struct hone_setting { /* one coordinate of the trial's point */
    const char *key;          /* "optimizer.learning_rate" */
    const char *text;         /* as in an INI; numbers round-trip */
    double number;            /* reals, integers, and choices that are numbers; else the index of the choice */
} hone_setting;

typedef struct hone_derivative { /* of a metric with respect to a searched parameter */
    const char *metric;          /* "validation.loss" */
    const char *key;             /* "regularizer.l2.strength" */
    double value;                /* in the units of both; NaN: not known */
} hone_derivative;

typedef struct hone_trial {
    uint32_t size, flags;
    uint64_t number, attempt; /* attempt 0, 1, ...: after a crash or a resumed study */
    uint64_t seed;            /* of the trial: all its randomness */
    uint64_t study_seed;      /* the same for all trials: splits of the data */
    const char *directory;    /* for files of this study; exists, or is made on the first use through artifact_path */
    int64_t until;            /* run to this step at most; 0: to the end */
    uint32_t n_settings, reserved;
    const hone_setting *settings; /* (n_settings) active ones */
    void *impl;
    /* What was measured at a step (1, 2, ...). HONE_OK: go on; HONE_DONE: stop here, the trial is pruned; HONE_WAIT: it
     * pauses here, save a checkpoint and return HONE_WAIT; HONE_ECANCELED: the study ends, return it; other failures: return
     * them. NaN values are reported as such. */
    hone_rc (*report)(const struct hone_trial *trial, int64_t step, const hone_value *values, uint32_t n,
                      hone_error *err);
    /* What the trial has come to: the last word on each name. Names never given are taken from the last report. */
    hone_rc (*result)(const struct hone_trial *trial, const hone_value *values, uint32_t n, hone_error *err);
    /* A table or text to keep with the trial ("confusion"), as text of the given media type ("text/csv"). */
    hone_rc (*attach)(const struct hone_trial *trial, const char *name, const char *media_type, const char *text,
                      hone_error *err);
    /* Path for a file to keep: directory made, `name` appended; life of the trial. The file is recorded with the trial once
     * attach_file names it. What `name` = "checkpoints" gives is for a folder of files on their way to a checkpoint: where
     * the worker did not live to remove it, the host does, with the files in it, when no trial is at work. */
    const char *(*artifact_path)(const struct hone_trial *trial, const char *name, hone_error *err);
    hone_rc (*attach_file)(const struct hone_trial *trial, const char *name, const char *media_type, const char *path,
                           hone_error *err);
    /* What the objective is about to call, for crash reports: "regularizer.dropout". Cheap. NULL: the objective itself. */
    void (*entering)(const struct hone_trial *trial, const char *component);

    /* ---- checkpoints: everything that the rest of the trial depends on, in one file ----
     *
     * An objective that makes none still works: a trial that is resumed runs from its beginning, and the study takes its
     * reports up to the old step as known. With checkpoints it goes on where it was: after a pause (report gave
     * HONE_WAIT), a crash or an interruption, and with the state of another trial (HONE_TRIAL_CLONED). What comes after
     * must be the same, bit for bit, as without the break. */

    /* File of a checkpoint to begin from, whole as it was written, of the step that the trial stands at; NULL: none. One
     * that the objective cannot use (another version) is said with a log message, and the trial begins anew. */
    const char *restore_path;
    int64_t restore_step;
    /* 1: a checkpoint is wanted now, after the report of a step that others will follow. */
    uint32_t (*wants_checkpoint)(const struct hone_trial *trial);
    /* Where to write it: life of the trial, or NULL and *err. */
    const char *(*checkpoint_path)(const struct hone_trial *trial, int64_t step, hone_error *err);
    /* The file at that path is written and closed: makes it durable and tells the study. HONE_EIO: the disk is full or the
     * like. An objective that cannot save says so with a log message and goes on: a trial without a checkpoint begins from
     * an older one, or anew. */
    hone_rc (*checkpoint)(const struct hone_trial *trial, int64_t step, hone_error *err);

    /* Since minor 1. Where steps are repeats (description.repeats): how many of them the study has already; go on behind
     * them. Else 0. */
    int64_t reported;

    /* Since minor 1, NULL from older hosts. How the metrics of what the trial has come to change with its settings, reals
     * and integers: searches that descend hear it (hone/search.h), and it is kept with the trial as the metric
     * "d(METRIC)/d(KEY)". The last word on each pair. HONE_EINVAL: the key is none of the trial's settings. */
    hone_rc (*derivatives)(const struct hone_trial *trial, const hone_derivative *derivatives, uint32_t n,
                           hone_error *err);
} hone_trial;

/* Name of the metric by which an objective says what a setting, a real or an integer, has come to that it moved while the
 * trial ran. Searches that descend go on from there (hone/search.h); the final training, and what `hone best --format ini`
 * prints, take it in place of the point's. Since minor 1. */
#define HONE_TUNED_NAME "tuned(%s)"

/* The KEY of such a name: its first character, and *n of them; NULL where the name is another. [any] */
static inline const char *hone_tuned_key(const char *name, size_t *n)
{
    const size_t length = strlen(name);
    if (length < 8 || strncmp(name, "tuned(", 6) != 0 || name[length - 1] != ')')
        return NULL;
    *n = length - 7;
    return name + 6;
}

/* ---- what it can say before any trial ---- */
typedef struct hone_description {
    uint32_t size, reserved;
    int64_t max_step;     /* steps of a whole trial; 0: reports none, or unknown */
    const char *stop_key; /* key of its own section that ends a trial after so many steps, or NULL */
    uint32_t any_space;   /* 1: [space] may hold any key (a program's own, x1 ...) */
    uint32_t any_metric;  /* 1: names of metrics are known only when reported */
    uint32_t n_metrics, n_keys;
    const hone_value *metrics; /* (n_metrics) names it reports, with directions */
    const char *const *keys;   /* (n_keys) space keys that must be there (x1, x2), or NULL */
    uint32_t final; /* 1: a HONE_TRIAL_FINAL run makes sense: there is something to train on all data and to test */
    uint32_t reserved2;
    const char
        *length_metric; /* name of the result that says how many steps the kept state stands for ("model.epochs"): fewer
                                   than were run where an earlier one was brought back. A final run goes so far. NULL: none */
    /* Since minor 1. Not 0: a trial is so many runs of the same point, one after another (the folds of a cross-validation).
     * Each is a step, and its report what that run alone measured; max_step is the length of one run. The host takes means
     * and deviations; schedulers judge the mean so far. No checkpoints are made between the steps. */
    int64_t repeats;
    /* Since minor 1: the derivatives that trials will report, as far as known now; values are unused. 0: none. */
    const hone_derivative *derivatives; /* (n_derivatives) */
    uint32_t n_derivatives, reserved3;
} hone_description; /* strings: life of self */

typedef struct hone_objective_v1 {
    uint32_t size, flags;
    uint32_t n_slots, reserved;
    const hone_slot *const *slots; /* (n_slots) */
    /* Checks what can be checked without running (files there, shapes fit) and says what it will report. [trial] */
    hone_rc (*describe)(void *self, hone_description *description, hone_error *err);
    /* HONE_OK: complete; HONE_DONE, HONE_WAIT: pruned, paused, as report asked; < 0: failed. [trial] */
    hone_rc (*run)(void *self, const hone_trial *trial, hone_error *err);
} hone_objective_v1;
enum { HONE_OBJECTIVE_ANY_SPACE = 1u << 0 }; /* flags: [space] may hold keys of no plugin's table */
#endif                                       /* HONE_OBJECTIVE_H */
