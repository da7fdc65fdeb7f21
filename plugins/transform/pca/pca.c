/* SPDX-License-Identifier: MIT */
/* transform/pca: samples in the coordinates of their principal components, as learnt on the training split. */
#include "eigen.h"
#include "hone/instance.h"
#include "hone/simd.h"
#include "hone/transform.h"

enum { MOST_FEATURES = 8192 }; /* 512 MB of products */

struct settings {
    int64_t components;
    uint8_t whiten;
};

static const hone_param params[] = {
    HONE_INT(struct settings, components, "0", 0, MOST_FEATURES, HONE_P_TUNABLE | HONE_P_LOG, NULL,
             "Components that are kept, those of the largest variance; 0: as many as there are features."),
    HONE_BOOL(struct settings, whiten, "no", HONE_P_TUNABLE, "Every component is scaled to unit variance."),
};

/* What is learnt, and what it was learnt for. */
struct basis {
    uint32_t n_dims, k; /* n_dims 0: nothing is learnt */
    int64_t dims[HONE_MAX_DIMS];
    uint64_t d;            /* features: the product of dims */
    double *mean, *vector; /* (d), (k, d) */
};

struct pca {
    struct settings settings;
    struct basis basis;
    hone_task task;
    uint64_t d, k;    /* of the task; d 0: begin has not been called */
    double count;     /* samples seen since begin */
    double *mean;     /* (d) of them */
    double *products; /* (d, d) lower triangle: sums of the products of the deviations from the means */
    double *off;      /* (d) room */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct pca), self, err);
}

static void forget(struct pca *p)
{
    free(p->mean);
    free(p->products);
    free(p->off);
    p->mean = p->products = p->off = NULL;
    p->count = 0;
}

static void basis_release(struct basis *b)
{
    free(b->mean);
    free(b->vector);
    memset(b, 0, sizeof *b);
}

static void destroy(void *self)
{
    struct pca *p = (struct pca *)self;
    if (!p)
        return;
    forget(p);
    basis_release(&p->basis);
    free(p);
}

/* Features of a shape, 0: none, or more than MOST_FEATURES. */
static uint64_t features_of(const int64_t *dims, uint32_t n_dims)
{
    uint64_t n = n_dims >= 1 && n_dims <= HONE_MAX_DIMS;
    for (uint32_t i = 0; i < n_dims && n; i++)
        n = dims[i] >= 1 && dims[i] <= MOST_FEATURES && n * (uint64_t)dims[i] <= MOST_FEATURES ? n * (uint64_t)dims[i]
                                                                                               : 0;
    return n;
}

static hone_rc begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    struct pca *p = (struct pca *)self;
    const uint64_t d = features_of(in->dims, in->n_dims),
                   k = p->settings.components ? (uint64_t)p->settings.components : d;
    if (!d)
        return hone_fail(err, HONE_EINVAL, NULL, "samples of no or more than %d features have no principal components",
                         MOST_FEATURES);
    if (k > d)
        return hone_fail(err, HONE_EINVAL, "components", "components = %lld is more than the %llu features",
                         (long long)p->settings.components, (unsigned long long)d);
    forget(p);
    p->task = *in;
    p->d = d;
    p->k = k;
    if (p->basis.n_dims != in->n_dims || p->basis.k != k ||
        memcmp(p->basis.dims, in->dims, in->n_dims * sizeof *in->dims) != 0)
        basis_release(&p->basis); /* a state of another shape */
    *out = *in;
    out->dtype = HONE_F32;
    out->n_dims = 1;
    out->dims[0] = (int64_t)k;
    out->features = NULL;
    return HONE_OK;
}

/* y[i] += f * x[i]     x, y: (n) */
HONE_TARGET_CLONES
static void add(double *restrict y, const double *restrict x, double f, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += f * x[i];
}

/* x: (n, d). Welford's update: of the products, (count - 1) / count * (x - mean)(x - mean)' */
static hone_rc fit(void *self, const float *x, uint64_t n, hone_error *err)
{
    struct pca *p = (struct pca *)self;
    const uint64_t d = p->d;
    if (!d)
        return hone_fail(err, HONE_EINVAL, NULL, "pca was not told the shape of its samples");
    basis_release(&p->basis);
    if (!p->mean) {
        p->mean = (double *)calloc(d, sizeof *p->mean);
        p->products = (double *)calloc(d * d, sizeof *p->products);
        p->off = (double *)calloc(d, sizeof *p->off);
        if (!p->mean || !p->products || !p->off) {
            forget(p);
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the products of %llu features",
                             (unsigned long long)d);
        }
    }
    for (uint64_t i = 0; i < n; i++, x += d) {
        p->count++;
        for (uint64_t j = 0; j < d; j++) {
            p->off[j] = (double)x[j] - p->mean[j];
            p->mean[j] += p->off[j] / p->count;
        }
        const double share = (p->count - 1) / p->count;
        for (uint64_t j = 0; j < d; j++)
            if (p->off[j] < 0 || p->off[j] > 0 || isnan(p->off[j]))
                add(p->products + j * d, p->off, share * p->off[j], j + 1);
    }
    return HONE_OK;
}

