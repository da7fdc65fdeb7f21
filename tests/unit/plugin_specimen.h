/* SPDX-License-Identifier: MIT */
/* A component in memory that keeps the contract, for tests that break it in one place each. */
#ifndef HONE_TESTS_PLUGIN_SPECIMEN_H
#define HONE_TESTS_PLUGIN_SPECIMEN_H
#include "hone/hone.h"

struct specimen_settings {
    double rate;
    int64_t patience;
    const char *monitor;
    hone_ints hidden;
    uint32_t mode;
    uint8_t restore;
};
enum { SPECIMEN_PARAMS = 6 };
struct specimen {
    hone_param params[SPECIMEN_PARAMS], slot_params[1];
    hone_search_v1 search;
    hone_objective_v1 objective;
    hone_slot slot;
    const hone_slot *slots[1];
    hone_component component, second;
    const hone_component *components[2];
    hone_module module;
};

static hone_rc specimen_create(const hone_host *host, const hone_create_info *info, void **self, hone_error *err)
{
    (void)host, (void)info, (void)err;
    *self = malloc(1);
    return *self ? HONE_OK : HONE_ENOMEM;
}
static hone_rc specimen_open(void *self, const hone_space *space, const hone_search_info *info, hone_error *err)
{
    (void)self, (void)space, (void)info, (void)err;
    return HONE_OK;
}
static hone_rc specimen_ask(void *self, uint64_t trial, double *x, hone_error *err)
{
    (void)self, (void)trial, (void)x, (void)err;
    return HONE_DONE;
}
static hone_rc specimen_tell(void *self, const hone_outcome *outcome, hone_error *err)
{
    (void)self, (void)outcome, (void)err;
    return HONE_OK;
}
static hone_rc specimen_describe(void *self, hone_description *description, hone_error *err)
{
    (void)self, (void)description, (void)err;
    return HONE_OK;
}
static hone_rc specimen_run(void *self, const hone_trial *trial, hone_error *err)
{
    (void)self, (void)trial, (void)err;
    return HONE_OK;
}

static const void *specimen_ext(const char *id)
{
    static const char *const provides[] = { "one", "two_2", NULL }, *const conflicts[] = { "three", NULL };
    static const hone_place place = { sizeof place, -7, provides, conflicts };
    return strcmp(id, HONE_EXT_PLACE) ? NULL : &place;
}

static void specimen_init(struct specimen *s)
{
    static const char *const modes[] = { "step", "linear", NULL };
    const hone_param params[SPECIMEN_PARAMS] = {
        HONE_REAL(struct specimen_settings, rate, "0.1", 0, 0.3, HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN, NULL,
                  "Rate.\tWith a tab\nand a line."),
        HONE_INT_IF(struct specimen_settings, patience, "5", 1, 1e6, 0, "epochs", "mode=step|linear", "Patience."),
        HONE_STR(struct specimen_settings, monitor, NULL, HONE_P_ADVANCED, "Back\\slash, \\N and \\t."),
        HONE_INTS(struct specimen_settings, hidden, "256, 128", 1, HUGE_VAL, 0, NULL, "Widths."),
        HONE_ENUM(struct specimen_settings, mode, "step", modes, 0, "Mode."),
        HONE_BOOL(struct specimen_settings, restore, "yes", 0, "Restore."),
    };
    memset(s, 0, sizeof *s);
    memcpy(s->params, params, sizeof params);
    s->slot_params[0] = (hone_param)HONE_REAL(struct specimen_settings, rate, "0", 0, 1, 0, NULL, "Share.");
    s->search = (hone_search_v1){ sizeof s->search, 0, specimen_open, specimen_ask, specimen_tell };
    s->slot = (hone_slot){ sizeof s->slot, 0, "model/1", 1, UINT32_MAX, s->slot_params, 1, sizeof(hone_param), 8, 0 };
    s->slots[0] = &s->slot;
    s->objective = (hone_objective_v1){
        sizeof s->objective, HONE_OBJECTIVE_ANY_SPACE, 1, 0, s->slots, specimen_describe, specimen_run
    };
    s->component = (hone_component){ sizeof s->component,
                                     HONE_C_DETERMINISTIC,
                                     HONE_KIND_SEARCH,
                                     "specimen",
                                     "A specimen",
                                     "Doc.\n\nMore.",
                                     s->params,
                                     SPECIMEN_PARAMS,
                                     sizeof(hone_param),
                                     sizeof(struct specimen_settings),
                                     0,
                                     &s->search,
                                     specimen_create,
                                     free,
                                     NULL,
                                     NULL,
                                     specimen_ext };
    s->second = s->component;
    s->second.get_ext = NULL;
    s->second.kind = HONE_KIND_OBJECTIVE;
    s->second.name = "second";
    s->second.doc = NULL;
    s->second.params = NULL;
    s->second.n_params = 0;
    s->second.config_size = 0;
    s->second.iface = &s->objective;
    s->components[0] = &s->component;
    s->components[1] = &s->second;
    s->module = (hone_module){ HONE_MAGIC,
                               sizeof s->module,
                               HONE_ABI_MAJOR,
                               0,
                               2,
                               "org.test.specimen",
                               "1.0.0",
                               "MIT",
                               "A. Author",
                               "",
                               s->components,
                               NULL };
}
#endif
