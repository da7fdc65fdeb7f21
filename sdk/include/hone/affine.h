/* SPDX-License-Identifier: MIT */
/* hone/affine.h - what scaling transforms share (standardize, minmax, robust, max-abs): y = scale * x + shift
 * with one pair of numbers for each group of elements. Header only; the transform itself only fills them in: its instance
 * begins with a hone_affine, and most of its functions are those of this header.
 *
 *     struct max_abs { hone_affine affine; float *largest; };
 *     create:  return hone_affine_create(info, "mabs", settings->per, sizeof(struct max_abs), self, err);
 *     begin:   ... forgets what fit learnt ..., then hone_affine_begin
 *     fit, finish: the transform's own; finish writes scale and shift: (groups), and sets fitted
 *     apply, affine, save, load: hone_affine_apply, hone_affine_pairs, hone_affine_save, hone_affine_load
 *     destroy: hone_affine_release, then free
 *
 * Groups: a sample of shape (d0, d1, ...) is cut into `groups` runs of `run` contiguous elements. */
#ifndef HONE_AFFINE_H
#define HONE_AFFINE_H
#include "hone/instance.h"
#include "hone/simd.h"
#include "hone/task.h"

/* What shares one pair: choices of the key `per`, in the order of HONE_AFFINE_CHOICES. */
enum {
    HONE_AFFINE_AUTO = 0,    /* channel where a sample has three dimensions, feature otherwise */
    HONE_AFFINE_FEATURE = 1, /* every element of a sample has its own */
    HONE_AFFINE_CHANNEL = 2, /* all elements of one index of the first dimension share one */
    HONE_AFFINE_ALL = 3      /* one for everything */
};
#define HONE_AFFINE_CHOICES                       \
    {                                             \
        "auto", "feature", "channel", "all", NULL \
    }

/* The first member of an instance: `self` below is both. */
typedef struct hone_affine {
    const void *config;   /* the settings, life of the instance */
    char tag[4];          /* of saved states, not terminated */
    uint32_t per, n_dims; /* n_dims 0: begin has not been called */
    int64_t dims[HONE_MAX_DIMS];
    hone_task task;       /* that begin heard */
    uint64_t groups, run; /* groups * run elements a sample */
    uint32_t fitted, reserved;
    double *scale, *shift; /* (groups) */
} hone_affine;

/* *self: `bytes` zeroed bytes that begin with a hone_affine. tag: 4 characters; per: of the settings. HONE_ENOMEM. */
static inline hone_rc hone_affine_create(const hone_create_info *info, const char *tag, uint32_t per, size_t bytes,
                                         void **self, hone_error *err)
{
    const hone_rc rc = hone_instance_create(info, 0, bytes, self, err);
    if (rc == HONE_OK) {
        hone_affine *a = (hone_affine *)*self;
        a->config = info->config;
        a->per = per;
        memcpy(a->tag, tag, sizeof a->tag);
    }
    return rc;
}

static inline void hone_affine_release(hone_affine *a)
{
    free(a->scale);
    free(a->shift);
    a->scale = a->shift = NULL;
    a->n_dims = a->fitted = 0;
}

/* Largest sample that is believed, in elements: a limit for hostile states, 4 GiB of pairs. */
#define HONE_AFFINE_MAX_ELEMENTS ((int64_t)1 << 28)

/* Number of elements of a shape, or 0 where it is not a shape of a sample. */
static inline uint64_t hone_affine_elements_(const int64_t *dims, uint32_t n_dims)
{
    int64_t n = 1;
    if (n_dims < 1 || n_dims > HONE_MAX_DIMS)
        return 0;
    for (uint32_t i = 0; i < n_dims; i++) {
        if (dims[i] < 1 || dims[i] > HONE_AFFINE_MAX_ELEMENTS / n)
            return 0;
        n *= dims[i];
    }
    return (uint64_t)n;
}

