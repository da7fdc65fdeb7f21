/* SPDX-License-Identifier: MIT */
/* The strict reading of INI files: places, refusals, layers, includes, --set, and that iniparser agrees. */
#include "base/text.h"
#include "config/config.h"
#include "config/scan.h"
#include "harness.h"

#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

struct read {
    struct config config;
    struct complaints complaints;
    int rc;
    char said[8192];
};

static void print(struct read *r)
{
    FILE *out = fmemopen(r->said, sizeof r->said, "w");
    complaints_print(&r->complaints, out);
    fclose(out);
    CU_ASSERT_EQUAL(r->rc == 0, r->complaints.n == 0);
}

static void read_bytes(struct read *r, const char *text, size_t n)
{
    memset(r, 0, sizeof *r);
    r->rc = config_read_text(&r->config, "t.ini", "dir", text, n, &r->complaints);
    print(r);
}

static void read_path(struct read *r, const char *path)
{
    memset(r, 0, sizeof *r);
    r->rc = config_read(&r->config, path, &r->complaints);
    print(r);
}

static void done(struct read *r)
{
    config_release(&r->config);
    complaints_release(&r->complaints);
}

static const char *value(const struct config *config, const char *section, const char *key)
{
    const struct config_item *item = config_find(config, section, key);
    return item ? item->value : "(none)";
}

static void refused(const char *text, const char *expected)
{
    struct read r;
    char lines[2048] = "";
    read_bytes(&r, text, strlen(text));
    snprintf(lines, sizeof lines, "%s\n", expected);
    if (strcmp(r.said, lines) != 0)
        printf("# expected %s# found    %s", lines, *r.said ? r.said : "nothing\n");
    CU_ASSERT_STRING_EQUAL(r.said, lines);
    done(&r);
}

static void test_reads(void)
{
    static const char text[] =
        "; comment\n\n[a]\nk = v ; note\n\tspaced  =  two words \t# note\nempty =\nempty2 = ; note\nq = \"x ; y # z\" "
        "; note\n"
        "q1 = ' in \" side '\nequal = a=b==c\n e2 = = x\n\n[ b.c-d ]\r\nsemi=a,b\r\nblank = \"\"\nblank2 = ''#c\n"
        "utf = gr\xc3\xbc\xc3\x9f\nquote = it's\n[space]\nmodel.width = int 1 .. 2\nlast = 1";
    struct read r;
    read_bytes(&r, text, sizeof text - 1);
    CU_ASSERT_STRING_EQUAL(r.said, "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "k"), "v");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "spaced"), "two words");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "empty"), "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "empty2"), "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "q"), "x ; y # z");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "q1"), " in \" side ");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "equal"), "a=b==c");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "e2"), "= x");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "b.c-d", "semi"), "a,b");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "b.c-d", "blank"), "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "b.c-d", "blank2"), "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "b.c-d", "utf"), "gr\xc3\xbc\xc3\x9f");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "b.c-d", "quote"), "it's");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "space", "model.width"), "int 1 .. 2");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "space", "last"), "1");
    const struct config_item *item = config_find(&r.config, "a", "q");
    CU_ASSERT(item->place.line == 8 && item->place.column == 1 && item->value_place.column == 6);
    CU_ASSERT_STRING_EQUAL(item->place.file, "t.ini");
    CU_ASSERT_STRING_EQUAL(item->directory, "dir");
    item = config_find(&r.config, "a", "spaced");
    CU_ASSERT(item->place.line == 5 && item->place.column == 2 && item->value_place.column == 13);
    CU_ASSERT_EQUAL(r.config.n_sections, 3);
    CU_ASSERT(r.config.sections[1].place.line == 13 && r.config.sections[1].place.column == 1);
    done(&r);
}

