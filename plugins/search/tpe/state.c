/* SPDX-License-Identifier: MIT */
/* search/tpe: its state as bytes of this machine's order: the history, which outcomes are good, and, for each density, in
 * which order its kernels lie (sums round differently in another one, and a resumed study must give the same bits).
 * Everything else follows from these. The bytes are hostile. */
#include "tpe.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8 };
static const uint64_t MAGIC = 0x3165746174736574ull; /* "tesTate1" */

/* What the order of kernels depends on beside the history: a state saved under other settings is learned anew. */
static void head_of(const struct tpe *t, uint64_t *head)
{
    head[0] = MAGIC;
    head[1] = t->n_groups;
    head[2] = t->settings.mode;
    head[3] = t->settings.constant_liar;
    head[4] = 0;
    for (uint32_t g = 0; g < t->n_groups; g++)
        head[4] = head[4] * 1000003 + t->groups[g].first * 31 + t->groups[g].n_axes;
    head[5] = (uint64_t)t->settings.max_others;
    head[6] = head[7] = 0;
}

static hone_rc save_ids(const struct parzen *p, const hone_ostream *out, hone_error *err)
{
    const hone_rc rc = hone_write(out, &p->n, sizeof p->n, err);
    return rc == HONE_OK ? hone_write(out, p->id, p->n * sizeof *p->id, err) : rc;
}

hone_rc tpe_save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct tpe *t = (const struct tpe *)self;
    uint64_t head[HEAD];
    hone_rc rc;
    if (!t->space)
        return t->early ? hone_write(out, t->early, t->n_early, err)
                        : hone_fail(err, HONE_EINVAL, "", "the search was not opened: there is nothing to save");
    head_of(t, head);
    rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_history_save(&t->history, out, err);
    if (rc == HONE_OK)
        rc = hone_write(out, &t->ranking.n_good, sizeof t->ranking.n_good, err);
    if (rc == HONE_OK)
        rc = hone_write(out, t->ranking.good, t->ranking.n_good * sizeof *t->ranking.good, err);
    for (uint32_t g = 0; g < t->n_groups && rc == HONE_OK; g++) {
        rc = save_ids(&t->groups[g].good, out, err);
        if (rc == HONE_OK)
            rc = save_ids(&t->groups[g].other, out, err);
    }
    return rc;
}

static hone_rc damaged(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of the TPE search is damaged, or of another space");
}

/* Learns the history from the start, without regard to the order of kernels. */
static hone_rc learn_anew(struct tpe *t, hone_error *err)
{
    const hone_history *h = &t->history;
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < h->n && rc == HONE_OK; i++)
        rc = groups_tell(t, i, 0, err);
    for (uint64_t i = 0; i < h->n_running && rc == HONE_OK; i++)
        rc = groups_run(t, h->running[i].trial, h->running_x + i * h->n_dims, err);
    return rc;
}

/* The running trial of that number: its row, or NULL. */
static const double *running_at(const hone_history *h, uint64_t trial)
{
    for (uint64_t i = 0; i < h->n_running; i++)
        if (h->running[i].trial == trial)
            return h->running_x + i * h->n_dims;
    return NULL;
}

/* Fills a density with the observations that the state names, each once. seen: (h->n) 1 for those read before. */
static hone_rc load_density(struct tpe *t, struct group *g, struct parzen *p, uint8_t *seen, const hone_istream *in,
                            hone_error *err)
{
    const hone_history *h = &t->history;
    const int is_good = p == &g->good;
    uint64_t n = 0, id = 0;
    hone_rc rc = hone_read(in, &n, sizeof n, err);
    if (rc == HONE_OK && n > h->n + h->n_running)
        rc = damaged(err);
    for (uint64_t k = 0; k < n && rc == HONE_OK; k++) {
        const double *x;
        uint64_t trial;
        if ((rc = hone_read(in, &id, sizeof id, err)) != HONE_OK)
            break;
        if (id & RUNNING_ID) {
            trial = id & ~RUNNING_ID;
            x = is_good || !t->settings.constant_liar || parzen_find(p, id) != UINT64_MAX ? NULL : running_at(h, trial);
        } else if (id < h->n && !seen[id] && groups_count(t, id) && t->ranking.is_good[id] == is_good) {
            seen[id] = 1;
            trial = h->trial[id];
            x = h->x + id * h->n_dims;
        } else {
            return damaged(err);
        }
        if (!x || isnan(x[g->first]))
            return damaged(err);
        rc = group_observe(g, p, x, t->places, id, trial, err);
    }
    return rc;
}

/* Every observation must have been named, but those that were too many. */
static int is_complete(const struct tpe *t, const struct group *g)
{
    const hone_history *h = &t->history;
    uint64_t n = 0;
    for (uint64_t i = 0; i < h->n; i++)
        n += !isnan(h->x[i * h->n_dims + g->first]) && groups_count(t, i) ? 1u : 0u;
    for (uint64_t i = 0; i < h->n_running && t->settings.constant_liar; i++)
        n += isnan(h->running_x[i * h->n_dims + g->first]) ? 0u : 1u;
    return n == g->good.n + g->other.n ||
           (n > g->good.n + g->other.n && g->other.n <= (uint64_t)t->settings.max_others &&
            n > (uint64_t)t->settings.max_others);
}

