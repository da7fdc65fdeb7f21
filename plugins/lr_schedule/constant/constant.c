/* SPDX-License-Identifier: MIT */
/* lr_schedule/constant: the learning rate as set, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    double warmup;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to its full value."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static double factor(void *self, const hone_position *now)
{
    const double warmup = ((const struct settings *)self)->warmup * (double)now->steps_per_epoch; /* steps */
    const double next = (double)now->step + 1;
    return next < warmup ? next / warmup : 1;
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component constant = {
    .size = sizeof constant,
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "constant",
    .summary = "Constant learning rate, with warm-up",
    .doc = "The learning rate stays as the optimizer sets it. With `warmup`, it grows linearly before: at\n"
           "the update s = 0, 1, ... of a warm-up of W steps (`warmup` times the steps of an epoch),\n"
           "\n"
           "    factor = min(1, (s + 1) / W)\n"
           "\n"
           "Source of the warm-up: Goyal et al. 2017, \"Accurate, large minibatch SGD: training ImageNet\n"
           "in 1 hour\", section 2.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.constant", "0.1.0", "MIT", "the hone authors", "", &constant)
