/* SPDX-License-Identifier: MIT */
/* Taking up a study that the storage has: its decisions are replayed through search and scheduler in the order in which they
 * were taken, so both know what they knew. Trials that were running are run again; what they had reported stays. */
#include "study/replay.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* Search or scheduler answers otherwise than they did. what: "proposes", "judges", "orders"; detail: how. */
static void differs(struct replay *r, const struct component *component, const char *what, const struct trial *trial,
                    const char *detail)
{
    struct verification *verify = r->study->verify;
    char message[256];
    if (verify && !verify->difference[0])
        snprintf(verify->difference, sizeof verify->difference, "%s '%s' now %s trial %llu otherwise: %s",
                 component->entry->kind, component->entry->name, what, (unsigned long long)trial->number, detail);
    if (verify || r->warned || !(component->entry->flags & HONE_C_DETERMINISTIC) || !r->study->host->log)
        return;
    r->warned = 1;
    snprintf(message, sizeof message,
             "%s '%s' now %s trial %llu otherwise than when the study ran: another version, or other limits; "
             "what is stored holds, but the study will not repeat exactly",
             component->entry->kind, component->entry->name, what, (unsigned long long)trial->number);
    r->study->host->log(r->study->host, HONE_LOG_WARN, message);
}

static void count_decision(struct replay *r)
{
    if (r->study->verify)
        r->study->verify->decisions++;
}

static const char *order_name(hone_rc rc, uint32_t what)
{
    return rc == HONE_WAIT             ? "it waits"
           : rc == HONE_DONE           ? "it is done"
           : what == HONE_ORDER_START  ? "start"
           : what == HONE_ORDER_RESUME ? "resume"
           : what == HONE_ORDER_CLONE  ? "clone"
                                       : "an unknown order";
}

/* The first parameter that differs: "x1 = 0.5, recorded was 0.25". */
static void point_detail(const struct study *study, const struct trial *trial, hone_rc rc, const double *x, char *out,
                         size_t n)
{
    char now[32], then[32];
    snprintf(out, n, "%s", order_name(rc, 0));
    for (uint32_t i = 0; rc == HONE_OK && i < study->table.n_dims; i++) {
        if (x[i] == trial->x[i] || (isnan(x[i]) && isnan(trial->x[i])))
            continue;
        if (isnan(x[i]))
            snprintf(now, sizeof now, "inactive");
        else
            space_value_text(&study->space, i, x[i], now, sizeof now);
        if (isnan(trial->x[i]))
            snprintf(then, sizeof then, "inactive");
        else
            space_value_text(&study->space, i, trial->x[i], then, sizeof then);
        snprintf(out, n, "%.80s = %s, recorded was %s", study->space.view.dims[i]->key, now, then);
        return;
    }
}

/* A point that was refused is not stored: all of it is NaN. */
static int same_point(const struct trial *trial, const double *x, uint32_t n)
{
    int stored = 0, same = 1;
    for (uint32_t i = 0; i < n; i++) {
        stored |= !isnan(trial->x[i]);
        same &= x[i] == trial->x[i] || (isnan(x[i]) && isnan(trial->x[i]));
    }
    return same || !stored;
}

/* Asks the scheduler as it was asked, and hears whether it says what it said. */
static hone_rc replay_order(struct replay *r, const hone_event_record *event, uint32_t what, struct trial *trial)
{
    struct study *study = r->study;
    const int64_t trials = study->composition->study.trials;
    hone_order order;
    study->ending[0] = '\0'; /* it went on */
    const hone_rc rc = study_ask_scheduler(study, r->asked, trials <= 0 || r->asked < (uint64_t)trials, &order, r->err);
    if (rc >= 0 && (rc != HONE_OK || order.what != what || order.trial != event->trial ||
                    study_pause_step(study, order.until) != event->step)) {
        char detail[160];
        snprintf(detail, sizeof detail, "%s trial %llu until step %lld, recorded was %s trial %llu until step %lld",
                 order_name(rc, order.what), (unsigned long long)order.trial,
                 (long long)study_pause_step(study, order.until), order_name(HONE_OK, what),
                 (unsigned long long)event->trial, (long long)event->step);
        differs(r, &study->scheduler, "orders", trial, detail);
    }
    count_decision(r);
    return rc < 0 ? rc : HONE_OK;
}

