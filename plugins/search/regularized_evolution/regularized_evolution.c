/* SPDX-License-Identifier: MIT */
/* search/regularized_evolution: ageing evolution for one objective. The population is the latest outcomes; a proposal
 * is a mutant of the best of a sample of them. The history is all the state there is. */
#include "hone/evolution.h"

struct settings {
    int64_t population, sample;
    double redraw, step;
};

static const hone_param params[] = {
    HONE_INT(
        struct settings, population, "0", 0, 1e6, 0, "trials",
        "Latest outcomes that are alive; 0: 100, or a tenth of the study's budget where that is less, at least 10. "
        "The first so many trials are random."),
    HONE_INT(struct settings, sample, "0", 0, 1e6, 0, NULL,
             "Members drawn at random, of which the best becomes the parent; 0: a quarter of the population."),
    HONE_REAL(struct settings, redraw, "0.1", 0, 1, 0, NULL,
              "Probability that the parameter that mutates is drawn anew from its prior, rather than moved."),
    HONE_REAL(struct settings, step, "0.3", 0, 1, HONE_P_LO_OPEN, NULL,
              "Deviation of the longest moves, as a share of the parameter's range on its own scale. A move's is drawn "
              "between a hundredth of it and it, log-uniformly: coarse and fine moves at all times."),
};

