/* SPDX-License-Identifier: MIT */
/* The decisions of a study while it runs: new trials, and what becomes of those that report or end. */
#include "study/study.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

enum { BAD_POINTS_MAX = 10 }; /* in a row: a search that proposes nothing else is of no use */

/* ---- new trials ---- */

int study_may_start(const struct study *study)
{
    const int64_t trials = study->composition->study.trials;
    return !study->done && !study->ending[0] && (trials <= 0 || study->table.n < (uint64_t)trials);
}

static int time_left(const struct study *study)
{
    const double time = study->composition->study.time;
    return time <= 0 || seconds_steady() - study->began < time;
}

int study_budget_left(const struct study *study)
{
    return study_may_start(study) && time_left(study);
}

/* A scheduler that has paused trials is asked also when no new one may start. */
static int may_ask(const struct study *study)
{
    return study->done != &study->scheduler && !study->waiting && !study->cancelled && !*study->signalled &&
           !study->ending[0] && time_left(study) &&
           (study_may_start(study) ||
            (study->table.paused && study->scheduler_iface->next && !study->nothing_to_resume));
}

/* A point that no objective should see: the trial fails at once, and says whose fault it is. */
static hone_rc refuse_point(struct study *study, struct trial *trial, const hone_error *why, hone_error *err)
{
    char message[400], component[96];
    struct held outcome = { .what = CREW_OUTCOME, .status = HONE_FAILED, .message = message, .component = component };
    hone_rc rc;
    snprintf(message, sizeof message, "proposed a point that is not in the space: %s", why->msg);
    snprintf(component, sizeof component, "%s.%s", study->search.entry->kind, study->search.entry->name);
    trial->ended = seconds_now();
    trial_end(&study->table, trial, HONE_STATE_FAILED);
    for (uint32_t i = 0; i < study->table.n_dims; i++)
        trial->x[i] = (double)NAN; /* what it proposed is in the message; nobody else is to stumble over it */
    if ((rc = study_put_event(study, HONE_EVENT_ASK, trial, 0, 0, NULL, err)) != HONE_OK ||
        (rc = study_put_event(study, HONE_EVENT_TELL, trial, 0, 0, NULL, err)) != HONE_OK ||
        (rc = study_put_trial(study, trial, &outcome, err)) != HONE_OK ||
        (rc = study_tell_search(study, trial, err)) < 0 ||
        (rc = study_tell_reporters(study, HONE_NOW_OUTCOME, trial, &outcome, NULL, NULL, err)) != HONE_OK)
        return rc;
    snprintf(component, sizeof component, "%s.use", study->search.entry->kind);
    if (++study->bad_points >= BAD_POINTS_MAX)
        return hone_fail(err, HONE_EINVAL, component,
                         "%s '%s' proposed %d points in a row that are not in the space; the last: %.120s",
                         study->search.entry->kind, study->search.entry->name, BAD_POINTS_MAX, why->msg);
    return HONE_OK;
}

/* The trial will be the slot's next work. */
static void queue_trial(const struct study *study, struct slot *slot, struct trial *trial)
{
    slot->trial = trial;
    slot->phase = SLOT_QUEUED;
    slot->starting = 1;
    slot->at = study_next_time(study, trial);
    slot->step = trial->step;
}

