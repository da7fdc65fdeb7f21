/* SPDX-License-Identifier: MIT */
/* search/nelder_mead: the state as bytes of this machine's order. The loader believes nothing. */
#include "simplex.h"

static const uint64_t MAGIC = 0x3130646d6c656eull;

void state_release(struct state *s)
{
    free(s->used);
    free(s->slots);
    free(s->rows);
    free(s->pending);
    free(s->pending_rows);
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
    s->rows = (double *)calloc((size_t)m->n_slots * m->width + 1, sizeof *s->rows);
    if (!s->used || !s->slots || !s->rows)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a simplex of %u parameters", m->n);
    for (uint32_t i = 0; i < m->n_slots; i++)
        s->slots[i].at = EMPTY;
    return hone_history_init(&s->history, m->space, &m->info, err);
}

hone_rc state_save(const struct nelder_mead *m, const hone_ostream *out, hone_error *err)
{
    const struct state *s = &m->state;
    const uint64_t head[] = { MAGIC, m->n, m->width, s->n_pending };
    hone_rc rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_write(out, &s->s, sizeof s->s, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->used, m->n * sizeof *s->used, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->slots, m->n_slots * sizeof *s->slots, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->rows, (uint64_t)m->n_slots * m->width * sizeof *s->rows, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->pending, s->n_pending * sizeof *s->pending, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->pending_rows, s->n_pending * m->width * sizeof *s->pending_rows, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of nelder_mead is damaged, or of another space");
}

static int rows_are_sound(const struct nelder_mead *m, const double *rows, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < m->width; k++) {
            const double v = rows[i * m->width + k];
            if (k < m->n ? !(fabs(v) < 1e6)
                         : !(v >= 0) || v > m->space->dims[m->dims[k]]->n_choices - 1 || v > floor(v))
                return 0;
        }
    return 1;
}

/* Outcome numbers exist, what a phase takes for known is known, coordinates ascend. */
static int state_is_sound(const struct nelder_mead *m, const struct state *s)
{
    const uint64_t n = s->history.n;
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
    return 1;
}

static hone_rc load_pending(struct nelder_mead *m, struct state *s, uint64_t n, const hone_istream *in, hone_error *err)
{
    struct pending *pending = NULL;
    double *rows = NULL;
    hone_rc rc = HONE_OK;
    if (n > 1u << 24 || n * (m->width + 1ull) > 1ull << 30)
        return damaged(err);
    pending = (struct pending *)malloc((size_t)(n + 1) * sizeof *pending);
    rows = (double *)malloc((size_t)(n * m->width + 1) * sizeof *rows);
    if (!pending || !rows)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (rc == HONE_OK)
        rc = hone_read(in, pending, n * sizeof *pending, err);
    if (rc == HONE_OK)
        rc = hone_read(in, rows, n * m->width * sizeof *rows, err);
    if (rc == HONE_OK && !rows_are_sound(m, rows, n))
        rc = damaged(err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        rc = pending[i].slot == SCOUT || pending[i].slot == NEIGHBOUR || pending[i].slot < m->n_slots
                 ? add_pending(m, s, pending + i, rows + i * m->width, err)
                 : damaged(err);
    free(pending);
    free(rows);
    return rc;
}

hone_rc state_load(struct nelder_mead *m, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != m->n || head[2] != m->width)
        return damaged(err);
    if ((rc = state_init(m, &new, err)) != HONE_OK || (rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK ||
        (rc = hone_read(in, new.used, m->n * sizeof *new.used, err)) != HONE_OK ||
        (rc = hone_read(in, new.slots, m->n_slots * sizeof *new.slots, err)) != HONE_OK ||
        (rc = hone_read(in, new.rows, (uint64_t)m->n_slots * m->width * sizeof *new.rows, err)) != HONE_OK)
        goto out;
    if (!rows_are_sound(m, new.rows, m->n_slots)) {
        rc = damaged(err);
        goto out;
    }
    if ((rc = load_pending(m, &new, head[3], in, err)) != HONE_OK ||
        (rc = hone_history_load(&new.history, in, err)) != HONE_OK || (rc = hone_read_end(in, err)) != HONE_OK ||
        (rc = hone_lookup_follow(&new.lookup, &new.history, err)) != HONE_OK)
        goto out;
    if (!state_is_sound(m, &new))
        rc = damaged(err);
out:
    if (rc == HONE_OK) {
        state_release(&m->state);
        m->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
