/* SPDX-License-Identifier: MIT */
/* A search inside a scheduler: bohb's model, dehb's population. */
#include "composed.h"

#include "hone/benchmark.h"
#include "hone/compose.h"
#include "hone/param.h"
#include "hone/rng.h"

#include <string.h>

hone_rc composed_open(const hone_host *host, const char *key, const char *name, uint64_t seed, const hone_space *space,
                      const hone_search_info *info, hone_instance *instance, hone_error *err)
{
    const hone_compose_v1 *compose = (const hone_compose_v1 *)host->get_ext(host, HONE_EXT_COMPOSE);
    const hone_instances_v1 *instances = (const hone_instances_v1 *)host->get_ext(host, HONE_EXT_INSTANCES);
    hone_error why = HONE_ERROR_INIT;
    hone_rc rc = HONE_WAIT;
    memset(instance, 0, sizeof *instance);
    instance->size = sizeof *instance;
    if (compose)
        rc = compose->open(host, HONE_KIND_SEARCH, name, instance, &why);
    else if (instances)
        rc = instances->make(host, HONE_KIND_SEARCH, name, NULL, 0, hone_rng_derive(seed, 1), instance, &why);
    if (rc == HONE_OK)
        rc = ((const hone_search_v1 *)instance->component->iface)->open(instance->self, space, info, &why);
    return rc < 0 ? hone_fail(err, rc, rc == HONE_ENOMEM ? "" : key, "%s = %.40s: %.180s", key, name, why.msg) : rc;
}

void composed_close(const hone_host *host, hone_instance *instance)
{
    const hone_compose_v1 *compose;
    const hone_instances_v1 *instances;
    if (!instance->self)
        return;
    if ((compose = (const hone_compose_v1 *)host->get_ext(host, HONE_EXT_COMPOSE)))
        compose->close(host, instance);
    else if ((instances = (const hone_instances_v1 *)host->get_ext(host, HONE_EXT_INSTANCES)))
        instances->release(host, instance);
    memset(instance, 0, sizeof *instance);
}
