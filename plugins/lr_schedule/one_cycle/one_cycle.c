/* SPDX-License-Identifier: MIT */
/* lr_schedule/one_cycle: up to the full learning rate and down to almost nothing (Smith and Topin 2019), after a linear
 * warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

enum anneal { COSINE, LINEAR };
static const char *const anneals[] = { "cosine", "linear", NULL };

struct settings {
    double rise, div_factor, final_div_factor, warmup;
    uint32_t anneal;
    uint8_t three_phase;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rise, "0.3", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the steps over which the rate rises: the pct_start of PyTorch."),
    HONE_REAL(struct settings, div_factor, "25", 1, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "The cycle starts at the learning rate divided by this."),
    HONE_REAL(struct settings, final_div_factor, "1e4", 1, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "The cycle ends at its start divided by this."),
    HONE_ENUM(struct settings, anneal, "cosine", anneals, HONE_P_TUNABLE, "Form of the rise and the fall."),
    HONE_BOOL(struct settings, three_phase, "no", HONE_P_TUNABLE,
              "The fall takes as long as the rise and goes back to the start; the rest of the steps lead to the end."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to the start of the cycle."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* From `from` at share 0 to `to` at share 1 and beyond. */
static double between(const struct settings *s, double from, double to, double share)
{
    share = share < 1 ? share : 1;
    return s->anneal == LINEAR ? from + (to - from) * share
                               : to + (from - to) * 0.5 * (1 + cos(3.14159265358979323846 * share));
}

/* Step s of the `total` of the cycle, counted from 0. The phases end at the last step before a whole share is over, as
 * torch.optim.lr_scheduler.OneCycleLR has it. */
static double cycle(const struct settings *o, double s, double total)
{
    const double start = 1 / o->div_factor, end = start / o->final_div_factor;
    const double last = total - 1, peak = o->rise * total - 1;
    if (s <= peak && peak > 0)
        return between(o, start, 1, s / peak);
    if (o->three_phase && 2 * peak < last) {
        const double back = 2 * o->rise * total - 2;
        return s <= back && back > peak ? between(o, 1, start, (s - peak) / (back - peak))
                                        : between(o, start, end, (s - back) / (last - back));
    }
    return last > peak ? between(o, 1, end, (s - peak) / (last - peak)) : 1;
}

static double factor(void *self, const hone_position *now)
{
    const struct settings *s = (const struct settings *)self;
    const double warmup = s->warmup * (double)now->steps_per_epoch; /* steps */
    const double step = (double)now->step, total = (double)now->total_steps - warmup;
    if (step + 1 < warmup)
        return (step + 1) / warmup / s->div_factor;
    if (!(total > 0))
        return 1 / s->div_factor; /* all of the training is warm-up */
    return cycle(s, step <= warmup ? 0 : step - warmup, total);
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor };

static const hone_component one_cycle = {
    .size = sizeof one_cycle,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "one_cycle",
    .summary = "One cycle: up to the full learning rate, then down to almost nothing",
    .doc = "The factor rises from 1 / div_factor to 1 over the share `rise` of the steps and falls to 1 /\n"
           "(div_factor * final_div_factor) over the others; the learning rate of the optimizer is the peak. With\n"
           "`three_phase`, the fall back to the start takes as long as the rise, and what is left of the training\n"
           "leads on to the end. Before, `warmup` epochs lead from nothing to the start of the cycle.\n"
           "\n"
           "It is stepped per update and equals torch's OneCycleLR, whose anneal_strategy is `anneal`, over the\n"
           "steps after the warm-up; the momentum is not cycled (cycle_momentum=False).\n"
           "\n"
           "Source: Smith and Topin 2019, \"Super-convergence: very fast training of neural networks using large\n"
           "learning rates\", SPIE 11006.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.lr_schedule.one_cycle", "0.1.0", "MIT", "the hone authors", "", &one_cycle)