/* Asks for one point and puts its trial on the slot. HONE_WAIT: nothing to start now. */
static hone_rc start_new(struct study *study, struct slot *slot, int64_t until, hone_error *err)
{
    hone_error why = HONE_ERROR_INIT;
    struct trial *trial = trial_table_append(&study->table);
    if (!trial)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for trial %llu", (unsigned long long)study->table.n);
    const uint32_t from = study->n_given ? HONE_ASKED_GIVEN : HONE_ASKED_SEARCH;
    int64_t request = 0;
    hone_rc rc = study->n_given ? study_take_point(study, trial, trial->x, &request, err)
                                : study_ask_search(study, trial->number, trial->x, err);
    if (rc != HONE_OK) { /* take it back */
        trial_table_drop_last(&study->table);
        if (rc < 0)
            return rc;
        if (rc == HONE_DONE)
            study->done = &study->search;
        else
            study->waiting = &study->search;
        return HONE_WAIT;
    }
    trial->started = seconds_now();
    trial->begun = study->now;
    trial->until = study_pause_step(study, until);
    if (space_check_point(&study->space, trial->x, &why) != HONE_OK)
        return refuse_point(study, trial, &why, err);
    study->bad_points = 0;
    trial->worker = (unsigned)(slot - study->slots);
    queue_trial(study, slot, trial);
    struct text text = TEXT_INIT;
    if (from == HONE_ASKED_GIVEN)
        rc = study_point_text(study, trial, &text, err);
    if (rc == HONE_OK)
        rc = study_put_event(study, HONE_EVENT_ASK, trial, trial->until, from,
                             from == HONE_ASKED_GIVEN ? text_string(&text) : NULL, err);
    text_release(&text);
    if (rc == HONE_OK && request)
        rc = study_drop_request(study, request, err);
    return rc != HONE_OK ? rc : study_put_trial(study, trial, NULL, err);
}

/* Carries out the scheduler's next order on the slot. HONE_WAIT: there is none now. */
static hone_rc obey(struct study *study, struct slot *slot, hone_error *err)
{
    const int may_start = study_may_start(study);
    hone_order order;
    hone_rc rc = study_ask_scheduler(study, study->table.n, may_start, &order, err);
    if (rc == HONE_OK && order.what == HONE_ORDER_START && !may_start) {
        study->nothing_to_resume = 1;
        return HONE_WAIT;
    }
    if (rc == HONE_WAIT || rc == HONE_DONE) {
        *(rc == HONE_WAIT ? &study->waiting : &study->done) = &study->scheduler;
        return HONE_WAIT;
    }
    if (rc == HONE_OK)
        rc = study_check_order(study, &order, err);
    if (rc != HONE_OK || order.what == HONE_ORDER_START)
        return rc != HONE_OK ? rc : start_new(study, slot, order.until, err);
    struct trial *trial = study->table.trials[order.trial];
    rc = order.what == HONE_ORDER_CLONE ? study_clone_trial(study, &order, err)
                                        : study_resume_trial(study, trial, order.until, err);
    if (rc != HONE_OK)
        return rc;
    trial->worker = (unsigned)(slot - study->slots);
    queue_trial(study, slot, trial);
    return study_put_trial(study, trial, NULL, err);
}

/* 1 where all that the trial had to do before it waits is done: its worker died, or the study was killed, just then. */
static int has_paused(const struct study *study, const struct trial *trial)
{
    if (study_is_stateless(study))
        return trial->pause_at && trial->step >= trial->pause_at;
    return trial->pause_at && trial->newest.size && trial->newest.trial == trial->number &&
           trial->newest.step == trial->step;
}

hone_rc study_fill_slots(struct study *study, hone_error *err)
{
    for (unsigned i = 0; i < study->n_slots; i++) {
        struct slot *slot = &study->slots[i];
        while (slot->phase == SLOT_IDLE) {
            if (study->next_rerun < study->n_rerun && !study->cancelled && !*study->signalled) {
                struct trial *trial = study->rerun[study->next_rerun++];
                if (has_paused(study, trial)) {
                    const hone_rc rc = study_pause_trial(study, trial, err);
                    if (rc != HONE_OK)
                        return rc;
                    continue;
                }
                trial->attempt++;
                trial->worker = i;
                queue_trial(study, slot, trial);
                const hone_rc rc = study_put_trial(study, trial, NULL, err);
                if (rc != HONE_OK)
                    return rc;
                break;
            }
            if (!may_ask(study))
                return HONE_OK;
            const hone_rc rc = obey(study, slot, err);
            if (rc == HONE_WAIT) {
                if (may_ask(study)) /* the search is done: paused trials may go on */
                    continue;
                return HONE_OK;
            }
            if (rc != HONE_OK)
                return rc;
        }
    }
    return HONE_OK;
}

