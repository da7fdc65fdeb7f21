/* SPDX-License-Identifier: MIT */
/* Reading, composing and starting, as the commands share it. */
#include "cli/session.h"

#include "base/version.h"
#include "hone/param.h"
#include "plugin/crash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

volatile sig_atomic_t session_signals, session_signal;

static void on_signal(int number)
{
    if (!session_signals)
        session_signal = number;
    session_signals++;
    if (session_signals > 1) { /* "now", and the loop may be inside a plugin that does not return */
        static const char end[] = " does not return: ended by force; what was committed is kept\n";
        if (crash_name_entered() && write(STDERR_FILENO, end, sizeof end - 1) < 0)
            _exit(128 + number);
        if (session_signals > 2 || crash_is_inside())
            _exit(128 + number);
    }
}

void session_catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &ignore, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a file that may not grow is an error of the storage, not a death */
    crash_install();
}

/* ---- what plugins in this process get ---- */

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host;
    if (level >= HONE_LOG_WARN)
        fprintf(stderr, "hone: %s\n", message);
}

static uint32_t host_cancelled(const hone_host *host)
{
    (void)host;
    return session_signals != 0;
}

static const void *host_get_ext(const hone_host *host, const char *id)
{
    (void)host;
    (void)id;
    return NULL;
}

