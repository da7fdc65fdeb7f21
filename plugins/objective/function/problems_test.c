/* SPDX-License-Identifier: MIT */
/* Tests of the problems of objective/function, as benchmarks see them ("hone.problem/1"): every space, every best value
 * against the published one, the fronts, constraints, fidelities, noise and failures. */
#include "fake_host.h"
#include "harness.h"
#include "hone/problem.h"
#include "hone/rng.h"

enum { MOST = 40 };
struct posed {
    fake_plugin plugin;
    hone_problem problem;
};

static const hone_problem_v1 *extension(void)
{
    return (const hone_problem_v1 *)fake_component(HONE_KIND_OBJECTIVE, "function")->get_ext(HONE_EXT_PROBLEM);
}

static int pose(struct posed *p, const char *settings)
{
    memset(p, 0, sizeof *p);
    if (fake_plugin_init(&p->plugin, fake_component(HONE_KIND_OBJECTIVE, "function"), 1, settings) < 0)
        return 0;
    p->problem.size = sizeof p->problem;
    return extension()->describe(p->plugin.self, &p->problem, &p->plugin.err) == HONE_OK;
}

static double exact(struct posed *p, const double *x, double *constraints)
{
    double values[10];
    CU_ASSERT_EQUAL(
        extension()->evaluate(p->plugin.self, x, 1, 0, HONE_PROBLEM_EXACT, values, constraints, &p->plugin.err),
        HONE_OK);
    return values[0];
}

/* Every problem of one value: the least as published (doc.c names the sources). */
static const struct {
    const char *settings;
    double least, tolerance;
} published[] = {
    { "name=branin", 0.397887, 5e-7 },
    { "name=hartmann3", -3.86278, 5e-6 },
    { "name=hartmann6", -3.32237, 5e-6 },
    { "name=ackley\ndimensions=10", 0, 1e-14 },
    { "name=rosenbrock\ndimensions=10", 0, 0 },
    { "name=rastrigin\ndimensions=5", 0, 0 },
    { "name=levy\ndimensions=5", 0, 1e-30 },
    { "name=styblinski_tang\ndimensions=10", -391.6617, 5e-5 },
    { "name=sphere\ndimensions=40", 0, 0 },
    { "name=griewank\ndimensions=6", 0, 0 },
    { "name=michalewicz", -1.8013, 5e-5 },
    { "name=michalewicz\ndimensions=5", -4.687658, 5e-7 },
    { "name=michalewicz\ndimensions=10", -9.66015, 5e-6 },
    { "name=six_hump_camel", -1.0316, 5e-5 },
    { "name=goldstein_price", 3, 1e-12 },
    { "name=himmelblau", 0, 0 },
    { "name=eggholder", -959.6407, 5e-5 },
    { "name=shekel", -10.5364, 5e-5 },
    { "name=quadratic1", 0, 0 },
    { "name=q1_choice", 0, 0 },
    { "name=q1_lognormal", 0, 0 },
    { "name=n_arms", -1, 0 },
    { "name=distractor", -2.0000454, 5e-8 },
    { "name=gauss_wave", -2.835261, 5e-7 },
    { "name=gauss_wave2", -2.835261, 5e-7 },
    { "name=many_dists", -27.63102, 5e-6 },
    { "name=constrained_branin", 0.397887, 5e-7 },
    { "name=gardner1", -1.888751, 5e-7 },
    { "name=gardner2", 0.253236, 5e-7 },
    { "name=gramacy", 0.5998, 5e-5 },
    { "name=counting_ones", -16, 0 },
    { "name=jenatton", 0.1, 0 },
    { "name=mf_hartmann3", -3.86278, 5e-6 },
    { "name=mf_hartmann6", -3.32237, 5e-6 },
};
enum { N_PUBLISHED = sizeof published / sizeof *published };

/* A point of the space: all of it, or a step of up to `width` of the quantiles away from x. */
static void draw(const hone_space *space, const double *x, double width, hone_rng *rng, double *out)
{
    for (uint32_t i = 0; i < space->n_dims; i++) {
        double u = hone_rng_uniform(rng);
        if (x && !isnan(x[i]))
            u = hone_dim_to_unit(space->dims[i], x[i]) + width * (2 * u - 1);
        out[i] = hone_dim_from_unit(space->dims[i], u < 0 ? 0 : u > 1 ? 1 : u);
    }
    hone_space_settle(space, out);
}

