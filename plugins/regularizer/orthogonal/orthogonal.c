/* SPDX-License-Identifier: MIT */
/* regularizer/orthogonal: a penalty on how far the rows (or columns, where these are fewer) of a kernel are from being
 * orthonormal (Brock et al. 2017, 2019). The products are BLAS's. */
#include "hone/hyper.h"
#include "hone/regularizer.h"
#include "hone/weights.h"

#include <cblas.h>

enum { FROBENIUS, OFF_DIAGONAL, ABSOLUTE };
static const char *const forms[] = { "frobenius", "off_diagonal", "absolute", NULL };

struct settings {
    double strength;
    uint32_t form;
    const char *parameters;
};

static const hone_param params[] = {
    HONE_REAL(struct settings, strength, "1e-4", 0, HUGE_VAL, HONE_P_TUNABLE | HONE_P_LOG, NULL,
              "Factor on the sum of the penalties of all kernels; 0 changes nothing."),
    HONE_ENUM(
        struct settings, form, "frobenius", forms, HONE_P_TUNABLE,
        "frobenius: squares of W W' - I; off_diagonal: of W W' off its diagonal, which leaves the lengths of rows "
        "alone (BigGAN); absolute: absolute values of W W' - I."),
    HONE_WEIGHTS_PATTERN(struct settings),
};

struct orthogonal {
    struct settings settings;
    hone_weights weights;
    float *plain, *gradient,
        *placed; /* (largest kernel): values and penalty's gradient, plain; the latter in its layout */
    float *gram; /* (largest of the smaller sides, squared) */
};

static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    return hone_instance_create(info, sizeof(struct settings), sizeof(struct orthogonal), self, err);
}

static void forget(struct orthogonal *o)
{
    free(o->plain);
    free(o->gradient);
    free(o->placed);
    free(o->gram);
    o->plain = o->gradient = o->placed = o->gram = NULL;
    hone_weights_release(&o->weights);
}

static void destroy(void *self)
{
    if (self)
        forget(self);
    free(self);
}

static void sides(const hone_parameter *p, uint64_t *rows, uint64_t *columns)
{
    *rows = (uint64_t)p->dims[0];
    *columns = (uint64_t)hone_shape_elements(p->dims, p->n_dims) / *rows;
}

static hone_rc on_network(void *self, hone_graph *g, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct orthogonal *o = self;
    uint64_t largest = 1, side = 1, rows, columns;
    forget(o);
    const hone_rc rc = hone_weights_choose(&o->weights, HONE_WEIGHTS_KERNELS(&o->settings), g, parameters, n, err);
    for (uint32_t i = 0; rc == HONE_OK && i < n; i++) {
        if (!o->weights.takes[i])
            continue;
        sides(parameters[i], &rows, &columns);
        const uint64_t smaller = rows < columns ? rows : columns;
        if (rows > INT32_MAX || columns > INT32_MAX)
            return hone_fail(err, HONE_ENOTSUP, NULL, "%.80s is too large a matrix", parameters[i]->name);
        largest = parameters[i]->length > largest ? parameters[i]->length : largest;
        side = smaller > side ? smaller : side;
    }
    o->plain = malloc((size_t)largest * sizeof *o->plain);
    o->gradient = malloc((size_t)largest * sizeof *o->gradient);
    o->placed = calloc((size_t)largest, sizeof *o->placed);
    o->gram = side < 1u << 20 ? malloc((size_t)(side * side) * sizeof *o->gram) : NULL;
    if (rc == HONE_OK && (!o->plain || !o->gradient || !o->placed || !o->gram))
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the products of the kernels");
    return rc;
}

/* What the penalty's derivative needs of the Gram matrix: G - I, its off-diagonal part, or its signs. gram: (n, n) */
static void compare(float *gram, uint64_t n, uint32_t form)
{
    for (uint64_t i = 0; i < n; i++)
        gram[i * n + i] = form == OFF_DIAGONAL ? 0.0f : gram[i * n + i] - 1;
    for (uint64_t i = 0; form == ABSOLUTE && i < n * n; i++)
        gram[i] = gram[i] > 0 ? 1.0f : gram[i] < 0 ? -1.0f : 0.0f;
}

