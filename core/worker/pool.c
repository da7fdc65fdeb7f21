/* SPDX-License-Identifier: MIT */
/* Spawning workers, reading their frames and their output, limits, and what becomes of those that die. */
#include "worker/pool.h"

#include "base/text.h"
#include "hone/param.h"
#include "hone/search.h"
#include "worker/shared_page.h"
#include "worker/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_VALUES = 4096, SETUP_FAILURES_MAX = 3 };
#define HEALTH_INTERVAL 0.1 /* seconds between looks at time and memory of the workers */

enum worker_state { WORKER_NONE, WORKER_STARTING, WORKER_IDLE, WORKER_BUSY };
enum ending { ENDING_NO, ENDING_CANCEL, ENDING_TIME, ENDING_MEMORY };

struct worker {
    enum worker_state   state;
    pid_t               process;
    int                 channel, output; /* socket; standard output and error of the worker */
    struct shared_page *page;
    uint8_t            *in; /* bytes read, not yet parsed */
    size_t              n_in, in_capacity, consumed;
    struct text         line;     /* of its output, unfinished */
    char                last[200]; /* line of its output, for crash messages */
    uint64_t            trial, attempt;
    int                 waiting_trial; /* the setup is not answered yet and a trial was handed over */
    struct text         trial_frame;
    double              started, kill_at;
    enum ending         ending;
    unsigned            setup_failures;
};

struct pool {
    struct crew      crew; /* first: the study's view */
    struct worker   *workers;
    struct text      setup, scratch;
    double           trial_time, grace, looked;
    int64_t          trial_memory;
    hone_value      *values; /* of the event handed out last */
    hone_description description;
    hone_value      *metrics;
    const char     **keys;
    char             message[512], component[96];
    unsigned         turn; /* worker to look at first: nobody is starved */
    struct pollfd   *polls;
};

