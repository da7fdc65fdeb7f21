/* SPDX-License-Identifier: MIT */
/* Each rule of diagnosis/fit at curves that it is about, at curves that lack one of its conditions, and what it advises. */
#include "diagnosis_case.h"

static struct patient p;

/* Ten classes, losses that fall to the given ends, with a standard error of 0.02. */
static void make(uint32_t n, double validation, double train, double speed)
{
    patient_init(&p, n);
    patient_decay(&p, "validation.loss", 2.3, validation, speed);
    patient_decay(&p, "diagnosis.train.loss", 2.3, train, speed);
    patient_constant(&p, "diagnosis.baseline_loss", 2.3);
    patient_constant(&p, "diagnosis.validation_loss_error", 0.02);
    patient_metric(&p, "diagnosis.classes", 10);
    patient_section(&p, "dataset", "dataset", "idx", 1);
    patient_section(&p, "model", "model", "mlp", 1);
    static const char *const regularizers[] = { "dropout", "weight_decay",   "label_smoothing",
                                                "l2",      "early_stopping", "crop" };
    for (size_t i = 0; i < HONE_COUNT(regularizers); i++)
        patient_installed(&p, "regularizer", regularizers[i]);
    patient_installed(&p, "transform", "standardize");
}

static void test_a_wide_gap_is_overfitting(void)
{
    make(40, 0.8, 0.05, 20);
    const struct patient_finding *f = patient_ask(&p, "fit", "overfits");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->severity, HONE_FINDING_PROBLEM);
    CU_ASSERT_EQUAL(p.n_findings, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "0.8 on validation samples and 0.05 on training samples"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "standard error of the difference 0.02"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "2.3"));
    /* the same gap of a set so small that it says nothing; one that is small beside the baseline; a wider threshold */
    patient_constant(&p, "diagnosis.validation_loss_error", 0.3);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    make(40, 0.8, 0.05, 20); /* training samples so few that they say nothing */
    patient_constant(&p, "diagnosis.train_loss_error", 0.3);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    make(40, 0.1, 0.001, 20);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "fit", "fits"));
    make(40, 0.8, 0.05, 20);
    CU_ASSERT_PTR_NULL(patient_ask_with(&p, "fit", "overfits", "gap", "0.5"));
}

/* The gap is narrow, but the validation loss has been lower. */
static void rises(double by)
{
    make(40, 0.5, 0.4, 20);
    double *v = patient_curve(&p, "validation.loss"), *t = patient_curve(&p, "diagnosis.train.loss");
    for (int i = 20; i < 40; i++) {
        v[i] = v[19] + by * (i - 19) / 20;
        t[i] = t[19] - 0.05 * (i - 19) / 20;
    }
}

static void test_a_rising_validation_loss_is_overfitting(void)
{
    rises(0.1);
    const struct patient_finding *f = patient_ask(&p, "fit", "overfits");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->verdict, "ever more"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "at step 20"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.early_stopping"), "step 20"));
    rises(0.02); /* one standard error */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    /* both losses rise: that is no overfitting */
    rises(0.1);
    for (int i = 20; i < 40; i++)
        patient_curve(&p, "diagnosis.train.loss")[i] += 0.1;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    /* the best weights were brought back */
    rises(0.1);
    patient_metric(&p, "model.epochs", 20);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "overfits"));
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "fit", "fits"));
}

static void test_advice_against_overfitting_is_about_what_is_there(void)
{
    make(40, 0.8, 0.05, 20);
    const struct patient_finding *f = patient_ask(&p, "fit", "overfits");
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.dropout"), "regularizer.dropout.rate = real"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "regularizer.weight_decay"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "regularizer.label_smoothing"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.crop"));  /* these are no images */
    CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.mixup")); /* not installed */
    CU_ASSERT_PTR_NULL(patient_advice(f, "dataset.fraction"));
    /* images; dropout in use, l2 in place of weight decay; a part of the data; a model with keys */
    make(40, 0.8, 0.05, 20);
    patient_metric(&p, "diagnosis.dimensions", 3);
    patient_section(&p, "regularizer.first", "regularizer", "dropout", 1);
    patient_key(&p, "regularizer.first.rate", "0.2");
    patient_section(&p, "regularizer.l2", "regularizer", "l2", 1);
    patient_key(&p, "regularizer.l2.strength", "1e-4");
    patient_key(&p, "dataset.fraction", "0.1");
    patient_key(&p, "model.width", "0");
    patient_key(&p, "model.hidden", "256, 128");
    f = patient_ask(&p, "fit", "overfits");
    CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.dropout"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.first.rate"), "0.4"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.l2.strength"), "0.001"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.weight_decay"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "regularizer.crop"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "dataset.fraction"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "model.hidden"), "smaller"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "model.width"));
    /* numbers are to be predicted */
    make(40, 0.8, 0.05, 20);
    p.metrics[0].value = 0;
    f = patient_ask(&p, "fit", "overfits");
    CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.label_smoothing"));
}

