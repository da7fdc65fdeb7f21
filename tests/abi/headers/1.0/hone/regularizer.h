/* SPDX-License-Identifier: MIT */
/* hone/regularizer.h - kind "regularizer/1": anything that keeps a network from learning its training set by heart.
 *
 * Every hook may be NULL. Active regularizers are called in the order of the INI. Per training step:
 *
 *     samples read -> on_batch (raw) -> transforms -> on_batch -> on_targets -> forward, backward
 *         -> on_gradients -> optimizer update -> after_update;   after each epoch: on_epoch
 *
 * The seed of a hook is drawn for the regularizer, the step and the trial alone: the same samples get the same noise
 * whatever the number of workers. All on [trial]. */
#ifndef HONE_REGULARIZER_H
#define HONE_REGULARIZER_H
#include "hone/nn.h"
#include "hone/task.h"

#define HONE_KIND_REGULARIZER "regularizer/1"

typedef struct hone_batch {
    uint32_t size, dtype;    /* of inputs: as the data set reads them (raw), HONE_F32 after the transforms */
    uint64_t n;              /* samples */
    void *inputs;            /* (n, dims...), changed in place */
    float *targets;          /* (n, k): one-hot or soft classes, or numbers; changed in place */
    const uint64_t *samples; /* (n) index of each sample in its split: seeds per sample come from here */
    uint64_t epoch;          /* 0, 1, ... */
    const hone_task *task;   /* shape of a sample, classes */
} hone_batch;

typedef struct hone_progress {
    uint32_t size, reserved;
    uint64_t epoch, epochs; /* epochs done, epochs planned */
    double train_loss;      /* mean over the epoch */
    const hone_value
        *validation; /* (n_validation) metric values of this epoch; none when training without validation */
    uint32_t n_validation, reserved2;
    void *ctx;                                      /* for the functions below */
    hone_rc (*keep)(void *ctx, hone_error *err);    /* copies the parameters aside, in place of an earlier copy */
    hone_rc (*restore)(void *ctx, hone_error *err); /* brings the copy back; HONE_EINVAL without one */
} hone_progress;

typedef struct hone_decay {
    uint32_t size, reserved;
    double rate;   /* learning rate of the update just made, schedule included */
    uint64_t step; /* 1, 2, ... */
} hone_decay;

enum {
    HONE_REGULARIZER_RAW = 1u << 0,            /* on_batch wants raw samples, before the transforms */
    HONE_REGULARIZER_CLASSIFICATION = 1u << 1, /* makes sense for classes only */
    HONE_REGULARIZER_IMAGES = 1u << 2,         /* wants samples of three dimensions (C, H, W) */
    HONE_REGULARIZER_VALIDATION = 1u << 3      /* has nothing to do without a validation set */
};
typedef struct hone_regularizer_v1 {
    uint32_t size, flags;
    hone_var (*at_site)(void *self, hone_graph *g, const hone_site *site, hone_var x); /* x where it does not act */
    hone_rc (*on_batch)(void *self, hone_batch *batch, uint64_t seed, hone_error *err);
    hone_rc (*on_targets)(void *self, float *targets, uint64_t n, int64_t k, hone_error *err); /* (n, k) in place */
    hone_rc (*on_gradients)(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err);
    hone_rc (*after_update)(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err);
    hone_rc (*on_epoch)(void *self, const hone_progress *now, hone_error *err); /* HONE_DONE ends the training */
    hone_rc (*at_end)(void *self, const hone_progress *now,
                      hone_error *err); /* training is over: restore the best, average */
} hone_regularizer_v1;
#endif /* HONE_REGULARIZER_H */
