/* SPDX-License-Identifier: MIT */
/* search/tpe: tree-structured Parzen estimator. The component; densities are in parzen.c, pairs of them in groups.c. */
#include "tpe.h"

#include <stdlib.h>
#include <string.h>

static const char *const modes[] = { "tuned", "optuna", NULL };
static const char *const joints[] = { "auto", "yes", "no", NULL };
static const hone_param params[] = {
    HONE_ENUM(struct settings, mode, "tuned", modes, 0,
              "tuned: the split and bandwidths of Watanabe 2023, good trials weighted by their place, candidates that "
              "combine several of them; optuna: as Optuna 5.0.0."),
    HONE_INT(
        struct settings, startup, "10", 1, 1e6, 0, "trials",
        "Trials with a result, pruned ones included, before the first proposal from the model; until then, random."),
    HONE_INT(struct settings, candidates, "24", 1, 1e5, 0, NULL,
             "Points drawn from the density of the good trials, of which the best one is proposed."),
    HONE_REAL(struct settings, good, "0", 0, 1, HONE_P_HI_OPEN, NULL,
              "Share of the trials that count as good. 0: 0.15 in mode tuned with one objective and joint "
              "densities, else 0.1."),
    HONE_INT(struct settings, max_good, "-1", -1, 1e9, 0, "trials",
             "Good trials at most; 0: no limit; -1: 25 with one objective, no limit with several."),
    HONE_INT(
        struct settings, max_others, "-1", -1, 1e9, 0, "trials",
        "Other trials that the model remembers at most, the oldest ones are forgotten; 0: no limit; -1: 3000 in mode "
        "tuned, no limit in mode optuna."),
    HONE_ENUM(struct settings, multivariate, "auto", joints, 0,
              "yes: one density over all parameters that are active together; no: one a parameter; auto: yes, "
              "but no in mode optuna with several objectives, as Optuna."),
    HONE_BOOL(struct settings, group, "yes", 0,
              "Whether conditional parameters that are active together share a density; no: each has its own."),
    HONE_BOOL(struct settings, constant_liar, "yes", 0,
              "Whether running trials count as bad ones, so that parallel trials keep apart."),
    HONE_REAL(struct settings, prior_weight, "1", 0, 1e6, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL,
              "Weight of the prior beside that of a trial."),
    HONE_REAL_IF(struct settings, bandwidth, "0.03", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL, "mode=tuned",
                 "Least deviation of a trial's kernel, as a share of the parameter's range on its scale; a third of "
                 "it, or two, where a density has one parameter, or two."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct tpe *t;
    const hone_rc rc = hone_instance_create(info, sizeof t->settings, sizeof *t, self, err);
    if (rc != HONE_OK)
        return rc;
    t = (struct tpe *)*self;
    t->host = host;
    t->seed = info->seed;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct tpe *t = (struct tpe *)self;
    if (!t)
        return;
    tpe_end(t);
    free(t->early);
    free(t);
}

void tpe_end(struct tpe *t)
{
    groups_release(t);
    ranking_release(&t->ranking);
    hone_history_release(&t->history);
    free(t->values);
    free(t->places);
    free(t->point);
    free(t->below);
    free(t->above);
    free(t->weights);
    t->values = t->places = t->point = t->below = t->above = t->weights = NULL;
    t->weights_capacity = 0;
}

hone_rc tpe_begin(struct tpe *t, hone_error *err)
{
    const size_t n = t->space->n_dims + 1u, candidates = (size_t)t->settings.candidates;
    hone_rc rc;
    t->groups = NULL;
    t->n_groups = 0;
    t->weights = NULL;
    t->weights_capacity = t->weighed = 0;
    memset(&t->history, 0, sizeof t->history);
    ranking_init(&t->ranking, &t->history);
    t->values = (double *)calloc(n, sizeof *t->values);
    t->places = (double *)calloc(n * candidates, sizeof *t->places);
    t->point = (double *)calloc(n, sizeof *t->point);
    t->below = (double *)calloc(candidates, sizeof *t->below);
    t->above = (double *)calloc(candidates, sizeof *t->above);
    if (!t->values || !t->places || !t->point || !t->below || !t->above)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %zu candidates of %u parameters", candidates,
                         t->space->n_dims);
    rc = hone_history_init(&t->history, t->space, &t->info, err);
    return rc == HONE_OK ? groups_init(t, err) : rc;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct tpe *t = (struct tpe *)self;
    struct settings *s = &t->settings;
    const int is_single = info->n_values == 1;
    hone_rc rc;
    if (!info->n_values)
        return hone_fail(err, HONE_ENOTSUP, "", "TPE needs an objective: name one in [study]");
    if (s->max_good < 0)
        s->max_good = is_single ? 25 : 0;
    if (s->max_others < 0)
        s->max_others = s->mode == MODE_TUNED ? 3000 : 0;
    if (s->multivariate == JOINT_AUTO)
        s->multivariate = is_single || s->mode == MODE_TUNED ? JOINT_YES : JOINT_NO;
    if (!(s->good > 0))
        s->good = s->mode == MODE_TUNED && is_single && s->multivariate == JOINT_YES ? 0.15 : 0.1;
    t->space = space;
    t->info = *info;
    if ((rc = tpe_begin(t, err)) != HONE_OK)
        return rc;
    return t->early ? tpe_load_early(t, err) : HONE_OK;
}

static int is_running(const hone_history *h, uint64_t trial)
{
    for (uint64_t i = 0; i < h->n_running; i++)
        if (h->running[i].trial == trial)
            return 1;
    return 0;
}

