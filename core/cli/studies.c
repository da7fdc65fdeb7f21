/* SPDX-License-Identifier: MIT */
/* `hone studies`: what a storage holds. */
#include "cli/stored.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_FORMAT, OPTION_PLUGIN_PATH, OPTION_NO_DEFAULT_PATH, { NULL, 0, NULL, NULL, 0 }
};

static const struct column columns[] = {
    { "name", COLUMN_TEXT },       { "state", COLUMN_TEXT },      { "trials", COLUMN_NUMBER },
    { "complete", COLUMN_NUMBER }, { "pruned", COLUMN_NUMBER },   { "failed", COLUMN_NUMBER },
    { "objectives", COLUMN_TEXT }, { "repeatable", COLUMN_TEXT }, { "ended", COLUMN_TEXT },
    { "updated", COLUMN_TEXT },
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

struct listing {
    struct output output;
    const struct stored *stored;
};

/* "running" is what the storage says until a process takes its leave: one that was killed did not. */
static const char *state_of(const struct stored *stored, const hone_study_record *s)
{
    static const char *const states[] = { "running", "finished", "stopped" };
    const hone_storage_v1 *iface = stored->iface;
    hone_error ignored = HONE_ERROR_INIT;
    int64_t process;
    if (s->state == HONE_STUDY_RUNNING && iface->size > offsetof(hone_storage_v1, runner) && iface->runner &&
        iface->runner(stored->storage.self, s->id, &process, &ignored) == HONE_OK)
        return "interrupted";
    return s->state < 3 ? states[s->state] : "?";
}

static hone_rc on_study(void *ctx, const hone_study_record *s)
{
    struct listing *l = ctx;
    char numbers[4][32], updated[40], repeatable[160] = "";
    struct text objectives = TEXT_INIT;
    const uint64_t counts[] = { s->n_trials, s->n_complete, s->n_pruned, s->n_failed };
    for (int i = 0; i < 4; i++)
        snprintf(numbers[i], sizeof numbers[i], "%llu", (unsigned long long)counts[i]);
    for (uint32_t i = 0; i < s->n_objectives; i++)
        text_addf(&objectives, "%s%s %s", i ? ", " : "", s->objectives[i].name,
                  s->objectives[i].direction == HONE_MAXIMIZE ? "max" : "min");
    stored_time(s->updated, updated, sizeof updated);
    if (stored_environment(s->environment, "repeatable", repeatable, sizeof repeatable))
        repeatable[strcspn(repeatable, ":")] = '\0';
    const char *ended = s->size > offsetof(hone_study_record, ended) ? s->ended : NULL;
    const char *const cells[N_COLUMNS] = { s->name,
                                           state_of(l->stored, s),
                                           numbers[0],
                                           numbers[1],
                                           numbers[2],
                                           numbers[3],
                                           text_string(&objectives),
                                           *repeatable ? repeatable : NULL,
                                           ended && *ended ? ended : NULL,
                                           updated };
    const int failed = output_row(&l->output, cells);
    text_release(&objectives);
    return failed < 0 ? HONE_EIO : HONE_OK;
}

static int run(const struct cli *cli)
{
    struct stored stored;
    struct listing listing = { .stored = &stored };
    enum output_format format;
    hone_error err = HONE_ERROR_INIT;
    int code = cli_format(cli, &format);
    if (code != 0 || (code = stored_open(&stored, cli, cli->arguments[0])) != 0)
        return code;
    output_open(&listing.output, format, columns, N_COLUMNS);
    const hone_storage_visitor visitor = { &listing, on_study, NULL, NULL, NULL, NULL };
    const hone_rc rc = stored.iface->studies(stored.storage.self, &visitor, &err);
    output_close(&listing.output);
    if (rc != HONE_OK)
        code = cli_fail(EXIT_FAILED, "%s", err.msg);
    stored_release(&stored);
    return code;
}

const struct command command_studies = {
    "studies",
    "list the studies that a storage holds",
    "STORAGE [options]",
    "STORAGE is a path (fashion.db) or a URL (sqlite:fashion.db). 'interrupted' is a study whose process was\n"
    "killed: run its command again. 'repeatable' is what order = strict makes a study.\n",
    options,
    1,
    1,
    run,
    0
};
