/* SPDX-License-Identifier: MIT */
/* What a training tells of itself: against naive loops over its tensors, against what an update by plain gradient descent
 * must be, and that looking changes nothing. */
#include "harness.h"
#include "mini_host.h"
#include "train.h"

/* All samples in one step, so that a look at it is a look at everything; plain gradient descent. */
#define MOONS                                                                                              \
    "[objective]\nuse = train\nepochs = 3\nbatch_size = 1000\n[dataset]\nuse = memory\nsamples = 110\n"    \
    "validation = 0.45\n[model]\nuse = mlp\nhidden = 12, 7\n[optimizer]\nuse = sgd\nlearning_rate = 0.3\n" \
    "momentum = 0\n"
#define IMAGES                                                                                                 \
    "[objective]\nuse = train\nepochs = 2\nbatch_size = 64\n%s[dataset]\nuse = idx\nfraction = 0.1\n"          \
    "[transform.standardize]\n[model]\nuse = mlp\nhidden = 32\n[optimizer]\nuse = sgd\nlearning_rate = 0.05\n" \
    "[regularizer.dropout]\nrate = 0.2\n[regularizer.weight_decay]\n[regularizer.early_stopping]\n[metric.accuracy]\n"

#define CHECK(h, rc)                          \
    do {                                      \
        const hone_rc rc_ = (rc);             \
        if (rc_ < 0)                          \
            printf("#   %s\n", (h)->err.msg); \
        CU_ASSERT_FATAL(rc_ >= 0);            \
    } while (0)

static struct mini_host h, other;

static void near(double got, double wanted, double relative)
{
    if (!(fabs(got - wanted) <= relative * fabs(wanted)))
        printf("#   %.9g instead of %.9g\n", got, wanted);
    CU_ASSERT(fabs(got - wanted) <= relative * fabs(wanted));
}

static double report(int64_t epoch, const char *name)
{
    return mini_host_report(&h, epoch, name);
}

/* ---- a training opened up ---- */
static struct training t;
static struct data data;
static struct measures measures;

static void open_training(const char *ini)
{
    memset(&t, 0, sizeof t);
    CHECK(&h, mini_host_open(&h, ini));
    t.host = &h.host;
    t.trial = &h.trial;
    t.settings = h.sections[0].config;
    t.measures = &measures;
    t.seed = 1;
    CHECK(&h, data_open(&data, &h.host, &h.err));
    CHECK(&h, crew_create(&t.crew, &h.host, &data.task, 1, &h.err));
    CHECK(&h, measures_create(&measures, &t.crew, &data.task, &h.err));
    CHECK(&h, split_make(&data, 1, 0, &t.train, &t.validation, &h.err));
    CHECK(&h, training_prepare(&t, &data, &h.err));
}

static void close_training(void)
{
    training_release(&t);
    measures_release(&measures);
    mini_host_close(&h);
}

static double value(const char *name)
{
    for (uint32_t i = 0; i < t.diagnosis.n; i++)
        if (!strcmp(t.diagnosis.values[i].name, name))
            return t.diagnosis.values[i].value;
    printf("#   there is no %s\n", name);
    CU_ASSERT(0);
    return (double)NAN;
}

static const hone_parameter *parameter(const char *name)
{
    for (uint32_t i = 0; i < t.network.n_parameters; i++)
        if (!strcmp(t.network.parameters[i]->name, name))
            return t.network.parameters[i];
    return NULL;
}

