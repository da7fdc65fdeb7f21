/* SPDX-License-Identifier: MIT */
/* search/nsga: nsga2 and nsga3, asynchronous: a proposal is bred from the population as it is when asked; an outcome
 * joins when told; after every few outcomes the surplus is taken away. All state is a function of the outcomes in
 * their order, so the history is what is saved. */
#include "nsga.h"

#define COMMON_PARAMS(offspring_default)                                                                           \
    HONE_INT(                                                                                                      \
        struct settings, offspring, offspring_default, 1, 1e5, 0, "trials",                                        \
        "Outcomes that join the population before the surplus is taken away. 1: steady state, the greediest; the " \
        "population's size: generations as in the papers."),                                                       \
        HONE_REAL(struct settings, crossover_probability, "0.9", 0, 1, 0, NULL,                                    \
                  "Probability that a point has two parents; otherwise it is a mutant of one."),                   \
        HONE_REAL(struct settings, crossover_eta, "10", 0, 1e4, HONE_P_LO_OPEN, NULL,                              \
                  "Distribution index of the simulated binary crossover: the higher, the nearer to a parent."),    \
        HONE_REAL(struct settings, mutation_probability, "0", 0, 1, 0, NULL,                                       \
                  "Probability that a parameter mutates; 0: one divided by the number of parameters."),            \
        HONE_REAL(struct settings, mutation_eta, "15", 0, 1e4, HONE_P_LO_OPEN, NULL,                               \
                  "Distribution index of the polynomial mutation: the higher, the smaller the steps.")

static const hone_param params_2[] = {
    HONE_INT(
        struct settings, population, "0", 0, 1e5, 0, "trials",
        "Members that survive; 0: 40, or a tenth of the study's budget where that is less, at least 10. The first so "
        "many trials are random."),
    COMMON_PARAMS("5"),
};
static const hone_param params_3[] = {
    HONE_INT(
        struct settings, population, "0", 0, 1e5, 0, "trials",
        "Members that survive; 0: one for each reference point, at least 10. The first so many trials are random."),
    HONE_INT(struct settings, divisions, "0", 0, 1e5, 0, NULL,
             "Divisions of the simplex that make the reference points, Das and Dennis's way; 0: as many as fit the "
             "population, 100 points, or a tenth of the study's budget where that is less; in two layers for many "
             "objectives."),
    COMMON_PARAMS("20"),
};

struct nsga {
    struct settings settings;
    uint64_t seed, size;
    const hone_space *space;
    hone_history history;
    hone_variation variation;
    uint32_t n_free, is_nsga3;
    struct population population;
    uint64_t n_ranked; /* members from the first on whose rank is known; 0: breeding has not begun */
    struct niches niches;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct nsga), self, err);
    struct nsga *s = (struct nsga *)*self;
    (void)host;
    if (rc != HONE_OK)
        return rc;
    s->seed = info->seed;
    s->variation.crossover_probability = s->settings.crossover_probability;
    s->variation.crossover_eta = s->settings.crossover_eta;
    s->variation.mutation_probability = s->settings.mutation_probability;
    s->variation.mutation_eta = s->settings.mutation_eta;
    return HONE_OK;
}

static hone_rc create_3(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = create(host, info, self, err);
    if (rc == HONE_OK)
        ((struct nsga *)*self)->is_nsga3 = 1;
    return rc;
}

static void destroy(void *self)
{
    struct nsga *s = (struct nsga *)self;
    if (!s)
        return;
    hone_history_release(&s->history);
    free(s->population.rows);
    free(s->population.values);
    free(s->population.violation);
    free(s->population.rank);
    free(s->population.preference);
    niches_release(&s->niches);
    free(s);
}

