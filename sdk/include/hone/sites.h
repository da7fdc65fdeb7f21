/* SPDX-License-Identifier: MIT */
/* hone/sites.h - at which of a network's sites a regularizer acts: the pattern of its key `sites`, the roles that it is for,
 * and what to say where nothing matches. Header only; link with -lhone-nn.
 *
 *     at_site:     if (!hone_sites_take(&self->sites, self->settings.sites, HONE_SITES_UNITS, site)) return x;
 *                  ... add layers ...
 *     on_network:  return hone_sites_check(&self->sites, self->settings.sites, err); */
#ifndef HONE_SITES_H
#define HONE_SITES_H
#include "hone/instance.h"
#include "hone/nn.h"

/* Sets of roles. */
enum {
    HONE_SITES_INPUT = 1u << HONE_SITE_INPUT,
    HONE_SITES_PRE = 1u << HONE_SITE_PRE_ACTIVATION,
    HONE_SITES_POST = 1u << HONE_SITE_POST_ACTIVATION,
    HONE_SITES_BRANCH = 1u << HONE_SITE_RESIDUAL_BRANCH,
    HONE_SITES_OUTPUT = 1u << HONE_SITE_OUTPUT,
    HONE_SITES_UNITS = 1u << HONE_SITE_POST_ACTIVATION | 1u << HONE_SITE_INPUT
};

/* Zero it. */
typedef struct hone_sites {
    uint64_t offered, taken;  /* of the roles */
    char names[128];          /* of those offered, for the message */
    uint32_t roles, reserved; /* asked for */
    const char *values; /* where more than the role decides: what it acts at, "activations with pixels"; else NULL */
} hone_sites;

/* 1 where the regularizer acts at the site. [trial] */
static inline int hone_sites_take(hone_sites *s, const char *pattern, uint32_t roles, const hone_site *site)
{
    const size_t used = strlen(s->names);
    s->roles |= roles;
    if (site->role > 31 || !(roles >> site->role & 1))
        return 0;
    s->offered++;
    snprintf(s->names + used, sizeof s->names - used, "%s%s", used ? ", " : "", site->name);
    if (!hone_nn_site_matches(pattern, site->name))
        return 0;
    s->taken++;
    return 1;
}

/* The network is whole: HONE_EINVAL naming the key `sites` where the regularizer acts nowhere. [trial] */
static inline hone_rc hone_sites_check(const hone_sites *s, const char *pattern, hone_error *err)
{
    if (s->taken)
        return HONE_OK;
    if (!s->offered) {
        static const char *const words[] = { "inputs",      "values before activations",
                                             "activations", "residual branches",
                                             "embeddings",  "attentions",
                                             "outputs" };
        char all[128] = "";
        for (size_t r = 0, used = 0; r < sizeof words / sizeof *words && used < sizeof all; r++)
            if (s->roles >> r & 1)
                used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", words[r]);
        return hone_fail(err, HONE_EINVAL, "sites",
                         "it acts at %s, and the model offers no such site: leave it out, or take another model",
                         s->values ? s->values
                         : *all    ? all
                                   : "sites of a network");
    }
    return hone_fail(err, HONE_EINVAL, "sites",
                     "sites = %.40s matches none of the network's sites that it can act at: %s", pattern, s->names);
}
#endif /* HONE_SITES_H */
