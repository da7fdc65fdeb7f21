/* SPDX-License-Identifier: MIT */
/* Means and deviations of what is measured again and again. */
#include "study/repeats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void moments_add(struct moments *m, double value)
{
    const double difference = value - m->mean;
    m->n++;
    m->mean += difference / (double)m->n;
    m->squares += difference * (value - m->mean);
}

double moments_deviation(const struct moments *m)
{
    return m->n < 2 ? (double)NAN : sqrt(m->squares / (double)(m->n - 1));
}

static struct repeated_metric *find(const struct repeated *r, const char *name)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (!strcmp(r->metrics[i].name, name))
            return &r->metrics[i];
    return NULL;
}

int repeated_add(struct repeated *r, const hone_value *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct repeated_metric *metric = find(r, values[i].name);
        if (!metric) {
            if (r->n == r->capacity) {
                const uint32_t capacity = r->capacity ? r->capacity * 2 : 8;
                struct repeated_metric *more = realloc(r->metrics, capacity * sizeof *more);
                if (!more)
                    return -1;
                r->metrics = more;
                r->capacity = capacity;
            }
            metric = &r->metrics[r->n];
            *metric = (struct repeated_metric){ strdup(values[i].name), values[i].direction, { 0, 0, 0 } };
            if (!metric->name)
                return -1;
            r->n++;
        }
        moments_add(&metric->moments, values[i].value);
    }
    return 0;
}

int repeated_values(const struct repeated *r, const hone_value *rest, uint32_t n_rest, hone_value **out,
                    uint32_t *n_out)
{
    hone_value *values = calloc(2 * (size_t)r->n + n_rest + 1, sizeof *values);
    uint32_t n = 0;
    int complete = values != NULL;
    for (uint32_t i = 0; i < r->n && complete; i++) {
        const struct repeated_metric *m = &r->metrics[i];
        char *deviation = NULL;
        values[n] = (hone_value){ strdup(m->name), m->moments.mean, m->direction, 0 };
        complete = values[n].name != NULL;
        n += complete != 0;
        if (!complete || m->moments.n < 2)
            continue;
        if (asprintf(&deviation, "%s.deviation", m->name) < 0)
            complete = 0;
        else
            values[n++] = (hone_value){ deviation, moments_deviation(&m->moments), HONE_MINIMIZE, 0 };
    }
    for (uint32_t i = 0; i < n_rest && complete; i++) {
        if (find(r, rest[i].name))
            continue;
        values[n] = (hone_value){ strdup(rest[i].name), rest[i].value, rest[i].direction, 0 };
        complete = values[n].name != NULL;
        n += complete != 0;
    }
    if (!complete) {
        for (uint32_t i = 0; i < n; i++)
            free((char *)(uintptr_t)values[i].name);
        free(values);
        return -1;
    }
    *out = values;
    *n_out = n;
    return 0;
}

void repeated_release(struct repeated *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        free(r->metrics[i].name);
    free(r->metrics);
    *r = (struct repeated){ NULL, 0, 0 };
}
