/* SPDX-License-Identifier: MIT */
/* scheduler/dehb: hyperband whose points evolve. Either in one population, search/differential_evolution's, with hyperband's
 * brackets as they are; or as in the paper (Awad, Mallik and Hutter 2021, IJCAI, algorithm 1) in a subpopulation at each
 * budget, by mutants of the best of the budget below: most of this file. */
#include "composed.h"
#include "hone/history.h"
#include "hyperband.h"

#include <math.h>
#include <string.h>

struct settings {
    int64_t min_resource, max_resource, objective;
    double reduction_factor, mutation_factor, crossover_rate;
    uint32_t populations;
};
enum { ONE, PER_BUDGET };
static const char *const populations[] = { "one", "per_budget", NULL };
static const hone_param params[] = {
    LADDER_KEYS(struct settings),
    HONE_ENUM(struct settings, populations, "one", populations, 0,
              "one: of all budgets, the search differential_evolution, whose settings are in "
              "[search.differential_evolution]; every bracket promotes its best. per_budget: as in the paper."),
    HONE_REAL_IF(struct settings, mutation_factor, "0.5", 0, 2, HONE_P_LO_OPEN, NULL, "populations=per_budget",
                 "Weight of the difference of two parents in a mutant (F in the paper)."),
    HONE_REAL_IF(
        struct settings, crossover_rate, "0.5", 0, 1, 0, NULL, "populations=per_budget",
        "Probability that a parameter comes from the mutant and not from the member that it may replace (CR)."),
};
enum { MIN_POOL = 3 };

struct population { /* of a budget; empty members are drawn from the prior when their turn comes */
    uint64_t size, next;
    double *u;     /* (size, n_dims) positions in the unit cube */
    double *value; /* (size) */
    uint8_t *full; /* (size) */
};
struct job {
    uint64_t member; /* that it may replace, where it is going */
    uint32_t asked;  /* its position is known */
};
struct line { /* a bracket as the paper has it; one that evolves is a bracket of its own at each rung */
    uint64_t bracket;
    uint32_t first, at, evolves; /* rungs, of the longest bracket */
};
struct dehb {
    struct hyperband band; /* first */
    const struct settings *settings;
    const hone_host *host;
    uint64_t seed;
    hone_history history;
    hone_instance one; /* the search of populations = one */
    const hone_search_v1 *one_iface;
    struct population populations[MOST_RUNGS]; /* (band.n_steps) */
    struct line *lines;                        /* (n_lines) under way, oldest first */
    uint64_t n_lines, lines_capacity, n_begun;
    struct job *jobs; /* (n_jobs) by trial */
    double *u;        /* (n_jobs, n_dims) positions of trials */
    uint64_t n_jobs, jobs_capacity;
    const double **pool; /* (pool_capacity) parents */
    uint64_t pool_capacity;
    double *scratch; /* (4, n_dims): the mutant's position, up to three random parents */
};

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler dehb");
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct dehb *d = (struct dehb *)calloc(1, sizeof *d);
    if (!d)
        return no_memory(err);
    d->settings = (const struct settings *)info->config;
    d->host = host;
    d->seed = info->seed;
    *self = d;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct dehb *d = (struct dehb *)self;
    if (!d)
        return;
    composed_close(d->host, &d->one);
    for (uint32_t k = 0; k < MOST_RUNGS; k++) {
        free(d->populations[k].u);
        free(d->populations[k].value);
        free(d->populations[k].full);
    }
    free(d->lines);
    free(d->jobs);
    free(d->u);
    free(d->pool);
    free(d->scratch);
    hone_history_release(&d->history);
    rungs_release(&d->band.halving.rungs);
    free(d);
}

/* ---- brackets ---- */

