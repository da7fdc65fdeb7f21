/* SPDX-License-Identifier: MIT */
/* The grammar of [space]: every form, and a message with the column of the word at fault for every mistake. */
#include "base/text.h"
#include "config/config.h"
#include "config/space_line.h"
#include "harness.h"

#include <math.h>
#include <stdint.h>

struct parsed {
    struct config config;
    struct complaints complaints;
    struct space_lines space;
    int rc;
    char said[4096];
};

/* lines: what follows [space]; values start in column 5 where keys are one letter long. */
static void parse(struct parsed *p, const char *lines)
{
    struct text text = TEXT_INIT;
    FILE *out;
    memset(p, 0, sizeof *p);
    text_addf(&text, "[space]\n%s\n", lines);
    CU_ASSERT_EQUAL(config_read_text(&p->config, "t", "", text.data, text.length, &p->complaints), 0);
    p->rc = space_lines_parse(&p->space, &p->config, &p->complaints);
    CU_ASSERT_EQUAL(p->rc == 0, p->complaints.n == 0);
    out = fmemopen(p->said, sizeof p->said, "w");
    complaints_print(&p->complaints, out);
    fclose(out);
    text_release(&text);
}

static void done(struct parsed *p)
{
    space_lines_release(&p->space);
    config_release(&p->config);
    complaints_release(&p->complaints);
}

static struct space_line *line_of(struct parsed *p, const char *lines)
{
    parse(p, lines);
    if (p->rc)
        printf("# %s", p->said);
    CU_ASSERT_EQUAL_FATAL(p->rc, 0);
    CU_ASSERT_EQUAL_FATAL(p->space.n_lines, 1);
    return p->space.lines;
}

static void refused(const char *line, const char *expected)
{
    struct parsed p;
    char all[1024];
    parse(&p, line);
    snprintf(all, sizeof all, "t:2:%s\n", expected);
    if (strcmp(all, p.said) != 0)
        printf("# %s\n# expected %s# found    %s", line, all, *p.said ? p.said : "nothing\n");
    CU_ASSERT_STRING_EQUAL(p.said, all);
    done(&p);
}

