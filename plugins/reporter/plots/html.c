/* SPDX-License-Identifier: MIT */
/* reporter/html: studies as one page that needs nothing else: data, script and charts are in it. */
#include "html.h"

#include "hone/instance.h"
#include "page.h"

#include <stdlib.h>
#include <string.h>

struct settings {
    const char *title;
};
static const hone_param params[] = {
    HONE_STR(struct settings, title, "", 0, "Title of the page; empty: the name of the study, or of the storage."),
};
struct html {
    struct settings settings;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct html), self, err);
}

/* A number that what is in the data cannot know: scripts run only with it. */
static uint64_t nonce_of(const hone_view *view)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t i = 0; i < view->n_studies; i++)
        for (const char *at = view->studies[i]->record->config; at && *at; at++)
            hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
    return hash;
}

static hone_rc write_page(void *self, const hone_view *view, hone_error *err)
{
    const struct html *html = self;
    const uint64_t nonce = nonce_of(view);
    const char *title = *html->settings.title  ? html->settings.title
                        : view->n_studies == 1 ? view->studies[0]->record->name
                                               : view->storage;
    struct emit *e = emit_open(view->out);
    hone_rc rc = HONE_OK;
    if (!e)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the page");
    emit_share(e);
    page_head(e, title, nonce);
    emit_text(e, "<script type=\"application/json\" id=\"data\">{\"title\":");
    emit_string(e, title);
    emit_text(e, ",\"storage\":");
    emit_string(e, view->storage);
    emit_text(e, ",\"studies\":[");
    for (uint32_t i = 0; i < view->n_studies && rc == HONE_OK; i++) {
        struct study study = { 0 };
        emit_text(e, i ? ",\n" : "\n");
        if ((rc = study_read(&study, view, i, err)) == HONE_OK)
            rc = page_study(e, &study, 1, 0);
        study_release(&study);
    }
    emit_text(e, "],\n\"shared\":");
    emit_shared_list(e);
    emit_text(e, "}</script>\n");
    page_tail(e, nonce);
    const hone_rc closed = emit_close(e, rc == HONE_OK ? err : NULL);
    return rc == HONE_OK ? closed : rc;
}

static const char documentation[] =
    "One file that any browser opens, offline: optimization history, intermediate values with rungs, parallel "
    "coordinates, slices,\n"
    "contours, importance by every method that is installed, ranks, the empirical distribution, the Pareto front, the "
    "timeline of the\n"
    "workers, learning curves, confusion matrices, all trials as a table to sort and filter, the resolved INI with the "
    "source of every\n"
    "value, the environment. Every plot has a table of its numbers; colours keep apart for the colour-blind, and "
    "shapes differ too.\n"
    "\n"
    "    hone report fashion.db -o fashion.html\n"
    "\n"
    "Large studies are thinned out where nobody could see the difference, and the page says so (\"2,000 of 50,000 "
    "trials\"): curves keep\n"
    "their extremes, clouds become densities with the best 1,000 trials as points. The table has all trials.\n"
    "\n"
    "Charts are drawn by Apache ECharts (Apache-2.0), which the build fetches with npm where that is installed; "
    "without it pages have\n"
    "the tables only, and say so.\n";

static const char *const suffixes[] = { "html", "htm", NULL };
static const hone_reporter_v1 iface = { .size = sizeof iface, .suffixes = suffixes, .write = write_page };

const hone_component component_html = {
    .size = sizeof(hone_component),
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "html",
    .summary = "A self-contained page with plots and tables.",
    .doc = documentation,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
