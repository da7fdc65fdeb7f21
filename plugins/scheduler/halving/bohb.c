/* SPDX-License-Identifier: MIT */
/* scheduler/bohb: hyperband whose points come from a model of the highest rung that has enough trials (Falkner, Klein and
 * Hutter 2018). The brackets are hyperband's, the model is another search, search/tpe unless told otherwise: what is here is
 * which of the results it hears. */
#include "composed.h"
#include "hone/history.h"
#include "hyperband.h"

struct settings {
    int64_t min_resource, max_resource, objective;
    double reduction_factor;
    uint32_t mode;
    const char *model;
    int64_t min_points;
    double random_fraction;
};

static const hone_param params[] = {
    LADDER_KEYS(struct settings),
    HYPERBAND_MODE_KEY(struct settings),
    HONE_STR(struct settings, model, "tpe", 0,
             "The search that proposes, by name; its settings are in [search.NAME]. One that counts trials before it "
             "begins (search/tpe: startup) should count no more than min_points + 2."),
    HONE_INT(struct settings, min_points, "0", 0, 1e9, 0, "trials",
             "A rung that two more than so many have come to has enough for the model. 0: one more than there are "
             "parameters, and 8 at least."),
    HONE_REAL(
        struct settings, random_fraction, "0.33333333333333333", 0, 1, 0, NULL,
        "Share of the trials that are drawn from the space, so that a model that errs does not spoil everything."),
};

enum { LEAST_POINTS = 8, MORE_POINTS = 2 /* than min_points: paper, algorithm 2, line 3 */ };
#define NO_LEVEL UINT32_MAX
struct bohb {
    struct hyperband hyperband; /* first */
    const struct settings *settings;
    const hone_host *host;
    uint64_t seed;
    hone_search_info info;
    hone_history history; /* everything told: a trial that went on has an outcome for each of its rungs */
    uint32_t *levels;     /* (history.capacity) of an outcome: index of its rung; NO_LEVEL: it counts at none */
    uint64_t levels_capacity, needed;
    uint64_t counts[MOST_RUNGS]; /* trials that came to each rung and did not fail */
    uint8_t *next_level;         /* (n_next) by trial: the lowest rung that it has not been counted at */
    uint64_t n_next, next_capacity;
    uint32_t level; /* that the model is of; NO_LEVEL: of none yet */
    hone_instance model;
    const hone_search_v1 *model_iface; /* NULL: this host opens none, the space has to do */
    uint64_t *proposed;                /* (n_proposed) trials that run at points of this model */
    uint64_t n_proposed, proposed_capacity;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct bohb *b = (struct bohb *)calloc(1, sizeof *b);
    if (!b)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the scheduler bohb");
    b->settings = (const struct settings *)info->config;
    b->host = host;
    b->seed = info->seed;
    b->level = NO_LEVEL;
    *self = b;
    return HONE_OK;
}

/* ---- the model ---- */

static hone_rc make_model(const struct bohb *b, hone_instance *instance, hone_error *err)
{
    return composed_open(b->host, "model", b->settings->model, b->seed, b->history.space, &b->info, instance, err);
}

static void destroy(void *self)
{
    struct bohb *b = (struct bohb *)self;
    if (!b)
        return;
    composed_close(b->host, &b->model);
    hyperband_release(&b->hyperband);
    hone_history_release(&b->history);
    free(b->levels);
    free(b->next_level);
    free(b->proposed);
    free(b);
}

/* Outcome i of the history as the model hears it: what a trial is worth at this rung is all that it was run for. */
static hone_rc teach(struct bohb *b, uint64_t i, hone_error *err)
{
    const hone_history *h = &b->history;
    const hone_outcome o = { sizeof o,
                             h->status[i] == HONE_FAILED ? HONE_FAILED : HONE_COMPLETE,
                             h->trial[i],
                             h->x + i * h->n_dims,
                             h->values + i * h->n_values,
                             h->constraints + i * h->n_constraints,
                             h->n_values,
                             h->n_constraints,
                             h->step[i],
                             NULL,
                             0,
                             NULL };
    return b->model_iface->tell(b->model.self, &o, err);
}

