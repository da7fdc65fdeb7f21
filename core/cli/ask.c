/* SPDX-License-Identifier: MIT */
/* `hone ask`: a point of a study's search, to be evaluated elsewhere. */
#include "cli/request.h"

#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY, OPTION_FORMAT, OPTION_PLUGIN_PATH, OPTION_NO_DEFAULT_PATH, { NULL, 0, NULL, NULL, 0 }
};

static const struct column columns[] = { { "trial", COLUMN_NUMBER },
                                         { "name", COLUMN_TEXT },
                                         { "value", COLUMN_TEXT } };

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)r->number);
    for (uint32_t i = 0; i < r->n_parameters; i++)
        if (output_row(ctx, (const char *const[]){ number, r->parameters[i].key, r->parameters[i].text }) < 0)
            return HONE_EIO;
    return HONE_OK;
}

static int print(const struct cli *cli, uint64_t trial, enum output_format format)
{
    struct stored stored;
    struct output output;
    hone_error err = HONE_ERROR_INIT;
    const hone_storage_visitor visitor = { &output, NULL, on_trial, NULL, NULL, NULL };
    int code = stored_open(&stored, cli, cli->arguments[0]);
    if (code == 0)
        code = stored_choose(&stored, cli);
    if (code == 0) {
        output_open(&output, format, columns, sizeof columns / sizeof *columns);
        const hone_rc rc = stored.iface->trials(stored.storage.self, stored.study.id, (int64_t)trial, &visitor, &err);
        output_close(&output);
        if (rc != HONE_OK)
            code = cli_fail(EXIT_FAILED, "%s", err.msg[0] ? err.msg : "cannot write the point");
    }
    stored_release(&stored);
    return code;
}

static int run(const struct cli *cli)
{
    enum output_format format;
    uint64_t trial;
    int code = cli_format(cli, &format);
    if (code == 0)
        code = request_answered(cli, HONE_REQUEST_ASK, "", &trial);
    return code == 0 ? print(cli, trial, format) : code;
}

const struct command command_ask = {
    "ask",
    "ask a study's search for a point, to be evaluated elsewhere",
    "STUDY [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). The trial waits until its result is\n"
    "told: hone tell STUDY --trial N NAME=NUMBER. `hone best STUDY --trial N --format ini` prints what trains it.\n",
    options,
    1,
    1,
    run,
    0
};
