/* SPDX-License-Identifier: MIT */
/* benchmark/scheduler: schedulers on test problems of several fidelities: how good after a budget of steps. */
#include "bench.h"
#include "hone/instance.h"
#include "hone/rng.h"
#include "hone/statistics.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    hone_strings scheduler, problem;
    hone_reals budget;
    int64_t seeds, concurrent;
    const char *search, *baseline, *objective;
    uint8_t oracle;
};
static const hone_param params[] = {
    HONE_STRS(
        struct settings, scheduler, "asha, hyperband, bohb, dehb", 0,
        "Schedulers, each with settings behind colons where wanted (asha:mode=stop), and with its search behind a "
        "plus sign where it is another than `search`: asha+tpe."),
    HONE_STRS(struct settings, problem, "mf_hartmann6:steps=81, counting_ones:steps=81", 0,
              "Problems of the objective, each with settings behind colons; they must have steps."),
    HONE_REALS(struct settings, budget, "12, 25, 50, 100", 0, 1e9, HONE_P_LO_OPEN, "trials",
               "Budgets, in steps of so many whole trials, ascending: each is looked at in the same studies."),
    HONE_INT(struct settings, seeds, "20", 1, 100000, 0, NULL, "Studies of each scheduler on each problem."),
    HONE_INT(struct settings, concurrent, "1", 1, 1e6, 0, "trials", "Trials at work at once, on a virtual clock."),
    HONE_STR(struct settings, search, "random", 0,
             "The search of those schedulers that do not propose points themselves and name none."),
    HONE_STR(struct settings, baseline, "none+random", 0,
             "What the others are tested against, added where it is missing; empty: nothing."),
    HONE_BOOL(
        struct settings, oracle, "no", 0,
        "Whether a row says what no scheduler could beat that takes its points from `search`, where that hears of "
        "no results: every step of the budget goes to another point, and the best of them is known."),
    HONE_STR(struct settings, objective, "function", 0, "The objective that poses the problems."),
};

