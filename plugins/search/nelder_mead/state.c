/* SPDX-License-Identifier: MIT */
/* search/nelder_mead: the state as bytes of this machine's order. The loader believes nothing. */
#include "simplex.h"

static const uint64_t MAGIC = 0x3130646d6c656eull;
static const double FARTHEST = 1e6; /* from the cube, of a row: simplices do not get there */

void state_release(struct state *s)
{
    free(s->used);
    free(s->slots);
    free(s->rows);
    hone_notes_release(&s->pending);
    hone_lookup_release(&s->lookup);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct nelder_mead *m, struct state *s, hone_error *err)
{
    memset(s, 0, sizeof *s);
    s->s.best_scout = s->s.started_from = EMPTY;
    s->used = (uint64_t *)calloc(m->n + 1u, sizeof *s->used);
    s->slots = (struct slot *)calloc(m->n_slots, sizeof *s->slots);
    s->rows = (double *)calloc((size_t)m->n_slots * m->cube.n + 1, sizeof *s->rows);
    if (!s->used || !s->slots || !s->rows)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a simplex of %u parameters", m->n);
    for (uint32_t i = 0; i < m->n_slots; i++)
        s->slots[i].at = EMPTY;
    s->pending = hone_notes_of(sizeof(struct pending), m->cube.n);
    return hone_history_init(&s->history, m->cube.space, &m->info, err);
}

/* What is saved between the head and the pending trials, as hone_transfer. */
static hone_rc transfer(const struct nelder_mead *m, struct state *s, const hone_ostream *out, const hone_istream *in,
                        hone_error *err)
{
    const hone_part parts[] = {
        { &s->s, sizeof s->s },
        { s->used, m->n * sizeof *s->used },
        { s->slots, m->n_slots * sizeof *s->slots },
        { s->rows, (uint64_t)m->n_slots * m->cube.n * sizeof *s->rows },
    };
    return hone_transfer(parts, HONE_COUNT(parts), out, in, err);
}

hone_rc state_save(void *self, const hone_ostream *out, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    struct state *s = &m->state;
    const uint64_t head[] = { MAGIC, m->n, m->cube.n, s->pending.n };
    hone_rc rc = hone_history_opened(&s->history, err);
    if (rc != HONE_OK || (rc = hone_write(out, head, sizeof head, err)) != HONE_OK ||
        (rc = transfer(m, s, out, NULL, err)) != HONE_OK || (rc = hone_notes_save(&s->pending, out, err)) != HONE_OK)
        return rc;
    return hone_history_save(&s->history, out, err);
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of nelder_mead is damaged, or of another space");
}

/* Outcome numbers exist, what a phase takes for known is known, coordinates ascend. */
static int state_is_sound(const struct nelder_mead *m, const struct state *s)
{
    const uint64_t n = s->history.n;
    const struct pending *p = (const struct pending *)s->pending.items;
    if (s->s.phase > STEPPING || s->s.m > m->n || isnan(s->s.range) || (s->s.phase != SCOUTING && !s->s.run) ||
        (s->s.best_scout != EMPTY && s->s.best_scout >= n) || (s->s.started_from != EMPTY && s->s.started_from >= n) ||
        (s->s.phase == STEPPING && !s->s.m))
        return 0;
    for (uint64_t i = 0; i < s->s.m; i++)
        if (s->used[i] >= m->n || (i && s->used[i] <= s->used[i - 1]))
            return 0;
    for (uint32_t i = 0; i < m->n_slots; i++) {
        const uint64_t at = s->slots[i].at;
        if (s->slots[i].asked > 1 || (at != EMPTY && at != FORBIDDEN && at >= n) ||
            (at == EMPTY && s->s.phase == STEPPING && i <= s->s.m))
            return 0;
    }
    for (uint64_t i = 0; i < s->pending.n; i++)
        if (p[i].slot != SCOUT && p[i].slot != NEIGHBOUR && p[i].slot >= m->n_slots)
            return 0;
    return hone_cube_has(&m->cube, s->rows, m->n_slots, FARTHEST) &&
           hone_cube_has(&m->cube, s->pending.rows, s->pending.n, FARTHEST);
}

hone_rc state_load(void *self, const hone_istream *in, hone_error *err)
{
    struct nelder_mead *m = (struct nelder_mead *)self;
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_history_opened(&m->state.history, err);
    if (rc != HONE_OK || (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != m->n || head[2] != m->cube.n)
        return damaged(err);
    if ((rc = state_init(m, &new, err)) == HONE_OK && (rc = transfer(m, &new, NULL, in, err)) == HONE_OK &&
        (rc = hone_notes_load(&new.pending, head[3], in, err)) == HONE_OK &&
        (rc = hone_history_load(&new.history, in, err)) == HONE_OK && (rc = hone_read_end(in, err)) == HONE_OK &&
        (rc = hone_lookup_follow(&new.lookup, &new.history, err)) == HONE_OK && !state_is_sound(m, &new))
        rc = damaged(err);
    if (rc == HONE_OK) {
        state_release(&m->state);
        m->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
