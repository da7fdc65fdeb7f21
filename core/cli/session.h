/* SPDX-License-Identifier: MIT */
/* What `run`, `train`, `check` and `resume` do first: read the INI files, compose, start the workers. */
#ifndef HONE_CLI_SESSION_H
#define HONE_CLI_SESSION_H
#include "cli/cli.h"
#include "config/composition.h"
#include "hone/reporter.h"
#include "worker/pool.h"

#include <signal.h>

struct session {
    const struct cli *cli;
    struct catalog_options catalog_options;
    const char *paths[64];
    struct catalog *catalog;
    struct config config;
    struct composition composition;
    struct complaints complaints;
    struct text config_text; /* resolved, as the workers get it */
    struct pool *pool;
    unsigned workers;
    hone_host host; /* for plugins in this process: log goes to standard error */
    hone_terminal terminal;
};

/* Reads the files named as arguments, then --set and the options that stand for keys (--workers, --trials, --time, --storage);
 * composes. 0, or the exit code after having said everything that is wrong. */
int session_read(struct session *session, const struct cli *cli, unsigned compose_flags);
/* The same in two steps. The first one reads the files and those options into session->config, and opens the catalog. */
int session_read_config(struct session *session, const struct cli *cli);
int session_compose(struct session *session, unsigned compose_flags);
/* The same from text that the storage at `url` keeps; the study stays in it, wherever it was moved to. */
int session_read_stored(struct session *session, const struct cli *cli, const char *url, const char *text,
                        unsigned compose_flags);
/* The same, with these points in place of [study] enqueue: "KEY=VALUE, ..." each. */
int session_read_points(struct session *session, const struct cli *cli, const char *url, const char *text,
                        char *const *points, size_t n);
/* Starts the workers: as many as the study computes with at once, or as many processes as order = strict needs. */
int session_start(struct session *session);
void session_release(struct session *session);
/* Prints an error that names a key in err->param with the place of that key; returns the exit code that fits err->code. */
int session_fail(const struct session *session, const hone_error *err);
/* The same with the keys of another composition than the session's. */
int session_fail_of(const struct composition *composition, const hone_error *err);

/* SIGINT and SIGTERM so far, and the number of the first one. */
extern volatile sig_atomic_t session_signals, session_signal;
void session_catch_signals(void);
#endif
