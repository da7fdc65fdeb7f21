/* SPDX-License-Identifier: MIT */
/* The trainings of a trial - one, or one a fold, side by side epoch by epoch or one after another - and what the host hears of
 * them. A fold that a regularizer has ended keeps its values; the trial ends with the last one. */
#include "hypergradient.h"

#include <stddef.h>
#include <stdlib.h>

struct report {
    hone_value *values; /* train.loss, then per measure its mean and (folds) its deviation, then the diagnosis */
    uint32_t n;
};

static hone_rc report_create(struct report *report, const struct run *run, hone_error *err)
{
    report->values = calloc(3 + 2 * (size_t)run->measures.n + run->trainings[0].diagnosis.n, sizeof *report->values);
    return report->values ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for the report of an epoch");
}

/* Mean over the folds, and the sample standard deviation (n - 1). */
static double mean_of(const struct run *run, uint32_t measure, double *deviation)
{
    const double n = run->n_trainings;
    double mean = 0, squares = 0;
    for (uint32_t i = 0; i < run->n_trainings; i++)
        mean += run->trainings[i].values[measure] / n;
    for (uint32_t i = 0; i < run->n_trainings; i++) {
        const double d = run->trainings[i].values[measure] - mean;
        squares += d * d;
    }
    *deviation = n > 1 ? sqrt(squares / (n - 1)) : 0;
    return mean;
}

static void fill_diagnosis(struct report *report, const struct run *run)
{
    const struct diagnosis *first = &run->trainings[0].diagnosis;
    for (uint32_t k = 0; k < first->n; k++) {
        double mean = 0;
        for (uint32_t i = 0; i < run->n_trainings; i++)
            mean += run->trainings[i].diagnosis.values[k].value / run->n_trainings;
        report->values[report->n] = first->values[k];
        report->values[report->n++].value = mean;
    }
}

static void fill(struct report *report, const struct run *run)
{
    double loss = 0, deviation;
    for (uint32_t i = 0; i < run->n_trainings; i++)
        loss += run->trainings[i].train_loss / run->n_trainings;
    report->n = 0;
    report->values[report->n++] = (hone_value){ "train.loss", loss, HONE_MINIMIZE, 0 };
    for (uint32_t i = 0; i < run->measures.n && run->trainings[0].validation.n; i++) {
        const struct measure *m = &run->measures.items[i];
        const double mean = mean_of(run, i, &deviation);
        report->values[report->n++] = (hone_value){ m->validation, mean, m->direction, 0 };
        if (run->n_trainings > 1)
            report->values[report->n++] = (hone_value){ m->deviation, deviation, HONE_MINIMIZE, 0 };
    }
    fill_diagnosis(report, run);
}

/* What is known before any step; at once: a constraint on it holds for pruned trials too. */
static hone_rc tell_sizes(const struct run *run, hone_error *err)
{
    const struct training *t = &run->trainings[0];
    hone_value sizes[1 + DIAGNOSIS_SIZES] = { { "model.parameters", (double)t->network.n_weights, HONE_MINIMIZE, 0 } };
    return run->trial->result(run->trial, sizes, 1 + (t->diagnosis.on ? diagnosis_sizes(t, sizes + 1) : 0), err);
}

static int64_t last_epoch(const struct run *run)
{
    int64_t last = run->settings->epochs;
    if (run->settings->stop_after && run->settings->stop_after < last)
        last = run->settings->stop_after;
    if (run->trial->until && run->trial->until < last)
        last = run->trial->until;
    return last;
}

static int all_ended(const struct run *run)
{
    for (uint32_t i = 0; i < run->n_trainings; i++)
        if (!run->trainings[i].ended)
            return 0;
    return 1;
}

/* After a report that was answered with `verdict`: a checkpoint, where the trial pauses or one is due and more epochs come. */
static hone_rc save(struct run *run, int64_t epoch, int64_t last, int changed, hone_rc verdict, hone_error *err)
{
    const hone_trial *trial = run->trial;
    const int due = verdict == HONE_OK && trial->wants_checkpoint && epoch < last && !all_ended(run) &&
                    trial->wants_checkpoint(trial);
    if (verdict != HONE_WAIT && !due)
        return verdict;
    hone_error why = HONE_ERROR_INIT;
    const hone_rc rc = trial->checkpoint_path ? checkpoint_save(run, epoch, changed, &why) : HONE_OK;
    if (rc == HONE_EIO) { /* a full disk is no reason to give up what can do without */
        char message[400];
        snprintf(message, sizeof message, "%.250s; the trial goes on without it", why.msg);
        if (run->host->log)
            run->host->log(run->host, HONE_LOG_WARN, message);
        return verdict;
    }
    if (rc != HONE_OK && err)
        *err = why;
    return rc == HONE_OK ? verdict : rc;
}

