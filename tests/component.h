/* SPDX-License-Identifier: MIT */
/* A component under test: made from INI texts by its own parameter table, as the host makes it, and its state
 * kept in memory.
 *
 *     struct component l2;
 *     CU_ASSERT_EQUAL_FATAL(component_open(&l2, "l2", 1, "strength", "0.1", NULL), HONE_OK);
 *     ... l2.self, l2.component->iface ...
 *     component_close(&l2);
 *
 * A failure leaves the message in .err, as the user would see it. */
#ifndef HONE_TESTS_COMPONENT_H
#define HONE_TESTS_COMPONENT_H
#include "harness.h"
#include "hone/param.h"
#include "hone/settings.h"

struct component {
    const hone_component *component;
    void *self, *config;
    hone_settings_memory memory;
    hone_error err;
};

static void component_close(struct component *c)
{
    if (c->component)
        c->component->destroy(c->self);
    hone_settings_release(&c->memory);
    free(c->config);
    memset(c, 0, sizeof *c);
}

/* Pairs of key and text follow the seed, NULL ends them. */
__attribute__((sentinel)) static hone_rc component_open(struct component *c, const char *name, uint64_t seed, ...)
{
    const hone_module *module = HONE_MODULE_SYMBOL();
    hone_rc rc = HONE_OK;
    va_list args;
    memset(c, 0, sizeof *c);
    c->err.size = sizeof c->err;
    for (uint32_t i = 0; i < module->n_components; i++)
        if (!strcmp(module->components[i]->name, name))
            c->component = module->components[i];
    if (!c->component)
        return hone_fail(&c->err, HONE_EINVAL, NULL, "the module has no component %s", name);
    c->config = calloc(1, c->component->config_size + 1);
    rc = hone_settings_defaults(c->component->params, c->component->n_params, c->component->param_size, c->config,
                                &c->memory, &c->err);
    va_start(args, seed);
    for (const char *key; rc == HONE_OK && (key = va_arg(args, const char *));) {
        const char *text = va_arg(args, const char *);
        uint32_t i = 0;
        while (i < c->component->n_params && strcmp(c->component->params[i].key, key))
            i++;
        rc = i < c->component->n_params
                 ? hone_settings_parse(&c->component->params[i], text, c->config, &c->memory, &c->err)
                 : hone_fail(&c->err, HONE_EINVAL, key, "%s has no key %s", name, key);
    }
    va_end(args);
    if (rc == HONE_OK) {
        const hone_create_info info = { sizeof info, 0, c->config, name, seed };
        rc = c->component->create(NULL, &info, &c->self, &c->err);
    }
    return rc;
}

/* A state in memory. Reads are short on purpose: at most 7 bytes. */
struct state {
    unsigned char bytes[65536];
    size_t n, at;
};

static int64_t state_write_(void *ctx, const void *data, uint64_t n)
{
    struct state *s = (struct state *)ctx;
    if (n > sizeof s->bytes - s->n)
        return -1;
    memcpy(s->bytes + s->n, data, n);
    s->n += n;
    return (int64_t)n;
}

static int64_t state_read_(void *ctx, void *buffer, uint64_t n)
{
    struct state *s = (struct state *)ctx;
    const uint64_t left = s->n - s->at, take = n < 7 ? n : 7, got = take < left ? take : left;
    memcpy(buffer, s->bytes + s->at, got);
    s->at += got;
    return (int64_t)got;
}

__attribute__((unused)) static hone_rc component_save(struct component *c, struct state *s)
{
    const hone_ostream out = { s, state_write_ };
    s->n = s->at = 0;
    return c->component->save(c->self, &out, &c->err);
}

__attribute__((unused)) static hone_rc component_load(struct component *c, struct state *s)
{
    const hone_istream in = { s, state_read_ };
    s->at = 0;
    return c->component->load(c->self, &in, &c->err);
}

/* Every cut of the state is refused, and so is a byte too many; the instance stays usable. */
__attribute__((unused)) static void component_refuses_cut_states(struct component *c, const struct state *whole)
{
    static struct state cut;
    for (size_t n = 0; n < whole->n; n++) {
        memcpy(&cut, whole, sizeof cut);
        cut.n = n;
        CU_ASSERT(component_load(c, &cut) < 0);
    }
    memcpy(&cut, whole, sizeof cut);
    cut.bytes[cut.n++] = 0;
    CU_ASSERT(component_load(c, &cut) < 0);
}

/* |a - b| <= tolerance * max(1, |b|) */
__attribute__((unused)) static int near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * (fabs(b) > 1 ? fabs(b) : 1);
}
#endif
