/* SPDX-License-Identifier: MIT */
/* search/particle_swarm: particles that fly through the unit cube, drawn to the best place each has seen and
 * to the best that its neighbours have (Kennedy and Eberhart 1995). Asynchronous: the next particle moves
 * when a trial is asked for, by what is known then. */
#include "swarm.h"

enum {
    TRIES = 20,   /* moves made before one to a known or forbidden point is shifted */
    MOST = 100000 /* particles */
};

static const char *const topologies[] = { "ring", "global", NULL };
static const char *const inertias[] = { "constriction", "linear", NULL };
static const hone_param params[] = {
    HONE_INT(struct settings, population, "0", 0, MOST, 0, "trials",
             "Particles, 3 at least; 0: 10 + 2 sqrt(parameters)."),
    HONE_ENUM(struct settings, topology, "global", topologies, 0,
              "Whose best place draws a particle: that of all, or its two neighbours' in a ring, which takes several "
              "times the trials to converge and is trapped less."),
    HONE_ENUM(struct settings, inertia, "constriction", inertias, 0,
              "constriction: the factor that follows from cognitive + social, which must exceed 4, damps the whole "
              "step; linear: the share of the velocity that is kept falls from inertia_start to inertia_end over the "
              "study's budget."),
    HONE_REAL(struct settings, cognitive, "2.05", 0, 10, 0, NULL, "Pull to the particle's own best place."),
    HONE_REAL(struct settings, social, "2.05", 0, 10, 0, NULL, "Pull to the neighbours' best place."),
    HONE_REAL_IF(struct settings, inertia_start, "0.9", 0, 1, 0, NULL, "inertia=linear", "Inertia at the start."),
    HONE_REAL_IF(struct settings, inertia_end, "0.4", 0, 1, 0, NULL, "inertia=linear",
                 "Inertia at the end of the budget; where it is unknown, 0.72 throughout."),
    HONE_REAL(struct settings, speed, "0.5", 0, 1, HONE_P_LO_OPEN, NULL,
              "Longest step of a parameter, as a share of its range on its own scale."),
    HONE_REAL(struct settings, change, "0.05", 0, 1, 0, NULL,
              "Probability that a choice is drawn from its prior, whatever is known."),
    HONE_BOOL(struct settings, restarts, "yes", 0,
              "Whether a swarm whose best places have all become one is scattered, with its best kept."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = (const struct settings *)info->config;
    struct swarm *w;
    hone_rc rc;
    (void)host;
    if (settings->population && settings->population < 3)
        return hone_fail(err, HONE_ERANGE, "population", "population = %lld is too small: 3 at least, or 0",
                         (long long)settings->population);
    if (settings->inertia == CONSTRICTION && !(settings->cognitive + settings->social > 4))
        return hone_fail(err, HONE_ERANGE, "cognitive",
                         "cognitive + social = %g: constriction needs more than 4; raise them, or take inertia = "
                         "linear",
                         settings->cognitive + settings->social);
    if ((rc = hone_instance_create(info, sizeof *settings, sizeof *w, self, err)) != HONE_OK)
        return rc;
    w = (struct swarm *)*self;
    w->seed = info->seed;
    w->chi = settings->inertia == CONSTRICTION ? constriction(settings->cognitive + settings->social) : 1;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct swarm *w = (struct swarm *)self;
    if (!w)
        return;
    state_release(&w->state);
    hone_cube_release(&w->cube);
    free(w);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct swarm *w = (struct swarm *)self;
    hone_rc rc;
    if ((rc = hone_search_one_objective(info, "the particle swarm", err)) != HONE_OK ||
        (rc = hone_cube_init(&w->cube, space, HONE_CUBE_IN_ORDER, err)) != HONE_OK)
        return rc;
    w->size = w->settings.population ? (uint32_t)w->settings.population : 10 + (uint32_t)floor(2 * sqrt(w->cube.n));
    w->info = *info;
    return state_init(w, &w->state, err);
}

/* ---- moves ---- */

/* The particle that draws this one, itself included; EMPTY: nobody has seen anything. */
static uint64_t guide(const struct swarm *w, uint64_t particle)
{
    const struct state *s = &w->state;
    const uint64_t n = w->settings.topology == RING ? 3 : w->size;
    const uint64_t first = w->settings.topology == RING ? particle + w->size - 1 : 0;
    uint64_t best = EMPTY;
    for (uint64_t k = 0; k < n; k++) {
        const uint64_t i = (first + k) % w->size;
        if (s->at[i] != EMPTY && (best == EMPTY || hone_history_compare(&s->history, s->at[i], s->at[best]) < 0))
            best = i;
    }
    return best;
}

static double inertia_now(const struct swarm *w)
{
    const struct settings *o = &w->settings;
    const double share = w->info.trials ? (double)w->state.history.n / (double)w->info.trials : -1;
    if (o->inertia == CONSTRICTION)
        return w->chi;
    return share < 0 ? 0.72 : o->inertia_start + (share < 1 ? share : 1) * (o->inertia_end - o->inertia_start);
}

/* Where the particle goes next: row and velocity of (n). It has been nowhere, or nobody has seen anything:
 * anywhere. */
static void move(const struct swarm *w, uint64_t particle, hone_rng *rng, double *row, double *v)
{
    const struct state *s = &w->state;
    const uint64_t leader = guide(w, particle), cell = particle * w->cube.n;
    const double inertia = inertia_now(w);
    const double *own = s->best + cell, *other = s->best + (leader == EMPTY ? 0 : leader * w->cube.n);
    const int has_own = s->at[particle] != EMPTY;
    if (!s->moved[particle] || leader == EMPTY) {
        hone_cube_draw(&w->cube, rng, row);
        for (uint32_t k = 0; k < w->cube.n; k++) { /* SPSO 2011 */
            const double u = hone_rng_uniform(rng);
            v[k] = hone_cube_dim(&w->cube, k)->type == HONE_DIM_CHOICE ? 0 : w->settings.speed * (u - row[k]);
        }
        return;
    }
    for (uint32_t k = 0; k < w->cube.n; k++) {
        const hone_dim *d = hone_cube_dim(&w->cube, k);
        const double pull_own = has_own ? w->chi * w->settings.cognitive * hone_rng_uniform(rng) : 0;
        const double pull_other = w->chi * w->settings.social * hone_rng_uniform(rng);
        row[k] = s->x[cell + k];
        v[k] = s->v[cell + k];
        if (d->type != HONE_DIM_CHOICE) {
            step_number(row + k, v + k, own[k], other[k], inertia, pull_own, pull_other, w->settings.speed);
        } else {
            row[k] = step_choice(row[k], own[k], other[k], inertia, pull_own, pull_other, hone_rng_uniform(rng));
            if (hone_rng_uniform(rng) < w->settings.change)
                row[k] = hone_dim_from_unit(d, hone_rng_uniform(rng));
        }
    }
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct swarm *w = (struct swarm *)self;
    struct state *s = &w->state;
    hone_rng rng = hone_rng_at(w->seed, trial);
    const struct pending p = { trial, s->s.asked % w->size, s->s.run };
    double *v = w->cube.x;
    hone_rc rc;
    for (int i = 0; i < TRIES; i++) {
        move(w, p.particle, &rng, w->cube.row, v);
        hone_cube_point(&w->cube, w->cube.row, x);
        if (hone_history_may(&s->history, x))
            break;
    }
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    memcpy(s->v + p.particle * w->cube.n, v, w->cube.n * sizeof *v);
    hone_cube_follow(&w->cube, x, w->cube.row);
    memcpy(s->x + p.particle * w->cube.n, w->cube.row, w->cube.n * sizeof *w->cube.row);
    s->moved[p.particle] = 1;
    hone_notes_take(&s->pending, trial, NULL, NULL);
    s->s.asked++;
    return hone_notes_add(&s->pending, &p, w->cube.row, err);
}

/* ---- outcomes ---- */

static void remember(struct swarm *w, uint64_t particle, uint64_t at, const double *row)
{
    w->state.at[particle] = at;
    memcpy(w->state.best + particle * w->cube.n, row, w->cube.n * sizeof *row);
}

/* A memory is told of again. With the point that it has, it keeps the fractions that rounding took from the trial's. */
static void go_on(struct swarm *w, uint64_t particle, uint64_t at, const double *row)
{
    const hone_history *h = &w->state.history;
    if (hone_point_same(h->x + w->state.at[particle] * h->n_dims, h->x + at * h->n_dims, h->n_dims))
        w->state.at[particle] = at;
    else
        remember(w, particle, at, row);
}

/* A point that others proposed becomes the memory of a particle that has none, or of the one with the worst. */
static void welcome(struct swarm *w, uint64_t at, const double *row)
{
    struct state *s = &w->state;
    uint64_t worst = 0;
    for (uint64_t i = 0; i < w->size; i++) {
        if (s->at[i] == EMPTY) {
            remember(w, i, at, row);
            return;
        }
        if (hone_history_compare(&s->history, s->at[i], s->at[worst]) > 0)
            worst = i;
    }
    if (hone_history_compare(&s->history, at, s->at[worst]) < 0)
        remember(w, worst, at, row);
}

/* A swarm whose best places are one finds nothing more: all but the best particle forget and are scattered. */
static void scatter_if_one(struct swarm *w)
{
    struct state *s = &w->state;
    uint64_t best = 0;
    for (uint64_t i = 0; i < w->size; i++) {
        if (s->at[i] == EMPTY)
            return;
        if (hone_history_compare(&s->history, s->at[i], s->at[best]) < 0)
            best = i;
    }
    for (uint64_t i = 0; i < w->size; i++)
        for (uint32_t k = 0; k < w->cube.n; k++)
            if (fabs(s->best[i * w->cube.n + k] - s->best[best * w->cube.n + k]) > 1e-8)
                return;
    for (uint64_t i = 0; i < w->size; i++)
        if (i != best) {
            s->at[i] = EMPTY;
            s->moved[i] = 0;
        }
    s->s.run++;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct swarm *w = (struct swarm *)self;
    struct state *s = &w->state;
    const uint64_t at = s->history.n;
    struct pending p = { 0, 0, 0 };
    int own = hone_history_runs(&s->history, outcome->trial, outcome->x);
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    if (rc != HONE_OK)
        return rc;
    own = hone_notes_take(&s->pending, outcome->trial, &p, w->cube.row) && own && p.run == s->s.run;
    if (!own)
        hone_cube_row(&w->cube, outcome->x, w->cube.row);
    const uint64_t held = hone_history_place(&s->history, s->at, w->size, outcome->trial);
    if (s->history.status[at] != HONE_FAILED) {
        if (held < w->size) /* paused, and gone on: one point is one memory */
            go_on(w, held, at, w->cube.row);
        else if (!own)
            welcome(w, at, w->cube.row);
        else if (s->at[p.particle] == EMPTY || hone_history_compare(&s->history, at, s->at[p.particle]) < 0)
            remember(w, p.particle, at, w->cube.row);
    }
    if (own && ++s->s.told >= w->size) {
        s->s.told = 0;
        if (w->settings.restarts)
            scatter_if_one(w);
    }
    return HONE_OK;
}

static const char doc[] =
    "Particle swarm: particles fly through the space; each is drawn to the best place it has seen and to the best that "
    "its neighbours have seen, and keeps part of its velocity. Simple, quick, at home in smooth numeric spaces of up "
    "to "
    "some dozens of parameters; a few microseconds a proposal.\n\n"
    "## The movement\n"
    "v becomes chi (v + c1 r1 (own best - x) + c2 r2 (neighbours' best - x)), then x becomes x + v, with r1 and r2 new "
    "for every parameter, c1 = `cognitive`, c2 = `social` and chi = 0.73 for both at 2.05 (`inertia = constriction`); "
    "with `linear`, an inertia that falls from 0.9 to 0.4 multiplies v alone. A parameter that reaches its border "
    "stays "
    "there and turns at half its speed. `topology` says who the neighbours are.\n\n"
    "## Mixed spaces\n"
    "Parameters move on their own scales; integers, steps and ordinals are rounded for the trial and keep their "
    "fraction. A choice stays, or becomes that of the own or of the neighbours' best place, with probabilities in the "
    "ratio of inertia and pulls; with probability `change` it is drawn from its prior. Inactive parameters fly "
    "on.\n\n"
    "## Parallel trials and outcomes\n"
    "The next particle in turn moves when a trial is asked for, by what is known then: nothing waits. Fewer violations "
    "are better, then complete before pruned, then the value; failed trials and values that are not numbers are "
    "forgotten. A trial that was paused and goes on stays the memory that it is. Outcomes of other searches become "
    "memories of particles that have none, or replace the worst. Moves to "
    "points that are known or forbidden by a relation are made again, at last shifted; a finite space is never "
    "repeated and ends when it is spent. When all best places have become one, all particles but the best are "
    "scattered (`restarts`).\n\n"
    "## Sources\n"
    "Kennedy, J. and Eberhart, R. (1995). Particle swarm optimization. ICNN. Shi, Y. and Eberhart, R. (1998). A "
    "modified particle swarm optimizer. ICEC. Clerc, M. and Kennedy, J. (2002). The particle swarm: explosion, "
    "stability, and convergence. IEEE Trans. Evol. Comput. 6, 58-73. Bratton, D. and Kennedy, J. (2007). Defining a "
    "standard for particle swarm optimization. SIS. Constraints: Deb, K. (2000). Comput. Methods Appl. Mech. Engrg. "
    "186, 311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component particle_swarm = {
    sizeof particle_swarm,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "particle_swarm",
    "Particle swarm with constriction or inertia, ring or global",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    state_save,
    state_load,
    NULL,
};
HONE_MODULE("org.hone.search.particle_swarm", "0.1.0", "MIT", "the hone authors", "", &particle_swarm)
