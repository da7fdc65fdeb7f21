/* SPDX-License-Identifier: MIT */
/* Speed of a whole training as objective/train does it, on the real Fashion-MNIST: shuffling, gathering with the transforms
 * fused in, the step, the optimizer, hooks. The floor is the time of the network's primitives run alone.
 *
 *     make bench-train */
#include "mini_host.h"

#include "../../plugins/objective/train/train.h"

#include <time.h>

#define BASE                                                                                      \
    "[objective]\nuse = train\nepochs = 9\nbatch_size = 128\n[dataset]\nuse = idx\nvalidation = " \
    "0\n[transform.standardize]\n"                                                                \
    "[model]\nuse = mlp\nhidden = 256, 128\n[optimizer]\nuse = sgd\nlearning_rate = 0.05\nmomentum = 0.9\n"

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int measure(const char *what, const char *ini)
{
    static struct mini_host h;
    static const struct measures no_measures = { NULL, 0 };
    struct data data;
    struct training t = { .measures = &no_measures };
    double best = HUGE_VAL;
    hone_rc rc = mini_host_open(&h, ini);
    t.host = &h.host;
    t.trial = &h.trial;
    t.settings = h.sections[0].config;
    t.seed = 1;
    if (rc == HONE_OK)
        rc = data_open(&data, &h.host, &h.err);
    if (rc == HONE_OK)
        rc = crew_create(&t.crew, &h.host, &data.task, 1, &h.err);
    if (rc == HONE_OK)
        rc = split_make(&data, 1, 0, &t.train, &t.validation, &h.err);
    const double begin = seconds();
    if (rc == HONE_OK)
        rc = training_prepare(&t, &data, &h.err);
    const double prepared = seconds() - begin;
    for (uint64_t epoch = 0; epoch < 4 && rc == HONE_OK; epoch++) {
        const double start = seconds();
        rc = training_epoch(&t, epoch, &h.err);
        best = fmin(best, seconds() - start);
    }
    if (rc == HONE_OK) {
        const double floor = hone_net_primitive_seconds(t.network.nets[NET_FULL], 200) * (double)t.steps_per_epoch;
        printf("%-26s %9.0f images/s   %5.3f times the primitives   set-up %4.0f ms\n", what, (double)t.train.n / best,
               best / floor, prepared * 1e3);
    } else
        printf("%-26s failed: %s\n", what, h.err.msg);
    training_release(&t);
    mini_host_close(&h);
    return rc != HONE_OK;
}

int main(void)
{
    printf("train: 784-256-128-10, batch 128, one thread, float32, all of Fashion-MNIST\n");
    return measure("plain", BASE) | measure("cosine schedule", BASE "[lr_schedule]\nuse = cosine\n") |
           measure("dropout, l2, max_norm",
                   BASE "[regularizer.dropout]\nrate = 0.2\n[regularizer.l2]\n[regularizer.max_norm]\n") |
           measure("crops and flips", BASE "[regularizer.random_crop_flip]\n");
}
