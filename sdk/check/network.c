/* SPDX-License-Identifier: MIT */
/* Cases for model/1 and loss/1, built and differentiated through libhone-nn; and what regularizer.c needs of it. */
#include "network.h"
#include "tasks.h"

static const char *const classes[] = { "a", "b", "c" };
const hone_task check_tasks[TASKS] = {
    { sizeof(hone_task), HONE_TASK_CLASSIFICATION, 3, 1, HONE_F32, { 12 }, classes, NULL },
    { sizeof(hone_task), HONE_TASK_CLASSIFICATION, 3, 3, HONE_U8, { 3, 16, 16 }, classes, NULL },
    { sizeof(hone_task), HONE_TASK_REGRESSION, 2, 1, HONE_F32, { 12 }, NULL, NULL },
    { sizeof(hone_task), HONE_TASK_CLASSIFICATION, 3, 3, HONE_U8, { 1, 28, 28 }, classes, NULL },
    { sizeof(hone_task), HONE_TASK_REGRESSION, 1, 1, HONE_F32, { 7 }, NULL, NULL },
};
const char *const check_task_names[TASKS] = { "a table", "colour images", "regression", "grey images", "one number" };

hone_graph *network_graph(struct check *c, const hone_task *task, hone_var *x, hone_var *targets)
{
    const hone_graph_options options = { sizeof options, 1, c->options->seed };
    hone_graph *g = hone_nn_graph_create(&options);
    if (!g)
        return NULL;
    *x = hone_nn_input(g, "inputs", task->dims, task->n_dims);
    *targets = hone_nn_input(g, "targets", &task->n_outputs, 1);
    return g;
}

hone_var network_loss(hone_graph *g, hone_var outputs, hone_var targets, const hone_task *task)
{
    return task->kind == HONE_TASK_CLASSIFICATION ? hone_nn_softmax_cross_entropy(g, outputs, targets)
                                                  : hone_nn_mse(g, outputs, targets);
}

void network_fill(struct check *c, hone_net *net, hone_var x, hone_var targets, const hone_task *task, int64_t batch)
{
    const size_t elements = (size_t)hone_shape_elements(task->dims, task->n_dims), k = (size_t)task->n_outputs;
    float *inputs = hone_net_input(net, x), *t = hone_net_input(net, targets);
    fill_normal(&c->rng, inputs, elements * (size_t)batch, 1);
    for (size_t i = 0; i < (size_t)batch; i++)
        for (size_t j = 0; j < k; j++)
            t[i * k + j] = task->kind == HONE_TASK_CLASSIFICATION ? (j == i % k ? 1.0f : 0.0f)
                                                                  : (float)hone_rng_normal(&c->rng);
}

/* L(w + h d) for a direction d: (length) of one parameter. */
static int loss_at(struct check *c, hone_net *net, hone_parameter *p, const float *origin, const float *d, double h,
                   uint64_t step, double *loss)
{
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc;
    for (uint64_t i = 0; i < p->length; i++)
        p->value[i] = (float)((double)origin[i] + h * (double)d[i]);
    CALL(c, "a step of the network", rc = hone_net_forward_backward(net, step, loss, &err));
    return rc == HONE_OK ? 0 : check_fail(c, "a step of the network fails: %s", err.msg);
}

/* Each parameter moves along its own gradient, where the slope of the loss is the gradient's norm: the direction with the most
 * signal over float32's noise. The better of two widths counts, since a kink (ReLU) may lie inside one of them. */
