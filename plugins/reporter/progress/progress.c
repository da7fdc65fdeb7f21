/* SPDX-License-Identifier: MIT */
/* reporter/progress: what `hone run` shows while it runs.
 *
 * On a terminal, one block of up to five lines is redrawn in place; warnings and failures scroll above it. Elsewhere, a line
 * per trial. Everything is composed in one buffer and written at once, at most ten times a second, and time is the status's:
 * a study of ten thousand quick trials costs a comparison per piece of news. */
#include "hone/param.h"
#include "hone/reporter.h"
#include "text.h"
#include "words.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_LINES = 5,
    LABEL_MIN = 7,
    LABEL_MAX = 16,
    BAR_MIN = 8,
    BAR_MAX = 60,
    MIN_COLUMNS = 10,
    FINAL_VALUES = 3,
    BUFFER_FULL = 1 << 15
};
static const double interval = 0.1; /* seconds between two updates at least */

struct progress {
    const hone_terminal *terminal;
    int unicode;
    struct text above; /* whole lines that wait to be written, above the block where there is one */
    struct text out;   /* one update */
    struct line line;  /* the line being composed */
    unsigned drawn;    /* lines of the block on the screen */
    unsigned columns;  /* of the terminal when they were drawn */
    unsigned widths[MAX_LINES];
    double written;         /* status->elapsed at the last update; < 0: none yet */
    double outcome;         /* status->elapsed at the last outcome */
    int final;              /* the last training of the winner goes on */
    double final_share;     /* of its epochs; < 0: unknown */
    struct line final_line; /* its epoch and what it measured */
    int ended;
};

/* The bar's characters, where the user's locale is UTF-8 (the environment is asked: a plugin sets no locale). */
static int terminal_is_unicode(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return 0;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    struct progress *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the progress display");
    p->written = -1;
    *self = p;
    return HONE_OK;
}

static hone_rc progress_open(void *self, const hone_terminal *terminal, hone_error *err)
{
    struct progress *p = self;
    (void)err;
    p->terminal = terminal;
    p->unicode = terminal_is_unicode();
    return HONE_OK;
}

static void destroy(void *self)
{
    struct progress *p = self;
    if (!p)
        return;
    if (p->terminal && p->above.length) /* the study ended without its end: nothing that was said is lost */
        p->terminal->write(p->terminal->ctx, p->above.bytes, p->above.length);
    text_release(&p->above);
    text_release(&p->out);
    line_release(&p->line);
    line_release(&p->final_line);
    free(p);
}

/* ---- time ---- */
static uint64_t trials_done(const hone_status *s)
{
    return s->complete + s->pruned + s->failed;
}

/* Seconds until the budget is used up; < 0: unknown. The pace is that of this run up to the last outcome, so that the
 * number counts down evenly between two outcomes. */
static double time_left(const struct progress *p, const hone_status *s)
{
    double left = -1;
    const uint64_t done = trials_done(s);
    if (s->trials && done > s->before && p->outcome > 0) {
        const double pace = p->outcome / (double)(done - s->before);
        left = s->trials > done ? (double)(s->trials - done) * pace - (s->elapsed - p->outcome) : 0;
        left = left > 0 ? left : 0;
    }
    if (s->time > 0) {
        const double of_time = s->time > s->elapsed ? s->time - s->elapsed : 0;
        left = left < 0 || of_time < left ? of_time : left;
    }
    return left;
}

/* Share of the budget that is used up, whichever of the two comes first; < 0: no budget. */
static double share_done(const hone_status *s)
{
    double share = -1;
    if (s->trials)
        share = (double)trials_done(s) / (double)s->trials;
    if (s->time > 0 && s->elapsed / s->time > share)
        share = s->elapsed / s->time;
    return share > 1 ? 1 : share;
}

/* ---- the block ---- */
struct frame {
    struct progress *p;
    const hone_status *status;
    unsigned columns, label, n, widths[MAX_LINES];
};

