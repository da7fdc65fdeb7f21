/* SPDX-License-Identifier: MIT */
/* The metrics for classes against values recorded from scikit-learn: ties, classes that are missing, single samples. */
#include "metric_case.h"
#include "score_case.h"

static const char *const metrics[] = {
    "precision",        "recall",  "f1",    "fbeta",    "jaccard", "balanced_accuracy", "matthews",
    "cohen_kappa",      "hamming", "top_k", "log_loss", "brier",   "calibration_error", "roc_auc",
    "average_precision"
};
enum { METRICS = sizeof metrics / sizeof *metrics };

static void test_precision_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "precision") >= 12);
}

static void test_recall_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "recall") >= 12);
}

static void test_f1_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "f1") >= 12);
}

static void test_fbeta_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "fbeta") >= 12);
}

static void test_jaccard_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "jaccard") >= 12);
}

static void test_balanced_accuracy_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "balanced_accuracy") >= 12);
}

static void test_matthews_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "matthews") >= 12);
}

static void test_cohen_kappa_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "cohen_kappa") >= 12);
}

static void test_hamming_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "hamming") >= 12);
}

static void test_top_k_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "top_k") >= 12);
}

static void test_log_loss_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "log_loss") >= 12);
}

static void test_brier_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "brier") >= 12);
}

static void test_calibration_error_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "calibration_error") >= 12);
}

static void test_roc_auc_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "roc_auc") >= 12);
}

static void test_average_precision_equals_scikit_learn(void)
{
    CU_ASSERT(scores_check(1, "average_precision") >= 12);
}

static void test_covers_all_recorded_values(void)
{
    for (unsigned i = 0; i < N_SCORES; i++) {
        int known = 0;
        for (unsigned k = 0; k < METRICS; k++)
            known |= !strcmp(metrics[k], scores[i].metric);
        for (unsigned k = 0; k < N_SCORED; k++)
            known |= !strcmp(scored[k].name, scores[i].scored) && !scored[k].labels;
        CU_ASSERT(known);
    }
    CU_ASSERT_EQUAL(HONE_MODULE_SYMBOL()->n_components, METRICS);
}

static void test_refuses_bad_labels_predictions_and_shapes(void)
{
    for (unsigned i = 0; i < METRICS; i++) {
        const char *const key = !strcmp(metrics[i], "fbeta") ? "beta" : NULL;
        struct component m;
        CU_ASSERT_EQUAL_FATAL(component_open(&m, metrics[i], 1, key, "2", NULL), HONE_OK);
        metric_refuses_bad_classes(&m);
        component_close(&m);
        score_refuses_other_shapes(metrics[i], key, "2", 1);
    }
}

static void names_of(struct found *f, const char *const *classes, int64_t k)
{
    struct component m;
    hone_task task = metric_task(HONE_TASK_CLASSIFICATION, k);
    task.classes = classes;
    CU_ASSERT_EQUAL_FATAL(component_open(&m, "roc_auc", 1, "per_class", "yes", NULL), HONE_OK);
    *f = score_list(&m, &task);
    CU_ASSERT_EQUAL_FATAL(f->n, (unsigned)k + 1);
    CU_ASSERT_STRING_EQUAL(f->names[0], "roc_auc");
    component_close(&m);
}

