/* SPDX-License-Identifier: MIT */
/* search/cmaes: covariance matrix adaptation evolution strategy, asynchronous: asks draw from the
 * distribution of the moment, outcomes are gathered in whatever order they come, and the generation closes
 * when enough are there. */
#include "cmaes.h"

enum {
    FRESH_TRIES = 100,  /* draws before a point that the relations forbid, or that is known, is moved */
    MOST_DIMS = 1 << 12 /* beyond, C alone takes 128 MB, and n^3 operations a minute */
};

static const char *const restart_names[] = { "none", "ipop", "bipop", NULL };
static const hone_param params[] = {
    HONE_ENUM(struct settings, restarts, "ipop", restart_names, 0,
              "What follows when a run has converged. ipop: a run from elsewhere with a larger population; bipop: in "
              "turns such a run and short ones with small populations and small steps, each kind with half of the "
              "budget; none: the run goes on for ever."),
    HONE_INT(struct settings, population, "0", 0, 1e6, 0, "trials",
             "Outcomes a generation, in the first run, 4 at least; 0: 4 + 3 ln(parameters)."),
    HONE_REAL(struct settings, population_growth, "2", 1, 10, 0, NULL,
              "Factor of the population from one large run to the next."),
    HONE_REAL(struct settings, sigma, "0.16666666666666666", 0, 10, HONE_P_LO_OPEN | HONE_P_LOG, NULL,
              "Deviation at the start, as a share of each parameter's range on its own scale."),
    HONE_BOOL(struct settings, warm_start, "yes", 0,
              "Whether outcomes told before the first proposal (of another study, or another search) set the start."),
    HONE_BOOL(struct settings, learning_rate_adaptation, "no", 0,
              "Whether the learning rates follow the signal-to-noise ratio: for noisy or multimodal objectives and "
              "budgets of thousands of trials; slower where neither holds."),
    HONE_REAL(struct settings, tolerance_value, "1e-12", 0, HUGE_VAL, HONE_P_LOG, NULL,
              "A run has converged when all values of its last generations lie within this range."),
    HONE_REAL(struct settings, tolerance_point, "1e-12", 0, 1, HONE_P_LOG, NULL,
              "A run has converged when all its steps are shorter than this share of those at its start."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = (const struct settings *)info->config;
    struct cmaes *c;
    hone_rc rc;
    if (settings->population && settings->population < 4)
        return hone_fail(err, HONE_ERANGE, "population", "population = %lld is too small: 4 at least, or 0",
                         (long long)settings->population);
    if ((rc = hone_instance_create(info, sizeof *settings, sizeof *c, self, err)) != HONE_OK)
        return rc;
    c = (struct cmaes *)*self;
    c->host = host;
    c->seed = info->seed;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct cmaes *c = (struct cmaes *)self;
    if (!c)
        return;
    state_release(&c->state);
    for (uint32_t k = 0; c->allowed && k < c->n_choices; k++)
        free(c->allowed[k]);
    free(c->allowed);
    free(c->counts);
    free(c->dims);
    free(c->choice_dims);
    free(c->prior);
    free(c->discrete);
    free(c->row);
    free(c->units);
    free(c);
}

/* Sorts the dimensions: numbers, choices, and those that have one value. 0: out of memory. */
static int sort_dimensions(struct cmaes *c, const hone_space *space)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < space->n_dims; i++)
        total += space->dims[i]->n_choices;
    c->dims = (uint32_t *)calloc(space->n_dims + 1u, sizeof *c->dims);
    c->choice_dims = (uint32_t *)calloc(space->n_dims + 1u, sizeof *c->choice_dims);
    c->counts = (uint32_t *)calloc(space->n_dims + 1u, sizeof *c->counts);
    c->allowed = (uint32_t **)calloc(space->n_dims + 1u, sizeof *c->allowed);
    c->discrete = (uint8_t *)calloc(space->n_dims + 1u, 1);
    c->prior = (double *)calloc(total + 1u, sizeof *c->prior);
    c->row = (double *)calloc(space->n_dims + 1u, sizeof *c->row);
    c->units = (double *)calloc(space->n_dims + 1u, sizeof *c->units);
    if (!c->dims || !c->choice_dims || !c->counts || !c->allowed || !c->discrete || !c->prior || !c->row || !c->units)
        return 0;
    total = 0;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        uint32_t n = 0, *allowed;
        if (d->type != HONE_DIM_CHOICE) {
            if (hone_dim_count(d) == 1)
                continue;
            c->discrete[c->n] = d->step > 0 || d->type != HONE_DIM_REAL;
            c->dims[c->n++] = i;
            continue;
        }
        if (!(allowed = (uint32_t *)calloc(d->n_choices + 1u, sizeof *allowed)))
            return 0;
        for (uint32_t v = 0; v < d->n_choices; v++)
            if (!d->weights || d->weights[v] > 0) {
                c->prior[total + n] = d->weights ? d->weights[v] : 1.0 / d->n_choices;
                allowed[n++] = v;
            }
        if (n < 2) {
            free(allowed); /* from_unit takes the only one */
            continue;
        }
        total += n;
        c->counts[c->n_choices] = n;
        c->allowed[c->n_choices] = allowed;
        c->choice_dims[c->n_choices++] = i;
    }
    c->width = c->n + c->n_choices;
    return 1;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct cmaes *c = (struct cmaes *)self;
    const hone_rc rc = hone_search_one_objective(info, "cmaes", err);
    if (rc != HONE_OK)
        return rc;
    if (!sort_dimensions(c, space))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    if (!c->n)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "cmaes needs a parameter of numbers or ordered values to adapt, and the space has choices "
                         "only: use another search, such as tpe");
    if (c->n > MOST_DIMS)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "cmaes learns n^2 numbers, too many for n = %u parameters (at most %d): use another search",
                         c->n, (int)MOST_DIMS);
    c->space = space;
    c->info = *info;
    return state_init(c, &c->state, err);
}

