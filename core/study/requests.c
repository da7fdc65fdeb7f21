/* SPDX-License-Identifier: MIT */
/* What other processes ask of a study (hone stop, enqueue, tell, ask): rows of the storage that are looked for now and then. What a
 * request leads to, its removal and the answer are one transaction; so it is dealt with once, whenever a process is killed. */
#include "study/study.h"

#include "base/text.h"
#include "hone/param.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct request {
    int64_t id;
    uint32_t what;
    char *text;
};
struct requests {
    struct request *items;
    size_t n;
};

static hone_rc on_request(void *ctx, const hone_request_record *record)
{
    struct requests *r = ctx;
    struct request *more = realloc(r->items, (r->n + 1) * sizeof *more);
    if (!more)
        return HONE_ENOMEM;
    r->items = more;
    more[r->n] = (struct request){ record->id, record->what, strdup(record->text ? record->text : "") };
    return more[r->n++].text ? HONE_OK : HONE_ENOMEM;
}

/* All that there are; nothing where the storage takes none. */
static hone_rc read_requests(struct study *study, struct requests *requests, hone_error *err)
{
    const hone_storage_v1 *s = study->storage_iface;
    *requests = (struct requests){ NULL, 0 };
    if (s->size <= offsetof(hone_storage_v1, runner) || !s->requests)
        return HONE_OK;
    const hone_rc rc = s->requests(study->storage.self, study->id, requests, on_request, err);
    return rc == HONE_ENOMEM ? hone_fail(err, rc, NULL, "out of memory for what is asked of the study") : rc;
}

static void requests_release(struct requests *requests)
{
    for (size_t i = 0; i < requests->n; i++)
        free(requests->items[i].text);
    free(requests->items);
}

hone_rc study_drop_request(struct study *study, int64_t request, hone_error *err)
{
    const hone_rc rc = study_begin(study, err);
    return rc != HONE_OK
               ? rc
               : study_written(study, study->storage_iface->drop_request(study->storage.self, study->id, request, err));
}

hone_rc study_forget_stops(struct study *study, hone_error *err)
{
    struct requests requests;
    hone_rc rc = read_requests(study, &requests, err);
    for (size_t i = 0; i < requests.n && rc == HONE_OK; i++)
        if (requests.items[i].what == HONE_REQUEST_STOP)
            rc = study_drop_request(study, requests.items[i].id, err);
    requests_release(&requests);
    return rc;
}

/* In place of the request: what became of it. why NULL: trial. */
static hone_rc answer(struct study *study, const struct request *request, uint64_t trial, const char *why,
                      hone_error *err)
{
    char text[400];
    int64_t id;
    if (why)
        snprintf(text, sizeof text, "request %lld\nerror %s", (long long)request->id, why);
    else
        snprintf(text, sizeof text, "request %lld\ntrial %llu", (long long)request->id, (unsigned long long)trial);
    const hone_request_record record = { sizeof record, HONE_REQUEST_ANSWER, 0, text };
    hone_rc rc = study_drop_request(study, request->id, err);
    if (rc == HONE_OK)
        rc = study_written(study, study->storage_iface->put_request(study->storage.self, study->id, &record, &id, err));
    return rc;
}

/* ---- a point to try ---- */

static hone_rc take_point(struct study *study, const struct request *request, hone_error *err)
{
    double *row = calloc(2 * (size_t)study->table.n_dims + 1, sizeof *row);
    hone_rc rc;
    if (request->id <= study->last_point) { /* waits for its turn */
        free(row);
        return HONE_OK;
    }
    if (!row)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a point");
    if (study_point_parse(study, request->text, row) && study_point_possible(study, row, row + study->table.n_dims)) {
        study->last_point = request->id;
        rc = study_add_point(study, row, request->id, err);
    } else if ((rc = study_drop_request(study, request->id, err)) == HONE_OK) {
        rc = study_tell_note(study, "a point that was enqueued is not in the space, and is left out", err);
    }
    free(row);
    return rc;
}

/* ---- the result of a trial that was evaluated elsewhere ---- */

struct told {
    uint64_t trial;
    int is_new, failed;
    struct text point; /* "KEY=VALUE" lines */
    struct held outcome;
};

