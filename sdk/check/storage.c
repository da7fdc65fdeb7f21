/* SPDX-License-Identifier: MIT */
/* Cases for storage/1, in a directory that is empty at the start. */
#include "check.h"

#include <unistd.h>

struct store {
    struct instance in;
    hone_storage_v1 v;
};

static int location(struct check *c, const char *name, char *path, size_t n)
{
    char here[PATH_MAX];
    if (!getcwd(here, sizeof here))
        return check_fail(c, "no current directory");
    if ((size_t)snprintf(path, n, "%s/%s", here, name) >= n)
        return check_fail(c, "the path of the current directory is too long");
    return 0;
}

static int open_store(struct check *c, struct store *s, uint32_t mode, hone_rc *rc)
{
    char path[PATH_MAX + 16];
    memset(s, 0, sizeof *s);
    TRY(check_iface(c, &s->v, sizeof s->v));
    TRY(instance_create(c, &s->in, 1));
    TRY(location(c, "studies", path, sizeof path));
    CALL(c, "open", *rc = s->v.open(s->in.self, path, mode, &s->in.err));
    return check_error(c, "open", *rc, &s->in.err);
}

/* A storage that reads files of another program is asked for less. */
#define SKIP_READ_ONLY(c)                                                                     \
    do {                                                                                      \
        hone_storage_v1 only_;                                                                \
        TRY(check_iface(c, &only_, sizeof only_));                                            \
        if (only_.flags & HONE_STORAGE_READ_ONLY)                                             \
            return check_skip(c, "it reads files of another program, and never writes them"); \
    } while (0)

/* STORE(s, "begin", s.v.begin(...)) must succeed. */
#define STORE(s, what, expression)                                              \
    do {                                                                        \
        hone_rc store_rc_;                                                      \
        CALL((s).in.c, what, store_rc_ = (expression));                         \
        TRY(check_error((s).in.c, what, store_rc_, &(s).in.err));               \
        if (store_rc_ < 0)                                                      \
            return check_fail((s).in.c, "%s failed: %s", what, (s).in.err.msg); \
    } while (0)

/* ---- one study, written twice and read back ---- */
static const hone_value objectives[] = { { "validation.accuracy", 0, HONE_MAXIMIZE, 0 },
                                         { "time", 0, HONE_MINIMIZE, 0 } };
static const char *const constraints[] = { "model.parameters <= 500000" };
static const hone_parameter_record parameters[] = {
    { "optimizer.learning_rate", "0.012345678901234567", 0.012345678901234567 }, { "model.kind", "a \"b\"; 'c'", 2 }
};
static const double values[] = { 0.1, (double)NAN }, violations[] = { -3.5 };
static const hone_value metrics[] = { { "validation.accuracy", 0.1, HONE_MAXIMIZE, 0 },
                                      { "validation.loss", (double)NAN, HONE_MINIMIZE, 0 },
                                      { "validation.f1.macro", HUGE_VAL, HONE_MAXIMIZE, 0 } };

static hone_study_record study_record(const char *name, uint32_t state)
{
    const hone_study_record study = {
        .size = sizeof study,
        .state = state,
        .name = name,
        .seed = UINT64_MAX,
        .config = "[study]\nname = x ; \xc3\xbc\n",
        .sources = "study.name\tx.ini:2\n",
        .environment = "cpu=test\n",
        .n_objectives = 2,
        .n_constraints = 1,
        .objectives = objectives,
        .constraints = constraints,
        .created = 1700000000.25,
        .updated = 1700000001.5,
    };
    return study;
}

