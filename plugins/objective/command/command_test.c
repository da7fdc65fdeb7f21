/* SPDX-License-Identifier: MIT */
/* Tests of objective/command with real programs (sh): what they are told, what is read, and how they end. */
#include "fake_host.h"
#include "harness.h"
#include "report_line.h"
#include "template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static fake_trial trial;
static char folder[] = "/tmp/hone-command-XXXXXX";

static const hone_objective_v1 *iface(void)
{
    return (const hone_objective_v1 *)fake_component(HONE_KIND_OBJECTIVE, "command")->iface;
}

static void prepare(void)
{
    static int made;
    if (!made && mkdtemp(folder))
        made = 1;
    fake_trial_init(&trial, 4, folder);
}

/* Runs `run` over the trial as prepared; the message goes to `message`. more: further settings, or "". */
static char message[256];
static hone_rc go(const char *run, const char *more)
{
    static char settings[8192];
    fake_plugin p;
    hone_rc rc;
    snprintf(settings, sizeof settings, "run=%s\n%s", run, more);
    rc = fake_plugin_init(&p, fake_component(HONE_KIND_OBJECTIVE, "command"), 1, settings);
    if (rc == HONE_OK)
        rc = iface()->run(p.self, &trial.trial, &p.err);
    snprintf(message, sizeof message, "%s", p.err.msg);
    fake_plugin_release(&p);
    return rc;
}

static void pause_ms(long ms)
{
    const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&t, NULL);
}

static const char *slurp(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "rb");
    const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return text;
}

static const char *in_folder(const char *name)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void test_words_are_split_as_a_shell_splits_them(void)
{
    static const struct {
        const char *text, *words[6];
    } known[] = {
        { "a b  c", { "a", "b", "c" } },
        { "  a\t'b c' \"d e\"", { "a", "b c", "d e" } },
        { "a'b'\"c\"d", { "abcd" } },
        { "'' \"\" x", { "", "", "x" } },
        { "a\\ b \\'c \"\\\"d\\\\\" '\\n'", { "a b", "'c", "\"d\\", "\\n" } },
        { "\"a\\nb\"", { "a\\nb" } },
        { "--x={k|a} '{k b}'", { "--x={k|a}", "{k b}" } },
        { "", { NULL } },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct words words = { NULL, 0, 0 };
        size_t n = 0;
        CU_ASSERT_EQUAL(words_split(&words, known[i].text, NULL), HONE_OK);
        while (n < 6 && known[i].words[n])
            n++;
        CU_ASSERT_EQUAL(words.n, n);
        for (size_t k = 0; k < n && k < words.n; k++)
            CU_ASSERT_STRING_EQUAL(words.word[k], known[i].words[k]);
        words_release(&words);
    }
    hone_error err = HONE_ERROR_INIT;
    struct words words = { NULL, 0, 0 };
    CU_ASSERT_EQUAL(words_split(&words, "a 'b", &err), HONE_EINVAL);
    CU_ASSERT_STRING_EQUAL(err.msg, "run has a single quote that is not closed");
    words_release(&words);
}

static const char *find(void *ctx, const char *key, const char *fallback, hone_error *err)
{
    (void)ctx;
    (void)err;
    return !strcmp(key, "rate") ? "0.1" : !strcmp(key, "odd.key") ? "it's; rm" : fallback;
}

static void test_placeholders(void)
{
    static const struct {
        const char *word, *plain, *shell;
    } known[] = {
        { "--rate={rate}", "--rate=0.1", "--rate=0.1" },
        { "{odd.key}", "it's; rm", "'it'\\''s; rm'" },
        { "{{\"a\": {rate}}}", "{\"a\": 0.1}", "{\"a\": 0.1}" },
        { "{gone|none}{gone|}", "none", "none''" },
        { "x", "x", "x" },
        { "{{rate}}", "{rate}", "{rate}" },
    };
    static const char *const bad[] = { "{", "a}", "{}", "{a b}", "{rate", "{a{rate}}", "{|x}", "{gone}" };
    struct text out = { NULL, 0, 0 };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        out.n = 0;
        CU_ASSERT_EQUAL(template_expand(&out, known[i].word, 0, find, NULL, NULL), HONE_OK);
        CU_ASSERT_STRING_EQUAL(out.bytes, known[i].plain);
        out.n = 0;
        CU_ASSERT_EQUAL(template_expand(&out, known[i].word, 1, find, NULL, NULL), HONE_OK);
        CU_ASSERT_STRING_EQUAL(out.bytes, known[i].shell);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        out.n = 0;
        CU_ASSERT_EQUAL(template_expand(&out, bad[i], 0, find, NULL, NULL), HONE_EINVAL);
    }
    text_release(&out);
}

