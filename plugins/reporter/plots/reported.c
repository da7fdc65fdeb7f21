/* SPDX-License-Identifier: MIT */
/* What one trial reported, step by step. */
#include "study.h"

#include <stdlib.h>
#include <string.h>

struct reported_value {
    double step, value;
};
struct curve {
    const char *const *metrics;
    uint32_t n_metrics;
    struct reported_value *all;
    size_t n, capacity;
};

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct curve *c = ctx;
    double value = (double)NAN;
    int found = 0;
    for (uint32_t k = 0; k < c->n_metrics && !found; k++) /* the names come in the order of preference */
        for (uint32_t i = 0; i < r->n_values && !found; i++)
            if (!strcmp(r->values[i].name, c->metrics[k])) {
                value = r->values[i].value;
                found = 1;
            }
    if (!found)
        return HONE_OK;
    if (c->n && (double)r->step <= c->all[c->n - 1].step) { /* a later attempt of the same step */
        c->all[c->n - 1].value = value;
        return HONE_OK;
    }
    struct reported_value *more = study_reserve(c->all, c->n, sizeof *more, &c->capacity);
    if (!more)
        return HONE_ENOMEM;
    c->all = more;
    c->all[c->n++] = (struct reported_value){ (double)r->step, value };
    return HONE_OK;
}

/* In place; how many are left. */
static size_t thin_out(struct reported_value *all, size_t n, size_t most)
{
    const size_t stretches = most / 4;
    size_t kept = 0;
    if (n <= most || !stretches)
        return n;
    for (size_t k = 0; k < stretches; k++) {
        const size_t from = k * n / stretches, to = (k + 1) * n / stretches - 1;
        size_t picks[4] = { from, from, from, to }; /* first, least, greatest, last */
        for (size_t i = from; i <= to; i++) {
            picks[1] = all[i].value < all[picks[1]].value || isnan(all[picks[1]].value) ? i : picks[1];
            picks[2] = all[i].value > all[picks[2]].value || isnan(all[picks[2]].value) ? i : picks[2];
        }
        if (picks[1] > picks[2]) {
            const size_t later = picks[1];
            picks[1] = picks[2];
            picks[2] = later;
        }
        for (size_t i = 0; i < 4; i++)
            if (i == 0 || picks[i] > picks[i - 1])
                all[kept++] = all[picks[i]];
    }
    return kept;
}

hone_rc study_curve(struct study *s, uint64_t trial, const char *const *metrics, uint32_t n_metrics, size_t most,
                    double **steps, double **values, size_t *n)
{
    struct curve c = { .metrics = metrics, .n_metrics = n_metrics };
    const hone_storage_visitor visitor = { &c, NULL, NULL, on_report, NULL, NULL };
    hone_rc rc = s->view->reports(s->view, s->index, (int64_t)trial, &visitor, s->err);
    *n = c.n = thin_out(c.all, c.n, most);
    *steps = study_allocate(s, c.n + 1, sizeof **steps);
    *values = study_allocate(s, c.n + 1, sizeof **values);
    if (rc == HONE_OK && (!*steps || !*values))
        rc = HONE_ENOMEM;
    for (size_t i = 0; rc == HONE_OK && i < c.n; i++) {
        (*steps)[i] = c.all[i].step;
        (*values)[i] = c.all[i].value;
    }
    free(c.all);
    return rc;
}

struct reported {
    struct study *study;
    const char **names;
    uint32_t n;
    int failed;
};

static hone_rc on_first_report(void *ctx, const hone_report_record *r)
{
    struct reported *p = ctx;
    if (!(p->names = study_allocate(p->study, r->n_values + 1u, sizeof *p->names)))
        return HONE_ENOMEM;
    for (uint32_t i = 0; i < r->n_values; i++)
        if (!(p->names[p->n++] = study_copy(p->study, r->values[i].name)))
            return HONE_ENOMEM;
    return HONE_DONE;
}

hone_rc study_reported(struct study *s, uint64_t trial, const char *const **names, uint32_t *n)
{
    struct reported p = { .study = s };
    const hone_storage_visitor visitor = { &p, NULL, NULL, on_first_report, NULL, NULL };
    const hone_rc rc = s->view->reports(s->view, s->index, (int64_t)trial, &visitor, s->err);
    *names = (const char *const *)p.names;
    *n = p.n;
    return rc == HONE_DONE ? HONE_OK : rc;
}