static hone_trial_record trial_record(uint64_t number, uint32_t state)
{
    const hone_trial_record trial = {
        .size = sizeof trial,
        .state = state,
        .number = number,
        .attempt = number % 2,
        .n_parameters = 2,
        .n_values = 2,
        .n_constraints = 1,
        .n_metrics = 3,
        .parameters = parameters,
        .values = values,
        .constraints = violations,
        .metrics = metrics,
        .step = 12,
        .best_step = 9,
        .started = 1700000000.125,
        .ended = state >= HONE_STATE_COMPLETE ? 1700000009.0 : 0,
        .worker = 1,
        .signal = state == HONE_STATE_FAILED ? 11 : 0,
        .component = state == HONE_STATE_FAILED ? "regularizer.dropout" : "",
        .message = state == HONE_STATE_FAILED ? "died of signal 11" : "",
    };
    return trial;
}

struct heard {
    struct check *c;
    unsigned studies, trials, reports, events, attachments;
    int64_t id, last_step, last_number; /* of this reading; -1: none yet */
    uint64_t next_sequence;
    char wrong[256];
};

#define WRONG(h, ...) (snprintf((h)->wrong, sizeof(h)->wrong, __VA_ARGS__), (hone_rc)7)

static int same_double(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static hone_rc hear_study(void *ctx, const hone_study_record *s)
{
    struct heard *h = (struct heard *)ctx;
    const hone_study_record want = study_record("b", HONE_STUDY_FINISHED);
    h->studies++;
    if (strcmp(s->name, "b") != 0)
        return HONE_OK;
    h->id = s->id;
    if (s->state != want.state || s->seed != want.seed || strcmp(s->config, want.config) != 0 ||
        strcmp(s->sources, want.sources) != 0 || strcmp(s->environment, want.environment) != 0 ||
        s->created != want.created || s->updated != want.updated)
        return WRONG(h, "the study comes back changed (state %u, seed %llu, created %.3f)", s->state,
                     (unsigned long long)s->seed, s->created);
    if (s->n_objectives != 2 || strcmp(s->objectives[1].name, "time") != 0 ||
        s->objectives[0].direction != HONE_MAXIMIZE || s->n_constraints != 1 ||
        strcmp(s->constraints[0], constraints[0]) != 0)
        return WRONG(h, "objectives or constraints of the study come back changed");
    if (s->n_trials != 4 || s->n_complete != 1 || s->n_failed != 1)
        return WRONG(h, "the study counts %llu trials, %llu complete, %llu failed; 4, 1 and 1 were written",
                     (unsigned long long)s->n_trials, (unsigned long long)s->n_complete,
                     (unsigned long long)s->n_failed);
    return HONE_OK;
}

static hone_rc hear_trial(void *ctx, const hone_trial_record *t)
{
    struct heard *h = (struct heard *)ctx;
    static const uint32_t states[] = { HONE_STATE_COMPLETE, HONE_STATE_FAILED, HONE_STATE_RUNNING, HONE_STATE_PRUNED };
    const hone_trial_record want = trial_record(t->number, states[t->number % 4]);
    h->trials++;
    if ((int64_t)t->number <= h->last_number)
        return WRONG(h, "trials do not come in the order of their numbers");
    h->last_number = (int64_t)t->number;
    if (t->state != want.state || t->attempt != want.attempt || t->step != 12 || t->best_step != 9 ||
        t->started != want.started || t->ended != want.ended || t->signal != want.signal ||
        strcmp(t->component, want.component) != 0 || strcmp(t->message, want.message) != 0)
        return WRONG(h, "trial %llu comes back changed", (unsigned long long)t->number);
    if (t->n_parameters != 2 || t->n_values != 2 || t->n_constraints != 1 || t->n_metrics != 3)
        return WRONG(h, "trial %llu has %u parameters, %u values, %u constraints, %u metrics",
                     (unsigned long long)t->number, t->n_parameters, t->n_values, t->n_constraints, t->n_metrics);
    for (uint32_t i = 0; i < 2; i++)
        if (strcmp(t->parameters[i].key, parameters[i].key) != 0 ||
            strcmp(t->parameters[i].text, parameters[i].text) != 0 || t->parameters[i].number != parameters[i].number ||
            !same_double(t->values[i], values[i]))
            return WRONG(h, "parameters or values of trial %llu come back changed", (unsigned long long)t->number);
    for (uint32_t i = 0; i < 3; i++) { /* by name: their order is not promised */
        int found = 0;
        for (uint32_t k = 0; k < 3; k++)
            found |= !strcmp(t->metrics[k].name, metrics[i].name) &&
                     same_double(t->metrics[k].value, metrics[i].value) &&
                     t->metrics[k].direction == metrics[i].direction;
        if (!found)
            return WRONG(h, "the metric %s = %g of trial %llu does not come back", metrics[i].name, metrics[i].value,
                         (unsigned long long)t->number);
    }
    return t->constraints[0] == violations[0] ? HONE_OK
                                              : WRONG(h, "the constraint comes back as %g", t->constraints[0]);
}

static hone_rc hear_report(void *ctx, const hone_report_record *r)
{
    struct heard *h = (struct heard *)ctx;
    h->reports++;
    if ((int64_t)r->trial < h->last_number || ((int64_t)r->trial == h->last_number && r->step <= h->last_step))
        return WRONG(h, "reports do not come in the order of trial and step");
    h->last_number = (int64_t)r->trial;
    h->last_step = r->step;
    if (r->n_values != 3 || r->verdict != (r->step == 5 ? HONE_STATE_PAUSED : 0u))
        return WRONG(h, "the report of step %lld comes back changed (%u values, verdict %u)", (long long)r->step,
                     r->n_values, r->verdict);
    return HONE_OK;
}

static hone_rc hear_event(void *ctx, const hone_event_record *e)
{
    struct heard *h = (struct heard *)ctx;
    h->events++;
    if (e->sequence != h->next_sequence++)
        return WRONG(h, "events come back with the sequence %llu", (unsigned long long)e->sequence);
    return e->what == HONE_EVENT_NOTE && (!e->text || strcmp(e->text, "a note") != 0)
               ? WRONG(h, "the text of an event is lost")
               : HONE_OK;
}

static hone_rc hear_attachment(void *ctx, const hone_attachment_record *a)
{
    struct heard *h = (struct heard *)ctx;
    h->attachments++;
    if (!strcmp(a->name, "confusion"))
        return a->text && !strcmp(a->text, "a,b\n1,2\n") && a->final == 1 && !a->path
                   ? HONE_OK
                   : WRONG(h, "the attached text comes back changed");
    return a->path && !strcmp(a->path, "/x/model.safetensors") ? HONE_OK
                                                               : WRONG(h, "the attached path comes back changed");
}

static int write_study(struct store *s, int64_t *id)
{
    static const uint32_t states[] = { HONE_STATE_COMPLETE, HONE_STATE_FAILED, HONE_STATE_RUNNING, HONE_STATE_PRUNED };
    struct check *c = s->in.c;
    hone_study_record study = study_record("b", HONE_STUDY_FINISHED), other = study_record("a", HONE_STUDY_RUNNING);
    int64_t again = -1;
    STORE(*s, "begin", s->v.begin(s->in.self, &s->in.err));
    STORE(*s, "put_study", s->v.put_study(s->in.self, &study, id, &s->in.err));
    STORE(*s, "put_study again", s->v.put_study(s->in.self, &study, &again, &s->in.err));
    if (again != *id)
        return check_fail(c, "the same study gets the ids %lld and %lld", (long long)*id, (long long)again);
    STORE(*s, "put_study", s->v.put_study(s->in.self, &other, &again, &s->in.err));
    for (int twice = 0; twice < 2; twice++) {
        for (uint64_t i = 4; i-- > 0;) {
            hone_trial_record trial = trial_record(i, twice ? states[i] : HONE_STATE_RUNNING);
            STORE(*s, "put_trial", s->v.put_trial(s->in.self, *id, &trial, &s->in.err));
            for (int64_t step = 1; step <= 5; step += 2) {
                const hone_report_record report = {
                    sizeof report, 3, i, i % 2, step, metrics, 1700000002.0, step == 5 ? HONE_STATE_PAUSED : 0u, 0
                };
                STORE(*s, "put_report", s->v.put_report(s->in.self, *id, &report, &s->in.err));
            }
        }
        for (uint64_t i = 0; i < 10; i++) {
            const hone_event_record event = {
                sizeof event, i == 9 ? HONE_EVENT_NOTE : HONE_EVENT_REPORT, i, i % 4, 3, 1, 0, i == 9 ? "a note" : NULL
            };
            STORE(*s, "put_event", s->v.put_event(s->in.self, *id, &event, &s->in.err));
        }
        const hone_attachment_record text = { sizeof text, 1, 0, "confusion", "text/csv", "a,b\n1,2\n", NULL };
        const hone_attachment_record path = { sizeof path,           0, 1, "model", "application/octet-stream", NULL,
                                              "/x/model.safetensors" };
        STORE(*s, "put_attachment", s->v.put_attachment(s->in.self, *id, &text, &s->in.err));
        STORE(*s, "put_attachment", s->v.put_attachment(s->in.self, *id, &path, &s->in.err));
    }
    STORE(*s, "commit", s->v.commit(s->in.self, &s->in.err));
    return 0;
}

static int read_study(struct store *s)
{
    struct check *c = s->in.c;
    struct heard h;
    memset(&h, 0, sizeof h);
    const hone_storage_visitor visitor = { &h, hear_study, hear_trial, hear_report, hear_event, hear_attachment };
    hone_rc rc;
#define VISIT(call, expression)              \
    h.last_number = -1;                      \
    CALL(c, call, rc = (expression));        \
    if (h.wrong[0])                          \
        return check_fail(c, "%s", h.wrong); \
    if (rc < 0)                              \
    return check_fail(c, "%s failed: %s", call, s->in.err.msg)
    VISIT("studies", s->v.studies(s->in.self, &visitor, &s->in.err));
    VISIT("trials", s->v.trials(s->in.self, h.id, HONE_ALL_TRIALS, &visitor, &s->in.err));
    VISIT("reports", s->v.reports(s->in.self, h.id, HONE_ALL_TRIALS, &visitor, &s->in.err));
    VISIT("events", s->v.events(s->in.self, h.id, &visitor, &s->in.err));
    VISIT("attachments", s->v.attachments(s->in.self, h.id, HONE_ALL_TRIALS, &visitor, &s->in.err));
    if (h.studies != 2 || h.trials != 4 || h.reports != 12 || h.events != 10 || h.attachments != 2)
        return check_fail(c, "wrote 2 studies, 4 trials, 12 reports, 10 events, 2 attachments; read %u, %u, %u, %u, %u",
                          h.studies, h.trials, h.reports, h.events, h.attachments);
    VISIT("trials (one)", s->v.trials(s->in.self, h.id, 2, &visitor, &s->in.err));
    if (h.trials != 5)
        return check_fail(c, "one trial was asked for, %u came", h.trials - 4);
    VISIT("reports (one)", s->v.reports(s->in.self, h.id, 2, &visitor, &s->in.err));
    return h.reports == 15 ? 0 : check_fail(c, "3 reports of one trial were asked for, %u came", h.reports - 12);
}

static int case_round_trip(struct check *c)
{
    static struct store s, reader;
    int64_t id = -1;
    hone_rc rc;
    SKIP_READ_ONLY(c);
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "open for writing in an empty directory failed: %s", s.in.err.msg);
    TRY(write_study(&s, &id));
    TRY(read_study(&s));
    STORE(s, "begin", s.v.begin(s.in.self, &s.in.err)); /* what is not committed is gone */
    const hone_trial_record trial = trial_record(9, HONE_STATE_COMPLETE);
    STORE(s, "put_trial", s.v.put_trial(s.in.self, id, &trial, &s.in.err));
    CALL(c, "rollback", s.v.rollback(s.in.self));
    TRY(read_study(&s));
    TRY(open_store(c, &reader, HONE_STORAGE_READ, &rc)); /* beside the writer */
    if (rc < 0)
        return check_fail(c, "open for reading beside the writer failed: %s", reader.in.err.msg);
    TRY(read_study(&reader));
    TRY(instance_destroy(&reader.in));
    TRY(instance_destroy(&s.in));
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc)); /* again, after all was closed */
    if (rc < 0)
        return check_fail(c, "cannot open again what it has written: %s", s.in.err.msg);
    TRY(read_study(&s));
    return instance_destroy(&s.in);
}