/* The row of the matrix with the largest value that is left; values are taken out. */
static uint64_t take_largest(double *values, uint64_t d)
{
    uint64_t best = 0;
    for (uint64_t i = 1; i < d; i++)
        if (values[i] > values[best] || isnan(values[best]))
            best = i;
    return best;
}

/* vector: (d). Of the two directions, the one whose largest element is positive. */
static void turn(double *vector, uint64_t d)
{
    uint64_t largest = 0;
    for (uint64_t j = 1; j < d; j++)
        if (fabs(vector[j]) > fabs(vector[largest]))
            largest = j;
    const double sign = vector[largest] < 0 ? -1 : 1;
    for (uint64_t j = 0; j < d; j++)
        vector[j] *= sign;
}

/* values, p->products: eigenvalues and, row by row, eigenvectors. */
static void choose(struct pca *p, double *values)
{
    struct basis *b = &p->basis;
    double first = 0;
    for (uint64_t c = 0; c < p->k; c++) {
        const uint64_t row = take_largest(values, p->d);
        const double variance = p->count > 1 ? values[row] / (p->count - 1) : 0;
        double *vector = b->vector + c * p->d, scale = 1;
        values[row] = (double)NAN;
        memcpy(vector, p->products + row * p->d, p->d * sizeof *vector);
        turn(vector, p->d);
        first = c ? first : variance;
        if (p->settings.whiten && variance > 1e-12 * first) /* what is rounding only stays as small as it is */
            scale = 1 / sqrt(variance);
        for (uint64_t j = 0; j < p->d; j++)
            vector[j] *= scale;
    }
    memcpy(b->mean, p->mean, p->d * sizeof *b->mean);
    memcpy(b->dims, p->task.dims, p->task.n_dims * sizeof *b->dims);
    b->n_dims = p->task.n_dims;
    b->k = (uint32_t)p->k;
    b->d = p->d;
}

static hone_rc finish(void *self, hone_error *err)
{
    struct pca *p = (struct pca *)self;
    const uint64_t d = p->d;
    if (!p->mean || !(p->count > 0))
        return hone_fail(err, HONE_EINVAL, NULL, "pca saw no training samples");
    for (uint64_t j = 0; j < d; j++) {
        if (isfinite(p->products[j * d + j]))
            continue;
        if (p->task.features)
            return hone_fail(err, HONE_ENUMERIC, NULL, "feature '%.60s' holds values that are not finite numbers",
                             p->task.features[j]);
        return hone_fail(err, HONE_ENUMERIC, NULL, "feature %llu holds values that are not finite numbers",
                         (unsigned long long)j);
    }
    double *values = (double *)calloc(d, sizeof *values), *work = (double *)calloc(d, sizeof *work);
    hone_rc rc = HONE_OK;
    basis_release(&p->basis);
    p->basis.mean = (double *)calloc(d, sizeof *p->basis.mean);
    p->basis.vector = (double *)calloc(p->k * d, sizeof *p->basis.vector);
    if (!values || !work || !p->basis.mean || !p->basis.vector) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %llu components", (unsigned long long)p->k);
        goto out;
    }
    for (uint64_t i = 0; i < d; i++)
        for (uint64_t j = 0; j < i; j++)
            p->products[j * d + i] = p->products[i * d + j];
    if (symmetric_eigen(p->products, d, values, work) < 0) {
        rc = hone_fail(err, HONE_ENUMERIC, NULL, "the principal components cannot be found: are values very large?");
        goto out;
    }
    choose(p, values);
    forget(p);
out:
    free(values);
    free(work);
    if (rc != HONE_OK)
        basis_release(&p->basis);
    return rc;
}

/* sum w[i] (x[i] - mean[i]), in partial sums of a fixed order     all: (n) */
HONE_TARGET_CLONES
static double project(const float *x, const double *mean, const double *w, uint64_t n)
{
    enum { LANES = 8 };
    double lanes[LANES] = { 0 }, sum = 0;
    uint64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (uint64_t k = 0; k < LANES; k++)
            lanes[k] += w[i + k] * ((double)x[i + k] - mean[i + k]);
    for (; i < n; i++)
        sum += w[i] * ((double)x[i] - mean[i]);
    for (uint64_t k = 0; k < LANES; k++)
        sum += lanes[k];
    return sum;
}