/* Trials at rung `at` of the bracket that begins at rung `first`. */
static uint64_t share(const struct dehb *d, uint32_t first, uint32_t at)
{
    const double n = (double)hyperband_planned(&d->band, d->band.n_steps - 1 - first);
    const double rest = floor(n / pow(d->band.halving.rungs.eta, at - first) + 1e-9);
    return rest >= 1 ? (uint64_t)rest : 1;
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    const uint32_t n_dims = d->history.n_dims;
    const struct settings *s = d->settings;
    const struct ladder ladder = { s->min_resource, s->max_resource, s->objective, s->reduction_factor };
    if (!s->objective)
        return hone_fail(err, HONE_ENOTSUP, "objective",
                         "dehb compares one objective: set objective to its number, 1 is the first");
    const hone_rc rc = hyperband_open(&d->band, &ladder, HYPERBAND_SYNCHRONOUS, 0, info, err);
    if (rc != HONE_OK || s->populations == ONE)
        return rc;
    for (uint32_t k = 0; k < d->band.n_steps; k++) { /* as large as the largest share of any bracket */
        struct population *p = &d->populations[k];
        for (uint32_t first = 0; first <= k; first++)
            p->size = share(d, first, k) > p->size ? share(d, first, k) : p->size;
        p->u = (double *)calloc((size_t)p->size * n_dims + 1, sizeof *p->u);
        p->value = (double *)calloc((size_t)p->size, sizeof *p->value);
        p->full = (uint8_t *)calloc((size_t)p->size, 1);
        if (!p->u || !p->value || !p->full)
            return no_memory(err);
        d->pool_capacity += 2 * p->size;
    }
    d->pool_capacity += MIN_POOL;
    d->pool = (const double **)calloc((size_t)d->pool_capacity, sizeof *d->pool);
    d->scratch = (double *)calloc(4 * (size_t)n_dims + 1, sizeof *d->scratch);
    return d->pool && d->scratch ? HONE_OK : no_memory(err);
}

/* Where the trial goes now: a rung of the longest bracket. */
static uint32_t rung_of(const struct dehb *d, uint64_t trial)
{
    const struct rungs *r = &d->band.halving.rungs;
    const struct standing *t = &r->trials[trial];
    return d->band.n_steps - r->brackets[t->bracket]->n_rungs + t->rung;
}

/* The line at rung `at`, from now on. HONE_ENOMEM. */
static hone_rc add_bracket(struct dehb *d, struct line *line, uint32_t at, hone_error *err)
{
    struct rungs *r = &d->band.halving.rungs;
    struct bracket *b;
    if (!line->evolves) {
        b = hyperband_add(&d->band, at, share(d, line->first, at), 1);
    } else if ((b = rungs_add(r, d->band.steps + at, d->band.n_steps - at, 1))) {
        b->rungs[0].size = share(d, line->first, at); /* and none at the next: nobody is promoted */
    }
    if (!b)
        return no_memory(err);
    line->at = at;
    line->bracket = r->n_brackets - 1;
    return HONE_OK;
}

/* The bracket of a new trial: of the oldest line that has one to start, or a new line. */
static hone_rc bracket_for_new(struct dehb *d, uint64_t *bracket, hone_error *err)
{
    const struct rungs *r = &d->band.halving.rungs;
    for (uint64_t i = 0; i < d->n_lines; i++) {
        struct line *line = &d->lines[i];
        const struct bracket *b = r->brackets[line->bracket];
        const int last = !line->evolves || line->at + 1 == d->band.n_steps;
        if (b->rungs[0].sent >= b->rungs[0].size && last) {
            memmove(line, line + 1, (size_t)(--d->n_lines - i) * sizeof *line);
            i--;
            continue;
        }
        if (b->rungs[0].sent >= b->rungs[0].size) {
            if (!rungs_arrived(b))
                continue;
            const hone_rc rc = add_bracket(d, line, line->at + 1, err);
            if (rc != HONE_OK)
                return rc;
        }
        *bracket = line->bracket;
        return HONE_OK;
    }
    if (d->n_lines == d->lines_capacity) {
        const uint64_t capacity = d->lines_capacity ? 2 * d->lines_capacity : 8;
        struct line *more = (struct line *)realloc(d->lines, (size_t)capacity * sizeof *more);
        if (!more)
            return no_memory(err);
        d->lines = more;
        d->lines_capacity = capacity;
    }
    struct line *line = &d->lines[d->n_lines];
    line->first = (uint32_t)(d->n_begun % d->band.n_steps);
    line->evolves = d->n_begun >= d->band.n_steps; /* the first time through them, the best are promoted */
    const hone_rc rc = add_bracket(d, line, line->first, err);
    if (rc != HONE_OK)
        return rc;
    d->n_lines++;
    d->n_begun++;
    *bracket = line->bracket;
    return HONE_OK;
}

