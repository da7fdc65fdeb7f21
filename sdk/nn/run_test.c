/* SPDX-License-Identifier: MIT */
/* Running compiled networks: nets that share parameters, inference, masks, the memory plan, cost, threads, and training that
 * learns. */
#include "graph.h"
#include "program.h"

#include "fixture.h"

#include <pthread.h>
#include <unistd.h>

/* A net of 4 samples and one of 8 that has them twice: the means say the same. */
static void test_nets_of_one_graph_share_their_parameters(void)
{
    struct mlp m = mlp(4, 9, 2, 3, 0, 1);
    hone_net *big = compile(&m, 8), *small = compile(&m, 4);
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(m.g, &n);
    float *saved[6];
    CU_ASSERT_EQUAL_FATAL(n, 6);
    CU_ASSERT_EQUAL(hone_net_batch(small), 4);
    fill(hone_net_input(small, m.x), 16, 5);
    fill_targets(hone_net_input(small, m.t), 4, 3, 6, false);
    for (int i = 0; i < 2; i++) {
        memcpy(hone_net_input(big, m.x) + 16 * i, hone_net_input(small, m.x), 16 * sizeof(float));
        memcpy(hone_net_input(big, m.t) + 12 * i, hone_net_input(small, m.t), 12 * sizeof(float));
    }
    for (uint32_t i = 0; i < n; i++)
        p[i]->value[0] += 0.1f; /* seen by both */
    const double a = loss_of(big);
    for (uint32_t i = 0; i < n; i++) {
        saved[i] = malloc(p[i]->length * sizeof(float));
        memcpy(saved[i], p[i]->gradient, p[i]->length * sizeof(float));
    }
    CU_ASSERT_DOUBLE_EQUAL(loss_of(small), a, 1e-6);
    for (uint32_t i = 0; i < n; i++) {
        for (uint64_t e = 0; e < p[i]->length; e++)
            CU_ASSERT_DOUBLE_EQUAL(p[i]->gradient[e], saved[i][e], 1e-6);
        free(saved[i]);
    }
    hone_net_destroy(small);
    CU_ASSERT_DOUBLE_EQUAL(loss_of(big), a, 1e-9);
    hone_net_destroy(big);
    hone_nn_graph_destroy(m.g);
}

