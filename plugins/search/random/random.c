/* SPDX-License-Identifier: MIT */
/* search/random: independent draws from the prior (Bergstra and Bengio 2012, "Random search for hyper-parameter
 * optimization", JMLR 13).
 *
 * In a continuum the point of trial k is a function of (seed, k) alone: outcomes, order of asking and resuming cannot
 * change it, and nothing is stored. A finite space is drawn without replacement, whoever tried a point. */
#include "hone/history.h"

enum {
    TRIES = 100000, /* draws for one point before the relations are called impossible */
    REPEATS = 64,   /* known points drawn in a row before the rest of a small space is walked through */
};

struct settings {
    uint8_t duplicates;
};

static const hone_param params[] = {
    HONE_BOOL(struct settings, duplicates, "no", 0,
              "Whether a point of a finite space may be drawn again: yes for noisy objectives. With no, the study "
              "ends when every point has been tried."),
};

struct random_search {
    struct settings settings;
    uint64_t seed;
    const hone_host *host;
    const hone_space *space;
    hone_history history; /* of a finite space; otherwise it stays empty */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct random_search), self, err);
    struct random_search *s = (struct random_search *)*self;
    if (rc != HONE_OK)
        return rc;
    s->host = host;
    s->seed = info->seed;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct random_search *s = (struct random_search *)self;
    if (!s)
        return;
    hone_history_release(&s->history);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct random_search *s = (struct random_search *)self;
    s->space = space;
    return hone_history_init(&s->history, space, info, err);
}

/* 1 where points are remembered. */
static int without_replacement(const struct random_search *s)
{
    return s->history.numbers > 0 && !s->settings.duplicates;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct random_search *s = (struct random_search *)self;
    const int once = without_replacement(s), tries = once && s->history.told.n ? REPEATS : TRIES;
    hone_rng rng = hone_rng_at(s->seed, trial);
    if (once)
        hone_history_forget(&s->history, trial); /* asked again: its own point is free */
    for (int i = 0; i < tries; i++) {
        hone_space_draw(s->space, &rng, x);
        if (once ? hone_history_may(&s->history, x) : (int)hone_space_allowed(s->space, x))
            return once ? hone_history_run(&s->history, trial, x, err) : HONE_OK;
        if (i % 1024 == 1023 && s->host->cancelled(s->host))
            return hone_fail(err, HONE_ECANCELED, "", "cancelled while looking for a point that the relations allow");
    }
    if (tries == REPEATS) { /* the rest of a small space, from a random place on */
        if (hone_history_rest_(&s->history, &rng, x))
            return hone_history_run(&s->history, trial, x, err);
        return s->history.n || s->history.n_running
                   ? HONE_DONE
                   : hone_fail(err, HONE_EFAIL, "",
                               "the relations (where ...) allow no point of the space: relax them");
    }
    return hone_fail(err, HONE_EFAIL, "",
                     "none of %d random points satisfies the relations (where ...) of the space, or all that did were "
                     "tried: relax them or narrow the ranges to where they hold",
                     (int)TRIES);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct random_search *s = (struct random_search *)self;
    return without_replacement(s) ? hone_history_tell(&s->history, outcome, err) : HONE_OK;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&((struct random_search *)self)->history, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    return hone_history_reload(&((struct random_search *)self)->history, in, err);
}

static const char doc[] =
    "Draws every point independently from the prior that the space states: uniform, log-uniform, normal, weighted "
    "choices. It learns nothing from outcomes, and that makes it the yardstick of every other search: with few "
    "important "
    "parameters it beats a grid of the same size, because no two trials share a value (Bergstra and Bengio 2012).\n\n"
    "The point of a trial depends on the study's seed and the trial's number only. So parallel, resumed and strict "
    "runs try the same points, and more trials extend a shorter run.\n\n"
    "## Conditions and relations\n"
    "Inactive parameters are dropped from the draw. Points that a relation forbids are drawn again, up to 100,000 "
    "times for a trial; when none is allowed, the study ends with an error.\n\n"
    "## Finite spaces\n"
    "A finite space is drawn without replacement, points that were enqueued included: a known point is drawn again, so "
    "that there the point of a trial depends on the points before it too. A study ends when all have been tried. In "
    "spaces of at most 2^20 points this costs one bit a point, in larger ones up to 32 bytes a trial. When 64 draws in "
    "a "
    "row gave known points of a small space, the next untried point from a random place on is taken, so the last few "
    "per "
    "cent of the prior's weight come uniformly rather than by weight. `duplicates = yes` draws with replacement.\n\n"
    "## Source\n"
    "Bergstra, J. and Bengio, Y. (2012). Random search for hyper-parameter optimization. JMLR 13, 281-305.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component random_search = {
    sizeof random_search,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
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
    save,
    load,
    NULL,
};
HONE_MODULE("org.hone.search.random", "0.1.0", "MIT", "the hone authors", "", &random_search)
