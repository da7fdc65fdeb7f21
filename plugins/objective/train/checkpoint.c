/* SPDX-License-Identifier: MIT */
/* Everything that the rest of a trial depends on, as a file: weights, what the optimizer and the regularizers remember,
 * running statistics, counters. Random numbers need no state: they follow from the seed and the numbers of epoch and step.
 * Tensors are plain, so that a clone with another batch size, for which the network may choose another layout, reads them
 * too. Written between epochs. Little-endian machines only, as the rest of hone. */
#include "hypergradient.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char MAGIC[8] = { 'h', 'o', 'n', 'e', 'c', 'k', '0', '4' };

/* Reads or writes: the same walk over a training does both, so they cannot drift apart. */
struct stream {
    FILE *file;
    int writing;
    const char *path;
};

static hone_rc transfer(const struct stream *s, void *bytes, size_t n, hone_error *err)
{
    if (!n || (s->writing ? fwrite(bytes, 1, n, s->file) : fread(bytes, 1, n, s->file)) == n)
        return HONE_OK;
    return s->writing || ferror(s->file)
               ? hone_fail(err, HONE_EIO, "", "cannot %s the checkpoint %.150s: %s", s->writing ? "write" : "read",
                           s->path, strerror(errno))
               : hone_fail(err, HONE_EINVAL, "", "the checkpoint %.150s ends too early", s->path);
}

/* A number that must be the same in the file as here. */
static hone_rc same(const struct stream *s, uint64_t here, const char *what, hone_error *err)
{
    uint64_t there = here;
    const hone_rc rc = transfer(s, &there, sizeof there, err);
    if (rc != HONE_OK || there == here)
        return rc;
    return hone_fail(err, HONE_EINVAL, "", "the checkpoint %.120s is of another training: %llu %s, not %llu", s->path,
                     (unsigned long long)there, what, (unsigned long long)here);
}

/* Array k of parameter i (a state, or kept weights), by way of the plain layout. */
static hone_rc tensor(const struct stream *s, struct network *network, uint32_t i, float *array, float *plain,
                      hone_error *err)
{
    hone_parameter *p = network->parameters[i];
    const size_t n = (size_t)hone_shape_elements(p->dims, p->n_dims) * sizeof(float);
    float *value = p->value;
    hone_rc rc = HONE_OK;
    p->value = array; /* what has the layout of the weights is read and written as they are */
    if (s->writing)
        rc = hone_nn_read(network->graph, i, plain, err);
    if (rc == HONE_OK)
        rc = transfer(s, plain, n, err);
    if (rc == HONE_OK && !s->writing)
        rc = hone_nn_write(network->graph, i, plain, err);
    p->value = value;
    return rc;
}

static hone_rc buffers(const struct stream *s, struct network *network, int kept, hone_error *err)
{
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < network->n_buffers && rc == HONE_OK; i++)
        rc = transfer(s, kept ? network->kept[network->n_parameters + i] : network->buffers[i]->value,
                      network->buffers[i]->length * sizeof(float), err);
    return rc;
}

static hone_rc network(const struct stream *s, struct training *t, hone_error *err)
{
    struct network *net = &t->network;
    float *direction = t->direction;
    uint64_t has_kept = net->kept != NULL, largest = 1;
    hone_rc rc = same(s, net->n_parameters, "tensors", err);
    for (uint32_t i = 0; i < net->n_parameters; i++) {
        const hone_parameter *p = net->parameters[i];
        const uint64_t n = (uint64_t)hone_shape_elements(p->dims, p->n_dims);
        largest = n > largest ? n : largest;
        if (rc == HONE_OK)
            rc = same(s, n, "numbers in a tensor", err);
    }
    if (rc == HONE_OK)
        rc = same(s, direction != NULL, "directions of updates", err);
    if (rc == HONE_OK)
        rc = same(s, net->n_buffers, "buffers", err);
    for (uint32_t i = 0; i < net->n_buffers && rc == HONE_OK; i++)
        rc = same(s, net->buffers[i]->length, "numbers in a buffer", err);
    if (rc != HONE_OK || (rc = transfer(s, &has_kept, sizeof has_kept, err)) != HONE_OK)
        return rc;
    float *plain = malloc(largest * sizeof *plain);
    if (!plain)
        return hone_fail(err, HONE_ENOMEM, "", "out of memory for a checkpoint");
    if (has_kept && !s->writing)
        rc = network_keep(net, err); /* makes room */
    for (uint32_t i = 0; i < net->n_parameters && rc == HONE_OK; i++) {
        hone_parameter *p = net->parameters[i];
        rc = tensor(s, net, i, p->value, plain, err);
        for (int k = 0; k < HONE_MAX_STATES && rc == HONE_OK; k++)
            if ((rc = same(s, p->state[k] != NULL, "optimizer state", err)) == HONE_OK && p->state[k])
                rc = tensor(s, net, i, p->state[k], plain, err);
        if (rc == HONE_OK && has_kept)
            rc = tensor(s, net, i, net->kept[i], plain, err);
        if (rc == HONE_OK && direction)
            rc = tensor(s, net, i, direction, plain, err);
        direction = direction ? direction + p->length : NULL;
    }
    free(plain);
    if (rc == HONE_OK)
        rc = buffers(s, net, 0, err);
    return rc == HONE_OK && has_kept ? buffers(s, net, 1, err) : rc;
}