static void label(struct frame *frame, enum style style, const char *text)
{
    struct line *line = &frame->p->line;
    line_empty(line);
    line_clean(line, style, text);
    const unsigned width = line_width(line);
    line_printf(line, STYLE_PLAIN, "%*s", (int)(width < frame->label ? frame->label - width : 0) + 2, "");
}

static void end_line(struct frame *frame)
{
    struct progress *p = frame->p;
    frame->widths[frame->n++] = line_emit(&p->line, &p->out, frame->columns - 1, p->terminal->colour != 0, p->unicode);
    text_printf(&p->out, "\033[K\n");
}

static void bar(struct frame *frame, double share, unsigned width)
{
    struct line *line = &frame->p->line;
    const int unicode = frame->p->unicode;
    const unsigned halves = (unsigned)(share * width * 2 + 1e-9);
    if (!unicode)
        line_printf(line, STYLE_PLAIN, "[");
    for (unsigned i = 0; i < width; i++) {
        const int full = 2 * i + 2 <= halves, half = 2 * i + 1 == halves;
        const char *done = unicode ? "\xe2\x94\x81" : "#";
        const char *halfway = unicode ? "\xe2\x95\xb8" : "-", *open = unicode ? "\xe2\x94\x80" : "-";
        line_printf(line, full || (half && unicode) ? STYLE_GREEN : STYLE_DIM, "%s",
                    full   ? done
                    : half ? halfway
                           : open);
    }
    if (!unicode)
        line_printf(line, STYLE_PLAIN, "]");
}

/* The bar in what the texts around it leave of the line; none where that is too little. */
static void bar_between(struct frame *frame, double share, const struct line *right)
{
    const unsigned ends = frame->p->unicode ? 0 : 2, used = line_width(&frame->p->line) + line_width(right) + 2 + ends;
    const unsigned room = frame->columns - 1 > used ? frame->columns - 1 - used : 0;
    if (share >= 0 && room >= BAR_MIN) {
        bar(frame, share, room < BAR_MAX ? room : BAR_MAX);
        line_printf(&frame->p->line, STYLE_PLAIN, "  ");
    }
    text_append(&frame->p->line.text, right->text.bytes, right->text.length);
    text_append(&frame->p->line.styles, right->styles.bytes, right->styles.length);
    frame->p->line.text.failed |= right->text.failed | right->styles.failed;
}

static void draw_budget(struct frame *frame)
{
    const hone_status *s = frame->status;
    const double left = time_left(frame->p, s);
    struct line right = { 0 };
    char duration[DURATION_SIZE];
    label(frame, STYLE_BOLD, s->study ? s->study : "");
    if (s->trials)
        line_printf(&right, STYLE_BOLD, "%llu/%llu", (unsigned long long)trials_done(s), (unsigned long long)s->trials);
    else
        line_printf(&right, STYLE_BOLD, "%llu trials", (unsigned long long)trials_done(s));
    line_printf(&right, STYLE_PLAIN, "  %s", words_duration(s->elapsed, duration));
    if (s->time > 0)
        line_printf(&right, STYLE_PLAIN, " of %s", words_duration(s->time, duration));
    if (left >= 0 && !frame->p->final && !frame->p->ended)
        line_printf(&right, STYLE_DIM, "  %s left", words_duration(left, duration));
    bar_between(frame, share_done(s), &right);
    line_release(&right);
    end_line(frame);
}

static void draw_counts(struct frame *frame)
{
    const hone_status *s = frame->status;
    struct line *line = &frame->p->line;
    label(frame, STYLE_DIM, "trials");
    if (!frame->p->ended)
        line_printf(line, s->running ? STYLE_CYAN : STYLE_DIM, "%llu running  ", (unsigned long long)s->running);
    line_printf(line, s->complete ? STYLE_GREEN : STYLE_DIM, "%llu complete", (unsigned long long)s->complete);
    line_printf(line, s->pruned ? STYLE_YELLOW : STYLE_DIM, "  %llu pruned", (unsigned long long)s->pruned);
    line_printf(line, s->failed ? STYLE_RED : STYLE_DIM, "  %llu failed", (unsigned long long)s->failed);
    if (s->before)
        line_printf(line, STYLE_DIM, "  (%llu of an earlier run)", (unsigned long long)s->before);
    end_line(frame);
}

