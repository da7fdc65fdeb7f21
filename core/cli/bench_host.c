/* SPDX-License-Identifier: MIT */
/* The host of a benchmark: prints what it measures and makes the components that it asks for. */
#include "cli/bench_host.h"

#include "base/version.h"
#include "cli/session.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct bench_host *of_host(const hone_host *host)
{
    return (struct bench_host *)host->impl;
}

static struct bench_host *of_output(const hone_output *output)
{
    return (struct bench_host *)output->impl;
}

/* ---- rows ---- */

static hone_rc output_columns(const hone_output *output, const hone_output_column *columns, uint32_t n, hone_error *err)
{
    struct bench_host *b = of_output(output);
    struct column *titles;
    int failed;
    if (b->begun)
        return hone_fail(err, HONE_EINVAL, NULL, "the columns are given a second time");
    for (uint32_t i = 0; i < n; i++) {
        if (!columns[i].name || !*columns[i].name || columns[i].type > HONE_CELL_NUMBER)
            return hone_fail(err, HONE_EINVAL, NULL, "column %u has no name or an unknown type", i + 1);
        for (uint32_t k = 0; k < i; k++)
            if (!strcmp(columns[i].name, columns[k].name))
                return hone_fail(err, HONE_EINVAL, NULL, "the column %.60s is there twice", columns[i].name);
    }
    titles = calloc(n + 1, sizeof *titles);
    b->columns = calloc(n + 1, sizeof *b->columns);
    for (uint32_t i = 0; titles && b->columns && i < n; i++) {
        b->columns[i] = columns[i];
        titles[i] = (struct column){ columns[i].name,
                                     columns[i].type == HONE_CELL_NUMBER ? COLUMN_NUMBER : COLUMN_TEXT };
    }
    failed = !titles || !b->columns || output_open(&b->rows, b->format, titles, n) < 0;
    free(titles);
    if (failed)
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %u columns", n);
    b->n_columns = n;
    b->begun = 1;
    return HONE_OK;
}

/* For eyes as many digits as the column is worth, and all of those before the point; for programs all there are. */
static void number_text(const struct bench_host *b, const hone_output_column *column, double value, char *out, size_t n)
{
    if (b->format != OUTPUT_TEXT || !column->digits || !isfinite(value))
        number_format(value, out, n);
    else if (fabs(value) < 1e15 && fabs(value) >= pow(10, column->digits))
        snprintf(out, n, "%.0f", value);
    else
        snprintf(out, n, "%.*g", (int)column->digits, value);
}

static hone_rc output_put(const hone_output *output, const hone_cell *cells, uint32_t n, hone_error *err)
{
    enum { NUMBER_BYTES = 40 };
    struct bench_host *b = of_output(output);
    const char **texts;
    char(*numbers)[NUMBER_BYTES];
    hone_rc rc = HONE_OK;
    if (!b->begun || n != b->n_columns)
        return hone_fail(err, HONE_EINVAL, NULL, "a row of %u cells for %u columns", n, b->begun ? b->n_columns : 0);
    texts = calloc(n + 1, sizeof *texts);
    numbers = calloc(n + 1, sizeof *numbers);
    if (!texts || !numbers) {
        rc = hone_fail(err, HONE_ENOMEM, NULL, "out of memory for a row");
        goto out;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (b->columns[i].type == HONE_CELL_TEXT) {
            texts[i] = cells[i].text;
        } else if (!isnan(cells[i].number)) {
            number_text(b, &b->columns[i], cells[i].number, numbers[i], sizeof numbers[i]);
            texts[i] = numbers[i];
        }
    }
    if (output_row(&b->rows, texts) < 0)
        rc = hone_fail(err, HONE_EIO, NULL, "standard output: %s", strerror(errno));
    else if (b->format != OUTPUT_TEXT)
        fflush(stdout); /* a benchmark is slow: each row as it comes */
out:
    free(texts);
    free(numbers);
    return rc;
}

static void output_note(const hone_output *output, const char *text)
{
    (void)output;
    fprintf(stderr, "%s\n", text);
}

/* ---- components ---- */

static const char *instances_installed(const hone_host *host, const char *kind, uint32_t index)
{
    const struct catalog_component *const *all;
    const size_t n = catalog_components(of_host(host)->catalog, &all), length = strcspn(kind, "/");
    uint32_t seen = 0;
    for (size_t i = 0; i < n; i++)
        if (strlen(all[i]->kind) == length && !memcmp(all[i]->kind, kind, length) &&
            (!kind[length] || !strcmp(all[i]->kind_id, kind)) && seen++ == index)
            return all[i]->name;
    return NULL;
}

