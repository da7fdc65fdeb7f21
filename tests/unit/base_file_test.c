/* SPDX-License-Identifier: MIT */
/* Files, directories and rows on standard output. */
#include "base/file.h"
#include "base/output.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[2][256];
    static unsigned next;
    snprintf(path[next % 2], sizeof path[0], "%s/%s", folder, name);
    return path[next++ % 2];
}

static void open_folder(void)
{
    strcpy(folder, "/tmp/hone-file-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void close_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static void test_write_and_read(void)
{
    hone_error err = HONE_ERROR_INIT;
    char *data = NULL, big[100000], expected[300];
    size_t n = 0;
    open_folder();
    memset(big, 'x', sizeof big);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("a"), "one\0two", 7, &err), HONE_OK);
    CU_ASSERT_EQUAL(file_read(path_of("a"), 7, &data, &n, &err), HONE_OK);
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT_EQUAL(memcmp(data, "one\0two", 8), 0); /* and a NUL behind */
    free(data);
    CU_ASSERT_EQUAL(file_read(path_of("a"), 6, &data, &n, &err), HONE_ERANGE);
    CU_ASSERT_PTR_NULL(data);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("a"), big, sizeof big, &err), HONE_OK); /* replaces */
    CU_ASSERT_EQUAL(file_read(path_of("a"), SIZE_MAX, &data, &n, &err), HONE_OK);
    CU_ASSERT_EQUAL(n, sizeof big);
    free(data);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("empty"), "", 0, &err), HONE_OK);
    CU_ASSERT_EQUAL(file_read(path_of("empty"), 0, &data, &n, &err), HONE_OK);
    CU_ASSERT(n == 0 && data && !*data);
    free(data);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("none/a"), "x", 1, &err), HONE_EIO);
    snprintf(expected, sizeof expected, "cannot write %s: No such file or directory", path_of("none/a"));
    CU_ASSERT_STRING_EQUAL(err.msg, expected);
    CU_ASSERT_EQUAL(mkdir(path_of("d"), 0700), 0);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("d"), "x", 1, &err), HONE_EIO); /* a directory is in the way */
    char command[200];
    snprintf(command, sizeof command, "test -z \"$(find %s -name '*.tmp-*')\"", folder); /* nothing is left behind */
    CU_ASSERT_EQUAL(system(command), 0);
    close_folder();
}

static void test_directories(void)
{
    hone_error err = HONE_ERROR_INIT;
    struct stat status;
    open_folder();
    CU_ASSERT_EQUAL(directory_make(path_of("a/b//c/"), &err), HONE_OK);
    CU_ASSERT_EQUAL(directory_make(path_of("a/b/c"), &err), HONE_OK);
    CU_ASSERT(stat(path_of("a/b/c"), &status) == 0 && S_ISDIR(status.st_mode));
    CU_ASSERT_EQUAL(directory_make("/", &err), HONE_OK);
    CU_ASSERT_EQUAL(file_write_atomically(path_of("file"), "", 0, &err), HONE_OK);
    CU_ASSERT_EQUAL(directory_make(path_of("file"), &err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "there is a file of that name"));
    CU_ASSERT_EQUAL(directory_make(path_of("file/x"), &err), HONE_EIO);
    close_folder();
}

static void is(char *path, const char *expected)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_STRING_EQUAL(path, expected);
    free(path);
}

static void test_paths(void)
{
    char here[4096], expected[5000];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    is(path_absolute(NULL, "/a//b/./c/"), "/a/b/c");
    is(path_absolute("/base", "x/../y"), "/base/x/../y"); /* ".." may lead elsewhere through a link */
    is(path_absolute("/base", "/x"), "/x");
    is(path_absolute("/", "."), "/");
    snprintf(expected, sizeof expected, "%s/conf/x", here);
    is(path_absolute("conf", "./x"), expected);
    snprintf(expected, sizeof expected, "%s/x", here);
    is(path_absolute(NULL, "x"), expected);
    setenv("HOME", "/home/me", 1);
    is(path_absolute("/base", "~/x"), "/home/me/x");
    is(path_absolute("/base", "~x"), "/base/~x");
    is(path_directory("a/b"), "a");
    is(path_directory("b"), ".");
    is(path_directory("/b"), "/");
    is(path_directory("/a//b"), "/a");
    setenv("XDG_CACHE_HOME", "/c", 1);
    setenv("XDG_DATA_HOME", "relative", 1); /* ignored, as the specification asks */
    is(user_cache_directory(), "/c/hone");
    is(user_data_directory(), "/home/me/.local/share/hone");
    unsetenv("XDG_CACHE_HOME");
    is(user_cache_directory(), "/home/me/.cache/hone");
    char *program = program_directory();
    CU_ASSERT(program && program[0] == '/');
    free(program);
}

/* ---- rows ---- */

static const struct column columns[] = { { "name", COLUMN_TEXT }, { "value", COLUMN_NUMBER }, { "note", COLUMN_TEXT } };
static const char *const rows[][3] = { { "a", "1.5", "plain" },
                                       { "long \xc3\xa9 name", "-12", "comma, \"quote\"\nline" },
                                       { "b", "nan", NULL },
                                       { "", ".5", " blank" },
                                       { "c", "18446744073709551615", "" } };

