/* SPDX-License-Identifier: MIT */
/* Each rule of diagnosis/optimization at a trial that it is about, and at one that lacks one of its conditions. */
#include "diagnosis_case.h"

static struct patient p;

/* A sound training of a network of three layers. */
static void make(uint32_t n)
{
    static const char *const layers[3][3] = {
        { "diagnosis.gradient_norm.hidden1", "diagnosis.gradient_norm.hidden2", "diagnosis.gradient_norm.output" },
        { "diagnosis.weight_norm.hidden1", "diagnosis.weight_norm.hidden2", "diagnosis.weight_norm.output" },
        { "diagnosis.dead_units.hidden1", "diagnosis.dead_units.hidden2", "diagnosis.dead_units" },
    };
    patient_init(&p, n);
    patient_decay(&p, "diagnosis.train.loss", 2.3, 0.5, 3);
    patient_constant(&p, "diagnosis.baseline_loss", 2.3);
    patient_constant(&p, "diagnosis.update_ratio", 1e-3);
    patient_constant(&p, "diagnosis.gradient_norm", 1.2);
    patient_constant(&p, "diagnosis.gradient_norm_max", 2);
    for (int l = 0; l < 3; l++) {
        patient_constant(&p, layers[0][l], 0.5);
        patient_constant(&p, layers[1][l], 10);
        patient_constant(&p, layers[2][l], 0.1);
    }
    patient_section(&p, "dataset", "dataset", "idx", 1);
    patient_section(&p, "model", "model", "mlp", 1);
    patient_key(&p, "optimizer.learning_rate", "0.5");
    patient_key(&p, "model.activation", "relu");
    patient_key(&p, "model.batch_norm", "no");
    patient_key(&p, "model.residual", "no");
    patient_key(&p, "model.depth", "12");
    patient_installed(&p, "transform", "standardize");
    patient_installed(&p, "lr_schedule", "cosine");
}

static void test_a_sound_training_is_not_blamed(void)
{
    make(20);
    (void)patient_ask(&p, "optimization", "");
    CU_ASSERT_EQUAL(p.n_findings, 0);
    make(1);
    (void)patient_ask(&p, "optimization", "");
    CU_ASSERT_EQUAL(p.n_findings, 0);
}

static void test_diverges(void)
{
    make(0);
    p.record.state = HONE_STATE_FAILED;
    p.record.message = "the loss is not finite at epoch 1, step 7: lower optimizer.learning_rate (here 0.5)";
    const struct patient_finding *f = patient_ask(&p, "optimization", "diverges");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "epoch 1, step 7"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "optimizer.learning_rate"), "0.05"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "transform.standardize"));
    p.record.message = "killed by SIGSEGV";
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "diverges"));
    make(20); /* grows again */
    double *t = patient_curve(&p, "diagnosis.train.loss");
    for (int i = 10; i < 20; i++)
        t[i] = t[9] * (1 + 0.15 * (i - 9));
    f = patient_ask(&p, "optimization", "diverges");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "at step 10"));
    make(20); /* from the beginning above what no input gives */
    patient_constant(&p, "diagnosis.train.loss", 2.6);
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "optimization", "diverges"));
    patient_decay(&p, "diagnosis.train.loss", 3, 2.6, 1); /* it began there, and falls */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "diverges"));
    make(20); /* some noise low down is none */
    patient_decay(&p, "diagnosis.train.loss", 2.3, 0.02, 30);
    patient_curve(&p, "diagnosis.train.loss")[19] = 0.05;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "diverges"));
}

static void test_leaps_are_a_high_learning_rate(void)
{
    make(20);
    patient_constant(&p, "diagnosis.update_ratio", 0.05);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_high")); /* it falls smoothly */
    for (int i = 0; i < 20; i++)
        patient_curve(&p, "diagnosis.train.loss")[i] = 1.5 + (i % 2 ? 0.2 : -0.2);
    const struct patient_finding *f = patient_ask(&p, "optimization", "learning_rate_high");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "7 of the last 14 steps"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "0.05"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "optimizer.learning_rate"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "lr_schedule"));
    patient_constant(&p, "diagnosis.update_ratio", 1e-3); /* leaps, but of small steps: noise */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_high"));
    make(20); /* nothing is left to learn */
    patient_constant(&p, "diagnosis.update_ratio", 0.05);
    for (int i = 0; i < 20; i++)
        patient_curve(&p, "diagnosis.train.loss")[i] = 0.1 + (i % 2 ? 0.02 : -0.02);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_high"));
}

