/* SPDX-License-Identifier: MIT */
/* search/anneal: the state of the walk as bytes. Little-endian 64-bit words after the magic; doubles as their bits.
 * The loader believes nothing: counts are bounded before memory is taken, and every number must be one that a walk
 * can have. */
#include "anneal.h"

#include <stdlib.h>
#include <string.h>

static const char MAGIC[8] = { 'a', 'n', 'n', 'e', 'a', 'l', '0', '2' };
enum { MOST_DIMS = 1 << 20, MOST_POINTS = 1 << 20, STARTUP_VALUES = 64 };

void state_release(struct state *state)
{
    free(state->here);
    free(state->best);
    free(state->open);
    hone_point_set_release(&state->seen);
    memset(state, 0, sizeof *state);
}

hone_rc state_init(struct state *state, uint32_t n_dims)
{
    memset(state, 0, sizeof *state);
    state->n_dims = n_dims;
    state->here = (double *)calloc(n_dims + 1u, sizeof *state->here);
    state->best = (double *)calloc(n_dims + 1u, sizeof *state->best);
    state->here_judged.value = state->best_judged.value = state->cycle_best.value = HUGE_VAL;
    return state->here && state->best ? HONE_OK : HONE_ENOMEM;
}

hone_rc state_propose(struct state *s, uint64_t trial, uint64_t index)
{
    uint64_t i = 0;
    while (i < s->n_open && s->open[i].trial != trial)
        i++;
    if (i == s->open_capacity) {
        const uint64_t capacity = s->open_capacity ? s->open_capacity * 2 : 16;
        struct proposal *more = (struct proposal *)realloc(s->open, (size_t)capacity * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        s->open = more;
        s->open_capacity = capacity;
    }
    s->n_open += i == s->n_open;
    s->open[i].trial = trial;
    s->open[i].index = index;
    hone_point_set_add(&s->seen, index);
    return HONE_OK;
}

void state_settle(struct state *s, uint64_t trial, uint64_t index)
{
    for (uint64_t i = 0; i < s->n_open; i++)
        if (s->open[i].trial == trial) {
            const uint64_t proposed = s->open[i].index;
            s->seen.bits[proposed >> 6] &= ~((uint64_t)1 << (proposed & 63));
            s->open[i] = s->open[--s->n_open];
            break;
        }
    hone_point_set_add(&s->seen, index);
}

static int put(const hone_ostream *out, uint64_t v)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(v >> (8 * i));
    return out->write(out->ctx, bytes, 8) == 8;
}

static int put_real(const hone_ostream *out, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return put(out, bits);
}

static int put_judged(const hone_ostream *out, const struct judged *j)
{
    return put_real(out, j->value) && put_real(out, j->violation);
}

hone_rc state_save(const struct state *s, const hone_ostream *out, hone_error *err)
{
    int ok = out->write(out->ctx, MAGIC, sizeof MAGIC) == (int64_t)sizeof MAGIC && put(out, s->n_dims) &&
             put(out, s->seen.n) && put(out, s->n_startup) && put_real(out, s->spread) && put(out, s->n_told) &&
             put(out, s->age) && put(out, s->cycle_length) && put(out, s->idle) && put(out, s->n_reheats) &&
             put_judged(out, &s->here_judged) && put_judged(out, &s->best_judged) && put_judged(out, &s->cycle_best);
    for (uint32_t i = 0; ok && i < s->n_dims; i++)
        ok = put_real(out, s->here[i]) && put_real(out, s->best[i]);
    for (uint64_t i = 0; ok && i < s->n_startup; i++)
        ok = put_real(out, s->startup_values[i]);
    for (uint64_t i = 0; ok && i < (s->seen.n + 63) / 64; i++)
        ok = put(out, s->seen.bits[i]);
    ok = ok && put(out, s->n_open);
    for (uint64_t i = 0; ok && i < s->n_open; i++)
        ok = put(out, s->open[i].trial) && put(out, s->open[i].index);
    return ok ? HONE_OK : hone_fail(err, HONE_EIO, "", "cannot write the state of the walk");
}

