/* SPDX-License-Identifier: MIT */
/* lr_schedule/polynomial: the learning rate falls along a power of the time left, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    double power, final_factor, warmup;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, power, "1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LO_OPEN, NULL,
              "Power of the share of the training that is left; 1: a straight line."),
    HONE_REAL(struct settings, final_factor, "0", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the learning rate that the fall ends at."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to its full value before it falls."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static double factor(void *self, const hone_position *now)
{
    const struct settings *s = (const struct settings *)self;
    const double warmup = s->warmup * (double)now->steps_per_epoch; /* steps */
    const double step = (double)now->step, total = (double)now->total_steps;
    if (step + 1 < warmup)
        return (step + 1) / warmup;
    if (!(total > warmup))
        return 1; /* all of the training is warm-up */
    const double progress = step <= warmup ? 0 : step >= total ? 1 : (step - warmup) / (total - warmup);
    return s->final_factor + (1 - s->final_factor) * pow(1 - progress, s->power);
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component polynomial = {
    .size = sizeof polynomial,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "polynomial",
    .summary = "The learning rate falls along a power of the time left",
    .doc = "After a linear warm-up of W steps (`warmup` times the steps of an epoch) the factor falls over the\n"
           "other steps of the training. At the update s = 0, 1, ... of T:\n"
           "\n"
           "    s + 1 < W:  factor = (s + 1) / W\n"
           "    else:       factor = final_factor + (1 - final_factor) * (1 - (s - W) / (T - W))^power\n"
           "\n"
           "It is stepped per update. With final_factor = 0 the same values come from torch's PolynomialLR with\n"
           "total_iters = T - W. power = 1 is the linear decay that many language models are trained with.\n"
           "\n"
           "Source: Liu, Rabinovich and Berg 2015, \"ParseNet: looking wider to see better\", section 3.3 (the\n"
           "\"poly\" policy); warm-up: Goyal et al. 2017, \"Accurate, large minibatch SGD: training ImageNet in 1\n"
           "hour\", section 2.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.polynomial", "0.1.0", "MIT", "the hone authors", "", &polynomial)
