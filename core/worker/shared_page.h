/* SPDX-License-Identifier: MIT */
/* A page that worker and coordinator share: what the worker is doing, readable after it has died; and whether it is to end. */
#ifndef HONE_WORKER_SHARED_PAGE_H
#define HONE_WORKER_SHARED_PAGE_H
#include <stdint.h>

enum { WORKER_CHANNEL_FD = 3, WORKER_PAGE_FD = 4 };
struct shared_page {
    volatile uint64_t trial;
    volatile int64_t step;       /* last reported */
    volatile char component[96]; /* "regularizer.dropout (org.acme.dropout)" */
    /* Set by the coordinator: end the trial at hand. SIGTERM comes with it, but only to interrupt: a SIGTERM alone may come from
     * whoever stops the whole job, and what becomes of trials then is for the coordinator to say. Cleared with each trial. */
    volatile uint32_t cancel;
};
#endif
