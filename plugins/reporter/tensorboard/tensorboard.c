/* SPDX-License-Identifier: MIT */
/* reporter/tensorboard: a folder of event files, one run a trial, and the HParams dashboard's table. */
#include "events.h"
#include "hone/printer.h"
#include "hone/reporter.h"
#include "hone/search.h"

#include <errno.h>
#include <sys/stat.h>

struct settings {
    int64_t best, last;
    uint8_t all;
};
static const hone_param params[] = {
    HONE_INT(struct settings, best, "200", 0, 1e9, 0, "trials",
             "Complete trials to write, the best ones by the first objective: TensorBoard is slow with many runs."),
    HONE_INT(struct settings, last, "50", 0, 1e9, 0, "trials", "Trials to write beside them, the last ones."),
    HONE_BOOL(struct settings, all, "no", 0, "Whether all trials are written."),
};

struct ranked {
    uint64_t number;
    double value; /* lower is better; NaN: is not ranked */
    int chosen;
};
struct board {
    const struct settings *settings;
    const hone_view *view;
    const hone_study_record *record;
    const hone_space *space;
    struct ranked *trials; /* (n) in the order of their numbers */
    size_t n, capacity;
    struct events events;
    double *x; /* (n_dims) */
    /* the trial at hand */
    double ended;
    char **seen; /* (n_seen) metrics that were reported */
    size_t n_seen, seen_capacity;
    hone_error *err;
};

/* HParamsPluginData */
enum { EXPERIMENT = 2, SESSION_START_INFO = 3, SESSION_END_INFO = 4 };

/* ---- which trials ---- */

static hone_rc on_list(void *ctx, const hone_trial_record *r)
{
    struct board *b = ctx;
    const int minimize = b->record->n_objectives && b->record->objectives[0].direction != HONE_MAXIMIZE;
    if (b->n == b->capacity) {
        const size_t capacity = 2 * b->capacity + 256;
        struct ranked *more = realloc(b->trials, capacity * sizeof *more);
        if (!more)
            return hone_fail(b->err, HONE_ENOMEM, NULL, "out of memory for the trials");
        b->trials = more;
        b->capacity = capacity;
    }
    const int ranked = r->state == HONE_STATE_COMPLETE && r->n_values && !isnan(r->values[0]);
    b->trials[b->n++] = (struct ranked){ r->number,
                                         !ranked    ? (double)NAN
                                         : minimize ? r->values[0]
                                                    : -r->values[0],
                                         b->settings->all };
    return HONE_OK;
}

static int by_value(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (isnan(x->value) || isnan(y->value))
        return isnan(x->value) - isnan(y->value);
    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->number < y->number ? -1 : x->number > y->number;
}

