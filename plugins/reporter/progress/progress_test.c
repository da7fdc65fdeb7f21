/* SPDX-License-Identifier: MIT */
/* reporter/progress: what a user sees, to the byte in a log and to the row on a terminal (a small terminal of our own
 * interprets what is written), and how little is written when news come fast. */
#include "harness.h"
#include "hone/reporter.h"
#include "text.h"
#include "words.h"

#include <math.h>

/* ---- a terminal ---- */
enum { ROWS = 30, COLUMNS = 200 };
struct screen {
    char cells[ROWS][COLUMNS][8]; /* one character each, "" is blank */
    unsigned row, column, width;
    unsigned writes;
    size_t bytes;
    char last[65536]; /* of the last write */
    char all[65536];
    int folded; /* a line ran into the border: it would fold */
};

static void screen_text(struct screen *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        unsigned count = 0;
        if (bytes[i] == '\n') {
            s->row++;
            s->column = 0;
            i++;
        } else if (bytes[i] == '\r') {
            s->column = 0;
            i++;
        } else if (bytes[i] == '\033') {
            CU_ASSERT(bytes[i + 1] == '[');
            for (i += 2; bytes[i] >= '0' && bytes[i] <= '9'; i++)
                count = count * 10 + (unsigned)(bytes[i] - '0');
            if (bytes[i] == 'A')
                s->row = s->row > count ? s->row - count : 0;
            else if (bytes[i] == 'K' || bytes[i] == 'J')
                for (unsigned r = s->row; r < (bytes[i] == 'K' ? s->row + 1 : ROWS); r++)
                    for (unsigned c = r == s->row ? s->column : 0; c < COLUMNS; c++)
                        s->cells[r][c][0] = '\0';
            else
                CU_ASSERT_EQUAL(bytes[i], 'm');
            i++;
        } else {
            uint32_t code;
            const size_t length = utf8_decode(bytes + i, n - i, &code);
            if (s->column == s->width) {
                s->folded = 1;
                s->row++;
                s->column = 0;
            }
            CU_ASSERT_FATAL(s->row < ROWS && code != 0xfffd && code >= 0x20);
            memcpy(s->cells[s->row][s->column], bytes + i, length);
            s->cells[s->row][s->column++][length] = '\0';
            i += length;
        }
    }
}

static void screen_write(void *ctx, const char *text, uint64_t n)
{
    struct screen *s = ctx;
    const size_t kept = n < sizeof s->last ? (size_t)n : sizeof s->last - 1;
    memcpy(s->last, text, kept);
    s->last[kept] = '\0';
    if (s->bytes + n < sizeof s->all)
        memcpy(s->all + s->bytes, text, n);
    s->writes++;
    s->bytes += n;
    if (s->width)
        screen_text(s, text, n);
}

static uint32_t screen_columns(void *ctx)
{
    return ((struct screen *)ctx)->width;
}

