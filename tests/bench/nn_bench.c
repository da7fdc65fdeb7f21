/* SPDX-License-Identifier: MIT */
/* Speed of training the networks that PyTorch is measured with, on 28x28 images at batch 128, one thread, float32: gather and
 * normalization of bytes, softmax cross-entropy, backward pass, SGD with momentum 0.9 and weight decay 1e-4. Prints the
 * number of parameters, images a second, the time of a step, the time of its operations run alone, their ratio.
 *
 *     nn_bench [seconds] [mlp | lenet | vgg | resnet20 | all] [batch] [threads]
 *
 * Without a network it is the perceptron, and then two processes at once. */
#include "hone/nn.h"
#include "hone/rng.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 60000, PIXELS = 784, CLASSES = 10, SLICES = 20 };

static double clock_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

static void die(const char *what, const hone_error *err)
{
    fprintf(stderr, "nn_bench: %s: %s\n", what, err->msg);
    exit(1);
}

#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
__attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#endif
static void
update(float *restrict value, float *restrict momentum, const float *restrict gradient, uint64_t n, float rate,
       float decay)
{
    for (uint64_t i = 0; i < n; i++) {
        const float m = 0.9f * momentum[i] + gradient[i] + decay * value[i];
        momentum[i] = m;
        value[i] -= rate * m;
    }
}

struct work {
    const char *name;
    hone_var (*model)(hone_graph *g, hone_var x);
    size_t batch;
    uint32_t threads;
    hone_graph *graph;
    hone_net *net;
    hone_var x, t;
    uint8_t *pixels, *labels;
    uint64_t *order;
    float *scale, *shift;
    uint64_t step, at;
    double compile, recompile;
};

static void *reserve(size_t bytes)
{
    void *memory = calloc(1, bytes);
    if (!memory)
        exit(1);
    return memory;
}

/* ---- the networks ---- */
static hone_var mlp(hone_graph *g, hone_var x)
{
    hone_var h = hone_nn_relu(g, hone_dense(g, hone_nn_flatten(g, x), .units = 256));
    h = hone_nn_relu(g, hone_dense(g, h, .units = 128));
    return hone_dense(g, h, .units = CLASSES, .init = "xavier");
}

static hone_var lenet(hone_graph *g, hone_var x)
{
    hone_var h = hone_nn_relu(g, hone_conv2d(g, x, .filters = 32, .kernel = 5, .pad = 2));
    h = hone_max_pool(g, h, .kernel = 2);
    h = hone_max_pool(g, hone_nn_relu(g, hone_conv2d(g, h, .filters = 64, .kernel = 5, .pad = 2)), .kernel = 2);
    h = hone_nn_relu(g, hone_dense(g, hone_nn_flatten(g, h), .units = 512));
    return hone_dense(g, h, .units = CLASSES, .init = "xavier");
}

static hone_var conv_norm(hone_graph *g, hone_var x, int64_t filters, int64_t stride)
{
    const hone_var y = hone_conv2d(g, x, .filters = filters, .kernel = 3, .stride = stride, .pad = 1, .no_bias = 1);
    return hone_batch_norm(g, y, .momentum = 0.9);
}

static hone_var vgg(hone_graph *g, hone_var x)
{
    static const int64_t layers[] = { 32, 32, 0, 64, 64, 0, 128, 128 };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        x = layers[i] ? hone_nn_relu(g, conv_norm(g, x, layers[i], 1)) : hone_max_pool(g, x, .kernel = 2);
    return hone_dense(g, hone_nn_global_average_pool(g, x), .units = CLASSES, .init = "xavier");
}

static hone_var resnet20(hone_graph *g, hone_var x)
{
    int64_t channels = 16;
    x = hone_nn_relu(g, conv_norm(g, x, 16, 1));
    for (int64_t filters = 16; filters <= 64; filters *= 2)
        for (int i = 0; i < 3; i++) {
            const int64_t stride = filters > channels ? 2 : 1;
            hone_var h = conv_norm(g, hone_nn_relu(g, conv_norm(g, x, filters, stride)), filters, 1), shortcut = x;
            if (stride > 1)
                shortcut = hone_conv2d(g, x, .filters = filters, .kernel = 1, .stride = stride, .no_bias = 1);
            x = hone_nn_relu(g, hone_nn_add(g, h, shortcut));
            channels = filters;
        }
    return hone_dense(g, hone_nn_global_average_pool(g, x), .units = CLASSES, .init = "xavier");
}

