/* SPDX-License-Identifier: MIT */
/* The crew: what the workers' frames mean, limits, and what becomes of those that die. */
#include "worker/pool.h"

#include "base/clock.h"
#include "base/text.h"
#include "hone/param.h"
#include "hone/search.h"
#include "worker/decode.h"
#include "worker/process.h"
#include "worker/wire.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

enum { SETUP_FAILURES_MAX = 3 };
#define NEAR_LIMIT      0.8   /* of trial_memory: malloc fails there, and few plugins survive that */
#define HEALTH_INTERVAL 0.1   /* seconds between looks at time and memory of the workers */
#define LINGER_LOOK     0.005 /* seconds between looks at a worker that has closed its channel and is not dead yet */
#define LINGER_MAX      1.0   /* seconds that it may take: a dying process gets a moment to tell its signal */

enum worker_state { WORKER_NONE, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY };
enum ending { ENDING_NO, ENDING_CANCEL, ENDING_TIME, ENDING_MEMORY };

struct worker {
    enum worker_state state;
    struct process process;
    uint64_t trial, attempt;
    int waiting_trial; /* the setup is not answered yet and a trial was handed over */
    int unlimited;     /* the trial is the final training: trial_time is not for it */
    struct text trial_frame;
    double started;  /* of the trial; moved on by the time that its reports wait for their verdicts */
    double reported; /* a report waits since then; 0: none */
    double kill_at;
    enum ending ending;
    unsigned setup_failures;
    char fault[160]; /* why it is not to be trusted any more */
};

struct pool {
    struct crew crew; /* first: the study's view */
    struct worker *workers;
    char *program;
    struct text setup, scratch;
    double trial_time, grace, looked;
    int64_t trial_memory;
    struct decoded decoded; /* lists of the event handed out last */
    char message[512], component[96];
    unsigned turn; /* worker to look at first: nobody is starved */
    struct pollfd *polls;
};

static hone_rc worker_spawn(struct pool *pool, struct worker *w, hone_error *err)
{
    const hone_rc rc = process_spawn(&w->process, pool->program, err);
    if (rc != HONE_OK)
        return rc;
    w->state = WORKER_STARTING;
    w->ending = ENDING_NO;
    w->reported = 0;
    w->fault[0] = '\0';
    return process_send(&w->process, &pool->setup, err);
}

/* ---- the study's side ---- */

static hone_rc begin_trial(struct worker *w, hone_error *err)
{
    w->waiting_trial = 0;
    w->state = WORKER_BUSY;
    w->started = seconds_steady();
    w->reported = 0;
    return process_send(&w->process, &w->trial_frame, err);
}

static hone_rc crew_start(struct crew *crew, unsigned worker, const struct crew_trial *trial, hone_error *err)
{
    struct pool *pool = (struct pool *)crew;
    struct worker *w = &pool->workers[worker];
    struct text *out = &w->trial_frame;
    hone_rc rc;
    wire_begin(out, WIRE_TRIAL);
    wire_u64(out, trial->number);
    wire_u64(out, trial->attempt);
    wire_u32(out, trial->flags);
    wire_u64(out, trial->seed);
    wire_u64(out, (uint64_t)trial->until);
    wire_u64(out, (uint64_t)trial->reported);
    wire_u64(out, (uint64_t)trial->level);
    wire_u32(out, trial->stopped);
    wire_u32(out, trial->n_settings);
    for (uint32_t i = 0; i < trial->n_settings; i++) {
        wire_string(out, trial->settings[i].key);
        wire_string(out, trial->settings[i].text);
        wire_f64(out, trial->settings[i].number);
    }
    for (size_t i = 0; i < sizeof trial->restore / sizeof *trial->restore; i++) {
        wire_u64(out, trial->restore[i].trial);
        wire_u64(out, (uint64_t)trial->restore[i].step);
        wire_u64(out, trial->restore[i].size);
        wire_u64(out, trial->restore[i].checksum);
    }
    if ((rc = wire_end(out, err)) != HONE_OK)
        return rc;
    if (w->state == WORKER_NONE && (rc = worker_spawn(pool, w, err)) != HONE_OK)
        return rc;
    w->trial = trial->number;
    w->attempt = trial->attempt;
    w->unlimited = (trial->flags & HONE_TRIAL_FINAL) != 0;
    w->process.page->trial = trial->number;
    w->process.page->step = 0;
    w->process.page->component[0] = '\0';
    w->process.page->cancel = 0;
    w->ending = ENDING_NO;
    if (w->state == WORKER_STARTING) {
        w->waiting_trial = 1; /* sent when it is ready */
        return HONE_OK;
    }
    return begin_trial(w, err);
}

