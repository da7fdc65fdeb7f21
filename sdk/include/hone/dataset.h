/* SPDX-License-Identifier: MIT */
/* hone/dataset.h - kind "dataset/1": random access to samples, without state.
 *
 * Decoding goes through "hone.cache/1" where it costs: the host keeps what was decoded as a file that all workers map, so
 * that N workers hold one copy and the second run starts at once. */
#ifndef HONE_DATASET_H
#define HONE_DATASET_H
#include "hone/plugin.h"
#include "hone/task.h"

#define HONE_KIND_DATASET "dataset/1"
enum { HONE_SPLIT_TRAIN = 0, HONE_SPLIT_VALIDATION = 1, HONE_SPLIT_TEST = 2, HONE_SPLITS = 3 };

/* A whole split in memory (mapped, read-only), life of the instance. */
typedef struct hone_dataset_view {
    uint32_t size, reserved;
    uint64_t n;
    const void *inputs;    /* (n, task.dims...) of task.dtype */
    const int32_t *labels; /* (n), classification */
    const float *targets;  /* (n, n_outputs), regression */
} hone_dataset_view;

enum { HONE_DATASET_LABELS_ALONE = 1u << 0 }; /* flags: read also takes inputs = NULL, and then decodes nothing */

typedef struct hone_dataset_v1 {
    uint32_t size, flags;
    /* Opens what the settings name and fills in the task and the size of each split (0: the set has none such; the host
     * then takes a share of the training split). Strings: life of the instance. [trial] */
    hone_rc (*describe)(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err);
    /* Samples in the order of indices: inputs (n, dims...) of task.dtype; labels (n) or targets (n, n_outputs), the other
     * one is NULL. [any] */
    hone_rc (*read)(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs, int32_t *labels,
                    float *targets, hone_error *err);
    /* May be NULL or answer HONE_ENOTSUP: then samples are read. [any] */
    hone_rc (*view)(void *self, uint32_t split, hone_dataset_view *view, hone_error *err);
} hone_dataset_v1;

/* host->get_ext(host, HONE_EXT_CACHE): files of decoded data, shared by all processes of the user. [trial] */
#define HONE_EXT_CACHE "hone.cache/1"
typedef struct hone_cache_v1 {
    uint32_t size, reserved;
    /* Maps the block of `bytes` bytes that belongs to `key` (any text: name the source's path, size and mtime in ns, and a
     * version of the decoding). Where it is not there yet, fill writes it once, into a temporary file that is renamed when
     * whole; other processes wait. Without a writable cache directory the block is private memory. Life: until the process
     * ends. fill's failure is returned and leaves nothing behind. */
    hone_rc (*map)(const hone_host *host, const char *key, uint64_t bytes,
                   hone_rc (*fill)(void *ctx, void *block, hone_error *err), void *ctx, const void **block,
                   hone_error *err);
} hone_cache_v1;
#endif /* HONE_DATASET_H */
