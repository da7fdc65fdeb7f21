/* SPDX-License-Identifier: MIT */
/* hone/weights.h - which of a network's parameters a regularizer is for, and how to reach them in rows or as matrices,
 * whatever layout the network keeps them in. Header only; link with -lhone-nn.
 *
 *     struct settings {
 *         double strength;
 *         HONE_WEIGHTS_FIELDS
 *     };
 *     static const hone_param params[] = { HONE_REAL(...), HONE_WEIGHTS_KEYS(struct settings) };
 *     struct l2 { struct settings settings; hone_weights weights; };
 *
 *     on_network:  return hone_weights_choose(&self->weights, HONE_WEIGHTS_CHOICE(&self->settings), g, parameters, n, err);
 *     a hook:      rc = hone_weights_update(&self->weights, HONE_WEIGHTS_CHOICE(&self->settings), parameters, n, err);
 *                  for (i ...) if (self->weights.takes[i]) ... parameters[i] ...
 *     destroy:     hone_weights_release(&self->weights); */
#ifndef HONE_WEIGHTS_H
#define HONE_WEIGHTS_H
#include "hone/instance.h"
#include "hone/nn.h"
#include "hone/simd.h"

#define HONE_WEIGHTS_FIELDS \
    const char *parameters; \
    uint8_t bias, norm;
#define HONE_WEIGHTS_PATTERN(T)                                                                                  \
    HONE_STR(T, parameters, "*", 0,                                                                              \
             "Parameters that it is for: comma-separated names with the wildcards * and ?, such as hidden1* or " \
             "conv*.weight. A pattern that takes none is an error.")
/* The keys parameters, bias and norm. */
#define HONE_WEIGHTS_KEYS(T)                                                                     \
    HONE_WEIGHTS_PATTERN(T), HONE_BOOL(T, bias, "no", HONE_P_TUNABLE, "It is for biases, too."), \
        HONE_BOOL(T, norm, "no", HONE_P_TUNABLE, "It is for scales and shifts of normalization layers, too.")

/* What the keys say. Kernels are always meant. */
typedef struct hone_weights_choice {
    const char *parameters;
    uint32_t bias, norm, embedding;
} hone_weights_choice;
#define HONE_WEIGHTS_CHOICE(settings) \
    (&(const hone_weights_choice){ (settings)->parameters, (settings)->bias, (settings)->norm, 1 })
#define HONE_WEIGHTS_KERNELS(settings) (&(const hone_weights_choice){ (settings)->parameters, 0, 0, 0 })

/* Zero it, release it. */
typedef struct hone_weights {
    hone_graph *graph; /* NULL: not known, parameters must be plain */
    hone_parameter *const *parameters;
    uint32_t n;
    uint8_t *takes; /* (n) 1: it is for this one */
} hone_weights;

static inline void hone_weights_release(hone_weights *w)
{
    free(w->takes);
    memset(w, 0, sizeof *w);
}

static inline int hone_weights_meant_(const hone_weights_choice *choice, const hone_parameter *p)
{
    switch (p->role) {
    case HONE_PARAMETER_KERNEL: break;
    case HONE_PARAMETER_BIAS:
        if (!choice->bias)
            return 0;
        break;
    case HONE_PARAMETER_NORM:
        if (!choice->norm)
            return 0;
        break;
    case HONE_PARAMETER_EMBEDDING:
        if (!choice->embedding)
            return 0;
        break;
    default: return 0;
    }
    return hone_nn_site_matches(choice->parameters, p->name) != 0;
}

/* HONE_EINVAL naming the key `parameters` where a pattern takes none; HONE_ENOMEM. [trial] */
static inline hone_rc hone_weights_choose(hone_weights *w, const hone_weights_choice *choice, hone_graph *g,
                                          hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    uint8_t *takes = (uint8_t *)calloc((size_t)n + 1, 1);
    char names[120] = "";
    size_t used = 0;
    uint32_t taken = 0;
    if (!takes)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the choice of parameters");
    for (uint32_t i = 0; i < n; i++) {
        taken += takes[i] = (uint8_t)hone_weights_meant_(choice, parameters[i]);
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", i ? ", " : "", parameters[i]->name);
    }
    free(w->takes);
    w->takes = takes;
    w->graph = g;
    w->parameters = parameters;
    w->n = n;
    if (taken || !n || !strcmp(choice->parameters, "*"))
        return HONE_OK;
    return hone_fail(err, HONE_EINVAL, "parameters",
                     "parameters = %.40s takes none of the parameters that it is for; the network has %s%s",
                     choice->parameters, names, used < sizeof names ? "" : " ...");
}