static void test_best_values_are_the_published_ones(void)
{
    for (size_t k = 0; k < N_PUBLISHED; k++) {
        struct posed p;
        double constraints[2] = { 0, 0 }, best, other[MOST];
        hone_rng rng = hone_rng_at(1, k);
        if (!pose(&p, published[k].settings) || !p.problem.minimizer) {
            CU_FAIL("a problem could not be posed");
            printf("# %s: %s\n", published[k].settings, p.plugin.err.msg);
            continue;
        }
        const hone_space *space = p.problem.space;
        CU_ASSERT(p.problem.n_values == 1 && space->n_dims <= MOST);
        CU_ASSERT_STRING_EQUAL(p.problem.value_names[0], "value");
        CU_ASSERT_PTR_NULL(fake_space_fault(space, p.problem.minimizer));
        best = exact(&p, p.problem.minimizer, constraints);
        CU_ASSERT_EQUAL(best, p.problem.optimum);
        CU_ASSERT_DOUBLE_EQUAL(best, published[k].least, published[k].tolerance);
        for (uint32_t i = 0; i < p.problem.n_constraints; i++)
            CU_ASSERT(constraints[i] <= 1e-12);
        for (int trial = 0; trial < 3000; trial++) { /* nothing near, and nothing drawn anywhere, is better */
            draw(space, trial % 2 ? p.problem.minimizer : NULL, 1e-3, &rng, other);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, other));
            const double v = exact(&p, other, constraints);
            const int allowed = (p.problem.n_constraints < 1 || constraints[0] <= 0) &&
                                (p.problem.n_constraints < 2 || constraints[1] <= 0);
            CU_ASSERT(v >= best - 1e-9 || !allowed);
        }
        fake_plugin_release(&p.plugin);
    }
}

/* A problem added to the table is in one of these lists, or this test says so. */
static void test_every_problem_is_tested(void)
{
    static const char *const fronts[] = {
        "zdt1", "zdt2", "zdt3", "zdt4", "zdt6", "dtlz1", "dtlz2", "dtlz7", "binh_korn"
    };
    const hone_component *c = fake_component(HONE_KIND_OBJECTIVE, "function");
    CU_ASSERT_STRING_EQUAL(c->params[0].key, extension()->key);
    for (const char *const *name = c->params[0].choices; *name; name++) {
        int found = 0;
        for (size_t k = 0; k < N_PUBLISHED; k++) {
            const size_t n = strcspn(published[k].settings + 5, "\n");
            found |= n == strlen(*name) && !strncmp(published[k].settings + 5, *name, n);
        }
        for (size_t k = 0; k < sizeof fronts / sizeof *fronts; k++)
            found |= !strcmp(fronts[k], *name);
        CU_ASSERT(found);
        CU_ASSERT_PTR_NOT_NULL(strstr(c->doc, *name));
    }
}

/* Recorded from pymoo 0.6: get_problem(name).evaluate(x). */
static void test_values_of_several_objectives(void)
{
    static const struct {
        const char *name;
        uint32_t n, m;
        double first, last; /* zdt: x1, the others; dtlz: equally spaced */
        double values[3];
    } recorded[] = {
        { "zdt1", 30, 2, 0.4, 0.3, { 0.4, 2.4834474939403566 } },
        { "zdt2", 30, 2, 0.4, 0.3, { 0.4, 3.656756756756757 } },
        { "zdt3", 30, 2, 0.4, 0.3, { 0.4, 2.483447493940356 } },
        { "zdt4", 10, 2, 0.4, 0.3, { 0.4, 156.5068137379411 } },
        { "zdt6", 10, 2, 0.4, 0.3, { 0.8505944322432504, 7.5663013103094094 } },
        { "dtlz1", 7, 3, 0.1, 0.9, { 5.5727777777777785, 18.310555555555556, 214.95000000000002 } },
        { "dtlz2", 10, 3, 0.1, 0.9, { 1.3176791296271813, 0.4028549382447725, 0.21823573517958134 } },
        { "dtlz7", 10, 3, 0.1, 0.9, { 0.1, 0.18888888888888888, 21.345448198201677 } },
    };
    for (size_t k = 0; k < sizeof recorded / sizeof *recorded; k++) {
        struct posed p;
        char settings[64];
        double x[30], values[10];
        snprintf(settings, sizeof settings, "name=%s\ndimensions=%u", recorded[k].name, recorded[k].n);
        CU_ASSERT_FATAL(pose(&p, settings));
        CU_ASSERT_EQUAL_FATAL(p.problem.n_values, recorded[k].m);
        CU_ASSERT(isnan(p.problem.optimum) && !p.problem.minimizer);
        CU_ASSERT_STRING_EQUAL(p.problem.value_names[1], "f2");
        for (uint32_t i = 0; i < recorded[k].n; i++)
            x[i] = recorded[k].name[0] == 'z'
                       ? (i ? recorded[k].last : recorded[k].first)
                       : recorded[k].first + (recorded[k].last - recorded[k].first) * i / (recorded[k].n - 1.0);
        CU_ASSERT_EQUAL(extension()->evaluate(p.plugin.self, x, 1, 0, 0, values, NULL, &p.plugin.err), HONE_OK);
        for (uint32_t i = 0; i < recorded[k].m; i++)
            CU_ASSERT_DOUBLE_EQUAL(values[i], recorded[k].values[i], 1e-12 * recorded[k].values[i]);
        fake_plugin_release(&p.plugin);
    }
}

