/* SPDX-License-Identifier: MIT */
/* The networks and a step of their training, made of the plugins that a study would use: gather and normalization of bytes,
 * softmax cross-entropy, backward pass, L2, SGD with momentum. */
#include "bench.h"

#include "hone/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- data: what is in the images does not change the speed ---- */
hone_rc data_create(struct data *data, uint64_t seed, hone_error *err)
{
    hone_rng rng = hone_rng_at(seed, 2);
    data->pixels = malloc((size_t)SAMPLES * PIXELS);
    data->labels = malloc(SAMPLES);
    data->order = malloc(SAMPLES * sizeof *data->order);
    data->scale = malloc(PIXELS * sizeof *data->scale);
    data->shift = malloc(PIXELS * sizeof *data->shift);
    if (!data->pixels || !data->labels || !data->order || !data->scale || !data->shift)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %d images", SAMPLES);
    for (size_t i = 0; i < (size_t)SAMPLES * PIXELS; i += 4) {
        const uint32_t r = hone_rng_u32(&rng);
        memcpy(data->pixels + i, &r, 4);
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        data->labels[i] = (uint8_t)hone_rng_below(&rng, CLASSES);
        data->order[i] = i;
    }
    for (size_t i = 0; i < PIXELS; i++) { /* bytes of equal chances to mean 0, deviation 1 */
        data->scale[i] = 1.0f / 73.9f;
        data->shift[i] = -127.5f / 73.9f;
    }
    hone_rng_shuffle(&rng, data->order, SAMPLES);
    return HONE_OK;
}

void data_release(struct data *data)
{
    free(data->pixels);
    free(data->labels);
    free(data->order);
    free(data->scale);
    free(data->shift);
    memset(data, 0, sizeof *data);
}

/* ---- networks, as peer_script has them ---- */
const char *const network_names[] = { "mlp", "lenet", "vgg", "resnet20", NULL };
static const struct network {
    const char *model;
    hone_assignment assignments[2];
    uint32_t n;
} networks[] = {
    { "mlp", { { "hidden", "256, 128" } }, 1 },
    { "lenet", { { "filters", "32, 64" }, { "hidden", "512" } }, 2 },
    { "vgg", { { "layers", "32, 32, pool, 64, 64, pool, 128, 128" } }, 1 },
    { "resnet", { { "depth", "20" }, { "shortcut", "projection" } }, 2 },
};

static hone_rc make_components(struct training *w, hone_error *err)
{
    static const hone_assignment momentum[] = { { "learning_rate", "1e-3" }, { "momentum", "0.9" } };
    static const hone_assignment strength[] = { { "strength", "1e-4" } };
    const hone_instances_v1 *instances = (const hone_instances_v1 *)w->host->get_ext(w->host, HONE_EXT_INSTANCES);
    const struct network *network = networks;
    hone_rc rc;
    if (!instances)
        return hone_fail(err, HONE_ENOTSUP, NULL, "this host makes no components, which the networks consist of");
    for (size_t i = 0; network_names[i]; i++)
        if (!strcmp(network_names[i], w->shape.net))
            network = &networks[i];
    w->model.size = w->optimizer.size = w->decay.size = sizeof w->model;
    if ((rc = instances->make(w->host, HONE_KIND_MODEL, network->model, network->assignments, network->n, 1, &w->model,
                              err)) < 0 ||
        (rc = instances->make(w->host, HONE_KIND_OPTIMIZER, "sgd", momentum, 2, 1, &w->optimizer, err)) < 0)
        return rc;
    return instances->make(w->host, HONE_KIND_REGULARIZER, "l2", strength, 1, 1, &w->decay, err);
}

static hone_rc build(struct training *w, hone_error *err)
{
    const hone_graph_options options = { sizeof options, w->shape.threads, 1 };
    const hone_model_v1 *model = (const hone_model_v1 *)w->model.component->iface;
    const hone_optimizer_v1 *optimizer = (const hone_optimizer_v1 *)w->optimizer.component->iface;
    const hone_task task = { .size = sizeof task,
                             .kind = HONE_TASK_CLASSIFICATION,
                             .n_outputs = CLASSES,
                             .n_dims = 3,
                             .dtype = HONE_U8,
                             .dims = { 1, 28, 28 } };
    const int64_t classes = CLASSES;
    uint32_t n;
    hone_rc rc;
    if (!(w->graph = hone_nn_graph_create(&options)))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a network");
    hone_nn_set_precision(w->graph, w->shape.precision);
    w->x = hone_nn_input(w->graph, "x", task.dims, task.n_dims);
    w->t = hone_nn_input(w->graph, "t", &classes, 1);
    const hone_var logits = model->build(w->model.self, w->graph, w->x, &task);
    if ((rc = hone_nn_compile(w->graph, hone_nn_softmax_cross_entropy(w->graph, logits, w->t),
                              hone_nn_softmax(w->graph, logits), w->shape.batch, &w->net, err)) < 0 ||
        (rc = hone_nn_allocate_states(w->graph, optimizer->n_states, err)) < 0)
        return rc;
    hone_parameter *const *parameters = hone_nn_parameters(w->graph, &n);
    for (uint32_t i = 0; i < n; i++)
        w->parameters += (uint64_t)hone_shape_elements(parameters[i]->dims, parameters[i]->n_dims);
    return HONE_OK;
}

