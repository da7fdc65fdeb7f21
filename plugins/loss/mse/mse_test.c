/* SPDX-License-Identifier: MIT */
/* loss/mse against its formula in double precision. */
#include "loss_case.h"

static const float outputs[LOSS_N * LOSS_K] = { 0.5f, -1, 2, 1, 0, -1, 500, -500, 0, 3, 3, 3 };
static const float targets[LOSS_N * LOSS_K] = { 0, 0, 1, 0.2f, 0.3f, 0.5f, 501, -500, 1, 3, 3, 3 };

static void test_equals_its_formula(void)
{
    struct loss_case l;
    double mean = 0, gradient[LOSS_K] = { 0 };
    loss_run(&l, "mse", HONE_TASK_REGRESSION, outputs, targets);
    for (int n = 0; n < LOSS_N; n++) {
        double loss = 0;
        for (int k = 0; k < LOSS_K; k++) {
            const double error = (double)outputs[n * LOSS_K + k] - (double)targets[n * LOSS_K + k];
            loss += error * error / LOSS_K;
            gradient[k] += 2 * error / LOSS_K / LOSS_N;
            CU_ASSERT(near((double)l.output[n * LOSS_K + k], (double)outputs[n * LOSS_K + k], 1e-6));
        }
        CU_ASSERT(near((double)l.losses[n], loss, 1e-6));
        mean += loss / LOSS_N;
    }
    CU_ASSERT(near(l.mean, mean, 1e-6));
    for (int k = 0; k < LOSS_K; k++)
        CU_ASSERT(near((double)l.bias_gradient[k], gradient[k], 1e-6));
    CU_ASSERT_EQUAL(loss_iface(&l.c)->tasks, HONE_LOSS_REGRESSION);
    CU_ASSERT_EQUAL(loss_iface(&l.c)->default_tasks, HONE_LOSS_REGRESSION);
    component_close(&l.c);
}

static void test_is_for_numbers(void)
{
    loss_refuses("mse", HONE_TASK_CLASSIFICATION, "cross_entropy");
}

SUITE(TEST(test_equals_its_formula), TEST(test_is_for_numbers))
