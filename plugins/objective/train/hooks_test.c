/* SPDX-License-Identifier: MIT */
/* The contract towards the components, heard by components of the test's own: which hooks, in which order, with which data;
 * a data set that can only be read, with a validation split of its own; a transform that changes the shape. */
#include "harness.h"
#include "mini_host.h"
#include "hone/regularizer.h"
#include "hone/transform.h"
#include "train.h"

#define CHECK(h, rc)                          \
    do {                                      \
        const hone_rc rc_ = (rc);             \
        if (rc_ < 0)                          \
            printf("#   %s\n", (h)->err.msg); \
        CU_ASSERT_FATAL(rc_ >= 0);            \
    } while (0)

static hone_rc create_nothing(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    *self = malloc(sizeof(uint64_t));
    if (!*self)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory");
    *(uint64_t *)*self = info->seed;
    return HONE_OK;
}

#define COMPONENT(name_, kind_, iface_)                                                               \
    {                                                                                                 \
        .size = sizeof(hone_component), .kind = kind_, .name = name_, .summary = "for tests",         \
        .param_size = sizeof(hone_param), .iface = &iface_, .create = create_nothing, .destroy = free \
    }

/* ---- dataset/toy: sample i of split s is (s + 1, i); its class is i % 2; no view ---- */
static const uint64_t toy_counts[HONE_SPLITS] = { 10, 4, 3 };

static hone_rc toy_describe(void *self, hone_task *task, uint64_t counts[HONE_SPLITS], hone_error *err)
{
    (void)self;
    (void)err;
    memset(task, 0, sizeof *task);
    *task = (hone_task){ .size = sizeof *task,
                         .kind = HONE_TASK_CLASSIFICATION,
                         .n_outputs = 2,
                         .n_dims = 1,
                         .dtype = HONE_F32,
                         .dims = { 2 } };
    memcpy(counts, toy_counts, sizeof toy_counts);
    return HONE_OK;
}

static hone_rc toy_read(void *self, uint32_t split, const uint64_t *indices, uint64_t n, void *inputs, int32_t *labels,
                        float *targets, hone_error *err)
{
    (void)self;
    (void)targets;
    for (uint64_t i = 0; i < n; i++) {
        if (indices[i] >= toy_counts[split])
            return hone_fail(err, HONE_ERANGE, "", "no sample %llu", (unsigned long long)indices[i]);
        ((float *)inputs)[2 * i] = (float)(split + 1);
        ((float *)inputs)[2 * i + 1] = (float)indices[i];
        labels[i] = (int32_t)(indices[i] % 2);
    }
    return HONE_OK;
}
static const hone_dataset_v1 toy_iface = { sizeof toy_iface, 0, toy_describe, toy_read, NULL };
static const hone_component toy = COMPONENT("toy", HONE_KIND_DATASET, toy_iface);

/* ---- transform/product: (a, b) -> (a, b, a * b); hears how many samples it is fitted on ---- */
static uint64_t fitted;
static double fitted_sum;

static hone_rc product_begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    (void)self;
    (void)err;
    *out = *in;
    out->dims[0] = 3;
    return in->dtype == HONE_F32 && in->dims[0] == 2 ? HONE_OK : HONE_EINVAL;
}

static hone_rc product_fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    (void)self;
    (void)err;
    fitted += n;
    for (uint64_t i = 0; i < n; i++)
        fitted_sum += (double)x[2 * i + 1];
    return HONE_OK;
}

static hone_rc product_finish(void *self, hone_error *err)
{
    (void)self;
    (void)err;
    return HONE_OK;
}

static hone_rc product_apply(void *self, const float *x, float *y, uint64_t n, hone_error *err)
{
    (void)self;
    (void)err;
    for (uint64_t i = 0; i < n; i++) {
        y[3 * i] = x[2 * i];
        y[3 * i + 1] = x[2 * i + 1];
        y[3 * i + 2] = x[2 * i] * x[2 * i + 1];
    }
    return HONE_OK;
}
static const hone_transform_v1 product_iface = { sizeof product_iface, 0,   product_begin, product_fit, product_finish,
                                                 product_apply,        NULL };
