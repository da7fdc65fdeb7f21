/* SPDX-License-Identifier: MIT */
/* From lines of [space] to dimensions, and points as text and back. */
#include "harness.h"

#include "config/config.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "study/space.h"

#include <float.h>
#include <math.h>

struct made {
    struct config config;
    struct space_lines lines;
    struct space space;
    hone_error err;
    hone_rc rc;
};

static void make(struct made *m, const char *lines)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct text ini = TEXT_INIT;
    *m = (struct made){ .err = HONE_ERROR_INIT };
    text_addf(&ini, "[space]\n%s", lines);
    if (config_read_text(&m->config, "t.ini", "", text_string(&ini), ini.length, &complaints) < 0 ||
        space_lines_parse(&m->lines, &m->config, &complaints) < 0) {
        complaints_print(&complaints, stdout);
        CU_FAIL_FATAL("the lines of the test do not parse");
    }
    m->rc = space_init(&m->space, &m->lines, &m->err);
    complaints_release(&complaints);
    text_release(&ini);
}

static void release(struct made *m)
{
    space_release(&m->space);
    space_lines_release(&m->lines);
    config_release(&m->config);
}

static void test_conditions_refer_to_earlier_dimensions(void)
{
    struct made m;
    make(&m, "a = real 0 .. 1 if b = two\nb = choice one, two if c >= 3\nc = int 1 .. 9\nd = real 0 .. 1\n");
    CU_ASSERT_EQUAL_FATAL(m.rc, HONE_OK);
    CU_ASSERT_EQUAL(m.space.view.n_dims, 4);
    CU_ASSERT(space_find(&m.space, "c") < space_find(&m.space, "b") &&
              space_find(&m.space, "b") < space_find(&m.space, "a"));
    CU_ASSERT_EQUAL(space_find(&m.space, "nobody"), UINT32_MAX);
    const hone_dim *a = m.space.view.dims[space_find(&m.space, "a")];
    CU_ASSERT_EQUAL(a->n_conditions, 1);
    CU_ASSERT_EQUAL(a->conditions[0]->dim, space_find(&m.space, "b"));
    CU_ASSERT_EQUAL(a->conditions[0]->values[0], 1); /* "two" */
    release(&m);
}

static void test_circle_and_strangers_are_refused(void)
{
    struct made m;
    make(&m, "a = choice x, y if b = u\nb = choice u, v if a = x\n");
    CU_ASSERT_EQUAL(m.rc, HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.err.msg, "circle"));
    release(&m);
    make(&m, "a = choice x, y if b = u\n");
    CU_ASSERT_EQUAL(m.rc, HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.err.msg, "'b'"));
    release(&m);
    make(&m, "a = choice x, y\nb = real 0 .. 1 if a = z\n");
    CU_ASSERT_EQUAL(m.rc, HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(m.err.msg, "no choice 'z'"));
    release(&m);
}

/* x as written by key, checked; "" where it is fine. */
static const char *check(struct made *m, double a, double b, double c)
{
    double x[3] = { (double)NAN, (double)NAN, (double)NAN };
    m->err = (hone_error)HONE_ERROR_INIT;
    x[space_find(&m->space, "a")] = a;
    x[space_find(&m->space, "b")] = b;
    x[space_find(&m->space, "c")] = c;
    const hone_rc rc = space_check_point(&m->space, x, &m->err);
    CU_ASSERT_EQUAL(rc == HONE_OK, m->err.msg[0] == '\0');
    return m->err.msg;
}

