/* SPDX-License-Identifier: MIT */
/* search/pattern: generalized pattern search (Torczon 1997), asynchronous (Hough, Kolda and Torczon 2001):
 * poll points are asked for one after the other, as many as there are workers, and the first that is better
 * moves the centre. */
#include "poll.h"

enum { KNOWN_TRIES = 400, RANDOM_TRIES = 100 };

static const char *const direction_names[] = { "coordinate", "orthogonal", NULL };
static const char *const restart_names[] = { "random", "none", NULL };
static const hone_param params[] = {
    HONE_ENUM(
        struct settings, directions, "coordinate", direction_names, 0,
        "Where the poll looks. coordinate: each parameter up and down; orthogonal: a new random orthogonal basis "
        "after every failure, for real parameters (mesh adaptive direct search), each of the others up and down."),
    HONE_BOOL(struct settings, pattern_moves, "yes", 0,
              "Whether the poll is preceded, now and then, by a step as far again as the centre has come."),
    HONE_REAL(struct settings, size, "0.2", 0, 1, HONE_P_LO_OPEN, NULL,
              "Step at the start, and the longest, as a share of each parameter's range on its own scale."),
    HONE_REAL(struct settings, expansion, "1", 1, 10, 0, NULL,
              "Factor of the step after a success: 1 keeps it, which mostly takes the fewest trials; it never exceeds "
              "size."),
    HONE_REAL(struct settings, contraction, "0.5", 0, 1, HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL,
              "Factor of the step after a poll without success."),
    HONE_REAL(struct settings, tolerance_point, "1e-6", 0, 1, HONE_P_LO_OPEN | HONE_P_LOG, NULL,
              "Step below which the search has converged."),
    HONE_ENUM(struct settings, restarts, "random", restart_names, 0,
              "What follows. random: the same from elsewhere; none: random points for ever."),
    HONE_INT(struct settings, startup, "10", 1, 1e6, 0, "trials",
             "Random points before a start, which is the best of them."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct pattern), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct pattern *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct pattern *p = (struct pattern *)self;
    if (!p)
        return;
    state_release(&p->state);
    hone_cube_release(&p->cube);
    free(p->q);
    free(p);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct pattern *p = (struct pattern *)self;
    hone_rc rc;
    if ((rc = hone_search_one_objective(info, "pattern search", err)) != HONE_OK ||
        (rc = hone_cube_init(&p->cube, space, HONE_CUBE_NUMBERS_FIRST, err)) != HONE_OK)
        return rc;
    if (!(p->q = (double *)calloc(space->n_dims + 1u, sizeof *p->q)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    p->n = p->cube.n_numbers;
    p->n_polls = 2 * p->n;
    for (uint32_t k = p->n; k < p->cube.n; k++)
        p->n_polls += hone_cube_dim(&p->cube, k)->n_choices;
    p->info = *info;
    return state_init(p, &p->state, err);
}

/* ---- asks ---- */

/* The next poll to be tried into x, its row into p->cube.row. Points that are known, forbidden or running are
 * answered at once. SCOUT: x is a random point. */
static uint64_t choose(struct pattern *p, hone_rng *rng, double *x)
{
    struct state *s = &p->state;
    for (int i = 0; i < KNOWN_TRIES; i++) {
        const uint64_t poll = next_poll(p);
        uint64_t at = EMPTY;
        if (poll == SCOUT)
            break;
        if (poll_row(p, poll, p->cube.row)) {
            hone_cube_point(&p->cube, p->cube.row, x);
            if (hone_history_may(&s->history, x))
                return poll;
            if (hone_space_allowed(p->cube.space, x))
                at = hone_lookup_find(&s->lookup, &s->history,
                                      x); /* EMPTY: it runs; whatever polled it, it will be heard */
        }
        if (at != EMPTY && hone_history_compare(&s->history, at, s->s.centre_at) < 0)
            move_centre(p, at, p->cube.row, poll);
        else
            poll_failed(p, poll);
    }
    for (int i = 0; i < RANDOM_TRIES; i++) {
        hone_space_draw(p->cube.space, rng, x);
        if (hone_history_may(&s->history, x))
            break;
    }
    return SCOUT;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct pattern *p = (struct pattern *)self;
    struct state *s = &p->state;
    hone_rng rng = hone_rng_at(p->seed, trial);
    struct pending q = { trial, SCOUT }, old;
    hone_rc rc;
    if (!s->s.run && s->s.n_scouts == 0) { /* what others know is where to begin */
        const uint64_t best = hone_history_best(&s->history);
        if (best != EMPTY) {
            hone_cube_row(&p->cube, s->history.x + best * s->history.n_dims, p->cube.row);
            start_run(p, best, p->cube.row);
        }
    }
    if (hone_notes_take(&s->pending, trial, &old, NULL) && old.poll <= 2 * (uint64_t)p->n_polls)
        s->polls[old.poll] = OPEN;
    q.poll = choose(p, &rng, x);
    if ((rc = hone_history_propose(&s->history, trial, &rng, x, err)) != HONE_OK)
        return rc;
    if (q.poll == SCOUT)
        hone_cube_row(&p->cube, x, p->cube.row);
    else
        s->polls[q.poll] = RUNNING;
    return hone_notes_add(&s->pending, &q, p->cube.row, err);
}

/* ---- outcomes ---- */

/* A random point, or one of another search, while there is no centre: the best of them is the next start. */
static void hear_scout(struct pattern *p, uint64_t at)
{
    struct state *s = &p->state;
    s->s.n_scouts++;
    if (hone_history_usable(&s->history, at) &&
        (s->s.best_scout == EMPTY || hone_history_compare(&s->history, at, s->s.best_scout) < 0))
        s->s.best_scout = at;
}

static void start_from_scouts(struct pattern *p)
{
    struct state *s = &p->state;
    if (s->s.phase != SCOUTING || s->s.n_scouts < (uint64_t)p->settings.startup || s->s.best_scout == EMPTY ||
        (s->s.run && p->settings.restarts == RESTART_NONE))
        return;
    hone_cube_row(&p->cube, s->history.x + s->s.best_scout * s->history.n_dims, p->cube.row);
    start_run(p, s->s.best_scout, p->cube.row);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct pattern *p = (struct pattern *)self;
    struct state *s = &p->state;
    const uint64_t at = s->history.n;
    struct pending q = { outcome->trial, LATE };
    int own = hone_history_runs(&s->history, outcome->trial, outcome->x);
    hone_rc rc;
    if ((rc = hone_history_tell(&s->history, outcome, err)) != HONE_OK ||
        (rc = hone_lookup_follow(&s->lookup, &s->history, err)) != HONE_OK)
        return rc;
    own = hone_notes_take(&s->pending, outcome->trial, &q, p->cube.row) && own;
    if (!own) {
        hone_cube_row(&p->cube, outcome->x, p->cube.row);
        if (q.poll <= 2 * (uint64_t)p->n_polls)
            s->polls[q.poll] = OPEN;
    }
    if (q.poll == SCOUT)
        hear_scout(p, at);
    if (s->s.phase == POLLING) {
        if (hone_history_usable(&s->history, at) && hone_history_compare(&s->history, at, s->s.centre_at) < 0)
            move_centre(p, at, p->cube.row, own ? q.poll : LATE);
        else if (own && q.poll <= 2 * (uint64_t)p->n_polls)
            poll_failed(p, q.poll);
    }
    start_from_scouts(p);
    return HONE_OK;
}

static const char doc[] =
    "Generalized pattern search: from its centre it polls points one step away along directions that span the space; "
    "the first better one becomes the centre (and the step may grow, `expansion`), and when none is better it shrinks. "
    "Local, "
    "without derivatives and without a model of the objective: reliable where values are noisy or have kinks, and to "
    "refine what another search has found.\n\n"
    "## The poll\n"
    "Two directions for each numeric parameter (`directions`), the one that succeeded last first; one more for every "
    "other value of each choice. Integers, steps and ordinals move by one value at least. Steps are measured on each "
    "parameter's own scale and end at the borders. After as many moves as there are parameters, and before the step "
    "shrinks, a pattern move goes as far again as the centre has come.\n\n"
    "## Runs\n"
    "A run starts from the best of `startup` random points, or of what others told before the first proposal, and ends "
    "when the step falls below `tolerance_point`; `restarts` says what follows.\n\n"
    "## Parallel trials\n"
    "Proposals never wait: poll points are asked for one after the other; then those that come next if all of them "
    "fail; then random points, which count towards the next start. Whatever is better than the centre, late or from "
    "another search, moves it. One trial at a time this is the method as published.\n\n"
    "## Outcomes\n"
    "Points that are known cost no trial: their outcome is used again. Points that a relation forbids count as "
    "failures of the poll. Fewer violations are better, then complete before pruned (those that came further first), "
    "then the value; failed trials and values that are not numbers are never better. A finite space is never repeated "
    "and ends when it is spent.\n\n"
    "## Sources\n"
    "Hooke, R. and Jeeves, T. A. (1961). Direct search solution of numerical and statistical problems. J. ACM 8, "
    "212-229. Torczon, V. (1997). On the convergence of pattern search algorithms. SIAM J. Optim. 7, 1-25. Hough, P. "
    "D., Kolda, T. G. and Torczon, V. (2001). Asynchronous parallel pattern search for nonlinear optimization. SIAM J. "
    "Sci. Comput. 23, 134-156. Audet, C. and Dennis, J. E. (2001). Pattern search algorithms for mixed variable "
    "programming. SIAM J. Optim. 11, 573-594. Abramson, M. A. et al. (2009). OrthoMADS. SIAM J. Optim. 20, 948-966. "
    "Constraints: Deb, K. (2000). Comput. Methods Appl. Mech. Engrg. 186, 311-338.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component pattern = {
    sizeof pattern,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "pattern",
    "Generalized pattern search, coordinate or mesh adaptive, with restarts",
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
HONE_MODULE("org.hone.search.pattern", "0.1.0", "MIT", "the hone authors", "", &pattern)
