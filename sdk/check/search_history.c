/* SPDX-License-Identifier: MIT */
/* Cases for search/1: outcomes that are odd, late, of points it never asked for, many, and a search that was saved and loaded
 * in between. A point stays valid whatever came before. */
#include "search.h"

#include <time.h>

enum { RUN = 120, CONCURRENT = 8, THREE_ASKS = 40 };

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- odd outcomes ---- */
struct odd {
    const char *name;
    uint32_t status;
    double value; /* 0.5: what the point is worth */
};
static const struct odd odds[] = {
    { "every trial failed", HONE_FAILED, (double)NAN },
    { "every trial pruned without a report", HONE_PRUNED, (double)NAN },
    { "every value infinite", HONE_COMPLETE, HUGE_VAL },
    { "every value minus infinity", HONE_COMPLETE, -HUGE_VAL },
    { "every value the same", HONE_COMPLETE, 0 },
    { "every value huge", HONE_COMPLETE, 1.7e308 },
    { "every value tiny", HONE_COMPLETE, 5e-324 },
};

static int odd_history(struct check *c, const hone_space *space, const struct odd *odd, uint64_t nan_at)
{
    struct instance in;
    hone_search_v1 search;
    TRY(search_start(c, space, c->options->seed, &in, &search));
    for (uint64_t t = 0; t < 40; t++) {
        double x[MAX_DIMS], values[2];
        hone_outcome outcome;
        hone_rc rc;
        TRY(search_ask(&in, &search, space, t, x, &rc));
        if (rc == HONE_DONE && t)
            break;
        if (rc != HONE_OK)
            return check_fail(c, "%s: ask answers %d at trial %llu", odd ? odd->name : "one value NaN", rc,
                              (unsigned long long)t);
        make_outcome(&outcome, space, x, values, t, 1);
        if (odd) {
            outcome.status = odd->status;
            outcome.step = odd->status == HONE_COMPLETE ? 10 : 0;
            values[0] = odd->value;
        } else if (t == nan_at) { /* complete, but not a number: as a failed one */
            values[0] = (double)NAN;
        }
        TRY(search_tell(&in, &search, &outcome));
    }
    return instance_destroy(&in);
}

static int case_odd_values(struct check *c)
{
    for (size_t i = 0; i < HONE_COUNT(odds); i++) {
        TRY(odd_history(c, &mixed_space, odds + i, 0));
        TRY(odd_history(c, &conditional_space, odds + i, 0));
    }
    for (uint64_t at = 0; at <= 10; at += 5)
        TRY(odd_history(c, &mixed_space, NULL, at));
    return 0;
}

/* ---- many trials at work ---- */
static int case_many_running(struct check *c)
{
    static double x[ASKS][MAX_DIMS];
    const hone_space *space = &mixed_space;
    struct instance in;
    hone_search_v1 search;
    uint64_t n = ASKS;
    TRY(search_start(c, space, c->options->seed, &in, &search));
    for (uint64_t t = 0; t < n; t++) {
        hone_rc rc;
        TRY(search_ask(&in, &search, space, t, x[t], &rc));
        if (rc == HONE_DONE && t) { /* a set of points of its own */
            n = t;
            break;
        }
        if (rc == HONE_WAIT)
            return check_skip(c, "ask waits for outcomes with %llu trials at work", (unsigned long long)t);
        if (rc != HONE_OK)
            return check_fail(c, "ask answers %d with %llu trials at work", rc, (unsigned long long)t);
    }
    for (uint64_t k = n; k-- > 0;) { /* the last first; then ten more, one by one */
        double values[2];
        hone_outcome outcome;
        make_outcome(&outcome, space, x[k], values, k, 0);
        TRY(search_tell(&in, &search, &outcome));
    }
    for (uint64_t t = ASKS; n == ASKS && t < ASKS + 10; t++) {
        double values[2];
        hone_outcome outcome;
        hone_rc rc;
        TRY(search_ask(&in, &search, space, t, x[0], &rc));
        if (rc != HONE_OK)
            return check_fail(c, "ask answers %d after %d outcomes that came the last first", rc, ASKS);
        make_outcome(&outcome, space, x[0], values, t, 0);
        TRY(search_tell(&in, &search, &outcome));
    }
    return instance_destroy(&in);
}

