/* SPDX-License-Identifier: MIT */
/* The network of a training: built by the model with the regularizers at its sites, closed by the loss, and compiled for
 * the batch sizes that occur. All nets share the parameters, so a smaller last batch costs no copy. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

/* Inference in batches smaller than this spends its time on calls. */
enum { LEAST_INFERENCE_BATCH = 64, SMALL_BATCH_INFERENCE = 256 };

struct sites {
    const struct crew *crew;
    const hone_trial *trial;
};

static hone_var offer_site(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    const struct sites *sites = ctx;
    for (uint32_t i = 0; i < sites->crew->n[PART_REGULARIZER]; i++) {
        const struct member *m = &sites->crew->members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        if (!r->at_site)
            continue;
        entering(sites->trial, m->name);
        x = r->at_site(m->self, g, site, x);
    }
    entering(sites->trial, sites->crew->members[PART_MODEL][0].name);
    return x;
}

hone_rc network_build(struct network *network, const struct crew *crew, const hone_trial *trial, const hone_task *task,
                      const struct settings *settings, uint64_t seed, hone_error *err)
{
    const struct member *model = &crew->members[PART_MODEL][0], *loss = &crew->members[PART_LOSS][0];
    const hone_graph_options options = { sizeof options, (uint32_t)settings->threads,
                                         hone_rng_derive(seed, STREAM_WEIGHTS) };
    struct sites sites = { crew, trial };
    memset(network, 0, sizeof *network);
    hone_graph *g = network->graph = hone_nn_graph_create(&options);
    if (!g)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a network");
    hone_nn_set_precision(g, settings->precision);
    hone_nn_on_site(g, offer_site, &sites);
    network->x = hone_nn_input(g, "x", task->dims, task->n_dims);
    network->targets = hone_nn_input(g, "targets", &task->n_outputs, 1);
    entering(trial, model->name);
    const hone_var outputs = ((const hone_model_v1 *)model->iface)->build(model->self, g, network->x, task);
    entering(trial, loss->name);
    network->loss = ((const hone_loss_v1 *)loss->iface)->build(loss->self, g, outputs, network->targets, task);
    network->output = ((const hone_loss_v1 *)loss->iface)->predict(loss->self, g, outputs, task);
    entering(trial, NULL);
    hone_nn_on_site(g, NULL, NULL); /* sites lives on this stack */
    return hone_nn_graph_error(g, err);
}

hone_rc network_compile(struct network *network, const struct crew *crew, uint64_t batch_size, uint64_t n_train,
                        hone_error *err)
{
    const uint64_t full = batch_size < n_train ? batch_size : n_train;
    const uint64_t infer = full < LEAST_INFERENCE_BATCH ? SMALL_BATCH_INFERENCE : full;
    const uint64_t sizes[NETS] = { full, n_train % full, infer == full ? 0 : infer };
    hone_rc rc = HONE_OK;
    for (int i = 0; i < NETS && rc == HONE_OK; i++)
        if (sizes[i])
            rc = hone_nn_compile(network->graph, network->loss, network->output, (int64_t)sizes[i], &network->nets[i],
                                 err);
    if (rc != HONE_OK)
        return rc;
    network->parameters = hone_nn_parameters(network->graph, &network->n_parameters);
    network->buffers = hone_nn_buffers(network->graph, &network->n_buffers);
    for (uint32_t i = 0; i < network->n_parameters; i++)
        network->n_weights += (uint64_t)hone_shape_elements(network->parameters[i]->dims,
                                                            network->parameters[i]->n_dims);
    const hone_optimizer_v1 *optimizer = crew->members[PART_OPTIMIZER][0].iface;
    return hone_nn_allocate_states(network->graph, optimizer->n_states, err);
}

/* The i-th of the parameters and, after them, the buffers. */
static const hone_parameter *tensor(const struct network *network, uint32_t i)
{
    return i < network->n_parameters ? network->parameters[i] : network->buffers[i - network->n_parameters];
}

hone_rc network_keep(struct network *network, hone_error *err)
{
    const uint32_t n = network->n_parameters + network->n_buffers;
    if (!network->kept && !(network->kept = calloc(n ? n : 1, sizeof *network->kept)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory to keep the best weights");
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = tensor(network, i);
        if (!network->kept[i] && !(network->kept[i] = malloc(p->length * sizeof(float))))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory to keep the best weights");
        memcpy(network->kept[i], p->value, p->length * sizeof(float));
    }
    return HONE_OK;
}

hone_rc network_restore(struct network *network, hone_error *err)
{
    if (!network->kept)
        return hone_fail(err, HONE_EINVAL, "", "there are no kept weights to restore");
    for (uint32_t i = 0; i < network->n_parameters + network->n_buffers; i++)
        if (network->kept[i]) /* a copy that ran out of memory half-way leaves none of these */
            memcpy(tensor(network, i)->value, network->kept[i], tensor(network, i)->length * sizeof(float));
    return HONE_OK;
}

void network_release(struct network *network)
{
    for (uint32_t i = 0; network->kept && i < network->n_parameters + network->n_buffers; i++)
        free(network->kept[i]);
    free(network->kept);
    for (int i = 0; i < NETS; i++)
        hone_net_destroy(network->nets[i]);
    hone_nn_graph_destroy(network->graph);
    memset(network, 0, sizeof *network);
}
