/* SPDX-License-Identifier: MIT */
/* `hone enqueue`: points for a study to try next, while it runs or before it goes on. */
#include "cli/request.h"

#include "study/study.h"

static const struct option_row options[] = {
    OPTION_STUDY, OPTION_QUIET, OPTION_PLUGIN_PATH, OPTION_NO_DEFAULT_PATH, { NULL, 0, NULL, NULL, 0 }
};

/* All or none: a process that is killed between two of them would leave half of what was meant. */
static int put_points(struct stored *s, const struct composition *c)
{
    struct text lines = TEXT_INIT;
    hone_error err = HONE_ERROR_INIT;
    int64_t id;
    hone_rc rc = s->iface->begin(s->storage.self, &err);
    for (size_t i = 0; i < c->n_points && rc == HONE_OK; i++) {
        text_clear(&lines);
        for (size_t k = 0; k < c->points[i].n; k++)
            text_addf(&lines, "%s=%s\n", c->points[i].values[k].key, c->points[i].values[k].text);
        const hone_request_record record = { sizeof record, HONE_REQUEST_POINT, 0, text_string(&lines) };
        rc = s->iface->put_request(s->storage.self, s->study.id, &record, &id, &err);
    }
    if (rc == HONE_OK)
        rc = s->iface->commit(s->storage.self, &err);
    else
        s->iface->rollback(s->storage.self);
    text_release(&lines);
    return rc == HONE_OK ? 0 : cli_fail(EXIT_FAILED, "%s", err.msg);
}

static void say(const struct cli *cli, const struct stored *s, const struct composition *c)
{
    struct text arguments = TEXT_INIT;
    int64_t process;
    const int running = request_runner(s, &process) == 1;
    const int spent = c->study.trials > 0 && s->study.n_trials >= (uint64_t)c->study.trials;
    if (!running) {
        stored_arguments(&arguments, cli->arguments[0], s->study.name);
        if (spent)
            text_addf(&arguments, " --trials %llu", (unsigned long long)(s->study.n_trials + c->n_points));
    }
    printf("enqueued   %zu point%s%s\n", c->n_points, c->n_points == 1 ? "" : "s",
           running ? ", next to be tried by the process that runs the study" : "");
    if (!running)
        printf("next       hone resume %s\n", text_string(&arguments));
    text_release(&arguments);
}

static int run(const struct cli *cli)
{
    struct stored stored;
    struct session session = { 0 };
    hone_error err = HONE_ERROR_INIT;
    int code = request_open(&stored, cli);
    if (code == 0)
        code = session_read_points(&session, cli, cli->arguments[0], stored.study.config, cli->arguments + 1,
                                   (size_t)cli->n_arguments - 1);
    if (code == 0 && study_check_points(&session.composition, &err) != HONE_OK)
        code = cli_fail(EXIT_CONFIGURATION, "%s", err.msg);
    if (code == 0 && !session.composition.n_points)
        code = cli_usage_error(cli, "a point is KEY=VALUE, ... with keys of [space]");
    if (code == 0 && (code = put_points(&stored, &session.composition)) == 0 && !cli_has(cli, "quiet"))
        say(cli, &stored, &session.composition);
    session_release(&session);
    stored_release(&stored);
    return code;
}

const struct command command_enqueue = {
    "enqueue",
    "give a study points to try next",
    "STUDY POINT... [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). A POINT is \"KEY=VALUE, ...\" with\n"
    "keys of the study's [space]; keys left out are drawn. The process that runs the study takes them at once;\n"
    "where none does, they wait until the study goes on. A point is tried as often as it is given.\n",
    options,
    2,
    -1,
    run,
    0
};
