/* SPDX-License-Identifier: MIT */
/* lr_schedule/multistep: the learning rate falls by a factor at given epochs, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    hone_reals milestones;
    double gamma, warmup;
};

static const hone_param params[] = {
    HONE_REALS(struct settings, milestones, NULL, 0, HUGE_VAL, 0, "epochs",
               "Epochs, whole or not, after which the rate falls, in any order."),
    HONE_REAL(struct settings, gamma, "0.1", 0, 1, HONE_P_TUNABLE, NULL,
              "What the rate is multiplied by at each milestone."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to what the schedule says."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* The share of the warm-up that the step reaches: (s + 1) / W, at most 1. */
static double rise(const struct settings *s, const hone_position *now)
{
    const double warmup = s->warmup * (double)now->steps_per_epoch, next = (double)now->step + 1;
    return next < warmup ? next / warmup : 1;
}

static double factor(void *self, const hone_position *now)
{
    const struct settings *s = (const struct settings *)self;
    double f = rise(s, now);
    for (uint64_t i = 0; i < s->milestones.n; i++)
        if ((double)now->step >= s->milestones.values[i] * (double)now->steps_per_epoch)
            f *= s->gamma;
    return f;
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component multistep = {
    .size = sizeof multistep,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "multistep",
    .summary = "The learning rate falls by a factor at given epochs",
    .doc = "After e epochs of training, whole or not,\n"
           "\n"
           "    factor = gamma^(number of milestones <= e)\n"
           "\n"
           "as torch's MultiStepLR, stepped per epoch where the milestones are whole. With `warmup` it is\n"
           "multiplied by min(1, (s + 1) / W) at the update s = 0, 1, ..., W being `warmup` times the steps of\n"
           "an epoch; the milestones count from the start of the training all the same.\n"
           "\n"
           "Source of the warm-up: Goyal et al. 2017, \"Accurate, large minibatch SGD: training ImageNet in 1\n"
           "hour\", section 2.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.multistep", "0.1.0", "MIT", "the hone authors", "", &multistep)
