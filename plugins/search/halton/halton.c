/* SPDX-License-Identifier: MIT */
/* search/halton: trial k tries point k of a Halton sequence, the digits of k mirrored at the point in a prime base for
 * every dimension, with permuted digits. */
#include "hone/design.h"

enum {
    DIMS = 1000, /* the bases reach 7,919: memory, and more would tell nothing apart */
};

struct settings {
    uint8_t scramble;
};

static const hone_param params[] = {
    HONE_BOOL(
        struct settings, scramble, "yes", 0,
        "Whether digits are permuted at random, by the study's seed. Without, parameters beyond the first few go in "
        "step with each other for long, and the first point is the lower end of every parameter."),
};

struct base {
    uint32_t prime, n_digits;
    uint16_t *permutations; /* (n_digits, prime), of the digits from the lowest on */
    double *rest;           /* (n_digits + 1): what digits that are 0 from number k on come to */
};

struct halton {
    struct settings settings;
    uint64_t seed;
    hone_design design;
    uint32_t n_dims;
    struct base *bases; /* (n_dims) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct halton), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct halton *)*self)->seed = info->seed;
    return rc;
}

static void destroy(void *self)
{
    struct halton *s = (struct halton *)self;
    if (!s)
        return;
    for (uint32_t i = 0; s->bases && i < s->n_dims; i++) {
        free(s->bases[i].permutations);
        free(s->bases[i].rest);
    }
    free(s->bases);
    hone_design_release(&s->design);
    free(s);
}

static uint32_t next_prime(uint32_t n)
{
    for (uint32_t divisor = 2; ++n; divisor = 2) {
        while (divisor * divisor <= n && n % divisor)
            divisor++;
        if (divisor * divisor > n)
            return n;
    }
    return n;
}

/* The permutations of one base: as many digits as numbers below 2^32 have; all digits after them are uniform. */
static hone_rc base_init(struct base *base, uint32_t prime, uint64_t seed, int scramble, hone_error *err)
{
    const double width = log(4294967296.0) / log(prime);
    double scale = 1;
    hone_rng rng = hone_rng_at(seed, ((uint64_t)1 << 33) + prime);
    base->prime = prime;
    base->n_digits = (uint32_t)ceil(width - 1e-9);
    base->permutations = (uint16_t *)malloc((size_t)base->n_digits * prime * sizeof *base->permutations);
    base->rest = (double *)calloc((size_t)base->n_digits + 1, sizeof *base->rest);
    if (!base->permutations || !base->rest)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the Halton sequence");
    for (uint32_t k = 0; k < base->n_digits; k++) {
        uint16_t *p = base->permutations + (size_t)k * prime;
        for (uint32_t j = 0; j < prime; j++)
            p[j] = (uint16_t)j;
        for (uint32_t j = prime; scramble && j > 1; j--) {
            const uint64_t other = hone_rng_below(&rng, j);
            const uint16_t t = p[j - 1];
            p[j - 1] = p[other];
            p[other] = t;
        }
        scale /= prime;
    }
    base->rest[base->n_digits] = scramble ? scale * hone_rng_uniform(&rng) : 0;
    for (uint32_t k = base->n_digits; k > 0; k--) {
        base->rest[k - 1] = base->rest[k] + base->permutations[(size_t)(k - 1) * prime] * scale;
        scale *= prime;
    }
    return HONE_OK;
}

static hone_rc open_space(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    struct halton *s = (struct halton *)self;
    uint32_t prime = 1;
    hone_rc rc = HONE_OK;
    if (space->n_dims > DIMS)
        return hone_fail(err, HONE_ENOTSUP, "",
                         "the Halton sequence has %d dimensions here, the space %u: use sobol or latin_hypercube",
                         (int)DIMS, space->n_dims);
    s->bases = (struct base *)calloc((size_t)space->n_dims + 1, sizeof *s->bases);
    if (!s->bases)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for the Halton sequence");
    s->n_dims = space->n_dims;
    for (uint32_t i = 0; i < space->n_dims && rc == HONE_OK; i++) {
        prime = next_prime(prime);
        rc = base_init(s->bases + i, prime, s->seed, s->settings.scramble, err);
    }
    return rc == HONE_OK ? hone_design_open(&s->design, s->seed, space, info, err) : rc;
}

static hone_rc place(void *ctx, uint64_t trial, double *u, hone_error *err)
{
    const struct halton *s = (const struct halton *)ctx;
    if (trial > UINT32_MAX)
        return hone_fail(err, HONE_ERANGE, "", "the Halton sequence ends with trial 2^32");
    for (uint32_t i = 0; i < s->n_dims; i++) {
        const struct base *base = s->bases + i;
        double sum = 0, scale = 1;
        uint32_t left = (uint32_t)trial, k = 0;
        for (; left; left /= base->prime, k++) {
            scale /= base->prime;
            sum += base->permutations[(size_t)k * base->prime + left % base->prime] * scale;
        }
        sum += base->rest[k];
        u[i] = sum < 1 ? sum : 1 - 0x1p-53;
    }
    return HONE_OK;
}

static hone_rc ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    return hone_design_ask(&((struct halton *)self)->design, trial, place, self, x, err);
}

static hone_rc tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    return hone_design_tell(&((struct halton *)self)->design, outcome, err);
}

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    return hone_design_save(&((struct halton *)self)->design, out, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    return hone_design_load(&((struct halton *)self)->design, in, err);
}

static const char doc[] =
    "Tries the points of a Halton sequence: the coordinate of a trial in dimension i is the trial's number written in "
    "the i-th prime base and mirrored at the point. It fills the space evenly for every number of trials, where sobol "
    "prefers powers of two; beyond some twenty parameters sobol is the better choice. It learns nothing from "
    "outcomes.\n\n"
    "The digits are permuted at random, each place of each base by a permutation of its own, which breaks the long "
    "runs "
    "in which high bases go in step.\n\n"
    "The point of a trial depends on the study's seed and the trial's number: parallel, resumed and reordered runs try "
    "the same points, and more trials extend a shorter run.\n\n"
    "## Spaces\n"
    "Each parameter is one dimension, on its own scale: log, quantiles of a normal, weighted shares for choices; up to "
    "1,000 parameters. Inactive parameters are dropped. Where a point is forbidden by a relation, the point of the "
    "same "
    "number in a rotated sequence is tried, and so on, up to 64 times. In finite spaces no point comes twice while "
    "another is left, and the study ends when none is; there, which point replaces a known one depends on the points "
    "known so far.\n\n"
    "## Sources\n"
    "Halton, J. H. (1960), Numer. Math. 2, 84-90. Permutations: Owen, A. B. (2017), \"A randomized Halton algorithm in "
    "R\", arXiv:1706.02808.\n";

static const hone_search_v1 search = { sizeof search, 0, open_space, ask, tell };
static const hone_component halton = {
    sizeof halton,
    HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    HONE_KIND_SEARCH,
    "halton",
    "Scrambled Halton sequence: even for any number of trials",
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
HONE_MODULE("org.hone.search.halton", "0.1.0", "MIT", "the hone authors", "", &halton)
