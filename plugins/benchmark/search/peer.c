/* SPDX-License-Identifier: MIT */
/* Optuna in a process of its own: a socket pair is its standard input and output. It proposes, this side evaluates, so that
 * both sides have the very same problems, noise included. */
#include "bench.h"
#include "hone/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { POLL_MS = 100, PATIENCE_MS = 600000 /* a Gaussian process takes its time */, LINE = 16384 };

/* The last line of what it said on standard error, for the message. */
static const char *last_words(const struct peer *p, char *text, size_t n)
{
    const off_t end = lseek(p->messages, 0, SEEK_END);
    const off_t from = end > (off_t)n - 1 ? end - (off_t)n + 1 : 0;
    ssize_t got = end > 0 ? pread(p->messages, text, n - 1, from) : 0;
    const char *line;
    while (got > 0 && (text[got - 1] == '\n' || text[got - 1] == ' '))
        got--;
    text[got > 0 ? got : 0] = '\0';
    line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

/* The next line without its end. */
static hone_rc read_line(struct peer *p, char line[LINE], hone_error *err)
{
    char words[2048];
    for (int waited = 0; waited < PATIENCE_MS;) {
        char *end = (char *)memchr(p->buffer, '\n', p->n);
        struct pollfd wanted = { p->fd, POLLIN, 0 };
        ssize_t n;
        if (end) {
            const size_t length = (size_t)(end - p->buffer);
            memcpy(line, p->buffer, length);
            line[length] = '\0';
            p->n -= length + 1;
            memmove(p->buffer, end + 1, p->n);
            return HONE_OK;
        }
        if (p->host->cancelled(p->host))
            return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
        if (poll(&wanted, 1, POLL_MS) <= 0) {
            waited += POLL_MS;
            continue;
        }
        n = p->n < sizeof p->buffer ? read(p->fd, p->buffer + p->n, sizeof p->buffer - p->n) : 0;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n <= 0)
            return hone_fail(err, HONE_EIO, "peer", "the peer ended without an answer: %.180s",
                             last_words(p, words, sizeof words));
        p->n += (size_t)n;
    }
    return hone_fail(err, HONE_EIO, "peer", "the peer does not answer");
}