static hone_rc replay_ask(struct replay *r, struct trial *trial, const hone_event_record *event, double *x)
{
    struct study *study = r->study;
    const int told = event->verdict == HONE_ASKED_TOLD;
    trial->outside = told || event->verdict == HONE_ASKED_OUTSIDE;
    hone_rc rc = trial->outside ? HONE_OK : replay_order(r, event, HONE_ORDER_START, trial);
    if (rc < 0)
        return rc;
    r->asked++;
    if (trial->outside)
        trial_move(&study->table, trial, HONE_STATE_WAITING);
    if (told) {
        if (event->text && study_point_parse(study, event->text, x))
            return HONE_OK; /* the storage has the point; nobody was asked for it */
        return hone_fail(r->err, HONE_EIO, NULL, "the storage does not say of which point trial %llu is",
                         (unsigned long long)event->trial);
    }
    for (uint32_t i = 0; i < study->table.n_dims; i++)
        x[i] = (double)NAN;
    if (event->verdict == HONE_ASKED_GIVEN) { /* the search was not asked */
        if (!event->text || !study_point_parse(study, event->text, x))
            return hone_fail(r->err, HONE_EIO, NULL, "the storage does not say which point trial %llu was given",
                             (unsigned long long)event->trial);
        study_point_tried(study, x);
    } else if ((rc = study_ask_search(study, trial->number, x, r->err)) < 0) {
        return rc;
    }
    if (trial->cloned && rc == HONE_OK) /* what is stored is the point of its last clone */
        memcpy(trial->x, x, study->table.n_dims * sizeof *x);
    else if (rc != HONE_OK || !same_point(trial, x, study->table.n_dims)) {
        char detail[200];
        point_detail(study, trial, rc, x, detail, sizeof detail);
        differs(r, &study->search, "proposes", trial, detail);
    }
    count_decision(r);
    trial->begun = study->now;
    trial->until = event->step;
    return HONE_OK;
}

static void replay_go_on(struct study *study, struct trial *trial, const hone_event_record *event)
{
    if (trial->state == HONE_STATE_PAUSED)
        trial_move(&study->table, trial, HONE_STATE_RUNNING);
    trial->until = event->step;
    trial->pause_at = 0;
    trial->begun = study->now - (double)trial->step;
}

/* Reads "key=value" lines; 0: they are not what a clone is recorded with. */
static int parse_clone(const struct study *study, const char *text, uint64_t *from, long long *at, double *x)
{
    unsigned long long donor;
    if (!text || sscanf(text, "from=%llu\nat=%lld", &donor, at) != 2 || donor >= study->table.n)
        return 0;
    *from = donor;
    return study_point_parse(study, strchr(strchr(text, '\n') + 1, '\n') + 1, x);
}

static hone_rc replay_clone(struct replay *r, struct trial *trial, const hone_event_record *event, double *x)
{
    struct study *study = r->study;
    uint64_t from;
    long long at;
    hone_rc rc = replay_order(r, event, HONE_ORDER_CLONE, trial);
    if (rc < 0)
        return rc;
    if (!parse_clone(study, event->text, &from, &at, x))
        return hone_fail(r->err, HONE_EIO, NULL, "the storage does not say from what trial %llu was cloned",
                         (unsigned long long)event->trial);
    if ((rc = study_checkpoint_borrow(study, trial, study->table.trials[from], r->err)) != HONE_OK)
        return rc;
    memcpy(trial->x, x, study->table.n_dims * sizeof *x);
    trial->step = at;
    replay_go_on(study, trial, event);
    return HONE_OK;
}

static hone_rc replay_checkpoint(struct replay *r, struct trial *trial, const hone_event_record *event)
{
    unsigned long long size, checksum;
    if (!event->text || sscanf(event->text, "size=%llu crc=%llx", &size, &checksum) != 2)
        return hone_fail(r->err, HONE_EIO, NULL,
                         "the storage has a checkpoint of trial %llu that does not say its size",
                         (unsigned long long)event->trial);
    trial->newest = (struct crew_checkpoint){ trial->number, event->step, size, checksum };
    return HONE_OK;
}

/* The virtual clock never goes back. */
static void advance(struct study *study, double now)
{
    if (now > study->now)
        study->now = now;
}

static int is_refused(const struct study *study, const struct trial *trial)
{
    return study->table.n_dims && isnan(trial->x[0]) && !trial->step; /* the first dimension has no condition */
}

