/* SPDX-License-Identifier: MIT */
/* Cases for benchmark/1: it ends where the host has cancelled, and prints rows that fit its columns. */
#include "check.h"

struct printed {
    char wrong[256];
    char *names[256];
    uint32_t types[256], n_columns;
    unsigned calls, rows;
};

static void printed_wrong(struct printed *p, const char *format, ...) CHECK_PRINTF(2, 3);
static void printed_wrong(struct printed *p, const char *format, ...)
{
    va_list args;
    if (p->wrong[0])
        return;
    va_start(args, format);
    vsnprintf(p->wrong, sizeof p->wrong, format, args);
    va_end(args);
}

static hone_rc on_columns(const hone_output *output, const hone_output_column *columns, uint32_t n, hone_error *err)
{
    struct printed *p = (struct printed *)output->impl;
    (void)err;
    if (p->calls++)
        printed_wrong(p, "gives its columns a second time");
    if (!n || n > sizeof p->names / sizeof *p->names)
        printed_wrong(p, "has %u columns", n);
    for (uint32_t i = 0; i < n && !p->wrong[0]; i++) {
        const char *name = columns[i].name;
        if (!name || *name < 'a' || *name > 'z' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
            printed_wrong(p, "column %u has the name \"%.60s\", which is not [a-z][a-z0-9_]*", i, name ? name : "");
        if (columns[i].type > HONE_CELL_NUMBER || columns[i].digits > 17)
            printed_wrong(p, "column %u has an unknown type, or more than 17 digits", i);
        for (uint32_t k = 0; k < i && !p->wrong[0]; k++)
            if (!strcmp(name, p->names[k]))
                printed_wrong(p, "the column %.60s is there twice", name);
        if (!p->wrong[0] && !(p->names[i] = strdup(name)))
            printed_wrong(p, "out of memory");
        p->types[i] = columns[i].type;
        p->n_columns = i + 1;
    }
    return HONE_OK;
}

static hone_rc on_row(const hone_output *output, const hone_cell *cells, uint32_t n, hone_error *err)
{
    struct printed *p = (struct printed *)output->impl;
    (void)err;
    p->rows++;
    if (!p->calls)
        printed_wrong(p, "prints a row before its columns");
    else if (n != p->n_columns)
        printed_wrong(p, "prints a row of %u cells for %u columns", n, p->n_columns);
    for (uint32_t i = 0; i < n && i < p->n_columns; i++)
        if (p->types[i] == HONE_CELL_TEXT && cells[i].text && strchr(cells[i].text, '\n'))
            printed_wrong(p, "a cell of %.60s has more than one line", p->names[i]);
    return HONE_OK;
}

static void on_note(const hone_output *output, const char *text)
{
    if (!text || !*text || strchr(text, '\n'))
        printed_wrong((struct printed *)output->impl, "a note is empty or has more than one line");
}

static int run_it(struct check *c, struct printed *p, hone_rc *rc)
{
    static struct instance in;
    hone_benchmark_v1 benchmark;
    const hone_output output = { sizeof output, 0, p, on_columns, on_row, on_note };
    memset(p, 0, sizeof *p);
    memset(&in, 0, sizeof in);
    TRY(check_iface(c, &benchmark, sizeof benchmark));
    TRY(instance_create(c, &in, 1));
    CALL(c, "run", *rc = benchmark.run(in.self, &output, &in.err));
    TRY(check_error(c, "run", *rc, &in.err));
    for (uint32_t i = 0; i < p->n_columns; i++)
        free(p->names[i]);
    if (p->wrong[0])
        return check_fail(c, "%s", p->wrong);
    if (*rc > 0)
        return check_fail(c, "run answers %d, which has no meaning", *rc);
    if (*rc < 0)
        check_note(c, "%s", in.err.msg);
    return instance_destroy(&in);
}

/* Whoever stops a benchmark does not want to wait for its end. */
static int case_cancelled(struct check *c)
{
    static struct printed printed;
    hone_rc rc;
    c->cancelled = 1;
    return run_it(c, &printed, &rc);
}

static int case_rows(struct check *c)
{
    static struct printed printed;
    hone_rc rc;
    if (!c->options->n_sets)
        return check_skip(c, "a run may take long: --set key=value chooses a short one");
    TRY(run_it(c, &printed, &rc));
    check_note(c, "%u rows", printed.rows);
    return rc < 0 || printed.rows ? 0 : check_fail(c, "run answers HONE_OK and has printed no row");
}

const struct check_case benchmark_cases[] = {
    { "cancelled", HONE_KIND_BENCHMARK, "comes back where the host has cancelled", case_cancelled },
    { "rows", HONE_KIND_BENCHMARK, "prints rows that fit its columns", case_rows },
    { NULL, NULL, NULL, NULL },
};
