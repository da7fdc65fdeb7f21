/* SPDX-License-Identifier: MIT */
/* Decoded samples and the draw of a test split. */
#include "samples.h"

#include "hone/param.h"
#include "hone/rng.h"

#include <stdlib.h>
#include <string.h>

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

uint64_t samples_labels_at(uint64_t n, uint64_t sample_bytes)
{
    return aligned(n * sample_bytes);
}

uint64_t samples_footer_at(uint64_t n, uint64_t sample_bytes)
{
    return samples_labels_at(n, sample_bytes) + aligned(n * sizeof(int32_t));
}

uint64_t samples_bytes(uint64_t n, uint64_t sample_bytes, uint64_t footer_bytes)
{
    return samples_footer_at(n, sample_bytes) + footer_bytes;
}

hone_rc draw_test(const int32_t *labels, uint64_t n, double share, uint64_t seed, uint8_t *is_test, hone_error *err)
{
    int32_t n_classes = 0;
    uint64_t *own = malloc((n ? n : 1) * sizeof *own);
    if (!own)
        return hone_fail(err, HONE_ENOMEM, "test", "out of memory for %llu samples", (unsigned long long)n);
    memset(is_test, 0, n);
    for (uint64_t i = 0; i < n; i++)
        n_classes = labels[i] >= n_classes ? labels[i] + 1 : n_classes;
    for (int32_t k = 0; k < n_classes && share > 0; k++) {
        hone_rng rng = hone_rng_at(seed, (uint64_t)k);
        uint64_t m = 0;
        for (uint64_t i = 0; i < n; i++)
            if (labels[i] == k)
                own[m++] = i;
        uint64_t wanted = (uint64_t)floor(share * (double)m + 0.5);
        if (m >= 2)
            wanted = wanted < 1 ? 1 : wanted > m - 1 ? m - 1 : wanted;
        hone_rng_shuffle(&rng, own, m);
        for (uint64_t i = 0; i < wanted && m >= 2; i++)
            is_test[own[i]] = 1;
    }
    free(own);
    return HONE_OK;
}

uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    return h;
}

HONE_MODULE("org.hone.dataset.image", "0.1.0", "MIT", "the hone authors", "", &image_folder, &image_tiles)
