/* SPDX-License-Identifier: MIT */
/* Whole trainings on real images, composed from the plugins built beside: what a trial reports, obeys, repeats and
 * leaves behind. */
#include "harness.h"
#include "mini_host.h"
#include "hone/nn.h"
#include "train.h"

/* 3,000 training images, 300 of them to validate on; a small network. */
#define SMALL                                                                                        \
    "[objective]\nuse = train\nepochs = 3\nbatch_size = 64\n[dataset]\nuse = idx\nfraction = 0.05\n" \
    "[transform.standardize]\n[model]\nuse = mlp\nhidden = 32\n[optimizer]\nuse = sgd\nlearning_rate = 0.05\n"

#define CHECK(h, rc)                          \
    do {                                      \
        const hone_rc rc_ = (rc);             \
        if (rc_ < 0)                          \
            printf("#   %s\n", (h)->err.msg); \
        CU_ASSERT_FATAL(rc_ >= 0);            \
    } while (0)

static void test_describes_what_it_reports(void)
{
    struct mini_host h;
    hone_description d;
    CHECK(
        &h,
        mini_host_open(
            &h, SMALL
            "[metric.accuracy]\n[metric.rare]\nuse = f1\naverage = macro\n[metric.all]\nuse = f1\naverage = micro\n"));
    CHECK(&h, mini_host_describe(&h, &d));
    CU_ASSERT(d.max_step == 3 && !strcmp(d.stop_key, "stop_after") && !d.any_metric && !d.any_space);
    static const char *const wanted[] = { "train.loss",          "model.parameters", "model.epochs",  "validation.loss",
                                          "validation.accuracy", "validation.rare",  "validation.all" };
    static const uint32_t directions[] = { HONE_MINIMIZE, HONE_MINIMIZE, HONE_NO_DIRECTION, HONE_MINIMIZE,
                                           HONE_MAXIMIZE, HONE_MAXIMIZE, HONE_MAXIMIZE };
    CU_ASSERT_FATAL(d.n_metrics > 7);
    for (uint32_t i = 0; i < 7; i++) {
        CU_ASSERT_STRING_EQUAL(d.metrics[i].name, wanted[i]);
        CU_ASSERT_EQUAL(d.metrics[i].direction, directions[i]);
    }
    /* what it reports is exactly what it said, but for layers and the clock */
    CHECK(&h, mini_host_run(&h));
    for (uint32_t i = 0; i < h.n_values; i++) {
        unsigned known = 0;
        for (uint32_t k = 0; k < d.n_metrics; k++)
            known += !strcmp(d.metrics[k].name, h.values[i].name);
        CU_ASSERT_EQUAL(known, !strstr(h.values[i].name, ".hidden1") && !strstr(h.values[i].name, ".output") &&
                                   strcmp(h.values[i].name, "diagnosis.step_time") != 0);
    }
    for (uint32_t k = 0; k < d.n_metrics; k++) {
        unsigned reported = 0;
        for (uint32_t i = 0; i < h.n_values; i++)
            reported += !strcmp(d.metrics[k].name, h.values[i].name);
        CU_ASSERT(reported > 0);
    }
    mini_host_close(&h);
}

static void test_learns_fashion_mnist(void)
{
    struct mini_host h;
    CHECK(&h, mini_host_open(&h, SMALL "[metric.accuracy]\n"));
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    CU_ASSERT_EQUAL(mini_host_last_step(&h), 3);
    CU_ASSERT(mini_host_report(&h, 3, "validation.accuracy") > 0.7);
    CU_ASSERT(mini_host_report(&h, 3, "train.loss") < mini_host_report(&h, 1, "train.loss"));
    CU_ASSERT_EQUAL(mini_host_result(&h, "model.parameters"), 784 * 32 + 32 + 32 * 10 + 10);
    CU_ASSERT_STRING_EQUAL(h.inside, ""); /* left every component it entered */
    CU_ASSERT(h.entered > 0);
    mini_host_close(&h);
}

