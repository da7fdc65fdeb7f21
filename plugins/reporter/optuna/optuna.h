/* SPDX-License-Identifier: MIT */
/* Studies and trials in Optuna's terms, for both of its formats: directions, distributions, states, values, attributes.
 *
 * Formats: Optuna 4.9 and 5.0, optuna/storages/_rdb/models.py and optuna/storages/journal/_storage.py; schema version 12,
 * revision v3.2.0.a. */
#ifndef HONE_PLUGIN_OPTUNA_H
#define HONE_PLUGIN_OPTUNA_H
#include "hone/param.h"
#include "hone/printer.h"
#include "hone/reporter.h"
#include "hone/search.h"

enum optuna_state { OPTUNA_RUNNING, OPTUNA_COMPLETE, OPTUNA_PRUNED, OPTUNA_FAIL, OPTUNA_WAITING };

/* A text that is made again and again: JSON of one attribute. */
struct optuna_text {
    char *data; /* NUL-terminated after optuna_text_end */
    size_t n, capacity;
    int failed;
    hone_ostream out;
    hone_printer printer;
};
hone_printer *optuna_text_begin(struct optuna_text *text);
const char *optuna_text_end(struct optuna_text *text); /* NULL: out of memory */
void optuna_text_release(struct optuna_text *text);

/* Python's number: "64" where whole, else "64.0". */
void optuna_put_number(hone_printer *p, double value, int whole);

struct optuna_study {
    const hone_view *view;
    uint32_t index;
    const hone_study_record *record;
    const hone_space *space;
    char **distributions; /* (n_dims) JSON */
    double *x;            /* (n_dims) of the trial at hand */
    double *low, *high;   /* (n_dims) what an unbounded dimension was sampled in */
    struct optuna_text text;
};
/* Release in any case. */
hone_rc optuna_study_open(struct optuna_study *study, const hone_view *view, uint32_t index, hone_error *err);
void optuna_study_release(struct optuna_study *study);

/* A trial as Optuna sees it. */
struct optuna_trial {
    enum optuna_state state;
    int has_values; /* all of them, none is NaN: record->values */
};
/* Sets study->x too. Refuses a trial with parameters of a space that is not known. */
hone_rc optuna_trial_read(struct optuna_study *study, const hone_trial_record *record, struct optuna_trial *trial,
                          hone_error *err);

/* Attributes: json is the value's text, for the call. system: of Optuna's own. */
typedef hone_rc (*optuna_attribute)(void *ctx, int system, const char *key, const char *json, hone_error *err);
hone_rc optuna_study_attributes(struct optuna_study *study, optuna_attribute give, void *ctx, hone_error *err);
hone_rc optuna_trial_attributes(struct optuna_study *study, const hone_trial_record *record,
                                const struct optuna_trial *trial, optuna_attribute give, void *ctx, hone_error *err);

/* The first objective's value in a report, or NULL: it has none. */
const double *optuna_reported(const struct optuna_study *study, const hone_report_record *report);

/* "2026-11-30 08:00:00.123456" in UTC, with 'T' and "+00:00" where iso. n >= 40. */
const char *optuna_time(double seconds, int iso, char *out, size_t n);

extern const hone_component optuna_journal, optuna_sqlite;
#endif
