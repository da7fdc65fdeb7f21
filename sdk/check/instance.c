/* SPDX-License-Identifier: MIT */
/* Settings for a component and instances made with them. Values are drawn as text and parsed with hone/settings.h, the way
 * a host reads an INI file. */
#include "check.h"

static char *copy_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = (char *)malloc(n);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}

/* The text that --set gives to the key, or NULL. "key=value" is for every component, "name.key=value" for one. */
static const char *set_value(const struct check *c, const char *key)
{
    const char *found = NULL;
    for (size_t i = 0; i < c->options->n_sets; i++) {
        const char *text = c->options->sets[i], *equal = strchr(text, '='), *dot = equal;
        while (dot > text && *dot != '.')
            dot--;
        if (*dot == '.') {
            const size_t name = (size_t)(dot - text);
            if (strlen(c->component->name) != name || strncmp(c->component->name, text, name) != 0)
                continue;
            text = dot + 1;
        }
        if (strlen(key) == (size_t)(equal - text) && !strncmp(key, text, (size_t)(equal - text)))
            found = equal + 1;
    }
    return found;
}

/* A range without ends gets some: near the default, or near 0. */
static void bounds(const hone_param *p, double *low, double *high)
{
    double centre = 1;
    if (p->def && (p->type == HONE_T_INT || p->type == HONE_T_REAL))
        hone_parse_real(p->def, p->unit, &centre);
    if (!isfinite(centre) || fabs(centre) < 1)
        centre = 1;
    *low = isfinite(p->min) ? p->min : (isfinite(p->max) && p->max < 0 ? p->max * 10 : -10 * fabs(centre));
    *high = isfinite(p->max) ? p->max : fmax(*low + 1, 10 * fabs(centre));
    if (*low > *high)
        *low = *high - 1;
}

/* Position u in [0, 1] of the range; the ends themselves where they are allowed. */
static void number_text(const hone_param *p, double u, int sensible, char *text, size_t n)
{
    const int whole = p->type == HONE_T_INT || p->type == HONE_T_INTS;
    double low, high, v;
    bounds(p, &low, &high);
    if (whole) {
        low = ceil(low) + (p->flags & HONE_P_LO_OPEN && ceil(low) == p->min);
        high = floor(high) - (p->flags & HONE_P_HI_OPEN && floor(high) == p->max);
    }
    if ((p->flags & HONE_P_LOG || high - low > 1e4 || sensible) && high > 0 && low >= 0) {
        const double from = low > 0 ? low : whole ? 0.5 : high * 1e-6;
        v = u <= 0 ? low : exp(log(from) + u * (log(high) - log(from)));
    } else {
        v = low + u * (high - low);
    }
    v = u >= 1 || v > high ? high : v < low ? low : v;
    if (whole) {
        snprintf(text, n, "%.0f", floor(v + 0.5) < low ? low : floor(v + 0.5) > high ? high : floor(v + 0.5));
        return;
    }
    if (p->flags & HONE_P_LO_OPEN && v <= p->min)
        v = nextafter(p->min, HUGE_VAL);
    if (p->flags & HONE_P_HI_OPEN && v >= p->max)
        v = nextafter(p->max, -HUGE_VAL);
    snprintf(text, n, "%.17g", v);
}

/* A value for the parameter, or NULL: none to be had. */
static char *draw(struct check *c, const hone_param *p, int how)
{
    char text[512] = "", one[64];
    double u = how == SETTINGS_MINIMUM   ? 0
               : how == SETTINGS_MAXIMUM ? 1
               : how == SETTINGS_RANDOM  ? hone_rng_uniform(&c->rng)
                                         : 0.5;
    uint32_t n = 0, k = 1;
    switch (p->type) {
    case HONE_T_BOOL: return copy_text(u > 0.5 ? "yes" : "no");
    case HONE_T_INT:
    case HONE_T_REAL: number_text(p, u, how == SETTINGS_DEFAULT, text, sizeof text); return copy_text(text);
    case HONE_T_ENUM:
        while (p->choices[n])
            n++;
        k = how == SETTINGS_DEFAULT ? 0 : (uint32_t)(u * n);
        return copy_text(p->choices[k < n ? k : n - 1]);
    case HONE_T_INTS:
    case HONE_T_REALS:
        k = how == SETTINGS_RANDOM ? 1 + (uint32_t)hone_rng_below(&c->rng, 3) : 1;
        for (uint32_t i = 0; i < k; i++) {
            number_text(p, how == SETTINGS_RANDOM ? hone_rng_uniform(&c->rng) : u, how == SETTINGS_DEFAULT, one,
                        sizeof one);
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? ", " : "", one);
        }
        return copy_text(text);
    case HONE_T_PATH: return copy_text(p->def ? p->def : "/nonexistent/hone-plugin-check");
    case HONE_T_STR:
    case HONE_T_STRS: return copy_text(p->def ? p->def : "a");
    default: return NULL;
    }
}