/* Search and scheduler hear of a pause with the values of its step; the trial's final ones come back with its tell. */
static hone_rc replay_pause(struct replay *r, struct trial *trial)
{
    struct study *study = r->study;
    double *values = trial->values, *constraints = trial->constraints,
           *reported = replay_find_report(r, trial->number, trial->step);
    if (!reported)
        return HONE_EIO;
    trial_move(&study->table, trial, HONE_STATE_PAUSED);
    hone_rc rc = study_checkpoint_paused(study, trial, r->err);
    trial->values = reported;
    trial->constraints = reported + study->table.n_values;
    if (rc == HONE_OK)
        rc = study_tell_search(study, trial, r->err);
    trial->values = values;
    trial->constraints = constraints;
    if (r->states[trial->number] <= HONE_STATE_PAUSED) {
        memcpy(values, reported, study->table.n_values * sizeof *values);
        memcpy(constraints, reported + study->table.n_values, study->table.n_constraints * sizeof *constraints);
    }
    return rc;
}

static hone_rc replay_report(struct replay *r, struct trial *trial, const hone_event_record *event)
{
    struct study *study = r->study;
    uint32_t verdict;
    /* the trial's final values come back with its tell */
    double *values = trial->values, *constraints = trial->constraints,
           *reported = replay_find_report(r, event->trial, event->step);
    if (!reported)
        return HONE_EIO;
    trial->values = reported;
    trial->constraints = reported + study->table.n_values;
    trial->step = event->step;
    if (study->repeats) /* the report's own row becomes the means, which a pause at this step tells, too */
        study_take_repeat(study, trial);
    study_note_best(study, trial);
    const hone_rc rc = study_report_scheduler(study, trial, &verdict, r->err);
    trial->values = values;
    trial->constraints = constraints;
    if (r->states[event->trial] <= HONE_STATE_PAUSED) { /* it goes on from here; ended ones have their final values */
        memcpy(values, reported, study->table.n_values * sizeof *values);
        memcpy(constraints, reported + study->table.n_values, study->table.n_constraints * sizeof *constraints);
    }
    if (verdict == HONE_CONTINUE && trial->until && event->step >= trial->until)
        verdict = HONE_PAUSE;
    if (rc == HONE_OK && verdict != event->verdict) {
        static const char *const names[] = { "go on", "pause", "stop" };
        char detail[120];
        snprintf(detail, sizeof detail, "%s at step %lld, recorded was %s", names[verdict % 3], (long long)event->step,
                 names[event->verdict % 3]);
        differs(r, &study->scheduler, "judges", trial, detail);
    }
    count_decision(r);
    if (event->verdict == HONE_STOP)
        trial->stop_at = event->step;
    if (event->verdict == HONE_PAUSE)
        trial->pause_at = event->step;
    advance(study, trial->begun + (double)event->step);
    return rc;
}

/* The study came to its end by a rule, and, where the settings still have that rule, stands there. */
static hone_rc replay_end(struct replay *r, const hone_event_record *event)
{
    struct study *study = r->study;
    const char *recorded = event->text ? event->text : "";
    char now[sizeof study->ending];
    hone_rc rc = HONE_OK;
    if (!study_rule_holds(study, recorded))
        return HONE_OK;
    if (study->verify) {
        if (!study_rule_met(study, now, sizeof now, &rc, r->err))
            snprintf(now, sizeof now, "it goes on");
        if (rc == HONE_OK && strcmp(now, recorded) != 0 && !study->verify->difference[0])
            snprintf(study->verify->difference, sizeof study->verify->difference,
                     "the study now ends otherwise behind trial %llu: %.150s, recorded was %.150s",
                     (unsigned long long)event->trial, now, recorded);
        count_decision(r);
    }
    snprintf(study->ending, sizeof study->ending, "%s", recorded);
    return rc;
}