/* A commit survives a process that ends without a word; an open transaction leaves nothing. */
static int case_uncommitted(struct check *c)
{
    static struct store s;
    int64_t id = -1;
    hone_rc rc;
    SKIP_READ_ONLY(c);
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "open failed: %s", s.in.err.msg);
    TRY(write_study(&s, &id));
    STORE(s, "begin", s.v.begin(s.in.self, &s.in.err));
    const hone_trial_record trial = trial_record(9, HONE_STATE_COMPLETE);
    STORE(s, "put_trial", s.v.put_trial(s.in.self, id, &trial, &s.in.err));
    TRY(instance_destroy(&s.in)); /* destroyed in the middle */
    TRY(open_store(c, &s, HONE_STORAGE_READ, &rc));
    if (rc < 0)
        return check_fail(c, "open after an unfinished transaction failed: %s", s.in.err.msg);
    TRY(read_study(&s));
    return instance_destroy(&s.in);
}

static int refuses(struct check *c, const char *what, uint32_t mode)
{
    static struct store s;
    hone_rc rc;
    TRY(open_store(c, &s, mode, &rc));
    if (rc >= 0)
        return check_fail(c, "opens %s without complaint", what);
    return instance_destroy(&s.in);
}

static int case_missing(struct check *c)
{
    TRY(refuses(c, "for reading what is not there", HONE_STORAGE_READ));
    FILE *garbage = fopen("studies", "wb");
    if (!garbage)
        return check_fail(c, "cannot write a file");
    for (int i = 0; i < 5000; i++)
        fputc((int)hone_rng_below(&c->rng, 256), garbage);
    fclose(garbage);
    TRY(refuses(c, "a file of random bytes for reading", HONE_STORAGE_READ));
    return refuses(c, "a file of random bytes for writing", HONE_STORAGE_WRITE);
}

