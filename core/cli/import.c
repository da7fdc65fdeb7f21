/* SPDX-License-Identifier: MIT */
/* `hone import`: the complete trials of another study, of hone or of a program whose files a storage plugin reads, told to a study
 * that is made where there is none. All of them in one transaction. */
#include "cli/import.h"

#include "cli/session.h"
#include "cli/stored.h"
#include "hone/param.h"
#include "study/study.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct option_row options[] = {
    OPTION_STUDY,
    { "map", 0, "NAME=KEY", "parameter NAME of FILE is KEY of [space] (repeatable)", 1 },
    { "ignore", 0, "NAME", "leave parameter NAME of FILE out (repeatable)", 1 },
    OPTION_SET,
    { "storage", 's', "URL", "where the study is kept (study.storage)", 0 },
    OPTION_QUIET,
    OPTION_PLUGIN_PATH,
    OPTION_NO_DEFAULT_PATH,
    { NULL, 0, NULL, NULL, 0 },
};

enum { SHOWN = 20 };

struct asked { /* a trial that was told, and not answered for yet */
    int64_t request;
    uint64_t trial;
};
struct import {
    struct stored from;
    struct session session;
    struct study study;
    struct space space;
    struct translation translation;
    const char **objectives; /* (n) of this study, in the other's order */
    double *x;
    struct text lines, notes, left_out; /* left_out: lines "trial 7: why", SHOWN at most */
    uint64_t *known;                    /* (n_known) fingerprints of results that the study has, sorted */
    size_t n_known;
    struct asked *asked; /* (n_asked) by request */
    size_t n_asked, capacity;
    uint64_t seen, told, unfit, again, not_complete;
    hone_error err;
};

/* ---- what the study has already ---- */

static uint64_t mix(uint64_t hash, double value)
{
    uint64_t bits;
    const double plain = isnan(value) ? (double)NAN : value + 0.0; /* one NaN, one zero */
    memcpy(&bits, &plain, sizeof bits);
    return (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15) ^ hash >> 29;
}

