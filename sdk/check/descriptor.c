/* SPDX-License-Identifier: MIT */
/* Everything about a module's constant data that can be wrong, told one after the other. */
#include "check.h"

struct problems {
    char *text;
    size_t n, used;
    unsigned count;
};

static void problem(struct problems *all, const char *format, ...) CHECK_PRINTF(2, 3);
static void problem(struct problems *all, const char *format, ...)
{
    va_list args;
    if (all->count++ && all->used + 3 < all->n)
        all->used += (size_t)snprintf(all->text + all->used, all->n - all->used, "; ");
    va_start(args, format);
    if (all->used + 1 < all->n)
        all->used += (size_t)vsnprintf(all->text + all->used, all->n - all->used, format, args);
    va_end(args);
    if (all->used >= all->n)
        all->used = all->n - 1;
}

/* [a-z][a-z0-9_]* */
static int is_name(const char *text)
{
    return text && *text >= 'a' && *text <= 'z' && !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")];
}

/* "search/1", "com.acme.thing/2" */
static int is_kind(const char *text)
{
    const char *slash = text ? strchr(text, '/') : NULL;
    if (!slash || slash == text || *text < 'a' || *text > 'z' || slash[1] < '1' || slash[1] > '9')
        return 0;
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == (size_t)(slash - text) &&
           !slash[1 + strspn(slash + 1, "0123456789")];
}

/* "org.acme.thing": at least two parts */
static int is_id(const char *text)
{
    size_t parts = 0;
    if (!text || *text < 'a' || *text > 'z' || text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.")])
        return 0;
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ".");
        if (!length)
            return 0;
        parts++;
        at += length;
        if (!*at)
            return parts >= 2;
    }
}

/* "1.2.3", "1.2.3-rc1" */
static int is_version(const char *text)
{
    unsigned numbers = 0;
    if (!text)
        return 0;
    for (; numbers < 3; numbers++) {
        const size_t digits = strspn(text, "0123456789");
        if (!digits)
            return 0;
        text += digits;
        if (numbers < 2 && *text++ != '.')
            return 0;
    }
    return !*text || *text == '-' || *text == '+';
}

static int zero_past(const void *data, size_t size, size_t known)
{
    for (size_t i = known; i < size; i++)
        if (((const unsigned char *)data)[i])
            return 0;
    return 1;
}

static size_t field_size(uint32_t type)
{
    static const size_t sizes[] = { 0, 1, 8, 8, 4, sizeof(char *), sizeof(char *), 16, 16, 16 };
    return type < sizeof sizes / sizeof *sizes ? sizes[type] : 0;
}

static const char *string_at(const char *const *list, uint32_t i)
{
    return list ? list[i] : NULL;
}

static void verify_condition(struct problems *all, const char *id, const hone_component *c, const hone_param *p)
{
    const char *equal = strchr(p->active_if, '=');
    const hone_param *other = NULL;
    hone_error err = HONE_ERROR_INIT;
    if (!equal || equal == p->active_if || !equal[1]) {
        problem(all, "%s: active_if = \"%s\" of %s is not \"key=value|value\"", id, p->active_if, p->key);
        return;
    }
    for (uint32_t i = 0; i < c->n_params; i++) {
        const hone_param *q = hone_param_at(c->params, c->param_size, i);
        if (q->key && strlen(q->key) == (size_t)(equal - p->active_if) &&
            !strncmp(q->key, p->active_if, (size_t)(equal - p->active_if)))
            other = q;
    }
    if (!other || other == p) {
        problem(all, "%s: active_if = \"%s\" of %s names no other key of the table", id, p->active_if, p->key);
        return;
    }
    for (const char *at = equal + 1; *at;) {
        char value[128];
        const size_t length = strcspn(at, "|");
        snprintf(value, sizeof value, "%.*s", (int)length, at);
        if (hone_settings_parse(other, value, NULL, NULL, &err) < 0)
            problem(all, "%s: active_if = \"%s\" of %s can never hold: %s", id, p->active_if, p->key, err.msg);
        at += length + (at[length] == '|');
    }
}

