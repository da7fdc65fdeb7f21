/* SPDX-License-Identifier: MIT */
/* Tests of search/anneal: it finds minima (fixed seeds), keeps to the space, spends finite spaces, hears every kind of
 * outcome, goes on identically from a saved state. Hyperopt's way: hyperopt_test.c. */
#include "numeric_case.h"

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "anneal")->iface;
}

static hone_rc start(fake_plugin *p, const hone_space *space, uint64_t seed, uint64_t trials, const char *settings)
{
    const hone_search_info info = { sizeof info, 1, 0, 0, trials, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SEARCH, "anneal"), seed, settings);
    return rc < 0 ? rc : iface()->open(p->self, space, &info, &p->err);
}

static void say(fake_plugin *p, uint64_t trial, const double *x, uint32_t status, double value)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static double best_of(const hone_space *space, double (*f)(const double *), uint64_t seed, uint64_t trials,
                      uint64_t lag, const char *settings)
{
    const search_case c = { "anneal", settings, 1, 0, trials };
    return search_best_on(&c, space, f, seed, trials, lag);
}

static const hone_dim plane[] = { FAKE_REAL("x1", -5, 10, 0), FAKE_REAL("x2", 0, 15, 0) };

static void test_branin_in_200_trials(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    unsigned alone = 0, four = 0, random_restarts = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        alone += best_of(space, numeric_branin, seed, 200, 1, NULL) < 0.397887 + 0.05 ? 1u : 0u;
        four += best_of(space, numeric_branin, seed, 200, 4, NULL) < 0.397887 + 0.05 ? 1u : 0u;
        random_restarts += best_of(space, numeric_branin, seed, 200, 1, "restart=random\npatience=30") < 0.397887 + 0.05
                               ? 1u
                               : 0u;
    }
    CU_ASSERT(alone >= 18);
    CU_ASSERT(four >= 18);
    CU_ASSERT(random_restarts >= 15);
}

static void test_hartmann6_beats_random(void)
{
    fake_space f;
    hone_dim dims[6];
    unsigned wins = 0, linear_wins = 0;
    double sum = 0, random_sum = 0;
    for (int i = 0; i < 6; i++)
        dims[i] = (hone_dim)FAKE_REAL("x", 0, 1, 0);
    const hone_space *space = fake_space_init(&f, dims, 6, NULL, 0);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double random = HUGE_VAL, x[6];
        for (uint64_t k = 0; k < 300; k++) {
            hone_rng rng = hone_rng_at(seed, k);
            for (int i = 0; i < 6; i++)
                x[i] = hone_rng_uniform(&rng);
            random = numeric_hartmann6(x) < random ? numeric_hartmann6(x) : random;
        }
        const double found = best_of(space, numeric_hartmann6, seed, 300, 1, NULL);
        wins += found < random ? 1u : 0u;
        linear_wins += best_of(space, numeric_hartmann6, seed, 300, 1, "cooling=linear") < random ? 1u : 0u;
        sum += found / 20;
        random_sum += random / 20;
    }
    CU_ASSERT(wins >= 19);
    CU_ASSERT(linear_wins >= 19);
    CU_ASSERT(sum < -3.2 && random_sum > -2.9);
}

static double rastrigin5(const double *x)
{
    double sum = 0;
    for (int i = 0; i < 5; i++)
        sum += x[i] * x[i] - 10 * cos(6.28318530717958647692 * x[i]) + 10;
    return sum;
}

static double levy5(const double *x)
{
    const double pi = 3.14159265358979323846;
    double sum = 0, w = 1 + (x[0] - 1) / 4;
    sum = sin(pi * w) * sin(pi * w);
    for (int i = 0; i < 5; i++) {
        w = 1 + (x[i] - 1) / 4;
        sum += (w - 1) * (w - 1) *
               (i < 4 ? 1 + 10 * sin(pi * w + 1) * sin(pi * w + 1) : 1 + sin(2 * pi * w) * sin(2 * pi * w));
    }
    return sum;
}