/* Room for what is known of the trial. */
static hone_rc reserve(struct dehb *d, uint64_t trial, hone_error *err)
{
    const uint32_t n_dims = d->history.n_dims;
    if (trial >= d->jobs_capacity) {
        const uint64_t expected = d->jobs_capacity || d->band.halving.rungs.expected > 1 << 20
                                      ? 0
                                      : d->band.halving.rungs.expected,
                       capacity = 2 * trial + 64 > expected ? 2 * trial + 64 : expected;
        struct job *jobs = (struct job *)realloc(d->jobs, (size_t)capacity * sizeof *jobs);
        if (jobs)
            d->jobs = jobs;
        double *u = (double *)realloc(d->u, ((size_t)capacity * n_dims + 1) * sizeof *u);
        if (u)
            d->u = u;
        if (!jobs || !u)
            return no_memory(err);
        d->jobs_capacity = capacity;
    }
    for (; d->n_jobs <= trial; d->n_jobs++) {
        hone_rng rng = hone_rng_at(hone_rng_derive(d->seed, 1), d->n_jobs);
        d->jobs[d->n_jobs] = (struct job){ 0, 0 };
        for (uint32_t i = 0; i < n_dims; i++) /* what stands where a dimension is not active */
            d->u[d->n_jobs * n_dims + i] = hone_rng_uniform(&rng);
    }
    return HONE_OK;
}

static hone_rc next(void *self, hone_order *order, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    struct rungs *r = &d->band.halving.rungs;
    uint64_t bracket = 0;
    if (d->settings->populations == ONE)
        return hyperband_next(self, order, err);
    hone_rc rc = halving_next(&d->band.halving, order);
    if (rc != HONE_OK || (order->what == HONE_ORDER_START && !order->may_start))
        return rc;
    if ((rc = reserve(d, order->trial, err)) != HONE_OK)
        return rc;
    if (order->what == HONE_ORDER_START) {
        const int again = rungs_has(r, order->trial);
        if (!again && (rc = bracket_for_new(d, &bracket, err)) != HONE_OK)
            return rc;
        if ((rc = rungs_enter(r, order->trial, (uint32_t)bracket, &order->until, err)) != HONE_OK || again)
            return rc;
    }
    struct population *p = &d->populations[rung_of(d, order->trial)];
    d->jobs[order->trial].member = p->next++ % p->size;
    return HONE_OK;
}

/* The better of trial and member stays; equal ones make place. */
static void select_member(struct dehb *d, uint32_t rung, uint64_t trial, double value)
{
    const uint32_t n_dims = d->history.n_dims;
    struct population *p = &d->populations[rung];
    const uint64_t member = d->jobs[trial].member % p->size;
    value = isnan(value) ? HUGE_VAL : value;
    if (p->full[member] && value > p->value[member])
        return;
    memcpy(p->u + member * n_dims, d->u + trial * n_dims, n_dims * sizeof *p->u);
    p->value[member] = value;
    p->full[member] = 1;
}

/* 0: nobody is promoted from where the trial is; its place in the subpopulation is all that stays of it. */
static int goes_on(const struct dehb *d, uint64_t trial)
{
    const struct rungs *r = &d->band.halving.rungs;
    const struct bracket *b = r->brackets[r->trials[trial].bracket];
    const uint32_t rung = r->trials[trial].rung;
    return rung + 1 < b->n_rungs && b->rungs[rung + 1].size > 0;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    const double value = r->values[d->band.halving.objective - 1];
    uint64_t rank;
    int arrived;
    if (d->settings->populations == ONE)
        return hyperband_report(self, r, verdict, err);
    hone_rc rc = reserve(d, r->trial, err);
    *verdict = HONE_CONTINUE;
    if (rc != HONE_OK ||
        (rc = rungs_report(&d->band.halving.rungs, r->trial, r->step, value, &rank, &arrived, err)) < 0)
        return rc;
    if (!arrived)
        return HONE_OK;
    if (!d->jobs[r->trial].asked) { /* a point of the user's */
        if (!r->x)
            return HONE_OK;
        hone_space_to_units(d->history.space, r->x, d->u + r->trial * d->history.n_dims);
        d->jobs[r->trial].asked = 1;
    }
    select_member(d, rung_of(d, r->trial), r->trial, value);
    if (r->step < d->band.halving.rungs.max_step)
        *verdict = isnan(value) || !goes_on(d, r->trial) ? HONE_STOP : HONE_PAUSE;
    return HONE_OK;
}

