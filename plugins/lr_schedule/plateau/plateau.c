/* SPDX-License-Identifier: MIT */
/* lr_schedule/plateau: the learning rate falls when the validation loss stops falling, after a linear warm-up if wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

enum threshold_mode { RELATIVE, ABSOLUTE };
static const char *const modes[] = { "relative", "absolute", NULL };

struct settings {
    double gamma, threshold, min_factor, warmup;
    int64_t patience, cooldown;
    uint32_t threshold_mode;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, gamma, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "What the rate is multiplied by at each fall."),
    HONE_INT(struct settings, patience, "10", 0, 1e9, HONE_P_TUNABLE | HONE_P_LOG, "epochs",
             "Epochs without improvement that are let pass; the rate falls at the next."),
    HONE_REAL(struct settings, threshold, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE, NULL,
              "An improvement by this much or less does not count."),
    HONE_ENUM(struct settings, threshold_mode, "relative", modes, 0,
              "The threshold is a share of the best loss, or a loss itself."),
    HONE_INT(struct settings, cooldown, "0", 0, 1e9, HONE_P_TUNABLE, "epochs",
             "Epochs after a fall in which no epoch counts as one without improvement."),
    HONE_REAL(struct settings, min_factor, "0", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the learning rate that the rate does not fall below."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to what the schedule says."),
};

/* All that a resumed training needs; saved as it is. */
struct progress {
    double factor, best;
    int64_t waited, cooling;  /* epochs without improvement; epochs of cooldown left */
    uint64_t heard, reserved; /* epochs; 0: best is none yet */
};

struct plateau {
    struct settings settings;
    struct progress progress;
};

static const char magic[8] = "plateau1";

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct plateau), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct plateau *)*self)->progress = (struct progress){ 1, HUGE_VAL, 0, 0, 0, 0 };
    return rc;
}

static double factor(void *self, const hone_position *now)
{
    const struct plateau *p = (const struct plateau *)self;
    const double warmup = p->settings.warmup * (double)now->steps_per_epoch, next = (double)now->step + 1;
    return next < warmup ? p->progress.factor * (next / warmup) : p->progress.factor;
}

/* NaN is never an improvement. */
static int improves(const struct plateau *p, double loss)
{
    const double best = p->progress.best, least = p->settings.threshold;
    if (!(best < HUGE_VAL))
        return loss < HUGE_VAL;
    return loss < best - (p->settings.threshold_mode == RELATIVE ? least * fabs(best) : least);
}

static void hear(void *self, uint64_t epoch, double loss)
{
    struct plateau *p = (struct plateau *)self;
    const struct settings *s = &p->settings;
    struct progress *now = &p->progress;
    (void)epoch;
    now->heard++;
    if (improves(p, loss)) {
        now->best = loss;
        now->waited = 0;
    } else {
        now->waited++;
    }
    if (now->cooling > 0) {
        now->cooling--;
        now->waited = 0;
    }
    if (now->waited > s->patience) {
        const double lower = now->factor * s->gamma;
        now->factor = lower > s->min_factor ? lower : s->min_factor;
        now->cooling = s->cooldown;
        now->waited = 0;
    }
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct plateau *p = (const struct plateau *)self;
    const hone_rc rc = hone_write(out, magic, sizeof magic, err);
    return rc == HONE_OK ? hone_write(out, &p->progress, sizeof p->progress, err) : rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct plateau *p = (struct plateau *)self;
    char tag[sizeof magic];
    struct progress q;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK || (rc = hone_read(in, &q, sizeof q, err)) != HONE_OK ||
        (rc = hone_read_end(in, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, magic, sizeof magic))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of plateau");
    if (!(q.factor >= 0 && q.factor <= 1) || isnan(q.best) || q.waited < 0 || q.waited > p->settings.patience ||
        q.cooling < 0 || q.cooling > p->settings.cooldown || (uint64_t)q.waited > q.heard || q.reserved)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state of plateau contradicts itself");
    p->progress = q;
    return HONE_OK;
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .factor = factor, .hear = hear };

static const hone_component plateau = {
    .size = sizeof plateau,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "plateau",
    .summary = "The learning rate falls when the validation loss stops falling",
    .doc = "After each epoch the validation loss (the training loss where there is no validation) is compared\n"
           "with the best so far. It improves where\n"
           "\n"
           "    threshold_mode = relative:  loss < best - threshold * |best|\n"
           "    threshold_mode = absolute:  loss < best - threshold\n"
           "\n"
           "After more than `patience` epochs in a row without improvement the factor is multiplied by `gamma`,\n"
           "but not below `min_factor`, and the wait starts anew; the next `cooldown` epochs do not count. A loss\n"
           "that is no number is no improvement.\n"
           "\n"
           "The values are those of torch's ReduceLROnPlateau with mode=min (where a best loss below 0 makes its\n"
           "relative threshold count the wrong way, this one does not). With `warmup` the factor is multiplied by\n"
           "min(1, (s + 1) / W) at the update s = 0, 1, ..., W being `warmup` times the steps of an epoch.\n"
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
    .save = save,
    .load = load,
};

HONE_MODULE("org.hone.lr_schedule.plateau", "0.1.0", "MIT", "the hone authors", "", &plateau)