static uint64_t fingerprint(const double *x, uint32_t n_dims, const double *values, uint32_t n_values)
{
    uint64_t hash = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        hash = mix(hash, x[i]);
    for (uint32_t i = 0; i < n_values; i++)
        hash = mix(hash, values[i]);
    return hash;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static hone_rc remember(struct import *m)
{
    const struct trial_table *table = &m->study.table;
    m->known = malloc(((size_t)table->n + 1) * sizeof *m->known);
    if (!m->known)
        return HONE_ENOMEM;
    for (uint64_t i = 0; i < table->n; i++)
        if (table->trials[i]->state == HONE_STATE_COMPLETE)
            m->known[m->n_known++] = fingerprint(table->trials[i]->x, table->n_dims, table->trials[i]->values,
                                                 table->n_values);
    qsort(m->known, m->n_known, sizeof *m->known, by_size);
    return HONE_OK;
}

/* ---- telling ---- */

static void leave_out(struct import *m, uint64_t trial, const char *why)
{
    if (m->unfit++ < SHOWN)
        text_addf(&m->left_out, "left out   trial %llu: %s\n", (unsigned long long)trial, why);
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct import *m = ctx;
    const struct translation *t = &m->translation;
    hone_error why = HONE_ERROR_INIT;
    m->seen++;
    if (r->state != HONE_STATE_COMPLETE) {
        m->not_complete++;
        return HONE_OK;
    }
    text_clear(&m->lines);
    hone_rc rc = translation_trial(t, r, &m->lines, &why);
    if (rc == HONE_ERANGE) {
        leave_out(m, r->number, why.msg);
        return HONE_OK;
    }
    if (rc != HONE_OK) {
        m->err = why;
        return rc;
    }
    const uint64_t mark = fingerprint(t->x, t->space->view.n_dims, r->values, r->n_values);
    if (m->n_known && bsearch(&mark, m->known, m->n_known, sizeof mark, by_size)) {
        m->again++;
        return HONE_OK;
    }
    if (m->n_asked == m->capacity) {
        struct asked *more = realloc(m->asked, (2 * m->capacity + 64) * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        m->asked = more;
        m->capacity = 2 * m->capacity + 64;
    }
    const hone_request_record request = { sizeof request, HONE_REQUEST_TELL, 0, text_string(&m->lines) };
    struct asked *asked = &m->asked[m->n_asked];
    asked->trial = r->number;
    if ((rc = m->study.storage_iface->put_request(m->study.storage.self, m->study.id, &request, &asked->request,
                                                  &m->err)) == HONE_OK)
        m->n_asked++;
    return rc;
}

/* What became of them; the answers are taken away. */
struct answers {
    struct import *import;
    int64_t *ids;
    size_t n, capacity;
};

static hone_rc on_answer(void *ctx, const hone_request_record *record)
{
    struct answers *a = ctx;
    struct import *m = a->import;
    long long request;
    int at = 0;
    if (record->what != HONE_REQUEST_ANSWER || sscanf(record->text, "request %lld\n%n", &request, &at) != 1)
        return HONE_OK;
    for (size_t i = 0, low = 0, high = m->n_asked; low < high;) {
        i = low + (high - low) / 2;
        if (m->asked[i].request < request) {
            low = i + 1;
        } else if (m->asked[i].request > request) {
            high = i;
        } else {
            const char *why = record->text + at;
            if (!strncmp(why, "error ", 6))
                leave_out(m, m->asked[i].trial, why + 6);
            else
                m->told++;
            if (a->n == a->capacity) {
                int64_t *more = realloc(a->ids, (2 * a->capacity + 64) * sizeof *more);
                if (!more)
                    return HONE_ENOMEM;
                a->ids = more;
                a->capacity = 2 * a->capacity + 64;
            }
            a->ids[a->n++] = record->id;
            break;
        }
    }
    return HONE_OK;
}

static hone_rc take_answers(struct import *m)
{
    struct answers answers = { .import = m };
    const hone_storage_v1 *s = m->study.storage_iface;
    hone_rc rc = s->requests(m->study.storage.self, m->study.id, &answers, on_answer, &m->err);
    for (size_t i = 0; i < answers.n && rc == HONE_OK; i++)
        rc = study_drop_request(&m->study, answers.ids[i], &m->err);
    free(answers.ids);
    return rc == HONE_OK ? study_commit(&m->study, &m->err) : rc;
}

/* ---- before anything is made ---- */

/* By position; the directions must be the same, as far as the INI says them. */
static int match_objectives(struct import *m)
{
    const hone_study_record *from = &m->from.study;
    const struct composition *c = &m->session.composition;
    if (from->n_objectives != c->n_objectives)
        return cli_fail(EXIT_CONFIGURATION, "study '%s' has %u objectives, study '%s' %zu", from->name,
                        from->n_objectives, c->study.name, (size_t)c->n_objectives);
    for (uint32_t i = 0; i < from->n_objectives; i++) {
        const uint32_t here = m->study.objectives ? m->study.objectives[i].direction : c->objectives[i].direction;
        m->objectives[i] = c->objectives[i].metric;
        if (here != HONE_NO_DIRECTION && from->objectives[i].direction != here)
            return cli_fail(EXIT_CONFIGURATION, "'%s' of study '%s' is to be %s, '%s' here %s",
                            from->objectives[i].name, from->name,
                            from->objectives[i].direction == HONE_MAXIMIZE ? "maximized" : "minimized",
                            m->objectives[i], here == HONE_MAXIMIZE ? "maximized" : "minimized");
    }
    return 0;
}

/* Names that are no keys: of any trial. */
static hone_rc try_trial(void *ctx, const hone_trial_record *r)
{
    struct import *m = ctx;
    hone_error why = HONE_ERROR_INIT;
    text_clear(&m->lines);
    const hone_rc rc = r->state == HONE_STATE_COMPLETE ? translation_trial(&m->translation, r, &m->lines, &why)
                                                       : HONE_OK;
    if (rc != HONE_OK && rc != HONE_ERANGE)
        m->err = why;
    return rc == HONE_ERANGE ? HONE_OK : rc;
}

static int failed(const struct import *m, hone_rc rc)
{
    return cli_fail(rc == HONE_EINVAL ? EXIT_CONFIGURATION : EXIT_FAILED, "%s",
                    m->err.msg[0] ? m->err.msg : "out of memory");
}

static int prepare(struct import *m)
{
    const hone_storage_visitor visitor = { m, NULL, try_trial, NULL, NULL, NULL };
    const struct stored *from = &m->from;
    int code;
    hone_rc rc = space_init(&m->space, &m->session.composition.space, &m->err);
    if (rc != HONE_OK)
        return failed(m, rc);
    m->objectives = calloc(from->study.n_objectives + 1u, sizeof *m->objectives);
    m->x = calloc(m->space.view.n_dims + 1u, sizeof *m->x);
    if (!m->objectives || !m->x)
        return failed(m, HONE_ENOMEM);
    m->translation = (struct translation){ m->session.cli, &m->space, &from->study, m->objectives, m->x };
    if ((code = match_objectives(m)) != 0)
        return code;
    if (translation_check_space(&m->translation, &m->notes) > 0)
        return EXIT_CONFIGURATION;
    rc = from->iface->trials(from->storage.self, from->study.id, HONE_ALL_TRIALS, &visitor, &m->err);
    return rc == HONE_OK ? 0 : failed(m, rc);
}

/* ---- the command ---- */

static void say(const struct import *m, const char *file)
{
    const struct composition *c = &m->session.composition;
    struct text storage = TEXT_INIT;
    printf("imported   %llu of %llu trials of study '%s' (%s) into study '%s'\n", (unsigned long long)m->told,
           (unsigned long long)m->seen, m->from.study.name, file, c->study.name);
    fputs(text_string(&m->notes), stdout);
    if (m->again)
        printf("left out   %llu that the study has already\n", (unsigned long long)m->again);
    if (m->not_complete)
        printf("left out   %llu that are not complete (pruned, failed, running, waiting)\n",
               (unsigned long long)m->not_complete);
    fputs(text_string(&m->left_out), stdout);
    if (m->unfit > SHOWN)
        printf("left out   %llu more\n", (unsigned long long)(m->unfit - SHOWN));
    if (c->study.trials > 0)
        printf("trials     %llu of %lld (study.trials)\n", (unsigned long long)m->study.table.n,
               (long long)c->study.trials);
    text_add_shell_word(&storage,
                        catalog_default(c->catalog, "storage") == c->storage ? c->storage_location : c->study.storage);
    printf("next       hone resume %s --study %s\n", text_string(&storage), c->study.name);
    text_release(&storage);
}

static int tell_all(struct import *m)
{
    const hone_storage_visitor visitor = { m, NULL, on_trial, NULL, NULL, NULL };
    const struct stored *from = &m->from;
    const int code = match_objectives(m); /* what the INI left to the objective is known now */
    if (code != 0)
        return code;
    hone_rc rc = remember(m);
    if (rc == HONE_OK && (rc = study_begin(&m->study, &m->err)) == HONE_OK &&
        (rc = from->iface->trials(from->storage.self, from->study.id, HONE_ALL_TRIALS, &visitor, &m->err)) == HONE_OK &&
        (rc = study_settle(&m->study, &m->err)) == HONE_OK)
        rc = take_answers(m);
    return rc == HONE_OK ? 0 : failed(m, rc);
}

static int import(struct import *m, const struct cli *cli)
{
    struct cli inis = *cli; /* the INI files alone */
    inis.arguments++;
    inis.n_arguments--;
    int code = session_read(&m->session, &inis, 0);
    session_catch_signals();
    if (code != 0 || (code = prepare(m)) != 0 || (code = session_start(&m->session)) != 0)
        return code;
    const struct study_options study_options = { .composition = &m->session.composition,
                                                 .host = &m->session.host,
                                                 .crew = pool_crew(m->session.pool),
                                                 .workers = m->session.workers,
                                                 .terminal = &m->session.terminal,
                                                 .signalled = &session_signals,
                                                 .purpose = STUDY_TO_FILL };
    if (study_open(&m->study, &study_options, &m->err) != HONE_OK)
        code = session_fail(&m->session, &m->err);
    else
        code = tell_all(m);
    if (code == 0 && !cli_has(cli, "quiet"))
        say(m, cli->arguments[0]);
    study_close(&m->study);
    return code;
}

static int check_options(const struct cli *cli)
{
    const char *map;
    for (size_t position = 0; (map = cli_next(cli, "map", &position));) {
        const char *equal = strchr(map, '=');
        if (!equal || equal == map || !equal[1])
            return cli_usage_error(cli, "--map %s is not NAME=KEY", map);
    }
    return 0;
}

static int run(const struct cli *cli)
{
    struct import m = { .err = HONE_ERROR_INIT };
    int code = check_options(cli);
    if (code == 0 && (code = stored_open(&m.from, cli, cli->arguments[0])) == 0 &&
        (code = stored_choose(&m.from, cli)) == 0) {
        if (cli->n_arguments > 1)
            code = import(&m, cli);
        else
            fputs(m.from.study.config, stdout);
    }
    space_release(&m.space);
    session_release(&m.session);
    stored_release(&m.from);
    free(m.objectives);
    free(m.x);
    text_release(&m.lines);
    text_release(&m.notes);
    text_release(&m.left_out);
    free(m.known);
    free(m.asked);
    return code;
}

const struct command command_import = {
    "import",
    "begin a study with the results of another one, also of Optuna's",
    "FILE [STUDY.ini...] [options]",
    "FILE is a storage: Optuna's database or journal, or hone's own. Its complete trials become trials of the\n"
    "study that the INI files describe, as if they had been told (hone tell): its search learns from them. The\n"
    "study is made where there is none; results that it has already are not told again. Parameters are\n"
    "matched by name, objectives by their order. Trials with values outside of [space] are named and left\n"
    "out. What a condition of [space] rules out is dropped.\n\n"
    "Without an INI file: prints what FILE says of the study's objectives and space, to begin one with.\n",
    options,
    1,
    -1,
    run,
    0
};
