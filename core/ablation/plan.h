/* SPDX-License-Identifier: MIT */
/* Before an ablation runs: how many runs and trainings it is, how long it will take, whether its seeds can show the effect that is
 * looked for. After it: a checklist of what reviewers ask, filled from the storage. */
#ifndef HONE_ABLATION_PLAN_H
#define HONE_ABLATION_PLAN_H
#include "ablation/compare.h"

/* comparison: of the runs that are there, or NULL: there are none. */
void plan_text(const struct ablation *ablation, const struct comparison *comparison, unsigned workers,
               struct text *out);
/* command: what to write to have it again. */
void checklist_text(const struct comparison *comparison, const char *command, struct text *out);
#endif
