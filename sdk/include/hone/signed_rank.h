/* SPDX-License-Identifier: MIT */
/* hone/signed_rank.h - Wilcoxon's signed-rank test: do paired differences lie around zero? Header only.
 *
 * Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1(6), 80-83. */
#ifndef HONE_SIGNED_RANK_H
#define HONE_SIGNED_RANK_H
#include "hone/param.h"

#include <stdlib.h>

/* What becomes of differences that are zero. */
enum {
    HONE_ZEROS_DROPPED = 0, /* Wilcoxon's way: before the others are ranked */
    HONE_ZEROS_SPLIT =
        1 /* they are ranked; half of their ranks count as positive, half as negative (zsplit in SciPy) */
};
enum { HONE_SIGNED_RANK_EXACT = 200 }; /* pairs up to which the probabilities are exact */

typedef struct hone_signed_rank {
    uint64_t n;          /* differences that are not zero */
    double positive;     /* sum of the ranks of the positive ones, without a share of the zeros */
    double lower, upper; /* probability of a sum as small, as large or beyond, where either sign is equally likely */
} hone_signed_rank;

/* Probabilities of a sum <= w and >= w of those of the doubled ranks: (n) whose coin falls on the positive side. Doubled,
 * ranks are whole numbers with ties, too. */
static inline hone_rc hone_signed_rank_tails_(const uint64_t *doubled, uint64_t n, uint64_t w, hone_signed_rank *out,
                                              hone_error *err)
{
    uint64_t total = 0, reached = 0;
    double *share; /* (total + 1) probability of each sum */
    for (uint64_t i = 0; i < n; i++)
        total += doubled[i];
    share = (double *)calloc((size_t)total + 1, sizeof *share);
    if (!share)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the signed-rank test");
    share[0] = 1;
    for (uint64_t i = 0; i < n; i++) {
        reached += doubled[i];
        for (uint64_t s = reached + 1; s-- > 0;)
            share[s] = 0.5 * share[s] + (s >= doubled[i] ? 0.5 * share[s - doubled[i]] : 0);
    }
    out->lower = out->upper = 0;
    for (uint64_t s = 0; s <= total; s++) {
        out->lower += s <= w ? share[s] : 0;
        out->upper += s >= w ? share[s] : 0;
    }
    out->lower = out->lower < 1 ? out->lower : 1;
    out->upper = out->upper < 1 ? out->upper : 1;
    free(share);
    return HONE_OK;
}

/* Tests (n) differences; infinite ones are larger than all others, NaN is not allowed. Equal sizes share the mean of their
 * ranks. Exact for up to HONE_SIGNED_RANK_EXACT differences, ties and zeros included; beyond, normal with a correction for
 * continuity. Both probabilities are 1 where nothing differs. The two-sided p-value is twice the smaller one, at most 1.
 * HONE_ENOMEM. [any] */
static inline hone_rc hone_signed_rank_test(const double *differences, uint64_t n, uint32_t zeros,
                                            hone_signed_rank *out, hone_error *err)
{
    uint64_t *doubled = (uint64_t *)malloc((size_t)(n + 1) * sizeof *doubled), w = 0;
    double mean = 0, variance = 0;
    hone_rc rc = HONE_OK;
    out->n = 0;
    out->positive = 0;
    out->lower = out->upper = 1;
    if (!doubled)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the signed-rank test");
    for (uint64_t i = 0; i < n; i++) {
        const double size = fabs(differences[i]);
        uint64_t less = 0, equal = 0;
        if (!(size > 0))
            continue;
        for (uint64_t k = 0; k < n; k++) {
            const double other = fabs(differences[k]);
            if (other > 0 || zeros == HONE_ZEROS_SPLIT) {
                less += other < size;
                equal += other <= size && other >= size;
            }
        }
        const uint64_t twice = 2 * less + equal + 1;
        doubled[out->n++] = twice;
        w += differences[i] > 0 ? twice : 0;
        mean += (double)twice / 4;
        variance += (double)twice * (double)twice / 16;
    }
    out->positive = (double)w / 2;
    if (out->n && out->n <= HONE_SIGNED_RANK_EXACT) {
        rc = hone_signed_rank_tails_(doubled, out->n, w, out, err);
    } else if (out->n) {
        const double deviation = sqrt(2 * variance);
        out->lower = 0.5 * erfc((mean - out->positive - 0.5) / deviation);
        out->upper = 0.5 * erfc((out->positive - mean - 0.5) / deviation);
    }
    free(doubled);
    return rc;
}
#endif /* HONE_SIGNED_RANK_H */