struct contender {
    struct entry scheduler, search;
    char *left, *right; /* the label, cut at its plus sign; right NULL: it has none */
    const char *label;
    double *regret; /* (n_budgets, seeds) on the problem at hand */
    double *rank;   /* (n_budgets) mean over the seeds */
    double trials, cost;
    int refused, oracle; /* oracle: its scheduler is none */
};
struct bench {
    struct settings settings; /* first: hone_instance_create copies them there */
    const hone_host *host;
    const hone_instances_v1 *instances;
    uint64_t seed;
    struct contender *contenders;
    uint64_t n_contenders;
    struct contender *baseline; /* NULL: none */
    double *scratch;            /* (seeds), then two of (n_contenders) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const struct settings *s = (const struct settings *)info->config;
    struct bench *b;
    hone_rc rc;
    if (!s->scheduler.n || !s->problem.n || !s->budget.n)
        return hone_fail(err, HONE_EINVAL,
                         !s->scheduler.n ? "scheduler"
                         : !s->problem.n ? "problem"
                                         : "budget",
                         "%s is empty: there is nothing to measure",
                         !s->scheduler.n ? "scheduler"
                         : !s->problem.n ? "problem"
                                         : "budget");
    for (uint64_t i = 1; i < s->budget.n; i++)
        if (!(s->budget.values[i] > s->budget.values[i - 1]))
            return hone_fail(err, HONE_EINVAL, "budget", "budget = %g stands behind %g: the larger one comes later",
                             s->budget.values[i], s->budget.values[i - 1]);
    if ((rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct bench), self, err)) < 0)
        return rc;
    b = (struct bench *)*self;
    b->host = host;
    b->seed = info->seed;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct bench *b = (struct bench *)self;
    for (uint64_t i = 0; b && i < b->n_contenders; i++) {
        struct contender *c = &b->contenders[i];
        entry_release(&c->scheduler);
        entry_release(&c->search);
        free(c->left);
        free(c->right);
        free(c->regret);
        free(c->rank);
    }
    if (b) {
        free(b->contenders);
        free(b->scratch);
    }
    free(b);
}

/* ---- who takes part ---- */

static hone_rc add(struct bench *b, const char *label, const char *key, hone_error *err)
{
    const size_t n_left = strcspn(label, "+");
    const struct settings *s = &b->settings;
    struct contender *more = (struct contender *)realloc(b->contenders, (size_t)(b->n_contenders + 1) * sizeof *more);
    hone_rc rc;
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the schedulers");
    b->contenders = more;
    for (uint64_t i = 0; i < b->n_contenders; i++)
        if (!strcmp(more[i].label, label))
            return hone_fail(err, HONE_EINVAL, key, "%s = %.60s is there twice", key, label);
    struct contender *c = more + b->n_contenders++;
    memset(c, 0, sizeof *c);
    c->label = label;
    c->left = strndup(label, n_left);
    c->right = label[n_left] ? strdup(label + n_left + 1) : NULL;
    c->regret = (double *)calloc((size_t)(s->budget.n * (uint64_t)s->seeds), sizeof *c->regret);
    c->rank = (double *)calloc((size_t)s->budget.n, sizeof *c->rank);
    if (!c->left || !c->regret || !c->rank || (label[n_left] && !c->right))
        return hone_fail(err, HONE_ENOMEM, "seeds", "out of memory for %lld seeds", (long long)s->seeds);
    rc = entry_init(&c->scheduler, c->left, key, err);
    return rc < 0 ? rc : entry_init(&c->search, c->right ? c->right : s->search, c->right ? key : "search", err);
}

/* "random" behind a plus sign may be the usual search: the same contender under another name. */
static int is_same(const struct contender *c, const char *label, const char *search)
{
    const size_t n = strcspn(label, "+");
    const char *right = label[n] ? label + n + 1 : search;
    return strlen(c->left) == n && !strncmp(c->left, label, n) && !strcmp(c->search.label, right);
}

static hone_rc gather(struct bench *b, hone_error *err)
{
    const struct settings *s = &b->settings;
    uint64_t base = UINT64_MAX;
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < s->scheduler.n && rc == HONE_OK; i++)
        rc = add(b, s->scheduler.values[i], "scheduler", err);
    for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK && *s->baseline; i++)
        base = is_same(&b->contenders[i], s->baseline, s->search) ? i : base;
    if (rc == HONE_OK && base == UINT64_MAX && *s->baseline) {
        base = b->n_contenders;
        rc = add(b, s->baseline, "baseline", err);
    }
    if (rc == HONE_OK && s->oracle && (rc = add(b, "oracle", "oracle", err)) == HONE_OK)
        b->contenders[b->n_contenders - 1].oracle = 1;
    if (rc != HONE_OK)
        return rc;
    b->baseline = base == UINT64_MAX ? NULL : b->contenders + base;
    b->scratch = (double *)malloc(((size_t)s->seeds + 2 * b->n_contenders) * sizeof *b->scratch);
    return b->scratch ? HONE_OK : hone_fail(err, HONE_ENOMEM, "seeds", "out of memory for the seeds");
}

/* ---- measuring ---- */

static hone_rc measure(struct bench *b, struct contender *c, const struct posed *posed, const hone_output *output,
                       hone_error *err)
{
    const struct settings *s = &b->settings;
    const uint64_t n_seeds = (uint64_t)s->seeds;
    double *regret = (double *)malloc((size_t)s->budget.n * sizeof *regret);
    char note[400];
    hone_rc rc = regret ? HONE_OK : hone_fail(err, HONE_ENOMEM, "budget", "out of memory for the budgets");
    c->refused = 0;
    c->trials = c->cost = 0;
    for (uint64_t k = 0; k < n_seeds && rc == HONE_OK; k++) {
        const struct race race = { b->host,
                                   b->instances,
                                   &c->scheduler,
                                   &c->search,
                                   posed,
                                   hone_rng_derive(b->seed, k),
                                   (uint32_t)s->concurrent,
                                   s->budget.values,
                                   s->budget.n };
        uint64_t trials;
        double cpu = (double)NAN;
        rc = c->oracle ? race_oracle(&race, regret, &trials, err) : race_run(&race, regret, &trials, &cpu, err);
        for (uint64_t i = 0; rc == HONE_OK && i < s->budget.n; i++)
            c->regret[i * n_seeds + k] = regret[i];
        c->trials += (double)trials / (double)n_seeds;
        c->cost += cpu / (double)n_seeds;
    }
    free(regret);
    if (rc == HONE_ENOTSUP) {
        snprintf(note, sizeof note, "%s cannot have %s: %.250s", c->label, posed->label, err->msg);
        output->note(output, note);
        c->refused = 1;
        return HONE_OK;
    }
    if (rc < 0 && rc != HONE_ECANCELED) {
        snprintf(note, sizeof note, "%.60s on %.60s: %.130s", c->label, posed->label, err->msg);
        return hone_fail(err, rc, err->param, "%s", note);
    }
    return rc;
}