struct asked {
    uint32_t n;
    int64_t first, last;
    char text[32];
};

static hone_rc on_request(void *ctx, const hone_request_record *r)
{
    struct asked *a = ctx;
    if (!a->n++)
        a->first = r->id;
    a->last = r->id;
    snprintf(a->text, sizeof a->text, "%u %s", r->what, r->text);
    return HONE_OK;
}

/* Requests of a second process: come in order, go once dropped; and who runs a study is known to all. */
static int case_requests(struct check *c)
{
    static struct store s, other;
    const hone_request_record point = { sizeof point, HONE_REQUEST_POINT, 0, "x=1\ny=2" },
                              stop = { sizeof stop, HONE_REQUEST_STOP, 0, "" };
    struct asked asked = { 0, 0, 0, "" };
    int64_t id = -1, first = -1, second = -1, process = -1;
    hone_rc rc;
    SKIP_READ_ONLY(c);
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "open failed: %s", s.in.err.msg);
    if (!s.v.put_request && !s.v.drop_request && !s.v.requests && !s.v.runner)
        return check_skip(c, "it takes no requests");
    if (!s.v.put_request || !s.v.drop_request || !s.v.requests || !s.v.runner)
        return check_fail(c, "of the four functions for requests some are NULL");
    TRY(write_study(&s, &id));
    TRY(open_store(c, &other, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "a second open for writing failed: %s", other.in.err.msg);
    STORE(other, "begin", other.v.begin(other.in.self, &other.in.err));
    STORE(other, "put_request", other.v.put_request(other.in.self, id, &point, &first, &other.in.err));
    STORE(other, "put_request", other.v.put_request(other.in.self, id, &stop, &second, &other.in.err));
    STORE(other, "commit", other.v.commit(other.in.self, &other.in.err));
    STORE(s, "requests", s.v.requests(s.in.self, id, &asked, on_request, &s.in.err));
    if (asked.n != 2 || asked.first != first || asked.last != second || second <= first)
        return check_fail(c, "two requests were put, %u came, or in another order", asked.n);
    STORE(s, "begin", s.v.begin(s.in.self, &s.in.err));
    STORE(s, "drop_request", s.v.drop_request(s.in.self, id, second, &s.in.err));
    STORE(s, "drop_request", s.v.drop_request(s.in.self, id, second, &s.in.err));
    STORE(s, "commit", s.v.commit(s.in.self, &s.in.err));
    memset(&asked, 0, sizeof asked);
    STORE(other, "requests", other.v.requests(other.in.self, id, &asked, on_request, &other.in.err));
    if (asked.n != 1 || strcmp(asked.text, "2 x=1\ny=2") != 0)
        return check_fail(c, "after a drop %u requests came, the last '%s'", asked.n, asked.text);
    CALL(c, "runner", rc = other.v.runner(other.in.self, id, &process, &other.in.err));
    if (rc != HONE_OK)
        return check_fail(c, "runner gives %d for a study that nobody runs", rc);
    STORE(s, "lock", s.v.lock(s.in.self, id, &s.in.err));
    CALL(c, "runner", rc = other.v.runner(other.in.self, id, &process, &other.in.err));
    if (rc != HONE_WAIT)
        return check_fail(c, "runner gives %d for a study that is locked", rc);
    TRY(instance_destroy(&s.in));
    CALL(c, "runner", rc = other.v.runner(other.in.self, id, &process, &other.in.err));
    if (rc != HONE_OK)
        return check_fail(c, "runner gives %d for a study that nobody runs any more", rc);
    return instance_destroy(&other.in);
}

