/* SPDX-License-Identifier: MIT */
/* fixture.h - what the suites of storage/sqlite share: a fresh directory, an open storage, a typical trial. */
#ifndef HONE_STORAGE_SQLITE_FIXTURE_H
#define HONE_STORAGE_SQLITE_FIXTURE_H
#include "harness.h"
#include "hone/settings.h"
#include "store.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char directory[64], path[96];
    struct settings settings;
    const hone_component *component;
    const hone_storage_v1 *api;
    void *self;
    hone_error err;
};

static inline void fixture_directory(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    f->component = hone_module_v1()->components[0];
    f->api = f->component->iface;
    f->err = (hone_error)HONE_ERROR_INIT;
    snprintf(f->directory, sizeof f->directory, "/tmp/hone-sqlite-XXXXXX");
    if (!mkdtemp(f->directory))
        abort();
    snprintf(f->path, sizeof f->path, "%s/study.db", f->directory);
    for (uint32_t i = 0; i < f->component->n_params; i++)
        if (hone_settings_parse(&f->component->params[i], f->component->params[i].def, &f->settings, NULL, &f->err) !=
            HONE_OK)
            abort();
}

/* Opens path into *self, which stays NULL where that fails. */
static inline hone_rc fixture_open_other(struct fixture *f, const char *path, uint32_t mode, void **self)
{
    const hone_create_info info = { .size = sizeof info, .config = &f->settings, .instance = "storage", .seed = 1 };
    *self = NULL;
    f->err = (hone_error)HONE_ERROR_INIT;
    hone_rc rc = f->component->create(NULL, &info, self, &f->err);
    if (rc == HONE_OK)
        rc = f->api->open(*self, path, mode, &f->err);
    if (rc != HONE_OK) {
        f->component->destroy(*self);
        *self = NULL;
    }
    return rc;
}

static inline hone_rc fixture_open(struct fixture *f, uint32_t mode)
{
    return fixture_open_other(f, f->path, mode, &f->self);
}

static inline void fixture_close(struct fixture *f)
{
    f->component->destroy(f->self);
    f->self = NULL;
}

static inline void fixture_release(struct fixture *f)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-lock", "-journal" };
    fixture_close(f);
    chmod(f->directory, 0700);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, endings[i]);
        unlink(name);
    }
    rmdir(f->directory);
}

static inline hone_study_record fixture_study(const char *name)
{
    static const hone_value objectives[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 } };
    hone_study_record study = { .size = sizeof study,
                                .name = name,
                                .seed = 1,
                                .config = "[study]\n",
                                .sources = "",
                                .environment = "",
                                .n_objectives = 1,
                                .objectives = objectives,
                                .created = 1.5e9,
                                .updated = 1.5e9 };
    return study;
}

/* Creates the study in a transaction of its own. */
static inline int64_t fixture_put_study(struct fixture *f, void *self, const char *name)
{
    const hone_study_record study = fixture_study(name);
    int64_t id = 0;
    CU_ASSERT_EQUAL(f->api->begin(self, &f->err), HONE_OK);
    CU_ASSERT_EQUAL(f->api->put_study(self, &study, &id, &f->err), HONE_OK);
    CU_ASSERT_EQUAL(f->api->commit(self, &f->err), HONE_OK);
    return id;
}

/* Trial `number` whose every part can be recomputed from its number, so that half a trial would show. */
static inline hone_rc fixture_put_trial(struct fixture *f, void *self, int64_t study, uint64_t number, uint32_t state)
{
    char text[32];
    snprintf(text, sizeof text, "%.17g", (double)number * 0.25);
    const hone_parameter_record parameters[] = { { "optimizer.learning_rate", text, (double)number * 0.25 },
                                                 { "model.width", text, (double)number + 7 } };
    const double values[] = { state == HONE_STATE_COMPLETE ? (double)number / 3 : (double)NAN };
    hone_trial_record trial = { .size = sizeof trial,
                                .state = state,
                                .number = number,
                                .attempt = 1,
                                .n_parameters = 2,
                                .n_values = 1,
                                .parameters = parameters,
                                .values = values,
                                .step = (int64_t)number + 1,
                                .started = 1.5e9,
                                .ended = state == HONE_STATE_RUNNING ? 0 : 1.5e9 + 2,
                                .component = "",
                                .message = "" };
    return f->api->put_trial(self, study, &trial, &f->err);
}

/* Runs SQL on the file by a connection of its own, as a user with a shell would; first integer of the answer, or -1. */
static inline int64_t fixture_query(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t result = -1;
    if (sqlite3_open(path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        result = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return result;
}

static inline int fixture_execute(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(path, &db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return code;
}

#define ASSERT_OK(f, call)                                               \
    do {                                                                 \
        const hone_rc rc_ = (call);                                      \
        if (rc_ != HONE_OK)                                              \
            printf("# line %d: %d '%s'\n", __LINE__, rc_, (f)->err.msg); \
        CU_ASSERT_EQUAL(rc_, HONE_OK);                                   \
    } while (0)
/* The sentence is what the user gets: it is compared where it does not hold a path, else searched for its parts. */
#define ASSERT_SAYS(f, part)                                                             \
    do {                                                                                 \
        if (!strstr((f)->err.msg, part))                                                 \
            printf("# line %d: '%s' does not say '%s'\n", __LINE__, (f)->err.msg, part); \
        CU_ASSERT_PTR_NOT_NULL(strstr((f)->err.msg, part));                              \
    } while (0)
#endif
