/* SPDX-License-Identifier: MIT */
/* Gradient descent whose loop forgets the last numbers of an odd length. */
#include "hone/optimizer.h"
#include "hone/param.h"

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

static double learning_rate(void *self)
{
    (void)self;
    return 0.1;
}

static hone_rc update(void *self, hone_parameter *const *p, uint32_t n, const hone_update *now, hone_error *err)
{
    (void)self;
    (void)err;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t k = 0; k < p[i]->length / 8 * 8; k++)
            p[i]->value[k] -= (float)(0.1 * now->factor) * p[i]->gradient[k];
    return HONE_OK;
}

static const hone_optimizer_v1 iface = { sizeof iface, 0, 0, 0, NULL, learning_rate, update };
static const hone_component component = { sizeof component,
                                          HONE_C_DETERMINISTIC,
                                          HONE_KIND_OPTIMIZER,
                                          "tail_optimizer",
                                          "Forgets the tail",
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
HONE_MODULE("org.hone.tests.tail_optimizer", "1.0.0", "MIT", "the hone authors", "", &component)
