/* SPDX-License-Identifier: MIT */
/* `hone serve`: what a storage keeps, live in a browser, by a reporter that serves. */
#include "cli/chosen.h"
#include "cli/kept.h"
#include "cli/request.h"

#include "hone/param.h"
#include "study/study.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static const struct option_row options[] = {
    { "port", 'p', "N", "listen on this port (default: 8080; 0: any that is free)", 0 },
    { "address", 0, "ADDRESS",
      "listen there (default: 127.0.0.1, this machine alone; elsewhere a token is asked for, which is printed)", 0 },
    { "write", 0, NULL, "allow to stop studies, to enqueue points and to write notes", 0 },
    { "study", 0, "NAME", "only this study (repeatable; default: all that the storage holds, new ones too)", 1 },
    { "use", 0, "NAME", "the reporter that serves ('hone info reporter')", 0 },
    { "set", 0, "KEY=VALUE", "set a key of the reporter (repeatable)", 1 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

struct service {
    const struct cli *cli;
    struct stored storage;
    struct kept kept;
    struct component reporter;
    char token[33];
};

static void ready(void *ctx, const char *url)
{
    const struct service *s = ctx;
    printf("serving    %s\n", url);
    if (!cli_has(s->cli, "quiet"))
        printf("%s\n           Ctrl-C ends it; studies do not notice\n",
               cli_has(s->cli, "write") ? "           studies can be stopped, given points and notes there"
                                        : "           read-only");
    fflush(stdout);
}

static hone_rc refresh(void *ctx, hone_error *err)
{
    struct service *s = ctx;
    return kept_refresh(&s->kept, err);
}

/* What is wrong with the point, as far as there is room. */
static hone_rc refuse(const struct complaints *complaints, hone_error *err)
{
    const size_t n = complaints->n;
    if (!n)
        return hone_fail(err, HONE_EINVAL, NULL, "the point cannot be checked; the terminal of hone serve says why");
    return n == 1 ? hone_fail(err, HONE_EINVAL, NULL, "%s", complaints->items[0].message)
                  : hone_fail(err, HONE_EINVAL, NULL, "%.220s; and %zu more", complaints->items[0].message, n - 1);
}

/* A point is checked as `hone enqueue` does: what is wrong with it goes to standard error, too. */
static hone_rc check_point(struct service *s, const struct kept_study *k, const char *text, struct text *lines,
                           hone_error *err)
{
    struct session session = { 0 };
    char *point = strdup(text);
    hone_rc rc = point ? HONE_OK : HONE_ENOMEM;
    for (char *at = point; at && *at; at++)
        if (*at == '\n')
            *at = ',';
    if (rc == HONE_OK &&
        session_read_points(&session, s->cli, s->cli->arguments[0], k->stored.study.config, &point, 1) != 0)
        rc = refuse(&session.complaints, err);
    if (rc == HONE_OK)
        rc = study_check_points(&session.composition, err);
    if (rc == HONE_OK && session.composition.n_points != 1)
        rc = hone_fail(err, HONE_EINVAL, NULL, "a point is KEY=VALUE lines");
    for (size_t i = 0; rc == HONE_OK && i < session.composition.points[0].n; i++)
        text_addf(lines, "%s=%s\n", session.composition.points[0].values[i].key,
                  session.composition.points[0].values[i].text);
    session_release(&session);
    free(point);
    return rc == HONE_OK && lines->failed ? HONE_ENOMEM : rc;
}

static hone_rc request(void *ctx, uint32_t study, uint32_t what, const char *text, hone_error *err)
{
    struct service *s = ctx;
    struct text lines = TEXT_INIT;
    int64_t id;
    if (study >= s->kept.view.n_studies || (what != HONE_REQUEST_STOP && what != HONE_REQUEST_POINT))
        return hone_fail(err, HONE_EINVAL, NULL, "that cannot be asked of study %u", study);
    const struct kept_study *k = s->kept.studies[study];
    const hone_storage_v1 *iface = s->storage.iface;
    hone_rc rc = what == HONE_REQUEST_POINT ? check_point(s, k, text, &lines, err) : HONE_OK;
    if (rc == HONE_OK && what == HONE_REQUEST_STOP &&
        iface->runner(s->storage.storage.self, k->stored.study.id, &id, err) != HONE_WAIT)
        rc = hone_fail(err, HONE_EINVAL, NULL, "study '%.80s' is not being run", k->stored.study.name);
    const hone_request_record record = { sizeof record, what, 0, text_string(&lines) };
    if (rc == HONE_OK && (rc = iface->begin(s->storage.storage.self, err)) == HONE_OK) {
        rc = iface->put_request(s->storage.storage.self, k->stored.study.id, &record, &id, err);
        if (rc == HONE_OK)
            rc = iface->commit(s->storage.storage.self, err);
        else
            iface->rollback(s->storage.storage.self);
    }
    text_release(&lines);
    return rc;
}

static hone_rc note(void *ctx, uint32_t study, int64_t trial, const char *text, hone_error *err)
{
    const struct service *s = ctx;
    if (study >= s->kept.view.n_studies)
        return hone_fail(err, HONE_EINVAL, NULL, "there is no study %u", study);
    return stored_put_note(&s->kept.studies[study]->stored, trial, text, err);
}

/* 1 loopback, 0 another address, -1 none. */
static int is_loopback(const char *address)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, address, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &six) == 1 ? IN6_IS_ADDR_LOOPBACK(&six) : -1;
}