static void test_same_seed_same_numbers(void)
{
    struct mini_host a, b;
    CHECK(&a, mini_host_open(&a, SMALL "[regularizer.dropout]\nrate = 0.2\n[regularizer.crop]\n[regularizer.flip]\n"));
    CHECK(&b, mini_host_open(&b, SMALL "[regularizer.dropout]\nrate = 0.2\n[regularizer.crop]\n[regularizer.flip]\n"));
    CHECK(&a, mini_host_run(&a));
    CHECK(&b, mini_host_run(&b));
    CHECK(&b, mini_host_run(&b)); /* an instance keeps nothing of an earlier run */
    CU_ASSERT_EQUAL_FATAL(a.n_values, b.n_values);
    for (uint32_t i = 0; i < a.n_values; i++)
        CU_ASSERT(!memcmp(&a.values[i].value, &b.values[i].value, sizeof(double)) ||
                  !strcmp(a.values[i].name, "diagnosis.step_time"));
    const double loss = mini_host_report(&a, 3, "train.loss");
    a.trial.seed = 2;
    CHECK(&a, mini_host_run(&a));
    CU_ASSERT(mini_host_report(&a, 3, "train.loss") != loss);
    mini_host_close(&a);
    mini_host_close(&b);
}

static void test_obeys_the_verdict(void)
{
    struct mini_host h;
    CHECK(&h, mini_host_open(&h, SMALL));
    h.prune_at = 2;
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_DONE);
    CU_ASSERT_EQUAL(mini_host_last_step(&h), 2);
    h.prune_at = 0;
    h.cancel_after =
        70; /* in the second epoch: 12 polls while fitting, 43 steps and 5 batches of validation an epoch */
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_ECANCELED);
    CU_ASSERT_EQUAL(mini_host_last_step(&h), 1);
    h.cancel_after = 0;
    h.trial.until = 1;
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    CU_ASSERT_EQUAL(mini_host_last_step(&h), 1);
    mini_host_close(&h);
}

/* stop_after shortens the training and leaves the schedule as it was: the first epochs are the same to the bit. */
static void test_stops_after(void)
{
    struct mini_host whole, part;
    CHECK(&whole, mini_host_open(&whole, SMALL "[lr_schedule]\nuse = cosine\n"));
    CHECK(&part,
          mini_host_open(
              &part, "[objective]\nuse = train\nepochs = 3\nbatch_size = 64\nstop_after = 2\n"
                     "[dataset]\nuse = idx\nfraction = 0.05\n[transform.standardize]\n[model]\nuse = mlp\nhidden = 32\n"
                     "[optimizer]\nuse = sgd\nlearning_rate = 0.05\n[lr_schedule]\nuse = cosine\n"));
    CHECK(&whole, mini_host_run(&whole));
    CHECK(&part, mini_host_run(&part));
    CU_ASSERT_EQUAL(mini_host_last_step(&part), 2);
    CU_ASSERT_EQUAL(mini_host_report(&part, 2, "train.loss"), mini_host_report(&whole, 2, "train.loss"));
    mini_host_close(&whole);
    mini_host_close(&part);
}

/* A rate so high that the loss gets worse again: stopping early brings the best epoch back. */
static void test_early_stopping_restores_the_best(void)
{
    struct mini_host h;
    CHECK(&h,
          mini_host_open(
              &h,
              "[objective]\nuse = train\nepochs = 40\nbatch_size = 32\n[dataset]\nuse = idx\nfraction = "
              "0.01\nvalidation = 0.5\n"
              "[transform.standardize]\n[model]\nuse = mlp\nhidden = 64\n[optimizer]\nuse = sgd\nlearning_rate = 0.2\n"
              "[regularizer.early_stopping]\npatience = 3\n"));
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    const int64_t last = mini_host_last_step(&h);
    CU_ASSERT(last > 3 && last < 40);
    double best = (double)INFINITY;
    for (int64_t step = 1; step <= last; step++)
        best = fmin(best, mini_host_report(&h, step, "validation.loss"));
    CU_ASSERT_EQUAL(mini_host_report(&h, last - 3, "validation.loss"), best);
    CU_ASSERT_EQUAL(mini_host_result(&h, "validation.loss"), best);
    CU_ASSERT_EQUAL(mini_host_result(&h, "model.epochs"), (double)(last - 3));
    mini_host_close(&h);
}

