/* SPDX-License-Identifier: MIT */
/* What the parts of benchmark/nn share: a network in training, clocks and memory of this process, the peer. */
#ifndef BENCHMARK_NN_H
#define BENCHMARK_NN_H
#include "hone/benchmark.h"
#include "hone/model.h"
#include "hone/optimizer.h"
#include "hone/param.h"
#include "hone/regularizer.h"

enum { SAMPLES = 60000, PIXELS = 784, CLASSES = 10 }; /* as Fashion-MNIST; the numbers are drawn */

/* ---- clocks and memory (machine.c) ---- */
double wall_seconds(void);
double cpu_seconds(void); /* of the process, all threads */
/* Floating-point operations a second that one core reaches in fused multiply-adds out of registers, by processor time; 0: it has
 * no such instruction of that precision. A burst takes some hundredths of a second. */
double core_peak(uint32_t precision, int bursts);
/* Gives free memory back and forgets the peak so far; returns the bytes that are resident. */
uint64_t memory_begin(void);
uint64_t memory_peak(void); /* bytes resident at the most since then */

/* ---- training (training.c) ---- */
struct data { /* of all networks */
    uint8_t *pixels, *labels;
    uint64_t *order;
    float *scale, *shift;
};
hone_rc data_create(struct data *data, uint64_t seed, hone_error *err);
void data_release(struct data *data);

struct shape {
    const char *net;
    uint32_t batch, threads, precision;
};
struct training {
    const hone_host *host;
    const struct data *data;
    struct shape shape;
    hone_instance model, optimizer, decay;
    hone_graph *graph;
    hone_net *net;
    hone_var x, t;
    uint64_t step, at;
    uint64_t parameters;
};
extern const char *const network_names[]; /* NULL at the end */
/* HONE_ENOTSUP: this machine cannot compute in that precision. */
hone_rc training_create(struct training *training, const hone_host *host, const struct data *data,
                        const struct shape *shape, hone_error *err);
void training_release(struct training *training);
hone_rc training_step(struct training *training, hone_error *err);

struct slice { /* some steps in a row */
    double images, wall, cpu;
};
/* Steps for so many seconds, one at least. HONE_ECANCELED where the host wants to end. */
hone_rc training_run(struct training *training, double seconds, struct slice *slice, hone_error *err);
/* Seconds of the operations of a step, each run alone, the caches full of its own data: gather (of images that are new each time),
 * every operation of the forward and of the backward pass, L2, update. By processor time with one thread, by the clock with
 * several. Leaves the weights alone. */
hone_rc training_operations(struct training *training, double *seconds, hone_error *err);

/* ---- PyTorch (peer.c) ---- */
struct peer {
    const hone_host *host;
    int pid, fd; /* fd -1: none */
    const char *mode;
    uint64_t parameters, memory;
    char version[48];
    char line[512];
    size_t n;
};
#define PEER_INIT                          \
    {                                      \
        NULL, 0, -1, NULL, 0, 0, "", "", 0 \
    }
extern const char peer_script[];
extern const char *const peer_modes[]; /* NULL at the end */
/* Starts the interpreter on the script; ready when the first steps are done. */
hone_rc peer_open(struct peer *peer, const hone_host *host, const char *interpreter, const struct shape *shape,
                  const char *mode, hone_error *err);
hone_rc peer_run(struct peer *peer, double seconds, struct slice *slice, hone_error *err);
void peer_close(struct peer *peer);
#endif