static const hone_component product = COMPONENT("product", HONE_KIND_TRANSFORM, product_iface);

/* ---- regularizer/raw_spy and regularizer/spy: write down what they are called with ---- */
static char calls[4096];
static unsigned wrong;
static uint64_t seen[HONE_SPLITS][16], seeds[64];
static unsigned n_seeds;
static uint64_t epochs_heard, n_steps_an_epoch;

static void called(const char *what)
{
    const size_t n = strlen(calls);
    snprintf(calls + n, sizeof calls - n, "%s", what);
}

/* Before the network is built, and what the batches will be: as read, and after the transform. */
static hone_rc raw_task(void *self, const hone_task *task, hone_error *err)
{
    (void)self;
    (void)err;
    called("K");
    wrong += task->dtype != HONE_F32 || task->n_dims != 1 || task->dims[0] != 2;
    return HONE_OK;
}

static int64_t most_features = 3;
static hone_rc spy_task(void *self, const hone_task *task, hone_error *err)
{
    (void)self;
    called("k");
    wrong += task->dtype != HONE_F32 || task->n_dims != 1 || task->dims[0] != 3;
    return task->dims[0] > most_features ? hone_fail(err, HONE_ERANGE, "most", "too many features") : HONE_OK;
}

static hone_rc raw_batch(void *self, hone_batch *batch, uint64_t seed, hone_error *err)
{
    (void)self;
    (void)err;
    called("r");
    wrong += batch->dtype != HONE_F32 || batch->task->dims[0] != 2 || batch->n < 1 || batch->n > 4;
    for (uint64_t i = 0; i < batch->n; i++) {
        float *x = (float *)batch->inputs + 2 * i, *t = batch->targets + 2 * i;
        const unsigned split = (unsigned)x[0] - 1, at = (unsigned)x[1];
        seen[split][at]++;
        wrong += batch->samples[i] != (split == HONE_SPLIT_VALIDATION ? toy_counts[0] : 0) + at;
        wrong += t[at % 2] != 1.0f || t[1 - at % 2] != 0.0f;
        x[0] = 7; /* the transforms must see this */
    }
    if (n_seeds < 64)
        seeds[n_seeds++] = seed;
    return HONE_OK;
}

static hone_rc spy_batch(void *self, hone_batch *batch, uint64_t seed, hone_error *err)
{
    (void)self;
    (void)err;
    (void)seed;
    called("b");
    wrong += batch->dtype != HONE_F32 || batch->task->dims[0] != 3;
    for (uint64_t i = 0; i < batch->n; i++) {
        const float *x = (const float *)batch->inputs + 3 * i;
        wrong += x[0] != 7 || x[2] != 7 * x[1];
    }
    return HONE_OK;
}

static hone_rc spy_targets(void *self, float *targets, uint64_t n, int64_t k, hone_error *err)
{
    (void)self;
    (void)err;
    called("t");
    for (uint64_t i = 0; i < n; i++)
        wrong += targets[i * (uint64_t)k] + targets[i * (uint64_t)k + 1] != 1.0f;
    return HONE_OK;
}

static hone_rc spy_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    (void)self;
    (void)err;
    called("g");
    wrong += n != 4 || !parameters[0]->gradient;
    return HONE_OK;
}

static hone_rc spy_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                          hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)err;
    called("u");
    wrong += n != 4 || now->rate != 0.125 || now->step < 1;
    return HONE_OK;
}

static hone_rc spy_epoch(void *self, const hone_progress *now, hone_error *err)
{
    (void)self;
    called("e\n");
    epochs_heard = now->epoch;
    wrong += now->epochs != 5 || (now->n_validation && strcmp(now->validation[0].name, "validation.loss"));
    if (now->epoch == 1) {
        hone_error none = HONE_ERROR_INIT;
        wrong += now->restore(now->ctx, &none) != HONE_EINVAL;
        return now->keep(now->ctx, err);
    }
    return now->epoch == 3 ? HONE_DONE : HONE_OK;
}