static void test_searched_keys_are_advised_at_the_end_of_their_range(void)
{
    const hone_dim rate = { .type = HONE_DIM_REAL, .key = "regularizer.dropout.rate", .min = 0, .max = 0.5 };
    for (int end = 0; end < 2; end++) {
        make(40, 0.8, 0.05, 20);
        patient_section(&p, "regularizer.dropout", "regularizer", "dropout", 1);
        patient_key(&p, "regularizer.dropout.rate", end ? "0.48" : "0.2");
        patient_dim(&p, rate, end ? 0.48 : 0.2);
        const struct patient_finding *f = patient_ask(&p, "fit", "overfits");
        CU_ASSERT_PTR_NULL(patient_advice(f, "regularizer.dropout.rate"));
        const char *advice = patient_advice(f, "space.regularizer.dropout.rate");
        CU_ASSERT_EQUAL(advice != NULL, end);
        CU_ASSERT(!advice || strstr(advice, "0.48"));
    }
    /* switched off by the search in this trial: it knows of it */
    make(40, 0.8, 0.05, 20);
    patient_section(&p, "regularizer.dropout", "regularizer", "dropout", 0);
    CU_ASSERT_PTR_NULL(patient_advice(patient_ask(&p, "fit", "overfits"), "regularizer.dropout"));
}

static void test_standing_still_high_up_is_underfitting(void)
{
    make(40, 1.5, 1.48, 20);
    patient_section(&p, "regularizer.dropout", "regularizer", "dropout", 1);
    patient_key(&p, "regularizer.dropout.rate", "0.8");
    patient_key(&p, "model.hidden", "4");
    const struct patient_finding *f = patient_ask(&p, "fit", "underfits");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(p.n_findings, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "1.5 on validation samples and 1.48"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "model.hidden"), "larger"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.dropout.rate"), "0.4"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "transform.standardize"));
    CU_ASSERT_STRING_EQUAL(f->keys[0], "regularizer.dropout.rate"); /* a strong one first, a weak one after the model */
    p.keys[0].number = 0.05;
    CU_ASSERT_STRING_EQUAL(patient_ask(&p, "fit", "underfits")->keys[0], "model.hidden");
    make(40, 0.3, 0.29, 20); /* low enough */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
    make(40, 2.2, 1.5, 20); /* the gap is wide */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
    make(40, 1.4, 1.38, 1); /* still falling */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
    make(40, 1.4, 1.38, 2); /* what still falls, until the schedule holds it up */
    for (int i = 24; i < 40; i++) {
        patient_curve(&p, "diagnosis.train.loss")[i] = patient_curve(&p, "diagnosis.train.loss")[23];
        patient_curve(&p, "validation.loss")[i] = patient_curve(&p, "validation.loss")[23];
    }
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "fit", "underfits"));
    for (int i = 0; i < 40; i++)
        patient_curve(&p, "diagnosis.learning_rate")[i] = i < 24 ? 0.1 : 0.001;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
    make(40, 1.5, 1.48, 20); /* a loss of somebody else's has another baseline */
    patient_section(&p, "loss", "loss", "focal", 1);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
}

static void test_what_knows_nothing_does_not_underfit(void)
{
    make(40, 2.31, 2.3, 20);
    patient_key(&p, "optimizer.learning_rate", "1");
    const struct patient_finding *f = patient_ask(&p, "fit", "learns_nothing");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(p.n_findings, 1);
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "optimizer.learning_rate"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "transform.standardize"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "dataset.use"));
    patient_constant(&p, "diagnosis.update_ratio", 1e-6); /* it has not tried */
    CU_ASSERT_PTR_NULL(patient_advice(patient_ask(&p, "fit", "learns_nothing"), "dataset.use"));
    patient_constant(&p, "diagnosis.update_ratio", 1e-3);
    patient_constant(&p, "diagnosis.dead_units", 0.94); /* neither the data nor the rate alone are to blame */
    f = patient_ask(&p, "fit", "learns_nothing");
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "94 % of its units are dead"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "dataset.use"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "optimizer.learning_rate"));
    make(40, 1.5, 1.48, 20); /* a larger network would be as dead */
    patient_key(&p, "model.width", "64");
    CU_ASSERT_PTR_NOT_NULL(patient_advice(patient_ask(&p, "fit", "underfits"), "model.width"));
    patient_constant(&p, "diagnosis.dead_units", 0.94);
    f = patient_ask(&p, "fit", "underfits");
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "94 % of its units are dead"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "model.width"));
    make(40, 40, 39, 20); /* far above: that is another matter */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "learns_nothing"));
    CU_ASSERT_EQUAL(p.n_findings, 0);
    make(40, 1.5, 1.48, 20); /* it was better once */
    patient_curve(&p, "diagnosis.train.loss")[15] = 1.2;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "underfits"));
    CU_ASSERT_EQUAL(p.n_findings, 0);
}

