/* SPDX-License-Identifier: MIT */
/* search/grid: every combination of a few values per dimension, each once.
 *
 * The numbers of the points follow from the settings; their order from the seed. What is kept is how far it got, what
 * runs, and points that others told, which are left out. Conditional dimensions are varied only where they are
 * active: the dimensions that conditions look at (the switches) are enumerated into patterns, a pattern fixes which
 * other dimensions are active, and its points are their product. */
#include "hone/design.h"

enum {
    PATTERNS = 1 << 20, /* combinations of switches held in memory, 16 bytes each */
    CANCEL_EVERY = 1 << 16,
    SCAN = 1 << 27 /* points in a row that relations forbid before the search gives up: some ten seconds */
};
static const double MOST_POINTS = 9007199254740992.0; /* 2^53 */

struct settings {
    int64_t points, stepped_points;
    uint32_t order;
};
enum { SHUFFLED, SORTED };
static const char *const orders[] = { "shuffled", "sorted", NULL };

static const hone_param params[] = {
    HONE_INT(struct settings, points, "5", 1, 1e6, 0, NULL,
             "Values per continuous dimension, equally spaced on the dimension's own scale (log, quantiles of a "
             "normal), ends "
             "included; of a normal the middles of as many slices of equal probability. 1: the middle."),
    HONE_INT(struct settings, stepped_points, "0", 0, 1e6, 0, NULL,
             "Values per integer or stepped dimension that has more than so many, spaced like those of a continuous "
             "one; 0: all."),
    HONE_ENUM(struct settings, order, "shuffled", orders, 0,
              "shuffled: in an order drawn by the seed, so that an unfinished grid covers the whole space. sorted: "
              "the last "
              "parameter changes fastest."),
};

struct axis {
    double *values; /* (n), or NULL: min + i * step, or i */
    uint64_t n;
};
struct pattern {
    uint64_t code;  /* mixed radix over the switches, 0 for an inactive one */
    uint64_t start; /* number of its first point */
};

struct asked {
    uint64_t trial, number; /* trial FREE: the point was given out, but another one was tried in its place */
};
#define FREE UINT64_MAX

struct grid {
    const struct settings *settings;
    const hone_host *host;
    const hone_space *space;
    uint64_t seed;
    struct axis *axes;        /* (n_dims) */
    unsigned char *is_switch; /* (n_dims) */
    struct pattern *patterns; /* (n_patterns) */
    uint64_t n_patterns, capacity;
    uint64_t n;          /* points, before relations */
    uint64_t next, key;  /* place in the order to look at next; of the shuffle */
    uint64_t n_given;    /* points given out */
    struct asked *asked; /* (n_asked) not told yet */
    uint64_t n_asked, asked_capacity;
    double *foreign; /* (n_foreign, n_dims) told, but not given out */
    uint64_t n_foreign, foreign_capacity;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct grid *g = (struct grid *)calloc(1, sizeof *g);
    if (!g)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the grid");
    g->settings = (const struct settings *)info->config;
    g->host = host;
    g->seed = info->seed;
    *self = g;
    return HONE_OK;
}

static void destroy(void *self)
{
    struct grid *g = (struct grid *)self;
    if (!g)
        return;
    for (uint32_t i = 0; g->axes && i < g->space->n_dims; i++)
        free(g->axes[i].values);
    free(g->axes);
    free(g->is_switch);
    free(g->patterns);
    free(g->asked);
    free(g->foreign);
    free(g);
}

