/* SPDX-License-Identifier: MIT */
/* Tests of search/grid: every point once, only where active, whoever told it; a saved grid goes on. */
#include "search_case.h"

static const hone_search_v1 *iface(void)
{
    return (const hone_search_v1 *)fake_component(HONE_KIND_SEARCH, "grid")->iface;
}

static hone_rc start(fake_plugin *p, const hone_space *space, uint64_t seed, const char *settings)
{
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    const hone_rc rc = fake_plugin_init(p, fake_component(HONE_KIND_SEARCH, "grid"), seed, settings);
    return rc < 0 ? rc : iface()->open(p->self, space, &info, &p->err);
}

static void tell(fake_plugin *p, uint64_t trial, const double *x)
{
    const double value = 1;
    const hone_outcome o = { sizeof o, HONE_COMPLETE, trial, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL(iface()->tell(p->self, &o, &p->err), HONE_OK);
}

static void test_values_of_one_dimension(void)
{
    static const double log_values[] = { 1e-4, 1e-3, 1e-2, 1e-1, 1 }, weights[] = { 0.5, 0, 0.5 };
    const hone_dim rate[] = { FAKE_REAL("rate", 1e-4, 1, HONE_DIM_LOG) },
                   bell[] = { FAKE_NORMAL("n", -HUGE_VAL, HUGE_VAL, 1, 2, 0) },
                   many[] = { FAKE_INT("many", 1, 1000, 1, HONE_DIM_LOG) }, fixed[] = { FAKE_REAL("f", 3, 3, 0) },
                   choice[] = { FAKE_CHOICE("c", 3, weights) };
    fake_space f;
    fake_plugin p;
    double x[1], before = 0;
    CU_ASSERT_EQUAL(start(&p, fake_space_init(&f, rate, 1, NULL, 0), 1, "order=sorted"), HONE_OK);
    for (uint64_t k = 0; k < 5; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        CU_ASSERT_DOUBLE_EQUAL(x[0] / log_values[k], 1, 1e-12);
    }
    CU_ASSERT_EQUAL(x[0], 1);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 5, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
    start(&p, fake_space_init(&f, bell, 1, NULL, 0), 1, "order=sorted\npoints=2");
    iface()->ask(p.self, 0, x, &p.err);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 1 - 2 * 0.6744897501960817, 1e-12);
    iface()->ask(p.self, 1, x, &p.err);
    CU_ASSERT_DOUBLE_EQUAL(x[0], 1 + 2 * 0.6744897501960817, 1e-12); /* the upper quartile */
    CU_ASSERT_EQUAL(iface()->ask(p.self, 2, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
    start(&p, fake_space_init(&f, many, 1, NULL, 0), 1, "order=sorted\nstepped_points=12");
    uint64_t n = 0;
    for (; iface()->ask(p.self, n, x, &p.err) == HONE_OK; n++) {
        CU_ASSERT(x[0] > before && x[0] == floor(x[0]));
        CU_ASSERT(n > 0 || x[0] == 1);
        before = x[0];
    }
    CU_ASSERT_EQUAL(before, 1000);
    CU_ASSERT(n >= 10 && n <= 12); /* small ones fall together */
    fake_plugin_release(&p);
    start(&p, fake_space_init(&f, fixed, 1, NULL, 0), 1, NULL);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_OK);
    CU_ASSERT_EQUAL(x[0], 3);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 1, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
    start(&p, fake_space_init(&f, choice, 1, NULL, 0), 1, "order=sorted");
    iface()->ask(p.self, 0, x, &p.err);
    CU_ASSERT_EQUAL(x[0], 0);
    iface()->ask(p.self, 1, x, &p.err);
    CU_ASSERT_EQUAL(x[0], 2); /* weight 0 is left out */
    CU_ASSERT_EQUAL(iface()->ask(p.self, 2, x, &p.err), HONE_DONE);
    fake_plugin_release(&p);
}

/* model (3), depth int 1..4 if model is 0 or 1, width real if depth >= 3, rate 3 values, with a chain of conditions */
static uint32_t spaces(fake_space *f, hone_dim *d, const hone_space **space, uint32_t with_relation)
{
    static const double zero_one[] = { 0, 1 }, three[] = { 3 };
    static const hone_condition model_if = { sizeof model_if, 0, HONE_EQ, 2, zero_one },
                                depth_if = { sizeof depth_if, 1, HONE_GE, 1, three };
    static const hone_condition *const on_model[] = { &model_if }, *const on_depth[] = { &depth_if };
    static const hone_relation relation = { sizeof relation, HONE_LT, 1, 3, 0 }; /* depth < rate */
    const hone_dim dims[] = { FAKE_CHOICE("model", 3, NULL), FAKE_INT("depth", 1, 4, 1, 0), FAKE_REAL("width", 0, 1, 0),
                              FAKE_STEP("rate", 2, 4, 1, 0) };
    memcpy(d, dims, sizeof dims);
    d[1].n_conditions = d[2].n_conditions = 1;
    d[1].conditions = on_model;
    d[2].conditions = on_depth;
    *space = fake_space_init(f, d, 4, &relation, with_relation);
    /* by hand: model 2: 3 rates; models 0, 1: depths 1, 2 alone, depths 3, 4 with 5 widths, times rates */
    return with_relation ? 3 + 2 * (3 /* depth 1 */ + 2 /* 2: rates 3, 4 */ + 5 /* 3: rate 4 */)
                         : 3 + 2 * 3 * (2 + 2 * 5);
}

static void check_all_once(const char *settings, uint32_t with_relation)
{
    fake_space f;
    hone_dim d[4];
    const hone_space *space;
    const uint32_t expected = spaces(&f, d, &space, with_relation);
    double seen[200][4], y[4];
    fake_plugin p, q;
    uint32_t n = 0;
    CU_ASSERT_EQUAL(start(&p, space, 4, settings), HONE_OK);
    while (n < 200 && iface()->ask(p.self, n, seen[n], &p.err) == HONE_OK) {
        CU_ASSERT_PTR_NULL(fake_space_fault(space, seen[n]));
        for (uint32_t k = 0; k < n; k++) {
            uint32_t same = 1;
            for (uint32_t i = 0; i < 4; i++)
                same &= seen[k][i] == seen[n][i] || (isnan(seen[k][i]) && isnan(seen[n][i]));
            CU_ASSERT_FALSE(same != 0);
        }
        n++;
    }
    CU_ASSERT_EQUAL(n, expected);
    CU_ASSERT_EQUAL(start(&q, space, 4, settings), HONE_OK); /* as a study that is replayed, and asks again */
    for (uint32_t k = 0; k < n; k++) {
        CU_ASSERT_EQUAL(iface()->ask(q.self, k + k % 3, y, &q.err), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(y, seen[k], sizeof y), 0);
        CU_ASSERT_EQUAL(iface()->ask(q.self, k + k % 3, y, &q.err), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(y, seen[k], sizeof y), 0);
        tell(&q, k + k % 3, y);
    }
    CU_ASSERT_EQUAL(iface()->ask(q.self, n, y, &q.err), HONE_DONE);
    fake_plugin_release(&p);
    fake_plugin_release(&q);
}

static void test_conditional_grids_have_every_point_once(void)
{
    check_all_once("order=sorted", 0);
    check_all_once("order=shuffled", 0);
    check_all_once("order=sorted", 1);
    check_all_once("order=shuffled", 1);
}

static void test_shuffling_is_a_permutation_by_the_seed(void)
{
    for (int n = 1; n < 300; n = n * 3 + (n & 1)) {
        const hone_dim dims[] = { FAKE_INT("a", 0, n, 1, 0) };
        fake_space f;
        fake_plugin p;
        unsigned char seen[1000] = { 0 };
        double x[1];
        uint64_t in_place = 0;
        start(&p, fake_space_init(&f, dims, 1, NULL, 0), 11, NULL);
        for (int k = 0; k <= n; k++) {
            CU_ASSERT_EQUAL(iface()->ask(p.self, (uint64_t)k, x, &p.err), HONE_OK);
            CU_ASSERT_EQUAL(seen[(int)x[0]], 0);
            seen[(int)x[0]] = 1;
            in_place += x[0] == k ? 1u : 0u;
        }
        CU_ASSERT_EQUAL(iface()->ask(p.self, (uint64_t)n + 1, x, &p.err), HONE_DONE);
        if (n > 20) {
            CU_ASSERT(in_place < 10);
        }
        fake_plugin_release(&p);
    }
    /* the first tenth of a large grid is spread evenly: 1000 of 10^12 points in ten bins of each dimension */
    const hone_dim wide[] = { FAKE_INT("a", 0, 999999, 1, 0), FAKE_INT("b", 0, 999999, 1, 0) };
    fake_space f;
    fake_plugin p, other;
    double x[2], y[2], chi[2] = { 0, 0 };
    int bins[2][10] = { { 0 } }, same = 0;
    CU_ASSERT_EQUAL(start(&p, fake_space_init(&f, wide, 2, NULL, 0), 1, NULL), HONE_OK);
    start(&other, &f.space, 2, NULL);
    for (uint64_t k = 0; k < 1000; k++) {
        iface()->ask(p.self, k, x, &p.err);
        iface()->ask(other.self, k, y, &other.err);
        same += x[0] == y[0];
        bins[0][(int)(x[0] / 100000)]++;
        bins[1][(int)(x[1] / 100000)]++;
    }
    for (int i = 0; i < 20; i++)
        chi[i / 10] += (bins[i / 10][i % 10] - 100) * (bins[i / 10][i % 10] - 100) / 100.0;
    CU_ASSERT(chi[0] < 27.88 && chi[1] < 27.88); /* quantile 0.999 of chi-square with 9 degrees of freedom */
    CU_ASSERT(same < 5);
    fake_plugin_release(&p);
    fake_plugin_release(&other);
}

static void test_refuses_what_cannot_be_counted(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 1, 1000000, 1, 0), FAKE_INT("b", 1, 1000000, 1, 0),
                              FAKE_INT("c", 1, 1000000, 1, 0) };
    fake_space f;
    fake_plugin p;
    CU_ASSERT_EQUAL(start(&p, fake_space_init(&f, dims, 3, NULL, 0), 1, NULL), HONE_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "1e+18"));
    CU_ASSERT_STRING_EQUAL(p.err.param, "points");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, &f.space, 1, "stepped_points=200000"), HONE_OK); /* 8e15 < 2^53 */
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(start(&p, &f.space, 1, "points=0"), HONE_ERANGE);
    fake_plugin_release(&p);
}

