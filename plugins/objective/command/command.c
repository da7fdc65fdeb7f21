/* SPDX-License-Identifier: MIT */
/* objective/command: evaluates a trial by running a program. What the program is told stands in its arguments and its
 * environment; what it says, in lines "hone: step=3 accuracy=0.91" of its output. */
#include "child.h"
#include "report_line.h"
#include "template.h"
#include "told.h"

#include "hone/objective.h"
#include "hone/param.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct settings {
    const char *run, *directory;
    uint8_t shell, final, checkpoints;
    hone_strings metrics;
    int64_t steps, log;
    double grace;
};

static const hone_param params[] = {
    HONE_STR(struct settings, run, NULL, 0,
             "The program and its arguments: python3 train.py --rate {optimizer.learning_rate}. {key} is the trial's "
             "value of a key of [space], "
             "{key|text} stands for text where the key is inactive; {trial}, {attempt}, {seed}, {study_seed}, "
             "{directory} are the trial's own; "
             "{{ and }} are braces. Quotes and backslashes work as in a shell; nothing else does."),
    HONE_BOOL(struct settings, shell, "no", 0,
              "Whether /bin/sh runs the line, with pipes and variables; values are then quoted where they need it."),
    HONE_PATH(struct settings, directory, "", 0, "Folder in which the program runs; empty: where hone was started."),
    HONE_STRS(struct settings, metrics, "", 0,
              "Metrics that the program must report in every trial; empty: whatever it reports, at least one."),
    HONE_INT(struct settings, steps, "0", 0, 1e15, 0, "steps",
             "Steps that a whole run reports, for schedulers that need it; 0: unknown."),
    HONE_BOOL(struct settings, final, "no", 0,
              "Whether the program runs once more at the end of the study, with the winner's values and HONE_FINAL=1."),
    HONE_BOOL(struct settings, checkpoints, "no", 0,
              "Whether the program writes files that it can go on from: see below."),
    HONE_REAL(struct settings, grace, "5", 0, 86400, 0, "seconds",
              "Time between SIGTERM and SIGKILL when a trial is stopped."),
    HONE_INT(struct settings, log, "1M", 0, 1e12, 0, "bytes",
             "How much of the program's other output is kept with the trial, as output.log; 0: none."),
};

struct command {
    const hone_host *host;
    const struct settings *settings;
    struct words words;  /* of `run`, placeholders in place; with a shell the whole line */
    struct words keys;   /* of [space] that placeholders name */
    hone_value *metrics; /* (settings->metrics.n) */
};

/* ---- before any trial ---- */

/* Collects the keys that placeholders name, each once. */
static const char *note_key(void *ctx, const char *key, const char *fallback, hone_error *err)
{
    struct command *c = (struct command *)ctx;
    (void)fallback;
    if (told_is_own_key(key))
        return "";
    for (size_t i = 0; i < c->keys.n; i++)
        if (!strcmp(c->keys.word[i], key))
            return "";
    return words_add(&c->keys, key, strlen(key), err) < 0 ? NULL : "";
}

static void destroy(void *self)
{
    struct command *c = (struct command *)self;
    if (!c)
        return;
    words_release(&c->words);
    words_release(&c->keys);
    free(c->metrics);
    free(c);
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct command *c = (struct command *)calloc(1, sizeof *c);
    struct text text = { NULL, 0, 0 };
    hone_rc rc;
    if (!c)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the command");
    c->host = host;
    c->settings = (const struct settings *)info->config;
    c->metrics = (hone_value *)calloc(c->settings->metrics.n + 1, sizeof *c->metrics);
    if (!c->metrics) {
        rc = hone_fail(err, HONE_ENOMEM, "metrics", "out of memory for the metrics");
        goto out;
    }
    for (uint64_t i = 0; i < c->settings->metrics.n; i++)
        c->metrics[i].name = c->settings->metrics.values[i];
    rc = c->settings->shell ? words_add(&c->words, c->settings->run, strlen(c->settings->run), err)
                            : words_split(&c->words, c->settings->run, err);
    if (rc < 0)
        goto out;
    if (!c->words.n || !c->words.word[0][strspn(c->words.word[0], " \t")]) {
        rc = hone_fail(err, HONE_EINVAL, "run",
                       "run is empty: give it a program, as in run = python3 train.py --rate {rate}");
        goto out;
    }
    for (size_t i = 0; i < c->words.n && rc == HONE_OK; i++)
        rc = template_expand(&text, c->words.word[i], 0, note_key, c, err);
out:
    text_release(&text);
    if (rc == HONE_OK)
        *self = c;
    else
        destroy(c);
    return rc;
}