static hone_rc spy_end(void *self, const hone_progress *now, hone_error *err)
{
    (void)self;
    called(".");
    return now->restore(now->ctx, err);
}
/* Once a training, before anything else; the graph knows its parameters. */
static hone_rc spy_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    uint32_t known = 0;
    (void)self;
    (void)err;
    called("n");
    wrong += hone_nn_parameters(g, &known) != parameters || known != n || !parameters[0]->value;
    return HONE_OK;
}

static uint64_t pass_seed;
static hone_rc spy_before(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                          hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)n;
    (void)err;
    called("p");
    pass_seed = now->seed;
    wrong += now->steps != 5 * n_steps_an_epoch || now->step / n_steps_an_epoch != now->epoch || now->epochs != 5;
    return HONE_OK;
}

static hone_rc spy_after(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                         hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)n;
    (void)err;
    called("q");
    wrong += now->seed != pass_seed;
    return HONE_OK;
}

/* Another pass at the same values gives the same gradients, to the bit. */
static hone_rc spy_step(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                        hone_error *err)
{
    float before[64];
    const uint64_t length = parameters[0]->length < 64 ? parameters[0]->length : 64;
    (void)self;
    (void)n;
    called("s");
    memcpy(before, parameters[0]->gradient, length * sizeof *before);
    memset(parameters[0]->gradient, 0, length * sizeof *before);
    const hone_rc rc = now->again(now->ctx, err);
    wrong += rc != HONE_OK || !isfinite(now->loss) || memcmp(before, parameters[0]->gradient, length * sizeof *before);
    return rc;
}

static hone_rc spy_evaluation(void *self, hone_parameter *const *parameters, uint32_t n, uint32_t begins,
                              hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)n;
    (void)err;
    called(begins ? "(" : ")");
    return HONE_OK;
}
static const hone_regularizer_v1 raw_iface = {
    .size = sizeof raw_iface, .flags = HONE_REGULARIZER_RAW, .on_batch = raw_batch, .on_task = raw_task
};
static const hone_regularizer_v1 spy_iface = { .size = sizeof spy_iface,
                                               .on_batch = spy_batch,
                                               .on_targets = spy_targets,
                                               .on_gradients = spy_gradients,
                                               .after_update = spy_update,
                                               .on_epoch = spy_epoch,
                                               .at_end = spy_end,
                                               .on_network = spy_network,
                                               .before_pass = spy_before,
                                               .after_pass = spy_after,
                                               .on_step = spy_step,
                                               .on_evaluation = spy_evaluation,
                                               .on_task = spy_task };
/* The same before_pass and after_pass alone, in an early stage. */
static hone_rc early_before(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                            hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)n;
    (void)now;
    (void)err;
    called("<");
    return HONE_OK;
}

static hone_rc early_after(void *self, hone_parameter *const *parameters, uint32_t n, const hone_pass *now,
                           hone_error *err)
{
    (void)self;
    (void)parameters;
    (void)n;
    (void)now;
    (void)err;
    called(">");
    return HONE_OK;
}
static const hone_regularizer_v1 early_iface = { .size = sizeof early_iface,
                                                 .before_pass = early_before,
                                                 .after_pass = early_after };
static const hone_place early_place = { sizeof early_place, HONE_STAGE_EARLY, NULL, NULL };
HONE_PLACE(early_place)
static const hone_component early_spy = { .size = sizeof(hone_component),
                                          .kind = HONE_KIND_REGULARIZER,
                                          .name = "early_spy",
                                          .summary = "for tests",
                                          .param_size = sizeof(hone_param),
                                          .iface = &early_iface,
                                          .create = create_nothing,
                                          .destroy = free,
                                          .get_ext = hone_place_ext };

/* ---- regularizer/norm_spy: normalizes wherever it can ---- */
static hone_var norm_site(void *self, hone_graph *g, const hone_site *site, hone_var x)
{
    (void)self;
    wrong += site->role == HONE_SITE_PRE_ACTIVATION && (site->total != 2 || site->index >= site->total);
    return site->role == HONE_SITE_PRE_ACTIVATION ? hone_nn_layer_norm(g, x, NULL) : x;
}
static const hone_regularizer_v1 norm_iface = { .size = sizeof norm_iface,
                                                .flags = HONE_REGULARIZER_NORMALIZES,
                                                .at_site = norm_site };
