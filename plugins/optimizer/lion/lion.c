/* SPDX-License-Identifier: MIT */
/* optimizer/lion: the sign of a momentum (Chen et al. 2023). */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

struct settings {
    double learning_rate, beta1, beta2, weight_decay;
    uint8_t bias, norm;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "How far every weight moves in a step, before the schedule's factor."),
    HONE_REAL(struct settings, beta1, "0.9", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the momentum in what the step takes the sign of."),
    HONE_REAL(struct settings, beta2, "0.99", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the momentum, a running mean of the gradient."),
    HONE_REAL(struct settings, weight_decay, "0", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Share of a weight that is taken away per unit of learning rate (decoupled); 0: none."),
    HONE_BOOL(struct settings, bias, "no", HONE_P_TUNABLE, "Biases decay too."),
    HONE_BOOL(struct settings, norm, "no", HONE_P_TUNABLE, "Scales and shifts of normalization layers decay too."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static double learning_rate(void *self)
{
    return ((const struct settings *)self)->learning_rate;
}

struct coefficients {
    float beta1, take1, beta2, take2; /* take: 1 - beta */
    float rate;
    float decay; /* learning rate * weight_decay */
};

/* c = beta1 m + take1 g, m = beta2 m + take2 g, w -= rate * sign(c) + decay * w; sign(0) = 0     all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict m, uint64_t n, struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float direction = c.beta1 * m[i] + c.take1 * g[i];
        const float sign = (direction > 0 ? 1.0f : 0.0f) - (direction < 0 ? 1.0f : 0.0f);
        m[i] = c.beta2 * m[i] + c.take2 * g[i];
        w[i] -= c.rate * sign + c.decay * w[i];
    }
}

static int decays(const struct settings *s, const hone_parameter *p)
{
    return (p->role != HONE_PARAMETER_BIAS || s->bias) && (p->role != HONE_PARAMETER_NORM || s->norm);
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double rate = s->learning_rate * now->factor;
    struct coefficients c = {
        .beta1 = (float)s->beta1,
        .take1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .take2 = (float)(1 - s->beta2),
        .rate = (float)rate,
    };
    if (!(rate * s->weight_decay <= 1))
        return hone_fail(err, HONE_ERANGE, "weight_decay",
                         "weight_decay = %g times the learning rate %g is %g: beyond 1, weights change sign",
                         s->weight_decay, rate, rate * s->weight_decay);
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        c.decay = decays(s, p) ? (float)(rate * s->weight_decay) : 0;
        step(p->value, p->gradient, p->state[0], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "momentum" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 1, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component lion = {
    .size = sizeof lion,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "lion",
    .summary = "Lion: every weight moves by the learning rate, along the sign of a momentum",
    .doc = "With g the gradient and rate the learning rate times the schedule's factor:\n"
           "\n"
           "    c = beta1 * m + (1 - beta1) * g\n"
           "    m <- beta2 * m + (1 - beta2) * g\n"
           "    w <- w - rate * (sign(c) + weight_decay * w),    sign(0) = 0\n"
           "\n"
           "It keeps one array per parameter where Adam keeps two. The paper advises learning rates three to ten\n"
           "times smaller than Adam's, and weight decay as much larger. Kernels and embeddings decay; `bias` and\n"
           "`norm` add the other parameters.\n"
           "\n"
           "Source: Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu and Le 2023, \"Symbolic\n"
           "discovery of optimization algorithms\", NeurIPS, algorithm 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.lion", "0.1.0", "MIT", "the hone authors", "", &lion)
