/* SPDX-License-Identifier: MIT */
#include "export.h"

#include <time.h>

HONE_MODULE("org.hone.reporter.export", "0.1.0", "MIT", "the hone authors", "", &export_csv, &export_json,
            &export_markdown)

void names_add(struct names *n, const char *name)
{
    if (n->failed || names_find(n, name) != SIZE_MAX)
        return;
    if (n->n == n->capacity) {
        char **more = realloc(n->names, (2 * n->capacity + 16) * sizeof *more);
        if (!more) {
            n->failed = 1;
            return;
        }
        n->names = more;
        n->capacity = 2 * n->capacity + 16;
    }
    if (!(n->names[n->n] = strdup(name)))
        n->failed = 1;
    else
        n->n++;
}

size_t names_find(struct names *n, const char *name)
{
    for (size_t i = 0; i < n->n; i++) {
        const size_t at = (n->last + i) % n->n;
        if (strcmp(n->names[at], name) != 0)
            continue;
        n->last = at + 1;
        return at;
    }
    return SIZE_MAX;
}

void names_release(struct names *n)
{
    for (size_t i = 0; i < n->n; i++)
        free(n->names[i]);
    free(n->names);
    memset(n, 0, sizeof *n);
}

/* ---- columns ---- */

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct columns *c = ctx;
    for (uint32_t i = 0; i < r->n_parameters; i++)
        names_add(&c->parameters, r->parameters[i].key);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        if (names_find(&c->objectives, r->metrics[i].name) == SIZE_MAX)
            names_add(&c->metrics, r->metrics[i].name);
    return HONE_OK;
}

hone_rc columns_collect(struct columns *c, const hone_view *view, hone_error *err)
{
    const hone_storage_visitor visitor = { .ctx = c, .trial = on_trial };
    hone_rc rc = HONE_OK;
    for (uint32_t s = 0; s < view->n_studies; s++) {
        const hone_kept_study *study = view->studies[s];
        for (uint32_t i = 0; i < study->record->n_objectives; i++)
            names_add(&c->objectives, study->record->objectives[i].name);
        for (uint32_t i = 0; i < study->record->n_constraints; i++)
            names_add(&c->constraints, study->record->constraints[i]);
        for (uint32_t i = 0; study->space && i < study->space->n_dims; i++)
            names_add(&c->parameters, study->space->dims[i]->key);
    }
    for (uint32_t s = 0; s < view->n_studies && rc == HONE_OK; s++)
        rc = view->trials(view, s, HONE_ALL_TRIALS, &visitor, err);
    if (rc == HONE_OK && (c->objectives.failed || c->parameters.failed || c->constraints.failed || c->metrics.failed))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the columns");
    return rc;
}

void columns_release(struct columns *c)
{
    names_release(&c->objectives);
    names_release(&c->parameters);
    names_release(&c->constraints);
    names_release(&c->metrics);
}

/* ---- words ---- */

const char *export_state(uint32_t state)
{
    static const char *const states[] = { "waiting", "running", "paused", "complete", "pruned", "failed" };
    return state < sizeof states / sizeof *states ? states[state] : "?";
}

const char *export_time(double seconds, char *out, size_t n)
{
    const time_t t = (time_t)floor(seconds);
    const int milli = (int)((seconds - floor(seconds)) * 1000);
    struct tm tm;
    char date[32];
    *out = '\0';
    if (seconds > 0 && gmtime_r(&t, &tm) && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm))
        snprintf(out, n, "%s.%03dZ", date, milli);
    return out;
}

hone_rc export_settings(const void *config, size_t n, void **self, hone_error *err)
{
    *self = calloc(1, n + 1);
    if (!*self)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    if (n)
        memcpy(*self, config, n);
    return HONE_OK;
}