int settings_choose(struct check *c, struct instance *in, int how)
{
    memset(in, 0, sizeof *in);
    in->c = c;
    in->component = c->component;
    in->texts = (char **)calloc(c->component->n_params + 1, sizeof *in->texts);
    if (!in->texts)
        return check_fail(c, "out of memory");
    for (uint32_t i = 0; i < c->component->n_params; i++) {
        const hone_param *p = hone_param_at(c->component->params, c->component->param_size, i);
        const char *set = set_value(c, p->key);
        in->texts[i] = set ? copy_text(set) : how == SETTINGS_DEFAULT && p->def ? copy_text(p->def) : draw(c, p, how);
        if (!in->texts[i])
            return check_fail(c, "no value for %s", p->key);
    }
    return 0;
}

void settings_describe(const struct instance *in, char *text, size_t n)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < in->component->n_params && used + 1 < n; i++) {
        const hone_param *p = hone_param_at(in->component->params, in->component->param_size, i);
        if (!p->def || strcmp(p->def, in->texts[i]) != 0)
            used += (size_t)snprintf(text + used, n - used, "%s%s = %.60s", used ? ", " : "", p->key, in->texts[i]);
    }
    if (!used)
        snprintf(text, n, "the defaults");
}

int instance_try(struct check *c, struct instance *in, uint64_t seed, hone_rc *rc)
{
    const hone_error empty = HONE_ERROR_INIT;
    in->config = calloc(1, in->component->config_size ? in->component->config_size : 1);
    if (!in->config)
        return check_fail(c, "out of memory");
    in->err = empty;
    for (uint32_t i = 0; i < in->component->n_params; i++) {
        const hone_param *p = hone_param_at(in->component->params, in->component->param_size, i);
        if (hone_settings_parse(p, in->texts[i], in->config, &in->memory, &in->err) < 0)
            return check_fail(c, "cannot read a value that its table allows: %s", in->err.msg);
    }
    in->info.size = sizeof in->info;
    in->info.config = in->config;
    in->info.instance = c->id;
    in->info.seed = seed;
    CALL(c, "create", *rc = in->component->create(&c->host, &in->info, &in->self, &in->err));
    TRY(check_error(c, "create", *rc, &in->err));
    if (*rc < 0 && in->self)
        return check_fail(c, "create failed but set *self");
    if (*rc > 0)
        return check_fail(c, "create answered %d: only HONE_OK or a failure has a meaning", *rc);
    return 0;
}

int instance_create(struct check *c, struct instance *in, uint64_t seed)
{
    hone_rc rc = HONE_OK;
    char text[256];
    TRY(settings_choose(c, in, SETTINGS_DEFAULT));
    TRY(instance_try(c, in, seed, &rc));
    if (rc == HONE_OK)
        return 0;
    settings_describe(in, text, sizeof text);
    for (uint32_t i = 0; i < in->component->n_params; i++)
        if (!hone_param_at(in->component->params, in->component->param_size, i)->def && !c->options->n_sets)
            return check_skip(c, "create wants real settings (--set key=value): %s", in->err.msg);
    return check_fail(c, "create refuses %s: %s", text, in->err.msg);
}

int instance_destroy(struct instance *in)
{
    struct check *c = in->c;
    if (in->self)
        CALL(c, "destroy", in->component->destroy(in->self));
    in->self = NULL;
    for (uint32_t i = 0; in->texts && i < in->component->n_params; i++)
        free(in->texts[i]);
    free(in->texts);
    in->texts = NULL;
    free(in->config);
    in->config = NULL;
    hone_settings_release(&in->memory);
    bytes_release(&in->answers);
    free(in->drive);
    in->drive = NULL;
    return 0;
}

int check_iface(struct check *c, void *iface, size_t size)
{
    uint32_t theirs;
    memset(iface, 0, size);
    if (!c->component->iface)
        return check_fail(c, "iface is NULL");
    memcpy(&theirs, c->component->iface, sizeof theirs);
    memcpy(iface, c->component->iface, theirs < size ? theirs : size);
    return 0;
}