/* The values of one dimension, ascending, each once. */
static hone_rc axis_init(struct axis *axis, const hone_dim *d, const struct settings *settings, hone_error *err)
{
    const double count = hone_dim_count(d);
    const int choice = d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL;
    uint64_t wanted = (uint64_t)count, n = 0;
    if (!(count > 0))
        wanted = (uint64_t)settings->points;
    else if (!choice && settings->stepped_points && count > (double)settings->stepped_points)
        wanted = (uint64_t)settings->stepped_points;
    else if (!(choice && d->weights)) {
        axis->n = (uint64_t)count;
        return HONE_OK;
    }
    axis->values = (double *)malloc(wanted * sizeof *axis->values);
    if (!axis->values)
        return hone_fail(err, HONE_ENOMEM, d->key, "out of memory for %llu values of %s", (unsigned long long)wanted,
                         d->key);
    for (uint64_t i = 0; i < wanted; i++) {
        const int middle = wanted == 1 || d->flags & HONE_DIM_NORMAL;
        double v;
        if (choice) {
            if (!(d->weights[i] > 0)) /* a choice of probability 0 is not to be tried */
                continue;
            v = (double)i;
        } else {
            v = hone_dim_from_unit(d, middle ? ((double)i + 0.5) / (double)wanted : (double)i / (double)(wanted - 1));
        }
        if (!n || v > axis->values[n - 1])
            axis->values[n++] = v;
    }
    axis->n = n;
    return HONE_OK;
}

static double axis_value(const struct axis *axis, const hone_dim *d, uint64_t i)
{
    if (axis->values)
        return axis->values[i];
    if (d->type == HONE_DIM_CHOICE || d->type == HONE_DIM_ORDINAL)
        return (double)i;
    return axis->n == 1 ? d->min : hone_dim_snap(d, d->min + (double)i * d->step);
}

static hone_rc too_large(double n, hone_error *err)
{
    return hone_fail(err, HONE_ERANGE, "points",
                     "the grid has %.4g points, more than 2^53: lower points, set stepped_points, or use "
                     "another search",
                     n);
}

/* Appends the pattern of the switches in x, whose points are the product of the other active axes. */
static hone_rc add_pattern(struct grid *g, const double *x, uint64_t code, hone_error *err)
{
    double product = 1;
    if (g->n_patterns == g->capacity) {
        const uint64_t capacity = g->capacity ? g->capacity * 2 : 16;
        struct pattern *more;
        if (g->n_patterns == PATTERNS)
            return hone_fail(err, HONE_ERANGE, "points",
                             "conditions (if ...) depend on more than %d combinations of values: lower points, "
                             "set stepped_points, or use another search",
                             (int)PATTERNS);
        more = (struct pattern *)realloc(g->patterns, capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the grid");
        g->patterns = more;
        g->capacity = capacity;
    }
    for (uint32_t i = 0; i < g->space->n_dims; i++)
        if (!g->is_switch[i] && hone_space_active(g->space, x, i))
            product *= (double)g->axes[i].n;
    if (product + (double)g->n > MOST_POINTS)
        return too_large(product + (double)g->n, err);
    g->patterns[g->n_patterns].code = code;
    g->patterns[g->n_patterns++].start = g->n;
    g->n += (uint64_t)product;
    return HONE_OK;
}

/* All settings of the switches, as an odometer: digits (n_dims), zeroed, and x (n_dims) are scratch. */
static hone_rc add_patterns(struct grid *g, uint64_t *digits, double *x, hone_error *err)
{
    const uint32_t n_dims = g->space->n_dims;
    for (;;) {
        uint64_t code = 0;
        uint32_t turn = n_dims;
        hone_rc rc;
        for (uint32_t i = 0; i < n_dims; i++) {
            if (!g->is_switch[i])
                continue;
            x[i] = (double)NAN;
            if (hone_space_active(g->space, x, i))
                x[i] = axis_value(g->axes + i, g->space->dims[i], digits[i]);
            code = code * g->axes[i].n + digits[i];
        }
        if ((rc = add_pattern(g, x, code, err)) < 0)
            return rc;
        while (turn > 0 &&
               !(g->is_switch[turn - 1] && !isnan(x[turn - 1]) && digits[turn - 1] + 1 < g->axes[turn - 1].n))
            turn--;
        if (!turn)
            return HONE_OK;
        digits[turn - 1]++;
        for (uint32_t i = turn; i < n_dims; i++)
            digits[i] = 0;
    }
}

/* Writes the point of a number below n. */
static void point(const struct grid *g, uint64_t number, double *x)
{
    uint64_t low = 0, high = g->n_patterns, code, rest;
    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        if (g->patterns[middle].start <= number)
            low = middle;
        else
            high = middle;
    }
    code = g->patterns[low].code;
    rest = number - g->patterns[low].start;
    for (uint32_t i = g->space->n_dims; i > 0; i--)
        if (g->is_switch[i - 1]) {
            x[i - 1] = axis_value(g->axes + i - 1, g->space->dims[i - 1], code % g->axes[i - 1].n);
            code /= g->axes[i - 1].n;
        }
    for (uint32_t i = 0; i < g->space->n_dims; i++)
        if (g->is_switch[i] && !hone_space_active(g->space, x, i))
            x[i] = (double)NAN;
    for (uint32_t i = g->space->n_dims; i > 0; i--)
        if (!g->is_switch[i - 1]) {
            x[i - 1] = (double)NAN;
            if (hone_space_active(g->space, x, i - 1)) {
                x[i - 1] = axis_value(g->axes + i - 1, g->space->dims[i - 1], rest % g->axes[i - 1].n);
                rest /= g->axes[i - 1].n;
            }
        }
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct grid *g = (struct grid *)self;
    uint64_t *digits = (uint64_t *)calloc(space->n_dims + 1u, sizeof *digits);
    double *x = (double *)calloc(space->n_dims + 1u, sizeof *x);
    hone_rc rc = HONE_OK;
    (void)info;
    g->space = space;
    g->axes = (struct axis *)calloc(space->n_dims + 1u, sizeof *g->axes);
    g->is_switch = (unsigned char *)calloc(space->n_dims + 1u, 1);
    if (!digits || !x || !g->axes || !g->is_switch) {
        rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for a grid over %u parameters", space->n_dims);
        goto out;
    }
    for (uint32_t i = 0; i < space->n_dims; i++) {
        if ((rc = axis_init(g->axes + i, space->dims[i], g->settings, err)) < 0)
            goto out;
        for (uint32_t c = 0; c < space->dims[i]->n_conditions; c++)
            g->is_switch[space->dims[i]->conditions[c]->dim] = 1;
    }
    if ((rc = add_patterns(g, digits, x, err)) < 0)
        goto out;
    g->key = hone_rng_derive(g->seed, 0);
out:
    free(digits);
    free(x);
    return rc;
}