static void test_says_where_the_loss_exploded(void)
{
    struct mini_host h;
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\n[dataset]\nuse = idx\nfraction = 0.02\n[model]\nuse = mlp\n"
                                 "[optimizer]\nuse = sgd\nlearning_rate = 1e30\n"));
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_ENUMERIC);
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg, "not finite at epoch 1, step"));
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg, "optimizer.learning_rate"));
    mini_host_close(&h);
}

static void test_folds_report_means_and_deviations(void)
{
    struct mini_host h;
    hone_description d;
    CHECK(
        &h,
        mini_host_open(
            &h,
            "[objective]\nuse = train\nepochs = 2\nbatch_size = 64\n[dataset]\nuse = idx\nfraction = 0.03\nfolds = 3\n"
            "[transform.standardize]\n[model]\nuse = mlp\nhidden = 16\n[optimizer]\nuse = sgd\nlearning_rate = 0.05\n"
            "[metric.accuracy]\n"));
    CHECK(&h, mini_host_describe(&h, &d));
    CU_ASSERT_STRING_EQUAL(d.metrics[6].name, "validation.accuracy.deviation");
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT(mini_host_report(&h, 2, "validation.accuracy") > 0.6);
    CU_ASSERT(mini_host_report(&h, 2, "validation.accuracy.deviation") > 0 &&
              mini_host_report(&h, 2, "validation.accuracy.deviation") < 0.1);
    CU_ASSERT(mini_host_report(&h, 2, "validation.loss.deviation") > 0);
    mini_host_close(&h);
}

/* ---- parts ---- */
static hone_rc open_data(struct mini_host *h, struct data *data, const char *ini)
{
    hone_rc rc = mini_host_open(h, ini);
    return rc == HONE_OK ? data_open(data, &h->host, &h->err) : rc;
}

static void test_parts_are_disjoint_whole_and_stratified(void)
{
    enum { FOLDS = 7, USED = 1200 };
    struct mini_host h;
    struct data data;
    static uint8_t seen[60000];
    CHECK(&h, open_data(&h, &data, "[objective]\nuse = train\n[dataset]\nuse = idx\nfraction = 0.02\nfolds = 7\n"));
    for (uint64_t fold = 0; fold < FOLDS; fold++) {
        struct samples train = { 0 }, validation = { 0 };
        unsigned per_class[10] = { 0 };
        CHECK(&h, split_make(&data, 5, fold, &train, &validation, &h.err));
        CU_ASSERT_EQUAL(train.n + validation.n, USED);
        for (uint64_t i = 0; i < validation.n; i++) {
            seen[validation.ids[i]]++;
            per_class[data.views[0].labels[validation.ids[i]]]++;
        }
        for (unsigned k = 0; k < 10; k++)
            CU_ASSERT(per_class[k] == 120 / FOLDS || per_class[k] == 120 / FOLDS + 1);
        uint64_t both = 0;
        for (uint64_t i = 0, j = 0; i < train.n; i++) { /* both lists are sorted */
            while (j < validation.n && validation.ids[j] < train.ids[i])
                j++;
            both += j < validation.n && validation.ids[j] == train.ids[i];
        }
        CU_ASSERT_EQUAL(both, 0);
        samples_release(&train);
        samples_release(&validation);
    }
    unsigned once = 0, more = 0;
    for (unsigned i = 0; i < 60000; i++) {
        once += seen[i] == 1;
        more += seen[i] > 1;
    }
    CU_ASSERT(once == USED && more == 0);
    mini_host_close(&h);
}