static void draw_best(struct frame *frame)
{
    const hone_status *s = frame->status;
    const hone_trial_record *best = s->best;
    struct line *line = &frame->p->line, point = { 0 };
    label(frame, STYLE_DIM, s->n_objectives > 1 ? "front" : "best");
    if (!best) {
        line_printf(line, STYLE_DIM, "none yet");
        end_line(frame);
        return;
    }
    if (s->n_objectives > 1)
        line_printf(line, STYLE_PLAIN, "%u %s, one of them  ", s->n_front, s->n_front == 1 ? "trial" : "trials");
    for (uint32_t i = 0; i < best->n_values && i < s->n_objectives; i++) {
        line_printf(line, STYLE_BOLD, "%.6g", best->values[i]);
        line_printf(line, STYLE_PLAIN, " ");
        line_clean(line, STYLE_PLAIN, s->objectives[i].name ? s->objectives[i].name : "");
        line_printf(line, STYLE_PLAIN, "  ");
    }
    line_printf(line, STYLE_PLAIN, "trial %llu", (unsigned long long)best->number);
    words_point_short(&point, best);
    if (line_width(line) + line_width(&point) + 2 > frame->columns - 1) { /* the point has a line of its own */
        end_line(frame);
        label(frame, STYLE_DIM, "");
    } else {
        line_printf(line, STYLE_PLAIN, "  ");
    }
    text_append(&line->text, point.text.bytes, point.text.length);
    text_append(&line->styles, point.styles.bytes, point.styles.length);
    line->text.failed |= point.text.failed | point.styles.failed;
    line_release(&point);
    end_line(frame);
}

static void draw_workers(struct frame *frame)
{
    const hone_status *s = frame->status;
    struct line *line = &frame->p->line;
    label(frame, STYLE_DIM, "workers");
    for (uint32_t i = 0; i < s->n_workers; i++) {
        const hone_worker_status *w = &s->workers[i];
        line_printf(line, STYLE_PLAIN, "%s", i ? "   " : "");
        if (!w->busy) {
            line_printf(line, STYLE_DIM, "idle");
            continue;
        }
        line_printf(line, STYLE_PLAIN, "trial %llu", (unsigned long long)w->trial);
        if (s->max_step > 0)
            line_printf(line, STYLE_CYAN, " %lld/%lld", (long long)w->step, (long long)s->max_step);
        else if (w->step > 0)
            line_printf(line, STYLE_CYAN, " step %lld", (long long)w->step);
    }
    end_line(frame);
}

static void draw_final(struct frame *frame)
{
    label(frame, STYLE_BOLD, "final");
    bar_between(frame, frame->p->final_share, &frame->p->final_line);
    end_line(frame);
}

/* The last training of the winner: kept, because a tick draws it without a report. */
static void keep_final(struct progress *p, const hone_status *status, const hone_report_record *report)
{
    const int64_t max = status->max_step;
    struct line *line = &p->final_line;
    line_empty(line);
    p->final_share = max <= 0 ? -1 : report->step < max ? (double)report->step / (double)max : 1;
    if (max > 0)
        line_printf(line, STYLE_BOLD, "%lld/%lld", (long long)report->step, (long long)max);
    else
        line_printf(line, STYLE_BOLD, "step %lld", (long long)report->step);
    for (uint32_t i = 0; i < report->n_values && i < FINAL_VALUES; i++) {
        line_printf(line, STYLE_PLAIN, "  ");
        line_clean(line, STYLE_DIM, report->values[i].name ? report->values[i].name : "");
        line_printf(line, STYLE_PLAIN, " %.4g", report->values[i].value);
    }
}

