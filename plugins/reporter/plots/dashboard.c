/* SPDX-License-Identifier: MIT */
/* reporter/dashboard: the report's page, live. One thread: requests, one after the other, and a look at the storage twice a second; browsers
 * hear by server-sent events that something changed, and ask for what they show. */
#include "html.h"

#include "hone/instance.h"
#include "page.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK = 500 /* milliseconds */, KEEP_ALIVE = 30 /* looks */, BODY = 1 << 16, FIGURES_KEPT = 256 };

struct stream { /* one browser that listens */
    struct stream *next;
    struct server *server;
    struct MHD_Connection *connection;
    uint64_t told;
    int asleep, ping; /* ping: something is to be sent, to find out whether anybody is there */
};
struct body {
    size_t n;
    char bytes[BODY + 1];
};
struct server {
    const hone_host *host;
    const hone_view *view;
    const hone_serving *serving;
    uint64_t changes, signature, beat; /* changes: counted, from 1 */
    struct stream *streams;
    struct study study; /* the last one asked for, as of `read` changes */
    uint32_t index;
    uint64_t read, figures;
    hone_error err;
    char address[80]; /* "127.0.0.1:8080", as browsers name it */
    uint16_t port;
};
struct dashboard {
    const hone_host *host;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, 0, sizeof(struct dashboard), self, err);
    if (rc == HONE_OK)
        ((struct dashboard *)*self)->host = host;
    return rc;
}

/* ---- what has changed ---- */

static uint64_t mix(uint64_t hash, uint64_t v)
{
    hash = (hash ^ v) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static hone_rc mix_note(void *ctx, const hone_note_record *note)
{
    uint64_t *hash = ctx, time;
    memcpy(&time, &note->time, sizeof time);
    *hash = mix(mix(*hash, (uint64_t)note->trial), time);
    return HONE_OK;
}

static uint64_t signature(const hone_view *view)
{
    uint64_t hash = view->n_studies;
    for (uint32_t i = 0; i < view->n_studies; i++) {
        const hone_study_record *r = view->studies[i]->record;
        uint64_t updated;
        memcpy(&updated, &r->updated, sizeof updated);
        hash = mix(mix(mix(mix(mix(mix(hash, r->state), r->n_trials), r->n_complete), r->n_pruned), r->n_failed),
                   updated);
        view->notes(view, i, HONE_ALL_TRIALS, &hash, mix_note, NULL);
    }
    return hash;
}

static void look(struct server *s)
{
    hone_error err = HONE_ERROR_INIT;
    if (s->serving->refresh(s->serving->ctx, &err) != HONE_OK) {
        if (strcmp(err.msg, s->err.msg) != 0) /* once */
            s->host->log(s->host, HONE_LOG_WARN, err.msg);
        s->err = err;
        return;
    }
    const uint64_t now = signature(s->view);
    s->changes += now != s->signature;
    s->signature = now;
    s->beat++;
    for (struct stream *stream = s->streams; stream; stream = stream->next)
        if (stream->asleep && (stream->told != s->changes || s->beat % KEEP_ALIVE == 0)) {
            stream->asleep = 0;
            stream->ping = stream->told == s->changes;
            MHD_resume_connection(stream->connection);
        }
}

/* ---- streams ---- */

static ssize_t stream_read(void *ctx, uint64_t position, char *buffer, size_t size)
{
    struct stream *stream = ctx;
    (void)position;
    if (stream->told != stream->server->changes) {
        stream->told = stream->server->changes;
        return snprintf(buffer, size, "data: %llu\n\n", (unsigned long long)stream->told);
    }
    if (stream->ping) {
        stream->ping = 0;
        return snprintf(buffer, size, ": here\n\n");
    }
    stream->asleep = 1;
    MHD_suspend_connection(stream->connection);
    return 0;
}

static void stream_free(void *ctx)
{
    struct stream *stream = ctx;
    struct stream **at = &stream->server->streams;
    while (*at && *at != stream)
        at = &(*at)->next;
    if (*at)
        *at = stream->next;
    free(stream);
}

/* ---- answers ---- */

static enum MHD_Result give(struct MHD_Connection *connection, unsigned status, const char *type,
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

static enum MHD_Result give_text(struct MHD_Connection *connection, unsigned status, const char *text)
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

static uint64_t argument(struct MHD_Connection *connection, const char *name)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
    char *end;
    if (!text || *text < '0' || *text > '9')
        return UINT64_MAX;
    const unsigned long long v = strtoull(text, &end, 10);
    return *end ? UINT64_MAX : v;
}

/* The study that the request names, read anew where something has changed. */
static hone_rc study_of(struct server *s, struct MHD_Connection *connection, hone_error *err)
{
    const uint64_t index = argument(connection, "study");
    if (index >= s->view->n_studies)
        return hone_fail(err, HONE_EINVAL, NULL, "there is no such study");
    s->study.err = err;
    if (s->study.view && s->index == index && s->read == s->changes && s->figures++ < FIGURES_KEPT)
        return HONE_OK;
    study_release(&s->study);
    s->index = (uint32_t)index;
    s->read = s->changes;
    s->figures = 0;
    const hone_rc rc = study_read(&s->study, s->view, s->index, err);
    if (rc != HONE_OK)
        study_release(&s->study);
    return rc;
}

static hone_rc compose_page(struct server *s, struct MHD_Connection *connection, struct emit *e, hone_error *err)
{
    const uint64_t nonce = mix(mix(s->signature, s->beat), (uint64_t)(uintptr_t)connection);
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
    const hone_rc rc = study_of(s, connection, err);
    return rc == HONE_OK ? page_study(e, &s->study, 0) : rc;
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

static enum MHD_Result give_stream(struct server *s, struct MHD_Connection *connection)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return MHD_NO;
    *stream = (struct stream){ s->streams, s, connection, 0, 0, 0 };
    s->streams = stream;
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 512, stream_read, stream,
                                                                      stream_free);
    if (!response)
        stream_free(stream);
    return give(connection, MHD_HTTP_OK, "text/event-stream", response);
}

