/* SPDX-License-Identifier: MIT */
/* What both components of this module need: decoded samples of a split, in the host's cache where it lends one, and a test
 * split drawn from all samples. */
#ifndef HONE_IMAGE_SAMPLES_H
#define HONE_IMAGE_SAMPLES_H
#include "hone/dataset.h"

/* One split, decoded. */
struct samples {
    uint64_t n;
    const uint8_t *inputs; /* (n, sample_bytes) */
    const int32_t *labels; /* (n) */
    void *owned;           /* private memory where the host lends no cache */
};
/* Bytes of a block of n samples: inputs, labels from the next multiple of 64 on, and a footer of the caller's. */
uint64_t samples_bytes(uint64_t n, uint64_t sample_bytes, uint64_t footer_bytes);
uint64_t samples_labels_at(uint64_t n, uint64_t sample_bytes); /* offset of the labels */
uint64_t samples_footer_at(uint64_t n, uint64_t sample_bytes); /* offset of the footer, a multiple of 64 */

/* Maps the block of `key` through the cache, or fills private memory that *owned then holds. */
hone_rc block_map(const hone_host *host, const char *key, uint64_t bytes,
                  hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx, const void **block, void **owned,
                  hone_error *err);

/* Copies samples; labels alone where inputs is NULL. HONE_ERANGE. [any] */
hone_rc samples_read(const struct samples *samples, uint64_t sample_bytes, const uint64_t *indices, uint64_t n,
                     void *inputs, int32_t *labels, hone_error *err);

/* Marks the test samples: of every class the nearest number to `share` of its samples, but neither none nor all where a
 * class has two or more. Which ones depends on the seed, the class and the number of its samples alone. is_test: (n).
 * HONE_ENOMEM. */
hone_rc draw_test(const int32_t *labels, uint64_t n, double share, uint64_t seed, uint8_t *is_test, hone_error *err);

/* FNV-1a, to be continued from h; start with HASH_START. */
#define HASH_START 0xcbf29ce484222325u
uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n);

extern const hone_component image_folder, image_tiles;
#endif
