/* SPDX-License-Identifier: MIT */
/* The loop of a study: deliver, ask, commit, let the workers go on. */
#include "study/study.h"

#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>

enum { EVENTS_PER_COMMIT = 256 };

static int earlier(const struct slot *a, const struct slot *b)
{
    return a->at < b->at || (a->at == b->at && a->trial->number < b->trial->number);
}

/* The slot whose message is to be delivered next, or NULL: none may be. Strict: the least on the virtual clock among all that
 * are at work, and only if its message is here. */
static struct slot *next_delivery(struct study *study)
{
    const int    strict = study->composition->study.order == ORDER_STRICT;
    struct slot *least = NULL;
    for (unsigned i = 0; i < study->n_slots; i++) {
        struct slot *slot = &study->slots[i];
        if (slot->phase == SLOT_IDLE || (!strict && slot->phase != SLOT_HELD))
            continue;
        if (!least || earlier(slot, least))
            least = slot;
    }
    return least && least->phase == SLOT_HELD ? least : NULL;
}

hone_rc study_start_on_worker(struct study *study, struct slot *slot, uint32_t flags, int64_t until, hone_error *err)
{
    const struct trial *t = slot->trial;
    const uint32_t      n_dims = study->space.view.n_dims;
    hone_setting       *settings = calloc(n_dims + 1, sizeof *settings);
    struct crew_trial   order = { .number = t->number, .attempt = t->attempt, .flags = flags, .until = until, .settings = settings,
                                  .seed = hone_rng_derive((uint64_t)study->composition->study.seed, 1000 + t->number) };
    if (!settings)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a trial's settings");
    study_fill_record(study, t, &study->record);
    for (uint32_t i = 0; i < study->record.record.n_parameters; i++) {
        const hone_parameter_record *p = &study->record.record.parameters[i];
        settings[order.n_settings++] = (hone_setting){ p->key, p->text, p->number };
    }
    const hone_rc rc = study->crew->start(study->crew, (unsigned)(slot - study->slots), &order, err);
    free(settings);
    slot->since = seconds_steady();
    slot->step = 0;
    return rc;
}

/* Lets queued slots work, the earliest first, as many as may compute at once. */
static hone_rc dispatch(struct study *study, hone_error *err)
{
    while (study->n_computing < study->workers) {
        struct slot *least = NULL;
        hone_rc      rc;
        for (unsigned i = 0; i < study->n_slots; i++)
            if (study->slots[i].phase == SLOT_QUEUED && (!least || earlier(&study->slots[i], least)))
                least = &study->slots[i];
        if (!least)
            return HONE_OK;
        least->phase = SLOT_COMPUTING;
        study->n_computing++;
        if (least->starting) {
            if ((rc = study_start_on_worker(study, least, 0, 0, err)) != HONE_OK ||
                (rc = study_tell_reporters(study, HONE_NOW_TRIAL, least->trial, NULL, NULL, NULL, err)) != HONE_OK)
                return rc;
        } else if ((rc = study->crew->verdict(study->crew, (unsigned)(least - study->slots), least->verdict, err)) != HONE_OK) {
            return rc;
        }
    }
    return HONE_OK;
}

hone_rc study_put_attachment(struct study *study, const struct crew_event *event, uint32_t final, hone_error *err)
{
    const hone_attachment_record record = { sizeof record, final, event->trial, event->attachment.name, event->attachment.media_type,
                                            event->attachment.text, event->attachment.path };
    hone_rc rc = study_begin(study, err);
    return rc != HONE_OK ? rc : study->storage_iface->put_attachment(study->storage.self, study->id, &record, err);
}

