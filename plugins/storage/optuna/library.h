/* SPDX-License-Identifier: MIT */
/* Optuna's studies in memory, wherever they were read from, and as a storage that cannot be written. */
#ifndef HONE_PLUGIN_OPTUNA_LIBRARY_H
#define HONE_PLUGIN_OPTUNA_LIBRARY_H
#include "hone/param.h"
#include "hone/settings.h"
#include "hone/storage.h"

#include <jansson.h>
#include <math.h>

enum { DISTRIBUTION_FLOAT, DISTRIBUTION_INT, DISTRIBUTION_CATEGORICAL };
struct distribution {
    const char *name, *json; /* of the parameter; as it was written */
    int kind, log;
    double low, high, step; /* step 0: none */
    uint32_t n_choices;
    const char *const *choices; /* as hone writes them: booleans are yes and no, null is none */
    uint64_t n_trials;          /* that have the parameter */
};
struct study {
    const char *name;
    uint32_t n_objectives;
    hone_value *objectives; /* (n_objectives) */
    struct distribution **distributions;
    size_t n_distributions, distributions_capacity;
    struct trial **trials; /* (n_trials) in Optuna's order */
    size_t n_trials, trials_capacity;
    double created, updated;
    const char *config; /* made when it is asked for */
};
struct trial {
    struct study *study;
    int64_t id; /* of the file */
    uint32_t state;
    hone_parameter_record *parameters;
    uint32_t n_parameters, parameters_capacity;
    double *values; /* (n_objectives) NaN: none */
    double *constraints;
    uint32_t n_constraints;
    hone_value *metrics; /* numbers among the attributes */
    uint32_t n_metrics, metrics_capacity;
    struct reported {
        int64_t step;
        double value;
    } * reports;
    size_t n_reports, reports_capacity;
    double started, ended;
};
struct library {
    char *path;
    struct study **studies; /* (n_studies) by name once it is read */
    size_t n_studies, capacity;
    hone_settings_memory memory; /* of everything */
    hone_error *err;             /* while it is read */
    int failed, foreign;         /* *err says why; 1: the file is not Optuna's */
};

/* While reading. All of them do nothing once something has failed. */
struct study *library_study(struct library *library, const char *name, const uint32_t *directions, size_t n);
struct trial *library_trial(struct library *library, struct study *study, int64_t id);
/* A parameter by its internal value: the index of a choice, else the number. */
void library_parameter(struct library *library, struct trial *trial, const char *name, double internal,
                       const char *json);
void library_report(struct library *library, struct trial *trial, int64_t step, double value);
void library_study_attribute(struct library *library, struct study *study, const char *key, const json_t *value);
void library_trial_attribute(struct library *library, struct trial *trial, int system, const char *key,
                             const json_t *value);
void library_value(struct library *library, struct trial *trial, int64_t objective, double value);
void *library_allocate(struct library *library, size_t bytes);
const char *library_text(struct library *library, const char *text);
/* Keeps the first failure: "optuna.db: MESSAGE". */
__attribute__((format(printf, 2, 3))) void library_fail(struct library *library, const char *format, ...);
void library_foreign(struct library *library, const char *what); /* the same: it is no file of Optuna's */
/* Once all is read. */
void library_settle(struct library *library);

/* "2026-11-30 08:00:00.123456", also with T and an offset; taken for UTC without one. NaN: it is no time. */
double library_time(const char *text);
/* JSON as Python writes it: NaN and infinities stand bare. NULL: it is not that. */
json_t *library_json(const char *text, size_t n);
/* A number, or the text of one that JSON has no form for. NaN: neither. *is: 1 where it is one. */
double library_number(const json_t *value, int *is);

/* The readers: fill a library whose path is set. */
void database_read(struct library *library);
void journal_read(struct library *library);

/* An INI that says what the study's objectives and space are. */
const char *library_config(struct library *library, struct study *study); /* NULL: out of memory */
#endif