/* Where as many values come out as go in, x and y may be the same: a sample is projected into `off` first. */
static hone_rc apply(void *self, const float *x, float *y, uint64_t n, hone_error *err)
{
    const struct basis *b = &((const struct pca *)self)->basis;
    if (!b->n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "the transform has not been fitted to training samples yet");
    float *room = (float *)malloc(b->k * sizeof *room);
    if (!room)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a sample of %u components", b->k);
    for (uint64_t i = 0; i < n; i++, x += b->d, y += b->k) {
        for (uint32_t c = 0; c < b->k; c++)
            room[c] = (float)project(x, b->mean, b->vector + c * b->d, b->d);
        memcpy(y, room, b->k * sizeof *y);
    }
    free(room);
    return HONE_OK;
}

/* State: tag, n_dims, k, dims (n_dims), mean (d), vectors (k, d). An instance that was not fitted saves n_dims 0. */
static const char tag[8] = "hpca0001";

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    struct basis *b = &((struct pca *)self)->basis;
    char magic[sizeof tag];
    uint32_t head[2] = { b->n_dims, b->k };
    const hone_part parts[] = { { magic, sizeof magic },
                                { head, sizeof head },
                                { b->dims, b->n_dims * sizeof *b->dims },
                                { b->mean, b->d * sizeof *b->mean },
                                { b->vector, b->k * b->d * sizeof *b->vector } };
    memcpy(magic, tag, sizeof magic);
    return hone_transfer(parts, b->n_dims ? HONE_COUNT(parts) : 2, out, NULL, err);
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct pca *p = (struct pca *)self;
    struct basis b;
    char magic[sizeof tag];
    uint32_t head[2];
    hone_rc rc;
    memset(&b, 0, sizeof b);
    if ((rc = hone_read(in, magic, sizeof magic, err)) != HONE_OK ||
        (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (memcmp(magic, tag, sizeof tag) != 0)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of pca, or of a newer version");
    b.n_dims = head[0];
    b.k = head[1];
    if (b.n_dims > HONE_MAX_DIMS || (!b.n_dims && b.k))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims an impossible shape");
    if (b.n_dims && (rc = hone_read(in, b.dims, b.n_dims * sizeof *b.dims, err)) != HONE_OK)
        return rc;
    b.d = features_of(b.dims, b.n_dims);
    if (b.n_dims && (!b.d || !b.k || b.k > b.d))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims an impossible shape");
    if (b.n_dims && p->settings.components && (uint64_t)p->settings.components != b.k)
        return hone_fail(err, HONE_EINVAL, "components", "the saved state has %u components, not %lld", b.k,
                         (long long)p->settings.components);
    if ((rc = hone_read_doubles(in, b.n_dims ? b.d : 0, &b.mean, err)) == HONE_OK &&
        (rc = hone_read_doubles(in, b.n_dims ? b.k * b.d : 0, &b.vector, err)) == HONE_OK)
        rc = hone_read_end(in, err);
    if (rc == HONE_OK) {
        basis_release(&p->basis);
        p->basis = b;
    } else {
        basis_release(&b);
    }
    return rc;
}

static const hone_transform_v1 iface = {
    .size = sizeof iface, .begin = begin, .fit = fit, .finish = finish, .apply = apply
};

static const hone_component pca = {
    .size = sizeof pca,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_TRANSFORM,
    .name = "pca",
    .summary = "Principal components: the directions of largest variance, as learnt on the training split",
    .doc = "    y[c] = sum over j of v[c][j] (x[j] - mean[j])\n"
           "\n"
           "with v[0], v[1], ... the directions along which the training split varies most, orthogonal to each\n"
           "other and of length 1, each turned so that its largest element is positive. With `whiten`, y[c]\n"
           "is divided by its standard deviation (of n - 1). Samples of any shape become vectors of\n"
           "`components` values. Features of unlike units should be standardized before:\n"
           "`[transform.standardize]`, then `[transform.pca]`. Equals scikit-learn's PCA.\n"
           "\n"
           "Learning takes d^2 multiplications a sample of d features and some 10 d^3 in the end, and 8 d^2\n"
           "bytes; d is at most 8192.\n"
           "\n"
           "Source: Pearson 1901, \"On lines and planes of closest fit to systems of points in space\",\n"
           "Philosophical magazine 2.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .save = save,
    .load = load,
};

HONE_MODULE("org.hone.transform.pca", "0.1.0", "MIT", "the hone authors", "", &pca)