/* Mean rank of everybody over the seeds, at one budget. */
static void rank_all(struct bench *b, uint64_t budget)
{
    const uint64_t n_seeds = (uint64_t)b->settings.seeds;
    double *values = b->scratch + n_seeds, *ranks = values + b->n_contenders;
    for (uint64_t i = 0; i < b->n_contenders; i++)
        b->contenders[i].rank[budget] = 0;
    for (uint64_t k = 0; k < n_seeds; k++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < b->n_contenders; i++)
            if (!b->contenders[i].refused)
                values[n++] = b->contenders[i].regret[budget * n_seeds + k];
        hone_ranks(values, n, ranks);
        n = 0;
        for (uint64_t i = 0; i < b->n_contenders; i++)
            if (!b->contenders[i].refused)
                b->contenders[i].rank[budget] += ranks[n++] / (double)n_seeds;
    }
}

/* ---- rows ---- */
static const hone_output_column columns[] = {
    { "problem", HONE_CELL_TEXT, 0 },        { "budget", HONE_CELL_NUMBER, 0 }, { "scheduler", HONE_CELL_TEXT, 0 },
    { "seeds", HONE_CELL_NUMBER, 0 },        { "regret", HONE_CELL_NUMBER, 4 }, { "quartile_1", HONE_CELL_NUMBER, 4 },
    { "quartile_3", HONE_CELL_NUMBER, 4 },   { "rank", HONE_CELL_NUMBER, 3 },   { "wins", HONE_CELL_NUMBER, 0 },
    { "p_value", HONE_CELL_NUMBER, 2 },      { "gain", HONE_CELL_NUMBER, 3 },   { "trials", HONE_CELL_NUMBER, 4 },
    { "microseconds", HONE_CELL_NUMBER, 3 },
};
enum { PROBLEM, BUDGET, SCHEDULER, SEEDS, REGRET, QUARTILE_1, QUARTILE_3, RANK, WINS, P_VALUE, GAIN, TRIALS, COST };

static double sorted_quantile(const struct bench *b, const double *regret, double share)
{
    const uint64_t n = (uint64_t)b->settings.seeds;
    memcpy(b->scratch, regret, (size_t)n * sizeof *regret);
    hone_sort(b->scratch, n);
    return hone_quantile(b->scratch, n, share);
}

static hone_rc print_row(const struct bench *b, const struct contender *c, const char *problem, uint64_t budget,
                         const hone_output *output, hone_error *err)
{
    const uint64_t n = (uint64_t)b->settings.seeds;
    const double *regret = c->regret + budget * n;
    hone_cell cells[HONE_COUNT(columns)];
    for (uint32_t i = 0; i < HONE_COUNT(columns); i++)
        cells[i] = (hone_cell){ NULL, (double)NAN };
    cells[PROBLEM].text = problem;
    cells[BUDGET].number = b->settings.budget.values[budget];
    cells[SCHEDULER].text = c->label;
    cells[SEEDS].number = (double)n;
    if (!c->refused) {
        cells[REGRET].number = sorted_quantile(b, regret, 0.5);
        cells[QUARTILE_1].number = sorted_quantile(b, regret, 0.25);
        cells[QUARTILE_3].number = sorted_quantile(b, regret, 0.75);
        cells[RANK].number = c->rank[budget];
        cells[COST].number = c->cost * 1e6;
        if (budget + 1 == b->settings.budget.n) /* it is known of the whole study */
            cells[TRIALS].number = c->trials;
    }
    if (!c->refused && b->baseline && c != b->baseline && !b->baseline->refused) {
        const double *base = b->baseline->regret + budget * n;
        const hone_rc rc = signed_rank(regret, base, n, &cells[P_VALUE].number, err);
        if (rc < 0)
            return rc;
        cells[GAIN].number = sorted_quantile(b, base, 0.5) / cells[REGRET].number;
        cells[WINS].number = 0;
        for (uint64_t k = 0; k < n; k++)
            cells[WINS].number += regret[k] < base[k];
    }
    return output->row(output, cells, HONE_COUNT(columns), err);
}

