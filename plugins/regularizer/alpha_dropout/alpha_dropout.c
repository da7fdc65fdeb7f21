/* SPDX-License-Identifier: MIT */
/* regularizer/alpha_dropout: dropout for networks of selu: units are set to the value that selu tends to on the left, and the whole
 * keeps mean 0 and variance 1 (Klambauer et al. 2017). */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double rate;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.05", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the units that is dropped at each step; the paper uses 0.05 and 0.1; 0 changes nothing."),
    HONE_STR(
        struct settings, sites, "hidden*", 0,
        "Sites where it acts: comma-separated names with the wildcards * and ?. Activations (hidden1, hidden2, ...) "
        "and the network's input (input*) can be named."),
};

struct alpha_dropout {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct alpha_dropout), self, err);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct alpha_dropout *a = self;
    if (!hone_sites_take(&a->sites, a->settings.sites, HONE_SITES_UNITS, site))
        return x;
    return hone_nn_alpha_dropout(g, x, a->settings.rate);
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct alpha_dropout *a = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&a->sites, a->settings.sites, err);
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component alpha_dropout = {
    .size = sizeof alpha_dropout,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "alpha_dropout",
    .summary = "Alpha dropout: keeps mean and variance, for self-normalizing networks",
    .doc = "At each training step, with q = 1 - rate and alpha = -1.7580993408473766, what selu tends to for\n"
           "very negative inputs:\n"
           "\n"
           "    y = a (m x + (1 - m) alpha) + b,    m ~ Bernoulli(q) for each unit and sample\n"
           "    a = (q + alpha^2 q (1 - q))^(-1/2),    b = -a (1 - q) alpha\n"
           "\n"
           "which leaves mean 0 and variance 1 as they are, where dropout would not. It is torch.nn.AlphaDropout.\n"
           "In validation and inference it is the identity; `rate = 0` adds no layer. It makes sense behind\n"
           "activations of mean 0 and variance 1, such as selu's.\n"
           "\n"
           "Source: Klambauer, Unterthiner, Mayr and Hochreiter 2017, \"Self-normalizing neural networks\",\n"
           "NIPS, section \"New dropout technique\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.alpha_dropout", "0.1.0", "MIT", "the hone authors", "", &alpha_dropout)
