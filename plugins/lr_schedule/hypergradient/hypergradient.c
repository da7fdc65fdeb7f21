/* SPDX-License-Identifier: MIT */
/* lr_schedule/hypergradient: the learning rate descends along its own derivative, update by update, after a linear warm-up if
 * wanted. */
#include "hone/instance.h"
#include "hone/lr_schedule.h"

enum rule { MULTIPLICATIVE, ADDITIVE };
static const char *const rules[] = { "multiplicative", "additive", NULL };

struct settings {
    uint32_t rule;
    double relative_beta, beta, min_factor, max_factor, warmup;
};

static const hone_param params[] = {
    HONE_ENUM(struct settings, rule, "multiplicative", rules, HONE_P_TUNABLE,
              "Whether a step of the rate is a share of it, by the angle between gradient and direction alone, or "
              "`beta` times the derivative."),
    HONE_REAL_IF(struct settings, relative_beta, "0.02", 0, 1, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_HI_OPEN, NULL,
                 "rule=multiplicative", "Most by which the rate may change at an update, as a share of it."),
    HONE_REAL_IF(struct settings, beta, "1e-3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL, "rule=additive",
                 "Learning rate of the learning rate. The authors took 1e-3 for plain descent and with momentum, 1e-7 "
                 "for adam, whose directions are much longer than gradients; on other networks the useful value is "
                 "another one."),
    HONE_REAL(struct settings, min_factor, "1e-4", 0, 1, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Share of the optimizer's learning rate that the rate does not fall below: at 0 it would stay."),
    HONE_REAL(struct settings, max_factor, "1e4", 1, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Multiple of the optimizer's learning rate that the rate does not rise above."),
    HONE_REAL(struct settings, warmup, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "epochs",
              "Epochs, whole or not, over which the rate grows from nothing to what the schedule says."),
};

struct hypergradient {
    struct settings settings;
    double factor; /* all that a resumed training needs */
};

static const char magic[8] = "hyperlr1";

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct hypergradient), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct hypergradient *)*self)->factor = 1;
    return rc;
}

/* The factor after a step along the slope; NaN where there is nothing to go by. */
static double moved(const struct hypergradient *h, const hone_position *now)
{
    const struct settings *s = &h->settings;
    if (s->rule == ADDITIVE)
        return h->factor - s->beta * now->slope / now->learning_rate;
    return h->factor * (1 - s->relative_beta * now->slope / (now->gradient_norm * now->direction_norm));
}

static double factor(void *self, const hone_position *now)
{
    struct hypergradient *h = (struct hypergradient *)self;
    const struct settings *s = &h->settings;
    const double warmup = s->warmup * (double)now->steps_per_epoch, next = (double)now->step + 1, to = moved(h, now);
    if (!isnan(to))
        h->factor = to < s->min_factor ? s->min_factor : to > s->max_factor ? s->max_factor : to;
    return next < warmup ? h->factor * (next / warmup) : h->factor;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct hypergradient *h = (const struct hypergradient *)self;
    const hone_rc rc = hone_write(out, magic, sizeof magic, err);
    return rc == HONE_OK ? hone_write(out, &h->factor, sizeof h->factor, err) : rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct hypergradient *h = (struct hypergradient *)self;
    char tag[sizeof magic];
    double saved;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK ||
        (rc = hone_read(in, &saved, sizeof saved, err)) != HONE_OK || (rc = hone_read_end(in, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, magic, sizeof magic))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of hypergradient");
    if (!(saved > 0 && isfinite(saved)))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state of hypergradient has a factor of %g", saved);
    h->factor = saved;
    return HONE_OK;
}

static const hone_lr_schedule_v1 iface = { .size = sizeof iface, .flags = HONE_SCHEDULE_SLOPE, .factor = factor };

static const hone_component hypergradient = {
    .size = sizeof hypergradient,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_LR_SCHEDULE,
    .name = "hypergradient",
    .summary = "The learning rate descends along its own derivative, update by update",
    .doc = "Where gradients go on in the direction of the update before, the step was too short, where they turn\n"
           "back, too long. With g the gradient of a batch (penalties included) and d the direction of the update\n"
           "before, w <- w - rate * d, the derivative of the loss with respect to that rate is -<g, d>, and before\n"
           "each update\n"
           "\n"
           "    rule = multiplicative:  rate <- rate * (1 + relative_beta * <g, d> / (|g| |d|))\n"
           "    rule = additive:        rate <- rate + beta * <g, d>\n"
           "\n"
           "beginning with the optimizer's learning_rate, between `min_factor` and `max_factor` times that. d is what\n"
           "the optimizer did to the weights, divided by the rate: the gradient for plain descent (SGD-HD), the\n"
           "velocity with momentum (SGDN-HD), m / (sqrt(v) + epsilon) for adam (Adam-HD), and so for any optimizer.\n"
           "It is one more copy of the weights, kept in checkpoints.\n"
           "\n"
           "A rate that follows single batches is short-sighted: it falls where noise turns gradients about, which is\n"
           "early with small batches. With `warmup` the factor is multiplied by min(1, (s + 1) / W) at the update\n"
           "s = 0, 1, ..., W being `warmup` times the steps of an epoch.\n"
           "\n"
           "Source: Baydin, A. G., Cornish, R., Martinez Rubio, D., Schmidt, M. and Wood, F. (2018). Online learning\n"
           "rate adaptation with hypergradient descent. ICLR; algorithms 4 to 6, and the multiplicative rule there.",
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

HONE_MODULE("org.hone.lr_schedule.hypergradient", "0.1.0", "MIT", "the hone authors", "", &hypergradient)
