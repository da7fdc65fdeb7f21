/* SPDX-License-Identifier: MIT */
/* `hone bench`: lists the benchmarks, or runs one. A benchmark's keys become the options of a sub-command made on the spot, so
 * that help, did-you-mean and complaints are those of every other command. */
#include "base/file.h"
#include "cli/bench_host.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "plugin/crash.h"
#include "plugin/guard.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const char kind[] = "benchmark";

static const struct option_row list_options[] = {
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};
static const struct option_row shared_options[] = {
    { "set", 0, "KEY=VALUE", "the same as --KEY VALUE (repeatable; the last one counts)", 1 },
    { "seed", 0, "N", "seed of everything random that it does (default 1)", 0 },
    OPTION_FORMAT,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};
enum { N_SHARED = sizeof shared_options / sizeof *shared_options - 1 };

/* The sub-command: `command` comes first, so that its run finds the rest. */
struct bench_command {
    struct command command;
    struct catalog *catalog;
    const struct catalog_component *entry;
    struct option_row *rows; /* (n_params + N_SHARED + 1): those of its keys first */
    size_t n_keys;           /* rows that stand for a key */
    char name[96];           /* "bench nn" */
    struct text help;        /* NUL-separated lines that rows point to */
};

static const struct bench_command *bench_of(const struct cli *cli)
{
    return (const struct bench_command *)(const void *)cli->command;
}

/* ---- the list ---- */

static int list(const struct cli *cli)
{
    static const struct column columns[] = { { "name", COLUMN_TEXT },
                                             { "version", COLUMN_TEXT },
                                             { "summary", COLUMN_TEXT } };
    const struct catalog_component *const *all;
    struct catalog *catalog = NULL;
    enum output_format format;
    struct output output;
    int code;
    if ((code = cli_format(cli, &format)) != 0 || (code = cli_catalog(cli, &catalog)) != 0)
        return code;
    if (output_open(&output, format, columns, 3) < 0) {
        catalog_close(catalog);
        return cli_fail(EXIT_FAILED, "out of memory");
    }
    const size_t n = catalog_components(catalog, &all);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i]->kind, kind))
            output_row(&output, (const char *const[]){ all[i]->name, all[i]->module->version, all[i]->summary });
    if (output_close(&output) < 0)
        code = cli_fail(EXIT_FAILED, "standard output: %s", strerror(errno));
    catalog_close(catalog);
    return code;
}

/* ---- one benchmark ---- */

static const hone_param *find_param(const struct catalog_component *entry, const char *key)
{
    for (uint32_t i = 0; i < entry->n_params; i++)
        if (!strcmp(entry->params[i].key, key))
            return &entry->params[i];
    return NULL;
}

/* Appends one value; a path is meant from the current directory. 0 or the exit code. */
static int take(const struct bench_command *bench, struct setting_text *settings, char **owned, size_t *n,
                const char *key, const char *value)
{
    const hone_param *p = find_param(bench->entry, key);
    if (p && p->type == HONE_T_PATH && *value) {
        if (!(owned[*n] = path_absolute(NULL, value)))
            return cli_fail(EXIT_FAILED, "out of memory");
        value = owned[*n];
    }
    settings[(*n)++] = (struct setting_text){ key, value };
    return 0;
}

/* --KEY VALUE and --set KEY=VALUE in the order given. */
static int read_settings(const struct cli *cli, struct setting_text *settings, char **owned, size_t *n)
{
    const struct bench_command *bench = bench_of(cli);
    int code = 0;
    for (size_t i = 0; i < cli->n_values && code == 0; i++) {
        const struct option_row *option = cli->values[i].option;
        const char *value = cli->values[i].value, *equal;
        if (option < bench->rows + bench->n_keys) {
            code = take(bench, settings, owned, n, option->name, value);
        } else if (!strcmp(option->name, "set")) {
            if (!(equal = strchr(value, '=')) || equal == value)
                return cli_usage_error(cli, "--set %s is not KEY=VALUE", value);
            char *key = strndup(value, (size_t)(equal - value)); /* lives in the slot behind the value's */
            if (!key)
                return cli_fail(EXIT_FAILED, "out of memory");
            owned[cli->n_values + *n] = key;
            code = take(bench, settings, owned, n, key, equal + 1);
        }
    }
    return code;
}

static int failed(const struct cli *cli, const hone_error *err, hone_rc rc, int created)
{
    if (rc == HONE_ECANCELED || session_signals)
        return 128 + (session_signal ? session_signal : SIGTERM);
    if (!created && err->param[0] && (rc == HONE_EINVAL || rc == HONE_ERANGE))
        return cli_usage_error(cli, "%s", err->msg);
    return cli_fail(EXIT_FAILED, "%s: %s", cli->command->name,
                    err->msg[0] ? err->msg : "failed without giving a reason");
}

