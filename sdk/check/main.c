/* SPDX-License-Identifier: MIT */
/* hone-plugin-check: does a plugin keep the contract of the SDK? `hone plugin check` runs this program. */
#include "check.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <ftw.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_LOAD = 4 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const int sanitized = 1; /* shadow memory is far beyond any limit */
#else
static const int sanitized = 0;
#endif

static void help(void)
{
    printf("usage: hone plugin check FILE.so ... [options]\n"
           "Checks plugins against the contract of the SDK, each case in a process of its own.\n\n"
           "  --only TEXT        only cases whose line \"component case\" contains TEXT\n"
           "  --set KEY=VALUE    a real setting where a default cannot be (a path); NAME.KEY=VALUE: for one component\n"
           "  --seed N           of all random draws (default 1)\n"
           "  --timeout SECONDS  of each case (default 10)\n"
           "  --json             one JSON object per file\n"
           "  --in-process       no child processes: for a debugger, with --only\n"
           "  --list             what the cases are\n"
           "  --help\n\n"
           "Exit status: 0 all well, 1 a case failed, 2 usage, 4 a file cannot be loaded as a plugin.\n");
}

static void list_cases(void)
{
    const struct check_case *all[256];
    const size_t n = check_cases(all);
    for (size_t i = 0; i < n; i++)
        printf("%-18s %-26s %s\n",
               !all[i]->kind   ? "every component"
               : *all[i]->kind ? all[i]->kind
                               : "module",
               all[i]->name, all[i]->doc);
}

static int usage(const char *message, const char *what)
{
    fprintf(stderr, "hone plugin check: %s%s\ntry 'hone plugin check --help'\n", message, what);
    return EXIT_USAGE;
}

/* ---- output ---- */
static void json_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        const unsigned char ch = (unsigned char)*text;
        if (ch == '"' || ch == '\\')
            printf("\\%c", ch);
        else if (ch < 0x20)
            printf("\\u%04x", ch);
        else
            putchar(ch);
    }
    putchar('"');
}

struct tally {
    unsigned ok, failed, skipped;
};

static const char *const verdicts[] = { "failed", "ok", "failed", "skipped" };

static void show(const struct check_options *options, struct tally *tally, const char *component,
                 const struct check_case *one, const struct check_report *report, double seconds)
{
    const char *verdict = verdicts[report->verdict & 3];
    if (options->json) {
        printf("%s{\"component\":", tally->ok + tally->failed + tally->skipped ? "," : "");
        json_text(component);
        printf(",\"case\":\"%s\",\"result\":\"%s\",\"seconds\":%.3f,\"reason\":", one->name, verdict, seconds);
        json_text(report->verdict == CHECK_OK ? "" : report->reason);
        printf(",\"notes\":");
        json_text(report->notes);
        printf("}");
    } else {
        printf("%-8s%s %s", verdict, component, one->name);
        if (report->verdict != CHECK_OK)
            printf(": %s", report->reason);
        printf("%s%s%s\n", report->notes[0] ? " (" : "", report->notes, report->notes[0] ? ")" : "");
        fflush(stdout);
    }
    tally->ok += report->verdict == CHECK_OK;
    tally->skipped += report->verdict == CHECK_SKIPPED;
    tally->failed += report->verdict != CHECK_OK && report->verdict != CHECK_SKIPPED;
}

/* ---- one file ---- */
static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Every case works in an empty directory of its own, so that defaults that are relative paths do no harm. */
static void run_case(const struct check_options *options, const struct check_case *one, const char *component,
                     struct check_report *report, struct tally *tally)
{
    const double start = seconds_now();
    const char *tmp = getenv("TMPDIR");
    char directory[PATH_MAX];
    snprintf(directory, sizeof directory, "%s/hone-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(directory) || chdir(directory)) {
        fprintf(stderr, "hone plugin check: cannot make a directory like %s\n", directory);
        exit(EXIT_FAILED);
    }
    if (options->in_process)
        case_run(options, one, component, report);
    else
        case_spawn(options, one, component, report);
    if (chdir("/") == 0)
        nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    show(options, tally, component, one, report, seconds_now() - start);
}

static int wanted(const struct check_options *options, const char *component, const char *name)
{
    char line[256];
    snprintf(line, sizeof line, "%s %s", component, name);
    return !options->only || strstr(line, options->only) != NULL;
}

static int known_kind(const char *kind)
{
    const struct check_case *all[256];
    const size_t n = check_cases(all);
    for (size_t i = 0; i < n; i++)
        if (all[i]->kind && !strcmp(all[i]->kind, kind))
            return 1;
    return 0;
}

static void check_components(const struct check_options *options, struct check_report *report, struct tally *tally)
{
    const struct check_case *all[256];
    const size_t n = check_cases(all);
    for (uint32_t i = 0; i < report->n_components && i < CHECK_MAX_COMPONENTS; i++) {
        char component[160];
        snprintf(component, sizeof component, "%s", report->components[i]);
        for (size_t k = 0; k < n; k++)
            if ((!all[k]->kind || !strcmp(all[k]->kind, report->kinds[i])) && wanted(options, component, all[k]->name))
                run_case(options, all[k], component, report, tally);
        if (!known_kind(report->kinds[i]) && !options->json)
            printf("note    %s: the kind \"%s\" is not one of this SDK; only the cases for every component ran\n",
                   component, report->kinds[i]);
    }
}

