/* SPDX-License-Identifier: MIT */
/* Refuses outcomes of trials that it did not ask for: a study may give points of its own. */
#include "bad.h"

struct knows {
    struct bad bad; /* first: what the honest half knows */
    unsigned char asked[4096];
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct knows *k = (struct knows *)calloc(1, sizeof *k);
    (void)host;
    if (!k)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    k->bad.rng = hone_rng_at(info->seed, 0);
    *self = k;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    ((struct knows *)self)->asked[trial % 4096] = 1;
    return bad_ask(self, trial, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    if (!((struct knows *)self)->asked[outcome->trial % 4096])
        return hone_fail(err, HONE_EINVAL, NULL, "nobody asked for trial %llu", (unsigned long long)outcome->trial);
    return HONE_OK;
}
BAD_SEARCH("knows_trials", create, bad_destroy, bad_open, ask, tell)
