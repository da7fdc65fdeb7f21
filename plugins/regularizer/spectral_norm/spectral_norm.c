/* SPDX-License-Identifier: MIT */
/* regularizer/spectral_norm: after each update, kernels are scaled back so that none stretches a vector by more than `max`
 * (Miyato et al. 2018; Gouk et al. 2021). As a projection after the update, not a reparametrization: the weights at rest are
 * the weights that are used, stored and averaged, and no pass costs more. The largest singular value comes from power
 * iteration that goes on where the last step left it. */
#include "hone/regularizer.h"
#include "hone/rng.h"
#include "hone/weights.h"

struct settings {
    double max;
    int64_t iterations;
    const char *parameters;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, max, "1", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
              "Largest singular value of a kernel as a matrix (outputs, all the rest)."),
    HONE_INT(struct settings, iterations, "1", 1, 100, HONE_P_ADVANCED, NULL,
             "Power iterations at each step; the first step does at least 15."),
    HONE_WEIGHTS_PATTERN(struct settings),
};

enum { FIRST_ITERATIONS = 15 }; /* as PyTorch's spectral_norm warms up */

struct kernel {
    uint64_t rows, columns; /* 0: not one that it is for */
    int in_rows;            /* the layout keeps rows together: their order of columns does not matter */
    float *u, *v;           /* (rows), (columns): left and right singular vector */
};
struct spectral_norm {
    struct settings settings;
    uint64_t seed, steps;
    hone_weights weights;
    struct kernel *kernels; /* (weights.n) */
    float *plain;           /* (elements of the largest kernel that is not in rows) */
    float *loaded;          /* vectors of a state that came before the network; (n_loaded) */
    uint64_t n_loaded;
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, sizeof(struct settings), sizeof(struct spectral_norm), self, err);
    (void)host;
    if (rc == HONE_OK)
        ((struct spectral_norm *)*self)->seed = info->seed;
    return rc;
}

static void forget(struct spectral_norm *s)
{
    for (uint32_t i = 0; s->kernels && i < s->weights.n; i++) {
        free(s->kernels[i].u);
        free(s->kernels[i].v);
    }
    free(s->kernels);
    free(s->plain);
    s->kernels = NULL;
    s->plain = NULL;
    hone_weights_release(&s->weights);
}

static void destroy(void *self)
{
    struct spectral_norm *s = self;
    if (s) {
        forget(s);
        free(s->loaded);
    }
    free(s);
}

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the singular vectors of the kernels");
}

/* All left vectors, one after the other: what is remembered. */
static uint64_t n_remembered(const struct spectral_norm *s)
{
    uint64_t n = 0;
    for (uint32_t i = 0; s->kernels && i < s->weights.n; i++)
        n += s->kernels[i].rows;
    return n;
}

static hone_rc take_loaded(struct spectral_norm *s, hone_error *err)
{
    const float *from = s->loaded;
    if (!s->n_loaded)
        return HONE_OK;
    if (s->n_loaded != n_remembered(s))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state of spectral_norm is of another network");
    for (uint32_t i = 0; i < s->weights.n; from += s->kernels[i++].rows)
        if (s->kernels[i].rows)
            memcpy(s->kernels[i].u, from, (size_t)s->kernels[i].rows * sizeof *from);
    free(s->loaded);
    s->loaded = NULL;
    s->n_loaded = 0;
    return HONE_OK;
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct spectral_norm *s = self;
    uint64_t largest = 1;
    forget(s);
    const hone_rc rc = hone_weights_choose(&s->weights, HONE_WEIGHTS_KERNELS(&s->settings), g, parameters, n, err);
    if (rc != HONE_OK)
        return rc;
    if (!(s->kernels = calloc((size_t)n + 1, sizeof *s->kernels)))
        return out_of_memory(err);
    for (uint32_t i = 0; i < n; i++) {
        const hone_parameter *p = parameters[i];
        const uint64_t elements = (uint64_t)hone_shape_elements(p->dims, p->n_dims);
        struct kernel *k = &s->kernels[i];
        if (!s->weights.takes[i])
            continue;
        k->in_rows = p->plain || (p->n_dims == 2 && g);
        k->rows = (uint64_t)p->dims[0];
        k->columns = elements / k->rows;
        k->u = malloc((size_t)k->rows * sizeof *k->u);
        k->v = malloc((size_t)k->columns * sizeof *k->v);
        if (!k->u || !k->v)
            return out_of_memory(err);
        hone_nn_draw_normal(k->u, k->rows, s->seed, i, 1);
        largest = !k->in_rows && elements > largest ? elements : largest;
    }
    if (!(s->plain = malloc((size_t)largest * sizeof *s->plain)))
        return out_of_memory(err);
    return take_loaded(s, err);
}

/* y += a x     x, y: (n) */
HONE_TARGET_CLONES
static void add_scaled(float *y, const float *x, uint64_t n, float a)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

/* x . y     (n) */
HONE_TARGET_CLONES
static double dot(const float *x, const float *y, uint64_t n)
{
    float lanes[32] = { 0 };
    double sum = 0;
    uint64_t i = 0;
    for (; i + 32 <= n; i += 32)
        for (uint64_t k = 0; k < 32; k++)
            lanes[k] += x[i + k] * y[i + k];
    for (uint64_t k = 0; i < n; i++, k++)
        lanes[k] += x[i] * y[i];
    for (uint64_t k = 0; k < 32; k++)
        sum += (double)lanes[k];
    return sum;
}

/* Makes x one long; returns how long it was. */
static double normalize(float *x, uint64_t n)
{
    const double length = sqrt(hone_sum_of_squares(x, n));
    for (uint64_t i = 0; length > 0 && i < n; i++)
        x[i] = (float)((double)x[i] / length);
    return length;
}

