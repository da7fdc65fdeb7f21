/* SPDX-License-Identifier: MIT */
/* regularizer/max_norm: after each update, the weights that lead into a unit are scaled back to a ball
 * (Srebro and Shraibman 2005; Srivastava et al. 2014, section 5.1). */
#include "hone/regularizer.h"
#include "hone/weights.h"

struct settings {
    double max;
    const char *parameters;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, max, "3", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Largest Euclidean norm of a unit's incoming weights."),
    HONE_WEIGHTS_PATTERN(struct settings),
};

struct max_norm {
    struct settings settings;
    hone_weights weights;
    hone_weight_groups *units; /* (weights.n) of those that it is for */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct max_norm), self, err);
}

static void forget(struct max_norm *m)
{
    for (uint32_t i = 0; m->units && i < m->weights.n; i++)
        hone_weight_groups_release(&m->units[i]);
    free(m->units);
    m->units = NULL;
    hone_weights_release(&m->weights);
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct max_norm *m = self;
    forget(m);
    hone_rc rc = hone_weights_choose(&m->weights, HONE_WEIGHTS_KERNELS(&m->settings), g, parameters, n, err);
    if (rc != HONE_OK)
        return rc;
    if (!(m->units = calloc((size_t)n + 1, sizeof *m->units)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the units of %u parameters", n);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (m->weights.takes[i])
            rc = hone_weight_groups_make(&m->units[i], &m->weights, i, HONE_GROUP_OUTPUTS, err);
    return rc;
}

/* w <- w * min(1, max / ||w||) for each unit's w */
static void project(hone_weight_groups *units, float *values, double max)
{
    int any = 0;
    hone_weight_groups_squares(units, values);
    for (uint64_t unit = 0; unit < units->groups; unit++) {
        const double norm = sqrt(units->squares[unit]);
        units->factors[unit] = norm > max ? (float)(max / norm) : 1.0f;
        any |= norm > max;
    }
    if (any)
        hone_weight_groups_scale(units, values);
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    struct max_norm *m = self;
    hone_rc rc = HONE_OK;
    (void)now;
    if (!m->units || m->weights.parameters != parameters || m->weights.n != n)
        rc = on_network(self, NULL, parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++)
        if (m->weights.takes[i])
            project(&m->units[i], parameters[i]->value, m->settings.max);
    return rc;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .after_update = after_update,
                                           .on_network = on_network };

static const hone_component max_norm = {
    .size = sizeof max_norm,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "max_norm",
    .summary = "Max-norm constraint on each unit's incoming weights",
    .doc = "After each update, the vector w of the weights that lead into a unit (a row of a dense\n"
           "kernel, a filter of a convolution) is projected onto the ball of radius `max`:\n"
           "\n"
           "    w <- w * min(1, max / ||w||)\n"
           "\n"
           "Biases, normalizations and embeddings are left alone. Units within the ball are not touched\n"
           "at all, so that a very large `max` changes nothing. Usual values lie between 2 and 4, most\n"
           "often together with dropout and a high learning rate.\n"
           "\n"
           "Source: Srebro and Shraibman 2005, \"Rank, trace-norm and max-norm\", COLT; Srivastava et al.\n"
           "2014, \"Dropout: a simple way to prevent neural networks from overfitting\", JMLR 15, section\n"
           "5.1.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.regularizer.max_norm", "0.1.0", "MIT", "the hone authors", "", &max_norm)
