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
    free(m->dims);
    free(m->row);
    free(m->x);
    free(m->scratch);
    free(m);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    if (info->n_values != 1)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "nelder_mead minimizes one objective, the study has %u: name one objective or use another "
                         "search, such as nsga2",
                         info->n_values);
    m->dims = (uint32_t *)calloc(space->n_dims + 1u, sizeof *m->dims);
    m->row = (double *)calloc(space->n_dims + 1u, sizeof *m->row);
    m->x = (double *)calloc(space->n_dims + 1u, sizeof *m->x);
    m->scratch = (double *)calloc(space->n_dims + 1u, sizeof *m->scratch);
    if (!m->dims || !m->row || !m->x || !m->scratch)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    for (int choices = 0; choices < 2; choices++)
        for (uint32_t i = 0; i < space->n_dims; i++)
            if (hone_dim_count(space->dims[i]) != 1 && (space->dims[i]->type == HONE_DIM_CHOICE) == choices) {
                m->dims[m->width++] = i;
                m->n += !choices;
            }
    m->n_slots = m->n + 1 + N_CANDIDATES;
    m->space = space;
    m->info = *info;
    return state_init(m, &m->state, err);
}

/* ---- points ---- */

void row_of_point(const struct nelder_mead *m, const double *x, double *row)
{
    for (uint32_t k = 0; k < m->width; k++) {
        const hone_dim *d = m->space->dims[m->dims[k]];
        const double v = x[m->dims[k]];
        row[k] = isnan(v) ? (k < m->n ? 0.5 : hone_dim_from_unit(d, 0.5)) : k < m->n ? hone_dim_to_unit(d, v) : v;
    }
}

void point_of_row(const struct nelder_mead *m, const double *row, double *x)
{
    for (uint32_t i = 0; i < m->space->n_dims; i++)
        if (hone_dim_count(m->space->dims[i]) == 1)
            x[i] = hone_dim_from_unit(m->space->dims[i], 0.5);
    for (uint32_t k = 0; k < m->width; k++)
        x[m->dims[k]] = k < m->n ? hone_dim_from_unit(m->space->dims[m->dims[k]], hone_unit_reflect(row[k])) : row[k];
    hone_space_settle(m->space, x);
}

hone_rc add_pending(struct nelder_mead *m, struct state *s, const struct pending *p, const double *row, hone_error *err)
{
    return hone_pending_add((void **)&s->pending, sizeof *s->pending, &s->pending_rows, m->width, &s->n_pending,
                            &s->pending_capacity, p, row, err);
}

static void remove_pending(struct nelder_mead *m, uint64_t i)
{
    struct state *s = &m->state;
    hone_pending_remove(s->pending, sizeof *s->pending, s->pending_rows, m->width, &s->n_pending, i);
}

/* ---- asks ---- */

/* The best outcome told so far that is one, or EMPTY. */
static uint64_t best_told(const hone_history *h)
{
    uint64_t best = EMPTY;
    for (uint64_t i = 0; i < h->n; i++)
        if (hone_history_usable(h, i) && (best == EMPTY || compare_outcomes(h, i, best) < 0))
            best = i;
    return best;
}

/* The best vertex with another choice of one kind into x; 0: there is none that may be tried. */
static int change_choice(struct nelder_mead *m, hone_rng *rng, double *x)
{
    const struct state *s = &m->state;
    uint32_t n = 0, picked = 0;
    if (s->s.phase == SCOUTING)
        return 0;
    memcpy(m->row, s->rows, m->width * sizeof *m->row);
    point_of_row(m, m->row, x);
    for (uint32_t k = m->n; k < m->width; k++)
        if (!isnan(x[m->dims[k]]) && hone_rng_below(rng, ++n) == 0)
            picked = k;
    if (!n)
        return 0;
    m->row[picked] = hone_dim_neighbour(m->space->dims[m->dims[picked]], m->row[picked], 0, rng);
    point_of_row(m, m->row, x);
    return hone_history_may(&s->history, x);
}