static const char *screen_row(const struct screen *s, unsigned row)
{
    static char text[COLUMNS * 8];
    size_t n = 0;
    for (unsigned c = 0; c < COLUMNS; c++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s", s->cells[row][c][0] ? s->cells[row][c] : " ");
    while (n && text[n - 1] == ' ')
        text[--n] = '\0';
    return text;
}

#define ASSERT_TEXT(actual, expected)                                                    \
    do {                                                                                 \
        if (strcmp(actual, expected))                                                    \
            printf("# line %d: got  '%s'\n# wanted '%s'\n", __LINE__, actual, expected); \
        CU_ASSERT_STRING_EQUAL(actual, expected);                                        \
    } while (0)

/* ---- a study ---- */
struct fixture {
    struct screen screen;
    hone_terminal terminal;
    hone_status status;
    hone_news news;
    hone_worker_status workers[2];
    const hone_reporter_v1 *api;
    const hone_component *component;
    void *self;
    hone_error err;
};

static const hone_value objectives[] = { { "validation.accuracy", 0, 2, 0 }, { "seconds", 0, 1, 0 } };
static const hone_parameter_record point[] = { { "optimizer.learning_rate", "0.012345678901234567",
                                                 0.012345678901234567 },
                                               { "optimizer.use", "sgd", 0 },
                                               { "model.hidden", "256, 128", 3 },
                                               { "regularizer.dropout.rate", "0.2", 0.2 } };
static const double values[] = { 0.89123456, 12.5 };

static hone_trial_record trial_of(uint64_t number, uint32_t state)
{
    const hone_trial_record trial = { .size = sizeof trial,
                                      .state = state,
                                      .number = number,
                                      .n_parameters = 4,
                                      .n_values = 1,
                                      .parameters = point,
                                      .values = values,
                                      .step = 12,
                                      .started = 1000,
                                      .ended = 1003.4,
                                      .component = "",
                                      .message = "" };
    return trial;
}

static void fixture_init(struct fixture *f, unsigned width, uint32_t is_terminal, uint32_t quiet, const char *locale)
{
    memset(f, 0, sizeof *f);
    f->err = (hone_error)HONE_ERROR_INIT;
    f->screen.width = is_terminal ? width : 0;
    f->terminal = (hone_terminal){
        sizeof f->terminal, is_terminal, 0, quiet, &f->screen, screen_write, screen_columns
    };
    f->workers[0] = (hone_worker_status){ sizeof f->workers[0], 1, 43, 7, 3 };
    f->workers[1] = (hone_worker_status){ sizeof f->workers[1], 0, 0, 0, 0 };
    f->status = (hone_status){ .size = sizeof f->status,
                               .n_objectives = 1,
                               .study = "fashion",
                               .objectives = objectives,
                               .trials = 60,
                               .max_step = 12,
                               .n_workers = 2,
                               .workers = f->workers };
    f->news = (hone_news){ .size = sizeof f->news, .status = &f->status };
    f->component = hone_module_v1()->components[0];
    f->api = f->component->iface;
    setenv("LC_ALL", locale, 1);
    CU_ASSERT_EQUAL(f->component->create(NULL, NULL, &f->self, &f->err), HONE_OK);
    CU_ASSERT_EQUAL(f->api->open(f->self, &f->terminal, &f->err), HONE_OK);
}

static void tell(struct fixture *f, uint32_t what, const hone_trial_record *trial, const hone_report_record *report,
                 const char *text)
{
    f->news.what = what;
    f->news.trial = trial;
    f->news.report = report;
    f->news.text = text;
    CU_ASSERT_EQUAL(f->api->hear(f->self, &f->news, &f->err), HONE_OK);
}

static void tick(struct fixture *f, double seconds)
{
    f->status.elapsed += seconds;
    tell(f, HONE_NOW_TICK, NULL, NULL, NULL);
}

static void fixture_release(struct fixture *f)
{
    f->component->destroy(f->self);
}

static hone_trial_record crashed(void)
{
    hone_trial_record failed = trial_of(19, HONE_STATE_FAILED);
    failed.signal = 11;
    failed.component = "regularizer.dropout";
    failed.message = "died in step 4\n\033[2Jof evil";
    failed.n_values = 0;
    failed.step = 4;
    failed.n_parameters = 1;
    return failed;
}

/* ---- a log ---- */
static void tell_study(struct fixture *f)
{
    hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE), pruned = trial_of(18, HONE_STATE_PRUNED),
                      failed = crashed();
    const hone_value reported = { "training.loss", 0.25, 1, 0 };
    hone_report_record report = { .size = sizeof report, .n_values = 1, .trial = 17, .step = 3, .values = &reported };
    tell(f, HONE_NOW_STARTED, NULL, NULL, "study 'fashion', 60 trials, 2 workers");
    tell(f, HONE_NOW_TRIAL, &best, NULL, NULL);
    tell(f, HONE_NOW_REPORT, NULL, &report, NULL);
    f->status.best = &best;
    tell(f, HONE_NOW_OUTCOME, &best, NULL, NULL);
    pruned.step = 1;
    pruned.ended = 1000.0125;
    pruned.message = "worse than the median at step 1";
    tell(f, HONE_NOW_OUTCOME, &pruned, NULL, NULL);
    tell(f, HONE_NOW_NOTE, NULL, NULL, "warning: x");
    tell(f, HONE_NOW_OUTCOME, &failed, NULL, NULL);
    tick(f, 0.2);
    tell(f, HONE_NOW_FINAL, NULL, &report, NULL);
    tell(f, HONE_NOW_ENDED, NULL, NULL, "best trial 17\n\nmodel m.safetensors");
}

