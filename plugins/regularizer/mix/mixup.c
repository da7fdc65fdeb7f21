/* SPDX-License-Identifier: MIT */
/* regularizer/mixup: samples and targets become mixtures of two. */
#include "mix.h"

struct settings {
    double alpha, probability;
    uint32_t draw;
};
static const hone_param params[] = { MIX_PARAMS(struct settings, "0.2") };

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct settings), self, err);
}

static hone_rc on_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    const struct settings *s = self;
    const uint64_t elements = (uint64_t)hone_shape_elements(b->task->dims, b->task->n_dims);
    const uint64_t k = (uint64_t)b->task->n_outputs;
    hone_rng rng = hone_rng_at(seed, 0);
    (void)err;
    if (s->alpha <= 0 || hone_rng_uniform(&rng) >= s->probability)
        return HONE_OK;
    double first = mix_beta(&rng, s->alpha), second = first;
    for (uint64_t i = 0, j = b->n - 1; i < j; i++, j--) {
        if (s->draw == DRAW_SAMPLE) {
            first = mix_beta(&rng, s->alpha);
            second = mix_beta(&rng, s->alpha);
        }
        mix_rows((float *)b->inputs + i * elements, (float *)b->inputs + j * elements, elements, first, second);
        mix_rows(b->targets + i * k, b->targets + j * k, k, first, second);
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_batch = on_batch };

const hone_component mixup_component = {
    .size = sizeof mixup_component,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "mixup",
    .summary = "mixup: training on mixtures of two samples and of their targets",
    .doc = "Every sample x of a batch, with its target t, is mixed with another one of it:\n"
           "\n"
           "    x' = lambda x + (1 - lambda) x_other    t' = lambda t + (1 - lambda) t_other\n"
           "    lambda ~ Beta(alpha, alpha)\n"
           "\n"
           "It acts after the transforms and after all augmentation. Classes become soft targets, which the\n"
           "loss must take; numbers are mixed as they are, which the paper leaves open and later work does\n"
           "(Yao et al. 2022, \"C-Mixup\", NeurIPS). Training losses are higher than without, validation is\n"
           "left alone. What is mixed depends on the trial's seed and the step, not on workers.\n"
           "\n"
           "Source: Zhang, Cisse, Dauphin and Lopez-Paz 2018, \"mixup: beyond empirical risk minimization\",\n"
           "ICLR, equation 1: alpha from 0.1 to 0.4 for ImageNet, 1 for CIFAR.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
    .get_ext = mix_ext,
};
