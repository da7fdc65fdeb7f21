/* SPDX-License-Identifier: MIT */
/* Tests of objective/function: the published minima, the curve, the noise, and what it says of bad settings. */
#include "fake_host.h"
#include "harness.h"

static const hone_objective_v1 *iface(void)
{
    return (const hone_objective_v1 *)fake_component(HONE_KIND_OBJECTIVE, "function")->iface;
}

static hone_rc start(fake_plugin *p, const char *settings)
{
    return fake_plugin_init(p, fake_component(HONE_KIND_OBJECTIVE, "function"), 1, settings);
}

static const char *const KEYS[] = { "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10" };
static fake_trial trial;

static void set_point(uint64_t number, const double *x, uint32_t n)
{
    fake_trial_init(&trial, number, "");
    for (uint32_t i = n; i-- > 0;) { /* found by name, not by place */
        fake_trial_set(&trial, KEYS[i], "");
        trial.settings[trial.trial.n_settings - 1].number = x[i];
    }
}

static double evaluate(const char *name, const double *x, uint32_t n)
{
    char settings[100];
    fake_plugin p;
    double v;
    snprintf(settings, sizeof settings, "name=%s\ndimensions=%u", name, n);
    CU_ASSERT_EQUAL(start(&p, settings), HONE_OK);
    set_point(0, x, n);
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_OK);
    CU_ASSERT_EQUAL(trial.n_results, 1);
    v = fake_trial_value(&trial, 0, "value");
    fake_plugin_release(&p);
    return v;
}

static void test_published_minima(void)
{
    static const struct {
        const char *name;
        uint32_t n;
        double x[10], value, tolerance;
    } known[] = {
        { "branin", 2, { -3.14159265358979, 12.275 }, 0.397887, 5e-7 },
        { "branin", 2, { 3.14159265358979, 2.275 }, 0.397887, 5e-7 },
        { "branin", 2, { 9.42478, 2.475 }, 0.397887, 5e-7 },
        { "hartmann3", 3, { 0.114614, 0.555649, 0.852547 }, -3.86278, 5e-6 },
        { "hartmann6", 6, { 0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573 }, -3.32237, 5e-6 },
        { "ackley", 5, { 0 }, 0, 1e-14 },
        { "rosenbrock", 4, { 1, 1, 1, 1 }, 0, 0 },
        { "rastrigin", 10, { 0 }, 0, 0 },
        { "levy", 3, { 1, 1, 1 }, 0, 1e-30 },
        { "levy", 1, { 1 }, 0, 1e-30 },
        { "styblinski_tang", 3, { -2.903534, -2.903534, -2.903534 }, -39.16617 * 3, 2e-5 },
        { "sphere", 10, { 0 }, 0, 0 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const double best = evaluate(known[i].name, known[i].x, known[i].n);
        CU_ASSERT_DOUBLE_EQUAL(best, known[i].value, known[i].tolerance);
        for (uint32_t j = 0; j < known[i].n; j++) /* a minimum: no step along an axis leads lower */
            for (int sign = -1; sign <= 1; sign += 2) {
                double x[10];
                memcpy(x, known[i].x, sizeof x);
                x[j] += sign * 0.01;
                CU_ASSERT(evaluate(known[i].name, x, known[i].n) > best);
            }
    }
}

/* Values away from the minimum, each worked out by hand from the printed formula. */
static void test_other_values(void)
{
    static const double zero[6] = { 0 }, one_two[] = { 1, 2 }, ones[] = { 1, 1, 1 }, halves[] = { 0.5, 0.5 },
                        fives[] = { 5, 9 };
    CU_ASSERT_DOUBLE_EQUAL(evaluate("branin", zero, 2), 36 + 10 * (1 - 1 / (8 * 3.14159265358979)) + 10, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("ackley", ones, 3), 20 - 20 * exp(-0.2), 1e-13);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("rosenbrock", one_two, 2), 100, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("rastrigin", halves, 2), 40.5, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("levy", fives, 2), (2 - 1) * (1 + 10 * sin(2 * 3.14159265358979 + 1) * sin(1)) + 4,
                           1e-12);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("styblinski_tang", one_two, 2), (1 - 16 + 5 + 16 - 64 + 10) / 2.0, 1e-12);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("sphere", one_two, 2), 5, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("hartmann3", zero, 3), -0.06797, 5e-5);
    CU_ASSERT_DOUBLE_EQUAL(evaluate("hartmann6", zero, 6), -0.00508911, 5e-7);
}

