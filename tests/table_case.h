/* SPDX-License-Identifier: MIT */
/* Opening data sets from files that a test writes. */
#ifndef HONE_TESTS_TABLE_CASE_H
#define HONE_TESTS_TABLE_CASE_H
#include "component.h"
#include "hone/dataset.h"
#include "hone/rng.h"

#include <unistd.h>

enum { PATHS = 6 };
struct set {
    struct component c;
    const hone_dataset_v1 *iface;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view views[HONE_SPLITS];
    hone_rc rc;
};
static char set_paths[PATHS][64];

/* A file with these bytes: its path, until set_unlink(). */
__attribute__((unused)) static const char *set_file(unsigned which, const void *bytes, size_t n)
{
    snprintf(set_paths[which], sizeof set_paths[which], "/tmp/hone-table-XXXXXX");
    const int fd = mkstemp(set_paths[which]);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_FATAL(write(fd, bytes, n) == (ssize_t)n);
    close(fd);
    return set_paths[which];
}

static void set_unlink(void)
{
    for (unsigned i = 0; i < PATHS; i++) {
        if (*set_paths[i])
            unlink(set_paths[i]);
        set_paths[i][0] = '\0';
    }
}

/* After component_open: the task, the counts, and the views of splits that are there. */
static void set_describe(struct set *s)
{
    s->iface = s->c.component->iface;
    memset(s->views, 0, sizeof s->views);
    s->rc = s->iface->describe(s->c.self, &s->task, s->counts, &s->c.err);
    for (uint32_t i = 0; i < HONE_SPLITS && s->rc == HONE_OK; i++)
        if (s->counts[i])
            CU_ASSERT_EQUAL(s->iface->view(s->c.self, i, &s->views[i], &s->c.err), HONE_OK);
    set_unlink();
}

#define SET_OPEN(s, name, ...)                                                         \
    do {                                                                               \
        memset(s, 0, sizeof *(s));                                                     \
        CU_ASSERT_EQUAL_FATAL(component_open(&(s)->c, name, 1, __VA_ARGS__), HONE_OK); \
        set_describe(s);                                                               \
    } while (0)
#define SET_OK(s)                                \
    do {                                         \
        if ((s)->rc != HONE_OK)                  \
            printf("#   %s\n", (s)->c.err.msg);  \
        CU_ASSERT_EQUAL_FATAL((s)->rc, HONE_OK); \
    } while (0)

/* 1 where opening failed with that text in the message, blaming that key (NULL: any). */
static int set_fails(const struct set *s, const char *key, const char *message)
{
    if (s->rc < 0 && strstr(s->c.err.msg, message) && (!key || !strcmp(s->c.err.param, key)))
        return 1;
    printf("#   wanted \"%s\" (%s), got %d \"%s\" (%s)\n", message, key ? key : "any", (int)s->rc, s->c.err.msg,
           s->c.err.param);
    return 0;
}

__attribute__((unused)) static float set_x(const struct set *s, uint32_t split, uint64_t row, int64_t feature)
{
    return ((const float *)s->views[split].inputs)[row * (uint64_t)s->task.dims[0] + (uint64_t)feature];
}

/* read gives what view shows, in any order, and refuses samples that are not there. */
__attribute__((unused)) static void set_reads_as_viewed(struct set *s)
{
    const uint64_t bytes = (uint64_t)hone_shape_elements(s->task.dims, s->task.n_dims) *
                           hone_dtype_bytes(s->task.dtype);
    const uint64_t k = (uint64_t)s->task.n_outputs;
    for (uint32_t split = 0; split < HONE_SPLITS; split++) {
        const hone_dataset_view *v = &s->views[split];
        unsigned char *inputs = malloc(2 * bytes);
        float *targets = malloc(2 * k * sizeof *targets);
        int32_t labels[2];
        const uint64_t indices[2] = { v->n - 1, 0 }, beyond = v->n;
        if (v->n) {
            CU_ASSERT_EQUAL(s->iface->read(s->c.self, split, indices, 2, inputs, labels, targets, &s->c.err), HONE_OK);
            CU_ASSERT(!memcmp(inputs, (const unsigned char *)v->inputs + (v->n - 1) * bytes, bytes));
            CU_ASSERT(!memcmp(inputs + bytes, v->inputs, bytes));
            CU_ASSERT(v->labels ? labels[0] == v->labels[v->n - 1] && labels[1] == v->labels[0]
                                : !memcmp(targets, v->targets + (v->n - 1) * k, k * sizeof *targets));
            CU_ASSERT_EQUAL(s->iface->read(s->c.self, split, indices, 2, NULL, labels, targets, &s->c.err), HONE_OK);
        }
        CU_ASSERT(s->iface->read(s->c.self, split, &beyond, 1, inputs, labels, targets, &s->c.err) < 0);
        free(inputs);
        free(targets);
    }
}
#endif
