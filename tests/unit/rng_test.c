/* SPDX-License-Identifier: MIT */
/* hone/rng.h against the published known-answer vectors (Random123, kat_vectors, philox4x32 10 rounds), and what the rest of
 * the program relies on: streams apart, positions reachable, ranges kept, moments right. */
#include "harness.h"
#include "hone/rng.h"

static void test_known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], answer[4];
    } vectors[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u } },
        { { 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu },
          { 0xffffffffu, 0xffffffffu },
          { 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu } },
        { { 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u },
          { 0xa4093822u, 0x299f31d0u },
          { 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u } },
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint32_t out[4];
        hone_philox(vectors[i].counter, vectors[i].key, out);
        CU_ASSERT_EQUAL(memcmp(out, vectors[i].answer, sizeof out), 0);
    }
}

static void test_stream_is_the_counter(void)
{
    /* the second block of a stream is the bijection at position 1 */
    hone_rng r = hone_rng_at(7, 9);
    const uint32_t counter[4] = { 1, 0, 9, 0 }, key[2] = { 7, 0 };
    uint32_t out[4];
    for (int i = 0; i < 4; i++)
        hone_rng_u32(&r);
    hone_philox(counter, key, out);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(hone_rng_u32(&r), out[i]);
}

static void test_streams_and_seeds_differ(void)
{
    hone_rng a = hone_rng_at(1, 0), b = hone_rng_at(1, 1), c = hone_rng_at(2, 0), again = hone_rng_at(1, 0);
    const uint64_t x = hone_rng_u64(&a);
    CU_ASSERT_NOT_EQUAL(x, hone_rng_u64(&b));
    CU_ASSERT_NOT_EQUAL(x, hone_rng_u64(&c));
    CU_ASSERT_EQUAL(x, hone_rng_u64(&again));
    CU_ASSERT_NOT_EQUAL(hone_rng_derive(1, 1), hone_rng_derive(1, 2));
}

static void test_position_carries_into_the_upper_word(void)
{
    hone_rng r = hone_rng_at(3, 4);
    r.counter[0] = 0xffffffffu;
    for (int i = 0; i < 4; i++)
        hone_rng_u32(&r);
    const uint32_t counter[4] = { 0, 1, 4, 0 }, key[2] = { 3, 0 };
    uint32_t out[4];
    hone_philox(counter, key, out);
    CU_ASSERT_EQUAL(hone_rng_u32(&r), out[0]);
}

static void test_moments(void)
{
    enum { N = 200000 };
    hone_rng r = hone_rng_at(5, 5);
    double mean = 0, square = 0, normal = 0, normal_square = 0;
    for (int i = 0; i < N; i++) {
        const double u = hone_rng_uniform(&r), z = hone_rng_normal(&r);
        CU_ASSERT_FATAL(u >= 0 && u < 1 && isfinite(z));
        mean += u / N;
        square += u * u / N;
        normal += z / N;
        normal_square += z * z / N;
    }
    CU_ASSERT_DOUBLE_EQUAL(mean, 0.5, 0.003); /* 4.6 deviations */
    CU_ASSERT_DOUBLE_EQUAL(square, 1.0 / 3, 0.003);
    CU_ASSERT_DOUBLE_EQUAL(normal, 0, 0.01);
    CU_ASSERT_DOUBLE_EQUAL(normal_square, 1, 0.015);
}

static void test_below_is_uniform(void)
{
    enum { N = 70000 };
    hone_rng r = hone_rng_at(6, 6);
    int count[7] = { 0 };
    double chi2 = 0;
    for (int i = 0; i < N; i++)
        count[hone_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        chi2 += (count[i] - N / 7.0) * (count[i] - N / 7.0) / (N / 7.0);
    CU_ASSERT(chi2 < 22.5); /* 6 degrees of freedom, p = 0.001 */
    CU_ASSERT_EQUAL(hone_rng_below(&r, 1), 0);
}

static void test_shuffle_is_a_permutation(void)
{
    enum { N = 1000 };
    uint64_t indices[N];
    char seen[N] = { 0 };
    int moved = 0;
    hone_rng r = hone_rng_at(8, 8);
    for (uint64_t i = 0; i < N; i++)
        indices[i] = i;
    hone_rng_shuffle(&r, indices, N);
    for (int i = 0; i < N; i++) {
        CU_ASSERT_FATAL(indices[i] < N && !seen[indices[i]]);
        seen[indices[i]] = 1;
        moved += indices[i] != (uint64_t)i;
    }
    CU_ASSERT(moved > N - 10);
}

SUITE(TEST(test_known_answers), TEST(test_stream_is_the_counter), TEST(test_streams_and_seeds_differ),
      TEST(test_position_carries_into_the_upper_word), TEST(test_moments), TEST(test_below_is_uniform),
      TEST(test_shuffle_is_a_permutation))
