/* SPDX-License-Identifier: MIT */
/* search/auto: picks a search for the study, and hands over to another where the history gets long.
 *
 * It knows other searches by their names and what they are good at; the host makes them (hone/compose.h). What it knows of
 * the study is the space, the number of objectives and how many outcomes there are: not the time, and not the budget, so
 * that a study that is extended or repeated takes the same decisions. */
#include "auto.h"

#include "hone/benchmark.h"
#include "hone/compose.h"
#include "hone/instance.h"

enum { MAGIC = 0x316f7475 /* "uto1" */, STATE_MOST = 1 << 30 };

struct settings {
    int64_t few_trials, most_parameters, long_history;
};

static const hone_param params[] = {
    HONE_INT(struct settings, few_trials, "150", 0, 1e9, 0, "outcomes",
             "Outcomes up to which a Gaussian process proposes: its cost grows with the cube of their number."),
    HONE_INT(struct settings, most_parameters, "20", 0, 1e6, 0, "parameters",
             "Most parameters of a space that a Gaussian process is used for."),
    HONE_INT(
        struct settings, long_history, "1000", 0, 1e12, 0, "outcomes",
        "Outcomes from which on a space of numbers belongs to an evolution strategy, several objectives to a genetic "
        "algorithm."),
};

struct auto_search {
    struct settings settings;
    const hone_host *host;
    const hone_compose_v1 *compose;     /* in a study */
    const hone_instances_v1 *instances; /* in a benchmark. Both NULL: this host opens nothing, the prior has to do */
    uint64_t seed;
    hone_search_info info;
    hone_history history;
    struct traits traits;
    uint32_t phase, announced;
    const char *name; /* of the search at work; NULL: none, the prior */
    hone_instance search;
    const hone_search_v1 *iface;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct auto_search), self, err);
    if (rc == HONE_OK) {
        struct auto_search *s = (struct auto_search *)*self;
        s->host = host;
        s->seed = info->seed;
        if (host && host->get_ext) {
            s->compose = (const hone_compose_v1 *)host->get_ext(host, HONE_EXT_COMPOSE);
            s->instances = (const hone_instances_v1 *)host->get_ext(host, HONE_EXT_INSTANCES);
        }
    }
    return rc;
}

/* HONE_ENOTSUP: there is none of that name, or it is not to be used. */
static hone_rc make(const struct auto_search *s, const char *name, hone_instance *instance, hone_error *err)
{
    hone_rc rc = HONE_ENOTSUP;
    memset(instance, 0, sizeof *instance);
    instance->size = sizeof *instance;
    if (s->compose)
        return s->compose->open(s->host, HONE_KIND_SEARCH, name, instance, err);
    if (s->instances)
        rc = s->instances->make(s->host, HONE_KIND_SEARCH, name, NULL, 0, hone_rng_derive(s->seed, 3), instance, err);
    return rc == HONE_OK || rc == HONE_ENOMEM ? rc : HONE_ENOTSUP;
}

static void unmake(const struct auto_search *s, hone_instance *instance)
{
    if (instance->self && s->compose)
        s->compose->close(s->host, instance);
    else if (instance->self && s->instances)
        s->instances->release(s->host, instance);
    memset(instance, 0, sizeof *instance);
}

static void close_search(struct auto_search *s)
{
    unmake(s, &s->search);
    s->iface = NULL;
    s->name = NULL;
}

static void destroy(void *self)
{
    struct auto_search *s = (struct auto_search *)self;
    if (!s)
        return;
    close_search(s);
    hone_history_release(&s->history);
    free(s);
}

/* ---- the search at work ---- */

static hone_rc tell_all(struct auto_search *s, hone_error *err)
{
    const hone_history *h = &s->history;
    hone_rc rc = HONE_OK;
    for (uint64_t i = 0; rc >= 0 && i < h->n; i++) {
        const hone_outcome o = { sizeof o,
                                 h->status[i],
                                 h->trial[i],
                                 h->x + i * h->n_dims,
                                 h->values + i * h->n_values,
                                 h->constraints + i * h->n_constraints,
                                 h->n_values,
                                 h->n_constraints,
                                 h->step[i],
                                 h->deviations ? h->deviations + i * h->n_values : NULL,
                                 h->repeats ? h->repeats[i] : 0,
                                 NULL };
        rc = s->iface->tell(s->search.self, &o, err);
    }
    return rc;
}

