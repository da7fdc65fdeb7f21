/* SPDX-License-Identifier: MIT */
/* storage/sqlite when processes die and meet: kill -9 of a writer, readers beside a writer, locks and the death of their
 * holder, two studies run in one file at once. */
#include "fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

static void nap(long milliseconds)
{
    const struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
    nanosleep(&time, NULL);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- kill -9 ---- */
/* Writes trials [from, ...) in commits of three (running, two reports, complete, an event each) until it is killed, and says in
 * shared memory how many are committed. */
static void write_for_ever(struct fixture *f, int64_t study, uint64_t from, volatile uint64_t *committed)
{
    if (fixture_open(f, HONE_STORAGE_WRITE) != HONE_OK)
        _exit(3);
    for (uint64_t next = from;; next += 3) {
        if (f->api->begin(f->self, &f->err) < 0)
            _exit(4);
        for (uint64_t i = next; i < next + 3; i++) {
            const hone_event_record event = { .size = sizeof event, .what = HONE_EVENT_ASK, .sequence = i, .trial = i };
            const hone_value values[] = { { "loss", (double)i, 1, 0 }, { "accuracy", (double)i, 2, 0 } };
            hone_report_record report = {
                .size = sizeof report, .n_values = 2, .trial = i, .attempt = 1, .values = values
            };
            if (f->api->put_event(f->self, study, &event, &f->err) < 0 ||
                fixture_put_trial(f, f->self, study, i, HONE_STATE_RUNNING) < 0)
                _exit(5);
            for (report.step = 1; report.step <= 2; report.step++)
                if (f->api->put_report(f->self, study, &report, &f->err) < 0)
                    _exit(6);
            if (fixture_put_trial(f, f->self, study, i, HONE_STATE_COMPLETE) < 0)
                _exit(7);
        }
        if (f->api->commit(f->self, &f->err) < 0)
            _exit(8);
        *committed = next + 3;
    }
}

struct tally {
    uint64_t trials, reports, events;
    int good;
};

static hone_rc tally_trial(void *ctx, const hone_trial_record *t)
{
    struct tally *tally = ctx;
    tally->good &= t->number == tally->trials++ && t->state == HONE_STATE_COMPLETE && t->n_parameters == 2 &&
                   t->n_values == 1 && t->values[0] == (double)t->number / 3 &&
                   t->parameters[1].number == (double)t->number + 7;
    return HONE_OK;
}

static hone_rc tally_report(void *ctx, const hone_report_record *r)
{
    struct tally *tally = ctx;
    tally->good &= r->trial == tally->reports / 2 && r->step == 1 + (int64_t)(tally->reports % 2) && r->n_values == 2;
    tally->reports++;
    return HONE_OK;
}

static hone_rc tally_event(void *ctx, const hone_event_record *e)
{
    struct tally *tally = ctx;
    tally->good &= e->sequence == tally->events++;
    return HONE_OK;
}

static struct tally take_tally(struct fixture *f, int64_t study)
{
    struct tally tally = { .good = 1 };
    const hone_storage_visitor visitor = {
        .ctx = &tally, .trial = tally_trial, .report = tally_report, .event = tally_event
    };
    ASSERT_OK(f, f->api->trials(f->self, study, HONE_ALL_TRIALS, &visitor, &f->err));
    ASSERT_OK(f, f->api->reports(f->self, study, HONE_ALL_TRIALS, &visitor, &f->err));
    ASSERT_OK(f, f->api->events(f->self, study, &visitor, &f->err));
    return tally;
}

static void test_kill_loses_nothing(void)
{
    struct fixture f;
    fixture_directory(&f);
    volatile uint64_t *committed = mmap(NULL, sizeof *committed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                                        0);
    CU_ASSERT_NOT_EQUAL_FATAL((void *)(uintptr_t)committed, MAP_FAILED);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    fixture_close(&f);
    uint32_t random = 12345;
    uint64_t have = 0;
    for (int round = 0; round < 20; round++) {
        random = random * 1664525u + 1013904223u;
        *committed = have;
        const pid_t child = fork();
        if (child == 0)
            write_for_ever(&f, id, have, committed);
        nap(5 + (long)(random >> 16) % 60);
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        CU_ASSERT(WIFSIGNALED(status));
        /* what was committed is there, at most the one commit that was under way more, and nothing of a half one; read
         * first as a reader that must recover the log without writing, then as the next writer */
        for (int mode = 0; mode < 2; mode++) {
            ASSERT_OK(&f, fixture_open(&f, mode ? HONE_STORAGE_WRITE : HONE_STORAGE_READ));
            const struct tally tally = take_tally(&f, id);
            CU_ASSERT(tally.good);
            CU_ASSERT(tally.trials == *committed || tally.trials == *committed + 3);
            CU_ASSERT(tally.reports == 2 * tally.trials && tally.events == tally.trials);
            have = tally.trials;
            fixture_close(&f);
        }
    }
    CU_ASSERT(have > 60);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
                    1);
    munmap((void *)(uintptr_t)committed, sizeof *committed);
    fixture_release(&f);
}

