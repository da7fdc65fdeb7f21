/* SPDX-License-Identifier: MIT */
/* hone/transform.h - kind "transform/1": what is learnt on the training split and applied to every sample. */
#ifndef HONE_TRANSFORM_H
#define HONE_TRANSFORM_H
#include "hone/plugin.h"
#include "hone/task.h"

#define HONE_KIND_TRANSFORM "transform/1"
/* Its state (save and load of the component) is stored with the model, so that new data are treated alike. load replaces fit
 * and finish; it may come before or after begin, and begin with the shape of the state keeps it. [trial] */
typedef struct hone_transform_v1 {
    uint32_t size, flags;
    /* Hears the shape that comes in and writes the shape that goes out (task->dims, n_dims; dtype becomes HONE_F32). */
    hone_rc (*begin)(void *self, const hone_task *in, hone_task *out, hone_error *err);
    /* x: (n, in dims...) float32 samples of the training split, called until all were shown; then finish. */
    hone_rc (*fit)(void *self, const float *x, uint64_t n, hone_error *err);
    hone_rc (*finish)(void *self, hone_error *err);
    /* x: (n, in dims...) -> y: (n, out dims...); x and y do not overlap unless they are the same and the shape stays. */
    hone_rc (*apply)(void *self, const float *x, float *y, uint64_t n, hone_error *err);
    /* Where the transform is y = scale * x + shift per element of a sample: writes both arrays (elements of one sample) and
     * returns HONE_OK, so that the host can apply it while it gathers. May be NULL or answer HONE_ENOTSUP. */
    hone_rc (*affine)(void *self, float *scale, float *shift, hone_error *err);
} hone_transform_v1;
#endif /* HONE_TRANSFORM_H */