/* ---- proposals ---- */

static void draw(struct cmaes *c, hone_rng *rng)
{
    struct state *s = &c->state;
    cma_draw(&s->cma, rng, c->row);
    for (uint32_t k = 0; k < c->n_choices; k++)
        c->row[c->n + k] = choices_at(&s->choices, k, hone_rng_uniform(rng));
}

/* Where the proposal is not the row's point (it was known, or forbidden), the coordinates that moved. */
static int follow(struct cmaes *c, const double *x)
{
    int moved = 0;
    point_of_row(c, c->row, c->units);
    for (uint32_t j = 0; j < c->n; j++) {
        const double v = x[c->dims[j]], drawn = c->units[c->dims[j]];
        if (!isnan(v) && (v < drawn || v > drawn || isnan(drawn))) {
            c->row[j] = coordinate_of_value(c, j, v);
            moved = 1;
        }
    }
    for (uint32_t k = 0; k < c->n_choices; k++)
        for (uint32_t i = 0; i < c->counts[k]; i++)
            if (x[c->choice_dims[k]] >= c->allowed[k][i] && x[c->choice_dims[k]] <= c->allowed[k][i])
                c->row[c->n + k] = i; /* counts for the probabilities, not for the normal distribution */
    return moved;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct cmaes *c = (struct cmaes *)self;
    struct state *s = &c->state;
    hone_rng rng = hone_rng_at(c->seed, trial);
    struct member m = { trial, 0, 0, HONE_COMPLETE, 0, 0, 0, 0 };
    hone_rc rc;
    if (!s->s.started && (rc = start_first(c, err)) != HONE_OK)
        return rc;
    m.run = s->s.run;
    m.generation = s->cma.s.generation;
    for (int i = 0; i < FRESH_TRIES; i++) {
        draw(c, &rng);
        point_of_row(c, c->row, x);
        if (hone_history_may(&s->history, x))
            break;
    }
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    m.altered = (uint64_t)follow(c, x);
    hone_notes_take(&s->pending, trial, NULL, NULL);
    return hone_notes_add(&s->pending, &m, c->row, err);
}

