/* SPDX-License-Identifier: MIT */
/* regularizer/dropout: inverted dropout after the activations whose site matches a pattern (Srivastava et al.
 * 2014). The masks and the backward pass are libhone-nn's; this file decides where they go. */
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
              "Share of the units that is dropped at each step; 0 changes nothing."),
    HONE_STR(struct settings, sites, "hidden*", 0,
             "Sites where it acts: comma-separated names with the wildcards * and ?. Activations (hidden1, "
             "hidden2, ...) and the network's input (input*) can be named."),
};

struct dropout {
    struct settings settings;
    hone_sites sites;
    hone_noise_layers layers;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct dropout), self, err);
}

static void destroy(void *self)
{
    struct dropout *d = self;
    if (d)
        hone_noise_layers_release(&d->layers);
    free(d);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct dropout *d = (struct dropout *)self;
    if (!hone_sites_take(&d->sites, d->settings.sites, HONE_SITES_UNITS, site))
        return x;
    return hone_noise_layers_add(&d->layers, g, x, hone_nn_dropout(g, x, d->settings.rate));
}

/* The network is whole: a pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct dropout *d = (const struct dropout *)self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&d->sites, d->settings.sites, err);
}

/* The masks of a step at two rates come from the same numbers. What they do to the loss is, in the mean over them, a polynomial in
 * the rate; a tenth more and less of the units say its slope. At 0 there is no layer, and nothing changes. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct dropout *)self)->settings.rate;
}

static void changed(void *self, uint32_t i)
{
    const struct dropout *d = self;
    (void)i;
    hone_noise_layers_set(&d->layers, d->settings.rate);
}

static const hone_coefficient rate = { sizeof rate, HONE_HYPER_LOSS, "rate", 0, 0, 0.1 };
static const hone_coefficient *const coefficients[] = { &rate };
static const hone_hyper_v1 hyper = {
    .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient, .changed = changed
};

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component dropout = {
    .size = sizeof dropout,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "dropout",
    .summary = "Dropout: units are zeroed at random in training",
    .doc = "At each training step every unit of the chosen sites is set to zero with probability `rate`,\n"
           "and what stays is multiplied by 1 / (1 - rate), so that expectations are kept (inverted\n"
           "dropout):\n"
           "\n"
           "    y = m * x / (1 - rate),    m ~ Bernoulli(1 - rate) for each unit and sample\n"
           "\n"
           "In validation and inference it is the identity. `rate = 0` adds no layer. A pattern that\n"
           "matches none of the network's activations or inputs is an error.\n"
           "\n"
           "For the input, add a second section: `[regularizer.input_dropout]` with `use = dropout`,\n"
           "`sites = input*` and `rate = 0.2`.\n"
           "\n"
           "[objective] hypergradient takes the rate's derivative from differences of masks that are drawn from\n"
           "the same numbers; gaussian_dropout, whose factors are smooth in the rate, has it with less chance.\n"
           "\n"
           "Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, \"Dropout: a simple\n"
           "way to prevent neural networks from overfitting\", JMLR 15.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.dropout", "0.1.0", "MIT", "the hone authors", "", &dropout)
