/* SPDX-License-Identifier: MIT */
/* What a schedule hears of an update when the next gradient is there: the derivative of the loss with respect to that update's
 * rate (hone/lr_schedule.h). The direction is what the optimizer did to the weights, divided by the rate, so that any
 * optimizer will do; decay and projections of regularizers are none of its. */
#include "train.h"

#include "hone/hyper.h"

#include <stdlib.h>
#include <string.h>

/* d = (d - w) / rate, where d was w before the update     d, w: (n) */
HONE_TARGET_CLONES
static void to_direction(float *restrict d, const float *restrict w, uint64_t n, float rate)
{
    for (uint64_t i = 0; i < n; i++)
        d[i] = (d[i] - w[i]) / rate;
}

hone_rc slope_create(struct training *t, hone_error *err)
{
    const struct member *m = &t->crew.members[PART_SCHEDULE][0];
    uint64_t length = 0;
    if (!t->crew.n[PART_SCHEDULE] || !(((const hone_lr_schedule_v1 *)m->iface)->flags & HONE_SCHEDULE_SLOPE))
        return HONE_OK;
    for (uint32_t i = 0; i < t->network.n_parameters; i++)
        length += t->network.parameters[i]->length;
    t->direction = calloc(length + 1, sizeof *t->direction);
    return t->direction ? HONE_OK : hone_fail(err, HONE_ENOMEM, "", "out of memory for the direction of an update");
}

void slope_before_update(struct training *t, hone_position *now)
{
    double slope = 0, gradient = 0, direction = 0;
    float *d = t->direction;
    if (!d)
        return;
    for (uint32_t i = 0; i < t->network.n_parameters; i++) {
        const hone_parameter *p = t->network.parameters[i];
        slope -= hone_dot(p->gradient, d, p->length);
        gradient += hone_dot(p->gradient, p->gradient, p->length);
        direction += hone_dot(d, d, p->length);
        memcpy(d, p->value, p->length * sizeof *d);
        d += p->length;
    }
    now->slope = slope;
    now->gradient_norm = sqrt(gradient);
    now->direction_norm = sqrt(direction);
}

void slope_after_update(struct training *t, double rate)
{
    float *d = t->direction;
    if (!d)
        return;
    for (uint32_t i = 0; i < t->network.n_parameters; d += t->network.parameters[i++]->length) {
        const hone_parameter *p = t->network.parameters[i];
        if (rate > 0)
            to_direction(d, p->value, p->length, (float)rate);
        else /* it went nowhere: nothing is known of where it would have gone */
            memset(d, 0, p->length * sizeof *d);
    }
}
