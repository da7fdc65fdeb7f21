/* SPDX-License-Identifier: MIT */
/* regularizer/confidence_penalty: confident answers are penalized by their entropy (Pereyra et al. 2017): label smoothing's other
 * side, which needs the outputs and therefore acts where the network gives them. */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double strength;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "0.1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the entropy: beta of the paper, which finds 0.1 to 8 useful; 0 changes nothing."),
    HONE_STR(
        struct settings, sites, "*", HONE_P_ADVANCED,
        "Outputs that are penalized, where a network has several: comma-separated names with the wildcards * and ?."),
};

struct confidence_penalty {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct confidence_penalty), self, err);
}

/* The outputs of a classifier are its logits. */
static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct confidence_penalty *c = self;
    if (hone_sites_take(&c->sites, c->settings.sites, HONE_SITES_OUTPUT, site))
        hone_nn_penalize_confidence(g, x, c->settings.strength);
    return x;
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct confidence_penalty *c = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&c->sites, c->settings.sites, err);
}

static const hone_regularizer_v1 iface = {
    .size = sizeof iface, .flags = HONE_REGULARIZER_CLASSIFICATION, .at_site = at_site, .on_network = on_network
};

static const hone_component confidence_penalty = {
    .size = sizeof confidence_penalty,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "confidence_penalty",
    .summary = "Penalty on confident answers: their negative entropy",
    .doc = "Adds a penalty to the loss that training minimizes:\n"
           "\n"
           "    L = -strength * mean over the batch of H(p),    H(p) = -sum p log p,    p = softmax(logits)\n"
           "\n"
           "so that answers stay short of certainty where the data do not insist. For classification only.\n"
           "`train.loss` contains the penalty, `validation.loss` does not. `strength = 0` adds nothing.\n"
           "\n"
           "Source: Pereyra, Tucker, Chorowski, Kaiser and Hinton 2017, \"Regularizing neural networks by\n"
           "penalizing confident output distributions\", ICLR workshop, section 3.1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.confidence_penalty", "0.1.0", "MIT", "the hone authors", "", &confidence_penalty)
