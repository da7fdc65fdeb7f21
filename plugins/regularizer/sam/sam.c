/* SPDX-License-Identifier: MIT */
/* regularizer/sam: sharpness-aware minimization (Foret et al. 2021): the gradient of a step is taken where the loss is worst
 * nearby, one pass further, so that training settles where the loss is flat. A step costs two passes. */
#include "hone/instance.h"
#include "hone/place.h"
#include "hone/regularizer.h"
#include "hone/simd.h"

struct settings {
    double rho;
    uint8_t adaptive;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rho, "0.05", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "How far away the gradient is taken: the norm of the way up; 0 changes nothing, and costs nothing. With "
              "adaptive, ten times as large values make sense."),
    HONE_BOOL(struct settings, adaptive, "no", HONE_P_TUNABLE,
              "The way is measured in units of each weight's size (ASAM), which does not depend on how layers are "
              "scaled."),
};

struct sam {
    struct settings settings;
    float **kept; /* (n) values of each parameter, while they are elsewhere */
    uint32_t n;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct sam), self, err);
}

static void forget(struct sam *s)
{
    for (uint32_t i = 0; s->kept && i < s->n; i++)
        free(s->kept[i]);
    free(s->kept);
    s->kept = NULL;
    s->n = 0;
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct sam *s = self;
    (void)g;
    forget(s);
    if (s->settings.rho <= 0)
        return HONE_OK;
    if (!(s->kept = calloc((size_t)n + 1, sizeof *s->kept)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a copy of the weights");
    s->n = n;
    for (uint32_t i = 0; i < n; i++)
        if (!(s->kept[i] = malloc((size_t)parameters[i]->length * sizeof **s->kept)))
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a copy of the weights");
    return HONE_OK;
}

/* Sum of (scale g)^2, where scale is 1 or |w|     g, w: (n) */
HONE_TARGET_CLONES
static double squares(const float *g, const float *w, uint64_t n, int adaptive)
{
    double lanes[16] = { 0 }, sum = 0;
    for (uint64_t i = 0; i < n; i++) {
        const double v = (double)g[i] * (adaptive ? (double)w[i] : 1.0);
        lanes[i % 16] += v * v;
    }
    for (int k = 0; k < 16; k++)
        sum += lanes[k];
    return sum;
}

/* w += step * scale^2 * g     g, w: (n) */
HONE_TARGET_CLONES
static void climb(float *w, const float *g, uint64_t n, float step)
{
    for (uint64_t i = 0; i < n; i++)
        w[i] += step * g[i];
}

HONE_TARGET_CLONES
static void climb_adaptively(float *w, const float *g, uint64_t n, float step)
{
    for (uint64_t i = 0; i < n; i++)
        w[i] += step * (w[i] * w[i]) * g[i];
}

static hone_rc on_step(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now, hone_error *err)
{
    struct sam *s = self;
    const int adaptive = s->settings.adaptive;
    double sum = 0;
    if (s->settings.rho <= 0)
        return HONE_OK;
    for (uint32_t i = 0; i < n; i++)
        sum += squares(parameters[i]->gradient, parameters[i]->value, parameters[i]->length, adaptive);
    if (!isfinite(sum))
        return hone_fail(err, HONE_ENUMERIC, NULL, "the gradient is not finite: lower the learning rate");
    if (sum <= 0) /* no way leads up */
        return HONE_OK;
    const float step = (float)(s->settings.rho / sqrt(sum));
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        memcpy(s->kept[i], p->value, (size_t)p->length * sizeof *p->value);
        (adaptive ? climb_adaptively : climb)(p->value, p->gradient, p->length, step);
    }
    const hone_rc rc = now->again(now->ctx, err);
    for (uint32_t i = 0; i < n; i++)
        memcpy(parameters[i]->value, s->kept[i], (size_t)parameters[i]->length * sizeof **s->kept);
    return rc;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_network = on_network, .on_step = on_step };
/* The gradient of another point cannot be taken at two other points. */
static const char *const words[] = { "gradient_elsewhere", NULL };
static const hone_place place = { sizeof place, HONE_STAGE_USUAL, words, words };
HONE_PLACE(place)

static const hone_component sam = {
    .size = sizeof sam,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "sam",
    .summary = "Sharpness-aware minimization: looks for flat minima, two passes a step",
    .doc = "In each step, with the gradient g of the batch's loss at the weights w:\n"
           "\n"
           "    e = rho * g / ||g||                      (adaptive: e = rho * w^2 g / || |w| g ||)\n"
           "    the gradient of the step is that of the same batch's loss at w + e\n"
           "\n"
           "||.|| is one norm over all parameters. The optimizer then moves w itself. The second pass has the\n"
           "dropout masks of the first one; running statistics of norms and the reported loss are the\n"
           "first pass's. Penalties (l2 and its kin), gradient_clip and gradient_noise act on the gradient\n"
           "of the step, weight_decay after the update, as in the paper's experiments. There can be one in\n"
           "a run.\n"
           "\n"
           "Sources: Foret, Kleiner, Mobahi and Neyshabur 2021, \"Sharpness-aware minimization for\n"
           "efficiently improving generalization\", ICLR, eq. 2 and algorithm 1; Kwon, Kim, Park and Choi\n"
           "2021, \"ASAM\", ICML, eq. 8.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = hone_place_ext,
};

HONE_MODULE("org.hone.regularizer.sam", "0.1.0", "MIT", "the hone authors", "", &sam)