static void test_inference_equals_training_without_dropout(void)
{
    struct mlp m = mlp(20, 50, 3, 10, 0, 3);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = compile(&m, 16);
    float losses[16];
    fill(hone_net_input(net, m.x), 16 * 20, 8);
    fill_targets(hone_net_input(net, m.t), 16, 10, 9, false);
    loss_of(net);
    memcpy(losses, hone_net_losses(net), sizeof losses);
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    CU_ASSERT_EQUAL(memcmp(losses, hone_net_losses(net), sizeof losses), 0);
    for (int r = 0; r < 16; r++) {
        double sum = 0;
        for (int c = 0; c < 10; c++)
            sum += (double)hone_net_output(net)[10 * r + c];
        CU_ASSERT_DOUBLE_EQUAL(sum, 1.0, 1e-6);
    }
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

/* Same seed and step: same masks; another step or seed: others. The rate-0 graph is the graph without the layer. */
static void test_masks_are_numbered_by_seed_and_step(void)
{
    struct mlp m = mlp(20, 300, 2, 10, 0.5, 3), other = mlp(20, 300, 2, 10, 0.5, 4);
    hone_net *net = compile(&m, 4), *second = compile(&other, 4);
    hone_error err = HONE_ERROR_INIT;
    double a, b, c, d;
    uint32_t n;
    for (uint32_t i = 0; i < 6; i++)
        memcpy(hone_nn_parameters(other.g, &n)[i]->value, hone_nn_parameters(m.g, &n)[i]->value,
               hone_nn_parameters(m.g, &n)[i]->length * sizeof(float));
    for (int i = 0; i < 2; i++) {
        fill(hone_net_input(i ? second : net, i ? other.x : m.x), 80, 8);
        fill_targets(hone_net_input(i ? second : net, i ? other.t : m.t), 4, 10, 9, false);
    }
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 7, &a, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, UINT64_C(7) << 32, &b, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_forward_backward(net, 7, &c, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_forward_backward(second, 7, &d, &err), HONE_OK);
    CU_ASSERT_EQUAL(a, c);
    CU_ASSERT_NOT_EQUAL(a, b);
    CU_ASSERT_NOT_EQUAL(a, d);
    const hone_var x = m.x;
    CU_ASSERT_EQUAL(hone_nn_dropout(m.g, x, 0.0).id, x.id);
    hone_net_destroy(net);
    hone_net_destroy(second);
    hone_nn_graph_destroy(m.g);
    hone_nn_graph_destroy(other.g);
}

/* Thirty residual blocks: the shared plan must give bit for bit what separate buffers give, in much less memory. */
static void test_the_memory_plan_changes_nothing(void)
{
    float *gradient[2] = { NULL, NULL }, output[2][16 * 10];
    uint64_t bytes[2], length = 0;
    for (int unshared = 0; unshared < 2; unshared++) {
        const hone_graph_options options = { sizeof options, 1, 5 };
        const int64_t in = 30, classes = 10;
        hone_error err = HONE_ERROR_INIT;
        hone_graph *g = hone_nn_graph_create(&options);
        hone_net *net;
        g->unshared = unshared;
        const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
        hone_var h = hone_dense(g, x, .units = 64);
        for (int i = 0; i < 30; i++) {
            hone_var b = hone_nn_dropout(g, hone_nn_relu(g, hone_dense(g, h, .units = 40 + i)), 0.1);
            b = hone_dense(g, i % 2 ? hone_nn_gelu(g, b) : hone_nn_tanh(g, b), .units = 64, .init = "lecun");
            h = hone_nn_add(g, h, b);
        }
        h = hone_dense(g, h, .units = 10, .init = "xavier");
        CU_ASSERT_EQUAL_FATAL(
            hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, t), hone_nn_softmax(g, h), 16, &net, &err), HONE_OK);
        fill(hone_net_input(net, x), 16 * in, 3);
        fill_targets(hone_net_input(net, t), 16, 10, 4, false);
        loss_of(net);
        loss_of(net);
        bytes[unshared] = net->arena_bytes;
        length = g->block;
        gradient[unshared] = malloc(length * sizeof(float));
        memcpy(gradient[unshared], g->gradients, length * sizeof(float));
        CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
        memcpy(output[unshared], hone_net_output(net), sizeof output[0]);
        for (int32_t i = 0; i < net->train.n_ops; i++)
            for (int k = 0; k < MAX_OPERANDS; k++)
                CU_ASSERT_EQUAL((uintptr_t)net->train.ops[i].p[k] % 64, 0);
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
    CU_ASSERT_EQUAL(memcmp(gradient[0], gradient[1], length * sizeof(float)), 0);
    CU_ASSERT_EQUAL(memcmp(output[0], output[1], sizeof output[0]), 0);
    CU_ASSERT(bytes[0] * 3 < bytes[1] * 2);
    free(gradient[0]);
    free(gradient[1]);
}

/* Random lives and sizes: no two buffers that live at once overlap, and the plan is not far above the lower bound. */
static void test_the_memory_plan_keeps_the_living_apart(void)
{
    hone_rng rng = hone_rng_at(1, 1);
    for (int round = 0; round < 50; round++) {
        struct program p = { 0 };
        uint64_t alive[60] = { 0 }, bound = 0;
        for (int i = 0; i < 40; i++) {
            const int32_t id = program_buffer(&p, 1 + hone_rng_below(&rng, 5000), NULL);
            CU_ASSERT_EQUAL_FATAL(id, i);
            p.buffers[i].first = (int32_t)hone_rng_below(&rng, 50);
            p.buffers[i].last = p.buffers[i].first + (int32_t)hone_rng_below(&rng, 10);
            for (int32_t o = p.buffers[i].first; o <= p.buffers[i].last; o++)
                alive[o] += p.buffers[i].bytes;
        }
        program_plan(&p, true);
        for (int i = 0; i < 60; i++)
            bound = alive[i] > bound ? alive[i] : bound;
        for (int i = 0; i < 40; i++)
            for (int k = 0; k < i; k++) {
                const struct buffer *a = &p.buffers[i], *b = &p.buffers[k];
                const bool together = a->first <= b->last && b->first <= a->last;
                CU_ASSERT(!together || a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset);
                CU_ASSERT(a->offset % 64 == 0 && a->offset + a->bytes <= p.bytes);
            }
        CU_ASSERT(p.bytes >= bound && p.bytes < bound + bound / 2);
        program_release(&p);
    }
}

static void descend(hone_graph *g, float rate)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t e = 0; e < p[i]->length; e++) {
            p[i]->state[0][e] = 0.9f * p[i]->state[0][e] + p[i]->gradient[e];
            p[i]->value[e] -= rate * p[i]->state[0][e];
        }
}

