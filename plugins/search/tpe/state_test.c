/* SPDX-License-Identifier: MIT */
/* Tests of search/tpe as a search: spent spaces, useless outcomes, calls in any order, saved states. */
#include "test_case.h"

/* ---- finite spaces, useless outcomes ---- */

static void test_finite_spaces_are_spent(void)
{
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 2, 0 };
    const char *const settings[] = { NULL, "multivariate=no", "mode=optuna" };
    for (int s = 0; s < 3; s++) {
        hone_dim dims[] = { FAKE_CHOICE("c", 4, NULL), FAKE_INT("a", 1, 9, 2, 0), FAKE_STEP("b", 0, 10, 2.5, 0) };
        fake_space f;
        fake_plugin p;
        uint32_t seen[4][10][11] = { { { 0 } } }, n = 0;
        double x[3];
        dims[2].n_conditions = 1;
        dims[2].conditions = momentum_list; /* b where c = 0 */
        start(&p, fake_space_init(&f, dims, 3, &relation, 1), 3, 1, 0, settings[s]);
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
}

static void test_good_points_of_a_finite_space_come_early(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 19, 1, 0), FAKE_INT("b", 0, 19, 1, 0) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    double mean = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        fake_plugin p;
        double x[2];
        start(&p, space, seed, 1, 0, NULL);
        for (uint64_t k = 0; k < 120; k++) { /* a disc of 13 points around (13, 4) */
            ask(&p, space, k, x);
            const double y = hypot(x[0] - 13, x[1] - 4);
            mean += (y <= 2) / 8.0;
            say(&p, k, x, HONE_COMPLETE, y);
        }
        fake_plugin_release(&p);
    }
    CU_ASSERT(mean > 11); /* random: 3.9 */
}

static void test_useless_outcomes_do_no_harm(void)
{
    static const double values[] = { (double)NAN, HUGE_VAL, -HUGE_VAL, 5, 1e308, -1e308 };
    const char *const settings[] = { NULL, "mode=optuna" };
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    for (int s = 0; s < 2; s++)
        for (int kind = 0; kind < 8; kind++) {
            fake_plugin p;
            double x[8];
            start(&p, space, 4, 1, 0, settings[s]);
            for (uint64_t k = 0; k < 80; k++) {
                ask(&p, space, k, x);
                say(&p, k, x, kind == 7 ? (uint32_t)(k % 3) : HONE_COMPLETE, values[kind < 6 ? kind : (int)(k % 6)]);
            }
            fake_plugin_release(&p);
        }
}

/* Points told that nobody asked for, trial numbers told twice, and points asked for again. */
static void test_any_order_of_calls_is_survived(void)
{
    fake_space f;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    fake_plugin p;
    hone_rng rng = hone_rng_at(2, 0), none = rng;
    double x[8], asked[8];
    start(&p, space, 4, 1, 0, "max_others=60");
    for (uint64_t k = 0; k < 600; k++) {
        const uint64_t trial = hone_rng_below(&rng, 3) ? k : hone_rng_below(&rng, k + 1);
        ask(&p, space, trial, asked);
        if (hone_rng_below(&rng, 2)) {
            do
                hone_space_draw(space, &rng, x);
            while (!hone_space_allowed(space, x));
            say(&p, hone_rng_below(&rng, k + 1), x, (uint32_t)hone_rng_below(&rng, 3), mixed_value(x, &none));
        }
        if (hone_rng_below(&rng, 2))
            say(&p, trial, asked, (uint32_t)hone_rng_below(&rng, 3), mixed_value(asked, &none));
    }
    CU_ASSERT(((struct tpe *)p.self)->groups[0].other.n <= 60);
    fake_plugin_release(&p);
}

/* ---- states ---- */

static void run(fake_plugin *p, const hone_space *space, uint64_t from, uint64_t to, uint32_t n_values, double *last)
{
    hone_rng none = hone_rng_at(0, 0);
    for (uint64_t k = from; k < to; k++) {
        double x[8], values[2];
        ask(p, space, k, x);
        memcpy(last, x, sizeof x);
        if (k % 9 == 4)
            continue; /* goes on running */
        values[0] = mixed_value(x, &none);
        values[1] = x[4];
        const hone_outcome o = { sizeof o, k % 11 == 5 ? HONE_FAILED : k % 7 == 3 ? HONE_PRUNED : HONE_COMPLETE,
                                 k,        x,
                                 values,   NULL,
                                 n_values, 0,
                                 3,        NULL,
                                 0,        NULL };
        CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
    }
}

