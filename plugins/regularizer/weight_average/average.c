/* SPDX-License-Identifier: MIT */
/* The numbers of an average. In memory they have the layout of the weights, so that adding and changing places are plain
 * loops; in a state they are plain, so that a network with another layout (another batch size) can take them. */
#include "average.h"

static hone_rc out_of_memory(hone_error *err)
{
    return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for an average of the weights");
}

static void forget(struct average *a)
{
    for (uint32_t i = 0; a->values && i < a->n + a->n_buffers; i++)
        free(a->values[i]);
    free(a->values);
    free(a->plain);
    a->values = NULL;
    a->plain = NULL;
    a->n = a->n_buffers = 0;
}

void average_release(struct average *a)
{
    forget(a);
    free(a->loaded);
    memset(a, 0, sizeof *a);
}

int average_is_of(const struct average *a, hone_parameter *const *parameters, uint32_t n)
{
    return a->values && a->parameters == parameters && a->n == n;
}

/* The i-th of the parameters and, after them, the buffers. */
static hone_parameter *tensor(const struct average *a, uint32_t i)
{
    return i < a->n ? a->parameters[i] : a->buffers[i - a->n];
}

static uint64_t elements(const struct average *a, uint32_t i)
{
    return (uint64_t)hone_shape_elements(tensor(a, i)->dims, tensor(a, i)->n_dims);
}

static uint64_t all_elements(const struct average *a)
{
    uint64_t n = 0;
    for (uint32_t i = 0; a->values && i < a->n + a->n_buffers; i++)
        n += elements(a, i);
    return n;
}

/* The view of the parameters that hone/weights.h needs. */
static hone_weights view(const struct average *a)
{
    return (hone_weights){ a->graph, a->parameters, a->n, NULL };
}

static hone_rc take_loaded(struct average *a, hone_error *err)
{
    const hone_weights w = view(a);
    const float *from = a->loaded;
    hone_rc rc = HONE_OK;
    if (!a->n_loaded)
        return HONE_OK;
    if (a->n_loaded != all_elements(a))
        return hone_fail(err, HONE_EINVAL, NULL, "the saved average is of another network");
    for (uint32_t i = 0; i < a->n + a->n_buffers && rc == HONE_OK; from += elements(a, i++))
        if (i < a->n)
            rc = hone_weights_write(&w, i, from, a->values[i], err);
        else
            memcpy(a->values[i], from, (size_t)elements(a, i) * sizeof *from);
    free(a->loaded);
    a->loaded = NULL;
    a->n_loaded = 0;
    return rc;
}

hone_rc average_open(struct average *a, hone_graph *graph, hone_parameter *const *parameters, uint32_t n,
                     hone_error *err)
{
    uint64_t largest = 1;
    forget(a);
    a->graph = graph;
    a->parameters = parameters;
    a->n = n;
    a->buffers = graph ? hone_nn_buffers(graph, &a->n_buffers) : NULL;
    if (!(a->values = calloc((size_t)n + a->n_buffers + 1, sizeof *a->values)))
        return out_of_memory(err);
    for (uint32_t i = 0; i < n + a->n_buffers; i++) {
        if (!(a->values[i] = calloc((size_t)tensor(a, i)->length, sizeof **a->values)))
            return out_of_memory(err);
        largest = elements(a, i) > largest ? elements(a, i) : largest;
    }
    if (!(a->plain = malloc((size_t)largest * sizeof *a->plain)))
        return out_of_memory(err);
    return take_loaded(a, err);
}

/* average = share * average + rest * now     average, now: (n); share 0 gives `now` to the bit */
HONE_TARGET_CLONES
static void mix(float *average, const float *now, uint64_t n, float share, float rest)
{
    for (uint64_t i = 0; i < n; i++)
        average[i] = share * average[i] + rest * now[i];
}

void average_add(struct average *a, double share)
{
    for (uint32_t i = 0; i < a->n + a->n_buffers; i++) {
        const hone_parameter *p = tensor(a, i);
        if (share <= 0)
            memcpy(a->values[i], p->value, (size_t)p->length * sizeof *p->value);
        else
            mix(a->values[i], p->value, p->length, (float)share, (float)(1 - share));
    }
    a->n_seen++;
}

HONE_TARGET_CLONES
static void swap(float *a, float *b, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        const float t = a[i];
        a[i] = b[i];
        b[i] = t;
    }
}

void average_swap(struct average *a)
{
    for (uint32_t i = 0; i < a->n + a->n_buffers; i++)
        swap(a->values[i], tensor(a, i)->value, tensor(a, i)->length);
}

/* ---- state: tag, sets seen, numbers, the numbers ---- */
static const char magic[8] = "average1";

hone_rc average_save(struct average *a, const hone_ostream *out, hone_error *err)
{
    const hone_weights w = view(a);
    const uint64_t head[2] = { a->n_seen, a->n_loaded ? a->n_loaded : all_elements(a) };
    hone_rc rc = hone_write(out, magic, sizeof magic, err);
    if (rc == HONE_OK)
        rc = hone_write(out, head, sizeof head, err);
    if (a->n_loaded)
        return rc == HONE_OK ? hone_write(out, a->loaded, a->n_loaded * sizeof *a->loaded, err) : rc;
    for (uint32_t i = 0; a->values && i < a->n + a->n_buffers && rc == HONE_OK; i++) {
        if (i < a->n)
            rc = hone_weights_read(&w, i, a->values[i], a->plain, err);
        if (rc == HONE_OK)
            rc = hone_write(out, i < a->n ? a->plain : a->values[i], elements(a, i) * sizeof(float), err);
    }
    return rc;
}

hone_rc average_load(struct average *a, const hone_istream *in, hone_error *err)
{
    char tag[sizeof magic];
    uint64_t head[2];
    float *numbers = NULL;
    hone_rc rc;
    if ((rc = hone_read(in, tag, sizeof tag, err)) != HONE_OK ||
        (rc = hone_read(in, head, sizeof head, err)) != HONE_OK)
        return rc;
    if (memcmp(tag, magic, sizeof tag) != 0)
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state is not that of weight_average");
    if (head[0] && !head[1])
        return hone_fail(err, HONE_EINVAL, NULL, "the saved state of weight_average contradicts itself");
    if ((rc = hone_read_floats(in, head[1], &numbers, err)) != HONE_OK)
        return rc;
    if ((rc = hone_read_end(in, err)) == HONE_OK && a->values && head[1] && head[1] != all_elements(a))
        rc = hone_fail(err, HONE_EINVAL, NULL, "the saved average is of another network");
    if (rc != HONE_OK) {
        free(numbers);
        return rc;
    }
    free(a->loaded);
    a->loaded = numbers;
    a->n_loaded = head[1];
    a->n_seen = head[0];
    return a->values ? take_loaded(a, err) : HONE_OK;
}
