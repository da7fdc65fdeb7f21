/* SPDX-License-Identifier: MIT */
/* Filling the library: what both readers share of Optuna's notions. */
#include "library.h"

#include <time.h>

void library_fail(struct library *l, const char *format, ...)
{
    char message[220];
    va_list args;
    if (l->failed)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    const char *slash = strrchr(l->path, '/');
    hone_fail(l->err, HONE_EIO, NULL, "%.60s: %.180s", slash ? slash + 1 : l->path, message);
    l->failed = 1;
}

void library_foreign(struct library *l, const char *what)
{
    l->foreign |= !l->failed;
    library_fail(l, "it is no %s of Optuna's", what);
}

void *library_allocate(struct library *l, size_t bytes)
{
    void *block = l->failed ? NULL : hone_settings_allocate(&l->memory, bytes);
    if (!block)
        library_fail(l, "out of memory");
    return block;
}

const char *library_text(struct library *l, const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = library_allocate(l, n);
    return copy ? memcpy(copy, text, n) : NULL;
}

/* Makes room for one more; the old block stays with the memory. NULL: out of memory. */
static void *grow(struct library *l, void *items, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return items;
    const size_t more = *capacity ? 2 * *capacity : 8;
    void *block = library_allocate(l, more * size);
    if (block && n)
        memcpy(block, items, n * size);
    if (block)
        *capacity = more;
    return block;
}

/* ---- numbers, times ---- */

/* NaN, Infinity and -Infinity outside of strings become strings: JSON has no such numbers. */
static char *quote_odd_numbers(const char *text, size_t n)
{
    static const char *const odd[] = { "NaN", "-Infinity", "Infinity" };
    char *out = malloc(2 * n + 1), *to = out; /* "NaN" grows from three bytes to five */
    int quoted = 0;
    for (size_t i = 0; out && i < n;) {
        size_t length = 1;
        int found = 0;
        for (int k = 0; k < 3 && !quoted && !found; k++) {
            const size_t wanted = strlen(odd[k]);
            if (n - i >= wanted && !memcmp(text + i, odd[k], wanted)) {
                found = 1;
                length = wanted;
            }
        }
        if (quoted && text[i] == '\\' && i + 1 < n)
            length = 2;
        else if (text[i] == '"')
            quoted = !quoted;
        if (found)
            *to++ = '"';
        memcpy(to, text + i, length);
        to += length;
        if (found)
            *to++ = '"';
        i += length;
    }
    if (out)
        *to = '\0';
    return out;
}

