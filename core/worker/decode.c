/* SPDX-License-Identifier: MIT */
/* Reading the lists of frames into room that is made once. */
#include "worker/decode.h"

#include "hone/param.h"

#include <stdlib.h>

int decoded_init(struct decoded *d)
{
    d->values = calloc(WIRE_MAX_VALUES, sizeof *d->values);
    d->metrics = calloc(WIRE_MAX_VALUES, sizeof *d->metrics);
    d->keys = calloc(WIRE_MAX_VALUES, sizeof *d->keys);
    d->derivatives = calloc(WIRE_MAX_VALUES, sizeof *d->derivatives);
    return d->values && d->metrics && d->keys && d->derivatives ? 0 : -1;
}

void decoded_release(struct decoded *d)
{
    free(d->values);
    free(d->metrics);
    free(d->keys);
    free(d->derivatives);
    *d = (struct decoded){ 0 };
}

hone_rc decode_values(struct decoded *decoded, struct wire_frame *frame, struct crew_event *event, hone_error *err)
{
    event->n_values = wire_get_u32(frame);
    if (event->n_values > WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "a report of %u values (limit %d)", event->n_values, WIRE_MAX_VALUES);
    for (uint32_t i = 0; i < event->n_values; i++) {
        decoded->values[i].name = wire_get_name(frame);
        decoded->values[i].value = wire_get_f64(frame);
        decoded->values[i].direction = wire_get_u32(frame);
    }
    event->values = decoded->values;
    return frame->failed ? hone_fail(err, HONE_EIO, NULL, "a report that ends too early") : HONE_OK;
}

hone_rc decode_description(struct decoded *decoded, struct wire_frame *frame, hone_error *err)
{
    hone_description *d = &decoded->description;
    *d = (hone_description){ .size = sizeof *d };
    d->max_step = (int64_t)wire_get_u64(frame);
    d->stop_key = wire_get_string(frame);
    d->any_space = wire_get_u32(frame);
    d->any_metric = wire_get_u32(frame);
    d->final = wire_get_u32(frame);
    d->repeats = (int64_t)wire_get_u64(frame);
    d->length_metric = wire_get_string(frame);
    d->n_metrics = wire_get_u32(frame);
    if (d->n_metrics > WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "the objective describes %u metrics (limit %d)", d->n_metrics,
                         WIRE_MAX_VALUES);
    for (uint32_t i = 0; i < d->n_metrics; i++) {
        decoded->metrics[i] = (hone_value){ .name = wire_get_name(frame) };
        decoded->metrics[i].direction = wire_get_u32(frame);
    }
    d->metrics = decoded->metrics;
    d->n_keys = wire_get_u32(frame);
    if (d->n_keys > WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "the objective describes %u keys (limit %d)", d->n_keys, WIRE_MAX_VALUES);
    for (uint32_t i = 0; i < d->n_keys; i++)
        decoded->keys[i] = wire_get_name(frame);
    d->keys = decoded->keys;
    d->n_derivatives = wire_get_u32(frame);
    if (d->n_derivatives > WIRE_MAX_VALUES)
        return hone_fail(err, HONE_EIO, NULL, "the objective describes %u derivatives (limit %d)", d->n_derivatives,
                         WIRE_MAX_VALUES);
    for (uint32_t i = 0; i < d->n_derivatives; i++) {
        decoded->derivatives[i].metric = wire_get_name(frame);
        decoded->derivatives[i].key = wire_get_name(frame);
    }
    d->derivatives = decoded->derivatives;
    return frame->failed ? hone_fail(err, HONE_EIO, NULL, "a description that ends too early") : HONE_OK;
}