static void test_a_saved_state_goes_on_as_if_nothing_had_been(void)
{
    static fake_bytes bytes, again;
    const char *const settings[] = { NULL, "mode=optuna", "multivariate=no\nmax_others=50", "constant_liar=no" };
    for (uint32_t variant = 0; variant < 8; variant++) {
        const uint32_t n_values = 1 + variant / 4;
        const uint64_t cut = 20 + 23 * (uint64_t)variant;
        const hone_ostream out = { &bytes, fake_write_ }, out_again = { &again, fake_write_ };
        const hone_istream in = { &bytes, fake_read_ };
        const hone_search_info info = { sizeof info, n_values, 0, 0, 0, 0, NULL };
        fake_space f;
        hone_dim d[8];
        const hone_space *space = mixed(&f, d);
        fake_plugin a, b, whole;
        double x[8], y[8], z[8];
        bytes.n = bytes.at = again.n = 0;
        start(&a, space, 8, n_values, 0, settings[variant % 4]);
        run(&a, space, 0, cut, n_values, x);
        CU_ASSERT_EQUAL(component()->save(a.self, &out, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(component()->save(a.self, &out_again, &a.err), HONE_OK);
        CU_ASSERT(bytes.n == again.n && !memcmp(bytes.bytes, again.bytes, bytes.n));
        if (variant % 2) { /* a host may load before it opens, or after */
            CU_ASSERT_EQUAL(fake_plugin_init(&b, component(), 8, settings[variant % 4]), HONE_OK);
            CU_ASSERT_EQUAL(component()->load(b.self, &in, &b.err), HONE_OK);
            CU_ASSERT_EQUAL(iface()->open(b.self, space, &info, &b.err), HONE_OK);
        } else {
            start(&b, space, 8, n_values, 0, settings[variant % 4]);
            CU_ASSERT_EQUAL(component()->load(b.self, &in, &b.err), HONE_OK);
        }
        start(&whole, space, 8, n_values, 0, settings[variant % 4]);
        run(&whole, space, 0, cut, n_values, z);
        for (uint64_t k = cut; k < cut + 60; k++) {
            run(&a, space, k, k + 1, n_values, x);
            run(&b, space, k, k + 1, n_values, y);
            run(&whole, space, k, k + 1, n_values, z);
            CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
            CU_ASSERT_EQUAL(memcmp(x, z, sizeof x), 0);
        }
        fake_plugin_release(&a);
        fake_plugin_release(&b);
        fake_plugin_release(&whole);
    }
}

static void test_damaged_states_are_refused(void)
{
    static fake_bytes good, bad;
    const hone_ostream out = { &good, fake_write_ };
    const hone_istream in = { &bad, fake_read_ };
    const hone_dim plane[] = { FAKE_REAL("x", -5, 10, 0), FAKE_REAL("y", 0, 15, 0) };
    fake_space f, g;
    hone_dim d[8];
    const hone_space *space = mixed(&f, d);
    fake_plugin p, other;
    hone_rng rng = hone_rng_at(1, 1);
    double x[8], y[8];
    unsigned refused = 0;
    start(&p, space, 1, 1, 0, NULL);
    run(&p, space, 0, 40, 1, x);
    good.n = 0;
    CU_ASSERT_EQUAL(component()->save(p.self, &out, &p.err), HONE_OK);
    for (size_t n = 0; n < good.n; n += 3) { /* cut anywhere */
        bad = good;
        bad.n = n;
        bad.at = 0;
        CU_ASSERT_EQUAL(component()->load(p.self, &in, &p.err), HONE_EINVAL);
    }
    bad = good;
    bad.bytes[bad.n++] = 0;
    CU_ASSERT_EQUAL(component()->load(p.self, &in, &p.err), HONE_EINVAL);
    for (int i = 0; i < 1500; i++) { /* random damage is refused, or harmless */
        bad = good;
        for (int k = 0; k < 2; k++)
            bad.bytes[hone_rng_below(&rng, bad.n)] = (unsigned char)hone_rng_u32(&rng);
        start(&other, space, 1, 1, 0, NULL);
        if (component()->load(other.self, &in, &other.err) == HONE_OK)
            run(&other, space, 1000, 1003, 1, x);
        else
            refused++;
        fake_plugin_release(&other);
    }
    CU_ASSERT(refused > 500);
    bad = good;
    start(&other, fake_space_init(&g, plane, 2, NULL, 0), 1, 1, 0, NULL);
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(other.err.msg, "another space"));
    fake_plugin_release(&other);
    bad.at = 0; /* other settings: learned anew */
    start(&other, space, 1, 1, 0, "mode=optuna\nmultivariate=no");
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_OK);
    run(&other, space, 40, 50, 1, y);
    fake_plugin_release(&other);
    bad.at = 0; /* refusals left the state as it was */
    start(&other, space, 1, 1, 0, NULL);
    CU_ASSERT_EQUAL(component()->load(other.self, &in, &other.err), HONE_OK);
    ask(&p, space, 50, x);
    ask(&other, space, 50, y);
    CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
    fake_plugin_release(&other);
    fake_plugin_release(&p);
}

SUITE(TEST(test_finite_spaces_are_spent), TEST(test_good_points_of_a_finite_space_come_early),
      TEST(test_useless_outcomes_do_no_harm), TEST(test_any_order_of_calls_is_survived),
      TEST(test_a_saved_state_goes_on_as_if_nothing_had_been), TEST(test_damaged_states_are_refused))