/* A line "value NAME=NUMBER" into the outcome. 0: it is not that, or no memory. */
static int add_value(struct told *told, const char *line, size_t n)
{
    const char *equals = memchr(line, '=', n);
    char number[64];
    hone_value *more = realloc(told->outcome.values, (told->outcome.n_values + 1u) * sizeof *more);
    double value;
    if (!more)
        return 0;
    told->outcome.values = more;
    if (!equals || equals == line || (size_t)(line + n - equals) > sizeof number)
        return 0;
    snprintf(number, sizeof number, "%.*s", (int)(line + n - equals - 1), equals + 1);
    char *name = strndup(line, (size_t)(equals - line));
    if (!name || !hone_parse_real(number, NULL, &value)) {
        free(name);
        return 0;
    }
    more[told->outcome.n_values++] = (hone_value){ name, value, HONE_NO_DIRECTION, 0 };
    return 1;
}

/* 0: the text is not what a result is told with. */
static int read_told(struct told *told, const char *text)
{
    *told = (struct told){ .outcome = { .what = CREW_OUTCOME } };
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        const size_t n = strcspn(line, "\n");
        unsigned long long number;
        if (sscanf(line, "trial %llu", &number) == 1) {
            told->trial = number;
        } else if (!strncmp(line, "point ", 6)) {
            told->is_new = 1;
            text_addf(&told->point, "%.*s\n", (int)n - 6, line + 6);
        } else if (!strncmp(line, "failed", 6)) {
            told->failed = 1;
            free(told->outcome.message);
            told->outcome.message = strndup(line + 6 + (line[6] == ' '), n - 6 - (line[6] == ' '));
        } else if (strncmp(line, "value ", 6) != 0 || !add_value(told, line + 6, n - 6)) {
            return 0;
        }
    }
    told->outcome.status = told->failed ? HONE_FAILED : HONE_COMPLETE;
    return !told->point.failed;
}

/* The first key that is active at x, and not there; NULL: there is none. Values are brought to the nearest ones allowed. */
static const char *missing_key(const struct study *study, double *x)
{
    const hone_space *space = &study->space.view;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        if (!isnan(x[i]))
            x[i] = hone_dim_snap(space->dims[i], x[i]);
        else if (hone_space_active(space, x, i))
            return space->dims[i]->key;
    }
    return NULL;
}

/* The trial that is told of: the one asked for, or a new one; NULL and why: there is none. */
static struct trial *told_trial(struct study *study, const struct told *told, char *why, size_t n)
{
    hone_error wrong = HONE_ERROR_INIT;
    struct trial *trial = NULL;
    const char *missing;
    if (!told->is_new) {
        if (told->trial >= study->table.n)
            snprintf(why, n, "the study has no trial %llu", (unsigned long long)told->trial);
        else if (study->table.trials[told->trial]->state != HONE_STATE_WAITING)
            snprintf(why, n, "trial %llu does not wait for a result", (unsigned long long)told->trial);
        else
            return study->table.trials[told->trial];
        return NULL;
    }
    if (!(trial = trial_table_append(&study->table))) {
        snprintf(why, n, "out of memory");
        return NULL;
    }
    if (!study_point_parse(study, text_string(&told->point), trial->x))
        snprintf(why, n, "the point cannot be read");
    else if ((missing = missing_key(study, trial->x)))
        snprintf(why, n, "the point says nothing of %.100s: a result is of a whole point", missing);
    else if (space_check_point(&study->space, trial->x, &wrong) != HONE_OK)
        snprintf(why, n, "%.200s", wrong.msg);
    else
        return trial;
    trial_table_drop_last(&study->table);
    return NULL;
}

