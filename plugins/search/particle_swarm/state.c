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
    free(s->pending);
    free(s->pending_rows);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct swarm *w, struct state *s, hone_error *err)
{
    const size_t cells = (size_t)w->size * w->n + 1;
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
    return hone_history_init(&s->history, w->space, &w->info, err);
}

hone_rc state_save(const struct swarm *w, const hone_ostream *out, hone_error *err)
{
    const struct state *s = &w->state;
    const uint64_t head[] = { MAGIC, w->n, w->size, s->n_pending }, cells = (uint64_t)w->size * w->n;
    const struct {
        const void *data;
        uint64_t bytes;
    } parts[] = {
        { head, sizeof head },
        { &s->s, sizeof s->s },
        { s->at, w->size * sizeof *s->at },
        { s->moved, w->size * sizeof *s->moved },
        { s->x, cells * sizeof *s->x },
        { s->v, cells * sizeof *s->v },
        { s->best, cells * sizeof *s->best },
        { s->pending, s->n_pending * sizeof *s->pending },
        { s->pending_rows, s->n_pending * w->n * sizeof *s->pending_rows },
    };
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < HONE_COUNT(parts) && rc == HONE_OK; i++)
        rc = hone_write(out, parts[i].data, parts[i].bytes, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "",
                     "the saved state of the particle swarm is damaged, or of another space or population");
}

static int rows_are_sound(const struct swarm *w, const double *rows, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < w->n; k++) {
            const hone_dim *d = w->space->dims[w->dims[k]];
            const double v = rows[i * w->n + k];
            if (!(v >= 0) || (d->type == HONE_DIM_CHOICE ? v > d->n_choices - 1 || v > floor(v) : v > 1))
                return 0;
        }
    return 1;
}

static hone_rc load_pending(struct swarm *w, struct state *s, uint64_t n, const hone_istream *in, hone_error *err)
{
    struct pending *pending = NULL;
    double *rows = NULL;
    hone_rc rc = HONE_OK;
    if (n > 1u << 24 || n * (w->n + 1ull) > 1ull << 30)
        return damaged(err);
    pending = (struct pending *)malloc((size_t)(n + 1) * sizeof *pending);
    rows = (double *)malloc((size_t)(n * w->n + 1) * sizeof *rows);
    if (!pending || !rows)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (rc == HONE_OK)
        rc = hone_read(in, pending, n * sizeof *pending, err);
    if (rc == HONE_OK)
        rc = hone_read(in, rows, n * w->n * sizeof *rows, err);
    if (rc == HONE_OK && !rows_are_sound(w, rows, n))
        rc = damaged(err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        const struct pending *p = pending + i;
        rc = p->particle < w->size ? add_pending(w, s, p, rows + i * w->n, err) : damaged(err);
    }
    free(pending);
    free(rows);
    return rc;
}

hone_rc state_load(struct swarm *w, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    const uint64_t cells = (uint64_t)w->size * w->n;
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != w->n || head[2] != w->size)
        return damaged(err);
    if ((rc = state_init(w, &new, err)) != HONE_OK || (rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK ||
        (rc = hone_read(in, new.at, w->size * sizeof *new.at, err)) != HONE_OK ||
        (rc = hone_read(in, new.moved, w->size * sizeof *new.moved, err)) != HONE_OK ||
        (rc = hone_read(in, new.x, cells * sizeof *new.x, err)) != HONE_OK ||
        (rc = hone_read(in, new.v, cells * sizeof *new.v, err)) != HONE_OK ||
        (rc = hone_read(in, new.best, cells * sizeof *new.best, err)) != HONE_OK)
        goto out;
    if (!rows_are_sound(w, new.x, w->size) || !rows_are_sound(w, new.best, w->size) || new.s.told > w->size)
        rc = damaged(err);
    for (uint64_t i = 0; i < cells && rc == HONE_OK; i++)
        if (!(fabs(new.v[i]) <= 1))
            rc = damaged(err);
    if (rc != HONE_OK || (rc = load_pending(w, &new, head[3], in, err)) != HONE_OK ||
        (rc = hone_history_load(&new.history, in, err)) != HONE_OK)
        goto out;
    for (uint32_t i = 0; i < w->size && rc == HONE_OK; i++)
        if ((new.at[i] != EMPTY &&new.at[i] >= new.history.n) || new.moved[i] > 1)
            rc = damaged(err);
    if (rc == HONE_OK)
        rc = hone_read_end(in, err);
out:
    if (rc == HONE_OK) {
        state_release(&w->state);
        w->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
