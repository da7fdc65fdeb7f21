/* SPDX-License-Identifier: MIT */
/* Cases for regularizer/1 that need a network: its layers at the sites, and the hooks around a pass, on a small perceptron and
 * on a small convolutional network. */
#include "network.h"
#include "tasks.h"

enum { BATCH = 8, STEP = 3, STEPS = 10 };

struct built {
    struct check *c;
    struct instance *in;
    hone_regularizer_v1 regularizer;
    hone_graph *g;
    hone_net *net;
    unsigned offered, taken;
    int failed;
    hone_rc on_network; /* its answer */
};

static hone_var on_site(void *ctx, hone_graph *g, const hone_site *site, hone_var x)
{
    struct built *b = (struct built *)ctx;
    if (!b->regularizer.at_site)
        return x;
    check_enter(b->c, "at_site (%s)", site->name);
    const hone_var y = b->regularizer.at_site(b->in->self, g, site, x);
    b->failed |= check_leave(b->c);
    b->offered++;
    b->taken += y.id != x.id;
    return y;
}

static hone_var activated(hone_graph *g, hone_var h, const char *name)
{
    h = hone_nn_tanh(g, hone_nn_site(g, h, HONE_SITE_PRE_ACTIVATION, name));
    return hone_nn_site(g, h, HONE_SITE_POST_ACTIVATION, name);
}

/* Input, convolutions (of images), a residual block, a dense layer, the output; every place that there is a role for. */
static hone_var describe(hone_graph *g, hone_var x, const hone_task *task)
{
    hone_var h = hone_nn_site(g, x, HONE_SITE_INPUT, "input");
    if (task->n_dims == 3) {
        h = activated(g, hone_conv2d(g, h, .filters = 6, .kernel = 3, .stride = 2, .init = "xavier"), "conv");
        const hone_var branch = activated(g, hone_conv2d(g, h, .filters = 6, .kernel = 3, .pad = 1, .init = "xavier"),
                                          "conv");
        h = hone_nn_add(g, h, hone_nn_site(g, branch, HONE_SITE_RESIDUAL_BRANCH, "block"));
        h = hone_average_pool(g, h, .kernel = 2);
        h = hone_nn_flatten(g, h);
    }
    h = activated(g, hone_dense(g, h, .units = 16, .init = "xavier"), "hidden");
    h = activated(g, hone_dense(g, h, .units = 16, .init = "xavier"), "hidden");
    if (task->n_dims != 3)
        h = hone_nn_add(
            g, h, hone_nn_site(g, hone_nn_tanh(g, hone_dense(g, h, .units = 16)), HONE_SITE_RESIDUAL_BRANCH, "block"));
    return hone_nn_site(g, hone_dense(g, h, .units = task->n_outputs, .init = "xavier"), HONE_SITE_OUTPUT, "output");
}

static int build(struct check *c, struct instance *in, const hone_task *task, struct built *b)
{
    hone_error err = HONE_ERROR_INIT;
    hone_var x, targets;
    uint32_t n;
    memset(b, 0, sizeof *b);
    b->c = c;
    b->in = in;
    TRY(check_iface(c, &b->regularizer, sizeof b->regularizer));
    TRY(instance_create(c, in, c->options->seed));
    b->g = network_graph(c, task, &x, &targets);
    if (!b->g)
        return check_fail(c, "out of memory");
    hone_nn_on_site(b->g, on_site, b);
    const hone_var outputs = describe(b->g, x, task);
    hone_nn_on_site(b->g, NULL, NULL);
    if (b->failed)
        return CHECK_FAILED;
    if (hone_nn_graph_error(b->g, &err) < 0)
        return check_fail(c, "at_site breaks the graph: %s", err.msg);
    if (hone_nn_compile(b->g, network_loss(b->g, outputs, targets, task), outputs, BATCH, &b->net, &err) < 0)
        return check_fail(c, "a network with it does not compile: %s", err.msg);
    network_fill(c, b->net, x, targets, task, BATCH);
    if (b->regularizer.on_network) {
        hone_parameter *const *parameters = hone_nn_parameters(b->g, &n);
        CALL(c, "on_network", b->on_network = b->regularizer.on_network(in->self, b->g, parameters, n, &in->err));
        TRY(check_error(c, "on_network", b->on_network, &in->err));
    }
    return 0;
}

static int release(struct built *b)
{
    TRY(instance_destroy(b->in));
    hone_net_destroy(b->net);
    hone_nn_graph_destroy(b->g);
    return 0;
}