static void verify_param(struct problems *all, const char *id, const hone_component *c, const hone_param *p)
{
    const uint32_t known = HONE_P_TUNABLE | HONE_P_LOG | HONE_P_LO_OPEN | HONE_P_HI_OPEN | HONE_P_ADVANCED |
                           HONE_P_DEPRECATED;
    const size_t size = field_size(p->type), align = size > 8 ? 8 : size;
    const int number = p->type == HONE_T_INT || p->type == HONE_T_REAL || p->type == HONE_T_INTS ||
                       p->type == HONE_T_REALS;
    hone_error err = HONE_ERROR_INIT;
    if (!is_name(p->key)) {
        problem(all, "%s: the key \"%s\" is not [a-z][a-z0-9_]*", id, p->key ? p->key : "");
        return;
    }
    if (!strcmp(p->key, "use") || !strcmp(p->key, "enabled"))
        problem(all, "%s: the key %s belongs to the host", id, p->key);
    if (!size) {
        problem(all, "%s: %s has the unknown type %u", id, p->key, p->type);
        return;
    }
    if (p->flags & ~known)
        problem(all, "%s: %s has unknown flags %x", id, p->key, p->flags & ~known);
    if (p->reserved)
        problem(all, "%s: the reserved field of %s is not 0", id, p->key);
    if (p->offset + size > c->config_size)
        problem(all, "%s: %s lies outside the config struct (offset %u, size %zu, struct %u)", id, p->key, p->offset,
                size, c->config_size);
    if (p->offset % align)
        problem(all, "%s: %s is not aligned (offset %u)", id, p->key, p->offset);
    if (!p->doc || !*p->doc)
        problem(all, "%s: %s has no doc", id, p->key);
    if (p->type == HONE_T_ENUM) {
        if (!string_at(p->choices, 0))
            problem(all, "%s: %s has no choices", id, p->key);
        for (uint32_t i = 0; string_at(p->choices, i); i++)
            for (uint32_t k = 0; k <= i; k++)
                if (!*p->choices[i] || (k < i && !strcmp(p->choices[i], p->choices[k])))
                    problem(all, "%s: %s has the choice \"%s\" empty or twice", id, p->key, p->choices[i]);
    } else if (p->choices) {
        problem(all, "%s: %s has choices but is no enum", id, p->key);
    }
    if (number && (isnan(p->min) || isnan(p->max) || p->min > p->max ||
                   (p->min == p->max && p->flags & (HONE_P_LO_OPEN | HONE_P_HI_OPEN)))) {
        problem(all, "%s: the range %g .. %g of %s is empty", id, p->min, p->max, p->key);
        return;
    }
    if (p->def && hone_settings_parse(p, p->def, NULL, NULL, &err) < 0)
        problem(all, "%s: the default is refused: %s", id, err.msg);
    if (p->active_if)
        verify_condition(all, id, c, p);
}

static void verify_params(struct problems *all, const char *id, const hone_component *c)
{
    if (!c->n_params)
        return;
    if (!c->params || c->param_size < sizeof(hone_param)) {
        problem(all, "%s: %u parameters, but %s", id, c->n_params,
                c->params ? "param_size is below sizeof(hone_param)" : "no table");
        return;
    }
    for (uint32_t i = 0; i < c->n_params; i++) {
        const hone_param *p = hone_param_at(c->params, c->param_size, i);
        verify_param(all, id, c, p);
        if (!zero_past(p, c->param_size, sizeof *p))
            problem(all, "%s: %s uses fields of a later ABI", id, p->key ? p->key : "?");
        for (uint32_t k = 0; k < i && p->key; k++) {
            const hone_param *q = hone_param_at(c->params, c->param_size, k);
            if (!q->key)
                continue;
            if (!strcmp(p->key, q->key))
                problem(all, "%s: the key %s is there twice", id, p->key);
            if (p->offset < q->offset + field_size(q->type) && q->offset < p->offset + field_size(p->type))
                problem(all, "%s: the fields of %s and %s overlap", id, q->key, p->key);
        }
    }
}

/* ---- functions that a kind cannot do without ---- */
struct need {
    const char *kind, *name;
    size_t offset;
};
#define NEED(kind, type, field)             \
    {                                       \
        kind, #field, offsetof(type, field) \
    }
