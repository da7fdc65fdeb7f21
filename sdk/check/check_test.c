/* SPDX-License-Identifier: MIT */
/* The parts of the conformance tester that judge or read hostile input: drawn settings, ELF files, the environment. The cases
 * themselves are tested by tests/e2e/plugin_check_test.sh, on plugins that break one rule each. */
#include "check.h"
#include "elf.h"
#include "harness.h"

#include <fenv.h>
#include <locale.h>
#include <unistd.h>

/* ---- settings ---- */
struct settings {
    double a, b, c, d;
    int64_t i, j;
    hone_reals list;
    hone_ints ints;
    uint32_t choice;
    uint8_t flag;
    const char *text;
};
static const char *const choices[] = { "one", "two", "three", NULL };
static const hone_param params[] = {
    HONE_REAL(struct settings, a, "0.5", 0, 1, HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL, "Open on both sides."),
    HONE_REAL(struct settings, b, "1e-3", 0, 1e6, HONE_P_LOG, NULL, "Log, from 0."),
    HONE_REAL(struct settings, c, "-7", -HUGE_VAL, -1, 0, NULL, "No minimum."),
    HONE_REAL(struct settings, d, NULL, -HUGE_VAL, HUGE_VAL, 0, "seconds", "No end, and required."),
    HONE_INT(struct settings, i, "3", 2, 9, HONE_P_LO_OPEN | HONE_P_HI_OPEN, NULL, "Open: 3 to 8."),
    HONE_INT(struct settings, j, "1000", 1, 1e15, 0, "bytes", "Wide."),
    HONE_REALS(struct settings, list, "0.1, 0.2", 0, 1, HONE_P_HI_OPEN, NULL, "List."),
    HONE_INTS(struct settings, ints, NULL, 1, 4, 0, NULL, "Required list."),
    HONE_ENUM(struct settings, choice, "two", choices, 0, "Choice."),
    HONE_BOOL(struct settings, flag, "no", 0, "Flag."),
    HONE_STR(struct settings, text, "x", 0, "Text."),
};
static const hone_component component = { .size = sizeof component,
                                          .kind = "search/1",
                                          .name = "thing",
                                          .params = params,
                                          .n_params = HONE_COUNT(params),
                                          .param_size = sizeof *params,
                                          .config_size = sizeof(struct settings) };

static void start(struct check *c, struct check_report *report, struct check_options *options)
{
    memset(c, 0, sizeof *c);
    memset(report, 0, sizeof *report);
    memset(options, 0, sizeof *options);
    c->options = options;
    c->report = report;
    c->component = &component;
    c->rng = hone_rng_at(5, 5);
}

static void read_back(struct instance *in, struct settings *s)
{
    hone_error err = HONE_ERROR_INIT;
    memset(s, 0, sizeof *s);
    for (uint32_t i = 0; i < component.n_params; i++) {
        CU_ASSERT_EQUAL(hone_settings_parse(&params[i], in->texts[i], s, &in->memory, &err), HONE_OK);
        if (err.code)
            printf("# %s\n", err.msg);
    }
}

static void test_drawn_values_lie_in_their_ranges(void)
{
    struct check c;
    struct check_report report;
    struct check_options options;
    struct instance in;
    struct settings s;
    int seen[10] = { 0 };
    start(&c, &report, &options);
    for (int k = 0; k < 500; k++) {
        CU_ASSERT_EQUAL_FATAL(settings_choose(&c, &in,
                                              k == 0   ? SETTINGS_DEFAULT
                                              : k == 1 ? SETTINGS_MINIMUM
                                              : k == 2 ? SETTINGS_MAXIMUM
                                                       : SETTINGS_RANDOM),
                              0);
        read_back(&in, &s);
        if (s.i >= 0 && s.i < 10)
            seen[s.i]++;
        if (k == 0)
            CU_ASSERT_TRUE(s.a == 0.5 && s.j == 1000 && s.choice == 1 && s.list.n == 2 && s.ints.n == 1);
        if (k == 1)
            CU_ASSERT_TRUE(s.a > 0 && s.a < 1e-300 && s.b == 0 && s.i == 3 && s.j == 1 && s.choice == 0);
        if (k == 2)
            CU_ASSERT_TRUE(s.a > 0.999 && s.b == 1e6 && s.c == -1 && s.i == 8 && s.j == (int64_t)1e15 &&
                           s.choice == 2 && s.flag == 1);
        instance_destroy(&in);
    }
    for (int v = 3; v <= 8; v++)
        CU_ASSERT_TRUE(seen[v] > 30);
}

