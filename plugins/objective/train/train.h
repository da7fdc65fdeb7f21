/* SPDX-License-Identifier: MIT */
/* What the files of objective/train share: the pieces of a training and who makes them. One file each:
 *
 *     slots.c     which components a training is composed of, and instances of its own for every training
 *     data.c      the data set: its task, its samples, its labels
 *     split.c     who trains and who validates
 *     pipeline.c  from sample numbers to a batch of network inputs
 *     network.c   the graph, compiled for the batch sizes that occur
 *     hooks.c     the regularizers' hooks on parameters, in the order that hone/regularizer.h promises
 *     loop.c      steps and epochs
 *     slope.c     what schedules hear of the update before
 *     diagnosis.c what tells how the training goes: the gap, norms, dead units
 *     hypergradient.h, coefficients.c, curvature.c, implicit.c, unrolled.c  derivatives of the validation loss
 *     measure.c   names of what is measured, and inference over a list of samples
 *     folds.c     trainings side by side, their means, and the reports to the host
 *     checkpoint.c  a trial's state as a file
 *     finish.c    the last training: test metrics, tables, model file */
#ifndef HONE_TRAIN_H
#define HONE_TRAIN_H
#include "hone/dataset.h"
#include "hone/layer.h"
#include "hone/loss.h"
#include "hone/lr_schedule.h"
#include "hone/metric.h"
#include "hone/model.h"
#include "hone/nn.h"
#include "hone/objective.h"
#include "hone/optimizer.h"
#include "hone/param.h"
#include "hone/regularizer.h"
#include "hone/rng.h"
#include "hone/transform.h"

#include <time.h>

enum steps { STEPS_EPOCHS, STEPS_FOLDS };
struct settings {
    int64_t epochs, batch_size, threads, stop_after;
    uint32_t steps, precision;
    uint8_t diagnosis;
    uint32_t hypergradient, hypergradient_solver;
    int64_t hypergradient_terms, hypergradient_batches, hypergradient_interval;
    double hypergradient_alpha, hypergradient_epsilon, hypergradient_rate;
    hone_strings hypergradient_tunes;
};
struct dataset_keys { /* what the objective adds to [dataset] */
    double validation;
    int64_t folds;
    double fraction;
    uint8_t stratify;
};

/* Streams of the seeds: every use of randomness has a number of its own. */
enum {
    STREAM_SPLIT = 1,
    STREAM_WEIGHTS = 2,
    STREAM_ORDER = 3,
    STREAM_FOLD = 4,
    STREAM_MEMBER = 5,
    STREAM_VALIDATION = 6
};

/* ---- slots.c ---- */
enum part {
    PART_TRANSFORM,
    PART_MODEL,
    PART_LOSS,
    PART_REGULARIZER,
    PART_OPTIMIZER,
    PART_SCHEDULE,
    PART_METRIC,
    PARTS
};
enum { TRAIN_SLOTS = 2 + PARTS }; /* the data set, the parts and the layers of the model */
extern const hone_slot *const train_slots[TRAIN_SLOTS];

struct member { /* one component of one training */
    const hone_component *component;
    const char *name; /* section */
    const void *iface;
    void *self; /* ours, not the host's: trainings side by side share no state */
    uint64_t seed;
};
struct crew {
    struct member *members[PARTS];
    uint32_t n[PARTS];
    uint32_t n_layers; /* [layer.NAME] sections, which the model makes use of */
};
/* Instances of everything but the data set, seeded from `seed` and the section's name alone, so that leaving one out
 * changes nothing for the others. The loss that the task implies where none is named. */
hone_rc crew_create(struct crew *crew, const hone_host *host, const hone_task *task, uint64_t seed, hone_error *err);
void crew_release(struct crew *crew);
/* Says whose key a failure is about, for the host to find its line: "regularizer.dropout.rate". Returns rc. */
hone_rc member_failed(const struct member *member, hone_rc rc, hone_error *err);
/* The same while it trains, when what failed need not be the section's fault: only where it names a key. */
hone_rc member_erred(const struct member *member, hone_rc rc, hone_error *err);
/* Refuses components that make no sense for the task, or without a validation set. */
hone_rc crew_check(const struct crew *crew, const hone_task *task, int has_validation, hone_error *err);
/* The host's services; a missing one is a failure. */
const hone_components_v1 *components_of(const hone_host *host, hone_error *err);

