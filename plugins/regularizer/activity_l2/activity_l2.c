/* SPDX-License-Identifier: MIT */
/* regularizer/activity_l2: a penalty on the squares of activations: units that say little are to say nothing, and nothing
 * loudly (Merity et al. 2017). */
#include "hone/regularizer.h"
#include "hone/sites.h"

struct settings {
    double strength;
    const char *sites;
};

static const hone_param params[] = {
    HONE_REAL(
        struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
        "Factor on the sum of a sample's squared activations: Keras's activity_regularizer l2; 0 changes nothing."),
    HONE_STR(struct settings, sites, "*", 0,
             "Activations that are penalized: comma-separated names (hidden1, conv2, ...) with the wildcards * and ?."),
};

struct activity_l2 {
    struct settings settings;
    hone_sites sites;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct activity_l2), self, err);
}

static hone_var at_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    struct activity_l2 *a = self;
    if (hone_sites_take(&a->sites, a->settings.sites, HONE_SITES_POST, site))
        hone_nn_penalize_activity(g, x, a->settings.strength);
    return x;
}

/* A pattern that matches nothing must not pass in silence. */
static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    const struct activity_l2 *a = self;
    (void)g;
    (void)parameters;
    (void)n;
    return hone_sites_check(&a->sites, a->settings.sites, err);
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .at_site = at_site, .on_network = on_network };

static const hone_component activity_l2 = {
    .size = sizeof activity_l2,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "activity_l2",
    .summary = "Penalty on the squares of activations",
    .doc = "Adds a penalty to the loss that training minimizes:\n"
           "\n"
           "    L = strength * mean over the batch of sum x^2,    x: the activations of a sample at the sites\n"
           "\n"
           "as Keras's activity_regularizer = l2(strength) does. The activations are those that the site shows to\n"
           "it: dropout in an earlier section has acted, in a later one not. `train.loss` contains the penalty,\n"
           "`validation.loss` does not. `strength = 0` adds nothing.\n"
           "\n"
           "Source: Merity, McCann and Socher 2017, \"Revisiting activation regularization for language RNNs\",\n"
           "section 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.regularizer.activity_l2", "0.1.0", "MIT", "the hone authors", "", &activity_l2)
