/* SPDX-License-Identifier: MIT */
/* The page's data and its parts, for the report, which is one file, and for the dashboard, which serves them. */
#ifndef HONE_PLOTS_PAGE_H
#define HONE_PLOTS_PAGE_H
#include "emit.h"

struct asset {
    const char *data;
    size_t n;
};
/* assets.c: what the build embedded. charts is empty where the chart library could not be had. */
struct asset asset_style(void);
struct asset asset_script(void);
struct asset asset_charts(void);

/* All there is to be seen of a study, as a JSON object; figures 0: without them. since: of its trials those alone that were read anew
 * since that version; 0: all. */
hone_rc page_study(struct emit *emit, struct study *study, int figures, uint64_t since);
/* One figure as JSON; kind: an index into figure_kinds. */
hone_rc page_figure(struct emit *emit, struct study *study, uint32_t kind, uint32_t objective);
/* trial.c: what a trial reported, decided, left behind, and what to do where it failed; as JSON. HONE_EINVAL: there is none. */
hone_rc page_trial(struct emit *emit, struct study *study, uint64_t trial);
/* The document up to the first script. */
void page_head(struct emit *emit, const char *title, uint64_t nonce);
/* The scripts, and its end. */
void page_tail(struct emit *emit, uint64_t nonce);
#endif