json_t *library_json(const char *text, size_t n)
{
    char *plain = quote_odd_numbers(text, n);
    json_t *value = plain ? json_loads(plain, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!value && plain) /* whole numbers beyond 2^63 */
        value = json_loads(plain, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    free(plain);
    return value;
}

double library_number(const json_t *value, int *is)
{
    const char *text = json_string_value(value);
    *is = 1;
    if (json_is_number(value))
        return json_number_value(value);
    if (text && !strcmp(text, "Infinity"))
        return HUGE_VAL;
    if (text && !strcmp(text, "-Infinity"))
        return -HUGE_VAL;
    *is = text && !strcmp(text, "NaN");
    return (double)NAN;
}

double library_time(const char *text)
{
    struct tm tm = { 0 };
    double fraction = 0;
    int at = 0, hours = 0, minutes = 0;
    char sign = 0;
    if (!text ||
        sscanf(text, "%4d-%2d-%2d%*1[ T]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec, &at) != 6 ||
        !at)
        return (double)NAN;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    if (text[at] == '.') { /* six digits; three in some files */
        double digit = 0.1;
        for (at++; text[at] >= '0' && text[at] <= '9'; at++, digit /= 10)
            fraction += digit * (text[at] - '0');
    }
    if ((text[at] == '+' || text[at] == '-') && sscanf(text + at, "%c%2d:%2d", &sign, &hours, &minutes) == 3)
        fraction -= (sign == '-' ? -60.0 : 60.0) * (60 * hours + minutes);
    return (double)timegm(&tm) + fraction;
}

/* ---- studies, trials ---- */

struct study *library_study(struct library *l, const char *name, const uint32_t *directions, size_t n)
{
    struct study *s = library_allocate(l, sizeof *s), **studies;
    hone_value *objectives = library_allocate(l, (n + 1) * sizeof *objectives);
    if (!s || !objectives || !(studies = grow(l, l->studies, l->n_studies, &l->capacity, sizeof *studies)))
        return NULL;
    for (size_t i = 0; i < n; i++) {
        char value[32];
        snprintf(value, sizeof value, n == 1 ? "value" : "value_%zu", i);
        objectives[i] = (hone_value){ library_text(l, value), 0, directions[i], 0 };
    }
    l->studies = studies;
    l->studies[l->n_studies++] = s;
    s->name = library_text(l, name);
    s->n_objectives = (uint32_t)n;
    s->objectives = objectives;
    if (!n)
        library_fail(l, "study '%s' has no direction: it was made by no Optuna", name);
    return s;
}

struct trial *library_trial(struct library *l, struct study *s, int64_t id)
{
    struct trial *t = library_allocate(l, sizeof *t), **trials;
    double *values = library_allocate(l, (s->n_objectives + 1) * sizeof *values);
    if (!t || !values || !(trials = grow(l, s->trials, s->n_trials, &s->trials_capacity, sizeof *trials)))
        return NULL;
    for (uint32_t i = 0; i < s->n_objectives; i++)
        values[i] = (double)NAN;
    s->trials = trials;
    s->trials[s->n_trials++] = t;
    t->study = s;
    t->id = id;
    t->values = values;
    return t;
}

void library_value(struct library *l, struct trial *t, int64_t objective, double value)
{
    if (objective < 0 || objective >= t->study->n_objectives)
        library_fail(l, "trial %lld has a value for objective %lld of %u", (long long)t->id, (long long)objective,
                     t->study->n_objectives);
    else
        t->values[objective] = value;
}

void library_report(struct library *l, struct trial *t, int64_t step, double value)
{
    struct reported *reports = grow(l, t->reports, t->n_reports, &t->reports_capacity, sizeof *reports);
    if (!reports)
        return;
    t->reports = reports;
    t->reports[t->n_reports++] = (struct reported){ step, value };
}

/* ---- distributions ---- */

static const char *choice_text(struct library *l, const json_t *choice)
{
    char text[40];
    if (json_is_string(choice))
        return library_text(l, json_string_value(choice));
    if (json_is_integer(choice))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(choice));
    else if (json_is_real(choice))
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, json_real_value(choice));
            if (!(fabs(strtod(text, NULL) - json_real_value(choice)) > 0))
                break;
        }
    else
        snprintf(text, sizeof text, "%s", json_is_true(choice) ? "yes" : json_is_false(choice) ? "no" : "none");
    return library_text(l, text);
}

static void read_choices(struct library *l, struct distribution *d, const json_t *attributes)
{
    const json_t *list = json_object_get(attributes, "choices");
    const char **choices = library_allocate(l, (json_array_size(list) + 1) * sizeof *choices);
    for (size_t i = 0; choices && i < json_array_size(list); i++)
        choices[i] = choice_text(l, json_array_get(list, i));
    d->kind = DISTRIBUTION_CATEGORICAL;
    d->n_choices = (uint32_t)json_array_size(list);
    d->choices = choices;
}

static void read_distribution(struct library *l, struct distribution *d, const json_t *root)
{
    const char *name = json_string_value(json_object_get(root, "name"));
    const json_t *attributes = json_object_get(root, "attributes");
    if (!name || !json_is_object(attributes)) {
        library_fail(l, "parameter '%s' has no distribution that can be read", d->name);
    } else if (!strcmp(name, "CategoricalDistribution")) {
        read_choices(l, d, attributes);
    } else if (!strcmp(name, "FloatDistribution") || !strcmp(name, "IntDistribution")) {
        int low, high;
        d->kind = *name == 'I' ? DISTRIBUTION_INT : DISTRIBUTION_FLOAT;
        d->low = library_number(json_object_get(attributes, "low"), &low);
        d->high = library_number(json_object_get(attributes, "high"), &high);
        d->step = json_number_value(json_object_get(attributes, "step"));
        d->log = json_is_true(json_object_get(attributes, "log"));
        if (!low || !high)
            library_fail(l, "the distribution of parameter '%s' has no bounds", d->name);
    } else {
        library_fail(l, "parameter '%s' is a %s, of an Optuna before 3.0: run `optuna storage upgrade` on it first",
                     d->name, name);
    }
}