/* ---- evolution ---- */

/* Appends the members of a population, best first, at most `most`; returns the new length. */
static uint64_t add_best(struct dehb *d, const struct population *p, uint64_t most, uint64_t n)
{
    const uint32_t n_dims = d->history.n_dims;
    const uint64_t from = n, width = n_dims ? n_dims : 1;
    for (uint64_t i = 0; i < p->size; i++) {
        uint64_t at = n;
        if (!p->full[i])
            continue;
        for (; at > from && p->value[i] < p->value[(uint64_t)(d->pool[at - 1] - p->u) / width]; at--)
            d->pool[at] = d->pool[at - 1];
        d->pool[at] = p->u + i * n_dims;
        n++;
    }
    return n - from > most ? from + most : n;
}

/* The parents of a mutant: the best of the budget below where the line has come from there, else of the same; where these
 * are fewer than three, everybody; and random ones. Returns their number. */
static uint64_t gather(struct dehb *d, uint64_t trial, hone_rng *rng)
{
    const struct rungs *r = &d->band.halving.rungs;
    const uint32_t n_dims = d->history.n_dims, rung = rung_of(d, trial);
    const uint64_t bracket = r->trials[trial].bracket;
    uint32_t below = rung;
    for (uint64_t i = 0; i < d->n_lines; i++)
        if (d->lines[i].bracket == bracket && d->lines[i].at > d->lines[i].first)
            below = rung - 1;
    uint64_t n = add_best(d, &d->populations[below], r->brackets[bracket]->rungs[0].size, 0);
    for (uint32_t k = 0; n < MIN_POOL && k < d->band.n_steps; k++)
        n = add_best(d, &d->populations[k], UINT64_MAX, n);
    for (uint32_t k = 1; n < MIN_POOL; k++) {
        double *random = d->scratch + (size_t)k * n_dims;
        for (uint32_t i = 0; i < n_dims; i++)
            random[i] = hone_rng_uniform(rng);
        d->pool[n++] = random;
    }
    return n;
}

/* rand/1/bin into u: (n_dims); what leaves the cube is drawn anew. target: (n_dims) */
static void evolve(struct dehb *d, uint64_t trial, const double *target, hone_rng *rng, double *u)
{
    const struct settings *s = d->settings;
    const uint32_t n_dims = d->history.n_dims;
    const uint64_t n = gather(d, trial, rng), forced = hone_rng_below(rng, n_dims ? n_dims : 1);
    for (uint64_t k = 0; k < MIN_POOL; k++) { /* three different ones to the front */
        const uint64_t other = k + hone_rng_below(rng, n - k);
        const double *t = d->pool[k];
        d->pool[k] = d->pool[other];
        d->pool[other] = t;
    }
    for (uint32_t i = 0; i < n_dims; i++) {
        const double again = hone_rng_uniform(rng), luck = hone_rng_uniform(rng);
        double v = d->pool[0][i] + s->mutation_factor * (d->pool[1][i] - d->pool[2][i]);
        if (!(v >= 0 && v <= 1))
            v = again;
        u[i] = i == forced || luck < s->crossover_rate ? v : target[i];
    }
}

