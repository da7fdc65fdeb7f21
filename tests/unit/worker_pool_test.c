/* SPDX-License-Identifier: MIT */
/* The crew of real processes: `hone worker` from the build directory with the objective `function`, and programs that misbehave. */
#include "harness.h"

#include "config/composition.h"
#include "hone/param.h"
#include "hone/search.h"
#include "worker/pool.h"

#include <math.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct world {
    struct pool *pool;
    struct crew *crew;
    struct catalog *catalog;
    struct composition composition;
    struct config config;
    struct text text;
    struct catalog_options options;
    const char *path;
    char plugins[4096], program[4096];
};

static const hone_setting point[] = { { "x1", "3", 3 }, { "x2", "2", 2 } };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* program NULL: the real one. */
static void open_world(struct world *w, const char *objective, const char *program, double trial_time)
{
    struct complaints complaints = COMPLAINTS_INIT;
    hone_error err = HONE_ERROR_INIT;
    struct text ini = TEXT_INIT;
    const char *build = getenv("HONE_BUILD");
    *w = (struct world){ 0 };
    if (!build)
        build = "build";
    snprintf(w->plugins, sizeof w->plugins, "%s/plugins", build);
    snprintf(w->program, sizeof w->program, "%s/hone", build);
    w->path = w->plugins;
    w->options = (struct catalog_options){
        .paths = &w->path, .n_paths = 1, .no_default_path = 1, .scanner = w->program
    };
    text_addf(&ini,
              "[study]\nobjectives = value min\n[objective]\nuse = function\n%s[space]\nx1 = real -5 .. 5\nx2 = real "
              "-5 .. 5\n",
              objective);
    if (catalog_open(&w->catalog, &w->options, &err) != HONE_OK ||
        config_read_text(&w->config, "t.ini", "", text_string(&ini), ini.length, &complaints) < 0 ||
        composition_make(&w->composition, &w->config, w->catalog, 0, &complaints) < 0) {
        complaints_print(&complaints, stdout);
        CU_FAIL_FATAL(err.msg);
    }
    complaints_release(&complaints);
    text_release(&ini);
    composition_text(&w->composition, NULL, 0, &w->text);
    const struct pool_options options = { .n = 2,
                                          .config = text_string(&w->text),
                                          .directory = "/nonexistent",
                                          .seed = 1,
                                          .trial_time = trial_time,
                                          .grace = 2,
                                          .catalog = &w->options,
                                          .program = program ? program : w->program };
    CU_ASSERT_EQUAL_FATAL(pool_create(&w->pool, &options, &err), HONE_OK);
    w->crew = pool_crew(w->pool);
}

static void close_world(struct world *w)
{
    pool_destroy(w->pool);
    composition_release(&w->composition);
    config_release(&w->config);
    catalog_close(w->catalog);
    text_release(&w->text);
}

static void start(struct world *w, unsigned worker, uint64_t number)
{
    const struct crew_trial trial = { .number = number, .settings = point, .n_settings = 2, .seed = 5 };
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(w->crew->start(w->crew, worker, &trial, &err), HONE_OK);
}

/* The next event of a kind, answering reports; others are passed over. 0: none came in a long while. */
static int await(struct world *w, enum crew_what what, struct crew_event *event)
{
    hone_error err = HONE_ERROR_INIT;
    const double until = now() + 60;
    while (now() < until) {
        const hone_rc rc = w->crew->wait(w->crew, 0.2, event, &err);
        CU_ASSERT_FATAL(rc >= 0);
        if (rc == HONE_OK && event->what == what)
            return 1;
        if (rc == HONE_OK && event->what == CREW_REPORT)
            CU_ASSERT_EQUAL(w->crew->verdict(w->crew, event->worker, 0, &err), HONE_OK);
    }
    return 0;
}