/* ---- data.c ---- */
enum { MIXED = HONE_SPLITS }; /* ids count through the training split and on through the validation split */
struct samples {
    uint32_t split;
    uint64_t *ids; /* (n) */
    uint64_t n;
};
struct data {
    void *self;
    const char *name;
    const hone_dataset_v1 *iface;
    const struct dataset_keys *keys;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    uint64_t elements, sample_bytes;      /* of one sample as read */
    hone_dataset_view views[HONE_SPLITS]; /* n = 0: none, samples are read */
};
hone_rc data_open(struct data *data, const hone_host *host, hone_error *err);
/* Samples as they are stored: inputs (n, sample_bytes), labels (n) or numbers (n, n_outputs). */
hone_rc data_read(const struct data *data, uint32_t split, const uint64_t *ids, uint64_t n, void *inputs,
                  int32_t *labels, float *numbers, hone_error *err);
/* Labels or numbers alone. */
hone_rc data_targets(const struct data *data, uint32_t split, const uint64_t *ids, uint64_t n, int32_t *labels,
                     float *numbers, hone_error *err);
/* Where a split lies in memory, or NULL. */
const hone_dataset_view *data_view(const struct data *data, uint32_t split);
hone_rc samples_allocate(struct samples *samples, uint32_t split, uint64_t n, hone_error *err);
void samples_release(struct samples *samples);

/* ---- split.c ---- */
/* Fold `fold` of the study's partition; keys->folds = 0: the one split. The same seed gives the same parts. */
hone_rc split_make(const struct data *data, uint64_t seed, uint64_t fold, struct samples *train,
                   struct samples *validation, hone_error *err);
/* Everything that is not test data, and the test data. */
hone_rc split_final(const struct data *data, uint64_t seed, struct samples *train, struct samples *test,
                    hone_error *err);
/* 1 where trials have something to validate on; fails where the keys contradict the data. */
hone_rc split_check(const struct data *data, int *has_validation, hone_error *err);

/* ---- pipeline.c ---- */
struct pipeline {
    const struct data *data;
    const struct crew *crew;
    const hone_trial *trial; /* NULL outside one */
    hone_task *tasks;        /* (transforms + 1): as read, after the first transform, ... */
    uint64_t *elements;
    uint32_t n_ready, n_fused; /* transforms fitted; leading ones that are part of the gather */
    float *scale, *shift;      /* (elements[0]) of the gather */
    uint64_t capacity;         /* samples that the buffers hold */
    uint8_t *raw;              /* (capacity, sample_bytes) */
    uint64_t *in_order;        /* (capacity) 0, 1, ...: rows of raw */
    float *buffers[2];         /* (capacity, largest of elements) */
    int32_t *labels;           /* (capacity) of the last batch; classification */
};
/* What a batch is augmented with; NULL in inference. */
struct augmentation {
    uint64_t epoch, step;
};
/* Hears the shapes; pipeline->tasks[transforms] is what the network will see. */
hone_rc pipeline_create(struct pipeline *pipeline, const struct data *data, const struct crew *crew,
                        const hone_trial *trial, uint64_t capacity, hone_error *err);
void pipeline_release(struct pipeline *pipeline);
const hone_task *pipeline_task(const struct pipeline *pipeline); /* of the network's input */
/* Fits every transform in turn on the samples. */
hone_rc pipeline_fit(struct pipeline *pipeline, const struct samples *samples, const hone_host *host, hone_error *err);
/* x: (n, elements), targets: (n, k) of samples->ids[from ..]; regularizers' on_batch and on_targets where augmented.
 * ids: in place of samples->ids (an order of its own). */
hone_rc pipeline_batch(struct pipeline *pipeline, const struct samples *samples, const uint64_t *ids, uint64_t n,
                       const struct augmentation *augmentation, float *x, float *targets, hone_error *err);

/* ---- network.c ---- */
enum { NET_FULL, NET_REST, NET_INFER, NETS };
struct network {
    hone_graph *graph;
    hone_var x, targets, loss, output;
    hone_net *nets[NETS]; /* batch_size; what is left of an epoch, or NULL; inference */
    hone_parameter *const *parameters;
    uint32_t n_parameters;
    hone_parameter *const *buffers; /* running statistics: remembered, not trained */
    uint32_t n_buffers;
    uint64_t n_weights; /* numbers that training sets */
    float **kept;       /* (n_parameters + n_buffers) copies of both, or NULL */
    float *statistics;  /* of all buffers, while a step asks for another pass; NULL where none does */
};
/* The graph alone, and the parameters where a regularizer asks for them: enough to hear of mistakes. */
hone_rc network_check(struct network *network, const struct crew *crew, const hone_task *task,
                      const struct settings *settings, hone_error *err);
