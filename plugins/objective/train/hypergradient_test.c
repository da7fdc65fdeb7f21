/* SPDX-License-Identifier: MIT */
/* Tests of the derivatives of trainings: ridge regression, whose derivative is known in closed form; steps against the same
 * steps with another coefficient; and whole trainings of small networks, with a weight decay for every layer or noise on units,
 * against central differences of whole trainings. */
#include "harness.h"
#include "hypergradient.h"
#include "mini_host.h"

#include <math.h>

enum { FEW = 120, MANY = 5000, FEATURES = 8, SIZE = FEATURES + 1 };
#define MODEL    "[model]\nuse = mlp\nhidden = \n"
#define VALIDATE "validation = 0.4\n"

static struct table {
    char path[64];
    int rows;
} few = { "", FEW }, many = { "", MANY }, *table = &few; /* the one that tests train on */

static void remove_tables(void)
{
    unlink(few.path);
    unlink(many.path);
}

/* y = x b + noise, x normal; written once. */
static const char *numbers(void)
{
    if (*table->path)
        return table->path;
    snprintf(table->path, sizeof table->path, "/tmp/hone-ridge-XXXXXX");
    const int fd = mkstemp(table->path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
    atexit(remove_tables);
    hone_rng rng = hone_rng_at(3, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    for (int j = 0; j < FEATURES; j++)
        fprintf(f, "x%d,", j);
    fprintf(f, "y\n");
    for (int i = 0; i < table->rows; i++) {
        double y = 0.3;
        for (int j = 0; j < FEATURES; j++) {
            const double x = hone_rng_normal(&rng);
            fprintf(f, "%.6f,", x);
            y += x * (j % 3 - 1) * 0.5 + (j == 0 ? 0.4 * sin(2 * x) : 0);
        }
        fprintf(f, "%.6f\n", y + 0.5 * hone_rng_normal(&rng));
    }
    fclose(f);
    return table->path;
}

/* An INI from its pattern: the table in the place of @, the number in that of ~. */
static void write_ini(char *out, size_t n, const char *pattern, double number)
{
    size_t used = 0;
    for (const char *at = pattern; *at && used + 1 < n; at++)
        if (*at == '@')
            used += (size_t)snprintf(out + used, n - used, "%s", numbers());
        else if (*at == '~')
            used += (size_t)snprintf(out + used, n - used, "%.17g", number);
        else
            out[used++] = *at;
    out[used < n ? used : n - 1] = '\0';
}

/* ---- runs ---- */
static hone_setting searched[16];

/* keys: those that are searched, "a b c" */
static hone_rc train(struct mini_host *h, const char *pattern, double number, const char *keys)
{
    static char ini[MINI_TEXT], names[512];
    uint32_t n = 0;
    write_ini(ini, sizeof ini, pattern, number);
    hone_rc rc = mini_host_open(h, ini);
    if (rc != HONE_OK) {
        printf("#   %s\n", h->err.msg);
        return rc;
    }
    snprintf(names, sizeof names, "%s", keys);
    for (char *at = names, *next; at && *at; at = next) {
        if ((next = strchr(at, ' ')))
            *next++ = '\0';
        searched[n++] = (hone_setting){ at, "", 0 };
    }
    h->trial.settings = searched;
    h->trial.n_settings = n;
    rc = mini_host_run(h);
    if (rc < 0)
        printf("#   %s\n", h->err.msg);
    return rc;
}

static double derivative(const struct mini_host *h, const char *key)
{
    char name[128];
    snprintf(name, sizeof name, "d(validation.loss)/d(%s)", key);
    return mini_host_result(h, name);
}

/* The validation loss of a whole training whose INI has the number where ~ stands. */
static double loss_at(const char *pattern, double number)
{
    static char ini[MINI_TEXT];
    struct mini_host h;
    write_ini(ini, sizeof ini, pattern, number);
    CU_ASSERT_EQUAL_FATAL(mini_host_open(&h, ini), HONE_OK);
    CU_ASSERT_EQUAL(mini_host_run(&h), HONE_OK);
    const double loss = mini_host_report(&h, mini_host_last_step(&h), "validation.loss");
    mini_host_close(&h);
    return loss;
}

static double slope_at(const char *pattern, double number, double h)
{
    return (loss_at(pattern, number + h) - loss_at(pattern, number - h)) / (2 * h);
}

/* ---- ridge regression in closed form ---- */
/* Gauss with pivots: a x = b, in place. */
static void solve(double a[SIZE][SIZE], double *b)
{
    for (int k = 0; k < SIZE; k++) {
        int best = k;
        for (int i = k + 1; i < SIZE; i++)
            best = fabs(a[i][k]) > fabs(a[best][k]) ? i : best;
        for (int j = 0; j < SIZE; j++) {
            const double t = a[k][j];
            a[k][j] = a[best][j];
            a[best][j] = t;
        }
        const double t = b[k];
        b[k] = b[best];
        b[best] = t;
        for (int i = k + 1; i < SIZE; i++) {
            const double f = a[i][k] / a[k][k];
            for (int j = k; j < SIZE; j++)
                a[i][j] -= f * a[k][j];
            b[i] -= f * b[k];
        }
    }
    for (int k = SIZE - 1; k >= 0; k--) {
        for (int j = k + 1; j < SIZE; j++)
            b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
}

struct portion {
    double x[MANY][SIZE], y[MANY];
    uint64_t n;
};

static void read_part(const struct data *data, const struct samples *samples, struct portion *part)
{
    float x[FEATURES], y;
    hone_error err = HONE_ERROR_INIT;
    part->n = samples->n;
    for (uint64_t i = 0; i < samples->n; i++) {
        CU_ASSERT_EQUAL(data_read(data, samples->split, &samples->ids[i], 1, x, NULL, &y, &err), HONE_OK);
        for (int j = 0; j < FEATURES; j++)
            part->x[i][j] = (double)x[j];
        part->x[i][FEATURES] = 1; /* the bias, which is not penalized */
        part->y[i] = (double)y;
    }
}

/* minimize mean (x w - y)^2 + strength / 2 |w|^2, L_val the mean over the validation samples */
struct slopes {
    double whole; /* dL_val / dstrength */
    double step; /* dL_val / dw along the weights that are penalized: what a step of rate 1 would lose by the penalty */
};

static struct slopes ridge(const struct portion *t, const struct portion *v, double strength)
{
    double a[SIZE][SIZE] = { { 0 } }, again[SIZE][SIZE], w[SIZE] = { 0 }, dw[SIZE];
    struct slopes out = { 0, 0 };
    for (uint64_t i = 0; i < t->n; i++)
        for (int j = 0; j < SIZE; j++) {
            w[j] += 2 * t->x[i][j] * t->y[i] / (double)t->n;
            for (int k = 0; k < SIZE; k++)
                a[j][k] += 2 * t->x[i][j] * t->x[i][k] / (double)t->n;
        }
    for (int j = 0; j < FEATURES; j++)
        a[j][j] += strength;
    memcpy(again, a, sizeof a);
    solve(a, w);
    for (int j = 0; j < SIZE; j++)
        dw[j] = j < FEATURES ? -w[j] : 0;
    solve(again, dw);
    for (uint64_t i = 0; i < v->n; i++) {
        double error = -v->y[i], moves = 0, along = 0;
        for (int j = 0; j < SIZE; j++) {
            error += v->x[i][j] * w[j];
            moves += v->x[i][j] * dw[j];
            along += j < FEATURES ? v->x[i][j] * w[j] : 0;
        }
        out.whole += 2 * error * moves / (double)v->n;
        out.step += 2 * error * along / (double)v->n;
    }
    return out;
}

static struct slopes closed_forms(double strength)
{
    static struct portion parts[2];
    char ini[512];
    struct mini_host h;
    struct data data;
    struct samples train, validation;
    snprintf(ini, sizeof ini, "[objective]\nuse = train\n[dataset]\nuse = csv\nfile = %s\n" VALIDATE, numbers());
    CU_ASSERT_EQUAL_FATAL(mini_host_open(&h, ini), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(data_open(&data, &h.host, &h.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(split_make(&data, h.trial.study_seed, 0, &train, &validation, &h.err), HONE_OK);
    read_part(&data, &train, &parts[0]);
    read_part(&data, &validation, &parts[1]);
    const struct slopes slopes = ridge(&parts[0], &parts[1], strength);
    samples_release(&train);
    samples_release(&validation);
    mini_host_close(&h);
    return slopes;
}

static double closed_form(double strength)
{
    return closed_forms(strength).whole;
}

#define RIDGE(method, more)                                                                         \
    "[objective]\nuse = train\nepochs = 1500\nbatch_size = 1000\nhypergradient = implicit\n" method \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL more

static void compare(const char *pattern, double number, const char *key, double wanted, double tolerance)
{
    struct mini_host h;
    CU_ASSERT_EQUAL(train(&h, pattern, number, key), HONE_OK);
    const double found = derivative(&h, key);
    if (!(fabs(found - wanted) <= tolerance * fabs(wanted)))
        printf("#   %s: %.9g, wanted %.9g (%.2g off)\n", key, found, wanted, found / wanted - 1);
    CU_ASSERT(fabs(found - wanted) <= tolerance * fabs(wanted));
    mini_host_close(&h);
}

static void test_ridge_regression_is_exact(void)
{
    static const double strengths[] = { 0.01, 0.3, 2 };
    for (int i = 0; i < 3; i++)
        compare(RIDGE("hypergradient_terms = 300\n",
                      "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.l2]\nstrength = ~\n"),
                strengths[i], "regularizer.l2.strength", closed_form(strengths[i]), 1e-3);
    compare(RIDGE("hypergradient_terms = 500\nhypergradient_alpha = 0.1\n",
                  "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0.5\n[regularizer.l2]\nstrength = 0.3\n"),
            0, "regularizer.l2.strength", closed_form(0.3), 1e-3);
}

/* Adam goes elsewhere than along the gradient; its minimum is the same. */
static void test_ridge_regression_by_adam(void)
{
    static const char *const solvers[] = { "hypergradient_terms = 300\n",
                                           "hypergradient_solver = conjugate_gradient\nhypergradient_terms = 30\n" };
    for (int i = 0; i < 2; i++) {
        char pattern[1024];
        snprintf(pattern, sizeof pattern,
                 RIDGE("%s", "[optimizer]\nuse = adam\nlearning_rate = 0.02\n[lr_schedule]\nuse = cosine\n"
                             "[regularizer.l2]\nstrength = ~\n"),
                 solvers[i]);
        compare(pattern, 0.3, "regularizer.l2.strength", closed_form(0.3), 1e-3);
    }
}

/* Of one step, where the training has come to rest: -rate v' w, v the gradient of the validation loss. */
static void test_steps_of_ridge_regression_are_exact(void)
{
    static const double strengths[] = { 0.01, 0.3, 2 };
    for (int i = 0; i < 3; i++)
        compare("[objective]\nuse = train\nepochs = 1500\nbatch_size = 1000\nhypergradient = unrolled\n"
                "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL
                "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.l2]\nstrength = ~\n",
                strengths[i], "regularizer.l2.strength", -0.1 * closed_forms(strengths[i]).step, 1e-3);
}

/* Noise of deviation s on the inputs of a linear model is ridge regression with strength 2 s^2 (Bishop 1995), in the mean over
 * draws of the noise: a gradient is one of them and its mirror image, over 3,000 samples. */
static void test_noise_is_a_penalty_in_the_mean(void)
{
    const double s = 0.6;
    table = &many;
    compare("[objective]\nuse = train\nepochs = 400\nbatch_size = 10000\ndiagnosis = no\nhypergradient = implicit\n"
            "hypergradient_terms = 100\n[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL
            "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[lr_schedule]\nuse = cosine\n"
            "[regularizer.gaussian_noise]\nsites = input*\ndeviation = ~\n",
            s, "regularizer.gaussian_noise.deviation", 4 * s * closed_form(2 * s * s), 0.03);
    table = &few;
}

/* Dropout of rate r on the inputs of a linear model, or normal factors of its variance, is ridge regression with strength
 * 2 r / (1 - r) where inputs have variance 1 (Wager, Wang and Liang 2013, section 2), in the mean over masks. */
static void test_dropout_is_a_penalty_in_the_mean(void)
{
    static const char *const names[] = { "dropout", "gaussian_dropout" };
    const double r = 0.3, strength = 2 * r / (1 - r);
    table = &many;
    for (int i = 0; i < 2; i++) {
        char pattern[1024], key[64];
        snprintf(key, sizeof key, "regularizer.%s.rate", names[i]);
        snprintf(pattern, sizeof pattern,
                 "[objective]\nuse = train\nepochs = 400\nbatch_size = 10000\ndiagnosis = no\n"
                 "hypergradient = implicit\nhypergradient_terms = 100\n"
                 "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL
                 "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[lr_schedule]\nuse = cosine\n"
                 "[regularizer.%s]\nsites = input*\nrate = ~\n",
                 names[i]);
        compare(pattern, r, key, 2 / ((1 - r) * (1 - r)) * closed_form(strength), i ? 0.08 : 0.15);
    }
    table = &few;
}

/* At 0 there is no layer otherwise: the derivative is there, and the training that of one without, to the bit. */
static void test_rate_zero_has_a_derivative(void)
{
#define AT_ZERO(method, regularizer)                                                      \
    "[objective]\nuse = train\nepochs = 200\nbatch_size = 10000\ndiagnosis = no\n" method \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL                                     \
    "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n" regularizer
    struct mini_host h;
    table = &many;
    const double plain = loss_at(AT_ZERO("", ""), 0);
    CU_ASSERT_EQUAL(train(&h,
                          AT_ZERO("hypergradient = implicit\nhypergradient_terms = 100\n",
                                  "[regularizer.gaussian_dropout]\nsites = input*\nrate = 0\n"),
                          0, "regularizer.gaussian_dropout.rate"),
                    HONE_OK);
    CU_ASSERT_EQUAL(mini_host_report(&h, mini_host_last_step(&h), "validation.loss"), plain);
    const double found = derivative(&h, "regularizer.gaussian_dropout.rate"), wanted = 2 * closed_form(0);
    printf("# at 0: %.6g, closed form %.6g\n", found, wanted);
    CU_ASSERT(fabs(found - wanted) <= 0.2 * fabs(wanted));
    mini_host_close(&h);
    table = &few;
}

/* With momentum m a steady gradient goes 1 / (1 - m) as far, and the decay does not: it weighs 1 - m of an l2. */
static void test_decoupled_decay_weighs_less_with_momentum(void)
{
    const double strength = 0.5, share = 0.2,
                 left = 1 - 0.05 * strength; /* of the weights after a step, before the next */
    compare(RIDGE("hypergradient_terms = 300\n", "[optimizer]\nuse = sgd\nlearning_rate = 0.05\nmomentum = "
                                                 "0.8\n[regularizer.weight_decay]\nstrength = 0.5\n"),
            0, "regularizer.weight_decay.strength", share / (left * left) * closed_form(share * strength / left), 5e-2);
    compare(RIDGE("hypergradient_terms = 300\n", "[optimizer]\nuse = sgd\nlearning_rate = 0.05\nmomentum = "
                                                 "0\n[regularizer.elastic_net]\nstrength = 0.6\nl1_ratio = 0\n"),
            0, "regularizer.elastic_net.strength", closed_form(0.6), 1e-3);
}

/* Of a series with one term: q = alpha (2 v - alpha H v). */
static void test_terms_and_alpha_are_those_of_the_series(void)
{
    struct mini_host none, one, two;
    const char *const key = "regularizer.l2.strength";
#define SERIES(terms)                                                      \
    RIDGE("hypergradient_alpha = 0.02\nhypergradient_terms = " terms "\n", \
          "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.l2]\nstrength = 0.3\n")
    CU_ASSERT_EQUAL(train(&none, SERIES("0"), 0, key), HONE_OK);
    CU_ASSERT_EQUAL(train(&one, SERIES("1"), 0, key), HONE_OK);
    CU_ASSERT_EQUAL(train(&two, SERIES("2"), 0, key), HONE_OK);
    const double a = derivative(&none, key), b = derivative(&one, key), c = derivative(&two, key);
    const double whole = closed_form(0.3);
    CU_ASSERT(fabs(a) < fabs(b) && fabs(b) < fabs(c) && fabs(c) < fabs(whole)); /* each term adds, and all are needed */
    CU_ASSERT(fabs(b - 2 * a) < 0.1 * fabs(a));                                 /* alpha H is small */
    mini_host_close(&none);
    mini_host_close(&one);
    mini_host_close(&two);
    struct mini_host h;
    CU_ASSERT_EQUAL(train(&h,
                          RIDGE("hypergradient_alpha = 5\nhypergradient_terms = 50\n",
                                "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = "
                                "0\n[regularizer.l2]\nstrength = 0.3\n"),
                          0, key),
                    HONE_ENUMERIC);
    CU_ASSERT_STRING_EQUAL(h.err.param, "hypergradient_alpha");
    mini_host_close(&h);
}

/* Of a training that has hardly begun, along whose directions the loss curves downwards too: found anyway, unless alpha is given. */
static void test_series_that_grow_are_cut(void)
{
#define BEGUN(alpha)                                                                                                 \
    "[objective]\nuse = train\nepochs = 1\nbatch_size = 20\nhypergradient = implicit\nhypergradient_terms = "        \
    "3000\n" alpha "[dataset]\nuse = csv\nfile = @\n" VALIDATE                                                       \
    "[model]\nuse = mlp\nhidden = 16, 16\nactivation = tanh\n[optimizer]\nuse = adam\n[regularizer.l2]\nstrength = " \
    "1e-3\n"
    const char *const key = "regularizer.l2.strength";
    struct mini_host h;
    CU_ASSERT_EQUAL(train(&h, BEGUN(""), 0, key), HONE_OK);
    CU_ASSERT(isfinite(derivative(&h, key)));
    mini_host_close(&h);
    CU_ASSERT_EQUAL(train(&h, BEGUN("hypergradient_alpha = 0.05\n"), 0, key), HONE_ENUMERIC);
    CU_ASSERT_STRING_EQUAL(h.err.param, "hypergradient_alpha");
    mini_host_close(&h);
}

/* ---- single steps ---- */
/* One epoch of one batch, on all validation samples: the derivative is that of the whole training. */
#define STEP(method, key, value, rest)                                 \
    "[objective]\nuse = train\nepochs = 1\nbatch_size = 1000\n" method \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL rest "\n" key " = " value "\n"

#define STEPS(name, rest, key, number, h, tolerance)                          \
    compare(STEP("hypergradient = unrolled\n", key, "~", rest), number, name, \
            slope_at(STEP("", key, "~", rest), number, h), tolerance)

static void test_steps_are_those_of_trainings(void)
{
    STEPS("regularizer.l2.strength", "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.l2]",
          "strength", 0.5, 0.1, 1e-3);
    STEPS("regularizer.weight_decay.strength",
          "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.weight_decay]", "strength", 0.1,
          0.05, 2e-2); /* by w after the step */
    STEPS("optimizer.learning_rate", "[optimizer]\nuse = sgd\nmomentum = 0", "learning_rate", 0.1, 0.01, 1e-3);
    STEPS("optimizer.learning_rate", "[optimizer]\nuse = adam", "learning_rate", 0.1, 0.01, 1e-3);
    STEPS("optimizer.learning_rate", "[regularizer.weight_decay]\nstrength = 0.3\n[optimizer]\nuse = sgd\nmomentum = 0",
          "learning_rate", 0.1, 0.01, 4e-2);
    STEPS("regularizer.feature_noise.deviation",
          "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n[regularizer.feature_noise]", "deviation", 0.3,
          0.03, 2e-3);
}

/* Draws are those of the step and the seed, so that noise at any site is a smooth function of its deviation. */
static void test_noise_at_sites_is_that_of_a_step(void)
{
#define NOISY(method, input, units)                                                                                  \
    "[objective]\nuse = train\nepochs = 1\nbatch_size = 1000\n" method "[dataset]\nuse = csv\nfile = @\n" VALIDATE   \
    "[model]\nuse = mlp\nhidden = 6\nactivation = tanh\n[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = 0\n" \
    "[regularizer.at_input]\nuse = gaussian_noise\nsites = input*\ndeviation = " input                               \
    "\n[regularizer.at_units]\nuse = gaussian_noise\nsites = hidden*\ndeviation = " units "\n"
    const char *const method = NOISY("hypergradient = unrolled\n", "0.5", "0.4");
    compare(method, 0, "regularizer.at_input.deviation", slope_at(NOISY("", "~", "0.4"), 0.5, 0.01), 5e-3);
    compare(method, 0, "regularizer.at_units.deviation", slope_at(NOISY("", "0.5", "~"), 0.4, 0.01), 5e-3);
}

/* The first step is the same whatever the momentum, the second one the last: its derivative is that of the whole. */
static void test_momentum_is_that_of_two_steps(void)
{
#define TWO_STEPS(method)                                              \
    "[objective]\nuse = train\nepochs = 2\nbatch_size = 1000\n" method \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL "[optimizer]\nuse = sgd\nlearning_rate = 0.1\nmomentum = ~\n"
    compare(TWO_STEPS("hypergradient = unrolled\n"), 0.5, "optimizer.momentum", slope_at(TWO_STEPS(""), 0.5, 0.1),
            1e-3);
}

/* ---- whole trainings ---- */
#define LAYERS(method, a, b, c)                                                                           \
    "[objective]\nuse = train\nepochs = 6000\nbatch_size = 1000\ndiagnosis = no\n" method                 \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE                                                           \
    "[model]\nuse = mlp\nhidden = 6, 4\nactivation = tanh\n[optimizer]\nuse = sgd\nlearning_rate = 0.1\n" \
    "[regularizer.decay1]\nuse = l2\nbias = yes\nparameters = hidden1*\nstrength = " a                    \
    "\n[regularizer.decay2]\nuse = l2\nbias = yes\nparameters = hidden2*\nstrength = " b                  \
    "\n[regularizer.decay3]\nuse = l2\nbias = yes\nparameters = output*\nstrength = " c "\n"

static void layers_are(const double *wanted, const char *pattern, double tolerance)
{
    struct mini_host h;
    CU_ASSERT_EQUAL_FATAL(
        train(&h, pattern, 0, "regularizer.decay1.strength regularizer.decay2.strength regularizer.decay3.strength"),
        HONE_OK);
    for (int i = 0; i < 3; i++) {
        char key[64];
        snprintf(key, sizeof key, "regularizer.decay%d.strength", i + 1);
        const double found = derivative(&h, key);
        printf("# %s: %.6g, differences of trainings %.6g\n", key, found, wanted[i]);
        CU_ASSERT(fabs(found - wanted[i]) <= tolerance * fabs(wanted[i]));
    }
    mini_host_close(&h);
}

static void test_decay_of_every_layer_against_whole_trainings(void)
{
    const double wanted[] = { slope_at(LAYERS("", "~", "0.02", "0.02"), 0.02, 4e-4),
                              slope_at(LAYERS("", "0.02", "~", "0.02"), 0.02, 4e-4),
                              slope_at(LAYERS("", "0.02", "0.02", "~"), 0.02, 4e-4) };
    layers_are(wanted,
               LAYERS("hypergradient = implicit\nhypergradient_solver = conjugate_gradient\n"
                      "hypergradient_terms = 300\n",
                      "0.02", "0.02", "0.02"),
               5e-3);
    layers_are(wanted, LAYERS("hypergradient = implicit\nhypergradient_terms = 3000\n", "0.02", "0.02", "0.02"),
               0.15); /* the slowest directions take more terms */
}

/* Noise on units of a network that is not linear. The trainings that are compared draw the same numbers at every step, so that
 * their difference is the deviation's doing; the derivative at the end is of one draw and its mirror image. */
static void test_noise_of_units_against_whole_trainings(void)
{
#define DRAWN(method, deviation)                                                                                    \
    "[objective]\nuse = train\nepochs = 600\nbatch_size = 10000\ndiagnosis = no\n" method                           \
    "[dataset]\nuse = csv\nfile = @\n" VALIDATE "[model]\nuse = mlp\nhidden = 6\nactivation = tanh\n"               \
    "[optimizer]\nuse = sgd\nlearning_rate = 0.2\n[lr_schedule]\nuse = cosine\n[regularizer.l2]\nstrength = 0.05\n" \
    "[regularizer.gaussian_noise]\nsites = hidden1\ndeviation = " deviation "\n"
    table = &many;
    compare(
        DRAWN("hypergradient = implicit\nhypergradient_solver = conjugate_gradient\nhypergradient_terms = 60\n", "0.4"),
        0, "regularizer.gaussian_noise.deviation", slope_at(DRAWN("", "~"), 0.4, 0.04), 0.1);
    table = &few;
}

/* Softmax regression: smoothed targets act on the loss itself. */
static void test_label_smoothing_against_whole_trainings(void)
{
#define IRIS(method, smoothing)                                                             \
    "[objective]\nuse = train\nepochs = 4000\nbatch_size = 1000\ndiagnosis = no\n" method   \
    "[dataset]\nuse = csv\nfile = conf/data/iris.csv\ntarget = species\nvalidation = 0.3\n" \
    "[transform.standardize]\n" MODEL "[optimizer]\nuse = sgd\nlearning_rate = 0.1\n"       \
    "[regularizer.l2]\nstrength = 0.01\nbias = yes\n[regularizer.label_smoothing]\nsmoothing = " smoothing "\n"
    const char *const key = "regularizer.label_smoothing.smoothing";
    compare(
        IRIS("hypergradient = implicit\nhypergradient_solver = conjugate_gradient\nhypergradient_terms = 60\n", "0.1"),
        0, key, slope_at(IRIS("", "~"), 0.1, 0.01), 1e-2);
}

/* ---- tuning ---- */
static void test_tunes_while_it_trains(void)
{
    struct mini_host h;
    const char *const key = "regularizer.l2.strength", *const tuned = "tuned(regularizer.l2.strength)";
#define TUNES(method, rate)                                                                                 \
    "[objective]\nuse = train\nepochs = 400\nbatch_size = 20\ndiagnosis = no\nhypergradient = " method "\n" \
    "hypergradient_tunes = regularizer.*\nhypergradient_rate = " rate                                       \
    "\n[dataset]\nuse = csv\nfile = @\n" VALIDATE MODEL                                                     \
    "[optimizer]\nuse = sgd\nlearning_rate = 0.01\nmomentum = 0\n[regularizer.l2]\nstrength = ~\n"
    double came_to[2], from[] = { 5, 0.01 };
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(train(&h, TUNES("unrolled", "0.01"), from[i], ""), HONE_OK);
        came_to[i] = mini_host_result(&h, tuned);
        CU_ASSERT(isnan(derivative(&h, key))); /* it is not searched */
        mini_host_close(&h);
    }
    /* the least validation loss lies where the derivative changes its sign: from both sides to it */
    double low = 0.01, high = 5;
    for (int k = 0; k < 40; k++)
        *(closed_form(sqrt(low * high)) < 0 ? &low : &high) = sqrt(low * high);
    printf("# from 5 to %.3g, from 0.01 to %.3g; best %.3g\n", came_to[0], came_to[1], low);
    CU_ASSERT(came_to[0] > low / 2 && came_to[0] < low * 2);
    CU_ASSERT(came_to[1] > low / 2 && came_to[1] < low * 2);
    CU_ASSERT_EQUAL(train(&h, TUNES("unrolled", "0"), 5, key), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(mini_host_result(&h, tuned), 5, 1e-12);
    CU_ASSERT(derivative(&h, key) > 0);
    mini_host_close(&h);
}

/* What is reported of a whole training is its derivative where the training came to, not where it began. */
static void test_tunes_and_derives_where_it_came_to(void)
{
    struct mini_host h;
    const char *const key = "regularizer.l2.strength", *const tuned = "tuned(regularizer.l2.strength)";
    CU_ASSERT_EQUAL_FATAL(train(&h, TUNES("implicit", "0.0003"), 1, key), HONE_OK);
    const double came_to = mini_host_result(&h, tuned), found = derivative(&h, key), wanted = closed_form(came_to);
    printf("# from 1 to %.3g: %.6g, in closed form %.6g, at 1 %.6g\n", came_to, found, wanted, closed_form(1));
    CU_ASSERT(came_to < 0.9);
    CU_ASSERT(fabs(found - wanted) < 0.05 * fabs(wanted));
    CU_ASSERT(fabs(closed_form(1) - wanted) > 0.2 * fabs(wanted));
    mini_host_close(&h);
    CU_ASSERT_EQUAL_FATAL(train(&h, TUNES("implicit", "0"), 1, key), HONE_OK);
    CU_ASSERT_EQUAL(mini_host_result(&h, tuned), 1);
    CU_ASSERT(fabs(derivative(&h, key) - closed_form(1)) < 0.05 * fabs(closed_form(1)));
    mini_host_close(&h);
}

/* ---- mistakes ---- */
static void refused(const char *pattern, const char *keys, const char *param, const char *words)
{
    struct mini_host h;
    const hone_rc rc = train(&h, pattern, 0, keys);
    CU_ASSERT(rc < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.param, param));
    CU_ASSERT_PTR_NOT_NULL(strstr(h.err.msg, words));
    mini_host_close(&h);
}

static void test_says_what_cannot_be_derived(void)
{
    struct mini_host h;
    hone_description d;
#define RUN(objective, more) "[objective]\nuse = train\nepochs = 1\n" objective "[dataset]\nuse = csv\nfile = @\n" more
    refused(RUN("hypergradient = implicit\n", VALIDATE MODEL "[optimizer]\nuse = lion\n[regularizer.weight_decay]\n"),
            "regularizer.weight_decay.strength", "hypergradient", "which lion does not");
    refused(RUN("hypergradient = unrolled\nhypergradient_tunes = regularizer.l3*\n",
                VALIDATE MODEL "[optimizer]\nuse = sgd\n[regularizer.l2]\n"),
            "", "hypergradient_tunes", "matches no coefficient");
    refused(RUN("hypergradient = implicit\n", VALIDATE MODEL "[optimizer]\nuse = sgd\n[regularizer.l2]\n"),
            "objective.hypergradient_rate regularizer.l2.strength", "hypergradient_tunes", "nothing that it moves");
    CU_ASSERT_EQUAL(
        train(&h, RUN("hypergradient = implicit\n", VALIDATE MODEL "[optimizer]\nuse = sgd\n[regularizer.l2]\n"), 0,
              "regularizer.l2.strength"),
        HONE_OK);
    CU_ASSERT_EQUAL(mini_host_describe(&h, &d), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(d.n_derivatives, 1); /* none of the learning rate, on which a minimum does not depend */
    CU_ASSERT_STRING_EQUAL(d.derivatives[0].metric, "validation.loss");
    CU_ASSERT_STRING_EQUAL(d.derivatives[0].key, "regularizer.l2.strength");
    mini_host_close(&h);
    CU_ASSERT_EQUAL(
        train(&h, RUN("hypergradient = none\n", "validation = 0\n" MODEL "[optimizer]\nuse = sgd\n"), 0, ""), HONE_OK);
    mini_host_close(&h);
}

SUITE(TEST(test_ridge_regression_is_exact), TEST(test_ridge_regression_by_adam),
      TEST(test_decoupled_decay_weighs_less_with_momentum), TEST(test_steps_of_ridge_regression_are_exact),
      TEST(test_noise_is_a_penalty_in_the_mean), TEST(test_dropout_is_a_penalty_in_the_mean),
      TEST(test_rate_zero_has_a_derivative), TEST(test_terms_and_alpha_are_those_of_the_series),
      TEST(test_series_that_grow_are_cut), TEST(test_noise_at_sites_is_that_of_a_step),
      TEST(test_momentum_is_that_of_two_steps), TEST(test_steps_are_those_of_trainings),
      TEST(test_decay_of_every_layer_against_whole_trainings), TEST(test_label_smoothing_against_whole_trainings),
      TEST(test_noise_of_units_against_whole_trainings), TEST(test_tunes_while_it_trains),
      TEST(test_tunes_and_derives_where_it_came_to), TEST(test_says_what_cannot_be_derived))
