/* SPDX-License-Identifier: MIT */
/* One case, here or in a process of its own. A child of ours is this program again (never a bare fork: a child of a process
 * that has used OpenMP hangs); it finds the case by its hidden options, and the report in memory shared through fd 3. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host;
    (void)level;
    (void)message; /* may be anything, and belongs to the reader of a real run */
}

static uint32_t host_cancelled(const hone_host *host)
{
    return ((const struct check *)host->impl)->cancelled;
}

static const void *host_get_ext(const hone_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL; /* extensions are optional: a plugin must do without, or say what it lacks */
}

/* Loads the file, calls init, finds the component. */
static int prepare(struct check *c, const char *component)
{
    void *handle = NULL;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = HONE_OK;
    char id[160];
    TRY(module_open(c, c->options->file, &handle, &c->module));
    if (c->module->size >= sizeof(hone_module) && c->module->init) {
        CALL(c, "init", rc = c->module->init(&c->host, &err));
        if (rc < 0)
            return check_fail(c, "init failed: %.256s", err.msg);
    }
    for (uint32_t i = 0; i < c->module->n_components; i++) {
        if (!module_component(c->module, i, &c->copy))
            continue;
        component_id(&c->copy, id, sizeof id);
        if (!strcmp(id, component)) {
            c->component = &c->copy;
            return 0;
        }
    }
    return check_fail(c, "component %s is gone", component);
}

void case_run(const struct check_options *options, const struct check_case *one, const char *component,
              struct check_report *report)
{
    struct check c;
    int result = 0;
    memset(&c, 0, sizeof c);
    c.options = options;
    c.report = report;
    c.rng = hone_rng_at(options->seed, 0x636865636b);
    c.host.size = sizeof c.host;
    c.host.abi_major = HONE_ABI_MAJOR;
    c.host.abi_minor = HONE_ABI_MINOR;
    c.host.version = "plugin-check";
    c.host.impl = &c;
    c.host.log = host_log;
    c.host.cancelled = host_cancelled;
    c.host.get_ext = host_get_ext;
    report->verdict = CHECK_NONE;
    report->stage[0] = report->reason[0] = report->notes[0] = '\0';
    snprintf(c.id, sizeof c.id, "%s", component);
    if (one->kind && !*one->kind)
        result = one->run(&c);
    else if (!(result = prepare(&c, component)))
        result = one->run(&c);
    fflush(NULL); /* what the plugin printed belongs to this case */
    report->verdict = result ? (uint32_t)result : CHECK_OK;
    report->stage[0] = '\0';
}

/* ---- a process for it ---- */
static void set_reason(struct check_report *report, const char *format, ...) CHECK_PRINTF(2, 3);
static void set_reason(struct check_report *report, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    report->verdict = CHECK_FAILED;
    vsnprintf(report->reason, sizeof report->reason, format, args);
    va_end(args);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct child {
    pid_t pid;
    int pidfd, memory;
    int output[2]; /* read ends of its descriptors 1 and 2 */
    char text[2][200];
    size_t used[2];
};

static int child_start(struct child *child, const struct check_options *options, const struct check_case *one,
                       const char *component)
{
    const char *argv[64];
    char seed[32], timeout[32];
    size_t n = 0;
    int pipes[2][2] = { { -1, -1 }, { -1, -1 } }, rc = -1;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)options->seed);
    snprintf(timeout, sizeof timeout, "%g", options->timeout);
    argv[n++] = "hone-plugin-check";
    argv[n++] = "--case";
    argv[n++] = one->name;
    argv[n++] = "--component";
    argv[n++] = component;
    argv[n++] = "--seed";
    argv[n++] = seed;
    for (size_t i = 0; i < options->n_sets && n + 4 < sizeof argv / sizeof *argv; i++) {
        argv[n++] = "--set";
        argv[n++] = options->sets[i];
    }
    argv[n++] = "--";
    argv[n++] = options->file;
    argv[n] = NULL;
    child->pid = -1;
    child->output[0] = child->output[1] = -1;
    if (pipe2(pipes[0], O_CLOEXEC) || pipe2(pipes[1], O_CLOEXEC))
        goto out;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[0][1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1], 2);
    posix_spawn_file_actions_adddup2(&actions, child->memory, 3);
    /* posix_spawn copies argv; its type only lacks the const */
    union {
        const char **in;
        char **out;
    } arguments = { argv };
    rc = posix_spawn(&child->pid, "/proc/self/exe", &actions, &attributes, arguments.out, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
out:
    for (int i = 0; i < 2; i++) {
        if (pipes[i][1] >= 0)
            close(pipes[i][1]);
        child->output[i] = pipes[i][0];
    }
    return rc;
}

