/* SPDX-License-Identifier: MIT */
/* search/gradient: descends along the derivatives that the objective reports, from points that another search proposes. This
 * file knows trials, descents and the other search; descent.c knows how a descent moves. */
#include "descent.h"

#include "hone/benchmark.h"
#include "hone/compose.h"
#include "hone/history.h"
#include "hone/instance.h"

struct settings {
    uint32_t method, first;
    const char *starts, *online;
    double step, most_step, least_step, growth, tolerance;
    int64_t descents, length, patience, online_trials;
};
static const char *const methods[] = { "rprop", "adam", NULL };
enum { FIRST_MIDDLE, FIRST_PROPOSED };
static const char *const firsts[] = { "middle", "proposed", NULL };

static const hone_param params[] = {
    HONE_ENUM(struct settings, method, "rprop", methods, 0,
              "rprop: a step of its own for every parameter, from the signs of its derivatives alone; adam: from their "
              "running mean and square."),
    HONE_STR(struct settings, starts, "sobol", 0,
             "The search that proposes where a descent begins, and with it everything that has no derivative: choices, "
             "integers. It hears all outcomes; its settings are in [search.NAME]."),
    HONE_ENUM(struct settings, first, "middle", firsts, 0,
              "Where the first descent begins in what has derivatives. middle: halfway through every range, on its own "
              "scale (of a normal one, its mean); proposed: where `starts` says, as all later ones."),
    HONE_STR(
        struct settings, online, "", 0,
        "A real parameter without derivative at whose upper end a trial moves its own coefficients while it runs "
        "(objective.hypergradient_rate), and at whose lower end it does not: the first `online_trials` of a descent "
        "are at the one, the others at the other. Empty: none."),
    HONE_INT(struct settings, online_trials, "1", 1, 1e9, 0, "trials",
             "Trials with which a descent begins, each where the one before it has moved itself to."),
    HONE_REAL(struct settings, step, "0.2", 0, 1, HONE_P_LO_OPEN, NULL,
              "First step, as a share of a parameter's range on its own scale."),
    HONE_REAL(struct settings, most_step, "0.5", 0, 1, HONE_P_LO_OPEN | HONE_P_ADVANCED, NULL,
              "Longest step that rprop may grow to."),
    HONE_REAL(struct settings, least_step, "1e-3", 0, 1, HONE_P_LO_OPEN, NULL,
              "A descent has come to its end once all its steps are shorter; the next one begins elsewhere."),
    HONE_REAL(
        struct settings, growth, "1.5", 1, 4, HONE_P_ADVANCED, NULL,
        "What rprop multiplies a step by while the sign of its derivative stays. Where steps are cheap, 1.2 is usual; "
        "with tens of trials a range of decades has to be crossed in some of them."),
    HONE_INT(struct settings, descents, "1", 1, 1024, 0, NULL,
             "Descents side by side. Each waits for its own outcome, so that more workers than these stand idle."),
    HONE_INT(struct settings, length, "0", 0, 1e9, 0, "trials",
             "A descent ends after so many outcomes, for `starts` to propose again; 0: when it has settled."),
    HONE_INT(struct settings, patience, "10", 1, 1e9, HONE_P_ADVANCED, "trials",
             "Outcomes without a better one, after which a descent returns to its best point with half its steps."),
    HONE_REAL(struct settings, tolerance, "0.25", 0, HUGE_VAL, HONE_P_ADVANCED, NULL,
              "Share of what a descent has gained since it began that one outcome may lose again; one that loses more "
              "went too far, and the descent returns in the same way."),
};

