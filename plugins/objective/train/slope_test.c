/* SPDX-License-Identifier: MIT */
/* What schedules hear of updates: whole trainings whose learning rate descends (lr_schedule/hypergradient), against the same
 * recursion in plain double precision, on a linear model. */
#include "harness.h"
#include "mini_host.h"
#include "train.h"

enum { ROWS = 90, FEATURES = 4, SIZE = FEATURES + 1, EPOCHS = 12, BATCH = 20 };

static char table[64];

static void remove_table(void)
{
    unlink(table);
}

static void write_table(void)
{
    snprintf(table, sizeof table, "/tmp/hone-slope-XXXXXX");
    const int fd = mkstemp(table);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    atexit(remove_table);
    hone_rng rng = hone_rng_at(3, 2);
    fprintf(f, "a,b,c,d,y\n");
    for (int i = 0; i < ROWS; i++) {
        double y = 0.3;
        for (int j = 0; j < FEATURES; j++) {
            const double x = hone_rng_normal(&rng) * (1 + j);
            fprintf(f, "%.6f,", x);
            y += x * (j - 1.5);
        }
        fprintf(f, "%.6f\n", y + hone_rng_normal(&rng));
    }
    fclose(f);
}

/* ---- the reference ---- */
enum optimizer { DESCENT, MOMENTUM, ADAM };
struct reference {
    enum optimizer optimizer;
    int additive;
    double rate, first_rate, beta, strength;
    double w[SIZE], m[SIZE], v[SIZE], direction[SIZE];
    uint64_t steps;
};

/* One update by samples x: (n, FEATURES), y: (n) of mean (x w + b - y)^2 + strength / 2 |w|^2. */
static void update(struct reference *r, float x[][FEATURES], const float *y, uint64_t n)
{
    double g[SIZE] = { 0 }, dot = 0, gg = 0, dd = 0;
    for (uint64_t i = 0; i < n; i++) {
        double error = r->w[FEATURES] - (double)y[i];
        for (int j = 0; j < FEATURES; j++)
            error += (double)x[i][j] * r->w[j];
        for (int j = 0; j < SIZE; j++)
            g[j] += 2 * error * (j < FEATURES ? (double)x[i][j] : 1) / (double)n;
    }
    for (int j = 0; j < FEATURES; j++)
        g[j] += r->strength * r->w[j];
    for (int j = 0; j < SIZE; j++) {
        dot += g[j] * r->direction[j];
        gg += g[j] * g[j];
        dd += r->direction[j] * r->direction[j];
    }
    if (r->steps++)
        r->rate = r->additive ? r->rate + r->beta * dot : r->rate * (1 + r->beta * dot / sqrt(gg * dd));
    for (int j = 0; j < SIZE; j++) {
        double *d = &r->direction[j];
        r->m[j] = r->optimizer == ADAM ? 0.9 * r->m[j] + 0.1 * g[j] : 0.9 * r->m[j] + g[j];
        r->v[j] = 0.999 * r->v[j] + 0.001 * g[j] * g[j];
        const double unbias1 = 1 - pow(0.9, (double)r->steps), unbias2 = 1 - pow(0.999, (double)r->steps);
        *d = r->optimizer == DESCENT    ? g[j]
             : r->optimizer == MOMENTUM ? r->m[j]
                                        : r->m[j] / unbias1 / (sqrt(r->v[j] / unbias2) + 1e-8);
        r->w[j] -= r->rate * *d;
    }
}

/* An epoch over the samples in the training's order. */
static void epoch(struct reference *r, const struct run *run, const struct training *t)
{
    float x[BATCH][FEATURES], y[BATCH];
    hone_error err = HONE_ERROR_INIT;
    for (uint64_t from = 0; from < t->train.n; from += BATCH) {
        const uint64_t n = t->train.n - from < BATCH ? t->train.n - from : BATCH;
        CU_ASSERT_EQUAL(data_read(&run->data, t->train.split, t->order + from, n, x, NULL, y, &err), HONE_OK);
        update(r, x, y, n);
    }
}

static void read_weights(const struct training *t, double *w)
{
    float plain[SIZE];
    hone_error err = HONE_ERROR_INIT;
    for (uint32_t i = 0; i < t->network.n_parameters; i++) {
        const int bias = t->network.parameters[i]->n_dims == 1;
        CU_ASSERT_EQUAL(hone_nn_read(t->network.graph, i, plain, &err), HONE_OK);
        for (int j = 0; j < (bias ? 1 : FEATURES); j++)
            w[bias ? FEATURES : j] = (double)plain[j];
    }
}

/* The table goes behind it. */
#define INI(optimizer, schedule)                                                                                  \
    "[objective]\nuse = train\nepochs = 12\nbatch_size = 20\ndiagnosis = no\n[model]\nuse = mlp\nhidden = \n"     \
    "[regularizer.l2]\nstrength = 0.3\n[optimizer]\n" optimizer "\n[lr_schedule]\nuse = hypergradient\n" schedule \
    "\n[dataset]\nuse = csv\nvalidation = 0.2\nfile = "