static hone_rc crew_verdict(struct crew *crew, unsigned worker, uint32_t verdict, hone_error *err)
{
    struct pool *pool = (struct pool *)crew;
    struct worker *w = &pool->workers[worker];
    hone_rc rc;
    if (w->state != WORKER_BUSY)
        return HONE_OK; /* it died, which was told */
    if (w->reported > 0)
        w->started += seconds_steady() - w->reported;
    w->reported = 0;
    wire_begin(&pool->scratch, WIRE_VERDICT);
    wire_u32(&pool->scratch, verdict);
    if ((rc = wire_end(&pool->scratch, err)) != HONE_OK)
        return rc;
    return process_send(&w->process, &pool->scratch, err);
}

static void worker_end(struct worker *w, enum ending why, double grace)
{
    if (w->ending != ENDING_NO)
        return;
    w->ending = why;
    w->kill_at = seconds_steady() + grace;
    process_ask_to_end(&w->process);
}

static void crew_cancel(struct crew *crew)
{
    struct pool *pool = (struct pool *)crew;
    for (unsigned i = 0; i < crew->n; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state == WORKER_BUSY || (w->state == WORKER_STARTING && w->waiting_trial))
            worker_end(w, ENDING_CANCEL, pool->grace);
    }
}

/* ---- events ---- */

static hone_rc worker_ready(struct pool *pool, struct worker *w, struct wire_frame *frame, struct crew_event *event,
                            hone_error *err)
{
    hone_rc rc;
    event->what = CREW_READY;
    event->rc = (hone_rc)wire_get_u32(frame);
    event->message = wire_get_string(frame);
    event->param = wire_get_string(frame);
    event->component = wire_get_string(frame);
    if (event->rc == HONE_OK) {
        if ((rc = decode_description(&pool->decoded, frame, err)) != HONE_OK)
            return rc;
        event->description = &pool->decoded.description;
        w->setup_failures = 0;
    }
    w->state = WORKER_IDLE;
    if (!w->waiting_trial || event->rc != HONE_OK)
        return HONE_OK;
    if (w->ending != ENDING_CANCEL)
        return begin_trial(w, err);
    *event = (struct crew_event){ .what = CREW_OUTCOME,
                                  .worker = event->worker,
                                  .trial = w->trial,
                                  .attempt = w->attempt,
                                  .status = CREW_CANCELLED };
    w->waiting_trial = 0; /* it was never begun */
    w->ending = ENDING_NO;
    return HONE_OK;
}

static void worker_outcome(struct worker *w, struct wire_frame *frame, struct crew_event *event)
{
    event->what = CREW_OUTCOME;
    event->status = wire_get_u32(frame);
    event->rc = (hone_rc)wire_get_u32(frame);
    event->message = wire_get_string(frame);
    event->param = wire_get_string(frame);
    event->component = wire_get_string(frame);
    w->state = WORKER_IDLE;
    if (w->ending == ENDING_CANCEL)
        event->status = CREW_CANCELLED;
}

