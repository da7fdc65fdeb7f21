/* SPDX-License-Identifier: MIT */
/* What stands for a placeholder of a usage line or of an option: files, studies, plugins, keys. */
#include "cli/complete.h"
#include "cli/man.h"
#include "cli/stored.h"
#include "plugin/kinds.h"

#include <ctype.h>
#include <string.h>

const char *complete_kind(const struct command *command)
{
    return man_part_kind(command->name);
}

int complete_catalog(struct completion *c)
{
    return c->catalog || cli_catalog(&c->cli, &c->catalog) == 0;
}

const hone_param *complete_param(const struct catalog_component *component, const char *key)
{
    for (uint32_t i = 0; component && i < component->n_params; i++)
        if (!strcmp(component->params[i].key, key))
            return &component->params[i];
    return NULL;
}

void complete_parameter(struct completion *c, const hone_param *param)
{
    if (!param)
        return;
    for (uint32_t i = 0; param->type == HONE_T_ENUM && param->choices && param->choices[i]; i++)
        offer(c, param->choices[i], NULL);
    if (param->type == HONE_T_BOOL)
        offer_words(c, "yes no");
    else if (param->type == HONE_T_PATH)
        c->files = "files";
    else if (param->type != HONE_T_ENUM && param->def && *param->def)
        offer(c, param->def, "the default");
}

/* ---- plugins ---- */

static void offer_kinds(struct completion *c)
{
    const struct kind *kind;
    for (size_t i = 0; (kind = kind_at(i)) != NULL; i++) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(kind->id, "/"), kind->id);
        offer(c, name, NULL);
    }
}

/* Of a kind that the command runs, or (NULL) of all. */
static void offer_plugins(struct completion *c, const char *kind, int with_kind)
{
    const struct catalog_component *const *all;
    if (!complete_catalog(c))
        return;
    const size_t n = catalog_components(c->catalog, &all);
    for (size_t i = 0; i < n; i++) {
        char word[160];
        if (kind && !man_is_part(all[i], c->cli.command->name))
            continue;
        snprintf(word, sizeof word, "%s%s%s", with_kind ? all[i]->kind : "", with_kind ? "/" : "", all[i]->name);
        offer(c, word, all[i]->summary);
    }
}

/* "KEY=" of the plugins that the command runs, then the key's values; of the one that was named, where one was.
 * with_name: "NAME.KEY=". */
static void offer_keys(struct completion *c, const char *kind, const char *named, int with_name)
{
    const struct catalog_component *const *all;
    const char *equal = strchr(c->typed, '=');
    if (!kind || !complete_catalog(c))
        return;
    const size_t n = catalog_components(c->catalog, &all), length = equal ? (size_t)(equal - c->typed) : 0;
    for (size_t i = 0; i < n; i++) {
        if (!man_is_part(all[i], c->cli.command->name) || (named && strcmp(named, all[i]->name) != 0))
            continue;
        for (uint32_t k = 0; k < all[i]->n_params; k++) {
            char key[160];
            snprintf(key, sizeof key, "%s%s%s", with_name ? all[i]->name : "", with_name ? "." : "",
                     all[i]->params[k].key);
            if (equal && strlen(key) == length && !memcmp(key, c->typed, length)) {
                c->typed = equal + 1;
                complete_parameter(c, &all[i]->params[k]);
                return;
            }
            strncat(key, "=", sizeof key - strlen(key) - 1);
            if (!equal)
                offer(c, key, all[i]->params[k].doc);
        }
    }
}

/* The choices of a key of the plugins that the command runs: `plot KIND`. */
static void offer_choices(struct completion *c, const char *key)
{
    const struct catalog_component *const *all;
    const size_t n = complete_catalog(c) ? catalog_components(c->catalog, &all) : 0;
    for (size_t i = 0; i < n; i++) {
        const hone_param *p = man_is_part(all[i], c->cli.command->name) ? complete_param(all[i], key) : NULL;
        if (p && p->type == HONE_T_ENUM)
            complete_parameter(c, p);
    }
}

/* ---- storages and what is in them ---- */

static void offer_storages(struct completion *c)
{
    const struct catalog_component *const *all;
    c->files = "files";
    if (!*c->typed || !complete_catalog(c))
        return;
    const size_t n = catalog_components(c->catalog, &all);
    for (size_t i = 0; i < n; i++) {
        char scheme[96];
        if (strcmp(all[i]->kind, "storage") != 0)
            continue;
        snprintf(scheme, sizeof scheme, "%s:", all[i]->name);
        if (!strncmp(c->typed, scheme, strlen(scheme)))
            c->typed += strlen(scheme);
        else
            offer(c, scheme, all[i]->summary);
    }
}

struct contents {
    struct completion *completion;
    const char *study; /* whose objectives are wanted; NULL: any */
    int objectives;
};

static hone_rc on_study(void *ctx, const hone_study_record *s)
{
    struct contents *contents = ctx;
    char counts[96];
    snprintf(counts, sizeof counts, "%llu trials, %llu complete", (unsigned long long)s->n_trials,
             (unsigned long long)s->n_complete);
    if (!contents->objectives)
        offer(contents->completion, s->name, counts);
    else if (!contents->study || !strcmp(contents->study, s->name))
        for (uint32_t i = 0; i < s->n_objectives; i++)
            offer(contents->completion, s->objectives[i].name, s->name);
    return HONE_OK;
}

