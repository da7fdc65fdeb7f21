/* SPDX-License-Identifier: MIT */
/* Derivatives of the validation loss with respect to coefficients of the regularizers and the optimizer. One file each:
 *
 *     coefficients.c   which coefficients there are (hone/hyper.h), what becomes of them, and vectors as long as the weights
 *     curvature.c      gradients of the training and of the validation loss, products with the Hessian by differences
 *     implicit.c       at the end of a training, as if it had come to rest: Lorraine et al. 2020
 *     unrolled.c       of single steps, while it goes on: Luketina et al. 2016 */
#ifndef HONE_TRAIN_HYPERGRADIENT_H
#define HONE_TRAIN_HYPERGRADIENT_H
#include "train.h"

#include "hone/hyper.h"

enum solvers { SOLVER_NEUMANN, SOLVER_CONJUGATE_GRADIENT };
enum hypergradients { HYPERGRADIENT_NONE, HYPERGRADIENT_IMPLICIT, HYPERGRADIENT_UNROLLED };

struct source { /* a component with coefficients */
    const struct member *member;
    hone_hyper_v1 hyper; /* whole: what an older plugin does not have is zero */
};
struct coefficient {
    uint32_t source, index; /* of the sources; of the source's coefficients */
    uint32_t acts;          /* HONE_HYPER_... */
    int mirrors;            /* at -x its draws are mirrored */
    int is_woken;           /* it is 0, and something else while the network is built */
    double step;            /* of differences, at least */
    const hone_param *param;
    char *key;           /* "regularizer.l2.strength" */
    char *tuned_name;    /* HONE_TUNED_NAME of it; in the same memory */
    int searched, tuned; /* its derivative is reported; the training itself moves it */
    double derivative;   /* of the validation loss; NaN: none */
    double sum;          /* unrolled: of the derivatives of an epoch's steps so far */
    double mean, square; /* tuned: what Adam remembers */
};

/* Vectors are as long as all parameters together, padding included, in their order. */
enum { /* those that a training keeps */
       VECTOR_WEIGHTS,
       VECTOR_GRADIENT,
       VECTOR_VALIDATION,
       VECTOR_A,
       VECTOR_B,
       VECTOR_C,
       VECTOR_GAIN,
       VECTORS
};
struct hyper {
    struct source *sources; /* (n_sources) regularizers in their order, then the optimizer */
    uint32_t n_sources;
    struct coefficient *items; /* (n) */
    uint32_t n, n_tuned;
    const struct source *optimizer; /* NULL: it says nothing */
    hone_net *validate[2];          /* a batch of validation samples; what is left of them, or NULL */
    uint64_t length;                /* of a vector */
    float *vectors;                 /* (VECTORS, length) */
    float **pointers;               /* (n_parameters) into a vector */
    float *statistics;              /* of the norms, while passes are made that are none of the training's */
    uint64_t *order;                /* (validation.n) of the validation samples, unrolled */
    uint64_t order_of;              /* the pass over them that it is of, plus 1 */
    uint64_t visits;                /* steps looked at so far */
    uint64_t seen;                  /* of them, those that `sum` is of */
    int due;                        /* the step at hand is looked at */
};

/* ---- coefficients.c ---- */
/* Lists them for describe: derivatives (n_derivatives) whose strings live with the hyper. */
hone_rc hyper_list(struct hyper *hyper, const struct crew *crew, const struct settings *settings, hone_error *err);
/* Chooses those of the trial, before its network is built; none where the settings ask for none, or there is nothing to validate
 * on. */
hone_rc hyper_create(struct training *training, hone_error *err);
hone_rc hyper_prepare(struct training *training, hone_error *err); /* the network is there: makes room */
int hyper_tunes(const struct settings *settings, const char *key); /* hypergradient_tunes names it */
void hyper_release(struct hyper *hyper);
void hyper_free(struct hyper *hyper); /* of hyper_create */
enum { HYPER_MOST = 1024 };           /* coefficients of a training */
/* Two values of the coefficient around `at`, inside its range, between which differences are taken. */
void coefficient_ends(const struct coefficient *c, double at, double ends[2]);
/* The nearest value of a key's range. */
double coefficient_clip(const hone_param *param, double value);
double *hyper_value(const struct hyper *hyper, const struct coefficient *c);
void hyper_set(const struct hyper *hyper, const struct coefficient *c, double value);
static inline float *hyper_vector(const struct hyper *hyper, uint32_t which)
{
    return hyper->vectors + (size_t)which * hyper->length;
}
/* The pieces of a vector that belong to the parameters: (n_parameters), until the next call. */
float *const *hyper_pieces(const struct training *training, float *vector);
void hyper_get_weights(const struct training *training, float *vector);
void hyper_set_weights(const struct training *training, const float *vector);
void hyper_get_gradients(const struct training *training, float *vector);
void hyper_set_gradients(const struct training *training, const float *vector);
/* A source's derivative along a vector: (coefficients of the source). */
hone_rc hyper_vjp(const struct training *training, const struct source *source, float *vector, const hone_update *now,
                  double *out, hone_error *err);

/* ---- curvature.c ---- */
/* Gradient of the mean loss over the batches [first, first + n) of the training samples, with what regularizers add, at the
 * weights and coefficients at hand; all else (masks, augmentation) is that of the step `step` + batch. VECTOR_GAIN is read
 * where something decays. */
hone_rc hyper_train_gradient(struct training *training, uint64_t step, uint64_t first, uint64_t n, float *out,
                             hone_error *err);
/* That of one step's batch, without what regularizers add. */
hone_rc hyper_batch_gradient(struct training *training, hone_net *net, const uint64_t *ids,
                             const struct augmentation *augmentation, float *out, hone_error *err);
/* Of the mean loss over samples that `net` takes at once, or over all validation samples. */
hone_rc hyper_validation_gradient(struct training *training, float *out, hone_error *err);
hone_rc hyper_validation_batch(struct training *training, hone_net *net, const uint64_t *ids, float *out, double *loss,
                               hone_error *err);
/* What a gradient that stays makes of the weights, a unit of rate: VECTOR_GAIN. HONE_ENOTSUP: the optimizer does not say. */
hone_rc hyper_gain(struct training *training, const hone_update *now, hone_error *err);
double hyper_norm(const struct hyper *hyper, const float *vector);

/* ---- implicit.c, unrolled.c ---- */
/* At the end of a training: the derivatives of its coefficients. */
hone_rc implicit_derivatives(struct training *training, hone_error *err);
/* Around an update: before it, whose gradient is at hand; after all hooks. ids, net, augmentation: of the step's batch. */
void unrolled_before_update(struct training *training);
hone_rc unrolled_after_update(struct training *training, const hone_update *update, const hone_decay *decay,
                              hone_net *net, const uint64_t *ids, const struct augmentation *augmentation,
                              hone_error *err);
void unrolled_epoch_begins(struct training *training);
void unrolled_epoch_ends(struct training *training);
#endif
