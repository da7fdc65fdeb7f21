/* SPDX-License-Identifier: MIT */
/* benchmark/search: search strategies on test problems: how good after so many trials, and what an ask and a tell cost. */
#include "bench.h"
#include "hone/instance.h"
#include "hone/rng.h"
#include "hone/statistics.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    hone_strings search, problem;
    hone_ints trials;
    int64_t seeds, concurrent;
    const char *baseline, *objective, *peer;
    hone_strings peer_sampler;
};
static const hone_param params[] = {
    HONE_STRS(struct settings, search, "", 0,
              "Searches, each with settings behind colons where wanted: tpe, tpe:mode=optuna. Empty: all that are "
              "installed."),
    HONE_STRS(
        struct settings, problem, "branin, hartmann6, ackley10, rosenbrock10", 0,
        "Problems of the objective, each with settings behind colons: sphere:noise=1. Digits at the end of a name that "
        "it does not have are its dimensions."),
    HONE_INTS(struct settings, trials, "100", 1, 1e7, 0, "trials", "Trials of a study; several: a study for each."),
    HONE_INT(struct settings, seeds, "20", 1, 100000, 0, NULL, "Studies of each search on each problem."),
    HONE_INT(
        struct settings, concurrent, "1", 1, 1e6, 0, "trials",
        "Trials at work at once: a search hears of the oldest only when it has asked for so many. Not the peer's."),
    HONE_STR(struct settings, baseline, "random", 0,
             "The search that the others are tested against, added where it is missing; empty: none."),
    HONE_STR(struct settings, objective, "function", 0, "The objective that poses the problems."),
    HONE_STR(struct settings, peer, "", 0, "A Python that has Optuna, to compare with on the same problems and seeds."),
    HONE_STRS(
        struct settings, peer_sampler, "", 0,
        "The peer's samplers, of random, tpe, gp, cmaes and nsga2. Empty: those that have the name of a search here."),
};
static const char *const samplers[] = { "random", "tpe", "gp", "cmaes", "nsga2", NULL };

struct contender {
    struct entry entry;
    const char *sampler; /* of the peer; NULL: a search of ours */
    char label[96];
    double *regret; /* (seeds) on the problem at hand */
    double cost;    /* seconds a trial, mean over the seeds */
    double rank;    /* mean over the seeds */
    int refused;
    double ranks, costs; /* sums over n problems */
    uint64_t n;
};
struct bench {
    struct settings settings; /* first: hone_instance_create copies them there */
    const hone_host *host;
    const hone_instances_v1 *instances;
    uint64_t seed;
    struct contender *contenders;
    uint64_t n_contenders, n_seeds;
    struct contender *baseline; /* NULL: none */
    struct peer peer;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    static const struct peer no_peer = PEER_INIT;
    const struct settings *s = (const struct settings *)info->config;
    struct bench *b;
    hone_rc rc;
    if (!s->problem.n || !s->trials.n)
        return hone_fail(err, HONE_EINVAL, s->problem.n ? "trials" : "problem",
                         "%s is empty: there is nothing to measure", s->problem.n ? "trials" : "problem");
    for (uint64_t i = 0; i < s->peer_sampler.n; i++) {
        uint32_t k = 0;
        while (samplers[k] && strcmp(samplers[k], s->peer_sampler.values[i]))
            k++;
        if (!samplers[k])
            return hone_fail(err, HONE_EINVAL, "peer_sampler",
                             "peer_sampler = %.60s is none of random, tpe, gp, cmaes, nsga2",
                             s->peer_sampler.values[i]);
    }
    if ((rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct bench), self, err)) < 0)
        return rc;
    b = (struct bench *)*self;
    b->host = host;
    b->seed = info->seed;
    b->peer = no_peer;
    b->n_seeds = (uint64_t)s->seeds;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct bench *b = (struct bench *)self;
    if (b) {
        peer_close(&b->peer);
        for (uint64_t i = 0; i < b->n_contenders; i++) {
            entry_release(&b->contenders[i].entry);
            free(b->contenders[i].regret);
        }
        free(b->contenders);
    }
    free(b);
}

/* ---- who takes part ---- */
static int is_installed(const struct bench *b, const char *search)
{
    const char *name;
    for (uint32_t i = 0; (name = b->instances->installed(b->host, HONE_KIND_SEARCH, i)); i++)
        if (!strcmp(name, search))
            return 1;
    return 0;
}

