/* SPDX-License-Identifier: MIT */
/* Cases for reporter/1: any news in any order, on terminals of any width. */
#include "check.h"

struct screen {
    uint32_t columns;
    struct bytes text;
};

static void screen_write(void *ctx, const char *text, uint64_t n)
{
    bytes_add(&((struct screen *)ctx)->text, text, (size_t)n);
}

static uint32_t screen_columns(void *ctx)
{
    return ((const struct screen *)ctx)->columns;
}

struct world {
    hone_value objectives[2], values[2];
    double trial_values[2];
    hone_parameter_record parameters[2];
    hone_trial_record trial, best;
    hone_report_record report;
    hone_worker_status workers[3];
    hone_status status;
};

static void make_world(struct world *w, uint32_t n)
{
    static const double odd[] = { 0.875, (double)NAN, HUGE_VAL, 1e-300, -1e300, 0 };
    memset(w, 0, sizeof *w);
    w->objectives[0] = (hone_value){ "validation.accuracy", 0, HONE_MAXIMIZE, 0 };
    w->objectives[1] = (hone_value){ "time", 0, HONE_MINIMIZE, 0 };
    w->values[0] = (hone_value){ "validation.accuracy", odd[n % 6], HONE_MAXIMIZE, 0 };
    w->values[1] = (hone_value){ "validation.loss", odd[(n + 1) % 6], HONE_MINIMIZE, 0 };
    w->trial_values[0] = odd[n % 6];
    w->trial_values[1] = odd[(n + 2) % 6];
    w->parameters[0] = (hone_parameter_record){ "optimizer.learning_rate", "0.05", 0.05 };
    w->parameters[1] = (hone_parameter_record){ "regularizer.a_rather_long_name_of_a_regularizer.enabled",
                                                "n\xc3\xa4in, \"quoted\"", 1 };
    w->trial = (hone_trial_record){ .size = sizeof w->trial,
                                    .state = n % 6,
                                    .number = n,
                                    .n_parameters = n % 3,
                                    .n_values = 1 + n % 2,
                                    .n_metrics = n % 3,
                                    .parameters = w->parameters,
                                    .values = w->trial_values,
                                    .metrics = w->values,
                                    .step = (int64_t)(n % 13),
                                    .best_step = (int64_t)(n % 5),
                                    .started = 1.7e9,
                                    .ended = n % 6 >= 3 ? 1.7e9 + n : 0,
                                    .worker = n % 3,
                                    .signal = n % 6 == HONE_STATE_FAILED ? 11 : 0,
                                    .component = n % 6 == HONE_STATE_FAILED ? "objective" : "",
                                    .message = n % 6 == HONE_STATE_FAILED
                                                   ? "a rather long message about what went wrong; in one line, though "
                                                     "it is far wider than most terminals are"
                                                   : "" };
    w->best = w->trial;
    w->best.state = HONE_STATE_COMPLETE;
    w->report = (hone_report_record){ sizeof w->report, 1 + n % 2, n,     0, (int64_t)(1 + n % 12),
                                      w->values,        1.7e9 + n, n % 3, 0 };
    for (uint32_t i = 0; i < 3; i++)
        w->workers[i] = (hone_worker_status){ sizeof w->workers[i], (n + i) % 2, n + i, (int64_t)i, 0.5 * n };
    w->status = (hone_status){ sizeof w->status,
                               1 + n % 2,
                               "a study",
                               w->objectives,
                               n % 4 ? 60 : 0,
                               n % 3 ? 0 : 1200,
                               0.37 * n,
                               n % 3,
                               n,
                               n / 2,
                               n / 5,
                               n % 2 ? 7 : 0,
                               n % 2 ? 12 : 0,
                               n > 3 ? &w->best : NULL,
                               n % 4,
                               n % 4,
                               n % 4 ? w->workers : NULL,
                               (uint64_t)(n % 3) };
}

