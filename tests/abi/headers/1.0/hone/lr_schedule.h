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
} hone_position;

typedef struct hone_lr_schedule_v1 {
    uint32_t size, flags;
    double (*factor)(void *self, const hone_position *now); /* >= 0; called once before each update. [trial] */
    /* After each epoch: the validation loss (or training loss where there is no validation). May be NULL. [trial] */
    void (*hear)(void *self, uint64_t epoch, double loss);
} hone_lr_schedule_v1;
#endif /* HONE_LR_SCHEDULE_H */
