/* SPDX-License-Identifier: MIT */
/* search/pattern: the state as bytes of this machine's order. The loader believes nothing. */
#include "poll.h"

static const uint64_t MAGIC = 0x313074746170ull;

void state_release(struct state *s)
{
    free(s->centre);
    free(s->anchor);
    free(s->jump);
    free(s->polls);
    free(s->pending);
    free(s->pending_rows);
    hone_lookup_release(&s->lookup);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct pattern *p, struct state *s, hone_error *err)
{
    memset(s, 0, sizeof *s);
    s->s.best_scout = s->s.centre_at = EMPTY;
    s->s.step = p->settings.size;
    s->centre = (double *)calloc(p->width + 1u, sizeof *s->centre);
    s->anchor = (double *)calloc(p->width + 1u, sizeof *s->anchor);
    s->jump = (double *)calloc(p->width + 1u, sizeof *s->jump);
    s->polls = (uint8_t *)calloc(2 * (size_t)p->n_polls + 1, 1);
    if (!s->centre || !s->anchor || !s->jump || !s->polls)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a poll of %u parameters", p->width);
    return hone_history_init(&s->history, p->space, &p->info, err);
}

hone_rc state_save(const struct pattern *p, const hone_ostream *out, hone_error *err)
{
    const struct state *s = &p->state;
    const uint64_t head[] = { MAGIC, p->n, p->width, s->n_pending }, bytes = p->width * sizeof(double);
    hone_rc rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_write(out, &s->s, sizeof s->s, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->centre, bytes, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->anchor, bytes, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->jump, bytes, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->polls, 2 * (uint64_t)p->n_polls + 1, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->pending, s->n_pending * sizeof *s->pending, err);
    if (rc == HONE_OK)
        rc = hone_write(out, s->pending_rows, s->n_pending * bytes, err);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of pattern is damaged, or of another space");
}

static int rows_are_sound(const struct pattern *p, const double *rows, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < p->width; k++) {
            const double v = rows[i * p->width + k];
            if (!(v >= 0) || (k < p->n ? v > 1 : v > p->space->dims[p->dims[k]]->n_choices - 1 || v > floor(v)))
                return 0;
        }
    return 1;
}

static int state_is_sound(const struct pattern *p, const struct state *s)
{
    const uint64_t n = s->history.n;
    if (s->s.phase > POLLING || (s->s.phase == POLLING && (s->s.centre_at >= n || !s->s.run)) ||
        (s->s.best_scout != EMPTY && s->s.best_scout >= n) || !(s->s.step > 0 && s->s.step <= 1) ||
        s->s.first > p->n_polls)
        return 0;
    for (uint64_t i = 0; i <= 2 * (uint64_t)p->n_polls; i++)
        if (s->polls[i] > DONE)
            return 0;
    return 1;
}

static hone_rc load_pending(struct pattern *p, struct state *s, uint64_t n, const hone_istream *in, hone_error *err)
{
    struct pending *pending = NULL;
    double *rows = NULL;
    hone_rc rc = HONE_OK;
    if (n > 1u << 24 || n * (p->width + 1ull) > 1ull << 30)
        return damaged(err);
    pending = (struct pending *)malloc((size_t)(n + 1) * sizeof *pending);
    rows = (double *)malloc((size_t)(n * p->width + 1) * sizeof *rows);
    if (!pending || !rows)
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (rc == HONE_OK)
        rc = hone_read(in, pending, n * sizeof *pending, err);
    if (rc == HONE_OK)
        rc = hone_read(in, rows, n * p->width * sizeof *rows, err);
    if (rc == HONE_OK && !rows_are_sound(p, rows, n))
        rc = damaged(err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
        rc = pending[i].poll == SCOUT || pending[i].poll == LATE || pending[i].poll <= 2 * (uint64_t)p->n_polls
                 ? add_pending(p, s, pending + i, rows + i * p->width, err)
                 : damaged(err);
    free(pending);
    free(rows);
    return rc;
}

hone_rc state_load(struct pattern *p, const hone_istream *in, hone_error *err)
{
    struct state new;
    uint64_t head[4];
    const uint64_t bytes = p->width * sizeof(double);
    hone_rc rc = hone_read(in, head, sizeof head, err);
    if (rc != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != p->n || head[2] != p->width)
        return damaged(err);
    if ((rc = state_init(p, &new, err)) != HONE_OK || (rc = hone_read(in, &new.s, sizeof new.s, err)) != HONE_OK ||
        (rc = hone_read(in, new.centre, bytes, err)) != HONE_OK ||
        (rc = hone_read(in, new.anchor, bytes, err)) != HONE_OK ||
        (rc = hone_read(in, new.jump, bytes, err)) != HONE_OK ||
        (rc = hone_read(in, new.polls, 2 * (uint64_t)p->n_polls + 1, err)) != HONE_OK)
        goto out;
    if (!rows_are_sound(p, new.centre, 1) || !rows_are_sound(p, new.anchor, 1) || !rows_are_sound(p, new.jump, 1)) {
        rc = damaged(err);
        goto out;
    }
    if ((rc = load_pending(p, &new, head[3], in, err)) != HONE_OK ||
        (rc = hone_history_load(&new.history, in, err)) != HONE_OK || (rc = hone_read_end(in, err)) != HONE_OK ||
        (rc = hone_lookup_follow(&new.lookup, &new.history, err)) != HONE_OK)
        goto out;
    if (!state_is_sound(p, &new))
        rc = damaged(err);
out:
    if (rc == HONE_OK) {
        state_release(&p->state);
        p->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