static void test_points_are_checked(void)
{
    struct made m;
    make(&m, "a = real 0 .. 1\nb = int 2 .. 10 step 2\nc = real 0 .. 2 if b > 4\nwhere = a < c\n");
    CU_ASSERT_EQUAL_FATAL(m.rc, HONE_OK);
    CU_ASSERT_STRING_EQUAL(check(&m, 0.5, 2, (double)NAN), "");
    CU_ASSERT_STRING_EQUAL(check(&m, 0.5, 6, 1), "");
    CU_ASSERT_STRING_EQUAL(check(&m, 1.5, 2, (double)NAN), "a = 1.5 is outside [0, 1]");
    CU_ASSERT_STRING_EQUAL(check(&m, HUGE_VAL, 2, (double)NAN), "a = inf is outside [0, 1]");
    CU_ASSERT_STRING_EQUAL(check(&m, (double)NAN, 2, (double)NAN), "a is not a number");
    CU_ASSERT_STRING_EQUAL(check(&m, 0.5, 3, (double)NAN), "b = 3 is between two values allowed");
    CU_ASSERT_STRING_EQUAL(check(&m, 0.5, 2, 1), "c = 1 is set although its condition does not hold");
    CU_ASSERT_STRING_EQUAL(check(&m, 0.5, 6, (double)NAN), "c is not a number");
    CU_ASSERT_STRING_EQUAL(check(&m, 0.9, 6, 0.5), "the point breaks a relation of [space]");
    release(&m);
}

/* Every value that a point may hold is written so that it reads back as the very same one. */
static void test_texts_read_back_exactly(void)
{
    struct made m;
    make(&m, "r = real -1e300 .. 1e300\nl = real 1e-300 .. 1e300 log\ni = int -9007199254740992 .. 9007199254740992\n"
             "n = normal 0 1\nc = choice red, \"a, b\", 3\no = ordinal 1, 2, 40\ns = real 0 .. 1 step 0.1\n");
    CU_ASSERT_EQUAL_FATAL(m.rc, HONE_OK);
    hone_rng rng = hone_rng_at(7, 0);
    for (int round = 0; round < 20000; round++)
        for (uint32_t d = 0; d < m.space.view.n_dims; d++) {
            const hone_dim *dim = m.space.view.dims[d];
            char text[32];
            double v, back;
            if (dim->n_choices) {
                v = (double)hone_rng_below(&rng, dim->n_choices);
            } else if (round % 2 && dim->type == HONE_DIM_REAL &&
                       !(dim->step > 0)) { /* any bits at all that are a number inside */
                const uint64_t u = hone_rng_u64(&rng);
                memcpy(&v, &u, sizeof v);
                if (!isfinite(v) || !(v >= dim->min && v <= dim->max))
                    continue;
            } else {
                v = hone_dim_from_unit(dim, hone_rng_uniform(&rng));
            }
            const char *shown = space_value_text(&m.space, d, v, text, sizeof text);
            CU_ASSERT_EQUAL(space_value_parse(&m.space, d, shown, &back, &m.err), HONE_OK);
            if (memcmp(&v, &back, sizeof v))
                printf("# %s: %.17g is written '%s', read %.17g\n", dim->key, v, shown, back);
            CU_ASSERT_FATAL(!memcmp(&v, &back, sizeof v));
        }
    static const double corners[] = { 0,       -0.0,  DBL_MIN, DBL_TRUE_MIN,       0.1,
                                      1.0 / 3, 1e300, -1e300,  9007199254740993.0, 123456789012345678.0 };
    for (size_t k = 0; k < sizeof corners / sizeof *corners; k++) {
        char text[32];
        double back = 1;
        CU_ASSERT_EQUAL(
            space_value_parse(&m.space, 0, space_value_text(&m.space, 0, corners[k], text, sizeof text), &back, &m.err),
            HONE_OK);
        CU_ASSERT_FATAL(!memcmp(&corners[k], &back, sizeof back));
    }
    release(&m);
}

static void test_choices_survive_rounding(void)
{
    struct made m;
    char text[32];
    make(&m, "c = choice red, green, blue\n");
    CU_ASSERT_STRING_EQUAL(space_value_text(&m.space, 0, 2 - 1e-10, text, sizeof text),
                           "blue"); /* space_check_point lets it pass */
    release(&m);
}

SUITE(TEST(test_conditions_refer_to_earlier_dimensions), TEST(test_circle_and_strangers_are_refused),
      TEST(test_points_are_checked), TEST(test_texts_read_back_exactly), TEST(test_choices_survive_rounding))
