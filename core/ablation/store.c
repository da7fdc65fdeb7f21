/* SPDX-License-Identifier: MIT */
/* Keeping the table in the storage, beside the runs that it is made of. */
#include "ablation/ablation.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct lookup {
    const char *name;
    int64_t id; /* -1: there is none */
};

static hone_rc on_study(void *ctx, const hone_study_record *record)
{
    struct lookup *l = ctx;
    if (!strcmp(record->name, l->name))
        l->id = record->id;
    return HONE_OK;
}

static hone_rc write_it(const struct ablation *a, const hone_storage_v1 *s, void *storage, const char *name,
                        const char *config, const char *json, hone_error *err)
{
    struct lookup lookup = { name, -1 };
    const hone_storage_visitor visitor = { &lookup, on_study, NULL, NULL, NULL, NULL };
    const hone_value metric = { a->metric, 0, a->direction, 0 };
    const hone_study_record study = { .size = sizeof study,
                                      .state = HONE_STUDY_FINISHED,
                                      .name = name,
                                      .seed = (uint64_t)a->base.study.seed,
                                      .config = config,
                                      .sources = "",
                                      .environment = "",
                                      .n_objectives = 1,
                                      .objectives = &metric,
                                      .created = seconds_now(),
                                      .updated = seconds_now(),
                                      .ended = "an ablation: its runs are studies of their own" };
    const hone_attachment_record table = {
        .size = sizeof table, .name = "ablation.json", .media_type = "application/json", .text = json
    };
    hone_rc rc = s->studies(storage, &visitor, err);
    if (rc != HONE_OK || (rc = s->begin(storage, err)) != HONE_OK)
        return rc;
    if (lookup.id < 0)
        rc = s->put_study(storage, &study, &lookup.id, err);
    if (rc == HONE_OK)
        rc = s->put_attachment(storage, lookup.id, &table, err);
    if (rc == HONE_OK)
        return s->commit(storage, err);
    s->rollback(storage);
    return rc;
}

hone_rc ablation_store(const struct ablation *a, const hone_host *host, const char *config, const char *json,
                       hone_error *err)
{
    struct component storage = COMPONENT_INIT;
    char *name = NULL; /* not the study's own: `hone run` makes that of the same file */
    if (asprintf(&name, "%s.ablation", a->base.study.name) < 0)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the table");
    hone_rc rc = component_create(&storage, a->catalog, a->base.storage, host, "storage", NULL, 0, 0, err);
    const hone_storage_v1 *s = rc == HONE_OK ? storage.loaded->iface : NULL;
    if (rc == HONE_OK && (rc = s->open(storage.self, a->base.storage_location, HONE_STORAGE_WRITE, err)) == HONE_OK)
        rc = write_it(a, s, storage.self, name, config, json, err);
    component_destroy(&storage);
    free(name);
    return rc;
}
