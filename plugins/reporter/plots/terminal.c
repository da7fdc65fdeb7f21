/* SPDX-License-Identifier: MIT */
/* reporter/terminal: one plot in characters, as wide as the terminal. */
#include "canvas.h"
#include "draw.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const hone_param params[] = {
    PLOT_PARAMS("0", "Width; 0: the terminal's.", "0", "characters", "Height of a panel; 0: 16, or what it needs."),
};

enum { LABEL = 12, MOST_LABEL = 28, LONGEST = 48, LEAST = 20, PARALLEL = 30, MATRIX = 24 };

struct screen {
    struct emit *e;
    int unicode, coloured;
    uint32_t width, height;
};

/* The user's locale is UTF-8 (the environment is asked: a plugin sets no locale). */
static int is_unicode(void)
{
    static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    for (size_t i = 0; i < HONE_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return 0;
}

static uint8_t colour_of(uint32_t role, size_t which)
{
    static const uint8_t named[] = { 32, 214, 202, 36, 0, 214, 32, 32, 32 }; /* near Okabe's and Ito's */
    static const uint8_t others[] = { 32, 214, 36, 175, 117, 202 };
    return role < ROLE_OTHER ? named[role] : others[which % HONE_COUNT(others)];
}

static const char *glyph_of(const struct screen *s, uint32_t role)
{
    return role == ROLE_PRUNED    ? (s->unicode ? "\xc3\x97" : "x")
           : role == ROLE_FAILED  ? "!"
           : role == ROLE_RUNNING ? "?"
           : role == ROLE_BEST    ? (s->unicode ? "\xe2\x97\x8f" : "O")
           : role >= ROLE_OTHER   ? (s->unicode ? "\xe2\x97\x8b" : "o")
                                  : NULL;
}

/* Five steps from nothing to full. */
static const char *shade_of(const struct screen *s, double t)
{
    static const char *const blocks[] = { "\xc2\xb7", "\xe2\x96\x91", "\xe2\x96\x92", "\xe2\x96\x93", "\xe2\x96\x88" };
    static const char *const ascii[] = { ".", ":", "+", "#", "@" };
    const int i = (int)(t * 4.999);
    return (s->unicode ? blocks : ascii)[i < 0 ? 0 : i > 4 ? 4 : i];
}

/* Characters, not bytes. */
static uint32_t width_of(const char *text)
{
    uint32_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0u) != 0x80;
    return n;
}

/* The text, control characters aside, cut to `most` characters, filled up at its left or right to `fill`. */
static void put(struct emit *e, const char *text, uint32_t most, uint32_t fill, int right)
{
    const uint32_t n = width_of(text) < most ? width_of(text) : most;
    uint32_t k = 0;
    for (uint32_t i = n; right && i < fill; i++)
        emit_text(e, " ");
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        k += (c & 0xc0u) != 0x80;
        if (k > most)
            break;
        emit_bytes(e, c < ' ' || c == 0x7f ? "?" : text, 1);
    }
    for (uint32_t i = n; !right && i < fill; i++)
        emit_text(e, " ");
}

static void repeat(struct emit *e, const char *text, uint32_t n)
{
    while (n-- > 0)
        emit_text(e, text);
}

/* ---- panels with axes ---- */

static void draw_line(struct canvas *c, const struct panel *p, const struct series *s, uint8_t colour)
{
    const uint8_t rank = s->role == ROLE_BEST ? 9 : 3;
    const unsigned dash = s->role == ROLE_TRAINING ? 3 : 0;
    double u0 = (double)NAN, v0 = (double)NAN;
    for (size_t i = 0; i < s->n; i++) {
        const double u = axis_unit(&p->x, s->x[i]), v = axis_unit(&p->y, s->y[i]);
        if (isfinite(u) && isfinite(v) && s->n == 1)
            canvas_dot(c, u, v, colour, rank);
        if (isfinite(u0) && isfinite(v0) && s->mark == MARK_STEPS)
            canvas_line(c, u0, v0, u, v0, colour, rank, dash);
        canvas_line(c, s->mark == MARK_STEPS ? u : u0, v0, u, v, colour, rank, dash);
        u0 = u;
        v0 = v;
    }
}