/* Values of classes are called by the classes' names as far as these can be written in an INI file. */
static void test_names_values_of_classes(void)
{
    static const char *const plain[] = { "shirt", "ankle boot", "T-shirt/top" };
    static const char *const alike[] = { "a b", "a_b", "c" };
    static const char *const longest[] = { "a", "0123456789012345678901234567890123456789" };
    static const char *const longer[] = { "a", "0123456789012345678901234567890123456789x" };
    static const char *const empty[] = { "a", "" };
    struct found f;
    names_of(&f, plain, 3);
    CU_ASSERT_STRING_EQUAL(f.names[1], "roc_auc.shirt");
    CU_ASSERT_STRING_EQUAL(f.names[2], "roc_auc.ankle_boot");
    CU_ASSERT_STRING_EQUAL(f.names[3], "roc_auc.T-shirt_top");
    names_of(&f, alike, 3);
    CU_ASSERT_STRING_EQUAL(f.names[1], "roc_auc.0");
    CU_ASSERT_STRING_EQUAL(f.names[3], "roc_auc.2");
    names_of(&f, longest, 2);
    CU_ASSERT_STRING_EQUAL(f.names[2], "roc_auc.0123456789012345678901234567890123456789");
    names_of(&f, longer, 2);
    CU_ASSERT_STRING_EQUAL(f.names[1], "roc_auc.0");
    names_of(&f, empty, 2);
    CU_ASSERT_STRING_EQUAL(f.names[2], "roc_auc.1");
    names_of(&f, NULL, 2);
    CU_ASSERT_STRING_EQUAL(f.names[2], "roc_auc.1");
}

static void test_refuses_settings_that_contradict(void)
{
    struct component m;
    CU_ASSERT_EQUAL(component_open(&m, "roc_auc", 1, "multi_class", "ovo", "average", "micro", NULL), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(m.err.param, "average");
    component_close(&m);
    CU_ASSERT_EQUAL(component_open(&m, "roc_auc", 1, "multi_class", "ovo", "per_class", "yes", NULL), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(m.err.param, "per_class");
    component_close(&m);
    CU_ASSERT(component_open(&m, "fbeta", 1, "beta", "0", NULL) < 0);
    component_close(&m);
    CU_ASSERT(component_open(&m, "top_k", 1, "k", "0", NULL) < 0);
    component_close(&m);
    CU_ASSERT(component_open(&m, "calibration_error", 1, "bins", "0", NULL) < 0);
    component_close(&m);
}

/* Infinite scores are scores; probabilities beyond [0, 1] find a bin. */
static void test_odd_scores(void)
{
    static const float outputs[] = { -INFINITY, INFINITY, 0.5f, 0.5f, 2, -1, 0, 0 };
    static const int32_t labels[] = { 1, 0, 0, 1 };
    static const struct scored odd = { "odd", 4, 2, outputs, labels, NULL };
    const hone_task task = score_task(&odd);
    for (unsigned i = 0; i < METRICS; i++) {
        struct component m;
        CU_ASSERT_EQUAL_FATAL(
            component_open(&m, metrics[i], 1, !strcmp(metrics[i], "fbeta") ? "beta" : NULL, "2", NULL), HONE_OK);
        CU_ASSERT_EQUAL(score_iface(&m)->begin(m.self, &task, &m.err), HONE_OK);
        CU_ASSERT_EQUAL(score_feed(&m, &odd, 0, 4, 4), HONE_OK);
        const struct found f = score_compute(&m);
        CU_ASSERT_EQUAL(f.n, 1);
        if (!strcmp(metrics[i], "roc_auc")) /* 1 scores above both others, 0 above one */
            CU_ASSERT(near(f.values[0], 0.75, 1e-15));
        component_close(&m);
    }
}

SUITE(TEST(test_precision_equals_scikit_learn), TEST(test_recall_equals_scikit_learn),
      TEST(test_f1_equals_scikit_learn), TEST(test_fbeta_equals_scikit_learn), TEST(test_jaccard_equals_scikit_learn),
      TEST(test_balanced_accuracy_equals_scikit_learn), TEST(test_matthews_equals_scikit_learn),
      TEST(test_cohen_kappa_equals_scikit_learn), TEST(test_hamming_equals_scikit_learn),
      TEST(test_top_k_equals_scikit_learn), TEST(test_log_loss_equals_scikit_learn),
      TEST(test_brier_equals_scikit_learn), TEST(test_calibration_error_equals_scikit_learn),
      TEST(test_roc_auc_equals_scikit_learn), TEST(test_average_precision_equals_scikit_learn),
      TEST(test_covers_all_recorded_values), TEST(test_refuses_bad_labels_predictions_and_shapes),
      TEST(test_names_values_of_classes), TEST(test_refuses_settings_that_contradict), TEST(test_odd_scores))
