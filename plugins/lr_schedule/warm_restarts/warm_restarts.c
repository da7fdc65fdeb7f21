/* SPDX-License-Identifier: MIT */
/* lr_schedule/warm_restarts: half cosines, each followed by a jump back to the full rate (Loshchilov and Hutter 2017),
 * after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    double period, final_factor, warmup;
    int64_t multiplier;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, period, NULL, 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, "epochs",
              "Epochs, whole or not, of the first cycle."),
    HONE_INT(struct settings, multiplier, "1", 1, 1000, HONE_P_TUNABLE, NULL,
             "How many times longer each cycle is than the one before."),
    HONE_REAL(struct settings, final_factor, "0", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the learning rate that each fall ends at."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to its full value before the first cycle."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* Share of its cycle that has passed at step s >= 0 after the warm-up. length: steps of the first cycle. */
static double progress(double s, double length, double multiplier)
{
    if (multiplier <= 1)
        return fmod(s, length) / length;
    while (s >= length) { /* few times: the cycles at least double */
        s -= length;
        length *= multiplier;
    }
    return s / length;
}

static double factor(void *self, const hone_position *now)
{
    const struct settings *s = (const struct settings *)self;
    const double warmup = s->warmup * (double)now->steps_per_epoch; /* steps */
    const double step = (double)now->step, length = s->period * (double)now->steps_per_epoch;
    if (step + 1 < warmup)
        return (step + 1) / warmup;
    if (step <= warmup || !(length > 0))
        return 1;
    return s->final_factor +
           (1 - s->final_factor) * 0.5 *
               (1 + cos(3.14159265358979323846 * progress(step - warmup, length, (double)s->multiplier)));
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component warm_restarts = {
    .size = sizeof warm_restarts,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "warm_restarts",
    .summary = "Cosine annealing with warm restarts (SGDR)",
    .doc = "After a linear warm-up of W steps (`warmup` times the steps of an epoch) the factor falls along half\n"
           "a cosine again and again. A cycle takes `period` epochs, each `multiplier` times as long as the one\n"
           "before. At the update s = 0, 1, ..., t of the n steps of its cycle being over:\n"
           "\n"
           "    s + 1 < W:  factor = (s + 1) / W\n"
           "    else:       factor = final_factor + (1 - final_factor) / 2 * (1 + cos(pi * t / n))\n"
           "\n"
           "It is stepped per update. The same values come from torch's CosineAnnealingWarmRestarts with T_0 =\n"
           "`period` in steps and T_mult = `multiplier`. For one fall over the whole training use `cosine`.\n"
           "\n"
           "Source: Loshchilov and Hutter 2017, \"SGDR: stochastic gradient descent with warm restarts\", ICLR,\n"
           "equation 5; warm-up: Goyal et al. 2017, \"Accurate, large minibatch SGD: training ImageNet in 1\n"
           "hour\", section 2.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.warm_restarts", "0.1.0", "MIT", "the hone authors", "", &warm_restarts)
