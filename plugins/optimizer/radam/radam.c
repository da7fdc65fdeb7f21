/* SPDX-License-Identifier: MIT */
/* optimizer/radam: Adam that waits for its variance to settle (Liu et al. 2020), step for step as torch.optim.RAdam. */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, beta1, beta2, epsilon;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "1e-3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Bound, roughly, on how far a weight moves in a step, before the schedule's factor."),
    HONE_REAL(struct settings, beta1, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the gradient."),
    HONE_REAL(struct settings, beta2, "0.999", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the squared gradient."),
    HONE_REAL(struct settings, epsilon, "1e-8", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to the root of the mean square before its bias is corrected."),
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
    float rate;                       /* all that the step is multiplied by */
    float epsilon;
};

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, w -= rate * m / (sqrt(v) + epsilon)     all arrays: (n) */
HONE_TARGET_CLONES
static void step_rectified(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, uint64_t n,
                           struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float mean = c.beta1 * m[i] + c.take1 * g[i];
        const float square = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
        m[i] = mean;
        v[i] = square;
        w[i] -= c.rate * (mean / (sqrtf(square) + c.epsilon));
    }
}

/* The same with w -= rate * m */
HONE_TARGET_CLONES
static void step_momentum(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, uint64_t n,
                          struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float mean = c.beta1 * m[i] + c.take1 * g[i];
        m[i] = mean;
        v[i] = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
        w[i] -= c.rate * mean;
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double t = (double)now->step, power = pow(s->beta2, t);
    const double limit = 2 / (1 - s->beta2) - 1, length = limit - 2 * t * power / (1 - power); /* rho */
    const int rectified = length > 5;
    struct coefficients c = {
        .beta1 = (float)s->beta1,
        .take1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .take2 = (float)(1 - s->beta2),
        .epsilon = (float)s->epsilon,
    };
    double rate = s->learning_rate * now->factor / (1 - pow(s->beta1, t));
    if (rectified)
        rate *= sqrt((1 - power) * (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length));
    c.rate = (float)rate;
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        (rectified ? step_rectified : step_momentum)(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "mean", "square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component radam = {
    .size = sizeof radam,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "radam",
    .summary = "Rectified Adam: plain momentum until the variance of the step is known",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    rho_max = 2 / (1 - beta2) - 1,    rho = rho_max - 2 * t * beta2^t / (1 - beta2^t)\n"
           "    rho > 5:  r = sqrt((rho - 4) (rho - 2) rho_max / ((rho_max - 4) (rho_max - 2) rho))\n"
           "              w <- w - rate * r * (m / (1 - beta1^t)) * sqrt(1 - beta2^t) / (sqrt(v) + epsilon)\n"
           "    else:     w <- w - rate * m / (1 - beta1^t)\n"
           "\n"
           "These are the formulas of torch.optim.RAdam (the paper rectifies from rho > 4 on). It needs no\n"
           "warm-up. The steps of plain momentum at the start are as long as the gradient is. Weight decay is a\n"
           "regularizer here: regularizer/l2 for PyTorch's `weight_decay`, regularizer/weight_decay for the\n"
           "decoupled kind.\n"
           "\n"
           "Source: Liu, Jiang, He, Chen, Liu, Gao and Han 2020, \"On the variance of the adaptive learning rate\n"
           "and beyond\", ICLR, algorithm 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.radam", "0.1.0", "MIT", "the hone authors", "", &radam)
