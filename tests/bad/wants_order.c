/* SPDX-License-Identifier: MIT */
/* Answers no more once an outcome comes before that of an earlier trial. */
#include "bad.h"

struct order {
    struct bad bad; /* first: what the honest half knows */
    uint64_t next;
    int late;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct order *o = (struct order *)calloc(1, sizeof *o);
    (void)host;
    if (!o)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    o->bad.rng = hone_rng_at(info->seed, 0);
    *self = o;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    return ((struct order *)self)->late ? HONE_WAIT : bad_ask(self, trial, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct order *o = (struct order *)self;
    (void)err;
    o->late |= outcome->trial > o->next + 8; /* a few are well */
    o->next = outcome->trial + 1;
    return HONE_OK;
}
BAD_SEARCH("wants_order", create, bad_destroy, bad_open, ask, tell)