hone_rc network_build(struct network *network, const struct crew *crew, const hone_trial *trial, const hone_task *task,
                      const struct settings *settings, uint64_t seed, hone_error *err);
hone_rc network_compile(struct network *network, const struct crew *crew, const hone_trial *trial, uint64_t batch_size,
                        uint64_t n_train, hone_error *err);
hone_rc network_keep(struct network *network, hone_error *err);
hone_rc network_restore(struct network *network, hone_error *err);
void network_release(struct network *network);

/* ---- measure.c ---- */
struct measure {
    char *name;      /* "accuracy": as reported, after "validation." or "test." */
    char *own;       /* as the metric says it */
    uint32_t metric; /* index in the crew; UINT32_MAX: the loss */
    uint32_t direction;
    char *validation, *deviation; /* "validation.accuracy", "validation.accuracy.deviation" */
};
struct measures {
    struct measure *items; /* [0] is the loss */
    uint32_t n;
};
/* A metric's name for something ("f1.macro", "confusion") as it is reported: sections of one component stay apart. To be
 * freed; NULL: out of memory. */
char *measure_name(const struct crew *crew, uint32_t metric, const char *own);
hone_rc measures_create(struct measures *measures, const struct crew *crew, const hone_task *task, hone_error *err);
void measures_release(struct measures *measures);

/* ---- what diagnosis.c keeps ---- */
enum { /* the first of the values: of the whole network */
       LEARNING_RATE,
       STEP_TIME, /* by the clock: nothing may depend on it */
       GRADIENT_NORM,
       GRADIENT_NORM_MAX,
       WEIGHT_NORM,
       UPDATE_RATIO,
       DEAD_UNITS,
       BASELINE_LOSS,
       TRAIN_LOSS_ERROR,
       WHOLES,
       LOSS_ERROR = WHOLES /* with a validation set */
};
struct group;
struct diagnosis {
    int on;
    hone_value *values; /* (n) as reported; names are owned */
    uint32_t n, first_group, first_site;
    struct samples samples; /* training samples that are measured as validation samples are */
    double *measured;       /* (measures->n) of them */
    double baseline;
    struct group *groups; /* (n_groups + 1) of layers; the last one is all parameters */
    uint32_t n_groups;
    uint32_t *group_of; /* (n_parameters) UINT32_MAX: none */
    uint64_t stride;    /* every so many steps one is looked at */
    uint64_t n_looks;
    float *before; /* coordinates of the weights before the update */
    struct timespec began;
};

/* ---- one training: a network, its data, its components ---- */
struct training {
    const hone_host *host;
    const hone_trial *trial;
    const struct settings *settings;
    const struct measures *measures;
    uint64_t seed;
    struct crew crew;
    struct pipeline pipeline;
    struct network network;
    struct samples train, validation; /* validation.n = 0: none */
    uint64_t *order;                  /* (train.n) of the epoch */
    uint64_t step, steps_per_epoch;
    double train_loss;
    double learning_rate; /* of the last update, the schedule included */
    double loss_error;    /* standard error of the mean loss that was measured last */
    struct diagnosis diagnosis;
    float *direction;    /* of the update before, parameter after parameter; NULL: no schedule asks for it */
    struct hyper *hyper; /* NULL: no derivatives are asked for */
    uint64_t epochs_done, kept_epoch, weights_epoch; /* weights_epoch: epochs behind the weights at hand */
    double *values;                                  /* (measures->n) of the last validation */
    hone_value *progress;                            /* (measures->n) the same, as regularizers hear it */
    int ended;                                       /* a regularizer has ended it */
};
/* Fits the transforms and compiles the network. train and validation must be set. */
hone_rc training_prepare(struct training *training, const struct data *data, hone_error *err);
/* One epoch, 0-based: trains, validates, tells the schedule and the regularizers. */
hone_rc training_epoch(struct training *training, uint64_t epoch, hone_error *err);
/* at_end hooks; *changed: some regularizer had a word, the values were measured anew. */
hone_rc training_end(struct training *training, int *changed, hone_error *err);
void training_release(struct training *training);
/* Who hears the tables of the metrics. */
struct tables {
    void *ctx;
    void (*add)(void *ctx, uint32_t metric, const hone_matrix *matrix);
};
/* Inference over samples: values (measures->n); tables may be NULL. */
hone_rc training_measure(struct training *training, const struct samples *samples, double *values,
                         const struct tables *tables, hone_error *err);

