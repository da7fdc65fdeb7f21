/* SPDX-License-Identifier: MIT */
/* hone/samples.h - help for data sets whose splits are whole in memory, each as a hone_dataset_view: their reading, and the
 * block that all workers share. Header only.
 *
 *     view: fills in the split, or return hone_samples_no_split(split, err)
 *     read: rc = view(self, split, &v, err);
 *           return rc == HONE_OK ? hone_samples_read(&v, sample_bytes, 1, indices, n, inputs, labels, targets, err) : rc; */
#ifndef HONE_SAMPLES_H
#define HONE_SAMPLES_H
#include "hone/dataset.h"
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>

/* HONE_EINVAL: there is no such split. [any] */
static inline hone_rc hone_samples_no_split(uint32_t split, hone_error *err)
{
    static const char *const names[HONE_SPLITS] = { "training", "validation", "test" };
    return hone_fail(err, HONE_EINVAL, "", "the data set has no %s split", split < HONE_SPLITS ? names[split] : "such");
}

/* hone_dataset_v1.read of a split in memory: samples of sample_bytes bytes; labels where the view has them, n_outputs targets
 * a sample otherwise. inputs NULL: labels or targets alone. HONE_ERANGE. [any] */
static inline hone_rc hone_samples_read(const hone_dataset_view *view, uint64_t sample_bytes, uint64_t n_outputs,
                                        const uint64_t *indices, uint64_t n, void *inputs, int32_t *labels,
                                        float *targets, hone_error *err)
{
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t at = indices[i];
        if (at >= view->n)
            return hone_fail(err, HONE_ERANGE, "", "sample %llu does not exist: the split has %llu",
                             (unsigned long long)at, (unsigned long long)view->n);
        if (inputs)
            memcpy((char *)inputs + i * sample_bytes, (const char *)view->inputs + at * sample_bytes,
                   (size_t)sample_bytes);
        if (view->labels)
            labels[i] = view->labels[at];
        else
            memcpy(targets + i * n_outputs, view->targets + at * n_outputs, (size_t)n_outputs * sizeof *targets);
    }
    return HONE_OK;
}

/* *block: the `bytes` bytes of `key` in the host's cache, see hone_cache_v1; where the host lends none, memory that fill
 * wrote, *owned, to be freed. HONE_ENOMEM, and fill's failure. [trial] */
static inline hone_rc hone_samples_map(const hone_host *host, const char *key, uint64_t bytes,
                                       hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx,
                                       const void **block, void **owned, hone_error *err)
{
    const hone_cache_v1 *cache = host && host->get_ext ? (const hone_cache_v1 *)host->get_ext(host, HONE_EXT_CACHE)
                                                       : NULL;
    if (cache)
        return cache->map(host, key, bytes, fill, ctx, block, err);
    if (!(*owned = calloc(1, (size_t)bytes)))
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %llu bytes of decoded samples",
                         (unsigned long long)bytes);
    *block = *owned;
    return fill(ctx, *owned, err);
}
#endif /* HONE_SAMPLES_H */
