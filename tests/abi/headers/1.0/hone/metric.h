/* SPDX-License-Identifier: MIT */
/* hone/metric.h - kind "metric/1": sums up predictions batch by batch and names what it found. */
#ifndef HONE_METRIC_H
#define HONE_METRIC_H
#include "hone/plugin.h"
#include "hone/task.h"

#define HONE_KIND_METRIC "metric/1"
typedef struct hone_predictions {
    uint32_t size, reserved;
    uint64_t n;            /* samples */
    int64_t k;             /* outputs */
    const float *outputs;  /* (n, k): probabilities, or numbers predicted */
    const int32_t *labels; /* (n) true classes; NULL for regression */
    const float *targets;  /* (n, k) true numbers; NULL for classification */
    const float *losses;   /* (n) loss of each sample as trained, without regularizers */
} hone_predictions;

/* A table beside the numbers: rows are true classes, columns predicted ones, for example. */
typedef struct hone_matrix {
    uint32_t size, reserved;
    const char *name;
    uint64_t rows, columns;
    const double *values;             /* (rows, columns) */
    const char *const *row_labels;    /* or NULL */
    const char *const *column_labels; /* or NULL */
} hone_matrix;

typedef struct hone_metric_sink {
    void *ctx;
    void (*value)(void *ctx, const char *name, double value, uint32_t direction); /* NaN: undefined here */
    void (*matrix)(void *ctx, const hone_matrix *matrix);
} hone_metric_sink;

enum { HONE_METRIC_CLASSIFICATION = 1u << 0, HONE_METRIC_REGRESSION = 1u << 1 };
typedef struct hone_metric_v1 {
    uint32_t size, flags;
    uint32_t tasks, reserved; /* HONE_METRIC_...: the tasks it makes sense for */
    /* [trial] start empty for a task; called again it starts anew */
    hone_rc (*begin)(void *self, const hone_task *task, hone_error *err);
    hone_rc (*update)(void *self, const hone_predictions *batch, hone_error *err);
    /* Adds what another instance of the same settings gathered, as if its batches had come here. */
    hone_rc (*merge)(void *self, const void *other, hone_error *err);
    /* Names its values by its own name ("accuracy") or with a suffix ("f1.macro"). Changes nothing. Accumulates in double. */
    hone_rc (*compute)(void *self, const hone_metric_sink *sink, hone_error *err);
    /* Names and directions of the values it will compute for a task, without data; no matrices. [study] or [trial] */
    hone_rc (*list)(void *self, const hone_task *task, const hone_metric_sink *sink, hone_error *err);
} hone_metric_v1;
#endif /* HONE_METRIC_H */
