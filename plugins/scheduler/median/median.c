/* SPDX-License-Identifier: MIT */
/* scheduler/median and scheduler/percentile: stop a trial whose best value so far is worse than the median, or another
 * percentile, of the completed trials' values at the same step. The median stopping rule of Golovin et al. 2017 (Google Vizier, section 3.2.2) as Optuna's
 * MedianPruner states it. */
#include "front.h"
#include "hone/param.h"
#include "hone/scheduler.h"
#include "hone/search.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    int64_t n_startup_trials, n_warmup_steps, interval_steps, n_min_trials, objective;
    double percentile;
};

#define COMMON                                                                                                     \
    HONE_INT(struct settings, n_startup_trials, "5", 0, 1e9, 0, "trials",                                          \
             "Completed trials before any trial is stopped."),                                                     \
        HONE_INT(struct settings, n_warmup_steps, "0", 0, 1e15, 0, "steps",                                        \
                 "Steps of every trial that are never judged."),                                                   \
        HONE_INT(                                                                                                  \
            struct settings, interval_steps, "1", 1, 1e15, 0, "steps",                                             \
            "Steps between judgements, counted from the warm-up on; where a trial reports none at that step, its " \
            "next report is judged."),                                                                             \
        HONE_INT(struct settings, n_min_trials, "1", 1, 1e9, 0, "trials",                                          \
                 "Completed trials that must have reported a number at a step before it is judged."),              \
        HONE_INT(struct settings, objective, "1", 0, 1e6, 0, NULL,                                                 \
                 "Which of the study's objectives is compared: 1 is the first; 0: all of them, by dominance.")
static const hone_param median_params[] = { COMMON };
static const hone_param percentile_params[] = {
    COMMON,
    HONE_REAL(struct settings, percentile, "25", 0, 100, 0, "%",
              "A trial goes on while it is among this share of the best values at its step; 50 is the median."),
};

struct point {
    int64_t step;
    double value, best; /* best: lowest number up to this step; NaN: none yet */
};
struct run { /* a trial under way */
    uint64_t trial;
    struct point *points; /* (n), steps ascending */
    size_t n, capacity;
};
struct level { /* completed trials at a step */
    int64_t step;
    double *values; /* (n), ascending, no NaN */
    size_t n, capacity;
};
struct median {
    const struct settings *settings;
    struct run *runs; /* (n_runs), in no order: as many as trials are under way */
    size_t n_runs, runs_capacity;
    struct level *levels; /* (n_levels), steps ascending */
    size_t n_levels, levels_capacity;
    int64_t n_complete;
    double percentile;
    struct front front; /* objective = 0 and more than one of them: in the place of runs and levels */
    double *best;       /* (front.m) scratch */
};

static hone_rc create_with(const hone_create_info *info, double percentile, void **self, hone_error *err)
{
    struct median *m = (struct median *)calloc(1, sizeof *m);
    if (!m)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler");
    m->settings = (const struct settings *)info->config;
    m->percentile = percentile;
    *self = m;
    return HONE_OK;
}

static hone_rc create_median(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create_with(info, 50, self, err);
}

static hone_rc create_percentile(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return create_with(info, ((const struct settings *)info->config)->percentile, self, err);
}

static void destroy(void *self)
{
    struct median *m = (struct median *)self;
    if (!m)
        return;
    for (size_t i = 0; i < m->n_runs; i++)
        free(m->runs[i].points);
    for (size_t i = 0; i < m->n_levels; i++)
        free(m->levels[i].values);
    free(m->runs);
    free(m->levels);
    front_release(&m->front);
    free(m->best);
    free(m);
}

/* Makes room for one more element of an array: the array, moved perhaps, or NULL. */
static void *grow(void *array, size_t n, size_t *capacity, size_t size)
{
    const size_t more = *capacity ? *capacity * 2 : 8;
    void *moved;
    if (n < *capacity)
        return array;
    moved = realloc(array, more * size);
    if (moved)
        *capacity = more;
    return moved;
}

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the reports of the trials");
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct median *m = (struct median *)self;
    if (m->settings->objective > (int64_t)info->n_values)
        return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                         (long long)m->settings->objective, info->n_values, info->n_values == 1 ? "" : "s");
    if (m->settings->objective || info->n_values < 2)
        return HONE_OK;
    m->front.m = info->n_values;
    m->best = (double *)calloc(info->n_values, sizeof *m->best);
    return m->best ? HONE_OK : no_memory(err);
}

