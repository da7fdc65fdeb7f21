/* SPDX-License-Identifier: MIT */
/* loss/cross_entropy: softmax cross-entropy of logits and target distributions; predictions are the softmax.
 */
#include "hone/instance.h"
#include "hone/loss.h"

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, 0, self, err);
}

/* outputs: (N, K) logits, targets: (K) per sample */
static hone_var build(void *self, hone_graph *g, hone_var outputs, hone_var targets, const hone_task *task)
{
    (void)self;
    if (task->kind != HONE_TASK_CLASSIFICATION)
        return hone_nn_fail(g, NULL, "cross_entropy is a loss for classes; for numbers use mse");
    return hone_nn_softmax_cross_entropy(g, outputs, targets);
}

static hone_var predict(void *self, hone_graph *g, hone_var outputs, const hone_task *task)
{
    (void)self;
    (void)task;
    return hone_nn_softmax(g, outputs);
}

static const hone_loss_v1 iface = {
    .size = sizeof iface,
    .tasks = HONE_LOSS_CLASSIFICATION,
    .default_tasks = HONE_LOSS_CLASSIFICATION,
    .build = build,
    .predict = predict,
};

static const hone_component cross_entropy = {
    .size = sizeof cross_entropy,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LOSS,
    .name = "cross_entropy",
    .summary = "Softmax cross-entropy: what classification minimizes",
    .doc = "With z the network's outputs (logits) for a sample and t its target distribution over the K\n"
           "classes:\n"
           "\n"
           "    loss = -sum over k of t[k] * log softmax(z)[k]\n"
           "    softmax(z)[k] = exp(z[k]) / sum over j of exp(z[j])\n"
           "\n"
           "Training minimizes the mean over the batch; hard labels are one-hot, soft labels are welcome.\n"
           "The network's answers are the probabilities softmax(z). It is the default loss of\n"
           "classification and equals torch.nn.CrossEntropyLoss.",
    .iface = &iface,
    .param_size = sizeof(hone_param),
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.loss.cross_entropy", "0.1.0", "MIT", "the hone authors", "", &cross_entropy)
