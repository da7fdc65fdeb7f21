/* SPDX-License-Identifier: MIT */
/* From a name such as ackley10:noise=1 to a problem in place. */
#include "bench.h"
#include "hone/settings.h"

#include <ctype.h>
#include <string.h>

static int has_choice(const hone_component *c, const char *key, const char *name)
{
    for (uint32_t i = 0; i < c->n_params; i++) {
        const hone_param *p = hone_param_at(c->params, c->param_size, i);
        if (!strcmp(p->key, key) && p->type == HONE_T_ENUM)
            for (const char *const *choice = p->choices; *choice; choice++)
                if (!strcmp(*choice, name))
                    return 1;
    }
    return 0;
}

/* "ackley10" is ackley with dimensions = 10, unless there is a problem of that name. */
static void split_dimensions(struct entry *entry, const hone_component *objective, const hone_problem_v1 *iface)
{
    char *name = entry->text;
    size_t n = strlen(name), digits = n;
    while (digits && isdigit((unsigned char)name[digits - 1]))
        digits--;
    if (digits == n || !digits || n - digits >= sizeof entry->dimensions || !iface->key || !iface->dimensions_key ||
        has_choice(objective, iface->key, name))
        return;
    memcpy(entry->dimensions, name + digits, n - digits + 1);
    name[digits] = '\0';
    entry->settings[entry->n_settings++] = (hone_assignment){ iface->dimensions_key, entry->dimensions };
}

hone_rc pose(const hone_host *host, const hone_instances_v1 *instances, const char *objective, uint64_t seed,
             const char *label, struct entry *entry, struct posed *posed, hone_error *err)
{
    hone_assignment all[MOST_SETTINGS + 1];
    hone_rc rc;
    memset(posed, 0, sizeof *posed);
    posed->label = label;
    posed->instance.size = sizeof posed->instance;
    if ((rc = entry_init(entry, label, "problem", err)) < 0)
        return rc;
    if ((rc = instances->make(host, HONE_KIND_OBJECTIVE, objective, NULL, 0, seed, &posed->instance, err)) < 0)
        return rc;
    posed->iface = posed->instance.component->get_ext
                       ? (const hone_problem_v1 *)posed->instance.component->get_ext(HONE_EXT_PROBLEM)
                       : NULL;
    if (!posed->iface || !posed->iface->key)
        return hone_fail(err, HONE_EINVAL, "objective", "objective '%.60s' poses no problems by name", objective);
    split_dimensions(entry, posed->instance.component, posed->iface);
    all[0] = (hone_assignment){ posed->iface->key, entry->name };
    memcpy(all + 1, entry->settings, entry->n_settings * sizeof *all);
    instances->release(host, &posed->instance);
    posed->instance.size = sizeof posed->instance;
    if ((rc = instances->make(host, HONE_KIND_OBJECTIVE, objective, all, entry->n_settings + 1, seed, &posed->instance,
                              err)) < 0)
        return rc;
    posed->problem.size = sizeof posed->problem;
    if ((rc = posed->iface->describe(posed->instance.self, &posed->problem, err)) < 0)
        return rc;
    if (posed->problem.n_values > MOST_VALUES || posed->problem.n_constraints > MOST_VALUES ||
        (posed->problem.n_values > 1 && !posed->problem.reference))
        return hone_fail(err, HONE_EINVAL, "problem",
                         "%.60s has more than %d values or constraints, or no reference point", label, MOST_VALUES);
    return HONE_OK;
}
