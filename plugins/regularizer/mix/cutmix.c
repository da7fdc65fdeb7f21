/* SPDX-License-Identifier: MIT */
/* regularizer/cutmix: a rectangle of each image is another one's, and so is that share of the target. */
#include "mix.h"

struct settings {
    double alpha, probability;
    uint32_t draw;
};
static const hone_param params[] = { MIX_PARAMS(struct settings, "1") };

struct cutmix {
    struct settings settings;
    float *scratch; /* one sample */
    uint64_t elements;
};
struct box {
    int64_t top, bottom, left, right;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct cutmix), self, err);
}

static void destroy(void *self)
{
    if (self)
        free(((struct cutmix *)self)->scratch);
    free(self);
}

static hone_rc on_task(void *self, const hone_task *task, hone_error *err)
{
    (void)self;
    return task->n_dims == 3
               ? HONE_OK
               : hone_fail(err, HONE_EINVAL, NULL,
                           "cutmix wants images (C, H, W) behind the transforms, where samples have %u dimension%s",
                           task->n_dims, task->n_dims == 1 ? "" : "s");
}

/* Rows or columns [*from, *to) of n: a length of sqrt(1 - lambda) n around any of them, cut off at the edges. */
static void side(hone_rng *rng, int64_t n, double lambda, int64_t *from, int64_t *to)
{
    const int64_t half = (int64_t)((double)n * sqrt(1 - lambda)) / 2;
    const int64_t center = (int64_t)hone_rng_below(rng, (uint64_t)n);
    *from = center > half ? center - half : 0;
    *to = center + half < n ? center + half : n;
}

static struct box draw(hone_rng *rng, const hone_task *task, double alpha)
{
    const double lambda = mix_beta(rng, alpha);
    struct box box;
    side(rng, task->dims[1], lambda, &box.top, &box.bottom);
    side(rng, task->dims[2], lambda, &box.left, &box.right);
    return box;
}

static void paste(float *to, const float *from, const hone_task *task, const struct box *box)
{
    const int64_t height = task->dims[1], width = task->dims[2];
    for (int64_t c = 0; c < task->dims[0]; c++)
        for (int64_t i = box->top; i < box->bottom; i++) {
            const int64_t at = (c * height + i) * width + box->left;
            memcpy(to + at, from + at, (size_t)(box->right - box->left) * sizeof *to);
        }
}

/* What the box leaves of the image. */
static double share(const struct box *box, const hone_task *task)
{
    return 1 - (double)((box->bottom - box->top) * (box->right - box->left)) / (double)(task->dims[1] * task->dims[2]);
}

static hone_rc reserve(struct cutmix *c, uint64_t elements, hone_error *err)
{
    if (c->elements >= elements)
        return HONE_OK;
    float *more = realloc(c->scratch, elements * sizeof *more);
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a sample of %llu numbers",
                         (unsigned long long)elements);
    c->scratch = more;
    c->elements = elements;
    return HONE_OK;
}

static hone_rc on_batch(void *self, hone_batch *b, uint64_t seed, hone_error *err)
{
    struct cutmix *c = self;
    const struct settings *s = &c->settings;
    const uint64_t k = (uint64_t)b->task->n_outputs;
    hone_rng rng = hone_rng_at(seed, 0);
    hone_rc rc = on_task(self, b->task, err);
    if (rc != HONE_OK || s->alpha <= 0 || hone_rng_uniform(&rng) >= s->probability)
        return rc;
    const uint64_t elements = (uint64_t)hone_shape_elements(b->task->dims, b->task->n_dims);
    if ((rc = reserve(c, elements, err)) != HONE_OK)
        return rc;
    struct box first = draw(&rng, b->task, s->alpha), second = first;
    for (uint64_t i = 0, j = b->n - 1; i < j; i++, j--) {
        float *x = (float *)b->inputs + i * elements, *y = (float *)b->inputs + j * elements;
        if (s->draw == DRAW_SAMPLE) {
            first = draw(&rng, b->task, s->alpha);
            second = draw(&rng, b->task, s->alpha);
        }
        memcpy(c->scratch, x, elements * sizeof *x);
        paste(x, y, b->task, &first);
        paste(y, c->scratch, b->task, &second);
        mix_rows(b->targets + i * k, b->targets + j * k, k, share(&first, b->task), share(&second, b->task));
    }
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .flags = HONE_REGULARIZER_CLASSIFICATION | HONE_REGULARIZER_IMAGES,
                                           .on_batch = on_batch,
                                           .on_task = on_task };

const hone_component cutmix_component = {
    .size = sizeof cutmix_component,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "cutmix",
    .summary = "CutMix: a rectangle of each image is another one's, and so is its share of the target",
    .doc = "In every image of a batch a rectangle is replaced by the same rectangle of another one. Its sides\n"
           "are sqrt(1 - lambda) of the image's, with lambda ~ Beta(alpha, alpha); its center is any pixel; what\n"
           "lies outside of the image is lost. The target becomes a soft one, by what was left of the image:\n"
           "\n"
           "    t' = share t + (1 - share) t_other    share = 1 - area of the rectangle / area of the image\n"
           "\n"
           "It acts after the transforms and after all augmentation, on images and classes alone. Training\n"
           "losses are higher than without, validation is left alone. What is mixed depends on the trial's\n"
           "seed and the step, not on workers.\n"
           "\n"
           "Source: Yun, Han, Oh, Chun, Choe and Yoo 2019, \"CutMix: regularization strategy to train strong\n"
           "classifiers with localizable features\", ICCV, equations 1 and 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = mix_ext,
};