/* The area or volume that points of the true front dominate, on a grid: cell by cell the lowest last value of all front
 * points not beyond it. front: x -> point, by the x that the papers give (the distance variables at `rest`). */
enum { GRID = 2000 };
static double area_of_front(struct posed *p, double rest)
{
    static double lowest[GRID + 1];
    const double *r = p->problem.reference;
    double x[30], f[2], area = 0, least = HUGE_VAL;
    for (int i = 0; i <= GRID; i++)
        lowest[i] = HUGE_VAL;
    for (int i = 0; i <= 400000; i++) {
        x[0] = i / 400000.0;
        for (uint32_t k = 1; k < p->problem.space->n_dims; k++)
            x[k] = rest;
        extension()->evaluate(p->plugin.self, x, 1, 0, 0, f, NULL, &p->plugin.err);
        const int cell = (int)ceil(f[0] / r[0] * GRID);
        if (cell <= GRID && f[1] < lowest[cell])
            lowest[cell] = f[1];
    }
    for (int i = 0; i <= GRID; i++) {
        least = fmin(least, lowest[i]);
        if (least < r[1])
            area += r[0] / GRID * (r[1] - least);
    }
    return area;
}

static double volume_of_front(struct posed *p, double rest)
{
    enum { SIDE = 200, FINE = 1200 };
    static double lowest[SIDE + 1][SIDE + 1];
    const double *r = p->problem.reference;
    double x[30], f[3], volume = 0;
    for (int i = 0; i <= SIDE; i++)
        for (int j = 0; j <= SIDE; j++)
            lowest[i][j] = HUGE_VAL;
    for (uint32_t k = 2; k < p->problem.space->n_dims; k++)
        x[k] = rest;
    for (int i = 0; i <= FINE; i++)
        for (int j = 0; j <= FINE; j++) {
            x[0] = (double)i / FINE;
            x[1] = (double)j / FINE;
            extension()->evaluate(p->plugin.self, x, 1, 0, 0, f, NULL, &p->plugin.err);
            const int a = (int)ceil(f[0] / r[0] * SIDE - 1e-9), b = (int)ceil(f[1] / r[1] * SIDE - 1e-9);
            if (a <= SIDE && b <= SIDE)
                lowest[a][b] = fmin(lowest[a][b], f[2]);
        }
    for (int i = 0; i <= SIDE; i++)
        for (int j = 0; j <= SIDE; j++) {
            if (i)
                lowest[i][j] = fmin(lowest[i][j], lowest[i - 1][j]);
            if (j)
                lowest[i][j] = fmin(lowest[i][j], lowest[i][j - 1]);
            if (i < SIDE && j < SIDE && lowest[i][j] < r[2])
                volume += r[0] / SIDE * (r[1] / SIDE) * (r[2] - lowest[i][j]);
        }
    return volume;
}