static const hone_component norm_spy = COMPONENT("norm_spy", HONE_KIND_REGULARIZER, norm_iface);
static const hone_component raw_spy = COMPONENT("raw_spy", HONE_KIND_REGULARIZER, raw_iface);
static const hone_component spy = COMPONENT("spy", HONE_KIND_REGULARIZER, spy_iface);
/* ---- model/normed: remembers more than its parameters ---- */
static hone_var normed_build(void *self, hone_graph *g, hone_var x, const hone_task *task)
{
    (void)self;
    x = hone_nn_relu(g,
                     hone_batch_norm(g, hone_dense(g, x, .units = 6, .name = "hidden"), .momentum = 0.5, .name = "bn"));
    return hone_dense(g, x, .units = task->n_outputs, .name = "output");
}
static const hone_model_v1 normed_iface = { sizeof normed_iface, 0, normed_build };
static const hone_component normed = COMPONENT("normed", HONE_KIND_MODEL, normed_iface);

static const hone_component *const extra[] = { &toy, &product, &raw_spy, &spy, &normed, &early_spy, &norm_spy, NULL };

static void forget(void)
{
    n_steps_an_epoch = 3;
    *calls = '\0';
    wrong = n_seeds = 0;
    fitted = 0;
    fitted_sum = 0;
    memset(seen, 0, sizeof seen);
}

#define INI                                                                                                            \
    "[objective]\nuse = train\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n[transform.product]\n[model]\nuse = " \
    "mlp\n"                                                                                                            \
    "hidden = 4\n[optimizer]\nuse = sgd\nlearning_rate = 0.125\nmomentum = "                                           \
    "0\n[regularizer.raw_spy]\n[regularizer.spy]\n"

/* Ten samples by fours: two whole steps and a rest of two. The spy ends the training after three epochs. */
static void test_hooks_in_the_promised_order(void)
{
    struct mini_host h;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, INI "[regularizer.early_spy]\n"));
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
#define STEP  "rbt<pq>s<pq>gu"
#define EPOCH STEP STEP STEP "(e\n)"
    CU_ASSERT_STRING_EQUAL(calls, "Kkn" EPOCH EPOCH EPOCH ".");
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(fitted == 10 && fitted_sum == 45);
    for (unsigned i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(seen[HONE_SPLIT_TRAIN][i], 3);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(seen[HONE_SPLIT_VALIDATION][i], 0);
    for (unsigned i = 0; i < n_seeds; i++)
        for (unsigned j = 0; j < i; j++)
            CU_ASSERT(seeds[i] != seeds[j]);
    /* restored: the first epoch's values are the trial's */
    CU_ASSERT_EQUAL(mini_host_result(&h, "validation.loss"), mini_host_report(&h, 1, "validation.loss"));
    CU_ASSERT(mini_host_report(&h, 3, "validation.loss") != mini_host_report(&h, 1, "validation.loss"));
    CU_ASSERT_EQUAL(mini_host_result(&h, "model.epochs"), 1);
    mini_host_close(&h);
}

/* A check hears it, too, under the section's key, and nothing is built. */
static void test_samples_may_be_refused_beforehand(void)
{
    struct mini_host h;
    hone_description d;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, INI));
    most_features = 2;
    CU_ASSERT_EQUAL(mini_host_describe(&h, &d), HONE_ERANGE);
    most_features = 3;
    CU_ASSERT_STRING_EQUAL(h.err.param, "regularizer.spy.most");
    CU_ASSERT_STRING_EQUAL(calls, "Kk");
    mini_host_close(&h);
}

#define NORMED                                                                                                         \
    "[objective]\nuse = train\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n[transform.product]\n[model]\nuse = " \
    "normed\n[optimizer]\nuse = sgd\nlearning_rate = 0.125\n[regularizer.spy]\n"

/* What was kept after the first epoch is what the trial ends with: running statistics, too, which validation reads. */
static void test_running_statistics_are_kept_and_restored(void)
{
    struct mini_host h;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, NORMED));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT_EQUAL(mini_host_result(&h, "validation.loss"), mini_host_report(&h, 1, "validation.loss"));
    CU_ASSERT(mini_host_report(&h, 3, "validation.loss") != mini_host_report(&h, 1, "validation.loss"));
    mini_host_close(&h);
}

