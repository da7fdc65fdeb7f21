/* SPDX-License-Identifier: MIT */
/* transform/pca: samples in the coordinates of their principal components, as learnt on the training split. */
#include "eigen.h"
#include "product.h"
#include "hone/instance.h"
#include "hone/simd.h"
#include "hone/transform.h"

enum {
    MOST_FEATURES = 8192, /* 512 MB of products */
    BLOCK = 255,          /* samples that are learnt from at once */
    BATCH = 240           /* and to which the basis is applied at once: whole tiles */
};

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
    /* what it is applied to, room that stays from batch to batch */
    uint64_t n_samples;
    double *samples, *component; /* (d, n_samples) in panels; (d, PANEL_WIDTH): a panel of the vectors */
};

struct pca {
    struct settings settings;
    struct basis basis;
    hone_task task;
    uint64_t d, k;    /* of the task; d 0: begin has not been called */
    uint64_t count;   /* samples learnt from since begin */
    double *mean;     /* (d) of them */
    double *products; /* (d, d) lower triangle: sums of the products of the deviations from the means */
    double *block;    /* (BLOCK + 1, panel_columns(d)) in panels: samples that wait */
    uint64_t waiting;
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
    free(p->block);
    p->mean = p->products = p->block = NULL;
    p->count = p->waiting = 0;
}

static void basis_release(struct basis *b)
{
    free(b->mean);
    free(b->vector);
    free(b->samples);
    free(b->component);
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

/* ---- learning ---- */

/* Zeroed, at 64 bytes; NULL: out of memory. */
static double *make_panels(uint64_t rows, uint64_t columns)
{
    const size_t bytes = rows * panel_columns(columns) * sizeof(double);
    double *panels = (double *)aligned_alloc(64, bytes);
    if (panels)
        memset(panels, 0, bytes);
    return panels;
}

/* y[i] += x[i]     x, y: (n) */
HONE_TARGET_CLONES
static void add(double *restrict y, const double *restrict x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += x[i];
}

/* x: (n) rows of a panel become what they are beyond their mean. */
HONE_TARGET_CLONES
static void centre(double *x, uint64_t n, double *mean)
{
    double sum[PANEL_WIDTH] = { 0 };
    for (uint64_t r = 0; r < n; r++)
        for (uint64_t c = 0; c < PANEL_WIDTH; c++)
            sum[c] += x[r * PANEL_WIDTH + c];
    for (uint64_t c = 0; c < PANEL_WIDTH; c++)
        mean[c] = sum[c] / (double)n;
    for (uint64_t r = 0; r < n; r++)
        for (uint64_t c = 0; c < PANEL_WIDTH; c++)
            x[r * PANEL_WIDTH + c] -= mean[c];
}

/* products += block' block     block: (n, d) in panels */
static void add_products(struct pca *p, uint64_t n)
{
    const uint64_t d = p->d, panel = (BLOCK + 1) * PANEL_WIDTH;
    double tile[PANEL_WIDTH * TILE_WIDTH];
    product_tile *multiply = product_tile_by(0);
    for (uint64_t i = 0; i < d; i += PANEL_WIDTH)
        for (uint64_t j = 0; j <= i; j += TILE_WIDTH) {
            multiply(p->block + i / PANEL_WIDTH * panel, p->block + j / PANEL_WIDTH * panel, n, BLOCK + 1, tile);
            for (uint64_t r = i; r < d && r < i + PANEL_WIDTH; r++)
                add(p->products + r * d + j, tile + (r - i) * TILE_WIDTH, r - j < TILE_WIDTH ? r - j + 1 : TILE_WIDTH);
        }
}

/* Learns from the samples that wait. With n samples before, of mean m, and w waiting, of mean v, the sums of products are those of
 * each about its own mean, and n w / (n + w) (v - m)(v - m)', which is one row more in the block. Chan, Golub and LeVeque 1979. */
static void learn(struct pca *p)
{
    const uint64_t w = p->waiting;
    const double n = (double)p->count, all = n + (double)w, share = sqrt(n * (double)w / all);
    if (!w)
        return;
    for (uint64_t j = 0; j < p->d; j += PANEL_WIDTH) {
        double *panel = p->block + panel_at(0, j, BLOCK + 1), *last = panel + w * PANEL_WIDTH, mean[PANEL_WIDTH];
        centre(panel, w, mean);
        for (uint64_t c = 0; c < PANEL_WIDTH && j + c < p->d; c++) {
            const double off = mean[c] - p->mean[j + c];
            last[c] = share * off;
            p->mean[j + c] += off * (double)w / all;
        }
    }
    add_products(p, w + 1);
    p->count += w;
    p->waiting = 0;
}

/* x: (n, d). Samples wait until there are BLOCK of them: what is learnt does not depend on how they come. */
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
        p->block = make_panels(BLOCK + 1, d);
        if (!p->mean || !p->products || !p->block) {
            forget(p);
            return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the products of %llu features",
                             (unsigned long long)d);
        }
    }
    for (uint64_t i = 0; i < n; i++, x += d) {
        for (uint64_t j = 0; j < d; j++)
            p->block[panel_at(p->waiting, j, BLOCK + 1)] = (double)x[j];
        if (++p->waiting == BLOCK)
            learn(p);
    }
    return HONE_OK;
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

