/* SPDX-License-Identifier: MIT */
/* Checkpoints on the worker's side: written under a temporary name, made durable, named, told. */
#include "worker/checkpoint.h"

#include "base/clock.h"
#include "base/file.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 1 << 18 };

/* FNV-1a over words of 64 bits, the last one filled up with zeros: fast, and any change of a word changes the sum. */
static uint64_t sum_block(uint64_t h, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, n - i < 8 ? n - i : 8);
        h = (h ^ word) * 0x100000001b3ull;
        h ^= h >> 29;
    }
    return h;
}

hone_rc checkpoint_measure(const char *path, uint64_t *size, uint64_t *checksum, hone_error *err)
{
    uint8_t *block = malloc(BLOCK);
    const int fd = block ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    hone_rc rc = HONE_OK;
    *size = 0;
    *checksum = 0xcbf29ce484222325ull;
    if (fd < 0) {
        rc = block ? hone_fail(err, HONE_EIO, NULL, "cannot read the checkpoint %.150s: %s", path, strerror(errno))
                   : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a checkpoint");
        goto out;
    }
    for (;;) { /* whole blocks, so that the sum does not depend on how much a read returns */
        size_t got = 0;
        while (got < BLOCK) {
            const ssize_t n = read(fd, block + got, BLOCK - got);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                rc = hone_fail(err, HONE_EIO, NULL, "cannot read the checkpoint %.150s: %s", path, strerror(errno));
            if (n <= 0)
                break;
            got += (size_t)n;
        }
        *size += got;
        *checksum = sum_block(*checksum, block, got);
        if (got < BLOCK || rc != HONE_OK)
            break;
    }
out:
    if (fd >= 0)
        close(fd);
    free(block);
    return rc;
}

static struct trial_run *run_of(const hone_trial *trial)
{
    return (struct trial_run *)trial->impl;
}

/* ---- what the objective calls ---- */

static uint32_t wants_checkpoint(const hone_trial *trial)
{
    const struct trial_run *run = run_of(trial);
    return !(trial->flags & HONE_TRIAL_FINAL) && !run->inner &&
           seconds_steady() - run->saved >= run->checkpoint_interval;
}

static char *temporary_of(const struct trial_run *run)
{
    char *path = NULL;
    return run->saving && asprintf(&path, "%s.tmp", run->saving) > 0 ? path : NULL;
}

static const char *begin_checkpoint(const hone_trial *trial, int64_t step, hone_error *err)
{
    struct trial_run *run = run_of(trial);
    char *folder;
    if (run->inner) { /* not asked for */
        hone_fail(err, HONE_ENOTSUP, NULL, "there are no checkpoints where a step is a whole run");
        return NULL;
    }
    run->saved = seconds_steady(); /* one that fails is tried again when the next is due */
    free(run->saving);
    run->saving = checkpoint_path(trial->directory, trial->number, step);
    folder = run->saving ? path_directory(run->saving) : NULL;
    char *temporary = temporary_of(run);
    char **more = temporary ? realloc(run->paths, (run->n_paths + 1) * sizeof *more) : NULL;
    if (!more || !folder) {
        if (more)
            run->paths = more;
        free(temporary);
        free(folder);
        hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the path of a checkpoint");
        return NULL;
    }
    run->paths = more;
    run->paths[run->n_paths++] = temporary;
    const hone_rc rc = directory_make(folder, err);
    free(folder);
    return rc == HONE_OK ? temporary : NULL;
}

/* fsync of a file or a directory. */
static int durable(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const int failed = fd < 0 || fsync(fd) != 0;
    if (fd >= 0)
        close(fd);
    return !failed;
}

static hone_rc end_checkpoint(const hone_trial *trial, int64_t step, hone_error *err)
{
    struct trial_run *run = run_of(trial);
    struct text *out = &run->channel->out;
    uint64_t size, checksum;
    char *temporary = temporary_of(run), *folder = run->saving ? path_directory(run->saving) : NULL;
    hone_rc rc;
    if (!temporary || !folder) {
        rc = hone_fail(err, HONE_EINVAL, NULL, "a checkpoint of step %lld that was not begun", (long long)step);
        goto out;
    }
    if ((rc = checkpoint_measure(temporary, &size, &checksum, err)) != HONE_OK)
        goto out;
    if (!durable(temporary) || rename(temporary, run->saving) != 0 || !durable(folder)) {
        rc = hone_fail(err, HONE_EIO, NULL, "cannot write the checkpoint %.150s: %s", run->saving, strerror(errno));
        goto out;
    }
    run->saved = seconds_steady();
    wire_begin(out, WIRE_CHECKPOINT);
    wire_u64(out, (uint64_t)step);
    wire_u64(out, size);
    wire_u64(out, checksum);
    rc = channel_send(run->channel, out, err);
out:
    if (rc != HONE_OK && temporary)
        unlink(temporary);
    free(temporary);
    free(folder);
    return rc;
}

void checkpoints_offer(struct trial_run *run)
{
    run->trial.wants_checkpoint = wants_checkpoint;
    run->trial.checkpoint_path = begin_checkpoint;
    run->trial.checkpoint = end_checkpoint;
    run->saved = seconds_steady();
}

/* ---- what it begins from ---- */

hone_rc checkpoints_check(struct trial_run *run, void (*damaged)(void *ctx, const char *message), void *ctx,
                          hone_error *err)
{
    char message[400];
    int n_damaged = 0;
    for (size_t i = 0; i < sizeof run->restore / sizeof *run->restore && !run->trial.restore_path; i++) {
        const struct crew_checkpoint *c = &run->restore[i];
        uint64_t size = 0, checksum = 0;
        hone_error why = HONE_ERROR_INIT;
        char **more;
        if (!c->size)
            continue;
        char *path = checkpoint_path(run->trial.directory, c->trial, c->step);
        if (!path || !(more = realloc(run->paths, (run->n_paths + 1) * sizeof *more))) {
            free(path);
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the path of a checkpoint");
        }
        run->paths = more;
        run->paths[run->n_paths++] = path;
        if (checkpoint_measure(path, &size, &checksum, &why) != HONE_OK) {
            snprintf(message, sizeof message, "%.250s", why.msg);
        } else if (size == c->size && checksum != c->checksum) {
            snprintf(message, sizeof message,
                     "the checkpoint %.180s is damaged, or another one: its checksum is not that of the "
                     "one that was saved",
                     path);
        } else if (size != c->size) {
            snprintf(message, sizeof message, "the checkpoint %.180s is damaged (%llu bytes of %llu)", path,
                     (unsigned long long)size, (unsigned long long)c->size);
        } else {
            run->trial.restore_path = path;
            run->trial.restore_step = c->step;
            break;
        }
        n_damaged++;
        damaged(ctx, message);
    }
    if (run->trial.restore_path || !n_damaged)
        return HONE_OK;
    if (run->trial.flags & HONE_TRIAL_CLONED)
        return hone_fail(err, HONE_EIO, NULL, "%.200s, and a clone cannot begin anew", message);
    damaged(ctx, "the trial begins anew");
    return HONE_OK;
}
