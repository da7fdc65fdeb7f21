/* SPDX-License-Identifier: MIT */
/* search/gp: Bayesian optimization with Gaussian processes: the component, its settings and its saved state. The model is
 * in surrogate.c, the search for the best candidate in optimize.c. */
#include "gp.h"

static const char *const transforms[] = { "power", "none", NULL };
static const hone_param params[] = {
    HONE_INT(struct settings, startup, "0", 0, 1e6, 0, "trials",
             "Quasi-random points at the start; 0: one more than there are parameters, 5 at least, 20 at most."),
    HONE_ENUM(
        struct settings, output_transform, "power", transforms, 0,
        "power: values pass the Box-Cox or Yeo-Johnson transform that makes them most like a normal distribution; "
        "none: they are standardized only."),
    HONE_BOOL(struct settings, input_warping, "true", 0,
              "Whether each parameter's scale is bent by Kumaraswamy's distribution function, fitted with the model."),
    HONE_REAL(struct settings, noise, "0", 0, 1, 0, NULL,
              "Variance of the noise in values standardized to variance 1; 0: fitted. Use 1e-8 for objectives without "
              "noise."),
    HONE_INT(
        struct settings, points, "500", 10, 4000, 0, "trials",
        "Outcomes that the model learns from at most; with more: the best half of that number and an even choice of "
        "the others by rank."),
    HONE_INT(struct settings, candidates, "1024", 16, 1e6, HONE_P_ADVANCED, NULL,
             "Candidates scored for a proposal: half spread over the space, half near the best points."),
    HONE_INT(struct settings, starts, "4", 1, 100, HONE_P_ADVANCED, NULL,
             "Candidates that gradients and single changes improve further."),
    HONE_INT(struct settings, fantasies, "8", 1, MOST_FANTASIES, HONE_P_ADVANCED, NULL,
             "Outcomes supposed for the running trials, over which the expected improvement is averaged; 1: their mean "
             "alone (kriging believer), as always with several objectives."),
};

struct gp {
    struct settings settings;
    const hone_host *host;
    uint64_t seed;
    const hone_space *opened;
    hone_history history;
    struct surrogate surrogate;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct gp), self, err);
    if (rc == HONE_OK) {
        struct gp *g = (struct gp *)*self;
        g->host = host;
        g->seed = info->seed;
    }
    return rc;
}

static void destroy(void *self)
{
    struct gp *g = (struct gp *)self;
    if (!g)
        return;
    hone_history_release(&g->history);
    surrogate_release(&g->surrogate);
    free(g);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct gp *g = (struct gp *)self;
    hone_rc rc;
    if (info->n_values < 1)
        return hone_fail(err, HONE_ENOTSUP, "", "search gp needs an objective, the study has none");
    g->opened = space;
    if ((rc = hone_history_init(&g->history, space, info, err)) != HONE_OK)
        return rc;
    return surrogate_init(&g->surrogate, &g->settings, g->host, space, info, err);
}

static uint64_t startup_of(const struct gp *g)
{
    const uint64_t n = g->surrogate.features.n + 1u;
    if (g->settings.startup > 0)
        return (uint64_t)g->settings.startup;
    return n < 5 ? 5 : n > 20 ? 20 : n;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct gp *g = (struct gp *)self;
    hone_rng rng = hone_rng_at(g->seed, trial);
    const uint32_t n = g->opened->n_dims;
    int found = 0;
    hone_rc rc;
    if (g->history.n >= startup_of(g)) {
        int ready;
        if ((rc = surrogate_learn(&g->surrogate, &g->history, trial, &rng, &ready, err)) != HONE_OK ||
            (ready && (rc = optimize(&g->surrogate, &g->history, &rng, x, &found, err)) != HONE_OK))
            return rc;
    }
    if (!found) {
        quasi_random(hone_rng_derive(g->seed, 1), trial, n, quasi_random_root(n), x);
        for (uint32_t i = 0; i < n; i++)
            x[i] = hone_dim_from_unit(g->opened->dims[i], x[i]);
    }
    return hone_history_propose(&g->history, trial, &rng, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    return hone_history_tell(&((struct gp *)self)->history, outcome, err);
}

/* ---- state: the history, and for every model when it was fitted and to what: where the next fit starts ---- */

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    struct gp *g = (struct gp *)self;
    const struct surrogate *s = &g->surrogate;
    const uint32_t n = THETA_LENGTH(s->features.n);
    hone_rc rc = hone_history_save(&g->history, out, err);
    for (uint32_t i = 0; rc == HONE_OK && i < s->n_models; i++) {
        rc = hone_write(out, s->fitted_at + i, sizeof *s->fitted_at, err);
        if (rc == HONE_OK)
            rc = hone_write(out, s->models[i].theta, n * sizeof *s->models[i].theta, err);
    }
    return rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct gp *g = (struct gp *)self;
    struct surrogate *s = &g->surrogate;
    const uint32_t n = THETA_LENGTH(s->features.n);
    const hone_search_info info = { sizeof info, s->n_objectives, s->n_constraints, 0, 0, 0, NULL };
    hone_history new;
    hone_rc rc;
    if ((rc = hone_history_init(&new, g->opened, &info, err)) != HONE_OK)
        return rc;
    if ((rc = hone_history_load(&new, in, err)) != HONE_OK)
        goto out;
    for (uint32_t i = 0; i < s->n_models; i++) {
        if ((rc = hone_read(in, s->fitted_at + i, sizeof *s->fitted_at, err)) != HONE_OK ||
            (rc = hone_read(in, s->models[i].theta, n * sizeof *s->models[i].theta, err)) != HONE_OK)
            goto out;
        for (uint32_t k = 0; k < n; k++)
            if (!(fabs(s->models[i].theta[k]) < 100) || s->fitted_at[i] > new.n) {
                rc = hone_fail(err, HONE_EINVAL, "", "the saved state of the Gaussian processes is damaged");
                goto out;
            }
    }
    if ((rc = hone_read_end(in, err)) != HONE_OK)
        goto out;
    hone_history_release(&g->history);
    g->history = new;
    memset(&new, 0, sizeof new);
out:
    if (rc != HONE_OK)
        memset(s->fitted_at, 0, s->n_models * sizeof *s->fitted_at);
    hone_history_release(&new);
    return rc;
}

