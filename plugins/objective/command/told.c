/* SPDX-License-Identifier: MIT */
/* objective/command: what a program is told of its trial. */
#include "told.h"

#include "hone/param.h"

#include <stddef.h>
#include <string.h>

extern char **environ;

static const char *const OWN_KEYS[] = { "trial", "attempt", "seed", "study_seed", "directory" };

int told_is_own_key(const char *key)
{
    for (uint32_t i = 0; i < HONE_COUNT(OWN_KEYS); i++)
        if (!strcmp(key, OWN_KEYS[i]))
            return 1;
    return 0;
}

struct lookup {
    const hone_trial *trial;
    char number[32];
};

static const char *value_of(void *ctx, const char *key, const char *fallback, hone_error *err)
{
    struct lookup *l = (struct lookup *)ctx;
    const hone_trial *t = l->trial;
    char known[160] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < t->n_settings; i++)
        if (!strcmp(t->settings[i].key, key))
            return t->settings[i].text;
    if (!strcmp(key, "directory"))
        return t->directory ? t->directory : "";
    if (told_is_own_key(key)) {
        const uint64_t v = !strcmp(key, "trial")     ? t->number
                           : !strcmp(key, "attempt") ? t->attempt
                           : !strcmp(key, "seed")    ? t->seed
                                                     : t->study_seed;
        snprintf(l->number, sizeof l->number, "%llu", (unsigned long long)v);
        return l->number;
    }
    if (fallback)
        return fallback;
    for (uint32_t i = 0; i < t->n_settings && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", t->settings[i].key);
    hone_fail(err, HONE_EINVAL, "run",
              "{%.60s} in run is no active parameter of this trial (%.100s): write {%.30s|text} for what stands in "
              "its place",
              key, *known ? known : "it has none", key);
    return NULL;
}

hone_rc told_arguments(const struct words *templates, int shell, const hone_trial *trial, struct words *argv,
                       hone_error *err)
{
    struct lookup lookup = { trial, "" };
    struct text text = { NULL, 0, 0 };
    hone_rc rc = HONE_OK;
    if (shell && ((rc = words_add(argv, "/bin/sh", 7, err)) < 0 || (rc = words_add(argv, "-c", 2, err)) < 0))
        return rc;
    for (size_t i = 0; i < templates->n && rc == HONE_OK; i++) {
        text.n = 0;
        if ((rc = template_expand(&text, templates->word[i], shell, value_of, &lookup, err)) == HONE_OK)
            rc = words_add(argv, text.bytes, text.n, err);
    }
    text_release(&text);
    return rc;
}

static hone_rc add_variable(struct words *environment, const char *name, const char *value, hone_error *err)
{
    struct text text = { NULL, 0, 0 };
    hone_rc rc;
    if ((rc = text_add(&text, name, strlen(name), err)) == HONE_OK && (rc = text_add(&text, "=", 1, err)) == HONE_OK &&
        (rc = text_add(&text, value, strlen(value), err)) == HONE_OK)
        rc = words_add(environment, text.bytes, text.n, err);
    text_release(&text);
    return rc;
}

static hone_rc add_number(struct words *environment, const char *name, uint64_t value, hone_error *err)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)value);
    return add_variable(environment, name, number, err);
}

/* HONE_PARAM_OPTIMIZER_LEARNING_RATE from "optimizer.learning_rate" */
static hone_rc add_setting(struct words *environment, const hone_setting *setting, hone_error *err)
{
    char name[256];
    size_t n;
    snprintf(name, sizeof name, "HONE_PARAM_%s", setting->key);
    for (char *c = name; *c; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ? *c : '_');
    n = strlen(name);
    for (size_t i = 0; i < environment->n; i++)
        if (!strncmp(environment->word[i], name, n) && environment->word[i][n] == '=')
            return hone_fail(err, HONE_EINVAL, setting->key,
                             "%.80s and another key are both %.80s in the environment: rename one", setting->key, name);
    return add_variable(environment, name, setting->text, err);
}

hone_rc told_environment(const hone_trial *trial, const char *checkpoints, struct words *environment, hone_error *err)
{
    static const char *const ours[] = { "HONE_PARAM_",       "HONE_TRIAL=",     "HONE_ATTEMPT=",     "HONE_SEED=",
                                        "HONE_STUDY_SEED=",  "HONE_DIRECTORY=", "HONE_UNTIL=",       "HONE_FINAL=",
                                        "HONE_CHECKPOINTS=", "HONE_RESTORE=",   "HONE_RESTORE_STEP=" };
    const char *restore = trial->size > offsetof(hone_trial, restore_step) ? trial->restore_path : NULL;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < trial->n_settings && rc == HONE_OK; i++)
        rc = add_setting(environment, trial->settings + i, err);
    if (rc < 0 || (rc = add_number(environment, "HONE_TRIAL", trial->number, err)) < 0 ||
        (rc = add_number(environment, "HONE_ATTEMPT", trial->attempt, err)) < 0 ||
        (rc = add_number(environment, "HONE_SEED", trial->seed, err)) < 0 ||
        (rc = add_number(environment, "HONE_STUDY_SEED", trial->study_seed, err)) < 0 ||
        (rc = add_number(environment, "HONE_UNTIL", trial->until > 0 ? (uint64_t)trial->until : 0, err)) < 0 ||
        (rc = add_number(environment, "HONE_FINAL", trial->flags & HONE_TRIAL_FINAL, err)) < 0 ||
        (trial->directory && (rc = add_variable(environment, "HONE_DIRECTORY", trial->directory, err)) < 0) ||
        (checkpoints && (rc = add_variable(environment, "HONE_CHECKPOINTS", checkpoints, err)) < 0) ||
        (restore && ((rc = add_variable(environment, "HONE_RESTORE", restore, err)) < 0 ||
                     (rc = add_number(environment, "HONE_RESTORE_STEP", (uint64_t)trial->restore_step, err)) < 0)))
        return rc;
    for (char **e = environ; *e && rc == HONE_OK; e++) {
        uint32_t is_ours = 0;
        for (uint32_t i = 0; i < HONE_COUNT(ours); i++)
            is_ours |= strncmp(*e, ours[i], strlen(ours[i])) ? 0u : 1u;
        if (!is_ours)
            rc = words_add(environment, *e, strlen(*e), err);
    }
    return rc;
}