static void test_describes_and_evaluates(void)
{
    struct world w;
    struct crew_event event;
    open_world(&w, "name = sphere\n", NULL, 0);
    CU_ASSERT_FATAL(await(&w, CREW_READY, &event));
    CU_ASSERT_EQUAL_FATAL(event.rc, HONE_OK);
    CU_ASSERT_EQUAL(event.description->n_metrics, 1);
    CU_ASSERT_STRING_EQUAL(event.description->metrics[0].name, "value");
    for (uint64_t i = 0; i < 20; i++) {
        start(&w, (unsigned)(i % 2), i);
        CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
        CU_ASSERT_EQUAL(event.status, HONE_COMPLETE);
        CU_ASSERT_EQUAL(event.trial, i);
        CU_ASSERT_EQUAL(event.worker, i % 2);
        CU_ASSERT_EQUAL_FATAL(event.n_values, 1);
        CU_ASSERT_EQUAL(event.values[0].value, 13); /* 3^2 + 2^2 */
    }
    close_world(&w);
}

static void test_cancelled_and_usable_again(void)
{
    struct world w;
    struct crew_event event;
    open_world(&w, "delay = 100\n", NULL, 0);
    for (uint64_t i = 0; i < 4; i++) {
        start(&w, 0, i);
        if (i == 0)
            CU_ASSERT(await(&w, CREW_READY, &event)); /* later ones: the cancel may overtake the trial */
        const int process = pool_process(w.pool, 0);
        w.crew->cancel(w.crew);
        CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
        CU_ASSERT_EQUAL(event.status, CREW_CANCELLED);
        CU_ASSERT_EQUAL(event.trial, i);
        CU_ASSERT_EQUAL(pool_process(w.pool, 0), process); /* it obeyed: nobody had to be killed */
    }
    close_world(&w);
}

/* Whoever stops the whole job sends SIGTERM to the workers, too: that is no reason for a trial to fail. */
static void test_signal_alone_ends_no_trial(void)
{
    struct world w;
    struct crew_event event;
    open_world(&w, "delay = 0.3\n", NULL, 0);
    CU_ASSERT(await(&w, CREW_READY, &event));
    start(&w, 0, 0);
    kill(pool_process(w.pool, 0), SIGTERM);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.status, HONE_COMPLETE);
    close_world(&w);
}

static void test_killed_worker_is_replaced(void)
{
    struct world w;
    struct crew_event event;
    open_world(&w, "delay = 0.4\n", NULL, 0);
    CU_ASSERT(await(&w, CREW_READY, &event));
    start(&w, 0, 0);
    const int process = pool_process(w.pool, 0);
    kill(process, SIGKILL);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.status, HONE_FAILED);
    CU_ASSERT_EQUAL(event.died, 1);
    CU_ASSERT_EQUAL(event.signal, SIGKILL);
    CU_ASSERT_PTR_NOT_NULL(strstr(event.message, "killed by SIGKILL"));
    CU_ASSERT_EQUAL(waitpid(process, NULL, WNOHANG), -1); /* no zombie */
    start(&w, 0, 1);
    CU_ASSERT(pool_process(w.pool, 0) != process);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.status, HONE_COMPLETE);
    close_world(&w);
}

/* A worker that does not read holds up nobody: not the start of its own trial, however long, and not the other worker. */
static void test_stopped_worker_blocks_nobody(void)
{
    struct world w;
    struct crew_event event;
    hone_error err = HONE_ERROR_INIT;
    char *text = malloc(8 << 20);
    memset(text, 'x', 8 << 20);
    text[(8 << 20) - 1] = '\0';
    const hone_setting long_point[] = { point[0], point[1], { "y", text, 0 } };
    const struct crew_trial trial = { .number = 7, .settings = long_point, .n_settings = 3 };
    open_world(&w, "", NULL, 0);
    CU_ASSERT(await(&w, CREW_READY, &event));
    const int process = pool_process(w.pool, 0);
    kill(process, SIGSTOP);
    CU_ASSERT_EQUAL(w.crew->start(w.crew, 0, &trial, &err), HONE_OK);
    start(&w, 1, 8);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.trial, 8);
    kill(process, SIGCONT);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.trial, 7);
    CU_ASSERT_EQUAL(event.status, HONE_COMPLETE);
    free(text);
    close_world(&w);
}

