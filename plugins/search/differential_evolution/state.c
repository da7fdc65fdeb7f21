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
    free(s->pending);
    free(s->pending_rows);
    free(s->order);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct evolution *e, struct state *s, hone_error *err)
{
    const size_t cells = (size_t)e->size * e->n + 1;
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
    return hone_history_init(&s->history, e->space, &e->info, err);
}

hone_rc state_save(const struct evolution *e, const hone_ostream *out, hone_error *err)
{
    const struct state *s = &e->state;
    const uint64_t head[] = { MAGIC, e->n, e->size, s->n_pending }, cells = (uint64_t)e->size * e->n;
    const struct {
        const void *data;
        uint64_t bytes;
    } parts[] = {
        { head, sizeof head },
        { &s->s, sizeof s->s },
        { s->at, e->size * sizeof *s->at },
        { s->rows, cells * sizeof *s->rows },
        { s->archive, cells * sizeof *s->archive },
        { s->successes, e->size * sizeof *s->successes },
        { s->pending, s->n_pending * sizeof *s->pending },
        { s->pending_rows, s->n_pending * e->n * sizeof *s->pending_rows },
    };
    hone_rc rc = HONE_OK;
    for (size_t i = 0; i < HONE_COUNT(parts) && rc == HONE_OK; i++)
        rc = hone_write(out, parts[i].data, parts[i].bytes, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "",
                     "the saved state of differential evolution is damaged, or of another space or population");
}

static int rows_are_sound(const struct evolution *e, const double *rows, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < e->n; k++) {
            const hone_dim *d = e->space->dims[e->dims[k]];
            const double v = rows[i * e->n + k];
            if (!(v >= 0) || (d->type == HONE_DIM_CHOICE ? v > d->n_choices - 1 || v > floor(v) : v > 1))
                return 0;
        }
    return 1;
}

static int numbers_are_sound(const struct evolution *e, const struct numbers *s)
{
    for (int i = 0; i < MEMORY; i++)
        if (!(s->rates.factor[i] > 0 && s->rates.factor[i] <= 1) ||
            !(s->rates.crossover[i] >= 0 && s->rates.crossover[i] <= 1))
            return 0;
    return s->n_archive <= e->size && s->rates.n <= e->size && s->rates.at < MEMORY && s->told <= e->size;
}

static hone_rc load_pending(struct evolution *e, struct state *s, uint64_t n, const hone_istream *in, hone_error *err)
{
    struct pending *pending = NULL;
    double *rows = NULL;
    hone_rc rc = HONE_OK;
    if (n > 1u << 24 || n * (e->n + 1ull) > 1ull << 30)
        return damaged(err);
    pending = (struct pending *)malloc((size_t)(n + 1) * sizeof *pending);
    rows = (double *)malloc((size_t)(n * e->n + 1) * sizeof *rows);
    if (!pending || !rows)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (rc == HONE_OK)
        rc = hone_read(in, pending, n * sizeof *pending, err);
    if (rc == HONE_OK)
        rc = hone_read(in, rows, n * e->n * sizeof *rows, err);
    if (rc == HONE_OK && !rows_are_sound(e, rows, n))
        rc = damaged(err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        const struct pending *p = pending + i;
        rc = p->slot < e->size && p->factor >= 0 && p->factor <= 2 && p->crossover >= 0 && p->crossover <= 1
                 ? add_pending(e, s, p, rows + i * e->n, err)
                 : damaged(err);
    }
    free(pending);
    free(rows);
    return rc;
}

hone_rc state_load(struct evolution *e, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    const uint64_t cells = (uint64_t)e->size * e->n;
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != e->n || head[2] != e->size)
        return damaged(err);
    if ((rc = state_init(e, &new, err)) != HONE_OK || (rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK ||
        (rc = hone_read(in, new.at, e->size * sizeof *new.at, err)) != HONE_OK ||
        (rc = hone_read(in, new.rows, cells * sizeof *new.rows, err)) != HONE_OK ||
        (rc = hone_read(in, new.archive, cells * sizeof *new.archive, err)) != HONE_OK ||
        (rc = hone_read(in, new.successes, e->size * sizeof *new.successes, err)) != HONE_OK)
        goto out;
    rc = damaged(err);
    if (!numbers_are_sound(e, &new.s) || !rows_are_sound(e, new.rows, e->size) ||
        !rows_are_sound(e, new.archive, e->size))
        goto out;
    for (uint64_t i = 0; i < new.s.rates.n; i++)
        if (!(new.successes[i].factor > 0 && new.successes[i].factor <= 2) ||
            !(new.successes[i].crossover >= 0 && new.successes[i].crossover <= 1) || new.successes[i].gain < 0)
            goto out;
    if ((rc = load_pending(e, &new, head[3], in, err)) != HONE_OK ||
        (rc = hone_history_load(&new.history, in, err)) != HONE_OK)
        goto out;
    for (uint32_t i = 0; i < e->size && rc == HONE_OK; i++)
        if (new.at[i] != EMPTY &&new.at[i] >= new.history.n)
            rc = damaged(err);
    if (rc == HONE_OK)
        rc = hone_read_end(in, err);
out:
    if (rc == HONE_OK) {
        order_members(e, &new);
        state_release(&e->state);
        e->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