/* The next slot to be tried into x, its row into m->row. Points that are known already, or forbidden, are
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
        memcpy(m->row, s->rows + slot * m->width, m->width * sizeof *m->row);
        point_of_row(m, m->row, x);
        if (hone_history_may(&s->history, x))
            return slot;
        if (!hone_space_allowed(m->space, x))
            s->slots[slot].at = FORBIDDEN;
        else if ((s->slots[slot].at = hone_lookup_find(&s->lookup, &s->history, x)) == EMPTY)
            break; /* it runs already, for another slot */
        advance(m);
    }
    for (int i = 0; i < RANDOM_TRIES; i++) {
        hone_space_draw(m->space, rng, x);
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
    struct pending p = { trial, SCOUT, 0, 0 };
    hone_rc rc;
    if (!s->s.run && s->s.phase == SCOUTING && s->s.n_scouts == 0) { /* what others know is where to begin */
        const uint64_t best = best_told(&s->history);
        if (best != EMPTY) {
            row_of_point(m, s->history.x + best * s->history.n_dims, m->row);
            start_run(m, best, m->row);
            advance(m);
        }
    }
    for (uint64_t i = 0; i < s->n_pending; i++)
        if (s->pending[i].trial == trial) {
            if (s->pending[i].slot < m->n_slots && s->pending[i].epoch == s->s.epoch)
                s->slots[s->pending[i].slot].asked = 0;
            remove_pending(m, i);
            break;
        }
    p.slot = choose(m, trial, &rng, x);
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    if (p.slot < m->n_slots)
        s->slots[p.slot].asked = 1;
    else
        row_of_point(m, x, m->row);
    p.epoch = s->s.epoch;
    p.run = s->s.run;
    return add_pending(m, s, &p, m->row, err);
}

/* ---- outcomes ---- */

/* A random point, or one of another search, while there is no simplex: the best of them is the next start. */
static void hear_scout(struct nelder_mead *m, uint64_t at)
{
    struct state *s = &m->state;
    s->s.n_scouts++;
    if (hone_history_usable(&s->history, at) &&
        (s->s.best_scout == EMPTY || compare_outcomes(&s->history, at, s->s.best_scout) < 0))
        s->s.best_scout = at;
}

static void start_from_scouts(struct nelder_mead *m)
{
    struct state *s = &m->state;
    if (s->s.phase != SCOUTING || s->s.n_scouts < (uint64_t)m->settings.startup || s->s.best_scout == EMPTY ||
        (s->s.run && m->settings.restarts == RESTART_NONE))
        return;
    row_of_point(m, s->history.x + s->s.best_scout * s->history.n_dims, m->row);
    start_run(m, s->s.best_scout, m->row);
    advance(m);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    struct state *s = &m->state;
    const uint64_t at = s->history.n;
    struct pending p = { 0, SCOUT, 0, 0 };
    int own = 0, asked = 0;
    hone_rc rc;
    for (uint64_t i = 0; i < s->history.n_running; i++)
        if (s->history.running[i].trial == outcome->trial)
            own = hone_point_same(s->history.running_x + i * s->history.n_dims, outcome->x, s->history.n_dims);
    if ((rc = hone_history_tell(&s->history, outcome, err)) != HONE_OK ||
        (rc = hone_lookup_follow(&s->lookup, &s->history, err)) != HONE_OK)
        return rc;
    row_of_point(m, outcome->x, m->row);
    for (uint64_t i = 0; i < s->n_pending; i++)
        if (s->pending[i].trial == outcome->trial) {
            p = s->pending[i];
            asked = 1;
            if (own)
                memcpy(m->row, s->pending_rows + i * m->width, m->width * sizeof *m->row);
            remove_pending(m, i);
            break;
        }
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
        take_over(m, at, m->row);
    start_from_scouts(m);
    return HONE_OK;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    if (!m->space)
        return hone_fail(err, HONE_EINVAL, "", "there is no state before the space is known: open comes first");
    return state_save(m, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    if (!m->space)
        return hone_fail(err, HONE_EINVAL, "", "a state cannot be loaded before the space is known: open comes first");
    return state_load(m, in, err);
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
    save,
    load,
    NULL,
};
HONE_MODULE("org.hone.search.nelder_mead", "0.1.0", "MIT", "the hone authors", "", &nelder_mead)
