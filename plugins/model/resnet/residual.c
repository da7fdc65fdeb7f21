/* SPDX-License-Identifier: MIT */
/* Residual blocks (He et al. 2015, figures 2 and 5) and their pre-activation form (He et al. 2016, figure 1b). */
#include "residual.h"

enum { NAME_BYTES = 64 };

hone_var residual_conv(hone_graph *g, hone_var x, int64_t filters, int64_t kernel, int64_t stride, const char *name)
{
    return hone_conv2d(g, x, .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .no_bias = 1,
                       .init = "he", .name = name);
}

hone_var residual_activate(hone_graph *g, hone_var x, const char *norm, const char *site)
{
    x = hone_nn_site(g, hone_batch_norm(g, x, .name = norm), HONE_SITE_PRE_ACTIVATION, site);
    return hone_nn_site(g, hone_nn_relu(g, x), HONE_SITE_POST_ACTIVATION, site);
}

/* The i-th convolution of a branch, 1-based. */
struct conv {
    int64_t filters, kernel, stride;
};

static uint32_t list_convs(const struct residual *r, int64_t width, int64_t stride, struct conv convs[3])
{
    if (!r->bottleneck) {
        convs[0] = (struct conv){ width, 3, stride };
        convs[1] = (struct conv){ width, 3, 1 };
        return 2;
    }
    convs[0] = (struct conv){ width, 1, 1 };
    convs[1] = (struct conv){ width, 3,
                              stride }; /* the stride is the 3 x 3 convolution's, as everybody does since 2016 */
    convs[2] = (struct conv){ width * BOTTLENECK_FACTOR, 1, 1 };
    return 3;
}

static int64_t channels_of(const hone_graph *g, hone_var x)
{
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    return hone_nn_shape(g, x, dims) ? dims[0] : 0;
}

static hone_var block(const struct residual *r, hone_graph *g, hone_var x, const char *name, int64_t width,
                      int64_t stride)
{
    struct conv convs[3];
    const uint32_t n = list_convs(r, width, stride, convs);
    const int projects = stride > 1 || channels_of(g, x) != convs[n - 1].filters;
    char own[NAME_BYTES], norm[NAME_BYTES];
    hone_var branch = x, shortcut = x;
    for (uint32_t i = 0; i < n; i++) {
        snprintf(own, sizeof own, "%s.conv%u", name, i + 1);
        snprintf(norm, sizeof norm, "%s.norm%u", name, i + 1);
        if (r->pre_activation) {
            branch = residual_activate(g, branch, norm, own);
            if (!i && projects)
                shortcut = branch; /* the projection sees what the branch sees */
        }
        if (i == 1 && r->dropout > 0)
            branch = hone_nn_dropout(g, branch, r->dropout);
        branch = residual_conv(g, branch, convs[i].filters, convs[i].kernel, convs[i].stride, own);
        if (!r->pre_activation)
            branch = i + 1 < n ? residual_activate(g, branch, norm, own) : hone_batch_norm(g, branch, .name = norm);
    }
    branch = hone_nn_site(g, branch, HONE_SITE_RESIDUAL_BRANCH, name);
    if (projects) {
        snprintf(own, sizeof own, "%s.shortcut", name);
        snprintf(norm, sizeof norm, "%s.shortcut_norm", name);
        shortcut = residual_conv(g, shortcut, convs[n - 1].filters, 1, stride, own);
        if (r->shortcut_norm && !r->pre_activation)
            shortcut = hone_batch_norm(g, shortcut, .name = norm);
    }
    x = hone_nn_add(g, branch, shortcut);
    if (r->pre_activation)
        return x;
    x = hone_nn_site(g, x, HONE_SITE_PRE_ACTIVATION, name);
    return hone_nn_site(g, hone_nn_relu(g, x), HONE_SITE_POST_ACTIVATION, name);
}

hone_var residual_stage(const struct residual *r, hone_graph *g, hone_var x, unsigned number, int64_t blocks,
                        int64_t width, int64_t stride)
{
    char name[NAME_BYTES / 2];
    for (int64_t i = 0; i < blocks; i++) {
        snprintf(name, sizeof name, "stage%u.block%lld", number, (long long)i + 1);
        x = block(r, g, x, name, width, i ? 1 : stride);
    }
    return x;
}

hone_var residual_head(hone_graph *g, hone_var x, const hone_task *task)
{
    x = hone_dense(g, hone_nn_global_average_pool(g, x), .units = task->n_outputs, .init = "xavier", .name = "output");
    return hone_nn_site(g, x, HONE_SITE_OUTPUT, "output");
}

HONE_MODULE("org.hone.model.resnet", "0.1.0", "MIT", "the hone authors", "", &resnet, &wide_resnet)