/* The model file has them under PyTorch's names, after the parameters. */
static void test_running_statistics_are_in_the_model_file(void)
{
    struct mini_host h;
    hone_model_file *file = NULL;
    const hone_model_tensor *tensors = NULL;
    unsigned found = 0;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, NORMED));
    h.trial.flags = HONE_TRIAL_FINAL;
    CHECK(&h, mini_host_run(&h));
    for (unsigned i = 0; i < h.n_files; i++)
        if (strcmp(h.files[i].name, "model.safetensors") == 0)
            CHECK(&h, hone_model_open(h.files[i].path, &file, &h.err));
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL_FATAL(hone_model_tensors(file, &tensors), 8);
    for (unsigned i = 0; i < 8; i++) {
        const float *values = tensors[i].data;
        if (strcmp(tensors[i].name, "bn.running_mean") == 0)
            found += tensors[i].dims[0] == 6 && values[0] != 0.0f;
        if (strcmp(tensors[i].name, "bn.running_var") == 0)
            found += tensors[i].dims[0] == 6 && values[0] > 0.0f && values[0] != 1.0f;
    }
    CU_ASSERT_EQUAL(found, 2);
    hone_model_close(file);
    mini_host_close(&h);
}

/* Refused where the CPU has none of it, by the key's name. */
static void test_precision_reaches_the_network(void)
{
    struct mini_host h;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, NORMED));
    CHECK(&h, mini_host_run(&h));
    const double exact = mini_host_report(&h, 1, "train.loss");
    mini_host_close(&h);
    forget();
    CHECK(&h,
          mini_host_open(
              &h, "[objective]\nuse = train\nprecision = bfloat16\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n"
                  "[transform.product]\n[model]\nuse = normed\n[optimizer]\nuse = sgd\nlearning_rate = 0.125\n"
                  "[regularizer.spy]\n"));
    const hone_rc rc = mini_host_run(&h);
    if (rc == HONE_OK) {
        CU_ASSERT(mini_host_report(&h, 1, "train.loss") != exact);
    } else {
        CU_ASSERT_EQUAL(rc, HONE_ENOTSUP);
        CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg, "bfloat16"));
        CU_ASSERT_STRING_EQUAL(h.err.param, "precision");
    }
    mini_host_close(&h);
}

/* A batch size beyond the data is one step of all of it. */
static void test_one_batch_of_everything(void)
{
    struct mini_host h;
    forget();
    n_steps_an_epoch = 1;
    mini_extra = extra;
    CHECK(&h,
          mini_host_open(
              &h,
              "[objective]\nuse = train\nepochs = 5\n[dataset]\nuse = toy\n[transform.product]\n[model]\nuse = mlp\n"
              "hidden = 4\n[optimizer]\nuse = sgd\nlearning_rate = 0.125\nmomentum = 0\n[regularizer.spy]\n"));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT_STRING_EQUAL(calls, "knbtpqspqgu(e\n)btpqspqgu(e\n)btpqspqgu(e\n).");
    mini_host_close(&h);
}

/* What one regularizer draws does not depend on which others there are. */
static void test_seeds_belong_to_the_section(void)
{
    struct mini_host h;
    uint64_t with[64];
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(
                  &h, "[objective]\nuse = train\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n[model]\nuse = mlp\n"
                      "[optimizer]\nuse = sgd\n[regularizer.l2]\nstrength = 0.1\n[regularizer.raw_spy]\n"));
    CHECK(&h, mini_host_run(&h));
    memcpy(with, seeds, sizeof with);
    mini_host_close(&h);
    n_seeds = 0;
    CHECK(&h, mini_host_open(
                  &h, "[objective]\nuse = train\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n[model]\nuse = mlp\n"
                      "[optimizer]\nuse = sgd\n[regularizer.raw_spy]\n"));
    CHECK(&h, mini_host_run(&h));
    CU_ASSERT(n_seeds == 15 && !memcmp(with, seeds, n_seeds * sizeof *seeds));
    mini_host_close(&h);
}