/* ---- outcomes ---- */

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct cmaes *c = (struct cmaes *)self;
    struct state *s = &c->state;
    const int as_asked = hone_history_runs(&s->history, outcome->trial, outcome->x);
    struct member m = { outcome->trial, s->s.run, s->cma.s.generation, HONE_COMPLETE, 1, outcome->step, 0, 0 }, asked;
    hone_judged judged;
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    if (rc != HONE_OK || !s->s.started)
        return rc; /* told before anything was asked: for start_first */
    if (hone_notes_take(&s->pending, outcome->trial, &asked, c->row) && as_asked) {
        m = asked;
        m.step = outcome->step;
    } else {
        row_of_point(c, outcome->x, c->row);
    }
    if (m.run != s->s.run)
        return HONE_OK; /* of a run that has ended */
    judged = hone_history_judged(&s->history, s->history.n - 1);
    m.status = s->history.status[s->history.n - 1];
    m.value = judged.value;
    m.violation = judged.violation;
    return hear(c, &m, c->row, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    struct cmaes *c = (struct cmaes *)self;
    hone_rc rc = hone_history_opened(&c->state.history, err);
    if (rc != HONE_OK)
        return rc;
    if (!c->state.cma.n && (rc = state_make_run(c, &c->state, cma_default_lambda(c->width), err)) != HONE_OK)
        return rc;
    return state_save(c, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct cmaes *c = (struct cmaes *)self;
    const hone_rc rc = hone_history_opened(&c->state.history, err);
    return rc == HONE_OK ? state_load(c, in, err) : rc;
}

static const char doc[] =
    "Covariance matrix adaptation evolution strategy: a normal distribution over the parameters that learns, from the "
    "ranking of what it proposed, where the good points lie, how far to step and along which directions. The standard "
    "choice for numeric spaces of up to a hundred parameters and budgets from a few hundred trials on; it needs only "
    "the order of the values, not their scale.\n\n"
    "## The distribution\n"
    "It lives in the unit cube, each parameter on its own scale (log for `log`, quantiles for normals), starts in the "
    "middle with deviation `sigma`, and takes `population` outcomes for a generation. The update is active CMA-ES: the "
    "worse half of a generation pushes away. Beyond its borders the box goes on mirrored, so that optima at a border "
    "are "
    "approached like any other.\n\n"
    "## Integers, steps, ordinals\n"
    "They have a coordinate each, cut into one interval per value, with a margin (CMA-ES with margin): the probability "
    "of leaving the present value never falls below 1 / (parameters * population), so that none freezes early.\n\n"
    "## Choices\n"
    "Beside the normal distribution each choice has probabilities, first those of its prior, which follow the natural "
    "gradient of the same ranking (CatCMA, with the adaptive step of ASNG) and never die out. A space of choices only "
    "is refused. Inactive parameters keep a coordinate that drifts without effect.\n\n"
    "## Parallel trials\n"
    "A proposal never waits: it is drawn from the distribution of the moment. A generation closes when enough outcomes "
    "are there, in any order. Those of an earlier generation count as injected points, whose step is shortened to the "
    "length of a typical draw; so do points that this search did not propose, and proposals that had to move because "
    "a relation forbade them or they were known. A finite space is never repeated and ends when it is spent.\n\n"
    "## Outcomes\n"
    "Ranked by constraint violation, then complete before pruned (those that came further first), then by value. "
    "Failed trials and values that are not numbers come last. A generation that failed as a whole changes nothing.\n\n"
    "## Restarts\n"
    "A run ends when the values of 10 + 30 n / population generations or all steps fall within the tolerances, when "
    "the covariance is singular to rounding, or steps vanish in rounding. The next one starts anywhere.\n\n"
    "## Warm start\n"
    "Outcomes told before the first proposal are sources. Of 20 or more, the best tenth gives mean and covariance "
    "(WS-CMA-ES with gamma = alpha = 0.1); of fewer, the best point is the first mean.\n\n"
    "## Sources\n"
    "Hansen, N. (2016). The CMA evolution strategy: a tutorial. arXiv 1604.00772. Auger, A. and Hansen, N. (2005). A "
    "restart CMA evolution strategy with increasing population size. CEC. Hansen, N. (2009). Benchmarking a "
    "BI-population CMA-ES on the BBOB-2009 function testbed. GECCO. Hansen, N. (2011). Injecting external solutions "
    "into CMA-ES. arXiv 1110.4181. Hamano, R. et al. (2022). CMA-ES with margin. GECCO, arXiv 2205.13482. Hamano, R. "
    "et al. (2024). CatCMA. GECCO, arXiv 2405.09962. Akimoto, Y. et al. (2019). Adaptive stochastic natural gradient "
    "method. ICML. Nomura, M. et al. (2021). Warm starting CMA-ES for hyperparameter optimization. AAAI. Nomura, M., "
    "Akimoto, Y. and Ono, I. (2023). CMA-ES with learning rate adaptation. GECCO, arXiv 2304.03473.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component cmaes = {
    sizeof cmaes,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "cmaes",
    "Covariance matrix adaptation evolution strategy with restarts",
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
HONE_MODULE("org.hone.search.cmaes", "0.1.0", "MIT", "the hone authors", "", &cmaes)
