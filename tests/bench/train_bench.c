/* SPDX-License-Identifier: MIT */
/* Speed of a whole training as objective/train does it, on the real Fashion-MNIST: shuffling, gathering with the transforms
 * fused in, the step, the optimizer, hooks. The floor is the time of the network's primitives run alone.
 *
 *     make bench-train */
#include "mini_host.h"

#include "../../plugins/objective/train/train.h"

#include <time.h>

#define OBJECTIVE "[objective]\nuse = train\nepochs = 99\nbatch_size = 128\n"
#define REST                                                          \
    "[dataset]\nuse = idx\nvalidation = 0\n[transform.standardize]\n" \
    "[model]\nuse = mlp\nhidden = 256, 128\n[optimizer]\nuse = sgd\nlearning_rate = 0.05\nmomentum = 0.9\n"
#define BASE OBJECTIVE "diagnosis = no\n" REST
/* the same with a validation set and a metric */
#define SIZED(batch, fraction, model)                                                                                 \
    "batch_size = " batch "\n[dataset]\nuse = idx\nfraction = " fraction "\n[transform.standardize]\n[model]\n" model \
    "\n[optimizer]\nuse = sgd\nlearning_rate = 0.01\nmomentum = 0.9\n[metric.accuracy]\n"

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct subject {
    struct mini_host h;
    struct data data;
    struct measures measures;
    struct training t;
};

static hone_rc subject_open(struct subject *s, const char *ini)
{
    struct training *t = &s->t;
    hone_rc rc = mini_host_open(&s->h, ini);
    *t = (struct training){ .host = &s->h.host,
                            .trial = &s->h.trial,
                            .settings = s->h.sections[0].config,
                            .measures = &s->measures,
                            .seed = 1 };
    if (rc == HONE_OK)
        rc = data_open(&s->data, &s->h.host, &s->h.err);
    if (rc == HONE_OK)
        rc = crew_create(&t->crew, &s->h.host, &s->data.task, 1, &s->h.err);
    if (rc == HONE_OK)
        rc = measures_create(&s->measures, &t->crew, &s->data.task, &s->h.err);
    if (rc == HONE_OK)
        rc = split_make(&s->data, 1, 0, &t->train, &t->validation, &s->h.err);
    return rc == HONE_OK ? training_prepare(t, &s->data, &s->h.err) : rc;
}

static void subject_close(struct subject *s)
{
    training_release(&s->t);
    measures_release(&s->measures);
    mini_host_close(&s->h);
}

static int measure(const char *what, const char *ini)
{
    static struct subject s;
    double best = HUGE_VAL;
    const double begin = seconds(CLOCK_MONOTONIC);
    hone_rc rc = subject_open(&s, ini);
    const double prepared = seconds(CLOCK_MONOTONIC) - begin;
    for (uint64_t epoch = 0; epoch < 4 && rc == HONE_OK; epoch++) {
        const double start = seconds(CLOCK_MONOTONIC);
        rc = training_epoch(&s.t, epoch, &s.h.err);
        best = fmin(best, seconds(CLOCK_MONOTONIC) - start);
    }
    if (rc == HONE_OK) {
        const double floor = hone_net_primitive_seconds(s.t.network.nets[NET_FULL], 200) * (double)s.t.steps_per_epoch;
        printf("%-26s %9.0f images/s   %5.3f times the primitives   set-up %4.0f ms\n", what,
               (double)s.t.train.n / best, best / floor, prepared * 1e3);
    } else
        printf("%-26s failed: %s\n", what, s.h.err.msg);
    subject_close(&s);
    return rc != HONE_OK;
}

/* ---- what the diagnosis costs: epochs with and without it in turns, processor time ---- */
enum { TURNS = 9 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double epoch_seconds(struct subject *s, uint64_t epoch, uint64_t epochs, hone_rc *rc)
{
    const double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t i = 0; i < epochs && *rc == HONE_OK; i++)
        *rc = training_epoch(&s->t, epoch + i, &s->h.err);
    return seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
}

