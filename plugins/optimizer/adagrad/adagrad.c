/* SPDX-License-Identifier: MIT */
/* optimizer/adagrad: steps scaled by the root of the sum of all squared gradients (Duchi, Hazan and Singer 2011),
 * step for step as torch.optim.Adagrad. */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, decay, initial, epsilon;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Length of the first step of a weight, before the schedule's factor."),
    HONE_REAL(struct settings, decay, "0", 0, HUGE_VAL, HONE_P_TUNABLE, "1/steps",
              "The learning rate of step t is divided by 1 + (t - 1) * decay: the lr_decay of PyTorch."),
    HONE_REAL(struct settings, initial, "0", 0, HUGE_VAL, HONE_P_TUNABLE, NULL,
              "What the sum of squares starts at: the initial_accumulator_value of PyTorch."),
    HONE_REAL(struct settings, epsilon, "1e-10", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to the root of the sum, against division by zero."),
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
    float rate, initial, epsilon;
};

/* v += g^2, w -= rate * g / (sqrt(initial + v) + epsilon)     all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict v, uint64_t n, struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float sum = v[i] + g[i] * g[i];
        v[i] = sum;
        w[i] -= c.rate * (g[i] / (sqrtf(c.initial + sum) + c.epsilon));
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const struct coefficients c = {
        .rate = (float)(s->learning_rate * now->factor / (1 + (double)(now->step - 1) * s->decay)),
        .initial = (float)s->initial,
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        step(p->value, p->gradient, p->state[0], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "sum_of_squares" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 1, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component adagrad = {
    .size = sizeof adagrad,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "adagrad",
    .summary = "Adagrad: steps scaled by the root of the sum of all squared gradients",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    v <- v + g^2\n"
           "    w <- w - rate / (1 + (t - 1) * decay) * g / (sqrt(initial + v) + epsilon)\n"
           "\n"
           "These are the formulas of torch.optim.Adagrad. Weight decay is a regularizer here: regularizer/l2\n"
           "for PyTorch's `weight_decay`, regularizer/weight_decay for the decoupled kind (which knows the rate\n"
           "before `decay`).\n"
           "\n"
           "Source: Duchi, Hazan and Singer 2011, \"Adaptive subgradient methods for online learning and\n"
           "stochastic optimization\", JMLR 12, figure 1 (diagonal).",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.adagrad", "0.1.0", "MIT", "the hone authors", "", &adagrad)