static hone_rc take_told(struct study *study, const struct request *request, hone_error *err)
{
    struct told told;
    struct trial *trial = NULL;
    char why[320] = "what was told cannot be read";
    hone_rc rc = HONE_OK;
    if (!read_told(&told, request->text) || !(trial = told_trial(study, &told, why, sizeof why))) {
        rc = answer(study, request, 0, why, err);
        goto out;
    }
    if (!told.failed) {
        measure_values(study, told.outcome.values, told.outcome.n_values, trial->values);
        measure_constraints(study, told.outcome.values, told.outcome.n_values, trial->constraints);
        if (!study_is_measured(study, trial, &told.outcome, why, sizeof why)) {
            for (uint32_t i = 0; i < study->table.n_values; i++)
                trial->values[i] = (double)NAN;
            if (told.is_new)
                trial_table_drop_last(&study->table);
            rc = answer(study, request, 0, why, err);
            goto out;
        }
    }
    if (told.is_new) {
        trial->outside = 1;
        trial->started = seconds_now();
        trial_move(&study->table, trial, HONE_STATE_WAITING);
        text_clear(&told.point);
        if ((rc = study_point_text(study, trial, &told.point, err)) == HONE_OK)
            rc = study_put_event(study, HONE_EVENT_ASK, trial, 0, HONE_ASKED_TOLD, text_string(&told.point), err);
    }
    if (rc == HONE_OK)
        rc = study_end_trial(study, trial, told.failed ? HONE_STATE_FAILED : HONE_STATE_COMPLETE, &told.outcome, err);
    if (rc == HONE_OK)
        rc = answer(study, request, trial->number, NULL, err);
out:
    text_release(&told.point);
    held_release(&told.outcome);
    return rc;
}

/* ---- a point to be evaluated elsewhere ---- */

static hone_rc give_point(struct study *study, const struct request *request, hone_error *err)
{
    struct trial *trial = trial_table_append(&study->table);
    hone_error wrong = HONE_ERROR_INIT;
    char why[320];
    if (!trial)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for trial %llu", (unsigned long long)study->table.n);
    hone_rc rc = study_ask_search(study, trial->number, trial->x, err);
    if (rc == HONE_OK && space_check_point(&study->space, trial->x, &wrong) != HONE_OK)
        snprintf(why, sizeof why, "search '%s' proposed a point that is not in the space: %.160s",
                 study->search.entry->name, wrong.msg);
    else if (rc == HONE_DONE)
        snprintf(why, sizeof why, "search '%s' has nothing more to propose", study->search.entry->name);
    else if (rc == HONE_WAIT)
        snprintf(why, sizeof why, "search '%s' proposes nothing until trials that it proposed before have ended",
                 study->search.entry->name);
    if (rc != HONE_OK || wrong.code) {
        trial_table_drop_last(&study->table);
        return rc < 0 ? rc : answer(study, request, 0, why, err);
    }
    trial->outside = 1;
    trial->started = seconds_now();
    trial_move(&study->table, trial, HONE_STATE_WAITING);
    if ((rc = study_put_event(study, HONE_EVENT_ASK, trial, 0, HONE_ASKED_OUTSIDE, NULL, err)) != HONE_OK ||
        (rc = study_put_trial(study, trial, NULL, err)) != HONE_OK)
        return rc;
    return answer(study, request, trial->number, NULL, err);
}

/* ---- all of them ---- */

static hone_rc deal_with(struct study *study, const struct request *request, int final, hone_error *err)
{
    hone_rc rc;
    switch (request->what) {
    case HONE_REQUEST_STOP:
        if ((rc = study_drop_request(study, request->id, err)) != HONE_OK || *study->signalled ||
            study->purpose != STUDY_TO_RUN)
            return rc;
        study->asked_to_stop = 1;
        raise(SIGTERM); /* the same way as a signal from elsewhere */
        return HONE_OK;
    case HONE_REQUEST_POINT: return final ? HONE_OK : take_point(study, request, err);
    case HONE_REQUEST_TELL: return final ? HONE_OK : take_told(study, request, err);
    case HONE_REQUEST_ASK: return final ? HONE_OK : give_point(study, request, err);
    case HONE_REQUEST_ANSWER:
    default: return HONE_OK;
    }
}

hone_rc study_hear_requests(struct study *study, int final, hone_error *err)
{
    const double now = seconds_steady();
    struct requests requests;
    if (study->cancelled || (study->listened > 0 && now - study->listened < STUDY_TICK))
        return HONE_OK;
    study->listened = now;
    hone_rc rc = read_requests(study, &requests, err);
    for (size_t i = 0; i < requests.n && rc == HONE_OK; i++)
        rc = deal_with(study, &requests.items[i], final, err);
    requests_release(&requests);
    return rc;
}