/* A batch is what the transforms say, whether they are part of the gather or not, and learnt on the training part alone. */
static void test_batches_are_standardized_pixels(void)
{
    struct mini_host h;
    struct data data;
    struct crew crew;
    struct pipeline p;
    struct samples train = { 0 }, validation = { 0 };
    enum { BATCH = 5 };
    static float x[BATCH * 784], t[BATCH * 10];
    CHECK(
        &h,
        open_data(
            &h, &data,
            "[objective]\nuse = train\n[dataset]\nuse = idx\nfraction = 0.01\n[transform.standardize]\nper = feature\n"
            "[model]\nuse = mlp\n[optimizer]\nuse = sgd\n"));
    CHECK(&h, crew_create(&crew, &h.host, &data.task, 1, &h.err));
    CHECK(&h, split_make(&data, 1, 0, &train, &validation, &h.err));
    CHECK(&h, pipeline_create(&p, &data, &crew, &h.trial, BATCH, &h.err));
    CHECK(&h, pipeline_fit(&p, &train, &h.host, &h.err));
    CU_ASSERT_EQUAL(p.n_fused, 1);
    CHECK(&h, pipeline_batch(&p, &validation, validation.ids, BATCH, NULL, x, t, &h.err));
    const uint8_t *pixels = data.views[0].inputs;
    double worst = 0;
    for (unsigned j = 0; j < 784; j++) {
        double sum = 0, squares = 0;
        for (uint64_t i = 0; i < train.n; i++)
            sum += pixels[train.ids[i] * 784 + j] / 255.0;
        const double mean = sum / (double)train.n;
        for (uint64_t i = 0; i < train.n; i++) {
            const double d = pixels[train.ids[i] * 784 + j] / 255.0 - mean;
            squares += d * d;
        }
        const double deviation = sqrt(squares / (double)train.n);
        for (unsigned i = 0; i < BATCH && deviation > 1e-3; i++)
            worst = fmax(
                worst, fabs((double)x[i * 784 + j] - (pixels[validation.ids[i] * 784 + j] / 255.0 - mean) / deviation) *
                           deviation);
    }
    CU_ASSERT(worst < 1e-5);
    for (unsigned i = 0; i < BATCH; i++)
        for (int k = 0; k < 10; k++)
            CU_ASSERT_EQUAL(t[i * 10 + (unsigned)k], k == data.views[0].labels[validation.ids[i]] ? 1.0f : 0.0f);
    pipeline_release(&p);
    crew_release(&crew);
    samples_release(&train);
    samples_release(&validation);
    mini_host_close(&h);
}

/* ---- the last training ---- */
static char *read_all(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    char *bytes = malloc(1 << 22);
    *n = in && bytes ? fread(bytes, 1, 1 << 22, in) : 0;
    if (in)
        fclose(in);
    return bytes;
}

static const struct mini_file *find_file(const struct mini_host *h, const char *name)
{
    for (uint32_t i = 0; i < h->n_files; i++)
        if (!strcmp(h->files[i].name, name))
            return &h->files[i];
    return NULL;
}

#define FINAL SMALL "[metric.accuracy]\n[metric.confusion]\n[regularizer.early_stopping]\npatience = 1\n"

static void test_final_training_tests_and_keeps_the_model(void)
{
    struct mini_host h;
    CHECK(&h, mini_host_open(&h, FINAL));
    h.trial.flags = HONE_TRIAL_FINAL;
    h.trial.until = 2;
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    CU_ASSERT_EQUAL(mini_host_last_step(&h), 2);
    CU_ASSERT(isnan(mini_host_report(&h, 2, "validation.loss")));
    const double accuracy = mini_host_result(&h, "test.accuracy");
    CU_ASSERT(accuracy > 0.75 && accuracy < 1);
    CU_ASSERT(mini_host_result(&h, "test.loss") > 0);
    const struct mini_file *table = find_file(&h, "confusion");
    CU_ASSERT_PTR_NOT_NULL_FATAL(table);
    CU_ASSERT_STRING_EQUAL(table->type, "text/csv");
    /* rows are true classes, a thousand each; the diagonal is the accuracy */
    double right = 0;
    unsigned rows = 0;
    for (const char *line = strchr(table->text, '\n') + 1; *line; line = strchr(line, '\n') + 1, rows++) {
        double sum = 0;
        const char *at = strchr(line, ',');
        for (unsigned column = 0; column < 10; column++) {
            char *end;
            const double n = strtod(at + 1, &end);
            sum += n;
            right += column == rows ? n : 0;
            at = end;
        }
        CU_ASSERT_EQUAL(sum, 1000);
    }
    CU_ASSERT_EQUAL(rows, 10);
    CU_ASSERT(fabs(right / 10000 - accuracy) < 1e-12);
    mini_host_close(&h);
}

