/* SPDX-License-Identifier: MIT */
/* Compiled networks against naive loops in double precision and against finite differences. */
#include "fixture.h"

static double worst(const float *got, const double *expected, int64_t n)
{
    double scale = 1e-3, error = 0;
    for (int64_t i = 0; i < n; i++)
        scale = fmax(scale, fabs(expected[i]));
    for (int64_t i = 0; i < n; i++) {
        const double e = fabs((double)got[i] - expected[i]) / scale;
        if (!(e <= error)) /* NaN too */
            error = e;
    }
    return error;
}

/* Runs a net built in r and compares loss, losses, gradients and inference with the reference. */
static void compare(struct ref *r, int loss, int output, int64_t batch, uint64_t seed, uint64_t step)
{
    hone_error err = HONE_ERROR_INIT;
    hone_net *net = NULL;
    double value = 0;
    uint32_t n = 0;
    hone_parameter *const *p;
    CU_ASSERT_EQUAL_FATAL(hone_nn_compile(r->g, r->node[loss].var, r->node[output].var, batch, &net, &err), HONE_OK);
    shake(r->g);
    for (int i = 0; i < r->n; i++)
        if (r->node[i].kind == REF_INPUT)
            fill(hone_net_input(net, r->node[i].var), batch * r->node[i].n, seed + (uint64_t)i);
    for (int i = 0; i < r->n; i++)
        if (r->node[i].kind == REF_CE)
            fill_targets(hone_net_input(net, r->node[r->node[i].b].var), batch, r->node[r->node[i].b].n, seed,
                         seed % 2);
    for (int again = 0; again < 2; again++) { /* a second step finds used buffers */
        CU_ASSERT_EQUAL(hone_net_forward_backward(net, step, &value, &err), HONE_OK);
        ref_forward(r, net, true, step);
        ref_backward(r, loss, step);
        CU_ASSERT_DOUBLE_EQUAL(value, r->loss, 2e-6 * (1 + fabs(r->loss)));
        CU_ASSERT(worst(hone_net_losses(net), r->node[loss].value, batch) < 5e-6);
        p = hone_nn_parameters(r->g, &n);
        CU_ASSERT_EQUAL((int)n, r->n_parameters);
        for (uint32_t i = 0; i < n; i++) {
            const double error = worst(p[i]->gradient, r->parameter_gradient[i], (int64_t)p[i]->length);
            if (!(error < 2e-5))
                printf("# %s: error %g, batch %lld\n", p[i]->name, error, (long long)batch);
            CU_ASSERT(error < 2e-5);
        }
    }
    CU_ASSERT_EQUAL(hone_net_infer(net, &err), HONE_OK);
    ref_forward(r, net, false, 0);
    CU_ASSERT(worst(hone_net_output(net), r->node[output].value, batch * r->node[output].n) < 1e-5);
    CU_ASSERT(worst(hone_net_losses(net), r->node[loss].value, batch) < 5e-6);
    hone_net_destroy(net);
}

static const int64_t batches[] = { 1, 2, 7, 33 };

static void test_dense_and_cross_entropy_match_a_naive_loop(void)
{
    static const int64_t units[] = { 1, 13, 16, 100 };
    for (size_t b = 0; b < 4; b++)
        for (size_t u = 0; u < 4; u++)
            for (int64_t k = 1; k < 40; k += 9) {
                struct ref r = ref_create(b + 10 * u);
                const int x = ref_input(&r, "x", 5 + (int64_t)u), t = ref_input(&r, "t", k);
                const int h = ref_act(&r, REF_RELU, ref_dense(&r, x, units[u], 0));
                const int y = ref_dense(&r, h, k, u % 2);
                compare(&r, ref_loss(&r, REF_CE, y, t), ref_act(&r, REF_SOFTMAX, y), batches[b], b + u, 3);
                ref_destroy(&r);
            }
}

static void test_every_activation_matches_a_naive_loop(void)
{
    for (int kind = REF_RELU; kind <= REF_GELU; kind++)
        for (size_t b = 0; b < 4; b++)
            for (int bias = 0; bias < 2; bias++) {
                struct ref r = ref_create(b);
                const int x = ref_input(&r, "x", 9), t = ref_input(&r, "t", 3);
                int h = ref_act(&r, (enum ref_kind)kind, ref_dense(&r, x, 13, (uint32_t)bias));
                h = ref_act(&r, (enum ref_kind)kind, ref_dense(&r, h, 31, (uint32_t)bias));
                h = ref_act(&r, (enum ref_kind)kind, h); /* on something that is no dense layer */
                h = ref_dense(&r, h, 3, 0);
                compare(&r, ref_loss(&r, REF_MSE, h, t), h, batches[b], 4, 5);
                ref_destroy(&r);
            }
}