/* At the start of a hook: chooses where nobody told of a network before. [trial] */
static inline hone_rc hone_weights_update(hone_weights *w, const hone_weights_choice *choice,
                                          hone_parameter *const *parameters, uint32_t n, hone_error *err)
{
    if (w->takes && w->parameters == parameters && w->n == n)
        return HONE_OK;
    return hone_weights_choose(w, choice, NULL, parameters, n, err);
}

/* ---- in the plain order: row-major, as dims say ---- */
/* array: (length) of parameter i, in the layout of its values: they, the gradient, or one like them. plain: (elements).
 * Without a graph, HONE_ENOTSUP for what is not plain. [trial] */
static inline hone_rc hone_weights_read(const hone_weights *w, uint32_t i, float *array, float *plain, hone_error *err)
{
    hone_parameter *p = w->parameters[i];
    float *const value = p->value;
    hone_rc rc;
    if (p->plain) {
        memcpy(plain, array, (size_t)p->length * sizeof *plain);
        return HONE_OK;
    }
    if (!w->graph)
        return hone_fail(err, HONE_ENOTSUP, NULL,
                         "the weights of %.80s have a layout of the network, which is not known", p->name);
    p->value = array; /* what has the layout of the weights is read and written as they are */
    rc = hone_nn_read(w->graph, i, plain, err);
    p->value = value;
    return rc;
}

static inline hone_rc hone_weights_write(const hone_weights *w, uint32_t i, const float *plain, float *array,
                                         hone_error *err)
{
    hone_parameter *p = w->parameters[i];
    float *const value = p->value;
    hone_rc rc;
    if (p->plain) {
        memcpy(array, plain, (size_t)p->length * sizeof *plain);
        return HONE_OK;
    }
    if (!w->graph)
        return hone_fail(err, HONE_ENOTSUP, NULL,
                         "the weights of %.80s have a layout of the network, which is not known", p->name);
    p->value = array;
    rc = hone_nn_write(w->graph, i, plain, err);
    p->value = value;
    return rc;
}

/* ---- in groups: the rows of a dense kernel, the filters of a convolution, or what one input leads to ---- */
enum { HONE_GROUP_OUTPUTS = 0 /* along the first dimension */, HONE_GROUP_INPUTS = 1 /* along the second */ };
/* Zero it, make it once a network, release it. */
typedef struct hone_weight_groups {
    uint64_t groups, run; /* run > 0: group g is the elements [g run, (g + 1) run) */
    uint64_t length;
    uint32_t *of;    /* (length) where run is 0: the group of each element; `groups`: padding */
    double *squares; /* (groups + 1) for hone_weight_groups_squares */
    float *factors;  /* (groups + 1) for hone_weight_groups_scale */
} hone_weight_groups;

static inline void hone_weight_groups_release(hone_weight_groups *g)
{
    free(g->of);
    free(g->squares);
    free(g->factors);
    memset(g, 0, sizeof *g);
}

/* Which group each element is of, by way of the network's own layout: numbers from 1 written like weights leave 0 to the padding. */
static inline hone_rc hone_weight_groups_map_(hone_weight_groups *g, const hone_weights *w, uint32_t i, uint32_t along,
                                              hone_error *err)
{
    const hone_parameter *p = w->parameters[i];
    const uint64_t elements = (uint64_t)hone_shape_elements(p->dims, p->n_dims), first = (uint64_t)p->dims[0];
    const uint64_t second = p->n_dims > 1 ? (uint64_t)p->dims[1] : 1, rest = elements / first / second;
    float *plain = (float *)malloc((size_t)elements * sizeof *plain);
    float *placed = (float *)calloc((size_t)p->length, sizeof *placed);
    hone_rc rc = HONE_ENOMEM;
    g->of = (uint32_t *)malloc((size_t)p->length * sizeof *g->of);
    if (plain && placed && g->of) {
        for (uint64_t e = 0; e < elements; e++)
            plain[e] = (float)(1 + (along == HONE_GROUP_OUTPUTS ? e / (second * rest) : e / rest % second));
        rc = hone_weights_write(w, i, plain, placed, err);
        for (uint64_t e = 0; rc == HONE_OK && e < p->length; e++)
            g->of[e] = placed[e] > 0 ? (uint32_t)placed[e] - 1 : (uint32_t)g->groups;
    } else
        hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the groups of %.80s", p->name);
    free(plain);
    free(placed);
    return rc;
}

