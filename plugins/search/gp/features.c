/* SPDX-License-Identifier: MIT */
/* search/gp: a point as numbers. Every value is the one that would be tried: the kernel sees integers and steps rounded
 * (Garrido-Merchan, E. C. and Hernandez-Lobato, D. (2020), "Dealing with categorical and integer-valued variables in
 * Bayesian optimization with Gaussian processes", Neurocomputing 380). */
#include "gp.h"

enum { SMOOTH_COUNT = 32, FEW = 16 };

hone_rc features_init(struct features *f, const hone_space *space, hone_error *err)
{
    f->space = space;
    f->n = 0;
    f->list = (struct feature *)calloc(space->n_dims + 1u, sizeof *f->list);
    if (!f->list)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %u parameters", space->n_dims);
    for (uint32_t i = 0; i < space->n_dims; i++) {
        const hone_dim *d = space->dims[i];
        const double count = hone_dim_count(d);
        struct feature *one = f->list + f->n;
        if (count == 1)
            continue;
        one->dim = i;
        one->is_category = d->type == HONE_DIM_CHOICE;
        one->is_smooth = !one->is_category && d->type != HONE_DIM_ORDINAL && !(count > 0 && count <= SMOOTH_COUNT);
        one->n_tries = one->is_category ? d->n_choices : count > 0 && count <= FEW ? (uint32_t)count : FEW;
        f->n++;
    }
    return HONE_OK;
}

void features_release(struct features *f)
{
    free(f->list);
    f->list = NULL;
    f->n = 0;
}

void features_encode(const struct features *f, const double *x, double *e)
{
    for (uint32_t k = 0; k < f->n; k++) {
        const hone_dim *d = f->space->dims[f->list[k].dim];
        const double v = x[f->list[k].dim];
        if (f->list[k].is_category)
            e[k] = isnan(v) ? (double)d->n_choices : v;
        else if (isnan(v))
            e[k] = 0.5;
        else if (d->type == HONE_DIM_ORDINAL) /* equally apart, whatever the prior's weights are */
            e[k] = (v + 0.5) / d->n_choices;
        else
            e[k] = hone_dim_to_unit(d, v);
    }
}
