/* SPDX-License-Identifier: MIT */
/* Tests of hone/lookup.h against a search through the whole history. */
#include "fake_host.h"
#include "harness.h"
#include "hone/lookup.h"

static void test_finds_the_last_outcome_at_a_point(void)
{
    const hone_dim dims[] = { FAKE_INT("a", 0, 40, 1, 0), FAKE_CHOICE("b", 5, NULL), FAKE_STEP("c", -1, 1, 0.25, 0) };
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    fake_space f;
    const hone_space *space = fake_space_init(&f, dims, 3, NULL, 0);
    hone_error err = HONE_ERROR_INIT;
    hone_history h;
    hone_lookup l = { NULL, 0, 0 };
    uint32_t known = 0, wrong = 0;
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, space, &info, &err), HONE_OK);
    for (uint64_t k = 0; k < 3000; k++) {
        hone_rng rng = hone_rng_at(1, k);
        double x[3];
        const double value = (double)k;
        uint64_t want = UINT64_MAX;
        hone_space_draw(space, &rng, x);
        for (uint64_t i = 0; i < l.n; i++) /* what it has taken in */
            if (!memcmp(h.x + 3 * i, x, sizeof x))
                want = i;
        known += want != UINT64_MAX;
        wrong += hone_lookup_find(&l, &h, x) != want;
        const hone_outcome o = { sizeof o, HONE_COMPLETE, k, x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
        hone_history_tell(&h, &o, &err);
        if (k % 3) /* it catches up */
            continue;
        CU_ASSERT_EQUAL(hone_lookup_follow(&l, &h, &err), HONE_OK);
        wrong += hone_lookup_find(&l, &h, x) != k;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(known > 1000 && known < 2900);
    hone_lookup_release(&l);
    hone_history_release(&h);
}

static void test_knows_nothing_of_a_continuum(void)
{
    const hone_dim dims[] = { FAKE_REAL("a", 0, 1, 0) };
    const hone_search_info info = { sizeof info, 1, 0, 0, 0, 0, NULL };
    fake_space f;
    hone_error err = HONE_ERROR_INIT;
    hone_history h;
    hone_lookup l = { NULL, 0, 0 };
    const double x = 0.5, value = 1;
    const hone_outcome o = { sizeof o, HONE_COMPLETE, 0, &x, &value, NULL, 1, 0, 0, NULL, 0, NULL };
    CU_ASSERT_EQUAL_FATAL(hone_history_init(&h, fake_space_init(&f, dims, 1, NULL, 0), &info, &err), HONE_OK);
    hone_history_tell(&h, &o, &err);
    CU_ASSERT_EQUAL(hone_lookup_follow(&l, &h, &err), HONE_OK);
    CU_ASSERT_EQUAL(hone_lookup_find(&l, &h, &x), UINT64_MAX);
    hone_lookup_release(&l);
    hone_history_release(&h);
}

SUITE(TEST(test_finds_the_last_outcome_at_a_point), TEST(test_knows_nothing_of_a_continuum))
