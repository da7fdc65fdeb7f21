/* SPDX-License-Identifier: MIT */
/* optimizer/adamw: Adam with decoupled weight decay (Loshchilov and Hutter 2019), step for step as
 * torch.optim.AdamW. */
#include "hone/hyper.h"
#include "hone/instance.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#if defined(__GNUC__) && !defined(__clang__)
extern float sqrtf(float) __attribute__((const)); /* sets no errno here: see hone/simd.h */
#endif

struct settings {
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    uint8_t bias, norm;
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
    HONE_REAL(struct settings, weight_decay, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
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
    float rate;                       /* learning rate / (1 - beta1^t) */
    float root;                       /* 1 / sqrt(1 - beta2^t) */
    float epsilon;
    float decay; /* learning rate * weight_decay */
};

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, w -= decay * w + rate * m / (root * sqrt(v) + epsilon)
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
        w[i] -= c.decay * w[i] + c.rate * (mean / (c.root * sqrtf(square) + c.epsilon));
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
    const double t = (double)now->step, rate = s->learning_rate * now->factor;
    struct coefficients c = {
        .beta1 = (float)s->beta1,
        .take1 = (float)(1 - s->beta1),
        .beta2 = (float)s->beta2,
        .take2 = (float)(1 - s->beta2),
        .rate = (float)(rate / (1 - pow(s->beta1, t))),
        .root = (float)(1 / sqrt(1 - pow(s->beta2, t))),
        .epsilon = (float)s->epsilon,
    };
    if (!(rate * s->weight_decay <= 1))
        return hone_fail(err, HONE_ERANGE, "weight_decay",
                         "weight_decay = %g times the learning rate %g is %g: beyond 1, weights change sign",
                         s->weight_decay, rate, rate * s->weight_decay);
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        c.decay = decays(s, p) ? (float)(rate * s->weight_decay) : 0;
        step(p->value, p->gradient, p->state[0], p->state[1], p->length, c);
    }
    return HONE_OK;
}

/* ---- derivatives ---- */
static double *coefficient(void *self, uint32_t i)
{
    struct settings *s = (struct settings *)self;
    return i ? &s->weight_decay : &s->learning_rate;
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

/* w' = w - rate d - rate weight_decay w, d = m / (1 - beta1^t) / (root * sqrt(v) + epsilon); w is what w' came from. The
 * derivative with respect to the decay takes w as it is now. */
static hone_rc vjp(void *self, hone_parameter *const *parameters, uint32_t n, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    const double root = (double)root_of(s, now), unbias = 1 - pow(s->beta1, (double)now->step);
    const double rate = s->learning_rate * now->factor;
    double moved = 0, decayed = 0;
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        const double decay = decays(s, p) ? s->weight_decay : 0;
        for (uint64_t k = 0; k < p->length; k++) {
            const double d = (double)p->state[0][k] / unbias / (root * sqrt((double)p->state[1][k]) + s->epsilon);
            const double before = ((double)p->value[k] + rate * d) / (1 - rate * decay);
            moved += (d + decay * before) * (double)vector[i][k];
        }
        if (decays(s, p))
            decayed += hone_dot(p->value, vector[i], p->length);
    }
    out[0] = -now->factor * moved;
    out[1] = decayed;
    return HONE_OK;
}

static hone_rc as_gradient(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < parameters[i]->length && decays(s, parameters[i]); k++)
            parameters[i]->gradient[k] += (float)s->weight_decay * parameters[i]->value[k];
    return HONE_OK;
}

static const hone_coefficient of_rate = { sizeof of_rate, HONE_HYPER_UPDATE, "learning_rate", 0, 0 };
static const hone_coefficient of_decay = { sizeof of_decay, HONE_HYPER_DECAY, "weight_decay", 0, 0 };
static const hone_coefficient *const coefficients[] = { &of_rate, &of_decay };
static const hone_hyper_v1 hyper = { .size = sizeof hyper,
                                     .n = 2,
                                     .coefficients = coefficients,
                                     .value = coefficient,
                                     .vjp = vjp,
                                     .decay = as_gradient,
                                     .gain = gain };

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const char *const state_names[] = { "mean", "square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component adamw = {
    .size = sizeof adamw,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "adamw",
    .summary = "Adam with decoupled weight decay",
    .doc = "With g the gradient, t = 1, 2, ... the step and rate the learning rate times the schedule's\n"
           "factor:\n"
           "\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    w <- w - rate * weight_decay * w\n"
           "           - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)\n"
           "\n"
           "Kernels and embeddings decay; `bias` and `norm` add the other parameters (torch.optim.AdamW, whose\n"
           "formulas these are, decays all that it is given). The same within rounding and the order of the two\n"
           "steps is `[optimizer] use = adam` with `[regularizer.weight_decay]`, whose strength can be set by\n"
           "site. A product of rate and weight_decay above 1 is an error.\n"
           "\n"
           "Source: Loshchilov and Hutter 2019, \"Decoupled weight decay regularization\", ICLR, algorithm 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.optimizer.adamw", "0.1.0", "MIT", "the hone authors", "", &adamw)