static int get_bytes(const hone_istream *in, void *buffer, size_t n)
{
    for (size_t done = 0; done < n;) {
        const int64_t got = in->read(in->ctx, (char *)buffer + done, n - done);
        if (got <= 0 || (uint64_t)got > n - done)
            return 0;
        done += (size_t)got;
    }
    return 1;
}

static int get(const hone_istream *in, uint64_t *v)
{
    unsigned char bytes[8];
    if (!get_bytes(in, bytes, 8))
        return 0;
    *v = 0;
    for (unsigned i = 0; i < 8; i++)
        *v |= (uint64_t)bytes[i] << (8 * i);
    return 1;
}

static int get_real(const hone_istream *in, double *v)
{
    uint64_t bits;
    if (!get(in, &bits))
        return 0;
    memcpy(v, &bits, sizeof bits);
    return 1;
}

/* A value is a number or +inf (none yet); a violation is finite and not negative. */
static int get_judged(const hone_istream *in, struct judged *j)
{
    return get_real(in, &j->value) && get_real(in, &j->violation) && (isfinite(j->value) || j->value > 0) &&
           j->violation >= 0;
}

static int get_unit(const hone_istream *in, double *v)
{
    return get_real(in, v) && *v >= 0 && *v <= 1;
}

static hone_rc broken(hone_error *err)
{
    return hone_fail(err, HONE_EINVAL, "", "the saved state of the annealing search is damaged, or not one of its own");
}

hone_rc state_load(struct state *s, const hone_istream *in, hone_error *err)
{
    char magic[sizeof MAGIC], end;
    uint64_t n_dims, n_seen, n_open = 0;
    int ok = 1;
    if (!get_bytes(in, magic, sizeof magic) || memcmp(magic, MAGIC, sizeof magic) || !get(in, &n_dims) ||
        n_dims > MOST_DIMS || !get(in, &n_seen) || n_seen > MOST_POINTS)
        return broken(err);
    if (state_init(s, (uint32_t)n_dims) < 0)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    if (n_seen && !(s->seen.bits = (uint64_t *)calloc((size_t)((n_seen + 63) / 64), sizeof(uint64_t))))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    s->seen.n = n_seen;
    ok = get(in, &s->n_startup) && get_real(in, &s->spread) && s->spread >= 0 && isfinite(s->spread) &&
         get(in, &s->n_told) && get(in, &s->age) && get(in, &s->cycle_length) && get(in, &s->idle) &&
         get(in, &s->n_reheats) && get_judged(in, &s->here_judged) && get_judged(in, &s->best_judged) &&
         get_judged(in, &s->cycle_best) && s->n_startup <= STARTUP_VALUES && s->n_startup <= s->n_told &&
         s->age <= s->n_told && s->idle <= s->n_told && (s->cycle_length > 0) == (s->spread > 0);
    for (uint32_t i = 0; ok && i < s->n_dims; i++)
        ok = get_unit(in, s->here + i) && get_unit(in, s->best + i);
    for (uint64_t i = 0; ok && i < s->n_startup; i++)
        ok = get_real(in, s->startup_values + i) && isfinite(s->startup_values[i]);
    for (uint64_t i = 0; ok && i < (n_seen + 63) / 64; i++)
        ok = get(in, s->seen.bits + i);
    if (ok && n_seen % 64 && s->seen.bits[n_seen / 64] >> (n_seen % 64))
        ok = 0;
    ok = ok && get(in, &n_open) && n_open <= n_seen;
    for (uint64_t i = 0; ok && i < n_open; i++) {
        uint64_t trial, index;
        ok = get(in, &trial) && get(in, &index) && index < n_seen;
        if (ok && state_propose(s, trial, index) < 0)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    }
    ok = ok && s->n_open == n_open; /* no trial twice */
    if (ok && in->read(in->ctx, &end, 1) != 0)
        ok = 0;
    return ok ? HONE_OK : broken(err);
}