static hone_rc describe(void *self, hone_description *description, hone_error *err)
{
    const struct command *c = (const struct command *)self;
    (void)err;
    description->max_step = c->settings->steps;
    description->stop_key = NULL;
    description->final = c->settings->final;
    description->any_space = 1;
    description->any_metric = c->settings->metrics.n == 0;
    description->n_metrics = (uint32_t)c->settings->metrics.n;
    description->metrics = c->metrics;
    description->n_keys = (uint32_t)c->keys.n;
    description->keys = (const char *const *)c->keys.word;
    return HONE_OK;
}

/* ---- what the program says ---- */

struct session {
    const struct command *command;
    const hone_trial *trial;
    hone_error *err;
    struct child child;
    hone_rc verdict;   /* of the trial once `over`; *err says why where it is a failure */
    uint32_t over;     /* nothing more is heard: the program is being stopped */
    uint32_t n_values; /* lines of values heard */
    int64_t last_step;
    uint8_t *heard; /* (metrics.n) */
    int log;        /* -1: not open */
    int64_t logged;
    const char *log_path;
    const char *checkpoints; /* folder that the program was told, or NULL: it could not be made */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void finish_session(struct session *s, hone_rc verdict)
{
    if (!s->over)
        s->verdict = verdict;
    s->over = 1;
}

static void write_log(struct session *s, const char *bytes, size_t n)
{
    while (n && s->log >= 0) {
        const ssize_t done = write(s->log, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            char message[256];
            snprintf(message, sizeof message, "cannot write %.150s: %s; the rest of the output is not kept",
                     s->log_path, strerror(errno));
            s->command->host->log(s->command->host, HONE_LOG_WARN, message);
            close(s->log);
            s->log = -1;
            return;
        }
        bytes += done;
        n -= (size_t)done;
    }
}

/* Keeps output that is no report, up to the limit. The file is made for the first of it. */
static void keep(struct session *s, const char *line, size_t n, int last)
{
    static const char cut[] = "\n[hone: the rest is not kept; raise log = to keep more]\n";
    const int64_t limit = s->command->settings->log;
    if (s->logged >= limit)
        return;
    if (!s->log_path) {
        hone_error err = HONE_ERROR_INIT;
        s->log_path = s->trial->artifact_path(s->trial, "output.log", &err);
        s->log = s->log_path ? open(s->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
        if (s->log < 0) {
            char message[400];
            snprintf(message, sizeof message, "the program's output is not kept: %s",
                     s->log_path ? strerror(errno) : err.msg);
            s->command->host->log(s->command->host, HONE_LOG_WARN, message);
            s->log_path = NULL;
            s->logged = limit;
            return;
        }
    }
    if ((int64_t)n + 1 > limit - s->logged) {
        write_log(s, line, (size_t)(limit - s->logged));
        write_log(s, cut, sizeof cut - 1);
        s->logged = limit;
        return;
    }
    write_log(s, line, n);
    if (last)
        write_log(s, "\n", 1);
    s->logged += (int64_t)n + last;
}

/* ---- its checkpoints ---- */

/* A folder for them, until the trial ends. Without one the program is told none. */
static void make_checkpoints(struct session *s)
{
    hone_error err = HONE_ERROR_INIT;
    const char *path = s->command->settings->checkpoints && s->trial->size > offsetof(hone_trial, checkpoint) &&
                               s->trial->checkpoint
                           ? s->trial->artifact_path(s->trial, "checkpoints", &err)
                           : NULL;
    if (path && (mkdir(path, 0777) == 0 || errno == EEXIST))
        s->checkpoints = path;
}

static void remove_checkpoints(const struct session *s)
{
    DIR *folder = s->checkpoints ? opendir(s->checkpoints) : NULL;
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    if (s->checkpoints)
        rmdir(s->checkpoints);
}

/* Keeps the file where the study wants one, and removes it otherwise: nobody counts what a program has left behind. */
static hone_rc take_checkpoint(struct session *s, const struct report_line *report, int wanted)
{
    struct text path = { NULL, 0, 0 };
    const int absolute = report->checkpoint[0] == '/';
    hone_rc rc = HONE_OK;
    const char *place;
    if (!absolute && !s->checkpoints)
        return hone_fail(s->err, HONE_EIO, "", "there is no folder for checkpoints, so that '%.80s' cannot be kept",
                         report->checkpoint);
    if (!absolute && ((rc = text_add(&path, s->checkpoints, strlen(s->checkpoints), s->err)) < 0 ||
                      (rc = text_add(&path, "/", 1, s->err)) < 0))
        goto out;
    if ((rc = text_add(&path, report->checkpoint, strlen(report->checkpoint), s->err)) < 0)
        goto out;
    if (!wanted) {
        unlink(path.bytes);
        goto out;
    }
    if (!(place = s->trial->checkpoint_path(s->trial, report->step, s->err))) {
        rc = s->err && s->err->code < 0 ? s->err->code : HONE_EIO;
        goto out;
    }
    if (rename(path.bytes, place) != 0)
        rc = hone_fail(s->err, errno == ENOSPC || errno == EDQUOT ? HONE_EIO : HONE_EFAIL, "",
                       "the program's checkpoint %.120s cannot be taken: %s; it must lie in the folder "
                       "HONE_CHECKPOINTS",
                       path.bytes, strerror(errno));
    else
        rc = s->trial->checkpoint(s->trial, report->step, s->err);
out:
    text_release(&path);
    return rc < 0 ? rc : HONE_OK;
}

/* A checkpoint that could not be kept: the trial goes on without it. */
static void pass_over(struct session *s)
{
    char message[400];
    snprintf(message, sizeof message, "%.250s; the trial goes on without it", s->err ? s->err->msg : "");
    s->command->host->log(s->command->host, HONE_LOG_WARN, message);
    if (s->err)
        *s->err = (hone_error)HONE_ERROR_INIT;
}

static void take_report(struct session *s, char *line)
{
    const struct settings *settings = s->command->settings;
    struct report_line report;
    char quoted[120];
    const char *fault;
    hone_rc rc;
    printable(quoted, sizeof quoted, line, strlen(line));
    fault = report_line_read(&report, line);
    if (!fault && report.step && report.step <= s->last_step)
        fault = "steps must grow";
    if (fault) {
        finish_session(s,
                       hone_fail(s->err, HONE_EINVAL, "", "the program's line '%s' cannot be read: %s", quoted, fault));
        return;
    }
    for (uint64_t m = 0; m < settings->metrics.n; m++)
        for (uint32_t i = 0; i < report.n; i++)
            if (!strcmp(settings->metrics.values[m], report.values[i].name))
                s->heard[m] = 1;
    s->n_values++;
    if (!report.step) {
        if ((rc = s->trial->result(s->trial, report.values, report.n, s->err)) != HONE_OK)
            finish_session(s, rc);
        return;
    }
    s->last_step = report.step;
    rc = s->trial->report(s->trial, report.step, report.values, report.n, s->err);
    if (report.checkpoint && (rc == HONE_OK || rc == HONE_WAIT)) {
        const hone_rc kept = take_checkpoint(
            s, &report, rc == HONE_WAIT || (s->trial->wants_checkpoint && s->trial->wants_checkpoint(s->trial)));
        if (kept == HONE_EIO)
            pass_over(s); /* a full disk is no reason to give up what can do without */
        else
            rc = kept < 0 ? kept : rc;
    }
    if (rc != HONE_OK)
        finish_session(s, rc);
    else if (s->trial->until && report.step >= s->trial->until)
        finish_session(s, HONE_OK);
}

static void on_line(void *ctx, unsigned stream, char *line, size_t n, int first, int last)
{
    struct session *s = (struct session *)ctx;
    (void)stream;
    if (!first || !is_report_line(line)) {
        keep(s, line, n, last);
    } else if (!s->over) {
        if (last && strlen(line) == n)
            take_report(s, line);
        else
            finish_session(s, hone_fail(s->err, HONE_EINVAL, "", "the program's line '%.40s...' cannot be read: %s",
                                        line, last ? "it has a NUL byte" : "it is longer than 4095 bytes"));
    }
}

/* What the end of a program that nobody stopped means. */
static hone_rc judge(struct session *s, int status)
{
    const struct settings *settings = s->command->settings;
    char tail[180];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        if (!s->n_values)
            return hone_fail(s->err, HONE_EFAIL, "",
                             "the program ended without a line 'hone: NAME=NUMBER' on its output");
        for (uint64_t m = 0; m < settings->metrics.n; m++)
            if (!s->heard[m] && !(s->trial->flags & HONE_TRIAL_FINAL)) /* which has no validation */
                return hone_fail(s->err, HONE_EFAIL, "metrics", "the program ended without reporting %.100s",
                                 settings->metrics.values[m]);
        return HONE_OK;
    }
    child_tail(&s->child, tail, sizeof tail);
    if (s->child.n_tail) {
        hone_error ignored = HONE_ERROR_INIT; /* the failure itself is what counts */
        struct text text = { NULL, 0, 0 };
        for (size_t i = 0; i < s->child.n_tail; i++) /* a text holds no NUL */
            if (!s->child.tail[i])
                s->child.tail[i] = '?';
        if (text_add(&text, s->child.tail, s->child.n_tail, &ignored) == HONE_OK)
            s->trial->attach(s->trial, "stderr", "text/plain", text.bytes, &ignored);
        text_release(&text);
    }
    if (WIFSIGNALED(status))
        return hone_fail(s->err, HONE_EFAIL, "", "the program was killed by signal %d (%s)%s%s", WTERMSIG(status),
                         strsignal(WTERMSIG(status)), *tail ? ": " : "", tail);
    return hone_fail(s->err, HONE_EFAIL, "", "the program ended with exit status %d%s%s", WEXITSTATUS(status),
                     *tail ? ": " : "", tail);
}

/* Listens until the program has ended; asks it to end, and then makes it, once the trial is over. */
static void follow(struct session *s)
{
    const hone_host *host = s->command->host;
    double killed_at = HUGE_VAL;
    uint32_t asked = 0;
    for (;;) {
        if (!s->over && host->cancelled(host))
            finish_session(s, hone_fail(s->err, HONE_ECANCELED, "", "cancelled"));
        if (s->over && !asked) {
            child_signal(&s->child, SIGTERM);
            child_signal(&s->child, SIGCONT); /* one that was stopped could not hear it */
            killed_at = now() + s->command->settings->grace;
            asked = 1;
        }
        const double left = killed_at - now();
        if (asked && left <= 0)
            return; /* child_end kills */
        if (child_wait(&s->child, left < 0.05 ? left : 0.05, on_line, s))
            return;
    }
}

static hone_rc run(void *self, const hone_trial *trial, hone_error *err)
{
    const struct command *c = (const struct command *)self;
    struct words argv = { NULL, 0, 0 }, environment = { NULL, 0, 0 };
    struct session *s = (struct session *)calloc(1, sizeof *s);
    hone_rc rc;
    int status;
    if (!s || !(s->heard = (uint8_t *)calloc(c->settings->metrics.n + 1, 1))) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the program's output");
        goto out;
    }
    s->command = c;
    s->trial = trial;
    s->err = err;
    s->log = -1;
    make_checkpoints(s);
    if ((rc = told_arguments(&c->words, c->settings->shell, trial, &argv, err)) < 0 ||
        (rc = told_environment(trial, s->checkpoints, &environment, err)) < 0 ||
        (rc = child_start(&s->child, argv.word, environment.word, c->settings->directory, err)) < 0)
        goto out;
    follow(s);
    status = child_end(&s->child, on_line, s);
    if (s->log >= 0)
        close(s->log);
    rc = s->over ? s->verdict : judge(s, status);
    if (s->log_path) {
        hone_error local = HONE_ERROR_INIT;
        const hone_rc kept = trial->attach_file(trial, "output", "text/plain", s->log_path, &local);
        if (kept < 0 && rc >= 0) {
            rc = kept;
            if (err)
                *err = local;
        }
    }
out:
    words_release(&argv);
    words_release(&environment);
    if (s) {
        remove_checkpoints(s);
        free(s->heard);
    }
    free(s);
    return rc;
}