/* ---- at_site ---- */
static int case_sites(struct check *c)
{
    static const int tasks[] = { TASK_TABLE, TASK_IMAGE };
    unsigned taken[2] = { 0, 0 }, offered[2] = { 0, 0 }, fine = 0;
    char why[256] = "";
    hone_regularizer_v1 regularizer;
    TRY(check_iface(c, &regularizer, sizeof regularizer));
    if (!regularizer.at_site)
        return check_skip(c, "no at_site");
    for (int k = 0; k < 2; k++) {
        struct instance in;
        struct built b;
        if (regularizer.flags & HONE_REGULARIZER_IMAGES && tasks[k] == TASK_TABLE)
            continue;
        TRY(build(c, &in, &check_tasks[tasks[k]], &b));
        TRY(network_gradients(c, b.g, b.net,
                              tasks[k] == TASK_TABLE ? "a perceptron with its layers"
                                                     : "a convolutional network with its layers"));
        fine += b.on_network >= 0;
        snprintf(why, sizeof why, "%s", in.err.msg);
        taken[k] = b.taken;
        offered[k] = b.offered;
        TRY(release(&b));
    }
    if (!fine)
        return check_fail(c, "on_network refuses a perceptron and a convolutional network: %s", why);
    check_note(c, "adds layers at %u of %u sites of a perceptron, %u of %u of a convolutional network", taken[0],
               offered[0], taken[1], offered[1]);
    return 0;
}

/* ---- the hooks around a pass ---- */
static hone_pass pass_of(const struct built *b)
{
    return (hone_pass){ .size = sizeof(hone_pass),
                        .step = STEP,
                        .steps = STEPS,
                        .epoch = 1,
                        .epochs = 4,
                        .seed = b->c->options->seed,
                        .loss = (double)NAN };
}

/* before_pass, forward and backward, after_pass. */
static int make_pass(struct built *b, double *loss)
{
    struct check *c = b->c;
    struct instance *in = b->in;
    const hone_pass now = pass_of(b);
    uint32_t n;
    hone_parameter *const *parameters = hone_nn_parameters(b->g, &n);
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = HONE_OK;
    if (b->regularizer.before_pass)
        CALL(c, "before_pass", rc = b->regularizer.before_pass(in->self, parameters, n, &now, &in->err));
    TRY(check_error(c, "before_pass", rc, &in->err));
    if (rc < 0)
        return check_fail(c, "before_pass failed: %s", in->err.msg);
    if ((rc = hone_net_forward_backward(b->net, STEP, loss, &err)) != HONE_OK)
        return check_fail(c, "a step of the network fails: %s", err.msg);
    if (b->regularizer.after_pass)
        CALL(c, "after_pass", rc = b->regularizer.after_pass(in->self, parameters, n, &now, &in->err));
    TRY(check_error(c, "after_pass", rc, &in->err));
    return rc < 0 ? check_fail(c, "after_pass failed: %s", in->err.msg) : 0;
}

/* All values, or all gradients, one after the other; to be freed. */
static float *copy_of(hone_graph *g, int gradients, uint64_t *length)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    *length = 0;
    for (uint32_t i = 0; i < n; i++)
        *length += p[i]->length;
    float *copy = (float *)malloc((size_t)*length * sizeof *copy), *at = copy;
    for (uint32_t i = 0; copy && i < n; at += p[i++]->length)
        memcpy(at, gradients ? p[i]->gradient : p[i]->value, (size_t)p[i]->length * sizeof *at);
    return copy;
}

static int same_values(struct built *b, const float *before, const char *after)
{
    uint64_t length;
    float *now = copy_of(b->g, 0, &length);
    const int same = now && !memcmp(now, before, (size_t)length * sizeof *now);
    free(now);
    return same ? 0 : check_fail(b->c, "%s the parameters do not have the values that they had before", after);
}

/* Along the gradient that after_pass leaves, the loss rises as that says. */
static int check_slope(struct built *b)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(b->g, &n);
    uint64_t length;
    double loss, sides[2] = { 0, 0 }, squares = 0;
    TRY(make_pass(b, &loss));
    float *g = copy_of(b->g, 1, &length), *w = copy_of(b->g, 0, &length);
    if (!g || !w)
        return check_fail(b->c, "out of memory");
    for (uint64_t i = 0; i < length; i++)
        squares += (double)g[i] * (double)g[i];
    const double norm = sqrt(squares), h = 4e-3;
    for (int side = 0; side < 2 && norm > 0; side++) {
        uint64_t at = 0;
        for (uint32_t i = 0; i < n; i++)
            for (uint64_t e = 0; e < p[i]->length; e++, at++)
                p[i]->value[e] = (float)((double)w[at] + (side ? h : -h) * (double)g[at] / norm);
        TRY(make_pass(b, &sides[side]));
    }
    uint64_t at = 0;
    for (uint32_t i = 0; i < n; at += p[i++]->length)
        memcpy(p[i]->value, w + at, (size_t)p[i]->length * sizeof *w);
    free(g);
    free(w);
    const double slope = (sides[1] - sides[0]) / (2 * h);
    return norm > 1e-3 && !(fabs(slope - norm) / norm < 0.1)
               ? check_fail(b->c, "the gradient after after_pass has norm %.6g, finite differences say %.6g", norm,
                            slope)
               : 0;
}

