/* SPDX-License-Identifier: MIT */
/* optimizer/nadam: Adam with Nesterov's momentum (Dozat 2016), step for step as torch.optim.NAdam. */
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, beta1, beta2, epsilon, momentum_decay;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "2e-3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Bound, roughly, on how far a weight moves in a step, before the schedule's factor."),
    HONE_REAL(struct settings, beta1, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the gradient."),
    HONE_REAL(struct settings, beta2, "0.999", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the squared gradient."),
    HONE_REAL(struct settings, epsilon, "1e-8", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to the root of the mean square, against division by zero."),
    HONE_REAL(struct settings, momentum_decay, "4e-3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_ADVANCED, "1/steps",
              "How fast the momentum grows from half of beta1 to beta1."),
};

struct nadam {
    struct settings settings;
    uint64_t step; /* of product; 0: none yet */
    double product;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct nadam), self, err);
}

static double learning_rate(void *self)
{
    return ((const struct settings *)self)->learning_rate;
}

/* mu(t): the momentum of step t. */
static double momentum_at(const struct settings *s, double t)
{
    return s->beta1 * (1 - 0.5 * pow(0.96, t * s->momentum_decay));
}

/* mu(1) * ... * mu(t). It follows from t alone, so that a training that was resumed goes on alike; the last one is kept
 * so that a step costs one factor. Past 1e-18 nothing depends on it: 1 minus it is 1. */
static double momentum_product(struct nadam *nadam, uint64_t t)
{
    uint64_t at = nadam->step && nadam->step <= t ? nadam->step : 0;
    double product = at ? nadam->product : 1;
    while (at < t && product > 1e-18)
        product *= momentum_at(&nadam->settings, (double)++at);
    nadam->step = t;
    nadam->product = product;
    return product;
}

struct coefficients {
    float beta1, take1, beta2, take2; /* take: 1 - beta */
    float now, next;                  /* rates of the gradient and of the mean */
    float root;                       /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
};

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, w -= (now * g + next * m) / (root * sqrt(v) + epsilon)
 * all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, uint64_t n,
                 struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float mean = c.beta1 * m[i] + c.take1 * g[i];
        const float square = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
        m[i] = mean;
        v[i] = square;
        w[i] -= (c.now * g[i] + c.next * mean) / (c.root * sqrtf(square) + c.epsilon);
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    struct nadam *nadam = (struct nadam *)self;
    const struct settings *s = &nadam->settings;
    const double t = (double)now->step, rate = s->learning_rate * now->factor;
    const double mu = momentum_at(s, t), mu_next = momentum_at(s, t + 1);
    const double product = momentum_product(nadam, now->step);
    const struct coefficients c = {
        .beta1 = (float)s->beta1,
        .take1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .take2 = (float)(1 - s->beta2),
        .now = (float)(rate * (1 - mu) / (1 - product)),
        .next = (float)(rate * mu_next / (1 - product * mu_next)),
        .root = (float)(1 / sqrt(1 - pow(s->beta2, t))),
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        step(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
    }
    return HONE_OK;
}

static const char *const state_names[] = { "mean", "square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component nadam = {
    .size = sizeof nadam,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "nadam",
    .summary = "Adam with Nesterov's momentum",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    mu(t) = beta1 * (1 - 0.96^(t * momentum_decay) / 2),    M(t) = mu(1) * ... * mu(t)\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    d = mu(t+1) * m / (1 - M(t+1)) + (1 - mu(t)) * g / (1 - M(t))\n"
           "    w <- w - rate * d / (sqrt(v / (1 - beta2^t)) + epsilon)\n"
           "\n"
           "These are the formulas of torch.optim.NAdam. Weight decay is a regularizer here: regularizer/l2 for\n"
           "PyTorch's `weight_decay`, regularizer/weight_decay for the decoupled kind.\n"
           "\n"
           "Source: Dozat 2016, \"Incorporating Nesterov momentum into Adam\", ICLR workshop, algorithm 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.nadam", "0.1.0", "MIT", "the hone authors", "", &nadam)