static void test_hypervolumes_of_the_true_fronts(void)
{
    static const struct {
        const char *name;
        double rest, known;
    } fronts[] = { { "zdt1", 0, 0.876667 },    { "zdt2", 0, 0.543333 }, { "zdt3", 0, 1.331763 },
                   { "zdt4", 0, 0.876667 },    { "zdt6", 0, 0.507878 }, { "dtlz1", 0.5, 0.145542 },
                   { "dtlz2", 0.5, 0.807401 }, { "dtlz7", 0, 2.701895 } };
    for (size_t k = 0; k < sizeof fronts / sizeof *fronts; k++) {
        struct posed p;
        char settings[32];
        snprintf(settings, sizeof settings, "name=%s", fronts[k].name);
        CU_ASSERT_FATAL(pose(&p, settings));
        const double measured = k < 5 ? area_of_front(&p, fronts[k].rest) : volume_of_front(&p, fronts[k].rest);
        CU_ASSERT_DOUBLE_EQUAL(p.problem.hypervolume, fronts[k].known, 6e-7);
        CU_ASSERT_DOUBLE_EQUAL(measured, p.problem.hypervolume, (k < 5 ? 2e-3 : 0.02) * p.problem.hypervolume);
        fake_plugin_release(&p.plugin);
    }
}

static void test_binh_korn(void)
{
    struct posed p;
    double x[] = { 1, 2 }, f[2], c[2], area = 0, last = 0;
    CU_ASSERT_FATAL(pose(&p, "name=binh_korn"));
    CU_ASSERT(p.problem.n_constraints == 2 && !strcmp(p.problem.constraint_names[1], "c2"));
    extension()->evaluate(p.plugin.self, x, 1, 0, 0, f, c, &p.plugin.err);
    CU_ASSERT(f[0] == 20 && f[1] == 25);
    CU_ASSERT_DOUBLE_EQUAL(c[0], -0.2 * 25, 1e-12); /* pymoo gives the shares -0.2 and -8.61038961 of 25 and 7.7 */
    CU_ASSERT_DOUBLE_EQUAL(c[1], -8.61038961 * 7.7, 1e-7);
    for (int i = 0; i <= 100000; i++) { /* the known front, from the left to the reference point (140, 50) */
        const double t = 5.0 * i / 100000;
        x[0] = t;
        x[1] = fmin(t, 3);
        extension()->evaluate(p.plugin.self, x, 1, 0, 0, f, c, &p.plugin.err);
        CU_ASSERT(c[0] <= 0 && c[1] <= 0);
        area += (f[0] - last) * (50 - f[1]);
        last = f[0];
    }
    CU_ASSERT_DOUBLE_EQUAL(area + (140 - last) * (50 - f[1]), p.problem.hypervolume, 0.2);
    CU_ASSERT_DOUBLE_EQUAL(p.problem.hypervolume, 5285.333, 1e-3);
    fake_plugin_release(&p.plugin);
}

static void test_noise_and_failures_belong_to_the_seed(void)
{
    struct posed p;
    const double x[] = { 0.5, 0.5 };
    double first[2], again[2];
    unsigned failed = 0, early = 0;
    CU_ASSERT_FATAL(pose(&p, "name=sphere\nnoise=0.5\nfailure_rate=0.3\nsteps=10"));
    CU_ASSERT_EQUAL(p.problem.noisy, 1);
    for (uint64_t seed = 0; seed < 4000; seed++) {
        const hone_rc rc = extension()->evaluate(p.plugin.self, x, seed, 0, 0, first, NULL, &p.plugin.err);
        CU_ASSERT_EQUAL(extension()->evaluate(p.plugin.self, x, seed, 0, 0, again, NULL, &p.plugin.err), rc);
        CU_ASSERT(rc == HONE_EFAIL || (rc == HONE_OK && first[0] == again[0] && first[0] != 0.5));
        failed += rc == HONE_EFAIL;
        early += extension()->evaluate(p.plugin.self, x, seed, 5, 0, first, NULL, &p.plugin.err) == HONE_EFAIL;
        CU_ASSERT_EQUAL(exact(&p, x, NULL), 0.5);
    }
    CU_ASSERT(failed > 1100 && failed < 1300); /* 1200, deviation 29 */
    CU_ASSERT(early > 520 && early < 680);     /* half of them before step 6 of 10 */
    fake_plugin_release(&p.plugin);
}

