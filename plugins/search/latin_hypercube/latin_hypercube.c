/* SPDX-License-Identifier: MIT */
/* search/latin_hypercube: designs of n trials that put one into each of n slices of every parameter. */
#include "maximin.h"

struct settings {
    int64_t trials;
    uint32_t pairing;
    uint8_t centered;
};
enum { RANDOM, MAXIMIN };
static const char *const pairings[] = { "random", "maximin", NULL };
enum { UNKNOWN_BUDGET = 100 };

static const hone_param params[] = {
    HONE_INT(struct settings, trials, "0", 0, 1e9, 0, "trials",
             "Trials of a design; 0: the study's budget, or 100 where it has none. When they are spent, another design "
             "of the same size begins."),
    HONE_ENUM(struct settings, pairing, "random", pairings, 0,
              "Which slices of the parameters go together. random: any; maximin: a local search pushes the trials away "
              "from each other, for designs of at most 1,000 trials; it takes well under a second."),
    HONE_BOOL(struct settings, centered, "no", 0,
              "Whether trials lie at the middles of their slices; otherwise anywhere in them."),
};

struct design {
    uint64_t number; /* of the designs in a row */
    uint32_t *ranks; /* (n, n_dims), or NULL: none yet */
};

struct latin_hypercube {
    struct settings settings;
    uint64_t seed, n;
    hone_design points;
    uint32_t n_dims;
    struct design designs[2]; /* maximin: an even and an odd one, for trials around the border of two */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct latin_hypercube), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct latin_hypercube *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct latin_hypercube *s = (struct latin_hypercube *)self;
    if (!s)
        return;
    hone_design_release(&s->points);
    free(s->designs[0].ranks);
    free(s->designs[1].ranks);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct latin_hypercube *s = (struct latin_hypercube *)self;
    s->n = s->settings.trials ? (uint64_t)s->settings.trials : info->trials ? info->trials : UNKNOWN_BUDGET;
    if (s->n > (uint64_t)1 << 53)
        s->n = (uint64_t)1 << 53;
    if (s->settings.pairing == MAXIMIN && s->n > MAXIMIN_TRIALS)
        return hone_fail(err, HONE_ERANGE, "pairing",
                         "pairing = maximin is for designs of at most %d trials, not %llu: set trials, or pairing = "
                         "random",
                         (int)MAXIMIN_TRIALS, (unsigned long long)s->n);
    s->n_dims = space->n_dims;
    return hone_design_open(&s->points, s->seed, space, info, err);
}

/* The optimized design of a number; the one of the same parity before it is forgotten. */
static hone_rc optimized(struct latin_hypercube *s, uint64_t number, const uint32_t **ranks, hone_error *err)
{
    struct design *design = s->designs + number % 2;
    hone_rc rc = HONE_OK;
    if (!design->ranks || design->number != number) {
        if (!design->ranks)
            design->ranks = (uint32_t *)malloc((size_t)(s->n * s->n_dims + 1) * sizeof *design->ranks);
        if (!design->ranks)
            return hone_fail(err, HONE_ENOMEM, "", "out of memory for a design of %llu trials",
                             (unsigned long long)s->n);
        design->number = number;
        rc = maximin_design(hone_rng_derive(s->seed, number), (uint32_t)s->n, s->n_dims, design->ranks, err);
        if (rc != HONE_OK) {
            free(design->ranks);
            design->ranks = NULL;
        }
    }
    *ranks = design->ranks;
    return rc;
}

static hone_rc place(void *ctx, uint64_t trial, double *u, hone_error *err)
{
    struct latin_hypercube *s = (struct latin_hypercube *)ctx;
    const uint64_t number = trial / s->n, row = trial % s->n, key = hone_rng_derive(s->seed, number);
    const uint32_t *ranks = NULL;
    hone_rc rc;
    if (s->settings.pairing == MAXIMIN && (rc = optimized(s, number, &ranks, err)) != HONE_OK)
        return rc;
    for (uint32_t i = 0; i < s->n_dims; i++) {
        const uint64_t own = hone_design_hash(key, i);
        const uint64_t rank = ranks ? ranks[row * s->n_dims + i] : hone_design_permute(own, row, s->n);
        const double within = s->settings.centered ? 0.5 : hone_design_uniform(hone_design_hash(~own, row));
        u[i] = ((double)rank + within) / (double)s->n;
    }
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    return hone_design_ask(&((struct latin_hypercube *)self)->points, trial, place, self, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    return hone_design_tell(&((struct latin_hypercube *)self)->points, outcome, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_design_save(&((struct latin_hypercube *)self)->points, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    return hone_design_load(&((struct latin_hypercube *)self)->points, in, err);
}

static const char doc[] =
    "Plans the study's trials as Latin hypercubes: with n trials, every parameter's range is cut into n slices of "
    "equal "
    "probability, and each slice is tried once. So every parameter is covered as finely as a grid of n values would, "
    "whatever the number of parameters. It learns nothing from outcomes.\n\n"
    "The plan needs the number of trials: `trials`, or the study's budget. A study that goes on beyond begins another "
    "design of the same size. The point of a trial depends on the settings, the seed and the trial's number: parallel, "
    "resumed and reordered runs try the same points.\n\n"
    "## Pairing\n"
    "Which slices of the parameters meet in a trial is random. `pairing = maximin` improves it: slices of a parameter "
    "are swapped between two trials where that makes the sum over all pairs of distance^-16 smaller, a smooth stand-in "
    "for the least distance between two trials (Morris and Mitchell 1995).\n\n"
    "## Spaces\n"
    "Slices are cut on each parameter's own scale: log, quantiles of a normal, weighted shares for choices. Inactive "
    "parameters are dropped. Where a point is forbidden by a relation, the same trial of the rotated design is tried, "
    "and so on, up to 64 times. In finite spaces no point comes twice while another is left, and the study ends when "
    "none is; there, which point replaces a known one depends on the points known so far.\n\n"
    "## Sources\n"
    "McKay, M. D., Beckman, R. J. and Conover, W. J. (1979), Technometrics 21, 239-245. Morris, M. D. and Mitchell, T. "
    "J. (1995), J. Stat. Plan. Inference 43, 381-402.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component latin_hypercube = {
    sizeof latin_hypercube,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "latin_hypercube",
    "Latin hypercube designs: every slice of every parameter once",
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
HONE_MODULE("org.hone.search.latin_hypercube", "0.1.0", "MIT", "the hone authors", "", &latin_hypercube)