/* One study has few of them: each is read once. */
static struct distribution *distribution_of(struct library *l, struct study *s, const char *name, const char *json)
{
    for (size_t i = 0; i < s->n_distributions; i++)
        if (!strcmp(s->distributions[i]->name, name) && !strcmp(s->distributions[i]->json, json))
            return s->distributions[i];
    struct distribution *d = library_allocate(l, sizeof *d), **list;
    if (!d || !(list = grow(l, s->distributions, s->n_distributions, &s->distributions_capacity, sizeof *list)))
        return NULL;
    d->name = library_text(l, name);
    d->json = library_text(l, json);
    json_t *root = library_json(json, strlen(json));
    if (d->name && d->json)
        read_distribution(l, d, root);
    json_decref(root);
    s->distributions = list;
    if (!l->failed)
        s->distributions[s->n_distributions++] = d;
    return l->failed ? NULL : d;
}

void library_parameter(struct library *l, struct trial *t, const char *name, double internal, const char *json)
{
    struct distribution *d = l->failed ? NULL : distribution_of(l, t->study, name, json);
    size_t capacity = t->parameters_capacity;
    hone_parameter_record *parameters = d ? grow(l, t->parameters, t->n_parameters, &capacity, sizeof *parameters)
                                          : NULL;
    char text[40];
    if (!parameters)
        return;
    t->parameters = parameters;
    t->parameters_capacity = (uint32_t)capacity;
    if (d->kind == DISTRIBUTION_CATEGORICAL && !(internal >= 0 && internal < d->n_choices)) {
        library_fail(l, "trial %lld: parameter '%s' is choice %g of %u", (long long)t->id, name, internal,
                     d->n_choices);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", d->kind == DISTRIBUTION_INT ? 17 : digits, internal);
        if (!(fabs(strtod(text, NULL) - internal) > 0))
            break;
    }
    d->n_trials++;
    t->parameters[t->n_parameters++] = (hone_parameter_record){
        d->name, d->kind == DISTRIBUTION_CATEGORICAL ? d->choices[(uint32_t)internal] : library_text(l, text), internal
    };
}

/* ---- attributes ---- */

void library_study_attribute(struct library *l, struct study *s, const char *key, const json_t *value)
{
    if (strcmp(key, "study:metric_names") != 0 || json_array_size(value) != s->n_objectives)
        return;
    for (uint32_t i = 0; i < s->n_objectives; i++) {
        const char *name = json_string_value(json_array_get(value, i));
        if (name && *name)
            s->objectives[i].name = library_text(l, name);
    }
}

void library_trial_attribute(struct library *l, struct trial *t, int system, const char *key, const json_t *value)
{
    int is = 0;
    const double number = library_number(value, &is);
    if (system && !strcmp(key, "constraints") && json_is_array(value)) {
        t->constraints = library_allocate(l, (json_array_size(value) + 1) * sizeof *t->constraints);
        t->n_constraints = t->constraints ? (uint32_t)json_array_size(value) : 0;
        for (uint32_t i = 0; i < t->n_constraints; i++)
            t->constraints[i] = library_number(json_array_get(value, i), &is);
    } else if (!system && is && json_is_number(value) && strncmp(key, "hone.", 5) != 0) {
        size_t capacity = t->metrics_capacity;
        hone_value *metrics = grow(l, t->metrics, t->n_metrics, &capacity, sizeof *metrics);
        if (!metrics)
            return;
        t->metrics = metrics;
        t->metrics_capacity = (uint32_t)capacity;
        t->metrics[t->n_metrics++] = (hone_value){ library_text(l, key), number, HONE_NO_DIRECTION, 0 };
    }
}

/* ---- the end ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct study *const *)a)->name, (*(struct study *const *)b)->name);
}

static int by_step(const void *a, const void *b)
{
    const struct reported *x = a, *y = b;
    return x->step < y->step ? -1 : x->step > y->step;
}

void library_settle(struct library *l)
{
    if (l->failed)
        return;
    if (l->n_studies)
        qsort(l->studies, l->n_studies, sizeof *l->studies, by_name);
    for (size_t i = 0; i < l->n_studies; i++) {
        struct study *s = l->studies[i];
        for (size_t k = 0; k < s->n_trials; k++) {
            const struct trial *t = s->trials[k];
            if (t->n_reports)
                qsort(t->reports, t->n_reports, sizeof *t->reports, by_step);
            for (uint32_t v = 0; v < s->n_objectives && t->state == HONE_STATE_COMPLETE; v++)
                if (isnan(t->values[v]))
                    library_fail(l, "trial %zu of study '%s' is complete and has no value", k, s->name);
            if (t->started > 0 && (!(s->created > 0) || t->started < s->created))
                s->created = t->started;
            s->updated = fmax(s->updated, fmax(t->started, t->ended));
        }
    }
}