#define FAILED_LINE                                                                                                    \
    "trial 19 failed  regularizer.dropout: signal 11 (segmentation fault): died in step 4  [2Jof evil  4 steps  3.4 s" \
    "  optimizer.learning_rate=0.012345678901234567\n"

static void test_log(void)
{
    static const char expected[] =
        "study 'fashion', 60 trials, 2 workers\n"
        "trial 17 complete  validation.accuracy 0.891235 (best)  12 steps  3.4 s  "
        "optimizer.learning_rate=0.012345678901234567"
        " optimizer.use=sgd model.hidden=256, 128 regularizer.dropout.rate=0.2\n"
        "trial 18 pruned  validation.accuracy 0.891235  worse than the median at step 1  1 step  12.5 ms"
        "  optimizer.learning_rate=0.012345678901234567 optimizer.use=sgd model.hidden=256, 128 "
        "regularizer.dropout.rate=0.2\n"
        "warning: x\n" FAILED_LINE "final training  3/12  training.loss 0.25\n"
        "best trial 17\n"
        "\n"
        "model m.safetensors\n";
    struct fixture f;
    fixture_init(&f, 80, 0, 0, "C");
    tell_study(&f);
    ASSERT_TEXT(f.screen.all, expected);
    CU_ASSERT_EQUAL(f.screen.writes, 3); /* the start, the tick, the end */
    fixture_release(&f);
}

/* A paused trial has no end yet: no time is made up for it. */
static void test_log_of_a_paused_trial(void)
{
    hone_trial_record paused = trial_of(3, HONE_STATE_PAUSED);
    struct fixture f;
    fixture_init(&f, 80, 0, 0, "C");
    paused.ended = 0;
    paused.n_parameters = 0;
    tell(&f, HONE_NOW_OUTCOME, &paused, NULL, NULL);
    tick(&f, 0.2);
    ASSERT_TEXT(f.screen.all, "trial 3 paused  validation.accuracy 0.891235  12 steps\n");
    fixture_release(&f);
}

static void test_quiet(void)
{
    for (uint32_t is_terminal = 0; is_terminal < 2; is_terminal++) {
        struct fixture f;
        fixture_init(&f, 80, is_terminal, 1, "C");
        f.screen.width = 0;
        tell_study(&f);
        ASSERT_TEXT(f.screen.all, FAILED_LINE "best trial 17\n\nmodel m.safetensors\n");
        fixture_release(&f);
    }
}

static void test_log_several_objectives(void)
{
    struct fixture f;
    hone_trial_record best = trial_of(3, HONE_STATE_COMPLETE);
    const double half[] = { (double)NAN, 12.5 };
    fixture_init(&f, 80, 0, 0, "C");
    f.status.n_objectives = 2;
    best.n_values = 2;
    best.n_parameters = 0;
    best.ended = 1075;
    f.status.best = &best;
    tell(&f, HONE_NOW_OUTCOME, &best, NULL, NULL);
    best.number = 4; /* one of the values is missing */
    f.status.best = NULL;
    best.values = half;
    best.step = 0; /* and it knows no steps */
    tell(&f, HONE_NOW_OUTCOME, &best, NULL, NULL);
    tick(&f, 1);
    ASSERT_TEXT(f.screen.all,
                "trial 3 complete  validation.accuracy 0.891235  seconds 12.5 (on the front)  12 steps  1:15\n"
                "trial 4 complete  seconds 12.5  1:15\n");
    fixture_release(&f);
}

/* Lines wait for a tick or a tenth of a second; at the end nothing is left; without an end nothing is lost either. */
static void test_log_is_written_in_blocks(void)
{
    struct fixture f;
    hone_trial_record trial = trial_of(0, HONE_STATE_COMPLETE);
    fixture_init(&f, 80, 0, 0, "C");
    trial.n_parameters = 1;
    for (trial.number = 0; trial.number < 10000; trial.number++) {
        f.status.elapsed += 0.0005; /* five seconds in all */
        tell(&f, HONE_NOW_OUTCOME, &trial, NULL, NULL);
    }
    CU_ASSERT(f.screen.writes >= 20 && f.screen.writes < 60);
    fixture_release(&f);
    size_t lines = 0;
    char expected[32];
    for (const char *c = f.screen.last; *c; c++)
        lines += *c == '\n';
    CU_ASSERT(lines > 0);
    snprintf(expected, sizeof expected, "trial %d complete", 9999);
    CU_ASSERT_PTR_NOT_NULL(strstr(f.screen.last, expected));
}

