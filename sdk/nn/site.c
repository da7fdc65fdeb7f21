/* SPDX-License-Identifier: MIT */
/* Sites: where regularizers may insert layers, how their names are numbered, how a pattern matches them. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The count-th use of a name in its role, from 1; 0: out of memory. */
static uint32_t next_number(hone_graph *g, uint32_t role, const char *name)
{
    for (uint32_t i = 0; i < g->n_site_names; i++)
        if (g->site_names[i].role == role && strcmp(g->site_names[i].name, name) == 0)
            return ++g->site_names[i].count;
    struct site_name *names = realloc(g->site_names, (g->n_site_names + 1) * sizeof *names);
    if (!names)
        return 0;
    g->site_names = names;
    struct site_name *entry = &names[g->n_site_names++];
    entry->role = role;
    entry->count = 1;
    snprintf(entry->name, sizeof entry->name, "%s", name);
    return 1;
}

hone_var hone_nn_site(hone_graph *g, hone_var x, uint32_t role, const char *name)
{
    char numbered[NAME_SIZE + 16];
    hone_site site = { .size = sizeof site, .role = role };
    if (!g || g->failed)
        return x;
    if (!graph_has(g, x))
        return hone_nn_fail(g, "", "a site's input is not a value of this graph");
    if (role > HONE_SITE_OUTPUT)
        return hone_nn_fail(g, "", "a site's role must be one of HONE_SITE_...");
    if (!name || !*name || strlen(name) >= NAME_SIZE)
        return hone_nn_fail(g, "", "a site's name must have 1 to 63 characters");

    const char end = name[strlen(name) - 1];
    if (end >= '0' && end <= '9')
        snprintf(numbered, sizeof numbered, "%s", name);
    else {
        const uint32_t number = next_number(g, role, name);
        if (number == 0)
            return graph_out_of_memory(g);
        snprintf(numbered, sizeof numbered, "%s%u", name, number);
    }
    site.index = g->site_index[role]++;
    site.name = numbered;
    if (role == HONE_SITE_POST_ACTIVATION && g->nodes[x.id].kind == NODE_RELU)
        snprintf(g->nodes[x.id].site, sizeof g->nodes[x.id].site, "%s", numbered);
    return g->on_site ? g->on_site(g->on_site_ctx, g, &site, x) : x;
}

void hone_nn_on_site(hone_graph *g, hone_site_handler handler, void *ctx)
{
    g->on_site = handler;
    g->on_site_ctx = ctx;
}

/* Glob over pattern[0 .. end): '*' any run, '?' one character. On a mismatch only the last '*' is tried again, longer by
 * one, which suffices and keeps the work at length times length. */
static uint32_t matches(const char *pattern, const char *end, const char *name)
{
    const char *star = NULL, *retry = NULL;
    while (*name) {
        if (pattern < end && *pattern == '*') {
            star = pattern++;
            retry = name;
        } else if (pattern < end && (*pattern == '?' || *pattern == *name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++retry;
        } else
            return 0;
    }
    while (pattern < end && *pattern == '*')
        pattern++;
    return pattern == end;
}

uint32_t hone_nn_site_matches(const char *pattern, const char *name)
{
    if (!pattern || !name)
        return 0;
    while (*pattern) {
        while (*pattern == ' ' || *pattern == '\t')
            pattern++;
        const char *comma = strchr(pattern, ',');
        const char *end = comma ? comma : pattern + strlen(pattern);
        const char *next = comma ? comma + 1 : end;
        while (end > pattern && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (end > pattern && matches(pattern, end, name))
            return 1;
        pattern = next;
    }
    return 0;
}
