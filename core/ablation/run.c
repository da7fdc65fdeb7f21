/* SPDX-License-Identifier: MIT */
/* The runs that are missing, each in a process of hone's own (`hone ablate-cell`), as many at once as there are workers. What a run
 * comes to does not depend on how many there are: with order = asynchronous each has one worker, with order = strict any
 * number gives the same. */
#include "ablation/ablation.h"

#include "base/clock.h"
#include "hone/param.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PAUSE_NS = 10000000 /* between looks at the children */ };

struct child {
    pid_t pid; /* 0: there is none */
    size_t cell, seed;
    int output; /* its standard error */
    double since;
};
struct runner {
    struct ablation *ablation;
    const size_t *cells; /* (n_cells) to run; NULL: the first n_cells */
    size_t n_cells, n_seeds;
    const struct ablation_pool *pool;
    struct child *children; /* (n_children) */
    size_t n_children, at_work, done, total;
    unsigned workers_each;
    int told; /* signals passed on */
    double began, seconds;
    char **argv;
    char parent[24]; /* our process number */
};

static struct ablation_run *run_at(const struct runner *r, size_t cell, size_t seed)
{
    return &r->ablation->cells[cell].runs[seed];
}

/* ---- starting ---- */

static int memory_file(const char *name, const char *text, size_t n)
{
    const int fd = memfd_create(name, MFD_CLOEXEC);
    size_t written = 0;
    while (fd >= 0 && written < n) {
        const ssize_t more = write(fd, text + written, n - written);
        if (more < 0 && errno != EINTR) {
            close(fd);
            return -1;
        }
        written += more > 0 ? (size_t)more : 0;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static hone_rc spawn(struct runner *r, struct child *child, int input, hone_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults, none;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, child->output, 2);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGHUP);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    /* a group of its own: Ctrl-C reaches this process alone, which passes it on once */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    const int failed = posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, r->argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (!failed)
        return HONE_OK;
    child->pid = 0;
    return hone_fail(err, HONE_EFAIL, NULL, "cannot start a process for a run: %s", strerror(failed));
}

static hone_rc start(struct runner *r, struct child *child, size_t cell, size_t seed, hone_error *err)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct text text = TEXT_INIT;
    struct ablation_run *run = run_at(r, cell, seed);
    int input = -1;
    hone_rc rc = HONE_OK;
    *child = (struct child){ .cell = cell, .seed = seed, .output = -1, .since = seconds_steady() };
    if (ablation_run_text(r->ablation, &r->ablation->cells[cell], run, r->workers_each, &text, &complaints) < 0)
        rc = hone_fail(err, HONE_EINVAL, NULL, "%s: %s", run->study,
                       complaints.n ? complaints.items[0].message : "out of memory");
    else if ((input = memory_file("hone.ini", text.data, text.length)) < 0 ||
             (child->output = memory_file("hone.err", "", 0)) < 0)
        rc = hone_fail(err, HONE_EFAIL, NULL, "cannot make a file in memory: %s", strerror(errno));
    else
        rc = spawn(r, child, input, err);
    if (input >= 0)
        close(input);
    if (rc != HONE_OK && child->output >= 0)
        close(child->output);
    r->at_work += rc == HONE_OK;
    complaints_release(&complaints);
    text_release(&text);
    return rc;
}

/* A process that was left over from an earlier ablation ends by itself; its study is ours then. */
static hone_rc wait_for_others(struct runner *r, struct ablation_run *run, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (run->process && !r->pool->quiet)
        fprintf(stderr, "%s is being run by process %lld: waiting for it\n", run->study, (long long)run->process);
    while (rc == HONE_OK && run->process && !*r->pool->signals) {
        const struct timespec pause = { 0, 200000000 };
        nanosleep(&pause, NULL);
        rc = ablation_result_read(r->ablation, r->pool->host, run, err);
    }
    return rc;
}

/* ---- ending ---- */

/* The last line that the child wrote; malloc'ed. */
static char *last_words(int fd)
{
    char text[4096];
    const off_t size = lseek(fd, 0, SEEK_END), from = size > (off_t)sizeof text - 1 ? size - (off_t)sizeof text + 1 : 0;
    const ssize_t n = pread(fd, text, sizeof text - 1, from);
    size_t end = n > 0 ? (size_t)n : 0;
    while (end && text[end - 1] == '\n')
        end--;
    text[end] = '\0';
    const char *line = strrchr(text, '\n');
    line = line ? line + 1 : text;
    return strdup(strncmp(line, "hone: ", 6) ? line : line + 6);
}

static void tell(const struct runner *r, const struct child *child)
{
    const struct ablation_cell *cell = &r->ablation->cells[child->cell];
    const struct ablation_run *run = &cell->runs[child->seed];
    const struct ablation_spec *spec = &r->ablation->spec;
    const double rest = (double)(r->total - r->done) * (seconds_steady() - r->began) / (double)r->done;
    if (r->pool->quiet)
        return;
    fprintf(stderr, "%zu/%zu  %s%s%s seed %lld  ", r->done, r->total,
            spec->has_blocks ? spec->axes[spec->n_design].levels[cell->block].label : "", spec->has_blocks ? "  " : "",
            cell->label, (long long)run->seed);
    if (run->state == RUN_DONE)
        fprintf(stderr, "%s %.6g  %.3g s", r->ablation->metric, run->value, seconds_steady() - child->since);
    else
        fprintf(stderr, "failed: %s", run->why && *run->why ? run->why : "it gave no reason");
    if (r->total > r->done && rest >= 1)
        fprintf(stderr, rest < 120 ? "  (%.0f s left)" : "  (%.0f min left)", rest < 120 ? rest : rest / 60);
    fputc('\n', stderr);
}