/* ---- what workers said ---- */

static hone_rc deliver_report(struct study *study, struct slot *slot, hone_error *err)
{
    struct trial *trial = slot->trial;
    const struct held *held = &slot->held;
    uint32_t verdict = HONE_CONTINUE;
    hone_rc rc;
    slot->phase = SLOT_QUEUED;
    slot->starting = 0;
    slot->at = trial->begun + (double)held->step + 1;
    const int stopped = trial->stop_at && held->step >= trial->stop_at;
    const int paused = trial->pause_at && held->step >= trial->pause_at;
    if (stopped || paused || held->step <= trial->step) { /* run again: this step was reported and judged before */
        slot->verdict = stopped ? HONE_STOP : paused ? HONE_PAUSE : HONE_CONTINUE;
        slot->at = study_next_time(study, trial);
        return HONE_OK;
    }
    trial->step = held->step;
    measure_values(study, held->values, held->n_values, trial->values);
    measure_constraints(study, held->values, held->n_values, trial->constraints);
    if (study->repeats) {
        study_take_repeat(study, trial);
        if (repeated_add(&trial->repeated, held->values, held->n_values) < 0)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for what trial %llu measured",
                             (unsigned long long)trial->number);
    }
    study_note_best(study, trial);
    if ((rc = study_report_scheduler(study, trial, &verdict, err)) != HONE_OK)
        return rc;
    if (verdict == HONE_CONTINUE && trial->until && trial->step >= trial->until)
        verdict = HONE_PAUSE;
    if (verdict == HONE_STOP)
        trial->stop_at = trial->step;
    if (verdict == HONE_PAUSE) {
        trial->pause_at = trial->step;
        slot->at = trial->begun + (double)trial->step; /* it takes no time */
    }
    slot->verdict = verdict;
    study->waiting = NULL;
    study->nothing_to_resume = 0;
    const hone_report_record record = { sizeof record,  held->n_values, trial->number,
                                        trial->attempt, trial->step,    held->values,
                                        seconds_now(),  verdict,        0 };
    if ((rc = study_put_report(study, &record, err)) != HONE_OK ||
        (rc = study_put_event(study, HONE_EVENT_REPORT, trial, trial->step, verdict, NULL, err)) != HONE_OK)
        return rc;
    return study_tell_reporters(study, HONE_NOW_REPORT, trial, NULL, &record, NULL, err);
}

int study_is_measured(const struct study *study, const struct trial *trial, const struct held *held, char *message,
                      size_t n)
{
    for (uint32_t i = 0; i < study->table.n_values; i++) {
        if (isfinite(trial->values[i]))
            continue;
        struct text names = TEXT_INIT;
        int there = 0;
        for (uint32_t k = 0; k < held->n_values; k++) {
            there |= !strcmp(held->values[k].name, study->objectives[i].name);
            text_addf(&names, "%s%s", k ? ", " : "", held->values[k].name);
        }
        if (there)
            snprintf(message, n, isnan(trial->values[i]) ? "%s is not a number" : "%s is infinite",
                     study->objectives[i].name);
        else
            snprintf(message, n, "the objective did not report %s; it reported %.200s", study->objectives[i].name,
                     held->n_values ? text_string(&names) : "nothing");
        text_release(&names);
        return 0;
    }
    return 1;
}

