/* SPDX-License-Identifier: MIT */
/* loss/mse: mean squared error; predictions are the outputs themselves. */
#include "hone/instance.h"
#include "hone/loss.h"

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, 0, 0, self, err);
}

/* outputs: (N, K), targets: (K) per sample */
static hone_var build(void *self, hone_graph *g, hone_var outputs, hone_var targets, const hone_task *task)
{
    (void)self;
    if (task->kind != HONE_TASK_REGRESSION)
        return hone_nn_fail(g, NULL, "mse is a loss for numbers; for classes use cross_entropy");
    return hone_nn_mse(g, outputs, targets);
}

static hone_var predict(void *self, hone_graph *g, hone_var outputs, const hone_task *task)
{
    (void)self;
    (void)g;
    (void)task;
    return outputs;
}

static const hone_loss_v1 iface = {
    .size = sizeof iface,
    .tasks = HONE_LOSS_REGRESSION,
    .default_tasks = HONE_LOSS_REGRESSION,
    .build = build,
    .predict = predict,
};

static const hone_component mse = {
    .size = sizeof mse,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LOSS,
    .name = "mse",
    .summary = "Mean squared error: what regression minimizes",
    .doc = "With x the network's K outputs for a sample and t its targets:\n"
           "\n"
           "    loss = 1/K * sum over k of (x[k] - t[k])^2\n"
           "\n"
           "Training minimizes the mean over the batch. The network's answers are x. It is the default\n"
           "loss of regression and equals torch.nn.MSELoss.",
    .iface = &iface,
    .param_size = sizeof(hone_param),
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.loss.mse", "0.1.0", "MIT", "the hone authors", "", &mse)
