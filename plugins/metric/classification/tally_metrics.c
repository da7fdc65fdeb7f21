/* SPDX-License-Identifier: MIT */
/* The components that follow from counts: their settings and their manuals. tally.c computes them. */
#include "classification.h"

static const char *const weights[] = { "none", "linear", "quadratic", NULL };

#define AVERAGE                                                                                                     \
    HONE_ENUM(                                                                                                      \
        struct tally_settings, average, "macro", averages, 0,                                                       \
        "How the classes are averaged: macro: equally; weighted: by their number of true samples; micro: over all " \
        "samples.")
#define PER_CLASS HONE_BOOL(struct tally_settings, per_class, "no", 0, "The value of every class, too, under its name.")

static const hone_param averaged_params[] = { AVERAGE, PER_CLASS };
static const hone_param fbeta_params[] = {
    HONE_REAL(struct tally_settings, beta, NULL, 0, HUGE_VAL, HONE_P_LO_OPEN, NULL,
              "How many times more recall weighs than precision."),
    AVERAGE,
    PER_CLASS,
};
static const hone_param balanced_accuracy_params[] = {
    HONE_BOOL(struct tally_settings, adjusted, "no", 0, "Rescaled so that guessing at random scores 0."),
};
static const hone_param cohen_kappa_params[] = {
    HONE_ENUM(
        struct tally_settings, weights, "none", weights, 0,
        "What a mistake weighs: none: all the same; linear, quadratic: by how many classes it is off, for classes in "
        "an order."),
};

static hone_rc create_precision(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_PRECISION, self, err);
}

const hone_component precision_metric = {
    .size = sizeof precision_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "precision",
    .summary = "Precision: share of the predictions of a class that are right",
    .doc = "For a class with its true positives TP and false positives FP:\n"
           "\n"
           "    precision = TP / (TP + FP)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of true\n"
           "samples; `micro` pools the counts over the classes first, which for single labels equals\n"
           "the accuracy. 0 / 0 counts as 0. Classes\n"
           "that occur neither among the labels nor among the predictions do not count. Of several equally\n"
           "probable classes the first is the prediction.\n"
           "\n"
           "Value: `precision`, to be maximized; undefined (NaN) without samples; with `per_class` also "
           "`precision.CLASS`\n"
           "of every class (its number where names are long or come out alike; NaN where it occurs in neither).\n"
           "Equals scikit-learn's precision_score with zero_division=0.",
    .params = averaged_params,
    .n_params = HONE_COUNT(averaged_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_precision,
    .destroy = tally_destroy,
};

static hone_rc create_recall(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_RECALL, self, err);
}

const hone_component recall_metric = {
    .size = sizeof recall_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "recall",
    .summary = "Recall: share of the samples of a class that are found",
    .doc = "For a class with its true positives TP and false negatives FN:\n"
           "\n"
           "    recall = TP / (TP + FN)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of true\n"
           "samples; `micro` pools the counts over the classes first, which for single labels equals\n"
           "the accuracy. 0 / 0 counts as 0. Classes\n"
           "that occur neither among the labels nor among the predictions do not count. Of several equally\n"
           "probable classes the first is the prediction.\n"
           "\n"
           "Value: `recall`, to be maximized; undefined (NaN) without samples; with `per_class` also `recall.CLASS`\n"
           "of every class (its number where names are long or come out alike; NaN where it occurs in neither).\n"
           "Equals scikit-learn's recall_score with zero_division=0.",
    .params = averaged_params,
    .n_params = HONE_COUNT(averaged_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_recall,
    .destroy = tally_destroy,
};

static hone_rc create_f1(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_F1, self, err);
}

