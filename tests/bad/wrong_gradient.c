/* SPDX-License-Identifier: MIT */
/* A regularizer whose on_gradients adds each weight's neighbour: the gradient of no penalty. */
#include "hone/param.h"
#include "hone/regularizer.h"

static char instance;
static hone_rc create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host;
    (void)info;
    (void)err;
    *self = &instance;
    return HONE_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static hone_rc on_gradients(void *self, hone_parameter *const *p, uint32_t n, hone_error *err)
{
    (void)self;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < p[i]->length; k++)
            p[i]->gradient[k] += 0.1f * p[i]->value[(k + 1) % p[i]->length];
    return HONE_OK;
}

static const hone_regularizer_v1 iface = { .size = sizeof iface, .on_gradients = on_gradients };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_REGULARIZER,
                                          "wrong_gradient",
                                          "Adds the neighbour",
                                          NULL,
                                          NULL,
                                          0,
                                          sizeof(hone_param),
                                          0,
                                          0,
                                          &iface,
                                          create,
                                          destroy,
                                          NULL,
                                          NULL,
                                          NULL };
HONE_MODULE("org.hone.tests.wrong_gradient", "1.0.0", "MIT", "the hone authors", "", &component)