static hone_rc retry(struct study *study, struct slot *slot, hone_error *err)
{
    struct trial *trial = slot->trial;
    char note[400];
    hone_rc rc;
    trial->attempt++;
    trial->retries++;
    slot->phase = SLOT_QUEUED;
    slot->starting = 1;
    slot->at = study_next_time(study, trial);
    if ((rc = study_put_event(study, HONE_EVENT_RETRY, trial, trial->step, 0, slot->held.message, err)) != HONE_OK ||
        (rc = study_put_trial(study, trial, NULL, err)) != HONE_OK)
        return rc;
    snprintf(note, sizeof note, "trial %llu: %.200s; tried again (%u of %lld)", (unsigned long long)trial->number,
             slot->held.message ? slot->held.message : "its worker died", trial->retries,
             (long long)study->composition->study.trial_retries);
    return study_tell_note(study, note, err);
}

hone_rc study_end_trial(struct study *study, struct trial *trial, uint32_t state, struct held *outcome, hone_error *err)
{
    hone_rc rc;
    if (state == HONE_STATE_FAILED)
        for (uint32_t i = 0; i < study->table.n_values; i++)
            trial->values[i] = (double)NAN;
    trial->ended = seconds_now();
    if (trial_end(&study->table, trial, state) < 0)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the front of the study");
    study->waiting = NULL;
    study->nothing_to_resume = 0;
    if ((rc = study_checkpoint_over(study, trial, err)) != HONE_OK ||
        (rc = study_put_trial(study, trial, outcome, err)) != HONE_OK ||
        (rc = study_put_event(study, HONE_EVENT_TELL, trial, trial->step, 0, NULL, err)) != HONE_OK ||
        (rc = study_tell_search(study, trial, err)) != HONE_OK)
        return rc;
    trial_drop_told(trial);
    if ((rc = study_tell_reporters(study, HONE_NOW_OUTCOME, trial, outcome, NULL, NULL, err)) != HONE_OK)
        return rc;
    return study_look_for_end(study, trial, err);
}

static hone_rc deliver_outcome(struct study *study, struct slot *slot, hone_error *err)
{
    struct trial *trial = slot->trial;
    struct held *held = &slot->held;
    uint32_t state = HONE_STATE_FAILED;
    char message[320];
    hone_rc rc;
    const int paused = trial->pause_at && (held->status == HONE_PAUSED || (held->died && has_paused(study, trial)));
    if (held->died && !paused && trial->retries < study->composition->study.trial_retries)
        return retry(study, slot, err);
    if (paused) {
        slot->phase = SLOT_IDLE;
        slot->trial = NULL;
        study->waiting = NULL;
        study->nothing_to_resume = 0;
        return study_pause_trial(study, trial, err);
    }
    if (study->repeats && (rc = study_conclude_repeats(trial, held, err)) != HONE_OK)
        return rc;
    if (held->status == HONE_COMPLETE || held->status == HONE_PRUNED) {
        if (!study->repeats)
            measure_constraints(study, held->values, held->n_values, trial->constraints);
        if (!study->repeats && held->status == HONE_COMPLETE)
            measure_values(study, held->values, held->n_values, trial->values);
        if (held->status == HONE_COMPLETE &&
            (rc = measure_for_search(study, held->values, held->n_values, trial, err)) != HONE_OK)
            return rc;
        state = held->status == HONE_COMPLETE ? HONE_STATE_COMPLETE : HONE_STATE_PRUNED;
        if (state == HONE_STATE_COMPLETE && !study_is_measured(study, trial, held, message, sizeof message)) {
            state = HONE_STATE_FAILED;
            free(held->message);
            held->message = strdup(message);
        }
    }
    slot->phase = SLOT_IDLE;
    slot->trial = NULL;
    return study_end_trial(study, trial, state, held, err);
}

hone_rc study_deliver(struct study *study, struct slot *slot, hone_error *err)
{
    if (slot->at > study->now)
        study->now = slot->at;
    const hone_rc rc = slot->held.what == CREW_REPORT ? deliver_report(study, slot, err)
                                                      : deliver_outcome(study, slot, err);
    held_release(&slot->held);
    return rc;
}