static const char doc[] =
    "Runs a program for every trial, in any language, and reads its metrics from its output.\n\n"
    "    [objective]\n"
    "    use = command\n"
    "    run = python3 train.py --rate {optimizer.learning_rate} --layers {layers}\n\n"
    "    [space]\n"
    "    optimizer.learning_rate = real 1e-4 .. 0.1 log\n"
    "    layers = int 1 .. 4\n\n"
    "## What the program is told\n"
    "`run` is split into words as a shell would; no shell runs unless `shell = yes`. `{key}` is replaced inside "
    "words and never "
    "split again. A parameter that is inactive in a trial needs `{key|text}`. The environment has the same and more: "
    "HONE_PARAM_OPTIMIZER_LEARNING_RATE "
    "and so on for every active parameter, HONE_TRIAL, HONE_ATTEMPT, HONE_SEED (of the trial), HONE_STUDY_SEED (for "
    "splits of the data), HONE_DIRECTORY "
    "(for files of the study; the program makes it if it is missing), HONE_UNTIL (step at which the trial is to "
    "pause; 0: never), HONE_FINAL "
    "(1: the last run of the winner, where `final = yes`, or of `hone train`: train on all but the test data, and "
    "test). Standard input is empty.\n\n"
    "With `shell = yes` a value is put in single quotes where it has anything but letters, digits and `_./:=,+@%-`: "
    "do not put quotes around "
    "placeholders.\n\n"
    "## What the program says\n"
    "A line of its output or its error output that begins with `hone:` is read, so flush it at once (python3 -u):\n\n"
    "    hone: step=3 accuracy=0.91 loss=0.2\n"
    "    hone: test.accuracy=0.9\n\n"
    "With `step`, a report at that step (1, 2, ..., growing); without, the final result. Names that no result gave "
    "are taken from the last report. "
    "`nan` and `inf` are values. A line that cannot be read fails the trial. Other lines go to output.log, kept with "
    "the trial.\n\n"
    "## Checkpoints\n"
    "With `checkpoints = yes` a program that can go on from a file lets schedulers pause its trials (asha, hyperband, "
    "pbt) and a study go on after a "
    "crash. It writes its state into the folder HONE_CHECKPOINTS, under another name at every step, and says so with "
    "the "
    "report of that step:\n\n"
    "    hone: step=3 accuracy=0.91 checkpoint=state3.pt\n\n"
    "The file is kept if it is wanted and removed otherwise. A trial that goes on finds its file in HONE_RESTORE, and "
    "in "
    "HONE_RESTORE_STEP the step whose state it is; its next report is of the step after. Programs that write none are "
    "run "
    "from their beginning, and what they repeat is passed over.\n\n"
    "## How a trial ends\n"
    "Exit status 0: complete. Another status, or a signal: failed; the message has the last lines of the error "
    "output, and more of them are kept "
    "as `stderr`. A trial that the scheduler stops, or a study that ends, sends SIGTERM to the program's process "
    "group and SIGKILL after `grace` "
    "seconds. When the program has ended, what it left in its group is killed.\n\n"
    "If hone's worker is killed outright, the kernel kills the program's process group too: descriptor 3 of the "
    "program is the end of a pipe whose "
    "other end the worker holds (fcntl F_SETSIG). This holds as long as the program keeps that descriptor open; "
    "programs that closed it or left "
    "the group get SIGPIPE when they next write.\n";

static const hone_objective_v1 objective = { sizeof objective, HONE_OBJECTIVE_ANY_SPACE, 0, 0, NULL, describe, run };
static const hone_component command = {
    sizeof command,
    0,
    HONE_KIND_OBJECTIVE,
    "command",
    "Runs a program and reads its metrics from its output",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &objective,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.objective.command", "0.1.0", "MIT", "the hone authors", "", &command)