/* Both have hundreds of valleys; the lowest point of each is 0. */
static void test_rastrigin5_and_levy5_in_3000_trials(void)
{
    fake_space f, g;
    hone_dim wide[5], wider[5];
    unsigned rastrigin = 0, levy = 0, adaptive = 0, eight = 0;
    for (int i = 0; i < 5; i++) {
        wide[i] = (hone_dim)FAKE_REAL("x", -5.12, 5.12, 0);
        wider[i] = (hone_dim)FAKE_REAL("x", -10, 10, 0);
    }
    const hone_space *space = fake_space_init(&f, wide, 5, NULL, 0), *other = fake_space_init(&g, wider, 5, NULL, 0);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        rastrigin += best_of(space, rastrigin5, seed, 3000, 1, NULL) < 0.01 ? 1u : 0u;
        levy += best_of(other, levy5, seed, 3000, 1, NULL) < 0.01 ? 1u : 0u;
        eight += best_of(space, rastrigin5, seed, 3000, 8, NULL) < 0.01 ? 1u : 0u;
        adaptive += best_of(other, levy5, seed, 3000, 1, "cooling=adaptive") < 0.01 ? 1u : 0u;
    }
    CU_ASSERT(rastrigin >= 18);
    CU_ASSERT(levy >= 18);
    CU_ASSERT(eight >= 18);
    CU_ASSERT(adaptive >= 18);
}

/* An objective whose values span eleven decades: the first outcomes say nothing of the scale that matters. Cooling that
 * minds the rate of acceptance gets as far as with the settings that suit. */
static double steep(const double *x)
{
    return exp(25 * sqrt((x[0] - 2) * (x[0] - 2) + (x[1] - 7) * (x[1] - 7)) / 15);
}

static void test_adaptive_cooling_finds_the_scale(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    double linear = 0, adaptive = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        linear += log(best_of(space, steep, seed, 500, 1, "cooling=linear")) / 10;
        adaptive += log(best_of(space, steep, seed, 500, 1, "cooling=adaptive")) / 10;
    }
    CU_ASSERT(adaptive < 0.15 && linear > 2 * adaptive);
}

static void test_as_every_search(void)
{
    static const search_case walk = { "anneal", "cooling=adaptive\npatience=30", 1, 1, 100 };
    search_survives_useless_outcomes(&walk);
    search_spends_finite_spaces(&walk);
    search_goes_on_from_a_saved_state(&walk);
    search_survives_damaged_states(&walk);
}

/* ---- mixed spaces ---- */
static const double zero[] = { 0 };
static const hone_condition momentum_if = { sizeof momentum_if, 0, HONE_EQ, 1, zero };
static const hone_condition *const momentum_conditions[] = { &momentum_if };

static const hone_space *mixed(fake_space *f, hone_dim *d)
{
    static const hone_relation relation = { sizeof relation, HONE_LE, 4, 3, 0 }; /* layers <= width */
    const hone_dim dims[] = { FAKE_CHOICE("optimizer", 3, NULL),
                              FAKE_REAL("momentum", 0.5, 0.99, 0),
                              FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG),
                              FAKE_INT("width", 4, 128, 4, HONE_DIM_LOG),
                              FAKE_INT("layers", 1, 20, 1, 0),
                              FAKE_ORDINAL("batch", 5, NULL),
                              FAKE_NORMAL("bias", -HUGE_VAL, HUGE_VAL, 0, 1, 0),
                              FAKE_REAL("fixed", 7, 7, 0) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = 1;
    d[1].conditions = momentum_conditions;
    return fake_space_init(f, d, 8, &relation, 1);
}

/* lowest, 0, at optimizer 0, momentum 0.9, rate 1e-2, width 64, layers 6, batch 3, bias 0.5 */
static double mixed_value(const double *x)
{
    const double momentum = x[0] > 0 ? 1 : 4 * fabs(x[1] - 0.9);
    return x[0] + momentum + fabs(log10(x[2]) + 2) + fabs(log(x[3] / 64)) + fabs(x[4] - 6) / 4 + fabs(x[5] - 3) / 2 +
           fabs(x[6] - 0.5) / 2;
}

static void test_mixed_spaces_with_conditions_and_relations(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 10; seed++)
        mean += best_of(space, mixed_value, seed, 400, 2, NULL) / 10;
    CU_ASSERT(mean < 0.5);
}

