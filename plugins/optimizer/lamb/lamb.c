/* SPDX-License-Identifier: MIT */
/* optimizer/lamb: Adam with a step length per layer, relative to the layer's weights (You et al. 2020). */
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
              "Length of a layer's step relative to that of its weights, before the schedule's factor."),
    HONE_REAL(struct settings, beta1, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the gradient."),
    HONE_REAL(struct settings, beta2, "0.999", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Decay of the running mean of the squared gradient."),
    HONE_REAL(struct settings, epsilon, "1e-6", 1e-30, 1, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Added to the root of the mean square, against division by zero."),
    HONE_REAL(struct settings, weight_decay, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Share of the weights that is added to the direction before its length is set; 0: none."),
    HONE_BOOL(struct settings, bias, "no", HONE_P_TUNABLE, "Biases decay and have a step length of their own too."),
    HONE_BOOL(struct settings, norm, "no", HONE_P_TUNABLE,
              "Scales and shifts of normalization layers decay and have a step length too."),
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
    float mean;                       /* 1 / (1 - beta1^t) */
    float root;                       /* 1 / sqrt(1 - beta2^t) */
    float epsilon, decay;
};

/* m = beta1 m + take1 g, v = beta2 v + take2 g^2, d = mean * m / (root * sqrt(v) + epsilon) + decay * w
 * Sums of w^2 and d^2 into squares[0] and [1], in LANES partial sums: the order of the additions is the same for every
 * width of vectors. all arrays: (n) */
enum { LANES = 16 };
HONE_TARGET_CLONES
static void measure(const float *restrict w, const float *restrict g, float *restrict m, float *restrict v, uint64_t n,
                    struct coefficients c, double squares[2])
{
    double weights[LANES] = { 0 }, directions[LANES] = { 0 };
    for (uint64_t from = 0; from < n; from += LANES) {
        const uint64_t lanes = n - from < LANES ? n - from : LANES;
        for (uint64_t k = 0; k < lanes; k++) {
            const uint64_t i = from + k;
            const float mean = c.beta1 * m[i] + c.take1 * g[i];
            const float square = c.beta2 * v[i] + c.take2 * (g[i] * g[i]);
            const float direction = c.mean * mean / (c.root * sqrtf(square) + c.epsilon) + c.decay * w[i];
            m[i] = mean;
            v[i] = square;
            weights[k] += (double)w[i] * (double)w[i];
            directions[k] += (double)direction * (double)direction;
        }
    }
    squares[0] = squares[1] = 0;
    for (int k = 0; k < LANES; k++) {
        squares[0] += weights[k];
        squares[1] += directions[k];
    }
}

/* w -= rate * d     all arrays: (n) */
HONE_TARGET_CLONES
static void step(float *restrict w, const float *restrict m, const float *restrict v, uint64_t n, struct coefficients c,
                 float rate)
{
    for (uint64_t i = 0; i < n; i++)
        w[i] -= rate * (c.mean * m[i] / (c.root * sqrtf(v[i]) + c.epsilon) + c.decay * w[i]);
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
        .mean = (float)(1 / (1 - pow(s->beta1, t))),
        .root = (float)(1 / sqrt(1 - pow(s->beta2, t))),
        .epsilon = (float)s->epsilon,
    };
    (void)err;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        const int adapted = (p->role != HONE_PARAMETER_BIAS || s->bias) && (p->role != HONE_PARAMETER_NORM || s->norm);
        double squares[2], ratio = 1;
        c.decay = adapted ? (float)s->weight_decay : 0;
        measure(p->value, p->gradient, p->state[0], p->state[1], p->length, c, squares);
        if (adapted && squares[0] > 0 && squares[1] > 0)
            ratio = sqrt(squares[0] / squares[1]);
        step(p->value, p->state[0], p->state[1], p->length, c, (float)(rate * ratio));
    }
    return HONE_OK;
}

static const char *const state_names[] = { "mean", "square" };
static const hone_optimizer_v1 iface = {
    .size = sizeof iface, .n_states = 2, .state_names = state_names, .learning_rate = learning_rate, .update = update
};

static const hone_component lamb = {
    .size = sizeof lamb,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_OPTIMIZER,
    .name = "lamb",
    .summary = "LAMB: Adam with a step length per layer, for large batches",
    .doc = "With g the gradient of one layer's weights w, t = 1, 2, ... the step and rate the learning rate\n"
           "times the schedule's factor:\n"
           "\n"
           "    m <- beta1 * m + (1 - beta1) * g\n"
           "    v <- beta2 * v + (1 - beta2) * g^2\n"
           "    d = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon) + weight_decay * w\n"
           "    w <- w - rate * |w| / |d| * d\n"
           "\n"
           "with Euclidean norms over each kernel, bias, ...; the ratio is 1 where one of them is 0. As in the\n"
           "authors' experiments, biases and the parameters of normalization layers do without decay and ratio,\n"
           "unless `bias` and `norm` say so. The norms need a pass of their own, so a step makes two.\n"
           "\n"
           "Source: You, Li, Reddi, Hseu, Kumar, Bhojanapalli, Song, Demmel, Keutzer and Hsieh 2020, \"Large\n"
           "batch optimization for deep learning: training BERT in 76 minutes\", ICLR, algorithm 2 with\n"
           "phi(z) = z.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.optimizer.lamb", "0.1.0", "MIT", "the hone authors", "", &lamb)