/* ---- the search ---- */

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    hone_rc rc = hone_history_init(&d->history, space, info, err);
    if (rc != HONE_OK || d->settings->populations == PER_BUDGET)
        return rc;
    hone_search_info of_one = *info; /* what the brackets compare */
    of_one.n_values = 1;
    of_one.derivatives = NULL;
    if ((rc = composed_open(d->host, "search", "differential_evolution", d->seed, space, &of_one, &d->one, err)) ==
        HONE_OK)
        d->one_iface = (const hone_search_v1 *)d->one.component->iface;
    return rc < 0 ? rc : HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    const hone_space *space = d->history.space;
    const uint32_t n_dims = space->n_dims;
    hone_rng rng = hone_rng_at(d->seed, trial);
    if (d->one_iface)
        return d->one_iface->ask(d->one.self, trial, x, err);
    if (d->settings->populations == ONE) { /* this host opens none, the space has to do */
        hone_space_draw(space, &rng, x);
        return hone_history_propose(&d->history, trial, &rng, x, err);
    }
    hone_rc rc = reserve(d, trial, err);
    if (rc != HONE_OK)
        return rc;
    double *mine = d->u + trial * n_dims, *u = d->scratch;
    const struct population *p = rungs_has(&d->band.halving.rungs, trial) ? &d->populations[rung_of(d, trial)] : NULL;
    const uint64_t member = d->jobs[trial].member;
    if (p && p->full[member % p->size])
        evolve(d, trial, p->u + (member % p->size) * n_dims, &rng, u);
    else
        for (uint32_t i = 0; i < n_dims; i++)
            u[i] = hone_rng_uniform(&rng);
    hone_space_from_units(space, u, x);
    memcpy(mine, u, n_dims * sizeof *mine);
    if ((rc = hone_history_propose(&d->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    for (uint32_t i = 0; i < n_dims; i++) { /* where a relation, or a point tried before, moved it */
        const double was = hone_dim_from_unit(space->dims[i], u[i]);
        if (x[i] < was || x[i] > was)
            mine[i] = hone_dim_to_unit(space->dims[i], x[i]);
    }
    d->jobs[trial].asked = 1;
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct dehb *d = (struct dehb *)self;
    const uint32_t k = d->settings->objective > 0 ? (uint32_t)d->settings->objective - 1 : 0;
    if (!d->one_iface)
        return hone_history_tell(&d->history, outcome, err);
    hone_outcome of_one = *outcome;
    of_one.n_values = 1;
    of_one.values += k;
    of_one.deviations = outcome->deviations ? outcome->deviations + k : NULL;
    of_one.gradient = NULL;
    return d->one_iface->tell(d->one.self, &of_one, err);
}

static const char doc[] =
    "Hyperband decides how far each trial goes, and differential evolution proposes the points in the place of chance. "
    "It "
    "is scheduler and search in one: the study has no [search].\n\n"
    "## populations = one\n"
    "One population for all budgets, that of search/differential_evolution: a mutant takes the place of its opponent "
    "where it has come further, or as far with a better value; whoever goes on keeps its place. Every bracket promotes "
    "the best of its rungs from their checkpoints, as in hyperband, so that what evolution finds at few steps is soon "
    "tried at many. This departs from the paper in all but the name, and needs a tenth of its trials.\n\n"
    "    [scheduler]\n"
    "    use = dehb\n"
    "    [search.differential_evolution]\n"
    "    population = 20\n\n"
    "## populations = per_budget\n"
    "The paper's algorithm, rand/1/bin: every budget has a subpopulation, as large as its largest rung. The first time "
    "through the brackets the best of a rung are promoted, as in hyperband, which fills the subpopulations. After that "
    "every trial of a rung is a new point: a mutant of the best of the budget below (of the same one, in the first "
    "rung "
    "of a bracket), crossed with a member of the rung's subpopulation, whose place it takes if it is no worse; it ends "
    "at "
    "that rung, pruned, unless that is the last step. Points live in the unit cube of the space's own scales; choices "
    "are equal shares of [0, 1]. A subpopulation of 81 comes to a new generation with every fifth bracket only: it "
    "takes "
    "some thousand trials.\n\n"
    "An ask costs microseconds. While a rung waits for its last trials, free workers begin the next bracket.\n\n"
    "## Source\n"
    "Awad, N., Mallik, N. and Hutter, F. (2021). DEHB: evolutionary hyperband for scalable, robust and efficient "
    "hyperparameter optimization. IJCAI, 2147-2153, algorithm 1.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_KIND_SEARCH) ? NULL : &search;
}

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, next, report, hyperband_finish };
const hone_component dehb_component = {
    sizeof dehb_component,
    HONE_C_DETERMINISTIC | HONE_C_COMPOSES | HONE_C_PROPOSES,
    HONE_KIND_SCHEDULER,
    "dehb",
    "Hyperband with differential evolution that proposes the points",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    destroy,
    NULL,
    NULL,
    get_ext,
};
