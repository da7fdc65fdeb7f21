/* SPDX-License-Identifier: MIT */
/* Reading a study into rows. */
#include "study.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *state_word(uint32_t state)
{
    static const char *const words[] = { "waiting", "running", "paused", "complete", "pruned", "failed" };
    return state < HONE_COUNT(words) ? words[state] : "unknown";
}

void *study_allocate(struct study *s, size_t n, size_t size)
{
    void *block = size && n > SIZE_MAX / size ? NULL
                                              : hone_settings_allocate(s->reading ? &s->memory : &s->plots, n * size);
    if (!block)
        hone_fail(s->err, HONE_ENOMEM, NULL, "out of memory for a plot of study '%.80s'", s->record->name);
    return block;
}

void study_forget_plots(struct study *s)
{
    hone_settings_release(&s->plots);
}

const char *study_text(struct study *s, const char *format, ...)
{
    va_list args;
    char small[512];
    va_start(args, format);
    const int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    char *text = n < 0 ? NULL : study_allocate(s, (size_t)n + 1, 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

const char *study_copy(struct study *s, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *to = study_allocate(s, n, 1);
    if (to)
        memcpy(to, text, n);
    return to;
}

void *study_reserve(void *old, size_t n, size_t size, size_t *capacity)
{
    if (n < *capacity)
        return old;
    const size_t wanted = *capacity ? 2 * *capacity : 64;
    void *more = realloc(old, wanted * size);
    if (more)
        *capacity = wanted;
    return more;
}

/* Index of a name, added where it is new; UINT32_MAX: out of memory. Trials mostly give the same ones in the same order. */
static uint32_t name_index(struct study *s, struct names *names, const char *name)
{
    for (uint32_t k = 0; k < names->n; k++) {
        const uint32_t i = (names->next + k) % names->n;
        if (!strcmp(names->names[i], name)) {
            names->next = i + 1;
            return i;
        }
    }
    size_t capacity = names->capacity;
    const char **more = study_reserve(names->names, names->n, sizeof *more, &capacity);
    if (!more)
        return UINT32_MAX;
    names->names = more;
    names->capacity = (uint32_t)capacity;
    if (!(names->names[names->n] = study_copy(s, name)))
        return UINT32_MAX;
    names->next = names->n + 1;
    return names->n++;
}

/* ---- parameters ---- */

static hone_rc dims_of_space(struct study *s, const hone_space *space)
{
    s->d = space->n_dims;
    s->d_capacity = s->d;
    s->scratch = study_allocate(s, s->d + 1u, sizeof *s->scratch);
    s->dims = malloc((s->d + 1u) * sizeof *s->dims);
    if (!s->dims || !s->scratch)
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < s->d; i++) {
        const hone_dim *dim = space->dims[i];
        const int choice = dim->type == HONE_DIM_CHOICE || dim->type == HONE_DIM_ORDINAL;
        s->dims[i] = (struct dimension){
            dim->key, (dim->flags & HONE_DIM_LOG) != 0 && !choice, dim->type == HONE_DIM_INT,
            NULL,     choice && dim->choices ? dim->n_choices : 0, HUGE_VAL,
            -HUGE_VAL
        };
        if (!s->dims[i].n_names)
            continue;
        if (!(s->dims[i].names = study_allocate(s, dim->n_choices, sizeof *s->dims[i].names)))
            return HONE_ENOMEM;
        for (uint32_t k = 0; k < dim->n_choices; k++)
            s->dims[i].names[k] = dim->choices[k];
    }
    return HONE_OK;
}

/* Without a space: a parameter that some trial has, a text where it is no number. */
static uint32_t dim_of_key(struct study *s, const char *key)
{
    size_t capacity = s->d_capacity;
    for (uint32_t i = 0; i < s->d; i++)
        if (!strcmp(s->dims[i].key, key))
            return i;
    struct dimension *more = study_reserve(s->dims, s->d, sizeof *more, &capacity);
    if (!more)
        return UINT32_MAX;
    s->dims = more;
    s->d_capacity = (uint32_t)capacity;
    s->dims[s->d] = (struct dimension){ study_copy(s, key), 0, 0, NULL, 0, HUGE_VAL, -HUGE_VAL };
    return s->dims[s->d].key ? s->d++ : UINT32_MAX;
}

static double text_value(struct study *s, struct dimension *dim, const char *text, double number)
{
    char *end;
    const double v = strtod(text, &end);
    if (*text && !*end && !dim->names)
        return isnan(number) ? v : number;
    for (uint32_t i = 0; i < dim->n_names; i++)
        if (!strcmp(dim->names[i], text))
            return i;
    const char **names = study_allocate(s, dim->n_names + 1u, sizeof *names);
    if (!names || !(names[dim->n_names] = study_copy(s, text)))
        return (double)NAN;
    if (dim->n_names)
        memcpy(names, dim->names, dim->n_names * sizeof *names);
    dim->names = names;
    return dim->n_names++;
}

static hone_rc take_point(struct study *s, struct row *row, const hone_trial_record *r)
{
    if (s->kept->space) {
        const hone_rc rc = s->view->point(s->view, s->index, r, s->scratch, s->err);
        if (rc != HONE_OK)
            return rc;
        row->n_x = s->d;
        if (!(row->x = study_allocate(s, s->d + 1u, sizeof *row->x)))
            return HONE_ENOMEM;
        memcpy(row->x, s->scratch, s->d * sizeof *row->x);
        return HONE_OK;
    }
    const uint32_t most = s->d + r->n_parameters;
    if (!(row->x = study_allocate(s, most + 1u, sizeof *row->x)))
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < most; i++)
        row->x[i] = (double)NAN;
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        const uint32_t k = dim_of_key(s, r->parameters[i].key);
        if (k == UINT32_MAX)
            return HONE_ENOMEM;
        row->x[k] = text_value(s, &s->dims[k], r->parameters[i].text, r->parameters[i].number);
    }
    row->n_x = s->d;
    return HONE_OK;
}