static void test_refuses(void)
{
    refused("[a]\nk = 1\nk = 2\n", "t.ini:3:1: error: duplicate key 'k' in [a]; first set at line 2");
    refused("[a]\nk = 1\n[b]\n[a]\nk = 2\n",
            "t.ini:4:1: error: duplicate section [a]; it starts at line 1: join the two\n"
            "t.ini:5:1: error: duplicate key 'k' in [a]; first set at line 2");
    refused("[a]\nK = 1\n", "t.ini:2:1: error: upper-case letter in the key 'K'; names are lower-case");
    refused("[a]\nlR = 1\n", "t.ini:2:2: error: upper-case letter in the key 'lR'; names are lower-case");
    refused("[Model]\nk = 1\n", "t.ini:1:2: error: upper-case letter in the section 'Model'; names are lower-case");
    refused("k = 1\n", "t.ini:1:1: error: key 'k' comes before any [section]");
    refused("[a]\nk: 1\n", "t.ini:2:2: error: ':' between key and value; write '='");
    refused("[a]\nb:c = 1\n", "t.ini:2:2: error: ':' in the key 'b:c'; write key = value, and names with '.'");
    refused("[a:b]\n", "t.ini:1:3: error: ':' in the section 'a:b'; write key = value, and names with '.'");
    refused("[a]\nlearning-rate = 1\n", "t.ini:2:9: error: '-' in the key 'learning-rate'; names are written with '_'");
    refused("[a]\nlearning rate = 1\n",
            "t.ini:2:9: error: blank in the key 'learning rate'; names are written with '_'");
    refused("[a]\n= 5\n", "t.ini:2:1: error: the key has no name");
    refused("[a]\n5 = 5\n", "t.ini:2:1: error: the key '5' does not start with a letter");
    refused("[a]\nx? = 5\n", "t.ini:2:2: error: '?' in the key 'x?'; names have letters, digits, '_' and '.'");
    refused("[a]\nx. = 5\n", "t.ini:2:1: error: the key 'x.' ends with '.'");
    refused("[]\n", "t.ini:1:2: error: the section has no name");
    refused("[a\nk = 1\n", "t.ini:1:1: error: ']' is missing at the end of the section's name");
    refused("[a] ; note\n", "t.ini:1:5: error: comment behind a section's name; give it a line of its own");
    refused("[a] k = 1\n", "t.ini:1:5: error: text behind the section's name");
    refused("[a]\nnonsense\n", "t.ini:2:1: error: neither [section] nor key = value");
    refused("[a]\np = /a;b#c\n",
            "t.ini:2:7: error: ';' inside a value; quote the value, or put a blank before a comment");
    refused("[a]\nu = http://x/#f\n",
            "t.ini:2:14: error: '#' inside a value; quote the value, or put a blank before a comment");
    refused("[a]\nq = \"abc\n", "t.ini:2:5: error: the quote \" is not closed");
    refused("[a]\nq = \"a\" b\n",
            "t.ini:2:9: error: text behind the closing quote; a value that holds \" is quoted with ' as a whole");
    refused("[a]\nq = \"it\"\"s\"\n",
            "t.ini:2:9: error: text behind the closing quote; a value that holds \" is quoted with ' as a whole");
    refused("[a]\nq = \"a\\b\"\n", "t.ini:2:7: error: backslash in a quoted value; it has different meanings in "
                                   "versions of INI: leave out the quotes");
    refused("[a]\nw = C:\\tmp\\\nk = 1\n", "t.ini:2:11: error: backslash at the end of the line; lines are not joined");
    refused("[a]\nw = C:\\tmp\\ ; note\n", "t.ini:2:11: error: backslash at the end of the value");
    refused("; note \\  \n[a]\n", "t.ini:1:8: error: backslash at the end of the line; lines are not joined");
    refused("\xef\xbb\xbf[a]\nk = 1\n",
            "t.ini:1:1: error: byte-order mark at the start of the file; save it as UTF-8 without one");
    refused("\xff\xfe[", "t.ini:1:1: error: the file is UTF-16; save it as UTF-8");
    refused("[a]\nk = \x01\n", "t.ini:2:5: error: control byte 0x01");
    refused("[a]\nk = a\rb\n", "t.ini:2:6: error: control byte 0x0d");
    refused("[a]\nk = gr\xfc\xdf\n", "t.ini:2:7: error: byte 0xfc is not UTF-8; save the file as UTF-8");
    struct read r;
    read_bytes(&r, "[a]\nk = \0x\n", 11);
    CU_ASSERT_STRING_EQUAL(r.said, "t.ini:2:5: error: NUL byte; is this a text file, saved as UTF-8?\n");
    done(&r);
}

static void test_line_length(void)
{
    for (size_t n = 1015; n < 1030; n++) {
        for (int newline = 0; newline < 2; newline++) {
            char text[1200] = "[a]\nk = ", expected[200] = "";
            struct read r;
            memset(text + 8, 'x', n - 4);
            if (newline)
                memcpy(text + 4 + n, "\nl = 1\n", 7);
            read_bytes(&r, text, strlen(text));
            if (n > 1022)
                snprintf(expected, sizeof expected,
                         "t.ini:2:1023: error: the line has %zu bytes; at most 1022 are read\n", n);
            CU_ASSERT_STRING_EQUAL(r.said, expected);
            done(&r);
        }
    }
}