static hone_rc add(struct bench *b, const char *label, const char *sampler, hone_error *err)
{
    struct contender *more = (struct contender *)realloc(b->contenders, (size_t)(b->n_contenders + 1) * sizeof *more),
                     *c;
    if (!more)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the searches");
    b->contenders = more;
    c = more + b->n_contenders++;
    memset(c, 0, sizeof *c);
    c->sampler = sampler;
    snprintf(c->label, sizeof c->label, "%s%s", sampler ? "optuna " : "", sampler ? sampler : label);
    if (!(c->regret = (double *)calloc((size_t)b->n_seeds, sizeof *c->regret)))
        return hone_fail(err, HONE_ENOMEM, "seeds", "out of memory for %llu seeds", (unsigned long long)b->n_seeds);
    return sampler ? HONE_OK : entry_init(&c->entry, label, "search", err);
}

static hone_rc add_peers(struct bench *b, const hone_output *output, hone_error *err)
{
    const struct settings *s = &b->settings;
    const uint64_t ours = b->n_contenders;
    char note[160];
    hone_rc rc = peer_open(&b->peer, b->host, s->peer, err);
    for (uint64_t i = 0; i < s->peer_sampler.n && rc == HONE_OK; i++)
        rc = add(b, NULL, s->peer_sampler.values[i], err);
    for (uint32_t k = 0; !s->peer_sampler.n && samplers[k] && rc == HONE_OK; k++) {
        int named = 0;
        for (uint64_t i = 0; i < ours; i++)
            named |= !strcmp(b->contenders[i].entry.name, samplers[k]);
        if (named)
            rc = add(b, NULL, samplers[k], err);
    }
    if (rc != HONE_OK)
        return rc;
    if (b->n_contenders == ours)
        return hone_fail(err, HONE_EINVAL, "peer_sampler",
                         "no sampler of the peer has the name of a search here: name some");
    snprintf(note, sizeof note, "peer: Optuna %s", b->peer.version);
    output->note(output, note);
    return HONE_OK;
}

static hone_rc gather(struct bench *b, const hone_output *output, hone_error *err)
{
    const struct settings *s = &b->settings;
    uint64_t found = UINT64_MAX;
    const char *name;
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < s->search.n && rc == HONE_OK; i++)
        rc = add(b, s->search.values[i], NULL, err);
    for (uint32_t i = 0;
         !s->search.n && rc == HONE_OK && (name = b->instances->installed(b->host, HONE_KIND_SEARCH, i)); i++)
        rc = add(b, name, NULL, err);
    for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK; i++)
        for (uint64_t k = 0; k < i; k++)
            if (!strcmp(b->contenders[i].label, b->contenders[k].label))
                return hone_fail(err, HONE_EINVAL, "search", "search = %.60s is there twice", b->contenders[i].label);
    for (uint64_t i = 0; i < b->n_contenders; i++)
        found = !strcmp(b->contenders[i].label, s->baseline) ? i : found;
    if (rc == HONE_OK && found == UINT64_MAX && *s->baseline) {
        char base[64];
        snprintf(base, sizeof base, "%.*s", (int)strcspn(s->baseline, ":"), s->baseline);
        if (is_installed(b, base)) {
            found = b->n_contenders;
            rc = add(b, s->baseline, NULL, err);
        } else {
            output->note(output, "the baseline is not installed: nothing is tested against it");
        }
    }
    if (rc == HONE_OK && !b->n_contenders)
        return hone_fail(err, HONE_EINVAL, "search", "no search is installed");
    if (rc == HONE_OK && *s->peer)
        rc = add_peers(b, output, err);
    b->baseline = found == UINT64_MAX || !b->contenders ? NULL : b->contenders + found;
    return rc;
}

