/* SPDX-License-Identifier: MIT */
/* Spawning a worker, its channel and its output. */
#include "worker/process.h"

#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum {
    READS_AT_ONCE = 16,      /* of a worker's output */
    LINE_MAX_BYTES = 4096,   /* longer lines of output are cut */
    BUFFER_KEPT = 256 * 1024 /* a larger read buffer is given back when it is empty */
};

/* ---- spawning ---- */

static hone_rc spawn(struct process *p, const char *program, int channel, int page, int output, hone_error *err)
{
    char *const argv[] = { (char[]){ "hone" }, (char[]){ "worker" }, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    /* the descriptors given are all above 4 (above_page_fd), so none is overwritten before it was copied */
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_adddup2(&actions, channel, WORKER_CHANNEL_FD);
    posix_spawn_file_actions_adddup2(&actions, page, WORKER_PAGE_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions,
                                             WORKER_PAGE_FD + 1); /* what plugins here have open is not the worker's */
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
    const int failed = posix_spawn(&p->pid, program, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (!failed)
        return HONE_OK;
    p->pid = 0;
    return hone_fail(err, HONE_EFAIL, NULL, "cannot start a worker process (%.60s): %s", program, strerror(failed));
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

hone_rc process_spawn(struct process *p, const char *program, hone_error *err)
{
    int sockets[2] = { -1, -1 }, pipes[2] = { -1, -1 }, page = -1;
    hone_rc rc = HONE_EFAIL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0 || pipe2(pipes, O_CLOEXEC) < 0 ||
        (page = memfd_create("hone-worker", MFD_CLOEXEC)) < 0 || ftruncate(page, sizeof(struct shared_page)) < 0 ||
        fcntl(sockets[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(pipes[0], F_SETFL, O_NONBLOCK) < 0) {
        hone_fail(err, HONE_EFAIL, NULL, "cannot make the channel to a worker: %s", strerror(errno));
        goto out;
    }
    sockets[1] = above_page_fd(sockets[1]);
    pipes[1] = above_page_fd(pipes[1]);
    page = above_page_fd(page);
    if (p->page)
        munmap(p->page, sizeof *p->page); /* of its predecessor */
    p->page = mmap(NULL, sizeof *p->page, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);
    if (p->page == MAP_FAILED) {
        p->page = NULL;
        hone_fail(err, HONE_ENOMEM, NULL, "cannot map a worker's page: %s", strerror(errno));
        goto out;
    }
    if ((rc = spawn(p, program, sockets[1], page, pipes[1], err)) != HONE_OK)
        goto out;
    p->channel = sockets[0];
    p->output = pipes[0];
    sockets[0] = pipes[0] = -1;
    p->n_in = p->consumed = p->sent = 0;
    p->reaped = p->status = 0;
    p->last[0] = '\0';
    text_clear(&p->line);
    text_clear(&p->out);
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

/* ---- writing ---- */

int process_wants_to_write(const struct process *p)
{
    return p->channel >= 0 && p->sent < p->out.length;
}

void process_flush(struct process *p)
{
    while (process_wants_to_write(p)) {
        const ssize_t n = send(p->channel, p->out.data + p->sent, p->out.length - p->sent, MSG_NOSIGNAL);
        if (n >= 0)
            p->sent += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return; /* it reads as soon as it runs; poll says when */
        else if (errno != EINTR)
            break; /* it has died: what was for it goes nowhere, and the end of its channel tells */
    }
    text_clear(&p->out);
    p->sent = 0;
}

hone_rc process_send(struct process *p, const struct text *frame, hone_error *err)
{
    text_add_bytes(&p->out, frame->data, frame->length);
    if (p->out.failed)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a message to a worker");
    process_flush(p);
    return HONE_OK;
}

/* ---- reading ---- */

static void close_channel(struct process *p)
{
    if (p->channel >= 0)
        close(p->channel);
    p->channel = -1;
}

int process_fill(struct process *p)
{
    if (p->consumed) {
        memmove(p->in, p->in + p->consumed, p->n_in - p->consumed);
        p->n_in -= p->consumed;
        p->consumed = 0;
    }
    if (!p->n_in && p->in_capacity > BUFFER_KEPT) {
        free(p->in);
        p->in = NULL;
        p->in_capacity = 0;
    }
    for (;;) {
        if (p->in_capacity - p->n_in < 4096) {
            const size_t capacity = p->in_capacity ? p->in_capacity * 2 : 16384;
            uint8_t *more = realloc(p->in, capacity);
            if (!more)
                break;
            p->in = more;
            p->in_capacity = capacity;
        }
        const ssize_t n = recv(p->channel, p->in + p->n_in, p->in_capacity - p->n_in, 0);
        if (n > 0) {
            p->n_in += (size_t)n;
            return 1;
        }
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 1;
        break;
    }
    close_channel(p);
    return 0;
}

static void take_output(struct process *p, const char *bytes, size_t n)
{
    while (n) {
        const char *end = memchr(bytes, '\n', n);
        const size_t length = end ? (size_t)(end - bytes) : n, room = LINE_MAX_BYTES - p->line.length;
        text_add_bytes(&p->line, bytes, length < room ? length : room);
        if (end) {
            if (p->line.length)
                snprintf(p->last, sizeof p->last, "%s", text_string(&p->line));
            text_clear(&p->line);
        }
        bytes += length + (end != NULL);
        n -= length + (end != NULL);
    }
}

void process_drain(struct process *p)
{
    char buffer[4096];
    for (int i = 0; p->output >= 0 && i < READS_AT_ONCE; i++) {
        const ssize_t n = read(p->output, buffer, sizeof buffer);
        if (n > 0) {
            take_output(p, buffer, (size_t)n);
        } else if (n == 0) { /* it has closed its output, and may live on */
            close(p->output);
            p->output = -1;
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* ---- its end ---- */

void process_ask_to_end(struct process *p)
{
    if (!p->pid || p->reaped)
        return;
    p->page->cancel = 1;
    kill(p->pid, SIGTERM); /* whatever it waits in is interrupted */
}

void process_kill(struct process *p)
{
    if (p->pid && !p->reaped)
        kill(p->pid, SIGKILL);
}

int process_reap(struct process *p)
{
    siginfo_t info = { 0 };
    if (!p->pid || p->reaped)
        return 1;
    if (waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
        p->reaped = 1; /* somebody else has collected it */
        return 1;
    }
    if (!info.si_pid)
        return 0;
    kill(-p->pid,
         SIGKILL); /* not collected yet, so the number is still that of its group: what it started ends with it */
    struct rusage usage = { 0 };
    while (wait4(p->pid, &p->status, 0, &usage) < 0 && errno == EINTR)
        continue;
    p->most_memory = (int64_t)usage.ru_maxrss * 1024;
    p->reaped = 1;
    return 1;
}

int64_t process_memory(const struct process *p)
{
    char path[64], text[128];
    long long resident, shared;
    int64_t bytes = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)p->pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fgets(text, sizeof text, f) && sscanf(text, "%*s %lld %lld", &resident, &shared) == 2)
        bytes = (resident - shared) * sysconf(_SC_PAGESIZE);
    fclose(f);
    return bytes;
}

void process_close(struct process *p)
{
    process_drain(p);
    if (p->line.length && !p->last[0])
        snprintf(p->last, sizeof p->last, "%s", text_string(&p->line));
    close_channel(p);
    if (p->output >= 0)
        close(p->output);
    p->output = -1;
    p->pid = 0;
    p->n_in = p->consumed = 0;
}

void process_release(struct process *p)
{
    process_close(p);
    if (p->page)
        munmap(p->page, sizeof *p->page);
    free(p->in);
    text_release(&p->out);
    text_release(&p->line);
    *p = (struct process)PROCESS_INIT;
}
