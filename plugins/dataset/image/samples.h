/* SPDX-License-Identifier: MIT */
/* What both components of this module need: decoded samples of a split, in the host's cache where it lends one, and a test
 * split drawn from all samples. */
#ifndef HONE_IMAGE_SAMPLES_H
#define HONE_IMAGE_SAMPLES_H
#include "hone/samples.h"

/* Bytes of a block of n samples: inputs, labels from the next multiple of 64 on, and a footer of the caller's. */
uint64_t samples_bytes(uint64_t n, uint64_t sample_bytes, uint64_t footer_bytes);
uint64_t samples_labels_at(uint64_t n, uint64_t sample_bytes); /* offset of the labels */
uint64_t samples_footer_at(uint64_t n, uint64_t sample_bytes); /* offset of the footer, a multiple of 64 */

/* Marks the test samples: of every class the nearest number to `share` of its samples, but neither none nor all where a
 * class has two or more. Which ones depends on the seed, the class and the number of its samples alone. is_test: (n).
 * HONE_ENOMEM. */
hone_rc draw_test(const int32_t *labels, uint64_t n, double share, uint64_t seed, uint8_t *is_test, hone_error *err);

/* FNV-1a, to be continued from h; start with HASH_START. */
#define HASH_START 0xcbf29ce484222325u
uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n);

extern const hone_component image_folder, image_tiles;
#endif
