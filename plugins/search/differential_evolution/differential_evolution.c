/* SPDX-License-Identifier: MIT */
/* search/differential_evolution: a population of points, each of which is challenged in turn by a mixture of
 * others (Storn and Price 1997). Asynchronous: a challenger is made from the population of the moment, and
 * meets whoever holds the slot when its outcome arrives. */
#include "evolution.h"

enum {
    TRIES = 20,   /* challengers made before one that is known, forbidden or equal to its opponent is moved */
    MEMBERS = 4,  /* members that a mixture needs */
    SMALL = 10,   /* slots for studies of */
    FEW = 2000,   /* trials at most: hone bench search finds more with them than with 10 and one for each parameter */
    MOST = 100000 /* slots */
};

static const char *const strategies[] = { "rand1", "best1", "current_to_pbest1", NULL };
static const char *const adaptations[] = { "none", "jade", "shade", NULL };
static const hone_param params[] = {
    HONE_INT(struct settings, population, "0", 0, MOST, 0, "trials",
             "Points of the population, 4 at least; 0: 10, and where the study has more than 2,000 trials one more for "
             "each parameter, at most 100."),
    HONE_ENUM(struct settings, strategy, "current_to_pbest1", strategies, 0,
              "How a challenger is mixed. rand1: a random point and the difference of two; best1: the best point and "
              "one; current_to_pbest1: its opponent, the way to one of the best, and the difference to one that may "
              "have been replaced already."),
    HONE_ENUM(struct settings, adaptation, "shade", adaptations, 0,
              "How factor and crossover rate follow what succeeded: by running means (jade), by a memory of success "
              "weighted by gain (shade), or not at all."),
    HONE_REAL(struct settings, factor, "0.5", 0, 2, HONE_P_LO_OPEN, NULL,
              "Factor of the differences where adaptation = none."),
    HONE_REAL(struct settings, crossover, "0.9", 0, 1, 0, NULL,
              "Share of parameters that a challenger takes from the mixture where adaptation = none."),
    HONE_REAL(struct settings, best_share, "0.11", 0, 1, HONE_P_LO_OPEN, NULL,
              "Share of the population that counts as best in current_to_pbest1; two points at least."),
    HONE_BOOL(struct settings, restarts, "yes", 0,
              "Whether a population whose points have all become one begins anew, with its best kept."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *settings = (const struct settings *)info->config;
    (void)host;
    if (settings->population && settings->population < MEMBERS)
        return hone_fail(err, HONE_ERANGE, "population", "population = %lld is too small: %d at least, or 0",
                         (long long)settings->population, (int)MEMBERS);
    const hone_rc rc = hone_instance_create(info, sizeof *settings, sizeof(struct evolution), self, err);
    if (rc == HONE_OK)
        ((struct evolution *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct evolution *e = (struct evolution *)self;
    if (!e)
        return;
    state_release(&e->state);
    hone_cube_release(&e->cube);
    free(e);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct evolution *e = (struct evolution *)self;
    hone_rc rc;
    if ((rc = hone_search_one_objective(info, "differential evolution", err)) != HONE_OK ||
        (rc = hone_cube_init(&e->cube, space, HONE_CUBE_IN_ORDER, err)) != HONE_OK)
        return rc;
    e->size = SMALL;
    if (e->settings.population)
        e->size = (uint32_t)e->settings.population;
    else if (info->trials > FEW)
        e->size = e->cube.n < 90 ? SMALL + e->cube.n : 100;
    e->info = *info;
    return state_init(e, &e->state, err);
}

/* ---- the population ---- */

/* Takes the slot out of the order, and puts it in again where its member belongs. */
static void place(struct state *s, uint64_t slot, int was_there)
{
    uint64_t i = 0;
    if (was_there) {
        while (s->order[i] != slot)
            i++;
        memmove(s->order + i, s->order + i + 1, (size_t)(s->n_members - i - 1) * sizeof *s->order);
        s->n_members--;
    }
    for (i = s->n_members; i > 0; i--) {
        const int c = hone_history_compare(&s->history, s->at[slot], s->at[s->order[i - 1]]);
        if (c > 0 || (c == 0 && slot > s->order[i - 1]))
            break;
        s->order[i] = s->order[i - 1];
    }
    s->order[i] = slot;
    s->n_members++;
}

void order_members(struct evolution *e, struct state *s)
{
    s->n_members = 0;
    for (uint32_t i = 0; i < e->size; i++)
        if (s->at[i] != EMPTY)
            place(s, i, 0);
}

/* ---- challengers ---- */

/* A member's row, neither of the slots a and b. */
static const double *another(const struct evolution *e, hone_rng *rng, uint64_t a, uint64_t b, uint64_t *slot)
{
    const struct state *s = &e->state;
    do
        *slot = s->order[hone_rng_below(rng, s->n_members)];
    while (*slot == a || *slot == b);
    return e->state.rows + *slot * e->cube.n;
}

/* One coordinate of the mixture: base, drawn towards `to` and by the difference of p and q. A value outside
 * the box is set half way between the opponent's and the border (JADE). A choice is the base's, with
 * probability F that of `to`; where p and q differ, with probability F one by the prior: as numbers, choices
 * stop changing when all agree. */
static double mix(const hone_dim *d, double base, double to, double p, double q, double f, double opponent,
                  hone_rng *rng)
{
    if (d->type == HONE_DIM_CHOICE) {
        double v = base;
        if (hone_rng_uniform(rng) < f)
            v = to;
        if ((p < q || p > q) && hone_rng_uniform(rng) < f)
            v = hone_dim_from_unit(d, hone_rng_uniform(rng));
        return v;
    } else {
        const double v = base + f * (to - base) + f * (p - q);
        return v < 0 ? opponent / 2 : v > 1 ? (opponent + 1) / 2 : v;
    }
}

/* A challenger of the slot's member into row, or of nobody in particular where the slot is empty. */
static void challenge(const struct evolution *e, uint64_t slot, double f, double cr, hone_rng *rng, double *row)
{
    const struct state *s = &e->state;
    const int empty = s->at[slot] == EMPTY;
    const double *opponent = s->rows + (empty ? s->order[hone_rng_below(rng, s->n_members)] : slot) * e->cube.n;
    const double *base, *to, *p, *q;
    const uint32_t certain = (uint32_t)hone_rng_below(rng, e->cube.n);
    uint64_t a, b, c, best = (uint64_t)floor(e->settings.best_share * (double)s->n_members + 0.5);
    best = best < 2 ? 2 : best;
    p = another(e, rng, slot, slot, &a);
    q = another(e, rng, slot, a, &b);
    if (e->settings.strategy == RAND_1) {
        do
            base = to = another(e, rng, slot, a, &c);
        while (c == b);
    } else if (e->settings.strategy == BEST_1) {
        base = to = s->rows + s->order[0] * e->cube.n;
    } else {
        const uint64_t k = hone_rng_below(rng, s->n_members + s->s.n_archive);
        base = opponent;
        to = s->rows + s->order[hone_rng_below(rng, best)] * e->cube.n;
        if (k >= s->n_members)
            q = s->archive + (k - s->n_members) * e->cube.n;
    }
    for (uint32_t k = 0; k < e->cube.n; k++)
        row[k] = k == certain || hone_rng_uniform(rng) < cr
                     ? mix(hone_cube_dim(&e->cube, k), base[k], to[k], p[k], q[k], f, opponent[k], rng)
                     : opponent[k];
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct evolution *e = (struct evolution *)self;
    struct state *s = &e->state;
    hone_rng rng = hone_rng_at(e->seed, trial);
    struct pending p = { trial, s->s.asked % e->size, s->s.run, 0.5, 0.5 };
    const int mixed = s->n_members >= MEMBERS && e->cube.n;
    const double *opponent = s->at[p.slot] == EMPTY ? NULL : s->history.x + s->at[p.slot] * s->history.n_dims;
    hone_rc rc;
    for (int i = 0; i < TRIES; i++) {
        if (mixed && (opponent || s->s.asked >= e->size)) {
            rates_draw(&s->s.rates, &e->settings, &rng, &p.factor, &p.crossover);
            challenge(e, p.slot, p.factor, p.crossover, &rng, e->cube.row);
        } else {
            hone_cube_draw(&e->cube, &rng, e->cube.row);
        }
        hone_cube_point(&e->cube, e->cube.row, x);
        if (hone_history_may(&s->history, x) && !(opponent && hone_point_same(x, opponent, s->history.n_dims)))
            break;
    }
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    hone_cube_follow(&e->cube, x, e->cube.row);
    hone_notes_take(&s->pending, trial, NULL, NULL);
    s->s.asked++;
    return hone_notes_add(&s->pending, &p, e->cube.row, err);
}

/* ---- outcomes ---- */

/* The member of `slot` leaves for the archive, whose fullest state loses a random one. */
static void retire(struct evolution *e, uint64_t slot, uint64_t trial)
{
    struct state *s = &e->state;
    hone_rng rng = hone_rng_at(hone_rng_derive(e->seed, 1), trial);
    const uint64_t i = s->s.n_archive < e->size ? s->s.n_archive++ : hone_rng_below(&rng, e->size);
    memcpy(s->archive + i * e->cube.n, s->rows + slot * e->cube.n, e->cube.n * sizeof *s->rows);
}

static void settle_in(struct evolution *e, uint64_t slot, uint64_t at, const double *row)
{
    struct state *s = &e->state;
    const int was_there = s->at[slot] != EMPTY;
    s->at[slot] = at;
    memcpy(s->rows + slot * e->cube.n, row, e->cube.n * sizeof *row);
    place(s, slot, was_there);
}

/* A point that others proposed takes an empty slot, or that of the worst member if it is better. */
static void welcome(struct evolution *e, uint64_t at, const double *row, uint64_t trial)
{
    struct state *s = &e->state;
    uint64_t slot = 0;
    while (slot < e->size && s->at[slot] != EMPTY)
        slot++;
    if (slot == e->size) {
        slot = s->order[s->n_members - 1];
        if (hone_history_compare(&s->history, at, s->at[slot]) >= 0)
            return;
        retire(e, slot, trial);
    }
    settle_in(e, slot, at, row);
}

/* A population that has become one point finds nothing more: all but the best leave. */
static void restart_if_one(struct evolution *e)
{
    struct state *s = &e->state;
    const double *best = s->rows + s->order[0] * e->cube.n;
    const uint64_t keep = s->n_members ? s->order[0] : 0;
    if (!e->settings.restarts || s->n_members < e->size)
        return;
    for (uint32_t i = 0; i < e->size; i++)
        for (uint32_t k = 0; k < e->cube.n; k++)
            if (fabs(s->rows[(uint64_t)i * e->cube.n + k] - best[k]) > 1e-10)
                return;
    for (uint32_t i = 0; i < e->size; i++)
        if (i != keep)
            s->at[i] = EMPTY;
    s->s.run++;
    s->s.asked = 0;
    s->s.n_archive = 0;
    rates_init(&s->s.rates, 0.5, 0.5);
    order_members(e, s);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct evolution *e = (struct evolution *)self;
    struct state *s = &e->state;
    const uint64_t at = s->history.n;
    struct pending p = { 0 };
    int own = hone_history_runs(&s->history, outcome->trial, outcome->x);
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    if (rc != HONE_OK)
        return rc;
    own = hone_notes_take(&s->pending, outcome->trial, &p, e->cube.row) && own && p.run == s->s.run;
    if (!own)
        hone_cube_row(&e->cube, outcome->x, e->cube.row);
    const uint64_t held = hone_history_place(&s->history, s->at, e->size, outcome->trial);
    if (s->history.status[at] != HONE_FAILED) {
        if (held < e->size) { /* one point is one member, however often it is told */
            s->at[held] = at;
            place(s, held, 1);
        } else if (!own) {
            welcome(e, at, e->cube.row, outcome->trial);
        } else if (s->at[p.slot] == EMPTY) {
            settle_in(e, p.slot, at, e->cube.row);
        } else {
            const uint64_t opponent = s->at[p.slot];
            const int c = hone_history_compare(&s->history, at, opponent);
            if (c < 0 && s->s.rates.n < e->size) {
                const hone_history *h = &s->history;
                const struct success success = { p.factor, p.crossover,
                                                 h->status[at] == h->status[opponent] &&
                                                         !(h->violation[at] < h->violation[opponent])
                                                     ? fabs(h->values[opponent] - h->values[at])
                                                     : (double)NAN };
                s->successes[s->s.rates.n++] = success;
                retire(e, p.slot, outcome->trial);
            }
            if (c <= 0)
                settle_in(e, p.slot, at, e->cube.row);
        }
    }
    if (own && ++s->s.told >= e->size) {
        s->s.told = 0;
        rates_learn(&s->s.rates, e->settings.adaptation, s->successes);
        memset(s->successes, 0, e->size * sizeof *s->successes);
        restart_if_one(e);
    }
    return HONE_OK;
}

static const char doc[] =
    "Differential evolution: a population of points; each is challenged in turn by a mixture of others, in which the "
    "differences between members set direction and length of the steps, and the better of the two stays. Robust on "
    "rugged and badly scaled objectives, a few microseconds a proposal, at its best from several hundred trials on.\n\n"
    "## The mixture\n"
    "`strategy = rand1`: x1 + F (x2 - x3); `best1`: best + F (x2 - x3); `current_to_pbest1`: opponent + F (one of the "
    "best - opponent) + F (x2 - x3), where x3 may come from an archive of replaced members. A challenger takes each "
    "parameter from the mixture with probability CR, one at least, and the others from its opponent. A value outside "
    "its range is set half way between opponent and border.\n\n"
    "## F and CR\n"
    "Each challenger draws its own: F from a Cauchy distribution, CR from a normal one, both of width 0.1 around what "
    "has succeeded: running means (`adaptation = jade`) or a memory of six pairs, weighted by what each gained "
    "(`shade`). With `none` they are `factor` and `crossover`.\n\n"
    "## Mixed spaces\n"
    "Parameters move on their own scales; integers, steps and ordinals are rounded for the trial and keep their "
    "fraction in the population. A choice is that of the mixture's base, with probability F that of the best; where x2 "
    "and x3 differ in it, with probability F it is drawn from its prior: choices settle as numbers do when the "
    "population agrees. Inactive parameters keep a value that takes part in mixtures.\n\n"
    "## Parallel trials and outcomes\n"
    "A challenger is made from the population of the moment and meets the member that holds its slot when its outcome "
    "arrives: nothing waits. Fewer violations win, then complete before pruned, then the value; failed trials and "
    "values that are not numbers lose, and never enter. A trial that was paused and goes on keeps the slot it has. "
    "Outcomes of other searches take empty slots, or replace the worst. Points that are known, forbidden by a relation "
    "or equal to their opponent are mixed again, at last moved; "
    "a finite space is never repeated and ends when it is spent. A population that has become one point begins anew "
    "around its best (`restarts`).\n\n"
    "## Sources\n"
    "Storn, R. and Price, K. (1997). Differential evolution. J. Global Optimization 11, 341-359. Zhang, J. and "
    "Sanderson, A. C. (2009). JADE. IEEE Trans. Evol. Comput. 13, 945-958. Tanabe, R. and Fukunaga, A. (2013). "
    "Success-history based parameter adaptation for differential evolution. CEC; (2014) L-SHADE. CEC. Constraints: "
    "Deb, "
    "K. (2000). Comput. Methods Appl. Mech. Engrg. 186, 311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component differential_evolution = {
    sizeof differential_evolution,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "differential_evolution",
    "Differential evolution with adapted rates (JADE, SHADE)",
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
HONE_MODULE("org.hone.search.differential_evolution", "0.1.0", "MIT", "the hone authors", "", &differential_evolution)
