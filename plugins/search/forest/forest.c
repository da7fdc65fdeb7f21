/* SPDX-License-Identifier: MIT */
/* search/forest: Bayesian optimization with a random forest (Hutter, Hoos and Leyton-Brown 2011, "Sequential model-based
 * optimization for general algorithm configuration", LION 5), by the rules of SMAC3 (Lindauer et al. 2022).
 *
 * This file holds the component: when a point comes from the initial design, from the prior, from the model. */
#include "acquire.h"

#include "hone/instance.h"

enum { MAGIC = 0x31747366 /* "fst1" */ };

struct settings {
    int64_t n_startup, n_trees, min_samples_leaf, n_candidates, n_local, most_rows;
    double features, random;
    uint32_t log_costs;
};

static const char *const log_costs[] = { "auto", "yes", "no", NULL };
static const hone_param params[] = {
    HONE_INT(
        struct settings, n_startup, "0", 0, 1e6, 0, "trials",
        "Trials of the initial design, a Latin hypercube; 0: three for each parameter, at least 10 and at most 20."),
    HONE_INT(struct settings, n_trees, "10", 1, 1000, 0, NULL, "Trees of a forest."),
    HONE_INT(struct settings, min_samples_leaf, "1", 1, 1000, HONE_P_ADVANCED, "outcomes",
             "Outcomes that each side of a split keeps at least."),
    HONE_REAL(struct settings, features, "0.6", 0, 1, HONE_P_LO_OPEN, NULL,
              "Share of the parameters that are tried for a split, drawn for each."),
    HONE_REAL(
        struct settings, random, "0.1", 0, 1, 0, NULL,
        "Probability that a trial is drawn from the prior instead: keeps the search from trusting a wrong model."),
    HONE_ENUM(
        struct settings, log_costs, "auto", log_costs, 0,
        "Whether the forest learns log(value), for costs and losses; auto: where all values so far are positive."),
    HONE_INT(struct settings, n_candidates, "2000", 1, 1e6, 0, NULL,
             "Random points among which the best by expected improvement are looked for."),
    HONE_INT(struct settings, n_local, "10", 0, 1000, 0, NULL,
             "Local searches, half from the best trials and half from the best random points."),
    HONE_INT(struct settings, most_rows, "4000", 100, 1e6, HONE_P_ADVANCED, "outcomes",
             "Outcomes that a tree learns from, about; of a longer history each tree draws a share of its own."),
};

struct forest_search {
    struct settings settings;
    const hone_space *space;
    uint64_t seed;
    hone_history history;
    struct model model;
    uint32_t *design; /* (n_dims, n_startup) strata of the Latin hypercube */
    double *weights;  /* (n_values) of the scalarization */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct forest_search), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct forest_search *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct forest_search *s = (struct forest_search *)self;
    if (!s)
        return;
    model_release(&s->model);
    hone_history_release(&s->history);
    free(s->design);
    free(s->weights);
    free(s);
}

/* McKay, Beckman and Conover (1979), "A comparison of three methods for selecting values of input variables", Technometrics
 * 21: each parameter meets each of n_startup equally likely intervals once. */
static hone_rc make_design(struct forest_search *s, hone_error *err)
{
    const uint64_t n = (uint64_t)s->settings.n_startup;
    uint64_t *order = (uint64_t *)malloc((size_t)(n + 1) * sizeof *order);
    s->design = (uint32_t *)malloc((size_t)(n * s->space->n_dims + 1) * sizeof *s->design);
    if (!order || !s->design) {
        free(order);
        return hone_fail(err, HONE_ENOMEM, "n_startup", "out of memory for a design of %llu points",
                         (unsigned long long)n);
    }
    for (uint64_t k = 0; k < s->space->n_dims; k++) {
        hone_rng rng = hone_rng_at(hone_rng_derive(s->seed, 1), k);
        for (uint64_t i = 0; i < n; i++)
            order[i] = i;
        hone_rng_shuffle(&rng, order, n);
        for (uint64_t i = 0; i < n; i++)
            s->design[k * n + i] = (uint32_t)order[i];
    }
    free(order);
    return HONE_OK;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct forest_search *s = (struct forest_search *)self;
    struct settings *settings = &s->settings;
    const double tried = ceil(settings->features * space->n_dims);
    const hone_forest_options options = { (uint32_t)settings->n_trees,
                                          UINT32_MAX,
                                          2,
                                          (uint32_t)settings->min_samples_leaf,
                                          settings->features < 1 && tried >= 1 ? (uint32_t)tried : 0,
                                          1,
                                          1,
                                          hone_rng_derive(s->seed, 2) };
    hone_rc rc;
    s->space = space;
    if (!settings->n_startup) /* of the space alone: a longer budget must not change the trials of a shorter one */
        settings->n_startup = space->n_dims * 3 < 10 ? 10 : space->n_dims * 3 > 20 ? 20 : space->n_dims * 3;
    s->weights = (double *)calloc(info->n_values + 1u, sizeof *s->weights);
    if (!s->weights)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the objectives");
    if ((rc = hone_history_init(&s->history, space, info, err)) != HONE_OK || (rc = make_design(s, err)) != HONE_OK)
        return rc;
    return model_init(&s->model, &s->history, &options, (uint32_t)settings->most_rows, settings->log_costs, err);
}

