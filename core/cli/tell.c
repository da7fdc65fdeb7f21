/* SPDX-License-Identifier: MIT */
/* `hone tell`: the result of a trial that was evaluated elsewhere. */
#include "cli/request.h"

#include "hone/settings.h"

#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "trial", 0, "N", "the trial that `hone ask` gave", 0 },
    { "point", 0, "POINT", "a trial of its own: \"KEY=VALUE, ...\" with every key of [space]", 0 },
    { "failed", 0, "WHY", "it could not be evaluated, in place of values", 0 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static size_t skip(const char *text)
{
    return strspn(text, " \t");
}

/* "NAME=NUMBER, ..." into lines "value NAME=NUMBER". 0, or the exit code. */
static int read_values(const struct cli *cli, const char *argument, struct text *lines)
{
    const char *at = argument + skip(argument);
    while (*at) {
        const size_t name = strcspn(at, "=, \t");
        const char *equals = at + name + skip(at + name), *value = equals + 1 + (*equals ? skip(equals + 1) : 0);
        const size_t n = *equals == '=' ? strcspn(value, ", \t") : 0;
        char number[64];
        double parsed;
        snprintf(number, sizeof number, "%.*s", n < sizeof number ? (int)n : 0, n ? value : "");
        if (!name || *equals != '=' || !hone_parse_real(number, NULL, &parsed))
            return cli_usage_error(cli, "'%s' is not NAME=NUMBER, ...: validation.accuracy=0.93", argument);
        text_addf(lines, "value %.*s=%s\n", (int)name, at, number);
        at = value + n + skip(value + n);
        if (*at == ',')
            at += 1 + skip(at + 1);
    }
    return 0;
}

/* The point in lines "point KEY=VALUE", after it was held against the study's [space]. */
static int read_point(const struct cli *cli, const char *point, struct text *lines)
{
    struct stored stored;
    struct session session = { 0 };
    char *points[] = { (char *)(uintptr_t)point };
    int code = stored_open(&stored, cli, cli->arguments[0]);
    if (code == 0)
        code = stored_choose(&stored, cli);
    if (code == 0)
        code = session_read_points(&session, cli, cli->arguments[0], stored.study.config, points, 1);
    if (code == 0 && session.composition.n_points != 1)
        code = cli_usage_error(cli, "--point '%s' is not one point: KEY=VALUE, ...", point);
    for (size_t k = 0; code == 0 && k < session.composition.points[0].n; k++)
        text_addf(lines, "point %s=%s\n", session.composition.points[0].values[k].key,
                  session.composition.points[0].values[k].text);
    session_release(&session);
    stored_release(&stored);
    return code;
}

static int run(const struct cli *cli)
{
    struct text lines = TEXT_INIT;
    const char *point = cli_value(cli, "point"), *failed = cli_value(cli, "failed");
    int64_t number = -1;
    uint64_t trial;
    int code = cli_number(cli, "trial", 0, &number);
    if (code == 0 && (number < 0) == !point)
        code = cli_usage_error(cli, "say of which trial: --trial N, or --point POINT for a new one");
    if (code == 0 && (cli->n_arguments < 2) == !failed)
        code = cli_usage_error(cli, failed ? "a trial that failed has no values" : "say what it came to: NAME=NUMBER");
    if (code == 0 && number >= 0)
        text_addf(&lines, "trial %lld\n", (long long)number);
    if (code == 0 && point)
        code = read_point(cli, point, &lines);
    for (int i = 1; code == 0 && i < cli->n_arguments; i++)
        code = read_values(cli, cli->arguments[i], &lines);
    if (code == 0 && failed) /* one line */
        text_addf(&lines, "failed %.*s\n", (int)strcspn(failed, "\n"), failed);
    if (code == 0 && lines.failed)
        code = cli_fail(EXIT_FAILED, "out of memory");
    if (code == 0 && (code = request_answered(cli, HONE_REQUEST_TELL, text_string(&lines), &trial)) == 0 &&
        !cli_has(cli, "quiet"))
        printf("told       trial %llu\n", (unsigned long long)trial);
    text_release(&lines);
    return code;
}

const struct command command_tell = {
    "tell",
    "tell a study the result of a trial that was evaluated elsewhere",
    "STUDY NAME=NUMBER... [options]",
    "STUDY is a storage: a path (fashion.db) or a URL (sqlite:fashion.db). The study's objectives must be among\n"
    "the NAMEs, and the metrics of its constraints; more are kept with the trial. The trial is the one that\n"
    "`hone ask` gave (--trial), or a new one (--point). The search hears of it as of its own trials, whether\n"
    "the study runs or not; the scheduler does not.\n",
    options,
    1,
    -1,
    run,
    0
};
