/* SPDX-License-Identifier: MIT */
/* PyTorch in a process of its own, which trains when it is told to: a socket pair is its standard input and output. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { POLL_MS = 100, PATIENCE_MS = 300000 /* torch.compile takes its time */ };

/* The next line without its end. */
static hone_rc read_line(struct peer *p, char line[512], hone_error *err)
{
    for (int waited = 0; waited < PATIENCE_MS;) {
        char *end = memchr(p->line, '\n', p->n);
        if (end) {
            const size_t length = (size_t)(end - p->line);
            memcpy(line, p->line, length);
            line[length] = '\0';
            p->n -= length + 1;
            memmove(p->line, end + 1, p->n);
            return HONE_OK;
        }
        if (p->host->cancelled(p->host))
            return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
        struct pollfd wanted = { p->fd, POLLIN, 0 };
        if (poll(&wanted, 1, POLL_MS) <= 0) {
            waited += POLL_MS;
            continue;
        }
        const ssize_t n = p->n < sizeof p->line ? read(p->fd, p->line + p->n, sizeof p->line - p->n) : 0;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return hone_fail(err, HONE_EIO, "peer", "the peer ended without an answer (mode %s)", p->mode);
        p->n += (size_t)n;
    }
    return hone_fail(err, HONE_EIO, "peer", "the peer does not answer (mode %s)", p->mode);
}

static int start(struct peer *p, const char *interpreter, char *const argv[], int theirs, int messages)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    if ((rc = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    sigemptyset(&none); /* the host may have blocked some here */
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (!(rc = posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO)) &&
        !(rc = posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO)) &&
        !(rc = posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO)))
        rc = posix_spawnp(&p->pid, interpreter, &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* The last line of what it said on standard error, for the message. */
static void last_words(int messages, char *out, size_t n)
{
    char text[4096];
    const off_t end = lseek(messages, 0, SEEK_END);
    const off_t from = end > (off_t)sizeof text - 1 ? end - (off_t)sizeof text + 1 : 0;
    ssize_t got = end > 0 ? pread(messages, text, sizeof text - 1, from) : 0;
    while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == ' '))
        got--;
    text[got > 0 ? got : 0] = '\0';
    const char *line = strrchr(text, '\n');
    snprintf(out, n, "%s%.120s", got > 0 ? ": " : "", line ? line + 1 : text);
}

hone_rc peer_open(struct peer *p, const hone_host *host, const char *interpreter, const struct shape *shape,
                  const char *mode, hone_error *err)
{
    static const struct peer empty = PEER_INIT;
    char threads[16], batch[16], line[512], words[160], file[] = "/tmp/hone-bench-XXXXXX";
    const char *precision = shape->precision == HONE_BFLOAT16 ? "bfloat16" : "float32";
    const char *const argv[] = { interpreter, "-c",  peer_script,   "--net",   shape->net, "--threads", threads,
                                 "--batch",   batch, "--precision", precision, "--mode",   mode,        NULL };
    char *words_of_argv[sizeof argv / sizeof *argv];
    int ends[2] = { -1, -1 }, messages = -1, failed;
    unsigned long long parameters = 0;
    hone_rc rc = HONE_OK;
    *p = empty;
    p->host = host;
    p->mode = mode;
    snprintf(threads, sizeof threads, "%u", shape->threads);
    snprintf(batch, sizeof batch, "%u", shape->batch);
    memcpy(words_of_argv, argv, sizeof argv); /* posix_spawn writes to none of them */
    if ((messages = mkostemp(file, O_CLOEXEC)) >= 0)
        unlink(file);
    if (messages < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        rc = hone_fail(err, HONE_EIO, "peer", "no channel to the peer: %s", strerror(errno));
        goto out;
    }
    if ((failed = start(p, interpreter, words_of_argv, ends[1], messages)) != 0) {
        p->pid = 0;
        rc = hone_fail(err, HONE_EINVAL, "peer", "the peer %.100s cannot be started: %s", interpreter,
                       strerror(failed));
        goto out;
    }
    p->fd = ends[0];
    ends[0] = -1;
    close(ends[1]);
    ends[1] = -1;
    if ((rc = read_line(p, line, err)) == HONE_OK && sscanf(line, "ready %llu %47s", &parameters, p->version) != 2)
        rc = hone_fail(err, HONE_EIO, "peer", "the peer says '%.80s'", line);
    p->parameters = parameters;
    if (rc == HONE_EIO) {
        last_words(messages, words, sizeof words);
        rc = hone_fail(err, HONE_EIO, "peer", "%.100s (mode %s)%s", interpreter, mode,
                       *words ? words : " ended without a word");
    }
out:
    for (int i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    if (messages >= 0)
        close(messages);
    if (rc != HONE_OK)
        peer_close(p);
    return rc;
}

hone_rc peer_run(struct peer *p, double seconds, struct slice *slice, hone_error *err)
{
    char line[512];
    unsigned long long memory = 0;
    const int n = snprintf(line, sizeof line, "%.3f\n", seconds);
    hone_rc rc;
    if (send(p->fd, line, (size_t)n, MSG_NOSIGNAL) != n)
        return hone_fail(err, HONE_EIO, "peer", "the peer has gone (mode %s)", p->mode);
    if ((rc = read_line(p, line, err)) != HONE_OK)
        return rc;
    if (sscanf(line, "ran %lf %lf %lf %llu", &slice->images, &slice->wall, &slice->cpu, &memory) != 4)
        return hone_fail(err, HONE_EIO, "peer", "the peer says '%.80s'", line);
    p->memory = memory;
    return HONE_OK;
}

/* It ends with its input; one that is in the middle of something is not waited for. */
void peer_close(struct peer *p)
{
    enum { WAITS = 30 };
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
    for (int i = 0; p->pid > 0 && i <= WAITS; i++) {
        if (i == WAITS)
            kill(p->pid, SIGKILL);
        if (waitpid(p->pid, NULL, i == WAITS ? 0 : WNOHANG) != 0)
            p->pid = 0;
        else
            usleep(100000);
    }
}