struct run { /* a descent, and its trial */
    struct descent descent;
    double *x; /* (n_dims) of the start: what does not move */
    uint64_t trial;
    int pending, begun; /* begun: descent.u is the next point to try */
};
struct gradient {
    struct settings settings;
    const hone_host *host;
    const hone_compose_v1 *compose;     /* in a study */
    const hone_instances_v1 *instances; /* in a benchmark. Both NULL: this host opens nothing, the prior has to do */
    uint64_t seed;
    const hone_space *space;
    uint8_t *moves;  /* (n_dims) 1: there is a derivative to go by */
    uint32_t online; /* the dimension that lets a trial move itself; n_dims: none */
    struct rule rule;
    struct run *runs; /* (settings.descents) */
    double *scratch;  /* (n_dims) */
    hone_instance other;
    const hone_search_v1 *other_iface; /* NULL: none */
    /* The best outcome of a trial that nobody here asked for, where a descent may go on: the user's points. */
    double *given_u, *given_gradient, given_value; /* (n_dims); HUGE_VAL: none */
    double *given_x;
    double *middle;    /* (n_dims), scratch */
    uint64_t n_starts; /* proposed so far */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct gradient), self, err);
    if (rc == HONE_OK) {
        struct gradient *s = (struct gradient *)*self;
        s->host = host;
        s->seed = info->seed;
        s->given_value = HUGE_VAL;
        if (host && host->get_ext) {
            s->compose = (const hone_compose_v1 *)host->get_ext(host, HONE_EXT_COMPOSE);
            s->instances = (const hone_instances_v1 *)host->get_ext(host, HONE_EXT_INSTANCES);
        }
    }
    return rc;
}

static void destroy(void *self)
{
    struct gradient *s = (struct gradient *)self;
    if (!s)
        return;
    if (s->other.self && s->compose)
        s->compose->close(s->host, &s->other);
    else if (s->other.self && s->instances)
        s->instances->release(s->host, &s->other);
    for (int64_t i = 0; s->runs && i < s->settings.descents; i++) {
        descent_release(&s->runs[i].descent);
        free(s->runs[i].x);
    }
    free(s->runs);
    free(s->moves);
    free(s->scratch);
    free(s);
}

/* ---- the space ---- */

static int is_free(const hone_dim *d)
{
    return hone_dim_count(d) != 1;
}

/* Which parameters move; refuses a study in which none does. */
static hone_rc choose_moves(struct gradient *s, const hone_search_info *info, hone_error *err)
{
    const uint8_t *promised = info->size >= offsetof(hone_search_info, derivatives) + sizeof info->derivatives
                                  ? info->derivatives
                                  : NULL;
    uint32_t n = 0;
    if (info->n_values != 1)
        return hone_fail(err, HONE_ENOTSUP, "", "descends along the derivatives of one objective, the study has %u",
                         info->n_values);
    if (!promised)
        return hone_fail(err, HONE_EINVAL, "",
                         "the objective reports no derivatives of what the study asks for: switch them on there, or "
                         "name what they are of in [study] objectives");
    for (uint32_t i = 0; i < s->space->n_dims; i++) {
        const hone_dim *d = s->space->dims[i];
        s->moves[i] = d->type == HONE_DIM_REAL && !(d->step > 0) && is_free(d) && promised[i];
        n += s->moves[i];
    }
    return n ? HONE_OK
             : hone_fail(err, HONE_EINVAL, "",
                         "no real parameter of the space has a derivative, so that there is nothing to descend along");
}

/* The dimension of `online`. */
static hone_rc choose_online(struct gradient *s, hone_error *err)
{
    const char *const key = s->settings.online;
    const uint32_t n = s->space->n_dims;
    for (s->online = 0; s->online < n && strcmp(s->space->dims[s->online]->key, key) != 0;)
        s->online++;
    if (!*key)
        return HONE_OK;
    if (s->online == n)
        return hone_fail(err, HONE_EINVAL, "online", "online = %.80s is no parameter of [space]: give it a range there",
                         key);
    const hone_dim *d = s->space->dims[s->online];
    if ((d->type != HONE_DIM_REAL && d->type != HONE_DIM_INT) || d->flags & HONE_DIM_NORMAL || s->moves[s->online])
        return hone_fail(err, HONE_EINVAL, "online",
                         "online = %.80s has to be a number with a lower and an upper end, and without derivative",
                         key);
    return HONE_OK;
}

