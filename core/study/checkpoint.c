/* SPDX-License-Identifier: MIT */
/* Files of trials' states, on the coordinator's side: which are known, which are needed, and the removal of the others. A file
 * is told to the storage before anything counts on it, and removed only after the commit that no longer needs it. */
#include "study/study.h"

#include "base/text.h"
#include "hone/param.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *checkpoint_path(const char *directory, uint64_t trial, int64_t step)
{
    char *path = NULL;
    return asprintf(&path, "%s/checkpoints/trial%llu-%lld", directory, (unsigned long long)trial, (long long)step) < 0
               ? NULL
               : path;
}

static int same_file(const struct crew_checkpoint *a, const struct crew_checkpoint *b)
{
    return a->size && b->size && a->trial == b->trial && a->step == b->step;
}

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the checkpoints of the study");
}

/* To be removed after the next commit. Clones only borrow theirs. */
static hone_rc doom(struct study *study, const struct trial *owner, struct crew_checkpoint *checkpoint, hone_error *err)
{
    struct checkpoints *c = &study->checkpoints;
    if (checkpoint->size && checkpoint->trial == owner->number) {
        if (c->n_doomed == c->doomed_capacity) {
            const size_t capacity = c->doomed_capacity ? c->doomed_capacity * 2 : 16;
            struct crew_checkpoint *more = realloc(c->doomed, capacity * sizeof *more);
            if (!more)
                return out_of_memory(err);
            c->doomed = more;
            c->doomed_capacity = capacity;
        }
        c->doomed[c->n_doomed++] = *checkpoint;
        c->bytes -= checkpoint->size < c->bytes ? checkpoint->size : c->bytes;
    }
    memset(checkpoint, 0, sizeof *checkpoint);
    return HONE_OK;
}

/* The newest is replaced by another, or by none. What is also the last pause's stays. */
static hone_rc replace_newest(struct study *study, struct trial *trial, const struct crew_checkpoint *by,
                              hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (same_file(&trial->newest, &trial->at_pause) || (by && same_file(&trial->newest, by)))
        memset(&trial->newest, 0, sizeof trial->newest);
    else
        rc = doom(study, trial, &trial->newest, err);
    if (by)
        trial->newest = *by;
    return rc;
}

static void end_borrowing(struct study *study, const struct trial *trial)
{
    struct checkpoints *c = &study->checkpoints;
    for (size_t i = 0; i < c->n_borrowers; i++)
        if (c->borrowers[i] == trial)
            c->borrowers[i--] = c->borrowers[--c->n_borrowers];
}

/* Beyond the limit, those that paused first give theirs up. */
static hone_rc keep_within(struct study *study, hone_error *err)
{
    const int64_t limit = study->composition->study.checkpoint_space;
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; limit > 0 && study->checkpoints.bytes > (uint64_t)limit && i < study->table.n && rc == HONE_OK;
         i++) {
        struct trial *t = study->table.trials[i];
        if (t->state != HONE_STATE_PAUSED || t->cloned || !t->at_pause.size)
            continue;
        memset(&t->newest, 0, sizeof t->newest);
        rc = doom(study, t, &t->at_pause, err);
    }
    return rc;
}

hone_rc study_take_checkpoint(struct study *study, struct trial *trial, const struct crew_checkpoint *checkpoint,
                              hone_error *err)
{
    char text[80];
    hone_rc rc;
    if (!checkpoint->size)
        return HONE_OK;
    if (!same_file(&trial->newest, checkpoint))
        study->checkpoints.bytes += checkpoint->size;
    if ((rc = replace_newest(study, trial, checkpoint, err)) != HONE_OK)
        return rc;
    snprintf(text, sizeof text, "size=%llu crc=%016llx", (unsigned long long)checkpoint->size,
             (unsigned long long)checkpoint->checksum);
    if ((rc = study_put_event(study, HONE_EVENT_CHECKPOINT, trial, checkpoint->step, 0, text, err)) != HONE_OK)
        return rc;
    return keep_within(study, err);
}

hone_rc study_checkpoint_paused(struct study *study, struct trial *trial, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (!trial->newest.size || trial->newest.step != trial->step || trial->newest.trial != trial->number) {
        /* the objective makes none: it will begin anew, but for clones, which have their donor's */
        return trial->cloned ? HONE_OK : replace_newest(study, trial, NULL, err);
    }
    if (!same_file(&trial->newest, &trial->at_pause))
        rc = doom(study, trial, &trial->at_pause, err);
    trial->at_pause = trial->newest;
    end_borrowing(study, trial);
    return rc;
}

hone_rc study_checkpoint_over(struct study *study, struct trial *trial, hone_error *err)
{
    hone_rc rc = HONE_OK;
    end_borrowing(study, trial);
    if (study->composition->study.keep_checkpoints)
        return HONE_OK;
    if (!same_file(&trial->newest, &trial->at_pause))
        rc = doom(study, trial, &trial->newest, err);
    memset(&trial->newest, 0, sizeof trial->newest);
    if (rc != HONE_OK || study->scheduler_iface->flags & HONE_SCHEDULER_CLONES)
        return rc;
    return doom(study, trial, &trial->at_pause, err);
}

