/* SPDX-License-Identifier: MIT */
/* Cases for search/1: the ends of ranges, one value alone, every pair of kinds, and small spaces to their last point. The
 * ranges are those of Optuna's sampler tests (optuna/testing/pytest_samplers.py). */
#include "search.h"

#define NUMBER(kind, bits, lo, hi, by)                                                                       \
    {                                                                                                        \
        .size = sizeof(hone_dim), .type = kind, .flags = bits, .key = "x", .min = lo, .max = hi, .step = by, \
        .deviation = 1                                                                                       \
    }
enum { EDGE_ASKS = 24 }; /* of each of some twenty ranges: also a search that takes 10 ms each is done in time */
static const char *const letters[] = { "a", "b", "c" }, *const sizes[] = { "1", "2", "4", "8" };
static const double size_numbers[] = { 1, 2, 4, 8 }, weights[] = { 0.5, 0, 0.5 };
#define CHOICES(kind, name, n, texts, w, v)                                                                \
    {                                                                                                      \
        .size = sizeof(hone_dim), .type = kind, .n_choices = n, .key = name, .max = (n)-1, .deviation = 1, \
        .choices = texts, .weights = w, .numbers = v                                                       \
    }

static const hone_dim edges[] = {
    NUMBER(HONE_DIM_REAL, 0, -1, 1, 0),
    NUMBER(HONE_DIM_REAL, 0, 0, 1, 0),
    NUMBER(HONE_DIM_REAL, 0, -1, 0, 0),
    NUMBER(HONE_DIM_REAL, HONE_DIM_LOG, 1e-7, 1, 0),
    NUMBER(HONE_DIM_REAL, 0, -10, 10, 0.1),
    NUMBER(HONE_DIM_REAL, 0, -10.2, 10.2, 0.1),
    NUMBER(HONE_DIM_REAL, HONE_DIM_LOG, 0.1, 10, 0.3),
    NUMBER(HONE_DIM_REAL, 0, 1e-300, 1e300, 0),
    NUMBER(HONE_DIM_REAL, 0, 1e6, 1e6 + 1e-3, 0),
    NUMBER(HONE_DIM_INT, 0, -10, 10, 1),
    NUMBER(HONE_DIM_INT, 0, 0, 10, 1),
    NUMBER(HONE_DIM_INT, 0, -10, 0, 1),
    NUMBER(HONE_DIM_INT, 0, -10, 10, 2),
    NUMBER(HONE_DIM_INT, 0, 0, 10, 3), /* the last step does not reach the end */
    NUMBER(HONE_DIM_INT, 0, -10, 0, 2),
    NUMBER(HONE_DIM_INT, HONE_DIM_LOG, 1, 100, 1),
    NUMBER(HONE_DIM_INT, HONE_DIM_LOG, 1, 1000, 7),
    NUMBER(HONE_DIM_INT, 0, 0, 1e15, 1),
    CHOICES(HONE_DIM_CHOICE, "x", 3, letters, NULL, NULL),
    CHOICES(HONE_DIM_CHOICE, "x", 3, letters, weights, NULL), /* one of them never */
    CHOICES(HONE_DIM_ORDINAL, "x", 4, sizes, NULL, size_numbers),
};

static int case_edges(struct check *c)
{
    unsigned refused = 0;
    for (size_t i = 0; i < HONE_COUNT(edges); i++) {
        const hone_dim *const dims[] = { edges + i };
        const hone_space space = { sizeof space, 1, dims, 0, 0, NULL };
        struct instance in;
        hone_search_v1 search;
        hone_rc rc;
        TRY(check_iface(c, &search, sizeof search));
        TRY(instance_create(c, &in, c->options->seed));
        TRY(open_search(&in, &search, &space, 1, 0, &rc));
        TRY(instance_destroy(&in));
        refused += rc < 0;
        if (rc >= 0)
            TRY(explore(c, &space, 1, EDGE_ASKS));
    }
    if (refused == HONE_COUNT(edges))
        return check_skip(c, "open refuses spaces of one dimension");
    if (refused)
        check_note(c, "%u of %u ranges refused", refused, HONE_COUNT(edges));
    return 0;
}

