/* SPDX-License-Identifier: MIT */
/* What [study] may hold. */
#include "config/study_table.h"
#include "hone/param.h"

static const char *const orders[] = { "asynchronous", "strict", NULL };
static const char *const evaluations[] = { "validation", "test", NULL };

#define RAW struct study_raw
const hone_param study_params[] = {
    HONE_STR(RAW, name, "study", 0,
             "Name of the study: letters, digits, '.', '_' and '-'. A storage may hold several studies."),
    HONE_INT(RAW, seed, "1", 0, HUGE_VAL, 0, NULL,
             "Source of all randomness: the same seed and order = strict give the same study."),
    HONE_INT(RAW, split_seed, "-1", -1, HUGE_VAL, HONE_P_ADVANCED, NULL,
             "Source of the randomness of the data alone: which samples train, validate and test; -1: as seed."),
    HONE_INT(RAW, search_seed, "-1", -1, HUGE_VAL, HONE_P_ADVANCED, NULL,
             "Source of the randomness of search and scheduler alone; -1: as seed."),
    HONE_INT(RAW, trials, "0", 0, 1e9, 0, "trials",
             "Number of trials after which the study ends; 0: no limit. 100 where neither trials nor time is given."),
    HONE_REAL(RAW, time, "0", 0, 1e9, 0, "seconds",
              "Time after which no trial is started any more (20m, 8h); 0: no limit."),
    HONE_STR(RAW, target, "", 0,
             "Value of the objective at which the study ends: once a trial is complete that is as good; empty: none. "
             "Trials that run then run to their end."),
    HONE_INT(RAW, patience, "0", 0, 1e9, 0, "trials",
             "The study ends after so many trials (complete, pruned or failed) since the best one (several objectives: "
             "since "
             "the front changed); 0: never."),
    HONE_REAL(
        RAW, regret, "0", 0, HUGE_VAL, 0, NULL,
        "The study ends once no point of the space is expected to be better than the best trial by more than this, "
        "in the unit of the objective, with the confidence that the search states; 0: never. For searches that can "
        "say so: gp, and auto while it uses it."),
    HONE_STRS(RAW, objectives, "", 0,
              "What to optimize: a metric and min or max (validation.accuracy max). Several, comma-separated, make the "
              "study multi-objective. Without min or max the metric's own direction holds."),
    HONE_STRS(RAW, constraints, "", 0,
              "What a good trial must also meet: a metric, <=, >=, < or >, and a number (model.parameters <= 500000); "
              "several comma-separated."),
    HONE_STR(RAW, workers, WORKERS_AUTO, 0,
             "Trials that run side by side; " WORKERS_AUTO ": as many as processors may be used."),
    HONE_ENUM(
        RAW, order, "asynchronous", orders, 0,
        "asynchronous: results are used as they come. strict: on a virtual clock, so that the study repeats exactly "
        "with any number of workers."),
    HONE_INT_IF(RAW, lag, "4", 1, 4096, 0, "workers", "order=strict",
                "Virtual workers of the strict order; more real ones stay idle."),
    HONE_INT(RAW, repeats, "1", 1, 1000, 0, "runs",
             "Runs of every trial, one after another, each with other random numbers. Then a step is a run: schedulers "
             "judge the mean so far, and may stop a trial before its last run; a trial's value is the mean, and "
             "METRIC.deviation is kept beside it."),
    HONE_STR(
        RAW, fidelity, "", 0,
        "What schedulers pay with, in place of the objective's own steps: KEY LOW .. HIGH (dataset.fraction 0.04 .. "
        "1), "
        "a number of the objective or of what it composes. Step k is a whole run with the key at k * LOW, the last "
        "step "
        "is HIGH; a trial that is promoted runs again with the larger value. For schedulers that pause trials (asha, "
        "hyperband); others see whole runs."),
    HONE_INT(RAW, trial_retries, "0", 0, 1000, 0, "times",
             "How often a trial is tried again whose worker process died."),
    HONE_REAL(
        RAW, checkpoint_interval, "30", 0, 1e9, 0, "seconds",
        "Time between the checkpoints that a trial makes against crashes and interruptions (objectives that can); "
        "0: one at every step. A trial that is paused is saved in any case."),
    HONE_INT(
        RAW, checkpoint_space, "0", 0, 9e15, 0, "bytes",
        "Disk space that the checkpoints of a study may take (20G); beyond it the oldest paused trials lose theirs, "
        "and run from their beginning when they go on. 0: no limit."),
    HONE_BOOL(RAW, keep_checkpoints, "no", 0,
              "Whether the last checkpoint of every trial stays when no trial can need it any more."),
    HONE_REAL(RAW, trial_time, "0", 0, 1e9, 0, "seconds",
              "Time that a trial may take before it counts as failed; 0: no limit."),
    HONE_INT(RAW, trial_memory, "0", 0, 9e15, 0, "bytes",
             "Memory that a worker may use (2G) before its trial counts as failed; 0: no limit."),
    HONE_STR(RAW, storage, "", 0,
             "Where the study is kept: a path, or NAME:LOCATION with the name of a storage plugin. Relative to the "
             "current directory. "
             "Default: the default storage, in a file of the study's name."),
    HONE_STR(RAW, directory, "", 0,
             "Directory for files of the study, model files among them. Relative to the current directory. Default: "
             "beside the storage, "
             "of the study's name."),
    HONE_BOOL(RAW, final, "yes", 0,
              "Whether the winner is trained once more at the end, on all but the test data, and tested (objectives "
              "that can)."),
    HONE_ENUM(
        RAW, evaluate, "validation", evaluations, HONE_P_ADVANCED,
        "What a trial is measured on. validation: it trains on a part of the training data. test: it trains on all "
        "but the test data, as the last training of a winner does, and is tested; for comparisons in which "
        "nothing is chosen: trials = 1, and nothing in [space] that varies."),
    HONE_INT(RAW, trial, "0", 0, 9007199254740992.0, HONE_P_ADVANCED, NULL,
             "`hone train` only: the number of the trial whose random numbers the training uses (`hone best --format "
             "ini` sets it)."),
    HONE_STR(
        RAW, enqueue, "", 0,
        "Points to try first, before the search is asked: KEY = VALUE, ... with keys of [space]; several with | "
        "between "
        "them. Keys left out are drawn from [space]; the search hears of these trials as of its own. A study that has "
        "tried a point once does not try it again."),
    HONE_STRS(RAW, include, "", 0,
              "Files that are read first; what this one says holds over them. Relative to this file."),
};
const uint32_t study_n_params = HONE_COUNT(study_params);
