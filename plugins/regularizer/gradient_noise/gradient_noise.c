/* SPDX-License-Identifier: MIT */
/* regularizer/gradient_noise: normal noise that fades is added to the gradient of each step (Neelakantan et al. 2015). The
 * numbers belong to the weights in the plain order: no layout changes them, and padding gets none. */
#include "hone/place.h"
#include "hone/regularizer.h"
#include "hone/rng.h"
#include "hone/weights.h"

struct settings {
    double eta, gamma;
    HONE_WEIGHTS_FIELDS
};

static const hone_param params[] = {
    HONE_REAL(struct settings, eta, "0.01", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Variance of the noise at the first step; the paper tries 0.01, 0.3 and 1; 0 changes nothing."),
    HONE_REAL(struct settings, gamma, "0.55", 0, 10, HONE_P_TUNABLE, NULL,
              "How fast the variance falls: eta / (1 + step)^gamma."),
    HONE_STR(struct settings, parameters, "*", 0,
             "Parameters whose gradients get noise: comma-separated names with the wildcards * and ?."),
    HONE_BOOL(struct settings, bias, "yes", HONE_P_TUNABLE, "Biases get noise, too."),
    HONE_BOOL(struct settings, norm, "yes", HONE_P_TUNABLE,
              "Scales and shifts of normalization layers get noise, too."),
};

struct gradient_noise {
    struct settings settings;
    hone_weights weights;
    uint64_t step, seed;
    float *noise, *placed; /* (length of the largest parameter): plain, and in its layout */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct gradient_noise), self, err);
    if (rc == HONE_OK)
        ((struct gradient_noise *)*self)->seed = info->seed;
    return rc;
}

static void forget(struct gradient_noise *g)
{
    free(g->noise);
    free(g->placed);
    g->noise = g->placed = NULL;
    hone_weights_release(&g->weights);
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static hone_rc on_network(void *self, hone_graph *graph, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct gradient_noise *g = self;
    uint64_t largest = 1;
    forget(g);
    const hone_rc rc = hone_weights_choose(&g->weights, HONE_WEIGHTS_CHOICE(&g->settings), graph, parameters, n, err);
    for (uint32_t i = 0; i < n; i++)
        largest = parameters[i]->length > largest ? parameters[i]->length : largest;
    g->noise = malloc(largest * sizeof *g->noise);
    g->placed = calloc(largest, sizeof *g->placed);
    if (rc == HONE_OK && (!g->noise || !g->placed))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the noise");
    return rc;
}

static hone_rc before_pass(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err)
{
    struct gradient_noise *g = self;
    (void)parameters;
    (void)n;
    (void)err;
    g->step = now->step;
    g->seed = now->seed;
    return HONE_OK;
}

/* gradient += noise     gradient, noise: (n) */
HONE_TARGET_CLONES
static void add(float *gradient, const float *noise, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        gradient[i] += noise[i];
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct gradient_noise *g = self;
    const struct settings *s = &g->settings;
    const double deviation = sqrt(s->eta / pow(1 + (double)g->step, s->gamma));
    hone_rc rc = HONE_OK;
    if (s->eta <= 0)
        return HONE_OK;
    if (!g->noise || g->weights.parameters != parameters || g->weights.n != n)
        rc = on_network(self, NULL, parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        const hone_parameter *p = parameters[i];
        if (!g->weights.takes[i])
            continue;
        hone_nn_draw_normal(g->noise, (uint64_t)hone_shape_elements(p->dims, p->n_dims), g->seed, i, deviation);
        if (!p->plain)
            rc = hone_weights_write(&g->weights, i, g->noise, g->placed, err);
        if (rc == HONE_OK)
            add(p->gradient, p->plain ? g->noise : g->placed, p->length);
    }
    return rc;
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .on_gradients = on_gradients, .on_network = on_network, .before_pass = before_pass
};
static const hone_place place = { sizeof place, HONE_STAGE_LATE + 1, NULL, NULL }; /* what is clipped is the gradient */
HONE_PLACE(place)

static const hone_component gradient_noise = {
    .size = sizeof gradient_noise,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "gradient_noise",
    .summary = "Normal noise on the gradients that fades as training goes on",
    .doc = "Before each update\n"
           "\n"
           "    g <- g + N(0, eta / (1 + t)^gamma)     in each number, t = 0, 1, ... the step\n"
           "\n"
           "after the penalties and after regularizer/gradient_clip, whatever the order of the INI, as the\n"
           "paper does with clipped gradients. Steps draw from streams of their own: a training that goes on\n"
           "from a checkpoint hears the same noise. `parameters`, `bias` and `norm` choose what gets noise:\n"
           "everything.\n"
           "\n"
           "Source: Neelakantan, Vilnis, Le, Sutskever, Kaiser, Kurach and Martens 2015, \"Adding gradient\n"
           "noise improves learning for very deep networks\", section 3.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = hone_place_ext,
};

HONE_MODULE("org.hone.regularizer.gradient_noise", "0.1.0", "MIT", "the hone authors", "", &gradient_noise)
