/* SPDX-License-Identifier: MIT */
/* Studies and trials in Optuna's terms. */
#include "optuna.h"

#include <time.h>

HONE_MODULE("org.hone.reporter.optuna", "0.1.0", "MIT", "the hone authors", "", &optuna_journal, &optuna_sqlite)

/* ---- texts ---- */

static int64_t take(void *ctx, const void *bytes, uint64_t n)
{
    struct optuna_text *t = ctx;
    if (t->n + n + 1 > t->capacity) {
        const size_t capacity = 2 * t->capacity + (size_t)n + 256;
        char *more = realloc(t->data, capacity);
        if (!more) {
            t->failed = 1;
            return -1;
        }
        t->data = more;
        t->capacity = capacity;
    }
    memcpy(t->data + t->n, bytes, (size_t)n);
    t->n += (size_t)n;
    return (int64_t)n;
}

hone_printer *optuna_text_begin(struct optuna_text *t)
{
    t->out = (hone_ostream){ t, take };
    t->n = 0;
    t->failed = 0;
    hone_printer_init(&t->printer, &t->out);
    return &t->printer;
}

const char *optuna_text_end(struct optuna_text *t)
{
    hone_put_bytes(&t->printer, "", 1);
    hone_printer_flush(&t->printer);
    return t->failed ? NULL : t->data;
}

void optuna_text_release(struct optuna_text *t)
{
    free(t->data);
    t->data = NULL;
    t->n = t->capacity = 0;
}