const hone_component f1_metric = {
    .size = sizeof f1_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "f1",
    .summary = "F1 score: harmonic mean of precision and recall, over all classes",
    .doc = "For a class with its true positives TP, false positives FP and false negatives FN:\n"
           "\n"
           "    precision = TP / (TP + FP),    recall = TP / (TP + FN)\n"
           "    F1 = 2 precision recall / (precision + recall) = 2 TP / (2 TP + FP + FN)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of true\n"
           "samples; `micro` pools the counts over the classes first, which for single labels equals\n"
           "the accuracy. 0 / 0 counts as 0. Classes\n"
           "that occur neither among the labels nor among the predictions do not count. Of several equally\n"
           "probable classes the first is the prediction.\n"
           "\n"
           "Value: `f1`, to be maximized; undefined (NaN) without samples; with `per_class` also `f1.CLASS`\n"
           "of every class (its number where names are long or come out alike; NaN where it occurs in neither).\n"
           "Equals scikit-learn's f1_score with zero_division=0.\n"
           "\n"
           "Source: van Rijsbergen 1979, \"Information retrieval\", chapter 7.",
    .params = averaged_params,
    .n_params = HONE_COUNT(averaged_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_f1,
    .destroy = tally_destroy,
};

static hone_rc create_fbeta(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_FBETA, self, err);
}

const hone_component fbeta_metric = {
    .size = sizeof fbeta_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "fbeta",
    .summary = "F-beta score: mean of precision and recall that weighs recall beta times",
    .doc = "For a class with its true positives TP, false positives FP and false negatives FN:\n"
           "\n"
           "    F = (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of true\n"
           "samples; `micro` pools the counts over the classes first, which for single labels equals\n"
           "the accuracy. 0 / 0 counts as 0. Classes\n"
           "that occur neither among the labels nor among the predictions do not count. Of several equally\n"
           "probable classes the first is the prediction.\n"
           "\n"
           "Value: `fbeta`, to be maximized; undefined (NaN) without samples; with `per_class` also `fbeta.CLASS`\n"
           "of every class (its number where names are long or come out alike; NaN where it occurs in neither).\n"
           "Equals scikit-learn's fbeta_score with zero_division=0.\n"
           "\n"
           "Source: van Rijsbergen 1979, \"Information retrieval\", chapter 7.",
    .params = fbeta_params,
    .n_params = HONE_COUNT(fbeta_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_fbeta,
    .destroy = tally_destroy,
};

static hone_rc create_jaccard(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_JACCARD, self, err);
}

const hone_component jaccard_metric = {
    .size = sizeof jaccard_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "jaccard",
    .summary = "Jaccard index: overlap of the samples of a class and its predictions",
    .doc = "For a class with its true positives TP, false positives FP and false negatives FN:\n"
           "\n"
           "    jaccard = TP / (TP + FP + FN)\n"
           "\n"
           "`average = macro` is the mean over the classes; `weighted` weighs each class by its number of true\n"
           "samples; `micro` pools the counts over the classes first. 0 / 0 counts as 0. Classes\n"
           "that occur neither among the labels nor among the predictions do not count. Of several equally\n"
           "probable classes the first is the prediction.\n"
           "\n"
           "Value: `jaccard`, to be maximized; undefined (NaN) without samples; with `per_class` also `jaccard.CLASS`\n"
           "of every class (its number where names are long or come out alike; NaN where it occurs in neither).\n"
           "Equals scikit-learn's jaccard_score with zero_division=0.",
    .params = averaged_params,
    .n_params = HONE_COUNT(averaged_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_jaccard,
    .destroy = tally_destroy,
};

static hone_rc create_balanced_accuracy(const hone_host *host, const hone_create_info *info, void **self,
                                        hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_BALANCED, self, err);
}