/* 1 where somebody else told the point x. */
static int is_foreign(const struct grid *g, const double *x)
{
    const uint32_t n_dims = g->space->n_dims;
    for (uint64_t k = 0; k < g->n_foreign; k++) {
        const double *y = g->foreign + k * n_dims;
        uint32_t i = 0;
        while (i < n_dims && ((x[i] <= y[i] && x[i] >= y[i]) || (isnan(x[i]) && isnan(y[i]))))
            i++;
        if (i == n_dims)
            return 1;
    }
    return 0;
}

static hone_rc add_asked(struct grid *g, uint64_t trial, uint64_t number, hone_error *err)
{
    if (g->n_asked == g->asked_capacity) {
        const uint64_t capacity = g->asked_capacity ? g->asked_capacity * 2 : 16;
        struct asked *more = (struct asked *)realloc(g->asked, (size_t)capacity * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the grid points that run");
        g->asked = more;
        g->asked_capacity = capacity;
    }
    g->asked[g->n_asked].trial = trial;
    g->asked[g->n_asked++].number = number;
    return HONE_OK;
}

/* Goes on through the order until a point may be given out: HONE_DONE at the end of the grid. */
static hone_rc scan(struct grid *g, uint64_t *number, double *x, hone_error *err)
{
    uint64_t forbidden = 0;
    for (; g->next < g->n; g->next++) {
        const uint64_t i = g->next;
        if (i % CANCEL_EVERY == CANCEL_EVERY - 1 && g->host->cancelled(g->host))
            return hone_fail(err, HONE_ECANCELED, "",
                             "cancelled while looking for a grid point that the relations allow");
        *number = g->settings->order == SORTED ? i : hone_design_permute(g->key, i, g->n);
        point(g, *number, x);
        if (!hone_space_allowed(g->space, x)) {
            if (++forbidden == SCAN)
                return hone_fail(err, HONE_EFAIL, "",
                                 "the relations (where ...) forbid %llu grid points in a row, of %.4g in all: "
                                 "relax them or lower points",
                                 (unsigned long long)forbidden, (double)g->n);
        } else if (!is_foreign(g, x)) {
            g->next++;
            return HONE_OK;
        }
    }
    if (!g->n_given && !g->n_foreign)
        return hone_fail(err, HONE_EFAIL, "",
                         "the relations (where ...) allow none of the %.4g grid points: relax them or raise points",
                         (double)g->n);
    return HONE_DONE;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct grid *g = (struct grid *)self;
    uint64_t number = 0, free_place = g->n_asked;
    hone_rc rc;
    for (uint64_t k = 0; k < g->n_asked; k++) {
        if (g->asked[k].trial == trial && trial != FREE) { /* asked for again */
            point(g, g->asked[k].number, x);
            return HONE_OK;
        }
        if (g->asked[k].trial == FREE && free_place == g->n_asked)
            free_place = k;
    }
    if (free_place < g->n_asked) {
        g->asked[free_place].trial = trial;
        point(g, g->asked[free_place].number, x);
        return HONE_OK;
    }
    if ((rc = scan(g, &number, x, err)) != HONE_OK || (rc = add_asked(g, trial, number, err)) != HONE_OK)
        return rc;
    g->n_given++;
    return HONE_OK;
}

static hone_rc add_foreign(struct grid *g, const double *x, hone_error *err)
{
    const uint32_t n_dims = g->space->n_dims;
    if (g->n_foreign == g->foreign_capacity) {
        const uint64_t rows = g->foreign_capacity ? g->foreign_capacity * 2 : 16;
        double *more = (double *)realloc(g->foreign, (size_t)(rows * (n_dims ? n_dims : 1)) * sizeof *more);
        if (!more)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for the points told");
        g->foreign = more;
        g->foreign_capacity = rows;
    }
    memcpy(g->foreign + g->n_foreign++ * n_dims, x, n_dims * sizeof *x);
    return HONE_OK;
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    struct grid *g = (struct grid *)self;
    const uint32_t n_dims = g->space->n_dims;
    hone_rc rc = HONE_OK;
    for (uint64_t k = 0; k < g->n_asked; k++) {
        double *mine;
        if (g->asked[k].trial != outcome->trial || outcome->trial == FREE)
            continue;
        if (!(mine = (double *)malloc(((size_t)n_dims + 1) * sizeof *mine)))
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for a point of %u parameters", n_dims);
        point(g, g->asked[k].number, mine);
        for (uint32_t i = 0; i < n_dims && rc == HONE_OK; i++)
            if (mine[i] < outcome->x[i] || mine[i] > outcome->x[i] || !isnan(mine[i]) != !isnan(outcome->x[i])) {
                g->asked[k].trial = FREE;
                rc = HONE_DONE;
            }
        free(mine);
        if (rc == HONE_DONE)
            return add_foreign(g, outcome->x, err);
        g->asked[k] = g->asked[--g->n_asked];
        return HONE_OK;
    }
    return add_foreign(g, outcome->x, err);
}

/* ---- as bytes, of this machine's order ---- */
#define STATE_MAGIC 0x3164697267656e6full

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct grid *g = (const struct grid *)self;
    const uint64_t n_dims = g->space ? g->space->n_dims : 0;
    const uint64_t head[] = { STATE_MAGIC, n_dims, g->n, g->next, g->n_given, g->n_asked, g->n_foreign };
    hone_rc rc = hone_write(out, head, sizeof head, err);
    if (rc == HONE_OK)
        rc = hone_write(out, g->asked, g->n_asked * sizeof *g->asked, err);
    return rc == HONE_OK ? hone_write(out, g->foreign, g->n_foreign * n_dims * sizeof *g->foreign, err) : rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct grid *g = (struct grid *)self, fresh;
    const uint64_t n_dims = g->space ? g->space->n_dims : 0;
    uint64_t head[7] = { 0 };
    double *x = (double *)malloc((size_t)(n_dims + 1) * sizeof *x);
    hone_rc rc = x ? hone_read(in, head, sizeof head, err)
                   : hone_fail(err, HONE_ENOMEM, "", "out of memory for a point");
    memset(&fresh, 0, sizeof fresh);
    fresh.space = g->space;
    if (rc == HONE_OK && (!g->space || head[0] != STATE_MAGIC || head[1] != n_dims || head[2] != g->n ||
                          head[3] > g->n || head[4] > head[3] || head[5] > head[4]))
        rc = hone_fail(err, HONE_EINVAL, "", "the saved state of the grid is damaged, or of another grid");
    for (uint64_t k = 0; rc == HONE_OK && k < head[5]; k++) {
        struct asked asked = { 0, 0 };
        if ((rc = hone_read(in, &asked, sizeof asked, err)) == HONE_OK)
            rc = asked.number < g->n ? add_asked(&fresh, asked.trial, asked.number, err)
                                     : hone_fail(err, HONE_EINVAL, "", "the saved state of the grid is damaged");
    }
    for (uint64_t k = 0; rc == HONE_OK && k < head[6]; k++)
        if ((rc = hone_read(in, x, n_dims * sizeof *x, err)) == HONE_OK)
            rc = add_foreign(&fresh, x, err);
    if (rc == HONE_OK)
        rc = hone_read_end(in, err);
    for (uint64_t k = 0; rc == HONE_OK && k < fresh.n_asked; k++) {
        point(g, fresh.asked[k].number, x);
        if (!hone_space_allowed(g->space, x))
            rc = hone_fail(err, HONE_EINVAL, "", "the saved state of the grid is damaged");
    }
    free(x);
    if (rc != HONE_OK) {
        free(fresh.asked);
        free(fresh.foreign);
        return rc;
    }
    free(g->asked);
    free(g->foreign);
    g->asked = fresh.asked;
    g->n_asked = fresh.n_asked;
    g->asked_capacity = fresh.asked_capacity;
    g->foreign = fresh.foreign;
    g->n_foreign = fresh.n_foreign;
    g->foreign_capacity = fresh.foreign_capacity;
    g->next = head[3];
    g->n_given = head[4];
    return HONE_OK;
}