static const struct need needs[] = {
    NEED(HONE_KIND_SEARCH, hone_search_v1, open),
    NEED(HONE_KIND_SEARCH, hone_search_v1, ask),
    NEED(HONE_KIND_SEARCH, hone_search_v1, tell),
    NEED(HONE_KIND_SCHEDULER, hone_scheduler_v1, open),
    NEED(HONE_KIND_OBJECTIVE, hone_objective_v1, describe),
    NEED(HONE_KIND_OBJECTIVE, hone_objective_v1, run),
    NEED(HONE_KIND_DATASET, hone_dataset_v1, describe),
    NEED(HONE_KIND_DATASET, hone_dataset_v1, read),
    NEED(HONE_KIND_TRANSFORM, hone_transform_v1, begin),
    NEED(HONE_KIND_TRANSFORM, hone_transform_v1, fit),
    NEED(HONE_KIND_TRANSFORM, hone_transform_v1, finish),
    NEED(HONE_KIND_TRANSFORM, hone_transform_v1, apply),
    NEED(HONE_KIND_MODEL, hone_model_v1, build),
    NEED(HONE_KIND_LAYER, hone_layer_v1, build),
    NEED(HONE_KIND_LOSS, hone_loss_v1, build),
    NEED(HONE_KIND_LOSS, hone_loss_v1, predict),
    NEED(HONE_KIND_OPTIMIZER, hone_optimizer_v1, learning_rate),
    NEED(HONE_KIND_OPTIMIZER, hone_optimizer_v1, update),
    NEED(HONE_KIND_LR_SCHEDULE, hone_lr_schedule_v1, factor),
    NEED(HONE_KIND_METRIC, hone_metric_v1, begin),
    NEED(HONE_KIND_METRIC, hone_metric_v1, update),
    NEED(HONE_KIND_METRIC, hone_metric_v1, merge),
    NEED(HONE_KIND_METRIC, hone_metric_v1, compute),
    NEED(HONE_KIND_METRIC, hone_metric_v1, list),
    NEED(HONE_KIND_BENCHMARK, hone_benchmark_v1, run),
    NEED(HONE_KIND_IMPORTANCE, hone_importance_v1, evaluate),
    NEED(HONE_KIND_DIAGNOSIS, hone_diagnosis_v1, diagnose),
    NEED(HONE_KIND_DESIGN, hone_ablation_design_v1, rows),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, open),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, begin),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, commit),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, rollback),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, put_study),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, put_trial),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, put_report),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, put_event),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, put_attachment),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, studies),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, trials),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, reports),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, events),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, attachments),
    NEED(HONE_KIND_STORAGE, hone_storage_v1, lock),
};
static const struct {
    const char *kind;
    size_t size;
} iface_sizes[] = {
    { HONE_KIND_SEARCH, sizeof(hone_search_v1) },
    { HONE_KIND_SCHEDULER, sizeof(hone_scheduler_v1) },
    { HONE_KIND_OBJECTIVE, sizeof(hone_objective_v1) },
    { HONE_KIND_DATASET, sizeof(hone_dataset_v1) },
    { HONE_KIND_TRANSFORM, sizeof(hone_transform_v1) },
    { HONE_KIND_MODEL, sizeof(hone_model_v1) },
    { HONE_KIND_LAYER, sizeof(hone_layer_v1) },
    { HONE_KIND_LOSS, sizeof(hone_loss_v1) },
    { HONE_KIND_REGULARIZER, sizeof(hone_regularizer_v1) },
    { HONE_KIND_OPTIMIZER, sizeof(hone_optimizer_v1) },
    { HONE_KIND_LR_SCHEDULE, sizeof(hone_lr_schedule_v1) },
    { HONE_KIND_METRIC, sizeof(hone_metric_v1) },
    { HONE_KIND_STORAGE, sizeof(hone_storage_v1) },
    { HONE_KIND_REPORTER, sizeof(hone_reporter_v1) },
    { HONE_KIND_BENCHMARK, sizeof(hone_benchmark_v1) },
    { HONE_KIND_IMPORTANCE, sizeof(hone_importance_v1) },
    { HONE_KIND_DIAGNOSIS, sizeof(hone_diagnosis_v1) },
    { HONE_KIND_DESIGN, sizeof(hone_ablation_design_v1) },
};

static void verify_words(struct problems *all, const char *id, const char *what, const char *const *words)
{
    for (uint32_t i = 0; words && words[i]; i++)
        if (!is_name(words[i]))
            problem(all, "%s: the word \"%s\" of its %s is not [a-z][a-z0-9_]*", id, words[i], what);
}