static hone_rc again(void *ctx, hone_error *err)
{
    double loss;
    struct built *b = (struct built *)ctx;
    return make_pass(b, &loss) ? hone_fail(err, HONE_EFAIL, NULL, "the pass failed") : HONE_OK;
}

static int check_step(struct built *b)
{
    struct check *c = b->c;
    struct instance *in = b->in;
    hone_pass now = pass_of(b);
    uint32_t n;
    hone_parameter *const *parameters = hone_nn_parameters(b->g, &n);
    uint64_t length;
    double loss;
    hone_rc rc;
    TRY(make_pass(b, &loss));
    float *before = copy_of(b->g, 0, &length);
    now.loss = loss;
    now.ctx = b;
    now.again = again;
    CALL(c, "on_step", rc = b->regularizer.on_step(in->self, parameters, n, &now, &in->err));
    TRY(check_error(c, "on_step", rc, &in->err));
    if (rc < 0)
        return check_fail(c, "on_step failed: %s", in->err.msg);
    TRY(same_values(b, before, "after on_step"));
    free(before);
    float *gradients = copy_of(b->g, 1, &length);
    for (uint64_t i = 0; gradients && i < length; i++)
        if (!isfinite(gradients[i]))
            return check_fail(c, "on_step leaves a gradient %g", (double)gradients[i]);
    free(gradients);
    return 0;
}

/* Some updates, then what is evaluated may be something else, but training goes on with what it had. */
static int check_evaluation(struct built *b)
{
    struct check *c = b->c;
    struct instance *in = b->in;
    uint32_t n;
    hone_parameter *const *parameters = hone_nn_parameters(b->g, &n);
    uint64_t length;
    double loss;
    hone_rc rc = HONE_OK;
    for (uint64_t step = 1; step <= 4; step++) {
        const hone_decay now = { sizeof now, 0, 0.05, step };
        TRY(make_pass(b, &loss));
        for (uint32_t i = 0; i < n; i++)
            for (uint64_t e = 0; e < parameters[i]->length; e++)
                parameters[i]->value[e] -= 0.05f * parameters[i]->gradient[e];
        if (b->regularizer.after_update)
            CALL(c, "after_update", rc = b->regularizer.after_update(in->self, parameters, n, &now, &in->err));
        if (rc < 0)
            return check_fail(c, "after_update failed: %s", in->err.msg);
    }
    float *before = copy_of(b->g, 0, &length);
    for (uint32_t begins = 2; begins-- > 0;) {
        CALL(c, "on_evaluation", rc = b->regularizer.on_evaluation(in->self, parameters, n, begins, &in->err));
        TRY(check_error(c, "on_evaluation", rc, &in->err));
        if (rc < 0)
            return check_fail(c, "on_evaluation failed: %s", in->err.msg);
    }
    TRY(same_values(b, before, "after on_evaluation (1) and (0)"));
    free(before);
    return 0;
}

static int case_passes(struct check *c)
{
    struct instance in;
    struct built b;
    uint64_t length;
    double loss;
    hone_regularizer_v1 r;
    TRY(check_iface(c, &r, sizeof r));
    if (!r.before_pass && !r.after_pass && !r.on_step && !r.on_evaluation)
        return check_skip(c, "no hook around a pass");
    TRY(build(c, &in, &check_tasks[TASK_IMAGE], &b));
    if (b.on_network < 0)
        return check_fail(c, "on_network refuses a convolutional network: %s", in.err.msg);
    float *before = copy_of(b.g, 0, &length);
    TRY(make_pass(&b, &loss));
    TRY(same_values(&b, before, "after a pass"));
    free(before);
    if (r.before_pass || r.after_pass)
        TRY(check_slope(&b));
    if (r.on_step)
        TRY(check_step(&b));
    if (r.on_evaluation)
        TRY(check_evaluation(&b));
    return release(&b);
}

const struct check_case regularizer_network_cases[] = {
    { "sites", HONE_KIND_REGULARIZER, "gradients of networks with its layers, against finite differences", case_sites },
    { "passes", HONE_KIND_REGULARIZER, "hooks around a pass bring back the values; gradients against differences",
      case_passes },
    { NULL, NULL, NULL, NULL },
};