/* Turns a frame into an event. */
static hone_rc decode(struct pool *pool, struct worker *w, struct wire_frame *frame, struct crew_event *event,
                      hone_error *err)
{
    hone_rc rc = HONE_OK;
    switch (frame->type) {
    case WIRE_READY: rc = worker_ready(pool, w, frame, event, err); break;
    case WIRE_REPORT:
        event->what = CREW_REPORT;
        event->step = (int64_t)wire_get_u64(frame);
        w->reported = seconds_steady();
        rc = decode_values(&pool->decoded, frame, event, err);
        break;
    case WIRE_OUTCOME:
        worker_outcome(w, frame, event);
        rc = decode_values(&pool->decoded, frame, event, err);
        break;
    case WIRE_ATTACHMENT:
        event->what = CREW_ATTACHMENT;
        event->attachment.name = wire_get_name(frame);
        event->attachment.media_type = wire_get_name(frame);
        event->attachment.text = wire_get_string(frame);
        event->attachment.path = wire_get_string(frame);
        break;
    case WIRE_CHECKPOINT:
        event->what = CREW_CHECKPOINT;
        event->checkpoint.trial = w->trial;
        event->checkpoint.step = (int64_t)wire_get_u64(frame);
        event->checkpoint.size = wire_get_u64(frame);
        event->checkpoint.checksum = wire_get_u64(frame);
        break;
    case WIRE_LOG:
        event->what = CREW_LOG;
        event->level = wire_get_u32(frame);
        event->message = wire_get_string(frame);
        break;
    case WIRE_SETUP:
    case WIRE_TRIAL:
    case WIRE_VERDICT:
    default: rc = hone_fail(err, HONE_EIO, NULL, "a message of the unknown type %u", (unsigned)frame->type);
    }
    if (rc == HONE_OK && frame->failed)
        rc = hone_fail(err, HONE_EIO, NULL, "a message that ends too early");
    return rc;
}

/* Says what ended a worker: "killed by SIGSEGV", "ended with exit status 3", with its last words. */
static void describe_death(struct pool *pool, struct worker *w, struct crew_event *event)
{
    const int status = w->process.status;
    const char *last = w->fault[0] ? "" : w->process.last;
    char how[240];
    if (w->ending == ENDING_TIME)
        snprintf(how, sizeof how, "took longer than trial_time = %g s and was ended", pool->trial_time);
    else if (w->ending == ENDING_MEMORY)
        snprintf(how, sizeof how, "used more memory than trial_memory = %.0f MB and was ended",
                 (double)pool->trial_memory / 1048576);
    else if (w->fault[0])
        snprintf(how, sizeof how, "the worker sent what it must not, and was ended: %s", w->fault);
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "the worker was killed by SIG%s%s",
                 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?",
                 pool->trial_memory > 0 && (double)w->process.most_memory > NEAR_LIMIT * (double)pool->trial_memory
                     ? ": it had come to the end of trial_memory"
                     : "");
    else
        snprintf(how, sizeof how, "the worker process ended by itself with exit status %d (a plugin called exit)",
                 WEXITSTATUS(status));
    snprintf(pool->message, sizeof pool->message, "%s%s%s", how, last[0] ? "; its last words: " : "", last);
    size_t i = 0;
    for (; i + 1 < sizeof pool->component && w->process.page->component[i]; i++)
        pool->component[i] = w->process.page->component[i];
    pool->component[i] = '\0';
    event->message = pool->message;
    event->component = pool->component;
    event->signal = WIFSIGNALED(status) && w->ending == ENDING_NO && !w->fault[0] ? (uint32_t)WTERMSIG(status) : 0;
}

/* The process is dead and collected. HONE_OK: there is an event to tell; HONE_WAIT: nobody needs to know. */
static hone_rc worker_died(struct pool *pool, struct worker *w, struct crew_event *event)
{
    const enum worker_state was = w->state;
    const int had_trial = was == WORKER_BUSY || w->waiting_trial;
    process_close(&w->process);
    describe_death(pool, w, event);
    w->state = WORKER_NONE;
    w->waiting_trial = 0;
    if (!had_trial && was != WORKER_STARTING)
        return HONE_WAIT;                 /* an idle worker went away: it is made again when needed */
    event->died = w->ending == ENDING_NO; /* a limit would end the next attempt too */
    event->rc = HONE_EFAIL;
    if (had_trial && (was == WORKER_BUSY || ++w->setup_failures < SETUP_FAILURES_MAX || w->ending != ENDING_NO)) {
        event->what = CREW_OUTCOME;
        event->status = w->ending == ENDING_CANCEL ? CREW_CANCELLED : HONE_FAILED;
    } else {
        event->what = CREW_READY; /* it cannot even get ready: making it again and again helps nobody */
    }
    return HONE_OK;
}

