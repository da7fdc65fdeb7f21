/* SPDX-License-Identifier: MIT */
/* The loop of a study: deliver, ask, commit, let the workers go on. */
#include "study/study.h"

#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS_PER_COMMIT = 256 };

static int earlier(const struct slot *a, const struct slot *b)
{
    return a->at < b->at || (a->at == b->at && a->trial->number < b->trial->number);
}

/* The slot whose message is to be delivered next, or NULL: none may be. Strict: the least on the virtual clock among all that
 * are at work, and only if its message is here. */
static struct slot *next_delivery(struct study *study)
{
    const int strict = study->composition->study.order == ORDER_STRICT;
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

struct tuned_text { /* of a setting that a trial tuned */
    char key[256], number[32];
};

/* The key of the fidelity at a step. */
static hone_setting level_setting(const struct study *study, int64_t step, char *text, size_t n)
{
    const struct fidelity *f = &study->composition->study.fidelity;
    const double value = fidelity_value(f, step);
    number_format(value, text, n);
    return (hone_setting){ f->key, text, value };
}

/* What the trial tuned when it ran before, as settings: in place of those of the same key, or behind them. texts: (n) the keys
 * and the numbers. */
static void take_tuned(struct crew_trial *order, hone_setting *settings, const hone_value *before, uint32_t n,
                       struct tuned_text *texts)
{
    for (uint32_t i = 0; i < n; i++) {
        struct tuned_text *text = &texts[i];
        size_t length = 0;
        uint32_t k = 0;
        const char *key = hone_tuned_key(before[i].name, &length);
        if (!key || length >= sizeof text->key || !isfinite(before[i].value))
            continue;
        snprintf(text->key, sizeof text->key, "%.*s", (int)length, key);
        number_format(before[i].value, text->number, sizeof text->number);
        while (k < order->n_settings && strcmp(settings[k].key, text->key) != 0)
            k++;
        settings[k] = (hone_setting){ text->key, text->number, before[i].value };
        order->n_settings += k == order->n_settings;
    }
}

hone_rc study_start_on_worker(struct study *study, struct slot *slot, uint32_t flags, int64_t until,
                              const hone_value *before, uint32_t n_before, hone_error *err)
{
    const struct trial *t = slot->trial;
    const uint32_t n_dims = study->space.view.n_dims;
    hone_setting *settings = calloc((size_t)n_dims + n_before + 2, sizeof *settings);
    struct tuned_text *texts = calloc((size_t)n_before + 1, sizeof *texts);
    struct crew_trial order = { .number = t->number,
                                .attempt = t->attempt,
                                .flags = flags | (t->cloned ? HONE_TRIAL_CLONED : 0u),
                                .until = until,
                                .reported = study->repeats ? t->step : 0,
                                .level = study->levels ? t->until ? t->until : study->levels : 0,
                                .stopped = study_is_stateless(study) && t->stop_at,
                                .restore = { t->newest, t->at_pause },
                                .settings = settings,
                                .seed = hone_rng_derive((uint64_t)study->composition->study.seed, 1000 + t->number) };
    if (!settings || !texts) {
        free(settings);
        free(texts);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a trial's settings");
    }
    if (flags & HONE_TRIAL_FINAL) { /* a training of its own */
        order.flags = flags;
        order.reported = order.level = 0;
        order.stopped = 0;
        memset(order.restore, 0, sizeof order.restore);
    } else if (t->at_pause.step == t->newest.step) {
        memset(&order.restore[1], 0, sizeof order.restore[1]);
    }
    study_fill_record(study, t, &study->record);
    for (uint32_t i = 0; i < study->record.record.n_parameters; i++) {
        const hone_parameter_record *p = &study->record.record.parameters[i];
        double number;
        settings[order.n_settings++] = (hone_setting){ p->key, p->text,
                                                       hone_parse_real(p->text, NULL, &number) ? number : p->number };
    }
    char level[32];
    if (study->levels)
        settings[order.n_settings++] = level_setting(study, order.level ? order.level : study->levels, level,
                                                     sizeof level);
    take_tuned(&order, settings, before, n_before, texts);
    const hone_rc rc = study->crew->start(study->crew, (unsigned)(slot - study->slots), &order, err);
    free(settings);
    free(texts);
    slot->since = seconds_steady();
    slot->step = 0;
    return rc;
}

/* Trials that are tested at once. */
static uint32_t trial_flags(const struct study *study)
{
    return study->composition->study.evaluate == EVALUATE_TEST ? HONE_TRIAL_FINAL : 0;
}

static struct slot *next_queued(struct study *study)
{
    struct slot *least = NULL;
    for (unsigned i = 0; i < study->n_slots; i++)
        if (study->slots[i].phase == SLOT_QUEUED && (!least || earlier(&study->slots[i], least)))
            least = &study->slots[i];
    return least;
}

/* Lets queued slots work, the earliest first, as many as may compute at once. HONE_DONE: there is something to deliver again. */
static hone_rc dispatch(struct study *study, hone_error *err)
{
    struct slot *slot;
    hone_rc rc = HONE_OK;
    while (rc >= 0 && study->n_computing < study->workers && (slot = next_queued(study))) {
        if (!slot->starting &&
            slot->end.what == CREW_OUTCOME) { /* it died while it waited: nobody is there to be answered */
            slot->held = slot->end;
            slot->end = (struct held){ 0 };
            slot->phase = SLOT_HELD;
            rc = HONE_DONE;
            continue;
        }
        slot->phase = SLOT_COMPUTING;
        study->n_computing++;
        hone_rc told = slot->starting
                           ? study_start_on_worker(study, slot, trial_flags(study), 0, NULL, 0, err)
                           : study->crew->verdict(study->crew, (unsigned)(slot - study->slots), slot->verdict, err);
        if (told == HONE_OK && slot->starting)
            told = study_tell_reporters(study, HONE_NOW_TRIAL, slot->trial, NULL, NULL, NULL, err);
        if (told != HONE_OK)
            return told;
    }
    return rc;
}

static void slot_clear(struct slot *slot)
{
    held_release(&slot->held);
    held_release(&slot->end);
    slot->phase = SLOT_IDLE;
    slot->trial = NULL;
}

/* A report or an outcome: held until its turn. */
static hone_rc take_word(struct study *study, struct slot *slot, const struct crew_event *event, hone_error *err)
{
    if (!slot->trial || event->trial != slot->trial->number || event->attempt != slot->trial->attempt)
        return HONE_OK; /* late words of a trial that was ended */
    if (slot->phase != SLOT_COMPUTING) {
        const int waits = slot->phase == SLOT_HELD || (slot->phase == SLOT_QUEUED && !slot->starting);
        return waits && event->what == CREW_OUTCOME && slot->end.what != CREW_OUTCOME
                   ? held_copy(&slot->end, event, err)
                   : HONE_OK;
    }
    if (study->cancelled && event->what == CREW_REPORT)
        return HONE_OK; /* nobody answers any more; the worker has been told to end */
    study->n_computing--;
    if (study->cancelled ||
        event->status == CREW_CANCELLED) { /* stays running in the storage: the next run takes it up */
        slot_clear(slot);
        return HONE_OK;
    }
    slot->phase = SLOT_HELD;
    if (event->what == CREW_REPORT) {
        slot->at = event->step > slot->trial->step ? slot->trial->begun + (double)event->step
                                                   : study_next_time(study, slot->trial);
        slot->step = event->step;
    }
    return held_copy(&slot->held, event, err);
}

static hone_rc take(struct study *study, const struct crew_event *event, hone_error *err)
{
    char text[600];
    if (event->worker >= study->n_slots)
        return hone_fail(err, HONE_EIO, NULL, "internal error: an event of worker %u of %u", event->worker,
                         study->n_slots);
    switch (event->what) {
    case CREW_LOG:
        if (event->level < HONE_LOG_INFO)
            return HONE_OK;
        snprintf(text, sizeof text, "trial %llu: %.500s", (unsigned long long)event->trial,
                 event->message ? event->message : "");
        return study_tell_note(study, text, err);
    case CREW_ATTACHMENT: return study_put_attachment(study, event, 0, err);
    case CREW_CHECKPOINT: {
        struct trial *trial = study->slots[event->worker].trial;
        if (!trial || trial->number != event->trial || trial->attempt != event->attempt)
            return HONE_OK; /* of a trial that was ended */
        return study_take_checkpoint(study, trial, &event->checkpoint, err);
    }
    case CREW_READY: return study_worker_ready(event, err);
    case CREW_REPORT:
    case CREW_OUTCOME:
    default: return take_word(study, &study->slots[event->worker], event, err);
    }
}

hone_rc study_worker_ready(const struct crew_event *event, hone_error *err)
{
    if (event->rc == HONE_OK)
        return HONE_OK;
    return hone_fail(err, HONE_EFAIL, NULL, "a worker cannot be set up: %.200s",
                     event->message ? event->message : "no reason given");
}

/* Delivers what may be delivered and asks for what may be asked, then commits. */
static hone_rc decide(struct study *study, hone_error *err)
{
    struct slot *slot;
    hone_rc rc = study_fill_slots(study, err);
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
        if (study->slots[i].phase == SLOT_QUEUED || study->slots[i].phase == SLOT_HELD)
            slot_clear(&study->slots[i]);
}

hone_rc study_tick(struct study *study, hone_error *err)
{
    const double now = seconds_steady();
    if (now - study->ticked < STUDY_TICK)
        return HONE_OK;
    study->ticked = now;
    return study_tell_reporters(study, HONE_NOW_TICK, NULL, NULL, NULL, NULL, err);
}

/* Nothing is at work. Fine at the end; but who waits for results while none can come would wait for ever. */
static hone_rc nothing_left(const struct study *study, hone_error *err)
{
    const struct component *waiting = study->waiting;
    if (!waiting || study->cancelled || study->done || !study_budget_left(study))
        return HONE_OK;
    return hone_fail(err, HONE_EFAIL, NULL,
                     "%s '%s' waits for results, but no trial is at work: the study cannot go on after %llu trials",
                     waiting->entry->kind, waiting->entry->name, (unsigned long long)study->table.n);
}

/* Hears what there is, within limits: the reporters and the storage want their turn, too. */
static hone_rc hear(struct study *study, hone_error *err)
{
    struct crew_event event;
    hone_rc rc = study->crew->wait(study->crew, STUDY_TICK, &event, err);
    for (int n = 1; rc == HONE_OK; n++) {
        if ((rc = take(study, &event, err)) == HONE_OK)
            rc = n < EVENTS_PER_COMMIT ? study->crew->wait(study->crew, 0, &event, err) : HONE_WAIT;
    }
    return rc < 0 ? rc : HONE_OK;
}

static hone_rc loop(struct study *study, hone_error *err)
{
    for (;;) {
        hone_rc rc;
        if ((rc = study_hear_requests(study, 0, err)) != HONE_OK)
            return rc;
        if (*study->signalled && !study->cancelled)
            stop_politely(study);
        if (*study->signalled > 1)
            return HONE_OK; /* now, it was said */
        do
            rc = decide(study, err);
        while (rc == HONE_OK && (rc = dispatch(study, err)) == HONE_DONE);
        if (rc != HONE_OK || (rc = study_tick(study, err)) != HONE_OK)
            return rc;
        if (all_idle(study))
            return nothing_left(study, err);
        if ((rc = hear(study, err)) != HONE_OK)
            return rc;
    }
}

/* Why it ended, for the storage. */
static void say_end(struct study *study, enum study_end end)
{
    const struct study_settings *s = &study->composition->study;
    const char *why = strchr(study->ending, ':');
    if (end == STUDY_STOPPED)
        snprintf(study->ended, sizeof study->ended, "%s",
                 study->asked_to_stop ? "stopped by hone stop" : "stopped by a signal");
    else if (end == STUDY_RULE)
        snprintf(study->ended, sizeof study->ended, "%s", why ? why + 2 : study->ending);
    else if (end == STUDY_SPENT)
        snprintf(study->ended, sizeof study->ended, "%s '%.60s' has nothing more to propose", study->done->entry->kind,
                 study->done->entry->name);
    else if (s->trials > 0 && study->table.n >= (uint64_t)s->trials)
        snprintf(study->ended, sizeof study->ended, "trials = %lld", (long long)s->trials);
    else
        snprintf(study->ended, sizeof study->ended, "time = %g seconds", s->time);
}

hone_rc study_run(struct study *study, enum study_end *end, hone_error *err)
{
    hone_rc rc = study_tell_reporters(study, HONE_NOW_STARTED, NULL, NULL, NULL, NULL, err);
    if (rc == HONE_OK)
        rc = study_forget_stops(study, err);
    if (rc == HONE_OK)
        rc = loop(study, err);
    if (rc != HONE_OK) {
        hone_error ignored = HONE_ERROR_INIT;
        if (study->storage_failed)
            study_rollback(study);
        else
            study_commit(study, &ignored); /* what was decided before a plugin failed stays */
        return rc;
    }
    if (!*study->signalled && (rc = study_checkpoints_end(study, err)) != HONE_OK)
        return rc;
    *end = *study->signalled ? STUDY_STOPPED : study->ending[0] ? STUDY_RULE : study->done ? STUDY_SPENT : STUDY_BUDGET;
    say_end(study, *end);
    if ((rc = study_begin(study, err)) != HONE_OK ||
        (rc = study_put_study(study, *end == STUDY_STOPPED ? HONE_STUDY_STOPPED : HONE_STUDY_FINISHED, err)) != HONE_OK)
        return rc;
    return study_commit(study, err);
}

hone_rc study_settle(struct study *study, hone_error *err)
{
    study->listened = 0;
    const hone_rc rc = study_hear_requests(study, 0, err);
    return rc == HONE_OK ? study_commit(study, err) : rc;
}
