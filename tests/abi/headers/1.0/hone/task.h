/* SPDX-License-Identifier: MIT */
/* hone/task.h - what a data set asks of a network: the words that data sets, models, losses and metrics share. */
#ifndef HONE_TASK_H
#define HONE_TASK_H
#include "hone/plugin.h"
#include "hone/tensor.h"

enum { HONE_TASK_CLASSIFICATION = 1, /* one of n_outputs classes */ HONE_TASK_REGRESSION = 2 /* n_outputs numbers */ };

/* Directions of a reported number. */
enum { HONE_NO_DIRECTION = 0, HONE_MINIMIZE = 1, HONE_MAXIMIZE = 2 };

typedef struct hone_task {
    uint32_t size, kind;         /* HONE_TASK_... */
    int64_t n_outputs;           /* classes, or values to predict */
    uint32_t n_dims, dtype;      /* of one sample as read: HONE_U8 for images, HONE_F32 */
    int64_t dims[HONE_MAX_DIMS]; /* (C, H, W) for images, (features) for tables */
    const char *const *classes;  /* (n_outputs) names, or NULL */
    const char *const *features; /* names of a table's columns, or NULL */
} hone_task;

/* A named number with its direction, as metrics compute and objectives report it. */
typedef struct hone_value {
    const char *name; /* "accuracy", "validation.loss" */
    double value;
    uint32_t direction, reserved;
} hone_value;
#endif /* HONE_TASK_H */