/* A model of another rung, with all that came to it so far. */
static hone_rc model_level(struct bohb *b, uint32_t level, hone_error *err)
{
    hone_instance before = b->model;
    hone_rc rc = HONE_OK;
    if (b->level != NO_LEVEL) { /* the first one was opened with the study, and has heard nothing */
        if ((rc = make_model(b, &b->model, err)) < 0) {
            composed_close(b->host, &b->model);
            b->model = before;
            return rc;
        }
        composed_close(b->host, &before);
    }
    b->level = level;
    b->n_proposed = 0;
    for (uint64_t i = 0; i < b->history.n && rc >= 0; i++)
        if (b->levels[i] == level)
            rc = teach(b, i, err);
    return rc < 0 ? rc : HONE_OK;
}

/* ---- the search ---- */

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct bohb *b = (struct bohb *)self;
    const int64_t asked = b->settings->min_points;
    const uint64_t usual = (uint64_t)space->n_dims + 1;
    hone_rc rc = hone_history_init(&b->history, space, info, err);
    if (rc != HONE_OK)
        return rc;
    b->info = *info;
    b->needed = (asked ? (uint64_t)asked : usual > LEAST_POINTS ? usual : LEAST_POINTS) + MORE_POINTS;
    if ((rc = make_model(b, &b->model, err)) == HONE_OK)
        b->model_iface = (const hone_search_v1 *)b->model.component->iface;
    return rc < 0 ? rc : HONE_OK;
}

/* Room for n elements, what is new zeroed. 0: out of memory. */
static int reserve(void **array, uint64_t *capacity, uint64_t n, size_t size)
{
    uint64_t wanted = *capacity ? *capacity : 64;
    void *more;
    while (wanted < n)
        wanted *= 2;
    if (n <= *capacity)
        return 1;
    if (!(more = realloc(*array, (size_t)wanted * size)))
        return 0;
    memset((char *)more + *capacity * size, 0, (size_t)(wanted - *capacity) * size);
    *array = more;
    *capacity = wanted;
    return 1;
}

static hone_rc no_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, "", "out of memory for the trials of the scheduler bohb");
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct bohb *b = (struct bohb *)self;
    hone_rng rng = hone_rng_at(b->seed, trial);
    const int by_model = hone_rng_uniform(&rng) >= b->settings->random_fraction && b->level != NO_LEVEL;
    hone_rc rc = HONE_OK;
    if (by_model) {
        if (!reserve((void **)&b->proposed, &b->proposed_capacity, b->n_proposed + 1, sizeof *b->proposed))
            return no_memory(err);
        if ((rc = b->model_iface->ask(b->model.self, trial, x, err)) < 0)
            return rc;
        if (rc == HONE_OK)
            b->proposed[b->n_proposed++] = trial;
    }
    if (!by_model || rc != HONE_OK) /* a model that knows no new point does not know what others try */
        hone_space_draw(b->history.space, &rng, x);
    return hone_history_propose(&b->history, trial, &rng, x, err);
}

/* The rung that an outcome belongs to, or NO_LEVEL: it came to none, or was counted there before. */
static uint32_t level_of(struct bohb *b, const hone_outcome *o)
{
    const struct rungs *r = &b->hyperband.halving.rungs;
    uint32_t level = b->hyperband.n_steps - 1; /* whatever is complete is the end of a training */
    if (!rungs_has(r, o->trial))
        return NO_LEVEL;
    if (o->status != HONE_COMPLETE) {
        level = hyperband_level(&b->hyperband, o->trial);
        if (o->status == HONE_PRUNED && !r->trials[o->trial].arrived)
            return NO_LEVEL;
    }
    if (level < b->next_level[o->trial])
        return NO_LEVEL;
    b->next_level[o->trial] = (uint8_t)(level + 1);
    return level;
}

