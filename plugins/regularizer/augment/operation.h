/* SPDX-License-Identifier: MIT */
/* The fourteen operations that trivial_augment and rand_augment draw from, with the magnitudes of either. */
#ifndef HONE_AUGMENT_OPERATION_H
#define HONE_AUGMENT_OPERATION_H
#include "augment.h"

enum { OPERATIONS = 14, MAGNITUDES = 31 };
enum space {
    SPACE_WIDE, /* Mueller and Hutter 2021, table 8 ("wide"), for trivial_augment */
    SPACE_RAND  /* Cubuk et al. 2020, for rand_augment */
};
const char *operation_name(uint32_t operation);

/* The magnitude of a level in 0 .. MAGNITUDES - 1 for images of that size: a shear (tangent), pixels, degrees, a factor less 1,
 * bits that are kept, a threshold; 0 for operations without one. */
double operation_magnitude(enum space space, uint32_t operation, uint32_t level, int64_t width, int64_t height);
/* Whether a magnitude may be turned into its negative. */
int operation_is_signed(uint32_t operation);
void operation_apply(struct image *image, uint32_t operation, double magnitude, uint32_t interpolation, double fill);
/* Any of them, all alike, with the magnitude of the level and either sign. */
void operation_draw(struct image *image, enum space space, uint32_t level, uint32_t interpolation, double fill,
                    hone_rng *rng);
#endif