/* Workers whose channel has ended: tells of the next one that is dead. HONE_WAIT: none is; *linger: some are about to be. */
static hone_rc next_death(struct pool *pool, double now, int *linger, struct crew_event *event)
{
    *linger = 0;
    for (unsigned i = 0; i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state == WORKER_NONE || w->process.channel >= 0)
            continue;
        if (!process_reap(&w->process)) {
            *linger = 1;
            if (now >= w->kill_at)
                process_kill(&w->process);
            continue;
        }
        *event = (struct crew_event){ .worker = i, .trial = w->trial, .attempt = w->attempt };
        if (worker_died(pool, w, event) == HONE_OK)
            return HONE_OK;
    }
    return HONE_WAIT;
}

/* Time and memory limits, force where asking did not help, and deaths that the channel does not tell (a child has it open). */
static void look_after(struct pool *pool, double now)
{
    pool->looked = now;
    for (unsigned i = 0; i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state == WORKER_NONE || w->process.channel < 0)
            continue;
        if (process_reap(&w->process)) {
            shutdown(w->process.channel, SHUT_RDWR); /* what it said is still read, then the end */
            continue;
        }
        if (w->ending != ENDING_NO && now >= w->kill_at)
            process_kill(&w->process);
        if (w->state != WORKER_BUSY)
            continue;
        if (pool->trial_time > 0 && !w->unlimited && w->reported <= 0 && now - w->started > pool->trial_time)
            worker_end(w, ENDING_TIME, pool->grace);
        if (pool->trial_memory > 0 && w->ending == ENDING_NO && process_memory(&w->process) > pool->trial_memory) {
            worker_end(w, ENDING_MEMORY, 0);
            process_kill(&w->process); /* it may not have the memory to end politely */
        }
    }
}

/* An event from what was read already. HONE_WAIT: no whole frame there. */
static hone_rc buffered(struct pool *pool, unsigned index, struct crew_event *event)
{
    struct worker *w = &pool->workers[index];
    struct process *p = &w->process;
    struct wire_frame frame;
    hone_error why = HONE_ERROR_INIT;
    if (w->state == WORKER_NONE || p->n_in == p->consumed)
        return HONE_WAIT;
    const int64_t length = wire_parse(p->in + p->consumed, p->n_in - p->consumed, &frame, &why);
    if (length == 0)
        return HONE_WAIT;
    if (length > 0) {
        p->consumed += (size_t)length;
        *event = (struct crew_event){ .worker = index, .trial = w->trial, .attempt = w->attempt };
        const enum ending ending = w->ending;
        if (decode(pool, w, &frame, event, &why) == HONE_OK) {
            if (event->what == CREW_OUTCOME)
                w->ending = ENDING_NO; /* it obeyed, and lives */
            if (ending == ENDING_TIME && event->what == CREW_OUTCOME) {
                event->status = HONE_FAILED;
                snprintf(pool->message, sizeof pool->message, "took longer than trial_time = %g s and was ended",
                         pool->trial_time);
                event->message = pool->message;
            }
            return HONE_OK;
        }
    }
    /* a worker that talks nonsense is not to be trusted any more; its end is told as any other */
    if (!w->fault[0])
        snprintf(w->fault, sizeof w->fault, "%.150s", why.msg);
    process_kill(p);
    p->n_in = p->consumed = 0;
    return HONE_WAIT;
}

/* Waits for something to read or to write, `seconds` at most, and does that. 0: a signal came. */
static int move_bytes(struct pool *pool, double seconds)
{
    for (unsigned i = 0; i < pool->crew.n; i++) {
        const struct process *p = &pool->workers[i].process;
        const short events = (short)(POLLIN | (process_wants_to_write(p) ? POLLOUT : 0));
        pool->polls[2 * i] = (struct pollfd){ p->channel, events, 0 };
        pool->polls[2 * i + 1] = (struct pollfd){ p->output, POLLIN, 0 };
    }
    const int ready = poll(pool->polls, (nfds_t)pool->crew.n * 2, (int)(seconds * 1000 + 0.999));
    if (ready < 0)
        return errno != EINTR;
    for (unsigned i = 0; ready > 0 && i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        if (pool->polls[2 * i + 1].revents)
            process_drain(&w->process);
        if (pool->polls[2 * i].revents & POLLOUT)
            process_flush(&w->process);
        if (pool->polls[2 * i].revents & ~POLLOUT && !process_fill(&w->process))
            w->kill_at = seconds_steady() + LINGER_MAX;
    }
    return 1;
}