static void test_report_lines(void)
{
    static const char *const bad[] = { "hone:",
                                       "hone: ",
                                       "hone: step=3",
                                       "hone: accuracy",
                                       "hone: accuracy=",
                                       "hone: accuracy=0,9",
                                       "hone: =3",
                                       "hone: step=0 a=1",
                                       "hone: step=-2 a=1",
                                       "hone: step=1.5 a=1",
                                       "hone: step=x a=1",
                                       "hone: a=1 a=2",
                                       "hone: step=1 step=2 a=1",
                                       "hone: a = 1",
                                       "hone: 9a=1",
                                       "hone: a=1x",
                                       "hone: step=99999999999999999999 a=1",
                                       "hone: \xc3\xa4=1" };
    struct report_line r;
    char line[200];
    snprintf(line, sizeof line, "hone: \tstep=12 validation.accuracy=0.5  loss=1e-3 top/5=nan up=+inf down=-inf\r");
    CU_ASSERT_PTR_NULL(report_line_read(&r, line));
    CU_ASSERT(r.step == 12 && r.n == 5);
    CU_ASSERT_STRING_EQUAL(r.values[0].name, "validation.accuracy");
    CU_ASSERT(r.values[0].value == 0.5 && r.values[1].value == 1e-3 && isnan(r.values[2].value) &&
              r.values[3].value > 1e308 && r.values[4].value < -1e308);
    snprintf(line, sizeof line, "hone:a=-1");
    CU_ASSERT_PTR_NULL(report_line_read(&r, line));
    CU_ASSERT(r.step == 0 && r.n == 1 && r.values[0].value == -1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(line, sizeof line, "%s", bad[i]);
        CU_ASSERT_PTR_NOT_NULL(report_line_read(&r, line));
    }
    CU_ASSERT(is_report_line("hone: a=1") && !is_report_line(" hone: a=1") && !is_report_line("honest: a=1"));
}

static void test_settings_reach_the_program(void)
{
    prepare();
    fake_trial_set(&trial, "optimizer.learning_rate", "0.025");
    fake_trial_set(&trial, "name", "a b");
    trial.trial.attempt = 2;
    setenv("HONE_PARAM_STALE", "1", 1);
    CU_ASSERT_EQUAL(go("sh -c 'echo hone: args=$# rate=$1 env=$HONE_PARAM_OPTIMIZER_LEARNING_RATE trial=$HONE_TRIAL "
                       "seed=$HONE_SEED; "
                       "test \"$2\" = \"<a b>\" && test \"$HONE_PARAM_NAME\" = \"a b\" && test \"$3\" = 4-2 && test "
                       "-z \"$HONE_PARAM_STALE\" && "
                       "test \"$HONE_DIRECTORY\" = \"$4\" && test $HONE_STUDY_SEED = 7 && test $HONE_ATTEMPT = 2' sh "
                       "{optimizer.learning_rate} \"<{name}>\" {trial}-{attempt} {directory} {momentum|none}",
                       ""),
                    HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "args"), 5);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "rate"), 0.025);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "env"), 0.025);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "trial"), 4);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "seed"), 1004);
    unsetenv("HONE_PARAM_STALE");
    prepare(); /* a shell sees values in quotes where they need them */
    fake_trial_set(&trial, "name", "a'b;  $HOME `x`");
    CU_ASSERT_EQUAL(go("test {name} = \"$HONE_PARAM_NAME\" && x=3 | cat && echo hone: v=$((2 + 3)) | cat", "shell=yes"),
                    HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "v"), 5);
    prepare();
    CU_ASSERT_EQUAL(go("sh -c 'test \"$(pwd -P)\" = / && ! read line && echo hone: v=1'", "directory=/"),
                    HONE_OK); /* stdin is empty */
}