static inline uint64_t hone_affine_groups_(uint32_t per, const int64_t *dims, uint32_t n_dims, uint64_t elements)
{
    if (per == HONE_AFFINE_AUTO)
        per = n_dims == 3 ? HONE_AFFINE_CHANNEL : HONE_AFFINE_FEATURE;
    return per == HONE_AFFINE_ALL ? 1 : per == HONE_AFFINE_CHANNEL ? (uint64_t)dims[0] : elements;
}

/* hone_transform_v1.begin: hears the shape, writes the same shape in float32 to *out. A state that was loaded
 * for the same shape stays; another shape starts anew. HONE_EINVAL, HONE_ENOMEM. */
static inline hone_rc hone_affine_begin(void *self, const hone_task *in, hone_task *out, hone_error *err)
{
    hone_affine *a = (hone_affine *)self;
    const uint64_t elements = hone_affine_elements_(in->dims, in->n_dims);
    if (!elements)
        return hone_fail(err, HONE_EINVAL, NULL, "samples of %u dimensions, or too many elements, cannot be scaled",
                         in->n_dims);
    *out = *in;
    out->dtype = HONE_F32;
    a->task = *in;
    if (a->fitted && a->n_dims == in->n_dims && !memcmp(a->dims, in->dims, in->n_dims * sizeof *a->dims))
        return HONE_OK;
    hone_affine_release(a);
    a->groups = hone_affine_groups_(a->per, in->dims, in->n_dims, elements);
    a->run = elements / a->groups;
    a->scale = (double *)calloc(a->groups, sizeof *a->scale);
    a->shift = (double *)calloc(a->groups, sizeof *a->shift);
    if (!a->scale || !a->shift) {
        hone_affine_release(a);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the scales of %llu groups",
                         (unsigned long long)a->groups);
    }
    memcpy(a->dims, in->dims, in->n_dims * sizeof *a->dims);
    a->n_dims = in->n_dims;
    return HONE_OK;
}

static inline hone_rc hone_affine_ready_(const hone_affine *a, hone_error *err)
{
    return a->fitted ? HONE_OK
                     : hone_fail(err, HONE_EINVAL, NULL, "the transform has not been fitted to training samples yet");
}

/* y[i] = scale * x[i] + shift     x, y: (n), the same or apart */
HONE_TARGET_CLONES
static inline void hone_affine_run_(const float *x, float *y, uint64_t n, float scale, float shift)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = scale * x[i] + shift;
}

/* y[i] = scale[i] * x[i] + shift[i]     x, y, scale, shift: (n) */
HONE_TARGET_CLONES
static inline void hone_affine_each_(const float *x, float *y, uint64_t n, const double *scale, const double *shift)
{
    for (uint64_t i = 0; i < n; i++)
        y[i] = (float)scale[i] * x[i] + (float)shift[i];
}

/* hone_transform_v1.apply: x, y: (n, groups * run). Computed in float32 as a host that uses the pairs itself
 * would. */
static inline hone_rc hone_affine_apply(void *self, const float *x, float *y, uint64_t n, hone_error *err)
{
    const hone_affine *a = (const hone_affine *)self;
    const hone_rc rc = hone_affine_ready_(a, err);
    if (rc != HONE_OK)
        return rc;
    if (a->run == 1) {
        for (uint64_t i = 0; i < n; i++, x += a->groups, y += a->groups)
            hone_affine_each_(x, y, a->groups, a->scale, a->shift);
        return HONE_OK;
    }
    for (uint64_t i = 0; i < n; i++)
        for (uint64_t g = 0; g < a->groups; g++, x += a->run, y += a->run)
            hone_affine_run_(x, y, a->run, (float)a->scale[g], (float)a->shift[g]);
    return HONE_OK;
}

/* hone_transform_v1.affine: scale, shift: (groups * run), written. */
static inline hone_rc hone_affine_pairs(void *self, float *scale, float *shift, hone_error *err)
{
    const hone_affine *a = (const hone_affine *)self;
    const hone_rc rc = hone_affine_ready_(a, err);
    for (uint64_t g = 0; rc == HONE_OK && g < a->groups; g++)
        for (uint64_t i = 0; i < a->run; i++) {
            *scale++ = (float)a->scale[g];
            *shift++ = (float)a->shift[g];
        }
    return rc;
}

