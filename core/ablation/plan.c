/* SPDX-License-Identifier: MIT */
/* What an ablation will cost, and what it can find. */
#include "ablation/plan.h"

#include <math.h>
#include <string.h>

static void add_time(struct text *out, double seconds)
{
    if (seconds < 120)
        text_addf(out, "%.0f s", seconds);
    else if (seconds < 7200)
        text_addf(out, "%.0f min", seconds / 60);
    else
        text_addf(out, "%.1f h", seconds / 3600);
}

/* Trainings that a run of the cell is: its trials, and the last one of the winner. */
static uint64_t trainings_of(const struct ablation *a, const struct ablation_cell *cell)
{
    const struct study_settings *s = &a->base.study;
    const uint64_t runs = s->repeats > 1 ? (uint64_t)s->repeats : 1;
    if (!cell->searched)
        return 1;
    return (uint64_t)s->trials * runs + (a->metric && !strncmp(a->metric, "test.", 5));
}

/* Seconds of one run of the cell: the mean of those that are done; of the other cells' where it has none; NaN: nothing is known. */
static double seconds_of(const struct ablation *a, size_t cell)
{
    double own = 0, all = 0;
    size_t n_own = 0, n_all = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++) {
            const struct ablation_run *run = &a->cells[i].runs[k];
            if (run->state < RUN_DONE)
                continue;
            own += i == cell ? run->seconds : 0;
            n_own += i == cell;
            all += run->seconds;
            n_all++;
        }
    return n_own ? own / (double)n_own : n_all ? all / (double)n_all : (double)NAN;
}

static void plan_cost(const struct ablation *a, unsigned workers, struct text *out)
{
    size_t missing = 0;
    uint64_t trainings = 0;
    double seconds = 0;
    for (size_t i = 0; i < a->n_compared; i++)
        for (size_t k = 0; k < a->n_seeds; k++)
            if (a->cells[i].runs[k].state < RUN_DONE) {
                missing++;
                trainings += trainings_of(a, &a->cells[i]);
                seconds += a->base.study.time > 0 && a->cells[i].searched ? a->base.study.time : seconds_of(a, i);
            }
    text_addf(out, "runs       %zu = %zu cells x %zu seeds%s; %zu to do\n", a->n_compared * a->n_seeds, a->n_compared,
              a->n_seeds, a->spec.has_blocks ? ", blocks counted" : "", missing);
    if (a->base.study.time > 0 && a->base.study.trials == 0)
        text_add(out, "trainings  as many as the time of [study] allows\n");
    else
        text_addf(out, "trainings  %llu to do\n", (unsigned long long)trainings);
    text_add(out, "time       ");
    if (!missing) {
        text_add(out, "none: all is there");
    } else if (isnan(seconds)) {
        text_add(out,
                 "not known: no run is there to judge by; `--seeds 1` makes one of every cell, which count later on");
    } else {
        const double wall = seconds / (double)(missing < workers ? missing : workers);
        text_add(out, "about ");
        add_time(out, wall);
        text_addf(out, " with %u worker%s, by the runs that are there", workers, workers == 1 ? "" : "s");
    }
    text_add(out, "\n");
}

/* The cell whose differences to the reference spread most, as far as pilot runs tell; SIZE_MAX: none has three pairs. */
static size_t widest(const struct comparison *c, double *deviation)
{
    const struct ablation *a = c->ablation;
    size_t found = SIZE_MAX;
    *deviation = 0;
    for (size_t i = 0; i < a->n_compared; i++) {
        const size_t reference = comparison_cell(c, a->cells[i].block, 0);
        double sum = 0, squares = 0, n = 0;
        if (c->cells[i].is_reference || c->cells[i].pairs < LEAST_FOR_INTERVAL)
            continue;
        for (size_t k = 0; k < a->n_seeds; k++) {
            const double d = c->values[i * a->n_seeds + k] - c->values[reference * a->n_seeds + k];
            if (isnan(d))
                continue;
            n++;
            sum += d;
            squares += d * d;
        }
        const double s = sqrt(fmax(0, (squares - sum * sum / n) / (n - 1)));
        if (s > *deviation) {
            *deviation = s;
            found = i;
        }
    }
    return found;
}

static void plan_seeds(const struct ablation *a, const struct comparison *c, struct text *out)
{
    const struct ablation_raw *raw = &a->spec.raw;
    const size_t comparisons = a->n_compared - a->n_blocks;
    const double alpha = 1 - raw->level;
    const uint64_t for_effect = hone_pairs_needed(raw->effect, alpha, raw->power),
                   for_test = hone_signed_rank_pairs(comparisons ? comparisons : 1, alpha);
    text_addf(out, "seeds      %zu; an effect of %.3g deviations of the difference takes %llu (level %g, power %g)\n",
              a->n_seeds, raw->effect, (unsigned long long)for_effect, alpha, raw->power);
    text_addf(out, "           a signed-rank test over %zu comparison%s can come out significant from %llu on\n",
              comparisons, comparisons == 1 ? "" : "s", (unsigned long long)for_test);
    double deviation;
    const size_t cell = c ? widest(c, &deviation) : SIZE_MAX;
    if (cell != SIZE_MAX)
        text_addf(out,
                  "           differences spread by up to %.4g (%s): %.4g is an effect of %.3g, which is what %zu "
                  "seeds find\n",
                  deviation, a->cells[cell].label,
                  deviation * (hone_normal_quantile(1 - alpha / 2) + hone_normal_quantile(raw->power)) /
                      sqrt((double)a->n_seeds),
                  (hone_normal_quantile(1 - alpha / 2) + hone_normal_quantile(raw->power)) / sqrt((double)a->n_seeds),
                  a->n_seeds);
    if (a->n_seeds < for_test)
        text_add(out, "           too few for any p-value\n");
    else if (a->n_seeds < for_effect)
        text_add(out, "           too few for this effect\n");
}

void plan_text(const struct ablation *a, const struct comparison *c, unsigned workers, struct text *out)
{
    text_addf(out, "%s: %s, design %s\n", a->base.study.name, a->metric, a->design->name);
    plan_cost(a, workers, out);
    plan_seeds(a, c, out);
    text_add(out, "cells");
    for (size_t i = 0; i < a->n_compared; i++) {
        size_t done = 0;
        for (size_t k = 0; k < a->n_seeds; k++)
            done += a->cells[i].runs[k].state >= RUN_DONE;
        text_addf(out, "%s%3zu of %zu done  %s%s%s\n", i ? "           " : "      ", done, a->n_seeds,
                  a->spec.has_blocks ? a->spec.axes[a->spec.n_axes - 1].levels[a->cells[i].block].label : "",
                  a->spec.has_blocks ? "  " : "", a->cells[i].label);
    }
}
