/* SPDX-License-Identifier: MIT */
/* "hone.cache/1": decoded data as files below the user's cache directory, mapped by all workers. */
#ifndef HONE_WORKER_DATA_CACHE_H
#define HONE_WORKER_DATA_CACHE_H
#include "hone/dataset.h"
extern const hone_cache_v1 data_cache;
#endif