/* "search/gradient moves 11 parameters; sobol proposes dataset.fraction, model.width" */
static void tell_moves(const struct gradient *s)
{
    char line[512];
    size_t used;
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->space->n_dims; i++)
        n += s->moves[i];
    used = (size_t)snprintf(line, sizeof line, "gradient descends along %u of %u parameters; %.40s proposes ", n,
                            s->space->n_dims, s->other_iface ? s->settings.starts : "the prior");
    const size_t from = used;
    for (uint32_t i = 0; i < s->space->n_dims && used < sizeof line; i++)
        if (!s->moves[i] && is_free(s->space->dims[i]))
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%s", used > from ? ", " : "",
                                     s->space->dims[i]->key);
    if (used == from)
        snprintf(line + used, sizeof line - used, "where it begins");
    if (s->compose)
        s->compose->note(s->host, line);
}

static hone_rc open_other(struct gradient *s, const hone_search_info *info, hone_error *err)
{
    hone_rc rc = HONE_OK;
    s->other.size = sizeof s->other;
    if (!*s->settings.starts)
        return hone_fail(err, HONE_EINVAL, "starts", "starts names no search: sobol, random, tpe, ...");
    if (s->compose)
        rc = s->compose->open(s->host, HONE_KIND_SEARCH, s->settings.starts, &s->other, err);
    else if (s->instances)
        rc = s->instances->make(s->host, HONE_KIND_SEARCH, s->settings.starts, NULL, 0, hone_rng_derive(s->seed, 3),
                                &s->other, err);
    if (rc < 0 && err && !err->param[0])
        snprintf(err->param, sizeof err->param, "starts");
    if (rc < 0 || !s->other.self)
        return rc;
    s->other_iface = (const hone_search_v1 *)s->other.component->iface;
    return s->other_iface->open(s->other.self, s->space, info, err);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct gradient *s = (struct gradient *)self;
    const uint32_t n = space->n_dims;
    hone_rc rc;
    s->space = space;
    s->rule = (struct rule){ .method = s->settings.method,
                             .first_step = s->settings.step,
                             .most_step = s->settings.most_step,
                             .least_step = s->settings.least_step,
                             .growth = s->settings.growth,
                             .patience = s->settings.patience,
                             .tolerance = s->settings.tolerance };
    if (s->rule.first_step > s->rule.most_step)
        return hone_fail(err, HONE_EINVAL, "step", "step = %g is above most_step = %g", s->settings.step,
                         s->settings.most_step);
    s->moves = (uint8_t *)calloc(n + 1, sizeof *s->moves);
    s->scratch = (double *)calloc(5 * (size_t)n + 1, sizeof *s->scratch);
    s->runs = (struct run *)calloc((size_t)s->settings.descents, sizeof *s->runs);
    if (!s->moves || !s->scratch || !s->runs)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for %lld descents", (long long)s->settings.descents);
    s->given_u = s->scratch + n;
    s->given_gradient = s->given_u + n;
    s->given_x = s->given_gradient + n;
    s->middle = s->given_x + n;
    for (int64_t i = 0; i < s->settings.descents; i++) {
        if ((rc = descent_init(&s->runs[i].descent, n, err)) < 0)
            return rc;
        if (!(s->runs[i].x = (double *)calloc(n + 1, sizeof(double))))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for a descent in %u parameters", n);
    }
    if ((rc = choose_moves(s, info, err)) < 0 || (rc = choose_online(s, err)) < 0 ||
        (rc = open_other(s, info, err)) < 0)
        return rc;
    tell_moves(s);
    return HONE_OK;
}

/* ---- scales ---- */

/* Unbounded dimensions have no place for quantiles 0 and 1. */
static double from_unit(const hone_dim *d, double u)
{
    const double margin = d->flags & HONE_DIM_NORMAL ? 1e-6 : 0;
    return hone_dim_from_unit(d, u < margin ? margin : u > 1 - margin ? 1 - margin : u);
}

/* dx / du at u of the dimension's scale. */
static double slope_at(const hone_dim *d, double u, double x)
{
    const double h = 1e-5;
    if (d->flags & HONE_DIM_NORMAL) {
        u = u < 2 * h ? 2 * h : u > 1 - 2 * h ? 1 - 2 * h : u;
        return (hone_dim_from_unit(d, u + h) - hone_dim_from_unit(d, u - h)) / (2 * h);
    }
    return d->flags & HONE_DIM_LOG ? x * (log(d->max) - log(d->min)) : d->max - d->min;
}