static hone_rc run_problem(struct bench *b, const char *label, const hone_output *output, hone_error *err)
{
    struct posed posed;
    struct entry entry;
    hone_rc rc;
    memset(&entry, 0, sizeof entry);
    rc = pose(b->host, b->instances, b->settings.objective, b->seed, label, &entry, &posed, err);
    if (rc == HONE_OK && (posed.problem.n_values != 1 || posed.problem.n_constraints))
        rc = hone_fail(err, HONE_EINVAL, "problem", "%.60s has several values or constraints, which this does not take",
                       label);
    if (rc == HONE_OK && posed.problem.max_step < 2)
        rc = hone_fail(err, HONE_EINVAL, "problem", "%.60s has no steps: write %.60s:steps=81", label, label);
    for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK; i++)
        rc = measure(b, b->contenders + i, &posed, output, err);
    for (uint64_t k = 0; k < b->settings.budget.n && rc == HONE_OK; k++) {
        rank_all(b, k);
        for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK; i++)
            rc = print_row(b, b->contenders + i, label, k, output, err);
    }
    b->instances->release(b->host, &posed.instance);
    entry_release(&entry);
    return rc;
}

static hone_rc run(void *self, const hone_output *output, hone_error *err)
{
    struct bench *b = (struct bench *)self;
    hone_rc rc;
    b->instances = (const hone_instances_v1 *)b->host->get_ext(b->host, HONE_EXT_INSTANCES);
    if (!b->instances)
        return hone_fail(err, HONE_ENOTSUP, NULL, "the host makes no components");
    if ((rc = gather(b, err)) < 0 || (rc = output->columns(output, columns, HONE_COUNT(columns), err)) < 0)
        return rc;
    for (uint64_t i = 0; i < b->settings.problem.n && rc == HONE_OK; i++)
        rc = run_problem(b, b->settings.problem.values[i], output, err);
    return rc;
}

static const char doc[] =
    "Runs scheduler plugins on test problems whose values at a step are cheaper versions of the last, in this process, "
    "without a storage, on a virtual clock: a step takes one unit of time on one of `concurrent` workers. All have the "
    "same budget of steps; trials are started as long as it lasts. A trial that pauses and goes on pays for its new "
    "steps only.\n\n"
    "| column | meaning |\n"
    "|---|---|\n"
    "| budget | in whole trials: the steps of so many of them |\n"
    "| regret, quartile_1, quartile_3 | median and quartiles over the seeds of what the best complete trial is worth "
    "at "
    "its last step without noise, less the least that the problem allows; where none is complete, the best of those "
    "that came furthest |\n"
    "| rank | mean over the seeds of the rank among the rows of the problem and budget, 1 is best |\n"
    "| wins, p_value | seeds on which it is better than the baseline (random search, every trial to its end), and the "
    "p-value of Wilcoxon's signed-rank test, two-sided |\n"
    "| gain | the baseline's median regret over this one's |\n"
    "| trials | started in the whole study, mean over the seeds |\n"
    "| microseconds | processor time of all that scheduler and search decide, a step |\n\n"
    "A scheduler of random points can only choose among them. `oracle = yes` shows how far that goes: as many points "
    "as "
    "the budget has steps, and the best of them. It is a bound, not a method.\n\n"
    "Schedulers that clone trials (pbt) are not measured: a function has no state to take over.\n\n"
    "## Example\n"
    "    hone bench scheduler --scheduler asha,asha+tpe,bohb --problem mf_hartmann6:steps=27 --budget 20,50\n";

static const hone_benchmark_v1 benchmark = { sizeof benchmark, 0, run };
const hone_component benchmark_scheduler = {
    .size = sizeof benchmark_scheduler,
    .flags = 0,
    .kind = HONE_KIND_BENCHMARK,
    .name = "scheduler",
    .summary = "Schedulers on test problems of several fidelities, beside random search",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &benchmark,
    .create = create,
    .destroy = destroy,
};
