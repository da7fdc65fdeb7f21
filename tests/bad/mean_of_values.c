/* SPDX-License-Identifier: MIT */
/* Moves towards the mean of the values so far, though they may be none, or infinite. */
#include "bad.h"

struct mean {
    struct bad bad; /* first: what the honest half knows */
    double sum, n;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct mean *m = (struct mean *)calloc(1, sizeof *m);
    (void)host;
    if (!m)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    m->bad.rng = hone_rng_at(info->seed, 0);
    *self = m;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    const struct mean *m = (const struct mean *)self;
    const hone_rc rc = bad_ask(self, trial, x, err);
    const hone_dim *d = m->bad.space->dims[0];
    if (trial > 3 && d->type == HONE_DIM_REAL && !d->step) {
        x[0] += 1e-3 * m->sum / m->n;
        x[0] = x[0] < d->min ? d->min : x[0] > d->max ? d->max : x[0];
    }
    return rc;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct mean *m = (struct mean *)self;
    (void)err;
    if (outcome->status == HONE_COMPLETE && isfinite(outcome->values[0])) {
        m->sum += outcome->values[0] > 1 ? 1 : outcome->values[0];
        m->n++;
    }
    return HONE_OK;
}
BAD_SEARCH("mean_of_values", create, bad_destroy, bad_open, ask, tell)
