/* SPDX-License-Identifier: MIT */
/* hone/lr_schedule.h - kind "lr_schedule/1": a factor on the learning rate, from the position in the training. */
#ifndef HONE_LR_SCHEDULE_H
#define HONE_LR_SCHEDULE_H
#include "hone/plugin.h"

#define HONE_KIND_LR_SCHEDULE "lr_schedule/1"
typedef struct hone_position {
    uint32_t size, reserved;
    uint64_t step, total_steps; /* step: 0 .. total_steps-1, updates made before this one */
    uint64_t steps_per_epoch, epochs;
    /* below: since minor 1. The optimizer's learning rate, before the factor; 0 from older hosts. */
    double learning_rate;
    /* For schedules with HONE_SCHEDULE_SLOPE, 0 for others and before the first update. With g the gradient at hand, as the
     * optimizer is about to see it, and w <- w - rate * d what the optimizer made of the weights in the update before: */
    double slope;          /* -<g, d>: the derivative of the loss now with respect to the rate of that update */
    double gradient_norm;  /* |g| */
    double direction_norm; /* |d| */
} hone_position;

/* Flags of a schedule, since minor 1. */
enum {
    HONE_SCHEDULE_SLOPE = 1
}; /* it hears slopes, which cost the host a copy of the weights and two passes over them */

typedef struct hone_lr_schedule_v1 {
    uint32_t size, flags;
    /* >= 0; called once before each update, when its gradients are there. [trial] */
    double (*factor)(void *self, const hone_position *now);
    /* After each epoch: the validation loss (or training loss where there is no validation). May be NULL. [trial] */
    void (*hear)(void *self, uint64_t epoch, double loss);
} hone_lr_schedule_v1;
#endif /* HONE_LR_SCHEDULE_H */