/* Chains of activation and dropout in every order: what works in place must not destroy what a derivative reads. */
static void test_chains_match_a_naive_loop(void)
{
    static const enum ref_kind kinds[] = { REF_RELU, REF_TANH, REF_SIGMOID, REF_GELU, REF_DROPOUT };
    for (int i = 0; i < 125; i++) {
        struct ref r = ref_create((uint64_t)i);
        const int x = ref_input(&r, "x", 6), t = ref_input(&r, "t", 4);
        const int order[3] = { i % 5, i / 5 % 5, i / 25 };
        int h = ref_dense(&r, x, 70, 0);
        for (int k = 0; k < 3; k++)
            h = kinds[order[k]] == REF_DROPOUT ? ref_dropout(&r, h, 0.3) : ref_act(&r, kinds[order[k]], h);
        h = ref_dense(&r, h, 4, 0);
        compare(&r, ref_loss(&r, REF_CE, h, t), ref_act(&r, REF_SOFTMAX, h), 7, 1, 11);
        ref_destroy(&r);
    }
}

/* Values used several times, branches, x + x, two losses on one output, the same loss twice. */
static void test_graphs_that_branch_match_a_naive_loop(void)
{
    for (size_t b = 0; b < 4; b++) {
        struct ref r = ref_create(b);
        const int x = ref_input(&r, "x", 8), t = ref_input(&r, "t", 5), v = ref_input(&r, "v", 5);
        int h = ref_act(&r, REF_TANH, ref_dense(&r, ref_dropout(&r, x, 0.2), 12, 0));
        for (int block = 0; block < 3; block++) {
            int branch = ref_act(&r, REF_RELU, ref_dense(&r, h, 20, 0));
            branch = ref_dropout(&r, branch, 0.5);
            branch = ref_dense(&r, branch, 12, 1);
            h = ref_add(&r, block == 1 ? branch : h, block == 1 ? h : branch);
        }
        h = ref_add(&r, h, h);
        const int inside = ref_act(&r, REF_RELU, h);
        h = ref_add(&r, ref_act(&r, REF_GELU, h), ref_dropout(&r, inside, 0.25));
        h = ref_add(&r, h, inside);
        const int y = ref_dense(&r, h, 5, 0);
        const int ce = ref_loss(&r, REF_CE, y, t), mse = ref_loss(&r, REF_MSE, ref_act(&r, REF_SIGMOID, y), v);
        const int loss = ref_add(&r, ref_add(&r, ce, mse), ce);
        compare(&r, loss, ref_act(&r, REF_SOFTMAX, y), batches[b], b, 2);
        ref_destroy(&r);
    }
}

/* Central differences of the library's own loss, smooth layers only; float32 allows about three digits. */
static void test_gradients_match_finite_differences(void)
{
    static const enum ref_kind kinds[] = { REF_TANH, REF_SIGMOID, REF_GELU };
    for (int i = 0; i < 6; i++) {
        hone_error err = HONE_ERROR_INIT;
        hone_net *net;
        struct ref r = ref_create((uint64_t)i);
        const int x = ref_input(&r, "x", 5), t = ref_input(&r, "t", 3);
        int h = ref_act(&r, kinds[i % 3], ref_dense(&r, x, 7, 0));
        h = ref_dropout(&r, ref_add(&r, h, h), 0.25);
        h = ref_dense(&r, h, 3, 0);
        const int loss = ref_loss(&r, i < 3 ? REF_CE : REF_MSE, h, t);
        CU_ASSERT_EQUAL_FATAL(hone_nn_compile(r.g, r.node[loss].var, r.node[h].var, 6, &net, &err), HONE_OK);
        shake(r.g);
        fill(hone_net_input(net, r.node[x].var), 30, 1);
        fill_targets(hone_net_input(net, r.node[t].var), 6, 3, 2, false);
        uint32_t n;
        hone_parameter *const *p = hone_nn_parameters(r.g, &n);
        for (uint32_t k = 0; k < n; k++)
            for (uint64_t e = 0; e < p[k]->length; e++) {
                loss_of(net);
                const double gradient = (double)p[k]->gradient[e];
                const float before = p[k]->value[e];
                p[k]->value[e] = before + 0.01f;
                const double up = loss_of(net);
                p[k]->value[e] = before - 0.01f;
                const double down = loss_of(net);
                p[k]->value[e] = before;
                CU_ASSERT_DOUBLE_EQUAL(gradient, (up - down) / 0.02, 3e-4 + 3e-3 * fabs(gradient));
            }
        hone_net_destroy(net);
        ref_destroy(&r);
    }
}

SUITE(TEST(test_dense_and_cross_entropy_match_a_naive_loop), TEST(test_every_activation_matches_a_naive_loop),
      TEST(test_chains_match_a_naive_loop), TEST(test_graphs_that_branch_match_a_naive_loop),
      TEST(test_gradients_match_finite_differences))
