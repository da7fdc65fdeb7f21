/* SPDX-License-Identifier: MIT */
/* scheduler/wilcoxon: stops a trial that is worse than the best one on the same folds or seeds, by a signed-rank test of the
 * steps that both have. The rule of Optuna's WilcoxonPruner. */
#include "hone/param.h"
#include "hone/scheduler.h"
#include "hone/search.h"
#include "hone/signed_rank.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct settings {
    double p_threshold;
    int64_t n_startup_steps, objective;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, p_threshold, "0.1", 0, 1, 0, NULL,
              "A trial is stopped where values at least as much worse than the best trial's would come by chance with "
              "less than this probability. It is tested at every step: a good trial is stopped about twice as often."),
    HONE_INT(struct settings, n_startup_steps, "2", 0, 1e15, 0, "steps",
             "Steps that a trial must have in common with the best one before it is judged; two at least."),
    HONE_INT(struct settings, objective, "1", 1, 1e6, 0, NULL,
             "Which of the study's objectives is compared: 1 is the first."),
};

struct point {
    int64_t step;
    double value;
};
struct run { /* a trial */
    uint64_t trial;
    struct point *points; /* (n), steps ascending */
    size_t n, capacity;
};
struct wilcoxon {
    const struct settings *settings;
    struct run *runs; /* (n_runs), in no order: those under way and paused */
    size_t n_runs, runs_capacity;
    struct run best; /* of the completed trials */
    int has_best;
    double best_value;
    double *differences; /* (capacity) scratch */
    size_t differences_capacity;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct wilcoxon *w = (struct wilcoxon *)calloc(1, sizeof *w);
    (void)host;
    if (!w)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler wilcoxon");
    w->settings = (const struct settings *)info->config;
    *self = w;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct wilcoxon *w = (struct wilcoxon *)self;
    if (!w)
        return;
    for (size_t i = 0; i < w->n_runs; i++)
        free(w->runs[i].points);
    free(w->runs);
    free(w->best.points);
    free(w->differences);
    free(w);
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    const struct wilcoxon *w = (const struct wilcoxon *)self;
    if (w->settings->objective > (int64_t)info->n_values)
        return hone_fail(err, HONE_ERANGE, "objective", "objective = %lld, but the study has %u objective%s",
                         (long long)w->settings->objective, info->n_values, info->n_values == 1 ? "" : "s");
    return HONE_OK;
}

/* Room for one more element of an array: 0: out of memory. */
static int reserve(void **array, size_t *capacity, size_t n, size_t size)
{
    const size_t wanted = *capacity ? *capacity * 2 : 8;
    void *more;
    if (n < *capacity)
        return 1;
    if (!(more = realloc(*array, wanted * size)))
        return 0;
    *array = more;
    *capacity = wanted;
    return 1;
}

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the reports of the trials");
}

static struct run *find_run(struct wilcoxon *w, uint64_t trial)
{
    for (size_t i = 0; i < w->n_runs; i++)
        if (w->runs[i].trial == trial)
            return &w->runs[i];
    return NULL;
}

/* Takes a report in. NULL: out of memory. */
static struct run *take(struct wilcoxon *w, uint64_t trial, int64_t step, double value)
{
    struct run *run = find_run(w, trial);
    if (!run) {
        if (!reserve((void **)&w->runs, &w->runs_capacity, w->n_runs, sizeof *w->runs))
            return NULL;
        run = &w->runs[w->n_runs++];
        memset(run, 0, sizeof *run);
        run->trial = trial;
    }
    while (run->n && run->points[run->n - 1].step >= step) /* it began again: the newest word counts */
        run->n--;
    if (!reserve((void **)&run->points, &run->capacity, run->n, sizeof *run->points))
        return NULL;
    run->points[run->n++] = (struct point){ step, value };
    return run;
}

static double mean_of(const struct run *run)
{
    double sum = 0;
    for (size_t i = 0; i < run->n; i++)
        sum += run->points[i].value;
    return sum / (double)run->n;
}

static int is_finite(const struct run *run)
{
    for (size_t i = 0; i < run->n; i++)
        if (!isfinite(run->points[i].value))
            return 0;
    return 1;
}

