/* SPDX-License-Identifier: MIT */
/* hone/loss.h - kind "loss/1": builds what training minimizes, and what the network answers with. */
#ifndef HONE_LOSS_H
#define HONE_LOSS_H
#include "hone/nn.h"
#include "hone/task.h"

#define HONE_KIND_LOSS "loss/1"
enum { HONE_LOSS_CLASSIFICATION = 1u << 0, HONE_LOSS_REGRESSION = 1u << 1 };
typedef struct hone_loss_v1 {
    uint32_t size, flags;
    uint32_t tasks;         /* HONE_LOSS_...: the tasks it can serve */
    uint32_t default_tasks; /* those that take it where the INI names no loss */
    /* outputs: what the model built, (N, K); targets: an input of (K). Returns one number a sample. [trial] */
    hone_var (*build)(void *self, hone_graph *g, hone_var outputs, hone_var targets, const hone_task *task);
    /* What predictions are made of: softmax of the logits, the outputs themselves. [trial] */
    hone_var (*predict)(void *self, hone_graph *g, hone_var outputs, const hone_task *task);
} hone_loss_v1;
#endif /* HONE_LOSS_H */
