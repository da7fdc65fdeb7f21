/* SPDX-License-Identifier: MIT */
/* Requests: rows that whoever runs the study takes away; where nobody does, this process opens the study for as long as it takes. */
#include "cli/request.h"

#include "base/clock.h"
#include "hone/param.h"
#include "study/study.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATIENCE 120 /* seconds for a process that runs the study to answer: a search may think for a while */

void request_pause(void)
{
    const struct timespec pause = { 0, 20 * 1000 * 1000 };
    nanosleep(&pause, NULL);
}

int request_open(struct stored *stored, const struct cli *cli)
{
    int code = stored_open_in(stored, cli, cli->arguments[0], HONE_STORAGE_WRITE);
    if (code == 0)
        code = stored_choose(stored, cli);
    if (code == 0 && (stored->iface->size <= offsetof(hone_storage_v1, runner) || !stored->iface->put_request))
        code = cli_fail(EXIT_FAILED, "storage '%s' takes no requests for the studies it keeps",
                        stored->storage.entry->name);
    return code;
}

/* A write between begin and commit. */
static int written(struct stored *s, hone_rc rc, hone_error *err)
{
    if (rc == HONE_OK)
        rc = s->iface->commit(s->storage.self, err);
    else
        s->iface->rollback(s->storage.self);
    return rc == HONE_OK ? 0 : cli_fail(EXIT_FAILED, "%s", err->msg);
}

int request_put(struct stored *s, uint32_t what, const char *text, int64_t *id)
{
    const hone_request_record record = { sizeof record, what, 0, text };
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = s->iface->begin(s->storage.self, &err);
    if (rc != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", err.msg);
    rc = s->iface->put_request(s->storage.self, s->study.id, &record, id, &err);
    return written(s, rc, &err);
}

int request_drop(struct stored *s, int64_t id)
{
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = s->iface->begin(s->storage.self, &err);
    if (rc != HONE_OK)
        return cli_fail(EXIT_FAILED, "%s", err.msg);
    rc = s->iface->drop_request(s->storage.self, s->study.id, id, &err);
    return written(s, rc, &err);
}

int request_runner(const struct stored *s, int64_t *process)
{
    hone_error err = HONE_ERROR_INIT;
    const hone_rc rc = s->iface->runner(s->storage.self, s->study.id, process, &err);
    if (rc < 0)
        cli_fail(EXIT_FAILED, "%s", err.msg);
    return rc < 0 ? -1 : rc == HONE_WAIT;
}

/* ---- the answer ---- */

struct answer {
    int64_t request, id; /* id: of the answer; 0: there is none yet */
    int still_there;     /* the request itself */
    unsigned long long trial;
    char why[320]; /* "": a trial */
};

static hone_rc on_request(void *ctx, const hone_request_record *record)
{
    struct answer *a = ctx;
    long long request;
    int at = 0;
    a->still_there |= record->id == a->request;
    if (record->what != HONE_REQUEST_ANSWER || sscanf(record->text, "request %lld\n%n", &request, &at) != 1 ||
        request != a->request)
        return HONE_OK;
    a->id = record->id;
    if (sscanf(record->text + at, "trial %llu", &a->trial) != 1)
        snprintf(a->why, sizeof a->why, "%s",
                 strncmp(record->text + at, "error ", 6) ? "the study answers what this hone does not understand"
                                                         : record->text + at + 6);
    return HONE_OK;
}

/* Looks for the answer. 0, or the exit code. */
static int look(struct stored *s, struct answer *answer)
{
    hone_error err = HONE_ERROR_INIT;
    answer->still_there = 0;
    return s->iface->requests(s->storage.self, s->study.id, answer, on_request, &err) == HONE_OK
               ? 0
               : cli_fail(EXIT_FAILED, "%s", err.msg);
}

/* Waits for the process that runs the study. *gone: it has ended without an answer. */
static int wait_for_runner(struct stored *s, struct answer *answer, int *gone)
{
    const double until = seconds_steady() + PATIENCE;
    int64_t process;
    int code, running;
    *gone = 0;
    do {
        running = request_runner(s, &process);
        if (running < 0)
            return EXIT_FAILED;
        if ((code = look(s, answer)) != 0 || answer->id)
            return code;
        if (!running) {
            *gone = 1;
            return 0;
        }
        request_pause();
    } while (seconds_steady() < until);
    request_drop(s, answer->request);
    return cli_fail(EXIT_FAILED, "process %lld, which runs study '%s', has not answered within %d s",
                    (long long)process, s->study.name, PATIENCE);
}

/* Opens the study as `hone run` does, deals with what is asked of it, and closes it. 0: done, or somebody runs it now. */
static int settle(const struct cli *cli, const char *config)
{
    struct session session = { 0 };
    struct study study = { 0 };
    hone_error err = HONE_ERROR_INIT;
    int code = session_read_stored(&session, cli, cli->arguments[0], config, 0);
    session_catch_signals();
    if (code == 0 && (code = session_start(&session)) == 0) {
        const struct study_options options = { .composition = &session.composition,
                                               .host = &session.host,
                                               .crew = pool_crew(session.pool),
                                               .workers = session.workers,
                                               .terminal = &session.terminal,
                                               .signalled = &session_signals,
                                               .purpose = STUDY_TO_SETTLE };
        hone_rc rc = study_open(&study, &options, &err);
        if (rc == HONE_OK)
            rc = study_settle(&study, &err);
        if (rc != HONE_OK)
            code = session_fail(&session, &err);
        study_close(&study);
    }
    session_release(&session);
    return code;
}

int request_answered(const struct cli *cli, uint32_t what, const char *text, uint64_t *trial)
{
    struct stored stored;
    struct text config = TEXT_INIT;
    struct answer answer = { 0 };
    int gone = 0, code = request_open(&stored, cli);
    if (code == 0) {
        text_add(&config, stored.study.config);
        code = config.failed ? cli_fail(EXIT_FAILED, "out of memory")
                             : request_put(&stored, what, text, &answer.request);
    }
    while (code == 0 && !answer.id && (code = wait_for_runner(&stored, &answer, &gone)) == 0 && gone) {
        stored_release(&stored); /* a study is open once */
        code = settle(cli, text_string(&config));
        const int opened = request_open(&stored, cli);
        if (opened != 0) {
            code = opened;
            break;
        }
        int64_t process;
        if (code != 0 && request_runner(&stored, &process) == 1)
            code = 0; /* somebody was faster, and answers */
        else if (code != 0)
            request_drop(&stored, answer.request);
    }
    if (code == 0 && (code = request_drop(&stored, answer.id)) == 0 && answer.why[0])
        code = cli_fail(EXIT_FAILED, "%s", answer.why);
    *trial = answer.trial;
    stored_release(&stored);
    text_release(&config);
    return code;
}
