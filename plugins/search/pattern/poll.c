/* SPDX-License-Identifier: MIT */
/* search/pattern: the poll. Directions that span the space positively, tried one after the other until one is
 * better: then the centre moves and the step grows; when none is, the step shrinks. */
#include "poll.h"

static int is_continuous(const struct pattern *p, uint32_t k)
{
    const hone_dim *d = hone_cube_dim(&p->cube, k);
    return d->type == HONE_DIM_REAL && !(d->step > 0);
}

/* All polls are open again; what runs belongs to none of them. */
static void open_polls(struct pattern *p)
{
    struct state *s = &p->state;
    struct pending *pending = (struct pending *)s->pending.items;
    memset(s->polls, OPEN, 2 * (size_t)p->n_polls);
    s->polls[2 * p->n_polls] = DONE;
    for (uint64_t i = 0; i < s->pending.n; i++)
        if (pending[i].poll != SCOUT)
            pending[i].poll = LATE;
}

void start_run(struct pattern *p, uint64_t at, const double *row)
{
    struct state *s = &p->state;
    s->s.run++;
    s->s.phase = POLLING;
    s->s.centre_at = at;
    s->s.step = p->settings.size;
    s->s.first = 0;
    s->s.n_moves = 0;
    s->s.n_scouts = 0;
    s->s.best_scout = EMPTY;
    memcpy(s->centre, row, p->cube.n * sizeof *row);
    memcpy(s->anchor, row, p->cube.n * sizeof *row);
    open_polls(p);
}

/* Direction i of the orthogonal basis number `basis` over the continuous dimensions that are active at the centre
 * (p->cube.x), into row: e_i - 2 q_i q for a random unit vector q, scaled to largest component 1 (Abramson et al. 2009,
 * "OrthoMADS", SIAM J. Optim. 20, section 3, with a pseudo-random q instead of a Halton sequence). */
static void add_direction(struct pattern *p, uint64_t basis, uint32_t i, double step, double *row)
{
    hone_rng rng = hone_rng_at(hone_rng_derive(p->seed, 3), basis);
    double squares = 0, largest = 0;
    for (uint32_t k = 0; k < p->n; k++) {
        p->q[k] = hone_rng_normal(&rng); /* a number for every dimension: directions depend on the basis alone */
        if (!is_continuous(p, k) || isnan(p->cube.x[p->cube.dims[k]]))
            p->q[k] = 0;
        squares += p->q[k] * p->q[k];
    }
    for (int pass = 0; pass < 2; pass++)
        for (uint32_t k = 0; k < p->n; k++) {
            const double d = (k == i) - 2 * p->q[i] * p->q[k] / squares;
            if (pass)
                row[k] += step * d / largest;
            else
                largest = fmax(largest, fabs(d));
        }
}

/* The value one step of at least one value beside v, in units; v where there is none. */
static double beside(const hone_dim *d, double v, double u, double step)
{
    const double to = u + step < 0 ? 0 : u + step > 1 ? 1 : u + step, w = hone_dim_from_unit(d, to);
    const double apart = (step < 0 ? -1 : 1) * (d->step > 0 ? d->step : 1);
    if (w < v || w > v)
        return w;
    return d->type == HONE_DIM_REAL && !(d->step > 0) ? v : hone_dim_snap(d, v + apart);
}

int poll_row(struct pattern *p, uint64_t poll, double *row)
{
    struct state *s = &p->state;
    const int next = poll >= p->n_polls && poll < 2 * (uint64_t)p->n_polls;
    const double step = s->s.step * (next ? p->settings.contraction : 1);
    const uint64_t basis = s->s.basis + (next ? 1u : 0u);
    uint64_t at = poll;
    memcpy(row, s->centre, p->cube.n * sizeof *row);
    if (poll == 2 * (uint64_t)p->n_polls) {
        memcpy(row, s->jump, p->cube.n * sizeof *row);
        return 1;
    }
    hone_cube_point(&p->cube, row, p->cube.x);
    at -= next ? p->n_polls : 0;
    if (at < 2 * (uint64_t)p->n) {
        const uint32_t k = (uint32_t)(at / 2);
        const double signed_step = at % 2 ? -step : step;
        const hone_dim *d = hone_cube_dim(&p->cube, k);
        const double v = p->cube.x[p->cube.dims[k]];
        if (isnan(v))
            return 0;
        if (p->settings.directions == ORTHOGONAL && is_continuous(p, k)) {
            add_direction(p, basis, k, signed_step, row);
            for (uint32_t i = 0; i < p->n; i++)
                row[i] = row[i] < 0 ? 0 : row[i] > 1 ? 1 : row[i];
        } else {
            const double w = beside(d, v, row[k], signed_step);
            row[k] = is_continuous(p, k) ? fmin(1, fmax(0, row[k] + signed_step)) : hone_dim_to_unit(d, w);
            return w < v || w > v;
        }
        return 1;
    }
    at -= 2 * (uint64_t)p->n;
    for (uint32_t k = p->n; k < p->cube.n; k++) {
        const hone_dim *d = hone_cube_dim(&p->cube, k);
        if (at < d->n_choices) {
            const double v = (double)at;
            if (isnan(p->cube.x[p->cube.dims[k]]) || (d->weights && !(d->weights[at] > 0)) ||
                !(v < row[k] || v > row[k]))
                return 0;
            row[k] = v;
            return !next; /* choices have no step that could shrink */
        }
        at -= d->n_choices;
    }
    return 0;
}