int network_gradients(struct check *c, hone_graph *g, hone_net *net, const char *what)
{
    static const double widths[] = { 2e-2, 4e-3 };
    enum { STEP = 3 };
    hone_error err = HONE_ERROR_INIT;
    uint32_t n = 0;
    double loss = 0;
    hone_parameter *const *parameters = hone_nn_parameters(g, &n);
    hone_rc rc = hone_net_forward_backward(net, STEP, &loss, &err);
    unsigned checked = 0;
    if (rc < 0 || !isfinite(loss))
        return check_fail(c, "%s: a step fails: %s", what, rc < 0 ? err.msg : "the loss is not finite");
    for (uint32_t k = 0; k < n; k++) {
        hone_parameter *p = parameters[k];
        float *origin = (float *)malloc(p->length * sizeof *origin),
              *direction = (float *)malloc(p->length * sizeof *direction);
        double norm = 0, best = HUGE_VAL, slope = 0;
        if (!origin || !direction)
            return check_fail(c, "out of memory");
        TRY(loss_at(c, net, p, p->value, p->value, 0, STEP, &loss)); /* fresh gradients */
        memcpy(origin, p->value, p->length * sizeof *origin);
        for (uint64_t i = 0; i < p->length; i++) {
            if (!isfinite(p->gradient[i]))
                return check_fail(c, "%s: the gradient of %s is not finite", what, p->name);
            norm += (double)p->gradient[i] * (double)p->gradient[i];
        }
        norm = sqrt(norm);
        for (uint64_t i = 0; i < p->length; i++)
            direction[i] = norm > 0 ? (float)((double)p->gradient[i] / norm) : 0;
        for (size_t w = 0; w < 2 && norm > 1e-3; w++) {
            double up = 0, down = 0;
            TRY(loss_at(c, net, p, origin, direction, widths[w], STEP, &up));
            TRY(loss_at(c, net, p, origin, direction, -widths[w], STEP, &down));
            const double estimate = (up - down) / (2 * widths[w]);
            if (fabs(estimate - norm) / norm < best) {
                best = fabs(estimate - norm) / norm;
                slope = estimate;
            }
        }
        memcpy(p->value, origin, p->length * sizeof *origin);
        free(origin);
        free(direction);
        if (!(norm > 1e-3))
            continue;
        checked++;
        if (best > 0.05)
            return check_fail(c, "%s: the gradient of %s has norm %.6g, finite differences say %.6g", what, p->name,
                              norm, slope);
    }
    return n && !checked ? check_fail(c, "%s: no parameter has a gradient", what) : 0;
}

/* ---- models ---- */
static int model_on(struct check *c, const hone_model_v1 *model, uint32_t task_index, unsigned *built)
{
    enum { BATCH = 4 };
    const hone_task *task = &check_tasks[task_index];
    hone_error err = HONE_ERROR_INIT;
    struct instance in;
    hone_var x, targets, outputs;
    hone_net *net = NULL;
    int64_t dims[HONE_MAX_DIMS];
    hone_rc rc;
    TRY(instance_create(c, &in, 1));
    hone_graph *g = network_graph(c, task, &x, &targets);
    if (!g)
        return check_fail(c, "out of memory");
    CALL(c, "build", outputs = model->build(in.self, g, x, task));
    rc = hone_nn_graph_error(g, &err);
    if (rc < 0) {
        TRY(check_error(c, "build", rc, &err));
        check_note(c, "%s refused: %.150s", check_task_names[task_index], err.msg);
        hone_nn_graph_destroy(g);
        return instance_destroy(&in);
    }
    if (outputs.id < 0)
        return check_fail(c, "build returns a failed value without telling the graph why (hone_nn_fail)");
    if (hone_nn_shape(g, outputs, dims) != 1 || dims[0] != task->n_outputs)
        return check_fail(c, "build on %s must return (N, %lld)", check_task_names[task_index],
                          (long long)task->n_outputs);
    rc = hone_nn_compile(g, network_loss(g, outputs, targets, task), outputs, BATCH, &net, &err);
    if (rc < 0)
        return check_fail(c, "the network for %s does not compile: %s", check_task_names[task_index], err.msg);
    network_fill(c, net, x, targets, task, BATCH);
    TRY(network_gradients(c, g, net, check_task_names[task_index]));
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    ++*built;
    return instance_destroy(&in);
}

static int case_model(struct check *c)
{
    hone_model_v1 model;
    unsigned built = 0;
    TRY(check_iface(c, &model, sizeof model));
    for (uint32_t t = 0; t < TASKS; t++)
        TRY(model_on(c, &model, t, &built));
    return built ? 0 : check_fail(c, "builds for none of: a table, images, regression");
}