static void test_reports_and_results(void)
{
    prepare();
    CU_ASSERT_EQUAL(
        go("printf 'hello\\nhone: step=1 loss=0.5\\nhone: step=3 loss=0.25 acc=nan\\r\\nhone: best=7\\nhone: last=8'",
           ""),
        HONE_OK);
    CU_ASSERT_EQUAL(trial.n_reports, 2);
    CU_ASSERT_EQUAL(trial.n_results, 2);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 1, "loss"), 0.5);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 3, "loss"), 0.25);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "best"), 7);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "last"), 8); /* no newline at the end */
    CU_ASSERT_STRING_EQUAL(trial.attached_path, in_folder("output.log"));
    CU_ASSERT_STRING_EQUAL(slurp(trial.attached_path), "hello\n");
    prepare(); /* from stderr too; no other output: no file */
    CU_ASSERT_EQUAL(go("sh -c 'echo hone: a=1 >&2'", "metrics=a"), HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "a"), 1);
    CU_ASSERT_STRING_EQUAL(trial.attached_path, "");
    prepare(); /* the final run has no validation to report, and knows it */
    trial.trial.flags = HONE_TRIAL_FINAL;
    CU_ASSERT_EQUAL(go("sh -c 'echo hone: test.a=$HONE_FINAL'", "metrics=a"), HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "test.a"), 1);
    CU_ASSERT_NOT_EQUAL(go("sh -c :", "metrics=a"), HONE_OK);
}

static void test_output_that_is_kept_is_bounded(void)
{
    prepare();
    CU_ASSERT_EQUAL(
        go("sh -c 'head -c 3000000 /dev/zero | tr \"\\0\" x; echo; echo second; echo hone: v=1'", "log=10k"), HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "v"), 1);
    const char *text = slurp(trial.attached_path);
    CU_ASSERT_EQUAL(strspn(text, "x"), 10240);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "the rest is not kept"));
    CU_ASSERT(strlen(text) < 10400);
    prepare();
    CU_ASSERT_EQUAL(go("sh -c 'echo text; echo hone: v=1'", "log=0"), HONE_OK);
    CU_ASSERT_STRING_EQUAL(trial.attached_path, "");
    prepare(); /* one long line comes through whole */
    CU_ASSERT_EQUAL(go("sh -c 'head -c 9000 /dev/zero | tr \"\\0\" y; echo; echo hone: v=1'", ""), HONE_OK);
    CU_ASSERT_EQUAL(strspn(slurp(trial.attached_path), "y"), 9000);
    CU_ASSERT_EQUAL(strlen(slurp(trial.attached_path)), 9001);
}

static void test_failures_say_why(void)
{
    static const struct {
        const char *run, *more, *message;
    } known[] = {
        { "sh -c 'echo hone: a=1; echo first >&2; echo \"bad thing\" >&2; exit 3'", "",
          "the program ended with exit status 3: first | bad thing" },
        { "sh -c 'exit 1'", "", "the program ended with exit status 1" },
        { "sh -c 'printf \"\\351\\001 x\\n\\n\" >&2; kill -SEGV $$'", "",
          "the program was killed by signal 11 (Segmentation fault): ?? x" },
        { "/nonexistent/program x", "", "cannot run /nonexistent/program: No such file or directory" },
        { "hone-no-such-program", "", "cannot run hone-no-such-program: No such file or directory" },
        { "/etc/passwd", "", "cannot run /etc/passwd: Permission denied" },
        { "true", "directory=/nonexistent", "cannot enter the directory /nonexistent: No such file or directory" },
        { "true", "", "the program ended without a line 'hone: NAME=NUMBER' on its output" },
        { "echo hone: a=1", "metrics=a, b", "the program ended without reporting b" },
        { "echo hone: accuracy=high", "",
          "the program's line 'hone: accuracy=high' cannot be read: a value is not a number" },
        { "printf 'hone: step=2 a=1\\nhone: step=2 a=1\\n'", "",
          "the program's line 'hone: step=2 a=1' cannot be read: steps must grow" },
        { "echo {rate}", "",
          "{rate} in run is no active parameter of this trial (width, depth): write {rate|text} for what stands in "
          "its place" },
        { "  ", "", "run is empty: give it a program, as in run = python3 train.py --rate {rate}" },
        { "echo {", "", "run has a { without its partner at '{': write {{ for the brace itself" },
        { "echo \"a", "", "run has a double quote that is not closed" },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        prepare();
        fake_trial_set(&trial, "width", "3");
        fake_trial_set(&trial, "depth", "2");
        CU_ASSERT(go(known[i].run, known[i].more) < 0);
        CU_ASSERT_STRING_EQUAL(message, known[i].message);
    }
    prepare(); /* the last lines that fit, the rest attached */
    CU_ASSERT_EQUAL(
        go("sh -c 'i=0; while [ $i -lt 2000 ]; do echo \"line $i of the trace\"; i=$((i+1)); done >&2; exit 1'", ""),
        HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "line 1998 of the trace | line 1999 of the trace"));
    CU_ASSERT_STRING_EQUAL(trial.attached_name, "stderr");
    CU_ASSERT_PTR_NOT_NULL(strstr(trial.attached_text, "line 1950 of the trace\n"));
    CU_ASSERT(strlen(trial.attached_text) <= 4096);
    prepare();
    fake_trial_set(&trial, "a.b", "1");
    fake_trial_set(&trial, "a_b", "2");
    CU_ASSERT_EQUAL(go("true", ""), HONE_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "HONE_PARAM_A_B"));
}