static void draw_points(const struct screen *screen, struct canvas *c, const struct panel *p, const struct series *s,
                        uint8_t colour)
{
    const char *glyph = glyph_of(screen, s->role);
    for (size_t i = 0; i < s->n; i++) {
        const double u = axis_unit(&p->x, s->x[i]), v = axis_unit(&p->y, s->y[i]);
        if (glyph && isfinite(u) && isfinite(v))
            canvas_glyph(c, u, v, glyph, colour, s->role == ROLE_BEST ? 8 : 2);
        else
            canvas_dot(c, u, v, colour, 2);
    }
}

static void draw_cells(const struct screen *screen, struct canvas *c, const struct series *s)
{
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    for (size_t i = 0; i < s->n; i++) {
        lo = fmin(lo, s->value[i]);
        hi = fmax(hi, s->value[i]);
    }
    for (uint32_t row = 0; row < c->rows; row++)
        for (uint32_t column = 0; column < c->columns; column++) {
            const double u = (column + 0.5) / c->columns, v = 1 - (row + 0.5) / c->rows;
            const double value = s->value[(size_t)(v * s->ny) * s->nx + (size_t)(u * s->nx)];
            const double t = s->role == ROLE_DENSITY ? log1p(value) / log1p(hi)
                             : hi > lo               ? (value - lo) / (hi - lo)
                                                     : 0;
            if (isfinite(value))
                canvas_glyph(c, u, v, shade_of(screen, t), colour_of(s->role, 0), 1);
        }
}

static void draw_rows(struct canvas *c, const struct panel *p, const struct series *s)
{
    const uint32_t k = p->n_axes;
    for (size_t r = s->n < PARALLEL ? s->n : PARALLEL; r > 0; r--)
        for (uint32_t i = 0; i + 1 < k; i++) {
            const double *v = s->value + (r - 1) * k;
            canvas_line(c, (double)i / (k - 1), axis_unit(&p->axes[i], v[i]), (double)(i + 1) / (k - 1),
                        axis_unit(&p->axes[i + 1], v[i + 1]), r == 1 ? 0 : 32, r == 1 ? 9 : 2, r == 1 ? 0 : 1);
        }
}

/* Lines of the axis below: ticks, then the label. */
static void x_axis(const struct screen *s, const struct panel *p, uint32_t left, uint32_t columns)
{
    double ticks[AXIS_TICKS];
    char label[40];
    uint32_t at = 0;
    const size_t n = axis_ticks(&p->x, columns / 12, ticks);
    repeat(s->e, " ", left);
    emit_text(s->e, s->unicode ? "\xe2\x94\x94" : "+");
    repeat(s->e, s->unicode ? "\xe2\x94\x80" : "-", columns);
    emit_text(s->e, "\n");
    repeat(s->e, " ", left + 1);
    for (size_t i = 0; i < n; i++) {
        axis_text(&p->x, ticks[i], label, sizeof label);
        const double middle = axis_unit(&p->x, ticks[i]) * columns, half = width_of(label) / 2.0;
        const uint32_t from = middle > half ? (uint32_t)(middle - half) : 0;
        if (from < at || from + width_of(label) > columns + 4)
            continue;
        repeat(s->e, " ", from - at);
        put(s->e, label, MOST_LABEL, 0, 0);
        at = from + width_of(label) + 1;
        emit_text(s->e, " ");
    }
    emit_text(s->e, "\n");
    if (!*p->x.label)
        return;
    repeat(s->e, " ", left + 1 + (columns > width_of(p->x.label) ? (columns - width_of(p->x.label)) / 2 : 0));
    put(s->e, p->x.label, columns, 0, 0);
    emit_text(s->e, "\n");
}

static void parallel_names(const struct screen *s, const struct panel *p, uint32_t left)
{
    char ends[96], from[40], to[40];
    uint32_t longest = 0;
    for (uint32_t i = 0; i < p->n_axes; i++)
        longest = width_of(p->axes[i].label) > longest ? width_of(p->axes[i].label) : longest;
    longest = longest + 32 > s->width ? s->width > 40 ? s->width - 32 : 8 : longest;
    for (uint32_t i = 0; i < p->n_axes; i++) {
        const struct axis *a = &p->axes[i];
        snprintf(ends, sizeof ends, "%s .. %s", axis_text(a, a->names ? 0 : a->min, from, sizeof from),
                 axis_text(a, a->names ? a->n_names - 1 : a->max, to, sizeof to));
        repeat(s->e, " ", left + 1);
        emit_format(s->e, "%u  ", i + 1);
        put(s->e, a->label, longest, longest, 0);
        emit_text(s->e, "  ");
        put(s->e, ends, 24, 0, 0);
        emit_text(s->e, "\n");
    }
}