/* What the rows look like on standard output. */
static void rows_are(enum output_format format, size_t n, const char *expected)
{
    char got[2048] = "";
    struct output output;
    const int kept = dup(STDOUT_FILENO), file = open(path_of("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    CU_ASSERT_EQUAL(output_open(&output, format, columns, 3), 0);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(output_row(&output, rows[i]), 0);
    const int rc = output_close(&output);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    CU_ASSERT_EQUAL(rc, 0);
    CU_ASSERT(pread(file, got, sizeof got - 1, 0) >= 0);
    close(file);
    if (strcmp(got, expected) != 0)
        printf("# expected:\n%s\n# found:\n%s\n", expected, got);
    CU_ASSERT_STRING_EQUAL(got, expected);
}

static void test_rows(void)
{
    open_folder();
    rows_are(OUTPUT_TEXT, 5,
             "name                        value  note\n"
             "a                             1.5  plain\n"
             "long \xc3\xa9 name                   -12  comma, \"quote\" line\n"
             "b                             nan  -\n"
             "                               .5   blank\n"
             "c            18446744073709551615\n");
    rows_are(OUTPUT_CSV, 5,
             "name,value,note\na,1.5,plain\nlong \xc3\xa9 name,-12,\"comma, \"\"quote\"\"\nline\"\nb,nan,\n,.5,\" "
             "blank\"\nc,18446744073709551615,\n");
    rows_are(OUTPUT_JSON, 5,
             "[\n  {\"name\": \"a\", \"value\": 1.5, \"note\": \"plain\"},\n"
             "  {\"name\": \"long \xc3\xa9 name\", \"value\": -12, \"note\": \"comma, \\\"quote\\\"\\nline\"},\n"
             "  {\"name\": \"b\", \"value\": null, \"note\": null},\n  {\"name\": \"\", \"value\": 0.5, \"note\": \" "
             "blank\"},\n"
             "  {\"name\": \"c\", \"value\": 18446744073709551615, \"note\": \"\"}\n]\n");
    rows_are(OUTPUT_TEXT, 0, "name  value  note\n");
    rows_are(OUTPUT_CSV, 0, "name,value,note\n");
    rows_are(OUTPUT_JSON, 0, "[]\n");
    close_folder();
}

/* Rows are written as they come; one that needs more room than those measured makes room for those that follow. */
static void test_rows_stream(void)
{
    static const char *const short_row[] = { "a", "1", "x" }, *const long_row[] = { "longer", "100", "x" };
    struct output output;
    char *data = NULL;
    size_t n = 0;
    open_folder();
    const int kept = dup(STDOUT_FILENO), file = open(path_of("rows"), O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    dup2(file, STDOUT_FILENO);
    output_open(&output, OUTPUT_TEXT, columns, 3);
    for (int k = 0; k < OUTPUT_MEASURED; k++)
        output_row(&output, short_row);
    fflush(stdout);
    const off_t measured = lseek(file, 0, SEEK_CUR);
    output_row(&output, short_row);
    output_row(&output, long_row);
    output_row(&output, short_row);
    const int rc = output_close(&output);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    CU_ASSERT_EQUAL(rc, 0);
    const char *const row = "a         1  x\n", *const end = "longer    100  x\na           1  x\n";
    CU_ASSERT_EQUAL((size_t)measured, (OUTPUT_MEASURED + 1) * strlen(row) + 3); /* the title of the last column */
    CU_ASSERT_EQUAL_FATAL(file_read(path_of("rows"), 1u << 20, &data, &n, NULL), HONE_OK);
    CU_ASSERT_STRING_EQUAL(data + n - strlen(end), end);
    CU_ASSERT_EQUAL(n, (OUTPUT_MEASURED + 2) * strlen(row) + 3 + strlen(end));
    free(data);
    close_folder();
}

/* A full disk is an error with its errno; a reader that went away is none, and wants no more rows. */
static void test_rows_fail(void)
{
    static const struct {
        const char *device;
        enum output_format format;
        int rc, code, status;
    } cases[] = { { "/dev/full", OUTPUT_CSV, -1, ENOSPC, -1 },
                  { "/dev/full", OUTPUT_TEXT, -1, ENOSPC, -1 },
                  { NULL, OUTPUT_CSV, 0, 0, 1 },
                  { NULL, OUTPUT_TEXT, 0, 0, 1 } };
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = 0;
        struct output output;
        int pipes[2] = { -1, -1 };
        const int kept = dup(STDOUT_FILENO);
        if (!cases[i].device)
            CU_ASSERT_EQUAL_FATAL(pipe(pipes), 0);
        const int file = cases[i].device ? open(cases[i].device, O_WRONLY) : pipes[1];
        if (pipes[0] >= 0)
            close(pipes[0]);
        fflush(stdout);
        dup2(file, STDOUT_FILENO);
        output_open(&output, cases[i].format, columns, 3);
        for (size_t k = 0; k < 10000; k++)
            status = output_row(&output, rows[1]);
        errno = 0;
        const int rc = output_close(&output), code = errno;
        dup2(kept, STDOUT_FILENO);
        clearerr(stdout);
        close(kept);
        close(file);
        CU_ASSERT_EQUAL(rc, cases[i].rc);
        CU_ASSERT_EQUAL(status, cases[i].status);
        if (rc)
            CU_ASSERT_EQUAL(code, cases[i].code);
    }
}

static void test_formats(void)
{
    enum output_format format;
    CU_ASSERT(output_format_parse("json", &format) && format == OUTPUT_JSON);
    CU_ASSERT(output_format_parse("csv", &format) && format == OUTPUT_CSV);
    CU_ASSERT(output_format_parse("text", &format) && format == OUTPUT_TEXT);
    CU_ASSERT(!output_format_parse("xml", &format));
}

SUITE(TEST(test_write_and_read), TEST(test_directories), TEST(test_paths), TEST(test_rows), TEST(test_rows_stream),
      TEST(test_rows_fail), TEST(test_formats))
