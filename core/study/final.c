/* SPDX-License-Identifier: MIT */
/* The last training of a study: the winner once more, on all but the test data, and the test. */
#include "study/study.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

struct stored_metrics {
    hone_value *values;
    uint32_t n;
    uint32_t has_final; /* attachments of a final training are there already */
    hone_rc rc;
};

static hone_rc on_winner(void *ctx, const hone_trial_record *record)
{
    struct stored_metrics *m = ctx;
    m->values = calloc(record->n_metrics + 1, sizeof *m->values);
    for (uint32_t i = 0; m->values && i < record->n_metrics; i++) {
        char *name = strdup(record->metrics[i].name);
        if (!name)
            return HONE_ENOMEM;
        m->values[m->n] = record->metrics[i];
        m->values[m->n++].name = name;
    }
    return m->values ? HONE_OK : HONE_ENOMEM;
}

static hone_rc on_attachment(void *ctx, const hone_attachment_record *record)
{
    ((struct stored_metrics *)ctx)->has_final |= record->final;
    return HONE_OK;
}

/* The winner's row with what the last training measured beside what the search saw. */
static hone_rc put_final_metrics(struct study *study, struct stored_metrics *stored, const struct held *outcome,
                                 hone_error *err)
{
    struct held merged = { .values = calloc((size_t)stored->n + outcome->n_values + 1, sizeof *merged.values) };
    hone_rc rc;
    if (!merged.values)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the final metrics");
    for (uint32_t i = 0; i < stored->n; i++)
        merged.values[merged.n_values++] = stored->values[i];
    for (uint32_t i = 0; i < outcome->n_values; i++) {
        uint32_t k = 0;
        while (k < stored->n && strcmp(stored->values[k].name, outcome->values[i].name))
            k++;
        if (k == stored->n) /* train.loss of the search stays what the search saw */
            merged.values[merged.n_values++] = outcome->values[i];
    }
    rc = study_put_trial(study, trial_table_best(&study->table), &merged, err);
    free(merged.values);
    return rc == HONE_OK ? study_commit(study, err) : rc;
}

/* Runs the trial on worker 0 and keeps its attachments. */
static hone_rc final_loop(struct study *study, struct slot *slot, struct held *outcome, hone_error *err)
{
    for (;;) {
        struct crew_event event;
        hone_rc rc = study_tick(study, err);
        if (rc == HONE_OK)
            rc = study_hear_requests(study, 1, err);
        if (*study->signalled && !study->cancelled) {
            study->cancelled = 1;
            study->crew->cancel(study->crew);
        }
        if (rc != HONE_OK || (rc = study->crew->wait(study->crew, STUDY_TICK, &event, err)) < 0)
            return rc;
        if (*study->signalled > 1)
            return hone_fail(err, HONE_ECANCELED, NULL,
                             "interrupted in the final training; the same command begins it again");
        if (rc == HONE_WAIT || event.worker != (unsigned)(slot - study->slots))
            continue;
        if (event.what == CREW_ATTACHMENT) {
            rc = study_put_attachment(study, &event, 1, err);
        } else if (event.what == CREW_REPORT) {
            const hone_report_record record = {
                sizeof record, event.n_values, event.trial, event.attempt, event.step, event.values, seconds_now(), 0, 0
            };
            slot->step = event.step;
            if ((rc = study_tell_reporters(study, HONE_NOW_FINAL, slot->trial, NULL, &record, NULL, err)) == HONE_OK)
                rc = study->crew->verdict(study->crew, event.worker, HONE_CONTINUE, err);
        } else if (event.what == CREW_OUTCOME) {
            if (event.status == CREW_CANCELLED)
                return hone_fail(err, HONE_ECANCELED, NULL,
                                 "interrupted in the final training; the same command begins it again");
            if (event.status != HONE_COMPLETE)
                return hone_fail(err, HONE_EFAIL, event.param, "the final training of trial %llu failed%s%s: %.160s",
                                 (unsigned long long)event.trial, event.component && *event.component ? " in " : "",
                                 event.component ? event.component : "",
                                 event.message ? event.message : "no reason given");
            return held_copy(outcome, &event, err);
        } else if (event.what == CREW_READY) {
            rc = study_worker_ready(&event, err);
        } else if (event.what == CREW_LOG && event.level >= HONE_LOG_INFO) {
            rc = study_tell_note(study, event.message ? event.message : "", err);
        }
        if (rc < 0)
            return rc;
    }
}

/* A training that ended early is repeated as far as what it kept stands for; others run their whole length (0). */
static int64_t final_length(const struct study *study, const struct trial *best, const struct stored_metrics *stored)
{
    int64_t length = study_is_stateless(study) ? study->length : best->step;
    for (uint32_t i = 0; study->length_metric && i < stored->n; i++)
        if (!strcmp(stored->values[i].name, study->length_metric) && stored->values[i].value >= 1)
            length = (int64_t)stored->values[i].value;
    return study->length && length < study->length ? length : 0;
}

hone_rc study_final(struct study *study, hone_error *err)
{
    struct stored_metrics stored = { 0 };
    const hone_storage_visitor visitor = { &stored, NULL, on_winner, NULL, NULL, on_attachment };
    const hone_storage_v1 *s = study->storage_iface;
    struct trial *best = study->table.n_values == 1 ? trial_table_best(&study->table) : NULL;
    struct slot *slot = &study->slots[0];
    struct held outcome = { 0 };
    hone_rc rc;
    if (!best || !study->has_final || !study->composition->study.final ||
        study->composition->study.evaluate == EVALUATE_TEST)
        return HONE_WAIT;
    if ((rc = s->attachments(study->storage.self, study->id, (int64_t)best->number, &visitor, err)) != HONE_OK)
        return rc;
    if (stored.has_final)
        return HONE_WAIT;
    if ((rc = s->trials(study->storage.self, study->id, (int64_t)best->number, &visitor, err)) != HONE_OK)
        goto out;
    const int64_t until = final_length(study, best, &stored);
    slot->trial = best;
    slot->phase = SLOT_COMPUTING;
    if ((rc = study_start_on_worker(study, slot, HONE_TRIAL_FINAL, until, stored.values, stored.n, err)) == HONE_OK &&
        (rc = final_loop(study, slot, &outcome, err)) == HONE_OK)
        rc = put_final_metrics(study, &stored, &outcome, err);
out:
    slot->phase = SLOT_IDLE;
    slot->trial = NULL;
    if (rc != HONE_OK) /* attachments of a training that did not come to its end */
        study_rollback(study);
    if (rc < 0 && !err->msg[0])
        hone_fail(err, rc, NULL, "out of memory for the winner's metrics");
    for (uint32_t i = 0; i < stored.n; i++)
        free((char *)(uintptr_t)stored.values[i].name);
    free(stored.values);
    held_release(&outcome);
    return rc;
}
