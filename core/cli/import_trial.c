/* SPDX-License-Identifier: MIT */
#include "cli/import.h"

#include "base/suggest.h"
#include "config/config.h"
#include "hone/param.h"
#include "hone/settings.h"

#include <math.h>
#include <string.h>

const char *translation_key(const struct translation *t, const char *name)
{
    const size_t n = strlen(name);
    const char *option;
    for (size_t position = 0; (option = cli_next(t->cli, "ignore", &position));)
        if (!strcmp(option, name))
            return NULL;
    for (size_t position = 0; (option = cli_next(t->cli, "map", &position));)
        if (!strncmp(option, name, n) && option[n] == '=')
            return option + n + 1;
    return name;
}

/* ---- the spaces ---- */

static int is_number(const char *text, double *value)
{
    return hone_parse_real(text, NULL, value);
}

static int are_numbers(const char *const *choices, size_t n)
{
    double ignored;
    for (size_t i = 0; i < n; i++)
        if (!is_number(choices[i], &ignored))
            return 0;
    return 1;
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = { "?", "real", "int", "choice", "ordinal" };
    return type < sizeof names / sizeof *names ? names[type] : names[0];
}

/* What cannot be: numbers for words, fractions for whole numbers. */
static int can_be(const struct space_line *theirs, const hone_dim *ours)
{
    const int words = ours->choices && !are_numbers(ours->choices, ours->n_choices);
    if (theirs->choices)
        return words || are_numbers((const char *const *)theirs->choices, theirs->n_choices);
    return !words && !(theirs->type == HONE_DIM_REAL && ours->type == HONE_DIM_INT);
}

int translation_check_space(const struct translation *t, struct text *notes)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config config = CONFIG_INIT;
    struct space_lines lines = { 0 };
    int n = 0;
    config_read_text(&config, t->from->name, "", t->from->config, strlen(t->from->config), &complaints);
    space_lines_parse(&lines, &config, &complaints); /* what it cannot read, the trials will tell */
    for (size_t i = 0; i < lines.n_lines; i++) {
        const struct space_line *theirs = &lines.lines[i];
        const char *key = translation_key(t, theirs->key);
        const uint32_t k = key ? space_find(t->space, key) : UINT32_MAX;
        if (k == UINT32_MAX)
            continue;
        const hone_dim *ours = t->space->view.dims[k];
        if (!can_be(theirs, ours)) {
            fprintf(stderr, "hone: parameter '%s' is %s in study '%s', and '%s' is %s in [space]\n", theirs->key,
                    type_name(theirs->type), t->from->name, ours->key, type_name(ours->type));
            n++;
        } else if (!theirs->choices && !ours->choices &&
                   (theirs->flags & HONE_DIM_LOG) != (ours->flags & HONE_DIM_LOG)) {
            text_addf(notes, "note       %s: drawn on a %s scale there, %s here\n", ours->key,
                      theirs->flags & HONE_DIM_LOG ? "log" : "linear",
                      ours->flags & HONE_DIM_LOG ? "on a log one" : "on a linear one");
        }
    }
    space_lines_release(&lines);
    config_release(&config);
    complaints_release(&complaints);
    return n;
}

/* ---- a trial ---- */

static hone_rc parse_choice(const hone_dim *d, const char *text, double *v, hone_error *err)
{
    double number = 0, choice = 0;
    const int numeric = is_number(text, &number);
    for (uint32_t i = 0; i < d->n_choices; i++)
        if (!strcmp(d->choices[i], text) ||
            (numeric && is_number(d->choices[i], &choice) && !(choice < number) && !(choice > number))) {
            *v = i;
            return HONE_OK;
        }
    return hone_fail(err, HONE_ERANGE, d->key, "%.60s = %.60s is none of its choices", d->key, text);
}

