/* SPDX-License-Identifier: MIT */
/* What mixup and cutmix share. Sample i of a batch of n mixes with sample n - 1 - i: batches are shuffled anew every epoch, so
 * that this partner is as random as any, and a pair is mixed in place. The middle one of an odd batch stays as it is. */
#ifndef HONE_MIX_H
#define HONE_MIX_H
#include "hone/instance.h"
#include "hone/place.h"
#include "hone/regularizer.h"
#include "hone/rng.h"

enum { DRAW_BATCH = 0, DRAW_SAMPLE = 1 };
extern const char *const draws[]; /* in that order */
#define MIX_PARAMS(T, alpha_default)                                                                                  \
    HONE_REAL(T, alpha, alpha_default, 0, 1000, HONE_P_TUNABLE, NULL,                                                 \
              "Both parameters of the Beta distribution of lambda: small ones leave most samples nearly whole, 1 is " \
              "uniform, large ones mix half and half. 0 changes nothing."),                                           \
        HONE_REAL(T, probability, "1", 0, 1, HONE_P_TUNABLE, NULL,                                                    \
                  "Probability that a batch is mixed at all; 0 changes nothing."),                                    \
        HONE_ENUM(T, draw, "batch", draws, 0, "Whether one lambda is drawn for a batch, or one for each sample.")

/* A deviate of Beta(alpha, alpha), alpha > 0. Joehnk 1964 up to 1, a ratio of Marsaglia and Tsang's gamma deviates (2000)
 * above. [any] */
double mix_beta(hone_rng *rng, double alpha);
/* a' = a_share a + (1 - a_share) b, b' = b_share b + (1 - b_share) a     a, b: (n), apart */
void mix_rows(float *a, float *b, uint64_t n, double a_share, double b_share);

extern const hone_component mixup_component, cutmix_component;
extern const hone_place mix_place; /* provides soft_targets */
const void *mix_ext(const char *id);
#endif