static void test_set_wins_and_reaches_its_component_alone(void)
{
    static const char *const sets[] = { "a=0.25", "other.i=4", "thing.i=7", "text=p=q" };
    struct check c;
    struct check_report report;
    struct check_options options;
    struct instance in;
    struct settings s;
    start(&c, &report, &options);
    options.sets = sets;
    options.n_sets = 4;
    for (int how = SETTINGS_DEFAULT; how <= SETTINGS_RANDOM; how++) {
        CU_ASSERT_EQUAL_FATAL(settings_choose(&c, &in, how), 0);
        read_back(&in, &s);
        CU_ASSERT_EQUAL(s.a, 0.25);
        CU_ASSERT_EQUAL(s.i, 7);
        CU_ASSERT_STRING_EQUAL(s.text, "p=q");
        instance_destroy(&in);
    }
}

/* ---- ELF ---- */
static void test_finds_undefined_symbols_of_this_program(void)
{
    struct elf_symbols symbols;
    char error[256] = "";
    int found = 0;
    CU_ASSERT_EQUAL_FATAL(elf_undefined("/proc/self/exe", &symbols, error, sizeof error), 0);
    for (size_t i = 0; i < symbols.n; i++)
        found |= !strcmp(symbols.names[i], "CU_run_all_tests");
    CU_ASSERT_TRUE(found);
    elf_release(&symbols);
}

static size_t copy_of_self(unsigned char **image)
{
    FILE *in = fopen("/proc/self/exe", "rb");
    size_t n;
    *image = (unsigned char *)malloc(1 << 22);
    n = in && *image ? fread(*image, 1, 1 << 22, in) : 0;
    if (in)
        fclose(in);
    return n;
}

static void test_damaged_elf_files_do_no_harm(void)
{
    char path[] = "/tmp/hone-elf-XXXXXX", error[256];
    unsigned char *image = NULL;
    const size_t n = copy_of_self(&image);
    hone_rng rng = hone_rng_at(1, 1);
    struct elf_symbols symbols;
    const int fd = mkstemp(path);
    CU_ASSERT_TRUE_FATAL(fd >= 0 && n > 4096);
    for (int k = 0; k < 300; k++) {
        unsigned char head[64];
        const size_t length = k < 50 ? (size_t)hone_rng_below(&rng, k < 10 ? 70 : n) : n;
        memcpy(head, image, sizeof head);
        for (int flips = k < 50 ? 0 : 1 + k % 3; flips > 0; flips--) /* in the header, where all is steered from */
            image[16 + hone_rng_below(&rng, 48)] = (unsigned char)hone_rng_below(&rng, 256);
        CU_ASSERT_TRUE_FATAL(ftruncate(fd, 0) == 0 && pwrite(fd, image, length, 0) == (ssize_t)length);
        if (elf_undefined(path, &symbols, error, sizeof error) == 0) {
            for (size_t i = 0; i < symbols.n; i++)
                CU_ASSERT_TRUE(strlen(symbols.names[i]) < n);
            elf_release(&symbols);
        }
        memcpy(image, head, sizeof head);
    }
    close(fd);
    unlink(path);
    free(image);
}

static void test_judges_names(void)
{
    const char *why = NULL;
    CU_ASSERT_EQUAL(elf_forbidden("rand", &why), ELF_FORBIDDEN);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "hone/rng.h"));
    CU_ASSERT_EQUAL(elf_forbidden("exit", &why), ELF_FORBIDDEN);
    CU_ASSERT_EQUAL(elf_forbidden("fork", &why), ELF_DOUBTFUL);
    CU_ASSERT_EQUAL(elf_forbidden("random_thing", &why), ELF_ALLOWED);
}

