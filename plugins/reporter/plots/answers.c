/* SPDX-License-Identifier: MIT */
/* What the dashboard gives to those who ask: the page, and the JSON that its script asks for. */
#include "dashboard.h"

#include <stdlib.h>
#include <string.h>

enum MHD_Result give(struct MHD_Connection *connection, unsigned status, const char *type,
                     struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Frame-Options", "DENY");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result give_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    return give(connection, status, "text/plain; charset=utf-8",
                MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY));
}

struct memory {
    char *bytes;
    size_t n, capacity;
};

static int64_t memory_write(void *ctx, const void *bytes, uint64_t n)
{
    struct memory *m = ctx;
    if (n > m->capacity - m->n) {
        const size_t wanted = 2 * m->capacity + (size_t)n;
        char *more = realloc(m->bytes, wanted);
        if (!more)
            return -1;
        m->bytes = more;
        m->capacity = wanted;
    }
    memcpy(m->bytes + m->n, bytes, (size_t)n);
    m->n += (size_t)n;
    return (int64_t)n;
}

/* An answer that is composed as a whole before any of it is sent: nothing is read from the storage meanwhile. */
typedef hone_rc (*compose)(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err);

static enum MHD_Result give_composed(struct server *s, struct MHD_Connection *connection, const char *type,
                                     compose make)
{
    struct memory memory = { NULL, 0, 0 };
    const hone_ostream out = { &memory, memory_write };
    hone_error err = HONE_ERROR_INIT;
    struct emit *e = emit_open(&out);
    hone_rc rc = e ? make(s, connection, e, &err) : HONE_ENOMEM;
    if (e && emit_close(e, &err) != HONE_OK && rc == HONE_OK)
        rc = HONE_ENOMEM;
    if (rc == HONE_OK)
        return give(connection, MHD_HTTP_OK, type,
                    MHD_create_response_from_buffer(memory.n, memory.bytes, MHD_RESPMEM_MUST_FREE));
    free(memory.bytes);
    return give_text(connection, rc == HONE_EINVAL ? MHD_HTTP_NOT_FOUND : MHD_HTTP_INTERNAL_SERVER_ERROR,
                     err.msg[0] ? err.msg : "out of memory");
}

uint64_t argument(struct MHD_Connection *connection, const char *name)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return UINT64_MAX;
    const unsigned long long v = strtoull(text, &end, 10);
    return *end ? UINT64_MAX : v;
}

/* The study that the request names, with what has changed in it since. */
static hone_rc study_of(struct server *s, struct MHD_Connection *connection, hone_error *err)
{
    const uint64_t index = argument(connection, "study");
    if (index >= s->view->n_studies)
        return hone_fail(err, HONE_EINVAL, NULL, "there is no such study");
    s->study.err = err;
    study_forget_plots(&s->study); /* they were drawn */
    const uint64_t now = study_signature(s->view->studies[index]->record);
    hone_rc rc = HONE_WAIT;
    if (s->study.view && s->index == index)
        rc = s->read == now ? HONE_OK : study_follow(&s->study, ++s->versions, err);
    if (rc == HONE_WAIT) {
        study_release(&s->study);
        s->index = (uint32_t)index;
        rc = study_read(&s->study, s->view, s->index, err);
        s->study.version = s->study.base = ++s->versions;
    }
    s->read = now;
    if (rc != HONE_OK)
        study_release(&s->study);
    return rc;
}

static hone_rc compose_page(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    const uint64_t nonce = dashboard_mix(dashboard_mix(s->signature, s->beat), (uint64_t)(uintptr_t)connection);
    (void)err;
    page_head(e, s->view->storage, nonce);
    emit_format(e, "<script type=\"application/json\" id=\"data\">{\"live\":true,\"write\":%s,\"notes\":%s,\"token\":",
                s->serving->request ? "true" : "false", s->serving->note ? "true" : "false");
    emit_string(e, s->serving->token);
    emit_text(e, ",\"title\":");
    emit_string(e, s->view->storage);
    emit_text(e, ",\"kinds\":[");
    for (uint32_t i = 0; i < n_figure_kinds; i++) {
        emit_text(e, i ? ",{\"kind\":" : "{\"kind\":");
        emit_string(e, figure_kinds[i].name);
        emit_text(e, ",\"title\":");
        emit_string(e, figure_kinds[i].title);
        emit_text(e, "}");
    }
    emit_text(e, "]}</script>\n");
    page_tail(e, nonce);
    return HONE_OK;
}

static hone_rc compose_studies(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    static const char *const states[] = { "running", "finished", "stopped" };
    (void)connection;
    (void)err;
    for (uint32_t i = 0; i < s->view->n_studies; i++) {
        const hone_study_record *r = s->view->studies[i]->record;
        emit_text(e, i ? ",{\"name\":" : "[{\"name\":");
        emit_string(e, r->name);
        emit_format(
            e, ",\"state\":\"%s\",\"trials\":%llu,\"complete\":%llu,\"pruned\":%llu,\"failed\":%llu,\"updated\":%.0f}",
            r->state < HONE_COUNT(states) ? states[r->state] : "unknown", (unsigned long long)r->n_trials,
            (unsigned long long)r->n_complete, (unsigned long long)r->n_pruned, (unsigned long long)r->n_failed,
            r->updated);
    }
    emit_text(e, s->view->n_studies ? "]" : "[]");
    return HONE_OK;
}

static hone_rc compose_study(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    const uint64_t since = argument(connection, "since");
    const hone_rc rc = study_of(s, connection, err);
    const int known = since >= s->study.base && since <= s->study.version;
    return rc == HONE_OK ? page_study(e, &s->study, 0, known ? since : 0) : rc;
}

static hone_rc compose_figure(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    const char *kind = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "kind");
    const uint64_t objective = argument(connection, "objective");
    uint32_t k = 0;
    const hone_rc rc = study_of(s, connection, err);
    while (rc == HONE_OK && k < n_figure_kinds && (!kind || strcmp(figure_kinds[k].name, kind) != 0))
        k++;
    if (rc == HONE_OK && (k == n_figure_kinds || objective >= s->study.m))
        return hone_fail(err, HONE_EINVAL, NULL, "there is no such figure");
    return rc == HONE_OK ? page_figure(e, &s->study, k, (uint32_t)objective) : rc;
}

static hone_rc compose_trial(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    const uint64_t trial = argument(connection, "trial");
    const hone_rc rc = study_of(s, connection, err);
    if (rc == HONE_OK && trial > INT64_MAX)
        return hone_fail(err, HONE_EINVAL, NULL, "there is no such trial");
    return rc == HONE_OK ? page_trial(e, &s->study, trial) : rc;
}

enum MHD_Result give_page(struct server *s, struct MHD_Connection *connection, const char *url)
{
    static const struct {
        const char *url, *type;
        compose make;
    } pages[] = { { "/", "text/html; charset=utf-8", compose_page },
                  { "/api/studies", "application/json", compose_studies },
                  { "/api/study", "application/json", compose_study },
                  { "/api/figure", "application/json", compose_figure },
                  { "/api/trial", "application/json", compose_trial } };
    for (size_t i = 0; i < HONE_COUNT(pages); i++)
        if (!strcmp(url, pages[i].url))
            return give_composed(s, connection, pages[i].type, pages[i].make);
    return give_text(connection, MHD_HTTP_NOT_FOUND, "there is nothing here");
}