static void follows(const char *settings, struct reference r)
{
    struct mini_host h;
    char ini[1024];
    snprintf(ini, sizeof ini, "%s%s\n", settings, table);
    CU_ASSERT_EQUAL_FATAL(mini_host_open(&h, ini), HONE_OK);
    struct run run = { .host = &h.host, .trial = &h.trial, .settings = h.sections[0].config };
    struct training t = { 0 };
    double w[SIZE], most = 0;
    CU_ASSERT_EQUAL_FATAL(data_open(&run.data, &h.host, &h.err), HONE_OK);
    run.has_validation = 1;
    CU_ASSERT_EQUAL_FATAL(run_prepare(&run, &t, 0, &h.err), HONE_OK);
    read_weights(&t, r.w);
    r.first_rate = r.rate;
    r.strength = 0.3;
    for (uint64_t e = 0; e < EPOCHS; e++) {
        CU_ASSERT_EQUAL_FATAL(training_epoch(&t, e, &h.err), HONE_OK);
        epoch(&r, &run, &t);
        CU_ASSERT_DOUBLE_EQUAL(t.learning_rate, r.rate, 1e-5 * r.rate);
        most = fmax(most, fabs(t.learning_rate / r.rate - 1));
    }
    read_weights(&t, w);
    for (int j = 0; j < SIZE; j++)
        CU_ASSERT_DOUBLE_EQUAL(w[j], r.w[j], 1e-5);
    printf("# rate %.4g after %d updates from %.4g, at most %.1g from the reference\n", r.rate, (int)r.steps,
           r.first_rate, most);
    CU_ASSERT(fabs(r.rate / r.first_rate - 1) > 0.05);
    training_release(&t);
    measures_release(&run.measures);
    mini_host_close(&h);
}

static void test_rates_are_those_of_the_recursion(void)
{
    write_table();
    follows(INI("use = sgd\nlearning_rate = 0.002\nmomentum = 0", "rule = additive\nbeta = 1e-7"),
            (struct reference){ .optimizer = DESCENT, .additive = 1, .rate = 0.002, .beta = 1e-7 });
    follows(INI("use = sgd\nlearning_rate = 0.002\nmomentum = 0", "relative_beta = 0.05"),
            (struct reference){ .optimizer = DESCENT, .rate = 0.002, .beta = 0.05 });
    follows(INI("use = sgd\nlearning_rate = 0.001\nmomentum = 0.9", "rule = additive\nbeta = 1e-8"),
            (struct reference){ .optimizer = MOMENTUM, .additive = 1, .rate = 0.001, .beta = 1e-8 });
    follows(INI("use = adam\nlearning_rate = 0.01", "rule = additive\nbeta = 1e-4"),
            (struct reference){ .optimizer = ADAM, .additive = 1, .rate = 0.01, .beta = 1e-4 });
    follows(INI("use = adam\nlearning_rate = 0.01", "relative_beta = 0.05"),
            (struct reference){ .optimizer = ADAM, .rate = 0.01, .beta = 0.05 });
}

/* ---- checkpoints ---- */
static char saved[96];

static const char *checkpoint_path(const hone_trial *trial, int64_t step, hone_error *err)
{
    (void)trial;
    (void)step;
    (void)err;
    return saved;
}

static hone_rc checkpoint(const hone_trial *trial, int64_t step, hone_error *err)
{
    (void)trial;
    (void)step;
    (void)err;
    return HONE_OK;
}

/* Direction and factor are part of a checkpoint: a training that goes on from one ends with the same bits. */
static void test_goes_on_bit_for_bit(void)
{
    struct mini_host h;
    char ini[1024];
    double rates[2] = { 0, 0 }, w[2][SIZE];
    snprintf(saved, sizeof saved, "%s.checkpoint", table);
    snprintf(ini, sizeof ini, "%s%s\n", INI("use = adam\nlearning_rate = 0.01", "relative_beta = 0.05"), table);
    CU_ASSERT_EQUAL_FATAL(mini_host_open(&h, ini), HONE_OK);
    h.trial.checkpoint_path = checkpoint_path;
    h.trial.checkpoint = checkpoint;
    for (int resumed = 0; resumed < 2; resumed++) {
        struct training t = { 0 };
        struct run run = { .host = &h.host, .trial = &h.trial, .settings = h.sections[0].config };
        int64_t from = 0;
        int changed = 0;
        CU_ASSERT_EQUAL_FATAL(data_open(&run.data, &h.host, &h.err), HONE_OK);
        run.has_validation = 1;
        run.trainings = &t;
        run.n_trainings = 1;
        CU_ASSERT_EQUAL_FATAL(run_prepare(&run, &t, 0, &h.err), HONE_OK);
        if (resumed) {
            h.trial.restore_path = saved;
            CU_ASSERT_EQUAL_FATAL(checkpoint_restore(&run, &from, &changed, &h.err), HONE_OK);
            CU_ASSERT_EQUAL(from, 5);
        }
        for (int64_t e = from; e < EPOCHS; e++) {
            CU_ASSERT_EQUAL_FATAL(training_epoch(&t, (uint64_t)e, &h.err), HONE_OK);
            if (e == 4)
                CU_ASSERT_EQUAL_FATAL(checkpoint_save(&run, e + 1, 0, &h.err), HONE_OK);
        }
        rates[resumed] = t.learning_rate;
        read_weights(&t, w[resumed]);
        training_release(&t);
        measures_release(&run.measures);
    }
    CU_ASSERT_EQUAL(rates[0], rates[1]);
    CU_ASSERT_EQUAL(memcmp(w[0], w[1], sizeof w[0]), 0);
    unlink(saved);
    mini_host_close(&h);
}

SUITE(TEST(test_rates_are_those_of_the_recursion), TEST(test_goes_on_bit_for_bit))
