/* SPDX-License-Identifier: MIT */
/* Tables laid out for a terminal, for Markdown, for LaTeX (booktabs). */
#include "ablation/tables.h"

#include <string.h>

static const char *cell_at(const struct table *table, size_t row, size_t column)
{
    const char *cell = table->cells[row * table->n_columns + column];
    return cell && *cell ? cell : "-";
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = strlen(table->columns[column].title);
    for (size_t r = 0; r < table->n_rows; r++) {
        const size_t n = strlen(cell_at(table, r, column));
        width = n > width ? n : width;
    }
    return width;
}

static void text_line(const struct table *table, const size_t *widths, size_t row, struct text *out)
{
    for (size_t k = 0; k < table->n_columns; k++) {
        const char *cell = row == SIZE_MAX ? table->columns[k].title : cell_at(table, row, k);
        const int last = k + 1 == table->n_columns, width = (int)widths[k];
        text_add(out, k ? "  " : "");
        if (table->columns[k].number)
            text_addf(out, "%*s", width, cell);
        else
            text_addf(out, "%-*s", last ? 0 : width, cell);
    }
    text_add(out, "\n");
}

void tables_text(const struct tables *t, struct text *out)
{
    text_addf(out, "%s\n", text_string(&t->heading));
    for (size_t i = 0; i < t->n; i++) {
        const struct table *table = &t->items[i];
        size_t widths[16];
        for (size_t k = 0; k < table->n_columns; k++)
            widths[k] = column_width(table, k);
        text_addf(out, "\n%s\n", table->title);
        text_line(table, widths, SIZE_MAX, out);
        for (size_t r = 0; r < table->n_rows; r++)
            text_line(table, widths, r, out);
    }
    text_addf(out, "\n%s", text_string(&t->notes));
}

/* ---- Markdown ---- */

static void add_markdown(struct text *out, const char *cell)
{
    for (; *cell; cell++) {
        if (strchr("|\\`*_<", *cell))
            text_add(out, "\\");
        text_add_bytes(out, cell, 1);
    }
}

void tables_markdown(const struct tables *t, struct text *out)
{
    add_markdown(out, text_string(&t->heading));
    text_add(out, "\n");
    for (size_t i = 0; i < t->n; i++) {
        const struct table *table = &t->items[i];
        text_add(out, "\n**");
        add_markdown(out, table->title);
        text_add(out, "**\n\n|");
        for (size_t k = 0; k < table->n_columns; k++)
            text_addf(out, " %s |", table->columns[k].title);
        text_add(out, "\n|");
        for (size_t k = 0; k < table->n_columns; k++)
            text_add(out, table->columns[k].number ? "---:|" : "---|");
        for (size_t r = 0; r < table->n_rows; r++) {
            text_add(out, "\n|");
            for (size_t k = 0; k < table->n_columns; k++) {
                text_add(out, " ");
                add_markdown(out, cell_at(table, r, k));
                text_add(out, " |");
            }
        }
        text_add(out, "\n");
    }
    for (const char *line = text_string(&t->notes); *line;) {
        const size_t n = strcspn(line, "\n");
        char buffer[1024];
        snprintf(buffer, sizeof buffer, "%.*s", (int)n, line);
        text_add(out, *line == ' ' ? "" : "\n");
        add_markdown(out, buffer);
        text_add(out, "\n");
        line += n + (line[n] == '\n');
    }
}

/* ---- LaTeX ---- */

static void add_latex(struct text *out, const char *cell)
{
    if (!strcmp(cell, "-")) {
        text_add(out, "--");
        return;
    }
    for (; *cell; cell++) {
        if (!strncmp(cell, " .. ", 4)) { /* an interval */
            text_add(out, " to ");
            cell += 3;
        } else if (*cell == '-' && cell[1] >= '0' && cell[1] <= '9') {
            text_add(out, "$-$");
        } else if (*cell == '\\') {
            text_add(out, "\\textbackslash{}");
        } else if (*cell == '~' || *cell == '^') {
            text_addf(out, "\\%c{}", *cell);
        } else {
            text_add(out, strchr("&%$#_{}", *cell) ? "\\" : "");
            text_add_bytes(out, cell, 1);
        }
    }
}

void tables_latex(const struct tables *t, struct text *out)
{
    text_add(out, "% needs \\usepackage{booktabs}\n");
    for (size_t i = 0; i < t->n; i++) {
        const struct table *table = &t->items[i];
        text_add(out, "\\begin{table}\n\\centering\n\\caption{");
        add_latex(out, text_string(&t->heading));
        text_add(out, "; ");
        add_latex(out, table->title);
        text_addf(out, ".}\n\\label{tab:%s}\n\\begin{tabular}{", table->id);
        for (size_t k = 0; k < table->n_columns; k++)
            text_add(out, table->columns[k].number ? "r" : "l");
        text_add(out, "}\n\\toprule\n");
        for (size_t r = 0; r <= table->n_rows; r++) {
            for (size_t k = 0; k < table->n_columns; k++) {
                text_add(out, k ? " & " : "");
                add_latex(out, r ? cell_at(table, r - 1, k) : table->columns[k].title);
            }
            text_add(out, r ? " \\\\\n" : " \\\\\n\\midrule\n");
        }
        text_add(out, "\\bottomrule\n\\end{tabular}\n\\end{table}\n");
    }
    for (const char *line = text_string(&t->notes); *line;) {
        const size_t n = strcspn(line, "\n");
        text_addf(out, "%% %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}