static void test_ranges(void)
{
    static const struct {
        const char *line;
        uint32_t type, flags;
        double min, max, step;
    } good[] = {
        { "x = real 1e-3 .. 0.5", HONE_DIM_REAL, 0, 1e-3, 0.5, 0 },
        { "x = real 1e-3..0.5 log", HONE_DIM_REAL, HONE_DIM_LOG, 1e-3, 0.5, 0 },
        { "x = real -5 .. -1", HONE_DIM_REAL, 0, -5, -1, 0 },
        { "x = real .5 .. 1.", HONE_DIM_REAL, 0, 0.5, 1, 0 },
        { "x = real 0.5...75", HONE_DIM_REAL, 0, 0.5, 0.75, 0 },
        { "x = real 0 .. 1 step 0.25", HONE_DIM_REAL, 0, 0, 1, 0.25 },
        { "x = real 1 .. 9 step 2 log", HONE_DIM_REAL, HONE_DIM_LOG, 1, 9, 2 },
        { "x = real 1 .. 9 log step 2", HONE_DIM_REAL, HONE_DIM_LOG, 1, 9, 2 },
        { "x = int 1 .. 9", HONE_DIM_INT, 0, 1, 9, 1 },
        { "x = int 32..512 step 32", HONE_DIM_INT, 0, 32, 512, 32 },
        { "x = int -3 .. 3", HONE_DIM_INT, 0, -3, 3, 1 },
        { "x = int 1 .. 1e6 log", HONE_DIM_INT, HONE_DIM_LOG, 1, 1e6, 1 },
        { "x = normal 1 0.5", HONE_DIM_REAL, HONE_DIM_NORMAL, -HUGE_VAL, HUGE_VAL, 0 },
        { "x = normal -1 2 in 0 .. 3", HONE_DIM_REAL, HONE_DIM_NORMAL, 0, 3, 0 },
        { "x = lognormal 1 0.5", HONE_DIM_REAL, HONE_DIM_NORMAL | HONE_DIM_LOG, 0, HUGE_VAL, 0 },
        { "x = lognormal 0 1 in 0.1 .. 3", HONE_DIM_REAL, HONE_DIM_NORMAL | HONE_DIM_LOG, 0.1, 3, 0 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct parsed p;
        const struct space_line *l = line_of(&p, good[i].line);
        CU_ASSERT(l->type == good[i].type && l->flags == good[i].flags);
        CU_ASSERT(l->min == good[i].min && l->max == good[i].max && l->step == good[i].step);
        CU_ASSERT_STRING_EQUAL(l->key, "x");
        done(&p);
    }
}

static void test_choices(void)
{
    struct parsed p;
    const struct space_line *l = line_of(&p, "x = choice a weight 1, \"b, c\" weight 2,'d \"e\"' weight 1 if y = 1");
    CU_ASSERT_EQUAL_FATAL(l->n_choices, 3);
    CU_ASSERT_STRING_EQUAL(l->choices[0], "a");
    CU_ASSERT_STRING_EQUAL(l->choices[1], "b, c");
    CU_ASSERT_STRING_EQUAL(l->choices[2], "d \"e\"");
    CU_ASSERT(l->weights[0] == 0.25 && l->weights[1] == 0.5 && l->weights[2] == 0.25);
    CU_ASSERT(l->min == 0 && l->max == 2);
    done(&p);
    l = line_of(&p, "x = ordinal 1, 2 ,1e3");
    CU_ASSERT_EQUAL(l->type, HONE_DIM_ORDINAL);
    CU_ASSERT_EQUAL_FATAL(l->n_choices, 3);
    CU_ASSERT_STRING_EQUAL(l->choices[1], "2");
    CU_ASSERT_STRING_EQUAL(l->choices[2], "1e3");
    CU_ASSERT_PTR_NULL(l->weights);
    done(&p);
    l = line_of(&p, "x = choice a|b, ../c, \"\", \"if\", weight");
    CU_ASSERT_EQUAL_FATAL(l->n_choices, 5);
    CU_ASSERT_STRING_EQUAL(l->choices[0], "a|b");
    CU_ASSERT_STRING_EQUAL(l->choices[1], "../c");
    CU_ASSERT_STRING_EQUAL(l->choices[2], "");
    CU_ASSERT_STRING_EQUAL(l->choices[4], "weight");
    done(&p);
}

static void test_fixed(void)
{
    static const char *const values[] = { "3", "a b", "a,b", "it's", "\"quoted\"", "", "1e-3" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct parsed p;
        struct text text = TEXT_INIT;
        text_add(&text, "x = ");
        CU_ASSERT_EQUAL(space_write_fixed(&text, values[i]), 1);
        const struct space_line *l = line_of(&p, text_string(&text));
        CU_ASSERT(l->fixed && l->type == HONE_DIM_CHOICE && l->n_choices == 1 && l->min == 0 && l->max == 0);
        CU_ASSERT_STRING_EQUAL(l->choices[0], values[i]);
        done(&p);
        text_release(&text);
    }
    struct text text = TEXT_INIT;
    CU_ASSERT_EQUAL(space_write_fixed(&text, "\" and '"), 0);
    text_release(&text);
    refused("x = fixed", "10: error: expected the value, found the end of the line");
    refused("x = fixed 1, 2",
            "12: error: unexpected ',' behind a fixed value; it is quoted where it holds blanks or commas");
    refused("x = fixed 1 if y = 2",
            "13: error: unexpected 'if' behind a fixed value; it is quoted where it holds blanks or commas");
}

static void test_conditions(void)
{
    struct parsed p;
    const struct space_line *l = line_of(&p, "x = real 0 .. 1 if a.b=sgd|'x, y' and c != 3 and d>=1e-3");
    CU_ASSERT_EQUAL_FATAL(l->n_conditions, 3);
    const struct space_condition *c = l->conditions;
    CU_ASSERT_STRING_EQUAL(c[0].key, "a.b");
    CU_ASSERT_EQUAL(c[0].op, HONE_EQ);
    CU_ASSERT_EQUAL_FATAL(c[0].n_values, 2);
    CU_ASSERT_STRING_EQUAL(c[0].values[0], "sgd");
    CU_ASSERT_STRING_EQUAL(c[0].values[1], "x, y");
    CU_ASSERT_EQUAL(c[1].op, HONE_NE);
    CU_ASSERT_STRING_EQUAL(c[1].values[0], "3");
    CU_ASSERT_EQUAL(c[2].op, HONE_GE);
    CU_ASSERT_STRING_EQUAL(c[2].values[0], "1e-3");
    done(&p);
    l = line_of(&p, "x = normal 0 1 in -1 .. 1 if y < 2");
    CU_ASSERT_EQUAL(l->n_conditions, 1);
    CU_ASSERT_EQUAL(l->conditions[0].op, HONE_LT);
    done(&p);
}

static void test_relations(void)
{
    struct parsed p;
    parse(&p, "where = a.b < c, d <= 1e1 ,e>=f\nwhere.more = g != 3");
    CU_ASSERT_EQUAL_FATAL(p.rc, 0);
    CU_ASSERT_EQUAL_FATAL(p.space.n_relations, 4);
    const struct space_relation *r = p.space.relations;
    CU_ASSERT(!strcmp(r[0].key_a, "a.b") && !strcmp(r[0].key_b, "c") && r[0].op == HONE_LT);
    CU_ASSERT(!strcmp(r[1].key_a, "d") && !r[1].key_b && r[1].constant == 10 && r[1].op == HONE_LE);
    CU_ASSERT(!strcmp(r[2].key_a, "e") && !strcmp(r[2].key_b, "f") && r[2].op == HONE_GE);
    CU_ASSERT(!strcmp(r[3].key_a, "g") && r[3].constant == 3 && r[3].op == HONE_NE);
    CU_ASSERT(r[1].place.line == 2 && r[1].place.column == 18);
    done(&p);
}

static void test_mistakes(void)
{
    refused(
        "x =",
        "4: error: x has no value; write real, int, normal, lognormal, choice, ordinal or fixed and what goes with it");
    refused("x = 0 .. 1",
            "5: error: the kind of values comes first: real LOW .. HIGH, int LOW .. HIGH, choice A, B, ...");
    refused("x = reel 0 .. 1", "5: error: unknown kind of values 'reel'; did you mean 'real'?");
    refused("x = integer 0 .. 1",
            "5: error: unknown kind of values 'integer'; known: real, int, normal, lognormal, choice, ordinal, fixed");
    refused("x = uniform 0 .. 1", "5: error: unknown kind of values 'uniform'; write real LOW .. HIGH");
    refused("x = loguniform 0 .. 1", "5: error: unknown kind of values 'loguniform'; write real LOW .. HIGH log");
    refused("x = categorical a, b", "5: error: unknown kind of values 'categorical'; write choice A, B");
    refused("x = real", "9: error: expected the lower bound: LOW .. HIGH, found the end of the line");
    refused("x = real 1",
            "11: error: expected '..' behind the lower bound, found the end of the line; write LOW .. HIGH");
    refused("x = real 1 2", "12: error: expected '..' behind the lower bound, found '2'; write LOW .. HIGH");
    refused("x = real 1, 2", "11: error: expected '..' behind the lower bound, found ','; write LOW .. HIGH");
    refused("x = real 1 ..", "14: error: expected the upper bound, found the end of the line");
    refused("x = real a .. 2", "10: error: 'a' is not a number; expected the lower bound: LOW .. HIGH");
    refused("x = real 0 .. 2x", "15: error: '2x' is not a number; expected the upper bound");
    refused("x = real 0 .. inf", "15: error: 'inf' is not a number; expected the upper bound");
    refused("x = real 2 .. 1", "10: error: the lower bound is above the upper one");
    refused("x = real 2 .. 2", "15: error: both bounds are the same; write x = fixed V, or set the key in its section");
    refused("x = real 0 .. 1 log", "10: error: a log scale needs a lower bound above 0");
    refused("x = real 1 .. 2 log log", "21: error: 'log' is said twice");
    refused("x = real 1 .. 2 step", "21: error: expected the step, found the end of the line");
    refused("x = real 1 .. 2 step 0", "22: error: the step is not above 0");
    refused("x = real 1 .. 2 step 3", "22: error: the step is larger than the range");
    refused("x = real 1 .. 2 lgo", "17: error: unexpected 'lgo'; did you mean 'log'?");
    refused("x = real 1 .. 2 whatever", "17: error: unexpected 'whatever'");
    refused("x = int 0.5 .. 2", "9: error: the bounds of an int are whole numbers (between -2^53 and 2^53)");
    refused("x = int 0 .. 20 step 0.5", "22: error: the step of an int is a whole number");
    refused("x = normal 0", "13: error: expected the standard deviation, found the end of the line");
    refused("x = normal 0 0", "14: error: the standard deviation is not above 0");
    refused("x = normal 0 1 in 50 .. 60", "19: error: the range holds next to nothing of this distribution");
    refused("x = lognormal 0 1 in -1 .. 2", "22: error: lognormal values are above 0");
    refused("x = normal 0 1 log", "16: error: unexpected 'log'");
    refused("x = choice", "11: error: expected the values: A, B, ..., found the end of the line");
    refused("x = choice a", "5: error: only one value to choose from; write fixed V, or set the key in its section");
    refused("x = choice a,", "14: error: expected another value behind the comma, found the end of the line");
    refused("x = choice a,,b", "14: error: expected another value behind the comma, found ','");
    refused("x = choice a, b, a", "18: error: 'a' is there twice");
    refused("x = choice a b",
            "14: error: unexpected 'b'; values are separated by commas, and quoted where they hold blanks");
    refused("x = choice 1 .. 3", "14: error: unexpected '..' in a list of values; ranges are real or int");
    refused("x = choice a, \"b", "15: error: the quote \" is not closed");
    refused("x = choice a, b\"c\"", "16: error: quote inside a value; quote the whole value");
    refused("x = choice a weight 1, b", "5: error: some values have a weight and some have none");
    refused("x = choice a weight 0, b weight 1", "21: error: the weight is not above 0");
    refused("x = choice a wieght 1, b", "14: error: unexpected 'wieght'; did you mean 'weight'?");
    refused("x = ordinal a weight 1, b", "15: error: the values of an ordinal have no weights; write choice");
    refused("x = real 0 .. 1 if", "19: error: expected a key of [space], found the end of the line");
    refused("x = real 0 .. 1 if y", "21: error: expected =, !=, <, <=, > or >=, found the end of the line");
    refused("x = real 0 .. 1 if y =", "23: error: expected a value, found the end of the line");
    refused("x = real 0 .. 1 if y = a |", "27: error: expected a value, found the end of the line");
    refused("x = real 0 .. 1 if y < 1|2", "27: error: several values go with = and != only");
    refused("x = real 0 .. 1 if y = a, z = b",
            "25: error: conditions are joined by 'and'; several values of one key by '|'");
    refused("x = real 0 .. 1 if y = a z = b", "26: error: 'z' behind the condition; conditions are joined by 'and'");
    refused("x = real 0 .. 1 if y = a and", "29: error: expected a key of [space], found the end of the line");
    refused("where = 3 < a", "9: error: a relation starts with a key: key <= 10");
    refused("where = a = b",
            "11: error: '=' is no relation of a space: hardly any point would meet it; write <, <=, >, >= or !=");
    refused("where = a < b c", "15: error: unexpected 'c'; relations are separated by commas");
    refused("where = a <", "12: error: expected a key of [space] or a number, found the end of the line");
    refused("where = a", "10: error: expected =, !=, <, <=, > or >=, found the end of the line");
}

/* Random words of the grammar: never a crash, and every accepted line has a sane meaning. */
static void test_fuzz(void)
{
    static const char *const words[] = { "real", "int",   "normal", "lognormal", "choice", "ordinal",  "log",
                                         "step", "in",    "if",     "and",       "weight", "0",        "1",
                                         "-2",   "1e-3",  "5",      "..",        ",",      "|",        "=",
                                         "!=",   "<",     ">=",     "a",         "b.c",    "\"x, y\"", "'",
                                         "\"",   "where", "1e400",  ".",         "x..y" };
    static const char *const starts[] = {
        "", "real 1 .. 5 ", "int 1..5 ", "choice a, b ", "ordinal 1, 5 ", "normal 0 1 ", "a < b "
    };
    uint64_t state = 3;
    unsigned accepted = 0;
    struct text text = TEXT_INIT;
    for (int i = 0; i < 60000; i++) {
        struct config_item item = { NULL, NULL, NULL, { "f", 1, 1 }, { "f", 1, 5 }, NULL };
        struct config config = { &item, 1, 1, NULL, 0, 0, NULL, 0 };
        struct complaints complaints = COMPLAINTS_INIT;
        struct space_lines space;
        char section[] = "space", key[] = "k", where[] = "where", nothing[] = "";
        text_clear(&text);
        text_add(&text, starts[i % 7]);
        for (unsigned n = 0, words_n = (unsigned)(state >> 61); n < words_n; n++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            text_addf(&text, "%s%s", words[(state >> 33) % (n || i % 7 ? sizeof words / sizeof *words : 6)],
                      state >> 62 ? " " : "");
        }
        item.section = section;
        item.key = i % 5 ? key : where;
        item.value = text.data ? text.data : nothing;
        item.directory = nothing;
        const int rc = space_lines_parse(&space, &config, &complaints);
        CU_ASSERT_EQUAL(rc == 0, complaints.n == 0);
        for (size_t k = 0; rc == 0 && k < space.n_lines; k++) {
            const struct space_line *l = space.lines + k;
            accepted++;
            if (!(l->min < l->max || l->fixed) || !(l->step >= 0) || (l->n_choices && !l->choices) ||
                (l->flags & HONE_DIM_NORMAL && !(l->deviation > 0)))
                CU_FAIL("a line without meaning was accepted");
        }
        space_lines_release(&space);
        complaints_release(&complaints);
    }
    CU_ASSERT(accepted > 500);
    text_release(&text);
}

SUITE(TEST(test_ranges), TEST(test_choices), TEST(test_fixed), TEST(test_conditions), TEST(test_relations),
      TEST(test_mistakes), TEST(test_fuzz))