static void test_many_keys(void)
{
    struct text text = TEXT_INIT;
    struct read r;
    text_add(&text, "[a]\n");
    for (int i = 0; i < 10002; i++)
        text_addf(&text, "k%d = 1\n", i);
    read_bytes(&r, text.data, text.length);
    CU_ASSERT_STRING_EQUAL(r.said, "t.ini:10002:1: error: more than 10000 keys\n");
    done(&r);
    text_release(&text);
}

/* ---- files ---- */

static char folder[64];

static const char *path_of(const char *name)
{
    static char path[4][128];
    static unsigned next;
    snprintf(path[next % 4], sizeof path[0], "%s/%s", folder, name);
    return path[next++ % 4];
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void open_folder(void)
{
    strcpy(folder, "/tmp/hone-config-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void close_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    CU_ASSERT_EQUAL(system(command), 0);
}

static void said_is(struct read *r, const char *format, const char *a, const char *b)
{
    char expected[512];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(expected, sizeof expected, format, a, b);
#pragma GCC diagnostic pop
    if (strcmp(expected, r->said) != 0)
        printf("# expected %s# found    %s", expected, r->said);
    CU_ASSERT_STRING_EQUAL(r->said, expected);
}

static void test_no_file(void)
{
    struct read r;
    open_folder();
    read_path(&r, path_of("none.ini"));
    said_is(&r, "error: cannot read %s: No such file or directory\n", path_of("none.ini"), "");
    done(&r);
    read_path(&r, folder);
    said_is(&r, "error: cannot read %s: it is a directory, not a file\n", folder, "");
    done(&r);
    CU_ASSERT_EQUAL(mkfifo(path_of("pipe"), 0600), 0);
    read_path(&r, path_of("pipe"));
    said_is(&r, "error: cannot read %s: it is a pipe, not a file\n", path_of("pipe"), "");
    done(&r);
    read_path(&r, "/dev/null");
    said_is(&r, "error: cannot read /dev/null: it is a device, not a file\n", "", "");
    done(&r);
    put("big.ini", "");
    CU_ASSERT_EQUAL(truncate(path_of("big.ini"), 1024 * 1024 + 1), 0);
    read_path(&r, path_of("big.ini"));
    said_is(&r, "error: cannot read %s: it is larger than 1048576 bytes\n", path_of("big.ini"), "");
    done(&r);
    close_folder();
}

static void test_layers(void)
{
    struct read r;
    open_folder();
    put("a.ini", "[m]\nx = 1\ny = 2\n[n]\nz = 3\n");
    put("b.ini", "[m]\ny = 20\nw = 4\n[o]\nv = 5\n");
    read_path(&r, path_of("a.ini"));
    CU_ASSERT_EQUAL(config_read(&r.config, path_of("b.ini"), &r.complaints), 0);
    CU_ASSERT_EQUAL(r.config.n_items, 5);
    CU_ASSERT_STRING_EQUAL(r.config.items[1].key, "y"); /* in place */
    CU_ASSERT_STRING_EQUAL(r.config.items[1].value, "20");
    CU_ASSERT_STRING_EQUAL(r.config.items[1].place.file, path_of("b.ini"));
    CU_ASSERT_STRING_EQUAL(r.config.items[1].directory, folder);
    CU_ASSERT_STRING_EQUAL(value(&r.config, "m", "w"), "4");
    CU_ASSERT_EQUAL(r.config.n_sections, 3);
    done(&r);
    close_folder();
}

static void test_includes(void)
{
    struct read r;
    open_folder();
    CU_ASSERT_EQUAL(mkdir(path_of("sub"), 0700), 0);
    put("main.ini", "[study]\ninclude = sub/one.ini, two.ini\nname = main\n");
    put("sub/one.ini", "[study]\ninclude = ../three.ini\nname = one\nseed = 1\n[m]\nx = 1\n");
    put("two.ini", "[study]\nseed = 2\n");
    put("three.ini", "[m]\nx = 3\ny = 3\n");
    read_path(&r, path_of("main.ini"));
    CU_ASSERT_STRING_EQUAL(r.said, "");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "study", "name"), "main");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "study", "seed"), "2");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "study", "include"), "(none)");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "m", "x"), "1");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "m", "y"), "3");
    done(&r);
    put("two.ini", "[study]\ninclude = main.ini\n");
    read_path(&r, path_of("main.ini"));
    char expected[600];
    snprintf(expected, sizeof expected, "%s:2:11: error: %s includes itself, through %s\n", path_of("two.ini"),
             path_of("main.ini"), path_of("two.ini"));
    CU_ASSERT_STRING_EQUAL(r.said, expected);
    done(&r);
    put("self.ini", "[study]\ninclude = self.ini\n");
    read_path(&r, path_of("self.ini"));
    said_is(&r, "%s:2:11: error: %s includes itself\n", path_of("self.ini"), path_of("self.ini"));
    done(&r);
    put("self.ini", "[study]\ninclude = gone.ini, two.ini,\n");
    put("two.ini", "[study]\nSeed = 2\n");
    read_path(&r, path_of("self.ini"));
    snprintf(expected, sizeof expected,
             "%s:2:11: error: cannot read %s: No such file or directory\n"
             "%s:2:29: error: include = gone.ini, two.ini, names no file between commas\n"
             "%s:2:1: error: upper-case letter in the key 'Seed'; names are lower-case\n",
             path_of("self.ini"), path_of("gone.ini"), path_of("self.ini"), path_of("two.ini"));
    if (strcmp(expected, r.said) != 0)
        printf("# expected %s# found    %s", expected, r.said);
    CU_ASSERT_STRING_EQUAL(r.said, expected);
    done(&r);
    close_folder();
}

