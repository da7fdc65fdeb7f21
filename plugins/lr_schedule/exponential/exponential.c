/* SPDX-License-Identifier: MIT */
/* lr_schedule/exponential: the learning rate falls by a factor every epoch, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    double gamma, warmup;
    uint8_t smooth;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, gamma, "0.95", 0, 1, HONE_P_TUNABLE | HONE_P_LO_OPEN, NULL,
              "What the rate is multiplied by from epoch to epoch."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to what the schedule says."),
    HONE_BOOL(struct settings, smooth, "no", HONE_P_TUNABLE,
              "The rate falls a little at every update, not at the end of an epoch."),
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
    const uint64_t whole = now->step / now->steps_per_epoch;
    const double epochs = s->smooth ? (double)now->step / (double)now->steps_per_epoch : (double)whole;
    return rise(s, now) * pow(s->gamma, epochs);
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component exponential = {
    .size = sizeof exponential,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "exponential",
    .summary = "The learning rate falls by a factor every epoch",
    .doc = "In epoch e = 0, 1, ... of the training,\n"
           "\n"
           "    factor = gamma^e\n"
           "\n"
           "as torch's ExponentialLR, stepped per epoch; with `smooth`, e is the share of the epochs made so far\n"
           "and grows from update to update. With `warmup` it is multiplied by min(1, (s + 1) / W) at the update\n"
           "s = 0, 1, ..., W being `warmup` times the steps of an epoch; the epochs count from the start of the\n"
           "training all the same.\n"
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

HONE_MODULE("org.hone.lr_schedule.exponential", "0.1.0", "MIT", "the hone authors", "", &exponential)