static const struct network {
    const char *name;
    hone_var (*build)(hone_graph *g, hone_var x);
} networks[] = { { "mlp", mlp }, { "lenet", lenet }, { "vgg", vgg }, { "resnet20", resnet20 } };

static hone_graph *build(const struct work *w, hone_net **net, hone_var *x, hone_var *t)
{
    const hone_graph_options options = { sizeof options, w->threads, 1 };
    const int64_t image[3] = { 1, 28, 28 }, classes = CLASSES;
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    if (!g)
        exit(1);
    *x = hone_nn_input(g, "x", image, 3);
    *t = hone_nn_input(g, "t", &classes, 1);
    const hone_var h = w->model(g, *x);
    if (hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, *t), hone_nn_softmax(g, h), (int64_t)w->batch, net,
                        &err) < 0 ||
        hone_nn_allocate_states(g, 1, &err) < 0)
        die("compile", &err);
    return g;
}

static void start(struct work *w)
{
    hone_rng rng = hone_rng_at(1, 2);
    w->pixels = reserve((size_t)SAMPLES * PIXELS);
    w->labels = reserve(SAMPLES);
    w->order = reserve(SAMPLES * sizeof *w->order);
    w->scale = reserve(PIXELS * sizeof(float));
    w->shift = reserve(PIXELS * sizeof(float));
    for (size_t i = 0; i < (size_t)SAMPLES * PIXELS; i += 4) {
        const uint32_t r = hone_rng_u32(&rng);
        memcpy(w->pixels + i, &r, 4);
    }
    for (size_t i = 0; i < SAMPLES; i++) {
        w->labels[i] = (uint8_t)hone_rng_below(&rng, CLASSES);
        w->order[i] = i;
    }
    for (size_t i = 0; i < PIXELS; i++) {
        w->scale[i] = 1.0f / 73.6f;
        w->shift[i] = -127.5f / 73.6f;
    }
    hone_rng_shuffle(&rng, w->order, SAMPLES);
    const double t0 = seconds();
    w->graph = build(w, &w->net, &w->x, &w->t);
    const double t1 = seconds();
    hone_net *second;
    hone_var x, t;
    hone_graph *g = build(w, &second, &x, &t);
    w->recompile = seconds() - t1;
    w->compile = t1 - t0;
    hone_net_destroy(second);
    hone_nn_graph_destroy(g);
}

static void fill(struct work *w)
{
    const uint64_t *batch = w->order + w->at;
    float *t = hone_net_input(w->net, w->t);
    hone_nn_gather_u8(w->pixels, PIXELS, batch, w->batch, w->scale, w->shift, hone_net_input(w->net, w->x));
    memset(t, 0, w->batch * CLASSES * sizeof *t);
    for (size_t i = 0; i < w->batch; i++)
        t[i * CLASSES + w->labels[batch[i]]] = 1.0f;
    w->at = w->at + 2 * w->batch <= SAMPLES ? w->at + w->batch : 0;
}

static void update_all(struct work *w)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(w->graph, &n);
    for (uint32_t i = 0; i < n; i++)
        update(p[i]->value, p[i]->state[0], p[i]->gradient, p[i]->length, 1e-3f,
               p[i]->role == HONE_PARAMETER_KERNEL ? 1e-4f : 0.0f);
}

static void step(struct work *w)
{
    hone_error err = HONE_ERROR_INIT;
    double loss;
    fill(w);
    if (hone_net_forward_backward(w->net, w->step++, &loss, &err) < 0)
        die("step", &err);
    update_all(w);
}

/* Median images a second over slices of the time: a neighbour's burst spoils a slice, not the figure. */
static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

struct rates {
    double median, best;
    double cpu; /* images per second of processor time: what a busy machine leaves to compare */
};

static struct rates measure(struct work *w, double duration)
{
    double rates[SLICES];
    uint64_t all = 0;
    const double warm = seconds();
    for (int i = 0; i < 100 && (i < 3 || seconds() - warm < duration / 4); i++)
        step(w);
    const double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int s = 0; s < SLICES; s++) {
        const double start_time = seconds();
        double now = start_time;
        uint64_t steps = 0;
        for (; now - start_time < duration / SLICES; now = seconds(), steps++)
            step(w);
        rates[s] = (double)(steps * w->batch) / (now - start_time);
        all += steps;
    }
    const double spent = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(rates, SLICES, sizeof *rates, compare);
    return (struct rates){ rates[SLICES / 2], rates[SLICES - 1], (double)(all * w->batch) / spent };
}