static void set_refused(const char *assignment, const char *expected)
{
    struct read r;
    memset(&r, 0, sizeof r);
    r.rc = config_set(&r.config, assignment, &r.complaints);
    print(&r);
    if (strcmp(r.said, expected) != 0)
        printf("# expected %s# found    %s", expected, r.said);
    CU_ASSERT_STRING_EQUAL(r.said, expected);
    CU_ASSERT_EQUAL(r.config.n_items, 0);
    done(&r);
}

static void test_set(void)
{
    struct read r;
    read_bytes(&r, "[a]\nk = 1\n[a.b]\nk = 2\n", 22);
    CU_ASSERT_EQUAL(config_set(&r.config, "a.k=x=y z", &r.complaints), 0);
    CU_ASSERT_EQUAL(config_set(&r.config, " a.b.k = 3 ", &r.complaints), 0);
    CU_ASSERT_EQUAL(config_set(&r.config, "space.model.width=int 1 .. 2", &r.complaints), 0);
    CU_ASSERT_EQUAL(config_set(&r.config, "new.q=\" a;b \"", &r.complaints), 0);
    CU_ASSERT_EQUAL(config_set(&r.config, "new.empty=", &r.complaints), 0);
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a", "k"), "x=y z");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "a.b", "k"), "3");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "space", "model.width"), "int 1 .. 2");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "new", "q"), " a;b ");
    CU_ASSERT_STRING_EQUAL(value(&r.config, "new", "empty"), "");
    const struct config_item *item = config_find(&r.config, "a", "k");
    CU_ASSERT_STRING_EQUAL(item->place.file, "--set");
    CU_ASSERT_EQUAL(item->place.line, 0);
    CU_ASSERT_STRING_EQUAL(item->directory, "");
    done(&r);
    set_refused("nonsense", "--set: error: 'nonsense' has no '='; write --set section.key=value\n");
    set_refused("key=1", "--set: error: 'key' names no section and key; write --set section.key=value\n");
    set_refused(".k=1", "--set: error: '.k' names no section and key; write --set section.key=value\n");
    set_refused("a.=1", "--set: error: 'a.' names no section and key; write --set section.key=value\n");
    set_refused("A.k=1", "--set: error: upper-case letter in the section 'A'; names are lower-case\n");
    set_refused("a.k-l=1", "--set: error: '-' in the key 'k-l'; names are written with '_'\n");
    set_refused("study.include=x",
                "--set: error: study.include is for files; name further files on the command line\n");
    set_refused("a.k=\"x\" 'y' ; z",
                "--set: error: the value of a.k cannot stand in an INI file: it is longer than a line, holds control "
                "bytes, or ';' or '#' together with a backslash or with both kinds of quotes\n");
    set_refused("a.k=x\ny",
                "--set: error: the value of a.k cannot stand in an INI file: it is longer than a line, holds control "
                "bytes, or ';' or '#' together with a backslash or with both kinds of quotes\n");
}

/* ---- both readers on anything ---- */

static uint64_t state;

static unsigned rnd(unsigned n)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % n;
}

