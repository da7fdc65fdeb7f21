/* SPDX-License-Identifier: MIT */
/* What reporters hear, and copies of what workers say. */
#include "study/study.h"

#include "hone/param.h"
#include "plugin/guard.h"

#include <stdlib.h>
#include <string.h>

void held_release(struct held *held)
{
    for (uint32_t i = 0; i < held->n_values; i++)
        free((char *)(uintptr_t)held->values[i].name);
    free(held->values);
    free(held->message);
    free(held->component);
    *held = (struct held){ 0 };
}

hone_rc held_copy(struct held *held, const struct crew_event *event, hone_error *err)
{
    *held = (struct held){
        .what = event->what, .step = event->step, .status = event->status, .signal = event->signal, .died = event->died
    };
    held->values = calloc(event->n_values + 1, sizeof *held->values);
    held->message = event->message ? strdup(event->message) : NULL;
    held->component = event->component ? strdup(event->component) : NULL;
    if (!held->values || (event->message && !held->message) || (event->component && !held->component))
        goto fail;
    for (uint32_t i = 0; i < event->n_values; i++) {
        char *name = strdup(event->values[i].name);
        if (!name)
            goto fail;
        held->values[i] = event->values[i];
        held->values[i].name = name;
        held->n_values = i + 1;
    }
    return HONE_OK;
fail:
    held_release(held);
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a message of a worker");
}

static void fill_status(struct study *study, int64_t max_step, hone_status *status)
{
    const struct study_settings *s = &study->composition->study;
    const struct trial_table *t = &study->table;
    const struct trial *best = trial_table_best(t);
    if (best && study->best_recorded != best) {
        study_fill_record(study, best, &study->best_record);
        study->best_recorded = best;
    }
    for (unsigned i = 0; i < study->n_slots; i++) {
        const struct slot *slot = &study->slots[i];
        study->worker_status[i] = (hone_worker_status){ sizeof(hone_worker_status),
                                                        slot->trial && !(slot->phase == SLOT_QUEUED && slot->starting),
                                                        slot->trial ? slot->trial->number : 0, slot->step,
                                                        slot->trial ? seconds_steady() - slot->since : 0 };
    }
    *status = (hone_status){ .size = sizeof *status,
                             .n_objectives = t->n_values,
                             .study = s->name,
                             .objectives = study->objectives,
                             .trials = (uint64_t)s->trials,
                             .time = s->time,
                             .elapsed = seconds_steady() - study->began,
                             .running = t->running,
                             .paused = t->paused,
                             .complete = t->complete,
                             .pruned = t->pruned,
                             .failed = t->failed,
                             .before = study->before,
                             .max_step = max_step,
                             .best = best ? &study->best_record.record : NULL,
                             .n_front = t->n_front > UINT32_MAX ? UINT32_MAX : (uint32_t)t->n_front,
                             .n_workers = study->n_slots,
                             .workers = study->worker_status };
}

hone_rc study_tell_reporters(struct study *study, uint32_t what, const struct trial *trial, const struct held *outcome,
                             const hone_report_record *report, const char *text, hone_error *err)
{
    hone_status status;
    hone_news news = { sizeof news, what, &status, NULL, report, text };
    if (!study->n_reporters)
        return HONE_OK;
    fill_status(study, what == HONE_NOW_FINAL ? study->length : study->max_step, &status);
    if (trial) {
        study_fill_record(study, trial, &study->record);
        news.trial = &study->record.record;
    }
    if (outcome) {
        hone_trial_record *r = &study->record.record;
        r->metrics = outcome->values;
        r->n_metrics = outcome->n_values;
        r->signal = outcome->signal;
        r->component = outcome->component ? outcome->component : "";
        r->message = outcome->message ? outcome->message : "";
    }
    for (size_t i = 0; i < study->n_reporters; i++) {
        const hone_reporter_v1 *iface = study->reporters[i].loaded->iface;
        hone_error why = HONE_ERROR_INIT;
        struct guard guard;
        study_enter(&study->reporters[i], &guard);
        const hone_rc rc = iface->hear(study->reporters[i].self, &news, &why);
        if (study_leave(&study->reporters[i], &guard, "tell what happens", rc, &why) < 0)
            return hone_fail(err, HONE_EFAIL, NULL, "%s", why.msg);
    }
    return HONE_OK;
}

hone_rc study_tell_note(struct study *study, const char *text, hone_error *err)
{
    return study_tell_reporters(study, HONE_NOW_NOTE, NULL, NULL, NULL, text, err);
}