/* ---- what components remember ---- */
struct bytes {
    char *data;
    size_t n, capacity, at;
};

static int64_t put(void *ctx, const void *data, uint64_t n)
{
    struct bytes *b = ctx;
    if (b->n + n > b->capacity) {
        const size_t capacity = (b->n + (size_t)n) * 2;
        char *more = realloc(b->data, capacity);
        if (!more)
            return HONE_ENOMEM;
        b->data = more;
        b->capacity = capacity;
    }
    memcpy(b->data + b->n, data, n);
    b->n += n;
    return (int64_t)n;
}

static int64_t get(void *ctx, void *data, uint64_t n)
{
    struct bytes *b = ctx;
    const size_t m = n < b->n - b->at ? (size_t)n : b->n - b->at;
    memcpy(data, b->data + b->at, m);
    b->at += m;
    return (int64_t)m;
}

/* The state of one component, with its length before it; of one that has none: nothing. */
static hone_rc member(const struct stream *s, const struct member *m, hone_error *err)
{
    enum { MOST = 1 << 30 };
    struct bytes b = { 0 };
    const hone_ostream out = { &b, put };
    const hone_istream in = { &b, get };
    const int stateful = m->component->save && m->component->load;
    hone_rc rc = same(s, (uint64_t)stateful, "component states", err);
    if (rc != HONE_OK || !stateful)
        return rc;
    if (s->writing)
        rc = m->component->save(m->self, &out, err);
    uint64_t n = b.n;
    if (rc == HONE_OK)
        rc = transfer(s, &n, sizeof n, err);
    if (rc == HONE_OK && !s->writing) {
        b.data = n <= MOST ? malloc((size_t)n + 1) : NULL;
        b.n = (size_t)n;
        if (!b.data)
            rc = hone_fail(err, HONE_ENOMEM, "", "out of memory for the state of [%.60s]", m->name);
    }
    if (rc == HONE_OK)
        rc = transfer(s, b.data, b.n, err);
    if (rc == HONE_OK && !s->writing)
        rc = m->component->load(m->self, &in, err);
    free(b.data);
    return rc;
}

/* Where the coefficients stand that the training tunes, and what leads on from there. */
static hone_rc coefficients(const struct stream *s, struct hyper *h, hone_error *err)
{
    hone_rc rc = same(s, h ? h->n : 0, "coefficients", err);
    for (uint32_t i = 0; h && i < h->n && rc == HONE_OK; i++) {
        struct coefficient *c = &h->items[i];
        double numbers[] = { *hyper_value(h, c), c->derivative, c->mean, c->square };
        if ((rc = transfer(s, numbers, sizeof numbers, err)) != HONE_OK)
            break;
        if (!s->writing && c->tuned)
            hyper_set(h, c, numbers[0]);
        c->derivative = numbers[1];
        c->mean = numbers[2];
        c->square = numbers[3];
    }
    return rc == HONE_OK && h ? transfer(s, &h->visits, sizeof h->visits, err) : rc;
}

