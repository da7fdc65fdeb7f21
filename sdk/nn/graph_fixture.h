/* SPDX-License-Identifier: MIT */
/* For tests of building: graphs, inputs, and what a mistake must say. */
#ifndef HONE_NN_GRAPH_FIXTURE_H
#define HONE_NN_GRAPH_FIXTURE_H
#include "hone/nn.h"

#include "harness.h"

static inline hone_graph *graph(uint64_t seed)
{
    const hone_graph_options options = { sizeof options, 1, seed };
    return hone_nn_graph_create(&options);
}

static inline hone_var input(hone_graph *g, const char *name, int64_t n)
{
    return hone_nn_input(g, name, &n, 1);
}

static inline void expect_error(hone_graph *g, const char *const *parts, int n)
{
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT(hone_nn_graph_error(g, &err) < 0);
    for (int i = 0; i < n; i++) {
        if (!strstr(err.msg, parts[i]))
            printf("# '%s' is not in '%s'\n", parts[i], err.msg);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, parts[i]));
    }
    hone_nn_graph_destroy(g);
}
#define EXPECT_ERROR(g, ...)                                         \
    do {                                                             \
        static const char *const parts[] = { __VA_ARGS__ };          \
        expect_error(g, parts, (int)(sizeof parts / sizeof *parts)); \
    } while (0)
#endif
