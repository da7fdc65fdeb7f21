/* SPDX-License-Identifier: MIT */
/* hone/regularizer.h - kind "regularizer/1": anything that keeps a network from learning its training set by heart.
 *
 * Every hook may be NULL. The order of application: the moments follow each other as below; at one moment, active regularizers
 * are called by the stage of their component (hone/plugin.h: early ones first), then in the order of the INI. The resolved INI
 * lists them in this order. Once:
 *
 *     on_task -> at_site, while the network is built -> on_network
 *
 * Per training step:
 *
 *     samples read -> on_batch (raw) -> transforms -> on_batch -> on_targets
 *         -> before_pass -> forward, backward -> after_pass (last one first)
 *         -> on_step, which may ask for further passes -> on_gradients -> optimizer update -> after_update
 *
 * After each epoch:
 *
 *     on_evaluation (1) -> validation, where there is one -> on_epoch -> on_evaluation (0, last one first)
 *
 * After the last epoch: at_end
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

/* A pass is forward and backward over the batch at hand. */
typedef struct hone_pass {
    uint32_t size, reserved;
    uint64_t step, steps;   /* 0, 1, ... of the training; all that are planned */
    uint64_t epoch, epochs; /* 0, 1, ...; planned */
    uint64_t seed;          /* of the regularizer and the step: the same in every pass of a step */
    double loss;            /* after the first pass: mean over the batch; before: NaN */
    void *ctx;
    /* on_step only: another pass over the same batch, with the same masks, at the values that the parameters have now. The
     * gradients are those of that pass then; running statistics and the reported loss stay those of the first one. */
    hone_rc (*again)(void *ctx, hone_error *err);
} hone_pass;

enum {
    HONE_REGULARIZER_RAW = 1u << 0,            /* on_batch wants raw samples, before the transforms */
    HONE_REGULARIZER_CLASSIFICATION = 1u << 1, /* makes sense for classes only */
    HONE_REGULARIZER_IMAGES = 1u << 2,         /* wants samples of three dimensions (C, H, W) */
    HONE_REGULARIZER_VALIDATION = 1u << 3,     /* has nothing to do without a validation set */
    HONE_REGULARIZER_NORMALIZES = 1u << 4      /* at_site adds a normalization: no two of them at one site */
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
    /* below: since minor 1 */
    /* The network is whole and its parameters have their first values; also in a check that trains nothing. For what is made
     * once, and for patterns that match nothing. The graph lives as long as self's other hooks are called. */
    hone_rc (*on_network)(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err);
    /* before_pass may change values of parameters for the time of the pass, and coefficients of layers that it added;
     * after_pass brings the values back and turns the gradients into those with respect to them. */
    hone_rc (*before_pass)(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err);
    hone_rc (*after_pass)(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                          hone_error *err);
    /* The gradients are there as the loss has them. May have them computed anew elsewhere: now->again. */
    hone_rc (*on_step)(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                       hone_error *err);
    /* begins 1: an epoch has ended and the network is about to be measured: other values may take the place of the trained
     * ones; 0: the training goes on with these. What on_epoch keeps is what was measured. */
    hone_rc (*on_evaluation)(void *self, hone_parameter *const *parameters, uint32_t n, uint32_t begins,
                             hone_error *err);
    /* Hears what on_batch will be shown, the samples as read (raw) or as they are after the transforms, before anything is
     * built; also in a check. The place to refuse samples that the settings do not fit. */
    hone_rc (*on_task)(void *self, const hone_task *task, hone_error *err);
} hone_regularizer_v1;
#endif /* HONE_REGULARIZER_H */
