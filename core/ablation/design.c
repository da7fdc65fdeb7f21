/* SPDX-License-Identifier: MIT */
/* Making an ablation: the design's rows become cells. */
#include "ablation/ablation.h"

#include "plugin/guard.h"

#include <stdlib.h>
#include <string.h>

struct ablation_cell *ablation_cell_add(struct ablation *a, const uint32_t *levels, struct complaints *complaints)
{
    const size_t n = a->spec.n_axes;
    for (size_t i = 0; i < a->n_cells; i++)
        if (!memcmp(a->cells[i].levels, levels, n * sizeof *levels))
            return &a->cells[i];
    if (a->n_cells == a->cells_capacity) {
        const size_t capacity = a->cells_capacity ? 2 * a->cells_capacity : 32;
        struct ablation_cell *more = realloc(a->cells, capacity * sizeof *more);
        if (!more) {
            complain(complaints, NULL, "out of memory");
            return NULL;
        }
        a->cells = more;
        a->cells_capacity = capacity;
    }
    struct ablation_cell *cell = &a->cells[a->n_cells];
    *cell = (struct ablation_cell){ .levels = malloc((n + 1) * sizeof *levels) };
    if (!cell->levels) {
        complain(complaints, NULL, "out of memory");
        return NULL;
    }
    memcpy(cell->levels, levels, n * sizeof *levels);
    cell->block = a->spec.has_blocks ? levels[n - 1] : 0;
    a->n_cells++;
    return ablation_cell_compose(a, cell, complaints) == 0 ? cell : NULL;
}

/* ---- what the design says ---- */

struct taken {
    struct ablation *ablation;
    uint32_t *rows; /* (n, n_design) */
    size_t n, capacity;
};