/* Puts the search of that name to work, with all outcomes so far. HONE_ENOTSUP: it is not there, or does not take the space;
 * the one before stays. */
static hone_rc open_search(struct auto_search *s, const char *name, hone_error *err)
{
    const hone_instance before = s->search;
    const hone_search_v1 *const iface_before = s->iface;
    hone_rc rc = make(s, name, &s->search, err);
    if (rc == HONE_OK) {
        s->iface = (const hone_search_v1 *)s->search.component->iface;
        rc = s->iface->open(s->search.self, s->history.space, &s->info, err);
        if (rc < 0 && rc != HONE_ENOMEM)
            rc = HONE_ENOTSUP;
        if (rc >= 0)
            rc = tell_all(s, err);
    }
    if (rc >= 0) {
        hone_instance old = before;
        unmake(s, &old);
        s->name = name;
        s->announced = 0;
        return HONE_OK;
    }
    unmake(s, &s->search);
    s->search = before;
    s->iface = iface_before;
    return rc;
}

/* Puts the best of those to work that the phase is good with; the one at work may be it. None: the prior has to do. */
static hone_rc open_phase(struct auto_search *s, uint32_t phase, hone_error *err)
{
    hone_rc rc = HONE_ENOTSUP;
    s->phase = phase;
    for (const char *const *name = rule_order(phase); rc == HONE_ENOTSUP && *name; name++) {
        hone_error why = HONE_ERROR_INIT;
        rc = s->name && !strcmp(s->name, *name) ? HONE_OK : open_search(s, *name, &why);
        if (rc < 0 && rc != HONE_ENOTSUP)
            return hone_fail(err, rc, why.param, "search '%s': %.200s", *name, why.msg);
    }
    return HONE_OK;
}

static void announce(struct auto_search *s)
{
    char line[256], what[128];
    if (s->announced)
        return;
    s->announced = 1;
    rule_describe(&s->traits, s->phase, what, sizeof what);
    if (s->history.n)
        snprintf(line, sizeof line, "auto hands over to %s after %llu outcomes: %s",
                 s->name ? s->name : "draws from the prior", (unsigned long long)s->history.n, what);
    else
        snprintf(line, sizeof line, "auto begins with %s: %s", s->name ? s->name : "draws from the prior", what);
    if (s->compose)
        s->compose->note(s->host, line);
    if (s->host && s->host->log)
        s->host->log(s->host, s->compose ? HONE_LOG_INFO : HONE_LOG_DEBUG, line);
}

static struct limits limits_of(const struct auto_search *s)
{
    const struct limits limits = { (uint64_t)s->settings.few_trials, (uint64_t)s->settings.most_parameters,
                                   (uint64_t)s->settings.long_history };
    return limits;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct auto_search *s = (struct auto_search *)self;
    const struct limits limits = limits_of(s);
    const hone_rc rc = hone_history_init(&s->history, space, info, err);
    if (rc != HONE_OK)
        return rc;
    s->info = *info;
    traits_of(&s->traits, space, info);
    return open_phase(s, rule_phase(&s->traits, &limits, 0), err);
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct auto_search *s = (struct auto_search *)self;
    const struct limits limits = limits_of(s);
    const uint32_t phase = rule_phase(&s->traits, &limits, s->history.n);
    hone_rng rng = hone_rng_at(s->seed, trial);
    hone_rc rc = HONE_OK;
    if (phase != s->phase && (rc = open_phase(s, phase, err)) < 0)
        return rc;
    announce(s);
    if (s->iface)
        rc = s->iface->ask(s->search.self, trial, x, err);
    else
        hone_space_draw(s->history.space, &rng, x);
    /* a search that came later does not know what was running before it */
    return rc == HONE_OK ? hone_history_propose(&s->history, trial, &rng, x, err) : rc;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct auto_search *s = (struct auto_search *)self;
    const hone_rc rc = hone_history_tell(&s->history, outcome, err);
    return rc == HONE_OK && s->iface ? s->iface->tell(s->search.self, outcome, err) : rc;
}