/* A file whose creation was cut short is empty or whole: the next run takes it as it is. */
static void test_kill_while_creating(void)
{
    uint32_t random = 99;
    for (int round = 0; round < 20; round++) {
        struct fixture f;
        fixture_directory(&f);
        random = random * 1664525u + 1013904223u;
        const struct timespec delay = { 0, (long)(random >> 8) % 6000000 };
        const pid_t child = fork();
        if (child == 0) {
            if (fixture_open(&f, HONE_STORAGE_WRITE) == HONE_OK)
                for (;;)
                    pause();
            _exit(1);
        }
        nanosleep(&delay, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
        CU_ASSERT(fixture_put_study(&f, f.self, "s") > 0);
        fixture_release(&f);
    }
}

/* ---- a reader beside a writer ---- */
static hone_rc stall(void *ctx, const hone_trial_record *t)
{
    (void)t;
    const int *pipes = ctx;
    char byte = 'r';
    if (write(pipes[1], &byte, 1) != 1 || read(pipes[2], &byte, 1) != 1)
        return HONE_EFAIL;
    return HONE_DONE;
}

static void test_reader_never_blocks_writer(void)
{
    struct fixture f;
    int ready[2], go[2];
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, 0, HONE_STATE_COMPLETE));
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    CU_ASSERT_FATAL(pipe(ready) == 0 && pipe(go) == 0);
    const pid_t child = fork();
    if (child == 0) { /* stops in the middle of reading, its snapshot open */
        void *reader = NULL;
        int pipes[] = { -1, ready[1], go[0] };
        const hone_storage_visitor visitor = { .ctx = pipes, .trial = stall };
        _exit(fixture_open_other(&f, f.path, HONE_STORAGE_READ, &reader) == HONE_OK &&
                      f.api->trials(reader, id, HONE_ALL_TRIALS, &visitor, &f.err) == HONE_DONE
                  ? 0
                  : 1);
    }
    char byte = 0;
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
    const double start = now();
    uint64_t n = 1;
    for (int commit = 0; commit < 100; commit++) {
        ASSERT_OK(&f, f.api->begin(f.self, &f.err));
        for (int i = 0; i < 20; i++)
            ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, n++, HONE_STATE_COMPLETE));
        ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    }
    CU_ASSERT(now() - start < f.settings.busy_timeout); /* never waited for the reader, who is still there */
    CU_ASSERT_EQUAL(waitpid(child, NULL, WNOHANG), 0);
    /* while this one is in the middle of a transaction, another reads what was committed, at once */
    ASSERT_OK(&f, f.api->begin(f.self, &f.err));
    ASSERT_OK(&f, fixture_put_trial(&f, f.self, id, n, HONE_STATE_COMPLETE));
    void *reader = NULL;
    struct tally tally = { .good = 1 };
    const hone_storage_visitor visitor = { .ctx = &tally, .trial = tally_trial };
    ASSERT_OK(&f, fixture_open_other(&f, f.path, HONE_STORAGE_READ, &reader));
    ASSERT_OK(&f, f.api->trials(reader, id, HONE_ALL_TRIALS, &visitor, &f.err));
    CU_ASSERT(tally.good && tally.trials == n);
    f.component->destroy(reader);
    ASSERT_OK(&f, f.api->commit(f.self, &f.err));
    CU_ASSERT_EQUAL(write(go[1], "g", 1), 1);
    int status = 0;
    waitpid(child, &status, 0);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
    fixture_release(&f);
}

/* ---- locks ---- */
/* A child that locks the study, says so, and waits to be killed (or for its input to end, then it leaves in order). */
static pid_t holder(struct fixture *f, int64_t study, int *release)
{
    int ready[2], go[2];
    CU_ASSERT_FATAL(pipe(ready) == 0 && pipe(go) == 0);
    const pid_t child = fork();
    if (child == 0) {
        void *self = NULL;
        char byte = 'k';
        close(go[1]);
        if (fixture_open_other(f, f->path, HONE_STORAGE_WRITE, &self) < 0 || f->api->lock(self, study, &f->err) < 0)
            byte = 'n';
        if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) < 0)
            _exit(1);
        f->component->destroy(self);
        _exit(0);
    }
    char byte = 0;
    CU_ASSERT(read(ready[0], &byte, 1) == 1 && byte == 'k');
    close(ready[0]);
    close(ready[1]);
    close(go[0]);
    *release = go[1];
    return child;
}

static void test_lock_names_holder_and_dies_with_it(void)
{
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "mnist"), other = fixture_put_study(&f, f.self, "other");
    for (int kill_it = 0; kill_it < 2; kill_it++) {
        int release = -1;
        const pid_t child = holder(&f, id, &release);
        char expected[64];
        snprintf(expected, sizeof expected, "study 'mnist' in '%.20s", f.path);
        CU_ASSERT_EQUAL(f.api->lock(f.self, id, &f.err), HONE_EIO);
        ASSERT_SAYS(&f, expected);
        snprintf(expected, sizeof expected, "is being run by process %d;", (int)child);
        ASSERT_SAYS(&f, expected);
        ASSERT_OK(&f, f.api->lock(f.self, other, &f.err)); /* another study of the file is free */
        if (kill_it)
            kill(child, SIGKILL);
        close(release);
        waitpid(child, NULL, 0);
        ASSERT_OK(&f, f.api->lock(f.self, id, &f.err));
        ASSERT_OK(&f, f.api->lock(f.self, id, &f.err)); /* mine already */
        fixture_close(&f);
        char lock[128];
        snprintf(lock, sizeof lock, "%s-lock", f.path);
        CU_ASSERT_EQUAL(access(lock, F_OK), -1); /* nothing is left behind */
        ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    }
    fixture_release(&f);
}

