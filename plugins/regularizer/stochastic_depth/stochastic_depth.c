/* SPDX-License-Identifier: MIT */
/* regularizer/stochastic_depth: residual branches are skipped at random in training, deep ones more often (Huang et al. 2016). */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double rate;
    uint32_t decay;
    const char *sites;
};

enum { LINEAR, UNIFORM };
static const char *const decays[] = { "linear", "uniform", NULL };

static const hone_param params[] = {
    HONE_REAL(struct settings, rate, "0.5", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Probability that the last branch is skipped: 1 - p_L of the paper; 0 changes nothing."),
    HONE_ENUM(struct settings, decay, "linear", decays, HONE_P_TUNABLE,
              "linear: the l-th of L branches is skipped with probability rate l / L; uniform: all with rate."),
    HONE_STR(struct settings, sites, "*", 0,
             "Branches where it acts: comma-separated names with the wildcards * and ?, such as stage3*."),
};

struct stochastic_depth {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct stochastic_depth), self, err);
}

/* Branches count from 1, whatever the pattern takes. */
static double rate_at(const struct settings *s, const hone_site *site)
{
    const uint32_t total = site->size >= offsetof(hone_site, reserved2) ? site->total : 0;
    return s->decay == UNIFORM || !total ? s->rate : s->rate * ((double)site->index + 1) / (double)total;
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct stochastic_depth *d = self;
    if (!hone_sites_take(&d->sites, d->settings.sites, HONE_SITES_BRANCH, site))
        return x;
    return hone_nn_drop_path(g, x, rate_at(&d->settings, site));
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct stochastic_depth *d = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&d->sites, d->settings.sites, err);
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component stochastic_depth = {
    .size = sizeof stochastic_depth,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "stochastic_depth",
    .summary = "Stochastic depth: residual branches are skipped at random in training",
    .doc = "In each training step the branch of a residual block is left out with probability p, drawn for each\n"
           "sample, and otherwise multiplied by 1 / (1 - p):\n"
           "\n"
           "    y = x + b branch(x) / (1 - p),    b ~ Bernoulli(1 - p),    p = rate l / L for the l-th of L\n"
           "\n"
           "Scaling in training rather than in inference has the same expectation as the paper's; it is\n"
           "torchvision's StochasticDepth in mode \"row\" and timm's DropPath. A mask for each sample, not for\n"
           "each batch as in the paper, gives steadier gradients and spares no time. In validation and inference\n"
           "it is the identity; `rate = 0` adds no layer. A network without residual branches is an error.\n"
           "\n"
           "Source: Huang, Sun, Liu, Sedra and Weinberger 2016, \"Deep networks with stochastic depth\", ECCV,\n"
           "eq. 2 to 4.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.stochastic_depth", "0.1.0", "MIT", "the hone authors", "", &stochastic_depth)