/* Takes in one event: messages about trials are held until their turn. */
static hone_rc take(struct study *study, const struct crew_event *event, hone_error *err)
{
    struct slot *slot = &study->slots[event->worker];
    if (event->what == CREW_LOG) {
        char text[600];
        if (event->level < HONE_LOG_INFO)
            return HONE_OK;
        snprintf(text, sizeof text, "trial %llu: %.500s", (unsigned long long)event->trial, event->message ? event->message : "");
        return study_tell_reporters(study, HONE_NOW_NOTE, NULL, NULL, NULL, text, err);
    }
    if (event->what == CREW_ATTACHMENT)
        return study_put_attachment(study, event, 0, err);
    if (event->what == CREW_READY) {
        if (event->rc == HONE_OK)
            return HONE_OK;
        return hone_fail(err, HONE_EFAIL, NULL, "a worker cannot be set up: %.200s", event->message ? event->message : "no reason given");
    }
    if (slot->phase != SLOT_COMPUTING)
        return HONE_OK; /* late words of a trial that was ended */
    if (study->cancelled && event->what == CREW_REPORT)
        return HONE_OK; /* nobody answers any more; the worker has been told to end */
    study->n_computing--;
    if (event->what == CREW_OUTCOME && event->status == CREW_CANCELLED) { /* stays running in the storage: the next run takes it up */
        slot->phase = SLOT_IDLE;
        slot->trial = NULL;
        return HONE_OK;
    }
    slot->phase = SLOT_HELD;
    if (event->what == CREW_REPORT) {
        slot->at = slot->trial->begun + (double)event->step;
        slot->step = event->step;
    }
    return held_copy(&slot->held, event, err);
}

/* Delivers what may be delivered and asks for what may be asked, then commits. */
static hone_rc decide(struct study *study, hone_error *err)
{
    struct slot *slot;
    hone_rc      rc = study_fill_slots(study, err);
    while (rc == HONE_OK && !study->cancelled && (slot = next_delivery(study))) {
        rc = study_deliver(study, slot, err);
        if (rc == HONE_OK)
            rc = study_fill_slots(study, err);
    }
    return rc == HONE_OK ? study_commit(study, err) : rc;
}

static int all_idle(const struct study *study)
{
    for (unsigned i = 0; i < study->n_slots; i++)
        if (study->slots[i].phase != SLOT_IDLE)
            return 0;
    return 1;
}

/* A signal: what is not at work is let go, what is gets told. */
static void stop_politely(struct study *study)
{
    study->cancelled = 1;
    study->crew->cancel(study->crew);
    for (unsigned i = 0; i < study->n_slots; i++)
        if (study->slots[i].phase == SLOT_QUEUED || study->slots[i].phase == SLOT_HELD) {
            held_release(&study->slots[i].held);
            study->slots[i].phase = SLOT_IDLE;
            study->slots[i].trial = NULL;
        }
}

hone_rc study_tick(struct study *study, hone_error *err)
{
    const double now = seconds_steady();
    if (now - study->ticked < STUDY_TICK)
        return HONE_OK;
    study->ticked = now;
    return study_tell_reporters(study, HONE_NOW_TICK, NULL, NULL, NULL, NULL, err);
}

static hone_rc loop(struct study *study, hone_error *err)
{
    for (;;) {
        struct crew_event event;
        hone_rc           rc;
        if (*study->signalled && !study->cancelled)
            stop_politely(study);
        if (*study->signalled > 1)
            return HONE_OK; /* now, it was said */
        if ((rc = decide(study, err)) != HONE_OK || (rc = dispatch(study, err)) != HONE_OK || (rc = study_tick(study, err)) != HONE_OK)
            return rc;
        if (all_idle(study))
            return HONE_OK;
        rc = study->crew->wait(study->crew, STUDY_TICK, &event, err);
        for (int n = 0; rc == HONE_OK && n < EVENTS_PER_COMMIT; n++) {
            if ((rc = take(study, &event, err)) == HONE_OK)
                rc = study->crew->wait(study->crew, 0, &event, err);
        }
        if (rc < 0)
            return rc;
    }
}

hone_rc study_run(struct study *study, enum study_end *end, hone_error *err)
{
    hone_rc rc = study_tell_reporters(study, HONE_NOW_STARTED, NULL, NULL, NULL, NULL, err);
    if (rc == HONE_OK)
        rc = loop(study, err);
    if (rc != HONE_OK) {
        hone_error ignored = HONE_ERROR_INIT;
        study_commit(study, &ignored); /* what was decided before the failure stays */
        return rc;
    }
    *end = *study->signalled ? STUDY_STOPPED : study->done ? STUDY_SPENT : STUDY_BUDGET;
    if ((rc = study_begin(study, err)) != HONE_OK ||
        (rc = study_put_study(study, *end == STUDY_STOPPED ? HONE_STUDY_STOPPED : HONE_STUDY_FINISHED, err)) != HONE_OK)
        return rc;
    return study_commit(study, err);
}