/* ---- the block ---- */
static void test_block_rows(void)
{
    struct fixture f;
    hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE), failed = crashed();
    fixture_init(&f, 80, 1, 0, "C.UTF-8");
    tell(&f, HONE_NOW_STARTED, NULL, NULL, "study 'fashion', 60 trials, 2 workers");
    ASSERT_TEXT(screen_row(&f.screen, 0), "study 'fashion', 60 trials, 2 workers");
    ASSERT_TEXT(screen_row(&f.screen, 1),
                "fashion  ──────────────────────────────────────────────────────────  0/60  0:00");
    ASSERT_TEXT(screen_row(&f.screen, 2), "trials   0 running  0 complete  0 pruned  0 failed");
    ASSERT_TEXT(screen_row(&f.screen, 3), "best     none yet");
    ASSERT_TEXT(screen_row(&f.screen, 4), "workers  trial 43 7/12   idle");
    CU_ASSERT_EQUAL(f.screen.row, 5);

    f.status.elapsed = 90;
    f.status.running = 2;
    f.status.complete = 25;
    f.status.pruned = 4;
    f.status.failed = 1;
    f.status.best = &best;
    tell(&f, HONE_NOW_OUTCOME, &best, NULL, NULL);
    ASSERT_TEXT(screen_row(&f.screen, 1),
                "fashion  ━━━━━━━━━━━━━━━━━━━━━━━───────────────────────  30/60  1:30  1:30 left");
    ASSERT_TEXT(screen_row(&f.screen, 2), "trials   2 running  25 complete  4 pruned  1 failed");
    ASSERT_TEXT(screen_row(&f.screen, 3), "best     0.891235 validation.accuracy  trial 17");
    ASSERT_TEXT(screen_row(&f.screen, 4),
                "         learning_rate=0.01235  optimizer.use=sgd  hidden=256, 128  dropout.ra…");
    ASSERT_TEXT(screen_row(&f.screen, 5), "workers  trial 43 7/12   idle");
    CU_ASSERT_EQUAL(f.screen.row, 6);

    tick(&f, 10); /* counts down between outcomes */
    ASSERT_TEXT(screen_row(&f.screen, 1),
                "fashion  ━━━━━━━━━━━━━━━━━━━━━━━───────────────────────  30/60  1:40  1:20 left");
    tell(&f, HONE_NOW_OUTCOME, &failed, NULL, NULL); /* scrolls above */
    tell(&f, HONE_NOW_NOTE, NULL, NULL, "warning: x");
    tick(&f, 1);
    ASSERT_TEXT(screen_row(&f.screen, 0), "study 'fashion', 60 trials, 2 workers");
    ASSERT_TEXT(screen_row(&f.screen, 1),
                "trial 19 failed  regularizer.dropout: signal 11 (segmentation fault): died in st");
    ASSERT_TEXT(screen_row(&f.screen, 2), "ep 4  [2Jof evil");
    ASSERT_TEXT(screen_row(&f.screen, 3), "warning: x");
    CU_ASSERT(!strncmp(screen_row(&f.screen, 4), "fashion  ", 9));
    ASSERT_TEXT(screen_row(&f.screen, 8), "workers  trial 43 7/12   idle");
    ASSERT_TEXT(screen_row(&f.screen, 9), "");
    fixture_release(&f);
}

