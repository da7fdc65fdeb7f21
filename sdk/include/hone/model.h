/* SPDX-License-Identifier: MIT */
/* hone/model.h - kind "model/1": builds a network for a task. */
#ifndef HONE_MODEL_H
#define HONE_MODEL_H
#include "hone/nn.h"
#include "hone/task.h"

#define HONE_KIND_MODEL "model/1"
enum { HONE_MODEL_LAYERS = 1u << 0 }; /* flags: is composed of the [layer.NAME] sections (hone/layer.h) */

typedef struct hone_model_v1 {
    uint32_t size, flags;
    /* x: one sample of the task's shape, float32. Returns (N, n_outputs): logits for classes, numbers for regression.
     * Offers its sites by hone_nn_site; mistakes are kept by the graph. Which regularizers can act follows from the roles
     * offered: INPUT, PRE_ACTIVATION (normalizations), POST_ACTIVATION (dropout, noise, penalties on activations),
     * RESIDUAL_BRANCH (stochastic depth), OUTPUT (penalties on the logits, which are x of that site). Names begin alike where
     * users will want to name them together: hidden1, hidden2, ... for `sites = hidden*`. [trial] */
    hone_var (*build)(void *self, hone_graph *g, hone_var x, const hone_task *task);
} hone_model_v1;
#endif /* HONE_MODEL_H */