static struct run *find_run(struct median *m, uint64_t trial)
{
    for (size_t i = 0; i < m->n_runs; i++)
        if (m->runs[i].trial == trial)
            return m->runs + i;
    return NULL;
}

/* Index of the first level at or after a step. */
static size_t level_at(const struct median *m, int64_t step)
{
    size_t low = 0, high = m->n_levels;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (m->levels[middle].step < step)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of (n) ascending values, between neighbours in proportion, as numpy.percentile. */
static double percentile_of(const double *values, size_t n, double percent)
{
    const double at = percent / 100 * (double)(n - 1);
    const size_t low = (size_t)at;
    return low + 1 < n ? values[low] + (values[low + 1] - values[low]) * (at - (double)low) : values[n - 1];
}

/* 1 at the first report of a trial at or after a step that is to be judged; before: its last step so far, 0: none. */
static int is_due(const struct settings *s, int64_t step, int64_t before)
{
    int64_t due; /* last step to be judged at or before this one: warm-up + 1 + k * interval */
    if (step <= s->n_warmup_steps)
        return 0;
    due = step - (step - s->n_warmup_steps - 1) % s->interval_steps;
    return before < due;
}

/* All objectives at once: a trial stops where too many of the completed ones dominate what it has reached. With one
 * objective this is the rule below. */
static hone_rc report_front(struct median *m, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    const struct settings *s = m->settings;
    int64_t before;
    size_t n, n_dominating;
    int numbers = 0;
    const hone_rc rc = front_report(&m->front, r->trial, r->step, r->values, m->best, &before, err);
    *verdict = HONE_CONTINUE;
    if (rc != HONE_OK || m->n_complete < 1 || m->n_complete < s->n_startup_trials || !is_due(s, r->step, before))
        return rc;
    for (uint32_t k = 0; k < m->front.m; k++)
        numbers |= m->best[k] < HUGE_VAL;
    n = front_compare(&m->front, r->step, m->best, &n_dominating);
    if (!numbers || (n && n >= (size_t)s->n_min_trials && (double)n_dominating > m->percentile / 100 * (double)n))
        *verdict = HONE_STOP;
    return HONE_OK;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct median *m = (struct median *)self;
    const struct settings *s = m->settings;
    if (m->front.m)
        return report_front(m, r, verdict, err);
    const double value = r->values[s->objective ? s->objective - 1 : 0];
    struct run *run = find_run(m, r->trial);
    const struct level *level;
    struct point *points;
    size_t i;
    int64_t before;
    double best;
    *verdict = HONE_CONTINUE;
    if (!run) {
        struct run *runs = (struct run *)grow(m->runs, m->n_runs, &m->runs_capacity, sizeof *runs);
        if (!runs)
            return no_memory(err);
        m->runs = runs;
        run = runs + m->n_runs++;
        memset(run, 0, sizeof *run);
        run->trial = r->trial;
    }
    /* a trial that starts again (a retry, a resumed study) reports its early steps anew: the newest word counts */
    while (run->n && run->points[run->n - 1].step >= r->step)
        run->n--;
    before = run->n ? run->points[run->n - 1].step : 0;
    points = (struct point *)grow(run->points, run->n, &run->capacity, sizeof *points);
    if (!points)
        return no_memory(err);
    run->points = points;
    best = run->n ? points[run->n - 1].best : value;
    best = value < best || isnan(best) ? value : best;
    points[run->n].step = r->step;
    points[run->n].value = value;
    points[run->n++].best = best;

    if (m->n_complete < 1 || m->n_complete < s->n_startup_trials || !is_due(s, r->step, before))
        return HONE_OK;
    if (isnan(best)) {
        *verdict = HONE_STOP;
        return HONE_OK;
    }
    i = level_at(m, r->step);
    if (i == m->n_levels || m->levels[i].step != r->step)
        return HONE_OK;
    level = m->levels + i;
    if (!level->n || level->n < (size_t)s->n_min_trials)
        return HONE_OK;
    if (best > percentile_of(level->values, level->n, m->percentile))
        *verdict = HONE_STOP;
    return HONE_OK;
}

/* Adds a value to the completed ones at a step. */
static hone_rc level_add(struct median *m, const struct point *point, hone_error *err)
{
    size_t i = level_at(m, point->step), low = 0, high;
    struct level *level;
    double *values;
    if (i == m->n_levels || m->levels[i].step != point->step) {
        struct level *levels = (struct level *)grow(m->levels, m->n_levels, &m->levels_capacity, sizeof *levels);
        if (!levels)
            return no_memory(err);
        m->levels = levels;
        memmove(levels + i + 1, levels + i, (m->n_levels++ - i) * sizeof *levels);
        memset(levels + i, 0, sizeof *levels);
        levels[i].step = point->step;
    }
    level = m->levels + i;
    values = (double *)grow(level->values, level->n, &level->capacity, sizeof *values);
    if (!values)
        return no_memory(err);
    level->values = values;
    for (high = level->n; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (values[middle] < point->value)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(values + low + 1, values + low, (level->n++ - low) * sizeof *values);
    values[low] = point->value;
    return HONE_OK;
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct median *m = (struct median *)self;
    struct run *run = find_run(m, trial);
    hone_rc rc = HONE_OK;
    (void)values;
    if (status == HONE_COMPLETE)
        m->n_complete++;
    if (m->front.m)
        return front_finish(&m->front, trial, status == HONE_COMPLETE, err);
    if (!run)
        return HONE_OK;
    if (status == HONE_COMPLETE)
        for (size_t i = 0; i < run->n && rc == HONE_OK; i++)
            if (!isnan(run->points[i].value))
                rc = level_add(m, run->points + i, err);
    free(run->points);
    *run = m->runs[--m->n_runs];
    return rc;
}

static const char doc[] =
    "Stops a trial when its best value so far is worse than the median of the values that the completed trials "
    "reported at the "
    "same step. The rule has no model of the curves and makes no assumption about their form; it needs trials that "
    "report at comparable "
    "steps (epochs).\n\n"
    "- Only completed trials form the median; stopped and failed ones do not.\n"
    "- Values that are not numbers are left out of it. A trial that has reported nothing but such values is "
    "stopped.\n"
    "- A step at which fewer than `n_min_trials` completed trials reported is not judged.\n"
    "- With several objectives, `objective` says which one is compared. With `objective = 0` a trial is stopped when "
    "more than half of the completed ones dominate, at the same step, the best it has reached in each objective: are "
    "nowhere worse and somewhere better.\n\n"
    "The defaults and the rule are those of Optuna's MedianPruner, with steps counted from 1 as hone does: "
    "`n_warmup_steps = 3` leaves "
    "steps 1 to 3 alone.\n\n"
    "## Source\n"
    "Golovin, D. et al. (2017). Google Vizier: a service for black-box optimization. KDD 2017, section 3.2.2.\n";

static const char percentile_doc[] =
    "Stops a trial when its best value so far is not among the best `percentile` per cent of the values that the "
    "completed "
    "trials reported at the same step: the stricter, the smaller. All the rest is as scheduler/median says, which is "
    "`percentile = 50`. The rule and its defaults are those of Optuna's PercentilePruner (25).\n\n"
    "## Source\n"
    "Golovin, D. et al. (2017). Google Vizier: a service for black-box optimization. KDD 2017, section 3.2.2.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, NULL, report, finish };
#define COMPONENT(variable, name, summary, doc, params, create)       \
    static const hone_component variable = { sizeof variable,         \
                                             HONE_C_DETERMINISTIC,    \
                                             HONE_KIND_SCHEDULER,     \
                                             name,                    \
                                             summary,                 \
                                             doc,                     \
                                             params,                  \
                                             HONE_COUNT(params),      \
                                             sizeof *params,          \
                                             sizeof(struct settings), \
                                             0,                       \
                                             &scheduler,              \
                                             create,                  \
                                             destroy,                 \
                                             NULL,                    \
                                             NULL,                    \
                                             NULL }
COMPONENT(median, "median", "Stops trials that are worse than the median of the completed ones at the same step", doc,
          median_params, create_median);
COMPONENT(percentile, "percentile",
          "Stops trials that are not among the best share of the completed ones at the same step", percentile_doc,
          percentile_params, create_percentile);
HONE_MODULE("org.hone.scheduler.median", "0.1.0", "MIT", "the hone authors", "", &median, &percentile)