/* ---- trials ---- */

static double violation_of(const hone_trial_record *r)
{
    double sum = 0;
    for (uint32_t i = 0; i < r->n_constraints; i++)
        sum += isnan(r->constraints[i]) ? HUGE_VAL : fmax(r->constraints[i], 0);
    return sum;
}

static hone_rc take_metrics(struct study *s, struct row *row, const hone_trial_record *r)
{
    const uint32_t most = s->metrics.n + r->n_metrics;
    if (!(row->metrics = study_allocate(s, most + 1u, sizeof *row->metrics)))
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < most; i++)
        row->metrics[i] = (double)NAN;
    for (uint32_t i = 0; i < r->n_metrics; i++) {
        const uint32_t k = name_index(s, &s->metrics, r->metrics[i].name);
        if (k == UINT32_MAX)
            return HONE_ENOMEM;
        row->metrics[k] = r->metrics[i].value;
    }
    row->n_metrics = s->metrics.n;
    return HONE_OK;
}

static int by_number(const void *key, const void *row)
{
    const uint64_t number = *(const uint64_t *)key, other = ((const struct row *)row)->number;
    return (number > other) - (number < other);
}

/* The row of a trial, with room for it behind the others where it is new. HONE_WAIT: its place is between others. */
static hone_rc find_row(struct study *s, uint64_t number, struct row **row)
{
    if (s->n && number <= s->rows[s->n - 1].number) {
        *row = bsearch(&number, s->rows, s->n, sizeof *s->rows, by_number);
        return *row ? HONE_OK : HONE_WAIT;
    }
    struct row *rows = study_reserve(s->rows, s->n, sizeof *rows, &s->capacity);
    if (!rows)
        return HONE_ENOMEM;
    s->rows = rows;
    *row = &rows[s->n];
    return HONE_OK;
}

/* What all trials say together. */
static void widen(struct study *s, const struct row *row)
{
    for (uint32_t i = 0; i < row->n_x; i++) {
        s->dims[i].min = fmin(s->dims[i].min, row->x[i]);
        s->dims[i].max = fmax(s->dims[i].max, row->x[i]);
    }
    if (row->started > 0 && (s->first <= 0 || row->started < s->first))
        s->first = row->started;
}

void study_measure(struct study *s)
{
    s->first = 0;
    for (uint32_t i = 0; i < s->d; i++) {
        s->dims[i].min = HUGE_VAL;
        s->dims[i].max = -HUGE_VAL;
    }
    for (size_t i = 0; i < s->n; i++)
        widen(s, &s->rows[i]);
}

hone_rc study_take(struct study *s, const hone_trial_record *r)
{
    struct row *row = NULL;
    hone_rc rc = find_row(s, r->number, &row);
    if (rc != HONE_OK)
        return rc;
    *row = (struct row){ .number = r->number,
                         .state = r->state,
                         .worker = r->worker,
                         .step = r->step,
                         .started = r->started,
                         .ended = r->ended,
                         .violation = violation_of(r),
                         .component = "",
                         .message = "" };
    if (!(row->values = study_allocate(s, s->m + 1u, sizeof *row->values)))
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < s->m; i++)
        row->values[i] = i < r->n_values ? r->values[i] : (double)NAN;
    if ((r->component && *r->component && !(row->component = study_copy(s, r->component))) ||
        (r->message && *r->message && !(row->message = study_copy(s, r->message))))
        return HONE_ENOMEM;
    if ((rc = take_point(s, row, r)) != HONE_OK || (rc = take_metrics(s, row, r)) != HONE_OK)
        return rc;
    row->version = s->version;
    if (row < s->rows + s->n)
        s->again++;
    else
        s->n++;
    return HONE_OK;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct study *s = ctx;
    const hone_rc rc = study_take(s, r);
    if (rc == HONE_WAIT) /* a storage gives them in the order of their numbers */
        return hone_fail(s->err, HONE_EIO, NULL, "the trials of study '%.80s' are not in their order", s->record->name);
    if (rc == HONE_OK)
        widen(s, &s->rows[s->n - 1]);
    return rc;
}