static int by_number(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

static void choose(struct board *b)
{
    const size_t last = (uint64_t)b->settings->last < b->n ? (size_t)b->settings->last : b->n;
    for (size_t i = b->n - last; i < b->n; i++)
        b->trials[i].chosen = 1;
    if (b->n)
        qsort(b->trials, b->n, sizeof *b->trials, by_value);
    for (size_t i = 0; i < b->n && i < (uint64_t)b->settings->best && !isnan(b->trials[i].value); i++)
        b->trials[i].chosen = 1;
    if (b->n)
        qsort(b->trials, b->n, sizeof *b->trials, by_number);
}

/* ---- names and values ---- */

/* "validation.accuracy" is "validation/accuracy" there: what stands before the slash groups the charts. */
static void tag_of(const char *metric, char *tag, size_t n)
{
    snprintf(tag, n, "%s", metric);
    char *dot = strchr(tag, '.');
    if (dot)
        *dot = '/';
}

static int has_seen(const struct board *b, const char *name)
{
    for (size_t i = 0; i < b->n_seen; i++)
        if (!strcmp(b->seen[i], name))
            return 1;
    return 0;
}

static void see(struct board *b, const char *name)
{
    if (has_seen(b, name))
        return;
    if (b->n_seen == b->seen_capacity) {
        char **more = realloc(b->seen, (2 * b->seen_capacity + 16) * sizeof *more);
        if (!more) {
            b->events.failed = 1;
            return;
        }
        b->seen = more;
        b->seen_capacity = 2 * b->seen_capacity + 16;
    }
    if (!(b->seen[b->n_seen] = strdup(name)))
        b->events.failed = 1;
    else
        b->n_seen++;
}

static void forget(struct board *b)
{
    while (b->n_seen)
        free(b->seen[--b->n_seen]);
}

/* google.protobuf.Value: number 2, string 3 */
static void put_value(struct events *e, unsigned field, const hone_dim *d, double x)
{
    const size_t mark = proto_open(e, field);
    if (d->choices && !d->numbers)
        proto_text(e, 3, d->choices[(uint32_t)x]);
    else
        proto_double(e, 2, d->numbers ? d->numbers[(uint32_t)x] : x);
    proto_close(e, mark);
}

/* ---- the root: what is compared ---- */

/* Experiment: time_created 3, hparam_infos 4 { name 1, type 4, domain_discrete 5, domain_interval 6 }, metric_infos 5 { name 1 },
 * name 6 */
static void put_experiment(struct board *b)
{
    struct events *e = &b->events;
    events_begin(e, b->record->created);
    const struct mark event = events_event(e, b->record->created, 0);
    const struct mark message = events_hparams(e, "_hparams_/experiment", EXPERIMENT);
    proto_double(e, 3, b->record->created);
    for (uint32_t i = 0; i < b->space->n_dims; i++) {
        const hone_dim *d = b->space->dims[i];
        const size_t info = proto_open(e, 4);
        proto_text(e, 1, d->key);
        proto_int(e, 4, d->choices && !d->numbers ? 1 /* STRING */ : 3 /* FLOAT64 */);
        if (d->choices) {
            const size_t list = proto_open(e, 5);
            for (uint32_t c = 0; c < d->n_choices; c++)
                put_value(e, 1, d, c);
            proto_close(e, list);
        } else if (isfinite(d->min) && isfinite(d->max)) {
            const size_t interval = proto_open(e, 6);
            proto_double(e, 1, d->min);
            proto_double(e, 2, d->max);
            proto_close(e, interval);
        }
        proto_close(e, info);
    }
    for (uint32_t i = 0; i < b->record->n_objectives; i++) {
        char tag[256];
        tag_of(b->record->objectives[i].name, tag, sizeof tag);
        const size_t info = proto_open(e, 5), name = proto_open(e, 1);
        proto_text(e, 2, tag); /* MetricName: group 1, tag 2 */
        proto_close(e, name);
        proto_close(e, info);
    }
    proto_text(e, 6, b->record->name);
    events_hparams_end(e, message);
    events_end(e, event);
}

/* ---- a trial ---- */

/* SessionStartInfo: hparams 1 { key 1, value 2 }, group_name 4, start_time_secs 5 */
static hone_rc on_start(void *ctx, const hone_trial_record *r)
{
    struct board *b = ctx;
    struct events *e = &b->events;
    char name[40];
    const int known = b->space->n_dims > 0;
    const hone_rc rc = known ? b->view->point(b->view, 0, r, b->x, b->err)
                       : r->n_parameters
                           ? hone_fail(b->err, HONE_ENOTSUP, NULL,
                                       "the space of study '%.80s' is not known here: it needs plugins that are not "
                                       "installed now",
                                       b->record->name)
                           : HONE_OK;
    if (rc != HONE_OK)
        return rc;
    b->ended = r->ended > 0 ? r->ended : r->started;
    events_begin(e, r->started);
    const struct mark event = events_event(e, r->started, 0);
    const struct mark message = events_hparams(e, "_hparams_/session_start_info", SESSION_START_INFO);
    for (uint32_t i = 0; i < b->space->n_dims; i++) {
        if (isnan(b->x[i])) /* inactive: another value would turn the column into text */
            continue;
        const size_t entry = proto_open(e, 1);
        proto_text(e, 1, b->space->dims[i]->key);
        put_value(e, 2, b->space->dims[i], b->x[i]);
        proto_close(e, entry);
    }
    snprintf(name, sizeof name, "trial-%05llu", (unsigned long long)r->number);
    proto_text(e, 4, name);
    proto_double(e, 5, r->started);
    events_hparams_end(e, message);
    events_end(e, event);
    return HONE_OK;
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct board *b = ctx;
    char tag[256];
    const struct mark event = events_event(&b->events, r->time, r->step);
    for (uint32_t i = 0; i < r->n_values; i++) {
        tag_of(r->values[i].name, tag, sizeof tag);
        events_scalar(&b->events, tag, r->values[i].value);
        see(b, r->values[i].name);
    }
    events_end(&b->events, event);
    return HONE_OK;
}

/* What it ended with and did not report on the way; then SessionEndInfo: status 1, end_time_secs 2. */
static hone_rc on_end(void *ctx, const hone_trial_record *r)
{
    struct board *b = ctx;
    struct events *e = &b->events;
    char tag[256];
    if (r->n_metrics) {
        const struct mark event = events_event(e, b->ended, r->step);
        for (uint32_t i = 0; i < r->n_metrics; i++) {
            if (has_seen(b, r->metrics[i].name))
                continue;
            tag_of(r->metrics[i].name, tag, sizeof tag);
            events_scalar(e, tag, r->metrics[i].value);
        }
        events_end(e, event);
    }
    if (r->state != HONE_STATE_COMPLETE && r->state != HONE_STATE_PRUNED && r->state != HONE_STATE_FAILED)
        return HONE_OK;
    const struct mark event = events_event(e, b->ended, 0);
    const struct mark message = events_hparams(e, "_hparams_/session_end_info", SESSION_END_INFO);
    proto_int(e, 1, r->state == HONE_STATE_FAILED ? 2 /* FAILURE */ : 1 /* SUCCESS */);
    proto_double(e, 2, b->ended);
    events_hparams_end(e, message);
    events_end(e, event);
    return HONE_OK;
}

static hone_rc make_folder(const char *path, hone_error *err)
{
    struct stat st;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return HONE_OK;
    return hone_fail(err, HONE_EIO, NULL, "cannot make the folder %.170s: %s", path, strerror(errno));
}

static hone_rc write_trial(struct board *b, uint64_t number, const char *name)
{
    const hone_storage_visitor start = { .ctx = b, .trial = on_start }, reports = { .ctx = b, .report = on_report },
                               end = { .ctx = b, .trial = on_end };
    const int64_t trial = (int64_t)number;
    char folder[4200];
    hone_rc rc;
    if (snprintf(folder, sizeof folder, "%s/trial-%05llu", b->view->path, (unsigned long long)number) >=
        (int)sizeof folder)
        return hone_fail(b->err, HONE_EINVAL, NULL, "the path %.100s... is too long", b->view->path);
    if ((rc = b->view->trials(b->view, 0, trial, &start, b->err)) == HONE_OK &&
        (rc = b->view->reports(b->view, 0, trial, &reports, b->err)) == HONE_OK &&
        (rc = b->view->trials(b->view, 0, trial, &end, b->err)) == HONE_OK &&
        (rc = make_folder(folder, b->err)) == HONE_OK)
        rc = events_write(&b->events, folder, name, b->err);
    forget(b);
    return rc;
}

static hone_rc write_board(struct board *b)
{
    const hone_storage_visitor list = { .ctx = b, .trial = on_list };
    char name[64];
    hone_rc rc = b->view->trials(b->view, 0, HONE_ALL_TRIALS, &list, b->err);
    if (rc != HONE_OK)
        return rc;
    choose(b);
    /* TensorBoard looks for "tfevents"; the same study gives the same names, so that writing it again replaces them */
    snprintf(name, sizeof name, "events.out.tfevents.%.0f.hone.0.0", floor(b->record->created));
    put_experiment(b);
    if ((rc = make_folder(b->view->path, b->err)) == HONE_OK)
        rc = events_write(&b->events, b->view->path, name, b->err);
    for (size_t i = 0; i < b->n && rc == HONE_OK; i++)
        if (b->trials[i].chosen)
            rc = write_trial(b, b->trials[i].number, name);
    return rc;
}

static const hone_space no_space = { sizeof no_space, 0, NULL, 0, 0, NULL };

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct board b = {
        .settings = self, .view = view, .record = view->studies[0]->record, .space = view->studies[0]->space, .err = err
    };
    if (!b.space) /* or one that is not known: then its trials have parameters */
        b.space = &no_space;
    b.x = calloc(b.space->n_dims + 1u, sizeof *b.x);
    const hone_rc rc = b.x ? write_board(&b) : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the space");
    forget(&b);
    free(b.seen);
    free(b.trials);
    free(b.x);
    events_release(&b.events);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct settings *settings = malloc(sizeof *settings);
    (void)host;
    if (!settings)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    memcpy(settings, info->config, sizeof *settings);
    *self = settings;
    return HONE_OK;
}

static const char *const suffixes[] = { "tensorboard", NULL };
static const hone_reporter_v1 iface = {
    .size = sizeof iface, .flags = HONE_REPORTER_PATH | HONE_REPORTER_ONE, .suffixes = suffixes, .write = write_all
};

static const hone_component component = {
    .size = sizeof component,
    .kind = HONE_KIND_REPORTER,
    .name = "tensorboard",
    .summary = "A folder that TensorBoard shows: a run for each trial, and the HParams table",
    .doc = "Each trial is a run, trial-00007, with the metrics it reported by step: validation.accuracy is the chart\n"
           "validation/accuracy. The HParams tab compares the trials by parameters and objectives.\n"
           "\n"
           "    hone report fashion.db -o fashion.tensorboard && tensorboard --logdir fashion.tensorboard\n"
           "\n"
           "Numbers are float32 there. `wandb sync --sync-tensorboard` reads the same folder.\n"
           "\n"
           "Format: TensorFlow's core/util/event.proto and tensorboard/plugins/hparams/plugin_data.proto.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = free,
};

HONE_MODULE("org.hone.reporter.tensorboard", "0.1.0", "MIT", "the hone authors", "", &component)
