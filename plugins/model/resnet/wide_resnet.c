/* SPDX-License-Identifier: MIT */
/* model/wide_resnet: residual networks that are wide instead of deep (Zagoruyko and Komodakis 2016). */
#include "residual.h"

enum { FIRST_WIDTH = 16, STAGES = 3, OTHER_LAYERS = 4, LAYERS_A_BLOCK = 6 };

struct settings {
    int64_t depth, widen_factor;
    double dropout;
};

static const hone_param params[] = {
    HONE_INT(struct settings, depth, "10", 10, 1000, HONE_P_TUNABLE, "layers",
             "Convolutions in a row, 6 n + 4 for n blocks a stage: 10, 16, 22, 28, 34, 40, ..."),
    HONE_INT(struct settings, widen_factor, "2", 1, 64, HONE_P_TUNABLE | HONE_P_LOG, NULL,
             "The stages have 16, 32 and 64 filters times this."),
    HONE_REAL(struct settings, dropout, "0", 0, 1, HONE_P_TUNABLE | HONE_P_HI_OPEN, NULL,
              "Share of the numbers dropped between the two convolutions of each block; 0: none."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = info->config;
    (void)host;
    if ((s->depth - OTHER_LAYERS) % LAYERS_A_BLOCK)
        return hone_fail(err, HONE_EINVAL, "depth", "depth = %lld is not 6 n + 4: take %lld or %lld",
                         (long long)s->depth, (long long)(s->depth - (s->depth - OTHER_LAYERS) % LAYERS_A_BLOCK),
                         (long long)(s->depth - (s->depth - OTHER_LAYERS) % LAYERS_A_BLOCK + LAYERS_A_BLOCK));
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct settings *s = self;
    const struct residual r = { 0, 1, 0, s->dropout };
    if (task->n_dims != 3)
        return hone_nn_fail(g, NULL, "wide_resnet wants images: samples of three dimensions (channels, height, width)");
    x = residual_conv(g, hone_nn_site(g, x, HONE_SITE_INPUT, "input"), FIRST_WIDTH, 3, 1, "conv1");
    for (unsigned i = 0; i < STAGES; i++)
        x = residual_stage(&r, g, x, i + 1, (s->depth - OTHER_LAYERS) / LAYERS_A_BLOCK,
                           (FIRST_WIDTH << i) * s->widen_factor, i ? 2 : 1);
    return residual_head(g, residual_activate(g, x, "norm_last", "last1"), task);
}

static const hone_model_v1 iface = { .size = sizeof iface, .build = build };

const hone_component wide_resnet = {
    .size = sizeof wide_resnet,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_MODEL,
    .name = "wide_resnet",
    .summary = "Wide residual networks, with dropout inside the blocks",
    .doc = "A 3 x 3 convolution of 16 filters, three stages of pre-activation blocks with 16, 32 and 64 filters times\n"
           "`widen_factor`, norm and activation, the mean over all pixels and a dense output layer. WRN-28-10 of the "
           "paper is\n"
           "`depth = 28`, `widen_factor = 10`.\n"
           "\n"
           "Weights and sites are named as those of resnet; the last activation's site is last1.\n"
           "\n"
           "Source: Zagoruyko and Komodakis 2016, \"Wide residual networks\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