static hone_rc population_init(struct population *p, uint32_t n_values, uint64_t capacity, hone_error *err)
{
    const size_t n = (size_t)capacity + 1;
    p->n_values = n_values;
    p->capacity = capacity;
    p->rows = (uint64_t *)malloc(n * sizeof *p->rows);
    p->values = (double *)malloc(n * (n_values + 1ull) * sizeof *p->values);
    p->violation = (double *)malloc(n * sizeof *p->violation);
    p->rank = (uint32_t *)malloc(n * sizeof *p->rank);
    p->preference = (double *)malloc(n * sizeof *p->preference);
    if (!p->rows || !p->values || !p->violation || !p->rank || !p->preference)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a population of %llu", (unsigned long long)capacity);
    return HONE_OK;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct nsga *s = (struct nsga *)self;
    hone_rc rc = hone_history_init(&s->history, space, info, err);
    if (rc != HONE_OK)
        return rc;
    if (!info->n_values)
        return hone_fail(err, HONE_ENOTSUP, "", "there is no objective to minimize");
    s->space = space;
    s->n_free = hone_space_free(space);
    s->size = (uint64_t)s->settings.population;
    if (!s->size) {
        s->size = s->is_nsga3 ? 100 : 40;
        if (info->trials && info->trials / 10 < s->size)
            s->size = info->trials < 100 ? 10 : info->trials / 10;
    }
    if (s->is_nsga3) {
        rc = niches_init(&s->niches, info->n_values, (uint64_t)s->settings.divisions, s->size, err);
        if (rc != HONE_OK)
            return rc;
        if (!s->settings.population)
            s->size = s->niches.n < 10 ? 10 : s->niches.n;
    }
    return population_init(&s->population, info->n_values, s->size + (uint64_t)s->settings.offspring, err);
}

/* ---- proposals ---- */

/* The better of two random members: lower rank, then more alone. */
static uint64_t tournament(const struct nsga *s, hone_rng *rng)
{
    const struct population *p = &s->population;
    const uint64_t a = hone_rng_below(rng, s->n_ranked), b = hone_rng_below(rng, s->n_ranked);
    if (p->rank[a] != p->rank[b])
        return p->rank[a] < p->rank[b] ? a : b;
    return p->preference[b] > p->preference[a] ? b : a;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct nsga *s = (struct nsga *)self;
    hone_rng rng = hone_rng_at(s->seed, trial);
    if (!s->n_ranked) {
        hone_space_first(s->space, s->seed, s->size, trial, x);
    } else {
        const uint64_t a = tournament(s, &rng);
        uint64_t b = a;
        for (int k = 0; k < 8 && b == a; k++)
            b = tournament(s, &rng);
        hone_space_breed(s->space, &s->variation, s->n_free, &rng,
                         s->history.x + s->population.rows[a] * s->history.n_dims,
                         s->history.x + s->population.rows[b] * s->history.n_dims, x);
    }
    return hone_history_propose(&s->history, trial, &rng, x, err);
}

/* ---- outcomes ---- */

static hone_rc select_survivors(struct nsga *s, uint64_t told, hone_error *err)
{
    struct population *p = &s->population;
    hone_rng rng = hone_rng_at(hone_rng_derive(s->seed, 1), told);
    hone_rc rc = hone_pareto_rank(p->values, p->violation, p->n, p->n_values, p->rank, err);
    if (rc == HONE_OK)
        rc = s->is_nsga3 ? niches_select(&s->niches, p, s->size, &rng, err) : crowding_select(p, s->size, err);
    if (rc == HONE_OK)
        s->n_ranked = p->n;
    return rc;
}

