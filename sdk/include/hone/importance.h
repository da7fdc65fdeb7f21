/* SPDX-License-Identifier: MIT */
/* hone/importance.h - kind "importance/1": how much each parameter of a study matters, from its trials. Run by
 * `hone importance`, in its process, after or beside the study. */
#ifndef HONE_IMPORTANCE_H
#define HONE_IMPORTANCE_H
#include "hone/search.h"

#define HONE_KIND_IMPORTANCE "importance/1"

typedef struct hone_importance_data {
    uint32_t size, n_dims;
    const hone_space *space;
    uint64_t n;           /* complete trials, >= 2 */
    const double *x;      /* (n, n_dims) settled: NaN where inactive */
    const double *values; /* (n) finite; lower is better */
    uint32_t pairs;       /* 1: of pairs too, where the method knows them */
    uint32_t reserved;
} hone_importance_data;

typedef struct hone_importance {
    uint32_t size;
    uint32_t dim_a, dim_b; /* dim_b UINT32_MAX: of one parameter */
    double importance;     /* the method's own scale, larger is more; 0: none */
    double deviation;      /* of the estimate (between trees); NaN: not known */
} hone_importance;

/* Takes one; a failure ends the evaluation and is returned. */
typedef hone_rc (*hone_importance_sink)(void *ctx, const hone_importance *one);

typedef struct hone_importance_v1 {
    uint32_t size, flags; /* HONE_IMPORTANCE_... */
    /* Every parameter that has more than one value is given once, in any order. The answer depends on the data and the seed
     * alone. HONE_ENOTSUP: too few trials, which the message says. [study] */
    hone_rc (*evaluate)(void *self, const hone_importance_data *data, hone_importance_sink give, void *ctx,
                        hone_error *err);
} hone_importance_v1;
enum { HONE_IMPORTANCE_PAIRS = 1u << 0 }; /* flags: knows pairs */

/* The value of dimension i as a model of the trials sees it: the position on its own scale, in [0, 1], the index of a
 * choice, NaN where inactive. [any] */
static inline double hone_importance_feature(const hone_space *space, uint32_t i, double v)
{
    const hone_dim *d = space->dims[i];
    return isnan(v) || d->type == HONE_DIM_CHOICE ? v : hone_dim_to_unit(d, v);
}
#endif /* HONE_IMPORTANCE_H */