static const char doc[] =
    "Bayesian optimization: a Gaussian process learns the objective from all outcomes so far, and the next trial is "
    "where "
    "the expected improvement is largest. It needs the fewest trials of all strategies on up to some twenty "
    "parameters, "
    "and takes milliseconds per proposal (about 5 ms at 100 trials, 0.1 to 0.3 s at 500): use it where a trial takes "
    "seconds or more.\n\n"
    "## The model\n"
    "Matern 5/2 with a length scale for each parameter, on the parameter's own scale (log for `log`, quantiles for "
    "normals), bent by Kumaraswamy's distribution function (`input_warping`). Integers, steps and ordinals are seen "
    "rounded. Choices differ or do not. A parameter that is inactive is taken to be in the middle of its range, an "
    "inactive choice to be a value of its own, so that trials that both lack it are alike in it, and what tells them "
    "from "
    "others is the parameter on which it depends. Values pass a power transform (`output_transform`). Length scales, "
    "variances, noise and warping are fitted by maximum a posteriori after every outcome up to 100, then after every "
    "fiftieth part more, from where the last fit ended. Priors: inverse length scales as in BoTorch, log-normal with a "
    "location that grows with the number of parameters; signal variance gamma(2, 1), noise variance gamma(1.1, 30) as "
    "in "
    "Optuna; warping log-normal(0, 1/4).\n\n"
    "## Outcomes\n"
    "Where trials are measured repeatedly ([study] repeats, folds in turn) their deviations, pooled, are the noise of "
    "their means, more of it for a trial that was stopped early. "
    "A pruned trial counts with its last value, but never as better than the median of the complete ones. A failed "
    "trial counts as bad as the worst of the others; moreover one process more learns where trials fail, from 1 for "
    "failed "
    "and -1 for others, and candidates are weighted with the probability that they do not. A constraint has a process "
    "of its own; candidates are weighted with the probability "
    "that all hold, and until a feasible point is known that alone counts. Running trials are supposed to come out as "
    "the "
    "model expects, with `fantasies` draws of it, over which the improvement is averaged.\n\n"
    "## Several objectives\n"
    "A process each, and the logarithm of the exact expected hypervolume improvement, for any number of objectives, "
    "over "
    "a decomposition into boxes of what no trial dominates. The reference point lies a tenth of all values' extent "
    "beyond the worst of them. With more than 4,000 boxes (from four objectives on) the most crowded points of the "
    "front are left "
    "out.\n\n"
    "## Long studies\n"
    "Beyond `points` outcomes the model learns from the best half of that number and an even choice of the others, so "
    "that the cost of a proposal no longer grows.\n\n"
    "## When to stop\n"
    "With `[study] regret = 0.001` a study ends once no point of the space is better than the best trial by more than "
    "that, with probability 9/10 under the model: from 20 completed trials on, a process learns from the better half "
    "of them, and the bound is the least upper bound of a trial's value minus the least lower bound of the space's. A "
    "number below what the noise of a trial moves is never reached.\n\n"
    "## Sources\n"
    "Makarova, A. et al. (2022), Automatic termination for hyperparameter optimization, AutoML-Conf. Rasmussen, C. E. "
    "and Williams, C. K. I. (2006), Gaussian Processes for Machine Learning. Snoek, J., Larochelle, "
    "H. "
    "and Adams, R. P. (2012), Practical Bayesian optimization, NeurIPS 25 (running trials). Snoek, J. et al. (2014), "
    "Input warping, ICML. Cowen-Rivers, A. I. et al. (2022), HEBO, JAIR 74 (output transform). Ament, S. et al. "
    "(2023), "
    "Unexpected improvements to expected improvement, NeurIPS 36. Hvarfner, C. et al. (2024), Vanilla Bayesian "
    "optimization performs great in high dimensions, ICML. Gardner, J. R. et al. (2014), Bayesian optimization with "
    "inequality constraints, ICML. Yang, K. et al. (2019), J. Glob. Optim. 75 (hypervolume).\n";

static hone_rc bound(void *self, double *value, hone_error *err)
{
    const struct gp *g = (const struct gp *)self;
    return regret_bound(&g->settings, &g->history, value, err);
}

static const void *get_ext(const char *id)
{
    static const hone_regret_bound_v1 extension = { sizeof extension, 0, bound };
    return strcmp(id, HONE_EXT_REGRET_BOUND) ? NULL : &extension;
}

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component gp = {
    sizeof gp,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "gp",
    "Bayesian optimization with Gaussian processes",
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
    get_ext,
};
HONE_MODULE("org.hone.search.gp", "0.1.0", "MIT", "the hone authors", "", &gp)