static void test_learns_exclusive_or(void)
{
    struct mlp m = mlp(2, 16, 1, 2, 0, 2);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = compile(&m, 4);
    const float x[8] = { 0, 0, 0, 1, 1, 0, 1, 1 }, t[8] = { 1, 0, 0, 1, 0, 1, 1, 0 };
    CU_ASSERT_EQUAL_FATAL(hone_nn_allocate_states(m.g, 1, &err), HONE_OK);
    for (int i = 0; i < 500; i++) {
        memcpy(hone_net_input(net, m.x), x, sizeof x);
        memcpy(hone_net_input(net, m.t), t, sizeof t);
        loss_of(net);
        descend(m.g, 0.05f);
    }
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    for (int i = 0; i < 4; i++)
        CU_ASSERT(hone_net_output(net)[2 * i + (t[2 * i] > 0.5f ? 0 : 1)] > 0.95f);
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

/* Three clouds in ten dimensions, with dropout: new points are told apart. */
static void test_learns_blobs_with_dropout(void)
{
    struct mlp m = mlp(10, 32, 2, 3, 0.3, 6);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = compile(&m, 64);
    hone_rng rng = hone_rng_at(11, 0);
    int right = 0, label[64];
    CU_ASSERT_EQUAL_FATAL(hone_nn_allocate_states(m.g, 1, &err), HONE_OK);
    for (uint64_t step = 0; step <= 300; step++) {
        float *x = hone_net_input(net, m.x), *t = hone_net_input(net, m.t);
        double loss;
        memset(t, 0, 64 * 3 * sizeof *t);
        for (int i = 0; i < 64; i++) {
            label[i] = (int)hone_rng_below(&rng, 3);
            t[3 * i + label[i]] = 1.0f;
            for (int k = 0; k < 10; k++)
                x[10 * i + k] = (float)(hone_rng_normal(&rng) + (k % 3 == label[i] ? 1.5 : 0.0));
        }
        if (step == 300)
            break;
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, step, &loss, &err), HONE_OK);
        descend(m.g, 0.02f);
    }
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    for (int i = 0; i < 64; i++) {
        const float *y = hone_net_output(net) + 3 * i;
        right += y[label[i]] >= y[0] && y[label[i]] >= y[1] && y[label[i]] >= y[2];
    }
    CU_ASSERT(right >= 58);
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

static void test_a_loss_that_is_no_number_is_said(void)
{
    struct mlp m = mlp(4, 8, 1, 3, 0, 1);
    hone_net *net = compile(&m, 5);
    const float bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++)
        for (int at = 0; at < 20; at += 19) {
            hone_error err = HONE_ERROR_INIT;
            double loss = 0;
            fill(hone_net_input(net, m.x), 20, 1);
            fill_targets(hone_net_input(net, m.t), 5, 3, 1, false);
            hone_net_input(net, m.x)[at] = bad[i];
            CU_ASSERT_EQUAL(hone_net_forward_backward(net, 0, &loss, &err), HONE_ENUMERIC);
            CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "loss"));
            CU_ASSERT(!isfinite(loss));
        }
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

static void test_costs_are_counted(void)
{
    struct mlp m = mlp(784, 256, 1, 10, 0, 1);
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = compile(&m, 32);
    const double first = 2.0 * 32 * 784 * 256, second = 2.0 * 32 * 256 * 10;
    CU_ASSERT_DOUBLE_EQUAL(hone_net_flops(net), 2 * first + 3 * second, 0.5); /* no data gradient for the first layer */
    const uint64_t before = hone_net_bytes(net);
    CU_ASSERT(before > 2 * 4 * (784 * 256 + 256 + 2560 + 10) + 4 * 32 * (784 + 10));
    CU_ASSERT_EQUAL(hone_nn_allocate_states(m.g, 2, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_net_bytes(net) - before, before == 0 ? 0 : 2 * m.g->block * sizeof(float));
    const double seconds = hone_net_primitive_seconds(net, 3);
    CU_ASSERT(seconds > 0 && seconds < 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(hone_nn_version(), "oneDNN"));
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

/* Results as with one, up to the order of additions. */
static void test_threads_give_the_same_answer(void)
{
    double loss[2];
    for (uint32_t threads = 1; threads <= 2; threads++) {
        const hone_graph_options options = { sizeof options, threads, 5 };
        const int64_t in = 300, classes = 10;
        hone_error err = HONE_ERROR_INIT;
        hone_graph *g = hone_nn_graph_create(&options);
        hone_net *net;
        const hone_var x = hone_nn_input(g, "x", &in, 1), t = hone_nn_input(g, "t", &classes, 1);
        const hone_var y = hone_dense(g, hone_nn_relu(g, hone_dense(g, x, .units = 500)), .units = 10);
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, y, t), y, 64, &net, &err), HONE_OK);
        fill(hone_net_input(net, x), 64 * in, 3);
        fill_targets(hone_net_input(net, t), 64, 10, 4, false);
        loss[threads - 1] = loss_of(net);
        hone_net_destroy(net);
        hone_nn_graph_destroy(g);
    }
    CU_ASSERT_DOUBLE_EQUAL(loss[0], loss[1], 1e-5);
}