/* Reads what is there; keeps the beginning. 0: the writer is gone. */
static int child_listen(struct child *child, int i)
{
    char buffer[4096];
    const ssize_t got = read(child->output[i], buffer, sizeof buffer);
    const size_t room = sizeof child->text[i] - 1 - child->used[i];
    if (got <= 0)
        return 0;
    const size_t take = (size_t)got < room ? (size_t)got : room;
    memcpy(child->text[i] + child->used[i], buffer, take);
    child->used[i] += take;
    return 1;
}

/* Waits for the end. 1: it came in time. */
static int child_wait(struct child *child, double timeout, int *status)
{
    const double end = seconds() + timeout;
    int alive = 1, in_time = 1;
    while (alive) {
        struct pollfd fds[3] = { { child->output[0], POLLIN, 0 },
                                 { child->output[1], POLLIN, 0 },
                                 { child->pidfd, POLLIN, 0 } };
        const double left = end - seconds();
        if (left <= 0) {
            in_time = 0;
            break;
        }
        if (poll(fds, 3, (int)(left * 1000) + 1) < 0 && errno != EINTR)
            break;
        for (int i = 0; i < 2; i++)
            if (fds[i].revents && !child_listen(child, i)) {
                close(child->output[i]);
                child->output[i] = -1;
            }
        alive = !(fds[2].revents & POLLIN);
    }
    kill(-child->pid, SIGKILL); /* with whatever it has started */
    waitpid(child->pid, status, 0);
    for (int i = 0; i < 2; i++) /* what it said at last */
        while (child->output[i] >= 0 && poll(&(struct pollfd){ child->output[i], POLLIN, 0 }, 1, 0) > 0 &&
               child_listen(child, i))
            continue;
    return in_time;
}

/* The first line that says something: sanitizers begin with a rule of equal signs. */
static const char *first_line(char *text)
{
    text += strspn(text, "=\n ");
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static void judge(struct child *child, struct check_report *report, int in_time, int status, double timeout)
{
    char stage[160];
    snprintf(stage, sizeof stage, "%s", report->stage[0] ? report->stage : "");
    if (!in_time)
        set_reason(report, "did not come back within %g s%s%s", timeout, *stage ? " from " : "", stage);
    else if (WIFSIGNALED(status))
        set_reason(report, "died of signal %d (%s)%s%s%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)),
                   *stage ? " in " : "", stage, child->used[1] ? ": " : "",
                   child->used[1] ? first_line(child->text[1]) : "");
    else if (report->verdict == CHECK_NONE)
        set_reason(report, "the process ended with status %d%s%s: a plugin must not end it%s%s", WEXITSTATUS(status),
                   *stage ? " in " : "", stage, child->used[1] ? ": " : "",
                   child->used[1] ? first_line(child->text[1]) : "");
    else if (report->verdict != CHECK_FAILED && child->used[0])
        set_reason(report, "printed on standard output: %.150s", first_line(child->text[0]));
    else if (report->verdict != CHECK_FAILED && child->used[1])
        set_reason(report, "printed on standard error: %.150s", first_line(child->text[1]));
}

void case_spawn(const struct check_options *options, const struct check_case *one, const char *component,
                struct check_report *report)
{
    struct child child;
    struct check_report *shared = NULL;
    int status = 0, rc;
    memset(&child, 0, sizeof child);
    child.pidfd = -1;
    child.memory = memfd_create("hone-plugin-check", MFD_CLOEXEC);
    if (child.memory < 0 || ftruncate(child.memory, (off_t)sizeof *shared)) {
        set_reason(report, "cannot make shared memory: %s", strerror(errno));
        goto out;
    }
    shared = (struct check_report *)mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, child.memory, 0);
    if (shared == MAP_FAILED) {
        shared = NULL;
        set_reason(report, "cannot map shared memory: %s", strerror(errno));
        goto out;
    }
    *shared = *report;
    shared->verdict = CHECK_NONE;
    shared->stage[0] = shared->reason[0] = shared->notes[0] = '\0';
    if ((rc = child_start(&child, options, one, component))) {
        set_reason(report, "cannot start a process: %s", strerror(rc > 0 ? rc : errno));
        goto out;
    }
    child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
    const int in_time = child_wait(&child, options->timeout, &status);
    *report = *shared;
    /* the child is not trusted to have ended its strings */
    report->stage[sizeof report->stage - 1] = report->reason[sizeof report->reason - 1] =
        report->notes[sizeof report->notes - 1] = '\0';
    report->module[sizeof report->module - 1] = '\0';
    judge(&child, report, in_time, status, options->timeout);
out:
    if (shared)
        munmap(shared, sizeof *shared);
    for (int i = 0; i < 2; i++)
        if (child.output[i] > 0)
            close(child.output[i]);
    if (child.pidfd >= 0)
        close(child.pidfd);
    if (child.memory >= 0)
        close(child.memory);
}
