/* SPDX-License-Identifier: MIT */
/* search/nelder_mead: the simplex method of Nelder and Mead for studies: several trials at a time, mixed spaces,
 * restarts. simplex.c decides, this file asks for its points and hears of their outcomes. */
#include "simplex.h"

enum {
    KNOWN_TRIES = 200,
    RANDOM_TRIES = 100,
    CHOICE_TURN = 8 /* one trial in so many tries another choice */
};

static const char *const coefficient_names[] = { "adaptive", "standard", NULL };
static const char *const restart_names[] = { "best", "random", "none", NULL };
static const hone_param params[] = {
    HONE_ENUM(struct settings, coefficients, "adaptive", coefficient_names, 0,
              "adaptive: expansion 1 + 2 / n, contraction 0.75 - 1 / (2 n), shrinkage 1 - 1 / n for n parameters; "
              "standard: 2, 1/2, 1/2."),
    HONE_ENUM(struct settings, restarts, "best", restart_names, 0,
              "What follows a simplex that has converged. best: a new one around its best point as long as that pays, "
              "then from elsewhere; random: from elsewhere; none: random points for ever."),
    HONE_INT(struct settings, startup, "10", 1, 1e6, 0, "trials",
             "Random points before a simplex from elsewhere, which starts from the best of them."),
    HONE_REAL(struct settings, size, "0.2", 0, 1, HONE_P_LO_OPEN, NULL,
              "Edge of a new simplex, as a share of each parameter's range on its own scale."),
    HONE_REAL(struct settings, tolerance_point, "1e-6", 0, 1, HONE_P_LOG, NULL,
              "A simplex has converged when all its edges are shorter than this share of the ranges."),
    HONE_REAL(struct settings, tolerance_value, "1e-12", 0, HUGE_VAL, HONE_P_LOG, NULL,
              "A simplex has converged when its values lie within this range."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct nelder_mead), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct nelder_mead *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    if (!m)
        return;
    state_release(&m->state);
    hone_cube_release(&m->cube);
    free(m->scratch);
    free(m);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    hone_rc rc;
    if ((rc = hone_search_one_objective(info, "nelder_mead", err)) != HONE_OK ||
        (rc = hone_cube_init(&m->cube, space, HONE_CUBE_NUMBERS_FIRST, err)) != HONE_OK)
        return rc;
    if (!(m->scratch = (double *)calloc(space->n_dims + 1u, sizeof *m->scratch)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    m->n = m->cube.n_numbers;
    m->n_slots = m->n + 1 + N_CANDIDATES;
    m->info = *info;
    return state_init(m, &m->state, err);
}

/* ---- asks ---- */

/* The best vertex with another choice of one kind into x; 0: there is none that may be tried. */
static int change_choice(struct nelder_mead *m, hone_rng *rng, double *x)
{
    const struct state *s = &m->state;
    uint32_t n = 0, picked = 0;
    if (s->s.phase == SCOUTING)
        return 0;
    memcpy(m->cube.row, s->rows, m->cube.n * sizeof *m->cube.row);
    hone_cube_point(&m->cube, m->cube.row, x);
    for (uint32_t k = m->n; k < m->cube.n; k++)
        if (!isnan(x[m->cube.dims[k]]) && hone_rng_below(rng, ++n) == 0)
            picked = k;
    if (!n)
        return 0;
    m->cube.row[picked] = hone_dim_neighbour(hone_cube_dim(&m->cube, picked), m->cube.row[picked], 0, rng);
    hone_cube_point(&m->cube, m->cube.row, x);
    return hone_history_may(&s->history, x);
}

/* The next slot to be tried into x, its row into m->cube.row. Points that are known already, or forbidden, are
 * answered at once, and the simplex goes on. SCOUT, NEIGHBOUR: x is no slot's. */
static uint64_t choose(struct nelder_mead *m, uint64_t trial, hone_rng *rng, double *x)
{
    struct state *s = &m->state;
    if (trial % CHOICE_TURN == CHOICE_TURN - 1 && change_choice(m, rng, x))
        return NEIGHBOUR;
    for (int i = 0; i < KNOWN_TRIES; i++) {
        const uint64_t slot = next_slot(m);
        if (slot == SCOUT)
            break;
        memcpy(m->cube.row, s->rows + slot * m->cube.n, m->cube.n * sizeof *m->cube.row);
        hone_cube_point(&m->cube, m->cube.row, x);
        if (hone_history_may(&s->history, x))
            return slot;
        if (!hone_space_allowed(m->cube.space, x))
            s->slots[slot].at = FORBIDDEN;
        else if ((s->slots[slot].at = hone_lookup_find(&s->lookup, &s->history, x)) == EMPTY)
            break; /* it runs already, for another slot */
        advance(m);
    }
    for (int i = 0; i < RANDOM_TRIES; i++) {
        hone_space_draw(m->cube.space, rng, x);
        if (hone_history_may(&s->history, x))
            break;
    }
    return SCOUT;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    struct state *s = &m->state;
    hone_rng rng = hone_rng_at(m->seed, trial);
    struct pending p = { trial, SCOUT, 0, 0 }, old;
    hone_rc rc;
    if (!s->s.run && s->s.phase == SCOUTING && s->s.n_scouts == 0) { /* what others know is where to begin */
        const uint64_t best = hone_history_best(&s->history);
        if (best != EMPTY) {
            hone_cube_row(&m->cube, s->history.x + best * s->history.n_dims, m->cube.row);
            start_run(m, best, m->cube.row);
            advance(m);
        }
    }
    if (hone_notes_take(&s->pending, trial, &old, NULL) && old.slot < m->n_slots && old.epoch == s->s.epoch)
        s->slots[old.slot].asked = 0;
    p.slot = choose(m, trial, &rng, x);
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    if (p.slot < m->n_slots)
        s->slots[p.slot].asked = 1;
    else
        hone_cube_row(&m->cube, x, m->cube.row);
    p.epoch = s->s.epoch;
    p.run = s->s.run;
    return hone_notes_add(&s->pending, &p, m->cube.row, err);
}

/* ---- outcomes ---- */

/* A random point, or one of another search, while there is no simplex: the best of them is the next start. */
static void hear_scout(struct nelder_mead *m, uint64_t at)
{
    struct state *s = &m->state;
    s->s.n_scouts++;
    if (hone_history_usable(&s->history, at) &&
        (s->s.best_scout == EMPTY || hone_history_compare(&s->history, at, s->s.best_scout) < 0))
        s->s.best_scout = at;
}

static void start_from_scouts(struct nelder_mead *m)
{
    struct state *s = &m->state;
    if (s->s.phase != SCOUTING || s->s.n_scouts < (uint64_t)m->settings.startup || s->s.best_scout == EMPTY ||
        (s->s.run && m->settings.restarts == RESTART_NONE))
        return;
    hone_cube_row(&m->cube, s->history.x + s->s.best_scout * s->history.n_dims, m->cube.row);
    start_run(m, s->s.best_scout, m->cube.row);
    advance(m);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    struct state *s = &m->state;
    const uint64_t at = s->history.n;
    struct pending p = { 0, SCOUT, 0, 0 };
    int own = hone_history_runs(&s->history, outcome->trial, outcome->x), asked;
    hone_rc rc;
    if ((rc = hone_history_tell(&s->history, outcome, err)) != HONE_OK ||
        (rc = hone_lookup_follow(&s->lookup, &s->history, err)) != HONE_OK)
        return rc;
    asked = hone_notes_take(&s->pending, outcome->trial, &p, m->cube.row);
    own = own && asked;
    if (!own)
        hone_cube_row(&m->cube, outcome->x, m->cube.row);
    if (p.slot < m->n_slots && p.epoch == s->s.epoch) {
        s->slots[p.slot].asked = 0;
        if (own) {
            s->slots[p.slot].at = at;
            advance(m);
            start_from_scouts(m);
            return HONE_OK;
        }
    }
    if (asked && (p.slot == SCOUT || !own))
        hear_scout(m, at);
    if (hone_history_usable(&s->history, at))
        take_over(m, at, m->cube.row);
    start_from_scouts(m);
    return HONE_OK;
}

static const char doc[] =
    "The simplex method of Nelder and Mead: n + 1 points of which the worst is reflected, stretched and drawn in until "
    "they have closed in on a minimum. Local, without derivatives, at its best on smooth numeric objectives of up to "
    "ten parameters, and to refine what another search has found.\n\n"
    "## The method\n"
    "It starts from the best of `startup` random points, or of what others told before the first proposal. The steps "
    "are "
    "those of Lagarias et al., the coefficients by default those of Gao and Han, which depend on the number of "
    "parameters. Beyond its borders the box goes on mirrored, so that no simplex is flattened there. A simplex has "
    "converged when its edges or its values "
    "lie within the tolerances; `restarts` says what follows.\n\n"
    "## Parallel trials\n"
    "Proposals never wait. With one trial at a time the method is the published one. Further proposals are the "
    "points that the step may need next (expansion, outside and inside contraction, at once with the reflection); the "
    "vertices of a new or shrunken simplex are asked for all at once; whatever is asked beyond that is a random point, "
    "which counts towards the start of the next simplex. A late outcome better than the best vertex replaces the "
    "worst.\n\n"
    "## Mixed spaces\n"
    "The simplex moves on each parameter's own scale; integers, steps and ordinals are rounded for the trial. A point "
    "that is known already costs no trial: its outcome is used again. Choices, and which parameters are active, are "
    "those of the simplex's start; one trial in eight tries the best vertex with another choice, and a new simplex "
    "starts where that is better. A point that a relation forbids counts as worse than any other. A finite space is "
    "never repeated and ends when it is spent.\n\n"
    "## Outcomes\n"
    "Fewer violations are better, then complete before pruned (those that came further first), then the value; failed "
    "trials and values that are not numbers are worst.\n\n"
    "## Sources\n"
    "Nelder, J. A. and Mead, R. (1965). A simplex method for function minimization. Computer Journal 7, 308-313. "
    "Lagarias, J. C. et al. (1998). Convergence properties of the Nelder-Mead simplex method in low dimensions. SIAM "
    "J. "
    "Optim. 9, 112-147. Gao, F. and Han, L. (2012). Implementing the Nelder-Mead simplex algorithm with adaptive "
    "parameters. Comput. Optim. Appl. 51, 259-277. Constraints: Deb, K. (2000). Comput. Methods Appl. Mech. Engrg. "
    "186, "
    "311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component nelder_mead = {
    sizeof nelder_mead,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "nelder_mead",
    "Nelder-Mead simplex with adaptive coefficients and restarts",
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
HONE_MODULE("org.hone.search.nelder_mead", "0.1.0", "MIT", "the hone authors", "", &nelder_mead)