/* The file alone gives the test accuracy again: weights, scale and shift are what the network used. */
static void test_model_file_predicts_alike(void)
{
    struct mini_host h;
    struct data data;
    hone_model_file *file = NULL;
    const hone_model_tensor *tensors = NULL;
    CHECK(&h, mini_host_open(&h, FINAL));
    h.trial.flags = HONE_TRIAL_FINAL;
    CHECK(&h, mini_host_run(&h));
    CHECK(&h, data_open(&data, &h.host, &h.err));
    const struct mini_file *kept = find_file(&h, "model.safetensors");
    CU_ASSERT_PTR_NOT_NULL_FATAL(kept);
    CHECK(&h, hone_model_open(kept->path, &file, &h.err));
    CU_ASSERT_EQUAL_FATAL(hone_model_tensors(file, &tensors), 4);
    const float *w[2] = { NULL, NULL }, *b[2] = { NULL, NULL };
    for (int i = 0; i < 4; i++) {
        const int layer = tensors[i].dims[0] == 10;
        if (tensors[i].n_dims == 2)
            w[layer] = tensors[i].data;
        else
            b[layer] = tensors[i].data;
    }
    CU_ASSERT_FATAL(w[0] && w[1] && b[0] && b[1]);
    CU_ASSERT_STRING_EQUAL(hone_model_metadata(file, "format"), "hone/1");
    CU_ASSERT_STRING_EQUAL(hone_model_metadata(file, "config"), h.ini);
    CU_ASSERT_STRING_EQUAL(hone_model_metadata(file, "classes"),
                           "[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]");
    const char *text = hone_model_metadata(file, "preprocessing");
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    /* one channel: one scale and one shift */
    const char *scale = strstr(strstr(text, "transforms"), "\"scale\":"), *shift = strstr(text, "\"shift\":");
    CU_ASSERT_FATAL(scale && shift && strstr(text, "\"state\":\""));
    const double s = strtod(scale + 8, NULL), c = strtod(shift + 8, NULL);
    const hone_dataset_view *test = data_view(&data, HONE_SPLIT_TEST);
    unsigned right = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        double hidden[32], best = -(double)INFINITY;
        int winner = 0;
        const uint8_t *x = (const uint8_t *)test->inputs + i * 784;
        for (unsigned u = 0; u < 32; u++) {
            hidden[u] = (double)b[0][u];
            for (unsigned j = 0; j < 784; j++)
                hidden[u] += (double)w[0][u * 784 + j] * (s * (x[j] / 255.0) + c);
            hidden[u] = hidden[u] > 0 ? hidden[u] : 0;
        }
        for (int k = 0; k < 10; k++) {
            double logit = (double)b[1][k];
            for (unsigned u = 0; u < 32; u++)
                logit += (double)w[1][(unsigned)k * 32 + u] * hidden[u];
            winner = logit > best ? k : winner;
            best = fmax(best, logit);
        }
        right += winner == test->labels[i];
    }
    CU_ASSERT(fabs(right / 2000.0 - mini_host_result(&h, "test.accuracy")) < 0.03);
    CU_ASSERT_PTR_NOT_NULL(strstr(hone_model_metadata(file, "metrics"), "\"test.accuracy\":"));
    hone_model_close(file);
    mini_host_close(&h);
}

static void test_same_seed_same_model_file(void)
{
    struct mini_host h[2];
    char *bytes[2];
    size_t n[2];
    for (int i = 0; i < 2; i++) {
        CHECK(&h[i], mini_host_open(&h[i], FINAL));
        h[i].trial.flags = HONE_TRIAL_FINAL;
        CHECK(&h[i], mini_host_run(&h[i]));
        const struct mini_file *file = find_file(&h[i], "model.safetensors");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        bytes[i] = read_all(file->path, &n[i]);
    }
    CU_ASSERT(n[0] > 784 * 32 * 4 && n[0] == n[1] && !memcmp(bytes[0], bytes[1], n[0]));
    for (int i = 0; i < 2; i++) {
        free(bytes[i]);
        mini_host_close(&h[i]);
    }
}