static void verify_reporter(struct problems *all, const char *id, const void *iface, uint32_t size)
{
    hone_reporter_v1 r = { 0 };
    memcpy(&r, iface, size < sizeof r ? size : sizeof r);
    if (!r.hear && !r.write && !r.serve)
        problem(all, "%s: has none of hear, write and serve", id);
    if (r.hear && !r.open)
        problem(all, "%s: the function open is missing", id);
    if (r.suffixes && !r.write)
        problem(all, "%s: has suffixes of files, but writes none", id);
    verify_words(all, id, "suffixes", r.suffixes);
}

static void verify_iface(struct problems *all, const char *id, const hone_component *c)
{
    uint32_t size;
    size_t known = 0;
    for (size_t i = 0; i < sizeof iface_sizes / sizeof *iface_sizes; i++)
        if (!strcmp(iface_sizes[i].kind, c->kind))
            known = iface_sizes[i].size;
    if (!known)
        return; /* a kind of somebody else's: its struct is theirs */
    if (!c->iface) {
        problem(all, "%s: iface is NULL", id);
        return;
    }
    memcpy(&size, c->iface, sizeof size);
    if (size < 8) {
        problem(all, "%s: iface says its size is %u", id, size);
        return;
    }
    if (size > known && !zero_past(c->iface, size, known))
        problem(all, "%s: iface uses fields of a later ABI", id);
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        void (*function)(void) = NULL;
        if (strcmp(needs[i].kind, c->kind) != 0)
            continue;
        if (needs[i].offset + sizeof function <= size)
            memcpy(&function, (const char *)c->iface + needs[i].offset, sizeof function);
        if (!function)
            problem(all, "%s: the function %s is missing", id, needs[i].name);
    }
    if (!strcmp(c->kind, HONE_KIND_REGULARIZER) && zero_past(c->iface, size < known ? size : known, 8))
        problem(all, "%s: has no hook", id);
    if (!strcmp(c->kind, HONE_KIND_REPORTER))
        verify_reporter(all, id, c->iface, size);
    if (!strcmp(c->kind, HONE_KIND_OPTIMIZER) && size >= sizeof(hone_optimizer_v1)) {
        const hone_optimizer_v1 *o = (const hone_optimizer_v1 *)c->iface;
        if (o->n_states > HONE_MAX_STATES)
            problem(all, "%s: declares %u states; at most %d", id, o->n_states, HONE_MAX_STATES);
        for (uint32_t i = 0; i < o->n_states && i < HONE_MAX_STATES; i++)
            if (!string_at(o->state_names, 0) || !is_name(o->state_names[i]))
                problem(all, "%s: state %u has no name ([a-z][a-z0-9_]*)", id, i);
    }
}

static void verify_place(struct problems *all, const char *id, const hone_component *c)
{
    const hone_place *place = c->get_ext ? (const hone_place *)c->get_ext(HONE_EXT_PLACE) : NULL;
    if (!place)
        return;
    if (place->size < sizeof *place) {
        problem(all, "%s: its place has size %u; this header knows %zu", id, place->size, sizeof *place);
        return;
    }
    verify_words(all, id, "place's provides", place->provides);
    verify_words(all, id, "place's conflicts", place->conflicts);
}

static void verify_proposes(struct problems *all, const char *id, const hone_component *c)
{
    const hone_search_v1 *search = c->get_ext ? (const hone_search_v1 *)c->get_ext(HONE_KIND_SEARCH) : NULL;
    if (strcmp(c->kind, HONE_KIND_SCHEDULER) != 0)
        problem(all, "%s: HONE_C_PROPOSES is for schedulers", id);
    else if (!search || search->size < sizeof *search || !search->open || !search->ask || !search->tell)
        problem(all, "%s: HONE_C_PROPOSES, but get_ext(\"%s\") is not a whole hone_search_v1", id, HONE_KIND_SEARCH);
}