/* The last training takes the validation split in, shuffled among the rest, and never looks at the test split. */
static void test_final_training_takes_the_validation_split(void)
{
    struct mini_host h;
    forget();
    mini_extra = extra;
    n_steps_an_epoch = 4;
    CHECK(&h, mini_host_open(&h, INI "[metric.accuracy]\n"));
    h.trial.flags = HONE_TRIAL_FINAL;
    h.trial.until = 2;
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(fitted == 14 && fitted_sum == 45 + 6);
    for (unsigned i = 0; i < 10; i++)
        CU_ASSERT_EQUAL(seen[HONE_SPLIT_TRAIN][i], 2);
    for (unsigned i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(seen[HONE_SPLIT_VALIDATION][i], 2);
    const double third = mini_host_result(&h, "test.accuracy") * 3;
    CU_ASSERT(fabs(third - round(third)) < 1e-12); /* three test samples */
    mini_host_close(&h);
}

/* Another pass leaves the running statistics and the reported loss as the first one left them. */
static void test_a_second_pass_leaves_no_trace(void)
{
    struct mini_host h;
    double losses[2][2];
    for (int twice = 0; twice < 2; twice++) {
        forget();
        mini_extra = extra;
        CHECK(&h,
              mini_host_open(&h, twice ? NORMED
                                       : "[objective]\nuse = train\nepochs = 5\nbatch_size = 4\n[dataset]\nuse = toy\n"
                                         "[transform.product]\n[model]\nuse = normed\n[optimizer]\nuse = "
                                         "sgd\nlearning_rate = 0.125\n"));
        CHECK(&h, mini_host_run(&h));
        losses[twice][0] = mini_host_report(&h, 2, "train.loss");
        losses[twice][1] = mini_host_report(&h, 2, "validation.loss");
        mini_host_close(&h);
    }
    CU_ASSERT_EQUAL(memcmp(losses[0], losses[1], sizeof losses[0]), 0);
}

static void test_one_normalization_a_site(void)
{
    struct mini_host h;
    hone_description d;
    forget();
    mini_extra = extra;
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\n[dataset]\nuse = toy\n[model]\nuse = mlp\nhidden = 4, "
                                 "4\n[optimizer]\nuse = sgd\n[regularizer.norm_spy]\n"));
    CHECK(&h, mini_host_describe(&h, &d));
    CU_ASSERT_EQUAL(wrong, 0);
    mini_host_close(&h);
    CHECK(&h, mini_host_open(&h, "[objective]\nuse = train\n[dataset]\nuse = toy\n[model]\nuse = mlp\nhidden = 4, "
                                 "4\n[optimizer]\nuse = sgd\n[regularizer.norm_spy]\n[regularizer.other]\nuse = "
                                 "norm_spy\n"));
    CU_ASSERT_EQUAL(mini_host_describe(&h, &d), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(h.err.param, "regularizer.other.sites");
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg,
                                  "[regularizer.norm_spy] and [regularizer.other] both normalize at the site "
                                  "hidden1"));
    mini_host_close(&h);
}

static void test_folds_need_the_split_to_themselves(void)
{
    struct mini_host h;
    hone_description d;
    mini_extra = extra;
    CHECK(
        &h,
        mini_host_open(
            &h,
            "[objective]\nuse = train\n[dataset]\nuse = toy\nfolds = 2\n[model]\nuse = mlp\n[optimizer]\nuse = sgd\n"));
    CU_ASSERT_EQUAL(mini_host_describe(&h, &d), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg, "validation split of its own (4 samples)"));
    mini_host_close(&h);
}

SUITE(TEST(test_hooks_in_the_promised_order), TEST(test_samples_may_be_refused_beforehand),
      TEST(test_running_statistics_are_kept_and_restored), TEST(test_running_statistics_are_in_the_model_file),
      TEST(test_precision_reaches_the_network), TEST(test_one_batch_of_everything),
      TEST(test_seeds_belong_to_the_section), TEST(test_final_training_takes_the_validation_split),
      TEST(test_a_second_pass_leaves_no_trace), TEST(test_one_normalization_a_site),
      TEST(test_folds_need_the_split_to_themselves))
