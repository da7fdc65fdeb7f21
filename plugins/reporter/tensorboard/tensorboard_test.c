/* SPDX-License-Identifier: MIT */
/* Event files read back by a reader of our own, which knows the format and nothing of the writer. That TensorBoard itself reads
 * them: tests/e2e/exports_test.sh. */
#include "view_case.h"
#include "component.h"
#include "events.h"

#include <dirent.h>
#include <unistd.h>

/* ---- a reader ---- */
struct span {
    const unsigned char *at, *end;
};

static uint64_t read_varint(struct span *s)
{
    uint64_t value = 0;
    for (unsigned shift = 0; s->at < s->end && shift < 70; shift += 7) {
        const unsigned char byte = *s->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    CU_FAIL("a varint that does not end");
    return value;
}

struct field {
    unsigned number, wire;
    uint64_t integer;
    double real;
    struct span bytes;
};

static int next_field(struct span *s, struct field *f)
{
    if (s->at >= s->end)
        return 0;
    const uint64_t key = read_varint(s);
    memset(f, 0, sizeof *f);
    f->number = (unsigned)(key >> 3);
    f->wire = key & 7;
    if (f->wire == 0) {
        f->integer = read_varint(s);
    } else if (f->wire == 1) {
        memcpy(&f->real, s->at, 8);
        s->at += 8;
    } else if (f->wire == 5) {
        float real;
        memcpy(&real, s->at, 4);
        f->real = (double)real;
        s->at += 4;
    } else {
        CU_ASSERT_EQUAL_FATAL(f->wire, 2);
        const uint64_t n = read_varint(s);
        CU_ASSERT_FATAL(n <= (uint64_t)(s->end - s->at));
        f->bytes = (struct span){ s->at, s->at + n };
        s->at += n;
    }
    CU_ASSERT_FATAL(s->at <= s->end);
    return 1;
}

/* The k-th field of that number (from 0): 1 and *f, or 0. */
static int find(struct span s, unsigned number, unsigned k, struct field *f)
{
    while (next_field(&s, f))
        if (f->number == number && !k--)
            return 1;
    return 0;
}

/* Down a path of fields, the first of each. */
static int find_path(struct span s, const unsigned *path, struct field *f)
{
    for (; *path; path++) {
        if (!find(s, *path, 0, f))
            return 0;
        s = f->bytes;
    }
    return 1;
}

static int is_text(const struct field *f, const char *text)
{
    return (size_t)(f->bytes.end - f->bytes.at) == strlen(text) && !memcmp(f->bytes.at, text, strlen(text));
}

/* CRC-32C by its definition as a division of polynomials, most significant bit first, reflected at both ends. */
static uint32_t divide(const unsigned char *bytes, size_t n)
{
    uint32_t rest = 0xffffffffu, reflected = 0;
    for (size_t i = 0; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            const uint32_t top = rest >> 31 ^ (uint32_t)(bytes[i] >> bit & 1);
            rest = rest << 1 ^ (top ? 0x1edc6f41u : 0);
        }
    for (int bit = 0; bit < 32; bit++)
        reflected |= (rest >> bit & 1) << (31 - bit);
    return ~reflected;
}

static uint32_t masked(const unsigned char *bytes, size_t n)
{
    const uint32_t crc = divide(bytes, n);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

struct file {
    unsigned char *data;
    size_t n;
    struct span events[64];
    unsigned n_events;
};

static void read_file(struct file *f, const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = fopen(path, "rb");
    memset(f, 0, sizeof *f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    f->data = malloc(65536);
    f->n = fread(f->data, 1, 65536, in);
    fclose(in);
    for (size_t at = 0; at < f->n;) {
        uint64_t n;
        uint32_t crc;
        CU_ASSERT_FATAL(f->n - at > 16);
        memcpy(&n, f->data + at, 8);
        memcpy(&crc, f->data + at + 8, 4);
        CU_ASSERT_EQUAL_FATAL(crc, masked(f->data + at, 8));
        CU_ASSERT_FATAL(n <= f->n - at - 16);
        memcpy(&crc, f->data + at + 12 + n, 4);
        CU_ASSERT_EQUAL_FATAL(crc, masked(f->data + at + 12, (size_t)n));
        f->events[f->n_events++] = (struct span){ f->data + at + 12, f->data + at + 12 + n };
        at += 16 + (size_t)n;
    }
}

/* The scalar of a tag at a step; NaN where there is none, or it is NaN. */
static double scalar(const struct file *f, const char *tag, int64_t step)
{
    struct field event_step, summary, value, name, number;
    for (unsigned i = 0; i < f->n_events; i++) {
        if (!find(f->events[i], 2, 0, &event_step) || (int64_t)event_step.integer != step ||
            !find(f->events[i], 5, 0, &summary))
            continue;
        for (unsigned k = 0; find(summary.bytes, 1, k, &value); k++)
            if (find(value.bytes, 1, 0, &name) && is_text(&name, tag) && find(value.bytes, 2, 0, &number))
                return number.real;
    }
    return (double)NAN;
}

/* The message of the hparams plugin in the value of that tag. */
static int hparams(const struct file *f, const char *tag, unsigned field, struct span *message)
{
    static const unsigned to_name[] = { 9, 1, 1, 0 }, to_content[] = { 9, 1, 2, 0 }, to_type[] = { 8, 1, 0 };
    struct field summary, value, found;
    for (unsigned i = 0; i < f->n_events; i++)
        for (unsigned k = 0; find(f->events[i], 5, 0, &summary) && find(summary.bytes, 1, k, &value); k++)
            if (find(value.bytes, 1, 0, &found) && is_text(&found, tag)) {
                CU_ASSERT(find_path(value.bytes, to_type, &found) && found.integer == 1);
                CU_ASSERT(find_path(value.bytes, to_name, &found) && is_text(&found, "hparams"));
                CU_ASSERT_FATAL(find_path(value.bytes, to_content, &found));
                const struct span content = found.bytes;
                CU_ASSERT(find(content, 1, 0, &found) && found.integer == 0);
                if (!find(content, field, 0, &found))
                    return 0;
                *message = found.bytes;
                return 1;
            }
    return 0;
}

/* ---- what is written ---- */
static char folder[128];
static const char name[] = "events.out.tfevents.1800000000.hone.0.0";

static void write_board(const char *best, const char *last, const char *all)
{
    struct component c;
    snprintf(folder, sizeof folder, "/tmp/hone-tensorboard-test-%ld", (long)getpid());
    const hone_view view = case_view(1, NULL, folder);
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "tensorboard", 1, "best", best, "last", last, "all", all, NULL), HONE_OK);
    const hone_reporter_v1 *iface = c.component->iface;
    CU_ASSERT_EQUAL_FATAL(iface->write(c.self, &view, &c.err), HONE_OK);
    component_close(&c);
}

static void remove_board(void)
{
    char path[512];
    for (int t = 0; t < CASE_TRIALS; t++) {
        snprintf(path, sizeof path, "%s/trial-%05d/%s", folder, t, name);
        unlink(path);
        snprintf(path, sizeof path, "%s/trial-%05d", folder, t);
        rmdir(path);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* nothing else was left in it */
}

static int count_trials(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        n += !strncmp(entry->d_name, "trial-", 6);
    if (d)
        closedir(d);
    return n;
}

static void test_crc(void)
{
    CU_ASSERT_EQUAL(crc32c("123456789", 9), 0xe3069283u); /* the check value of CRC-32C */
    CU_ASSERT_EQUAL(divide((const unsigned char *)"123456789", 9), 0xe3069283u);
    CU_ASSERT_EQUAL(crc32c("", 0), 0);
}

static void test_scalars(void)
{
    struct file f;
    struct field version, time;
    char trial[192];
    write_board("200", "50", "no");
    snprintf(trial, sizeof trial, "%s/trial-00000", folder);
    read_file(&f, trial, name);
    CU_ASSERT(find(f.events[0], 3, 0, &version) && is_text(&version, "brain.Event:2"));
    CU_ASSERT(find(f.events[2], 1, 0, &time) && time.real == 1.8e9 + 1);
    CU_ASSERT_DOUBLE_EQUAL(scalar(&f, "validation/accuracy", 1), 0.1, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(scalar(&f, "validation/accuracy", 3), 0.3, 1e-7);
    CU_ASSERT_DOUBLE_EQUAL(scalar(&f, "train/loss", 2), 0.5, 1e-7);
    CU_ASSERT(isinf(scalar(&f, "seconds", 3))); /* it ended with this, and did not report it */
    free(f.data);
    snprintf(trial, sizeof trial, "%s/trial-00001", folder);
    read_file(&f, trial, name);
    CU_ASSERT(isnan(scalar(&f, "validation/accuracy", 3)));
    CU_ASSERT_DOUBLE_EQUAL(scalar(&f, "validation/accuracy", 2), 0.3, 1e-7);
    free(f.data);
    remove_board();
}

static void test_sessions(void)
{
    static const unsigned to_text[] = { 2, 3, 0 }, to_number[] = { 2, 2, 0 };
    struct file f;
    struct span start, end;
    struct field entry, key, value, got;
    char trial[192];
    unsigned n = 0;
    write_board("200", "50", "no");
    snprintf(trial, sizeof trial, "%s/trial-00001", folder);
    read_file(&f, trial, name);
    CU_ASSERT_FATAL(hparams(&f, "_hparams_/session_start_info", 3, &start));
    for (; find(start, 1, n, &entry); n++) {
        CU_ASSERT_FATAL(find(entry.bytes, 1, 0, &key));
        CU_ASSERT_FALSE(is_text(&key, "optimizer.momentum")); /* inactive */
        if (is_text(&key, "optimizer.use"))
            CU_ASSERT(find_path(entry.bytes, to_text, &value) && is_text(&value, "adam"));
        if (is_text(&key, "model.width"))
            CU_ASSERT(find_path(entry.bytes, to_number, &value) && value.real == 480);
    }
    CU_ASSERT_EQUAL(n, 7);
    CU_ASSERT(find(start, 4, 0, &got) && is_text(&got, "trial-00001"));
    CU_ASSERT_FATAL(hparams(&f, "_hparams_/session_end_info", 4, &end));
    CU_ASSERT(find(end, 1, 0, &got) && got.integer == 1);
    CU_ASSERT(find(end, 2, 0, &got) && got.real == 1.8e9 + 17.5);
    free(f.data);
    snprintf(trial, sizeof trial, "%s/trial-00002", folder);
    read_file(&f, trial, name);
    CU_ASSERT(hparams(&f, "_hparams_/session_end_info", 4, &end) && find(end, 1, 0, &got) && got.integer == 2);
    free(f.data);
    snprintf(trial, sizeof trial, "%s/trial-00005", folder);
    read_file(&f, trial, name);
    CU_ASSERT_FALSE(hparams(&f, "_hparams_/session_end_info", 4, &end)); /* it runs */
    free(f.data);
    remove_board();
}

static void test_experiment(void)
{
    static const unsigned to_min[] = { 6, 1, 0 }, to_max[] = { 6, 2, 0 }, to_tag[] = { 5, 1, 2, 0 };
    struct file f;
    struct span experiment;
    struct field info, got, first;
    write_board("200", "50", "no");
    read_file(&f, folder, name);
    CU_ASSERT_FATAL(hparams(&f, "_hparams_/experiment", 2, &experiment));
    CU_ASSERT_FATAL(find(experiment, 4, 0, &info) && find(info.bytes, 1, 0, &got));
    CU_ASSERT(is_text(&got, "optimizer.learning_rate"));
    CU_ASSERT(find(info.bytes, 4, 0, &got) && got.integer == 3);
    CU_ASSERT(find_path(info.bytes, to_min, &got) && got.real == 1e-4);
    CU_ASSERT(find_path(info.bytes, to_max, &got) && got.real == 0.5);
    CU_ASSERT_FATAL(find(experiment, 4, 2, &info) && find(info.bytes, 5, 0, &got));
    CU_ASSERT(find(got.bytes, 1, 1, &first) && find(first.bytes, 3, 0, &got) && is_text(&got, "adam"));
    CU_ASSERT(find_path(experiment, to_tag, &got) && is_text(&got, "validation/accuracy"));
    CU_ASSERT_FALSE(find(experiment, 4, CASE_DIMS, &got));
    free(f.data);
    remove_board();
}

static void test_best_and_last_trials(void)
{
    char path[256];
    write_board("1", "1", "no"); /* trials 3 and 6 */
    CU_ASSERT_EQUAL(count_trials(), 2);
    snprintf(path, sizeof path, "%s/trial-00003/%s", folder, name);
    CU_ASSERT_EQUAL(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/trial-00006/%s", folder, name);
    CU_ASSERT_EQUAL(access(path, R_OK), 0);
    write_board("0", "0", "yes"); /* into the same folder */
    CU_ASSERT_EQUAL(count_trials(), CASE_TRIALS);
    remove_board();
    write_board("0", "0", "no");
    CU_ASSERT_EQUAL(count_trials(), 0);
    remove_board();
}

static void test_says_where_it_cannot_write(void)
{
    struct component c;
    const hone_view view = case_view(1, NULL, "/no-such-folder/of-hone");
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "tensorboard", 1, NULL), HONE_OK);
    const hone_reporter_v1 *iface = c.component->iface;
    CU_ASSERT_EQUAL(iface->write(c.self, &view, &c.err), HONE_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "/no-such-folder/of-hone"));
    component_close(&c);
}

SUITE(TEST(test_crc), TEST(test_scalars), TEST(test_sessions), TEST(test_experiment), TEST(test_best_and_last_trials),
      TEST(test_says_where_it_cannot_write))
