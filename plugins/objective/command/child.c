/* SPDX-License-Identifier: MIT */
/* objective/command: a program as a child process, and its output as lines.
 *
 * A worker that is killed must not leave a training running for hours. Only a child itself can ask for
 * PR_SET_PDEATHSIG, and posix_spawn has no place for that; so the program inherits a lifeline instead: the read end
 * of a pipe (its descriptor 3) whose write end the worker alone holds and never uses. When that end closes, however
 * the worker ended, the kernel sends the pipe's event signal, which is set to SIGKILL, to the program's process group
 * (fcntl F_SETSIG, F_SETOWN_EX). */
#include "child.h"

#include "hone/param.h"
#include "hone/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIFELINE = 3 };

/* A pipe whose ends are not 0, 1 or 2, which the child is about to replace. ends: -1 on failure */
static int open_pipe(int ends[2])
{
    int raw[2] = { -1, -1 };
    ends[0] = ends[1] = -1;
    if (pipe2(raw, O_CLOEXEC) < 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        ends[i] = raw[i] > 2 ? raw[i] : fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
        if (ends[i] != raw[i])
            close(raw[i]);
    }
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

static void close_if_open(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What the program starts with: its own process group, default signals, three descriptors and the lifeline. */
static int spawn(pid_t *pid, char *const *argv, char *const *environment, const char *directory, int out, int errors,
                 int lifeline)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    int failed;
    sigfillset(&all); /* SIGPIPE too: a program whose worker has gone ends at its next line */
    sigemptyset(&none);
    if ((failed = posix_spawn_file_actions_init(&actions)))
        return failed;
    if ((failed = posix_spawnattr_init(&attributes))) {
        posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    if (!(failed = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) &&
        !(failed = posix_spawn_file_actions_adddup2(&actions, out, 1)) &&
        !(failed = posix_spawn_file_actions_adddup2(&actions, errors, 2)) &&
        !(failed = posix_spawn_file_actions_adddup2(&actions, lifeline, LIFELINE)) &&
        !(failed = posix_spawn_file_actions_addclosefrom_np(
              &actions, LIFELINE + 1)) && /* what a library forgot to close on exec */
        !(failed = *directory ? posix_spawn_file_actions_addchdir_np(&actions, directory) : 0) &&
        !(failed = posix_spawnattr_setpgroup(&attributes, 0)) &&
        !(failed = posix_spawnattr_setsigdefault(&attributes, &all)) &&
        !(failed = posix_spawnattr_setsigmask(&attributes, &none)) &&
        !(failed = posix_spawnattr_setflags(&attributes,
                                            POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)))
        failed = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failed;
}

/* The group dies when the write end of its lifeline closes. end: the read end */
static int arm_lifeline(int end, pid_t group)
{
    const struct f_owner_ex owner = { F_OWNER_PGRP, group };
    return fcntl(end, F_SETSIG, SIGKILL) < 0 || fcntl(end, F_SETOWN_EX, &owner) < 0 || fcntl(end, F_SETFL, O_ASYNC) < 0
               ? -1
               : 0;
}

hone_rc child_start(struct child *child, char *const *argv, char *const *environment, const char *directory,
                    hone_error *err)
{
    int out[2] = { -1, -1 }, errors[2] = { -1, -1 }, lifeline[2] = { -1, -1 }, folder = -1, failed;
    hone_rc rc = HONE_OK;
    memset(child, 0, sizeof *child);
    child->pid = child->pidfd = child->lifeline = child->streams[0].fd = child->streams[1].fd = -1;
    if (*directory && (folder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0) {
        rc = hone_fail(err, HONE_EIO, "directory", "cannot enter the directory %.120s: %s", directory, strerror(errno));
        goto out;
    }
    if (open_pipe(out) < 0 || open_pipe(errors) < 0 || open_pipe(lifeline) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "cannot open pipes for the program: %s", strerror(errno));
        goto out;
    }
    failed = spawn(&child->pid, argv, environment, directory, out[1], errors[1], lifeline[0]);
    if (failed) {
        child->pid = -1;
        rc = hone_fail(err, HONE_EIO, "run", "cannot run %.120s: %s", argv[0], strerror(failed));
        goto out;
    }
    if (arm_lifeline(lifeline[0], child->pid) < 0) {
        rc = hone_fail(err, HONE_EIO, "", "cannot tie the program's life to the worker's: %s", strerror(errno));
        kill(-child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
        child->pid = -1;
        goto out;
    }
    child->lifeline = lifeline[1];
    lifeline[1] = -1;
    for (int i = 0; i < 2; i++) {
        int *end = i ? errors : out;
        fcntl(end[0], F_SETFL, O_NONBLOCK);
        child->streams[i].fd = end[0];
        end[0] = -1;
    }
#ifdef SYS_pidfd_open
    child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0u);
#endif
out:
    close_if_open(&folder);
    for (int i = 0; i < 2; i++) {
        close_if_open(&out[i]);
        close_if_open(&errors[i]);
        close_if_open(&lifeline[i]);
    }
    return rc;
}

static void add_tail(struct child *child, const char *bytes, size_t n)
{
    if (n > TAIL / 2) {
        bytes += n - TAIL / 2;
        n = TAIL / 2;
    }
    if (child->n_tail + n > TAIL) {
        child->n_tail -= TAIL / 2;
        memmove(child->tail, child->tail + TAIL / 2, child->n_tail);
    }
    memcpy(child->tail + child->n_tail, bytes, n);
    child->n_tail += n;
}

/* Hands on the line of a stream, or the part of it that fits; the NUL behind it is in the buffer. */
static void flush_line(struct stream *s, unsigned i, int last, child_line on_line, void *ctx)
{
    s->line[s->n] = '\0';
    on_line(ctx, i, s->line, s->n, !s->in_piece, last);
    s->in_piece = !last;
    s->n = 0;
}

/* Reads what is there, at most 64 KiB at a time so that a chatty program cannot keep us from hearing of a cancellation.
 * 1: there may be more. */
static int drain(struct child *child, unsigned i, child_line on_line, void *ctx)
{
    struct stream *s = child->streams + i;
    char bytes[4096];
    for (int k = 0; k < 16 && s->fd >= 0; k++) {
        const ssize_t n = read(s->fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return 0;
        if (n <= 0) {
            if (s->n || s->in_piece)
                flush_line(s, i, 1, on_line, ctx);
            close_if_open(&s->fd);
            return 0;
        }
        if (i == 1)
            add_tail(child, bytes, (size_t)n);
        for (ssize_t b = 0; b < n; b++) {
            if (bytes[b] == '\n') {
                flush_line(s, i, 1, on_line, ctx);
                continue;
            }
            if (s->n == MOST_LINE - 1)
                flush_line(s, i, 0, on_line, ctx);
            s->line[s->n++] = bytes[b];
        }
    }
    return s->fd >= 0;
}

static int has_ended(const struct child *child)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid;
}

int child_wait(struct child *child, double seconds, child_line on_line, void *ctx)
{
    struct pollfd wait[3] = { { child->streams[0].fd, POLLIN, 0 },
                              { child->streams[1].fd, POLLIN, 0 },
                              { child->pidfd, POLLIN, 0 } };
    int more = 0;
    if (child->pidfd < 0 && seconds > 0.01)
        seconds = 0.01; /* nothing wakes us when it ends */
    poll(wait, 3, seconds > 0 ? (int)(seconds * 1000) + 1 : 0);
    for (unsigned i = 0; i < 2; i++)
        if (child->streams[i].fd >= 0)
            more |= drain(child, i, on_line, ctx);
    return !more && has_ended(child);
}

void child_signal(const struct child *child, int number)
{
    if (child->pid > 0)
        kill(-child->pid, number);
}

int child_end(struct child *child, child_line on_line, void *ctx)
{
    int status = 0;
    if (child->pid > 0) {
        kill(-child->pid, SIGKILL); /* not reaped yet, so the number cannot be anybody else's */
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
            ;
        child->pid = -1;
    }
    for (unsigned i = 0; i < 2; i++) { /* what was written last; a process that left the group cannot hold us up */
        for (int k = 0; k < 256 && child->streams[i].fd >= 0 && drain(child, i, on_line, ctx); k++)
            ;
        if (child->streams[i].fd >= 0 && (child->streams[i].n || child->streams[i].in_piece))
            flush_line(child->streams + i, i, 1, on_line, ctx);
        close_if_open(&child->streams[i].fd);
    }
    close_if_open(&child->pidfd);
    close_if_open(&child->lifeline);
    return status;
}

void printable(char *out, size_t n, const char *bytes, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        const unsigned char c = (unsigned char)bytes[i];
        size_t width = hone_utf8_length((const unsigned char *)bytes + i, length - i);
        const int shown = width && c >= 0x20 && c != 0x7F;
        if (used + (shown ? width : 1) >= n)
            break;
        if (shown)
            memcpy(out + used, bytes + i, width);
        else
            out[used] = c == '\t' ? ' ' : '?';
        used += shown ? width : 1;
        i += shown ? width : 1;
    }
    out[used] = '\0';
}

void child_tail(const struct child *child, char *out, size_t n)
{
    size_t starts[8], lengths[8], taken = 0, total = 0, end = child->n_tail;
    out[0] = '\0';
    while (end > 0 && taken < 8) { /* lines from the last one back, as many as fit */
        size_t from = end;
        while (from > 0 && child->tail[from - 1] != '\n')
            from--;
        size_t length = end - from;
        while (length && (child->tail[from + length - 1] == '\r' || child->tail[from + length - 1] == ' '))
            length--;
        if (length) {
            if (total + length + 3 >= n && taken)
                break;
            starts[taken] = from;
            lengths[taken++] = length;
            total += length + 3;
        }
        end = from ? from - 1 : 0;
    }
    for (size_t used = 0; taken-- > 0 && used < n; used = strlen(out)) {
        if (used && used + 4 < n)
            memcpy(out + used, " | ", 4);
        used = strlen(out);
        printable(out + used, n - used, child->tail + starts[taken], lengths[taken]);
    }
}
