/* SPDX-License-Identifier: MIT */
/* The end of a run: read from the storage, so that it also shows what an earlier run of the study did. */
#include "cli/summary.h"

#include "cli/stored.h"

#include <stdlib.h>
#include <string.h>

static int has_parameter(const hone_trial_record *r, const char *key, size_t n)
{
    for (uint32_t i = 0; i < r->n_parameters; i++)
        if (!strncmp(r->parameters[i].key, key, n) && !r->parameters[i].key[n])
            return 1;
    return 0;
}

/* The point, and what the trial moved of it, and beside it, while it ran. */
static void print_point(const hone_trial_record *r)
{
    char number[32];
    for (uint32_t i = 0; i < r->n_parameters; i++) {
        const hone_parameter_record *p = &r->parameters[i];
        const hone_value *tuned = stored_tuned(r, p->key);
        printf("  %-36s %s", p->key, number_shorten(p->text, number, sizeof number));
        if (tuned && tuned->value != p->number)
            printf(", tuned to %.6g", tuned->value);
        printf("\n");
    }
    for (uint32_t i = 0; i < r->n_metrics; i++) {
        size_t n = 0;
        const char *key = hone_tuned_key(r->metrics[i].name, &n);
        if (key && !has_parameter(r, key, n))
            printf("  %-36.*s tuned to %.6g\n", (int)n, key, r->metrics[i].value);
    }
}

unsigned summary_metrics(const hone_value *metrics, uint32_t n, const char *prefix)
{
    unsigned printed = 0;
    const size_t length = strlen(prefix);
    for (uint32_t i = 0; i < n; i++) {
        if (strncmp(metrics[i].name, prefix, length))
            continue;
        printf("  %-36s %.6g\n", metrics[i].name + length, metrics[i].value);
        printed++;
    }
    return printed;
}

static hone_rc on_trial(void *ctx, const hone_trial_record *r)
{
    struct text test = TEXT_INIT;
    (void)ctx;
    print_point(r);
    for (uint32_t i = 0; i < r->n_metrics; i++)
        if (!strncmp(r->metrics[i].name, "test.", 5))
            text_addf(&test, "  %-36s %.6g\n", r->metrics[i].name + 5, r->metrics[i].value);
    if (test.length)
        printf("test\n%s", text_string(&test));
    text_release(&test);
    return HONE_OK;
}

enum { TABLE_LINES = 32, TABLE_COLUMNS = 128 }; /* a larger table is left to `hone trials --trial N` */

/* A csv table (no quotes in it) with its columns aligned; tables too large for a terminal are only named. */
static void print_table(const char *name, const char *csv)
{
    struct text text = TEXT_INIT;
    size_t widest = 1, lines = 0, longest = 0;
    for (const char *at = csv; *at; lines++, at += *at == '\n') {
        const char *end = at + strcspn(at, "\n");
        size_t columns = 0;
        for (; at < end; at += *at == ',', columns++) {
            const size_t n = strcspn(at, ",\n");
            widest = n > widest ? n : widest;
            at += n;
        }
        longest = columns > longest ? columns : longest;
    }
    if (lines > TABLE_LINES || longest * (widest + 1) > TABLE_COLUMNS || strchr(csv, '"')) {
        printf("%s: %zu lines (hone trials --trial N shows it)\n", name, lines);
        return;
    }
    for (const char *at = csv; *at; at++) {
        const size_t n = strcspn(at, ",\n");
        text_addf(&text, " %*.*s", (int)widest, (int)n, at);
        at += n;
        if (*at != ',')
            text_add(&text, "\n");
        if (!*at)
            break;
    }
    printf("%s\n%s", name, text_string(&text));
    text_release(&text);
}

void summary_attachment(const char *name, const char *media_type, const char *content, const char *path)
{
    const size_t n = strlen(name);
    if (path)
        printf("%-6s %s\n", n > 12 && !strcmp(name + n - 12, ".safetensors") ? "model" : "file", path);
    else if (content && !strcmp(media_type, "text/csv"))
        print_table(name, content);
}

static hone_rc on_attachment(void *ctx, const hone_attachment_record *a)
{
    (void)ctx;
    if (a->final)
        summary_attachment(a->name, a->media_type, a->text, a->path);
    return HONE_OK;
}

static void print_front(struct study *study)
{
    struct trial *const *front = study->table.front;
    const uint64_t n = study->table.n_front;
    printf("front  %llu of %llu trials are not dominated\n", (unsigned long long)n, (unsigned long long)study->table.n);
    for (uint64_t i = 0; i < n && i < 10; i++) {
        printf("  trial %-6llu", (unsigned long long)front[i]->number);
        for (uint32_t k = 0; k < study->table.n_values; k++)
            printf(" %s = %.6g", study->objectives[k].name, front[i]->values[k]);
        printf("\n");
    }
    if (n > 10)
        printf("  and %llu more\n", (unsigned long long)(n - 10));
}

void summary_print(struct study *study, const char *storage_url)
{
    struct text arguments = TEXT_INIT;
    const struct trial_table *t = &study->table;
    struct trial *best = trial_table_best(t);
    hone_error err = HONE_ERROR_INIT;
    const hone_storage_visitor visitor = { NULL, NULL, on_trial, NULL, NULL, on_attachment };
    if (t->n_values > 1 && t->complete) {
        print_front(study);
    } else if (best) {
        printf("winner trial %llu of %llu (%llu complete, ", (unsigned long long)best->number, (unsigned long long)t->n,
               (unsigned long long)t->complete);
        if (t->paused) /* at a rung, and left there */
            printf("%llu paused, ", (unsigned long long)t->paused);
        printf("%llu pruned, %llu failed)\n", (unsigned long long)t->pruned, (unsigned long long)t->failed);
        if (trial_violation(t, best) > 0)
            printf("  no trial meets the constraints; this one comes closest\n");
        printf("  %-36s %.6g\n", study->objectives[0].name, best->values[0]);
        study->storage_iface->trials(study->storage.self, study->id, (int64_t)best->number, &visitor, &err);
        study->storage_iface->attachments(study->storage.self, study->id, (int64_t)best->number, &visitor, &err);
    }
    printf("ended  %s%s\n", study->ended,
           study->composition->study.order == ORDER_STRICT ? "" : "; order = asynchronous: another run may differ");
    stored_arguments(&arguments, storage_url, study->composition->study.name);
    printf("next   hone trials %s\n", text_string(&arguments));
    if (study->has_final)
        printf("       hone best %s --format ini > best.ini && hone train best.ini\n", text_string(&arguments));
    else
        printf("       hone best %s --format json\n", text_string(&arguments));
    text_release(&arguments);
}