static void test_block_wide_ascii(void)
{
    struct fixture f;
    hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE);
    fixture_init(&f, 120, 1, 0, "C");
    f.status.complete = 40;
    f.status.before = 10;
    f.status.elapsed = 3600;
    f.status.time = 7200;
    f.status.best = &best;
    f.status.max_step = 0;
    tell(&f, HONE_NOW_OUTCOME, &best, NULL, NULL);
    /* 30 trials of this run in an hour: 20 more take 40 minutes, less than the hour that the time budget leaves */
    ASSERT_TEXT(screen_row(&f.screen, 0), "fashion  [########################################--------------------]  "
                                          "40/60  1:00:00 of 2:00:00  40:00 left");
    ASSERT_TEXT(screen_row(&f.screen, 1),
                "trials   0 running  40 complete  0 pruned  0 failed  (10 of an earlier run)");
    ASSERT_TEXT(screen_row(&f.screen, 2), "best     0.891235 validation.accuracy  trial 17");
    ASSERT_TEXT(screen_row(&f.screen, 3),
                "         learning_rate=0.01235  optimizer.use=sgd  hidden=256, 128  dropout.rate=0.2");
    ASSERT_TEXT(screen_row(&f.screen, 4), "workers  trial 43 step 7   idle");
    CU_ASSERT_FALSE(f.screen.folded);
    fixture_release(&f);
}

static void test_block_several_objectives(void)
{
    struct fixture f;
    hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE);
    fixture_init(&f, 100, 1, 0, "C.UTF-8");
    f.status.n_objectives = 2;
    best.n_values = 2;
    best.n_parameters = 1;
    f.status.n_front = 12;
    f.status.best = &best;
    tick(&f, 1);
    ASSERT_TEXT(screen_row(&f.screen, 2),
                "front    12 trials, one of them  0.891235 validation.accuracy  12.5 seconds  trial 17");
    ASSERT_TEXT(screen_row(&f.screen, 3), "         learning_rate=0.01235");
    fixture_release(&f);
}

static void test_final_and_end(void)
{
    struct fixture f;
    hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE);
    const hone_value reported[] = { { "training.loss", 0.25, 1, 0 }, { "accuracy", 0.87654321, 2, 0 } };
    const hone_report_record report = { .size = sizeof report, .n_values = 2, .step = 3, .values = reported };
    fixture_init(&f, 80, 1, 0, "C.UTF-8");
    f.status.complete = 60;
    f.status.best = &best;
    best.n_parameters = 1;
    tick(&f, 61);
    tell(&f, HONE_NOW_FINAL, NULL, &report, NULL);
    ASSERT_TEXT(screen_row(&f.screen, 0),
                "fashion  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  60/60  1:01");
    ASSERT_TEXT(screen_row(&f.screen, 2), "best     0.891235 validation.accuracy  trial 17  learning_rate=0.01235");
    ASSERT_TEXT(screen_row(&f.screen, 3),
                "final    ━━━━━━╸────────────────────  3/12  training.loss 0.25  accuracy 0.8765");
    tick(&f, 1); /* a tick knows nothing of the report */
    CU_ASSERT(!strncmp(screen_row(&f.screen, 3), "final    ", 9));
    tell(&f, HONE_NOW_ENDED, NULL, NULL, "best trial 17\nmodel m");
    ASSERT_TEXT(screen_row(&f.screen, 0),
                "fashion  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━  60/60  1:02");
    ASSERT_TEXT(screen_row(&f.screen, 1), "trials   60 complete  0 pruned  0 failed");
    ASSERT_TEXT(screen_row(&f.screen, 2), "best trial 17");
    ASSERT_TEXT(screen_row(&f.screen, 3), "model m");
    ASSERT_TEXT(screen_row(&f.screen, 4), "");
    CU_ASSERT_EQUAL(f.screen.row, 4);
    fixture_release(&f);
}

/* To the byte, with colours. */
static void test_block_bytes(void)
{
    struct fixture f;
    fixture_init(&f, 60, 1, 0, "C.UTF-8");
    f.terminal.colour = 1;
    f.status.trials = 4;
    f.status.complete = 2;
    f.status.n_workers = 0;
    f.status.elapsed = 4;
    tick(&f, 0);
    ASSERT_TEXT(f.screen.last,
                "\033[J\033[1mfashion\033[0m  \033[32m━━━━━━━━━━━━━━━━━━━╸\033[0m\033[2m───────────────────\033[0m  "
                "\033[1m2/4\033[0m  0:04\033[K\n"
                "\033[2mtrials\033[0m   \033[2m0 running  \033[0m\033[32m2 complete\033[0m\033[2m  0 pruned  0 "
                "failed\033[0m\033[K\n"
                "\033[2mbest\033[0m     \033[2mnone yet\033[0m\033[K\n\033[J");
    tick(&f, 1);
    CU_ASSERT(!strncmp(f.screen.last, "\033[3A\r\033[1mfashion", 16)); /* over itself, without clearing first */
    f.screen.width = 30; /* two of the three lines are wider than that: folded */
    f.status.elapsed += 1;
    tell(&f, HONE_NOW_TICK, NULL, NULL, NULL);
    CU_ASSERT(!strncmp(f.screen.last, "\033[5A\r\033[J", 8));
    fixture_release(&f);
}