/* v = W'u / |W'u|, u = Wv / |Wv|, some times; |Wv| in the end, a lower bound of the largest singular value that it soon
 * reaches. W: (rows, columns). Miyato et al. 2018, algorithm 1. */
static double largest_singular_value(struct kernel *k, const float *w, int64_t iterations)
{
    double value = 0;
    normalize(k->u, k->rows);
    for (int64_t t = 0; t < iterations; t++) {
        memset(k->v, 0, (size_t)k->columns * sizeof *k->v);
        for (uint64_t r = 0; r < k->rows; r++)
            add_scaled(k->v, w + r * k->columns, k->columns, k->u[r]);
        if (!(normalize(k->v, k->columns) > 0)) /* zeros; u stays for better times */
            return 0;
        for (uint64_t r = 0; r < k->rows; r++)
            k->u[r] = (float)dot(w + r * k->columns, k->v, k->columns);
        value = normalize(k->u, k->rows);
    }
    return value;
}

HONE_TARGET_CLONES
static void scale(float *x, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] *= factor;
}

static hone_rc after_update(void *self, hone_parameter *const *parameters, uint32_t n, const hone_decay *now,
                            hone_error *err)
{
    struct spectral_norm *s = self;
    const struct settings *set = &s->settings;
    const int64_t iterations = s->steps || set->iterations > FIRST_ITERATIONS ? set->iterations : FIRST_ITERATIONS;
    hone_rc rc = HONE_OK;
    (void)now;
    if (!s->plain || s->weights.parameters != parameters || s->weights.n != n)
        rc = on_network(self, NULL, parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        struct kernel *k = &s->kernels[i];
        hone_parameter *p = parameters[i];
        if (!k->rows)
            continue;
        if (!k->in_rows && (rc = hone_weights_read(&s->weights, i, p->value, s->plain, err)) != HONE_OK)
            break;
        const double value = largest_singular_value(k, k->in_rows ? p->value : s->plain, iterations);
        if (value > set->max)
            scale(p->value, p->length, (float)(set->max / value));
    }
    s->steps++;
    return rc;
}

/* ---- state: tag, steps, the left vectors ---- */
static const char magic[8] = "spectra1";

static hone_rc save(void *self, const hone_ostream *out, hone_error *err)
{
    const struct spectral_norm *s = self;
    const uint64_t head[2] = { s->steps, s->n_loaded ? s->n_loaded : n_remembered(s) };
    hone_rc rc = hone_write(out, magic, sizeof magic, err);
    if (rc == HONE_OK)
        rc = hone_write(out, head, sizeof head, err);
    if (s->n_loaded)
        return rc == HONE_OK ? hone_write(out, s->loaded, s->n_loaded * sizeof *s->loaded, err) : rc;
    for (uint32_t i = 0; s->kernels && i < s->weights.n && rc == HONE_OK; i++)
        rc = hone_write(out, s->kernels[i].u, s->kernels[i].rows * sizeof(float), err);
    return rc;
}

static hone_rc load(void *self, const hone_istream *in, hone_error *err)
{
    struct spectral_norm *s = self;
    char tag[sizeof magic];
    uint64_t head[2];
    float *vectors = NULL;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK ||
        (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, magic, sizeof tag) != 0)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of spectral_norm");
    if ((rc = hone_read_floats(in, head[1], &vectors, err)) != HONE_OK)
        return rc;
    if ((rc = hone_read_end(in, err)) != HONE_OK || (s->kernels && head[1] && head[1] != n_remembered(s))) {
        free(vectors);
        return rc != HONE_OK
                   ? rc
                   : hone_fail(err, HONE_EINVAL, NULL, "the saved state of spectral_norm is of another network");
    }
    free(s->loaded);
    s->loaded = vectors;
    s->n_loaded = head[1];
    s->steps = head[0];
    return s->kernels ? take_loaded(s, err) : HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .after_update = after_update,
                                           .on_network = on_network };

static const hone_component spectral_norm = {
    .size = sizeof spectral_norm,
    .flags = HONE_C_DETERMINISTIC | HONE_C_STATEFUL,
    .kind = HONE_KIND_REGULARIZER,
    .name = "spectral_norm",
    .summary = "Bounds the largest singular value of each kernel",
    .doc = "After each update, every kernel W, as a matrix of one row an output, is projected:\n"
           "\n"
           "    W <- W * min(1, max / sigma(W)),    sigma: the largest singular value\n"
           "\n"
           "so that with `max = 1` no layer stretches a difference of its inputs (dense layers exactly;\n"
           "convolutions up to the factor that overlapping windows bring). sigma is found by power\n"
           "iteration from the vectors of the step before; they are part of a checkpoint. Kernels below the\n"
           "bound are not touched at all, so that a very large `max` changes nothing.\n"
           "\n"
           "This is the constraint as a projection. torch.nn.utils.parametrizations.spectral_norm is the\n"
           "other form: it divides by sigma in each pass, below the bound, too. Biases, norms and embeddings\n"
           "are left alone; `parameters` names some kernels.\n"
           "\n"
           "Sources: Miyato, Kataoka, Koyama and Yoshida 2018, \"Spectral normalization for generative\n"
           "adversarial networks\", ICLR, algorithm 1; Gouk, Frank, Pfahringer and Cree 2021,\n"
           "\"Regularisation of neural networks by enforcing Lipschitz continuity\", Machine Learning 110,\n"
           "algorithm 2.",
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

HONE_MODULE("org.hone.regularizer.spectral_norm", "0.1.0", "MIT", "the hone authors", "", &spectral_norm)
