/* SPDX-License-Identifier: MIT */
/* loss/cross_entropy against its formula in double precision. */
#include "loss_case.h"

/* hard, soft, far apart (where a naive exp overflows), equal */
static const float logits[LOSS_N * LOSS_K] = { 0.5f, -1, 2, 1, 0, -1, 500, -500, 0, 3, 3, 3 };
static const float targets[LOSS_N * LOSS_K] = { 0, 0, 1, 0.2f, 0.3f, 0.5f, 0, 0, 1, 1, 0, 0 };

static void test_equals_its_formula(void)
{
    struct loss_case l;
    double mean = 0, gradient[LOSS_K] = { 0 };
    loss_run(&l, "cross_entropy", HONE_TASK_CLASSIFICATION, logits, targets);
    for (int n = 0; n < LOSS_N; n++) {
        const float *z = logits + n * LOSS_K, *t = targets + n * LOSS_K;
        double most = (double)z[0], sum = 0, loss = 0;
        for (int k = 1; k < LOSS_K; k++)
            most = fmax(most, (double)z[k]);
        for (int k = 0; k < LOSS_K; k++)
            sum += exp((double)z[k] - most);
        for (int k = 0; k < LOSS_K; k++) {
            const double p = exp((double)z[k] - most) / sum;
            loss -= (double)t[k] * ((double)z[k] - most - log(sum));
            gradient[k] += (p - (double)t[k]) / LOSS_N;
            CU_ASSERT(near((double)l.output[n * LOSS_K + k], p, 1e-6));
        }
        CU_ASSERT(near((double)l.losses[n], loss, 2e-6));
        mean += loss / LOSS_N;
    }
    CU_ASSERT(near(l.mean, mean, 2e-6));
    for (int k = 0; k < LOSS_K; k++)
        CU_ASSERT(near((double)l.bias_gradient[k], gradient[k], 1e-6));
    CU_ASSERT_EQUAL(loss_iface(&l.c)->tasks, HONE_LOSS_CLASSIFICATION);
    CU_ASSERT_EQUAL(loss_iface(&l.c)->default_tasks, HONE_LOSS_CLASSIFICATION);
    component_close(&l.c);
}

static void test_is_for_classes(void)
{
    loss_refuses("cross_entropy", HONE_TASK_REGRESSION, "mse");
}

SUITE(TEST(test_equals_its_formula), TEST(test_is_for_classes))
