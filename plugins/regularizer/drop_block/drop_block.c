/* SPDX-License-Identifier: MIT */
/* regularizer/drop_block: contiguous squares of activations are zeroed at random in training, more and more as it goes on
 * (Ghiasi et al. 2018). */
#include "hone/noise_layers.h"
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double rate, ramp;
    int64_t block;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.1", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the pixels that is dropped in the end: 1 - keep_prob of the paper; 0 changes nothing."),
    HONE_INT(struct settings, block, "5", 1, 4096, HONE_P_TUNABLE, "pixels",
             "Side of the squares: block_size. Where it exceeds the image, whole channels are dropped."),
    HONE_REAL(struct settings, ramp, "1", 0, 1, HONE_P_TUNABLE, NULL,
              "Share of the training during which the rate rises linearly from 0; 0: it is there from the start."),
    HONE_STR(struct settings, sites, "*", 0,
             "Sites where it acts, if their values are images: comma-separated names of activations (conv1, "
             "stage1.block1) with the wildcards * and ?."),
};

struct drop_block {
    struct settings settings;
    hone_sites sites;
    hone_noise_layers layers;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct drop_block), self, err);
}

static void destroy(void *self)
{
    struct drop_block *d = self;
    if (d)
        hone_noise_layers_release(&d->layers);
    free(d);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct drop_block *d = self;
    int64_t dims[HONE_MAX_DIMS];
    d->sites.values = "activations that are images";
    if (hone_nn_shape(g, x, dims) != 3 || !hone_sites_take(&d->sites, d->settings.sites, HONE_SITES_POST, site))
        return x;
    return hone_noise_layers_add(&d->layers, g, x, hone_nn_drop_block(g, x, d->settings.rate, d->settings.block));
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct drop_block *d = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&d->sites, d->settings.sites, err);
}

static hone_rc before_pass(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err)
{
    const struct drop_block *d = self;
    const double rise = d->settings.ramp * (double)now->steps;
    const double share = rise > 0 ? fmin(1, (double)now->step / rise) : 1;
    (void)parameters;
    (void)n;
    (void)err;
    hone_noise_layers_set(&d->layers, share * d->settings.rate);
    return HONE_OK;
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .at_site = at_site, .on_network = on_network, .before_pass = before_pass
};

static const hone_component drop_block = {
    .size = sizeof drop_block,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "drop_block",
    .summary = "DropBlock: squares of activations are zeroed at random in training",
    .doc = "At each training step squares of block x block pixels are set to zero, each channel of a sample its\n"
           "own, and what stays is scaled so that the layer's sum keeps its size:\n"
           "\n"
           "    gamma = rate / block^2 * H W / ((H - block + 1) (W - block + 1))     the share of their corners\n"
           "    y = M x * count(M) / count_ones(M),     M: 0 in the squares\n"
           "\n"
           "`rate` is reached in steps: rate * min(1, step / (ramp * steps)), the linear schedule of the paper. In\n"
           "validation and inference it is the identity; `rate = 0` adds no layer. It acts on activations that\n"
           "are images; others pass.\n"
           "\n"
           "Source: Ghiasi, Lin and Le 2018, \"DropBlock: a regularization method for convolutional networks\",\n"
           "NeurIPS, algorithm 1 and eq. 1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.regularizer.drop_block", "0.1.0", "MIT", "the hone authors", "", &drop_block)