/* Differences to the best trial at the steps that both have, into w->differences. SIZE_MAX: out of memory. */
static size_t compare(struct wilcoxon *w, const struct run *run)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < run->n; i++) {
        while (k < w->best.n && w->best.points[k].step < run->points[i].step)
            k++;
        if (k == w->best.n)
            break;
        if (w->best.points[k].step != run->points[i].step)
            continue;
        if (!reserve((void **)&w->differences, &w->differences_capacity, n, sizeof *w->differences))
            return SIZE_MAX;
        w->differences[n++] = run->points[i].value - w->best.points[k].value;
    }
    return n;
}

static hone_rc report(void *self, const hone_report *r, uint32_t *verdict, hone_error *err)
{
    struct wilcoxon *w = (struct wilcoxon *)self;
    const struct settings *s = w->settings;
    /* of means so far, pair by pair, every step would say the same again */
    const int alone = r->size > offsetof(hone_report, measured) && r->measured;
    const struct run *run = take(w, r->trial, r->step, (alone ? r->measured : r->values)[s->objective - 1]);
    const size_t least = s->n_startup_steps > 2 ? (size_t)s->n_startup_steps : 2;
    hone_signed_rank test;
    size_t n;
    hone_rc rc;
    *verdict = HONE_CONTINUE;
    if (!run)
        return no_memory(err);
    if (!w->has_best || !w->best.n || !is_finite(run) || !is_finite(&w->best))
        return HONE_OK;
    if ((n = compare(w, run)) == SIZE_MAX)
        return no_memory(err);
    /* the safety: whoever is better on average so far goes on, whatever the ranks say */
    if (n < least || mean_of(run) <= mean_of(&w->best))
        return HONE_OK;
    if ((rc = hone_signed_rank_test(w->differences, n, HONE_ZEROS_SPLIT, &test, err)) < 0)
        return rc;
    if (test.upper < s->p_threshold)
        *verdict = HONE_STOP;
    return HONE_OK;
}

static hone_rc finish(void *self, uint64_t trial, uint32_t status, const double *values, hone_error *err)
{
    struct wilcoxon *w = (struct wilcoxon *)self;
    struct run *run = find_run(w, trial), none = { trial, NULL, 0, 0 };
    const double value = values[w->settings->objective - 1];
    (void)err;
    if (status == HONE_PAUSED)
        return HONE_OK;
    if (status == HONE_COMPLETE && !isnan(value) && (!w->has_best || value < w->best_value)) {
        free(w->best.points);
        w->best = run ? *run : none;
        w->has_best = 1;
        w->best_value = value;
    } else if (run) {
        free(run->points);
    }
    if (run)
        *run = w->runs[--w->n_runs];
    return HONE_OK;
}

static const char doc[] =
    "For objectives whose steps are repetitions of the same experiment, not its progress: folds of a cross-validation, "
    "seeds, instances. Whenever a trial reports, its values are compared with those of the best completed trial at the "
    "same steps, pair by pair, by Wilcoxon's signed-rank test; the trial is stopped where it is worse with a p-value "
    "below `p_threshold`. So a bad trial costs two or three folds instead of ten, and a hard fold is held against "
    "nobody, since it was hard for the best trial too.\n\n"
    "- The test is one-sided and exact, with ties (mean ranks) and differences of zero (half of their ranks to either "
    "side: zsplit in SciPy).\n"
    "- n steps that are all worse have p = 1 / 2^n: `p_threshold = 0.1` stops after four such steps at the earliest.\n"
    "- A trial whose mean so far is better than the mean of the best trial goes on, whatever the test says.\n"
    "- A trial with a value that is infinite or not a number is never stopped.\n\n"
    "The rule and its defaults are those of Optuna's WilcoxonPruner; with ties SciPy computes an approximation, where "
    "this test stays exact.\n\n"
    "## Source\n"
    "Wilcoxon, F. (1945). Individual comparisons by ranking methods. Biometrics Bulletin 1(6), 80-83.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, NULL, report, finish };
static const hone_component wilcoxon = {
    sizeof wilcoxon,
    HONE_C_DETERMINISTIC,
    HONE_KIND_SCHEDULER,
    "wilcoxon",
    "Stops trials that are worse than the best one on the same folds or seeds",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.scheduler.wilcoxon", "0.1.0", "MIT", "the hone authors", "", &wilcoxon)
