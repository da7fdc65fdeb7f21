/* SPDX-License-Identifier: MIT */
/* An instance of a component with its settings: what the study and the workers hold. */
#ifndef HONE_PLUGIN_COMPONENT_H
#define HONE_PLUGIN_COMPONENT_H
#include "hone/settings.h"
#include "plugin/catalog.h"

/* One value of a setting, as text. */
struct setting_text {
    const char *key, *text;
};

struct component {
    const struct catalog_component *entry;
    const hone_component *loaded;
    void *self;
    void *config; /* the component's struct; may be compared bytewise only through config_text */
    hone_settings_memory memory;
    char *instance; /* section name */
};
#define COMPONENT_INIT                               \
    {                                                \
        NULL, NULL, NULL, NULL, { NULL, 0, 0 }, NULL \
    }

/* Loads the module, fills the settings (defaults, then settings in order; HONE_T_PATH values are absolute already),
 * creates the instance. err->param names the key at fault. A component that lies (OK without an instance) is an
 * error. */
hone_rc component_create(struct component *component, struct catalog *catalog, const struct catalog_component *entry,
                         const hone_host *host, const char *instance, const struct setting_text *settings, size_t n,
                         uint64_t seed, hone_error *err);
void component_destroy(struct component *component); /* and zeroes it */
#endif