const char *optuna_time(double seconds, int iso, char *out, size_t n)
{
    const double whole = floor(seconds);
    long micro = (long)((seconds - whole) * 1e6 + 0.5);
    time_t t = (time_t)whole;
    struct tm tm;
    char date[32];
    if (micro > 999999) {
        micro = 0;
        t++;
    }
    if (!gmtime_r(&t, &tm) || !strftime(date, sizeof date, iso ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(date, sizeof date, iso ? "1970-01-01T00:00:00" : "1970-01-01 00:00:00");
    snprintf(out, n, "%s.%06ld%s", date, micro, iso ? "+00:00" : "");
    return out;
}

/* ---- distributions ---- */

/* The last value on the grid that is not above max, with no more digits than it needs: Optuna compares decimal texts. */
static double grid_end(const hone_dim *d, double min, double max)
{
    char text[40];
    if (!(d->step > 0))
        return max;
    const double steps = (max - min) / d->step, n = floor(steps + 1e-9);
    if (fabs(steps - n) < 1e-9)
        return max;
    snprintf(text, sizeof text, "%.15g", min + n * d->step);
    return strtod(text, NULL);
}

/* Choices that are numbers become numbers, so that a space of numbers is one in Optuna too. */
static int choices_are_numbers(const hone_dim *d)
{
    for (uint32_t i = 0; i < d->n_choices; i++) {
        char *end;
        if (!strchr("+-.0123456789", d->choices[i][0]) || !isfinite(strtod(d->choices[i], &end)) || *end)
            return 0;
    }
    return 1;
}

/* Whole numbers stay whole: Optuna tells 64 from 64.0. */
void optuna_put_number(hone_printer *p, double value, int whole)
{
    if (whole)
        hone_putf(p, "%.0f", value);
    else if (floor(value) >= value && fabs(value) < 1e15)
        hone_putf(p, "%.1f", value);
    else
        hone_put_json_number(p, value);
}

static void put_choices(hone_printer *p, const hone_dim *d)
{
    const int numbers = !d->numbers && choices_are_numbers(d);
    hone_put(p, "{\"name\": \"CategoricalDistribution\", \"attributes\": {\"choices\": [");
    for (uint32_t i = 0; i < d->n_choices; i++) {
        hone_put(p, i ? ", " : "");
        const int whole = !strpbrk(d->choices[i], ".eE");
        if (d->numbers)
            optuna_put_number(p, d->numbers[i], whole);
        else if (numbers)
            optuna_put_number(p, strtod(d->choices[i], NULL), whole);
        else
            hone_put_json_string(p, d->choices[i]);
    }
    hone_put(p, "]}}");
}

static void put_distribution(hone_printer *p, const hone_dim *d, double low, double high)
{
    const int whole = d->type == HONE_DIM_INT, log = (d->flags & HONE_DIM_LOG) != 0;
    if (d->choices) {
        put_choices(p, d);
        return;
    }
    high = grid_end(d, low, high);
    hone_putf(p, "{\"name\": \"%sDistribution\", \"attributes\": {", whole ? "Int" : "Float");
    if (whole) {
        /* with log = true Optuna knows steps of 1 only, and no bound below 1 */
        hone_putf(p, "\"log\": %s, \"step\": %.0f, \"low\": %.0f, \"high\": %.0f}}", log && low >= 1 ? "true" : "false",
                  log || !(d->step > 1) ? 1.0 : d->step, low, high);
        return;
    }
    hone_put(p, "\"step\": ");
    if (!log && d->step > 0)
        optuna_put_number(p, d->step, 0);
    else
        hone_put(p, "null");
    hone_put(p, ", \"low\": ");
    optuna_put_number(p, low, 0);
    hone_put(p, ", \"high\": ");
    optuna_put_number(p, high, 0);
    hone_putf(p, ", \"log\": %s}}", log ? "true" : "false");
}

/* ---- studies ---- */

/* Where a bound is what was sampled: Optuna has no normal distribution, and no logarithm of 0. */
static int is_open_below(const hone_dim *d)
{
    return !isfinite(d->min) || (d->flags & HONE_DIM_LOG && d->type == HONE_DIM_REAL && d->min <= 0);
}

static int is_open_above(const hone_dim *d)
{
    return !isfinite(d->max);
}

struct reading {
    struct optuna_study *study;
    hone_error *err;
};

static hone_rc widen(void *ctx, const hone_trial_record *record)
{
    struct reading *r = ctx;
    struct optuna_study *s = r->study;
    const hone_rc rc = s->view->point(s->view, s->index, record, s->x, r->err);
    for (uint32_t i = 0; i < s->space->n_dims && rc == HONE_OK; i++) {
        if (is_open_below(s->space->dims[i]) && !(s->low[i] <= s->x[i]) && !isnan(s->x[i]))
            s->low[i] = s->x[i];
        if (is_open_above(s->space->dims[i]) && !(s->high[i] >= s->x[i]) && !isnan(s->x[i]))
            s->high[i] = s->x[i];
    }
    return rc;
}

/* What was sampled are the bounds of a uniform distribution where the INI gives none. */
static hone_rc find_ranges(struct optuna_study *s, hone_error *err)
{
    struct reading reading = { s, err };
    const hone_storage_visitor visitor = { .ctx = &reading, .trial = widen };
    int open = 0;
    for (uint32_t i = 0; i < s->space->n_dims; i++) {
        const hone_dim *d = s->space->dims[i];
        s->low[i] = is_open_below(d) ? (double)NAN : d->min;
        s->high[i] = is_open_above(d) ? (double)NAN : d->max;
        open |= isnan(s->low[i]) || isnan(s->high[i]);
    }
    const hone_rc rc = open ? s->view->trials(s->view, s->index, HONE_ALL_TRIALS, &visitor, err) : HONE_OK;
    for (uint32_t i = 0; i < s->space->n_dims; i++) { /* never sampled */
        const hone_dim *d = s->space->dims[i];
        const double middle = d->flags & HONE_DIM_LOG ? exp(d->mean) : d->mean;
        s->low[i] = isnan(s->low[i]) ? fmin(middle, isnan(s->high[i]) ? middle : s->high[i]) : s->low[i];
        s->high[i] = isnan(s->high[i]) ? fmax(middle, s->low[i]) : s->high[i];
    }
    return rc;
}

static const hone_space no_space = { sizeof no_space, 0, NULL, 0, 0, NULL };

hone_rc optuna_study_open(struct optuna_study *s, const hone_view *view, uint32_t index, hone_error *err)
{
    const hone_kept_study *kept = view->studies[index];
    hone_rc rc;
    memset(s, 0, sizeof *s);
    s->view = view;
    s->index = index;
    s->record = kept->record;
    s->space = kept->space;
    if (!s->space) /* or one that is not known: then its trials have parameters */
        s->space = &no_space;
    const uint32_t n = s->space->n_dims;
    s->x = calloc(n + 1, sizeof *s->x);
    s->low = calloc(n + 1, sizeof *s->low);
    s->high = calloc(n + 1, sizeof *s->high);
    s->distributions = calloc(n + 1, sizeof *s->distributions);
    if (!s->x || !s->low || !s->high || !s->distributions)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the space");
    if ((rc = find_ranges(s, err)) != HONE_OK)
        return rc;
    for (uint32_t i = 0; i < n; i++) {
        put_distribution(optuna_text_begin(&s->text), s->space->dims[i], s->low[i], s->high[i]);
        const char *json = optuna_text_end(&s->text);
        if (!json || !(s->distributions[i] = strdup(json)))
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the space");
    }
    return HONE_OK;
}

void optuna_study_release(struct optuna_study *s)
{
    for (uint32_t i = 0; s->distributions && s->space && i < s->space->n_dims; i++)
        free(s->distributions[i]);
    free(s->distributions);
    free(s->x);
    free(s->low);
    free(s->high);
    optuna_text_release(&s->text);
}

/* ---- trials ---- */

static enum optuna_state state_of(const hone_trial_record *record)
{
    switch (record->state) {
    case HONE_STATE_WAITING: return OPTUNA_WAITING;
    case HONE_STATE_COMPLETE: return OPTUNA_COMPLETE;
    case HONE_STATE_PRUNED: return OPTUNA_PRUNED;
    case HONE_STATE_FAILED: return OPTUNA_FAIL;
    default: return OPTUNA_RUNNING; /* paused ones too: they have not ended */
    }
}

hone_rc optuna_trial_read(struct optuna_study *s, const hone_trial_record *record, struct optuna_trial *trial,
                          hone_error *err)
{
    trial->state = state_of(record);
    trial->has_values = record->n_values == s->record->n_objectives &&
                        (trial->state == OPTUNA_COMPLETE || trial->state == OPTUNA_PRUNED);
    for (uint32_t i = 0; i < record->n_values; i++)
        trial->has_values &= !isnan(record->values[i]);
    if (trial->state == OPTUNA_COMPLETE && !trial->has_values) /* Optuna's best_trial dies of one */
        trial->state = OPTUNA_FAIL;
    if (s->space == &no_space)
        return record->n_parameters
                   ? hone_fail(err, HONE_ENOTSUP, NULL,
                               "the space of study '%.80s' is not known here: it needs plugins that are "
                               "not installed now",
                               s->record->name)
                   : HONE_OK;
    return s->view->point(s->view, s->index, record, s->x, err);
}

const double *optuna_reported(const struct optuna_study *s, const hone_report_record *report)
{
    for (uint32_t i = 0; s->record->n_objectives && i < report->n_values; i++)
        if (!strcmp(report->values[i].name, s->record->objectives[0].name))
            return &report->values[i].value;
    return NULL;
}