static void draw_axes(const struct screen *s, const struct panel *p, struct canvas *c, uint32_t left)
{
    double ticks[AXIS_TICKS];
    char label[40];
    const size_t n = p->n_axes ? 0 : axis_ticks(&p->y, p->y.names ? AXIS_TICKS : c->rows / 2, ticks);
    if (*p->y.label && !p->n_axes) {
        put(s->e, p->y.label, s->width, 0, 0);
        emit_text(s->e, "\n");
    }
    for (uint32_t row = 0; row < c->rows; row++) {
        label[0] = '\0';
        for (size_t i = 0; i < n; i++)
            if ((uint32_t)fmin(floor((1 - axis_unit(&p->y, ticks[i])) * c->rows), c->rows - 1.0) == row)
                axis_text(&p->y, ticks[i], label, sizeof label);
        put(s->e, label, left - 1, left - 1, 1);
        emit_text(s->e, s->unicode ? (*label ? " \xe2\x94\xa4" : " \xe2\x94\x82") : " |");
        canvas_row(c, row, s->coloured, s->e);
    }
    if (p->n_axes)
        parallel_names(s, p, left);
    else
        x_axis(s, p, left, c->columns);
}

/* What a colour or a shape means, each once. */
static void legend(const struct screen *s, const struct figure *figure, const struct panel *p)
{
    static const char *const of_lines[] = { "complete", "pruned", "failed", "not ended", "best" };
    uint32_t seen = 0, shown = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const struct series *series = &p->series[i];
        const uint32_t bit = 1u << (series->role < ROLE_OTHER ? series->role : ROLE_OTHER);
        const char *glyph = series->mark == MARK_POINTS ? glyph_of(s, series->role) : NULL;
        const int line = series->mark == MARK_LINE || series->mark == MARK_STEPS;
        const char *name = line && !strcmp(figure->kind, "intermediate") && series->role <= ROLE_BEST
                               ? of_lines[series->role]
                           : series->role == ROLE_TRAINING   ? "training"
                           : series->role == ROLE_VALIDATION ? "validation"
                                                             : series->name;
        if (seen & bit || series->mark == MARK_ROWS || series->mark == MARK_BARS || series->mark == MARK_INTERVAL)
            continue;
        seen |= bit;
        const uint8_t colour = colour_of(series->role, 0);
        emit_text(s->e, shown++ ? "   " : "  ");
        if (s->coloured && colour)
            emit_format(s->e, "\033[38;5;%um", colour);
        if (series->mark == MARK_CELLS)
            emit_format(s->e, "%s%s%s", shade_of(s, 0), shade_of(s, 0.5), shade_of(s, 1));
        else if (series->mark == MARK_SPANS)
            emit_text(s->e, series->role == ROLE_COMPLETE ? shade_of(s, 1)
                            : series->role == ROLE_FAILED ? "!"
                            : series->role == ROLE_PRUNED ? shade_of(s, 0.6)
                                                          : shade_of(s, 0.3));
        else if (line)
            emit_text(s->e, !s->unicode                     ? "..."
                            : series->role == ROLE_TRAINING ? "\xe2\xa0\x92 \xe2\xa0\x92"
                                                            : "\xe2\xa0\x92\xe2\xa0\x92\xe2\xa0\x92");
        else
            emit_text(s->e, glyph ? glyph : s->unicode ? "\xe2\xa0\x82" : ".");
        if (s->coloured && colour)
            emit_text(s->e, "\033[39m");
        emit_text(s->e, " ");
        put(s->e, name, 40, 0, 0);
    }
    if (shown)
        emit_text(s->e, "\n");
}

static void draw_spans(const struct screen *screen, struct canvas *c, const struct panel *p, const struct series *s)
{
    const char *glyph = s->role == ROLE_COMPLETE ? shade_of(screen, 1)
                        : s->role == ROLE_FAILED ? "!"
                        : s->role == ROLE_PRUNED ? shade_of(screen, 0.6)
                                                 : shade_of(screen, 0.3);
    for (size_t i = 0; i < s->n; i++) {
        const double from = axis_unit(&p->x, s->x[i]), to = axis_unit(&p->x, s->x2[i]);
        const double v = axis_unit(&p->y, s->y[i]);
        for (double u = from; u <= to + 1e-12; u += 1.0 / c->columns)
            canvas_glyph(c, fmin(u, 1), v, glyph, colour_of(s->role, 0), s->role == ROLE_FAILED ? 5 : 2);
    }
}