static void test_trial_time(void)
{
    struct world w;
    struct crew_event event;
    hone_error err = HONE_ERROR_INIT;
    const struct crew_trial final = { .number = 1, .settings = point, .n_settings = 2, .flags = HONE_TRIAL_FINAL };
    open_world(&w, "delay = 0.8\n", NULL, 0.2);
    CU_ASSERT(await(&w, CREW_READY, &event));
    start(&w, 0, 0);
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.status, HONE_FAILED);
    CU_ASSERT_EQUAL(event.died, 0);
    CU_ASSERT_STRING_EQUAL(event.message, "took longer than trial_time = 0.2 s and was ended");
    CU_ASSERT_EQUAL(w.crew->start(w.crew, 0, &final, &err), HONE_OK); /* the final training is no trial */
    CU_ASSERT_FATAL(await(&w, CREW_OUTCOME, &event));
    CU_ASSERT_EQUAL(event.status, HONE_COMPLETE);
    close_world(&w);
}

/* A shell script as the worker. */
static void write_program(char *path, const char *script)
{
    strcpy(path, "/tmp/hone-pool-test-XXXXXX");
    const int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_EQUAL(write(fd, script, strlen(script)), (ssize_t)strlen(script));
    fchmod(fd, 0700);
    close(fd);
}

static void test_worker_that_cannot_start(void)
{
    struct world w;
    struct crew_event event;
    char path[40];
    write_program(path, "#!/bin/sh\necho the library is not there >&2\nexit 3\n");
    open_world(&w, "", path, 0);
    CU_ASSERT_FATAL(await(&w, CREW_READY, &event));
    CU_ASSERT(event.rc < 0);
    CU_ASSERT_EQUAL(event.died, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(event.message, "exit status 3"));
    CU_ASSERT_PTR_NOT_NULL(strstr(event.message, "the library is not there"));
    int ends = 0; /* it is made again for trials, but not for ever */
    for (uint64_t i = 0; i < 10 && !ends; i++) {
        start(&w, 0, i);
        do {
            CU_ASSERT_FATAL(w.crew->wait(w.crew, 20, &event, NULL) == HONE_OK);
        } while (event.what != CREW_OUTCOME && event.what != CREW_READY);
        ends = event.what == CREW_READY;
    }
    CU_ASSERT_EQUAL(ends, 1);
    close_world(&w);
    unlink(path);
}

/* Output without end, garbage on the channel, output closed: the coordinator still hears its clock, and goes on. */
static void test_worker_that_misbehaves(void)
{
    struct world w;
    struct crew_event event;
    char path[40];
    write_program(path, "#!/bin/sh\nexec yes\n");
    open_world(&w, "", path, 0);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(w.crew->wait(w.crew, 0.2, &event, NULL), HONE_WAIT);
    close_world(&w);
    unlink(path);
    write_program(path, "#!/bin/sh\nexec head -c 100000 /dev/zero >&3\n");
    open_world(&w, "", path, 0);
    CU_ASSERT_FATAL(await(&w, CREW_READY, &event));
    CU_ASSERT_PTR_NOT_NULL(strstr(event.message, "garbage on the channel"));
    close_world(&w);
    unlink(path);
    /* a child has the channel open and outlives the worker: the death is noticed all the same, and the child ended */
    write_program(path, "#!/bin/sh\nsleep 1000 >/dev/null 2>&1 &\nexec 1>&- 2>&-\nexit 4\n");
    open_world(&w, "", path, 0);
    CU_ASSERT_FATAL(await(&w, CREW_READY, &event));
    CU_ASSERT_PTR_NOT_NULL(strstr(event.message, "exit status 4"));
    close_world(&w);
    unlink(path);
}

SUITE(TEST(test_describes_and_evaluates), TEST(test_cancelled_and_usable_again), TEST(test_signal_alone_ends_no_trial),
      TEST(test_killed_worker_is_replaced), TEST(test_stopped_worker_blocks_nobody), TEST(test_trial_time),
      TEST(test_worker_that_cannot_start), TEST(test_worker_that_misbehaves))
