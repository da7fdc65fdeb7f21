/* SPDX-License-Identifier: MIT */
/* regularizer/max_norm: after each update, the weights that lead into a unit are scaled back to a ball
 * (Srebro and Shraibman 2005; Srivastava et al. 2014, section 5.1). */
#include "hone/instance.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double max;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, max, "3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Largest Euclidean norm of a unit's incoming weights."),
};

enum { LANES = 32, BLOCK = 4096 };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

/* Sum of squares: lanes of float over a block of at most BLOCK elements (128 additions a lane), blocks in
 * double. x: (n) */
HONE_TARGET_CLONES
static double sum_of_squares(const float *x, uint64_t n)
{
    double sum = 0;
    for (uint64_t at = 0; at < n; at += BLOCK) {
        const uint64_t end = n - at < BLOCK ? n : at + BLOCK;
        float lanes[LANES] = { 0 };
        uint64_t i = at;
        for (; i + LANES <= end; i += LANES)
            for (uint64_t k = 0; k < LANES; k++)
                lanes[k] += x[i + k] * x[i + k];
        for (uint64_t k = 0; i < end; i++, k++)
            lanes[k] += x[i] * x[i];
        for (uint64_t k = 0; k < LANES; k++)
            sum += (double)lanes[k];
    }
    return sum;
}

HONE_TARGET_CLONES
static void scale(float *x, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] *= factor;
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    const double max = ((const struct settings *)self)->max;
    (void)now;
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        if (p->role != HONE_PARAMETER_KERNEL)
            continue;
        if (!p->plain)
            return hone_fail(err, HONE_ENOTSUP, NULL,
                             "max_norm cannot find the units of %.80s: its weights are not in rows", p->name);
        const uint64_t units = (uint64_t)p->dims[0], inputs = p->length / units; /* value: (units, inputs) */
        for (uint64_t unit = 0; unit < units; unit++) {
            float *w = p->value + unit * inputs;
            const double norm = sqrt(sum_of_squares(w, inputs));
            if (norm > max)
                scale(w, inputs, (float)(max / norm));
        }
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .after_update = after_update };

static const hone_component max_norm = {
    .size = sizeof max_norm,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "max_norm",
    .summary = "Max-norm constraint on each unit's incoming weights",
    .doc = "After each update, the vector w of the weights that lead into a unit (a row of a dense\n"
           "kernel, a filter of a convolution) is projected onto the ball of radius `max`:\n"
           "\n"
           "    w <- w * min(1, max / ||w||)\n"
           "\n"
           "Biases, normalizations and embeddings are left alone. Units within the ball are not touched\n"
           "at all, so that a very large `max` changes nothing. Usual values lie between 2 and 4, most\n"
           "often together with dropout and a high learning rate.\n"
           "\n"
           "Source: Srebro and Shraibman 2005, \"Rank, trace-norm and max-norm\", COLT; Srivastava et al.\n"
           "2014, \"Dropout: a simple way to prevent neural networks from overfitting\", JMLR 15, section\n"
           "5.1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.max_norm", "0.1.0", "MIT", "the hone authors", "", &max_norm)