/* A square between two ends, and what it is held against. */
static void draw_intervals(const struct screen *screen, struct canvas *c, const struct panel *p, const struct series *s)
{
    for (uint32_t i = 0; i < p->n_rungs; i++)
        canvas_line(c, axis_unit(&p->x, p->rungs[i]), 0, axis_unit(&p->x, p->rungs[i]), 1, 0, 1, 0);
    for (size_t i = 0; i < s->n; i++) {
        const double v = axis_unit(&p->y, s->y[i]), from = axis_unit(&p->x, s->x1[i]), to = axis_unit(&p->x, s->x2[i]);
        const uint8_t colour = colour_of(s->role, 0);
        for (double u = from; u <= to + 1e-12; u += 1.0 / c->columns)
            canvas_glyph(c, fmin(u, 1), v, screen->unicode ? "\xe2\x94\x80" : "-", colour, 2);
        canvas_glyph(c, from, v, screen->unicode ? "\xe2\x94\x9c" : "[", colour, 3);
        canvas_glyph(c, to, v, screen->unicode ? "\xe2\x94\xa4" : "]", colour, 3);
        canvas_glyph(c, axis_unit(&p->x, s->x[i]), v, screen->unicode ? "\xe2\x96\xa0" : "#", colour, 4);
    }
}

static uint32_t label_columns(const struct screen *s, const struct panel *p)
{
    const uint32_t room = s->width / 3 > LONGEST ? LONGEST : s->width / 3 > MOST_LABEL ? s->width / 3 : MOST_LABEL;
    uint32_t most = LABEL - 2;
    for (uint32_t i = 0; i < p->y.n_names; i++)
        most = width_of(p->y.names[i]) > most ? width_of(p->y.names[i]) : most;
    return most > room ? room + 2 : most + 2;
}

static void draw_panel(const struct screen *s, const struct figure *figure, struct panel *p)
{
    const uint32_t left = p->n_axes ? 2 : label_columns(s, p);
    struct canvas c = { .columns = s->width > left + 1 + LEAST ? s->width - left - 1 : LEAST,
                        .rows = p->y.names && p->y.n_names < 64 && !s->height ? p->y.n_names
                                : s->height                                   ? s->height
                                                                              : 16,
                        .unicode = s->unicode };
    c.cells = calloc((size_t)c.columns * c.rows, sizeof *c.cells);
    if (!c.cells) {
        s->e->failed = 1;
        return;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        const struct series *series = &p->series[i];
        const uint8_t colour = colour_of(series->role, i);
        switch (series->mark) {
        case MARK_POINTS: draw_points(s, &c, p, series, colour); break;
        case MARK_LINE:
        case MARK_STEPS: draw_line(&c, p, series, colour); break;
        case MARK_SPANS: draw_spans(s, &c, p, series); break;
        case MARK_CELLS: draw_cells(s, &c, series); break;
        case MARK_INTERVAL: draw_intervals(s, &c, p, series); break;
        case MARK_ROWS: draw_rows(&c, p, series); break;
        case MARK_BARS: break; /* draw_bars */
        }
    }
    draw_axes(s, p, &c, left);
    legend(s, figure, p);
    free(c.cells);
}

/* ---- panels of text ---- */

static void draw_bars(const struct screen *s, const struct panel *p)
{
    const struct series *bars = &p->series[0];
    const uint32_t left = label_columns(s, p), room = s->width > left + 24 + LEAST ? s->width - left - 24 : LEAST;
    char number[64];
    double most = 0;
    for (size_t i = 0; i < bars->n; i++)
        most = fmax(most, bars->x[i]);
    for (size_t i = bars->n; i > 0; i--) {
        const double x = bars->x[i - 1];
        const uint32_t n = most > 0 && x > 0 ? (uint32_t)(x / most * room + 0.5) : 0;
        put(s->e, p->y.names[i - 1], left - 1, left - 1, 1);
        emit_text(s->e, s->unicode ? " \xe2\x94\x82" : " |");
        if (s->coloured)
            emit_format(s->e, "\033[38;5;%um", colour_of(bars->role, 0));
        repeat(s->e, s->unicode ? "\xe2\x96\x88" : "#", n);
        if (s->coloured)
            emit_text(s->e, "\033[39m");
        snprintf(number, sizeof number, bars->x2 && bars->x2[i - 1] > 0 ? " %.4f +- %.4f" : " %.4f", x,
                 bars->x2 ? bars->x2[i - 1] : 0);
        emit_text(s->e, number);
        emit_text(s->e, "\n");
    }
}