/* The model takes back what it proposed for a trial of which it hears nothing. */
static hone_rc take_back(struct bohb *b, uint64_t trial, int told, hone_error *err)
{
    const hone_component *c = b->model.component;
    const hone_forget_v1 *forget = c && c->get_ext ? (const hone_forget_v1 *)c->get_ext(HONE_EXT_FORGET) : NULL;
    for (uint64_t i = 0; i < b->n_proposed; i++)
        if (b->proposed[i] == trial) {
            b->proposed[i] = b->proposed[--b->n_proposed];
            return told || !forget ? HONE_OK : forget->forget(b->model.self, trial, err);
        }
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *o, hone_error *err)
{
    struct bohb *b = (struct bohb *)self;
    uint32_t level;
    hone_rc rc = hone_history_tell(&b->history, o, err);
    if (rc != HONE_OK)
        return rc;
    const uint64_t i = b->history.n - 1;
    if (!reserve((void **)&b->levels, &b->levels_capacity, b->history.n, sizeof *b->levels) ||
        !reserve((void **)&b->next_level, &b->next_capacity, o->trial + 1, sizeof *b->next_level))
        return no_memory(err);
    b->levels[i] = level = level_of(b, o);
    const int heard = level != NO_LEVEL && level == b->level;
    if (heard)
        rc = teach(b, i, err);
    if (rc >= 0)
        rc = take_back(b, o->trial, heard, err);
    if (rc < 0 || level == NO_LEVEL || b->history.status[i] == HONE_FAILED)
        return rc < 0 ? rc : HONE_OK;
    b->counts[level]++;
    if (b->model_iface && b->counts[level] >= b->needed && (b->level == NO_LEVEL || level > b->level))
        return model_level(b, level, err);
    return HONE_OK;
}

static hone_rc open_study(void *self, const hone_scheduler_info *info, hone_error *err)
{
    struct bohb *b = (struct bohb *)self;
    const struct settings *s = b->settings;
    const struct ladder ladder = { s->min_resource, s->max_resource, s->objective, s->reduction_factor };
    return hyperband_open(&b->hyperband, &ladder, s->mode, 0, info, err);
}

static const void *get_ext(const char *id)
{
    static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
    return strcmp(id, HONE_KIND_SEARCH) ? NULL : &search;
}

static const char doc[] =
    "Hyperband decides how far each trial goes, and a model of what the trials came to proposes the next ones: it is "
    "strong early, by the cheap rungs, and late, by the model. It is scheduler and search in one: the study has no "
    "[search].\n\n"
    "## The model\n"
    "The results at different rungs are not comparable, so that the model hears those of one rung only: of the highest "
    "that min_points + 2 trials have come to, each with its value there, however far it went later. As soon as a "
    "higher "
    "rung has enough, a new model of that one takes over. A trial that fails counts as a bad one at the rung that it "
    "was to come to. The share `random_fraction` of the trials is drawn from the space all along.\n\n"
    "The model is search/tpe, whose defaults are those of the paper in what matters: the best 15 % are good, and "
    "the density is one over all parameters. `model` names another search.\n\n"
    "    [scheduler]\n"
    "    use = bohb\n"
    "    [search.tpe]\n"
    "    candidates = 64\n\n"
    "## Parallel trials\n"
    "Trials under way count as bad ones in the model that proposed them (search/tpe: constant_liar), until they come "
    "to their first rung; so parallel proposals keep apart. `mode = asynchronous` lets nobody wait at a rung.\n\n"
    "## Source\n"
    "Falkner, S., Klein, A. and Hutter, F. (2018). BOHB: robust and efficient hyperparameter optimization at scale. "
    "ICML, 1437-1446, algorithms 1 and 2.\n";

static const hone_scheduler_v1 scheduler = { sizeof scheduler, 0, open_study, hyperband_next, hyperband_report,
                                             hyperband_finish };
const hone_component bohb_component = {
    sizeof bohb_component,
    HONE_C_DETERMINISTIC | HONE_C_COMPOSES | HONE_C_PROPOSES,
    HONE_KIND_SCHEDULER,
    "bohb",
    "Hyperband with a model of the highest rung that proposes the points",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &scheduler,
    create,
    destroy,
    NULL,
    NULL,
    get_ext,
};