static hone_rc reap(struct runner *r, struct child *child, int status, hone_error *err)
{
    struct ablation_run *run = run_at(r, child->cell, child->seed);
    hone_rc rc = HONE_OK;
    child->pid = 0;
    r->at_work--;
    if (!r->told) {
        rc = ablation_result_read(r->ablation, r->pool->host, run, err);
        if (rc == HONE_OK && run->state != RUN_DONE) {
            char *words = last_words(child->output);
            run->state = RUN_FAILED;
            if (WIFSIGNALED(status)) {
                free(words);
                if (asprintf(&words, "its process was ended by signal %d", WTERMSIG(status)) < 0)
                    words = NULL;
            }
            if (words && *words && (!run->why || WEXITSTATUS(status) != 0)) {
                free(run->why);
                run->why = words;
            } else {
                free(words);
            }
        }
        r->done++;
        if (rc == HONE_OK)
            tell(r, child);
    }
    close(child->output);
    return rc;
}

static void pass_on_signals(struct runner *r)
{
    for (; r->told < *r->pool->signals; r->told++)
        for (size_t i = 0; i < r->n_children; i++)
            if (r->children[i].pid)
                kill(r->children[i].pid, SIGTERM);
}

static hone_rc look(struct runner *r, hone_error *err)
{
    hone_rc rc = HONE_OK;
    pass_on_signals(r);
    for (size_t i = 0; i < r->n_children; i++) {
        int status = 0;
        if (r->children[i].pid && waitpid(r->children[i].pid, &status, WNOHANG) == r->children[i].pid) {
            const hone_rc one = reap(r, &r->children[i], status, err);
            rc = rc == HONE_OK ? one : rc;
        }
    }
    return rc;
}

/* ---- the whole ---- */

static size_t cell_at(const struct runner *r, size_t i)
{
    return r->cells ? r->cells[i] : i;
}

/* The next run that is not done, seed by seed: so that all cells have as many when it is broken off. */
static int next_missing(const struct runner *r, size_t *i, size_t *seed)
{
    for (; *seed < r->n_seeds; ++*seed, *i = 0)
        for (; *i < r->n_cells; ++*i)
            if (run_at(r, cell_at(r, *i), *seed)->state < RUN_DONE)
                return 1;
    return 0;
}

static char **arguments(const struct ablation_pool *pool, const char *parent)
{
    char **argv = calloc(2 * pool->n_plugin_paths + 5, sizeof *argv);
    size_t n = 0;
    if (!argv)
        return NULL;
    argv[n++] = (char *)(uintptr_t) "hone";
    argv[n++] = (char *)(uintptr_t) "ablate-cell";
    argv[n++] = (char *)(uintptr_t)parent;
    for (size_t i = 0; i < pool->n_plugin_paths; i++) {
        argv[n++] = (char *)(uintptr_t) "--plugin-path";
        argv[n++] = (char *)(uintptr_t)pool->plugin_paths[i];
    }
    if (pool->no_default_path)
        argv[n++] = (char *)(uintptr_t) "--no-default-path";
    return argv;
}

static void rest(void)
{
    const struct timespec pause = { 0, PAUSE_NS };
    nanosleep(&pause, NULL);
}

hone_rc ablation_run_missing(struct ablation *a, const struct ablation_pool *pool, const size_t *cells, size_t n_cells,
                             size_t n_seeds, hone_error *err)
{
    struct runner r = { .ablation = a,
                        .cells = cells,
                        .n_cells = cells ? n_cells : a->n_compared,
                        .n_seeds = n_seeds,
                        .pool = pool,
                        .began = seconds_steady() };
    size_t cell = 0, seed = 0;
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < r.n_cells; i++)
        for (size_t k = 0; k < n_seeds; k++)
            r.total += run_at(&r, cell_at(&r, i), k)->state < RUN_DONE;
    if (!r.total)
        return HONE_OK;
    r.n_children = r.total < pool->workers ? r.total : pool->workers;
    r.workers_each = a->base.study.order == ORDER_STRICT ? pool->workers / (unsigned)r.n_children : 1;
    r.children = calloc(r.n_children, sizeof *r.children);
    snprintf(r.parent, sizeof r.parent, "%ld", (long)getpid());
    r.argv = arguments(pool, r.parent);
    if (!r.children || !r.argv)
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the runs");
    while (rc == HONE_OK && (r.at_work || (!*pool->signals && next_missing(&r, &cell, &seed)))) {
        for (size_t i = 0; i < r.n_children && rc == HONE_OK && !*pool->signals; i++)
            if (!r.children[i].pid && next_missing(&r, &cell, &seed)) {
                rc = wait_for_others(&r, run_at(&r, cell_at(&r, cell), seed), err);
                if (rc == HONE_OK && !*pool->signals)
                    rc = start(&r, &r.children[i], cell_at(&r, cell++), seed, err);
            }
        if (rc == HONE_OK && (rc = look(&r, err)) == HONE_OK && r.at_work)
            rest();
    }
    for (size_t i = 0; i < r.n_children && r.children && r.at_work; i++) /* after a failure of ours */
        if (r.children[i].pid) {
            kill(r.children[i].pid, SIGTERM);
            waitpid(r.children[i].pid, NULL, 0);
            close(r.children[i].output);
        }
    free(r.children);
    free(r.argv);
    if (rc == HONE_OK && *pool->signals)
        rc = hone_fail(err, HONE_ECANCELED, NULL, "stopped; the same command goes on from here");
    return rc;
}