/* ---- points that it never asked for: a study's given points, or another study's history ---- */
static void foreign_point(const hone_space *space, hone_rng *rng, double *x)
{
    for (unsigned tries = 0; tries < 10000; tries++) {
        for (uint32_t i = 0; i < space->n_dims; i++)
            x[i] = hone_dim_from_unit(space->dims[i], hone_rng_uniform(rng));
        hone_space_settle(space, x);
        if (hone_space_allowed(space, x))
            return;
    }
}

static int foreign_history(struct check *c, const hone_space *space)
{
    struct instance in;
    hone_search_v1 search;
    hone_rng rng = hone_rng_at(c->options->seed, 77);
    TRY(search_start(c, space, c->options->seed, &in, &search));
    for (uint64_t t = 0; t < 60; t++) { /* ten given ones first, then every fourth */
        double x[MAX_DIMS], values[2];
        hone_outcome outcome;
        hone_rc rc = HONE_OK;
        if (t < 10 || t % 4 == 0)
            foreign_point(space, &rng, x);
        else
            TRY(search_ask(&in, &search, space, t, x, &rc));
        if (rc == HONE_DONE)
            break;
        if (rc != HONE_OK)
            return check_fail(c, "ask answers %d at trial %llu, after outcomes of points it did not ask for", rc,
                              (unsigned long long)t);
        make_outcome(&outcome, space, x, values, t, 0);
        TRY(search_tell(&in, &search, &outcome));
    }
    return instance_destroy(&in);
}

static int case_given_points(struct check *c)
{
    static const hone_space *const spaces[] = { &mixed_space, &conditional_space, &relation_space, &finite_space };
    for (size_t i = 0; i < HONE_COUNT(spaces); i++)
        TRY(foreign_history(c, spaces[i]));
    return 0;
}

/* ---- a long history ---- */
static int case_long_history(struct check *c)
{
    const hone_space *space = &mixed_space;
    struct instance in;
    hone_search_v1 search;
    hone_rng rng = hone_rng_at(c->options->seed, 78);
    double from;
    TRY(search_start(c, space, c->options->seed, &in, &search));
    for (uint64_t t = 0; t < 1000; t++) {
        double x[MAX_DIMS], values[2];
        hone_outcome outcome;
        foreign_point(space, &rng, x);
        make_outcome(&outcome, space, x, values, t, 0);
        TRY(search_tell(&in, &search, &outcome));
    }
    from = cpu_seconds();
    for (uint64_t t = 1000; t < 1003; t++) {
        double x[MAX_DIMS], values[2];
        hone_outcome outcome;
        hone_rc rc;
        TRY(search_ask(&in, &search, space, t, x, &rc));
        if (rc == HONE_DONE)
            break;
        if (rc != HONE_OK)
            return check_fail(c, "ask answers %d after 1,000 outcomes", rc);
        make_outcome(&outcome, space, x, values, t, 0);
        TRY(search_tell(&in, &search, &outcome));
    }
    check_note(c, "%.3g ms per ask after 1,000 trials", (cpu_seconds() - from) / 3 * 1e3);
    return instance_destroy(&in);
}

/* ---- run, ask and tell, and restart: one and the same (DEHB's test of equality) ---- */
struct course {
    double x[RUN][MAX_DIMS];
    uint64_t n;
};

/* A fresh instance with the saved state. */
static int restart(struct check *c, const hone_space *space, struct instance *in, hone_search_v1 *search)
{
    struct bytes state = { 0 };
    const hone_ostream out = bytes_writer(&state);
    hone_rc rc;
    CALL(c, "save", rc = c->component->save(in->self, &out, &in->err));
    TRY(check_error(c, "save", rc, &in->err));
    if (rc != HONE_OK)
        return check_fail(c, "save failed: %s", in->err.msg);
    TRY(instance_destroy(in));
    TRY(search_start(c, space, c->options->seed, in, search));
    const hone_istream from = bytes_reader(&state);
    CALL(c, "load", rc = c->component->load(in->self, &from, &in->err));
    TRY(check_error(c, "load", rc, &in->err));
    bytes_release(&state);
    return rc == HONE_OK ? 0 : check_fail(c, "load refuses what save wrote: %s", in->err.msg);
}

