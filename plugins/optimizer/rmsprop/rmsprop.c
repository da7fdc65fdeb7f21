/* SPDX-License-Identifier: MIT */
/* optimizer/rmsprop: steps scaled by the root of a running mean square (Tieleman and Hinton 2012), step for step as
 * torch.optim.RMSprop. */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, alpha, epsilon, momentum;
    uint8_t centered;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Bound, roughly, on how far a weight moves in a step, before the schedule's factor."),
    HONE_REAL(struct settings, alpha, "0.99", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the squared gradient."),
    HONE_REAL(struct settings, epsilon, "1e-8", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to the root of the mean square, against division by zero."),
    HONE_REAL(struct settings, momentum, "0", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the last step that is kept; 0: none."),
    HONE_BOOL(struct settings, centered, "no", HONE_P_TUNABLE,
              "Divides by the root of the variance of the gradient, not of its mean square."),
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
    float alpha, take; /* take: 1 - alpha */
    float rate, momentum, epsilon;
};

/* v = alpha v + take g^2, w -= rate * g / (sqrt(v) + epsilon)     all arrays: (n) */
HONE_TARGET_CLONES
static void step_plain(float *restrict w, const float *restrict g, float *restrict v, uint64_t n, struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float square = c.alpha * v[i] + c.take * (g[i] * g[i]);
        v[i] = square;
        w[i] -= c.rate * (g[i] / (sqrtf(square) + c.epsilon));
    }
}

/* The same with b = momentum b + g / (sqrt(v) + epsilon), w -= rate * b */
HONE_TARGET_CLONES
static void step_momentum(float *restrict w, const float *restrict g, float *restrict v, float *restrict b, uint64_t n,
                          struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float square = c.alpha * v[i] + c.take * (g[i] * g[i]);
        const float direction = c.momentum * b[i] + g[i] / (sqrtf(square) + c.epsilon);
        v[i] = square;
        b[i] = direction;
        w[i] -= c.rate * direction;
    }
}

/* The same with m = alpha m + take g and v - m^2 under the root, which rounding must not make negative. */
HONE_TARGET_CLONES
static void step_centered(float *restrict w, const float *restrict g, float *restrict v, float *restrict b,
                          float *restrict m, uint64_t n, struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float square = c.alpha * v[i] + c.take * (g[i] * g[i]);
        const float mean = c.alpha * m[i] + c.take * g[i];
        const float variance = square - mean * mean;
        const float direction = c.momentum * b[i] + g[i] / (sqrtf(variance > 0 ? variance : 0) + c.epsilon);
        v[i] = square;
        m[i] = mean;
        b[i] = direction;
        w[i] -= c.rate * direction;
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const struct coefficients c = {
        .alpha = (float)s->alpha,
        .take = (float)(1 - s->alpha),
        .rate = (float)(s->learning_rate * now->factor),
        .momentum = (float)s->momentum,
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        if (s->centered)
            step_centered(p->value, p->gradient, p->state[0], p->state[1], p->state[2], p->length, c);
        else if (s->momentum > 0)
            step_momentum(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
        else
            step_plain(p->value, p->gradient, p->state[0], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "square", "momentum", "mean" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 3, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component rmsprop = {
    .size = sizeof rmsprop,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "rmsprop",
    .summary = "RMSprop: steps scaled by the root of a running mean square",
    .doc = "With g the gradient and rate the learning rate times the schedule's factor:\n"
           "\n"
           "    v <- alpha * v + (1 - alpha) * g^2\n"
           "    centered:  m <- alpha * m + (1 - alpha) * g,  v - m^2 takes the place of v below\n"
           "    b <- momentum * b + g / (sqrt(v) + epsilon)\n"
           "    w <- w - rate * b\n"
           "\n"
           "These are the formulas of torch.optim.RMSprop (a variance that rounding makes negative is 0).\n"
           "Weight decay is a regularizer here: regularizer/l2 for PyTorch's `weight_decay`,\n"
           "regularizer/weight_decay for the decoupled kind.\n"
           "\n"
           "Source: Tieleman and Hinton 2012, \"Lecture 6.5 - RMSProp\", Coursera: Neural networks for machine\n"
           "learning; centered: Graves 2013, \"Generating sequences with recurrent neural networks\", equations\n"
           "38 to 45.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.rmsprop", "0.1.0", "MIT", "the hone authors", "", &rmsprop)
