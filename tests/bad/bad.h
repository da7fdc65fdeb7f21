/* SPDX-License-Identifier: MIT */
/* The honest half of a bad search plugin: each file in this folder breaks one rule and is right otherwise. A file defines
 * what it changes before it includes this one: MODULE (magic, minor), PARAMS, and the functions named BAD_... */
#ifndef HONE_TESTS_BAD_H
#define HONE_TESTS_BAD_H
#include "hone/param.h"
#include "hone/rng.h"
#include "hone/search.h"

#include <stdlib.h>
#include <string.h>

struct bad {
    const hone_space *space;
    hone_rng rng;
};

static inline hone_rc bad_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    struct bad *b = (struct bad *)calloc(1, sizeof *b);
    (void)host;
    if (!b)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory");
    b->rng = hone_rng_at(info->seed, 0);
    *self = b;
    return HONE_OK;
}

static inline void bad_destroy(void *self)
{
    free(self);
}

static inline hone_rc bad_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)info;
    (void)err;
    ((struct bad *)self)->space = space;
    return HONE_OK;
}

/* Uniform draws until the relations hold. */
static inline hone_rc bad_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    struct bad *b = (struct bad *)self;
    (void)trial;
    (void)err;
    do {
        for (uint32_t i = 0; i < b->space->n_dims; i++)
            x[i] = hone_dim_from_unit(b->space->dims[i], hone_rng_uniform(&b->rng));
        hone_space_settle(b->space, x);
    } while (!hone_space_allowed(b->space, x));
    return HONE_OK;
}

static inline hone_rc bad_tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    (void)self;
    (void)outcome;
    (void)err;
    return HONE_OK;
}

/* BAD_SEARCH("name", create, destroy, open, ask, tell, save, load) makes the component and the module. */
#define BAD_COMPONENT(name_, create, destroy, open, ask, tell, save, load, params, n_params, config_size) \
    static const hone_search_v1 bad_iface = { sizeof bad_iface, 0, open, ask, tell };                     \
    static const hone_component bad_component = { sizeof bad_component,                                   \
                                                  HONE_C_DETERMINISTIC | ((save) ? HONE_C_STATEFUL : 0u), \
                                                  HONE_KIND_SEARCH,                                       \
                                                  name_,                                                  \
                                                  "Breaks one rule of the SDK",                           \
                                                  NULL,                                                   \
                                                  params,                                                 \
                                                  n_params,                                               \
                                                  sizeof(hone_param),                                     \
                                                  config_size,                                            \
                                                  0,                                                      \
                                                  &bad_iface,                                             \
                                                  create,                                                 \
                                                  destroy,                                                \
                                                  save,                                                   \
                                                  load,                                                   \
                                                  NULL }
#define BAD_SEARCH(name, create, destroy, open, ask, tell)                         \
    BAD_COMPONENT(name, create, destroy, open, ask, tell, NULL, NULL, NULL, 0, 0); \
    HONE_MODULE("org.hone.tests." name, "1.0.0", "MIT", "the hone authors", "", &bad_component)
#endif