static double monotonic(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- spawning ---- */

static hone_rc spawn_process(struct worker *w, int channel, int page, int output, hone_error *err)
{
    char *const argv[] = { (char[]){ "hone" }, (char[]){ "worker" }, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t          attributes;
    sigset_t                   defaults, none;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    /* descriptors given are all above 4 (see above_page_fd), so none is overwritten before it was copied */
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_adddup2(&actions, channel, WORKER_CHANNEL_FD);
    posix_spawn_file_actions_adddup2(&actions, page, WORKER_PAGE_FD);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGHUP);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    /* a group of its own: Ctrl-C on the terminal reaches the coordinator alone, which ends the workers in order */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int failed = posix_spawn(&w->process, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed ? hone_fail(err, HONE_EFAIL, NULL, "cannot start a worker process: %s", strerror(failed)) : HONE_OK;
}

/* The same file under a descriptor that a spawned worker's fixed ones (0 to 4) do not collide with. */
static int above_page_fd(int fd)
{
    if (fd < 0 || fd > WORKER_PAGE_FD)
        return fd;
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, WORKER_PAGE_FD + 1);
    close(fd);
    return moved;
}

static hone_rc send_all(struct worker *w, const struct text *frame, hone_error *err)
{
    size_t sent = 0;
    while (sent < frame->length) {
        const ssize_t n = send(w->channel, frame->data + sent, frame->length - sent, MSG_NOSIGNAL);
        if (n >= 0) {
            sent += (size_t)n;
        } else if (errno == EAGAIN) { /* its buffer is full: it reads as soon as it runs */
            struct pollfd p = { w->channel, POLLOUT, 0 };
            if (poll(&p, 1, 5000) == 0)
                return hone_fail(err, HONE_EIO, NULL, "worker process %d does not read", (int)w->process);
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return HONE_OK; /* it has died: the end of its channel tells */
        } else if (errno != EINTR) {
            return hone_fail(err, HONE_EIO, NULL, "cannot write to worker process %d: %s", (int)w->process, strerror(errno));
        }
    }
    return HONE_OK;
}

static hone_rc worker_spawn(struct pool *pool, struct worker *w, hone_error *err)
{
    int     sockets[2] = { -1, -1 }, pipes[2] = { -1, -1 }, page = -1;
    hone_rc rc = HONE_EFAIL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0 || pipe2(pipes, O_CLOEXEC) < 0 ||
        (page = memfd_create("hone-worker", MFD_CLOEXEC)) < 0 || ftruncate(page, sizeof(struct shared_page)) < 0) {
        hone_fail(err, HONE_EFAIL, NULL, "cannot make the channel to a worker: %s", strerror(errno));
        goto out;
    }
    sockets[1] = above_page_fd(sockets[1]);
    pipes[1] = above_page_fd(pipes[1]);
    page = above_page_fd(page);
    if (w->page)
        munmap(w->page, sizeof *w->page); /* of its predecessor */
    w->page = mmap(NULL, sizeof *w->page, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    if (w->page == MAP_FAILED) {
        w->page = NULL;
        hone_fail(err, HONE_ENOMEM, NULL, "cannot map a worker's page: %s", strerror(errno));
        goto out;
    }
    if ((rc = spawn_process(w, sockets[1], page, pipes[1], err)) != HONE_OK)
        goto out;
    w->channel = sockets[0];
    w->output = pipes[0];
    sockets[0] = pipes[0] = -1;
    fcntl(w->channel, F_SETFL, O_NONBLOCK);
    fcntl(w->output, F_SETFL, O_NONBLOCK);
    w->state = WORKER_STARTING;
    w->n_in = w->consumed = 0;
    w->ending = ENDING_NO;
    w->last[0] = '\0';
    text_clear(&w->line);
    rc = send_all(w, &pool->setup, err);
out:
    for (int i = 0; i < 2; i++) {
        if (sockets[i] >= 0)
            close(sockets[i]);
        if (pipes[i] >= 0)
            close(pipes[i]);
    }
    if (page >= 0)
        close(page);
    return rc;
}

/* ---- the study's side ---- */

static hone_rc crew_start(struct crew *crew, unsigned worker, const struct crew_trial *trial, hone_error *err)
{
    struct pool   *pool = (struct pool *)crew;
    struct worker *w = &pool->workers[worker];
    struct text   *out = &w->trial_frame;
    hone_rc        rc;
    wire_begin(out, WIRE_TRIAL);
    wire_u64(out, trial->number);
    wire_u64(out, trial->attempt);
    wire_u32(out, trial->flags);
    wire_u64(out, trial->seed);
    wire_u64(out, (uint64_t)trial->until);
    wire_u32(out, trial->n_settings);
    for (uint32_t i = 0; i < trial->n_settings; i++) {
        wire_string(out, trial->settings[i].key);
        wire_string(out, trial->settings[i].text);
        wire_f64(out, trial->settings[i].number);
    }
    if ((rc = wire_end(out, err)) != HONE_OK)
        return rc;
    if (w->state == WORKER_NONE && (rc = worker_spawn(pool, w, err)) != HONE_OK)
        return rc;
    w->trial = trial->number;
    w->attempt = trial->attempt;
    w->page->trial = trial->number;
    w->page->step = 0;
    w->page->component[0] = '\0';
    w->waiting_trial = 1;
    w->ending = ENDING_NO;
    if (w->state == WORKER_STARTING)
        return HONE_OK; /* sent when it is ready */
    w->state = WORKER_BUSY;
    w->waiting_trial = 0;
    w->started = monotonic();
    return send_all(w, out, err);
}

static hone_rc crew_verdict(struct crew *crew, unsigned worker, uint32_t verdict, hone_error *err)
{
    struct pool   *pool = (struct pool *)crew;
    struct worker *w = &pool->workers[worker];
    hone_rc        rc;
    if (w->state != WORKER_BUSY)
        return HONE_OK; /* died meanwhile */
    wire_begin(&pool->scratch, WIRE_VERDICT);
    wire_u32(&pool->scratch, verdict);
    if ((rc = wire_end(&pool->scratch, err)) != HONE_OK)
        return rc;
    return send_all(w, &pool->scratch, err);
}

static void worker_end(struct worker *w, enum ending why, double grace)
{
    if (w->ending != ENDING_NO)
        return;
    w->ending = why;
    w->kill_at = monotonic() + grace;
    kill(w->process, SIGTERM);
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

static hone_rc decode_values(struct pool *pool, struct wire_frame *frame, struct crew_event *event, hone_error *err)
{
    event->n_values = wire_get_u32(frame);
    if (event->n_values > MAX_VALUES)
        return hone_fail(err, HONE_EINVAL, NULL, "a report of %u values (limit %d)", event->n_values, MAX_VALUES);
    for (uint32_t i = 0; i < event->n_values; i++) {
        const char *name = wire_get_string(frame);
        pool->values[i].name = name ? name : "";
        pool->values[i].value = wire_get_f64(frame);
        pool->values[i].direction = wire_get_u32(frame);
    }
    event->values = pool->values;
    return frame->failed ? hone_fail(err, HONE_EIO, NULL, "a report that ends too early") : HONE_OK;
}

/* Into the pool's own arrays: the event's strings live in the worker's buffer, so they are copied by who needs them longer. */
static hone_rc decode_description(struct pool *pool, struct wire_frame *frame, hone_error *err)
{
    hone_description *d = &pool->description;
    *d = (hone_description){ .size = sizeof *d };
    d->max_step = (int64_t)wire_get_u64(frame);
    d->stop_key = wire_get_string(frame);
    d->any_space = wire_get_u32(frame);
    d->any_metric = wire_get_u32(frame);
    d->final = wire_get_u32(frame);
    d->length_metric = wire_get_string(frame);
    d->n_metrics = wire_get_u32(frame);
    if (d->n_metrics > MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "the objective describes %u metrics (limit %d)", d->n_metrics, MAX_VALUES);
    for (uint32_t i = 0; i < d->n_metrics; i++) {
        pool->metrics[i] = (hone_value){ .name = wire_get_string(frame) };
        pool->metrics[i].direction = wire_get_u32(frame);
    }
    d->metrics = pool->metrics;
    d->n_keys = wire_get_u32(frame);
    if (d->n_keys > MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "the objective describes %u keys (limit %d)", d->n_keys, MAX_VALUES);
    for (uint32_t i = 0; i < d->n_keys; i++)
        pool->keys[i] = wire_get_string(frame);
    d->keys = pool->keys;
    return HONE_OK;
}

static hone_rc worker_ready(struct pool *pool, struct worker *w, struct wire_frame *frame, struct crew_event *event, hone_error *err)
{
    hone_rc rc;
    event->what = CREW_READY;
    event->rc = (hone_rc)wire_get_u32(frame);
    event->message = wire_get_string(frame);
    event->param = wire_get_string(frame);
    event->component = wire_get_string(frame);
    if (event->rc == HONE_OK) {
        if ((rc = decode_description(pool, frame, err)) != HONE_OK)
            return rc;
        event->description = &pool->description;
        w->setup_failures = 0;
    }
    w->state = WORKER_IDLE;
    if (!w->waiting_trial || event->rc != HONE_OK)
        return HONE_OK;
    w->waiting_trial = 0;
    w->state = WORKER_BUSY;
    w->started = monotonic();
    return send_all(w, &w->trial_frame, err);
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
static hone_rc decode(struct pool *pool, struct worker *w, struct wire_frame *frame, struct crew_event *event, hone_error *err)
{
    hone_rc rc = HONE_OK;
    switch (frame->type) {
    case WIRE_READY: rc = worker_ready(pool, w, frame, event, err); break;
    case WIRE_REPORT:
        event->what = CREW_REPORT;
        event->step = (int64_t)wire_get_u64(frame);
        rc = decode_values(pool, frame, event, err);
        break;
    case WIRE_OUTCOME:
        worker_outcome(w, frame, event);
        rc = decode_values(pool, frame, event, err);
        break;
    case WIRE_ATTACHMENT:
        event->what = CREW_ATTACHMENT;
        event->attachment.name = wire_get_string(frame);
        event->attachment.media_type = wire_get_string(frame);
        event->attachment.text = wire_get_string(frame);
        event->attachment.path = wire_get_string(frame);
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
static void describe_death(struct pool *pool, struct worker *w, int status, struct crew_event *event)
{
    char how[96];
    if (w->ending == ENDING_TIME)
        snprintf(how, sizeof how, "took longer than trial_time = %g s and was ended", pool->trial_time);
    else if (w->ending == ENDING_MEMORY)
        snprintf(how, sizeof how, "used more memory than trial_memory = %.0f MB and was ended", (double)pool->trial_memory / 1048576);
    else if (WIFSIGNALED(status))
        snprintf(how, sizeof how, "the worker was killed by SIG%s", sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else
        snprintf(how, sizeof how, "the worker process ended by itself with exit status %d (a plugin called exit)", WEXITSTATUS(status));
    snprintf(pool->message, sizeof pool->message, "%s%s%s", how, w->last[0] ? "; its last words: " : "", w->last);
    size_t i = 0;
    for (; i + 1 < sizeof pool->component && w->page->component[i]; i++)
        pool->component[i] = w->page->component[i];
    pool->component[i] = '\0';
    event->message = pool->message;
    event->component = pool->component;
    event->signal = WIFSIGNALED(status) && w->ending == ENDING_NO ? (uint32_t)WTERMSIG(status) : 0;
}

static void drain_output(struct pool *pool, struct worker *w);

/* The channel is closed: collects the process. HONE_OK: there is an event to tell. */
static hone_rc worker_died(struct pool *pool, struct worker *w, struct crew_event *event)
{
    int                     status = 0;
    const enum worker_state was = w->state;
    const int               had_trial = was == WORKER_BUSY || w->waiting_trial;
    drain_output(pool, w);
    if (waitpid(w->process, &status, WNOHANG) == 0) {
        /* a process that closed its channel may linger: a dying one gets a moment to tell its signal */
        for (int i = 0; i < 200 && waitpid(w->process, &status, WNOHANG) == 0; i++)
            nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
        kill(w->process, SIGKILL);
        waitpid(w->process, &status, 0);
    }
    drain_output(pool, w);
    if (w->line.length && !w->last[0])
        snprintf(w->last, sizeof w->last, "%s", text_string(&w->line));
    close(w->channel);
    close(w->output);
    describe_death(pool, w, status, event);
    w->channel = w->output = -1;
    w->process = 0;
    w->state = WORKER_NONE;
    w->waiting_trial = 0;
    if (!had_trial && was != WORKER_STARTING)
        return HONE_WAIT; /* an idle worker went away: it is made again when needed */
    event->died = w->ending == ENDING_NO; /* a limit would end the next attempt too */
    event->rc = HONE_EFAIL;
    if (had_trial && (was == WORKER_BUSY || ++w->setup_failures < SETUP_FAILURES_MAX || w->ending != ENDING_NO)) {
        event->what = CREW_OUTCOME;
        event->status = w->ending == ENDING_CANCEL ? CREW_CANCELLED : HONE_FAILED;
    } else {
        event->what = CREW_READY;
    }
    return HONE_OK;
}

/* Reads what there is into the buffer. 0: the channel is closed. */
static int fill(struct worker *w)
{
    if (w->consumed) {
        memmove(w->in, w->in + w->consumed, w->n_in - w->consumed);
        w->n_in -= w->consumed;
        w->consumed = 0;
    }
    for (;;) {
        if (w->in_capacity - w->n_in < 4096) {
            const size_t capacity = w->in_capacity ? w->in_capacity * 2 : 16384;
            uint8_t     *more = realloc(w->in, capacity);
            if (!more)
                return 0;
            w->in = more;
            w->in_capacity = capacity;
        }
        const ssize_t n = recv(w->channel, w->in + w->n_in, w->in_capacity - w->n_in, 0);
        if (n > 0) {
            w->n_in += (size_t)n;
            return 1;
        }
        if (n < 0 && errno == EINTR)
            continue;
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
}

/* The worker's output is kept line by line: the last line explains a crash. */
static void drain_output(struct pool *pool, struct worker *w)
{
    char buffer[4096];
    (void)pool;
    for (ssize_t n; (n = read(w->output, buffer, sizeof buffer)) > 0;)
        for (ssize_t i = 0; i < n; i++) {
            if (buffer[i] != '\n') {
                if (w->line.length < 4096)
                    text_add_bytes(&w->line, &buffer[i], 1);
                continue;
            }
            if (w->line.length)
                snprintf(w->last, sizeof w->last, "%s", text_string(&w->line));
            text_clear(&w->line);
        }
}

static int64_t resident_bytes(pid_t process)
{
    char  path[64], text[128];
    long  size, resident;
    int64_t bytes = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)process);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fgets(text, sizeof text, f) && sscanf(text, "%ld %ld", &size, &resident) == 2)
        bytes = (int64_t)resident * sysconf(_SC_PAGESIZE);
    fclose(f);
    return bytes;
}

/* Time and memory limits, and force where asking did not help. */
static void look_after(struct pool *pool, double now)
{
    pool->looked = now;
    for (unsigned i = 0; i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        if (w->state == WORKER_NONE)
            continue;
        if (w->ending != ENDING_NO && now >= w->kill_at)
            kill(w->process, SIGKILL);
        if (w->state != WORKER_BUSY)
            continue;
        if (pool->trial_time > 0 && now - w->started > pool->trial_time)
            worker_end(w, ENDING_TIME, pool->grace);
        if (pool->trial_memory > 0 && w->ending != ENDING_MEMORY && resident_bytes(w->process) > pool->trial_memory) {
            worker_end(w, ENDING_MEMORY, 0);
            kill(w->process, SIGKILL); /* it may not have the memory to end politely */
        }
    }
}

/* An event from what was read already. HONE_WAIT: no whole frame there. */
static hone_rc buffered(struct pool *pool, unsigned index, struct crew_event *event, hone_error *err)
{
    struct worker    *w = &pool->workers[index];
    struct wire_frame frame;
    hone_error        why = HONE_ERROR_INIT;
    if (w->state == WORKER_NONE || w->n_in == w->consumed)
        return HONE_WAIT;
    const int64_t length = wire_parse(w->in + w->consumed, w->n_in - w->consumed, &frame, &why);
    if (length == 0)
        return HONE_WAIT;
    if (length > 0) {
        w->consumed += (size_t)length;
        *event = (struct crew_event){ .worker = index, .trial = w->trial, .attempt = w->attempt };
        const enum ending ending = w->ending;
        if (decode(pool, w, &frame, event, &why) == HONE_OK) {
            if (event->what == CREW_OUTCOME)
                w->ending = ENDING_NO; /* it obeyed, and lives */
            if (ending == ENDING_TIME && event->what == CREW_OUTCOME) {
                event->status = HONE_FAILED;
                snprintf(pool->message, sizeof pool->message, "took longer than trial_time = %g s and was ended", pool->trial_time);
                event->message = pool->message;
            }
            return HONE_OK;
        }
    }
    /* a worker that talks nonsense is not to be trusted any more; its end is told as any other */
    (void)err;
    snprintf(w->last, sizeof w->last, "%.150s", why.msg);
    kill(w->process, SIGKILL);
    w->n_in = w->consumed = 0;
    return HONE_WAIT;
}

static hone_rc crew_wait(struct crew *crew, double seconds, struct crew_event *event, hone_error *err)
{
    struct pool *pool = (struct pool *)crew;
    const double until = monotonic() + seconds;
    for (;;) {
        for (unsigned k = 0; k < crew->n; k++) {
            const unsigned i = (pool->turn + k) % crew->n;
            const hone_rc  rc = buffered(pool, i, event, err);
            if (rc != HONE_WAIT) {
                pool->turn = (i + 1) % crew->n;
                return rc;
            }
        }
        double now = monotonic();
        if (now - pool->looked > HEALTH_INTERVAL)
            look_after(pool, now);
        for (unsigned i = 0; i < crew->n; i++) {
            const struct worker *w = &pool->workers[i];
            pool->polls[2 * i] = (struct pollfd){ w->state == WORKER_NONE ? -1 : w->channel, POLLIN, 0 };
            pool->polls[2 * i + 1] = (struct pollfd){ w->state == WORKER_NONE ? -1 : w->output, POLLIN, 0 };
        }
        double left = until - now;
        left = left < 0 ? 0 : left > HEALTH_INTERVAL ? HEALTH_INTERVAL : left;
        const int ready = poll(pool->polls, (nfds_t)crew->n * 2, (int)(left * 1000 + 0.999));
        if (ready < 0 && errno == EINTR)
            return HONE_WAIT; /* a signal: the caller looks at it */
        for (unsigned i = 0; ready > 0 && i < crew->n; i++) {
            struct worker *w = &pool->workers[i];
            if (pool->polls[2 * i + 1].revents)
                drain_output(pool, w);
            if (pool->polls[2 * i].revents && !fill(w)) {
                *event = (struct crew_event){ .worker = i, .trial = w->trial, .attempt = w->attempt };
                if (worker_died(pool, w, event) == HONE_OK)
                    return HONE_OK;
            }
        }
        now = monotonic();
        if (ready == 0 && now >= until)
            return HONE_WAIT;
    }
}

/* ---- life ---- */

hone_rc pool_create(struct pool **out, const struct pool_options *options, hone_error *err)
{
    hone_rc      rc;
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the workers");
    pool->crew = (struct crew){ options->n, crew_start, crew_verdict, crew_wait, crew_cancel };
    pool->trial_time = options->trial_time;
    pool->trial_memory = options->trial_memory;
    pool->grace = options->grace;
    pool->workers = calloc(options->n, sizeof *pool->workers);
    pool->polls = calloc((size_t)options->n * 2, sizeof *pool->polls);
    pool->values = calloc(MAX_VALUES, sizeof *pool->values);
    pool->metrics = calloc(MAX_VALUES, sizeof *pool->metrics);
    pool->keys = calloc(MAX_VALUES, sizeof *pool->keys);
    if (!pool->workers || !pool->polls || !pool->values || !pool->metrics || !pool->keys) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %u workers", options->n);
        goto fail;
    }
    for (unsigned i = 0; i < options->n; i++)
        pool->workers[i].channel = pool->workers[i].output = -1;
    wire_begin(&pool->setup, WIRE_SETUP);
    wire_string(&pool->setup, options->config);
    wire_string(&pool->setup, options->directory);
    wire_u64(&pool->setup, options->seed);
    wire_u64(&pool->setup, (uint64_t)options->trial_memory);
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

void pool_prepare(struct pool *pool)
{
    for (unsigned i = 0; i < pool->crew.n; i++)
        if (pool->workers[i].state == WORKER_NONE)
            worker_spawn(pool, &pool->workers[i], NULL); /* a failure shows when a trial is to start */
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
        if (w->process && w->state != WORKER_IDLE)
            kill(w->process, SIGTERM);
        if (w->process)
            shutdown(w->channel, SHUT_RDWR); /* an idle worker ends at the end of its channel */
    }
    const double until = monotonic() + (pool->grace < 1 ? pool->grace : 1);
    for (unsigned i = 0; pool->workers && i < pool->crew.n; i++) {
        struct worker *w = &pool->workers[i];
        while (w->process && waitpid(w->process, NULL, WNOHANG) == 0) {
            drain_output(pool, w);
            if (monotonic() >= until)
                kill(w->process, SIGKILL);
            nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        }
        if (w->channel >= 0)
            close(w->channel);
        if (w->output >= 0)
            close(w->output);
        if (w->page)
            munmap(w->page, sizeof *w->page);
        free(w->in);
        text_release(&w->line);
        text_release(&w->trial_frame);
    }
    text_release(&pool->setup);
    text_release(&pool->scratch);
    free(pool->workers);
    free(pool->polls);
    free(pool->values);
    free(pool->metrics);
    free(pool->keys);
    free(pool);
}

int pool_process(const struct pool *pool, unsigned worker)
{
    return (int)pool->workers[worker].process;
}
