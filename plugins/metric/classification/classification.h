/* SPDX-License-Identifier: MIT */
/* What the metrics for classes in this folder share. One file each:
 *
 *     predictions.c     checking a batch, the predicted class, names of values per class
 *     tally.c           what counts alone decide: per class, and over all (kappa, Matthews, ...)
 *     tally_metrics.c   the components of tally.c
 *     probability.c     sums over samples of what the probabilities say: top-k, log loss, Brier, calibration
 *     ranking.c         what needs all scores, sorted: ROC AUC, average precision
 *     classification.c  the module */
#ifndef HONE_METRIC_CLASSIFICATION_H
#define HONE_METRIC_CLASSIFICATION_H
#include "hone/instance.h"
#include "hone/metric.h"

enum average { MACRO, MICRO, WEIGHTED };
extern const char *const averages[]; /* "macro", "micro", "weighted", NULL */

/* ---- predictions.c ---- */
/* Refuses other tasks than classification. `name`: of the metric, for messages. */
hone_rc classes_begin(const char *name, const hone_task *task, hone_error *err);
/* Refuses batches of other shapes, labels that are none, and probabilities that are not numbers. */
hone_rc classes_check(const char *name, int64_t classes, const hone_predictions *batch, hone_error *err);
/* p: (k). The first of equals. */
int64_t most_probable(const float *p, int64_t k);

enum { CLASS_NAME_MOST = 40 }; /* bytes of a class in a value's name */
/* How the classes are written in names of values: "precision.setosa". Their own names, with anything but letters, digits, _
 * and - written as _; their numbers, from 0, where there are no names, or where these are long or come out alike. */
struct class_names {
    char (*text)[CLASS_NAME_MOST + 1]; /* (n) */
    int64_t n;
};
hone_rc class_names_create(struct class_names *names, const hone_task *task, hone_error *err);
void class_names_release(struct class_names *names);
/* "METRIC.CLASS" into the sink. */
void class_value(const hone_metric_sink *sink, const char *metric, const struct class_names *names, int64_t c,
                 double value, uint32_t direction);

/* ---- tally.c ---- */
enum tally_kind {
    TALLY_PRECISION,
    TALLY_RECALL,
    TALLY_F1,
    TALLY_FBETA,
    TALLY_JACCARD,
    TALLY_BALANCED,
    TALLY_MATTHEWS,
    TALLY_KAPPA,
    TALLY_HAMMING
};
enum weights { UNWEIGHTED, LINEAR, QUADRATIC }; /* of a disagreement, in kappa */
struct tally_settings {                         /* each component's table names those that it has */
    double beta;
    uint32_t average, weights;
    uint8_t per_class, adjusted;
};
struct tally;
hone_rc tally_create(const hone_create_info *info, enum tally_kind kind, void **self, hone_error *err);
void tally_destroy(void *self);
extern const hone_metric_v1 tally_iface;

/* ---- the components ---- */
extern const hone_component precision_metric, recall_metric, f1_metric, fbeta_metric, jaccard_metric,
    balanced_accuracy_metric, matthews_metric, cohen_kappa_metric, hamming_metric;
extern const hone_component top_k_metric, log_loss_metric, brier_metric, calibration_error_metric;
extern const hone_component roc_auc_metric, average_precision_metric;
#endif
