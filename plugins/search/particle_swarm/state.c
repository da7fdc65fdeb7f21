/* SPDX-License-Identifier: MIT */
/* search/particle_swarm: the state as bytes of this machine's order. The loader believes nothing. */
#include "swarm.h"

static const uint64_t MAGIC = 0x31306f7370ull;

void state_release(struct state *s)
{
    free(s->at);
    free(s->moved);
    free(s->x);
    free(s->v);
    free(s->best);
    hone_notes_release(&s->pending);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct swarm *w, struct state *s, hone_error *err)
{
    const size_t cells = (size_t)w->size * w->cube.n + 1;
    memset(s, 0, sizeof *s);
    s->at = (uint64_t *)malloc((size_t)w->size * sizeof *s->at);
    s->moved = (uint64_t *)calloc(w->size, sizeof *s->moved);
    s->x = (double *)calloc(cells, sizeof *s->x);
    s->v = (double *)calloc(cells, sizeof *s->v);
    s->best = (double *)calloc(cells, sizeof *s->best);
    if (!s->at || !s->moved || !s->x || !s->v || !s->best)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a swarm of %u", w->size);
    for (uint32_t i = 0; i < w->size; i++)
        s->at[i] = EMPTY;
    s->pending = hone_notes_of(sizeof(struct pending), w->cube.n);
    return hone_history_init(&s->history, w->cube.space, &w->info, err);
}

/* What is saved between the head and the pending trials, as hone_transfer. */
static hone_rc transfer(const struct swarm *w, struct state *s, const hone_ostream *out, const hone_istream *in,
                        hone_error *err)
{
    const uint64_t cells = (uint64_t)w->size * w->cube.n;
    const hone_part parts[] = {
        { &s->s, sizeof s->s },         { s->at, w->size * sizeof *s->at }, { s->moved, w->size * sizeof *s->moved },
        { s->x, cells * sizeof *s->x }, { s->v, cells * sizeof *s->v },     { s->best, cells * sizeof *s->best },
    };
    return hone_transfer(parts, HONE_COUNT(parts), out, in, err);
}

hone_rc state_save(void *self, const hone_ostream *out, hone_error *err)
{
    struct swarm *w = (struct swarm *)self;
    struct state *s = &w->state;
    const uint64_t head[] = { MAGIC, w->cube.n, w->size, s->pending.n };
    hone_rc rc = hone_history_opened(&s->history, err);
    if (rc != HONE_OK || (rc = hone_write(out, head, sizeof head, err)) != HONE_OK ||
        (rc = transfer(w, s, out, NULL, err)) != HONE_OK || (rc = hone_notes_save(&s->pending, out, err)) != HONE_OK)
        return rc;
    return hone_history_save(&s->history, out, err);
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "",
                     "the saved state of the particle swarm is damaged, or of another space or population");
}

/* Outcome numbers exist, positions are in the cube, velocities are short. */
static int state_is_sound(const struct swarm *w, const struct state *s)
{
    const struct pending *p = (const struct pending *)s->pending.items;
    for (uint64_t i = 0; i < (uint64_t)w->size * w->cube.n; i++)
        if (!(fabs(s->v[i]) <= 1))
            return 0;
    for (uint32_t i = 0; i < w->size; i++)
        if ((s->at[i] != EMPTY && s->at[i] >= s->history.n) || s->moved[i] > 1)
            return 0;
    for (uint64_t i = 0; i < s->pending.n; i++)
        if (p[i].particle >= w->size)
            return 0;
    return s->s.told <= w->size && hone_cube_has(&w->cube, s->x, w->size, 0) &&
           hone_cube_has(&w->cube, s->best, w->size, 0) && hone_cube_has(&w->cube, s->pending.rows, s->pending.n, 0);
}

hone_rc state_load(void *self, const hone_istream *in, hone_error *err)
{
    struct swarm *w = (struct swarm *)self;
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_history_opened(&w->state.history, err);
    if (rc != HONE_OK || (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != w->cube.n || head[2] != w->size)
        return damaged(err);
    if ((rc = state_init(w, &new, err)) == HONE_OK && (rc = transfer(w, &new, NULL, in, err)) == HONE_OK &&
        (rc = hone_notes_load(&new.pending, head[3], in, err)) == HONE_OK &&
        (rc = hone_history_load(&new.history, in, err)) == HONE_OK && (rc = hone_read_end(in, err)) == HONE_OK &&
        !state_is_sound(w, &new))
        rc = damaged(err);
    if (rc == HONE_OK) {
        state_release(&w->state);
        w->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
