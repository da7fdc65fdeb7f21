/* SPDX-License-Identifier: MIT */
/* search/sobol: trial k tries point k of a scrambled Sobol sequence. */
#include "sobol.h"

#include "hone/design.h"

struct settings {
    uint32_t scramble;
};
enum { OWEN, NONE };
static const char *const scrambles[] = { "owen", "none", NULL };

static const hone_param params[] = {
    HONE_ENUM(struct settings, scramble, "owen", scrambles, 0,
              "owen: nested uniform scrambling by the study's seed, the evenness of the sequence without its regular "
              "corners; none: the plain sequence, the same for every seed, whose first point is the lower end of every "
              "parameter."),
};

struct sobol {
    struct settings settings;
    uint64_t seed;
    hone_design design;
    uint32_t n_dims;
    uint32_t *directions; /* (n_dims, 32) */
    uint64_t *keys;       /* (n_dims) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct sobol), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct sobol *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct sobol *s = (struct sobol *)self;
    if (!s)
        return;
    hone_design_release(&s->design);
    free(s->directions);
    free(s->keys);
    free(s);
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct sobol *s = (struct sobol *)self;
    if (space->n_dims > SOBOL_DIMS)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "the Sobol sequence has %d dimensions here, the space %u: use random or latin_hypercube",
                         (int)SOBOL_DIMS, space->n_dims);
    s->n_dims = space->n_dims;
    s->directions = (uint32_t *)malloc(((size_t)space->n_dims * SOBOL_BITS + 1) * sizeof *s->directions);
    s->keys = (uint64_t *)malloc(((size_t)space->n_dims + 1) * sizeof *s->keys);
    if (!s->directions || !s->keys)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the Sobol sequence");
    sobol_directions(space->n_dims, s->directions);
    for (uint32_t i = 0; i < space->n_dims; i++)
        s->keys[i] = hone_rng_derive(s->seed, ((uint64_t)1 << 32) + i);
    return hone_design_open(&s->design, s->seed, space, info, err);
}

static hone_rc place(void *ctx, uint64_t trial, double *u, hone_error *err)
{
    const struct sobol *s = (const struct sobol *)ctx;
    if (trial > UINT32_MAX)
        return hone_fail(err, HONE_ERANGE, "", "the Sobol sequence ends with trial 2^32");
    for (uint32_t i = 0; i < s->n_dims; i++) {
        const uint32_t digits = sobol_digits(s->directions + (size_t)i * SOBOL_BITS, (uint32_t)trial);
        u[i] = s->settings.scramble == OWEN ? sobol_scramble(s->keys[i], digits) : digits / 4294967296.0;
    }
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    return hone_design_ask(&((struct sobol *)self)->design, trial, place, self, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    return hone_design_tell(&((struct sobol *)self)->design, outcome, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_design_save(&((struct sobol *)self)->design, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    return hone_design_load(&((struct sobol *)self)->design, in, err);
}

static const char doc[] =
    "Tries the points of a Sobol sequence, which fill the space more evenly than random ones: every 2^k points in a "
    "row put exactly one into each of 2^k slices of every parameter, and much the same holds for pairs and triples of "
    "parameters. Like random search it learns nothing from outcomes; it wastes fewer trials on points close to each "
    "other, which shows most with few parameters. Budgets of a power of two fit best.\n\n"
    "The point of a trial depends on the study's seed and the trial's number: parallel, resumed and reordered runs try "
    "the same points, and more trials extend a shorter run.\n\n"
    "## Spaces\n"
    "Each parameter is one dimension, on its own scale: log, quantiles of a normal, weighted shares for choices; up to "
    "1,111 parameters. Inactive parameters are dropped. Where a point is forbidden by a relation, the point of the "
    "same "
    "number in a rotated sequence is tried, and so on, up to 64 times. In finite spaces no point comes twice while "
    "another is left, and the study ends when none is; there, which point replaces a known one depends on the points "
    "known so far.\n\n"
    "## Sources\n"
    "Sobol, I. M. (1967), USSR Comput. Math. Math. Phys. 7, 86-112. Direction numbers: Joe, S. and Kuo, F. Y. (2008), "
    "SIAM J. Sci. Comput. 30, 2635-2654. Scrambling: Owen, A. B. (1995), in Monte Carlo and Quasi-Monte Carlo Methods, "
    "299-317; by hashing: Burley, B. (2020), JCGT 9(4).\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component sobol = {
    sizeof sobol,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "sobol",
    "Scrambled Sobol sequence: fills the space evenly",
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
HONE_MODULE("org.hone.search.sobol", "0.1.0", "MIT", "the hone authors", "", &sobol)
