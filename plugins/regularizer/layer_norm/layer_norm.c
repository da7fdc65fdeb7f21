/* SPDX-License-Identifier: MIT */
/* regularizer/layer_norm: layer normalization before the activations of a model that has none of its own (Ba et al. 2016). The
 * layers are libhone-nn's. */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double epsilon;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, epsilon, "1e-5", 1e-12, 0.1, HONE_P_ADVANCED | HONE_P_LOG, NULL,
              "Added to the variance."),
    HONE_STR(
        struct settings, sites, "*", 0,
        "Sites where it acts, before activations: comma-separated names (hidden1, conv2, ...) with the wildcards * "
        "and ?."),
};

struct layer_norm {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct layer_norm), self, err);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct layer_norm *l = self;
    char name[64], message[200];
    int64_t dims[HONE_MAX_DIMS];
    if (!hone_sites_take(&l->sites, l->settings.sites, HONE_SITES_PRE, site))
        return x;
    const char *kind = hone_nn_layer_kind(g, x);
    const size_t length = strlen(kind);
    if (length > 5 && !strcmp(kind + length - 5, "_norm")) {
        snprintf(message, sizeof message,
                 "the site %.60s is normalized already (%.30s), by the model or another regularizer: name other sites",
                 site->name, kind);
        return hone_nn_fail(g, "sites", message);
    }
    snprintf(name, sizeof name, "%.48s.layer_norm", site->name);
    if (hone_nn_shape(g, x, dims) > 1) /* all channels and pixels of a sample; weights by channel */
        return hone_group_norm(g, x, .groups = 1, .epsilon = l->settings.epsilon, .name = name);
    return hone_layer_norm(g, x, .epsilon = l->settings.epsilon, .name = name);
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct layer_norm *l = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&l->sites, l->settings.sites, err);
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .flags = HONE_REGULARIZER_NORMALIZES, .at_site = at_site, .on_network = on_network
};

static const hone_component layer_norm = {
    .size = sizeof layer_norm,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "layer_norm",
    .summary = "Layer normalization before the activations",
    .doc = "Before the chosen activations, for each sample over all its units (or all its channels and pixels):\n"
           "\n"
           "    y = (x - mean) / sqrt(variance + epsilon) * weight + bias\n"
           "\n"
           "with a weight and a bias for each unit (or channel), in training and inference alike; batches of one\n"
           "sample will do. The layers are named after their sites, hidden1.layer_norm.weight and so on, and have\n"
           "role norm, which penalties leave alone unless told otherwise. A site that the model normalizes\n"
           "itself, or where another regularizer does, is an error.\n"
           "\n"
           "There is no setting of it that changes nothing; `enabled = no` leaves it out.\n"
           "\n"
           "Source: Ba, Kiros and Hinton 2016, \"Layer normalization\", section 3; over images: Wu and He 2018,\n"
           "\"Group normalization\", ECCV, with one group.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.layer_norm", "0.1.0", "MIT", "the hone authors", "", &layer_norm)
