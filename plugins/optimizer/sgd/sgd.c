/* SPDX-License-Identifier: MIT */
/* optimizer/sgd: stochastic gradient descent with momentum, step for step as torch.optim.SGD computes it. */
#include "hone/hyper.h"
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

struct settings {
    double learning_rate, momentum, dampening;
    uint8_t nesterov;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, learning_rate, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Length of a step relative to the gradient, before the schedule's factor."),
    HONE_REAL(struct settings, momentum, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the last direction that is kept; 0: plain gradient descent."),
    HONE_REAL_IF(struct settings, dampening, "0", 0, 1, HONE_P_TUNABLE | HONE_P_ADVANCED, NULL,
                 "nesterov=no|false|off|0", "Share of the gradient that is withheld from the momentum."),
    HONE_BOOL(struct settings, nesterov, "no", HONE_P_TUNABLE,
              "Nesterov's momentum: the gradient is added once more in front of it."),
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

/* w -= rate * g     w, g: (n) */
HONE_TARGET_CLONES
static void step_plain(float *restrict w, const float *restrict g, uint64_t n, float rate)
{
    for (uint64_t i = 0; i < n; i++)
        w[i] -= rate * g[i];
}

/* b = momentum * b + take * g, w -= rate * b     w, g, b: (n) */
HONE_TARGET_CLONES
static void step_momentum(float *restrict w, const float *restrict g, float *restrict b, uint64_t n, float rate,
                          float momentum, float take)
{
    for (uint64_t i = 0; i < n; i++) {
        const float direction = momentum * b[i] + take * g[i];
        b[i] = direction;
        w[i] -= rate * direction;
    }
}

/* b = momentum * b + g, w -= rate * (g + momentum * b)     w, g, b: (n) */
HONE_TARGET_CLONES
static void step_nesterov(float *restrict w, const float *restrict g, float *restrict b, uint64_t n, float rate,
                          float momentum)
{
    for (uint64_t i = 0; i < n; i++) {
        const float direction = momentum * b[i] + g[i];
        b[i] = direction;
        w[i] -= rate * (g[i] + momentum * direction);
    }
}

static hone_rc update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                      hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const float rate = (float)(s->learning_rate * now->factor), momentum = (float)s->momentum;
    /* the buffer starts as the first gradient, undampened: b is zero then, so that taking all of g does it */
    const float take = now->step == 1 ? 1.0f : (float)(1 - s->dampening);
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        if (s->momentum <= 0)
            step_plain(p->value, p->gradient, p->length, rate);
        else if (s->nesterov)
            step_nesterov(p->value, p->gradient, p->state[0], p->length, rate, momentum);
        else
            step_momentum(p->value, p->gradient, p->state[0], p->length, rate, momentum, take);
    }
    return HONE_OK;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    struct settings *s = (struct settings *)self;
    return i ? &s->momentum : &s->learning_rate;
}

/* Of the direction d = b (g; nesterov: g + momentum b) in w' = w - rate d; the momentum before the step is
 * (b - take g) / momentum, and is not known without any. */
static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double rate = s->learning_rate * now->factor, take = now->step == 1 || s->nesterov ? 1 : 1 - s->dampening;
    double g = 0, b = 0;
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        g += hone_dot(p->gradient, vector[i], p->length);
        if (s->momentum > 0)
            b += hone_dot(p->state[0], vector[i], p->length);
    }
    out[0] = -now->factor * (s->momentum <= 0 ? g : s->nesterov ? g + s->momentum * b : b);
    out[1] = (double)NAN;
    if (s->momentum > 0) {
        const double before = (b - take * g) / s->momentum;
        out[1] = -rate * (s->nesterov ? 2 * s->momentum * before + g : before);
    }
    return HONE_OK;
}

static hone_rc gain(void *self, hone_parameter *const *parameters, uint32_t n, const hone_update *now,
                    float *const *vector, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double dampening = s->nesterov || s->momentum <= 0 ? 0 : s->dampening;
    const float factor = (float)((1 - dampening) / (1 - s->momentum));
    (void)now;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < parameters[i]->length; k++)
            vector[i][k] *= factor;
    return HONE_OK;
}

static const hone_coefficient of_rate = { sizeof of_rate, HONE_HYPER_UPDATE, "learning_rate", 0, 0 };
static const hone_coefficient of_momentum = { sizeof of_momentum, HONE_HYPER_UPDATE, "momentum", 0, 0 };
static const hone_coefficient *const coefficients[] = { &of_rate, &of_momentum };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 2, .coefficients = coefficients, .value = coefficient, .vjp = vjp, .gain = gain
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const char *const state_names[] = { "momentum" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 1, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component sgd = {
    .size = sizeof sgd,
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "sgd",
    .summary = "Stochastic gradient descent with momentum",
    .doc = "With g the gradient, b the momentum (the first gradient at step 1) and rate the learning rate\n"
           "times the schedule's factor:\n"
           "\n"
           "    b <- momentum * b + (1 - dampening) * g\n"
           "    w <- w - rate * b,    with nesterov: w <- w - rate * (g + momentum * b)\n"
           "\n"
           "These are the formulas of torch.optim.SGD: the rate multiplies the buffer, so that a changing\n"
           "rate acts at once. With `nesterov`, `dampening` does not apply. `momentum = 0` is plain\n"
           "gradient descent. Weight decay is a regularizer here: regularizer/l2 for PyTorch's\n"
           "`weight_decay`, regularizer/weight_decay for the decoupled kind.\n"
           "\n"
           "Source: Polyak 1964, \"Some methods of speeding up the convergence of iteration methods\";\n"
           "Sutskever, Martens, Dahl and Hinton 2013, \"On the importance of initialization and momentum\n"
           "in deep learning\", ICML.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.optimizer.sgd", "0.1.0", "MIT", "the hone authors", "", &sgd)
