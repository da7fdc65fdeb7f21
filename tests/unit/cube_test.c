/* SPDX-License-Identifier: MIT */
/* Tests of hone/cube.h: which dimensions a row has, points there and back, what hostile rows are refused for. */
#include "fake_host.h"
#include "harness.h"
#include "hone/cube.h"

/* kind (3 choices), one value only, rate log, size 1 .. 9 by 2, ordinal of 4, extra where kind = 1 */
enum { KIND, ONLY, RATE, SIZE, LEVEL, EXTRA, N_DIMS };
static const hone_space *make_space(fake_space *f, hone_dim *dims)
{
    static const double one[] = { 1 };
    static const hone_condition if_one = { sizeof if_one, KIND, HONE_EQ, 1, one };
    static const hone_condition *const conditions[] = { &if_one };
    const hone_dim all[] = {
        FAKE_CHOICE("kind", 3, NULL),  FAKE_INT("only", 7, 7, 1, 0),   FAKE_REAL("rate", 1e-4, 1, HONE_DIM_LOG),
        FAKE_STEP("size", 1, 9, 2, 0), FAKE_ORDINAL("level", 4, NULL), FAKE_REAL("extra", -1, 1, 0)
    };
    memcpy(dims, all, sizeof all);
    dims[EXTRA].n_conditions = 1;
    dims[EXTRA].conditions = conditions;
    return fake_space_init(f, dims, N_DIMS, NULL, 0);
}

static void test_rows_leave_out_what_has_one_value(void)
{
    static const uint32_t in_order[] = { KIND, RATE, SIZE, LEVEL, EXTRA },
                          numbers_first[] = { RATE, SIZE, LEVEL, EXTRA, KIND };
    fake_space f;
    hone_dim dims[N_DIMS];
    const hone_space *space = make_space(&f, dims);
    hone_error err = HONE_ERROR_INIT;
    for (int order = HONE_CUBE_IN_ORDER; order <= HONE_CUBE_NUMBERS_FIRST; order++) {
        hone_cube c = { 0 };
        CU_ASSERT_EQUAL_FATAL(hone_cube_init(&c, space, order, &err), HONE_OK);
        CU_ASSERT_EQUAL_FATAL(c.n, 5);
        CU_ASSERT_EQUAL(c.n_numbers, 4);
        CU_ASSERT(!memcmp(c.dims, order == HONE_CUBE_IN_ORDER ? in_order : numbers_first, sizeof in_order));
        hone_cube_release(&c);
    }
}

static void test_points_become_rows_and_points_again(void)
{
    fake_space f;
    hone_dim dims[N_DIMS];
    const hone_space *space = make_space(&f, dims);
    hone_error err = HONE_ERROR_INIT;
    hone_cube c = { 0 };
    CU_ASSERT_EQUAL_FATAL(hone_cube_init(&c, space, HONE_CUBE_NUMBERS_FIRST, &err), HONE_OK);
    for (uint64_t k = 0; k < 1000; k++) {
        hone_rng rng = hone_rng_at(1, k);
        double row[N_DIMS], x[N_DIMS], back[N_DIMS];
        hone_cube_draw(&c, &rng, row);
        CU_ASSERT(hone_cube_has(&c, row, 1, 0));
        hone_cube_point(&c, row, x);
        CU_ASSERT_PTR_NULL(fake_space_fault(space, x));
        hone_cube_row(&c, x, c.row);
        CU_ASSERT(hone_cube_has(&c, c.row, 1, 0));
        hone_cube_point(&c, c.row, back);
        for (uint32_t i = 0; i < N_DIMS; i++)
            CU_ASSERT(isnan(x[i]) ? isnan(back[i]) : fabs(back[i] - x[i]) < 1e-12);
        CU_ASSERT(!isnan(x[EXTRA]) || c.row[3] == 0.5); /* what is not active is in the middle */
        for (uint32_t i = 0; i < c.n_numbers; i++)      /* beyond the cube lies its mirror image */
            row[i] = i % 2 ? -row[i] : 2 - row[i];
        hone_cube_point(&c, row, back);
        for (uint32_t i = 0; i < N_DIMS; i++)
            CU_ASSERT(isnan(x[i]) ? isnan(back[i]) : fabs(back[i] - x[i]) < 1e-9);
    }
    hone_cube_release(&c);
}

static void test_a_row_follows_where_its_point_moved(void)
{
    fake_space f;
    hone_dim dims[N_DIMS];
    const hone_space *space = make_space(&f, dims);
    hone_error err = HONE_ERROR_INIT;
    hone_cube c = { 0 };
    double row[] = { 1, 0.25, 0.41, 0.3, 0.75 }, x[N_DIMS];
    CU_ASSERT_EQUAL_FATAL(hone_cube_init(&c, space, HONE_CUBE_IN_ORDER, &err), HONE_OK);
    hone_cube_point(&c, row, x);
    hone_cube_follow(&c, x, row);
    CU_ASSERT(row[0] == 1 && row[1] == 0.25 && row[2] == 0.41 && row[3] == 0.3 && row[4] == 0.75);
    x[SIZE] = 9;
    x[KIND] = 2;
    x[EXTRA] = (double)NAN;
    hone_cube_follow(&c, x, row);
    CU_ASSERT(row[0] == 2 && row[1] == 0.25 && row[3] == 0.3 && row[4] == 0.75);
    CU_ASSERT(row[2] == hone_dim_to_unit(dims + SIZE, 9));
    hone_cube_release(&c);
}

static void test_refuses_rows_that_are_none(void)
{
    static const double bad[] = { -0.1, 1.1, 0.5, 3, -1, (double)NAN };
    fake_space f;
    hone_dim dims[N_DIMS];
    hone_error err = HONE_ERROR_INIT;
    hone_cube c = { 0 };
    double rows[] = { 2, 0, 1, 0.5, 0.5, 0, 1, 0, 0.5, 0.5 };
    CU_ASSERT_EQUAL_FATAL(hone_cube_init(&c, make_space(&f, dims), HONE_CUBE_IN_ORDER, &err), HONE_OK);
    CU_ASSERT(hone_cube_has(&c, rows, 2, 0));
    for (size_t i = 0; i < HONE_COUNT(bad); i++) {
        const int is_position = i == 2, in_reach = is_position || i < 2; /* 0.5 is no choice, 3 too many */
        rows[5] = bad[i];
        CU_ASSERT(!hone_cube_has(&c, rows, 2, 10));
        CU_ASSERT(hone_cube_has(&c, rows, 1, 0));
        rows[5] = 0;
        rows[6] = bad[i];
        CU_ASSERT_EQUAL(hone_cube_has(&c, rows, 2, 0), is_position);
        CU_ASSERT_EQUAL(hone_cube_has(&c, rows, 2, 0.2), in_reach);
        rows[6] = 1;
    }
    hone_cube_release(&c);
}

SUITE(TEST(test_rows_leave_out_what_has_one_value), TEST(test_points_become_rows_and_points_again),
      TEST(test_a_row_follows_where_its_point_moved), TEST(test_refuses_rows_that_are_none))