static void write_table(char *path, size_t n)
{
    snprintf(path, n, "/tmp/hone-train-XXXXXX");
    const int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fprintf(out, "a,b,y\n");
    for (int i = 0; i < 400; i++) {
        const double a = i % 20 / 10.0 - 1, b = i / 20 / 10.0 - 1;
        fprintf(out, "%g,%g,%g\n", a, b, 2 * a - b + 0.5);
    }
    fclose(out);
}

/* A plane is learnt to the last bit of noise that there is: none. No test split: said, not measured. */
static void test_regression_without_a_test_split(void)
{
    struct mini_host h;
    char path[64], ini[1024];
    write_table(path, sizeof path);
    snprintf(ini, sizeof ini,
             "[objective]\nuse = train\nepochs = 60\nbatch_size = 50\n[dataset]\nuse = csv\nfile = "
             "%s\n[transform.minmax]\n[transform.standardize]\n"
             "[model]\nuse = mlp\nhidden = 16\n[optimizer]\nuse = adam\nlearning_rate = 0.02\n[metric.rmse]\n",
             path);
    CHECK(&h, mini_host_open(&h, ini));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT(mini_host_report(&h, 60, "validation.rmse") < 0.1);
    CU_ASSERT(fabs(mini_host_report(&h, 60, "validation.rmse") - sqrt(mini_host_report(&h, 60, "validation.loss"))) <
              1e-6);
    h.trial.flags = HONE_TRIAL_FINAL;
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT_PTR_NOT_NULL(strstr(h.log, "no test split"));
    CU_ASSERT(isnan(mini_host_result(&h, "test.rmse")));
    CU_ASSERT_PTR_NOT_NULL(find_file(&h, "model.safetensors"));
    mini_host_close(&h);
    unlink(path);
}

struct refused {
    const char *ini, *message;
};
static void test_refuses_what_does_not_fit(void)
{
    static const char start[] = "[objective]\nuse = train\n[model]\nuse = mlp\n[optimizer]\nuse = sgd\n";
    static const struct refused refused[] = {
        { "[dataset]\nuse = idx\ndirectory = /nowhere\n", "there is neither train-images" },
        { "[dataset]\nuse = idx\nfolds = 1\n", "folds = 1 leaves nothing to train on" },
        { "[dataset]\nuse = idx\nfraction = 0.0001\nfolds = 7\n", "only 6 training samples" },
        { "[dataset]\nuse = idx\nfraction = 0.0001\nvalidation = 0.01\n", "leaves none to validate on" },
        { "[dataset]\nuse = idx\nvalidation = 0\n[regularizer.early_stopping]\n", "needs a validation set" },
        { "[dataset]\nuse = idx\n[loss]\nuse = mse\n[metric.rmse]\n", "does not" },
        { "[dataset]\nuse = idx\n[metric.a]\nuse = accuracy\n[metric.b]\nuse = rmse\n",
          "[metric.b] rmse does not measure classification" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct mini_host h;
        hone_description d;
        char ini[1024];
        snprintf(ini, sizeof ini, "%s%s", start, refused[i].ini);
        CHECK(&h, mini_host_open(&h, ini));
        CU_ASSERT(mini_host_describe(&h, &d) < 0);
        if (!strstr(h.err.msg, refused[i].message)) {
            printf("#   wanted \"%s\", got \"%s\"\n", refused[i].message, h.err.msg);
            CU_FAIL("another message");
        }
        CU_ASSERT(mini_host_run(&h) < 0);
        mini_host_close(&h);
    }
}

SUITE(TEST(test_describes_what_it_reports), TEST(test_learns_fashion_mnist), TEST(test_same_seed_same_numbers),
      TEST(test_obeys_the_verdict), TEST(test_stops_after), TEST(test_early_stopping_restores_the_best),
      TEST(test_says_where_the_loss_exploded), TEST(test_folds_report_means_and_deviations),
      TEST(test_parts_are_disjoint_whole_and_stratified), TEST(test_batches_are_standardized_pixels),
      TEST(test_final_training_tests_and_keeps_the_model), TEST(test_model_file_predicts_alike),
      TEST(test_same_seed_same_model_file), TEST(test_regression_without_a_test_split),
      TEST(test_refuses_what_does_not_fit))
