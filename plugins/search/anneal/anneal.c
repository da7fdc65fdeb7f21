/* SPDX-License-Identifier: MIT */
/* search/anneal: simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983), as a walk or hyperopt's way.
 *
 * The numbers of a proposal come from (seed, trial), those of its judgement from another stream of the same. */
#include "anneal.h"

enum { TRIES = 32 /* steps before what may be proposed is looked for elsewhere */ };

static const char *const modes[] = { "metropolis", "hyperopt", NULL };
static const char *const coolings[] = { "geometric", "linear", "adaptive", NULL };
static const char *const restarts[] = { "best", "random", NULL };
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "metropolis", modes, 0,
              "metropolis: a walk that cools down; hyperopt: hyperopt's anneal.suggest, which narrows the prior around "
              "good trials."),
    HONE_INT_IF(struct settings, startup, "10", 2, STARTUP_VALUES, 0, "trials", "mode=metropolis",
                "Random points at the start. Their best is where the walk begins, their spread is the unit of "
                "temperature."),
    HONE_ENUM(
        struct settings, cooling, "geometric", coolings, 0,
        "geometric: the temperature falls by the same factor with every outcome; linear: by the same amount; "
        "adaptive: it goes where as many steps are accepted as Lam's schedule wants, which makes up for a scale of "
        "the objective that the first outcomes do not show."),
    HONE_REAL_IF(
        struct settings, initial_temperature, "0.03", 0, 1e6, HONE_P_LO_OPEN | HONE_P_LOG, NULL, "mode=metropolis",
        "Temperature at the start of a cycle, in units of the spread (standard deviation, outliers cut) of the "
        "first outcomes; with adaptive cooling also the highest ever."),
    HONE_REAL_IF(
        struct settings, final_temperature, "1e-8", 0, 1e6, HONE_P_LO_OPEN | HONE_P_LOG, NULL, "mode=metropolis",
        "Temperature at the end of a cycle, in the same unit; at most the initial one. With adaptive cooling: how "
        "fast the temperature may move, from one to the other in a fifth of a cycle."),
    HONE_INT_IF(struct settings, length, "0", 0, 1e12, 0, "trials", "mode=metropolis",
                "Outcomes of a cooling cycle; 0: what the study's budget leaves, or 200 where it has none."),
    HONE_REAL_IF(
        struct settings, step, "0.3", 0, 1, HONE_P_LO_OPEN, NULL, "mode=metropolis",
        "Deviation of the longest steps, as a share of each parameter's range on its own scale. A step's is drawn "
        "between a hundredth of it and it, log-uniformly."),
    HONE_REAL_IF(struct settings, change, "0", 0, 1, 0, NULL, "mode=metropolis",
                 "Probability that a step changes a choice; 0: as that of any parameter, one divided by their number."),
    HONE_INT_IF(struct settings, patience, "200", 0, 1e12, 0, "trials", "mode=metropolis",
                "Outcomes without a better point, in the colder half of a cycle (adaptive: its last tenth), before the "
                "walk is heated up again; 0: "
                "never."),
    HONE_ENUM(struct settings, restart, "best", restarts, 0,
              "Where a reheated walk goes on: from the best point of all, or from a random one."),
    HONE_REAL_IF(struct settings, average_best_index, "2", 1, 1e6, 0, NULL, "mode=hyperopt",
                 "Mean of the geometric distribution of the rank, from 1, of the trial that a proposal stays near."),
    HONE_REAL_IF(struct settings, shrink, "0.1", 0, 1e6, 0, NULL, "mode=hyperopt",
                 "Rate of narrowing: after T trials a proposal is drawn from 1 / (1 + T * shrink) of the range."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = (const struct settings *)info->config;
    hone_rc rc;
    (void)host;
    if (settings->final_temperature > settings->initial_temperature)
        return hone_fail(err, HONE_ERANGE, "final_temperature",
                         "final_temperature = %g is above initial_temperature = %g", settings->final_temperature,
                         settings->initial_temperature);
    if ((rc = hone_instance_create(info, sizeof *settings, sizeof(struct anneal), self, err)) == HONE_OK)
        ((struct anneal *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct anneal *a = (struct anneal *)self;
    if (!a)
        return;
    hone_history_release(&a->history);
    ranking_release(&a->ranking);
    free(a);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    hone_rc rc;
    if ((rc = hone_search_one_objective(info, "annealing", err)) != HONE_OK)
        return rc;
    a->space = space;
    a->trials = info->trials;
    walk_reset(&a->walk);
    if ((rc = ranking_init(&a->ranking, space->n_dims, err)) != HONE_OK)
        return rc;
    return hone_history_init(&a->history, space, info, err);
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    hone_rng rng = hone_rng_at(a->seed, trial);
    for (int k = 0; k < TRIES; k++) {
        if (a->settings.mode == HYPEROPT)
            ranking_step(a, &rng, x);
        else
            walk_step(a, &rng, x);
        if (hone_history_may(&a->history, x))
            break;
    }
    return hone_history_propose(&a->history, trial, &rng, x, err);
}

static hone_rc hear(struct anneal *a, uint64_t row, hone_error *err)
{
    if (a->settings.mode == HYPEROPT)
        return ranking_hear(a, row, err);
    walk_hear(a, row);
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    const hone_rc rc = hone_history_tell(&a->history, outcome, err);
    return rc == HONE_OK ? hear(a, a->history.n - 1, err) : rc;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_history_save(&((struct anneal *)self)->history, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct anneal *a = (struct anneal *)self;
    hone_rc rc = hone_history_reload(&a->history, in, err);
    if (rc != HONE_OK)
        return rc;
    walk_reset(&a->walk);
    ranking_reset(&a->ranking, a->space->n_dims);
    for (uint64_t i = 0; i < a->history.n && rc == HONE_OK; i++)
        rc = hear(a, i, err);
    return rc;
}

static const char doc[] =
    "Simulated annealing: a walk that always accepts a better point and accepts a point worse by d with probability "
    "exp(-d / T). The temperature T falls, so that the walk first crosses the space and then settles in the best "
    "valley "
    "it found. It needs no model and 2 microseconds per trial; it suits problems of up to a few dozen parameters and "
    "budgets of hundreds of trials or more.\n\n"
    "## The walk\n"
    "It moves on each parameter's own scale: log for `log`, quantiles for normals, one step at least for integers "
    "and ordinals. One parameter moves at a time, sometimes two or three. Steps are long and short at all temperatures "
    "(`step`) and mirrored at the borders. A parameter that becomes active is drawn from its prior. Points that a "
    "relation forbids are not proposed. In a finite space no point comes twice while another is left nearby, and none "
    "ever in one of at most 2^20 points, where the study ends when all have been tried.\n\n"
    "## Temperature\n"
    "The first `startup` trials are random. Their spread is the unit of temperature, so that the settings do not "
    "depend on the scale of the objective. A cycle cools from `initial_temperature` to `final_temperature` over "
    "`length` "
    "outcomes, by default over all that is left of the budget. When `patience` outcomes have brought nothing better in "
    "the colder half of a cycle, the walk is reheated and a new cycle begins, from the best point or a random one "
    "(`restart`).\n\n"
    "## mode = hyperopt\n"
    "A rank is drawn from a geometric distribution (`average_best_index`), and every parameter from its prior narrowed "
    "around the value in the trial of that rank: a window of 1 / (1 + T * shrink) of the range after T trials that had "
    "the parameter, shifted to stay inside; normals with a deviation narrowed likewise; choices keep their value but "
    "for "
    "that probability. Where the trial lacks a parameter, a runner-up is drawn. It converges faster than the walk on "
    "smooth problems with one valley and stays in the valley it began in.\n\n"
    "## Outcomes\n"
    "Trials may run in parallel: a proposal starts from what is known when it is asked for, an outcome is judged when "
    "it "
    "arrives. A pruned trial counts with its last value, but never as an improvement. A failed trial, or one whose "
    "value "
    "is not a number, is a refused step. Points that violate constraints less come before all others; among equals the "
    "value decides.\n\n"
    "## Sources\n"
    "Kirkpatrick, S., Gelatt, C. D. and Vecchi, M. P. (1983). Optimization by simulated annealing. Science 220, "
    "671-680. "
    "Metropolis, N. et al. (1953), J. Chem. Phys. 21, 1087. Adaptive cooling: Lam, J. and Delosme, J.-M. (1988), Yale "
    "reports 8816 and 8817, as modified by Boyan, J. A. (1998), Learning evaluation functions for global optimization, "
    "PhD thesis, Carnegie Mellon. Hyperopt: Bergstra, J., Yamins, D. and Cox, D. D. (2013), ICML. Constraints: Deb, K. "
    "(2000), Comput. Methods Appl. Mech. Engrg. 186, 311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component anneal = {
    sizeof anneal,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "anneal",
    "Simulated annealing with reheating, or as hyperopt does it",
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
HONE_MODULE("org.hone.search.anneal", "0.1.0", "MIT", "the hone authors", "", &anneal)