struct training {
    uint64_t seed;
    double loss;
};

static void *train(void *arg)
{
    struct training *t = arg;
    hone_error err = HONE_ERROR_INIT;
    struct mlp m = mlp(20, 40, 2, 5, 0.3, t->seed);
    hone_net *net = NULL;
    if (hone_nn_compile(m.g, m.loss, m.output, 16, &net, &err) == HONE_OK &&
        hone_nn_allocate_states(m.g, 1, &err) == HONE_OK) {
        fill(hone_net_input(net, m.x), 16 * 20, 3);
        fill_targets(hone_net_input(net, m.t), 16, 5, 4, false);
        for (uint64_t step = 0; step < 200; step++) {
            if (hone_net_forward_backward(net, step, &t->loss, &err) != HONE_OK)
                break;
            descend(m.g, 0.01f);
        }
    }
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
    return NULL;
}

/* Graphs belong to a thread each, and nothing is shared between them that changes: side by side gives what alone gives. */
static void test_graphs_in_two_threads_do_not_meet(void)
{
    struct training alone[2] = { { 1, 0 }, { 2, 0 } }, together[2] = { { 1, 0 }, { 2, 0 } };
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        train(&alone[i]);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_EQUAL_FATAL(pthread_create(&thread[i], NULL, train, &together[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    CU_ASSERT(alone[0].loss > 0 && alone[0].loss != alone[1].loss);
    CU_ASSERT_EQUAL(alone[0].loss, together[0].loss);
    CU_ASSERT_EQUAL(alone[1].loss, together[1].loss);
}

/* Of what oneDNN says while a perceptron is compiled: primitives it had kept, and those it had to make. */
static void count_primitives(int64_t width, int *kept, int *made)
{
    int dnnl_set_verbose(int level);
    char line[4096];
    FILE *said = tmpfile();
    const int out = dup(STDOUT_FILENO);
    CU_ASSERT_FATAL(said && out >= 0 && fflush(stdout) == 0 && dup2(fileno(said), STDOUT_FILENO) >= 0);
    (void)dnnl_set_verbose(2); /* the making of primitives, too */
    struct mlp m = mlp(24, width, 2, 3, 0, 1);
    hone_net *net = compile(&m, 10);
    (void)dnnl_set_verbose(0);
    fflush(stdout);
    CU_ASSERT(dup2(out, STDOUT_FILENO) >= 0);
    rewind(said);
    *kept = *made = 0;
    while (fgets(line, sizeof line, said)) {
        *kept += strstr(line, "create:cache_hit") != NULL;
        *made += strstr(line, "create:cache_miss") != NULL;
    }
    fclose(said);
    close(out);
    hone_net_destroy(net);
    hone_nn_graph_destroy(m.g);
}

/* A trial of the same shapes finds the primitives of the one before, whose graph and nets are gone. */
static void test_primitives_are_kept_for_later_nets(void)
{
    int kept, made, kept_later, made_later;
    count_primitives(37, &kept, &made);
    count_primitives(37, &kept_later, &made_later);
    CU_ASSERT(made > 0);
    CU_ASSERT_EQUAL(made_later, 0);
    CU_ASSERT_EQUAL(kept_later, kept + made);
    count_primitives(38, &kept, &made);
    CU_ASSERT(made > 0);
}

SUITE(TEST(test_nets_of_one_graph_share_their_parameters), TEST(test_inference_equals_training_without_dropout),
      TEST(test_masks_are_numbered_by_seed_and_step), TEST(test_the_memory_plan_changes_nothing),
      TEST(test_the_memory_plan_keeps_the_living_apart), TEST(test_learns_exclusive_or),
      TEST(test_learns_blobs_with_dropout), TEST(test_a_loss_that_is_no_number_is_said), TEST(test_costs_are_counted),
      TEST(test_threads_give_the_same_answer), TEST(test_graphs_in_two_threads_do_not_meet),
      TEST(test_primitives_are_kept_for_later_nets))
