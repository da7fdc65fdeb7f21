/* SPDX-License-Identifier: MIT */
/* search/differential_evolution: the state as bytes of this machine's order. The loader believes nothing. */
#include "evolution.h"

static const uint64_t MAGIC = 0x3130766564ull;

void state_release(struct state *s)
{
    free(s->at);
    free(s->rows);
    free(s->archive);
    free(s->successes);
    hone_notes_release(&s->pending);
    free(s->order);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct evolution *e, struct state *s, hone_error *err)
{
    const size_t cells = (size_t)e->size * e->cube.n + 1;
    memset(s, 0, sizeof *s);
    s->at = (uint64_t *)malloc((size_t)e->size * sizeof *s->at);
    s->order = (uint64_t *)calloc(e->size, sizeof *s->order);
    s->rows = (double *)calloc(cells, sizeof *s->rows);
    s->archive = (double *)calloc(cells, sizeof *s->archive);
    s->successes = (struct success *)calloc(e->size, sizeof *s->successes);
    if (!s->at || !s->order || !s->rows || !s->archive || !s->successes)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a population of %u", e->size);
    for (uint32_t i = 0; i < e->size; i++)
        s->at[i] = EMPTY;
    rates_init(&s->s.rates, 0.5, 0.5); /* where JADE and SHADE begin */
    s->pending = hone_notes_of(sizeof(struct pending), e->cube.n);
    return hone_history_init(&s->history, e->cube.space, &e->info, err);
}

/* What is saved between the head and the pending trials, as hone_transfer. */
static hone_rc transfer(const struct evolution *e, struct state *s, const hone_ostream *out, const hone_istream *in,
                        hone_error *err)
{
    const uint64_t cells = (uint64_t)e->size * e->cube.n;
    const hone_part parts[] = {
        { &s->s, sizeof s->s },
        { s->at, e->size * sizeof *s->at },
        { s->rows, cells * sizeof *s->rows },
        { s->archive, cells * sizeof *s->archive },
        { s->successes, e->size * sizeof *s->successes },
    };
    return hone_transfer(parts, HONE_COUNT(parts), out, in, err);
}

hone_rc state_save(void *self, const hone_ostream *out, hone_error *err)
{
    struct evolution *e = (struct evolution *)self;
    struct state *s = &e->state;
    const uint64_t head[] = { MAGIC, e->cube.n, e->size, s->pending.n };
    hone_rc rc = hone_history_opened(&s->history, err);
    if (rc != HONE_OK || (rc = hone_write(out, head, sizeof head, err)) != HONE_OK ||
        (rc = transfer(e, s, out, NULL, err)) != HONE_OK || (rc = hone_notes_save(&s->pending, out, err)) != HONE_OK)
        return rc;
    return hone_history_save(&s->history, out, err);
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "",
                     "the saved state of differential evolution is damaged, or of another space or population");
}

/* 1 where a factor and a crossover rate may be what rates_draw gives. */
static int rates_are_sound(double factor, double crossover)
{
    return factor >= 0 && factor <= 2 && crossover >= 0 && crossover <= 1;
}

static int state_is_sound(const struct evolution *e, const struct state *s)
{
    const struct rates *r = &s->s.rates;
    const struct pending *p = (const struct pending *)s->pending.items;
    if (s->s.n_archive > e->size || r->n > e->size || r->at >= MEMORY || s->s.told > e->size)
        return 0;
    for (int i = 0; i < MEMORY; i++)
        if (!(r->factor[i] > 0 && r->factor[i] <= 1) || !rates_are_sound(r->factor[i], r->crossover[i]))
            return 0;
    for (uint64_t i = 0; i < r->n; i++)
        if (!(s->successes[i].factor > 0) || !rates_are_sound(s->successes[i].factor, s->successes[i].crossover) ||
            s->successes[i].gain < 0)
            return 0;
    for (uint64_t i = 0; i < s->pending.n; i++)
        if (p[i].slot >= e->size || !rates_are_sound(p[i].factor, p[i].crossover))
            return 0;
    for (uint32_t i = 0; i < e->size; i++)
        if (s->at[i] != EMPTY && s->at[i] >= s->history.n)
            return 0;
    return hone_cube_has(&e->cube, s->rows, e->size, 0) && hone_cube_has(&e->cube, s->archive, e->size, 0) &&
           hone_cube_has(&e->cube, s->pending.rows, s->pending.n, 0);
}

hone_rc state_load(void *self, const hone_istream *in, hone_error *err)
{
    struct evolution *e = (struct evolution *)self;
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_history_opened(&e->state.history, err);
    if (rc != HONE_OK || (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != e->cube.n || head[2] != e->size)
        return damaged(err);
    if ((rc = state_init(e, &new, err)) == HONE_OK && (rc = transfer(e, &new, NULL, in, err)) == HONE_OK &&
        (rc = hone_notes_load(&new.pending, head[3], in, err)) == HONE_OK &&
        (rc = hone_history_load(&new.history, in, err)) == HONE_OK && (rc = hone_read_end(in, err)) == HONE_OK &&
        !state_is_sound(e, &new))
        rc = damaged(err);
    if (rc == HONE_OK) {
        order_members(e, &new);
        state_release(&e->state);
        e->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
