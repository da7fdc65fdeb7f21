/* SPDX-License-Identifier: MIT */
/* The functions of hone_trial, and the worker's end of the channel. */
#include "worker/trial_run.h"

#include "base/file.h"
#include "hone/param.h"
#include "hone/scheduler.h"
#include "hone/search.h"
#include "worker/checkpoint.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- channel ---- */

hone_rc channel_receive(struct channel *c, struct wire_frame *frame, int interruptible, hone_error *err)
{
    if (c->consumed) {
        memmove(c->in, c->in + c->consumed, c->n_in - c->consumed);
        c->n_in -= c->consumed;
        c->consumed = 0;
    }
    for (;;) {
        const int64_t length = wire_parse(c->in, c->n_in, frame, err);
        if (length < 0)
            return (hone_rc)length;
        if (length > 0) {
            c->consumed = (size_t)length;
            return HONE_OK;
        }
        if (interruptible && *c->cancel)
            return HONE_ECANCELED;
        if (c->in_capacity - c->n_in < 4096) {
            const size_t capacity = c->in_capacity ? c->in_capacity * 2 : 65536;
            uint8_t *more = realloc(c->in, capacity);
            if (!more)
                return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a message of the coordinator");
            c->in = more;
            c->in_capacity = capacity;
        }
        if (interruptible) { /* a signal between the look above and the wait below must not be slept through */
            struct pollfd p = { c->fd, POLLIN, 0 };
            if (poll(&p, 1, 100) <= 0)
                continue;
        }
        const ssize_t n = recv(c->fd, c->in + c->n_in, c->in_capacity - c->n_in, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
            return HONE_DONE;
        if (n > 0)
            c->n_in += (size_t)n;
        else if (errno != EINTR)
            return hone_fail(err, HONE_EIO, NULL, "cannot hear the coordinator: %s", strerror(errno));
    }
}

hone_rc channel_init(struct channel *c, int fd, const volatile uint32_t *cancel, hone_error *err)
{
    *c = (struct channel){ .fd = fd, .cancel = cancel };
    return pthread_mutex_init(&c->sending, NULL)
               ? hone_fail(err, HONE_EFAIL, NULL, "cannot make a lock for the channel")
               : HONE_OK;
}

void channel_release(struct channel *c)
{
    if (!c->cancel)
        return; /* never made */
    pthread_mutex_destroy(&c->sending);
    free(c->in);
    text_release(&c->out);
    *c = (struct channel){ 0 };
}

hone_rc channel_send(struct channel *c, struct text *out, hone_error *err)
{
    hone_rc rc = wire_end(out, err);
    if (rc != HONE_OK)
        return rc;
    pthread_mutex_lock(&c->sending);
    for (size_t sent = 0; sent < out->length && rc == HONE_OK;) {
        const ssize_t n = send(c->fd, out->data + sent, out->length - sent, MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
        else if (errno != EINTR)
            rc = hone_fail(err, HONE_EIO, NULL, "cannot speak to the coordinator: %s", strerror(errno));
    }
    pthread_mutex_unlock(&c->sending);
    return rc;
}

/* ---- what the objective calls ---- */

static struct trial_run *run_of(const hone_trial *trial)
{
    return (struct trial_run *)trial->impl;
}

static const char *shared_component(const struct trial_run *run, char *out, size_t n)
{
    size_t i = 0;
    for (; i + 1 < n && run->page->component[i]; i++)
        out[i] = run->page->component[i];
    out[i] = '\0';
    return out;
}

/* Attributes a changed floating-point state to what was entered last. */
static void look_for_misbehaviour(struct trial_run *run)
{
    hone_error why = HONE_ERROR_INIT;
    if (guard_check(&run->guard, &why) == HONE_OK || run->misbehaviour.code)
        return;
    run->misbehaviour = why;
    shared_component(run, run->culprit, sizeof run->culprit);
}

static hone_rc remember(struct trial_run *run, const hone_value *value, int final, hone_error *err)
{
    if (!value->name || !*value->name)
        return hone_fail(err, HONE_EINVAL, NULL, "a value without a name is reported");
    for (size_t i = 0; i < run->n_measured; i++)
        if (!strcmp(run->measured[i].name, value->name)) {
            if (final || !run->measured[i].final)
                run->measured[i] = (struct measured){ run->measured[i].name, value->value, value->direction, final };
            return HONE_OK;
        }
    if (run->n_measured == WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EINVAL, NULL, "'%.60s' is one name too many: a trial may report %d", value->name,
                         WIRE_MAX_VALUES);
    if (run->n_measured == run->capacity) {
        const size_t capacity = run->capacity ? run->capacity * 2 : 16;
        struct measured *more = realloc(run->measured, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a measured value");
        run->measured = more;
        run->capacity = capacity;
    }
    char *name = strdup(value->name);
    if (!name)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a measured value");
    run->measured[run->n_measured++] = (struct measured){ name, value->value, value->direction, final };
    return HONE_OK;
}

static void write_values(struct text *out, const hone_value *values, uint32_t n)
{
    wire_u32(out, n);
    for (uint32_t i = 0; i < n; i++) {
        wire_string(out, values[i].name);
        wire_f64(out, values[i].value);
        wire_u32(out, values[i].direction);
    }
}

/* Of a run that is itself a step: kept for what it comes to. */
static hone_rc inner_report(struct trial_run *run, int64_t step, const hone_value *values, uint32_t n, hone_error *err)
{
    hone_rc rc = HONE_OK;
    look_for_misbehaviour(run);
    if (step <= run->inner_step)
        return hone_fail(err, HONE_EINVAL, NULL, "a report of step %lld after one of step %lld", (long long)step,
                         (long long)run->inner_step);
    run->inner_step = step;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        rc = remember(run, &values[i], 0, err);
    return rc == HONE_OK && *run->channel->cancel ? hone_fail(err, HONE_ECANCELED, NULL, "the study ends") : rc;
}

static hone_rc report(const hone_trial *trial, int64_t step, const hone_value *values, uint32_t n, hone_error *err)
{
    struct trial_run *run = run_of(trial);
    struct text *out = &run->channel->out;
    struct wire_frame frame;
    hone_rc rc;
    if (run->inner)
        return inner_report(run, step, values, n, err);
    look_for_misbehaviour(run);
    if (run->verdict != HONE_CONTINUE)
        return hone_fail(err, HONE_EINVAL, NULL, "a report of step %lld although the trial was told to %s",
                         (long long)step, run->verdict == HONE_STOP ? "stop" : "pause");
    if (n > WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EINVAL, NULL, "a report of %u values (limit %d)", n, WIRE_MAX_VALUES);
    if (step <= run->step)
        return hone_fail(err, HONE_EINVAL, NULL, "a report of step %lld after one of step %lld", (long long)step,
                         (long long)run->step);
    for (uint32_t i = 0; i < n; i++)
        if ((rc = remember(run, &values[i], 0, err)) != HONE_OK)
            return rc;
    wire_begin(out, WIRE_REPORT);
    wire_u64(out, (uint64_t)step);
    write_values(out, values, n);
    if ((rc = channel_send(run->channel, out, err)) != HONE_OK)
        return rc;
    run->page->step = run->step = step;
    rc = channel_receive(run->channel, &frame, 1, err);
    if (rc == HONE_DONE) /* the coordinator is gone */
        return hone_fail(err, HONE_ECANCELED, NULL, "the study has ended");
    if (rc == HONE_ECANCELED)
        return hone_fail(err, HONE_ECANCELED, NULL, "the study ends");
    if (rc != HONE_OK)
        return rc;
    if (frame.type != WIRE_VERDICT)
        return hone_fail(err, HONE_EIO, NULL, "the coordinator answered a report with a message of type %u",
                         (unsigned)frame.type);
    run->verdict = wire_get_u32(&frame);
    return run->verdict == HONE_STOP ? HONE_DONE : run->verdict == HONE_PAUSE ? HONE_WAIT : HONE_OK;
}

static hone_rc result(const hone_trial *trial, const hone_value *values, uint32_t n, hone_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        const hone_rc rc = remember(run_of(trial), &values[i], 1, err);
        if (rc != HONE_OK)
            return rc;
    }
    return HONE_OK;
}

/* What a second run leaves behind does not take the place of what the first one left. */
static const char *repeat_name(const struct trial_run *run, const char *name, char *out, size_t n)
{
    if (!run->repeat)
        return name;
    snprintf(out, n, "repeat%llu-%s", (unsigned long long)run->repeat + 1, name);
    return out;
}

static int has_setting(const hone_trial *trial, const char *key)
{
    for (uint32_t i = 0; i < trial->n_settings; i++)
        if (!strcmp(trial->settings[i].key, key))
            return 1;
    return 0;
}

static hone_rc derivatives(const hone_trial *trial, const hone_derivative *list, uint32_t n, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        char *name = NULL;
        if (!list[i].metric || !list[i].key || !*list[i].metric)
            return hone_fail(err, HONE_EINVAL, NULL, "a derivative without a metric or a key is reported");
        if (!has_setting(trial, list[i].key))
            return hone_fail(err, HONE_EINVAL, NULL,
                             "a derivative with respect to '%.60s' is reported, which is not searched", list[i].key);
        if (asprintf(&name, DERIVATIVE_NAME, list[i].metric, list[i].key) < 0)
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a derivative");
        const hone_value value = { name, list[i].value, HONE_NO_DIRECTION, 0 };
        rc = remember(run_of(trial), &value, 1, err);
        free(name);
    }
    return rc;
}

static hone_rc attach_any(const hone_trial *trial, const char *name, const char *media_type, const char *text,
                          const char *path, hone_error *err)
{
    struct trial_run *run = run_of(trial);
    struct text *out = &run->channel->out;
    char of_repeat[160];
    if (!name || !*name || !media_type || (!text && !path))
        return hone_fail(err, HONE_EINVAL, NULL, "an attachment needs a name, a media type, and a text or a path");
    wire_begin(out, WIRE_ATTACHMENT);
    wire_string(out, repeat_name(run, name, of_repeat, sizeof of_repeat));
    wire_string(out, media_type);
    wire_string(out, text);
    wire_string(out, path);
    return channel_send(run->channel, out, err);
}

static hone_rc attach(const hone_trial *trial, const char *name, const char *media_type, const char *text,
                      hone_error *err)
{
    return attach_any(trial, name, media_type, text, NULL, err);
}

static hone_rc attach_file(const hone_trial *trial, const char *name, const char *media_type, const char *path,
                           hone_error *err)
{
    return attach_any(trial, name, media_type, NULL, path, err);
}

static const char *artifact_path(const hone_trial *trial, const char *name, hone_error *err)
{
    struct trial_run *run = run_of(trial);
    char *path = NULL, of_repeat[160];
    if (!*name || strchr(name, '/') || name[0] == '.') {
        hone_fail(err, HONE_EINVAL, NULL, "'%.60s' is no name for a file of a trial", name);
        return NULL;
    }
    if (directory_make(trial->directory, err) != HONE_OK)
        return NULL;
    const int made = trial->flags & HONE_TRIAL_FINAL
                         ? asprintf(&path, "%s/%s", trial->directory, name)
                         : asprintf(&path, "%s/trial%llu-%s", trial->directory, (unsigned long long)trial->number,
                                    repeat_name(run, name, of_repeat, sizeof of_repeat));
    char **more = made < 0 ? NULL : realloc(run->paths, (run->n_paths + 1) * sizeof *more);
    if (!more) {
        if (made >= 0)
            free(path);
        hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a path");
        return NULL;
    }
    run->paths = more;
    run->paths[run->n_paths++] = path;
    return path;
}

static void entering(const hone_trial *trial, const char *component)
{
    struct trial_run *run = run_of(trial);
    look_for_misbehaviour(run);
    size_t i = 0;
    for (; component && component[i] && i + 1 < sizeof run->page->component; i++)
        run->page->component[i] = component[i];
    run->page->component[i] = '\0';
}

void trial_run_begin(struct trial_run *run, struct channel *channel, struct shared_page *page)
{
    run->channel = channel;
    run->page = page;
    run->trial.size = sizeof run->trial;
    run->trial.impl = run;
    run->trial.report = report;
    run->trial.result = result;
    run->trial.attach = attach;
    run->trial.artifact_path = artifact_path;
    run->trial.attach_file = attach_file;
    run->trial.entering = entering;
    run->trial.reported = run->reported;
    run->trial.derivatives = derivatives;
    checkpoints_offer(run);
    page->trial = run->trial.number;
    page->step = 0;
    guard_save(&run->guard);
}

static void forget(struct trial_run *run)
{
    for (size_t i = 0; i < run->n_measured; i++)
        free(run->measured[i].name);
    run->n_measured = 0;
}

void trial_run_inner(struct trial_run *run, int64_t repeat)
{
    forget(run);
    run->inner = 1;
    run->inner_step = 0;
    run->repeat = (uint64_t)repeat;
}

hone_rc trial_run_step(struct trial_run *run, int64_t step, hone_error *err)
{
    hone_value *values = calloc(run->n_measured + 1, sizeof *values);
    if (!values)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the report of a run");
    for (size_t i = 0; i < run->n_measured; i++)
        values[i] = (hone_value){ run->measured[i].name, run->measured[i].value, run->measured[i].direction, 0 };
    run->inner = 0;
    const hone_rc rc = report(&run->trial, step, values, (uint32_t)run->n_measured, err);
    free(values);
    return rc;
}

hone_rc trial_run_stopped(struct trial_run *run)
{
    run->verdict = HONE_STOP;
    return HONE_DONE;
}

hone_rc trial_run_finish(struct trial_run *run, hone_rc rc, const hone_error *why, hone_error *err)
{
    struct text *out = &run->channel->out;
    char component[96];
    uint32_t status = rc == HONE_OK     ? HONE_COMPLETE
                      : rc == HONE_DONE ? HONE_PRUNED
                      : rc == HONE_WAIT ? HONE_PAUSED
                                        : HONE_FAILED;
    const char *message = rc < 0 ? why->msg : NULL, *param = rc < 0 ? why->param : NULL;
    look_for_misbehaviour(run);
    shared_component(run, component, sizeof component);
    if (run->misbehaviour.code) {
        status = HONE_FAILED;
        rc = run->misbehaviour.code;
        message = run->misbehaviour.msg;
        param = NULL;
        snprintf(component, sizeof component, "%s", run->culprit);
    } else if ((rc == HONE_DONE && run->verdict != HONE_STOP) || (rc == HONE_WAIT && run->verdict != HONE_PAUSE)) {
        message = rc == HONE_DONE ? "the objective says that it was pruned, but nobody asked for it"
                                  : "the objective says that it has paused, but nobody asked for it";
        status = HONE_FAILED;
        rc = HONE_EFAIL;
    } else if (rc == HONE_ECANCELED && !*run->channel->cancel) {
        message = message && *message ? message : "the objective cancelled itself";
    }
    wire_begin(out, WIRE_OUTCOME);
    wire_u32(out, status);
    wire_u32(out, (uint32_t)rc);
    wire_string(out, message);
    wire_string(out, param);
    wire_string(out, component);
    wire_u32(out, (uint32_t)run->n_measured);
    for (size_t i = 0; i < run->n_measured; i++) {
        wire_string(out, run->measured[i].name);
        wire_f64(out, run->measured[i].value);
        wire_u32(out, run->measured[i].direction);
    }
    return channel_send(run->channel, out, err);
}

void trial_run_release(struct trial_run *run)
{
    forget(run);
    free(run->measured);
    for (size_t i = 0; i < run->n_paths; i++)
        free(run->paths[i]);
    free(run->paths);
    free(run->saving);
    *run = (struct trial_run){ 0 };
}