/* A dimension of one value has that value, alone and beside one that varies. */
static const hone_dim singles[] = {
    NUMBER(HONE_DIM_REAL, 0, 1, 1, 0),
    NUMBER(HONE_DIM_REAL, HONE_DIM_LOG, 1, 1, 0),
    NUMBER(HONE_DIM_REAL, 0, 1, 1, 0.5),
    NUMBER(HONE_DIM_INT, 0, 1, 1, 1),
    NUMBER(HONE_DIM_INT, 0, 1, 1, 2),
    NUMBER(HONE_DIM_INT, HONE_DIM_LOG, 1, 1, 1),
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_NORMAL,
      .key = "x",
      .min = 1,
      .max = 1,
      .deviation = 1 },
    CHOICES(HONE_DIM_CHOICE, "x", 1, letters, NULL, NULL),
    CHOICES(HONE_DIM_ORDINAL, "x", 1, sizes, NULL, size_numbers),
};
static const hone_dim beside = {
    .size = sizeof(hone_dim), .type = HONE_DIM_REAL, .key = "y", .max = 1, .deviation = 1
};

static int case_single_values(struct check *c)
{
    for (size_t i = 0; i < HONE_COUNT(singles); i++)
        for (uint32_t n = 1; n <= 2; n++) {
            const hone_dim *const dims[] = { singles + i, &beside };
            const hone_space space = { sizeof space, n, dims, 0, 0, NULL };
            const double only = singles[i].n_choices ? 0 : 1;
            struct instance in;
            hone_search_v1 search;
            TRY(search_start(c, &space, c->options->seed, &in, &search));
            for (uint64_t t = 0; t < 12; t++) {
                double x[MAX_DIMS], values[2];
                hone_outcome outcome;
                hone_rc rc;
                TRY(search_ask(&in, &search, &space, t, x, &rc));
                if (rc == HONE_DONE && t)
                    break;
                if (rc != HONE_OK)
                    return check_fail(c, "ask answers %d at trial %llu of a space of %s", rc, (unsigned long long)t,
                                      n == 1 ? "one point" : "a fixed and a free dimension");
                if (!(x[0] == only)) /* also NaN */
                    return check_fail(c, "the only value of a dimension is %g, ask gives %.17g", only, x[0]);
                make_outcome(&outcome, &space, x, values, t, 1);
                TRY(search_tell(&in, &search, &outcome));
            }
            TRY(instance_destroy(&in));
        }
    return 0;
}

/* Every pair of kinds of dimension, ten trials each. */
static const hone_dim kinds[] = {
    NUMBER(HONE_DIM_REAL, 0, -1, 1, 0),
    NUMBER(HONE_DIM_REAL, HONE_DIM_LOG, 1e-5, 1, 0),
    NUMBER(HONE_DIM_REAL, 0, 0, 1, 0.25),
    NUMBER(HONE_DIM_INT, 0, 0, 20, 1),
    NUMBER(HONE_DIM_INT, HONE_DIM_LOG, 1, 512, 1),
    NUMBER(HONE_DIM_INT, 0, 0, 64, 16),
    CHOICES(HONE_DIM_CHOICE, "x", 3, letters, NULL, NULL),
    CHOICES(HONE_DIM_ORDINAL, "x", 4, sizes, NULL, NULL),
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_NORMAL,
      .key = "x",
      .min = -HUGE_VAL,
      .max = HUGE_VAL,
      .deviation = 1 },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_NORMAL,
      .key = "x",
      .min = -HUGE_VAL,
      .max = HUGE_VAL,
      .step = 2,
      .deviation = 10 },
    { .size = sizeof(hone_dim),
      .type = HONE_DIM_REAL,
      .flags = HONE_DIM_NORMAL | HONE_DIM_LOG,
      .key = "x",
      .max = HUGE_VAL,
      .step = 1,
      .deviation = 2 }, /* may be 0 */
};

