/* SPDX-License-Identifier: MIT */
/* reporter/optuna_journal: a file for Optuna's JournalStorage. */
#include "optuna.h"

/* JournalOperation */
enum {
    CREATE_STUDY = 0,
    STUDY_USER_ATTR = 2,
    STUDY_SYSTEM_ATTR = 3,
    CREATE_TRIAL = 4,
    TRIAL_PARAM = 5,
    TRIAL_STATE_VALUES = 6,
    TRIAL_INTERMEDIATE_VALUE = 7,
    TRIAL_USER_ATTR = 8,
    TRIAL_SYSTEM_ATTR = 9
};

struct journal {
    hone_printer printer;
    struct optuna_study study;
    uint64_t first_trial; /* ids count over the whole file, in the order of the records */
    uint64_t *ids;        /* (n_ids) number of a trial -> its id, of this study */
    uint64_t n_ids, n_trials;
    hone_error *err;
};

static hone_printer *record(struct journal *j, int operation)
{
    hone_putf(&j->printer, "{\"op_code\": %d, \"worker_id\": \"hone\", ", operation);
    return &j->printer;
}

/* Python's json reads and writes these bare. */
static void put_value(hone_printer *p, double value)
{
    if (isfinite(value))
        optuna_put_number(p, value, 0);
    else
        hone_put(p, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
}

static hone_rc study_attribute(void *ctx, int system, const char *key, const char *json, hone_error *err)
{
    struct journal *j = ctx;
    hone_printer *p = record(j, system ? STUDY_SYSTEM_ATTR : STUDY_USER_ATTR);
    (void)err;
    hone_putf(p, "\"study_id\": %u, \"%s\": {", j->study.index, system ? "system_attr" : "user_attr");
    hone_put_json_string(p, key);
    hone_put(p, ": ");
    hone_put(p, json);
    hone_put(p, "}}\n");
    return HONE_OK;
}

static hone_rc trial_attribute(void *ctx, int system, const char *key, const char *json, hone_error *err)
{
    struct journal *j = ctx;
    hone_printer *p = record(j, system ? TRIAL_SYSTEM_ATTR : TRIAL_USER_ATTR);
    (void)err;
    hone_putf(p, "\"trial_id\": %llu, \"%s\": {", (unsigned long long)(j->first_trial + j->n_trials - 1),
              system ? "system_attr" : "user_attr");
    hone_put_json_string(p, key);
    hone_put(p, ": ");
    hone_put(p, json);
    hone_put(p, "}}\n");
    return HONE_OK;
}

static hone_rc keep_id(struct journal *j, uint64_t number)
{
    if (number >= j->n_ids) {
        const uint64_t n = 2 * number + 64;
        uint64_t *more = number < UINT64_MAX / 64 ? realloc(j->ids, (size_t)n * sizeof *more) : NULL;
        if (!more)
            return hone_fail(j->err, HONE_ENOMEM, NULL, "out of memory for the trials");
        for (uint64_t i = j->n_ids; i < n; i++)
            more[i] = UINT64_MAX;
        j->ids = more;
        j->n_ids = n;
    }
    j->ids[number] = j->first_trial + j->n_trials++;
    return HONE_OK;
}

/* First all trials with their points: what is reported of one may only stand before its end. */
static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct journal *j = ctx;
    struct optuna_trial trial;
    char time[48];
    hone_rc rc = optuna_trial_read(&j->study, r, &trial, j->err);
    if (rc != HONE_OK || (rc = keep_id(j, r->number)) != HONE_OK)
        return rc;
    hone_printer *p = record(j, CREATE_TRIAL);
    hone_putf(p, "\"study_id\": %u, ", j->study.index);
    if (trial.state == OPTUNA_WAITING)
        hone_putf(p, "\"state\": %d, ", (int)OPTUNA_WAITING);
    if (r->started > 0)
        hone_putf(p, "\"datetime_start\": \"%s\"}\n", optuna_time(r->started, 1, time, sizeof time));
    else
        hone_put(p, "\"datetime_start\": null}\n");
    const hone_space *space = j->study.space;
    for (uint32_t i = 0; i < space->n_dims; i++) {
        if (isnan(j->study.x[i]))
            continue;
        p = record(j, TRIAL_PARAM);
        hone_putf(p, "\"trial_id\": %llu, \"param_name\": ", (unsigned long long)j->ids[r->number]);
        hone_put_json_string(p, space->dims[i]->key);
        hone_put(p, ", \"param_value_internal\": ");
        optuna_put_number(p, j->study.x[i], space->dims[i]->choices != NULL);
        hone_put(p, ", \"distribution\": ");
        hone_put_json_string(p, j->study.distributions[i]);
        hone_put(p, "}\n");
    }
    return optuna_trial_attributes(&j->study, r, &trial, trial_attribute, j, j->err);
}