static void test_noise_of_the_problem_itself(void)
{
    static const struct {
        const char *settings;
        double x[3], mean, deviation;
    } noisy[] = { { "name=n_arms", { 0 }, -1, 1 },
                  { "name=n_arms", { 1 }, 0, 1 },
                  { "name=gauss_wave2", { 0, 0, (double)NAN }, -2, 0.1 } };
    for (size_t k = 0; k < sizeof noisy / sizeof *noisy; k++) {
        struct posed p;
        double sum = 0, squares = 0, v;
        CU_ASSERT_FATAL(pose(&p, noisy[k].settings));
        CU_ASSERT_EQUAL(p.problem.noisy, 1);
        for (uint64_t seed = 0; seed < 4000; seed++) {
            extension()->evaluate(p.plugin.self, noisy[k].x, seed, 0, 0, &v, NULL, &p.plugin.err);
            sum += v - noisy[k].mean;
            squares += (v - noisy[k].mean) * (v - noisy[k].mean);
        }
        CU_ASSERT(fabs(sum / 4000) < 4 * noisy[k].deviation / sqrt(4000));
        CU_ASSERT_DOUBLE_EQUAL(sqrt(squares / 4000), noisy[k].deviation, 0.05 * noisy[k].deviation);
        fake_plugin_release(&p.plugin);
    }
}

static void test_counting_ones_flips_coins(void)
{
    struct posed p;
    const double x[] = { 1, 0, 0.25, 0.75 };
    double v, last = 0, sum = 0;
    CU_ASSERT_FATAL(pose(&p, "name=counting_ones\ndimensions=4\nsteps=50"));
    CU_ASSERT(p.problem.noisy && p.problem.fidelity && p.problem.max_step == 50);
    CU_ASSERT(p.problem.space->dims[1]->type == HONE_DIM_CHOICE && p.problem.space->dims[2]->type == HONE_DIM_REAL);
    for (int64_t step = 1; step <= 50; step++) {
        extension()->evaluate(p.plugin.self, x, 7, step, 0, &v, NULL, &p.plugin.err);
        const double ones = (-v - 1) * (double)step; /* each step flips two more coins */
        CU_ASSERT(fabs(ones - floor(ones + 0.5)) < 1e-9 && ones >= last - 1e-9 && ones <= last + 2 + 1e-9);
        last = ones;
    }
    for (uint64_t seed = 0; seed < 400; seed++) {
        extension()->evaluate(p.plugin.self, x, seed, 0, 0, &v, NULL, &p.plugin.err);
        sum += v;
    }
    CU_ASSERT_DOUBLE_EQUAL(sum / 400, -2, 4 * sqrt(2 * 0.1875 / 50 / 400));
    CU_ASSERT_EQUAL(exact(&p, x, NULL), -2);
    fake_plugin_release(&p.plugin);
}

static void test_cheap_fidelities_of_hartmann(void)
{
    struct posed p, full;
    const double x[] = { 0.1, 0.5, 0.8 };
    double v, whole, half;
    CU_ASSERT_FATAL(pose(&p, "name=mf_hartmann3\nsteps=10") && pose(&full, "name=hartmann3"));
    CU_ASSERT(p.problem.fidelity && !full.problem.fidelity);
    whole = exact(&full, x, NULL);
    for (int64_t step = 0; step <= 10; step += 5) {
        extension()->evaluate(p.plugin.self, x, 7, step, 0, &v, NULL, &p.plugin.err);
        half = step == 5 ? v : 0;
        if (step == 5) { /* all weights less 0.05: the sum of the four bumps, each by its own formula */
            static const double a[4][3] = { { 3, 10, 30 }, { 0.1, 10, 35 }, { 3, 10, 30 }, { 0.1, 10, 35 } };
            static const double c[4][3] = { { 0.3689, 0.1170, 0.2673 },
                                            { 0.4699, 0.4387, 0.7470 },
                                            { 0.1091, 0.8732, 0.5547 },
                                            { 0.0381, 0.5743, 0.8828 } };
            double bumps = 0;
            for (int i = 0; i < 4; i++)
                bumps += exp(-a[i][0] * pow(x[0] - c[i][0], 2) - a[i][1] * pow(x[1] - c[i][1], 2) -
                             a[i][2] * pow(x[2] - c[i][2], 2));
            CU_ASSERT_DOUBLE_EQUAL(half, whole + 0.05 * bumps, 1e-12);
        } else {
            CU_ASSERT_EQUAL(v, whole); /* step 0: the end of the trial */
        }
    }
    fake_plugin_release(&p.plugin);
    fake_plugin_release(&full.plugin);
}

