/* SPDX-License-Identifier: MIT */
/* regularizer/gaussian_noise: normal noise on the inputs, or on activations, in training (Bishop 1995: on the inputs it is
 * a penalty on the network's derivatives). */
#include "hone/hyper.h"
#include "hone/noise_layers.h"
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double deviation;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, deviation, "0.1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Standard deviation of the noise, in units of what it is added to; 0 changes nothing."),
    HONE_STR(
        struct settings, sites, "input*", 0,
        "Sites where it acts: comma-separated names with the wildcards * and ?. The network's input (input*), behind "
        "the transforms, and activations (hidden1, conv2, ...) can be named."),
};

struct gaussian_noise {
    struct settings settings;
    hone_sites sites;
    hone_noise_layers layers;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct gaussian_noise), self, err);
}

static void destroy(void *self)
{
    struct gaussian_noise *n = self;
    if (n)
        hone_noise_layers_release(&n->layers);
    free(n);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct gaussian_noise *n = self;
    if (!hone_sites_take(&n->sites, n->settings.sites, HONE_SITES_UNITS, site))
        return x;
    return hone_noise_layers_add(&n->layers, g, x, hone_nn_gaussian_noise(g, x, n->settings.deviation));
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct gaussian_noise *noise = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&noise->sites, noise->settings.sites, err);
}

/* Noise of the same seed is linear in its deviation. At 0 there is no layer, and nothing changes. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct gaussian_noise *)self)->settings.deviation;
}

static void changed(void *self, uint32_t i)
{
    const struct gaussian_noise *n = self;
    (void)i;
    hone_noise_layers_set(&n->layers, n->settings.deviation);
}

static const hone_coefficient deviation = { sizeof deviation, HONE_HYPER_LOSS, "deviation", 1, 0 };
static const hone_coefficient *const coefficients[] = { &deviation };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .changed = changed
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component gaussian_noise = {
    .size = sizeof gaussian_noise,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "gaussian_noise",
    .summary = "Normal noise on inputs or activations in training",
    .doc = "At each training step\n"
           "\n"
           "    y = x + N(0, deviation^2)    for each number and sample\n"
           "\n"
           "In validation and inference it is the identity; `deviation = 0` adds no layer. On the input it acts\n"
           "behind the transforms: with [transform.standardize] the unit is a standard deviation of the data.\n"
           "\n"
           "Source: Bishop 1995, \"Training with noise is equivalent to Tikhonov regularization\", Neural\n"
           "Computation 7.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.gaussian_noise", "0.1.0", "MIT", "the hone authors", "", &gaussian_noise)
