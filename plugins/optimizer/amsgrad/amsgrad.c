/* SPDX-License-Identifier: MIT */
/* optimizer/amsgrad: Adam that divides by the largest mean square seen (Reddi, Kale and Kumar 2018), step for step
 * as torch.optim.Adam with amsgrad=True. */
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
              "Added to the root of the mean square, against division by zero."),
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
    float rate;                       /* learning rate / (1 - beta1^t) */
    float root;                       /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
};

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, u = max(u, v), w -= rate * m / (root * sqrt(u) + epsilon)
 * all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, float *restrict u,
                 uint64_t n, struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float mean = c.beta1 * m[i] + c.take1 * g[i];
        const float square = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
        const float largest = u[i] < square ? square : u[i];
        m[i] = mean;
        v[i] = square;
        u[i] = largest;
        w[i] -= c.rate * (mean / (c.root * sqrtf(largest) + c.epsilon));
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double t = (double)now->step;
    const struct coefficients c = {
        .beta1 = (float)s->beta1,
        .take1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .take2 = (float)(1 - s->beta2),
        .rate = (float)(s->learning_rate * now->factor / (1 - pow(s->beta1, t))),
        .root = (float)(1 / sqrt(1 - pow(s->beta2, t))),
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        step(p->value, p->gradient, p->state[0], p->state[1], p->state[2], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "mean", "square", "largest_square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 3, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component amsgrad = {
    .size = sizeof amsgrad,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "amsgrad",
    .summary = "Adam whose step sizes never grow: it divides by the largest mean square seen",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    u <- max(u, v)\n"
           "    w <- w - rate * (m / (1 - beta1^t)) / (sqrt(u / (1 - beta2^t)) + epsilon)\n"
           "\n"
           "as torch.optim.Adam does with amsgrad=True (the paper itself corrects no bias). Weight decay is a\n"
           "regularizer here: regularizer/l2 for PyTorch's `weight_decay`, regularizer/weight_decay for the\n"
           "decoupled kind.\n"
           "\n"
           "Source: Reddi, Kale and Kumar 2018, \"On the convergence of Adam and beyond\", ICLR, algorithm 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.amsgrad", "0.1.0", "MIT", "the hone authors", "", &amsgrad)
