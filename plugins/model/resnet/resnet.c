/* SPDX-License-Identifier: MIT */
/* model/resnet: residual networks for small images (He et al. 2015, section 4.2) and for large ones (section 4.1). */
#include "residual.h"

static const char *const depths[] = { "20", "32", "44", "56", "110", "18", "34", "50", NULL };
enum { DEPTH_18 = 5, DEPTH_50 = 7 };
static const char *const kinds[] = { "auto", "basic", "bottleneck", NULL };
enum { BLOCK_AUTO, BLOCK_BASIC, BLOCK_BOTTLENECK };
static const char *const stems[] = { "auto", "small", "large", NULL };
enum { STEM_AUTO, STEM_SMALL, STEM_LARGE };
static const char *const shortcuts[] = { "projection", "projection_norm", NULL };

struct settings {
    hone_ints blocks;
    int64_t width;
    uint32_t depth, block, stem, shortcut;
    uint8_t pre_activation;
};

static const hone_param params[] = {
    HONE_ENUM(struct settings, depth, "20", depths, HONE_P_TUNABLE,
              "20, 32, 44, 56, 110: three stages for small images; 18, 34, 50: four stages for large ones (50 of "
              "bottleneck blocks)."),
    HONE_INTS(
        struct settings, blocks, "", 1, 256, HONE_P_TUNABLE, "blocks",
        "Blocks of each stage, in place of depth; each stage but the first halves the image and doubles the filters."),
    HONE_INT(struct settings, width, "0", 0, 4096, HONE_P_TUNABLE | HONE_P_LOG, "filters",
             "Filters of the first stage; 0: 16 with the small stem, 64 with the large one."),
    HONE_ENUM(struct settings, block, "auto", kinds, HONE_P_TUNABLE,
              "basic: two 3 x 3 convolutions; bottleneck: 1 x 1, 3 x 3 and 1 x 1 to four times the filters; auto: as "
              "depth says."),
    HONE_ENUM(struct settings, stem, "auto", stems, HONE_P_TUNABLE,
              "small: a 3 x 3 convolution; large: 7 x 7 with stride 2 and a 3 x 3 maximum pool with stride 2; auto: as "
              "depth says, and small "
              "with blocks."),
    HONE_ENUM(
        struct settings, shortcut, "projection_norm", shortcuts, HONE_P_TUNABLE,
        "Where a block changes the shape, its shortcut is a 1 x 1 convolution, with or without batch norm behind it."),
    HONE_BOOL(
        struct settings, pre_activation, "no", HONE_P_TUNABLE,
        "Whether norm and activation stand before each convolution, and the shortcut is left alone (He et al. 2016)."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

enum { MAX_STAGES = 8 };
static const int64_t of_depth[][5] = { { 3, 3, 3, 0, 0 },    { 5, 5, 5, 0, 0 }, { 7, 7, 7, 0, 0 }, { 9, 9, 9, 0, 0 },
                                       { 18, 18, 18, 0, 0 }, { 2, 2, 2, 2, 0 }, { 3, 4, 6, 3, 0 }, { 3, 4, 6, 3, 0 } };

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct settings *s = self;
    const int named = !s->blocks.n;
    const int large = s->stem == STEM_LARGE || (s->stem == STEM_AUTO && named && s->depth >= DEPTH_18);
    const struct residual r = { s->block == BLOCK_BOTTLENECK ||
                                    (s->block == BLOCK_AUTO && named && s->depth == DEPTH_50),
                                s->pre_activation, s->shortcut == 1, 0 };
    const int64_t *blocks = named ? of_depth[s->depth] : s->blocks.values;
    int64_t width = s->width ? s->width : large ? 64 : 16;
    if (task->n_dims != 3)
        return hone_nn_fail(g, NULL, "resnet wants images: samples of three dimensions (channels, height, width)");
    if (s->blocks.n > MAX_STAGES)
        return hone_nn_fail(g, "blocks", "blocks names more than 8 stages");
    x = hone_nn_site(g, x, HONE_SITE_INPUT, "input");
    x = residual_conv(g, x, width, large ? 7 : 3, large ? 2 : 1, "conv1");
    if (!r.pre_activation || large)
        x = residual_activate(g, x, "norm1", "conv1");
    if (large)
        x = hone_max_pool(g, x, .kernel = 3, .stride = 2, .pad = 1);
    for (unsigned i = 0; named ? blocks[i] > 0 : i < s->blocks.n; i++, width *= 2)
        x = residual_stage(&r, g, x, i + 1, blocks[i], width, i ? 2 : 1);
    if (r.pre_activation)
        x = residual_activate(g, x, "norm_last", "last1");
    return residual_head(g, x, task);
}

static const hone_model_v1 iface = { .size = sizeof iface, .build = build };

const hone_component resnet = {
    .size = sizeof resnet,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_MODEL,
    .name = "resnet",
    .summary = "Residual networks: 20 to 110 layers for small images, 18 to 50 for large ones",
    .doc = "A convolution, stages of residual blocks, the mean over all pixels and a dense output layer. A block adds "
           "the outcome\n"
           "of its convolutions, the branch, to its input:\n"
           "\n"
           "    y = relu(x + norm(conv(relu(norm(conv(x))))))           basic\n"
           "    y = x + conv(relu(norm(conv(relu(norm(x))))))           basic, pre_activation\n"
           "\n"
           "Where the shape changes, x passes through a 1 x 1 convolution first. `blocks = 2, 2` with `width = 32` is "
           "a network\n"
           "of one's own: two stages of two blocks, 32 and 64 filters.\n"
           "\n"
           "Weights are named conv1.weight, norm1.weight, stage1.block1.conv1.weight, stage1.block1.norm1.weight,\n"
           "stage2.block1.shortcut.weight, ..., output.weight. Sites: input; conv1 and stage1.block1.conv1, ... before "
           "and after\n"
           "the activations inside; stage1.block1, ... the branch before it is added (stochastic depth), and before "
           "and after the\n"
           "activation of the sum; output. The default `sites = hidden*` of dropout matches none of them: say `sites = "
           "stage*`.\n"
           "\n"
           "Sources: He, Zhang, Ren and Sun 2015, \"Deep residual learning for image recognition\"; 2016, \"Identity "
           "mappings in\n"
           "deep residual networks\".",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
