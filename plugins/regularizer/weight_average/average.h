/* SPDX-License-Identifier: MIT */
/* An average of a network's parameters and running statistics: adding to it, changing places with it, saving it. */
#ifndef HONE_WEIGHT_AVERAGE_H
#define HONE_WEIGHT_AVERAGE_H
#include "hone/weights.h"

/* Zero it, release it. */
struct average {
    hone_graph *graph; /* NULL: not known */
    hone_parameter *const *parameters, *const *buffers;
    uint32_t n, n_buffers;
    float **values;  /* (n + n_buffers) in the layout of each */
    float *plain;    /* (elements of the largest) */
    uint64_t n_seen; /* sets of weights in it */
    float *loaded;   /* numbers of a state that came before the network, plain, one array after the other */
    uint64_t n_loaded;
};
void average_release(struct average *average);
/* Makes room, and takes what was loaded before. HONE_EINVAL: that was of another network; HONE_ENOMEM. */
hone_rc average_open(struct average *average, hone_graph *graph, hone_parameter *const *parameters, uint32_t n,
                     hone_error *err);
int average_is_of(const struct average *average, hone_parameter *const *parameters, uint32_t n);
/* average <- share * average + (1 - share) * now */
void average_add(struct average *average, double share);
/* The average and the network's own change places. */
void average_swap(struct average *average);
hone_rc average_save(struct average *average, const hone_ostream *out, hone_error *err);
hone_rc average_load(struct average *average, const hone_istream *in, hone_error *err);
#endif
