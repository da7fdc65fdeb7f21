/* SPDX-License-Identifier: MIT */
/* reporter/dashboard: the report's page, live. One thread: requests, one after the other, and a look at the storage four times a second, less often where
 * that takes long; browsers hear by server-sent events that something changed, and ask for what they show. */
#include "dashboard.h"
#include "html.h"

#include "hone/instance.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    LOOK = 250,      /* milliseconds, */
    LEISURE = 20,    /* and so many times what a look takes */
    KEEP_ALIVE = 60, /* looks */
    BODY = 1 << 16
};

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

static hone_rc mix_note(void *ctx, const hone_note_record *note)
{
    uint64_t *hash = ctx, time;
    memcpy(&time, &note->time, sizeof time);
    *hash = dashboard_mix(dashboard_mix(*hash, (uint64_t)note->trial), time);
    return HONE_OK;
}

uint64_t study_signature(const hone_study_record *r)
{
    const uint64_t counts[] = { r->state, r->n_trials, r->n_complete, r->n_pruned, r->n_failed };
    uint64_t hash, updated;
    memcpy(&updated, &r->updated, sizeof updated);
    hash = updated;
    for (size_t i = 0; i < HONE_COUNT(counts); i++)
        hash = dashboard_mix(hash, counts[i]);
    return hash;
}

static uint64_t signature(const hone_view *view)
{
    uint64_t hash = view->n_studies;
    for (uint32_t i = 0; i < view->n_studies; i++) {
        hash = dashboard_mix(hash, study_signature(view->studies[i]->record));
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
    return give_page(s, connection, url);
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
    s.versions = 1000 * (uint64_t)time(NULL);
    snprintf(url, sizeof url, "http://%s/%s%s", s.address, serving->token ? "?token=" : "",
             serving->token ? serving->token : "");
    serving->ready(serving->ctx, url);
    for (int64_t next = milliseconds() + LOOK; !s.host->cancelled(s.host);) {
        if (MHD_run_wait(daemon, LOOK) != MHD_YES)
            break;
        const int64_t now = milliseconds();
        if (now < next) /* it returns for every request */
            continue;
        look(&s);
        const int64_t after = milliseconds(), leisure = LEISURE * (after - now);
        next = after + (leisure > LOOK ? leisure : LOOK);
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