/* Rows that the block takes now: a terminal that has become narrower has folded its lines. */
static unsigned rows_drawn(const struct progress *p, unsigned columns)
{
    unsigned rows = 0;
    for (unsigned i = 0; i < p->drawn; i++)
        rows += p->widths[i] ? (p->widths[i] + columns - 1) / columns : 1;
    return rows;
}

static unsigned terminal_columns(const struct progress *p)
{
    const unsigned columns = p->terminal->columns ? p->terminal->columns(p->terminal->ctx) : 80;
    return columns < MIN_COLUMNS ? MIN_COLUMNS : columns;
}

static void redraw(struct progress *p, const hone_status *s)
{
    struct frame frame = { .p = p, .status = s, .columns = terminal_columns(p) };
    const unsigned name = utf8_columns(s->study ? s->study : ""), rows = rows_drawn(p, frame.columns);
    frame.label = name < LABEL_MIN ? LABEL_MIN : name > LABEL_MAX ? LABEL_MAX : name;
    p->out.length = 0;
    if (rows)
        text_printf(&p->out, "\033[%uA\r", rows);
    /* Lines are written over what they replace, which does not flicker; but a terminal of another width must forget which of
     * them it had folded, and what scrolls is of any length. */
    if (p->above.length || frame.columns != p->columns)
        text_printf(&p->out, "\033[J");
    p->columns = frame.columns;
    text_append(&p->out, p->above.bytes, p->above.length);
    p->above.length = 0;
    draw_budget(&frame);
    draw_counts(&frame);
    if (!p->ended) {
        draw_best(&frame);
        if (p->final)
            draw_final(&frame);
        else if (s->n_workers)
            draw_workers(&frame);
    }
    text_printf(&p->out, "\033[J"); /* what a higher block left */
    p->drawn = frame.n;
    memcpy(p->widths, frame.widths, sizeof frame.widths);
}

/* ---- news ---- */
static void say(struct progress *p, const char *lines)
{
    while (*lines) {
        const size_t n = strcspn(lines, "\n");
        char *line = strndup(lines, n);
        if (!line) {
            p->above.failed = 1;
            return;
        }
        text_clean(&p->above, line);
        text_append(&p->above, "\n", 1);
        free(line);
        lines += n + (lines[n] == '\n');
    }
}

static void say_failure(struct progress *p, const hone_trial_record *trial)
{
    line_empty(&p->line);
    words_failure(&p->line, trial);
    line_emit(&p->line, &p->above, UINT32_MAX, p->terminal->colour != 0, p->unicode);
    text_append(&p->above, "\n", 1);
}

static void say_final(struct progress *p, const hone_news *news)
{
    text_printf(&p->above, "final training  %lld", (long long)news->report->step);
    if (news->status->max_step > 0)
        text_printf(&p->above, "/%lld", (long long)news->status->max_step);
    for (uint32_t i = 0; i < news->report->n_values; i++) {
        text_printf(&p->above, "  ");
        text_clean(&p->above, news->report->values[i].name ? news->report->values[i].name : "");
        text_printf(&p->above, " %.6g", news->report->values[i].value);
    }
    text_append(&p->above, "\n", 1);
}

/* Writes p->out, or what waits where there is no block. */
static hone_rc write_out(struct progress *p, const hone_status *status, struct text *text, hone_error *err)
{
    if (text->length)
        p->terminal->write(p->terminal->ctx, text->bytes, text->length);
    text->length = 0;
    p->written = status->elapsed;
    if (p->above.failed || p->out.failed || p->line.text.failed || p->line.styles.failed || p->final_line.text.failed ||
        p->final_line.styles.failed) {
        p->above.failed = p->out.failed = p->line.text.failed = p->line.styles.failed = 0;
        p->final_line.text.failed = p->final_line.styles.failed = 0;
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the progress display");
    }
    return HONE_OK;
}