hone_rc study_checkpoint_borrow(struct study *study, struct trial *trial, const struct trial *from, hone_error *err)
{
    struct checkpoints *c = &study->checkpoints;
    const struct crew_checkpoint lent = from->at_pause;
    hone_rc rc;
    if (c->n_borrowers == c->borrowers_capacity) {
        const size_t capacity = c->borrowers_capacity ? c->borrowers_capacity * 2 : 16;
        struct trial **more = realloc(c->borrowers, capacity * sizeof *more);
        if (!more)
            return out_of_memory(err);
        c->borrowers = more;
        c->borrowers_capacity = capacity;
    }
    end_borrowing(study, trial);
    if (lent.trial != trial->number) {
        if ((rc = replace_newest(study, trial, NULL, err)) != HONE_OK ||
            (rc = doom(study, trial, &trial->at_pause, err)) != HONE_OK)
            return rc;
        c->borrowers[c->n_borrowers++] = trial;
    }
    trial->newest = trial->at_pause = lent;
    return HONE_OK;
}

static int is_lent(const struct study *study, const struct crew_checkpoint *checkpoint)
{
    const struct checkpoints *c = &study->checkpoints;
    for (size_t i = 0; i < c->n_borrowers; i++)
        if (same_file(&c->borrowers[i]->newest, checkpoint) || same_file(&c->borrowers[i]->at_pause, checkpoint))
            return 1;
    return 0;
}

void study_checkpoints_sweep(struct study *study)
{
    struct checkpoints *c = &study->checkpoints;
    size_t kept = 0;
    for (size_t i = 0; i < c->n_doomed; i++) {
        const struct crew_checkpoint doomed = c->doomed[i];
        char *path;
        if (is_lent(study, &doomed)) {
            c->doomed[kept++] = doomed;
            continue;
        }
        if ((path = checkpoint_path(study->composition->study.directory, doomed.trial, doomed.step)))
            unlink(path); /* not there: somebody tidied up */
        free(path);
    }
    c->n_doomed = kept;
}

static int is_known(const struct study *study, uint64_t trial, int64_t step)
{
    const struct crew_checkpoint file = { trial, step, 1, 0 };
    if (is_lent(study, &file))
        return 1;
    if (trial >= study->table.n)
        return 0;
    const struct trial *t = study->table.trials[trial];
    return same_file(&t->newest, &file) || same_file(&t->at_pause, &file);
}

/* A folder of files, and itself. */
static void remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(path);
}

/* The artifacts "checkpoints" of trials: files on the way to a checkpoint, of a worker that did not live to take them. */
static void tidy_artifacts(const struct study *study)
{
    DIR *directory = opendir(study->composition->study.directory);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        unsigned long long trial;
        char *path = NULL;
        int end = 0;
        if (sscanf(entry->d_name, "trial%llu-checkpoints%n", &trial, &end) != 1 || !end || entry->d_name[end])
            continue;
        if (asprintf(&path, "%s/%s", study->composition->study.directory, entry->d_name) > 0) {
            remove_folder(path);
            free(path);
        }
    }
    if (directory)
        closedir(directory);
}

void study_checkpoints_tidy(struct study *study)
{
    char *folder = NULL;
    tidy_artifacts(study);
    if (asprintf(&folder, "%s/checkpoints", study->composition->study.directory) < 0)
        return;
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        unsigned long long trial;
        long long step;
        char rest = '\0', *path = NULL;
        const int n = sscanf(entry->d_name, "trial%llu-%lld%c", &trial, &step, &rest);
        if (n < 2 || (n == 3 && rest != '.') || (n == 2 && is_known(study, trial, step)))
            continue; /* not ours, or needed */
        if (asprintf(&path, "%s/%s", folder, entry->d_name) > 0) {
            unlink(path);
            free(path);
        }
    }
    if (directory)
        closedir(directory);
    rmdir(folder); /* where it is empty */
    free(folder);
}

hone_rc study_checkpoints_end(struct study *study, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (study->composition->study.keep_checkpoints) {
        tidy_artifacts(study);
        return HONE_OK;
    }
    for (uint64_t i = 0; i < study->table.n && rc == HONE_OK; i++) {
        struct trial *t = study->table.trials[i];
        if (t->cloned && t->state == HONE_STATE_PAUSED)
            continue; /* could not go on without it, should the study be given more */
        if (!same_file(&t->newest, &t->at_pause))
            rc = doom(study, t, &t->newest, err);
        memset(&t->newest, 0, sizeof t->newest);
        if (rc == HONE_OK)
            rc = doom(study, t, &t->at_pause, err);
    }
    study_checkpoints_sweep(study);
    study_checkpoints_tidy(study);
    return rc;
}

void study_checkpoints_release(struct study *study)
{
    free(study->checkpoints.doomed);
    free(study->checkpoints.borrowers);
    study->checkpoints = (struct checkpoints){ 0 };
}
