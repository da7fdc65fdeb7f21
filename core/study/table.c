/* SPDX-License-Identifier: MIT */
/* Keeping trials, and which of them is best. */
#include "study/table.h"

#include <math.h>
#include <stdlib.h>

void trial_table_init(struct trial_table *table, uint32_t n_dims, uint32_t n_values, uint32_t n_constraints, const uint8_t *maximize)
{
    *table = (struct trial_table){ .n_dims = n_dims, .n_values = n_values, .n_constraints = n_constraints, .maximize = maximize };
}

void trial_table_release(struct trial_table *table)
{
    for (uint64_t i = 0; i < table->n; i++)
        free(table->trials[i]);
    free(table->trials);
    table->trials = NULL;
    table->n = table->capacity = 0;
}

struct trial *trial_table_append(struct trial_table *table)
{
    const size_t n_doubles = (size_t)table->n_dims + table->n_values + table->n_constraints;
    if (table->n == table->capacity) {
        const uint64_t capacity = table->capacity ? table->capacity * 2 : 64;
        struct trial **more = realloc(table->trials, capacity * sizeof *more);
        if (!more)
            return NULL;
        table->trials = more;
        table->capacity = capacity;
    }
    struct trial *t = calloc(1, sizeof *t + n_doubles * sizeof(double)); /* one block: the arrays follow the struct */
    if (!t)
        return NULL;
    t->x = (double *)(void *)(t + 1);
    t->values = t->x + table->n_dims;
    t->constraints = t->values + table->n_values;
    for (size_t i = 0; i < n_doubles; i++)
        t->x[i] = NAN;
    t->number = table->n;
    t->state = HONE_STATE_RUNNING;
    t->best = INFINITY;
    table->trials[table->n++] = t;
    table->running++;
    return t;
}

static uint64_t *count_of(struct trial_table *table, uint32_t state)
{
    switch (state) {
    case HONE_STATE_COMPLETE: return &table->complete;
    case HONE_STATE_PRUNED: return &table->pruned;
    case HONE_STATE_FAILED: return &table->failed;
    default: return &table->running;
    }
}

double trial_minimized(const struct trial_table *table, const struct trial *trial, uint32_t objective)
{
    return table->maximize[objective] ? -trial->values[objective] : trial->values[objective];
}

static double violation(const struct trial_table *table, const struct trial *trial)
{
    double sum = 0;
    for (uint32_t i = 0; i < table->n_constraints; i++)
        sum += trial->constraints[i] > 0 ? trial->constraints[i] : isnan(trial->constraints[i]) ? HUGE_VAL : 0;
    return sum;
}

int trial_dominates(const struct trial_table *table, const struct trial *a, const struct trial *b)
{
    const double va = violation(table, a), vb = violation(table, b);
    int          better = 0;
    if (va > 0 || vb > 0)
        return va < vb;
    for (uint32_t i = 0; i < table->n_values; i++) {
        const double x = trial_minimized(table, a, i), y = trial_minimized(table, b, i);
        if (x > y)
            return 0;
        better |= x < y;
    }
    return better;
}

void trial_set_state(struct trial_table *table, struct trial *trial, uint32_t state)
{
    --*count_of(table, trial->state);
    trial->state = state;
    ++*count_of(table, state);
    /* a tie goes to the smaller number, whatever the order of arrival */
    if (state == HONE_STATE_COMPLETE && table->n_values == 1 &&
        (!table->best || trial_dominates(table, trial, table->best) ||
         (trial->number < table->best->number && !trial_dominates(table, table->best, trial))))
        table->best = trial;
}

uint64_t trial_table_front(const struct trial_table *table, struct trial ***front)
{
    uint64_t n = 0;
    *front = malloc((size_t)(table->complete ? table->complete : 1) * sizeof **front);
    if (!*front)
        return 0;
    for (uint64_t i = 0; i < table->n; i++) {
        struct trial *t = table->trials[i];
        int           dominated = t->state != HONE_STATE_COMPLETE;
        uint64_t      kept = 0;
        for (uint64_t k = 0; k < n && !dominated; k++)
            dominated = trial_dominates(table, (*front)[k], t);
        if (dominated)
            continue;
        for (uint64_t k = 0; k < n; k++) /* those that the new one dominates leave */
            if (!trial_dominates(table, t, (*front)[k]))
                (*front)[kept++] = (*front)[k];
        (*front)[kept] = t;
        n = kept + 1;
    }
    return n;
}
