/* SPDX-License-Identifier: MIT */
/* Runs test programs, two at a time, each with a time limit, and counts what they print: "ok NAME", "not ok NAME".
 *
 *     runner [--only TEXT] [--timeout SECONDS] [--jobs N] PROGRAM ...
 *
 * A program that dies, runs out of time, or fails without saying which test, counts as one failure. The last line is
 * "N passed, N failed"; the exit status is 0 only if none failed and at least one passed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct run {
    const char *program;
    pid_t pid;
    int out;
    double started;
    char *text;
    size_t length, capacity;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int start(struct run *run, const char *program)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) < 0)
        return -1;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[1], 2);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); /* so that a time-out takes its children along */
    const size_t length = strlen(program);
    const int shell = length > 3 && !strcmp(program + length - 3, ".sh");
    char sh[] = "sh";
    char *name = strdup(program);
    char *const argv_shell[] = { sh, name, NULL }, *const argv_plain[] = { name, NULL };
    const int failed = posix_spawnp(&run->pid, shell ? sh : name, &actions, &attributes,
                                    shell ? argv_shell : argv_plain, environ);
    free(name);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(pipes[1]);
    if (failed) {
        close(pipes[0]);
        fprintf(stderr, "%s: %s\n", program, strerror(failed));
        return -1;
    }
    run->program = program;
    run->out = pipes[0];
    run->started = now();
    run->length = 0;
    return 0;
}

static int drain(struct run *run) /* 0: the program has closed its output */
{
    if (run->capacity - run->length < 4096) {
        char *more = realloc(run->text, run->capacity * 2 + 8192);
        if (!more)
            return 0;
        run->text = more;
        run->capacity = run->capacity * 2 + 8192;
    }
    const ssize_t n = read(run->out, run->text + run->length, run->capacity - run->length - 1);
    if (n < 0 && errno == EINTR)
        return 1;
    if (n <= 0)
        return 0;
    run->length += (size_t)n;
    return 1;
}

/* Counts, and shows the output of a program that failed. */
static void finish(struct run *run, int status, int timed_out, unsigned *passed, unsigned *failed)
{
    unsigned ok = 0, bad = 0;
    run->text[run->length] = '\0';
    for (const char *line = run->text; *line;
         line = strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line)) {
        ok += !strncmp(line, "ok ", 3);
        bad += !strncmp(line, "not ok ", 7);
    }
    const int died = timed_out || WIFSIGNALED(status);
    const int quiet = !bad && WIFEXITED(status) && WEXITSTATUS(status) != 0;
    const char *base = strrchr(run->program, '/');
    base = base ? base + 1 : run->program;
    if (died || quiet)
        bad++;
    printf("%-52s %3u passed %s%3u failed%s  %.1f s%s\n", base, ok, bad ? "\033[31m" : "", bad, bad ? "\033[0m" : "",
           now() - run->started,
           timed_out             ? "  (time limit)"
           : WIFSIGNALED(status) ? "  (killed by a signal)"
                                 : "");
    if (bad)
        fwrite(run->text, 1, run->length, stdout);
    fflush(stdout);
    *passed += ok;
    *failed += bad;
}

int main(int argc, char **argv)
{
    enum { MAX_JOBS = 16 };
    struct run runs[MAX_JOBS] = { 0 };
    const char *only = NULL;
    double limit = 300;
    long jobs = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned passed = 0, failed = 0;
    int next = 1, active = 0;
    for (; next + 1 < argc && argv[next][0] == '-'; next += 2) {
        if (!strcmp(argv[next], "--only"))
            only = argv[next + 1];
        else if (!strcmp(argv[next], "--timeout"))
            limit = strtod(argv[next + 1], NULL);
        else if (!strcmp(argv[next], "--jobs"))
            jobs = strtol(argv[next + 1], NULL, 10);
    }
    jobs = jobs < 1 ? 1 : jobs > MAX_JOBS ? MAX_JOBS : jobs;
    for (;;) {
        for (int i = 0; i < jobs && next < argc; i++)
            while (!runs[i].pid && next < argc) {
                const char *program = argv[next++];
                if (only && !strstr(program, only))
                    continue;
                if (start(&runs[i], program) < 0) {
                    failed++;
                    continue;
                }
                active++;
            }
        if (!active)
            break;
        struct pollfd wait[MAX_JOBS];
        for (int i = 0; i < jobs; i++)
            wait[i] = (struct pollfd){ runs[i].pid ? runs[i].out : -1, POLLIN, 0 };
        poll(wait, (nfds_t)jobs, 200);
        for (int i = 0; i < jobs; i++) {
            if (!runs[i].pid)
                continue;
            const int timed_out = now() - runs[i].started > limit;
            if (timed_out)
                kill(-runs[i].pid, SIGKILL);
            if (!timed_out && (!wait[i].revents || drain(&runs[i])))
                continue;
            int status = 0;
            waitpid(runs[i].pid, &status, 0);
            kill(-runs[i].pid, SIGKILL); /* whatever it left behind */
            if (!runs[i].text)
                drain(&runs[i]);
            finish(&runs[i], status, timed_out, &passed, &failed);
            close(runs[i].out);
            runs[i].pid = 0;
            active--;
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed || !passed;
}