/* HONE_ENUMERIC: values of the group are not finite, so that it `cannot` ("cannot be scaled"). Names it: "feature 'age'",
 * "channel 2", "the whole input". */
static inline hone_rc hone_affine_not_finite(const hone_affine *a, uint64_t group, const char *cannot, hone_error *err)
{
    char name[96];
    if (a->groups == 1)
        snprintf(name, sizeof name, "the whole input");
    else if (a->run == 1 && a->task.features)
        snprintf(name, sizeof name, "feature '%.60s'", a->task.features[group]);
    else
        snprintf(name, sizeof name, "%s %llu", a->run == 1 ? "feature" : "channel", (unsigned long long)group);
    return hone_fail(err, HONE_ENUMERIC, NULL, "%s holds values that are not finite numbers; it %s", name, cannot);
}

/* State: tag (4 bytes), version, per, n_dims, dims (n_dims), scale (groups), shift (groups); little-endian.
 * Two states of one fit are the same bytes. An instance that was not fitted saves n_dims 0. */
static inline hone_rc hone_affine_save(void *self, const hone_ostream *out, hone_error *err)
{
    hone_affine *a = (hone_affine *)self;
    uint32_t head[3] = { 1, a->fitted ? a->per : 0, a->fitted ? a->n_dims : 0 };
    const hone_part parts[] = { { a->tag, sizeof a->tag },
                                { head, sizeof head },
                                { a->dims, a->n_dims * sizeof *a->dims },
                                { a->scale, a->groups * sizeof *a->scale },
                                { a->shift, a->groups * sizeof *a->shift } };
    return hone_transfer(parts, a->fitted ? sizeof parts / sizeof *parts : 2, out, NULL, err);
}

/* Takes a saved state, which must be of the same `per`; on failure the instance is as before. */
static inline hone_rc hone_affine_load(void *self, const hone_istream *in, hone_error *err)
{
    char tag[4];
    uint32_t head[3];
    hone_affine *a = (hone_affine *)self, b = *a;
    uint64_t elements;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK ||
        (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, a->tag, sizeof tag) || head[0] != 1)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state belongs to another transform or to a newer version");
    if (head[2] == 0 && head[1] == 0) { /* of an instance that was not fitted */
        if ((rc = hone_read_end(in, err)) == HONE_OK)
            a->fitted = 0;
        return rc;
    }
    if (head[2] > HONE_MAX_DIMS)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims samples of %u dimensions", head[2]);
    if (head[1] != a->per)
        return hone_fail(err, HONE_EINVAL, "per", "the saved state was made with another choice of per");
    memset(b.dims, 0, sizeof b.dims);
    b.n_dims = head[2];
    if ((rc = hone_read(in, b.dims, b.n_dims * sizeof *b.dims, err)) != HONE_OK)
        return rc;
    if (!(elements = hone_affine_elements_(b.dims, b.n_dims)))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state claims an impossible shape");
    b.groups = hone_affine_groups_(b.per, b.dims, b.n_dims, elements);
    b.run = elements / b.groups;
    b.fitted = 1;
    b.scale = b.shift = NULL;
    if ((rc = hone_read_doubles(in, b.groups, &b.scale, err)) == HONE_OK &&
        (rc = hone_read_doubles(in, b.groups, &b.shift, err)) == HONE_OK)
        rc = hone_read_end(in, err);
    for (uint64_t g = 0; rc == HONE_OK && g < b.groups; g++)
        if (b.scale[g] == 0)
            rc = hone_fail(err, HONE_EINVAL, NULL, "the saved state holds a scale of zero");
    if (rc == HONE_OK) {
        hone_affine_release(a);
        *a = b;
    } else
        hone_affine_release(&b);
    return rc;
}
#endif /* HONE_AFFINE_H */
