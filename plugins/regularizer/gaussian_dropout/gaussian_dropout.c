/* SPDX-License-Identifier: MIT */
/* regularizer/gaussian_dropout: activations times normal factors of mean 1, in training (Srivastava et al. 2014, section 10): what
 * dropout does to means and variances, smoothly in its rate, so that the rate has a derivative. */
#include "hone/hyper.h"
#include "hone/noise_layers.h"
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double rate;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Rate of the dropout whose variance the factors have: rate / (1 - rate); 0 changes nothing."),
    HONE_STR(
        struct settings, sites, "hidden*", 0,
        "Sites where it acts: comma-separated names with the wildcards * and ?. Activations (hidden1, hidden2, ...) "
        "and the network's input (input*) can be named."),
};

struct gaussian_dropout {
    struct settings settings;
    hone_sites sites;
    hone_noise_layers layers;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct gaussian_dropout), self, err);
}

static void destroy(void *self)
{
    struct gaussian_dropout *d = self;
    if (d)
        hone_noise_layers_release(&d->layers);
    free(d);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct gaussian_dropout *d = self;
    if (!hone_sites_take(&d->sites, d->settings.sites, HONE_SITES_UNITS, site))
        return x;
    return hone_noise_layers_add(&d->layers, g, x, hone_nn_gaussian_dropout(g, x, d->settings.rate));
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct gaussian_dropout *d = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&d->sites, d->settings.sites, err);
}

/* Factors of the same seed are smooth in the rate: 1 + sqrt(rate / (1 - rate)) z (Kingma and Welling's reparameterization). At 0
 * there is no layer, and nothing changes. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct gaussian_dropout *)self)->settings.rate;
}

static void changed(void *self, uint32_t i)
{
    const struct gaussian_dropout *d = self;
    (void)i;
    hone_noise_layers_set(&d->layers, d->settings.rate);
}

static const hone_coefficient rate = { sizeof rate, HONE_HYPER_LOSS, "rate", 1, 0 };
static const hone_coefficient *const coefficients[] = { &rate };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .changed = changed
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component gaussian_dropout = {
    .size = sizeof gaussian_dropout,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "gaussian_dropout",
    .summary = "Gaussian dropout: normal factors of mean 1 on activations in training",
    .doc = "At each training step\n"
           "\n"
           "    y = m * x,    m ~ N(1, rate / (1 - rate)) for each unit and sample\n"
           "\n"
           "which are the mean and the variance of the factors of inverted dropout. In validation and inference\n"
           "it is the identity; `rate = 0` adds no layer. It is Keras's GaussianDropout. Unlike dropout's masks,\n"
           "the factors change smoothly with the rate, so that [objective] hypergradient has a derivative for it.\n"
           "\n"
           "Sources: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, \"Dropout: a simple way\n"
           "to prevent neural networks from overfitting\", JMLR 15, section 10; Wang and Manning 2013, \"Fast\n"
           "dropout training\", ICML. Derivative with respect to the rate: Kingma, Salimans and Welling 2015,\n"
           "\"Variational dropout and the local reparameterization trick\", NIPS, section 3.\n",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.gaussian_dropout", "0.1.0", "MIT", "the hone authors", "", &gaussian_dropout)
