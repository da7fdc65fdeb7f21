/* SPDX-License-Identifier: MIT */
/* Parameters of an invented network, with guards round every array: what optimizers and regularizers work on. */
#ifndef HONE_CHECK_PARAMETERS_H
#define HONE_CHECK_PARAMETERS_H
#include "check.h"

enum { MAX_PARAMETERS = 128 };
struct parameters {
    hone_parameter list[MAX_PARAMETERS];
    hone_parameter *pointers[MAX_PARAMETERS];
    char names[MAX_PARAMETERS][24];
    uint32_t n;
};
/* n parameters of the lengths given, kernels (length / 4, 4) where that divides, else biases; values and gradients are zero. */
void parameters_make(struct parameters *all, const uint64_t *lengths, uint32_t n, uint32_t n_states);
/* 0, or says which array was written past its ends. */
int parameters_guarded(struct check *c, const struct parameters *all, uint32_t n_states, const char *call);
uint64_t parameters_length(const struct parameters *all);
/* The i-th number of all values or gradients, in order. */
float *parameters_at(const struct parameters *all, uint64_t i, int gradient);
#endif
