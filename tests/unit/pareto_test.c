/* SPDX-License-Identifier: MIT */
/* Tests of hone/pareto.h against its definitions, by brute force on many small sets, and against what pymoo and Optuna
 * recorded (tests/fixtures/pareto.py). */
#include "fixtures/pareto.h"
#include "harness.h"
#include "hone/pareto.h"
#include "hone/rng.h"

enum { N = 60, M = 6 };

/* Ranks by definition: 1 + the highest rank of those that dominate. */
static void brute_ranks(const double *values, const double *violation, uint64_t n, uint32_t m, uint32_t *rank)
{
    uint64_t left = n;
    for (uint64_t i = 0; i < n; i++)
        rank[i] = UINT32_MAX;
    for (uint32_t r = 0; left; r++) {
        uint32_t now[N] = { 0 };
        for (uint64_t i = 0; i < n; i++) {
            now[i] = rank[i] == UINT32_MAX;
            for (uint64_t j = 0; j < n && now[i]; j++)
                if (rank[j] == UINT32_MAX &&
                    hone_pareto_dominates_under(values + j * m, violation ? violation[j] : 0, values + i * m,
                                                violation ? violation[i] : 0, m))
                    now[i] = 0;
        }
        for (uint64_t i = 0; i < n; i++)
            if (now[i]) {
                rank[i] = r;
                left--;
            }
    }
}

/* Inclusion and exclusion over all subsets: the intersection of boxes is the box of the worst coordinates. */
static double brute_volume(const double *values, uint64_t n, uint32_t m, const double *reference)
{
    double sum = 0;
    for (uint32_t set = 1; set < 1u << n; set++) {
        double box = 1;
        int sign = -1;
        for (uint64_t i = 0; i < n; i++)
            sign = set >> i & 1 ? -sign : sign;
        for (uint32_t k = 0; k < m; k++) {
            double worst = -HUGE_VAL;
            for (uint64_t i = 0; i < n; i++)
                if (set >> i & 1 && !(values[i * m + k] <= worst))
                    worst = isnan(values[i * m + k]) ? HUGE_VAL : values[i * m + k];
            box *= worst < reference[k] ? reference[k] - worst : 0;
        }
        sum += sign * box;
    }
    return sum;
}

/* n points of m values: a third of the sets in the open, a third on a coarse grid with ties, a third with infinities. */
static void draw(hone_rng *rng, uint64_t n, uint32_t m, int kind, double *values, double *violation)
{
    for (uint64_t i = 0; i < n * m; i++) {
        values[i] = kind == 0 ? hone_rng_uniform(rng) : (double)hone_rng_below(rng, 4) / 4;
        if (kind == 2 && hone_rng_below(rng, 8) == 0)
            values[i] = hone_rng_below(rng, 2) ? (double)NAN : HUGE_VAL;
    }
    for (uint64_t i = 0; i < n; i++)
        violation[i] = hone_rng_below(rng, 2) ? 0 : (double)hone_rng_below(rng, 3);
}

static void test_ranks_and_fronts_are_those_of_the_definition(void)
{
    double values[N * M], violation[N];
    uint32_t rank[N], expected[N];
    uint64_t members[N], n_members;
    for (uint64_t round = 0; round < 600; round++) {
        hone_rng rng = hone_rng_at(1, round);
        const uint32_t m = 1 + (uint32_t)(round % M);
        const uint64_t n = hone_rng_below(&rng, N + 1);
        draw(&rng, n, m, (int)(round % 3), values, violation);
        for (int under = 0; under < 2; under++) {
            const double *v = under ? violation : NULL;
            uint64_t at = 0;
            brute_ranks(values, v, n, m, expected);
            CU_ASSERT_EQUAL(hone_pareto_rank(values, v, n, m, rank, NULL), HONE_OK);
            CU_ASSERT(!memcmp(rank, expected, n * sizeof *rank));
            CU_ASSERT_EQUAL(hone_pareto_front(values, v, n, m, members, &n_members, NULL), HONE_OK);
            for (uint64_t i = 0; i < n; i++)
                if (!expected[i])
                    CU_ASSERT(at < n_members && members[at++] == i);
            CU_ASSERT_EQUAL(at, n_members);
        }
    }
}

static void test_hypervolume_is_that_of_inclusion_and_exclusion(void)
{
    static const double reference[M] = { 0.9, 0.8, 1, 0.95, 0.85, 0.9 };
    double values[N * M], violation[N], volume = -1;
    unsigned positive = 0;
    for (uint64_t round = 0; round < 300; round++) {
        hone_rng rng = hone_rng_at(2, round);
        const uint32_t m = 1 + (uint32_t)(round % M);
        const uint64_t n = hone_rng_below(&rng, 11);
        draw(&rng, n, m, (int)(round % 3), values, violation);
        CU_ASSERT_EQUAL(hone_hypervolume(values, n, m, reference, &volume, NULL), HONE_OK);
        CU_ASSERT_DOUBLE_EQUAL(volume, brute_volume(values, n, m, reference), 1e-12);
        positive += volume > 0;
    }
    CU_ASSERT(positive > 200);
    values[0] = values[2] = -HUGE_VAL;
    values[1] = values[3] = 0.5;
    CU_ASSERT_EQUAL(hone_hypervolume(values, 2, 2, reference, &volume, NULL), HONE_OK);
    CU_ASSERT_EQUAL(volume, HUGE_VAL);
}