static hone_rc parse_value(const hone_dim *d, const hone_parameter_record *p, double *v, hone_error *err)
{
    if (d->choices)
        return parse_choice(d, p->text, v, err);
    if (!is_number(p->text, v))
        return hone_fail(err, HONE_ERANGE, d->key, "%.60s = %.60s is not a number", d->key, p->text);
    const double snapped = hone_dim_snap(d, *v);
    if (d->type == HONE_DIM_INT && floor(*v) < *v)
        return hone_fail(err, HONE_ERANGE, d->key, "%.60s = %.60s is not a whole number", d->key, p->text);
    if (*v >= d->min && *v <= d->max && fabs(snapped - *v) <= 1e-9 * (1 + fabs(snapped)))
        *v = snapped;
    return HONE_OK;
}

static hone_rc unknown_key(const struct translation *t, const char *name, const char *key, hone_error *err)
{
    struct suggestion s;
    suggestion_start(&s, key);
    for (uint32_t i = 0; i < t->space->view.n_dims; i++)
        suggestion_offer(&s, t->space->view.dims[i]->key);
    return hone_fail(
        err, HONE_EINVAL, key,
        "parameter '%.60s' is no key of [space]%s%.60s%s: --map %.40s=KEY says which it is, --ignore %.40s leaves "
        "it out",
        key, s.best ? "; did you mean '" : "", s.best ? s.best : "", s.best ? "'?" : "", name, name);
}

static hone_rc read_point(const struct translation *t, const hone_trial_record *r, hone_error *err)
{
    const hone_space *space = &t->space->view;
    hone_rc rc = HONE_OK;
    for (uint32_t i = 0; i < space->n_dims; i++)
        t->x[i] = (double)NAN;
    for (uint32_t i = 0; i < r->n_parameters && rc == HONE_OK; i++) {
        const char *name = r->parameters[i].key, *key = translation_key(t, name);
        const uint32_t k = key ? space_find(t->space, key) : UINT32_MAX;
        if (key && k == UINT32_MAX)
            return unknown_key(t, name, key, err);
        if (key)
            rc = parse_value(space->dims[k], &r->parameters[i], &t->x[k], err);
    }
    for (uint32_t i = 0; i < space->n_dims && rc == HONE_OK; i++) {
        if (!hone_space_active(space, t->x, i))
            t->x[i] = (double)NAN; /* it has no effect here, whatever it was */
        else if (isnan(t->x[i]))
            rc = hone_fail(err, HONE_ERANGE, space->dims[i]->key, "it says nothing of %.100s", space->dims[i]->key);
    }
    if (rc == HONE_OK && (rc = space_check_point(t->space, t->x, err)) != HONE_OK)
        err->code = rc = HONE_ERANGE;
    return rc;
}

hone_rc translation_trial(const struct translation *t, const hone_trial_record *r, struct text *lines, hone_error *err)
{
    char text[32];
    hone_rc rc = read_point(t, r, err);
    for (uint32_t i = 0; i < t->space->view.n_dims && rc == HONE_OK; i++)
        if (!isnan(t->x[i]))
            text_addf(lines, "point %s=%s\n", t->space->view.dims[i]->key,
                      space_value_text(t->space, i, t->x[i], text, sizeof text));
    for (uint32_t i = 0; i < r->n_values && rc == HONE_OK; i++) {
        if (!isfinite(r->values[i]))
            return hone_fail(err, HONE_ERANGE, NULL, "its %.100s is not finite", t->objectives[i]);
        number_format(r->values[i], text, sizeof text);
        text_addf(lines, "value %s=%s\n", t->objectives[i], text);
    }
    for (uint32_t i = 0; i < r->n_metrics && rc == HONE_OK; i++) {
        const char *name = r->metrics[i].name;
        int is_objective = 0;
        for (uint32_t k = 0; k < t->from->n_objectives; k++)
            is_objective |= !strcmp(name, t->objectives[k]) || !strcmp(name, t->from->objectives[k].name);
        if (is_objective || !isfinite(r->metrics[i].value) || name[strcspn(name, "= ,\t\n")])
            continue;
        number_format(r->metrics[i].value, text, sizeof text);
        text_addf(lines, "value %s=%s\n", name, text);
    }
    return rc == HONE_OK && lines->failed ? HONE_ENOMEM : rc;
}
