/* SPDX-License-Identifier: MIT */
/* What [ablation] may hold. */
#include "ablation/ablation_table.h"

#include "hone/param.h"

static const char *const intervals[] = { "auto", "t", "bca", NULL };
static const char *const corrections[] = { "holm", "benjamini_hochberg", NULL };

#define RAW struct ablation_raw
const hone_param ablation_params[] = {
    HONE_INT(RAW, seeds, "10", 1, 10000, 0, "runs",
             "Runs of every cell: with the seeds [study] seed, seed + 1, ... The same ones in all cells, so that "
             "differences "
             "are taken in pairs. More of them later run alone."),
    HONE_STR(
        RAW, design, "", 0,
        "Which combinations of levels are run: a plugin of the kind design (hone info design). Its keys are written "
        "design.KEY = VALUE. Default: the kind's default one."),
    HONE_STR(
        RAW, metric, "", 0,
        "What the cells are compared by, with max or min where that is not known: test.accuracy. Default: the study's "
        "objective. test.NAME is measured after a last training of each study's winner; without [space], by one "
        "training on all but the test data."),
    HONE_STRS(
        RAW, vary, "seed, split, search", 0,
        "What the seeds change: seed (the training's own randomness), split (which samples train, validate and test), "
        "search (search and scheduler). What is left out is the same in all runs."),
    HONE_STR(RAW, blocks, "", 0,
             "The axis whose levels are data sets or problems: the design is run on each of them, and average ranks "
             "over them "
             "are given."),
    HONE_ENUM(
        RAW, interval, "auto", intervals, 0,
        "Interval of a mean. t: Student's. bca: bootstrap, bias-corrected and accelerated. auto: t below 20 runs, bca "
        "from there on."),
    HONE_ENUM(
        RAW, correction, "holm", corrections, 0,
        "Of p-values for the number of comparisons. holm: keeps the chance of any false finding; benjamini_hochberg: "
        "their share, for exploring."),
    HONE_BOOL(
        RAW, path, "no", 0,
        "Whether the path from the baseline to the best cell is run at the end: at each step, of the changes that are "
        "left, the one that helps most (Fawcett and Hoos 2016)."),
    HONE_REAL(RAW, level, "0.95", 0.5, 1, HONE_P_HI_OPEN, NULL, "Level of the intervals; tests are at 1 - level."),
    HONE_REAL(RAW, effect, "1", 0, 100, HONE_P_LO_OPEN, NULL,
              "Effect that is to be found, for --plan: mean difference over the deviation of the differences."),
    HONE_REAL(RAW, power, "0.8", 0.5, 1, HONE_P_HI_OPEN, NULL, "Chance to find it, for --plan."),
};
const uint32_t ablation_n_params = HONE_COUNT(ablation_params);