/* Where dimension i stood when the trial ended, which may have moved it; inside the space, which may be less wide than what the
 * objective allows. */
static double came_to(const struct gradient *s, const hone_outcome *o, uint32_t i)
{
    const double *tuned = o->size >= offsetof(hone_outcome, tuned) + sizeof o->tuned ? o->tuned : NULL;
    const hone_dim *d = s->space->dims[i];
    return !tuned || isnan(tuned[i]) || !s->moves[i] ? o->x[i]
           : d->flags & HONE_DIM_NORMAL              ? tuned[i]
                                                     : fmin(fmax(tuned[i], d->min), d->max);
}

/* Derivatives along the unit cube, NaN where nothing moves. 0: the objective left one out, of dimension *missing. */
static int unit_gradient(const struct gradient *s, const hone_outcome *o, double *gradient, uint32_t *missing)
{
    const double *told = o->size >= offsetof(hone_outcome, gradient) + sizeof o->gradient ? o->gradient : NULL;
    for (uint32_t i = 0; i < s->space->n_dims; i++) {
        const hone_dim *d = s->space->dims[i];
        const double x = came_to(s, o, i);
        gradient[i] = (double)NAN;
        if (!s->moves[i] || isnan(x))
            continue;
        if (!told || isnan(told[i])) {
            *missing = i;
            return 0;
        }
        gradient[i] = told[i] * slope_at(d, hone_dim_to_unit(d, x), x);
    }
    return 1;
}

/* The units of what the trial has moved: where a descent goes on. */
static void go_on_from(const struct gradient *s, const hone_outcome *o, double *u)
{
    for (uint32_t i = 0; i < s->space->n_dims; i++) {
        const double x = came_to(s, o, i);
        if (!isnan(x) && x != o->x[i])
            u[i] = hone_dim_to_unit(s->space->dims[i], x);
    }
}

/* Whether the trial was asked to move itself. */
static int is_online(const struct gradient *s, const hone_outcome *o)
{
    return s->online < s->space->n_dims && o->x[s->online] > s->space->dims[s->online]->min;
}

/* ---- ask ---- */

/* The descent's point between where it was and where it wants to be: the farthest that the relations allow. */
static void place(const struct gradient *s, struct run *r, double *x)
{
    struct descent *d = &r->descent;
    double share = 1;
    for (int tries = 0; tries < 30; tries++, share /= 2) {
        for (uint32_t i = 0; i < d->n; i++) {
            const double from = d->u[i] - d->moved[i];
            x[i] = r->x[i];
            if (s->moves[i] && !isnan(r->x[i]))
                x[i] = from_unit(s->space->dims[i], share < 1 ? from + share * d->moved[i] : d->u[i]);
        }
        if (hone_space_allowed(s->space, x))
            break;
    }
    if (!hone_space_allowed(s->space, x))
        memcpy(x, r->x, d->n * sizeof *x);
    for (uint32_t i = 0; i < d->n && share < 1; i++)
        if (s->moves[i] && !isnan(x[i])) {
            const double from = d->u[i] - d->moved[i];
            d->u[i] = hone_dim_to_unit(s->space->dims[i], x[i]);
            d->moved[i] = d->u[i] - from;
        }
}

/* The units of the start in scratch, and its point, unless a relation forbids. */
static void move_to_middle(struct gradient *s, struct run *r)
{
    const uint32_t n = s->space->n_dims;
    double *x = s->middle;
    memcpy(x, r->x, n * sizeof *x);
    for (uint32_t i = 0; i < n; i++)
        if (s->moves[i] && !isnan(x[i]))
            x[i] = from_unit(s->space->dims[i], 0.5);
    if (!hone_space_allowed(s->space, x))
        return;
    memcpy(r->x, x, n * sizeof *x);
    hone_space_to_units(s->space, x, s->scratch);
}

