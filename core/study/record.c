/* SPDX-License-Identifier: MIT */
/* What a study writes into its storage. */
#include "study/study.h"

#include "base/version.h"
#include "hone/param.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

hone_rc trial_record_init(struct trial_record *record, uint32_t n_dims, hone_error *err)
{
    record->parameters = calloc(n_dims + 1, sizeof *record->parameters);
    record->texts = calloc(n_dims + 1, sizeof *record->texts);
    if (record->parameters && record->texts)
        return HONE_OK;
    trial_record_release(record);
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a trial's record");
}

void trial_record_release(struct trial_record *record)
{
    free(record->parameters);
    free(record->texts);
    *record = (struct trial_record){ 0 };
}

void study_fill_record(const struct study *study, const struct trial *trial, struct trial_record *record)
{
    hone_trial_record *r = &record->record;
    *r = (hone_trial_record){ .size = sizeof *r,
                              .state = trial->state,
                              .number = trial->number,
                              .attempt = trial->attempt,
                              .n_values = study->table.n_values,
                              .n_constraints = study->table.n_constraints,
                              .parameters = record->parameters,
                              .values = trial->values,
                              .constraints = trial->constraints,
                              .step = trial->step,
                              .best_step = trial->best_step,
                              .started = trial->started,
                              .ended = trial->ended,
                              .worker = trial->worker,
                              .component = "",
                              .message = "" };
    for (uint32_t i = 0; i < study->space.view.n_dims; i++) {
        if (isnan(trial->x[i]))
            continue;
        record->parameters[r->n_parameters++] = (hone_parameter_record){
            study->space.view.dims[i]->key,
            space_value_text(&study->space, i, trial->x[i], record->texts[i], sizeof record->texts[i]), trial->x[i]
        };
    }
}

hone_rc study_begin(struct study *study, hone_error *err)
{
    if (study->in_transaction)
        return HONE_OK;
    const hone_rc rc = study->storage_iface->begin(study->storage.self, err);
    study->in_transaction = rc == HONE_OK;
    return rc;
}

hone_rc study_commit(struct study *study, hone_error *err)
{
    if (!study->in_transaction)
        return HONE_OK;
    const hone_rc rc = study->storage_iface->commit(study->storage.self, err);
    if (rc != HONE_OK)
        study_rollback(study);
    else
        study_checkpoints_sweep(study);
    study->in_transaction = 0;
    return rc;
}

void study_rollback(struct study *study)
{
    if (study->in_transaction)
        study->storage_iface->rollback(study->storage.self);
    study->in_transaction = 0;
}

hone_rc study_written(struct study *study, hone_rc rc)
{
    study->storage_failed |= rc != HONE_OK;
    return rc;
}

static void environment_text(const struct study *study, struct text *out)
{
    struct utsname system;
    char line[256];
    text_addf(out, "hone=%s\nabi=%d.%d\nworkers=%u\nprocessors=%ld\n", HONE_VERSION, HONE_ABI_MAJOR, HONE_ABI_MINOR,
              study->workers, sysconf(_SC_NPROCESSORS_ONLN));
    if (uname(&system) == 0)
        text_addf(out, "system=%s %s %s\nhost=%s\n", system.sysname, system.release, system.machine, system.nodename);
    FILE *f = fopen("/proc/cpuinfo", "re");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "model name", 10) && strchr(line, ':')) {
            text_addf(out, "cpu=%s", strchr(line, ':') + 2);
            break;
        }
    if (f)
        fclose(f);
    if (study->stop_key)
        text_addf(out, "stop_key=%s\nmax_step=%lld\n", study->stop_key, (long long)study->length);
    if (study->repeats)
        text_addf(out, "steps=repeats %lld\n", (long long)study->repeats);
    if (study->levels)
        text_addf(out, "steps=levels %lld of %s\n", (long long)study->levels, study->composition->study.fidelity.key);
    if (study->length_metric)
        text_addf(out, "length_metric=%s\n", study->length_metric);
    if (study->composition->study.order == ORDER_ASYNCHRONOUS)
        text_add(out, "repeatable=no: order = asynchronous takes results as they arrive\n");
    else
        text_add(out, "repeatable=yes: order = strict\n");
}