/* From the kernel: whoever guesses it reads the studies. */
static int make_token(struct service *s)
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return cli_fail(EXIT_FAILED, "cannot make a token: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(s->token + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

static const struct catalog_component *choose(struct service *s, int *code)
{
    const struct catalog_component *const *all, *found = NULL;
    const size_t n = catalog_components(s->storage.catalog, &all);
    const char *use = cli_value(s->cli, "use");
    hone_error err = HONE_ERROR_INIT;
    if (use) {
        if (!(found = catalog_find(s->storage.catalog, "reporter", use, &err)))
            *code = cli_fail(EXIT_PLUGIN, "%s", err.msg);
        else if (!catalog_has_hook(found, "serve"))
            *code = cli_usage_error(s->cli, "--use %s: it does not serve", use);
        return *code ? NULL : found;
    }
    for (size_t i = 0; i < n && *code == 0; i++) {
        if (strcmp(all[i]->kind_id, HONE_KIND_REPORTER) != 0 || !catalog_has_hook(all[i], "serve"))
            continue;
        if (found)
            *code = cli_usage_error(s->cli, "both %s and %s serve: name one with --use", found->name, all[i]->name);
        found = all[i];
    }
    if (!found)
        *code = cli_fail(EXIT_PLUGIN, "no reporter that serves is installed");
    return *code ? NULL : found;
}

static int serve(struct service *s, int64_t port, const char *address)
{
    const hone_serving serving = { sizeof serving,
                                   (uint32_t)port,
                                   address,
                                   s->token[0] ? s->token : NULL,
                                   s,
                                   ready,
                                   refresh,
                                   cli_has(s->cli, "write") ? request : NULL,
                                   cli_has(s->cli, "write") && stored_keeps_notes(&s->storage) ? note : NULL };
    const hone_reporter_v1 *iface = s->reporter.loaded->iface;
    hone_error err = HONE_ERROR_INIT;
    const hone_rc rc = iface->serve(s->reporter.self, &s->kept.view, &serving, &err);
    return rc == HONE_OK || rc == HONE_ECANCELED
               ? EXIT_OK
               : cli_fail(EXIT_FAILED, "%s: %s", s->reporter.entry->name, err.msg[0] ? err.msg : "it gave no reason");
}

static int run(const struct cli *cli)
{
    struct service s = { .cli = cli };
    const char *address = cli_value(cli, "address") ? cli_value(cli, "address") : "127.0.0.1", *url = cli->arguments[0];
    const struct catalog_component *entry = NULL;
    int64_t port = 8080;
    const int local = is_loopback(address);
    int code = cli_number(cli, "port", 0, &port);
    if (code == 0 && (port > 65535 || local < 0))
        code = local < 0 ? cli_usage_error(cli, "--address %s: write a numeric address, such as 0.0.0.0", address)
                         : cli_usage_error(cli, "--port %lld: 65535 at most", (long long)port);
    if (code == 0 && !local)
        code = make_token(&s);
    if (code == 0)
        code = stored_open_in(&s.storage, cli, url, cli_has(cli, "write") ? HONE_STORAGE_WRITE : HONE_STORAGE_READ);
    if (code == 0 && (entry = choose(&s, &code)) && (code = kept_open(&s.kept, cli, &s.storage, url)) == 0 &&
        (code = chosen_create(&s.reporter, s.storage.catalog, entry, cli, NULL, 0, 0)) == 0)
        code = serve(&s, port, address);
    component_destroy(&s.reporter);
    kept_release(&s.kept);
    stored_release(&s.storage);
    return code;
}

const struct command command_serve = {
    "serve",
    "show studies in a browser, live",
    "STORAGE [options]",
    "STORAGE is a path (fashion.db) or a URL (sqlite:fashion.db). A study that is running is not slowed: it is read\n"
    "in short transactions, and never locked.\n",
    options,
    1,
    1,
    run,
    0
};
