/* SPDX-License-Identifier: MIT */
/* search/genetic: a steady-state genetic algorithm for one objective. A proposal is bred from the population as it is
 * when asked; an outcome joins when told, in the place of a worse member. All state is a function of the outcomes in
 * their order, so the history is what is saved. */
#include "hone/evolution.h"

struct settings {
    int64_t population, tournament;
    double crossover_probability, crossover_eta, mutation_probability, mutation_eta;
};

static const hone_param params[] = {
    HONE_INT(
        struct settings, population, "0", 0, 1e5, 0, "trials",
        "Members; 0: 30, or a tenth of the study's budget where that is less, at least 10. The first so many trials "
        "are random."),
    HONE_INT(struct settings, tournament, "3", 1, 1e3, 0, NULL,
             "Members drawn at random of which the best becomes a parent; 1: any."),
    HONE_REAL(struct settings, crossover_probability, "0.9", 0, 1, 0, NULL,
              "Probability that a point has two parents; otherwise it is a mutant of one."),
    HONE_REAL(struct settings, crossover_eta, "2", 0, 1e4, HONE_P_LO_OPEN, NULL,
              "Distribution index of the simulated binary crossover: the higher, the nearer to a parent."),
    HONE_REAL(struct settings, mutation_probability, "0", 0, 1, 0, NULL,
              "Probability that a parameter mutates; 0: one divided by the number of parameters."),
    HONE_REAL(
        struct settings, mutation_eta, "5", 0, 1e4, HONE_P_LO_OPEN, NULL,
        "Distribution index of the longest polynomial mutations: the higher, the smaller the steps. Each mutation's is "
        "drawn between it and a hundred times it, log-uniformly: coarse and fine steps at all times."),
};

struct genetic {
    struct settings settings;
    uint64_t seed, size;
    const hone_space *space;
    hone_history history;
    hone_variation variation;
    uint32_t n_free;
    uint64_t *members, n; /* (n) rows of the history */
    int breeding;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct genetic), self, err);
    struct genetic *s = (struct genetic *)*self;
    (void)host;
    if (rc != HONE_OK)
        return rc;
    s->seed = info->seed;
    s->variation.crossover_probability = s->settings.crossover_probability;
    s->variation.crossover_eta = s->settings.crossover_eta;
    s->variation.mutation_probability = s->settings.mutation_probability;
    s->variation.mutation_eta = s->settings.mutation_eta;
    s->variation.finest_mutation_eta = 100 * s->settings.mutation_eta;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct genetic *s = (struct genetic *)self;
    if (!s)
        return;
    hone_history_release(&s->history);
    free(s->members);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct genetic *s = (struct genetic *)self;
    const hone_rc rc = hone_search_one_objective(info, "the genetic search", err);
    if (rc != HONE_OK)
        return rc;
    s->space = space;
    s->n_free = hone_space_free(space);
    s->size = (uint64_t)s->settings.population;
    if (!s->size)
        s->size = !info->trials || info->trials >= 300 ? 30 : info->trials < 100 ? 10 : info->trials / 10;
    s->members = (uint64_t *)malloc((size_t)(s->size + 1) * sizeof *s->members);
    if (!s->members)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a population of %llu", (unsigned long long)s->size);
    return hone_history_init(&s->history, space, info, err);
}

/* ---- proposals ---- */

static uint64_t parent(const struct genetic *s, hone_rng *rng)
{
    uint64_t best = s->members[hone_rng_below(rng, s->n)];
    for (int64_t k = 1; k < s->settings.tournament; k++) {
        const uint64_t other = s->members[hone_rng_below(rng, s->n)];
        if (hone_outcome_better(&s->history, other, best))
            best = other;
    }
    return best;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct genetic *s = (struct genetic *)self;
    hone_rng rng = hone_rng_at(s->seed, trial);
    if (!s->breeding) {
        hone_space_first(s->space, s->seed, s->size, trial, x);
    } else {
        const uint64_t a = parent(s, &rng);
        uint64_t b = a;
        for (int k = 0; k < 8 && b == a; k++)
            b = parent(s, &rng);
        hone_space_breed(s->space, &s->variation, s->n_free, &rng, s->history.x + a * s->history.n_dims,
                         s->history.x + b * s->history.n_dims, x);
    }
    return hone_history_propose(&s->history, trial, &rng, x, err);
}

/* ---- outcomes ---- */

/* Outcome number `row` of the history joins the population, or does not; later ones may be known already. */
static void join(struct genetic *s, uint64_t row)
{
    const hone_history *h = &s->history;
    uint64_t place = hone_history_place(h, s->members, s->n, h->trial[row]);
    if (h->status[row] == HONE_FAILED) {
        s->breeding |= s->n >= 2 && row + 1 >= 2 * s->size; /* most of the first ones failed */
        return;
    }
    if (place < s->n) { /* paused, and gone on: one point is one member */
        s->members[place] = row;
        return;
    }
    if (s->n < s->size) {
        s->members[s->n++] = row;
        s->breeding |= s->n == s->size || (s->n >= 2 && row + 1 >= 2 * s->size);
        return;
    }
    place = 0;
    for (uint64_t i = 1; i < s->n; i++)
        if (hone_outcome_better(h, s->members[place], s->members[i]))
            place = i;
    if (hone_outcome_better(h, row, s->members[place]))
        s->members[place] = row;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct genetic *s = (struct genetic *)self;
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    if (rc == HONE_OK)
        join(s, s->history.n - 1);
    return rc;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&((struct genetic *)self)->history, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct genetic *s = (struct genetic *)self;
    const hone_rc rc = hone_history_reload(&s->history, in, err);
    if (rc != HONE_OK)
        return rc;
    s->n = 0;
    s->breeding = 0;
    for (uint64_t i = 0; i < s->history.n; i++)
        join(s, i);
    return HONE_OK;
}

static const char doc[] =
    "A genetic algorithm for one objective: good points breed, their children take the places of bad ones. It needs no "
    "model and a few microseconds per trial, and takes any space; give it hundreds of trials.\n\n"
    "## How it works\n"
    "The first trials are a Latin hypercube. Then every proposal is a child of two members of the population, each the "
    "best of `tournament` drawn at random: simulated binary crossover and polynomial mutation on each parameter's own "
    "scale; choices come from either parent and mutate by their prior. A parameter that only one parent has is that "
    "parent's. An outcome takes the place of the worst member if it is better, at once: trials may run in parallel, a "
    "proposal never waits for an outcome, and the best are never lost (steady state, elitist).\n\n"
    "## Outcomes\n"
    "Points that violate constraints less come before all others; among equals the value decides. Pruned trials come "
    "after all complete ones, those that were stopped late first; failed ones, and values that are not finite, join "
    "never. A trial that was paused and goes on stays one member. In finite spaces no point comes twice, and the study "
    "ends when all have been tried.\n\n"
    "## Sources\n"
    "Syswerda, G. (1991), A study of reproduction in generational and steady-state genetic algorithms, FOGA 1, 94-101. "
    "Deb, K. and Agrawal, R. B. (1995), Complex Systems 9, 115-148. Deb, K. and Goyal, M. (1996), Computer Science and "
    "Informatics 26, 30-45. Constraints: Deb, K. (2000), Comput. Methods Appl. Mech. Engrg. 186, 311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component genetic = {
    sizeof genetic,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "genetic",
    "Genetic algorithm: a population that breeds, for one objective",
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
HONE_MODULE("org.hone.search.genetic", "0.1.0", "MIT", "the hone authors", "", &genetic)