/* No line is ever as wide as the terminal, whatever is in it; wide and combining characters are counted as such. */
static void test_any_width(void)
{
    static const hone_parameter_record wide[] = { { "a.\xe5\xad\xa6\xe7\xbf\x92\xe7\x8e\x87", "\xe9\xab\x98", 0 },
                                                  { "b.e\xcc\x81", "\xff\xfe\x80\033\t\xc2\x9b", 0 } };
    for (unsigned width = 10; width < 130; width++) {
        struct fixture f;
        hone_trial_record best = trial_of(17, HONE_STATE_COMPLETE);
        fixture_init(&f, width, 1, 0, width % 2 ? "C" : "de_DE.utf8");
        best.parameters = wide;
        best.n_parameters = 2;
        f.status.best = &best;
        f.status.study = "a study with \xe4\xb8\xad\xe6\x96\x87 name, a long one";
        f.status.running = 123456;
        f.status.complete = 30;
        tell(&f, HONE_NOW_OUTCOME, &best, NULL, NULL);
        tick(&f, 1);
        CU_ASSERT_FALSE(f.screen.folded);
        CU_ASSERT(f.screen.row <= 5);
        fixture_release(&f);
    }
    CU_ASSERT_EQUAL(utf8_columns("e\xcc\x81 \xe5\xad\xa6"), 4);
}

static void test_rate_limit(void)
{
    struct fixture f;
    fixture_init(&f, 80, 1, 0, "C");
    const hone_report_record report = { .size = sizeof report, .trial = 1, .step = 1 };
    for (int i = 0; i < 10000; i++) {
        f.status.elapsed += 0.0003; /* three seconds in all */
        tell(&f, HONE_NOW_REPORT, NULL, &report, NULL);
    }
    CU_ASSERT(f.screen.writes >= 25 && f.screen.writes <= 31);
    fixture_release(&f);
}

static void test_words(void)
{
    char out[DURATION_SIZE];
    ASSERT_TEXT(words_duration(0, out), "0:00");
    ASSERT_TEXT(words_duration(59.99, out), "0:59");
    ASSERT_TEXT(words_duration(3600, out), "1:00:00");
    ASSERT_TEXT(words_duration(86400 * 3.0 + 3600 * 4 + 300, out), "3d 4:05");
    ASSERT_TEXT(words_duration(-5, out), "0:00");
    ASSERT_TEXT(words_duration((double)NAN, out), "0:00");
    ASSERT_TEXT(words_duration((double)INFINITY, out), "11574d 1:46");
    ASSERT_TEXT(words_seconds(0.0123, out), "12.3 ms");
    ASSERT_TEXT(words_seconds(5.678, out), "5.68 s");
    ASSERT_TEXT(words_seconds(61, out), "1:01");
    const hone_parameter_record keys[] = { { "a.rate", "", 0 },
                                           { "b.rate", "", 0 },
                                           { "regularizer.l2.strength", "", 0 },
                                           { "plain", "", 0 },
                                           { "model.use", "", 0 } };
    ASSERT_TEXT(words_short_key(keys, 5, 0), "a.rate");
    ASSERT_TEXT(words_short_key(keys, 5, 2), "l2.strength");
    ASSERT_TEXT(words_short_key(keys, 5, 3), "plain");
    ASSERT_TEXT(words_short_key(keys, 5, 4), "model.use");
}

SUITE(TEST(test_log), TEST(test_log_of_a_paused_trial), TEST(test_quiet), TEST(test_log_several_objectives),
      TEST(test_log_is_written_in_blocks), TEST(test_block_rows), TEST(test_block_wide_ascii),
      TEST(test_block_several_objectives), TEST(test_final_and_end), TEST(test_block_bytes), TEST(test_any_width),
      TEST(test_rate_limit), TEST(test_words))