/* ---- state: the history, and the state of the search at work ---- */

struct buffer {
    unsigned char *bytes;
    uint64_t n, capacity, at;
};

static int64_t buffer_write(void *ctx, const void *data, uint64_t n)
{
    struct buffer *b = (struct buffer *)ctx;
    if (n > STATE_MOST - b->n)
        return -1;
    if (b->n + n > b->capacity) {
        const uint64_t capacity = 2 * (b->n + n) + 4096;
        void *more = realloc(b->bytes, (size_t)capacity);
        if (!more)
            return -1;
        b->bytes = (unsigned char *)more;
        b->capacity = capacity;
    }
    memcpy(b->bytes + b->n, data, (size_t)n);
    b->n += n;
    return (int64_t)n;
}

static int64_t buffer_read(void *ctx, void *data, uint64_t n)
{
    struct buffer *b = (struct buffer *)ctx;
    const uint64_t take = n < b->n - b->at ? n : b->n - b->at;
    memcpy(data, b->bytes + b->at, (size_t)take);
    b->at += take;
    return (int64_t)take;
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    struct auto_search *s = (struct auto_search *)self;
    const int stateful = s->iface && s->search.component->flags & HONE_C_STATEFUL;
    struct buffer inner = { NULL, 0, 0, 0 };
    const hone_ostream to = { &inner, buffer_write };
    char name[32] = "";
    hone_rc rc = HONE_OK;
    if (s->name)
        snprintf(name, sizeof name, "%s", s->name);
    if (stateful)
        rc = s->search.component->save(s->search.self, &to, err);
    const uint64_t head[] = { MAGIC, s->phase, s->announced, inner.n };
    if (rc == HONE_OK)
        rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_write(out, name, sizeof name, err);
    if (rc == HONE_OK)
        rc = hone_write(out, inner.bytes, inner.n, err);
    free(inner.bytes);
    return rc == HONE_OK ? hone_history_save(&s->history, out, err) : rc;
}

/* The search that a state names, without having heard anything. */
static hone_rc reopen(struct auto_search *s, uint32_t phase, const char *name, hone_error *err)
{
    const char *const *known = rule_order(phase);
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc = HONE_ENOTSUP;
    while (*known && strcmp(*known, name) != 0)
        known++;
    if (*known && (rc = make(s, *known, &s->search, &why)) == HONE_OK) {
        s->iface = (const hone_search_v1 *)s->search.component->iface;
        s->name = *known;
        rc = s->iface->open(s->search.self, s->history.space, &s->info, &why);
    }
    return rc >= 0 ? HONE_OK
                   : hone_fail(err, HONE_EINVAL, "", "the saved state is of search '%s', which cannot go on: %.150s",
                               name, why.msg[0] ? why.msg : "auto does not use it here");
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct auto_search *s = (struct auto_search *)self;
    struct buffer inner = { NULL, 0, 0, 0 };
    const hone_istream from = { &inner, buffer_read };
    uint64_t head[4] = { 0 };
    char name[32] = "";
    hone_rc rc;
    if (!s->history.space || s->history.n || s->history.n_running)
        return hone_fail(err, HONE_EINVAL, "",
                         "a state is loaded after the space is known and before anything is told");
    if ((rc = hone_read(in, head, sizeof head, err)) != HONE_OK ||
        (rc = hone_read(in, name, sizeof name, err)) != HONE_OK)
        return rc;
    if (head[0] != MAGIC || head[1] >= N_PHASES || head[2] > 1 || head[3] > STATE_MOST || name[sizeof name - 1])
        return hone_fail(err, HONE_EINVAL, "", "the saved state is not one of the search auto, or damaged");
    while (rc == HONE_OK && inner.n < head[3]) { /* no more memory than there are bytes */
        unsigned char piece[4096];
        const uint64_t n = head[3] - inner.n < sizeof piece ? head[3] - inner.n : sizeof piece;
        if ((rc = hone_read(in, piece, n, err)) == HONE_OK && buffer_write(&inner, piece, n) < 0)
            rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the saved state");
    }
    if (rc == HONE_OK)
        rc = hone_history_load(&s->history, in, err);
    if (rc == HONE_OK)
        rc = hone_read_end(in, err);
    if (rc == HONE_OK) /* made anew, so that it has heard nothing before its state, or else all outcomes */
        close_search(s);
    if (rc == HONE_OK && *name)
        rc = reopen(s, (uint32_t)head[1], name, err);
    s->phase = (uint32_t)head[1];
    if (rc == HONE_OK && s->iface && s->search.component->flags & HONE_C_STATEFUL)
        rc = s->search.component->load(s->search.self, &from, err);
    else if (rc == HONE_OK && s->iface)
        rc = tell_all(s, err);
    s->announced = (uint32_t)head[2];
    free(inner.bytes);
    return rc < 0 ? rc : HONE_OK;
}

