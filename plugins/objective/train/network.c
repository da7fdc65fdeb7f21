/* SPDX-License-Identifier: MIT */
/* The network of a training: built by the model with the regularizers at its sites, closed by the loss, and compiled for
 * the batch sizes that occur. All nets share the parameters, so a smaller last batch costs no copy. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

/* Inference in batches smaller than this spends its time on calls. */
enum { LEAST_INFERENCE_BATCH = 64, SMALL_BATCH_INFERENCE = 256 };

/* ---- the graph ---- */
enum { ROLES = HONE_SITE_OUTPUT + 1 };
struct sites {
    const struct crew *crew;
    const hone_trial *trial;
    uint32_t total[ROLES];       /* sites of each role: counted by a first, unregularized building */
    const struct member *failed; /* the regularizer that the graph's first mistake is of */
};

static hone_var count_site(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    struct sites *sites = ctx;
    (void)g;
    if (site->role < ROLES)
        sites->total[site->role]++;
    return x;
}

static hone_var offer_site(void *ctx, hone_graph *g, const hone_site *offered, hone_var x)
{
    struct sites *sites = ctx;
    hone_site site = *offered;
    const struct member *normalizer = NULL;
    site.total = site.role < ROLES ? sites->total[site.role] : 0;
    for (uint32_t i = 0; i < sites->crew->n[PART_REGULARIZER] && !sites->failed; i++) {
        const struct member *m = &sites->crew->members[PART_REGULARIZER][i];
        const hone_regularizer_v1 *r = m->iface;
        const hone_var before = x;
        if (!r->at_site)
            continue;
        entering(sites->trial, m->name);
        x = r->at_site(m->self, g, &site, x);
        if (r->flags & HONE_REGULARIZER_NORMALIZES && x.id != before.id) {
            char message[240];
            snprintf(message, sizeof message,
                     "[%.60s] and [%.60s] both normalize at the site %.60s: name different sites",
                     normalizer ? normalizer->name : "", m->name, site.name);
            if (normalizer)
                x = hone_nn_fail(g, "sites", message);
            normalizer = m;
        }
        if (hone_nn_graph_error(g, NULL) < 0)
            sites->failed = m;
    }
    entering(sites->trial, sites->crew->members[PART_MODEL][0].name);
    return x;
}

/* Input, model with the handler at its sites; the model's outputs. */
static hone_var describe(struct network *network, const struct crew *crew, const hone_task *task,
                         hone_site_handler handler, struct sites *sites)
{
    const struct member *model = &crew->members[PART_MODEL][0];
    hone_graph *g = network->graph;
    hone_nn_on_site(g, handler, sites);
    network->x = hone_nn_input(g, "x", task->dims, task->n_dims);
    network->targets = hone_nn_input(g, "targets", &task->n_outputs, 1);
    entering(sites->trial, model->name);
    const hone_var outputs = ((const hone_model_v1 *)model->iface)->build(model->self, g, network->x, task);
    hone_nn_on_site(g, NULL, NULL); /* sites lives on the caller's stack */
    return outputs;
}

static hone_rc count_sites(const struct crew *crew, const hone_task *task, struct sites *sites, hone_error *err)
{
    struct network draft = { .graph = hone_nn_graph_create(NULL) };
    if (!draft.graph)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a network");
    describe(&draft, crew, task, count_site, sites);
    hone_nn_graph_destroy(draft.graph); /* its mistakes are made again, and said then */
    return HONE_OK;
}

static int any_at_site(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER]; i++)
        if (((const hone_regularizer_v1 *)crew->members[PART_REGULARIZER][i].iface)->at_site)
            return 1;
    return 0;
}

hone_rc network_build(struct network *network, const struct crew *crew, const hone_trial *trial, const hone_task *task,
                      const struct settings *settings, uint64_t seed, hone_error *err)
{
    const struct member *model = &crew->members[PART_MODEL][0], *loss = &crew->members[PART_LOSS][0];
    const hone_graph_options options = { sizeof options, (uint32_t)settings->threads,
                                         hone_rng_derive(seed, STREAM_WEIGHTS) };
    struct sites sites = { .crew = crew, .trial = trial };
    memset(network, 0, sizeof *network);
    hone_rc rc = any_at_site(crew) ? count_sites(crew, task, &sites, err) : HONE_OK;
    if (rc != HONE_OK)
        return rc;
    hone_graph *g = network->graph = hone_nn_graph_create(&options);
    if (!g)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a network");
    hone_nn_set_precision(g, settings->precision);
    const hone_var outputs = describe(network, crew, task, offer_site, &sites);
    if ((rc = hone_nn_graph_error(g, err)) < 0)
        return member_failed(sites.failed ? sites.failed : model, rc, err);
    entering(trial, loss->name);
    network->loss = ((const hone_loss_v1 *)loss->iface)->build(loss->self, g, outputs, network->targets, task);
    network->output = ((const hone_loss_v1 *)loss->iface)->predict(loss->self, g, outputs, task);
    entering(trial, NULL);
    return hone_nn_graph_error(g, err);
}

/* ---- its parameters ---- */
static int any_on_network(const struct crew *crew)
{
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER]; i++)
        if (((const hone_regularizer_v1 *)crew->members[PART_REGULARIZER][i].iface)->on_network)
            return 1;
    return 0;
}

hone_rc network_check(struct network *network, const struct crew *crew, const hone_task *task,
                      const struct settings *settings, hone_error *err)
{
    hone_rc rc = network_build(network, crew, NULL, task, settings, 0, err);
    if (rc != HONE_OK || !any_on_network(crew))
        return rc;
    rc = hone_nn_make_parameters(network->graph, settings->batch_size, err);
    return rc == HONE_OK ? hooks_on_network(network, crew, NULL, err) : rc;
}

/* Room for the statistics of the norms, where a regularizer asks for passes beside the step's own. */
static hone_rc make_room(struct network *network, const struct crew *crew, hone_error *err)
{
    uint64_t length = 1;
    int wanted = 0;
    for (uint32_t i = 0; i < network->n_buffers; i++)
        length += network->buffers[i]->length;
    for (uint32_t i = 0; i < crew->n[PART_REGULARIZER]; i++)
        wanted |= ((const hone_regularizer_v1 *)crew->members[PART_REGULARIZER][i].iface)->on_step != NULL;
    if (wanted && !(network->statistics = malloc(length * sizeof *network->statistics)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a network");
    return HONE_OK;
}

hone_rc network_compile(struct network *network, const struct crew *crew, const hone_trial *trial, uint64_t batch_size,
                        uint64_t n_train, hone_error *err)
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
    if ((rc = hone_nn_allocate_states(network->graph, optimizer->n_states, err)) == HONE_OK)
        rc = make_room(network, crew, err);
    return rc == HONE_OK ? hooks_on_network(network, crew, trial, err) : rc;
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
    free(network->statistics);
    for (int i = 0; i < NETS; i++)
        hone_net_destroy(network->nets[i]);
    hone_nn_graph_destroy(network->graph);
    memset(network, 0, sizeof *network);
}
