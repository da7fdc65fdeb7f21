/* SPDX-License-Identifier: MIT */
/* The lists in a worker's frames: values of reports and outcomes, and what the objective says of itself. Worker and plugin may
 * be broken or lie: sizes are bounded, names are never NULL. Strings stay in the frame's bytes. */
#ifndef HONE_WORKER_DECODE_H
#define HONE_WORKER_DECODE_H
#include "study/crew.h"
#include "worker/wire.h"

struct decoded { /* room for the lists, WIRE_MAX_VALUES each */
    hone_value *values, *metrics;
    const char **keys;
    hone_derivative *derivatives;
    hone_description description; /* its lists are metrics, keys and derivatives */
};
int decoded_init(struct decoded *decoded); /* 0, or -1: out of memory */
void decoded_release(struct decoded *decoded);
hone_rc decode_values(struct decoded *decoded, struct wire_frame *frame, struct crew_event *event, hone_error *err);
hone_rc decode_description(struct decoded *decoded, struct wire_frame *frame, hone_error *err);
#endif