/* The study that a change is asked for; UINT64_MAX: it is refused, *result is the answer. */
static uint64_t changeable(struct server *s, struct MHD_Connection *connection, int allowed, enum MHD_Result *result)
{
    const uint64_t study = argument(connection, "study");
    if (!allowed)
        *result = give_text(connection, MHD_HTTP_FORBIDDEN, "this dashboard only shows: hone serve --write");
    else if (!MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Hone")) /* no other page can send it */
        *result = give_text(connection, MHD_HTTP_FORBIDDEN, "the request does not come from the dashboard");
    else if (study >= s->view->n_studies)
        *result = give_text(connection, MHD_HTTP_NOT_FOUND, "there is no such study");
    else
        return study;
    return UINT64_MAX;
}

static enum MHD_Result change(struct server *s, struct MHD_Connection *connection, uint32_t what, const char *text)
{
    enum MHD_Result result;
    const uint64_t study = changeable(s, connection, s->serving->request != NULL, &result);
    hone_error err = HONE_ERROR_INIT;
    if (study == UINT64_MAX)
        return result;
    if (s->serving->request(s->serving->ctx, (uint32_t)study, what, text, &err) != HONE_OK)
        return give_text(connection, MHD_HTTP_CONFLICT, err.msg[0] ? err.msg : "out of memory");
    return give_text(connection, MHD_HTTP_OK,
                     what == HONE_REQUEST_STOP ? "the study ends in order" : "it is tried next");
}

/* Without a trial it is about the study. */
static enum MHD_Result write_note(struct server *s, struct MHD_Connection *connection, const char *text)
{
    enum MHD_Result result;
    const uint64_t study = changeable(s, connection, s->serving->note != NULL, &result),
                   trial = argument(connection, "trial");
    const int about_study = !MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "trial");
    hone_error err = HONE_ERROR_INIT;
    if (study == UINT64_MAX)
        return result;
    if (!about_study && trial > INT64_MAX)
        return give_text(connection, MHD_HTTP_NOT_FOUND, "there is no such trial");
    if (s->serving->note(s->serving->ctx, (uint32_t)study, about_study ? HONE_ALL_TRIALS : (int64_t)trial, text,
                         &err) != HONE_OK)
        return give_text(connection, MHD_HTTP_CONFLICT, err.msg[0] ? err.msg : "out of memory");
    look(s); /* browsers hear of it at once */
    return give_text(connection, MHD_HTTP_OK, *text ? "the note is kept" : "the note is gone");
}