static int compare(const char *what, uint64_t epochs, const char *with, const char *without)
{
    static struct subject a, b;
    double ratios[TURNS];
    hone_rc rc = subject_open(&a, with);
    if (rc == HONE_OK)
        rc = subject_open(&b, without);
    for (uint64_t turn = 0; turn < TURNS && rc == HONE_OK; turn++) {
        const double cost = epoch_seconds(&a, turn * epochs, epochs, &rc);
        ratios[turn] = cost / epoch_seconds(&b, turn * epochs, epochs, &rc);
    }
    qsort(ratios, TURNS, sizeof *ratios, ascending);
    if (rc == HONE_OK)
        printf("%-26s %5.3f times an epoch without (%.3f to %.3f)\n", what, ratios[TURNS / 2], ratios[0],
               ratios[TURNS - 1]);
    else
        printf("%-26s failed: %s%s\n", what, a.h.err.msg, b.h.err.msg);
    subject_close(&a);
    subject_close(&b);
    return rc != HONE_OK;
}
#define COMPARE(what, epochs, rest)                                         \
    compare(what, epochs, "[objective]\nuse = train\nepochs = 9999\n" rest, \
            "[objective]\nuse = train\nepochs = 9999\ndiagnosis = no\n" rest)

/* ---- what augmentation costs: batches with and without it in turns, beside steps of a LeNet, processor time ---- */
static double batch_seconds(struct subject *s, const struct augmentation *augmentation, hone_rc *rc)
{
    enum { BATCHES = 8 };
    struct training *t = &s->t;
    hone_net *net = t->network.nets[NET_FULL];
    const double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < BATCHES && *rc == HONE_OK; i++)
        *rc = pipeline_batch(&t->pipeline, &t->train, t->train.ids + i * 128, 128, augmentation,
                             hone_net_input(net, t->network.x), hone_net_input(net, t->network.targets), &s->h.err);
    return (seconds(CLOCK_PROCESS_CPUTIME_ID) - start) / BATCHES;
}

static int share(const char *what, const char *ini)
{
    static struct subject s;
    double cost[TURNS], step = HUGE_VAL;
    hone_rc rc = subject_open(&s, ini);
    for (uint64_t turn = 0; turn < TURNS && rc == HONE_OK; turn++) {
        const struct augmentation now = { turn, 0 };
        const double bare = batch_seconds(&s, NULL, &rc);
        cost[turn] = batch_seconds(&s, &now, &rc) - bare;
    }
    for (uint64_t epoch = 0; epoch < 2 && rc == HONE_OK; epoch++)
        step = fmin(step, epoch_seconds(&s, epoch, 1, &rc) / (double)s.t.steps_per_epoch);
    qsort(cost, TURNS, sizeof *cost, ascending);
    const double median = cost[TURNS / 2];
    if (rc == HONE_OK)
        printf("%-26s %6.3f ms a batch of 128   %5.2f %% of a step without (%.1f ms)\n", what, median * 1e3,
               100 * median / (step - median), (step - median) * 1e3);
    else
        printf("%-26s failed: %s\n", what, s.h.err.msg);
    subject_close(&s);
    return rc != HONE_OK;
}
#define SHARE(what, regularizers)                                                                  \
    share(what, "[objective]\nuse = train\nepochs = 99\ndiagnosis = no\nprecision = auto\n" SIZED( \
                    "128", "0.04", "use = lenet") regularizers)

int main(void)
{
    printf("train: 784-256-128-10, batch 128, one thread, float32, all of Fashion-MNIST\n");
    int failed = measure("plain", BASE) | measure("cosine schedule", BASE "[lr_schedule]\nuse = cosine\n") |
                 measure("dropout, l2, max_norm",
                         BASE "[regularizer.dropout]\nrate = 0.2\n[regularizer.l2]\n[regularizer.max_norm]\n") |
                 measure("crop, flip", BASE "[regularizer.crop]\n[regularizer.flip]\n");
    printf("diagnosis, a tenth of the images to validate on\n");
    failed |= COMPARE("mlp, 54,000 images", 1, SIZED("128", "1", "use = mlp\nhidden = 256, 128"));
    failed |= COMPARE("mlp, 900, batch 32", 20, SIZED("32", "0.0167", "use = mlp\nhidden = 256, 128"));
    failed |= COMPARE("lenet, 2,700 images", 1, SIZED("128", "0.05", "use = lenet"));
    printf("augmentation, beside a step of lenet (filters 32, 64, hidden 512)\n");
    failed |= SHARE("crop, flip, erasing",
                    "[regularizer.crop]\n[regularizer.flip]\n[regularizer.random_erasing]\nprobability = 1\n");
    failed |= SHARE("affine", "[regularizer.affine]\n") | SHARE("noise", "[regularizer.noise]\n") |
              SHARE("color_jitter", "[regularizer.color_jitter]\n") |
              SHARE("trivial_augment", "[regularizer.trivial_augment]\n") |
              SHARE("rand_augment", "[regularizer.rand_augment]\n") | SHARE("mixup", "[regularizer.mixup]\n");
    return failed;
}
