/* SPDX-License-Identifier: MIT */
/* What the recorded decisions say of every trial: who proposed it, at which rungs it waited, how often it was promoted, whose state it
 * took over. For `hone trials`. */
#ifndef HONE_CLI_LINEAGE_H
#define HONE_CLI_LINEAGE_H
#include "base/text.h"
#include "hone/storage.h"

struct lineage_trial {
    uint32_t source; /* HONE_ASKED_... */
    uint32_t promotions;
    struct text rungs; /* "1 3 9": steps at which it paused */
};
struct lineage_clone {
    uint64_t trial, from;
    int64_t at; /* step of the donor's state */
};
struct lineage {
    struct lineage_trial *trials; /* (n) by number; a trial behind the end has nothing to be told of */
    size_t n, capacity;
    struct lineage_clone *clones; /* (n_clones) as they happened */
    size_t n_clones, clones_capacity;
    int sources, rungs; /* 1: some trial is not of the search; some trial paused */
};
/* A visitor's event: ctx is a struct lineage, zeroed at first. HONE_ENOMEM. */
hone_rc lineage_event(void *ctx, const hone_event_record *event);
void lineage_release(struct lineage *lineage);

const char *lineage_source(const struct lineage *lineage, uint64_t trial); /* "search", "given", "told", "outside" */
const char *lineage_rungs(const struct lineage *lineage, uint64_t trial);
uint32_t lineage_promotions(const struct lineage *lineage, uint64_t trial);
/* "7@4": trial 7's state of step 4, which the trial goes on from; "" where it is no clone. */
void lineage_parent(const struct lineage *lineage, uint64_t trial, char *out, size_t n);
/* "7@2 3@4": whose states came before the parent's, oldest first, the parent last. */
void lineage_chain(const struct lineage *lineage, uint64_t trial, struct text *out);
#endif