static void test_conditional_points_by_name(void)
{
    static fake_trial trial;
    const hone_component *c = fake_component(HONE_KIND_OBJECTIVE, "function");
    const hone_objective_v1 *objective = (const hone_objective_v1 *)c->iface;
    struct posed p;
    CU_ASSERT_FATAL(pose(&p, "name=jenatton"));
    fake_trial_init(&trial, 0, "");
    fake_trial_set(&trial, "r9", "0.25");
    fake_trial_set(&trial, "x7", "-0.5");
    fake_trial_set(&trial, "x1", "1");
    fake_trial_set(&trial, "x3", "1");
    CU_ASSERT_EQUAL(objective->run(p.plugin.self, &trial.trial, &p.plugin.err), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(fake_trial_value(&trial, 0, "value"), 0.25 + 0.4 + 0.25, 1e-15);
    fake_trial_init(&trial, 0, "");
    fake_trial_set(&trial, "x1", "0");
    fake_trial_set(&trial, "x2", "1");
    fake_trial_set(&trial, "x4", "0.5");
    CU_ASSERT_EQUAL(objective->run(p.plugin.self, &trial.trial, &p.plugin.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(p.plugin.err.param, "x5");
    fake_trial_init(&trial, 0, "");
    fake_trial_set(&trial, "x1", "2");
    CU_ASSERT_EQUAL(objective->run(p.plugin.self, &trial.trial, &p.plugin.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(p.plugin.err.param, "x1");
    fake_plugin_release(&p.plugin);
}

/* Against central differences, away from the minimum. */
static void test_derivatives_are_those_of_the_values(void)
{
    static const char *const smooth[] = { "branin", "ackley",   "rosenbrock",     "rastrigin", "styblinski_tang",
                                          "sphere", "griewank", "six_hump_camel", "himmelblau" };
    struct posed p;
    for (size_t k = 0; k < sizeof smooth / sizeof *smooth; k++) {
        char settings[64];
        double x[MOST], g[MOST];
        snprintf(settings, sizeof settings, "name=%s\nderivatives=yes", smooth[k]);
        CU_ASSERT_FATAL(pose(&p, settings));
        for (uint32_t i = 0; i < p.problem.space->n_dims; i++)
            x[i] = p.problem.space->dims[i]->min * 0.37 + p.problem.space->dims[i]->max * (0.6 + 0.01 * i);
        CU_ASSERT_EQUAL(extension()->gradient(p.plugin.self, x, g, &p.plugin.err), HONE_OK);
        for (uint32_t i = 0; i < p.problem.space->n_dims; i++) {
            const double at = x[i], h = 1e-5;
            x[i] = at + h;
            const double up = exact(&p, x, NULL);
            x[i] = at - h;
            const double difference = (up - exact(&p, x, NULL)) / (2 * h);
            x[i] = at;
            CU_ASSERT_DOUBLE_EQUAL(g[i], difference, 1e-5 * (1 + fabs(difference)));
        }
        fake_plugin_release(&p.plugin);
    }
    CU_ASSERT_FATAL(pose(&p, "name=levy"));
    CU_ASSERT_EQUAL(extension()->gradient(p.plugin.self, NULL, NULL, &p.plugin.err), HONE_ENOTSUP);
    fake_plugin_release(&p.plugin);
    CU_ASSERT_FALSE(pose(&p, "name=levy\nderivatives=yes"));
    CU_ASSERT_STRING_EQUAL(p.plugin.err.param, "derivatives");
    fake_plugin_release(&p.plugin);
}

SUITE(TEST(test_best_values_are_the_published_ones), TEST(test_every_problem_is_tested),
      TEST(test_values_of_several_objectives), TEST(test_hypervolumes_of_the_true_fronts), TEST(test_binh_korn),
      TEST(test_noise_and_failures_belong_to_the_seed), TEST(test_noise_of_the_problem_itself),
      TEST(test_counting_ones_flips_coins), TEST(test_cheap_fidelities_of_hartmann),
      TEST(test_conditional_points_by_name), TEST(test_derivatives_are_those_of_the_values))
