/* SPDX-License-Identifier: MIT */
/* optimizer/adam: Adam with bias correction (Kingma and Ba 2015), step for step as torch.optim.Adam. */
#include "hone/hyper.h"
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

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, w -= rate * m / (root * sqrt(v) + epsilon)     all arrays:
 * (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict g, float *restrict m, float *restrict v, uint64_t n,
                 struct coefficients c)
{
    for (uint64_t i = 0; i < n; i++) {
        const float mean = c.beta1 * m[i] + c.take1 * g[i];
        const float square = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
        m[i] = mean;
        v[i] = square;
        w[i] -= c.rate * (mean / (c.root * sqrtf(square) + c.epsilon));
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
        step(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
    }
    return HONE_OK;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct settings *)self)->learning_rate;
}

/* x *= 1 / (root * sqrt(v) + epsilon)     x, v: (n) */
HONE_TARGET_CLONES
static void precondition(float *restrict x, const float *restrict v, uint64_t n, float root, float epsilon)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] /= root * sqrtf(v[i]) + epsilon;
}

static float root_of(const struct settings *s, const hone_update *now)
{
    return (float)(1 / sqrt(1 - pow(s->beta2, (double)now->step)));
}

static hone_rc gain(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                    float *const *vector, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        precondition(vector[i], parameters[i]->state[1], parameters[i]->length, root_of(s, now), (float)s->epsilon);
    return HONE_OK;
}

/* w' = w - rate d, d = m / (1 - beta1^t) / (root * sqrt(v) + epsilon) */
static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double root = (double)root_of(s, now);
    double sum = 0;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < parameters[i]->length; k++)
            sum += (double)parameters[i]->state[0][k] * (double)vector[i][k] /
                   (root * sqrt((double)parameters[i]->state[1][k]) + s->epsilon);
    *out = -now->factor / (1 - pow(s->beta1, (double)now->step)) * sum;
    return HONE_OK;
}

static const hone_coefficient of_rate = { sizeof of_rate, HONE_HYPER_UPDATE, "learning_rate", 0, 0 };
static const hone_coefficient *const coefficients[] = { &of_rate };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .vjp = vjp, .gain = gain
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const char *const state_names[] = { "mean", "square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component adam = {
    .size = sizeof adam,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "adam",
    .summary = "Adam: steps scaled by running means of gradient and squared gradient",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    w <- w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)\n"
           "\n"
           "`epsilon` is added after the bias correction, as in torch.optim.Adam. For AdamW, add\n"
           "`[regularizer.weight_decay]`; regularizer/l2 is the `weight_decay` of torch.optim.Adam.\n"
           "\n"
           "Source: Kingma and Ba 2015, \"Adam: a method for stochastic optimization\", ICLR, algorithm\n"
           "1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.optimizer.adam", "0.1.0", "MIT", "the hone authors", "", &adam)