/* Weights of the objectives, uniform on the simplex (ParEGO: Knowles, J. (2006), IEEE Trans. Evol. Comput. 10). */
static void draw_weights(struct forest_search *s, hone_rng *rng)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->history.n_values; i++)
        sum += s->weights[i] = -log(1 - hone_rng_uniform(rng)) + 1e-12;
    for (uint32_t i = 0; i < s->history.n_values; i++)
        s->weights[i] /= sum;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct forest_search *s = (struct forest_search *)self;
    const struct acquire_options options = { (uint32_t)s->settings.n_candidates, (uint32_t)s->settings.n_local };
    hone_rng rng = hone_rng_at(s->seed, trial);
    const double luck = hone_rng_uniform(&rng);
    hone_rc rc = 0;
    hone_history_forget(&s->history, trial); /* asked again: what it ran before counts no more */
    if (trial < (uint64_t)s->settings.n_startup) {
        const uint64_t n = (uint64_t)s->settings.n_startup;
        for (uint32_t k = 0; k < s->space->n_dims; k++)
            x[k] = hone_dim_from_unit(s->space->dims[k],
                                      ((double)s->design[k * n + trial] + hone_rng_uniform(&rng)) / (double)n);
        hone_space_settle(s->space, x);
        return hone_history_propose(&s->history, trial, &rng, x, err);
    }
    if (luck >= s->settings.random) {
        draw_weights(s, &rng);
        rc = s->history.n_values > 1 ? model_follow_scalarized(&s->model, s->weights, trial, err)
                                     : model_follow(&s->model, err);
        if (rc > 0)
            rc = acquire(&s->model, &s->history, &options, &rng, x, err) < 0 ? HONE_ENOMEM : 1;
    }
    if (rc < 0)
        return rc;
    if (rc == 0) /* the turn of the prior, or nothing to learn from yet */
        hone_space_draw(s->space, &rng, x);
    return hone_history_propose(&s->history, trial, &rng, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    return hone_history_tell(&((struct forest_search *)self)->history, outcome, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const uint32_t magic = MAGIC;
    const hone_rc rc = hone_write(out, &magic, sizeof magic, err);
    return rc == HONE_OK ? hone_history_save(&((struct forest_search *)self)->history, out, err) : rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct forest_search *s = (struct forest_search *)self;
    uint32_t magic = 0;
    hone_rc rc;
    if (!s->space)
        return hone_fail(err, HONE_EINVAL, "", "a state is loaded after the space is known");
    if ((rc = hone_read(in, &magic, sizeof magic, err)) != HONE_OK)
        return rc;
    if (magic != MAGIC)
        return hone_fail(err, HONE_EINVAL, "", "the saved state is not one of the forest search");
    if (s->history.n || s->history.n_running)
        return hone_fail(err, HONE_EINVAL, "", "a state is loaded before anything is told");
    if ((rc = hone_history_load(&s->history, in, err)) != HONE_OK)
        return rc;
    return hone_read_end(in, err);
}

static const char doc[] =
    "Learns a random forest from the outcomes so far and tries the point of the highest expected improvement. Trees "
    "split "
    "where the data say so: parameters of any kind and scale, choices, conditions and parameters that do not matter "
    "need "
    "no care, which makes it the model of choice for mixed, conditional and high-dimensional spaces. On smooth "
    "functions "
    "of few numbers a Gaussian process finds the last digits sooner.\n\n"
    "## Proposals\n"
    "The first `n_startup` trials are a Latin hypercube. Later ones are, with probability `random`, drawn from the "
    "prior; "
    "otherwise `n_candidates` random points are judged by the model, and `n_local` local searches go on from the best "
    "trials and the best of those points. They change one parameter at a time: every other choice, four normal steps "
    "of a "
    "number, of width 0.2, then 0.05 and 0.0125 of its range, with up to ten moves on a plateau.\n\n"
    "## The forest\n"
    "Numbers enter on their own scale (log where `log`), so that thresholds halve it fairly. Choices are split into "
    "the "
    "best two subsets. An inactive parameter is a value of its own. Thresholds are uniform between the two neighbours. "
    "The variance of a prediction is that within the leaves plus that between the trees.\n\n"
    "Values are learnt on a log scale where all are positive (`log_costs`), and expected improvement is then that of "
    "the "
    "costs themselves. High outliers are cut; a failed trial counts as the upper quartile of the complete ones. A "
    "pruned one is never "
    "better "
    "than the median.\n\n"
    "## Several objectives, constraints, parallel trials\n"
    "Each proposal for several objectives weighs them anew (ParEGO: augmented Tchebycheff norm, rho 0.05). A "
    "constraint "
    "has a forest of its own, and expected improvement is multiplied by the probability that all hold; until a point "
    "satisfies them that probability alone counts. Trials that still run lower the value of points that share their "
    "leaves.\n\n"
    "## Cost\n"
    "An outcome is added to the leaves of all trees, and one tree in turn is grown anew; all are when the history has "
    "grown by a fifth. A proposal takes about 5 ms in 10 dimensions with 500 trials, 13 ms in 60, and 22 ms in "
    "10 with 10,000 trials (one core of an EPYC 7003); with several objectives all trees are grown for each proposal: "
    "43 ms there. Beyond `most_rows` outcomes every tree learns a share of them.\n\n"
    "## Sources\n"
    "Hutter, F., Hoos, H. H. and Leyton-Brown, K. (2011). Sequential model-based optimization for general algorithm "
    "configuration. LION 5. Lindauer, M. et al. (2022). SMAC3: a versatile Bayesian optimization package for "
    "hyperparameter optimization. JMLR 23.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component forest = {
    sizeof forest,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "forest",
    "Bayesian optimization with a random forest, for mixed and conditional spaces",
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
HONE_MODULE("org.hone.search.forest", "0.1.0", "MIT", "the hone authors", "", &forest)