static hone_rc replay_events(struct replay *r)
{
    struct study *study = r->study;
    double *x = calloc(study->table.n_dims + 1, sizeof *x);
    hone_rc rc = x ? HONE_OK : replay_no_memory(r->err);
    for (size_t i = 0; i < r->n_events; i++)
        if (r->events[i].what == HONE_EVENT_CLONE && r->events[i].trial < study->table.n)
            study->table.trials[r->events[i].trial]->cloned = 1;
    for (size_t i = 0; i < r->n_events && rc == HONE_OK; i++) {
        const hone_event_record *e = &r->events[i];
        if (e->what == HONE_EVENT_NOTE)
            continue;
        if (e->what == HONE_EVENT_END) {
            rc = replay_end(r, e);
            continue;
        }
        if (e->trial >= study->table.n) {
            rc = hone_fail(r->err, HONE_EIO, NULL, "event %llu is of trial %llu, which the storage does not have",
                           (unsigned long long)e->sequence, (unsigned long long)e->trial);
            break;
        }
        struct trial *trial = study->table.trials[e->trial];
        if (e->what == HONE_EVENT_ASK) {
            rc = replay_ask(r, trial, e, x);
        } else if (e->what == HONE_EVENT_REPORT) {
            rc = replay_report(r, trial, e);
        } else if (e->what == HONE_EVENT_TELL) {
            if (r->states[e->trial] < HONE_STATE_COMPLETE ||
                trial->state != (trial->outside ? HONE_STATE_WAITING : HONE_STATE_RUNNING)) {
                rc = hone_fail(r->err, HONE_EIO, NULL, "the storage contradicts itself about the end of trial %llu",
                               (unsigned long long)e->trial);
                break;
            }
            if (!is_refused(study, trial) && !trial->outside)
                advance(study, trial->begun + (double)trial->step + 1);
            if (trial_end(&study->table, trial, r->states[e->trial]) < 0)
                rc = replay_no_memory(r->err);
            else
                rc = study_tell_search(study, trial, r->err);
            trial_drop_told(trial);
            if (rc == HONE_OK)
                rc = study_checkpoint_over(study, trial, r->err);
        } else if (e->what == HONE_EVENT_RETRY) {
            trial->retries++;
        } else if (e->what == HONE_EVENT_PAUSE) {
            rc = replay_pause(r, trial);
        } else if (e->what == HONE_EVENT_RESUME) {
            if ((rc = replay_order(r, e, HONE_ORDER_RESUME, trial)) == HONE_OK)
                replay_go_on(study, trial, e);
        } else if (e->what == HONE_EVENT_CLONE) {
            rc = replay_clone(r, trial, e, x);
        } else if (e->what == HONE_EVENT_CHECKPOINT) {
            rc = replay_checkpoint(r, trial, e);
        }
    }
    study->sequence = r->n_events ? r->events[r->n_events - 1].sequence + 1 : 0;
    study->waiting = study->done = NULL;
    study->nothing_to_resume = 0;
    free(x);
    return rc;
}

/* What was running goes to the head of the queue. */
static hone_rc queue_unfinished(struct study *study, hone_error *err)
{
    study->rerun = calloc((size_t)study->table.running + 1, sizeof *study->rerun);
    if (!study->rerun)
        return replay_no_memory(err);
    for (uint64_t i = 0; i < study->table.n; i++)
        if (study->table.trials[i]->state == HONE_STATE_RUNNING)
            study->rerun[study->n_rerun++] = study->table.trials[i];
    study->before = study->table.n - study->table.running - study->table.paused - study->table.waiting;
    return HONE_OK;
}

/* The checkpoints that are there. Those of a study that had finished were removed; what was doomed on the way may have been
 * made again. */
static void take_stock(struct study *study)
{
    struct checkpoints *c = &study->checkpoints;
    c->n_doomed = 0;
    c->bytes = 0;
    for (uint64_t i = 0; i < study->table.n; i++) {
        struct trial *t = study->table.trials[i];
        if (study->was_finished && !study->composition->study.keep_checkpoints && !t->cloned) {
            memset(&t->newest, 0, sizeof t->newest);
            memset(&t->at_pause, 0, sizeof t->at_pause);
        }
        c->bytes += t->newest.trial == t->number ? t->newest.size : 0;
        c->bytes += t->at_pause.trial == t->number && t->at_pause.step != t->newest.step ? t->at_pause.size : 0;
    }
    if (!study->verify)
        study_checkpoints_tidy(study);
}

hone_rc study_replay(struct study *study, hone_error *err)
{
    struct replay r = { .study = study, .err = err };
    hone_rc rc = replay_read(&r, err);
    if (rc == HONE_OK)
        rc = replay_events(&r);
    if (rc == HONE_OK)
        rc = queue_unfinished(study, err);
    if (rc == HONE_OK)
        take_stock(study);
    replay_release(&r);
    return rc;
}
