/* SPDX-License-Identifier: MIT */
/* Where search and scheduler are asked and told: every question and every result passes through here, live or replayed. */
#include "study/study.h"

#include "hone/param.h"
#include "plugin/crash.h"
#include "plugin/guard.h"

#include <string.h>

void study_enter(const struct component *component, struct guard *guard)
{
    guard_save(guard);
    crash_enter(component->entry);
}

hone_rc study_leave(const struct component *component, const struct guard *guard, const char *verb, hone_rc rc,
                    hone_error *err)
{
    char message[sizeof err->msg];
    hone_error changed = HONE_ERROR_INIT;
    crash_enter(NULL);
    if (guard_check(guard, &changed) != HONE_OK)
        return hone_fail(err, HONE_EFAIL, NULL, "%s '%s' %.200s", component->entry->kind, component->entry->name,
                         changed.msg);
    if (rc >= 0)
        return rc;
    if (err->code >= 0)
        err->code = rc;
    snprintf(message, sizeof message, "%s '%s' failed to %s: %.180s", component->entry->kind, component->entry->name,
             verb, err->msg[0] ? err->msg : "it gave no reason");
    memcpy(err->msg, message, sizeof message);
    return rc;
}

hone_rc study_ask_search(struct study *study, uint64_t number, double *x, hone_error *err)
{
    struct guard guard;
    study_enter(&study->search, &guard);
    hone_rc rc = study->search_iface->ask(study->search.self, number, x, err);
    rc = study_leave(&study->search, &guard, "propose a point", rc, err);
    const hone_rc noted = rc < 0 ? HONE_OK : study_flush_notes(study, err);
    return noted < 0 ? noted : rc;
}

hone_rc study_ask_scheduler(struct study *study, uint64_t number, int may_start, hone_order *order, hone_error *err)
{
    struct guard guard;
    *order = (hone_order){ .size = sizeof *order,
                           .what = HONE_ORDER_START,
                           .trial = number,
                           .x = study->cloned_x,
                           .may_start = may_start != 0 };
    if (!study->scheduler_iface->next)
        return HONE_OK;
    for (uint32_t i = 0; i < study->table.n_dims; i++)
        study->cloned_x[i] = (double)NAN;
    study_enter(&study->scheduler, &guard);
    const hone_rc rc = study->scheduler_iface->next(study->scheduler.self, order, err);
    return study_leave(&study->scheduler, &guard, "say what is next", rc, err);
}

hone_rc study_check_order(const struct study *study, const hone_order *order, hone_error *err)
{
    const char *name = study->scheduler.entry->name;
    if (order->what == HONE_ORDER_START)
        return HONE_OK;
    if (order->what != HONE_ORDER_RESUME && order->what != HONE_ORDER_CLONE)
        return hone_fail(err, HONE_EINVAL, "scheduler.use", "scheduler '%s' gave the unknown order %u", name,
                         order->what);
    if (order->trial >= study->table.n || study->table.trials[order->trial]->state != HONE_STATE_PAUSED)
        return hone_fail(err, HONE_EINVAL, "scheduler.use",
                         "scheduler '%s' wants to go on with trial %llu, which has not paused", name,
                         (unsigned long long)order->trial);
    if (order->until && order->until <= study->table.trials[order->trial]->step)
        return hone_fail(err, HONE_EINVAL, "scheduler.use",
                         "scheduler '%s' wants trial %llu, which stands at step %lld, to go on until step %lld", name,
                         (unsigned long long)order->trial, (long long)study->table.trials[order->trial]->step,
                         (long long)order->until);
    return HONE_OK;
}

hone_rc study_tell_search(struct study *study, const struct trial *trial, hone_error *err)
{
    const int paused = trial->state == HONE_STATE_PAUSED;
    const hone_outcome outcome = { .size = sizeof outcome,
                                   .status = trial->state == HONE_STATE_COMPLETE           ? HONE_COMPLETE
                                             : trial->state == HONE_STATE_PRUNED || paused ? HONE_PRUNED
                                                                                           : HONE_FAILED,
                                   .trial = trial->number,
                                   .x = trial->x,
                                   .values = study_minimize(study, trial->values),
                                   .constraints = trial->constraints,
                                   .n_values = study->table.n_values,
                                   .n_constraints = study->table.n_constraints,
                                   .step = trial->step,
                                   .deviations = study->repeats ? study->deviations : NULL,
                                   .n_repeats = study->repeats ? trial->moments[0].n : 0,
                                   .gradient = trial->state == HONE_STATE_COMPLETE ? trial->gradient : NULL,
                                   .tuned = trial->state == HONE_STATE_COMPLETE ? trial->tuned : NULL };
    struct guard guard;
    for (uint32_t i = 0; study->repeats && i < study->table.n_values; i++)
        study->deviations[i] = moments_deviation(&trial->moments[i]);
    study_enter(&study->search, &guard);
    hone_rc rc = study->search_iface->tell(study->search.self, &outcome, err);
    if ((rc = study_leave(&study->search, &guard, "hear an outcome", rc, err)) < 0 ||
        (rc = study_flush_notes(study, err)) < 0 || !study->scheduler_iface->finish || trial->outside)
        return rc < 0 ? rc : HONE_OK;
    study_enter(&study->scheduler, &guard);
    rc = study->scheduler_iface->finish(study->scheduler.self, trial->number, paused ? HONE_PAUSED : outcome.status,
                                        outcome.values, err);
    rc = study_leave(&study->scheduler, &guard, "hear the end of a trial", rc, err);
    return rc < 0 ? rc : HONE_OK;
}

hone_rc study_report_scheduler(struct study *study, const struct trial *trial, uint32_t *verdict, hone_error *err)
{
    const hone_report report = { sizeof report,
                                 study->table.n_values,
                                 trial->number,
                                 trial->step,
                                 study_minimize(study, trial->values),
                                 trial->x,
                                 study->repeats ? study->measured : NULL };
    struct guard guard;
    *verdict = HONE_CONTINUE;
    if (!study->scheduler_iface->report)
        return HONE_OK;
    study_enter(&study->scheduler, &guard);
    hone_rc rc = study->scheduler_iface->report(study->scheduler.self, &report, verdict, err);
    rc = study_leave(&study->scheduler, &guard, "judge a report", rc, err);
    if (rc < 0)
        return rc;
    if (*verdict > HONE_STOP)
        return hone_fail(err, HONE_EINVAL, "scheduler.use", "scheduler '%s' gave the unknown verdict %u",
                         study->scheduler.entry->name, *verdict);
    return HONE_OK;
}