/* Outcome number `row` of the history joins the population; later ones may be known already. */
static hone_rc join(struct nsga *s, uint64_t row, hone_error *err)
{
    struct population *p = &s->population;
    const hone_history *h = &s->history;
    const uint64_t told = row + 1;
    if (h->status[row] == HONE_COMPLETE) {
        p->rows[p->n] = row;
        memcpy(p->values + p->n * p->n_values, h->values + row * p->n_values, p->n_values * sizeof *p->values);
        p->violation[p->n] = h->violation[row];
        p->n++;
    }
    if (s->n_ranked ? p->n - s->n_ranked >= (uint64_t)s->settings.offspring || p->n == p->capacity
                    : p->n >= s->size || (p->n >= 2 && told >= 2 * s->size)) /* most of the first ones failed */
        return select_survivors(s, told, err);
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct nsga *s = (struct nsga *)self;
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    return rc == HONE_OK ? join(s, s->history.n - 1, err) : rc;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&((struct nsga *)self)->history, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct nsga *s = (struct nsga *)self;
    hone_rc rc = hone_history_reload(&s->history, in, err);
    if (rc != HONE_OK)
        return rc;
    s->population.n = s->n_ranked = 0;
    if (s->is_nsga3)
        niches_reset(&s->niches);
    for (uint64_t i = 0; i < s->history.n && rc == HONE_OK; i++)
        rc = join(s, i, err);
    return rc;
}

#define COMMON_DOC                                                                                                   \
    "## How it works\n"                                                                                              \
    "The first trials are a Latin hypercube. Then every proposal is a child of two members of the population, each " \
    "the "                                                                                                           \
    "better of two drawn at random: simulated binary crossover and polynomial mutation on each parameter's own "     \
    "scale; "                                                                                                        \
    "choices come from either parent and mutate by their prior. Outcomes join the population; after `offspring` of " \
    "them "                                                                                                          \
    "the surplus is taken away. Trials may run in parallel, a proposal never waits for an outcome.\n\n"              \
    "Only complete trials with finite values join. A trial without violation of constraints dominates every one "    \
    "with, "                                                                                                         \
    "and among violating ones the smaller violation dominates.\n\n"                                                  \
    "A proposal and an outcome cost some 5 microseconds with 10 parameters and two objectives (nsga3: 10 with "      \
    "three), "                                                                                                       \
    "the selection after every `offspring` outcomes included.\n\n"

static const char doc_2[] =
    "NSGA-II, the standard evolutionary search for two or three objectives: survivors are whole fronts of the "
    "non-dominated sorting, of the last front those that are least crowded. Give it hundreds of trials.\n\n" COMMON_DOC
    "## Sources\n"
    "Deb, K., Pratap, A., Agarwal, S. and Meyarivan, T. (2002), IEEE Trans. Evol. Comput. 6, 182-197. Crowding is "
    "renewed "
    "after every member taken away: Kukkonen, S. and Deb, K. (2006), CEC 2006. Small steps between selections: "
    "Durillo, J. "
    "J. et al. (2009), EMO 2009, LNCS 5467.\n";
static const char doc_3[] =
    "NSGA-III, the evolutionary search for three objectives and more: survivors are whole fronts of the non-dominated "
    "sorting, of the last front those near reference points spread over the front that have the fewest members yet. "
    "Give "
    "it a thousand trials or more.\n\n" COMMON_DOC "## Reference points\n"
    "They divide the unit simplex evenly (`divisions`); the objectives are scaled by the extent of the front found so "
    "far. Between members of one rank, the one whose reference point has fewer members mates.\n\n"
    "## Sources\n"
    "Deb, K. and Jain, H. (2014), IEEE Trans. Evol. Comput. 18, 577-601; constraints: Jain, H. and Deb, K. (2014), the "
    "same volume, 602-622. Das, I. and Dennis, J. E. (1998), SIAM J. Optim. 8, 631-657.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component nsga2 = {
    sizeof nsga2,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "nsga2",
    "NSGA-II: evolution by rank and crowding, for two or three objectives",
    doc_2,
    params_2,
    HONE_COUNT(params_2),
    sizeof *params_2,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    save,
    load,
    NULL,
};
static const hone_component nsga3 = {
    sizeof nsga3,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "nsga3",
    "NSGA-III: evolution by rank and reference points, for many objectives",
    doc_3,
    params_3,
    HONE_COUNT(params_3),
    sizeof *params_3,
    sizeof(struct settings),
    0,
    &search,
    create_3,
    destroy,
    save,
    load,
    NULL,
};
HONE_MODULE("org.hone.search.nsga", "0.1.0", "MIT", "the hone authors", "", &nsga2, &nsga3)
