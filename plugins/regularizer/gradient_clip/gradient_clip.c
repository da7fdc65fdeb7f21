/* SPDX-License-Identifier: MIT */
/* regularizer/gradient_clip: bounds what one step can do, by each number of the gradient, by the norm of all of them
 * together, or both (Pascanu, Mikolov and Bengio 2013). */
#include "hone/instance.h"
#include "hone/place.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double norm, value;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, norm, "1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Largest Euclidean norm of the gradient of all parameters together; 0: no bound."),
    HONE_REAL(struct settings, value, "0", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Largest absolute value of each number of the gradient, before the norm; 0: no bound."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

HONE_TARGET_CLONES
static void clamp(float *x, uint64_t n, float most)
{
    for (uint64_t i = 0; i < n; i++) {
        const float low = x[i] < -most ? -most : x[i]; /* NaN stays NaN */
        x[i] = low > most ? most : low;
    }
}

HONE_TARGET_CLONES
static void scale(float *x, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Lanes of double: squares of gradients that explode stay finite. x: (n) */
HONE_TARGET_CLONES
static double sum_of_squares(const float *x, uint64_t n)
{
    double lanes[16] = { 0 }, sum = 0;
    uint64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (uint64_t k = 0; k < 16; k++)
            lanes[k] += (double)x[i + k] * (double)x[i + k];
    for (uint64_t k = 0; i < n; i++, k++)
        lanes[k] += (double)x[i] * (double)x[i];
    for (uint64_t k = 0; k < 16; k++)
        sum += lanes[k];
    return sum;
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct settings *s = (const struct settings *)self;
    double squares = 0;
    for (uint32_t i = 0; i < n && s->value > 0; i++)
        clamp(parameters[i]->gradient, parameters[i]->length, (float)s->value);
    for (uint32_t i = 0; i < n && s->norm > 0; i++)
        squares += sum_of_squares(parameters[i]->gradient, parameters[i]->length);
    if (!isfinite(squares))
        return hone_fail(err, HONE_ENUMERIC, NULL,
                         "the gradient is not finite, and no norm can bound it: lower the learning rate");
    const double norm = sqrt(squares);
    if (s->norm > 0 && norm > s->norm)
        for (uint32_t i = 0; i < n; i++)
            scale(parameters[i]->gradient, parameters[i]->length, (float)(s->norm / norm));
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_gradients = on_gradients };
static const hone_place place = { sizeof place, HONE_STAGE_LATE, NULL, NULL }; /* penalties are part of the gradient */
HONE_PLACE(place)

static const hone_component gradient_clip = {
    .size = sizeof gradient_clip,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "gradient_clip",
    .summary = "Gradient clipping, by norm and by value",
    .doc = "Before each update the gradient g of all parameters, penalties included, is bounded:\n"
           "\n"
           "    g <- max(-value, min(value, g)) in each number, where value > 0;    then\n"
           "    g <- g * min(1, norm / ||g||), where norm > 0\n"
           "\n"
           "||g|| is one norm over all parameters together, as torch.nn.utils.clip_grad_norm_ takes it\n"
           "(without its 1e-6 in the denominator); `value` is clip_grad_value_. A gradient within the bounds\n"
           "is not touched at all. It acts after the penalties and before regularizer/gradient_noise,\n"
           "whatever the order of the INI.\n"
           "\n"
           "Source: Pascanu, Mikolov and Bengio 2013, \"On the difficulty of training recurrent neural\n"
           "networks\", ICML, algorithm 1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = hone_place_ext,
};

HONE_MODULE("org.hone.regularizer.gradient_clip", "0.1.0", "MIT", "the hone authors", "", &gradient_clip)
