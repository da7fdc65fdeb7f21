/* SPDX-License-Identifier: MIT */
/* search/cmaes: the state as bytes of this machine's order. The loader believes nothing: counts are bounded
 * before memory is taken, and numbers must be such that whatever follows stays inside the space. */
#include "cmaes.h"

enum { MOST_LAMBDA = 1 << 20 };
static const uint64_t MAGIC = 0x31307365616d63ull;

void state_release(struct state *s)
{
    cma_release(&s->cma);
    choices_release(&s->choices);
    hone_notes_release(&s->pending);
    hone_notes_release(&s->pool);
    hone_history_release(&s->history);
}

hone_rc state_init(const struct cmaes *c, struct state *s, hone_error *err)
{
    memset(s, 0, sizeof *s);
    s->pending = s->pool = hone_notes_of(sizeof(struct member), c->width);
    return hone_history_init(&s->history, c->space, &c->info, err);
}

hone_rc state_make_run(const struct cmaes *c, struct state *s, uint64_t lambda, hone_error *err)
{
    cma_release(&s->cma);
    choices_release(&s->choices);
    s->s.lambda = lambda;
    s->pool.n = 0;
    if (cma_init(&s->cma, c->n, (uint32_t)lambda, c->settings.learning_rate_adaptation) < 0 ||
        choices_init(&s->choices, c->counts, c->n_choices) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a distribution of %u coordinates", c->n);
    return HONE_OK;
}

static hone_rc notes_save(const hone_notes *notes, const hone_ostream *out, hone_error *err)
{
    const hone_rc rc = hone_write(out, &notes->n, sizeof notes->n, err);
    return rc == HONE_OK ? hone_notes_save(notes, out, err) : rc;
}

hone_rc state_save(struct cmaes *c, const hone_ostream *out, hone_error *err)
{
    struct state *s = &c->state;
    uint64_t head[] = { MAGIC, c->n, c->n_choices, s->cma.adapts };
    const hone_part parts[] = {
        { head, sizeof head },
        { &s->s, sizeof s->s },
        { &s->cma.s, sizeof s->cma.s },
        { s->cma.state, s->cma.n_state * sizeof *s->cma.state },
        { s->choices.state, s->choices.n_state * sizeof *s->choices.state },
    };
    hone_rc rc = hone_transfer(parts, HONE_COUNT(parts), out, NULL, err);
    if (rc == HONE_OK)
        rc = notes_save(&s->pending, out, err);
    if (rc == HONE_OK)
        rc = notes_save(&s->pool, out, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of cmaes is damaged, or of another space or settings");
}

static hone_rc notes_load(const struct cmaes *c, hone_notes *notes, uint64_t most, const hone_istream *in,
                          hone_error *err)
{
    uint64_t n;
    const struct member *m;
    hone_rc rc = hone_read(in, &n, sizeof n, err);
    if (rc != HONE_OK)
        return rc;
    if (n > most)
        return damaged(err);
    if ((rc = hone_notes_load(notes, n, in, err)) != HONE_OK)
        return rc;
    m = (const struct member *)notes->items;
    for (uint64_t i = 0; i < n; i++) {
        const double *row = notes->rows + i * c->width;
        if (isnan(m[i].value) || !(m[i].violation >= 0) || m[i].status > HONE_FAILED || m[i].altered > 1)
            return damaged(err);
        for (uint32_t k = 0; k < c->width; k++)
            if (!isfinite(row[k]) || (k >= c->n && !(row[k] >= 0 && row[k] < c->counts[k - c->n])))
                return damaged(err);
    }
    return HONE_OK;
}

hone_rc state_load(struct cmaes *c, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != c->n || head[2] != c->n_choices ||
        head[3] != c->settings.learning_rate_adaptation)
        return damaged(err);
    if ((rc = state_init(c, &new, err)) != HONE_OK || (rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK)
        goto out;
    if (new.s.lambda < 4 || new.s.lambda > MOST_LAMBDA || new.s.started > 1 || new.s.is_small > 1 ||
        new.s.n_large > 64) {
        rc = damaged(err);
        goto out;
    }
    if ((rc = state_make_run(c, &new, new.s.lambda, err)) != HONE_OK ||
        (rc = hone_read(in, &new.cma.s, sizeof new.cma.s, err)) != HONE_OK ||
        (rc = hone_read(in, new.cma.state, new.cma.n_state * sizeof *new.cma.state, err)) != HONE_OK ||
        (rc = hone_read(in, new.choices.state, new.choices.n_state * sizeof *new.choices.state, err)) != HONE_OK)
        goto out;
    if (new.s.started && (!cma_is_sound(&new.cma) || !choices_are_sound(&new.choices))) {
        rc = damaged(err);
        goto out;
    }
    cma_loaded(&new.cma);
    if ((rc = notes_load(c, &new.pending, 1u << 24, in, err)) != HONE_OK ||
        (rc = notes_load(c, &new.pool, new.s.lambda - 1, in, err)) != HONE_OK ||
        (rc = hone_history_load(&new.history, in, err)) != HONE_OK)
        goto out;
    rc = hone_read_end(in, err);
out:
    if (rc == HONE_OK) {
        state_release(&c->state);
        c->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