static const char doc[] =
    "Chooses among the searches that are installed, and says which one it takes, and why, in the log and in the record "
    "of "
    "the study. The choice depends on the space, the objectives and the number of outcomes, never on time or budget, "
    "so "
    "that a study can be repeated and extended. At a handover the next search hears all outcomes so far.\n\n"
    "## Rule\n"
    "| space | outcomes | search |\n"
    "|---|---|---|\n"
    "| at most `most_parameters` | up to `few_trials` | gp, else tpe, forest, anneal |\n"
    "| the same, numbers only | later | cmaes, else tpe, forest, anneal |\n"
    "| more of them, numbers only | up to `long_history` | tpe, else forest, cmaes, anneal |\n"
    "| the same | later | cmaes, else tpe, forest, anneal |\n"
    "| with choices or conditions | where gp does not propose | tpe, else forest, anneal |\n"
    "| several objectives, at most `most_parameters` | up to `few_trials` | gp, else tpe, forest, nsga2 |\n"
    "| several objectives | up to `long_history` | tpe, else forest, nsga2 |\n"
    "| several objectives | later | nsga2, else tpe, forest |\n\n"
    "The first of a row that is installed, enabled and takes the space is used; the last resort of all rows is random. "
    "Ordinals count as numbers. That a Gaussian process comes first for choices and conditions too is measured: `hone "
    "bench "
    "search --search gp,tpe,forest --problem jenatton,gauss_wave2,counting_ones`.\n\n"
    "## Settings of the others\n"
    "A section `[search.gp]` sets keys of the search gp, where auto uses it; `enabled = no` in it keeps auto from "
    "it.\n";

/* What the search at work says; nothing is known while that one cannot say. */
static hone_rc bound(void *self, double *value, hone_error *err)
{
    const struct auto_search *s = (const struct auto_search *)self;
    const hone_component *at_work = s->search.component;
    const hone_regret_bound_v1 *extension = at_work && at_work->get_ext
                                                ? (const hone_regret_bound_v1 *)at_work->get_ext(HONE_EXT_REGRET_BOUND)
                                                : NULL;
    *value = HUGE_VAL;
    return extension ? extension->bound(s->search.self, value, err) : HONE_OK;
}

static const void *get_ext(const char *id)
{
    static const hone_regret_bound_v1 extension = { sizeof extension, 0, bound };
    return strcmp(id, HONE_EXT_REGRET_BOUND) ? NULL : &extension;
}

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component auto_search = {
    sizeof auto_search,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL | HONE_C_DEFAULT | HONE_C_COMPOSES,
    HONE_KIND_SEARCH,
    "auto",
    "Picks a search by the space and the number of outcomes, and hands over",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    save,
    load,
    get_ext,
};
HONE_MODULE("org.hone.search.auto", "0.1.0", "MIT", "the hone authors", "", &auto_search)