/* values: (k) of the eigenvectors that are the basis: each is turned, and scaled where that is wanted. */
static void settle(struct pca *p, const double *values)
{
    struct basis *b = &p->basis;
    double first = 0;
    for (uint64_t c = 0; c < p->k; c++) {
        const double variance = p->count > 1 ? values[c] / (double)(p->count - 1) : 0;
        double *vector = b->vector + c * p->d, scale = 1;
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
    if (!p->mean || p->count + p->waiting == 0)
        return hone_fail(err, HONE_EINVAL, NULL, "pca saw no training samples");
    learn(p);
    for (uint64_t j = 0; j < d; j++) {
        if (isfinite(p->products[j * d + j]))
            continue;
        if (p->task.features)
            return hone_fail(err, HONE_ENUMERIC, NULL, "feature '%.60s' holds values that are not finite numbers",
                             p->task.features[j]);
        return hone_fail(err, HONE_ENUMERIC, NULL, "feature %llu holds values that are not finite numbers",
                         (unsigned long long)j);
    }
    double *values = (double *)calloc(d, sizeof *values);
    basis_release(&p->basis);
    p->basis.mean = (double *)calloc(d, sizeof *p->basis.mean);
    p->basis.vector = (double *)calloc(p->k * d, sizeof *p->basis.vector);
    const int found = values && p->basis.mean && p->basis.vector
                          ? symmetric_eigen(p->products, d, p->k, values, p->basis.vector)
                          : -2;
    if (found == 0) {
        settle(p, values);
        forget(p);
    } else {
        basis_release(&p->basis);
    }
    free(values);
    if (found == -2)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %llu components", (unsigned long long)p->k);
    return found == 0 ? HONE_OK
                      : hone_fail(err, HONE_ENUMERIC, NULL,
                                  "the principal components cannot be found: are values very large?");
}

/* ---- applying ---- */

/* Room for n samples. */
static hone_rc make_room(struct basis *b, uint64_t n, hone_error *err)
{
    const uint64_t columns = panel_columns(n < BATCH ? n : BATCH);
    if (columns <= b->n_samples)
        return HONE_OK;
    free(b->samples);
    free(b->component);
    b->samples = make_panels(b->d, columns);
    b->component = make_panels(b->d, PANEL_WIDTH);
    b->n_samples = b->samples && b->component ? columns : 0;
    return b->n_samples ? HONE_OK
                        : hone_fail(err, HONE_ENOMEM, NULL, "out of memory for samples of %llu features",
                                    (unsigned long long)b->d);
}

/* x: (n, d), n <= BATCH; y: (n, k), may be x: the samples lie in the panels by then. */
static void project(const struct basis *b, const float *x, float *y, uint64_t n)
{
    const uint64_t d = b->d, k = b->k;
    double tile[PANEL_WIDTH * TILE_WIDTH];
    product_tile *multiply = product_tile_by(0);
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < d; j++)
            b->samples[panel_at(j, i, d)] = (double)x[i * d + j] - b->mean[j];
    for (uint64_t first = 0; first < k; first += PANEL_WIDTH) {
        const uint64_t wide = k - first < PANEL_WIDTH ? k - first : PANEL_WIDTH;
        for (uint64_t c = 0; c < wide; c++)
            for (uint64_t j = 0; j < d; j++)
                b->component[j * PANEL_WIDTH + c] = b->vector[(first + c) * d + j];
        for (uint64_t at = 0; at < n; at += TILE_WIDTH) {
            multiply(b->component, b->samples + panel_at(0, at, d), d, d, tile);
            for (uint64_t i = at; i < n && i < at + TILE_WIDTH; i++)
                for (uint64_t c = 0; c < wide; c++)
                    y[i * k + first + c] = (float)tile[c * TILE_WIDTH + i - at];
        }
    }
}

static hone_rc apply(void *self, const float *x, float *y, uint64_t n, hone_error *err)
{
    struct basis *b = &((struct pca *)self)->basis;
    if (!b->n_dims)
        return hone_fail(err, HONE_EINVAL, NULL, "the transform has not been fitted to training samples yet");
    const hone_rc rc = make_room(b, n, err);
    for (uint64_t i = 0; i < n && rc == HONE_OK; i += BATCH)
        project(b, x + i * b->d, y + i * b->k, n - i < BATCH ? n - i : BATCH);
    return rc;
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
           "Learning takes d^2 / 2 multiplications a sample of d features, some 4/3 d^3 + 2 k d^2 in the end for\n"
           "k components, and 8 d^2 bytes; applying k d a sample. d is at most 8192.\n"
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