static hone_rc start(struct gradient *s, struct run *r, uint64_t trial, hone_error *err)
{
    hone_rc rc = HONE_OK;
    if (s->given_value < HUGE_VAL) { /* goes on from what is known already */
        memcpy(r->x, s->given_x, r->descent.n * sizeof *r->x);
        descent_begin(&r->descent, &s->rule, s->given_u);
        r->begun = descent_hear(&r->descent, &s->rule, s->given_value, s->given_gradient);
        s->given_value = HUGE_VAL;
        if (r->begun)
            return HONE_OK;
    }
    if (s->other_iface) {
        rc = s->other_iface->ask(s->other.self, trial, r->x, err);
    } else {
        hone_rng rng = hone_rng_at(s->seed, trial);
        hone_space_draw(s->space, &rng, r->x);
        for (int tries = 0; !hone_space_allowed(s->space, r->x); tries++) {
            if (tries == 10000)
                return hone_fail(err, HONE_EFAIL, "", "no point in %d random ones keeps the relations", tries);
            hone_space_draw(s->space, &rng, r->x);
        }
    }
    if (rc != HONE_OK)
        return rc;
    hone_space_to_units(s->space, r->x, s->scratch);
    if (!s->n_starts++ && s->settings.first == FIRST_MIDDLE)
        move_to_middle(s, r);
    descent_begin(&r->descent, &s->rule, s->scratch);
    r->begun = 1;
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct gradient *s = (struct gradient *)self;
    struct run *r = NULL;
    for (int64_t i = 0; i < s->settings.descents && !r; i++)
        if (!s->runs[i].pending)
            r = &s->runs[i];
    if (!r)
        return HONE_WAIT;
    if (!r->begun) {
        const hone_rc rc = start(s, r, trial, err);
        if (rc != HONE_OK)
            return rc;
    }
    if (s->online < s->space->n_dims && !isnan(r->x[s->online]))
        r->x[s->online] = r->descent.heard < (uint64_t)s->settings.online_trials ? s->space->dims[s->online]->max
                                                                                 : s->space->dims[s->online]->min;
    if (r->descent.heard)
        place(s, r, x);
    else
        memcpy(x, r->x, r->descent.n * sizeof *x);
    r->trial = trial;
    r->pending = 1;
    return HONE_OK;
}

/* ---- tell ---- */

static void keep_given(struct gradient *s, const hone_outcome *o, const double *gradient)
{
    const size_t bytes = s->space->n_dims * sizeof *o->x;
    if (!(o->values[0] < s->given_value) || !isfinite(o->values[0]))
        return;
    s->given_value = o->values[0];
    memcpy(s->given_x, o->x, bytes);
    memcpy(s->given_gradient, gradient, bytes);
    hone_space_to_units(s->space, o->x, s->given_u);
    go_on_from(s, o, s->given_u);
}

static hone_rc tell_other(const struct gradient *s, const hone_outcome *outcome, hone_error *err)
{
    return s->other_iface ? s->other_iface->tell(s->other.self, outcome, err) : HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct gradient *s = (struct gradient *)self;
    struct run *r = NULL;
    uint32_t missing = 0;
    const hone_rc rc = tell_other(s, outcome, err);
    if (rc < 0)
        return rc;
    for (int64_t i = 0; i < s->settings.descents; i++)
        if (s->runs[i].pending && s->runs[i].trial == outcome->trial)
            r = &s->runs[i];
    const int known = outcome->status == HONE_COMPLETE && isfinite(outcome->values[0]);
    const int complete = known && unit_gradient(s, outcome, s->scratch, &missing);
    if (known && !complete && r)
        return hone_fail(err, HONE_EINVAL, "",
                         "trial %llu came without the derivative with respect to %.80s, which the objective promised",
                         (unsigned long long)outcome->trial, s->space->dims[missing]->key);
    if (!r) {
        if (complete)
            keep_given(s, outcome, s->scratch);
        return HONE_OK;
    }
    r->pending = 0;
    if (complete)
        go_on_from(s, outcome, r->descent.u);
    r->begun = is_online(s, outcome)
                   ? descent_arrive(&r->descent, &s->rule, outcome->values[0], complete ? s->scratch : NULL,
                                    r->descent.heard + 1 >= (uint64_t)s->settings.online_trials)
                   : descent_hear(&r->descent, &s->rule, outcome->values[0], complete ? s->scratch : NULL);
    if (s->settings.length && r->descent.heard >= (uint64_t)s->settings.length)
        r->begun = 0;
    return HONE_OK;
}