/* The number that a program left in a file; waits for it. */
static pid_t noted_pid(const char *name)
{
    for (int i = 0; i < 500; i++) {
        const long pid = strtol(slurp(in_folder(name)), NULL, 10);
        if (pid > 0)
            return (pid_t)pid;
        pause_ms(10);
    }
    return -1;
}

/* 1 once a process is gone (or a zombie that is not ours to reap). */
static int is_gone(pid_t pid)
{
    char path[64];
    for (int i = 0; i < 500; i++) {
        snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
        const char *stat = slurp(path), *state = strrchr(stat, ')');
        if (!state || state[2] == 'Z')
            return 1;
        pause_ms(10);
    }
    return 0;
}

static void test_a_pruned_program_is_asked_then_made_to_end(void)
{
    prepare(); /* it may tidy up; what it says then is not a report */
    trial.prune_at = 2;
    unlink(in_folder("tidy"));
    CU_ASSERT_EQUAL(go("sh -c 'trap \"echo hone: step=9 a=1; echo done >$HONE_DIRECTORY/tidy; exit 5\" TERM; echo "
                       "hone: step=1 a=3; echo hone: step=2 a=2; "
                       "while :; do sleep 0.05; done'",
                       "grace=60"),
                    HONE_DONE);
    CU_ASSERT_EQUAL(trial.n_reports, 2);
    CU_ASSERT_STRING_EQUAL(slurp(in_folder("tidy")), "done\n");
    prepare(); /* one that does not listen is killed, with its children */
    trial.prune_at = 1;
    unlink(in_folder("pid"));
    CU_ASSERT_EQUAL(go("sh -c 'trap \"\" TERM; sleep 1000 & echo $! >$HONE_DIRECTORY/pid; echo hone: step=1 a=3; "
                       "wait; while :; do :; done'",
                       "grace=200ms"),
                    HONE_DONE);
    CU_ASSERT(is_gone(noted_pid("pid")));
    prepare(); /* an error of report is passed on */
    trial.prune_at = 1;
    trial.answer = HONE_EIO;
    CU_ASSERT_EQUAL(go("sh -c 'echo hone: step=1 a=3; sleep 1000'", ""), HONE_EIO);
    prepare(); /* the step at which the trial is to pause */
    trial.trial.until = 2;
    CU_ASSERT_EQUAL(go("sh -c 'test $HONE_UNTIL = 2 && echo hone: step=1 a=3; echo hone: step=2 a=2; sleep 1000'", ""),
                    HONE_OK);
    CU_ASSERT_EQUAL(trial.n_reports, 2);
}

static void test_a_cancelled_study_ends_the_program(void)
{
    fake_plugin p;
    prepare();
    unlink(in_folder("pid"));
    CU_ASSERT_EQUAL(
        fake_plugin_init(&p, fake_component(HONE_KIND_OBJECTIVE, "command"), 1,
                         "run=sh -c 'echo $$ >$HONE_DIRECTORY/pid; while :; do echo text; sleep 0.01; done'"),
        HONE_OK);
    p.host.cancel_at = 10;
    CU_ASSERT_EQUAL(iface()->run(p.self, &trial.trial, &p.err), HONE_ECANCELED);
    fake_plugin_release(&p);
    CU_ASSERT(is_gone(noted_pid("pid")));
}

