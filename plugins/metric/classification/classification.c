/* SPDX-License-Identifier: MIT */
/* The module of the metrics for classes that share code: metric/precision, recall, f1, ... */
#include "classification.h"

HONE_MODULE("org.hone.metric.classification", "0.1.0", "MIT", "the hone authors", "", &precision_metric, &recall_metric,
            &f1_metric, &fbeta_metric, &jaccard_metric, &balanced_accuracy_metric, &matthews_metric,
            &cohen_kappa_metric, &hamming_metric, &top_k_metric, &log_loss_metric, &brier_metric,
            &calibration_error_metric, &roc_auc_metric, &average_precision_metric)