static void test_tiny_moves_are_a_low_learning_rate(void)
{
    make(20);
    patient_constant(&p, "diagnosis.update_ratio", 2e-5);
    const struct patient_finding *f = patient_ask(&p, "optimization", "learning_rate_low");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "2e-05"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "optimizer.learning_rate"), "raise it, to 5"));
    CU_ASSERT_PTR_NULL(patient_ask_with(&p, "optimization", "learning_rate_low", "slow", "1e-5"));
    patient_decay(&p, "diagnosis.train.loss", 2.3, 0.05, 20);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_low"));
    make(20); /* the first epoch broke it */
    patient_constant(&p, "diagnosis.update_ratio", 2e-5);
    patient_curve(&p, "diagnosis.update_ratio")[0] = 0.3;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_low"));
    make(20); /* no gradient, whatever the rate */
    patient_constant(&p, "diagnosis.update_ratio", 2e-7);
    patient_constant(&p, "diagnosis.dead_units.hidden1", 1);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "learning_rate_low"));
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "optimization", "dead_units"));
}

/* A searched rate: the end of its range where the trial stands there, else a word about the others. */
static void test_a_searched_rate_is_a_matter_of_the_space(void)
{
    const hone_dim rate = {
        .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "optimizer.learning_rate", .min = 1e-5, .max = 1e-1
    };
    static const double heres[] = { 9e-2, 1e-4 };
    for (int i = 0; i < 2; i++) {
        make(20);
        patient_dim(&p, rate, heres[i]);
        patient_constant(&p, "diagnosis.update_ratio", 2e-5);
        const struct patient_finding *f = patient_ask(&p, "optimization", "learning_rate_low");
        CU_ASSERT_EQUAL(patient_advice(f, "space.optimizer.learning_rate") != NULL, i == 0);
        CU_ASSERT_EQUAL(patient_advice(f, "optimizer.learning_rate") != NULL, i == 1);
    }
}

/* Trials at other rates have answered already. */
static void test_what_was_tried_in_vain_is_not_advised(void)
{
    const hone_dim rate = {
        .type = HONE_DIM_REAL, .flags = HONE_DIM_LOG, .key = "optimizer.learning_rate", .min = 1, .max = 100
    };
    static const double lower = 2, higher = 50;
    make(20);
    patient_dim(&p, rate, 10);
    double own = 2.3;
    p.record.values = &own;
    patient_constant(&p, "diagnosis.dead_units.hidden1", 1);
    patient_trial(&p, &higher, 2.1); /* better, but not lower */
    patient_trial(&p, &lower, 2.31);
    const struct patient_finding *f = patient_ask(&p, "optimization", "dead_units");
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "space.optimizer.learning_rate"), "no better: widen it, to 0.1"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "optimizer.learning_rate"));
    patient_trial(&p, &lower, 2.2);
    f = patient_ask(&p, "optimization", "dead_units");
    CU_ASSERT_PTR_NULL(patient_advice(f, "space.optimizer.learning_rate"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "optimizer.learning_rate"), "lower rates in its range"));
    /* leaps of the best rate: smaller steps at the end, not at once */
    make(20);
    patient_dim(&p, rate, 10);
    own = 1.5;
    p.record.values = &own;
    patient_trial(&p, &lower, 1.6);
    patient_constant(&p, "diagnosis.update_ratio", 0.05);
    for (int i = 0; i < 20; i++)
        patient_curve(&p, "diagnosis.train.loss")[i] = 1.5 + (i % 2 ? 0.2 : -0.2);
    f = patient_ask(&p, "optimization", "learning_rate_high");
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "lr_schedule"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "optimizer.learning_rate"));
    CU_ASSERT_PTR_NULL(patient_advice(f, "space.optimizer.learning_rate"));
    /* all of them failed */
    make(0);
    patient_dim(&p, rate, 10);
    p.record.state = HONE_STATE_FAILED;
    p.record.message = "the loss is not finite at epoch 1, step 7";
    f = patient_ask(&p, "optimization", "diverges");
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "space.optimizer.learning_rate"),
                                  "no trial has come through: widen the range, to 0.1"));
}

