/* SPDX-License-Identifier: MIT */
/* Keeping trials, and which of them is best. */
#include "study/table.h"

#include <math.h>
#include <stdlib.h>

void trial_table_init(struct trial_table *table, uint32_t n_dims, uint32_t n_values, uint32_t n_constraints,
                      const uint8_t *maximize)
{
    *table = (struct trial_table){
        .n_dims = n_dims, .n_values = n_values, .n_constraints = n_constraints, .maximize = maximize
    };
}

void trial_table_release(struct trial_table *table)
{
    for (uint64_t i = 0; i < table->n; i++) {
        repeated_release(&table->trials[i]->repeated);
        trial_drop_told(table->trials[i]);
        free(table->trials[i]);
    }
    free(table->trials);
    free(table->front);
    table->trials = table->front = NULL;
    table->n = table->capacity = table->n_front = table->front_capacity = 0;
}

struct trial *trial_table_append(struct trial_table *table)
{
    const size_t n_measured = (size_t)table->n_values + table->n_constraints, n_doubles = table->n_dims + n_measured,
                 n_moments = table->has_moments ? n_measured : 0;
    if (table->n == table->capacity) {
        const uint64_t capacity = table->capacity ? table->capacity * 2 : 64;
        struct trial **more = realloc(table->trials, capacity * sizeof *more);
        if (!more)
            return NULL;
        table->trials = more;
        table->capacity = capacity;
    }
    /* one block: the arrays follow the struct */
    struct trial *t = calloc(1, sizeof *t + n_doubles * sizeof(double) + n_moments * sizeof *t->moments);
    if (!t)
        return NULL;
    t->x = (double *)(void *)(t + 1);
    if (n_moments)
        t->moments = (struct moments *)(void *)(t->x + n_doubles);
    t->values = t->x + table->n_dims;
    t->constraints = t->values + table->n_values;
    for (size_t i = 0; i < n_doubles; i++)
        t->x[i] = (double)NAN;
    t->number = table->n;
    t->state = HONE_STATE_RUNNING;
    t->best = HUGE_VAL;
    table->trials[table->n++] = t;
    table->running++;
    return t;
}

void trial_table_drop_last(struct trial_table *table)
{
    table->running--;
    free(table->trials[--table->n]);
}

static uint64_t *count_of(struct trial_table *table, uint32_t state)
{
    switch (state) {
    case HONE_STATE_COMPLETE: return &table->complete;
    case HONE_STATE_PRUNED: return &table->pruned;
    case HONE_STATE_FAILED: return &table->failed;
    case HONE_STATE_PAUSED: return &table->paused;
    case HONE_STATE_WAITING: return &table->waiting;
    default: return &table->running;
    }
}

double trial_minimized(const struct trial_table *table, const struct trial *trial, uint32_t objective)
{
    return table->maximize[objective] ? -trial->values[objective] : trial->values[objective];
}

double trial_violation(const struct trial_table *table, const struct trial *trial)
{
    double sum = 0;
    for (uint32_t i = 0; i < table->n_constraints; i++)
        sum += trial->constraints[i] > 0 ? trial->constraints[i] : isnan(trial->constraints[i]) ? HUGE_VAL : 0;
    return sum;
}

int trial_dominates(const struct trial_table *table, const struct trial *a, const struct trial *b)
{
    const double va = trial_violation(table, a), vb = trial_violation(table, b);
    int better = 0;
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

struct trial *trial_table_best(const struct trial_table *table)
{
    return table->n_front ? table->front[0] : NULL;
}

/* 1 where a makes b superfluous in the front: it is better, or, with one objective, the same and earlier. */
static int displaces(const struct trial_table *table, const struct trial *a, const struct trial *b)
{
    return trial_dominates(table, a, b) ||
           (table->n_values == 1 && a->number < b->number && !trial_dominates(table, b, a));
}

static int front_add(struct trial_table *table, struct trial *trial)
{
    uint64_t kept = 0, place;
    const int better = !table->n_front || table->n_values > 1 || trial_dominates(table, trial, table->front[0]);
    table->since_best += table->n_front > 0; /* unless it turns out better; an earlier one as good is not */
    for (uint64_t i = 0; i < table->n_front; i++)
        if (displaces(table, table->front[i], trial))
            return 0;
    if (table->n_front == table->front_capacity) {
        const uint64_t capacity = table->front_capacity ? table->front_capacity * 2 : 16;
        struct trial **more = realloc(table->front, capacity * sizeof *more);
        if (!more)
            return -1;
        table->front = more;
        table->front_capacity = capacity;
    }
    for (uint64_t i = 0; i < table->n_front; i++) /* those that the new one displaces leave */
        if (!displaces(table, trial, table->front[i]))
            table->front[kept++] = table->front[i];
    for (place = kept; place > 0 && table->front[place - 1]->number > trial->number; place--)
        table->front[place] = table->front[place - 1];
    table->front[place] = trial;
    table->n_front = kept + 1;
    if (better)
        table->since_best = 0;
    return 0;
}

void trial_drop_told(struct trial *trial)
{
    free(trial->gradient);
    free(trial->tuned);
    trial->gradient = trial->tuned = NULL;
}

double trial_next_time(const struct trial *trial)
{
    return trial->begun + (double)trial->step + (trial->pause_at ? 0 : 1);
}

void trial_move(struct trial_table *table, struct trial *trial, uint32_t state)
{
    --*count_of(table, trial->state);
    trial->state = state;
    ++*count_of(table, state);
}

int trial_end(struct trial_table *table, struct trial *trial, uint32_t state)
{
    trial_move(table, trial, state);
    if (state == HONE_STATE_COMPLETE)
        return front_add(table, trial);
    table->since_best += table->n_front > 0;
    return 0;
}