/* out = factor * S W or W S, where S is what `compare` makes of W W' or W'W     w, out: (rows, columns) */
static void derive(const struct orthogonal *o, const float *w, float *out, uint64_t rows, uint64_t columns)
{
    const int r = (int)rows, c = (int)columns, wide = rows <= columns, side = wide ? r : c;
    const float factor = (float)(o->settings.strength * (o->settings.form == ABSOLUTE ? 2 : 4));
    cblas_sgemm(CblasRowMajor, wide ? CblasNoTrans : CblasTrans, wide ? CblasTrans : CblasNoTrans, side, side,
                wide ? c : r, 1, w, c, w, c, 0, o->gram, side);
    compare(o->gram, (uint64_t)side, o->settings.form);
    if (wide)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, r, c, r, factor, o->gram, r, w, c, 0, out, c);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, r, c, c, factor, w, c, o->gram, c, 0, out, c);
}

/* y += x     (n) */
HONE_TARGET_CLONES
static void add(float *y, const float *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] += x[i];
}

static hone_rc on_gradients(void *self, hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    struct orthogonal *o = self;
    hone_rc rc = HONE_OK;
    if (o->settings.strength <= 0)
        return HONE_OK;
    if (!o->plain || o->weights.parameters != parameters || o->weights.n != n)
        rc = on_network(self, NULL, parameters, n, err);
    for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
        hone_parameter *p = parameters[i];
        uint64_t rows, columns;
        if (!o->weights.takes[i])
            continue;
        sides(p, &rows, &columns);
        if (!p->plain && (rc = hone_weights_read(&o->weights, i, p->value, o->plain, err)) != HONE_OK)
            break;
        derive(o, p->plain ? p->value : o->plain, o->gradient, rows, columns);
        if (!p->plain)
            rc = hone_weights_write(&o->weights, i, o->gradient, o->placed, err);
        if (rc == HONE_OK)
            add(p->gradient, p->plain ? o->gradient : o->placed, p->length);
    }
    return rc;
}

/* The penalty is linear in it: differences are exact. */
static double *coefficient(void *self, uint32_t i)
{
    (void)i;
    return &((struct orthogonal *)self)->settings.strength;
}

static const hone_coefficient strength = { sizeof strength, HONE_HYPER_GRADIENT, "strength", 0, 0 };
static const hone_coefficient *const coefficients[] = { &strength };
static const hone_hyper_v1 hyper = { .size = sizeof hyper, .n = 1, .coefficients = coefficients, .value = coefficient };

static const void *get_ext(const char *id)
{
    return strcmp(id, HONE_EXT_HYPER) ? NULL : &hyper;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface,
                                           .on_gradients = on_gradients,
                                           .on_network = on_network };

static const hone_component orthogonal = {
    .size = sizeof orthogonal,
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REGULARIZER,
    .name = "orthogonal",
    .summary = "Orthogonal regularization: rows of a kernel at right angles",
    .doc = "Adds a penalty for each kernel W, as a matrix of one row an output, to the loss that training\n"
           "minimizes. Where W has no more rows than columns, with G = W W':\n"
           "\n"
           "    frobenius      L = strength * sum (G - I)^2              gradient += 4 strength (G - I) W\n"
           "    off_diagonal   L = strength * sum (G * (1 - I))^2        gradient += 4 strength (G * (1 - I)) W\n"
           "    absolute       L = strength * sum |G - I|                gradient += 2 strength sign(G - I) W\n"
           "\n"
           "and with G = W'W from the other side where there are fewer columns, since more vectors than\n"
           "dimensions cannot be orthonormal. `absolute` is the penalty of Brock et al. 2017, the other two\n"
           "are those of the BigGAN paper, whose choice is off_diagonal with strength 1e-4. Kernels only;\n"
           "`parameters` names some. The loss that is reported does not contain the penalty. It costs two\n"
           "products of the smaller side squared times the larger one a step: for wide layers as much as\n"
           "the pass itself.\n"
           "\n"
           "Sources: Brock, Lim, Ritchie and Weston 2017, \"Neural photo editing with introspective\n"
           "adversarial networks\", ICLR, section 3.2; Brock, Donahue and Simonyan 2019, \"Large scale GAN\n"
           "training for high fidelity natural image synthesis\", ICLR, eq. 2 and 3.",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof *params,
    .config_size = sizeof(struct settings),
    .iface = &iface,
    .create = create,
    .destroy = destroy,
    .get_ext = get_ext,
};

HONE_MODULE("org.hone.regularizer.orthogonal", "0.1.0", "MIT", "the hone authors", "", &orthogonal)
