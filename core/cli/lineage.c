/* SPDX-License-Identifier: MIT */
/* Reading the events of a study, trial by trial. */
#include "cli/lineage.h"

#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more, by doubling. 0: out of memory. */
static int reserve(void **array, size_t *capacity, size_t n, size_t size)
{
    size_t wanted = *capacity ? *capacity : 64;
    while (wanted <= n)
        wanted *= 2;
    if (wanted == *capacity)
        return 1;
    char *more = realloc(*array, wanted * size);
    if (!more)
        return 0;
    memset(more + *capacity * size, 0, (wanted - *capacity) * size);
    *array = more;
    *capacity = wanted;
    return 1;
}

hone_rc lineage_event(void *ctx, const hone_event_record *e)
{
    struct lineage *l = ctx;
    unsigned long long from;
    long long at;
    if (e->what != HONE_EVENT_ASK && e->what != HONE_EVENT_PAUSE && e->what != HONE_EVENT_RESUME &&
        e->what != HONE_EVENT_CLONE)
        return HONE_OK;
    if (!reserve((void **)&l->trials, &l->capacity, (size_t)e->trial, sizeof *l->trials))
        return HONE_ENOMEM;
    if (e->trial >= l->n)
        l->n = (size_t)e->trial + 1;
    struct lineage_trial *t = &l->trials[e->trial];
    if (e->what == HONE_EVENT_ASK) {
        t->source = e->verdict;
        l->sources |= e->verdict != HONE_ASKED_SEARCH;
    } else if (e->what == HONE_EVENT_PAUSE) {
        text_addf(&t->rungs, "%s%lld", t->rungs.length ? " " : "", (long long)e->step);
        l->rungs = 1;
    } else if (e->what == HONE_EVENT_RESUME) {
        t->promotions++;
    } else if (e->text && sscanf(e->text, "from=%llu\nat=%lld", &from, &at) == 2) {
        if (!reserve((void **)&l->clones, &l->clones_capacity, l->n_clones, sizeof *l->clones))
            return HONE_ENOMEM;
        l->clones[l->n_clones++] = (struct lineage_clone){ e->trial, from, at };
    }
    return t->rungs.failed ? HONE_ENOMEM : HONE_OK;
}

void lineage_release(struct lineage *l)
{
    for (size_t i = 0; i < l->n; i++)
        text_release(&l->trials[i].rungs);
    free(l->trials);
    free(l->clones);
    *l = (struct lineage){ 0 };
}

const char *lineage_source(const struct lineage *l, uint64_t trial)
{
    static const char *const names[] = { "search", "given", "told", "outside" };
    const uint32_t source = trial < l->n ? l->trials[trial].source : 0;
    return source < HONE_COUNT(names) ? names[source] : "unknown";
}

const char *lineage_rungs(const struct lineage *l, uint64_t trial)
{
    return trial < l->n ? text_string(&l->trials[trial].rungs) : "";
}

uint32_t lineage_promotions(const struct lineage *l, uint64_t trial)
{
    return trial < l->n ? l->trials[trial].promotions : 0;
}

/* The trial's last clone among the first n; n: there is none. */
static size_t last_clone(const struct lineage *l, uint64_t trial, size_t n)
{
    for (size_t i = n; i > 0; i--)
        if (l->clones[i - 1].trial == trial)
            return i - 1;
    return n;
}

void lineage_parent(const struct lineage *l, uint64_t trial, char *out, size_t n)
{
    const size_t i = last_clone(l, trial, l->n_clones);
    *out = '\0';
    if (i < l->n_clones)
        snprintf(out, n, "%llu@%lld", (unsigned long long)l->clones[i].from, (long long)l->clones[i].at);
}

void lineage_chain(const struct lineage *l, uint64_t trial, struct text *out)
{
    size_t n = l->n_clones, *chain = malloc((n + 1) * sizeof *chain), length = 0;
    for (size_t i; chain && (i = last_clone(l, trial, n)) < n; n = i) { /* back in time */
        chain[length++] = i;
        trial = l->clones[i].from;
    }
    out->failed |= !chain;
    for (; length > 0; length--)
        text_addf(out, "%s%llu@%lld", out->length ? " " : "", (unsigned long long)l->clones[chain[length - 1]].from,
                  (long long)l->clones[chain[length - 1]].at);
    free(chain);
}
