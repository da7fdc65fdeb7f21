/* SPDX-License-Identifier: MIT */
/* regularizer/weight_decay: decoupled weight decay (Loshchilov and Hutter 2019): weights shrink after the
 * update, past the optimizer's momentum and scaling. regularizer/l2 goes through the gradient instead. */
#include "hone/instance.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double strength;
    uint8_t bias, norm;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Share of a weight that is taken away per unit of learning rate: the weight_decay of PyTorch's "
              "AdamW; 0 changes nothing."),
    HONE_BOOL(struct settings, bias, "no", HONE_P_TUNABLE, "Biases decay too."),
    HONE_BOOL(struct settings, norm, "no", HONE_P_TUNABLE, "Scales and shifts of normalization layers decay too."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* value -= share * value     value: (n) */
HONE_TARGET_CLONES
static void decay(float *value, uint64_t n, float share)
{
    for (uint64_t i = 0; i < n; i++)
        value[i] -= share * value[i];
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double share = now->rate * s->strength;
    if (share <= 0) /* strength 0, or the schedule's rate is */
        return HONE_OK;
    if (!(share <= 1))
        return hone_fail(err, HONE_ERANGE, "strength",
                         "strength = %g times the learning rate %g is %g: beyond 1, weights change sign", s->strength,
                         now->rate, share);
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        if ((p->role != HONE_PARAMETER_BIAS || s->bias) && (p->role != HONE_PARAMETER_NORM || s->norm))
            decay(p->value, p->length, (float)share);
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .after_update = after_update };

static const hone_component weight_decay = {
    .size = sizeof weight_decay,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "weight_decay",
    .summary = "Decoupled weight decay, as in SGDW and AdamW",
    .doc = "After each update of the optimizer:\n"
           "\n"
           "    w -= rate * strength * w,    rate: the learning rate of the update, schedule included\n"
           "\n"
           "With `[optimizer] use = adam` this is AdamW. `strength` has the meaning of `weight_decay` in\n"
           "torch.optim.AdamW, which shrinks the weights right before an update where this one does right\n"
           "after: the same sequence but for its two ends. Kernels and embeddings decay; `bias` and\n"
           "`norm` add the other parameters. A product of rate and strength above 1 is an error.\n"
           "\n"
           "Source: Loshchilov and Hutter 2019, \"Decoupled weight decay regularization\", ICLR,\n"
           "algorithms 1 and 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.weight_decay", "0.1.0", "MIT", "the hone authors", "", &weight_decay)