/* Up to n trials, eight at work, ending in an order that the seed draws; saved and loaded before every `every`-th ask. every
 * 0: never, and a search that takes its time walks less far, but past the first rounds of outcomes. */
enum { FIRST_ROUNDS = 3 * CONCURRENT };
static int walk(struct check *c, const hone_space *space, uint64_t every, uint64_t n, struct course *course)
{
    const double until = cpu_seconds() + 0.2;
    struct instance in;
    hone_search_v1 search;
    hone_rng rng = hone_rng_at(5, 0);
    uint64_t running[CONCURRENT], n_running = 0;
    course->n = 0;
    TRY(search_start(c, space, c->options->seed, &in, &search));
    while (course->n < n && (every || course->n < FIRST_ROUNDS || cpu_seconds() < until)) {
        double values[2];
        hone_outcome outcome;
        hone_rc rc = HONE_OK;
        if (n_running < CONCURRENT) {
            if (every && course->n && course->n % every == 0)
                TRY(restart(c, space, &in, &search));
            TRY(search_ask(&in, &search, space, course->n, course->x[course->n], &rc));
            if (rc == HONE_DONE)
                break;
            if (rc == HONE_OK) {
                running[n_running++] = course->n++;
                continue;
            }
            if (!n_running)
                return check_fail(c, "ask answers HONE_WAIT although no trial is running");
        }
        const uint64_t k = hone_rng_below(&rng, n_running), t = running[k];
        make_outcome(&outcome, space, course->x[t], values, t, 0);
        TRY(search_tell(&in, &search, &outcome));
        running[k] = running[--n_running];
    }
    return instance_destroy(&in);
}

static int case_restart(struct check *c)
{
    static const hone_space *const spaces[] = { &mixed_space, &conditional_space, &finite_space };
    static struct course whole, broken;
    if (!(c->component->flags & HONE_C_STATEFUL))
        return check_skip(c, "keeps no state");
    for (size_t s = 0; s < HONE_COUNT(spaces); s++) {
        TRY(walk(c, spaces[s], 0, RUN, &whole));
        for (uint64_t every = 1; every <= 25; every += 12) {
            TRY(walk(c, spaces[s], every, whole.n, &broken));
            for (uint64_t t = 0; t < whole.n && t < broken.n; t++)
                if (!same_point(whole.x[t], broken.x[t], spaces[s]->n_dims))
                    return check_fail(c, "saved and loaded every %llu trials, trial %llu is another point",
                                      (unsigned long long)every, (unsigned long long)t);
            if (whole.n != broken.n)
                return check_fail(c, "saved and loaded, the search ends after %llu trials instead of %llu",
                                  (unsigned long long)broken.n, (unsigned long long)whole.n);
        }
    }
    return 0;
}

/* ---- seeds ---- */
static int case_other_seed(struct check *c)
{
    const hone_space *space = &mixed_space;
    double first[12][MAX_DIMS];
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct instance in;
        hone_search_v1 search;
        unsigned same = 0;
        TRY(search_start(c, space, seed, &in, &search));
        for (uint64_t t = 0; t < 12; t++) {
            double x[MAX_DIMS], values[2];
            hone_outcome outcome;
            hone_rc rc;
            TRY(search_ask(&in, &search, space, t, x, &rc));
            if (rc != HONE_OK) /* a spent set of points is no failure here */
                return check_skip(c, "ask answers %d at trial %llu", rc, (unsigned long long)t);
            if (seed == 1)
                memcpy(first[t], x, sizeof x);
            same += same_point(first[t], x, space->n_dims) != 0;
            make_outcome(&outcome, space, x, values, t, 1);
            TRY(search_tell(&in, &search, &outcome));
        }
        TRY(instance_destroy(&in));
        if (seed == 2 && same == 12)
            return check_skip(c, "asks for the same points whatever the seed");
    }
    return 0;
}