static void test_as_pymoo_and_optuna(void)
{
    for (size_t c = 0; c < sizeof pareto_cases / sizeof *pareto_cases; c++) {
        const struct pareto_case *p = pareto_cases + c;
        static const double reference[M] = { 1.1, 1.1, 1.1, 1.1, 1.1, 1.1 };
        uint32_t rank[N];
        double crowding[N], volume = 0;
        CU_ASSERT_EQUAL(hone_pareto_rank(p->values, NULL, p->n, p->m, rank, NULL), HONE_OK);
        CU_ASSERT(!memcmp(rank, p->rank, p->n * sizeof *rank));
        CU_ASSERT_EQUAL(hone_pareto_rank(p->values, p->violation, p->n, p->m, rank, NULL), HONE_OK);
        CU_ASSERT(!memcmp(rank, p->rank_under, p->n * sizeof *rank));
        CU_ASSERT_EQUAL(hone_hypervolume(p->values, p->n, p->m, reference, &volume, NULL), HONE_OK);
        CU_ASSERT_DOUBLE_EQUAL(volume, p->hypervolume, 1e-12);
        if (!strncmp(p->name, "grid", 4))
            continue; /* which of two equal points is the end, and whose neighbour is whose, is a matter of taste */
        CU_ASSERT_EQUAL(hone_pareto_crowding(p->values, p->m, NULL, p->n, crowding, NULL), HONE_OK);
        for (uint64_t i = 0; i < p->n; i++)
            if (p->crowding[i] >= 1e300)
                CU_ASSERT(isinf(crowding[i]))
            else
                CU_ASSERT_DOUBLE_EQUAL(crowding[i], p->crowding[i], 1e-12);
    }
}

static void test_crowding_by_hand(void)
{
    static const double values[] = { 0, 9, /**/ 9, 9, /**/ 1, 6, /**/ 4, 2, /**/ 8, 1, /**/ 5, 5 };
    static const uint64_t members[] = { 4, 2, 0, 3 };
    static const double flat[] = { 3, 3, 3 }, infinite[] = { 1, HUGE_VAL, 2, HUGE_VAL, 5, (double)NAN };
    double d[6];
    CU_ASSERT_EQUAL(hone_pareto_crowding(values, 2, members, 4, d, NULL), HONE_OK);
    CU_ASSERT(isinf(d[0]) && isinf(d[2]));
    CU_ASSERT_DOUBLE_EQUAL(d[1], 4.0 / 8 + 7.0 / 8, 1e-15); /* 0..4 of 8, 9..2 of 8 */
    CU_ASSERT_DOUBLE_EQUAL(d[3], 7.0 / 8 + 5.0 / 8, 1e-15);
    CU_ASSERT_EQUAL(hone_pareto_crowding(flat, 1, NULL, 3, d, NULL), HONE_OK);
    CU_ASSERT(d[0] == 0 && d[1] == 0 && d[2] == 0);
    CU_ASSERT_EQUAL(hone_pareto_crowding(infinite, 1, NULL, 6, d, NULL), HONE_OK);
    CU_ASSERT_DOUBLE_EQUAL(d[2], 1, 1e-15);
    CU_ASSERT(isinf(d[0]) && isinf(d[4]) && isinf(d[1]) && d[3] == 0); /* in order: 1, 2, 5, inf, inf, NaN */
    CU_ASSERT_EQUAL(hone_pareto_crowding(values, 2, NULL, 0, d, NULL), HONE_OK);
}

/* A front of 3,000 points in four objectives and its rank in a set of 10,000: what a study may come to. */
static void test_many_points(void)
{
    enum { MANY = 10000 };
    double *values = (double *)malloc(MANY * 3 * sizeof *values), volume = 0;
    uint32_t *rank = (uint32_t *)malloc(MANY * sizeof *rank), first = 0;
    uint64_t *members = (uint64_t *)malloc(MANY * sizeof *members), n = 0;
    const double reference[3] = { 1, 1, 1 };
    for (uint64_t i = 0; i < MANY; i++) { /* on the octant of the unit sphere, half of it pushed out */
        hone_rng rng = hone_rng_at(3, i);
        double square = 0;
        for (int k = 0; k < 3; k++) {
            values[i * 3 + (uint64_t)k] = fabs(hone_rng_normal(&rng));
            square += values[i * 3 + (uint64_t)k] * values[i * 3 + (uint64_t)k];
        }
        for (int k = 0; k < 3; k++)
            values[i * 3 + (uint64_t)k] = 1 - values[i * 3 + (uint64_t)k] / sqrt(square) * (i % 2 ? 1 : 0.5);
    }
    CU_ASSERT_EQUAL(hone_pareto_rank(values, NULL, MANY, 3, rank, NULL), HONE_OK);
    CU_ASSERT_EQUAL(hone_pareto_front(values, NULL, MANY, 3, members, &n, NULL), HONE_OK);
    for (uint64_t i = 0; i < MANY; i++)
        first += !rank[i];
    CU_ASSERT_EQUAL(first, n);
    CU_ASSERT(n >= MANY / 2);
    CU_ASSERT_EQUAL(hone_hypervolume(values, MANY, 3, reference, &volume, NULL), HONE_OK);
    CU_ASSERT(volume < 3.14159265358979 / 6 && volume > 3.14159265358979 / 6 - 0.02); /* an octant of the ball */
    free(values);
    free(rank);
    free(members);
}

SUITE(TEST(test_ranks_and_fronts_are_those_of_the_definition),
      TEST(test_hypervolume_is_that_of_inclusion_and_exclusion), TEST(test_as_pymoo_and_optuna),
      TEST(test_crowding_by_hand), TEST(test_many_points))