static hone_rc on_report(void *ctx, const hone_report_record *r)
{
    struct journal *j = ctx;
    const double *value = optuna_reported(&j->study, r);
    if (!value || r->trial >= j->n_ids || j->ids[r->trial] == UINT64_MAX)
        return HONE_OK;
    hone_printer *p = record(j, TRIAL_INTERMEDIATE_VALUE);
    hone_putf(p, "\"trial_id\": %llu, \"step\": %lld, \"intermediate_value\": ", (unsigned long long)j->ids[r->trial],
              (long long)r->step);
    put_value(p, *value);
    hone_put(p, "}\n");
    return HONE_OK;
}

static hone_rc on_end(void *ctx, const hone_trial_record *r)
{
    struct journal *j = ctx;
    struct optuna_trial trial;
    char time[48];
    const hone_rc rc = optuna_trial_read(&j->study, r, &trial, j->err);
    if (rc != HONE_OK || trial.state == OPTUNA_RUNNING || trial.state == OPTUNA_WAITING || r->number >= j->n_ids ||
        j->ids[r->number] == UINT64_MAX)
        return rc;
    hone_printer *p = record(j, TRIAL_STATE_VALUES);
    hone_putf(p, "\"trial_id\": %llu, \"state\": %d, \"values\": ", (unsigned long long)j->ids[r->number],
              (int)trial.state);
    for (uint32_t i = 0; trial.has_values && i < r->n_values; i++) {
        hone_put(p, i ? ", " : "[");
        put_value(p, r->values[i]);
    }
    hone_put(p, trial.has_values && r->n_values ? "]" : "null");
    hone_putf(p, ", \"datetime_complete\": \"%s\"}\n",
              optuna_time(r->ended > 0 ? r->ended : r->started, 1, time, sizeof time));
    return HONE_OK;
}

static hone_rc write_study(struct journal *j, const hone_view *view, uint32_t index, hone_error *err)
{
    const hone_storage_visitor trials = { .ctx = j, .trial = on_trial }, reports = { .ctx = j, .report = on_report },
                               ends = { .ctx = j, .trial = on_end };
    hone_rc rc = optuna_study_open(&j->study, view, index, err);
    if (rc != HONE_OK)
        return rc;
    const hone_study_record *s = j->study.record;
    hone_printer *p = record(j, CREATE_STUDY);
    hone_put(p, "\"study_name\": ");
    hone_put_json_string(p, s->name);
    hone_put(p, ", \"directions\": [");
    for (uint32_t i = 0; i < s->n_objectives; i++)
        hone_putf(p, "%s%d", i ? ", " : "", s->objectives[i].direction == HONE_MAXIMIZE ? 2 : 1);
    hone_put(p, "]}\n");
    if ((rc = optuna_study_attributes(&j->study, study_attribute, j, err)) == HONE_OK &&
        (rc = view->trials(view, index, HONE_ALL_TRIALS, &trials, err)) == HONE_OK &&
        (rc = view->reports(view, index, HONE_ALL_TRIALS, &reports, err)) == HONE_OK)
        rc = view->trials(view, index, HONE_ALL_TRIALS, &ends, err);
    return rc;
}

static hone_rc write_all(void *self, const hone_view *view, hone_error *err)
{
    struct journal *j = calloc(1, sizeof *j);
    hone_rc rc = HONE_OK;
    (void)self;
    if (!j)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    hone_printer_init(&j->printer, view->out);
    j->err = err;
    for (uint32_t i = 0; i < view->n_studies && rc == HONE_OK; i++) {
        rc = write_study(j, view, i, err);
        optuna_study_release(&j->study);
        j->first_trial += j->n_trials;
        j->n_trials = 0;
        for (uint64_t k = 0; k < j->n_ids; k++)
            j->ids[k] = UINT64_MAX;
    }
    if (rc == HONE_OK)
        rc = hone_printer_close(&j->printer, err);
    free(j->ids);
    free(j);
    return rc;
}

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    static char nothing;
    (void)host;
    (void)info;
    (void)err;
    *self = &nothing;
    return HONE_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static const char *const suffixes[] = { "optuna_log", "journal", NULL };
static const hone_reporter_v1 iface = { .size = sizeof iface, .suffixes = suffixes, .write = write_all };

const hone_component optuna_journal = {
    .size = sizeof optuna_journal,
    .kind = HONE_KIND_REPORTER,
    .name = "optuna_journal",
    .summary = "A journal file that Optuna loads and goes on with",
    .doc =
        "Studies as the records of Optuna's JournalStorage, with their parameters, distributions, reports of the "
        "first\n"
        "objective, constraints; every metric of a trial is a user attribute, `hone.config` the resolved INI.\n"
        "\n"
        "    JournalStorage(JournalFileBackend(\"fashion.optuna.log\"))\n"
        "\n"
        "Paused trials are running ones there. A complete trial without a value has failed. normal and lognormal\n"
        "dimensions are uniform ones over their bounds, or over what was sampled. Times are in UTC: Optuna 4 cannot "
        "sort\n"
        "them among its own when it goes on with the file (its list of studies fails then); give it `optuna_sqlite`.\n"
        "\n"
        "Format: Optuna 3.1 to 5.0, optuna/storages/journal/_storage.py.",
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};
