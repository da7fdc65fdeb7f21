/* SPDX-License-Identifier: MIT */
/* regularizer/spatial_dropout: whole channels are zeroed at random in training, since neighbouring pixels say the same and single
 * ones are not missed (Tompson et al. 2015). */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double rate;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the channels that is dropped at each step; 0 changes nothing."),
    HONE_STR(struct settings, sites, "*", 0,
             "Sites where it acts, if their values have channels and pixels: comma-separated names of activations "
             "(conv1, stage1.block1) with the wildcards * and ?."),
};

struct spatial_dropout {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct spatial_dropout), self, err);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct spatial_dropout *s = self;
    int64_t dims[HONE_MAX_DIMS];
    s->sites.values = "activations that have channels and pixels";
    if (hone_nn_shape(g, x, dims) < 2) /* vectors are dropout's business */
        return x;
    if (!hone_sites_take(&s->sites, s->settings.sites, HONE_SITES_POST, site))
        return x;
    return hone_nn_spatial_dropout(g, x, s->settings.rate);
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct spatial_dropout *s = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&s->sites, s->settings.sites, err);
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component spatial_dropout = {
    .size = sizeof spatial_dropout,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "spatial_dropout",
    .summary = "Spatial dropout: whole channels are zeroed at random in training",
    .doc = "At each training step every channel (feature map) of a sample is set to zero with probability\n"
           "`rate`, and what stays is multiplied by 1 / (1 - rate):\n"
           "\n"
           "    y[n, c, ...] = m[n, c] x[n, c, ...] / (1 - rate),    m ~ Bernoulli(1 - rate)\n"
           "\n"
           "It is torch.nn.Dropout2d and Keras's SpatialDropout2D. In validation and inference it is the\n"
           "identity; `rate = 0` adds no layer. It acts on activations that have pixels; vectors pass.\n"
           "\n"
           "Source: Tompson, Goroshin, Jain, LeCun and Bregler 2015, \"Efficient object localization using\n"
           "convolutional networks\", CVPR, section 3.2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.spatial_dropout", "0.1.0", "MIT", "the hone authors", "", &spatial_dropout)