static void draw_matrix(const struct screen *s, const struct panel *p)
{
    const struct series *m = &p->series[0];
    const uint32_t left = label_columns(s, p);
    char number[32];
    put(s->e, "true \\ predicted", left, left, 1);
    for (uint32_t c = 0; c < m->nx; c++) {
        emit_text(s->e, " ");
        put(s->e, p->x.names[c], 9, 9, 1);
    }
    emit_text(s->e, "\n");
    for (uint32_t r = m->ny; r > 0; r--) {
        put(s->e, p->y.names[r - 1], left, left, 1);
        for (uint32_t c = 0; c < m->nx; c++) {
            snprintf(number, sizeof number, "%.5g", m->value[(size_t)(r - 1) * m->nx + c]);
            emit_text(s->e, " ");
            if (s->coloured && c == m->ny - r)
                emit_text(s->e, "\033[1m");
            put(s->e, number, 9, 9, 1);
            if (s->coloured && c == m->ny - r)
                emit_text(s->e, "\033[22m");
        }
        emit_text(s->e, "\n");
    }
}

static void draw(struct emit *e, const struct plot_settings *settings, const hone_view *view, struct figure *figure)
{
    const uint32_t columns = settings->width ? (uint32_t)settings->width : view->terminal->columns(view->terminal->ctx);
    const struct screen s = { e, is_unicode(), view->terminal->colour != 0,
                              columns > 400     ? 400
                              : columns < LEAST ? LEAST
                                                : columns,
                              settings->height > 200 ? 200 : (uint32_t)settings->height };
    put(e, figure->title, s.width, 0, 0);
    emit_text(e, ", ");
    put(e, view->studies[0]->record->name, s.width, 0, 0);
    if (figure->note)
        emit_format(e, " (%s)", figure->note);
    if (!strcmp(figure->kind, "parallel"))
        emit_format(e, " (the best %d drawn; the winner whole)", PARALLEL);
    emit_text(e, "\n");
    for (uint32_t i = 0; i < figure->n; i++) {
        struct panel *p = &figure->panels[i];
        emit_text(e, i ? "\n" : "");
        if (*p->title) {
            put(e, p->title, s.width, 0, 0);
            emit_text(e, "\n");
        }
        if (p->n && p->series[0].mark == MARK_BARS)
            draw_bars(&s, p);
        else if (p->n && p->x.names && p->y.names && p->series[0].mark == MARK_CELLS && p->series[0].nx <= MATRIX &&
                 !strcmp(figure->kind, "confusion"))
            draw_matrix(&s, p);
        else
            draw_panel(&s, figure, p);
    }
}

static hone_rc write_text(void *self, const hone_view *view, hone_error *err)
{
    return plot_write(self, view, draw, err);
}

static const hone_reporter_v1 iface = { .size = sizeof iface,
                                        .flags = HONE_REPORTER_PLOTS | HONE_REPORTER_ONE,
                                        .write = write_text };

const hone_component component_terminal = {
    .size = sizeof(hone_component),
    .flags = HONE_C_DETERMINISTIC,
    .kind = HONE_KIND_REPORTER,
    .name = "terminal",
    .summary = "One plot of one study in characters, as wide as the terminal.",
    .doc = "Points and curves are dots of braille where the locale is UTF-8, else ASCII; colours are left out where "
           "NO_COLOR is set "
           "or\nthe output is no terminal: shapes differ as well.\n\n    hone plot history fashion.db\n",
    .params = params,
    .n_params = HONE_COUNT(params),
    .param_size = sizeof(hone_param),
    .config_size = sizeof(struct plot_settings),
    .iface = &iface,
    .create = plot_create,
    .destroy = free,
};
