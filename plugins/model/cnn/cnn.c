/* SPDX-License-Identifier: MIT */
/* model/cnn: a stack of the layers that the INI names, each a section [layer.NAME] and a component of the kind layer/1. */
#include "hone/instance.h"
#include "hone/layer.h"
#include "hone/model.h"
#include "hone/objective.h"

enum { OUTPUT_DENSE, OUTPUT_AVERAGE, OUTPUT_NONE, NAME_BYTES = 64 };
static const char *const outputs[] = { "dense", "average", "none", NULL };

struct settings {
    hone_strings layers;
    uint32_t output;
};
static const hone_param params[] = {
    HONE_STRS(struct settings, layers, "", 0,
              "Names of the layers from the input on: c1 is the section [layer.c1]. A name may stand there twice: two "
              "layers of the same "
              "settings with weights of their own. Empty: all [layer.NAME] sections in the order of the INI."),
    HONE_ENUM(struct settings, output, "dense", outputs, HONE_P_TUNABLE,
              "What stands behind them: dense: a dense layer with as many units as there are classes or targets; "
              "average: a global average "
              "pool and that layer; none: nothing, the last layer has the units itself."),
};

struct cnn {
    struct settings settings;
    const hone_host *host;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct cnn), self, err);
    if (rc == HONE_OK)
        ((struct cnn *)*self)->host = host;
    return rc;
}

/* Name of a section without its kind: "layer.c1" is "c1". */
static const char *suffix(const char *section)
{
    const char *dot = strchr(section, '.');
    return dot ? dot + 1 : section;
}

static hone_var failed(hone_graph *g, const char *param, const char *before, const char *name, const char *after)
{
    char message[256];
    snprintf(message, sizeof message, "%s%.100s%s", before, name, after);
    return hone_nn_fail(g, param, message);
}

/* ---- the layers that the host has ---- */
struct stack {
    const hone_components_v1 *components;
    const hone_host *host;
    uint32_t n;     /* sections */
    uint32_t *used; /* (n) how often each has been built */
};

static hone_var build_layer(struct stack *stack, hone_graph *g, hone_var x, uint32_t index, const hone_task *task)
{
    hone_instance instance = { .size = sizeof instance };
    hone_error err = HONE_ERROR_INIT;
    char name[NAME_BYTES];
    if (stack->components->get(stack->host, HONE_KIND_LAYER, index, &instance, &err) != HONE_OK)
        return hone_nn_fail(g, err.param, err.msg);
    const char *own = suffix(instance.name);
    const int length = stack->used[index]++ ? snprintf(name, sizeof name, "%s_%u", own, stack->used[index])
                                            : snprintf(name, sizeof name, "%s", own);
    if (length >= NAME_BYTES)
        return failed(g, "layers", "the name of the layer ", own, " is too long");
    return ((const hone_layer_v1 *)instance.component->iface)->build(instance.self, g, x, name, task);
}

/* The section of a name: its index, or n. */
static uint32_t find(struct stack *stack, const char *name)
{
    uint32_t i = 0;
    for (; i < stack->n; i++) {
        hone_instance instance = { .size = sizeof instance };
        hone_error err = HONE_ERROR_INIT;
        if (stack->components->get(stack->host, HONE_KIND_LAYER, i, &instance, &err) == HONE_OK &&
            !strcmp(suffix(instance.name), name))
            break;
    }
    return i;
}

static hone_var build_named(struct stack *stack, hone_graph *g, hone_var x, const hone_strings *names,
                            const hone_task *task)
{
    for (uint64_t k = 0; k < names->n; k++) {
        const uint32_t i = find(stack, names->values[k]);
        if (i == stack->n)
            return failed(g, "layers", "there is no (enabled) section [layer.", names->values[k], "]");
        x = build_layer(stack, g, x, i, task);
    }
    for (uint32_t i = 0; i < stack->n; i++) {
        hone_instance instance = { .size = sizeof instance };
        hone_error err = HONE_ERROR_INIT;
        if (!stack->used[i] && stack->components->get(stack->host, HONE_KIND_LAYER, i, &instance, &err) == HONE_OK)
            return failed(g, "layers", "layers does not name [", instance.name,
                          "]: name it, or set enabled = no there");
    }
    return x;
}