static struct component *made_append(struct bench_host *b)
{
    static const struct component empty = COMPONENT_INIT;
    if (b->n_made == b->capacity) {
        const size_t capacity = b->capacity ? 2 * b->capacity : 16;
        struct component **more = realloc(b->made, capacity * sizeof *more);
        if (!more)
            return NULL;
        b->made = more;
        b->capacity = capacity;
    }
    struct component *component = malloc(sizeof *component);
    if (!component)
        return NULL;
    *component = empty;
    b->made[b->n_made++] = component;
    return component;
}

static void made_remove(struct bench_host *b, size_t i)
{
    component_destroy(b->made[i]);
    free(b->made[i]);
    b->made[i] = b->made[--b->n_made];
}

/* Adds whose trouble it is to the message. */
static hone_rc of_component(hone_rc rc, const char *kind, const char *name, hone_error *err)
{
    if (rc < 0 && err) {
        char message[sizeof err->msg];
        snprintf(message, sizeof message, "%.40s/%.60s: %.140s", kind, name, err->msg);
        memcpy(err->msg, message, sizeof message);
    }
    return rc;
}

static hone_rc instances_make(const hone_host *host, const char *kind, const char *name,
                              const hone_assignment *assignments, uint32_t n, uint64_t seed, hone_instance *instance,
                              hone_error *err)
{
    struct bench_host *b = of_host(host);
    const uint32_t size = instance->size;
    const struct catalog_component *entry;
    struct setting_text *settings = NULL;
    struct component *component;
    char plain[64], section[160];
    hone_rc rc;
    memset(instance, 0, size);
    instance->size = size;
    snprintf(plain, sizeof plain, "%.*s", (int)strcspn(kind, "/"), kind);
    if (!(entry = catalog_find(b->catalog, plain, name, err)))
        return err && err->code < 0 ? err->code : HONE_EINVAL;
    snprintf(section, sizeof section, "%s.%.80s", plain, name);
    settings = calloc(n + 1, sizeof *settings);
    component = made_append(b);
    if (!settings || !component) {
        if (component)
            made_remove(b, b->n_made - 1);
        free(settings);
        return hone_fail(err, HONE_ENOMEM, NULL, "out of memory for %.60s", section);
    }
    for (uint32_t i = 0; i < n; i++)
        settings[i] = (struct setting_text){ assignments[i].key, assignments[i].value };
    rc = of_component(component_create(component, b->catalog, entry, host, section, settings, n, seed, err), plain,
                      name, err);
    free(settings);
    if (rc != HONE_OK) {
        made_remove(b, b->n_made - 1);
        return rc;
    }
    const hone_instance made = { size, 0, component->loaded, component->self, component->instance, component->config,
                                 NULL };
    memcpy(instance, &made, size < sizeof made ? size : sizeof made);
    return HONE_OK;
}

static void instances_release(const hone_host *host, hone_instance *instance)
{
    struct bench_host *b = of_host(host);
    for (size_t i = b->n_made; instance->self && i > 0; i--)
        if (b->made[i - 1]->self == instance->self) {
            made_remove(b, i - 1);
            break;
        }
    instance->self = NULL;
}

/* ---- the host ---- */

static void host_log(const hone_host *host, uint32_t level, const char *message)
{
    (void)host;
    if (level >= HONE_LOG_INFO)
        fprintf(stderr, "hone: %s\n", message ? message : "");
}

static uint32_t host_cancelled(const hone_host *host)
{
    (void)host;
    return session_signals != 0;
}

static const void *host_get_ext(const hone_host *host, const char *id)
{
    static const hone_instances_v1 instances = { sizeof instances, 0, instances_installed, instances_make,
                                                 instances_release };
    (void)host;
    return !strcmp(id, HONE_EXT_INSTANCES) ? &instances : NULL;
}

void bench_host_init(struct bench_host *bench, struct catalog *catalog, enum output_format format)
{
    *bench = (struct bench_host){ .catalog = catalog, .format = format };
    bench->host = (hone_host){ sizeof bench->host, HONE_ABI_MAJOR, HONE_ABI_MINOR, HONE_VERSION, bench,
                               host_log,           host_cancelled, host_get_ext };
    bench->output = (hone_output){ sizeof bench->output, 0, bench, output_columns, output_put, output_note };
}

int bench_host_release(struct bench_host *bench)
{
    int rc = 0;
    while (bench->n_made)
        made_remove(bench, bench->n_made - 1);
    free(bench->made);
    if (bench->begun)
        rc = output_close(&bench->rows);
    free(bench->columns);
    return rc;
}