const hone_component balanced_accuracy_metric = {
    .size = sizeof balanced_accuracy_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "balanced_accuracy",
    .summary = "Balanced accuracy: mean recall of the classes",
    .doc = "    balanced_accuracy = mean over the classes of (samples classified right) / (samples)\n"
           "\n"
           "over the K classes that occur among the labels. With `adjusted` it is (balanced_accuracy - 1/K) /\n"
           "(1 - 1/K), so that guessing scores 0 and perfection 1. Of several equally probable classes the first\n"
           "is the prediction.\n"
           "\n"
           "Value: `balanced_accuracy`, to be maximized; undefined (NaN) without samples, and adjusted with one\n"
           "class only. Equals scikit-learn's balanced_accuracy_score.\n"
           "\n"
           "Source: Brodersen, Ong, Stephan and Buhmann 2010, \"The balanced accuracy and its posterior\n"
           "distribution\", ICPR.",
    .params = balanced_accuracy_params,
    .n_params = HONE_COUNT(balanced_accuracy_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_balanced_accuracy,
    .destroy = tally_destroy,
};

static hone_rc create_matthews(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_MATTHEWS, self, err);
}

const hone_component matthews_metric = {
    .size = sizeof matthews_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "matthews",
    .summary = "Matthews correlation coefficient of true and predicted classes",
    .doc = "With n samples of which s are right, t[k] of class k and p[k] taken for class k:\n"
           "\n"
           "    matthews = (n s - sum t[k] p[k]) / sqrt((n^2 - sum p[k]^2) (n^2 - sum t[k]^2))\n"
           "\n"
           "1 is perfect, 0 no better than chance, and 0 too where all labels or all predictions are one class.\n"
           "For two classes it is the phi coefficient. Of several equally probable classes the first is the\n"
           "prediction.\n"
           "\n"
           "Value: `matthews`, to be maximized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "matthews_corrcoef.\n"
           "\n"
           "Source: Gorodkin 2004, \"Comparing two K-category assignments by a K-category correlation\n"
           "coefficient\", Computational biology and chemistry 28, equation 8.",
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_matthews,
    .destroy = tally_destroy,
};

static hone_rc create_cohen_kappa(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_KAPPA, self, err);
}

const hone_component cohen_kappa_metric = {
    .size = sizeof cohen_kappa_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "cohen_kappa",
    .summary = "Cohen's kappa: agreement of true and predicted classes beyond chance",
    .doc = "    kappa = 1 - sum w[i][j] O[i][j] / sum w[i][j] E[i][j]\n"
           "\n"
           "with O[i][j] the samples of class i taken for class j, and E[i][j] what their row and column sums lead\n"
           "one to expect. w is 0 for i = j and else 1 (`weights = none`), |i - j| (linear) or (i - j)^2\n"
           "(quadratic): the last two are for classes in an order, and count all classes of the task. Of several\n"
           "equally probable classes the first is the prediction.\n"
           "\n"
           "Value: `cohen_kappa`, to be maximized; undefined (NaN) without samples and where no disagreement is to\n"
           "be expected. Equals scikit-learn's cohen_kappa_score over all classes.\n"
           "\n"
           "Source: Cohen 1960, \"A coefficient of agreement for nominal scales\", Educational and psychological\n"
           "measurement 20; weights: Cohen 1968, \"Weighted kappa\", Psychological bulletin 70.",
    .params = cohen_kappa_params,
    .n_params = HONE_COUNT(cohen_kappa_params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_cohen_kappa,
    .destroy = tally_destroy,
};

static hone_rc create_hamming(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return tally_create(info, TALLY_HAMMING, self, err);
}

const hone_component hamming_metric = {
    .size = sizeof hamming_metric,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_METRIC,
    .name = "hamming",
    .summary = "Hamming loss: share of the samples classified wrong",
    .doc = "    hamming = (samples whose most probable class is not the true one) / (samples)\n"
           "\n"
           "which for single labels is 1 - accuracy. Of several equally probable classes the first is the\n"
           "prediction. Value: `hamming`, to be minimized; undefined (NaN) without samples. Equals scikit-learn's\n"
           "hamming_loss.",
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct tally_settings),
    .iface = &tally_iface,
    .create = create_hamming,
    .destroy = tally_destroy,
};
