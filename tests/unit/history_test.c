/* SPDX-License-Identifier: MIT */
/* Tests of hone/history.h, which search plugins stand on: no repetition, spent spaces, relations, saved and hostile
 * histories. */
#include "fake_host.h"
#include "harness.h"
#include "hone/history.h"

static const hone_search_info one = { sizeof one, 1, 0, 0, 100, 0, NULL };

static hone_rc tell(hone_history *h, uint64_t trial, const double *x, double value, uint32_t status, hone_error *err)
{
    const hone_outcome o = { sizeof o, status, trial, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    return hone_history_tell(h, &o, err);
}

/* Proposes the same point always, tells every third one late: every point comes once, then HONE_DONE. */
static void spend(const hone_space *space, uint64_t n_points)
{
    hone_error err = HONE_ERROR_INIT;
    hone_history h;
    double *x = (double *)calloc(space->n_dims, sizeof *x), late[8];
    uint64_t n = 0, late_trial = UINT64_MAX;
    hone_rc rc = HONE_OK;
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, space, &one, &err), HONE_OK);
    for (;; n++) {
        hone_rng rng = hone_rng_at(7, n);
        for (uint32_t i = 0; i < space->n_dims; i++)
            x[i] = space->dims[i]->min;
        rc = hone_history_propose(&h, n, &rng, x, &err);
        if (rc != HONE_OK || n > n_points)
            break;
        CU_ASSERT(hone_space_has(space, x) && hone_space_allowed(space, x));
        if (n % 3 == 1) {
            if (late_trial != UINT64_MAX)
                CU_ASSERT_EQUAL(tell(&h, late_trial, late, (double)n, HONE_COMPLETE, &err), HONE_OK);
            late_trial = n;
            memcpy(late, x, space->n_dims * sizeof *x);
        } else {
            CU_ASSERT_EQUAL(tell(&h, n, x, (double)n, n % 2 ? HONE_FAILED : HONE_COMPLETE, &err), HONE_OK);
        }
    }
    CU_ASSERT_EQUAL(rc, HONE_DONE);
    CU_ASSERT_EQUAL(n, n_points);
    CU_ASSERT_EQUAL(h.n + h.n_running, n);
    hone_history_release(&h);
    free(x);
}

static void test_every_point_once(void)
{
    const hone_dim a = FAKE_INT("a", 1, 9, 1, 0), b = FAKE_CHOICE("b", 3, NULL), c = FAKE_STEP("c", 0, 1, 0.25, 0);
    const hone_dim *dims[] = { &a, &b, &c };
    const hone_space space = { sizeof space, 3, dims, 0, 0, NULL };
    const hone_relation below = { sizeof below, HONE_LT, 0, UINT32_MAX, 4 };
    const hone_relation *relations[] = { &below };
    const hone_space tied = { sizeof tied, 3, dims, 1, 0, relations };
    spend(&space, 9 * 3 * 5);
    spend(&tied, 3 * 3 * 5);
}

static void test_large_finite_space(void)
{
    const hone_dim a = FAKE_INT("a", 0, 1e6, 1, 0), b = FAKE_INT("b", 0, 1e6, 1, 0);
    const hone_dim *dims[] = { &a, &b };
    const hone_space space = { sizeof space, 2, dims, 0, 0, NULL };
    hone_error err = HONE_ERROR_INIT;
    hone_history h;
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, &space, &one, &err), HONE_OK);
    CU_ASSERT_EQUAL(h.told.n, 0);
    for (uint64_t i = 0; i < 3000; i++) {
        double x[2] = { 5, 5 };
        hone_rng rng = hone_rng_at(1, i);
        CU_ASSERT_EQUAL(hone_history_propose(&h, i, &rng, x, &err), HONE_OK);
        CU_ASSERT(hone_history_has(&h, x));
        CU_ASSERT_EQUAL(tell(&h, i, x, 0, HONE_COMPLETE, &err), HONE_OK);
        CU_ASSERT(hone_history_has(&h, x));
    }
    CU_ASSERT_EQUAL(h.n_table, 3000); /* all different */
    hone_history_release(&h);
}

static void test_impossible_relations_are_told(void)
{
    const hone_dim a = FAKE_REAL("a", 0, 1, 0);
    const hone_dim *dims[] = { &a };
    const hone_relation above = { sizeof above, HONE_GT, 0, UINT32_MAX, 2 };
    const hone_relation *relations[] = { &above };
    const hone_space space = { sizeof space, 1, dims, 1, 0, relations };
    hone_error err = HONE_ERROR_INIT;
    hone_history h;
    hone_rng rng = hone_rng_at(1, 1);
    double x = 0.5;
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, &space, &one, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_history_propose(&h, 0, &rng, &x, &err), HONE_EFAIL);
    CU_ASSERT(strstr(err.msg, "relations") != NULL);
    hone_history_release(&h);
}