static void test_relations_that_allow_nothing(void)
{
    static const hone_relation relation = { sizeof relation, HONE_GT, 0, UINT32_MAX, 2 };
    const hone_dim dims[] = { FAKE_REAL("a", 0, 1, 0) };
    fake_space f;
    fake_plugin p;
    double x[1];
    start(&p, fake_space_init(&f, dims, 1, &relation, 1), 1, NULL);
    CU_ASSERT_EQUAL(iface()->ask(p.self, 0, x, &p.err), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.err.msg, "none of the 5 grid points"));
    fake_plugin_release(&p);
}

/* Enqueued trials take the first numbers and are not asked for; a trial may have another point than the one proposed.
 * The grid has every point once all the same. */
static void test_points_of_others_are_left_out_and_none_is_lost(void)
{
    const hone_dim dims[] = { FAKE_REAL("a", 0, 1, 0), FAKE_CHOICE("b", 3, NULL) };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 2, NULL, 0);
    static fake_bytes bytes;
    const hone_component *c = fake_component(HONE_KIND_SEARCH, "grid");
    const hone_ostream out = { &bytes, fake_write_ };
    const hone_istream in = { &bytes, fake_read_ };
    const double given[3][2] = { { 0.25, 1 }, { 0.3, 1 }, { 1, 2 } };
    unsigned seen[5][3] = { { 0 } }, n = 0;
    fake_plugin p, q;
    double x[2], y[2];
    hone_rc rc;
    memset(&bytes, 0, sizeof bytes);
    start(&p, space, 3, NULL);
    for (uint64_t k = 0; k < 3; k++)
        tell(&p, k, given[k]);
    seen[1][1] = seen[4][2] = 1; /* 0.3 is no grid point */
    for (uint64_t k = 3; k < 8; k++) {
        CU_ASSERT_EQUAL(iface()->ask(p.self, k, x, &p.err), HONE_OK);
        if (k == 5)
            x[0] = 0.7; /* somebody changed it */
        else
            CU_ASSERT_EQUAL(seen[(int)(x[0] * 4)][(int)x[1]]++, 0);
        if (k < 7)
            tell(&p, k, x);
    }
    CU_ASSERT_EQUAL(c->save(p.self, &out, &p.err), HONE_OK);
    start(&q, space, 3, NULL);
    CU_ASSERT_EQUAL(c->load(q.self, &in, &q.err), HONE_OK);
    for (uint64_t k = 8; (rc = iface()->ask(p.self, k, x, &p.err)) == HONE_OK && n < 50; k++, n++) {
        CU_ASSERT_EQUAL(seen[(int)(x[0] * 4)][(int)x[1]]++, 0);
        CU_ASSERT_EQUAL(iface()->ask(q.self, k, y, &q.err), HONE_OK);
        CU_ASSERT_EQUAL(memcmp(x, y, sizeof x), 0);
    }
    CU_ASSERT_EQUAL(rc, HONE_DONE);
    CU_ASSERT_EQUAL(iface()->ask(q.self, 99, y, &q.err), HONE_DONE);
    for (int i = 0; i < 15; i++)
        CU_ASSERT_EQUAL(seen[i / 3][i % 3], 1);
    fake_plugin_release(&p);
    fake_plugin_release(&q);
}

static void test_as_every_search(void)
{
    static const search_case c = { "grid", NULL, 1, 1, 0 }, two = { "grid", "order=sorted", 2, 0, 0 };
    search_survives_useless_outcomes(&c);
    search_spends_finite_spaces(&c);
    search_spends_finite_spaces(&two);
    search_goes_on_from_a_saved_state(&c);
    search_survives_damaged_states(&c);
}

SUITE(TEST(test_values_of_one_dimension), TEST(test_conditional_grids_have_every_point_once),
      TEST(test_shuffling_is_a_permutation_by_the_seed), TEST(test_refuses_what_cannot_be_counted),
      TEST(test_relations_that_allow_nothing), TEST(test_points_of_others_are_left_out_and_none_is_lost),
      TEST(test_as_every_search))
