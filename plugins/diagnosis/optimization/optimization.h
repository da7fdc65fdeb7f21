/* SPDX-License-Identifier: MIT */
/* What the files of diagnosis/optimization share: optimization.c has the rules, progress.c the numbers, remedies.c what to
 * try. */
#ifndef HONE_DIAGNOSIS_OPTIMIZATION_H
#define HONE_DIAGNOSIS_OPTIMIZATION_H
#include "hone/diagnosis.h"
#include "hone/param.h"

struct settings {
    double rises, fast, slow, level, growth, vanishing, exploding, dead;
};
struct progress {
    const hone_diagnosis_data *data;
    const struct settings *settings;
    uint32_t n;          /* steps */
    const double *train; /* (n) training loss; NULL: not reported */
    double baseline;     /* of the loss; NaN: not known, or the curve has noise and no baseline */
    double *sorted;      /* (n) scratch */
};
hone_rc progress_open(struct progress *progress, const hone_diagnosis_data *data, const struct settings *settings,
                      hone_error *err);
void progress_close(struct progress *progress);
/* Median of a curve's finite values, over its second half or all of it; NaN: not reported. */
double half_median(const struct progress *progress, const char *name);
double all_median(const struct progress *progress, const char *name);

void remedies_slow(const struct progress *progress, hone_draft *draft); /* learn with smaller steps */
void remedies_settle(const struct progress *progress,
                     hone_draft *draft); /* the same at the end, if lower rates did no better */
void remedies_fast(const struct progress *progress, hone_draft *draft);   /* with larger ones */
void remedies_flow(const struct progress *progress, hone_draft *draft);   /* let gradients through */
void remedies_clip(const struct progress *progress, hone_draft *draft);   /* cut single ones */
void remedies_revive(const struct progress *progress, hone_draft *draft); /* bring units back */
#endif