static double squares_of(const float *x, uint64_t n)
{
    double sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

/* The gradients are those of the last step, which is the only one of the epoch. */
static void test_norms_are_those_of_the_tensors(void)
{
    open_training(MOONS);
    static const char *const layers[] = { "hidden1", "hidden2", "output" };
    double all[3] = { 0 }, stood[3] = { 0 };
    CHECK(&h, training_epoch(&t, 0, &h.err));
    for (unsigned l = 0; l < 3; l++)
        stood[l] = value((const char *[]){ "diagnosis.weight_norm.hidden1", "diagnosis.weight_norm.hidden2",
                                           "diagnosis.weight_norm.output" }[l]);
    const double stood_all = value("diagnosis.weight_norm");
    CHECK(&h, training_epoch(&t, 1, &h.err));
    for (unsigned l = 0; l < 3; l++) {
        char name[64];
        double g2 = 0, w2 = 0;
        for (unsigned bias = 0; bias < 2; bias++) {
            snprintf(name, sizeof name, "%s.%s", layers[l], bias ? "bias" : "weight");
            const hone_parameter *p = parameter(name);
            CU_ASSERT_PTR_NOT_NULL_FATAL(p);
            g2 += squares_of(p->gradient, p->length);
            w2 += squares_of(p->value, p->length);
        }
        snprintf(name, sizeof name, "diagnosis.gradient_norm.%s", layers[l]);
        near(value(name), sqrt(g2), 1e-6);
        snprintf(name, sizeof name, "diagnosis.weight_norm.%s", layers[l]);
        near(value(name), sqrt(w2), 1e-6);
        /* the update is the rate times the gradient, of the weights as they stood after the epoch before */
        snprintf(name, sizeof name, "diagnosis.update_ratio.%s", layers[l]);
        near(value(name), 0.3 * sqrt(g2) / stood[l], 1e-3);
        all[0] += g2;
        all[1] += w2;
    }
    near(value("diagnosis.gradient_norm"), sqrt(all[0]), 1e-6);
    near(value("diagnosis.gradient_norm_max"), sqrt(all[0]), 1e-6);
    near(value("diagnosis.weight_norm"), sqrt(all[1]), 1e-6);
    near(value("diagnosis.update_ratio"), 0.3 * sqrt(all[0]) / stood_all, 1e-3);
    near(value("diagnosis.learning_rate"), 0.3, 1e-12);
    CU_ASSERT(value("diagnosis.step_time") > 0);
    close_training();
}

/* Large tensors are followed at some coordinates only: what they say is near what all of them say. */
static void test_coordinates_stand_for_all(void)
{
    open_training("[objective]\nuse = train\nbatch_size = 1000\n[dataset]\nuse = idx\nfraction = "
                  "0.01\n[transform.standardize]\n[model]\nuse = mlp\n"
                  "[optimizer]\nuse = sgd\nlearning_rate = 0.01\nmomentum = 0\n");
    CHECK(&h, training_epoch(&t, 0, &h.err));
    const double stood = value("diagnosis.weight_norm");
    CHECK(&h, training_epoch(&t, 1, &h.err));
    near(value("diagnosis.update_ratio"), 0.01 * value("diagnosis.gradient_norm") / stood, 0.15);
    close_training();
}

/* 60 training samples are fewer than are measured at least: all of them are. */
static void test_training_samples_are_measured_as_validation_samples_are(void)
{
    open_training(MOONS "[regularizer.dropout]\nrate = 0.5\n[metric.accuracy]\n");
    double all[2];
    CU_ASSERT_EQUAL(t.train.n, 60);
    CHECK(&h, training_epoch(&t, 0, &h.err));
    CHECK(&h, training_measure(&t, &t.train, all, NULL, &h.err));
    CU_ASSERT_EQUAL(value("diagnosis.train.loss"), all[0]);
    CU_ASSERT_EQUAL(value("diagnosis.train.accuracy"), all[1]);
    CU_ASSERT(fabs(t.train_loss - all[0]) > 1e-3); /* what was trained on had dropout */
    near(value("diagnosis.train_loss_error"), t.loss_error, 1e-12);
    near(value("diagnosis.gap.loss"), t.values[0] - all[0], 1e-12);
    near(value("diagnosis.gap.accuracy"), all[1] - t.values[1], 1e-12);
    /* standard error of the validation loss */
    hone_net *net = t.network.nets[NET_FULL]; /* which is enough for the few validation samples */
    CHECK(&h, training_measure(&t, &t.validation, all, NULL, &h.err));
    double squares = 0;
    CU_ASSERT_FATAL((uint64_t)hone_net_batch(net) >= t.validation.n);
    for (uint64_t i = 0; i < t.validation.n; i++)
        squares += pow((double)hone_net_losses(net)[i] - all[0], 2);
    near(value("diagnosis.validation_loss_error"),
         sqrt(squares / (double)(t.validation.n - 1) / (double)t.validation.n), 1e-6);
    close_training();
}

static void test_baseline_is_entropy_or_variance(void)
{
    open_training(MOONS);
    double sum = 0, squares = 0;
    near(t.diagnosis.baseline, log(2), 1e-3);
    close_training();
    open_training("[objective]\nuse = train\n[dataset]\nuse = memory\nset = friedman1\nsamples = 64\nvalidation = 0.1\n"
                  "[model]\nuse = mlp\n[optimizer]\nuse = adam\n");
    float targets[64];
    CHECK(&h, data_targets(&data, t.train.split, t.train.ids, t.train.n, NULL, targets, &h.err));
    for (uint64_t i = 0; i < t.train.n; i++)
        sum += (double)targets[i] / (double)t.train.n;
    for (uint64_t i = 0; i < t.train.n; i++)
        squares += ((double)targets[i] - sum) * ((double)targets[i] - sum) / (double)t.train.n;
    near(t.diagnosis.baseline, squares, 1e-9);
    close_training();
}

static void test_counts_units_that_never_answer(void)
{
    open_training(MOONS);
    float *bias1 = parameter("hidden1.bias")->value, *bias2 = parameter("hidden2.bias")->value;
    for (int i = 0; i < 6; i++) /* of 12 */
        bias1[2 * i] = -1e6f;
    for (int i = 0; i < 5; i++) /* of 7 */
        bias2[i] = -1e6f;
    bias1[1] = 1e3f; /* the others answer */
    for (int i = 0; i < 6; i++)
        bias1[2 * i + 1] = 1e3f;
    for (int i = 5; i < 7; i++)
        bias2[i] = 1e9f;
    CHECK(&h, training_measure(&t, &t.validation, t.values, NULL, &h.err));
    CHECK(&h, diagnosis_again(&t, &h.err));
    near(value("diagnosis.dead_units.hidden1"), 6.0 / 12, 1e-12);
    near(value("diagnosis.dead_units.hidden2"), 5.0 / 7, 1e-12);
    near(value("diagnosis.dead_units"), 11.0 / 19, 1e-12);
    close_training();
}

/* ---- whole runs ---- */
static void test_looking_changes_nothing(void)
{
    char ini[1024];
    unsigned same = 0;
    snprintf(ini, sizeof ini, IMAGES, "");
    CHECK(&h, mini_host_open(&h, ini));
    CHECK(&h, mini_host_run(&h));
    snprintf(ini, sizeof ini, IMAGES, "diagnosis = no\n");
    CHECK(&other, mini_host_open(&other, ini));
    CHECK(&other, mini_host_run(&other));
    for (uint32_t i = 0; i < other.n_values; i++) {
        CU_ASSERT(strncmp(other.values[i].name, "diagnosis", 9) != 0);
        for (uint32_t k = 0; k < h.n_values; k++)
            if (h.values[k].step == other.values[i].step && !strcmp(h.values[k].name, other.values[i].name))
                same += !memcmp(&h.values[k].value, &other.values[i].value, sizeof(double));
    }
    CU_ASSERT_EQUAL(same, other.n_values);
    CU_ASSERT(h.n_values > other.n_values);
    CU_ASSERT_EQUAL(mini_host_result(&h, "diagnosis.train_samples"), 5400);
    CU_ASSERT_EQUAL(mini_host_result(&h, "diagnosis.validation_samples"), 600);
    CU_ASSERT_EQUAL(mini_host_result(&h, "diagnosis.classes"), 10);
    CU_ASSERT_EQUAL(mini_host_result(&h, "diagnosis.dimensions"), 3);
    CU_ASSERT_EQUAL(report(2, "diagnosis.gap.loss"), report(2, "validation.loss") - report(2, "diagnosis.train.loss"));
    mini_host_close(&other);
    mini_host_close(&h);
}

/* The last training has nothing to be compared with. */
static void test_the_last_training_tells_nothing(void)
{
    CHECK(&h, mini_host_open(&h, MOONS));
    h.trial.flags = HONE_TRIAL_FINAL;
    CHECK(&h, mini_host_run(&h));
    for (uint32_t i = 0; i < h.n_values; i++)
        CU_ASSERT(strncmp(h.values[i].name, "diagnosis", 9) != 0);
    mini_host_close(&h);
}

/* Weights that were brought back are measured again, on both sides of the gap. */
static void test_restored_weights_are_told_of(void)
{
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\nepochs = 40\nbatch_size = 32\n[dataset]\nuse = idx\n"
                                 "fraction = 0.01\nvalidation = 0.5\n[transform.standardize]\n[model]\nuse = mlp\n"
                                 "hidden = 64\n[optimizer]\nuse = sgd\nlearning_rate = 0.2\n"
                                 "[regularizer.early_stopping]\npatience = 3\n"));
    CHECK(&h, mini_host_run(&h));
    const int64_t last = mini_host_last_step(&h), best = last - 3;
    static const char *const names[] = { "diagnosis.train.loss", "diagnosis.gap.loss", "diagnosis.dead_units",
                                         "diagnosis.weight_norm", "diagnosis.weight_norm.hidden1" };
    for (size_t i = 0; i < HONE_COUNT(names); i++) {
        CU_ASSERT_EQUAL(mini_host_result(&h, names[i]), report(best, names[i]));
        CU_ASSERT(i == 2 || report(best, names[i]) != report(last, names[i]));
    }
    mini_host_close(&h);
}