static hone_rc load_orders(struct tpe *t, const hone_istream *in, int is_same, hone_error *err)
{
    struct ranking *r = &t->ranking;
    uint8_t *seen = (uint8_t *)malloc((size_t)t->history.n + 1);
    uint64_t n = 0, id;
    hone_rc rc = seen ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (rc == HONE_OK)
        rc = hone_read(in, &n, sizeof n, err);
    if (rc == HONE_OK && n > r->n_usable)
        rc = damaged(err);
    if (rc == HONE_OK && n)
        rc = hone_read(in, r->good, n * sizeof *r->good, err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i++) {
        if (r->good[i] >= r->n || r->is_good[r->good[i]] || !hone_history_usable(&t->history, r->good[i]))
            rc = damaged(err);
        else
            r->is_good[r->good[i]] = 1;
    }
    r->n_good = n;
    if (!is_same) { /* other settings: nothing is good yet, and the rest of the state is of no use */
        for (uint64_t i = 0; i < n && rc == HONE_OK; i++)
            r->is_good[r->good[i]] = 0;
        r->n_good = 0;
        while (rc == HONE_OK && in->read(in->ctx, &id, sizeof id) > 0)
            ;
        if (rc == HONE_OK)
            rc = learn_anew(t, err);
        goto out;
    }
    for (uint32_t g = 0; g < t->n_groups && rc == HONE_OK; g++) {
        memset(seen, 0, (size_t)t->history.n + 1);
        rc = load_density(t, t->groups + g, &t->groups[g].good, seen, in, err);
        if (rc == HONE_OK)
            rc = load_density(t, t->groups + g, &t->groups[g].other, seen, in, err);
        if (rc == HONE_OK && !is_complete(t, t->groups + g))
            rc = damaged(err);
    }
    if (rc == HONE_OK)
        rc = hone_read_end(in, err);
out:
    free(seen);
    return rc;
}

/* Fills a search that was just begun. */
static hone_rc load_into(struct tpe *t, const hone_istream *in, hone_error *err)
{
    uint64_t head[HEAD] = { 0 }, own[HEAD];
    hone_rc rc = hone_read(in, head, sizeof head, err);
    head_of(t, own);
    if (rc == HONE_OK && (head[0] != MAGIC || head[6] || head[7]))
        rc = damaged(err);
    if (rc == HONE_OK)
        rc = hone_history_load(&t->history, in, err);
    for (uint64_t i = 0; rc == HONE_OK && i < t->history.n; i++)
        rc = ranking_tell(&t->ranking, i, err);
    return rc == HONE_OK ? load_orders(t, in, !memcmp(head, own, sizeof head), err) : rc;
}

/* Keeps the bytes until the space is known. */
static hone_rc keep_early(struct tpe *t, const hone_istream *in, hone_error *err)
{
    unsigned char *bytes = NULL;
    uint64_t n = 0, capacity = 0;
    for (;;) {
        int64_t more;
        if (n == capacity) {
            unsigned char *grown;
            capacity = capacity ? capacity * 2 : 4096;
            if (!(grown = (unsigned char *)realloc(bytes, (size_t)capacity))) {
                free(bytes);
                return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
            }
            bytes = grown;
        }
        more = in->read(in->ctx, bytes + n, capacity - n);
        if (more < 0 || (uint64_t)more > capacity - n) {
            free(bytes);
            return hone_fail(err, HONE_EIO, "", "the saved state could not be read");
        }
        if (!more)
            break;
        n += (uint64_t)more;
    }
    if (n < HEAD * sizeof(uint64_t) || memcmp(bytes, &MAGIC, sizeof MAGIC)) {
        free(bytes);
        return damaged(err);
    }
    free(t->early);
    t->early = bytes;
    t->n_early = n;
    return HONE_OK;
}

hone_rc tpe_load(void *self, const hone_istream *in, hone_error *err)
{
    struct tpe *t = (struct tpe *)self, next = *t;
    hone_rc rc;
    if (!t->space)
        return keep_early(t, in, err);
    if ((rc = tpe_begin(&next, err)) == HONE_OK)
        rc = load_into(&next, in, err);
    if (rc != HONE_OK) {
        tpe_end(&next);
        return rc;
    }
    tpe_end(t);
    *t = next;
    t->ranking.history = &t->history;
    return HONE_OK;
}

struct reader {
    const unsigned char *bytes;
    uint64_t n;
};

static int64_t read_kept(void *ctx, void *buffer, uint64_t n)
{
    struct reader *r = (struct reader *)ctx;
    const uint64_t here = n < r->n ? n : r->n;
    memcpy(buffer, r->bytes, (size_t)here);
    r->bytes += here;
    r->n -= here;
    return (int64_t)here;
}

hone_rc tpe_load_early(struct tpe *t, hone_error *err)
{
    struct reader reader = { t->early, t->n_early };
    const hone_istream in = { &reader, read_kept };
    const hone_rc rc = tpe_load(t, &in, err);
    free(t->early);
    t->early = NULL;
    t->n_early = 0;
    return rc;
}