/* Signals are heard by a thread that does nothing else: a handler that runs on the stack of a thread that computes overwrites
 * what oneDNN 2.6's generated code keeps below its stack pointer. */
static void *hear_signals(void *mask)
{
    pthread_sigmask(SIG_SETMASK, mask, NULL);
    for (;;)
        pause(); /* where the thread is cancelled */
    return NULL;
}

static hone_rc measure(struct bench_host *host, struct component *component, hone_error *err)
{
    const hone_benchmark_v1 *iface = component->loaded->iface;
    hone_error changed = HONE_ERROR_INIT;
    sigset_t heard, before;
    pthread_t listener;
    struct guard guard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &heard, &before); /* threads that the benchmark starts inherit it */
    const int listens = pthread_create(&listener, NULL, hear_signals, &before) == 0;
    if (!listens)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    guard_save(&guard);
    crash_enter(component->entry);
    const hone_rc rc = iface->run(component->self, &host->output, err);
    crash_enter(NULL);
    if (listens) {
        pthread_cancel(listener);
        pthread_join(listener, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (guard_check(&guard, &changed) != HONE_OK && rc >= 0)
        return hone_fail(err, HONE_EFAIL, NULL, "%.200s", changed.msg);
    return rc;
}

static int run_one(const struct cli *cli)
{
    const struct bench_command *bench = bench_of(cli);
    struct setting_text *settings = calloc(cli->n_values + 1, sizeof *settings);
    char **owned = calloc(2 * cli->n_values + 1, sizeof *owned);
    struct component component = COMPONENT_INIT;
    struct bench_host host;
    hone_error err = HONE_ERROR_INIT;
    enum output_format format;
    size_t n = 0;
    int64_t seed = 1;
    int code;
    if (!settings || !owned) {
        free(settings);
        free(owned);
        return cli_fail(EXIT_FAILED, "out of memory");
    }
    if ((code = cli_format(cli, &format)) == 0 && (code = cli_number(cli, "seed", 0, &seed)) == 0 &&
        (code = read_settings(cli, settings, owned, &n)) == 0) {
        bench_host_init(&host, bench->catalog, format);
        session_catch_signals();
        hone_rc rc = component_create(&component, bench->catalog, bench->entry, &host.host, kind, settings, n,
                                      (uint64_t)seed, &err);
        const int created = rc == HONE_OK;
        if (created)
            rc = measure(&host, &component, &err);
        component_destroy(&component);
        const int printed = bench_host_release(&host); /* the rows so far stand before the complaint */
        code = rc < 0        ? failed(cli, &err, rc, created)
               : printed < 0 ? cli_fail(EXIT_FAILED, "standard output: %s", strerror(errno))
                             : EXIT_OK;
    }
    for (size_t i = 0; i < 2 * cli->n_values; i++)
        free(owned[i]);
    free(owned);
    free(settings);
    return cli_finish(code);
}

/* ---- its options ---- */

static const char *argument_of(const hone_param *p)
{
    switch (p->type) {
    case HONE_T_BOOL: return "yes|no";
    case HONE_T_INT: return "N";
    case HONE_T_REAL: return "X";
    case HONE_T_PATH: return "PATH";
    case HONE_T_INTS: return "N,N...";
    case HONE_T_REALS: return "X,X...";
    case HONE_T_STRS: return "TEXT,...";
    default: return "TEXT";
    }
}

/* "networks to train (default mlp, lenet)": the doc's first sentence; `hone info` has the rest. */
static void add_help(struct text *out, const hone_param *p)
{
    const char *end = strstr(p->doc, ". ");
    size_t n = end ? (size_t)(end - p->doc) : strlen(p->doc);
    if (n && p->doc[n - 1] == '.')
        n--;
    text_add_bytes(out, p->doc, n);
    for (uint32_t i = 0; p->type == HONE_T_ENUM && p->choices[i]; i++)
        text_addf(out, "%s%s", i ? ", " : ": ", p->choices[i]);
    if (!p->def)
        text_add(out, " (required)");
    else if (*p->def)
        text_addf(out, " (default %s)", p->def);
    text_add_bytes(out, "", 1);
}

/* Rows of the benchmark's keys, then the shared ones; a key named as a shared option can only be --set. */
static int make_options(struct bench_command *bench)
{
    const struct catalog_component *entry = bench->entry;
    const char *help;
    size_t n = 0;
    bench->rows = calloc(entry->n_params + N_SHARED + 1, sizeof *bench->rows);
    for (uint32_t i = 0; i < entry->n_params; i++)
        add_help(&bench->help, &entry->params[i]);
    if (!bench->rows || bench->help.failed)
        return -1;
    help = text_string(&bench->help);
    for (uint32_t i = 0; i < entry->n_params; i++, help += strlen(help) + 1) {
        const hone_param *p = &entry->params[i];
        int taken = !strcmp(p->key, "help");
        for (size_t k = 0; k < N_SHARED; k++)
            taken |= !strcmp(p->key, shared_options[k].name);
        if (!taken)
            bench->rows[n++] = (struct option_row){ p->key, 0, argument_of(p), help, 0 };
    }
    bench->n_keys = n;
    memcpy(bench->rows + n, shared_options, sizeof shared_options);
    return 0;
}

/* Where the name stands: the first word that is neither an option nor the value of one; argc: nowhere. */
static int find_name(int argc, char **argv, struct catalog_options *catalog, const char **paths)
{
    int at = 1;
    for (; at < argc && argv[at][0] == '-'; at++) {
        for (const struct option_row *row = list_options; row->name; row++)
            if (row->argument && !strncmp(argv[at], "--", 2) && !strcmp(argv[at] + 2, row->name)) {
                at++;
                break;
            }
    }
    for (int i = 1; i < argc; i++) { /* also behind it */
        static const char path[] = "--plugin-path";
        if (!strcmp(argv[i], path) && i + 1 < argc)
            paths[catalog->n_paths++] = argv[++i];
        else if (!strncmp(argv[i], path, sizeof path - 1) && argv[i][sizeof path - 1] == '=')
            paths[catalog->n_paths++] = argv[i] + sizeof path;
        else if (!strcmp(argv[i], "--no-default-path"))
            catalog->no_default_path = 1;
    }
    catalog->paths = paths;
    return at;
}

static int dispatch_one(struct bench_command *bench, const struct cli *cli, int argc, char **argv, int at)
{
    hone_error err = HONE_ERROR_INIT;
    char **rest = calloc((size_t)argc + 1, sizeof *rest);
    int code, n = 0;
    if (!rest)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (int i = 0; i < argc; i++) /* without the name */
        if (i != at)
            rest[n++] = argv[i];
    if (!(bench->entry = catalog_find(bench->catalog, kind, argv[at], &err))) {
        code = cli_fail(EXIT_PLUGIN, "%s%s", err.msg,
                        catalog_has_kind(bench->catalog, kind) ? "" : "; none is installed");
    } else if (make_options(bench) < 0) {
        code = cli_fail(EXIT_FAILED, "out of memory");
    } else {
        snprintf(bench->name, sizeof bench->name, "%s %.80s", cli->command->name, bench->entry->name);
        bench->command = (struct command){
            bench->name, bench->entry->summary, "[--KEY VALUE]... [options]", NULL, bench->rows, 0, 0, run_one, 0
        };
        code = cli_run(&bench->command, n, rest);
    }
    free(rest);
    return code;
}

static int run(const struct cli *cli)
{
    struct bench_command bench = { .help = TEXT_INIT };
    struct catalog_options options = { 0 };
    const int argc = cli->n_arguments + 1;
    char **argv = cli->arguments - 1; /* argv[0] is the command's own word */
    const char **paths = calloc((size_t)argc + 1, sizeof *paths);
    struct command listing = *cli->command;
    hone_error err = HONE_ERROR_INIT;
    int code;
    if (!paths)
        return cli_fail(EXIT_FAILED, "out of memory");
    const int at = find_name(argc, argv, &options, paths);
    if (at >= argc) {
        free(paths);
        listing.raw = listing.max_arguments = 0;
        listing.options = list_options;
        listing.run = list;
        return cli_run(&listing, argc, argv);
    }
    const hone_rc rc = catalog_open(&bench.catalog, &options, &err);
    if (rc != HONE_OK)
        code = cli_fail(rc == HONE_EINVAL ? EXIT_USAGE : EXIT_FAILED, "%s", err.msg);
    else
        code = dispatch_one(&bench, cli, argc, argv, at);
    if (bench.catalog)
        catalog_close(bench.catalog);
    free(bench.rows);
    text_release(&bench.help);
    free(paths);
    return code;
}

const struct command command_bench = {
    "bench",
    "list the benchmarks, or run one",
    "[NAME [--KEY VALUE]...] [options]",
    "Without a name: the benchmarks that are installed. 'hone bench NAME --help' lists the\n"
    "keys of one, 'hone info benchmark/NAME' tells all about them. Rows go to standard\n"
    "output, what is going on to standard error.\n",
    shared_options,
    0,
    -1,
    run,
    1 /* the options of a benchmark are known when it is found */
};
