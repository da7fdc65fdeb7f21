/* SPDX-License-Identifier: MIT */
/* search/cmaes: the state as bytes of this machine's order. The loader believes nothing: counts are bounded
 * before memory is taken, and numbers must be such that whatever follows stays inside the space. */
#include "cmaes.h"

enum { MOST_LAMBDA = 1 << 20 };
static const uint64_t MAGIC = 0x31307365616d63ull;

static void flock_release(struct flock *f)
{
    free(f->members);
    free(f->rows);
    memset(f, 0, sizeof *f);
}

void state_release(struct state *s)
{
    cma_release(&s->cma);
    choices_release(&s->choices);
    flock_release(&s->pending);
    flock_release(&s->pool);
    hone_history_release(&s->history);
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

static hone_rc flock_save(const struct flock *f, uint32_t width, const hone_ostream *out, hone_error *err)
{
    hone_rc rc = hone_write(out, &f->n, sizeof f->n, err);
    if (rc == HONE_OK)
        rc = hone_write(out, f->members, f->n * sizeof *f->members, err);
    return rc == HONE_OK ? hone_write(out, f->rows, f->n * width * sizeof *f->rows, err) : rc;
}

hone_rc state_save(const struct cmaes *c, const hone_ostream *out, hone_error *err)
{
    const struct state *s = &c->state;
    const uint64_t head[] = { MAGIC, c->n, c->n_choices, s->cma.adapts };
    hone_rc rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_write(out, &s->s, sizeof s->s, err);
    if (rc == HONE_OK)
        rc = hone_write(out, &s->cma.s, sizeof s->cma.s, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->cma.state, s->cma.n_state * sizeof *s->cma.state, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->choices.state, s->choices.n_state * sizeof *s->choices.state, err);
    if (rc == HONE_OK)
        rc = flock_save(&s->pending, c->width, out, err);
    if (rc == HONE_OK)
        rc = flock_save(&s->pool, c->width, out, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of cmaes is damaged, or of another space or settings");
}

static hone_rc flock_load(const struct cmaes *c, struct flock *f, uint64_t most, const hone_istream *in,
                          hone_error *err)
{
    uint64_t n;
    double *row = c->row;
    hone_rc rc = hone_read(in, &n, sizeof n, err);
    struct member *members = NULL;
    if (rc != HONE_OK)
        return rc;
    if (n > most)
        return damaged(err);
    if (!(members = (struct member *)malloc((size_t)(n + 1) * sizeof *members)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    rc = hone_read(in, members, n * sizeof *members, err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        const struct member *m = members + i;
        if ((rc = hone_read(in, row, c->width * sizeof *row, err)) != HONE_OK)
            break;
        if (isnan(m->value) || !(m->violation >= 0) || m->status > HONE_FAILED || m->altered > 1)
            rc = damaged(err);
        for (uint32_t k = 0; k < c->width && rc == HONE_OK; k++)
            if (!isfinite(row[k]) || (k >= c->n && !(row[k] >= 0 && row[k] < c->counts[k - c->n])))
                rc = damaged(err);
        if (rc == HONE_OK)
            rc = flock_add(f, c->width, m, row, err);
    }
    free(members);
    return rc;
}

hone_rc state_load(struct cmaes *c, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    memset(&new, 0, sizeof new);
    if (head[0] != MAGIC || head[1] != c->n || head[2] != c->n_choices ||
        head[3] != c->settings.learning_rate_adaptation)
        return damaged(err);
    if ((rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK)
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
    if ((rc = flock_load(c, &new.pending, 1u << 24, in, err)) != HONE_OK ||
        (rc = flock_load(c, &new.pool, new.s.lambda - 1, in, err)) != HONE_OK ||
        (rc = hone_history_init(&new.history, c->space, &c->info, err)) != HONE_OK ||
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