/* ---- layers ---- */
/* The layer between the inputs and a dense layer: what it builds trains, and its weights bear its name. */
static int layer_on(struct check *c, const hone_layer_v1 *layer, uint32_t task_index, unsigned *built)
{
    enum { BATCH = 4 };
    static const char name[] = "probe1";
    const hone_task *task = &check_tasks[task_index];
    hone_error err = HONE_ERROR_INIT;
    struct instance in;
    hone_var x, targets, y;
    hone_net *net = NULL;
    uint32_t n = 0;
    TRY(instance_create(c, &in, 1));
    hone_graph *g = network_graph(c, task, &x, &targets);
    if (!g)
        return check_fail(c, "out of memory");
    CALL(c, "build", y = layer->build(in.self, g, x, name, task));
    hone_rc rc = hone_nn_graph_error(g, &err);
    if (rc < 0) {
        TRY(check_error(c, "build", rc, &err));
        check_note(c, "%s refused: %.150s", check_task_names[task_index], err.msg);
        hone_nn_graph_destroy(g);
        return instance_destroy(&in);
    }
    if (y.id < 0)
        return check_fail(c, "build returns a failed value without telling the graph why (hone_nn_fail)");
    y = hone_dense(g, hone_nn_flatten(g, y), .units = task->n_outputs, .name = "output");
    rc = hone_nn_compile(g, network_loss(g, y, targets, task), y, BATCH, &net, &err);
    if (rc < 0)
        return check_fail(c, "the layer on %s does not compile: %s", check_task_names[task_index], err.msg);
    hone_parameter *const *parameters = hone_nn_parameters(g, &n);
    for (uint32_t i = 0; i < n; i++)
        if (strncmp(parameters[i]->name, "output.", 7) != 0 && strncmp(parameters[i]->name, name, sizeof name - 1) != 0)
            return check_fail(c, "the weights '%s' of the layer %s do not bear its name", parameters[i]->name, name);
    network_fill(c, net, x, targets, task, BATCH);
    TRY(network_gradients(c, g, net, check_task_names[task_index]));
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    ++*built;
    return instance_destroy(&in);
}

static int case_layer(struct check *c)
{
    hone_layer_v1 layer;
    unsigned built = 0;
    TRY(check_iface(c, &layer, sizeof layer));
    for (uint32_t t = 0; t < TASKS; t++)
        TRY(layer_on(c, &layer, t, &built));
    return built ? 0 : check_fail(c, "builds on none of: a table, images");
}

/* Two graphs of one seed hold the same weights, by the model's instance or by another. */
static int case_model_repeats(struct check *c)
{
    hone_model_v1 model;
    float first = 0, second = 0;
    TRY(check_iface(c, &model, sizeof model));
    for (uint32_t t = 0; t < TASKS; t++) {
        double sums[2] = { 0, 0 };
        uint32_t counts[2] = { 0, 0 };
        int refused = 0;
        for (int k = 0; k < 2; k++) {
            hone_error err = HONE_ERROR_INIT;
            struct instance in;
            hone_var x, targets, outputs;
            hone_net *net = NULL;
            TRY(instance_create(c, &in, 5));
            hone_graph *g = network_graph(c, &check_tasks[t], &x, &targets);
            if (!g)
                return check_fail(c, "out of memory");
            CALL(c, "build", outputs = model.build(in.self, g, x, &check_tasks[t]));
            refused = hone_nn_graph_error(g, &err) < 0;
            if (!refused && hone_nn_compile(g, network_loss(g, outputs, targets, &check_tasks[t]), outputs, 2, &net,
                                            &err) == HONE_OK) {
                hone_parameter *const *p = hone_nn_parameters(g, &counts[k]);
                for (uint32_t i = 0; i < counts[k]; i++)
                    for (uint64_t j = 0; j < p[i]->length; j++)
                        sums[k] += (double)p[i]->value[j] * (double)(1 + (j + i) % 7);
            }
            hone_net_destroy(net);
            hone_nn_graph_destroy(g);
            TRY(instance_destroy(&in));
        }
        first = (float)sums[0];
        second = (float)sums[1];
        if (!refused && (memcmp(&first, &second, sizeof first) != 0 || counts[0] != counts[1]))
            return check_fail(c, "two networks of one seed for %s differ", check_task_names[t]);
    }
    return 0;
}