static void verify_component(struct problems *all, const hone_component *c, uint32_t size, uint32_t i)
{
    const uint32_t known = HONE_C_DETERMINISTIC | HONE_C_STATEFUL | HONE_C_DEFAULT | HONE_C_REUSABLE | HONE_C_COMPOSES |
                           HONE_C_PROPOSES;
    char id[160];
    if (!is_kind(c->kind) || !is_name(c->name)) {
        problem(all, "component %u: kind \"%s\" is not like search/1, or name \"%s\" is not [a-z][a-z0-9_]*", i,
                c->kind ? c->kind : "", c->name ? c->name : "");
        return;
    }
    component_id(c, id, sizeof id);
    (void)size;
    if (!c->summary || !*c->summary || strchr(c->summary, '\n'))
        problem(all, "%s: summary is not one line", id);
    if (c->flags & ~known)
        problem(all, "%s: unknown flags %x", id, c->flags & ~known);
    if (c->reserved)
        problem(all, "%s: the reserved field is not 0", id);
    if (!c->create || !c->destroy)
        problem(all, "%s: the function %s is missing", id, c->create ? "destroy" : "create");
    if (c->flags & HONE_C_STATEFUL ? !c->save || !c->load : c->save || c->load)
        problem(all, "%s: HONE_C_STATEFUL and the functions save and load do not go together", id);
    if (c->flags & HONE_C_PROPOSES)
        verify_proposes(all, id, c);
    verify_params(all, id, c);
    verify_iface(all, id, c);
    verify_place(all, id, c);
}

unsigned descriptor_verify(const hone_module *module, char *text, size_t n)
{
    struct problems all = { text, n, 0, 0 };
    hone_component copy, other;
    text[0] = '\0';
    if (!is_id(module->id))
        problem(&all, "the id \"%s\" is not a reverse domain name", module->id ? module->id : "");
    if (!is_version(module->version))
        problem(&all, "the version \"%s\" is not like 1.2.3", module->version ? module->version : "");
    if (!module->license || !*module->license)
        problem(&all, "no license (an SPDX expression)");
    if (!module->author || !module->url)
        problem(&all, "author or url is NULL (\"\" where there is none)");
    if (!zero_past(module, module->size, sizeof *module))
        problem(&all, "the module struct uses fields of a later ABI");
    for (uint32_t i = 0; i < module->n_components; i++) {
        const hone_component *c = module_component(module, i, &copy);
        if (!c) {
            problem(&all, "component %u is NULL or too small", i);
            continue;
        }
        if (!zero_past(module->components[i], c->size, sizeof *c))
            problem(&all, "component %u uses fields of a later ABI", i);
        verify_component(&all, &copy, c->size, i);
        for (uint32_t k = 0; k < i; k++)
            if (module_component(module, k, &other) && copy.kind && copy.name && other.kind && other.name &&
                !strcmp(copy.kind, other.kind) && !strcmp(copy.name, other.name))
                problem(&all, "%s %s is there twice", copy.kind, copy.name);
    }
    return all.count;
}

/* ---- FNV-1a over everything that the descriptor says ---- */
static void mix(uint64_t *hash, const void *data, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *hash = (*hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
}

static void mix_text(uint64_t *hash, const char *text)
{
    mix(hash, text ? text : "\1", text ? strlen(text) + 1 : 2);
}

uint64_t descriptor_fingerprint(const hone_module *module)
{
    uint64_t hash = 14695981039346656037u;
    hone_component copy;
    mix(&hash, &module->abi_major, 4);
    mix_text(&hash, module->id);
    mix_text(&hash, module->version);
    mix_text(&hash, module->license);
    mix_text(&hash, module->author);
    mix_text(&hash, module->url);
    for (uint32_t i = 0; i < module->n_components; i++) {
        const hone_component *c = module_component(module, i, &copy);
        if (!c)
            continue;
        mix(&hash, &c->size, 8);
        mix_text(&hash, c->kind);
        mix_text(&hash, c->name);
        mix_text(&hash, c->summary);
        mix_text(&hash, c->doc);
        mix(&hash, &c->n_params, 12);
        for (uint32_t k = 0; c->params && c->param_size >= sizeof(hone_param) && k < c->n_params; k++) {
            const hone_param *p = hone_param_at(c->params, c->param_size, k);
            mix(&hash, p, 16);
            mix(&hash, &p->min, 16);
            mix_text(&hash, p->key);
            mix_text(&hash, p->def);
            mix_text(&hash, p->active_if);
            mix_text(&hash, p->unit);
            mix_text(&hash, p->doc);
            for (uint32_t j = 0; string_at(p->choices, j); j++)
                mix_text(&hash, p->choices[j]);
        }
    }
    return hash;
}