static void test_same_seed_same_points_and_a_saved_state_goes_on(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    static fake_bytes bytes, again, empty;
    const hone_component *c = fake_component(HONE_KIND_SEARCH, "anneal");
    for (uint64_t cut = 3; cut < 250; cut += 61) {
        fake_plugin a, b;
        double x[8], y[8];
        const hone_ostream out = { &bytes, fake_write_ }, out_again = { &again, fake_write_ };
        const hone_istream in = { &bytes, fake_read_ };
        bytes = again = empty;
        start(&a, space, 8, 300, "patience=20");
        for (uint64_t k = 0; k < cut; k++) {
            iface()->ask(a.self, k, x, &a.err);
            say(&a, k, x, k % 11 == 5 ? HONE_FAILED : k % 7 == 3 ? HONE_PRUNED : HONE_COMPLETE, mixed_value(x));
        }
        CU_ASSERT_EQUAL(c->save(a.self, &out, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(c->save(a.self, &out_again, &a.err), HONE_OK);
        CU_ASSERT(bytes.n == again.n && !memcmp(bytes.bytes, again.bytes, bytes.n));
        start(&b, space, 8, 300, "patience=20");
        CU_ASSERT_EQUAL(c->load(b.self, &in, &b.err), HONE_OK);
        for (uint64_t k = cut; k < 300; k++) {
            iface()->ask(a.self, k, x, &a.err);
            iface()->ask(b.self, k, y, &b.err);
            CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
            say(&a, k, x, HONE_COMPLETE, mixed_value(x));
            say(&b, k, y, HONE_COMPLETE, mixed_value(y));
        }
        fake_plugin_release(&a);
        fake_plugin_release(&b);
    }
}

static void test_damaged_states_are_refused(void)
{
    static const hone_dim cells[] = { FAKE_INT("a", 0, 9, 1, 0), FAKE_CHOICE("b", 7, NULL) };
    fake_space f, g;
    const hone_space *space = fake_space_init(&f, cells, 2, NULL, 0);
    const hone_component *c = fake_component(HONE_KIND_SEARCH, "anneal");
    static fake_bytes good, bad;
    const hone_ostream out = { &good, fake_write_ };
    const hone_istream in = { &bad, fake_read_ };
    fake_plugin p, other;
    double x[2], before[2], after[2];
    unsigned refused = 0;
    good.n = 0;
    start(&p, space, 1, 60, NULL);
    for (uint64_t k = 0; k < 30; k++) {
        iface()->ask(p.self, k, x, &p.err);
        say(&p, k, x, HONE_COMPLETE, x[0] + x[1]);
    }
    for (uint64_t k = 30; k < 33; k++) /* under way */
        iface()->ask(p.self, k, x, &p.err);
    CU_ASSERT_EQUAL(c->save(p.self, &out, &p.err), HONE_OK);
    for (size_t n = 0; n < good.n; n++) { /* cut anywhere */
        bad = good;
        bad.n = n;
        CU_ASSERT_EQUAL(c->load(p.self, &in, &p.err), HONE_EINVAL);
    }
    bad = good;
    bad.bytes[bad.n++] = 0; /* one byte too many */
    CU_ASSERT_EQUAL(c->load(p.self, &in, &p.err), HONE_EINVAL);
    hone_rng rng = hone_rng_at(1, 1);
    for (int i = 0; i < 3000; i++) { /* random damage is refused, or harmless: what it proposes is in the space */
        bad = good;
        for (int k = 0; k < 3; k++)
            bad.bytes[hone_rng_below(&rng, bad.n)] = (unsigned char)hone_rng_u32(&rng);
        start(&other, space, 1, 60, NULL);
        if (c->load(other.self, &in, &other.err) == HONE_OK) {
            const hone_rc rc = iface()->ask(other.self, 40, x, &other.err);
            CU_ASSERT(rc == HONE_DONE || (rc == HONE_OK && !fake_space_fault(space, x)));
            if (rc == HONE_OK)
                say(&other, 40, x, HONE_COMPLETE, 1);
        } else {
            refused++;
        }
        fake_plugin_release(&other);
    }
    CU_ASSERT(refused > 1000);
    bad = good;
    start(&other, fake_space_init(&g, plane, 1, NULL, 0), 1, 60, NULL); /* another space */
    CU_ASSERT_EQUAL(c->load(other.self, &in, &other.err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(other.err.msg, "another space"));
    fake_plugin_release(&other);
    iface()->ask(p.self, 50, before, &p.err); /* refusals left the state as it was: a fresh load proposes the same */
    start(&other, space, 1, 60, NULL);
    bad.at = 0;
    CU_ASSERT_EQUAL(c->load(other.self, &in, &other.err), HONE_OK);
    iface()->ask(other.self, 50, after, &other.err);
    CU_ASSERT_EQUAL(memcmp(before, after, sizeof before), 0);
    fake_plugin_release(&other);
    fake_plugin_release(&p);
}

static void test_finite_spaces_are_spent(void)
{
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 2, 0 };
    hone_dim dims[] = { FAKE_CHOICE("c", 4, NULL), FAKE_INT("a", 1, 9, 2, 0), FAKE_STEP("b", 0, 10, 2.5, 0) };
    fake_space f;
    fake_plugin p;
    uint32_t seen[4][10][11] = { 0 }, n = 0;
    double x[3];
    dims[2].n_conditions = 1;
    dims[2].conditions = momentum_conditions; /* b where c = 0 */
    start(&p, fake_space_init(&f, dims, 3, &relation, 1), 3, 0, NULL);
    for (; n < 100 && iface()->ask(p.self, n, x, &p.err) == HONE_OK; n++) {
        uint32_t *cell = &seen[(int)x[0]][(int)x[1]][isnan(x[2]) ? 0 : (int)x[2]];
        CU_ASSERT_PTR_NULL(fake_space_fault(&f.space, x));
        CU_ASSERT_EQUAL(*cell, 0);
        *cell = 1;
        say(&p, n, x, HONE_COMPLETE, x[0] + x[1]);
    }
    CU_ASSERT_EQUAL(n, 12 + 3 * 5);
    CU_ASSERT_EQUAL(iface()->ask(p.self, n, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
}

/* A study that goes on with a larger budget tells points that the replayed asks did not propose: none may get lost. */
static void test_a_replay_with_another_budget_loses_no_point(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 9, 1, 0), FAKE_INT("b", 0, 5, 1, 0) };
    fake_space f;
    fake_plugin p;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    double told[40][2], x[2];
    uint32_t seen[10][6] = { { 0 } }, n = 0, other = 0;
    start(&p, space, 5, 40, NULL);
    for (uint64_t k = 0; k < 40; k++) {
        iface()->ask(p.self, k, told[k], &p.err);
        say(&p, k, told[k], HONE_COMPLETE, told[k][0] * told[k][1]);
        seen[(int)told[k][0]][(int)told[k][1]]++;
        n++;
    }
    fake_plugin_release(&p);
    start(&p, space, 5, 0, "step=0.9");
    for (uint64_t k = 0; k < 40; k++) {
        iface()->ask(p.self, k, x, &p.err);
        other += memcmp(x, told[k], sizeof x) ? 1u : 0u;
        say(&p, k, told[k], HONE_COMPLETE, told[k][0] * told[k][1]);
    }
    CU_ASSERT(other > 5);
    for (uint64_t k = 40; iface()->ask(p.self, k, x, &p.err) == HONE_OK && n < 100; k++, n++) {
        seen[(int)x[0]][(int)x[1]]++;
        say(&p, k, x, HONE_COMPLETE, 1);
    }
    CU_ASSERT_EQUAL(n, 60);
    for (int i = 0; i < 60; i++)
        CU_ASSERT_EQUAL(seen[i / 6][i % 6], 1);
    fake_plugin_release(&p);
}

/* All-failed, all-NaN and constant histories, infinite values: it goes on proposing points of the space. */
static void test_useless_outcomes_do_no_harm(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    static const double values[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 5, 1e308, -1e308 };
    for (uint32_t kind = 0; kind < 6; kind++) {
        fake_plugin p;
        double x[8];
        start(&p, space, kind, 0, "patience=5\nlength=10");
        for (uint64_t k = 0; k < 150; k++) {
            CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
            CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
            say(&p, k, x, kind == 0 ? HONE_FAILED : HONE_COMPLETE, kind == 4 && k % 2 ? -values[kind] : values[kind]);
        }
        fake_plugin_release(&p);
    }
}

/* A pruned trial never draws the walk to itself as if it were better: its partial values lie far below what is final.
 */
static void test_pruned_values_are_no_improvement(void)
{
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    unsigned good = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fake_plugin p;
        double x[2], best = HUGE_VAL;
        start(&p, space, seed, 300, NULL);
        for (uint64_t k = 0; k < 300; k++) {
            iface()->ask(p.self, k, x, &p.err);
            const double y = numeric_branin(x);
            best = y < best ? y : best;
            if (k >= 10 && y > best + 2)
                say(&p, k, x, HONE_PRUNED, y + 1); /* curves fall */
            else
                say(&p, k, x, HONE_COMPLETE, y);
        }
        good += best < 0.397887 + 0.05 ? 1u : 0u;
        fake_plugin_release(&p);
    }
    CU_ASSERT(good >= 8);
}

/* minimize x1 + x2 where x1 * x2 >= 20: the walk must end on the allowed side, near 2 sqrt(20) */
static void test_constraints_come_first(void)
{
    static const search_case bounded = { "anneal", NULL, 1, 1, 300 };
    fake_space f;
    const hone_space *space = fake_space_init(&f, plane, 2, NULL, 0);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        fake_plugin p;
        double x[2], best = 100;
        CU_ASSERT_EQUAL(search_start(&bounded, &p, space, seed), HONE_OK);
        for (uint64_t k = 0; k < 300; k++) {
            iface()->ask(p.self, k, x, &p.err);
            const double y = x[0] + x[1], violation = x[0] > 0 ? 20 - x[0] * x[1] : 20 - x[0];
            const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, &y, &violation, 1, 1, 0, NULL, 0, NULL };
            iface()->tell(p.self, &o, &p.err);
            if (violation <= 0 && y < best)
                best = y;
        }
        mean += best / 10;
        fake_plugin_release(&p);
    }
    CU_ASSERT(mean >= 2 * sqrt(20) && mean < 2 * sqrt(20) + 0.5);
}