static int start(struct peer *p, const char *interpreter, int theirs)
{
    char *argv[] = { strdup(interpreter), strdup("-c"), strdup(peer_script), NULL };
    posix_spawn_file_actions_t actions;
    int rc = argv[0] && argv[1] && argv[2] ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (!rc) {
        if (!(rc = posix_spawn_file_actions_adddup2(&actions, theirs, STDIN_FILENO)) &&
            !(rc = posix_spawn_file_actions_adddup2(&actions, theirs, STDOUT_FILENO)) &&
            !(rc = posix_spawn_file_actions_adddup2(&actions, p->messages, STDERR_FILENO)))
            rc = posix_spawnp(&p->pid, interpreter, &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    for (int i = 0; i < 3; i++)
        free(argv[i]);
    return rc;
}

hone_rc peer_open(struct peer *p, const hone_host *host, const char *interpreter, hone_error *err)
{
    static const struct peer empty = PEER_INIT;
    char line[LINE], file[] = "/tmp/hone-bench-XXXXXX";
    int ends[2] = { -1, -1 }, failed;
    hone_rc rc = HONE_OK;
    *p = empty;
    p->host = host;
    if ((p->messages = mkostemp(file, O_CLOEXEC)) >= 0)
        unlink(file);
    if (p->messages < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        rc = hone_fail(err, HONE_EIO, "peer", "no channel to the peer: %s", strerror(errno));
        goto out;
    }
    p->fd = ends[0];
    if ((failed = start(p, interpreter, ends[1])) != 0) {
        p->pid = 0;
        rc = hone_fail(err, HONE_EINVAL, "peer", "the peer %.100s cannot be started: %s", interpreter,
                       strerror(failed));
        goto out;
    }
    close(ends[1]);
    ends[1] = -1;
    if ((rc = read_line(p, line, err)) == HONE_OK && sscanf(line, "ready %47s", p->version) != 1)
        rc = hone_fail(err, HONE_EIO, "peer", "the peer says '%.80s'", line);
out:
    if (ends[1] >= 0)
        close(ends[1]);
    if (rc != HONE_OK)
        peer_close(p);
    return rc;
}

/* It ends with its input; one that is in the middle of something is not waited for. */
void peer_close(struct peer *p)
{
    enum { WAITS = 30 };
    if (p->fd >= 0)
        close(p->fd);
    if (p->messages >= 0)
        close(p->messages);
    p->fd = p->messages = -1;
    for (int i = 0; p->pid > 0 && i <= WAITS; i++) {
        if (i == WAITS)
            kill(p->pid, SIGKILL);
        if (waitpid(p->pid, NULL, i == WAITS ? 0 : WNOHANG) != 0)
            p->pid = 0;
        else
            usleep(100000);
    }
}

/* ---- a study ---- */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
static size_t
append(char line[LINE], size_t n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const int more = n < LINE ? vsnprintf(line + n, LINE - n, format, args) : LINE;
    va_end(args);
    return n + (more > 0 ? (size_t)more : 0);
}

static hone_rc send_line(struct peer *p, char line[LINE], size_t n, hone_error *err)
{
    n = append(line, n, "\n");
    if (n >= LINE)
        return hone_fail(err, HONE_EIO, "peer", "a dimension has too many conditions for the peer");
    for (size_t at = 0; at < n;) {
        const ssize_t sent = send(p->fd, line + at, n - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return hone_fail(err, HONE_EIO, "peer", "the peer has gone");
        at += (size_t)sent;
    }
    return HONE_OK;
}

static hone_rc send_space(struct peer *p, const hone_space *space, char line[LINE], hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < space->n_dims && rc == HONE_OK; i++) {
        const hone_dim *d = space->dims[i];
        size_t n = append(line, 0, "%u %u %u %.17g %.17g %.17g %u", d->type, d->flags, d->n_choices, d->min, d->max,
                          d->step, d->n_conditions);
        for (uint32_t c = 0; c < d->n_conditions; c++) {
            const hone_condition *q = d->conditions[c];
            n = append(line, n, " %u %u %u", q->dim, q->op, q->n_values);
            for (uint32_t k = 0; k < q->n_values; k++)
                n = append(line, n, " %.17g", q->values[k]);
        }
        rc = send_line(p, line, n, err);
    }
    return rc;
}

/* "x 0.5 nan 3": (n) numbers */
static int read_point(const char *line, uint32_t n, double *x)
{
    char *end;
    if (line[0] != 'x')
        return 0;
    line++;
    for (uint32_t i = 0; i < n; i++) {
        x[i] = strtod(line, &end);
        if (end == line)
            return 0;
        line = end;
    }
    return 1;
}

static hone_rc converse(struct peer *p, struct score *score, uint64_t seed, char line[LINE], double *x, double *cpu,
                        hone_error *err)
{
    const hone_problem *problem = &score->posed->problem;
    double values[MOST_VALUES], constraints[MOST_VALUES];
    hone_rc rc;
    for (uint64_t t = 0; (rc = read_line(p, line, err)) == HONE_OK; t++) {
        size_t n = 0;
        if (sscanf(line, "done %lf", cpu) == 1)
            return HONE_OK;
        if (!strncmp(line, "cannot ", 7))
            return hone_fail(err, HONE_ENOTSUP, "peer", "%.200s", line + 7);
        if (!read_point(line, problem->space->n_dims, x))
            return hone_fail(err, HONE_EIO, "peer", "the peer says '%.80s'", line);
        rc = score_evaluate(score, seed, t, x, values, constraints, err);
        if (rc < 0 && rc != HONE_EFAIL)
            return rc;
        if (rc == HONE_EFAIL)
            n = append(line, 0, "failed");
        for (uint32_t i = 0; rc == HONE_OK && i < problem->n_values; i++)
            n = append(line, n, "%.17g ", values[i]);
        for (uint32_t i = 0; rc == HONE_OK && i < problem->n_constraints; i++)
            n = append(line, n, "%.17g ", constraints[i]);
        if ((rc = send_line(p, line, n, err)) < 0)
            return rc;
    }
    return rc;
}

hone_rc peer_course(struct peer *p, const char *sampler, const struct posed *posed, uint64_t seed, uint64_t trials,
                    double *regret, double *cpu, hone_error *err)
{
    const hone_problem *problem = &posed->problem;
    struct score score = { posed, HUGE_VAL, HUGE_VAL, NULL, 0, 0 };
    char *line = (char *)malloc(LINE);
    double *x = (double *)malloc((problem->space->n_dims + 1) * sizeof *x);
    hone_rc rc;
    *regret = (double)NAN;
    *cpu = 0;
    if (!line || !x) {
        rc = hone_fail(err, HONE_ENOMEM, "peer", "out of memory for a study of the peer");
        goto out;
    }
    if (problem->space->n_relations) {
        rc = hone_fail(err, HONE_ENOTSUP, "peer", "it has no relations between parameters");
        goto out;
    }
    const size_t n = append(line, 0, "study %.40s %u %llu %u %u %u", sampler, (unsigned)(seed & 0x7fffffff),
                            (unsigned long long)trials, problem->n_values, problem->n_constraints,
                            problem->space->n_dims);
    if ((rc = send_line(p, line, n, err)) < 0 || (rc = send_space(p, problem->space, line, err)) < 0 ||
        (rc = converse(p, &score, seed, line, x, cpu, err)) < 0)
        goto out;
    *cpu /= (double)trials;
    rc = score_regret(&score, regret, err);
out:
    score_release(&score);
    free(line);
    free(x);
    return rc;
}