/* ---- environment ---- */
static void test_notices_and_names_changes(void)
{
    struct environment before;
    char text[512] = "", here[PATH_MAX];
    struct sigaction old;
    environment_take(&before);
    CU_ASSERT_EQUAL(environment_compare(&before, text, sizeof text), 0);
    fesetround(FE_UPWARD);
    CU_ASSERT_EQUAL(environment_compare(&before, text, sizeof text), 1);
    fesetround(FE_TONEAREST);
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    CU_ASSERT_EQUAL_FATAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(environment_compare(&before, text, sizeof text), !!strcmp(here, "/"));
    CU_ASSERT_EQUAL_FATAL(chdir(here), 0);
    sigaction(SIGUSR2, NULL, &old);
    signal(SIGUSR2, SIG_IGN);
    CU_ASSERT_EQUAL(environment_compare(&before, text, sizeof text), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "signal 12"));
    sigaction(SIGUSR2, &old, NULL);
    CU_ASSERT_EQUAL(environment_compare(&before, text, sizeof text), 0);
}

/* ---- the descriptor ---- */
static void test_error_texts_are_checked(void)
{
    struct check c;
    struct check_report report;
    struct check_options options;
    hone_error err = HONE_ERROR_INIT;
    start(&c, &report, &options);
    CU_ASSERT_EQUAL(check_error(&c, "ask", HONE_DONE, &err), 0);
    CU_ASSERT_EQUAL(check_error(&c, "ask", HONE_EINVAL, &err), CHECK_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.reason, "no message"));
    start(&c, &report, &options);
    hone_fail(&err, HONE_EINVAL, "a", "two\nlines");
    CU_ASSERT_EQUAL(check_error(&c, "ask", HONE_EINVAL, &err), CHECK_FAILED);
    start(&c, &report, &options);
    memset(err.msg, 'x', sizeof err.msg);
    CU_ASSERT_EQUAL(check_error(&c, "ask", HONE_EINVAL, &err), CHECK_FAILED);
    CU_ASSERT_PTR_NOT_NULL(strstr(report.reason, "without an end"));
    start(&c, &report, &options);
    hone_fail(&err, HONE_EINVAL, "a", "one line");
    CU_ASSERT_EQUAL(check_error(&c, "ask", HONE_EINVAL, &err), 0);
    CU_ASSERT_EQUAL(check_error(&c, "ask", -99, &err), CHECK_FAILED);
}

static void test_guards_see_a_write_on_either_side(void)
{
    float *values = guarded_floats(5);
    CU_ASSERT_TRUE(guards_hold(values, 5));
    values[4] = 1;
    CU_ASSERT_TRUE(guards_hold(values, 5));
    values[5] = 1;
    CU_ASSERT_FALSE(guards_hold(values, 5));
    free(values - 16);
    values = guarded_floats(5);
    values[-1] = 0;
    CU_ASSERT_FALSE(guards_hold(values, 5));
    free(values - 16);
}

static void test_cases_have_names_of_their_own(void)
{
    const struct check_case *all[256];
    const size_t n = check_cases(all);
    CU_ASSERT_TRUE_FATAL(n > 40 && n <= 256);
    for (size_t i = 0; i < n; i++) {
        CU_ASSERT_PTR_NOT_NULL(all[i]->doc);
        for (size_t k = 0; k < i; k++) /* the child finds its case by name and kind */
            CU_ASSERT_TRUE(strcmp(all[i]->name, all[k]->name) != 0 ||
                           (all[i]->kind && *all[i]->kind && all[k]->kind && *all[k]->kind &&
                            strcmp(all[i]->kind, all[k]->kind) != 0));
    }
}

SUITE(TEST(test_drawn_values_lie_in_their_ranges), TEST(test_set_wins_and_reaches_its_component_alone),
      TEST(test_finds_undefined_symbols_of_this_program), TEST(test_damaged_elf_files_do_no_harm),
      TEST(test_judges_names), TEST(test_notices_and_names_changes), TEST(test_error_texts_are_checked),
      TEST(test_guards_see_a_write_on_either_side), TEST(test_cases_have_names_of_their_own))