uint64_t next_poll(const struct pattern *p)
{
    const struct state *s = &p->state;
    if (s->s.phase != POLLING)
        return SCOUT;
    if (s->polls[2 * p->n_polls] == OPEN)
        return 2 * (uint64_t)p->n_polls;
    for (uint64_t half = 0; half < 2; half++)
        for (uint64_t i = 0; i < p->n_polls; i++) {
            const uint64_t k = half * p->n_polls + (s->s.first + i) % p->n_polls;
            if (s->polls[k] == OPEN)
                return k;
        }
    return SCOUT;
}

/* The pattern move of Hooke and Jeeves 1961: as far again as the centre has come since the anchor. */
static void prepare_jump(struct pattern *p)
{
    struct state *s = &p->state;
    int far = 0;
    for (uint32_t k = 0; k < p->cube.n; k++) {
        const double to = k < p->n ? 2 * s->centre[k] - s->anchor[k] : s->centre[k];
        s->jump[k] = k < p->n ? fmin(1, fmax(0, to)) : to;
        far |= s->jump[k] < s->centre[k] || s->jump[k] > s->centre[k];
    }
    memcpy(s->anchor, s->centre, p->cube.n * sizeof *s->anchor);
    s->s.n_moves = 0;
    if (far && p->settings.pattern_moves)
        s->polls[2 * p->n_polls] = OPEN;
}

void poll_failed(struct pattern *p, uint64_t poll)
{
    struct state *s = &p->state;
    struct pending *pending = (struct pending *)s->pending.items;
    s->polls[poll] = DONE;
    for (uint64_t i = 0; i < p->n_polls; i++)
        if (s->polls[i] != DONE)
            return;
    if (s->polls[2 * p->n_polls] != DONE)
        return;
    if (s->s.n_moves > 1) { /* before the step shrinks: where the moves so far point to */
        prepare_jump(p);
        if (s->polls[2 * p->n_polls] == OPEN)
            return;
    }
    s->s.step *= p->settings.contraction;
    s->s.basis++;
    s->s.n_moves = 0;
    memcpy(s->anchor, s->centre, p->cube.n * sizeof *s->anchor);
    memcpy(s->polls, s->polls + p->n_polls, p->n_polls);
    memset(s->polls + p->n_polls, OPEN, p->n_polls);
    for (uint64_t i = 0; i < s->pending.n; i++) /* trials of the next poll are those of this one now */
        if (pending[i].poll >= p->n_polls && pending[i].poll < 2 * (uint64_t)p->n_polls)
            pending[i].poll -= p->n_polls;
        else if (pending[i].poll != SCOUT)
            pending[i].poll = LATE;
    if (s->s.step < p->settings.tolerance_point) {
        open_polls(p);
        s->s.phase = SCOUTING;
        return;
    }
    for (uint64_t i = 0; i < p->n_polls; i++) /* were they all done before? */
        if (s->polls[i] != DONE)
            return;
    poll_failed(p, 0);
}

void move_centre(struct pattern *p, uint64_t at, const double *row, uint64_t poll)
{
    struct state *s = &p->state;
    s->s.centre_at = at;
    memcpy(s->centre, row, p->cube.n * sizeof *row);
    if (poll < 2 * (uint64_t)p->n_polls) {
        s->s.first = poll % p->n_polls;
        if (s->s.first < 2 * (uint64_t)p->n)
            s->s.step = fmin(p->settings.size, s->s.step * p->settings.expansion);
    }
    s->s.n_moves++;
    open_polls(p);
    if (s->s.n_moves > p->n)
        prepare_jump(p);
}