static const char doc[] =
    "Tries every combination of a few values per parameter, each once, and ends the study when all have been "
    "tried.\n\n"
    "## Values\n"
    "Choices and ordinals: all (choices of weight 0 are left out). Integers and stepped reals: all, or "
    "`stepped_points` of them. "
    "Other reals: `points` values, equally spaced on the parameter's own scale, both ends included: `real 1e-4 .. 1 "
    "log` with 5 "
    "points gives 1e-4, 1e-3, 1e-2, 0.1, 1. A normal or lognormal is cut into slices of equal probability and tried "
    "at "
    "their middles.\n\n"
    "## Conditions and relations\n"
    "A parameter with a condition is varied only where it is active, so no point comes twice. Points that a relation "
    "forbids are left "
    "out; finding the next allowed one takes a step per forbidden point, and 2^27 of them in a row end the study "
    "with an error.\n\n"
    "## Order\n"
    "`shuffled` visits the grid in an order that the seed determines, without storing it (a Feistel network; Black "
    "and Rogaway 2002), "
    "so that an interrupted grid is an even sample of the whole. `sorted` counts, the last parameter fastest; "
    "parameters that "
    "conditions look at count before all others. Points that were tried without being asked for (enqueued ones) are "
    "left "
    "out.\n\n"
    "A grid of more than 2^53 points is refused. A grid spends a trial on every combination: beyond two or three "
    "parameters random "
    "search reaches the same quality in fewer trials (Bergstra and Bengio 2012, JMLR 13).\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component grid = {
    sizeof grid,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "grid",
    "Every combination of a few values per parameter, each once",
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
    NULL,
};
HONE_MODULE("org.hone.search.grid", "0.1.0", "MIT", "the hone authors", "", &grid)
