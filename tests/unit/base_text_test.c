/* SPDX-License-Identifier: MIT */
/* Growing text, numbers that round-trip, JSON scalars, complaints, suggestions. */
#include "base/complaints.h"
#include "base/suggest.h"
#include "base/text.h"
#include "harness.h"

#include <math.h>
#include <stdint.h>

static void test_text_grows(void)
{
    struct text t = TEXT_INIT;
    CU_ASSERT_STRING_EQUAL(text_string(&t), "");
    for (int i = 0; i < 1000; i++)
        text_addf(&t, "%d,", i);
    CU_ASSERT_EQUAL(t.length, 10 * 2 + 90 * 3 + 900 * 4);
    CU_ASSERT_EQUAL(strlen(t.data), t.length);
    CU_ASSERT_STRING_EQUAL(t.data + t.length - 8, "998,999,");
    text_clear(&t);
    CU_ASSERT_STRING_EQUAL(text_string(&t), "");
    text_add_bytes(&t, "a\0b", 3);
    CU_ASSERT_EQUAL(t.length, 3);
    CU_ASSERT_FALSE(t.failed);
    text_release(&t);
    CU_ASSERT_PTR_NULL(t.data);
}

static void check_number(double value, const char *expected)
{
    char out[40];
    number_format(value, out, sizeof out);
    CU_ASSERT_STRING_EQUAL(out, expected);
}

static void test_numbers_are_short(void)
{
    check_number(0.1, "0.1");
    check_number(1e-5, "1e-05");
    check_number(3, "3");
    check_number(-2.5, "-2.5");
    check_number(1.0 / 3, "0.3333333333333333");
    check_number(0.1 + 0.2, "0.30000000000000004");
    check_number(1e15, "1000000000000000");
    check_number(9007199254740992.0, "9007199254740992");
    check_number(1e22, "1e+22");
    check_number((double)NAN, "nan");
    check_number(-(double)NAN, "nan");
    check_number(HUGE_VAL, "inf");
    check_number(-HUGE_VAL, "-inf");
    check_number(-0.0, "-0");
}

static void test_numbers_read_back(void)
{
    uint64_t state = 1;
    unsigned wrong = 0;
    for (int i = 0; i < 200000; i++) {
        char out[40];
        double value;
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const uint64_t bits = state ^ state >> 29;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        number_format(value, out, sizeof out);
        const double back = strtod(out, NULL);
        wrong += memcmp(&back, &value, sizeof back) != 0 || strlen(out) > 24;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void test_json(void)
{
    struct text t = TEXT_INIT;
    text_add_json_string(&t, "a\"b\\c\n\t\r\x01\x7f \xc3\xa9");
    CU_ASSERT_STRING_EQUAL(text_string(&t), "\"a\\\"b\\\\c\\n\\t\\r\\u0001\\u007f \xc3\xa9\"");
    text_clear(&t);
    text_add_json_string(&t, "\xff|\xc0\xaf|\xed\xa0\x80|\xe2\x82"); /* stray, overlong, surrogate, cut */
    CU_ASSERT_STRING_EQUAL(text_string(&t), "\"\\ufffd|\\ufffd\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd\"");
    text_clear(&t);
    text_add_json_string(&t, NULL);
    text_add_json_number(&t, 1.5);
    text_add_json_number(&t, (double)NAN);
    text_add_json_number(&t, HUGE_VAL);
    CU_ASSERT_STRING_EQUAL(text_string(&t), "null1.5nullnull");
    text_release(&t);
}

static void print_into(struct complaints *complaints, char *buffer, size_t n)
{
    FILE *out = fmemopen(buffer, n, "w");
    complaints_print(complaints, out);
    fclose(out);
}

static void test_complaints_sort_and_say_once(void)
{
    char out[4096] = "";
    struct complaints c = COMPLAINTS_INIT;
    complain(&c, &(struct place){ "b.ini", 10, 2 }, "late");
    complain(&c, &(struct place){ "b.ini", 9, 1 }, "early %d", 7);
    complain(&c, &(struct place){ "--set", 0, 0 }, "set");
    complain(&c, &(struct place){ "b.ini", 9, 0 }, "no column");
    complain(&c, &(struct place){ "b.ini", 10, 2 }, "other");
    complain(&c, &(struct place){ "b.ini", 10, 2 }, "late");
    complain(&c, &(struct place){ "a.ini", 1, 1 }, "escape \x1b[1m");
    complain(&c, NULL, "nowhere");
    print_into(&c, out, sizeof out);
    CU_ASSERT_STRING_EQUAL(
        out, "b.ini:9: error: no column\nb.ini:9:1: error: early 7\nb.ini:10:2: error: late\n"
             "b.ini:10:2: error: other\n--set: error: set\na.ini:1:1: error: escape \\x1b[1m\nerror: nowhere\n");
    complaints_release(&c);
    CU_ASSERT_EQUAL(c.n, 0);
}

static void test_complaints_stop_at_twenty(void)
{
    char out[4096] = "";
    struct complaints c = COMPLAINTS_INIT;
    for (unsigned i = 0; i < 25; i++)
        complain(&c, &(struct place){ "f", i + 1, 1 }, "e");
    complain(&c, &(struct place){ "f", 1, 1 }, "e");
    print_into(&c, out, sizeof out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out, "f:20:1: error: e\nerror: and 5 more\n"));
    CU_ASSERT_PTR_NULL(strstr(out, "f:21:1"));
    complaints_release(&c);
}

static const char *nearest(const char *word)
{
    static const char *const known[] = { "learning_rate", "momentum", "nesterov", "weight_decay",
                                         "epochs",        "l1",       "l2",       "rate" };
    struct suggestion s;
    suggestion_start(&s, word);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        suggestion_offer(&s, known[i]);
    return s.best ? s.best : "";
}

static void test_suggestions(void)
{
    CU_ASSERT_STRING_EQUAL(nearest("leraning_rate"), "learning_rate"); /* two neighbours swapped: one mistake */
    CU_ASSERT_STRING_EQUAL(nearest("learning-rate"), "learning_rate");
    CU_ASSERT_STRING_EQUAL(nearest("Momentum"), "momentum");
    CU_ASSERT_STRING_EQUAL(nearest("learn"), "learning_rate"); /* the start of it */
    CU_ASSERT_STRING_EQUAL(nearest("epoch"), "epochs");
    CU_ASSERT_STRING_EQUAL(nearest("epohcs"), "epochs");
    CU_ASSERT_STRING_EQUAL(nearest("weigth_decay"), "weight_decay");
    CU_ASSERT_STRING_EQUAL(nearest("batch_size"), "");
    CU_ASSERT_STRING_EQUAL(nearest("x"), "");
    CU_ASSERT_STRING_EQUAL(nearest(""), "");
    CU_ASSERT_STRING_EQUAL(nearest("l3"), "l1");
    CU_ASSERT_STRING_EQUAL(nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                           "");
}

SUITE(TEST(test_text_grows), TEST(test_numbers_are_short), TEST(test_numbers_read_back), TEST(test_json),
      TEST(test_complaints_sort_and_say_once), TEST(test_complaints_stop_at_twenty), TEST(test_suggestions))