static hone_rc hear_lines(struct progress *p, const hone_news *news, hone_error *err)
{
    const int quiet = p->terminal->quiet != 0;
    int now = 0;
    switch (news->what) {
    case HONE_NOW_STARTED:
    case HONE_NOW_NOTE:
        if (!quiet && news->text)
            say(p, news->text);
        now = news->what == HONE_NOW_STARTED;
        break;
    case HONE_NOW_OUTCOME:
        if (news->trial && (!quiet || news->trial->state == HONE_STATE_FAILED))
            words_outcome(&p->above, news->status, news->trial);
        break;
    case HONE_NOW_FINAL:
        if (!quiet && news->report)
            say_final(p, news);
        break;
    case HONE_NOW_TICK: now = 1; break;
    case HONE_NOW_ENDED:
        if (news->text)
            say(p, news->text);
        now = 1;
        break;
    default: break;
    }
    if (!p->above.length && !p->above.failed)
        return HONE_OK;
    if (!now && p->above.length < BUFFER_FULL && news->status->elapsed - p->written < interval && p->written >= 0)
        return HONE_OK;
    return write_out(p, news->status, &p->above, err);
}

static hone_rc hear_block(struct progress *p, const hone_news *news, hone_error *err)
{
    int now = p->written < 0 || p->above.length > BUFFER_FULL;
    switch (news->what) {
    case HONE_NOW_STARTED:
    case HONE_NOW_NOTE:
        if (news->text)
            say(p, news->text);
        now |= news->what == HONE_NOW_STARTED;
        break;
    case HONE_NOW_OUTCOME:
        p->outcome = news->status->elapsed;
        if (news->trial && news->trial->state == HONE_STATE_FAILED)
            say_failure(p, news->trial);
        break;
    case HONE_NOW_FINAL:
        now |= !p->final;
        p->final = 1;
        if (news->report)
            keep_final(p, news->status, news->report);
        break;
    case HONE_NOW_ENDED: p->ended = now = 1; break;
    default: break;
    }
    if (!now && news->status->elapsed - p->written < interval)
        return HONE_OK;
    redraw(p, news->status);
    if (p->ended && news->text) {
        say(p, news->text);
        text_append(&p->out, p->above.bytes, p->above.length);
        p->above.length = 0;
        p->drawn = 0; /* it stays where it is */
    }
    return write_out(p, news->status, &p->out, err);
}

static hone_rc progress_hear(void *self, const hone_news *news, hone_error *err)
{
    struct progress *p = self;
    if (!p->terminal)
        return hone_fail(err, HONE_EINVAL, "", "the reporter is not open");
    return p->terminal->is_terminal && !p->terminal->quiet ? hear_block(p, news, err) : hear_lines(p, news, err);
}

static const char documentation[] =
    "Shows a study while it runs. On a terminal one block is redrawn in place, at most ten times a second: the budget "
    "and the\n"
    "time left, the counts of trials, the best trial with its point (keys shortened to what tells them apart), and "
    "where the\n"
    "workers are. Failures and warnings scroll above it. In a file or pipe: one line for each trial that ends, with "
    "its\n"
    "state, values, steps, seconds and point, or for a failed one the component, the signal and the message. `--quiet` "
    "leaves\n"
    "only failures and the end. The bar is ASCII where LC_ALL, LC_CTYPE or LANG do not name UTF-8.\n";

static const hone_reporter_v1 iface = { sizeof(hone_reporter_v1), 0, progress_open, progress_hear };

static const hone_component component = {
    .size = sizeof(hone_component),
    .flags = HONE_C_DEFAULT,
    .kind = HONE_KIND_REPORTER,
    .name = "progress",
    .summary = "A live block on a terminal, a line per trial elsewhere.",
    .doc = documentation,
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.reporter.progress", "1.0.0", "MIT", "hone", "", &component)