static hone_rc crew_wait(struct crew *crew, double seconds, struct crew_event *event, hone_error *err)
{
    struct pool *pool = (struct pool *)crew;
    const double until = seconds_steady() + seconds;
    (void)err;
    for (int looks = 0;; looks++) {
        for (unsigned k = 0; k < crew->n; k++) {
            const unsigned i = (pool->turn + k) % crew->n;
            if (buffered(pool, i, event) == HONE_OK) {
                pool->turn = (i + 1) % crew->n;
                return HONE_OK;
            }
        }
        const double now = seconds_steady();
        int linger;
        if (next_death(pool, now, &linger, event) == HONE_OK)
            return HONE_OK;
        if (looks && now >= until)
            return HONE_WAIT;
        if (now - pool->looked > HEALTH_INTERVAL)
            look_after(pool, now);
        const double most = linger ? LINGER_LOOK : HEALTH_INTERVAL, left = until - now;
        if (!move_bytes(pool, left < 0 ? 0 : left > most ? most : left))
            return HONE_WAIT; /* a signal: the caller looks at it */
    }
}

/* ---- life ---- */

hone_rc pool_create(struct pool **out, const struct pool_options *options, hone_error *err)
{
    hone_rc rc;
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the workers");
    pool->crew = (struct crew){ options->n, crew_start, crew_verdict, crew_wait, crew_cancel };
    pool->trial_time = options->trial_time;
    pool->trial_memory = options->trial_memory;
    pool->grace = options->grace;
    pool->workers = calloc(options->n, sizeof *pool->workers);
    pool->polls = calloc((size_t)options->n * 2, sizeof *pool->polls);
    pool->program = strdup(options->program ? options->program : "/proc/self/exe");
    if (!pool->program || !pool->workers || !pool->polls || decoded_init(&pool->decoded) < 0) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %u workers", options->n);
        goto fail;
    }
    for (unsigned i = 0; i < options->n; i++)
        pool->workers[i].process = (struct process)PROCESS_INIT;
    wire_begin(&pool->setup, WIRE_SETUP);
    wire_string(&pool->setup, options->config);
    wire_string(&pool->setup, options->directory);
    wire_u64(&pool->setup, options->seed);
    wire_u64(&pool->setup, (uint64_t)options->trial_memory);
    wire_f64(&pool->setup, options->checkpoint_interval);
    wire_u32(&pool->setup, (uint32_t)options->catalog->no_default_path);
    wire_u32(&pool->setup, (uint32_t)options->catalog->n_paths);
    for (size_t i = 0; i < options->catalog->n_paths; i++)
        wire_string(&pool->setup, options->catalog->paths[i]);
    if ((rc = wire_end(&pool->setup, err)) != HONE_OK || (rc = worker_spawn(pool, &pool->workers[0], err)) != HONE_OK)
        goto fail;
    *out = pool;
    return HONE_OK;
fail:
    pool_destroy(pool);
    return rc;
}

struct crew *pool_crew(struct pool *pool)
{
    return &pool->crew;
}

void pool_destroy(struct pool *pool)
{
    if (!pool)
        return;
    for (unsigned i = 0; pool->workers && i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state != WORKER_IDLE)
            process_ask_to_end(&w->process);
        if (w->process.channel >= 0)
            shutdown(w->process.channel, SHUT_RDWR); /* an idle worker ends at the end of its channel */
    }
    const double until = seconds_steady() + (pool->grace < 1 ? pool->grace : 1);
    for (unsigned i = 0; pool->workers && i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        while (!process_reap(&w->process)) {
            process_drain(&w->process);
            if (seconds_steady() >= until)
                process_kill(&w->process);
            nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        }
        process_release(&w->process);
        text_release(&w->trial_frame);
    }
    text_release(&pool->setup);
    text_release(&pool->scratch);
    free(pool->workers);
    free(pool->program);
    free(pool->polls);
    decoded_release(&pool->decoded);
    free(pool);
}

int pool_process(const struct pool *pool, unsigned worker)
{
    return (int)pool->workers[worker].process.pid;
}
