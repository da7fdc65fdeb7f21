/* SPDX-License-Identifier: MIT */
/* search/nelder_mead: the simplex. It decides by what its slots know, whoever learned it and when: with one
 * trial at a time that is the method as published (Nelder and Mead 1965, as stated by Lagarias et al. 1998),
 * with more of them the points that a step may need are known before it needs them. */
#include "simplex.h"

/* < 0 where what slot value i stands for is better than j. */
static int compare_slots(const hone_history *h, uint64_t i, uint64_t j)
{
    if (i == FORBIDDEN || j == FORBIDDEN)
        return (i == FORBIDDEN) - (j == FORBIDDEN);
    return hone_history_compare(h, i, j);
}

static double *row_of(const struct nelder_mead *m, uint64_t slot)
{
    return m->state.rows + slot * m->cube.n;
}

static struct slot *candidate(const struct nelder_mead *m, unsigned which)
{
    return m->state.slots + m->n + 1 + which;
}

void start_run(struct nelder_mead *m, uint64_t at, const double *row)
{
    struct state *s = &m->state;
    s->s.run++;
    s->s.epoch++;
    s->s.phase = BUILDING;
    s->s.n_scouts = 0;
    s->s.best_scout = EMPTY;
    s->s.started_from = at;
    s->s.range = -1;
    s->s.m = 0;
    hone_cube_point(&m->cube, row, m->cube.x);
    for (uint32_t k = 0; k < m->n; k++)
        if (!isnan(m->cube.x[m->cube.dims[k]]))
            s->used[s->s.m++] = k;
    for (uint64_t i = 0; i <= s->s.m; i++) {
        double *to = row_of(m, i);
        memcpy(to, row, m->cube.n * sizeof *row);
        s->slots[i].at = i ? EMPTY : at;
        s->slots[i].asked = 0;
        if (i) { /* one value further at least; the other way where that would leave the box */
            const uint32_t k = (uint32_t)s->used[i - 1];
            const double count = hone_dim_count(hone_cube_dim(&m->cube, k));
            const double step = fmax(m->settings.size, count > 0 ? 1.01 / count : 0);
            to[k] += to[k] + step <= 1 ? step : -step;
        }
    }
}

/* Vertices by quality, the order of equal ones kept. */
static void sort_vertices(struct nelder_mead *m)
{
    struct state *s = &m->state;
    for (uint64_t i = 1; i <= s->s.m; i++) {
        const struct slot v = s->slots[i];
        uint64_t k = i;
        memcpy(m->scratch, row_of(m, i), m->cube.n * sizeof(double));
        for (; k > 0 && compare_slots(&s->history, v.at, s->slots[k - 1].at) < 0; k--) {
            s->slots[k] = s->slots[k - 1];
            memcpy(row_of(m, k), row_of(m, k - 1), m->cube.n * sizeof(double));
        }
        s->slots[k] = v;
        memcpy(row_of(m, k), m->scratch, m->cube.n * sizeof(double));
    }
}

/* Difference of the values of two outcomes that have comparable ones; infinite otherwise. */
static double difference(const hone_history *h, uint64_t i, uint64_t j)
{
    if (i >= h->n || j >= h->n || h->status[i] != HONE_COMPLETE || h->status[j] != HONE_COMPLETE ||
        h->violation[i] < h->violation[j] || h->violation[i] > h->violation[j])
        return HUGE_VAL;
    return fabs(h->values[i] - h->values[j]);
}

static int has_converged(const struct nelder_mead *m)
{
    const struct state *s = &m->state;
    double size = 0;
    if (!s->s.m || difference(&s->history, s->slots[0].at, s->slots[s->s.m].at) <= m->settings.tolerance_value)
        return 1;
    for (uint64_t i = 1; i <= s->s.m; i++)
        for (uint64_t c = 0; c < s->s.m; c++)
            size = fmax(size, fabs(row_of(m, i)[s->used[c]] - row_of(m, 0)[s->used[c]]));
    return size < m->settings.tolerance_point;
}

/* A new simplex around the run's best where the old one still brought at least a hundredth of what its first values
 * spanned: it may have collapsed early. Anywhere otherwise. */
static void restart(struct nelder_mead *m)
{
    struct state *s = &m->state;
    const uint64_t best = s->slots[0].at;
    const double gain = s->s.started_from == EMPTY ? 0 : difference(&s->history, best, s->s.started_from);
    if (m->settings.restarts == RESTART_BEST && s->s.m && best < s->history.n && gain > 0.01 * s->s.range &&
        isfinite(gain) && s->s.range > 0) {
        memcpy(m->cube.row, row_of(m, 0), m->cube.n * sizeof *m->cube.row);
        start_run(m, best, m->cube.row);
    } else {
        s->s.phase = SCOUTING;
        s->s.epoch++;
    }
}

/* Candidates of the next step, from the sorted simplex. Gao and Han 2012, "Implementing the Nelder-Mead
 * simplex algorithm with adaptive parameters", Comput. Optim. Appl. 51, eq. 4.1. */
static void prepare_step(struct nelder_mead *m)
{
    struct state *s = &m->state;
    const double n = (double)s->s.m;
    const int adaptive = m->settings.coefficients == COEFFICIENTS_ADAPTIVE && s->s.m > 1;
    const double expansion = adaptive ? 1 + 2 / n : 2, contraction = adaptive ? 0.75 - 1 / (2 * n) : 0.5;
    const double factors[N_CANDIDATES] = { 1, expansion, contraction, -contraction };
    s->s.epoch++;
    s->s.phase = STEPPING;
    for (unsigned q = 0; q < N_CANDIDATES; q++) {
        candidate(m, q)->at = EMPTY;
        candidate(m, q)->asked = 0;
        memcpy(row_of(m, m->n + 1 + q), row_of(m, 0), m->cube.n * sizeof(double));
    }
    for (uint64_t c = 0; c < s->s.m; c++) {
        const uint64_t k = s->used[c];
        double centre = 0, worst = row_of(m, s->s.m)[k];
        for (uint64_t i = 0; i < s->s.m; i++)
            centre += row_of(m, i)[k];
        centre /= n;
        for (unsigned q = 0; q < N_CANDIDATES; q++)
            row_of(m, m->n + 1 + q)[k] = centre + factors[q] * (centre - worst);
    }
}