static int check_file(struct check_options *options, const char *file)
{
    struct check_report report;
    struct tally tally = { 0, 0, 0 };
    char path[PATH_MAX];
    int loaded = 0, sane = 1;
    if (!realpath(file, path)) {
        fprintf(stderr, "hone plugin check: %s: %s\n", file, strerror(errno));
        return EXIT_LOAD;
    }
    memset(&report, 0, sizeof report);
    options->file = path;
    if (options->json) {
        printf("{\"file\":");
        json_text(file);
        printf(",\"cases\":[");
    } else {
        printf("%s\n", file);
    }
    run_case(options, &module_cases[0], "module", &report, &tally);
    loaded = report.verdict == CHECK_OK;
    for (size_t i = 1; loaded && module_cases[i].name; i++)
        if (wanted(options, "module", module_cases[i].name) || !strcmp(module_cases[i].name, "descriptor")) {
            run_case(options, &module_cases[i], "module", &report, &tally);
            /* with wrong offsets or missing functions nothing that follows would mean anything */
            sane &= report.verdict != CHECK_FAILED || strcmp(module_cases[i].name, "descriptor") != 0;
        }
    if (loaded && sane)
        check_components(options, &report, &tally);
    if (options->json) {
        printf("],\"module\":");
        json_text(report.module);
        printf(",\"ok\":%u,\"failed\":%u,\"skipped\":%u}\n", tally.ok, tally.failed, tally.skipped);
    } else {
        printf("%s%s%s: %u ok, %u failed, %u skipped\n", file, report.module[0] ? ", " : "", report.module, tally.ok,
               tally.failed, tally.skipped);
        if (tally.failed && !options->in_process)
            printf("one case alone, in this process: hone plugin check %s --in-process --only \"COMPONENT CASE\" "
                   "--seed %llu\n",
                   file, (unsigned long long)options->seed);
    }
    fflush(stdout);
    return !loaded ? EXIT_LOAD : tally.failed ? EXIT_FAILED : 0;
}

/* ---- the child's side ---- */
static int child(struct check_options *options, const char *case_name, const char *component)
{
    const struct check_case *all[256];
    const size_t n = check_cases(all);
    const struct rlimit none = { 0, 0 }, memory = { (rlim_t)8 << 30, (rlim_t)8 << 30 };
    struct check_report *report = (struct check_report *)mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED,
                                                              3, 0);
    if (report == MAP_FAILED)
        return usage("--case is for hone plugin check itself", "");
    close(3);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &none);
    if (!sanitized)
        setrlimit(RLIMIT_AS, &memory);
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i]->name, case_name) && (all[i]->kind ? !*all[i]->kind == !strcmp(component, "module") : 1)) {
            /* two kinds may have cases of one name */
            const size_t length = all[i]->kind ? strcspn(all[i]->kind, "/") : 0;
            if (length && (strncmp(component, all[i]->kind, length) != 0 || component[length] != '/'))
                continue;
            case_run(options, all[i], component, report);
            _exit(0);
        }
    return usage("no such case: ", case_name);
}

int main(int argc, char **argv)
{
    enum {
        OPT_ONLY = 256,
        OPT_SET,
        OPT_SEED,
        OPT_TIMEOUT,
        OPT_JSON,
        OPT_IN_PROCESS,
        OPT_LIST,
        OPT_HELP,
        OPT_CASE,
        OPT_COMPONENT
    };
    static const struct option table[] = {
        { "only", required_argument, NULL, OPT_ONLY },
        { "set", required_argument, NULL, OPT_SET },
        { "seed", required_argument, NULL, OPT_SEED },
        { "timeout", required_argument, NULL, OPT_TIMEOUT },
        { "json", no_argument, NULL, OPT_JSON },
        { "in-process", no_argument, NULL, OPT_IN_PROCESS },
        { "list", no_argument, NULL, OPT_LIST },
        { "help", no_argument, NULL, OPT_HELP },
        { "case", required_argument, NULL, OPT_CASE },
        { "component", required_argument, NULL, OPT_COMPONENT },
        { NULL, 0, NULL, 0 },
    };
    const char *sets[24], *case_name = NULL, *component = NULL;
    struct check_options options = { NULL, NULL, sets, 0, 1, 10, 0, 0 };
    char here[PATH_MAX];
    int option, worst = 0;
    int64_t seed;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
        switch (option) {
        case OPT_ONLY: options.only = optarg; break;
        case OPT_SET:
            if (!strchr(optarg, '=') || *optarg == '=')
                return usage("--set wants KEY=VALUE, not ", optarg);
            if (options.n_sets == sizeof sets / sizeof *sets)
                return usage("too many --set: ", optarg);
            sets[options.n_sets++] = optarg;
            break;
        case OPT_SEED:
            if (!hone_parse_int(optarg, NULL, &seed) || seed < 0)
                return usage("--seed wants a whole number from 0, not ", optarg);
            options.seed = (uint64_t)seed;
            break;
        case OPT_TIMEOUT:
            if (!hone_parse_real(optarg, "seconds", &options.timeout) || !(options.timeout > 0) ||
                options.timeout > 1e6)
                return usage("--timeout wants seconds, not ", optarg);
            break;
        case OPT_JSON: options.json = 1; break;
        case OPT_IN_PROCESS: options.in_process = 1; break;
        case OPT_LIST: list_cases(); return 0;
        case OPT_HELP: help(); return 0;
        case OPT_CASE: case_name = optarg; break;
        case OPT_COMPONENT: component = optarg; break;
        default: return usage("unknown option or missing value: ", argv[optind - 1]);
        }
    if (optind >= argc)
        return usage("no file given", "");
    setenv("OMP_NUM_THREADS", "1", 1); /* threads of the network library are not the plugin's doing */
    if (case_name && component) {
        options.file = argv[optind];
        return child(&options, case_name, component);
    }
    if (!getcwd(here, sizeof here))
        return usage("no current directory", "");
    for (int i = optind; i < argc; i++) {
        const int status = chdir(here) ? EXIT_LOAD : check_file(&options, argv[i]);
        worst = status > worst ? status : worst;
    }
    return worst;
}