/* Reads bytes; an "internal error" would mean that the scanner and iniparser disagree. */
static int agrees(const char *bytes, size_t n, int *accepted)
{
    struct config config = CONFIG_INIT;
    struct complaints complaints = COMPLAINTS_INIT;
    int fine = 1;
    char *exact = malloc(n ? n : 1); /* no byte behind the text may be looked at */
    memcpy(exact, bytes, n);
    const int rc = config_read_text(&config, "f", "", exact, n, &complaints);
    fine = (rc == 0) == (complaints.n == 0);
    for (size_t i = 0; i < complaints.n; i++)
        if (!strncmp(complaints.items[i].message, "internal", 8)) {
            printf("# %s\n# %.*s\n", complaints.items[i].message, (int)n, bytes);
            fine = 0;
        }
    *accepted += rc == 0;
    for (size_t i = 0; i < config.n_items; i++) /* what was read can be written and is read again */
        fine &= config_value_writable(config.items[i].key, config.items[i].value) ||
                strlen(config.items[i].value) + strlen(config.items[i].key) + 5 > 1022;
    free(exact);
    complaints_release(&complaints);
    config_release(&config);
    return fine;
}

static void test_fuzz_bytes(void)
{
    static const char alphabet[] = "[]=;#\"'\\ \t\n\n\n\rab.:_-1AZ,\xc3\xa9\x01|<";
    char text[256];
    int wrong = 0, accepted = 0;
    state = 7;
    for (int i = 0; i < 20000; i++) {
        const size_t n = rnd(sizeof text);
        size_t at = 0;
        if (rnd(2)) {
            memcpy(text, "[a]\n", 4);
            at = 4;
        }
        for (; at < n; at++)
            text[at] = rnd(40) ? alphabet[rnd(sizeof alphabet - 1)] : (char)rnd(256);
        wrong += !agrees(text, at > n ? at : n, &accepted);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(accepted > 50);
}

/* Lines put together from pieces that are mostly right. */
static void test_fuzz_lines(void)
{
    static const char *const pieces[] = {
        "k",  "k2",  "a.b",   "=",       " = ",   "=",    "v",  "\"", "'",  ";",  " ;",       " #", "#",    "\\", " ",
        "\t", "[s]", "[s.t]", "\"x y\"", "'x;y'", "1e-3", "..", "|",  "<=", "\r", "\xc3\xa9", "''", "\"\"", ",",  "== "
    };
    struct text text = TEXT_INIT;
    int wrong = 0, accepted = 0;
    state = 11;
    for (int i = 0; i < 30000; i++) {
        text_clear(&text);
        text_add(&text, rnd(20) ? "[first]\n" : "");
        for (unsigned line = 0, lines = rnd(4); line <= lines; line++) {
            if (rnd(4))
                text_addf(&text, "k%u%s=%s", line, rnd(2) ? " " : "", rnd(2) ? " " : "");
            for (unsigned piece = 0, n = rnd(5); piece < n; piece++)
                text_add(&text, pieces[rnd(sizeof pieces / sizeof *pieces)]);
            text_add(&text, rnd(12) ? "\n" : "");
        }
        wrong += !agrees(text_string(&text), text.length, &accepted);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(accepted > 3000);
    text_release(&text);
}

static void test_fuzz_mutations(void)
{
    static const char good[] =
        "; a study\n[study]\nname = fashion\nobjectives = validation.accuracy max\nconstraints = a <= 5 ; note\n"
        "[model]\nuse = mlp\nhidden = 256, 128\nnote = \"a;b # c\"\n[regularizer.dropout]\nrate=0.2\n\n"
        "[space]\nmodel.width = int 32 .. 512 step 32\noptimizer.momentum = real 0.5 .. 0.99 if optimizer.use = sgd\n";
    char text[sizeof good + 64];
    int wrong = 0, accepted = 0;
    state = 13;
    for (int i = 0; i < 20000; i++) {
        size_t n = sizeof good - 1;
        memcpy(text, good, n);
        for (unsigned m = 0, count = 1 + rnd(4); m < count; m++) {
            const size_t at = rnd((unsigned)n);
            switch (rnd(4)) {
            case 0: text[at] = (char)rnd(256); break;
            case 1: text[at] = "[]=;#\"'\\ \n"[rnd(10)]; break;
            case 2:
                memmove(text + at, text + at + 1, n - at - 1);
                n--;
                break;
            default:
                memmove(text + at + 1, text + at, n - at);
                text[at] = "[]=;#\"'\\ \n"[rnd(10)];
                n++;
            }
        }
        wrong += !agrees(text, n, &accepted);
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(accepted > 1000);
}

SUITE(TEST(test_reads), TEST(test_refuses), TEST(test_line_length), TEST(test_many_keys), TEST(test_no_file),
      TEST(test_layers), TEST(test_includes), TEST(test_set), TEST(test_fuzz_bytes), TEST(test_fuzz_lines),
      TEST(test_fuzz_mutations))