/* Tuned: a Latin hypercube over the prior, each next `startup` trials another one, so that the start covers every range
 * evenly; trials asked in any order find their own row. Relations may be hurt. */
static void start_at(const struct tpe *t, uint64_t trial, hone_rng *rng, double *x)
{
    enum { ROWS = 64 };
    const uint64_t n = t->settings.startup < ROWS ? (uint64_t)t->settings.startup : ROWS;
    uint64_t rows[ROWS];
    if (t->settings.mode != MODE_TUNED) {
        hone_space_draw(t->space, rng, x);
        return;
    }
    for (uint32_t i = 0; i < t->space->n_dims; i++) {
        hone_rng shuffle = hone_rng_at(hone_rng_derive(t->seed, i), trial / n);
        for (uint64_t k = 0; k < n; k++)
            rows[k] = k;
        hone_rng_shuffle(&shuffle, rows, n);
        x[i] = hone_dim_from_unit(t->space->dims[i], ((double)rows[trial % n] + hone_rng_uniform(rng)) / (double)n);
    }
    hone_space_settle(t->space, x);
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct tpe *t = (struct tpe *)self;
    hone_rng rng = hone_rng_at(t->seed, trial);
    hone_rc rc = HONE_OK;
    if (is_running(&t->history, trial))
        groups_forget(t, trial);
    if (t->ranking.n_usable < (uint64_t)t->settings.startup) {
        start_at(t, trial, &rng, x);
    } else {
        if ((rc = groups_settle(t, err)) == HONE_OK)
            rc = groups_propose(t, &rng, x, err);
        if (rc == HONE_DONE) { /* unless the trial's own point becomes free: it is asked for again */
            for (uint32_t i = 0; i < t->space->n_dims; i++)
                x[i] = (double)NAN;
            rc = HONE_OK;
        }
    }
    if (rc == HONE_OK)
        rc = hone_history_propose(&t->history, trial, &rng, x, err);
    return rc == HONE_OK ? groups_run(t, trial, x, err) : rc;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct tpe *t = (struct tpe *)self;
    const int was_running = is_running(&t->history, outcome->trial);
    hone_rc rc = hone_history_tell(&t->history, outcome, err);
    if (rc == HONE_OK)
        rc = ranking_tell(&t->ranking, t->history.n - 1, err);
    return rc == HONE_OK ? groups_tell(t, t->history.n - 1, was_running, err) : rc;
}

static hone_rc forget(void *self, uint64_t trial, hone_error *err)
{
    struct tpe *t = (struct tpe *)self;
    (void)err;
    if (!is_running(&t->history, trial))
        return HONE_OK;
    groups_forget(t, trial);
    hone_history_forget(&t->history, trial);
    return HONE_OK;
}

static const void *get_ext(const char *id)
{
    static const hone_forget_v1 forgets = { sizeof forgets, 0, forget };
    return strcmp(id, HONE_EXT_FORGET) ? NULL : &forgets;
}

static const char doc[] =
    "Tree-structured Parzen estimator: the trials so far are split into the good ones and the others, a density is "
    "fitted to each, and of some points drawn from the good density the one is proposed where the ratio of the two "
    "is largest. It suits mixed and conditional spaces, budgets from 50 trials up, and many parallel trials.\n\n"
    "## Good and others\n"
    "Complete trials come first, by value; then pruned ones, those that got farthest first; then those that violate "
    "constraints, by the sum of violations (Optuna's rule); failed ones are among the others in mode `tuned`, and "
    "ignored in mode `optuna`. With several objectives fronts count, and of the front that does not fit the subset "
    "with the largest hypervolume (MOTPE).\n\n"
    "## Densities\n"
    "A trial is a normal kernel on each parameter's own scale, as wide as the larger gap to its neighbours within "
    "bounds, cut to the range; a choice gets a share for the value seen and the rest by the prior. The prior is one "
    "more kernel. Integers and steps have, in mode `tuned`, densities whose kernels are at least half an interval "
    "wide, in mode `optuna` the mass of their interval, which takes ten times as long. Parameters that are active "
    "together share a density of products, so that their combinations count.\n\n"
    "## Modes\n"
    "`tuned` starts from a Latin hypercube, weights good trials by their place and the others by their age, lets "
    "a candidate combine what several good trials have along each parameter (the joint densities judge the "
    "combination), and bounds kernels "
    "from below by `bandwidth`. Its split and its bound are those that Watanabe recommends; the other parts are "
    "measured to do better than his on the usual test functions. `optuna` computes the densities of Optuna 5.0.0 to "
    "rounding.\n\n"
    "## Running, repeated, forbidden\n"
    "Running trials count as bad (`constant_liar`), so that parallel proposals keep apart. Points that a relation "
    "forbids are not proposed, nor, in a finite space, one that was tried; the study ends when all have been.\n\n"
    "## Sources\n"
    "Bergstra, J. et al. (2011). Algorithms for hyper-parameter optimization. NeurIPS 24. Watanabe, S. (2023). "
    "Tree-structured Parzen estimator: understanding its algorithm components and their roles for better empirical "
    "performance. arXiv 2304.11127. Ozaki, Y. et al. (2020). Multiobjective tree-structured Parzen estimator for "
    "computationally expensive optimization problems. GECCO.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component tpe = {
    sizeof tpe,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "tpe",
    "Tree-structured Parzen estimator: densities of good and of other trials",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    tpe_save,
    tpe_load,
    get_ext,
};
HONE_MODULE("org.hone.search.tpe", "0.1.0", "MIT", "the hone authors", "", &tpe)