static const char doc[] =
    "Descends along the derivatives of the objective with respect to the parameters, which the objective has to "
    "report: "
    "objective/train does with `hypergradient`, objective/function with `derivatives`. With one derivative for every "
    "parameter a trial says more than its value does, so that tens of coefficients (a weight decay for every layer) "
    "can be tuned in tens of trials.\n\n"
    "## Moves\n"
    "On each parameter's own scale (log where it is log), inside its range. `rprop` gives every parameter a step of "
    "its "
    "own, which grows by `growth` while the sign of the derivative stays and halves when it changes. `adam` moves by "
    "the "
    "ratio of the running mean and "
    "deviation of the derivatives, times `step`. After `patience` outcomes without a better one, after one that loses "
    "more than the share `tolerance` of all that was gained, and where a trial "
    "fails or is pruned, a descent returns to its best point with half its steps.\n\n"
    "A descent ends when no step is as long as `least_step` any more, or all that is left are derivatives that point "
    "out of the space; or after `length` outcomes. The first one begins in the middle of the ranges (`first`), the "
    "next ones where `starts` proposes. Points that others "
    "chose (`hone run --enqueue`) are taken as beginnings first.\n\n"
    "## Trials that move themselves\n"
    "An objective may move its own coefficients while a trial runs (objective/train: `hypergradient_tunes`). One such "
    "trial crosses decades that a descent from trial to trial takes many for, but it follows single steps and goes too "
    "far if it is let go on. `online` names the parameter that switches this on: the first `online_trials` of a "
    "descent move themselves, and the descent goes on from where the last of them came to, with the derivatives of "
    "whole trials. With steps of a tenth of a range, that is where the minimum is near:\n\n"
    "    [search]\n"
    "    use = gradient\n"
    "    step = 0.1\n"
    "    online = objective.hypergradient_rate\n"
    "    [objective]\n"
    "    hypergradient = implicit\n"
    "    hypergradient_tunes = regularizer.*\n"
    "    [space]\n"
    "    objective.hypergradient_rate = real 0 .. 0.03\n\n"
    "## Mixed spaces\n"
    "Choices, integers, steps, and reals without a derivative stay as `starts` proposed them for the whole descent: "
    "with "
    "`starts = tpe` and `length = 5`, tpe proposes and hears everything, and every proposal is improved by four "
    "trials of descent. Which parameters move is said in the log. An objective that reports no derivatives, or a "
    "space in which none is of use, is refused.\n\n"
    "## Parallel trials\n"
    "A descent is sequential: `descents` says how many go on side by side, and should be the number of workers.\n\n"
    "## Example\n"
    "    [objective]\n"
    "    use = function\n"
    "    name = rosenbrock\n"
    "    derivatives = yes\n\n"
    "    [search]\n"
    "    use = gradient\n\n"
    "## Sources\n"
    "Riedmiller, M. and Braun, H. (1993). A direct adaptive method for faster backpropagation learning: the RPROP "
    "algorithm. IEEE ICNN, 586-591; without backtracking, as Rprop- of Igel, C. and Huesken, M. (2003), Neurocomputing "
    "50, 105-123. Kingma, D. P. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component gradient = {
    sizeof gradient,
    HONE_C_DETERMINISTIC | HONE_C_COMPOSES,
    HONE_KIND_SEARCH,
    "gradient",
    "Descends along the derivatives that the objective reports",
    doc,
    params,
    HONE_COUNT(params),
    sizeof *params,
    sizeof(struct settings),
    0,
    &search,
    create,
    destroy,
    NULL,
    NULL,
    NULL,
};
HONE_MODULE("org.hone.search.gradient", "0.1.0", "MIT", "the hone authors", "", &gradient)
