/* SPDX-License-Identifier: MIT */
/* regularizer/group_lasso: a penalty on the norms of whole groups of weights (Yuan and Lin 2006), which takes whole units,
 * filters or inputs away. By its proximal step after each update, not by a sub-gradient: only that makes exact zeros. */
#include "hone/regularizer.h"
#include "hone/weights.h"

static const char *const groups[] = { "outputs", "inputs", NULL };

struct settings {
    double strength;
    uint32_t group;
    const char *parameters;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the sum of the groups' norms, each times the root of its size; 0 changes nothing."),
    HONE_ENUM(
        struct settings, group, "outputs", groups, HONE_P_TUNABLE,
        "outputs: the weights that lead into a unit (a row of a dense kernel, a filter of a convolution); inputs: "
        "those that come from one (a column; what all filters see of a channel)."),
    HONE_WEIGHTS_PATTERN(struct settings),
};

struct group_lasso {
    struct settings settings;
    hone_weights weights;
    hone_weight_groups *groups; /* (weights.n) of those that it is for */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct group_lasso), self, err);
}

static void forget(struct group_lasso *l)
{
    for (uint32_t i = 0; l->groups && i < l->weights.n; i++)
        hone_weight_groups_release(&l->groups[i]);
    free(l->groups);
    l->groups = NULL;
    hone_weights_release(&l->weights);
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct group_lasso *l = self;
    forget(l);
    hone_rc rc = hone_weights_choose(&l->weights, HONE_WEIGHTS_KERNELS(&l->settings), g, parameters, n, err);
    if (rc != HONE_OK)
        return rc;
    if (!(l->groups = calloc((size_t)n + 1, sizeof *l->groups)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the groups of %u parameters", n);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (l->weights.takes[i])
            rc = hone_weight_groups_make(&l->groups[i], &l->weights, i, l->settings.group, err);
    return rc;
}

/* w <- w * max(0, 1 - amount * sqrt(size) / ||w||) for each group's w */
static void shrink(hone_weight_groups *g, const hone_parameter *p, double amount)
{
    const double size = (double)hone_shape_elements(p->dims, p->n_dims) / (double)g->groups;
    const double threshold = amount * sqrt(size);
    hone_weight_groups_squares(g, p->value);
    for (uint64_t k = 0; k < g->groups; k++) {
        const double norm = sqrt(g->squares[k]);
        g->factors[k] = norm > threshold ? (float)(1 - threshold / norm) : 0.0f;
    }
    hone_weight_groups_scale(g, p->value);
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    struct group_lasso *l = self;
    const double amount = now->rate * l->settings.strength;
    hone_rc rc = HONE_OK;
    if (amount <= 0) /* strength 0, or the schedule's rate is */
        return HONE_OK;
    if (!l->groups || l->weights.parameters != parameters || l->weights.n != n)
        rc = on_network(self, NULL, parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (l->weights.takes[i])
            shrink(&l->groups[i], parameters[i], amount);
    return rc;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .after_update = after_update,
                                           .on_network = on_network };

static const hone_component group_lasso = {
    .size = sizeof group_lasso,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "group_lasso",
    .summary = "Group lasso: takes whole units, filters or inputs away",
    .doc = "Penalizes the norms of groups of weights, with the root of the group's size as its weight:\n"
           "\n"
           "    L = strength * sum over groups of sqrt(size) * ||w||\n"
           "\n"
           "by the proximal step of that penalty after each update of the optimizer:\n"
           "\n"
           "    w <- w * max(0, 1 - rate * strength * sqrt(size) / ||w||)\n"
           "\n"
           "where rate is the learning rate of the update, schedule included. A sub-gradient would let the\n"
           "weights of a group oscillate about zero by the step's length; the proximal step makes the whole\n"
           "group exactly zero, and past the optimizer's momentum and scaling. Groups are the weights that\n"
           "lead into a unit or filter (`group = outputs`) or those that come from an input or channel\n"
           "(`group = inputs`). Kernels only; `parameters` names some of them.\n"
           "\n"
           "Sources: Yuan and Lin 2006, \"Model selection and estimation in regression with grouped\n"
           "variables\", JRSS B 68; Scardapane, Comminiello, Hussain and Uncini 2017, \"Group sparse\n"
           "regularization for deep neural networks\", Neurocomputing 241; Parikh and Boyd 2014, \"Proximal\n"
           "algorithms\", section 6.5.1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.regularizer.group_lasso", "0.1.0", "MIT", "the hone authors", "", &group_lasso)
