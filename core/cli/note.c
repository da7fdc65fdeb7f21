/* SPDX-License-Identifier: MIT */
/* `hone note`: what people write about a study or one of its trials. */
#include "cli/stored.h"

#include <errno.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "trial", 0, "N", "about this trial; else about the study", 0 },
    OPTION_FORMAT,
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static hone_rc on_note(void *ctx, const hone_note_record *note)
{
    struct output *output = ctx;
    char trial[32], written[32];
    snprintf(trial, sizeof trial, "%lld", (long long)note->trial);
    const char *const cells[] = { note->trial == HONE_ALL_TRIALS ? NULL : trial,
                                  stored_time(note->time, written, sizeof written), note->text };
    return output_row(output, cells) == 0 ? HONE_OK : HONE_DONE;
}

static int list(const struct stored *stored, int64_t trial, enum output_format format)
{
    static const struct column columns[] = { { "trial", COLUMN_NUMBER },
                                             { "written", COLUMN_TEXT },
                                             { "note", COLUMN_TEXT } };
    struct output output;
    hone_error err = HONE_ERROR_INIT;
    if (output_open(&output, format, columns, 3) < 0)
        return cli_fail(EXIT_FAILED, "out of memory");
    const hone_rc rc = stored_notes(stored, trial, &output, on_note, &err);
    if (output_close(&output) < 0)
        return cli_fail(EXIT_FAILED, "cannot write the table: %s", strerror(errno));
    return rc >= 0 ? EXIT_OK : cli_fail(EXIT_FAILED, "%s", err.msg);
}

static int run(const struct cli *cli)
{
    struct stored stored;
    enum output_format format;
    hone_error err = HONE_ERROR_INIT;
    int64_t trial = HONE_ALL_TRIALS;
    const char *text = cli->n_arguments > 1 ? cli->arguments[1] : NULL;
    int code = cli_format(cli, &format);
    if (code != 0 || (code = cli_number(cli, "trial", 0, &trial)) != 0)
        return code;
    code = stored_open_in(&stored, cli, cli->arguments[0], text ? HONE_STORAGE_WRITE : HONE_STORAGE_READ);
    if (code == 0)
        code = stored_choose(&stored, cli);
    if (code == 0 && !text)
        code = list(&stored, trial, format);
    else if (code == 0 && !stored_keeps_notes(&stored))
        code = cli_fail(EXIT_FAILED, "storage '%s' keeps no notes", stored.storage.entry->name);
    else if (code == 0 && stored_put_note(&stored, trial, text, &err) != HONE_OK)
        code = cli_fail(EXIT_FAILED, "%s", err.msg);
    stored_release(&stored);
    return code;
}

const struct command command_note = {
    "note",
    "write a note about a study or a trial, or list those there are",
    "STUDY [TEXT] [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). TEXT takes the place of the note that\n"
    "was there; \"\" takes it away; without TEXT the notes are listed. The study may be running.\n",
    options,
    1,
    2,
    run,
    0
};