/* ---- who may ask ---- */

/* The same time whatever the difference. */
static int same(const char *a, const char *b)
{
    size_t i = 0;
    unsigned different = strlen(a) != strlen(b);
    for (; a[i] && b[i]; i++)
        different |= (unsigned)(a[i] ^ b[i]);
    return !different;
}

/* Without a token only this machine may ask, and by its name: a page elsewhere whose name leads here may not. */
static const char *refuse(const struct server *s, struct MHD_Connection *connection)
{
    const char *token = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "token");
    const char *name = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
    char local[32];
    if (s->serving->token)
        return token && same(token, s->serving->token) ? NULL
                                                       : "the address lacks the token that hone serve has printed";
    snprintf(local, sizeof local, "localhost:%u", s->port);
    return name && (!strcmp(name, s->address) || !strcmp(name, local)) ? NULL : "ask by the address that was printed";
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state)
{
    static const struct {
        const char *url, *type;
        compose make;
    } pages[] = { { "/", "text/html; charset=utf-8", compose_page },
                  { "/api/studies", "application/json", compose_studies },
                  { "/api/study", "application/json", compose_study },
                  { "/api/figure", "application/json", compose_figure },
                  { "/api/trial", "application/json", compose_trial } };
    struct server *s = ctx;
    struct body *body = *state;
    const int post = !strcmp(method, "POST");
    (void)version;
    if (!body) {
        *state = calloc(1, post ? sizeof *body : offsetof(struct body, bytes) + 1);
        return *state ? MHD_YES : MHD_NO;
    }
    if (*upload_size) { /* what is too long is cut, and refused then */
        const size_t n = post ? (*upload_size < BODY - body->n ? *upload_size : BODY - body->n) : 0;
        memcpy(body->bytes + body->n, upload, n);
        body->n += n;
        *upload_size = 0;
        return MHD_YES;
    }
    const char *why = refuse(s, connection);
    if (why)
        return give_text(connection, MHD_HTTP_FORBIDDEN, why);
    if (post && body->n == BODY)
        return give_text(connection, MHD_HTTP_CONTENT_TOO_LARGE, "that is too long");
    if (post && !strcmp(url, "/api/stop"))
        return change(s, connection, HONE_REQUEST_STOP, "");
    if (post && !strcmp(url, "/api/point"))
        return change(s, connection, HONE_REQUEST_POINT, body->bytes);
    if (post && !strcmp(url, "/api/note"))
        return write_note(s, connection, body->bytes);
    if (strcmp(method, "GET") != 0)
        return give_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, or POST to /api/stop, /api/point, /api/note");
    if (!strcmp(url, "/api/events"))
        return give_stream(s, connection);
    for (size_t i = 0; i < HONE_COUNT(pages); i++)
        if (!strcmp(url, pages[i].url))
            return give_composed(s, connection, pages[i].type, pages[i].make);
    return give_text(connection, MHD_HTTP_NOT_FOUND, "there is nothing here");
}

static void over(void *ctx, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    free(*state);
    *state = NULL;
}