static hone_var build_stack(const struct cnn *cnn, hone_graph *g, hone_var x, const hone_task *task)
{
    const hone_strings *names = &cnn->settings.layers;
    struct stack stack = { .host = cnn->host };
    stack.components = cnn->host && cnn->host->get_ext ? cnn->host->get_ext(cnn->host, HONE_EXT_COMPONENTS) : NULL;
    if (!stack.components) /* a host without sections: what is left is the output */
        return names->n ? hone_nn_fail(g, "layers", "the host lends no components: there are no layers to name") : x;
    stack.n = stack.components->count(cnn->host, HONE_KIND_LAYER);
    if (!stack.n && !names->n)
        return hone_nn_fail(g, "layers", "the network has no layers: give them as sections [layer.NAME]");
    stack.used = calloc((size_t)stack.n + 1, sizeof *stack.used);
    if (!stack.used)
        return hone_nn_fail(g, NULL, "out of memory for the layers");
    if (names->n)
        x = build_named(&stack, g, x, names, task);
    for (uint32_t i = 0; i < stack.n && !names->n; i++)
        x = build_layer(&stack, g, x, i, task);
    free(stack.used);
    return x;
}

static hone_var build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    const struct cnn *cnn = self;
    int64_t dims[HONE_MAX_DIMS] = { 0 };
    x = hone_nn_site(g, x, HONE_SITE_INPUT, "input");
    x = build_stack(cnn, g, x, task);
    if (x.id < 0 || hone_nn_graph_error(g, NULL) != HONE_OK)
        return x;
    if (cnn->settings.output == OUTPUT_NONE) {
        if (hone_nn_shape(g, x, dims) != 1 || dims[0] != task->n_outputs) {
            char message[160];
            snprintf(message, sizeof message,
                     "output = none wants a last layer with one number for each of the %lld outputs",
                     (long long)task->n_outputs);
            return hone_nn_fail(g, "output", message);
        }
    } else {
        x = cnn->settings.output == OUTPUT_AVERAGE ? hone_nn_global_average_pool(g, x) : hone_nn_flatten(g, x);
        x = hone_dense(g, x, .units = task->n_outputs, .init = "xavier", .name = "output");
    }
    return hone_nn_site(g, x, HONE_SITE_OUTPUT, "output");
}

static const hone_model_v1 iface = { sizeof iface, HONE_MODEL_LAYERS, build };

static const hone_component cnn = {
    .size = sizeof cnn,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_MODEL,
    .name = "cnn",
    .summary = "A free stack of layers, each a section of the INI",
    .doc = "Layers are sections [layer.NAME] with `use =` the component and its keys, which a search may vary as any "
           "other:\n"
           "\n"
           "    [model]\n"
           "    use    = cnn\n"
           "    layers = c1, p1, c2, p2, f1\n"
           "\n"
           "    [layer.c1]\n"
           "    use     = conv\n"
           "    filters = 32\n"
           "    kernel  = 5\n"
           "\n"
           "    [layer.p1]\n"
           "    use = max_pool\n"
           "\n"
           "    [space]\n"
           "    layer.c1.filters = int 16 .. 64 log\n"
           "\n"
           "Weights are named after the layer (c1.weight, c1.bias; a second use of c1 is c1_2), and so are the sites "
           "before and\n"
           "after its activation; input and output are sites too. `hone plugins layer` lists the layers there are; a "
           "plugin of\n"
           "the kind layer/1 adds its own.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.model.cnn", "0.1.0", "MIT", "the hone authors", "", &cnn)