/* ---- measuring ---- */
/* All seeds of one contender. Where it cannot have the problem, that is noted. */
static hone_rc measure(struct bench *b, struct contender *c, const struct posed *posed, uint64_t trials,
                       const hone_output *output, hone_error *err)
{
    char note[400];
    hone_rc rc = HONE_OK;
    c->cost = 0;
    c->refused = 0;
    for (uint64_t k = 0; k < b->n_seeds && rc == HONE_OK; k++) {
        const uint64_t seed = hone_rng_derive(b->seed, k);
        double cpu;
        rc = c->sampler ? peer_course(&b->peer, c->sampler, posed, seed, trials, c->regret + k, &cpu, err)
                        : course_run(b->host, b->instances, &c->entry, posed, seed, trials,
                                     (uint64_t)b->settings.concurrent, c->regret + k, &cpu, err);
        c->cost += cpu / (double)b->n_seeds;
    }
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

/* Mean rank of everybody over the seeds. */
static hone_rc rank_all(struct bench *b, hone_error *err)
{
    double *values = (double *)malloc((size_t)(2 * b->n_contenders) * sizeof *values), *ranks = values;
    if (!values)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the ranks");
    ranks += b->n_contenders;
    for (uint64_t i = 0; i < b->n_contenders; i++)
        b->contenders[i].rank = 0;
    for (uint64_t k = 0; k < b->n_seeds; k++) {
        uint64_t n = 0;
        for (uint64_t i = 0; i < b->n_contenders; i++)
            if (!b->contenders[i].refused)
                values[n++] = b->contenders[i].regret[k];
        hone_ranks(values, n, ranks);
        n = 0;
        for (uint64_t i = 0; i < b->n_contenders; i++)
            if (!b->contenders[i].refused)
                b->contenders[i].rank += ranks[n++] / (double)b->n_seeds;
    }
    free(values);
    for (uint64_t i = 0; i < b->n_contenders; i++) {
        struct contender *c = b->contenders + i;
        if (c->refused)
            continue;
        c->ranks += c->rank;
        c->costs += c->cost;
        c->n++;
    }
    return HONE_OK;
}

/* ---- rows ---- */
static const hone_output_column columns[] = {
    { "problem", HONE_CELL_TEXT, 0 },        { "trials", HONE_CELL_NUMBER, 0 },
    { "search", HONE_CELL_TEXT, 0 },         { "seeds", HONE_CELL_NUMBER, 0 },
    { "regret", HONE_CELL_NUMBER, 4 },       { "quartile_1", HONE_CELL_NUMBER, 4 },
    { "quartile_3", HONE_CELL_NUMBER, 4 },   { "rank", HONE_CELL_NUMBER, 3 },
    { "wins", HONE_CELL_NUMBER, 0 },         { "p_value", HONE_CELL_NUMBER, 2 },
    { "microseconds", HONE_CELL_NUMBER, 3 }, { "peer_regret", HONE_CELL_NUMBER, 3 },
    { "peer_cost", HONE_CELL_NUMBER, 3 },
};
enum {
    PROBLEM,
    TRIALS,
    SEARCH,
    SEEDS,
    REGRET,
    QUARTILE_1,
    QUARTILE_3,
    RANK,
    WINS,
    P_VALUE,
    COST,
    PEER_REGRET,
    PEER_COST
};

static double sorted_quantile(const struct bench *b, const struct contender *c, double share, double *scratch)
{
    memcpy(scratch, c->regret, (size_t)b->n_seeds * sizeof *scratch);
    hone_sort(scratch, b->n_seeds);
    return hone_quantile(scratch, b->n_seeds, share);
}

static const struct contender *counterpart(const struct bench *b, const struct contender *c)
{
    for (uint64_t i = 0; i < b->n_contenders && !c->sampler; i++)
        if (b->contenders[i].sampler && !b->contenders[i].refused && !strcmp(b->contenders[i].sampler, c->entry.name))
            return b->contenders + i;
    return NULL;
}

static hone_rc print_row(struct bench *b, const struct contender *c, const char *problem, uint64_t trials,
                         double *scratch, const hone_output *output, hone_error *err)
{
    hone_cell cells[HONE_COUNT(columns)];
    const struct contender *peer = counterpart(b, c);
    for (uint32_t i = 0; i < HONE_COUNT(columns); i++)
        cells[i] = (hone_cell){ NULL, (double)NAN };
    cells[PROBLEM].text = problem;
    cells[TRIALS].number = (double)trials;
    cells[SEARCH].text = c->label;
    cells[SEEDS].number = (double)b->n_seeds;
    if (!c->refused) {
        cells[REGRET].number = sorted_quantile(b, c, 0.5, scratch);
        cells[QUARTILE_1].number = sorted_quantile(b, c, 0.25, scratch);
        cells[QUARTILE_3].number = sorted_quantile(b, c, 0.75, scratch);
        cells[RANK].number = c->rank;
        cells[COST].number = c->cost * 1e6;
    }
    if (!c->refused && b->baseline && c != b->baseline && !b->baseline->refused) {
        const hone_rc rc = signed_rank(c->regret, b->baseline->regret, b->n_seeds, &cells[P_VALUE].number, err);
        if (rc < 0)
            return rc;
        cells[WINS].number = 0;
        for (uint64_t k = 0; k < b->n_seeds; k++)
            cells[WINS].number += c->regret[k] < b->baseline->regret[k];
    }
    if (!c->refused && peer) {
        cells[PEER_REGRET].number = cells[REGRET].number / sorted_quantile(b, peer, 0.5, scratch);
        cells[PEER_COST].number = c->cost / peer->cost;
    }
    return output->row(output, cells, HONE_COUNT(columns), err);
}

/* Over all problems: mean rank and cost of those that had them all. */
static hone_rc print_all(struct bench *b, uint64_t trials, const hone_output *output, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK; i++) {
        struct contender *c = b->contenders + i;
        hone_cell cells[HONE_COUNT(columns)];
        for (uint32_t k = 0; k < HONE_COUNT(columns); k++)
            cells[k] = (hone_cell){ NULL, (double)NAN };
        cells[PROBLEM].text = "all";
        cells[TRIALS].number = (double)trials;
        cells[SEARCH].text = c->label;
        cells[SEEDS].number = (double)b->n_seeds;
        if (c->n == b->settings.problem.n) {
            cells[RANK].number = c->ranks / (double)c->n;
            cells[COST].number = c->costs / (double)c->n * 1e6;
        }
        rc = output->row(output, cells, HONE_COUNT(columns), err);
        c->ranks = c->costs = 0;
        c->n = 0;
    }
    return rc;
}

