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

/* All there is to be seen of a study, as a JSON object. */
hone_rc page_study(struct emit *emit, struct study *study);
/* The document up to the first script. */
void page_head(struct emit *emit, const char *title, uint64_t nonce);
#endif