/* Three values and two constraints, pruned and failed trials among them. */
static int case_three_objectives(struct check *c)
{
    const hone_space *space = &mixed_space;
    struct instance in;
    hone_search_v1 search;
    hone_rc rc;
    TRY(check_iface(c, &search, sizeof search));
    TRY(instance_create(c, &in, c->options->seed));
    TRY(open_search(&in, &search, space, 3, 2, &rc));
    if (rc < 0)
        return rc == HONE_EINVAL || rc == HONE_ENOTSUP ? check_skip(c, "open refuses such a study: %s", in.err.msg)
                                                       : check_fail(c, "open failed: %s", in.err.msg);
    for (uint64_t t = 0; t < THREE_ASKS; t++) {
        double x[MAX_DIMS], two[2], values[3], constraints[2];
        hone_outcome outcome;
        TRY(search_ask(&in, &search, space, t, x, &rc));
        if (rc == HONE_DONE && t)
            break;
        if (rc != HONE_OK)
            return check_fail(c, "ask answers %d at trial %llu", rc, (unsigned long long)t);
        make_outcome(&outcome, space, x, two, t, 0);
        values[0] = two[0];
        values[1] = two[1];
        values[2] = outcome.status == HONE_FAILED ? (double)NAN : x[0];
        constraints[0] = t % 3 ? -1 : 0.5;
        constraints[1] = t % 7 == 6 ? (double)NAN : t % 5 ? -0.25 : 2;
        outcome.values = values;
        outcome.n_values = 3;
        outcome.constraints = constraints;
        outcome.n_constraints = 2;
        TRY(search_tell(&in, &search, &outcome));
    }
    return instance_destroy(&in);
}

/* A proposal that was taken back leaves no trace. */
static int case_forget(struct check *c)
{
    const hone_forget_v1 *forget = c->component->get_ext
                                       ? (const hone_forget_v1 *)c->component->get_ext(HONE_EXT_FORGET)
                                       : NULL;
    const hone_space *space = &mixed_space;
    double last[2][MAX_DIMS], x[MAX_DIMS], values[2];
    if (!forget)
        return check_skip(c, "does not offer " HONE_EXT_FORGET);
    for (int forgets = 0; forgets < 2; forgets++) {
        struct instance in;
        hone_search_v1 search;
        hone_outcome outcome;
        hone_rc rc;
        TRY(search_start(c, space, c->options->seed, &in, &search));
        for (uint64_t t = 0; t < 30; t++) {
            TRY(search_ask(&in, &search, space, t, x, &rc));
            make_outcome(&outcome, space, x, values, t, 1);
            TRY(search_tell(&in, &search, &outcome));
        }
        for (uint64_t t = 30; forgets && t < 33; t++)
            TRY(search_ask(&in, &search, space, t, x, &rc));
        for (uint64_t t = 36; forgets && t > 29; t--) { /* also some that were never asked for */
            CALL(c, "forget", rc = forget->forget(in.self, t, &in.err));
            if (rc < 0)
                return check_fail(c, "forget failed: %s", in.err.msg);
        }
        TRY(search_ask(&in, &search, space, 40, last[forgets], &rc));
        TRY(instance_destroy(&in));
    }
    return same_point(last[0], last[1], space->n_dims)
               ? 0
               : check_fail(c, "proposes another point after it has forgotten three proposals than without them");
}

const struct check_case search_history_cases[] = {
    { "odd_values", HONE_KIND_SEARCH, "all failed, pruned, infinite, equal, huge; one not a number", case_odd_values },
    { "many_running", HONE_KIND_SEARCH, "100 trials at work at once, told the last first", case_many_running },
    { "given_points", HONE_KIND_SEARCH, "outcomes of points that it did not ask for", case_given_points },
    { "long_history", HONE_KIND_SEARCH, "asks after 1,000 outcomes", case_long_history },
    { "restart", HONE_KIND_SEARCH, "saved and loaded while trials run: the same points as without", case_restart },
    { "other_seed", HONE_KIND_SEARCH, "another seed, other points", case_other_seed },
    { "three_objectives", HONE_KIND_SEARCH, "three values and two constraints: served or refused",
      case_three_objectives },
    { "forget", HONE_KIND_SEARCH, "proposals that are taken back leave no trace", case_forget },
    { NULL, NULL, NULL, NULL },
};