static hone_rc training(const struct stream *s, struct training *t, hone_error *err)
{
    static const enum part parts[] = { PART_REGULARIZER, PART_OPTIMIZER, PART_SCHEDULE };
    uint64_t numbers[] = { t->step, t->epochs_done, t->kept_epoch, t->weights_epoch, (uint64_t)t->ended };
    hone_rc rc = transfer(s, numbers, sizeof numbers, err);
    if (rc == HONE_OK)
        rc = transfer(s, &t->train_loss, sizeof t->train_loss, err);
    if (rc == HONE_OK)
        rc = same(s, t->measures->n, "metrics", err);
    if (rc == HONE_OK)
        rc = transfer(s, t->values, t->measures->n * sizeof *t->values, err);
    if (rc == HONE_OK)
        rc = same(s, t->diagnosis.n, "diagnostic values", err);
    for (uint32_t i = 0; i < t->diagnosis.n && rc == HONE_OK; i++)
        rc = transfer(s, &t->diagnosis.values[i].value, sizeof(double), err);
    if (rc == HONE_OK)
        rc = network(s, t, err);
    for (size_t p = 0; p < HONE_COUNT(parts); p++) {
        const uint32_t n = t->crew.n[parts[p]];
        if (rc == HONE_OK)
            rc = same(s, n, "components", err);
        for (uint32_t i = 0; i < n && rc == HONE_OK; i++) {
            entering(t->trial, t->crew.members[parts[p]][i].name);
            rc = member(s, &t->crew.members[parts[p]][i], err);
        }
    }
    if (rc == HONE_OK)
        rc = coefficients(s, t->hyper, err);
    entering(t->trial, NULL);
    t->step = numbers[0];
    t->epochs_done = numbers[1];
    t->kept_epoch = numbers[2];
    t->weights_epoch = numbers[3];
    t->ended = numbers[4] != 0;
    return rc;
}

/* All trainings. *epoch, *changed: see folds_run. */
static hone_rc walk(const struct stream *s, struct run *run, int64_t *epoch, int *changed, hone_error *err)
{
    char magic[sizeof MAGIC];
    uint64_t now[] = { (uint64_t)*epoch, (uint64_t)*changed };
    memcpy(magic, MAGIC, sizeof magic);
    hone_rc rc = transfer(s, magic, sizeof magic, err);
    if (rc == HONE_OK && memcmp(magic, MAGIC, sizeof magic) != 0)
        rc = hone_fail(err, HONE_EINVAL, "", "the checkpoint %.150s is of another version of hone", s->path);
    if (rc == HONE_OK)
        rc = same(s, run->n_trainings, "trainings", err);
    if (rc == HONE_OK)
        rc = transfer(s, now, sizeof now, err);
    for (uint32_t i = 0; i < run->n_trainings && rc == HONE_OK; i++)
        rc = training(s, &run->trainings[i], err);
    *epoch = (int64_t)now[0];
    *changed = now[1] != 0;
    return rc;
}

hone_rc checkpoint_save(struct run *run, int64_t epoch, int changed, hone_error *err)
{
    const char *path = run->trial->checkpoint_path(run->trial, epoch, err);
    if (!path)
        return err && err->code < 0 ? err->code : HONE_EIO;
    struct stream s = { fopen(path, "wbe"), 1, path };
    if (!s.file)
        return hone_fail(err, HONE_EIO, "", "cannot make the checkpoint %.150s: %s", path, strerror(errno));
    hone_rc rc = walk(&s, run, &epoch, &changed, err);
    if (fclose(s.file) != 0 && rc == HONE_OK)
        rc = hone_fail(err, HONE_EIO, "", "cannot write the checkpoint %.150s: %s", path, strerror(errno));
    if (rc != HONE_OK)
        unlink(path); /* a part of one is of no use, and takes the room that is missing */
    return rc == HONE_OK ? run->trial->checkpoint(run->trial, epoch, err) : rc;
}

hone_rc checkpoint_restore(struct run *run, int64_t *epoch, int *changed, hone_error *err)
{
    struct stream s = { fopen(run->trial->restore_path, "rbe"), 0, run->trial->restore_path };
    if (!s.file)
        return hone_fail(err, HONE_EIO, "", "cannot read the checkpoint %.150s: %s", s.path, strerror(errno));
    const hone_rc rc = walk(&s, run, epoch, changed, err);
    fclose(s.file);
    return rc;
}