hone_rc study_put_study(struct study *study, uint32_t state, hone_error *err)
{
    const struct composition *c = study->composition;
    struct text config = TEXT_INIT, sources = TEXT_INIT, environment = TEXT_INIT;
    const char **constraints = calloc(c->n_constraints + 1, sizeof *constraints);
    hone_rc rc = HONE_ENOMEM;
    composition_text(c, NULL, 0, &config);
    composition_sources(c, &sources);
    environment_text(study, &environment);
    if (!constraints || config.failed || sources.failed || environment.failed) {
        hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the study's record");
        goto out;
    }
    for (size_t i = 0; i < c->n_constraints; i++)
        constraints[i] = c->constraints[i].text;
    const hone_study_record record = { .size = sizeof record,
                                       .state = state,
                                       .id = study->id,
                                       .name = c->study.name,
                                       .seed = (uint64_t)c->study.seed,
                                       .config = text_string(&config),
                                       .sources = text_string(&sources),
                                       .environment = text_string(&environment),
                                       .n_objectives = study->table.n_values,
                                       .n_constraints = (uint32_t)c->n_constraints,
                                       .objectives = study->objectives,
                                       .constraints = constraints,
                                       .created = seconds_now(),
                                       .updated = seconds_now(),
                                       .ended = state == HONE_STUDY_RUNNING ? "" : study->ended };
    rc = study->storage_iface->put_study(study->storage.self, &record, &study->id, err);
out:
    free(constraints);
    text_release(&config);
    text_release(&sources);
    text_release(&environment);
    return rc;
}

hone_rc study_put_trial(struct study *study, const struct trial *trial, const struct held *outcome, hone_error *err)
{
    hone_rc rc = study_begin(study, err);
    if (rc != HONE_OK)
        return rc;
    study_fill_record(study, trial, &study->record);
    if (outcome) {
        study->record.record.metrics = outcome->values;
        study->record.record.n_metrics = outcome->n_values;
        study->record.record.signal = outcome->signal;
        study->record.record.component = outcome->component ? outcome->component : "";
        study->record.record.message = outcome->message ? outcome->message : "";
    }
    return study_written(study,
                         study->storage_iface->put_trial(study->storage.self, study->id, &study->record.record, err));
}

hone_rc study_put_report(struct study *study, const hone_report_record *report, hone_error *err)
{
    const hone_rc rc = study_begin(study, err);
    return rc != HONE_OK
               ? rc
               : study_written(study, study->storage_iface->put_report(study->storage.self, study->id, report, err));
}

hone_rc study_put_attachment(struct study *study, const struct crew_event *event, uint32_t final, hone_error *err)
{
    const hone_attachment_record record = { sizeof record,
                                            final,
                                            event->trial,
                                            event->attachment.name,
                                            event->attachment.media_type,
                                            event->attachment.text,
                                            event->attachment.path };
    const hone_rc rc = study_begin(study, err);
    return rc != HONE_OK ? rc
                         : study_written(study, study->storage_iface->put_attachment(study->storage.self, study->id,
                                                                                     &record, err));
}

hone_rc study_put_event(struct study *study, uint32_t what, const struct trial *trial, int64_t step, uint32_t verdict,
                        const char *text, hone_error *err)
{
    hone_rc rc = study_begin(study, err);
    if (rc != HONE_OK)
        return rc;
    const hone_event_record event = {
        sizeof event, what, study->sequence++, trial ? trial->number : 0, step, verdict, 0, text
    };
    return study_written(study, study->storage_iface->put_event(study->storage.self, study->id, &event, err));
}