/* All vertices are known: the next step, or another run. */
static void settle(struct nelder_mead *m)
{
    struct state *s = &m->state;
    sort_vertices(m);
    if (s->s.range < 0)
        s->s.range = s->s.m ? difference(&s->history, s->slots[0].at, s->slots[s->s.m].at) : 0;
    if (has_converged(m))
        restart(m);
    else
        prepare_step(m);
}

static void accept(struct nelder_mead *m, unsigned which)
{
    struct state *s = &m->state;
    s->slots[s->s.m].at = candidate(m, which)->at;
    memcpy(row_of(m, s->s.m), row_of(m, m->n + 1 + which), m->cube.n * sizeof(double));
    settle(m);
}

static void shrink(struct nelder_mead *m)
{
    struct state *s = &m->state;
    const int adaptive = m->settings.coefficients == COEFFICIENTS_ADAPTIVE && s->s.m > 1;
    const double factor = adaptive ? 1 - 1 / (double)s->s.m : 0.5;
    s->s.epoch++;
    s->s.phase = BUILDING;
    for (uint64_t i = 1; i <= s->s.m; i++) {
        double *row = row_of(m, i);
        s->slots[i].at = EMPTY;
        s->slots[i].asked = 0;
        for (uint64_t c = 0; c < s->s.m; c++) {
            const uint64_t k = s->used[c];
            row[k] = row_of(m, 0)[k] + factor * (row[k] - row_of(m, 0)[k]);
        }
    }
}

/* Which candidate the step needs beside the reflection; N_CANDIDATES: none. The reflection is known. */
static unsigned needed(const struct nelder_mead *m)
{
    const struct state *s = &m->state;
    const hone_history *h = &s->history;
    const uint64_t r = candidate(m, REFLECTED)->at;
    if (compare_slots(h, r, s->slots[0].at) < 0)
        return EXPANDED;
    if (compare_slots(h, r, s->slots[s->s.m - 1].at) < 0)
        return N_CANDIDATES;
    return compare_slots(h, r, s->slots[s->s.m].at) < 0 ? OUTSIDE : INSIDE;
}

/* One step, if what it needs is known. 0: not yet. */
static int step(struct nelder_mead *m)
{
    struct state *s = &m->state;
    const hone_history *h = &s->history;
    const uint64_t r = candidate(m, REFLECTED)->at;
    unsigned q;
    uint64_t at;
    if (r == EMPTY)
        return 0;
    q = needed(m);
    at = q < N_CANDIDATES ? candidate(m, q)->at : 0;
    if (at == EMPTY)
        return 0;
    if (q == N_CANDIDATES)
        accept(m, REFLECTED);
    else if (q == EXPANDED)
        accept(m, compare_slots(h, at, r) < 0 ? EXPANDED : REFLECTED);
    else if (q == OUTSIDE ? compare_slots(h, at, r) <= 0 : compare_slots(h, at, s->slots[s->s.m].at) < 0)
        accept(m, q);
    else
        shrink(m);
    return 1;
}

void advance(struct nelder_mead *m)
{
    struct state *s = &m->state;
    for (int limit = 0; limit < 1000; limit++) {
        if (s->s.phase == SCOUTING)
            return;
        if (s->s.phase == BUILDING) {
            for (uint64_t i = 0; i <= s->s.m; i++)
                if (s->slots[i].at == EMPTY)
                    return;
            settle(m);
        } else if (!step(m)) {
            return;
        }
    }
}

uint64_t next_slot(const struct nelder_mead *m)
{
    const struct state *s = &m->state;
    if (s->s.phase == BUILDING) {
        for (uint64_t i = 0; i <= s->s.m; i++)
            if (s->slots[i].at == EMPTY && !s->slots[i].asked)
                return i;
    } else if (s->s.phase == STEPPING) {
        const struct slot *r = candidate(m, REFLECTED);
        if (r->at != EMPTY) { /* what the step waits for */
            const unsigned q = needed(m);
            return q < N_CANDIDATES && !candidate(m, q)->asked ? m->n + 1 + q : SCOUT;
        }
        for (unsigned q = REFLECTED; q < N_CANDIDATES; q++)
            if (candidate(m, q)->at == EMPTY && !candidate(m, q)->asked)
                return m->n + 1 + q;
    }
    return SCOUT;
}

void take_over(struct nelder_mead *m, uint64_t at, const double *row)
{
    struct state *s = &m->state;
    int other = 0;
    if (s->s.phase == SCOUTING || compare_slots(&s->history, at, s->slots[0].at) >= 0)
        return;
    for (uint32_t k = m->n; k < m->cube.n; k++)
        other |= row[k] < row_of(m, 0)[k] || row[k] > row_of(m, 0)[k];
    if (other) { /* a simplex has one choice of each kind */
        start_run(m, at, row);
    } else if (s->s.phase == STEPPING) {
        s->slots[s->s.m].at = at;
        for (uint64_t c = 0; c < s->s.m; c++)
            row_of(m, s->s.m)[s->used[c]] = row[s->used[c]];
        settle(m);
    }
    advance(m);
}
