/* SPDX-License-Identifier: MIT */
/* A crew of processes: `hone worker`, persistent, one trial at a time, replaced when they die. The coordinator never waits for
 * one of them: a worker that neither reads nor ends holds up its own trial only. */
#ifndef HONE_WORKER_POOL_H
#define HONE_WORKER_POOL_H
#include "plugin/catalog.h"
#include "study/crew.h"

struct pool_options {
    unsigned n;            /* workers */
    const char *config;    /* resolved INI text */
    const char *directory; /* for the files of the study */
    uint64_t seed;         /* of the study's data */
    double trial_time;     /* seconds of work, waiting for verdicts left out; 0: no limit. Final trainings have none */
    int64_t trial_memory;  /* private bytes, 0: no limit */
    double checkpoint_interval;            /* seconds, see hone info study */
    double grace;                          /* seconds between asking a worker to end and killing it */
    const struct catalog_options *catalog; /* plugin paths */
    const char *program;                   /* the hone to spawn; NULL: this one */
};
struct pool;
/* Spawns the first worker at once, so that it gets ready while the study opens; the others on their first trial. Strings of
 * options are copied. */
hone_rc pool_create(struct pool **pool, const struct pool_options *options, hone_error *err);
struct crew *pool_crew(struct pool *pool);
/* Ends the workers: politely, then by force. */
void pool_destroy(struct pool *pool);
/* Process number of a worker, 0: none. For tests and `hone run --verbose`. */
int pool_process(const struct pool *pool, unsigned worker);
#endif
