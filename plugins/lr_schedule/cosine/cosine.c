/* SPDX-License-Identifier: MIT */
/* lr_schedule/cosine: half a cosine from the full rate down to a share of it (Loshchilov and Hutter 2017,
 * without restarts), after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

struct settings {
    double warmup, final_factor;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to its full value before it falls."),
    HONE_REAL(struct settings, final_factor, "0", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the learning rate that the fall ends at."),
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
    return s->final_factor + (1 - s->final_factor) * 0.5 * (1 + cos(3.14159265358979323846 * progress));
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component cosine = {
    .size = sizeof cosine,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "cosine",
    .summary = "Cosine annealing of the learning rate, with warm-up",
    .doc = "After a linear warm-up of W steps (`warmup` times the steps of an epoch) the factor falls\n"
           "along half a cosine over the other steps of the training. At the update s = 0, 1, ... of T:\n"
           "\n"
           "    s + 1 < W:  factor = (s + 1) / W\n"
           "    else:       factor = final_factor + (1 - final_factor) / 2 * (1 + cos(pi * (s - W) / (T - W)))\n"
           "\n"
           "It is stepped per update. The same values come from torch's CosineAnnealingLR with T_max = T\n"
           "- W and eta_min = final_factor * learning_rate.\n"
           "\n"
           "Source: Loshchilov and Hutter 2017, \"SGDR: stochastic gradient descent with warm restarts\",\n"
           "ICLR, equation 5; warm-up: Goyal et al. 2017, \"Accurate, large minibatch SGD: training\n"
           "ImageNet in 1 hour\", section 2.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.cosine", "0.1.0", "MIT", "the hone authors", "", &cosine)