static hone_rc take_row(void *ctx, const uint32_t *levels)
{
    struct taken *t = ctx;
    const size_t width = t->ablation->spec.n_design;
    if (t->n == t->capacity) {
        const size_t capacity = t->capacity ? 2 * t->capacity : 64;
        uint32_t *more = realloc(t->rows, capacity * width * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        t->rows = more;
        t->capacity = capacity;
    }
    for (size_t i = 0; i < width; i++)
        if (levels[i] >= t->ablation->spec.axes[i].n_levels)
            return HONE_EFAIL;
    memcpy(t->rows + t->n++ * width, levels, width * sizeof *levels);
    return HONE_OK;
}

static hone_rc take_alias(void *ctx, const hone_ablation_alias *alias)
{
    struct ablation *a = ((struct taken *)ctx)->ablation;
    if (alias->n_effect < 1 || alias->n_effect > 2 || alias->n_with < 1 || alias->n_with > 2)
        return HONE_EFAIL;
    if (a->n_aliases == a->aliases_capacity) {
        const size_t capacity = a->aliases_capacity ? 2 * a->aliases_capacity : 64;
        struct ablation_alias *more = realloc(a->aliases, capacity * sizeof *more);
        if (!more)
            return HONE_ENOMEM;
        a->aliases = more;
        a->aliases_capacity = capacity;
    }
    struct ablation_alias *one = &a->aliases[a->n_aliases];
    *one = (struct ablation_alias){ .n_effect = alias->n_effect,
                                    .n_with = alias->n_with,
                                    .correlation = alias->correlation };
    for (uint32_t i = 0; i < 2; i++) {
        one->effect[i] = i < alias->n_effect ? alias->effect[i] : 0;
        one->with[i] = i < alias->n_with ? alias->with[i] : 0;
        if (one->effect[i] >= a->spec.n_design || one->with[i] >= a->spec.n_design)
            return HONE_EFAIL;
    }
    a->n_aliases++;
    return HONE_OK;
}

static hone_rc ask(struct taken *t, struct component *component, hone_error *err)
{
    struct ablation *a = t->ablation;
    const hone_ablation_design_v1 *iface = component->loaded->iface;
    hone_ablation_axis *axes = calloc(a->spec.n_design, sizeof *axes);
    const hone_ablation_axes all = { sizeof all, (uint32_t)a->spec.n_design, axes };
    const hone_ablation_sink sink = { t, take_row, take_alias };
    struct guard guard;
    if (!axes)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for the axes");
    for (size_t i = 0; i < a->spec.n_design; i++)
        axes[i] = (hone_ablation_axis){ sizeof *axes, a->spec.axes[i].n_levels, a->spec.axes[i].baseline, 0,
                                        a->spec.axes[i].name };
    guard_save(&guard);
    hone_rc rc = iface->rows(component->self, &all, &sink, err);
    if (rc == HONE_OK && iface->aliases)
        rc = iface->aliases(component->self, &all, &sink, err);
    if (rc == HONE_OK)
        rc = guard_check(&guard, err);
    free(axes);
    if (rc == HONE_OK && !t->n)
        rc = hone_fail(err, HONE_EFAIL, NULL, "it gives no row");
    if (rc < 0 && !err->msg[0])
        hone_fail(err, rc, NULL, "%s",
                  rc == HONE_ENOMEM ? "out of memory" : "it gives rows of levels that there are not");
    return rc;
}

static int find_design(struct ablation *a, struct complaints *complaints)
{
    const char *name = a->spec.raw.design;
    hone_error err = HONE_ERROR_INIT;
    a->design = *name ? catalog_find(a->catalog, "design", name, &err) : catalog_default(a->catalog, "design");
    if (!a->design) {
        complain(complaints, &a->spec.design_place, "%s",
                 *name ? err.msg : "no design is the default one: write design = NAME");
        return -1;
    }
    a->design_flags = a->design->iface_flags;
    for (size_t i = 0; i < a->spec.n_design; i++)
        if (a->design_flags & HONE_DESIGN_TWO_LEVELS && a->spec.axes[i].n_levels != 2)
            complain(complaints, &a->spec.axes[i].place,
                     "axis '%s' has %u levels; the design %s takes axes of two levels alone", a->spec.axes[i].name,
                     a->spec.axes[i].n_levels, a->design->name);
    return complaints->n ? -1 : 0;
}

static const struct place *setting_place(const struct ablation_spec *spec, const char *key)
{
    for (size_t i = 0; i < spec->n_design_settings; i++)
        if (!strcmp(spec->design_settings[i].key, key))
            return &spec->design_places[i];
    return &spec->design_place;
}

static int ask_design(struct taken *t, const hone_host *host, struct complaints *complaints)
{
    struct ablation *a = t->ablation;
    struct component component = COMPONENT_INIT;
    hone_error err = HONE_ERROR_INIT;
    hone_rc rc = component_create(&component, a->catalog, a->design, host, "ablation", a->spec.design_settings,
                                  a->spec.n_design_settings, (uint64_t)a->base.study.seed, &err);
    if (rc != HONE_OK) {
        complain(complaints, setting_place(&a->spec, err.param), "%s (design %s; hone info %s lists its keys)", err.msg,
                 a->design->name, a->design->name);
    } else if ((rc = ask(t, &component, &err)) != HONE_OK) {
        complain(complaints, setting_place(&a->spec, err.param), "design %s: %s", a->design->name, err.msg);
    }
    component_destroy(&component);
    return rc == HONE_OK ? 0 : -1;
}

/* ---- making ---- */

static int make_base(struct ablation *a, struct complaints *complaints)
{
    struct config base = CONFIG_INIT;
    int rc = -1;
    if (config_copy(&base, &a->config, NULL) < 0) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    for (size_t i = 0; i < a->spec.n_axes; i++) {
        const struct ablation_level *level = &a->spec.axes[i].levels[a->spec.axes[i].baseline];
        for (size_t k = 0; k < level->n; k++)
            config_set_from(&base, a->spec.axes[i].name, level->assignments[k], complaints);
    }
    /* what the cells make of it is checked with them: this says where the whole is kept */
    struct complaints unheard = COMPLAINTS_INIT;
    if (!complaints->n &&
        (composition_make(&a->base, &base, a->catalog, COMPOSE_TRAIN, &unheard) == 0 || a->base.study.name))
        rc = 0;
    complaints_release(&unheard);
    if (rc == 0 && !a->base.storage) {
        complain(complaints, &a->spec.place, "no storage is the default one: write [study] storage = NAME:LOCATION");
        rc = -1;
    }
    ablation_done_with(a, &base, rc);
    return rc;
}

static int find_metric(struct ablation *a, struct complaints *complaints)
{
    if (a->spec.metric) {
        a->metric = strdup(a->spec.metric);
        a->direction = a->spec.direction;
    } else if (a->base.n_objectives) {
        a->metric = strdup(a->base.objectives[0].metric);
        a->direction = a->base.objectives[0].direction;
    } else {
        complain(complaints, &a->spec.place,
                 "[ablation] needs metric = NAME, what to compare by, or [study] objectives");
        return -1;
    }
    a->said_direction = a->direction;
    if (!a->metric)
        complain(complaints, NULL, "out of memory");
    return a->metric ? 0 : -1;
}

static int make_cells(struct ablation *a, const struct taken *t, struct complaints *complaints)
{
    const size_t width = a->spec.n_design;
    uint32_t *levels = malloc((a->spec.n_axes + 1) * sizeof *levels);
    if (!levels) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    a->n_blocks = a->spec.has_blocks ? a->spec.axes[a->spec.n_axes - 1].n_levels : 1;
    a->n_rows = t->n;
    for (size_t b = 0; b < a->n_blocks; b++)
        for (size_t r = 0; r < t->n; r++) {
            memcpy(levels, t->rows + r * width, width * sizeof *levels);
            if (a->spec.has_blocks)
                levels[width] = (uint32_t)b;
            ablation_cell_add(a, levels, complaints);
        }
    free(levels);
    a->n_compared = a->n_cells;
    for (size_t i = 0; !complaints->n && i < a->n_cells; i++)
        for (size_t k = 0; k < i; k++)
            if (a->cells[i].hash == a->cells[k].hash)
                complain(complaints, &a->spec.place,
                         "the cells '%s' and '%s' have the same settings: some level changes nothing there",
                         a->cells[k].label, a->cells[i].label);
    return complaints->n ? -1 : 0;
}

int ablation_make(struct ablation *a, const struct config *config, struct catalog *catalog, const hone_host *host,
                  struct complaints *complaints)
{
    struct taken t = { .ablation = a };
    int rc = -1;
    *a = (struct ablation){ .catalog = catalog, .direction = HONE_NO_DIRECTION };
    if (ablation_spec_read(&a->spec, config, complaints) < 0)
        return -1;
    a->n_seeds = (size_t)a->spec.raw.seeds;
    if (config_copy(&a->config, config, "ablation") < 0) {
        complain(complaints, NULL, "out of memory");
        return -1;
    }
    if (find_design(a, complaints) == 0 && make_base(a, complaints) == 0 && find_metric(a, complaints) == 0 &&
        ask_design(&t, host, complaints) == 0)
        rc = make_cells(a, &t, complaints);
    free(t.rows);
    return rc;
}

void ablation_release(struct ablation *a)
{
    for (size_t i = 0; i < a->n_cells; i++)
        ablation_cell_release(&a->cells[i], a->n_seeds);
    for (size_t i = 0; i < a->n_refused; i++)
        config_release(&a->refused[i]);
    free(a->refused);
    free(a->cells);
    free(a->aliases);
    free(a->path);
    free(a->metric);
    free(a->objective);
    free(a->environment);
    free(a->resolved);
    composition_release(&a->base);
    config_release(&a->config);
    ablation_spec_release(&a->spec);
    *a = (struct ablation){ 0 };
}
