/* SPDX-License-Identifier: MIT */
/* Speed of training the perceptron 784-256-128-10 (235,146 parameters) at batch 128, one thread, float32: gather and
 * normalization of bytes, softmax cross-entropy, backward pass, SGD with momentum 0.9 and weight decay 1e-4. Prints images
 * a second, the time of a step, the time of its primitives run alone, their ratio; then two processes at once.
 *
 *     nn_bench [seconds] */
#include "hone/nn.h"
#include "hone/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 60000, PIXELS = 784, CLASSES = 10, BATCH = 128, SLICES = 20 };

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

static hone_graph *build(hone_net **net, hone_var *x, hone_var *t)
{
    static const int64_t pixels = PIXELS, classes = CLASSES;
    const hone_graph_options options = { sizeof options, 1, 7 };
    hone_error err = HONE_ERROR_INIT;
    hone_graph *g = hone_nn_graph_create(&options);
    *x = hone_nn_input(g, "x", &pixels, 1);
    *t = hone_nn_input(g, "t", &classes, 1);
    hone_var h = hone_nn_relu(g, hone_dense(g, *x, .units = 256));
    h = hone_nn_relu(g, hone_dense(g, h, .units = 128));
    h = hone_dense(g, h, .units = CLASSES, .init = "xavier");
    if (hone_nn_compile(g, hone_nn_softmax_cross_entropy(g, h, *t), hone_nn_softmax(g, h), BATCH, net, &err) < 0 ||
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
    w->graph = build(&w->net, &w->x, &w->t);
    const double t1 = seconds();
    hone_net *second;
    hone_var x, t;
    hone_graph *g = build(&second, &x, &t);
    w->recompile = seconds() - t1;
    w->compile = t1 - t0;
    hone_net_destroy(second);
    hone_nn_graph_destroy(g);
}

static void fill(struct work *w)
{
    const uint64_t *batch = w->order + w->at;
    float *t = hone_net_input(w->net, w->t);
    hone_nn_gather_u8(w->pixels, PIXELS, batch, BATCH, w->scale, w->shift, hone_net_input(w->net, w->x));
    memset(t, 0, BATCH * CLASSES * sizeof *t);
    for (size_t i = 0; i < BATCH; i++)
        t[i * CLASSES + w->labels[batch[i]]] = 1.0f;
    w->at = w->at + 2 * BATCH <= SAMPLES ? w->at + BATCH : 0;
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
    for (int warm = 0; warm < 100; warm++)
        step(w);
    const double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int s = 0; s < SLICES; s++) {
        const double start_time = seconds();
        double now = start_time;
        uint64_t steps = 0;
        for (; now - start_time < duration / SLICES; now = seconds(), steps++)
            step(w);
        rates[s] = (double)(steps * BATCH) / (now - start_time);
        all += steps;
    }
    const double spent = clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    qsort(rates, SLICES, sizeof *rates, compare);
    return (struct rates){ rates[SLICES / 2], rates[SLICES - 1], (double)(all * BATCH) / spent };
}

static double part(struct work *w, void (*f)(struct work *))
{
    double best = 1.0;
    for (int i = 0; i < 300; i++) {
        const double t = seconds();
        f(w);
        const double taken = seconds() - t;
        best = taken < best ? taken : best;
    }
    return best;
}

/* Two processes at once; each sends its median through the pipe. */
static double pair(double duration)
{
    int fd[2];
    double sum = 0.0, rate;
    if (pipe(fd) < 0)
        exit(1);
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            struct work w = { 0 };
            start(&w);
            rate = measure(&w, duration).median;
            _exit(write(fd[1], &rate, sizeof rate) == (ssize_t)sizeof rate ? 0 : 1);
        }
    for (int i = 0; i < 2; i++)
        if (wait(NULL) > 0 && read(fd[0], &rate, sizeof rate) == (ssize_t)sizeof rate)
            sum += rate;
    return sum;
}

int main(int argc, char **argv)
{
    const double duration = argc > 1 ? strtod(argv[1], NULL) : 4.0;
    struct work w = { 0 };
    /* before this process uses OpenMP itself: a child forked after that could hang */
    const double two = pair(duration);
    start(&w);
    const struct rates rates = measure(&w, duration);
    const double rate = rates.median, step_time = BATCH / rate;
    const double primitives = hone_net_primitive_seconds(w.net, 300);
    const double gather = part(&w, fill), updates = part(&w, update_all);
    printf("nn: %s, 784-256-128-10, batch 128, one thread, float32\n", hone_nn_version());
    printf("  images per second        %10.0f   (best slice %.0f; by processor time %.0f)\n", rate, rates.best,
           rates.cpu);
    printf("  time of a step           %10.1f us\n", 1e6 * step_time);
    printf("  primitives run alone     %10.1f us   (ratio %.3f, %.1f GFLOP/s)\n", 1e6 * primitives,
           step_time / primitives, 1e-9 * hone_net_flops(w.net) / primitives);
    printf("  ratio by processor time  %10.3f\n", BATCH / rates.cpu / primitives);
    printf("  gather, update           %10.1f us + %.1f us   (step / (primitives + both) %.3f)\n", 1e6 * gather,
           1e6 * updates, step_time / (primitives + gather + updates));
    printf("  build and compile        %10.2f ms, the same shapes again %.2f ms\n", 1e3 * w.compile, 1e3 * w.recompile);
    printf("  memory                   %10.2f MB\n", (double)hone_net_bytes(w.net) / 1e6);
    printf("  two processes            %10.0f images per second in all (%.2f times one)\n", two, two / rate);
    hone_net_destroy(w.net);
    hone_nn_graph_destroy(w.graph);
    return 0;
}
