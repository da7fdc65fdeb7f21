/* SPDX-License-Identifier: MIT */
/* lr_schedule/step: the learning rate falls by a factor every few epochs, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    int64_t step_size;
    double gamma, warmup;
};

static const hone_param params[] = {
    HONE_INT(struct settings, step_size, NULL, 1, 1e9, HONE_P_TUNABLE | HONE_P_LOG, "epochs",
             "Epochs from one fall to the next."),
    HONE_REAL(struct settings, gamma, "0.1", 0, 1, HONE_P_TUNABLE, NULL,
              "What the rate is multiplied by at each fall."),
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
    const uint64_t falls = now->step / now->steps_per_epoch / (uint64_t)s->step_size;
    return rise(s, now) * pow(s->gamma, (double)falls);
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component step = {
    .size = sizeof step,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "step",
    .summary = "The learning rate falls by a factor every few epochs",
    .doc = "In epoch e = 0, 1, ... of the training,\n"
           "\n"
           "    factor = gamma^floor(e / step_size)\n"
           "\n"
           "as torch's StepLR, stepped per epoch. With `warmup` it is multiplied by min(1, (s + 1) / W) at the\n"
           "update s = 0, 1, ..., W being `warmup` times the steps of an epoch; the epochs count from the start\n"
           "of the training all the same.\n"
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

HONE_MODULE("org.hone.lr_schedule.step", "0.1.0", "MIT", "the hone authors", "", &step)