/* ---- running ---- */

static struct MHD_Daemon *listen_at(struct server *s, hone_error *err)
{
    struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)s->serving->port) };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)s->serving->port) };
    const int is_six = strchr(s->serving->address, ':') != NULL;
    if (inet_pton(is_six ? AF_INET6 : AF_INET, s->serving->address,
                  is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr) != 1) {
        hone_fail(err, HONE_EINVAL, NULL, "'%s' is no address", s->serving->address);
        return NULL;
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (is_six ? MHD_USE_IPv6 : MHD_NO_FLAG), (uint16_t)s->serving->port,
        NULL, NULL, answer, s, MHD_OPTION_SOCK_ADDR, is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four,
        MHD_OPTION_NOTIFY_COMPLETED, over, NULL, MHD_OPTION_CONNECTION_LIMIT, 256u, MHD_OPTION_END);
    const union MHD_DaemonInfo *info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!daemon)
        hone_fail(err, HONE_EIO, NULL, "cannot listen at %s port %u: is it in use? (--port 0 takes any)",
                  s->serving->address, s->serving->port);
    s->port = info ? info->port : (uint16_t)s->serving->port;
    snprintf(s->address, sizeof s->address, is_six ? "[%s]:%u" : "%s:%u", s->serving->address, s->port);
    return daemon;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static hone_rc serve(void *self, const hone_view *view, const hone_serving *serving, hone_error *err)
{
    struct dashboard *dashboard = self;
    struct server s = {
        .host = dashboard->host, .view = view, .serving = serving, .changes = 1, .err = HONE_ERROR_INIT
    };
    char url[160];
    struct MHD_Daemon *daemon = listen_at(&s, err);
    if (!daemon)
        return err ? err->code : HONE_EIO;
    s.signature = signature(view);
    snprintf(url, sizeof url, "http://%s/%s%s", s.address, serving->token ? "?token=" : "",
             serving->token ? serving->token : "");
    serving->ready(serving->ctx, url);
    for (int64_t last = milliseconds(); !s.host->cancelled(s.host);) {
        if (MHD_run_wait(daemon, LOOK) != MHD_YES)
            break;
        if (milliseconds() - last < LOOK) /* it returns for every request */
            continue;
        look(&s);
        last = milliseconds();
    }
    for (struct stream *stream = s.streams; stream; stream = stream->next)
        if (stream->asleep)
            MHD_resume_connection(stream->connection);
    MHD_stop_daemon(daemon);
    study_release(&s.study);
    return HONE_ECANCELED;
}

static const char documentation[] =
    "The page of reporter/html, live: `hone serve fashion.db`, then open the address that it prints. What is new in a "
    "study that runs is\n"
    "shown within two seconds. Only plots in sight are computed. Listens on this machine alone; with --address "
    "elsewhere every request\n"
    "has to name a token, which is part of the address printed. Nothing can be changed but with --write: then studies "
    "can be stopped\n"
    "and given points to try, and notes can be written about them and their trials.\n"
    "\n"
    "A click on a trial's number shows its curves, the decisions about it, the last 32 KiB of each text that it left "
    "(the "
    "output of a\n"
    "program), and, where it failed, why and what can be done.\n"
    "\n"
    "Studies are read in transactions of one statement each, and never locked. GET /api/studies, /api/study?study=0,\n"
    "/api/figure?study=0&objective=0&kind=history and /api/trial?study=0&trial=7 give JSON; /api/events tells of "
    "changes.\n";

static const hone_reporter_v1 iface = { .size = sizeof iface, .serve = serve };

const hone_component component_dashboard = {
    .size = sizeof(hone_component),
    .kind = HONE_KIND_REPORTER,
    .name = "dashboard",
    .summary = "Serves the report's page, live.",
    .doc = documentation,
    .param_size = sizeof(hone_param),
    .iface = &iface,
    .create = create,
    .destroy = free,
};