static void test_still_falling_at_the_end_is_too_early(void)
{
    make(20, 0.9, 0.88, 1);
    patient_key(&p, "objective.stop_after", "0");
    patient_key(&p, "objective.epochs", "20");
    const struct patient_finding *f = patient_ask(&p, "fit", "stopped_early");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "objective.epochs"), "30"));
    p.record.state = HONE_STATE_PRUNED; /* somebody else ended it */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "stopped_early"));
    p.record.state = HONE_STATE_COMPLETE;
    p.keys[1].number = 50; /* a regularizer ended it */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "stopped_early"));
    p.keys[0].number = 20; /* stop_after did */
    f = patient_ask(&p, "fit", "stopped_early");
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "objective.stop_after"));
    make(20, 0.9, 0.88, 20); /* stands still */
    patient_key(&p, "objective.epochs", "20");
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "stopped_early"));
    make(20, 0.9, 0.88, 1); /* noise in which no line is sure */
    patient_key(&p, "objective.epochs", "20");
    for (int i = 0; i < 20; i++)
        patient_curve(&p, "validation.loss")[i] += i % 2 ? 0.6 : -0.6;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "stopped_early"));
}

static void test_what_still_learns_does_not_fit(void)
{
    make(20, 1.45, 1.44, 4); /* with leaps in which no line is sure */
    for (int i = 0; i < 20; i++)
        patient_curve(&p, "validation.loss")[i] += i % 3 == 2 ? 0.3 : 0;
    for (int i = 10; i < 15; i++)
        patient_curve(&p, "diagnosis.train.loss")[i] += 0.04;
    patient_key(&p, "objective.epochs", "20");
    patient_key(&p, "model.width", "4");
    const struct patient_finding *f = patient_ask(&p, "fit", "still_learns");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(p.n_findings, 1);
    CU_ASSERT_EQUAL(f->severity, HONE_FINDING_HINT);
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "objective.epochs"), "30"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.width"));
    CU_ASSERT_PTR_NULL(patient_ask_with(&p, "fit", "still_learns", "level", "0.7"));
    CU_ASSERT_PTR_NOT_NULL(patient_ask_with(&p, "fit", "fits", "level", "0.7"));
}

static void test_says_where_nothing_was_recorded(void)
{
    patient_init(&p, 20);
    patient_decay(&p, "validation.loss", 2, 1, 3);
    patient_decay(&p, "train.loss", 2, 1, 3);
    patient_key(&p, "objective.diagnosis", "yes");
    CU_ASSERT_PTR_NULL(patient_ask(&p, "fit", "not_recorded"));
    p.keys[0].text = "no";
    CU_ASSERT_PTR_NOT_NULL(patient_advice(patient_ask(&p, "fit", "not_recorded"), "objective.diagnosis"));
    /* the running training loss serves where there is no other */
    patient_decay(&p, "train.loss", 2, 0.01, 30);
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "fit", "overfits"));
}

static void test_names_the_metric_of_the_objective(void)
{
    make(40, 0.8, 0.05, 20);
    p.objective.name = "validation.accuracy";
    patient_constant(&p, "validation.accuracy", 0.81);
    patient_constant(&p, "diagnosis.train.accuracy", 0.99);
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_ask(&p, "fit", "overfits")->evidence, "accuracy 0.81 against 0.99"));
}

SUITE(TEST(test_a_wide_gap_is_overfitting), TEST(test_a_rising_validation_loss_is_overfitting),
      TEST(test_advice_against_overfitting_is_about_what_is_there),
      TEST(test_searched_keys_are_advised_at_the_end_of_their_range), TEST(test_standing_still_high_up_is_underfitting),
      TEST(test_what_knows_nothing_does_not_underfit), TEST(test_still_falling_at_the_end_is_too_early),
      TEST(test_what_still_learns_does_not_fit), TEST(test_says_where_nothing_was_recorded),
      TEST(test_names_the_metric_of_the_objective))