/* ---- rungs ---- */

enum { MOST_RUNGS = 64 /* more different ones are no rungs */ };

hone_rc study_hear(struct study *s, const hone_event_record *e)
{
    size_t i = 0;
    s->next_event = e->sequence + 1;
    if (e->what != HONE_EVENT_PAUSE || s->n_rungs == MOST_RUNGS)
        return HONE_OK;
    if (!s->rungs && !(s->rungs = study_allocate(s, MOST_RUNGS, sizeof *s->rungs)))
        return HONE_ENOMEM;
    while (i < s->n_rungs && s->rungs[i] < e->step)
        i++;
    if (i < s->n_rungs && s->rungs[i] == e->step)
        return HONE_OK;
    memmove(s->rungs + i + 1, s->rungs + i, (s->n_rungs - i) * sizeof *s->rungs);
    s->rungs[i] = e->step;
    s->n_rungs++;
    return HONE_OK;
}

static hone_rc on_event(void *ctx, const hone_event_record *e)
{
    return study_hear(ctx, e);
}

hone_rc study_read(struct study *s, const hone_view *view, uint32_t index, hone_error *err)
{
    const hone_storage_visitor trials = { s, NULL, on_trial, NULL, NULL, NULL };
    const hone_storage_visitor events = { s, NULL, NULL, NULL, on_event, NULL };
    hone_rc rc = HONE_OK;
    *s = (struct study){ .view = view, .index = index, .kept = view->studies[index], .reading = 1, .err = err };
    s->record = s->kept->record;
    s->m = s->record->n_objectives;
    if (s->kept->space)
        rc = dims_of_space(s, s->kept->space);
    if (rc == HONE_OK) /* before the trials: what happens meanwhile is heard of the next time */
        rc = view->events(view, index, &events, err);
    if (rc == HONE_OK)
        rc = view->trials(view, index, HONE_ALL_TRIALS, &trials, err);
    s->reading = 0;
    if (rc == HONE_ENOMEM && err && !err->msg[0])
        hone_fail(err, rc, NULL, "out of memory for study '%.80s'", s->record->name);
    return rc;
}

void study_release(struct study *s)
{
    free(s->rows);
    free(s->dims);
    free(s->metrics.names);
    hone_settings_release(&s->memory);
    hone_settings_release(&s->plots);
    *s = (struct study){ 0 };
}

/* ---- asking ---- */

double row_x(const struct row *row, uint32_t dim)
{
    return dim < row->n_x ? row->x[dim] : (double)NAN;
}

double row_metric(const struct row *row, uint32_t metric)
{
    return metric < row->n_metrics ? row->metrics[metric] : (double)NAN;
}

double row_cost(const struct study *s, const struct row *row, uint32_t objective)
{
    const double v = objective < s->m ? row->values[objective] : (double)NAN;
    return s->m > objective && s->record->objectives[objective].direction == HONE_MAXIMIZE ? -v : v;
}

int row_counts(const struct study *s, const struct row *row, uint32_t objective)
{
    return row->state == HONE_STATE_COMPLETE && row->violation <= 0 && isfinite(row_cost(s, row, objective));
}

struct ranked {
    double violation, cost;
    size_t row;
};

static int compare(const void *a, const void *b)
{
    const struct ranked *p = a, *q = b;
    if (p->violation < q->violation || p->violation > q->violation)
        return p->violation < q->violation ? -1 : 1;
    if (p->cost < q->cost || p->cost > q->cost)
        return p->cost < q->cost ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

size_t *study_order(struct study *s, uint32_t objective, size_t *n)
{
    struct ranked *all = malloc((s->n + 1) * sizeof *all);
    size_t *order = study_allocate(s, s->n + 1, sizeof *order);
    *n = 0;
    for (size_t i = 0; all && i < s->n; i++)
        if (s->rows[i].state == HONE_STATE_COMPLETE && isfinite(row_cost(s, &s->rows[i], objective)))
            all[(*n)++] = (struct ranked){ s->rows[i].violation, row_cost(s, &s->rows[i], objective), i };
    if (all && order) {
        qsort(all, *n, sizeof *all, compare);
        for (size_t i = 0; i < *n; i++)
            order[i] = all[i].row;
    }
    if (!all)
        hone_fail(s->err, HONE_ENOMEM, NULL, "out of memory for a plot of study '%.80s'", s->record->name);
    free(all);
    return all ? order : NULL;
}
