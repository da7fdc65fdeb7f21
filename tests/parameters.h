/* SPDX-License-Identifier: MIT */
/* Parameters as a network would show them to regularizers, one of each role, filled at random. */
#ifndef HONE_TESTS_PARAMETERS_H
#define HONE_TESTS_PARAMETERS_H
#include "component.h"
#include "hone/regularizer.h"
#include "hone/rng.h"

enum { OUT = 7, IN = 53, SHAPES = 4 }; /* kernel (OUT, IN), bias (OUT), norm (IN), embedding (IN, OUT) */

struct parameters {
    hone_parameter one[SHAPES];
    hone_parameter *all[SHAPES];
    float value[SHAPES][OUT * IN], gradient[SHAPES][OUT * IN];
};

__attribute__((unused)) static void parameters_fill(struct parameters *p, uint64_t seed)
{
    static const uint32_t roles[SHAPES] = { HONE_PARAMETER_KERNEL, HONE_PARAMETER_BIAS, HONE_PARAMETER_NORM,
                                            HONE_PARAMETER_EMBEDDING };
    static const char *const names[SHAPES] = { "hidden1.weight", "hidden1.bias", "norm1.weight", "words.weight" };
    static const int64_t dims[SHAPES][2] = { { OUT, IN }, { OUT, 1 }, { IN, 1 }, { IN, OUT } };
    hone_rng rng = hone_rng_at(seed, 0);
    memset(p, 0, sizeof *p);
    for (int i = 0; i < SHAPES; i++) {
        hone_parameter *q = p->all[i] = &p->one[i];
        q->size = sizeof *q;
        q->role = roles[i];
        q->name = names[i];
        q->value = p->value[i];
        q->gradient = p->gradient[i];
        q->n_dims = dims[i][1] > 1 ? 2 : 1;
        q->dims[0] = dims[i][0];
        q->dims[1] = dims[i][1];
        q->length = (uint64_t)(dims[i][0] * dims[i][1]);
        q->plain = 1;
        for (uint64_t k = 0; k < OUT * IN; k++) {
            q->value[k] = k % 11 == 3 ? 0.0f : (float)hone_rng_normal(&rng); /* some are exactly zero */
            q->gradient[k] = (float)hone_rng_normal(&rng);
        }
    }
}

/* 1 where all values and gradients are the same bits. */
__attribute__((unused)) static int parameters_equal(const struct parameters *a, const struct parameters *b)
{
    return !memcmp(a->value, b->value, sizeof a->value) && !memcmp(a->gradient, b->gradient, sizeof a->gradient);
}

__attribute__((unused)) static const hone_regularizer_v1 *regularizer(const struct component *c)
{
    return (const hone_regularizer_v1 *)c->component->iface;
}
#endif