/* Reached by a symbolic link, it is the same file and the same lock. */
static void test_lock_through_link(void)
{
    struct fixture f;
    char linked[128];
    void *second = NULL;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    snprintf(linked, sizeof linked, "%s/link.db", f.directory);
    CU_ASSERT_EQUAL(symlink(f.path, linked), 0);
    ASSERT_OK(&f, f.api->lock(f.self, id, &f.err));
    ASSERT_OK(&f, fixture_open_other(&f, linked, HONE_STORAGE_WRITE, &second));
    CU_ASSERT_EQUAL(f.api->lock(second, id, &f.err), HONE_EIO);
    f.component->destroy(second);
    unlink(linked);
    fixture_release(&f);
}

/* Many processes fight for one study; the file of the locks comes and goes under them. Never two at a time, all get in. */
static void test_lock_excludes(void)
{
    enum { PROCESSES = 6, TURNS = 25 };
    struct fixture f;
    fixture_directory(&f);
    ASSERT_OK(&f, fixture_open(&f, HONE_STORAGE_WRITE));
    const int64_t id = fixture_put_study(&f, f.self, "s");
    fixture_close(&f);
    volatile int *shared = mmap(NULL, 2 * sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CU_ASSERT_NOT_EQUAL_FATAL((void *)(uintptr_t)shared, MAP_FAILED);
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((children[i] = fork()) == 0) {
            int turns = 0;
            for (double start = now(); turns < TURNS && now() - start < 50;) {
                void *self = NULL;
                if (fixture_open_other(&f, f.path, HONE_STORAGE_WRITE, &self) < 0)
                    _exit(1);
                if (f.api->lock(self, id, &f.err) == HONE_OK) {
                    if (__atomic_add_fetch(&shared[0], 1, __ATOMIC_SEQ_CST) != 1)
                        __atomic_add_fetch(&shared[1], 1, __ATOMIC_SEQ_CST);
                    turns++;
                    nap(turns % 2);
                    __atomic_sub_fetch(&shared[0], 1, __ATOMIC_SEQ_CST);
                }
                f.component->destroy(self);
            }
            _exit(turns == TURNS ? 0 : 2);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    CU_ASSERT_EQUAL(shared[1], 0);
    munmap((void *)(uintptr_t)shared, 2 * sizeof *shared);
    fixture_release(&f);
}

/* ---- two studies, one file, created by both at once ---- */
static int run_study(struct fixture *f, const char *name)
{
    const hone_study_record study = fixture_study(name);
    int64_t id = 0;
    if (fixture_open(f, HONE_STORAGE_WRITE) < 0 || f->api->begin(f->self, &f->err) < 0 ||
        f->api->put_study(f->self, &study, &id, &f->err) < 0 || f->api->commit(f->self, &f->err) < 0 ||
        f->api->lock(f->self, id, &f->err) < 0)
        return 1;
    for (uint64_t i = 0; i < 300; i++) {
        const hone_value value = { name, (double)i, 1, 0 }; /* each brings a metric name of its own */
        const hone_report_record report = {
            .size = sizeof report, .n_values = 1, .trial = i, .step = 1, .values = &value
        };
        if (f->api->begin(f->self, &f->err) < 0 || fixture_put_trial(f, f->self, id, i, HONE_STATE_COMPLETE) < 0 ||
            f->api->put_report(f->self, id, &report, &f->err) < 0 || f->api->commit(f->self, &f->err) < 0)
            return 2;
    }
    fixture_close(f);
    return 0;
}

static void test_two_studies_at_once(void)
{
    struct fixture f;
    fixture_directory(&f);
    pid_t children[3];
    for (int i = 0; i < 3; i++)
        if ((children[i] = fork()) == 0) {
            char name[] = { (char)('a' + i), '\0' };
            const int failed = run_study(&f, name);
            if (failed)
                fprintf(stdout, "# study %s: %d '%s'\n", name, failed, f.err.msg);
            fflush(stdout);
            _exit(failed);
        }
    for (int i = 0; i < 3; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM trial_results WHERE study IN ('a', 'b', 'c')"), 900);
    CU_ASSERT_EQUAL(fixture_query(f.path, "SELECT count(*) FROM reports WHERE study = name"), 900);
    fixture_release(&f);
}

SUITE(TEST(test_kill_loses_nothing), TEST(test_kill_while_creating), TEST(test_reader_never_blocks_writer),
      TEST(test_lock_names_holder_and_dies_with_it), TEST(test_lock_through_link), TEST(test_lock_excludes),
      TEST(test_two_studies_at_once))