struct noted {
    uint32_t n;
    int64_t trials[4];
    char last[32];
};

static hone_rc on_note(void *ctx, const hone_note_record *note)
{
    struct noted *found = ctx;
    if (found->n < sizeof found->trials / sizeof *found->trials)
        found->trials[found->n] = note->trial;
    found->n++;
    snprintf(found->last, sizeof found->last, "%.0f %s", note->time, note->text);
    return HONE_OK;
}

/* Notes of a second process: one about a trial, one about the study; replaced, taken away, kept where the trial is put again. */
static int case_notes(struct check *c)
{
    static struct store s, other;
    struct noted noted = { 0, { 0 }, "" };
    int64_t id = -1;
    hone_rc rc;
    SKIP_READ_ONLY(c);
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "open failed: %s", s.in.err.msg);
    if (!s.v.put_note && !s.v.notes)
        return check_skip(c, "it keeps no notes");
    if (!s.v.put_note || !s.v.notes)
        return check_fail(c, "of the two functions for notes one is NULL");
    TRY(write_study(&s, &id));
    STORE(s, "lock", s.v.lock(s.in.self, id, &s.in.err));
    TRY(open_store(c, &other, HONE_STORAGE_WRITE, &rc));
    if (rc < 0)
        return check_fail(c, "a second open for writing failed: %s", other.in.err.msg);
    const hone_note_record put[] = { { sizeof put[0], 0, 2, "\xc3\xa9\nb", 1700000003.0 },
                                     { sizeof put[0], 0, 0, "first", 1700000003.0 },
                                     { sizeof put[0], 0, HONE_ALL_TRIALS, "of the study", 1700000004.0 },
                                     { sizeof put[0], 0, 0, "replaced", 1700000005.0 } };
    STORE(other, "begin", other.v.begin(other.in.self, &other.in.err));
    for (size_t i = 0; i < sizeof put / sizeof *put; i++)
        STORE(other, "put_note", other.v.put_note(other.in.self, id, &put[i], &other.in.err));
    STORE(other, "commit", other.v.commit(other.in.self, &other.in.err));
    STORE(s, "notes", s.v.notes(s.in.self, id, HONE_ALL_TRIALS, &noted, on_note, &s.in.err));
    if (noted.n != 3 || noted.trials[0] != HONE_ALL_TRIALS || noted.trials[1] != 0 || noted.trials[2] != 2)
        return check_fail(c, "notes about the study, trial 0 and trial 2 were put; %u came, or in another order",
                          noted.n);
    if (strcmp(noted.last, "1700000003 \xc3\xa9\nb") != 0)
        return check_fail(c, "a note comes back changed: '%s'", noted.last);
    STORE(s, "notes (one)", s.v.notes(s.in.self, id, 0, &noted, on_note, &s.in.err));
    if (noted.n != 4 || strcmp(noted.last, "1700000005 replaced") != 0)
        return check_fail(c, "the note of one trial was asked for: %u came, '%s'", noted.n - 3, noted.last);
    const hone_note_record gone = { sizeof gone, 0, 2, "", 1700000006.0 };
    const hone_trial_record again = trial_record(0, HONE_STATE_COMPLETE);
    STORE(s, "begin", s.v.begin(s.in.self, &s.in.err));
    STORE(s, "put_note", s.v.put_note(s.in.self, id, &gone, &s.in.err));
    STORE(s, "put_note", s.v.put_note(s.in.self, id, &gone, &s.in.err));
    STORE(s, "put_trial", s.v.put_trial(s.in.self, id, &again, &s.in.err));
    STORE(s, "commit", s.v.commit(s.in.self, &s.in.err));
    memset(&noted, 0, sizeof noted);
    STORE(other, "notes", other.v.notes(other.in.self, id, HONE_ALL_TRIALS, &noted, on_note, &other.in.err));
    if (noted.n != 2 || strcmp(noted.last, "1700000005 replaced") != 0)
        return check_fail(c, "after one was taken away %u notes came, the last '%s'", noted.n, noted.last);
    TRY(instance_destroy(&s.in));
    return instance_destroy(&other.in);
}