static void test_folds_and_no_validation(void)
{
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\nepochs = 2\n[dataset]\nuse = memory\nsamples = 300\n"
                                 "folds = 3\n[model]\nuse = mlp\nhidden = 9\n[optimizer]\nuse = adam\n"));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT_EQUAL(mini_host_result(&h, "diagnosis.train_samples"), 200);
    near(report(2, "diagnosis.gap.loss"), report(2, "validation.loss") - report(2, "diagnosis.train.loss"), 1e-9);
    mini_host_close(&h);
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\nepochs = 2\n[dataset]\nuse = memory\nvalidation = 0\n"
                                 "[model]\nuse = mlp\nactivation = tanh\n[optimizer]\nuse = adam\n"));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT(isfinite(report(2, "diagnosis.train.loss")));
    CU_ASSERT(isnan(report(2, "diagnosis.gap.loss"))); /* is not reported */
    CU_ASSERT_EQUAL(report(2, "diagnosis.dead_units"), 0);
    mini_host_close(&h);
}

/* A deep network is told of by pairs of neighbours; with norms, which are layers of no group. */
static void test_deep_networks_are_told_of_in_groups(void)
{
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\nepochs = 1\n[dataset]\nuse = memory\nsamples = 100\n"
                                 "[model]\nuse = mlp\nhidden = 4\ndepth = 70\nbatch_norm = yes\nresidual = yes\n"
                                 "[optimizer]\nuse = sgd\n"));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT(report(1, "diagnosis.gradient_norm.hidden1..hidden2") > 0);
    CU_ASSERT(report(1, "diagnosis.weight_norm.hidden69..hidden70") > 0);
    CU_ASSERT(report(1, "diagnosis.update_ratio.output") > 0);
    CU_ASSERT(report(1, "diagnosis.dead_units.hidden69..hidden70") >= 0);
    unsigned n = 0;
    for (uint32_t i = 0; i < h.n_values; i++)
        n += !strncmp(h.values[i].name, "diagnosis.gradient_norm.", 24);
    CU_ASSERT_EQUAL(n, 36);
    mini_host_close(&h);
}

SUITE(TEST(test_norms_are_those_of_the_tensors), TEST(test_coordinates_stand_for_all),
      TEST(test_training_samples_are_measured_as_validation_samples_are), TEST(test_baseline_is_entropy_or_variance),
      TEST(test_counts_units_that_never_answer), TEST(test_looking_changes_nothing),
      TEST(test_the_last_training_tells_nothing), TEST(test_restored_weights_are_told_of),
      TEST(test_folds_and_no_validation), TEST(test_deep_networks_are_told_of_in_groups))