static void test_gradients_that_vanish(void)
{
    make(20);
    p.keys[1].text = "sigmoid";
    patient_constant(&p, "diagnosis.gradient_norm.hidden1", 1e-4);
    const struct patient_finding *f = patient_ask(&p, "optimization", "vanishing_gradients");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->verdict, "hidden1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "1e-05"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.activation"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.batch_norm"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.residual"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.depth"));
    p.keys[1].text = "relu";
    CU_ASSERT_PTR_NULL(patient_advice(patient_ask(&p, "optimization", "vanishing_gradients"), "model.activation"));
    patient_constant(&p, "diagnosis.gradient_norm.hidden2", 1e-6); /* it has died down everywhere */
    patient_constant(&p, "diagnosis.gradient_norm.output", 1e-6);
    patient_constant(&p, "diagnosis.gradient_norm.hidden1", 1e-12);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "vanishing_gradients"));
    make(20);
    patient_constant(&p, "diagnosis.gradient_norm.hidden1", 1e-4);
    patient_constant(&p, "diagnosis.dead_units.hidden2", 0.95); /* for another reason */
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "vanishing_gradients"));
    patient_constant(&p, "diagnosis.dead_units.hidden2", 0);
    patient_constant(&p, "diagnosis.gradient_norm.hidden1", 1e-3); /* a layer of small weights */
    patient_constant(&p, "diagnosis.weight_norm.hidden1", 0.1);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "vanishing_gradients"));
}

static void test_gradients_that_explode(void)
{
    make(20);
    patient_installed(&p, "regularizer", "gradient_clip");
    patient_curve(&p, "diagnosis.gradient_norm_max")[6] = 500;
    const struct patient_finding *f = patient_ask(&p, "optimization", "exploding_gradients");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "At step 7 a gradient of norm 500"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "regularizer.gradient_clip"));
    patient_section(&p, "regularizer.gradient_clip", "regularizer", "gradient_clip", 1);
    CU_ASSERT_PTR_NULL(
        patient_advice(patient_ask(&p, "optimization", "exploding_gradients"), "regularizer.gradient_clip"));
    patient_curve(&p, "diagnosis.gradient_norm_max")[6] = 100;
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "exploding_gradients"));
    patient_curve(&p, "diagnosis.gradient_norm_max")[6] = HUGE_VAL;
    CU_ASSERT_PTR_NOT_NULL(patient_ask(&p, "optimization", "exploding_gradients"));
}

static void test_units_that_are_dead(void)
{
    make(20);
    patient_constant(&p, "diagnosis.dead_units.hidden2", 0.6);
    patient_constant(&p, "diagnosis.dead_units", 0.35);
    const struct patient_finding *f = patient_ask(&p, "optimization", "dead_units");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(f->severity, HONE_FINDING_HINT);
    CU_ASSERT_PTR_NOT_NULL(strstr(f->evidence, "60 % of the units of hidden2, 35 % of all"));
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "optimizer.learning_rate"), "lower"));
    CU_ASSERT_PTR_NOT_NULL(patient_advice(f, "model.activation"));
    patient_constant(&p, "diagnosis.dead_units.hidden2", 0.95);
    patient_section(&p, "regularizer.quiet", "regularizer", "activity_l2", 1);
    patient_key(&p, "regularizer.quiet.strength", "0.3");
    f = patient_ask(&p, "optimization", "dead_units");
    CU_ASSERT_EQUAL(f->severity, HONE_FINDING_PROBLEM);
    CU_ASSERT_PTR_NOT_NULL(strstr(patient_advice(f, "regularizer.quiet.strength"), "lower it, to 0.003"));
    patient_constant(&p, "diagnosis.dead_units.hidden2", 0.3);
    CU_ASSERT_PTR_NULL(patient_ask(&p, "optimization", "dead_units"));
}

SUITE(TEST(test_a_sound_training_is_not_blamed), TEST(test_diverges), TEST(test_leaps_are_a_high_learning_rate),
      TEST(test_tiny_moves_are_a_low_learning_rate), TEST(test_a_searched_rate_is_a_matter_of_the_space),
      TEST(test_what_was_tried_in_vain_is_not_advised), TEST(test_gradients_that_vanish),
      TEST(test_gradients_that_explode), TEST(test_units_that_are_dead))