static void terminal_write(void *ctx, const char *text, uint64_t n)
{
    (void)ctx;
    while (n) {
        const ssize_t written = write(STDERR_FILENO, text, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* nobody looks any more; the study goes on */
        text += written;
        n -= (uint64_t)written;
    }
}

static uint32_t terminal_columns(void *ctx)
{
    struct winsize size;
    (void)ctx;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* ---- reading ---- */

static void session_init(struct session *s, const struct cli *cli)
{
    *s = (struct session){ .cli = cli };
    size_t position = 0;
    const char *path;
    while ((path = cli_next(cli, "plugin-path", &position)) &&
           s->catalog_options.n_paths < sizeof s->paths / sizeof *s->paths)
        s->paths[s->catalog_options.n_paths++] = path;
    s->catalog_options.paths = s->paths;
    s->catalog_options.no_default_path = cli_has(cli, "no-default-path");
    s->host = (hone_host){ sizeof s->host, HONE_ABI_MAJOR, HONE_ABI_MINOR, HONE_VERSION, s,
                           host_log,       host_cancelled, host_get_ext };
    s->terminal = (hone_terminal){ sizeof s->terminal,
                                   (uint32_t)isatty(STDERR_FILENO),
                                   (uint32_t)cli_colour(stderr),
                                   (uint32_t)cli_has(cli, "quiet"),
                                   s,
                                   terminal_write,
                                   terminal_columns };
}

/* --workers 2 is --set study.workers=2 */
static void apply_options(struct session *s)
{
    static const char *const names[] = { "workers", "trials", "time", "storage", "directory" };
    size_t position = 0;
    const char *assignment;
    struct text line = TEXT_INIT;
    while ((assignment = cli_next(s->cli, "set", &position)))
        config_set(&s->config, assignment, &s->complaints);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = cli_value(s->cli, names[i]);
        if (!value)
            continue;
        text_clear(&line);
        text_addf(&line, "study.%s=%s", names[i], value);
        config_set(&s->config, text_string(&line), &s->complaints);
    }
    for (position = 0; (assignment = cli_next(s->cli, "enqueue", &position));) { /* after those that are there */
        const struct config_item *before = config_find(&s->config, "study", "enqueue");
        text_clear(&line);
        text_addf(&line, "study.enqueue=%s%s%s", before ? before->value : "", before && *before->value ? " | " : "",
                  assignment);
        config_set_from(&s->config, "--enqueue", text_string(&line), &s->complaints);
    }
    text_release(&line);
}

/* Options and catalog: what comes before composing. */
static int settle(struct session *s)
{
    int code = 0;
    apply_options(s);
    if (!s->complaints.n && (code = cli_catalog(s->cli, &s->catalog)) != 0)
        return code;
    if (s->complaints.n)
        return cli_complaints(&s->complaints);
    return 0;
}

int session_compose(struct session *s, unsigned flags)
{
    if (composition_make(&s->composition, &s->config, s->catalog, flags, &s->complaints) < 0 || s->complaints.n)
        return cli_complaints(&s->complaints);
    composition_text(&s->composition, NULL, 0, &s->config_text);
    return s->config_text.failed ? cli_fail(EXIT_FAILED, "out of memory") : 0;
}

static int compose(struct session *s, unsigned flags)
{
    const int code = settle(s);
    return code ? code : session_compose(s, flags);
}

int session_read_config(struct session *s, const struct cli *cli)
{
    session_init(s, cli);
    for (int i = 0; i < cli->n_arguments; i++)
        config_read(&s->config, cli->arguments[i], &s->complaints);
    return settle(s);
}

int session_read(struct session *s, const struct cli *cli, unsigned compose_flags)
{
    const int code = session_read_config(s, cli);
    return code ? code : session_compose(s, compose_flags);
}

static void read_stored(struct session *s, const struct cli *cli, const char *url, const char *text)
{
    struct text storage = TEXT_INIT;
    session_init(s, cli);
    config_read_text(&s->config, url, "", text, strlen(text), &s->complaints);
    text_addf(&storage, "study.storage=%s", url);
    config_set(&s->config, text_string(&storage), &s->complaints);
    text_release(&storage);
}

int session_read_stored(struct session *s, const struct cli *cli, const char *url, const char *text,
                        unsigned compose_flags)
{
    read_stored(s, cli, url, text);
    return compose(s, compose_flags);
}

int session_read_points(struct session *s, const struct cli *cli, const char *url, const char *text,
                        char *const *points, size_t n)
{
    struct text all = TEXT_INIT;
    read_stored(s, cli, url, text);
    text_add(&all, "study.enqueue=");
    for (size_t i = 0; i < n; i++)
        text_addf(&all, "%s%s", i ? " | " : "", points[i]);
    config_set_from(&s->config, "POINT", text_string(&all), &s->complaints);
    text_release(&all);
    return compose(s, 0);
}

int session_start(struct session *s)
{
    const struct study_settings *study = &s->composition.study;
    hone_error err = HONE_ERROR_INIT;
    s->workers = (unsigned)study->workers;
    unsigned n = study->order == ORDER_STRICT ? (unsigned)study->lag : s->workers;
    if (study->order == ORDER_ASYNCHRONOUS && study->trials > 0 && study->trials < (int64_t)n)
        n = s->workers = (unsigned)study->trials;
    const struct pool_options options = { n,
                                          text_string(&s->config_text),
                                          study->directory,
                                          (uint64_t)study->split_seed,
                                          study->trial_time,
                                          study->trial_memory,
                                          study->checkpoint_interval,
                                          3.0,
                                          &s->catalog_options,
                                          NULL };
    if (pool_create(&s->pool, &options, &err) != HONE_OK)
        return session_fail(s, &err);
    return 0;
}

void session_release(struct session *s)
{
    pool_destroy(s->pool);
    composition_release(&s->composition);
    catalog_close(s->catalog);
    config_release(&s->config);
    complaints_release(&s->complaints);
    text_release(&s->config_text);
    *s = (struct session){ 0 };
}

int session_fail_of(const struct composition *composition, const hone_error *err)
{
    char section[64];
    const char *dot = strrchr(err->param, '.');
    if (err->code == HONE_EINVAL || err->code == HONE_ERANGE || (err->code == HONE_ENOTSUP && err->param[0])) {
        struct complaints one = COMPLAINTS_INIT;
        snprintf(section, sizeof section, "%.*s", dot ? (int)(dot - err->param) : (int)strlen(err->param), err->param);
        const struct place place = composition_place(composition, section, dot ? dot + 1 : NULL);
        complain(&one, &place, "%s", err->msg);
        complaints_print(&one, stderr);
        complaints_release(&one);
        return EXIT_CONFIGURATION;
    }
    return cli_fail(err->code == HONE_ECANCELED && session_signal ? 128 + session_signal : EXIT_FAILED, "%s", err->msg);
}

int session_fail(const struct session *s, const hone_error *err)
{
    return session_fail_of(&s->composition, err);
}