/* ---- losses ---- */
static int loss_on(struct check *c, const hone_loss_v1 *loss, const hone_task *task)
{
    enum { BATCH = 6 };
    const size_t k = (size_t)task->n_outputs;
    hone_error err = HONE_ERROR_INIT;
    struct instance in;
    hone_var x, targets, outputs, value, answer;
    hone_net *net = NULL;
    double mean = 0, sum = 0;
    int64_t dims[HONE_MAX_DIMS];
    hone_rc rc;
    TRY(instance_create(c, &in, 1));
    hone_graph *g = network_graph(c, task, &x, &targets);
    if (!g)
        return check_fail(c, "out of memory");
    outputs = hone_dense(g, hone_nn_tanh(g, hone_dense(g, hone_nn_flatten(g, x), .units = 5)), .units = task->n_outputs,
                         .init = "xavier");
    CALL(c, "build", value = loss->build(in.self, g, outputs, targets, task));
    CALL(c, "predict", answer = loss->predict(in.self, g, outputs, task));
    if (hone_nn_graph_error(g, &err) < 0)
        return check_fail(c, "refuses a task that it claims to serve: %s", err.msg);
    if (hone_nn_shape(g, answer, dims) != 1 || dims[0] != task->n_outputs)
        return check_fail(c, "predict must return (N, %lld)", (long long)task->n_outputs);
    rc = hone_nn_compile(g, value, answer, BATCH, &net, &err);
    if (rc < 0)
        return check_fail(c, "a network with this loss does not compile: %s", err.msg);
    network_fill(c, net, x, targets, task, BATCH);
    TRY(network_gradients(c, g, net, "with this loss"));
    rc = hone_net_forward_backward(net, 1, &mean, &err);
    if (rc < 0)
        return check_fail(c, "a step fails: %s", err.msg);
    for (int i = 0; i < BATCH; i++)
        sum += (double)hone_net_losses(net)[i];
    if (relative_difference(sum / BATCH, mean) > 1e-4)
        return check_fail(c, "the mean of the samples' losses is %.6g, the step says %.6g", sum / BATCH, mean);
    if (hone_net_infer(net, &err) < 0)
        return check_fail(c, "inference fails: %s", err.msg);
    for (size_t i = 0; i < BATCH; i++) {
        double row = 0;
        for (size_t j = 0; j < k; j++) {
            const double v = (double)hone_net_output(net)[i * k + j];
            if (!isfinite(v) || (task->kind == HONE_TASK_CLASSIFICATION && (v < 0 || v > 1.00001)))
                return check_fail(c, "predict gives %g for a %s", v,
                                  task->kind == HONE_TASK_CLASSIFICATION ? "probability" : "number");
            row += v;
        }
        if (task->kind == HONE_TASK_CLASSIFICATION && fabs(row - 1) > 1e-4)
            return check_fail(c, "the probabilities of a sample sum to %g", row);
    }
    hone_net_destroy(net);
    hone_nn_graph_destroy(g);
    return instance_destroy(&in);
}

static int case_loss(struct check *c)
{
    hone_loss_v1 loss;
    TRY(check_iface(c, &loss, sizeof loss));
    if (!(loss.tasks & (HONE_LOSS_CLASSIFICATION | HONE_LOSS_REGRESSION)))
        return check_fail(c, "serves no task: set .tasks");
    if (loss.default_tasks & ~loss.tasks)
        return check_fail(c, "is the default of a task that it does not serve");
    if (loss.tasks & HONE_LOSS_CLASSIFICATION)
        TRY(loss_on(c, &loss, &check_tasks[TASK_TABLE]));
    if (loss.tasks & HONE_LOSS_REGRESSION)
        TRY(loss_on(c, &loss, &check_tasks[TASK_REGRESSION]));
    return 0;
}

const struct check_case network_cases[] = {
    { "builds", HONE_KIND_MODEL,
      "builds tables, images or regression, shape (N, outputs), gradients against finite differences", case_model },
    { "builds", HONE_KIND_LAYER,
      "builds on tables or images, weights named after the layer, gradients against finite differences", case_layer },
    { "repeats", HONE_KIND_MODEL, "the same seed gives the same weights", case_model_repeats },
    { "gradients", HONE_KIND_LOSS, "gradients against finite differences, losses per sample, predictions", case_loss },
    { NULL, NULL, NULL, NULL },
};
