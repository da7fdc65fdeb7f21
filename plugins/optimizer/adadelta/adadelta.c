/* SPDX-License-Identifier: MIT */
/* optimizer/adadelta: steps in the units of the weights, from running means of squared gradients and squared steps
 * (Zeiler 2012), step for step as torch.optim.Adadelta. */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, rho, epsilon;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Factor on the step, before the schedule's; 1 in the paper."),
    HONE_REAL(struct settings, rho, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running means of squared gradients and squared steps."),
    HONE_REAL(struct settings, epsilon, "1e-6", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to both mean squares: it sets the length of the first steps."),
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
    float rho, take; /* take: 1 - rho */
    float rate, epsilon;
};

/* v = rho v + take g^2, d = sqrt(u + epsilon) / sqrt(v + epsilon) * g, u = rho u + take d^2, w -= rate * d
 * all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict v, float *restrict u, uint64_t n,
                 struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float square = c.rho * v[i] + c.take * (g[i] * g[i]);
        const float direction = sqrtf(u[i] + c.epsilon) / sqrtf(square + c.epsilon) * g[i];
        v[i] = square;
        u[i] = c.rho * u[i] + c.take * (direction * direction);
        w[i] -= c.rate * direction;
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const struct coefficients c = {
        .rho = (float)s->rho,
        .take = (float)(1 - s->rho),
        .rate = (float)(s->learning_rate * now->factor),
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        step(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "square", "square_step" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component adadelta = {
    .size = sizeof adadelta,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "adadelta",
    .summary = "Adadelta: steps scaled by the ratio of past steps to past gradients",
    .doc = "With g the gradient and rate the learning rate times the schedule's factor:\n"
           "\n"
           "    v <- rho * v + (1 - rho) * g^2\n"
           "    d = sqrt(u + epsilon) / sqrt(v + epsilon) * g\n"
           "    u <- rho * u + (1 - rho) * d^2\n"
           "    w <- w - rate * d\n"
           "\n"
           "These are the formulas of torch.optim.Adadelta. Weight decay is a regularizer here: regularizer/l2\n"
           "for PyTorch's `weight_decay`, regularizer/weight_decay for the decoupled kind.\n"
           "\n"
           "Source: Zeiler 2012, \"ADADELTA: an adaptive learning rate method\", arXiv 1212.5701, algorithm 1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.adadelta", "0.1.0", "MIT", "the hone authors", "", &adadelta)
