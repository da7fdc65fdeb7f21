/* SPDX-License-Identifier: MIT */
/* --set KEY=VALUE of commands whose only component is named on the command line. */
#include "cli/chosen.h"

#include "base/file.h"
#include "cli/stored.h"

#include <stdlib.h>
#include <string.h>

static const hone_param *find_param(const struct catalog_component *entry, const char *key)
{
    for (uint32_t i = 0; i < entry->n_params; i++)
        if (!strcmp(entry->params[i].key, key))
            return &entry->params[i];
    return NULL;
}

static char *keep(hone_settings_memory *memory, const char *text, size_t n)
{
    char *copy = hone_settings_allocate(memory, n + 1);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

/* "key=value" as a setting; paths are made absolute, as everywhere. 0, or the exit code. */
static int take(const struct cli *cli, const struct catalog_component *entry, const char *assignment,
                hone_settings_memory *memory, struct setting_text *setting)
{
    const size_t length = strcspn(assignment, "=");
    const char *value = assignment + length + 1;
    if (!assignment[length])
        return cli_usage_error(cli, "--set %s: write KEY=VALUE", assignment);
    const char *key = keep(memory, assignment, length);
    if (!key)
        return cli_fail(EXIT_FAILED, "out of memory");
    const hone_param *param = find_param(entry, key);
    if (!param)
        return cli_usage_error(cli, "--set %s: %s has no key '%s' (hone info %s lists them)", assignment, entry->name,
                               key, entry->name);
    char *absolute = param->type == HONE_T_PATH && *value ? path_absolute(NULL, value) : NULL;
    if (absolute)
        value = keep(memory, absolute, strlen(absolute));
    free(absolute);
    *setting = (struct setting_text){ key, value };
    return value ? 0 : cli_fail(EXIT_FAILED, "out of memory");
}

int chosen_create(struct component *component, struct catalog *catalog, const struct catalog_component *entry,
                  const struct cli *cli, const struct setting_text *first, size_t n_first, uint64_t seed)
{
    hone_settings_memory memory = { 0 };
    hone_error err = HONE_ERROR_INIT;
    const char *assignment;
    size_t n = n_first, position = 0;
    int code = 0;
    struct setting_text *settings = calloc(n_first + cli->n_values + 1, sizeof *settings);
    if (!settings)
        return cli_fail(EXIT_FAILED, "out of memory");
    if (n_first)
        memcpy(settings, first, n_first * sizeof *settings);
    while (code == 0 && (assignment = cli_next(cli, "set", &position)))
        code = take(cli, entry, assignment, &memory, &settings[n++]);
    if (code == 0 &&
        component_create(component, catalog, entry, &stored_host, entry->kind, settings, n, seed, &err) != HONE_OK)
        code = cli_fail(err.param[0] ? EXIT_USAGE : EXIT_FAILED, "%s%s%s", err.param, err.param[0] ? ": " : "",
                        err.msg);
    hone_settings_release(&memory);
    free(settings);
    return code;
}