/* The argument that is a storage, by the usage line: "KIND STUDY [options]"; NULL: not yet typed. */
static const char *storage_of(const struct cli *cli)
{
    int at = 0, found = 0;
    for (const char *usage = cli->command->usage; *usage; at++) {
        const size_t n = strcspn(usage, " ");
        if ((n == 5 && !strncmp(usage, "STUDY", n)) || (n == 7 && !strncmp(usage, "STORAGE", n)))
            found = at;
        usage += n + strspn(usage + n, " ");
    }
    return found < cli->n_arguments ? cli->arguments[found] : NULL;
}

/* Names of studies, or of their objectives, in that storage. */
static void offer_contents(struct completion *c, int objectives)
{
    struct contents contents = { c, cli_value(&c->cli, "study"), objectives };
    const hone_storage_visitor visitor = { &contents, on_study, NULL, NULL, NULL, NULL };
    struct stored stored;
    hone_error ignored = HONE_ERROR_INIT;
    const char *storage = storage_of(&c->cli);
    if (!storage)
        return;
    if (stored_open(&stored, &c->cli, storage) == 0)
        (void)stored.iface->studies(stored.storage.self, &visitor, &ignored);
    stored_release(&stored);
}

/* ---- placeholders ---- */

static const struct {
    const char *placeholder;
    enum { NOTHING, FILES, DIRECTORIES, STORAGES, KINDS, SETTINGS, KEYS, NAMED_KEYS, PLUGINS, OWN, PAGES } what;
} placeholders[] = {
    { "FILE", FILES },        { "FILE.so", FILES },
    { "STUDY.ini", FILES },   { "PATH", FILES },
    { "DIR", DIRECTORIES },   { "URL", STORAGES },
    { "STUDY", STORAGES },    { "STORAGE", STORAGES },
    { "KIND", KINDS },        { "SECTION.KEY=VALUE", SETTINGS },
    { "KEY=VALUE", KEYS },    { "NAME.KEY=VALUE", NAMED_KEYS },
    { "KIND/NAME", PLUGINS }, { "NAME", OWN },
    { "PAGE", PAGES },
};

static void complete_placeholder(struct completion *c, const char *placeholder)
{
    const char *kind = complete_kind(c->cli.command), *method = cli_value(&c->cli, "method");
    size_t i = 0;
    if (!method)
        method = cli_value(&c->cli, "use");
    const size_t n = sizeof placeholders / sizeof *placeholders;
    if (islower((unsigned char)*placeholder)) {
        offer(c, placeholder, NULL);
        return;
    }
    while (i < n && strcmp(placeholder, placeholders[i].placeholder) != 0)
        i++;
    if (!method && c->cli.command->raw && c->cli.n_arguments)
        method = c->cli.arguments[0];
    switch (i < n ? placeholders[i].what : NOTHING) {
    case FILES: c->files = "files"; break;
    case DIRECTORIES: c->files = "directories"; break;
    case STORAGES: offer_storages(c); break;
    case KINDS:
        if (kind)
            offer_choices(c, "kind");
        else
            offer_kinds(c);
        break;
    case SETTINGS: complete_setting(c); break;
    case KEYS: offer_keys(c, kind, method, 0); break;
    case NAMED_KEYS: offer_keys(c, kind, NULL, 1); break;
    case PLUGINS: offer_plugins(c, NULL, 1); break;
    case PAGES: man_offer_pages(c); break;
    case OWN:
        if (kind)
            offer_plugins(c, kind, 0);
        break;
    case NOTHING: break;
    }
}

void complete_value(struct completion *c, const struct option_row *option)
{
    if (option->choices)
        offer_words(c, option->choices);
    else if (!strcmp(option->name, "study"))
        offer_contents(c, 0);
    else if (!strcmp(option->name, "objective"))
        offer_contents(c, 1);
    else
        complete_placeholder(c, option->argument);
}

/* "FILE... [options]", "KIND/NAME | KIND | NAME | study [options]", "bash|zsh|fish": the placeholders of the argument at the
 * cursor. */
void complete_argument(struct completion *c)
{
    const char *usage = c->cli.command->usage;
    int at = 0, repeats = 0;
    char word[64];
    while (*usage) {
        usage += strspn(usage, " []");
        const size_t n = strcspn(usage, " []|");
        snprintf(word, sizeof word, "%.*s", (int)n, usage);
        usage += n;
        char *dots = strstr(word, "...");
        if (!strcmp(word, "options") || (!n && *usage != '|'))
            break;
        if (dots) {
            *dots = '\0';
            repeats = 1;
        }
        if (at == c->cli.n_arguments || repeats)
            complete_placeholder(c, word);
        usage += strspn(usage, " ");
        if (*usage == '|')
            usage += 1 + strspn(usage + 1, " ");
        else
            at++;
        if (at > c->cli.n_arguments || repeats)
            break;
    }
}