struct regularized_evolution {
    struct settings settings;
    uint64_t seed, size, sample;
    const hone_space *space;
    hone_history history;
    uint64_t *usable, n, capacity; /* (n) rows of the history that may live */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct regularized_evolution), self,
                                            err);
    (void)host;
    if (rc == HONE_OK)
        ((struct regularized_evolution *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct regularized_evolution *s = (struct regularized_evolution *)self;
    if (!s)
        return;
    hone_history_release(&s->history);
    free(s->usable);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct regularized_evolution *s = (struct regularized_evolution *)self;
    const hone_rc rc = hone_search_one_objective(info, "regularized evolution", err);
    if (rc != HONE_OK)
        return rc;
    s->space = space;
    s->size = (uint64_t)s->settings.population;
    if (!s->size)
        s->size = !info->trials || info->trials >= 1000 ? 100 : info->trials < 100 ? 10 : info->trials / 10;
    s->sample = s->settings.sample ? (uint64_t)s->settings.sample : (s->size + 3) / 4;
    return hone_history_init(&s->history, space, info, err);
}

/* The best of `sample` different members of the latest `size`. */
static uint64_t parent(const struct regularized_evolution *s, hone_rng *rng)
{
    const uint64_t alive = s->n < s->size ? s->n : s->size;
    const uint64_t sample = s->sample < alive ? s->sample : alive;
    uint64_t best = UINT64_MAX, wanted = sample;
    for (uint64_t i = 0; i < alive && wanted; i++) /* selection sampling: Knuth, volume 2, 3.4.2 S */
        if (hone_rng_below(rng, alive - i) < wanted) {
            const uint64_t row = s->usable[s->n - alive + i];
            wanted--;
            if (best == UINT64_MAX || hone_outcome_better(&s->history, row, best))
                best = row;
        }
    return best;
}

/* One free active parameter of x, each as likely, gets another value. What that makes active or not, is settled
 * with the proposal. */
static void mutate(const struct regularized_evolution *s, hone_rng *rng, double *x)
{
    uint32_t n = 0, chosen = UINT32_MAX;
    const hone_dim *d;
    double v;
    for (uint32_t i = 0; i < s->history.n_dims; i++)
        if (!isnan(x[i]) && hone_dim_free(s->space->dims[i]) && hone_rng_below(rng, ++n) == 0)
            chosen = i;
    if (chosen == UINT32_MAX)
        return;
    d = s->space->dims[chosen];
    v = x[chosen];
    if (d->type != HONE_DIM_CHOICE && hone_rng_uniform(rng) < s->settings.redraw)
        x[chosen] = hone_dim_from_unit(d, hone_rng_uniform(rng));
    if (!(x[chosen] < v || x[chosen] > v))
        x[chosen] = hone_dim_neighbour(d, v, s->settings.step * pow(100, -hone_rng_uniform(rng)), rng);
}

/* 1 where x is a living member: mutating back and forth would try it again. */
static int is_alive(const struct regularized_evolution *s, const double *x)
{
    const uint32_t n_dims = s->history.n_dims;
    for (uint64_t i = s->n < s->size ? 0 : s->n - s->size; i < s->n; i++) {
        const double *y = s->history.x + s->usable[i] * n_dims;
        uint32_t k = 0;
        while (k < n_dims && ((x[k] <= y[k] && x[k] >= y[k]) || (isnan(x[k]) && isnan(y[k]))))
            k++;
        if (k == n_dims)
            return 1;
    }
    return 0;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct regularized_evolution *s = (struct regularized_evolution *)self;
    hone_rng rng = hone_rng_at(s->seed, trial);
    if (s->n < s->size && !(s->n && s->history.n >= 2 * s->size)) { /* the latter: most of the first ones failed */
        hone_space_first(s->space, s->seed, s->size, trial, x);
    } else {
        memcpy(x, s->history.x + parent(s, &rng) * s->history.n_dims, s->history.n_dims * sizeof *x);
        for (int k = 0; k < 8 && (!k || is_alive(s, x)); k++) /* a second mutation, if need be */
            mutate(s, &rng, x);
    }
    return hone_history_propose(&s->history, trial, &rng, x, err);
}

/* Outcome number `row` is born, unless it failed. */
static hone_rc join(struct regularized_evolution *s, uint64_t row, hone_error *err)
{
    if (!hone_history_usable(&s->history, row))
        return HONE_OK;
    if (s->n == s->capacity) {
        const uint64_t capacity = s->capacity ? s->capacity * 2 : 256;
        uint64_t *more = (uint64_t *)realloc(s->usable, (size_t)capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the population");
        s->usable = more;
        s->capacity = capacity;
    }
    s->usable[s->n++] = row;
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct regularized_evolution *s = (struct regularized_evolution *)self;
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    return rc == HONE_OK ? join(s, s->history.n - 1, err) : rc;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&((struct regularized_evolution *)self)->history, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct regularized_evolution *s = (struct regularized_evolution *)self;
    hone_rc rc = hone_history_reload(&s->history, in, err);
    if (rc != HONE_OK)
        return rc;
    s->n = 0;
    for (uint64_t i = 0; i < s->history.n && rc == HONE_OK; i++)
        rc = join(s, i, err);
    return rc;
}

static const char doc[] =
    "Ageing evolution, as it found AmoebaNet: every proposal is a mutant, in one parameter, of the best of a random "
    "sample of the latest outcomes. Members die of age, not of being bad: a point that was lucky once cannot hold the "
    "search for long, which makes it robust against noise. It suits spaces with many choices, such as architectures; "
    "give it hundreds of trials.\n\n"
    "## How it works\n"
    "The first trials are a Latin hypercube. A choice mutates to another one by its prior; other parameters move by a "
    "normal step on their own scale, long or short (`step`), or, with probability `redraw`, are drawn anew. A "
    "parameter that becomes "
    "active is drawn from its prior. Trials may run in parallel, a proposal never waits for an outcome.\n\n"
    "## Outcomes\n"
    "Points that violate constraints less come before all others; among equals the value decides. Pruned trials live "
    "and age too, but come after all complete ones, those that were stopped late first; failed ones, and values that "
    "are not finite, are never born. A trial that was paused and goes on is born again; what it was ages on. In finite "
    "spaces no point comes twice, and the study ends when all have been "
    "tried.\n\n"
    "## Source\n"
    "Real, E., Aggarwal, A., Huang, Y. and Le, Q. V. (2019). Regularized evolution for image classifier architecture "
    "search. AAAI 33, 4780-4789. Population and sample are the paper's, 100 and 25, for budgets of 1,000 trials and "
    "more.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component regularized_evolution = {
    sizeof regularized_evolution,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "regularized_evolution",
    "Ageing evolution: mutants of the best of a sample of the latest",
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
HONE_MODULE("org.hone.search.regularized_evolution", "0.1.0", "MIT", "the hone authors", "", &regularized_evolution)
