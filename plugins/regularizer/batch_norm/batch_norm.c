/* SPDX-License-Identifier: MIT */
/* regularizer/batch_norm: batch normalization before the activations of a model that has none of its own (Ioffe and Szegedy
 * 2015). The layer is libhone-nn's. */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double momentum, epsilon;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, momentum, "0.9", 0, 1, HONE_P_TUNABLE | HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL,
              "Share of the old running statistics at each step: Keras's momentum, 1 minus PyTorch's."),
    HONE_REAL(struct settings, epsilon, "1e-5", 1e-12, 0.1, HONE_P_ADVANCED | HONE_P_LOG, NULL,
              "Added to the variance."),
    HONE_STR(
        struct settings, sites, "*", 0,
        "Sites where it acts, before activations: comma-separated names (hidden1, conv2, ...) with the wildcards * "
        "and ?."),
};

struct batch_norm {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct batch_norm), self, err);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct batch_norm *b = self;
    char name[64], message[200];
    if (!hone_sites_take(&b->sites, b->settings.sites, HONE_SITES_PRE, site))
        return x;
    const char *kind = hone_nn_layer_kind(g, x);
    const size_t length = strlen(kind);
    if (length > 5 && !strcmp(kind + length - 5, "_norm")) {
        snprintf(message, sizeof message,
                 "the site %.60s is normalized already (%.30s), by the model or another regularizer: name other sites",
                 site->name, kind);
        return hone_nn_fail(g, "sites", message);
    }
    snprintf(name, sizeof name, "%.48s.batch_norm", site->name);
    return hone_batch_norm(g, x, .momentum = b->settings.momentum, .epsilon = b->settings.epsilon, .name = name);
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct batch_norm *b = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&b->sites, b->settings.sites, err);
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .flags = HONE_REGULARIZER_NORMALIZES, .at_site = at_site, .on_network = on_network
};

static const hone_component batch_norm = {
    .size = sizeof batch_norm,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "batch_norm",
    .summary = "Batch normalization before the activations",
    .doc = "Before the chosen activations, for each channel (or unit) over the batch and the pixels:\n"
           "\n"
           "    y = (x - mean) / sqrt(variance + epsilon) * weight + bias\n"
           "\n"
           "In training mean and variance are the batch's; they move running statistics, which validation and\n"
           "inference use. The layers are named after their sites, hidden1.batch_norm.weight and so on, and have\n"
           "role norm, which penalties leave alone unless told otherwise. A site that the model normalizes\n"
           "itself, or where another regularizer does, is an error.\n"
           "\n"
           "There is no setting of it that changes nothing; `enabled = no` leaves it out.\n"
           "\n"
           "Source: Ioffe and Szegedy 2015, \"Batch normalization: accelerating deep network training by reducing\n"
           "internal covariate shift\", ICML.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.batch_norm", "0.1.0", "MIT", "the hone authors", "", &batch_norm)