static int hear(struct instance *in, const hone_reporter_v1 *reporter, uint32_t what, uint32_t n)
{
    static struct world w;
    struct check *c = in->c;
    hone_rc rc;
    make_world(&w, n);
    const hone_news news = { sizeof news,
                             what,
                             &w.status,
                             what == HONE_NOW_TRIAL || what == HONE_NOW_OUTCOME ? &w.trial : NULL,
                             what == HONE_NOW_REPORT || what == HONE_NOW_FINAL ? &w.report : NULL,
                             what == HONE_NOW_STARTED || what == HONE_NOW_NOTE ? "a line of text"
                             : what == HONE_NOW_ENDED                          ? "several\nlines\n"
                                                                               : NULL };
    check_enter(c, "hear (news %u)", what);
    rc = reporter->hear(in->self, &news, &in->err);
    TRY(check_leave(c));
    TRY(check_error(c, "hear", rc, &in->err));
    return rc >= 0 ? 0 : check_fail(c, "hear failed for news %u: %s", what, in->err.msg);
}

static int on_screen(struct check *c, uint32_t is_terminal, uint32_t quiet, uint32_t columns, int in_order)
{
    struct screen screen = { columns, { 0 } };
    const hone_terminal terminal = { sizeof terminal, is_terminal,  is_terminal,   quiet,
                                     &screen,         screen_write, screen_columns };
    hone_reporter_v1 reporter;
    struct instance in;
    hone_rc rc;
    TRY(check_iface(c, &reporter, sizeof reporter));
    if (!reporter.hear)
        return check_skip(c, "it hears nothing");
    TRY(instance_create(c, &in, 1));
    CALL(c, "open", rc = reporter.open(in.self, &terminal, &in.err));
    TRY(check_error(c, "open", rc, &in.err));
    if (rc < 0)
        return check_fail(c, "open failed: %s", in.err.msg);
    if (in_order) {
        TRY(hear(&in, &reporter, HONE_NOW_STARTED, 0));
        for (uint32_t n = 0; n < 60; n++) {
            TRY(hear(&in, &reporter, HONE_NOW_TRIAL, n));
            TRY(hear(&in, &reporter, HONE_NOW_REPORT, n));
            TRY(hear(&in, &reporter, HONE_NOW_TICK, n));
            TRY(hear(&in, &reporter, n % 7 ? HONE_NOW_OUTCOME : HONE_NOW_NOTE, n));
        }
        TRY(hear(&in, &reporter, HONE_NOW_FINAL, 60));
        TRY(hear(&in, &reporter, HONE_NOW_ENDED, 60));
    } else {
        for (uint32_t n = 0; n < 300; n++)
            TRY(hear(&in, &reporter, 1 + (uint32_t)hone_rng_below(&c->rng, 9),
                     (uint32_t)hone_rng_below(&c->rng, 100))); /* 9: news of a later minor */
    }
    for (size_t i = 0; i < screen.text.n && !is_terminal; i++)
        if (screen.text.data[i] == '\x1b' || screen.text.data[i] == '\r')
            return check_fail(c, "moves the cursor or colours where there is no terminal");
    if (!is_terminal && screen.text.n && screen.text.data[screen.text.n - 1] != '\n')
        return check_fail(c, "leaves an unfinished line where there is no terminal");
    bytes_release(&screen.text);
    return instance_destroy(&in);
}

static int case_study(struct check *c)
{
    TRY(on_screen(c, 0, 0, 80, 1));
    TRY(on_screen(c, 0, 1, 80, 1));
    TRY(on_screen(c, 1, 0, 80, 1));
    return on_screen(c, 1, 1, 120, 1);
}

static int case_disorder(struct check *c)
{
    static const uint32_t widths[] = { 0, 1, 7, 20, 79, 500, 100000 };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (uint32_t terminal = 0; terminal < 2; terminal++)
            TRY(on_screen(c, terminal, i % 2, widths[i], 0));
    return 0;
}

const struct check_case reporter_cases[] = {
    { "study", HONE_KIND_REPORTER, "a study from start to end, on a terminal and in a file", case_study },
    { "disorder", HONE_KIND_REPORTER, "news in any order, terminals of any width", case_disorder },
    { NULL, NULL, NULL, NULL },
};