static int case_pairs(struct check *c)
{
    unsigned refused = 0, pairs = 0;
    for (uint32_t i = 0; i < HONE_COUNT(kinds); i++)
        for (uint32_t k = 0; k <= i; k++, pairs++) {
            hone_dim second = kinds[k];
            const hone_dim *const dims[] = { kinds + i, &second };
            const hone_space space = { sizeof space, 2, dims, 0, 0, NULL };
            struct instance in;
            hone_search_v1 search;
            hone_rc rc;
            second.key = "y";
            TRY(check_iface(c, &search, sizeof search));
            TRY(instance_create(c, &in, c->options->seed));
            TRY(open_search(&in, &search, &space, 1, 0, &rc));
            refused += rc < 0;
            for (uint64_t t = 0; rc >= 0 && t < 10; t++) {
                double x[MAX_DIMS], values[2];
                hone_outcome outcome;
                TRY(search_ask(&in, &search, &space, t, x, &rc));
                if (rc == HONE_DONE && (space_points(&space) == UINT64_MAX ? t : t >= space_points(&space)))
                    break;
                if (rc != HONE_OK)
                    return check_fail(c, "ask answers %d at trial %llu", rc, (unsigned long long)t);
                make_outcome(&outcome, &space, x, values, t, 1);
                TRY(search_tell(&in, &search, &outcome));
            }
            TRY(instance_destroy(&in));
        }
    if (refused == pairs)
        return check_skip(c, "open refuses spaces of two dimensions");
    if (refused)
        check_note(c, "%u of %u pairs refused", refused, pairs);
    return 0;
}

/* A finished point of a finite space should not be asked for again while others are left, and HONE_DONE should follow the
 * last. Repeats are no breach (values may be noisy): then the case is skipped, and says how many there were. */
static int case_repeats(struct check *c)
{
    static double asked[400][MAX_DIMS];
    const hone_space *space = &finite_space;
    const uint64_t all = space_points(space);
    struct instance in;
    hone_search_v1 search;
    uint64_t t, different = 0, repeats = 0;
    hone_rc rc = HONE_OK;
    TRY(search_start(c, space, c->options->seed, &in, &search));
    for (t = 0; t < 400; t++) {
        double values[2];
        hone_outcome outcome;
        uint64_t k = 0;
        TRY(search_ask(&in, &search, space, t, asked[t], &rc));
        if (rc != HONE_OK)
            break;
        while (k < t && !same_point(asked[k], asked[t], space->n_dims))
            k++;
        different += k == t;
        repeats += k < t && different < all;
        make_outcome(&outcome, space, asked[t], values, t, 1);
        TRY(search_tell(&in, &search, &outcome));
    }
    if (rc == HONE_WAIT)
        return check_fail(c, "ask answers HONE_WAIT although no trial is running");
    if (rc == HONE_DONE && different < all)
        return check_fail(c, "ask answers HONE_DONE after %llu of the %llu points of the space",
                          (unsigned long long)different, (unsigned long long)all);
    if (repeats || rc != HONE_DONE)
        return check_skip(
            c, "asks %llu times for a finished point while others are left, %s", (unsigned long long)repeats,
            rc == HONE_DONE ? "then says that the space is spent" : "and never says that the space is spent");
    return instance_destroy(&in);
}

const struct check_case search_edge_cases[] = {
    { "edges", HONE_KIND_SEARCH, "one dimension at a time, to both ends of its range", case_edges },
    { "single_values", HONE_KIND_SEARCH, "dimensions of one value have it", case_single_values },
    { "pairs", HONE_KIND_SEARCH, "every pair of kinds of dimension", case_pairs },
    { "repeats", HONE_KIND_SEARCH, "no finished point again before the space is spent, then HONE_DONE", case_repeats },
    { NULL, NULL, NULL, NULL },
};
