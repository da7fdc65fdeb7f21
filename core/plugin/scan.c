/* SPDX-License-Identifier: MIT */
/* The scanner: the parent's side, which trusts nothing it hears, and the child's, `hone plugin-scan FILE`. */
#include "plugin/scan.h"

#include "hone/param.h"
#include "plugin/describe.h"
#include "plugin/load.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_AT_ONCE = 16, MAX_DESCRIPTION = 8 << 20 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void broken(struct scan_job *job, int keep, const char *reason)
{
    text_clear(&job->description);
    text_add(&job->description, "broken\t");
    describe_add(&job->description, reason);
    text_addf(&job->description, "\t%d\nend\n", keep);
}

static int start(struct scan_job *job, const char *program)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    int pipes[2];
    char command[] = "plugin-scan", name[] = "hone";
    char *path = strdup(job->path);
    char *const argv[] = { name, command, path, NULL };
    if (!path || pipe2(pipes, O_CLOEXEC) < 0) {
        free(path);
        return errno ? errno : ENOMEM;
    }
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGTERM);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0); /* so that its own children can be ended with it */
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int failed = posix_spawn(&job->pid, program, &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(path);
    close(pipes[1]);
    if (failed) {
        close(pipes[0]);
        job->pid = 0;
        return failed;
    }
    job->out = pipes[0];
    job->deadline = now() + SCAN_SECONDS;
    job->timed_out = 0;
    return 0;
}

/* 1 where the job is over: its end of the pipe is closed, or its time is up. */
static int drain(struct scan_job *job, short ready)
{
    char buffer[16384];
    if (ready) {
        const ssize_t n = read(job->out, buffer, sizeof buffer);
        if (n > 0 && job->description.length + (size_t)n <= MAX_DESCRIPTION)
            text_add_bytes(&job->description, buffer, (size_t)n);
        else if (n >= 0 || errno != EINTR)
            return 1;
    }
    return job->timed_out = now() > job->deadline;
}

/* 1 once the child has ended; it stays unreaped, so that its number still means it and its group. */
static int has_ended(pid_t pid)
{
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? errno != EINTR : info.si_pid == pid;
}

/* Waits for a child that has closed its output, but not beyond its time; ends it and what it left behind. Its status.
 */
static int reap(struct scan_job *job)
{
    int status = 0;
    const struct timespec pause = { 0, 1000000 };
    while (!job->timed_out && !has_ended(job->pid)) {
        job->timed_out = now() > job->deadline;
        nanosleep(&pause, NULL);
    }
    kill(-job->pid, SIGKILL);
    while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(job->out);
    job->pid = 0;
    return status;
}

static int is_description(const struct text *text)
{
    struct record record = { 0 };
    char *copy = strdup(text_string(text)), *at = copy;
    const int good = copy && strlen(copy) == text->length && describe_read(&at, &record) == HONE_OK && !*at;
    record_release(&record);
    free(copy);
    return good;
}

static void finish(struct scan_job *job)
{
    char reason[160];
    const int status = reap(job);
    if (job->timed_out)
        snprintf(reason, sizeof reason,
                 "did not finish within %d s while being scanned (hone plugins --rescan tries again)", SCAN_SECONDS);
    else if (WIFSIGNALED(status))
        snprintf(reason, sizeof reason, "killed by SIG%s while being scanned",
                 sigabbrev_np(WTERMSIG(status)) ? sigabbrev_np(WTERMSIG(status)) : "?");
    else if (WEXITSTATUS(status) != 0)
        snprintf(reason, sizeof reason, "ended the program with status %d while being scanned", WEXITSTATUS(status));
    else if (!is_description(&job->description))
        snprintf(reason, sizeof reason, "ended the program while being scanned");
    else
        return;
    broken(job, 1, reason);
}

static size_t processors(void)
{
    cpu_set_t set;
    size_t n = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = (size_t)CPU_COUNT(&set);
    return n < 1 ? 1 : n > MAX_AT_ONCE ? MAX_AT_ONCE : n;
}

hone_rc scan_files(const char *program, struct scan_job *jobs, size_t n, hone_error *err)
{
    const size_t slots = processors();
    size_t next = 0, active = 0;
    struct scan_job *running[MAX_AT_ONCE] = { NULL };
    while (next < n || active) {
        struct pollfd wait[MAX_AT_ONCE];
        for (size_t s = 0; s < slots; s++)
            while (!running[s] && next < n) {
                struct scan_job *job = &jobs[next++];
                const int failed = start(job, program ? program : "/proc/self/exe");
                if (failed) {
                    char reason[160];
                    snprintf(reason, sizeof reason, "could not be scanned: %s", strerror(failed));
                    broken(job, 0, reason);
                    continue;
                }
                running[s] = job;
                active++;
            }
        for (size_t s = 0; s < slots; s++)
            wait[s] = (struct pollfd){ running[s] ? running[s]->out : -1, POLLIN, 0 };
        if (active)
            poll(wait, (nfds_t)slots, 100);
        for (size_t s = 0; s < slots; s++)
            if (running[s] && drain(running[s], wait[s].revents)) {
                finish(running[s]);
                running[s] = NULL;
                active--;
            }
    }
    for (size_t i = 0; i < n; i++)
        if (jobs[i].description.failed)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the descriptions of plugins");
    return HONE_OK;
}

/* ---- the child ---- */

/* A plugin that allocates without end must not take the machine along in its five seconds. */
static void limit_child(void)
{
    const struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* their shadow memory counts */
    const struct rlimit memory = { (rlim_t)2 << 30, (rlim_t)2 << 30 };
    setrlimit(RLIMIT_DATA, &memory);
#endif
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static int write_all(int fd, const char *bytes, size_t n)
{
    while (n) {
        const ssize_t written = write(fd, bytes, n);
        if (written < 0 && errno != EINTR)
            return -1;
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        }
    }
    return 0;
}

int catalog_scan_main(const char *path)
{
    struct record record = { 0 };
    struct problems problems = PROBLEMS_INIT;
    struct text out = TEXT_INIT;
    const hone_module *module = NULL;
    int lasting = 1, failed;
    /* What the plugin prints must not get between the lines. */
    const int real = fcntl(1, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    limit_child();
    if (real < 0 || null < 0 || dup2(null, 1) < 0)
        _exit(1);
    failed = load_map(path, &record, &module, &problems, &lasting) != HONE_OK;
    if (problems.n) {
        record.module.broken = text_string(&problems.text);
        record.keep = lasting;
    }
    describe(&record, &out);
    failed |= out.failed || problems.text.failed || write_all(real, text_string(&out), out.length) < 0;
    _exit(failed ? 1 : 0); /* destructors of the plugin are none of the scanner's business */
}