static void test_refuses_what_it_cannot_do(void)
{
    static const hone_relation never = { sizeof never, HONE_GT, 0, UINT32_MAX, 99 };
    const hone_search_info two = { sizeof two, 2, 0, 0, 0, 0, NULL };
    fake_space f;
    fake_plugin p;
    double x[2];
    fake_plugin_init(&p, fake_component(HONE_KIND_SEARCH, "anneal"), 1, NULL);
    CU_ASSERT_EQUAL(iface()->open(p.self, fake_space_init(&f, plane, 2, NULL, 0), &two, &p.err), HONE_ENOTSUP);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "one objective"));
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, &f.space, 1, 0, "initial_temperature=0.1\nfinal_temperature=0.2"), HONE_ERANGE);
    CU_ASSERT_STRING_EQUAL(p.err.param, "final_temperature");
    fake_plugin_release(&p);
    start(&p, fake_space_init(&f, plane, 2, &never, 1), 1, 0, NULL);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "relations"));
    fake_plugin_release(&p);
}

SUITE(TEST(test_branin_in_200_trials), TEST(test_hartmann6_beats_random),
      TEST(test_mixed_spaces_with_conditions_and_relations), TEST(test_same_seed_same_points_and_a_saved_state_goes_on),
      TEST(test_damaged_states_are_refused), TEST(test_finite_spaces_are_spent),
      TEST(test_a_replay_with_another_budget_loses_no_point), TEST(test_useless_outcomes_do_no_harm),
      TEST(test_pruned_values_are_no_improvement), TEST(test_constraints_come_first),
      TEST(test_refuses_what_it_cannot_do), TEST(test_rastrigin5_and_levy5_in_3000_trials),
      TEST(test_adaptive_cooling_finds_the_scale), TEST(test_as_every_search))
