/* SPDX-License-Identifier: MIT */
/* Trials that pause, go on, and take over the state of others. */
#include "study/study.h"

#include "base/text.h"
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

int64_t study_pause_step(const struct study *study, int64_t until)
{
    return until <= 0 || (study->max_step && until >= study->max_step) ? 0 : until;
}

hone_rc study_pause_trial(struct study *study, struct trial *trial, hone_error *err)
{
    hone_rc rc;
    trial_move(&study->table, trial, HONE_STATE_PAUSED);
    if ((rc = study_checkpoint_paused(study, trial, err)) != HONE_OK ||
        (rc = study_put_trial(study, trial, NULL, err)) != HONE_OK ||
        (rc = study_put_event(study, HONE_EVENT_PAUSE, trial, trial->step, 0, NULL, err)) != HONE_OK ||
        (rc = study_tell_search(study, trial, err)) != HONE_OK)
        return rc;
    return study_tell_reporters(study, HONE_NOW_OUTCOME, trial, NULL, NULL, NULL, err);
}

/* The virtual clock of a trial that goes on: its next step comes one unit from now. */
static void go_on(struct study *study, struct trial *trial, int64_t until)
{
    trial_move(&study->table, trial, HONE_STATE_RUNNING);
    trial->until = study_pause_step(study, until);
    trial->pause_at = 0;
    trial->begun = study->now - (double)trial->step;
}

hone_rc study_resume_trial(struct study *study, struct trial *trial, int64_t until, hone_error *err)
{
    go_on(study, trial, until);
    return study_put_event(study, HONE_EVENT_RESUME, trial, trial->until, 0, NULL, err);
}

hone_rc study_clone_trial(struct study *study, const hone_order *order, hone_error *err)
{
    struct trial *trial = study->table.trials[order->trial];
    const char *name = study->scheduler.entry->name;
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc;
    if (order->from >= study->table.n)
        return hone_fail(err, HONE_EINVAL, "scheduler.use", "scheduler '%s' clones trial %llu, which does not exist",
                         name, (unsigned long long)order->from);
    const struct trial *from = study->table.trials[order->from];
    if (!from->at_pause.size)
        return hone_fail(err, HONE_ENOTSUP, "scheduler.use",
                         "scheduler '%s' clones trial %llu, of which there is no checkpoint: the objective must make "
                         "checkpoints when it pauses",
                         name, (unsigned long long)order->from);
    if (from->at_pause.step < trial->step) /* its reports would come a second time */
        return hone_fail(err, HONE_EINVAL, "scheduler.use",
                         "scheduler '%s' clones trial %llu at step %lld into trial %llu, which has come to step %lld",
                         name, (unsigned long long)order->from, (long long)from->at_pause.step,
                         (unsigned long long)order->trial, (long long)trial->step);
    if (space_check_point(&study->space, order->x, &why) != HONE_OK)
        return hone_fail(err, HONE_EINVAL, "scheduler.use",
                         "scheduler '%s' gave a clone a point that is not in the space: %.120s", name, why.msg);
    if ((rc = study_checkpoint_borrow(study, trial, from, err)) != HONE_OK)
        return rc;
    memcpy(trial->x, order->x, study->table.n_dims * sizeof *trial->x);
    trial->cloned = 1;
    trial->step = trial->at_pause.step;
    go_on(study, trial, order->until);
    struct text text = TEXT_INIT;
    text_addf(&text, "from=%llu\nat=%lld\n", (unsigned long long)from->number, (long long)trial->at_pause.step);
    if ((rc = study_point_text(study, trial, &text, err)) == HONE_OK)
        rc = study_put_event(study, HONE_EVENT_CLONE, trial, trial->until, 0, text_string(&text), err);
    text_release(&text);
    return rc;
}
