/* SPDX-License-Identifier: MIT */
/* words.c - see words.h. */
#include "words.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *words_duration(double seconds, char out[DURATION_SIZE])
{
    const double whole = seconds > 0 ? (seconds < 1e9 ? floor(seconds) : 1e9) : 0;
    const long s = (long)whole;
    if (s < 3600)
        snprintf(out, DURATION_SIZE, "%ld:%02ld", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, DURATION_SIZE, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, DURATION_SIZE, "%ldd %ld:%02ld", s / 86400, s / 3600 % 24, s / 60 % 60);
    return out;
}

const char *words_seconds(double seconds, char out[DURATION_SIZE])
{
    if (!(seconds > 0))
        seconds = 0;
    if (seconds < 0.1)
        snprintf(out, DURATION_SIZE, "%.3g ms", seconds * 1e3);
    else if (seconds < 60)
        snprintf(out, DURATION_SIZE, "%.3g s", seconds);
    else
        words_duration(seconds, out);
    return out;
}

const char *words_short_key(const hone_parameter_record *parameters, uint32_t n, uint32_t i)
{
    const char *dot = strchr(parameters[i].key, '.'), *end = dot ? dot + 1 : parameters[i].key;
    uint32_t others = 0;
    if (!strcmp(end, "use") || !strcmp(end, "enabled")) /* they say nothing without their section */
        return parameters[i].key;
    for (uint32_t k = 0; k < n; k++) {
        const char *other = strchr(parameters[k].key, '.');
        others += k != i && !strcmp(other ? other + 1 : parameters[k].key, end);
    }
    return others ? parameters[i].key : end;
}

void words_point_short(struct line *line, const hone_trial_record *trial)
{
    enum { LONG = 8 };
    for (uint32_t i = 0; i < trial->n_parameters; i++) {
        const hone_parameter_record *p = &trial->parameters[i];
        char *end;
        const double number = strtod(p->text, &end);
        if (i)
            line_printf(line, STYLE_PLAIN, "  ");
        line_clean(line, STYLE_DIM, words_short_key(trial->parameters, trial->n_parameters, i));
        line_printf(line, STYLE_DIM, "=");
        if (strlen(p->text) > LONG && !*end && isfinite(number))
            line_printf(line, STYLE_PLAIN, "%.4g", number);
        else
            line_clean(line, STYLE_PLAIN, p->text);
    }
}

static const char *signal_name(uint32_t number)
{
    static const struct {
        uint32_t number;
        const char *name;
    } known[] = { { SIGSEGV, "segmentation fault" },
                  { SIGABRT, "abort" },
                  { SIGKILL, "killed" },
                  { SIGBUS, "bus error" },
                  { SIGFPE, "arithmetic" },
                  { SIGILL, "illegal instruction" },
                  { SIGTERM, "terminated" },
                  { SIGXCPU, "CPU limit" },
                  { SIGSYS, "bad system call" },
                  { SIGTRAP, "trap" },
                  { SIGPIPE, "pipe" },
                  { SIGINT, "interrupted" } };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == number)
            return known[i].name;
    return NULL;
}

static void put_why(struct text *text, const hone_trial_record *trial)
{
    const char *name = signal_name(trial->signal), *between = "";
    if (trial->component && *trial->component) {
        text_clean(text, trial->component);
        between = ": ";
    }
    if (trial->signal) {
        text_printf(text, "%ssignal %u", between, trial->signal);
        if (name)
            text_printf(text, " (%s)", name);
        between = ": ";
    }
    if (trial->message && *trial->message) {
        text_printf(text, "%s", between);
        text_clean(text, trial->message);
    } else if (!*between) {
        text_printf(text, "no reason given");
    }
}

void words_failure(struct line *line, const hone_trial_record *trial)
{
    struct text why = { 0 };
    put_why(&why, trial);
    text_append(&why, "", 1);
    if (!why.failed) {
        line_printf(line, STYLE_RED, "trial %llu failed", (unsigned long long)trial->number);
        line_printf(line, STYLE_PLAIN, "  ");
        line_clean(line, STYLE_PLAIN, why.bytes);
    }
    line->text.failed |= why.failed;
    text_release(&why);
}

void words_outcome(struct text *text, const hone_status *status, const hone_trial_record *trial)
{
    static const char *const states[] = { "waiting", "running", "paused", "complete", "pruned", "failed" };
    char duration[DURATION_SIZE];
    const int best = status->best && status->best->number == trial->number && trial->state == HONE_STATE_COMPLETE;
    text_printf(text, "trial %llu %s", (unsigned long long)trial->number, states[trial->state < 6 ? trial->state : 0]);
    for (uint32_t i = 0; i < trial->n_values; i++) {
        if (isnan(trial->values[i]))
            continue;
        text_printf(text, "  ");
        if (i < status->n_objectives)
            text_clean(text, status->objectives[i].name);
        text_printf(text, " %.6g", trial->values[i]);
    }
    if (best)
        text_printf(text, status->n_objectives > 1 ? " (on the front)" : " (best)");
    if (trial->state == HONE_STATE_FAILED) {
        text_printf(text, "  ");
        put_why(text, trial);
    } else if (trial->message && *trial->message) {
        text_printf(text, "  ");
        text_clean(text, trial->message);
    }
    if (trial->step > 0) /* an objective without steps reports none */
        text_printf(text, "  %lld %s", (long long)trial->step, trial->step == 1 ? "step" : "steps");
    if (trial->ended >= trial->started) /* a paused trial has not ended */
        text_printf(text, "  %s", words_seconds(trial->ended - trial->started, duration));
    for (uint32_t i = 0; i < trial->n_parameters; i++) {
        text_printf(text, i ? " " : "  ");
        text_clean(text, trial->parameters[i].key);
        text_printf(text, "=");
        text_clean(text, trial->parameters[i].text);
    }
    text_printf(text, "\n");
}