static void test_describes_what_it_needs_and_reports(void)
{
    fake_plugin p;
    hone_description d;
    memset(&d, 0, sizeof d);
    d.size = sizeof d;
    d.max_step = d.any_metric = 9;
    CU_ASSERT_EQUAL(start(&p, "name=hartmann6\nsteps=12"), HONE_OK);
    CU_ASSERT_EQUAL(iface()->describe(p.self, &d, &p.err), HONE_OK);
    CU_ASSERT(d.max_step == 12 && d.any_space == 1 && d.any_metric == 0 && d.n_metrics == 1 && d.n_keys == 6);
    CU_ASSERT_STRING_EQUAL(d.metrics[0].name, "value");
    CU_ASSERT_EQUAL(d.metrics[0].direction, HONE_MINIMIZE);
    CU_ASSERT_STRING_EQUAL(d.keys[5], "x6");
    CU_ASSERT_STRING_EQUAL(d.stop_key, "steps");
    CU_ASSERT(iface()->flags & HONE_OBJECTIVE_ANY_SPACE);
    const double x[5] = { 0 };
    set_point(0, x, 5);
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(p.err.param, "x6");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=branin\ndimensions=3"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.msg, "dimensions = 3, but branin has 2");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=rosenbrock\ndimensions=1"), HONE_ERANGE);
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=zdt1\nobjectives=3"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.msg, "objectives = 3, but zdt1 has 2");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=dtlz2\nobjectives=4\ndimensions=3"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.msg, "dimensions = 3, but dtlz2 needs at least 4");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=levy"), HONE_OK);
    CU_ASSERT_EQUAL(iface()->describe(p.self, &d, &p.err), HONE_OK);
    CU_ASSERT(d.n_keys == 2 && d.max_step == 0 && !d.stop_key);
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, "name=brannin"), HONE_EINVAL);
    fake_plugin_release(&p);
}

static void test_curve_falls_to_the_value_and_can_be_cut(void)
{
    static const double x[] = { 1, 2, 3 };
    fake_plugin p;
    start(&p, "name=sphere\ndimensions=3\nsteps=20");
    set_point(0, x, 3);
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_OK);
    CU_ASSERT_EQUAL(trial.n_reports, 20);
    for (int64_t s = 2; s <= 20; s++)
        CU_ASSERT(fake_trial_value(&trial, s, "value") < fake_trial_value(&trial, s - 1, "value"));
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 20, "value"), 14);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "value"), 14);
    set_point(0, x, 3);
    trial.prune_at = 4;
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_DONE);
    CU_ASSERT(trial.n_reports == 4 && trial.n_results == 0);
    set_point(0, x, 3);
    trial.prune_at = 4;
    trial.answer = HONE_EIO;
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_EIO);
    set_point(0, x, 3);
    trial.trial.until = 7;
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_OK);
    CU_ASSERT_EQUAL(trial.n_reports, 7);
    fake_plugin_release(&p);
}

static void test_noise_belongs_to_the_trial(void)
{
    static const double x[] = { 0, 0 };
    fake_plugin p;
    double sum = 0, squares = 0, first = 0;
    start(&p, "name=sphere\nnoise=0.5");
    for (uint64_t k = 0; k < 1000; k++) {
        set_point(k, x, 2);
        iface()->run(p.self, &trial.trial, &p.err);
        const double v = fake_trial_value(&trial, 0, "value");
        first = k ? first : v;
        sum += v;
        squares += v * v;
    }
    CU_ASSERT(fabs(sum / 1000) < 0.06);
    CU_ASSERT(fabs(sqrt(squares / 1000) - 0.5) < 0.05);
    set_point(0, x, 2);
    iface()->run(p.self, &trial.trial, &p.err);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "value"), first);
    fake_plugin_release(&p);
}

static void test_delay_hears_the_end_of_the_study(void)
{
    static const double x[] = { 0, 0 };
    fake_plugin p;
    start(&p, "name=sphere\ndelay=1h");
    p.host.cancel_at = 3;
    set_point(0, x, 2);
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_ECANCELED);
    CU_ASSERT_EQUAL(trial.n_results, 0);
    fake_plugin_release(&p);
}

static void test_reports_derivatives_where_asked(void)
{
    static const double x[] = { 1, -2, 0.5 };
    fake_plugin p;
    hone_description d;
    memset(&d, 0, sizeof d);
    d.size = sizeof d;
    CU_ASSERT_EQUAL(start(&p, "name=sphere\ndimensions=3\nderivatives=yes"), HONE_OK);
    CU_ASSERT_EQUAL(iface()->describe(p.self, &d, &p.err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(d.n_derivatives, 3);
    CU_ASSERT_STRING_EQUAL(d.derivatives[2].metric, "value");
    CU_ASSERT_STRING_EQUAL(d.derivatives[2].key, "x3");
    set_point(0, x, 3);
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "d(value)/d(x1)"), 2);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "d(value)/d(x2)"), -4);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "d(value)/d(x3)"), 1);
    set_point(0, x, 3);
    trial.trial.derivatives = NULL; /* an older host */
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_ENOTSUP);
    fake_plugin_release(&p);
}

SUITE(TEST(test_published_minima), TEST(test_other_values), TEST(test_describes_what_it_needs_and_reports),
      TEST(test_curve_falls_to_the_value_and_can_be_cut), TEST(test_noise_belongs_to_the_trial),
      TEST(test_delay_hears_the_end_of_the_study), TEST(test_reports_derivatives_where_asked))