static void test_values_are_judged(void)
{
    const hone_judged good = { 1, 0 }, worse = { 2, 0 }, outside = { 0, 0.5 }, failed = { HUGE_VAL, 0 };
    const double constraints[] = { -1, 2, (double)NAN };
    CU_ASSERT(hone_judged_better(good, worse) && !hone_judged_better(worse, good));
    CU_ASSERT(hone_judged_better(worse, outside) && hone_judged_better(good, failed));
    CU_ASSERT_DOUBLE_EQUAL(hone_violation(constraints, 2), 2, 0);
    CU_ASSERT(hone_violation(constraints, 3) > 1e99);
    {
        const hone_dim a = FAKE_REAL("a", 0, 1, 0);
        const hone_dim *dims[] = { &a };
        const hone_space space = { sizeof space, 1, dims, 0, 0, NULL };
        hone_error err = HONE_ERROR_INIT;
        hone_history h;
        const double x = 0.5;
        CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, &space, &one, &err), HONE_OK);
        CU_ASSERT_EQUAL(tell(&h, 0, &x, (double)NAN, HONE_COMPLETE, &err), HONE_OK);
        CU_ASSERT_EQUAL(tell(&h, 1, &x, HUGE_VAL, HONE_COMPLETE, &err), HONE_OK);
        CU_ASSERT_EQUAL(tell(&h, 2, &x, 3, HONE_PRUNED, &err), HONE_OK);
        CU_ASSERT(!hone_history_usable(&h, 0) && !hone_history_usable(&h, 1) && hone_history_usable(&h, 2));
        CU_ASSERT(hone_history_judged(&h, 0).value > 1e308);
        CU_ASSERT_DOUBLE_EQUAL(hone_history_judged(&h, 2).value, 3, 0);
        hone_history_release(&h);
    }
}

/* ---- bytes ---- */

struct bytes {
    unsigned char data[65536];
    size_t n, at;
};

static int64_t put(void *ctx, const void *data, uint64_t n)
{
    struct bytes *b = (struct bytes *)ctx;
    if (b->n + n > sizeof b->data)
        return -1;
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return (int64_t)n;
}

static int64_t get(void *ctx, void *data, uint64_t n)
{
    struct bytes *b = (struct bytes *)ctx;
    const size_t m = n < b->n - b->at ? (size_t)n : b->n - b->at;
    memcpy(data, b->data + b->at, m);
    b->at += m;
    return (int64_t)m;
}

static void test_saved_and_loaded(void)
{
    static struct bytes b, again, broken;
    const hone_dim a = FAKE_INT("a", 0, 99, 1, 0), c = FAKE_REAL("c", 0, 1, 0);
    const hone_dim *dims[] = { &a, &c };
    const hone_space space = { sizeof space, 1, dims, 0, 0, NULL }, other = { sizeof other, 2, dims, 0, 0, NULL };
    const hone_ostream out = { &b, put }, out_again = { &again, put };
    hone_istream in = { &b, get };
    hone_error err = HONE_ERROR_INIT;
    hone_history h, g;
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, &space, &one, &err), HONE_OK);
    for (uint64_t i = 0; i < 40; i++) {
        double x = 3;
        hone_rng rng = hone_rng_at(1, i);
        CU_ASSERT_EQUAL(hone_history_propose(&h, i, &rng, &x, &err), HONE_OK);
        if (i % 4)
            CU_ASSERT_EQUAL(tell(&h, i, &x, (double)i, (uint32_t)(i % 3), &err), HONE_OK);
    }
    CU_ASSERT_PTR_NULL(h.deviations);
    for (uint64_t i = 40; i < 120; i++) { /* from here on, some are measured repeatedly */
        const double x = (double)(i % 100), value = (double)i, deviation = (double)i / 8;
        const hone_outcome o = { .size = sizeof o,
                                 .trial = i,
                                 .x = &x,
                                 .values = &value,
                                 .n_values = 1,
                                 .deviations = i % 3 ? &deviation : NULL,
                                 .n_repeats = i % 3 ? i % 5 : 0 };
        CU_ASSERT_EQUAL(hone_history_tell(&h, &o, &err), HONE_OK);
    }
    for (uint64_t i = 0; i < h.n; i++) {
        const uint64_t trial = h.trial[i];
        CU_ASSERT_EQUAL(h.repeats[i], trial >= 40 && trial % 3 ? trial % 5 : 0);
        CU_ASSERT(trial >= 40 && trial % 3 ? h.deviations[i] == (double)trial / 8 : isnan(h.deviations[i]));
    }
    CU_ASSERT_EQUAL(hone_history_save(&h, &out, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&g, &space, &one, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_history_load(&g, &in, &err), HONE_OK);
    CU_ASSERT_EQUAL(g.n, 110);
    CU_ASSERT_EQUAL(g.repeats[60], h.repeats[60]);
    CU_ASSERT_EQUAL(g.n_running, 10);
    CU_ASSERT_EQUAL(hone_history_save(&g, &out_again, &err), HONE_OK);
    CU_ASSERT(again.n == b.n && memcmp(again.data, b.data, b.n) == 0);
    hone_history_release(&g);
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&g, &other, &one, &err), HONE_OK);
    b.at = 0;
    CU_ASSERT_EQUAL(hone_history_load(&g, &in, &err), HONE_EINVAL);
    hone_history_release(&g);
    in.ctx = &broken;
    for (size_t cut = 0; cut < b.n; cut += 7) { /* cut short, and with a byte turned */
        broken = b;
        broken.at = 0;
        broken.n = cut;
        CU_ASSERT_EQUAL_FATAL(hone_history_init(&g, &space, &one, &err), HONE_OK);
        CU_ASSERT(hone_history_load(&g, &in, &err) < 0);
        hone_history_release(&g);
        broken = b;
        broken.at = 0;
        broken.data[cut] ^= 0x81;
        CU_ASSERT_EQUAL_FATAL(hone_history_init(&g, &space, &one, &err), HONE_OK);
        if (hone_history_load(&g, &in, &err) == HONE_OK) /* a value, a trial or a step: whatever it is, it is a point */
            for (uint64_t i = 0; i < g.n; i++)
                CU_ASSERT(hone_space_has(&space, g.x + i));
        hone_history_release(&g);
    }
    hone_history_release(&h);
}

SUITE(TEST(test_every_point_once), TEST(test_large_finite_space), TEST(test_impossible_relations_are_told),
      TEST(test_values_are_judged), TEST(test_saved_and_loaded))