static unsigned count_files(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void test_nothing_is_left_behind(void)
{
    const unsigned before = count_files();
    const int leak = open("/dev/null", O_RDONLY); /* a library of the worker forgot O_CLOEXEC */
    prepare();
    unlink(in_folder("pid"));
    CU_ASSERT_EQUAL(
        go("sh -c 'sleep 1000 & echo $! >$HONE_DIRECTORY/pid; echo hone: files=$(ls /proc/self/fd | wc -l)'", ""),
        HONE_OK);
    CU_ASSERT_EQUAL(fake_trial_value(&trial, 0, "files"), 5); /* 0, 1, 2, the lifeline, and the folder that ls reads */
    CU_ASSERT(is_gone(noted_pid("pid")));                     /* it held the pipe, too: we did not wait for it */
    close(leak);
    prepare();
    go("exit-is-no-program", "");
    go("true", "directory=/nonexistent");
    go("sh -c 'exit 1'", "");
    CU_ASSERT_EQUAL(count_files(), before);
    errno = 0;
    CU_ASSERT(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* no zombie */
}

static void test_signals_are_as_a_program_expects_them(void)
{
    struct sigaction ignore, before;
    sigset_t block, mask;
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before);
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &mask);
    prepare();
    CU_ASSERT_EQUAL(go("sh -c 'kill -PIPE $$; echo hone: a=1'", ""), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "signal 13"));
    CU_ASSERT_EQUAL(go("sh -c 'kill -TERM $$; echo hone: a=1'", ""), HONE_EFAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, "signal 15"));
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGPIPE, &before, NULL);
}

static void test_the_program_dies_with_its_worker(void)
{
    pid_t worker, program, helper;
    prepare();
    unlink(in_folder("pid"));
    unlink(in_folder("helper"));
    worker = fork(); /* the suite has one thread */
    if (worker == 0) {
        go("sh -c 'trap \"\" TERM HUP PIPE; sleep 1000 & echo $! >$HONE_DIRECTORY/helper; echo $$ "
           ">$HONE_DIRECTORY/pid; wait'",
           "");
        _exit(0);
    }
    program = noted_pid("pid");
    helper = noted_pid("helper");
    CU_ASSERT(program > 0 && helper > 0);
    usleep(300000); /* the program may be faster than the system calls that tie its life to the worker's */
    kill(worker, SIGKILL);
    waitpid(worker, NULL, 0);
    CU_ASSERT(is_gone(program));
    CU_ASSERT(is_gone(helper));
}

static void test_describes_itself(void)
{
    fake_plugin p;
    hone_description d;
    memset(&d, 0, sizeof d);
    d.size = sizeof d;
    CU_ASSERT_EQUAL(fake_plugin_init(&p, fake_component(HONE_KIND_OBJECTIVE, "command"), 1,
                                     "run=train {a.b} {a.b} {c|1} {seed}\nsteps=12\nmetrics=loss, accuracy\nfinal=yes"),
                    HONE_OK);
    CU_ASSERT_EQUAL(iface()->describe(p.self, &d, &p.err), HONE_OK);
    CU_ASSERT(d.final == 1 && d.max_step == 12 && d.any_space == 1 && d.any_metric == 0 && d.n_metrics == 2 &&
              d.n_keys == 2);
    CU_ASSERT_STRING_EQUAL(d.keys[0], "a.b");
    CU_ASSERT_STRING_EQUAL(d.keys[1], "c");
    CU_ASSERT_STRING_EQUAL(d.metrics[1].name, "accuracy");
    fake_plugin_release(&p);
    CU_ASSERT_EQUAL(fake_plugin_init(&p, fake_component(HONE_KIND_OBJECTIVE, "command"), 1, "run=train"), HONE_OK);
    CU_ASSERT_EQUAL(iface()->describe(p.self, &d, &p.err), HONE_OK);
    CU_ASSERT(d.final == 0 && d.any_metric == 1 && d.n_metrics == 0 && d.n_keys == 0);
    fake_plugin_release(&p);
}

static void test_tidies_up(void)
{
    static const char *const files[] = { "output.log", "tidy", "pid", "helper" };
    prepare();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(in_folder(files[i]));
    CU_ASSERT_EQUAL(rmdir(folder), 0); /* nothing else was written */
}

SUITE(TEST(test_words_are_split_as_a_shell_splits_them), TEST(test_placeholders), TEST(test_report_lines),
      TEST(test_settings_reach_the_program), TEST(test_reports_and_results), TEST(test_output_that_is_kept_is_bounded),
      TEST(test_failures_say_why), TEST(test_a_pruned_program_is_asked_then_made_to_end),
      TEST(test_a_cancelled_study_ends_the_program), TEST(test_nothing_is_left_behind),
      TEST(test_signals_are_as_a_program_expects_them), TEST(test_the_program_dies_with_its_worker),
      TEST(test_describes_itself), TEST(test_tidies_up))