static double part(struct work *w, void (*f)(struct work *))
{
    double best = 1.0;
    for (int i = 0; i < 100; i++) {
        const double t = seconds();
        f(w);
        const double taken = seconds() - t;
        best = taken < best ? taken : best;
    }
    return best;
}

/* Two processes at once; each sends its median through the pipe. */
static double pair(double duration, const struct work *like)
{
    int fd[2];
    double sum = 0.0, rate;
    if (pipe(fd) < 0)
        exit(1);
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            struct work w = *like;
            start(&w);
            rate = measure(&w, duration).median;
            _exit(write(fd[1], &rate, sizeof rate) == (ssize_t)sizeof rate ? 0 : 1);
        }
    for (int i = 0; i < 2; i++)
        if (wait(NULL) > 0 && read(fd[0], &rate, sizeof rate) == (ssize_t)sizeof rate)
            sum += rate;
    return sum;
}

static uint64_t count_parameters(hone_graph *g)
{
    uint32_t n;
    hone_parameter *const *p = hone_nn_parameters(g, &n);
    uint64_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += (uint64_t)hone_shape_elements(p[i]->dims, p[i]->n_dims);
    return count;
}

static void report(struct work *w, double duration)
{
    start(w);
    const struct rates rates = measure(w, duration);
    const double step_time = (double)w->batch / rates.median, cpu_time = (double)w->batch / rates.cpu;
    const uint32_t repeats = step_time > 0.01 ? 10 : 200;
    const double operations = hone_net_primitive_seconds(w->net, repeats);
    const double gather = part(w, fill), updates = part(w, update_all);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("nn: %s, %s (%llu parameters), batch %zu, %u thread%s, float32\n", hone_nn_version(), w->name,
           (unsigned long long)count_parameters(w->graph), w->batch, w->threads, w->threads > 1 ? "s" : "");
    printf("  images per second        %10.0f   (best slice %.0f; by processor time %.0f)\n", rates.median, rates.best,
           rates.cpu);
    printf("  time of a step           %10.1f us   (%.1f GFLOP/s)\n", 1e6 * step_time,
           1e-9 * hone_net_flops(w->net) / step_time);
    printf("  operations run alone     %10.1f us   (ratio %.3f; by processor time %.3f)\n", 1e6 * operations,
           step_time / operations, cpu_time / operations);
    printf("  gather, update           %10.1f us + %.1f us   (step / (operations + both) %.3f)\n", 1e6 * gather,
           1e6 * updates, step_time / (operations + gather + updates));
    printf("  build and compile        %10.2f ms, the same shapes again %.2f ms\n", 1e3 * w->compile,
           1e3 * w->recompile);
    printf("  memory of the network    %10.2f MB, peak of the process %.0f MB (of them %.0f MB images)\n",
           (double)hone_net_bytes(w->net) / 1e6, (double)usage.ru_maxrss / 1e3, (double)SAMPLES * PIXELS / 1e6);
    hone_net_destroy(w->net);
    hone_nn_graph_destroy(w->graph);
    free(w->pixels);
    free(w->labels);
    free(w->order);
    free(w->scale);
    free(w->shift);
}

int main(int argc, char **argv)
{
    const double duration = argc > 1 ? strtod(argv[1], NULL) : 4.0;
    const char *name = argc > 2 ? argv[2] : NULL;
    const size_t n = sizeof networks / sizeof *networks;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        struct work w = { .name = networks[i].name, .model = networks[i].build, .batch = 128, .threads = 1 };
        if (argc > 3)
            w.batch = strtoul(argv[3], NULL, 10);
        if (argc > 4)
            w.threads = (uint32_t)strtoul(argv[4], NULL, 10);
        if (w.batch < 1 || w.batch > SAMPLES / 2 || w.threads < 1)
            break;
        if (!name && i == 0) {
            /* before this process uses OpenMP itself: a child forked after that could hang */
            const double two = pair(duration, &w);
            report(&w, duration);
            printf("  two processes            %10.0f images per second in all\n", two);
            return 0;
        }
        if (strcmp(name, w.name) != 0 && strcmp(name, "all") != 0)
            continue;
        report(&w, duration);
        any = true;
    }
    if (!any)
        fprintf(stderr, "usage: nn_bench [seconds] [mlp | lenet | vgg | resnet20 | all] [batch] [threads]\n");
    return any ? 0 : 2;
}