static int case_read_only(struct check *c)
{
    static struct store s;
    hone_storage_v1 storage;
    hone_rc rc;
    TRY(check_iface(c, &storage, sizeof storage));
    if (!(storage.flags & HONE_STORAGE_READ_ONLY))
        return check_skip(c, "it writes");
    TRY(open_store(c, &s, HONE_STORAGE_WRITE, &rc));
    if (rc != HONE_ENOTSUP)
        return check_fail(c, "open for writing gives %d, and not that it cannot be done (%d)", rc, HONE_ENOTSUP);
    if (access("studies", F_OK) == 0)
        return check_fail(c, "it made a file that it cannot write");
    TRY(instance_destroy(&s.in));
    FILE *text = fopen("studies", "wb");
    if (!text || fputs("[study]\nname = x\n", text) < 0 || fclose(text) != 0)
        return check_fail(c, "cannot write a file");
    TRY(open_store(c, &s, HONE_STORAGE_READ, &rc));
    if (rc != HONE_ENOTSUP)
        return check_fail(c, "open of an INI file gives %d, and not that it is of another program (%d)", rc,
                          HONE_ENOTSUP);
    return instance_destroy(&s.in);
}

const struct check_case storage_cases[] = {
    { "round_trip", HONE_KIND_STORAGE,
      "all records come back as written, twice written is once there, rollback forgets", case_round_trip },
    { "uncommitted", HONE_KIND_STORAGE, "an unfinished transaction leaves nothing", case_uncommitted },
    { "requests", HONE_KIND_STORAGE, "other processes leave requests, and see whether a study is being run",
      case_requests },
    { "notes", HONE_KIND_STORAGE, "one note about a trial, one about the study, replaced and taken away", case_notes },
    { "read_only", HONE_KIND_STORAGE, "a storage that cannot write says so, and which files are not for it",
      case_read_only },
    { "missing_or_broken", HONE_KIND_STORAGE, "a missing file and random bytes are refused", case_missing },
    { NULL, NULL, NULL, NULL },
};
