/* SPDX-License-Identifier: MIT */
/* benchmark/search: search.c reads the settings and prints the rows, course.c runs one search on one problem, peer.c talks to
 * Optuna in a process of its own. benchmark/scheduler: scheduler.c and race.c, likewise. For both: pose.c, statistics.c. */
#ifndef HONE_BENCHMARK_SEARCH_H
#define HONE_BENCHMARK_SEARCH_H
#include "hone/benchmark.h"
#include "hone/param.h"
#include "hone/problem.h"
#include "hone/search.h"

#include <sys/types.h>

/* "tpe:mode=optuna:prior=0.5": a component's name and its settings. */
enum { MOST_SETTINGS = 32 };
struct entry {
    const char *label; /* as written: the settings' */
    char *text;        /* a copy, cut into the pieces that the others point to */
    const char *name;
    hone_assignment settings[MOST_SETTINGS];
    uint32_t n_settings;
    char dimensions[16]; /* "10", where the name was "ackley10" */
};
hone_rc entry_init(struct entry *entry, const char *label, const char *key, hone_error *err);
void entry_release(struct entry *entry);

/* A problem in place. */
struct posed {
    const char *label;
    hone_instance instance;
    const hone_problem_v1 *iface;
    hone_problem problem;
};

/* *entry keeps the texts that the instance was made of; both are released by the caller, also after a failure. */
hone_rc pose(const hone_host *host, const hone_instances_v1 *instances, const char *objective, uint64_t seed,
             const char *label, struct entry *entry, struct posed *posed, hone_error *err);

/* What one search has reached on one problem with one seed. */
struct score {
    const struct posed *posed;
    double observed, exact; /* one value: the least observed that meets the constraints, and what it is in truth */
    double *values;         /* several: (n, n_values) in truth, of points that meet the constraints */
    uint64_t n, capacity;
};
/* Evaluates trial `number` of a study with this seed and takes note of it. values, constraints: as observed, what the
 * search is told. HONE_EFAIL: the trial failed. */
hone_rc score_evaluate(struct score *score, uint64_t seed, uint64_t number, const double *x, double *values,
                       double *constraints, hone_error *err);
/* How far from the best: above the least value, or below the hypervolume of the true front; where these are not known, the
 * value, or the hypervolume with its sign turned. Infinite: no point met the constraints. */
hone_rc score_regret(const struct score *score, double *regret, hone_error *err);
void score_release(struct score *score);
enum { MOST_VALUES = 16 };

/* A study in memory: up to `trials`, `concurrent` of them at work. *cpu: seconds of processor time of all asks and tells.
 * HONE_ENOTSUP: the search refuses the problem, and *err says why. */
hone_rc course_run(const hone_host *host, const hone_instances_v1 *instances, const struct entry *search,
                   const struct posed *posed, uint64_t seed, uint64_t trials, uint64_t concurrent, double *regret,
                   double *cpu, hone_error *err);

/* ---- race.c ---- */
struct race {
    const hone_host *host;
    const hone_instances_v1 *instances;
    const struct entry *scheduler, *search; /* search: not asked where the scheduler proposes the points */
    const struct posed *posed;              /* with steps, and one value */
    uint64_t seed;
    uint32_t concurrent;
    const double *budgets; /* (n_budgets) in whole trials, ascending */
    uint64_t n_budgets;
};
/* A study in memory on a virtual clock: a step takes one unit of time on one of `concurrent` workers, and costs one unit of
 * the budget. regret: (n_budgets) of the best complete trial at the end of each budget, in truth; where none is complete, of
 * the best of those that came furthest. *trials: started; *cpu: seconds of processor time of all decisions, a step.
 * HONE_ENOTSUP: the scheduler or the search refuses the problem, or the scheduler clones. */
hone_rc race_run(const struct race *race, double *regret, uint64_t *trials, double *cpu, hone_error *err);
/* What no scheduler can beat with the points of a search that hears nothing, such as random search: as many of them as the
 * budget has steps, none looked at for longer than one, and the best of them known in truth. The points are those that
 * race_run has with the same seed. *trials: points. */
hone_rc race_oracle(const struct race *race, double *regret, uint64_t *trials, hone_error *err);
extern const hone_component benchmark_scheduler;

/* ---- statistics.c ---- */
/* Two-sided p-value of the signed-rank test of a against b: (n) pairs, Wilcoxon 1945; pairs without a difference are left
 * out, ties get their mean rank, few pairs have the exact distribution (hone/signed_rank.h). 1 where nothing differs.
 * HONE_ENOMEM. */
hone_rc signed_rank(const double *a, const double *b, uint64_t n, double *p, hone_error *err);

/* ---- peer.c ---- */
extern const char peer_script[];
struct peer {
    const hone_host *host;
    pid_t pid;
    int fd, messages;
    char buffer[16384], version[48];
    size_t n;
};
#define PEER_INIT                        \
    {                                    \
        NULL, 0, -1, -1, { 0 }, { 0 }, 0 \
    }
hone_rc peer_open(struct peer *peer, const hone_host *host, const char *interpreter, hone_error *err);
/* One study of the peer's sampler. HONE_ENOTSUP: it cannot have this problem. */
hone_rc peer_course(struct peer *peer, const char *sampler, const struct posed *posed, uint64_t seed, uint64_t trials,
                    double *regret, double *cpu, hone_error *err);
void peer_close(struct peer *peer);
#endif
