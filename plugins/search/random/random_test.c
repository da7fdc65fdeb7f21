/* SPDX-License-Identifier: MIT */
/* Tests of search/random: a function of (seed, trial), inside the space, without repetition where the space is
 * finite. */
#include "search_case.h"

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "random")->iface;
}

static hone_rc start(fake_plugin *p, const hone_space *space, uint64_t seed, const char *settings)
{
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SEARCH, "random"), seed, settings);
    return rc < 0 ? rc : iface()->open(p->self, space, &info, &p->err);
}

static void tell(fake_plugin *p, uint64_t trial, const double *x)
{
    const double value = 1;
    const hone_outcome o = { sizeof o, HONE_COMPLETE, trial, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static const double momentum_values[] = { 0 };
static const hone_condition momentum_if = { sizeof momentum_if, 0, HONE_EQ, 1, momentum_values };
static const hone_condition *const momentum_conditions[] = { &momentum_if };

/* optimizer (2 choices), momentum real if optimizer = 0, rate log, width int, depth ordinal */
static const hone_space *mixed(fake_space *f, hone_dim *d)
{
    static const hone_relation relation = { sizeof relation, HONE_LE, 3, UINT32_MAX, 100 };
    const hone_dim dims[] = { FAKE_CHOICE("optimizer", 2, NULL), FAKE_REAL("momentum", 0.5, 0.99, 0),
                              FAKE_REAL("rate", 1e-5, 1, HONE_DIM_LOG), FAKE_INT("width", 4, 128, 4, 0),
                              FAKE_ORDINAL("depth", 5, NULL) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = 1;
    d[1].conditions = momentum_conditions;
    return fake_space_init(f, d, 5, &relation, 1);
}

static void test_points_are_in_the_space_and_depend_on_seed_and_trial_only(void)
{
    fake_space f;
    hone_dim d[5];
    const hone_space *space = mixed(&f, d);
    fake_plugin a, b, c;
    double x[5], y[5], z[5];
    unsigned other = 0, active = 0;
    CU_ASSERT_EQUAL(start(&a, space, 5, NULL), HONE_OK);
    CU_ASSERT_EQUAL(start(&b, space, 5, NULL), HONE_OK);
    CU_ASSERT_EQUAL(start(&c, space, 6, NULL), HONE_OK);
    for (uint64_t k = 0; k < 500; k++) {
        CU_ASSERT_EQUAL(iface()->ask(a.self, k, x, &a.err), HONE_OK);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        CU_ASSERT_EQUAL(iface()->ask(c.self, k, z, &c.err), HONE_OK);
        other += memcmp(x, z, sizeof x) ? 1u : 0u;
        active += isnan(x[1]) ? 0u : 1u;
    }
    for (uint64_t k = 500; k-- > 0;) { /* backwards, as no study would ask */
        CU_ASSERT_EQUAL(iface()->ask(a.self, k, x, &a.err), HONE_OK);
        CU_ASSERT_EQUAL(iface()->ask(b.self, k, y, &b.err), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
    }
    CU_ASSERT(other > 490);
    CU_ASSERT(active > 200 && active < 300); /* binomial(500, 1/2): six deviations are 67 */
    fake_plugin_release(&a);
    fake_plugin_release(&b);
    fake_plugin_release(&c);
}

static void test_follows_the_prior(void)
{
    static const double weights[] = { 0.7, 0, 0.3 };
    const hone_dim dims[] = { FAKE_CHOICE("c", 3, weights), FAKE_REAL("x", 1e-4, 1, HONE_DIM_LOG) };
    fake_space f;
    fake_plugin p;
    double x[2];
    unsigned count[3] = { 0 }, small = 0;
    start(&p, fake_space_init(&f, dims, 2, NULL, 0), 1, NULL);
    for (uint64_t k = 0; k < 10000; k++) {
        iface()->ask(p.self, k, x, &p.err);
        count[(int)x[0]]++;
        small += x[1] < 1e-2;
    }
    CU_ASSERT_EQUAL(count[1], 0);
    CU_ASSERT(count[0] > 6800 && count[0] < 7200); /* deviation 46 */
    CU_ASSERT(small > 4800 && small < 5200);       /* deviation 50 */
    fake_plugin_release(&p);
}

static void test_finite_spaces_are_spent_without_repetition(void)
{
    static const double weights[] = { 0.98, 0.0199, 0.0001, 0 };
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 3, 0 };
    hone_dim dims[] = { FAKE_CHOICE("c", 4, weights), FAKE_INT("a", 1, 9, 2, HONE_DIM_LOG), FAKE_REAL("fixed", 2, 2, 0),
                        FAKE_STEP("b", 0, 10, 2.5, 0) };
    fake_space f;
    const hone_space *space;
    uint32_t seen[4][10][11] = { 0 }, n = 0, early = 0, expected = 0;
    double x[4], y[4];
    dims[3].n_conditions = 1;
    dims[3].conditions = momentum_conditions; /* b where c = 0 */
    space = fake_space_init(&f, dims, 4, &relation, 1);
    for (uint64_t i = 0; i < 4 * 5 * 5; i++)
        expected += hone_space_point(space, i, x);
    CU_ASSERT_EQUAL(expected, 12 + 2 * 5); /* pairs a < b, and a alone for two more choices of weight > 0 */
    fake_plugin p, q;
    start(&p, space, 3, NULL);
    start(&q, space, 3, NULL);
    for (uint64_t k = 0; k < 1000; k++) {
        const hone_rc rc = iface()->ask(p.self, k, x, &p.err);
        if (rc == HONE_DONE)
            break;
        CU_ASSERT_EQUAL(rc, HONE_OK);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        uint32_t *cell = &seen[(int)x[0]][(int)x[1]][isnan(x[3]) ? 0 : (int)x[3]];
        CU_ASSERT_EQUAL(*cell, 0);
        *cell = 1;
        early += n < 12 && x[0] > 0;
        CU_ASSERT_EQUAL(iface()->ask(q.self, k, y, &q.err), HONE_OK); /* trials that run count as those that ended */
        CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
        tell(&q, k, y);
        n++;
    }
    CU_ASSERT_EQUAL(n, expected);
    CU_ASSERT(early <= 5); /* the weighty choice comes first */
    CU_ASSERT_EQUAL(iface()->ask(q.self, expected, y, &q.err), HONE_DONE);
    CU_ASSERT_EQUAL(iface()->ask(p.self, expected - 1, y, &p.err),
                    HONE_OK); /* asked again: the one point left for it */
    CU_ASSERT_PTR_NULL(fake_space_fault(space, y));
    fake_plugin_release(&p);
    fake_plugin_release(&q);
    start(&p, space, 3, "duplicates=yes");
    for (uint64_t k = 0; k < 200; k++)
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
    fake_plugin_release(&p);
}

static void test_a_large_finite_space_is_spent(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 499, 1, 0), FAKE_INT("b", 0, 499, 1, 0) };
    fake_space f;
    fake_plugin p;
    double x[2];
    unsigned char *seen = calloc(250000, 1);
    uint64_t k = 0, repeated = 0;
    start(&p, fake_space_init(&f, dims, 2, NULL, 0), 9, NULL);
    for (; iface()->ask(p.self, k, x, &p.err) == HONE_OK; k++) {
        repeated += seen[(int)x[0] * 500 + (int)x[1]]++;
        tell(&p, k, x);
    }
    CU_ASSERT_EQUAL(k, 250000);
    CU_ASSERT_EQUAL(repeated, 0);
    free(seen);
    fake_plugin_release(&p);
}

static void test_says_so_when_relations_leave_nothing(void)
{
    static const hone_relation relation = { sizeof relation, HONE_LT, 0, 1, 0 };
    hone_dim dims[] = { FAKE_REAL("a", 5, 6, 0), FAKE_REAL("b", 1, 2, 0) };
    fake_space f;
    fake_plugin p;
    double x[2];
    start(&p, fake_space_init(&f, dims, 2, &relation, 1), 9, NULL);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "relations"));
    p.host.cancelled = 1;
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_ECANCELED);
    fake_plugin_release(&p);
    dims[0].step = dims[1].step = 0.5;
    start(&p, fake_space_init(&f, dims, 2, &relation, 1), 9, NULL);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "no point"));
    fake_plugin_release(&p);
}

static void test_as_every_search(void)
{
    static const search_case c = { "random", NULL, 1, 1, 0 };
    search_survives_useless_outcomes(&c);
    search_spends_finite_spaces(&c);
    search_goes_on_from_a_saved_state(&c);
}

SUITE(TEST(test_points_are_in_the_space_and_depend_on_seed_and_trial_only), TEST(test_follows_the_prior),
      TEST(test_finite_spaces_are_spent_without_repetition), TEST(test_a_large_finite_space_is_spent),
      TEST(test_says_so_when_relations_leave_nothing), TEST(test_as_every_search))
