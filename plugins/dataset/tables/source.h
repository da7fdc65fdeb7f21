/* SPDX-License-Identifier: MIT */
/* What the readers of this folder share: a set read whole into memory, its splits, its classes. One file each:
 *
 *     source.c    dataset/1 over a set in memory; setting rows aside for the test; classes of numbers
 *     text.c      a text file, its lines, and messages that name them
 *     libsvm.c    dataset/libsvm
 *     arff.c      dataset/arff: what rows become; arff_file.c reads header and rows
 *     array.c     one array of numpy; array_file.c and zip.c find it in a file
 *     numpy.c     dataset/npy and dataset/npz
 *     memory.c    dataset/memory
 *     tables.c    the module */
#ifndef HONE_TABLES_SOURCE_H
#define HONE_TABLES_SOURCE_H
#include "hone/instance.h"
#include "hone/samples.h"

enum { TASK_AUTO, TASK_CLASSIFICATION, TASK_REGRESSION };
extern const char *const source_tasks[]; /* "auto", "classification", "regression", NULL */

struct part {
    uint64_t n;
    void *inputs;    /* (n, sample) of the task's dtype */
    int32_t *labels; /* (n), or NULL */
    float *targets;  /* (n, n_outputs), or NULL */
};

struct source {
    const hone_host *host;
    const void *settings;                                    /* the reader's */
    hone_rc (*open)(struct source *source, hone_error *err); /* fills in what follows */
    int opened;
    hone_task task; /* its names are those below */
    struct part parts[HONE_SPLITS];
    char **classes, **features; /* (n_classes), (n_features), or NULL */
    uint64_t n_classes, n_features;
};

extern const hone_dataset_v1 source_iface;
hone_rc source_create(const hone_host *host, const hone_create_info *info,
                      hone_rc (*open)(struct source *, hone_error *), void **self, hone_error *err);
void source_destroy(void *self);

/* The task of rows of `features` numbers; call it when classes and features are there. */
void source_describe_table(struct source *source, uint32_t kind, int64_t n_outputs, uint64_t features);
/* Room for n samples of the task in a part. HONE_ENOMEM blames `key`. */
hone_rc part_allocate(const struct source *source, struct part *part, uint64_t n, const char *key, hone_error *err);

/* `file` and `test` exclude each other, and `test` must leave something to train and to test on. */
hone_rc source_check_test(const char *file, const char *file_key, double share, hone_error *err);
/* rows: (n), first the numbers of those to train on, then the *n_test that are set aside: an even share of every class where
 * there are labels (NULL: none), each in the order of the file. */
hone_rc source_set_aside(uint64_t n, const int32_t *labels, double share, int64_t seed, uint64_t *rows,
                         uint64_t *n_test, hone_error *err);
/* Moves the share from the training part to the test part. */
hone_rc source_split(struct source *source, double share, int64_t seed, hone_error *err);

/* ---- targets that are numbers ---- */
/* values[i]: (n[i]) targets of the parts. Decides by `task` whether they are classes - auto: whole numbers, no more than 20
 * different ones - and names these after the numbers. *classification, and labels of all parts (which the caller frees) where
 * they are classes. */
hone_rc source_classes(struct source *source, double *const values[HONE_SPLITS], const uint64_t n[HONE_SPLITS],
                       uint32_t task, const char *key, int32_t *labels[HONE_SPLITS], int *classification,
                       hone_error *err);

extern const hone_component libsvm_dataset, arff_dataset, npy_dataset, npz_dataset, memory_dataset;
#endif
