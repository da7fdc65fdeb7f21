/* SPDX-License-Identifier: MIT */
/* hone/hyper.h - extension "hone.hyper/1" of regularizers and optimizers: their continuous coefficients, and how a training
 * moves with them. With it, an objective can tell the derivative of the validation loss with respect to a strength.
 *
 * Found by component->get_ext(HONE_EXT_HYPER); optional: a component without it is searched like any other. The least that a
 * penalty has to say is where its number lies:
 *
 *     static double *coefficient(void *self, uint32_t i) { return &((struct l2 *)self)->settings.strength; }
 *     static const hone_coefficient strength = { sizeof strength, HONE_HYPER_GRADIENT, "strength", 0, 0 };
 *     static const hone_coefficient *const coefficients[] = { &strength };
 *     static const hone_hyper_v1 hyper = { .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient };
 *     static const void *get_ext(const char *id) { return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper; }
 *
 * and `.get_ext = get_ext` in its component. Where the number went into a layer of the graph, at_site keeps what
 * hone_nn_dropout and its kin gave back, and `changed` hands the new number to hone_nn_set_noise.
 *
 * The host then takes central differences of the hooks, all seeds held; vjp, where there is one, spares them. All on [trial]. */
#ifndef HONE_HYPER_H
#define HONE_HYPER_H
#include "hone/nn.h"
#include "hone/optimizer.h"
#include "hone/simd.h"

#define HONE_EXT_HYPER "hone.hyper/1"

/* Where a coefficient acts. w: the parameters, g: the gradient of the loss, rate: the learning rate. */
enum {
    HONE_HYPER_GRADIENT = 1, /* on_gradients adds c(w) to g, whatever g is: a penalty on the weights */
    HONE_HYPER_DECAY = 2,    /* w <- w - rate * s(w) after, or in, each update: decoupled decay */
    HONE_HYPER_LOSS = 3,     /* g itself moves with it while seeds and batch stay: targets, noise, penalties on
                              * activations; smoothly, or in the mean over what is drawn (see `step`) */
    HONE_HYPER_UPDATE = 4    /* of an optimizer: how long, or where, its step is */
};
typedef struct hone_coefficient {
    uint32_t size, acts;
    const char *key; /* of the component's table: HONE_T_REAL */
    /* 1, of HONE_HYPER_LOSS: a deviation. The value -x stands for the same draws mirrored, and the host may take the mean of
     * both, in which what a draw alone makes of the gradient cancels. 0: the value stays in the key's range. */
    uint32_t mirrors, reserved;
    /* Half the distance over which differences are taken, at least; 0: the host's choice, a small one. For what is drawn to be
     * there or not, as by a dropout rate: masks of the same numbers at two rates differ in the share between them, and the
     * larger that is, the less is left to chance. The mean over masks is smooth, so that the rest is a difference's error. */
    double step;
} hone_coefficient;

typedef struct hone_hyper_v1 {
    uint32_t size, n;
    const hone_coefficient *const *coefficients; /* (n) */
    /* Where the number lies that the hooks read. The host reads it, and may write others of the key's range. */
    double *(*value)(void *self, uint32_t i);
    /* May be NULL: called after the host has written, where more than the number has to change (a layer in a graph). */
    void (*changed)(void *self, uint32_t i);
    /* out: (n) derivatives with respect to the coefficients of what the vector makes of their action; NaN where they act on
     * the loss. vector: (n_parameters), each as long as its parameter.
     *     HONE_HYPER_GRADIENT   <c(w), vector>, at the values that the parameters have
     *     HONE_HYPER_DECAY      <s(w), vector>, the same
     *     HONE_HYPER_UPDATE     <w', vector>: right after the update `now`, w' what it made of w; gradients and states are as
     *                           it left them
     * NULL: of no coefficient; then those that act on the update have no derivative, the others that of differences. */
    hone_rc (*vjp)(void *self, hone_parameter *const *parameters, uint32_t n_parameters, const float *const *vector,
                   const hone_update *now, double *out, hone_error *err);
    /* Of HONE_HYPER_DECAY, NULL without one: adds s(w) to the gradients of the parameters. */
    hone_rc (*decay)(void *self, hone_parameter *const *parameters, uint32_t n_parameters, hone_error *err);
    /* Of an optimizer, NULL elsewhere: vector[i][k] *= P[i][k], where a gradient that stays the same makes steps of
     * -rate * P * gradient: 1 for plain descent, 1 / (1 - momentum) with momentum, 1 / (sqrt(v) + epsilon) for adam, with the
     * states as they are after the update `now`. */
    hone_rc (*gain)(void *self, hone_parameter *const *parameters, uint32_t n_parameters, const hone_update *now,
                    float *const *vector, hone_error *err);
} hone_hyper_v1;

/* The extension of a component, or NULL. */
#define HONE_HYPER_OF(component) \
    ((component)->get_ext ? (const hone_hyper_v1 *)(component)->get_ext(HONE_EXT_HYPER) : (const hone_hyper_v1 *)0)

/* ---- help: sums in lanes of float over blocks of 4096, blocks in double ---- */

#define HONE_HYPER_SUM_(term)                               \
    double sum = 0;                                         \
    for (uint64_t at = 0; at < n; at += 4096) {             \
        const uint64_t end = n - at < 4096 ? n : at + 4096; \
        float lanes[32] = { 0 };                            \
        uint64_t i = at;                                    \
        for (; i + 32 <= end; i += 32)                      \
            for (uint64_t k = 0; k < 32; k++)               \
                lanes[k] += (term(x[i + k])) * y[i + k];    \
        for (uint64_t k = 0; i < end; i++, k++)             \
            lanes[k] += (term(x[i])) * y[i];                \
        for (uint64_t k = 0; k < 32; k++)                   \
            sum += (double)lanes[k];                        \
    }                                                       \
    return sum;
#define HONE_HYPER_SELF_(v) (v)
#define HONE_HYPER_SIGN_(v) ((v) > 0 ? 1.0f : (v) < 0 ? -1.0f : 0.0f)

/* sum of x y     x, y: (n) [any] */
HONE_TARGET_CLONES
static inline double hone_dot(const float *x, const float *y, uint64_t n){ HONE_HYPER_SUM_(HONE_HYPER_SELF_) }

/* sum of sign(x) y, sign(0) = 0 [any] */
HONE_TARGET_CLONES static inline double hone_dot_sign(const float *x, const float *y, uint64_t n)
{
    HONE_HYPER_SUM_(HONE_HYPER_SIGN_)
}
#endif /* HONE_HYPER_H */
