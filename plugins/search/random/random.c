/* SPDX-License-Identifier: MIT */
/* search/random: independent draws from the prior (Bergstra and Bengio 2012, "Random search for hyper-parameter
 * optimization", JMLR 13).
 *
 * The point of trial k is a function of (seed, k) alone: outcomes, order of asking and resuming cannot change it. A
 * small finite space is drawn without replacement; there the points of trials 0 .. k are computed in order, from the
 * seed only. */
#include "hone/finite.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>

enum {
    TRIES = 100000,  /* draws for one point before the relations are called impossible */
    REPEATS = 64,    /* known points drawn in a row before the rest of the space is walked through */
    FINITE = 1000000 /* numbers of points up to which a space is drawn without replacement: 125 kB, 4 bytes a trial */
};

struct settings {
    uint8_t duplicates;
};

static const hone_param params[] = {
    HONE_BOOL(struct settings, duplicates, "no", 0,
              "Whether a point of a finite space may be drawn again: yes for noisy objectives. With no, the study "
              "ends when every "
              "point has been tried; spaces of more than a million points are always drawn with replacement."),
};

struct random_search {
    const struct settings *settings;
    const hone_host *host;
    const hone_space *space;
    uint64_t seed;
    hone_point_set drawn; /* of a small finite space */
    uint32_t *sequence;   /* (n_sequence): numbers of the points of trials 0, 1, ...; finite spaces */
    uint64_t n_sequence, capacity;
    uint32_t spent; /* sequence is the whole space */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct random_search *s = (struct random_search *)calloc(1, sizeof *s);
    if (!s)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the random search");
    s->settings = (const struct settings *)info->config;
    s->host = host;
    s->seed = info->seed;
    *self = s;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct random_search *s = (struct random_search *)self;
    if (!s)
        return;
    hone_point_set_release(&s->drawn);
    free(s->sequence);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct random_search *s = (struct random_search *)self;
    (void)info;
    s->space = space;
    if (!s->settings->duplicates && hone_point_set_init(&s->drawn, space, FINITE) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points of the space");
    return HONE_OK;
}

/* One draw from the prior. Every dimension takes one number, active or not, so that a condition moves no other value.
 */
static uint32_t draw(const struct random_search *s, hone_rng *rng, double *x)
{
    for (uint32_t i = 0; i < s->space->n_dims; i++)
        x[i] = hone_dim_from_unit(s->space->dims[i], hone_rng_uniform(rng));
    hone_space_settle(s->space, x);
    return hone_space_allowed(s->space, x);
}

static hone_rc no_point(hone_error *err)
{
    return hone_fail(err, HONE_EFAIL, "",
                     "none of %d random points satisfies the relations (where ...) of the space: "
                     "relax them or narrow the ranges to where they hold",
                     (int)TRIES);
}

static hone_rc draw_allowed(const struct random_search *s, hone_rng *rng, double *x, hone_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        if (draw(s, rng, x))
            return HONE_OK;
        if (i % 1024 == 1023 && s->host->cancelled(s->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled while looking for a point that the relations allow");
    }
    return no_point(err);
}

/* Appends the point of trial n_sequence: a draw from what is left of the prior, or, once nearly all its weight is
 * spent, the next point left from a random place on. x: scratch (n_dims). */
static hone_rc draw_next(struct random_search *s, double *x, hone_error *err)
{
    hone_rng rng = hone_rng_at(s->seed, s->n_sequence);
    uint64_t index = 0;
    uint32_t fresh = 0;
    for (int i = 0; i < REPEATS && !fresh; i++)
        if (draw(s, &rng, x)) {
            index = hone_space_index(s->space, x);
            fresh = !hone_point_set_has(&s->drawn, index);
        }
    if (!fresh && !hone_point_set_rest(&s->drawn, s->space, hone_rng_below(&rng, s->drawn.n), &index, x)) {
        s->spent = 1;
        return HONE_DONE;
    }
    if (s->n_sequence == s->capacity) {
        const uint64_t capacity = s->capacity ? s->capacity * 2 : 64;
        uint32_t *more = (uint32_t *)realloc(s->sequence, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points drawn");
        s->sequence = more;
        s->capacity = capacity;
    }
    hone_point_set_add(&s->drawn, index);
    s->sequence[s->n_sequence++] = (uint32_t)index;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct random_search *s = (struct random_search *)self;
    if (!s->drawn.n) {
        hone_rng rng = hone_rng_at(s->seed, trial);
        return draw_allowed(s, &rng, x, err);
    }
    while (s->n_sequence <= trial && !s->spent) {
        const hone_rc rc = draw_next(s, x, err);
        if (rc < 0)
            return rc;
    }
    if (!s->n_sequence)
        return hone_fail(err, HONE_EFAIL, "", "the relations (where ...) allow no point of the space: relax them");
    if (trial >= s->n_sequence)
        return HONE_DONE;
    hone_space_point(s->space, s->sequence[trial], x);
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    (void)self;
    (void)outcome;
    (void)err;
    return HONE_OK;
}

static const char doc[] =
    "Draws every point independently from the prior that the space states: uniform, log-uniform, normal, weighted "
    "choices. "
    "It learns nothing from outcomes, and that makes it the yardstick of every other search: with few important "
    "parameters "
    "it beats a grid of the same size, because no two trials share a value (Bergstra and Bengio 2012).\n\n"
    "The point of a trial depends on the study's seed and the trial's number only. So parallel, resumed and strict "
    "runs try "
    "the same points, and more trials extend a shorter run.\n\n"
    "## Conditions and relations\n"
    "Inactive parameters are dropped from the draw. Points that a relation forbids are drawn again, up to 100,000 "
    "times for a "
    "trial; when none is allowed, the study ends with an error.\n\n"
    "## Finite spaces\n"
    "A space of at most a million points is drawn without replacement, and the study ends when all have been tried. "
    "This costs "
    "one bit a point and 4 bytes a trial; a resumed study recomputes the draws of the trials before it, well under a "
    "second. "
    "When 64 draws in a row gave known points, the next untried point from a random place on is taken, so the last "
    "few per "
    "cent of the prior's weight come uniformly rather than by weight. Numbers of trials that were given other points "
    "(enqueued ones) use up the points they would have had. `duplicates = yes` draws with replacement.\n\n"
    "## Source\n"
    "Bergstra, J. and Bengio, Y. (2012). Random search for hyper-parameter optimization. JMLR 13, 281-305.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component random_search = {
    sizeof random_search,
    HONE_C_DETERMINISTIC,
    HONE_KIND_SEARCH,
    "random",
    "Independent draws from the prior; the yardstick",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.search.random", "0.1.0", "MIT", "the hone authors", "", &random_search)
