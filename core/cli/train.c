/* SPDX-License-Identifier: MIT */
/* `hone train`: one training with the values that the INI gives, on all but the test data; then the test and a model file. */
#include "cli/session.h"
#include "cli/summary.h"
#include "hone/param.h"
#include "hone/rng.h"
#include "hone/settings.h"

#include <math.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_SET,
    { "directory", 'd', "DIR", "where the model file goes (study.directory)", 0 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

static void print_epoch(const struct crew_event *event, int64_t max_step)
{
    struct text line = TEXT_INIT;
    text_addf(&line, "step %lld", (long long)event->step);
    if (max_step)
        text_addf(&line, " of %lld", (long long)max_step);
    for (uint32_t i = 0; i < event->n_values; i++)
        text_addf(&line, "  %s %.4g", event->values[i].name, event->values[i].value);
    fprintf(stderr, "%s\n", text_string(&line));
    text_release(&line);
}

static void print_outcome(const struct crew_event *event)
{
    unsigned tests = 0;
    for (uint32_t i = 0; i < event->n_values; i++)
        tests += !strncmp(event->values[i].name, "test.", 5);
    if (tests) {
        printf("test\n");
        summary_metrics(event->values, event->n_values, "test.");
    } else {
        printf("result\n");
        summary_metrics(event->values, event->n_values, "");
    }
}

/* What a key is to blame for is told with its line. */
static int failed(const struct session *s, const struct crew_event *event)
{
    const char *message = event->message ? event->message : "the training failed and gave no reason";
    hone_error err = HONE_ERROR_INIT;
    if (!event->died && event->param && strchr(event->param, '.')) {
        hone_fail(&err, event->rc, event->param, "%s", message);
        return session_fail(s, &err);
    }
    return cli_fail(EXIT_FAILED, "%s%s%s", event->component ? event->component : "",
                    event->component && *event->component ? ": " : "", message);
}

/* One event; -1: not over yet, else the exit code. */
static int hear(struct session *s, const struct crew_event *event, int64_t *max_step)
{
    struct crew *crew = pool_crew(s->pool);
    hone_error err = HONE_ERROR_INIT;
    switch (event->what) {
    case CREW_READY:
        if (event->rc == HONE_OK) {
            *max_step = event->description->max_step;
            return -1;
        }
        study_not_ready(event, &err);
        return session_fail(s, &err);
    case CREW_REPORT:
        if (!cli_has(s->cli, "quiet"))
            print_epoch(event, *max_step);
        return crew->verdict(crew, event->worker, HONE_CONTINUE, &err) == HONE_OK ? -1 : session_fail(s, &err);
    case CREW_CHECKPOINT: return -1;
    case CREW_ATTACHMENT:
        summary_attachment(event->attachment.name, event->attachment.media_type, event->attachment.text,
                           event->attachment.path);
        return -1;
    case CREW_LOG:
        if (event->level >= HONE_LOG_INFO)
            fprintf(stderr, "hone: %s\n", event->message ? event->message : "");
        return -1;
    case CREW_OUTCOME:
    default: break;
    }
    if (event->status == CREW_CANCELLED || session_signals)
        return 128 + (session_signal ? session_signal : SIGTERM);
    if (event->status != HONE_COMPLETE)
        return failed(s, event);
    print_outcome(event);
    return EXIT_OK;
}

static int train_with(struct session *s, const hone_setting *settings, uint32_t n_settings)
{
    const struct study_settings *study = &s->composition.study;
    struct crew *crew;
    hone_error err = HONE_ERROR_INIT;
    int64_t max_step = 0;
    int cancelled = 0, code = -1;
    const struct pool_options options_ = { 1,
                                           text_string(&s->config_text),
                                           study->directory,
                                           (uint64_t)study->split_seed,
                                           0,
                                           0,
                                           0,
                                           3.0,
                                           &s->catalog_options,
                                           NULL };
    const struct crew_trial trial = { .number = (uint64_t)study->trial,
                                      .flags = HONE_TRIAL_FINAL,
                                      .seed = hone_rng_derive((uint64_t)study->seed, 1000 + (uint64_t)study->trial),
                                      .settings = settings,
                                      .n_settings = n_settings };
    session_catch_signals();
    if (pool_create(&s->pool, &options_, &err) != HONE_OK)
        return session_fail(s, &err);
    crew = pool_crew(s->pool);
    hone_rc rc = crew->start(crew, 0, &trial, &err);
    while (rc >= 0 && code < 0) {
        struct crew_event event;
        if (session_signals && !cancelled) {
            cancelled = 1;
            crew->cancel(crew);
        }
        if (session_signals > 1)
            return 128 + session_signal;
        if ((rc = crew->wait(crew, 0.5, &event, &err)) == HONE_OK)
            code = hear(s, &event, &max_step);
    }
    return rc < 0 ? session_fail(s, &err) : code;
}

/* The trial's point is what [space] fixes: values that no section has a key for, a program's own or x1 of a function. */
static int train(struct session *s)
{
    const struct space_lines *fixed = &s->composition.space;
    hone_setting *settings = calloc(fixed->n_lines + 1, sizeof *settings);
    if (!settings)
        return cli_fail(EXIT_FAILED, "out of memory");
    for (size_t i = 0; i < fixed->n_lines; i++) {
        settings[i] = (hone_setting){ fixed->lines[i].key, fixed->lines[i].choices[0], 0 };
        if (!hone_parse_real(settings[i].text, NULL, &settings[i].number))
            settings[i].number = 0; /* the index of the one choice */
    }
    const int code = train_with(s, settings, (uint32_t)fixed->n_lines);
    free(settings);
    return code;
}

static int run(const struct cli *cli)
{
    struct session session;
    int code = session_read(&session, cli, COMPOSE_TRAIN);
    if (code == 0)
        code = train(&session);
    session_release(&session);
    return code;
}

const struct command command_train = { "train",
                                       "train once with the values in the INI files, test, write the model",
                                       "FILE... [options]",
                                       "[search] and [scheduler] play no part, and of [space] only what is fixed. "
                                       "Training uses all data but the test split;\n"
                                       "the test split is used once, at the end.\n",
                                       options,
                                       1,
                                       -1,
                                       run,
                                       0 };
