/* SPDX-License-Identifier: MIT */
/* regularizer/early_stopping: when it stops, what it keeps, what it brings back, and its state. */
#include "parameters.h"

struct weights {
    uint64_t now, kept; /* the epoch stands for the weights */
    int keeps, restores;
};

static hone_rc keep(void *ctx, hone_error *err)
{
    struct weights *w = (struct weights *)ctx;
    (void)err;
    w->kept = w->now;
    w->keeps++;
    return HONE_OK;
}

static hone_rc restore(void *ctx, hone_error *err)
{
    struct weights *w = (struct weights *)ctx;
    (void)err;
    w->now = w->kept;
    w->restores++;
    return HONE_OK;
}

static hone_rc epoch(struct component *c, struct weights *w, uint64_t number, double loss, double accuracy)
{
    const hone_value values[] = { { "loss", loss, HONE_MINIMIZE, 0 },
                                  { "accuracy", accuracy, HONE_MAXIMIZE, 0 },
                                  { "size", 1, HONE_NO_DIRECTION, 0 } };
    const hone_progress now = { sizeof now, 0, number, 100, 0, values, 3, 0, w, keep, restore };
    w->now = number;
    return regularizer(c)->on_epoch(c->self, &now, &c->err);
}

static hone_rc end(struct component *c, struct weights *w)
{
    const hone_progress now = { .size = sizeof now, .epochs = 100, .ctx = w, .keep = keep, .restore = restore };
    return regularizer(c)->at_end(c->self, &now, &c->err);
}

static void test_stops_after_patience_and_restores_the_best(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, "patience", "3", NULL), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 1, 1.0, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 2, 0.5, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 3, 0.6, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 4, 0.4, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 5, 0.4, 0), HONE_OK); /* equal is no improvement */
    CU_ASSERT_EQUAL(epoch(&c, &w, 6, (double)NAN, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 7, 0.5, 0), HONE_DONE);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.now, 4);
    CU_ASSERT_EQUAL(w.keeps, 3);
    component_close(&c);
}

static void test_follows_the_direction_of_the_metric(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, "monitor", "validation.accuracy", "patience", "2",
                                         "min_delta", "0.1", NULL),
                          HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 1, 1, 0.5), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 2, 1, 0.75), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 3, 0, 0.8), HONE_OK); /* by less than min_delta */
    CU_ASSERT_EQUAL(epoch(&c, &w, 4, 0, 0.8), HONE_DONE);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.now, 2);
    component_close(&c);
}

static void test_restores_without_a_stop_and_not_without_need(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, NULL), HONE_OK);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK); /* ended before the first epoch */
    CU_ASSERT_EQUAL(epoch(&c, &w, 1, 1, 0), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 2, 0.5, 0), HONE_OK);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.restores, 0);
    CU_ASSERT_EQUAL(epoch(&c, &w, 3, 0.7, 0), HONE_OK);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.now, 2);
    component_close(&c);
}

static void test_neutral_settings_touch_nothing(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, "patience", "1000000", "restore_best", "no", NULL),
                          HONE_OK);
    for (uint64_t e = 1; e <= 100; e++)
        CU_ASSERT_EQUAL(epoch(&c, &w, e, (double)e, 0), HONE_OK);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.keeps + w.restores, 0);
    CU_ASSERT_EQUAL(w.now, 100);
    component_close(&c);
}

static void test_says_which_metrics_there_are(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, "monitor", "acuracy", NULL), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 1, 1, 0), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(c.err.param, "monitor");
    CU_ASSERT_STRING_EQUAL(c.err.msg,
                           "monitor = acuracy is not among the metrics of the validation: loss, accuracy, size");
    component_close(&c);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, "monitor", "size", NULL), HONE_OK);
    CU_ASSERT_EQUAL(epoch(&c, &w, 1, 1, 0), HONE_EINVAL);
    component_close(&c);
}

static void test_does_nothing_without_validation(void)
{
    struct component c;
    struct weights w = { 0, 0, 0, 0 };
    const hone_progress now = {
        .size = sizeof now, .epoch = 1, .epochs = 2, .ctx = &w, .keep = keep, .restore = restore
    };
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "early_stopping", 1, NULL), HONE_OK);
    CU_ASSERT(regularizer(&c)->flags & HONE_REGULARIZER_VALIDATION);
    CU_ASSERT_EQUAL(regularizer(&c)->on_epoch(c.self, &now, &c.err), HONE_OK);
    CU_ASSERT_EQUAL(end(&c, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.keeps + w.restores, 0);
    component_close(&c);
}

static void test_a_resumed_training_stops_at_the_same_epoch(void)
{
    struct component one, two;
    static struct state s, again;
    struct weights w = { 0, 0, 0, 0 };
    CU_ASSERT_EQUAL_FATAL(component_open(&one, "early_stopping", 1, "patience", "2", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(component_open(&two, "early_stopping", 1, "patience", "2", NULL), HONE_OK);
    epoch(&one, &w, 1, 1, 0);
    epoch(&one, &w, 2, 2, 0);
    CU_ASSERT_EQUAL(component_save(&one, &s), HONE_OK);
    component_refuses_cut_states(&two, &s);
    CU_ASSERT_EQUAL(component_load(&two, &s), HONE_OK);
    CU_ASSERT_EQUAL(component_save(&two, &again), HONE_OK);
    CU_ASSERT(s.n == again.n && !memcmp(s.bytes, again.bytes, s.n));
    CU_ASSERT_EQUAL(epoch(&two, &w, 3, 1.5, 0), HONE_DONE);
    CU_ASSERT_EQUAL(end(&two, &w), HONE_OK);
    CU_ASSERT_EQUAL(w.now, 1);
    memset(s.bytes + 8, 0xff, s.n - 8);
    CU_ASSERT(component_load(&two, &s) < 0);
    s.bytes[0] ^= 1;
    CU_ASSERT(component_load(&two, &s) < 0);
    component_close(&one);
    component_close(&two);
}

SUITE(TEST(test_stops_after_patience_and_restores_the_best), TEST(test_follows_the_direction_of_the_metric),
      TEST(test_restores_without_a_stop_and_not_without_need), TEST(test_neutral_settings_touch_nothing),
      TEST(test_says_which_metrics_there_are), TEST(test_does_nothing_without_validation),
      TEST(test_a_resumed_training_stops_at_the_same_epoch))
