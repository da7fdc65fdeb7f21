/* SPDX-License-Identifier: MIT */
/* One worker process as the coordinator holds it: spawned, written to and read from without ever waiting for it, and collected
 * when it dies. What its frames mean is pool.c's business. */
#ifndef HONE_WORKER_PROCESS_H
#define HONE_WORKER_PROCESS_H
#include "base/text.h"
#include "hone/plugin.h"
#include "worker/shared_page.h"

#include <sys/types.h>

struct process {
    pid_t pid;           /* 0: there is none */
    int channel, output; /* socket; standard output and error of the worker. -1: closed */
    struct shared_page *page;
    uint8_t *in; /* bytes read; those before `consumed` were parsed */
    size_t n_in, in_capacity, consumed;
    struct text out; /* bytes to be written; those before `sent` are */
    size_t sent;
    struct text line; /* of its output, unfinished */
    char last[200];   /* line of its output, for crash messages */
    int reaped, status;
    int64_t most_memory; /* bytes resident at its height; known once it is reaped */
};
#define PROCESS_INIT                \
    {                               \
        .channel = -1, .output = -1 \
    }

/* Starts `program worker`. Never a bare fork: a child of a process that has used OpenMP hangs at its first parallel region. */
hone_rc process_spawn(struct process *process, const char *program, hone_error *err);
/* Appends a frame to what is to be written, and writes what the channel takes now. HONE_ENOMEM. A worker that has died is no
 * failure here: the end of its channel tells. */
hone_rc process_send(struct process *process, const struct text *frame, hone_error *err);
void process_flush(struct process *process);
int process_wants_to_write(const struct process *process);
/* Reads what there is into `in`, a frame's worth at a time. 0: the channel has ended (it is closed then), or no memory. */
int process_fill(struct process *process);
/* Takes in output, line by line and only so much at a time: a worker that floods must not keep us here. */
void process_drain(struct process *process);
/* Asks it to end its trial, or sends a signal; nothing where it is dead. */
void process_ask_to_end(struct process *process);
void process_kill(struct process *process);
/* 1 where the process is dead: collected, with all that it has left in its process group. */
int process_reap(struct process *process);
/* Private memory in use, bytes; mapped files, which workers share, do not count. 0: unknown. */
int64_t process_memory(const struct process *process);
/* Closes and forgets a process that was collected; its buffers stay for the next one. */
void process_close(struct process *process);
void process_release(struct process *process);
#endif
