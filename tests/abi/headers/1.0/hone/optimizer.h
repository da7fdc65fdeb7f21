/* SPDX-License-Identifier: MIT */
/* hone/optimizer.h - kind "optimizer/1": one step of the parameters along their gradients.
 *
 * An optimizer keeps its state in the arrays that it declares, so that checkpoints need to know nothing about it. Its table
 * should have the key learning_rate: the host hands back that key's value times the schedule's factor as `rate`. */
#ifndef HONE_OPTIMIZER_H
#define HONE_OPTIMIZER_H
#include "hone/nn.h"

#define HONE_KIND_OPTIMIZER "optimizer/1"
typedef struct hone_update {
    uint32_t size, reserved;
    uint64_t step; /* 1, 2, ...: updates made, this one included */
    double factor; /* of the learning rate, from the schedule: 1 without one */
} hone_update;

typedef struct hone_optimizer_v1 {
    uint32_t size, flags;
    uint32_t n_states, reserved; /* arrays per parameter, at most HONE_MAX_STATES: parameter->state[0 .. n_states-1] */
    const char *const *state_names;      /* (n_states) "momentum", ... for checkpoints */
    double (*learning_rate)(void *self); /* base rate, before the factor: for reports, and for decoupled decay */
    /* value <- value - rate * direction(gradient, state), one pass over each parameter. [trial] */
    hone_rc (*update)(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err);
} hone_optimizer_v1;
#endif /* HONE_OPTIMIZER_H */