/* Derivatives of the mean over the folds, and what tuned coefficients have come to. */
static hone_rc report_derivatives(struct run *run, hone_error *err)
{
    const hone_trial *trial = run->trial;
    const struct hyper *first = run->trainings[0].hyper;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < run->n_trainings && rc == HONE_OK && first && first->n; i++)
        if (run->settings->hypergradient == HYPERGRADIENT_IMPLICIT)
            rc = implicit_derivatives(&run->trainings[i], err);
    for (uint32_t k = 0; first && k < first->n && rc == HONE_OK; k++) {
        const struct coefficient *c = &first->items[k];
        hone_derivative derivative = { run->measures.items[0].validation, c->key, 0 };
        hone_value value = { c->tuned_name, 0, HONE_NO_DIRECTION, 0 };
        for (uint32_t i = 0; i < run->n_trainings; i++) {
            const struct hyper *h = run->trainings[i].hyper;
            derivative.value += h->items[k].derivative / run->n_trainings;
            value.value += *hyper_value(h, &h->items[k]) / run->n_trainings;
        }
        if (c->tuned)
            rc = trial->result(trial, &value, 1, err);
        if (!c->searched || rc != HONE_OK)
            continue;
        if (trial->size <= offsetof(hone_trial, derivatives) || !trial->derivatives)
            return hone_fail(err, HONE_ENOTSUP, "hypergradient", "this host does not take derivatives");
        rc = trial->derivatives(trial, &derivative, 1, err);
    }
    return rc;
}

hone_rc folds_run(struct run *run, int64_t epoch, int changed, hone_error *err)
{
    struct report report = { NULL, 0 };
    const int64_t last = last_epoch(run);
    const int64_t began = epoch;
    hone_rc rc = report_create(&report, run, err);
    if (rc == HONE_OK)
        rc = tell_sizes(run, err);
    while (rc == HONE_OK && epoch < last && !all_ended(run)) {
        for (uint32_t i = 0; i < run->n_trainings && rc == HONE_OK; i++) {
            struct training *t = &run->trainings[i];
            int measured;
            if (t->ended)
                continue;
            rc = training_epoch(t, (uint64_t)epoch, err);
            if (rc == HONE_OK && t->ended && run->n_trainings > 1) { /* what it ends with counts in all later means */
                rc = training_end(t, &measured, err);
                changed |= measured;
            }
        }
        epoch++;
        if (rc == HONE_OK) {
            fill(&report, run);
            rc = run->trial->report(run->trial, epoch, report.values, report.n, err);
            rc = save(run, epoch, last, changed, rc, err);
        }
    }
    for (uint32_t i = 0; i < run->n_trainings && rc == HONE_OK; i++) {
        struct training *t = &run->trainings[i];
        int measured = 0;
        if (!t->ended || run->n_trainings == 1)
            rc = training_end(t, &measured, err);
        changed |= measured;
    }
    if (rc == HONE_OK) {
        double epochs = 0;
        for (uint32_t i = 0; i < run->n_trainings; i++)
            epochs += (double)run->trainings[i].weights_epoch / run->n_trainings;
        report.n = 0;
        if (changed || (began && epoch == began)) /* by at_end: other weights than reported; or nothing was reported */
            fill(&report, run);
        report.values[report.n++] = (hone_value){ "model.epochs", epochs, HONE_NO_DIRECTION, 0 };
        rc = run->trial->result(run->trial, report.values, report.n, err);
    }
    if (rc == HONE_OK)
        rc = report_derivatives(run, err);
    free(report.values);
    return rc;
}

/* ---- one after another ---- */

static hone_rc train_fold(struct run *run, struct training *t, uint32_t fold, hone_error *err)
{
    const int64_t last = last_epoch(run);
    int measured;
    hone_rc rc = run_prepare(run, t, fold, err);
    if (rc == HONE_OK)
        rc = tell_sizes(run, err);
    for (int64_t epoch = 0; rc == HONE_OK && epoch < last && !t->ended; epoch++)
        rc = training_epoch(t, (uint64_t)epoch, err);
    return rc == HONE_OK ? training_end(t, &measured, err) : rc;
}

hone_rc folds_in_turn(struct run *run, hone_error *err)
{
    const hone_trial *trial = run->trial;
    struct training *t = &run->trainings[0];
    const int64_t known = trial->size > offsetof(hone_trial, reported) ? trial->reported : 0;
    hone_rc rc = HONE_OK;
    for (int64_t fold = known; fold < run->data.keys->folds && rc == HONE_OK; fold++) {
        struct report report = { NULL, 0 };
        if ((rc = train_fold(run, t, (uint32_t)fold, err)) == HONE_OK &&
            (rc = report_create(&report, run, err)) == HONE_OK) {
            fill(&report, run);
            report.values[report.n++] = (hone_value){ "model.parameters", (double)t->network.n_weights, HONE_MINIMIZE,
                                                      0 };
            report.values[report.n++] = (hone_value){ "model.epochs", (double)t->weights_epoch, HONE_NO_DIRECTION, 0 };
            rc = trial->report(trial, fold + 1, report.values, report.n, err);
        }
        free(report.values);
        training_release(t);
    }
    return rc;
}