/* ---- hooks.c ---- */
struct stepping { /* a step, while its passes are made */
    struct training *training;
    hone_net *net;
    uint64_t epoch;
    double loss; /* of the first pass */
};
hone_rc hooks_on_task(const struct crew *crew, const hone_task *read, const hone_task *input, const hone_trial *trial,
                      hone_error *err);
hone_rc hooks_on_network(struct network *network, const struct crew *crew, const hone_trial *trial, hone_error *err);
/* One pass: before_pass, forward and backward, after_pass. */
hone_rc hooks_pass(struct stepping *stepping, double *loss, hone_error *err);
hone_rc hooks_on_step(struct stepping *stepping, hone_error *err);
hone_rc hooks_on_gradients(struct training *training, hone_error *err);
hone_rc hooks_after_update(struct training *training, const hone_decay *now, hone_error *err);
hone_rc hooks_on_evaluation(struct training *training, uint32_t begins, hone_error *err);

/* ---- slope.c ---- */
hone_rc slope_create(struct training *training, hone_error *err);
/* Around an update, whose gradient is at hand; what the schedule hears of the one before; the rate of this one. */
void slope_before_update(struct training *training, hone_position *now);
void slope_after_update(struct training *training, double rate);

/* ---- diagnosis.c ---- */
/* The names that are known without a network: values are NaN. */
hone_rc diagnosis_list(struct diagnosis *diagnosis, const struct measures *measures, int has_validation,
                       hone_error *err);
/* What is known before any step, of a training or (NULL) the names alone; the number of values. */
enum { DIAGNOSIS_SIZES = 4 };
uint32_t diagnosis_sizes(const struct training *training, hone_value *values);
hone_rc diagnosis_create(struct training *training, const struct data *data, hone_error *err);
void diagnosis_release(struct diagnosis *diagnosis);
/* Around an epoch's steps; around an update, whose gradient is at hand (1: this one is looked at, call the other after it);
 * after the validation samples were measured; and where they were measured once more, with other weights. */
void diagnosis_begin(struct training *training);
void diagnosis_time(struct training *training);
int diagnosis_before_update(struct training *training);
void diagnosis_after_update(struct training *training);
hone_rc diagnosis_end(struct training *training, hone_error *err);
hone_rc diagnosis_again(struct training *training, hone_error *err);

/* ---- folds.c, checkpoint.c, finish.c ---- */
struct run {
    const hone_host *host;
    const hone_trial *trial;
    const struct settings *settings;
    struct data data;
    struct measures measures;
    struct training *trainings;
    uint32_t n_trainings;
    int has_validation;
    int in_turn;         /* the folds are trained one after another, each in the one training there is */
    struct samples test; /* the last training only */
};
/* Makes a training of the trial ready: fold `fold` of the partition, or, in the last one, all but the test data. */
hone_rc run_prepare(struct run *run, struct training *training, uint32_t fold, hone_error *err);
/* Trains from `epoch` on, which a checkpoint may have set. HONE_DONE, HONE_WAIT: as report asked. */
hone_rc folds_run(struct run *run, int64_t epoch, int changed, hone_error *err);
/* Fold after fold, each a step; those that the study has already are left out. */
hone_rc folds_in_turn(struct run *run, hone_error *err);
/* The state after `epoch` epochs; changed: some fold that ended early has other weights than it reported. HONE_EIO. */
hone_rc checkpoint_save(struct run *run, int64_t epoch, int changed, hone_error *err);
/* Brings it back from run->trial->restore_path into prepared trainings. HONE_EINVAL: of another training or version; the
 * trainings are in no state to go on with then. */
hone_rc checkpoint_restore(struct run *run, int64_t *epoch, int *changed, hone_error *err);
hone_rc finish(struct run *run, hone_error *err);

static inline void entering(const hone_trial *trial, const char *name)
{
    if (trial)
        trial->entering(trial, name);
}
#endif