/* HONE_ENOTSUP where the layout is not known, or there are more than 2^24 groups; HONE_ENOMEM. [trial] */
static inline hone_rc hone_weight_groups_make(hone_weight_groups *g, const hone_weights *w, uint32_t i, uint32_t along,
                                              hone_error *err)
{
    const hone_parameter *p = w->parameters[i];
    hone_weight_groups_release(g);
    g->length = p->length;
    g->groups = (uint64_t)(along == HONE_GROUP_OUTPUTS ? p->dims[0] : p->n_dims > 1 ? p->dims[1] : 1);
    if (g->groups >= (1u << 24))
        return hone_fail(err, HONE_ENOTSUP, NULL, "%.80s has too many groups of weights", p->name);
    g->squares = (double *)calloc((size_t)g->groups + 1, sizeof *g->squares);
    g->factors = (float *)calloc((size_t)g->groups + 1, sizeof *g->factors);
    if (!g->squares || !g->factors)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the groups of %.80s", p->name);
    /* the rows of a dense kernel stay rows in every layout: only their columns change places */
    if (along == HONE_GROUP_OUTPUTS && (p->plain || (p->n_dims == 2 && w->graph))) {
        g->run = p->length / g->groups;
        return HONE_OK;
    }
    return hone_weight_groups_map_(g, w, i, along, err);
}

/* Sum of squares: lanes of float over a block of at most 4096 elements (128 additions a lane), blocks in double. x: (n) */
HONE_TARGET_CLONES
static inline double hone_sum_of_squares(const float *x, uint64_t n)
{
    double sum = 0;
    for (uint64_t at = 0; at < n; at += 4096) {
        const uint64_t end = n - at < 4096 ? n : at + 4096;
        float lanes[32] = { 0 };
        uint64_t i = at;
        for (; i + 32 <= end; i += 32)
            for (uint64_t k = 0; k < 32; k++)
                lanes[k] += x[i + k] * x[i + k];
        for (uint64_t k = 0; i < end; i++, k++)
            lanes[k] += x[i] * x[i];
        for (uint64_t k = 0; k < 32; k++)
            sum += (double)lanes[k];
    }
    return sum;
}

HONE_TARGET_CLONES
static inline void hone_scale_floats_(float *x, uint64_t n, float factor)
{
    for (uint64_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* g->squares[k] = sum of x[e]^2 over the elements e of group k. [trial] */
static inline void hone_weight_groups_squares(hone_weight_groups *g, const float *x)
{
    if (g->run) {
        for (uint64_t k = 0; k < g->groups; k++)
            g->squares[k] = hone_sum_of_squares(x + k * g->run, g->run);
        return;
    }
    memset(g->squares, 0, ((size_t)g->groups + 1) * sizeof *g->squares);
    for (uint64_t e = 0; e < g->length; e++)
        g->squares[g->of[e]] += (double)x[e] * (double)x[e];
}

/* x[e] *= g->factors[group of e]; groups with the factor 1 are not touched. [trial] */
static inline void hone_weight_groups_scale(hone_weight_groups *g, float *x)
{
    if (g->run) {
        for (uint64_t k = 0; k < g->groups; k++)
            if (g->factors[k] != 1.0f)
                hone_scale_floats_(x + k * g->run, g->run, g->factors[k]);
        return;
    }
    g->factors[g->groups] = 1;
    for (uint64_t e = 0; e < g->length; e++)
        x[e] *= g->factors[g->of[e]];
}
#endif /* HONE_WEIGHTS_H */
