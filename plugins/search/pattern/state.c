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
    hone_notes_release(&s->pending);
    hone_lookup_release(&s->lookup);
    hone_history_release(&s->history);
    memset(s, 0, sizeof *s);
}

hone_rc state_init(const struct pattern *p, struct state *s, hone_error *err)
{
    memset(s, 0, sizeof *s);
    s->s.best_scout = s->s.centre_at = EMPTY;
    s->s.step = p->settings.size;
    s->centre = (double *)calloc(p->cube.n + 1u, sizeof *s->centre);
    s->anchor = (double *)calloc(p->cube.n + 1u, sizeof *s->anchor);
    s->jump = (double *)calloc(p->cube.n + 1u, sizeof *s->jump);
    s->polls = (uint8_t *)calloc(2 * (size_t)p->n_polls + 1, 1);
    if (!s->centre || !s->anchor || !s->jump || !s->polls)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a poll of %u parameters", p->cube.n);
    s->pending = hone_notes_of(sizeof(struct pending), p->cube.n);
    return hone_history_init(&s->history, p->cube.space, &p->info, err);
}

/* What is saved between the head and the pending trials, as hone_transfer. */
static hone_rc transfer(const struct pattern *p, struct state *s, const hone_ostream *out, const hone_istream *in,
                        hone_error *err)
{
    const uint64_t bytes = p->cube.n * sizeof(double);
    const hone_part parts[] = {
        { &s->s, sizeof s->s },
        { s->centre, bytes },
        { s->anchor, bytes },
        { s->jump, bytes },
        { s->polls, 2 * (uint64_t)p->n_polls + 1 },
    };
    return hone_transfer(parts, HONE_COUNT(parts), out, in, err);
}

hone_rc state_save(void *self, const hone_ostream *out, hone_error *err)
{
    struct pattern *p = (struct pattern *)self;
    struct state *s = &p->state;
    const uint64_t head[] = { MAGIC, p->n, p->cube.n, s->pending.n };
    hone_rc rc = hone_history_opened(&s->history, err);
    if (rc != HONE_OK || (rc = hone_write(out, head, sizeof head, err)) != HONE_OK ||
        (rc = transfer(p, s, out, NULL, err)) != HONE_OK || (rc = hone_notes_save(&s->pending, out, err)) != HONE_OK)
        return rc;
    return hone_history_save(&s->history, out, err);
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of pattern is damaged, or of another space");
}

static int state_is_sound(const struct pattern *p, const struct state *s)
{
    const uint64_t n = s->history.n;
    const struct pending *q = (const struct pending *)s->pending.items;
    if (s->s.phase > POLLING || (s->s.phase == POLLING && (s->s.centre_at >= n || !s->s.run)) ||
        (s->s.best_scout != EMPTY && s->s.best_scout >= n) || !(s->s.step > 0 && s->s.step <= 1) ||
        s->s.first > p->n_polls)
        return 0;
    for (uint64_t i = 0; i <= 2 * (uint64_t)p->n_polls; i++)
        if (s->polls[i] > DONE)
            return 0;
    for (uint64_t i = 0; i < s->pending.n; i++)
        if (q[i].poll != SCOUT && q[i].poll != LATE && q[i].poll > 2 * (uint64_t)p->n_polls)
            return 0;
    return hone_cube_has(&p->cube, s->centre, 1, 0) && hone_cube_has(&p->cube, s->anchor, 1, 0) &&
           hone_cube_has(&p->cube, s->jump, 1, 0) && hone_cube_has(&p->cube, s->pending.rows, s->pending.n, 0);
}

hone_rc state_load(void *self, const hone_istream *in, hone_error *err)
{
    struct pattern *p = (struct pattern *)self;
    struct state new;
    uint64_t head[4];
    hone_rc rc = hone_history_opened(&p->state.history, err);
    if (rc != HONE_OK || (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] != p->n || head[2] != p->cube.n)
        return damaged(err);
    if ((rc = state_init(p, &new, err)) == HONE_OK && (rc = transfer(p, &new, NULL, in, err)) == HONE_OK &&
        (rc = hone_notes_load(&new.pending, head[3], in, err)) == HONE_OK &&
        (rc = hone_history_load(&new.history, in, err)) == HONE_OK && (rc = hone_read_end(in, err)) == HONE_OK &&
        (rc = hone_lookup_follow(&new.lookup, &new.history, err)) == HONE_OK && !state_is_sound(p, &new))
        rc = damaged(err);
    if (rc == HONE_OK) {
        state_release(&p->state);
        p->state = new;
    } else {
        state_release(&new);
    }
    return rc;
}
