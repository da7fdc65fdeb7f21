/* SPDX-License-Identifier: MIT */
/* Trials that crowd at the ends of ranges of every kind, and winners that are no better than the next. */
#include "diagnosis_case.h"

#include "hone/rng.h"

static struct patient p;
enum { N = 60 };
static const hone_param rate_param = {
    .type = HONE_T_REAL, .flags = HONE_P_TUNABLE | HONE_P_LO_OPEN, .key = "rate", .min = 0, .max = 0.6
};
static const hone_param count_param = { .type = HONE_T_INT, .key = "units", .min = 1, .max = 64 };

static void make(hone_dim dim, const hone_param *param)
{
    patient_init(&p, 4);
    patient_key(&p, dim.key, "0.1")->param = param;
    patient_dim(&p, dim, 0.1);
}

/* Values fall towards `best` on the dimension's own scale: what lies near it is good. */
static void fill(double best)
{
    hone_rng rng = hone_rng_at(3, 3);
    for (int i = 0; i < N; i++) {
        const double u = hone_rng_uniform(&rng), x = hone_dim_from_unit(&p.dims[0], u);
        patient_trial(&p, &x, fabs(hone_dim_to_unit(&p.dims[0], x) - best));
    }
}

static const char *advice(void)
{
    char key[160];
    const struct patient_finding *f = patient_ask(&p, "selection", "bound_reached");
    snprintf(key, sizeof key, "space.%s", p.dims[0].key);
    CU_ASSERT(!f || strstr(f->evidence, "of the best 6 trials"));
    return patient_advice(f, key);
}

static void test_a_linear_range(void)
{
    const hone_dim dim = { .type = HONE_DIM_REAL, .key = "regularizer.dropout.rate", .min = 0.1, .max = 0.4 };
    make(dim, &rate_param);
    fill(0.5);
    CU_ASSERT_PTR_NULL(advice());
    make(dim, &rate_param);
    fill(1);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "end at 0.55"));
    make(dim, &rate_param); /* the key's own table ends before half a range more */
    p.dims[0].max = 0.5;
    fill(1);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "end at 0.6"));
    make(dim, &rate_param); /* there is nothing beyond */
    p.dims[0].max = 0.6;
    fill(1);
    CU_ASSERT_PTR_NULL(advice());
    make(dim, &rate_param); /* 0 itself is not allowed */
    fill(0);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "begin at 0.01"));
}

static void test_a_logarithmic_range(void)
{
    const hone_dim dim = {
        .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "optimizer.learning_rate", .min = 1e-4, .max = 1e-2
    };
    make(dim, NULL);
    fill(1);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "end at 0.1"));
    make(dim, NULL);
    fill(0);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "begin at 1e-05"));
}

static void test_whole_numbers_and_ordinals(void)
{
    static const char *const sizes[] = { "small", "medium", "large" };
    const hone_dim units = { .type = HONE_DIM_INT, .key = "model.width", .min = 8, .max = 32, .step = 8 };
    const hone_dim size = { .type = HONE_DIM_ORDINAL, .n_choices = 3, .key = "size", .max = 2, .choices = sizes };
    const hone_dim choice = { .type = HONE_DIM_CHOICE, .n_choices = 3, .key = "size", .max = 2, .choices = sizes };
    make(units, &count_param);
    fill(1);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "end at 40"));
    make(units, &count_param);
    fill(0);
    CU_ASSERT_PTR_NULL(advice()); /* eight less is nothing */
    make(size, NULL);
    fill(1);
    CU_ASSERT_PTR_NOT_NULL(strstr(advice(), "beyond large"));
    make(choice, NULL); /* has no ends */
    fill(1);
    CU_ASSERT_PTR_NULL(advice());
}

/* The best one alone at the end is chance; and few trials say nothing. */
static void test_needs_a_crowd(void)
{
    const hone_dim dim = { .type = HONE_DIM_REAL, .key = "rate", .min = 0, .max = 1 };
    make(dim, NULL);
    fill(0.5);
    double x = 0.99;
    patient_trial(&p, &x, -1);
    CU_ASSERT_PTR_NULL(advice());
    make(dim, NULL);
    for (int i = 0; i < 9; i++) {
        x = 1 - 0.1 * i;
        patient_trial(&p, &x, i);
    }
    CU_ASSERT_PTR_NULL(patient_ask(&p, "selection", "bound_reached"));
}

/* ---- within_noise ---- */
static void make_close(double step, double samples)
{
    patient_init(&p, 4);
    p.objective = (hone_value){ "validation.accuracy", 0, HONE_MAXIMIZE, 0 };
    patient_key(&p, "dataset.validation", "0.1");
    patient_key(&p, "dataset.folds", "0");
    patient_key(&p, "study.repeats", "1");
    patient_metric(&p, "validation.accuracy", 0.9);
    patient_metric(&p, "diagnosis.validation_samples", samples);
    for (int i = 0; i < 12; i++)
        patient_trial(&p, NULL, -0.9 + step * i);
}

static void test_a_winner_by_chance(void)
{
    make_close(0.004, 400); /* sqrt(0.9 * 0.1 / 400) = 0.015 */
    const struct patient_finding *f = patient_ask(&p, "selection", "within_noise");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "With 400 validation samples"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "0.015"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "3 of the other 11"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "dataset.folds"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "dataset.validation"), "0.2"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "study.repeats"));
    make_close(0.004, 40000);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "selection", "within_noise"));
    make_close(0.004, 400); /* of a trial that did not win, it is nobody's business */
    p.data.is_winner = 0;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "selection", "within_noise"));
    make_close(0.004, 400); /* a metric whose error is not known */
    p.objective.name = "validation.f1.macro";
    CU_ASSERT_PTR_NULL(patient_ask(&p, "selection", "within_noise"));
}

static void test_a_loss_has_an_error_of_its_own(void)
{
    for (int i = 0; i < 2; i++) {
        make_close(0.004, 400);
        p.objective = (hone_value){ "validation.loss", 0, HONE_MINIMIZE, 0 };
        patient_metric(&p, "diagnosis.validation_loss_error", i ? 0.01 : 0.001);
        const struct patient_finding *f = patient_ask(&p, "selection", "within_noise");
        CU_ASSERT_EQUAL(f != NULL, i);
        CU_ASSERT(!f || strstr(f->evidence, "2 of the other 11"));
    }
}

SUITE(TEST(test_a_linear_range), TEST(test_a_logarithmic_range), TEST(test_whole_numbers_and_ordinals),
      TEST(test_needs_a_crowd), TEST(test_a_winner_by_chance), TEST(test_a_loss_has_an_error_of_its_own))
