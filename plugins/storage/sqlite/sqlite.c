/* SPDX-License-Identifier: MIT */
/* storage/sqlite: studies in one SQLite file. This file is the component and its transactions; store.h lists the others. */
#include "store.h"

#include <stdlib.h>
#include <string.h>

static const char *const synchronous_choices[] = { "normal", "full", NULL };

static const hone_param params[] = {
    HONE_ENUM(struct settings, synchronous, "normal", synchronous_choices, 0,
              "What a commit waits for: normal: the kernel has it (survives kill -9); full: the disk has it (survives "
              "a power "
              "failure too, at one fsync per commit)."),
    HONE_REAL(struct settings, busy_timeout, "20", 0, 86400, HONE_P_ADVANCED, "seconds",
              "How long to wait for another process that is writing to the same file."),
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    struct store *store = calloc(1, sizeof *store);
    if (!store)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the storage");
    store->settings = info->config;
    store->lock_file = -1;
    *self = store;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct store *store = self;
    if (!store)
        return;
    store_unlock(store);
    store_disconnect(store);
    free(store);
}

static hone_rc store_open(void *self, const char *location, uint32_t mode, hone_error *err)
{
    struct store *store = self;
    if (store->db)
        return hone_fail(err, HONE_EINVAL, "", "the storage '%s' is open already", store_shown(store->path));
    if (mode != HONE_STORAGE_READ && mode != HONE_STORAGE_WRITE)
        return hone_fail(err, HONE_EINVAL, "", "unknown mode %u for a storage", mode);
    const hone_rc rc = store_connect(store, location, mode, err);
    if (rc < 0)
        store_disconnect(store);
    return rc;
}

static hone_rc run_plain(struct store *store, enum statement which, hone_error *err)
{
    sqlite3_stmt *statement = store_statement(store, which, err);
    return statement ? store_run(store, which, statement, err) : HONE_EIO;
}

static void store_rollback(void *self)
{
    struct store *store = self;
    if (!store->db || !store->in_transaction)
        return;
    if (!sqlite3_get_autocommit(store->db)) /* a full disk may have rolled it back already */
        run_plain(store, S_ROLLBACK, NULL);
    store->in_transaction = 0;
    store->broken.code = 0;
    store->known_study = 0; /* either may have been of this transaction */
    store_forget_names(store);
}

static hone_rc store_begin(void *self, hone_error *err)
{
    struct store *store = self;
    if (!store->db)
        return hone_fail(err, HONE_EINVAL, "", "the storage is not open");
    if (store->in_transaction)
        return hone_fail(err, HONE_EINVAL, "", "begin within a transaction of the storage");
    const hone_rc rc = run_plain(store, store->mode == HONE_STORAGE_WRITE ? S_BEGIN_WRITE : S_BEGIN_READ, err);
    store->broken = (hone_error)HONE_ERROR_INIT;
    store->in_transaction = rc == HONE_OK;
    return rc;
}

static hone_rc store_commit(void *self, hone_error *err)
{
    struct store *store = self;
    if (!store->db || !store->in_transaction)
        return hone_fail(err, HONE_EINVAL, "", "commit without begin in the storage");
    hone_rc rc = store->broken.code;
    if (rc < 0) {
        if (err)
            *err = store->broken;
    } else {
        rc = run_plain(store, S_COMMIT, err);
    }
    if (rc < 0)
        store_rollback(store);
    store->in_transaction = 0;
    return rc;
}

static const hone_storage_v1 iface = {
    sizeof(hone_storage_v1),
    0,
    store_open,
    store_begin,
    store_commit,
    store_rollback,
    store_put_study,
    store_put_trial,
    store_put_report,
    store_put_event,
    store_put_attachment,
    store_studies,
    store_trials,
    store_reports,
    store_events,
    store_attachments,
    store_lock,
    store_put_request,
    store_drop_request,
    store_requests,
    store_runner,
    store_put_note,
    store_notes,
    store_events_from,
};

static const hone_component component = {
    .size = sizeof(hone_component),
    .flags = HONE_C_DETERMINISTIC | HONE_C_DEFAULT,
    .kind = HONE_KIND_STORAGE,
    .name = "sqlite",
    .summary = "Studies in one SQLite file that can be queried by hand.",
    .doc = store_documentation,
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
};

HONE_MODULE("org.hone.storage.sqlite", "1.0.0", "MIT", "hone", "", &component)