hone_rc training_create(struct training *training, const hone_host *host, const struct data *data,
                        const struct shape *shape, hone_error *err)
{
    hone_rc rc;
    memset(training, 0, sizeof *training);
    training->host = host;
    training->data = data;
    training->shape = *shape;
    if ((rc = make_components(training, err)) < 0 || (rc = build(training, err)) < 0)
        return rc;
    for (int i = 0; i < 3 && rc == HONE_OK; i++)
        rc = training_step(training, err);
    return rc;
}

void training_release(struct training *w)
{
    const hone_instances_v1 *instances = w->host
                                             ? (const hone_instances_v1 *)w->host->get_ext(w->host, HONE_EXT_INSTANCES)
                                             : NULL;
    hone_net_destroy(w->net);
    hone_nn_graph_destroy(w->graph);
    if (instances) {
        instances->release(w->host, &w->decay);
        instances->release(w->host, &w->optimizer);
        instances->release(w->host, &w->model);
    }
    memset(w, 0, sizeof *w);
}

/* ---- a step ---- */
static void fill(struct training *w)
{
    const uint64_t n = w->shape.batch, *batch;
    float *t = hone_net_input(w->net, w->t); /* (batch, CLASSES) */
    if (w->at + n > SAMPLES)
        w->at = 0;
    batch = w->data->order + w->at;
    w->at += n;
    hone_nn_gather_u8(w->data->pixels, PIXELS, batch, n, w->data->scale, w->data->shift, hone_net_input(w->net, w->x));
    memset(t, 0, n * CLASSES * sizeof *t);
    for (uint64_t i = 0; i < n; i++)
        t[i * CLASSES + w->data->labels[batch[i]]] = 1.0f;
}

static hone_rc penalize(struct training *w, hone_error *err)
{
    const hone_regularizer_v1 *decay = (const hone_regularizer_v1 *)w->decay.component->iface;
    uint32_t n;
    hone_parameter *const *parameters = hone_nn_parameters(w->graph, &n);
    return decay->on_gradients(w->decay.self, parameters, n, err);
}

static hone_rc update(struct training *w, double factor, hone_error *err)
{
    const hone_optimizer_v1 *optimizer = (const hone_optimizer_v1 *)w->optimizer.component->iface;
    const hone_update now = { sizeof now, 0, w->step, factor };
    uint32_t n;
    hone_parameter *const *parameters = hone_nn_parameters(w->graph, &n);
    return optimizer->update(w->optimizer.self, parameters, n, &now, err);
}

hone_rc training_step(struct training *w, hone_error *err)
{
    double loss;
    hone_rc rc;
    fill(w);
    if ((rc = hone_net_forward_backward(w->net, w->step++, &loss, err)) < 0 || (rc = penalize(w, err)) < 0)
        return rc;
    return update(w, 1, err);
}

hone_rc training_operations(struct training *w, double *seconds, hone_error *err)
{
    enum { GATHER, PENALTY, UPDATE, OURS };
    double (*const clock)(void) = w->shape.threads == 1 ? cpu_seconds : wall_seconds;
    hone_rc rc = HONE_OK;
    double look = clock();
    look = clock() - look;
    *seconds = 0;
    for (int operation = 0; operation < OURS; operation++) {
        double taken = 0;
        for (int i = 0; i < 2 && rc == HONE_OK; i++) { /* the second one finds all but new images in the caches */
            const double start = clock();
            if (operation == GATHER)
                fill(w);
            else
                rc = operation == PENALTY ? penalize(w, err) : update(w, 0, err);
            taken = clock() - start - look;
        }
        *seconds += taken;
    }
    *seconds += hone_net_primitive_seconds(w->net, 2);
    return rc;
}

hone_rc training_run(struct training *w, double seconds, struct slice *slice, hone_error *err)
{
    const double wall = wall_seconds(), cpu = cpu_seconds();
    hone_rc rc = HONE_OK;
    *slice = (struct slice){ 0, 0, 0 };
    do {
        if (w->host->cancelled(w->host))
            return hone_fail(err, HONE_ECANCELED, NULL, "cancelled");
        rc = training_step(w, err);
        slice->images += w->shape.batch;
        slice->wall = wall_seconds() - wall;
    } while (rc == HONE_OK && slice->wall < seconds);
    slice->cpu = cpu_seconds() - cpu;
    return rc;
}
