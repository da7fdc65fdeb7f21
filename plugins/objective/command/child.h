/* SPDX-License-Identifier: MIT */
/* objective/command: a program as a child process, and its output as lines. [trial] */
#ifndef HONE_COMMAND_CHILD_H
#define HONE_COMMAND_CHILD_H
#include "hone/plugin.h"

#include <sys/types.h>

enum { MOST_LINE = 4096, TAIL = 4096 };

struct stream {
    int fd; /* -1: at its end */
    char line[MOST_LINE];
    size_t n;
    int in_piece; /* the line began in a piece that was handed on */
};
struct child {
    pid_t pid;                /* -1: none. Leader of a process group of its own */
    int pidfd;                /* -1: the kernel has none */
    int lifeline;             /* the group is killed when it closes */
    struct stream streams[2]; /* its stdout and stderr */
    char tail[TAIL];          /* the last of its stderr */
    size_t n_tail;
};
/* A line without its newline, or a piece of a longer one (first: it begins the line; last: it ends it). */
typedef void (*child_line)(void *ctx, unsigned stream, char *line, size_t n, int first, int last);

/* Starts argv[0], looked for in PATH, with stdin from /dev/null, in `directory` ("": here). Its whole group is
 * killed when this process ends, however it ends. Failures name the program or the directory. */
hone_rc child_start(struct child *child, char *const *argv, char *const *environment, const char *directory,
                    hone_error *err);
/* Waits up to `seconds` for output or the end and hands lines on: 1 once the program has ended and all is read. */
int child_wait(struct child *child, double seconds, child_line on_line, void *ctx);
/* Signals the whole process group. */
void child_signal(const struct child *child, int number);
/* Kills what is left of the group, reaps the program, closes all: its wait status. */
int child_end(struct child *child, child_line on_line, void *ctx);
/* The last lines of stderr in one line of at most n - 1 bytes of printable UTF-8, " | " between them. */
void child_tail(const struct child *child, char *out, size_t n);
/* Copies at most n - 1 bytes; control bytes and what is not UTF-8 become '?'. */
void printable(char *out, size_t n, const char *bytes, size_t length);
#endif /* HONE_COMMAND_CHILD_H */