static hone_rc run_problem(struct bench *b, const char *label, uint64_t trials, double *scratch,
                           const hone_output *output, hone_error *err)
{
    struct posed posed;
    struct entry entry;
    hone_rc rc;
    memset(&entry, 0, sizeof entry);
    if ((rc = pose(b->host, b->instances, b->settings.objective, b->seed, label, &entry, &posed, err)) < 0)
        goto out;
    for (uint64_t i = 0; i < b->n_contenders; i++)
        if ((rc = measure(b, b->contenders + i, &posed, trials, output, err)) < 0)
            goto out;
    if ((rc = rank_all(b, err)) < 0)
        goto out;
    for (uint64_t i = 0; i < b->n_contenders && rc == HONE_OK; i++)
        rc = print_row(b, b->contenders + i, label, trials, scratch, output, err);
out:
    b->instances->release(b->host, &posed.instance);
    entry_release(&entry);
    return rc;
}

static hone_rc run(void *self, const hone_output *output, hone_error *err)
{
    struct bench *b = (struct bench *)self;
    const struct settings *s = &b->settings;
    double *scratch;
    hone_rc rc;
    b->instances = (const hone_instances_v1 *)b->host->get_ext(b->host, HONE_EXT_INSTANCES);
    if (!b->instances)
        return hone_fail(err, HONE_ENOTSUP, NULL, "the host makes no components");
    if ((rc = gather(b, output, err)) < 0 || (rc = output->columns(output, columns, HONE_COUNT(columns), err)) < 0)
        return rc;
    if (!(scratch = (double *)malloc((size_t)b->n_seeds * sizeof *scratch)))
        return hone_fail(err, HONE_ENOMEM, "seeds", "out of memory for %llu seeds", (unsigned long long)b->n_seeds);
    for (uint64_t t = 0; t < s->trials.n && rc == HONE_OK; t++) {
        const uint64_t trials = (uint64_t)s->trials.values[t];
        for (uint64_t i = 0; i < s->problem.n && rc == HONE_OK; i++)
            rc = run_problem(b, s->problem.values[i], trials, scratch, output, err);
        if (rc == HONE_OK && s->problem.n > 1)
            rc = print_all(b, trials, output, err);
    }
    free(scratch);
    return rc;
}

static const char doc[] =
    "Runs search plugins on test problems, in this process and without a storage, and prints a row for each search on "
    "each "
    "problem. For comparing strategies, also those of strangers.\n\n"
    "| column | meaning |\n"
    "|---|---|\n"
    "| regret, quartile_1, quartile_3 | median and quartiles over the seeds of: the best value less the least that the "
    "problem "
    "allows; several objectives: the hypervolume of the true front less the one reached. Where the best is not known: "
    "the "
    "value, or less the hypervolume. Noisy problems: what the best observed point is worth without noise |\n"
    "| rank | mean over the seeds of the rank among the rows of the problem, 1 is best |\n"
    "| wins, p_value | seeds on which it is better than the baseline (random search), and the p-value of Wilcoxon's "
    "signed-rank test, two-sided, exact for up to 200 seeds |\n"
    "| microseconds | processor time of an ask and a tell, mean over all trials |\n"
    "| peer_regret, peer_cost | regret and cost, divided by those of the peer's sampler of the same name |\n\n"
    "The rows of the problem `all` have the means over the problems, for searches that could have all of them.\n\n"
    "With `peer`, Optuna's samplers run in a process of their own; they get the space in their own terms and send "
    "points, "
    "which are evaluated here: both sides have the same problems, noise and failures included.\n\n"
    "## Example\n"
    "    hone bench search --search tpe,gp,tpe:mode=optuna --problem branin,ackley10,zdt1 --trials 100 --seeds 20\n"
    "    hone bench search --search tpe --peer venv/bin/python --format csv\n\n"
    "## Sources\n"
    "Wilcoxon, F. 1945, \"Individual comparisons by ranking methods\", Biometrics Bulletin 1.\n";

static const hone_benchmark_v1 benchmark = { sizeof benchmark, 0, run };
static const hone_component search = {
    .size = sizeof search,
    .flags = 0,
    .kind = HONE_KIND_BENCHMARK,
    .name = "search",
    .summary = "Search strategies on test problems, beside random search and Optuna",
    .doc = doc,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &benchmark,
    .create = create,
    .destroy = destroy,
};
HONE_MODULE("org.hone.benchmark.search", "0.1.0", "MIT", "the hone authors", "", &search, &benchmark_scheduler)
